"""Betweenness of every account, exactly: a graph with heavy tails and a real one. All answers are held against each
other.

graph-tool and NetworKit use all threads; igraph has one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import graph_tool_peer, inputs
from benchmarks.harness import OURS, Bar, Case, Contender, ratio

NAME = "betweenness"
_PEERS = ("networkit", "igraph", "graph-tool")


def cases(quick: bool) -> Sequence[Case]:
    """The exact ones."""
    scale = 10 if quick else 14
    found = [Case(f"rmat{scale}", functools.partial(_load_rmat, scale), _contenders(), _check, _facts, budget=20)]
    if (inputs.DATA / inputs.REAL["nethept"][0]).exists() and not quick:
        found.append(Case("nethept", _load_nethept, _contenders(), _check, _facts, budget=20))
    return found


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Against whoever is fastest."""
    found = []
    for name, case in figures.items():
        rows = case["contenders"]
        fastest = min((peer for peer in _PEERS if peer in rows), key=lambda peer: float(rows[peer]["median_s"]))
        found.append(Bar(f"{name}: times the fastest peer's time ({fastest})", ratio(figures, name, fastest), 5))
    return found


def _load_rmat(scale: int) -> dict[str, Any]:
    return inputs.rmat_distinct(scale) | {"n": 1 << scale}


def _load_nethept() -> dict[str, Any]:
    found = inputs.real_edges("nethept")
    assert found is not None
    u, v = inputs.ends_of_text(found[0])
    keys = np.unique((u[u != v].astype(np.uint64) << np.uint64(32)) | v[u != v])
    u, v = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
    return {"u": u, "v": v, "n": 1 + int(max(u.max(), v.max())), "sha256": found[1]}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"]}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """Everybody gives what the first gave, in our units: ordered pairs."""
    values = np.asarray(result() if callable(result) else result, np.float64)
    first = data.setdefault("first", values)
    error = float(np.abs(values - first).max() / first.max())
    assert error < 1e-9, f"{name} differs by {error:.2g} of the largest"
    return {"differs": error}


def _contenders() -> list[Contender]:
    child: list[graph_tool_peer.Child] = []

    def make(data: dict[str, Any]) -> Callable[[], Any]:
        child.append(graph_tool_peer.Child(data, data["n"]))
        child[0].do("build")

        def run() -> Callable[[], Any]:
            child[0].do("betweenness")
            return lambda: child[0].array("values")

        return run

    def close() -> None:
        if child:
            child.pop().close()

    return [
        Contender(OURS, _ours),
        Contender("networkit", _networkit),
        Contender("igraph", _igraph, "one thread"),
        Contender("graph-tool", make, graph_tool_peer.NOTE, close=close),
    ]


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    sr.betweenness(sr.Graph.from_edges([0, 1], [1, 2]))
    graph = sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])
    return lambda: sr.betweenness(graph).values


def _networkit(data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    graph = nk.GraphFromCoo((data["u"], data["v"]), n=data["n"], directed=True)

    def run() -> Callable[[], Any]:
        found = nk.centrality.Betweenness(graph)
        found.run()
        scores: Callable[[], Any] = found.scores
        return scores

    return run


def _igraph(data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    edges = np.column_stack([data["u"], data["v"]]).astype(np.int64)
    graph = igraph.Graph(n=data["n"], edges=edges, directed=True)
    return graph.betweenness
