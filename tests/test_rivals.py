"""Rival campaigns against enumeration of all worlds, and against one campaign alone."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

from swayrank.errors import ParameterError, SwayrankWarning, UnknownAccountError
from swayrank.graph import Graph
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.measures.propagation.models import IndependentCascade
from swayrank.measures.propagation.rivals import simulate_rivals
from tests.oracles import naive_epidemics as naive
from tests.oracles import naive_propagation
from tests.zoo import ZOO

RUNS = 30_000 if JIT_ENABLED else 1000
SIGMAS = 4.5
CASES = {name: case for name, case in ZOO.items() if case[0] >= 4 and name not in ("duplicates", "self-loops")}
BRAID = (7, [(2, 0), (3, 0), (3, 1), (4, 1), (5, 2), (5, 3), (5, 4), (6, 5), (4, 6), (2, 1)])
"""0 and 1 fight for 2, 3, 4; these for 5, over up to three arcs at once; 6 follows 5."""
CASES["braid"] = BRAID


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def model_of(name, rule):
    """A model of a small graph, and its arcs with probabilities for the oracle."""
    n, arcs = CASES[name]
    graph = graph_of(n, arcs)
    u, v = (ends.tolist() for ends in graph.edges())
    if rule == "weighted_cascade":
        return IndependentCascade(graph, prob=rule), naive_propagation.weighted_cascade(list(zip(u, v, strict=True)))
    if rule == "constant":
        return IndependentCascade(graph, prob=0.5), [(a, b, 0.5) for a, b in zip(u, v, strict=True)]
    p = [(0.0, 0.25, 0.7, 1.0, 0.5)[(3 * a + 2 * b) % 5] for a, b in zip(u, v, strict=True)]
    return IndependentCascade(graph, prob=p), list(zip(u, v, p, strict=True))


def random_graph(n, m, seed):
    draw = np.random.default_rng(seed)
    return graph_of(n, list({(int(a), int(b)) for a, b in draw.integers(0, n, (m, 2)) if a != b}))


def near(found, exact, runs=RUNS):
    found, exact = np.asarray(found, float), np.asarray(exact, float)
    return np.all(np.abs(found - exact) <= SIGMAS * np.sqrt(np.maximum(exact * (1 - exact), 0) / runs) + 1e-9)


def same(one, other):
    return (
        one.mean == other.mean
        and one.interval == other.interval
        and one.share == other.share
        and all(np.array_equal(one.sizes[c], other.sizes[c]) for c in one.sizes)
        and all(np.array_equal(one.activation_prob[c], other.activation_prob[c]) for c in one.sizes)
    )


# -- against enumeration -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tie", ["random", "first"])
@pytest.mark.parametrize("rule", ["weighted_cascade", "constant", "array"])
@pytest.mark.parametrize("name", CASES)
def test_rivals_are_the_enumeration(name, rule, tie):
    model, arcs = model_of(name, rule)
    n = model.graph.n_nodes
    seeds = [[n - 1], [0, 2]] if name != "braid" else [[1], [0]]
    exact, share = naive.rivals(n, arcs, seeds, tie)
    found = simulate_rivals(model, {"b": seeds[0], "a": seeds[1]}, tie=tie, n_runs=RUNS, rng=3)
    for c, campaign in enumerate(("b", "a")):
        assert near(found.activation_prob[campaign], exact[c])
        assert abs(found.mean[campaign] - sum(exact[c])) <= SIGMAS * found.std_error[campaign] + 1e-9
        assert abs(found.share[campaign] - share[c]) <= SIGMAS * 0.5 / math.sqrt(RUNS)
        assert math.isclose(found.activation_prob[campaign].sum(), found.mean[campaign])
        assert found.sizes[campaign].mean() == found.mean[campaign]
    reached = naive_propagation.activation(n, arcs, seeds[0] + seeds[1])
    assert near(sum(found.activation_prob.values()), reached)
    assert math.isclose(sum(found.share.values()), 1)


@pytest.mark.parametrize("tie", ["random", "first"])
def test_three_campaigns(tie):
    model, arcs = model_of("braid", "constant")
    exact, _ = naive.rivals(7, arcs, [[1], [6], [0]], tie)
    found = simulate_rivals(model, {"one": 1, "two": 6, "three": 0}, tie=tie, n_runs=RUNS, rng=4)
    assert all(near(p, e) for p, e in zip(found.activation_prob.values(), exact, strict=True))


def test_each_attempt_is_equally_likely_not_each_campaign():
    """Account 5 is reached at step 1 by four arcs of one campaign and one of the other: 4/5, and so on down."""
    graph = graph_of(6, [(5, v) for v in range(5)])
    model = IndependentCascade(graph, prob=1.0)
    for k in (1, 2, 3, 4):
        found = simulate_rivals(model, {"few": range(k), "rest": range(k, 5)}, n_runs=RUNS, rng=k)
        assert near(found.activation_prob["few"][5], Fraction(k, 5))


def test_ties_of_different_accounts_are_independent():
    """Two accounts that the same two rivals reach at the same step: one each in half of the runs."""
    graph = graph_of(4, [(2, 0), (2, 1), (3, 0), (3, 1)])
    found = simulate_rivals(IndependentCascade(graph, prob=1.0), {"a": 0, "b": 1}, n_runs=RUNS, rng=2)
    assert near(np.bincount(found.sizes["a"], minlength=4)[1:] / RUNS, [0.25, 0.5, 0.25])


def test_a_shorter_way_beats_any_number_of_longer_ones():
    graph = graph_of(6, [(5, 0), (2, 1), (3, 1), (4, 1), (5, 2), (5, 3), (5, 4)])
    found = simulate_rivals(IndependentCascade(graph, prob=1.0), {"far": 1, "near": 0}, tie="first", n_runs=100, rng=2)
    assert found.mean == {"far": 4.0, "near": 2.0}


# -- against one campaign alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["weighted_cascade", "constant", "array"])
def test_with_the_rival_on_an_isolated_account_it_is_the_plain_cascade(rule):
    model, arcs = model_of("bow tie", rule)
    n, (u, v) = model.graph.n_nodes, model.graph.edges()
    wider = Graph.from_edges(u, v, n_nodes=n + 1)
    apart = IndependentCascade(wider, prob=model.probabilities())
    found = simulate_rivals(apart, {"real": [2, 5], "nobody": [n]}, n_runs=RUNS, rng=6)
    assert near(found.activation_prob["real"][:n], naive_propagation.activation(n, arcs, [2, 5]))
    assert found.mean["nobody"] == 1
    assert found.interval["nobody"] == (1.0, 1.0)
    assert found.std_error["nobody"] == 0


def test_all_together_reach_the_same_accounts_whoever_owns_the_seeds():
    """The campaigns divide, world by world, what all seeds would reach, and ties neither add nor lose an account."""
    model = IndependentCascade(random_graph(300, 1800, 3), prob=0.15)
    settings = {"n_runs": 300 if JIT_ENABLED else 20, "rng": 5}
    totals = [
        sum(simulate_rivals(model, seeds, tie=tie, **settings).sizes.values())
        for seeds in ({"a": [1, 2], "b": [3, 4]}, {"a": [3], "b": [4, 2, 1]}, {"a": 1, "b": 2, "c": 3, "d": 4})
        for tie in ("random", "first")
    ]
    assert all(np.array_equal(totals[0], total) for total in totals[1:])
    assert totals[0].std() > 0


def test_names_and_orders_do_not_matter_where_ties_are_random():
    model = IndependentCascade(random_graph(200, 1600, 8), prob=0.3)
    settings = {"n_runs": 200 if JIT_ENABLED else 10, "rng": 1}
    one = simulate_rivals(model, {"a": [1, 2], "b": [3, 4]}, **settings)
    other = simulate_rivals(model, {"y": [4, 3], "x": [2, 1]}, **settings)
    assert np.array_equal(one.sizes["a"], other.sizes["x"])
    assert np.array_equal(one.activation_prob["b"], other.activation_prob["y"])
    assert one.sizes["a"].std() > 0


def test_more_seeds_never_lose_an_account_in_any_world():
    """Where the own campaign wins ties, a further seed brings accounts nearer to it, and none nearer to the rival."""
    model = IndependentCascade(random_graph(200, 1000, 8), prob=0.2)
    settings = {"tie": "first", "n_runs": 300 if JIT_ENABLED else 20, "rng": 1}
    less = simulate_rivals(model, {"a": [1], "b": [3, 4]}, **settings)
    more = simulate_rivals(model, {"a": [1, 7], "b": [3, 4]}, **settings)
    assert np.all(more.sizes["a"] >= less.sizes["a"])
    assert np.all(more.sizes["b"] <= less.sizes["b"])
    assert more.mean["a"] > less.mean["a"]


def test_jumps_and_draws_per_arc_follow_the_same_law():
    graph = random_graph(60, 300, 9)
    seeds = {"a": [0, 1], "b": [2, 3]}
    even = simulate_rivals(IndependentCascade(graph, prob=0.2), seeds, n_runs=RUNS, rng=1)
    hair = 0.2 + 1e-12 * (np.arange(graph.n_edges) % 2)
    mixed = simulate_rivals(IndependentCascade(graph, prob=hair), seeds, n_runs=RUNS, rng=2)
    for c in seeds:
        assert abs(even.mean[c] - mixed.mean[c]) <= SIGMAS * math.hypot(even.std_error[c], mixed.std_error[c])
        p = (even.activation_prob[c] + mixed.activation_prob[c]) / 2
        gap = np.abs(even.activation_prob[c] - mixed.activation_prob[c])
        assert np.all(gap <= SIGMAS * np.sqrt(2 * p * (1 - p) / RUNS) + 1e-9)


def test_the_models_steps_and_sharing_hold():
    graph = graph_of(5, [(1, 0), (2, 1), (3, 2)])
    short = simulate_rivals(IndependentCascade(graph, prob=1.0, max_steps=2), {"a": 0, "b": 4}, n_runs=10, rng=1)
    assert short.mean == {"a": 3.0, "b": 1.0}
    none = simulate_rivals(IndependentCascade(graph, prob=1.0, max_steps=0), {"a": 0, "b": 4}, n_runs=10, rng=1)
    assert none.mean == {"a": 1.0, "b": 1.0}
    shy = IndependentCascade(graph, prob=1.0, sharing=[1.0, 0.5, 0.5, 0.0, 1.0])
    found = simulate_rivals(shy, {"a": 0, "b": 4}, n_runs=RUNS, rng=1)
    assert near(found.activation_prob["a"], [1, 1, 0.5, 0.25, 0])


# -- differences and intervals -----------------------------------------------------------------------------------------


def test_a_difference_is_taken_run_by_run():
    model, arcs = model_of("braid", "constant")
    found = simulate_rivals(model, {"a": 0, "b": 1}, n_runs=RUNS, rng=9)
    exact, _ = naive.rivals(7, arcs, [[0], [1]], "random")
    gap = found.difference("a", "b")
    runs = found.sizes["a"] - found.sizes["b"]
    assert math.isclose(gap.mean, found.mean["a"] - found.mean["b"], abs_tol=1e-12)
    assert math.isclose(gap.std_error, runs.std(ddof=1) / math.sqrt(RUNS))
    assert abs(gap.mean - (sum(exact[0]) - sum(exact[1]))) < SIGMAS * gap.std_error
    assert gap.std_error > 1.1 * math.hypot(found.std_error["a"], found.std_error["b"])  # what one wins the other loses
    back = found.difference("b", "a")
    assert back.mean == -gap.mean
    assert back.interval == pytest.approx((-gap.interval[1], -gap.interval[0]))
    assert found.difference("a", "a").interval == (0.0, 0.0)
    with pytest.raises(ParameterError, match="campaign must be one of 'a', 'b', got 'c'"):
        found.difference("a", "c")


def test_intervals_cover_as_often_as_they_say():
    model, arcs = model_of("braid", "constant")
    exact, _ = naive.rivals(7, arcs, [[0], [1]], "random")
    truth = sum(exact[0]), sum(exact[0]) - sum(exact[1])
    times = 400 if JIT_ENABLED else 0
    held = np.zeros(2)
    for rng in range(times):
        found = simulate_rivals(model, {"a": 0, "b": 1}, n_runs=200, confidence=0.9, rng=rng)
        limits = found.interval["a"], found.difference("a", "b").interval
        held += [low <= true <= high for (low, high), true in zip(limits, truth, strict=True)]
    assert np.all((held >= 0.85 * times) & (held <= 0.95 * times))  # 3.3 standard deviations around 0.9


def test_runs_that_all_agree_do_not_pretend_to_be_certain():
    graph = Graph.from_edges(["c", "d"], ["a", "b"])
    found = simulate_rivals(IndependentCascade(graph, prob=1e-6), {"x": "a", "y": "b"}, n_runs=50, rng=1)
    assert found.mean == {"x": 1.0, "y": 1.0}
    assert found.interval["x"][0] == 1.0
    assert 1 + 1e-6 < found.interval["x"][1] < 1.1
    gap = found.difference("x", "y")
    assert -0.1 < gap.interval[0] < -1e-6
    assert 1e-6 < gap.interval[1] < 0.1


def test_what_a_campaign_can_reach_ends_at_its_rivals():
    graph = graph_of(4, [(1, 0), (2, 1), (3, 2)])
    found = simulate_rivals(IndependentCascade(graph, prob=1e-9), {"x": 0, "y": 2}, n_runs=2, rng=1)
    most = 1 - 0.05**0.5
    assert found.interval["x"][1] == pytest.approx(1 + most * 1)  # account 1 only: 2 is y's
    assert found.interval["y"][1] == pytest.approx(1 + most * 1)


# -- determinism -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tie", ["random", "first"])
def test_the_same_bits_on_any_engine(any_engine, tie):
    model = IndependentCascade(random_graph(300, 2000, 5), prob="weighted_cascade")
    seeds, settings = (
        {"a": [3, 4], "b": [5], "c": [6, 7]},
        {"tie": tie, "n_runs": 2000 if JIT_ENABLED else 20, "rng": 7},
    )
    reference = simulate_rivals(model, seeds, threads=1, **settings)
    assert same(simulate_rivals(model, seeds, **any_engine, **settings), reference)


def test_the_same_bits_in_another_process(other_process):
    model, _ = model_of("braid", "array")
    one, other = (
        simulate_rivals(model, {"a": 0, "b": 1}, n_runs=600, rng=7, engine=e) for e in ("local", other_process)
    )
    assert same(one, other)
    assert same(pickle.loads(pickle.dumps(one)), one)
    assert not same(simulate_rivals(model, {"a": 0, "b": 1}, n_runs=600, rng=8), one)


def test_more_runs_begin_with_the_fewer():
    model, _ = model_of("braid", "constant")
    few, many = (simulate_rivals(model, {"a": 0, "b": 1}, n_runs=k, rng=7) for k in (40, 700))
    assert np.array_equal(few.sizes["a"], many.sizes["a"][:40])


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    used = {name: kernel for name, kernel in KERNELS.items() if name.startswith("swayrank.kernels.rivalry.")}
    assert used
    for name, kernel in used.items():
        assert len(kernel.signatures) <= 1, name


# -- results and errors ------------------------------------------------------------------------------------------------


def test_the_table_and_what_is_recorded():
    graph = Graph.from_edges(["cem", "dan"], ["ada", "bob"])
    seeds = {"tea": ["ada"], "\x1b[31mcoffee": "bob"}
    found = simulate_rivals(IndependentCascade(graph, prob=1.0), seeds, tie="first", n_runs=20, rng=7)
    lines = repr(found).splitlines()
    assert lines[0] == "2 campaigns, 20 runs, ties first (95 % intervals)"
    assert lines[1].split() == ["campaign", "seeds", "mean", "low", "high", "share"]
    assert lines[2].split() == ["tea", "1", "2", "1.8609", "2", "0.5000"]
    assert "\x1b" not in repr(found)
    assert len({len(line) for line in lines[1:]}) == 1
    rows = found.to_frame("pyarrow").to_pylist()
    assert [row["campaign"] for row in rows] == list(seeds)
    assert rows[0]["mean"] == 2.0
    assert (rows[0]["low"], rows[0]["high"]) == found.interval["tea"]
    assert found.seeds == {"tea": ("ada",), "\x1b[31mcoffee": ("bob",)}
    assert found.params["tie"] == "first"
    assert found.params["model"] == "independent_cascade"
    assert len(found.params["rng"]) == 32


def test_progress_counts_runs():
    told = []
    model, _ = model_of("braid", "constant")
    simulate_rivals(model, {"a": 0, "b": 1}, n_runs=600, rng=7, progress=lambda *step: told.append(step))
    assert told[-1] == ("rival cascades", 600, 600)


def test_a_graph_stands_for_its_cascade():
    graph = Graph.from_edges(["cem"], ["ada"], n_nodes=3, ids=["ada", "bob", "cem"], columns={"probability": [1.0]})
    assert simulate_rivals(graph, {"x": "ada", "y": "bob"}, n_runs=5, rng=1).mean == {"x": 2.0, "y": 1.0}


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ({"x": ["ada", "bob"], "y": ["cem", "bob"]}, "one campaign only: 'bob' is one of 'x' and of 'y'"),
        ({"x": "ada"}, r"2 to 8 campaigns, got 1; use simulate\(\.\.\.\) for one"),
        ({}, "2 to 8 campaigns, got 0"),
        ({str(i): i for i in range(9)}, "2 to 8 campaigns, got 9"),
        ({"x": [], "y": "ada"}, "campaign 'x' must be at least one account, got none"),
        ({"x": 1.5, "y": "ada"}, "campaign 'x' must be an id or ids of accounts, got 1.5"),
        (["ada", "bob"], "must map names of campaigns to accounts"),
        ({1: "ada", 2: "bob"}, "must map names of campaigns to accounts"),
    ],
)
def test_wrong_seeds(seeds, message):
    graph = Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    with pytest.raises(ParameterError, match=message):
        simulate_rivals(IndependentCascade(graph, prob=0.5), seeds)


def test_other_wrong_use():
    graph = Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    model, seeds = IndependentCascade(graph, prob=0.5), {"x": "ada", "y": "bob"}
    with pytest.raises(UnknownAccountError, match="dan"):
        simulate_rivals(model, {"x": "ada", "y": ["dan"]})
    with pytest.raises(ParameterError, match="tie must be one of 'random', 'first', got 'last'"):
        simulate_rivals(model, seeds, tie="last")
    with pytest.raises(ParameterError, match="n_runs"):
        simulate_rivals(model, seeds, n_runs=1)
    with pytest.raises(ParameterError, match="confidence"):
        simulate_rivals(model, seeds, confidence=1.0)
    with pytest.raises(ParameterError, match="model must be an IndependentCascade or a Graph, got str"):
        simulate_rivals("ada", seeds)
    with pytest.warns(SwayrankWarning, match="1 of 3 seeds"):
        twice = simulate_rivals(model, {"x": ["ada", "ada"], "y": "bob"}, n_runs=50, rng=1)
    assert twice.seeds["x"] == ("ada",)
    assert twice.params["repeated_seeds"] == 1
