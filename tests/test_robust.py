"""Seeds between two limits of the probabilities, against enumeration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from swayrank.campaign.robust import robust_seeds
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation import IndependentCascade, LinearThreshold
from tests.engines import AdversarialEngine
from tests.oracles import naive_greedy as greedy


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


@dataclass
class Found:
    nodes: np.ndarray
    lower_bound: float
    upper_bound: float | None


def arcs_of(model):
    u, v = (ends.tolist() for ends in model.graph.edges())
    return list(zip(u, v, model.probabilities().tolist(), strict=True))


@cache
def activation_of(n, arcs):
    return cache(greedy.activation_table(n, arcs))


def spread_of(model, seeds):
    return sum(activation_of(model.graph.n_nodes, tuple(arcs_of(model)))(tuple(sorted(int(s) for s in seeds))))


def best_by_enumeration(k):
    """A selection that is exact."""

    def select(model):
        spread, seeds = max((spread_of(model, s), s) for s in combinations(range(model.graph.n_nodes), k))
        return Found(np.array(seeds, np.uint32), spread, spread)

    return select


def models(seed, n=7, m=9):
    draw = np.random.default_rng(seed)
    graph = graph_of(n, sorted({(int(a), int(b)) for a, b in draw.integers(0, n, (m, 2)) if a != b}))
    ends = np.sort(draw.random((2, graph.n_edges)), axis=0)
    return IndependentCascade(graph, prob=ends[0]), IndependentCascade(graph, prob=ends[1])


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_and_its_factor(seed):
    low, high = models(seed)
    found = robust_seeds(low, high, 2, best_by_enumeration(2), rng=seed)
    candidates = {name: best_by_enumeration(2)(model).nodes for name, model in (("low", low), ("high", high))}
    assert found.nodes.tolist() == candidates[found.chosen].tolist()
    for name, nodes in candidates.items():
        assert (
            abs(found.spreads[name].mean - spread_of(low, nodes.tolist()))
            <= 4.5 * found.spreads[name].std_error + 1e-12
        )
    # exact candidates: the low one is the best under the lower probabilities, up to the runs
    gap = spread_of(low, candidates["low"].tolist()) - spread_of(low, found.nodes.tolist())
    assert 0 <= gap + 1e-12 < 0.05
    assert found.lower_bound <= spread_of(low, found.nodes.tolist()) + 1e-12
    assert found.alpha == found.lower_bound / found.upper_bound


@pytest.mark.parametrize("seed", range(4))
def test_the_factor_holds_for_any_probabilities_between(seed):
    low, high = models(seed)
    found = robust_seeds(low, high, 2, best_by_enumeration(2), rng=seed)
    draw = np.random.default_rng(100 + seed)
    p, q = low.probabilities(), high.probabilities()
    for mix in (np.zeros(p.size), np.ones(p.size), draw.random(p.size), draw.integers(0, 2, p.size)):
        true = IndependentCascade(low.graph, prob=np.clip(p + mix * (q - p), p, q))
        optimum = best_by_enumeration(2)(true).upper_bound
        assert spread_of(true, found.nodes.tolist()) >= found.alpha * optimum - 1e-9


def stars():
    """0 has 2 followers, 3 has 3: the first is better under the lower probabilities."""
    graph = graph_of(7, [(1, 0), (2, 0), (4, 3), (5, 3), (6, 3)])
    by_star = np.array([0, 0, 1, 1, 1])
    return [IndependentCascade(graph, prob=np.array(p)[by_star]) for p in ((0.5, 0.1), (0.6, 0.9))]


def test_the_lower_ones_decide():
    low, high = stars()
    found = robust_seeds(low, high, 1, best_by_enumeration(1), rng=1)
    assert (found.chosen, found.nodes.tolist()) == ("low", [0])
    assert (round(found.lower_bound, 9), round(found.upper_bound, 9)) == (2.0, 3.7)


def test_seeds_selected_under_the_upper_ones_get_a_bound_of_their_own():
    """A selection that fails under the lower probabilities."""
    low, high = stars()

    def select(model):
        return Found(np.array([4 if model is low else 0], np.uint32), 1.0, 3.7)

    found = robust_seeds(low, high, 1, select, rng=1)
    assert (found.chosen, found.nodes.tolist()) == ("high", [0])
    assert 1.9 < found.lower_bound <= 2.0  # exactly 2; 2**17 sets
    misses = [robust_seeds(low, high, 1, select, rng=r, n_runs=200, delta=0.2).lower_bound > 2.0 for r in range(60)]
    assert 0.05 <= np.mean(misses) <= 0.35  # a limit that fails in 20 of 100


def test_no_gap_means_the_guarantee_of_the_selection():
    low, _ = models(3)
    found = robust_seeds(low, low, 2, best_by_enumeration(2), rng=1)
    assert found.alpha == 1.0
    assert found.spreads["low"].sizes.tolist() == found.spreads["high"].sizes.tolist()


def test_the_same_bits_on_every_engine(any_engine):
    low, high = models(2, n=8, m=11)
    one = robust_seeds(low, high, 2, best_by_enumeration(2), rng=1, threads=1)
    other = robust_seeds(low, high, 2, best_by_enumeration(2), rng=1, **any_engine)
    assert one.nodes.tolist() == other.nodes.tolist()
    assert (one.chosen, one.alpha, repr(one.spreads)) == (other.chosen, other.alpha, repr(other.spreads))


def test_linear_threshold_goes_too():
    graph = graph_of(4, [(1, 0), (2, 0), (2, 3)])
    low, high = (LinearThreshold(graph, weights=[w, w / 2, w / 2]) for w in (0.4, 0.8))
    select = lambda model: Found(np.array([0], np.uint32), 1.6 if model is low else 2.2, 2.2)  # noqa: E731
    found = robust_seeds(low, high, 1, select, rng=1, engine=AdversarialEngine())
    assert abs(found.spreads["low"].mean - 1.6) < 0.05
    assert round(found.alpha, 6) == round(1.6 / 2.2, 6)


def test_what_is_refused():
    graph = Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "bob"])
    half = IndependentCascade(graph, prob=0.5)
    select = lambda model: Found(np.array([1], np.uint32), 1.0, 2.0)  # noqa: E731
    u, v = graph.edges()
    p = np.full(3, 0.4)
    at = next(j for j in range(3) if graph.ids[int(u[j])] == "dan" and graph.ids[int(v[j])] == "bob")
    p[at] = 0.75
    with pytest.raises(ParameterError, match=r"0\.75 > 0\.5 for the arc 'dan' -> 'bob' \(1 arc in all\)"):
        robust_seeds(IndependentCascade(graph, prob=p), half, 1, select)
    with pytest.raises(ParameterError, match=r"got 1 > 0\.5 for 'ada'"):
        robust_seeds(half, IndependentCascade(graph, prob=0.5, sharing={"ada": 0.5}), 1, select)
    with pytest.raises(ParameterError, match="same max_steps"):
        robust_seeds(half, IndependentCascade(graph, prob=0.5, max_steps=3), 1, select)
    with pytest.raises(ParameterError, match="of one kind"):
        robust_seeds(half, LinearThreshold(graph), 1, select)
    with pytest.raises(ParameterError, match="same graph"):
        robust_seeds(half, IndependentCascade(Graph.from_edges(["bob"], ["ada"]), prob=0.5), 1, select)
    with pytest.raises(ParameterError, match="high_model must be an IndependentCascade"):
        robust_seeds(half, graph, 1, select)
    with pytest.raises(ParameterError, match="1 to 1 seeds, got 2"):
        robust_seeds(half, half, 1, lambda model: Found(np.array([0, 1], np.uint32), 1.0, 2.0))
    with pytest.raises(ParameterError, match="no upper_bound"):
        robust_seeds(half, half, 1, lambda model: Found(np.array([0], np.uint32), 1.0, None))
