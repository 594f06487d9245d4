"""Cascades against exact enumeration of all worlds: models, simulate, spread, and their intervals."""

from __future__ import annotations

import importlib
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from swayrank.errors import ConvergenceError, ParameterError, SwayrankWarning, UnknownAccountError
from swayrank.graph import Graph
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.measures.propagation import IndependentCascade, LinearThreshold, simulate, spread, spread_conditional
from swayrank.measures.propagation.limits import clopper_pearson
from swayrank.measures.registry import measure
from tests.oracles import naive_propagation as naive
from tests.zoo import ZOO

sampler_module = importlib.import_module("swayrank.measures.propagation.sampler")
simulate_module = importlib.import_module("swayrank.measures.propagation.simulate")

RUNS, SAMPLES = (20_000, 40_000) if JIT_ENABLED else (300, 500)
CASES = {name: (n, arcs) for name, (n, arcs) in ZOO.items() if name not in ("duplicates", "self-loops")}
CASCADES = ("weighted_cascade", "constant", "array")
THRESHOLDS = ("uniform", "weights")
RULES = CASCADES + THRESHOLDS
KERNELS_OF = {  # how to have each of them run: (rule, settings)
    "walk": ("array", {"playback": 1}),
    "bits": ("array", {}),
    "threshold worlds": ("weights", {"playback": 1}),
    "threshold cascades": ("weights", {}),
}


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def model_on(graph, rule, **options):
    """A model of a graph by name, and its arcs with probabilities for the oracle."""
    u, v = (ends.tolist() for ends in graph.edges())
    pairs = list(zip(u, v, strict=True))
    if rule == "weighted_cascade":
        return IndependentCascade(graph, prob=rule, **options), naive.weighted_cascade(pairs)
    if rule == "uniform":
        return LinearThreshold(graph, **options), naive.weighted_cascade(pairs)
    if rule == "constant":
        return IndependentCascade(graph, prob=0.4, **options), [(a, b, 0.4) for a, b in pairs]
    p = [(0.0, 0.25, 0.7, 1.0, 0.5)[(3 * a + 2 * b) % 5] for a, b in pairs]
    if rule == "array":
        return IndependentCascade(graph, prob=p, **options), list(zip(u, v, p, strict=True))
    w = [q * (0.9 if a % 2 else 1.0) / max(u.count(a), 1) for a, q in zip(u, p, strict=True)]
    return LinearThreshold(graph, weights=w, **options), list(zip(u, v, w, strict=True))


def model_of(name, rule, **options):
    return model_on(graph_of(*CASES[name]), rule, **options)


def worlds_of(model, arcs):
    """Every world of a model, by the oracle."""
    listed = naive.threshold_worlds(arcs) if isinstance(model, LinearThreshold) else naive.worlds(arcs)
    return naive.with_sharing(listed, model.shares.tolist()) if model.shares.size else listed


@cache
def truth_of(name, rule):
    model, arcs = model_of(name, rule)
    return naive.spreads(model.graph.n_nodes, worlds_of(model, arcs))


def random_graph(n, m, seed):
    draw = np.random.default_rng(seed)
    return graph_of(n, list({(int(a), int(b)) for a, b in draw.integers(0, n, (m, 2)) if a != b}))


# -- against enumeration -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_spread_of_every_account_is_the_enumerated_one(name, rule, sparse, monkeypatch):
    if sparse:  # small graphs would always be looked up in a table of all accounts
        monkeypatch.setattr(sampler_module, "_DENSE_SHARE", 0)
    model, _ = model_of(name, rule)
    exact = np.array(truth_of(name, rule))
    found = spread(model, n_samples=SAMPLES, delta=1e-4, rng=11)
    low, high = found.interval
    assert np.all((low <= exact + 1e-12) & (exact <= high + 1e-12))
    q = (exact - 1) / len(exact)
    assert np.all(np.abs(found.values - exact) <= 4.5 * len(exact) * np.sqrt(q * (1 - q) / SAMPLES) + 1e-12)
    assert np.all((low >= 1) & (low <= found.values) & (found.values <= high) & (high <= len(exact)))


def check_simulation(model, arcs, seeds, runs, **settings):
    """Everything that is simulated lies where all worlds say."""
    n = model.graph.n_nodes
    found = simulate(model, seeds, n_runs=runs, rng=5, **settings)
    exact, steps = (np.array(row) for row in naive.tabulate(n, worlds_of(model, arcs), seeds, model.max_steps))
    assert np.all(np.abs(found.activation_prob - exact) <= 4.5 * np.sqrt(np.abs(exact * (1 - exact)) / runs) + 1e-12)
    assert abs(found.mean - exact.sum()) <= 4.5 * found.std_error + 1e-12
    by_step = np.zeros(n)
    by_step[: found.by_step.size] = found.by_step
    assert np.allclose(by_step, steps, atol=4.5 * n / math.sqrt(runs) / 2)
    assert np.all(by_step[steps == 0] == 0)
    assert found.by_step[0] == len(seeds)
    assert math.isclose(found.by_step.sum(), found.mean)
    assert math.isclose(found.activation_prob.sum(), found.mean)
    assert found.mean == found.sizes.mean()
    return found


@pytest.mark.parametrize("playback", [0, 1])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_simulation_is_the_enumeration(name, rule, playback):
    model, arcs = model_of(name, rule)
    n = model.graph.n_nodes
    found = check_simulation(model, arcs, sorted({n - 1, n // 2}), RUNS, playback=playback)
    kernels = {"weighted_cascade": ("walk", "walk")}.get(rule, ("bits", "walk"))
    if rule in THRESHOLDS:
        kernels = ("threshold cascades", "threshold worlds")
    assert found.params["kernel"] == kernels[playback] or not len(arcs)


SHARING = [1.0, 0.5, 0.0, 0.25, 1.0, 0.75, 1.0, 0.5]


@pytest.mark.parametrize("kernel", KERNELS_OF)
@pytest.mark.parametrize("name", ["complete", "bow tie", "two components", "core and whiskers"])
@pytest.mark.parametrize("options", ["sharing", "steps", "both"])
def test_sharing_and_steps_are_the_enumerated_ones(name, kernel, options):
    rule, settings = KERNELS_OF[kernel]
    n = CASES[name][0]
    given = {"sharing": {"sharing": SHARING[:n]}, "steps": {"max_steps": 1}}
    given["both"] = {"sharing": SHARING[-n:], "max_steps": 2}
    model, arcs = model_of(name, rule, **given[options])
    for seeds in ([0, 2], [3]):
        found = check_simulation(model, arcs, seeds, RUNS, **settings)
        assert found.params["kernel"] == kernel
        assert len(found.by_step) <= 1 + (model.max_steps or n)
    exact = np.array(naive.spreads(n, worlds_of(model, arcs), model.max_steps))
    low, high = spread(model, n_samples=SAMPLES, delta=1e-4, rng=4).interval
    assert np.all((low <= exact + 1e-12) & (exact <= high + 1e-12))
    assert np.max(high - low) < 0.06 * n or not JIT_ENABLED


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
@pytest.mark.parametrize("kernel", KERNELS_OF)
def test_a_chain_step_by_step(kernel, steps):
    """Certain arcs: a cascade is as long as it may be."""
    graph = graph_of(*CASES["chain"])
    certain = [1.0] * 4
    model = (LinearThreshold if "threshold" in kernel else IndependentCascade)(graph, None or certain, max_steps=steps)
    if kernel == "bits":
        model = IndependentCascade(graph, prob=1.0, max_steps=steps)
    found = simulate(model, 4, n_runs=10, rng=1, playback=int(KERNELS_OF[kernel][1] != {}))
    assert found.params["kernel"] == kernel
    assert found.by_step.tolist() == [1.0] * (steps + 1)
    assert found.activation_prob.tolist() == [float(4 - v <= steps) for v in range(5)]
    assert spread(model, n_samples=500, rng=1).interval[1][4] >= steps + 1


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["chain", "complete", "bow tie", "core and whiskers"])
def test_what_an_account_adds_is_the_enumerated_gain(name, rule):
    n = CASES[name][0]
    for given, options in (
        ([2], {}),
        ([0, 3], {"sharing": [1.0, 0.5, 0.0, 1.0, 0.75, 1.0, 1.0, 1.0][:n], "max_steps": 3}),
    ):
        model, arcs = model_of(name, rule, **options)
        exact = np.array(naive.spreads(n, worlds_of(model, arcs), model.max_steps, given))
        found = spread_conditional(model, given, n_samples=SAMPLES, delta=1e-4, rng=6)
        low, high = found.interval
        assert np.all((low <= exact + 1e-9) & (exact <= high + 1e-9))
        assert np.all(found.values[given] == 0)
        assert np.all(high[given] == low[given])
        q = np.clip(exact / n, 0, 1)
        assert np.all(np.abs(found.values - exact) <= 4.5 * n * np.sqrt(q * (1 - q) / SAMPLES) + 1e-9)


def test_a_dense_matrix_of_probabilities_and_one_seed():
    """The request in one piece: adj[i, j] is the probability that i influences j."""
    adj = np.array(
        [[0, 0.6, 0.1, 0, 0.3], [0, 0, 0.5, 0.2, 0], [0.4, 0, 0, 0.9, 0], [0, 0, 0, 0, 1.0], [0, 0.25, 0, 0, 0]]
    )
    i, j = np.nonzero(adj)
    graph = Graph.from_edges(i, j, n_nodes=5, columns={"probability": adj[i, j]}, direction="influences")
    model = IndependentCascade(graph, prob="probability")
    arcs = [(int(b), int(a), float(adj[a, b])) for a, b in zip(i, j, strict=True)]
    exact = naive.spread_of(5, arcs, [0])
    runs = simulate(model, seeds=[0], n_runs=200_000, rng=7)
    assert abs(runs.mean - exact) < 4.5 * runs.std_error
    assert runs.std_error < 0.005
    estimate = spread(model, n_samples=200_000, rng=7)
    assert estimate.interval[0][0] <= exact <= estimate.interval[1][0]
    assert estimate.interval[1][0] - estimate.interval[0][0] < 0.1


def test_the_same_through_from_torch():
    torch = pytest.importorskip("torch")
    adj = torch.tensor([[0, 0.5, 0.2], [0, 0, 0.5], [0, 0, 0]])
    model = IndependentCascade(Graph.from_torch(adj, direction="influences", values="probability"), prob="probability")
    assert abs(simulate(model, 0, n_runs=100_000, rng=7).mean - 1.9) < 0.02


def test_simulation_and_spread_agree_on_a_graph_too_large_to_enumerate():
    graph = random_graph(2000, 9000, 3)
    model = IndependentCascade(graph, prob="weighted_cascade")
    every = spread(model, n_samples=200_000, delta=0.001, rng=1)
    for account in (int(np.argmax(every.values)), 17):
        runs = simulate(model, account, n_runs=20_000, rng=2)
        half = 4.5 * runs.std_error
        assert every.interval[0][account] - half <= runs.mean <= every.interval[1][account] + half


# -- intervals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hits", "n_trials", "alpha"), [(0, 10, 0.05), (3, 10, 0.05), (10, 10, 0.1), (1, 60, 1e-6)])
def test_limits_are_clopper_pearson(hits, n_trials, alpha):
    low, high = clopper_pearson(np.array([hits]), n_trials, alpha)
    expected = naive.outside_limits(hits, n_trials, alpha)
    assert (float(low[0]), float(high[0])) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_limits_far_out_in_the_tail():
    """At the levels that a million accounts need, checked by the forward distribution."""
    from scipy.stats import binom

    alpha, hits, n_trials = 0.05 / 2e7, 23, 10**8
    low, high = clopper_pearson(np.array([hits]), n_trials, alpha)
    assert binom.sf(hits - 1, n_trials, low[0]) == pytest.approx(alpha / 2, rel=1e-6)
    assert binom.cdf(hits, n_trials, high[0]) == pytest.approx(alpha / 2, rel=1e-6)


def test_all_intervals_hold_together_and_plus_minus_two_standard_errors_do_not():
    """Coverage counted: few samples, many rng values, account 4 activates somebody once in 50 sets."""
    arcs = [(1, 0, 0.5), (2, 0, 0.1), (2, 1, 0.5), (3, 2, 0.3), (0, 4, 0.1), (5, 3, 0.02)]
    graph = graph_of(6, [(u, v) for u, v, _ in arcs])
    p = {(u, v): q for u, v, q in arcs}
    model = IndependentCascade(graph, prob=[p[a, b] for a, b in zip(*(e.tolist() for e in graph.edges()), strict=True)])
    exact = np.array(naive.spread_of_all(6, arcs))
    delta, times, missed, plain_missed = 0.2, 400, 0, np.zeros(6)
    for rng in range(times):
        found = spread(model, n_samples=60, delta=delta, rng=rng)
        low, high = found.interval
        missed += not np.all((low <= exact) & (exact <= high))
        plain_missed += np.abs(found.values - exact) > 2 * found.std_error + 1e-12
    assert missed <= delta * times
    assert plain_missed[3] > 0.5 * times  # nominal 5 %: usually no hits at all, and then a width of zero
    zero = found.values == 1
    assert np.all(found.interval[1][zero & (graph.in_degree > 0)] > 1)


def test_joint_coverage_where_the_number_of_rounds_is_chosen_by_the_data():
    model, _ = model_of("bow tie", "array")
    exact = np.array(truth_of("bow tie", "array"))
    missed, rounds = 0, set()
    for rng in range(150):
        found = spread(model, rel_error=0.0542, delta=0.3, rng=rng)
        rounds.add(found.params["rounds"])
        missed += not np.all((found.interval[0] <= exact) & (exact <= found.interval[1]))
    assert len(rounds) > 1, "choose a target between two rounds, or this shows nothing"
    assert missed <= 0.3 * 150


def test_interval_of_a_simulated_mean_covers_as_often_as_it_says():
    model, _ = model_of("bow tie", "array")
    exact = naive.spread_of(7, model_of("bow tie", "array")[1], [2])
    held = sum(
        low <= exact <= high
        for low, high in (simulate(model, 2, n_runs=200, confidence=0.9, rng=rng).interval for rng in range(400))
    )
    assert 0.85 * 400 <= held <= 0.95 * 400  # 3.3 standard deviations around 0.9


def test_runs_that_all_agree_do_not_pretend_to_be_certain():
    graph = Graph.from_edges(["b", "c"], ["a", "b"])
    found = simulate(IndependentCascade(graph, prob=1e-6), "a", n_runs=50, rng=1)
    assert (found.mean, found.std_error) == (1.0, 0.0)
    assert found.interval[0] == 1.0
    assert 1 + 2e-6 < found.interval[1] < 1.2
    impossible = simulate(IndependentCascade(graph, prob=0.0), "a", n_runs=50, rng=1)
    assert impossible.interval == (1.0, 1.0)


def test_an_account_without_followers_has_spread_one_for_certain():
    found = spread(IndependentCascade(graph_of(5, [(0, 1)]), prob=0.5), n_samples=100, rng=1)
    assert found.interval[1][[0, 2, 3, 4]].tolist() == [1, 1, 1, 1]
    assert found.interval[1][1] > 1.5


# -- when spread stops -------------------------------------------------------------------------------------------------


def test_spread_stops_at_the_first_round_that_meets_the_target():
    model = IndependentCascade(random_graph(300, 1500, 8), prob=0.2)
    found = spread(model, rel_error=0.05, top=10, rng=3)
    half = (found.interval[1] - found.interval[0]) / 2
    best = np.argsort(-found.values)[:10]
    assert np.all(half[best] <= 0.05 * found.values[best])
    assert found.params["n_samples"] == 1024 << (found.params["rounds"] - 1)
    sooner = spread(model, rel_error=0.05, top=10, rng=3, n_samples=None, max_samples=2**28)
    assert np.array_equal(sooner.values, found.values)
    absolute = spread(model, half_width=3.0, rng=3)
    assert absolute.error_bound <= 3.0
    assert absolute.error_bound == pytest.approx(((absolute.interval[1] - absolute.interval[0]) / 2).max())


def test_a_target_that_is_out_of_reach_is_an_error_that_says_how_far_it_got():
    model = IndependentCascade(random_graph(300, 1500, 8), prob=0.2)
    with pytest.raises(ConvergenceError, match=r"rel_error=0\.001 was not reached.* after 2,048 RR sets.*max_samples"):
        spread(model, rel_error=0.001, max_samples=2048, rng=1)
    with pytest.raises(ConvergenceError, match="half_width=0"):
        spread(model, half_width=0.1, max_samples=1024, rng=1)


def test_only_one_target():
    model, _ = model_of("chain", "constant")
    with pytest.raises(ParameterError, match="one of n_samples, rel_error, half_width, got n_samples=10 and rel_error"):
        spread(model, n_samples=10, rel_error=0.1)


def test_no_accounts_at_all():
    found = spread(IndependentCascade(Graph.from_edges([], [], n_nodes=0), prob=0.5), rng=1)
    assert found.values.shape == (0,)


# -- determinism -------------------------------------------------------------------------------------------------------


def test_the_same_bits_on_any_engine(any_engine):
    model = IndependentCascade(random_graph(500, 3000, 5), prob="weighted_cascade")
    reference = spread(model, n_samples=20_000, rng=7, threads=1)
    found = spread(model, n_samples=20_000, rng=7, **any_engine)
    assert np.array_equal(found.values, reference.values)
    assert found.params == reference.params
    runs = simulate(model, [3, 4], n_runs=3000, rng=7, threads=1)
    again = simulate(model, [3, 4], n_runs=3000, rng=7, **any_engine)
    assert (again.mean, again.interval, again.quantiles) == (runs.mean, runs.interval, runs.quantiles)
    assert np.array_equal(again.activation_prob, runs.activation_prob)
    assert np.array_equal(again.by_step, runs.by_step)
    given = spread_conditional(model, [3], n_samples=9000, rng=7, threads=1)
    assert np.array_equal(spread_conditional(model, [3], n_samples=9000, rng=7, **any_engine).values, given.values)


@pytest.mark.parametrize("kernel", KERNELS_OF)
def test_each_kernel_runs_the_same_bits_on_any_engine(any_engine, kernel):
    rule, settings = KERNELS_OF[kernel]
    model, _ = model_on(random_graph(300, 900, 5), rule, sharing=0.9)
    one = simulate(model, [3, 4], n_runs=3001, rng=7, threads=1, **settings)
    other = simulate(model, [3, 4], n_runs=3001, rng=7, **any_engine, **settings)
    assert one.params == other.params
    assert one.params["kernel"] == kernel
    for part in ("sizes", "activation_prob", "by_step", "playback"):
        assert np.array_equal(getattr(one, part), getattr(other, part))


def test_the_same_bits_in_another_process(other_process):
    model, _ = model_of("bow tie", "array")
    assert np.array_equal(
        spread(model, n_samples=9000, rng=7, engine=other_process).values, spread(model, n_samples=9000, rng=7).values
    )
    for rule, settings in KERNELS_OF.values():
        model, _ = model_of("bow tie", rule)
        one, other = (
            simulate(model, 2, n_runs=1000, rng=7, **settings, **more) for more in ({}, {"engine": other_process})
        )
        assert np.array_equal(one.sizes, other.sizes)
        assert one.params == other.params


def test_a_longer_sample_begins_with_the_shorter_one():
    model, _ = model_of("complete", "constant")
    short, long = (spread(model, n_samples=k, rng=7) for k in (2048, 4096))
    hits_short, hits_long = ((m.values - 1) * m.params["n_samples"] / 4 for m in (short, long))
    assert np.all(hits_long >= hits_short)
    assert spread(model, n_samples=2048, rng=8).values.tolist() != short.values.tolist()


# -- kernels -----------------------------------------------------------------------------------------------------------


def test_how_items_are_walked_changes_no_bit(monkeypatch):
    for rule in ("constant", "array", "uniform", "weights"):
        model, _ = model_on(random_graph(500, 3000, 5), rule, sharing=0.8)
        dense, runs = spread(model, n_samples=5000, rng=7), simulate(model, 3, n_runs=500, rng=7, playback=3)
        with monkeypatch.context() as patch:
            patch.setattr(sampler_module, "_DENSE_SHARE", 0)
            patch.setattr(simulate_module, "_MEMBERS_PER_CALL", 2000)
            patch.setattr(sampler_module, "_CALL", 100)
            sparse, again = spread(model, n_samples=5000, rng=7), simulate(model, 3, n_runs=500, rng=7, playback=3)
        assert np.array_equal(dense.values, sparse.values)
        assert dense.params == sparse.params
        assert np.array_equal(runs.sizes, again.sizes)
        assert np.array_equal(runs.by_step, again.by_step)
        assert np.array_equal(runs.playback, again.playback)


def test_even_and_mixed_rows_follow_the_same_law():
    """Arcs that differ by a hair are drawn another way."""
    graph = random_graph(60, 240, 9)
    hair = 1e-12 * (np.arange(graph.n_edges) % 2)
    each = 1 / np.repeat(graph.out_degree, graph.out_degree)
    for even, mixed in (
        (IndependentCascade(graph, prob=0.15), IndependentCascade(graph, prob=0.15 + hair)),
        (LinearThreshold(graph), LinearThreshold(graph, weights=each - hair)),
    ):
        assert not even.backward().mixed
        assert mixed.backward().mixed
        one, other = spread(even, n_samples=100_000, rng=1), spread(mixed, n_samples=100_000, rng=2)
        gap = np.abs(one.values - other.values)
        assert np.all(gap <= 4.5 * np.hypot(one.std_error, other.std_error) + 1e-12)


@pytest.mark.parametrize("kernels", [("walk", "bits"), ("threshold worlds", "threshold cascades")])
def test_both_kernels_of_a_model_agree_on_a_graph_too_large_to_enumerate(kernels):
    graph = random_graph(400, 2400, 3)
    draw = np.random.default_rng(1)
    model = IndependentCascade(graph, prob=0.6 * draw.random(graph.n_edges), sharing=0.9)
    if kernels[0] == "threshold worlds":
        weight = draw.random(graph.n_edges) / np.repeat(graph.out_degree, graph.out_degree)
        model = LinearThreshold(graph, weights=weight, sharing=0.9)
    one, other = (simulate(model, [3, 9], n_runs=20_000, rng=1, playback=k) for k in (1, 0))
    assert (one.params["kernel"], other.params["kernel"]) == kernels
    assert abs(one.mean - other.mean) <= 4.5 * math.hypot(one.std_error, other.std_error)
    p = (one.activation_prob + other.activation_prob) / 2
    assert np.all(np.abs(one.activation_prob - other.activation_prob) <= 5 * np.sqrt(2 * p * (1 - p) / 20_000) + 1e-12)
    length = min(one.by_step.size, other.by_step.size)
    assert np.allclose(one.by_step[:length], other.by_step[:length], rtol=0.1, atol=0.1)
    assert abs(one.sizes.std() / other.sizes.std() - 1) < 0.05


@pytest.mark.parametrize("kernel", KERNELS_OF)
def test_a_seed_more_shrinks_no_run(kernel):
    rule, settings = KERNELS_OF[kernel]
    model, _ = model_on(random_graph(300, 600 if rule == "weights" else 1800, 3), rule, sharing=0.9)
    plans = {"few": [5], "some": [5, 9], "many": [5, 9, 33, 80]}
    found = simulate(model, plans, n_runs=700, rng=3, **settings)
    assert {one.params["kernel"] for one in found.values()} == {kernel}
    assert np.all(found["some"].sizes > found["few"].sizes - 1)
    assert np.all(found["many"].sizes >= found["some"].sizes)
    assert found["few"].mean < found["some"].mean < found["many"].mean
    alone = simulate(model, [5, 9], n_runs=700, rng=3, **settings)
    assert np.array_equal(alone.sizes, found["some"].sizes)


def test_seed_sets_that_ask_for_different_kernels_meet_the_same_worlds():
    """The hub reaches so much that worlds are run in words; the loner reaches nobody."""
    arcs = [(v, 0) for v in range(1, 200)] + [(v, v - 1) for v in range(1, 200)]
    graph = graph_of(1000, arcs)
    model = IndependentCascade(graph, prob=0.5)
    assert simulate(model, 0, n_runs=600, rng=1).params["kernel"] == "bits"
    assert simulate(model, 999, n_runs=600, rng=1).params["kernel"] == "walk"
    found = simulate(model, [[999], [0], [0, 999]], n_runs=600, rng=1)
    assert {one.params["kernel"] for one in found.values()} == {"walk"}
    assert np.array_equal(found[1].sizes + 1, found[2].sizes)


@pytest.mark.parametrize("kernel", KERNELS_OF)
def test_playback_is_what_was_counted(kernel):
    rule, _ = KERNELS_OF[kernel]
    model, _ = model_on(random_graph(80, 200, 3), rule, sharing=0.9)
    found = simulate(model, [5, 7], n_runs=60, rng=3, playback=100)
    steps = found.playback
    assert steps.shape == (60, 80)
    assert steps.dtype == np.int32
    assert np.array_equal((steps >= 0).sum(axis=1), found.sizes)
    assert np.array_equal((steps >= 0).mean(axis=0), found.activation_prob)
    assert np.allclose(np.bincount(steps[steps >= 0]) / 60, found.by_step)
    assert np.all(steps[:, [5, 7]] == 0)
    assert simulate(model, [5, 7], n_runs=60, rng=3).playback.shape == (0, 80)


def test_quantiles_and_shares_above():
    model, _ = model_of("bow tie", "array")
    found = simulate(model, 2, n_runs=999, quantiles=[0, 0.3, 1], rng=3)
    assert found.quantiles == {q: np.quantile(found.sizes, q) for q in (0, 0.3, 1)}
    for x in (0, 1, 2.5, 7):
        assert found.share_above(x) == sum(size > x for size in found.sizes.tolist()) / 999
    with pytest.raises(ParameterError, match=r"quantiles must be in \[0, 1\], got 1.5"):
        simulate(model, 2, quantiles=[1.5])


def test_simulation_runs_until_the_error_is_small_enough():
    model, arcs = model_of("bow tie", "array")
    for seeds in ([2], {"a": [2], "b": [6]}):
        found = simulate(model, seeds, rel_error=0.02, rng=3)
        several = found.values() if isinstance(seeds, dict) else [found]
        for one in several:
            assert (one.interval[1] - one.interval[0]) / 2 <= 0.02 * one.mean
            assert one.n_runs in [512 << k for k in range(16)]
            assert one.params["rel_error"] == 0.02
    one = simulate(model, [2], rel_error=0.02, rng=3)
    assert one.n_runs > 512
    fixed = simulate(model, [2], n_runs=one.n_runs, rng=3)
    assert np.array_equal(fixed.sizes, one.sizes)
    assert one.interval[0] < fixed.interval[0] < fixed.interval[1] < one.interval[1]  # a level for all rounds
    assert one.interval[0] <= naive.spread_of(7, arcs, [2]) <= one.interval[1]
    with pytest.raises(ConvergenceError, match=r"rel_error=0\.001 was not reached: .* after 1,024 runs"):
        simulate(model, [2], rel_error=0.001, max_runs=2000, rng=1)
    with pytest.raises(ParameterError, match="one of n_runs and rel_error"):
        simulate(model, [2], rel_error=0.1, n_runs=10)


def test_differences_are_taken_run_by_run_and_cover_as_often_as_they_say():
    model, arcs = model_of("bow tie", "array")
    exact = naive.spread_of(7, arcs, [2, 4]) - naive.spread_of(7, arcs, [2])
    held = narrower = 0
    for rng in range(300):
        found = simulate(model, [[2], [2, 4]], n_runs=200, confidence=0.9, rng=rng)
        gap = found.difference(1, 0)
        assert gap.mean == pytest.approx(found[1].mean - found[0].mean)
        held += gap.interval[0] <= exact <= gap.interval[1]
        narrower += gap.std_error < math.hypot(found[0].std_error, found[1].std_error)
    assert 0.84 * 300 <= held <= 0.96 * 300  # 3.4 standard deviations around 0.9
    assert narrower == 300
    with pytest.raises(ParameterError, match="no seed set 'c'; there are 0, 1"):
        found.difference(0, "c")
    assert found.to_frame()["mean"].tolist() == [found[0].mean, found[1].mean]
    assert list(found) == [0, 1]


@pytest.mark.parametrize("p", [0.0, 1.0, 1e-300, 1 - 2**-53])
def test_extreme_probabilities(p):
    graph = graph_of(5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    found = spread(IndependentCascade(graph, prob=p), n_samples=2000, rng=1)
    reach = [1, 2, 3, 4, 5] if p > 0.5 else [1] * 5
    low, high = found.interval
    assert np.all((low <= reach) & (reach <= high))
    runs = simulate(IndependentCascade(graph, prob=p), 4, n_runs=100, rng=1)
    assert runs.mean == reach[4]


def test_a_long_chain_counts_every_step():
    n = 3000
    graph = graph_of(n, list(pairwise(range(n))))
    found = simulate(IndependentCascade(graph, prob=1.0), n - 1, n_runs=2, rng=1)
    assert found.by_step.tolist() == [1.0] * n


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    for name, kernel in KERNELS.items():
        if name.startswith(("swayrank.kernels.cascade.", "swayrank.kernels.skips.")):
            assert len(kernel.signatures) <= 1, name


# -- the model ---------------------------------------------------------------------------------------------------------


def test_weighted_cascade_is_one_over_the_number_followed():
    model, arcs = model_of("bow tie", "weighted_cascade")
    assert model.probabilities().tolist() == [float(p) for _, _, p in arcs]


def test_without_prob_the_probability_column_counts_else_weighted_cascade():
    u, v = [0, 1], [1, 2]
    assert IndependentCascade(Graph.from_edges(u, v)).params["prob"] == "weighted_cascade"
    learned = Graph.from_edges(u, v, columns={"probability": [0.3, 0.4], "trust": [1, 0]})
    assert IndependentCascade(learned).probabilities().tolist() == [0.3, 0.4]
    assert IndependentCascade(learned, prob="trust").probabilities().tolist() == [1.0, 0.0]
    assert spread(learned, n_samples=10, rng=1).params["prob"] == "probability"


def test_prob_and_weights_as_functions_of_the_columns():
    u, v = [0, 1, 1], [1, 2, 0]
    graph = Graph.from_edges(u, v, columns={"trust": [0.5, 0.25, 0.125], "age": [2, 4, 8]})
    names = []

    def halved(columns):
        names.append(sorted(columns))
        return columns["trust"] * (np.asarray(columns["age"]) > 2)

    model = IndependentCascade(graph, prob=halved)
    assert names == [["age", "trust"]]
    expected = (np.asarray(graph.column("trust")) * (np.asarray(graph.column("age")) > 2)).tolist()
    assert model.probabilities().tolist() == expected
    assert model.params["prob"] == "function"
    threshold = LinearThreshold(graph, weights=halved)
    assert threshold.probabilities().tolist() == expected
    assert threshold.params["weights"] == "function"
    assert np.array_equal(
        simulate(model, 1, n_runs=500, rng=1).sizes,
        simulate(IndependentCascade(graph, prob=expected), 1, n_runs=500, rng=1).sizes,
    )
    with pytest.raises(ParameterError, match=r"what prob\(columns\) gives must have shape \(3,\)"):
        IndependentCascade(graph, prob=lambda columns: [0.5])
    with pytest.raises(ParameterError, match=r"what weights\(columns\) gives must be in \[0, 1\] for every arc"):
        LinearThreshold(graph, weights=lambda columns: [0.5, 2, 0.5])


def test_weights_of_one_follower_sum_up_to_at_most_one():
    graph = Graph.from_edges(["bob", "cem", "cem"], ["ada", "ada", "bob"], columns={"trust": [1.0, 0.5, 0.625]})
    with pytest.raises(
        ParameterError, match=r"at most 1, got 1\.125 for the 2 accounts that 'cem' follows \(1 account in all\)"
    ):
        LinearThreshold(graph, weights="trust")
    many = Graph.from_edges([0] * 10, range(1, 11))
    for weight in (0.1, 0.1 + 9e-11):  # a sum of 1, as rounded as it comes
        assert LinearThreshold(many, weights=[weight] * 10).params["weights"] == "array"
    with pytest.raises(ParameterError, match=r"at most 1, got 1\.00000001 "):
        LinearThreshold(many, weights=[0.1 + 1e-9] * 10)
    with pytest.raises(ParameterError, match=r"weights must be an array of shape \(3,\), or one of 'uniform', 'trust'"):
        LinearThreshold(graph, weights="trsut")
    with pytest.raises(ParameterError, match=r"weights must be in \[0, 1\] for every arc, got -0.5"):
        LinearThreshold(graph, weights=[1, 0.5, -0.5])
    with pytest.raises(ParameterError, match="LinearThreshold needs a Graph"):
        LinearThreshold([1])


@pytest.mark.parametrize("kind", [IndependentCascade, LinearThreshold])
def test_wrong_sharing_and_steps(kind):
    graph = Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    for wrong in (1.5, -0.1, math.nan):
        with pytest.raises(ParameterError, match=r"sharing must be in \[0, 1\]"):
            kind(graph, sharing=wrong)
    with pytest.raises(ParameterError, match=r"sharing must be in \[0, 1\] for every account, got 2 for 'ada'"):
        kind(graph, sharing=[1.0, 2.0, 0.5])
    with pytest.raises(ParameterError, match=r"sharing must have shape \(3,\), one per account, got \(2,\)"):
        kind(graph, sharing=[1.0, 1.0])
    with pytest.raises(ParameterError, match=r"sharing\['ada'\] must be in \[0, 1\]"):
        kind(graph, sharing={"ada": 3})
    with pytest.raises(ParameterError, match="sharing must hold a probability"):
        kind(graph, sharing=["often"] * 3)
    with pytest.raises(UnknownAccountError, match="dan"):
        kind(graph, sharing={"dan": 0.5})
    for steps in (-1, 1.5, "two"):
        with pytest.raises(ParameterError, match="max_steps must be"):
            kind(graph, max_steps=steps)
    model = kind(graph, sharing={"bob": 0.25}, max_steps=3)
    assert model.shares.tolist() == [0.25, 1.0, 1.0]
    assert (model.params["sharing"], model.params["max_steps"]) == ("per account", 3)
    assert kind(graph, sharing=0.5).params["sharing"] == 0.5


def test_an_account_that_never_shares_reaches_only_itself():
    for rule in RULES:
        model, _ = model_of("complete", rule, sharing={2: 0.0})
        assert simulate(model, 2, n_runs=50, rng=1).mean == 1.0
        assert spread(model, n_samples=2000, rng=1).values[2] == 1.0


def test_trivalency_draws_three_values_equally_often():
    graph = random_graph(3000, 30_000, 2)
    model = IndependentCascade(graph, prob="trivalency", rng=7)
    values, counts = np.unique(model.probabilities(), return_counts=True)
    assert values.tolist() == [0.001, 0.01, 0.1]
    expected = graph.n_edges / 3
    assert ((counts - expected) ** 2 / expected).sum() < 18.4  # chi-square with 2 degrees of freedom, 1e-4
    again = IndependentCascade(graph, prob="trivalency", rng=7).probabilities()
    assert np.array_equal(again, model.probabilities())
    assert not np.array_equal(IndependentCascade(graph, prob="trivalency", rng=8).probabilities(), again)
    assert len(model.params["prob_rng"]) == 32


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.0000001, math.inf])
def test_a_value_that_is_no_probability_names_its_arc(bad):
    graph = Graph.from_edges(["ada", "bob", "bob"], ["bob", "ada", "eve"])
    p = np.array([0.5, bad, 0.5])
    with pytest.raises(
        ParameterError, match=r"prob must be in \[0, 1\] for every arc, got .* 'bob' -> 'ada' \(1 arc in"
    ):
        IndependentCascade(graph, prob=p)
    with pytest.raises(ParameterError, match="the column 'p' must be in"):
        IndependentCascade(Graph.from_edges(["ada"], ["bob"], columns={"p": [2]}), prob="p")
    with pytest.raises(ParameterError, match=r"prob must be in \[0, 1\]"):
        IndependentCascade(graph, prob=bad)


def test_other_wrong_probabilities():
    graph = Graph.from_edges(["ada"], ["bob"], columns={"trust": [0.5]})
    with pytest.raises(ParameterError, match=r"shape \(1,\).*got \(2,\)"):
        IndependentCascade(graph, prob=[0.1, 0.2])
    with pytest.raises(ParameterError, match=r"'weighted_cascade', 'trivalency', 'trust'.* got 'trsut'"):
        IndependentCascade(graph, prob="trsut")
    with pytest.raises(ParameterError, match="a probability for every arc"):
        IndependentCascade(graph, prob=["often"])
    with pytest.raises(ParameterError, match="spread needs a Graph, got a list"):
        spread([1, 2, 3])


def test_seeds_by_name_and_wrong_ones():
    graph = Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    model = IndependentCascade(graph, prob=0.5)
    with pytest.raises(UnknownAccountError, match="dan"):
        simulate(model, ["ada", "dan"])
    with pytest.raises(ParameterError, match="at least one"):
        simulate(model, [])
    with pytest.raises(ParameterError, match="n_runs"):
        simulate(model, "ada", n_runs=1)
    with pytest.warns(SwayrankWarning, match="1 of 3 seeds"):
        twice = simulate(model, ["ada", "bob", "ada"], n_runs=500, rng=1)
    assert twice.seeds == ("ada", "bob")
    assert twice.params["repeated_seeds"] == 1
    assert twice.mean == simulate(model, ["ada", "bob"], n_runs=500, rng=1).mean


def test_the_registry_knows_spread():
    graph = Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    found = measure(graph, "spread", n_samples=1000, rng=3)
    assert found.top(1)[0][0] == "ada"
    assert found.value("ada") == pytest.approx(3.0, abs=0.2)
    assert found.provenance["measure"] == "spread"
    assert found.params["delta"] == 0.05
