"""Betweenness by Brandes' accumulation (2001), eight sources side by side.

The plain formulas, for one source s, with levels d and sigma[v] the number of shortest paths from s to v::

    sigma[v] = sum of sigma[u] over arcs u -> v with d[v] = d[u] + 1                 (level by level, forward)
    delta[u] = sigma[u] * sum of (1 + delta[v]) / sigma[v] over arcs u -> v with d[v] = d[u] + 1          (backward)
    betweenness[u] += weight[s] * delta[u] for all u but s

For eight sources a node has a row of eight float64, one cache line. In social networks most nodes lie at the same two
or three levels from everywhere, so that a node's arcs are read two or three times for eight sources instead of eight
times; each read adds the neighbours' rows, which hold 0 in the lanes that are not at the level in question: no branch
and no list of predecessors. The plain kernel waits for three gathers and a branch per arc and source.

Forward, a level is pushed from its front where that has few arcs, and pulled by those not yet reached otherwise. All
sums run in an order fixed by the graph and the sources.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.distances import sift_down, sift_up
from swayrank.kernels.jit import kernel
from swayrank.kernels.lanes import UNREACHED as _UNREACHED
from swayrank.kernels.lanes import add_row, add_rows, clear_row, gain_row, hand_row, open_lanes, settle_row

ZERO = np.uint64(0)
ONE = np.uint64(1)
LANES = np.uint64(8)
SOURCES = 8
"""Sources side by side."""
UNREACHED = np.uint32(_UNREACHED)
# As in `distances`: a push writes at random where a pull reads.
PUSH_WINS = np.uint64(2)


@kernel
def betweenness_sums(indptr, indices, in_indptr, in_indices, sources, weights, reached, scores, arc_scores):
    """Add what the `sources` contribute to `scores` float64[n] and, unless it is empty, to `arc_scores` float64[m].

    sources uint32[k]; weights float64[k]: how often each counts. reached uint32[k] becomes how many nodes each reaches,
    itself left out. Where more than 1e308 shortest paths lead to a node, their number overflows.
    """
    n = np.uint64(scores.size)
    level = np.empty(n * LANES, np.uint32)
    sigma = np.ones(n * LANES)
    delta = np.zeros(n * LANES)
    front = np.zeros(n * LANES)
    after = np.zeros(n * LANES)
    row = np.empty(LANES)
    share = np.zeros(LANES)
    arrivals = np.zeros(256, np.uint32)  # how often each set of lanes was new at a node
    # Nodes level by level, a node once for each level that it has in some lane.
    listed = np.empty(n * LANES + LANES, np.uint32)
    begins = np.empty(n + ONE + ONE, np.uint64)
    open_ = np.empty(n + ONE, np.uint32)
    mark = np.zeros(n, np.uint8)
    n_sources = np.uint64(sources.size)
    first = ZERO
    level[:] = UNREACHED
    while first < n_sources:
        many = min(LANES, n_sources - first)
        share[:] = 0.0
        arrivals[:] = 0
        tail = ZERO
        for lane in range(many, LANES):  # lanes without a source are never open
            for node in range(n):
                level[np.uint64(node) * LANES + np.uint64(lane)] = 0
        for i in range(many):
            lane = np.uint64(i)
            source = np.uint64(sources[first + lane])
            share[lane] = weights[first + lane]
            level[source * LANES + lane] = 0
            sigma[source * LANES + lane] = 1.0
            front[source * LANES + lane] = 1.0
            if mark[source] == 0:
                mark[source] = 1
                listed[tail] = source
                tail += ONE
        for place in range(tail):
            mark[listed[np.uint64(place)]] = 0
        # Who is still open is listed when a level is first pulled: where little is reached, nothing costs O(n).
        n_open = ZERO
        pulled = False
        pulling = np.uint64(indices.size)
        depth = ZERO
        begins[ZERO] = ZERO
        begins[ONE] = tail
        # -- forward ------------------------------------------------------------------------------------------------
        while begins[depth + ONE] > begins[depth]:
            pushing = ZERO
            for place in range(begins[depth], begins[depth + ONE]):
                u = np.uint64(listed[np.uint64(place)])
                pushing += indptr[u + ONE] - indptr[u]
            here = np.uint32(depth + ONE)
            if pushing * PUSH_WINS < pulling:
                begin = tail
                for place in range(begins[depth], begins[depth + ONE]):
                    u = np.uint64(listed[np.uint64(place)])
                    for arc in range(indptr[u], indptr[u + ONE]):
                        v = np.uint64(indices[np.uint64(arc)])
                        if mark[v] == 0:
                            mark[v] = 1
                            listed[tail] = v
                            tail += ONE
                        add_row(after, v * LANES, front, u * LANES)
                kept = begin
                for place in range(begin, tail):
                    v = np.uint64(listed[np.uint64(place)])
                    mark[v] = 0
                    new = settle_row(level, sigma, delta, after, v * LANES, here)
                    arrivals[new] += np.uint32(1)
                    listed[kept] = v
                    kept += ONE if new > ZERO else ZERO
                tail = kept
            else:
                if not pulled:
                    pulled = True
                    for node in range(n):
                        open_[n_open] = node
                        n_open += ONE if in_indptr[node + 1] > in_indptr[node] else ZERO
                kept = ZERO
                pulling = ZERO
                for place in range(n_open):
                    v = np.uint64(open_[np.uint64(place)])
                    if open_lanes(level, v * LANES) == ZERO:
                        continue
                    open_[kept] = v
                    kept += ONE
                    pulling += in_indptr[v + ONE] - in_indptr[v]
                    add_rows(front, in_indices, in_indptr[v], in_indptr[v + ONE], after, v * LANES)
                    new = settle_row(level, sigma, delta, after, v * LANES, here)
                    arrivals[new] += np.uint32(1)
                    listed[tail] = v
                    tail += ONE if new > ZERO else ZERO
                n_open = kept
            for place in range(begins[depth], begins[depth + ONE]):
                clear_row(front, np.uint64(listed[np.uint64(place)]) * LANES)
            front, after = after, front
            depth += ONE
            begins[depth + ONE] = tail
        # -- backward: `front` is all zeros again -------------------------------------------------------------------
        while depth > ZERO:
            depth -= ONE
            here = np.uint32(depth)
            for place in range(begins[depth + ONE], begins[depth + ONE + ONE]):
                v = np.uint64(listed[np.uint64(place)]) * LANES
                hand_row(level, sigma, delta, front, v, np.uint32(depth + ONE))
            if depth > ZERO or arc_scores.size > 0:
                for place in range(begins[depth], begins[depth + ONE]):
                    u = np.uint64(listed[np.uint64(place)])
                    add_rows(front, indices, indptr[u], indptr[u + ONE], row, ZERO)
                    gained = gain_row(level, sigma, delta, row, share, u * LANES, here)
                    if depth > ZERO:
                        scores[u] += gained
                    if arc_scores.size > 0:
                        arcs_of(indptr, indices, u, here, many, level, sigma, front, share, arc_scores)
            for place in range(begins[depth + ONE], begins[depth + ONE + ONE]):
                clear_row(front, np.uint64(listed[np.uint64(place)]) * LANES)
        for i in range(many):
            total = np.uint32(0)
            for lanes in range(256):
                total += arrivals[np.uint64(lanes)] if (np.uint64(lanes) >> np.uint64(i)) & ONE else np.uint32(0)
            reached[first + np.uint64(i)] = total
        for place in range(tail):
            begin = np.uint64(listed[np.uint64(place)]) * LANES
            level[begin : begin + LANES] = UNREACHED
        first += many


@kernel
def arcs_of(indptr, indices, u, depth, many, level, sigma, front, share, arc_scores):
    """Add to the arcs of u what they carry in the lanes in which u lies at level `depth`."""
    for arc in range(indptr[u], indptr[u + ONE]):
        v = np.uint64(indices[np.uint64(arc)])
        carried = 0.0
        for lane in range(many):
            i = u * LANES + np.uint64(lane)
            if level[i] == depth:
                carried += share[np.uint64(lane)] * (sigma[i] * front[v * LANES + np.uint64(lane)])
        arc_scores[np.uint64(arc)] += carried


@kernel
def weighted_betweenness_sums(indptr, indices, in_indptr, in_indices, lengths, in_arcs, sources, scores, arc_scores):
    """The same with distances as sums of `lengths` > 0, float64[m], by Dijkstra's algorithm from each source.

    in_arcs uint64[m]: the arc that each in-arc is. Two paths are equally short where their sums are equal as floats.
    """
    n = np.uint64(scores.size)
    heap = np.empty(n, np.uint32)
    place = np.empty(n, np.uint32)
    distance = np.empty(n)
    distance[:] = np.inf
    sigma = np.zeros(n)
    delta = np.zeros(n)
    settled = np.empty(n, np.uint32)
    for i in range(np.uint64(sources.size)):
        source = np.uint64(sources[np.uint64(i)])
        distance[source] = 0.0
        sigma[source] = 1.0
        heap[0] = np.uint32(source)
        size = ONE
        n_settled = ZERO
        while size > ZERO:
            u = np.uint64(heap[0])
            size -= ONE
            if size > ZERO:
                heap[0] = heap[size]
                sift_down(heap, size, place, distance)
            settled[n_settled] = u
            n_settled += ONE
            for arc in range(indptr[u], indptr[u + ONE]):
                v = np.uint64(indices[np.uint64(arc)])
                further = distance[u] + lengths[np.uint64(arc)]
                if further < distance[v]:
                    if distance[v] == np.inf:
                        place[v] = np.uint32(size)
                        heap[size] = np.uint32(v)
                        size += ONE
                    distance[v] = further
                    sigma[v] = sigma[u]
                    sift_up(heap, place, distance, np.uint64(place[v]))
                elif further == distance[v] and v != u:
                    sigma[v] += sigma[u]
        for back in range(n_settled):
            v = np.uint64(settled[n_settled - ONE - np.uint64(back)])
            if v != source:
                handed = (1.0 + delta[v]) / sigma[v]
                for i in range(in_indptr[v], in_indptr[v + ONE]):
                    u = np.uint64(in_indices[np.uint64(i)])
                    arc = np.uint64(in_arcs[np.uint64(i)])
                    if u != v and distance[u] + lengths[arc] == distance[v]:
                        delta[u] += sigma[u] * handed
                        if arc_scores.size > 0:
                            arc_scores[arc] += sigma[u] * handed
                scores[v] += delta[v]
        for k in range(n_settled):
            v = np.uint64(settled[np.uint64(k)])
            distance[v] = np.inf
            sigma[v] = 0.0
            delta[v] = 0.0
