"""Counts and credit over action logs: tallies, groups by account, and sums that no order of rows can change.

An *interaction* is a row with a target that is not its actor. Rows arrive in any order; every answer is an integer,
or comes from integers, so that the order changes no bit (D4).
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)
NOBODY = np.uint32(2**32 - 1)

# Fixed point of the decayed sums: see `decayed_sums`.
FRACTION_BITS = 40
EPOCH_HALF_LIVES = 48
N_EPOCHS = 3
WORD_BITS = np.uint64(64)
LN2 = 0.6931471805599453
EXP_SERIES = 1.0 / np.cumprod(np.append(1.0, np.arange(1.0, 18.0)))  # 1 / k!, each factorial exact


@kernel
def tally_actions(actor, target, action, given, counts):
    """Add every interaction to ``counts[target, action]`` (or of the actor, if `given`); return the self-interactions.

    `counts` is int64[n_accounts, n_actions] and zero.
    """
    n_self = 0
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if target[i] == NOBODY:
            continue
        if target[i] == actor[i]:
            n_self += 1
            continue
        account = actor[i] if given else target[i]
        counts[np.uint64(account), np.uint64(action[i])] += 1
    return n_self


@kernel
def group_sizes(actor, target, action, wanted, indptr):
    """Turn the zeros of `indptr`, uint64[n_accounts + 1], into row pointers of the wanted interactions by target.

    `wanted` is uint8 per action. Returns the number of wanted self-interactions, which are in no group.
    """
    n_self = 0
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if target[i] == NOBODY or wanted[np.uint64(action[i])] == 0:
            continue
        if target[i] == actor[i]:
            n_self += 1
        else:
            indptr[np.uint64(target[i]) + ONE] += ONE
    for row in range(ONE, np.uint64(indptr.size)):
        indptr[np.uint64(row)] += indptr[np.uint64(row) - ONE]
    return n_self


@kernel
def group_fill(actor, target, action, wanted, member, cursor, members):
    """Write ``member[i]`` of every wanted interaction i into its target's group; `cursor` is a copy of `indptr`."""
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if target[i] == NOBODY or target[i] == actor[i] or wanted[np.uint64(action[i])] == 0:
            continue
        t = np.uint64(target[i])
        members[cursor[t]] = member[i]
        cursor[t] += ONE


@kernel
def distinct_members(indptr, members, last_seen, counts):
    """Count the distinct members of each group: a member is new to a group if it was last seen in another one.

    `last_seen` is uint32 per possible member, all NOBODY; `counts` is int64 per group.
    """
    for row in range(np.uint64(counts.size)):
        g = np.uint64(row)
        n_new = 0
        for place in range(indptr[g], indptr[g + ONE]):
            m = np.uint64(members[np.uint64(place)])
            if last_seen[m] != g:
                last_seen[m] = np.uint32(g)
                n_new += 1
        counts[g] = n_new


@kernel
def h_indices(indptr, members, tally, histogram, h):
    """The h-index of each group: the largest h such that h of its members occur at least h times in it.

    `members` may hold NOBODY (no post was named), which counts for nothing. Scratch: `tally` uint32 per possible
    member and `histogram` uint32[isqrt(largest group) + 1], both zero, and zero again at the end. An h takes h * h
    rows, so counts above the root of the group's size need not be told apart.
    """
    for row in range(np.uint64(h.size)):
        g = np.uint64(row)
        start, stop = indptr[g], indptr[g + ONE]
        for place in range(start, stop):
            m = members[np.uint64(place)]
            if m != NOBODY:
                tally[np.uint64(m)] += np.uint32(1)
        cap = np.uint64(0)
        while (cap + ONE) * (cap + ONE) <= stop - start:
            cap += ONE
        for place in range(start, stop):
            m = members[np.uint64(place)]
            if m != NOBODY and tally[np.uint64(m)] > 0:
                histogram[min(np.uint64(tally[np.uint64(m)]), cap)] += np.uint32(1)
                tally[np.uint64(m)] = np.uint32(0)
        n_at_least = np.uint64(0)
        best = np.uint64(0)
        for back in range(cap):
            level = cap - np.uint64(back)
            n_at_least += np.uint64(histogram[level])
            histogram[level] = np.uint32(0)
            if n_at_least >= level and level > best:
                best = level
        h[g] = np.int64(best)


@kernel(inline=True)
def exp2_fraction(f):
    """2 ** f for f in [0, 1] by the exponential series: our own, so that every machine gives the same bits."""
    y = f * LN2
    total = EXP_SERIES[17]
    for k in range(17):
        total = total * y + EXP_SERIES[16 - k]
    return total


@kernel
def decayed_sums(actor, target, action, time, weight, action_weight, half_life, until, first_epoch, low, high, rows):
    """Add every interaction's decayed weight to 128-bit fixed-point sums per epoch and target; integers only.

    The plain formula, with times and half-life in microseconds and times counted from 1970::

        term = action_weight[action] * weight * 2 ** (time / half_life)

    ``time / half_life`` is k + f with k whole. The term ``w * 2 ** f`` is rounded to FRACTION_BITS binary places, and
    shifted left by k's place within its epoch of EPOCH_HALF_LIVES; ``(high, low)[epoch, target]`` is the sum of these
    integers, so the unit of epoch E is ``2 ** (EPOCH_HALF_LIVES * E - FRACTION_BITS)``. Rows before `first_epoch` are
    left out: beside the newest rows they weigh less than 2 ** -96. The caller sees to it that sums stay below 2 ** 128.

    `weight` is empty where every row weighs 1. `rows` is int64 per target: how many rows were added.
    Returns the numbers of rows left out: self-interactions, rows without a time, and rows after `until`.
    """
    n_late = 0
    n_self = 0
    n_undated = 0
    scale = 2.0**FRACTION_BITS
    for row in range(np.uint64(actor.size)):
        i = np.uint64(row)
        if target[i] == NOBODY:
            continue
        w = action_weight[np.uint64(action[i])]
        if weight.size > 0:
            w *= weight[i]
        if w == 0.0:
            continue
        if target[i] == actor[i]:
            n_self += 1
            continue
        if time[i] == np.int64(-(2**63)):
            n_undated += 1
            continue
        if time[i] > until:
            n_late += 1
            continue
        k = time[i] // half_life
        f = np.float64(time[i] - k * half_life) / np.float64(half_life)
        epoch = k // EPOCH_HALF_LIVES
        t = np.uint64(target[i])
        rows[t] += 1
        if epoch < first_epoch:
            continue
        quantum = np.uint64(w * exp2_fraction(f) * scale + 0.5)
        shift = np.uint64(k - epoch * EPOCH_HALF_LIVES)
        e = np.uint64(epoch - first_epoch)
        added = quantum << shift
        carried = quantum >> (WORD_BITS - shift) if shift > ZERO else ZERO
        total = low[e, t] + added
        if total < added:
            carried += ONE
        low[e, t] = total
        high[e, t] += carried
    return n_self, n_undated, n_late
