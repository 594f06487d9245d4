"""Reciprocity, lobby index, triangles, clustering, trusses, VoteRank, collective influence: oracles and NetworkX."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from tests.oracles import naive_counting as naive
from tests.zoo import ZOO


def stored(graph):
    u, v = graph.edges()
    return list(zip(u.tolist(), v.tolist(), strict=True))


def random_graph(seed, n=40, m=220, direction="follows", **options):
    """Dense enough for triangles, with loops, mutual follows and accounts without arcs."""
    rng = np.random.default_rng(seed)
    u, v = rng.integers(0, n - 3, m), ((n - 3) * rng.random(m) ** 1.5).astype(int)
    weight = rng.integers(0, 6, m).astype(float)
    return Graph.from_edges(u, v, n_nodes=n, weight=weight, direction=direction, self_loops="keep", **options)


def as_networkx(graph):
    peer = nx.DiGraph() if graph.directed else nx.Graph()
    peer.add_nodes_from(range(graph.n_nodes))
    weights = graph.column("weight").tolist() if "weight" in graph.columns else [1.0] * graph.n_edges
    peer.add_weighted_edges_from((u, v, w) for (u, v), w in zip(stored(graph), weights, strict=True))
    return peer


def without_loops(peer):
    peer = peer.copy()
    peer.remove_edges_from(list(nx.selfloop_edges(peer)))
    return peer


def in_order(found, n):
    return [found[i] for i in range(n)]


GRAPHS = {f"{direction} {seed}": (seed, direction) for seed in range(3) for direction in ("follows", "undirected")}


@pytest.fixture(params=[*ZOO, *GRAPHS])
def graph(request):
    if request.param in GRAPHS:
        seed, direction = GRAPHS[request.param]
        return random_graph(seed, direction=direction)
    n, arcs = ZOO[request.param]
    weight = 1.0 + np.arange(len(arcs)) % 3
    return Graph.from_edges([a for a, _ in arcs], [b for _, b in arcs], n_nodes=n, weight=weight, self_loops="keep")


def test_reciprocity(graph):
    if not graph.directed:
        tied = graph.out_degree > 0
        assert sr.reciprocity(graph).values.tolist() == tied.astype(float).tolist()
        return
    peer = as_networkx(graph)
    tied = [v for v in peer if peer.degree(v)]
    exact = nx.reciprocity(peer, tied) if tied else {}
    assert sr.reciprocity(graph).values == pytest.approx([exact.get(v, 0.0) for v in range(graph.n_nodes)])
    if graph.n_edges:
        assert sr.overall_reciprocity(graph) == pytest.approx(nx.overall_reciprocity(peer))


def test_lobby(graph):
    for variant in ("in", "out", "neighbours"):
        exact = naive.lobby(graph.n_nodes, stored(graph), variant)
        assert sr.lobby(graph, variant=variant).values.tolist() == exact, variant


def test_triangles_and_transitivity(graph):
    peer = without_loops(as_networkx(graph).to_undirected())
    assert sr.triangles(graph).values.tolist() == in_order(nx.triangles(peer), graph.n_nodes)
    assert sr.transitivity(graph) == pytest.approx(nx.transitivity(peer))


@pytest.mark.parametrize("weight", [None, "weight"])
def test_clustering(graph, weight):
    peer = as_networkx(graph)
    if weight is not None and graph.n_edges and graph.column(weight).max() == 0:
        pytest.skip("NetworkX divides by the largest weight")
    exact = in_order(nx.clustering(peer, weight=weight), graph.n_nodes)
    assert sr.clustering(graph, weight=weight).values == pytest.approx(exact, abs=1e-12)


def test_trusses(graph):
    exact = naive.trussness(graph.n_nodes, stored(graph))
    found = sr.arc_trussness(graph).values.tolist()
    assert found == [0 if u == v else exact[min(u, v), max(u, v)] for u, v in stored(graph)]
    of = [max((k for tie, k in exact.items() if v in tie), default=0) for v in range(graph.n_nodes)]
    assert sr.k_truss(graph).values.tolist() == of


def test_trusses_are_networkx():
    graph = random_graph(5, n=60, m=700)
    peer = without_loops(as_networkx(graph).to_undirected())
    found = sr.k_truss(graph).values
    for k in range(3, int(found.max()) + 2):
        assert set(np.flatnonzero(found >= k)) == set(nx.k_truss(peer, k))


def test_votes(graph):
    exact = naive.voted(graph.n_nodes, stored(graph))
    found = sr.voterank(graph)
    order = np.argsort(-found.values.astype(int), kind="stable")[: int((found.values > 0).sum())]
    assert order.tolist() == exact
    if not any(u == v for u, v in stored(graph)):
        peer = as_networkx(graph)
        other = sr.voterank(graph, variant="out").values
        assert np.argsort(-other.astype(int), kind="stable")[: int((other > 0).sum())].tolist() == nx.voterank(peer)
    few = sr.voterank(graph, k=2).values
    assert np.flatnonzero(few).size == min(2, len(exact))


@pytest.mark.parametrize("seed", range(4))
def test_votes_by_weight(seed):
    graph = random_graph(seed, m=120)
    weights = dict(zip(stored(graph), graph.column("weight").tolist(), strict=True))
    found = sr.voterank(graph, weight="weight").values
    order = np.argsort(-found.astype(int), kind="stable")[: int((found > 0).sum())]
    assert order.tolist() == naive.voted(graph.n_nodes, stored(graph), weights)


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_collective_influence(graph, radius):
    exact = naive.collective_influence(graph.n_nodes, stored(graph), radius)
    assert sr.collective_influence(graph, radius=radius).values.tolist() == exact


def test_closed_forms():
    n = 9
    u, v = np.triu_indices(n, 1)
    complete = Graph.from_edges(u, v, direction="undirected")
    assert sr.lobby(complete).values.tolist() == [n - 1] * n
    assert sr.triangles(complete).values.tolist() == [(n - 1) * (n - 2) // 2] * n
    assert sr.clustering(complete).values.tolist() == [1.0] * n
    assert sr.transitivity(complete) == 1
    assert sr.k_truss(complete).values.tolist() == [n] * n
    star = Graph.from_edges(np.arange(1, 9), np.zeros(8, int))
    assert sr.lobby(star, variant="neighbours").values.tolist() == [1] * 9
    assert sr.voterank(star).values.tolist() == [1] + [0] * 8
    cycle = Graph.from_edges(np.arange(8), (np.arange(8) + 1) % 8)
    assert sr.collective_influence(cycle).values.tolist() == [2.0] * 8


def test_nobody_and_wrong_values():
    empty = Graph.from_edges([], [], n_nodes=0)
    for name in ("reciprocity", "lobby", "triangles", "clustering", "k_truss", "voterank", "collective_influence"):
        assert len(sr.measure(empty, name)) == 0
    assert sr.overall_reciprocity(empty) == sr.transitivity(empty) == 0
    graph = Graph.from_edges([0], [1])
    for call, says in {
        lambda: sr.lobby(graph, variant="all"): "variant must be",
        lambda: sr.voterank(graph, k=0): "k must be",
        lambda: sr.collective_influence(graph, radius=0): "radius must be",
        lambda: sr.clustering(graph, weight="cost"): "weight must be the name of a column",
    }.items():
        with pytest.raises(ParameterError, match=says):
            call()
