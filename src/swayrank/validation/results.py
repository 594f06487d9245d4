"""The answer of `backtest`: how well every ranking foretold what came, with intervals, differences and plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._render import render
from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.tables import frame
from swayrank.validation.metrics import DEPTHS, Judged, interval

Floats = npt.NDArray[np.float64]
NOT_INFERIOR = 0.02
"""By how much a score may lie behind a baseline, at the worst end of the interval, and still count as not inferior."""
_ALIKE = 1e-3
_POWER = 0.8
_CUT = "cut_at_0.01"


@dataclass(frozen=True)
class FoldFacts:
    """What one split came to.

    Attributes
    ----------
    split, end : str or None
        The future lies between them; None where the outcome was given.
    n_accounts : int
        Accounts that were ranked and have a truth.
    n_scored : int
        Those of them with enough evidence for a score; the others are ranked last, all tied.
    n_with_outcome : int
        Those to whom anything happened.
    outcome_total, outcome_elsewhere : float
        The outcome of the ranked, and of accounts that were not known before the split.
    n_elsewhere : int
        How many these are.
    half_life_days : float
    parts : tuple of str
        Parts that the score was made of.
    left_out : tuple of str
        In words, what could not be measured.
    ceiling : float or None
        The highest Spearman's correlation that a ranking is expected to reach without having seen the outcome.
    informed : tuple of str, default ()
        Own measures that tell accounts apart even where they are given neither events nor arcs.
    """

    split: str | None
    end: str | None
    n_accounts: int
    n_scored: int
    n_with_outcome: int
    outcome_total: float
    outcome_elsewhere: float
    n_elsewhere: int
    half_life_days: float
    parts: tuple[str, ...]
    left_out: tuple[str, ...]
    ceiling: float | None
    informed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """By how much the score is ahead of another ranking in one metric; below 0 it is behind.

    Attributes
    ----------
    measure, metric : str
    ahead, low, high : float
        The paired difference and the ends of its interval.
    """

    measure: str
    metric: str
    ahead: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """better, worse, alike (by less than a thousandth), or not to be told apart."""
        if max(abs(self.low), abs(self.high)) < _ALIKE:
            return "alike"
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "not to be told apart"

    def __str__(self) -> str:
        if np.isnan(self.low):
            return f"{self.ahead:+.3f}"
        return f"{self.ahead:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


@dataclass(frozen=True, eq=False, repr=False)
class Backtest:
    """How well rankings from before a split agree with what came after it.

    Attributes
    ----------
    names : tuple of str
        The rankings: the score's profiles first, then baselines, then further measures.
    n_composites : int
        How many of them are scores.
    metrics : tuple of str
        See :mod:`swayrank.validation.metrics`.
    values, low, high : numpy.ndarray of float64, shape (n_rankings, n_metrics)
        Figures, averaged over splits, and their intervals; NaN without replicates.
    by_fold : numpy.ndarray of float64, shape (n_folds, n_rankings, n_metrics)
        The same of each split.
    replicates : numpy.ndarray of float64, shape (1 + n_replicates, n_rankings, n_metrics)
        The draws behind the intervals; the first is `values`.
    folds : tuple of FoldFacts
    params : mapping of str to object

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=500, rng=7)
    >>> found = sr.backtest(town.graph, town.events, as_of="2026-03-01", k=20, rng=7, n_replicates=50)
    >>> found.to_frame("pyarrow").column_names[:4]
    ['measure', 'spearman', 'spearman_low', 'spearman_high']
    """

    names: tuple[str, ...]
    n_composites: int
    metrics: tuple[str, ...]
    values: Floats
    low: Floats
    high: Floats
    by_fold: Floats
    replicates: Floats
    folds: tuple[FoldFacts, ...]
    params: Mapping[str, Any]

    @classmethod
    def of(
        cls, judged: Sequence[Judged], folds: Sequence[FoldFacts], *, n_composites: int, params: Mapping[str, Any]
    ) -> Backtest:
        """Average the splits; rankings that are missing in one of them are left out of all."""
        names = [name for name in judged[0].names if all(name in one.names for one in judged)]
        chosen = [one.replicates[:, [one.names.index(name) for name in names]] for one in judged]
        replicates = np.mean(chosen, axis=0)
        low, high = interval(replicates, float(params["confidence"]))
        return cls(
            tuple(names), n_composites, judged[0].metrics, replicates[0], low, high,
            np.stack([one[0] for one in chosen]), replicates, tuple(folds), dict(params),
        )  # fmt: skip

    # -- answers

    def value(self, measure: str, metric: str) -> float:
        """One figure.

        Raises
        ------
        ParameterError
            If there is no such ranking or metric.
        """
        return float(self.values[self._at(measure, metric)])

    def _at(self, measure: str, metric: str) -> tuple[int, int]:
        for name, there, what in ((measure, self.names, "measure"), (metric, self.metrics, "metric")):
            if name not in there:
                raise ParameterError(f"{what} must be one of {', '.join(there)}, got {name!r}")
        return self.names.index(measure), self.metrics.index(metric)

    def difference(self, measure: str, metric: str, *, score: str | None = None) -> Difference:
        """By how much a score (by default the first profile) is ahead of `measure`.

        Examples
        --------
        >>> import swayrank as sr
        >>> town = sr.generate("town", n=500, rng=7)
        >>> found = sr.backtest(town.graph, town.events, as_of="2026-03-01", k=20, rng=7, n_replicates=50)
        >>> found.difference("random", "spearman").verdict
        'better'
        """
        (m, column), own = self._at(measure, metric), self._at(score or self.names[0], metric)[0]
        ahead = self.replicates[:, own, column] - self.replicates[:, m, column]
        low, high = interval(ahead, float(self.params["confidence"]))
        return Difference(measure, metric, float(ahead[0]), float(low), float(high))

    def detectable(self, measure: str, metric: str) -> float:
        """The difference that would be seen four times in five: 2.8 standard errors of the paired difference, at 95 %.

        Parameters
        ----------
        measure, metric : str
            As :meth:`difference` takes them.
        """
        from scipy.stats import norm

        (m, column), own = self._at(measure, metric), self._at(self.names[0], metric)[0]
        ahead = self.replicates[1:, own, column] - self.replicates[1:, m, column]
        z = norm.ppf((1 + float(self.params["confidence"])) / 2) + norm.ppf(_POWER)
        return float(z * np.nanstd(ahead, ddof=1))

    @property
    def main_metrics(self) -> tuple[str, ...]:
        """Spearman, NDCG and precision: what the words and the printed table are about."""
        return self.metrics[0], self.metrics[2], self.metrics[3]

    @property
    def baselines(self) -> tuple[str, ...]:
        """The rankings that are no scores."""
        return self.names[self.n_composites :]

    def best_baseline(self, metric: str) -> str:
        """The single measure with the highest figure."""
        column = self._at(self.names[0], metric)[1]
        return self.names[self.n_composites + int(np.nanargmax(self.values[self.n_composites :, column]))]

    def suspects(self) -> list[str]:
        """Rankings that may have seen the future.

        Those that agree with it better than its own chance allows, in every split, and own measures that tell accounts
        apart even where they are given nothing to measure.
        """
        return [name for name in self.names if name in (*self._beyond_chance(), *self._informed())]

    def _beyond_chance(self) -> list[str]:
        ceilings = [fold.ceiling for fold in self.folds]
        if any(ceiling is None for ceiling in ceilings):
            return []
        reached = (self.by_fold[:, :, 0] > np.array(ceilings, np.float64)[:, None]).min(axis=0)
        return [self.names[m] for m in np.flatnonzero(reached)]

    def _informed(self) -> list[str]:
        return list(dict.fromkeys(name for fold in self.folds for name in fold.informed))

    def told(self) -> list[str]:
        """What came out, line by line, in words; where the score loses, it says so first."""
        return [*_told_differences(self), *_told_suspects(self), *_told_folds(self)]

    # -- tables

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row per ranking: each metric, with its ends as <metric>_low and <metric>_high.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.
        """
        columns: dict[str, Any] = {"measure": list(self.names)}
        for i, metric in enumerate(self.metrics):
            columns |= {metric: self.values[:, i], f"{metric}_low": self.low[:, i], f"{metric}_high": self.high[:, i]}
        return frame(columns, backend)

    def differences(self, backend: str = "pandas") -> Any:
        """One row per baseline and metric: by how much the first profile is ahead, with the interval and a verdict."""
        found = [self.difference(name, metric) for metric in self.metrics for name in self.names[1:]]
        rows = [{**asdict(one), "verdict": one.verdict} for one in found]
        return frame({name: [row[name] for row in rows] for name in rows[0]}, backend)

    def removal(self, backend: str = "pandas") -> Any:
        """The removal curve: for each ranking and share of accounts, the share of the outcome that goes with them."""
        first = len(self.metrics) - len(DEPTHS)
        names = [name for name in self.names for _ in DEPTHS]
        tables = (self.values, self.low, self.high)
        figures = {n: t[:, first:].ravel() for n, t in zip(("cut", "low", "high"), tables, strict=True)}
        return frame({"measure": names, "removed": np.tile(DEPTHS, len(self.names)), **figures}, backend)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; what is undefined is None."""
        figures = {
            name: {
                metric: [_plain(table[m, i]) for table in (self.values, self.low, self.high)]
                for i, metric in enumerate(self.metrics)
            }
            for m, name in enumerate(self.names)
        }
        ahead = [
            {key: _plain(value) for key, value in {**asdict(one), "verdict": one.verdict}.items()}
            for one in (self.difference(name, metric) for metric in self.main_metrics for name in self.names[1:])
        ]
        return {
            "params": dict(self.params),
            "folds": [asdict(fold) for fold in self.folds],
            "figures": figures,
            "ahead": ahead,
            "suspects": self.suspects(),
            "told": self.told(),
        }

    def plot(self, what: str = "metrics", **options: Any) -> Any:
        """A figure: "metrics" (figures with intervals) or "removal" (the removal curve); `theme` "light" or "dark"."""
        return render(self, what, **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        metrics = self.main_metrics
        cells = [("ranking", *metrics)]
        for m, name in enumerate(self.names):
            at = [self.metrics.index(metric) for metric in metrics]
            cells.append(
                (printable(name, 40), *(figure(self.values[m, i], self.low[m, i], self.high[m, i]) for i in at))
            )
        wide = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, wide, strict=True)).rstrip() for row in cells]
        return "\n".join([*lines, *self.told()])


def figure(value: float, low: float, high: float) -> str:
    """A figure with its interval, for a table.

    >>> figure(0.5, 0.42, 0.61), figure(0.5, float("nan"), float("nan"))
    ('0.500 (0.420 to 0.610)', '0.500')
    """
    return f"{value:.3f}" if np.isnan(low) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return None if np.isnan(value) else round(float(value), 6)


def _told_differences(found: Backtest) -> list[str]:
    score = found.names[0]
    lines: list[str] = []
    if not found.baselines:
        return lines
    if not int(found.params["n_replicates"]):
        for metric in found.main_metrics:
            one = found.difference(found.best_baseline(metric), metric)
            if one.ahead < 0:
                lines.append(f"{score} is behind {one.measure} at {metric} by {-one.ahead:.3f} (no interval: no draws)")
        return lines
    for metric in (found.metrics[2], found.metrics[0], found.metrics[3], _CUT):
        compared = [found.difference(name, metric) for name in found.baselines]
        lost = [one for one in compared if one.verdict == "worse"]
        for one in sorted(lost, key=lambda one: one.ahead):
            lines.append(f"{score} LOSES to {one.measure} at {metric}: {one}")
    for metric in (found.metrics[2], found.metrics[0]):
        best = found.best_baseline(metric)
        one = found.difference(best, metric)
        inferior = (
            ""
            if one.verdict == "better"
            else f"; behind by at most {NOT_INFERIOR}, if at all"
            if one.low >= -NOT_INFERIOR
            else f"; it may be behind by more than {NOT_INFERIOR}"
        )
        lines.append(
            f"{metric}: {score} against the best single measure, {best}: {one}, {one.verdict}{inferior}; only a "
            f"difference of {found.detectable(best, metric):.3f} or more would be noticed in most such tests (4 of 5)"
        )
    return lines


def _told_suspects(found: Backtest) -> list[str]:
    ceilings = [fold.ceiling for fold in found.folds if fold.ceiling is not None]
    beyond = [
        f"{name} agrees with the future (Spearman {found.value(name, 'spearman'):.3f}) better than the future's own "
        f"halves allow ({np.mean(ceilings):.3f}): it has probably seen it"
        for name in found._beyond_chance()
    ]
    informed = [
        f"{name} tells accounts apart even where it is given neither events nor arcs: it knows something from "
        "elsewhere, and nobody can tell whether that is the future"
        for name in found._informed()
    ]
    return beyond + informed


def _told_folds(found: Backtest) -> list[str]:
    lines = []
    for fold in found.folds:
        when = "" if fold.split is None else f"{fold.split[:19]} to {(fold.end or '')[:19]}: "
        share = fold.outcome_elsewhere / max(fold.outcome_total + fold.outcome_elsewhere, 1e-300)
        lines.append(
            f"{when}{fold.n_accounts:,} accounts ranked, {fold.n_scored:,} scored, {fold.n_with_outcome:,} with an "
            f"outcome; parts: {', '.join(fold.parts)}"
            + (f"; {share:.0%} of the outcome fell on accounts not known before" if fold.n_elsewhere else "")
        )
    return [*lines, *dict.fromkeys(line for fold in found.folds for line in fold.left_out)]
