"""Probabilities for arcs with little history, predicted from what their ends did to each other and to everybody.

The road, in the order of the functions below:

1. The log is cut at `split`. Features (:mod:`swayrank.learning.features`) come from rows before it, labels from *trials*
   that begin at it or later: so many posts of u tried on v, so many taken up. No feature sees its label.
2. Arcs fall into `n_folds` parts by a hash of their accounts' ids. For each part, gradient boosting (scikit-learn's
   ``HistGradientBoostingClassifier``, log loss, each arc two rows weighted by its successes and its failures) is fit to
   the other parts and predicts this one: f, the log odds.
3. The arc's own past counts s of n are joined with that. The later successes k of m of an arc out of part are taken for

       k ~ BetaBinomial(m, alpha, beta),  alpha = strength * q + s,  beta = strength * (1 - q) + n - s,
       q = 1 / (1 + exp(-(offset + slope * f))),

   and (offset, slope, strength) are the ones of highest likelihood over all arcs, with a weak prior: so the calibration
   of the features (Platt's), how far the own counts go against them, and how much arcs of equal features differ are
   estimated together, on arcs that their model has not seen.
4. To say what holds *now*, features and counts are taken from the whole log; f is the mean of the models' log odds.
   "probability" is alpha / (alpha + beta), its limits are quantiles of Beta(alpha, beta). An arc never tried has
   ``n_trials`` 0 and follows its features, an arc with many more trials than `strength` its own counts.

Columns that grow with the length of the log alone (raw counts) are not given to the model: it reads decayed counts, rates
per day, shares, degrees, and the smoothed success rates of the two ends over their *other* arcs. Monotone constraints:
what v did to u, its share, and the ends' rates never lower a probability.

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
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import MissingDependencyError, ParameterError
from swayrank.events import Events, as_us, iso
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.pair_features import arc_words
from swayrank.learning.adoptions import EARLIEST, Adoptions
from swayrank.learning.features import ACTIONS, ARC_COLUMNS, DAY, Moment, PairFeatures, Trials, arc_trials, pair_features

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

_TOWARD = ARC_COLUMNS.index("likes_decayed")
_BACK = ARC_COLUMNS.index("back_likes_decayed")
_RISING = (*(f"{action}_decayed" for action in ACTIONS), "recency", "share", "follower_rate", "followee_rate")
_STATIC = ("follows_back", "common_followees", "share")
_PER_DAY = ("follower_posts", "follower_given", "followee_posts", "followee_received")
_DEGREES = ("follower_followees", "follower_followers", "followee_followees", "followee_followers")
INPUTS = (
    *_RISING[:6],
    *(f"back_{name}" for name in _RISING[:6]),
    *_STATIC,
    *(f"{name}_per_day" for name in _PER_DAY),
    *_DEGREES,
    "follower_rate",
    "followee_rate",
)
"""What the boosted trees read, in the order of the columns of their matrix."""

_LEAVES, _MIN_LEAF, _RATE, _ROUNDS = 15, 40, 0.06, 120
_SMOOTHING = 10.0  # trials at the network's rate that are added to an end's other trials
_MOST_ARCS = 2_000_000  # more labelled arcs than these change no tree, but the time
_ARCS_PER_CHUNK = 1 << 17
_WEAK = 2.0  # standard deviation of the prior of offset and of slope - 1


@dataclass(frozen=True, eq=False)
class FeatureModel:
    """Boosted trees over pair features, and how they are joined with an arc's own counts; made by :func:`fit_features`.

    Attributes
    ----------
    trees : tuple
        One fitted ``HistGradientBoostingClassifier`` per fold.
    offset, slope, strength : float
        Calibration of the trees' log odds, and how many trials of its own weigh as much as an arc's features.
    half_life_days : float
        Of the decayed columns.
    split : int
        Features before it were matched with trials after it; microseconds since 1970 UTC.
    n_arcs, n_trials, n_successes : int
        What was learned from, all of it after the split.
    log_loss : mapping of str to float
        Per later trial, each arc predicted by trees that were not fit to it: ``features and counts`` (this model),
        ``features`` (without the own counts), ``counts`` (own counts, shrunk toward one rate, both fit to the same
        trials), ``network`` (the rate of all trials before the split).
    """

    trees: tuple[Any, ...]
    offset: float
    slope: float
    strength: float
    half_life_days: float
    split: int
    n_arcs: int
    n_trials: int
    n_successes: int
    log_loss: dict[str, float]

    def __repr__(self) -> str:
        lines = [
            f"feature model: {self.n_successes:,} of {self.n_trials:,} trials on {self.n_arcs:,} arcs from "
            f"{iso(self.split)} on; features weigh as much as {self.strength:.3g} trials",
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
    n_folds: int = 3,
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
    n_folds: int = 3,
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
        Of the decayed counts, positive; by default a third of the time from the log's first row to the split.
    n_folds : int, default 3
        Into how many parts the arcs fall, in [2, 20]: as many models are fit.
    max_followees : int, default 4096
        As for :func:`~swayrank.learning.features.pair_features`.
    rng : int, numpy.random.Generator or None, default None
        Which arc falls into which part. None draws a key.
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
    Two passes over arcs for features and counts, then n_folds fits of 120 trees of 15 leaves, without early stopping (whose
    hold-out would depend on the order of rows). At most 2,000,000 labelled arcs are used, those of lowest hash.

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
    classifier = _classifier()
    key = resolve_rng(rng)
    runner = resolve_engine(engine, threads)
    shared: dict[str, Any] = {"engine": runner, "progress": progress}
    adoptions = Adoptions.of(events, graph.ids)
    moment = _moment_of_split(adoptions) if split is None else as_us(split)
    days = half_life_days or _third(events, moment)
    past = pair_features(graph, events, until=moment, half_life_days=days, max_followees=max_followees, **shared)
    later = arc_trials(graph, adoptions, since=moment, **shared)
    before = _counts_of(past)
    words = _arc_words(graph, key)
    arcs = _labelled(later, words)
    fold = (words[arcs] >> np.uint64(32)) % np.uint64(n_folds)
    label = _Label.of(later, arcs)
    label.check(fold, n_folds, moment)
    matrix = _matrix(past, before, arcs)
    trees, odds = [], np.empty(arcs.size)
    with track(progress, "fitting trees", n_folds) as step, _bounded(threads):
        for part in range(n_folds):
            trees.append(_fit_trees(classifier, matrix, label, fold != part, key))
            odds[fold == part] = _log_odds(trees[-1], matrix[fold == part])
            step(1)
    own = _Label.of(before, arcs)
    settings = _calibrate(odds, own, label)
    return FeatureModel(
        trees=tuple(trees),
        **settings._asdict(),
        half_life_days=days,
        split=moment,
        n_arcs=arcs.size,
        n_trials=int(label.trials.sum()),
        n_successes=int(label.successes.sum()),
        log_loss=_losses(settings, odds, own, label, _rate(before)),
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
    task = _Task(model, features, counts, _others(features, counts), tail)
    with track(progress, "predicting arcs", graph.n_edges) as step, _bounded(threads):
        for start, found in zip(bounds[:-1].tolist(), runner.map(_believe, task, bounds, step=step), strict=True):
            columns[:, start : start + found.shape[1]] = found
    names = ("probability", "probability_low", "probability_high")
    made: dict[str, Any] = {name: read_only(column) for name, column in zip(names, columns, strict=True)}
    made["n_trials"] = counts.trials.astype(np.float64)
    parts = graph._whole
    return Graph(replace(parts, columns={**parts.columns, **made}))


# -- what is learned from ----------------------------------------------------------------------------------------------


class _Label(NamedTuple):
    """Trials and successes of some arcs, as floats."""

    trials: Floats
    successes: Floats

    @classmethod
    def of(cls, counts: Trials, arcs: Rows) -> _Label:
        return cls(counts.trials[arcs].astype(np.float64), counts.successes[arcs].astype(np.float64))

    def check(self, fold: Words, n_folds: int, moment: int) -> None:
        """Refuse labels of which some part of the arcs, left out, leaves one outcome alone."""
        total = float(self.trials.sum()), float(self.successes.sum())
        for part in range(n_folds):
            trials, successes = self.trials[fold != part].sum(), self.successes[fold != part].sum()
            if successes == 0 or successes == trials:
                raise ParameterError(
                    f"events must have trials of both outcomes from the split ({iso(moment)}) on, got {total[1]:.0f} "
                    f"successes in {total[0]:.0f} trials; give an earlier split or a longer log"
                )


def _moment_of_split(adoptions: Adoptions) -> int:
    """By when two thirds of the dated adoptions had happened."""
    dated = np.sort(adoptions.time[adoptions.time != EARLIEST])
    if not dated.size:
        raise ParameterError(
            f"events must have adoptions by accounts of the graph, got none of {len(adoptions.ids):,}; check the ids"
        )
    return int(dated[min(dated.size - 1, math.ceil(2 * dated.size / 3))])


def _third(events: Events, moment: int) -> float:
    """A third of the days from the log's first row to the split."""
    first = events.span[0] if events.span else moment
    return max(moment - first, 1) / DAY / 3


def _counts_of(features: PairFeatures) -> Trials:
    if features.counts is None:
        raise ParameterError(
            f"events must have posts that spread before {iso(features.until)}, got none: trials are counted from them; "
            "give a later split"
        )
    return features.counts


def _rate(counts: Trials) -> float:
    """The share of all trials that succeeded, with one success and one failure added."""
    return (float(counts.successes.sum()) + 1) / (float(counts.trials.sum()) + 2)


def _arc_words(graph: Graph, key: Key) -> Words:
    """64 bits of each arc from the ids of its ends."""
    words = np.empty(graph.n_edges, np.uint64)
    ends = np.uint64(0), np.uint64(graph.n_edges), np.uint64(0)
    arc_words(*ends, graph.indptr, graph.indices, graph.ids.hashes(), key.hi, key.lo, words)
    return words


def _labelled(later: Trials, words: Words) -> Rows:
    """Arcs that were tried, ascending; of too many, those of lowest hash."""
    arcs = np.flatnonzero(later.trials)
    if arcs.size > _MOST_ARCS:
        arcs = np.sort(arcs[np.argpartition(words[arcs], _MOST_ARCS)[:_MOST_ARCS]])
    return arcs


# -- what the trees read -----------------------------------------------------------------------------------------------


class _Others(NamedTuple):
    """Trials and successes of each account, as a follower and as a followee, and the network's rate."""

    follower: _Label
    followee: _Label
    rate: float


def _others(features: PairFeatures, counts: Trials) -> _Others:
    v, u = features.graph.edges()
    n = features.graph.n_nodes
    sums = [_Label(*(np.bincount(end, weights=column, minlength=n) for column in counts)) for end in (v, u)]
    return _Others(sums[0], sums[1], _rate(counts))


def _matrix(features: PairFeatures, counts: Trials, arcs: Rows, others: _Others | None = None) -> npt.NDArray[np.float32]:
    """What the trees read of some arcs, in the order of `INPUTS`."""
    others = others or _others(features, counts)
    v, u = (end[arcs] for end in features.graph.edges())
    of = features.of_arcs[arcs]
    out = np.empty((arcs.size, len(INPUTS)), np.float32)
    for place, first in ((0, _TOWARD), (6, _BACK)):
        out[:, place : place + 5] = of[:, first : first + 5]
        out[:, place + 5] = np.nan_to_num(np.exp2(-of[:, first + 5] / np.float32(features.half_life_days)), nan=0.0)
    for name in _STATIC:
        out[:, INPUTS.index(name)] = of[:, ARC_COLUMNS.index(name)]
    days = max(features.days, 1 / 24)
    for name in (*_PER_DAY, *_DEGREES):
        end, _, what = name.partition("_")
        values = features.of_accounts[what][v if end == "follower" else u]
        out[:, INPUTS.index(f"{name}_per_day" if name in _PER_DAY else name)] = (
            values / days if name in _PER_DAY else values
        )
    own = _Label.of(counts, arcs)
    for name, sums, end in (("follower_rate", others.follower, v), ("followee_rate", others.followee, u)):
        successes, trials = sums.successes[end] - own.successes, sums.trials[end] - own.trials
        out[:, INPUTS.index(name)] = (successes + _SMOOTHING * others.rate) / (trials + _SMOOTHING)
    return out


# -- the trees ---------------------------------------------------------------------------------------------------------


def _classifier() -> Any:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ModuleNotFoundError as missing:
        raise MissingDependencyError(
            'learning from features needs scikit-learn: pip install "swayrank[learn]"'
        ) from missing
    return HistGradientBoostingClassifier


def _bounded(threads: int | None) -> Any:
    """scikit-learn's threads, held to `threads` while the context lasts."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads, user_api="openmp")


def _fit_trees(
    classifier: Any, matrix: npt.NDArray[np.float32], label: _Label, chosen: npt.NDArray[np.bool_], key: Key
) -> Any:
    """Each arc is a row for its successes and one for its failures; rows that weigh nothing are left out."""
    won, lost = chosen & (label.successes > 0), chosen & (label.successes < label.trials)
    weights = np.concatenate((label.successes[won], (label.trials - label.successes)[lost]))
    outcome = np.repeat(np.array([1, 0]), (int(won.sum()), int(lost.sum())))
    trees = classifier(
        loss="log_loss",
        learning_rate=_RATE,
        max_iter=_ROUNDS,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_MIN_LEAF,
        l2_regularization=1.0,
        monotonic_cst=[int(name in _RISING) for name in INPUTS],
        early_stopping=False,
        random_state=key.low & 0x7FFFFFFF,
    )
    return trees.fit(np.concatenate((matrix[won], matrix[lost])), outcome, sample_weight=weights)


def _log_odds(trees: Any, matrix: npt.NDArray[np.float32]) -> Floats:
    return np.asarray(trees.decision_function(matrix), np.float64) if len(matrix) else np.empty(0)


# -- features and own counts together ----------------------------------------------------------------------------------


class _Settings(NamedTuple):
    offset: float
    slope: float
    strength: float


def _posterior(settings: _Settings, odds: Floats, own: _Label) -> Posterior:
    """alpha and beta of each arc: `strength` trials at what the features say, and its own."""
    q = np.clip(1 / (1 + np.exp(-np.clip(settings.offset + settings.slope * odds, -30, 30))), 1e-9, 1 - 1e-9)
    return Posterior(settings.strength * q + own.successes, settings.strength * (1 - q) + own.trials - own.successes)


def _calibrate(odds: Floats, own: _Label, label: _Label) -> _Settings:
    """Offset, slope and strength under which the later counts are likeliest, a weak prior included."""
    from scipy.optimize import minimize
    from scipy.special import betaln

    def surprise(x: Floats) -> float:
        alpha, beta = _posterior(_Settings(x[0], x[1], math.exp(x[2])), odds, own)
        later = betaln(alpha + label.successes, beta + label.trials - label.successes) - betaln(alpha, beta)
        prior = (x[0] / _WEAK) ** 2 + ((x[1] - 1) / _WEAK) ** 2 + ((x[2] - math.log(20)) / _WEAK) ** 2
        return float(-later.sum() + prior / 2)

    options = {"xatol": 1e-4, "fatol": 1e-4, "maxiter": 600}
    best = minimize(surprise, np.array([0.0, 1.0, math.log(20)]), method="Nelder-Mead", options=options)
    return _Settings(float(best.x[0]), float(best.x[1]), math.exp(best.x[2]))


def log_loss(probability: Floats, label: tuple[Floats, Floats]) -> float:
    """Minus the mean log probability of each trial's outcome; `label` holds trials and successes of each arc.

    >>> round(log_loss(np.array([0.5, 0.25]), (np.array([2.0, 1.0]), np.array([1.0, 0.0]))), 4)
    0.558
    """
    trials, successes = label
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    return float(-(successes * np.log(p) + (trials - successes) * np.log1p(-p)).sum() / trials.sum())


def _losses(settings: _Settings, odds: Floats, own: _Label, label: _Label, rate: float) -> dict[str, float]:
    nothing = _Label(np.zeros(odds.size), np.zeros(odds.size))
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
    others: _Others
    tail: float


def _believe(task: _Task, start: int, stop: int) -> Floats:
    """Mean and limits of the arcs [start, stop)."""
    from scipy.special import betaincinv

    arcs = np.arange(start, stop)
    matrix = _matrix(task.features, task.counts, arcs, task.others)
    odds = np.mean([_log_odds(trees, matrix) for trees in task.model.trees], axis=0)
    settings = _Settings(task.model.offset, task.model.slope, task.model.strength)
    belief = _posterior(settings, odds, _Label.of(task.counts, arcs))
    limits = [betaincinv(belief.alpha, belief.beta, q) for q in (task.tail, 1 - task.tail)]
    return np.stack([belief.mean, *limits])
