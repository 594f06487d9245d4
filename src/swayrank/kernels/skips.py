"""Rows of trials: which of them succeed, by jumps from one success to the next.

Rows say how their trials are drawn through one number each, `skip`::

    skip < 0     all trials have the same p < 1: jump from success to success, skip = 1 / log(1 - p)
    skip == 0    p = 1: all succeed
    skip > 0     p = 0: none does
    skip is NaN  the trials differ: one draw for each, against its own probability
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, bits, geometric, unit

_ONE = np.uint64(1)
_DEAD = np.float64(0.0)


def row_skips(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each row's `skip` for the probability that all of its arcs have, or for NaN where they differ."""
    with np.errstate(divide="ignore", over="ignore"):
        skip = np.where(probability < 1.0, 1.0 / np.log1p(-probability), 0.0)
    skip[probability == 0.0] = np.inf
    skip[np.isnan(probability)] = np.nan
    skip.flags.writeable = False
    return skip


@kernel
def next_live(state, j, end, skip, probability):
    """The stream's new state and the first live arc at or after j, or `end`; draws nothing where j is the end."""
    if j >= end:
        return state, end
    if skip < _DEAD:
        state = advance(state)
        jump = geometric(bits(state), skip)
        if jump < end - j:
            return state, j + jump
        return state, end
    if skip == _DEAD:
        return state, j
    if skip > _DEAD:
        return state, end
    while j < end:
        state = advance(state)
        if unit(bits(state)) < probability[j]:
            break
        j += _ONE
    return state, j
