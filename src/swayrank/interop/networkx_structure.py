"""NetworkX's functions of neighbourhoods and brokers: triangles, reciprocity, VoteRank, structural holes, bridges.

Names, arguments, defaults, results and exceptions are NetworkX's. Where NetworkX has nothing to add up, its 0 is
an int.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from swayrank.interop.networkx_graph import Converted, Node
from swayrank.measures.centrality import articulation, structural_holes
from swayrank.measures.centrality import clustering as triples
from swayrank.measures.centrality import reciprocity as returned
from swayrank.measures.centrality import voterank as votes


def triangles(G: Converted, nodes: Any = None) -> Any:
    """As ``networkx.triangles``."""
    return _of(G, triples.triangles(G.graph).values, nodes)


def clustering(G: Converted, nodes: Any = None, weight: str | None = None) -> Any:
    """As ``networkx.clustering``."""
    graph, column, _ = G.weighted(weight) if weight is not None else (G.graph, None, None)
    if column is not None and graph.n_edges and graph.column(column).max() == 0:
        raise NotImplementedError(f"{weight!r} is 0 everywhere")
    found = _of(G, triples.clustering(graph, weight=column).values, nodes)
    return {node: value or 0 for node, value in found.items()} if isinstance(found, dict) else found or 0


def average_clustering(G: Converted, nodes: Any = None, weight: str | None = None, count_zeros: bool = True) -> float:
    """As ``networkx.average_clustering``."""
    found: list[float] = list(clustering(G, nodes, weight).values())
    counted = found if count_zeros else [value for value in found if abs(value) > 0]
    return sum(counted) / len(counted)


def transitivity(G: Converted) -> float:
    """As ``networkx.transitivity`` of an undirected graph."""
    return triples.transitivity(G.graph) or 0


def reciprocity(G: Converted, nodes: Any = None) -> dict[Node, float | None] | float:
    """As ``networkx.reciprocity`` of a directed graph."""
    if not G.is_directed():
        raise NotImplementedError("an edge is not two arcs there")
    if nodes is None:
        return overall_reciprocity(G)
    values: list[float | None] = returned.reciprocity(G.graph).values.tolist()
    tied = (G.graph.out_degree.astype(np.int64) + G.graph.in_degree) > 0
    if nodes in G:
        at = G.position[nodes]
        if not tied[at]:
            raise nx.NetworkXError("Not defined for isolated nodes.")
        return values[at] or 0.0
    places = [(node, G.position[node]) for node in G.original.nbunch_iter(nodes)]
    return {node: values[at] if tied[at] else None for node, at in places}


def overall_reciprocity(G: Converted) -> float:
    """As ``networkx.overall_reciprocity``."""
    if G.graph.n_edges == 0:
        raise nx.NetworkXError("Not defined for empty graphs")
    if not G.is_directed():
        raise NotImplementedError("an edge is not two arcs there")
    return returned.overall_reciprocity(G.graph)


def voterank(G: Converted, number_of_nodes: int | None = None) -> list[Node]:
    """As ``networkx.voterank``, for graphs without self-loops."""
    _no_loops(G)
    if not len(G) or (number_of_nodes is not None and number_of_nodes < 1):
        return []
    found = votes.voterank(G.graph, k=number_of_nodes, variant="out").values
    elected = np.argsort(-found.astype(np.int64), kind="stable")[: np.count_nonzero(found)]
    return [G.nodes[i] for i in elected.tolist()]


def constraint(G: Converted, nodes: Any = None, weight: str | None = None) -> dict[Node, float]:
    """As ``networkx.constraint``, for graphs without self-loops."""
    return _holes(G, structural_holes.constraint, weight)


def effective_size(G: Converted, nodes: Any = None, weight: str | None = None) -> dict[Node, float]:
    """As ``networkx.effective_size`` of an undirected graph without weights and self-loops."""
    return _holes(G, structural_holes.effective_size, weight)


def _holes(G: Converted, measure: Any, weight: str | None) -> dict[Node, float]:
    _no_loops(G)
    if not len(G):
        raise NotImplementedError("nobody is there")
    graph, column, _ = G.weighted(weight) if weight is not None else (G.graph, None, None)
    if column is not None and graph.n_edges and graph.column(column).min() == 0:
        raise NotImplementedError(f"{weight!r} holds weights of 0")
    values = measure(graph, weight=column).values.copy()
    values[(graph.out_degree == 0) & (graph.in_degree == 0)] = np.nan
    return G.by_node(values)


def articulation_points(G: Converted) -> Iterator[Node]:
    """As ``networkx.articulation_points``, in the order of the nodes."""
    return iter([G.nodes[i] for i in np.flatnonzero(articulation.articulation_points(G.graph).values).tolist()])


def bridges(G: Converted, root: Node | None = None) -> Iterator[tuple[Node, Node]]:
    """As ``networkx.bridges``, by edges as NetworkX lists them."""
    return iter(_bridges(G, root))


def has_bridges(G: Converted, root: Node | None = None) -> bool:
    """As ``networkx.has_bridges``."""
    return bool(_bridges(G, root))


def _bridges(G: Converted, root: Node | None) -> list[tuple[Node, Node]]:
    if root is not None and root not in G:
        raise NotImplementedError("the root is not there")
    around = None if root is None else nx.node_connected_component(G.original, root)
    found = articulation.bridges(G.graph)
    u, v = G.graph.edges()
    cut = found.values > 0
    pairs = set(zip(u[cut].tolist(), v[cut].tolist(), strict=True))
    edges = [(a, b) for a, b in G.original.edges() if (G.position[a], G.position[b]) in pairs]
    return edges if around is None else [edge for edge in edges if edge[0] in around]


def _of(G: Converted, values: npt.NDArray[Any], nodes: Any) -> Any:
    """One value per node, of the nodes asked for, or of one."""
    if nodes is None:
        return G.by_node(values)
    if nodes in G:
        return values[G.position[nodes]].item()
    wanted: Iterable[Node] = G.original.nbunch_iter(nodes)
    return {node: values[G.position[node]].item() for node in wanted}


def _no_loops(G: Converted) -> None:
    u, v = G.graph.edges()
    if (u == v).any():
        raise NotImplementedError("self-loops count there")
