"""The command that tells of a run: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from swayrank._extras import need_for_figure
from swayrank._validate import OneOf, check
from swayrank.cli.shared import Quiet, command, say
from swayrank.errors import ParameterError


@command
def report(
    out: Annotated[Path, typer.Argument(help="A run's folder, or the one in which `score -o` keeps runs.")] = Path(
        "out"
    ),
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to: a .html page, .md (Markdown) or .xlsx (Excel).")
    ] = Path("report.html"),
    backtest: Annotated[
        Path | None,
        typer.Option(
            help="Tell of this backtest too: what `backtest -o` wrote, a .json or folder.", show_default=False
        ),
    ] = None,
    seeds: Annotated[
        Path | None,
        typer.Option(
            help="Tell of these seeds too: what `seeds -o` wrote, a .csv or .parquet, or `seeds --json`, a .json.",
            show_default=False,
        ),
    ] = None,
    goal: Annotated[
        str | None, typer.Option(help="What the seeds are for, in words for the reader.", show_default=False)
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            help="A folder: all figures of the run as files, each with its table as .csv.", show_default=False
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--format", help="Of --figures: svg (unless said), pdf, png or html.", show_default=False),
    ] = None,
    top: Annotated[int, typer.Option("--top", help="How many accounts to name; ten of them have cards.", min=1)] = 10,
    quiet: Quiet = False,
) -> None:
    """Write what a run found as one page, for people who were not there.

    In plain words: who the influencers are and why, how sure that is, what is wrong with the data, and how it was made.
    The page works offline, holds no script, and prints. With --figures, write the run's figures beside it: pictures for
    papers, or pages to point at.
    """
    from swayrank.report.run_figures import KINDS, write_figures
    from swayrank.report.write import write_report

    if kind is not None and figures is None:
        raise ParameterError("--format goes with --figures, a folder to write them to")
    check("--format", kind or "svg", OneOf(*KINDS))
    if figures is not None:
        need_for_figure(f".{kind or 'svg'}", "or leave --figures out: the report itself needs neither")
    written = write_report(out, output, backtest=backtest, seeds=seeds, goal=goal, top=top)
    if not quiet:
        say(f"written: {written} ({written.stat().st_size / 1000:,.0f} kB)")
    if figures is not None:
        files = write_figures(out, figures, kind=kind or "svg")
        for line in [] if quiet else [f"left out: {why}" for why in files.left_out]:
            say(line)
        if not quiet:
            say(f"written: {len(files.written) // 2:,} figures and their tables in {figures}")
