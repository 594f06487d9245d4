"""Arcs in any order -> sorted rows both ways, through an engine. See :mod:`swayrank.kernels.csr` for the method.

Every task fills one slice of one array, so any engine can run it. Peak memory above the inputs is about 18 bytes per
arc (33 with one column of 8 bytes) at 16 arcs per node, and a few MB per thread; half of it stays.

The result depends on the arcs alone: their order in the input changes no bit, except in a column without a combining
rule, which keeps the value of the first of several equal arcs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Step
from swayrank.engines import Bounds, Engine, balanced_bounds, chunk_bounds
from swayrank.errors import ParameterError
from swayrank.graph.parts import U32, U64, Adjacency, n_self_loops, read_only, row_counts, sources
from swayrank.kernels import csr

_CHUNK = 1 << 18  # arcs that one task partitions: 2 MB of scratch, which stays in a core's own cache
_BUCKET = 1 << 16  # arcs that one task lays out, about
_MAX_BUCKETS = 1 << 12

Words = npt.NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Rows of arcs: `words` holds uint32[m, w], neighbours in column 0 and the payload words after it."""

    indptr: U64
    words: U32

    @property
    def indices(self) -> U32:
        """The neighbours alone, contiguous and read-only."""
        return read_only(self.words[:, 0])

    @property
    def payload(self) -> npt.NDArray[np.integer[Any]]:
        """The number that each arc carries: uint32, or uint64 where 32 bits are too few."""
        payload = np.ascontiguousarray(self.words[:, 1:])
        return read_only(payload.view(np.uint32 if payload.shape[1] == 1 else np.uint64)[:, 0])


@dataclass(frozen=True)
class Edges:
    """Node positions as the caller has them (any integer dtype), and how to read them.

    Parameters
    ----------
    u, v : numpy.ndarray of integers, shape (n_rows,)
        The arcs u -> v.
    n_nodes : int
        All positions are below it.
    mirrored : bool
        Each row is also an arc v -> u.
    drop_loops : bool
        Leave arcs from a node to itself out.
    columns : dict of str to numpy.ndarray, shape (n_rows,)
        Values of each row, combined by name where rows repeat an arc.
    names : tuple of str
        What the caller calls `u` and `v`, for error messages.
    """

    u: npt.NDArray[Any]
    v: npt.NDArray[Any]
    n_nodes: int
    mirrored: bool = False
    drop_loops: bool = True
    columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    names: tuple[str, str] = ("u", "v")

    @property
    def n_arcs(self) -> int:
        """Arcs before loops and duplicates are dropped."""
        return self.u.size * (2 if self.mirrored else 1)


@dataclass(frozen=True)
class Built:
    """A finished graph and what was left out: rows that were loops, and rows that repeated an earlier one."""

    adjacency: Adjacency
    columns: dict[str, npt.NDArray[Any]]
    self_loops: int
    duplicates: int


def build(edges: Edges, engine: Engine, step: Step | None = None) -> Built:
    """Sort, deduplicate and combine arcs into rows both ways.

    Parameters
    ----------
    edges : Edges
        The arcs.
    engine : Engine
        Where to work.
    step : callable, optional
        Told about work done, in arcs; in all about 6 times ``edges.n_arcs``.

    Raises
    ------
    ParameterError
        If a position is not in [0, n_nodes).
    """
    payload = _payload_words(edges.u.size) if edges.columns else 0
    by_target = _sort(_partition_edges, edges, edges.n_arcs, edges.n_nodes, payload, engine, step)
    n_loops = edges.n_arcs - by_target.words.shape[0]
    by_source, distinct = _transpose(by_target, engine, step, count_distinct=True)
    del by_target
    n_arcs, n_distinct = by_source.words.shape[0], int(distinct[-1])
    if n_distinct == n_arcs:
        indices, starts = by_source.indices, None
    else:
        indices, starts = _deduplicate(by_source, distinct, engine, bool(payload))
    columns = {name: _combine(name, column, by_source, starts, engine) for name, column in edges.columns.items()}
    del by_source
    out = Rows(distinct, indices.reshape(-1, 1))
    into, _ = _transpose(out, engine, step)
    adjacency = Adjacency(distinct, indices, into.indptr, into.indices)
    if not edges.mirrored:
        return Built(adjacency, columns, n_loops, n_arcs - n_distinct)
    kept_loops = 0 if edges.drop_loops else n_self_loops(adjacency)
    if edges.drop_loops:
        n_loops //= 2
    else:
        n_loops = 0
    n_rows = (n_distinct - kept_loops) // 2 + kept_loops
    return Built(adjacency, columns, n_loops, edges.u.size - n_loops - n_rows)


def transpose(indptr: U64, indices: U32, engine: Engine) -> tuple[U64, U32]:
    """The same arcs by their other end, each row sorted.

    Examples
    --------
    >>> from swayrank.engines import resolve_engine
    >>> indptr, indices = np.array([0, 2, 3, 3], np.uint64), np.array([1, 2, 2], np.uint32)
    >>> transpose(indptr, indices, resolve_engine())
    (array([0, 0, 1, 3], dtype=uint64), array([0, 0, 1], dtype=uint32))
    """
    rows, _ = _transpose(Rows(indptr, indices.reshape(-1, 1)), engine)
    return rows.indptr, rows.indices


def transposed_arcs(indptr: U64, indices: U32, engine: Engine) -> npt.NDArray[np.integer[Any]]:
    """For each arc of the transposed graph, its position in this one: uint32, or uint64 from 2**32 arcs on."""
    rows, _ = _transpose(Rows(indptr, indices.reshape(-1, 1)), engine, number=True)
    return rows.payload


def relabel(indptr: U64, indices: U32, order: U32, rank: U32, engine: Engine, *, number: bool) -> Rows:
    """The transposed graph under other node numbers, each row sorted.

    Parameters
    ----------
    indptr, indices : numpy.ndarray
        Rows of the graph by its old numbers.
    order, rank : numpy.ndarray of uint32, shape (n_nodes,)
        ``order[new]`` is the old number and ``rank[old]`` the new one.
    number : bool
        Each arc carries its position in `indices`.
    """
    rows, _ = _transpose(Rows(indptr, indices.reshape(-1, 1)), engine, number=number, order=order, rank=rank)
    return rows


def _payload_words(n_arcs: int) -> int:
    return 1 if n_arcs <= 2**32 else 2


# -- one counting sort -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """Arcs to be partitioned: by target as the caller gave them, or by neighbour as they stand in rows."""

    arcs: Any
    shift: int
    n_buckets: int
    n_payload: int


@dataclass(frozen=True)
class _Partitioned:
    """What a bucket's task needs: the scratch, and where each chunk left each bucket in it."""

    scratch: Words
    chunks: Bounds
    offsets: U32
    starts: npt.NDArray[np.int64]
    shift: int
    n_rows: int
    n_words: int
    count_distinct: bool


def _sort(
    task: Callable[..., U32],
    arcs: Any,
    n_arcs: int,
    n_rows: int,
    n_payload: int,
    engine: Engine,
    step: Step | None = None,
) -> Rows:
    return _sort_and_count(task, arcs, n_arcs, n_rows, n_payload, engine, step, count_distinct=False)[0]


def _sort_and_count(
    task: Callable[..., U32],
    arcs: Any,
    n_arcs: int,
    n_rows: int,
    n_payload: int,
    engine: Engine,
    step: Step | None,
    *,
    count_distinct: bool,
) -> tuple[Rows, U64]:
    """Partition, then lay out. Gives the rows, and the row pointers that they would have without duplicates."""
    shift, n_buckets = _buckets(n_rows, n_arcs)
    chunks = chunk_bounds(n_arcs, _CHUNK)
    scratch = np.empty(n_arcs, _words(2 + n_payload))
    job = _Job(arcs, shift, n_buckets, n_payload)
    offsets = list(engine.map(task, job, chunks, out=scratch, step=step))
    table = np.array(offsets, np.uint32).reshape(-1, n_buckets + 1)
    starts = np.zeros(n_buckets + 1, np.int64)
    np.cumsum(np.diff(table.astype(np.int64), axis=1).sum(axis=0), out=starts[1:])
    parts = _Partitioned(scratch, chunks, table, starts, shift, n_rows, 1 + n_payload, count_distinct)
    out = np.empty(int(starts[-1]), _words(1 + n_payload))
    # [degrees, distinct], shifted by one place so that their running sums are row pointers
    pointers = np.zeros((2, n_rows + 1), np.uint64)
    filled = np.flatnonzero(np.diff(starts))
    for bucket, counts in zip(filled, engine.map(_lay_out, parts, np.unique(starts), out=out, step=step), strict=True):
        first = 1 + (int(bucket) << shift)
        pointers[:, first : first + counts.shape[1]] = counts
    np.cumsum(pointers, axis=1, out=pointers)
    rows = Rows(read_only(pointers[0]), read_only(out.view(np.uint32).reshape(-1, 1 + n_payload)))
    return rows, read_only(pointers[1])


def _words(n: int) -> np.dtype[Any]:
    """One arc of `n` 32-bit words as one item, so that engines can cut arrays of arcs."""
    return np.dtype([(f"word{i}", np.uint32) for i in range(n)])


def _buckets(n_rows: int, n_arcs: int) -> tuple[int, int]:
    """How far to shift a row number to get its bucket, and how many buckets that makes."""
    wanted = min(max(1, n_arcs // _BUCKET), _MAX_BUCKETS)
    last = max(n_rows - 1, 0)
    shift = max(0, last.bit_length() - (wanted - 1).bit_length())
    return shift, (last >> shift) + 1


def _partition_edges(job: _Job, start: int, stop: int, out: Words) -> U32:
    """Task: partition the arcs [start, stop) by target. With mirrors, arc 2i is (u, v) of row i, and 2i + 1 (v, u)."""
    edges: Edges = job.arcs
    every = 2 if edges.mirrored else 1
    first, last = start // every, stop // every
    u = _narrow(edges.u[first:last], first, edges.names[0], edges.n_nodes)
    v = _narrow(edges.v[first:last], first, edges.names[1], edges.n_nodes)
    keys, values = v, u.reshape(-1, 1)
    if edges.mirrored or job.n_payload:
        keys, values = np.empty(stop - start, np.uint32), np.empty((stop - start, 1 + job.n_payload), np.uint32)
        keys[::every], values[::every, 0] = v, u
    if edges.mirrored:
        keys[1::2], values[1::2, 0] = u, v
    if job.n_payload:
        values[:, 1:] = _as_words(np.repeat(np.arange(first, last, dtype=np.uint64), every), job.n_payload)
    if edges.drop_loops:
        loops = csr.DROP_LOOPS
    else:
        loops = csr.DROP_MIRRORED_LOOPS if edges.mirrored else csr.KEEP_LOOPS
    return _partition(job, keys, values, loops, out)


def _narrow(array: npt.NDArray[Any], start: int, name: str, n_nodes: int) -> U32:
    """A slice of node positions as uint32, checked against the number of nodes."""
    if array.size and (array.min() < 0 or array.max() >= n_nodes):
        at = int(np.flatnonzero((array < 0) | (array >= n_nodes))[0])
        raise ParameterError(
            f"{name}[{start + at}] is {array[at]}: node positions must be in [0, n_nodes) with n_nodes = {n_nodes}; "
            "if these numbers are account ids, leave n_nodes and ids out"
        )
    return array.astype(np.uint32, copy=False)


def _as_words(numbers: U64, n_words: int) -> U32:
    """The low 32 bits of each number, or both halves: uint32[k, n_words]."""
    if n_words == 1:
        return numbers.astype(np.uint32).reshape(-1, 1)
    return numbers.view(np.uint32).reshape(-1, 2)


def _partition(job: _Job, keys: U32, values: U32, loops: np.uint64, out: Words) -> U32:
    offsets = np.zeros(job.n_buckets + 1, np.uint32)
    words = out.view(np.uint32).reshape(-1, values.shape[1] + 1)
    csr.partition(read_only(keys), read_only(values), np.uint64(job.shift), loops, offsets, words)
    return offsets


def _lay_out(parts: _Partitioned, start: int, stop: int, out: Words) -> U64:
    """Task: the rows of one bucket, whose arcs are [start, stop) of the result. Gives degrees and distinct degrees."""
    bucket = int(np.searchsorted(parts.starts, start, side="right")) - 1
    first_row = bucket << parts.shift
    counts = np.zeros((2, min(1 << parts.shift, parts.n_rows - first_row)), np.uint64)
    begins, ends = (parts.chunks[:-1] + parts.offsets[:, bucket + k] for k in (0, 1))
    scratch = parts.scratch.view(np.uint32).reshape(-1, parts.n_words + 1)
    words = out.view(np.uint32).reshape(-1, parts.n_words)
    csr.scatter(
        read_only(scratch),
        read_only(begins.astype(np.uint64)),
        read_only(ends.astype(np.uint64)),
        np.uint64(first_row),
        counts[0],
        words,
    )
    if parts.count_distinct:
        csr.count_distinct(read_only(words), read_only(counts[0]), counts[1])
    return counts


# -- rows to the other end's rows --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Walk:
    """Rows to walk: in their own order, or in `order` with the neighbours renamed by `rank`."""

    rows: Rows
    number: bool
    order: U32 | None = None
    rank: U32 | None = None
    walked: U64 | None = None


def _transpose(
    rows: Rows,
    engine: Engine,
    step: Step | None = None,
    *,
    count_distinct: bool = False,
    number: bool = False,
    order: U32 | None = None,
    rank: U32 | None = None,
) -> tuple[Rows, U64]:
    n_arcs, n_rows = rows.words.shape[0], rows.indptr.size - 1
    n_payload = _payload_words(n_arcs) if number else rows.words.shape[1] - 1
    walked = None
    if order is not None:
        walked = np.zeros(n_rows + 1, np.uint64)
        np.cumsum(np.diff(rows.indptr)[order], out=walked[1:])
    walk = _Walk(rows, number, order, rank, walked)
    return _sort_and_count(
        _partition_rows, walk, n_arcs, n_rows, n_payload, engine, step, count_distinct=count_distinct
    )


def _partition_rows(job: _Job, start: int, stop: int, out: Words) -> U32:
    """Task: partition the arcs [start, stop), in the order of the walk over the rows, by neighbour."""
    walk: _Walk = job.arcs
    rows = walk.rows
    numbers: npt.NDArray[Any] | None = None
    if walk.order is None or walk.rank is None or walk.walked is None:
        words = rows.words[start:stop]
        keys, values = words[:, 0], np.empty((stop - start, 1 + job.n_payload), np.uint32)
        values[:, 0] = sources(rows.indptr, start, stop)
        if walk.number:
            numbers = np.arange(start, stop, dtype=np.uint64)
        else:
            values[:, 1:] = words[:, 1:]
    else:
        first, counts = row_counts(walk.walked, start, stop)
        last = first + counts.size
        jumps = rows.indptr[walk.order[first:last]].astype(np.int64) - walk.walked[first:last].astype(np.int64)
        places = np.arange(start, stop) + np.repeat(jumps, counts)
        keys, values = walk.rank[rows.words[places, 0]], np.empty((stop - start, 1 + job.n_payload), np.uint32)
        values[:, 0] = np.repeat(np.arange(first, last, dtype=np.uint32), counts)
        numbers = places.astype(np.uint64) if walk.number else None
    if numbers is not None:
        values[:, 1:] = _as_words(numbers, job.n_payload)
    return _partition(job, keys, values, csr.KEEP_LOOPS, out)


# -- duplicates and columns --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Runs:
    """Sorted rows with runs of equal arcs, and the row pointers that they have without them."""

    rows: Rows
    distinct: U64


def _deduplicate(rows: Rows, distinct: U64, engine: Engine, with_columns: bool) -> tuple[U32, U64 | None]:
    """The distinct neighbours; with columns, also where each run begins (and the last ends)."""
    n_arcs = int(distinct[-1])
    bounds = np.unique(distinct[balanced_bounds(distinct, 1 + n_arcs // _CHUNK)]).astype(np.int64)
    runs = _Runs(rows, distinct)
    if not with_columns:
        indices = np.empty(n_arcs, np.uint32)
        list(engine.map(_first_neighbours, runs, bounds, out=indices))
        return read_only(indices), None
    starts = np.empty(n_arcs + 1, np.uint64)
    starts[-1] = rows.words.shape[0]
    list(engine.map(_run_starts, runs, bounds, out=starts[:-1]))
    return read_only(rows.words[:, 0][starts[:-1]]), read_only(starts)


def _run_starts(runs: _Runs, start: int, stop: int, out: U64) -> None:
    """Task: where the runs [start, stop) begin; `start` is the beginning of a row."""
    first_row = int(np.searchsorted(runs.distinct, np.uint64(start), side="right")) - 1
    csr.first_of_runs(read_only(runs.rows.words), read_only(runs.rows.indptr), np.uint64(first_row), out)


def _first_neighbours(runs: _Runs, start: int, stop: int, out: U32) -> None:
    """Task: the neighbours of the runs [start, stop)."""
    starts = np.empty(stop - start, np.uint64)
    _run_starts(runs, start, stop, starts)
    out[:] = runs.rows.words[:, 0][starts]


@dataclass(frozen=True)
class _Column:
    name: str
    values: npt.NDArray[Any]
    rows_of_arcs: npt.NDArray[np.integer[Any]]
    starts: U64 | None


def _combine(name: str, values: npt.NDArray[Any], rows: Rows, starts: U64 | None, engine: Engine) -> npt.NDArray[Any]:
    """The column in the order of the arcs, one value for each run: sum, noisy-or, minimum or first, by its name."""
    column = _Column(name, values, rows.payload, starts)
    n_arcs = rows.words.shape[0] if starts is None else starts.size - 1
    out = np.empty(n_arcs, values.dtype)
    list(engine.map(_combine_runs, column, chunk_bounds(n_arcs, _CHUNK), out=out))
    return read_only(out)


def _combine_runs(column: _Column, start: int, stop: int, out: npt.NDArray[Any]) -> None:
    """Task: the values of the runs [start, stop)."""
    if column.starts is None:
        out[:] = column.values[column.rows_of_arcs[start:stop]]
        return
    starts = column.starts[start : stop + 1]
    if column.name not in ("weight", "probability", "time"):
        out[:] = column.values[column.rows_of_arcs[starts[:-1]]]
        return
    values = column.values[column.rows_of_arcs[int(starts[0]) : int(starts[-1])]]
    starts = read_only(starts - starts[0])
    if column.name == "time":
        np.minimum.reduceat(values, starts[:-1].astype(np.int64), out=out)
    else:
        csr.combine_runs(values, starts, column.name == "probability", out)
