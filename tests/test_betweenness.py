"""Betweenness of accounts and arcs: every path listed, closed forms, peers; folding and lanes change nothing."""

from __future__ import annotations

import igraph
import networkx as nx
import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.measures.centrality import betweenness as module
from tests.oracles import naive_betweenness as naive
from tests.zoo import ZOO


def stored(graph, weight=None):
    u, v = graph.edges()
    w = np.ones(u.size) if weight is None else graph.column(weight)
    return list(zip(u.tolist(), v.tolist(), w.tolist(), strict=True))


def check(graph, weight=None, sources=None):
    """Nodes and arcs against the list of all paths."""
    nodes, edges = naive.betweenness(graph.n_nodes, stored(graph, weight), sources)
    half = 1 if graph.directed else 2
    options = {"weight": weight, "sources": sources}
    assert sr.betweenness(graph, **options).values == pytest.approx([float(x / half) for x in nodes], rel=1e-12)
    exact = [
        float(edges.get((u, v), 0) + (0 if graph.directed or u == v else edges.get((v, u), 0))) / half
        for u, v, _ in stored(graph)
    ]
    assert sr.arc_betweenness(graph, **options).values == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("shape", ZOO)
@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_the_zoo(shape, direction):
    n, arcs = ZOO[shape]
    ends = [a for a, _ in arcs], [b for _, b in arcs]
    check(Graph.from_edges(*ends, n_nodes=n, self_loops="keep", direction=direction))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_random_graphs_with_pendants(seed, direction):
    """Sparse enough for accounts that are folded, components, and pairs that follow each other alone."""
    rng = np.random.default_rng(seed)
    u, v = rng.integers(0, 18, 22), rng.integers(0, 18, 22)
    u, v = np.append(u, [18, 19, 20, 21]), np.append(v, [19, 18, 0, 0])
    weight = rng.integers(1, 4, u.size).astype(float)
    graph = Graph.from_edges(u, v, n_nodes=23, weight=weight, direction=direction)
    check(graph)
    check(graph, weight="weight")
    check(graph, sources=[0, 3, 7, 20])


def test_folded_accounts_are_those_that_see_what_another_sees():
    graph = Graph.from_edges([0, 1, 2, 3, 4, 5, 6, 6], [2, 2, 3, 2, 5, 4, 2, 6], n_nodes=8, self_loops="keep")
    assert np.flatnonzero(module._folded(graph)).tolist() == [0, 1, 3]
    chain = Graph.from_edges([0, 1, 2], [1, 2, 3], direction="undirected")
    assert np.flatnonzero(module._folded(chain)).tolist() == [0, 3]


@pytest.mark.parametrize("direction", ["follows", "undirected"])
@pytest.mark.parametrize("scale", ["raw", "fraction"])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_several_chunks_agree_with_networkx(direction, scale, weight):
    rng = np.random.default_rng(4)
    n, m = 300, 700
    graph = Graph.from_edges(
        rng.integers(0, n, m), (n * rng.random(m) ** 2).astype(int), n_nodes=n, direction=direction,
        weight=rng.integers(1, 5, m).astype(float),
    )  # fmt: skip
    peer, normalized = graph.to_networkx(), scale == "fraction"
    exact = nx.betweenness_centrality(peer, normalized=normalized, weight=weight)
    found = sr.betweenness(graph, scale=scale, weight=weight)
    assert found.values == pytest.approx([exact[i] for i in range(n)], rel=1e-9)
    exact = nx.edge_betweenness_centrality(peer, normalized=normalized, weight=weight)
    arcs = sr.arc_betweenness(graph, scale=scale, weight=weight)
    for (u, v), value in exact.items():
        assert arcs.value(u, v) == pytest.approx(value, rel=1e-9)
        assert graph.directed or arcs.value(v, u) == arcs.value(u, v)


def test_a_larger_graph_agrees_with_igraph():
    graph = sr.generate("rmat", scale=11, rng=5)
    u, v = graph.edges()
    peer = igraph.Graph(n=graph.n_nodes, edges=np.column_stack([u, v]).astype(np.int64), directed=True)
    assert sr.betweenness(graph).values == pytest.approx(peer.betweenness(), rel=1e-9, abs=1e-9)


def test_closed_forms():
    n = 40
    i = np.arange(n)
    chain = Graph.from_edges(i[:-1], i[1:], n_nodes=n)
    assert sr.betweenness(chain).values.tolist() == (i * (n - 1 - i)).tolist()
    assert sr.arc_betweenness(chain).values.tolist() == ((i[:-1] + 1) * (n - 1 - i[:-1])).tolist()
    star = Graph.from_edges([0] * n, i + 1, direction="undirected")
    assert sr.betweenness(star).values.tolist() == [n * (n - 1) / 2] + [0] * n
    assert sr.betweenness(star, scale="fraction").values[0] == 1
    cycle = Graph.from_edges(i, (i + 1) % n, direction="undirected")
    assert sr.betweenness(cycle).values == pytest.approx((n - 2) ** 2 / 8)
    left, right = np.repeat(np.arange(3), 5), np.tile(np.arange(3, 8), 3)
    both = Graph.from_edges(left, right, direction="undirected")
    assert sr.betweenness(both).values == pytest.approx([10 / 3] * 3 + [3 / 5] * 5)


def test_paths_without_number_to_hold_in_32_bits():
    """Forty diamonds in a row: 2**40 shortest paths, of which each middle carries half."""
    tips = 3 * np.arange(40)
    u = np.concatenate([tips, tips, tips + 1, tips + 2])
    v = np.concatenate([tips + 1, tips + 2, tips + 3, tips + 3])
    values = sr.betweenness(Graph.from_edges(u, v)).values
    assert values[1::3] == pytest.approx(values[2::3])
    k = np.arange(40)
    assert values[1::3] == pytest.approx(((3 * k + 1) * (3 * (39 - k) + 1)) / 2)


def test_paths_that_no_float_can_count_are_refused():
    """1,100 diamonds in a row: 2**1100 shortest paths."""
    tips = 3 * np.arange(1100)
    u = np.concatenate([tips, tips, tips + 1, tips + 2])
    v = np.concatenate([tips + 1, tips + 2, tips + 3, tips + 3])
    with pytest.raises(ParameterError, match="no float64 can count"):
        sr.betweenness(Graph.from_edges(u, v))


def test_nobody_and_wrong_values():
    assert len(sr.betweenness(Graph.from_edges([], [], n_nodes=0))) == 0
    graph = Graph.from_edges([0, 1], [1, 2], weight=[0.0, 1.0])
    for measure in (sr.betweenness, sr.arc_betweenness):
        with pytest.raises(ParameterError, match="scale must be"):
            measure(graph, scale="percent")
        with pytest.raises(ParameterError, match="must be > 0 everywhere"):
            measure(graph, weight="weight")
        with pytest.raises(UnknownAccountError):
            measure(graph, sources=[77])
