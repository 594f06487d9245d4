"""CELF against plain greedy in the same worlds, greedy over all worlds, and closed forms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from swayrank._rng import resolve_rng
from swayrank.campaign import celf as celf_module
from swayrank.campaign.celf import celf
from swayrank.engines import resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation import SIR, SIS, IndependentCascade, LinearThreshold, simulate
from tests.engines import AdversarialEngine
from tests.oracles import naive_greedy as greedy
from tests.oracles import naive_propagation as naive
from tests.zoo import ZOO

KEY = resolve_rng(5)
LOCAL = resolve_engine("local")
N_RUNS = 60


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def random_graph(n, m, seed):
    """Some accounts have no followers."""
    draw = np.random.default_rng(seed)
    arcs = {(int(a), int(b * b / n)) for a, b in draw.integers(0, n, (m, 2)) if a != b * b // n}
    return graph_of(n, sorted(arcs))


MODELS = {
    "even": lambda g: IndependentCascade(g, prob=0.3),
    "certain": lambda g: IndependentCascade(g, prob=1.0),
    "mixed": lambda g: IndependentCascade(g, prob=np.random.default_rng(1).choice([0, 0.02, 0.3, 0.9, 1], g.n_edges)),
    "weighted": lambda g: IndependentCascade(g, prob="weighted_cascade"),
    "short": lambda g: IndependentCascade(g, prob=0.5, max_steps=1),
    "sharing": lambda g: IndependentCascade(g, prob=0.7, sharing=0.6),
    "threshold": LinearThreshold,
    "uneven threshold": lambda g: LinearThreshold(
        g, weights=np.random.default_rng(2).random(g.n_edges) / np.maximum(np.repeat(g.out_degree, g.out_degree), 1)
    ),
    "threshold, sharing": lambda g: LinearThreshold(g, sharing=0.7),
    "short threshold": lambda g: LinearThreshold(g, max_steps=2),
    "sir": lambda g: SIR(g, transmission_rate=1.0, recovery_rate=1.0),
    "short sir": lambda g: SIR(g, transmission_rate=1.0, recovery_rate=1.0, max_time=0.7),
}


def worlds_of(model, n_runs):
    """The worlds of simulate under the same key: who is active in each, for any seeds."""
    known = {}

    def runs(seeds):
        key = tuple(sorted(seeds))
        if key not in known:
            steps = simulate(model, list(key), n_runs=n_runs, playback=n_runs, rng=KEY).playback
            known[key] = (steps >= 0) & np.isfinite(steps)
        return known[key]

    return [lambda seeds, i=i: np.flatnonzero(runs(seeds)[i]).tolist() for i in range(n_runs)]


def run(model, k, n_runs=N_RUNS, runner=LOCAL, **options):
    return celf(model, k, n_runs=n_runs, key=KEY, runner=runner, **options)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_plain_greedy_in_the_same_worlds(name, seed):
    model = MODELS[name](random_graph(14, 40, seed))
    nodes, gains, _ = run(model, 6)
    picks, exact = greedy.greedy(worlds_of(model, N_RUNS), 6, range(14))
    assert nodes.tolist() == picks
    assert (gains * N_RUNS).round(6).tolist() == exact
    assert np.all(gains >= 0)
    assert np.all(np.diff(gains) <= 0)


@pytest.mark.parametrize("name", MODELS)
def test_those_allowed_after_those_chosen_by_value(name):
    model = MODELS[name](random_graph(12, 34, 7))
    allowed = np.ones(12, bool)
    allowed[[0, 1, 5]] = False
    value = np.arange(12) % 5 * 0.25  # exact in binary, and 0 for some
    chosen = np.array([1, 11], np.uint32)
    nodes, gains, _ = run(model, 6, allowed=allowed, chosen=chosen, value=value)
    picks, exact = greedy.greedy(
        worlds_of(model, N_RUNS), 6, np.flatnonzero(allowed).tolist(), [1, 11], lambda v: float(value[v])
    )
    assert nodes.tolist() == picks
    assert gains.tolist() == [gain / N_RUNS for gain in exact]


@pytest.mark.parametrize("name", ["chain", "star in", "star out", "no arcs", "cycle", "two components", "one node"])
@pytest.mark.parametrize("kind", ["certain", "threshold", "short threshold", "sir"])
def test_the_zoo(name, kind):
    n, arcs = ZOO[name]
    model = MODELS[kind](graph_of(n, arcs))
    nodes, gains, _ = run(model, n + 3, n_runs=20)
    picks, exact = greedy.greedy(worlds_of(model, 20), n + 3, range(n))
    assert nodes.tolist() == picks
    assert (gains * 20).round(6).tolist() == exact
    assert sorted(picks) == list(range(n))


@pytest.mark.parametrize("seed", range(4))
def test_it_comes_near_greedy_over_all_worlds(seed):
    g = random_graph(8, 9, seed)
    model = IndependentCascade(g, prob=0.5)
    u, v = (ends.tolist() for ends in g.edges())
    arcs = [(a, b, 0.5) for a, b in zip(u, v, strict=True)]
    nodes, gains, _ = run(model, 3, n_runs=4000)
    spread = naive.spread_of(8, arcs, nodes.tolist())
    taken = []
    for _ in range(3):
        taken.append(max(sorted(set(range(8)) - set(taken)), key=lambda w: naive.spread_of(8, arcs, [*taken, w])))
    assert spread >= naive.spread_of(8, arcs, taken) - 0.1
    assert abs(gains.sum() - spread) < 0.15
    assert spread >= (1 - 1 / np.e) * greedy.best(lambda seeds: naive.spread_of(8, arcs, seeds), 8, 3)


def test_threshold_rings_and_long_chains():
    """Everybody's only choice is known: closed forms."""
    n = 3000
    chain = LinearThreshold(graph_of(n, list(pairwise(range(n)))))
    assert [list(x) for x in run(chain, 2, n_runs=2)[:2]] == [[n - 1, 0], [float(n), 0.0]]
    ring = graph_of(n + 2, [(i, (i + 1) % n) for i in range(n)] + [(n, 5), (n + 1, n)])
    nodes, gains, _ = run(LinearThreshold(ring), 2, n_runs=2)
    assert (nodes.tolist(), gains.tolist()) == ([0, 1], [n + 2.0, 0.0])
    nodes, gains, _ = run(LinearThreshold(ring, max_steps=10), 1, n_runs=2)
    assert (nodes.tolist(), gains.tolist()) == ([5], [13.0])  # 5, ten behind it, and two more beside the ring


def test_few_accounts_are_evaluated_again():
    model = IndependentCascade(random_graph(300, 900, 3), prob=0.1)
    followed = int(np.count_nonzero(model.graph.in_degree))
    nodes, _, n_evaluations = run(model, 10, n_runs=50)
    assert followed <= n_evaluations < 2 * followed
    assert len(set(nodes.tolist())) == 10


def test_who_has_no_followers_is_never_simulated(monkeypatch):
    seen = []
    whole = celf_module._Lazy._run

    def spy(self, candidates, *rest):
        seen.extend(candidates.tolist())
        return whole(self, candidates, *rest)

    monkeypatch.setattr(celf_module._Lazy, "_run", spy)
    model = IndependentCascade(graph_of(6, [(1, 0), (2, 0), (4, 3)]), prob=0.5)
    nodes, gains, n_evaluations = run(model, 6, n_runs=2000)
    assert set(seen) == {0, 3}
    assert n_evaluations == len(seen)
    assert nodes.tolist()[:3] == [0, 3, 5]
    assert gains[2] == 1.0
    assert np.all(np.abs(gains[3:] - 0.5) < 0.05)


@pytest.mark.parametrize("name", ["mixed", "threshold", "sir", "short threshold"])
@pytest.mark.parametrize("value", [None, np.random.default_rng(4).random(50)])
def test_the_same_bits_on_every_engine(name, value):
    model = MODELS[name](random_graph(50, 200, 9))
    answers = [
        run(model, 6, value=value, runner=runner)
        for runner in (resolve_engine("local", 1), resolve_engine("local", 4), AdversarialEngine(order=1))
    ]
    for nodes, gains, n_evaluations in answers[1:]:
        assert nodes.tolist() == answers[0][0].tolist()
        assert gains.tolist() == answers[0][1].tolist()
        assert n_evaluations == answers[0][2]


def test_what_is_refused():
    g = random_graph(5, 8, 1)
    with pytest.raises(ParameterError, match="SIS is not one: use method='degree'"):
        run(SIS(g, transmission_rate=1.0, recovery_rate=1.0, max_time=1.0), 1)
    for value in (np.ones(4), np.full(5, -1.0), np.full(5, np.nan)):
        with pytest.raises(ParameterError, match="value must hold"):
            run(IndependentCascade(g), 1, value=value)
