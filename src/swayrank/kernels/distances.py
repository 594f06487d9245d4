"""Distances from many sources at once: 512 breadth-first searches in step, and Dijkstra one source after another.

The plain formulas, for every node v and the sources s in the batch that reach it, s itself left out::

    reached[v] = number of s        sums[v] = sum of value(d(s, v))        last[v] = max of d(s, v)

with value(d) = d (closeness) or 1 / d (harmonic). These are added up at the node that is reached, so that the bits of
a word need no transposition: how many searches arrive at v in a level is a popcount. Sums of the sources, where they
are asked for, take a counter for every bit.

Bit-parallel search (Then et al. 2014, doi:10.14778/2735496.2735507): a node holds one cache line of 512 bits for those
who have seen it and one for those who arrived in the last level. While few nodes carry new bits they push them along
their rows; when many do, each node that someone still lacks pulls from its in-neighbours and stops as soon as nobody
lacks it (Beamer et al. 2012, doi:10.1109/SC.2012.50). With hubs first, that is soon. The eight words of a line live in
eight scalars: a loop over them would be a loop at run time.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel, prefetch

ZERO = np.uint64(0)
ONE = np.uint64(1)
# A line of eight words, one cache line.
WORDS = np.uint64(8)
WIDTH = np.uint64(512)
# Pushing touches three lines per arc, out of order, where pulling touches one.
PUSH_COST = np.uint64(4)
AHEAD = np.uint64(8)

PAIRS = np.uint64(0x5555555555555555)
FOURS = np.uint64(0x3333333333333333)
EIGHTS = np.uint64(0x0F0F0F0F0F0F0F0F)
BYTES = np.uint64(0x0101010101010101)


@kernel(inline=True)
def ones(word):
    """How many bits are set; LLVM makes one instruction of it."""
    word = word - ((word >> ONE) & PAIRS)
    word = (word & FOURS) + ((word >> np.uint64(2)) & FOURS)
    word = (word + (word >> np.uint64(4))) & EIGHTS
    return (word * BYTES) >> np.uint64(56)


@kernel
def push(indptr, indices, active, n_active, seen, fresh, arriving, arrived):
    """Hand the new bits of the active nodes on along their rows; list who got any. Returns how many did."""
    n_arrived = ZERO
    for place in range(n_active):
        u = np.uint64(active[np.uint64(place)])
        a = u * WORDS
        f0, f1, f2, f3 = fresh[a], fresh[a + np.uint64(1)], fresh[a + np.uint64(2)], fresh[a + np.uint64(3)]
        f4, f5, f6, f7 = (
            fresh[a + np.uint64(4)],
            fresh[a + np.uint64(5)],
            fresh[a + np.uint64(6)],
            fresh[a + np.uint64(7)],
        )
        for arc in range(indptr[u], indptr[u + ONE]):
            v = np.uint64(indices[np.uint64(arc)])
            b = v * WORDS
            g0 = f0 & ~seen[b]
            g1 = f1 & ~seen[b + np.uint64(1)]
            g2 = f2 & ~seen[b + np.uint64(2)]
            g3 = f3 & ~seen[b + np.uint64(3)]
            g4 = f4 & ~seen[b + np.uint64(4)]
            g5 = f5 & ~seen[b + np.uint64(5)]
            g6 = f6 & ~seen[b + np.uint64(6)]
            g7 = f7 & ~seen[b + np.uint64(7)]
            if (g0 | g1 | g2 | g3 | g4 | g5 | g6 | g7) == ZERO:
                continue
            h0, h1, h2, h3 = (
                arriving[b],
                arriving[b + np.uint64(1)],
                arriving[b + np.uint64(2)],
                arriving[b + np.uint64(3)],
            )
            h4, h5, h6, h7 = (
                arriving[b + np.uint64(4)],
                arriving[b + np.uint64(5)],
                arriving[b + np.uint64(6)],
                arriving[b + np.uint64(7)],
            )
            if (h0 | h1 | h2 | h3 | h4 | h5 | h6 | h7) == ZERO:
                arrived[n_arrived] = np.uint32(v)
                n_arrived += ONE
            arriving[b] = h0 | g0
            arriving[b + np.uint64(1)] = h1 | g1
            arriving[b + np.uint64(2)] = h2 | g2
            arriving[b + np.uint64(3)] = h3 | g3
            arriving[b + np.uint64(4)] = h4 | g4
            arriving[b + np.uint64(5)] = h5 | g5
            arriving[b + np.uint64(6)] = h6 | g6
            arriving[b + np.uint64(7)] = h7 | g7
    return n_arrived


@kernel
def pull(in_indptr, in_indices, lacking, n_lacking, everyone, seen, fresh, arriving, arrived):
    """Gather new bits for each node that somebody lacks; list who got any. Returns how many did."""
    n_arrived = ZERO
    n_arcs = np.uint64(in_indices.size)
    for place in range(n_lacking):
        v = np.uint64(lacking[np.uint64(place)])
        b = v * WORDS
        # Who still lacks v: every new bit strikes one out.
        o0, o1, o2, o3 = (
            everyone[0] & ~seen[b],
            everyone[1] & ~seen[b + np.uint64(1)],
            everyone[2] & ~seen[b + np.uint64(2)],
            everyone[3] & ~seen[b + np.uint64(3)],
        )
        o4, o5, o6, o7 = (
            everyone[4] & ~seen[b + np.uint64(4)],
            everyone[5] & ~seen[b + np.uint64(5)],
            everyone[6] & ~seen[b + np.uint64(6)],
            everyone[7] & ~seen[b + np.uint64(7)],
        )
        l0, l1, l2, l3, l4, l5, l6, l7 = o0, o1, o2, o3, o4, o5, o6, o7
        for arc in range(in_indptr[v], in_indptr[v + ONE]):
            e = np.uint64(arc)
            if e + AHEAD < n_arcs:
                prefetch(fresh, np.uint64(in_indices[e + AHEAD]) * WORDS)
            a = np.uint64(in_indices[e]) * WORDS
            l0 &= ~fresh[a]
            l1 &= ~fresh[a + np.uint64(1)]
            l2 &= ~fresh[a + np.uint64(2)]
            l3 &= ~fresh[a + np.uint64(3)]
            l4 &= ~fresh[a + np.uint64(4)]
            l5 &= ~fresh[a + np.uint64(5)]
            l6 &= ~fresh[a + np.uint64(6)]
            l7 &= ~fresh[a + np.uint64(7)]
            if (l0 | l1 | l2 | l3 | l4 | l5 | l6 | l7) == ZERO:
                break
        g0, g1, g2, g3, g4, g5, g6, g7 = o0 ^ l0, o1 ^ l1, o2 ^ l2, o3 ^ l3, o4 ^ l4, o5 ^ l5, o6 ^ l6, o7 ^ l7
        if (g0 | g1 | g2 | g3 | g4 | g5 | g6 | g7) != ZERO:
            arrived[n_arrived] = np.uint32(v)
            n_arrived += ONE
            arriving[b] = g0
            arriving[b + np.uint64(1)] = g1
            arriving[b + np.uint64(2)] = g2
            arriving[b + np.uint64(3)] = g3
            arriving[b + np.uint64(4)] = g4
            arriving[b + np.uint64(5)] = g5
            arriving[b + np.uint64(6)] = g6
            arriving[b + np.uint64(7)] = g7
    return n_arrived


@kernel
def settle(active, n_active, level, value, seen, fresh, reached, sums, last):
    """Count the bits that arrived in this level at each active node, and mark them as seen."""
    for place in range(n_active):
        v = np.uint64(active[np.uint64(place)])
        b = v * WORDS
        count = ZERO
        for word in range(b, b + WORDS):
            new = fresh[np.uint64(word)]
            count += ones(new)
            seen[np.uint64(word)] |= new
        reached[v] += np.int64(count)
        sums[v] += value * np.float64(np.int64(count))
        last[v] = max(last[v], level)


@kernel
def tally(active, n_active, fresh, planes, level, value, reached, sums, last):
    """Count, for each bit of a line, at how many active nodes it arrived in this level; add that to its source.

    The counters stand upright: ``planes[p, word]`` holds digit p of the counters of 64 bits, and a word is added to
    all of them by carrying from plane to plane.
    """
    planes[:] = ZERO
    for place in range(n_active):
        b = np.uint64(active[np.uint64(place)]) * WORDS
        for word in range(WORDS):
            w = np.uint64(word)
            carry = fresh[b + w]
            digit = ZERO
            while carry != ZERO:
                old = planes[digit, w]
                planes[digit, w] = old ^ carry
                carry &= old
                digit += ONE
    for bit in range(np.uint64(reached.size)):
        i = np.uint64(bit)
        count = ZERO
        for digit in range(np.uint64(planes.shape[0])):
            d = np.uint64(digit)
            count |= ((planes[d, i >> np.uint64(6)] >> (i & np.uint64(63))) & ONE) << d
        if count != ZERO:
            reached[i] += np.int64(count)
            sums[i] += value * np.float64(np.int64(count))
            last[i] = level


@kernel
def still_lacking(in_indptr, lacking, n_lacking, everyone, seen):
    """Forget the nodes that everybody has seen, and those that nobody can; returns how many are left."""
    kept = ZERO
    for place in range(n_lacking):
        v = np.uint64(lacking[np.uint64(place)])
        left = ZERO
        for word in range(WORDS):
            left |= everyone[np.uint64(word)] & ~seen[v * WORDS + np.uint64(word)]
        if left != ZERO and in_indptr[v] < in_indptr[v + ONE]:
            lacking[kept] = np.uint32(v)
            kept += ONE
    return kept


@kernel
def search_together(
    indptr, indices, in_indptr, in_indices, sources, inverse, of_sources, reached, sums, last, lines, nodes
):
    """Search from `sources` along the arcs, 512 at a time, and add to `reached`, `sums` and `last`.

    `sums` gains 1 / d with `inverse`, else d. The three belong to the nodes reached, or with `of_sources` to the
    sources, in their order. Scratch, any content: `lines` uint64[3, 8 n], which begins on a cache line, and `nodes`
    uint32[3, n].
    """
    n = np.uint64(indptr.size) - ONE
    n_arcs = np.uint64(indices.size)
    seen, fresh, arriving = lines[0], lines[1], lines[2]
    active, arrived, lacking = nodes[0], nodes[1], nodes[2]
    everyone = np.zeros(8, np.uint64)
    planes = np.zeros((33, 8), np.uint64)
    for first in range(ZERO, np.uint64(sources.size), WIDTH):
        begin = np.uint64(first)
        width = min(WIDTH, np.uint64(sources.size) - begin)
        end = begin + width
        seen[:] = ZERO
        fresh[:] = ZERO
        arriving[:] = ZERO
        everyone[:] = ZERO
        for bit in range(width):
            i = np.uint64(bit)
            s = np.uint64(sources[begin + i])
            mask = ONE << (i & np.uint64(63))
            everyone[i >> np.uint64(6)] |= mask
            seen[s * WORDS + (i >> np.uint64(6))] |= mask
            fresh[s * WORDS + (i >> np.uint64(6))] |= mask
            active[i] = np.uint32(s)
        n_active = width
        # All nodes, but not before somebody pulls.
        n_lacking = ZERO
        level = np.uint32(0)
        pulled = False
        while n_active > ZERO:
            level += np.uint32(1)
            value = 1.0 / np.float64(level) if inverse else np.float64(level)
            leaving = ZERO
            for place in range(n_active):
                u = np.uint64(active[np.uint64(place)])
                leaving += indptr[u + ONE] - indptr[u]
            if PUSH_COST * leaving < n_arcs:
                n_arrived = push(indptr, indices, active, n_active, seen, fresh, arriving, arrived)
            else:
                if not pulled:
                    for row in range(n):
                        lacking[np.uint64(row)] = np.uint32(row)
                    n_lacking = n
                    pulled = True
                n_lacking = still_lacking(in_indptr, lacking, n_lacking, everyone, seen)
                n_arrived = pull(in_indptr, in_indices, lacking, n_lacking, everyone, seen, fresh, arriving, arrived)
            for place in range(n_active):
                b = np.uint64(active[np.uint64(place)]) * WORDS
                for word in range(b, b + WORDS):
                    fresh[np.uint64(word)] = ZERO
            fresh, arriving = arriving, fresh
            active, arrived = arrived, active
            n_active = n_arrived
            if of_sources:
                tally(
                    active, n_active, fresh, planes, level, value, reached[begin:end], sums[begin:end], last[begin:end]
                )
                for place in range(n_active):
                    b = np.uint64(active[np.uint64(place)]) * WORDS
                    for word in range(b, b + WORDS):
                        seen[np.uint64(word)] |= fresh[np.uint64(word)]
            else:
                settle(active, n_active, level, value, seen, fresh, reached, sums, last)


@kernel
def sift_up(heap, place, distance, i):
    """Move entry `i` of the heap up to where its distance belongs."""
    node = heap[i]
    d = distance[node]
    while i > ZERO:
        parent = (i - ONE) >> np.uint64(2)
        other = heap[parent]
        if distance[other] <= d:
            break
        heap[i] = other
        place[other] = np.uint32(i)
        i = parent
    heap[i] = node
    place[node] = np.uint32(i)


@kernel
def sift_down(heap, size, place, distance):
    """Move the first entry of the heap of four children each down to where its distance belongs."""
    node = heap[0]
    d = distance[node]
    i = ZERO
    while True:
        child = (i << np.uint64(2)) + ONE
        if child >= size:
            break
        least = child
        for other in range(child + ONE, min(child + np.uint64(4), size)):
            if distance[heap[np.uint64(other)]] < distance[heap[least]]:
                least = np.uint64(other)
        if distance[heap[least]] >= d:
            break
        heap[i] = heap[least]
        place[heap[i]] = np.uint32(i)
        i = least
    heap[i] = node
    place[node] = np.uint32(i)


@kernel
def search_weighted(indptr, indices, weights, sources, inverse, of_sources, reached, sums, farthest, distance, nodes):
    """Dijkstra from each of `sources` along the arcs; adds to `reached`, `sums` and `farthest`.

    `sums` gains 1 / d with `inverse` (nothing where d is 0), else d. The three belong to the nodes reached, or with
    `of_sources` to the sources, in their order. Scratch: `distance` float64[n], all infinite before and after;
    `nodes` uint32[3, n], any content.
    """
    heap, place, visited = nodes[0], nodes[1], nodes[2]
    for number in range(np.uint64(sources.size)):
        source = sources[np.uint64(number)]
        distance[source] = 0.0
        heap[0] = source
        visited[0] = source
        size = ONE
        n_visited = ONE
        while size > ZERO:
            u = heap[0]
            du = distance[u]
            size -= ONE
            if size > ZERO:
                heap[0] = heap[size]
                sift_down(heap, size, place, distance)
            if u != source:
                to = np.uint64(number) if of_sources else np.uint64(u)
                reached[to] += np.int64(1)
                if not inverse:
                    sums[to] += du
                elif du > 0.0:
                    sums[to] += 1.0 / du
                farthest[to] = max(farthest[to], du)
            for arc in range(indptr[u], indptr[np.uint64(u) + ONE]):
                v = indices[np.uint64(arc)]
                dv = du + weights[np.uint64(arc)]
                if dv < distance[v]:
                    if distance[v] == np.inf:
                        visited[n_visited] = v
                        n_visited += ONE
                        place[v] = np.uint32(size)
                        heap[size] = v
                        size += ONE
                    distance[v] = dv
                    sift_up(heap, place, distance, np.uint64(place[v]))
        for i in range(n_visited):
            distance[visited[np.uint64(i)]] = np.inf
