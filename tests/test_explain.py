"""Explanations: every figure of a small case by hand, and counterfactuals held against scoring the changed data."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest

import swayrank as sr
from swayrank.ids import Ids
from swayrank.measures.community.detect import communities as find_communities
from swayrank.scoring.explain_text import _post_text
from swayrank.scoring.intervals import replicates
from swayrank.scoring.mixing import mixed_followers
from swayrank.scoring.table import beyond_note, score_row, score_table
from swayrank.scoring.telling import ordinal, plain, signed
from tests.oracles import naive_attention

communities = partial(find_communities, method="label_propagation")

DAY = "2026-01-01"
LIKES = [(f"u{k}", "like", "z", f"z{k % 7}", DAY) for k in range(30)]
ADA = [
    ("ada", "post", None, "p1", DAY),
    ("ada", "post", None, "p2", "2025-12-31"),
    ("ada", "post", None, "p3", DAY),
    ("b", "like", "ada", "p1", DAY),
    ("c", "repost", "ada", "p1", DAY),
    ("d", "like", "ada", "p1", DAY),
    ("b", "like", "ada", "p2", DAY),
    ("b", "reply", "ada", "p2", DAY),
]
FOLLOWS = [("b", "ada"), ("c", "ada"), ("d", "ada"), ("e", "ada"), ("c", "b"), *((f"u{k}", "z") for k in range(30))]
COLUMNS = ["actor", "action", "target", "post", "time"]


def damped(x):
    """What an engager of x - 1 counts before selectivity."""
    return x**0.75 - 1


def frame(rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def scored(rows=None, follows=FOLLOWS, **options):
    graph = None if follows is None else sr.Graph.from_edges(*zip(*follows, strict=True))
    log = None if rows is None else sr.Events.from_frame(frame(rows))
    return sr.score(graph, log, **{"rng": 7, "half_life_days": 7, "min_evidence": 1} | options)


@pytest.fixture(scope="module")
def hand():
    return scored(ADA + LIKES)


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=1500, days=20, rng=11)


@pytest.fixture(scope="module")
def scores(town):
    return sr.score(town.graph, town.events, rng=5)


def on_scale(knots, x):
    """The 0-100 scale in plain Python."""
    at = [0.0, *(math.log1p(k) for k in (knots.median, knots.tail, knots.top))]
    marks, y = [0.0, 50.0, 90.0, 100.0], math.log1p(x)
    if y >= at[3]:
        return 100.0
    k = max(k for k in range(3) if at[k] <= y)
    return marks[k] + (marks[k + 1] - marks[k]) * (y - at[k]) / (at[k + 1] - at[k])


def score_of(scores, account, **raw):
    """A score in plain Python, some raw figures replaced."""
    i = scores.ids.position(account)
    figures = {name: float(values[i]) for name, values in scores.raw.items()} | raw
    return sum(scores.weights[name] * on_scale(scores.reference.knots[name], x) for name, x in figures.items())


RESONANCE = damped(5) * (1 - 2 / 4) ** 2 + damped(4) * (1 - 1 / 4) ** 2 + damped(2) * (1 - 1 / 4) ** 2
WITHOUT_P1 = damped(4) * (1 - 1 / 3) ** 2
WITHOUT_P2 = (damped(2) + damped(4) + damped(2)) * (1 - 1 / 3) ** 2
ANOTHER_P2 = damped(8) * (1 - 3 / 5) ** 2 + (damped(4) + damped(2)) * (1 - 1 / 5) ** 2
ANOTHER_P1 = damped(6) * (1 - 3 / 5) ** 2 + (damped(7) + damped(3)) * (1 - 2 / 5) ** 2


# Of each its engagement with ada and what following deals out, over that with anybody, one for nobody, and three.
REACH = (4 + 3) / (4 + 4) + (3 + 3 / 2) / (3 + 4) + (1 + 3) / (1 + 4) + 3 / 4  # b, c, d, e
REACH_WITHOUT_P1 = (3 + 3) / (3 + 4) + (3 / 2) / 4 + 3 / 4 + 3 / 4
REACH_ANOTHER_P2 = REACH - 7 / 8 + (7 + 3) / (7 + 4)
REACH_ANOTHER_P1 = (5 + 3) / (5 + 4) + (6 + 3 / 2) / (6 + 4) + (2 + 3) / (2 + 4) + 3 / 4


def test_the_parts_add_up_to_the_score(hand):
    told = hand.explain("ada")
    assert told.score == pytest.approx(score_of(hand, "ada"), abs=1e-9)
    assert math.fsum(part.contribution for part in told.parts) == pytest.approx(told.score, abs=1e-12)
    assert {part.part: part.raw for part in told.parts}["resonance"] == pytest.approx(RESONANCE)
    assert {part.part: part.raw for part in told.parts}["reach"] == pytest.approx(REACH)


def test_posts_by_hand(hand):
    told = hand.explain("ada")
    assert [post.post for post in told.posts] == ["p1", "p2"]
    first, second = told.posts
    assert first.reactions == {"like": 2, "repost": 1}
    assert second.reactions == {"like": 1, "reply": 1}
    assert (first.share, second.share) == pytest.approx((5 / 8, 3 / 8))
    assert first.gain == pytest.approx(RESONANCE - WITHOUT_P1)
    assert second.gain == pytest.approx(RESONANCE - WITHOUT_P2)
    assert first.loss == pytest.approx(score_of(hand, "ada") - score_of(hand, "ada", resonance=WITHOUT_P1))
    assert first.time.startswith("2026-01-01")
    assert second.time.startswith("2025-12-31"), "published the day before its first reaction"
    assert (told.n_reactions, told.n_engagers, told.n_posts) == (5, 3, 3)


def test_engagers_and_followers_by_hand(hand):
    told = hand.explain("ada")
    worth = {"b": damped(5) / 4, "c": damped(4) * 9 / 16, "d": damped(2) * 9 / 16}
    assert [e.account for e in told.engagers] == ["b", "c", "d"], "by how often, then by what it is worth"
    assert {e.account: e.worth for e in told.engagers} == pytest.approx(worth)
    assert {e.account: e.share for e in told.engagers} == pytest.approx({k: w / RESONANCE for k, w in worth.items()})
    shares = {"b": 7 / 8, "c": 4.5 / 7, "d": 4 / 5, "e": 3 / 4}
    assert {f.account: f.share for f in told.followers} == pytest.approx({k: s / REACH for k, s in shares.items()})
    assert (told.n_followers, told.n_others) == (4, 0)
    b = next(f for f in told.followers if f.account == "b")
    assert (b.score, b.rank) == (hand.row("b").score, hand.row("b").rank)
    assert b.rank is not None
    assert next(f for f in told.followers if f.account == "e").rank is None


def test_changes_by_hand(hand):
    told = {change.what: change for change in hand.explain("ada").changes}
    another = "one more post today that draws what its {} one drew ({} reactions, same people)"
    expected = {
        "without its best post, p1": {"resonance": WITHOUT_P1, "reach": REACH_WITHOUT_P1},
        another.format("median", 2): {"resonance": ANOTHER_P2, "reach": REACH_ANOTHER_P2},
        another.format("best", 3): {"resonance": ANOTHER_P1, "reach": REACH_ANOTHER_P1},
        "one more follower like its median one, who only follows": {"reach": REACH + 3 / 4},
        "10 % more followers like those it has, who only follow": {"reach": REACH + 0.1 * (3 * 3 + 3 / 2) / 4},
    }
    spread = hand.raw["spread"][hand.ids.position("ada")]
    for raw in expected.values():
        raw["spread"] = spread * raw["reach"] / REACH
    assert set(told) == set(expected)
    for what, raw in expected.items():
        assert told[what].score_after == pytest.approx(score_of(hand, "ada", **raw), abs=1e-9), what
        assert told[what].difference == pytest.approx(told[what].score_after - hand.row("ada").score, abs=1e-9)
        others = [row.score for row in hand.top(100) if row.account != "ada"]
        assert told[what].rank_after == 1 + sum(other > told[what].score_after for other in others)


def rescored(town, scores, rows, graph=True, **options):
    """The same score of other rows, on the same scale."""
    log = sr.Events.from_frame(rows)
    given = {"reference": scores.reference, "rng": 5, "n_replicates": None} | options
    return sr.score(town.graph if graph else None, log, **given)


def changed(told, start):
    return next(change for change in told.changes if change.what.startswith(start))


EXACT = {"reach": 0.4, "resonance": 0.6}  # spread changes as reach does, to first order


@pytest.fixture(scope="module", params=[EXACT, "balanced"], ids=["exact", "balanced"])
def weighed(request, town):
    """Scores, the profile, and how closely what-ifs hold."""
    return sr.score(town.graph, town.events, rng=5, profile=request.param), request.param, (
        1e-8 if request.param is EXACT else 1.5  # spread to first order, and sampled anew
    )  # fmt: skip


def test_a_lost_post_is_what_scoring_without_it_gives(town, weighed):
    rows, (scores, profile, close) = town.events.to_frame(), weighed
    for place in (2, 20, 60):
        account = scores.top(place)[-1].account
        told = scores.explain(account)
        without = rescored(town, scores, rows[rows["post"] != told.posts[0].post], profile=profile).row(account)
        assert changed(told, "without its best post").score_after == pytest.approx(without.score, abs=close)


def test_silent_engagers_are_what_scoring_without_them_gives(town, weighed):
    rows, (scores, profile, close), checked = town.events.to_frame(), weighed, 0
    for account in (row.account for row in scores.top(150)):
        mine = rows[(rows["target"] == account) & (rows["actor"] != account)]
        often = mine["actor"].astype(str).value_counts()
        if often.size < 12 or often.iloc[9] == often.iloc[10]:
            continue
        left = rows.drop(mine[mine["actor"].isin(often.index[:10])].index)
        silent = changed(scores.explain(account), "its 10 most frequent engagers")
        after = rescored(town, scores, left, profile=profile).row(account)
        assert silent.score_after == pytest.approx(after.score, abs=close)
        checked += 1
    assert checked >= 1


def test_further_followers_are_what_scoring_with_them_gives():
    """Ten follow ada, nine of them her alone: the median one gives 3 of 4, as one more does that has not reacted."""
    follows = [(f"f{k}", "ada") for k in range(10)] + [(f"u{k}", "z") for k in range(30)] + [("f0", "b")]
    weights = {"reach": 0.5, "resonance": 0.5}
    before = scored(ADA + LIKES, follows, profile=weights)
    more = [("new", "ada")]
    after = scored(ADA + LIKES, follows + more, profile=weights, reference=before.reference)
    told = before.explain("ada")
    assert changed(told, "one more follower").what == "one more follower like its median one, who only follows"
    assert changed(told, "one more follower").score_after == pytest.approx(after.row("ada").score, abs=1e-9)
    assert after.row("ada").score > before.row("ada").score
    growth = changed(told, "10 % more followers")
    reach = before.raw["reach"][before.ids.position("ada")]
    assert reach == pytest.approx(4 / 5 + 3 / 4 + 1 / 2 + 9.5 * 3 / 4)
    assert growth.score_after == pytest.approx(score_of(before, "ada", reach=reach + 0.1 * 9.5 * 3 / 4), abs=1e-9)


def test_without_a_log_a_follower_counts_by_whom_it_follows():
    got = scored(None, FOLLOWS, profile="reach")
    told = {change.what: change.score_after for change in got.explain("ada").changes}
    spread = got.raw["spread"][got.ids.position("ada")]
    assert told == pytest.approx(
        {
            what: score_of(got, "ada", reach=reach, spread=spread * reach / 3.5)
            for what, reach in (
                ("one more follower like its median one", 4.5),
                ("10 % more followers like those it has", 3.85),
            )
        }
    )


def test_a_spread_of_other_probabilities_is_left_as_it_is():
    got = scored(ADA + LIKES, prob="weighted_cascade")
    told = {change.what: change.score_after for change in got.explain("ada").changes}
    assert told["one more follower like its median one, who only follows (spread is left as it is)"] == pytest.approx(
        score_of(got, "ada", reach=REACH + 3 / 4)
    )
    assert told["without its best post, p1"] == pytest.approx(
        score_of(got, "ada", resonance=WITHOUT_P1, reach=REACH_WITHOUT_P1)
    )


def test_a_lucky_score_says_so(scores):
    """Told where, and only where, the score lies above three quarters of its replicates; recounted here."""
    found = {True: 0, False: 0}
    for row in scores.top(60):
        told = scores.explain(row.account, enough=False)
        drawn = replicates(scores.basis, [scores.ids.position(row.account)])["score"][:, 0]
        low, high = np.percentile(drawn, [25, 75])
        assert told.middle_half == pytest.approx((low, high))
        lucky = row.score > high
        line = (
            f"another such period would probably bring less; the middle half of replicates is {low:.1f} to {high:.1f}"
        )
        assert (line in str(told)) == lucky
        found[lucky] += 1
    assert min(found.values()) > 0, found


def test_what_a_lucky_score_rests_on():
    told = dataclasses.replace(scored(ADA + LIKES).explain("ada"), score=80.0, middle_half=(50.0, 79.9))
    assert told.posts[0].share == pytest.approx(5 / 8)
    assert "it rests mostly on one post, and another" in str(told)
    half = [dataclasses.replace(told.posts[0], share=0.5), told.posts[1]]
    assert "it rests on 3 posts, and another" in str(dataclasses.replace(told, posts=half))
    assert "it rests" not in str(dataclasses.replace(told, middle_half=(50.0, 80.0)))


def test_beyond_the_scale_of_an_old_reference_is_told():
    old = scored(ADA + LIKES)
    more = [(f"u{k}", "like", "ada", "p1", DAY) for k in range(30) for _ in range(7)]  # z keeps some of their attention
    got = scored(ADA + LIKES + more, reference=old.reference)
    told = got.explain("ada")
    by_name = {part.part: part for part in told.parts}
    assert {name: part.beyond for name, part in by_name.items()} == {"reach": False, "resonance": True, "spread": False}
    assert by_name["resonance"].scaled == 100
    assert "resonance 100.0, beyond the scale of the reference" in str(told)
    assert "cut off at 100, where the scale ends: resonance" in str(told)
    assert "counted as if the scale went on beyond 100" in told.enough
    compared = got.compare("ada", "z")
    assert {p.part: p.beyond for p in compared.parts}["resonance"] == (True, False)
    assert "ada is beyond the scale of the reference: counts as 100" in str(compared)
    assert "intervals are cut off there" in str(compared)
    headings, cells = score_table(got, got.order(2))
    assert cells[0][headings.index("resonance")] == ">100"
    assert "beyond the scale of the reference (resonance)" in beyond_note(got, got.order(2))
    assert score_row(got, int(got.order(1)[0]))["beyond_scale"] == ["resonance"]
    assert not any(part.beyond for part in old.explain("z").parts)
    assert beyond_note(old, old.order(3)) is None
    assert "beyond" not in str(old.compare("ada", "z"))


def test_the_highest_of_its_own_reference_is_not_beyond_it(scores):
    assert any(values.max() == scores.reference.knots[name].top for name, values in scores.raw.items())
    assert beyond_note(scores, scores.order()) is None


def test_what_changes_nothing_is_not_minus_nothing():
    post = scored(ADA + LIKES).explain("ada").posts[0]
    assert _post_text(dataclasses.replace(post, loss=0.0)).endswith("(the score stays)")
    assert _post_text(dataclasses.replace(post, loss=1e-15)).endswith("(the score stays)")
    assert _post_text(dataclasses.replace(post, loss=0.25)).endswith("(-0.2 for the score)")


def test_a_rank_without_a_span_is_one_of_replicates(hand):
    told = dataclasses.replace(hand.explain("ada"), rank_interval=(2, 2), n_replicates=200)
    assert "2nd in 95 % or more of 200 replicates" in str(told)
    assert "lways" not in str(told)


def with_another_post(rows, account):
    """The log with the account's best post over again at its end, and no other best post of the same weight."""
    own = rows["post"].isin(rows[(rows["action"] == "post") & (rows["actor"] == account)]["post"])
    mine = rows[own & (rows["target"] == account) & (rows["actor"] != account)]
    worth = mine["action"].astype(str).map(sr.ACTION_WEIGHTS).groupby(mine["post"].astype(str)).sum()
    if worth.size < 2 or (worth == worth.max()).sum() > 1:
        return None
    again = mine[mine["post"] == worth.idxmax()].assign(post="another", time=rows["time"].max())
    published = rows[rows["action"] == "post"].head(1).assign(actor=account, post="another", time=rows["time"].max())
    return pd.concat([rows, again, published])


def test_another_post_is_what_scoring_with_it_gives(town, weighed):
    rows, (scores, profile, close), checked = town.events.to_frame(), weighed, 0
    for account in (scores.top(place)[-1].account for place in (2, 3, 10, 20, 30)):
        more = with_another_post(rows, account)
        if more is not None:
            change = changed(scores.explain(account), "one more post today that draws what its best")
            after = rescored(town, scores, more, profile=profile).row(account)
            assert change.score_after == pytest.approx(after.score, abs=close)
            checked += 1
    assert checked >= 1


def test_in_a_graph_of_interactions_reach_changes_too(town):
    weights = {"reach": 0.5, "resonance": 0.5}
    scores = sr.score(None, town.events, rng=5, profile=weights)
    account, rows = scores.top(30)[-1].account, town.events.to_frame()
    told = scores.explain(account)
    without = rescored(town, scores, rows[rows["post"] != told.posts[0].post], graph=False, profile=weights)
    assert changed(told, "without its best post").score_after == pytest.approx(without.row(account).score, abs=1e-8)
    assert without.row(account).parts["reach"] < scores.row(account).parts["reach"]
    after = rescored(town, scores, with_another_post(rows, account), graph=False, profile=weights)
    change = changed(told, "one more post today that draws what its best")
    assert change.score_after == pytest.approx(after.row(account).score, abs=1e-8)
    assert not [c for c in told.changes if "follower" in c.what], "nobody follows in a log"


def test_the_ten_most_frequent_go_first():
    rows = [(f"f{k:02}", "like", "ada", f"p{n}", DAY) for k in range(12) for n in range(1 + k)]
    got = scored([*rows, *LIKES, *(("x", "like", "z", f"q{k}", DAY) for k in range(300))], follows=None)
    told = got.explain("ada")
    change = changed(told, "its 10 most frequent")
    assert change.what == "its 10 most frequent engagers (96 % of reactions) silent", "75 of 78"
    left = sum(damped(2 + k) * (1 - (1 + k) / 13) ** 2 for k in range(2))
    assert got.raw["resonance"][got.ids.position("ada")] == pytest.approx(
        sum(damped(2 + k) * (1 - (1 + k) / 13) ** 2 for k in range(12))
    )
    only = scored([*rows, *LIKES], follows=None, profile={"resonance": 1})
    assert changed(only.explain("ada"), "its 10").score_after == pytest.approx(score_of(only, "ada", resonance=left))


def test_intervals_are_those_of_the_scores(scores):
    for row in scores.top(3):
        i, told, sure = scores.ids.position(row.account), scores.explain(row.account), scores.intervals
        assert told.interval == (sure.score[0][i], sure.score[1][i])
        assert told.rank_interval == (sure.rank[0][i], sure.rank[1][i])
        for part in told.parts:
            assert part.interval == (sure.parts[part.part][0][i], sure.parts[part.part][1][i])
            assert part.varies == sure.varies[part.part]
        text = str(told)
        assert f"95 % between {told.interval[0]:.1f} and {told.interval[1]:.1f}" in text
        assert ordinal(told.rank_interval[1]) in text
        assert "reach, reactions, by post" in text


def test_without_intervals_it_says_so(town):
    told = sr.score(town.graph, town.events, rng=5, n_replicates=None).explain(town.graph.ids[0])
    assert (told.interval, told.rank_interval, told.confidence, told.enough) == (None, None, None, None)
    assert "no intervals were drawn" in str(told)
    assert all(part.interval is None for part in told.parts)


def test_whom_nobody_reacted_to_has_one_sided_intervals(hand):
    told = hand.explain("b")
    assert told.one_sided
    assert "one-sided here: nobody has reacted to it" in str(told)
    assert told.interval[0] <= told.score < told.interval[1]
    assert not hand.explain("ada").one_sided


def test_without_a_score_there_is_no_change_and_no_place():
    told = scored(ADA + LIKES, min_evidence=5).explain("d")
    assert (told.score, told.rank, told.interval, told.peer, told.changes) == (None, None, None, None, [])
    assert "d: insufficient data for a score" in str(told)
    assert "5 are needed for a score" in str(told)


def test_peers_are_recounted_over_the_accounts_of_a_tier(scores):
    tiers = scores.background.tiers
    assert len(tiers.names) > 1
    for rank in (1, 100, 700, 1400):
        row = scores.top(rank)[-1]
        told, tier = scores.explain(row.account, enough=False), tiers.tier[scores.ids.position(row.account)]
        mine = scores.score[(tiers.tier == tier) & (scores.rank > 0)]
        peer = told.peer
        assert (peer.n, peer.tier) == (mine.size, tiers.names[tier])
        assert peer.place == 1 + (mine > row.score).sum()
        assert peer.percentile == pytest.approx(100 * ((mine < row.score).sum() + 0.5) / peer.n)
        assert peer.fewest <= told.n_followers <= (peer.most or told.n_followers)
        assert f"{ordinal(peer.place)} of {peer.n:,} accounts with" in str(told)


def test_communities_are_the_towns():
    big = sr.generate("town", n=5000, days=2, rng=3)
    found, true = communities(big.graph).of, big.truth.community.astype(int)
    connected = found >= 0
    table = np.zeros((found.max() + 1, true.max() + 1))
    np.add.at(table, (found[connected], true[connected]), 1)

    def pairs(x):
        return (x * (x - 1) / 2).sum()

    expected = pairs(table.sum(0)) * pairs(table.sum(1)) / pairs(table.sum())
    rand = (pairs(table) - expected) / ((pairs(table.sum(0)) + pairs(table.sum(1))) / 2 - expected)
    assert rand > 0.9


def modularity(graph, of):
    """Newman's, of the undirected arcs, in plain Python."""
    ends = [(int(u), int(v)) for u, v in zip(*graph.edges(), strict=True)]
    degree = np.bincount(np.array(ends).reshape(-1), minlength=graph.n_nodes)
    within = sum(of[u] == of[v] for u, v in ends) / len(ends)
    return within - sum((degree[of == c].sum() / (2 * len(ends))) ** 2 for c in set(of[of >= 0]))


def test_no_single_move_raises_the_modularity():
    graph = sr.generate("erdos_renyi", n=30, p=0.1, rng=4)
    of = np.array(communities(graph).of)
    best = modularity(graph, of)
    for node in np.flatnonzero(of >= 0):
        for other in set(of[of >= 0]):
            moved = of.copy()
            moved[node] = other
            assert modularity(graph, moved) <= best + 1e-12


def test_communities_of_two_circles_and_nobody():
    graph = sr.Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], n_nodes=7)
    found = communities(graph)
    assert found.of.tolist() == [0, 0, 0, 1, 1, 1, -1]
    assert found.size.tolist() == [3, 3]
    assert found.leaders(np.array([3, 1, 2, 0, 4, 5, 6], np.uint32), 2) == [[1, 2], [4, 5]]
    assert mixed_followers(graph, found)[:6].tolist() == [0, 0, 0, 0.5, 0, 0]
    uneven = communities(sr.Graph.from_edges([0, 2, 3, 4], [1, 3, 4, 2], n_nodes=5))
    assert (uneven.of.tolist(), uneven.size.tolist()) == ([1, 1, 0, 0, 0], [3, 2]), "the largest first"
    empty = communities(sr.Graph.from_edges([], [], n_nodes=2))
    assert (empty.of.tolist(), empty.size.tolist()) == ([-1, -1], [])


@pytest.mark.parametrize("rank", [1, 700])
def test_origins_are_counted_over_those_who_give_attention(town, scores, rank):
    account = scores.top(rank)[-1].account
    told, of = scores.explain(account), scores.background.communities.of
    i, ids = town.graph.ids.position(account), town.graph.ids
    follows = [(ids[int(u)], ids[int(v)]) for u, v in zip(*town.graph.edges(), strict=True)]
    rows = [row | {"time": int(t)} for row, t in zip(town.events.to_arrow().to_pylist(), town.events.time, strict=True)]
    given = naive_attention.shares(
        follows, rows, sr.ACTION_WEIGHTS, scores.params["half_life_days"], int(town.events.time.max())
    )
    mine = {ids.position(u): share for (u, v), share in given.items() if v == account}
    followers, shares = np.array(list(mine)), np.array(list(mine.values()))
    assert followers.size > town.graph.in_degree[i] or rank == 700, "others react, too"
    assert told.n_origins == len(set(of[followers]))
    for origin in told.origins:
        best = scores.ids.position(origin.leaders[0])
        assert scores.rank[best] == min(scores.rank[(of == of[best]) & (scores.rank > 0)])
        assert origin.followers == (of[followers] == of[best]).sum()
        assert origin.members == (of == of[best]).sum()
        assert origin.share == pytest.approx(shares[of[followers] == of[best]].sum() / shares.sum())
        assert origin.own == (of[best] == of[i])


def test_a_table_of_posts_is_explained_by_its_posts():
    posts = sr.Posts.from_arrays(
        [0, 0, 0, 1, 2],
        post=[0, 1, 2, 3, 4],
        posts=Ids.from_values(["p", "q", "r", "s", "t"]),
        accounts=Ids.from_values(["ada", "bob", "cem"]),
        counts={"likes": [10, 4, 1, 3, 500], "comments": [1, 0, 0, 0, 0], "followers": [50, 60, 60, 5, 9]},
    )
    got = sr.score(None, None, posts, rng=1, min_evidence=1)
    told = got.explain("ada")
    assert [(p.post, p.reactions, p.gain) for p in told.posts] == [
        ("p", {"likes": 10, "comments": 1}, 12.0), ("q", {"likes": 4}, 4.0), ("r", {"likes": 1}, 1.0),
    ]  # fmt: skip
    assert [p.share for p in told.posts] == pytest.approx([12 / 17, 4 / 17, 1 / 17])
    after = {c.what: c.score_after for c in told.changes}
    assert after == pytest.approx(
        {
            "without its best post, p": score_of(got, "ada", resonance=5.0),
            "one more post today that draws as much as its median one (4)": score_of(got, "ada", resonance=21.0),
            "one more post today that draws as much as its best one (12)": score_of(got, "ada", resonance=29.0),
            "10 % more followers like those it has": score_of(got, "ada", reach=66.0),
        }
    )


def test_text_is_short_and_data_is_plain(scores):
    for row in (*scores.top(30), *scores.top(1000)[-3:]):
        told = scores.explain(row.account)
        assert len(str(told).splitlines()) <= 25
        data = told.to_dict()
        assert json.loads(json.dumps(data, allow_nan=False)) == data
        assert data["account"] == str(row.account)


def test_hostile_names_are_inert():
    hostile = sr.generate("town", n=600, days=10, rng=4, hostile_names=True)
    got = sr.score(hostile.graph, hostile.events, rng=1, n_replicates=20)
    assert any(not str(name).isprintable() for name in got.ids), "or this test shows nothing"
    for i in got.order(600):
        told = got.explain(got.ids[int(i)], enough=False)
        lines = str(told).split("\n")
        assert all(line.isprintable() for line in lines)
        assert len(lines) <= 25
        assert told.to_dict()["account"] == str(got.ids[int(i)])


def test_an_explanation_does_not_depend_on_threads_or_the_order_of_rows(town, scores):
    shuffled = town.events.to_frame().sample(frac=1, random_state=1)
    other = sr.score(town.graph, sr.Events.from_frame(shuffled), rng=5, threads=1)
    for row in scores.top(20):
        one, two = scores.explain(row.account).to_dict(), other.explain(row.account).to_dict()
        assert one["changes"] == two["changes"]
        assert one["parts"] == two["parts"]
        assert [e["account"] for e in one["engagers"]][:1] == [e["account"] for e in two["engagers"]][:1]


def test_it_is_quick(scores):
    accounts = [row.account for row in scores.top(300)]
    scores.explain(accounts[0], enough=False)
    start = time.process_time()
    for account in accounts:
        scores.explain(account, enough=False).to_dict()
    assert (time.process_time() - start) / len(accounts) < 0.01, "it takes about one millisecond, seldom more than two"


def test_a_post_that_only_the_loyal_like_can_lower_the_score():
    """A fan likes two of four posts, then nine of nine: then without one of them the fan would count for more."""
    rows = [("fan", "like", "ada", "q1", DAY), ("fan", "like", "ada", "q2", DAY)]
    rows += [("ada", "post", None, post, DAY) for post in ("q1", "q2", "q3", "q4")]
    got = scored([*rows, *LIKES], follows=None, half_life_days=7)
    first = got.explain("ada").posts[0]
    assert first.gain == pytest.approx(damped(3) * (1 - 2 / 5) ** 2 - damped(2) * (1 - 1 / 4) ** 2)
    assert first.gain > 0
    loyal = [("fan", "like", "ada", f"q{k}", DAY) for k in range(9)]
    less = scored([*loyal, *LIKES], follows=None).explain("ada").posts[-1]
    assert less.gain == pytest.approx(damped(10) * (1 - 9 / 10) ** 2 - damped(9) * (1 - 8 / 9) ** 2)
    assert less.gain < 0
    assert "higher" in str(scored([*loyal, *LIKES], follows=None).explain("ada"))


def test_words():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 101, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th",
    ]  # fmt: skip
    assert [signed(x) for x in (0.25, -12.34, 0.004, -0.0, -1e-12)] == ["+0.2", "-12.3", "+0.004", "+0", "+0"]
    assert plain({1: (1.0, None)}) == {"1": [1.0, None]}
