"""Eigenvector centrality, Katz, HITS and core numbers, the graph at hand. Answers are held against SciPy's.

Core numbers are held against ours. NetworKit's Katz is timed but not held: see `_NOTES`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender, ratio

NAME = "walks"
# Of the largest difference to the solution, both scaled to L2 norm 1.
ERROR = 1e-6
_TASKS = ("eigenvector", "katz", "hits", "k_core")
# Scaled to length 1 its answer still changes with beta, which that of x = beta + alpha A^T x cannot.
_NOTES = {("katz", "networkit"): "solves another equation: its answer is not that of x = beta + alpha A^T x"}
_PEERS = ("networkit", "igraph")


def cases(quick: bool) -> Sequence[Case]:
    """One graph with heavy tails, four questions."""
    scale = 16 if quick else 20
    return [
        Case(
            f"{task}-rmat{scale}",
            functools.partial(_load, task, scale),
            [Contender(OURS, functools.partial(_ours, task)), *_peers(task)],
            _check,
            _facts,
        )
        for task in _TASKS
    ]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Right, and half as fast again as whoever is fastest."""
    found = []
    for name in figures:
        rows = figures[name]["contenders"]
        there = [peer for peer in _PEERS if peer in rows]
        found.append(Bar(f"{name}: largest error", rows[OURS]["error"], ERROR, at_most=True))
        if there:
            fastest = min(there, key=lambda peer: float(rows[peer]["median_s"]))
            found.append(Bar(f"{name}: times the fastest peer's time ({fastest})", ratio(figures, name, fastest), 1.5))
    return found


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"]}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    values = np.asarray(result() if callable(result) else result, np.float64)
    if data["solution"] is None:
        data["solution"] = values  # core numbers: the others against the first
    exact = data["solution"]
    error = float(np.abs(values / np.linalg.norm(values) - exact / np.linalg.norm(exact)).max())
    assert error <= ERROR or (data["task"], name) in _NOTES, f"{name}: the largest error is {error:.2g}"
    return {"error": error}


def _load(task: str, scale: int) -> dict[str, Any]:
    import scipy.sparse

    arcs = inputs.rmat_distinct(scale)
    n = 1 << scale
    ones = np.ones(arcs["u"].size)
    followers = scipy.sparse.coo_array((ones, (arcs["v"], arcs["u"])), shape=(n, n)).tocsr()
    vector = _power(lambda x: followers @ x, n)
    radius = float(vector @ (followers @ vector))
    data = arcs | {"n": n, "alpha": 0.5 / radius}
    if task == "eigenvector":
        solution = vector
    elif task == "hits":
        following = followers.T.tocsr()
        solution = _power(lambda x: followers @ (following @ x), n)
    elif task == "katz":
        solution = np.ones(n)
        for _ in range(60):
            solution = 1 + data["alpha"] * (followers @ solution)
    else:
        solution = None
    return data | {"solution": solution, "task": task}


def _power(multiply: Callable[[Any], Any], n: int) -> Any:
    x = np.full(n, n**-0.5)
    while True:
        new = multiply(x)
        new /= np.linalg.norm(new)
        if np.linalg.norm(new - x) <= 1e-12:
            return new
        x = new


# -- contenders --------------------------------------------------------------------------------------------------------


def _peers(task: str) -> list[Contender]:
    makers = {"igraph": _igraph, "networkit": _networkit}
    lacking = {("katz", "igraph"), ("hits", "networkit")}
    return [
        Contender(name, functools.partial(make, task), _NOTES.get((task, name), ""))
        for name, make in makers.items()
        if (task, name) not in lacking
    ]


def _ours(task: str, data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    options: dict[str, Any] = {"katz": {"alpha": data["alpha"]}}.get(task, {})
    sr.measure(sr.Graph.from_edges([0, 1, 2], [1, 2, 0]), task)
    graph = sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])
    return lambda: sr.measure(graph, task, **options).values


def _igraph(task: str, data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    edges = np.column_stack([data["u"], data["v"]]).astype(np.int64)
    graph = igraph.Graph(n=data["n"], edges=edges, directed=True)
    if task == "k_core":
        plain = graph.as_undirected(mode="collapse")
        return lambda: plain.coreness(mode="all")
    if task == "hits":
        return lambda: graph.authority_score()  # noqa: PLW0108 - igraph has no stubs
    return lambda: graph.eigenvector_centrality(directed=True)


def _networkit(task: str, data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    graph = nk.GraphFromCoo((data["u"], data["v"]), n=data["n"], directed=True)
    if task == "k_core":
        graph = nk.graphtools.toUndirected(graph)
        graph.removeMultiEdges()

    def score() -> Callable[[], Any]:
        found = {
            "eigenvector": lambda: nk.centrality.EigenvectorCentrality(graph, 1e-9),
            "katz": lambda: nk.centrality.KatzCentrality(graph, data["alpha"], 1.0, 1e-9),
            "k_core": lambda: nk.centrality.CoreDecomposition(graph),
        }[task]()
        found.run()
        scores: Callable[[], Any] = found.scores
        return scores

    return score
