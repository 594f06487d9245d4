"""What is in a set of files: rows, accounts, times, oddities, how log and graph fit together, and every refused row.

Nothing is computed that reading does not need anyway; :func:`check_files` reads as `swayrank.read_graph`, `read_events`
and `read_posts` do, but lets any number of rows be refused, since telling them is what it is for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_ACCOUNT, NO_TIME, iso
from swayrank.events.posts import Posts
from swayrank.events.reports import EventsReport, EventsSummary, FileReport
from swayrank.graph import Graph
from swayrank.graph.parts import GraphReport
from swayrank.ids import ABSENT, Ids
from swayrank.sources.alike import alike
from swayrank.sources.edges import read_graph
from swayrank.sources.recognise import recognise_kind
from swayrank.sources.rejects import Rejects, no_log

KINDS = ("graph", "events", "posts")
"""What a file can be."""
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class GraphCheck:
    """A graph in numbers; `told` is what reading came to, in words."""

    accounts: int
    arcs: int
    directed: bool
    isolated: int
    self_loops: int
    duplicates: int
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostsCheck:
    """Posts in numbers; `given` is in how many rows each count is given."""

    rows: int
    accounts: int
    first: str | None
    last: str | None
    duplicates: int
    given: dict[str, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the accounts of a log (or of posts) and of a graph fit together.

    Attributes
    ----------
    in_both, only_log, only_graph : int
        Accounts.
    rows_covered : float
        Share of the log's rows whose accounts are all in the graph.
    examples_only_log, examples_only_graph : tuple of str
        The first few of them.
    """

    in_both: int
    only_log: int
    only_graph: int
    rows_covered: float
    examples_only_log: tuple[str, ...]
    examples_only_graph: tuple[str, ...]


@dataclass(frozen=True)
class CheckReport:
    """What :func:`check_files` found. ``str(report)`` is a table for people, :meth:`to_dict` the same for machines.

    Attributes
    ----------
    files : tuple of FileReport
        Each file of events and posts: layout, columns, records kept, rejected and skipped.
    graph : GraphCheck or None
        The graph.
    events : EventsSummary or None
        The log.
    posts : PostsCheck or None
        The posts.
    coverage : dict of str to Coverage
        "events" and "posts", where there is a graph too.
    rejects : Rejects
        Every refused row.
    """

    files: tuple[FileReport, ...] = ()
    graph: GraphCheck | None = None
    events: EventsSummary | None = None
    posts: PostsCheck | None = None
    coverage: dict[str, Coverage] = field(default_factory=dict)
    rejects: Rejects = field(default_factory=Rejects)
    notes: tuple[str, ...] = ()

    @property
    def useless(self) -> tuple[str, ...]:
        """Files that have records, of which none could be used."""
        lost = self.rejects.by_file()
        files = [one.file for one in self.files if one.records and one.records == one.rejected]
        no_arc = self.graph is not None and not self.graph.accounts
        told = {one.file for one in self.files}
        return (*files, *(name for name in lost if no_arc and name not in told))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the refused rows themselves, of which the counts and the first few are given."""
        return {
            "files": [asdict(one) for one in self.files],
            "graph": None if self.graph is None else asdict(self.graph),
            "events": None if self.events is None else asdict(self.events),
            "posts": None if self.posts is None else asdict(self.posts),
            "coverage": {name: asdict(one) for name, one in self.coverage.items()},
            "rejected": self.rejects.by_reason(),
            "rejects": [str(self.rejects[k]) for k in range(min(_EXAMPLES, len(self.rejects)))],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        parts = [self._files_text(), self._graph_text(), self._events_text(), self._posts_text()]
        parts += [_coverage_text(name, one) for name, one in self.coverage.items()]
        parts += [] if self.files else ["\n".join(self.notes)]
        return "\n\n".join(part for part in [*parts, self._rejects_text()] if part)

    def _files_text(self) -> str:
        if not self.files:
            return ""
        head = ("file", "records", "kept", "rejected", "skipped", "rows")
        rows = [
            (Path(one.file).name, *(f"{k:,}" for k in (one.records, one.kept, one.rejected, one.skipped, one.rows)))
            for one in self.files
        ]
        alike: dict[str, list[str]] = {}
        for one in self.files:
            fields = ", ".join(f"{name} = {printable(column, 80)}" for name, column in one.columns.items())
            told = "\n".join([f"{one.layout}; {fields}", *(f"  {note}" for note in one.notes)])
            alike.setdefault(told, []).append(Path(one.file).name)
        lines = [table_text([head, *rows], right=range(1, len(head)))]
        lines += [f"{', '.join(names)}: {told}" for told, names in alike.items()]
        return "\n".join([*lines, *self.notes])

    def _graph_text(self) -> str:
        if self.graph is None:
            return ""
        kind = "directed" if self.graph.directed else "undirected"
        rows = [
            ("accounts", f"{self.graph.accounts:,}", f"{self.graph.isolated:,} without any arc"),
            ("arcs", f"{self.graph.arcs:,}", kind),
            ("self-loops", f"{self.graph.self_loops:,}", "dropped"),
            ("duplicates", f"{self.graph.duplicates:,}", "merged"),
        ]
        return "\n".join(["graph", table_text(rows), *self.graph.told])

    def _events_text(self) -> str:
        if self.events is None:
            return ""
        e = self.events
        gap = "" if e.longest_gap_hours is None else f"longest silence {e.longest_gap_hours:,.1f} hours"
        rows = [
            ("events", f"{e.events:,}", ", ".join(f"{count:,} {name}" for name, count in e.actions.items())),
            ("accounts", f"{e.accounts:,}", f"{e.actors:,} actors, {e.targets:,} targets"),
            ("posts", f"{e.posts:,}", ""),
            ("time", e.first or "none", f"to {e.last}; {gap}" if e.last else ""),
            ("without time", f"{e.no_time:,}", ""),
            ("without target", f"{e.no_target:,}", "interactions, not posts"),
            ("duplicates", f"{e.duplicates:,}", "same actor, action, target, post and time"),
            ("with oneself", f"{e.self_interactions:,}", ""),
            ("before their post", f"{e.before_their_post:,}", "more than a second before it was published"),
            ("before 2000", f"{e.before_2000:,}", ""),
            ("in the future", f"{e.in_future:,}", ""),
        ]
        return "events\n" + table_text(rows)

    def _posts_text(self) -> str:
        if self.posts is None:
            return ""
        p = self.posts
        rows = [
            ("rows", f"{p.rows:,}", f"{p.accounts:,} accounts"),
            ("time", p.first or "none", f"to {p.last}" if p.last else ""),
            ("duplicates", f"{p.duplicates:,}", "same account and post"),
            *((name, f"{count:,}", "rows with a number") for name, count in p.given.items()),
        ]
        return "posts\n" + table_text(rows)

    def _rejects_text(self) -> str:
        if not len(self.rejects):
            return "no row was rejected"
        lines = [f"{len(self.rejects):,} rows were rejected"]
        lines.append(table_text([(reason, f"{count:,}") for reason, count in self.rejects.by_reason().items()]))
        lines += [str(self.rejects[k]) for k in range(min(_EXAMPLES, len(self.rejects)))]
        lines += [f"nothing of {printable(name, 400)} could be used" for name in self.useless]
        records = sum(one.records for one in self.files)
        lines += [cure] if self.useless and (cure := no_log(self.rejects, records)) else []
        if (more := len(self.rejects) - _EXAMPLES) > 0:
            lines.append(f"and {more:,} more; --output rejects.csv writes all of them (in Python, rejects.to_csv)")
        return "\n".join(lines)


def check_files(
    files: Sequence[str | Path],
    *,
    kind: str | None = None,
    kinds: Mapping[str, str] | None = None,
    data: str | Path | None = None,
    graph_options: Mapping[str, Any] | None = None,
    events_options: Mapping[str, Any] | None = None,
    posts_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Progress = None,
) -> CheckReport:
    r"""Read files and tell what is in them.

    Parameters
    ----------
    files : sequence of path
        Any mix of graphs, logs of events and tables of posts, or one mapping (TOML).
    kind : {"graph", "events", "posts"}, optional
        What all the files are; by default each is recognised.
    kinds : mapping of file to kind, optional
        What single files are. ``"events:log.txt"`` in `files` says the same.
    data : path, optional
        Folder that a mapping's files lie in; by default the mapping's own.
    graph_options, events_options, posts_options : mapping, optional
        Further arguments of `read_graph`, `read_events` and `read_posts`.
    threads : int, optional
        By default as many as the process may use.
    progress : bool or callable, optional
        Whether to show progress.

    Returns
    -------
    report : CheckReport
        With every refused row, however many there are.

    Raises
    ------
    InputError
        If a file cannot be read at all.
    ParameterError
        If there is no file, or a kind is none.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log, follows = pathlib.Path(folder) / "log.csv", pathlib.Path(folder) / "follows.csv"
    ...     _ = log.write_text("actor,action,target,time\nbob,RT,ada,2017-11-06\neve,RT,ada,soon\n")
    ...     _ = follows.write_text("follower,followed\nbob,ada\ncem,ada\n")
    ...     report = check_files([log, follows])
    >>> report.events.events, report.rejects.by_reason(), report.coverage["events"].only_graph
    (1, {'not a time': 1}, 1)
    """
    work: dict[str, Any] = {"threads": threads, "progress": progress, "max_rejects": 1.0}
    named = [_named(file, kind, kinds or {}) for file in files]
    if not named:
        raise ParameterError("files must name at least one file")
    if any(what == "mapping" for _, what in named):
        if len(named) > 1:
            raise ParameterError("files must be data files, or one mapping alone")
        return _check_mapping(named[0][0], data, work)
    by_kind: dict[str, list[Path]] = {what: [path for path, one in named if one == what] for what in KINDS}
    graph = events = posts = None
    if by_kind["graph"]:
        graph = _graph_of(by_kind["graph"], {**work, **(graph_options or {})})
    if by_kind["events"]:
        from swayrank.sources.events import read_events

        events = read_events(by_kind["events"], **{**work, **(events_options or {})})
    if by_kind["posts"]:
        from swayrank.sources.events import read_posts

        posts = read_posts(by_kind["posts"], **{**work, **(posts_options or {})})
    return check_data(graph, events, posts)


def _named(file: str | Path, kind: str | None, kinds: Mapping[str, str]) -> tuple[Path, str]:
    """The path of a file and what it is."""
    prefix, colon, rest = str(file).partition(":")
    if colon and prefix in KINDS and not os.path.exists(file):
        return Path(rest), prefix
    path = Path(file)
    what = kinds.get(str(file)) or kind or recognise_kind(path)
    if what not in (*KINDS, "mapping"):
        raise ParameterError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {what!r}")
    return path, what


def _graph_of(paths: list[Path], options: Mapping[str, Any]) -> Graph:
    if len(paths) == 1 and paths[0].is_dir():
        return Graph.open(paths[0], verify=True)
    return read_graph(paths if len(paths) > 1 else paths[0], **options)


def _check_mapping(path: Path, data: str | Path | None, work: dict[str, Any]) -> CheckReport:
    from swayrank.sources.events import read_events, read_posts
    from swayrank.sources.mapping import load_mapping

    mapping = load_mapping(path, base=data)
    graph = read_graph(**{**mapping.graph, **work}) if mapping.graph is not None else None
    events = read_events(mapping=mapping, **work) if mapping.blocks("events") else None
    posts = read_posts(mapping=mapping, **work) if mapping.blocks("posts") else None
    left_out = [block.name for block in (*mapping.events, *mapping.posts) if not block.use]
    notes = (f"not read, as the mapping says: {', '.join(left_out)}",) if left_out else ()
    return check_data(graph, events, posts, notes=notes)


def check_data(
    graph: Graph | None = None,
    events: Events | None = None,
    posts: Posts | None = None,
    *,
    notes: tuple[str, ...] = (),
) -> CheckReport:
    """Tell what is in data that have been read already; see :func:`check_files`."""
    rejects, files = Rejects(), list[FileReport]()
    for source in (graph, events, posts):
        own = None if source is None else getattr(source.report, "rejects", None)
        if own is not None:
            rejects.extend(own)
    for table in (events, posts):
        if table is not None:
            report: EventsReport = table.report
            files += report.files
            notes = (*notes, *report.notes)
    named = [graph.ids] if graph is not None else []
    named += [table.accounts for table in (events, posts) if table is not None]
    same = alike(*named)
    notes = notes if same is None else (*notes, str(same))
    coverage = {}
    if graph is not None and events is not None:
        both = _inside(graph.ids, events.accounts)
        rows = both[events.actor] & (both[np.minimum(events.target, len(both) - 1)] | (events.target == NO_ACCOUNT))
        coverage["events"] = _coverage(graph.ids, events.accounts, both, float(rows.mean()) if len(rows) else 0.0)
    if graph is not None and posts is not None:
        both = _inside(graph.ids, posts.accounts)
        rows = both[posts.account]
        coverage["posts"] = _coverage(graph.ids, posts.accounts, both, float(rows.mean()) if len(rows) else 0.0)
    return CheckReport(
        tuple(files),
        None if graph is None else _graph_check(graph),
        None if events is None else events.summary(),
        None if posts is None else _posts_check(posts),
        coverage,
        rejects,
        notes,
    )


def _inside(ids: Ids, accounts: Ids) -> Any:
    """Whether each of `accounts` is among `ids`."""
    return ids.positions(accounts.to_arrow(), missing="sentinel") != ABSENT


def _coverage(ids: Ids, accounts: Ids, inside: Any, rows_covered: float) -> Coverage:
    known = accounts.positions(ids.to_arrow(), missing="sentinel") != ABSENT
    only_log, only_graph = np.flatnonzero(~inside), np.flatnonzero(~known)
    return Coverage(
        in_both=int(inside.sum()),
        only_log=len(only_log),
        only_graph=len(only_graph),
        rows_covered=rows_covered,
        examples_only_log=tuple(str(one) for one in accounts[only_log[:_EXAMPLES]]),
        examples_only_graph=tuple(str(one) for one in ids[only_graph[:_EXAMPLES]]),
    )


def _graph_check(graph: Graph) -> GraphCheck:
    isolated = int(np.count_nonzero((graph.out_degree == 0) & (graph.in_degree == 0)))
    report = graph.report
    told = [f"{Path(one.file).name}: {one.recognised}" for one in getattr(report, "files", ())]
    return GraphCheck(
        accounts=graph.n_nodes,
        arcs=graph.n_edges,
        directed=graph.directed,
        isolated=isolated,
        self_loops=report.self_loops,
        duplicates=report.duplicates,
        told=(
            *told,
            GraphReport.__str__(report),
            *getattr(report, "notes", ()),
        ),  # the rows alone: the files are told with their short names
    )


def _posts_check(posts: Posts) -> PostsCheck:
    known = posts.time[posts.time != NO_TIME]
    return PostsCheck(
        rows=posts.n_posts,
        accounts=len(posts.accounts),
        first=iso(int(known.min())) if len(known) else None,
        last=iso(int(known.max())) if len(known) else None,
        duplicates=int(np.count_nonzero(posts.duplicate)),
        given={name: int(np.count_nonzero(~np.isnan(values))) for name, values in posts.counts.items()},
    )


def _coverage_text(name: str, one: Coverage) -> str:
    rows = [
        ("accounts in both", f"{one.in_both:,}", f"{one.rows_covered:.1%} of the rows are about them alone"),
        (f"only in the {name}", f"{one.only_log:,}", _names_text(one.examples_only_log)),
        ("only in the graph", f"{one.only_graph:,}", _names_text(one.examples_only_graph)),
    ]
    return f"{name} and graph\n" + table_text(rows)


def _names_text(names: tuple[str, ...]) -> str:
    return ", ".join(printable(name, 80) for name in names)


def table_text(rows: Sequence[Sequence[str]], *, right: Collection[int] = (1,)) -> str:
    """Rows of cells as text in columns, those in `right` flush right.

    >>> print(table_text([("file", "rows"), ("log.csv", "12")]))
      file     rows
      log.csv    12
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(widths[k]) if k in right else cell.ljust(widths[k]) for k, cell in enumerate(row)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join(lines)
