"""What the commands besides `score` do: one measure, a check, a conversion, a generated data set."""

from __future__ import annotations

import difflib
import inspect
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.events import Events, Posts, vocabulary
from swayrank.graph import Graph
from swayrank.graph.formats import ACCOUNT_COLUMNS, FORMATS, format_of, write_graph
from swayrank.measures._arcs import ArcMeasure
from swayrank.measures._measure import Measure
from swayrank.measures._work import Estimate
from swayrank.measures.community.detect import Communities, communities
from swayrank.measures.community.flows import CommunityInfluence, community_influence
from swayrank.measures.engagement.decay import decayed_engagement
from swayrank.measures.engagement.profile import account_profile
from swayrank.measures.engagement.rates import posts_from_events, rate_table
from swayrank.measures.engagement.streamed import (
    TABLE_COLUMNS,
    USUAL_HALF_LIVES,
    StreamedEngagement,
    stream_engagement,
)
from swayrank.measures.engagement.windows import window
from swayrank.measures.registry import Entry, check_parameters, list_measures, measure
from swayrank.pipeline import open_graph
from swayrank.results import write_whole
from swayrank.sources.check import recognise_kind
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.generate import generate
from swayrank.sources.town import town_in
from swayrank.tables import write_csv, write_parquet

_USUAL_N = 10_000
TABLES = (".csv", ".parquet", ".json")
IDS = ("account", "source", "target")
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
    check_measure_name(name)
    known = list_measures()
    ours = {"rng": rng, "threads": threads, "progress": progress, "engine": "local"}
    if said := [word for word in parameters if word in ours]:
        raise ParameterError(f"{said[0]} is an option of its own (--{said[0]}), not a parameter of the measure")
    check_parameters(known[name], parameters)
    kind = _kind_for(known[name].needs, name, file, graph_options, events_options)
    reading: dict[str, Any] = {"threads": threads, "progress": progress}
    data: Graph | Events | Posts
    if kind == "posts":
        data = _read_posts(file, graph_options, events_options, **reading)
    else:
        data = read_any(file, graph_options, events_options, kind=kind, **reading)
    takes = inspect.signature(known[name].function).parameters
    parameters = {
        word: open_graph(Path(value), {}, **reading) if word in takes and _is_graph_file(takes[word], value) else value
        for word, value in parameters.items()
    }
    how = {word: value for word, value in ours.items() if word in takes}
    return MeasureJob(known[name], data, {**parameters, **how})


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


@dataclass(frozen=True, eq=False)
class CommunitiesRun:
    """The communities of a graph, the top accounts of each, and what passes between them."""

    graph: Graph
    communities: Communities
    influence: CommunityInfluence
    top: list[list[tuple[int | str, float | int]]]

    def facts(self) -> dict[str, Any]:
        """All of it, for machines."""
        found, flow = self.communities, self.influence
        rows = zip(flow.names, flow.size.tolist(), flow.within.tolist(), flow.across.tolist(), strict=True)
        return {
            "communities": [
                {
                    "community": name,
                    "accounts": size,
                    "within": own,
                    "across": beyond,
                    "top": []
                    if name == "others"
                    else [{"account": str(a), "value": x} for a, x in self.top[int(name)]],
                }
                for name, size, own, beyond in rows
            ],
            "n_communities": len(found),
            "modularity": None if math.isnan(found.modularity) else found.modularity,
            "reach": flow.reach.tolist(),
            "parameters": {"communities": dict(found.params), "influence": dict(flow.params)},
        }


def run_communities(
    file: Path,
    graph_options: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    by: str,
    top: int,
    largest: int,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> CommunitiesRun:
    """Find communities, their top accounts by the measure called `by`, and the influence within and across."""
    check_measure_name(by)
    entry = list_measures()[by]
    if entry.needs != "graph" or entry.gives != "accounts":
        raise ParameterError(f"--by must be a measure of a graph's accounts, such as pagerank, got {by!r}")
    asked = ask_measure(by, file, {}, graph_options, {}, rng=rng, threads=threads, progress=progress)
    ranked = asked.measure()
    assert isinstance(asked.data, Graph)
    assert isinstance(ranked, Measure)
    found = communities(asked.data, rng=rng, **options)
    flow = community_influence(asked.data, found, largest=largest, rng=rng, threads=threads, progress=progress)
    return CommunitiesRun(asked.data, found, flow, found.top(ranked, top))


def parse_parameters(texts: list[str]) -> dict[str, object]:
    """``damping=0.9`` as a parameter: JSON where it is JSON, text otherwise."""
    values: dict[str, object] = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not equal:
            raise ParameterError(f"--parameter must look like name=value, got {text!r}")
        try:
            values[name.strip()] = json.loads(value)
        except ValueError:
            values[name.strip()] = value
    return values


def check_measure_name(name: str) -> None:
    """Raise an error, with the name that was perhaps meant, if there is no such measure."""
    known = list_measures()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        if Path(name).exists():
            hint = ": the measure's name comes first, then the file"
        raise ParameterError(f"there is no measure {name!r}{hint} (swayrank measure --list shows them)")


def _is_graph_file(parameter: inspect.Parameter, value: object) -> bool:
    """Whether a parameter wants a graph, and a file is named for it."""
    return isinstance(value, str) and str(parameter.annotation).split(" |")[0] == "Graph"


def _read_posts(file: Path, graph_options: Mapping[str, Any], events_options: Mapping[str, Any], **work: Any) -> Posts:
    """Counts per post; of the options, only the names of columns apply."""
    others = {**graph_options, **events_options, "columns": None}
    if said := [name for name, value in others.items() if value is not None]:
        raise ParameterError(f"{said[0]} does not apply: {file} holds {KINDS['posts']}")
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


def told(data: Graph | Events | Posts) -> list[str]:
    """How what was read was understood, line by line."""
    return [f"{data!r}", *(f"  {printable(line, 400)}" for line in str(data.report).splitlines())]


def write_measure(result: Measure | ArcMeasure, path: Path) -> None:
    """Write a measure's whole table as .csv, .parquet or .json."""
    write_table(result.to_frame("pyarrow"), path)


def write_table(table: Any, path: Path) -> None:
    """Write an Arrow table as .csv (for people), .parquet or .json (rows, ids as text)."""
    if path.suffix == ".csv":
        write_csv(table, path, for_people=True)
    elif path.suffix == ".parquet":
        write_parquet(table, path)
    elif path.suffix == ".json":
        rows = [{name: str(x) if name in IDS else _known(x) for name, x in row.items()} for row in table.to_pylist()]
        with write_whole(path) as file:
            file.write(json.dumps(rows, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    else:
        raise ParameterError(f"--output must end in one of {', '.join(TABLES)}, got {path.name!r}")


@dataclass(frozen=True, eq=False)
class EngagementRun:
    """Everything counted per account of some logs, and the accounts that are highest by one column."""

    engagement: StreamedEngagement
    sort: str
    top: list[dict[str, Any]]

    def told(self) -> list[str]:
        """How the logs were understood, line by line."""
        report = self.engagement.report
        lines = [repr(self.engagement), *(f"  {line}" for line in str(report).splitlines())]
        if len(report.rejects):
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in report.rejects.by_reason().items())
            lines.append(f"{len(report.rejects):,} rows were refused ({reasons})")
        return [printable(line, 400) for line in lines]


def run_events(
    files: Sequence[Path],
    output: Path | None,
    reading: Mapping[str, Any],
    *,
    sort: str = "total",
    top: int = 20,
    memory_limit: str | None = None,
    days: float | str | None = None,
    until: str | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> EngagementRun:
    """Count every account's engagement from logs; with `output`, write the whole table as .csv or .parquet.

    `days` and `until` take a window of the logs, which is then held in memory.
    """
    _check_table(output)
    _check_sort(sort, [*vocabulary(reading.get("extra_actions", ())), *TABLE_COLUMNS])
    if days is None and until is None:
        found = stream_engagement(
            [str(file) for file in files], memory_limit=memory_limit, threads=threads, progress=progress, **reading
        )
    elif memory_limit is not None:
        raise ParameterError("--memory-limit does not go with --days and --until, which hold the logs in memory")
    else:
        log = read_events([str(file) for file in files], threads=threads, progress=progress, **reading)
        found = _counted(in_window(log, days, until), threads=threads, progress=progress)
    columns = found.columns()
    _check_sort(sort, columns)
    highest = Measure(sort, columns[sort].copy(), found.accounts).top(top)
    rows = found.accounts.positions([account for account, _ in highest])
    named = [{name: values[row].item() for name, values in columns.items()} for row in rows]
    if output is not None:
        write_table(found.to_frame("pyarrow"), output)
    return EngagementRun(found, sort, [{"account": a, **row} for (a, _), row in zip(highest, named, strict=True)])


def _counted(events: Events, **work: Any) -> StreamedEngagement:
    """What `stream_engagement` counts, of a log in memory."""
    decayed = {
        f"decayed_{days:g}d": decayed_engagement(events, half_life_days=days).values for days in USUAL_HALF_LIVES
    }
    profile = account_profile(events, **work)
    return StreamedEngagement(
        events.accounts, profile, decayed, events.n_events, events.span, events.report, on_disk=False
    )


def in_window(events: Events, days: float | str | None, until: str | None) -> Events:
    """The last `days` before `until`, all before it, or all."""
    if days is not None:
        return window(events, days, until=until)
    return events if until is None else events.before(until)


@dataclass(frozen=True, eq=False)
class RatesRun:
    """The posts that rates were computed on, and the accounts of the highest shrunk rates."""

    posts: Posts
    top: list[dict[str, Any]]


def run_rates(
    files: Sequence[Path],
    output: Path | None,
    parameters: Mapping[str, Any],
    *,
    columns: Mapping[str, Any] | None,
    events_options: Mapping[str, Any],
    graph: Path | None,
    days: float | str | None,
    until: str | None,
    top: int,
    **work: Any,
) -> RatesRun:
    """Every account's rate from tables of counts per post, or from logs; all of them to `output`."""
    _check_table(output)
    log_options = {**events_options, "graph": graph, "days": days, "until": until}
    said = [f"--{name}" for name, value in log_options.items() if value is not None]
    if columns is None and all(recognise_kind(file) == "events" for file in files):
        given = {name: value for name, value in events_options.items() if value is not None}
        log = in_window(read_events([str(file) for file in files], **given, **work), days, until)
        posts = posts_from_events(log, graph=None if graph is None else open_graph(graph, {}, **work))
    elif said:
        raise ParameterError(f"{said[0]} is for logs, and {files[0]} holds counts per post")
    else:
        posts = read_posts([str(file) for file in files], columns=columns, **work)
    table = rate_table(posts, **parameters, backend="pyarrow")
    table = table.sort_by([("shrunk", "descending")])  # missing ones come last
    if output is not None:
        write_table(table, output)
    rows = [{name: _known(x) for name, x in row.items()} for row in table.slice(0, top).to_pylist()]
    return RatesRun(posts, [row for row in rows if row["shrunk"] is not None])


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _check_table(path: Path | None) -> None:
    if path is not None and path.suffix not in (".csv", ".parquet"):
        raise ParameterError(f"--output must end in .csv or .parquet, got {path.name!r}")


def _check_sort(sort: str, columns: Collection[str]) -> None:
    if sort not in columns:
        close = difflib.get_close_matches(sort, columns, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ParameterError(f"--sort must be one of {', '.join(columns)}, got {sort!r}{hint}")


def run_convert(
    file: Path,
    output: Path,
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    nodes: Path | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> str:
    """Convert a graph or a log; returns lines that say what was read and written.

    `nodes` is a table of accounts (.csv or .parquet), whose columns a graph format holds as attributes of nodes.
    """
    form = format_of(output)
    if nodes is not None and form is None:
        raise ParameterError(f"--nodes is for formats that hold attributes of accounts, as .gexf, got {output.name!r}")
    data = read_any(file, graph_options, events_options, threads=threads, progress=progress)
    if form is not None:
        if isinstance(data, Events):
            raise ParameterError(f"a log is converted to .csv or .parquet, got {output.name!r}")
        table = None if nodes is None else read_accounts_table(nodes)
        write_graph(data, output, nodes=table)
    elif output.suffix == ".csv":
        write_csv(data.to_frame("pyarrow"), output, for_people=False)  # it will be read again: names stay as they are
    elif output.suffix == ".parquet":
        write_parquet(data.to_frame("pyarrow"), output)
    elif isinstance(data, Events):
        raise ParameterError(f"a log is converted to .csv or .parquet, got {output.name!r}")
    elif output.suffix:
        raise ParameterError(
            f"a graph is converted to a folder, .csv, .parquet or {', '.join(FORMATS)}, got {output.name!r}"
        )
    else:
        data.save(output)
    return "\n".join([*told(data), f"written to {output}"])


def read_accounts_table(path: Path) -> Any:
    """A table of accounts and numbers about them (.csv or .parquet), as `write_measure` and runs write it."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

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
    replaced = town_in(output) if kind == "town" else (output.is_dir() and any(output.iterdir()))
    made = generate(kind, **size, rng=rng, threads=threads, progress=progress, **parameters)
    made.save(output)  # a graph replaces a graph alone
    before = f", in place of the {'town' if kind == 'town' else 'graph'} that was there" if replaced else ""
    return f"{made!r} written to {output}{before}"
