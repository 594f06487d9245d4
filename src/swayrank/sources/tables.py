"""Records of a table file, batch by batch, in file order: every record comes out as a row or as a refusal.

Delimited text and JSON lines are cut by :mod:`swayrank.kernels.records`; JSON is taken apart by DuckDB; Parquet is read
by Arrow. Memory is bounded by the batch, whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.ids import Cells, as_cells, read_only
from swayrank.kernels.records import GOOD, TOO_FEW, TOO_MANY, UNTERMINATED, copy_cells, split_records
from swayrank.sources.dialects import Layout
from swayrank.sources.rejects import BAD_ENCODING, OPEN_QUOTE
from swayrank.sources.streams import BLOCK_BYTES, text_blocks

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]

MAX_QUOTED_LINES = 50
MAX_QUOTED_BYTES = 1 << 16
_PARQUET_ROWS = 1 << 18
_PARQUET_BUFFER = 1 << 20
_LIKELY_BYTES = 24  # of a record; where they are shorter, a block takes several turns
_UNDECODABLE = np.uint8(9)
_REASONS = {
    int(TOO_FEW): "too few fields",
    int(TOO_MANY): "too many fields",
    int(UNTERMINATED): OPEN_QUOTE,
    int(_UNDECODABLE): BAD_ENCODING,
}


def open_duckdb(threads: int, memory_limit: str | None = None, timezone: str = "UTC") -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that installs nothing, uses `threads` threads, and reads naive times in `timezone`.

    Raises
    ------
    ParameterError
        If DuckDB does not know the time zone or the memory limit.
    """
    import duckdb

    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": str(threads),
    }
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    try:
        connection = duckdb.connect(config=settings)
    except duckdb.Error as error:
        raise ParameterError(f"memory_limit must be a size such as '4GB', got {memory_limit!r}") from error
    if not connection.execute("SELECT 1 FROM pg_timezone_names() WHERE name = ?", [timezone]).fetchall():
        connection.close()
        raise ParameterError(f"timezone must be a name such as 'UTC' or 'Australia/Melbourne', got {timezone!r}")
    escaped = timezone.replace("'", "''")  # SET takes no parameters; the name is a known one by now
    connection.execute(f"SET TimeZone = '{escaped}'")
    return connection


class Column:
    """One column of a batch: byte ranges of a text, or an Arrow array; either is made from the other when asked for."""

    def __init__(self, arrow: pa.Array | None, cells: Cells | None = None) -> None:
        self._arrow, self._cells = arrow, cells

    def __len__(self) -> int:
        return len(self._cells) if self._cells is not None else len(self.arrow())

    @property
    def typed(self) -> bool:
        """Whether the values came with a type of their own instead of as text."""
        if self._arrow is None:
            return False
        return not (pa.types.is_string(self._arrow.type) or pa.types.is_large_string(self._arrow.type))

    def arrow(self) -> pa.Array:
        """The column as an Arrow array, text as large_string."""
        if self._arrow is None:
            assert self._cells is not None
            none = np.zeros(len(self._cells), np.uint8)
            self._arrow = _arrow_of_ranges(self._cells.text, self._cells.starts, self._cells.stops, none, 0)
        return self._arrow

    def cells(self) -> Cells:
        """The column as the interner takes it."""
        if self._cells is None:
            self._cells = as_cells(self._arrow)
        return self._cells

    def take(self, rows: npt.NDArray[Any]) -> Column:
        """The column at `rows` (a mask or positions)."""
        if self._cells is not None and self._cells.ints is None and self._arrow is None:
            return Column(None, self._cells.part(rows))
        positions = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Column(self.arrow().take(pa.array(positions)))

    def text(self, row: int) -> str:
        """One value as text, for people."""
        value = self.take(np.array([row])).arrow()[0].as_py()
        return "" if value is None else str(value)


@dataclass(slots=True)
class Batch:
    """Some records of one file.

    Attributes
    ----------
    columns : dict of str to Column
        The wanted columns of the good records.
    record : numpy.ndarray of int64, shape (n,)
        For each good record, its first line in the file (row number in Parquet and frames), from 1.
    refused : list of (int, str, str)
        Record, text and reason of each record that could not be cut.
    """

    columns: dict[str, Column]
    record: Int64Array
    refused: list[tuple[int, str, str]] = field(default_factory=list)


def read_batches(
    path: Path,
    layout: Layout,
    wanted: Iterable[str],
    connection: duckdb.DuckDBPyConnection,
    *,
    threads: int = 1,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Batch]:
    """The records of a file in file order.

    Parameters
    ----------
    path : Path
        The file.
    layout : Layout
        As :func:`~swayrank.sources.dialects.inspect_table` gives it.
    wanted : iterable of str
        Names of columns of the layout.
    connection : duckdb.DuckDBPyConnection
        Takes JSON apart.
    threads : int
        With more than one, the next batch is cut while this one is used.
    block_bytes : int
        About how much text is worked on at a time.
    """
    names = list(dict.fromkeys(wanted))
    if layout.format == "parquet":
        rows = _parquet_batches(path, names)
        yield from ahead(rows) if threads > 1 else rows
        return
    json = layout.format == "jsonl"
    cut = _cut_batches(path, layout, ("line",) if json else layout.columns, ["line"] if json else names, block_bytes)
    batches = ahead(cut) if threads > 1 else cut
    if json:
        yield from (_taken_apart(batch, names, connection) for batch in batches)
    else:
        yield from batches


def frame_batches(table: pa.Table, wanted: Iterable[str]) -> Iterator[Batch]:
    """The rows of an Arrow table."""
    part = table.select(list(dict.fromkeys(wanted)))
    first = 1
    for rows in part.to_batches(max_chunksize=_PARQUET_ROWS):
        yield _typed_batch(rows, first)
        first += len(rows)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one being made while this one is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="swayrank-read") as pool:
        end = object()
        pending = pool.submit(next, items, end)
        while (item := pending.result()) is not end:
            pending = pool.submit(next, items, end)
            yield item  # type: ignore[misc]


def _parquet_batches(path: Path, names: list[str]) -> Iterator[Batch]:
    import pyarrow.parquet as pq

    first = 1
    try:
        # Read as it is needed: buffering ahead holds half a gigabyte more, and takes twice as long.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_PARQUET_BUFFER) as file:
            for rows in file.iter_batches(_PARQUET_ROWS, columns=names):
                yield _typed_batch(rows, first)
                first += len(rows)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"is not a whole Parquet file ({printable(error)})", file=str(path)) from error


def release_arrow() -> None:
    """Give back what Arrow's pool keeps for later: half a gigabyte after some 10 million rows."""
    pa.default_memory_pool().release_unused()


def _typed_batch(rows: pa.RecordBatch, first: int) -> Batch:
    columns = {}
    for name, values in zip(rows.schema.names, rows.columns, strict=True):
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if values.type in (pa.string(), pa.string_view()) or pa.types.is_boolean(values.type):
            values = values.cast(pa.large_string())
        if pa.types.is_null(values.type):
            values = values.cast(pa.large_string())
        columns[name] = Column(values)
    return Batch(columns, np.arange(first, first + len(rows), dtype=np.int64))


# -- cutting text ------------------------------------------------------------------------------------------------------


class _Room:
    """Arrays that the kernel fills for one block."""

    def __init__(self, n_columns: int, room: int) -> None:
        self.line, self.status = np.empty(room, np.int64), np.empty(room, np.uint8)
        self.begins, self.ends = np.empty(room, np.int64), np.empty(room, np.int64)
        shape = (max(1, n_columns), room)
        self.starts, self.stops = np.empty(shape, np.int64), np.empty(shape, np.int64)
        self.doubled = np.empty(shape, np.uint8)
        self.done = np.zeros(4, np.uint64)


def _cut_batches(
    path: Path, layout: Layout, columns: tuple[str, ...], names: list[str], block_bytes: int
) -> Iterator[Batch]:
    slots = np.full(len(columns), -1, np.int64)
    for k, name in enumerate(names):
        slots[columns.index(name)] = k
    newline = ord(layout.newline)
    separator = {"jsonl": newline}.get(layout.format, 0 if layout.separator == " " else ord(layout.separator))
    quote = ord(layout.quote) if layout.quote else 0
    fixed = [separator, quote, newline, len(columns), MAX_QUOTED_LINES, MAX_QUOTED_BYTES]
    line, rest = layout.skip_lines + 1, b""
    for block, final in _lined_up(path, layout, block_bytes):
        data, at = rest + block, 0
        room = len(data) // _LIKELY_BYTES + 64
        text = np.frombuffer(data, np.uint8)
        while True:
            space = _Room(len(names), room)
            limits = read_only(np.array([*fixed, line, at, room], np.uint64))
            arrays = (space.line, space.status, space.begins, space.ends, space.starts, space.stops, space.doubled)
            split_records(text, limits, np.uint64(final), read_only(slots), *arrays, space.done)
            n, at, line = (int(x) for x in space.done[:3])
            if n:
                yield _batch(data, text, space, n, names, quote)
            if n < room:
                break
        rest = data[at:]


def _lined_up(path: Path, layout: Layout, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Blocks after the first `skip_lines` lines, each with whether it is the last (then it is empty)."""
    newline, skip = layout.newline.encode(), layout.skip_lines
    for block in text_blocks(path, layout.encoding, block_bytes):
        at = 0
        while skip and at < len(block):
            end = block.find(newline, at)
            at, skip = (len(block), skip) if end < 0 else (end + 1, skip - 1)
        if at < len(block):
            yield block[at:], 0
    yield b"", 1


def _batch(data: bytes, text: npt.NDArray[np.uint8], space: _Room, n: int, names: list[str], quote: int) -> Batch:
    status = space.status[:n]
    begins, ends = space.begins[:n], space.ends[:n]
    if not data.isascii():
        _mark_bad_encoding(data, begins, ends, status)
    good = status == GOOD
    refused = [
        (int(space.line[k]), data[begins[k] : ends[k]].decode("utf-8", "replace"), _REASONS[int(status[k])])
        for k in np.flatnonzero(~good)
    ]
    rows: Any = slice(0, n) if not refused else np.flatnonzero(good)
    columns = {}
    for k, name in enumerate(names):
        starts, stops = space.starts[k, :n][rows], space.stops[k, :n][rows]
        doubled = space.doubled[k, :n][rows]
        if doubled.any():
            columns[name] = Column(_arrow_of_ranges(text, starts, stops, doubled, quote))
        else:
            columns[name] = Column(None, Cells.of_ranges(text, starts, stops))
    return Batch(columns, space.line[:n][rows], refused)


def _mark_bad_encoding(data: bytes, begins: Int64Array, ends: Int64Array, status: npt.NDArray[np.uint8]) -> None:
    """Mark the records that are not UTF-8, by halving the ranges that do not decode."""
    pending = [(0, len(begins))]
    while pending:
        low, high = pending.pop()
        try:
            data[begins[low] : ends[high - 1]].decode("utf-8")
        except UnicodeDecodeError:
            if high - low == 1:
                status[low] = _UNDECODABLE
            else:
                middle = (low + high) // 2
                pending += [(low, middle), (middle, high)]


def _arrow_of_ranges(
    text: npt.NDArray[np.uint8],
    starts: Int64Array,
    stops: Int64Array,
    doubled: npt.NDArray[np.uint8],
    quote: int,
) -> pa.Array:
    n = len(starts)
    offsets = np.empty(n + 1, np.int64)
    out = np.empty(int((stops - starts).sum()), np.uint8)
    arrays = (read_only(np.ascontiguousarray(array)) for array in (starts, stops, doubled))
    copy_cells(read_only(text), *arrays, np.uint64(quote), offsets, out)
    return pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(out))


# -- JSON --------------------------------------------------------------------------------------------------------------

_TAKE_APART = """
SELECT CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END AS good,
       CASE WHEN json_valid(line) THEN json_extract_string(line, $paths) END AS found
FROM lines
"""


def _taken_apart(batch: Batch, names: list[str], connection: duckdb.DuckDBPyConnection) -> Batch:
    lines = batch.columns["line"].arrow()
    connection.register("lines", pa.table({"line": lines}))
    answer = connection.sql(_TAKE_APART, params={"paths": [json_path(name) for name in names] or ["$"]})
    table = answer.to_arrow_table().combine_chunks()
    connection.unregister("lines")
    good = table["good"].to_numpy(zero_copy_only=False).astype(np.bool_)
    refused = [(int(batch.record[k]), str(lines[k]), "bad JSON") for k in np.flatnonzero(~good)]
    found = table["found"].combine_chunks().filter(pa.array(good))
    columns = {
        name: Column(pc.fill_null(pc.list_element(found, k).cast(pa.large_string()), ""))
        for k, name in enumerate(names)
    }
    return Batch(columns, batch.record[good], sorted(batch.refused + refused))


def json_path(name: str) -> str:
    """A column name with dots as a JSON path.

    >>> json_path("user.id")
    '$."user"."id"'
    """
    return "$" + "".join('."' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in name.split("."))
