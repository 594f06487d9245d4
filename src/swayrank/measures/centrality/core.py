"""k-core numbers: how deep in the dense middle an account sits.

Definition (Seidman 1983): the k-core is the largest subgraph in which every node has degree at least k within the
subgraph; the core number of a node is the largest k whose k-core holds it. Self-loops count for nothing. What "degree"
means is named by `variant`:

- ``"neighbours"`` (default): how many accounts are adjacent in either direction, each counted once; the k-core of the
  underlying undirected simple graph, as ``networkx.core_number(G.to_undirected())``.
- ``"in"``, ``"out"``: the D-cores that look at followers alone, or at those followed alone (Giatsidis, Thilikos &
  Vazirgiannis 2013, with the other threshold 0).
- ``"total"``: in-degree plus out-degree, mutual follows twice, as ``networkx.core_number`` on a DiGraph.

On an undirected graph the four are the same. Exact, O(n + m), one thread.

Sources: Seidman (1983), doi:10.1016/0378-8733(83)90028-X; Batagelj & Zaversnik (2003), arXiv:cs/0310049; Giatsidis et
al. (2013), doi:10.1007/s10115-012-0539-0.
"""

from __future__ import annotations

import numpy as np

from swayrank._validate import OneOf, domains
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.traversal import IN, NEIGHBOURS, OUT, TOTAL, degrees, peel
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.registry import register

_VARIANTS = {"neighbours": NEIGHBOURS, "in": IN, "out": OUT, "total": TOTAL}


@register(
    name="k_core",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m)",
    citation="Seidman 1983, doi:10.1016/0378-8733(83)90028-X; Batagelj & Zaversnik 2003, arXiv:cs/0310049",
    # Measured on heavy tails, 10^6 to 10^7 arcs, one core.
    work=lambda graph, _: Work(float(graph.n_edges + graph.n_nodes), 18.0, 12.0 * graph.n_nodes, parallel=False),
)
@domains(variant=OneOf(*_VARIANTS))
def k_core(graph: Graph, *, variant: str = "neighbours") -> Measure:
    """Find the largest k such that the account belongs to a group in which everyone is tied to k others.

    Reads both ways by default: see `variant`.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    variant : {"neighbours", "in", "out", "total"}, default="neighbours"
        What counts as degree: accounts adjacent either way, followers, those followed, or arcs of both kinds.

    Returns
    -------
    Measure
        uint32 core numbers, exact.

    Raises
    ------
    ParameterError
        For an unknown variant.

    Notes
    -----
    Peeling level by level, O(n + m), with one cache miss per arc; see :mod:`swayrank.kernels.traversal`.

    References
    ----------
    Seidman (1983), doi:10.1016/0378-8733(83)90028-X
    Batagelj & Zaversnik (2003), arXiv:cs/0310049

    Examples
    --------
    A triangle with a tail:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem", "dan"], ["bob", "cem", "ada", "ada"])
    >>> sr.k_core(g).values
    array([2, 2, 2, 1], dtype=uint32)
    """
    # Both rows of a node are the same in an undirected graph: look at one.
    kind = _VARIANTS[variant] if graph.directed else OUT
    adjacency = tuple(read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices))
    core = np.zeros(graph.n_nodes, np.uint32)
    degrees(*adjacency, kind, core)
    peel(*adjacency, kind, core, np.empty(graph.n_nodes, np.uint32), np.empty(graph.n_nodes + 1, np.uint32))
    return Measure("k_core", core, graph.ids)
