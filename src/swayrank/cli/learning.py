"""The command that learns from logs: learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayrank.cli.scores import Data
from swayrank.cli.shared import (
    DEFAULT_RNG,
    Actions,
    Columns,
    Direction,
    Header,
    Json,
    MaxRejects,
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
    say,
)

if TYPE_CHECKING:
    from swayrank.learning.learned import Learned


@command
def learn(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="A graph and logs, or one recipe (.toml); what each is, is recognised."),
    ] = None,
    graph: Annotated[Path | None, typer.Option(help="Who follows whom.", show_default=False)] = None,
    events: Annotated[
        list[Path] | None, typer.Option(help="Who did what to whom; may be repeated.", show_default=False)
    ] = None,
    data: Data = None,
    source: Source = None,
    target: Target = None,
    direction: Direction = None,
    header: Header = None,
    columns: Columns = None,
    actions: Actions = None,
    max_rejects: MaxRejects = None,
    duplicates: Annotated[
        str | None, typer.Option(help="Repeated rows of a log: keep (default) or drop.", show_default=False)
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="bernoulli, jaccard, partial_credits, jaccard_partial_credits, discrete_time, continuous_time, em, "
            "likelihood, or linear_threshold for weights."
        ),
    ] = "bernoulli",
    spreading: Annotated[
        str | None,
        typer.Option(help="Actions that take a post up; post,repost,quote by default.", show_default=False),
    ] = None,
    prior: Annotated[
        str,
        typer.Option(help="Shrink toward each influencer's mean, the network's, none, or add successes,failures."),
    ] = "influencer",
    window_hours: Annotated[
        float | None,
        typer.Option(help="Who takes up a post later than this had it from somebody else.", show_default=False),
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    until: Annotated[
        str | None, typer.Option(help="Use only what happened before this date or time.", show_default=False)
    ] = None,
    tol: Annotated[float, typer.Option(help="em, likelihood: the largest residual per trial.")] = 1e-6,
    max_iter: Annotated[int, typer.Option(help="em, likelihood: most iterations of an account.")] = 10_000,
    top: Annotated[int, typer.Option("--top", help="How many arcs to show.", min=1)] = 20,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A folder for the graph with its probabilities; or all arcs as .csv or .parquet.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:  # fmt: skip
    """Learn from a log with what probability each account activates each follower.

    -o FOLDER is a graph for the other commands: swayrank seeds FOLDER --prob probability; after linear_threshold,
    swayrank seeds FOLDER --model lt --weights probability.
    """
    from swayrank import learning_jobs as jobs
    from swayrank.pipeline import Recipe

    jobs.check_method(method)
    jobs.check_place(output)
    options: dict[str, Any] = {"method": method, "prior": jobs.parse_prior(prior), "window_hours": window_hours}
    options |= {"confidence": confidence, "until": until, "tol": tol, "max_iter": max_iter}
    if spreading is not None:
        options["actions"] = [name.strip() for name in spreading.split(",")]
    recipe = Recipe.from_files(
        files or [],
        graph=graph,
        events=events or [],
        posts=[],
        data=data,
        graph_options={
            "source": source,
            "target": target,
            "direction": direction,
            "header": header,
            "max_rejects": max_rejects,
        },
        events_options={**log_options(columns, actions), "max_rejects": max_rejects, "duplicates": duplicates},
        posts_options={},
        score={},
        default_rng=DEFAULT_RNG,
    )
    done = jobs.run_learn(recipe, given_only(options) | {"prior": options["prior"]}, threads=threads,
                          progress=listen(quiet))  # fmt: skip
    if output is not None:
        done.write(output)
    if as_json:
        print_json(done.learned.facts(top))
        return
    if not quiet:
        for line in done.told():
            say(line)
    _show(done.learned, top)
    if not quiet:
        for line in done.learned.told():
            say(line)
        if output is not None:
            say(f"written to {output}")


def _show(learned: Learned, top: int) -> None:
    cells = [
        [
            str(arc["influencer"]),
            str(arc["follower"]),
            f"{arc['probability']:.4f}",
            f"{arc['probability_low']:.4f}",
            f"{arc['probability_high']:.4f}",
            f"{arc['n_successes']:,}",
            f"{arc['n_trials']:,}",
        ]
        for arc in learned.top(top)
    ]
    print_table(["influencer", "follower", "probability", "low", "high", "successes", "trials"], cells, left=[0, 1])
