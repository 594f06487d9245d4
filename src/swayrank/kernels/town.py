"""The mechanism of the generated town: who follows whom, who posts when, and who reacts to a post.

The town is the known truth that measures are tried on, so it is on purpose none of the models that they assume:
chances are products of four traits, fall with each further sight of the same post, and depend on the post's quality.
One kernel, :func:`react`, makes the events and, replayed with other streams, the true influence.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import bits_float, float_bits, kernel
from swayrank.kernels.random import advance, bits, log_unit, stream, unit

LIKE, REPOST, QUOTE, REPLY, MENTION = (np.uint64(k) for k in (1, 2, 3, 4, 5))
"""Codes of reactions; 0 is the post itself."""

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_SHIFT3, _SHIFT32 = np.uint64(3), np.uint64(32)
_MICROSECONDS_PER_DAY = np.float64(86_400e6)
_MARK = np.uint32(1)
_NOBODY = np.uint32(0xFFFFFFFF)
_ACTED = np.uint8(255)
_STEP = np.float64(2.0**-52)
_INDEX_SHIFT = np.uint64(52)
_REST = np.uint64(0x000FFFFFFFFFFFFF)
_HIGHEST_CHANCE = np.float64(0.95)
_TIRING = np.float64(0.6)
_NIGHT_ENDS = np.float64(7.0 / 24.0)
_WAITS_FOR_MORNING = np.float64(0.8)
_MORNING = np.float64(2.0 / 24.0)
_ALSO_LIKES = np.float64(0.3)
_BOT_REPOSTS = np.float64(0.7)
_UPTO_REPOST, _UPTO_QUOTE, _UPTO_REPLY, _UPTO_MENTION = 0.28, 0.33, 0.45, 0.48


@kernel
def from_table(r, table):
    """A number whose quantiles are the 4097 entries of `table`, linear in between."""
    i = r >> _INDEX_SHIFT
    return table[i] + (table[i + _ONE] - table[i]) * (np.float64(r & _REST) * _STEP)


@kernel
def _search(cumulative, low, high, x):
    """The first position in low ... high - 1 whose cumulative weight exceeds x."""
    high -= _ONE
    while low < high:
        middle = (low + high) >> _ONE
        if cumulative[middle] > x:
            high = middle
        else:
            low = middle + _ONE
    return low


@kernel
def follow_arcs(
    key_high, key_low, purpose, first, last, wanted, community, starts, cumulative, order, at_home, back, source, target
):
    """Arcs of the accounts first ... last - 1, and of those that follow back; returns how many.

    Account u draws wanted[u] accounts by their attraction, in its own community with probability `at_home`, else
    anywhere. `order` lists the accounts by community, cumulative[i] sums the attraction of order[0 ... i - 1]. The
    followed account v follows back with probability back[v]. Accounts drawn twice are left to the graph to merge.
    """
    found = _ZERO
    n = np.uint64(order.size)
    u = first
    while u < last:
        state = stream(key_high, key_low, purpose, u)
        k = _ZERO
        while k < np.uint64(wanted[u]):
            k += _ONE
            state = advance(state)
            low, high = _ZERO, n
            if unit(bits(state)) < at_home:
                low, high = starts[community[u]], starts[community[u] + _ONE]
            state = advance(state)
            x = cumulative[low] + unit(bits(state)) * (cumulative[high] - cumulative[low])
            v = np.uint64(order[_search(cumulative[_ONE:], low, high, x)])
            state = advance(state)
            if v == u:
                continue
            source[found] = np.uint32(u)
            target[found] = np.uint32(v)
            found += _ONE
            if unit(bits(state)) < back[v]:
                source[found] = np.uint32(v)
                target[found] = np.uint32(u)
                found += _ONE
        u += _ONE
    return found


@kernel
def publish(key_high, key_low, purpose, first, last, rate, days, rhythm, author, time, recent):
    """Posts of the accounts first ... last - 1 over `days` days; returns how many there are.

    A Poisson process of rate[u] per day, bent so that the hours of a day follow `rhythm` (quantiles of the time of day,
    25 entries). recent[i] is the number of the author's posts in the day before. Writes only what fits: call with
    empty arrays to count.
    """
    room = np.uint64(author.size)
    found = _ZERO
    u = first
    while u < last:
        state = stream(key_high, key_low, purpose, u)
        begin = found
        window = found
        t = np.float64(0.0)
        while True:
            state = advance(state)
            t -= log_unit(bits(state)) / rate[u]
            if not t < days:
                break
            if found < room:
                day = np.floor(t)
                hour = (t - day) * np.float64(24.0)
                i = np.uint64(hour)
                bent = rhythm[i] + (rhythm[i + _ONE] - rhythm[i]) * (hour - np.float64(i))
                author[found] = np.uint32(u)
                time[found] = day + bent
                while window < found and time[window] < time[found] - np.float64(1.0):
                    window += _ONE
                recent[found] = np.uint32(found - max(window, begin))
            found += _ONE
        u += _ONE
    return found


@kernel
def busy_days(key_high, key_low, purpose, first, author, rate, recent):
    """For each replayed post, how many posts its author made in the day before: a Poisson number."""
    i = _ZERO
    while i < np.uint64(author.size):
        state = stream(key_high, key_low, purpose, first + i)
        t = np.float64(0.0)
        count = np.uint32(0)
        while True:
            state = advance(state)
            t -= log_unit(bits(state)) / rate[author[i]]
            if not t < np.float64(1.0):
                break
            count += np.uint32(1)
        recent[i] = count
        i += _ONE


@kernel
def _daytime(t, state):
    """Reactions that fall into the night mostly wait for the morning."""
    state = advance(state)
    r = bits(state)
    day = np.floor(t)
    if t - day < _NIGHT_ENDS and unit(r) < _WAITS_FOR_MORNING:
        state = advance(state)
        t = day + _NIGHT_ENDS + _MORNING * unit(bits(state))
    return t, state


@kernel
def _doubled(words):
    wider = np.empty(words.size * 2, np.uint64)
    wider[: words.size] = words
    return wider


@kernel
def react(
    in_indptr,
    in_indices,
    heeded,
    receptive,
    interest,
    client,
    author,
    time,
    recent,
    qualities,
    tiredness,
    delays,
    bot_delays,
    key_high,
    key_low,
    purpose,
    first,
    record,
    expected,
    topic,
    views,
    impressions,
):
    """Let the town react to posts first, first + 1, ..., one for each entry of `author`.

    The post's topic k is drawn from its author's interests, its quality q from `qualities`. Whoever posts or passes on
    is seen by all its followers u, who act with the chance

        heeded(spreader) * receptive(u, k) * q * tiredness(author's recent posts) * 0.6**(times seen before)

    (at most 0.95), once per post. Bots act on the posts of their client, and on nothing else. Who reposts or quotes
    passes the post on at that moment. expected[i] adds up the chances of real accounts: an unbiased estimate of the
    number of them that act, without the noise of whether the author's own followers did.

    With `record`, returns two words for each reaction: post << 32 | account, and microseconds << 3 | action; else an
    empty array.
    """
    n_topics = np.uint64(interest.shape[1])
    mark = np.zeros(client.size, np.uint32)
    seen = np.zeros(client.size, np.uint8)
    queue = np.empty(2048, np.uint64)  # who passes the post on, and the bits of when
    log = np.empty(2048 if record else 0, np.uint64)
    found = _ZERO  # words in the log
    tag = np.uint32(0)
    last_tiredness = np.uint64(tiredness.size - 1)
    i = _ZERO
    while i < np.uint64(author.size):
        tag += _MARK
        state = advance(stream(key_high, key_low, purpose, first + i))
        a = np.uint64(author[i])
        x = unit(bits(state))
        k = _ZERO
        while k + _ONE < n_topics and x >= interest[a, k]:  # `interest` is cumulative
            k += _ONE
        topic[i] = np.uint8(k)
        state = advance(state)
        quality = from_table(bits(state), qualities) * tiredness[min(np.uint64(recent[i]), last_tiredness)]
        mark[a] = tag
        seen[a] = _ACTED
        queue[_ZERO] = a
        queue[_ONE] = float_bits(time[i])
        head = _ZERO
        tail = _ONE
        n_views = _ZERO
        n_impressions = _ZERO
        chances = np.float64(0.0)
        while head < tail:
            v = queue[_TWO * head]
            pull = heeded[v] * quality
            begin = bits_float(queue[_TWO * head + _ONE])
            head += _ONE
            j = in_indptr[v]
            end = in_indptr[v + _ONE]
            n_impressions += end - j
            while j < end:
                u = np.uint64(in_indices[j])
                j += _ONE
                if mark[u] != tag:
                    mark[u] = tag
                    seen[u] = np.uint8(0)
                    n_views += _ONE
                elif seen[u] == _ACTED:
                    continue
                is_bot = client[u] != _NOBODY
                if is_bot:
                    if v != a or np.uint64(client[u]) != a:
                        continue
                    acts = True
                else:
                    chance = pull * receptive[u, k]
                    again = seen[u]
                    while again > np.uint8(0):
                        chance *= _TIRING
                        again -= np.uint8(1)
                    chance = min(chance, _HIGHEST_CHANCE)
                    chances += chance
                    state = advance(state)
                    acts = unit(bits(state)) < chance
                if not acts:
                    if seen[u] < np.uint8(8):
                        seen[u] += np.uint8(1)
                    continue
                seen[u] = _ACTED
                state = advance(state)
                t = begin + from_table(bits(state), bot_delays if is_bot else delays)
                if not is_bot:
                    t, state = _daytime(t, state)
                state = advance(state)
                x = unit(bits(state))
                if is_bot:
                    kind = REPOST if x < _BOT_REPOSTS else LIKE
                elif x < _UPTO_REPOST:
                    kind = REPOST
                elif x < _UPTO_QUOTE:
                    kind = QUOTE
                elif x < _UPTO_REPLY:
                    kind = REPLY
                elif x < _UPTO_MENTION:
                    kind = MENTION
                else:
                    kind = LIKE
                passes_on = kind == REPOST or kind == QUOTE
                state = advance(state)
                likes_too = passes_on and (is_bot or unit(bits(state)) < _ALSO_LIKES)
                if passes_on:
                    if _TWO * tail == np.uint64(queue.size):
                        queue = _doubled(queue)
                    queue[_TWO * tail] = u
                    queue[_TWO * tail + _ONE] = float_bits(t)
                    tail += _ONE
                if record:
                    if found + np.uint64(4) > np.uint64(log.size):
                        log = _doubled(log)
                    who = ((first + i) << _SHIFT32) | u
                    moment = np.uint64(t * _MICROSECONDS_PER_DAY) << _SHIFT3
                    log[found] = who
                    log[found + _ONE] = moment | kind
                    found += _TWO
                    if likes_too:
                        log[found] = who
                        log[found + _ONE] = moment | LIKE
                        found += _TWO
        expected[i] = chances
        views[i] = n_views
        impressions[i] = n_impressions
        i += _ONE
    return log[:found]


@kernel
def write_names(syllables, numbers, width, blob):
    """Handles of `width` bytes: three syllables for the lower 18 bits of each number, decimal digits for the rest."""
    six = np.uint64(0x3F)
    ten = np.uint64(10)
    wide = np.uint64(width)
    i = _ZERO
    while i < np.uint64(numbers.size):
        number = numbers[i]
        at = i * wide
        part = _ZERO
        while part < np.uint64(3):
            syllable = (number >> (np.uint64(6) * part)) & six
            blob[at + _TWO * part] = syllables[_TWO * syllable]
            blob[at + _TWO * part + _ONE] = syllables[_TWO * syllable + _ONE]
            part += _ONE
        rest = number >> np.uint64(18)
        digit = wide
        while digit > np.uint64(6):
            digit -= _ONE
            blob[at + digit] = np.uint8(np.uint64(48) + rest % ten)
            rest //= ten
        i += _ONE
