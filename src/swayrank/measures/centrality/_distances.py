"""What closeness, harmonic centrality and eccentricity share: distances between all pairs, summed in chunks of sources.

The graph is searched under private node numbers, hubs first: what many arcs gather from lies together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, chunk_bounds
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.distances import BATCH, LANES, distance_sums, weighted_sums
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import arc_weights

Floats = npt.NDArray[np.float64]
U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Array = npt.NDArray[Any]

_SOURCES_PER_CHUNK = 2 * BATCH
# Measured on one core: ns for an arc and a source, where the words of all nodes fit into a cache of 16 MB and where
# not.
_NS_NEAR, _NS_FAR, _NS_HEAP = 0.05, 0.15, 20.0
_CACHE_BYTES = 16e6


class Sums(NamedTuple):
    """At every node, over the nodes that reach it: distances, how many, and reciprocal distances. Public order."""

    far: Array
    reached: U64
    near: Floats


class _Task(NamedTuple):
    rows: tuple[Array, Array, Array, Array]
    lengths: Floats
    sources: U32


class _Chunk(NamedTuple):
    far: Array
    reached: U64
    near: Floats
    farthest: Array


def all_distances(
    graph: Graph, weight: str | None, runner: Engine, progress: Progress, chosen: npt.NDArray[np.bool_] | None = None
) -> tuple[Sums, Array]:
    """Search from every node, or the chosen ones: the sums at every node, and the largest finite distance from each."""
    private = graph.relabelled("degree")
    rows = (private.indptr, private.indices, private.in_indptr, private.in_indices)
    lengths = np.zeros(0)
    if weight is not None:
        arc_weights(graph, weight)  # checks
        lengths = np.ascontiguousarray(private.column(weight), np.float64)
    n = graph.n_nodes
    follows = np.diff(private.indptr.astype(np.int64)) > 0
    if chosen is not None:
        follows &= private.to_private(chosen)
    sources = np.flatnonzero(follows).astype(np.uint32)
    far: Array = np.zeros(n, np.uint64 if weight is None else np.float64)
    reached, near, farthest = np.zeros(n, np.uint64), np.zeros(n), np.zeros(n, far.dtype)
    bounds = chunk_bounds(sources.size, _SOURCES_PER_CHUNK)
    done = 0
    with track(progress, "distances", total=sources.size) as step:
        for chunk in runner.map(_search_chunk, _Task(rows, lengths, sources), bounds, step=step):
            far += chunk.far
            reached += chunk.reached
            near += chunk.near
            farthest[sources[done : done + chunk.farthest.size]] = chunk.farthest
            done += chunk.farthest.size
    return Sums(*(private.to_public(values) for values in (far, reached, near))), private.to_public(farthest)


def _search_chunk(task: _Task, start: int, stop: int) -> _Chunk:
    rows = tuple(read_only(array) for array in task.rows)
    n, sources = rows[0].size - 1, read_only(task.sources[start:stop])
    reached, near = np.zeros(n, np.uint64), np.zeros(n)
    if task.lengths.size:
        weighed = _Chunk(np.zeros(n), reached, near, np.empty(sources.size))
        weighted_sums(rows[0], rows[1], read_only(task.lengths), sources, *weighed)
        return weighed
    chunk = _Chunk(np.zeros(n, np.uint64), reached, near, np.empty(sources.size, np.uint32))
    distance_sums(*rows, sources, *chunk)
    return chunk


def distances_work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """The cost of searching from every node."""
    n, m = graph.n_nodes, graph.n_edges
    if params.get("weight") is not None:
        return Work(float(n) * (m + n), _NS_HEAP, 60.0 * n, 48.0 * n)
    words = 8.0 * int(LANES) * n
    return Work(float(n) * m, _NS_NEAR if words < _CACHE_BYTES else _NS_FAR, 60.0 * n, 3 * words + 40.0 * n)


def check_top(top: int | None, weight: str | None) -> None:
    """Pruning is by levels, which weights have none of."""
    if top is not None and weight is not None:
        raise ParameterError("top goes without weight: with weights, compute all and take .top(k)")
