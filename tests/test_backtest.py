"""Backtests: outcomes by hand, who is ranked, splits, intervals that cover, plain words, tables and figures."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

import swayrank as sr
from swayrank._rng import resolve_rng
from swayrank.engines import resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.ids import Ids
from swayrank.report.backtests import save_figure
from swayrank.scoring.profiles import PROFILES
from swayrank.scoring.scale import Knots
from swayrank.validation.backtest import held_out_by_id
from swayrank.validation.folds import MICROSECONDS_PER_DAY, folds_of, rolling
from swayrank.validation.metrics import interval, judge_rankings
from swayrank.validation.outcomes import OUTCOMES, given_truth, truth_of
from swayrank.validation.rankings import known_before
from swayrank.validation.results import Backtest, Difference, FoldFacts
from tests.logs import HOUR, events_of
from tests.oracles import naive_rankings as naive

AS_OF = "2026-03-01"
HOSTILE = ("<script>alert(1)</script>", "$x_{$", "_hidden", "=1+1", "%{x}", "name\n\x1b[31m")

# Before 5 January ada, bob and cem are known; dan and eve come later.
ROWS = [
    ("ada", "post", None, "p1", 1), ("bob", "repost", "ada", "p1", 2), ("cem", "like", "ada", "p1", 3),
    ("cem", "post", None, "p2", 4),
    ("dan", "repost", "ada", "p1", 6), ("bob", "repost", "ada", "p3", 6), ("bob", "like", "ada", "p3", 6),
    ("cem", "repost", "bob", "p4", 7), ("bob", "repost", "eve", "p5", 7), ("dan", "repost", "eve", "p5", 8),
    ("ada", "like", "cem", "p2", 8), ("ada", "repost", "ada", "p1", 9),
]  # fmt: skip


def log(rows):
    names = ("actor", "action", "target", "post")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return Events.from_frame(columns | {"time": [f"2026-01-{row[4]:02}" for row in rows]})


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=300, rng=7)


@pytest.fixture(scope="module")
def found(town):
    return sr.backtest(town.graph, town.events, as_of=AS_OF, outcome="engagers", k=20, rng=7, n_replicates=40)


def by_hand(split="2026-01-05", **more):
    more = {"k": 2, "n_replicates": 0, "rng": 1, "score_options": {"min_evidence": 0}} | more
    return sr.backtest(None, log(ROWS), split=split, **more)


def known_of(graph, events, split, **options):
    fold = folds_of(graph, events, None, split, horizon_days=None, as_of=AS_OF)[0]
    return known_before(fold, options, {}, key=resolve_rng(7), runner=resolve_engine("local", 1))


# -- outcomes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "expected", "elsewhere"),
    [
        ("reposts", {"ada": 2, "bob": 1, "cem": 0}, 2),  # ada's repost of herself is none
        ("engagement", {"ada": 3, "bob": 1, "cem": 1}, 2),
        ("engagers", {"ada": 2, "bob": 1, "cem": 1}, 2),
        ("cascade_size", {"ada": 1, "bob": 1, "cem": math.nan}, 2),  # p3, p4; p1 and p2 are older
    ],
)
def test_outcomes_by_hand(outcome, expected, elsewhere):
    events = log(ROWS)
    ids = Ids.from_values(["ada", "bob", "cem"])
    truth = truth_of(outcome, events.after("2026-01-05"), events, ids)
    np.testing.assert_array_equal(truth.values, list(expected.values()))
    assert truth.elsewhere == elsewhere
    assert truth.others.size == 1  # eve


@pytest.mark.parametrize("seed", range(6))
def test_outcomes_by_their_definitions(seed):
    draw = np.random.default_rng(seed)
    n, rows = 7, []
    for _ in range(40):
        target = int(draw.integers(n)) if draw.random() < 0.6 else None
        rows.append((int(draw.integers(n)), int(draw.integers(9)), int(draw.integers(20)), target))
    events = events_of(rows, n, 9)
    split, end = 8 * HOUR, 15 * HOUR
    actions = [events.actions[code] for code in events.action]
    plain = [(a, act, t, p, h * HOUR) for (a, p, h, t), act in zip(rows, actions, strict=True)]
    later = [row for row in plain if split <= row[4] < end]
    future, ids = events.between(split, end), Ids.of_range(n)
    for outcome, expected in [
        ("reposts", [naive.reposts(later, a) for a in range(n)]),
        ("engagement", [naive.engagement(later, a) for a in range(n)]),
        ("engagers", [naive.engagers(later, a) for a in range(n)]),
        ("cascade_size", [naive.cascade_size(plain, a, split, end) for a in range(n)]),
    ]:
        np.testing.assert_allclose(OUTCOMES[outcome](future, events), expected, err_msg=outcome)
    assert truth_of("engagement", future, events, ids).others.size == 0


def test_given_outcomes(town):
    numbers = {"ada": 3, "bob": None, "cem": 0.5, "elsewhere": 7}
    truth = given_truth(numbers, Ids.from_values(["cem", "bob", "ada", "dan"]))
    np.testing.assert_array_equal(truth.values, [0.5, math.nan, 3, math.nan])
    assert truth.elsewhere == 7
    found = by_hand(outcome=numbers)
    assert found.folds[0].n_accounts == 2  # bob has no truth
    assert found.params["outcome"] == "given"
    later = sr.distinct_engagers(town.events.after("2026-03-20"))
    more = {"split": "2026-03-20", "as_of": AS_OF, "k": 20, "n_replicates": 0, "rng": 7}
    given = sr.backtest(town.graph, town.events, outcome=later, **more)
    counted = sr.backtest(town.graph, town.events, outcome="engagers", **more)
    assert np.array_equal(given.values, counted.values)
    without_log = sr.backtest(town.graph, outcome=later, k=20, n_replicates=0, rng=7)
    assert without_log.folds[0].split is None
    assert set(without_log.baselines) == {"followers", "pagerank", "random"}
    assert any("there is no log before the split" in line for line in without_log.told())


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ({"ada": -1}, "0 or more"),
        ({"ada": math.inf}, "finite"),
        ({"ada": "many"}, "outcome must hold numbers, got 'many'"),
        ({"nobody": 1}, "names none"),
        ({"ada": 0}, "names none"),
        ({}, "names none"),
        ("likes", "outcome must be one of reposts, engagement"),
        ([1, 2], "a Measure or a mapping"),
        (None, "got None"),
    ],
)
def test_outcomes_that_are_none(outcome, says):
    with pytest.raises(ParameterError, match=says):
        by_hand(outcome=outcome)


# -- who is ranked, and when -------------------------------------------------------------------------------------------


def test_a_backtest_by_hand():
    found = by_hand()
    fold = found.folds[0]
    assert (fold.n_accounts, fold.n_with_outcome, fold.outcome_total) == (3, 2, 3)
    assert (fold.outcome_elsewhere, fold.n_elsewhere) == (2, 1)
    assert (fold.split[:10], fold.end[:10]) == ("2026-01-05", "2026-01-09")
    truth, past = [2, 1, 0], [1, 0, 0]  # of ada, bob, cem
    assert found.value("past_reposts", "spearman") == pytest.approx(naive.spearman(past, truth))
    assert found.value("past_reposts", "kendall_tau_b") == pytest.approx(naive.kendall_tau_b(past, truth))
    assert found.value("past_reposts", "ndcg_at_2") == pytest.approx(naive.ndcg(past, truth, 2))
    assert found.value("past_reposts", "precision_at_2") == pytest.approx(naive.precision(past, truth, 2))
    assert found.value("past_reposts", "cut_at_0.25") == pytest.approx(0.75 * 2 / 5)  # of all 5, eve's included
    assert found.value("random", "precision_at_2") == pytest.approx(2 / 3)


def test_the_horizon_ends_the_future():
    assert by_hand(horizon_days=1.5).folds[0].outcome_total == 2  # of the 6th alone
    assert by_hand(horizon_days=99).folds[0].end == by_hand().folds[0].end
    with pytest.raises(ParameterError, match="no account that is known before the split has any reposts"):
        by_hand(horizon_days=0.5)


def test_several_splits_are_averaged():
    found = by_hand(split=["2026-01-07", "2026-01-05", "2026-01-05"])
    assert [fold.split[:10] for fold in found.folds] == ["2026-01-05", "2026-01-07"]
    assert found.folds[0].end[:10] == "2026-01-07"
    assert [fold.outcome_total for fold in found.folds] == [2, 1]
    assert [fold.outcome_elsewhere for fold in found.folds] == [0, 2]
    assert found.folds[1].n_accounts == 4
    single = [by_hand(horizon_days=2), by_hand(split="2026-01-07")]
    np.testing.assert_allclose(found.by_fold, [one.values for one in single])
    np.testing.assert_allclose(found.values, np.mean([one.values for one in single], axis=0))
    overlapping = by_hand(split=["2026-01-05", "2026-01-07"], horizon_days=9)
    assert overlapping.folds[0].end == overlapping.folds[1].end


def test_splits_as_shares_and_instants(town):
    first, last = town.events.span
    cut = first + int((last - first) * 0.5)
    for split in (0.5, [0.5], cut, [cut], np.array([cut])):
        assert [f.split for f in folds_of(None, town.events, None, split, horizon_days=None, as_of=None)] == [cut]
    assert len(folds_of(None, town.events, None, [0.5, 0.7], horizon_days=None, as_of=None)) == 2
    assert rolling(town.events, 2) == [cut, cut + (last - cut) // 2]


@pytest.mark.parametrize(
    ("split", "says"),
    [
        (0.0, "share of the span"), (1.5, "share of the span"), ([], "at least one instant"),
        ("2025-12-31", "must leave events before and after it"), ("2026-01-01", "must leave events before"),
        ("2027-01-01", "must leave events before"), ("soon", "a time must be an ISO date"), (True, "a time must be"),
        (None, "a time must be"), ([0.5, 2.0], "share of the span"),
    ],
)  # fmt: skip
def test_splits_that_are_none(split, says):
    with pytest.raises(ParameterError, match=says):
        by_hand(split=split)


def test_logs_that_cannot_be_cut():
    untimed = Events.from_frame({"actor": ["a"], "action": ["repost"], "target": ["b"], "post": ["p"]})
    with pytest.raises(ParameterError, match="events must have times"):
        sr.backtest(None, untimed)
    with pytest.raises(ParameterError, match="needs events"):
        sr.backtest(sr.Graph.from_edges([0], [1]))
    with pytest.raises(ParameterError, match=r"cascade_size after it|post and a time"):
        sr.backtest(None, log([("a", "like", "b", None, 1), ("a", "like", "b", None, 3)]), outcome="cascade_size")


def test_a_graph_without_an_arc_before_the_split(town):
    cut = town.events.span[0] + MICROSECONDS_PER_DAY * 15
    graph = town.graph.with_columns({"time": np.full(town.graph.n_edges, cut + 1)})
    found = sr.backtest(graph, town.events, split=cut, k=20, n_replicates=0, rng=7)
    assert "past_reposts" in found.baselines


# -- the score and its scale -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"half_life_days": 3.0, "min_evidence": 30}, {"prob": 0.1}])
def test_the_ranking_is_the_score_of_the_past(town, options):
    split = "2026-03-20"
    known = known_of(town.graph, town.events, split, **options)
    past = town.events.before(split).compact()
    for profile in PROFILES:
        score = sr.score(town.graph, past, profile=profile, until=split, n_replicates=None, rng=7, **options)
        assert list(known.ids) == list(score.ids)
        np.testing.assert_allclose(known.composite(profile), score.score, rtol=1e-12, equal_nan=True)
    if "min_evidence" in options:
        assert np.isnan(known.composite("balanced")).any()


def test_unseen_accounts_are_judged_on_the_scale_of_the_others(town):
    more = {"split": "2026-03-20", "as_of": AS_OF, "outcome": "engagers", "k": 20, "n_replicates": 0, "rng": 7}
    found = sr.backtest(town.graph, town.events, unseen=0.4, **more)
    known = known_of(town.graph, town.events, "2026-03-20")
    out = held_out_by_id(known.ids.hashes(), 0.4)
    assert found.folds[0].n_accounts == int(out.sum())
    assert 0.3 < out.mean() < 0.5
    parts = {name: Knots.of(raw[~out]).scale(raw) for name, raw in known.raw.items()}
    weights = PROFILES["balanced"]
    there = {name: ~np.isnan(values) for name, values in parts.items()}
    expected = sum(weights[n] * np.nan_to_num(parts[n]) for n in parts) / sum(weights[n] * there[n] for n in parts)
    np.testing.assert_allclose(known.composite("balanced", ~out)[known.scored], expected[known.scored])
    truth = truth_of("engagers", town.events.after("2026-03-20"), town.events, known.ids).values
    value = naive.spearman(known.composite("balanced", ~out)[out].tolist(), truth[out].tolist())
    assert found.value("balanced", "spearman") == pytest.approx(value)


def test_unseen_counts_unknown_accounts_alike():
    """With half of the accounts held out, what fell on unknown ones is that of the half of them held out likewise."""
    rows = [(f"old{i}", "repost", f"old{(i + 1) % 60}", f"p{i}", 1 + i % 3) for i in range(60)]
    rows += [(f"old{i}", "repost", f"new{i}", f"q{i}", 6) for i in range(60)]
    rows += [(f"old{i}", "repost", f"old{i - 1}", f"r{i}", 7) for i in range(1, 60)]
    options = {"split": "2026-01-05", "k": 5, "n_replicates": 0, "rng": 1, "score_options": {"min_evidence": 0}}
    fold = sr.backtest(None, log(rows), unseen=0.5, **options).folds[0]
    assert fold.outcome_elsewhere == fold.n_elsewhere
    assert 15 <= fold.n_elsewhere <= 45
    whole = sr.backtest(None, log(rows), **options).folds[0]
    assert (whole.n_elsewhere, whole.n_accounts) == (60, 60)


def test_profiles_and_measures(town):
    more = {"split": "2026-03-20", "as_of": AS_OF, "k": 20, "n_replicates": 0, "rng": 7}
    found = sr.backtest(
        town.graph, town.events, profiles={"mine": {"reach": 1}, "even": dict.fromkeys(PROFILES["reach"], 1)},
        measures={"core": "k_core", "own": lambda g, e: sr.past_reposts(e)}, **more,
    )  # fmt: skip
    assert found.names[:2] == ("mine", "even")
    assert found.names[-2:] == ("core", "own")
    assert np.array_equal(found.values[found.names.index("own")], found.values[found.names.index("past_reposts")])
    assert sr.backtest(None, town.events, profiles={"reach": 2.0}, **more).names[0] == "score"
    assert sr.backtest(None, town.events, profiles=["reach", "balanced"], **more).n_composites == 2
    mixed = sr.backtest(None, town.events, profiles={"mine": {"reach": 1}, "balanced": "balanced"}, **more)
    assert mixed.names[:2] == ("mine", "balanced")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"measures": {"random": "k_core"}}, "'random' is one of the other rankings'"),
        ({"measures": {"balanced": "k_core"}}, "'balanced' is one of the other rankings'"),
        ({"measures": ["pagerank"]}, "names of their own"),
        ({"profiles": {"followers": {"reach": 1}}}, "profiles must have names of their own"),
        ({"measures": "k_core"}, "a list of names or a mapping"),
        ({"measures": ["nothing"]}, "must name registered ones"),
        ({"measures": ["arc_betweenness"]}, "registered ones of accounts"),
        ({"measures": {"x": lambda g, e: np.ones(3)}}, "must give a Measure, got ndarray"),
        ({"profiles": []}, "at least one profile"),
        ({"profiles": {}}, "at least one"),
        ({"profiles": "best"}, "profile must be one of"),
        ({"score_options": {"n_replicates": 3}}, "score_options must be among"),
        ({"score_options": {"reference": 5}}, "reference must be a Reference"),
        ({"unseen": 1.0}, "unseen"),
        ({"k": 0}, "k must be"),
        ({"n_replicates": -1}, "n_replicates"),
        ({"confidence": 1.0}, "confidence"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"unseen": 1e-6}, "there is no outcome on the accounts"),
    ],
)
def test_errors_in_one_sentence(more, says):
    with pytest.raises(ParameterError, match=says) as caught:
        by_hand(**more)
    assert "\n" not in str(caught.value)


def test_without_a_graph_followers_are_those_who_reacted(town):
    found = sr.backtest(None, town.events, k=20, n_replicates=0, rng=7)
    assert set(found.baselines) == {"followers", "past_reposts", "past_engagement", "h_index", "pagerank", "random"}
    assert any("there is no follow graph" in line for line in found.told())


def test_the_same_bits_on_any_engine(town, any_engine):
    more = {"split": "2026-03-20", "as_of": AS_OF, "outcome": "engagers", "k": 20, "n_replicates": 20, "rng": 7}
    more["measures"] = ["approximate_betweenness"]  # it samples
    plain = sr.backtest(town.graph, town.events, **more, threads=1)
    again = sr.backtest(town.graph, town.events, **more, **any_engine)
    assert np.array_equal(plain.replicates, again.replicates)


def test_progress_ends_where_it_said(town):
    done = []
    sr.backtest(
        None, town.events, split=[0.5, 0.7], k=5, n_replicates=20, rng=7, progress=lambda *told: done.append(told)
    )
    assert done


# -- intervals ---------------------------------------------------------------------------------------------------------


def sample(draw, n):
    """Two rankings of different worth, and a truth."""
    worth = draw.normal(size=n)
    truth = draw.poisson(np.exp(worth - 0.5)).astype(float)
    return {"a": worth + draw.normal(size=n), "b": worth + 2 * draw.normal(size=n)}, truth


@pytest.fixture(scope="module")
def repeated():
    """The true figures, of a very large sample, and 200 small samples with their intervals."""
    key, runner, depths = resolve_rng(1), resolve_engine("local", 1), (0.1, 0.25)

    def judge(seed, n, n_replicates):
        draw = np.random.default_rng(seed)
        rankings, truth = sample(draw, n)
        names = draw.integers(0, 2**63, n).astype(np.uint64)
        return judge_rankings(
            rankings, truth, names, k=10, n_replicates=n_replicates, key=key, runner=runner, depths=depths
        ).replicates

    return judge(0, 200_000, 0)[0], [judge(seed, 150, 200) for seed in range(1, 201)]


@pytest.mark.parametrize(("metric", "column"), [("spearman", 0), ("kendall", 1), ("cut at 0.1", 4), ("cut at 0.25", 5)])
def test_intervals_cover_the_true_figure(repeated, metric, column):
    true, samples = repeated
    for of in (lambda r: r[:, 0], lambda r: r[:, 0] - r[:, 1]):  # a figure, and a paired difference
        ends = [interval(of(one)[:, column], 0.95) for one in samples]
        covered = np.mean([low <= of(true[None])[0, column] <= high for low, high in ends])
        assert 0.9 <= covered <= 0.99, metric


def test_pairing_makes_differences_narrower_than_figures_apart(repeated):
    _, samples = repeated
    paired = np.mean([(one[1:, 0, 0] - one[1:, 1, 0]).std() for one in samples])
    apart = np.mean([math.hypot(one[1:, 0, 0].std(), one[1:, 1, 0].std()) for one in samples])
    assert paired < 0.9 * apart


# -- words -------------------------------------------------------------------------------------------------------------


def made(rankings, truth, n_composites=1, n_replicates=200, ceiling=None, k=20, **facts):
    """A backtest of rankings as they are."""
    n = truth.size
    names = np.random.default_rng(9).integers(0, 2**63, n).astype(np.uint64)
    judged = judge_rankings(
        rankings, truth, names, k=k, n_replicates=n_replicates, key=resolve_rng(1), runner=resolve_engine("local", 1)
    )
    fold = FoldFacts(None, None, n, n, int((truth > 0).sum()), float(truth.sum()), 0.0, 0, 7.0, ("reach",), (), ceiling)
    params = {"outcome": "reposts", "confidence": 0.95, "n_replicates": n_replicates, "k": k}
    return Backtest.of([judged], [fold], n_composites=n_composites, params=params)


def test_it_says_when_the_score_loses_and_not_otherwise():
    draw = np.random.default_rng(2)
    worth = draw.normal(size=400)
    truth = draw.poisson(np.exp(worth)).astype(float)
    good, bad = worth + 0.3 * draw.normal(size=400), draw.normal(size=400)
    lost = made({"mine": bad, "followers": good, "random": np.zeros(400)}, truth)
    assert lost.told()[0].startswith("mine LOSES to followers at ndcg_at_20: -")
    assert any("mine LOSES to followers at spearman" in line for line in lost.told())
    assert not any("LOSES to random" in line for line in lost.told())
    assert lost.difference("followers", "spearman").verdict == "worse"
    won = made({"mine": good, "followers": bad, "random": np.zeros(400)}, truth)
    assert not any("LOSES" in line for line in won.told())
    assert ", better; only a difference of" in won.told()[0]
    assert won.best_baseline("spearman") in won.baselines
    same = made({"mine": good, "followers": 2 * good}, truth)
    assert not any("LOSES" in line for line in same.told())
    assert same.difference("followers", "spearman").verdict == "alike"


def test_it_hardly_ever_says_so_by_chance():
    """Two rankings that are equally good: a 95 % interval leaves 0 on one side in one of forty."""
    draw = np.random.default_rng(3)
    lost = 0
    for _ in range(100):
        worth = draw.normal(size=150)
        truth = draw.poisson(np.exp(worth)).astype(float)
        one, other = worth + draw.normal(size=(2, 150))
        found = made({"mine": one, "followers": other}, truth, n_replicates=100)
        lost += found.difference("followers", "spearman").verdict == "worse"
    assert lost <= 8


def test_a_second_profile_is_no_baseline():
    truth = np.arange(50.0)
    found = made({"mine": -truth, "second": truth, "followers": -truth}, truth, n_composites=2)
    assert found.baselines == ("followers",)
    assert not any("LOSES" in line for line in found.told())


def test_verdicts():
    assert Difference("x", "m", 0.5, 0.1, 0.9).verdict == "better"
    assert Difference("x", "m", -0.5, -0.9, -0.1).verdict == "worse"
    assert Difference("x", "m", 0.0, -0.1, 0.1).verdict == "not to be told apart"
    assert Difference("x", "m", 0.0, -5e-4, 5e-4).verdict == "alike"
    assert Difference("x", "m", 0.0, math.nan, math.nan).verdict == "not to be told apart"


# -- tables, JSON, figures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_tables(found, backend):
    table = found.to_frame(backend)
    assert len(table) == len(found.names)
    assert {"measure", "spearman", "spearman_low", "ndcg_at_20_high"} <= set(
        table.column_names if backend == "pyarrow" else table.columns
    )
    assert len(found.differences(backend)) == (len(found.names) - 1) * len(found.metrics)
    assert len(found.removal(backend)) == len(found.names) * 8
    with pytest.raises(ParameterError, match="backend must be one of"):
        found.to_frame("excel")


def test_the_removal_curve_is_the_figures(found):
    rows = found.removal("polars").to_dicts()
    for row in rows:
        assert row["cut"] == found.value(row["measure"], f"cut_at_{row['removed']:g}")
    cuts = [row["cut"] for row in rows if row["measure"] == "balanced"]
    assert cuts == sorted(cuts)


def test_printed_and_as_json(found):
    text = repr(found)
    assert text.splitlines()[0].split() == ["ranking", "spearman", "ndcg_at_20", "precision_at_20"]
    assert text.splitlines()[1].split()[0] == "balanced"
    for one in (found, by_hand(), made({"a": np.array([1.0]), "random": np.zeros(1)}, np.ones(1), n_replicates=30)):
        kept = json.loads(json.dumps(one.to_dict(), allow_nan=False))
        assert kept["figures"].keys() == set(one.names)
        assert not re.search(r"\bnan\b", repr(one))
    assert by_hand().to_dict()["figures"]["balanced"]["spearman"][1] is None


def test_what_is_asked_for_must_exist(found):
    with pytest.raises(ParameterError, match="measure must be one of balanced"):
        found.value("mine", "spearman")
    with pytest.raises(ParameterError, match="metric must be one of spearman"):
        found.difference("random", "auc")
    with pytest.raises(ParameterError, match="what must be one of"):
        found.plot("pie")


def test_figures(found, tmp_path):
    for what in ("metrics", "removal"):
        assert type(found.plot(what)).__name__ == "Figure"
        for ending in (".html", ".png", ".svg"):
            path = save_figure(found, what, tmp_path / f"{what}{ending}")
            assert path.stat().st_size > 10_000
        assert "balanced" in (tmp_path / f"{what}.svg").read_text()
        assert "https://cdn" not in (tmp_path / f"{what}.html").read_text()[-200_000:]
    with pytest.raises(ParameterError, match="path must end in"):
        save_figure(found, "metrics", tmp_path / "x.gif")
    with pytest.raises(ParameterError, match="what must be one of"):
        save_figure(found, "pie", tmp_path / "x.png")


def test_hostile_names_are_inert(tmp_path):
    draw = np.random.default_rng(1)
    truth = draw.poisson(2.0, 60).astype(float)
    rankings = {name: draw.normal(size=60) for name in ("balanced", *HOSTILE)}
    found = made(rankings, truth, n_replicates=20)
    for what in ("metrics", "removal"):
        for ending in (".html", ".png", ".svg"):
            save_figure(found, what, tmp_path / f"{what}{ending}")
        assert "<script>alert(1)" not in (tmp_path / f"{what}.html").read_text()
        for trace in found.plot(what).data:  # plotly reads some HTML of its own in names
            assert "<" not in f"{trace.name} {' '.join(map(str, trace.y))} {trace.hovertemplate}".replace(
                "<extra></extra>", ""
            )
        drawn = (tmp_path / f"{what}.svg").read_text()
        assert "<script>" not in drawn
        assert "$x_{$" in drawn
        assert "_hidden" in drawn
    assert "\x1b" not in repr(found)


def test_a_figure_without_intervals(tmp_path):
    for what in ("metrics", "removal"):
        assert save_figure(by_hand(), what, tmp_path / f"{what}.png").is_file()
    for trace in by_hand().plot("metrics").data:
        assert not np.isnan(trace.error_x.array).any()
