"""How well rankings agree with what came later, and how sure that is.

With v a ranking's values over the accounts and y >= 0 the truth:

- *spearman*: Pearson's correlation of mid-ranks;
- *kendall_tau_b*: (concordant - discordant) / sqrt((pairs not tied in v) (pairs not tied in y));
- *ndcg_at_k*: sum of y_i / log2(1 + place of i) over the first k places, over the same sum in the order of y
  (Jarvelin & Kekalainen 2002, gain = y);
- *precision_at_k*: the share of the k highest of the truth that is among the first k;
- *cut*: the share of all truth, that of unknown accounts included, which is gone if the first x % of accounts are
  removed (the removal curve of DeVerna et al. 2024).

Where accounts are tied, in the ranking or in the truth, the mean over all orders of the tied is taken, so that no order
of rows and no luck decides. NaN is the lowest value. A ranking without any order has correlations of 0.

Intervals: accounts are drawn anew with replacement (a Poisson bootstrap, the same draws for all rankings), and the
share `confidence` of the replicates' middle is taken. A difference between two rankings is formed inside each
replicate. Kendall's replicates are linear in the draws (its exact recomputation would cost a sort each).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayrank._progress import Step
from swayrank._rng import Key
from swayrank.engines import Engine, chunk_bounds
from swayrank.ids import read_only
from swayrank.kernels.random import JUDGED
from swayrank.kernels.rankings import N_FIRST, judge, pair_signs

Floats = npt.NDArray[np.float64]
DEPTHS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)
"""Shares of accounts at which the removal curve is read."""
_REPLICATES_PER_CHUNK = 8


@dataclass(frozen=True, eq=False)
class Judged:
    """What rankings came to.

    Attributes
    ----------
    names : tuple of str
        The rankings.
    metrics : tuple of str
        "spearman", "kendall_tau_b", "ndcg_at_<k>", "precision_at_<k>", and "cut_at_<x>" for each depth x.
    replicates : numpy.ndarray of float64, shape (1 + n_replicates, n_rankings, n_metrics)
        The first is the accounts as they are, the others draws of them.
    """

    names: tuple[str, ...]
    metrics: tuple[str, ...]
    replicates: Floats

    @property
    def values(self) -> Floats:
        """The figures themselves, shape (n_rankings, n_metrics)."""
        figures: Floats = self.replicates[0]
        return figures


def metric_names(k: int, depths: Sequence[float] = DEPTHS) -> tuple[str, ...]:
    """The names of the figures.

    >>> metric_names(100, [0.01])
    ('spearman', 'kendall_tau_b', 'ndcg_at_100', 'precision_at_100', 'cut_at_0.01')
    """
    return (
        "spearman", "kendall_tau_b", f"ndcg_at_{k}", f"precision_at_{k}", *(f"cut_at_{depth:g}" for depth in depths)
    )  # fmt: skip


def judge_rankings(
    rankings: Mapping[str, Floats],
    truth: Floats,
    names: npt.NDArray[np.uint64],
    *,
    k: int,
    n_replicates: int,
    key: Key,
    runner: Engine,
    elsewhere: float = 0.0,
    depths: Sequence[float] = DEPTHS,
    kendall: bool = True,
    step: Step | None = None,
) -> Judged:
    """Hold rankings against the truth.

    Parameters
    ----------
    rankings : mapping of str to array of float64, shape (n,)
        Values, higher is better; NaN is the lowest.
    truth : array of float64, shape (n,)
        What came, 0 or more.
    names : array of uint64, shape (n,)
        What each account's draws are named by: a hash of its id.
    k : int
        How many places NDCG and precision look at.
    n_replicates : int
        Draws of the accounts, 0 for none.
    elsewhere : float, default 0
        Truth that fell on accounts which no ranking knows.
    kendall : bool, default True
        Whether Kendall's tau-b is wanted; else it is 0, and the work a third less.

    Notes
    -----
    Accounts are taken in the order of their names, so that the order in which they come changes no bit.
    O((n log n + n_replicates n) n_rankings) time; 40 n bytes for each ranking.
    """
    by_name = np.argsort(names, kind="stable")
    names, truth = names[by_name], np.asarray(truth, np.float64)[by_name]
    ordered = [_ordered(values[by_name]) for values in rankings.values()]
    orders, ties = (np.stack(columns) for columns in zip(*ordered, strict=True))
    truth_order, truth_tied = _ordered(truth)
    levels, n_levels = _levels(truth_order, truth_tied)
    signs, untied = np.zeros(orders.shape), np.zeros(orders.shape)
    for m in range(len(orders) if kendall else 0):
        pair_signs(read_only(orders[m]), read_only(ties[m]), levels, np.uint64(n_levels), signs[m], untied[m])
    sizes = np.bincount(levels, minlength=n_levels)
    truth_untied = (truth.size - sizes[levels]).astype(np.float64)
    discounts = np.concatenate(([0.0], np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))))
    arrays = (names, orders, ties, truth, truth_order, truth_tied)
    rest = (discounts, np.asarray(depths, np.float64), signs, untied, truth_untied)
    inputs = ((key.hi, key.lo), tuple(map(read_only, arrays)), elsewhere, float(k), tuple(map(read_only, rest)))
    bounds = chunk_bounds(1 + n_replicates, _REPLICATES_PER_CHUNK)
    parts = [*runner.map(_judged, inputs, bounds, step=step)]
    return Judged(tuple(rankings), metric_names(k, depths), np.concatenate(parts))


def _judged(inputs: tuple, start: int, stop: int) -> Floats:  # type: ignore[type-arg]
    key, arrays, elsewhere, k, rest = inputs
    out = np.empty((stop - start, arrays[1].shape[0], N_FIRST + rest[1].size))
    judge(*key, np.uint64(JUDGED), np.uint64(start), np.uint64(stop), *arrays, elsewhere, k, *rest, out)
    return out


def _ordered(values: Floats) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """The order of the values, highest first, and whether each is equal to the one before."""
    lowest = np.where(np.isnan(values), -np.inf, values)
    order = np.argsort(-lowest, kind="stable").astype(np.uint32)
    tied = np.zeros(order.size, np.uint8)
    tied[1:] = lowest[order[1:]] == lowest[order[:-1]]
    return order, tied


def _levels(order: npt.NDArray[np.uint32], tied: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint32], int]:
    """The dense rank of each account, 0 the lowest, and how many there are."""
    dense = np.cumsum(tied == 0) - 1
    n_levels = int(dense[-1]) + 1 if dense.size else 0
    levels = np.empty(order.size, np.uint32)
    levels[order] = n_levels - 1 - dense
    return read_only(levels), n_levels


def interval(replicates: Floats, confidence: float) -> tuple[Floats, Floats]:
    """The middle `confidence` of replicates along the first axis; the first of them, the figure itself, is no draw."""
    low, high = (np.full(replicates.shape[1:], np.nan) for _ in range(2))
    drawn = ~np.isnan(replicates[1:]).all(axis=0)
    if drawn.any():
        tail = (1.0 - confidence) / 2
        low[drawn], high[drawn] = np.nanquantile(replicates[1:, drawn], [tail, 1.0 - tail], axis=0)
    return low, high
