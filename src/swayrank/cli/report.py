"""The command that tells of a run: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from swayrank._extras import need_for_figure
from swayrank._validate import OneOf, check
from swayrank.cli.shared import Quiet, command, say
from swayrank.errors import InputError, ParameterError


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
            help="A folder: all figures, of --seeds and --backtest too, as files, each with its table as .csv.",
            show_default=False,
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
    from swayrank.results import current_run

    if kind is not None and figures is None:
        raise ParameterError("--format goes with --figures, a folder to write them to")
    check("--format", kind or "svg", OneOf(*KINDS))
    if figures is not None:
        need_for_figure(f".{kind or 'svg'}", "or leave --figures out: the report itself needs neither")
        _check_folder(figures, output)
        current_run(out)  # no folder is made for a run that is not there
        _make_folder(figures)
    written = write_report(out, output, backtest=backtest, seeds=seeds, goal=goal, top=top)
    if not quiet:
        say(f"written: {written} ({written.stat().st_size / 1000:,.0f} kB)")
    if figures is not None:
        files = write_figures(out, figures, kind=kind or "svg", seeds=seeds, backtest=backtest)
        for line in [] if quiet else [f"left out: {why}" for why in files.left_out]:
            say(line)
        if not quiet:
            say(f"written: {len(files.written) // 2:,} figures and their tables in {figures}")


def _check_folder(figures: Path, output: Path) -> None:
    """Raise where figures could not be written, or would lie among the files of a result."""
    from swayrank.results import MANIFEST

    if (figures / "runs").exists() or (figures / MANIFEST).exists():
        raise ParameterError(
            f"--figures must not be a folder that holds a result, got {figures}: name another, as {figures}-figures"
        )
    if figures.resolve() == output.resolve():
        raise ParameterError(f"--figures must be a folder, got {figures}, which is where --output writes the report")
    if figures.exists() and not figures.is_dir():
        raise ParameterError(f"--figures must be a folder, got {figures}, which is a file")


def _make_folder(figures: Path) -> None:
    """Make the folder before the report is written, which may lie in it."""
    try:
        figures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--figures: cannot make this folder: {error.strerror or error}", file=str(figures)) from None
