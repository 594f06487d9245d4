"""Who can have had a post from whom, and what follows for everybody: parents, latent credit, the shapes of trees.

Adoptions stand grouped by post, ascending in time; a *position* is a place in that order. Whoever adopted strictly
before is a possible parent, so those of one moment are nothing to each other. Every kernel here works on the posts
first ... last - 1 and writes what belongs to position i at ``i - indptr[first]``.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import kernel

ZERO, ONE = np.uint64(0), np.uint64(1)
NOBODY = np.uint32(2**32 - 1)
_SEARCH_COSTS = np.uint64(8)


@kernel(inline=True)
def row_position(indices, low, high, wanted):
    """Where `wanted` stands in the ascending ``indices[low:high]``, or `high` where it is not there."""
    stop = high
    while low < high:
        middle = (low + high) >> ONE
        if indices[middle] < wanted:
            low = middle + ONE
        else:
            high = middle
    return low if low < stop and indices[low] == wanted else stop


@kernel
def find_parents(first, last, indptr, account, time, follows_indptr, follows, place, sizes, parents):
    """Count the followees of each adopter that adopted the post strictly before; write their positions, ascending.

    ``parents`` is empty in a first pass that only fills `sizes`, and holds their sum in the second. `place` is scratch,
    uint32 per account, all NOBODY, and so again in the end. Of the account's followees and the post's earlier
    adopters the shorter list is walked.
    """
    base = indptr[first]
    fill = parents.size > 0
    cursor = ZERO
    for number in range(first, last):
        post = np.uint64(number)
        start, stop = indptr[post], indptr[post + ONE]
        entered = start
        for row in range(start, stop):
            i = np.uint64(row)
            while time[entered] < time[i]:
                place[np.uint64(account[entered])] = np.uint32(entered)
                entered += ONE
            v = np.uint64(account[i])
            low, high = follows_indptr[v], follows_indptr[v + ONE]
            found = ZERO
            if high - low <= _SEARCH_COSTS * (entered - start):
                for arc in range(low, high):
                    where = place[np.uint64(follows[np.uint64(arc)])]
                    if where != NOBODY:
                        if fill:
                            parents[cursor + found] = where
                        found += ONE
                if fill and found > ONE:
                    parents[cursor : cursor + found] = np.sort(parents[cursor : cursor + found])
            else:
                for earlier in range(start, entered):
                    e = np.uint64(earlier)
                    if row_position(follows, low, high, account[e]) < high:
                        if fill:
                            parents[cursor + found] = np.uint32(e)
                        found += ONE
            sizes[i - base] = np.uint32(found)
            cursor += found
        for row in range(start, entered):
            place[np.uint64(account[np.uint64(row)])] = NOBODY


@kernel
def earlier_pairs(first, last, indptr, time, moment, weight, named, rate, child, parent, share):
    """Write every adoption's possible parents one by one, with their shares: what :func:`latent_credit` sums unseen.

    The plain formula: the share of k in i, over all k of the post with an earlier time::

        weight[k] * exp(-rate * (moment[i] - moment[k])) / sum of the same over all such k

    or all to ``named[i]``. Returns how many were written; with `child` empty it only counts.
    """
    n = ZERO
    for number in range(first, last):
        post = np.uint64(number)
        start, stop = indptr[post], indptr[post + ONE]
        earlier = start
        for row in range(start, stop):
            i = np.uint64(row)
            while time[earlier] < time[i]:
                earlier += ONE
            if earlier == start:
                continue
            known = named[i] != NOBODY
            if child.size == 0:
                n += ONE if known else earlier - start
                continue
            if known:
                child[n], parent[n], share[n] = np.uint32(i), named[i], 1.0
                n += ONE
                continue
            total = 0.0
            begin = n
            for before in range(start, earlier):
                k = np.uint64(before)
                term = weight[k] * math.exp(-rate * np.float64(moment[earlier - ONE] - moment[k]))
                child[n], parent[n], share[n] = np.uint32(i), np.uint32(k), term
                total += term
                n += ONE
            for k in range(begin, n):
                share[np.uint64(k)] /= total
    return n


@kernel
def latent_credit(first, last, indptr, time, moment, weight, named, rate, below, credit, credited):
    """Credit each adoption with its share of every later one, without looking at pairs.

    With p[i, j] the share of i in j as :func:`earlier_pairs` has it, the plain formula is::

        credit[i] = sum over later j of p[i, j] * (1 + credit[j] if below else 1)

    so that 1 + credit[i] with `below` is the expected size of the subtree under i. The kernel is exponential, so all
    that went before a moment can be carried along as one sum, decayed from moment to moment: forward
    S = sum of weight[k] * exp(-rate * (m - moment[k])), backward the terms that later ones will hand to weight[i].
    Both are measured from the moment *before* the adoption they are about (the factor cancels), so that no gap,
    however long, makes a sum vanish. O(adoptions).

    ``credited[i]`` is how many later adoptions gave a share. Both outputs are zero before. `weight` must be positive.
    """
    base = indptr[first]
    for number in range(first, last):
        post = np.uint64(number)
        start, stop = indptr[post], indptr[post + ONE]
        if stop - start < np.uint64(2):
            continue
        inverse = np.zeros(stop - start)
        before = 0.0
        i = start
        while i < stop:
            end = i
            while end < stop and time[end] == time[i]:
                inverse[end - start] = 1.0 / before if before > 0.0 else 0.0
                end += ONE
            if i > start:
                before *= math.exp(-rate * np.float64(moment[i] - moment[i - ONE]))
            while i < end:
                before += weight[i]
                i += ONE
        after = 0.0
        n_after = 0
        i = stop
        while i > start:
            end = i
            while i > start and time[i - ONE] == time[end - ONE]:
                i -= ONE
            handed = 0.0
            n_handed = 0
            for row in range(i, end):
                j = np.uint64(row)
                credit[j - base] += weight[j] * after
                credited[j - base] += n_after
                worth = 1.0 + credit[j - base] if below else 1.0
                if named[j] != NOBODY:
                    credit[np.uint64(named[j]) - base] += worth
                    credited[np.uint64(named[j]) - base] += 1
                else:
                    handed += worth * inverse[j - start]
                    n_handed += 1
            if i > start:
                after = handed + after * math.exp(-rate * np.float64(moment[i] - moment[i - ONE]))
                n_after += n_handed


@kernel
def tree_shapes(first, last, indptr, parent, depth, below, n_roots, height, breadth, distance, pairs):
    """The shape of each post's tree or trees, from every adoption's one parent (NOBODY for roots).

    Per position: `depth`, and `below`, the size of its subtree, itself included. Per post: roots, greatest depth, the
    most adoptions of one depth, and over all pairs that have a path the sum of their distances and their number: an
    edge with s nodes below it lies between s * (size of the tree - s) pairs.
    """
    base = indptr[first]
    for number in range(first, last):
        post = np.uint64(number)
        start, stop = indptr[post], indptr[post + ONE]
        root = np.empty(stop - start, np.uint64)
        width = np.zeros(stop - start, np.int64)
        p = post - np.uint64(first)
        for row in range(start, stop):
            i = np.uint64(row)
            below[i - base] = np.uint32(1)
            if parent[i] == NOBODY:
                depth[i - base] = np.uint32(0)
                root[i - start] = i
                n_roots[p] += 1
            else:
                above = np.uint64(parent[i])
                depth[i - base] = depth[above - base] + np.uint32(1)
                root[i - start] = root[above - start]
            width[np.uint64(depth[i - base])] += 1
            height[p] = max(height[p], np.int64(depth[i - base]))
        for row in range(stop - start):
            i = stop - ONE - np.uint64(row)
            breadth[p] = max(breadth[p], width[i - start])
            if parent[i] != NOBODY:
                below[np.uint64(parent[i]) - base] += below[i - base]
        for row in range(start, stop):
            i = np.uint64(row)
            s, whole = np.int64(below[i - base]), np.int64(below[root[i - start] - base])
            if parent[i] == NOBODY:
                pairs[p] += s * (s - 1) // 2
            else:
                distance[p] += s * (whole - s)
