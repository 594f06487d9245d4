"""Communities by label propagation that raises modularity: LPAm (Barber & Clark 2009).

Every node starts with a label of its own. In the given order, each takes the label l that maximises ::

    2m * (arcs between the node and nodes labelled l) - degree * (degrees of all others labelled l, summed)

and keeps its own among equals; then the first one met. In-arcs and out-arcs count alike, m is the number of arcs. Each
step raises the modularity of the whole, so that it ends; all terms are integers, so that nothing is rounded.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ONE = np.uint64(1)


@kernel
def propagate_labels(indptr, indices, in_indptr, in_indices, order, max_rounds, labels):
    """Turn the distinct `labels`, uint32[n], into those of communities; return the rounds until none changed.

    `order` is uint32[n], the nodes in the order in which they choose.
    """
    n = np.uint64(labels.size)
    arcs = np.int64(2 * indices.size)
    votes = np.zeros(n, np.int64)
    met = np.empty(n, np.uint32)
    held = np.zeros(n, np.int64)  # degrees, summed by label
    for node in range(n):
        v = np.uint64(node)
        held[labels[v]] = np.int64(indptr[v + ONE] - indptr[v]) + np.int64(in_indptr[v + ONE] - in_indptr[v])
    for done in range(max_rounds):
        changed = False
        for place in range(n):
            v = np.uint64(order[np.uint64(place)])
            n_met = np.uint64(0)
            for arc in range(indptr[v], indptr[v + ONE]):
                label = np.uint64(labels[np.uint64(indices[np.uint64(arc)])])
                if votes[label] == 0:
                    met[n_met] = label
                    n_met += ONE
                votes[label] += 1
            for arc in range(in_indptr[v], in_indptr[v + ONE]):
                label = np.uint64(labels[np.uint64(in_indices[np.uint64(arc)])])
                if votes[label] == 0:
                    met[n_met] = label
                    n_met += ONE
                votes[label] += 1
            degree = np.int64(indptr[v + ONE] - indptr[v]) + np.int64(in_indptr[v + ONE] - in_indptr[v])
            own = np.uint64(labels[v])
            held[own] -= degree
            best = own
            highest = votes[own] * arcs - degree * held[own]
            for i in range(n_met):
                label = np.uint64(met[np.uint64(i)])
                gained = votes[label] * arcs - degree * held[label]
                if gained > highest:
                    best, highest = label, gained
                votes[label] = 0
            held[best] += degree
            if best != own:
                labels[v] = best
                changed = True
        if not changed:
            return done + 1
    return max_rounds
