"""Fifty seeds on a hundred million random arcs: does it fit? Not among the default runs.

Memory is that of a whole process that reads the arcs as arrays, builds the graph and selects; the call alone is timed.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender
from benchmarks.seeds import WEIGHTED, K, peak_of, select, warm_up

NAME = "seeds100m"
_NODE_SHARE, _EPSILON = 16, 0.1


def cases(quick: bool) -> Sequence[Case]:
    """10**8 arcs between ends drawn alike: the worst case for caches."""
    size = 10**6 if quick else 10**8
    contenders = [Contender(OURS, _ours, "2 threads", peak=functools.partial(_peak, size))]
    name = f"{size:.0e} arcs".replace("e+0", "e")
    return [
        Case(name, functools.partial(_load, size), contenders, _check, _facts, memory=True, budget=120, rounds=3),
    ]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Within 24 GB."""
    return [
        Bar(f"{name}: GB at the peak, whole process", case["contenders"][OURS]["peak_bytes"] / 1e9, 24, at_most=True)
        for name, case in figures.items()
    ]


def _load(n_arcs: int) -> dict[str, Any]:
    import swayrank as sr

    n = n_arcs // _NODE_SHARE
    arcs = inputs.uniform(n, n_arcs)
    return {"graph": sr.Graph.from_edges(arcs["u"], arcs["v"], n_nodes=n), "sha256": arcs["sha256"]}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    graph = data["graph"]
    told = {"n_nodes": graph.n_nodes, "n_arcs": graph.n_edges, "sha256": data["sha256"]}
    return told | {"model": WEIGHTED, "epsilon": _EPSILON, "k": K}


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    warm_up(WEIGHTED, 2)
    return lambda: select(data["graph"], WEIGHTED, _EPSILON, 2)


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """The value of the seeds in an independent simulation lies where the bounds say."""
    import swayrank as sr

    assert len(set(result.seeds)) == K
    valued = sr.simulate(
        sr.IndependentCascade(data["graph"], prob="weighted_cascade"), seeds=list(result.seeds), n_runs=512, rng=99
    )
    low, high = valued.interval
    assert result.lower_bound <= high, (
        f"at least {result.lower_bound:.6g} accounts, it says; {valued.mean:.6g} are found"
    )
    kept = ("lower_bound", "upper_bound", "guarantee", "n_samples", "stored_bytes")
    return {key: getattr(result, key) for key in kept} | {"spread": valued.mean, "spread_interval": [low, high]}


def _peak(n_arcs: int, data: dict[str, Any]) -> dict[str, int]:
    return peak_of([sys.executable, "-m", "benchmarks.seeds100m", str(n_arcs)])


if __name__ == "__main__":
    found = select(_load(int(sys.argv[1]))["graph"], WEIGHTED, _EPSILON, 2)
    print(json.dumps({"n_samples": int(found.n_samples)}))
