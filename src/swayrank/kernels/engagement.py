"""Everything that is counted of one account's reactions, in one pass over its rows and without sorting any.

Rows are grouped by the account they concern (:func:`account_sizes`, :func:`account_fill`): an interaction stands with
its target, and an event "post" with its actor, as a row of the action :data:`OWN`. :func:`profile_accounts` then walks
the accounts. Each actor and each post of a group gets a slot in compact scratch, so a row costs two reads at random;
what follows are walks over histograms of counts, which end at the largest count and so cost no more than the rows.

Nothing depends on the order of the rows or on how accounts and posts are numbered: integers are exact, and the two
sums of floats run over ascending counts. So any partition of the accounts gives the same bits, as long as a group is
whole.

Cost: O(rows). Scratch per running chunk: 4 bytes per possible actor and post, and at most 40 per row of its largest
group.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)
THREE = np.uint64(3)
TEN = np.uint64(10)
NOBODY = np.uint32(2**32 - 1)
OWN = np.uint8(255)
"""The action of a row that says that the account published a post; vocabularies have at most 255 actions."""

# What an action is to the kernel: bits of `roles`.
APPLAUSE, CONVERSATION, AMPLIFICATION, REPOST, MENTION = (np.uint8(1 << k) for k in range(5))
_REPOSTED = np.uint32(REPOST)
_MENTIONED = np.uint32(MENTION)

WHOLE = (
    "distinct_engagers",
    "repeat_engagers",
    "top_engager_count",
    "distinct_reposters",
    "distinct_mentioners",
    "posts_published",
    "posts",
    "posts_with_reactions",
    "reposted_posts",
    "replied_posts",
    "without_post",
    "h_index",
    "g_index",
)
"""The rows of `whole` that follow those of the actions."""
(
    ENGAGERS,
    REPEATERS,
    TOP_COUNT,
    REPOSTERS,
    MENTIONERS,
    PUBLISHED,
    POSTS,
    POSTS_DRAWN,
    POSTS_REPOSTED,
    POSTS_REPLIED,
    WITHOUT_POST,
    H_INDEX,
    G_INDEX,
) = (np.uint64(k) for k in range(len(WHOLE)))

REAL = (
    "engager_entropy",
    "applause_mean",
    "applause_median",
    "applause_trimmed",
    "conversation_mean",
    "conversation_median",
    "conversation_trimmed",
    "amplification_mean",
    "amplification_median",
    "amplification_trimmed",
)
"""The rows of `real`."""

ENGAGER_WIDTH = 3  # who, how often, roles of what they did
POST_WIDTH = 6  # which, reactions, applause, conversation, amplification, reposts
_FIRST_KIND = np.uint64(2)
_REPLIES = np.uint64(3)
_REPOSTS = np.uint64(5)


@kernel
def account_sizes(actor, target, action, post_action, indptr):
    """Turn the zeros of `indptr`, uint64[n_accounts + 1], into row pointers of the rows that concern each account.

    `post_action` is the position of "post" in the vocabulary, or OWN if it is not there. Returns the number of
    self-interactions, which are in no group.
    """
    n_self = 0
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if target[i] != NOBODY:
            if target[i] == actor[i]:
                n_self += 1
            else:
                indptr[np.uint64(target[i]) + ONE] += ONE
        if action[i] == post_action:
            indptr[np.uint64(actor[i]) + ONE] += ONE
    for row in range(ONE, np.uint64(indptr.size)):
        indptr[np.uint64(row)] += indptr[np.uint64(row) - ONE]
    return n_self


@kernel
def account_fill(actor, target, action, post, post_action, cursor, actors, posts, actions):
    """Write every row into the group of the account that it concerns; `cursor` is a copy of `indptr`."""
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if target[i] != NOBODY and target[i] != actor[i]:
            place = cursor[np.uint64(target[i])]
            cursor[np.uint64(target[i])] = place + ONE
            actors[place] = actor[i]
            posts[place] = post[i]
            actions[place] = action[i]
        if action[i] == post_action:
            place = cursor[np.uint64(actor[i])]
            cursor[np.uint64(actor[i])] = place + ONE
            actors[place] = actor[i]
            posts[place] = post[i]
            actions[place] = OWN


@kernel(inline=True)
def _tally_engagers(start, stop, actor, action, roles, slot_of_actor, engagers, counts):
    """Count a group's interactions by action and by actor; return how many actors there are (slots 1, 2, ...)."""
    n = ZERO
    for row in range(start, stop):
        place = np.uint64(row)
        if action[place] == OWN:
            continue
        what = np.uint64(action[place])
        counts[what] += np.uint32(1)
        who = np.uint64(actor[place])
        slot = np.uint64(slot_of_actor[who])
        if slot == ZERO:
            n += ONE
            slot = n
            slot_of_actor[who] = np.uint32(slot)
            engagers[slot, ZERO] = actor[place]
            engagers[slot, ONE] = np.uint32(0)
            engagers[slot, TWO] = np.uint32(0)
        engagers[slot, ONE] += np.uint32(1)
        engagers[slot, TWO] |= np.uint32(roles[what])
    for row in range(ONE, n + ONE):
        slot_of_actor[np.uint64(engagers[np.uint64(row), ZERO])] = np.uint32(0)
    return n


@kernel(inline=True)
def _tally_posts(start, stop, post, action, roles, slot_of_post, drawn, facts):
    """Count a group's reactions by post; return how many posts there are (slots 1, 2, ...)."""
    n = ZERO
    for row in range(start, stop):
        place = np.uint64(row)
        own = action[place] == OWN
        if own:
            facts[PUBLISHED] += np.uint32(1)
        if post[place] == NOBODY:
            if not own:
                facts[WITHOUT_POST] += np.uint32(1)
            continue
        what = np.uint64(post[place])
        slot = np.uint64(slot_of_post[what])
        if slot == ZERO:
            n += ONE
            slot = n
            slot_of_post[what] = np.uint32(slot)
            drawn[slot, ZERO] = post[place]
            for k in range(ONE, np.uint64(POST_WIDTH)):
                drawn[slot, np.uint64(k)] = np.uint32(0)
        if not own:
            role = np.uint64(roles[np.uint64(action[place])])
            drawn[slot, ONE] += np.uint32(1)
            for k in range(np.uint64(POST_WIDTH) - TWO):
                drawn[slot, TWO + np.uint64(k)] += np.uint32((role >> np.uint64(k)) & ONE)
    for row in range(ONE, n + ONE):
        slot_of_post[np.uint64(drawn[np.uint64(row), ZERO])] = np.uint32(0)
    return n


@kernel(inline=True)
def _sum_up_engagers(n, engagers, histogram, facts):
    """Fill in the integers of a group's engagers; return the entropy of who interacted, in nats.

    Plainly, with c the interactions of each engager and N their sum: ``sum of c / N * log(N / c)``, in ascending c.
    """
    top = ZERO
    total = ZERO
    for row in range(ONE, n + ONE):
        slot = np.uint64(row)
        c = np.uint64(engagers[slot, ONE])
        histogram[c] += np.uint32(1)
        total += c
        top = max(top, c)
        facts[REPEATERS] += np.uint32(c > ONE)
        facts[REPOSTERS] += np.uint32((engagers[slot, TWO] & _REPOSTED) != 0)
        facts[MENTIONERS] += np.uint32((engagers[slot, TWO] & _MENTIONED) != 0)
    facts[ENGAGERS] = np.uint32(n)
    facts[TOP_COUNT] = np.uint32(top)
    entropy = 0.0
    for value in range(ONE, top + ONE):
        c = np.uint64(value)
        if histogram[c] > 0:
            entropy += np.float64(histogram[c]) * np.float64(c) * math.log(np.float64(total) / np.float64(c))
            histogram[c] = np.uint32(0)
    return entropy / np.float64(total) if total > ZERO else 0.0


@kernel(inline=True)
def _averages(n, drawn, kind, histogram):
    """Mean, median and trimmed mean of one kind of reaction over all n posts of a group; NaN where there is none.

    Plainly: sort the counts; the median is the mean of those at (n - 1) // 2 and n // 2; the trimmed mean leaves out
    n // 10 at each end.
    """
    top = ZERO
    for row in range(ONE, n + ONE):
        c = np.uint64(drawn[np.uint64(row), kind])
        histogram[c] += np.uint32(1)
        top = max(top, c)
    cut = n // TEN
    total = ZERO
    inner = ZERO
    middle = ZERO
    before = ZERO
    for value in range(top + ONE):
        c = np.uint64(value)
        after = before + np.uint64(histogram[c])
        histogram[c] = np.uint32(0)
        total += c * (after - before)
        kept_from, kept_to = max(before, cut), min(after, n - cut)
        if kept_to > kept_from:
            inner += c * (kept_to - kept_from)
        if n > ZERO and before <= (n - ONE) // TWO and (n - ONE) // TWO < after:
            middle += c
        if before <= n // TWO and n // TWO < after:
            middle += c
        before = after
    if n == ZERO:
        return math.nan, math.nan, math.nan
    return (
        np.float64(total) / np.float64(n),
        np.float64(middle) / 2.0,
        np.float64(inner) / np.float64(n - TWO * cut),
    )


@kernel(inline=True)
def _sum_up_posts(n, drawn, histogram, facts):
    """Fill in the integers of a group's posts: how many drew what, and the h- and the g-index of their reposts."""
    top = ZERO
    total = ZERO
    for row in range(ONE, n + ONE):
        slot = np.uint64(row)
        c = np.uint64(drawn[slot, _REPOSTS])
        histogram[c] += np.uint32(1)
        total += c
        top = max(top, c)
        facts[POSTS_DRAWN] += np.uint32(drawn[slot, ONE] > 0)
        facts[POSTS_REPOSTED] += np.uint32(c > ZERO)
        facts[POSTS_REPLIED] += np.uint32(drawn[slot, _REPLIES] > 0)
    facts[POSTS] = np.uint32(n)
    h, g, n_best, n_reposts = ZERO, ZERO, ZERO, ZERO
    for back in range(top):  # the posts with the most reposts first
        c = top - np.uint64(back)
        m = np.uint64(histogram[c])
        histogram[c] = np.uint32(0)
        for _ in range(m):
            n_best += ONE
            n_reposts += c
            if c >= n_best:
                h = n_best
            if n_reposts >= n_best * n_best:
                g = n_best
    histogram[ZERO] = np.uint32(0)
    while (g + ONE) * (g + ONE) <= total and g + ONE > n_best:  # beyond the last post stand posts of no repost
        g += ONE
    facts[H_INDEX] = np.uint32(h)
    facts[G_INDEX] = np.uint32(g)


@kernel
def profile_accounts(
    indptr,
    actor,
    post,
    action,
    roles,
    first,
    last,
    slot_of_actor,
    slot_of_post,
    engagers,
    drawn,
    histogram,
    whole,
    real,
):
    """Fill in the statistics of the accounts `first`, ..., `last` - 1.

    indptr uint64[n + 1]; actor, post uint32[rows] and action uint8[rows]: the groups; roles uint8[n_actions].
    whole uint32[last - first, n_actions + len(WHOLE)], zero: counts by action, then the facts that :data:`WHOLE`
    names; real float64[last - first, len(REAL)]. An account has fewer than 2**32 rows.

    Scratch, which a next call may use again: slot_of_actor and slot_of_post uint32, longer than the largest position
    and zero; engagers uint32[k, ENGAGER_WIDTH] and drawn uint32[k, POST_WIDTH], of any content, and histogram
    uint32[k], zero, where k is at least one more than the rows of the largest group.
    """
    n_actions = np.uint64(roles.size)
    for row in range(first, last):
        a = np.uint64(row)
        i = a - first
        start, stop = indptr[a], indptr[a + ONE]
        counts = whole[i, :n_actions]
        facts = whole[i, n_actions:]
        n_engagers = _tally_engagers(start, stop, actor, action, roles, slot_of_actor, engagers, counts)
        real[i, ZERO] = _sum_up_engagers(n_engagers, engagers, histogram, facts)
        n_posts = _tally_posts(start, stop, post, action, roles, slot_of_post, drawn, facts)
        _sum_up_posts(n_posts, drawn, histogram, facts)
        for k in range(THREE):
            kind = np.uint64(k)
            mean, median, trimmed = _averages(n_posts, drawn, _FIRST_KIND + kind, histogram)
            real[i, ONE + THREE * kind] = mean
            real[i, TWO + THREE * kind] = median
            real[i, THREE + THREE * kind] = trimmed
