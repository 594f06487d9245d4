"""Articulation points, bridges, constraint, effective size, participation: closed forms, oracles, peers."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.centrality import structural_holes
from swayrank.measures.centrality.articulation import articulation_points, bridges
from swayrank.measures.centrality.participation import participation
from swayrank.measures.centrality.structural_holes import constraint, effective_size
from swayrank.scoring.mixing import mixed_followers
from tests.oracles import naive_brokers as naive
from tests.zoo import ZOO

DIRECTIONS = ("follows", "undirected")


def stored(graph, weight=None):
    u, v = graph.edges()
    w = np.ones(u.size) if weight is None else graph.column(weight)
    return list(zip(u.tolist(), v.tolist(), w.tolist(), strict=True))


def random_graph(seed, n=40, m=50, **options):
    """Sparse: several components, trees on cycles, accounts alone, mutual follows, some weights of 0."""
    rng = np.random.default_rng(seed)
    u, v, weight = rng.integers(0, n - 4, m), rng.integers(0, n - 4, m), rng.integers(0, 5, m).astype(float)
    u, v, weight = np.append(u, v[:9]), np.append(v, u[:9]), np.append(weight, weight[9:18])
    return Graph.from_edges(u, v, n_nodes=n, weight=weight, **options)


def hub_graph(direction="follows"):
    """A hub with many ties, whose row is searched in rather than walked along, and triangles with it."""
    rng = np.random.default_rng(2)
    n = 90
    u = np.concatenate([np.arange(1, n), rng.integers(1, n, 80)])
    v = np.concatenate([np.zeros(n - 1, int), rng.integers(1, n, 80)])
    return Graph.from_edges(u, v, n_nodes=n, weight=rng.random(u.size) + 0.1, direction=direction)


def graph_of(shape, direction="follows"):
    n, arcs = ZOO[shape]
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(
        u, v, n_nodes=n, self_loops="keep", direction=direction, weight=[1.0 + i for i in range(len(arcs))]
    )


def agrees_with_the_oracles(graph):
    n, arcs = graph.n_nodes, stored(graph)
    assert articulation_points(graph).values.tolist() == naive.articulation_points(n, arcs)
    assert bridges(graph).values.tolist() == naive.bridges(n, arcs)
    for weight in (None, "weight"):
        arcs = stored(graph, weight)
        assert constraint(graph, weight=weight).values == pytest.approx(naive.constraint(n, arcs), rel=1e-13)
        exact = naive.effective_size(n, arcs)
        assert effective_size(graph, weight=weight).values == pytest.approx(exact, rel=1e-13, abs=1e-14)
    labels = np.arange(n) % 3
    for of in ("all", "in", "out"):
        exact = naive.participation(n, arcs, labels, of)
        assert participation(graph, labels, of=of).values == pytest.approx(exact, abs=1e-15)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("shape", ZOO)
def test_the_zoo(shape, direction):
    agrees_with_the_oracles(graph_of(shape, direction))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("seed", range(6))
def test_random_graphs(seed, direction):
    agrees_with_the_oracles(random_graph(seed, direction=direction, self_loops="keep"))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_hub(direction):
    agrees_with_the_oracles(hub_graph(direction))


def test_nobody():
    empty = Graph.from_edges([], [], n_nodes=0)
    for measure in (articulation_points, bridges, constraint, effective_size, participation):
        assert measure(empty).values.size == 0


# -- articulation points and bridges -----------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("m", [700, 1300])
def test_cuts_agree_with_networkx(direction, m):
    graph = random_graph(5, 1000, m, direction=direction, self_loops="keep")
    peer = nx.Graph(graph.to_networkx())
    names = list(graph.ids)
    cut = {names[i] for i in np.flatnonzero(articulation_points(graph).values)}
    assert cut == set(nx.articulation_points(peer)) != set()
    u, v = graph.edges()
    bridged = np.flatnonzero(bridges(graph).values)
    found = {frozenset((names[u[a]], names[v[a]])) for a in bridged}
    assert found == {frozenset(edge) for edge in nx.bridges(peer)} != set()


def test_a_long_chain_does_not_recurse():
    n = 200_000
    chain = Graph.from_edges(np.arange(n - 1), np.arange(1, n), n_nodes=n)
    assert articulation_points(chain).values.tolist() == [0] + [1] * (n - 2) + [0]
    place = np.arange(1, n)
    assert np.array_equal(bridges(chain).values, np.minimum(place, n - place))


def test_a_star_falls_apart_and_a_cycle_does_not():
    star = Graph.from_edges(np.arange(1, 9), np.zeros(8, int))
    assert articulation_points(star).value(0) == 7
    assert bridges(star).values.tolist() == [1] * 8
    ring = Graph.from_edges(np.arange(9), (np.arange(9) + 1) % 9)
    assert not articulation_points(ring).values.any()
    assert not bridges(ring).values.any()


def test_a_mutual_follow_is_one_tie():
    graph = Graph.from_edges([0, 1, 1, 2], [1, 0, 2, 1])
    assert bridges(graph).values.tolist() == [1, 1, 1, 1]
    assert articulation_points(graph).values.tolist() == [0, 1, 0]


def test_the_smaller_side_is_counted_within_the_component():
    u, v = [0, 1, 2, 2, 3, 4, 5], [1, 2, 0, 3, 4, 5, 3]
    graph = Graph.from_edges([*u, 6, 7], [*v, 7, 8])
    assert bridges(graph).value(2, 3) == 3
    assert bridges(graph).value(6, 7) == 1


# -- structural holes --------------------------------------------------------------------------------------------------


@pytest.fixture(params=DIRECTIONS)
def dense_graph(request):
    return random_graph(1, 60, 300, direction=request.param)


def without_zeros(graph, weight):
    """NetworkX's graph; it divides 0 by 0 for accounts all of whose ties weigh 0."""
    peer = graph.to_networkx()
    if weight:
        peer.remove_edges_from([(a, b) for a, b, w in peer.edges(data="weight") if w == 0])
    return peer


@pytest.mark.parametrize("weight", [None, "weight"])
def test_constraint_agrees_with_networkx(dense_graph, weight):
    for graph in (dense_graph, hub_graph()):
        found = nx.constraint(without_zeros(graph, weight), weight=weight)
        exact = np.nan_to_num([found[name] for name in graph.ids])
        assert constraint(graph, weight=weight).values == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("weight", [None, "weight"])
def test_effective_size_agrees_with_networkx(dense_graph, weight):
    peer = without_zeros(dense_graph, weight)
    found = nx.effective_size(peer, nodes=list(peer), weight=weight)  # not all at once: see the module
    exact = np.array([found[name] for name in dense_graph.ids])
    told = ~np.isnan(exact)  # those who follow nobody are left out, followed or not
    assert told.sum() > 0.5 * dense_graph.n_nodes
    values = effective_size(dense_graph, weight=weight).values
    assert values[told] == pytest.approx(exact[told], rel=1e-12, abs=1e-13)


def test_closed_forms_of_holes():
    k = 7
    star = Graph.from_edges(np.arange(1, k + 1), np.zeros(k, int))
    assert constraint(star).values == pytest.approx([1 / k] + [1] * k)
    assert effective_size(star).values == pytest.approx([k] + [1] * k)
    u, v = np.nonzero(~np.eye(k, dtype=bool))
    complete = Graph.from_edges(u, v)
    share = 1 / (k - 1)
    assert constraint(complete).values == pytest.approx([(k - 1) * (share + (k - 2) * share**2) ** 2] * k)
    assert effective_size(complete).values == pytest.approx([1.0] * k)


def test_loops_count_for_nothing():
    plain = Graph.from_edges([0, 1, 2], [1, 2, 0], n_nodes=4)
    looped = Graph.from_edges([0, 1, 2, 0, 3], [1, 2, 0, 0, 3], n_nodes=4, self_loops="keep")
    assert looped.n_edges == 5
    for measure in (articulation_points, constraint, effective_size, lambda g: participation(g, [0, 1, 1, 2])):
        assert np.array_equal(measure(plain).values, measure(looped).values)
    assert constraint(looped).value(3) == effective_size(looped).value(3) == 0


@pytest.mark.parametrize("measure", [constraint, effective_size])
def test_chunks_change_no_bit(measure, monkeypatch):
    graph = hub_graph()
    whole = measure(graph, weight="weight").values
    monkeypatch.setattr(structural_holes, "_ARCS_PER_CHUNK", 64)
    assert np.array_equal(measure(graph, weight="weight", threads=2).values, whole)


def test_weights_that_are_none_are_refused():
    graph = Graph.from_edges([0, 1], [1, 0], weight=[1.0, -1.0])
    with pytest.raises(ParameterError, match="weight 'weight' must be >= 0"):
        constraint(graph, weight="weight")
    with pytest.raises(ParameterError, match="name of a column"):
        effective_size(graph, weight="none")


# -- participation -----------------------------------------------------------------------------------------------------


def test_closed_forms_of_participation():
    k = 6
    star = Graph.from_edges(np.arange(1, k + 1), np.zeros(k, int))
    assert participation(star, np.arange(k + 1)).value(0) == pytest.approx(1 - 1 / k)
    assert participation(star, np.zeros(k + 1, int)).value(0) == 0
    assert participation(star, np.arange(k + 1), of="out").value(0) == 0
    assert participation(star, np.arange(k + 1), of="in").value(0) == pytest.approx(1 - 1 / k)


def test_labels_may_come_in_any_form():
    graph = random_graph(3)
    names = np.array(["x", "y", "z"])[np.arange(40) % 3]
    exact = participation(graph, np.arange(40) % 3).values
    for labels in (names, names.astype(object), names.tolist(), dict(zip(graph.ids, names.tolist(), strict=True))):
        assert np.array_equal(participation(graph, labels).values, exact)
    assert exact.max() > 0.5


def test_relabelling_nodes_and_labels_relabels_the_result():
    graph, labels = random_graph(3), np.arange(40) % 3
    relabel = np.random.default_rng(1).permutation(40)
    u, v = graph.edges()
    other = Graph.from_edges(relabel[u], relabel[v], n_nodes=40)
    moved = np.empty(40, int)
    moved[relabel] = labels
    assert np.array_equal(participation(other, moved).values[relabel], participation(graph, labels).values)


def test_communities_are_taken_and_recorded():
    graph = random_graph(3, m=120)
    found = sr.communities(graph, method="label_propagation")
    m = participation(graph, found)
    assert m.params == {"communities": {"method": "label_propagation"}, "of": "all"}
    assert np.array_equal(m.values, participation(graph).values)
    assert m.values == pytest.approx(naive.participation(40, stored(graph), found.of.tolist()), abs=1e-15)
    assert m.values.max() > 0.3


def test_an_account_in_no_community_is_one_by_itself():
    graph = Graph.from_edges([0, 1, 2, 3], [4, 4, 4, 4])
    few = sr.communities(Graph.from_edges([0, 1], [1, 0], n_nodes=5), method="label_propagation")
    assert few.of.tolist() == [0, 0, -1, -1, -1]
    assert participation(graph, few).value(4) == pytest.approx(1 - (0.25 + 2 / 16))


def test_labels_of_others_are_refused():
    graph = Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    others = sr.communities(Graph.from_edges(["x", "y"], ["y", "z"]), method="label_propagation")
    for labels, told in {
        "others": (others, "of the accounts of the graph"),
        "short": ([1, 2], r"shape \(3,\)"),
        "floats": ([1.0, 2.0, 3.0], "integers or strings"),
        "missing": ({"ada": 1, "bob": 2}, "none for 'cem'"),
    }.values():
        with pytest.raises(ParameterError, match=told):
            participation(graph, labels)


def test_mixed_followers_are_those_of_followers():
    graph = random_graph(4, m=120)
    found = sr.communities(graph, method="label_propagation")
    exact = naive.participation(40, stored(graph), found.of.tolist(), "in")
    for value, share, followers in zip(mixed_followers(graph, found), exact, graph.in_degree, strict=True):
        assert value == pytest.approx(share, abs=1e-15) if followers else math.isnan(value)
