r"""Probabilities of arcs, learned from who took up what and when.

The probability on arc (v, u), v follows u, is the chance that u, having adopted a post, activates v. All methods share
these notions. An *adoption* is an account's first act on a post (:mod:`swayrank.learning.adoptions`). A post is a
*trial* of the arc if u adopted it and v had not adopted it before or at the same instant; a *success* if v adopted it
after u, and no more than `window_hours` after. Followees with such a success are the *parents* of v's adoption. With
n trials and s successes of an arc, and c the sum over its successes of 1 / parents of the adoption, the methods are:

============================  ==========================================================================================
``bernoulli``                 s / n
``jaccard``                   s / number of posts that u or v adopted
``partial_credits``           c / n
``jaccard_partial_credits``   c / number of posts that u or v adopted
``discrete_time``             successes within the arc's mean delay tau / n; those at an unknown delay are no trials
``continuous_time``           s / n at once, fading with t as ``p * exp(-t / tau)``: column "delay" holds tau
``em``                        maximum of the likelihood of Independent Cascade, by Saito, Nakano & Kimura's EM
``likelihood``                the same maximum, by coordinate ascent in theta = -log(1 - p), in which it is concave
``linear_threshold``          weights: c / n, those of one follower divided by their sum where that exceeds 1
============================  ==========================================================================================

The first six are those of Goyal, Bonchi & Lakshmanan (2010), who divide by all of u's adoptions: here a post that v had
before u is no trial, since u could not win v for it any more. (Jaccard's denominators are theirs.)

"em" and "likelihood" maximise, for each follower v by itself,

.. math:: \sum_{adoptions} \log\Bigl(1 - \prod_{parents} (1 - p)\Bigr) + \sum_{arcs} (n - s) \log(1 - p)

plus the prior's pseudo-observations; where every adoption has one parent that is ``bernoulli``. They differ in speed:
EM's steps shrink with the share of what is unknown, coordinate ascent takes some ten sweeps and can leave and reach 0.
The tolerance bounds the residual of the optimality conditions (Karush, Kuhn, Tucker) per trial, for every follower.

References
----------
Goyal, Bonchi & Lakshmanan (2010), "Learning influence probabilities in social networks", WSDM.
Saito, Nakano & Kimura (2008), "Prediction of information diffusion probabilities for independent cascade model", KES.
Netrapalli & Sanghavi (2012), "Learning the graph of epidemic cascades", SIGMETRICS: the concave likelihood.
Goyal, Bonchi & Lakshmanan (2011), "A data-based approach to social influence maximization", PVLDB 5: threshold weights.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.graph.parts import Adjacency, GraphParts
from swayrank.ids import read_only
from swayrank.learning.adoptions import SPREADING, Adoptions
from swayrank.learning.estimators import Delays, Rows, Tally, delays, fit, tally
from swayrank.learning.intervals import beta_interval
from swayrank.learning.learned import Learned
from swayrank.learning.shrinkage import Prior, beliefs, check_prior
from swayrank.measures._data import check_events, check_graph

Floats = npt.NDArray[np.float64]
Until = str | dt.datetime | dt.date | int | None

COUNTING = ("bernoulli", "jaccard", "partial_credits", "jaccard_partial_credits", "discrete_time", "continuous_time")
METHODS = (*COUNTING, "em", "likelihood", "linear_threshold")
_BY_CREDIT = ("partial_credits", "jaccard_partial_credits", "em", "likelihood", "linear_threshold")
_OF_TIME = ("discrete_time", "continuous_time")
_ITERATIVE = ("em", "likelihood")
_FIRST_TOL = 1e-4  # of the fit that tells the prior
_FOREVER = 2**63 - 1
_MICROSECONDS_PER_HOUR = 3_600_000_000


@domains(
    method=OneOf(*METHODS),
    window_hours=Optional(Interval(0, 1e9, "(]")),
    confidence=Interval(0, 1, "()"),
    tol=Interval(0, 1, "()"),
    max_iter=Integer(1, 10**9),
)
def fit_probabilities(
    graph: Graph,
    events: Events,
    *,
    method: str = "bernoulli",
    actions: Iterable[str] = SPREADING,
    prior: Prior = "influencer",
    window_hours: float | None = None,
    confidence: float = 0.95,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    until: Until = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Learned:
    """Learn every arc's probability from a log, and how it came about; `learn_probabilities` gives the graph alone.

    Parameters
    ----------
    graph : Graph
        Who follows whom. Accounts that the log does not name are never tried.
    events : Events
        The log, in any order.
    method : str, default "bernoulli"
        One of ``METHODS``; see :mod:`swayrank.learning.probabilities`. "likelihood" where accounts have several parents
        at once and it matters who it was; "bernoulli" overstates there, "partial_credits" understates.
    actions : iterable of str, default ("post", "repost", "quote")
        What counts as taking up a post.
    prior : {"influencer", "network"}, (float, float) or None, default "influencer"
        Toward what arcs with few trials are shrunk: the mean of their influencer over all its followers, itself shrunk
        toward the network's, as strongly as arcs turn out to differ (:mod:`swayrank.learning.shrinkage`); the
        network's mean; successes and failures to add to every arc; or None, nothing: then arcs that were never tried
        have probability 0 and the interval [0, 1].
    window_hours : float in (0, 1e9] or None, default None
        After how long a trial has failed: who adopts later than that had it from somebody else. None: never. Where each
        account passes a post on at once or not at all, as in the model itself, the length of such a step. Successes at
        an unknown delay count.
    confidence : float in (0, 1), default 0.95
        Of the intervals.
    tol : float in (0, 1), default 1e-6
        For "em" and "likelihood": the largest residual per trial; see there.
    max_iter : int >= 1, default 10_000
        For "em" and "likelihood": how many iterations any follower may take.
    until : str, datetime, date or int, optional
        Nothing at this time or later is read.
    engine : str or Engine, default "local"
        Where to work.
    threads : int, optional
        How many threads; by default all that the process may use.
    progress : bool or callable, optional
        True for a bar on stderr, or ``progress(label, done, total)``.

    Returns
    -------
    Learned

    Raises
    ------
    ParameterError
        If a parameter lies outside its domain, or no row of these actions has a post and a time.
    ConvergenceError
        If a follower's probabilities do not reach `tol` within `max_iter` iterations.

    Notes
    -----
    Every arc's two sorted lists of adoptions are merged, the longer one in leaps: O(sum over arcs of the shorter list *
    log of the ratio), once, twice with a prior for the iterative methods. Memory is 12 bytes per adoption, 4 per post,
    50 to 80 per arc, and the adoptions of one follower at a time.

    Intervals are quantiles of Beta distributions. For methods that count they rest on successes (or credit) and trials
    alone; for "em" and "likelihood" on as many trials as the observed information amounts to, so that they are wide
    where it cannot be told who it was. They always hold the estimate.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    >>> log = {"actor": ["ada", "bob", "ada", "cem", "bob"], "action": ["post", "repost", "post", "repost", "repost"],
    ...        "target": [None, "ada", None, "ada", "ada"], "post": ["p", "p", "q", "q", "q"],
    ...        "time": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"]}
    >>> sr.fit_probabilities(g, sr.Events.from_frame(log), prior=None)
    <Learned by bernoulli>
    2 arcs: 2 tried (0 without a success), 0 never tried
    probability: mean 0.75, 10% 0.55, 50% 0.75, 90% 0.95, 99% 0.995, largest 1
    5 adoptions, 3 of them with a parent
      ada -> bob: 1 [0.333, 1], 2 of 2
      ada -> cem: 0.5 [0.0608, 0.939], 1 of 2
    """
    check_graph("fit_probabilities", graph)
    check_events("fit_probabilities", events)
    check_prior(prior)
    runner = resolve_engine(engine, threads)
    given: dict[str, Any] = {"method": method, "actions": list(_names(actions)), "confidence": confidence}
    given |= {"window_hours": window_hours, "until": None if until is None else str(until)}
    window = _FOREVER if window_hours is None else round(window_hours * _MICROSECONDS_PER_HOUR)
    seen = events if until is None else events.before(until)
    adoptions = Adoptions.of(seen, graph.ids, actions=actions, threads=threads)
    if not adoptions.n and graph.n_edges:
        others, names = adoptions.left_out["unknown_account"], "the log has no accounts"
        if len(events.accounts) and graph.n_nodes:
            names = f"such as {str(events.accounts[0])!r} here and {str(graph.ids[0])!r} there"
        raise ParameterError(
            f"events must have adoptions by accounts of the graph, got {others:,} by others alone ({names}): are the "
            f"graph's and the log's accounts called by the same ids?"
        )
    rows = Rows.of(graph, adoptions, window)
    counted = tally(rows, credit=method in _BY_CREDIT, runner=runner, progress=progress)
    timed = delays(rows, runner=runner, progress=progress) if method in _OF_TIME else None
    won, of = _evidence(method, graph, adoptions, counted, timed)
    if method in _ITERATIVE and prior is not None and isinstance(prior, str):
        # Credit dealt among many parents varies far less than trials do, and would make any prior look sure.
        nothing = beliefs(None, won, of, graph.indices, graph.n_nodes)
        how: dict[str, Any] = {"tol": max(tol, _FIRST_TOL), "max_iter": int(max_iter), "runner": runner}
        alone = fit(rows, nothing, method="likelihood", progress=progress, **how)
        # In single precision, so that the order in which the fit added up changes no bit of the prior.
        won, of = (
            x.astype(np.float32).astype(np.float64) for x in (alone.probability * alone.strength, alone.strength)
        )
    varied = counted.successes.astype(np.float64) if method in _BY_CREDIT and method not in _ITERATIVE else None
    prior_used = beliefs(prior, won, of, graph.indices, graph.n_nodes, varied=varied)
    n_iter, residual, likelihood = 0, 0.0, None
    if method in _ITERATIVE:
        given |= {"tol": tol, "max_iter": max_iter}
        found = fit(rows, prior_used, method=method, tol=tol, max_iter=int(max_iter), runner=runner, progress=progress)
        n_iter, residual, likelihood = found.n_iter, found.residual, found.log_likelihood
        probability, of = found.probability, found.strength
        won = probability * of
    else:
        if prior_used.are_there:
            won += prior_used.successes[graph.indices]
            of += (prior_used.successes + prior_used.failures)[graph.indices]
        probability = np.divide(won, of, out=np.zeros(of.size), where=of > 0)
    lost = np.maximum(np.subtract(of, won, out=of), 0.0, out=of)
    shrunk = prior_used.are_there
    low, high = beta_interval(won, lost, graph.in_arcs, confidence, prior=shrunk, runner=runner)
    estimate = _Estimate(probability, np.minimum(low, probability, out=low), np.maximum(high, probability, out=high))
    if method == "linear_threshold":
        estimate = _at_most_one(graph, estimate)
    moved = None
    if timed is not None:
        moved = np.divide(timed.moved, adoptions.count, out=np.full(graph.n_nodes, np.nan), where=adoptions.count > 0)
    return Learned(
        graph=_with_columns(graph, estimate, counted, timed),
        method=method,
        params=given | prior_used.record,
        n_iter=n_iter,
        residual=residual,
        log_likelihood=likelihood,
        n_adoptions=adoptions.n,
        n_explained=int(counted.explained.sum()),
        left_out=adoptions.left_out,
        influenceability=None if moved is None else read_only(moved),
    )


def learn_probabilities(
    graph: Graph,
    events: Events,
    *,
    method: str = "bernoulli",
    actions: Iterable[str] = SPREADING,
    prior: Prior = "influencer",
    window_hours: float | None = None,
    confidence: float = 0.95,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    until: Until = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """The graph with the probability of every arc, learned from a log.

    Parameters
    ----------
    graph, events, method, actions, prior, window_hours, confidence, tol, max_iter, until, engine, threads, progress
        As :func:`swayrank.fit_probabilities` takes them.

    Returns
    -------
    Graph
        The same arcs, directed, with the columns "probability" (float64), "probability_low" and "probability_high",
        "n_trials" and "n_successes" (uint32), and for the methods of time "delay". ``IndependentCascade(graph)`` takes
        "probability" by itself; after "linear_threshold", ``LinearThreshold(graph, weights="probability")`` does.

    Raises
    ------
    ParameterError, ConvergenceError
        As :func:`swayrank.fit_probabilities`.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> learned = sr.learn_probabilities(town.graph, town.events)
    >>> learned.columns
    ('probability', 'probability_low', 'probability_high', 'n_trials', 'n_successes')
    >>> sr.IndependentCascade(learned)
    IndependentCascade(300 accounts, prob='probability')
    """
    settings: dict[str, Any] = {"method": method, "actions": actions, "prior": prior, "window_hours": window_hours}
    settings |= {"confidence": confidence, "tol": tol, "max_iter": max_iter, "until": until}
    settings |= {"engine": engine, "threads": threads, "progress": progress}
    return fit_probabilities(graph, events, **settings).graph


class _Estimate(NamedTuple):
    """Probabilities and the ends of their intervals, which hold them."""

    probability: Floats
    low: Floats
    high: Floats


def _names(actions: Iterable[str]) -> tuple[str, ...]:
    return (actions,) if isinstance(actions, str) else tuple(actions)


def _evidence(
    method: str, graph: Graph, adoptions: Adoptions, counted: Tally, timed: Delays | None
) -> tuple[Floats, Floats]:
    """What a method counts as successes, and out of how many; 0 of 0 for arcs that were never tried."""
    won, of = counted.successes.astype(np.float64), counted.trials.astype(np.float64)
    if method in _BY_CREDIT:
        won = counted.credit
    if method.startswith("jaccard"):
        sizes = adoptions.count.astype(np.float64)
        either = np.repeat(sizes, graph.out_degree) + sizes[graph.indices] - counted.common
        of = np.where(counted.trials > 0, either, 0.0)
    if method == "discrete_time":
        assert timed is not None
        won, of = timed.within.astype(np.float64), of - timed.undated
    return won, of


def _at_most_one(graph: Graph, estimate: _Estimate) -> _Estimate:
    """Weights whose sum for each follower is at most 1."""
    follower = graph.edges()[0]
    total = np.bincount(follower, estimate.probability, graph.n_nodes)
    scale = np.repeat(1.0 / np.maximum(total, 1.0), graph.out_degree)
    return _Estimate(*(values * scale for values in estimate))


def _with_columns(graph: Graph, estimate: _Estimate, counted: Tally, timed: Delays | None) -> Graph:
    """The graph with what was learned; directed, since the two arcs of an edge need not be alike."""
    p, low, high = estimate
    columns: dict[str, npt.NDArray[Any]] = {name: graph.column(name) for name in graph.columns}
    columns |= {"probability": p, "probability_low": low, "probability_high": high}
    columns |= {"n_trials": counted.trials, "n_successes": counted.successes}
    if timed is not None:
        columns["delay"] = timed.delay
    adjacency = Adjacency(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    return Graph(GraphParts(adjacency, graph.ids, True, columns, graph.report))
