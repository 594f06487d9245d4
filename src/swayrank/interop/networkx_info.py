"""What NetworkX is told of this backend when it starts: names and notes, nothing imported."""

from __future__ import annotations

from typing import Any

FUNCTIONS: dict[str, str] = {
    "pagerank": "No `nstart`, no `dangling`.",
    "core_number": "",
    "degree_centrality": "",
    "in_degree_centrality": "",
    "out_degree_centrality": "",
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
