"""What `swayrank correlate` does: measures of a graph or a log, or the columns of a table, held against each other."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank.errors import ParameterError
from swayrank.job_tables import read_accounts_table, write_table
from swayrank.measure_jobs import asked_measure, read_any
from swayrank.measures._measure import Measure
from swayrank.measures.correlate import Correlations, correlate
from swayrank.measures.registry import measure
from swayrank.results import write_whole

TABLES = (".csv", ".parquet", ".json")


def run_correlate(
    file: Path,
    measures: Sequence[str],
    parameters: Mapping[str, Any],
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    statistics: Sequence[str],
    k: int,
    p: float,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> Correlations:
    """Compute the measures on what `file` holds, and correlate them. `parameters` are named ``measure.parameter``."""
    known = {name: asked_measure(name) for name in measures}
    own = _of_each(measures, parameters)
    data = read_any(file, graph_options, events_options, threads=threads, progress=progress)
    computed: dict[str, Measure] = {}
    for name in measures:
        takes = inspect.signature(known[name].function).parameters
        how = {"rng": rng, "threads": threads, "progress": progress}
        how = {word: value for word, value in how.items() if word in takes}
        computed[name] = measure(data, name, **own[name], **how)
    return correlate(computed, k=k, p=p, statistics=statistics)


def _of_each(measures: Sequence[str], parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Parameters by measure."""
    own: dict[str, dict[str, Any]] = {name: {} for name in measures}
    for text, value in parameters.items():
        name, point, word = text.partition(".")
        if not point or name not in own:
            raise ParameterError(
                f"--parameter must look like measure.parameter=value, with one of the measures, got {text!r}"
            )
        own[name][word] = value
    return own


def run_correlate_columns(
    file: Path, columns: Sequence[str], *, statistics: Sequence[str], k: int, p: float
) -> Correlations:
    """Correlate columns of numbers of a table (.csv or .parquet)."""
    table = read_accounts_table(file)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ParameterError(
            f"--columns must be columns of {file.name} ({', '.join(table.column_names)}), got {missing[0]!r}"
        )
    return correlate(table.select(list(columns)), k=k, p=p, statistics=statistics)


def write_correlations(result: Correlations, path: Path) -> None:
    """Write every pair as .csv, .parquet or .json, where a statistic that is undefined is null."""
    if path.suffix != ".json":
        write_table(result.to_frame("pyarrow"), path)
        return
    with write_whole(path) as file:
        file.write(json.dumps(as_facts(result), ensure_ascii=False, allow_nan=False).encode() + b"\n")


def as_facts(result: Correlations) -> dict[str, Any]:
    """Everything as plain values; None where a statistic is undefined."""
    pairs = [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in result.to_frame("pyarrow").to_pylist()
    ]
    facts = {"measures": list(result.names), "accounts": result.n, "left_out": result.n_left_out}
    return {**facts, "k": result.k, "p": result.p, "pairs": pairs}
