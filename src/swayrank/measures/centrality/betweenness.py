r"""Betweenness: through whom the shortest paths of attention run.

Definition (Freeman 1977; Anthonisse 1971), along the arcs, with :math:`\sigma_{st}` the number of shortest paths from
s to t and :math:`\sigma_{st}(v)` of those that pass through v, its ends left out:

.. math:: b(v) = \sum_{s \ne v \ne t} \frac{\sigma_{st}(v)}{\sigma_{st}}

Pairs without a path add nothing. The same for arcs, which have no ends to leave out. In an undirected graph each pair
counts once, and an edge's number is that of both its arcs. ``scale="fraction"`` divides by the number of pairs:
(n - 1)(n - 2) for accounts, n (n - 1) for arcs, half of that if undirected. All of it agrees with NetworkX.

Exact, by Brandes' accumulation, eight sources side by side (``kernels/brandes.py``). A source that follows one account
only, and that nobody but this one follows, sees what that account sees, one step further away: it is not searched from,
but counted there. With `weight`, distances are sums of the column's values along a path, each > 0, by Dijkstra's
algorithm; paths are equally short where the sums are equal as floats.

Cost: O(n m) steps, eight at a time; 340 bytes per account and thread.

Sources: Freeman (1977), doi:10.2307/3033543; Brandes (2001), doi:10.1080/0022250X.2001.9990249; Brandes (2008), "On
variants of shortest-path betweenness", doi:10.1016/j.socnet.2007.11.001.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._validate import OneOf, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.graph.parts import sources as sources_of
from swayrank.ids import read_only
from swayrank.kernels.brandes import betweenness_sums, weighted_betweenness_sums
from swayrank.measures._arcs import ArcMeasure
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import arc_weights
from swayrank.measures.registry import register

Floats = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]
Array = npt.NDArray[Any]

_SOURCES_PER_CHUNK = 256
# Measured on one core, for an arc and a source.
_NS, _NS_ARCS, _NS_HEAP = 0.42, 1.3, 40.0
_CITATION = "Freeman 1977, doi:10.2307/3033543; Brandes 2001, doi:10.1080/0022250X.2001.9990249"


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    return _work_at(_NS, graph, params)


def _work_of_arcs(graph: Graph, params: Mapping[str, Any]) -> Work:
    return _work_at(_NS_ARCS, graph, params)


def _work_at(ns: float, graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    weighted, sources = params.get("weight") is not None, params.get("sources")
    searched = float(len(sources) if isinstance(sources, list | tuple | set) else n)
    return Work(searched * m, _NS_HEAP if weighted else ns, 24.0 * n + 12.0 * m, 80.0 * n if weighted else 340.0 * n)


@register(
    name="betweenness",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m)",
    citation=_CITATION,
    work=_work,
    instead="approximate_betweenness(graph)",
)
@domains(scale=OneOf("raw", "fraction"))
def betweenness(
    graph: Graph,
    *,
    weight: str | None = None,
    scale: str = "raw",
    sources: Iterable[Any] | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Count the shortest paths between others that run through an account, each pair's as parts of one.

    Read along the arcs, as ``networkx.betweenness_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of distances, finite and > 0; None counts steps.
    scale : {"raw", "fraction"}, default="raw"
        Pairs, or their share of all pairs that the account could lie between.
    sources : iterable of ids or None, default=None
        Only paths that begin at these accounts; None for all. `scale` divides by all pairs all the same.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the sources done.

    Returns
    -------
    Measure
        float64 >= 0, exact up to rounding.

    Raises
    ------
    ParameterError
        For an unknown scale, a column that is not there or not > 0, or more shortest paths than a float64 can count.
    UnknownAccountError
        If `sources` names no account of the graph.

    Notes
    -----
    Brandes' accumulation for eight sources at once; O(n m), 340 bytes per account and thread. More than 1e308
    shortest paths between two accounts are refused.

    References
    ----------
    Freeman (1977), doi:10.2307/3033543
    Brandes (2001), doi:10.1080/0022250X.2001.9990249

    Examples
    --------
    All paths between the three on the left and the one on the right run through bob and cem:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "dan", "eve", "bob", "cem"], ["bob", "bob", "bob", "cem", "fay"])
    >>> sr.betweenness(g).top(2)
    rank  account  betweenness
       1  bob                6
       2  cem                4
    """
    found = _sums(graph, weight, sources, False, resolve_engine(engine, threads), progress)[0]
    n = graph.n_nodes
    return Measure("betweenness", found * _factor(graph, scale, (n - 1) * (n - 2)), graph.ids)


@register(
    name="arc_betweenness",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m)",
    citation="Anthonisse 1971; Brandes 2008, doi:10.1016/j.socnet.2007.11.001",
    gives="arcs",
    work=_work_of_arcs,
)
@domains(scale=OneOf("raw", "fraction"))
def arc_betweenness(
    graph: Graph,
    *,
    weight: str | None = None,
    scale: str = "raw",
    sources: Iterable[Any] | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> ArcMeasure:
    """Count the shortest paths that run over an arc, each pair's as parts of one.

    Read along the arcs, as ``networkx.edge_betweenness_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight, scale, sources, engine, threads, progress
        As :func:`betweenness` takes them.

    Returns
    -------
    ArcMeasure
        float64 >= 0, exact up to rounding; of an undirected edge both arcs have its number.

    Raises
    ------
    ParameterError, UnknownAccountError
        As :func:`betweenness`.

    Notes
    -----
    About twice the time of :func:`betweenness`, and 8 bytes per arc and chunk at work besides.

    References
    ----------
    Brandes (2008), "On variants of shortest-path betweenness", doi:10.1016/j.socnet.2007.11.001

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "dan", "bob", "cem"], ["bob", "bob", "cem", "fay"])
    >>> sr.arc_betweenness(g).value("bob", "cem")
    6.0
    """
    found = _sums(graph, weight, sources, True, resolve_engine(engine, threads), progress)[1]
    if not graph.directed:
        u, v = graph.edges()
        found = found + found[_reverse(graph, u, v)] * (u != v)
    n = graph.n_nodes
    return ArcMeasure("arc_betweenness", found * _factor(graph, scale, n * (n - 1)), graph)


def _factor(graph: Graph, scale: str, pairs: int) -> float:
    raw = 1.0 if graph.directed else 0.5
    return raw if scale == "raw" else 1.0 / max(pairs, 1)


def _reverse(graph: Graph, u: U32, v: U32) -> npt.NDArray[np.intp]:
    """Of each arc of an undirected graph, which arc goes the other way."""
    return np.searchsorted(u.astype(np.uint64) << np.uint64(32) | v, v.astype(np.uint64) << np.uint64(32) | u)


class _Task(NamedTuple):
    rows: tuple[Array, Array, Array, Array]
    lengths: Floats
    in_arcs: Array
    sources: U32
    weights: Floats
    arcs: bool


def _sums(
    graph: Graph, weight: str | None, sources: Iterable[Any] | None, arcs: bool, runner: Engine, progress: Progress
) -> tuple[Floats, Floats]:
    """Scores of nodes, and of arcs if asked for, over ordered pairs; in public order."""
    chosen = np.ones(graph.n_nodes, bool)
    if sources is not None:
        chosen[:] = False
        chosen[graph.ids.positions(_listed(sources))] = True
    chosen &= graph.out_degree > 0
    if weight is not None:
        return _weighted(graph, _lengths(graph, weight), chosen, arcs, runner, progress)
    folded = _folded(graph) & chosen if sources is None else np.zeros(graph.n_nodes, bool)
    private = graph.relabelled("degree")
    rows = (private.indptr, private.indices, private.in_indptr, private.in_indices)
    weights = np.ones(graph.n_nodes)
    onto = graph.indices[graph.indptr[:-1][folded].astype(np.int64)]
    np.add.at(weights, onto, 1.0)
    searched = private.rank[np.flatnonzero(chosen & ~folded)]
    searched.sort()
    weights = private.to_private(weights)[searched]
    task = _Task(rows, np.zeros(0), np.zeros(0, np.uint64), searched, weights, arcs)
    scores, arc_scores, reached = _combined(graph, task, runner, progress)
    scores = private.to_public(scores)
    if arcs:
        # Rows of the private graph are the public ones in another order: sort the arcs by their public ends.
        u = private.order[sources_of(private.indptr)]
        arc_scores = arc_scores[np.lexsort((private.order[private.indices], u))]
    found = np.zeros(graph.n_nodes)
    found[private.order[searched]] = reached
    mutual = graph.in_degree[folded] == 1  # followed by the one that it is folded onto
    seen = found[onto] - mutual
    np.add.at(scores, onto, seen)
    if arcs:
        arc_scores[graph.indptr[:-1][folded].astype(np.int64)] += 1.0 + seen
        back = graph.in_arcs[graph.in_indptr[:-1][folded][mutual].astype(np.int64)]
        arc_scores[back] -= 1.0  # no path leads from the folded one to itself
    return scores, arc_scores


def _listed(sources: Iterable[Any]) -> list[Any]:
    """The accounts named; a single one is not taken for its letters."""
    if isinstance(sources, str) or not isinstance(sources, Iterable):
        raise ParameterError(f"sources must be a list of ids, got {sources!r}")
    return list(sources)


def _folded(graph: Graph) -> npt.NDArray[np.bool_]:
    """The nodes that follow one other and that nobody else follows, but no pair that follows only each other."""
    one = np.flatnonzero((graph.out_degree == 1) & (graph.in_degree <= 1)).astype(np.int64)
    onto = graph.indices[graph.indptr[one].astype(np.int64)]
    followed = graph.in_degree[one] == 1
    by = graph.in_indices[np.minimum(graph.in_indptr[one].astype(np.int64), max(graph.n_edges - 1, 0))]
    alike = (onto != one) & (~followed | (by == onto))
    folded = np.zeros(graph.n_nodes, bool)
    folded[one[alike]] = True
    folded[one[alike]] = ~folded[onto[alike]]
    return folded


def _combined(graph: Graph, task: _Task, runner: Engine, progress: Progress) -> tuple[Floats, Floats, Floats]:
    scores, arc_scores = np.zeros(graph.n_nodes), np.zeros(graph.n_edges if task.arcs else 0)
    reached: list[U32] = [np.zeros(0, np.uint32)]
    with track(progress, "betweenness", total=task.sources.size) as step:
        bounds = chunk_bounds(task.sources.size, _SOURCES_PER_CHUNK)
        for nodes, arcs, seen in runner.map(_search_chunk, task, bounds, step=step):
            scores += nodes
            arc_scores += arcs
            reached.append(seen)
    if not np.isfinite(scores).all():
        raise ParameterError("more than 1e308 shortest paths join two accounts, which no float64 can count")
    return scores, arc_scores, np.concatenate(reached).astype(np.float64)


def _search_chunk(task: _Task, start: int, stop: int) -> tuple[Floats, Floats, U32]:
    rows = tuple(read_only(array) for array in task.rows)
    scores, arc_scores = np.zeros(rows[0].size - 1), np.zeros(rows[1].size if task.arcs else 0)
    sources, weights = read_only(task.sources[start:stop]), read_only(task.weights[start:stop])
    reached = np.empty(stop - start, np.uint32)
    if task.lengths.size:
        weighted_betweenness_sums(*rows, read_only(task.lengths), read_only(task.in_arcs), sources, scores, arc_scores)
    else:
        betweenness_sums(*rows, sources, weights, reached, scores, arc_scores)
    return scores, arc_scores, reached


def _weighted(
    graph: Graph, lengths: Floats, chosen: npt.NDArray[np.bool_], arcs: bool, runner: Engine, progress: Progress
) -> tuple[Floats, Floats]:
    rows = (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    sources = np.flatnonzero(chosen).astype(np.uint32)
    task = _Task(rows, lengths, graph.in_arcs.astype(np.uint64), sources, np.ones(sources.size), arcs)
    return _combined(graph, task, runner, progress)[:2]


def _lengths(graph: Graph, weight: str) -> Floats:
    lengths = arc_weights(graph, weight)
    if lengths.size and lengths.min() <= 0:
        raise ParameterError(f"weight {weight!r} must be > 0 everywhere, as paths of length 0 cannot be counted, got 0")
    return lengths
