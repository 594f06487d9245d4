"""Reciprocity: how much of an account's following is returned.

Definition (Garlaschelli & Loffredo 2004), per account as in NetworkX: twice the number of accounts that it follows and
that follow it, divided by its out-degree plus its in-degree; 0 without arcs. Of the whole graph: the share of arcs that
are returned; a self-loop is not. In an undirected graph all is returned.

Exact, O(m).

Source: Garlaschelli & Loffredo (2004), doi:10.1103/PhysRevLett.93.268701.
"""

from __future__ import annotations

import numpy as np

from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.neighbourhoods import returned_arcs
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.registry import register


@register(
    name="reciprocity",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m)",
    citation="Garlaschelli & Loffredo 2004, doi:10.1103/PhysRevLett.93.268701",
    work=lambda graph, _: Work(2.0 * graph.n_edges + graph.n_nodes, 2.0, 24.0 * graph.n_nodes, parallel=False),
)
def reciprocity(graph: Graph) -> Measure:
    """Find the share of an account's arcs, in and out, that are returned.

    Reads both ways.

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    Measure
        float64 in [0, 1]; 0 for accounts without arcs.

    References
    ----------
    Garlaschelli & Loffredo (2004), doi:10.1103/PhysRevLett.93.268701

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.reciprocity(sr.Graph.from_edges(["ada", "bob", "ada"], ["bob", "ada", "cem"])).values.round(3)
    array([0.667, 1.   , 0.   ])
    """
    both = 2.0 * _returned(graph)
    total = graph.out_degree.astype(np.float64) + graph.in_degree
    return Measure("reciprocity", np.divide(both, total, out=np.zeros(graph.n_nodes), where=total > 0), graph.ids)


def overall_reciprocity(graph: Graph) -> float:
    """Find the share of all arcs that are returned.

    Reads both ways.

    Parameters
    ----------
    graph : Graph
        The follow graph.

    Returns
    -------
    float
        In [0, 1]; 0 without arcs. As ``networkx.overall_reciprocity``: a self-loop is an arc that is not returned.

    References
    ----------
    Garlaschelli & Loffredo (2004), doi:10.1103/PhysRevLett.93.268701

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.overall_reciprocity(sr.Graph.from_edges([0, 1, 0, 2], [1, 0, 2, 3]))
    0.5
    """
    if graph.n_edges == 0:
        return 0.0
    u, v = graph.edges()
    return (int(_returned(graph).sum()) - int(np.count_nonzero(u == v))) / graph.n_edges


def _returned(graph: Graph) -> np.ndarray:
    found = np.zeros(graph.n_nodes, np.uint64)
    returned_arcs(*(read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)), found)
    return found
