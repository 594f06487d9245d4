r"""TwitterRank: PageRank on one topic, where a reader's attention goes by how much a friend posts, and on what.

Definition (Weng, Lim, Jiang & He 2010): DT holds how often an account writes about a topic (one row per account); DT'
is DT with rows scaled to sum 1, DT'' with columns scaled to sum 1. On topic t, a reader u moves to a friend v with

.. math:: P_t(u, v) = \frac{|\tau_v|}{\sum_{a: u \to a} |\tau_a|} \; sim_t(u, v), \qquad
          sim_t(u, v) = 1 - |DT'_{ut} - DT'_{vt}|

where :math:`|\tau_v|` is the number of posts of v, and TwitterRank is

.. math:: TR_t = \gamma\, P_t^T TR_t + (1 - \gamma)\, DT''_{\cdot t}

Over all topics, :math:`TR = \sum_t r_t TR_t`, with the topics' weights r, by default their shares of all that is
written. Rows of P sum to at most 1 and nothing is handed back, as in the paper: scores sum to at most 1, and compare
within an answer.

Edge cases: a row of DT without counts is a row of zeros in DT', that is, as far from a topic as one who never writes of
it; where none of an account's friends posts, its attention is lost; a topic nobody writes of has no scores, and is
refused by number and left out of the sum.

Without `topics` there is one topic, of which all write alike: sim is 1 and walks start uniformly. Without `posts`
either, all post alike, and the scores are PageRank's with damping gamma, times a constant.

The columns of the transposed matrix sum to at most gamma, so that `tol` is a true bound on the L1 distance to the exact
vector, and about log tol / log gamma passes suffice. Cost: O(n + m) per pass and topic; `topic=None` runs all topics.
Memory: nine float64 per node, three per arc.

Source: Weng, Lim, Jiang & He (2010), doi:10.1145/1718487.1718520.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, Optional, check, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._affine import Affine, inverse, pull, solve
from swayrank.measures.centrality._weights import Floats, as_numbers
from swayrank.measures.registry import register

_NS_PER_STEP = 2.5


@dataclass(frozen=True)
class _Topics:
    """What is written about, by whom, and how much each topic counts."""

    of_account: Floats
    of_topic: Floats
    posts: Floats
    weights: Floats


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    topics, gamma = params["topics"], params["gamma"]
    runs = 1 if topics is None or params["topic"] is not None else np.shape(topics)[-1]
    passes = 4 + (math.log(min(0.1, params["tol"])) / math.log(gamma) / 3 if gamma > 0 else 0)
    return Work(runs * passes * (n + m), _NS_PER_STEP, 80.0 * n + 24.0 * m)


@register(
    name="twitterrank",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass and topic",
    citation="Weng, Lim, Jiang & He 2010, doi:10.1145/1718487.1718520",
    work=_work,
)
@domains(
    topic=Optional(Integer(0)),
    gamma=Interval(0, 1, "[)"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Optional(Integer(1)),
)
def twitterrank(
    graph: Graph,
    *,
    topics: npt.ArrayLike | None = None,
    posts: npt.ArrayLike | None = None,
    topic: int | None = None,
    topic_weights: npt.ArrayLike | None = None,
    gamma: float = 0.85,
    tol: float = 1e-8,
    max_iter: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts on a topic by the attention of followers who write about it as much as they do.

    Read along the arcs: an account ranks high that many follow who care for the topic alike, the more the larger its
    share of what they read.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    topics : array_like of shape (n_nodes, n_topics) or None, default=None
        How often each account (in the order of ``graph.ids``) writes about each topic: counts or shares >= 0, such as
        a topic model gives. None is one topic of which all write alike.
    posts : array_like of shape (n_nodes,) or None, default=None
        How many posts each account wrote, >= 0. None takes the rows' sums of `topics`.
    topic : int or None, default=None
        Which topic, a column of `topics`. None adds all topics up by their weights.
    topic_weights : array_like of shape (n_topics,) or None, default=None
        What each topic counts in that sum: numbers >= 0, scaled to sum 1. None takes the columns' shares of `topics`.
    gamma : float, default=0.85
        Probability of following an arc rather than starting afresh, in [0, 1).
    tol : float, default=1e-8
        Bound on the L1 distance to the exact vector, greater than 0.
    max_iter : int or None, default=None
        Most passes allowed for a topic, at least 1. None allows as many as the bound can need.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 scores >= 0 with a sum of at most 1, `error_bound` (L1) and `n_iter` (of all topics together).

    Raises
    ------
    ParameterError
        For a parameter outside its domain, an array of the wrong shape, negative or without a sum above 0, and a topic
        that there is not or that nobody writes of.
    ConvergenceError
        If `max_iter` passes do not reach `tol`, or rounding stands in its way.

    Notes
    -----
    Passes pull over the in-arcs; sums in fixed order, so any number of threads gives the same bits. Topics are the
    caller's to find (the paper uses latent Dirichlet allocation).

    References
    ----------
    Weng, Lim, Jiang & He (2010), "TwitterRank: finding topic-sensitive influential twitterers",
    doi:10.1145/1718487.1718520

    Examples
    --------
    Bob writes about football, ada and cem about chess:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "cem"], ["ada", "ada", "bob"], ids=["ada", "bob", "cem"])
    >>> sr.measure(g, "twitterrank", topics=[[9, 0], [0, 9], [3, 0]], topic=0).top(3)
    rank  account  twitterrank
       1  ada         0.128438
       2  cem           0.0375
       3  bob                0
    """
    if graph.n_nodes == 0:
        return Measure("twitterrank", np.zeros(0), graph.ids, error_bound=0.0, n_iter=0)
    told = _checked(graph, topics, posts, topic, topic_weights)
    runner = resolve_engine(engine, threads)
    read = pull(graph.indptr, graph.indices, np.zeros(0), told.posts, runner)
    limit = max_iter or _passes_needed(gamma, tol)
    values, bound, n_iter = np.zeros(graph.n_nodes), 0.0, 0
    for t in np.flatnonzero(told.weights).tolist():
        system = Affine(graph, _attention(graph, told, t), gamma * inverse(read), (1 - gamma) * told.of_topic[:, t])
        scores, error, passes = solve(
            system,
            lambda change: change.l1(gamma),
            name="twitterrank",
            tol=tol,
            limit=limit,
            engine=runner,
            progress=progress,
        )
        values += told.weights[t] * scores
        bound += told.weights[t] * error
        n_iter += passes
    return Measure("twitterrank", values, graph.ids, error_bound=float(bound), n_iter=n_iter)


def _checked(
    graph: Graph,
    topics: npt.ArrayLike | None,
    posts: npt.ArrayLike | None,
    topic: int | None,
    topic_weights: npt.ArrayLike | None,
) -> _Topics:
    """DT', DT'', posts and topic weights, checked and scaled."""
    n = graph.n_nodes
    counts = np.ones((n, 1)) if topics is None else _amounts("topics", topics, (n, None))
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    if topic_weights is not None:
        weights = _amounts("topic_weights", topic_weights, (columns.size,)) * (columns > 0)
    else:
        weights = columns
    if topic is not None:
        check("topic", topic, Integer(0, columns.size - 1))
        weights = columns * (np.arange(columns.size) == topic)
    if not weights.any():
        what = "topic_weights must weigh a topic" if topic is None else "topic must be one"
        raise ParameterError(f"{what} that somebody writes of: topics {np.flatnonzero(columns).tolist()}")
    return _Topics(
        of_account=counts * inverse(rows)[:, None],
        of_topic=counts * inverse(columns)[None, :],
        posts=rows if posts is None else _amounts("posts", posts, (n,)),
        weights=weights / weights.sum(),
    )


def _amounts(name: str, values: npt.ArrayLike, shape: tuple[int | None, ...]) -> Floats:
    """An array of the shape, finite, >= 0 and not all 0."""
    amounts = as_numbers(name, values)
    right = amounts.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, amounts.shape, strict=True)
    )
    if not right:
        told = ", ".join("n_topics" if size is None else str(size) for size in shape)
        raise ParameterError(f"{name} must have shape ({told}{',' * (len(shape) == 1)}), got {amounts.shape}")
    if not np.isfinite(amounts).all() or amounts.size == 0 or amounts.min() < 0 or amounts.sum() <= 0:
        raise ParameterError(f"{name} must hold finite numbers >= 0 with a sum above 0")
    return amounts


def _attention(graph: Graph, told: _Topics, topic: int) -> Floats:
    """Posts times similarity of each in-arc."""
    share = told.of_account[:, topic]
    degree = graph.in_degree
    weights = np.repeat(share, degree)
    weights -= share[graph.in_indices]
    np.abs(weights, out=weights)
    np.subtract(1.0, weights, out=weights)
    weights *= np.repeat(told.posts, degree)
    return weights


def _passes_needed(gamma: float, tol: float) -> int:
    """How many passes the L1 bound can need, from a first residual of at most gamma, and a few for rounding."""
    if gamma == 0:
        return 2
    return 4 + max(0, math.ceil(math.log(tol * (1 - gamma) / 2) / math.log(gamma)))
