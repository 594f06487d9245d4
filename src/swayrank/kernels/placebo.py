"""Adoptions counted again under shuffled times: what an order that says nothing would show as well.

Within a post, only arcs among its adopters can turn from a success into none and back, so each post is looked at once
and its arcs counted under every order. Streams belong to (post, shuffle) or (account, shuffle).
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import PLACEBO_ACCOUNTS, PLACEBO_POSTS, advance, below, bits, stream, substream

ZERO, ONE = np.uint64(0), np.uint64(1)


@kernel
def _arcs_among(begin, end, account, indptr, indices, arc, node, place_of, first, ends, chances):
    """The arcs among one post's adopters, by follower: where each one's begin, whom it follows there, with what chance.

    `place_of` is 1 + the place among the adopters of each account, 0 for others, and all 0 again at the end. Returns
    the arrays, which may have had to grow, and the number of self-loops.
    """
    for place in range(begin, end):
        place_of[np.uint64(account[np.uint64(place)])] = np.uint32(np.uint64(place) - begin + ONE)
    n, n_loops = ZERO, np.int64(0)
    by_arc = arc.size > 0
    for place in range(begin, end):
        v = np.uint64(account[np.uint64(place)])
        first[np.uint64(place) - begin] = n
        needed = n + (indptr[v + ONE] - indptr[v])
        if needed > np.uint64(ends.size):
            room = np.uint64(2) * needed
            wider, longer = np.empty(room, np.uint32), np.empty(room)
            wider[:n] = ends[:n]
            longer[:n] = chances[:n]
            ends, chances = wider, longer
        for at in range(indptr[v], indptr[v + ONE]):
            a = np.uint64(at)
            u = np.uint64(indices[a])
            if u == v:
                n_loops += 1
            elif place_of[u] != np.uint32(0):
                ends[n] = place_of[u] - np.uint32(1)
                chances[n] = arc[a] if by_arc else node[v]
                n += ONE
    first[end - begin] = n
    for place in range(begin, end):
        place_of[np.uint64(account[np.uint64(place)])] = np.uint32(0)
    return ends, chances, n_loops


@kernel
def _count_order(n, time, first, ends, chances, floor, counts):
    """Add adoptions after a followee's, and arcs from an earlier adopter, to `counts`; return the log-likelihood."""
    likelihood = 0.0
    for number in range(n):
        j = np.uint64(number)
        risk = 0.0
        parents = np.int64(0)
        for at in range(first[j], first[j + ONE]):
            a = np.uint64(at)
            if time[np.uint64(ends[a])] < time[j]:
                parents += 1
                risk += (1.0 - risk) * chances[a]
        counts[ZERO] += np.int64(parents > 0)
        counts[ONE] += parents
        likelihood += np.log(max(risk, floor))
    return likelihood


@kernel
def _shuffle(state, n, held, time, free):
    """Permute the times of whoever is not held (Fisher and Yates); `free` is scratch."""
    n_free = ZERO
    for number in range(n):
        if held[np.uint64(number)] == 0:
            free[n_free] = np.uint32(number)
            n_free += ONE
    while n_free > ONE:
        state = advance(state)
        i = np.uint64(free[below(bits(state), n_free)])
        n_free -= ONE
        j = np.uint64(free[n_free])
        time[i], time[j] = time[j], time[i]


@kernel
def count_orders(
    key_high, key_low, posts, starts, account, held, times, indptr, indices, arc, node, floor, counts, likelihood
):
    """Count every post under the orders in `times`, int64[given, adoptions], and further ones shuffled within posts.

    Rows of `indptr` and `indices` are whom each follows; `arc` holds probabilities, or is empty and `node` has one for
    each follower. ``counts[s]`` gets the adoptions after a followee's and the arcs from an earlier to a later adopter,
    ``likelihood[s]`` the adoptions' log-likelihood: first the orders given, then shuffles of the first of them in
    which those `held` keep their times. Returns the arcs among adopters, those of them in which either end is held,
    those in which both adopted at once, and the adopters' self-loops.
    """
    n_arcs = n_held = n_ties = n_loops = np.int64(0)
    n_given, n_orders = np.uint64(times.shape[0]), np.uint64(likelihood.size)
    place_of = np.zeros(np.uint64(indptr.size) - ONE, np.uint32)
    ends, chances = np.empty(np.uint64(1024), np.uint32), np.empty(np.uint64(1024))
    largest = ZERO
    for row in range(np.uint64(posts.size)):
        p = np.uint64(posts[np.uint64(row)])
        largest = max(largest, starts[p + ONE] - starts[p])
    first, free = np.empty(largest + ONE, np.uint64), np.empty(largest, np.uint32)
    own = np.empty(largest, np.int64)
    for row in range(np.uint64(posts.size)):
        p = np.uint64(posts[np.uint64(row)])
        begin, end = starts[p], starts[p + ONE]
        n = end - begin
        ends, chances, loops = _arcs_among(
            begin, end, account, indptr, indices, arc, node, place_of, first, ends, chances
        )
        n_loops += loops
        n_arcs += np.int64(first[n])
        time = times[ZERO, begin:end]
        for number in range(n):
            j = np.uint64(number)
            for at in range(first[j], first[j + ONE]):
                i = np.uint64(ends[np.uint64(at)])
                n_held += np.int64(held[begin + i] != 0 or held[begin + j] != 0)
                n_ties += np.int64(time[i] == time[j])
        for order in range(n_orders):
            s = np.uint64(order)
            own[:n] = times[s if s < n_given else ZERO, begin:end]
            if s >= n_given:
                _shuffle(substream(stream(key_high, key_low, PLACEBO_POSTS, p), s), n, held[begin:end], own, free)
            likelihood[s] += _count_order(n, own, first, ends, chances, floor, counts[s])
    return n_arcs, n_held, n_ties, n_loops


@kernel
def shuffle_accounts(key_high, key_low, shuffle, accounts, indptr, held, time):
    """Permute each account's times over its adoptions, but for those held; `held` and `time` start at its first row."""
    base = indptr[np.uint64(accounts[ZERO])]
    largest = ZERO
    for row in range(np.uint64(accounts.size)):
        v = np.uint64(accounts[np.uint64(row)])
        largest = max(largest, indptr[v + ONE] - indptr[v])
    free = np.empty(largest, np.uint32)
    for row in range(np.uint64(accounts.size)):
        v = np.uint64(accounts[np.uint64(row)])
        begin, end = indptr[v] - base, indptr[v + ONE] - base
        state = substream(stream(key_high, key_low, PLACEBO_ACCOUNTS, v), shuffle)
        _shuffle(state, end - begin, held[begin:end], time[begin:end], free)
