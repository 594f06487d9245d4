"""Intervals of probabilities: central quantiles of Beta distributions, in chunks.

With a prior, the interval is the posterior's: ``Beta(successes + a, failures + b)``. Without one it is Jeffreys' interval,
``Beta(successes + 1/2, failures + 1/2)``, which reaches to 0 where nothing succeeded and to 1 where nothing failed (Brown,
Cai & DasGupta 2001). An arc without trials and without a prior has [0, 1].

References
----------
Brown, Cai & DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science 16.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.engines import Engine, chunk_bounds

Floats = npt.NDArray[np.float64]

_ARCS_PER_CHUNK = 1 << 16
_FULL = 1e-9


def beta_interval(
    won: Floats, lost: Floats, confidence: float, *, prior: bool, runner: Engine
) -> tuple[Floats, Floats]:
    """The lower and upper end for every arc.

    Parameters
    ----------
    won, lost : numpy.ndarray of float64, shape (n_arcs,)
        Successes and failures, with the prior's pseudo-observations if there are any.
    confidence : float
        In (0, 1).
    prior : bool
        Whether they hold a prior's; else Jeffreys' halves are added.
    runner : Engine
        Where to work.

    Examples
    --------
    >>> from swayrank.engines import resolve_engine
    >>> low, high = beta_interval(np.array([0.0, 5.0]), np.array([10.0, 5.0]), 0.95, prior=False, runner=resolve_engine())
    >>> low.round(3), high.round(3)
    (array([0.   , 0.224]), array([0.217, 0.776]))
    """
    tail = (1.0 - confidence) / 2.0
    bounds = chunk_bounds(won.size, _ARCS_PER_CHUNK)
    parts = [*runner.map(_ends_of, (won, lost, tail, prior), bounds)]
    if not parts:
        return np.empty(0), np.empty(0)
    low, high = (np.concatenate(ends) for ends in zip(*parts, strict=True))
    return low, high


def _ends_of(task: tuple[Floats, Floats, float, bool], start: int, stop: int) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    won, lost, tail, prior = task
    w, f = won[start:stop], lost[start:stop]
    more = 0.0 if prior else 0.5
    # many arcs have the same evidence (one influencer's posts, none of which succeeded): each is looked up once
    pairs, back = np.unique(w + 1j * f, return_inverse=True)
    low: Floats = betaincinv(pairs.real + more, pairs.imag + more, tail)[back]
    high: Floats = betaincinv(pairs.real + more, pairs.imag + more, 1.0 - tail)[back]
    if not prior:
        low[w <= _FULL] = 0.0
        high[f <= _FULL] = 1.0
    return low, high
