"""What `events` and `rates` do: engagement and its rates per account, from logs and counts per post."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.events import Events, Posts, vocabulary
from swayrank.job_tables import known, write_table
from swayrank.measures._measure import Measure
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
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.graphs import open_graph
from swayrank.sources.recognise import recognise_kind


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
    rows = [{name: known(x) for name, x in row.items()} for row in table.slice(0, top).to_pylist()]
    return RatesRun(posts, [row for row in rows if row["shrunk"] is not None])


def _check_table(path: Path | None) -> None:
    if path is not None and path.suffix not in (".csv", ".parquet"):
        raise ParameterError(f"--output must end in .csv or .parquet, got {path.name!r}")


def _check_sort(sort: str, columns: Collection[str]) -> None:
    if sort not in columns:
        close = difflib.get_close_matches(sort, columns, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ParameterError(f"--sort must be one of {', '.join(columns)}, got {sort!r}{hint}")
