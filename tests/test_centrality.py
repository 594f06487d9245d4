"""Degree, strength, PageRank and core numbers against exact oracles, closed forms and other libraries."""

from __future__ import annotations

import igraph
import networkx as nx
import numpy as np
import pytest

from swayrank.errors import ConvergenceError, ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.kernels import spmv, traversal
from swayrank.measures.centrality import pagerank as pagerank_module
from swayrank.measures.centrality.core import k_core
from swayrank.measures.centrality.degree import in_degree, in_strength, out_degree, out_strength
from swayrank.measures.centrality.pagerank import pagerank
from tests.oracles import naive_centrality as naive
from tests.zoo import ZOO

VARIANTS = ("neighbours", "in", "out", "total")


def graph_of(n, arcs, **options):
    """A graph of (u, v) or (u, v, weight) arcs; without weights the arcs weigh 1."""
    u, v = [a[0] for a in arcs], [a[1] for a in arcs]
    weight = [float(a[2]) for a in arcs] if arcs and len(arcs[0]) == 3 else None
    return Graph.from_edges(np.array(u, np.int64), np.array(v, np.int64), n_nodes=n, weight=weight, **options)


def stored(graph, weighted=False):
    """The arcs as the graph holds them, for the oracles."""
    u, v = graph.edges()
    w = graph.column("weight") if weighted else np.ones(u.size)
    return list(zip(u.tolist(), v.tolist(), w.tolist(), strict=True))


def random_arcs(n, m, rng):
    return list(zip(rng.integers(n, size=m), rng.integers(n, size=m), rng.integers(0, 5, size=m), strict=True))


@pytest.fixture(params=ZOO)
def zoo_graph(request):
    n, arcs = ZOO[request.param]
    return graph_of(n, arcs, self_loops="keep")


@pytest.fixture
def weighted():
    """Forty accounts, some arcs of weight 0, one account whose arcs all weigh 0, dangling and isolated ones."""
    rng = np.random.default_rng(5)
    arcs = [(u, v, 0 if u == 3 else w) for u, v, w in random_arcs(36, 150, rng) if u not in (7, 11)]
    return graph_of(40, arcs)


@pytest.fixture(scope="module")
def big():
    """Skewed and large enough to be cut into several chunks."""
    rng = np.random.default_rng(8)
    n, m = 60_000, 1_400_000
    u, v = (n * rng.random(m) ** 3).astype(np.int64), (n * rng.random(m) ** 2).astype(np.int64)
    return Graph.from_edges(u, v, n_nodes=n, weight=rng.random(m))


# -- degree and strength ---------------------------------------------------------------------------------------------


def test_degrees_of_the_zoo(zoo_graph):
    arcs = stored(zoo_graph)
    assert in_degree(zoo_graph).values.tolist() == naive.in_degree(zoo_graph.n_nodes, arcs)
    assert out_degree(zoo_graph).values.tolist() == naive.out_degree(zoo_graph.n_nodes, arcs)


def test_strength_sums_weights(weighted):
    arcs = stored(weighted, weighted=True)
    assert in_strength(weighted).values.tolist() == naive.in_strength(40, arcs)
    assert out_strength(weighted).values.tolist() == naive.out_strength(40, arcs)


def test_strength_of_a_named_column_may_be_negative():
    g = Graph.from_edges([0, 1], [2, 2], n_nodes=3, columns={"mood": np.array([-2.0, 0.5])})
    assert in_strength(g, weight="mood").values.tolist() == [0.0, 0.0, -1.5]


def test_strength_is_the_same_on_every_engine(big, any_engine):
    whole = in_strength(big, threads=1).values
    assert np.array_equal(in_strength(big, **any_engine).values, whole)
    assert in_strength(big).values.sum() == pytest.approx(big.column("weight").sum(), rel=1e-12)


@pytest.mark.parametrize("measure", [in_strength, out_strength, lambda g, weight: pagerank(g, weight=weight)])
def test_an_unknown_weight_says_which_columns_there_are(measure):
    g = Graph.from_edges([0], [1], columns={"cost": np.array([1.0])})
    with pytest.raises(ParameterError, match=r"weight must be the name of a column.*'fee'.*'cost'"):
        measure(g, weight="fee")


# -- PageRank --------------------------------------------------------------------------------------------------------


def l1(measure, exact):
    return np.abs(measure.values - np.array(exact)).sum()


@pytest.mark.parametrize("tol", [1e-3, 1e-8, 1e-13])
def test_pagerank_of_the_zoo_lies_within_tol_of_the_exact_vector(zoo_graph, tol):
    m = pagerank(zoo_graph, tol=tol)
    assert m.error_bound <= tol
    assert l1(m, naive.pagerank(zoo_graph.n_nodes, stored(zoo_graph))) <= m.error_bound + 1e-15


@pytest.mark.parametrize("damping", [0.0, 0.3, 0.85, 0.99])
@pytest.mark.parametrize("dangling", ["personalization", "uniform"])
def test_pagerank_weighted_and_personalized(weighted, damping, dangling):
    masses = np.zeros(40)
    masses[[0, 5, 39]] = 1, 2, 5
    m = pagerank(weighted, damping=damping, weight="weight", personalization=masses, dangling=dangling, tol=1e-10)
    exact = naive.pagerank(40, stored(weighted, weighted=True), damping, masses.astype(int).tolist(), dangling)
    assert l1(m, exact) <= 1e-10
    assert m.values.sum() == pytest.approx(1, abs=1e-13)


def test_dangling_rules_differ_where_there_is_a_personalization(weighted):
    masses = {0: 1.0}
    strong = pagerank(weighted, personalization=masses)
    weak = pagerank(weighted, personalization=masses, dangling="uniform")
    assert np.abs(strong.values - weak.values).sum() > 0.01


def test_pagerank_closed_forms():
    n, d = 6, 0.85
    hub = pagerank(graph_of(*ZOO["star in"]), tol=1e-12).values  # leaves pass all to the hub, the hub to everybody
    leaf = 1 / (n + d * (n - 1))  # leaf = (1-d)/n + d hub/n, hub = leaf + d (n-1) leaf
    assert hub == pytest.approx([leaf * (1 + d * (n - 1))] + [leaf] * (n - 1), abs=1e-12)
    assert pagerank(graph_of(*ZOO["cycle"])).values == pytest.approx([0.2] * 5, abs=1e-12)
    assert pagerank(graph_of(*ZOO["complete"])).values == pytest.approx([0.25] * 4, abs=1e-12)
    chain = pagerank(graph_of(*ZOO["chain"]), tol=1e-12).values  # each passes d on: 1, 1 + d, 1 + d + d^2, ...
    geometric = np.cumsum(d ** np.arange(5))
    assert chain == pytest.approx(geometric / geometric.sum(), abs=1e-12)


def test_pagerank_agrees_with_networkx_and_igraph(weighted):
    g = nx.DiGraph()
    g.add_nodes_from(range(40))
    g.add_weighted_edges_from(stored(weighted, weighted=True))
    theirs = nx.pagerank(g, tol=1e-15, max_iter=1000, weight="weight")
    assert l1(pagerank(weighted, weight="weight"), [theirs[i] for i in range(40)]) <= 1e-8
    masses = {0: 1.0, 5: 2.0}
    theirs = nx.pagerank(g, tol=1e-15, max_iter=1000, personalization=masses, weight=None)
    assert l1(pagerank(weighted, personalization=masses), [theirs[i] for i in range(40)]) <= 1e-8
    peer = igraph.Graph(n=40, edges=[(u, v) for u, v, _ in stored(weighted)], directed=True)
    assert l1(pagerank(weighted), peer.pagerank()) <= 1e-8


def test_pagerank_reads_along_the_arcs():
    assert pagerank(graph_of(*ZOO["star in"])).top(1)[0][0] == 0
    followers_of_none = pagerank(graph_of(*ZOO["star out"])).values
    assert followers_of_none[0] < followers_of_none[1]


def test_error_bound_holds_on_a_large_graph(big):
    exact = pagerank(big, tol=1e-14).values
    for tol in (1e-2, 1e-5, 1e-8):
        m = pagerank(big, tol=tol)
        assert m.error_bound <= tol
        assert l1(m, exact) <= m.error_bound + 1e-14


def test_same_bits_on_every_engine(big, any_engine):
    for weight in (None, "weight"):
        alone = pagerank(big, weight=weight, threads=1)
        assert np.array_equal(pagerank(big, weight=weight, **any_engine).values, alone.values)


def test_same_bits_in_another_process(big, other_process):
    assert np.array_equal(pagerank(big, tol=1e-2, engine=other_process).values, pagerank(big, tol=1e-2).values)


def test_chunks_are_really_cut(big, monkeypatch):
    whole = pagerank(big)
    monkeypatch.setattr(pagerank_module, "_ARCS_PER_CHUNK", 1 << 12)
    assert l1(pagerank(big), whole.values) <= 1e-12


def test_personalization_by_id_and_by_position():
    g = Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"])
    by_id = pagerank(g, personalization={"cem": 3, "ada": 1})
    by_position = pagerank(g, personalization=[0.25, 0, 0.75])
    assert np.array_equal(by_id.values, by_position.values)
    with pytest.raises(UnknownAccountError, match="zoe"):
        pagerank(g, personalization={"zoe": 1})


@pytest.mark.parametrize(
    ("bad", "words"),
    [([1, 2], r"shape \(3,\)"), ([1, -1, 1], ">= 0"), ([0, 0, 0], "sum above 0"), ([1, np.nan, 0], "finite")],
)
def test_a_bad_personalization_is_refused(bad, words):
    with pytest.raises(ParameterError, match=words):
        pagerank(graph_of(3, [(0, 1)]), personalization=bad)


def test_negative_weights_are_refused():
    g = Graph.from_edges([0, 1], [1, 2], n_nodes=3, weight=[1.0, -2.0])
    with pytest.raises(ParameterError, match=r"weight 'weight' must be >= 0 everywhere, got -2"):
        pagerank(g, weight="weight")


def test_not_converging_says_what_to_change():
    with pytest.raises(ConvergenceError, match=r"after 3 passes, not tol=1e-08: raise max_iter \(now 3\) or tol"):
        pagerank(graph_of(*ZOO["dangling"]), max_iter=3)
    with pytest.raises(ConvergenceError, match=r"raise tol, rounding is in its way"):
        pagerank(graph_of(*ZOO["bow tie"]), tol=1e-300, damping=0.9)


def test_a_slow_case_converges_without_a_limit():
    two_cycles = graph_of(4, [(0, 1), (1, 0), (2, 3), (3, 2), (0, 2)])
    m = pagerank(two_cycles, damping=0.999, tol=1e-10)
    assert l1(m, naive.pagerank(4, stored(two_cycles), 0.999)) <= 1.1e-10


def test_no_nodes_no_ranks():
    assert len(pagerank(Graph.from_edges([], [], n_nodes=0))) == 0


# -- core numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_cores_of_the_zoo(zoo_graph, variant):
    exact = naive.core_numbers(zoo_graph.n_nodes, stored(zoo_graph), variant)
    assert k_core(zoo_graph, variant=variant).values.tolist() == exact


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("density", [20, 60, 200])
def test_cores_of_random_graphs(variant, density):
    rng = np.random.default_rng(density)
    for _ in range(5):
        g = graph_of(25, random_arcs(25, density, rng))
        assert k_core(g, variant=variant).values.tolist() == naive.core_numbers(25, stored(g), variant)


def test_undirected_cores_are_one_whatever_the_variant():
    rng = np.random.default_rng(3)
    pairs = [(u, v) for u, v, _ in random_arcs(30, 90, rng)]
    g = graph_of(30, pairs, direction="undirected")
    peer = nx.Graph([(u, v) for u, v in pairs if u != v])
    peer.add_nodes_from(range(30))
    theirs = nx.core_number(peer)
    for variant in VARIANTS:
        assert k_core(g, variant=variant).values.tolist() == [theirs[i] for i in range(30)]


def test_cores_agree_with_networkx_and_igraph(big):
    u, v = big.edges()
    arcs = list(zip(u[::20].tolist(), v[::20].tolist(), strict=True))
    g = graph_of(big.n_nodes, arcs)
    directed = nx.DiGraph(arcs)
    directed.add_nodes_from(range(big.n_nodes))
    for variant, peer in (("neighbours", directed.to_undirected()), ("total", directed)):
        theirs = nx.core_number(peer)
        assert k_core(g, variant=variant).values.tolist() == [theirs[i] for i in range(g.n_nodes)]
    peer = igraph.Graph(n=g.n_nodes, edges=arcs, directed=True)
    for variant in ("in", "out"):
        assert k_core(g, variant=variant).values.tolist() == peer.coreness(mode=variant)


def test_core_closed_forms():
    assert k_core(graph_of(*ZOO["complete"])).values.tolist() == [3] * 4
    assert k_core(graph_of(*ZOO["complete"]), variant="total").values.tolist() == [6] * 4
    assert k_core(graph_of(*ZOO["star in"])).values.tolist() == [1] * 6
    assert k_core(graph_of(*ZOO["cycle"]), variant="in").values.tolist() == [1] * 5


def test_no_nodes_no_cores():
    assert len(k_core(Graph.from_edges([], [], n_nodes=0))) == 0


def test_every_kernel_has_one_signature(big, weighted):
    pagerank(weighted, weight="weight", personalization={0: 1.0})
    pagerank(big, threads=2)
    in_strength(big), out_strength(weighted)
    for variant in VARIANTS:
        k_core(weighted, variant=variant)
    for kernel in (spmv.pagerank_rows, spmv.row_sums, traversal.degrees, traversal.peel):
        assert len(getattr(kernel, "signatures", [0])) == 1, kernel
