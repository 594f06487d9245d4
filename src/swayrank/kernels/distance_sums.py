"""Distances from up to 256 sources to every node at once, one bit per source, summed as they are found.

Plainly, for every node v, over the sources s with 0 < d(s, v) < infinity::

    totals[0, v] += 1 / d      totals[1, v] += 1 / d^2
    totals[2, v] += 1          totals[3, v] += d          totals[4, v] += d^2

A node holds four words of bits: which sources have reached it, and which did so in the last step (bit-parallel
breadth-first search; Then et al. 2014, "The more the merrier", doi:10.14778/2735496.2735507). A step that few arcs
leave pushes along them; a step that many leave pulls, and a node stops pulling when it has all bits. The counts of new
bits are integers and steps come in order, so that the sums do not depend on which way a step went.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.cascade import popcount
from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, below, bits, stream

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)
THREE = np.uint64(3)

SOURCES = 256
"""Most sources of one search."""
ROWS = 5
"""Rows of `totals`."""

_S6, _LOW6 = np.uint64(6), np.uint64(63)
# A pulled arc is cheaper than a pushed one, and many are left out.
_PULL = np.uint64(4)


@kernel
def draw_sources(key_high, key_low, purpose, first, n, sources):
    """Fill `sources` with the uniform draws of the items numbered from `first` on."""
    for i in range(np.uint64(sources.size)):
        state = stream(key_high, key_low, np.uint64(purpose), np.uint64(first) + np.uint64(i))
        sources[np.uint64(i)] = np.uint32(below(bits(advance(state)), np.uint64(n)))


@kernel(inline=True)
def note(fresh0, fresh1, fresh2, fresh3, distance, v, totals):
    """Add the new bits of a node to the sums."""
    count = np.float64(np.int64(popcount(fresh0) + popcount(fresh1) + popcount(fresh2) + popcount(fresh3)))
    totals[0, v] += count / distance
    totals[1, v] += count / (distance * distance)
    totals[2, v] += count
    totals[3, v] += count * distance
    totals[4, v] += count * distance * distance


@kernel
def push(indptr, indices, seen, front, fresh, active, n_active, touched, distance, totals):
    """Hand the last step's bits on along the arcs; returns how many nodes got new ones, the first of `touched`."""
    n_touched = ZERO
    for i in range(n_active):
        v = np.uint64(active[np.uint64(i)])
        at = v << TWO
        f0, f1, f2, f3 = front[at], front[at + ONE], front[at + TWO], front[at + THREE]
        front[at] = front[at + ONE] = front[at + TWO] = front[at + THREE] = ZERO
        for arc in range(indptr[v], indptr[v + ONE]):
            w = np.uint64(indices[np.uint64(arc)])
            to = w << TWO
            g0, g1, g2, g3 = fresh[to], fresh[to + ONE], fresh[to + TWO], fresh[to + THREE]
            if g0 | g1 | g2 | g3 == ZERO:
                touched[n_touched] = np.uint32(w)
                n_touched += ONE
            fresh[to] = g0 | f0
            fresh[to + ONE] = g1 | f1
            fresh[to + TWO] = g2 | f2
            fresh[to + THREE] = g3 | f3
    kept = ZERO
    for i in range(n_touched):
        w = np.uint64(touched[np.uint64(i)])
        at = w << TWO
        g0, g1 = fresh[at] & ~seen[at], fresh[at + ONE] & ~seen[at + ONE]
        g2, g3 = fresh[at + TWO] & ~seen[at + TWO], fresh[at + THREE] & ~seen[at + THREE]
        fresh[at], fresh[at + ONE], fresh[at + TWO], fresh[at + THREE] = g0, g1, g2, g3
        if g0 | g1 | g2 | g3 != ZERO:
            seen[at] |= g0
            seen[at + ONE] |= g1
            seen[at + TWO] |= g2
            seen[at + THREE] |= g3
            note(g0, g1, g2, g3, distance, w, totals)
            touched[kept] = np.uint32(w)
            kept += ONE
    return kept


@kernel
def pull(in_indptr, in_indices, seen, front, fresh, full, touched, distance, totals):
    """Gather the last step's bits along the arcs; returns how many nodes got new ones, listed in `touched`."""
    kept = ZERO
    a0, a1, a2, a3 = full[0], full[1], full[2], full[3]
    for row in range(np.uint64(touched.size)):
        v = np.uint64(row)
        at = v << TWO
        s0, s1, s2, s3 = seen[at], seen[at + ONE], seen[at + TWO], seen[at + THREE]
        if (a0 ^ s0) | (a1 ^ s1) | (a2 ^ s2) | (a3 ^ s3) == ZERO:
            continue
        g0, g1, g2, g3 = s0, s1, s2, s3
        for arc in range(in_indptr[v], in_indptr[v + ONE]):
            of = np.uint64(in_indices[np.uint64(arc)]) << TWO
            g0 |= front[of]
            g1 |= front[of + ONE]
            g2 |= front[of + TWO]
            g3 |= front[of + THREE]
            if (a0 ^ g0) | (a1 ^ g1) | (a2 ^ g2) | (a3 ^ g3) == ZERO:
                break
        seen[at], seen[at + ONE], seen[at + TWO], seen[at + THREE] = g0, g1, g2, g3
        g0, g1, g2, g3 = g0 ^ s0, g1 ^ s1, g2 ^ s2, g3 ^ s3
        if g0 | g1 | g2 | g3 != ZERO:
            fresh[at], fresh[at + ONE], fresh[at + TWO], fresh[at + THREE] = g0, g1, g2, g3
            note(g0, g1, g2, g3, distance, v, totals)
            touched[kept] = np.uint32(v)
            kept += ONE
    return kept


@kernel
def sum_distances(indptr, indices, in_indptr, in_indices, sources, words, lists, totals):
    """Add the distances along the arcs from at most 256 `sources`, which may repeat, to `totals`.

    Scratch: `words` uint64[3, 4 n], any content; `lists` uint32[2, n], any content.
    """
    m = np.uint64(indices.size)
    words[:] = ZERO
    seen, front, fresh = words[0], words[1], words[2]
    active, touched = lists[0], lists[1]
    full = np.zeros(4, np.uint64)
    n_active = ZERO
    volume = ZERO
    for i in range(np.uint64(sources.size)):
        lane = np.uint64(i)
        v = np.uint64(sources[lane])
        bit = ONE << (lane & _LOW6)
        at = v << TWO
        if front[at] | front[at + ONE] | front[at + TWO] | front[at + THREE] == ZERO:
            active[n_active] = np.uint32(v)
            n_active += ONE
            volume += indptr[v + ONE] - indptr[v]
        front[at + (lane >> _S6)] |= bit
        seen[at + (lane >> _S6)] |= bit
        full[lane >> _S6] |= bit
    distance = np.float64(1.0)
    while n_active > ZERO and volume > ZERO:
        if volume * _PULL > m:
            kept = pull(in_indptr, in_indices, seen, front, fresh, full, touched, distance, totals)
            for i in range(n_active):
                at = np.uint64(active[np.uint64(i)]) << TWO
                front[at] = front[at + ONE] = front[at + TWO] = front[at + THREE] = ZERO
        else:
            kept = push(indptr, indices, seen, front, fresh, active, n_active, touched, distance, totals)
        front, fresh = fresh, front
        active, touched = touched, active
        n_active = kept
        volume = ZERO
        for i in range(n_active):
            v = np.uint64(active[np.uint64(i)])
            volume += indptr[v + ONE] - indptr[v]
        distance += 1.0
