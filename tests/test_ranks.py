"""SALSA, LeaderRank, TunkRank, TwitterRank, TrustRank, Influence-Passivity and Tweepcred: oracles and closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from swayrank.errors import ConvergenceError, ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.kernels import pull, support
from swayrank.measures.centrality import _affine
from swayrank.measures.centrality.influence_passivity import influence_passivity
from swayrank.measures.centrality.leaderrank import leaderrank
from swayrank.measures.centrality.pagerank import pagerank
from swayrank.measures.centrality.salsa import salsa
from swayrank.measures.centrality.trustrank import trustrank
from swayrank.measures.centrality.tunkrank import tunkrank
from swayrank.measures.centrality.tweepcred import TWEEPCRED, tweepcred, tweepcred_mass
from swayrank.measures.centrality.twitterrank import twitterrank
from swayrank.measures.registry import list_measures
from tests.oracles import naive_centrality
from tests.oracles import naive_ranks as naive
from tests.zoo import ZOO

NAMES = ["salsa", "leaderrank", "tunkrank", "twitterrank", "trustrank", "influence_passivity", "tweepcred"]
ITERATED = [leaderrank, tunkrank, twitterrank, trustrank, tweepcred]


def graph_of(n, arcs, **options):
    u, v = [a[0] for a in arcs], [a[1] for a in arcs]
    weight = [float(a[2]) for a in arcs] if arcs and len(arcs[0]) == 3 else None
    return Graph.from_edges(np.array(u, np.int64), np.array(v, np.int64), n_nodes=n, weight=weight, **options)


def stored(graph, weighted=False):
    """The arcs as the graph holds them, for the oracles."""
    u, v = graph.edges()
    w = graph.column("weight").astype(float) if weighted else np.ones(u.size)
    return list(zip(u.tolist(), v.tolist(), w.tolist(), strict=True))


@pytest.fixture(params=ZOO)
def zoo_graph(request):
    n, arcs = ZOO[request.param]
    return graph_of(n, arcs, self_loops="keep")


@pytest.fixture(params=["follows", "undirected"])
def weighted(request):
    """Sixteen accounts in two components and alone, arcs of weight 0, one whose arcs all weigh 0, dangling ones."""
    rng = np.random.default_rng(5)
    arcs = [(u, v, 0 if u == 3 else int(rng.integers(0, 5))) for u, v in rng.integers(0, 9, (30, 2)) if u != 7]
    arcs += [(u + 9, v + 9, 2) for u, v in rng.integers(0, 5, (8, 2))]
    return graph_of(16, arcs, direction=request.param)


@pytest.fixture(scope="module")
def many():
    """Three hundred accounts with hubs, dangling ones and weights, too many for fractions, few enough to solve."""
    rng = np.random.default_rng(8)
    u, v = rng.integers(0, 250, 2500), (300 * rng.random(2500) ** 3).astype(np.int64)
    return Graph.from_edges(u, v, n_nodes=300, weight=rng.random(2500))


def matrix(graph, weighted=True):
    """W[u, v]: the weight of the arc u -> v."""
    w = np.zeros((graph.n_nodes, graph.n_nodes))
    w[graph.edges()] = graph.column("weight") if weighted else 1.0
    return w


def rows_to_one(w, extra=0.0):
    total = w.sum(axis=1, keepdims=True) + extra
    return np.divide(w, total, out=np.zeros_like(w), where=total > 0)


def off(m, exact):
    return np.abs(m.values - np.array(exact)).max()


# -- SALSA -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["authority", "hub"])
def test_salsa_is_where_the_walk_is_in_the_long_run(zoo_graph, of):
    exact = naive.salsa(zoo_graph.n_nodes, stored(zoo_graph), of)
    assert salsa(zoo_graph, of=of).values == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("of", ["authority", "hub"])
def test_salsa_of_weights(weighted, of):
    exact = naive.salsa(16, stored(weighted, weighted=True), of)
    assert salsa(weighted, of=of, weight="weight").values == pytest.approx(exact, abs=1e-9)


def test_salsa_joins_components_through_long_chains():
    """Authorities joined in an order that makes roots change hands many times."""
    rng = np.random.default_rng(2)
    n = 400
    order = rng.permutation(n)
    hubs = rng.permutation(n - 1)
    u, v = np.concatenate([hubs, hubs]), np.concatenate([order[:-1], order[1:]])
    g = Graph.from_edges(u, v, n_nodes=n, self_loops="keep")
    assert salsa(g).values == pytest.approx(g.in_degree / g.n_edges, rel=1e-12)


def test_salsa_of_two_communities_shares_by_accounts_not_by_arcs():
    arcs = [(0, 1), (0, 2), (3, 1), (3, 2), (4, 5)]  # two authorities in one component, one in the other
    assert salsa(graph_of(6, arcs)).values == pytest.approx([0, 1 / 3, 1 / 3, 0, 0, 1 / 3])
    assert salsa(graph_of(6, arcs), of="hub").values == pytest.approx([1 / 3, 0, 0, 1 / 3, 1 / 3, 0])


# -- LeaderRank --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [None, 0, 1, 2])
def test_leaderrank_of_the_zoo(zoo_graph, exponent):
    options = {} if exponent is None else {"variant": "weighted", "exponent": exponent}
    m = leaderrank(zoo_graph, tol=1e-11, **options)
    exact = naive.leaderrank(zoo_graph.n_nodes, stored(zoo_graph), exponent)
    assert off(m, exact) <= m.error_bound + 1e-14
    assert m.error_bound <= 1e-11 * m.values.max()
    assert m.values.sum() == pytest.approx(zoo_graph.n_nodes, rel=1e-12)


@pytest.mark.parametrize("exponent", [None, 2])
def test_leaderrank_of_weights(weighted, exponent):
    options = {} if exponent is None else {"variant": "weighted", "exponent": exponent}
    m = leaderrank(weighted, weight="weight", **options)
    assert off(m, naive.leaderrank(16, stored(weighted, weighted=True), exponent)) <= m.error_bound


def test_leaderrank_closed_forms():
    star = leaderrank(graph_of(*ZOO["star in"]), tol=1e-12).values
    # With c = s_g / n: a leaf holds c and gives half of it to the hub, so the hub holds c + 5 c / 2.
    c = 6 / (5 * 2 + 4.5)
    assert star == pytest.approx([4.5 * c] + [2 * c] * 5, rel=1e-11)
    for name in ("cycle", "complete", "no arcs"):
        assert leaderrank(graph_of(*ZOO[name])).values == pytest.approx(1.0, rel=1e-8)


@pytest.mark.parametrize("tol", [1e-2, 1e-5, 1e-12])
def test_leaderrank_bounds_hold_at_every_tolerance(many, tol):
    m = leaderrank(many, weight="weight", tol=tol)
    a = rows_to_one(matrix(many), extra=1.0).T
    z = np.linalg.solve(np.eye(300) - a, np.ones(300))
    exact = (z + 1) * 300 / (z.sum() + 300)
    assert (np.abs(m.values - exact) / exact).max() <= tol
    assert off(m, exact) <= m.error_bound


# -- TunkRank ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.05, 0.75])
def test_tunkrank_of_the_zoo(zoo_graph, p):
    m = tunkrank(zoo_graph, retweet_prob=p, tol=1e-12)
    assert off(m, naive.tunkrank(zoo_graph.n_nodes, stored(zoo_graph), p)) <= m.error_bound + 1e-15


def test_tunkrank_of_weights(weighted):
    m = tunkrank(weighted, retweet_prob=0.5, weight="weight", tol=1e-10)
    assert off(m, naive.tunkrank(16, stored(weighted, weighted=True), 0.5)) <= m.error_bound


def test_tunkrank_closed_forms():
    p = 0.3
    chain = tunkrank(graph_of(*ZOO["chain"]), retweet_prob=p, tol=1e-13).values
    assert chain == pytest.approx([0, 1, 1 + p, 1 + p + p**2, 1 + p + p**2 + p**3], rel=1e-12)
    assert tunkrank(graph_of(*ZOO["cycle"]), retweet_prob=p).values == pytest.approx(1 / (1 - p), rel=1e-8)


@pytest.mark.parametrize("tol", [1e-1, 1e-4, 1e-12])
def test_tunkrank_bounds_hold_at_every_tolerance(many, tol):
    m = tunkrank(many, retweet_prob=0.9, weight="weight", tol=tol)
    a = rows_to_one(matrix(many)).T
    exact = np.linalg.solve(np.eye(300) - 0.9 * a, a @ np.ones(300))
    assert (np.abs(m.values - exact) <= tol * exact + 1e-15).all()
    assert off(m, exact) <= m.error_bound


# -- leaps -------------------------------------------------------------------------------------------------------------


def hard_cases():
    """Two-sided graphs, whose walks swing, a long path, whose modes lie close together, and one of hubs."""
    path = [(i, i + 1) for i in range(60)]
    grid = [(10 * r + c, 10 * r + c + 1) for r in range(6) for c in range(5)]
    grid += [(10 * r + c, 10 * (r + 1) + c) for r in range(5) for c in range(6)]
    sides = [(i, 30 + (i * k) % 31) for i in range(30) for k in (3, 7, 11)]
    rng = np.random.default_rng(1)
    hubs = list(zip(rng.integers(0, 61, 500), (61 * rng.random(500) ** 3).astype(int), strict=True))
    return {"path": path, "grid": grid, "sides": sides, "hubs": hubs}


@pytest.mark.parametrize("shape", ["path", "grid", "sides", "hubs"])
@pytest.mark.parametrize("p", [0.5, 0.99, 0.9999])
def test_leaps_save_passes_and_never_lie(shape, p, monkeypatch):
    g = graph_of(61, hard_cases()[shape], direction="undirected")
    a = rows_to_one(matrix(g, weighted=False)).T
    exact = np.linalg.solve(np.eye(61) - p * a, a @ np.ones(61))
    m = tunkrank(g, retweet_prob=p)
    assert off(m, exact) <= m.error_bound + 1e-11 * exact.max()
    assert (np.abs(m.values - exact) <= 1.01e-8 * exact).all()
    ranks = leaderrank(g)
    monkeypatch.setattr(_affine.Leap, "taken", lambda self, before, after, floor: after)
    plain = tunkrank(g, retweet_prob=p).n_iter
    assert m.n_iter <= plain + 2
    assert ranks.n_iter <= leaderrank(g).n_iter + 2
    if shape == "hubs" and p > 0.9:
        assert m.n_iter < plain / 3


# -- TwitterRank -------------------------------------------------------------------------------------------------------


def some_topics(n):
    rng = np.random.default_rng(6)
    topics = rng.integers(0, 6, (n, 3)) * (rng.random((n, 3)) < 0.6)
    topics[:, 0] += np.arange(n) == 0
    return topics, rng.integers(0, 9, n) + (np.arange(n) == 0)


@pytest.mark.parametrize("gamma", [0.0, 0.2, 0.85])
def test_twitterrank_of_the_zoo(zoo_graph, gamma):
    n = zoo_graph.n_nodes
    topics, posts = some_topics(n)
    exact = naive.twitterrank(n, stored(zoo_graph), topics.tolist(), posts.tolist(), 0, gamma)
    m = twitterrank(zoo_graph, topics=topics, posts=posts, topic=0, gamma=gamma, tol=1e-12)
    assert np.abs(m.values - exact).sum() <= m.error_bound <= 1e-12


def test_twitterrank_of_all_topics_is_their_weighted_sum(many):
    topics, _ = some_topics(300)
    each = [twitterrank(many, topics=topics, topic=t, tol=1e-12).values for t in range(3)]
    shares = topics.sum(axis=0) / topics.sum()
    whole = twitterrank(many, topics=topics, tol=1e-12)
    assert whole.values == pytest.approx(sum(r * x for r, x in zip(shares, each, strict=True)), abs=1e-12)
    mixed = twitterrank(many, topics=topics, topic_weights=[3, 0, 1], tol=1e-12).values
    assert mixed == pytest.approx(0.75 * each[0] + 0.25 * each[2], abs=1e-12)


@pytest.mark.parametrize("tol", [1e-2, 1e-6, 1e-13])
def test_twitterrank_bounds_hold_at_every_tolerance(many, tol):
    topics, posts = some_topics(300)
    m = twitterrank(many, topics=topics, posts=posts, topic=1, tol=tol)
    dt = topics / np.maximum(1, topics.sum(axis=1, keepdims=True))
    walk = rows_to_one(matrix(many, weighted=False) * posts) * (1 - np.abs(dt[:, None, 1] - dt[None, :, 1]))
    start = topics[:, 1] / topics[:, 1].sum()
    exact = np.linalg.solve(np.eye(300) - 0.85 * walk.T, 0.15 * start)
    assert np.abs(m.values - exact).sum() <= m.error_bound <= tol


def test_twitterrank_without_topics_is_pagerank_unscaled(many):
    m = twitterrank(many, gamma=0.7, tol=1e-12)
    assert m.values / m.values.sum() == pytest.approx(pagerank(many, damping=0.7, tol=1e-12).values, abs=1e-11)


def test_twitterrank_heeds_who_writes_of_the_same():
    g = graph_of(4, [(0, 1), (0, 2), (3, 1), (3, 2)])
    alike = twitterrank(g, topics=[[1, 0], [1, 0], [0, 1], [1, 0]], topic=0).values
    assert alike[1] > 0
    assert alike[2] == 0  # similarity 0 and no post on the topic
    more = twitterrank(g, posts=[1, 3, 1, 1]).values
    assert more[1] - 0.0375 == pytest.approx(3 * (more[2] - 0.0375))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"topics": [[1, 2]]}, r"topics must have shape \(3, n_topics\), got \(1, 2\)"),
        ({"posts": [1, 2]}, r"posts must have shape \(3,\), got \(2,\)"),
        ({"topics": [[1], [-1], [1]]}, "topics must hold finite numbers >= 0"),
        ({"topics": [[1], [1], [1]], "topic": 1}, r"topic must be an integer in \[0, 0\], got 1"),
        ({"topics": [[1, 0], [1, 0], [1, 0]], "topic": 1}, r"topic must be one that somebody writes of: topics \[0\]"),
        ({"topics": [[1, 0]] * 3, "topic_weights": [0, 1]}, "topic_weights must weigh a topic that somebody"),
    ],
)
def test_twitterrank_says_what_is_wrong(options, told):
    with pytest.raises(ParameterError, match=told):
        twitterrank(graph_of(3, [(0, 1)]), **options)


# -- TrustRank ---------------------------------------------------------------------------------------------------------


def test_trustrank_of_the_zoo(zoo_graph):
    n = zoo_graph.n_nodes
    m = trustrank(zoo_graph, trusted=[0, n - 1, 0], tol=1e-12)
    masses = [int(i in (0, n - 1)) for i in range(n)]
    assert np.abs(m.values - naive.trustrank(n, stored(zoo_graph), masses, 0.85)).sum() <= m.error_bound + 1e-15
    assert m.params["n_trusted"] == sum(masses)


def test_trustrank_of_weights_and_masses(weighted):
    m = trustrank(weighted, trusted={2: 3.0, 9: 1.0}, weight="weight", damping=0.6)
    masses = [3 * (i == 2) + (i == 9) for i in range(16)]
    exact = naive.trustrank(16, stored(weighted, weighted=True), masses, 0.6)
    assert np.abs(m.values - exact).sum() <= m.error_bound


@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_trustrank_agrees_with_networkx(direction):
    rng = np.random.default_rng(4)
    u, v = rng.integers(0, 50, (2, 200))
    g = Graph.from_edges(u, v, n_nodes=60, direction=direction)
    theirs = nx.DiGraph() if direction == "follows" else nx.Graph()
    theirs.add_nodes_from(range(60))
    theirs.add_edges_from((int(a), int(b)) for a, b in zip(u, v, strict=True) if a != b)
    ranks = nx.pagerank(theirs, personalization={3: 1, 5: 1}, tol=1e-15, max_iter=1000)
    m = trustrank(g, trusted=[3, 5])
    assert np.abs(m.values - [ranks[i] for i in range(60)]).sum() <= m.error_bound + 1e-12


def test_leaderrank_is_the_walk_through_a_ground_node(many):
    """NetworkX's power iteration over the n + 1 nodes, without a jump."""
    w = nx.DiGraph(list(zip(*(ends.tolist() for ends in many.edges()), strict=True)))
    w.add_edges_from((i, "ground") for i in range(300))
    w.add_edges_from(("ground", i) for i in range(300))
    walk = nx.pagerank(w, alpha=1.0, tol=1e-16, max_iter=5000)
    scores = [300 * (walk[i] + walk["ground"] / 300) for i in range(300)]
    m = leaderrank(many, tol=1e-12)
    assert off(m, scores) <= m.error_bound + 1e-10


def test_trustrank_picks_the_highest_inverse_pagerank(weighted):
    turned = [(v, u, w) for u, v, w in stored(weighted, weighted=True)]
    inverse = np.array(naive_centrality.pagerank(16, turned))
    for k in (1, 3, 7):
        last = np.sort(inverse)[-k]
        seeds = np.flatnonzero(inverse >= last - 1e-9)
        m = trustrank(weighted, n_seeds=k, weight="weight")
        assert m.params["n_trusted"] == seeds.size
        assert m.values == pytest.approx(trustrank(weighted, trusted=seeds.tolist(), weight="weight").values, abs=1e-12)


def test_trustrank_takes_all_that_tie_with_the_last():
    assert trustrank(graph_of(*ZOO["star in"]), n_seeds=1).params["n_trusted"] == 5
    assert trustrank(graph_of(*ZOO["star out"]), n_seeds=1).params["n_trusted"] == 1
    assert trustrank(graph_of(*ZOO["star out"]), n_seeds=2).params["n_trusted"] == 6
    assert trustrank(graph_of(*ZOO["chain"]), n_seeds=99).params["n_trusted"] == 5


def test_trust_does_not_flow_back():
    g = Graph.from_edges(["ada", "spam"], ["bob", "ada"])
    m = trustrank(g, trusted=["ada"])
    assert m.value("bob") > 0
    assert m.value("spam") == 0


@pytest.mark.parametrize("trusted", [[], {0: 0.0}, {0: -1.0}, {0: np.nan}, "0", 0])
def test_trustrank_wants_somebody_trusted(trusted):
    with pytest.raises(ParameterError, match="trusted must"):
        trustrank(graph_of(*ZOO["chain"]), trusted=trusted)


def test_trustrank_knows_its_accounts():
    with pytest.raises(UnknownAccountError):
        trustrank(Graph.from_edges(["ada"], ["bob"]), trusted=["eve"])


# -- Influence-Passivity -----------------------------------------------------------------------------------------------


def test_without_shares_influence_is_salsa(zoo_graph):
    authority = salsa(zoo_graph).values
    assert influence_passivity(zoo_graph, tol=1e-13).values == pytest.approx(authority, abs=1e-10)
    passivity = influence_passivity(zoo_graph, of="passivity", tol=1e-13).values
    exact = np.zeros(zoo_graph.n_nodes)
    for u, v, _ in stored(zoo_graph):
        exact[u] += authority[v] / zoo_graph.in_degree[v]
    assert passivity == pytest.approx(exact, abs=1e-10)


def shares(seed, n=12, m=50):
    rng = np.random.default_rng(seed)
    arcs = {(int(u), int(v)) for u, v in rng.integers(0, n, (m, 2)) if u != v}
    return [(u, v, float(w)) for (u, v), w in zip(sorted(arcs), rng.random(len(arcs)), strict=True)]


@pytest.mark.parametrize("seed", range(4))
def test_influence_passivity_of_shares(seed):
    arcs = shares(seed)
    arcs[0], arcs[1] = (*arcs[0][:2], 1.0), (*arcs[1][:2], 0.0)
    g = graph_of(12, arcs)
    influence, passivity = naive.influence_passivity(stored(g, weighted=True), 12)
    assert influence_passivity(g, weight="weight", tol=1e-13).values == pytest.approx(influence, abs=1e-11)
    m = influence_passivity(g, weight="weight", of="passivity", tol=1e-13)
    assert m.values == pytest.approx(passivity, abs=1e-11)
    assert m.provenance["residual"] <= 1e-13


def test_influence_goes_to_those_who_move_the_passive():
    g = graph_of(4, [(2, 0, 0.9), (2, 1, 0.8), (3, 0, 0.1), (3, 1, 0.3)])
    influence = influence_passivity(g, weight="weight").values
    assert influence[1] > influence[0] > 0
    assert influence[2] == influence[3] == 0
    passivity = influence_passivity(g, weight="weight", of="passivity").values
    assert passivity[3] > passivity[2] > passivity[0] == 0


def test_where_nobody_rejects_anything_there_is_no_influence():
    g = graph_of(3, [(0, 1, 1.0), (2, 1, 1.0)])
    for of in ("influence", "passivity"):
        assert influence_passivity(g, weight="weight", of=of).values.tolist() == [0, 0, 0]


def test_influence_passivity_refuses_what_is_no_share_and_what_does_not_settle():
    with pytest.raises(ParameterError, match=r"'weight' must be in \[0, 1\] everywhere, got 2"):
        influence_passivity(graph_of(2, [(0, 1, 2.0)]), weight="weight")
    swinging = [(0, 2, 0.0), (0, 3, 1.0), (1, 3, 0.0), (1, 2, 1.0), (4, 2, 0.0), (4, 5, 1.0), (5, 5, 0.0)]
    with pytest.raises(ConvergenceError, match="raise max_iter"):
        influence_passivity(graph_of(6, swinging), weight="weight", max_iter=50)


# -- Tweepcred ---------------------------------------------------------------------------------------------------------


def test_masses_are_those_of_the_published_rules():
    rng = np.random.default_rng(3)
    followers, followed = rng.integers(0, 3000, 200), rng.integers(0, 3000, 200)
    age = rng.integers(0, 60, 200)
    device, verified, restricted, suspended = rng.random((4, 200)) < [[0.6], [0.1], [0.2], [0.1]]
    masses = tweepcred_mass(
        followers, followed, age_days=age, device=device, verified=verified, restricted=restricted, suspended=suspended
    )
    columns = (followers, followed, age, device, verified, restricted, suspended)
    exact = [naive.user_mass(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    assert masses == pytest.approx(exact, rel=1e-12)


def test_tweepcred_of_the_zoo(zoo_graph):
    n = zoo_graph.n_nodes
    masses = np.arange(1, n + 1)
    ranks = naive_centrality.pagerank(n, stored(zoo_graph), 0.9, masses.tolist(), "uniform")
    m = tweepcred(zoo_graph, mass=masses, scale="mass", tol=1e-12)
    assert off(m, ranks) <= m.error_bound + 1e-15
    constants = {"intercept": 90.0, "slope": 13.0}
    scores = tweepcred(zoo_graph, mass=masses, constants=constants)
    assert scores.values.tolist() == pytest.approx([round(90 + 13 * np.log(x)) for x in ranks], abs=scores.error_bound)
    assert scores.params["constants"] == {**TWEEPCRED, **constants}


def test_tweepcred_of_weights(weighted):
    ranks = naive_centrality.pagerank(16, stored(weighted, weighted=True), 0.9, [1] * 16, "uniform")
    m = tweepcred(weighted, weight="weight", scale="mass", tol=1e-12)
    assert off(m, ranks) <= m.error_bound + 1e-15


@pytest.fixture(scope="module")
def crowd():
    """Thirty thousand accounts, two of which follow more than 2500 others: one is followed as much, the other less."""
    rng = np.random.default_rng(9)
    n = 30_000
    few, fair = n - 1, n - 2  # hardly followed, and followed by three quarters of those it follows
    u = np.concatenate([rng.integers(0, few - 1, 60_000), np.full(3000, few), np.full(3000, fair)])
    v = np.concatenate([(n * rng.random(60_000) ** 4).astype(np.int64), np.arange(10, 3010), np.arange(20, 3020)])
    more = rng.integers(0, few - 1, 2300)
    return Graph.from_edges(np.append(u, more), np.append(v, np.full(2300, fair)), n_nodes=n)


def test_those_who_follow_too_many_lose_rank(crowd):
    mass = tweepcred_mass(crowd.in_degree, crowd.out_degree)
    plain = pagerank(crowd, damping=0.9, personalization=mass, dangling="uniform", tol=1e-11).values
    degrees = crowd.in_degree.tolist(), crowd.out_degree.tolist()
    exact = naive.adjusted(plain.tolist(), *degrees)
    m = tweepcred(crowd, scale="mass", tol=1e-11)
    assert m.values == pytest.approx(exact, rel=1e-6)
    kept = m.values / plain
    assert kept[-1] / kept[0] == pytest.approx(1 / 50, rel=1e-6)
    assert 0.02 < kept[-2] / kept[0] < 0.5
    assert kept[:-2] == pytest.approx(kept[0], rel=1e-6)
    scores = tweepcred(crowd, tol=1e-11)
    assert scores.values.tolist() == pytest.approx([naive.score(x) for x in exact], abs=scores.error_bound)
    assert len(set(scores.values.tolist())) > 10


def test_scores_near_a_rounding_edge_are_owned_up_to():
    g = graph_of(*ZOO["cycle"])
    edge = 50.5 + 7 * np.log(5)  # every rank is 1/5, and the score lies between 50 and 51
    assert tweepcred(g, constants={"intercept": float(edge), "slope": 7.0}).error_bound == 1
    assert tweepcred(g, constants={"intercept": float(edge) + 0.2, "slope": 7.0}).error_bound == 0


def test_tweepcred_refuses_unknown_constants():
    with pytest.raises(ParameterError, match="constants has no 'jumps'; there are: device_weight, "):
        tweepcred(graph_of(*ZOO["chain"]), constants={"jumps": 0.2})
    with pytest.raises(ParameterError, match="constants must be finite numbers >= 0, got -1 for 'slope'"):
        tweepcred(graph_of(*ZOO["chain"]), constants={"slope": -1})
    with pytest.raises(ParameterError, match=r"'jump' must be in \(0, 1\]"):
        tweepcred(graph_of(*ZOO["chain"]), constants={"jump": 0})


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_star_of_followers_lifts_the_one_they_follow(name):
    options = {"constants": {"intercept": 100, "slope": 20}} if name == "tweepcred" else {}
    entry = list_measures()[name]
    values = entry.function(graph_of(*ZOO["star in"]), **options).values
    assert values[0] > values[1:].max()
    values = entry.function(graph_of(*ZOO["star out"]), **options).values
    assert values[0] < values[1:].min()


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_of_nobody_has_an_empty_answer(name):
    entry = list_measures()[name]
    empty = Graph.from_edges(np.zeros(0, np.int64), np.zeros(0, np.int64), n_nodes=0)
    assert entry.function(empty).values.shape == (0,)
    assert entry.estimate(empty).seconds >= 0


@pytest.mark.parametrize("name", NAMES)
def test_estimates_grow_with_the_graph(name, many):
    entry = list_measures()[name]
    assert entry.estimate(many).seconds > entry.estimate(graph_of(*ZOO["chain"])).seconds > 0
    if "weight" in entry.defaults and name != "salsa":
        assert entry.estimate(many, {"weight": "weight"}).bytes > entry.estimate(many).bytes


@pytest.mark.parametrize("measure", ITERATED)
def test_too_few_passes_are_an_error_that_says_so(measure, many):
    with pytest.raises(ConvergenceError, match=r"after 2 passes, not tol=1e-08: raise max_iter \(now 2\) or tol"):
        measure(many, max_iter=2)


@pytest.mark.parametrize("measure", [leaderrank, tunkrank, twitterrank])
def test_a_tolerance_below_rounding_ends_soon_and_says_so(measure, many):
    with pytest.raises(ConvergenceError, match="raise tol, rounding is in its way"):
        measure(many, tol=1e-17)


@pytest.mark.parametrize("measure", [salsa, leaderrank, tunkrank, trustrank, influence_passivity, tweepcred])
def test_unknown_and_negative_weights_are_refused(measure):
    g = graph_of(3, [(0, 1, -1.0), (1, 2, 1.0)])
    with pytest.raises(ParameterError, match="must be >= 0 everywhere, got -1"):
        measure(g, weight="weight")
    with pytest.raises(ParameterError, match=r"weight must be the name of a column.*'cost'"):
        measure(g, weight="cost")


def test_each_kernel_has_one_signature(many):
    tunkrank(many)
    tunkrank(many, weight="weight")
    influence_passivity(many, of="passivity")
    for options in ({}, {"weight": "weight"}):
        salsa(many, **options)
    for kernel in (pull.affine_rows, pull.pull_rows, support.support_components):
        assert len(getattr(kernel, "signatures", [0])) == 1, kernel
