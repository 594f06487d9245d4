"""Event logs on their way through a small memory: coded rows, bucket by bucket, in memory or in a temporary file.

:func:`spill_events` reads logs once. Rows go into 256 buckets of accounts; they stay in memory as long as half the
limit lasts, and lie in one temporary file from then on (24 bytes per row). The file has no name where the system
allows that, so it is gone whenever the process ends, however it ends; ``TMPDIR`` says where.

What must be whole stays in memory: the ids of accounts and posts, and 12 bytes for each.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank.errors import FolderError, ParameterError
from swayrank.events.columns import NO_ACCOUNT, NO_TIME, subset
from swayrank.events.reports import EventsReport
from swayrank.ids import Ids, read_only
from swayrank.kernels import spill as kernels
from swayrank.sources.event_blocks import EventBlock, EventBlocks
from swayrank.sources.events import lacking_targets, told_of_targets
from swayrank.sources.memory import resident_bytes, size_in_bytes, temporary_space, told_size

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

_RESERVE = 150_000_000  # blocks of text and what is made of them, while reading
_DUCKDB_SHARE = 8
_WORD = 4
_ONE = np.ones(1).view(np.uint32)


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """How much memory the process may hold in all; None: as much as there is.

    Examples
    --------
    >>> MemoryLimit.of("100GB").n_bytes
    100000000000
    """

    n_bytes: int | None

    @classmethod
    def of(cls, size: str | int | None) -> MemoryLimit:
        """The limit that a size names.

        Raises
        ------
        ParameterError
            If it is no size, or this process holds more already.
        """
        if size is None:
            return cls(None)
        n_bytes, held = size_in_bytes("memory_limit", size), resident_bytes() + _RESERVE
        if n_bytes < held:
            raise ParameterError(f"memory_limit must be at least {told_size(held)} for any input, got {size!r}")
        return cls(n_bytes)

    def left(self) -> float:
        """Bytes that are left now."""
        return np.inf if self.n_bytes is None else self.n_bytes - resident_bytes()

    def require(self, more: float, what: str) -> None:
        """Raise ParameterError, with the limit that would do, if `more` bytes are not left."""
        if self.left() < more:
            assert self.n_bytes is not None
            needed = told_size(resident_bytes() + more)
            raise ParameterError(f"memory_limit must be at least {needed} for {what}, got {told_size(self.n_bytes)}")


class _Bucketed:
    """Pieces of rows, each ordered by bucket: arrays, or ranges of a file."""

    def __init__(self) -> None:
        self.sizes = np.zeros(kernels.N_BUCKETS, np.int64)
        self._pieces: list[tuple[U64, int, Any]] = []  # where buckets end, words per row, array or offset in the file
        self._file: IO[bytes] | None = None
        self._end = 0

    @property
    def on_disk(self) -> bool:
        return self._file is not None

    def add(self, ends: U64, rows: U32) -> None:
        self.sizes += np.diff(ends).astype(np.int64)
        self._pieces.append((ends, rows.shape[1], rows if self._file is None else self._write(rows)))

    def to_disk(self) -> None:
        """Let what is held, and all that follows, lie in a file."""
        self._file = tempfile.TemporaryFile(prefix="swayrank-", buffering=0)  # noqa: SIM115
        for k, (ends, width, rows) in enumerate(self._pieces):
            self._pieces[k] = ends, width, self._write(rows)

    def _write(self, rows: U32) -> int:
        assert self._file is not None
        offset, view = self._end, _bytes_of(rows)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise FolderError(
                f"{tempfile.gettempdir()}: rows that do not fit into memory cannot be written there: "
                f"{error.strerror or error}; let TMPDIR name a folder with more room, or raise memory_limit"
            ) from error
        self._end += rows.nbytes
        return offset

    def take(self, first: int, stop: int) -> U32:
        """The rows of the buckets `first`, ..., `stop` - 1; where some have weights, all have."""
        width = max((width for _, width, _ in self._pieces), default=kernels.WIDTH)
        found = np.empty((int(self.sizes[first:stop].sum()), width), np.uint32)
        at = 0
        for ends, words, where in self._pieces:
            low, high = int(ends[first]), int(ends[stop])
            part = found[at : at + high - low]
            part[:, :words] = self._piece(where, low, high, words)
            if words < width:
                part[:, words:] = _ONE
            at += high - low
        return found

    def _piece(self, where: Any, low: int, high: int, words: int) -> U32:
        if self._file is None:
            return where[low:high]  # type: ignore[no-any-return]
        self._file.seek(where + low * words * _WORD)
        rows = np.empty((high - low, words), np.uint32)
        view = _bytes_of(rows)
        while view:
            n_read = self._file.readinto(view)  # type: ignore[attr-defined]
            if not n_read:
                raise FolderError(f"{tempfile.gettempdir()}: the temporary file there has been cut short")
            view = view[n_read:]
        return rows

    def close(self) -> None:
        self._pieces.clear()
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, eq=False)
class SpilledEvents:
    """All rows of event logs, to be taken bucket by bucket.

    Attributes
    ----------
    accounts : Ids
        As ``Events.accounts`` would have them.
    position : numpy.ndarray of uint32, shape (n_codes,)
        For each code its position in `accounts`; 2**32 - 1 for ids that only refused rows had.
    n_posts : int
        One more than the highest code of a post.
    actions : tuple of str
        The vocabulary.
    n_events : int
        Rows.
    span : tuple of int, or None
        First and last time in microseconds.
    report : EventsReport
        What reading came to; repeated rows are kept, and not counted yet.
    on_disk : bool
        Whether rows lie in a temporary file.
    """

    accounts: Ids
    position: U32
    n_posts: int
    actions: tuple[str, ...]
    n_events: int
    span: tuple[int, int] | None
    report: EventsReport
    on_disk: bool
    _rows: _Bucketed = field(repr=False)

    @property
    def bucket_sizes(self) -> npt.NDArray[np.int64]:
        """Rows in each bucket."""
        return self._rows.sizes

    def take(self, first: int, stop: int) -> U32:
        """The rows of some buckets as :mod:`swayrank.kernels.spill` lays them out, followed by weights if there are."""
        return self._rows.take(first, stop)


@contextlib.contextmanager
def spill_events(
    paths: Any = None,
    *,
    limit: MemoryLimit,
    threads: int | None = None,
    progress: Progress = None,
    **reading: Any,
) -> Iterator[SpilledEvents]:
    """Read logs once and hold their rows, in memory or in a temporary file that is gone after the block.

    Parameters
    ----------
    paths : path, list of paths, or frame, optional
        As for `read_events`.
    limit : MemoryLimit
        For the whole process.
    threads, progress
        As for `read_events`.
    **reading
        Parameters of `read_events` that say how to read.

    Raises
    ------
    ParameterError
        If the ids alone need more than the limit; the message says how much would do.
    FolderError
        If the temporary folder has not enough room.
    """
    share = None if limit.n_bytes is None else f"{max(64, limit.n_bytes // _DUCKDB_SHARE >> 20)}MiB"
    blocks = EventBlocks(paths, threads=threads, duckdb_limit=share, progress=progress, **reading)
    collected = _Collected(blocks, limit)
    try:
        for block in blocks:
            collected.add(block)
        yield collected.finished()
    finally:
        collected.rows.close()
        collected.waiting.close()


class _Collected:
    """What is gathered while blocks go by."""

    def __init__(self, blocks: EventBlocks, limit: MemoryLimit) -> None:
        self.rows = _Bucketed()
        self._blocks, self._limit = blocks, limit
        self._first_seen, self._author = np.empty(0, np.uint64), np.empty(0, np.uint32)
        self._tallies = np.zeros(kernels.N_TALLIES, np.int64)
        self.waiting = _Bucketed()  # rows whose target is the author of a post that nobody has published so far
        self._first_block = self._n = self._interactions = self._lacking = 0
        self._first_time, self._last_time = np.iinfo(np.int64).max, NO_TIME

    def add(self, block: EventBlock) -> None:
        n = len(block.actor)
        self._first_block = self._first_block or n
        self._n += n
        self._interactions += int(np.count_nonzero(block.action))
        self._last_time = max(self._last_time, int(block.time.max(initial=NO_TIME)))
        known = block.time != NO_TIME
        self._first_time = min(self._first_time, int(block.time.min(initial=self._first_time, where=known)))
        self._first_seen = _grown(self._first_seen, len(self._blocks.accounts), kernels.NEVER)
        self._author = _grown(self._author, len(self._blocks.posts) + 1, kernels.NOBODY)
        pending = np.zeros(n, np.uint8)
        kernels.settle_rows(
            read_only(block.actor),
            block.target,
            read_only(block.action),
            read_only(block.post),
            np.uint64(block.first_row),
            self._first_seen,
            self._author,
            pending,
            self._tallies,
        )
        if pending.any():
            where = (block.first_row + np.flatnonzero(pending)).view(np.uint32).reshape(-1, 2)
            late = _part(block, pending == 1)
            _deal(late, np.hstack([where, _halves(late)]), self.waiting)
            block = _part(block, pending == 0)
        self._deal(block)
        self._keep_to_limit()

    def _deal(self, block: EventBlock) -> None:
        lacking = (block.target == NO_ACCOUNT) & (block.action != 0)
        self._lacking += int(np.count_nonzero(lacking))
        _deal(block, _halves(block), self.rows)

    def _keep_to_limit(self) -> None:
        limit = self._limit
        if limit.n_bytes is None:
            return
        if not self.rows.on_disk and limit.left() < limit.n_bytes / 2:
            expected = max(self._n, self._blocks.likely_rows(self._first_block)) * kernels.WIDTH * _WORD
            folder, free = temporary_space()
            if free < expected:
                raise FolderError(
                    f"{folder}: rows that do not fit into {told_size(limit.n_bytes)} of memory need about "
                    f"{told_size(expected)} there, and {told_size(free)} are free; let TMPDIR name another folder, or "
                    f"raise memory_limit"
                )
            self.rows.to_disk()
            self.waiting.to_disk()
        n_accounts, n_posts = len(self._blocks.accounts), len(self._blocks.posts)
        limit.require(_RESERVE, f"the ids of {n_accounts:,} accounts and {n_posts:,} posts, and more rows are to come")

    def finished(self) -> SpilledEvents:
        self._settle_waiting()
        blocks, n = self._blocks, len(self._blocks.accounts)
        seen = np.flatnonzero(self._first_seen[:n] != kernels.NEVER)
        order = seen[np.argsort(self._first_seen[seen], kind="stable")]
        position = np.full(n, NO_ACCOUNT, np.uint32)
        position[order] = np.arange(len(order), dtype=np.uint32)
        filled, own = int(self._tallies[kernels.FILLED]), int(self._tallies[kernels.OWN_TARGETS])
        notes = told_of_targets(filled, own) + lacking_targets(self._interactions, self._lacking)
        return SpilledEvents(
            subset(blocks.accounts.ids(), order),
            position,
            len(blocks.posts),
            blocks.actions,
            self._n,
            None if self._last_time == NO_TIME else (self._first_time, self._last_time),
            EventsReport(blocks.reports, blocks.rejects, notes=tuple(notes)),
            self.rows.on_disk,
            self.rows,
        )

    def _settle_waiting(self) -> None:
        """Give the rows that waited the authors of their posts, who are all known by now."""
        for bucket in range(kernels.N_BUCKETS):
            rows = self.waiting.take(bucket, bucket + 1)
            if not len(rows):
                continue
            actor, _, post, action = (np.ascontiguousarray(rows[:, k]) for k in range(4))
            time, where, *weight = (np.ascontiguousarray(rows[:, k : k + 2]) for k in range(4, rows.shape[1], 2))
            target = self._author[post]
            found = target != NO_ACCOUNT
            self._tallies[kernels.FILLED] += np.count_nonzero(found)
            np.minimum.at(self._first_seen, target[found], 2 * where.view(np.uint64)[found, 0] + np.uint64(1))
            weights = weight[0].view(np.float64)[:, 0] if weight else None
            self._deal(EventBlock(0, actor, target, action.astype(np.uint8), post, time.view(np.int64)[:, 0], weights))
        self.waiting.close()


def _deal(block: EventBlock, more: U32, to: _Bucketed) -> None:
    """Put a block's rows, each followed by `more`, into their buckets."""
    rows = np.empty((len(block.actor), kernels.WIDTH + more.shape[1]), np.uint32)
    ends = np.zeros(kernels.N_BUCKETS + 1, np.uint64)
    columns = (block.actor, block.target, block.action, block.post, block.time, more)
    kernels.deal_rows(*(read_only(np.ascontiguousarray(column)) for column in columns), ends, rows)
    to.add(ends, rows)


def _bytes_of(rows: U32) -> memoryview:
    return rows.data.cast("B") if rows.size else memoryview(b"")


def _part(block: EventBlock, keep: npt.NDArray[np.bool_]) -> EventBlock:
    columns = (block.actor[keep], block.target[keep], block.action[keep], block.post[keep], block.time[keep])
    return EventBlock(block.first_row, *columns, None if block.weight is None else block.weight[keep])


def _halves(block: EventBlock) -> U32:
    """Weights as pairs of words; no words where there are none."""
    if block.weight is None:
        return np.empty((len(block.actor), 0), np.uint32)
    return np.ascontiguousarray(block.weight).view(np.uint32).reshape(-1, 2)


def _grown(array: npt.NDArray[Any], n: int, value: Any) -> npt.NDArray[Any]:
    """The array with room for `n`, and some more than that where it has to be enlarged."""
    if n <= len(array):
        return array
    larger = np.full(n + n // 4 + 1024, value, array.dtype)
    larger[: len(array)] = array
    return larger
