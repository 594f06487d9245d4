"""Tables on their way out: any dataframe, CSV, Parquet. Files appear whole or not at all. Columns as plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._text import formula_safe
from swayrank.errors import ParameterError
from swayrank.results import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

_NO_FORMULA = "^[0-9A-Za-z]"
_AT_ONCE = 1000
"""Cells that become Python's in one call: other threads wait for no more than these."""
BACKENDS = ("pandas", "polars", "pyarrow")


def frame(columns: Mapping[str, Any] | pa.Table, backend: str) -> Any:
    """A table in the dataframe library called `backend`.

    Parameters
    ----------
    columns : mapping of str to array, or pyarrow.Table
        NumPy or Arrow arrays of one length.
    backend : {"pandas", "polars", "pyarrow"}
        Which library's table.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    ParameterError
        If the backend is unknown.
    MissingDependencyError
        If it is not installed.

    Examples
    --------
    >>> frame({"account": ["ada"], "score": [97.5]}, "polars").to_dicts()
    [{'account': 'ada', 'score': 97.5}]
    """
    import narwhals as nw
    import pyarrow as pa

    if backend not in BACKENDS:
        raise ParameterError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, got {backend!r}")
    table = pa.table(dict(columns)) if isinstance(columns, Mapping) else columns
    if backend == "pyarrow":
        return table
    try:
        made = nw.from_native(table, eager_only=True)
        return made.to_pandas() if backend == "pandas" else made.to_polars()
    except ModuleNotFoundError as missing:
        raise absent(f"a {backend} table", backend) from missing


def numbers_of(column: pa.Array) -> npt.NDArray[np.float64]:
    """A column of numbers as float64, NaN where it is empty.

    Arrow's own way loads pandas, where that is installed, which takes longer than reading a table.

    >>> import pyarrow as pa
    >>> numbers_of(pa.array([1, None, 3], pa.uint32())[1:])
    array([nan,  3.])
    """
    import pyarrow.types as pt

    if not (pt.is_integer(column.type) or pt.is_float32(column.type) or pt.is_float64(column.type)):
        other: npt.NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
        return other
    there, content = column.buffers()
    some = slice(column.offset, column.offset + len(column))
    kind = "f" if pt.is_floating(column.type) else "u" if pt.is_unsigned_integer(column.type) else "i"
    numbers = np.frombuffer(content or b"", f"{kind}{column.type.bit_width // 8}")[some].astype(np.float64)
    if there is not None:
        known = np.unpackbits(np.frombuffer(there, np.uint8), count=some.stop, bitorder="little")[some]
        numbers[known == 0] = np.nan
    return numbers


def write_csv(table: pa.Table, path: str | Path, *, for_people: bool) -> None:
    """Write a table as CSV (UTF-8).

    Parameters
    ----------
    table : pyarrow.Table
        Columns of numbers, text and times.
    path : str or Path
        Where to.
    for_people : bool
        Whether a spreadsheet may open it: then text that it would run as a formula gets an apostrophe in front. A file
        for machines keeps its text as it is.
    """
    import pyarrow as pa
    import pyarrow.csv

    for i, column in enumerate(table.schema if for_people else ()):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            table = table.set_column(i, column.name, mended(table.column(i), _NO_FORMULA, formula_safe))
    with write_whole(path) as file:
        pyarrow.csv.write_csv(table, file)


def mended(
    column: pa.Array | pa.ChunkedArray, harmless: str, mend: Callable[[str], str], *, longest: int | None = None
) -> pa.Array:
    """A column of text, its doubtful cells mended; the others, mostly all of them, never become Python's.

    Parameters
    ----------
    column : pyarrow.Array or ChunkedArray
        Text; a missing cell stays missing.
    harmless : str
        Regular expression (RE2) of the cells that `mend` would leave as they are.
    mend : callable
        Takes a cell and gives it as it shall be.
    longest : int, optional
        Whatever has more characters is mended too.

    Examples
    --------
    >>> import pyarrow as pa
    >>> mended(pa.array(["ada", "=1", None]), "^[a-z]", formula_safe).to_pylist()
    ['ada', "'=1", None]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.cast(column, pa.large_string())
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    doubtful = pc.invert(pc.match_substring_regex(text, harmless))
    if longest is not None:
        doubtful = pc.or_(doubtful, pc.greater(pc.utf8_length(text), longest))
    doubtful = pc.fill_null(doubtful, False)
    found = text.filter(doubtful)
    if not len(found):
        return text
    pieces = (found.slice(start, _AT_ONCE).to_pylist() for start in range(0, len(found), _AT_ONCE))
    return pc.replace_with_mask(text, doubtful, pa.array([mend(cell) for some in pieces for cell in some], text.type))


def write_parquet(table: pa.Table, path: str | Path) -> None:
    """Write a table as Parquet."""
    import pyarrow.parquet as pq

    with write_whole(path) as file:
        pq.write_table(table, file, compression="zstd")
