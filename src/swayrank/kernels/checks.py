"""Whether rows that were mapped from disk are rows at all, in one pass that never reads past them.

The pass also sums a number made of each arc's two ends. Out-rows and in-rows hold the same arcs, so their sums, modulo
2**64, are the same; a row that was altered to something that looks like a row shows there.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO, ONE, HALF = np.uint64(0), np.uint64(1), np.uint64(32)
_FROM, _TO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@kernel(inline=True)
def end_hash(node, factor):
    """A number for one end of an arc: different for different nodes, and far from linear."""
    x = (node + ONE) * factor
    return x ^ (x >> HALF)


@kernel
def check_rows(indptr, indices, incoming):
    """Whether all neighbours are nodes and ascend within each row, and the sum over the arcs of a number for each.

    `indptr` must ascend from 0 to indices.size. With `incoming`, row v holds the arcs that end in v. Plainly::

        sum over arcs (u, v) of end_hash(u, _FROM) * end_hash(v, _TO)

    whose row factor is taken out of the inner sum; there are no branches in there, so that it becomes vector code.
    """
    n = np.uint64(indptr.size - 1)
    near = _TO if incoming else _FROM
    far = _FROM if incoming else _TO
    wrong = ZERO
    total = ZERO
    for row in range(n):
        v = np.uint64(row)
        first, stop = indptr[v], indptr[v + ONE]
        if first == stop:
            continue
        in_row = end_hash(np.uint64(indices[first]), far)
        for arc in range(first + ONE, stop):
            i = np.uint64(arc)
            wrong |= np.uint64(indices[i] <= indices[i - ONE])
            in_row += end_hash(np.uint64(indices[i]), far)
        wrong |= np.uint64(np.uint64(indices[stop - ONE]) >= n)
        total += end_hash(v, near) * in_row
    return wrong == ZERO, total
