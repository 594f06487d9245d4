"""Arrays of arcs -> a graph with sorted rows both ways: seconds, peak and kept memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import graph_tool_peer, inputs
from benchmarks.harness import OURS, Bar, Case, Contender, ratio

NAME = "build"


def cases(quick: bool) -> Sequence[Case]:
    """The distinct arcs, which all tools store alike; and as drawn, with the repeats that we merge."""
    scale = 16 if quick else 20
    drawn = [
        Contender(OURS, _ours, "merges repeats, drops self-loops"),
        Contender("networkit builder", _networkit_builder, "keeps repeats and self-loops"),
    ]
    return [
        Case(f"rmat{scale}", lambda: _load(scale), _contenders(), _check, _facts, memory=True, budget=25),
        Case(f"rmat{scale} as drawn", lambda: _load_drawn(scale), drawn, _check_drawn, _facts, memory=True, budget=25),
    ]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Time against graph-tool and NetworKit, memory against NetworKit and in bytes per arc."""
    name = next(iter(figures))
    ours = figures[name]["contenders"][OURS]
    drawn = figures[f"{name} as drawn"]["contenders"][OURS]
    n_arcs = figures[name]["input"]["n_arcs"]
    networkit = min(ratio(figures, name, f"networkit {how}") for how in ("coo", "builder"))
    peak = min(ratio(figures, name, f"networkit {how}", "peak_bytes") for how in ("coo", "builder"))
    found = [
        Bar("times NetworKit's time (its faster way)", networkit, 6),
        Bar("times NetworKit's peak memory (its smaller)", peak, 3),
        Bar("peak bytes per arc above the input", ours["peak_bytes"] / n_arcs, 40, at_most=True),
        Bar("the same as drawn", drawn["peak_bytes"] / n_arcs, 40, at_most=True),
        Bar("bytes per arc of the finished graph", ours["array_bytes"] / n_arcs, 10, at_most=True),
    ]
    if "graph-tool" in figures[name]["contenders"]:
        found.insert(0, Bar("times graph-tool's time", ratio(figures, name, "graph-tool"), 2))
    return found


def _load(scale: int) -> dict[str, Any]:
    return inputs.rmat_distinct(scale) | {"n": 1 << scale}


def _load_drawn(scale: int) -> dict[str, Any]:
    return inputs.rmat_drawn(scale) | {"n": 1 << scale}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"]}


def _degrees(data: dict[str, Any]) -> Any:
    return np.array([np.bincount(data[end], minlength=data["n"]) for end in "uv"])


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """Degrees both ways; ours arc by arc."""
    expected = _degrees(data)
    if name == OURS:
        keys = np.sort((data["u"].astype(np.uint64) << np.uint64(32)) | data["v"])
        assert np.array_equal(_keys(result), keys), "the arcs differ"
        assert np.array_equal(result.in_degree, expected[1]), "in-degrees differ"
        return {"array_bytes": _array_bytes(result)}
    if name == "scipy, one direction":
        assert np.array_equal(np.diff(result.indptr), expected[0]), f"{name}: degrees differ"
        return {}
    assert np.array_equal(_DEGREES[name.split(maxsplit=1)[0]](result), expected), f"{name}: degrees differ"
    return {}


def _check_drawn(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    if name != OURS:
        return {}
    keys = (data["u"].astype(np.uint64) << np.uint64(32)) | data["v"]
    keys = np.unique(keys[data["u"] != data["v"]])
    assert np.array_equal(_keys(result), keys), "the arcs differ"
    return {"array_bytes": _array_bytes(result), "duplicates": result.report.duplicates}


def _keys(graph: Any) -> Any:
    u, v = graph.edges()
    return (u.astype(np.uint64) << np.uint64(32)) | v


def _array_bytes(graph: Any) -> int:
    return int(sum(a.nbytes for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)))


# -- contenders --------------------------------------------------------------------------------------------------------


def _contenders() -> list[Contender]:
    child: list[graph_tool_peer.Child] = []

    def make(data: dict[str, Any]) -> Callable[[], Any]:
        child.append(graph_tool_peer.Child(data, data["n"]))
        return lambda: (child[0].do("build"), child[0])[1]

    def peak(data: dict[str, Any]) -> dict[str, int]:
        fresh = graph_tool_peer.Child(data, data["n"])
        taken = fresh.do("build")
        fresh.close()
        return taken

    def close() -> None:
        if child:
            child.pop().close()

    return [
        Contender(OURS, _ours),
        Contender("networkit coo", _networkit_coo),
        Contender("networkit builder", _networkit_builder),
        Contender("igraph", _igraph),
        Contender("graph-tool", make, graph_tool_peer.NOTE, peak=peak, close=close),
        Contender("scipy, one direction", _scipy, "one direction only, sorted"),
    ]


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    sr.Graph.from_edges(data["u"][:1000], data["v"][:1000], n_nodes=data["n"])
    sr.Graph.from_edges(np.zeros(9, np.uint32), np.ones(9, np.uint32), n_nodes=2)
    return lambda: sr.Graph.from_edges(data["u"], data["v"], n_nodes=data["n"])


def _networkit_coo(data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    return lambda: nk.GraphFromCoo((data["u"], data["v"]), n=data["n"], directed=True)


def _networkit_builder(data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    def build() -> Any:
        graph = nk.Graph(data["n"], directed=True)
        graph.addEdges((data["u"], data["v"]))
        return graph

    return build


def _igraph(data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    return lambda: igraph.Graph(
        n=data["n"], edges=np.column_stack([data["u"], data["v"]]).astype(np.int64), directed=True
    )


def _scipy(data: dict[str, Any]) -> Callable[[], Any]:
    import scipy.sparse

    def build() -> Any:
        shape, ones = (data["n"], data["n"]), np.ones(data["u"].size, np.bool_)
        rows = scipy.sparse.coo_array((ones, (data["u"], data["v"])), shape=shape).tocsr()
        rows.sort_indices()
        return rows

    return build


def _networkit_degrees(graph: Any) -> Any:
    import networkit as nk

    ways = (nk.centrality.DegreeCentrality(graph, outDeg=out, ignoreSelfLoops=False) for out in (True, False))
    return np.array([way.run().scores() for way in ways], np.int64)


_DEGREES: dict[str, Callable[[Any], Any]] = {
    "networkit": _networkit_degrees,
    "igraph": lambda graph: np.array([graph.outdegree(), graph.indegree()]),
    "graph-tool": lambda child: child.array("degrees"),
}
