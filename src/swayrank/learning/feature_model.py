"""Probabilities for arcs with little history, predicted from what their ends did to each other and to everybody.

The road, in the order of the functions below:

1. The log is cut at `split`. Features (:mod:`swayrank.learning.features`) come from rows before it, labels from
   *trials* that begin at it or later: so many posts of u tried on v, so many taken up. No feature sees its label.
2. Accounts fall into `n_folds` parts by a hash of their ids. For each part, gradient boosting (scikit-learn's
   ``HistGradientBoostingClassifier``, log loss, each arc two rows weighted by its successes and its failures) is fit
   to the arcs of which neither end is in it, and predicts those of which both ends are: f, the log odds. Were arcs
   dealt out one by one, trees could tell accounts by their degrees, remember what happened to them, and look better
   than they are. The number of trees is the one, of a few, that predicts the accounts left out best.
3. The arc's own past counts, s of n, are joined with that. The later successes k of m of an arc left out are taken for

       k ~ BetaBinomial(m, alpha, beta),  alpha = w * q + s,  beta = w * (1 - q) + n - s,
       q = 1 / (1 + exp(-(offset + slope * f))),  w = strength * (1 + n) ** growth,

   and the four parameters are the ones of highest likelihood over these arcs, with a weak prior: so the calibration of
   the features (Platt's), how far the own counts go against them, and how much arcs of equal features differ are
   estimated together. Features of arcs with more history say more, so w may grow with n, but more slowly than n.
4. To say what holds *now*, features and counts are taken from the whole log; f is the mean of the models' log odds.
   "probability" is alpha / (alpha + beta), its limits are quantiles of Beta(alpha, beta). An arc never tried has
   ``n_trials`` 0 and follows its features, an arc with many more trials than w its own counts.

Trees are not given what grows with the length of the log alone (raw counts), since features are taken twice, from two
thirds of it and from all: they read decayed counts of the pair and of its ends, shares, degrees, and the smoothed
success rates of the two ends over their *other* arcs. Monotone constraints: what v did to u, its share, and the rates
of the ends never lower a probability.

What the interval does not cover: that several followees had the same post (each gets the success in full), trials whose
answer lies beyond the end of the log (they count as failures), and the graph's own later knowledge.

References
----------
Kamath, Sharma, Wang, Yin: RealGraph: user interaction prediction at Twitter. 2014.
Ke et al.: LightGBM: a highly efficient gradient boosting decision tree. NIPS 2017 (the algorithm).
Platt: Probabilistic outputs for support vector machines. 1999. Griffiths: Maximum likelihood estimation for the
beta-binomial distribution. Biometrics 1973.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from swayrank._progress import Progress, track
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events, as_us, iso
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.learning.adoptions import EARLIEST, Adoptions
from swayrank.learning.feature_trees import (
    ROUNDS,
    Floats,
    Label,
    Levels,
    Others,
    Parts,
    account_words,
    as_levels,
    bounded,
    chance,
    find_classifier,
    fit_trees,
    labelled_arcs,
    levels_of,
    log_odds,
    lowest_hashes,
    matrix_of,
    others_of,
    rate_of,
)
from swayrank.learning.features import DAY, Moment, PairFeatures, Trials, arc_trials, pair_features
from swayrank.measures._data import check_events, check_graph

_ARCS_PER_CHUNK = 1 << 17
_MOST_CALIBRATED = 50_000
# The prior of offset, slope, log strength and growth: means and standard deviations.
_USUAL, _WIDE = np.array([0.0, 1.0, math.log(20), 0.25]), np.array([2.0, 2.0, 2.0, 0.5])
_MOST, _MOST_GROWTH = math.log(1e6), 0.9


@dataclass(frozen=True, eq=False)
class FeatureModel:
    """Boosted trees over pair features, and how they are joined with an arc's own counts; made by :func:`fit_features`.

    Attributes
    ----------
    trees : tuple
        One fitted ``HistGradientBoostingClassifier`` per fold.
    rounds : int
        How many trees of each are used.
    levels : tuple of numpy.ndarray
        Where the columns are cut before trees read them.
    offset, slope : float
        Calibration of the trees' log odds.
    strength, growth : float
        An arc with n trials has features that weigh as much as ``strength * (1 + n) ** growth`` trials.
    half_life_days : float
        Of the decayed columns.
    split : int
        Features before it were matched with trials after it; microseconds since 1970 UTC.
    n_arcs, n_trials, n_successes : int
        What was learned from, all of it after the split.
    log_loss : mapping of str to float
        Per later trial, of arcs neither of whose ends the predicting trees had seen: ``features and counts`` (this
        model), ``features`` (without the own counts), ``counts`` (own counts, shrunk toward one rate: that and the
        strength are fit to the same trials), ``network`` (the rate of all trials before the split).
    """

    trees: tuple[Any, ...]
    rounds: int
    levels: Levels
    offset: float
    slope: float
    strength: float
    growth: float
    half_life_days: float
    split: int
    n_arcs: int
    n_trials: int
    n_successes: int
    log_loss: dict[str, float]

    def __repr__(self) -> str:
        lines = [
            f"feature model: {self.n_successes:,} of {self.n_trials:,} trials on {self.n_arcs:,} arcs from "
            f"{iso(self.split)} on; features weigh as much as {self.strength:.3g} trials where nothing was tried",
            *(f"  {value:.5f}  {name}" for name, value in self.log_loss.items()),
        ]
        return "\n".join([lines[0], "  log loss per later trial, out of fold:", *lines[1:]])


class Posterior(NamedTuple):
    """What is believed of each arc's probability: Beta(alpha, beta).

    Attributes
    ----------
    alpha, beta : numpy.ndarray of float64, shape (n,)
    """

    alpha: Floats
    beta: Floats

    @property
    def mean(self) -> Floats:
        """The expected probability."""
        return self.alpha / (self.alpha + self.beta)


@domains(
    half_life_days=Optional(Interval(0, math.inf, "()")),
    n_folds=Integer(2, 20),
    confidence=Interval(0, 1, "()"),
    max_followees=Integer(1, 2**32),
)
def learn_from_features(
    graph: Graph,
    events: Events,
    *,
    split: Moment | None = None,
    half_life_days: float | None = None,
    n_folds: int = 4,
    confidence: float = 0.95,
    max_followees: int = 4096,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Learn each arc's probability from features of its two accounts, joined with its own history.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        The log; posts must have ids and times.
    split, half_life_days, n_folds, max_followees, rng
        As :func:`fit_features` takes them.
    confidence : float, default 0.95
        Of the limits, in (0, 1).
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Graph
        The same graph with the columns ``probability``, ``probability_low``, ``probability_high`` (float64, in [0, 1])
        and ``n_trials`` (float64), in the order of ``graph.edges()``. Its other columns stay.

    Raises
    ------
    ParameterError, MissingDependencyError
        As :func:`fit_features`.

    Notes
    -----
    :func:`fit_features`, then :func:`apply_features` with everything that the log tells until its end.

    References
    ----------
    Kamath, Sharma, Wang & Yin (2014), "RealGraph: user interaction prediction at Twitter".

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=500, rng=1)
    >>> learned = learn_from_features(town.graph, town.events, rng=1)
    >>> p = learned.column("probability")
    >>> bool((learned.column("probability_low") < p).all() and (p < learned.column("probability_high")).all())
    True
    """
    shared: dict[str, Any] = {"engine": resolve_engine(engine, threads), "progress": progress}
    model = fit_features(
        graph,
        events,
        split=split,
        half_life_days=half_life_days,
        n_folds=n_folds,
        max_followees=max_followees,
        rng=rng,
        threads=threads,
        **shared,
    )
    now = pair_features(graph, events, half_life_days=model.half_life_days, max_followees=max_followees, **shared)
    return apply_features(model, now, confidence=confidence, **shared)


@domains(half_life_days=Optional(Interval(0, math.inf, "()")), n_folds=Integer(2, 20), max_followees=Integer(1, 2**32))
def fit_features(
    graph: Graph,
    events: Events,
    *,
    split: Moment | None = None,
    half_life_days: float | None = None,
    n_folds: int = 4,
    max_followees: int = 4096,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> FeatureModel:
    """Fit trees to later trials from earlier features, and how much they are worth beside an arc's own counts.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    events : Events
        The log; posts must have ids and times.
    split : str, datetime, date or int, optional
        Features come from before, labels from then on; by default the moment by which two thirds of the dated adoptions
        had happened.
    half_life_days : float, optional
        Of the decayed counts, positive; by default a third of the time that the log had lasted at the split (from the
        moment by which one in 50 of the adoptions had happened, since stray rows can be years old).
    n_folds : int, default 4
        Into how many parts the accounts fall, in [2, 20]: as many models are fit.
    max_followees : int, default 4096
        As for :func:`~swayrank.learning.features.pair_features`.
    rng : int, numpy.random.Generator or None, default None
        Which account falls into which part. None draws a key.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    FeatureModel

    Raises
    ------
    ParameterError
        If the log has no posts or no times, nothing was tried before the split, or the trials after it have fewer than
        two outcomes in some part of the arcs.
    MissingDependencyError
        If scikit-learn is not installed.

    Notes
    -----
    Two passes over arcs for features and counts, then n_folds fits of 80 trees of 6 leaves, without scikit-learn's
    early stopping (whose hold-out would depend on the order of rows). At most 500,000 labelled arcs are fit to, and the
    settings to 50,000 of those left out: the ones of lowest hash.

    References
    ----------
    Ke et al. (2017), "LightGBM", NIPS. Platt (1999). Griffiths (1973), doi:10.2307/2529131.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=500, rng=1)
    >>> model = fit_features(town.graph, town.events, rng=1)
    >>> model.log_loss["features and counts"] < model.log_loss["network"]
    True
    """
    classifier = find_classifier()
    check_graph("fit_features", graph)
    check_events("fit_features", events)
    key = resolve_rng(rng)
    runner = resolve_engine(engine, threads)
    shared: dict[str, Any] = {"engine": runner, "progress": progress}
    adoptions = Adoptions.of(events, graph.ids)
    moment = _moment_of_split(adoptions) if split is None else as_us(split)
    days = half_life_days or _third(adoptions, moment)
    past = pair_features(graph, events, until=moment, half_life_days=days, max_followees=max_followees, **shared)
    later = arc_trials(graph, adoptions, since=moment, **shared)
    before = _counts_of(past)
    words = account_words(graph.ids.hashes(), key)
    arcs = labelled_arcs(graph, later, words)
    label, own = Label.of(later, arcs), Label.of(before, arcs)
    parts = Parts.of(graph, arcs, words, n_folds)
    parts.check(label, moment)
    matrix = matrix_of(past, before, arcs)
    levels = levels_of(matrix)
    matrix = as_levels(matrix, levels)
    trees, odds = [], np.empty((len(ROUNDS), arcs.size))
    with track(progress, "fitting trees", n_folds) as step, bounded(threads, arcs.size):
        for part in range(n_folds):
            trees.append(fit_trees(classifier, matrix, label, parts.without(part), key))
            odds[:, parts.within(part)] = log_odds(trees[-1], matrix[parts.within(part)], ROUNDS)
            step(1)
    aside = np.flatnonzero(parts.follower == parts.followee)
    aside = aside[lowest_hashes(graph, arcs[aside], words, _MOST_CALIBRATED)]
    own_aside, label_aside = own.some(aside), label.some(aside)
    best = int(np.argmin([log_loss(chance(of), label_aside) for of in odds[:, aside]]))
    seen = odds[best, aside]
    settings = _calibrate(seen, own_aside, label_aside)
    return FeatureModel(
        trees=tuple(trees),
        rounds=ROUNDS[best],
        levels=levels,
        **settings._asdict(),
        half_life_days=days,
        split=moment,
        n_arcs=arcs.size,
        n_trials=int(label.trials.sum()),
        n_successes=int(label.successes.sum()),
        log_loss=_losses(settings, seen, own_aside, label_aside, rate_of(before)),
    )


@domains(confidence=Interval(0, 1, "()"))
def apply_features(
    model: FeatureModel,
    features: PairFeatures,
    *,
    confidence: float = 0.95,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """The graph of the features with what a model believes of its arcs.

    Parameters
    ----------
    model : FeatureModel
        From :func:`fit_features`.
    features : PairFeatures
        What is known now, with the model's half-life.
    confidence : float, default 0.95
        Of the limits, in (0, 1).
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Graph
        As :func:`learn_from_features` returns it.

    Raises
    ------
    ParameterError
        If the features have another half-life than the model, or hold no trials.
    """
    if features.half_life_days != model.half_life_days:
        raise ParameterError(
            f"features must have the model's half_life_days={model.half_life_days!r}, got {features.half_life_days!r}"
        )
    counts = _counts_of(features)
    graph = features.graph
    columns = np.empty((3, graph.n_edges))
    tail = (1 - confidence) / 2
    bounds = chunk_bounds(graph.n_edges, _ARCS_PER_CHUNK)
    runner = resolve_engine(engine, threads)
    task = _Task(model, features, counts, others_of(features, counts), tail)
    with track(progress, "predicting arcs", graph.n_edges) as step:
        for start, found in zip(bounds[:-1].tolist(), runner.map(_believe, task, bounds, step=step), strict=True):
            columns[:, start : start + found.shape[1]] = found
    names = ("probability", "probability_low", "probability_high")
    made: dict[str, Any] = {name: read_only(column) for name, column in zip(names, columns, strict=True)}
    made["n_trials"] = counts.trials.astype(np.float64)
    parts = graph._whole
    return Graph(replace(parts, columns={**parts.columns, **made}))


# -- what is learned from ----------------------------------------------------------------------------------------------


def _moment_of_split(adoptions: Adoptions) -> int:
    """By when two thirds of the dated adoptions had happened."""
    dated = np.sort(adoptions.time[adoptions.time != EARLIEST])
    if not dated.size:
        raise ParameterError(
            f"events must have adoptions by accounts of the graph, got none of {len(adoptions.ids):,}; check the ids"
        )
    return int(dated[min(dated.size - 1, math.ceil(2 * dated.size / 3))])


def _third(adoptions: Adoptions, moment: int) -> float:
    """A third of the days until the split from the moment by which one in 50 of its dated adoptions had happened."""
    dated = np.sort(adoptions.time[(adoptions.time != EARLIEST) & (adoptions.time < moment)])
    return max(moment - int(dated[dated.size // 50]), 1) / DAY / 3 if dated.size else 1.0


def _counts_of(features: PairFeatures) -> Trials:
    if features.counts is None:
        raise ParameterError(
            f"events must have posts that spread before {iso(features.until)}, got none: trials are counted from them; "
            "give a later split"
        )
    return features.counts


# -- features and own counts together ----------------------------------------------------------------------------------


class _Settings(NamedTuple):
    offset: float
    slope: float
    strength: float
    growth: float


def _posterior(settings: _Settings, odds: Floats, own: Label) -> Posterior:
    """What is believed of each arc: `strength` trials at what its features say, and its own."""
    q = chance(settings.offset + settings.slope * odds)
    weight = settings.strength * (1 + own.trials) ** settings.growth
    return Posterior(weight * q + own.successes, weight * (1 - q) + own.trials - own.successes)


def _calibrate(odds: Floats, own: Label, label: Label) -> _Settings:
    """The settings under which the later counts are likeliest, a weak prior included."""
    from scipy.optimize import minimize
    from scipy.special import betaln

    def settings_at(x: Floats) -> _Settings:
        return _Settings(float(x[0]), float(x[1]), math.exp(min(x[2], _MOST)), min(max(float(x[3]), 0.0), _MOST_GROWTH))

    def surprise(x: Floats) -> float:
        alpha, beta = _posterior(settings_at(x), odds, own)
        later = betaln(alpha + label.successes, beta + label.trials - label.successes) - betaln(alpha, beta)
        return float(-later.sum() + (((x - _USUAL) / _WIDE) ** 2).sum() / 2)

    simplex = np.vstack([_USUAL, _USUAL + np.diag(_WIDE / 4)])
    options = {"xatol": 1e-3, "fatol": 1e-3, "maxiter": 800, "initial_simplex": simplex}
    return settings_at(minimize(surprise, _USUAL, method="Nelder-Mead", options=options).x)


def log_loss(probability: Floats, label: tuple[Floats, Floats]) -> float:
    """Minus the mean log probability of each trial's outcome; `label` holds trials and successes of each arc.

    >>> round(log_loss(np.array([0.5, 0.25]), (np.array([2.0, 1.0]), np.array([1.0, 0.0]))), 4)
    0.558
    """
    trials, successes = label
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    return float(-(successes * np.log(p) + (trials - successes) * np.log1p(-p)).sum() / trials.sum())


def _losses(settings: _Settings, odds: Floats, own: Label, label: Label, rate: float) -> dict[str, float]:
    nothing = Label(np.zeros(odds.size), np.zeros(odds.size))
    flat = np.full(odds.size, math.log(rate / (1 - rate)))
    believed = {
        "features and counts": _posterior(settings, odds, own).mean,
        "features": _posterior(settings, odds, nothing).mean,
        "counts": _posterior(_calibrate(flat, own, label), flat, own).mean,
        "network": np.full(odds.size, rate),
    }
    return {name: log_loss(p, label) for name, p in believed.items()}


class _Task(NamedTuple):
    model: FeatureModel
    features: PairFeatures
    counts: Trials
    others: Others
    tail: float


def _believe(task: _Task, start: int, stop: int) -> Floats:
    """Mean and limits of the arcs [start, stop)."""
    from scipy.special import betaincinv

    arcs = np.arange(start, stop)
    matrix = as_levels(matrix_of(task.features, task.counts, arcs, task.others), task.model.levels)
    with bounded(1, 0):  # the chunks are what runs side by side
        odds = np.mean([log_odds(trees, matrix, (task.model.rounds,))[0] for trees in task.model.trees], axis=0)
    model = task.model
    settings = _Settings(model.offset, model.slope, model.strength, model.growth)
    belief = _posterior(settings, odds, Label.of(task.counts, arcs))
    limits = [betaincinv(belief.alpha, belief.beta, q) for q in (task.tail, 1 - task.tail)]
    return np.stack([belief.mean, *limits])
