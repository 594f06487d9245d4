"""Rows of event logs too long for memory: looked at once in file order, dealt to buckets of accounts, grouped later.

A row *concerns* its target, or, where it has none, its actor; all rows that concern an account come into one bucket,
which is the low bits of the account's code. Codes are given by first appearance, so that the low bits deal accounts
evenly however skewed their activity is. In a run of buckets every account has a place of its own
(:func:`account_place`), so no table of places is needed.

A row in a bucket is :data:`WIDTH` words of 32 bits: actor, target, post, action, and the time's low and high half;
then what the caller adds, such as the halves of a weight.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.engagement import OWN
from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)
NOBODY = np.uint32(2**32 - 1)
NEVER = np.uint64(2**64 - 1)
POST = np.uint8(0)
"""The action "post", first in every vocabulary."""
BUCKET_BITS = np.uint64(8)
N_BUCKETS = 1 << 8
WIDTH = 6
_LAST_BUCKET = np.uint64(N_BUCKETS - 1)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

OWN_TARGETS, FILLED, PENDING = np.uint64(0), np.uint64(1), np.uint64(2)
N_TALLIES = 3


@kernel
def settle_rows(actor, target, action, post, first_row, first_seen, author, pending, tallies):
    """Look at a block of rows in file order: settle targets, and note where accounts are first seen.

    An action "post" gets no target, and tells who wrote the post; an interaction without a target gets the author of
    its post, and is marked in `pending` where nobody has claimed the post so far.

    actor, target, post uint32[n], target is changed; action uint8[n]. first_seen uint64 per account, NEVER or 2 * row
    (+ 1 as target); author uint32 per post, NOBODY or who published it first. pending uint8[n], zero.
    tallies int64[N_TALLIES]: targets of posts that were left out, targets filled in, rows pending.
    """
    for item in range(np.uint64(actor.size)):
        i = np.uint64(item)
        who = np.uint64(actor[i])
        row = TWO * (first_row + i)
        if first_seen[who] == NEVER:
            first_seen[who] = row
        what = np.uint64(post[i])
        if action[i] == POST:
            if target[i] != NOBODY:
                tallies[OWN_TARGETS] += 1
                target[i] = NOBODY
            if post[i] != NOBODY and author[what] == NOBODY:
                author[what] = actor[i]
            continue
        if target[i] == NOBODY and post[i] != NOBODY:
            target[i] = author[what]
            if target[i] == NOBODY:
                pending[i] = np.uint8(1)
                tallies[PENDING] += 1
            else:
                tallies[FILLED] += 1
        if target[i] != NOBODY and first_seen[np.uint64(target[i])] == NEVER:
            first_seen[np.uint64(target[i])] = row + ONE


@kernel
def deal_rows(actor, target, action, post, time, more, ends, rows):
    """Write a block's rows into `rows`, uint32[n, WIDTH or more], bucket after bucket, in file order within each.

    `more`, uint32[n, k], is what follows the first WIDTH words of each row. `ends`, uint64[N_BUCKETS + 1] and zero,
    becomes where the buckets begin and end.
    """
    n = np.uint64(actor.size)
    for item in range(n):
        i = np.uint64(item)
        owner = actor[i] if target[i] == NOBODY else target[i]
        ends[(np.uint64(owner) & _LAST_BUCKET) + ONE] += ONE
    for bucket in range(N_BUCKETS):
        ends[np.uint64(bucket) + ONE] += ends[np.uint64(bucket)]
    cursor = ends.copy()
    for item in range(n):
        i = np.uint64(item)
        owner = actor[i] if target[i] == NOBODY else target[i]
        bucket = np.uint64(owner) & _LAST_BUCKET
        place = cursor[bucket]
        cursor[bucket] = place + ONE
        when = np.uint64(time[i])
        rows[place, 0] = actor[i]
        rows[place, 1] = target[i]
        rows[place, 2] = post[i]
        rows[place, 3] = np.uint32(action[i])
        rows[place, 4] = np.uint32(when & _LOW)
        rows[place, 5] = np.uint32(when >> _HALF)
        for k in range(np.uint64(more.shape[1])):
            rows[place, np.uint64(WIDTH) + np.uint64(k)] = more[i, np.uint64(k)]


@kernel(inline=True)
def account_place(account, first_bucket, n_buckets):
    """The place of an account among those of the buckets `first_bucket` and the `n_buckets` - 1 that follow."""
    code = np.uint64(account)
    return (code >> BUCKET_BITS) * n_buckets + (code & _LAST_BUCKET) - first_bucket


@kernel
def bucket_sizes(rows, first_bucket, n_buckets, indptr):
    """Turn the zeros of `indptr`, uint64[places + 1], into row pointers of the rows that concern each account.

    Returns the number of events on oneself, which are in no group.
    """
    n_self = 0
    for item in range(np.uint64(rows.shape[0])):
        i = np.uint64(item)
        if rows[i, 3] == np.uint32(POST):
            indptr[account_place(rows[i, 0], first_bucket, n_buckets) + ONE] += ONE
        elif rows[i, 1] == rows[i, 0]:
            n_self += 1
        elif rows[i, 1] != NOBODY:
            indptr[account_place(rows[i, 1], first_bucket, n_buckets) + ONE] += ONE
    for place in range(ONE, np.uint64(indptr.size)):
        indptr[np.uint64(place)] += indptr[np.uint64(place) - ONE]
    return n_self


@kernel
def bucket_fill(rows, first_bucket, n_buckets, cursor, actors, posts, actions):
    """Write every row into the group of the account that it concerns; `cursor` is a copy of `indptr`."""
    for item in range(np.uint64(rows.shape[0])):
        i = np.uint64(item)
        own = rows[i, 3] == np.uint32(POST)
        if not own and (rows[i, 1] == rows[i, 0] or rows[i, 1] == NOBODY):
            continue
        place = account_place(rows[i, 0] if own else rows[i, 1], first_bucket, n_buckets)
        at = cursor[place]
        cursor[place] = at + ONE
        actors[at] = rows[i, 0]
        posts[at] = rows[i, 2]
        actions[at] = OWN if own else np.uint8(rows[i, 3])
