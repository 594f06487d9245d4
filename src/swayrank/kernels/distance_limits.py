"""How long a shortest path to a node can be, from above, in two searches and one pass over the arcs.

A path passes strongly connected components in the order of the arcs between them, each at most once. Inside one, no two
nodes are farther apart than the way over its pivot: (farthest from a node to the pivot) + (farthest from the pivot to a
node), nor than its size - 1. So the longest chain of components, each with its own limit, and one for each arc between
two, limits every finite distance.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)


@kernel
def from_pivots(indptr, indices, component, pivots, far, queue):
    """Raise far[c] to the largest distance from the pivot of component c to a node of it.

    Scratch: `queue` uint32[n], any content. The pivots are one node of each component, in the order of components.
    """
    seen = np.zeros(queue.size, np.bool_)
    tail = ZERO
    for c in range(np.uint64(pivots.size)):
        v = np.uint64(pivots[np.uint64(c)])
        queue[tail] = np.uint32(v)
        seen[v] = True
        tail += ONE
    low = ZERO
    distance = ZERO
    while low < tail:
        high = tail
        for place in range(low, high):
            v = np.uint64(queue[np.uint64(place)])
            c = np.uint64(component[v])
            far[c] = max(np.uint64(far[c]), distance)
            for arc in range(indptr[v], indptr[v + ONE]):
                w = np.uint64(indices[np.uint64(arc)])
                if not seen[w] and component[w] == c:
                    seen[w] = True
                    queue[tail] = np.uint32(w)
                    tail += ONE
        low = high
        distance += ONE


@kernel
def longest_chains(indptr, indices, component, begins, members, inner, limit):
    """Fill limit[c] with the most arcs of a shortest path that ends in component c.

    `members` lists the nodes, those of component c from begins[c] on; `inner` limits distances within components.
    """
    k = np.uint64(inner.size)
    waiting = np.zeros(k, np.uint64)
    for row in range(np.uint64(component.size)):
        v = np.uint64(row)
        for arc in range(indptr[v], indptr[v + ONE]):
            c = np.uint64(component[np.uint64(indices[np.uint64(arc)])])
            waiting[c] += ONE if c != component[v] else ZERO
    queue = np.empty(k, np.uint64)
    tail = ZERO
    for i in range(k):
        c = np.uint64(i)
        limit[c] = inner[c]
        if waiting[c] == ZERO:
            queue[tail] = c
            tail += ONE
    head = ZERO
    while head < tail:
        c = queue[head]
        head += ONE
        for place in range(begins[c], begins[c + ONE]):
            v = np.uint64(members[np.uint64(place)])
            for arc in range(indptr[v], indptr[v + ONE]):
                other = np.uint64(component[np.uint64(indices[np.uint64(arc)])])
                if other != c:
                    limit[other] = max(limit[other], limit[c] + ONE + inner[other])
                    waiting[other] -= ONE
                    if waiting[other] == ZERO:
                        queue[tail] = other
                        tail += ONE
