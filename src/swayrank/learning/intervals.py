"""Intervals of probabilities: central quantiles of Beta distributions, in chunks.

With a prior, the interval is the posterior's: ``Beta(successes + a, failures + b)``. Without one it is Jeffreys'
interval, ``Beta(successes + 1/2, failures + 1/2)``, which reaches to 0 where nothing succeeded and to 1 where nothing
failed (Brown, Cai & DasGupta 2001). An arc without trials and without a prior has [0, 1].

References
----------
Brown, Cai & DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science 16.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.engines import Engine, chunk_bounds
from swayrank.ids import read_only
from swayrank.kernels.learn import distinct_pairs

Floats = npt.NDArray[np.float64]
Order = npt.NDArray[np.integer[Any]]

_ARCS_PER_CHUNK = 1 << 16
_FULL = 1e-9


def beta_interval(
    won: Floats, lost: Floats, order: Order, confidence: float, *, prior: bool, runner: Engine
) -> tuple[Floats, Floats]:
    """The lower and upper end for every arc.

    Parameters
    ----------
    won, lost : numpy.ndarray of float64, shape (n_arcs,)
        Successes and failures, with the prior's pseudo-observations if there are any.
    order : numpy.ndarray of uint32, shape (n_arcs,)
        The arcs in an order in which those with the same evidence are near each other, such as ``graph.in_arcs``.
    confidence : float
        In (0, 1).
    prior : bool
        Whether they hold a prior's; else Jeffreys' halves are added.
    runner : Engine
        Where to work.

    Notes
    -----
    A quantile takes about a microsecond. Many arcs to the same influencer have the same evidence (all its posts, no
    success), so each different pair of a chunk is looked up once.

    Examples
    --------
    >>> from swayrank.engines import resolve_engine
    >>> won, lost, order = np.array([0.0, 5.0]), np.array([10.0, 5.0]), np.arange(2, dtype=np.uint32)
    >>> low, high = beta_interval(won, lost, order, 0.95, prior=False, runner=resolve_engine())
    >>> low.round(3), high.round(3)
    (array([0.   , 0.224]), array([0.217, 0.776]))
    """
    low, high = np.empty(won.size), np.empty(won.size)
    task = (*(read_only(x) for x in (won, lost, order)), (1.0 - confidence) / 2.0, prior)
    bounds = chunk_bounds(won.size, _ARCS_PER_CHUNK)
    for start, ends in zip(bounds, runner.map(_ends_of, task, bounds), strict=False):
        arcs = order[start : start + ends[0].size]
        low[arcs], high[arcs] = ends
    return low, high


def _ends_of(task: tuple[Floats, Floats, Order, float, bool], start: int, stop: int) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    won, lost, order, tail, prior = task
    arcs = order[start:stop]
    table = np.zeros(2 << (stop - start).bit_length(), np.uint32)
    which, number = np.empty(arcs.size, np.uint64), np.empty(arcs.size, np.uint32)
    which = which[: distinct_pairs(won, lost, arcs, table, which, number)]
    w, f = won[which], lost[which]
    more = 0.0 if prior else 0.5
    a, b = w + more, f + more
    low, high = betaincinv(a, b, tail), betaincinv(a, b, 1.0 - tail)
    low[a == 0] = 0.0  # SciPy has no quantile where all the mass is at one end, or where there is no evidence at all
    high[a == 0] = np.where(b[a == 0] == 0, 1.0, 0.0)
    if not prior:
        low[w <= _FULL] = 0.0
        high[f <= _FULL] = 1.0
    return low[number], high[number]
