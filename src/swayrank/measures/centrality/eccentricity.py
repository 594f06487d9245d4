"""Eccentricity, diameter and radius: how far away the farthest account is.

The eccentricity of v is the largest finite distance *from* v along the arcs (as in NetworkX; from follower to
followed), 0 where v reaches nobody. Accounts that v does not reach count for nothing, so that the measure has a value
on every graph; where all accounts reach each other it is the textbook's.

- ``diameter``: the largest eccentricity, that is, the longest of all shortest paths.
- ``radius``: the smallest eccentricity among the accounts that reach all others; without any, there is none.

Exact. Eccentricities take a search from every account (``kernels/distances.py``, 512 at a time). The diameter of an
undirected graph, or of one whose accounts all reach each other, takes a few: each search from s bounds all others by
ecc(v) <= d(v, s) + ecc(s), and those whose bound does not exceed the largest found are out of question (Takes & Kosters
2011). Weights are distances, finite and >= 0.

Sources: Takes & Kosters (2011), "Determining the diameter of small world networks", doi:10.1145/2063576.2063748; Then
et al. (2014), doi:10.14778/2735496.2735507.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.graph.exchange import component_labels
from swayrank.ids import read_only
from swayrank.kernels.distances import levels
from swayrank.measures._measure import Measure
from swayrank.measures.centrality._distances import all_distances, distances_work
from swayrank.measures.registry import register

U32 = npt.NDArray[np.uint32]
_UNREACHED = np.uint32(2**32 - 1)


@register(
    name="eccentricity",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m / 512)",
    citation="Harary 1969, Graph Theory; Then et al. 2014, doi:10.14778/2735496.2735507",
    work=distances_work,
)
def eccentricity(
    graph: Graph,
    *,
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Find how far away the farthest account is that an account reaches along the arcs.

    Read along the arcs, from follower to followed. Accounts that are not reached count for nothing.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of distances, finite and >= 0; None counts steps.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the sources done.

    Returns
    -------
    Measure
        uint32 steps, or float64 with `weight`; 0 for accounts that follow nobody.

    Raises
    ------
    ParameterError
        If the graph has no such column, or it holds a value below 0 or none.

    Notes
    -----
    Bit-parallel breadth-first search; O(n m / 512) and 230 bytes per account and thread.

    References
    ----------
    Harary (1969), Graph Theory, chapter 4.
    Then et al. (2014), doi:10.14778/2735496.2735507

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.eccentricity(sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])).values
    array([2, 1, 0], dtype=uint32)
    """
    _, farthest = all_distances(graph, weight, resolve_engine(engine, threads), progress)
    values = farthest if weight is not None else farthest.astype(np.uint32)
    return Measure("eccentricity", values, graph.ids)


def diameter(
    graph: Graph,
    *,
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> float:
    """Find the longest of all shortest paths: the largest finite distance between two accounts.

    Read along the arcs.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of distances, finite and >= 0; None counts steps.
    engine, threads, progress
        As :func:`eccentricity` takes them.

    Returns
    -------
    int, or float with `weight`
        0 for a graph without arcs.

    Raises
    ------
    ParameterError
        If the graph has no such column, or it holds a value below 0 or none.

    Notes
    -----
    A few searches for undirected graphs and for those whose accounts all reach each other, without weights; otherwise
    as :func:`eccentricity`.

    References
    ----------
    Takes & Kosters (2011), doi:10.1145/2063576.2063748

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.diameter(sr.Graph.from_edges([0, 1, 2, 0], [1, 2, 3, 2]))
    2
    """
    if weight is None and graph.n_edges and _mutual(graph):
        return _bounded_diameter(graph)
    found = eccentricity(graph, weight=weight, engine=engine, threads=threads, progress=progress)
    largest: float = found.values.max(initial=0).item()
    return largest


def radius(
    graph: Graph,
    *,
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> float:
    """Find the smallest distance within which some account reaches all others.

    Read along the arcs.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of distances, finite and >= 0; None counts steps.
    engine, threads, progress
        As :func:`eccentricity` takes them.

    Returns
    -------
    int, or float with `weight`

    Raises
    ------
    ParameterError
        If no account reaches all others, or the column is not there or not >= 0.

    References
    ----------
    Harary (1969), Graph Theory, chapter 4.

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.radius(sr.Graph.from_edges([0, 1, 2, 0], [1, 2, 3, 2]))
    2
    """
    everywhere = _reaches_all(graph)
    if not everywhere.any():
        raise ParameterError("no account reaches all others, so there is no radius: take graph.largest_component()")
    found = eccentricity(graph, weight=weight, engine=engine, threads=threads, progress=progress)
    smallest: float = found.values[everywhere].min().item()
    return smallest


def _mutual(graph: Graph) -> bool:
    """Whether whoever is reached reaches back: undirected, or strongly connected."""
    return not graph.directed or bool((component_labels(graph.indptr, graph.indices, "strong") == 0).all())


def _reaches_all(graph: Graph) -> npt.NDArray[np.bool_]:
    """Which nodes reach all others: none, or one strong component."""
    if graph.n_nodes == 0:
        return np.zeros(0, bool)
    labels = component_labels(graph.indptr, graph.indices, "strong")
    u, v = graph.edges()
    # Only a component that no arc enters from outside can reach all, and it does if it is the only one such.
    entered = np.zeros(int(labels.max()) + 1, bool)
    entered[labels[v[labels[u] != labels[v]]]] = True
    roots = np.flatnonzero(~entered)
    return labels == roots[0] if roots.size == 1 else np.zeros(graph.n_nodes, bool)


def _bounded_diameter(graph: Graph) -> int:
    """Search from central and far-out accounts by turns, until no bound exceeds the largest distance found."""
    rows = tuple(read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices))
    low, high = np.zeros(graph.n_nodes, np.int64), np.full(graph.n_nodes, 2**31, np.int64)
    degree = graph.out_degree.astype(np.int64) + graph.in_degree
    largest, turn = 0, 0
    high[degree == 0] = 0
    while (candidates := np.flatnonzero(high > largest)).size:
        # Who is central bounds the others best, who is far out raises the largest: by turns.
        keys = (low[candidates], -degree[candidates]) if turn % 2 == 0 else (-high[candidates], degree[candidates])
        source = int(candidates[np.lexsort(keys[::-1])[0]])
        to = _levels(rows[2:], source)
        off = _levels(rows[:2], source) if graph.directed else to
        reached = off != _UNREACHED
        far = int(off[reached].max())
        largest = max(largest, far)
        toward = to != _UNREACHED
        high[toward] = np.minimum(high[toward], to[toward].astype(np.int64) + far)
        low[toward] = np.maximum(low[toward], to[toward])
        high[source] = low[source] = far
        turn += 1
    return largest


def _levels(rows: tuple[npt.NDArray[Any], ...], source: int) -> U32:
    found = np.full(rows[0].size - 1, _UNREACHED, np.uint32)
    levels(rows[0], rows[1], np.uint64(source), np.empty(found.size, np.uint32), found)
    return found
