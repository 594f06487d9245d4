"""Numbers of a node's neighbourhood: returned arcs, the h-index of the neighbours, degrees some steps away."""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)


@kernel
def returned_arcs(indptr, indices, in_indptr, in_indices, out):
    """How many of each node's followers it follows itself: the common members of two sorted rows. out uint64[n]."""
    for row in range(np.uint64(out.size)):
        v = np.uint64(row)
        i, i_end = indptr[v], indptr[v + ONE]
        j, j_end = in_indptr[v], in_indptr[v + ONE]
        count = ZERO
        while i < i_end and j < j_end:
            a, b = indices[i], in_indices[j]
            count += ONE if a == b else ZERO
            i += ONE if a <= b else ZERO
            j += ONE if b <= a else ZERO
        out[v] = count


@kernel
def neighbour_h(indptr, indices, degree, out):
    """The largest h such that h members of a node's row, itself left out, have degree >= h. out uint32[n]."""
    n = np.uint64(out.size)
    longest = ZERO
    for row in range(n):
        longest = max(longest, indptr[np.uint64(row) + ONE] - indptr[np.uint64(row)])
    count = np.zeros(longest + ONE, np.uint32)
    for row in range(n):
        v = np.uint64(row)
        length = indptr[v + ONE] - indptr[v]
        for arc in range(indptr[v], indptr[v + ONE]):
            u = np.uint64(indices[np.uint64(arc)])
            if u != v:
                count[min(np.uint64(degree[u]), length)] += np.uint32(1)
        h = length
        at_least = np.uint64(count[h])
        while at_least < h:
            h -= ONE
            at_least += np.uint64(count[h])
        out[v] = h
        for k in range(length + ONE):
            count[np.uint64(k)] = 0


@kernel
def degrees_away(indptr, indices, degree, radius, start, stop, out):
    """Sum of degree - 1 over the nodes at a distance of exactly `radius` from each node of [start, stop).

    Rows of an undirected graph; degree uint64[n], self-loops left out; out uint64[stop - start].
    """
    n = np.uint64(degree.size)
    seen = np.full(n, np.uint32(0xFFFFFFFF), np.uint32)
    queue = np.empty(n, np.uint32)
    for row in range(start, stop):
        v = np.uint64(row)
        seen[v] = v
        queue[ZERO] = v
        head, tail = ZERO, ONE
        level = ZERO
        while level < radius and head < tail:
            end = tail
            while head < end:
                u = np.uint64(queue[head])
                head += ONE
                for arc in range(indptr[u], indptr[u + ONE]):
                    w = np.uint64(indices[np.uint64(arc)])
                    if seen[w] != v:
                        seen[w] = v
                        queue[tail] = w
                        tail += ONE
            level += ONE
        total = ZERO
        if level == radius:
            while head < tail:
                total += degree[queue[head]] - ONE
                head += ONE
        out[v - np.uint64(start)] = total
