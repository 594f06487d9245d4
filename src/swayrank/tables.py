"""Tables on their way out: any dataframe, CSV, Parquet. Files appear whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swayrank._text import formula_safe
from swayrank.errors import MissingDependencyError, ParameterError
from swayrank.results import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

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
        raise MissingDependencyError(f"a {backend} table needs {backend}: pip install {backend}") from missing


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
            safe = [None if cell is None else formula_safe(cell) for cell in table.column(i).to_pylist()]
            table = table.set_column(i, column.name, pa.array(safe, pa.large_string()))
    with write_whole(path) as file:
        pyarrow.csv.write_csv(table, file)


def write_parquet(table: pa.Table, path: str | Path) -> None:
    """Write a table as Parquet."""
    import pyarrow.parquet as pq

    with write_whole(path) as file:
        pq.write_table(table, file, compression="zstd")
