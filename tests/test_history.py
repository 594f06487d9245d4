"""Kept runs: read again, side by side, and taken apart."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import swayrank as sr
import swayrank.scoring.history as between
from swayrank.errors import FolderError, ParameterError, UnknownAccountError, VersionError
from swayrank.results import RunFolder
from swayrank.scoring.between_runs import _withheld, why_changed
from swayrank.scoring.history import history
from swayrank.scoring.keep import load_scores


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=500, rng=7)


@pytest.fixture(scope="module")
def early(town):
    return sr.score(town.graph, town.events, until="2026-03-15", rng=7)


@pytest.fixture(scope="module")
def late(town, early):
    return sr.score(town.graph, town.events, reference=early.reference, rng=7)


@pytest.fixture(scope="module")
def out(tmp_path_factory, early, late):
    folder = tmp_path_factory.mktemp("runs") / "out"
    late.save(folder)
    early.save(folder)  # kept later, of earlier data
    return folder


def folder_of(out, which):
    return history(out).runs[which].folder


def test_a_kept_run_says_what_the_scores_said(out, early):
    kept = load_scores(folder_of(out, 0))
    at = kept.ids.positions(early.ids.to_arrow())
    np.testing.assert_array_equal(kept.score[at], early.score)
    np.testing.assert_array_equal(kept.rank[at], early.rank)
    for mine, theirs in ((kept.raw, early.raw), (kept.parts, early.parts), (kept.contributions, early.contributions)):
        assert mine.keys() == theirs.keys()
        for name in mine:
            np.testing.assert_array_equal(mine[name][at], theirs[name])
    sure, was = kept.intervals, early.intervals
    assert (sure.confidence, sure.n_replicates, sure.varies) == (was.confidence, was.n_replicates, was.varies)
    pairs = [(sure.score, was.score), (sure.rank, was.rank), *((sure.parts[n], was.parts[n]) for n in was.parts)]
    for mine, theirs in pairs:
        for end in range(2):
            np.testing.assert_array_equal(mine[end][at], theirs[end])
    np.testing.assert_array_equal(sure.unseen[at], was.unseen)
    np.testing.assert_array_equal(kept.roles[at], early.roles)
    assert kept.reference == early.reference
    assert kept.weights == early.weights
    assert kept.units == early.units
    assert kept.params["half_life_chosen_by"] == early.params["half_life_chosen_by"]
    assert "500 accounts" in repr(kept)


def test_what_is_kept_has_columns_for_intervals(out, early):
    table = pq.read_table(folder_of(out, 0) / "scores.parquet")
    for name in ("score", "rank", *early.parts):
        low, high = (np.array(table[f"{name}_{end}"].to_pylist(), float) for end in ("low", "high"))
        middle = np.array(table[name].to_pylist(), float)
        there = ~np.isnan(middle)
        assert np.all(low[there] <= middle[there])
        assert np.all(middle[there] <= high[there])
        assert np.any(low[there] < high[there]) or name == "reach"
    manifest = json.loads((folder_of(out, 0) / "manifest.json").read_text())
    assert manifest["intervals"] == {
        "confidence": 0.95,
        "n_replicates": 200,
        "varies": dict(early.intervals.varies),
    }
    assert manifest["parameters"]["half_life_chosen_by"] == early.params["half_life_chosen_by"]


def test_runs_without_intervals_are_kept_and_read(town, tmp_path):
    scores = sr.score(town.graph, town.events, n_replicates=None, rng=7)
    kept = load_scores(scores.save(tmp_path))
    assert kept.intervals is None
    assert pq.read_table(kept.folder / "scores.parquet")["score_low"].null_count == len(scores)
    change = why_changed(kept, kept, kept.ids[0])
    assert change.more_than_chance is None
    assert change.difference == 0
    assert "cannot be told" in str(change)


def test_explanations_are_kept_with_their_text(out, early):
    kept = load_scores(folder_of(out, 0))
    best = early.top(1)[0].account
    told = kept.explanation(best)
    assert told["text"] == str(early.explain(best))
    assert told["account"] == best
    with pytest.raises(UnknownAccountError):
        kept.explanation("nobody_here")


def test_damaged_and_foreign_runs_are_refused(out, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(folder_of(out, 0), broken)
    whole = (broken / "scores.parquet").read_bytes()
    (broken / "scores.parquet").write_bytes(whole[:-1] + b"x")
    with pytest.raises(FolderError, match="was altered"):
        load_scores(broken)
    (broken / "scores.parquet").unlink()
    with pytest.raises(FolderError, match="absent"):
        load_scores(broken)
    manifest = json.loads((broken / "manifest.json").read_text())
    (broken / "manifest.json").write_text(json.dumps({**manifest, "format": "swayrank run 9"}))
    with pytest.raises(VersionError, match="'swayrank run 9'"):
        load_scores(broken)
    with RunFolder(tmp_path / "other") as run:
        run.publish({"turn": 1})
    with pytest.raises(FolderError, match="does not tell of scores"):
        load_scores(tmp_path / "other")
    with pytest.raises(FolderError, match="no swayrank result"):
        load_scores(tmp_path)
    with pytest.raises(FolderError, match="no swayrank result"):
        history(tmp_path)


def test_history_is_in_order_of_the_data(out, early, late):
    past = history(out)
    assert [run.time[:10] for run in past.runs] == ["2026-03-15", "2026-03-30"]
    assert [run.scale for run in past.runs] == ["A", "A"]
    assert past.notes() == []
    assert "2026-03-15" in repr(past)
    assert len(past.to_frame()) == len(early) + len(late)
    best = late.top(1)[0].account
    rows = history(out, best).rows
    assert [row.score for row in rows] == [early.row(best).score, late.row(best).score]
    assert [row.rank_low <= row.rank <= row.rank_high for row in rows] == [True, True]
    assert rows[0].parts == early.row(best).parts
    assert rows[0].role == early.roles[early.ids.position(best)]
    two = history(out, [best, early.top(2)[1].account])
    assert len(two.rows) == 4
    assert set(two.to_frame("polars")["time"].to_list()) == {run.time for run in past.runs}
    with pytest.raises(UnknownAccountError, match="nobody_here"):
        history(out, "nobody_here")


def test_unfinished_runs_are_no_history(out, tmp_path):
    shutil.copytree(out, tmp_path / "o", symlinks=True)
    (tmp_path / "o" / "runs" / ".unfinished-1").mkdir()
    shutil.copytree(folder_of(out, 0), tmp_path / "o" / "runs" / ".unfinished-2")
    (tmp_path / "o" / "runs" / "half").mkdir()
    assert len(history(tmp_path / "o").runs) == 2


def test_a_run_that_is_removed_while_it_is_read_is_no_history(out, early, tmp_path, monkeypatch):
    shutil.copytree(out, tmp_path / "o", symlinks=True)
    told, account = history(out), early.top(1)[0].account
    gone, stays = (run.id for run in told.runs)
    for name in ("read_scores_manifest", "read_table"):
        usual = getattr(between, name)

        def late(folder, *more, read=usual, place=tmp_path / name):
            if folder.name == gone and not place.exists():
                folder.rename(place)
            return read(folder, *more)

        with monkeypatch.context() as patch:
            patch.setattr(between, name, late)
            assert [row.run for row in history(tmp_path / "o", account).rows] == [stays]
        (tmp_path / name).rename(tmp_path / "o" / "runs" / gone)


def test_other_scales_are_told_apart(town, out, early, tmp_path):
    shutil.copytree(out, tmp_path / "o", symlinks=True)
    sr.score(town.graph, town.events, profile="reach", rng=7).save(tmp_path / "o")
    past = history(tmp_path / "o", early.top(1)[0].account)
    assert [run.scale for run in past.runs] == ["A", "A", "B"]
    assert "do not compare" in past.notes()[0]
    assert "reference.json" in past.notes()[0]
    assert "scale" in repr(past)
    account = early.top(1)[0].account
    change = past.last_change(account)
    assert change.difference == why_changed(past.runs[0].folder, past.runs[1].folder, account).difference
    with pytest.raises(ParameterError, match=r"--reference .*reference.json"):
        why_changed(past.runs[1].folder, past.runs[2].folder, account)


def test_the_terms_of_a_change_sum_to_it(early, late, out):
    kept = [folder_of(out, which) for which in range(2)]
    moved = 0
    for account in early.ids.to_numpy()[::7]:
        there = early.row(account), late.row(account)
        if any(row.score is None for row in there):
            continue
        for before, after in ((early, late), kept):
            change = why_changed(before, after, account)
            terms = [term.points for part in change.parts for term in part.terms]
            assert math.fsum(terms) == pytest.approx(there[1].score - there[0].score, abs=1e-9)
            assert change.difference == pytest.approx(there[1].score - there[0].score, abs=1e-9)
        moved += abs(change.difference) > 0.1
    assert moved > 5


def test_a_change_by_hand():
    """Two reactions from two people: one known before, faded by one half-life; one new."""
    graph = sr.Graph.from_edges(["b", "c", "d", "d"], ["a", "a", "b", "a"])
    rows = [
        ("b", "like", "a", "p1", "2026-01-01"),
        ("d", "like", "b", "p2", "2026-01-01"),
        ("c", "like", "a", "p3", "2026-01-08"),
    ]

    def score(n, reference=None):
        names = ("actor", "action", "target", "post", "time")
        log = sr.Events.from_frame(dict(zip(names, map(list, zip(*rows[:n], strict=True)), strict=True)))
        return sr.score(graph, log, half_life_days=7, min_evidence=0, reference=reference, rng=1)

    before = score(2)
    after = score(3, before.reference)
    change = why_changed(before, after, "a")
    by_name = {part.part: part for part in change.parts}
    knots = before.reference.knots["resonance"]
    # one engager of one post: (2**0.75 - 1) (1/2)**2; of two posts: (2/3)**2, and the first like counts half by then
    was, faded = (2**0.75 - 1) / 4, (1.5**0.75 - 1) / 4
    now = (1.5**0.75 - 1 + 2**0.75 - 1) * 4 / 9
    assert by_name["resonance"].earlier_raw == pytest.approx(was)
    assert by_name["resonance"].later_raw == pytest.approx(now)
    s = knots.scale(np.array([was, faded, now]))
    weight = before.weights["resonance"]
    got = [(term.what, term.points) for term in by_name["resonance"].terms]
    assert got == [
        ("what was known then faded, or left the log", pytest.approx(weight * (s[1] - s[0]))),
        ("what came since", pytest.approx(weight * (s[2] - s[1]))),
    ]
    # of b, c and d, who follows b too: 3 for following and the likes, over these, 1 and likes of others
    reach = (4 / 5 + 3 / 4 + 1.5 / 5, 3.5 / 4.5 + 4 / 5 + 1.5 / 4.5)
    assert (by_name["reach"].earlier_raw, by_name["reach"].later_raw) == pytest.approx(reach)
    i = before.ids.position("a")
    for part, raw in (("reach", reach), ("spread", (before.raw["spread"][i], after.raw["spread"][i]))):
        x, y = before.reference.knots[part].scale(np.array(raw))
        assert [(t.what, t.points) for t in by_name[part].terms] == [
            ("its figure", pytest.approx(before.weights[part] * (y - x)))
        ]
    assert change.counts["reactions"] == (1, 2)
    assert change.difference == pytest.approx(after.row("a").score - before.row("a").score)
    assert math.fsum(part.points for part in change.parts) == pytest.approx(change.difference)


def test_more_reactions_may_be_worth_less():
    names = ("actor", "action", "target", "post", "time")
    graph = sr.Graph.from_edges(["b", "c", "d"], ["a", "a", "a"])
    rows = [(who, "like", "a", "p1", "2026-01-01") for who in "bcd"] + [("b", "like", "a", "p2", "2026-03-01")]

    def score(n, reference=None):
        log = sr.Events.from_frame(dict(zip(names, map(list, zip(*rows[:n], strict=True)), strict=True)))
        return sr.score(graph, log, half_life_days=7, min_evidence=0, reference=reference, rng=1)

    before = score(3)
    told = str(why_changed(before, score(4, before.reference), "a"))
    assert "reactions 3 -> 4" in told
    assert "older ones faded by more than new ones added" in told


def test_the_interval_of_a_change_by_hand(early, late):
    account = late.top(3)[2].account
    change = why_changed(early, late, account)
    i, j = early.ids.position(account), late.ids.position(account)
    s, s2 = early.score[i], late.score[j]
    (low, high), (low2, high2) = ([end[k] for end in x.intervals.score] for x, k in ((early, i), (late, j)))
    assert change.low == pytest.approx(s2 - s - math.sqrt((s2 - low2) ** 2 + (high - s) ** 2))
    assert change.high == pytest.approx(s2 - s + math.sqrt((high2 - s2) ** 2 + (s - low) ** 2))
    assert s2 - low2 != pytest.approx(high2 - s2, abs=1e-6), "or an end could be taken from the wrong side"
    assert high - s != pytest.approx(s - low, abs=1e-6)
    told = {}
    for moved in (-1.0, 0.0, 1.0):
        ends = {"low": moved - 0.5, "high": moved + 0.5, "withheld": None}
        shifted = dataclasses.replace(change, **ends)
        assert shifted.more_than_chance == (moved != 0)
        told[moved] = str(shifted)
    assert "no more than chance may explain" in told[0.0]
    for moved in (-1.0, 1.0):
        assert "more than chance explains (" in told[moved]
        assert "of accounts whose habits stay, 5 in 100 look so" in told[moved]


def test_logs_of_other_spans_get_no_verdict(early, late):
    """Fourteen days against twenty-nine: more of the same habits is no change of habits."""
    change = why_changed(early, late, late.top(3)[2].account)
    assert change.more_than_chance is None
    assert (change.earlier.span_days, change.later.span_days) == (early.params["span_days"], late.params["span_days"])
    assert "cannot be told: the data spans 13.9 days earlier and 29.8 later" in str(change)
    assert "score windows of one length (the last 13.9 days of each, --since" in str(change)
    assert "chance explains" not in str(change)
    assert change.to_dict()["withheld"] == change.withheld
    assert why_changed(late, late, late.top(1)[0].account).withheld is None


@pytest.mark.parametrize(
    ("half_life", "spans", "same"),
    [
        (7.0, (30.0, 30.7), True),
        (7.0, (30.0, 30.71), False),
        (7.0, (30.71, 30.0), False),
        (100.0, (20.0, 22.0), True),
        (100.0, (20.0, 22.01), False),
        (100.0, (22.01, 20.0), False),
    ],
)
def test_spans_may_differ_by_a_tenth_of_the_half_life_or_of_the_shorter(late, half_life, spans, same):
    run = dataclasses.replace(late, params={**late.params, "half_life_days": half_life})
    sides = [dataclasses.replace(why_changed(late, late, late.ids[0]).earlier, span_days=span) for span in spans]
    assert (_withheld(run, *sides) is None) == same


def test_a_run_that_does_not_know_its_span_gets_no_verdict(out, late):
    manifest = json.loads((folder_of(out, 0) / "manifest.json").read_text())
    del manifest["parameters"]["span_days"]
    kept = dataclasses.replace(load_scores(folder_of(out, 0)), manifest=manifest)
    change = why_changed(kept, late, late.top(1)[0].account)
    assert change.more_than_chance is None
    assert "the span of the earlier run's data is unknown" in str(change)
    assert change.earlier.span_days is None


def test_a_graph_alone_has_no_span_to_differ():
    one = sr.score(sr.Graph.from_edges(["b", "c", "d", "a"], ["a", "a", "a", "b"]), rng=1, min_evidence=0)
    two = sr.score(
        sr.Graph.from_edges(["b", "c", "a"], ["a", "a", "b"]), rng=1, min_evidence=0, reference=one.reference
    )
    change = why_changed(one, two, "a")
    assert change.withheld is None
    assert change.more_than_chance is not None


def test_alarms_are_false_as_often_as_said():
    """Towns of constant habits, one window after another of the same length: about one in twenty seems to change."""
    alarms = n = 0
    for rng in (1, 2, 3):
        town = sr.generate("town", n=400, days=16, rng=rng)
        rows = town.events.to_frame()
        start = rows["time"].min()
        half = rows["time"] < start + pd.Timedelta(days=8)
        published = set(rows[half & (rows["action"] == "post")]["post"])
        first = sr.Events.from_frame(rows[half])
        second = sr.Events.from_frame(rows[~half & ~rows["post"].isin(published)])
        one = sr.score(town.graph, first, half_life_days=30, rng=rng)
        two = sr.score(town.graph, second, reference=one.reference, rng=rng)
        for account in (row.account for row in one.top(200)):
            change = why_changed(one, two, account)
            assert change.difference is None or change.withheld is None, change.withheld
            alarms, n = alarms + bool(change.more_than_chance), n + (change.difference is not None)
    assert n > 500
    assert alarms / n < 0.08, (alarms, n)


def test_beyond_the_scale_is_told_of_each_run(early, late):
    def ended_between(account, name):
        figures = [scores.raw[name][scores.ids.position(account)] for scores in (early, late)]
        knots = early.reference.knots[name]
        ended = dataclasses.replace(knots, top=sum(figures) / 2)
        reference = dataclasses.replace(early.reference, knots={**early.reference.knots, name: ended})
        change = why_changed(*(dataclasses.replace(s, reference=reference) for s in (early, late)), account)
        return figures, next(part for part in change.parts if part.part == name), str(change)

    seen = set()
    for row in early.top(20):
        figures, part, text = ended_between(row.account, "resonance")
        if figures[0] != figures[1]:
            later = figures[1] > figures[0]
            assert part.beyond == (not later, later)
            when = "now" if later else "earlier"
            assert f", {when} beyond the scale of the reference, cut off at 100" in text
            seen.add(later)
    assert seen
    account = early.top(1)[0].account
    assert not any(any(part.beyond) for part in why_changed(early, early, account).parts)


def test_parts_that_come_and_go_shift_the_others():
    """Of an account outside the graph there is no spread by the graph; when it joins, resonance weighs less."""
    rows = [("b", "like", "a", "p1"), ("c", "like", "a", "p1"), ("d", "like", "a", "p1"), ("d", "like", "b", "p2")]
    log = sr.Events.from_frame(
        dict(zip(("actor", "action", "target", "post"), map(list, zip(*rows, strict=True)), strict=True))
    )
    joined = sr.Graph.from_edges(["b", "c", "d"], ["a", "b", "b"])
    left = sr.Graph.from_edges(["c", "d"], ["b", "b"])
    after = sr.score(joined, log, prob="weighted_cascade", rng=1)
    before = sr.score(left, log, prob="weighted_cascade", reference=after.reference, rng=1)
    change = why_changed(before, after, "a")
    by_name = {part.part: part for part in change.parts}
    assert by_name["spread"].earlier is None
    assert [term.what for term in by_name["spread"].terms] == ["can be measured now, could not then"]
    assert any("weighs otherwise" in term.what for term in by_name["resonance"].terms)
    assert math.fsum(part.points for part in change.parts) == pytest.approx(change.difference, abs=1e-9)
    assert change.difference == pytest.approx(after.row("a").score - before.row("a").score, abs=1e-9)
    back = why_changed(after, before, "a")
    assert back.difference == pytest.approx(-change.difference)
    assert "can no longer be measured" in str(back)


def test_accounts_of_one_run_only_are_told(town, early, late):
    names = ("actor", "action", "target", "post", "time")
    extra = [[f"x{k}", "like", "newcomer", "p9", "2026-03-29"] for k in range(5)]
    log = sr.Events.from_frame(dict(zip(names, map(list, zip(*extra, strict=True)), strict=True)))
    later = sr.score(town.graph, log, reference=early.reference, rng=7)
    change = why_changed(early, later, "newcomer")
    assert change.earlier.status == "absent"
    assert change.difference is None
    assert "not in the data earlier" in str(change)
    assert change.to_dict()["parts"] == ()
    assert change.withheld is None
    with pytest.raises(UnknownAccountError, match="neither run"):
        why_changed(early, late, "nobody_here")
    thin = next(str(a) for a in early.ids if not early.rank[early.ids.position(a)])
    assert "too little data" in str(why_changed(early, late, thin))


def test_names_in_a_history_are_harmless(tmp_path):
    graph = sr.Graph.from_edges(["b", "c", "d"], ["\x1b[31mred"] * 3)
    scores = sr.score(graph, rng=1)
    scores.save(tmp_path)
    scores.save(tmp_path)
    past = history(tmp_path, "\x1b[31mred")
    assert "\x1b" not in str(past)
    assert "\x1b" not in str(past.last_change("\x1b[31mred"))
