"""Edge lists in text: bytes to chunks of lines, chunks to numbered ends and columns, on any engine.

A chunk is a range of whole lines, found from the bytes alone. Each one is cut into cells by one kernel; ends become
int64 values if every id of the chunk is a canonical integer, else numbers of strings that are distinct within the
chunk, so that what remains to be done in order is small. A plain file is mapped, not read; a compressed one is
unpacked into one buffer.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayrank.engines import Bounds
from swayrank.errors import InputError
from swayrank.ids import Cells, Ids, Interner, UInt8Array, UInt32Array, read_only
from swayrank.kernels import text as kernels
from swayrank.sources import rejects as why
from swayrank.sources.edge_dialect import Dialect
from swayrank.sources.streams import (
    BLOCK_BYTES,
    byte_blocks,
    compression_of,
    detect_encoding,
    refuse_spreadsheets,
    text_blocks,
)

CHUNK_BYTES = 1 << 20
"""Bytes per chunk of lines with integer ids, so that its cells stay in a core's own cache."""
CHUNK_BYTES_NAMES = 1 << 23
"""The same for names, of which larger chunks repeat more."""

_REASONS = {
    kernels.MISSING_FIELD: why.MISSING_FIELD,
    kernels.EMPTY_ID: why.EMPTY_ID,
    kernels.OPEN_QUOTE: why.OPEN_QUOTE,
    kernels.AFTER_QUOTE: why.AFTER_QUOTE,
}
_OTHER_FORMATS = (
    (rb"(?i)\s*<(!doctype html|html)", "a web page (HTML), as servers send where they want a login"),
    (rb"\s*<", "XML (GraphML, GEXF)"),
    (rb"\s*(Creator\s+\"|Version\s+[\d\"]|graph\s*\[|graph\s*$)", "GML"),
    (rb"\s*[{\[]", "JSON whose names tell of no log and no posts (a mapping says what they hold: docs/mapping.md)"),
    (rb"%%MatrixMarket", "Matrix Market (end its name in .mtx)"),
    (rb"\s*\*[Vv]ertices", "Pajek"),
    (rb"PK\x03\x04", "a zip archive (unpack it first)"),
    (rb"PAR1|ARROW1", "a compressed table (unpack it first)"),
)
READABLE = "text with one edge per line (CSV, TSV, blanks; plain, .gz, .zst, .bz2, .xz), Parquet and Arrow files"

_NO_TEXT = bytes(sorted({*range(32)} - set(b"\t\n\v\f\r\x1b")))

Int64Array = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# -- bytes -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file as UTF-8 bytes (read-only), how the file wrapped it, and what decided the encoding."""

    data: UInt8Array
    compression: str
    encoding: str
    why: str = ""

    def head(self, size: int) -> bytes:
        """The first bytes."""
        return self.data[:size].tobytes()

    def n_lines(self) -> int:
        """Lines, without blank ones at the end."""
        stop = len(self.data)
        while stop and self.data[stop - 1] in b" \t\r\n":
            stop -= 1
        return int(kernels.count_lines(self.data, 0, stop))


def load_text(path: Path, encoding: str | None, delimiter: str | None = None) -> Text:
    """Map or unpack a text file.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str, optional
        Python's name of the encoding; by default what :func:`swayrank.sources.streams.detect_encoding` finds.
    delimiter : str, optional
        What the caller says separates the cells: it does not count as a sign of binary data.

    Raises
    ------
    InputError
        If the file is missing, empty, a folder, a pipe or device, binary, or of a format that is no edge list in text.
    ParameterError
        If Python knows no such encoding.
    """
    if path.is_dir():
        raise InputError(f"is a folder; read_graph reads {READABLE}; Graph.open opens a saved graph", file=str(path))
    if not path.exists():
        raise InputError("there is no such file", file=str(path))
    if not path.is_file():
        raise InputError("is not a regular file but a pipe or device; save it to disk first", file=str(path))
    refuse_spreadsheets(path)
    compression = compression_of(path)
    raw = _unpacked(byte_blocks(path)) if compression else _mapped(path)
    blocks = [raw[k : k + BLOCK_BYTES].data for k in range(0, raw.size, BLOCK_BYTES)]
    found = detect_encoding(path, encoding, blocks)  # type: ignore[arg-type]
    if found.name == "utf-8":
        data = raw[found.mark :]
    else:
        del raw, blocks
        data = _unpacked(text_blocks(path, found))
    if data.size == 0:
        raise InputError("is empty", file=str(path))
    head = data[: 1 << 18].tobytes()
    _refuse_other_formats(head, path, delimiter or "")
    if b"\r" in head and b"\n" not in head:  # lines end in CR alone, as on very old machines
        data = np.frombuffer(data.tobytes().replace(b"\r", b"\n"), np.uint8)
    return Text(read_only(data), compression, found.name, found.why)


def _unpacked(blocks: Iterable[bytes]) -> UInt8Array:
    whole = bytearray()
    for block in blocks:
        whole += block
    return np.frombuffer(whole, np.uint8)


def _mapped(path: Path) -> UInt8Array:
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return np.empty(0, np.uint8)
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def _refuse_other_formats(head: bytes, path: Path, delimiter: str) -> None:
    for pattern, name in _OTHER_FORMATS:
        if re.match(pattern, head, re.MULTILINE):
            raise InputError(f"is {name}; read_graph reads {READABLE}", file=str(path))
    controls = _NO_TEXT.replace(delimiter.encode(), b"") if delimiter else _NO_TEXT
    if len(head.translate(None, controls)) == len(head):  # as nearly always
        return
    lines = [line for line in head.replace(b"\r", b"\n").split(b"\n") if line]
    damaged = sum(len(line.translate(None, controls)) < len(line) for line in lines)
    if 2 * damaged > len(lines):  # fewer are rejected one by one
        raise InputError(f"is binary (UTF-32 needs a byte-order mark); read_graph reads {READABLE}", file=str(path))


def line_bounds(data: UInt8Array, start: int, chunk: int) -> Bounds:
    """Edges of ranges of whole lines of about `chunk` bytes, from `start` to the end."""
    edges = [start]
    while edges[-1] < data.size:
        edges.append(int(kernels.next_line(data, min(edges[-1] + chunk, data.size) - 1)))
    return np.array(edges, np.int64)


# -- one chunk ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChunkTask:
    """What a chunk needs to know: the text and its dialect as numbers, and the columns by role (0, 1: the ends).

    `plain`: lines are likely to be pairs of integers and nothing else; `commas`: numbers have decimal commas.
    """

    data: UInt8Array
    delimiter: int
    prefixes: UInt8Array
    roles: Int64Array
    kinds: tuple[str, ...]
    plain: bool
    commas: bool = False

    @classmethod
    def of(cls, data: UInt8Array, dialect: Dialect) -> ChunkTask:
        """The task of reading `data` in `dialect`."""
        prefixes = np.zeros(
            (len(dialect.prefixes), max([len(p.encode()) for p in dialect.prefixes], default=1)), np.uint8
        )
        for row, prefix in zip(prefixes, dialect.prefixes, strict=True):
            row[: len(prefix.encode())] = np.frombuffer(prefix.encode(), np.uint8)
        fields = [dialect.roles.source, dialect.roles.target, *(position for _, position, _ in dialect.roles.values)]
        roles = np.full(max(fields) + 1, -1, np.int64)
        roles[fields] = np.arange(len(fields))
        delimiter = ord(dialect.delimiter) if dialect.delimiter else 0
        kinds = tuple("weight" if name == "weight" else kind for name, _, kind in dialect.roles.values)
        pairs = dialect.integers and sorted(roles.tolist()) == [0, 1]
        plain = pairs and not any(prefix[:1].isdigit() for prefix in dialect.prefixes)
        return cls(data, delimiter, read_only(prefixes), read_only(roles), kinds, plain, dialect.decimal == ",")


@dataclass
class Chunk:
    """What was in a range of lines.

    Attributes
    ----------
    u, v : numpy.ndarray, shape (n_rows,)
        The ends: ids (int64, or uint32 where that is enough), or uint32 numbers of `names`.
    names : Ids or None
        The different ids of the chunk in the order of first appearance, if they are strings.
    columns : list of numpy.ndarray, shape (n_rows,)
        The values, int64 or float64.
    n_lines, comments, blanks : int
        Lines in all, and those that are no rows.
    rejects : list of (line, role, value, reason)
        Lines are counted from 0 within the chunk, role is -1 where no single column is at fault.
    word : (line, value) or None
        The first id that is no canonical integer.
    """

    u: npt.NDArray[Any]
    v: npt.NDArray[Any]
    names: Ids | None
    columns: list[npt.NDArray[Any]]
    n_lines: int
    comments: int
    blanks: int
    rejects: list[tuple[int, int, str, str]]
    word: tuple[int, str] | None


@dataclass
class _Grid:
    """The cells of the rows that are whole: byte ranges by role and row."""

    data: UInt8Array
    starts: Int64Array
    stops: Int64Array
    lines: Int64Array

    def cells(self, role: int) -> tuple[UInt8Array, Int64Array, Int64Array]:
        return self.data, read_only(self.starts[role]), read_only(self.stops[role])

    def value(self, role: int, row: int) -> str:
        return (
            self.data[int(self.starts[role, row]) : int(self.stops[role, row])]
            .tobytes()
            .decode("utf-8", "backslashreplace")
        )

    def keep(self, rows: Mask) -> None:
        self.starts, self.stops = np.ascontiguousarray(self.starts[:, rows]), np.ascontiguousarray(self.stops[:, rows])
        self.lines = self.lines[rows]


def read_chunk(task: ChunkTask, start: int, stop: int) -> Chunk:
    """Read the lines of ``task.data[start:stop]``."""
    if task.plain and (pairs := _read_pairs(task, start, stop)) is not None:
        return pairs
    grid, counts, rejected = _cut(task, start, stop)
    columns: list[npt.NDArray[Any]] = []
    good: Mask = np.ones(len(grid.lines), np.bool_)
    for role, kind in enumerate(task.kinds, start=2):
        values, faults = _read_column(grid, role, kind, task.commas)
        columns.append(values)
        for row, reason in faults:
            if good[row]:
                good[row] = False
                rejected.append((int(grid.lines[row]), role, grid.value(role, row), reason))
    if not good.all():
        grid.keep(good)
        columns = [values[good] for values in columns]
    u, v, names, word, valid = _read_ends(grid, rejected)
    if valid is not None:
        columns = [values[valid] for values in columns]
    return Chunk(
        u, v, names, columns, int(counts[kernels.LINES]), int(counts[kernels.COMMENTS]), int(counts[kernels.BLANKS]),
        sorted(rejected), word,
    )  # fmt: skip


def _read_pairs(task: ChunkTask, start: int, stop: int) -> Chunk | None:
    """The chunk if its lines are pairs of small integers and nothing else, which saves cutting them into cells."""
    room = (stop - start) // 4 + 1
    ends = np.empty(room, np.uint32), np.empty(room, np.uint32)
    n = int(kernels.parse_pairs(read_only(task.data), start, stop, np.uint8(task.delimiter), *ends))
    if n < 0:
        return None
    u, v = (ends[int(role)][:n] for role in task.roles)
    return Chunk(u, v, None, [], n, 0, 0, [], None)


def _cut(task: ChunkTask, start: int, stop: int) -> tuple[_Grid, Any, list[tuple[int, int, str, str]]]:
    data = read_only(task.data)
    n_lines = int(kernels.count_lines(data, start, stop))
    starts = np.empty((2 + len(task.kinds), n_lines), np.int64)
    stops, lines = np.empty_like(starts), np.empty(n_lines, np.int64)
    refused, counts = np.empty((5, n_lines), np.int64), np.zeros(6, np.uint64)
    delimiter, quote = np.uint8(task.delimiter), np.uint8(ord('"'))
    prefixes, roles = read_only(task.prefixes), read_only(task.roles)
    kernels.split_lines(data, start, stop, delimiter, quote, prefixes, roles, starts, stops, lines, refused, counts)
    n_rows = int(counts[kernels.ROWS])
    grid = _Grid(data, starts[:, :n_rows], stops[:, :n_rows], lines[:n_rows])
    if counts[kernels.DOUBLED] and n_rows:
        _undouble(grid)
    rejected = []
    for line, role, reason, begin, end in refused[:, : int(counts[kernels.REJECTS])].T.tolist():
        shown = data[begin : min(end, begin + 400)].tobytes().decode("utf-8", "backslashreplace").rstrip("\r")
        rejected.append((line, role, shown, _REASONS[reason]))
    return grid, counts, rejected


def _undouble(grid: _Grid) -> None:
    """Doubled quotes within quoted cells become single ones, in a copy of the bytes at the end of the text."""
    low, high = int(grid.starts.min()), int(np.where(grid.stops < 0, ~grid.stops, grid.stops).max())
    parts, used = [grid.data[low:high].tobytes()], high - low
    starts, stops = grid.starts - low, np.where(grid.stops < 0, grid.stops, grid.stops - low)
    for role, row in np.argwhere(grid.stops < 0).tolist():
        raw = grid.data[int(grid.starts[role, row]) : ~int(grid.stops[role, row])].tobytes()
        parts.append(raw.replace(b'""', b'"'))
        starts[role, row], used = used, used + len(parts[-1])
        stops[role, row] = used
    grid.data, grid.starts, grid.stops = read_only(np.frombuffer(b"".join(parts), np.uint8)), starts, stops


def _read_ends(
    grid: _Grid, rejected: list[tuple[int, int, str, str]]
) -> tuple[Any, Any, Ids | None, tuple[int, str] | None, Mask | None]:
    """Both ends: int64 values, or numbers of names; `rejected` takes the rows that are not in UTF-8."""
    n = len(grid.lines)
    values = np.empty((2, n), np.int64)
    bad, wrong = np.empty((2, n), np.uint8), np.empty((2, n), np.uint8)
    if sum(int(kernels.parse_ints(*grid.cells(role), values[role], bad[role])) for role in (0, 1)) == 0:
        return values[0], values[1], None, None, None
    good: Mask | None = None
    if sum(int(kernels.find_invalid_utf8(*grid.cells(role), wrong[role])) for role in (0, 1)):
        good = _refuse(grid, wrong, why.BAD_ENCODING, rejected)
        values, bad = values[:, good], bad[:, good]
        if not bad.any():  # the rejected rows alone held what is no integer
            return values[0], values[1], None, None, good
    u, v, names = _numbered(grid)
    lost = lost_digits(names.to_arrow())
    if lost is not None:
        kept = _refuse(grid, lost[np.stack([u, v])], why.LOST, rejected)
        values, bad, good = values[:, kept], bad[:, kept], _both(good, kept)
        if not bad.any():
            return values[0], values[1], None, None, good
        u, v, names = _numbered(grid)
    row = int(np.argmax(bad.any(axis=0)))
    word = (int(grid.lines[row]), grid.value(0 if bad[0, row] else 1, row))
    return u, v, names, word, good


def _numbered(grid: _Grid) -> tuple[UInt32Array, UInt32Array, Ids]:
    interner = Interner()
    u, v = interner.encode(*(Cells.of_ranges(*grid.cells(role)) for role in (0, 1)))
    return u, v, interner.ids()


def _refuse(grid: _Grid, wrong: npt.NDArray[Any], reason: str, rejected: list[tuple[int, int, str, str]]) -> Mask:
    """Take the rows out of the grid that have a wrong end; which ones are kept."""
    good: Mask = np.logical_not(np.any(wrong, axis=0))
    for row in np.flatnonzero(~good).tolist():
        role = 0 if wrong[0, row] else 1
        rejected.append((int(grid.lines[row]), role, grid.value(role, row), reason))
    grid.keep(good)
    return good


def _both(first: Mask | None, second: Mask) -> Mask:
    """Rows kept by both, where `second` is about those that `first` kept."""
    if first is None:
        return second
    first[first] = second
    return first


def lost_digits(ids: Any) -> Mask | None:
    """Where ids are what a spreadsheet makes of long numbers ("9.27159E+17", "9,27E+17"); None where none is.

    >>> lost_digits(pa.array(["9.27159E+17", "ada", "1.5e+3x"])).tolist()
    [True, False, False]
    """
    if not pc.any(pc.match_substring(ids, "+")).as_py():
        return None
    found = pc.match_substring_regex(ids, r"^[0-9]([.,][0-9]+)?[eE]\+[0-9]+$").to_numpy(zero_copy_only=False)
    return found.astype(np.bool_) if found.any() else None


# -- columns -----------------------------------------------------------------------------------------------------------


def _read_column(grid: _Grid, role: int, kind: str, commas: bool) -> tuple[npt.NDArray[Any], list[tuple[int, str]]]:
    """Values of one column, and the rows at fault; kind is "weight" (finite float64), "number" or "time"."""
    n = len(grid.lines)
    bad = np.empty(n, np.uint8)
    if kind == "time":
        return _read_times(grid, role)
    if kind == "number":
        integers = np.empty(n, np.int64)
        if not kernels.parse_ints(*grid.cells(role), integers, bad):
            return integers, []
    values = np.empty(n, np.float64)
    faults = []
    kernels.parse_floats(*(_with_points(*grid.cells(role)) if commas else grid.cells(role)), values, bad)
    for row in np.flatnonzero(bad).tolist():
        text = grid.value(role, row)
        text = text.replace(",", ".") if commas else text
        try:
            values[row] = np.nan if not text and kind == "number" else _exact_float(text)
        except ValueError:
            faults.append((row, why.NOT_A_NUMBER if text else why.MISSING_VALUE))
            continue
        if kind == "weight" and not np.isfinite(values[row]):
            faults.append((row, why.NOT_FINITE))
    return values, faults


def _with_points(text: UInt8Array, starts: Int64Array, stops: Int64Array) -> tuple[UInt8Array, Int64Array, Int64Array]:
    """The same cells in a copy of the text with points for commas."""
    low, high = (int(starts.min()), int(stops.max())) if len(starts) else (0, 0)
    copy = text[low:high].copy()
    copy[copy == ord(",")] = ord(".")
    return read_only(copy), read_only(starts - low), read_only(stops - low)


def _exact_float(text: str) -> float:
    if "_" in text or not text.isascii():  # Python's own spellings of numbers are no data
        raise ValueError(text)
    return float(text)


def _read_times(grid: _Grid, role: int) -> tuple[Int64Array, list[tuple[int, str]]]:
    """Dates and times in ISO 8601 as microseconds since 1970; without a zone they are UTC."""
    data, starts, stops = grid.cells(role)
    if bool(np.all(stops[:-1] <= starts[1:])):
        # Cells and what lies between them are consecutive strings of one array; every other one is a cell.
        bounds = np.stack([starts, stops], axis=1).ravel()
        buffers = [None, pa.py_buffer(bounds), pa.py_buffer(data)]
        column = pa.Array.from_buffers(pa.large_binary(), max(0, len(bounds) - 1), buffers)
        try:
            cells = column.take(pa.array(np.arange(0, len(bounds), 2))).cast(pa.large_string())
            times = cells.cast(pa.timestamp("us"))
            return times.cast(pa.int64()).to_numpy(), []
        except pa.ArrowInvalid:
            pass
    values, faults = np.zeros(len(starts), np.int64), []
    for row in range(len(starts)):
        text = grid.value(role, row)
        try:
            values[row] = _microseconds(text)
        except ValueError:
            faults.append((row, why.NOT_A_TIME if text else why.MISSING_VALUE))
    return values, faults


def _microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    passed = moment - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def codes_in(interner: Interner, chunk: Chunk) -> tuple[UInt32Array, UInt32Array]:
    """The ends of a chunk as numbers that `interner` gives; only different ids are looked at where they are names."""
    if chunk.names is None:
        codes: tuple[UInt32Array, UInt32Array] = interner.encode(chunk.u, chunk.v)
        return codes
    numbers = interner.encode(chunk.names)
    return numbers[chunk.u], numbers[chunk.v]
