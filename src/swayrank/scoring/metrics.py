"""How well one ranking agrees with what is true or what came later."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def best(values: Values, k: int) -> npt.NDArray[np.int64]:
    """Positions of the `k` highest values, best first, ties by position; NaN counts as the lowest.

    >>> best(np.array([1.0, 3.0, np.nan, 3.0]), 2)
    array([1, 3])
    """
    order: npt.NDArray[np.int64] = np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")
    return order[:k]


def spearman(values: Values, truth: Values) -> float:
    """Spearman's rank correlation, ties given their mean rank; NaN in `values` counts as the lowest.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 15.0]))
    0.5
    """
    from scipy.stats import rankdata

    ranks = [rankdata(np.where(np.isnan(x), -np.inf, x)) for x in (values, truth)]
    centred = [r - r.mean() for r in ranks]
    norm = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / norm if norm else float("nan")


def ndcg_at(values: Values, truth: Values, k: int) -> float:
    """Normalised discounted cumulative gain of the top `k` (Jarvelin & Kekalainen 2002), gain = truth, >= 0.

    >>> ndcg_at(np.array([3.0, 2.0, 1.0]), np.array([5.0, 0.0, 0.0]), 2)
    1.0
    """
    discount = 1.0 / np.log2(np.arange(2, min(k, truth.size) + 2))
    gained = float((truth[best(values, k)] * discount).sum())
    ideal = float((np.sort(truth)[::-1][:k] * discount).sum())
    return gained / ideal if ideal else float("nan")


def overlap_at(values: Values, truth: Values, k: int) -> float:
    """Share of the top `k` that two rankings have in common.

    >>> overlap_at(np.array([3.0, 2.0, 1.0]), np.array([1.0, 5.0, 9.0]), 2)
    0.5
    """
    return np.intersect1d(best(values, k), best(truth, k)).size / k
