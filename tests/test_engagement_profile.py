"""Engagement in full: every statistic by hand, against slow oracles, on edge cases, and with equal bits."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from swayrank.engines import resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import ACTIONS, Events
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.kernels import engagement as kernels
from swayrank.kernels.jit import JIT_ENABLED
from swayrank.measures.engagement import profile as profiles
from swayrank.measures.engagement.counts import engagement_counts, engagement_table
from swayrank.measures.engagement.diversity import effective_engagers, engager_entropy, repeat_engager_share
from swayrank.measures.engagement.h_index import g_index, h_index, t_factor
from swayrank.measures.engagement.impact import (
    mention_impact,
    mention_influence,
    repost_impact,
    repost_influence,
    social_networking_potential,
)
from swayrank.measures.engagement.per_post import amplification, applause, conversation, post_table, reply_like_ratio
from swayrank.measures.engagement.profile import AccountProfile, account_profile, profile_grouped, rows_by_account
from swayrank.sources.events import read_events
from tests.engines import AdversarialEngine
from tests.oracles import naive_engagement as naive
from tests.test_engagement import ROWS, START, events_of

COLUMNS = (*kernels.WHOLE, *kernels.REAL)


def expect(found, ev, rows):
    """Every statistic of every account is the oracle's."""
    for i, account in enumerate(ev.accounts):
        wanted = naive.profile(rows, account)
        assert set(wanted) == set(COLUMNS)
        for name, value in wanted.items():
            got = found.column(name)[i]
            assert got == pytest.approx(value, rel=1e-13, abs=1e-14, nan_ok=True), (account, name)
        counts = {name: int(found.count(name)[i]) for name in ev.actions}
        mine = [r[2] for r in naive.interactions(rows) if r[1] == account]
        assert counts == {name: mine.count(name) for name in ev.actions}
        assert found.total[i] == len(mine)


@given(ROWS)
@settings(max_examples=80)
def test_every_statistic_equals_the_oracle(rows):
    ev = events_of(rows)
    found = account_profile(ev)
    expect(found, ev, rows)
    assert found.self_interactions == naive.self_interactions(rows)


def like(actor, target="ada", post=None, action="like", time=START):
    return (actor, target, action, time, post)


def published(account, post, time=START):
    return (account, None, "post", time, post)


ZOO = {
    "only oneself": [like("ada", "ada", "p1")],
    "posts without reactions": [published("ada", "p1"), published("ada", "p2"), published("ada", "p2")],
    "one engager": [like("bob", post="p1")] * 7,
    "ties": [like(who, post=p, action="repost") for who in ("bob", "cem") for p in ("p1", "p2")],
    "no post named": [like("bob"), like("cem", action="reply"), published("ada", None)],
    "duplicates": [like("bob", post="p1", action="quote")] * 3 + [published("ada", "p1")] * 3,
    "a post with a target": [("bob", "ada", "post", START, "p1"), ("ada", "ada", "post", START, "p2")],
    "the same post of two accounts": [like("bob", "ada", "p1"), like("bob", "cem", "p1"), published("cem", "p1")],
    "twenty posts": [published("ada", f"p{i}") for i in range(20)]
    + [like("bob", post=f"p{i}") for i in range(19) for _ in range(i * i)],
    "one viral post": [like(f"fan{i}", post="p1", action="repost") for i in range(30)] + [published("ada", "p2")],
}


@pytest.mark.parametrize("case", ZOO)
def test_edge_cases_equal_the_oracle(case):
    ev = events_of(ZOO[case])
    expect(account_profile(ev), ev, ZOO[case])


def test_no_events():
    nothing = np.zeros(0, np.int64)
    ev = Events.from_arrays(nothing, nothing, nothing, accounts=Ids.of_range(2))
    found = account_profile(ev)
    assert not found.whole.any()
    assert found.column("engager_entropy").tolist() == [0.0, 0.0]
    assert np.isnan(found.column("applause_mean")).all()
    nobody = Events.from_arrays(nothing, nothing, nothing, accounts=Ids.of_range(0))
    assert len(account_profile(nobody)) == 0


def test_statistics_by_hand():
    posts = [published("ada", f"p{i}") for i in range(10)]
    likes = [like(f"fan{k}", post=f"p{i}") for i, n in enumerate([100, 6, 5, 4, 3, 2, 1]) for k in range(n)]
    ev = events_of(posts + likes)
    found = account_profile(ev)
    ada = ev.accounts.position("ada")
    figure = {name: found.column(name)[ada].item() for name in COLUMNS}
    # counts over the ten posts: 0 0 0 1 2 3 4 5 6 100
    assert figure["applause_mean"] == 12.1
    assert figure["applause_median"] == 2.5
    assert figure["applause_trimmed"] == (0 + 0 + 1 + 2 + 3 + 4 + 5 + 6) / 8
    assert (figure["posts"], figure["posts_with_reactions"]) == (10, 7)
    assert (figure["distinct_engagers"], figure["repeat_engagers"], figure["top_engager_count"]) == (100, 6, 7)
    four = events_of([like(who) for who in ("bob", "bob", "cem", "dan")])
    entropy = account_profile(four).column("engager_entropy")[four.accounts.position("ada")]
    assert entropy == pytest.approx(1.5 * math.log(2), rel=1e-15)


def test_g_index_by_hand():
    def g(*reposts):
        rows = [like(f"f{k}", post=f"p{i}", action="repost") for i, n in enumerate(reposts) for k in range(n)]
        ev = events_of([*rows, published("ada", "p_silent")])
        return account_profile(ev).column("g_index")[ev.accounts.position("ada")]

    assert g(10, 5, 3, 1) == 4  # 19 >= 16; a fifth post without reposts: 19 < 25
    assert g(1, 1, 1, 1) == 1
    assert g(3, 1) == 2
    assert g(30) == 5  # one post, and four imagined ones without reposts


# -- equal bits ------------------------------------------------------------------------------------------------------


def random_log(n=6000, n_accounts=120, rng=3, order=None):
    """A log with a giant, silent accounts, posts of several accounts, and every action."""
    draw = np.random.default_rng(rng)
    target = (n_accounts * draw.random(n) ** 3).astype(np.int64)
    target[draw.random(n) < 0.3] = 5
    action = draw.integers(0, len(ACTIONS), n)
    columns = {
        "actor": draw.integers(0, n_accounts, n),
        "target": np.where(action == 0, 2**32 - 1, target),
        "action": action,
        "post": np.where(draw.random(n) < 0.1, 2**32 - 1, draw.integers(0, 400, n)),
        "time": draw.integers(0, 10**9, n),
    }
    if order is not None:
        columns = {name: values[order] for name, values in columns.items()}
    return Events.from_arrays(**columns, accounts=Ids.of_range(n_accounts), posts=Ids.of_range(400))


def equal_bits(one, other):
    assert one.whole.tobytes() == other.whole.tobytes()
    assert one.real.tobytes() == other.real.tobytes()
    assert one.self_interactions == other.self_interactions


def test_order_of_rows_changes_no_bit():
    order = np.random.default_rng(4).permutation(6000)
    equal_bits(account_profile(random_log()), account_profile(random_log(order=order)))


@pytest.mark.parametrize(
    "how",
    [{"threads": 1}, {"threads": 3}, {"engine": AdversarialEngine(order=3)}],
    ids=["1 thread", "3 threads", "shuffled"],
)
def test_the_same_bits_however_it_runs(how, monkeypatch):
    whole = account_profile(random_log())
    monkeypatch.setattr(profiles, "_ROWS_PER_CHUNK", 300)
    equal_bits(whole, account_profile(random_log(), **how))


def test_parts_of_the_accounts_join_to_the_same_bits():
    ev = random_log()
    whole = account_profile(ev)
    indptr, actors, posts, actions, _ = rows_by_account(ev)
    parts = []
    for first, last in ((0, 5), (5, 6), (6, 120)):
        rows = slice(int(indptr[first]), int(indptr[last]))
        seen, numbered = np.unique(posts[rows], return_inverse=True)  # any numbering of the posts will do
        numbered = np.where(posts[rows] == 2**32 - 1, 2**32 - 1, numbered).astype(np.uint32)
        grouped = (indptr[first : last + 1] - indptr[first], actors[rows], numbered, actions[rows])
        parts.append(profile_grouped(grouped, ev.actions, (120, len(seen))))
    joined = AccountProfile.joined(parts)
    assert joined.whole.tobytes() == whole.whole.tobytes()
    assert joined.real.tobytes() == whole.real.tobytes()


def test_renumbering_accounts_and_posts_changes_no_bit():
    ev = random_log()
    accounts = np.random.default_rng(5).permutation(120).astype(np.uint32)
    posts = np.append(np.random.default_rng(6).permutation(400), np.zeros(0, np.int64)).astype(np.uint32)
    none = ev.post == 2**32 - 1
    other = Events.from_arrays(
        accounts[ev.actor],
        np.where(ev.target == 2**32 - 1, ev.target, accounts[np.minimum(ev.target, 119)]),
        ev.action,
        accounts=ev.accounts,
        post=np.where(none, ev.post, posts[np.minimum(ev.post, 399)]),
        posts=ev.posts,
    )
    one, two = account_profile(ev), account_profile(other)
    assert one.whole.tobytes() == two.whole[accounts].tobytes()
    assert one.real.tobytes() == two.real[accounts].tobytes()


# -- measures --------------------------------------------------------------------------------------------------------


def value(measure, account="ada"):
    return measure.values[measure.ids.position(account)].item()


@given(ROWS)
@settings(max_examples=40)
def test_measures_equal_the_oracle(rows):
    ev = events_of(rows)
    for account in ev.accounts:
        wanted = naive.profile(rows, account)
        for kind, measure in (("applause", applause), ("conversation", conversation), ("amplification", amplification)):
            for average in ("mean", "median", "trimmed"):
                got = value(measure(ev, average=average), account)
                assert got == pytest.approx(wanted[f"{kind}_{average}"], nan_ok=True)
        assert value(g_index(ev), account) == wanted["g_index"]
        assert value(t_factor(ev), account) == wanted["h_index"] == value(h_index(ev), account)
        assert value(engager_entropy(ev), account) == pytest.approx(wanted["engager_entropy"], abs=1e-14)
        n = wanted["distinct_engagers"]
        effective = math.exp(wanted["engager_entropy"]) if n else 0
        assert value(effective_engagers(ev), account) == pytest.approx(effective)
        share = wanted["repeat_engagers"] / n if n else math.nan
        assert value(repeat_engager_share(ev), account) == pytest.approx(share, nan_ok=True)
        assert value(repost_impact(ev), account) == pytest.approx(naive.repost_impact(rows, account), nan_ok=True)
        assert value(mention_impact(ev), account) == pytest.approx(naive.mention_impact(rows, account))
        assert value(repost_influence(ev), account) == naive.received(rows, "repost")[account]
        assert value(mention_influence(ev), account) == naive.received(rows, "mention")[account]
        likes, replies = (naive.received(rows, action)[account] for action in ("like", "reply"))
        wanted_ratio = replies / likes if likes else math.nan
        assert value(reply_like_ratio(ev), account) == pytest.approx(wanted_ratio, nan_ok=True)


@given(ROWS)
@settings(max_examples=30)
def test_h_index_of_chosen_posts_equals_the_oracle(rows):
    ev = events_of(rows)
    if not {"p1", "p3"} & {r[4] for r in rows}:
        return
    m = h_index(ev, action="like", posts=["p1", "p3", "p9"])
    wanted = naive.chosen_h_index(rows, "like", {"p1", "p3"})
    assert m.values.tolist() == [wanted[account] for account in ev.accounts]
    assert m.params["unknown_posts"] == 3 - len({"p1", "p3"} & {r[4] for r in rows})
    assert m.params["without_post"] == sum(r[4] is None for r in naive.interactions(rows, "like"))


def test_h_index_of_posts_that_are_not_there_is_refused():
    ev = events_of([like("bob", post="p1")])
    with pytest.raises(ParameterError, match="none of the 2 given is there, such as 'x'"):
        h_index(ev, posts=["x", "y"])
    with pytest.raises(ParameterError, match="posts must name posts of the log"):
        h_index(ev, posts=[])


TOPICS = {
    "actor": ["bob", "cem", "bob", "cem", "bob", "cem", "bob"],
    "target": ["ada", "ada", "dan", "dan", "eve", "eve", "ada"],
    "post": ["p1", "p1", "p2", "p2", "p3", "p3", "p4"],
    "action": ["repost"] * 7,
    "topic": ["racing", "racing", "racing", "racing", "hats", "hats", None],
}


def test_topics_by_hand():
    ev = Events.from_frame(TOPICS)
    m = t_factor(ev, by="topic")
    assert dict(zip(m.ids, m.values.tolist(), strict=True)) == {"racing": 2, "hats": 1}
    assert value(h_index(ev, topic="racing")) == 1
    assert value(h_index(ev, topic="hats")) == 0
    assert value(h_index(ev, topic="hats"), "eve") == 1
    with pytest.raises(ParameterError, match=r"got 'racin' \(did you mean 'racing'\?\)"):
        h_index(ev, topic="racin")
    with pytest.raises(ParameterError, match="have no column 'platform'"):
        t_factor(ev, by="platform")


def test_impact_by_hand():
    rows = [like(who, post=p, action="repost") for who, p in (("bob", "p1"), ("cem", "p1"), ("bob", "p2"))]
    rows += [like("bob", action="mention")] * 2 + [like("cem", action="mention"), like("ada", "bob", action="mention")]
    rows += [like("ada", "cem", action="mention")] * 4 + [like("bob", "dan", action="repost")]
    ev = events_of(rows)
    assert value(repost_impact(ev)) == pytest.approx(2 * math.log(2))
    assert math.isnan(value(repost_impact(ev), "dan"))  # reposted, but nobody knows what
    assert value(repost_impact(ev), "bob") == 0
    assert value(mention_impact(ev)) == pytest.approx(3 * math.log(2) - 5 * math.log(2))


def test_social_networking_potential_by_hand():
    rows = [like(who, post="p1", action="repost") for who in ("bob", "cem")]
    rows += [like("cem", action="mention"), like("dan", post="p1", action="reply"), published("ada", "p2")]
    rows += [like("ada", "bob", post="q", action="reply")]
    ev = events_of(rows)
    graph = Graph.from_edges(["bob", "cem", "dan", "eve", "ada"], ["ada", "ada", "ada", "ada", "eve"])
    m = social_networking_potential(ev, graph=graph)
    assert value(m) == ((2 + 1) / 4 + (1 + 1) / 2) / 2
    assert math.isnan(value(m, "bob"))  # no followers
    assert value(m) == naive.social_networking_potential(rows, "ada", 4)
    lonely = social_networking_potential(ev)
    assert np.isnan(lonely.values).all()
    assert lonely.params["followers_unknown"] == len(ev.accounts)
    assert list(lonely.top()) == []
    with pytest.raises(ParameterError, match="needs a Graph"):
        social_networking_potential(ev, graph="follows.csv")


def test_followers_are_those_of_the_latest_post_that_tells_them():
    ev = Events.from_frame(
        {
            "actor": ["ada", "ada", "ada", "bob", "bob"],
            "target": [None, None, None, "ada", None],
            "action": ["post", "post", "post", "repost", "post"],
            "post": ["p1", "p2", "p3", "p1", "q"],
            "time": ["2017-11-07", "2017-11-06", "2017-11-08", "2017-11-09", "2017-11-09"],
            "followers_at_time": [10.0, 50.0, None, 99.0, None],
        }
    )
    m = social_networking_potential(ev)
    assert value(m) == pytest.approx((1 / 10 + 1 / 3) / 2)
    assert math.isnan(value(m, "bob"))


def test_undefined_values_are_never_first():
    ev = events_of([like("bob", action="reply"), like("bob", "cem"), like("bob", "cem", action="reply")])
    m = reply_like_ratio(ev)
    assert math.isnan(value(m))
    assert list(m.top()) == [("cem", 1.0)]


# -- tables ----------------------------------------------------------------------------------------------------------


def test_the_table_holds_every_statistic():
    ev = random_log()
    found = account_profile(ev)
    table = engagement_table(ev)
    assert list(table)[:2] == ["account", "like"]
    for name in COLUMNS:
        np.testing.assert_array_equal(table[name].to_numpy(), found.column(name))
    given_table = engagement_table(ev, direction="given", backend="pyarrow")
    given_like = engagement_counts(ev, direction="given", action="like")
    assert given_table["like"].to_pylist() == given_like.values.tolist()
    assert given_table["h_index"].to_pylist() == h_index(ev).values.tolist()
    assert given_table["total"].to_pylist() == engagement_counts(ev, direction="given").values.tolist()


def test_an_action_that_is_called_like_a_column_keeps_its_counts():
    columns = {"actor": ["bob"] * 2, "target": ["ada"] * 2, "action": ["total", "like"], "post": ["p1"] * 2}
    ev = Events.from_frame(columns, extra_actions=["total"])
    for table in (engagement_table(ev, backend="pyarrow"), post_table(ev, backend="pyarrow")):
        row = next(row for row in table.to_pylist() if row["account"] == "ada")
        assert (row["total_reactions"], row["like"], row["total"]) == (1, 1, 2)


def microseconds(cell):
    return None if cell is None else round(cell.timestamp() * 1e6)


@given(ROWS)
@settings(max_examples=60)
def test_the_table_of_posts_equals_the_oracle(rows):
    table = post_table(events_of(rows), backend="pyarrow").to_pylist()
    wanted = naive.post_rows(rows)
    assert sorted((row["account"], row["post"]) for row in table) == sorted(wanted)
    for row in table:
        one = wanted[row["account"], row["post"]]
        row = {**row, "post": row.get("post_reactions")}  # an event "post" with a target is an interaction too
        assert {name: row[name] for name in ACTIONS if row.get(name)} == one["actions"]
        assert row["total"] == sum(one["actions"].values())
        for kind, actions in naive.KINDS.items():
            assert row[kind] == sum(one["actions"][action] for action in actions)
        assert row["distinct_engagers"] == one["engagers"]
        times = [microseconds(row[name]) for name in ("time", "first_reaction", "last_reaction")]
        assert times == [one["published"], one["first"], one["last"]]
        hours = math.nan if one["hours_to_half"] is None else one["hours_to_half"]
        assert row["hours_to_half"] == pytest.approx(hours, nan_ok=True)


def test_the_table_of_posts_by_hand():
    hour = 3_600_000_000
    rows = [like(f"fan{k}", post="p1", time=START + k * hour) for k in (1, 2, 3, 4, 50)]
    rows += [like("fan1", post="p1", action="quote", time=None), published("ada", "p1"), published("ada", "p2")]
    rows += [like("ada", "ada", "p1", time=START), published("ada", "p3"), published("ada", "p3", START - hour)]
    rows += [like(f"fan{k}", post="p3", action="reply", time=START + k * hour) for k in (9, 1, 5, 2)]
    first, second, third = post_table(events_of(rows), backend="pyarrow").to_pylist()
    assert (first["post"], first["applause"], first["amplification"], first["distinct_engagers"]) == ("p1", 5, 1, 5)
    assert first["hours_to_half"] == 3  # the third of five that have a time
    assert third["hours_to_half"] == 2 + 1  # the second of four, counted from the earlier publication
    assert (second["post"], second["total"], second["first_reaction"]) == ("p2", 0, None)
    assert math.isnan(second["hours_to_half"])
    assert post_table(events_of([like("bob")])).empty


# -- real logs -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not JIT_ENABLED, reason="takes a minute with the JIT off")
@pytest.mark.parametrize("name", ["melcup17", "higgs"])
def test_real_accounts_equal_a_plain_count(name, shared_data):
    ev = read_events(shared_data / name, mapping=Path(__file__).parents[1] / "examples" / f"{name}.toml")
    found = account_profile(ev)
    order = np.argsort(found.total)[::-1]
    accounts, posts = list(ev.accounts), list(ev.posts)
    for i in (order[0], order[40]):
        touched = np.flatnonzero((ev.target == i) | ((ev.actor == i) & (ev.action == 0)))
        rows = [
            (
                accounts[ev.actor[k]],
                None if ev.target[k] == 2**32 - 1 else accounts[ev.target[k]],
                ev.actions[ev.action[k]],
                None,
                None if ev.post[k] == 2**32 - 1 else posts[ev.post[k]],
            )
            for k in touched
        ]
        for column, wanted in naive.profile(rows, accounts[i]).items():
            assert found.column(column)[i] == pytest.approx(wanted, rel=1e-12, nan_ok=True), column
        assert found.total[i] == len(naive.interactions(rows))


def test_every_kernel_has_one_signature():
    account_profile(random_log(50))
    account_profile(random_log(), engine=resolve_engine("local", 2))
    account_profile(events_of(ZOO["ties"]))
    account_profile(random_log(50), engine=AdversarialEngine())
    for name in ("account_sizes", "account_fill", "profile_accounts"):
        assert len(getattr(getattr(kernels, name), "signatures", [0])) == 1, name
