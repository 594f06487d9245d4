"""Trusses: groups in which every tie is held by triangles.

Definition (Cohen 2008), with NetworkX's numbers: the k-truss is the largest subgraph, ties without their direction, in
which every tie is a side of at least k - 2 triangles within it. A tie's trussness is the largest k whose k-truss holds
it, an account's is the largest of its ties. So 2 is a tie in no triangle, and 0 an account without ties. Self-loops
count for nothing.

Exact, by taking away the tie of fewest triangles, again and again (Wang & Cheng 2012). O(m^1.5) and a binary search;
one thread; 60 bytes per tie.

Sources: Cohen (2008), "Trusses: cohesive subgraphs for social network analysis", NSA technical report; Wang & Cheng
(2012), doi:10.14778/2311906.2311909.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.triangles import number_edges, truss_numbers
from swayrank.measures._arcs import ArcMeasure
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import ties
from swayrank.measures.registry import register

U32 = npt.NDArray[np.uint32]
_CITATION = "Cohen 2008; Wang & Cheng 2012, doi:10.14778/2311906.2311909"


def _work(graph: Graph, params: object) -> Work:
    m = float(graph.n_edges)
    return Work(m**1.5, 1.0, 60.0 * m + 24.0 * graph.n_nodes, parallel=False)


@register(name="k_truss", needs="graph", reads="both", exact=True, cost="O(m^1.5)", citation=_CITATION, work=_work)
def k_truss(graph: Graph) -> Measure:
    """Find the largest k such that an account belongs to a group whose ties are each in k - 2 triangles.

    Reads both ways: ties count without their direction.

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    Measure
        uint32; 0 without ties, 2 with ties in no triangle.

    References
    ----------
    Cohen (2008), "Trusses: cohesive subgraphs for social network analysis".
    Wang & Cheng (2012), doi:10.14778/2311906.2311909

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.k_truss(sr.Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3])).values
    array([3, 3, 3, 2], dtype=uint32)
    """
    ends, truss = _trussness(graph)
    found = np.zeros(graph.n_nodes, np.uint32)
    for end in (0, 1):
        np.maximum.at(found, ends[:, end], truss)
    return Measure("k_truss", found, graph.ids)


@register(
    name="arc_trussness",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m^1.5)",
    citation=_CITATION,
    gives="arcs",
    work=_work,
)
def arc_trussness(graph: Graph) -> ArcMeasure:
    """Find the largest k such that an arc belongs to a group whose ties are each in k - 2 triangles.

    Reads both ways: ties count without their direction.

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    ArcMeasure
        uint32; 2 for a tie in no triangle, 0 for a self-loop. An arc and the one that returns it have the same.

    References
    ----------
    Cohen (2008), "Trusses: cohesive subgraphs for social network analysis".
    Wang & Cheng (2012), doi:10.14778/2311906.2311909

    Examples
    --------
    >>> import swayrank as sr
    >>> m = sr.arc_trussness(sr.Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3]))
    >>> m.value(0, 1), m.value(2, 3)
    (3, 2)
    """
    ends, truss = _trussness(graph)
    pairs = _keys(ends[:, 0], ends[:, 1])
    order = np.argsort(pairs)
    u, v = graph.edges()
    found = np.zeros(graph.n_edges, np.uint32)
    tie = u != v
    found[tie] = truss[order[np.searchsorted(pairs[order], _keys(u[tie], v[tie]))]]
    return ArcMeasure("arc_trussness", found, graph)


def _keys(u: U32, v: U32) -> npt.NDArray[np.uint64]:
    """One number for each pair, the same both ways."""
    low, high = np.minimum(u, v).astype(np.uint64), np.maximum(u, v)
    return low << np.uint64(32) | high


def _trussness(graph: Graph) -> tuple[U32, U32]:
    """The ends of each tie, as public positions, and its trussness."""
    private = ties(graph).relabelled("degree")
    rows = (read_only(private.indptr), read_only(private.indices))
    edge, ends = np.empty(rows[1].size, np.uint32), np.empty((rows[1].size // 2, 2), np.uint32)
    truss = np.zeros(len(ends), np.uint32)
    number_edges(*rows, edge, ends)
    truss_numbers(*rows, read_only(edge), read_only(ends), truss)
    return private.order[ends], truss
