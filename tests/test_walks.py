"""Eigenvector centrality, Katz and HITS against dense linear algebra, closed forms and NetworkX."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.measures.centrality import _power
from swayrank.measures.centrality.eigenvector import eigenvector
from swayrank.measures.centrality.hits import hits
from swayrank.measures.centrality.katz import katz, katz_limit, katz_ranking
from swayrank.measures.centrality.pagerank import pagerank
from tests.zoo import ZOO

STAR = ([0] * 9 + list(range(1, 10)), list(range(1, 10)) + [0] * 9)


def graph_of(n, arcs):
    u, v = np.array([a for a, _ in arcs], np.int64), np.array([b for _, b in arcs], np.int64)
    return Graph.from_edges(u, v, n_nodes=n, weight=np.ones(len(arcs)), self_loops="keep")


def dense(graph, weight=None):
    u, v = graph.edges()
    matrix = np.zeros((graph.n_nodes, graph.n_nodes))
    np.add.at(matrix, (u, v), graph.column(weight) if weight else np.ones(u.size))
    return matrix


def in_networkx(graph, weight=None):
    return nx.from_numpy_array(dense(graph, weight), create_using=nx.DiGraph)


@pytest.fixture(params=ZOO)
def zoo_graph(request):
    return graph_of(*ZOO[request.param])


@pytest.fixture
def weighted():
    """Forty accounts, every fifth arc of weight 0, some isolated and some that nobody follows."""
    rng = np.random.default_rng(3)
    u, v = rng.integers(0, 34, 170), (36 * rng.random(170) ** 2).astype(np.int64)
    return Graph.from_edges(u, v, n_nodes=40, weight=rng.integers(0, 5, 170).astype(float))


@pytest.fixture
def undirected():
    rng = np.random.default_rng(4)
    return Graph.from_edges(rng.integers(0, 30, 70), rng.integers(0, 30, 70), n_nodes=32, direction="undirected")


# -- eigenvector -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, "weight"])
def test_eigenvector_is_the_dominant_one(weighted, weight):
    m = eigenvector(weighted, weight=weight, tol=1e-12)
    values, vectors = np.linalg.eig(dense(weighted, weight).T)
    top = np.argmax(values.real)
    exact = np.abs(vectors[:, top].real)
    assert m.values == pytest.approx(exact / np.linalg.norm(exact), abs=1e-9)
    assert np.linalg.norm(m.values) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("tol", [1e-3, 1e-8])
def test_the_residual_of_an_eigenvector_is_bounded(weighted, tol):
    m = eigenvector(weighted, weight="weight", tol=tol)
    pulled = dense(weighted, "weight").T @ m.values
    radius = np.abs(np.linalg.eigvals(dense(weighted, "weight"))).max()
    best = m.values @ pulled
    assert np.linalg.norm(pulled - best * m.values) <= m.error_bound * best * (1 + 1e-9) + 1e-13
    assert m.error_bound <= tol
    assert best == pytest.approx(radius, rel=100 * tol)


def test_an_undirected_eigenvalue_lies_within_the_bound(undirected):
    m = eigenvector(undirected, tol=1e-4)
    matrix = dense(undirected)
    found = m.values @ matrix @ m.values
    assert np.abs(np.linalg.eigvalsh(matrix) - found).min() <= m.error_bound * found * 1.0001


def test_eigenvector_agrees_with_networkx(undirected):
    matrix = dense(undirected)
    expected = nx.eigenvector_centrality(nx.from_numpy_array(matrix), tol=1e-12, max_iter=5000)
    assert eigenvector(undirected, tol=1e-12).values == pytest.approx([expected[v] for v in range(32)], abs=1e-8)


def test_eigenvector_of_a_star_and_a_cycle():
    star = eigenvector(Graph.from_edges(*STAR), tol=1e-13).values  # bipartite: without a shift it would swing for ever
    assert star == pytest.approx([np.sqrt(0.5)] + [np.sqrt(1 / 18)] * 9, abs=1e-10)
    cycle = Graph.from_edges(range(7), [1, 2, 3, 4, 5, 6, 0])
    assert eigenvector(cycle).values == pytest.approx([7**-0.5] * 7, abs=1e-14)


def test_what_no_cycle_reaches_has_no_eigenvector_centrality():
    chain = Graph.from_edges([0, 1], [1, 2])
    assert eigenvector(chain).values.tolist() == [0, 0, 0]
    tail = Graph.from_edges([3, 0, 1, 1], [0, 1, 0, 2], n_nodes=5)
    assert eigenvector(tail).values.tolist()[3:] == [0, 0]
    assert eigenvector(tail).values[2] > 0
    broken = Graph.from_edges([0, 1], [1, 0], weight=[1.0, 0.0])
    assert eigenvector(broken, weight="weight").values.tolist() == [0, 0]


def test_too_few_passes_are_an_error(weighted):
    for measure in (eigenvector, hits, katz, katz_ranking):
        with pytest.raises(ConvergenceError, match=r"max_iter"):
            measure(weighted, max_iter=2)


# -- Katz ------------------------------------------------------------------------------------------------------------


def exact_katz(graph, alpha, beta=1.0, weight=None):
    n = graph.n_nodes
    return np.linalg.solve(np.eye(n) - alpha * dense(graph, weight).T, np.full(n, beta))


def radius_of(graph, weight=None):
    return np.abs(np.linalg.eigvals(dense(graph, weight))).max()


def test_the_limit_of_katz_is_safe_and_tight(weighted, undirected):
    for graph, weight in [(weighted, None), (weighted, "weight"), (undirected, None), (Graph.from_edges(*STAR), None)]:
        exact = 1 / radius_of(graph, weight)
        assert exact * (1 - 1e-5) <= katz_limit(graph, weight=weight) <= exact * (1 + 1e-13)
    assert katz_limit(Graph.from_edges(*STAR)) == pytest.approx(1 / 3, rel=1e-6)


def test_the_limit_of_the_zoo_is_safe(zoo_graph):
    matrix = dense(zoo_graph)
    if not np.linalg.matrix_power(matrix, zoo_graph.n_nodes).any():
        assert katz_limit(zoo_graph) == np.inf
    else:
        # Eigenvalues of a defective matrix are found to a fraction of the digits.
        assert 0.9 / radius_of(zoo_graph) <= katz_limit(zoo_graph) <= (1 + 1e-4) / radius_of(zoo_graph)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("tol", [1e-3, 1e-10])
def test_katz_lies_within_its_bound(weighted, share, weight, tol):
    alpha = share * katz_limit(weighted, weight=weight)
    m = katz(weighted, alpha=alpha, beta=2.5, weight=weight, tol=tol)
    exact = exact_katz(weighted, alpha, 2.5, weight)
    assert np.abs(m.values - exact).max() <= m.error_bound + 1e-14 * exact.max()
    assert m.error_bound <= tol * m.values.max()


@pytest.mark.parametrize("alpha", [None, 0.3, 4.0])
def test_katz_of_the_zoo(zoo_graph, alpha):
    if alpha is not None and alpha >= katz_limit(zoo_graph):
        with pytest.raises(ParameterError, match=r"alpha must be below the limit of convergence"):
            katz(zoo_graph, alpha=alpha)
        return
    m = katz(zoo_graph, alpha=alpha)
    exact = exact_katz(zoo_graph, m.params["alpha"])
    assert np.abs(m.values - exact).max() <= m.error_bound + 1e-14 * exact.max()


def test_katz_agrees_with_networkx(weighted):
    alpha = 0.8 * katz_limit(weighted, weight="weight")
    expected = nx.katz_centrality_numpy(in_networkx(weighted, "weight"), alpha=alpha, normalized=False, weight="weight")
    m = katz(weighted, alpha=alpha, weight="weight", tol=1e-13)
    assert m.values == pytest.approx([expected[v] for v in range(40)], rel=1e-11)


@pytest.mark.parametrize("top", [1, 5, None])
def test_a_katz_ranking_is_certain_and_early(weighted, top):
    m, epsilon = katz_ranking(weighted, top=top, epsilon=1e-6), 1e-6
    exact = exact_katz(weighted, m.params["alpha"])
    assert (m.interval[0] <= exact + 1e-14).all()
    assert (exact <= m.interval[1] + 1e-14).all()
    order = np.argsort(-m.values, kind="stable")
    for place in range(len(order) - 1 if top is None else top):
        assert exact[order[place]] >= exact[order[place + 1 :]].max() - epsilon * exact.max()
    assert m.n_iter < katz(weighted, tol=1e-12).n_iter


def test_fewer_certain_ranks_take_fewer_passes(weighted):
    assert katz_ranking(weighted, top=1).n_iter < katz_ranking(weighted).n_iter


# -- HITS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, "weight"])
def test_hits_are_the_dominant_vectors(weighted, weight):
    matrix = dense(weighted, weight)
    for of, square in {"authority": matrix.T @ matrix, "hub": matrix @ matrix.T}.items():
        exact = np.abs(np.linalg.eigh(square)[1][:, -1])
        assert hits(weighted, of=of, weight=weight, tol=1e-12).values == pytest.approx(exact / exact.sum(), abs=1e-9)


def test_the_residual_of_hits_is_bounded(weighted):
    m = hits(weighted, tol=1e-4)
    square = dense(weighted).T @ dense(weighted)
    unit = m.values / np.linalg.norm(m.values)
    value = unit @ square @ unit
    assert np.linalg.norm(square @ unit - value * unit) <= m.error_bound * value * (1 + 1e-6)
    assert m.error_bound <= 1e-4


def test_hits_agrees_with_networkx(weighted):
    hubs, authorities = nx.hits(in_networkx(weighted), tol=1e-12)
    assert hits(weighted, tol=1e-12).values == pytest.approx([authorities[v] for v in range(40)], abs=1e-8)
    assert hits(weighted, of="hub", tol=1e-12).values == pytest.approx([hubs[v] for v in range(40)], abs=1e-8)


def test_hits_of_a_star():
    star = Graph.from_edges([1, 2, 3, 4], [0, 0, 0, 0])
    assert hits(star).values.tolist() == [1, 0, 0, 0, 0]
    assert hits(star, of="hub").values.tolist() == [0, 0.25, 0.25, 0.25, 0.25]
    assert hits(Graph.from_edges([0], [1], weight=[0.0]), weight="weight").values.tolist() == [0, 0]


# -- all -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [eigenvector, hits, katz, katz_ranking, pagerank])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_hubs_first_is_the_same_answer(weighted, measure, weight, monkeypatch):
    plain = measure(weighted, weight=weight)
    monkeypatch.setattr(_power, "_RELABELLED_ABOVE", 8)
    assert measure(weighted, weight=weight).values == pytest.approx(plain.values, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("measure", [eigenvector, hits, katz, katz_ranking])
def test_no_accounts(measure):
    assert measure(Graph.from_edges([], [])).values.shape == (0,)


def test_negative_weights_are_refused():
    g = Graph.from_edges([0, 1], [1, 0], weight=[1.0, -1.0])
    for measure in (eigenvector, hits, katz, katz_ranking, katz_limit):
        with pytest.raises(ParameterError, match=r"must be >= 0"):
            measure(g, weight="weight")


def test_a_personalization_follows_the_private_order(weighted, monkeypatch):
    masses = np.arange(40.0)
    plain = pagerank(weighted, personalization=masses, tol=1e-12)
    monkeypatch.setattr(_power, "_RELABELLED_ABOVE", 8)
    assert pagerank(weighted, personalization=masses, tol=1e-12).values == pytest.approx(plain.values, abs=1e-12)
