r"""Eccentricity, diameter and radius: how far the farthest account is.

Definitions (Hage & Harary 1995), read along the arcs: :math:`e(v) = \max_u d(v, u)`, the length of the longest of the
shortest paths that leave v, as ``networkx.eccentricity``; the diameter is the largest of these, the radius the
smallest. What if some account cannot be reached from v is named by `unreachable`:

- ``"ignore"`` (default): the largest *finite* distance counts; 0 for an account that reaches nobody. The radius is the
  smallest such number, and so 0 as soon as there is an account without arcs to others.
- ``"error"``: as in NetworkX, a graph that is not strongly connected (or connected, if undirected) has no answer.

Eccentricities come from one bit-parallel search per 512 accounts. Diameter and radius search from far fewer, by bounds
in the manner of Takes & Kosters (2011). In the strong component of a hub h, e(v) is at most d(v, h) + e(h); whoever is
outside of it has no such bound and is searched from. And e(v) is at least the distance to any account: 512 far ones are
held against all in one search. Cost: O(n m / 512) at worst, a few searches on graphs that hang together. Exact.
Weighted one Dijkstra per account.

Sources: Hage & Harary (1995), doi:10.1016/0378-8733(94)00248-9; Takes & Kosters (2011), doi:10.1145/2063576.2063748.
"""

from __future__ import annotations

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures.centrality._distances import (
    all_distances,
    distances_from_one,
    distances_of,
    searches,
    work_of_all,
)
from swayrank.measures.centrality._weights import Floats
from swayrank.measures.registry import register

_UNREACHABLE = OneOf("ignore", "error")
# One line of searches; later rounds have more.
_FIRST_ROUND = 512
_LARGEST_ROUND = 1 << 14
# How many hubs give bounds.
_HUBS = 4


@register(
    name="eccentricity",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m / 512)",
    citation="Hage & Harary 1995, doi:10.1016/0378-8733(94)00248-9",
    work=work_of_all,
)
@domains(unreachable=_UNREACHABLE)
def eccentricity(
    graph: Graph,
    *,
    unreachable: str = "ignore",
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Find how many steps it takes from an account to the farthest that it reaches.

    Read along the arcs, from an account to those it follows, as ``networkx.eccentricity`` does. Small is central.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    unreachable : {"ignore", "error"}, default="ignore"
        Whether accounts that cannot be reached are left out, or are an error.
    weight : str or None, default=None
        Column of lengths of the arcs, finite and >= 0. None for arcs of length 1.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the accounts searched.

    Returns
    -------
    Measure
        float64 distances, exact.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, a column that is not there or not >= 0, and with ``unreachable="error"``
        if an account cannot reach another.

    Notes
    -----
    Bit-parallel breadth-first search, with about 250 bytes per node for each thread.

    References
    ----------
    Hage & Harary (1995), doi:10.1016/0378-8733(94)00248-9

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "cem"])
    >>> eccentricity(g).top(4)
    rank  account  eccentricity
       1  dan                 2
       2  bob                 1
       3  cem                 1
       4  ada                 0
    """
    runner = resolve_engine(engine, threads)
    found = all_distances(graph, ends="out", weight=weight, engine=runner, progress=progress, label="eccentricity")
    if unreachable == "error" and graph.n_nodes and found.reached.min() < graph.n_nodes - 1:
        raise _not_connected("eccentricity", graph, int(np.argmin(found.reached)))
    return Measure("eccentricity", found.farthest, graph.ids)


@domains(unreachable=_UNREACHABLE)
def diameter(
    graph: Graph,
    *,
    unreachable: str = "ignore",
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
) -> float:
    """The longest of the shortest paths along the arcs.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    unreachable : {"ignore", "error"}, default="ignore"
        Whether pairs without a path are left out, or are an error.
    weight : str or None, default=None
        Column of lengths of the arcs, finite and >= 0. None for arcs of length 1.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use.

    Returns
    -------
    float
        Exact; 0 for a graph without arcs.

    Raises
    ------
    ParameterError
        As :func:`eccentricity`.

    References
    ----------
    Takes & Kosters (2011), doi:10.1145/2063576.2063748

    Examples
    --------
    >>> import swayrank as sr
    >>> diameter(sr.Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 0]))
    3.0
    """
    check_graph("diameter", graph)
    _check_connected("diameter", graph, unreachable)
    runner = resolve_engine(engine, threads)
    if weight is not None or graph.n_nodes == 0:
        farthest = all_distances(graph, ends="out", weight=weight, engine=runner).farthest
        return float(farthest.max(initial=0.0))
    return _extreme(graph, -_upper(graph), runner, -1.0)


@domains(unreachable=_UNREACHABLE)
def radius(
    graph: Graph,
    *,
    unreachable: str = "ignore",
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
) -> float:
    """The smallest eccentricity: from the most central account, everybody it reaches is at most this far.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    unreachable : {"ignore", "error"}, default="ignore"
        Whether pairs without a path are left out (then an account that follows nobody makes the radius 0), or are an
        error.
    weight : str or None, default=None
        Column of lengths of the arcs, finite and >= 0. None for arcs of length 1.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use.

    Returns
    -------
    float
        Exact; 0 for a graph without arcs.

    Raises
    ------
    ParameterError
        As :func:`eccentricity`.

    References
    ----------
    Takes & Kosters (2011), doi:10.1145/2063576.2063748

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2], [1, 2, 3], direction="undirected")
    >>> radius(g), diameter(g)
    (2.0, 3.0)
    """
    check_graph("radius", graph)
    _check_connected("radius", graph, unreachable)
    runner = resolve_engine(engine, threads)
    if weight is not None or graph.n_nodes == 0:
        farthest = all_distances(graph, ends="out", weight=weight, engine=runner).farthest
        return float(farthest.min()) if farthest.size else 0.0
    return _extreme(graph, _lower(graph), runner, 1.0)


def _upper(graph: Graph) -> Floats:
    """An upper bound on every eccentricity, by private number: infinite outside the strong components of the hubs."""
    high = np.full(graph.n_nodes, np.inf)
    for hub in range(min(_HUBS, graph.n_nodes)):
        after, away = distances_from_one(graph, hub, along=True)
        before, back = distances_from_one(graph, hub, along=False)
        # Who is in the hub's component reaches those alone that the hub reaches.
        both = after & before
        high[both] = np.minimum(high[both], back[both] + away.max())
    high[graph.out_degree[graph.relabelled().order] == 0] = 0.0
    return high


def _lower(graph: Graph) -> Floats:
    """A lower bound on every eccentricity, by private number: the distance to the farthest of a line of far accounts.

    One backward search of 512 accounts at once gives it for all; they are those farthest from the largest hub.
    """
    _, away = distances_from_one(graph, 0, along=True)
    far = np.argsort(-away, kind="stable")[:_FIRST_ROUND].astype(np.uint32)
    _, _, farthest = searches(graph, far, ends="out", inverse=False).run(0, far.size)
    return farthest


def _extreme(graph: Graph, bounds: Floats, engine: Engine, sign: float) -> float:
    """The smallest of ``sign * e(v)``, of which `bounds` are lower bounds, times `sign`."""
    order = np.argsort(bounds, kind="stable").astype(np.uint32)
    best, done, size = np.inf, 0, _FIRST_ROUND
    while done < order.size and bounds[order[done]] < best:
        chosen = order[done : done + size]
        chosen = chosen[bounds[chosen] < best]
        work = searches(graph, chosen, ends="out", inverse=False, of_sources=True)
        best = min(best, float((sign * distances_of(work, engine).farthest).min()))
        done, size = done + chosen.size, min(2 * size, _LARGEST_ROUND)
    return sign * best


def _check_connected(name: str, graph: Graph, unreachable: str) -> None:
    """With "error", refuse a graph in which the first account does not reach all, or all do not reach it."""
    if unreachable == "error" and graph.n_nodes:
        for along in (True, False):
            there, _ = distances_from_one(graph, 0, along=along)
            if not there.all():
                lost = int(np.argmin(there))
                raise _not_connected(name, graph, int(graph.relabelled().order[0 if along else lost]))


def _not_connected(name: str, graph: Graph, node: int) -> ParameterError:
    return ParameterError(
        f"unreachable must be 'ignore' for this graph, got 'error': {graph.ids[node]!r} does not reach every account; "
        f"or take {name} of graph.largest_component('strong')"
    )


__all__ = ["diameter", "eccentricity", "radius"]
