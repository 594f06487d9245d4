"""Private node orders: kernels that gather from per-node arrays run faster where hubs lie together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from swayrank.engines import resolve_engine
from swayrank.graph.build import Rows, relabel
from swayrank.graph.parts import U32, U64, Array, GraphParts, read_only


class Relabelled:
    """A graph under private node numbers. Rows are made when first asked for, and kept.

    Attributes
    ----------
    order : numpy.ndarray of uint32, shape (n_nodes,)
        ``order[new]`` is the public position of private number `new`.
    rank : numpy.ndarray of uint32, shape (n_nodes,)
        ``rank[old]`` is the private number of public position `old`.
    """

    def __init__(self, parts: GraphParts, in_arcs: Callable[[], Array], by: str) -> None:
        rows = parts.adjacency
        degrees = {"in_degree": np.diff(rows.in_indptr), "out_degree": np.diff(rows.indptr)}
        degree = degrees[by] if by in degrees else degrees["in_degree"] + degrees["out_degree"]
        order = np.argsort(degree.max(initial=0) - degree, kind="stable").astype(np.uint32)
        rank = np.empty_like(order)
        rank[order] = np.arange(order.size, dtype=np.uint32)
        self._parts, self._in_arcs = parts, in_arcs
        self._rows: dict[str, Rows] = {}
        self._columns: dict[tuple[str, str], Array] = {}
        self.order: U32 = read_only(order)
        self.rank: U32 = read_only(rank)

    @property
    def indptr(self) -> U64:
        """Out-row pointers: uint64, shape (n_nodes + 1,)."""
        return self._side("out").indptr

    @property
    def indices(self) -> U32:
        """Whom each node follows, sorted: uint32, shape (n_edges,)."""
        return self._side("out").indices

    @property
    def in_indptr(self) -> U64:
        """In-row pointers: uint64, shape (n_nodes + 1,)."""
        return self._side("in").indptr

    @property
    def in_indices(self) -> U32:
        """The followers of each node, sorted: uint32, shape (n_edges,)."""
        return self._side("in").indices

    def column(self, name: str) -> Array:
        """The values of a column of the graph in the order of :attr:`indices`."""
        return self._column("out", name)

    def in_column(self, name: str) -> Array:
        """The values of a column of the graph in the order of :attr:`in_indices`."""
        return self._column("in", name)

    def to_private(self, values: Array) -> Array:
        """One value per node, from the public order to the private one."""
        return values[self.order]

    def to_public(self, values: Array) -> Array:
        """One value per node, from the private order to the public one."""
        return values[self.rank]

    def _make(self, side: str, *, number: bool) -> Rows:
        """Walk the other side's rows in the private order, and sort by neighbour: then each row comes out sorted."""
        g = self._parts.adjacency
        rows = (g.in_indptr, g.in_indices) if side == "out" else (g.indptr, g.indices)
        return relabel(*rows, self.order, self.rank, resolve_engine(), number=number)

    def _side(self, side: str) -> Rows:
        if side not in self._rows:
            self._rows[side] = self._make(side, number=False)
        return self._rows[side]

    def _column(self, side: str, name: str) -> Array:
        if (side, name) not in self._columns:
            arcs = self._make(side, number=True).payload
            arcs = self._in_arcs()[arcs] if side == "out" else arcs
            self._columns[side, name] = read_only(self._parts.columns[name][arcs])
        return self._columns[side, name]
