"""The command over communities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from swayrank._extras import need
from swayrank.cli.shared import (
    DEFAULT_RNG,
    Direction,
    Header,
    Json,
    Output,
    Quiet,
    RngOption,
    Source,
    Target,
    Threads,
    Weight,
    command,
    graph_options,
    listen,
    print_json,
    print_table,
    say,
)


@command
def communities(
    file: Annotated[Path, typer.Argument(help="A graph, or a folder made by convert.")],
    method: Annotated[str, typer.Option(help="leiden (the better, needs networkit) or label_propagation.")] = "leiden",
    resolution: Annotated[float, typer.Option(help="More than 1 for more and smaller communities; for leiden.")] = 1.0,
    by: Annotated[str, typer.Option(help="Measure by which each community's top accounts are shown.")] = "pagerank",
    top: Annotated[int, typer.Option("--top", help="How many accounts of each to show.", min=1)] = 3,
    largest: Annotated[int, typer.Option(help="How many communities to show.", min=1)] = 10,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    output: Output = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Find groups of accounts that follow each other, their top accounts, and how far influence passes between them."""
    from swayrank.communities_jobs import run_communities
    from swayrank.job_tables import told, write_table

    if method == "leiden":
        need("method leiden", "networkit", instead="or take --method label_propagation")
    found = run_communities(
        file,
        graph_options(source, target, weight, direction, header),
        {"method": method, "resolution": resolution, "weight": None if weight is None else "weight"},
        by=by,
        top=top,
        largest=largest,
        rng=rng,
        threads=threads,
        progress=listen(quiet),
    )
    if not quiet:
        for line in told(found.graph):
            say(line)
    if output is not None:
        write_table(found.communities.to_frame("pyarrow"), output)
    facts = found.facts()
    if as_json:
        print_json(facts)
        return
    rows = [
        [
            row["community"],
            f"{row['accounts']:,}",
            f"{row['within']:.3g}",
            f"{row['across']:.3g}",
            ", ".join(str(one["account"]) for one in row["top"]),
        ]
        for row in facts["communities"]
    ]
    print_table(["community", "accounts", "within", "across", f"top by {by}"], rows, left=[0, 4])
    if not quiet:
        say(f"{len(found.communities):,} communities, modularity {found.communities.modularity:.3f}")
        say("within, across: accounts that a random member activates in its own community, and in all others")
