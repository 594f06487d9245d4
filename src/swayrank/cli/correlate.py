"""The command that holds measures against each other: correlate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    given_only,
    graph_options,
    listen,
    log_options,
    parse_parameters,
    print_json,
    print_table,
    say,
)
from swayrank.errors import ParameterError

if TYPE_CHECKING:
    from swayrank.measures.correlate import Correlations


@command
def correlate(
    file: Annotated[Path, typer.Argument(help="A graph or a log; or with --columns a .csv or .parquet of numbers.")],
    measures: Annotated[
        str | None, typer.Option(help="Measures to compute, as pagerank,in_degree,k_core.", show_default=False)
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns of the table to take instead, as score,followers.", show_default=False)
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="A measure's parameter, as pagerank.damping=0.9; may be repeated."),
    ] = None,
    of: Annotated[str | None, typer.Option(help="spearman, kendall, rbo or overlap.", show_default=False)] = None,
    top: Annotated[int, typer.Option("--top", help="Depth of the overlap.", min=1)] = 100,
    persistence: Annotated[float, typer.Option(help="Of rank-biased overlap: nearer 1 looks deeper.")] = 0.98,
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
            "--output", "-o", help="A map as .html, .png, .svg or .pdf; or all pairs as .csv, .parquet or .json.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:  # fmt: skip
    """Tell how alike measures rank accounts, and draw it as a heat map."""
    from swayrank import correlate_jobs
    from swayrank.measures.correlate import STATISTICS

    if (measures is None) == (columns is None):
        raise ParameterError("give either --measures or --columns, and at least two of them")
    if of is not None and of not in STATISTICS:
        raise ParameterError(f"--of must be one of {', '.join(STATISTICS)}, got {of!r}")
    _check_output(output)
    options: dict[str, Any] = {"statistics": STATISTICS if of is None else (of,), "k": top, "p": persistence}
    names = [name.strip() for name in (measures or columns or "").split(",") if name.strip()]
    as_graph = graph_options(source, target, weight, direction, header)
    events_options = log_options(log_columns, actions)
    if columns is not None:
        said = given_only({**as_graph, **events_options, "parameter": parameter})
        if said:
            raise ParameterError(f"--{next(iter(said))} does not go with --columns, which are numbers already")
        found = correlate_jobs.run_correlate_columns(file, names, **options)
    else:
        found = correlate_jobs.run_correlate(
            file, names, parse_parameters(parameter or []), as_graph, events_options,
            rng=rng, threads=threads, progress=listen(quiet), **options,
        )  # fmt: skip
    if output is not None:
        _write(found, output)
    if as_json:
        print_json(correlate_jobs.as_facts(found))
        return
    _show(found, quiet)


def _check_output(output: Path | None) -> None:
    from swayrank.correlate_jobs import TABLES
    from swayrank.report.files import IMAGES

    known = (".html", *IMAGES, *TABLES)
    if output is not None and output.suffix not in known:
        raise ParameterError(f"--output must end in one of {', '.join(known)}, got {output.name!r}")
    if output is not None and output.suffix not in TABLES:
        need_for_figure(output.suffix, f"or write {', '.join(TABLES)}")


def _write(found: Correlations, output: Path) -> None:
    from swayrank import correlate_jobs
    from swayrank.report.correlations import save_heatmap

    if output.suffix in correlate_jobs.TABLES:
        correlate_jobs.write_correlations(found, output)
    else:
        save_heatmap(found, output)


def _show(found: Correlations, quiet: bool) -> None:
    from swayrank.measures.correlate import told

    statistic = found.statistics[0]
    rows = [[name, *map(told, found.matrix(statistic)[i])] for i, name in enumerate(found.names)]
    print_table([statistic, *found.names], rows)
    if not quiet:
        left = f"; {found.n_left_out:,} without a number in all are left out" if found.n_left_out else ""
        others = ", ".join(found.statistics[1:])
        say(f"{found.n:,} accounts{left}" + (f"; --of and --json show {others} too" if others else ""))
