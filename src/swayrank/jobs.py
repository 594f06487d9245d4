"""What the commands besides `score` do: one measure, a check, a conversion, a generated data set."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.events import Events, Posts
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures.registry import list_measures, measure
from swayrank.pipeline import open_graph
from swayrank.results import write_whole
from swayrank.sources.check import recognise_kind
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.generate import generate
from swayrank.tables import write_csv, write_parquet

_USUAL_N = 10_000
_TABLES = (".csv", ".parquet", ".json")
_KINDS = {"graph": "a graph", "events": "a log of events", "posts": "counts per post", "mapping": "a mapping"}


def read_any(
    file: Path,
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    kind: str | None = None,
    **work: Any,
) -> Graph | Events:
    """A graph or a log, whichever the file holds; options about the other are refused."""
    kind = kind or recognise_kind(file)
    other = events_options if kind == "graph" else graph_options
    if said := [name for name, value in other.items() if value is not None]:
        raise ParameterError(f"{said[0]} does not apply: {file} holds {_KINDS.get(kind, kind)}")
    if kind == "graph":
        return open_graph(file, graph_options, **work)
    if kind == "events":
        given = {name: value for name, value in events_options.items() if value is not None}
        return read_events([str(file)], **given, **work)
    raise ParameterError(f"{file} holds {_KINDS.get(kind, kind)}; a graph or a log is needed")


@dataclass(frozen=True, eq=False)
class Measured:
    """A measure and what it was computed on."""

    measure: Measure
    data: Graph | Events | Posts


def run_measure(
    name: str,
    file: Path,
    parameters: Mapping[str, Any],
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> Measured:
    """Compute the measure called `name` on what `file` holds."""
    known = list_measures()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ParameterError(f"there is no measure {name!r}{hint} (swayrank measure --list shows them)")
    ours = {"rng": rng, "threads": threads, "progress": progress, "engine": "local"}
    if said := [word for word in parameters if word in ours]:
        raise ParameterError(f"{said[0]} is an option of its own (--{said[0]}), not a parameter of the measure")
    kind = _kind_for(known[name].needs, name, file, graph_options, events_options)
    reading: dict[str, Any] = {"threads": threads, "progress": progress}
    data: Graph | Events | Posts
    if kind == "posts":
        data = _read_posts(file, graph_options, events_options, **reading)
    else:
        data = read_any(file, graph_options, events_options, kind=kind, **reading)
    takes = inspect.signature(known[name].function).parameters
    how = {word: value for word, value in ours.items() if word in takes}
    return Measured(measure(data, name, **parameters, **how), data)


def _read_posts(file: Path, graph_options: Mapping[str, Any], events_options: Mapping[str, Any], **work: Any) -> Posts:
    """Counts per post; of the options, only the names of columns apply."""
    others = {**graph_options, **events_options, "columns": None}
    if said := [name for name, value in others.items() if value is not None]:
        raise ParameterError(f"{said[0]} does not apply: {file} holds {_KINDS['posts']}")
    return read_posts([str(file)], columns=events_options.get("columns"), **work)


def _kind_for(
    needs: str, name: str, file: Path, graph_options: Mapping[str, Any], events_options: Mapping[str, Any]
) -> str:
    """What the measure needs, unless the file clearly holds something else and nobody named its columns."""
    options = graph_options if needs == "graph" else events_options
    named = any(value is not None for value in options.values())
    found = needs if named else recognise_kind(file)
    if found != needs and not (needs == "events" and found == "graph" and file.is_file()):
        raise ParameterError(f"{name} is a measure of {_KINDS[needs]}, and {file} holds {_KINDS.get(found, found)}")
    return needs


def told(data: Graph | Events | Posts) -> list[str]:
    """How what was read was understood, line by line."""
    return [f"{data!r}", *(f"  {printable(line, 400)}" for line in str(data.report).splitlines())]


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
    return "\n".join([*told(data), f"written to {output}"])


def run_generate(
    kind: str,
    output: Path,
    n: int | None,
    parameters: Mapping[str, Any],
    *,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> str:
    """Generate a graph folder, or a town's four tables; returns one line that says what was written."""
    if said := [word for word in parameters if word in ("n", "rng", "threads", "progress", "engine")]:
        raise ParameterError(f"{said[0]} is an option of its own (--{said[0]}), not a parameter")
    size: dict[str, Any] = {} if n is None and "scale" in parameters else {"n": _USUAL_N if n is None else n}
    made = generate(kind, **size, rng=rng, threads=threads, progress=progress, **parameters)
    made.save(output)
    return f"{made!r} written to {output}"
