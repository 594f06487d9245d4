"""The table of a kept run, read again: columns of numbers, roles and intervals, NaN or 0 where a cell is empty."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import FolderError
from swayrank.ids import read_only
from swayrank.results import file_hash
from swayrank.scoring.intervals import Intervals, Pair
from swayrank.scoring.parts import BY_POST, BY_TIME
from swayrank.tables import numbers_of

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.uint32]

SCORES = "scores.parquet"


def read_table(folder: Path, manifest: Mapping[str, Any], accounts: list[str] | None = None) -> pa.Table:
    """The run's table, unaltered; of some accounts only, where they are given."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = folder / SCORES
    known = {entry["file"]: entry["blake2b"] for entry in manifest["outputs"]}
    if not path.is_file() or known.get(SCORES) != file_hash(path):
        raise FolderError(f"{folder}: {SCORES} is absent or was altered after the run; score the data again")
    with pq.ParquetFile(path) as file:  # what reads several files at once loads pandas where that is installed
        table = file.read()
    if accounts is None:
        return table
    text = pc.cast(table["account"], pa.large_string())
    wanted = pc.index_in(text, pa.array(accounts, pa.large_string()))
    return table.filter(pc.is_valid(wanted))


def number(table: pa.Table, name: str) -> Floats:
    """A column of numbers, NaN where it is empty or absent."""
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return read_only(numbers_of(table[name].combine_chunks()))


def whole(table: pa.Table, name: str) -> Ranks:
    """A column of ranks, 0 where it is empty or absent."""
    return read_only(np.nan_to_num(number(table, name)).astype(np.uint32))


def roles_of(table: pa.Table) -> npt.NDArray[np.object_] | None:
    """The roles, None without a score; None where the table has none."""
    if "role" not in table.column_names:
        return None
    roles = np.empty(table.num_rows, np.object_)
    roles[:] = table["role"].to_pylist()
    return roles


def intervals_of(table: pa.Table, manifest: Mapping[str, Any], raw: Mapping[str, Floats]) -> Intervals | None:
    """How sure it all is, as the table and the manifest tell; None where no intervals were drawn."""
    told = manifest.get("intervals")
    if told is None:
        return None
    unseen = np.zeros(table.num_rows, np.bool_)
    for name, varies in told["varies"].items():
        if varies in (BY_POST, BY_TIME):
            unseen |= raw[name] == 0
    ends = functools.partial(_ends, table)
    rank = (whole(table, "rank_low"), whole(table, "rank_high"))
    by_part = {name: ends(name) for name in raw}
    return Intervals(
        told["confidence"], told["n_replicates"], ends("score"), by_part, rank, read_only(unseen), told["varies"]
    )


def _ends(table: pa.Table, name: str) -> Pair:
    return number(table, f"{name}_low"), number(table, f"{name}_high")
