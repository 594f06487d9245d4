"""Figures of the files that stand beside a run: the curve of its seeds, and how well its backtest went."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.report.backtests import metrics_figure, removal_figure
from swayrank.report.facts import read_backtest
from swayrank.report.seed_files import read_seeds
from swayrank.report.seeds import SeedPlan, plan_curve
from swayrank.validation.metrics import DEPTHS
from swayrank.validation.results import Backtest, FoldFacts

BACKTEST_FIGURES = {"metrics": metrics_figure, "removal": removal_figure}


def seeds_figure(path: Path, theme: str) -> Any:
    """What each seed of a file adds; a .json tells how good the choice is, a table does not.

    Raises
    ------
    ParameterError
        If the file holds no seed, or is of another kind.
    InputError
        If it is not what it should be.
    """
    seeds, goal = read_seeds(path)
    if not seeds:
        raise ParameterError(f"{path.name} holds no seeds")
    plan = SeedPlan(
        seeds=[seed.account for seed in seeds],
        gains=[seed.adds for seed in seeds],
        method=goal.method,
        spread=goal.spread,
        interval=goal.interval,
        lower_bound=goal.lower_bound,
        upper_bound=goal.upper_bound,
    )
    return plan_curve(plan, theme=theme)


def backtest_of(path: Path) -> Backtest:
    """A backtest's figures from the file that keeps them; what they were drawn from is not in it.

    Raises
    ------
    InputError
        If the file is not what it should be.
    ParameterError
        If it holds other metrics than figures show.
    """
    told = read_backtest(path)
    names, figures = tuple(told["figures"]), list(told["figures"].values())
    metrics = tuple(figures[0]) if figures else ()
    n_cuts = len(DEPTHS)
    firsts = [name.partition("_at_")[0] for name in (metrics[0], *metrics[2:4])] if len(metrics) >= 4 else []
    if firsts != ["spearman", "ndcg", "precision"] or len(metrics) < 4 + n_cuts:
        raise ParameterError(f"{path.name} does not hold the metrics that this figure shows")
    if any(tuple(of) != metrics for of in figures):
        raise ParameterError(f"the rankings of {path.name} do not all have the same metrics")
    value, low, high = (_column(figures, metrics, end) for end in range(3))
    return Backtest(
        names=names, n_composites=1, metrics=metrics, values=value, low=low, high=high, by_fold=value[None],
        replicates=value[None], folds=tuple(map(_fold, told["folds"])), params=told["params"],
    )  # fmt: skip


def _column(figures: list[Mapping[str, Any]], metrics: tuple[str, ...], end: int) -> npt.NDArray[np.float64]:
    """Figures (0) or the lower (1) or upper (2) ends of their intervals, NaN where undefined."""
    return np.array([[of[metric][end] for metric in metrics] for of in figures], np.float64)


def _fold(told: Mapping[str, Any]) -> FoldFacts:
    known = {"split": None, "end": None, "outcome_total": np.nan, "outcome_elsewhere": np.nan, "n_elsewhere": 0,
             "half_life_days": np.nan, "parts": (), "left_out": (), "ceiling": None}  # fmt: skip
    fields = FoldFacts.__dataclass_fields__
    return FoldFacts(**{**known, **{name: value for name, value in told.items() if name in fields}})
