"""The NetworkX backend against NetworkX itself: same keys in the same order, same types, same exceptions."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest

from swayrank.interop import networkx_paths, networkx_ranks, networkx_structure
from swayrank.interop.networkx import backend
from swayrank.interop.networkx_info import FUNCTIONS, get_info

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs:UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # NetworkX's own, where it divides by 0
]

LABELS = ["ada", ("bob", 1), 7, frozenset({"cem"}), 2.5, "", None.__class__, b"eve", -1, "fay", ("gil",), 10**30]


def random_graph(kind, seed, n=12, m=30, loops=False):
    """Nodes and edges in random order; weights are ints under "whole", floats under "weight", some edges have none."""
    rng = np.random.default_rng(seed)
    graph = kind()
    graph.add_nodes_from(LABELS[i] for i in rng.permutation(n))
    for _ in range(m):
        u, v = rng.integers(n, size=2)
        if u != v or loops:
            graph.add_edge(LABELS[u], LABELS[v], weight=float(rng.integers(1, 9)) / 4, whole=int(rng.integers(1, 6)))
    for _, _, data in list(graph.edges(data=True))[::5]:
        del data["whole"]
    return graph


def strong(kind, seed, loops=False):
    """A ring through all, and chords."""
    graph = random_graph(kind, seed, loops=loops)
    ring = list(graph)
    graph.add_edges_from(zip(ring, ring[1:] + ring[:1], strict=True), weight=0.75, whole=2)
    return graph


def two_parts(kind):
    graph = strong(kind, 3)
    graph.add_edges_from([("x", "y"), ("y", "z"), ("z", "x")], weight=1.5, whole=2)
    graph.add_node("alone")
    return graph


def made(kind, nodes=(), edges=()):
    graph = kind()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return graph


GRAPHS = {
    "none": lambda kind: kind(),
    "one": lambda kind: made(kind, ["ada"]),
    "one on itself": lambda kind: made(kind, edges=[("ada", "ada")]),
    "no edges": lambda kind: made(kind, [3, "ada", (1, 2)]),
    "tree": lambda kind: made(kind, edges=[(4, 2), (2, 1), (2, "ada"), ("ada", 0), (0, 5)]),
    "sparse": lambda kind: random_graph(kind, 1, m=9),
    "strong": lambda kind: strong(kind, 2),
    "loops": lambda kind: strong(kind, 4, loops=True),
    "two parts": two_parts,
}
TIGHT = {"tol": 1e-13, "max_iter": 3000}
FEW = ["ada", 7, "", "nobody"]
WAYS = [{}, {"usebounds": True}, {"weight": "whole"}, {"weight": "weight"}]
CALLS = {
    "pagerank": [TIGHT, TIGHT | {"weight": None}, TIGHT | {"weight": "whole"},
                 TIGHT | {"alpha": 0.5, "personalization": {"ada": 1, 7: 2.5}},
                 TIGHT | {"personalization": {"nobody": 1}}, {"max_iter": 0}, {"max_iter": 3, "tol": 1e-12}],
    "hits": [{"tol": 0}],
    "eigenvector_centrality": [TIGHT | {"tol": 1e-11}, TIGHT | {"weight": "weight"}, {"max_iter": 2}, {"tol": 0.01}],
    "eigenvector_centrality_numpy": [{}, {"weight": "weight"}],
    "katz_centrality": [TIGHT | {"alpha": 0.05}, {"alpha": 0.05, "weight": "whole", "normalized": False},
                        {"alpha": 9.0}, {"beta": "ada"}, {"beta": 0}, {"max_iter": 1}],
    "katz_centrality_numpy": [{"alpha": 0.05}, {"alpha": 0.02, "weight": "weight", "normalized": False, "beta": 2}],
    "core_number": [{}],
    "degree_centrality": [{}],
    "in_degree_centrality": [{}],
    "out_degree_centrality": [{}],
    "betweenness_centrality": [{}, {"normalized": False}, {"weight": "weight"}, {"weight": "whole"}],
    "edge_betweenness_centrality": [{}, {"normalized": False}, {"weight": "weight"}, {"weight": "absent"}],
    "closeness_centrality": [{}, {"wf_improved": False}, {"distance": "weight"}, {"u": "ada"}, {"u": "nobody"},
                             {"u": "ada", "distance": "whole", "wf_improved": False},
                             {"u": "nobody", "distance": "whole"}],
    "harmonic_centrality": [{}, {"distance": "weight"}, {"distance": "whole"}, {"nbunch": FEW}, {"sources": FEW},
                            {"nbunch": "ada", "sources": [7, ("gil",)]}, {"nbunch": [], "sources": "nobody"}],
    "eccentricity": [{}, {"v": "ada"}, {"v": FEW}, {"v": 1.5}, {"weight": "weight"}, {"weight": "whole", "v": "ada"}],
    "diameter": [*WAYS, {"e": {1: 2, 2: 5}}],
    "radius": [*WAYS, {"e": {1: 2, 2: 5}}],
    "center": [*WAYS, {"e": {1: 2, 2: 5, 3: 2}}],
    "periphery": [*WAYS, {"e": {1: 2, 2: 5, 3: 5}}],
    "triangles": [{}, {"nodes": "ada"}, {"nodes": FEW}],
    "clustering": [{}, {"weight": "weight"}, {"weight": "whole"}, {"nodes": "ada"}, {"nodes": FEW}],
    "average_clustering": [{}, {"weight": "weight"}, {"count_zeros": False}, {"nodes": FEW}],
    "transitivity": [{}],
    "reciprocity": [{}, {"nodes": "ada"}, {"nodes": FEW}],
    "overall_reciprocity": [{}],
    "voterank": [{}, {"number_of_nodes": 2}, {"number_of_nodes": 0}],
    "constraint": [{}, {"weight": "weight"}],
    "effective_size": [{}],
    "articulation_points": [{}],
    "bridges": [{}, {"root": "ada"}],
    "has_bridges": [{}, {"root": "ada"}],
}  # fmt: skip
# Declined for graphs with self-loops, and for directed ones.
NO_LOOPS = {"voterank", "constraint", "effective_size"}
OF_EDGES = {"transitivity", "effective_size"}
UNDIRECTED = OF_EDGES | {"triangles", "articulation_points", "bridges", "has_bridges"}
STRUCTURE = NO_LOOPS | UNDIRECTED | {"clustering", "average_clustering", "reciprocity", "overall_reciprocity"}
SOLVED = {"hits", "eigenvector_centrality_numpy", "katz_centrality_numpy"}
# What these give is not defined, or an error of a solver's: NetworkX is left to it.
NOT_SOLVED = {"one", "one on itself", "no edges", "tree", "sparse"}
# Two vectors are equally good for these, and NetworkX takes one at random.
RANDOM = {("hits", "tree", nx.Graph), ("hits", "sparse", nx.Graph)}


def outcome(function, graph, options, **call):
    """What a call gives, or the exception that it raises."""
    try:
        found = function(graph, **options, **call)
        if function.name == "articulation_points":
            return sorted(found, key=str)  # in no order that anybody promises
        return list(found) if isinstance(found, Iterator) else found
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def assert_same(ours, theirs):
    assert type(ours) is type(theirs), (ours, theirs)
    if isinstance(theirs, Exception):
        assert str(ours) == str(theirs)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert_same(ours[key], value)
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-9, nan_ok=True)
    else:
        assert ours == theirs


def test_every_function_is_told_and_compared():
    assert set(CALLS) == set(FUNCTIONS) == set(get_info()["functions"])
    assert all(callable(getattr(backend, name)) for name in FUNCTIONS)
    with pytest.raises(AttributeError):
        backend.Graph


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph], ids=["undirected", "directed"])
@pytest.mark.parametrize("case", GRAPHS)
@pytest.mark.parametrize("name", CALLS)
def test_as_networkx(name, case, kind):
    function = getattr(nx, name)
    for options in CALLS[name] * ((name, case, kind) not in RANDOM):
        graph = GRAPHS[case](kind)
        try:
            ours = outcome(function, graph, options, backend="swayrank")
        except NotImplementedError:
            may = (name in SOLVED and case in NOT_SOLVED) or (options.get("usebounds") and case == "none")
            may = may or (name in NO_LOOPS and (nx.number_of_selfloops(graph) or case == "none"))
            may = may or (name in OF_EDGES and graph.is_directed())
            may = may or ("root" in options and "ada" not in graph)
            may = may or ("reciprocity" in name and not graph.is_directed())
            assert may or mixed(graph, name, options), (name, options)
            continue
        assert_same(ours, outcome(function, graph, options, backend="networkx"))


def mixed(graph, name, options):
    """Whether an eccentricity is an int or a float by the path that it takes."""
    kinds = {type(data.get(options.get("weight"), 1)) for *_, data in graph.edges(data=True)}
    return name in {"eccentricity", "diameter", "radius", "center", "periphery"} and len(kinds) > 1


@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.MultiDiGraph])
@pytest.mark.parametrize("name", CALLS)
def test_multigraphs_as_networkx_or_declined(name, kind):
    graph = strong(kind, 6, loops=True)
    ran = 0
    for options in CALLS[name]:
        try:
            ours = outcome(getattr(nx, name), graph, options, backend="swayrank")
        except NotImplementedError:
            continue
        ran += 1
        assert_same(ours, outcome(getattr(nx, name), graph, options, backend="networkx"))
    told_apart = {"edge_betweenness_centrality", "degree_centrality", "in_degree_centrality", "out_degree_centrality"}
    assert ran or name in told_apart | STRUCTURE


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, None, "2", 2**60, 10**400, Fraction(1, 2), np.float64(2)])
def test_numbers_that_we_do_not_take_are_networkx_to_handle(bad):
    """What NetworkX makes of them, value or exception, comes out of the calls that prefer this backend."""
    graph = strong(nx.DiGraph, 8)
    graph.add_edge("ada", 7, weight=bad)
    names = ("pagerank", "betweenness_centrality", "closeness_centrality", "eccentricity", "eigenvector_centrality")
    for name in names:
        options = {"distance" if name == "closeness_centrality" else "weight": "weight"}
        theirs = outcome(getattr(nx, name), graph, options, backend="networkx")
        with nx.config(backend_priority=["swayrank"]):
            ours = outcome(getattr(nx, name), graph, options)
        if name == "pagerank" and isinstance(theirs, dict) and not np.isnan(list(theirs.values())).any():
            assert ours == pytest.approx(theirs, abs=1e-5)  # stops elsewhere
        else:
            assert_same(ours, theirs)


@pytest.fixture
def calls(monkeypatch):
    """How often each of our functions was called."""
    counted = Counter()

    def counting(name, function):
        def called(*args, **options):
            counted[name] += 1
            return function(*args, **options)

        return called

    for module in (networkx_ranks, networkx_paths, networkx_structure):
        for name in FUNCTIONS:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counting(name, getattr(module, name)))
    return counted


def test_unmodified_code_runs_here_by_priority(calls):
    graph = strong(nx.DiGraph, 5)
    with nx.config(backend_priority=["swayrank"]):
        for name in FUNCTIONS:
            there = strong(nx.Graph, 5) if name in UNDIRECTED else graph
            getattr(nx, name)(there, **({"alpha": 0.05} if "katz" in name else {}))
    assert set(calls) == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pagerank", {"nstart": {"ada": 1, 7: 2}}),
        ("pagerank", {"alpha": 1}),
        ("hits", {"normalized": False}),
        ("katz_centrality", {"alpha": 0.05, "nstart": dict.fromkeys(LABELS, 0)}),
        ("betweenness_centrality", {"k": 5, "seed": 1}),
        ("betweenness_centrality", {"endpoints": True}),
        ("edge_betweenness_centrality", {"k": 5, "seed": 1}),
        ("closeness_centrality", {"distance": lambda u, v, data: 2}),
        ("eccentricity", {"sp": dict(nx.shortest_path_length(strong(nx.DiGraph, 5)))}),
        ("diameter", {"usebounds": True, "weight": "weight"}),
    ],
)
def test_what_we_decline_falls_back(calls, name, options):
    graph = strong(nx.DiGraph, 5)
    assert isinstance(backend.can_run(name, (graph,), options), str)
    with nx.config(backend_priority=["swayrank"]):
        found = getattr(nx, name)(graph, **options)
    assert not calls[name]
    if name != "hits":  # of random sign
        assert_same(found, getattr(nx, name)(graph, **options, backend="networkx"))
    with pytest.raises(NotImplementedError):
        getattr(nx, name)(graph, **options, backend="swayrank")


def test_a_graph_is_converted_once_until_it_changes():
    graph = strong(nx.Graph, 5)
    before = nx.closeness_centrality(graph, backend="swayrank")
    kept = graph.__networkx_cache__["backends"]["swayrank"]
    assert len(kept) == 1
    nx.betweenness_centrality(graph, backend="swayrank")
    assert graph.__networkx_cache__["backends"]["swayrank"] is kept
    graph.add_edge("ada", "new")
    assert len(nx.closeness_centrality(graph, backend="swayrank")) == len(before) + 1


@pytest.mark.parametrize("view", [lambda g: g.reverse(copy=False), lambda g: g.subgraph(LABELS[:7]), nx.freeze])
def test_views_are_what_they_show(view):
    graph = view(strong(nx.DiGraph, 9, loops=True))
    for name in ("edge_betweenness_centrality", "harmonic_centrality", "in_degree_centrality"):
        assert_same(getattr(nx, name)(graph, backend="swayrank"), getattr(nx, name)(graph, backend="networkx"))


def test_a_converted_graph_runs_here_without_being_told(calls):
    graph = strong(nx.Graph, 5)
    converted = backend.convert_from_nx(graph)
    assert_same(nx.diameter(converted), nx.diameter(graph))
    assert_same(nx.pagerank(converted, weight="whole", tol=1e-12), nx.pagerank(graph, weight="whole", tol=1e-12))
    assert calls == {"diameter": 1, "pagerank": 1}
    assert backend.convert_to_nx(converted) is graph
    assert (len(converted), list(converted), "ada" in converted) == (len(graph), list(graph), True)


_SUITE = """
import json, sys
from collections import Counter
import pytest
from swayrank.interop import networkx as ours
called = Counter()
find = ours.Backend.__getattr__
def counting(self, name):
    function = find(self, name)
    def run(*args, **options):
        called[name] += 1
        return function(*args, **options)
    return run
ours.Backend.__getattr__ = counting
modules = ["networkx.algorithms." + name for name in sys.argv[1:]]
code = pytest.main(["-q", "-p", "no:cacheprovider", "--tb=short", "--pyargs", *modules])
print(json.dumps(called))
sys.exit(code)
"""
_SUITE_MODULES = [
    "link_analysis.tests",
    *(
        f"centrality.tests.test_{name}_centrality"
        for name in ("betweenness", "closeness", "degree", "eigenvector", "harmonic", "katz")
    ),
    "centrality.tests.test_voterank",
    "components.tests.test_biconnected",
    *(f"tests.test_{name}" for name in ("bridges", "cluster", "core", "distance_measures", "reciprocity")),
    "tests.test_structuralholes",
]


@pytest.mark.slow
def test_networkx_own_tests_pass_on_this_backend(tmp_path, monkeypatch):
    monkeypatch.setenv("NETWORKX_TEST_BACKEND", "swayrank")
    monkeypatch.setenv("NETWORKX_FALLBACK_TO_NX", "1")
    command = [sys.executable, "-c", _SUITE, *_SUITE_MODULES]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in lines[-2]
    assert " xfailed" not in lines[-2]
    assert set(json.loads(lines[-1])) == set(FUNCTIONS)
