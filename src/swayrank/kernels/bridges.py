"""Who and what holds a graph together: one depth-first search of the graph without its directions.

With `found` the place of a node in the order of the search, counted from 1, plainly::

    low(v) = the smallest found(w) that v or a node below it is tied to, by another tie than the one it was found by

A node p that is no root is a cut node if some child v has low(v) >= found(p); a root if it has two children; each such
child (each but one of a root's) is a component more without the node. The tie of v and its parent is a bridge if
low(v) = found(v), and the nodes below v are those that it holds (Hopcroft & Tarjan 1973; Tarjan 1974).

The path to the current node is kept in `parent`, so that nothing recurses. An arc and its reverse are one tie:
whatever leads to the parent is passed over.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)


@kernel
def depth_first(indptr, indices, in_indptr, in_indices, order, found, parent, low, size, place):
    """Search everything, over out- and in-rows together; roots are their own parents.

    `found` uint32[n] and `place` uint64[n] must be 0. Filled: `order`, the nodes as they are found, `found`, `parent`,
    `low`, and `size`, the nodes below each, itself included; all uint32[n]. `place` is scratch: arcs looked at.
    """
    n = np.uint64(found.size)
    n_found = ZERO
    for node in range(n):
        root = np.uint64(node)
        if found[root] != 0:
            continue
        v, came_from = root, root
        while True:
            if found[v] == 0:
                order[n_found] = v
                n_found += ONE
                found[v] = n_found
                low[v] = n_found
                size[v] = 1
                parent[v] = came_from
            above = np.uint64(parent[v])
            start, in_start = indptr[v], in_indptr[v]
            n_out = indptr[v + ONE] - start
            n_ties = n_out + in_indptr[v + ONE] - in_start
            k, lowest, child = place[v], low[v], n
            while k < n_ties:
                w = np.uint64(indices[start + k] if k < n_out else in_indices[in_start + k - n_out])
                k += ONE
                if found[w] == 0:
                    child = w
                    break
                if w != above and found[w] < lowest:
                    lowest = found[w]
            place[v], low[v] = k, lowest
            if child < n:
                v, came_from = child, v
            elif v == root:
                break
            else:
                low[above] = min(low[above], lowest)
                size[above] += size[v]
                v = above


@kernel
def extra_components(found, parent, low, extra):
    """Count in `extra`, uint32[n] and 0 on entry, how many components more there are without each node."""
    n = np.uint64(found.size)
    for node in range(n):
        v = np.uint64(node)
        above = np.uint64(parent[v])
        if above != v and low[v] >= found[above]:
            extra[above] += np.uint32(1)
    for node in range(n):
        v = np.uint64(node)
        if np.uint64(parent[v]) == v and extra[v] > 0:  # a root's first child is no component more
            extra[v] -= np.uint32(1)


@kernel
def bridge_sides(indptr, indices, order, found, parent, low, size, whole, sides):
    """Write for each arc that is a bridge the nodes on its smaller side; `sides`, uint32[m], is 0 on entry.

    `whole`, uint32[n], is scratch: the nodes of each one's component.
    """
    n = np.uint64(found.size)
    for row in range(n):
        v = np.uint64(order[np.uint64(row)])
        above = np.uint64(parent[v])
        whole[v] = size[v] if above == v else whole[above]
    for node in range(n):
        u = np.uint64(node)
        for arc in range(indptr[u], indptr[u + ONE]):
            v = np.uint64(indices[np.uint64(arc)])
            below = u if np.uint64(parent[u]) == v else v
            if u != v and np.uint64(parent[below]) == u + v - below and low[below] == found[below]:
                sides[np.uint64(arc)] = min(size[below], whole[below] - size[below])
