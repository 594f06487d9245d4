"""Power iteration in chunks: what PageRank, eigenvector centrality, Katz and HITS share.

Each pass pulls over rows of arcs (:func:`swayrank.kernels.spmv.walk_rows`). Beyond 2^18 nodes, where the vector that is
gathered from outgrows 2 MB, the rows are those of ``graph.relabelled("degree")``: hubs lie together. The
order is decided by the size of the graph alone, so that the same graph gives the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.engines import Bounds, Engine, balanced_bounds
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.spmv import fed_by_cycles, walk_rows
from swayrank.measures.centrality._weights import Floats, arc_weights

_ARCS_PER_CHUNK = 1 << 19
_MOST_CHUNKS = 256
_RELABELLED_ABOVE = 1 << 18


@dataclass(frozen=True)
class Rows:
    """One side of the adjacency, in the order that the passes use."""

    indptr: npt.NDArray[np.uint64]
    indices: npt.NDArray[np.uint32]
    weights: Floats

    def bounds(self) -> Bounds:
        """Edges of the chunks, from the rows alone."""
        return balanced_bounds(self.indptr, min(_MOST_CHUNKS, 1 + self.indices.size // _ARCS_PER_CHUNK))


@dataclass(frozen=True)
class _Step:
    rows: Rows
    gathered: Floats
    own: Floats
    shift: float
    scale: float
    value: float


@dataclass(frozen=True)
class Found:
    """What a pass tells of `own`: its squared length, own . p, the squared residual, and the largest p / own."""

    squares: float
    cross: float
    residual: float
    high: float


def rows_of(graph: Graph, weight: str | None, *, incoming: bool) -> Rows:
    """The rows of one side, hubs first on a large graph."""
    if weight is None:
        weights = np.zeros(0)
    else:
        weights = arc_weights(graph, weight, incoming=incoming)
    source: Any = graph
    if graph.n_nodes > _RELABELLED_ABOVE:
        source = graph.relabelled("degree")
        if weight is not None:
            column = source.in_column(weight) if incoming else source.column(weight)
            weights = np.ascontiguousarray(column, dtype=np.float64)
    if incoming:
        return Rows(source.in_indptr, source.in_indices, weights)
    return Rows(source.indptr, source.indices, weights)


def to_private(graph: Graph, values: Floats) -> Floats:
    """One value per account, in the order of the passes."""
    if graph.n_nodes > _RELABELLED_ABOVE:
        return graph.relabelled("degree").to_private(values)
    return values


def to_public(graph: Graph, values: Floats) -> Floats:
    """One value per row, back in the order of the graph's accounts."""
    if graph.n_nodes > _RELABELLED_ABOVE:
        return graph.relabelled("degree").to_public(values)
    return values


def fed_by_cycle(graph: Graph, weight: str | None) -> Floats:
    """1 for every row that a cycle reaches, 0 for the others, in the order of the passes."""
    if weight is not None and graph.n_edges and (graph.column(weight) == 0).any():
        u, v = graph.edges()
        heavy = graph.column(weight) != 0
        whole = Graph.from_edges(u[heavy], v[heavy], n_nodes=graph.n_nodes, self_loops="keep")
    else:
        whole = graph
    left, queue = np.empty(graph.n_nodes, np.uint32), np.empty(graph.n_nodes, np.uint32)
    fed_by_cycles(read_only(whole.in_indptr), read_only(whole.indptr), read_only(whole.indices), left, queue)
    ones: Floats = (left > 0).astype(np.float64)
    return to_private(graph, ones)


def walk(
    engine: Engine,
    rows: Rows,
    gathered: Floats,
    own: Floats,
    *,
    shift: float = 0.0,
    scale: float = 1.0,
    value: float = 0.0,
) -> tuple[Floats, Found]:
    """One pass: ``scale * (pulled + shift * own)``, and what it tells of `own`."""
    out = np.empty(own.size)
    step = _Step(rows, gathered, own, shift, scale, value)
    parts = list(engine.map(_walk_rows, step, rows.bounds(), out=out))
    sums = [math.fsum(part[i] for part in parts) for i in range(3)]
    return out, Found(sums[0], sums[1], sums[2], max((part[3] for part in parts), default=0.0))


def _walk_rows(step: _Step, start: int, stop: int, out: Floats) -> tuple[float, float, float, float]:
    result: tuple[float, float, float, float] = walk_rows(
        read_only(step.rows.indptr),
        read_only(step.rows.indices),
        read_only(step.rows.weights),
        read_only(step.gathered),
        read_only(step.own),
        step.shift,
        step.scale,
        step.value,
        start,
        stop,
        out,
    )
    return result
