"""Commands to try swayrank: demo, doctor."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from swayrank.cli.shared import (
    DEFAULT_RNG,
    FAILED,
    Json,
    Quiet,
    RngOption,
    Threads,
    Top,
    command,
    listen,
    print_json,
    print_table,
    say,
    wrapped,
)

if TYPE_CHECKING:
    from swayrank.demo import Demonstration


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
    progress = listen(quiet)
    if not quiet:
        say(f"making a town of {n:,} accounts whose influence is known")
    from swayrank.demo import demonstrate

    shown = demonstrate(n, rng=rng, threads=threads, progress=progress)
    recovery = [[r.name, f"{r.ndcg_at_100:.3f}", f"{r.spearman:.3f}", str(r.found_of_20)] for r in shown.recovery]
    if as_json:
        print_json({"recovery": [asdict(r) for r in shown.recovery], "accounts": n, "rng": rng})
        return
    _show_town(shown, top)
    typer.echo("\nHow well each ranking finds the true influence (1 is perfect):\n")
    print_table(["ranking", "NDCG at 100", "Spearman", "of the true top 20"], recovery)
    best = shown.scores.top(1)[0]
    typer.echo("\nWhy the first is first:\n")
    typer.echo(wrapped(str(shown.scores.explain(best.account))))
    if not quiet:
        say(f"\nNow with your own files: swayrank score --help{_first()}")


def _first() -> str:
    """What a terminal has to be told before it finds the command, where it does not find this one."""
    if shutil.which("swayrank") is not None:
        return ""
    there = os.path.join(os.path.relpath(sys.prefix), "bin", "activate")
    return f"\nFirst, in this terminal and in every new one, so that it finds the command: . {there}"


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
    print_table(
        ["rank", "account", "score", *names, "followers", "truly a", "true rank"], rows, left=[1, len(names) + 4]
    )


@command
def doctor(as_json: Json = False) -> None:
    """Check that this installation works, and say what it found."""
    from swayrank.doctor import examine

    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(
            ["", "what", "found"], [["ok" if f.good else "!!", f.what, f.found] for f in findings], left=range(3)
        )
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)
