"""NetworkX's functions that rank nodes by their links: PageRank, HITS, eigenvector, Katz, cores and degrees.

Names, arguments, defaults, results and exceptions are NetworkX's. Those that NetworkX iterates stop by its rule; those
that it solves (``*_numpy``, HITS) are iterated until they are exact to about twelve digits, and left to NetworkX where
that takes too long.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from swayrank.engines import resolve_engine
from swayrank.errors import ConvergenceError
from swayrank.graph.exchange import component_labels
from swayrank.interop.networkx_graph import Converted, Node
from swayrank.measures.centrality._power import rows_of, to_private, to_public, walk
from swayrank.measures.centrality.core import k_core
from swayrank.measures.centrality.eigenvector import eigenvector
from swayrank.measures.centrality.hits import authorities_and_hubs
from swayrank.measures.centrality.katz import katz, katz_limit
from swayrank.measures.centrality.pagerank import pagerank as rank

Floats = npt.NDArray[np.float64]

_SOLVED = 1e-13
_MOST_PASSES = 20_000


def pagerank(
    G: Converted,
    alpha: float = 0.85,
    personalization: Mapping[Node, float] | None = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: None = None,
    weight: str | None = "weight",
    dangling: None = None,
) -> dict[Node, float]:
    """As ``networkx.pagerank``, and as it stops: when a pass changes the ranks by less than ``n * tol``."""
    if not len(G):
        return {}
    masses = None
    if personalization is not None:
        masses = np.array([personalization.get(node, 0) for node in G.nodes], np.float64)
        if masses.sum() == 0:
            raise ZeroDivisionError
        if not np.isfinite(masses).all() or masses.min() < 0:
            raise NotImplementedError("personalization holds numbers that are not finite, or below 0")
    if max_iter < 1:
        raise nx.PowerIterationFailedConvergence(max_iter)
    graph, column, _ = G.weighted(weight)
    bound = len(G) * tol * alpha / (1 - alpha) if alpha else tol
    try:
        found = rank(graph, damping=alpha, personalization=masses, max_iter=max_iter, tol=bound, weight=column)
    except ConvergenceError:
        raise nx.PowerIterationFailedConvergence(max_iter) from None
    return G.by_node(found.values)


def hits(
    G: Converted, max_iter: int = 100, tol: float = 1e-8, nstart: None = None, normalized: bool = True
) -> tuple[dict[Node, float], dict[Node, float]]:
    """As ``networkx.hits``; where several vectors are as good, NetworkX's choice is random and this one is not."""
    if not len(G):
        return {}, {}
    graph, column, _ = G.weighted("weight")
    authorities, hubs, residual, _ = authorities_and_hubs(
        graph, column, _SOLVED, _MOST_PASSES, resolve_engine("local", None), None
    )
    if residual > _SOLVED or len(G) < 2 or not hubs.any():
        raise NotImplementedError("one node, no links, or two vectors almost as good as each other")
    return G.by_node(hubs), G.by_node(authorities)


def eigenvector_centrality(
    G: Converted, max_iter: int = 100, tol: float = 1e-6, nstart: None = None, weight: str | None = None
) -> dict[Node, float]:
    """As ``networkx.eigenvector_centrality``, pass by pass."""
    n = len(G)
    _no_null_graph(G)
    graph, column, _ = G.weighted(weight or None, plain=True)
    rows, runner, x = rows_of(graph, column, incoming=True), resolve_engine("local", None), np.full(n, 1 / n)
    for _ in range(max_iter):
        out, _found = walk(runner, rows, x, x, shift=1.0)
        out /= float(np.linalg.norm(out)) or 1
        if np.abs(out - x).sum() < n * tol:
            return G.by_node(to_public(graph, out))
        x = out
    raise nx.PowerIterationFailedConvergence(max_iter)


def eigenvector_centrality_numpy(
    G: Converted, weight: str | None = None, max_iter: int = 50, tol: float = 0
) -> dict[Node, float]:
    """As ``networkx.eigenvector_centrality_numpy``."""
    _no_null_graph(G)
    graph, column, _ = G.weighted(weight)
    if (component_labels(graph.indptr, graph.indices, "strong") > 0).any():
        raise nx.AmbiguousSolution(
            "`eigenvector_centrality_numpy` does not give consistent results for disconnected graphs"
        )
    if len(G) < 3 or (column is not None and graph.column(column).min() == 0):
        raise NotImplementedError("fewer than three nodes, or weights of 0")
    try:
        found = eigenvector(graph, weight=column, tol=_SOLVED, max_iter=_MOST_PASSES)
    except ConvergenceError:
        raise NotImplementedError("the largest eigenvalues are too close to each other") from None
    return G.by_node(found.values)


def katz_centrality(
    G: Converted,
    alpha: float = 0.1,
    beta: float | Mapping[Node, float] = 1.0,
    max_iter: int = 1000,
    tol: float = 1e-6,
    nstart: None = None,
    normalized: bool = True,
    weight: str | None = None,
) -> dict[Node, float]:
    """As ``networkx.katz_centrality``, pass by pass."""
    n = len(G)
    if not n:
        return {}
    own = _own(G, beta)
    graph, column, _ = G.weighted(weight, plain=True)
    rows, runner, x = rows_of(graph, column, incoming=True), resolve_engine("local", None), np.zeros(n)
    own = to_private(graph, own)
    with np.errstate(over="ignore", invalid="ignore"):  # above the limit of alpha, values grow for ever
        for _ in range(max_iter):
            out, _found = walk(runner, rows, x, x, scale=alpha)
            out += own
            if np.abs(out - x).sum() < n * tol:
                norm = math.hypot(*out.tolist()) if normalized else 1.0
                return G.by_node(to_public(graph, out * (1.0 / norm if norm else 1.0)))
            x = out
    raise nx.PowerIterationFailedConvergence(max_iter)


def _own(G: Converted, beta: Any) -> Floats:
    """What every node has of itself."""
    try:
        return np.full(len(G), float(beta))
    except (TypeError, ValueError, AttributeError):
        if set(beta) != set(G.nodes):
            raise nx.NetworkXError("beta dictionary must have a value for every node") from None
        return np.array([beta[node] for node in G.nodes], np.float64)


def katz_centrality_numpy(
    G: Converted, alpha: float = 0.1, beta: float = 1.0, normalized: bool = True, weight: str | None = None
) -> dict[Node, float]:
    """As ``networkx.katz_centrality_numpy``, for `alpha` below its limit and one `beta` above 0."""
    if not len(G):
        return {}
    if isinstance(beta, Mapping) or not _is_real(beta) or not beta > 0 or len(G) < 2:
        raise NotImplementedError("beta must be one number above 0, and G must have two nodes")
    graph, column, _ = G.weighted(weight)
    if not _is_real(alpha) or not 0 < alpha < katz_limit(graph, weight=column):
        raise NotImplementedError("alpha must be above 0 and below its limit")
    try:
        found = katz(graph, alpha=alpha, beta=beta, weight=column, tol=1e-12, max_iter=_MOST_PASSES)
    except ConvergenceError:
        raise NotImplementedError("alpha is too close to its limit") from None
    return G.by_node(found.values / (float(np.linalg.norm(found.values)) if normalized else 1.0))


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _no_null_graph(G: Converted) -> None:
    if not len(G):
        raise nx.NetworkXPointlessConcept("cannot compute centrality for the null graph")


def core_number(G: Converted) -> dict[Node, int]:
    """As ``networkx.core_number``."""
    if _loops(G).any():
        raise nx.NetworkXNotImplemented(
            "Input graph has self loops which is not permitted; "
            "Consider using G.remove_edges_from(nx.selfloop_edges(G))."
        )
    return G.by_node(k_core(G.graph, variant="total" if G.is_directed() else "out").values)


def degree_centrality(G: Converted) -> dict[Node, float]:
    """As ``networkx.degree_centrality``."""
    degree = G.graph.out_degree.astype(np.int64)
    if G.is_directed():
        return _per_other(G, degree + G.graph.in_degree)
    degree[G.graph.indices[_loops(G)]] += 1  # an undirected loop counts twice
    return _per_other(G, degree)


def in_degree_centrality(G: Converted) -> dict[Node, float]:
    """As ``networkx.in_degree_centrality``."""
    return _per_other(G, G.graph.in_degree)


def out_degree_centrality(G: Converted) -> dict[Node, float]:
    """As ``networkx.out_degree_centrality``."""
    return _per_other(G, G.graph.out_degree)


def _per_other(G: Converted, degree: npt.NDArray[Any]) -> dict[Node, float]:
    if len(G) <= 1:
        return dict.fromkeys(G.nodes, 1)
    return G.by_node(degree * (1.0 / (len(G) - 1)))


def _loops(G: Converted) -> npt.NDArray[np.bool_]:
    """Which arcs lead to where they begin."""
    u, v = G.graph.edges()
    return np.asarray(u == v)
