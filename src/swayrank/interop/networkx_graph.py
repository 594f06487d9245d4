"""A NetworkX graph as one of ours: nodes by position, numbers on edges as NetworkX reads them.

Nodes may be any hashable object; node i is the i-th of NetworkX's order. What the measures cannot compute with, or
would compute otherwise, raises NotImplementedError: NetworkX then does it itself, as where `can_run` says no.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.graph.input import Direction

Node = Hashable
_COLUMN = "number"
_EXACT = 2.0**53


class Weighted(NamedTuple):
    """A graph, its column of weights if it has one, and the types that these had."""

    graph: Graph
    weight: str | None
    kinds: frozenset[type]


class Converted:
    """A NetworkX graph and the same as a :class:`~swayrank.graph.Graph`, node i being the i-th of `nodes`."""

    __networkx_backend__ = "swayrank"

    def __init__(self, original: nx.Graph) -> None:
        self.original = original
        self.nodes: list[Node] = list(original)
        self._weighted: dict[str | None, Weighted] = {}

    @cached_property
    def position(self) -> dict[Node, int]:
        """Where each node stands."""
        return {node: i for i, node in enumerate(self.nodes)}

    @cached_property
    def graph(self) -> Graph:
        """The arcs by position; self-loops stay, and parallel edges are one."""
        return self._with({})

    def weighted(self, weight: str | None, *, plain: bool = False) -> Weighted:
        """The graph with the numbers of an attribute, 1 where an edge has none; those of parallel edges are summed.

        Parameters
        ----------
        weight : str or None
            Name of the attribute; None weighs every edge 1.
        plain : bool, default=False
            Whether numbers must be Python's own, since NetworkX would hand out others as they are.

        Raises
        ------
        NotImplementedError
            For what is no number, not finite, or below 0.
        """
        if weight is None and not self.is_multigraph():
            return Weighted(self.graph, None, frozenset())
        if weight not in self._weighted:
            cells, kinds = self._numbers(weight)
            self._weighted[weight] = Weighted(self._with({_COLUMN: cells}), _COLUMN, kinds)
        found = self._weighted[weight]
        if plain and not found.kinds <= {int, float, bool}:
            raise NotImplementedError(f"{weight!r} holds other numbers than Python's own")
        return found

    def _with(self, columns: dict[str, npt.NDArray[np.float64]]) -> Graph:
        u, v = self._ends
        once = slice(None) if self.is_directed() else u <= v  # an undirected edge stands in both rows
        columns = {name: column[once] for name, column in columns.items()}
        direction: Direction = "follows" if self.is_directed() else "undirected"
        return Graph.from_edges(
            u[once], v[once], n_nodes=len(self), columns=columns, direction=direction, self_loops="keep"
        )

    @cached_property
    def _ends(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        rows = self.original._adj.values()
        sizes = np.fromiter(map(len, rows), np.int64, len(self))
        u = np.repeat(np.arange(len(self), dtype=np.uint32), sizes)
        return u, np.fromiter(map(self.position.__getitem__, chain.from_iterable(rows)), np.uint32, u.size)

    def _numbers(self, weight: str | None) -> tuple[npt.NDArray[np.float64], frozenset[type]]:
        cells = list(chain.from_iterable(row.values() for row in self.original._adj.values()))
        if self.is_multigraph():
            per_pair = [[edge.get(weight, 1) for edge in edges.values()] for edges in cells]
        else:
            per_pair = [[edge.get(weight, 1)] for edge in cells]
        kinds = frozenset(map(type, chain.from_iterable(per_pair)))
        if not all(issubclass(kind, int | float | np.integer | np.floating | np.bool_) for kind in kinds):
            raise NotImplementedError(f"{weight!r} holds what is no number")
        try:
            values = np.fromiter(map(sum, per_pair), np.float64, len(per_pair))
        except OverflowError:
            raise NotImplementedError(f"{weight!r} holds ints beyond all floats") from None
        if not np.isfinite(values).all() or values.min(initial=0) < 0:
            raise NotImplementedError(f"{weight!r} holds numbers that are not finite, or below 0")
        if int in kinds and values.sum() >= _EXACT:
            raise NotImplementedError(f"{weight!r} holds ints whose sums no float holds")
        return values, kinds

    def is_directed(self) -> bool:
        """As NetworkX asks it."""
        return bool(self.original.is_directed())

    def is_multigraph(self) -> bool:
        """As NetworkX asks it."""
        return bool(self.original.is_multigraph())

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self.original

    def by_node(self, values: npt.NDArray[Any]) -> dict[Node, Any]:
        """One number per node, as NetworkX gives it."""
        return dict(zip(self.nodes, values.tolist(), strict=True))


def convert_from_nx(graph: nx.Graph, **_: Any) -> Converted:
    """A NetworkX graph for this backend; attributes are read when a function asks for them."""
    return Converted(graph)


def convert_to_nx(result: Any, **_: Any) -> Any:
    """What a function gave, for NetworkX: a graph is the one that it came from."""
    return result.original if isinstance(result, Converted) else result
