"""Experiments: plans keep what they promise, and lifts are measured with intervals that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.kernels import jit
from swayrank.measures.community.detect import Communities
from swayrank.validation.experiment import plan_experiment
from swayrank.validation.lift import measure_lift
from swayrank.validation.power import Noise, accounts_for, effect_for, intraclass_correlation, power_for
from tests.oracles import naive_experiment as naive

NAMES = [f"a{k}" for k in range(200)]


def skewed(n, seed, sigma=1.0):
    return np.random.default_rng(seed).lognormal(1.0, sigma, n)


# -- power -------------------------------------------------------------------------------------------------------------


def test_accounts_of_the_textbook():
    """64 in each arm see half a standard deviation with power 0.8 (Cohen 1988), 394 a fifth."""
    for effect, n in ((0.5, 128), (0.2, 787)):
        plan = plan_experiment(list(range(1000)), effect=effect, power=0.8, rng=1)
        assert plan.n_treatment + plan.n_control == pytest.approx(n, abs=1)
        assert plan.params["computed"] == "n_accounts"


@pytest.mark.parametrize("share", [0.5, 0.2, 0.9])
@pytest.mark.parametrize("lift", [0.02, 0.1])
def test_power_of_many_accounts_is_normal(share, lift):
    baseline = skewed(20_000, 1)
    plan = plan_experiment(list(range(20_000)), baseline=baseline, lift=lift, share=share, rng=1)
    expected = naive.power_normal(20_000, share, lift, baseline.mean(), baseline.std(ddof=1), 0.05)
    assert plan.power == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("mean", [0.0, 2.0])
@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("design", [(1.0, 1.0), (3.0, 20.0)])
def test_number_lift_and_power_follow_from_each_other(mean, share, design):
    noise = Noise(mean, 1.5, *design, share, 0.05)
    for n in (200, 5000):
        effect = effect_for(noise, n, 0.8)
        assert power_for(noise, n, effect) == pytest.approx(0.8, abs=1e-9)
        assert accounts_for(noise, effect, 0.8) == pytest.approx(n, abs=1)


def test_few_clusters_are_judged_by_students_distribution():
    """Ten clusters: 8 degrees of freedom, quantiles 2.306 and 0.889 (Bloom 1995)."""
    noise = Noise(0.0, 1.0, 1.0, 20.0, 0.5, 0.05)
    assert effect_for(noise, 200, 0.8) == pytest.approx((2.306 + 0.8889) * math.sqrt(4 / 200), rel=1e-4)


def test_where_no_lift_is_large_enough():
    baseline = np.zeros(40)
    baseline[0] = 1000.0
    plan = plan_experiment(list(range(40)), baseline=baseline, share=0.1, rng=1)
    assert math.isinf(plan.effect)
    assert "none is large enough" in repr(plan)


@pytest.mark.parametrize("clusters", [None, np.arange(400) // 4])
def test_simulation_agrees_with_the_formula(clusters):
    rng = np.random.default_rng(3)
    of_cluster = 0 if clusters is None else rng.normal(0, 1, 100)[clusters]
    baseline = 20 + rng.normal(0, 3, 400) + of_cluster
    asked = {"baseline": baseline, "clusters": clusters, "rng": 5}
    for lift in (0.03, 0.05):
        by_formula = plan_experiment(list(range(400)), lift=lift, **asked)
        counted = plan_experiment(list(range(400)), lift=lift, method="simulation", n_runs=4000, **asked)
        assert counted.power == pytest.approx(by_formula.power, abs=0.03)  # the standard error is below 0.008
    by_formula = plan_experiment(list(range(400)), power=0.7, **asked)
    counted = plan_experiment(list(range(400)), power=0.7, method="simulation", n_runs=4000, **asked)
    assert counted.lift == pytest.approx(by_formula.lift, rel=0.03)
    by_formula = plan_experiment(list(range(400)), power=0.7, lift=0.06, **asked)
    counted = plan_experiment(list(range(400)), power=0.7, lift=0.06, method="simulation", n_runs=4000, **asked)
    n, m = (plan.n_treatment + plan.n_control for plan in (by_formula, counted))
    assert m == pytest.approx(n, rel=0.1)


def test_intraclass_correlation():
    rng = np.random.default_rng(2)
    sizes = [1, 2, 5, 9, 3]
    groups = [list(rng.normal(k, 1, size)) for k, size in enumerate(sizes)]
    values, of = np.concatenate(groups), np.repeat(np.arange(5), sizes)
    assert intraclass_correlation(values, of) == pytest.approx(naive.icc(groups))
    assert intraclass_correlation(np.array([1.0, 3, 1, 3]), np.array([0, 0, 1, 1])) == 0
    assert intraclass_correlation(np.ones(4), np.array([0, 0, 1, 1])) == 0
    assert intraclass_correlation(np.arange(4.0), np.arange(4)) == 0


def test_design_effect_of_clusters():
    values = np.repeat(skewed(50, 4), 4) + np.random.default_rng(1).normal(0, 1, 200)
    plan = plan_experiment(NAMES, baseline=values, clusters=np.arange(200) // 4, rng=1)
    assert plan.icc == pytest.approx(naive.icc(values.reshape(50, 4).tolist()))
    assert plan.noise.design_effect == pytest.approx(1 + 3 * plan.icc)
    assert plan.effect > plan_experiment(NAMES, baseline=values, rng=1).effect
    known = plan_experiment(NAMES, clusters=np.arange(200) // 4, icc=0.1, rng=1)
    assert known.noise.design_effect == pytest.approx(1.3)


def test_earlier_outcomes_take_off_what_they_explain():
    rng = np.random.default_rng(6)
    before = rng.normal(10, 2, 200)
    baseline = before + rng.normal(0, 1, 200)
    plain = plan_experiment(NAMES, baseline=baseline, rng=1)
    less = plan_experiment(NAMES, baseline=baseline, before=before, rng=1)
    rho = np.corrcoef(baseline, before)[0, 1]
    assert less.correlation == pytest.approx(rho)
    assert less.noise.std == pytest.approx(plain.noise.std * math.sqrt(1 - rho**2))
    told = plan_experiment(NAMES, baseline=baseline, correlation=rho, rng=1)
    assert told.effect == pytest.approx(less.effect)


# -- assignment --------------------------------------------------------------------------------------------------------


def test_the_order_of_rows_changes_nothing():
    values = skewed(200, 1)
    order = np.random.default_rng(1).permutation(200)
    clusters = {name: k % 40 for k, name in enumerate(NAMES)}
    mixed = [NAMES[i] for i in order]
    for extra in ({}, {"clusters": clusters}, {"n_accounts": 100}, {"method": "simulation"}):
        one = plan_experiment(NAMES, baseline=values, rng=3, **extra)
        other = plan_experiment(mixed, baseline=values[order], rng=3, **extra)
        assert set(one.treatment) == set(other.treatment)
        assert set(one.control) == set(other.control)
        assert (one.effect, one.noise, one.icc) == (other.effect, other.noise, other.icc)
    assert set(one.treatment) != set(plan_experiment(NAMES, baseline=values, rng=4).treatment)


@pytest.mark.parametrize("share", [0.5, 0.3])
def test_strata_are_treated_alike(share):
    plan = plan_experiment(dict(zip(NAMES, skewed(200, 1), strict=True)), share=share, n_strata=5, rng=1)
    assert len(plan.strata) == 5
    for s in range(5):
        arms = plan.arm[plan.stratum == s]
        assert arms.size == 40
        assert abs(np.count_nonzero(arms == 1) - share * arms.size) <= 1
    assert abs(plan.n_treatment - share * 200) <= 1


def test_every_account_has_the_same_chance():
    """Also in strata too small for both arms: quotas are rounded from one random start."""
    words = {name: "xxxxyyz"[k] for k, name in enumerate(NAMES[:7])}
    runs = 2000
    treated, inside = np.zeros(7), np.zeros(7)
    for run in range(runs):
        plan = plan_experiment(NAMES[:7], stratify=words, share=0.3, n_accounts=5, rng=run)
        treated += plan.arm == 1
        inside += plan.arm >= 0
        assert plan.n_treatment + plan.n_control == 5
    error = 4 * math.sqrt(0.25 / runs)
    assert np.abs(inside / runs - 5 / 7).max() < error
    assert np.abs(treated / runs - 0.3 * 5 / 7).max() < error


def test_strata_of_words_tiers_and_unknown_numbers():
    plan = plan_experiment(NAMES[:20], stratify=["x", None] * 10, rng=1)
    assert plan.strata == ("(none)", "x")
    tiers = sr.peer_tiers({name: 10 ** (2 + k % 4) for k, name in enumerate(NAMES[:40])})
    assert plan_experiment(NAMES[:40], stratify=tiers, rng=1).strata == ("micro", "mid", "nano")
    holes = np.where(np.arange(40) % 4 == 0, np.nan, np.arange(40.0))
    plan = plan_experiment(NAMES[:40], stratify=holes, n_strata=2, rng=1)
    assert plan.strata[-1] == "without value"
    assert np.count_nonzero(plan.stratum == 2) == 10


def test_clusters_are_assigned_whole():
    label = np.repeat(np.arange(25), 8)
    plan = plan_experiment(NAMES, baseline=skewed(200, 2), clusters=label, n_strata=3, rng=1)
    for c in range(25):
        assert len(set(plan.arm[label == c])) == 1
    assert {plan.n_treatment, plan.n_control} == {96, 104}
    communities = Communities(
        np.where(label < 20, label, -1), np.full(20, 8), sr.Ids.from_values(NAMES), modularity=0.0
    )
    plan = plan_experiment(NAMES, baseline=skewed(200, 2), clusters=communities, rng=1)
    assert len(set(plan.cluster.tolist())) == 20 + 40
    assert list(plan.to_frame().columns) == ["account", "arm", "stratum", "cluster"]


def test_scores_measures_graphs_and_logs():
    town = sr.generate("town", n=200, rng=7)
    scores = sr.score(town.graph, town.events, rng=7)
    plan = plan_experiment(
        scores, baseline=town.events, outcome="distinct_engagers", start="2026-03-05", graph=town.graph, rng=1
    )
    counted = sr.distinct_engagers(town.events.after("2026-03-05"))
    assert plan.noise.mean == pytest.approx(counted.values.sum() / len(scores.ids))
    assert plan.strata[0].startswith("score ")
    assert plan_experiment(sr.in_degree(town.graph), effect=1.0, rng=1).strata[0].startswith("in_degree ")
    assert len(plan_experiment(town.graph, effect=1.0, rng=1).ids) == 200
    again = plan_experiment(list(scores.ids), effect=1.0, stratify=scores, rng=1)
    assert (again.stratum == plan.stratum).all()
    again = plan_experiment(list(scores.ids), effect=1.0, stratify=sr.in_degree(town.graph), rng=1)
    assert again.strata[0].startswith("in_degree ")


def test_interference_by_hand():
    """t is treated, c is not; c follows t; f follows both, h only c; x is nobody's business."""
    graph = sr.Graph.from_edges(["c", "f", "f", "h", "c"], ["t", "t", "c", "c", "x"])
    plan = next(
        plan
        for plan in (plan_experiment(["t", "c", "p", "q"], effect=9.0, graph=graph, rng=k) for k in range(100))
        if set(plan.treatment) == {"t", "p"}
    )
    assert plan.exposure.n_known == 1
    assert plan.exposure.treated_neighbours == pytest.approx(1 / 4)  # of t, f, h, x
    assert plan.exposure.shared_followers == pytest.approx(1 / 2)  # of f, h
    assert "interference  25 %" in repr(plan)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n_accounts": 10, "effect": 1.0, "power": 0.8}, "give two of n_accounts"),
        ({"lift": 0.1}, "which only a baseline tells"),
        ({"lift": 0.1, "effect": 1.0}, "give lift or effect"),
        ({"n_accounts": 201}, "at most the 200 candidates"),
        ({"effect": 0.1, "power": 0.8}, "takes .* accounts, and there are 200; with all of them an effect of 0.39"),
        ({"baseline": np.ones(3)}, r"baseline must have shape \(200,\)"),
        ({"baseline": np.full(200, np.nan)}, "at least 4 of the accounts"),
        ({"baseline": ["x"] * 200}, "baseline must hold numbers, got 'x'"),
        ({"baseline": [np.inf] * 200}, "must be finite"),
        ({"baseline": np.zeros(200), "lift": 0.1}, "a mean above 0"),
        ({"before": np.ones(200)}, "go with a baseline"),
        ({"baseline": np.ones(200), "before": np.ones(200), "correlation": 0.5}, "give before or correlation"),
        ({"clusters": np.arange(200) // 2}, "clusters need a baseline"),
        ({"clusters": np.zeros(200), "icc": 0.1}, "at least 4 clusters, got 1"),
        ({"clusters": 5}, "clusters must be a mapping"),
        ({"method": "simulation"}, "draws from a baseline"),
        ({"stratify": "age"}, "stratify must be"),
        ({"stratify": "baseline"}, "there is no baseline"),
        ({"stratify": 5}, "stratify must be .*; got 5"),
        ({"stratify": ["x", "y"] * 100, "clusters": np.arange(200) // 2, "icc": 0.1}, "the same word"),
        ({"share": 1}, "share must be in"),
        ({"graph": "follows.csv"}, "needs a Graph"),
        ({"baseline": np.ones(200), "method": "simulation", "n_runs": 10**8}, "lower n_runs"),
    ],
)
def test_plans_that_cannot_be_made(options, says):
    with pytest.raises(ParameterError, match=says):
        plan_experiment(NAMES, rng=1, **options)


def test_candidates_that_are_none():
    for accounts in ("ada", None, 5):
        with pytest.raises(ParameterError, match="accounts must be ids"):
            plan_experiment(accounts, effect=1.0)
    with pytest.raises(ParameterError, match="at least 4 accounts"):
        plan_experiment(["ada", "bob"], effect=1.0)


# -- what came of it ---------------------------------------------------------------------------------------------------


def test_stratified_difference_is_the_textbooks():
    plan = plan_experiment(dict(zip(NAMES, skewed(200, 1), strict=True)), share=0.4, rng=1)
    y = skewed(200, 2) * np.where(plan.arm == 1, 1.5, 1.0)
    rows = [(int(s), bool(a == 1), v) for s, a, v in zip(plan.stratum, plan.arm, y, strict=True)]
    effect, error = naive.stratified(rows)
    found = measure_lift(plan, y, rng=1)
    assert found.effect == pytest.approx(effect)
    assert found.std_error == pytest.approx(error)
    assert found.lift == pytest.approx(found.treated_mean / found.control_mean - 1)


def test_intervals_of_few_accounts_are_students():
    """Three in each arm: 4 degrees of freedom, quantile 2.776; in two strata of four and four: 4 again."""
    three = measure_lift(dict.fromkeys("abc", True) | dict.fromkeys("def", False), [1.0, 2, 3, 0, 1, 2], rng=1)
    assert three.effect_interval[1] - three.effect == pytest.approx(2.7764 * three.std_error, rel=1e-4)
    groups = {name: k % 2 == 0 for k, name in enumerate("abcdefgh")}
    strata = {name: k // 4 for k, name in enumerate("abcdefgh")}
    two = measure_lift(groups, [1.0, 2, 3, 5, 8, 13, 21, 34], strata=strata, rng=1)
    assert two.effect_interval[1] - two.effect == pytest.approx(2.7764 * two.std_error, rel=1e-4)


def test_clusters_errors_are_robust():
    label = np.random.default_rng(1).integers(0, 30, 200)
    plan = plan_experiment(NAMES, clusters=label, icc=0.1, stratify="none", rng=1)
    y = skewed(200, 2) + skewed(30, 3)[label]
    effect, error = naive.clustered([(c, bool(a == 1), v) for c, a, v in zip(label, plan.arm, y, strict=True)])
    found = measure_lift(plan, y, rng=1)
    assert (found.effect, found.std_error) == (pytest.approx(effect), pytest.approx(error))
    assert found.n_clusters == len(set(label))
    groups = {name: "treatment" if arm == 1 else "control" for name, arm in zip(NAMES, plan.arm, strict=True)}
    by_hand = measure_lift(groups, y, clusters=dict(zip(NAMES, label.tolist(), strict=True)), rng=1)
    assert (by_hand.effect, by_hand.std_error) == (pytest.approx(effect), pytest.approx(error))


def test_cuped_takes_off_the_slope():
    rng = np.random.default_rng(6)
    x = rng.normal(10, 2, 200)
    y = x + rng.normal(0, 1, 200)
    plan = plan_experiment(NAMES, effect=1.0, stratify="none", rng=1)
    found, plain = measure_lift(plan, y, before=x, rng=1), measure_lift(plan, y, rng=1)
    adjusted = naive.cuped(y, x)
    effect, error = naive.stratified([(0, a == 1, v) for a, v in zip(plan.arm, adjusted, strict=True)])
    assert (found.effect, found.std_error) == (pytest.approx(effect), pytest.approx(error))
    assert found.explained == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert found.std_error == pytest.approx(plain.std_error * math.sqrt(1 - found.explained), rel=0.05)
    holes = np.where(np.arange(200) < 20, np.nan, x)
    assert plain.std_error > measure_lift(plan, y, before=holes, rng=1).std_error > found.std_error


def test_randomisation_is_the_exact_test():
    treated, control = [5.0, 7, 9, 8], [4.0, 6, 3, 5, 7]
    groups = {f"t{k}": True for k in range(4)} | {f"c{k}": False for k in range(5)}
    y = {f"t{k}": v for k, v in enumerate(treated)} | {f"c{k}": v for k, v in enumerate(control)}
    exact = naive.exact_p(treated, control)
    found = measure_lift(groups, y, n_permutations=40_000, rng=1).p_value
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 40_000))
    pairs = {f"{side}{k}": k for k in range(4) for side in "tc"} | {"c4": 3}
    within = measure_lift(groups, y, strata=pairs, n_permutations=2000, rng=1)
    assert within.p_value != found


def test_permutations_stay_within_strata_and_clusters():
    """Only a permutation across strata could reach this difference; within them every assignment has it."""
    groups, strata, y = {}, {}, {}
    for s in range(2):
        for k in range(8):
            name = f"{s}-{k}"
            groups[name], strata[name], y[name] = k < (6 if s else 2), s, 10.0 * s
    assert measure_lift(groups, y, strata=strata, rng=1).p_value == 1
    assert measure_lift(groups, y, rng=1).p_value < 0.5
    clusters = {name: f"{s}{groups[name]}{int(name[2:]) % 2}" for name, s in strata.items()}
    few = measure_lift(groups, y, clusters=clusters, n_permutations=5000, rng=1)
    assert few.n_clusters == 8
    assert few.p_value > 0.05


def experiments(n_runs, lift, *, clusters=None, cuped=False, by_before=False, confidence=0.95, **asked):
    """Lifts measured in many experiments on made-up outcomes whose lift is known."""
    n = 160
    for run in range(n_runs):
        rng = np.random.default_rng([run, 9])
        talent = rng.gamma(2.0, 1.0, n)
        if clusters is not None:
            talent = talent + rng.gamma(1.0, 2.0, clusters.max() + 1)[clusters]
        before, after = rng.poisson(4 * talent).astype(float), rng.poisson(4 * talent).astype(float)
        strata = before if by_before else "none"
        plan = plan_experiment(NAMES[:n], effect=1.0, stratify=strata, clusters=clusters, rng=run, **asked)
        y = np.where(plan.arm == 1, after * (1 + lift), after)
        yield (
            after,
            measure_lift(plan, y, before=before if cuped else None, n_permutations=99, confidence=confidence, rng=run),
        )


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"cuped": True, "share": 0.3},
        {"by_before": True, "cuped": True, "n_strata": 8},
        {"clusters": np.arange(160) // 5, "icc": 0.1},
    ],
    ids=["accounts", "cuped", "strata", "clusters"],
)
def test_intervals_cover_and_chance_is_seldom_taken_for_a_lift(how):
    lift = 0.4
    n_runs = 300
    by_effect = by_lift = 0
    for after, found in experiments(n_runs, lift, confidence=0.9, **how):
        by_effect += found.effect_interval[0] <= lift * after.mean() <= found.effect_interval[1]
        by_lift += found.lift_interval[0] <= lift <= found.lift_interval[1]
    assert by_effect >= 0.86 * n_runs  # 0.9 less 2.3 standard errors; Neyman's variance is on the safe side
    assert by_lift >= 0.86 * n_runs
    seen = unlikely = 0
    for _, found in experiments(n_runs, 0.0, confidence=0.9, **how):
        assert found.is_seen == (found.lift_interval[0] > 0 or found.lift_interval[1] < 0)
        seen += found.is_seen
        unlikely += found.p_value <= 0.1
    assert 0.05 * n_runs <= seen <= 0.14 * n_runs
    assert 0.05 * n_runs <= unlikely <= 0.14 * n_runs


def test_ignoring_clusters_would_take_chance_for_lifts():
    clusters = np.arange(160) // 20
    wrong = sum(
        measure_lift(
            dict(zip(NAMES, np.repeat(np.random.default_rng(run).permutation(8) < 4, 20).tolist(), strict=False)),
            np.random.default_rng([run, 1]).normal(0, 1, 8)[clusters]
            + np.random.default_rng([run, 2]).normal(0, 1, 160),
            n_permutations=1,
            rng=1,
        ).is_seen
        for run in range(100)
    )
    assert wrong > 30


@pytest.mark.parametrize(("cuped", "lift"), [(False, 0.35), (True, 0.15)])
def test_power_is_as_planned(cuped, lift):
    n, n_runs = 200, 300
    rng = np.random.default_rng(5)
    talent = rng.gamma(2.0, 1.0, 20_000)
    past, earlier = rng.poisson(4 * talent).astype(float), rng.poisson(4 * talent).astype(float)
    whole = plan_experiment(
        list(range(20_000)), baseline=past, before=earlier if cuped else None, n_accounts=n, lift=lift, rng=1
    )
    seen = 0
    for run in range(n_runs):
        rows = np.random.default_rng([run, 3]).integers(0, 20_000, n)
        plan = plan_experiment(list(range(n)), effect=1.0, stratify="none", rng=run)
        y = past[rows] * np.where(plan.arm == 1, 1 + lift, 1.0)
        found = measure_lift(plan, y, before=earlier[rows] if cuped else None, n_permutations=1, rng=run)
        seen += found.effect_interval[0] > 0
    assert 0.5 < whole.power < 0.99
    assert seen / n_runs == pytest.approx(whole.power, abs=0.07)


def test_missing_outcomes_are_left_out_and_told():
    plan = plan_experiment(NAMES, effect=1.0, rng=1)
    y = dict(zip(NAMES, skewed(200, 2), strict=True))
    for name in [*plan.treatment[:3], *plan.control[:5]]:
        del y[name]
    found = measure_lift(plan, y, rng=1)
    assert found.n_missing == (3, 5)
    assert (found.n_treatment, found.n_control) == (97, 95)
    assert "missing     3 in treatment, 5 in control" in repr(found)


def test_small_strata_are_taken_together():
    words = ["big"] * 16 + ["one", "two", "two"]
    plan = plan_experiment(NAMES[:19], stratify=words, effect=1.0, rng=1)
    found = measure_lift(plan, skewed(19, 1), rng=1)
    assert found.params["strata"] == 1
    assert found.n_treatment + found.n_control == 19


def test_outcomes_from_a_log():
    rows = [("x", "repost", f"a{k}", "2026-02-01") for k in range(20) for _ in range(1 + k % 3)]
    rows += [("x", "repost", "a0", "2025-12-01")] * 50 + [("x", "like", "a1", "2026-02-01")] * 50
    names = ("actor", "action", "target", "time")
    log = sr.Events.from_frame(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    groups = {f"a{k}": k % 2 == 0 for k in range(20)} | {"silent": True, "mute": False}
    found = measure_lift(groups, log, start="2026-01-01", rng=1)
    assert found.treated_mean == pytest.approx(sum(1 + k % 3 for k in range(0, 20, 2)) / 11)
    assert measure_lift(groups, log, outcome="engagement_received", rng=1).control_mean > 5
    assert measure_lift(groups, log, outcome="engagement_received", end="2026-01-01", rng=1).control_mean == 0
    with pytest.raises(ParameterError, match="outcome must be one of 'reposts_received'"):
        measure_lift(groups, log, outcome="fame")
    for call in (
        lambda: measure_lift(groups, log, before=log),
        lambda: plan_experiment(list(groups), baseline=log, before=log),
    ):
        with pytest.raises(ParameterError, match="before must be a Measure, mapping or array, got Events"):
            call()
    with pytest.raises(ParameterError, match="go with outcomes that are Events"):
        measure_lift(groups, {"a1": 1.0}, start="2026-01-01")


def test_words_for_people():
    groups = {f"t{k}": "treatment" for k in range(50)} | {f"c{k}": "control" for k in range(50)}
    noise = np.random.default_rng(1).normal(0, 1, 50)
    up = measure_lift(groups, np.concatenate([11.2 + noise, 10 + noise]), rng=1)
    assert up.words.startswith("+12 % (")
    down = measure_lift(groups, np.concatenate([9 + noise, 10 + noise]), rng=1)
    assert down.words.startswith("-10 % (-1")
    chance = measure_lift(groups, np.concatenate([10.05 + noise, 10 + noise]), rng=1)
    assert chance.words.startswith("no lift can be told from chance; the experiment could have seen 5.1 %")
    assert chance.words.endswith(" % or more")
    odd = measure_lift(groups, np.concatenate([noise + 5, noise - 5]), rng=1)
    assert odd.words.startswith("+10 per account (")
    assert math.isnan(odd.lift)
    assert list(up.to_frame()["what"]) == ["treatment", "control", "difference", "lift"]


def test_relative_limits_have_no_end_where_the_control_mean_may_be_0():
    groups = {f"t{k}": True for k in range(10)} | {f"c{k}": False for k in range(10)}
    y = np.concatenate([np.linspace(-5, 6, 10), np.linspace(-5, 6, 10)])
    assert measure_lift(groups, y, rng=1).lift_interval == (-math.inf, math.inf)


def test_one_account_that_makes_most_of_it_is_told():
    y = np.ones(200) + np.random.default_rng(1).normal(0, 0.1, 200)
    assert "caution" not in repr(plan_experiment(NAMES, baseline=y, rng=1))
    y[7] = 100.0
    plan = plan_experiment(NAMES, baseline=y, rng=1)
    assert plan.concentration > 0.9
    assert "caution       one account holds" in repr(plan)
    found = measure_lift(plan, y, rng=1)
    assert found.concentration > 0.9
    assert "one account makes" in repr(found)


def test_nothing_varies():
    groups = {f"t{k}": True for k in range(10)} | {f"c{k}": False for k in range(10)}
    same = measure_lift(groups, np.ones(20), before=np.ones(20), rng=1)
    assert (same.effect, same.p_value, same.is_seen) == (0, 1, False)


def test_the_same_bits_on_any_engine(any_engine):
    plan = plan_experiment(NAMES, effect=1.0, rng=1)
    y = skewed(200, 2)
    one, other = measure_lift(plan, y, rng=1, threads=1), measure_lift(plan, y, rng=1, **any_engine)
    assert one.p_value == other.p_value
    order = np.random.default_rng(1).permutation(200)
    groups = {NAMES[i]: bool(plan.arm[i] == 1) for i in order}
    values = {NAMES[i]: y[i] for i in order[::-1]}
    straight = {name: groups[name] for name in NAMES}
    a, b = measure_lift(groups, values, rng=1), measure_lift(straight, values, rng=1)
    assert (a.effect, a.std_error, a.p_value) == (b.effect, b.std_error, b.p_value)


@pytest.mark.parametrize(
    ("plan", "outcomes", "options", "says"),
    [
        ("plan.csv", np.ones(4), {}, "plan must be an ExperimentPlan"),
        ({}, np.ones(0), {}, "plan must be an ExperimentPlan"),
        ({"a": "maybe"}, np.ones(1), {}, "got 'maybe' of 'a'"),
        ({"a": True, "b": False}, np.ones(2), {}, "at least two measured accounts"),
        ({"a": True, "b": True, "c": True}, np.ones(3), {}, "got 3 in treatment and 0 in control"),
        ({"a": True, "b": True, "c": False, "d": False}, np.full(4, np.nan), {}, "got 0 in treatment and 0"),
        (
            {"a": True, "b": True, "c": False, "d": False},
            np.ones(4),
            {"clusters": {"a": 1, "c": 1}},
            "every cluster must be in one arm",
        ),
        ({"a": True, "b": True, "c": False, "d": False}, np.ones(4), {"before": {"a": 1.0}}, "at least 4 of the meas"),
        ({"a": True, "b": True, "c": False, "d": False}, np.ones(4), {"confidence": 1}, "confidence must be in"),
    ],
)
def test_lifts_that_cannot_be_measured(plan, outcomes, options, says):
    with pytest.raises(ParameterError, match=says):
        measure_lift(plan, outcomes, rng=1, **options)


def test_a_plan_has_its_own_strata():
    plan = plan_experiment(NAMES, effect=1.0, rng=1)
    with pytest.raises(ParameterError, match="a plan has its own"):
        measure_lift(plan, np.ones(200), strata={"a0": 1})


def test_every_kernel_has_one_signature():
    for name, kernel in jit.KERNELS.items():
        if name.startswith("swayrank.kernels.assign."):
            assert len(getattr(kernel, "signatures", [0])) <= 1, name
