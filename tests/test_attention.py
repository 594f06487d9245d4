"""Shares of attention, by follows and by what people did: against the definition, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import swayrank as sr
from swayrank.engines import resolve_engine
from swayrank.measures.engagement.reactions import Heed
from swayrank.scoring.evidence import ABSENT
from tests.oracles import naive_attention as naive
from tests.oracles.naive_reactions import belongs, owners
from tests.test_reactions import DAY, WEIGHTS, events_of, random_rows

NOW = 20 * DAY


def random_follows(rng, n=40, accounts=14):
    """Some of the log's accounts, and some that the log does not know."""
    pairs = {(f"a{u}", f"a{v}") for u, v in rng.integers(2, accounts, (n, 2)) if u != v}
    return sorted(pairs)


def scored(follows, rows, **options):
    graph = sr.Graph.from_edges(*zip(*follows, strict=True)) if follows else None
    given = {"half_life_days": 3.0, "action_weights": WEIGHTS, "until": NOW, "min_evidence": 0, "rng": 1}
    return sr.score(graph, events_of(rows), **(given | {"n_replicates": None, "profile": {"reach": 1}} | options))


def case(key, follows=True):
    rng = np.random.default_rng(key)
    rows = random_rows(rng)
    return (random_follows(rng) if follows else []), rows


@given(st.integers(0, 10_000), st.booleans())
def test_shares_and_reach_are_their_definition(key, with_follows):
    follows, rows = case(key, with_follows)
    got = scored(follows, rows)
    graph, ids = got.evidence.attention.graph, [str(account) for account in got.ids]
    found = {(ids[u], ids[v]): p for u, v, p in zip(*graph.edges(), graph.column("probability"), strict=True)}
    true = naive.shares(follows, rows, WEIGHTS, 3.0, NOW)
    assert found == pytest.approx(true, rel=1e-12)
    reach = dict.fromkeys(ids, 0.0)
    for (_, v), share in true.items():
        reach[v] += share
    assert dict(zip(ids, got.raw["reach"].tolist(), strict=True)) == pytest.approx(reach, rel=1e-12)
    given = {u: sum(share for (who, _), share in true.items() if who == u) for u, _ in true}
    assert max(given.values()) < 1, "something is set aside for nobody"


@given(st.integers(0, 10_000), st.booleans())
def test_gains_of_reach_are_what_is_lost(key, with_follows):
    """Without the reactions to one post; and the sum: without any reaction to the account."""
    follows, rows = case(key, with_follows)
    got = scored(follows, rows)
    evidence, said, checked = got.evidence, owners(rows), 0
    sums, _, gains = evidence.reactions.by_engager(resolve_engine("local", 1), evidence.attention.heed)
    for i, account in enumerate(evidence.events.accounts):
        whole = naive.reach(account, follows, rows, WEIGHTS, 3.0, NOW)
        none = [row for row in rows if row["target"] != account]
        assert sums[i] == pytest.approx(whole - naive.reach(account, follows, none, WEIGHTS, 3.0, NOW), abs=1e-12)
        for place in range(int(gains.indptr[i]), int(gains.indptr[i + 1])):
            code = int(gains.cluster[place])
            if code < evidence.reactions.n_own:
                post = evidence.events.posts[code]
                left = [
                    row for row in rows
                    if not (row["target"] == account and row["post"] == post and belongs(row, said))
                ]  # fmt: skip
                lost = whole - naive.reach(account, follows, left, WEIGHTS, 3.0, NOW)
                assert gains.gain[place] == pytest.approx(lost, abs=1e-12)
                checked += 1
    assert checked


def test_a_follower_counts_before_it_reacts_and_reactions_outweigh_follows():
    """b follows ada and z, 3 / 2 each of 1 + 3; likes z twice: z has 3.5 of 6, ada 1.5."""
    follows = [("b", "ada"), ("b", "z"), ("c", "ada")]
    like = {"actor": "b", "target": "z", "action": "like", "post": "q", "time": NOW}
    silent = scored(follows, [{**like, "actor": "d", "target": "e"}], until=None).raw["reach"]
    got = scored(follows, [like, like], until=None)
    assert dict(zip(map(str, got.ids), got.raw["reach"].tolist(), strict=True)) == pytest.approx(
        {"b": 0.0, "ada": 1.5 / 6 + 3 / 4, "z": 3.5 / 6, "c": 0.0}
    )
    assert silent[1] == pytest.approx(1.5 / 4 + 3 / 4)


def test_who_is_only_in_the_log_is_reached_too():
    follows = [("b", "ada"), ("c", "ada")]
    rows = [{"actor": u, "target": "out", "action": "like", "post": "o", "time": NOW} for u in ("b", "x")]
    got = scored(follows, rows, profile={"reach": 1, "spread": 1}, until=None)
    i = got.ids.position("out")
    assert got.evidence.graph_rows[i] == ABSENT
    assert got.raw["reach"][i] == pytest.approx(1 / 5 + 1 / 2)
    assert got.raw["spread"][i] == pytest.approx(1 / 5 + 1 / 2, rel=0.05), "nobody heeds b or x"
    assert got.raw["reach"][got.ids.position("x")] == 0.0
    told = got.explain("out")
    assert (told.n_followers, told.n_others) == (0, 2)
    assert [f.account for f in told.followers] == ["x", "b"]


@pytest.mark.parametrize("follows", [True, False])
def test_the_order_of_rows_changes_no_bit_of_reach(follows):
    """Nor does the numbering of accounts that only the log knows."""
    for key in range(20):
        arcs, rows = case(key, follows)
        order = np.random.default_rng(key).permutation(len(rows))
        one, two = scored(arcs, rows), scored(arcs, [rows[i] for i in order])
        told = [dict(zip(map(str, got.ids), got.raw["reach"].tolist(), strict=True)) for got in (one, two)]
        assert told[0] == told[1]


def test_a_graph_alone_is_what_it_was():
    follows, _ = case(3)
    got = sr.score(sr.Graph.from_edges(*zip(*follows, strict=True)), profile={"reach": 1}, min_evidence=0, rng=1)
    assert got.evidence.attention is None
    number = {u: sum(who == u for who, _ in follows) for u, _ in follows}
    for account, reach in zip(map(str, got.ids), got.raw["reach"], strict=True):
        assert reach == pytest.approx(sum(1 / number[u] for u, v in follows if v == account))


def test_other_probabilities_leave_spread_to_the_graph():
    follows, rows = case(4)
    graph = sr.Graph.from_edges(*zip(*follows, strict=True))
    parts = {"profile": {"reach": 1, "spread": 1}}
    got = scored(follows, rows, prob="weighted_cascade", **parts)
    alone = sr.score(graph, min_evidence=0, rng=1, **parts)
    known = got.evidence.graph_rows != ABSENT
    assert np.array_equal(got.raw["spread"][known], alone.raw["spread"])
    assert np.isnan(got.raw["spread"][~known]).all()
    assert scored(follows, rows, **parts).raw["spread"][known] != pytest.approx(alone.raw["spread"])


def test_who_follows_itself_is_a_follower_and_gives_itself_nothing():
    graph = sr.Graph.from_edges(["a", "b", "c"], ["a", "a", "a"], self_loops="keep")
    log = events_of([{"actor": "b", "target": "c", "action": "like", "post": "q", "time": NOW}])
    got = sr.score(graph, log, min_evidence=0, rng=1, n_replicates=None)
    assert got.raw["reach"][got.ids.position("a")] == pytest.approx(3 / 5 + 3 / 4)
    told = got.explain("a", enough=False)
    assert (told.n_followers, told.n_others) == (3, 0)


def test_one_that_reacts_from_outside_all_communities_is_explained():
    """lone stands in the graph, and follows nobody."""
    graph = sr.Graph.from_edges([0, 1, 2], [1, 2, 0], n_nodes=4)
    log = sr.Events.from_frame({"actor": [3, 0], "target": [0, 1], "action": ["like", "like"]})
    told = sr.score(graph, log, min_evidence=0, rng=1, n_replicates=None).explain(0, enough=False)
    assert (told.n_followers, told.n_others) == (1, 1)
    assert (told.n_origins, sum(origin.followers for origin in told.origins)) == (1, 1)


def test_shares_without_what_is_dealt_out():
    """Reactions can be shared out without follows: E / (1 + given)."""
    rows = [{"actor": u, "target": "ada", "action": "like", "post": "p", "time": NOW} for u in ("b", "b", "c")]
    log = events_of(rows)
    reactions = scored([], rows, until=None).evidence.reactions
    given = np.array([float(name == "b") * 4 + 1 for name in log.accounts])
    empty = Heed(given, np.zeros(0, np.uint64), np.zeros(0))
    sums, _, _ = reactions.by_engager(resolve_engine("local", 1), empty)
    assert sums[log.accounts.position("ada")] == pytest.approx(2 / 6 + 1 / 2)
