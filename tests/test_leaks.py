"""Nothing after the split is read in what is known before it: the future is planted everywhere, and caught."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

import swayrank as sr
from swayrank._rng import resolve_rng
from swayrank.engines import resolve_engine
from swayrank.errors import LeakError, ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_TIME, as_us
from swayrank.graph import Graph
from swayrank.scoring.references import reference_of
from swayrank.validation.folds import folds_of
from swayrank.validation.rankings import known_before

SPLIT = "2026-03-16"
CUT = as_us(SPLIT)
AS_OF = "2026-03-01"
FEW = {"k": 10, "n_replicates": 5, "rng": 3}


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=200, rng=7)


@pytest.fixture(scope="module")
def other_futures(town):
    """The town's log with its future thinned out, rewritten, and with accounts, posts and an action of its own."""
    table = town.events.to_frame("pandas")
    late = table[table["time"] >= pd.Timestamp(SPLIT, tz="UTC")]
    thinned = late.iloc[::3]
    swapped = late.assign(target=late["target"].to_numpy()[::-1])
    loud = late.assign(actor=[f"new {i}" for i in range(len(late))], target=late["actor"], action="repost")
    early = table[table["time"] < pd.Timestamp(SPLIT, tz="UTC")]
    return [Events.from_frame(pd.concat([early, rows], ignore_index=True)) for rows in (thinned, swapped, loud)]


def known(graph, events, posts=None, as_of=AS_OF, split=SPLIT, **options):
    fold = folds_of(graph, events, posts, split, horizon_days=None, as_of=as_of)[0]
    return known_before(fold, options, {}, key=resolve_rng(3), runner=resolve_engine("local", 1))


def assert_same_bits(one, other):
    assert list(one.ids) == list(other.ids)
    assert one.half_life_days == other.half_life_days
    assert np.array_equal(one.scored, other.scored)
    for name in ("raw", "baselines"):
        tables = getattr(one, name), getattr(other, name)
        assert tables[0].keys() == tables[1].keys()
        for key in tables[0]:
            assert np.array_equal(tables[0][key], tables[1][key], equal_nan=True), key
    assert np.array_equal(one.composite("balanced"), other.composite("balanced"), equal_nan=True)


def dated(graph, cut=CUT, late_share=0.3):
    """The graph's arcs with times, of which some lie after the split, and a column of weights."""
    draw = np.random.default_rng(1)
    late = draw.random(graph.n_edges) < late_share
    time = np.where(late, cut + draw.integers(0, 10**9, late.size), cut - draw.integers(1, 10**9, late.size))
    return graph.with_columns({"time": time}), late


# -- the log -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_graph", [True, False])
def test_another_future_of_the_log_changes_no_bit(town, other_futures, with_graph):
    """Of no ranking, of no part, and not of the half-life, which is fitted to the past."""
    graph = town.graph if with_graph else None
    plain = known(graph, town.events)
    for events in other_futures:
        assert_same_bits(plain, known(graph, events))
    assert set(plain.baselines) == set(sr.backtest(graph, town.events, split=SPLIT, as_of=AS_OF, **FEW).baselines)


def test_the_whole_log_would_change_them(town, other_futures):
    """The test above is able to fail: the same comparison with the split at the end."""
    plain = known(town.graph, town.events, split=town.events.span[1])
    with pytest.raises(AssertionError):
        assert_same_bits(plain, known(town.graph, other_futures[1], split=town.events.span[1]))


def test_rows_at_the_split_and_rows_without_a_time_are_no_past(town):
    table = town.events.to_frame("pandas")
    extra = pd.DataFrame(
        {
            "actor": [f"new {i}" for i in range(40)], "action": "repost", "target": town.events.accounts[0],
            "post": None, "time": [pd.Timestamp(SPLIT, tz="UTC")] * 20 + [pd.NaT] * 20,
        }
    )  # fmt: skip
    events = Events.from_frame(pd.concat([table, extra], ignore_index=True))
    assert int((events.time == NO_TIME).sum()) == 20
    assert_same_bits(known(town.graph, town.events), known(town.graph, events))


def test_own_measures_are_given_the_past_alone(town):
    seen = []

    def own(graph, events):
        seen.append((graph, events))
        return sr.past_reposts(events)

    sr.backtest(town.graph, town.events, split=SPLIT, as_of=AS_OF, measures={"own": own}, **FEW)
    for _, events in seen:
        assert events.span is None or events.span[1] < CUT
        assert set(events.accounts) <= set(town.events.before(CUT).compact().accounts)


def test_what_fit_profile_chose_does_not_know_later_stretches(town, other_futures):
    splits, more = ["2026-03-06", "2026-03-11", SPLIT], {"k": 10, "n_replicates": 5, "rng": 3, "as_of": AS_OF}
    plain = sr.fit_profile(town.graph, town.events, splits=splits, outcome="engagers", free_model=False, **more)
    for events in other_futures[:2]:
        again = sr.fit_profile(town.graph, events, splits=splits, outcome="engagers", free_model=False, **more)
        assert (again.weights, again.chosen, again.gains) == (plain.weights, plain.chosen, plain.gains)
        assert not np.array_equal(again.backtest.values, plain.backtest.values)


def test_a_long_horizon_does_not_reach_into_the_next_stretch(town, other_futures):
    splits, more = ["2026-03-06", "2026-03-11", SPLIT], {"k": 10, "n_replicates": 5, "rng": 3, "as_of": AS_OF}
    told = [
        sr.fit_profile(town.graph, events, splits=splits, horizon_days=25, free_model=False, outcome="engagers", **more)
        for events in (town.events, other_futures[1])
    ]
    assert told[0].gains == told[1].gains
    assert told[0].weights == told[1].weights


# -- graphs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_of", [None, "2026-03-17", dt.date(2026, 3, 20), CUT + 1])
def test_an_undated_graph_that_may_know_the_future_is_refused(town, as_of):
    with pytest.raises(LeakError, match=r"graph (may know|knows) the future"):
        sr.backtest(town.graph, town.events, split=SPLIT, as_of=as_of, **FEW)
    with pytest.raises(LeakError, match=r"graph (may know|knows) the future"):
        sr.fit_profile(town.graph, town.events, splits=[SPLIT, "2026-03-20", "2026-03-24"], as_of=as_of)


def test_with_several_splits_the_first_one_counts(town):
    with pytest.raises(LeakError, match="after the split at 2026-03-10"):
        sr.backtest(town.graph, town.events, split=[SPLIT, "2026-03-10"], as_of="2026-03-12", **FEW)


def test_a_graph_of_the_day_of_the_split_is_taken(town):
    assert sr.backtest(town.graph, town.events, split=SPLIT, as_of=CUT, **FEW).value("followers", "spearman") > 0


def test_arcs_of_after_the_split_are_not_read(town):
    graph, late = dated(town.graph)
    follower, followed = town.graph.edges()
    early = Graph.from_edges(
        town.graph.ids[follower[~late]], town.graph.ids[followed[~late]],
        columns={"time": graph.column("time")[~late]},
    )  # fmt: skip
    fold = folds_of(graph, town.events, None, SPLIT, horizon_days=None, as_of=None)[0]
    arcs = {(fold.graph.ids[a], fold.graph.ids[b]) for a, b in zip(*fold.graph.edges(), strict=True)}
    assert arcs == {(early.ids[a], early.ids[b]) for a, b in zip(*early.edges(), strict=True)}
    assert int(fold.graph.column("time").max()) < CUT
    moved = graph.with_columns({"time": np.where(late, CUT + 5, graph.column("time"))})  # another future
    assert_same_bits(known(graph, town.events, as_of=None), known(moved, town.events, as_of=None))


def test_accounts_that_come_with_later_arcs_are_not_known(town):
    graph = Graph.from_edges(["ada", "bob", "new"], ["bob", "cem", "ada"], columns={"time": [CUT - 2, CUT - 1, CUT]})
    assert list(folds_of(graph, town.events, None, SPLIT, horizon_days=None, as_of=None)[0].graph.ids) == [
        "ada", "bob", "cem"
    ]  # fmt: skip


@pytest.mark.parametrize("unit", [10**6, 10**3])
def test_times_of_arcs_in_another_unit_are_refused(town, unit):
    graph, _ = dated(town.graph)
    with pytest.raises(ParameterError, match="must be in microseconds"):
        sr.backtest(graph.with_columns({"time": graph.column("time") // unit}), town.events, split=SPLIT, **FEW)


def test_other_columns_of_a_dated_graph_are_withheld(town):
    """A weight is summed over rows of before and after; a probability, a topic, trust: nobody knows since when."""
    graph = dated(town.graph)[0].with_columns(
        {name: np.ones(town.graph.n_edges) for name in ("weight", "probability", "trust", "community")}
    )
    seen = []

    def own(before, events):
        seen.append(before.columns)
        return sr.in_degree(before)

    sr.backtest(graph, town.events, split=SPLIT, measures={"own": own}, **FEW)
    assert seen[0] == ("time",)
    with pytest.raises(LeakError, match="prob='trust' may know the future"):
        sr.backtest(graph, town.events, split=SPLIT, score_options={"prob": "trust"}, **FEW)
    with pytest.raises(ParameterError, match="trust"):
        sr.backtest(graph, town.events, split=SPLIT, measures={"own": lambda g, _: g.column("trust")}, **FEW)
    seen.clear()
    sr.backtest(graph, town.events, split=SPLIT, as_of=AS_OF, measures={"own": own}, **FEW)
    assert set(seen[0]) == set(graph.columns)  # somebody vouches for them


def test_learned_probabilities_are_refused_in_every_form(town):
    """Of a dated graph and of an undated one: `as_of` tells when a graph was taken, not what its columns know."""
    undated = sr.learn_probabilities(town.graph, town.events)
    assert "probability" in undated.columns
    for graph, as_of in ((undated, AS_OF), (dated(undated)[0], None), (dated(undated)[0], AS_OF)):
        with pytest.raises(LeakError, match="prob='probability' may know the future"):
            sr.backtest(graph, town.events, split=SPLIT, as_of=as_of, score_options={"prob": "probability"}, **FEW)
    for prob in (undated.column("probability"), lambda columns: columns["probability"]):
        with pytest.raises(LeakError, match="prob may know the future"):
            sr.backtest(undated, town.events, split=SPLIT, as_of=AS_OF, score_options={"prob": prob}, **FEW)
    assert sr.backtest(undated, town.events, split=SPLIT, as_of=AS_OF, score_options={"prob": 0.1}, **FEW).folds
    more = {"split": SPLIT, "as_of": AS_OF, "measures": ["spread"]} | FEW  # it would take the column by itself
    plain = sr.backtest(town.graph, town.events, **more)
    assert np.array_equal(sr.backtest(undated, town.events, **more).values, plain.values)


def test_what_features_taught_is_refused_too(town):
    pytest.importorskip("sklearn", reason="features need scikit-learn")
    learned = sr.learn_from_features(town.graph, town.events, rng=1)
    with pytest.raises(LeakError, match="prob='probability' may know the future"):
        sr.backtest(learned, town.events, split=SPLIT, as_of=AS_OF, score_options={"prob": "probability"}, **FEW)


@pytest.mark.parametrize("judge", [sr.calibrate, sr.calibrate_reach])
def test_what_was_learned_from_a_log_is_not_judged_on_its_later_posts(town, judge):
    learned = sr.learn_probabilities(town.graph, town.events, method="likelihood")
    for prob in (None, "probability"):
        with pytest.raises(LeakError, match="learned from before the split"):
            judge(learned, town.events, prob=prob, split=0.8, rng=1)

    def before(graph, events):
        return sr.learn_probabilities(graph, events, method="likelihood")

    assert judge(town.graph, town.events, prob=before, split=0.8, rng=1).told()


def test_probabilities_learned_inside_a_measure_know_the_past_alone(town, other_futures):
    def learned_spread(graph, events):
        return sr.spread(sr.IndependentCascade(sr.learn_probabilities(graph, events)), n_samples=500, rng=1)

    found = [
        sr.backtest(town.graph, log, split=SPLIT, as_of=AS_OF, measures={"learned": learned_spread}, **FEW)
        for log in (town.events, town.events.before("2026-03-24"))
    ]
    assert found[0].suspects() == []
    known = [
        known_before(
            folds_of(town.graph, log, None, SPLIT, horizon_days=None, as_of=AS_OF)[0], {}, {"x": learned_spread},
            key=resolve_rng(3), runner=resolve_engine("local", 1),
        )
        for log in (town.events, other_futures[0])
    ]  # fmt: skip
    assert_same_bits(*known)


# -- posts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_of", [None, "2026-03-17"])
def test_undated_counts_per_post_are_refused(town, as_of):
    with pytest.raises(LeakError, match=r"posts (may know|knows) the future"):
        sr.backtest(None, town.events, town.posts, split=SPLIT, as_of=as_of, **FEW)


def test_posts_of_after_the_split_are_not_read(town):
    fold = folds_of(None, town.events, town.posts, SPLIT, horizon_days=None, as_of=AS_OF)[0]
    assert 0 < fold.posts.n_posts < town.posts.n_posts
    assert int(fold.posts.time.max()) < CUT
    assert int(fold.posts.time.min()) > NO_TIME


# -- the scale ---------------------------------------------------------------------------------------------------------


def test_a_scale_from_later_data_is_refused(town, tmp_path):
    later = reference_of(sr.score(town.graph, town.events, n_replicates=None, rng=3))
    early = sr.score(town.graph, town.events, until="2026-03-10", as_of=AS_OF, n_replicates=None, rng=3)
    later.save(tmp_path / "later.json")
    nameless = dataclasses.replace(later, made={})
    for reference in (later, tmp_path / "later.json", str(tmp_path / "later.json"), nameless):
        with pytest.raises(LeakError, match=r"reference (may know|knows) the future"):
            sr.backtest(
                town.graph, town.events, split=SPLIT, as_of=AS_OF, score_options={"reference": reference}, **FEW
            )
    kept = reference_of(early)
    found = known(town.graph, town.events, reference=kept)
    whole = sr.score(
        town.graph, town.events.before(SPLIT).compact(), reference=kept, until=SPLIT, n_replicates=None, rng=3
    )
    np.testing.assert_allclose(found.composite("balanced"), whole.score, rtol=1e-12, equal_nan=True)
    assert not np.allclose(found.composite("balanced"), known(town.graph, town.events).composite("balanced"))


def test_without_a_split_there_is_no_later_scale(town):
    reference = reference_of(sr.score(town.graph, n_replicates=None, rng=3))
    truth = dict.fromkeys(town.graph.ids, 1.0) | {town.graph.ids[0]: 5.0}
    assert sr.backtest(town.graph, outcome=truth, score_options={"reference": reference}, **FEW).names[0] == "balanced"


# -- own measures ------------------------------------------------------------------------------------------------------


def test_finished_numbers_are_refused(town):
    for finished in (sr.past_reposts(town.events), np.ones(200), {"ada": 1}):
        with pytest.raises(LeakError, match="must be a function"):
            sr.backtest(None, town.events, split=SPLIT, measures={"mine": finished}, **FEW)


def test_a_measure_that_has_seen_the_future_is_told(town):
    def peek(graph, events):
        return sr.distinct_engagers(town.events.after(SPLIT))

    def half(graph, events):
        past, all_of_it = sr.distinct_engagers(events), sr.distinct_engagers(town.events)
        return dataclasses.replace(past, values=past.values + [all_of_it.value(account) for account in past.ids])

    found = sr.backtest(
        None, town.events, split=SPLIT, outcome="engagers",
        measures={"peek": peek, "half": half, "honest": lambda g, e: sr.engagement_counts(e)}, **FEW,
    )  # fmt: skip
    assert found.suspects() == ["peek", "half"]
    told = "\n".join(found.told())
    assert "peek agrees with the future (Spearman 1.000) better than the future's own halves allow" in told
    assert "half tells accounts apart even where it is given neither events nor arcs" in told
    assert "honest agrees" not in told
    assert found.to_dict()["suspects"] == ["peek", "half"]


@pytest.mark.parametrize("outcome", ["reposts", "engagement", "engagers"])
def test_the_future_itself_is_beyond_the_ceiling_and_honest_rankings_are_not(town, outcome):
    truth = {"reposts": sr.past_reposts, "engagement": sr.engagement_counts, "engagers": sr.distinct_engagers}[outcome]
    for seed in (1, 2):
        one = sr.generate("town", n=300, rng=seed)

        def peek(graph, events, one=one):  # restricted to what it is given, so that nothing but the ceiling can tell
            found = truth(one.events.after(SPLIT))
            known = [account in set(events.accounts) for account in found.ids]
            return dataclasses.replace(found, values=found.values * np.array(known) * (events.n_events > 0))

        found = sr.backtest(
            one.graph, one.events, split=SPLIT, outcome=outcome, as_of=AS_OF, measures={"peek": peek}, **FEW
        )
        assert found.suspects() == ["peek"]


def test_outcomes_that_cannot_be_halved_have_no_ceiling(town):
    found = sr.backtest(None, town.events, split=SPLIT, outcome="cascade_size", **FEW)
    assert found.folds[0].ceiling is None
    assert found.suspects() == []
