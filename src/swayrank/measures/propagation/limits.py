"""Exact limits of proportions, and of the spreads that follow from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def clopper_pearson(hits: npt.NDArray[np.int64], n_trials: int, alpha: float) -> tuple[Floats, Floats]:
    """Exact limits of binomial proportions, alpha / 2 on each side.

    Parameters
    ----------
    hits : numpy.ndarray of int64
        Successes, each in [0, n_trials].
    n_trials : int
        Trials, at least 1.
    alpha : float
        Probability with which either limit may fail.

    Returns
    -------
    low, high : numpy.ndarray of float64

    References
    ----------
    Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> low, high = clopper_pearson(np.array([0, 5]), 10, 0.05)
    >>> low.round(4), high.round(4)
    (array([0.    , 0.1871]), array([0.3085, 0.8129]))
    """
    from scipy.special import betainccinv, betaincinv

    distinct, where = np.unique(hits, return_inverse=True)  # few distinct counts, and the inverses are slow
    k = distinct.astype(np.float64)
    low, high = np.zeros(k.size), np.ones(k.size)
    some, short = k > 0, k < n_trials
    low[some] = betaincinv(k[some], n_trials - k[some] + 1, alpha / 2)
    high[short] = betainccinv(k[short] + 1, n_trials - k[short], alpha / 2)
    return low[where], high[where]


def lower_limit(hits: int, n_trials: int, alpha: float) -> float:
    """The proportion above which the true one lies with probability at least 1 - alpha.

    Examples
    --------
    >>> round(lower_limit(5, 10, 0.025), 4)
    0.1871
    """
    return float(clopper_pearson(np.array([hits]), n_trials, 2 * alpha)[0][0])


def upper_limit(hits: int, n_trials: int, alpha: float) -> float:
    """The proportion below which the true one lies with probability at least 1 - alpha.

    Examples
    --------
    >>> round(upper_limit(5, 10, 0.025), 4)
    0.8129
    """
    return float(clopper_pearson(np.array([min(hits, n_trials)]), n_trials, 2 * alpha)[1][0])


def mean_interval(
    values: npt.NDArray[np.number], confidence: float, low: float, high: float
) -> tuple[float, float, tuple[float, float]]:
    """Mean, standard error, and an interval for the mean of values that lie in [low, high].

    Student's t; where all values agree, the limits follow from what so many agreeing values allow: another value has a
    probability of at most 1 - (1 - confidence)**(1 / n).

    Examples
    --------
    >>> mean, std_error, (low, high) = mean_interval(np.array([1, 2, 3]), 0.95, 0.0, 10.0)
    >>> mean, round(std_error, 4), low, round(high, 4)
    (2.0, 0.5774, 0.0, 4.4841)
    >>> mean_interval(np.array([1, 1]), 0.95, 1, 10)[2]
    (1.0, 7.987...)
    """
    n = values.size
    mean = float(values.sum()) / n
    if values.min() == values.max():
        other = 1.0 - (1.0 - confidence) ** (1.0 / n)
        return mean, 0.0, (mean - other * (mean - low), mean + other * (high - mean))
    from scipy.special import stdtrit

    std_error = float(np.std(values, ddof=1)) / n**0.5
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * std_error
    return mean, std_error, (max(low, mean - half), min(high, mean + half))
