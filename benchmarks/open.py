"""Opening a saved graph: the time must not grow with its size. Files lie in the page cache, for all tools alike."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "open"
_SCANNED = f"{OURS}, all arcs read"
_NODE_SHARE = 16


def cases(quick: bool) -> Sequence[Case]:
    """Three sizes, and a million accounts with names."""
    sizes = (10**5, 10**6) if quick else (10**5, 10**6, 10**7)
    found = [_case(f"{size:.0e} arcs".replace("e+0", "e"), functools.partial(_load, size), size) for size in sizes]
    named = 10**4 if quick else 10**6
    return [*found, _case(f"{named:.0e} names".replace("e+0", "e"), functools.partial(_load_named, named), None)]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Milliseconds at any size."""
    medians = [case["contenders"][OURS]["median_s"] for case in figures.values()]
    sizes = medians[:-1]
    return [
        Bar("milliseconds to open the largest", 1000 * sizes[-1], 10, at_most=True),
        Bar("milliseconds to open the one with names", 1000 * medians[-1], 10, at_most=True),
        Bar("times the smallest's time that the largest takes", sizes[-1] / sizes[0], 2, at_most=True),
    ]


def _case(name: str, load: Callable[[], dict[str, Any]], size: int | None) -> Case:
    contenders = [
        Contender(OURS, _ours),
        Contender(_SCANNED, _ours_scanned, "opens, then sums all neighbours, both ways"),
    ]
    if size is not None:
        contenders += [Contender("networkit binary", _networkit), Contender("igraph pickle", _igraph)]
    if size is not None and size <= 10**5:
        contenders.append(Contender("networkx pickle", _networkx))
    return Case(name, load, contenders, _check, _facts, rounds=21, budget=4)


def _load(n_arcs: int) -> dict[str, Any]:
    drawn = inputs.uniform(n_arcs // _NODE_SHARE, n_arcs)
    return _saved(f"open-{n_arcs}", drawn, n_arcs // _NODE_SHARE, None)


def _load_named(n: int) -> dict[str, Any]:
    drawn = inputs.uniform(n, n)
    return _saved(f"open-names-{n}", drawn, n, inputs.account_names(n))


def _saved(name: str, drawn: dict[str, Any], n_nodes: int, names: Any) -> dict[str, Any]:
    import swayrank as sr

    graph = sr.Graph.from_edges(drawn["u"], drawn["v"], n_nodes=n_nodes, ids=names)
    folder = inputs.FOLDER / name
    graph.save(folder)
    return {"graph": graph, "folder": folder, "names": names, "sha256": drawn["sha256"]}


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    size = sum(path.stat().st_size for path in data["folder"].glob("*.bin"))
    graph = data["graph"]
    return {"n_nodes": graph.n_nodes, "n_arcs": graph.n_edges, "bytes": size, "sha256": data["sha256"]}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    graph = data["graph"]
    if name == OURS:
        for array in ("indptr", "indices", "in_indptr", "in_indices"):
            assert np.array_equal(getattr(result, array), getattr(graph, array)), f"{array} differs"
        if data["names"] is not None:
            assert result.ids[graph.n_nodes - 1] == data["names"][-1], "names differ"
            assert result.position(data["names"][17]) == 17, "looking a name up fails"
    elif name == _SCANNED:
        assert result == _sums(graph), "sums differ"
    else:
        assert _SIZES[name](result) == (graph.n_nodes, graph.n_edges), f"{name}: sizes differ"
    return {}


_SIZES: dict[str, Callable[[Any], tuple[int, int]]] = {
    "networkit binary": lambda graph: (graph.numberOfNodes(), graph.numberOfEdges()),
    "igraph pickle": lambda graph: (graph.vcount(), graph.ecount()),
    "networkx pickle": lambda graph: (graph.number_of_nodes(), graph.number_of_edges()),
}


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    sr.Graph.open(data["folder"])
    return lambda: sr.Graph.open(data["folder"])


def _ours_scanned(data: dict[str, Any]) -> Callable[[], Any]:
    import swayrank as sr

    return lambda: _sums(sr.Graph.open(data["folder"]))


def _sums(graph: Any) -> int:
    return int(graph.indices.sum(dtype=np.uint64)) + int(graph.in_indices.sum(dtype=np.uint64))


def _networkit(data: dict[str, Any]) -> Callable[[], Any]:
    import networkit as nk

    graph = data["graph"]
    path = str(data["folder"]) + ".nkb"
    if not Path(path).exists():
        nk.graphio.NetworkitBinaryWriter().write(nk.GraphFromCoo(graph.edges(), n=graph.n_nodes, directed=True), path)
    return lambda: nk.graphio.NetworkitBinaryReader().read(path)


def _igraph(data: dict[str, Any]) -> Callable[[], Any]:
    import igraph

    graph = data["graph"]
    path = str(data["folder"]) + ".igraph.pickle"
    if not Path(path).exists():
        edges = np.column_stack(graph.edges()).astype(np.int64)
        igraph.Graph(n=graph.n_nodes, edges=edges, directed=True).write_pickle(path)
    return lambda: igraph.Graph.Read_Pickle(path)


def _networkx(data: dict[str, Any]) -> Callable[[], Any]:
    text = pickle.dumps(data["graph"].to_networkx())
    path = Path(str(data["folder"]) + ".networkx.pickle")
    path.write_bytes(text)
    return lambda: pickle.loads(path.read_bytes())
