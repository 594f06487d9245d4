"""The columns that events and posts are made of: positions, times, spelled-out ids, frames, Parquet files."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank import tables
from swayrank._text import printable
from swayrank.errors import InputError, ParameterError, VersionError
from swayrank.ids import Cells, Ids, Interner

if TYPE_CHECKING:
    import pyarrow as pa

Array = npt.NDArray[Any]
U32 = npt.NDArray[np.uint32]
Int64Array = npt.NDArray[np.int64]

NO_ACCOUNT = 2**32 - 1
"""The position that stands for "no account"."""
NO_POST = 2**32 - 1
"""The position that stands for "no post"."""
NO_TIME = -(2**63)
"""The time that stands for "not known"."""
FORMAT = 1
"""Version of the files that are written."""
_BLOCK_ROWS = 1 << 16


# -- times -------------------------------------------------------------------------------------------------------------

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
YEAR_2000 = 946_684_800_000_000


def as_us(time: str | dt.datetime | dt.date | int) -> int:
    """A time as microseconds since 1970 UTC.

    Parameters
    ----------
    time : str, datetime, date or int
        ISO date or date and time (UTC unless it says otherwise), or microseconds.

    Examples
    --------
    >>> as_us("1970-01-02"), as_us("1970-01-01T01:00+01:00")
    (86400000000, 0)
    """
    if isinstance(time, bool) or not isinstance(time, str | dt.date | int | np.integer):
        raise ParameterError(f"a time must be an ISO date, a datetime or microseconds since 1970, got {time!r}")
    if isinstance(time, int | np.integer):
        return int(time)
    if isinstance(time, str):
        try:
            time = dt.datetime.fromisoformat(time.strip())
        except ValueError:
            raise ParameterError(f"a time must be an ISO date such as '2012-07-05T12:00', got {time!r}") from None
    if not isinstance(time, dt.datetime):
        time = dt.datetime(time.year, time.month, time.day)
    aware = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(microseconds=1)


def iso(us: int) -> str:
    """Microseconds since 1970 as ISO text in UTC, to the second.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return (_EPOCH + dt.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(us: int) -> str:
    """The date of a time, in UTC."""
    return iso(us)[:10]


# -- columns -----------------------------------------------------------------------------------------------------------


def as_positions(name: str, values: Array, size: int, none: int | None) -> U32:
    """`values` as uint32 positions below `size`, or `none`."""
    given = np.asarray(values)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ParameterError(f"{name} must be a column of integers, got {given.dtype} of shape {given.shape}")
    wrong = (given < 0) | (given >= size)
    if none is not None:
        wrong &= given != none
    if wrong.any():
        raise ParameterError(f"{name} must hold positions in [0, {size}), got {given[wrong][0]}")
    return np.ascontiguousarray(given, np.uint32)


def repeats(*columns: Array) -> npt.NDArray[np.bool_]:
    """Whether each row equals an earlier one in all columns.

    Rows are compared by a 64-bit hash first; only rows whose hash occurs twice are looked at closely.

    Examples
    --------
    >>> import numpy as np
    >>> repeats(np.array([1, 2, 1]), np.array([5, 5, 5])).tolist()
    [False, False, True]
    """
    n = len(columns[0])
    hashes = np.zeros(n, np.uint64)
    for start in range(0, n, _BLOCK_ROWS):  # block by block: what passes by stays in the cache
        part = hashes[start : start + _BLOCK_ROWS]
        for values in columns:
            part ^= values[start : start + _BLOCK_ROWS].astype(np.int64).view(np.uint64)
            part *= np.uint64(0x9E3779B97F4A7C15)
            part ^= part >> np.uint64(29)
            part *= np.uint64(0xBF58476D1CE4E5B9)
            part ^= part >> np.uint64(32)
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    answer = np.zeros(n, np.bool_)
    if not len(twice):
        return answer
    rows = np.flatnonzero(twice[np.minimum(np.searchsorted(twice, hashes), len(twice) - 1)] == hashes)
    rows = rows[np.argsort(hashes[rows], kind="stable")]  # of equal rows the first one stays first
    alike = hashes[rows[1:]] == hashes[rows[:-1]]
    same = alike.copy()
    for values in columns:
        part = values[rows]
        same &= part[1:] == part[:-1]
    answer[rows[1:][same]] = True
    if (alike & ~same).any():  # different rows of one hash, which happens once in 2**64 pairs
        _settle(answer, rows[np.isin(hashes[rows], hashes[rows[1:][alike & ~same]])], columns)
    return answer


def _settle(answer: npt.NDArray[np.bool_], rows: Int64Array, columns: tuple[Array, ...]) -> None:
    """Set `answer` for `rows`, comparing them value by value."""
    parts = [values[rows] for values in columns]
    order = np.lexsort(parts[::-1])  # stable as well
    same = np.ones(len(rows) - 1, np.bool_)
    for part in parts:
        same &= part[order][1:] == part[order][:-1]
    answer[rows] = False
    answer[rows[order[1:][same]]] = True


def first_appearance(n: int, *columns: U32) -> tuple[Int64Array, U32]:
    """Codes below `n` by where they first occur, rows first, columns second.

    Returns
    -------
    order : numpy.ndarray of int64
        The codes that occur, in the order of first appearance.
    new : numpy.ndarray of uint32, shape (n + 1,)
        For each code its place in `order`; ``2**32 - 1`` for codes that do not occur, and at n.

    Examples
    --------
    >>> import numpy as np
    >>> first_appearance(4, np.array([2, 0], np.uint32), np.array([3, 2], np.uint32))[0].tolist()
    [2, 3, 0]
    """
    interner = Interner()
    cells = [Cells.of_ints(column, column >= n) for column in columns]
    interner.encode(*cells)
    order = interner.ids().to_numpy().astype(np.int64)
    new = np.full(n + 1, NO_ACCOUNT, np.uint32)
    new[order] = np.arange(len(order), dtype=np.uint32)
    return order, new


def subset(ids: Ids, order: Int64Array) -> Ids:
    """The ids at `order`, in that order."""
    if len(order) == len(ids) and bool(np.all(order == np.arange(len(ids)))):
        return ids
    import pyarrow as pa

    if not len(order):
        return Ids.of_range(0)
    if ids.kind == "string":
        _, offsets, blob = ids.to_arrow().take(pa.array(order)).buffers()
        bounds = np.frombuffer(offsets, np.uint64)[: len(order) + 1]
        return Ids.of_strings(np.frombuffer(blob, np.uint8)[: int(bounds[-1])], bounds)
    values = ids.to_numpy()[order]
    in_order = int(values[0]) == 0 and bool(np.all(values == np.arange(len(values))))
    return Ids.of_range(len(values)) if in_order else Ids.of_ints(values)


def n_different(n: int, *columns: U32) -> int:
    """How many different codes below `n` the columns hold."""
    seen = np.zeros(n, np.bool_)
    for column in columns:
        seen[column] = True
    return int(seen.sum())


def hash_ids(digest: Any, ids: Ids) -> None:
    """Add ids to a hash."""
    digest.update(f"{ids.kind if ids.kind == 'string' else 'int'} {len(ids)} ".encode())
    if ids.kind != "string":
        digest.update(np.ascontiguousarray(ids.to_numpy(), np.int64).tobytes())
        return
    arrays = ids.arrays()
    digest.update(arrays["offsets"].tobytes() + arrays["blob"].tobytes())


def plain_list(values: Any) -> list[Any]:
    """A NumPy or Arrow column as a list."""
    return list(values.tolist()) if isinstance(values, np.ndarray) else list(values.to_pylist())


def spelled_out(ids: Ids, codes: U32) -> Any:
    """A dictionary array of strings; null where the code is beyond the ids."""
    import pyarrow as pa

    names = ids.to_arrow().cast(pa.large_string()) if len(ids) else pa.array([], pa.large_string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int64), mask=codes >= len(ids)), names)


def timestamps(time: Int64Array) -> Any:
    """Microseconds as an Arrow column of UTC timestamps, null where unknown."""
    import pyarrow as pa

    return pa.array(time, mask=time == NO_TIME).cast(pa.timestamp("us", "UTC"))


def as_arrow(frame: Any) -> pa.Table:
    """A frame of any library, or a mapping of columns, as an Arrow table.

    Raises
    ------
    ParameterError
        If it is no frame.
    """
    import narwhals as nw
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, Mapping):
        return pa.table({name: _as_array(name, values) for name, values in frame.items()})
    try:
        native = nw.from_native(frame)
    except TypeError:
        kind = type(frame).__name__
        raise ParameterError(f"expected a file name or a pandas, polars or Arrow frame, got {kind}") from None
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    try:
        return eager.to_arrow()
    except (pa.ArrowException, TypeError):
        for name in eager.columns:
            _as_array(name, eager[name].to_list())
        raise


def _as_array(name: Any, values: Any) -> Any:
    """A column as Arrow has it; one that mixes kinds of values is an error that says so."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError) as error:
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        raise InputError(
            f"holds values of several kinds ({', '.join(kinds)}), and a column needs one: of a pandas frame, "
            f"frame[{name!r}].astype(str) makes them text ({printable(error, 200)})",
            file="frame",
            column=printable(name, 80),
        ) from None


# -- files -------------------------------------------------------------------------------------------------------------


def write_parquet(table: pa.Table, kind: str, about: Mapping[str, Any], path: Path) -> Path:
    """Write a table with what :func:`read_parquet` needs to know; the file appears whole or not at all."""
    metadata = {b"swayrank": json.dumps({"kind": kind, **about}).encode()}
    tables.write_parquet(table.replace_schema_metadata(metadata), path)
    return path


def read_parquet(path: Path, kind: str) -> tuple[pa.Table, dict[str, Any]]:
    """The table and the facts that :func:`write_parquet` wrote.

    Raises
    ------
    InputError
        If there is no such file, it is no whole Parquet file, or something else wrote it.
    VersionError
        If its format is another one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not os.path.isfile(path):
        there = "is a folder, not a file" if os.path.isdir(path) else "there is no such file"
        raise InputError(there, file=str(path))
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        why = printable(error)
        raise InputError(
            f"is not a whole Parquet file ({why}); it is damaged or something else", file=str(path)
        ) from error
    about = _facts((table.schema.metadata or {}).get(b"swayrank", b"{}"))
    if about.get("kind") != kind:
        raise InputError(f"was not written by swayrank as {kind}; read it with read_{kind}", file=str(path))
    if about.get("format") != FORMAT:
        got = printable(repr(about.get("format")), 80)
        raise VersionError(f"{path} has format {got}, this swayrank reads {FORMAT}")
    return table, about


def _facts(text: bytes) -> dict[str, Any]:
    """The facts in a file's metadata; none where they are no JSON object."""
    try:
        about = json.loads(text)
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}


def ids_of_kind(ids: Ids, kind: str) -> Ids:
    """Ids that were spelled out as text, as the integers they were."""
    if kind == "string" or ids.kind != "string":
        return ids
    import pyarrow as pa

    return Ids.from_values(ids.to_arrow().cast(pa.int64()))
