"""Communities: modularity reached and time taken, on real follow graphs without direction.

Ours is NetworKit's Leiden on one thread, the best of four starts; igraph's Leiden is one start.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "communities"


def cases(quick: bool) -> Sequence[Case]:
    """Real graphs where they are at hand."""
    names = ("nethept",) if quick else ("nethept", "epinions", "slashdot")
    here = [name for name in names if (inputs.DATA / inputs.REAL[name][0]).exists()]
    return [
        Case(name, functools.partial(_load, name), _contenders(), _check, _facts, budget=30, rounds=5) for name in here
    ]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """No worse than igraph's; the times are told."""
    found = []
    for name, case in figures.items():
        rows = case["contenders"]
        found.append(
            Bar(f"{name}: modularity above igraph's", rows[OURS]["modularity"] - rows["igraph"]["modularity"], -0.005)
        )
    return found


def _load(name: str) -> dict[str, Any]:
    found = inputs.real_edges(name)
    assert found is not None
    u, v = inputs.ends_of_text(found[0])
    low, high = np.minimum(u, v)[u != v].astype(np.uint64), np.maximum(u, v)[u != v]
    keys = np.unique((low << np.uint64(32)) | high)
    u, v = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
    return {"u": u, "v": v, "n": 1 + int(v.max()), "sha256": found[1]}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_edges": int(data["u"].size), "sha256": data["sha256"]}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    from swayrank.measures.community.detect import modularity

    found = modularity(_graph(data), np.asarray(result, np.int64))
    assert found > 0.2, f"{name} reaches a modularity of {found:.3f}"
    return {"modularity": round(found, 4)}


def _graph(data: dict[str, Any]) -> Any:
    import swayrank as sr

    return sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"], direction="undirected")


def _contenders() -> list[Contender]:
    return [
        Contender(OURS, _ours, "the best of four starts"),
        Contender("swayrank label propagation", _labels),
        Contender("igraph", _igraph, "one start, two iterations"),
    ]


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    graph = _graph(data)
    sr.communities(sr.Graph.from_edges([0], [1]))
    return lambda: sr.communities(graph).of


def _labels(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    graph = _graph(data)
    sr.communities(sr.Graph.from_edges([0], [1]), method="label_propagation")
    return lambda: sr.communities(graph, method="label_propagation").of


def _igraph(data: dict[str, Any]) -> Callable[[], Any]:
    import random

    import igraph

    igraph.set_random_number_generator(random.Random(7))
    graph = igraph.Graph(n=data["n"], edges=np.column_stack([data["u"], data["v"]]).astype(np.int64))
    return lambda: graph.community_leiden(objective_function="modularity", n_iterations=2).membership
