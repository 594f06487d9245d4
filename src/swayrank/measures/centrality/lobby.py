"""Lobby index: the h-index of a neighbourhood.

Definition (Korn, Schubert & Telcs 2009; Lü, Zhou, Zhang & Stanley 2016 call it the H-index of a node): the largest h
such that at least h neighbours have degree at least h. `variant` says what neighbours and degrees are:

- ``"in"`` (default): followers, and how many followers they have;
- ``"out"``: those followed, and how many they follow;
- ``"neighbours"``: accounts adjacent in either direction, each counted once.

On an undirected graph the three are the same. Self-loops count for nothing. Exact, O(m).

Sources: Korn, Schubert & Telcs (2009), doi:10.1016/j.physa.2009.02.013; Lü et al. (2016), doi:10.1038/ncomms10168.
"""

from __future__ import annotations

import numpy as np

from swayrank._validate import OneOf, domains
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.neighbourhoods import neighbour_h
from swayrank.kernels.traversal import IN, OUT, degrees
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import ties
from swayrank.measures.registry import register


@register(
    name="lobby",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m)",
    citation="Korn, Schubert & Telcs 2009, doi:10.1016/j.physa.2009.02.013",
    work=lambda graph, _: Work(float(graph.n_edges + graph.n_nodes), 4.0, 8.0 * graph.n_nodes, parallel=False),
)
@domains(variant=OneOf("in", "out", "neighbours"))
def lobby(graph: Graph, *, variant: str = "in") -> Measure:
    """Find the largest h such that h of an account's followers have h followers each.

    Read along the arcs by default: followers, and their followers.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    variant : {"in", "out", "neighbours"}, default="in"
        Followers, those followed, or accounts adjacent either way.

    Returns
    -------
    Measure
        uint32, exact.

    Raises
    ------
    ParameterError
        For an unknown variant.

    References
    ----------
    Korn, Schubert & Telcs (2009), "Lobby index in networks", doi:10.1016/j.physa.2009.02.013

    Examples
    --------
    Ada has three followers, two of whom have two followers:

    >>> import swayrank as sr
    >>> u = ["bob", "cem", "dan", "eve", "fay", "eve", "fay"]
    >>> sr.lobby(sr.Graph.from_edges(u, ["ada", "ada", "ada", "bob", "bob", "cem", "cem"])).value("ada")
    2
    """
    whole = ties(graph) if variant == "neighbours" and graph.directed else graph
    kind = IN if variant == "in" else OUT
    rows = (whole.in_indptr, whole.in_indices) if kind == IN else (whole.indptr, whole.indices)
    adjacency = (whole.indptr, whole.indices, whole.in_indptr, whole.in_indices)
    degree, found = np.zeros(graph.n_nodes, np.uint32), np.zeros(graph.n_nodes, np.uint32)
    degrees(*(read_only(a) for a in adjacency), kind, degree)
    neighbour_h(*(read_only(a) for a in rows), read_only(degree), found)
    return Measure("lobby", found, graph.ids)
