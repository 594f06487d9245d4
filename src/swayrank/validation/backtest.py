"""`backtest`: does a score computed before an instant tell what happens after it, and better than simpler numbers?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.events.columns import iso
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.scoring.evidence import check_sources
from swayrank.validation.folds import Fold, Instant, Split, folds_of
from swayrank.validation.metrics import Judged, judge_rankings
from swayrank.validation.outcomes import OUTCOMES, Truth, given_truth, truth_of
from swayrank.validation.rankings import BASELINES, Known, Own, as_measures, known_before
from swayrank.validation.results import Backtest, FoldFacts
from swayrank.validation.suspects import ceiling_of

Floats = npt.NDArray[np.float64]
_USUAL_SPLIT = 2 / 3
_SCORE_OPTIONS = ("half_life_days", "action_weights", "min_evidence", "reference", "prob")


@domains(
    horizon_days=Optional(Interval(1e-9, 1e6)),
    k=Integer(1, 1_000_000),
    unseen=Optional(Interval(0, 1, "()")),
    n_replicates=Integer(0, 100_000),
    confidence=Interval(0.5, 0.999),
)
def backtest(
    graph: Graph | None = None,
    events: Events | None = None,
    posts: Posts | None = None,
    *,
    split: Split = _USUAL_SPLIT,
    horizon_days: float | None = None,
    outcome: Any = "reposts",
    profiles: str | Mapping[str, float] | Sequence[str] = "balanced",
    measures: Sequence[str] | Mapping[str, Own | str] = (),
    unseen: float | None = None,
    as_of: Instant | None = None,
    learn: str | None = None,
    k: int = 100,
    n_replicates: int = 400,
    confidence: float = 0.95,
    score_options: Mapping[str, Any] | None = None,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Backtest:
    """Score what lies before a split, and hold the ranking against what comes after it.

    Parameters
    ----------
    graph : Graph, optional
        Who follows whom. With a column "time" (microseconds since 1970 UTC) it is cut at the split; without one it is
        refused unless `as_of` says that it was taken before. Its other columns are left out unless `as_of` says so,
        and learned probabilities always, since they may know the whole log. Without a graph, one is derived from
        past interactions.
    events : Events, optional
        The log. May be left out only where `outcome` brings its own numbers.
    posts : Posts, optional
        Counts per post; undated like a graph, since exports carry the counts of their day.
    split : instant, list of instants, or float, default 2/3
        Where the past ends: a date, a time, microseconds since 1970 UTC; several for rolling splits (see
        :func:`~swayrank.validation.folds.rolling`); or a share of the log's span in (0, 1).
    horizon_days : float, optional
        How far the future reaches; by default to the next split, and from the last to the end of the log.
    outcome : str, Measure or mapping, default "reposts"
        What is to be predicted: one of :data:`~swayrank.validation.outcomes.OUTCOMES` ("reposts", "engagement",
        "engagers", "cascade_size", "adoptions"), or numbers per account from elsewhere, which were not known before.
    profiles : str, mapping or list of str, default "balanced"
        The score's weights; the first is what the others are compared with.
    measures : list of str, or mapping of str to str or function, default ()
        Further rankings: names of the registry, or functions of (graph, events) that give a Measure. They are called
        with what lies before the split.
    unseen : float, optional
        Look only at this share of accounts, in (0, 1), chosen by a hash of their ids, and take the scale from the
        others, so that nobody is judged on a scale that it helped to make.
    as_of : instant, optional
        When what carries no dates was taken.
    learn : str, optional
        Learn the probabilities for spread by this method of :func:`~swayrank.learn_probabilities`, from the graph and
        what lies before each split; by default spread goes by shares of attention.
    k : int, default 100
        How many places NDCG and precision look at.
    n_replicates : int, default 400
        Draws of the accounts, for the intervals; 0 for none.
    confidence : float, default 0.95
        Of the intervals, in [0.5, 0.999].
    score_options : mapping, optional
        Further arguments of :func:`~swayrank.score`: half_life_days, action_weights, min_evidence, reference, prob.
    rng : int, numpy.random.Generator or None
        Where sampled measures and the intervals draw from.
    engine : str or Engine, default "local"
        Where the work runs.
    threads : int, optional
        How many; by default as many as the process may use.
    progress : bool, callable or None
        Whether to report progress.

    Returns
    -------
    Backtest

    Raises
    ------
    LeakError
        If something would know the future: an undated graph or undated counts, a scale made from later data, finished
        numbers in place of a measure.
    ParameterError
        If a parameter is outside its domain, or nothing happened after the split.

    Notes
    -----
    Ranked are the accounts that were known before the split; what fell on others is told. Figures of several splits are
    averaged, each split counting alike. Metrics and intervals: :mod:`swayrank.validation.metrics`. The same data,
    parameters and `rng` give the same bits on any number of threads. Cost: a score without intervals for each split,
    and O(accounts * rankings * n_replicates).

    References
    ----------
    Jarvelin & Kekalainen (2002), "Cumulated gain-based evaluation of IR techniques"; DeVerna, Aiyappa, Pacheco,
    Bryden & Menczer (2024), "Identifying and characterizing superspreaders of low-credibility content on Twitter".

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=500, rng=7)
    >>> found = sr.backtest(town.graph, town.events, split=0.5, as_of="2026-03-01", k=20, rng=7, n_replicates=50)
    >>> found.names
    ('balanced', 'followers', 'past_reposts', 'past_engagement', 'h_index', 'pagerank', 'random')
    >>> found.value("balanced", "ndcg_at_20") > found.value("random", "ndcg_at_20")
    True
    """
    check_sources(graph, events, posts)
    options = score_options_of(score_options)
    key, runner, own = resolve_rng(rng), resolve_engine(engine, threads), as_measures(measures)
    weighings = _weighings(profiles)
    _check_names(weighings, own)
    folds = _folds(graph, events, posts, split, horizon_days, as_of, outcome)
    judged, facts = [], []
    with track(progress, "backtest", len(folds) * (2 + n_replicates)) as step:
        for fold in folds:
            known = known_before(fold, options, own, learn=learn, key=key, runner=runner)
            step(1)
            truth = truth_in(outcome, fold, events, known)
            there, truth, rankings = _rankings(known, truth, weighings, unseen)
            found, fact = judge_fold(
                fold, known, truth, rankings, there, outcome, events,
                k=k, n_replicates=n_replicates, key=key, runner=runner, step=step,
            )  # fmt: skip
            judged.append(found)
            facts.append(fact)
    told = {
        "outcome": outcome if isinstance(outcome, str) else "given",
        "split": [iso(fold.split) for fold in folds if fold.future is not None],
        "horizon_days": horizon_days,
        "unseen": unseen,
        "learn": learn,
        "as_of": None if as_of is None else str(as_of),
        "k": k,
        "n_replicates": n_replicates,
        "confidence": confidence,
        "rng": key.record,
        "data": {
            name: source.fingerprint
            for name, source in (("graph", graph), ("events", events), ("posts", posts))
            if source is not None
        },
        **{name: value for name, value in options.items() if name != "reference"},
    }
    return Backtest.of(judged, facts, n_composites=len(weighings), params=told)


def score_options_of(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Further arguments of `score`, checked by name."""
    options = dict(given or {})
    if unknown := [name for name in options if name not in _SCORE_OPTIONS]:
        raise ParameterError(f"score_options must be among {', '.join(_SCORE_OPTIONS)}, got {unknown[0]!r}")
    return options


def _weighings(profiles: Any) -> dict[str, Any]:
    """Weights by the name under which they appear."""
    if isinstance(profiles, str):
        return {profiles: profiles}
    if isinstance(profiles, Mapping):
        several = any(isinstance(weights, Mapping | str) for weights in profiles.values())
        return dict(profiles) if several else {"score": profiles}
    if not profiles:
        raise ParameterError("profiles must name at least one profile")
    return {str(name): name for name in profiles}


def _check_names(weighings: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise if two rankings would go by one name."""
    for what, names, taken in (
        ("profiles", weighings, BASELINES), ("measures", own, (*BASELINES, *weighings)),
    ):  # fmt: skip
        if twice := [name for name in names if name in taken]:
            raise ParameterError(
                f"{what} must have names of their own, and {twice[0]!r} is one of the other rankings' "
                f"({', '.join(taken)})"
            )


def _folds(
    graph: Graph | None,
    events: Events | None,
    posts: Posts | None,
    split: Split,
    horizon_days: float | None,
    as_of: Instant | None,
    outcome: Any,
) -> list[Fold]:
    if isinstance(outcome, str) and outcome not in OUTCOMES:
        raise ParameterError(f"outcome must be one of {', '.join(OUTCOMES)} or numbers per account, got {outcome!r}")
    if events is not None:
        return folds_of(graph, events, posts, split, horizon_days=horizon_days, as_of=as_of)
    if isinstance(outcome, str):
        raise ParameterError(f"a backtest of {outcome} needs events; without a log, give outcome= as numbers")
    if horizon_days is not None or split != _USUAL_SPLIT:
        named = "horizon_days" if horizon_days is not None else "split"
        raise ParameterError(f"{named} cuts a log, and there are no events: leave it out, or give events")
    return [Fold(0, 0, graph, None, posts, None)]


def truth_in(outcome: Any, fold: Fold, events: Events | None, known: Known) -> Truth:
    """What came in a fold's future, or the numbers that were given."""
    if isinstance(outcome, str) and fold.future is not None and events is not None:
        return truth_of(outcome, fold.future, events, known.ids)
    return given_truth(outcome, known.ids)


def judge_fold(
    fold: Fold,
    known: Known,
    truth: Truth,
    rankings: Mapping[str, Floats],
    there: npt.NDArray[np.bool_],
    outcome: Any,
    events: Events | None,
    *,
    k: int,
    n_replicates: int,
    key: Key,
    runner: Engine,
    step: Step | None = None,
) -> tuple[Judged, FoldFacts]:
    """Hold rankings, and the baselines, against the truth of the accounts that are `there`."""
    every = {**rankings, **known.baselines}
    judged = judge_rankings(
        {name: values[there] for name, values in every.items()}, truth.values[there], known.ids.hashes()[there],
        k=k, n_replicates=n_replicates, key=key, runner=runner, elsewhere=truth.elsewhere, step=step,
    )  # fmt: skip
    return judged, _facts(fold, known, truth, there, outcome, events)


def _rankings(
    known: Known, truth: Truth, weighings: Mapping[str, Any], unseen: float | None
) -> tuple[npt.NDArray[np.bool_], Truth, dict[str, Floats]]:
    """Which accounts are looked at, what fell on them and on others of their kind, and the scores of all accounts."""
    there = ~np.isnan(truth.values)
    scale_of = None
    if unseen is not None:
        held_out = held_out_by_id(known.ids.hashes(), unseen)
        there, scale_of = there & held_out, ~held_out
        others = held_out_by_id(truth.others, unseen)
        truth = replace(truth, others=truth.others[others], on_others=truth.on_others[others])
    if not (there.any() and truth.values[there].any()):
        raise ParameterError("there is no outcome on the accounts that are looked at: take another split, or more")
    return there, truth, {name: known.composite(weights, scale_of) for name, weights in weighings.items()}


def held_out_by_id(hashes: npt.NDArray[np.uint64], share: float) -> npt.NDArray[np.bool_]:
    """The accounts whose ids' hashes, mixed once more, lie in the lowest `share` of all that there can be.

    >>> int(held_out_by_id(np.arange(1000, dtype=np.uint64), 0.3).sum())
    300
    """
    mixed = hashes * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53 < share)


def _facts(
    fold: Fold, known: Known, truth: Truth, there: npt.NDArray[np.bool_], outcome: Any, events: Events | None
) -> FoldFacts:
    values = truth.values[there]
    return FoldFacts(
        split=None if fold.future is None else iso(fold.split),
        end=None if fold.future is None else iso(fold.end),
        n_accounts=int(there.sum()),
        n_scored=int(known.scored[there].sum()),
        n_with_outcome=int(np.count_nonzero(values)),
        outcome_total=float(values.sum()),
        outcome_elsewhere=truth.elsewhere,
        n_elsewhere=truth.others.size,
        half_life_days=known.half_life_days,
        parts=tuple(known.raw),
        left_out=known.left_out,
        ceiling=ceiling_of(outcome, fold.future, events, known.ids, there),
        informed=known.informed,
    )
