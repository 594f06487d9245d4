"""How many accounts follow, and are followed: degree, and its weighted form, strength.

An arc (u, v) says that u follows v. The in-degree of v counts the arcs that end in v (its followers), the out-degree
those that begin there. Strength sums a column of weights over the same arcs, in float64 and in the order of the sorted
adjacency, so the row order of the input changes no bit. Self-loops, where the graph keeps them, count once each way, as
in NetworkX's ``in_degree`` and ``out_degree``. Degree is exact; strength is exact but for rounding.

Sources: Freeman (1978), "Centrality in social networks", doi:10.1016/0378-8733(78)90021-7; Barrat et al. (2004), "The
architecture of complex weighted networks", doi:10.1073/pnas.0400087101.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank.engines import Engine, balanced_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.spmv import row_sums
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import Floats, arc_weights
from swayrank.measures.registry import register

_FREEMAN = "Freeman 1978, doi:10.1016/0378-8733(78)90021-7"
_BARRAT = "Barrat et al. 2004, doi:10.1073/pnas.0400087101"
_ARCS_PER_CHUNK = 1 << 20
_MOST_CHUNKS = 256


def _counted(graph: Graph, params: Mapping[str, Any]) -> Work:
    return Work(float(graph.n_nodes), 1.0, 12.0 * graph.n_nodes, parallel=False)


def _summed(graph: Graph, params: Mapping[str, Any]) -> Work:
    return Work(float(graph.n_edges + graph.n_nodes), 2.0, 8.0 * graph.n_nodes)


@register(name="in_degree", needs="graph", reads="along", exact=True, cost="O(n)", citation=_FREEMAN, work=_counted)
def in_degree(graph: Graph) -> Measure:
    """Count the followers of every account.

    Read along the arcs: ``in_degree[v]`` is the number of arcs (u, v).

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    Measure
        uint32 counts.

    References
    ----------
    Freeman (1978), doi:10.1016/0378-8733(78)90021-7

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])
    >>> sr.in_degree(g).value("eve")
    2
    """
    return Measure("in_degree", read_only(graph.in_degree), graph.ids)


@register(name="out_degree", needs="graph", reads="along", exact=True, cost="O(n)", citation=_FREEMAN, work=_counted)
def out_degree(graph: Graph) -> Measure:
    """Count the accounts that every account follows.

    Read along the arcs: ``out_degree[u]`` is the number of arcs (u, v).

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    Measure
        uint32 counts.

    References
    ----------
    Freeman (1978), doi:10.1016/0378-8733(78)90021-7

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "ada"], ["eve", "eve", "bob"])
    >>> sr.out_degree(g).value("ada")
    2
    """
    return Measure("out_degree", read_only(graph.out_degree), graph.ids)


@register(name="in_strength", needs="graph", reads="along", exact=True, cost="O(m)", citation=_BARRAT, work=_summed)
def in_strength(
    graph: Graph, *, weight: str = "weight", engine: str | Engine = "local", threads: int | None = None
) -> Measure:
    """Sum the weights of the arcs that end in every account.

    Read along the arcs: ``in_strength[v]`` is the sum of the weights of the arcs (u, v).

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str, default="weight"
        The column of weights: any finite numbers.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.

    Returns
    -------
    Measure
        float64 sums.

    Raises
    ------
    ParameterError
        If the graph has no such column, or it holds values that are no finite numbers.

    References
    ----------
    Barrat et al. (2004), doi:10.1073/pnas.0400087101

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"], weight=[2.0, 0.5, 4.0])
    >>> sr.in_strength(g).value("eve")
    2.5
    """
    weights = arc_weights(graph, weight, incoming=True, negative=True)
    return Measure("in_strength", strength(graph, weights, True, resolve_engine(engine, threads)), graph.ids)


@register(name="out_strength", needs="graph", reads="along", exact=True, cost="O(m)", citation=_BARRAT, work=_summed)
def out_strength(
    graph: Graph, *, weight: str = "weight", engine: str | Engine = "local", threads: int | None = None
) -> Measure:
    """Sum the weights of the arcs that begin at every account.

    Read along the arcs: ``out_strength[u]`` is the sum of the weights of the arcs (u, v).

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str, default="weight"
        The column of weights: any finite numbers.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.

    Returns
    -------
    Measure
        float64 sums.

    Raises
    ------
    ParameterError
        If the graph has no such column, or it holds values that are no finite numbers.

    References
    ----------
    Barrat et al. (2004), doi:10.1073/pnas.0400087101

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "ada", "cem"], ["eve", "bob", "ada"], weight=[2.0, 0.5, 4.0])
    >>> sr.out_strength(g).value("ada")
    2.5
    """
    weights = arc_weights(graph, weight, negative=True)
    return Measure("out_strength", strength(graph, weights, False, resolve_engine(engine, threads)), graph.ids)


def strength(graph: Graph, weights: Floats, incoming: bool, engine: Engine) -> Floats:
    """Sum weights, given in the order of the in-arcs or of the out-arcs, over each node's arcs.

    Parameters
    ----------
    graph : Graph
        The graph.
    weights : numpy.ndarray of float64, shape (n_edges,)
        In the order of the in-arcs if `incoming`, else of the out-arcs.
    incoming : bool
        Which arcs.
    engine : Engine
        Where the work runs.

    Returns
    -------
    numpy.ndarray of float64, shape (n_nodes,)
    """
    indptr = graph.in_indptr if incoming else graph.indptr
    total = np.zeros(graph.n_nodes)
    bounds = balanced_bounds(indptr, min(_MOST_CHUNKS, 1 + graph.n_edges // _ARCS_PER_CHUNK))
    for _ in engine.map(_sum_rows, (indptr, weights), bounds, out=total):
        pass
    return total


def _sum_rows(inputs: tuple[np.ndarray, Floats], start: int, stop: int, out: Floats) -> None:
    indptr, weights = inputs
    row_sums(read_only(indptr), read_only(weights), start, stop, out)
