"""The NetworkX backend: ``nx.pagerank(G, backend="swayrank")`` runs on our kernels.

Functions have NetworkX's names, arguments, defaults, return types, order of nodes and exceptions. What would come out
otherwise is declined, and NetworkX then does it itself: by `can_run` where the call shows it (:func:`_declined`), by
NotImplementedError where the numbers on the edges do. What NetworkX refuses by the kind of a graph, it refuses before
it asks a backend.

A graph is converted once and NetworkX keeps the result, until the graph changes. Nodes may be any hashable object.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx

from swayrank.interop import networkx_paths, networkx_ranks, networkx_structure
from swayrank.interop.networkx_graph import Converted, convert_from_nx, convert_to_nx
from swayrank.interop.networkx_info import FUNCTIONS

__all__ = ["Backend", "Converted", "backend", "convert_from_nx", "convert_to_nx"]

_MODULES = (networkx_ranks, networkx_paths, networkx_structure)

# Parallel edges weigh as much as all of them together for these functions,
_SUMMED = frozenset({"pagerank", "hits", "eigenvector_centrality_numpy"})
# and are as good as one for these, if without weights.
_AS_ONE = frozenset({
    "betweenness_centrality", "closeness_centrality", "harmonic_centrality", "eccentricity", "diameter", "radius",
    "center", "periphery",
})  # fmt: skip
# Only the defaults of these arguments are known here.
_NOT_TAKEN = {
    "pagerank": ("nstart", "dangling"),
    "hits": ("nstart", "normalized"),
    "eigenvector_centrality": ("nstart",),
    "eigenvector_centrality_numpy": ("max_iter", "tol"),
    "katz_centrality": ("nstart",),
    "betweenness_centrality": ("k", "endpoints"),
    "edge_betweenness_centrality": ("k",),
    "eccentricity": ("sp",),
    "constraint": ("nodes",),
    "effective_size": ("nodes", "weight"),
}
# Of directed graphs NetworkX has something else for these.
_UNDIRECTED = frozenset({"transitivity", "effective_size"})


def _declined(name: str, args: Mapping[str, Any], defaults: Mapping[str, inspect.Parameter]) -> str:
    """Why NetworkX should do it itself; "" where we do it."""
    weight = args.get("weight", args.get("distance"))
    if said := [word for word in _NOT_TAKEN.get(name, ()) if args[word] is not defaults[word].default]:
        return f"{said[0]} is not taken"
    if weight is not None and not isinstance(weight, str):
        return "weight must be the name of an attribute, a string"
    if args["G"].is_multigraph() and name not in _SUMMED and (name not in _AS_ONE or weight is not None):
        return "parallel edges are not told apart"
    if name in _UNDIRECTED and args["G"].is_directed():
        return "of directed graphs something else comes out"
    if name == "pagerank" and not (0 <= args["alpha"] < 1 and args["tol"] > 0):
        return "alpha must be in [0, 1), and tol above 0"
    if name == "hits" and args["max_iter"] < 100:
        return "max_iter below its default counts ARPACK's restarts"
    if args.get("usebounds") is True and (weight is not None or not len(args["G"])):
        return "no bounds with weights, nor without nodes"
    return ""


class Backend:
    """The entry point ``networkx.backends``."""

    convert_from_nx = staticmethod(convert_from_nx)
    convert_to_nx = staticmethod(convert_to_nx)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        for module in _MODULES:
            if name in FUNCTIONS and hasattr(module, name):
                function: Callable[..., Any] = getattr(module, name)
                return function
        raise AttributeError(name)

    def can_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Whether a call gives here what it gives there; else the reason."""
        if name not in FUNCTIONS:
            return f"{name} is not here"
        signature = inspect.signature(getattr(nx, name))
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return _declined(name, bound.arguments, signature.parameters) or True

    def should_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether it is worth it: always, for what we can."""
        return True


backend = Backend()
