"""Independent Cascade against exact enumeration of all worlds: simulate, spread, their intervals, and their kernels."""

from __future__ import annotations

import importlib
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from swayrank.errors import ConvergenceError, ParameterError, SwayrankWarning, UnknownAccountError
from swayrank.graph import Graph
from swayrank.kernels.cascade import pack_rows, row_skips, rr_counts, rr_counts_lanes
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.measures.propagation import IndependentCascade, simulate, spread
from swayrank.measures.propagation.models import row_probability
from swayrank.measures.registry import measure
from tests.oracles import naive_propagation as naive
from tests.zoo import ZOO

spread_module = importlib.import_module("swayrank.measures.propagation.spread")

CASES = {name: (n, arcs) for name, (n, arcs) in ZOO.items() if name not in ("duplicates", "self-loops")}
RULES = ("weighted_cascade", "constant", "array")


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def model_of(name, rule):
    """A model of a zoo graph, and its arcs with probabilities for the oracle."""
    n, arcs = CASES[name]
    graph = graph_of(n, arcs)
    u, v = (ends.tolist() for ends in graph.edges())
    if rule == "weighted_cascade":
        return IndependentCascade(graph, prob=rule), naive.weighted_cascade(list(zip(u, v, strict=True)))
    if rule == "constant":
        return IndependentCascade(graph, prob=0.4), [(a, b, 0.4) for a, b in zip(u, v, strict=True)]
    p = [(0.0, 0.25, 0.7, 1.0, 0.5)[(3 * a + 2 * b) % 5] for a, b in zip(u, v, strict=True)]
    return IndependentCascade(graph, prob=p), list(zip(u, v, p, strict=True))


@cache
def truth_of(name, rule):
    model, arcs = model_of(name, rule)
    return naive.spread_of_all(model.graph.n_nodes, arcs)


def random_graph(n, m, seed):
    draw = np.random.default_rng(seed)
    return graph_of(n, list({(int(a), int(b)) for a, b in draw.integers(0, n, (m, 2)) if a != b}))


# -- against enumeration -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_spread_of_every_account_is_the_enumerated_one(name, rule):
    model, _ = model_of(name, rule)
    exact = np.array(truth_of(name, rule))
    found = spread(model, n_samples=40_000, delta=1e-4, rng=11)
    low, high = found.interval
    assert np.all((low <= exact + 1e-12) & (exact <= high + 1e-12))
    q = (exact - 1) / len(exact)
    assert np.all(np.abs(found.values - exact) <= 4.5 * len(exact) * np.sqrt(q * (1 - q) / 40_000) + 1e-12)
    assert np.all((low >= 1) & (low <= found.values) & (found.values <= high) & (high <= len(exact)))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_simulation_is_the_enumeration(name, rule):
    model, arcs = model_of(name, rule)
    n = model.graph.n_nodes
    seeds = sorted({n - 1, n // 2})
    runs = 20_000
    found = simulate(model, seeds, n_runs=runs, rng=5)
    exact = np.array(naive.activation(n, arcs, seeds))
    assert np.all(np.abs(found.activation_prob - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / runs) + 1e-12)
    assert abs(found.mean - exact.sum()) <= 4.5 * found.std_error + 1e-12
    steps = np.zeros(n)
    steps[: found.by_step.size] = found.by_step
    assert np.allclose(steps, naive.by_step(n, arcs, seeds), atol=4.5 * n / math.sqrt(runs) / 2)
    assert found.by_step[0] == len(seeds)
    assert math.isclose(found.by_step.sum(), found.mean)
    assert math.isclose(found.activation_prob.sum(), found.mean)


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
    low, high = spread_module.clopper_pearson(np.array([hits]), n_trials, alpha)
    expected = naive.outside_limits(hits, n_trials, alpha)
    assert (float(low[0]), float(high[0])) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_limits_far_out_in_the_tail():
    """At the levels that a million accounts need, checked by the forward distribution."""
    from scipy.stats import binom

    alpha, hits, n_trials = 0.05 / 2e7, 23, 10**8
    low, high = spread_module.clopper_pearson(np.array([hits]), n_trials, alpha)
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


def test_the_same_bits_in_another_process(other_process):
    model, _ = model_of("bow tie", "array")
    assert np.array_equal(
        spread(model, n_samples=9000, rng=7, engine=other_process).values, spread(model, n_samples=9000, rng=7).values
    )


def test_a_longer_sample_begins_with_the_shorter_one():
    model, _ = model_of("complete", "constant")
    short, long = (spread(model, n_samples=k, rng=7) for k in (2048, 4096))
    hits_short, hits_long = ((m.values - 1) * m.params["n_samples"] / 4 for m in (short, long))
    assert np.all(hits_long >= hits_short)
    assert spread(model, n_samples=2048, rng=8).values.tolist() != short.values.tolist()


# -- kernels -----------------------------------------------------------------------------------------------------------


def kernel_arrays(n, seed, rows):
    """Random rows of which some are even, certain, impossible, or mixed."""
    draw = np.random.default_rng(seed)
    degree = draw.integers(0, 2 * rows, n)
    degree[0] = 40 * rows if n > 40 * rows else degree[0]
    indptr = np.concatenate(([0], np.cumsum(degree))).astype(np.uint64)
    indices = draw.integers(0, n, int(indptr[-1])).astype(np.uint32)
    p = draw.random(indices.size) ** 3
    for v in range(n):
        row = slice(int(indptr[v]), int(indptr[v + 1]))
        kind = draw.random()
        if kind < 0.7:
            p[row] = (0.0, 1.0, 0.9 / rows, 0.5 / rows, 0.2)[int(kind / 0.14)]
    skip = row_skips(row_probability(indptr, p))
    rows_packed = np.empty(2 * n + 1, np.uint64)
    for array in (indptr, indices, p, skip):
        array.flags.writeable = False
    pack_rows(indptr, skip, rows_packed)
    rows_packed.flags.writeable = False
    return indptr, indices, skip, p, rows_packed


def both(arrays, first, last):
    indptr, indices, skip, p, rows = arrays
    hits = np.zeros((2, skip.size), np.uint32)
    item = (np.uint64(5), np.uint64(6), np.uint64(3), np.uint64(first), np.uint64(last))
    plain = rr_counts(indptr, indices, skip, p, *item, hits[0])
    lanes = rr_counts_lanes(rows, indices, p, *item, hits[1])
    return plain, lanes, hits


def test_interleaved_sets_are_the_plain_ones_item_by_item():
    arrays = kernel_arrays(200, 1, 3)
    assert np.isnan(arrays[2]).any()
    assert (arrays[2] == np.inf).any()
    assert (arrays[2] == 0).any()
    for item in range(300 if JIT_ENABLED else 20):
        plain, lanes, hits = both(arrays, item, item + 1)
        assert plain == lanes
        assert np.array_equal(hits[0], hits[1])


@pytest.mark.skipif(not JIT_ENABLED, reason="too slow in plain Python")
@pytest.mark.parametrize(("n", "rows"), [(50, 2), (3000, 5), (5000, 6), (20_000, 4)])
def test_interleaved_counts_are_the_plain_ones(n, rows):
    arrays = kernel_arrays(n, n, rows)
    plain, lanes, hits = both(arrays, 100, 3100)
    assert plain == lanes
    assert np.array_equal(hits[0], hits[1])
    if n >= 3000:
        assert plain[1] > 256, "no set outgrew its first room"


def test_interleaving_changes_no_bit_of_the_measure(monkeypatch):
    model = IndependentCascade(random_graph(500, 3000, 5), prob="weighted_cascade")
    plain = spread(model, n_samples=5000, rng=7)
    monkeypatch.setattr(spread_module, "_INTERLEAVE_FROM", 100)
    lanes = spread(model, n_samples=5000, rng=7)
    assert "one set at a time" in plain.params["sampler"]
    assert "16 sets interleaved" in lanes.params["sampler"]
    assert np.array_equal(plain.values, lanes.values)
    assert plain.params["largest_set"] == lanes.params["largest_set"]


@pytest.mark.slow
@pytest.mark.skipif(not JIT_ENABLED, reason="too slow in plain Python")
def test_a_degree_above_two_to_the_24_and_sets_that_are_the_whole_graph():
    """Everybody follows account 0, which follows everybody, for certain."""
    n = 2**24 + 3
    indptr = np.concatenate(([0], np.arange(n - 1, 2 * n - 1))).astype(np.uint64)
    indices = np.zeros(2 * n - 2, np.uint32)
    indices[: n - 1] = np.arange(1, n)
    skip, rows = np.zeros(n), np.empty(2 * n + 1, np.uint64)
    p = np.empty(0)
    for array in (indptr, indices, skip, p):
        array.flags.writeable = False
    pack_rows(indptr, skip, rows)
    rows.flags.writeable = False
    plain, lanes, hits = both((indptr, indices, skip, p, rows), 0, 2)
    assert plain == lanes == (2 * n, n)
    assert np.array_equal(hits[0], hits[1])
    assert int(hits[0].sum()) == 2 * (n - 1)


def test_jumps_and_draws_per_arc_follow_the_same_law():
    """Rows whose arcs differ by a hair are drawn one by one; both must agree with simulation of neither kind."""
    graph = random_graph(60, 240, 9)
    even = spread(IndependentCascade(graph, prob=0.15), n_samples=100_000, rng=1)
    hair = 0.15 + 1e-12 * (np.arange(graph.n_edges) % 2)
    mixed = spread(IndependentCascade(graph, prob=hair), n_samples=100_000, rng=2)
    assert mixed.params["sampler"].startswith("draw per arc")
    assert even.params["sampler"].startswith("geometric")
    gap = np.abs(even.values - mixed.values)
    assert np.all(gap <= 4.5 * np.hypot(even.std_error, mixed.std_error) + 1e-12)


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
        if name.startswith("swayrank.kernels.cascade."):
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
