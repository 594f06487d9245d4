"""Commands over files: measure, rates, events, activity, check, convert, generate."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayrank._text import printable
from swayrank.cli.shared import (
    DEFAULT_RNG,
    FAILED,
    Actions,
    Columns,
    Direction,
    Header,
    Json,
    MaxRejects,
    Output,
    Quiet,
    RngOption,
    Source,
    Target,
    Threads,
    Top,
    Weight,
    command,
    complete_measures,
    given_only,
    graph_options,
    listen,
    log_options,
    pairs,
    parse_parameters,
    posts_columns_of,
    print_json,
    print_table,
    room,
    say,
    worded,
    wrapped,
)
from swayrank.errors import ParameterError

if TYPE_CHECKING:
    from swayrank.measure_jobs import MeasureJob

_FAMILIES = ("centrality", "community", "propagation", "engagement")

Days = Annotated[
    str | None, typer.Option(help="Only the last so many days of a log, as 30 or month.", show_default=False)
]
Until = Annotated[
    str | None, typer.Option(help="Only what came before this moment, as 2024-04-01.", show_default=False)
]


def _length(days: str | None) -> float | str | None:
    """``--days``: a number, or a name for the library to check."""
    try:
        return None if days is None else float(days)
    except ValueError:
        return days


# -- measure -----------------------------------------------------------------------------------------------------------


@command
def measure(
    name: Annotated[
        str | None, typer.Argument(help="A measure's name; --list shows them.", autocompletion=complete_measures)
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(help="A graph, a log or counts per post, or a folder made by convert.")
    ] = None,
    list_measures: Annotated[bool, typer.Option("--list", help="List the measures and what they are.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say about how long it would take and how much memory, and stop.")
    ] = False,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="A parameter, as damping=0.9; may be repeated.")
    ] = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    columns: Columns = None,
    actions: Actions = None,
    top: Top = 20,
    output: Output = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Compute one measure for every account; -o writes all of them as .csv, .parquet or .json."""
    if list_measures:
        _list_measures(name, as_json)
        return
    if name is None or file is None:
        raise ParameterError("measure needs a measure's name and a file: swayrank measure pagerank follows.csv")
    from swayrank import measure_jobs as jobs
    from swayrank.job_tables import told

    progress = listen(quiet)
    asked = jobs.ask_measure(
        name,
        file,
        parse_parameters(parameter or []),
        graph_options(source, target, weight, direction, header),
        log_options(columns, actions),
        rng=rng,
        threads=threads,
        progress=progress,
    )
    if not quiet:
        for line in told(asked.data):
            say(line)
    if estimate:
        _show_estimate(asked, as_json)
        return
    result = asked.measure()
    if output is not None:
        jobs.write_measure(result, output)
    if as_json:
        facts = {"measure": result.name, "parameters": dict(result.params), "error_bound": result.error_bound}
        print_json({**facts, "top": [_told(row) for row in jobs.top_rows(result, top)]})
        return
    rows = [
        [str(i), *(f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row.values())]
        for i, row in enumerate(jobs.top_rows(result, top), 1)
    ]
    names = list(jobs.top_rows(result, 1)[0]) if rows else ["account", result.name]
    print_table(["rank", *names], rows, left=range(1, 1 + names.index(result.name)))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON: ids are text."""
    from swayrank.job_tables import IDS

    return {name: str(cell) if name in IDS else cell for name, cell in row.items()}


def _show_estimate(asked: MeasureJob, as_json: bool) -> None:
    found, entry = asked.estimate(), asked.entry
    if as_json:
        known = {} if found is None else {"seconds": found.seconds, "bytes": found.bytes}
        print_json({"measure": entry.name, "cost": entry.cost, **known, "instead": entry.instead or None})
        return
    if found is None:
        typer.echo(wrapped(f"{entry.name} costs {entry.cost}; how long that is here, nobody has measured"))
        return
    typer.echo(
        wrapped(f"{entry.name}: {found.duration()} and {found.memory()} of memory beside the data; {entry.cost}")
    )
    if entry.instead and found.seconds >= 1:
        typer.echo(wrapped(f"approximated in less: {entry.instead}"))


def _list_measures(name: str | None, as_json: bool) -> None:
    """All measures, family by family; with a name, those whose name holds it."""
    from swayrank.measures.registry import list_measures

    entries = [entry for word, entry in list_measures().items() if name is None or name in word]
    entries.sort(key=lambda entry: _FAMILIES.index(entry.family))
    if not entries:
        raise ParameterError(f"no measure's name holds {name!r}")
    rows = [
        {
            "name": entry.name,
            "family": entry.family,
            "needs": entry.needs,
            "gives": entry.gives,
            "reads": entry.reads,
            "definition": entry.definition,
            "cost": entry.cost,
            "source": entry.citation,
            "instead": entry.instead or None,
            "parameters": {word: value for word, value in entry.defaults.items() if word not in ("engine", "progress")},
        }
        for entry in entries
    ]
    if as_json:
        print_json(rows)
        return
    if name is None:
        shown = ("name", "needs", "definition", "cost", "source")
        print_table(["measure", *shown[1:]], [[str(row[word]) for word in shown] for row in rows], left=range(5))
        return
    for row in rows:
        typer.echo(wrapped("\n".join(_described(row))))


def _described(row: dict[str, Any]) -> list[str]:
    """All that the registry knows of one measure, line by line."""
    given = ", ".join(f"{word}={value!r}" for word, value in row["parameters"].items()) or "none"
    reads = {"along": "along the arcs", "against": "against the arcs", "both": "both ways"}.get(row["reads"])
    facts = {
        "needs": f"{row['needs']}{f', read {reads}' if reads else ''}; a number for each of its {row['gives']}",
        "parameters": given,
        "cost": row["cost"],
        "source": row["source"],
        "in less": row["instead"],
    }
    lines = [f"  {word}: {fact}" for word, fact in facts.items() if fact]
    return [f"{row['name']}: {row['definition']}", *lines]


# -- events ------------------------------------------------------------------------------------------------------------

_TELLING = (
    "total", "distinct_engagers", "posts", "like", "repost", "reply", "amplification_mean", "h_index", "decayed_7d",
)  # fmt: skip


@command
def events(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Logs of who did what to whom, in any format.")],
    columns: Columns = None,
    actions: Actions = None,
    max_rejects: MaxRejects = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(help="Hold no more memory than this, as 4GB; the rest in a temporary file.", show_default=False),
    ] = None,
    days: Days = None,
    until: Until = None,
    top: Top = 20,
    sort: Annotated[str, typer.Option(help="Column to rank by.")] = "total",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write all accounts and columns to this .csv or .parquet.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Count every account's engagement, from logs of any size."""
    from swayrank import engagement_jobs as jobs

    given = log_options(columns, actions)
    counted = jobs.run_events(
        logs,
        output,
        given_only({**given, "max_rejects": max_rejects}),
        sort=sort,
        top=top,
        memory_limit=memory_limit,
        days=_length(days),
        until=until,
        threads=threads,
        progress=listen(quiet),
    )
    if not quiet:
        for line in counted.told():
            say(line)
    if as_json:
        print_json({"events": counted.engagement.n_events, "sort": sort, "top": [_plain(row) for row in counted.top]})
        return
    _show_engagement(counted.top, sort)


def _show_engagement(rows: list[dict[str, Any]], sort: str) -> None:
    """The most telling columns that the terminal has room for, the one ranked by first."""
    names = [sort, *(name for name in _TELLING if name != sort and rows and name in rows[0])]
    cells = [["-" if math.isnan(row[name]) else f"{row[name]:.6g}" for name in names] for row in rows]
    accounts = [printable(str(row["account"])) for row in rows]
    space = room() - len("rank  ") - max(map(len, [*accounts, "account"]))
    widths = [2 + max(len(text) for text in (name, *(row[k] for row in cells))) for k, name in enumerate(names)]
    n = max(1, sum(sum(widths[: k + 1]) <= space for k in range(len(names))))
    table = [[str(i), account, *row[:n]] for i, (account, row) in enumerate(zip(accounts, cells, strict=True), 1)]
    print_table(["rank", "account", *names[:n]], table, left=[1])


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON, which has no NaN."""
    figures = {name: value for name, value in row.items() if name != "account"}
    known = {name: None if math.isnan(value) else value for name, value in figures.items()}
    return {"account": str(row["account"]), **known}


@command
def rates(
    posts: Annotated[list[Path], typer.Argument(metavar="POSTS...", help="Tables of counts per post, or logs.")],
    of: Annotated[str, typer.Option(help="What is counted: engagements, likes, comments or shares.")] = "engagements",
    per: Annotated[str, typer.Option(help="Per what: followers, reach, impressions, views or posts.")] = "followers",
    tiers: Annotated[str, typer.Option(help="Peers by followers: usual, quantiles, or small=0,large=5000.")] = "usual",
    kinds: Annotated[
        Path | None,
        typer.Option(help="Who is a brand, who a person: a .csv of account,kind.", show_default=False),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Share of intervals that hold the true rate.")] = 0.95,
    trim: Annotated[float, typer.Option(help="Share of posts that the trimmed mean leaves out at each end.")] = 0.1,
    posts_columns: Annotated[
        str | None,
        typer.Option(
            help="Columns of the tables, as account=name,likes=Favs; or JSON, where an account is a part of a column.",
            show_default=False,
        ),
    ] = None,
    columns: Columns = None,
    actions: Actions = None,
    graph: Annotated[
        Path | None, typer.Option(help="Who follows whom, for a log that does not say it.", show_default=False)
    ] = None,
    days: Days = None,
    until: Until = None,
    top: Top = 20,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write all accounts to this .csv or .parquet.", show_default=False),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Compare accounts by engagement rate: averages, a rate fair to few posts, and the place among peers."""
    from swayrank import engagement_jobs as jobs
    from swayrank.job_tables import told

    parameters: dict[str, Any] = {"of": of, "per": per, "tiers": _cuts(tiers), "confidence": confidence, "trim": trim}
    if kinds is not None:
        from swayrank.account_lists import read_kinds

        parameters["kinds"] = read_kinds(kinds)
    log_columns = columns.split(",") if columns else None
    rated = jobs.run_rates(
        posts,
        output,
        parameters,
        columns=posts_columns_of(posts_columns),
        events_options={"columns": log_columns, "actions": pairs(actions, "--actions") or None},
        graph=graph,
        days=_length(days),
        until=until,
        top=top,
        threads=threads,
        progress=listen(quiet),
    )
    if not quiet:
        for line in told(rated.posts):
            say(line)
    if as_json:
        print_json({"of": of, "per": per, "top": [{**row, "account": str(row["account"])} for row in rated.top]})
        return
    names = ["posts", "shrunk", "low", "high", "pooled", "mean", "median", "trimmed", "tier", "percentile"]
    rows = [
        [str(i), printable(str(row["account"])), *(_cell(row[name]) for name in names)]
        for i, row in enumerate(rated.top, 1)
    ]
    print_table(["rank", "account", *names], rows, left=[1, 2 + names.index("tier")])
    if not quiet:
        share = f"{100 * confidence:.6g} %"
        say(f"shrunk: the rate drawn towards the peers' where posts are few, with a {share} interval; docs/rates.md")


def _cuts(text: str) -> str | dict[str, float]:
    if "=" not in text:
        return text
    try:
        return {name: float(least) for name, least in pairs(text, "--tiers").items()}
    except ValueError:
        raise ParameterError(f"--tiers must be numbers of followers, as in small=0,large=5000, got {text!r}") from None


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@command
def activity(
    log: Annotated[Path, typer.Argument(help="A log of who did what to whom.")],
    account: Annotated[str | None, typer.Argument(help="Whose; by default everybody's.")] = None,
    of: Annotated[
        str, typer.Option(help="published, received, given, or per_post: reactions per post published.")
    ] = "received",
    timezone: Annotated[str, typer.Option(help="On whose clock, as Europe/Paris.")] = "UTC",
    columns: Columns = None,
    actions: Actions = None,
    days: Days = None,
    until: Until = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Count by hour when posts or reactions came, not when to post."""
    from swayrank.engagement_jobs import in_window
    from swayrank.job_tables import told
    from swayrank.measures.engagement.rhythm import activity as count
    from swayrank.sources.events import read_events

    given = log_options(columns, actions)
    events = read_events([str(log)], **given_only(given), threads=threads, progress=listen(quiet))
    if not quiet:
        for line in told(events):
            say(line)
    found = count(in_window(events, _length(days), until), account, of=of, timezone=timezone)
    busiest = [{"weekday": day, "hour": hour, "events": n} for day, hour, n in found.busiest()]
    if as_json:
        shown = {"timezone": timezone, "of": of, "counts": found.counts.tolist(), "busiest": busiest}
        print_json(shown if found.posts is None else {**shown, "posts": found.posts.tolist()})
        return
    typer.echo(wrapped(repr(found)))
    if not quiet and found.posts is None:
        say("busiest: " + ", ".join(f"{one['weekday']} {one['hour']}:00 ({one['events']:,})" for one in busiest))


# -- check, convert, generate ------------------------------------------------------------------------------------------


@command
def check(
    files: Annotated[list[Path], typer.Argument(help="Graphs, logs, tables of posts, or one mapping (.toml).")],
    kind: Annotated[
        str | None,
        typer.Option(help="What the files are, if not recognised: graph, events or posts.", show_default=False),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder in which a mapping's files lie.", show_default=False)
    ] = None,
    columns: Columns = None,
    actions: Actions = None,
    posts_columns: Annotated[
        str | None,
        typer.Option(help="Columns of a table of posts, as account=name,likes=Favs, or as JSON.", show_default=False),
    ] = None,
    source: Source = None,
    target: Target = None,
    direction: Direction = None,
    header: Header = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the refused rows to this .csv.", show_default=False)
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Tell what files hold: rows, accounts, time span, oddities, and every refused row with its reason.

    Ends with 1 where nothing of some file could be used.
    """
    from swayrank.sources.check import check_files

    events_options = log_options(columns, actions)
    report = check_files(
        files,
        kind=kind,
        data=data,
        graph_options=given_only({"source": source, "target": target, "direction": direction, "header": header}),
        events_options=given_only(events_options),
        posts_options=given_only({"columns": posts_columns_of(posts_columns)}),
        threads=threads,
        progress=listen(quiet),
    )
    if output is not None:
        report.rejects.to_csv(output)
    if as_json:
        print_json(report.to_dict())
    else:
        typer.echo(wrapped(worded(str(report))))
    if report.useless:
        raise typer.Exit(FAILED)


@command
def convert(
    file: Annotated[Path, typer.Argument(help="A graph or a log.")],
    output: Annotated[
        Path, typer.Argument(help="A folder for a graph; .csv, .parquet, .graphml, .gexf, .gml, .net, .mtx or .metis.")
    ],
    nodes: Annotated[
        Path | None,
        typer.Option(help="A .csv or .parquet of accounts; its columns are written with them.", show_default=False),
    ] = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    columns: Columns = None,
    actions: Actions = None,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Convert a graph or a log: into a folder that opens in milliseconds, a table, or a file for Gephi."""
    from swayrank.convert_jobs import run_convert

    as_graph = graph_options(source, target, weight, direction, header)
    events_options = log_options(columns, actions)
    done = run_convert(file, output, as_graph, events_options, nodes=nodes, threads=threads, progress=listen(quiet))
    if not quiet:
        say(done)


@command
def generate(
    kind: Annotated[str, typer.Argument(help="town, erdos_renyi, barabasi_albert, watts_strogatz, sbm or rmat.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")],
    n: Annotated[
        int | None, typer.Option("-n", "--n", help="Number of accounts; 10,000 by default.", min=1, show_default=False)
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="A parameter, as edge_factor=16; may be repeated.")
    ] = None,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Make a graph, or a town with graph, posts, events and known influence, to try things on."""
    from swayrank.generate_jobs import run_generate

    done = run_generate(
        kind, output, n, parse_parameters(parameter or []), rng=rng, threads=threads, progress=listen(quiet)
    )
    if not quiet:
        say(done)
