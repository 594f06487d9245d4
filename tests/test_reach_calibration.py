"""Reach: predicted against real sizes of cascades, with closed forms, and right where the model is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

import swayrank as sr
from swayrank.validation import reach as module
from swayrank.validation.reach import calibrate_reach
from tests.cascades import independent_cascades, log_of, random_graph

QUICK = {"n_runs": 200, "n_replicates": 200, "rng": 7}


def test_a_star_reaches_what_it_must():
    """1 + 10 / 5 accounts from the author, 1 from a follower; the range of a binomial number."""
    followers = [f"f{i}" for i in range(10)]
    graph = sr.Graph.from_edges(followers, ["a"] * 10)
    posts = {k: {"a": 100 * k, **dict.fromkeys(followers[: k % 4], 100 * k + 1)} for k in range(8)} | {9: {"f3": 900}}
    found = calibrate_reach(graph, log_of(posts), prob=0.2, split=None, n_runs=20_000, n_replicates=200, rng=7)
    assert found.predicted[:8] == pytest.approx(np.full(8, 3.0), abs=0.05)
    assert found.std_error[0] == pytest.approx(math.sqrt(1.6 / 20_000), rel=0.05)
    assert (found.lowest[0], found.highest[0]) == (1, 6)  # Binomial(10, 0.2): P(0) = 0.107, P(> 5) = 0.006
    assert (found.predicted[8], found.lowest[8], found.highest[8], found.real[8]) == (1.0, 1, 1, 1)
    assert found.real.tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    assert found.ratio == pytest.approx(found.predicted.sum() / 21)
    assert found.within == 1.0


def test_sizes_agree_with_simulate():
    graph = random_graph(60, 4, (0.1, 0.4), 1)
    posts = independent_cascades(graph, 30, 2)
    found = calibrate_reach(graph, log_of(posts), split=None, n_runs=4000, n_replicates=20, rng=7)
    for i in (0, 11, 29):
        root = min(posts[f"p{i}"], key=posts[f"p{i}"].get)
        told = sr.simulate(sr.IndependentCascade(graph), [root], n_runs=4000, rng=8)
        assert found.predicted[i] == pytest.approx(told.mean, abs=5 * (found.std_error[i] + told.std_error))


def test_the_truth_is_right_and_other_probabilities_are_not():
    """The ratio's interval holds, the range holds at least 95 % of the sizes, and reach ranks."""
    held = low = high = 0
    inside, n = 0.0, 0
    for trial in range(6):
        graph = random_graph(200, 5, (0.0, 0.25), trial)
        truth = graph.column("probability")
        events = log_of(independent_cascades(graph, 300, trial))
        found = calibrate_reach(graph, events, split=None, **QUICK)
        held += found.ratio_interval[0] <= 1 <= found.ratio_interval[1]
        inside += found.within * found.real.size
        n += found.real.size
        low += calibrate_reach(graph, events, prob=truth / 2, split=None, **QUICK).ratio_interval[1] < 1
        high += calibrate_reach(graph, events, prob=np.minimum(truth * 2, 1), split=None, **QUICK).ratio_interval[0] > 1
        assert found.rank_interval[0] < found.rank_correlation < found.rank_interval[1]
        assert found.rank_correlation > 0
    assert held >= 4
    assert inside / n >= 0.94
    assert (low, high) == (6, 6)


def test_rank_correlation_is_spearmans():
    graph = random_graph(50, 4, (0.1, 0.4), 1)
    found = calibrate_reach(graph, log_of(independent_cascades(graph, 40, 2)), split=None, **QUICK)
    assert found.rank_correlation == pytest.approx(spearmanr(found.predicted, found.real).statistic, rel=1e-12)


def test_bins_partition_the_posts_by_prediction():
    graph = random_graph(50, 4, (0.1, 0.4), 1)
    found = calibrate_reach(graph, log_of(independent_cascades(graph, 60, 2)), split=None, n_bins=6, **QUICK)
    order = np.argsort(found.predicted, kind="stable")
    ends = np.cumsum(found.bins["posts"]).astype(int)
    assert ends[-1] == 60
    for j, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        block = order[begin:end]
        assert found.bins["predicted"][j] == pytest.approx(found.predicted[block].mean())
        assert found.bins["real"][j] == pytest.approx(found.real[block].mean())
        assert found.bins["low"][j] <= found.bins["real"][j] <= found.bins["high"][j]


def test_seeds_are_the_first_adopters_and_all_of_the_first_instant():
    graph = sr.Graph.from_edges(["c", "d", "e"], ["a", "b", "c"])
    posts = {1: {"a": 0, "b": 0, "c": 5}, 2: {"a": 10, "c": 11, "e": 12}, 3: {"d": 20}}
    one = calibrate_reach(graph, log_of(posts), prob=1.0, split=None, **QUICK)
    assert one.seeds.tolist() == [2, 1, 1]
    assert one.predicted.tolist() == [5.0, 3.0, 1.0]
    assert one.real.tolist() == [3, 3, 1]
    two = calibrate_reach(graph, log_of(posts), prob=1.0, split=None, n_seeds=2, **QUICK)
    assert (two.real.tolist(), two.seeds.tolist(), two.predicted.tolist()) == ([3, 3], [2, 2], [5.0, 3.0])
    assert two.params["left_out"] == 1


def test_held_out_posts_alone_are_judged_and_the_learner_sees_the_rest():
    graph = random_graph(50, 4, (0.1, 0.4), 1)
    posts = independent_cascades(graph, 50, 2)
    seen = []

    def learn(given, known):
        seen.append(int(known.time.max()))
        return given

    found = calibrate_reach(graph, log_of(posts), prob=learn, split=0.8, **QUICK)
    assert found.real.tolist() == [len(posts[f"p{k}"]) for k in range(40, 50)]
    assert seen[0] < 40 * 1_000_000 * 1_000_000


def test_threads_change_no_bit(any_engine, monkeypatch):
    monkeypatch.setattr(module, "_SETS_PER_CHUNK", 3)
    graph = random_graph(50, 4, (0.1, 0.4), 1)
    events = log_of(independent_cascades(graph, 30, 2))
    one = calibrate_reach(graph, events, split=None, threads=1, **QUICK)
    two = calibrate_reach(graph, events, split=None, **QUICK, **any_engine)
    for name in ("predicted", "std_error", "lowest", "highest"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert (one.ratio_interval, one.within) == (two.ratio_interval, two.within)


def test_small_cases():
    graph = sr.Graph.from_edges(["b"], ["a"])
    found = calibrate_reach(graph, log_of({1: {"a": 0, "b": 1}}), prob=1.0, split=None, **QUICK)
    assert (found.ratio, found.within) == (1.0, 1.0)
    assert math.isnan(found.rank_correlation)
    none = calibrate_reach(graph, log_of({1: {"a": 0, "b": 1}}), prob=1.0, split=None, n_seeds=5, **QUICK)
    assert (none.real.size, none.params["left_out"]) == (0, 1)
    assert "0 posts" in str(none)
    with pytest.raises(sr.ParameterError, match="n_runs must be"):
        calibrate_reach(graph, log_of({1: {"a": 0}}), n_runs=1)
