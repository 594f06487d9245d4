"""PageRank to a true L1 error of 1e-8, the graph at hand. Every answer is held against a solution to 1e-13."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import graph_tool_peer, inputs
from benchmarks.harness import OURS, Absent, Bar, Case, Contender, ratio

NAME = "pagerank"
DAMPING, ERROR = 0.85, 1e-8
_PEERS = ("networkit", "igraph", "graph-tool", "scipy", "networkx")


def cases(quick: bool) -> Sequence[Case]:
    """One large graph with heavy tails, one real one."""
    scale = 16 if quick else 20
    large = Case(
        f"rmat{scale}", functools.partial(_load_rmat, scale), _contenders(), _check, _facts, memory=True, budget=15
    )
    if not (inputs.DATA / inputs.REAL["slashdot"][0]).exists():
        return [large]
    contenders = [*_contenders(), Contender("networkx", _networkx)]
    return [large, Case("slashdot", _load_slashdot, contenders, _check, _facts, budget=8, rounds=15)]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Right, and faster than whoever is fastest."""
    found = []
    for name in figures:
        rows = figures[name]["contenders"]
        fastest = min((peer for peer in _PEERS if peer in rows), key=lambda peer: float(rows[peer]["median_s"]))
        found.append(Bar(f"{name}: true L1 error", rows[OURS]["l1_error"], ERROR, at_most=True))
        found.append(Bar(f"{name}: times the fastest peer's time ({fastest})", ratio(figures, name, fastest), 1))
    return found


def _load_rmat(scale: int) -> dict[str, Any]:
    arcs = inputs.rmat_distinct(scale)
    return _with_solution(f"rmat{scale}", arcs | {"n": 1 << scale}, ERROR / 2)


def _load_slashdot() -> dict[str, Any]:
    found = inputs.real_edges("slashdot")
    assert found is not None
    u, v = inputs.ends_of_text(found[0])
    keys = np.unique((u[u != v].astype(np.uint64) << np.uint64(32)) | v[u != v])
    u, v = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
    n = 1 + int(max(u.max(), v.max()))
    return _with_solution("slashdot", {"u": u, "v": v, "n": n, "sha256": found[1]}, ERROR * (1 - DAMPING) / DAMPING)


def _with_solution(name: str, data: dict[str, Any], change: float) -> dict[str, Any]:
    """`change` is where graph-tool, NetworKit and NetworkX are told to stop: as early as the error allows."""
    return data | {
        "change": change,
        "solution": inputs.kept(f"pagerank-{name}", lambda: {"x": _power(_matrix(data), 1e-13)})["x"],
    }


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"]}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    values = np.asarray(result() if callable(result) else result, np.float64)
    error = float(np.abs(values - data["solution"]).sum())
    assert error <= ERROR, f"{name}: the L1 error is {error:.2g}"
    return {"l1_error": error}


# -- contenders --------------------------------------------------------------------------------------------------------


def _contenders() -> list[Contender]:
    child: list[graph_tool_peer.Child] = []

    def make(data: dict[str, Any]) -> Callable[[], Any]:
        child.append(graph_tool_peer.Child(data, data["n"]))
        child[0].do("build")

        def rank() -> Callable[[], Any]:
            child[0].do("pagerank", data["change"])
            return lambda: child[0].array("values")

        return rank

    def peak(data: dict[str, Any]) -> dict[str, int]:
        fresh = graph_tool_peer.Child(data, data["n"])
        fresh.do("build")
        taken = fresh.do("pagerank", data["change"])
        fresh.close()
        return taken

    def close() -> None:
        if child:
            child.pop().close()

    return [
        Contender(OURS, _ours, "stops at a proven bound; the peers at a small change"),
        Contender("networkit", _networkit),
        Contender("igraph", _igraph),
        Contender("graph-tool", make, graph_tool_peer.NOTE, peak=peak, close=close),
        Contender("scipy", _scipy, "power iteration on a prepared matrix, stops at the same bound"),
    ]


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    sr.pagerank(sr.Graph.from_edges([0, 1], [1, 2]))
    graph = sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])
    return lambda: sr.pagerank(graph, damping=DAMPING, tol=ERROR).values


def _networkit(data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    graph = nk.GraphFromCoo((data["u"], data["v"]), n=data["n"], directed=True)

    def rank() -> Callable[[], Any]:
        sinks = nk.centrality.SinkHandling.DistributeSinks
        found = nk.centrality.PageRank(graph, damp=DAMPING, tol=data["change"], distributeSinks=sinks)
        found.norm = nk.centrality.Norm.L1_NORM
        found.run()
        scores: Callable[[], Any] = found.scores
        return scores

    return rank


def _igraph(data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    edges = np.column_stack([data["u"], data["v"]]).astype(np.int64)
    graph = igraph.Graph(n=data["n"], edges=edges, directed=True)
    return lambda: graph.pagerank(damping=DAMPING, implementation="prpack")


def _matrix(data: dict[str, Any]) -> tuple[Any, Any]:
    """Rows of the followed, columns of the followers, each column's sum 1; and who follows nobody."""
    import scipy.sparse

    degree = np.bincount(data["u"], minlength=data["n"])
    weights = 1.0 / degree[data["u"]]
    matrix = scipy.sparse.coo_array((weights, (data["v"], data["u"])), shape=(data["n"], data["n"])).tocsr()
    matrix.sort_indices()
    return matrix, degree == 0


def _power(prepared: tuple[Any, Any], error: float) -> Any:
    """Power iteration until the contraction bounds the L1 error."""
    matrix, dangling = prepared
    n = dangling.size
    x = np.full(n, 1 / n)
    while True:
        new = DAMPING * (matrix @ x + x[dangling].sum() / n) + (1 - DAMPING) / n
        change = np.abs(new - x).sum()
        x = new
        if change * DAMPING / (1 - DAMPING) <= error:
            return x


def _scipy(data: dict[str, Any]) -> Callable[[], Any]:
    prepared = _matrix(data)
    return lambda: _power(prepared, ERROR)


def _networkx(data: dict[str, Any]) -> Callable[[], Any]:
    try:
        import networkx as nx
    except ImportError:
        raise Absent("networkx is not installed") from None
    graph = nx.DiGraph()
    graph.add_nodes_from(range(data["n"]))
    graph.add_edges_from(zip(data["u"].tolist(), data["v"].tolist(), strict=True))

    def rank() -> Callable[[], Any]:
        found = nx.pagerank(
            graph, alpha=DAMPING, tol=data["change"] / data["n"], max_iter=1000
        )  # it multiplies tol by n
        return lambda: [found[node] for node in range(data["n"])]

    return rank
