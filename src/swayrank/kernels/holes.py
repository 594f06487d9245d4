"""Structural holes: how much of an account's ties goes to people who are tied to each other (Burt 1992).

With a(u, v) the weights of the arcs between u and v either way, summed, N(u) those with a(u, v) > 0, and
p(u, v) = a(u, v) / sum of u's a, plainly::

    constraint(u)     = sum over v in N(u) of (p(u, v) + sum over w in N(u) of p(u, w) p(w, v)) ** 2
    effective_size(u) = sum over v in N(u) of (1 - sum over w in N(u) of p(u, w) a(v, w) / (v's largest a))

Both inner sums are over the ties (v, w) between two of u's. As a(w, v) = a(v, w), they are row v times a dense row of
marks: p(u, w) / (w's sum), or p(u, w), and 0 for nodes that are not tied to u. Where row v is much longer than row u,
u's are searched for in row v instead; they come in the same order, so that the bits are the same.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)

# A search in a row costs about as much as walking along so many ties.
LONGER = np.uint64(16)


@kernel
def fill_ties(indptr, indices, weights, in_indptr, in_indices, in_weights, starts, ties, mutual, total, largest):
    """Merge out- and in-row of each node into one of ties, without self-loops.

    `starts`, uint64[n + 1], holds where the rows begin. Weights are empty where every arc weighs 1. Filled: `ties`,
    uint32, and `mutual`, float64, the weights either way; each node's sum in `total` and largest in `largest`.
    """
    weighted = weights.size > 0
    for node in range(np.uint64(total.size)):
        u = np.uint64(node)
        i, i_end = indptr[u], indptr[u + ONE]
        j, j_end = in_indptr[u], in_indptr[u + ONE]
        tie = starts[u]
        held, most = 0.0, 0.0
        while i < i_end or j < j_end:
            out = i < i_end and (j == j_end or indices[i] <= in_indices[j])
            incoming = j < j_end and (i == i_end or in_indices[j] <= indices[i])
            v = np.uint64(indices[i] if out else in_indices[j])
            weight = 0.0
            if out:
                weight += weights[i] if weighted else 1.0
                i += ONE
            if incoming:
                weight += in_weights[j] if weighted else 1.0
                j += ONE
            if v != u:
                ties[tie] = v
                mutual[tie] = weight
                tie += ONE
                held += weight
                most = max(most, weight)
        total[u] = held
        largest[u] = most


@kernel
def count_steps(starts, ties, steps):
    """Sum up in `steps`, uint64[n + 1], what the nodes cost, those before each."""
    steps[ZERO] = ZERO
    for node in range(np.uint64(starts.size - 1)):
        u = np.uint64(node)
        degree = starts[u + ONE] - starts[u]
        cost = degree
        for place in range(starts[u], starts[u + ONE]):
            v = np.uint64(ties[np.uint64(place)])
            cost += min(starts[v + ONE] - starts[v], LONGER * degree)
        steps[u + ONE] = steps[u] + cost


@kernel(inline=True)
def shared(starts, ties, mutual, u, v, mark):
    """Sum over those tied to both u and v of their mark times their tie with v."""
    i, i_end = starts[v], starts[v + ONE]
    j, j_end = starts[u], starts[u + ONE]
    found = 0.0
    if i_end - i <= LONGER * (j_end - j):
        while i < i_end:
            found += mark[np.uint64(ties[i])] * mutual[i]
            i += ONE
        return found
    while j < j_end:
        w = ties[j]
        high = i_end
        while i < high:
            middle = (i + high) >> ONE
            if ties[middle] < w:
                i = middle + ONE
            else:
                high = middle
        if i < i_end and ties[i] == w:
            found += mark[np.uint64(w)] * mutual[i]
        j += ONE
    return found


@kernel
def constraints(starts, ties, mutual, total, first, mark, values):
    """Burt's constraint of the nodes from `first` on, as many as `values` holds. `mark`, float64[n], is 0."""
    for row in range(np.uint64(values.size)):
        u = np.uint64(first) + np.uint64(row)
        squares = 0.0
        for tie in range(starts[u], starts[u + ONE]):
            w = np.uint64(ties[np.uint64(tie)])
            if mutual[np.uint64(tie)] > 0.0:
                mark[w] = mutual[np.uint64(tie)] / total[u] / total[w]
        for tie in range(starts[u], starts[u + ONE]):
            v = np.uint64(ties[np.uint64(tie)])
            if mutual[np.uint64(tie)] > 0.0:
                invested = mutual[np.uint64(tie)] / total[u] + shared(starts, ties, mutual, u, v, mark)
                squares += invested * invested
        for tie in range(starts[u], starts[u + ONE]):
            mark[np.uint64(ties[np.uint64(tie)])] = 0.0
        values[np.uint64(row)] = squares


@kernel
def effective_sizes(starts, ties, mutual, total, largest, first, mark, values):
    """Burt's effective size of the nodes from `first` on, as many as `values` holds. `mark`, float64[n], is 0."""
    for row in range(np.uint64(values.size)):
        u = np.uint64(first) + np.uint64(row)
        size = 0.0
        for tie in range(starts[u], starts[u + ONE]):
            if mutual[np.uint64(tie)] > 0.0:
                mark[np.uint64(ties[np.uint64(tie)])] = mutual[np.uint64(tie)] / total[u]
        for tie in range(starts[u], starts[u + ONE]):
            v = np.uint64(ties[np.uint64(tie)])
            if mutual[np.uint64(tie)] > 0.0:
                # Redundancy is below 1, but its rounded sum may not be.
                size += max(0.0, 1.0 - shared(starts, ties, mutual, u, v, mark) / largest[v])
        for tie in range(starts[u], starts[u + ONE]):
            mark[np.uint64(ties[np.uint64(tie)])] = 0.0
        values[np.uint64(row)] = size
