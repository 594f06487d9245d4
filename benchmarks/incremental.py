"""Follows and unfollows on a large graph: a live graph's update and answer, beside computing the measure anew.

Each run takes k arcs out and puts k others in, or takes that back, and asks for the measure. Computing anew is given
the changed graphs ready made. Every answer is held against the exact one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender, ratio

NAME = "incremental"
CHANGES = (1, 100, 10_000)
TOL, ALPHA = 1e-4, 1e-4


def cases(quick: bool) -> Sequence[Case]:
    """Each measure with each number of changed arcs."""
    scale = 14 if quick else 20
    made = []
    for measure in ("pagerank", "k_core", "katz"):
        for k in CHANGES:
            contenders = [Contender(OURS, functools.partial(_live, measure))]
            if measure != "katz":
                contenders.append(
                    Contender("anew", functools.partial(_anew, measure), "building the graph not counted")
                )
            name = f"rmat{scale} {measure} {k}"
            load = functools.partial(_load, scale, k)
            made.append(Case(name, load, contenders, functools.partial(_check, measure), _facts, budget=8, rounds=15))
    return made


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """One arc far faster than computing anew; more arcs not much slower."""
    compared = [(name, case["input"]["k"]) for name, case in figures.items() if "anew" in case["contenders"]]
    return [
        Bar(f"{name}: times the time of computing anew", ratio(figures, name, "anew"), 10 if k == 1 else 0.5)
        for name, k in compared
    ]


def _load(scale: int, k: int) -> dict[str, Any]:
    """The graph, `k` of its arcs, and `k` pairs that are no arcs of it."""
    import swayrank as sr

    arcs = inputs.rmat_distinct(scale)
    n = 1 << scale
    rng = np.random.default_rng(1)
    at = rng.choice(arcs["u"].size, k, replace=False)
    out = np.stack([arcs["u"][at], arcs["v"][at]], axis=1).astype(np.int64)
    drawn = np.unique(rng.integers(0, n, 2 * k + 16) * n + rng.integers(0, n, 2 * k + 16))
    there = arcs["u"].astype(np.int64) * n + arcs["v"]
    drawn = rng.permutation(drawn[~np.isin(drawn, there) & (drawn // n != drawn % n)])[:k]
    come = np.stack([drawn // n, drawn % n], axis=1)
    graph = sr.Graph.from_edges(arcs["u"], arcs["v"], n_nodes=n)
    changed = graph.update(come, out).graph()
    return {"states": (graph, changed), "out": out, "in": come, "k": k, "sha256": arcs["sha256"]}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    graph = data["states"][0]
    return {"n_nodes": graph.n_nodes, "n_arcs": graph.n_edges, "k": data["k"], "sha256": data["sha256"]}


def _live(measure: str, data: dict[str, Any]) -> Callable[[], Any]:
    live = data["states"][0].update(tol=TOL, alpha=ALPHA)
    ask = getattr(live, measure)
    ask()
    state = [0]

    def change() -> tuple[int, Any]:
        state[0] = 1 - state[0]
        come, gone = (data["in"], data["out"]) if state[0] else (data["out"], data["in"])
        live.update(come, gone)
        return state[0], ask().values

    change(), change()
    return change


def _anew(measure: str, data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    compute = functools.partial(sr.pagerank, tol=TOL) if measure == "pagerank" else sr.k_core
    compute(data["states"][1])
    state = [0]

    def change() -> tuple[int, Any]:
        state[0] = 1 - state[0]
        return state[0], compute(data["states"][state[0]]).values

    return change


def _check(measure: str, data: dict[str, Any], name: str, result: tuple[int, Any]) -> dict[str, Any]:
    state, values = result
    if measure == "k_core":
        import swayrank as sr

        assert np.array_equal(values, sr.k_core(data["states"][state]).values), f"{name}: wrong core numbers"
        return {"wrong": 0}
    error = _error(measure, data["states"][state], values)
    assert error <= TOL, f"{name}: the error is {error:.2g}"
    return {"error": error}


def _error(measure: str, graph: Any, values: Any) -> float:
    """PageRank's L1 error, or the largest relative error of a Katz centrality."""
    import scipy.sparse

    import swayrank as sr

    if measure == "pagerank":
        return float(np.abs(values - sr.pagerank(graph, tol=1e-11).values).sum())
    n = graph.n_nodes
    matrix = scipy.sparse.csr_array(
        (np.ones(graph.n_edges), graph.in_indices, graph.in_indptr.astype(np.int64)), shape=(n, n)
    )
    exact, last = np.ones(n), np.zeros(n)
    while np.abs(exact - last).max() > 1e-12 * exact.max():
        exact, last = 1 + ALPHA * (matrix @ exact), exact
    return float((np.abs(values - exact) / exact).max())
