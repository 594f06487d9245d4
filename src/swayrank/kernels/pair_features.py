"""What is known of each arc v -> u (v follows u): their engagement, their neighbours, and posts that were tried on v.

All works on a range of arcs [start, stop) in the order of the out-rows; `first_row` is the row of the first of them.
Each arc writes its own cells alone, and the lists that are looked into are sorted, so that neither chunks nor threads
change a bit.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)

N_SUMS = 10  # five counts, five decayed counts
DAYS = np.uint64(10)
PER_PAIR = np.uint64(11)
FOLLOWS_BACK, COMMON, SHARE = np.uint64(22), np.uint64(23), np.uint64(24)


@kernel
def seek(values, low, high, wanted):
    """The first place in the ascending ``values[low:high]`` that is not below `wanted`; looks 1, 2, 4 ... ahead."""
    step = ONE
    reach = low
    while reach < high and values[reach] < wanted:
        low = reach + ONE
        reach += step
        step += step
    high = min(reach, high)
    while low < high:
        middle = (low + high) >> ONE
        if values[middle] < wanted:
            low = middle + ONE
        else:
            high = middle
    return low


@kernel
def common_members(values, i, i_end, j, j_end):
    """How many members two ascending stretches of `values` share: each of the shorter one is sought in the other."""
    if i_end - i > j_end - j:
        i, i_end, j, j_end = j, j_end, i, i_end
    count = ZERO
    while i < i_end and j < j_end:
        j = seek(values, j, j_end, values[i])
        if j < j_end and values[j] == values[i]:
            count += ONE
            j += ONE
        i += ONE
    return count


@kernel
def engagement_of_arcs(
    start, stop, first_row, indptr, indices, pair_indptr, pair_target, pair_sums, pair_time, given, now, day, cap, out
):
    """Fill ``out[arc - start]``, float32[stop - start, 25], for each arc v -> u.

    Cells 0-9 are the sums of the pair (v, u) and 10 the days since its last act, NaN without one; 11-21 the same of the
    pair (u, v); 22 whether u follows v; 23 how many accounts both follow, NaN where both follow more than `cap`; 24 the
    share of ``given[v]``, all that v gave, that went to u.
    """
    v = np.uint64(first_row)
    for position in range(start, stop):
        arc = np.uint64(position)
        while indptr[v + ONE] <= arc:
            v += ONE
        u = np.uint64(indices[arc])
        row = arc - np.uint64(start)
        for side in range(np.uint64(2)):
            base = np.uint64(side) * PER_PAIR
            actor, target = (v, u) if base == ZERO else (u, v)
            end = pair_indptr[actor + ONE]
            pair = seek(pair_target, pair_indptr[actor], end, np.uint32(target))
            if pair < end and np.uint64(pair_target[pair]) == target:
                for k in range(np.uint64(N_SUMS)):
                    out[row, base + np.uint64(k)] = pair_sums[pair, np.uint64(k)]
                out[row, base + DAYS] = np.float32(np.float64(now - pair_time[pair]) / day)
            else:
                for k in range(np.uint64(N_SUMS)):
                    out[row, base + np.uint64(k)] = np.float32(0.0)
                out[row, base + DAYS] = np.float32(np.nan)
        back = seek(indices, indptr[u], indptr[u + ONE], np.uint32(v))
        returned = back < indptr[u + ONE] and np.uint64(indices[back]) == v
        out[row, FOLLOWS_BACK] = np.float32(1.0) if returned else np.float32(0.0)
        if min(indptr[v + ONE] - indptr[v], indptr[u + ONE] - indptr[u]) > cap:
            out[row, COMMON] = np.float32(np.nan)
        else:
            n_common = common_members(indices, indptr[v], indptr[v + ONE], indptr[u], indptr[u + ONE])
            out[row, COMMON] = np.float32(n_common)
        toward = 0.0
        for k in range(np.uint64(N_SUMS // 2)):
            toward += out[row, np.uint64(k)]
        out[row, SHARE] = np.float32(toward / given[v]) if given[v] > 0.0 else np.float32(0.0)


@kernel
def trials_of_arcs(start, stop, first_row, indptr, indices, adopt_indptr, post, time, begin, since, eligible, out):
    """Fill ``out[arc - start]``, uint32[stop - start, 2]: posts of u that were tried on v, and those that v took up.

    The plain formula, over the posts p that u adopted with ``begin >= since``::

        trials    = number of p that v had not adopted at a time <= u's
        successes = number of p that v adopted at a time > u's

    Adoptions are ascending by post within an account; ``eligible[u]`` is how many of u's begin at `since` or later.
    """
    v = np.uint64(first_row)
    for position in range(start, stop):
        arc = np.uint64(position)
        while indptr[v + ONE] <= arc:
            v += ONE
        u = np.uint64(indices[arc])
        i, i_end = adopt_indptr[u], adopt_indptr[u + ONE]
        j, j_end = adopt_indptr[v], adopt_indptr[v + ONE]
        before, after = np.uint32(0), np.uint32(0)
        while i < i_end and j < j_end:
            if post[i] < post[j]:
                i = seek(post, i, i_end, post[j])
            elif post[j] < post[i]:
                j = seek(post, j, j_end, post[i])
            else:
                if begin[i] >= since:
                    if time[j] > time[i]:
                        after += np.uint32(1)
                    else:
                        before += np.uint32(1)
                i += ONE
                j += ONE
        row = arc - np.uint64(start)
        out[row, ZERO] = eligible[u] - before
        out[row, ONE] = after
