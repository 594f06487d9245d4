"""Which accounts hang together by having a follower in common: union-find over the arcs.

Two accounts that the same account follows are joined, and so on in chains; these are the components of the bipartite
support graph, in which every account stands once as a hub (follower) and once as an authority (followed).
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ONE = np.uint64(1)


@kernel
def support_components(indptr, indices, weights, of_authority, of_hub):
    """Label the components; arcs of weight 0 are none.

    `of_authority` is uint32[n], 0 to n - 1 on entry, and holds for each authority the smallest one of its component in
    the end. `of_hub` gets the label of those that the hub follows, and is left alone where it follows nobody.
    `weights` is in the order of the arcs, empty where every arc weighs 1.
    """
    n = np.uint64(of_authority.size)
    weighted = weights.size > 0
    for node in range(n):
        u = np.uint64(node)
        root = n
        for arc in range(indptr[u], indptr[u + ONE]):
            if weighted and weights[np.uint64(arc)] == 0.0:
                continue
            v = np.uint64(indices[np.uint64(arc)])
            while np.uint64(of_authority[v]) != v:  # halve the path on the way up
                of_authority[v] = of_authority[np.uint64(of_authority[v])]
                v = np.uint64(of_authority[v])
            if root == n or v == root:
                root = v
            elif v < root:
                of_authority[root] = v
                root = v
            else:
                of_authority[v] = root
        if root < n:
            of_hub[u] = root
    # A label never exceeds its node, so parents are final before their children are looked at.
    for node in range(n):
        v = np.uint64(node)
        of_authority[v] = of_authority[np.uint64(of_authority[v])]
    for node in range(n):
        u = np.uint64(node)
        if np.uint64(of_hub[u]) < n:
            of_hub[u] = of_authority[np.uint64(of_hub[u])]
