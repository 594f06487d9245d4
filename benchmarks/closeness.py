"""Closeness and harmonic centrality, of all accounts and of the highest alone; distances to an account, along the arcs.

Sixty-four accounts' values are held against breadth-first searches by SciPy, and every contender's against ours; the
highest against the highest of all. NetworKit takes distances from an account: it gets the graph turned round. On
the larger graph each measure has the peer that was the faster one on the smaller.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender, ratio

NAME = "closeness"
MEASURES = ("closeness", "harmonic")
_PEERS = ("networkit", "igraph")
_ALL, _FEW, _MANY = 0, 10, 100
_LEAST = {_ALL: 40, _FEW: 1, _MANY: 5}


def cases(quick: bool) -> Sequence[Case]:
    """Drawn graphs with heavy tails and a real one; a peer that takes minutes has one round."""
    found = []
    for graph, tops in _graphs(quick):
        for measure in MEASURES:
            for top in tops:
                contenders = [Contender(OURS, functools.partial(_ours, measure, top))]
                if (graph, measure, top) != ("rmat16", "harmonic", _ALL):  # which takes it ten minutes or more
                    contenders += [Contender("networkit", functools.partial(_networkit, measure, top))]
                if top == _ALL and (graph, measure) != ("rmat16", "closeness"):
                    note = "one thread; closeness among those that reach the account"
                    contenders += [Contender("igraph", functools.partial(_igraph, measure), note)]
                found.append(
                    Case(
                        _case_name(graph, measure, top),
                        functools.partial(_load, graph, measure),
                        contenders,
                        functools.partial(_check, measure, top),
                        _facts,
                        budget=20,
                        rounds=5,
                    )
                )
    return found


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Far ahead of the fastest peer; with few to find, no slower."""
    found = []
    for name, case in figures.items():
        top = next((k for k in (_MANY, _FEW) if name.endswith(f" top {k}")), _ALL)
        rows = case["contenders"]
        peers = [peer for peer in _PEERS if peer in rows]
        if peers:
            fastest = min(peers, key=lambda peer: float(rows[peer]["median_s"]))
            found.append(
                Bar(
                    f"{name}: times as fast as the fastest peer ({fastest})", ratio(figures, name, fastest), _LEAST[top]
                )
            )
    return found


def _graphs(quick: bool) -> list[tuple[str, tuple[int, ...]]]:
    if quick:
        return [("rmat11", (_ALL, _FEW))]
    found = [("rmat14", (_ALL,)), ("rmat16", (_ALL, _FEW, _MANY))]
    if (inputs.DATA / inputs.REAL["slashdot"][0]).exists():
        found.append(("slashdot", (_FEW, _MANY)))
    return found


def _case_name(graph: str, measure: str, top: int) -> str:
    return f"{graph} {measure}" + (f" top {top}" if top else "")


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"]}


@functools.lru_cache(maxsize=2)
def _load(graph: str, measure: str) -> dict[str, Any]:
    """Arcs, and every account's exact value, some of them looked into by another library."""
    import swayrank as sr

    if graph == "slashdot":
        data = inputs.real_arcs(graph)
        assert data is not None
    else:
        scale = int(graph.removeprefix("rmat"))
        data = inputs.rmat_distinct(scale) | {"n": 1 << scale}
    built = sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])
    values = sr.measure(built, measure).values
    some = np.random.default_rng(1).choice(data["n"], 64, replace=False)
    some = np.append(some, np.argsort(-values)[:8])
    np.testing.assert_allclose(values[some], _by_scipy(data, some)[measure], rtol=1e-9)
    reachable = sr.measure(built, "closeness", variant="reachable").values
    return data | {"solution": values, "reachable": reachable}


def _by_scipy(data: dict[str, Any], nodes: Any) -> dict[str, Any]:
    """Both measures of a few accounts, by one search from each against the arcs."""
    import scipy.sparse

    n = data["n"]
    back = scipy.sparse.coo_array((np.ones(data["u"].size), (data["v"], data["u"])), shape=(n, n)).tocsr()
    lengths = scipy.sparse.csgraph.dijkstra(back, unweighted=True, indices=nodes)
    there = np.isfinite(lengths) & (lengths > 0)
    reached, sums = there.sum(axis=1), np.where(there, lengths, 0).sum(axis=1)
    inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=there).sum(axis=1)
    return {"closeness": reached**2 / np.maximum(sums, 1) / (n - 1), "harmonic": inverse}


def _check(measure: str, top: int, data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    values = np.nan_to_num(np.asarray(result() if callable(result) else result, np.float64))
    exact = data["reachable" if name == "igraph" and measure == "closeness" else "solution"]
    if top:
        values, exact = -np.sort(-values)[:top], -np.sort(-exact)[:top]
    error = float(np.abs(values - exact).max())
    assert error <= 1e-6 * max(1.0, exact.max()), f"{name}: {measure} is off by {error:.2g}"
    return {}


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(measure: str, top: int, data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    options = {"top": top} if top else {}
    sr.measure(sr.Graph.from_edges([0, 1], [1, 2]), measure, **options)
    graph = sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])
    return lambda: sr.measure(graph, measure, **options).values


def _networkit(measure: str, top: int, data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    graph = nk.GraphFromCoo((data["v"], data["u"]), n=data["n"], directed=True)

    def all_values() -> Callable[[], Any]:
        if measure == "closeness":
            found = nk.centrality.Closeness(graph, False, nk.centrality.ClosenessVariant.GENERALIZED)
        else:
            found = nk.centrality.HarmonicCloseness(graph, normalized=False)
        found.run()
        scores: Callable[[], Any] = found.scores
        return scores

    def highest() -> Callable[[], Any]:
        kind = nk.centrality.TopCloseness if measure == "closeness" else nk.centrality.TopHarmonicCloseness
        found = kind(graph, top)
        found.run()
        scores: Callable[[], Any] = found.topkScoresList
        return scores

    return highest if top else all_values


def _igraph(measure: str, data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    edges = np.column_stack([data["u"], data["v"]]).astype(np.int64)
    graph = igraph.Graph(n=data["n"], edges=edges, directed=True)
    if measure == "harmonic":
        return lambda: graph.harmonic_centrality(mode="in", normalized=False)
    return lambda: graph.closeness(mode="in")
