"""What a graph consists of: sorted rows both ways, ids, columns, and the account of its input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.ids import Ids

NO_NODE = 2**32 - 1
"""The node number that stands for "none"; a graph has fewer nodes than this."""
MAX_NODES = NO_NODE - 1
_BLOCK = 1 << 18

Array = npt.NDArray[Any]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only view, C-contiguous and aligned, as every kernel expects its inputs.

    >>> read_only(np.arange(3)).flags.writeable
    False
    """
    view = np.require(array, requirements=["C", "A"]).view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True)
class Adjacency:
    """Sorted rows without duplicates: out-rows (whom each node follows) and in-rows (its followers)."""

    indptr: U64
    indices: U32
    in_indptr: U64
    in_indices: U32


@dataclass(frozen=True)
class GraphReport:
    """What became of the rows of the input: ``rows == kept + self_loops + duplicates + rejected``.

    Parameters
    ----------
    rows : int
        Rows of the input (an undirected edge is one row).
    kept : int
        Rows that became arcs.
    self_loops : int
        Rows dropped because both ends are the same account (0 with ``self_loops="keep"``).
    duplicates : int
        Rows merged into an earlier row with the same ends.
    rejected : int, default 0
        Rows that could not be read.

    Examples
    --------
    >>> print(GraphReport(rows=3, kept=1, self_loops=1, duplicates=1))
    3 rows: 1 kept, 1 self-loop dropped, 1 duplicate merged
    """

    rows: int
    kept: int
    self_loops: int = 0
    duplicates: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        parts = [f"{self.kept:,} kept"]
        if self.self_loops:
            parts.append(f"{self.self_loops:,} self-loop{'s' * (self.self_loops != 1)} dropped")
        if self.duplicates:
            parts.append(f"{self.duplicates:,} duplicate{'s' * (self.duplicates != 1)} merged")
        if self.rejected:
            parts.append(f"{self.rejected:,} rejected")
        return f"{self.rows:,} row{'s' * (self.rows != 1)}: " + ", ".join(parts)


@dataclass(frozen=True)
class GraphParts:
    """Everything that makes a graph.

    Parameters
    ----------
    adjacency : Adjacency
        The arcs.
    ids : Ids
        The account of each node.
    directed : bool
        False if each edge is two arcs.
    columns : dict of str to numpy.ndarray, shape (n_arcs,)
        Values in the order of ``adjacency.indices``.
    report : GraphReport
        What became of the input.
    """

    adjacency: Adjacency
    ids: Ids
    directed: bool
    columns: dict[str, Array] = field(default_factory=dict)
    report: GraphReport = field(default_factory=lambda: GraphReport(0, 0))

    @property
    def n_rows(self) -> int:
        """Arcs, or edges of an undirected graph."""
        n_arcs = self.adjacency.indices.size
        return n_arcs if self.directed else (n_arcs + n_self_loops(self.adjacency)) // 2


def n_self_loops(adjacency: Adjacency) -> int:
    """How many arcs go from a node to itself."""
    total, n_arcs = 0, adjacency.indices.size
    for start in range(0, n_arcs, _BLOCK):
        stop = min(start + _BLOCK, n_arcs)
        total += int(np.count_nonzero(adjacency.indices[start:stop] == sources(adjacency.indptr, start, stop)))
    return total


def sources(indptr: U64, start: int = 0, stop: int | None = None) -> U32:
    """The row of each of the arcs [start, stop), all by default.

    >>> sources(np.array([0, 2, 2, 3], np.uint64))
    array([0, 0, 2], dtype=uint32)
    """
    stop = int(indptr[-1]) if stop is None else stop
    if start >= stop:
        return np.empty(0, np.uint32)
    first, counts = row_counts(indptr, start, stop)
    return np.repeat(np.arange(first, first + counts.size, dtype=np.uint32), counts)


def row_counts(indptr: U64, start: int, stop: int) -> tuple[int, npt.NDArray[np.int64]]:
    """First row of the arcs [start, stop), and how many of them each row from there on has."""
    first = int(np.searchsorted(indptr, np.uint64(start), side="right")) - 1
    last = int(np.searchsorted(indptr, np.uint64(stop), side="left"))
    edges = np.clip(indptr[first : last + 1], np.uint64(start), np.uint64(stop)).astype(np.int64)
    return first, edges[1:] - edges[:-1]
