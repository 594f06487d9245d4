"""Pull over rows with nothing else assumed: sums over arcs, and passes towards the fixed point x = b + M x.

`indptr` and `indices` are the rows (in-arcs to gather from followers, out-arcs to gather from those followed),
`weights` float64 in the same order, empty where every arc weighs 1. As in :mod:`swayrank.kernels.spmv`, each kernel
works on the rows [start, stop), writes its own slice `out`, and sums in the order of the arcs, in float64, without
fastmath.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ONE = np.uint64(1)
# A sum that is rounded once more or less: what a residual may be off by, as a share of the new value.
_ULP = 2.0**-52


@kernel
def pull_rows(indptr, indices, weights, x, start, stop, out):
    """Gather once: ``out[v] = sum over the arcs of row v of weights[arc] * x[indices[arc]]``."""
    weighted = weights.size > 0
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
        out[v - first] = pulled


@kernel
def affine_rows(indptr, indices, weights, constant, handed, x, start, stop, out):
    """One pass ``x' = b + M x`` and what it says about the distance that is left.

    `handed` is x with the columns' factors of M already in it, so that ``(M x)[v]`` is the sum over the arcs of row v
    of ``weights[arc] * handed[indices[arc]]``. With the residual r = x' - x the pass returns::

        sum |r|,   sum x',   min r / b,   max r / b

    where minimum and maximum are over rows with b > 0, widened by rounding, and the maximum is infinite where anything
    reaches a row with b = 0.
    """
    weighted = weights.size > 0
    first = np.uint64(start)
    moved, mass, low, high = 0.0, 0.0, np.inf, -np.inf
    for row in range(first, np.uint64(stop)):
        v = np.uint64(row)
        pulled = 0.0
        if weighted:
            for arc in range(indptr[v], indptr[v + ONE]):
                pulled += weights[np.uint64(arc)] * handed[indices[np.uint64(arc)]]
        else:
            for arc in range(indptr[v], indptr[v + ONE]):
                pulled += handed[indices[np.uint64(arc)]]
        new = constant[v] + pulled
        residual = new - x[v]
        rounding = _ULP * new
        moved += abs(residual)
        mass += new
        if constant[v] > 0.0:
            low = min(low, (residual - rounding) / constant[v])
            high = max(high, (residual + rounding) / constant[v])
        elif new > 0.0:
            high = np.inf
        out[v - first] = new
    return moved, mass, low, high
