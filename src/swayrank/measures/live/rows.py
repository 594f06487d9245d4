"""The arcs of a graph that changes: the graph's own rows, and beside them copies of the rows that have changed.

A change costs the rows that it touches; making a plain graph of it, O(n + m), is done when somebody asks for one, and
when the copies have outgrown the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.graph.parts import Adjacency, GraphParts, GraphReport
from swayrank.ids import Ids, read_only
from swayrank.kernels.live_rows import change_rows, has_arc, write_rows

U32 = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]

_ROOM = 1 << 10


def grown(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """The array with zeros up to `size` in its last axis.

    >>> grown(np.ones((2, 1)), 3).tolist()
    [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    longer = np.zeros((*array.shape[:-1], size), array.dtype)
    longer[..., : array.shape[-1]] = array
    return longer


@dataclass(frozen=True)
class View:
    """All rows as kernels read them."""

    out_base: U32
    in_base: U32
    arena: U32
    start: npt.NDArray[np.uint64]
    length: U32
    room: U32

    @property
    def outs(self) -> tuple[npt.NDArray[Any], ...]:
        """What the out-rows need."""
        return (self.out_base, self.arena, self.start, self.length, self.room)

    @property
    def ins(self) -> tuple[npt.NDArray[Any], ...]:
        """What the in-rows need."""
        return (self.in_base, self.arena, self.start, self.length, self.room)

    @property
    def both(self) -> tuple[npt.NDArray[Any], ...]:
        """What both sides need."""
        return (self.out_base, self.in_base, self.arena, self.start, self.length, self.room)


class Rows:
    """Rows that change.

    Parameters
    ----------
    graph : Graph
        Where they begin. It stays as it is.

    Attributes
    ----------
    n_nodes, n_arcs : int
        How many there are now.

    Examples
    --------
    >>> rows = Rows(Graph.from_edges([0, 1], [1, 2]))
    >>> u, v = np.array([2, 0], np.uint32), np.array([0, 1], np.uint32)
    >>> rows.change(u, v, adding=True).tolist(), rows.n_arcs
    ([True, False], 3)
    >>> rows.compact(Ids.of_range(3)).edges()[1]
    array([1, 2, 0], dtype=uint32)
    """

    def __init__(self, graph: Graph) -> None:
        self._directed = graph.directed
        if graph.columns:
            adjacency = Adjacency(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
            graph = Graph(GraphParts(adjacency, graph.ids, graph.directed, {}, graph.report))
        self._begin(graph)

    def _begin(self, graph: Graph) -> None:
        n = graph.n_nodes
        self._graph: Graph | None = graph
        self.n_nodes, self.n_arcs = n, graph.n_edges
        self._out_base, self._in_base = read_only(graph.indices), read_only(graph.in_indices)
        self._start = np.stack([graph.indptr[:n], graph.in_indptr[:n]])
        self._length = np.stack([graph.out_degree, graph.in_degree])
        self._room = np.zeros((2, n), np.uint32)
        self._arena, self._used = np.empty(_ROOM, np.uint32), np.zeros(1, np.uint64)

    @property
    def capacity(self) -> int:
        """For how many nodes there is room."""
        return self._room.shape[1]

    @property
    def view(self) -> View:
        """All rows, until the next change."""
        return View(self._out_base, self._in_base, read_only(self._arena), self._start, self._length, self._room)

    def degree(self, side: int) -> U32:
        """Out-degrees (side 0) or in-degrees (side 1)."""
        return self._length[side, : self.n_nodes].copy()

    def add_nodes(self, n_nodes: int) -> None:
        """Make room up to `n_nodes`; the new ones have no arcs."""
        if n_nodes == self.n_nodes:
            return
        if n_nodes > self.capacity:
            size = max(n_nodes, 2 * self.capacity, 16)
            self._start, self._length = grown(self._start, size), grown(self._length, size)
            self._room = grown(self._room, size)
        self.n_nodes, self._graph = n_nodes, None

    def has(self, u: int, v: int) -> bool:
        """Whether the arc u -> v is there."""
        view = self.view
        return bool(has_arc(view.out_base, view.arena, view.start, view.length, view.room, np.uint64(u), np.uint64(v)))

    def change(self, u: U32, v: U32, *, adding: bool) -> Flags:
        """Put arcs in or take them out, in order; tells which changed something."""
        done = np.zeros(u.size, np.uint8)
        at = 0
        while at < u.size:
            view = self.view
            at = int(
                change_rows(
                    read_only(u), read_only(v), int(adding), at, view.out_base, view.in_base,
                    self._start, self._length, self._room, self._arena, view.arena, self._used, done,
                )
            )  # fmt: skip
            if at < u.size:
                self._widen(2 * (int(self._length[0, u[at]]) + int(self._length[1, v[at]])) + 8)
        changed = done.view(np.bool_)
        n_changed = int(np.count_nonzero(changed))
        self.n_arcs += n_changed if adding else -n_changed
        if n_changed:
            self._graph = None
        return changed

    def _widen(self, more: int) -> None:
        used = int(self._used[0])
        self._arena = grown(self._arena[:used], 2 * (used + more))

    @property
    def is_loose(self) -> bool:
        """Whether the copies have outgrown the graph, so that it is time to join them."""
        return int(self._used[0]) > 2 * self.n_arcs + 4 * self.n_nodes + _ROOM

    def compact(self, ids: Ids) -> Graph:
        """All of it as one graph, on which these rows rest from now on."""
        if self._graph is None:
            view = self.view
            sides = [self._written(side, base) for side, base in enumerate((view.out_base, view.in_base))]
            parts = GraphParts(Adjacency(*sides[0], *sides[1]), ids, self._directed)
            n_rows = parts.n_rows
            capacity = self.capacity
            self._begin(Graph(GraphParts(parts.adjacency, ids, self._directed, {}, GraphReport(n_rows, n_rows))))
            self._start, self._length = grown(self._start, capacity), grown(self._length, capacity)
            self._room = grown(self._room, capacity)
        assert self._graph is not None
        return self._graph

    def _written(self, side: int, base: U32) -> tuple[npt.NDArray[np.uint64], U32]:
        indptr = np.zeros(self.n_nodes + 1, np.uint64)
        np.cumsum(self._length[side, : self.n_nodes], out=indptr[1:])
        indices = np.empty(self.n_arcs, np.uint32)
        view = self.view
        write_rows(side, base, view.arena, view.start, view.length, view.room, read_only(indptr), indices)
        return indptr, indices
