"""How an account's ties are spread over groups.

With k(v, c) the ties of v to group c and k(v) all of them, plainly::

    mixed(v) = 1 - sum over groups c of (k(v, c) / k(v)) ** 2

A count that grows from k to k + 1 raises the sum of squares by 2 k + 1, so that the sum needs no list of groups.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ONE = np.uint64(1)


@kernel
def mix_ties(indptr, indices, in_indptr, in_indices, labels, votes, mixed):
    """Fill `mixed`, float64[n], over out- and in-rows together; 0 without ties. Self-loops count for nothing.

    `labels` is uint32[n]; `votes`, uint64, has a place for every label and is 0.
    """
    for node in range(np.uint64(mixed.size)):
        v = np.uint64(node)
        n_out = indptr[v + ONE] - indptr[v]
        n_ties = n_out + in_indptr[v + ONE] - in_indptr[v]
        squares, count = np.uint64(0), np.uint64(0)
        for tie in range(n_ties):
            k = np.uint64(tie)
            w = np.uint64(indices[indptr[v] + k] if k < n_out else in_indices[in_indptr[v] + k - n_out])
            if w != v:
                label = np.uint64(labels[w])
                squares += votes[label] + votes[label] + ONE
                votes[label] += ONE
                count += ONE
        for tie in range(n_ties):
            k = np.uint64(tie)
            w = np.uint64(indices[indptr[v] + k] if k < n_out else in_indices[in_indptr[v] + k - n_out])
            votes[np.uint64(labels[w])] = np.uint64(0)
        all_ties = np.float64(count)
        mixed[v] = 1.0 - np.float64(squares) / (all_ties * all_ties) if count > 0 else 0.0
