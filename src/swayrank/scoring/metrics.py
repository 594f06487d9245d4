"""How well one ranking agrees with what is true or what came later."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Order = npt.NDArray[np.int64]


def best(values: Values, k: int) -> npt.NDArray[np.int64]:
    """Positions of the `k` highest values, best first, ties by position; NaN counts as the lowest.

    >>> best(np.array([1.0, 3.0, np.nan, 3.0]), 2)
    array([1, 3])
    """
    order: npt.NDArray[np.int64] = np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")
    return order[:k]


def spearman(values: Values, truth: Values, *, orders: tuple[Order, Order] | None = None) -> float:
    """Spearman's rank correlation, ties given their mean rank; NaN counts as the lowest; NaN where all are tied.

    Sorting is what takes long: whoever has sorted both already passes `orders`, positions from the lowest of each to
    its highest (or from the highest to the lowest of both). Positions that neither holds do not count.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 15.0]))
    0.5
    >>> spearman(np.array([3.0, np.nan, 1.0]), np.array([9.0, 5.0, 2.0]), orders=(np.array([0, 2]), np.array([0, 2])))
    1.0
    """
    both = [np.where(np.isnan(x), -np.inf, x) for x in (values, truth)] if orders is None else [values, truth]
    first, second = orders or [np.argsort(x, kind="stable") for x in both]
    a, b = _centred_ranks(both[0], first), _centred_ranks(both[1], second)
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm else float("nan")


def _centred_ranks(values: Values, order: Order) -> Values:
    """Each value's rank less the mean of ranks, equal ones sharing theirs; 0 for what `order` leaves out."""
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], ordered.size)
    ranks = np.zeros(values.size)
    ranks[order] = np.repeat((starts + ends - ordered.size) / 2, ends - starts)
    return ranks


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
