"""Fair seeds against enumeration on small graphs, and the two groups of which one is forgotten."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from swayrank._rng import resolve_rng
from swayrank.campaign.fairness import _Board, fair_seeds
from swayrank.campaign.samples import Samples
from swayrank.engines import resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation import IndependentCascade, LinearThreshold, simulate
from swayrank.measures.propagation.sampler import Sets
from tests.engines import AdversarialEngine
from tests.oracles import naive_greedy as greedy

LOCAL = resolve_engine("local")
RULES = ["maximin", "proportional"]


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def run(model, k, groups, rng=3, runner=LOCAL, **options):
    return fair_seeds(model, k, np.asarray(groups), key=resolve_rng(rng), runner=runner, **options)


@cache
def activation_of(n, arcs):
    return cache(greedy.activation_table(n, arcs))


def shares_of(n, arcs, groups, seeds):
    """Exact share of each group that the seeds reach."""
    reached = np.array(activation_of(n, tuple(arcs))(tuple(sorted(seeds))))
    return [float(reached[groups == g].mean()) for g in np.unique(groups[groups >= 0])]


def small(seed):
    """Eight accounts in two uneven groups, and one in none."""
    draw = np.random.default_rng(seed)
    arcs = sorted({(int(a), int(b)) for a, b in draw.integers(0, 8, (11, 2)) if a != b})
    graph = graph_of(8, arcs)
    groups = np.array([0, 0, 0, 0, 0, 1, 1, -1])[draw.permutation(8)]
    u, v = (ends.tolist() for ends in graph.edges())
    return IndependentCascade(graph, prob=0.5), [(a, b, 0.5) for a, b in zip(u, v, strict=True)], groups


def two_communities():
    """Group 0: 3 hubs with 20 followers each; group 1: a hub with 4."""
    arcs = [(3 + 20 * hub + i, hub) for hub in range(3) for i in range(20)] + [(64 + i, 63) for i in range(4)]
    return IndependentCascade(graph_of(68, arcs), prob=0.5), np.repeat([0, 1], [63, 5])


def test_plain_greedy_forgets_the_small_group_and_maximin_does_not():
    model, groups = two_communities()
    spreads = [simulate(model, [v], n_runs=500, rng=1).mean for v in range(68)]
    plain = np.argsort(spreads)[::-1][:3]
    assert set(plain.tolist()) == {0, 1, 2}  # disjoint stars: that is greedy
    maximin = run(model, 3, groups)
    assert 63 in maximin.nodes
    assert maximin.group_shares[0] > 0.3
    assert abs(maximin.group_shares[1] - 0.6) < 0.03
    proportional = run(model, 3, groups, rule="proportional")
    assert 63 in proportional.nodes  # the floor of the small group is what one seed does
    assert abs(proportional.floors[1] - 0.6) < 0.03
    assert abs(proportional.floors[0] - 33 / 63) < 0.03
    # with as many seeds as communities have hubs, everybody gets everything
    assert set(run(model, 4, groups).nodes.tolist()) == {0, 1, 2, 63}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(5))
def test_shares_are_the_enumerated_ones(rule, seed):
    model, arcs, groups = small(seed)
    found = run(model, 2, groups, rule=rule, confidence=0.9999)
    exact = shares_of(8, arcs, groups, found.nodes.tolist())
    for share, (low, high), truth in zip(found.group_shares, found.group_intervals, exact, strict=True):
        assert low - 1e-12 <= truth <= high + 1e-12
        assert low <= share <= high
        assert high - low < 0.05


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_least_share_comes_near_the_best_of_all(seed, k):
    """No bound is promised; on graphs this small it is never below 1 - 1/e of the best, and mostly the best."""
    model, arcs, groups = small(seed)
    found = run(model, k, groups, epsilon=0.01)
    reached = min(shares_of(8, arcs, groups, found.nodes.tolist()))
    best = greedy.best(lambda seeds: min(shares_of(8, arcs, groups, seeds)), 8, k)
    assert reached >= (1 - 1 / np.e) * best - 0.02


def test_mostly_it_is_the_best_of_all():
    ratios = []
    for seed in range(15):
        model, arcs, groups = small(seed)
        reached = min(shares_of(8, arcs, groups, run(model, 2, groups, epsilon=0.01).nodes.tolist()))
        ratios.append(reached / greedy.best(lambda s, a=arcs, g=groups: min(shares_of(8, a, g, s)), 8, 2))
    assert np.mean(np.array(ratios) > 0.95) >= 0.6
    assert np.mean(ratios) > 0.9


@pytest.mark.parametrize("seed", range(8))
def test_floors_are_what_greedy_does_for_each_group_alone(seed):
    model, arcs, groups = small(seed)
    found = run(model, 3, groups, rule="proportional", n_samples=40_000)
    for g, floor in enumerate(found.floors):
        own = max(1, round(3 * int((groups == g).sum()) / 8))
        taken = []
        for _ in range(own):
            left = sorted(set(range(8)) - set(taken))
            taken.append(max(left, key=lambda w: shares_of(8, arcs, groups, [*taken, w])[g]))
        assert abs(floor - shares_of(8, arcs, groups, taken)[g]) < 0.02
    # what is reached of the floors is within 1 - 1/e of the most that can be: that objective is submodular
    filled = lambda seeds: sum(  # noqa: E731
        min(f / floor, 1) for f, floor in zip(shares_of(8, arcs, groups, seeds), found.floors, strict=True)
    )
    assert filled(set(found.nodes.tolist())) >= (1 - 1 / np.e) * greedy.best(filled, 8, 3) - 0.05


@pytest.mark.parametrize("seed", range(6))
def test_greedy_counts_no_group_beyond_what_is_wanted_of_it(seed):
    draw = np.random.default_rng(seed)
    sets = [[draw.choice(9, draw.integers(1, 5), replace=False).tolist() for _ in range(30)] for _ in range(3)]
    weight, most = np.array([1.0, 0.5, 2.0]), np.array([12, 20, 5])

    def score(seeds):
        met = [sum(bool(set(one) & set(seeds)) for one in group) for group in sets]
        return sum(w * min(count, end) for w, count, end in zip(weight, met, most, strict=True))

    taken = []
    while len(taken) < 5:
        gain, node = max((score([*taken, v]) - score(taken), -v) for v in range(9) if v not in taken)
        if gain <= 0:
            break
        taken.append(-node)
    samples = [Samples(9) for _ in sets]
    for one, group in zip(samples, sets, strict=True):
        members = np.array([v for each in group for v in each], np.uint32)
        one.add([Sets(members, np.array([len(each) for each in group], np.uint32), members.size)])
    board = _Board(samples, np.array([1, 1, 1]), 30, np.ones(9, bool))
    nodes, covered = board.greedy(5, weight, most)
    assert nodes == taken
    assert covered.tolist() == [sum(bool(set(one) & set(nodes)) for one in group) for group in sets]


def test_shares_are_not_those_that_the_choice_was_made_by():
    """Many equals and few sets: whoever is chosen looks better than it is, on the sets of the choice."""
    arcs = [(20 + i, i) for i in range(20)]
    model = IndependentCascade(graph_of(40, arcs), prob=0.5)
    found = [run(model, 2, np.zeros(40, int), rng=rng, n_samples=40).group_shares[0] for rng in range(100)]
    truth = 2 * 1.5 / 40
    assert abs(np.mean(found) - truth) < 4 * np.sqrt(truth * (1 - truth) / 4000)


@pytest.mark.parametrize("rule", RULES)
def test_only_those_allowed_and_all_that_are_wanted(rule):
    model, groups = two_communities()
    allowed = np.ones(68, bool)
    allowed[[0, 63]] = False
    found = run(model, 5, groups, rule=rule, allowed=allowed, n_samples=2000)
    assert len(set(found.nodes.tolist())) == 5
    assert allowed[found.nodes].all()
    few = np.zeros(68, bool)
    few[[4, 9]] = True
    assert sorted(run(model, 5, groups, rule=rule, allowed=few, n_samples=500).nodes.tolist()) == [4, 9]


@pytest.mark.parametrize("rule", RULES)
def test_certain_arcs_and_groups_by_number(rule):
    """Two stars and an account alone: three seeds reach everybody, whatever the groups are called."""
    model = IndependentCascade(graph_of(7, [(1, 0), (2, 0), (4, 3), (5, 3)]), prob=1.0)
    found = run(model, 3, [9, 9, 9, 4, 4, 4, 7], rule=rule, n_samples=300)
    assert found.labels.tolist() == [4, 7, 9]
    assert sorted(found.nodes.tolist()) == [0, 3, 6]
    assert found.group_shares.tolist() == [1.0, 1.0, 1.0]
    assert np.all(found.group_intervals[:, 0] > 0.97)


@pytest.mark.parametrize("rule", RULES)
def test_a_group_that_cannot_be_reached(rule):
    allowed = np.array([True, True, True, True, False])
    found = run(
        IndependentCascade(graph_of(5, [(1, 0), (2, 0)]), prob=1.0), 2, [0, 0, 0, 0, 1], rule=rule, allowed=allowed
    )
    assert found.nodes.tolist() == [0, 3]
    assert found.group_shares.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", [IndependentCascade, LinearThreshold])
def test_the_same_bits_on_every_engine(rule, kind):
    draw = np.random.default_rng(8)
    arcs = sorted({(int(a), int(b)) for a, b in draw.integers(0, 60, (250, 2)) if a != b})
    model, groups = kind(graph_of(60, arcs)), draw.integers(-1, 3, 60)
    runners = resolve_engine("local", 1), resolve_engine("local", 4), AdversarialEngine(order=1)
    one, *others = (run(model, 4, groups, rule=rule, n_samples=3000, runner=runner) for runner in runners)
    for other in others:
        for name in ("nodes", "labels", "group_shares", "group_intervals", "floors"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
    assert run(model, 4, groups, rng=4, n_samples=3000).group_shares.tolist() != one.group_shares.tolist()


def test_what_is_refused():
    model, groups = two_communities()
    for wrong in (groups[:5], groups.astype(float), np.full(68, -1)):
        with pytest.raises(ParameterError, match="groups must"):
            run(model, 2, wrong)
    with pytest.raises(ParameterError, match="rule must be one of 'maximin', 'proportional'"):
        run(model, 2, groups, rule="equal")
    with pytest.raises(ParameterError, match="allowed must"):
        run(model, 2, groups, allowed=np.ones(3, bool))
