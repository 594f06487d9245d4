"""Who is reached over live arcs: one traversal for reverse-reachable (RR) sets and for cascades.

An item is one random world. Its arcs are live or not, independently row by row (a *triggering model*; Kempe, Kleinberg,
Tardos 2003), and a walk over live arcs from the item's start finds who is reached::

    start = one account drawn at random, rows = whom each follows:      the RR set of that account
    start = the seeds,                   rows = each account's followers: a cascade

Plainly, for every item::

    reached = start
    for v in reached, first in, first out:
        for u in the live arcs of row v:
            if u not in reached: append u

The live arcs of row v in item i are drawn from the stream (key, purpose, i, v) alone. So an item's world is the same
whatever it is walked from, in whatever order and beside whatever other items: more seeds never reach fewer accounts,
and two seed sets can be compared world by world.

What makes it fast: items walk side by side, level by level, in passes over short arrays. A pass asks for the memory
that the next one will touch, and decides without branches (write always, then move on or not), because a branch on a
random draw is mispredicted half the time and would wait for the draw's whole arithmetic. Membership is one hash table
of (item, account) that fits in the cache. Drawn: rows -> jumps -> arcs -> accounts -> rows.

Rows say how their arcs are drawn in `rows`: two words, the row's begin and the float64 `code`; the next row's begin is
its end::

    pick == 0 (each arc by itself):  code <= 0    all arcs have the same p: jump from live arc to live arc,
                                                  code = 1 / log(1 - p), which is 0 for p = 1
                                     code = inf   none is live
                                     code is NaN  arcs differ, and are sorted by falling bucket; the low bits of the NaN
                                                  are the first arc's bucket
    pick == 1 (at most one arc):     code >= 1    arc number floor(u * degree * code) is live if there is one (u is
                                                  uniform); code = 1 / (the sum of the row's weights, all alike)
                                     code is NaN  the first arc whose running sum of weights exceeds u

Buckets: an arc with p in [2^-b, 2^-(b-1)) is of bucket b >= 1. The walk jumps as if all arcs ahead had the bucket's
upper end, and keeps arc j where it lands with the chance p[j] / upper end (Guo et al. 2020): about one or two draws
for each live arc, however long the row.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import bits_float, float_bits, kernel, prefetch
from swayrank.kernels.random import advance, below, bits, quick_log, stream, substream, unit

MIXED = np.uint64(0x7FF8000000000000)
"""A NaN; its low 16 bits hold the bucket of the row's first arc."""

MAX_ARCS = 2**40
"""Arcs that the packed words below can number."""

_ZERO, _ONE, _TWO, _THREE, _FOUR = (np.uint64(k) for k in range(5))
_ROOM = np.uint64(4096)
_S32, _S40, _S52, _S6 = (np.uint64(k) for k in (32, 40, 52, 6))
_LOW32, _LOW40, _LOW16, _LOW6 = np.uint64(2**32 - 1), np.uint64(2**40 - 1), np.uint64(2**16 - 1), np.uint64(63)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHARE = np.uint64(0xA0761D6478BD642F)
_64 = np.uint64(64)
_BIAS = np.uint64(1023)
_LAST_BUCKET = 1100


def _bucket_jumps() -> np.ndarray:
    """1 / log(1 - upper end) for each bucket, and the upper end beside it."""
    upper = np.array([1.0, 1.0] + [math.ldexp(1.0, -(b - 1)) for b in range(2, _LAST_BUCKET)])
    jump = np.array([0.0, 0.0] + [1.0 / math.log1p(-p) if p > 0 else -math.inf for p in upper[2:].tolist()])
    table = np.stack([jump, upper], axis=1).ravel()
    table.flags.writeable = False
    return table


_BUCKETS = _bucket_jumps()


@kernel
def bucket_of(p):
    """The bucket of a probability in (0, 1]: 1 for [1/2, 1], 2 for [1/4, 1/2), ...; 0 for p = 0 and the smallest."""
    exponent = float_bits(p) >> _S52
    if exponent == _ZERO:
        return _ZERO
    return max(_ONE, _BIAS - exponent)


@kernel
def _wider(array, used, needed):
    """The same words with room for at least `needed`."""
    room = np.uint64(array.size)
    while room < needed:
        room *= _TWO
    wider = np.empty(room, np.uint64)
    wider[:used] = array[:used]
    return wider


@kernel
def _place(table, shift, word):
    """Put a word that is not in there into the table."""
    last = np.uint64(table.size) - _ONE
    h = (word * _SPREAD) >> shift
    while table[h] != _ZERO:
        h = (h + _ONE) & last
    table[h] = word


@kernel
def _start(cumulative, r, n):
    """The account at which an item starts: uniform, or in proportion to a value whose running sum is `cumulative`."""
    if cumulative.size == 0:
        return below(r, n)
    x = unit(r) * cumulative[n - _ONE]
    low, high = _ZERO, n - _ONE
    while low < high:
        middle = (low + high) >> _ONE
        if cumulative[middle] <= x:
            low = middle + _ONE
        else:
            high = middle
    return low


@kernel
def _draw_even(active, n_active, drawn, n_drawn, indices):
    """One jump for each active row; live arcs go to `drawn`, rows that may have another stay active."""
    kept = _ZERO
    i = _ZERO
    while i < n_active:
        at = _FOUR * i
        state = advance(active[at])
        code = active[at + _ONE]
        j = active[at + _TWO]
        end_item = active[at + _THREE]
        end = end_item & _LOW40
        room = np.float64(np.int64(end - j))
        x = quick_log(bits(state)) * bits_float(code)
        arc = j + np.uint64(np.int64(min(x, room)))
        live = np.uint64((x >= 0.0) & (x < room))
        drawn[n_drawn] = (end_item & ~_LOW40) | (arc & _LOW40)
        prefetch(indices, arc)
        n_drawn += live
        to = _FOUR * kept
        active[to] = state
        active[to + _ONE] = code
        active[to + _TWO] = arc + _ONE
        active[to + _THREE] = end_item
        kept += live & np.uint64(arc + _ONE < end)
        i += _ONE
    return kept, n_drawn


@kernel
def _draw_one(active, n_active, drawn, n_drawn, indices):
    """At most one arc for each active row whose arcs weigh the same."""
    i = _ZERO
    while i < n_active:
        at = _FOUR * i
        j = active[at + _TWO]
        end_item = active[at + _THREE]
        room = np.float64(np.int64((end_item & _LOW40) - j))
        x = unit(bits(advance(active[at]))) * (room * bits_float(active[at + _ONE]))
        arc = j + np.uint64(np.int64(min(x, room)))
        drawn[n_drawn] = (end_item & ~_LOW40) | (arc & _LOW40)
        prefetch(indices, arc)
        n_drawn += np.uint64(x < room)
        i += _ONE
    return n_drawn


@kernel
def _jump_mixed(mixed, n_mixed, probability):
    """One jump for each mixed row at its bucket's upper end; rows that land on an arc stay, at that arc."""
    kept = _ZERO
    i = _ZERO
    while i < n_mixed:
        at = _FOUR * i
        state = advance(mixed[at])
        bucket = mixed[at + _ONE]
        j = mixed[at + _TWO]
        end_item = mixed[at + _THREE]
        room = np.float64(np.int64((end_item & _LOW40) - j))
        x = quick_log(bits(state)) * _BUCKETS[_TWO * bucket]
        arc = j + np.uint64(np.int64(min(x, room)))
        prefetch(probability, arc)
        to = _FOUR * kept
        mixed[to] = state
        mixed[to + _ONE] = bucket
        mixed[to + _TWO] = arc
        mixed[to + _THREE] = end_item
        kept += np.uint64(x < room)
        i += _ONE
    return kept


@kernel
def _accept_mixed(mixed, n_mixed, drawn, n_drawn, indices, probability):
    """Keep each landed arc with the chance p / upper end; rows with arcs left stay, in the next arc's bucket."""
    kept = _ZERO
    i = _ZERO
    while i < n_mixed:
        at = _FOUR * i
        state = advance(mixed[at])
        bucket = mixed[at + _ONE]
        arc = mixed[at + _TWO]
        end_item = mixed[at + _THREE]
        end = end_item & _LOW40
        live = np.uint64(unit(bits(state)) * _BUCKETS[_TWO * bucket + _ONE] < probability[arc])
        drawn[n_drawn] = (end_item & ~_LOW40) | arc
        prefetch(indices, arc)
        n_drawn += live
        following = arc + _ONE
        more = following < end
        fresh = bucket_of(probability[min(following, end - _ONE)])
        to = _FOUR * kept
        mixed[to] = state
        mixed[to + _ONE] = fresh
        mixed[to + _TWO] = following
        mixed[to + _THREE] = end_item
        kept += np.uint64(more & (fresh > _ZERO))
        i += _ONE
    return kept, n_drawn


@kernel
def _search_mixed(mixed, n_mixed, drawn, n_drawn, indices, sums):
    """At most one arc for each row whose arcs weigh differently: the first whose running sum exceeds the draw."""
    i = _ZERO
    while i < n_mixed:
        at = _FOUR * i
        low = mixed[at + _TWO]
        end_item = mixed[at + _THREE]
        high = end_item & _LOW40
        end = high
        x = unit(bits(advance(mixed[at])))
        while low < high:
            middle = (low + high) >> _ONE
            if sums[middle] <= x:
                low = middle + _ONE
            else:
                high = middle
        drawn[n_drawn] = (end_item & ~_LOW40) | low
        prefetch(indices, low)
        n_drawn += np.uint64(low < end)
        i += _ONE
    return n_drawn


@kernel
def passes_on(base, account, shares):
    """Whether an account passes on what reaches it in an item's world."""
    return unit(bits(base ^ ((np.uint64(account) + _ONE) * _SHARE))) < shares[account]


@kernel
def reach(
    rows,
    indices,
    probability,
    pick,
    shares,
    starts,
    cumulative,
    stops,
    max_steps,
    dense,
    key_high,
    key_low,
    purpose,
    first,
    batch,
    keep,
    sizes,
):
    """Walk items first, first + 1, ... (one for each entry of `sizes`), `batch` of them side by side.

    Parameters
    ----------
    rows : uint64, shape (2 n + 1,)
        Begin and code of each row, and in the end the number of arcs.
    indices : uint32, shape (m,)
        Ends of the arcs, row by row, in the order that `rows` and `probability` are in.
    probability : float64, shape (m,) or (0,)
        Probabilities of mixed rows sorted by falling bucket or, with `pick`, running sums of weights.
    pick : uint64
        1: at most one arc of a row is live.
    shares : float64, shape (n,) or (0,)
        Probability that an account passes on what reached it.
    starts : uint32, shape (k,) or (0,)
        Distinct accounts from which every item starts; none: one drawn account.
    cumulative : float64, shape (n,) or (0,)
        Running sum of the values by which the start is drawn; none: uniformly.
    stops : uint64, shape (ceil(n / 64),) or (0,)
        Bit set of accounts. An item that reaches one ends, and keeps no members.
    max_steps : uint64
        Length of the longest walk.
    dense : uint64
        1: look up members in a table of all accounts (`batch` must be 1); better from sets of n / 32 on.
    keep : uint64
        1: return the members.
    sizes : uint32, shape (items,)
        Becomes the number of accounts that each item reached; 0 where it met a stop.

    Returns
    -------
    members : uint32
        The members of all items that met no stop, in the order of items; where an item starts, then step by step.
    visited : uint64
        Number of all members, those of stopped items too.
    levels : int64
        Number of members at each distance from the start, over all items.
    """
    n = np.uint64((rows.size - 1) // 2)
    single = pick != _ZERO
    forward = starts.size > 0
    has_stops = stops.size > 0
    has_shares = shares.size > 0
    direct = dense != _ZERO
    table = np.zeros(n if direct else _ROOM, np.uint64)
    shift = np.uint64(64 - 12)
    queue = np.empty(_ROOM, np.uint64)  # item << 32 | account
    active = np.empty(_FOUR * _ROOM, np.uint64)  # state, code, next arc, item << 40 | end
    mixed = np.empty(_FOUR * _ROOM, np.uint64)  # state, bucket, next arc, item << 40 | end
    drawn = np.empty(_ROOM, np.uint64)  # item << 40 | arc
    base = np.empty(batch, np.uint64)
    counts = np.empty(batch, np.uint64)
    stopped = np.zeros(batch, np.uint8)
    members = np.empty(_ROOM, np.uint32)
    levels = np.zeros(64, np.int64)
    total = _ZERO
    visited = _ZERO
    done = _ZERO
    n_items = np.uint64(sizes.size)
    while done < n_items:
        width = min(np.uint64(batch), n_items - done)
        tail = _ZERO
        if not direct:
            table[:] = _ZERO
        needed = width * max(_ONE, np.uint64(starts.size))
        if needed > np.uint64(queue.size):
            queue = _wider(queue, tail, needed)
        if not direct and _TWO * needed > np.uint64(table.size):
            while _TWO * needed > _ONE << (_64 - shift):
                shift -= _ONE
            table = np.zeros(_ONE << (_64 - shift), np.uint64)
        item = _ZERO
        while item < width:
            state = stream(key_high, key_low, purpose, first + done + item)
            stopped[item] = 0
            if forward:
                k = _ZERO
                while k < np.uint64(starts.size):
                    queue[tail] = (item << _S32) | np.uint64(starts[k])
                    tail += _ONE
                    k += _ONE
            else:
                state = advance(state)
                queue[tail] = (item << _S32) | _start(cumulative, bits(state), n)
                tail += _ONE
            base[item] = state
            counts[item] = max(_ONE, np.uint64(starts.size))
            item += _ONE
        k = _ZERO
        while k < tail:
            account = queue[k] & _LOW32
            prefetch(rows, _TWO * account)
            if direct:
                table[account] = done + _ONE
            else:
                _place(table, shift, queue[k] + _ONE)
            if has_stops and (stops[account >> _S6] >> (account & _LOW6)) & _ONE:
                stopped[queue[k] >> _S32] = 1
            k += _ONE
        held = tail  # words in the table: members, and those that were reached but do not share
        head = _ZERO
        step = _ZERO
        levels[_ZERO] += np.int64(tail)
        while head < tail and step < max_steps:
            # rows of the accounts that came last
            if _FOUR * (tail - head) > np.uint64(active.size):
                active = _wider(active, _ZERO, _FOUR * (tail - head))
                mixed = _wider(mixed, _ZERO, _FOUR * (tail - head))
            n_active = _ZERO
            n_mixed = _ZERO
            while head < tail:
                item = queue[head] >> _S32
                account = queue[head] & _LOW32
                head += _ONE
                j = rows[_TWO * account]
                code = rows[_TWO * account + _ONE]
                end = rows[_TWO * account + _TWO]
                if has_stops and stopped[item]:
                    continue
                if has_shares and forward and not passes_on(base[item], account, shares):
                    continue
                value = bits_float(code)
                if value == value:
                    at = _FOUR * n_active
                    active[at] = substream(base[item], account)
                    active[at + _ONE] = code
                    active[at + _TWO] = j
                    active[at + _THREE] = (item << _S40) | end
                    n_active += np.uint64(value < np.inf)
                else:
                    at = _FOUR * n_mixed
                    mixed[at] = substream(base[item], account)
                    mixed[at + _ONE] = code & _LOW16
                    mixed[at + _TWO] = j
                    mixed[at + _THREE] = (item << _S40) | end
                    n_mixed += _ONE
            # live arcs
            n_drawn = _ZERO
            if n_active + n_mixed + _ONE > np.uint64(drawn.size):
                drawn = _wider(drawn, n_drawn, n_active + n_mixed + _ONE)
            if single:
                n_drawn = _draw_one(active, n_active, drawn, n_drawn, indices)
                n_drawn = _search_mixed(mixed, n_mixed, drawn, n_drawn, indices, probability)
            else:
                while n_active > _ZERO:
                    if n_drawn + n_active + _ONE > np.uint64(drawn.size):
                        drawn = _wider(drawn, n_drawn, n_drawn + n_active + _ONE)
                    n_active, n_drawn = _draw_even(active, n_active, drawn, n_drawn, indices)
                while n_mixed > _ZERO:
                    if n_drawn + n_mixed + _ONE > np.uint64(drawn.size):
                        drawn = _wider(drawn, n_drawn, n_drawn + n_mixed + _ONE)
                    n_mixed = _jump_mixed(mixed, n_mixed, probability)
                    n_mixed, n_drawn = _accept_mixed(mixed, n_mixed, drawn, n_drawn, indices, probability)
            # accounts that are new to their item
            if tail + n_drawn + _ONE > np.uint64(queue.size):
                queue = _wider(queue, tail, tail + n_drawn + _ONE)
            if not direct and _FOUR * (held + n_drawn) > np.uint64(table.size):
                while _FOUR * (held + n_drawn) > _ONE << (_64 - shift):
                    shift -= _ONE
                wider = np.zeros(_ONE << (_64 - shift), np.uint64)
                k = _ZERO
                while k < np.uint64(table.size):  # those that do not share are in the table alone
                    if table[k] != _ZERO:
                        _place(wider, shift, table[k])
                    k += _ONE
                table = wider
            last = np.uint64(table.size) - _ONE
            k = _ZERO
            while k < n_drawn:
                item = drawn[k] >> _S40
                account = np.uint64(indices[drawn[k] & _LOW40])
                word = (item << _S32) | account
                if direct:
                    fresh = np.uint64(table[account] != done + _ONE)
                    table[account] = done + _ONE
                else:
                    h = ((word + _ONE) * _SPREAD) >> shift
                    found = table[h]
                    while found != _ZERO and found != word + _ONE:
                        h = (h + _ONE) & last
                        found = table[h]
                    table[h] = word + _ONE
                    fresh = np.uint64(found == _ZERO)
                    held += fresh
                if has_shares and not forward and fresh != _ZERO and not passes_on(base[item], account, shares):
                    fresh = _ZERO
                queue[tail] = word
                prefetch(rows, _TWO * account)
                if has_stops and (stops[account >> _S6] >> (account & _LOW6)) & fresh:
                    stopped[item] = 1
                counts[item] += fresh
                tail += fresh
                k += _ONE
            step += _ONE
            if step == np.uint64(levels.size):
                longer = np.zeros(levels.size * 2, np.int64)
                longer[: levels.size] = levels
                levels = longer
            levels[step] += np.int64(tail - head)
        visited += tail
        # members item by item
        if keep != _ZERO and total + tail > np.uint64(members.size):
            room = np.uint64(members.size)
            while total + tail > room:
                room *= _TWO
            wide = np.empty(room, np.uint32)
            wide[:total] = members[:total]
            members = wide
        item = _ZERO
        while item < width:
            size = _ZERO if stopped[item] else counts[item]
            sizes[done + item] = np.uint32(size)
            counts[item] = total
            if keep != _ZERO:
                total += size
            item += _ONE
        if keep != _ZERO:
            k = _ZERO
            while k < tail:
                item = queue[k] >> _S32
                if stopped[item] == 0:
                    members[counts[item]] = np.uint32(queue[k] & _LOW32)
                    counts[item] += _ONE
                k += _ONE
        done += width
    return members[:total], visited, levels


@kernel
def pack_rows(indptr, code, rows):
    """Put each row's begin and code side by side (one cache line instead of two): rows[2v], rows[2v + 1]."""
    n = np.uint64(code.size)
    v = _ZERO
    while v < n:
        rows[_TWO * v] = indptr[v]
        rows[_TWO * v + _ONE] = code[v]
        v += _ONE
    rows[_TWO * n] = indptr[n]


@kernel
def sort_buckets(indptr, indices, probability, first, last, code, out_indices, out_probability):
    """Rows first ... last - 1 sorted by falling bucket, ties as they were; marks their codes as mixed.

    Rows whose code is not NaN are copied as they are. Arcs with p = 0 go to the end.
    """
    begin = np.zeros(_LAST_BUCKET + 1, np.uint64)
    v = first
    while v < last:
        j, end = indptr[v], indptr[v + _ONE]
        value = bits_float(code[v])
        if value == value:
            while j < end:
                out_indices[j] = indices[j]
                out_probability[j] = probability[j]
                j += _ONE
        elif j < end:
            lowest = np.uint64(_LAST_BUCKET)
            highest = _ZERO
            k = j
            while k < end:
                bucket = bucket_of(probability[k])
                bucket = np.uint64(_LAST_BUCKET) if bucket == _ZERO else bucket
                begin[bucket] += _ONE
                lowest = min(lowest, bucket)
                highest = max(highest, bucket)
                k += _ONE
            at = j
            bucket = lowest
            while bucket <= highest:
                size = begin[bucket]
                begin[bucket] = at
                at += size
                bucket += _ONE
            k = j
            while k < end:
                bucket = bucket_of(probability[k])
                bucket = np.uint64(_LAST_BUCKET) if bucket == _ZERO else bucket
                at = begin[bucket]
                begin[bucket] += _ONE
                out_indices[at] = indices[k]
                out_probability[at] = probability[k]
                k += _ONE
            bucket = lowest
            while bucket <= highest:
                begin[bucket] = _ZERO
                bucket += _ONE
            code[v] = MIXED | (lowest if lowest < np.uint64(_LAST_BUCKET) else _ZERO)
        v += _ONE


@kernel
def trivalency(key_high, key_low, purpose, first, out):
    """Give arc first + i one of 0.1, 0.01, 0.001 with equal chances, from its own stream."""
    three = np.uint64(3)
    i = _ZERO
    while i < np.uint64(out.size):
        choice = below(bits(advance(stream(key_high, key_low, purpose, first + i))), three)
        out[i] = 0.1 if choice == _ZERO else (0.01 if choice == _ONE else 0.001)
        i += _ONE


@kernel
def running_sums(indptr, weight, sums, totals):
    """Sums of each row's weights up to and with each arc, at most 1, and the rows' totals as they are."""
    v = _ZERO
    while v < np.uint64(totals.size):
        total = 0.0
        j = indptr[v]
        while j < indptr[v + _ONE]:
            total += weight[j]
            sums[j] = min(total, 1.0)
            j += _ONE
        totals[v] = total
        v += _ONE
