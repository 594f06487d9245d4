"""Communities against closed forms and other libraries; what passes within and across them against enumeration."""

from __future__ import annotations

import itertools
import math
import sys

import igraph
import numpy as np
import pytest

import swayrank as sr
from swayrank.engines.local import LocalEngine
from swayrank.errors import MissingDependencyError, ParameterError
from swayrank.graph import Graph
from swayrank.measures.community.detect import modularity
from tests.engines import AdversarialEngine
from tests.zoo import ZOO

pytest.importorskip("networkit")
METHODS = ("leiden", "label_propagation")


def blocks(rng, sizes=(40, 30, 20), inside=0.3, between=0.01):
    """Arcs between accounts of groups, most of them inside."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    p = np.where(group[:, None] == group[None, :], inside, between)
    u, v = np.nonzero(rng.random(p.shape) < p)
    return Graph.from_edges(u, v, n_nodes=group.size), group


def as_igraph(graph):
    u, v = graph.edges()
    return igraph.Graph(n=graph.n_nodes, edges=list(zip(u.tolist(), v.tolist(), strict=True)))


@pytest.mark.parametrize("method", METHODS)
def test_planted_groups_are_found(method):
    graph, group = blocks(np.random.default_rng(1))
    found = sr.communities(graph, method=method)
    assert found.of.tolist() == group.tolist()
    assert found.size.tolist() == [40, 30, 20]


@pytest.mark.parametrize("shape", ZOO)
@pytest.mark.parametrize("method", METHODS)
def test_the_zoo(shape, method):
    n, arcs = ZOO[shape]
    graph = Graph.from_edges([a for a, _ in arcs], [b for _, b in arcs], n_nodes=n, self_loops="keep")
    found = sr.communities(graph, method=method)
    tied = {x for u, v in arcs if u != v for x in (u, v)}
    assert [c == -1 for c in found.of] == [i not in tied for i in range(n)]
    assert np.array_equal(np.bincount(found.of[found.of >= 0], minlength=len(found)), found.size)
    assert (np.diff(found.size) <= 0).all()
    assert math.isnan(found.modularity) if not tied else -0.5 <= found.modularity < 1


@pytest.mark.parametrize("directed", [True, False])
def test_modularity_is_that_of_igraph(directed):
    rng = np.random.default_rng(2)
    u, v, w = rng.integers(0, 30, 200), rng.integers(0, 30, 200), rng.integers(1, 5, 200).astype(float)
    graph = Graph.from_edges(u, v, n_nodes=30, weight=w, direction="follows" if directed else "undirected")
    of = rng.integers(0, 4, 30)
    peer = as_igraph(graph).modularity(of.tolist(), weights=graph.column("weight"), directed=False, resolution=1.5)
    assert modularity(graph, of, weights=graph.column("weight"), resolution=1.5) == pytest.approx(peer, abs=1e-12)


def test_leiden_is_as_good_as_igraphs():
    graph, _ = blocks(np.random.default_rng(3), sizes=(60, 50, 40, 30, 20), inside=0.12, between=0.02)
    igraph.set_random_number_generator(__import__("random").Random(5))
    whole = as_igraph(graph).as_undirected(mode="each")
    best = max(
        whole.modularity(whole.community_leiden(objective_function="modularity", n_iterations=5).membership)
        for _ in range(4)
    )
    assert sr.communities(graph).modularity >= best - 0.01


def test_leidens_communities_are_connected():
    rng = np.random.default_rng(4)
    graph = Graph.from_edges(rng.integers(0, 300, 700), rng.integers(0, 300, 700), n_nodes=300)
    found = sr.communities(graph)
    whole = as_igraph(graph)
    for c in range(len(found)):
        assert whole.subgraph(np.flatnonzero(found.of == c).tolist()).is_connected(mode="weak")


def test_leiden_repeats_itself_and_leaves_networkit_as_it_was():
    import networkit as nk

    rng = np.random.default_rng(5)
    graph = Graph.from_edges(rng.integers(0, 400, 1500), rng.integers(0, 400, 1500), n_nodes=400)
    before = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(2)
    try:
        first = sr.communities(graph, rng=3)
        assert nk.getMaxNumberOfThreads() == 2
        nk.setNumberOfThreads(1)
        assert np.array_equal(sr.communities(graph, rng=3).of, first.of)
        others = [sr.communities(graph, rng=seed, n_runs=1).of.tolist() for seed in range(5)]
        assert any(other != others[0] for other in others)
        assert first.params["rng"] == sr.communities(graph, rng=3).params["rng"]
    finally:
        nk.setNumberOfThreads(before)


def test_more_runs_are_never_worse():
    graph = sr.generate("barabasi_albert", n=400, rng=1)
    found = [sr.communities(graph, n_runs=n, rng=2).modularity for n in (1, 2, 8)]
    assert found == sorted(found)


def test_weights_and_resolution_matter():
    u, v = [0, 1, 2, 3], [1, 2, 3, 0]
    graph = Graph.from_edges(u, v, weight=[9.0, 1.0, 9.0, 1.0])
    found = sr.communities(graph, weight="weight")
    assert found.of[0] == found.of[1] != found.of[2] == found.of[3]
    planted, _ = blocks(np.random.default_rng(1))
    assert len(sr.communities(planted, resolution=8.0)) > len(sr.communities(planted))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "louvain"}, "method must be one of"),
        ({"resolution": 0}, "resolution must be"),
        ({"method": "label_propagation", "resolution": 2.0}, "go with method 'leiden'"),
        ({"method": "label_propagation", "weight": "weight"}, "go with method 'leiden'"),
        ({"n_runs": 0}, "n_runs must be"),
        ({"weight": "cost"}, "weight must be the name of a column"),
    ],
)
def test_wrong_values(options, says):
    with pytest.raises(ParameterError, match=says):
        sr.communities(Graph.from_edges([0], [1]), **options)


def test_without_networkit_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkit", None)
    with pytest.raises(MissingDependencyError, match=r"\[communities\]\"; or take method='label_prop"):
        sr.communities(Graph.from_edges([0], [1]))


def test_top_accounts_of_each():
    graph, group = blocks(np.random.default_rng(1))
    found, rank = sr.communities(graph), sr.in_degree(graph)
    for c, best in enumerate(found.top(rank, 5)):
        members = np.flatnonzero(group == c)
        assert [value for _, value in best] == sorted(rank.values[members].tolist(), reverse=True)[:5]
        assert all(found.community(account) == c for account, _ in best)
    with pytest.raises(ParameterError, match="of the accounts that the communities are of"):
        found.top(sr.in_degree(Graph.from_edges([0], [1])))
    frame = found.to_frame()
    assert frame["community"].tolist() == found.of.tolist()


# -- within and across -------------------------------------------------------------------------------------------------


def enumerated(graph, of, p):
    """Expected accounts of d that one random account of c activates, over all worlds of live arcs."""
    u, v = graph.edges()
    k = of.max() + 1
    reach = np.zeros((k, k))
    for live in itertools.product([False, True], repeat=u.size):
        chance = math.prod(p if x else 1 - p for x in live)
        arcs = [(int(b), int(a)) for a, b, x in zip(u, v, live, strict=True) if x]  # influence flows from v to u
        for start in range(graph.n_nodes):
            active = {start}
            while more := {b for a, b in arcs if a in active} - active:
                active |= more
            for node in active:
                reach[of[start], of[node]] += chance / np.count_nonzero(of == of[start])
    return reach


def small():
    graph = Graph.from_edges([0, 1, 2, 0, 3, 4, 5, 3, 4], [1, 2, 0, 2, 4, 5, 3, 2, 0], n_nodes=6)
    return graph, np.array([0, 0, 0, 1, 1, 1])


def test_influence_is_what_enumeration_says():
    graph, of = small()
    found = sr.communities(graph, method="label_propagation")
    assert found.of.tolist() == of.tolist()
    model = sr.IndependentCascade(graph, prob=0.4)
    exact = enumerated(graph, of, 0.4)
    held = []
    for rng in range(20):
        flow = sr.community_influence(model, found, rng=rng, n_samples=4000)
        assert flow.reach == pytest.approx(exact, abs=0.2)
        held.append((flow.interval[0] <= exact + 1e-12) & (exact <= flow.interval[1] + 1e-12))
    assert np.mean(held) >= 0.9
    assert flow.within == pytest.approx(np.diagonal(flow.reach))
    assert flow.across == pytest.approx([flow.reach[0, 1], flow.reach[1, 0]])
    assert flow.reach[1, 0] == 0  # nobody of the first follows one of the second


def test_influence_is_the_same_on_every_engine():
    graph, _ = blocks(np.random.default_rng(1))
    found = sr.communities(graph)
    flows = [
        sr.community_influence(graph, found, engine=engine, n_samples=20_000).reach
        for engine in (LocalEngine(1), LocalEngine(4), AdversarialEngine(order=2))
    ]
    assert all(np.array_equal(flow, flows[0]) for flow in flows)


def test_small_communities_are_told_together():
    graph, _ = blocks(np.random.default_rng(1))
    flow = sr.community_influence(graph, sr.communities(graph), largest=1, n_samples=1000)
    assert flow.names == ("0", "others")
    assert flow.size.tolist() == [40, 50]
    assert len(flow.to_frame()) == 4
    with pytest.raises(ParameterError, match="must be of the model's graph"):
        sr.community_influence(Graph.from_edges([0], [1]), sr.communities(graph))
