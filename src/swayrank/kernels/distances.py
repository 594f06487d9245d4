"""Distances from many sources at once: breadth-first search with one bit per source, and Dijkstra's algorithm.

Bit-parallel search (Then et al. 2014, doi:10.14778/2735496.2735507): each node has LANES words of 64 bits, one bit for
each source of a batch, so that a row of arcs is read once for all of them and a gather takes a whole cache line. The
plain formula of a level, over all nodes v::

    front'[v] = (OR of front[u] over arcs u -> v) and not seen[v]
    seen[v] |= front'[v]

What is wanted is a sum over the *sources* that reach v, and needs no bit to be looked at on its own: a level adds
popcount(front'[v]) sources at its distance.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel, ones
from swayrank.kernels.lanes import or_rows

ZERO = np.uint64(0)
ONE = np.uint64(1)
FULL = ~ZERO
LANES = np.uint64(8)
BITS = np.uint64(6)
LOW = np.uint64(63)
HARMONIC, WASSERMAN_FAUST, REACHABLE = 0, 1, 2
BATCH = 512
"""Sources of one batch: LANES words of 64 bits."""

# A level is pushed from the nodes of the front where they have this many times fewer arcs than a pull would read: a
# push writes at random where a pull reads.
PUSH_WINS = np.uint64(3)


@kernel
def distance_sums(indptr, indices, in_indptr, in_indices, sources, far, reached, near, farthest):
    """Search along the arcs from all `sources`, and sum at every node what arrives.

    sources uint32[k]; far uint64[n]: the distances from the sources that reach the node, summed; reached uint64[n]: how
    many do, the node itself left out; near float64[n]: the reciprocal distances, summed level by level; these three are
    added to. farthest uint32[k] becomes the largest finite distance from each source.
    """
    n = np.uint64(far.size)
    seen = np.empty(n * LANES, np.uint64)
    front = np.zeros(n * LANES, np.uint64)
    after = np.zeros(n * LANES, np.uint64)
    # Nodes that the front holds; all nodes that may still receive: those with in-arcs that not all sources reached.
    here = np.empty(n, np.uint32)
    there = np.empty(n, np.uint32)
    open_ = np.empty(n, np.uint32)
    mark = np.zeros(n, np.uint8)
    full = np.empty(LANES, np.uint64)
    arrived = np.empty(LANES, np.uint64)
    n_sources = np.uint64(sources.size)
    first = ZERO
    while first < n_sources:
        many = min(np.uint64(BATCH), n_sources - first)
        seen[:] = ZERO
        full[:] = ZERO
        n_here = ZERO
        pushing = ZERO
        for i in range(many):
            source = np.uint64(sources[first + np.uint64(i)])
            lane, bit = np.uint64(i) >> BITS, ONE << (np.uint64(i) & LOW)
            full[lane] |= bit
            farthest[first + np.uint64(i)] = 0
            if mark[source] == 0:
                mark[source] = 1
                here[n_here] = source
                n_here += ONE
                pushing += indptr[source + ONE] - indptr[source]
            front[source * LANES + lane] |= bit
            seen[source * LANES + lane] |= bit
        n_open = ZERO
        pulling = ZERO
        for node in range(n):
            v = np.uint64(node)
            if in_indptr[v + ONE] > in_indptr[v]:
                open_[n_open] = v
                n_open += ONE
                pulling += in_indptr[v + ONE] - in_indptr[v]
        for i in range(n_here):
            mark[here[np.uint64(i)]] = 0
        level = ONE
        while n_here > ZERO:
            n_there = ZERO
            arrived[:] = ZERO
            if pushing * PUSH_WINS < pulling:
                n_there = push(indptr, indices, here, n_here, front, after, mark, there)
                kept = ZERO
                for place in range(n_there):
                    v = np.uint64(there[np.uint64(place)])
                    mark[v] = 0
                    if settle(v, level, seen, after, arrived, far, reached, near) > ZERO:
                        there[kept] = v
                        kept += ONE
                n_there = kept
            else:
                kept = ZERO
                pulling = ZERO
                for place in range(n_open):
                    v = np.uint64(open_[np.uint64(place)])
                    base = v * LANES
                    # Whoever has been reached by all takes no further part.
                    missing = ZERO
                    for lane in range(LANES):
                        missing |= full[lane] & ~seen[base + np.uint64(lane)]
                    if missing == ZERO:
                        continue
                    open_[kept] = v
                    kept += ONE
                    pulling += in_indptr[v + ONE] - in_indptr[v]
                    or_rows(front, in_indices, in_indptr[v], in_indptr[v + ONE], after, base)
                    if settle(v, level, seen, after, arrived, far, reached, near) > ZERO:
                        there[n_there] = v
                        n_there += ONE
                n_open = kept
            for place in range(n_here):
                base = np.uint64(here[np.uint64(place)]) * LANES
                for lane in range(LANES):
                    front[base + np.uint64(lane)] = ZERO
            front, after = after, front
            here, there = there, here
            n_here = n_there
            pushing = ZERO
            for place in range(n_here):
                v = np.uint64(here[np.uint64(place)])
                pushing += indptr[v + ONE] - indptr[v]
            for i in range(many):
                if (arrived[np.uint64(i) >> BITS] >> (np.uint64(i) & LOW)) & ONE:
                    farthest[first + np.uint64(i)] = level
            level += ONE
        first += many


@kernel(inline=True)
def push(indptr, indices, here, n_here, front, after, mark, there):
    """Hand the bits of every node of the front to those that its arcs name; list these in `there`."""
    n_there = ZERO
    for place in range(n_here):
        u = np.uint64(here[np.uint64(place)])
        base = u * LANES
        for arc in range(indptr[u], indptr[u + ONE]):
            v = np.uint64(indices[np.uint64(arc)])
            if mark[v] == 0:
                mark[v] = 1
                there[n_there] = v
                n_there += ONE
            target = v * LANES
            for lane in range(LANES):
                after[target + np.uint64(lane)] |= front[base + np.uint64(lane)]
    return n_there


@kernel(inline=True)
def settle(v, level, seen, after, arrived, far, reached, near):
    """Keep of `after[v]` what is new, add it to the sums, and return how many sources arrived."""
    base = v * LANES
    count = ZERO
    for lane in range(LANES):
        i = base + np.uint64(lane)
        new = after[i] & ~seen[i]
        after[i] = new
        seen[i] |= new
        arrived[lane] |= new
        count += ones(new)
    if count > ZERO:
        reached[v] += count
        far[v] += count * level
        near[v] += np.float64(count) / np.float64(level)
    return count


@kernel
def search_back(in_indptr, in_indices, node, queue, seen, epoch, least, kind, n_reach, n_others):
    """Search against the arcs from one node, level by level, and give up when its centrality cannot be `least`.

    queue uint32[n + 1] and seen uint32[n] (marks: `epoch`) are scratch. `n_reach` bounds how many can be found,
    `n_others` is n - 1. Returns the centrality by `kind` (HARMONIC: sum of 1/d; WASSERMAN_FAUST; REACHABLE), or -1
    where the bound fell below `least`, and the arcs read.

    The bound after level L, with s found: of the rest, at most the arcs into level L can come next, and all others are
    at least one level further away.
    """
    seen[node] = epoch
    queue[ZERO] = node
    head, tail = ZERO, ONE
    level = ONE
    far = ZERO
    near = 0.0
    read = ZERO
    while head < tail:
        end = tail
        coming = ZERO
        while head < end:
            v = np.uint64(queue[head])
            head += ONE
            for arc in range(in_indptr[v], in_indptr[v + ONE]):
                u = np.uint64(in_indices[np.uint64(arc)])
                if seen[u] != epoch:
                    seen[u] = epoch
                    queue[tail] = u
                    tail += ONE
                    coming += in_indptr[u + ONE] - in_indptr[u]
            read += in_indptr[v + ONE] - in_indptr[v]
        found = tail - end
        far += found * level
        near += np.float64(found) / np.float64(level)
        if found > ZERO and tail <= n_reach:
            # A mean distance only grows: whoever is still to be found is farther than all before.
            rest = n_reach + ONE - tail if kind != REACHABLE else ZERO
            following = min(rest, coming)
            best = bound(
                kind, far + following * (level + ONE) + (rest - following) * (level + ONE + ONE),
                near + np.float64(following) / np.float64(level + ONE)
                + np.float64(rest - following) / np.float64(level + ONE + ONE),
                tail - ONE + rest, n_others,
            )  # fmt: skip
            if best < least:
                return -1.0, read
        level += ONE
    return bound(kind, far, near, tail - ONE, n_others), read


@kernel
def levels(indptr, indices, source, queue, level):
    """Distances along the arcs from one node: `level`, uint32[n], comes full of 2**32 - 1. Scratch: queue uint32[n]."""
    unreached = np.uint32(0xFFFFFFFF)
    level[source] = 0
    queue[ZERO] = source
    head, tail = ZERO, ONE
    while head < tail:
        u = np.uint64(queue[head])
        head += ONE
        following = level[u] + np.uint32(1)
        for arc in range(indptr[u], indptr[u + ONE]):
            v = np.uint64(indices[np.uint64(arc)])
            if level[v] == unreached:
                level[v] = following
                queue[tail] = v
                tail += ONE


@kernel(inline=True)
def bound(kind, far, near, reached, n_others):
    """The centrality of a node that `reached` others reach over distances with these sums."""
    if kind == HARMONIC:
        return near
    if far == ZERO:
        return 0.0
    mean = np.float64(reached) / np.float64(far)
    if kind == WASSERMAN_FAUST:
        return mean * (np.float64(reached) / np.float64(n_others))
    return mean


@kernel
def first_bounds(in_indptr, in_indices, kind, n_reach, n_others, bounds):
    """What each node's centrality can be at the most, from its followers and how many they have: as `search_back` after
    level 1, for all nodes at once. n_reach uint32[n]; bounds float64[n].
    """
    for node in range(np.uint64(bounds.size)):
        v = np.uint64(node)
        coming = ZERO
        found = ZERO
        for arc in range(in_indptr[v], in_indptr[v + ONE]):
            u = np.uint64(in_indices[np.uint64(arc)])
            if u != v:
                found += ONE
                coming += in_indptr[u + ONE] - in_indptr[u]
        reach = max(np.uint64(n_reach[v]), found)
        rest = reach - found if kind != REACHABLE else ZERO
        following = min(rest, coming)
        far = found + following * np.uint64(2) + (rest - following) * np.uint64(3)
        near = np.float64(found) + np.float64(following) / 2.0 + np.float64(rest - following) / 3.0
        bounds[v] = bound(kind, far, near, found + rest, n_others) if found > ZERO else 0.0


@kernel
def weighted_sums(indptr, indices, lengths, sources, far, reached, near, farthest):
    """Dijkstra's algorithm along the arcs from each of the `sources`; sums at every node as in `distance_sums`.

    lengths float64[m] >= 0 in the order of `indices`; far float64[n]; near counts only distances above 0; farthest
    float64[k]. A binary heap of (distance, node) with positions, so that a node is in it once.
    """
    n = np.uint64(reached.size)
    heap = np.empty(n + ONE, np.uint32)
    place = np.zeros(n, np.uint32)  # where in the heap, from 1 on; 0: not there
    distance = np.empty(n)
    distance[:] = np.inf
    settled = np.empty(n, np.uint32)
    for i in range(np.uint64(sources.size)):
        source = np.uint64(sources[np.uint64(i)])
        distance[source] = 0.0
        heap[ONE] = source
        place[source] = 1
        size = ONE
        n_settled = ZERO
        while size > ZERO:
            u = np.uint64(heap[ONE])
            place[u] = 0
            last = heap[size]
            size -= ONE
            if size > ZERO:
                sink(heap, place, distance, np.uint64(last), size)
            settled[n_settled] = u
            n_settled += ONE
            d = distance[u]
            for arc in range(indptr[u], indptr[u + ONE]):
                v = np.uint64(indices[np.uint64(arc)])
                further = d + lengths[np.uint64(arc)]
                if further < distance[v]:
                    if place[v] == 0:
                        size += ONE
                        place[v] = size
                    distance[v] = further
                    rise(heap, place, distance, v)
        farthest[i] = 0.0
        for k in range(n_settled):
            v = np.uint64(settled[np.uint64(k)])
            d = distance[v]
            if v != source:
                far[v] += d
                reached[v] += ONE
                if d > 0.0:
                    near[v] += 1.0 / d
            farthest[i] = max(farthest[i], d)
            distance[v] = np.inf


@kernel
def rise(heap, place, distance, v):
    """Move `v` up from its place until its parent is no farther."""
    i = np.uint64(place[v])
    d = distance[v]
    while i > ONE:
        parent = heap[i >> ONE]
        if distance[parent] <= d:
            break
        heap[i] = parent
        place[parent] = i
        i >>= ONE
    heap[i] = v
    place[v] = i


@kernel
def sink(heap, place, distance, v, size):
    """Put `v` where it belongs, from the root down."""
    d = distance[v]
    i = ONE
    while True:
        child = i << ONE
        if child > size:
            break
        if child < size and distance[heap[child + ONE]] < distance[heap[child]]:
            child += ONE
        if distance[heap[child]] >= d:
            break
        heap[i] = heap[child]
        place[heap[i]] = i
        i = child
    heap[i] = v
    place[v] = i
