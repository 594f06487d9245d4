"""Pull over arcs: every row gathers from the rows that its arcs name. The inner loop of PageRank and its relatives.

The plain formula of the gather, for row v with arcs from u = ``indices[indptr[v]:indptr[v + 1]]``::

    pulled[v] = sum over u of w[u, v] * x[u]

Each kernel works on the rows [start, stop), writes only its own slice `out` and returns what must be joined across
chunks. Sums run in the order of the arcs, in float64, without fastmath: equal bits are promised, and LLVM's
reassociation would break that for nothing (four running sums tie with one: the loop waits for the gathers, not for
the additions). Indices are unsigned: signed ones cost 1.3-1.9x.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ONE = np.uint64(1)
ZERO = np.uint64(0)


@kernel
def pagerank_rows(
    in_indptr, in_indices, in_weights, strength, shares, jump, sink, teleport, sunk, damping, start, stop, out
):
    """One PageRank pass over the rows [start, stop), on shares.

    The state is not x but the share that each node hands to each unit of out-weight: ``shares[v] = x[v] / strength[v]``
    and ``shares[v] = x[v]`` where strength is 0 (nobody reads that one: a node without out-arcs is no one's
    in-neighbour). So one vector is all that a pass reads and writes, and the division is done once per node::

        x'[v] = teleport * jump[v] + sunk * sink[v] + damping * sum over u -> v of w[u, v] * shares[u]

    `teleport` is 1 - damping, `sunk` is damping times the mass on dangling nodes. `in_weights` is empty where every arc
    weighs 1; `jump` and `sink` have one element where they are uniform. Returns the L1 change of these rows and the
    mass of the dangling ones among them.
    """
    # One element stands for all: its mask sends every index to 0.
    jump_mask = ZERO if jump.size == 1 else ~ZERO
    sink_mask = ZERO if sink.size == 1 else ~ZERO
    weighted = in_weights.size > 0
    change = 0.0
    dangling = 0.0
    first = np.uint64(start)
    for row in range(first, np.uint64(stop)):
        v = np.uint64(row)
        pulled = 0.0
        if weighted:
            for arc in range(in_indptr[v], in_indptr[v + ONE]):
                pulled += in_weights[np.uint64(arc)] * shares[in_indices[np.uint64(arc)]]
        else:
            for arc in range(in_indptr[v], in_indptr[v + ONE]):
                pulled += shares[in_indices[np.uint64(arc)]]
        new = teleport * jump[v & jump_mask] + sunk * sink[v & sink_mask] + damping * pulled
        old = shares[v]
        if strength[v] > 0.0:
            old *= strength[v]
            out[v - first] = new / strength[v]
        else:
            dangling += new
            out[v - first] = new
        change += abs(new - old)
    return change, dangling


@kernel
def row_sums(indptr, values, start, stop, out):
    """Sum the values of each row's arcs: ``out[v] = sum(values[indptr[v]:indptr[v + 1]])`` for v in [start, stop)."""
    first = np.uint64(start)
    for row in range(first, np.uint64(stop)):
        v = np.uint64(row)
        total = 0.0
        for arc in range(indptr[v], indptr[v + ONE]):
            total += values[np.uint64(arc)]
        out[v - first] = total


@kernel
def walk_rows(indptr, indices, weights, gathered, own, shift, scale, value, start, stop, out):
    """One step of power iteration over the rows [start, stop), and what tells how far from an eigenvector `own` is.

    With p[v] = sum over the arcs of v of w[u, v] * gathered[u]::

        out[v] = scale * (p[v] + shift * own[v])

    `weights` is empty where every arc weighs 1. Returns, over these rows, the sums of own^2, of own * p and of
    (p - value * own)^2, and the largest p / own (Collatz-Wielandt; infinite where own is 0 and p is not).
    """
    weighted = weights.size > 0
    squares, cross, residual, high = 0.0, 0.0, 0.0, 0.0
    first = np.uint64(start)
    for row in range(first, np.uint64(stop)):
        v = np.uint64(row)
        pulled = 0.0
        if weighted:
            for arc in range(indptr[v], indptr[v + ONE]):
                pulled += weights[np.uint64(arc)] * gathered[indices[np.uint64(arc)]]
        else:
            for arc in range(indptr[v], indptr[v + ONE]):
                pulled += gathered[indices[np.uint64(arc)]]
        mine = own[v]
        apart = pulled - value * mine
        squares += mine * mine
        cross += mine * pulled
        residual += apart * apart
        if pulled > high * mine:
            high = pulled / mine if mine > 0.0 else np.inf
        out[v - first] = scale * (pulled + shift * mine)
    return squares, cross, residual, high


@kernel
def katz_rows(indptr, indices, weights, x, yardstick, alpha, beta, start, stop, out):
    """One pass of Katz's sum over the rows [start, stop): ``out[v] = beta + alpha * sum of w[u, v] * x[u]``.

    Returns the largest (out - x) / yardstick of these rows, and the largest out.
    """
    weighted = weights.size > 0
    step, top = 0.0, 0.0
    first = np.uint64(start)
    for row in range(first, np.uint64(stop)):
        v = np.uint64(row)
        pulled = 0.0
        if weighted:
            for arc in range(indptr[v], indptr[v + ONE]):
                pulled += weights[np.uint64(arc)] * x[indices[np.uint64(arc)]]
        else:
            for arc in range(indptr[v], indptr[v + ONE]):
                pulled += x[indices[np.uint64(arc)]]
        new = beta + alpha * pulled
        step = max(step, abs(new - x[v]) / yardstick[v])
        top = max(top, new)
        out[v - first] = new
    return step, top


@kernel
def fed_by_cycles(in_indptr, indptr, indices, left, queue):
    """Fill `left` (uint32[n]) with 0 for the nodes that no cycle reaches, and with more for the others.

    Nodes that nobody feeds are taken away until none is left to take. `queue` (uint32[n]) is scratch. Returns how many
    nodes a cycle reaches.
    """
    n = np.uint64(left.size)
    tail = ZERO
    head = ZERO
    for row in range(n):
        v = np.uint64(row)
        left[v] = np.uint32(in_indptr[v + ONE] - in_indptr[v])
        if left[v] == 0:
            queue[tail] = np.uint32(v)
            tail += ONE
    while head < tail:
        v = np.uint64(queue[head])
        head += ONE
        for arc in range(indptr[v], indptr[v + ONE]):
            u = indices[np.uint64(arc)]
            left[u] -= np.uint32(1)
            if left[u] == 0:
                queue[tail] = u
                tail += ONE
    return n - tail
