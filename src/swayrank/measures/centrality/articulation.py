"""Articulation points and bridges: the accounts and the ties without which a network falls apart.

Both read the graph without its directions; an arc and its reverse are one tie, and self-loops are none. A component is
a largest set of accounts that are tied to each other, directly or through others.

- An *articulation point* is an account whose removal, with its ties, leaves more components than before. The measure
  is how many more; it is above 0 exactly where ``networkx.articulation_points`` names the account.
- A *bridge* is a tie whose removal leaves one component more. The measure of its arcs is the number of accounts on the
  smaller of the two sides; it is above 0 exactly for the ties that ``networkx.bridges`` names.

Exact, by one depth-first search without recursion (``kernels/bridges.py``), O(n + m), on one thread; 32 bytes per
account.

Sources: Hopcroft & Tarjan (1973), doi:10.1145/362248.362272; Tarjan (1974), doi:10.1016/0020-0190(74)90003-9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.kernels.bridges import bridge_sides, depth_first, extra_components
from swayrank.measures._arcs import ArcMeasure
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import tie_rows
from swayrank.measures.registry import register

U32 = npt.NDArray[np.uint32]

# Measured on one core, for an account or an end of an arc.
_NS = 15.0


def _work(graph: Graph, _params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    return Work(float(n + 2 * m), _NS, 32.0 * n, parallel=False)


def _bridges_work(graph: Graph, params: Mapping[str, Any]) -> Work:
    work = _work(graph, params)
    return Work(work.steps, _NS, work.bytes + 4.0 * graph.n_edges, parallel=False)


@register(
    name="articulation_points",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(n + m)",
    citation="Hopcroft & Tarjan 1973, doi:10.1145/362248.362272",
    work=_work,
)
def articulation_points(graph: Graph) -> Measure:
    """Count the components that the network would have more without the account.

    Reads both ways: directions do not count.

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    Measure
        uint32, exact; 0 for accounts that hold nothing together.

    Notes
    -----
    One depth-first search, O(n + m), on one thread.

    References
    ----------
    Hopcroft & Tarjan (1973), "Algorithm 447: efficient algorithms for graph manipulation", doi:10.1145/362248.362272

    Examples
    --------
    Without bob, three who are tied through him alone are on their own:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "dan"], ["bob", "cem", "bob"])
    >>> articulation_points(g).top(2)
    rank  account  articulation_points
       1  bob                        2
       2  ada                        0
    """
    search = _search(graph)
    extra = np.zeros(graph.n_nodes, np.uint32)
    extra_components(search.found, search.parent, search.low, extra)
    return Measure("articulation_points", extra, graph.ids)


@register(
    name="bridges",
    needs="graph",
    gives="arcs",
    reads="both",
    exact=True,
    cost="O(n + m)",
    citation="Tarjan 1974, doi:10.1016/0020-0190(74)90003-9",
    work=_bridges_work,
)
def bridges(graph: Graph) -> ArcMeasure:
    """Count the accounts that are cut off without the tie: those on its smaller side; 0 where nobody is.

    Reads both ways: an arc and its reverse are one tie, and have the same number.

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    ArcMeasure
        uint32, exact; 0 for arcs that are no bridges, and for self-loops.

    Notes
    -----
    One depth-first search, O(n + m), on one thread.

    References
    ----------
    Tarjan (1974), "A note on finding the bridges of a graph", doi:10.1016/0020-0190(74)90003-9

    Examples
    --------
    A triangle, and a pair that hangs on it:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem", "cem", "dan"], ["bob", "cem", "ada", "dan", "eve"])
    >>> bridges(g).top(3)
    [('cem', 'dan', 2), ('dan', 'eve', 1), ('ada', 'bob', 0)]
    """
    search = _search(graph)
    sides = np.zeros(graph.n_edges, np.uint32)
    whole = np.empty(graph.n_nodes, np.uint32)
    bridge_sides(*tie_rows(graph)[:2], *search, whole, sides)
    return ArcMeasure("bridges", sides, graph)


class _Search(NamedTuple):
    order: U32
    found: U32
    parent: U32
    low: U32
    size: U32


def _search(graph: Graph) -> _Search:
    n = graph.n_nodes
    search = _Search(*(np.zeros(n, np.uint32) for _ in range(5)))
    depth_first(*tie_rows(graph), *search, np.zeros(n, np.uint64))
    return search
