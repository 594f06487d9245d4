"""The tables that commands write and read, and what they say of the data that was read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.results import write_whole
from swayrank.tables import write_csv, write_parquet

if TYPE_CHECKING:
    from swayrank.events import Events, Posts
    from swayrank.graph import Graph

TABLES = (".csv", ".parquet", ".json")
IDS = ("account", "source", "target")


def told(data: Graph | Events | Posts) -> list[str]:
    """How what was read was understood, line by line."""
    return [f"{data!r}", *(f"  {printable(line, 400)}" for line in str(data.report).splitlines())]


def write_table(table: Any, path: Path) -> None:
    """Write an Arrow table as .csv (for people), .parquet or .json (rows, ids as text)."""
    if path.suffix == ".csv":
        write_csv(table, path, for_people=True)
    elif path.suffix == ".parquet":
        write_parquet(table, path)
    elif path.suffix == ".json":
        rows = [{name: str(x) if name in IDS else known(x) for name, x in row.items()} for row in table.to_pylist()]
        with write_whole(path) as file:
            file.write(json.dumps(rows, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    else:
        raise ParameterError(f"--output must end in one of {', '.join(TABLES)}, got {path.name!r}")


def read_accounts_table(path: Path) -> Any:
    """A table of accounts and numbers about them (.csv or .parquet), as `write_measure` and runs write it."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    from swayrank.graph.formats import ACCOUNT_COLUMNS

    if path.suffix not in (".csv", ".parquet"):
        raise ParameterError(f"a table of accounts must end in .csv or .parquet, got {path.name!r}")
    if not path.is_file():
        raise InputError("there is no such file", file=str(path))
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        names = {name: pa.large_string() for name in ACCOUNT_COLUMNS}  # "007" stays what it is
        options = pyarrow.csv.ConvertOptions(column_types=names)
        parsing = pyarrow.csv.ParseOptions(newlines_in_values=True)
        return pyarrow.csv.read_csv(path, convert_options=options, parse_options=parsing)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        raise InputError(f"is no sound table: {printable(error, 300)}", file=str(path)) from None


def known(value: Any) -> Any:
    """A cell as JSON has it: None where it is no number."""
    return None if isinstance(value, float) and math.isnan(value) else value
