"""Rows of a log become adoptions grouped by account, and by post: counting sorts, then a short sort in each group.

A row of a wanted action is an adoption of its actor at its time, and a stand-in of its target at EARLIEST: who is named
as the target had the post before. Of an account's rows about a post the earliest counts, a stand-in only where there is
no other. Which rows come first in the log changes nothing.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.counts import NOBODY
from swayrank.kernels.jit import kernel

ONE = np.uint64(1)
SMALL = np.uint64(24)
EARLIEST = np.int64(-(2**63))


@kernel
def adoption_sizes(actor, target, action, post, time, wanted, place, handed, indptr, left_out):
    """Turn the zeros of `indptr`, uint64[n + 1], into row pointers of each account's rows.

    `wanted` is uint8 per action, ``place[account]`` says where it belongs (NOBODY: nowhere). ``handed[post]`` (NOBODY
    at first) is the target for which a stand-in was counted last, so that a post makes hardly more than one.
    `left_out`, int64[4], counts wanted rows without a post, without a time, by accounts that belong nowhere, and the
    rows that have a post and a time.
    """
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if wanted[np.uint64(action[i])] == 0:
            continue
        if post[i] == NOBODY:
            left_out[0] += 1
            continue
        if time[i] == EARLIEST:
            left_out[1] += 1
            continue
        left_out[3] += 1
        account = place[np.uint64(actor[i])]
        if account == NOBODY:
            left_out[2] += 1
        else:
            indptr[np.uint64(account) + ONE] += ONE
        giver = target[i]
        if giver != NOBODY and handed[np.uint64(post[i])] != giver:
            handed[np.uint64(post[i])] = giver
            account = place[np.uint64(giver)]
            if account != NOBODY:
                indptr[np.uint64(account) + ONE] += ONE
    for row in range(ONE, np.uint64(indptr.size)):
        indptr[np.uint64(row)] += indptr[np.uint64(row) - ONE]


@kernel
def adoption_fill(actor, target, action, post, time, wanted, place, handed, cursor, posts, times):
    """Write every account's rows into its group; `cursor` is a copy of `indptr`, the rest as in `adoption_sizes`."""
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if wanted[np.uint64(action[i])] == 0 or post[i] == NOBODY or time[i] == EARLIEST:
            continue
        account = place[np.uint64(actor[i])]
        if account != NOBODY:
            at = cursor[np.uint64(account)]
            posts[at] = post[i]
            times[at] = time[i]
            cursor[np.uint64(account)] = at + ONE
        giver = target[i]
        if giver != NOBODY and handed[np.uint64(post[i])] != giver:
            handed[np.uint64(post[i])] = giver
            account = place[np.uint64(giver)]
            if account != NOBODY:
                at = cursor[np.uint64(account)]
                posts[at] = post[i]
                times[at] = EARLIEST
                cursor[np.uint64(account)] = at + ONE


@kernel(inline=True)
def sort_pairs(keys, values, start, stop):
    """Sort (key, value) in [start, stop) by key, stably; what is sorted already costs one look."""
    at = start + ONE
    while at < stop and keys[at - ONE] <= keys[at]:
        at += ONE
    if at < stop:
        if stop - start <= SMALL:
            for i in range(at, stop):
                k, v = keys[np.uint64(i)], values[np.uint64(i)]
                j = np.uint64(i)
                while j > start and keys[j - ONE] > k:
                    keys[j], values[j] = keys[j - ONE], values[j - ONE]
                    j -= ONE
                keys[j], values[j] = k, v
        else:
            order = np.argsort(keys[start:stop], kind="mergesort")
            keys[start:stop] = keys[start:stop][order]
            values[start:stop] = values[start:stop][order]


@kernel
def first_adoptions(first, last, indptr, posts, times, kept):
    """Sort the rows of accounts first ... last - 1 by post, and keep the first act on each; `kept` says how many."""
    for row in range(first, last):
        a = np.uint64(row)
        start, stop = indptr[a], indptr[a + ONE]
        sort_pairs(posts, times, start, stop)
        to = start
        i = start
        while i < stop:
            best = times[i]
            j = i + ONE
            while j < stop and posts[j] == posts[i]:
                if best == EARLIEST or (times[j] != EARLIEST and times[j] < best):
                    best = times[j]
                j += ONE
            posts[to], times[to] = posts[i], best
            to += ONE
            i = j
        kept[a] = to - start


@kernel
def close_gaps(indptr, kept, posts, times):
    """Move what each account kept together, and let `indptr` say where it stands then; returns how much it is."""
    to = np.uint64(0)
    start = indptr[0]
    for row in range(np.uint64(kept.size)):
        a = np.uint64(row)
        following = indptr[a + ONE]
        for i in range(kept[a]):
            posts[to + np.uint64(i)] = posts[start + np.uint64(i)]
            times[to + np.uint64(i)] = times[start + np.uint64(i)]
        to += kept[a]
        indptr[a + ONE] = to
        start = following
    return to


@kernel
def cascade_sizes(posts, indptr):
    """Turn the zeros of `indptr`, uint64[n_posts + 1], into row pointers of each post's adoptions."""
    for row in range(np.uint64(posts.size)):
        indptr[np.uint64(posts[np.uint64(row)]) + ONE] += ONE
    for row in range(ONE, np.uint64(indptr.size)):
        indptr[np.uint64(row)] += indptr[np.uint64(row) - ONE]


@kernel
def cascade_fill(indptr, posts, times, cursor, accounts, times_by_post):
    """Write accounts and times of every post's adoptions, ascending by account; `cursor` is a copy of its pointers."""
    for row in range(np.uint64(indptr.size) - ONE):
        a = np.uint64(row)
        for place in range(indptr[a], indptr[a + ONE]):
            i = np.uint64(place)
            at = cursor[np.uint64(posts[i])]
            accounts[at] = np.uint32(a)
            times_by_post[at] = times[i]
            cursor[np.uint64(posts[i])] = at + ONE


@kernel
def cascade_order(first, last, indptr, accounts, times):
    """Sort the adoptions of the posts first ... last - 1 by time; equal times stay in the order of accounts."""
    for row in range(first, last):
        p = np.uint64(row)
        sort_pairs(times, accounts, indptr[p], indptr[p + ONE])
