"""Edge lists in tables: Parquet, Arrow and Feather files, and data frames, all through Arrow record batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.ipc

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.ids import Cells, Interner, as_cells, read_only
from swayrank.kernels.text import find_invalid_utf8
from swayrank.sources import rejects as why
from swayrank.sources.edge_columns import Roles, Wanted, assign_roles
from swayrank.sources.edge_shapes import Shaped, of_matrix
from swayrank.sources.edge_text import Chunk, lost_digits
from swayrank.sources.rejects import Rejects

_BATCH_ROWS = 1 << 19
_FORMATS = {b"PAR1": "Parquet", b"ARRO": "Arrow"}
_STREAM_ENDINGS = (".arrows",)

Mask = npt.NDArray[np.bool_]


def is_table_file(path: Path) -> bool:
    """Whether the file is Parquet or Arrow, by its first bytes (an Arrow stream by its ending)."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in _FORMATS or path.suffix in _STREAM_ENDINGS
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from error


@dataclass(frozen=True)
class TableFile:
    """A table with the columns of an edge list.

    Attributes
    ----------
    name : str
        Path, or "data frame".
    format : str
        "Parquet", "Arrow" or "data frame".
    names : tuple of str
        All its columns.
    roles : Roles
        Which of them are read.
    n_rows : int
        Its records.
    batches : callable
        Gives record batches (or tables) with the given columns.
    notes : tuple of str
        What the user should know.
    """

    name: str
    format: str
    names: tuple[str, ...]
    roles: Roles
    n_rows: int
    batches: Callable[[list[str]], Iterable[Any]]
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path, wanted: Wanted) -> TableFile:
        """Look at a Parquet or Arrow file.

        Raises
        ------
        InputError
            If the file is damaged, or does not tell which columns are the ends.
        ParameterError
            If a named column is not there.
        """
        with _readable(str(path)):
            with path.open("rb") as file:
                is_parquet = file.read(4) == b"PAR1"
            if is_parquet:
                import pyarrow.parquet as pq

                parquet = pq.ParquetFile(path)
                return cls._of(
                    str(path), "Parquet", parquet.schema_arrow, wanted, parquet.metadata.num_rows,
                    lambda names: parquet.iter_batches(_BATCH_ROWS, columns=names),
                )  # fmt: skip
            opened = pa.ipc.open_stream if path.suffix in _STREAM_ENDINGS else pa.ipc.open_file
            table = opened(pa.memory_map(str(path))).read_all()
        return cls._of_table(str(path), "Arrow", table, wanted)

    @classmethod
    def _of_table(cls, name: str, kind: str, table: Any, wanted: Wanted) -> TableFile:
        def batches(names: list[str]) -> Iterator[Any]:
            for start in range(0, table.num_rows, _BATCH_ROWS):
                yield table.select(names).slice(start, _BATCH_ROWS)

        return cls._of(name, kind, table.schema, wanted, table.num_rows, batches)

    @classmethod
    def _of(cls, name: str, kind: str, schema: Any, wanted: Wanted, n_rows: int, batches: Any) -> TableFile:
        names = tuple(schema.names)
        roles, notes = assign_roles(names, True, wanted, name, lambda position: _kind(schema.field(position).type))
        return cls(name, kind, names, roles, n_rows, batches, tuple(notes))

    def facts(self) -> dict[str, Any]:
        """What was recognised, as plain values."""
        return {
            "format": self.format,
            "header": list(self.names),
            "source": self.names[self.roles.source],
            "target": self.names[self.roles.target],
            "columns": {name: self.names[position] for name, position, _ in self.roles.values},
            "notes": list(self.notes),
        }

    def describe(self) -> str:
        """What was recognised, in words."""
        show = [("source", self.roles.source), ("target", self.roles.target)]
        show += [(name, position) for name, position, _ in self.roles.values]
        parts = [self.format, ", ".join(f"{role} is {self.names[position]!r}" for role, position in show)]
        parts += [] if any(name == "weight" for name, _ in show) else ["no weights"]
        return "; ".join([*parts, *self.notes])

    def chunks(self, rejects: Rejects) -> Iterator[Chunk]:
        """The rows, batch by batch; those that cannot be used go to `rejects`."""
        fields = [self.roles.source, self.roles.target, *(position for _, position, _ in self.roles.values)]
        names = [self.names[position] for position in fields]
        batches, done = iter(self.batches(list(dict.fromkeys(names)))), 0
        while True:
            with _readable(self.name):
                batch = next(batches, None)
            if batch is None:
                return
            yield self._chunk([batch.column(name) for name in names], names, done, rejects)
            done += batch.num_rows

    def _chunk(self, columns: list[Any], names: list[str], first: int, rejects: Rejects) -> Chunk:
        ends, values = [], []
        faults: dict[int, tuple[str, str, str]] = {}
        for name, column in zip(names[:2], columns[:2], strict=True):
            try:
                cells = as_cells(_bytes_as_text(column))
            except ParameterError as error:
                raise InputError(str(error), file=self.name, column=name) from error
            ends.append(cells)
            for row in np.flatnonzero(_no_id(cells)).tolist():
                faults.setdefault(row, (name, "", why.EMPTY_ID))
            for row in np.flatnonzero(_not_utf8(cells)).tolist():
                shown = cells.text[int(cells.starts[row]) : int(cells.stops[row])].tobytes()
                faults.setdefault(row, (name, shown.decode("utf-8", "backslashreplace"), why.BAD_ENCODING))
            for row in _without_digits(column):
                faults.setdefault(row, (name, str(column[row].as_py()), why.LOST))
        for (role, _, kind), name, column in zip(self.roles.values, names[2:], columns[2:], strict=True):
            array, wrong = _numbers(column, "weight" if role == "weight" else kind)
            values.append(array)
            for row, reason in wrong:
                faults.setdefault(row, (name, str(column[row].as_py() or ""), reason))
        for row, fault in sorted(faults.items()):
            rejects.add(self.name, first + row + 1, *fault)
        if faults:
            keep = np.ones(len(columns[0]), np.bool_)
            keep[list(faults)] = False
            ends = [cells.part(keep) for cells in ends]
            values = [array[keep] for array in values]
        return _chunk_of(ends, values, len(columns[0]))


def table_of_frame(frame: Any, wanted: Wanted) -> TableFile:
    """A data frame of any library that narwhals knows (lazy ones are collected), or an Arrow table.

    Raises
    ------
    ParameterError
        If it is no data frame.
    """
    import narwhals as nw

    try:
        known = nw.from_native(frame)
    except TypeError:
        raise ParameterError(
            f"data must be a path, a data frame or a list of paths, got {type(frame).__name__}"
        ) from None
    if isinstance(known, nw.LazyFrame):
        known = known.collect()
    if not isinstance(known, nw.DataFrame):
        raise ParameterError(f"data must be a path, a data frame or a list of paths, got {type(frame).__name__}")
    with _readable("data frame", "cannot be made a table, whose columns have one type each"):
        table = known.to_arrow()
    return TableFile._of_table("data frame", "data frame", table, wanted)


def matrix_of_pandas(frame: Any) -> Shaped | None:
    """The arcs of a pandas frame whose index and columns are the same accounts; None for any other.

    Raises
    ------
    InputError
        If it is one whose entries are not all numbers.
    """
    if not type(frame).__module__.startswith("pandas") or len(getattr(frame, "shape", ())) != 2:
        return None
    if frame.shape[0] != frame.shape[1]:
        return None
    rows, names = list(map(str, frame.index)), list(map(str, frame.columns))
    counted = rows == names == [str(k) for k in range(len(names))]  # what pandas names where nobody does
    if len(names) < (4 if counted else 2) or len(set(names)) < len(names) or sorted(rows) != sorted(names):
        return None
    try:
        entries = frame.to_numpy(dtype=np.float64, na_value=0.0)
    except (TypeError, ValueError) as error:
        raise InputError(f"is an adjacency matrix, whose entries must be numbers ({printable(error, 100)})",
            file="data frame") from None  # fmt: skip
    place = {name: k for k, name in enumerate(rows)}
    return of_matrix(names, entries[[place[name] for name in names]])


@contextmanager
def _readable(name: str, fault: str = "is damaged or not whole; write or fetch it again") -> Iterator[None]:
    """What Arrow cannot read is an :class:`InputError`."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):
            raise
        raise InputError(f"{fault} ({printable(error, 200)})", file=name) from error


def _kind(kind: Any) -> str:
    return "time" if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else "number"


def _bytes_as_text(column: Any) -> Any:
    """A column of bytes as one of strings, not yet known to be UTF-8; any other as it is."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not any(test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)):
        return column
    plain = column.cast(pa.large_binary())
    chunks = plain.chunks if isinstance(plain, pa.ChunkedArray) else [plain]
    return pa.chunked_array([chunk.view(pa.large_string()) for chunk in chunks], pa.large_string())


def _not_utf8(cells: Cells) -> Mask:
    """Where an id is no text."""
    wrong = np.zeros(len(cells), np.uint8)
    if cells.ints is None:
        find_invalid_utf8(read_only(cells.text), read_only(cells.starts), read_only(cells.stops), wrong)
    return wrong.astype(np.bool_)


def _without_digits(column: Any) -> list[int]:
    """The rows whose id is text that a spreadsheet has made of a long number."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        return []
    lost = lost_digits(column.cast(pa.large_string()).fill_null(""))
    return [] if lost is None else np.flatnonzero(lost).tolist()


def _no_id(cells: Cells) -> Mask:
    """Where there is no id, or an empty one."""
    nothing = np.zeros(len(cells), np.bool_) if cells.missing is None else cells.missing
    return nothing if cells.ints is not None else nothing | (cells.starts == cells.stops)


def _chunk_of(ends: list[Cells], values: list[npt.NDArray[Any]], n_rows: int) -> Chunk:
    if all(cells.ints is not None for cells in ends):
        return Chunk(ends[0].ints, ends[1].ints, None, values, n_rows, 0, 0, [], None)  # type: ignore[arg-type]
    interner = Interner()
    u, v = interner.encode(*ends)
    return Chunk(u, v, interner.ids(), values, n_rows, 0, 0, [], None)


def _numbers(column: Any, kind: str) -> tuple[npt.NDArray[Any], list[tuple[int, str]]]:
    """Values of a column as int64 or float64, and the rows at fault; kind as in ``edge_text``."""
    missing = _to_numpy(column.is_null(), np.bool_)
    absent = [(row, why.MISSING_VALUE) for row in np.flatnonzero(missing).tolist()]
    if kind == "time":
        times = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False).cast(pa.int64())
        return _to_numpy(times.fill_null(0), np.int64), absent
    if pa.types.is_boolean(column.type) or (pa.types.is_integer(column.type) and column.type != pa.uint64()):
        if kind == "number" and not missing.any():
            return _to_numpy(column.cast(pa.int64()), np.int64), []
        column = column.cast(pa.int64()).cast(pa.float64(), safe=False)
    faults: list[tuple[int, str]] = []
    values, unreadable = _as_floats(column)
    for row in np.flatnonzero(unreadable).tolist():
        faults.append((row, why.NOT_A_NUMBER))
    if kind == "weight":
        faults += absent
        wrong = ~np.isfinite(values) & ~missing & ~unreadable
        faults += [(row, why.NOT_FINITE) for row in np.flatnonzero(wrong).tolist()]
    return values, faults


def _as_floats(column: Any) -> tuple[npt.NDArray[np.float64], Mask]:
    """Values as float64 (NaN where missing), and where they are no numbers."""
    nothing = np.zeros(len(column), np.bool_)
    try:
        return _to_numpy(column.cast(pa.float64(), safe=False).fill_null(np.nan), np.float64), nothing
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = np.full(len(column), np.nan)
        for row, value in enumerate(column.to_pylist()):  # some cell is no number: find out which
            try:
                values[row] = np.nan if value is None else float(value)
            except (TypeError, ValueError):
                nothing[row] = True
        return values, nothing


def _to_numpy(column: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.asarray(
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy(), dtype
    )
