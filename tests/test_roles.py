"""Roles: every rule at every bound, the figures behind them by hand, and what becomes of a town's kinds."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import swayrank as sr
from swayrank.errors import UnknownAccountError
from swayrank.measures.community.detect import communities as find_communities
from swayrank.scoring.roles import FIGURES, ORDINARY, ROLES, acts_in, rules_held
from swayrank.scoring.table import score_table
from tests.test_explain import COLUMNS, DAY, scored

communities = partial(find_communities, method="label_propagation")

CONDITIONS = [(k, c) for k, rule in enumerate(ROLES) for c in range(len(rule.conditions))]


def at_the_bounds(rule):
    """Figures and percentiles of one account that meets every condition of a rule, and just so."""
    figures = {name: np.array([np.nan]) for name in FIGURES}
    percentiles = {name: np.array([np.nan]) for name in FIGURES}
    for condition in rule.conditions:
        bound = condition.least if condition.least is not None else condition.most
        (percentiles if condition.percentile else figures)[condition.figure] = np.array([float(bound)])
    return figures, percentiles


@pytest.mark.parametrize(("k", "c"), CONDITIONS)
def test_every_condition_holds_at_its_bound_and_not_beyond(k, c):
    condition = ROLES[k].conditions[c]
    figures, percentiles = at_the_bounds(ROLES[k])
    assert rules_held(figures, percentiles, np.array([True]))[k, 0]
    values = percentiles if condition.percentile else figures
    away = -np.inf if condition.least is not None else np.inf
    values[condition.figure] = np.nextafter(values[condition.figure], away)
    assert not rules_held(figures, percentiles, np.array([True]))[k, 0]
    values[condition.figure] = np.array([np.nan])
    assert not rules_held(figures, percentiles, np.array([True]))[k, 0], "what is not known does not hold"


AT_LITERAL_BOUNDS = {
    "passive star": {"n_followers%": 99, "relative_response": 0.25},
    "broadcaster": {
        "n_acts": 5, "originals_share": 0.5, "replies_share": 0.2, "n_originals%": 75, "n_reactions%": 95,
    },
    "amplifier": {"n_acts": 5, "shares_share": 0.5},
    "conversationalist": {"n_acts": 5, "replies_share": 0.5, "replies_received_share": 0.5},
    "broker": {"mixed_followers": 0.5, "mixed_followers%": 90, "n_reactions%": 75},
}  # fmt: skip
AT_MOST = {("passive star", "relative_response"), ("broadcaster", "replies_share")}


def holds(role, values):
    figures, percentiles = ({name: np.array([np.nan]) for name in FIGURES} for _ in range(2))
    for name, value in values.items():
        (percentiles if name.endswith("%") else figures)[name.rstrip("%")] = np.array([value])
    names = [rule.role for rule in ROLES]
    return bool(rules_held(figures, percentiles, np.array([True]))[names.index(role), 0])


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, values in AT_LITERAL_BOUNDS.items() for name in values]
)
def test_the_thresholds_are_those_that_are_documented(role, name):
    """Numbers written here, not read from the rules; docs/score.md lists the same."""
    values = AT_LITERAL_BOUNDS[role]
    assert holds(role, values)
    step = 0.001 if (role, name) in AT_MOST else -0.001
    assert not holds(role, values | {name: values[name] + step})
    assert holds(role, values | {name: values[name] - step})


def test_every_rule_asks_for_acts_or_reactions():
    asked = {"n_acts", "n_reactions", "relative_response"}
    assert all(asked & {condition.figure for condition in rule.conditions} for rule in ROLES)


def test_the_documentation_lists_every_threshold():
    text = (Path(__file__).parent.parent / "docs" / "score.md").read_text(encoding="utf-8")
    lines = {
        rule.role: next(line for line in text.splitlines() if line.startswith(f"| {rule.role} |")) for rule in ROLES
    }
    for rule in ROLES:
        for condition in rule.conditions:
            bound = float(condition.least if condition.least is not None else condition.most)
            share = FIGURES[condition.figure].is_share and not condition.percentile and bound < 1
            shown = f"{100 * bound:g} %" if share else f"{bound:g}"
            assert shown in lines[rule.role], (rule.role, shown)


@pytest.mark.parametrize("k", range(len(ROLES)))
def test_no_role_without_a_score(k):
    figures, percentiles = at_the_bounds(ROLES[k])
    assert not rules_held(figures, percentiles, np.array([False]))[k, 0]


def test_every_condition_has_one_bound_and_a_known_figure():
    for rule in ROLES:
        for condition in rule.conditions:
            assert (condition.least is None) != (condition.most is None)
            assert condition.figure in FIGURES
            assert FIGURES[condition.figure].words in str(condition)


def acts(rows):
    log = sr.Events.from_frame(pd.DataFrame(rows, columns=COLUMNS))
    found = acts_in(log)
    return {
        str(account): (float(found.originals[i]), float(found.replies[i]), float(found.shares[i]))
        for i, account in enumerate(log.accounts)
    }


def test_acts_by_hand():
    found = acts(
        [
            ("a", "post", None, "p1", "2026-01-01"),
            ("a", "post", None, "p2", "2026-01-02"),  # a status that replies and mentions: one reply
            ("a", "reply", "b", "q1", "2026-01-02"),
            ("a", "mention", "b", None, "2026-01-02"),
            ("a", "mention", "c", None, "2026-01-03"),  # a status that mentions two: one original
            ("a", "mention", "b", None, "2026-01-03"),
            ("a", "repost", "b", "q2", "2026-01-04"),
            ("a", "like", "b", "q2", "2026-01-05"),  # no act
            ("b", "post", None, "q1", "2026-01-01"),  # two posts and a quote of one moment: a quote and an original
            ("b", "post", None, "q2", "2026-01-01"),
            ("b", "quote", "a", "p1", "2026-01-01"),
            ("c", "like", "a", "p1", "2026-01-01"),
            ("d", "post", None, "r1", None),  # without a time rows are not taken for one
            ("d", "reply", "a", "p1", None),
        ]
    )
    assert found == {"a": (2, 1, 1), "b": (1, 0, 1), "c": (0, 0, 0), "d": (1, 1, 0)}


def test_acts_of_a_log_without_any():
    log = sr.Events.from_frame({"actor": ["a"], "action": ["like"], "target": ["b"], "time": [DAY]})
    assert [part.tolist() for part in acts_in(log)] == [[0, 0]] * 3


def day(k):
    return f"2026-01-{1 + k:02}"


def made():
    """One of each kind among sixty listeners; star is followed by all, and heeded by one."""
    crowd = [f"u{k:02}" for k in range(60)]
    rows = []
    rows += [("caster", "post", None, f"c{k}", day(k)) for k in range(12)]
    rows += [(u, "like", "caster", f"c{k % 12}", day(20)) for k, u in enumerate(crowd)]
    rows += [("talker", "reply", u, None, day(k)) for k, u in enumerate(crowd[:8])]
    rows += [(u, "reply", "talker", None, day(k + 1)) for k, u in enumerate(crowd[:8])]
    rows += [("passer", "repost", "caster", f"c{k}", day(k)) for k in range(6)]
    rows += [(u, "like", "passer", None, day(9)) for u in crowd[:3]]
    rows += [("star", "post", None, "s0", day(0)), (crowd[0], "like", "star", "s0", day(1))]
    follows = [(u, "star") for u in (*crowd, "talker", "passer")]
    follows += [(u, "caster") for u in crowd[:20]]
    return scored(rows, follows, half_life_days=30, min_evidence=0)


def test_one_of_each_by_hand():
    got = made()
    assert got.role("star").name == "passive star"
    assert got.role("caster").name == "broadcaster"
    assert got.role("talker").name == "conversationalist"
    assert got.role("passer").name == "amplifier"
    assert got.role("u15").name == ORDINARY
    assert got.role("u15").why == "no rule holds; the log tells of nothing that it did"
    assert Counter(got.roles.tolist())["broadcaster"] == 1
    figures = got.role("star").figures
    assert (figures["n_followers"], figures["n_acts"], figures["n_reactions"]) == (62, 1, 1)
    whole = 1 + 60 + 6 + 8 + 3 + 8  # of star, caster (likes, reposts), talker, passer and those who are replied to
    assert figures["relative_response"] == pytest.approx((1 / 62) / (whole / 82))
    assert got.role("caster").figures["n_reactions"] == 66
    talker = got.role("talker").figures
    assert (talker["n_acts"], talker["replies_share"], talker["replies_received_share"]) == (8, 1, 1)
    assert talker["n_followers"] == 0
    assert talker["mixed_followers"] is None


def test_relative_response_by_hand():
    """30 follow a, 10 follow b; a has 3 reactions, b 5, and x 2 of nobody's followers: (3 / 30) / (8 / 40)."""
    crowd = [f"u{k:02}" for k in range(30)]
    rows = [(u, "like", "a", None, DAY) for u in crowd[:3]] + [(u, "like", "b", None, DAY) for u in crowd[:5]]
    got = scored(rows, [(u, "a") for u in crowd] + [(u, "b") for u in crowd[:10]])
    assert got.role("a").figures["relative_response"] == pytest.approx((3 / 30) / (8 / 40))
    assert got.role("b").figures["relative_response"] == pytest.approx((5 / 10) / (8 / 40))
    assert got.role("u00").figures["relative_response"] is None


def test_a_broker_is_followed_from_different_communities():
    """Six circles of eleven; three of each follow hub, whom some heed; eleven of one circle follow local."""
    circles = [[f"c{k}m{j}" for j in range(11)] for k in range(6)]
    follows = [(u, v) for circle in circles for u in circle for v in circle if u != v]
    follows += [(circle[j], "hub") for circle in circles for j in range(3)]
    follows += [(u, "local") for u in circles[0]]
    rows = [(circle[0], "like", "hub", None, DAY) for circle in circles]
    rows += [(u, "like", "local", None, DAY) for u in circles[0][:2]]
    got = scored(rows, follows)
    hub, local = got.role("hub"), got.role("local")
    assert got.background.communities.size.size == 6
    assert hub.figures["mixed_followers"] == pytest.approx(1 - 6 * (3 / 18) ** 2)
    assert local.figures["mixed_followers"] == pytest.approx(0)
    assert hub.name == "broker"
    assert local.name != "broker"
    assert "two of its followers come from different communities at least 50 % (83 %)" in str(hub)


def test_the_first_rule_that_holds_names_the_role_and_others_are_told():
    got = made()
    table = got.background.role_table
    names = [rule.role for rule in ROLES]
    for i, account in enumerate(got.ids):
        held = [name for name, holds in zip(names, table.holds[:, i], strict=True) if holds]
        told = got.role(account)
        assert got.roles[i] == told.name
        if got.rank[i]:
            assert [told.name, *told.also] == (held or [ORDINARY])
        else:
            assert told.name is None
            assert "insufficient data" in str(told)


def test_accounts_without_a_score_have_no_role():
    rows = [(u, "like", "a", None, DAY) for u in ("b", "c", "d")]
    got = scored(rows, None, min_evidence=3)
    assert got.roles.tolist() == [ORDINARY if account == "a" else None for account in got.ids]
    assert got.role("b").name is None
    assert "insufficient data" in str(got.role("b"))


def test_shares_at_exactly_a_half_take_the_first_rule():
    rows = [("a", "post", None, f"p{k}", day(k)) for k in range(5)]
    rows += [("a", "repost", "b", None, day(10 + k)) for k in range(5)]
    rows += [(f"u{k}", "like", "a", f"p{k % 5}", day(5)) for k in range(9)]
    told = scored(rows, None, half_life_days=30).role("a")
    assert (told.figures["originals_share"], told.figures["shares_share"]) == (0.5, 0.5)
    assert told.name in ("broadcaster", "amplifier")
    assert "amplifier" in (told.name, *told.also)


def test_a_graph_alone_and_posts_alone():
    town = sr.generate("town", n=300, days=5, rng=2)
    alone = sr.score(town.graph, rng=1, n_replicates=None)
    assert set(alone.roles) == {None}, "without reactions no rule can be evaluated"
    told = alone.role(alone.top(1)[0].account)
    assert told.name is None
    assert "no role known" in str(told)
    assert "unknown: no log tells what it does or draws" in told.why
    headings, cells = score_table(alone, alone.order(3))
    assert {row[headings.index("role")] for row in cells} == {"unknown"}
    posts = sr.Posts.from_arrays(
        [0, 1], accounts=sr.Ids.from_values(["ada", "bob"]), counts={"likes": [10, 4], "followers": [50, 60]}
    )
    counted = sr.score(None, None, posts, rng=1, min_evidence=1)
    assert counted.roles.tolist() == [None, None]
    assert counted.role("ada").figures["n_acts"] is None
    derived = sr.score(None, town.events, rng=1, n_replicates=None)
    assert "passive star" not in set(derived.roles), "nobody's followers are known"


@pytest.mark.parametrize("rng", [7, 8])
def test_a_towns_stars_are_passive_and_its_influencers_broadcast(rng):
    town = sr.generate("town", n=6000, days=30, rng=rng)
    got = sr.score(town.graph, town.events, rng=1, n_replicates=None)
    stars, influencers = (Counter(got.roles[town.truth.is_kind(kind)].tolist()) for kind in ("star", "influencer"))
    assert stars["passive star"] >= 0.6 * stars.total(), stars
    assert influencers["broadcaster"] >= 0.7 * influencers.total(), influencers
    assert influencers["passive star"] == 0
    assert Counter(got.roles.tolist())["passive star"] <= 0.01 * len(got) + 1


def test_roles_do_not_depend_on_the_order_of_rows():
    town = sr.generate("town", n=800, days=10, rng=3)
    shuffled = sr.Events.from_frame(town.events.to_frame().sample(frac=1, random_state=1))
    one, two = (sr.score(town.graph, log, rng=1, n_replicates=None) for log in (town.events, shuffled))
    assert one.roles.tolist() == two.roles.tolist()
    assert one.role(town.graph.ids[5]).to_dict() == two.role(town.graph.ids[5]).to_dict()
    assert communities(town.graph).of.tolist() == communities(town.graph).of.tolist()


def test_plain_data_hostile_names_and_unknown_accounts():
    hostile = sr.generate("town", n=400, days=5, rng=4, hostile_names=True)
    got = sr.score(hostile.graph, hostile.events, rng=1, n_replicates=None)
    for account in got.ids:
        told = got.role(account)
        assert all(line.isprintable() for line in str(told).split("\n"))
        assert json.loads(json.dumps(told.to_dict(), allow_nan=False)) == told.to_dict()
    with pytest.raises(UnknownAccountError):
        got.role("nobody of that name")
