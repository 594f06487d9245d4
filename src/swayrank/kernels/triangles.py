"""Triangles, and the trusses that they hold together, over the sorted rows of an undirected graph without loops.

Nodes are numbered hubs first, and each triangle is found once, from its last corner v: v marks its neighbours before
it; each of these, w, looks which of its own neighbours before it are marked. A node of degree d has at most min(d,
sqrt(2m)) neighbours before it, so that all takes O(m^1.5).
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)


@kernel
def triangle_sums(indptr, indices, values, start, stop, out):
    """Add to each corner of each triangle, found from its last corner in [start, stop), the product of its sides.

    values float64[m] of the arcs, the same both ways, or empty where each is 1. out float64[n].
    """
    n = np.uint64(indptr.size) - ONE
    mark = np.zeros(n, np.uint64)  # one more than the arc from v
    valued = values.size > 0
    for row in range(start, stop):
        v = np.uint64(row)
        first = indptr[v]
        end = first
        while end < indptr[v + ONE] and np.uint64(indices[end]) < v:
            mark[indices[end]] = end + ONE
            end += ONE
        for arc in range(first, end):
            w = np.uint64(indices[np.uint64(arc)])
            side = indptr[w]
            while side < indptr[w + ONE] and np.uint64(indices[side]) < w:
                x = np.uint64(indices[side])
                if mark[x] > ZERO:
                    product = 1.0
                    if valued:
                        product = values[np.uint64(arc)] * values[side] * values[mark[x] - ONE]
                    out[v] += product
                    out[w] += product
                    out[x] += product
                side += ONE
        for arc in range(first, end):
            mark[indices[np.uint64(arc)]] = ZERO


@kernel
def number_edges(indptr, indices, edge, ends):
    """Number the edges: edge uint32[m] the number of each arc's, the same both ways; ends uint32[m / 2, 2]."""
    n = np.uint64(indptr.size) - ONE
    cursor = np.empty(n, np.uint64)
    k = ZERO
    for row in range(n):
        u = np.uint64(row)
        arc = indptr[u]
        while arc < indptr[u + ONE] and np.uint64(indices[arc]) < u:
            v = np.uint64(indices[arc])
            edge[arc] = k
            # Nodes come in ascending order, and so do the neighbours after v in its row.
            edge[cursor[v]] = k
            cursor[v] += ONE
            ends[k, 0], ends[k, 1] = u, v
            k += ONE
            arc += ONE
        cursor[u] = arc


@kernel
def truss_numbers(indptr, indices, edge, ends, truss):
    """The largest k such that an edge belongs to a k-truss, for each edge: truss uint32[m / 2].

    Supports (triangles of each edge) are counted, then the edge of least support is taken away, again and again, and
    with it one from the supports of the other sides of its triangles (Wang & Cheng 2012). Edges lie sorted by support,
    as nodes do in Batagelj and Zaversnik's peeling.
    """
    n_edges = np.uint64(ends.shape[0])
    n = np.uint64(indptr.size) - ONE
    support = np.zeros(n_edges, np.uint32)
    mark = np.zeros(n, np.uint64)
    for row in range(n):
        v = np.uint64(row)
        first = indptr[v]
        end = first
        while end < indptr[v + ONE] and np.uint64(indices[end]) < v:
            mark[indices[end]] = end + ONE
            end += ONE
        for arc in range(first, end):
            w = np.uint64(indices[np.uint64(arc)])
            side = indptr[w]
            while side < indptr[w + ONE] and np.uint64(indices[side]) < w:
                x = np.uint64(indices[side])
                if mark[x] > ZERO:
                    support[edge[np.uint64(arc)]] += np.uint32(1)
                    support[edge[side]] += np.uint32(1)
                    support[edge[mark[x] - ONE]] += np.uint32(1)
                side += ONE
        for arc in range(first, end):
            mark[indices[np.uint64(arc)]] = ZERO
    most = ZERO
    for e in range(n_edges):
        most = max(most, np.uint64(support[np.uint64(e)]))
    begin = np.zeros(most + np.uint64(2), np.uint64)
    for e in range(n_edges):
        begin[np.uint64(support[np.uint64(e)]) + ONE] += ONE
    for s in range(most + ONE):
        begin[np.uint64(s) + ONE] += begin[np.uint64(s)]
    order = np.empty(n_edges, np.uint32)
    place = np.empty(n_edges, np.uint32)
    cursor = begin.copy()
    for e in range(n_edges):
        s = np.uint64(support[np.uint64(e)])
        order[cursor[s]] = e
        place[np.uint64(e)] = cursor[s]
        cursor[s] += ONE
    level = np.uint32(0)
    for i in range(n_edges):
        e = np.uint64(order[np.uint64(i)])
        level = max(level, support[e])
        truss[e] = level + np.uint32(2)
        u, v = np.uint64(ends[e, 0]), np.uint64(ends[e, 1])
        if indptr[u + ONE] - indptr[u] > indptr[v + ONE] - indptr[v]:
            u, v = v, u
        for arc in range(indptr[u], indptr[u + ONE]):
            w = np.uint64(indices[np.uint64(arc)])
            one = np.uint64(edge[np.uint64(arc)])
            if truss[one] > 0 or w == v:
                continue
            low, high = indptr[v], indptr[v + ONE]
            while low < high:
                middle = (low + high) >> ONE
                if np.uint64(indices[middle]) < w:
                    low = middle + ONE
                else:
                    high = middle
            if low == indptr[v + ONE] or np.uint64(indices[low]) != w or truss[edge[low]] > 0:
                continue
            lower_edge(one, level, support, begin, order, place)
            lower_edge(np.uint64(edge[low]), level, support, begin, order, place)


@kernel
def lower_edge(e, level, support, begin, order, place):
    """Take one from the support of an edge above `level`: it changes places with the first edge of its support."""
    s = np.uint64(support[e])
    if support[e] <= level:
        return
    here, first = np.uint64(place[e]), begin[s]
    other = np.uint64(order[first])
    order[here], order[first] = other, e
    place[other], place[e] = here, first
    begin[s] += ONE
    support[e] -= np.uint32(1)
