"""The command that holds probabilities against a log: calibrate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayrank._extras import need_for_figure
from swayrank.cli.shared import (
    DEFAULT_RNG,
    Actions,
    Direction,
    Header,
    Json,
    Quiet,
    RngOption,
    Source,
    Target,
    Threads,
    Weight,
    command,
    graph_options,
    listen,
    log_options,
    print_json,
    say,
    wrapped,
)
from swayrank.errors import ParameterError

if TYPE_CHECKING:
    from swayrank.calibration_jobs import CalibrationRun


@command
def calibrate(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH", help="Who follows whom: a file, or a folder by convert.")],
    log: Annotated[Path, typer.Argument(metavar="LOG", help="Who did what when: posts, reposts, quotes.")],
    prob: Annotated[
        str | None,
        typer.Option(
            help="Chance that an arc works: a column's name, a number, or weighted_cascade (usual: 1 / accounts "
            "followed).",
            show_default=False,
        ),
    ] = None,
    learn: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD", help="Learn them from what came before --split instead: em, bernoulli, ... (see learn).",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Judge only posts that began after it, and compare with baselines fitted before: a share of the "
            "posts, as 0.8, or a time.",
            show_default=False,
        ),
    ] = None,
    reach: Annotated[
        bool, typer.Option("--reach", help="Also hold the reach predicted for first adopters against the real one.")
    ] = False,
    placebo: Annotated[
        int, typer.Option(metavar="N", help="Also count what N shuffles of times show.", min=0, show_default=False)
    ] = 0,
    shuffle: Annotated[
        str, typer.Option(help="Where the placebo shuffles times: within_posts or within_accounts.")
    ] = "within_posts",
    bins: Annotated[int, typer.Option(help="How many bins at the most.", min=1, max=1000)] = 10,
    confidence: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    log_columns: Annotated[
        str | None,
        typer.Option(help="Names of a log's columns in order, as actor,target,time,action.", show_default=False),
    ] = None,
    actions: Actions = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The curve (.html, .png, .svg, .pdf), its bins (.csv, .parquet), or all (.json).",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:  # fmt: skip
    """Tell whether probabilities of influence come true in a log, and whether it is influence at all."""
    from swayrank import calibration_jobs

    _check_output(output)
    run = calibration_jobs.run_calibrate(
        graph, log,
        graph_options(source, target, weight, direction, header),
        log_options(log_columns, actions),
        prob=prob, learn=learn, split=split, n_shuffles=placebo, shuffle=shuffle, reach=reach, bins=bins,
        confidence=confidence, rng=rng, threads=threads, progress=listen(quiet),
    )  # fmt: skip
    if output is not None:
        _write(run, output)
    if as_json:
        print_json(calibration_jobs.facts(run))
        return
    if not quiet:
        for line in run.told():
            say(line)
    _show(run)


def _check_output(output: Path | None) -> None:
    from swayrank.calibration_jobs import TABLES
    from swayrank.report.files import IMAGES

    known = (".html", *IMAGES, *TABLES)
    if output is not None and output.suffix not in known:
        raise ParameterError(f"--output must end in one of {', '.join(known)}, got {output.name!r}")
    if output is not None and output.suffix not in TABLES:
        need_for_figure(output.suffix, f"or write {', '.join(TABLES)}")


def _write(run: CalibrationRun, output: Path) -> None:
    from swayrank.calibration_jobs import TABLES, write_calibration
    from swayrank.report.calibration import save_curve

    if output.suffix in TABLES:
        write_calibration(run, output)
    else:
        save_curve(run.calibration, output)


_HEADINGS = {
    "calibration": "Adoption, predicted and observed",
    "goodness_of_fit": "Held-out posts, log-likelihood in nats",
    "reach": "Reach of first adopters, predicted and real",
    "placebo": "Placebo, times shuffled",
}


def _show(run: CalibrationRun) -> None:
    for number, (name, part) in enumerate(run.parts().items()):
        if number:
            typer.echo()
        typer.echo(_HEADINGS[name])
        sentences = part.told()
        table = repr(part).splitlines()[: -len(sentences)]
        typer.echo("\n".join(table))
        for sentence in sentences:
            typer.echo(wrapped(f"- {sentence}"))
