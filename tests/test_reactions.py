"""Reactions grouped by account: resonance and the clusters that it adds up from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import swayrank as sr
from swayrank.engines import resolve_engine
from swayrank.events.columns import NO_TIME
from swayrank.measures.engagement.reactions import group_reactions
from tests.oracles import naive_reactions as naive

DAY = naive.DAY
WEIGHTS = {"like": 1.0, "repost": 3.0, "mention": 1.0, "reply": 2.0}


def random_rows(rng, n=60, accounts=6, posts=8, undated=False):
    rows = []
    for _ in range(n):
        actor, target = (f"a{rng.integers(accounts)}" for _ in range(2))
        action = str(rng.choice(["post", "like", "repost", "mention", "reply"], p=[0.15, 0.4, 0.2, 0.1, 0.15]))
        post = f"p{rng.integers(posts)}" if rng.random() < 0.8 else None
        time = None if undated and rng.random() < 0.3 else int(rng.integers(0, 20 * DAY))
        rows.append(
            {
                "actor": actor,
                "target": None if action == "post" else target,
                "action": action,
                "post": post,
                "time": time,
            }
        )
    return rows


def events_of(rows):
    return sr.Events.from_frame({key: [row[key] for row in rows] for key in rows[0]})


@given(st.integers(0, 10_000))
def test_resonance_is_its_definition(key):
    rows = random_rows(np.random.default_rng(key))
    log = events_of(rows)
    m = sr.resonance(log, half_life_days=3.0, weights=WEIGHTS, now=20 * DAY)
    for account, got in zip(log.accounts, m.values, strict=True):
        assert got == pytest.approx(naive.resonance(account, rows, WEIGHTS, 3.0, 20 * DAY), abs=1e-9)


@given(st.integers(0, 10_000))
def test_a_posts_gain_is_what_is_lost_without_it(key):
    rows = random_rows(np.random.default_rng(key))
    log = events_of(rows)
    reactions = group_reactions(log, half_life_days=3.0, weights=WEIGHTS, now=20 * DAY)
    sums, _, gains = reactions.by_engager(resolve_engine("local", 1))
    said, checked = naive.owners(rows), 0
    for i, account in enumerate(log.accounts):
        n_posts = naive.posts_of(account, rows)[1]
        assert int(reactions.n_posts[i]) == n_posts
        for place in range(int(gains.indptr[i]), int(gains.indptr[i + 1])):
            code = int(gains.cluster[place])
            if code < reactions.n_own:
                left = naive.resonance(account, rows, WEIGHTS, 3.0, 20 * DAY, without=log.posts[code])
                assert gains.gain[place] == pytest.approx(sums[i] - left, abs=1e-9)
                checked += 1
    assert checked or not any(naive.belongs(row, said) and row["actor"] != row["target"] for row in rows)


def test_by_hand():
    """Bob likes both of ada's two posts, cem one: (3**0.75 - 1) / 3**2 + (2**0.75 - 1) * (2/3)**2."""
    log = sr.Events.from_frame(
        {
            "actor": ["ada", "ada", "bob", "bob", "cem"],
            "target": [None, None, "ada", "ada", "ada"],
            "action": ["post", "post", "like", "like", "like"],
            "post": ["p", "q", "p", "q", "q"],
        }
    )
    log = sr.Events.from_frame(log.to_frame("pyarrow").set_column(4, "time", [["2026-01-01"] * 5]))
    m = sr.resonance(log)
    assert m.value("ada") == pytest.approx((3**0.75 - 1) / 9 + (2**0.75 - 1) * 4 / 9, abs=1e-12)


def test_a_farm_of_bots_is_outweighed_by_fewer_people_who_choose():
    rows = [{"actor": "ada", "target": None, "action": "post", "post": f"p{i}", "time": 0} for i in range(20)]
    rows += [{"actor": "eve", "target": None, "action": "post", "post": f"q{i}", "time": 0} for i in range(20)]
    rows += [
        {"actor": f"bot{b}", "target": "ada", "action": "repost", "post": f"p{i}", "time": DAY}
        for b in range(20)
        for i in range(20)
    ]
    rows += [{"actor": f"fan{b}", "target": "eve", "action": "like", "post": f"q{b}", "time": DAY} for b in range(20)]
    m = sr.resonance(events_of(rows), half_life_days=100)
    assert m.value("eve") > 2 * m.value("ada") > 0


def test_order_engines_and_threads_change_no_bit(any_engine):
    rows = random_rows(np.random.default_rng(5), n=400, accounts=12, posts=40)
    log = events_of(rows)
    plain = sr.resonance(log, half_life_days=2.0)
    shuffled = [rows[i] for i in np.random.default_rng(6).permutation(len(rows))]
    other = sr.resonance(events_of(shuffled), half_life_days=2.0)
    assert dict(zip(plain.ids, plain.values.tolist(), strict=True)) == dict(
        zip(other.ids, other.values.tolist(), strict=True)
    )
    assert sr.resonance(log, half_life_days=2.0, **any_engine).values.tobytes() == plain.values.tobytes()


def test_left_out_rows_are_counted():
    rows = random_rows(np.random.default_rng(8), n=200, undated=True)
    log = events_of(rows)
    assert (log.time == NO_TIME).any()
    m = sr.resonance(log, now=10 * DAY, half_life_days=3.0, weights=WEIGHTS)
    interactions = [row for row in rows if row["action"] != "post"]
    strangers = [row for row in interactions if row["actor"] != row["target"]]
    assert m.params["self_interactions"] == len(interactions) - len(strangers)
    assert m.params["undated"] == sum(row["time"] is None for row in strangers)
    assert m.params["after_now"] == sum(row["time"] is not None and row["time"] > 10 * DAY for row in strangers)


def test_without_posts_reactions_cluster_by_day():
    rows = [
        {"actor": f"a{i}", "target": "ada", "action": "like", "post": None, "time": day * DAY + i}
        for day in range(40)
        for i in range(3)
    ]
    _, _, gains = group_reactions(events_of(rows), half_life_days=1000.0).by_engager(resolve_engine("local", 1))
    assert gains.cluster.size == 40
    assert gains.gain == pytest.approx(np.full(40, gains.gain[-1]), rel=0.2)


def test_pairs_add_up_to_everything():
    rows = random_rows(np.random.default_rng(3), n=300)
    log = events_of(rows)
    reactions = group_reactions(log, half_life_days=3.0, weights=WEIGHTS, now=20 * DAY)
    actor, target, value = reactions.pairs(resolve_engine("local", 2))
    told = {}
    for row in rows:
        if row["action"] != "post" and row["actor"] != row["target"]:
            pair = (row["actor"], row["target"])
            told[pair] = told.get(pair, 0.0) + naive.value(row, WEIGHTS, 3.0, 20 * DAY)
    found = {(log.accounts[int(a)], log.accounts[int(t)]): v for a, t, v in zip(actor, target, value, strict=True)}
    assert found == pytest.approx(told)
