"""What the commands besides `score` do: one measure, a check, a conversion, a generated data set."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures.registry import measure, measures
from swayrank.pipeline import open_graph
from swayrank.results import write_whole
from swayrank.sources.check import recognise_kind
from swayrank.sources.events import read_events
from swayrank.sources.generate import generate
from swayrank.tables import write_csv, write_parquet

_TABLES = (".csv", ".parquet", ".json")


def read_any(
    file: Path,
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    kind: str | None = None,
    **work: Any,
) -> Graph | Events:
    """A graph or a log, whichever the file holds."""
    if (kind or recognise_kind(file)) == "graph":
        return open_graph(file, graph_options, **work)
    given = {name: value for name, value in events_options.items() if value is not None}
    return read_events([str(file)], **given, **work)


def run_measure(
    name: str,
    file: Path,
    parameters: Mapping[str, Any],
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Compute the measure called `name` on what `file` holds."""
    known = measures()
    needs = "graph" if name not in known or known[name].needs == "graph" else "events"
    data = read_any(file, graph_options, events_options, kind=needs, threads=threads, progress=progress)
    takes = inspect.signature(known[name].function).parameters if name in known else {}
    how = {word: value for word, value in (("threads", threads), ("progress", progress)) if word in takes}
    return measure(data, name, **parameters, **how)


def write_measure(result: Measure, path: Path) -> None:
    """Write a measure's whole table as .csv, .parquet or .json."""
    table = result.to_frame("pyarrow")
    if path.suffix == ".csv":
        write_csv(table, path, for_people=True)
    elif path.suffix == ".parquet":
        write_parquet(table, path)
    elif path.suffix == ".json":
        rows = [{**row, "account": str(row["account"])} for row in table.to_pylist()]
        with write_whole(path) as file:
            file.write(json.dumps(rows, ensure_ascii=False).encode() + b"\n")
    else:
        raise ParameterError(f"--output must end in one of {', '.join(_TABLES)}, got {path.name!r}")


def run_convert(
    file: Path,
    output: Path,
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    threads: int | None = None,
    progress: Progress = None,
) -> str:
    """Convert a graph or a log; returns one line that says what was written."""
    data = read_any(file, graph_options, events_options, threads=threads, progress=progress)
    if output.suffix == ".csv":
        write_csv(data.to_frame("pyarrow"), output, for_people=False)  # it will be read again: names stay as they are
    elif output.suffix == ".parquet":
        write_parquet(data.to_frame("pyarrow"), output)
    elif isinstance(data, Events):
        raise ParameterError(f"a log is converted to .csv or .parquet, got {output.name!r}")
    elif output.suffix:
        raise ParameterError(f"a graph is converted to a folder, .csv or .parquet, got {output.name!r}")
    else:
        data.save(output)
    return f"{data!r} written to {output}"


def run_generate(
    kind: str,
    output: Path,
    n: int,
    parameters: Mapping[str, Any],
    *,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> str:
    """Generate a graph folder, or a town's four tables; returns one line that says what was written."""
    made = generate(kind, n=n, rng=rng, threads=threads, progress=progress, **parameters)
    made.save(output)
    return f"{made!r} written to {output}"
