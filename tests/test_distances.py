"""Closeness, harmonic, eccentricity, diameter and radius against exact oracles, closed forms and other libraries."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.kernels import distances as kernels
from swayrank.measures.centrality import _distances
from swayrank.measures.centrality.closeness import _upper_bounds, closeness, harmonic
from swayrank.measures.centrality.eccentricity import diameter, eccentricity, radius
from swayrank.measures.registry import list_measures
from tests.oracles import naive_distances as naive
from tests.zoo import ZOO

VARIANTS = ("wasserman_faust", "reachable")


def graph_of(n, arcs, **options):
    u, v = np.array([a[0] for a in arcs], np.int64), np.array([a[1] for a in arcs], np.int64)
    weight = [float(a[2]) for a in arcs] if arcs and len(arcs[0]) == 3 else None
    return Graph.from_edges(u, v, n_nodes=n, weight=weight, **options)


def stored(graph, weighted=False):
    u, v = graph.edges()
    w = graph.column("weight").tolist() if weighted else [1] * u.size
    return list(zip(u.tolist(), v.tolist(), w, strict=True))


def peer_of(graph, weighted=False):
    peer = nx.DiGraph() if graph.directed else nx.Graph()
    peer.add_nodes_from(range(graph.n_nodes))
    peer.add_weighted_edges_from(stored(graph, weighted))
    return peer


def listed(found, n):
    return [found[node] for node in range(n)]


@pytest.fixture(params=ZOO)
def zoo_graph(request):
    n, arcs = ZOO[request.param]
    return graph_of(n, arcs, self_loops="keep")


def weighted_graph(seed, direction="follows"):
    """Thirty accounts in two parts, arcs of weight 0 among them; the last two have none."""
    rng = np.random.default_rng(seed)
    arcs = [(u, v, w) for u, v, w in rng.integers(0, (14, 14, 5), (40, 3)).tolist()]
    arcs += [(14 + u, 14 + v, w) for u, v, w in rng.integers(0, (14, 14, 5), (40, 3)).tolist()]
    return graph_of(30, arcs, direction=direction)


def large_graph(direction="follows", n=1500, m=5000, seed=2):
    """Skewed, of more accounts than fit into two lines of searches, with a long tail and a part of its own."""
    rng = np.random.default_rng(seed)
    u, v = (n * rng.random(m) ** 2).astype(np.int64), (n * rng.random(m) ** 2).astype(np.int64)
    tail = np.arange(n, n + 20)
    u, v = np.concatenate((u, [3], tail[:-1], [n + 21])), np.concatenate((v, tail, [n + 22]))
    return Graph.from_edges(u, v, n_nodes=n + 23, direction=direction)


def dense_graph():
    """So dense that all search by pulling."""
    rng = np.random.default_rng(6)
    return Graph.from_edges(rng.integers(0, 600, 30_000), rng.integers(0, 600, 30_000), n_nodes=600)


@pytest.mark.parametrize("variant", VARIANTS)
def test_closeness_of_the_zoo(zoo_graph, variant):
    exact = naive.closeness(zoo_graph.n_nodes, stored(zoo_graph), variant)
    assert closeness(zoo_graph, variant=variant).values == pytest.approx(exact, rel=1e-14)


def test_harmonic_of_the_zoo(zoo_graph):
    exact = np.array(naive.harmonic(zoo_graph.n_nodes, stored(zoo_graph)))
    assert harmonic(zoo_graph).values == pytest.approx(exact, rel=1e-14)
    assert harmonic(zoo_graph, scale="fraction").values == pytest.approx(exact / max(1, zoo_graph.n_nodes - 1))


def test_eccentricity_of_the_zoo(zoo_graph):
    exact = naive.eccentricity(zoo_graph.n_nodes, stored(zoo_graph))
    assert eccentricity(zoo_graph).values.tolist() == exact
    assert diameter(zoo_graph) == max(exact)
    assert radius(zoo_graph) == min(exact)


@pytest.mark.parametrize("direction", ["follows", "undirected"])
@pytest.mark.parametrize("seed", range(4))
def test_weights_are_lengths(direction, seed):
    g = weighted_graph(seed, direction)
    arcs = stored(g, weighted=True)
    for variant in VARIANTS:
        found = closeness(g, variant=variant, weight="weight").values
        assert found == pytest.approx(naive.closeness(30, arcs, variant), rel=1e-12)
    assert harmonic(g, weight="weight").values == pytest.approx(naive.harmonic(30, arcs), rel=1e-12)
    exact = naive.eccentricity(30, arcs)
    assert eccentricity(g, weight="weight").values.tolist() == exact
    assert diameter(g, weight="weight") == max(exact)
    assert radius(g, weight="weight") == min(exact)
    theirs = nx.closeness_centrality(peer_of(g, weighted=True), distance="weight")
    assert closeness(g, weight="weight").values == pytest.approx(listed(theirs, 30))
    theirs = nx.harmonic_centrality(peer_of(g, weighted=True), distance="weight")
    assert harmonic(g, weight="weight").values == pytest.approx(listed(theirs, 30))


@pytest.mark.parametrize("make", [large_graph, lambda: large_graph("undirected"), dense_graph])
def test_large_graphs_agree_with_networkx_and_igraph(make):
    igraph = pytest.importorskip("igraph")
    g = make()
    peer = igraph.Graph(n=g.n_nodes, edges=np.column_stack(g.edges()), directed=True)
    table = np.array(peer.distances(mode="out"), np.float64)
    lengths = np.where(np.isfinite(table), table, 0.0)
    reached, sums = (lengths > 0).sum(axis=0), lengths.sum(axis=0)
    inverse = np.divide(reached, sums, out=np.zeros(g.n_nodes), where=sums > 0)
    assert closeness(g).values == pytest.approx(inverse * reached / (g.n_nodes - 1), rel=1e-14)
    assert closeness(g, variant="reachable").values == pytest.approx(inverse, rel=1e-14)
    steps = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    assert harmonic(g).values == pytest.approx(steps.sum(axis=0), rel=1e-12)
    assert np.array_equal(eccentricity(g).values, lengths.max(axis=1))
    assert diameter(g) == lengths.max()
    assert radius(g) == lengths.max(axis=1).min()


@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_both_definitions_agree_with_networkx(direction):
    g = large_graph(direction, n=200, m=700)
    peer = peer_of(g)
    for variant, improved in zip(VARIANTS, (True, False), strict=True):
        theirs = nx.closeness_centrality(peer, wf_improved=improved)
        assert closeness(g, variant=variant).values == pytest.approx(listed(theirs, g.n_nodes), rel=1e-13)
    assert harmonic(g).values == pytest.approx(listed(nx.harmonic_centrality(peer), g.n_nodes), rel=1e-13)
    part = g.largest_component("strong")
    peer = peer_of(part)
    found = eccentricity(part, unreachable="error")
    assert found.values.tolist() == listed(nx.eccentricity(peer), part.n_nodes)
    assert diameter(part, unreachable="error") == nx.diameter(peer)
    assert radius(part, unreachable="error") == nx.radius(peer)


def only_top(values, k):
    """The k highest, the first of those that tie; None elsewhere."""
    best = sorted(range(len(values)), key=lambda i: (-values[i], i))[:k]
    return [values[i] if i in set(best) else None for i in range(len(values))]


@pytest.mark.parametrize("k", [1, 2, 3, 100])
def test_the_highest_of_the_zoo(zoo_graph, k):
    for measure in (closeness, harmonic):
        found = measure(zoo_graph, top=k).values
        whole = measure(zoo_graph).values.tolist()
        assert [None if x != x else pytest.approx(x, rel=1e-13) for x in found] == only_top(whole, k)


@pytest.mark.parametrize("make", [large_graph, lambda: large_graph("undirected"), dense_graph])
@pytest.mark.parametrize("k", [1, 10, 700])
def test_the_highest_of_large_graphs(make, k):
    g = make()
    for measure, options in (
        (closeness, {}),
        (closeness, {"variant": "reachable"}),
        (harmonic, {}),
        (harmonic, {"scale": "fraction"}),
    ):
        found, whole = measure(g, top=k, **options).values, measure(g, **options).values
        chosen = ~np.isnan(found)
        assert chosen.sum() == min(k, g.n_nodes)
        assert found[chosen] == pytest.approx(whole[chosen], rel=1e-12)
        assert whole[chosen].min() >= whole[~chosen].max(initial=0) * (1 - 1e-12)


def graphs_with_bounds():
    # Followed by most of those who follow anybody, and reached by no others.
    yield graph_of(52, [(i, 0) for i in range(1, 41)] + [(i, i + 1) for i in range(41, 51)])
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 40))
        m = int(rng.integers(1, 4 * n))
        yield Graph.from_edges(rng.integers(0, n, m), rng.integers(0, n, m), n_nodes=n)


def test_bounds_are_bounds():
    for g in graphs_with_bounds():

        def share(reached, sums, n=g.n_nodes):
            return np.divide(reached, sums, out=np.zeros(sums.size), where=sums > 0) * (reached / (n - 1))

        assert (_upper_bounds(g, share, False) >= closeness(g).values).all()
        assert (_upper_bounds(g, lambda _, sums: sums, True) >= harmonic(g).values * (1 - 1e-14)).all()


def test_top_with_weights():
    g = weighted_graph(1)
    for measure in (closeness, harmonic):
        whole = measure(g, weight="weight").values.tolist()
        found = measure(g, weight="weight", top=4).values
        assert [None if x != x else x for x in found] == only_top(whole, 4)


def test_closed_forms():
    path = graph_of(6, [(i, i + 1) for i in range(5)], direction="undirected")
    assert closeness(path).value(0) == 5 / 15
    assert harmonic(path).value(0) == pytest.approx(sum(1 / d for d in range(1, 6)))
    assert (diameter(path), radius(path)) == (5, 3)
    star = graph_of(*ZOO["star in"])
    assert closeness(star).values.tolist() == [1, 0, 0, 0, 0, 0]
    assert harmonic(star, scale="fraction").values.tolist() == [1, 0, 0, 0, 0, 0]
    cycle = graph_of(1100, [(i, (i + 1) % 1100) for i in range(1100)])
    assert set(closeness(cycle).values) == {1099 / (1099 * 1100 / 2)}
    assert (diameter(cycle), radius(cycle)) == (1099, 1099)


def test_no_nodes():
    g = Graph.from_edges([], [], n_nodes=0)
    for found in (closeness(g), closeness(g, top=3), harmonic(g), harmonic(g, top=3), eccentricity(g)):
        assert len(found) == 0
    assert (diameter(g), radius(g)) == (0, 0)


def test_few_searches_settle_diameter_and_radius(monkeypatch):
    asked = []

    def searched(graph, sources, **options):
        asked.append(len(sources))
        return plain(graph, sources, **options)

    plain = _distances.searches
    monkeypatch.setattr("swayrank.measures.centrality.eccentricity.searches", searched)
    g = large_graph("undirected", n=6000, m=60_000).largest_component()
    exact = eccentricity(g).values
    for function, value in ((diameter, exact.max()), (radius, exact.min())):
        asked.clear()
        assert function(g) == value
        assert 0 < sum(asked) < g.n_nodes / 4


def test_who_reaches_more_than_the_hub_is_searched_from():
    hub = [(0, i) for i in range(1, 600)] + [(i, 0) for i in range(1, 600)]
    chain = [(i, i + 1) for i in range(600, 605)]
    g = graph_of(607, [*hub, *chain, (606, 0), (606, 600)])
    assert diameter(g) == eccentricity(g).value(606) == 6


def test_a_graph_in_parts_is_refused_where_that_is_asked():
    for g in (graph_of(*ZOO["chain"]), graph_of(*ZOO["two components"]), graph_of(*ZOO["star out"])):
        for function in (eccentricity, diameter, radius):
            with pytest.raises(ParameterError, match=r"does not reach every account.*largest_component"):
                function(g, unreachable="error")


@pytest.mark.parametrize(("length", "told"), [(-1.0, "must be >= 0"), (1e-200, "scale them"), (1e200, "scale them")])
def test_lengths_that_mean_nothing_are_refused(length, told):
    g = Graph.from_edges([0, 1], [1, 2], columns={"length": [1.0, length]})
    for function in (closeness, harmonic, eccentricity, diameter, radius):
        with pytest.raises(ParameterError, match=told):
            function(g, weight="length")
        with pytest.raises(ParameterError, match="weight must be the name of a column"):
            function(g, weight="no such column")


def test_the_estimate_grows_with_the_work():
    g = large_graph()
    for name in ("closeness", "harmonic", "eccentricity"):
        entry = list_measures()[name]
        assert 0 < entry.estimate(g).seconds < entry.estimate(g, {"weight": "weight"}).seconds
    assert list_measures()["closeness"].estimate(g, {"top": 5}).seconds < entry.estimate(g).seconds


def test_every_kernel_has_one_signature():
    g = weighted_graph(0)
    for weight in (None, "weight"):
        for measure in (closeness, harmonic, eccentricity):
            measure(g, weight=weight)
    closeness(g, top=2), closeness(weighted_graph(0, "undirected"))
    for kernel in (kernels.search_together, kernels.search_weighted):
        assert len(getattr(kernel, "signatures", [0])) == 1, kernel
