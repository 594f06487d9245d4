"""Two accounts side by side: differences that add up, and chances counted by hand from the replicates."""

from __future__ import annotations

import dataclasses
import json
import math
from itertools import pairwise

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.scoring.compare import _order, _percent, compare_kept
from swayrank.scoring.intervals import replicates
from swayrank.scoring.keep import load_scores
from tests.test_explain import ADA, DAY, LIKES, REACH, RESONANCE, damped, scored


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=1500, days=20, rng=11)


@pytest.fixture(scope="module")
def scores(town):
    return sr.score(town.graph, town.events, rng=5)


def ids_at(scores, *ranks):
    return [scores.top(rank)[-1].account for rank in ranks]


@pytest.mark.parametrize("ranks", [(1, 2), (9, 3), (50, 51), (1400, 20)])
def test_the_parts_add_up_to_the_difference(scores, ranks):
    a, b = ids_at(scores, *ranks)
    told = scores.compare(a, b)
    assert told.difference == scores.row(a).score - scores.row(b).score
    assert math.fsum(part.difference for part in told.parts) == pytest.approx(told.difference, abs=1e-11)
    for part in told.parts:
        assert part.difference == part.contributions[0] - part.contributions[1]
        assert part.contributions == (scores.row(a).contributions[part.part], scores.row(b).contributions[part.part])
    assert [abs(p.difference) for p in told.parts] == sorted((abs(p.difference) for p in told.parts), reverse=True)


@pytest.mark.parametrize("ranks", [(1, 2), (30, 12), (7, 8), (1490, 1)])
def test_chances_are_counted_from_the_replicates(scores, ranks):
    a, b = ids_at(scores, *ranks)
    told = scores.compare(a, b)
    i, j = scores.ids.position(a), scores.ids.position(b)
    drawn = [float(x - y) for x, y in replicates(scores.basis, [i, j])["score"]]
    assert told.n_replicates == len(drawn) == 200
    assert told.n_above == sum(d > 0 for d in drawn)
    assert told.n_equal == sum(d == 0 for d in drawn)
    share = (told.n_above + told.n_equal / 2) / 200
    assert told.share_above == pytest.approx(share)
    assert told.std_error == pytest.approx(math.sqrt(share * (1 - share) / 200))
    drawn.sort()
    low, high = drawn[5 - 1], drawn[196 - 1]  # of 200: the 2.5 % and 97.5 % places among 201 gaps
    assert told.interval == (min(low, told.difference), max(high, told.difference))


def test_it_reads_the_same_from_either_side(scores):
    a, b = ids_at(scores, 4, 11)
    one, two = scores.compare(a, b), scores.compare(b, a)
    assert one.difference == -two.difference
    assert one.n_above + one.n_equal + two.n_above == one.n_replicates
    assert one.interval == pytest.approx((-two.interval[1], -two.interval[0]))
    assert {p.part: p.difference for p in one.parts} == {p.part: -p.difference for p in two.parts}
    assert one.order == two.order
    far = scores.compare(*ids_at(scores, 2, 400)), scores.compare(*ids_at(scores, 400, 2))
    best, other = far[0].a.account, far[0].b.account
    assert str(far[0]).startswith(f"{best} is above {other}: ")
    assert str(far[1]).startswith(f"{other} is below {best}: ")


def test_it_never_says_that_it_is_certain(scores):
    best, worst = ids_at(scores, 1, 1490)
    told = scores.compare(best, worst)
    assert told.n_above == 200
    assert f"{best} is above in all 200 replicates" in str(told)
    assert "100 %" not in str(told)
    assert "chance may have put either first" not in str(told)
    near = scores.compare(*ids_at(scores, 30, 31))
    assert "give or take" in str(near)
    assert "chance may have put either first" in str(near)
    assert [_percent(x) for x in (0.5, 0.995, 0.9994, 0.9995, 0.99999)] == [
        "50 %", "99.5 %", "99.9 %", "above 99.9 %", "above 99.9 %",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "share", "order"),
    [
        (True, 1.0, "settled"),
        (True, 0.9, "settled"),
        (True, 0.89, "open"),
        (True, 0.5, "open"),
        (True, 0.49, "reversed"),
        (False, 0.1, "settled"),
        (False, 0.11, "open"),
        (False, 0.51, "reversed"),
    ],
)
def test_an_order_is_what_the_replicates_support(first, share, order):
    assert _order(first, share) == order


def test_scores_that_replicates_turn_round():
    """One post with many reactions against many posts with few: seen once, the first is above."""
    rows = [(f"v{k}", "like", "lucky", "l1", DAY) for k in range(24)] + [("lucky", "post", None, "l1", DAY)]
    for j in range(12):
        rows += [("steady", "post", None, f"s{j}", DAY)] + [
            (f"w{2 * j + k}", "like", "steady", f"s{j}", DAY) for k in range(2)
        ]
    for j in range(60):
        rows += [(f"p{j}", "post", None, f"q{j}", DAY), (f"x{j}", "like", f"p{j}", f"q{j}", DAY)]
    got = scored(rows, None, profile={"resonance": 1})
    verdicts = {}
    for a in ("lucky", "steady"):
        for b in ("lucky", "steady", "p1"):
            if a != b:
                told = got.compare(a, b)
                upper = told.share_above if told.a.rank < told.b.rank else 1 - told.share_above
                verdicts[told.order] = str(told)
                assert told.order == ("settled" if upper >= 0.9 else "open" if upper >= 0.5 else "reversed")
                assert ("is not settled" in str(told).split("\n")[0]) == (upper < 0.9)
                assert ("drawn towards what peers get" in str(told)) == (upper < 0.9)
    assert len(verdicts) > 1, verdicts
    assert "settled" in verdicts


def test_the_headline_of_each_verdict(scores):
    told = scores.compare(*ids_at(scores, 4, 11))
    a, b = told.a.account, told.b.account
    head = {
        order: str(dataclasses.replace(told, order=order)).split(":")[0] for order in ("settled", "open", "reversed")
    }
    assert head == {
        "settled": f"{a} is above {b}",
        "open": f"the order of {a} and {b} is not settled",
        "reversed": f"the order of {a} and {b} is not settled, and rather the other way round",
    }


def test_a_kept_run_is_compared_by_its_intervals(scores, tmp_path):
    """MOVER by hand, from either side, and the evidence of the kept explanations."""
    kept = load_scores(scores.save(tmp_path))
    a, b = ids_at(scores, 3, 300)
    told, drawn, back = compare_kept(kept, a, b), scores.compare(a, b), compare_kept(kept, b, a)
    (s, lo, hi), (s2, lo2, hi2) = (
        (scores.score[k], scores.intervals.score[0][k], scores.intervals.score[1][k])
        for k in (scores.ids.position(a), scores.ids.position(b))
    )
    assert told.interval[0] == pytest.approx(s - s2 - math.sqrt((s - lo) ** 2 + (hi2 - s2) ** 2))
    assert told.interval[1] == pytest.approx(s - s2 + math.sqrt((hi - s) ** 2 + (s2 - lo2) ** 2))
    assert s - lo != pytest.approx(hi - s, abs=1e-6), "or it could be taken from the wrong side"
    assert back.interval == pytest.approx((-told.interval[1], -told.interval[0]))
    assert (told.a, told.b) == (drawn.a, drawn.b)
    assert told.difference == drawn.difference == -back.difference
    assert told.to_dict().keys() == drawn.to_dict().keys(), "one schema"
    for mine, theirs in zip(told.parts, drawn.parts, strict=True):
        assert dataclasses.replace(mine, share_above=theirs.share_above) == theirs
    assert (told.drawn_together, told.n_replicates, told.share_above) == (False, 0, None)
    assert (told.order, drawn.drawn_together) == ("settled", True)
    assert "leaves out 0; it is taken as of independent estimates, and misses the truth about 5 times in 100" in str(
        told
    )
    assert "sure" not in str(told)
    near = compare_kept(kept, *ids_at(scores, 30, 31))
    assert near.order == "open"
    assert "holds 0: chance may have put either first" in str(near)
    assert json.loads(json.dumps(near.to_dict(), allow_nan=False)) == near.to_dict()
    with pytest.raises(ParameterError, match="two different accounts"):
        compare_kept(kept, a, a)


def test_figures_and_evidence_by_hand():
    got = scored(ADA + LIKES)
    told = got.compare("ada", "z")
    assert (told.a.n_followers, told.a.n_reactions, told.a.n_engagers, told.a.n_posts) == (4, 5, 3, 3)
    assert (told.b.n_followers, told.b.n_reactions, told.b.n_engagers, told.b.n_posts) == (30, 30, 30, 7)
    raw = {part.part: part.raw for part in told.parts}
    assert raw["reach"] == pytest.approx((REACH, 30 * (1 + 3) / 5))
    assert raw["resonance"] == pytest.approx((RESONANCE, 30 * damped(2) * (1 - 1 / 8) ** 2))
    text = {part.part: part.because for part in told.parts}
    assert "fewer followers (4 against 30)" in text["reach"]
    assert (
        "fewer engagers (3 against 30); fewer reactions (5 against 30); fewer posts (3 against 7)" in text["resonance"]
    )
    assert "more engagers (30 against 3)" in str(got.compare("z", "ada"))


def test_a_missing_part_adds_nothing():
    """outside is not in the graph, on which this spread is measured."""
    rows = [(f"u{k}", "like", "outside", "o1", DAY) for k in range(5)]
    got = scored(ADA + LIKES + rows, prob="weighted_cascade")
    told = got.compare("ada", "outside")
    spread = next(part for part in told.parts if part.part == "spread")
    assert spread.raw[1] is None
    assert spread.contributions[1] == 0
    assert spread.share_above is None
    assert "outside lacks it: not in that source" in spread.because
    assert math.fsum(part.difference for part in told.parts) == pytest.approx(told.difference, abs=1e-12)
    assert told.b.n_followers is None


def test_accounts_that_cannot_be_compared():
    got = scored(ADA + LIKES, min_evidence=5)
    with pytest.raises(ParameterError, match="two different accounts, got 'ada' twice"):
        got.compare("ada", "ada")
    with pytest.raises(UnknownAccountError, match="nobody"):
        got.compare("ada", "nobody")
    told = got.compare("ada", "d")
    assert (told.difference, told.interval, told.share_above, told.n_replicates) == (None, None, None, 0)
    assert "cannot be ranked, d has insufficient data for a score" in str(told)
    assert "c and d have insufficient data" in str(got.compare("c", "d"))
    assert json.loads(json.dumps(told.to_dict(), allow_nan=False)) == told.to_dict()


def test_without_replicates_it_says_so(town):
    got = sr.score(town.graph, town.events, rng=5, n_replicates=None)
    told = got.compare(*ids_at(got, 1, 2))
    assert (told.confidence, told.interval, told.share_above) == (None, None, None)
    assert "how sure that is was not drawn" in str(told)


def test_a_census_is_the_same_in_all_replicates(town):
    got = sr.score(town.graph, rng=5, profile="reach", n_replicates=50)
    only_reach = sr.score(town.graph, rng=5, profile={"reach": 1}, n_replicates=50)
    told = only_reach.compare(*ids_at(only_reach, 1, 2))
    assert told.interval == pytest.approx((told.difference, told.difference))
    assert told.n_above == 50
    assert got.compare(*ids_at(got, 1, 2)).interval[0] < got.compare(*ids_at(got, 1, 2)).interval[1]


def test_equals_are_above_each_other_in_no_replicate():
    got = scored(None, [("b", "a"), ("c", "d"), ("e", "f"), ("g", "f")], profile={"reach": 1}, n_replicates=50)
    told = got.compare("a", "d")
    assert (told.difference, told.n_above, told.n_equal, told.share_above) == (0, 0, 50, 0.5)
    assert "a and d have the same score" in str(told)
    assert "equal in all 50 replicates" in str(told)


def test_whom_nobody_reacted_to_is_told():
    got = scored(ADA + LIKES)
    told = got.compare("ada", "b")
    assert told.one_sided == ["b"]
    assert "nobody has reacted to b" in str(told)


def test_it_is_plain_data_and_does_not_depend_on_threads(town, scores):
    other = sr.score(town.graph, town.events, rng=5, threads=1)
    a, b = ids_at(scores, 5, 6)
    data = scores.compare(a, b).to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert other.compare(a, b).to_dict() == data
    shuffled = sr.Events.from_frame(town.events.to_frame().sample(frac=1, random_state=1))
    assert sr.score(town.graph, shuffled, rng=5).compare(a, b).to_dict() == data


def test_hostile_names_are_inert():
    hostile = sr.generate("town", n=600, days=10, rng=4, hostile_names=True)
    got = sr.score(hostile.graph, hostile.events, rng=1, n_replicates=20)
    names = [got.ids[int(i)] for i in got.order(600)]
    assert any(not str(name).isprintable() for name in names)
    for a, b in pairwise(names):
        told = got.compare(a, b)
        assert all(line.isprintable() for line in str(told).split("\n"))
        assert told.a.account == str(a)


def test_shares_of_parts(scores):
    a, b = ids_at(scores, 3, 40)
    drawn = replicates(scores.basis, [scores.ids.position(a), scores.ids.position(b)])
    for part in scores.compare(a, b).parts:
        x, y = drawn[part.part].T
        assert part.share_above == pytest.approx(np.mean(x > y) + np.mean(x == y) / 2)
