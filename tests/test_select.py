"""Seed selection against brute force: bounds hold, guarantees hold, wishes are respected."""

from __future__ import annotations

import importlib
from functools import cache

import numpy as np
import pytest

import swayrank as sr
from swayrank.campaign import opim
from swayrank.campaign import oracle as questions
from swayrank.engines.local import LocalEngine
from swayrank.errors import ConvergenceError, ParameterError, UnknownAccountError
from tests.oracles import naive_campaign as naive

N, K = 7, 2
select_module = importlib.import_module("swayrank.campaign.select")


@cache
def small(seed):
    """A random graph, its model, and the exact spread of every pair."""
    draw = np.random.default_rng(seed)
    arcs = sorted({(int(a), int(b)) for a, b in draw.integers(0, N, (11, 2)) if a != b})[:9]
    p = draw.choice([0.1, 0.3, 0.5, 0.9, 1.0], len(arcs))
    graph = sr.Graph.from_edges([a for a, _ in arcs], [b for _, b in arcs], n_nodes=N, columns={"probability": p})
    triples = [(a, b, float(q)) for (a, b), q in zip(arcs, p, strict=True)]
    return sr.IndependentCascade(graph), naive.spread_of_sets(N, triples, K), triples


def exact_of(spreads, seeds):
    return spreads[tuple(sorted(int(s) for s in seeds))]


@pytest.fixture(params=["whole sets", "sentinels"])
def sampling(request, monkeypatch):
    """Both ways to sample, with first rounds so small that bounds are tight enough to fail if they were wrong."""
    monkeypatch.setattr(opim.Search, "_first_round", lambda self, scale: max(64, int(0.2 * scale)))
    if request.param == "sentinels":
        monkeypatch.setattr(opim, "_SENTINELS_FROM", 0.0)
        monkeypatch.setattr(opim, "_STOPPERS", 0.5)


def test_bounds_fail_less_often_than_delta_and_the_guarantee_holds(sampling):
    delta, graphs = 0.3, 300
    wrong_lower = wrong_upper = below = 0
    for seed in range(graphs):
        model, spreads, _ = small(seed)
        found = sr.select_seeds(model, K, delta=delta, epsilon=0.3, rng=seed)
        exact, best = exact_of(spreads, found.seeds), naive.optimum(spreads)
        wrong_lower += found.lower_bound > exact + 1e-9
        wrong_upper += found.upper_bound < best - 1e-9
        below += exact < (1 - 1 / np.e - 0.3) * best
        assert found.details["ratio"] >= 1 - 1 / np.e - 0.3
    assert wrong_lower + wrong_upper <= delta * graphs
    assert below <= delta * graphs
    assert wrong_lower + wrong_upper < 0.1 * graphs  # exact limits at a third of delta: far rarer than delta


def test_bounds_under_quotas_and_budgets():
    delta, wrong, ratios = 0.2, 0, []
    for seed in range(120):
        model, spreads, _ = small(seed)
        group = [0, 0, 0, 0, 1, 1, 1]
        found = sr.select_seeds(model, K, groups=group, quota={0: 1, 1: 1}, delta=delta, rng=seed)
        best = naive.optimum(spreads, lambda s, g=group: sum(g[i] == 0 for i in s) <= 1 and sum(g[i] for i in s) <= 1)
        wrong += found.upper_bound < best - 1e-9 or found.lower_bound > exact_of(spreads, found.seeds) + 1e-9
        ratios.append(exact_of(spreads, found.seeds) / best)
        assert sorted(group[int(i)] for i in found.seeds) in ([0], [1], [0, 1])
        cost = [3.0, 1.0, 2.0, 1.0, 2.5, 1.5, 1.0]
        found = sr.select_seeds(model, K, cost=cost, budget=3.5, delta=delta, rng=seed)
        best = naive.optimum(spreads, lambda s, c=cost: sum(c[i] for i in s) <= 3.5)
        wrong += found.upper_bound < best - 1e-9 or found.lower_bound > exact_of(spreads, found.seeds) + 1e-9
        ratios.append(exact_of(spreads, found.seeds) / best)
        assert found.cost == sum(cost[int(i)] for i in found.seeds) <= 3.5
    assert wrong <= delta * 240
    assert min(ratios) >= 0.5
    assert np.mean(ratios) > 0.97


def test_greedy_finds_the_optimum_of_most_small_graphs():
    ratios = []
    for seed in range(60):
        model, spreads, _ = small(seed)
        found = sr.select_seeds(model, K, rng=1, epsilon=0.05)
        ratios.append(exact_of(spreads, found.seeds) / naive.optimum(spreads))
        assert found.interval[0] <= exact_of(spreads, found.seeds) * 1.2
        assert found.spread == pytest.approx(exact_of(spreads, found.seeds), rel=0.2)
        assert found.curve[-1] == pytest.approx(found.spread, rel=1e-12)
        alone = exact_of(spreads, found.seeds[:1])
        assert found.marginal_gains[0] == pytest.approx(alone, rel=0.2)
    assert np.mean(ratios) > 0.985
    assert min(ratios) > 0.85


@pytest.mark.parametrize(
    "asked", [{}, {"target_reach": 5.5}, {"rivals": [0]}, {"method": "celf", "n_runs": 100}, {"value": [3.0] * 12}]
)
def test_what_seeds_add_comes_from_samples_that_had_no_part_in_the_choice(monkeypatch, asked):
    monkeypatch.setattr(opim.Search, "_first_round", lambda self, scale: 64)  # a sample so small that it flatters
    monkeypatch.setattr(opim, "_PATIENCE", 1)
    draw = np.random.default_rng(4)
    arcs = sorted({(int(a), int(b)) for a, b in draw.integers(0, 12, (40, 2)) if a != b})
    graph = sr.Graph.from_edges([a for a, _ in arcs], [b for _, b in arcs], n_nodes=12)
    model = sr.IndependentCascade(graph, prob=0.2)
    chosen, told = [], []
    for seed in range(8):
        found = sr.select_seeds(model, 4, epsilon=0.6, delta=0.5, rng=seed, **asked)
        assert found.curve[-1] == pytest.approx(found.spread, rel=1e-9)
        rivals = asked.get("rivals", [])
        prefixes = [[*rivals, *found.seeds[:j]] for j in range(len(found.seeds) + 1)]
        means = [sr.simulate(model, one, n_runs=20_000, rng=1).mean if one else 0.0 for one in prefixes]
        told.append(found.curve / found.curve[-1])
        chosen.append((np.array(means[1:]) - means[0]) / (means[-1] - means[0]))
    for one, exact in zip(told, chosen, strict=True):
        np.testing.assert_allclose(one, exact, atol=0.03)


def test_linear_threshold_seeds_by_enumeration():
    graph = sr.Graph.from_edges([1, 2, 3, 3, 4, 5], [0, 0, 1, 2, 6, 6], n_nodes=7)
    found = sr.select_seeds(sr.LinearThreshold(graph), 2, rng=3, epsilon=0.01)
    assert found.seeds == (0, 6)  # 0 activates 1 and 2, and with both of them 3; 6 activates 4 and 5
    assert found.spread == pytest.approx(7.0, rel=0.01)
    assert found.upper_bound >= 7.0 - 1e-9
    assert found.guarantee.startswith("9")


def test_must_never_and_value():
    model, spreads, triples = small(5)
    best = max(spreads, key=spreads.get)
    without = sr.select_seeds(model, K, never=[best[0]], rng=1)
    assert best[0] not in without.seeds
    forced = sr.select_seeds(model, K, must=[best[0]], rng=1)
    assert forced.seeds[0] == best[0]
    assert exact_of(spreads, forced.seeds) >= 0.95 * max(s for pair, s in spreads.items() if best[0] in pair)
    value = [0.0, 5.0, 1.0, 0.0, 0.0, 2.0, 0.5]
    valued = naive.spread_of_sets(N, triples, K, value)
    found = sr.select_seeds(model, K, value=value, rng=1, epsilon=0.05)
    assert exact_of(valued, found.seeds) >= 0.95 * naive.optimum(valued)
    assert found.upper_bound >= naive.optimum(valued) - 1e-9
    assert found.spread == pytest.approx(exact_of(valued, found.seeds), rel=0.1)
    by_id = {i: v for i, v in enumerate(value) if v}
    assert sr.select_seeds(model, K, value=by_id, rng=1, epsilon=0.05).seeds == found.seeds


def test_fewest_seeds_for_a_target():
    for seed in range(25):
        model, spreads, _ = small(seed)
        target = 0.7 * naive.optimum(spreads)
        found = sr.select_seeds(model, target_reach=target, rng=seed)
        fewest = min(len(s) for s, spread in spreads.items() if spread >= target)
        assert found.lower_bound >= target
        assert found.details["fewest_possible"] <= fewest <= len(found.seeds) <= fewest + 1
    model, spreads, _ = small(1)
    with pytest.raises(ConvergenceError, match=r"target_reach=6\.9.* with 1 seed"):
        sr.select_seeds(model, 1, target_reach=6.9, rng=1)
    with pytest.raises(ParameterError, match="below what there is, 7"):
        sr.select_seeds(model, target_reach=8, rng=1)


def test_rivals_take_what_they_reach():
    graph = sr.Graph.from_edges([1, 2, 3, 5, 6], [0, 0, 0, 4, 4], n_nodes=7)
    model = sr.IndependentCascade(graph, prob=1.0)
    assert sr.select_seeds(model, 1, rng=1).seeds == (0,)
    found = sr.select_seeds(model, 1, rivals=[0], rng=1)
    assert found.seeds == (4,)
    assert found.spread == pytest.approx(3.0, rel=0.05)
    assert found.upper_bound is None
    assert "no bound" in found.guarantee


# -- methods -----------------------------------------------------------------------------------------------------------


def test_every_heuristic_goes_through_the_same_call():
    model = sr.IndependentCascade(sr.generate("barabasi_albert", n=120, m=3, rng=2), prob=0.1)
    for method in select_module.METHODS[2:]:
        found = sr.select_seeds(model, 4, method=method, must=[5], never=[0], rng=3)
        assert (len(found.seeds), found.seeds[0], found.method) == (4, 5, method)
        assert 0 not in found.seeds
        assert "no bound" in found.guarantee
        runs = sr.simulate(model, list(found.seeds), n_runs=4000, rng=9)
        assert abs(found.spread - runs.mean) <= 4 * runs.std_error + (found.interval[1] - found.interval[0])


def test_comparison_puts_the_furthest_first_in_the_same_worlds():
    model = sr.IndependentCascade(sr.generate("barabasi_albert", n=300, m=3, rng=2), prob=0.05)
    found = sr.compare_seeds(model, 5, ["random", "opim", "degree"], n_runs=3000, rng=4)
    frame = found.to_frame()
    assert list(frame["spread"]) == sorted(frame["spread"], reverse=True)
    assert frame["method"][2] == "random"
    assert found.difference("opim", "random").interval[0] > 0
    assert repr(found).splitlines()[0].startswith("method")


def test_models_that_do_not_suit_a_method():
    graph = sr.generate("erdos_renyi", n=30, p=0.1, rng=1)
    sir = sr.SIR(graph, transmission_rate=0.5, recovery_rate=1.0)
    with pytest.raises(ParameterError, match="use method='celf'"):
        sr.select_seeds(sir, 2)
    assert len(sr.select_seeds(sir, 2, method="degree", rng=1).seeds) == 2
    sis = sr.SIS(graph, transmission_rate=0.5, recovery_rate=1.0, max_time=3.0)
    with pytest.raises(ParameterError, match="use method='degree'"):
        sr.select_seeds(sis, 2)


# -- determinism, interruption -----------------------------------------------------------------------------------------


def test_the_same_seeds_and_bounds_on_any_engine(any_engine):
    graph = sr.generate("rmat", scale=11, edge_factor=8, rng=3)
    for model in (sr.IndependentCascade(graph, prob="weighted_cascade"), sr.LinearThreshold(graph)):
        reference = sr.select_seeds(model, 10, rng=7, threads=1)
        found = sr.select_seeds(model, 10, rng=7, **any_engine)
        for name in ("seeds", "lower_bound", "upper_bound", "spread", "n_samples", "members", "guarantee", "params"):
            assert getattr(found, name) == getattr(reference, name), name
        assert np.array_equal(found.marginal_gains, reference.marginal_gains)


def test_large_sets_use_sentinels_and_lose_nothing():
    graph = sr.generate("rmat", scale=12, edge_factor=16, rng=3)
    model = sr.IndependentCascade(graph, prob=0.2)
    found = sr.select_seeds(model, 20, rng=7)
    assert found.details["sentinels"] > 0
    assert found.details["ratio"] >= 1 - 1 / np.e - 0.1
    degree = sr.select_seeds(model, 20, method="degree", rng=7)
    spreads = sr.simulate(model, {"opim": found.seeds, "degree": degree.seeds}, n_runs=1024, rng=5)
    assert spreads["opim"].mean >= spreads["degree"].mean - 4 * spreads.difference("opim", "degree").std_error
    assert found.lower_bound <= spreads["opim"].mean <= found.upper_bound


def test_the_upper_bound_holds_where_no_sentinel_is_in_the_optimum():
    """B and C together are best; A alone is, and its sets end those of both."""
    size, rings = 300, 12
    hubs = rings * size
    u, v = [], []
    for ring in range(rings):
        nodes = range(ring * size, (ring + 1) * size)
        u += [*nodes]
        v += [*nodes[1:], nodes[0]]
    for hub, reached in enumerate(((0, 1, 2, 3, 6, 7, 8, 9), range(6), range(6, 12))):
        u += [ring * size for ring in reached]
        v += [hubs + hub] * len(list(reached))
    graph = sr.Graph.from_edges(u, v, n_nodes=hubs + 3)
    for rng in range(20):
        found = sr.select_seeds(sr.IndependentCascade(graph, prob=1.0), 2, delta=0.01, rng=rng)
        assert found.upper_bound >= rings * size + 2 - 1e-6
        assert found.lower_bound <= found.spread <= found.upper_bound


def test_targets_that_nothing_certifies_end_in_an_error():
    star = sr.Graph.from_edges(list(range(1, 21)), [0] * 20, n_nodes=21)
    model = sr.IndependentCascade(star, prob=1.0)
    with pytest.raises(ParameterError, match="below what there is, 21"):
        sr.select_seeds(model, target_reach=21, rng=1)
    found = sr.select_seeds(model, target_reach=20.9, rng=1)
    assert found.seeds == (0,)


def test_comparison_and_values_do_not_go_together():
    model, _, _ = small(3)
    with pytest.raises(ParameterError, match="leave value away"):
        sr.compare_seeds(model, 2, ["opim"], value={1: 2.0}, rng=1)
    with pytest.raises(ParameterError, match="each once"):
        sr.compare_seeds(model, 2, ["degree", "degree"], rng=1)


class _Interrupting(LocalEngine):
    """Threads until the n-th call, then Ctrl-C."""

    def __init__(self, calls):
        super().__init__(1)
        self._left = calls

    def map(self, *args, **kwargs):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().map(*args, **kwargs)


def test_interrupted_gives_the_last_whole_round_or_raises(monkeypatch):
    monkeypatch.setattr(opim.Search, "_first_round", lambda self, scale: 16)
    model = sr.IndependentCascade(sr.generate("rmat", scale=10, edge_factor=4, rng=3), prob="weighted_cascade")
    found = sr.select_seeds(model, 5, epsilon=1e-3, rng=7, engine=_Interrupting(4), on_interrupt="best")
    assert not found.complete
    assert found.guarantee.startswith("interrupted: ")
    assert 0 < found.lower_bound < found.upper_bound
    assert found.curve[-1] == pytest.approx(found.spread)
    with pytest.raises(KeyboardInterrupt):
        sr.select_seeds(model, 5, epsilon=1e-3, rng=7, engine=_Interrupting(4))


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({}, "needs k, budget or target_reach"),
        ({"k": 0}, "k must be an integer >= 1"),
        ({"k": 2, "epsilon": 0.9}, r"epsilon must be in \(0, 0.63"),
        ({"k": 2, "must": ["ada"], "never": ["ada"]}, "both name 'ada'"),
        ({"k": 1, "must": ["ada", "bob"]}, "k must be at least"),
        ({"budget": 3.0}, "budget needs costs"),
        ({"k": 2, "cost": {"ada": 1.0}}, "cost needs a budget"),
        ({"budget": 3.0, "cost": {"ada": -1.0}}, r"cost of 'ada' must be in \[0, inf\), got -1"),
        ({"budget": 3.0, "cost": {"ada": "much"}}, r"cost of 'ada' must be in \[0, inf\), got 'much'"),
        ({"budget": 1.0, "cost": {"ada": 2.0}, "must": ["ada"]}, "at least what the accounts in must cost, 2"),
        ({"budget": 1.0, "cost": {"ada": 2.0}, "must": ["bob"]}, "'bob' has none"),
        ({"k": 2, "quota": {"x": 1}}, "quota needs groups"),
        ({"k": 2, "quota": {"y": 1}, "groups": {"ada": "x"}}, "the group 'y', which nobody is in; groups are 'x'"),
        ({"k": 2, "quota": {"x": 0}, "groups": {"ada": "x"}, "must": ["ada"]}, "allows 0 of the group 'x', and must"),
        ({"k": 2, "value": {"ada": 0.0}}, "nobody would be worth reaching"),
        ({"k": 2, "value": [1.0]}, r"value must have shape \(3,\)"),
        ({"k": 2, "fairness": "maximin"}, "fairness needs groups"),
        ({"k": 2, "method": "degree", "target_reach": 2}, "has a method of its own"),
        ({"k": 2, "method": "degree", "budget": 2, "cost": [1, 1, 1]}, "go with method 'opim'"),
        ({"k": 2, "never": ["ada", "bob", "cem"]}, "nobody to choose"),
        (
            {"budget": 1.0, "cost": [80.0, 50.0, 60.0]},
            r"the cheapest that may be chosen, 'ada', costs 50, got a b.* of 1",
        ),
        ({"budget": 1.0, "cost": [80.0, 50.0, 60.0], "never": "ada"}, "'cem', costs 60"),
        ({"budget": 9.0, "cost": [80.0, 50.0, 60.0], "target_reach": 2}, "budget must pay for at least one account"),
        ({"k": 2, "quota": {"x": 0}, "groups": ["x", "x", "x"]}, "quota must allow at least one account"),
        ({"k": 2, "quota": {"x": 0}, "groups": {"ada": "x"}, "never": ["bob", "cem"]}, "quota must allow at least one"),
        ({"k": 2, "quota": [1], "groups": {"ada": "x"}}, "quota must map groups"),
        ({"k": 2, "fairness": "minmax", "groups": {"ada": "x"}}, "fairness must be one of"),
        ({"k": 2, "method": "best"}, "method must be one of 'opim'"),
    ],
)
def test_wishes_that_cannot_be(wishes, message):
    graph = sr.Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    with pytest.raises(ParameterError, match=message):
        sr.select_seeds(graph, **{"rng": 1, **wishes})


def test_how_many_could_be_chosen_is_told():
    graph = sr.Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    groups = {"ada": "x", "bob": "y", "cem": "y"}
    for wishes, room in (
        ({}, 3),
        ({"never": "bob"}, 2),
        ({"must": "bob", "never": "cem"}, 2),
        ({"budget": 5.0, "cost": {"ada": 9.0, "bob": 5.0}}, 2),
        ({"groups": groups, "quota": {"y": 1}}, 2),
        ({"groups": groups, "quota": {"y": 1, "x": 0}}, 1),
        ({"groups": {"ada": "x"}, "quota": {"x": 0}}, 2),
        ({"groups": groups, "quota": {"y": 1}, "must": "bob"}, 2),
    ):
        assert sr.select_seeds(graph, 1, rng=1, **wishes).room == room, wishes
    assert sr.select_seeds(graph, 9, method="degree", never="bob", rng=1).room == 2


def test_unknown_accounts_and_empty_graphs():
    graph = sr.Graph.from_edges(["bob", "cem"], ["ada", "ada"])
    for wish in ("must", "never", "rivals"):
        with pytest.raises(UnknownAccountError, match="dan"):
            sr.select_seeds(graph, 1, **{wish: ["dan"]})
    with pytest.raises(ParameterError, match="nobody to choose"):
        sr.select_seeds(sr.Graph.from_edges([], [], n_nodes=0), 1)
    assert sr.select_seeds(graph, 10, rng=1).seeds  # more than there are: all that add something


# -- oracle ------------------------------------------------------------------------------------------------------------


def test_oracle_answers_as_enumeration_does(tmp_path):
    model, spreads, _ = small(3)
    oracle = sr.InfluenceOracle.build(model, n_samples=60_000, rng=5)
    for seeds, exact in spreads.items():
        answer = oracle.spread(list(seeds), confidence=0.9999)
        assert answer.interval[0] <= exact <= answer.interval[1]
        assert answer.adds.sum() == pytest.approx(answer.mean)
    gains = oracle.marginal_gains([0])
    for v in range(1, N):
        assert gains.values[v] == pytest.approx(oracle.spread([0, v]).mean - oracle.spread([0]).mean)
    assert gains.values[0] == 0
    shared = oracle.overlap([0, 1, 2])
    assert np.array_equal(shared, shared.T)
    assert shared[0, 1] == pytest.approx(
        oracle.spread(0).mean + oracle.spread(1).mean - oracle.spread([0, 1]).mean, abs=1e-9
    )
    assert sum(oracle.audience([0, 1], [0, 0, 0, 0, 1, 1, 1]).values()) == pytest.approx(oracle.spread([0, 1]).mean)
    folder = oracle.save(tmp_path / "o")
    again = sr.InfluenceOracle.open(oracle.save(folder))
    assert again.spread([0, 1]).mean == oracle.spread([0, 1]).mean
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o"]


def test_an_oracle_answers_the_same_whatever_it_was_asked_before():
    town = sr.generate("town", n=300, rng=7).graph
    made = sr.InfluenceOracle.build(sr.IndependentCascade(town), n_samples=5000, rng=5)
    names = [str(one) for one in town.ids]
    groups = np.arange(300) % 7 - 1

    def answers(oracle, seeds):
        told = oracle.spread(seeds)
        return told.seeds, told.mean, told.interval, told.adds.tolist(), oracle.audience(seeds, groups)

    def fresh():
        return questions.InfluenceOracle(made.ids, made._arrays, made.n_samples, made._total, made.params)

    a, b = names[:5], names[9:12]
    for seeds in (a, a[:3], a, [*a, *b], [*b, *a], b, a[:1], [a[0], *b], [a[1], *b], names, a[::-1], a):
        assert answers(made, seeds) == answers(fresh(), seeds)
        assert made.marginal_gains(seeds).values.tolist() == fresh().marginal_gains(seeds).values.tolist()
    none = made.marginal_gains(()).values
    assert none.tolist() == fresh().marginal_gains(()).values.tolist()
    assert none[0] > 0


def test_an_oracle_that_was_interrupted_begins_anew(monkeypatch):
    graph = sr.Graph.from_edges([1, 2, 4], [0, 0, 3])
    oracle = sr.InfluenceOracle.build(sr.IndependentCascade(graph, prob=1.0), n_samples=5000, rng=5)
    wanted = oracle.spread([0, 3]).adds.tolist()
    oracle.spread([0])
    count = questions.union_count

    def interrupted(*args):
        count(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(questions, "union_count", interrupted)
        with pytest.raises(KeyboardInterrupt):
            oracle.spread([0, 3])
    assert oracle.spread([0, 3]).adds.tolist() == wanted


@pytest.mark.parametrize(
    "labels",
    [
        [5, -1, 5, 2, 2, -1],
        [0, 10**15, -(10**15), 0, 0, 10**15],
        np.array([-128, 127, 127, -128, 0, 1], np.int8),
        ["b", "a", "b", "c", "c", "a"],
        [True, False, True, True, False, False],
        np.array(["b", "b", "a", "c", "c", "a"], object),
    ],
    ids=["negative", "far apart", "small type", "text", "flags", "objects"],
)
def test_audiences_by_any_kind_of_group(labels):
    graph = sr.Graph.from_edges([1, 2, 3, 5], [0, 0, 1, 4])
    oracle = sr.InfluenceOracle.build(sr.IndependentCascade(graph, prob=1.0), n_samples=3000, rng=5)
    place = [graph.ids.position(account) for account in range(6)]
    given = np.asarray(labels)
    groups = np.empty(6, given.dtype)
    groups[place] = given
    wanted = dict.fromkeys(given.tolist()[:4], 0)
    for account, group in enumerate(given.tolist()[:4]):  # all that 0 reaches
        wanted[group] += int(np.sum(oracle._arrays["roots"] == place[account]))
    told = oracle.audience(0, groups)
    assert told == pytest.approx({group: n * 6 / 3000 for group, n in wanted.items()})
    assert list(told.values()) == sorted(told.values(), reverse=True)


def test_whom_to_add_next_is_who_gains_most(monkeypatch):
    town = sr.generate("town", n=600, rng=7).graph
    oracle = sr.InfluenceOracle.build(sr.IndependentCascade(town), n_samples=3000, rng=5)  # few sets: many ties
    monkeypatch.setattr(questions, "_AT_ONCE", 16)
    draw = np.random.default_rng(3)
    for k, n_seeds in [(1, 0), (5, 3), (40, 50), (600, 10), (1000, 0)]:
        seeds = [str(town.ids[i]) for i in draw.choice(600, n_seeds, replace=False)]
        among = draw.random(600) < 0.7
        gains = oracle.marginal_gains(seeds)
        allowed = [i for i in range(600) if among[i] and str(town.ids[i]) not in seeds]
        wanted = sorted(allowed, key=lambda i: (-gains.values[i], i))[:k]
        told = oracle.next_best(seeds, k, among=among)
        assert told == [(str(town.ids[i]), gains.values[i]) for i in wanted]
    with pytest.raises(ParameterError, match=r"among must have shape \(600,\)"):
        oracle.next_best((), 3, among=[True])


def test_whom_to_add_next_is_not_looked_for_among_those_who_cannot_be(monkeypatch):
    """One account reaches all others, which reach nobody: after the first few, nobody else can be better."""
    leaf = np.arange(1, 1000)
    star = sr.Graph.from_edges([*leaf, *leaf[:10]], [0] * 999 + [1001] * 10, n_nodes=1002)
    oracle = sr.InfluenceOracle.build(sr.IndependentCascade(star, prob=1.0), n_samples=20_000, rng=5)
    monkeypatch.setattr(questions, "_AT_ONCE", 8)
    counted, count = [], questions.gains_of

    def counts(*args):
        counted.append(args[4].size)
        count(*args)

    monkeypatch.setattr(questions, "gains_of", counts)
    assert [who for who, _ in oracle.next_best((), 2)] == [0, 1001]
    assert sum(counted) <= 8


def test_oracle_folders_that_are_none(tmp_path):
    model, _, _ = small(3)
    folder = sr.InfluenceOracle.build(model, n_samples=500, rng=5).save(tmp_path / "o")
    with pytest.raises(sr.NotAGraphError, match="no oracle at"):
        sr.InfluenceOracle.open(tmp_path / "none")
    (tmp_path / "other").mkdir()
    with pytest.raises(sr.FolderError, match="is no oracle"):
        sr.InfluenceOracle.build(model, n_samples=500, rng=5).save(tmp_path / "other")
    whole = (folder / "sets.npy").read_bytes()
    (folder / "sets.npy").write_bytes(whole[:-8])
    with pytest.raises(sr.DamagedGraphError, match="damaged"):
        sr.InfluenceOracle.open(folder)
    (folder / "sets.npy").write_bytes(whole[:-4] + b"\xff\xff\xff\xff")
    with pytest.raises(sr.DamagedGraphError, match="lists of sets"):
        sr.InfluenceOracle.open(folder)
    (folder / "oracle.json").write_text('{"format": "swayrank oracle", "version": 9}')
    with pytest.raises(sr.VersionError, match="version 9"):
        sr.InfluenceOracle.open(folder)
