"""`fit_profile`: the weights under which the score foretells an outcome best, and what that gains.

Weights are non-negative and sum to one, so that a fitted score is explained as every other. Three stretches of the log
keep the answer honest: candidates are made by what came between the first split and the second, from scores computed
before the first; one of them is chosen by what came between the second and the third; what is told was measured after
the third, which no choice has seen. The measure of a weighting is the mean of NDCG at k and Spearman's correlation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.measures._data import check_events
from swayrank.scoring.profiles import PROFILES, resolve_weights
from swayrank.tables import frame
from swayrank.validation.backtest import held_out_by_id, judge_fold, score_options_of, truth_in
from swayrank.validation.folds import Fold, Instant, folds_of
from swayrank.validation.free_model import fit_free_model
from swayrank.validation.metrics import judge_rankings
from swayrank.validation.outcomes import OUTCOMES
from swayrank.validation.rankings import Known, composite, known_before
from swayrank.validation.results import Backtest

Floats = npt.NDArray[np.float64]
Weights = dict[str, float]

FITTED, FREE = "fitted", "free model"
_STEPS, _COARSE = 20, 10  # of the grid of weights: steps of 0.05, and of 0.1 where it is tried again and again
_BATCH = 24
_ACCOUNT_FOLDS = 5
_DEFAULT_SPLITS = (0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Stretch:
    """One of the three stretches, with what was known before it."""

    known: Known
    truth: Floats
    there: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Gain:
    """What fitted weights gained over another ranking on accounts that they were not fitted on.

    Attributes
    ----------
    over : str
    gain, std_error : float
        Mean and standard error, over folds of accounts, of the difference in the mean of NDCG and Spearman.
    """

    over: str
    gain: float
    std_error: float


@dataclass(frozen=True, eq=False, repr=False)
class FittedProfile:
    """Weights fitted to an outcome.

    Attributes
    ----------
    weights : dict of str to float
        By part; they sum to one. `score` takes them as `profile`.
    chosen : str
        Which candidate they are, in words.
    backtest : Backtest
        Of the last stretch: rows "fitted", "balanced" and the other profiles, the free model, then the baselines.
    gains : tuple of Gain
        Cross-validated over accounts, on the middle stretch.
    params : mapping of str to object

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=400, rng=7)
    >>> found = sr.fit_profile(town.graph, town.events, as_of="2026-03-01", outcome="engagers", k=20, rng=7,
    ...                        n_replicates=20, free_model=False)
    >>> round(sum(found.weights.values()), 9)
    1.0
    """

    weights: Weights
    chosen: str
    backtest: Backtest
    gains: tuple[Gain, ...]
    params: Mapping[str, Any]

    @property
    def as_option(self) -> str:
        """The weights as `--profile` takes them.

        >>> FittedProfile({"reach": 0.25, "spread": 0.75}, "", None, (), {}).as_option
        'reach=0.25,spread=0.75'
        """
        return ",".join(f"{name}={weight:g}" for name, weight in self.weights.items())

    def told(self) -> list[str]:
        """What came out, line by line, in words."""
        found, lines = self.backtest, [f"weights: {self.as_option} ({self.chosen})"]
        for metric in (found.metrics[2], found.metrics[0]):
            for name, text in (("balanced", "the default"), (found.best_baseline(metric), "the best single measure")):
                if name in found.names:
                    one = found.difference(name, metric)
                    sure = "" if np.isnan(one.low) else f", {one.verdict}"
                    lines.append(f"{metric}: fitted against {text}, {name}: {one}{sure}")
            if FREE in found.names:
                price = found.difference(FITTED, metric, score=FREE)
                lines.append(f"{metric}: the price of being explained, against a free model: {price}")
        return lines

    def to_frame(self, backend: str = "pandas") -> Any:
        """The cross-validated gains: one row per ranking that the fitted weights were held against."""
        columns = {name: [getattr(gain, name) for gain in self.gains] for name in ("over", "gain", "std_error")}
        return frame(columns, backend)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        gains = [vars(gain) for gain in self.gains]
        own = {"weights": self.weights, "chosen": self.chosen, "gains": gains, "told": self.told()}
        return {**own, "backtest": self.backtest.to_dict(), "params": dict(self.params)}

    def __repr__(self) -> str:
        gains = ", ".join(f"{gain.over} {gain.gain:+.3f} ± {gain.std_error:.3f}" for gain in self.gains)
        return "\n".join([*self.told(), f"cross-validated over accounts, gain over: {gains}", repr(self.backtest)])


@domains(
    horizon_days=Optional(Interval(1e-9, 1e6)),
    min_weight=Interval(0, 0.3),
    k=Integer(1, 1_000_000),
    n_replicates=Integer(0, 100_000),
    confidence=Interval(0.5, 0.999),
)
def fit_profile(
    graph: Graph | None,
    events: Events,
    *,
    splits: Sequence[Instant | float] = _DEFAULT_SPLITS,
    horizon_days: float | None = None,
    outcome: str = "reposts",
    min_weight: float = 0.0,
    as_of: Instant | None = None,
    k: int = 100,
    n_replicates: int = 400,
    confidence: float = 0.95,
    free_model: bool = True,
    score_options: Mapping[str, Any] | None = None,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> FittedProfile:
    """Find the weights under which the score foretells an outcome best, and tell what that gains on later data.

    Parameters
    ----------
    graph : Graph or None
        Who follows whom; as :func:`~swayrank.backtest` takes it.
    events : Events
        The log.
    splits : three instants or shares of the log's span, default (0.4, 0.6, 0.8)
        Candidates are made by what came from the first to the second, one is chosen by what came from the second to
        the third, and reported is what came after the third.
    horizon_days : float, optional
        How far the outcome reaches at most; never beyond the next split, so that no stretch sees another's outcome.
    outcome : str, default "reposts"
        As :func:`~swayrank.backtest` takes it by name.
    min_weight : float, default 0
        The least weight of each part, in [0, 0.3].
    as_of : instant, optional
        When a graph without dates was taken.
    k : int, default 100
        How many places NDCG and precision look at.
    n_replicates : int, default 400
        Draws of the accounts, for the intervals of the report.
    confidence : float, default 0.95
        Of the intervals, in [0.5, 0.999].
    free_model : bool, default True
        Whether to fit the free model too, which needs scikit-learn.
    score_options : mapping, optional
        Further arguments of :func:`~swayrank.score`.
    rng : int, numpy.random.Generator or None
        Where sampled measures, models and intervals draw from.
    engine : str or Engine, default "local"
        Where the work runs.
    threads : int, optional
        How many; by default as many as the process may use.
    progress : bool, callable or None
        Whether to report progress.

    Returns
    -------
    FittedProfile

    Raises
    ------
    LeakError, ParameterError
        As :func:`~swayrank.backtest`; and if there are not three splits.

    Notes
    -----
    All weights on a grid of 0.05 are tried. Candidates are the best of them by NDCG, by Spearman and by the mean of
    both, halfway between the last and the default, and the published profiles. Cost: three scores without intervals,
    and some 230 rankings of all accounts (fewer parts, fewer).

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=400, rng=7)
    >>> found = sr.fit_profile(town.graph, town.events, as_of="2026-03-01", outcome="engagers", k=20, rng=7,
    ...                        n_replicates=20, free_model=False)
    >>> sorted(found.weights)
    ['reach', 'resonance', 'spread']
    """
    check_events("fit_profile", events)
    key, runner = resolve_rng(rng), resolve_engine(engine, threads)
    if outcome not in tuple(OUTCOMES):
        raise ParameterError(f"outcome must be one of {', '.join(OUTCOMES)}, got {outcome!r}")
    folds = _three_stretches(graph, events, splits, horizon_days, as_of)
    options = score_options_of(score_options)
    stretches = []
    with track(progress, "fit", 5) as step:
        for fold in folds:
            known = known_before(fold, options, {}, key=key, runner=runner)
            truth = truth_in(outcome, fold, events, known)
            there = ~np.isnan(truth.values)
            stretches.append(Stretch(known, truth.values, there))
            step(1)
        first, middle, last = stretches
        names = [name for name in first.known.raw if all(name in one.known.raw for one in stretches)]
        grid = weight_grid(names, min_weight)
        tried = candidates(first, grid, min_weight, k, key, runner)
        reached = objectives(middle, list(tried.values()), middle.there, k, key, runner).mean(axis=1)
        chosen, weights = list(tried.items())[int(reached.argmax())]
        step(1)
        gains = _cross_validated(middle, weight_grid(names, min_weight, _COARSE), k, key, runner)
        step(1)
        rankings = {FITTED: last.known.composite(weights)}
        rankings |= {name: last.known.composite(name) for name in PROFILES}
        if free_model:
            data = [(one.known, one.truth, one.there) for one in (first, middle)]
            rankings[FREE] = fit_free_model(data, key).predict(last.known)
    told = {
        "outcome": outcome, "splits": [fold.split for fold in folds], "horizon_days": horizon_days,
        "min_weight": min_weight, "as_of": None if as_of is None else str(as_of), "k": k,
        "n_replicates": n_replicates, "confidence": confidence, "rng": key.record,
    }  # fmt: skip
    judged, facts = judge_fold(
        folds[-1], last.known, truth, rankings, last.there, outcome, events,
        k=k, n_replicates=n_replicates, key=key, runner=runner,
    )  # fmt: skip
    report = Backtest.of([judged], [facts], n_composites=len(rankings), params=told)
    return FittedProfile(weights, chosen, report, tuple(gains), told)


def _three_stretches(
    graph: Graph | None, events: Events, splits: Sequence[Instant | float], horizon_days: float | None,
    as_of: Instant | None,
) -> list[Fold]:  # fmt: skip
    """The three folds, each of which ends where the next one begins at the latest."""
    if isinstance(splits, str) or not isinstance(splits, Sequence) or len(splits) != 3:
        raise ParameterError(f"splits must be three instants or shares of the log's span, got {splits!r}")
    folds = folds_of(graph, events, None, splits, horizon_days=horizon_days, as_of=as_of)
    if len(folds) != 3:
        raise ParameterError(f"splits must be three different instants, got {splits!r}")
    ends = [folds[1].split, folds[2].split, folds[2].end]
    return [
        fold if fold.end <= end else replace(fold, end=end, future=events.between(fold.split, end))
        for fold, end in zip(folds, ends, strict=True)
    ]


def weight_grid(names: Sequence[str], min_weight: float = 0.0, steps: int = _STEPS) -> list[Weights]:
    """All weights of the named parts that are multiples of ``1 / steps``, at least `min_weight`, and sum to one.

    >>> len(weight_grid(["reach", "resonance", "spread"])), weight_grid(["reach"])
    (231, [{'reach': 1.0}])
    """
    least = int(np.ceil(min_weight * steps - 1e-9))
    found = []
    for head in product(range(least, steps + 1), repeat=len(names) - 1):
        rest = steps - sum(head)
        if rest >= least:
            found.append(dict(zip(names, (*(n / steps for n in head), rest / steps), strict=True)))
    return found


def objectives(
    stretch: Stretch, weighings: Sequence[Weights], of: npt.NDArray[np.bool_], k: int, key: Key, runner: Engine
) -> Floats:
    """NDCG at k and Spearman of each weighting on the accounts `of`, shape (n_weighings, 2)."""
    parts, names = stretch.known.parts(), stretch.known.ids.hashes()[of]
    found = []
    for start in range(0, len(weighings), _BATCH):
        batch = weighings[start : start + _BATCH]
        rankings = {
            str(i): composite(parts, {name: weights.get(name, 0.0) for name in parts}, stretch.known.scored)[of]
            for i, weights in enumerate(batch)
        }
        judged = judge_rankings(
            rankings, stretch.truth[of], names, k=k, n_replicates=0, key=key, runner=runner, kendall=False
        )
        found.append(judged.values[:, [2, 0]])
    return np.concatenate(found)


def candidates(
    first: Stretch, grid: list[Weights], min_weight: float, k: int, key: Key, runner: Engine
) -> dict[str, Weights]:
    """Weights worth a try, by what they are in words: of the first stretch, and published ones."""
    tried = objectives(first, grid, first.there, k, key, runner)
    best = grid[int(tried.mean(axis=1).argmax())]
    usual = resolve_weights("balanced")
    found = {
        "the best by NDCG and Spearman together": best,
        "the best by NDCG": grid[int(tried[:, 0].argmax())],
        "the best by Spearman": grid[int(tried[:, 1].argmax())],
        "halfway between the best and the default": {name: (best[name] + usual[name]) / 2 for name in best},
        **{f"the published profile {name}": {part: PROFILES[name][part] for part in best} for name in PROFILES},
    }
    scaled = {name: {part: w / sum(of.values()) for part, w in of.items()} for name, of in found.items()}
    return {name: of for name, of in scaled.items() if min(of.values()) >= min_weight - 1e-9}


def _cross_validated(stretch: Stretch, grid: list[Weights], k: int, key: Key, runner: Engine) -> list[Gain]:
    """Fit on four fifths of the accounts, measure on the rest, in turn; gains over profiles and single measures."""
    hashes, k = stretch.known.ids.hashes(), max(10, k // _ACCOUNT_FOLDS)
    rows: dict[str, list[float]] = {}
    for fold in range(_ACCOUNT_FOLDS):
        below = held_out_by_id(hashes, (fold + 1) / _ACCOUNT_FOLDS)
        out = below & ~held_out_by_id(hashes, fold / _ACCOUNT_FOLDS)
        of, rest = stretch.there & out, stretch.there & ~out
        if not (stretch.truth[of].any() and stretch.truth[rest].any()):
            continue
        best = grid[int(objectives(stretch, grid, rest, k, key, runner).mean(axis=1).argmax())]
        rankings = {FITTED: stretch.known.composite(best), **{name: stretch.known.composite(name) for name in PROFILES}}
        rankings |= stretch.known.baselines
        judged = judge_rankings(
            {name: values[of] for name, values in rankings.items()}, stretch.truth[of], hashes[of],
            k=k, n_replicates=0, key=key, runner=runner, kendall=False,
        )  # fmt: skip
        reached = judged.values[:, [2, 0]].mean(axis=1)
        for name, value in zip(judged.names[1:], reached[1:], strict=True):
            rows.setdefault(name, []).append(float(reached[0] - value))
    return [
        Gain(name, float(np.mean(gains)), float(np.std(gains, ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else 0.0)
        for name, gains in rows.items()
    ]
