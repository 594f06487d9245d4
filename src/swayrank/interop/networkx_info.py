"""What NetworkX is told of this backend when it starts: names and notes, nothing imported."""

from __future__ import annotations

from typing import Any

_BOUNDS = "Without weights, `usebounds` too."

FUNCTIONS: dict[str, str] = {
    "pagerank": "No `nstart`, no `dangling`; `alpha` below 1.",
    "hits": "No `nstart`, only `normalized=True`, `max_iter` of 100 or more.",
    "eigenvector_centrality": "No `nstart`.",
    "eigenvector_centrality_numpy": "No `max_iter`, no `tol`: to about twelve digits.",
    "katz_centrality": "No `nstart`.",
    "katz_centrality_numpy": "`alpha` below its limit, one `beta` above 0; to about twelve digits.",
    "core_number": "",
    "degree_centrality": "",
    "in_degree_centrality": "",
    "out_degree_centrality": "",
    "betweenness_centrality": "No `k`, no `endpoints`; weights above 0.",
    "edge_betweenness_centrality": "No `k`; weights above 0.",
    "closeness_centrality": "",
    "harmonic_centrality": "",
    "eccentricity": "No `sp`.",
    "diameter": _BOUNDS,
    "radius": _BOUNDS,
    "center": _BOUNDS,
    "periphery": _BOUNDS,
    "triangles": "",
    "clustering": "",
    "average_clustering": "",
    "transitivity": "Undirected graphs.",
    "reciprocity": "Directed graphs.",
    "overall_reciprocity": "Directed graphs.",
    "voterank": "No self-loops.",
    "constraint": "No `nodes`, no self-loops; weights above 0.",
    "effective_size": "Undirected graphs, no `nodes`, no `weight`, no self-loops.",
    "articulation_points": "In the order of the nodes.",
    "bridges": "",
    "has_bridges": "",
}
"""The functions that run here, each with what it does not take."""


def get_info() -> dict[str, Any]:
    """The entry point ``networkx.backend_info``."""
    return {
        "backend_name": "swayrank",
        "project": "swayrank",
        "package": "swayrank",
        "short_summary": "Centrality by compiled kernels on all cores, with bounds.",
        "functions": {
            name: {"additional_docs": note or "Same arguments, same results."} for name, note in FUNCTIONS.items()
        },
    }
