"""The NetworkX backend: ``nx.pagerank(G, backend="swayrank")`` runs on our kernels.

Functions have NetworkX's names, arguments, defaults, return types, order of nodes and exceptions. What would come out
otherwise is declined by `can_run`, and NetworkX then does it itself: each reason is a line of :func:`_declined`.

A graph is converted once and NetworkX keeps the result. Nodes may be any hashable object: they are positions here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import networkx as nx
import numpy as np
import numpy.typing as npt

from swayrank.errors import ConvergenceError
from swayrank.graph import Graph
from swayrank.graph.input import Direction
from swayrank.interop.networkx_info import FUNCTIONS
from swayrank.measures.centrality.core import k_core
from swayrank.measures.centrality.pagerank import pagerank as rank

Node = Hashable
F = TypeVar("F", bound=Callable[..., Any])


class Converted:
    """A NetworkX graph and the same as a :class:`~swayrank.graph.Graph`, node i being the i-th of ``nodes``."""

    __networkx_backend__ = "swayrank"

    def __init__(self, original: nx.Graph, edge_attrs: Mapping[str, Any]) -> None:
        self.original = original
        self.nodes: list[Node] = list(original)
        self._edge_attrs = edge_attrs

    @cached_property
    def position(self) -> dict[Node, int]:
        """Where each node stands."""
        return {node: i for i, node in enumerate(self.nodes)}

    @cached_property
    def graph(self) -> Graph:
        """The arcs by position, with the attributes asked for as columns; self-loops stay."""
        rows = self.original._adj.values()
        n, directed = len(self.nodes), self.is_directed()
        sizes = np.fromiter(map(len, rows), np.int64, n)
        u = np.repeat(np.arange(n, dtype=np.uint32), sizes)
        ends = map(self.position.__getitem__, chain.from_iterable(rows))
        v = np.fromiter(ends, np.uint32, u.size)
        once = slice(None) if directed else u <= v  # an undirected edge stands in both rows
        columns = {name: self._column(name, default)[once] for name, default in self._edge_attrs.items()}
        direction: Direction = "follows" if directed else "undirected"
        return Graph.from_edges(u[once], v[once], n_nodes=n, columns=columns, direction=direction, self_loops="keep")

    def _column(self, name: str, default: Any) -> npt.NDArray[np.float64]:
        cells = chain.from_iterable(row.values() for row in self.original._adj.values())
        if self.is_multigraph():
            values = (sum(edge.get(name, default) for edge in edges.values()) for edges in cells)
        else:
            values = (edge.get(name, default) for edge in cells)
        return np.fromiter(values, np.float64)

    def is_directed(self) -> bool:
        """As NetworkX asks it."""
        return bool(self.original.is_directed())

    def is_multigraph(self) -> bool:
        """As NetworkX asks it."""
        return bool(self.original.is_multigraph())

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterable[Node]:
        return iter(self.nodes)

    def by_node(self, values: npt.NDArray[Any]) -> dict[Node, Any]:
        """One number per node, as NetworkX gives it."""
        return dict(zip(self.nodes, values.tolist(), strict=True))


def _not_for(*kinds: str) -> Callable[[F], F]:
    """NetworkX's own refusal of graphs of some kind, with types."""
    refuse: Callable[[F], F] = nx.utils.not_implemented_for(*kinds)
    return refuse


def convert_from_nx(graph: nx.Graph, edge_attrs: Mapping[str, Any] | None = None, **_: Any) -> Converted:
    """A NetworkX graph for this backend, with the numbers on its edges that a function asks for."""
    return Converted(graph, edge_attrs or {})


def convert_to_nx(result: Any, **_: Any) -> Any:
    """What a function gave, for NetworkX: a graph is the one that it came from."""
    return result.original if isinstance(result, Converted) else result


# -- functions ---------------------------------------------------------------------------------------------------------


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
    if max_iter < 1:
        raise nx.PowerIterationFailedConvergence(max_iter)
    bound = len(G) * tol * alpha / (1 - alpha) if alpha else tol
    try:
        found = rank(G.graph, damping=alpha, personalization=masses, max_iter=max_iter, tol=bound, weight=weight)
    except ConvergenceError:
        raise nx.PowerIterationFailedConvergence(max_iter) from None
    return G.by_node(found.values)


@_not_for("multigraph")
def core_number(G: Converted) -> dict[Node, int]:
    """As ``networkx.core_number``."""
    if (G.graph.indices == np.repeat(np.arange(len(G)), G.graph.out_degree)).any():
        raise nx.NetworkXNotImplemented("Input graph has self loops which is not permitted; remove them first")
    return G.by_node(k_core(G.graph, variant="total" if G.is_directed() else "out").values)


def degree_centrality(G: Converted) -> dict[Node, float]:
    """As ``networkx.degree_centrality``."""
    degree = G.graph.out_degree.astype(np.int64)
    if G.is_directed():
        return _per_other(G, degree + G.graph.in_degree)
    loops = G.graph.indices == np.repeat(np.arange(len(G)), G.graph.out_degree)
    degree[G.graph.indices[loops]] += 1  # an undirected loop counts twice
    return _per_other(G, degree)


@_not_for("undirected")
def in_degree_centrality(G: Converted) -> dict[Node, float]:
    """As ``networkx.in_degree_centrality``."""
    return _per_other(G, G.graph.in_degree)


@_not_for("undirected")
def out_degree_centrality(G: Converted) -> dict[Node, float]:
    """As ``networkx.out_degree_centrality``."""
    return _per_other(G, G.graph.out_degree)


def _per_other(G: Converted, degree: npt.NDArray[Any]) -> dict[Node, float]:
    if len(G) <= 1:
        return dict.fromkeys(G.nodes, 1)
    return G.by_node(degree * (1.0 / (len(G) - 1)))


# -- what NetworkX asks of a backend -----------------------------------------------------------------------------------

# Parallel edges count as one for these, or as the sum of their weights.
_OF_MULTIGRAPHS = frozenset({"pagerank"})
# Only the default of these arguments is known here.
_NOT_TAKEN = {"pagerank": ("nstart", "dangling")}


def _declined(name: str, args: Mapping[str, Any]) -> str:
    """Why NetworkX should do it itself; "" where we do it."""
    graph = args["G"]
    if said := [word for word in _NOT_TAKEN.get(name, ()) if args.get(word) is not None]:
        return f"{said[0]} is not taken"
    if callable(args.get("weight")):
        return "weight must be the name of an attribute"
    if graph.is_multigraph() and name not in _OF_MULTIGRAPHS:
        return "parallel edges would be taken for one"
    return ""


class Backend:
    """The entry point ``networkx.backends``."""

    convert_from_nx = staticmethod(convert_from_nx)
    convert_to_nx = staticmethod(convert_to_nx)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in FUNCTIONS:
            function: Callable[..., Any] = globals()[name]
            return function
        raise AttributeError(name)

    def can_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Whether a call gives here what it gives there; else the reason."""
        if name not in FUNCTIONS:
            return f"{name} is not here"
        bound = inspect.signature(getattr(nx, name)).bind(*args, **kwargs)
        bound.apply_defaults()
        return _declined(name, bound.arguments) or True

    def should_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether it is worth it: always, for what we can."""
        return True


backend = Backend()
