"""Closeness, harmonic centrality, eccentricity, diameter and radius: exact oracles, closed forms, peers."""

from __future__ import annotations

import igraph
import networkx as nx
import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels import distances as kernels
from swayrank.measures.centrality import _nearest
from tests.oracles import naive_distances as naive
from tests.zoo import ZOO

VARIANTS = ("wasserman_faust", "reachable")


def stored(graph, weight=None):
    u, v = graph.edges()
    w = np.ones(u.size) if weight is None else graph.column(weight)
    return list(zip(u.tolist(), v.tolist(), w.tolist(), strict=True))


def random_graph(rng, n=40, m=90, **options):
    """Sparse: several components, accounts that follow nobody, some distances of 0."""
    weight = rng.integers(0, 4, m).astype(float)
    return Graph.from_edges(rng.integers(0, n - 4, m), rng.integers(0, n - 4, m), n_nodes=n, weight=weight, **options)


@pytest.fixture(params=ZOO)
def zoo_graph(request):
    n, arcs = ZOO[request.param]
    return Graph.from_edges([a for a, _ in arcs], [b for _, b in arcs], n_nodes=n, self_loops="keep")


@pytest.mark.parametrize("variant", VARIANTS)
def test_closeness_of_the_zoo(zoo_graph, variant):
    exact = naive.closeness(zoo_graph.n_nodes, stored(zoo_graph), variant)
    assert sr.closeness(zoo_graph, variant=variant).values == pytest.approx(exact, rel=1e-15)


def test_harmonic_and_eccentricity_of_the_zoo(zoo_graph):
    n, arcs = zoo_graph.n_nodes, stored(zoo_graph)
    assert sr.harmonic(zoo_graph).values == pytest.approx(naive.harmonic(n, arcs), rel=1e-14)
    assert sr.eccentricity(zoo_graph).values.tolist() == naive.eccentricity(n, arcs)
    assert sr.diameter(zoo_graph) == max(naive.eccentricity(n, arcs))
    if (radius := naive.radius(n, arcs)) is None:
        with pytest.raises(ParameterError, match="no account reaches all others"):
            sr.radius(zoo_graph)
    else:
        assert sr.radius(zoo_graph) == radius


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_random_graphs(seed, weight, direction):
    graph = random_graph(np.random.default_rng(seed), direction=direction)
    n, arcs = graph.n_nodes, stored(graph, weight)
    for variant in VARIANTS:
        exact = naive.closeness(n, arcs, variant)
        assert sr.closeness(graph, weight=weight, variant=variant).values == pytest.approx(exact, rel=1e-13)
    assert sr.harmonic(graph, weight=weight).values == pytest.approx(naive.harmonic(n, arcs), rel=1e-13)
    assert sr.eccentricity(graph, weight=weight).values == pytest.approx(naive.eccentricity(n, arcs), rel=1e-14)
    assert sr.diameter(graph, weight=weight) == pytest.approx(max(naive.eccentricity(n, arcs)), rel=1e-14)


@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_more_than_a_batch_agrees_with_networkx(direction):
    rng = np.random.default_rng(9)
    n, m = 1300, 3000
    graph = Graph.from_edges(
        rng.integers(0, n, m), (n * rng.random(m) ** 2).astype(int), n_nodes=n, direction=direction
    )
    peer = graph.to_networkx()
    exact = nx.closeness_centrality(peer)
    assert sr.closeness(graph).values == pytest.approx([exact[i] for i in range(n)], rel=1e-13)
    exact = nx.harmonic_centrality(peer)
    assert sr.harmonic(graph).values == pytest.approx([exact[i] for i in range(n)], rel=1e-12)


def test_weighted_agrees_with_igraph():
    graph = random_graph(np.random.default_rng(3), n=200, m=900).min_weight(1)
    u, v = graph.edges()
    peer = igraph.Graph(n=200, edges=list(zip(u.tolist(), v.tolist(), strict=True)), directed=True)
    weights = graph.column("weight").tolist()
    exact = peer.harmonic_centrality(mode="in", weights=weights)
    assert sr.harmonic(graph, weight="weight", scale="fraction").values == pytest.approx(exact, rel=1e-12)


def test_closed_forms():
    n = 600
    chain = Graph.from_edges(np.arange(n - 1), np.arange(1, n), n_nodes=n)
    place = np.arange(n)
    assert sr.closeness(chain, variant="reachable").values[1:] == pytest.approx(2 / (place[1:] + 1))
    assert sr.harmonic(chain).values == pytest.approx(np.concatenate(([0], np.cumsum(1 / place[1:]))))
    assert sr.eccentricity(chain).values.tolist() == (n - 1 - place).tolist()
    assert sr.diameter(chain) == sr.radius(chain) == n - 1
    cycle = Graph.from_edges(np.arange(n), (np.arange(n) + 1) % n)
    assert sr.diameter(cycle) == sr.radius(cycle) == n - 1
    ring = Graph.from_edges(np.arange(n), (np.arange(n) + 1) % n, direction="undirected")
    assert sr.diameter(ring) == sr.radius(ring) == n // 2


def test_nobody():
    empty = Graph.from_edges([], [], n_nodes=0)
    for measure in (sr.closeness, sr.harmonic, sr.eccentricity):
        assert len(measure(empty)) == 0
    assert sr.diameter(empty) == 0
    assert len(sr.closeness(empty, top=3)) == 0


# -- the highest only --------------------------------------------------------------------------------------------------


def measures():
    return {
        "closeness": sr.closeness,
        "reachable": lambda g, **o: sr.closeness(g, variant="reachable", **o),
        "harmonic": sr.harmonic,
    }


@pytest.mark.parametrize("name", measures())
@pytest.mark.parametrize("k", [1, 3, 10, 60, 299, 300, 1000])
@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_the_highest_are_those_of_all(name, k, direction, monkeypatch):
    monkeypatch.setattr(_nearest, "_ROUND", 16)
    rng = np.random.default_rng(k)
    n, m = 300, 900
    graph = Graph.from_edges(
        rng.integers(0, n, m), (n * rng.random(m) ** 2).astype(int), n_nodes=n, direction=direction
    )
    measure = measures()[name]
    whole, part = measure(graph).values, measure(graph, top=k).values
    shown = ~np.isnan(part)
    assert shown.sum() == min(k, n)
    assert part[shown] == pytest.approx(whole[shown], rel=1e-12)
    assert np.sort(part[shown]) == pytest.approx(np.sort(whole)[-k:], rel=1e-12)
    ties = whole[shown].min()
    assert (np.flatnonzero((whole == ties) & shown)[-1] < np.flatnonzero((whole == ties) & ~shown)).all()


@pytest.mark.parametrize("share", [1, 10**9])
def test_pruned_and_whole_searches_agree(share, monkeypatch):
    """Whether candidates are searched one by one to the end, or all at once after the first rounds."""
    monkeypatch.setattr(_nearest, "_ROUND", 8)
    monkeypatch.setattr(_nearest, "_BATCH_SHARE", share)
    graph = sr.generate("barabasi_albert", n=500, rng=3)
    part = sr.closeness(graph, top=5).values
    whole = sr.closeness(graph).values
    assert sorted(part[~np.isnan(part)]) == pytest.approx(sorted(whole)[-5:], rel=1e-12)


def test_candidates_that_cannot_win_are_given_up():
    graph = sr.generate("barabasi_albert", n=2000, rng=3).relabelled("in_degree")
    rows = [read_only(a) for a in (graph.in_indptr, graph.in_indices)]
    n = 2000
    queue, seen = np.empty(n + 1, np.uint32), np.zeros(n, np.uint32)

    def search(node, least, epoch):
        others = np.uint64(n - 1)
        return kernels.search_back(
            *rows, np.uint64(node), queue, seen, np.uint32(epoch), least, kernels.HARMONIC, others, others
        )

    best, read = search(0, -1.0, 1)
    given_up, read_less = search(200, best, 2)
    assert given_up == -1.0
    assert read_less < read / 2
    assert search(200, -1.0, 3)[0] < best


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"top": 0}, "top must be"),
        ({"top": 3, "weight": "weight"}, "top goes without weight"),
        ({"weight": "cost"}, "weight must be the name of a column"),
    ],
)
def test_wrong_values(options, says):
    graph = random_graph(np.random.default_rng(1))
    for measure in (sr.closeness, sr.harmonic):
        with pytest.raises(ParameterError, match=says):
            measure(graph, **options)


def test_negative_distances_are_refused():
    graph = Graph.from_edges([0, 1], [1, 2], weight=[1.0, -1.0])
    for measure in (sr.closeness, sr.harmonic, sr.eccentricity, sr.diameter, sr.radius):
        with pytest.raises(ParameterError, match="must be >= 0 everywhere"):
            measure(graph, weight="weight")
