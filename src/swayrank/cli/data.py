"""Commands over files: measure, events, check, convert, generate."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from swayrank._text import printable
from swayrank.cli.shared import (
    DEFAULT_RNG,
    Actions,
    Columns,
    Direction,
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
    listen,
    pairs,
    print_json,
    print_table,
    room,
    say,
    wrapped,
)
from swayrank.errors import ParameterError

# -- measure -----------------------------------------------------------------------------------------------------------


@command
def measure(
    name: Annotated[
        str | None, typer.Argument(help="A measure's name; --list shows them.", autocompletion=complete_measures)
    ] = None,
    file: Annotated[Path | None, typer.Argument(help="A graph or a log, or a folder made by convert.")] = None,
    list_measures: Annotated[bool, typer.Option("--list", help="List the measures and what they are.")] = False,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="A parameter, as damping=0.9; may be repeated.")
    ] = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
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
    from swayrank import jobs

    if list_measures:
        _list_measures(as_json)
        return
    if name is None or file is None:
        raise ParameterError("measure needs a measure's name and a file: swayrank measure pagerank follows.csv")
    progress = listen(quiet)
    graph_options = {"source": source, "target": target, "weight": weight, "direction": direction}
    events_options = {
        "columns": columns.split(",") if columns else None,
        "actions": pairs(actions, "--actions") or None,
    }
    measured = jobs.run_measure(
        name,
        file,
        _parameters(parameter or []),
        graph_options,
        events_options,
        rng=rng,
        threads=threads,
        progress=progress,
    )
    if not quiet:
        for line in jobs.told(measured.data):
            say(line)
    result = measured.measure
    if output is not None:
        jobs.write_measure(result, output)
    if as_json:
        highest = [{"account": str(account), result.name: value} for account, value in result.top(top)]
        facts = {"measure": result.name, "parameters": dict(result.params), "error_bound": result.error_bound}
        print_json({**facts, "top": highest})
        return
    rows = [[str(i), str(account), f"{value:.6g}"] for i, (account, value) in enumerate(result.top(top), 1)]
    print_table(["rank", "account", result.name], rows, left=[1])


def _parameters(texts: list[str]) -> dict[str, object]:
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


def _list_measures(as_json: bool) -> None:
    from swayrank.measures.registry import list_measures

    entries = [
        {
            "name": name,
            "needs": entry.needs,
            "definition": entry.definition,
            "cost": entry.cost,
            "source": entry.citation,
        }
        for name, entry in list_measures().items()
    ]
    if as_json:
        print_json(entries)
        return
    print_table(
        ["measure", "needs", "definition", "cost"], [list(entry.values())[:4] for entry in entries], left=range(4)
    )


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
    from swayrank import jobs

    given = {"columns": columns.split(",") if columns else None, "actions": pairs(actions, "--actions") or None}
    counted = jobs.run_events(
        logs,
        output,
        given_only({**given, "max_rejects": max_rejects}),
        sort=sort,
        top=top,
        memory_limit=memory_limit,
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
    direction: Direction = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the refused rows to this .csv.", show_default=False)
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Tell what files hold: rows, accounts, time span, oddities, and every refused row with its reason."""
    from swayrank.sources.check import check_files

    events_options = {
        "columns": columns.split(",") if columns else None,
        "actions": pairs(actions, "--actions") or None,
    }
    report = check_files(
        files,
        kind=kind,
        data=data,
        graph_options=given_only({"direction": direction}),
        events_options=given_only(events_options),
        threads=threads,
        progress=listen(quiet),
    )
    if output is not None:
        report.rejects.to_csv(output)
    if as_json:
        print_json(report.to_dict())
    else:
        typer.echo(wrapped(str(report)))


@command
def convert(
    file: Annotated[Path, typer.Argument(help="A graph or a log.")],
    output: Annotated[Path, typer.Argument(help="A folder for a graph; or a .csv or .parquet file.")],
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    columns: Columns = None,
    actions: Actions = None,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Convert a graph or a log: into a folder that opens in milliseconds, or into CSV or Parquet."""
    from swayrank import jobs

    graph_options = {"source": source, "target": target, "weight": weight, "direction": direction}
    events_options = {
        "columns": columns.split(",") if columns else None,
        "actions": pairs(actions, "--actions") or None,
    }
    told = jobs.run_convert(file, output, graph_options, events_options, threads=threads, progress=listen(quiet))
    if not quiet:
        say(told)


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
    from swayrank import jobs

    told = jobs.run_generate(
        kind, output, n, _parameters(parameter or []), rng=rng, threads=threads, progress=listen(quiet)
    )
    if not quiet:
        say(told)
