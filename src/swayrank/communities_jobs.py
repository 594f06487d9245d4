"""What `communities` does: the groups of a graph, who leads each, and what passes between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measure_jobs import ask_measure, asked_measure
from swayrank.measures._measure import Measure
from swayrank.measures.community.detect import Communities, communities
from swayrank.measures.community.flows import CommunityInfluence, community_influence


@dataclass(frozen=True, eq=False)
class CommunitiesRun:
    """The communities of a graph, the top accounts of each, and what passes between them."""

    graph: Graph
    communities: Communities
    influence: CommunityInfluence
    top: list[list[tuple[int | str, float | int]]]

    def facts(self) -> dict[str, Any]:
        """All of it, for machines."""
        found, flow = self.communities, self.influence
        rows = zip(flow.names, flow.size.tolist(), flow.within.tolist(), flow.across.tolist(), strict=True)
        return {
            "communities": [
                {
                    "community": name,
                    "accounts": size,
                    "within": own,
                    "across": beyond,
                    "top": []
                    if name == "others"
                    else [{"account": str(a), "value": x} for a, x in self.top[int(name)]],
                }
                for name, size, own, beyond in rows
            ],
            "n_communities": len(found),
            "modularity": None if math.isnan(found.modularity) else found.modularity,
            "reach": flow.reach.tolist(),
            "parameters": {"communities": dict(found.params), "influence": dict(flow.params)},
        }


def run_communities(
    file: Path,
    graph_options: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    by: str,
    top: int,
    largest: int,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> CommunitiesRun:
    """Find communities, their top accounts by the measure called `by`, and the influence within and across."""
    entry = asked_measure(by)
    if entry.needs != "graph" or entry.gives != "accounts":
        raise ParameterError(f"--by must be a measure of a graph's accounts, such as pagerank, got {by!r}")
    asked = ask_measure(by, file, {}, graph_options, {}, rng=rng, threads=threads, progress=progress)
    ranked = asked.measure()
    assert isinstance(asked.data, Graph)
    assert isinstance(ranked, Measure)
    found = communities(asked.data, rng=rng, **options)
    flow = community_influence(asked.data, found, largest=largest, rng=rng, threads=threads, progress=progress)
    return CommunitiesRun(asked.data, found, flow, found.top(ranked, top))
