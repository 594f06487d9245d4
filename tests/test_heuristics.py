"""Seeds by rules of thumb against slow oracles, NetworkX, the papers' formulas and closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from swayrank._rng import resolve_rng
from swayrank.campaign.heuristics import HEURISTICS, rank_seeds
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.kernels import jit
from swayrank.measures.centrality.core import k_core
from swayrank.measures.centrality.pagerank import pagerank
from tests.oracles import naive_heuristics as naive
from tests.zoo import ZOO

KEY = resolve_rng(7)
IN_ORACLE = sorted(naive.KEYS)
METHODS = sorted(HEURISTICS)
ONE_AT_A_TIME = ["collective_influence", "degree_discount", "probability_discount", "single_discount", "vote_rank"]
# Sums and products of eighths are exact in float64, so that the oracle's fractions tie where the kernel's floats do.
EIGHTHS = np.arange(9) / 8


def graph_of(n, arcs, **options):
    u, v = np.array([a[0] for a in arcs], np.int64), np.array([a[1] for a in arcs], np.int64)
    return Graph.from_edges(u, v, n_nodes=n, **options)


def random_graph(seed, n=40, density=4.0, **options):
    """Hubs on both sides, mutual follows, self-loops where they are kept."""
    rng = np.random.default_rng(seed)
    m = int(n * density)
    u, v = (n * rng.random(m) ** 1.5).astype(int), (n * rng.random(m) ** 2).astype(int)
    return graph_of(n, list(zip(u, v, strict=True)), **options)


def sparse_graph(seed, n=60):
    """A tree with a few chords: long distances, small balls."""
    rng = np.random.default_rng(seed)
    arcs = [(i, int(rng.integers(max(0, i - 6), i))) for i in range(1, n)]
    return graph_of(n, arcs + rng.integers(n, size=(12, 2)).tolist())


def ranked(graph, method, k, probability=0.125, **options):
    chances = np.broadcast_to(np.float64(probability), (graph.n_edges,))
    return rank_seeds(graph, method, k, probability=chances, key=KEY, **options).tolist()


def expected(graph, method, k, probability=0.125, allowed=None, chosen=()):
    chances = np.broadcast_to(np.float64(probability), (graph.n_edges,)).tolist()
    u, v = graph.edges()
    arcs = list(zip(u.tolist(), v.tolist(), chances, strict=True))
    free = range(graph.n_nodes) if allowed is None else np.flatnonzero(allowed).tolist()
    mean = probability if np.ndim(probability) == 0 else np.mean(probability)
    return naive.seeds(method, graph.n_nodes, arcs, k, free, dict.fromkeys(chosen), mean)


# -- the oracles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", IN_ORACLE)
@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(method, name):
    n, arcs = ZOO[name]
    for options in ({"self_loops": "keep"}, {"direction": "undirected", "self_loops": "keep"}):
        g = graph_of(n, arcs, **options)
        for p in (0.125, 1.0):
            assert ranked(g, method, n, p) == expected(g, method, n, p)


@pytest.mark.parametrize("method", IN_ORACLE)
@pytest.mark.parametrize("seed", range(6))
def test_random_graphs(method, seed):
    rng = np.random.default_rng(seed)
    for g in (
        random_graph(seed, self_loops="keep"),
        random_graph(seed, direction="undirected"),
        random_graph(seed, n=25, density=9.0),
        sparse_graph(seed),
    ):
        p = rng.choice(EIGHTHS, g.n_edges) if method == "probability_discount" else rng.choice(EIGHTHS)
        assert ranked(g, method, g.n_nodes, p) == expected(g, method, g.n_nodes, p)


@pytest.mark.parametrize("method", IN_ORACLE)
@pytest.mark.parametrize("seed", range(6))
def test_only_those_allowed_after_those_chosen(method, seed):
    g = random_graph(seed)
    rng = np.random.default_rng(seed)
    allowed = rng.random(g.n_nodes) < 0.5
    chosen = rng.integers(12, size=5)  # some allowed, some not, some twice, hubs among them
    options = {"allowed": allowed, "chosen": chosen}
    assert ranked(g, method, 15, **options) == expected(g, method, 15, **options)


@pytest.mark.parametrize("density", [1.2, 3.0, 12.0])
def test_collective_influence_on_either_road(density):
    """Sparse balls are walked outwards, dense ones asked from outside; so large that sums are brought up to date."""
    for seed in range(2):
        g = random_graph(seed, n=70, density=density)
        assert ranked(g, "collective_influence", 20) == expected(g, "collective_influence", 20)


# -- peers and papers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("directed", [True, False])
def test_vote_rank_is_that_of_networkx(seed, directed):
    """64 nodes and 64, 128 or 256 edges: the mean degree is a power of two, and NetworkX's floats are exact."""
    rng = np.random.default_rng(seed)
    pairs = set()
    while len(pairs) < (64, 128, 256)[seed % 3]:
        u, v = int(64 * rng.random() ** 2), int(64 * rng.random())
        if u != v and (directed or (v, u) not in pairs):
            pairs.add((u, v))
    peer = nx.DiGraph() if directed else nx.Graph()
    peer.add_nodes_from(range(64))
    peer.add_edges_from(pairs)
    g = graph_of(64, sorted(pairs), direction="influences" if directed else "undirected")
    theirs = nx.voterank(peer)
    mine = ranked(g, "vote_rank", 64)
    assert mine[: len(theirs)] == theirs
    rest = sorted(set(range(64)) - set(theirs), key=lambda v: (-int(g.in_degree[v]), v))
    assert mine[len(theirs) :] == rest


@pytest.mark.parametrize("seed", range(4))
def test_degree_discount_is_the_papers(seed):
    """Chen, Wang & Yang 2009, algorithm 4, line by line, on an undirected graph."""
    g = random_graph(seed, direction="undirected")
    p = 0.01
    neighbours = [set(g.indices[g.indptr[v] : g.indptr[v + 1]].tolist()) for v in range(g.n_nodes)]
    d = [len(row) for row in neighbours]
    dd, t, s = list(d), [0] * g.n_nodes, []
    for _ in range(20):
        u = max((v for v in range(g.n_nodes) if v not in s), key=lambda v: (round(dd[v], 9), -v))
        s.append(u)
        for v in neighbours[u] - set(s):
            t[v] += 1
            dd[v] = d[v] - 2 * t[v] - (d[v] - t[v]) * t[v] * p
    assert ranked(g, "degree_discount", 20, p) == s


def test_degree_discount_takes_the_mean_and_a_uniform_number_as_it_is():
    g = random_graph(3)
    chances = np.random.default_rng(3).random(g.n_edges)
    assert ranked(g, "degree_discount", 30, chances) == ranked(g, "degree_discount", 30, chances.mean())
    # A key may rise when a follower is taken: at p = 1 that happens at once.
    assert ranked(g, "degree_discount", 40, 1.0) == expected(g, "degree_discount", 40, 1.0)


def test_certain_arcs_leave_nothing_to_followers_of_seeds():
    g = graph_of(*ZOO["star in"])
    assert ranked(g, "probability_discount", 1, 1.0) == [0]
    arcs = [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 7)]  # 1 has two followers, but follows 0
    assert ranked(graph_of(8, arcs), "probability_discount", 2, 1.0) == [0, 7]
    assert ranked(graph_of(8, arcs), "single_discount", 2) == [0, 1]


def test_rankings_of_measures():
    g = random_graph(5)
    by_pagerank = np.lexsort((np.arange(40), -pagerank(g).values))
    assert ranked(g, "pagerank", 40) == by_pagerank.tolist()
    cores, followers = k_core(g).values.astype(int), g.in_degree.astype(int)
    assert ranked(g, "k_core", 40) == np.lexsort((np.arange(40), -followers, -cores)).tolist()


# -- closed forms ------------------------------------------------------------------------------------------------------


def test_power_lies_with_followers():
    for method in METHODS:
        if method != "random":
            assert ranked(graph_of(*ZOO["star in"]), method, 1) == [0], method
    assert ranked(graph_of(*ZOO["star out"]), "degree", 1) == [1]
    assert ranked(graph_of(*ZOO["star out"]), "vote_rank", 6) == [1, 2, 3, 4, 5, 0]  # one voter, tired at once


def test_votes_cover_what_degree_repeats():
    """Two hubs with the same five followers, and a third with three of its own."""
    arcs = [(i, hub) for hub in (0, 1) for i in range(3, 8)] + [(i, 2) for i in range(8, 11)]
    g = graph_of(11, arcs)
    assert ranked(g, "degree", 2) == [0, 1]
    assert ranked(g, "vote_rank", 2) == [0, 2]


def test_collective_influence_of_a_path_and_of_two_stars():
    path = graph_of(9, [(i, i + 1) for i in range(8)])
    # Well inside, (2 - 1) * (1 + 1) = 2; next to next to an end 1; from 3 to 5 it is 2, and 3 is the first.
    assert ranked(path, "collective_influence", 1) == [3]
    # Two hubs of four leaves through a bridge: the bridge has (2 - 1) * 8, either hub (5 - 1) * (5 - 1) = 16.
    arcs = [(i, 0) for i in range(3, 7)] + [(i, 1) for i in range(7, 11)] + [(2, 0), (2, 1)]
    assert ranked(graph_of(11, arcs), "collective_influence", 2) == [0, 1]


# -- laws --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_more_seeds_begin_with_fewer(method):
    g = random_graph(9)
    whole = ranked(g, method, 100)
    assert sorted(whole) == list(range(40))
    for k in (0, 1, 7, 39):
        assert ranked(g, method, k) == whole[:k]


@pytest.mark.parametrize("method", METHODS)
def test_nobody_is_taken_who_is_not_allowed(method):
    g = random_graph(10)
    allowed = np.arange(40) % 3 == 0
    picks = ranked(g, method, 40, allowed=allowed, chosen=np.array([3, 4, 3]))
    assert sorted(picks) == [v for v in range(0, 40, 3) if v != 3]
    assert ranked(g, method, 5, allowed=np.zeros(40, bool)) == []


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_changes_nothing(method):
    g = random_graph(11)
    u, v = g.edges()
    shuffled = np.random.default_rng(0).permutation(g.n_edges)
    again = Graph.from_edges(u[shuffled], v[shuffled], n_nodes=40)
    assert ranked(again, method, 40) == ranked(g, method, 40)


@pytest.mark.parametrize("method", METHODS)
def test_no_accounts_no_seeds(method):
    assert ranked(Graph.from_edges([], [], n_nodes=0), method, 3) == []


@pytest.mark.parametrize("method", ONE_AT_A_TIME)
def test_going_on_from_seeds_is_going_on(method):
    """Chosen accounts count like taken ones: the first ten, then ten more, are the first twenty."""
    g = random_graph(12, n=60)
    twenty = ranked(g, method, 20)
    assert ranked(g, method, 10, chosen=np.array(twenty[:10])) == twenty[10:]


def test_random_is_uniform_and_keeps_its_order():
    g = graph_of(30, [(0, 1)])
    whole = ranked(g, "random", 30)
    allowed = np.arange(30) % 2 == 1
    assert ranked(g, "random", 30, allowed=allowed) == [v for v in whole if v % 2]
    first = [int(rank_seeds(g, "random", 1, key=resolve_rng(i))[0]) for i in range(3000)]
    counts = np.bincount(first, minlength=30)
    assert ((counts - 100) ** 2 / 100).sum() < 60  # chi-square with 29 degrees of freedom: p = 0.0006
    assert whole != rank_seeds(g, "random", 30, key=resolve_rng(8)).tolist()


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        ("betweenness", {}, "method must be one of 'degree'"),
        ("degree_discount", {}, "method 'degree_discount' needs a probability for each arc, got None"),
        ("probability_discount", {}, "needs a probability"),
        ("degree", {"probability": [0.5]}, r"one for each arc, shape \(2,\), got \(1,\)"),
        ("degree", {"probability": [0.5, 1.5]}, r"in \[0, 1\], got 0.5 to 1.5"),
        ("degree", {"probability": [0.5, np.nan]}, r"in \[0, 1\]"),
        ("degree", {"allowed": np.array([1, 1, 0])}, "a bool for each account"),
        ("degree", {"allowed": np.array([True])}, r"shape \(3,\), got bool of shape \(1,\)"),
        ("degree", {"chosen": np.array([3])}, r"positions in \[0, 3\), got 3 to 3"),
        ("degree", {"chosen": np.array([-1])}, r"got -1 to -1"),
        ("degree", {"chosen": np.array([0.0])}, "list of positions, got float64"),
    ],
)
def test_wrong_use_is_told(method, options, words):
    with pytest.raises(ParameterError, match=words):
        rank_seeds(graph_of(3, [(0, 1), (1, 2)]), method, 1, key=KEY, **options)


def test_every_kernel_has_one_signature():
    for g in (random_graph(1), random_graph(1, direction="undirected"), graph_of(2, [])):
        for method in METHODS:
            ranked(g, method, 2), ranked(g, method, 2, allowed=np.ones(g.n_nodes, bool), chosen=np.array([1]))
    mine = {name: k for name, k in jit.KERNELS.items() if name.startswith("swayrank.kernels.heuristics.")}
    assert len(mine) > 10
    for name, kernel in mine.items():
        assert len(getattr(kernel, "signatures", [0])) <= 1, name
