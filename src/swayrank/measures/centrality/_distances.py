"""Distances between all accounts, or between some and all, added up: what closeness, harmonic and eccentricity share.

For every account v: how many accounts are on the other end of a shortest path, the sum of those lengths (or of their
inverses) and the greatest length. ``ends="in"`` takes the paths that lead to v along the arcs, ``"out"`` those that
leave it. v itself is left out; accounts without a path count nowhere.

Unweighted by bit-parallel breadth-first search over a private order with hubs first, weighted by Dijkstra; see
:mod:`swayrank.kernels.distances`. Sums of lengths of unweighted paths are exact; the others are rounded, chunk after
chunk in fixed order. Memory of each thread: 204 bytes per node (one line of 64 bytes for who has seen a node, one for
who arrived, one for who arrives next, and three lists), and 20-24 for its sums; weighted 44 in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Bounds, Engine, chunk_bounds
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.distances import search_together, search_weighted
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import Floats, arc_weights

Ints = npt.NDArray[np.int64]
Nodes = npt.NDArray[np.uint32]

# Two full lines of searches, as the scratch of a chunk is made anew; fewer where there are few sources in all.
_SOURCES_PER_CHUNK = 1024
_SOURCES_PER_ROUND = 512
_SOURCES_PER_WEIGHTED_CHUNK = 64
_MOST_CHUNKS = 256
_BYTES_PER_LINE = 64
_LENGTHS = (1e-150, 1e150)


@dataclass(frozen=True)
class Distances:
    """What is known of each account's distances, in public order.

    Attributes
    ----------
    reached : numpy.ndarray of int64
        How many other accounts are at a finite distance.
    sums : numpy.ndarray of float64
        Their distances, or the inverses of these, added up. A distance of 0 has no inverse and adds nothing.
    farthest : numpy.ndarray of float64
        The largest finite distance; 0 where there is none.
    """

    reached: Ints
    sums: Floats
    farthest: Floats


@dataclass(frozen=True)
class Searches:
    """All that a chunk of searches reads: private rows along which they go, and from where they start."""

    indptr: npt.NDArray[np.uint64]
    indices: Nodes
    in_indptr: npt.NDArray[np.uint64]
    in_indices: Nodes
    weights: Floats | None
    sources: Nodes
    inverse: bool
    of_sources: bool

    def run(self, start: int, stop: int) -> tuple[Ints, Floats, Floats]:
        """Search from some of the sources: reached, sums, farthest."""
        n = self.indptr.size - 1
        size = stop - start if self.of_sources else n
        sources = read_only(self.sources[start:stop])
        reached, sums = np.zeros(size, np.int64), np.zeros(size)
        rows = [read_only(self.indptr), read_only(self.indices)]
        nodes = np.empty((3, n), np.uint32)
        if self.weights is None:
            rows += [read_only(self.in_indptr), read_only(self.in_indices)]
            last = np.zeros(size, np.uint32)
            search_together(*rows, sources, self.inverse, self.of_sources, reached, sums, last, _lines(n), nodes)
            return reached, sums, last.astype(np.float64)
        farthest, distance = np.zeros(size), np.full(n, np.inf)
        weights = read_only(self.weights)
        search_weighted(
            *rows, weights, sources, self.inverse, self.of_sources, reached, sums, farthest, distance, nodes
        )
        return reached, sums, farthest


def searches(
    graph: Graph, sources: Nodes, *, ends: str, inverse: bool, weight: str | None = None, of_sources: bool = False
) -> Searches:
    """Searches from private numbers. Those for paths that lead *to* the accounts reached go along the arcs."""
    private = graph.relabelled()
    out = (private.indptr, private.indices)
    back = (private.in_indptr, private.in_indices) if graph.directed else out
    along = (ends == "in") != of_sources
    weights = None
    if weight is not None:
        _check_lengths(arc_weights(graph, weight), weight)
        weights = np.ascontiguousarray(private.column(weight) if along else private.in_column(weight), np.float64)
    rows = (*out, *back) if along else (*back, *out)
    return Searches(*rows, weights, sources, inverse, of_sources)


def all_distances(
    graph: Graph,
    *,
    ends: str,
    engine: Engine,
    inverse: bool = False,
    weight: str | None = None,
    chosen: npt.NDArray[np.bool_] | None = None,
    progress: Progress = None,
    label: str = "distances",
) -> Distances:
    """Every account's distances to all others, or from them.

    Parameters
    ----------
    graph : Graph
        The graph.
    ends : {"in", "out"}
        Paths that lead to the account along the arcs, or that leave it.
    engine : Engine
        Where the work runs.
    inverse : bool, default=False
        Sum 1 / d instead of d.
    weight : str or None, default=None
        Column of lengths, finite and >= 0; None for arcs of length 1.
    chosen : numpy.ndarray of bool, shape (n_nodes,), or None, default=None
        Only the distances to, or from, these.
    progress : bool, callable or None, default=None
        Show the sources done.
    label : str, default="distances"
        What the progress is called.

    Returns
    -------
    Distances
    """
    private = graph.relabelled()
    sources = _useful_sources(graph, ends)
    if chosen is not None:
        sources = sources[private.to_private(chosen)[sources]]
    work = searches(graph, sources, ends=ends, inverse=inverse, weight=weight)
    reached, sums = np.zeros(graph.n_nodes, np.int64), np.zeros(graph.n_nodes)
    farthest = np.zeros(graph.n_nodes)
    with track(progress, label, work.sources.size) as step:
        # In the order of the chunks, whoever ran them: sums of floats depend on it.
        for more, length, last in engine.map(_search, work, _bounds(work), step=step):
            reached += more
            sums += length
            np.maximum(farthest, last, out=farthest)
    return Distances(*(private.to_public(values) for values in (reached, sums, farthest)))


def distances_of(work: Searches, engine: Engine) -> Distances:
    """The distances of the sources alone, in their order."""
    parts = list(engine.map(_search, work, _bounds(work)))
    if not parts:
        return Distances(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    return Distances(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def distances_from_one(graph: Graph, source: int, *, along: bool) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Who is reached from a private number, itself included, and how far each is; in the private order."""
    work = searches(graph, np.array([source], np.uint32), ends="in" if along else "out", inverse=False)
    reached, sums, _ = work.run(0, 1)
    there = reached > 0
    there[source] = True
    return there, sums


def work_of_all(graph: Graph, params: Mapping[str, Any]) -> Work:
    """The cost of searching from everywhere."""
    n, m = graph.n_nodes, graph.n_edges
    if params.get("weight") is not None:
        # Every node passes through the heap.
        return Work(n * (m + 10.0 * n), 3.5, 40.0 * n + 12.0 * m, 44.0 * n)
    return Work(n * (m + 2.0 * n), 0.03, 40.0 * n + 12.0 * m, 250.0 * n)


def _check_lengths(lengths: Floats, weight: str) -> None:
    """Refuse lengths of which sums or inverses would overflow."""
    low, high = _LENGTHS
    if ((lengths > high) | ((lengths > 0) & (lengths < low))).any():
        raise ParameterError(f"weight {weight!r} must hold lengths of 0 or in [{low:g}, {high:g}]: scale them")


def _search(work: Searches, start: int, stop: int) -> tuple[Ints, Floats, Floats]:
    return work.run(start, stop)


def _bounds(work: Searches) -> Bounds:
    least = _SOURCES_PER_ROUND if work.of_sources else _SOURCES_PER_CHUNK
    least = min(_SOURCES_PER_CHUNK, least if work.weights is None else _SOURCES_PER_WEIGHTED_CHUNK)
    chunks = -(-work.sources.size // least)
    return chunk_bounds(work.sources.size, least * -(-chunks // _MOST_CHUNKS))


def _useful_sources(graph: Graph, ends: str) -> Nodes:
    """Private numbers of all who reach somebody, those side by side who are as near to the largest hub.

    Searches from there reach a node in the same level or nearly so, and a node is complete soon after it is reached
    at all: half the time of a random order.
    """
    if graph.n_nodes == 0:
        return np.zeros(0, np.uint32)
    private = graph.relabelled()
    forward = ends == "in" or not graph.directed
    indptr, indices = (private.indptr, private.indices) if forward else (private.in_indptr, private.in_indices)
    there, away = distances_from_one(graph, 0, along=ends == "out")
    useful = np.flatnonzero(np.diff(indptr) > 0)
    largest_neighbour = indices[indptr[useful]]
    level = np.where(there, away, np.inf)[useful]
    return useful[np.lexsort((largest_neighbour, level))].astype(np.uint32)


def _lines(n: int) -> npt.NDArray[np.uint64]:
    """Three lines of 64 bytes per node, the first at the start of a cache line."""
    words = np.empty(3 * 8 * n + 8, np.uint64)
    skip = -words.ctypes.data % _BYTES_PER_LINE // 8
    return words[skip : skip + 24 * n].reshape(3, 8 * n)
