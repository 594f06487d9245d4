"""NetworkX's functions of shortest paths: betweenness, closeness, harmonic centrality, eccentricity and what it gives.

Names, arguments, defaults, results and exceptions are NetworkX's. Without weights, parallel edges are as good as one.
Distances are ints where NetworkX adds ints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from swayrank.engines import resolve_engine
from swayrank.graph import Graph
from swayrank.graph.exchange import component_labels
from swayrank.interop.networkx_graph import Converted, Node
from swayrank.measures.centrality import betweenness, closeness
from swayrank.measures.centrality._distances import Distances, all_distances, distances_of, searches
from swayrank.measures.centrality.eccentricity import diameter as longest

Lengths = Mapping[Node, float]


def betweenness_centrality(
    G: Converted,
    k: None = None,
    normalized: bool = True,
    weight: str | None = None,
    endpoints: bool = False,
    seed: Any = None,
) -> dict[Node, float]:
    """As ``networkx.betweenness_centrality``."""
    graph, column = _lengths(G, weight, positive=True)
    found = betweenness.betweenness(graph, weight=column, scale="fraction" if normalized else "raw")
    return G.by_node(found.values)


def edge_betweenness_centrality(
    G: Converted, k: None = None, normalized: bool = True, weight: str | None = None, seed: Any = None
) -> dict[tuple[Node, Node], float]:
    """As ``networkx.edge_betweenness_centrality``, by edges as NetworkX lists them."""
    graph, column = _lengths(G, weight, positive=True)
    found = betweenness.arc_betweenness(graph, weight=column, scale="fraction" if normalized else "raw")
    u, v = graph.edges()
    edges = list(G.original.edges())
    at = [np.fromiter((G.position[edge[end]] for edge in edges), np.uint64, len(edges)) for end in (0, 1)]
    arcs = np.searchsorted(_pairs(u, v), _pairs(*at))
    return dict(zip(edges, found.values[arcs].tolist(), strict=True))


def _pairs(u: npt.NDArray[Any], v: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    paired: npt.NDArray[np.uint64] = u.astype(np.uint64) << np.uint64(32) | v.astype(np.uint64)
    return paired


def closeness_centrality(
    G: Converted, u: Node | None = None, distance: str | None = None, wf_improved: bool = True
) -> dict[Node, float] | float:
    """As ``networkx.closeness_centrality``; for one node, one search."""
    if u is not None and u not in G:
        # NetworkX words it by the search that finds out.
        raise nx.NodeNotFound(f"Source {u} is not in G" if distance is None else f"Node {u} not found in graph")
    graph, column = _lengths(G, distance)
    if u is None:
        variant = "wasserman_faust" if wf_improved else "reachable"
        return G.by_node(closeness.closeness(graph, weight=column, variant=variant).values)
    total, others = _distances_to(graph, column, G.position[u])
    if not total:
        return 0.0
    return others / total * (others / (len(G) - 1) if wf_improved else 1)


def _distances_to(graph: Graph, column: str | None, node: int) -> tuple[float, int]:
    """The sum of the distances from all that reach a node, and how many they are."""
    found = _of_nodes(graph, column, np.array([node]), ends="in")
    return found.sums[0].item(), int(found.reached[0])


def _of_nodes(graph: Graph, column: str | None, nodes: npt.NDArray[Any], ends: str) -> Distances:
    """The distances of some nodes to all others, or from them."""
    sources = graph.relabelled().rank[nodes]
    work = searches(graph, sources, ends=ends, inverse=False, weight=column, of_sources=True)
    return distances_of(work, resolve_engine("local", None))


def harmonic_centrality(
    G: Converted, nbunch: Any = None, distance: str | None = None, sources: Any = None
) -> dict[Node, float]:
    """As ``networkx.harmonic_centrality``, in its order, that of a set."""
    original = G.original
    wanted = set(original.nbunch_iter(nbunch) if nbunch is not None else original.nodes)
    graph, column = _lengths(G, distance)
    chosen = np.ones(len(G), bool) if sources is None else _mask(G, original.nbunch_iter(sources))
    found = all_distances(
        graph, ends="in", engine=resolve_engine("local", None), inverse=True, weight=column, chosen=chosen
    )
    near = found.sums.tolist()
    return {node: near[G.position[node]] or 0 for node in wanted}  # NetworkX's 0 of nothing to add is an int


def eccentricity(G: Converted, v: Any = None, sp: None = None, weight: str | None = None) -> dict[Node, float] | float:
    """As ``networkx.eccentricity``."""
    nodes = list(G.original.nbunch_iter(v))
    if v is None and not _all_reach_all(G):
        raise _disconnected(G)
    found = _eccentricities(G, nodes, weight)
    return found[v] if v in G else found


def _eccentricities(G: Converted, nodes: list[Node], weight: str | None) -> dict[Node, float]:
    graph, column, kinds = G.weighted(weight, plain=True) if weight is not None else (G.graph, None, frozenset())
    if float in kinds and len(kinds) > 1:
        raise NotImplementedError(f"{weight!r} holds ints and floats: the type of a sum depends on the path")
    at = np.flatnonzero(_mask(G, nodes))
    found = _of_nodes(graph, column, at, ends="out")
    if (found.reached < len(G) - 1).any():
        raise _disconnected(G)
    values = (found.farthest if float in kinds else found.farthest.astype(np.int64)).tolist()
    by_place = dict(zip(at.tolist(), values, strict=True))
    return {node: by_place[G.position[node]] or 0 for node in nodes}


def diameter(G: Converted, e: Lengths | None = None, usebounds: bool = False, weight: str | None = None) -> float:
    """As ``networkx.diameter``, by few searches without weights."""
    if e is None and weight is None and len(G) and _all_reach_all(G):
        return int(longest(G.graph))
    return max(_given_or_found(G, e, usebounds, weight).values())


def radius(G: Converted, e: Lengths | None = None, usebounds: bool = False, weight: str | None = None) -> float:
    """As ``networkx.radius``."""
    return min(_given_or_found(G, e, usebounds, weight).values())


def periphery(G: Converted, e: Lengths | None = None, usebounds: bool = False, weight: str | None = None) -> list[Node]:
    """As ``networkx.periphery``."""
    found = _given_or_found(G, e, usebounds, weight)
    largest = max(found.values())
    return [node for node in found if found[node] == largest]


def center(G: Converted, e: Lengths | None = None, usebounds: bool = False, weight: str | None = None) -> list[Node]:
    """As ``networkx.center``, which has its own way, and order, for trees."""
    by_bounds = usebounds is True
    if e is None and weight is None and not G.is_directed() and not by_bounds and nx.is_tree(G.original):
        middle: list[Node] = nx.tree.center(G.original)
        return middle
    found = _given_or_found(G, e, usebounds, weight)
    smallest = min(found.values())
    return [node for node in found if found[node] == smallest]


def _given_or_found(G: Converted, e: Lengths | None, usebounds: bool, weight: str | None) -> Lengths:
    if e is not None:
        return e
    if not _all_reach_all(G):
        raise _disconnected(G, by_bounds=usebounds is True)
    return _eccentricities(G, G.nodes, weight)


def _all_reach_all(G: Converted) -> bool:
    return not (component_labels(G.graph.indptr, G.graph.indices, "strong") > 0).any()


def _disconnected(G: Converted, *, by_bounds: bool = False) -> nx.NetworkXError:
    if by_bounds and not G.is_directed():
        return nx.NetworkXError("Cannot compute metric because graph is not connected.")
    what = "digraph is not strongly connected" if G.is_directed() else "graph is not connected"
    return nx.NetworkXError(f"Found infinite path length because the {what}")


def _mask(G: Converted, nodes: Iterable[Node]) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(G), bool)
    chosen[[G.position[node] for node in nodes]] = True
    return chosen


def _lengths(G: Converted, weight: str | None, *, positive: bool = False) -> tuple[Graph, str | None]:
    """The graph and its column of lengths, if any."""
    if weight is None:
        return G.graph, None
    graph, column, _ = G.weighted(weight, plain=True)
    if positive and column is not None and graph.n_edges and graph.column(column).min() == 0:
        raise NotImplementedError(f"{weight!r} holds lengths of 0")
    return graph, column
