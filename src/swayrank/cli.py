"""The command line: the library's words, tables for people, ``--json`` for machines.

Results go to stdout or ``-o``, progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import functools
import json
import math
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec, TextIO

import typer

from swayrank._text import printable
from swayrank.errors import ParameterError, SwayrankError

if TYPE_CHECKING:
    from swayrank._progress import Progress
    from swayrank.demo import Demonstration
    from swayrank.pipeline import Run

P = ParamSpec("P")
DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
DEFAULT_RNG = 7

app = typer.Typer(
    name="swayrank",
    help="Who influences whom in a social network, and by how much: accounts scored from follows and reactions.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# -- what commands share -----------------------------------------------------------------------------------------------

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
Threads = Annotated[
    int | None, typer.Option(help="Threads to use; by default all that are allowed.", show_default=False)
]
RngOption = Annotated[int, typer.Option("--rng", help="Where randomness comes from; the same number, the same result.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.", show_default=False)]
Source = Annotated[str | None, typer.Option(help="Column of an arc's tail.", show_default=False)]
Target = Annotated[str | None, typer.Option(help="Column of an arc's head.", show_default=False)]
Weight = Annotated[str | None, typer.Option(help="Column of an arc's weight.", show_default=False)]
Direction = Annotated[
    str | None, typer.Option(help="What an arc means: follows, influences or undirected.", show_default=False)
]
Columns = Annotated[
    str | None, typer.Option(help="Names of a log's columns in order, as actor,target,time,action.", show_default=False)
]
Actions = Annotated[str | None, typer.Option(help="A log's action codes, as RT=repost,MT=mention.", show_default=False)]
Top = Annotated[int, typer.Option("--top", help="How many accounts to show.", min=1)]


def _say(text: str) -> None:
    typer.echo(_wrapped(text, sys.stderr), err=True)


def _stop(code: int, text: str) -> NoReturn:
    _say(text)
    raise typer.Exit(code)


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Register a command whose mistakes end in one line and an exit code, never in a traceback."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except ParameterError as error:
            _stop(WRONG_USE, f"error: {error}")
        except SwayrankError as error:
            _stop(FAILED, f"error: {error}")
        except OSError as error:
            _stop(FAILED, f"error: {error.filename or 'the system'}: {error.strerror or error}")
        except MemoryError:
            _stop(FAILED, "error: there is not enough memory for this; use fewer accounts, or a larger machine")
        except KeyboardInterrupt:
            _say("interrupted; earlier results are untouched")
            sys.stdout.flush()
            # Not sys.exit: it would wait for chunks that other threads are at, and where the interrupt struck inside an
            # extension's own call of Python, the interpreter would end by the signal instead of this code.
            os._exit(INTERRUPTED)
        except BrokenPipeError:  # whoever read our output has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(DONE) from None

    app.command()(guarded)
    return guarded


def _listen(quiet: bool) -> Progress:
    """Progress for the library, and a live line while kernels have to be compiled first."""
    if quiet:
        return None
    from swayrank.kernels.jit import tell_compilations

    compiled: list[str] = []
    live = sys.stderr.isatty()

    def tell(name: str) -> None:
        if not compiled:
            _say("compiling what this needs for this machine; the next time it is there")
        compiled.append(name)
        if live:
            sys.stderr.write(f"\r\x1b[2K  kernel {len(compiled)}: {name}\r")
            sys.stderr.flush()

    tell_compilations(tell)
    return True


def _wrapped(text: str, stream: TextIO | None = None) -> str:
    """Lines broken between words where `stream` (by default stdout) is a terminal; as they are elsewhere."""
    stream = stream or sys.stdout
    lines = [printable(line, 4000) for line in text.splitlines()]
    if not stream.isatty():
        return "\n".join(lines)
    width = shutil.get_terminal_size().columns
    return "\n".join(_broken(line, width) for line in lines)


def _broken(line: str, width: int) -> str:
    margin = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, width, subsequent_indent=margin + "  ", break_on_hyphens=False) or line


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False) + "\n")


def _print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int] = (0,)) -> None:
    """A table for people; coloured where stdout is a terminal, plain text elsewhere. Cells are never markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i in left else "right", no_wrap=i not in left, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=240)
    console.print(table)


def _pairs(text: str | None, option: str) -> dict[str, str]:
    """``RT=repost,MT=mention`` as a dictionary."""
    if not text:
        return {}
    pairs = [piece.partition("=") for piece in text.split(",")]
    found = {name.strip(): value.strip() for name, _, value in pairs}
    if any(not name.strip() or not equal for name, equal, _ in pairs) or len(found) < len(pairs):
        raise ParameterError(f"{option} must look like name=value,name=value, each name once, got {text!r}")
    return found


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Only what was said."""
    return {name: value for name, value in options.items() if value is not None}


def _profile(text: str) -> str | dict[str, float]:
    if "=" not in text:
        return text
    weights = _pairs(text, "--profile")
    try:
        return {name: float(weight) for name, weight in weights.items()}
    except ValueError:
        raise ParameterError(f"--profile weights must be numbers, as in reach=1,spread=2, got {text!r}") from None


# -- score -------------------------------------------------------------------------------------------------------------


@command
def score(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Graphs, logs, tables of posts, or one recipe (.toml); what each is, is recognised."),
    ] = None,
    graph: Annotated[Path | None, typer.Option(help="Who follows whom.", show_default=False)] = None,
    events: Annotated[list[Path] | None, typer.Option(help="Who did what to whom; may be repeated.")] = None,
    posts: Annotated[list[Path] | None, typer.Option(help="Counts per post; may be repeated.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder in which a recipe's files lie; by default the recipe's own.")
    ] = None,
    source: Source = None,
    target: Target = None,
    direction: Direction = None,
    columns: Columns = None,
    actions: Actions = None,
    max_rejects: Annotated[float | None, typer.Option(help="Share of rows that may be refused.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="balanced, reach, campaign, superspreader, or weights as reach=1,spread=2.")
    ] = None,
    half_life: Annotated[
        float | None,
        typer.Option(help="Days after which a reaction counts half; 7, or a sixth of the data's span if less."),
    ] = None,
    duplicates: Annotated[
        str | None, typer.Option(help="Repeated rows of a log or table: keep (default) or drop.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Use only what happened before this date or time.")] = None,
    min_evidence: Annotated[int | None, typer.Option(help="Followers, reactions and posts needed for a score.")] = None,
    reference: Annotated[Path | None, typer.Option(help="Scale by the knots of this reference file.")] = None,
    new_reference: Annotated[Path | None, typer.Option(help="Save this data's knots for later runs.")] = None,
    explain: Annotated[list[str] | None, typer.Option(help="Explain this account's score; may be repeated.")] = None,
    top: Top = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to keep the run in.", show_default=False)
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: Annotated[
        int | None, typer.Option("--rng", help=f"Where randomness comes from; {DEFAULT_RNG} by default.")
    ] = None,
) -> None:
    """Score every account from 0 to 100, with parts and reasons."""
    from swayrank.pipeline import Recipe, run

    given = {
        "profile": None if profile is None else _profile(profile),
        "half_life_days": half_life,
        "until": until,
        "min_evidence": min_evidence,
        "reference": None if reference is None else str(reference),
        "rng": rng,
    }
    recipe = Recipe.from_files(
        files or [],
        graph=graph,
        events=events or [],
        posts=posts or [],
        data=data,
        graph_options={"source": source, "target": target, "direction": direction, "max_rejects": max_rejects},
        events_options={
            "columns": columns.split(",") if columns else None,
            "actions": _pairs(actions, "--actions") or None,
            "max_rejects": max_rejects,
            "duplicates": duplicates,
        },
        score={name: value for name, value in given.items() if value is not None},
        default_rng=DEFAULT_RNG,
    )
    if output is not None and output.suffix in (".csv", ".parquet", ".json"):
        raise ParameterError(f"--output names a folder, which will hold scores.csv and more, got {output.name!r}")
    progress = _listen(quiet)
    done = run(recipe, output, threads=threads, progress=progress)
    if new_reference is not None:
        done.scores.reference.save(new_reference)
    _show_scores(done, top, explain or [], as_json=as_json, quiet=quiet)


def _show_scores(done: Run, top: int, explained: list[str], *, as_json: bool, quiet: bool) -> None:
    scores = done.scores
    reasons = [scores.explain(account) for account in explained]
    if as_json:
        _print_json(done.summary(top) | ({"explanations": [r.to_dict() for r in reasons]} if reasons else {}))
        return
    if not quiet:
        for line in done.told():
            _say(line)
    names = list(scores.parts)
    rows = [
        [
            str(r.rank),
            str(r.account),
            f"{r.score:.1f}",
            *("-" if r.parts[p] is None else f"{r.parts[p]:.1f}" for p in names),
        ]
        for r in scores.top(top)
    ]
    _print_table(["rank", "account", "score", *names], rows, left=[1])
    for reason in reasons:
        typer.echo("\n" + _wrapped(str(reason)))
    if not quiet:
        for line in done.closing():
            _say(line)


# -- measure -----------------------------------------------------------------------------------------------------------


@command
def measure(
    name: Annotated[str | None, typer.Argument(help="A measure's name; --list shows them.")] = None,
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
    progress = _listen(quiet)
    graph_options = {"source": source, "target": target, "weight": weight, "direction": direction}
    events_options = {
        "columns": columns.split(",") if columns else None,
        "actions": _pairs(actions, "--actions") or None,
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
            _say(line)
    result = measured.measure
    if output is not None:
        jobs.write_measure(result, output)
    if as_json:
        highest = [{"account": str(account), result.name: value} for account, value in result.top(top)]
        facts = {"measure": result.name, "parameters": dict(result.params), "error_bound": result.error_bound}
        _print_json({**facts, "top": highest})
        return
    rows = [[str(i), str(account), f"{value:.6g}"] for i, (account, value) in enumerate(result.top(top), 1)]
    _print_table(["rank", "account", result.name], rows, left=[1])


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
        _print_json(entries)
        return
    _print_table(
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
    max_rejects: Annotated[
        float | None, typer.Option(help="Share of rows that may be refused; 0.05 by default.", show_default=False)
    ] = None,
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

    given = {"columns": columns.split(",") if columns else None, "actions": _pairs(actions, "--actions") or None}
    counted = jobs.run_events(
        logs,
        output,
        _given({**given, "max_rejects": max_rejects}),
        sort=sort,
        top=top,
        memory_limit=memory_limit,
        threads=threads,
        progress=_listen(quiet),
    )
    if not quiet:
        for line in counted.told():
            _say(line)
    if as_json:
        _print_json({"events": counted.engagement.n_events, "sort": sort, "top": [_plain(row) for row in counted.top]})
        return
    _show_engagement(counted.top, sort)


def _show_engagement(rows: list[dict[str, Any]], sort: str) -> None:
    """The most telling columns that the terminal has room for, the one ranked by first."""
    names = [sort, *(name for name in _TELLING if name != sort and rows and name in rows[0])]
    cells = [["-" if math.isnan(row[name]) else f"{row[name]:.6g}" for name in names] for row in rows]
    accounts = [printable(str(row["account"])) for row in rows]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 240
    room -= len("rank  ") + max(map(len, [*accounts, "account"]))
    widths = [2 + max(len(text) for text in (name, *(row[k] for row in cells))) for k, name in enumerate(names)]
    n = max(1, sum(sum(widths[: k + 1]) <= room for k in range(len(names))))
    table = [[str(i), account, *row[:n]] for i, (account, row) in enumerate(zip(accounts, cells, strict=True), 1)]
    _print_table(["rank", "account", *names[:n]], table, left=[1])


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
        "actions": _pairs(actions, "--actions") or None,
    }
    report = check_files(
        files,
        kind=kind,
        data=data,
        graph_options=_given({"direction": direction}),
        events_options=_given(events_options),
        threads=threads,
        progress=_listen(quiet),
    )
    if output is not None:
        report.rejects.to_csv(output)
    if as_json:
        _print_json(report.to_dict())
    else:
        typer.echo(_wrapped(str(report)))


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
        "actions": _pairs(actions, "--actions") or None,
    }
    told = jobs.run_convert(file, output, graph_options, events_options, threads=threads, progress=_listen(quiet))
    if not quiet:
        _say(told)


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
        kind, output, n, _parameters(parameter or []), rng=rng, threads=threads, progress=_listen(quiet)
    )
    if not quiet:
        _say(told)


# -- demo, doctor ------------------------------------------------------------------------------------------------------


@command
def demo(
    n: Annotated[int, typer.Option("-n", "--n", help="Number of accounts.", min=50)] = 10_000,
    top: Top = 10,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Make a town whose true influence is known, score it, and show how well each ranking finds that truth."""
    progress = _listen(quiet)
    if not quiet:
        _say(f"making a town of {n:,} accounts whose influence is known")
    from swayrank.demo import demonstrate

    shown = demonstrate(n, rng=rng, threads=threads, progress=progress)
    recovery = [[r.name, f"{r.ndcg_at_100:.3f}", f"{r.spearman:.3f}", str(r.found_of_20)] for r in shown.recovery]
    if as_json:
        _print_json({"recovery": [asdict(r) for r in shown.recovery], "accounts": n, "rng": rng})
        return
    _show_town(shown, top)
    typer.echo("\nHow well each ranking finds the true influence (1 is perfect):\n")
    _print_table(["ranking", "NDCG at 100", "Spearman", "of the true top 20"], recovery)
    best = shown.scores.top(1)[0]
    typer.echo("\nWhy the first is first:\n")
    typer.echo(_wrapped(str(shown.scores.explain(best.account))))
    if not quiet:
        _say("\nNow with your own files: swayrank score --help (in a new terminal first: . .venv/bin/activate)")


def _show_town(shown: Demonstration, top: int) -> None:
    """The town's highest scores beside what each account truly is."""
    from swayrank.sources.town import KINDS

    town, scores = shown.town, shown.scores
    names = list(scores.parts)
    order = shown.true_rank
    rows = []
    for r in scores.top(top):
        i = town.graph.position(r.account)
        rows.append(
            [str(r.rank), str(r.account), f"{r.score:.1f}"]
            + [f"{r.parts[p]:.1f}" for p in names]
            + [f"{int(town.graph.in_degree[i]):,}", KINDS[int(town.truth.kind[i])], f"{order[i]:,}"]
        )
    typer.echo(f"{town.graph.n_nodes:,} accounts, {town.graph.n_edges:,} follows, {town.events.n_events:,} events\n")
    _print_table(
        ["rank", "account", "score", *names, "followers", "truly a", "true rank"], rows, left=[1, len(names) + 4]
    )


@command
def doctor(as_json: Json = False) -> None:
    """Check that this installation works, and say what it found."""
    from swayrank.doctor import examine

    findings = examine()
    if as_json:
        _print_json([asdict(finding) for finding in findings])
    else:
        _print_table(
            ["", "what", "found"], [["ok" if f.good else "!!", f.what, f.found] for f in findings], left=range(3)
        )
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from swayrank import __version__

        typer.echo(f"swayrank {__version__}")
        raise typer.Exit(DONE)


def main() -> None:
    """Entry point of the `swayrank` command."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to stop tidies up as Ctrl-C does
    app()
