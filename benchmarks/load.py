"""A text edge list -> a graph. The file lies in the page cache, for all tools alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender, ratio

NAME = "load"
_NAMES = "rmat, names"


def cases(quick: bool) -> Sequence[Case]:
    """RMAT arcs in random order: ids with gaps, ids without, names; and real files where they are at hand."""
    scale, n_arcs = (16, 1 << 18) if quick else (20, 1 << 23)
    found = [
        _case(f"rmat, ids {kind} gaps", functools.partial(_load_rmat, scale, n_arcs, kind), _CONTENDERS, 15)
        for kind in ("with", "without")
    ]
    found.append(_case(_NAMES, functools.partial(_load_names, scale, n_arcs // 2), _CONTENDERS, 15))
    for name, (source, _) in inputs.REAL.items():
        if (inputs.DATA / source).exists():
            contenders = _CONTENDERS + ([Contender("networkx", _networkx)] if name == "epinions" else [])
            found.append(_case(name, functools.partial(_load_real, name), contenders, 6))
    return found


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Time against NetworKit and igraph, and names per second."""
    found = [
        Bar(f"{name}: times {peer}'s time", ratio(figures, name, peer), limit)
        for name in figures
        for peer, limit in (("networkit", 2), ("igraph", 5))
        if name != _NAMES
    ]
    rate = figures[_NAMES]["input"]["n_arcs"] / figures[_NAMES]["contenders"][OURS]["median_s"]
    return [*found, Bar("million arcs per second with names", rate / 1e6, 2)]


def _case(name: str, load: Callable[[], dict[str, Any]], contenders: Sequence[Contender], budget: float) -> Case:
    return Case(name, load, contenders, _check, _facts, memory=name.startswith("rmat"), budget=budget)


def _load_rmat(scale: int, n_arcs: int, kind: str) -> dict[str, Any]:
    arcs = inputs.rmat_distinct(scale)
    u, v = arcs["u"][:n_arcs], arcs["v"][:n_arcs]
    if kind == "without":
        seen, compact = np.unique(np.concatenate([u, v]), return_inverse=True)
        u, v = np.random.default_rng(2).permutation(seen.size).astype(np.uint32)[compact].reshape(2, -1)
    path = inputs.text_file(f"rmat{scale}-{kind}-gaps-{n_arcs}", u, v)
    return {"path": path, "u": u, "v": v, "sha256": inputs.checksum(path)}


def _load_names(scale: int, n_arcs: int) -> dict[str, Any]:
    arcs = inputs.rmat_distinct(scale)
    u, v, names = arcs["u"][:n_arcs], arcs["v"][:n_arcs], inputs.account_names(1 << scale)
    path = inputs.text_file(f"rmat{scale}-names-{n_arcs}", names[u], names[v])
    return {"path": path, "u": u, "v": v, "names": names, "sha256": inputs.checksum(path)}


def _load_real(name: str) -> dict[str, Any]:
    found = inputs.real_edges(name)
    assert found is not None
    u, v = inputs.ends_of_text(found[0])
    return {"path": found[0], "u": u, "v": v, "sha256": found[1]}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    n_nodes = np.unique(np.concatenate([data["u"], data["v"]])).size
    size = data["path"].stat().st_size
    return {"n_nodes": n_nodes, "n_arcs": int(data["u"].size), "bytes": size, "sha256": data["sha256"]}


# -- answers -----------------------------------------------------------------------------------------------------------


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """Degrees by account both ways; ours arc by arc."""
    u, v = data["u"], data["v"]
    if name == OURS:
        given = result.ids.to_numpy() if "names" not in data else _numbers_of(data["names"], result.ids.to_numpy())
        mine = np.asarray(given, np.uint64)
        found = np.sort((mine[result.edges()[0]] << np.uint64(32)) | mine[result.edges()[1]])
        expected = (u.astype(np.uint64) << np.uint64(32)) | v
        assert np.array_equal(found, np.unique(expected[u != v])), "the arcs differ"
        return {}
    n = int(max(u.max(), v.max())) + 1
    expected = np.array([np.bincount(end, minlength=n) for end in (u, v)])
    found = _DEGREES[name](result, data, n)
    assert np.array_equal(found[:, : expected.shape[1]], expected), f"{name}: degrees differ"
    return {}


def _numbers_of(names: Any, some: Any) -> Any:
    """The position of each of `some` among `names`."""
    numbers = {name: i for i, name in enumerate(names.tolist())}
    return np.array([numbers[name] for name in some.tolist()], np.uint64)


def _networkit_degrees(result: Any, data: dict[str, Any], n: int) -> Any:
    import networkit as nk

    graph, reader = result
    ways = (nk.centrality.DegreeCentrality(graph, outDeg=out, ignoreSelfLoops=False) for out in (True, False))
    degrees = np.array([way.run().scores() for way in ways], np.int64)
    if "names" not in data:
        return degrees
    numbers = {name: i for i, name in enumerate(data["names"].tolist())}
    ordered = np.zeros((2, n), np.int64)
    for name, node in reader.getNodeMap().items():
        ordered[:, numbers[name]] = degrees[:, node]
    return ordered


def _igraph_degrees(graph: Any, data: dict[str, Any], n: int) -> Any:
    degrees = np.array([graph.outdegree(), graph.indegree()])
    if "names" not in data:
        return degrees
    ordered = np.zeros((2, n), np.int64)
    ordered[:, _numbers_of(data["names"], np.array(graph.vs["name"], object)).astype(np.int64)] = degrees
    return ordered


def _networkx_degrees(graph: Any, data: dict[str, Any], n: int) -> Any:
    ordered = np.zeros((2, n), np.int64)
    for way, degrees in enumerate((graph.out_degree, graph.in_degree)):
        for node, degree in degrees:
            ordered[way, node] = degree
    return ordered


_DEGREES: dict[str, Callable[..., Any]] = {
    "networkit": _networkit_degrees,
    "igraph": _igraph_degrees,
    "networkx": _networkx_degrees,
}


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    inputs.FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in (("warm", "0 1\n1 2\n0 1\n5 9\n"), ("warm-names", "ada bob\nbob cem\nada bob\n")):
        path = inputs.FOLDER / f"{name}.txt"
        path.write_text(text)
        sr.read_graph(path)
    return lambda: sr.read_graph(data["path"])


def _networkit(data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    def read() -> Any:
        reader = nk.graphio.EdgeListReader(" ", 0, continuous="names" not in data, directed=True)
        return reader.read(str(data["path"])), reader

    return read


def _igraph(data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    if "names" in data:
        return lambda: igraph.Graph.Read_Ncol(str(data["path"]), names=True, weights=False, directed=True)
    return lambda: igraph.Graph.Read_Edgelist(str(data["path"]), directed=True)


def _networkx(data: dict[str, Any]) -> Callable[[], Any]:
    import networkx as nx

    return lambda: nx.read_edgelist(data["path"], create_using=nx.DiGraph, nodetype=int)


_CONTENDERS = [Contender(OURS, _ours), Contender("networkit", _networkit), Contender("igraph", _igraph)]
