"""What `measure` does: find the measure, read what it needs, compute it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank.errors import ParameterError
from swayrank.events import Events, Posts
from swayrank.graph import Graph
from swayrank.job_tables import write_table
from swayrank.measures._arcs import ArcMeasure
from swayrank.measures._measure import Measure
from swayrank.measures._work import Estimate
from swayrank.measures.registry import Entry, check_parameters, find_measure, list_measures, measure
from swayrank.sources.graphs import open_graph
from swayrank.sources.recognise import recognise_kind

KINDS = {"graph": "a graph", "events": "a log of events", "posts": "counts per post", "mapping": "a mapping"}


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
        raise ParameterError(f"{said[0]} does not apply: {file} holds {KINDS.get(kind, kind)}")
    if kind == "graph":
        return open_graph(file, graph_options, **work)
    if kind == "events":
        from swayrank.sources.events import read_events

        given = {name: value for name, value in events_options.items() if value is not None}
        return read_events([str(file)], **given, **work)
    raise ParameterError(f"{file} holds {KINDS.get(kind, kind)}; a graph or a log is needed")


@dataclass(frozen=True, eq=False)
class MeasureJob:
    """A measure that was asked for, and the data that it is to be computed on."""

    entry: Entry
    data: Graph | Events | Posts
    parameters: Mapping[str, Any]

    def measure(self) -> Measure | ArcMeasure:
        """Compute it."""
        found: Measure | ArcMeasure = measure(self.data, self.entry.name, **self.parameters)
        return found

    def estimate(self) -> Estimate | None:
        """What it would cost; None if nobody knows."""
        return self.entry.estimate(self.data, self.parameters)


def ask_measure(
    name: str,
    file: Path,
    parameters: Mapping[str, Any],
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> MeasureJob:
    """Read what `file` holds, for the measure called `name`."""
    entry = asked_measure(name)
    ours = {"rng": rng, "threads": threads, "progress": progress, "engine": "local"}
    if said := [word for word in parameters if word in ours]:
        raise ParameterError(f"{said[0]} is an option of its own (--{said[0]}), not a parameter of the measure")
    check_parameters(entry, parameters)
    kind = _kind_for(entry.needs, name, file, graph_options, events_options)
    reading: dict[str, Any] = {"threads": threads, "progress": progress}
    data: Graph | Events | Posts
    if kind == "posts":
        data = _read_posts(file, graph_options, events_options, **reading)
    else:
        data = read_any(file, graph_options, events_options, kind=kind, **reading)
    takes = inspect.signature(entry.function).parameters
    parameters = {
        word: open_graph(Path(value), {}, **reading) if word in takes and _is_graph_file(takes[word], value) else value
        for word, value in parameters.items()
    }
    how = {word: value for word, value in ours.items() if word in takes}
    return MeasureJob(entry, data, {**parameters, **how})


def top_rows(result: Measure | ArcMeasure, k: int) -> list[dict[str, Any]]:
    """The highest accounts or arcs, their numbers, and the ends of their intervals where there are any."""
    if isinstance(result, ArcMeasure):
        return [{"source": u, "target": v, result.name: value} for u, v, value in result.top(k)]
    rows = []
    for account, value in result.top(k):
        i = result.ids.position(account)
        ends = (
            {}
            if result.interval is None
            else {"low": float(result.interval[0][i]), "high": float(result.interval[1][i])}
        )
        rows.append({"account": account, result.name: value, **ends})
    return rows


def asked_measure(name: str) -> Entry:
    """The measure of that name; an error, with the name that was perhaps meant, if there is none."""
    entry = find_measure(name)
    if entry is None:
        close = difflib.get_close_matches(name, list_measures(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        if Path(name).exists():
            hint = ": the measure's name comes first, then the file"
        raise ParameterError(f"there is no measure {name!r}{hint} (swayrank measure --list shows them)")
    return entry


def _is_graph_file(parameter: inspect.Parameter, value: object) -> bool:
    """Whether a parameter wants a graph, and a file is named for it."""
    return isinstance(value, str) and str(parameter.annotation).split(" |")[0] == "Graph"


def _read_posts(file: Path, graph_options: Mapping[str, Any], events_options: Mapping[str, Any], **work: Any) -> Posts:
    """Counts per post; of the options, only the names of columns apply."""
    others = {**graph_options, **events_options, "columns": None}
    if said := [name for name, value in others.items() if value is not None]:
        raise ParameterError(f"{said[0]} does not apply: {file} holds {KINDS['posts']}")
    from swayrank.sources.events import read_posts

    return read_posts([str(file)], columns=events_options.get("columns"), **work)


def _kind_for(
    needs: str, name: str, file: Path, graph_options: Mapping[str, Any], events_options: Mapping[str, Any]
) -> str:
    """What the measure needs, unless the file clearly holds something else and nobody named its columns."""
    options = graph_options if needs == "graph" else events_options
    named = any(value is not None for value in options.values())
    found = needs if named else recognise_kind(file)
    if found != needs and not (needs == "events" and found == "graph" and file.is_file()):
        raise ParameterError(f"{name} is a measure of {KINDS[needs]}, and {file} holds {KINDS.get(found, found)}")
    return needs


def write_measure(result: Measure | ArcMeasure, path: Path) -> None:
    """Write a measure's whole table as .csv, .parquet or .json."""
    write_table(result.to_frame("pyarrow"), path)
