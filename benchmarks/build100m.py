"""A hundred million random arcs -> a graph: how memory grows. Not among the default runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "build100m"
_NODE_SHARE = 16


def cases(quick: bool) -> Sequence[Case]:
    """10**6, 10**7 and 10**8 arcs between ends drawn alike: the worst case for caches."""
    sizes = (10**5, 10**6) if quick else (10**6, 10**7, 10**8)
    contenders = [Contender(OURS, _ours)]
    return [
        Case(
            f"{size:.0e} arcs".replace("e+0", "e"), functools.partial(_load, size), contenders, _check, _facts,
            memory=True, budget=20, rounds=5,
        )
        for size in sizes
    ]  # fmt: skip


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Within 24 GB, and within bytes per arc at every size."""
    found = []
    for name, case in figures.items():
        row, n_arcs = case["contenders"][OURS], case["input"]["n_arcs"]
        found += [
            Bar(f"{name}: peak bytes per arc above the input", row["peak_bytes"] / n_arcs, 40, at_most=True),
            Bar(f"{name}: bytes per arc of the finished graph", row["array_bytes"] / n_arcs, 10, at_most=True),
        ]
    last = figures[list(figures)[-1]]
    whole = last["contenders"][OURS]["peak_bytes"] + 8 * last["input"]["n_arcs"]
    return [*found, Bar("GB at the peak for the largest, input included", whole / 1e9, 24, at_most=True)]


def _load(n_arcs: int) -> dict[str, Any]:
    return inputs.uniform(n_arcs // _NODE_SHARE, n_arcs) | {"n": n_arcs // _NODE_SHARE}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"]}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    keys = (data["u"].astype(np.uint64) << np.uint64(32)) | data["v"]
    keys = np.unique(keys[data["u"] != data["v"]])
    u, v = result.edges()
    assert np.array_equal((u.astype(np.uint64) << np.uint64(32)) | v, keys), "the arcs differ"
    arrays = (result.indptr, result.indices, result.in_indptr, result.in_indices)
    return {"array_bytes": int(sum(array.nbytes for array in arrays))}


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    sr.Graph.from_edges(np.zeros(9, np.uint32), np.ones(9, np.uint32), n_nodes=2)
    return lambda: sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])
