"""The commands that hold scores against what came later: backtest, fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayrank._extras import lack, need
from swayrank.cli.scores import Confidence, Data, OptionalRng
from swayrank.cli.shared import (
    DEFAULT_RNG,
    Actions,
    Columns,
    Direction,
    Header,
    Json,
    Quiet,
    Source,
    Target,
    Threads,
    command,
    given_only,
    listen,
    log_options,
    print_json,
    print_table,
    profile_of,
    say,
)

if TYPE_CHECKING:
    from swayrank.pipeline import Recipe, Sources
    from swayrank.validation.results import Backtest

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Graphs, logs, tables of posts, or one recipe (.toml); what each is, is recognised."),
]
GraphFile = Annotated[Path | None, typer.Option("--graph", help="Who follows whom.", show_default=False)]
EventFiles = Annotated[
    list[Path] | None,
    typer.Option("--events", help="Who did what to whom; may be repeated.", show_default=False),
]
NoGraph = Annotated[
    bool, typer.Option("--no-graph", help="Leave the graph out; one of past interactions is made from the log.")
]
AsOf = Annotated[str | None, typer.Option(help="When what carries no dates (a graph) was taken.", show_default=False)]
Horizon = Annotated[float | None, typer.Option("--horizon", help="Days that the future reaches.", show_default=False)]
Outcome = Annotated[
    str | None,
    typer.Option(help="What is to be foretold: reposts (default), engagement, engagers, cascade_size, adoptions.",
                 show_default=False),
]  # fmt: skip
Depth = Annotated[
    int | None, typer.Option("--depth", "-k", help="Places that NDCG and precision look at; 100.", show_default=False)
]
Draws = Annotated[
    int | None,
    typer.Option("--replicates", help="Draws of the accounts, for intervals; 400 by default.", show_default=False),
]


@command
def backtest(
    files: Files = None,
    graph: GraphFile = None,
    events: EventFiles = None,
    posts: Annotated[
        list[Path] | None, typer.Option(help="Counts per post; may be repeated.", show_default=False)
    ] = None,
    data: Data = None,
    source: Source = None,
    target: Target = None,
    direction: Direction = None,
    header: Header = None,
    columns: Columns = None,
    actions: Actions = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="Where the past ends: a date, a time, or a share of the span as 0.7; may be repeated.",
            show_default=False,
        ),
    ] = None,
    rolling: Annotated[
        int | None, typer.Option(help="So many splits, over the second half of the log.", min=1, show_default=False)
    ] = None,
    horizon: Horizon = None,
    outcome: Outcome = None,
    outcome_file: Annotated[
        Path | None,
        typer.Option(help="Numbers per account that came later, instead: a .csv or .parquet.", show_default=False),
    ] = None,
    outcome_column: Annotated[str | None, typer.Option(help="Its column of numbers.", show_default=False)] = None,
    outcome_id: Annotated[str | None, typer.Option(help="Its column of accounts.", show_default=False)] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="A profile or weights; may be repeated, the first is compared with all.", show_default=False),
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="A further measure to compare; may be repeated.", show_default=False)
    ] = None,
    unseen: Annotated[
        float | None,
        typer.Option(help="Look only at this share of accounts, held out by a hash of their ids.", show_default=False),
    ] = None,
    as_of: AsOf = None,
    learn: Annotated[
        str | None,
        typer.Option(help="Learn probabilities for spread before each split, as bernoulli or em.", show_default=False),
    ] = None,
    no_graph: NoGraph = False,
    depth: Depth = None,
    replicates: Draws = None,
    confidence: Confidence = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A folder for tables, JSON and figures; or one .json, .csv or .parquet.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: OptionalRng = None,
) -> None:  # fmt: skip
    """Score what lies before a split, and tell how well that foretold what came after it."""
    from swayrank.validation_jobs import check_backtest_output, run_backtest, without, write_backtest

    check_backtest_output(output)

    recipe = _recipe(files, graph, events, posts, data, source, target, direction, header, columns, actions)
    given = {
        "split": _splits(split),
        "rolling": rolling,
        "horizon_days": horizon,
        "outcome": outcome,
        "outcome_file": None if outcome_file is None else str(outcome_file.absolute()),
        "outcome_column": outcome_column,
        "outcome_id": outcome_id,
        "profiles": _profiles(profile),
        "measures": measure or None,
        "unseen": unseen,
        "as_of": as_of,
        "learn": learn,
        "graph": False if no_graph else None,
        "k": depth,
        "n_replicates": replicates,
        "confidence": confidence,
    }
    asked = given_only(given)
    for either in ({"split", "rolling"}, {"outcome", "outcome_file"}):  # what is said here stands over the recipe's
        if either & asked.keys():
            recipe = without(recipe, either)
    found, sources = run_backtest(recipe, _with_rng(recipe, asked, rng), threads=threads, progress=listen(quiet))
    written = [] if output is None else write_backtest(found, output)
    if output is not None and output.is_dir():
        written += _figures(found, output, quiet)
    if as_json:
        print_json(found.to_dict())
        return
    _show(found, sources, quiet=quiet)
    if written and not quiet:
        say(f"written: {', '.join(map(str, written))}")


@command
def fit(
    files: Files = None,
    graph: GraphFile = None,
    events: EventFiles = None,
    data: Data = None,
    source: Source = None,
    target: Target = None,
    direction: Direction = None,
    header: Header = None,
    columns: Columns = None,
    actions: Actions = None,
    splits: Annotated[
        str | None,
        typer.Option(
            help="Three instants or shares of the span: fit, choose, report; 0.4,0.6,0.8 by default.",
            show_default=False,
        ),
    ] = None,
    horizon: Horizon = None,
    outcome: Outcome = None,
    min_weight: Annotated[float | None, typer.Option(help="Least weight of a part; 0.", show_default=False)] = None,
    as_of: AsOf = None,
    no_graph: NoGraph = False,
    free_model: Annotated[
        bool, typer.Option("--free-model/--no-free-model", help="Fit a free model too (needs scikit-learn).")
    ] = True,
    depth: Depth = None,
    replicates: Draws = None,
    confidence: Confidence = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="All as .json, or a recipe's [score] table as .toml.", show_default=False),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: OptionalRng = None,
) -> None:
    """Find the weights that foretell an outcome best, and tell what they gain on data that no choice has seen."""
    from swayrank.validation_jobs import check_fit_output, run_fit, write_fit

    check_fit_output(output)

    recipe = _recipe(files, graph, events, None, data, source, target, direction, header, columns, actions)
    given = {
        "splits": None if splits is None else _splits(splits.split(",")),
        "horizon_days": horizon,
        "outcome": outcome,
        "min_weight": min_weight,
        "as_of": as_of,
        "graph": False if no_graph else None,
        "free_model": None if free_model else False,
        "k": depth,
        "n_replicates": replicates,
        "confidence": confidence,
    }
    asked = _with_rng(recipe, given_only(given), rng)
    if asked.get("free_model", recipe.backtest.get("free_model", True)):
        need("the free model", "sklearn", instead="or fit without it: --no-free-model")
    found, sources = run_fit(recipe, asked, threads=threads, progress=listen(quiet))
    written = [] if output is None else write_fit(found, output)
    if as_json:
        print_json(found.to_dict())
        return
    _show(found.backtest, sources, quiet=quiet)
    if not quiet:
        gains = ", ".join(f"{gain.over} {gain.gain:+.3f} ± {gain.std_error:.3f}" for gain in found.gains)
        say(f"cross-validated over accounts, gain over: {gains}")
    for line in found.told():
        typer.echo(line)
    if not quiet:
        say(f"to score with them: swayrank score --profile {found.as_option} ...")
        if written:
            say(f"written: {', '.join(map(str, written))}")


def _figures(found: Backtest, folder: Path, quiet: bool) -> list[Path]:
    """Write the figures beside the tables; those whose packages are absent are left out, and that is said."""
    from swayrank.report.backtests import save_figures

    lacks = {".html": lack("a page", "plotly"), ".png": lack("a picture", "plotly", "matplotlib")}
    for ending, told in lacks.items():
        if told and not quiet:
            say(f"note: left out: metrics{ending} and removal{ending}; {told}")
    return save_figures(found, folder, [ending for ending, told in lacks.items() if not told])


def _recipe(
    files: list[Path] | None, graph: Path | None, events: list[Path] | None, posts: list[Path] | None,
    data: Path | None, source: str | None, target: str | None, direction: str | None,
    header: bool | None, columns: str | None,
    actions: str | None,
) -> Recipe:  # fmt: skip
    from swayrank.pipeline import Recipe

    return Recipe.from_files(
        files or [],
        graph=graph,
        events=events or [],
        posts=posts or [],
        data=data,
        graph_options={"source": source, "target": target, "direction": direction, "header": header},
        events_options=log_options(columns, actions),
        posts_options={},
        score={},
        default_rng=DEFAULT_RNG,
    )


def _with_rng(recipe: Recipe, asked: dict[str, Any], rng: int | None) -> dict[str, Any]:
    """The command line's rng, the recipe's, or the fixed one."""
    if rng is None:
        rng = recipe.backtest.get("rng", recipe.score.get("rng", DEFAULT_RNG))
    return {**asked, "rng": rng}


def _splits(texts: list[str] | None) -> Any:
    """Instants as they are, shares as numbers; one alone stands for itself."""
    if not texts:
        return None
    found: list[Any] = []
    for text in texts:
        try:
            share = float(text)
        except ValueError:
            found.append(text.strip())
        else:
            found.append(share if 0 < share < 1 else text.strip())
    return found[0] if len(found) == 1 else found


def _profiles(texts: list[str] | None) -> Any:
    if not texts:
        return None
    return {text: profile_of(text) for text in texts} if any("=" in text for text in texts) else texts


def _show(found: Backtest, sources: Sources, *, quiet: bool) -> None:
    from swayrank.validation.results import figure

    metrics = found.main_metrics
    rows = []
    for m, name in enumerate(found.names):
        at = [found.metrics.index(metric) for metric in metrics]
        rows.append([name, *(figure(found.values[m, i], found.low[m, i], found.high[m, i]) for i in at)])
    print_table(["ranking", *metrics], rows)
    typer.echo()
    for line in found.told():  # the verdict is the result, not a note
        typer.echo(line)
    if not quiet and len(sources.rejects):
        say(f"{len(sources.rejects):,} rows were refused (swayrank check lists them)")
