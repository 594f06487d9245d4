"""Metrics of rankings: against definitions that try every order of equals, and over drawn accounts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from swayrank._rng import resolve_rng
from swayrank.engines import resolve_engine
from swayrank.kernels.random import JUDGED
from swayrank.kernels.rankings import draw_copies
from swayrank.validation.metrics import DEPTHS, interval, judge_rankings, metric_names
from tests.oracles import naive_rankings as naive

KEY = resolve_rng(5)
NAN = math.nan
SMALL = {
    "none tied": ([3, 1, 2, 5, 4], [0, 1, 5, 2, 7]),
    "tied values": ([2, 2, 1, 1, 1, 3], [4, 0, 2, 2, 0, 1]),
    "tied truth": ([6, 5, 4, 3, 2, 1], [1, 1, 1, 0, 0, 0]),
    "both tied": ([1, 1, 2, 2, 2, 0], [1, 0, 1, 1, 0, 3]),
    "missing values": ([NAN, 2, NAN, 1, NAN], [1, 2, 0, 4, 1]),
    "missing is below the lowest": ([NAN, -5.0, 3], [1, 2, 3]),
    "constant": ([7, 7, 7, 7], [1, 0, 2, 5]),
    "all missing": ([NAN] * 4, [1, 0, 2, 5]),
    "equal truth": ([1, 2, 3, 4], [2, 2, 2, 2]),
    "one account": ([1.0], [3]),
    "two accounts": ([1, 2], [1, 0]),
    "one has it all": ([1, 2, 3, 4], [0, 9, 0, 0]),
    "backwards": ([5, 4, 3, 2, 1], [1, 2, 3, 4, 5]),
    "parts of numbers": ([0.1, 0.3, 0.2], [0.5, 0.25, 1.75]),
}


def judged(rankings, truth, k=3, n_replicates=0, names=None, **more):
    truth = np.asarray(truth, np.float64)
    names = np.arange(truth.size, dtype=np.uint64) * 7919 + 13 if names is None else names
    more = {"runner": resolve_engine("local", 1), "key": KEY} | more
    arrays = {name: np.asarray(values, np.float64) for name, values in rankings.items()}
    return judge_rankings(arrays, truth, names, k=k, n_replicates=n_replicates, **more)


def copies_of(names, replicate):
    copies = np.empty(names.size, np.uint64)
    draw_copies(KEY.hi, KEY.lo, np.uint64(JUDGED), np.uint64(replicate), names, copies)
    return copies.astype(int).tolist()


@pytest.mark.parametrize("k", [1, 2, 3, 9])
@pytest.mark.parametrize(("values", "truth"), SMALL.values(), ids=SMALL)
def test_every_metric_by_its_definition(values, truth, k):
    depths = (0.1, 0.25, 0.5, 1.0)
    found = judged({"a": values}, truth, k, depths=depths, elsewhere=1.5).values[0]
    expected = [naive.spearman(values, truth), naive.kendall_tau_b(values, truth)]
    expected += [naive.ndcg(values, truth, k), naive.precision(values, truth, k)]
    expected += [naive.cut(values, truth, depth, elsewhere=1.5) for depth in depths]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [2, 10, 300])
def test_correlations_are_those_of_scipy(n):
    from scipy.stats import kendalltau, spearmanr

    draw = np.random.default_rng(n)
    for spread in (3, 1000):
        values, truth = draw.integers(0, spread, n) + 0.5, draw.poisson(2, n).astype(float)
        if n == 2:
            values, truth = np.array([1.0, 2.0]), np.array([5.0, 1.0])
        found = judged({"a": values}, truth).values[0]
        assert found[0] == pytest.approx(spearmanr(values, truth).statistic, abs=1e-12)
        assert found[1] == pytest.approx(kendalltau(values, truth).statistic, abs=1e-12)


def test_perfect_and_random_rankings():
    truth = np.arange(200.0) ** 2
    found = judged({"perfect": truth, "backwards": -truth, "random": np.zeros(200)}, truth, k=50).values
    assert found[0, :4].tolist() == [1, 1, 1, 1]
    assert found[1, :2].tolist() == [-1, -1]
    assert found[1, 3] == 0
    assert found[2, :2].tolist() == [0, 0]
    assert found[2, 3] == pytest.approx(50 / 200)  # the chance to be among the first
    np.testing.assert_allclose(found[2, 4:], DEPTHS, rtol=1e-12)  # a random x % takes x % of everything


@pytest.mark.parametrize("seed", range(4))
def test_a_replicate_is_the_metric_of_the_accounts_drawn(seed):
    draw = np.random.default_rng(seed)
    n, k = 9, 4
    values = [draw.integers(0, 5, n).astype(float), draw.permutation(n).astype(float), np.full(n, NAN)]
    truth = draw.poisson(1.0, n).astype(float)
    truth[0] = 4
    names = draw.integers(0, 2**63, n).astype(np.uint64)
    found = judged(dict(zip("abc", values, strict=True)), truth, k, 12, names, depths=(0.3,), elsewhere=2.0)
    checked = 0
    for r in range(1, 13):
        copies = copies_of(names, r)
        much = naive.expanded(truth, copies)
        if not any(much) or len(much) > 10:  # nothing to find; too many orders to try
            continue
        checked += 1
        for m, ranking in enumerate(values[:2]):
            drawn = naive.expanded(ranking, copies)
            got = found.replicates[r, m]
            assert got[0] == pytest.approx(naive.spearman(drawn, much), abs=1e-12)
            assert got[2] == pytest.approx(naive.ndcg(drawn, much, k), rel=1e-12)
            assert got[3] == pytest.approx(naive.precision(drawn, much, k), rel=1e-12)
            assert got[4] == pytest.approx(naive.cut(drawn, much, 0.3, elsewhere=2.0), rel=1e-12)
    assert checked >= 4


def test_replicates_of_kendall_are_close_to_recomputed_ones():
    from scipy.stats import kendalltau

    draw = np.random.default_rng(3)
    n, many = 400, 60
    values = draw.normal(size=n)
    truth = draw.poisson(np.exp(0.8 * values)).astype(float)
    names = draw.integers(0, 2**63, n).astype(np.uint64)
    found = judged({"a": values}, truth, 10, many, names).replicates[1:, 0, 1]
    exact = np.array(
        [
            kendalltau(naive.expanded(values, copies), naive.expanded(truth, copies)).statistic
            for copies in (copies_of(names, r) for r in range(1, many + 1))
        ]
    )
    assert np.corrcoef(found, exact)[0, 1] > 0.99
    assert np.median(np.abs(found - exact)) < 0.1 * exact.std()
    assert np.abs(found - exact).max() < 0.6 * exact.std()
    assert found.std() == pytest.approx(exact.std(), rel=0.1)


def test_copies_are_poisson_and_the_same_for_every_ranking():
    names = np.random.default_rng(1).integers(0, 2**63, 20_000).astype(np.uint64)
    assert set(copies_of(names, 0)) == {1}
    copies = np.array(copies_of(names, 1))
    assert copies.mean() == pytest.approx(1, abs=0.03)
    assert copies.var() == pytest.approx(1, abs=0.05)
    assert abs(np.corrcoef(copies, copies_of(names, 2))[0, 1]) < 0.03
    found = judged({"a": names % 97, "b": names % 97}, names % 13, n_replicates=5, names=names).replicates
    assert np.array_equal(found[:, 0], found[:, 1])


def test_the_same_bits_on_any_engine(any_engine):
    draw = np.random.default_rng(2)
    rankings = {"a": draw.normal(size=300), "b": draw.integers(0, 4, 300)}
    truth = draw.gamma(0.5, size=300)
    plain = judged(rankings, truth, 20, 40)
    engine = any_engine.get("engine") or resolve_engine("local", any_engine["threads"])
    assert np.array_equal(judged(rankings, truth, 20, 40, runner=engine).replicates, plain.replicates)


def test_the_order_of_the_accounts_changes_no_bit():
    draw = np.random.default_rng(4)
    n = 500
    rankings = {"a": draw.normal(size=n), "b": draw.integers(0, 4, n).astype(float)}
    truth, names = draw.gamma(0.3, size=n), draw.integers(0, 2**63, n).astype(np.uint64)
    plain = judged(rankings, truth, 20, 10, names).replicates
    for _ in range(3):
        p = draw.permutation(n)
        again = judged({name: values[p] for name, values in rankings.items()}, truth[p], 20, 10, names[p])
        assert np.array_equal(again.replicates, plain)


def test_other_rankings_beside_it_change_no_bit_of_one():
    draw = np.random.default_rng(6)
    a, b, truth = draw.normal(size=(3, 100))
    both = judged({"a": a, "b": b}, truth**2, n_replicates=9).replicates
    assert np.array_equal(judged({"b": b}, truth**2, n_replicates=9).replicates[:, 0], both[:, 1])


def test_without_kendall_the_rest_is_the_same():
    draw = np.random.default_rng(7)
    a, truth = draw.normal(size=(2, 100))
    whole = judged({"a": a}, truth**2, n_replicates=3).replicates
    less = judged({"a": a}, truth**2, n_replicates=3, kendall=False).replicates
    assert (less[:, :, 1] == 0).all()
    assert np.array_equal(np.delete(less, 1, axis=2), np.delete(whole, 1, axis=2))


def test_no_truth_has_no_share():
    found = judged({"a": [1, 2, 3]}, [0, 0, 0]).values[0]
    assert found[:2].tolist() == [0, 0]
    assert np.isnan(found[2:]).all()


def test_small_draws_stay_within_bounds():
    """Kendall's replicates are linear, so that those of few accounts would leave [-1, 1]."""
    for n in (1, 2, 3, 4):
        found = judged({"a": np.arange(n)}, np.arange(n) + 1.0, n_replicates=200).replicates
        known = found[~np.isnan(found)]
        assert np.isfinite(known).all()
        assert known.min() >= -1
        assert known.max() <= 1 + 1e-12


def test_interval_of_replicates():
    draws = np.concatenate(([[99.0, NAN]], np.column_stack([np.arange(101.0), np.full(101, NAN)])))
    low, high = interval(draws, 0.9)
    assert (low[0], high[0]) == pytest.approx((5, 95))
    assert np.isnan([low[1], high[1]]).all()
    assert np.isnan(interval(draws[:1], 0.9)).all()
    assert [float(end) for end in interval(draws[:, 0], 0.9)] == pytest.approx([5, 95])


def test_names_of_metrics_go_with_the_figures():
    assert judged({"a": [1, 2]}, [1, 2], k=7).metrics == metric_names(7)
    assert len(metric_names(7)) == judged({"a": [1, 2]}, [1, 2]).values.shape[1]
