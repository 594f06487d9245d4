"""Engagement in full: every statistic by hand, against slow oracles, on edge cases, and with equal bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from swayrank.engines import resolve_engine
from swayrank.events import ACTIONS, Events
from swayrank.ids import Ids
from swayrank.kernels import engagement as kernels
from swayrank.measures.engagement import profile as profiles
from swayrank.measures.engagement.profile import AccountProfile, account_profile, profile_grouped, rows_by_account
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


@pytest.mark.parametrize("how", [{"threads": 1}, {"threads": 3}, {"engine": AdversarialEngine(order=3)}], ids=str)
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


def test_every_kernel_has_one_signature():
    account_profile(random_log(50))
    account_profile(random_log(), engine=resolve_engine("local", 2))
    account_profile(events_of(ZOO["ties"]))
    account_profile(random_log(50), engine=AdversarialEngine())
    for name in ("account_sizes", "account_fill", "profile_accounts"):
        assert len(getattr(getattr(kernels, name), "signatures", [0])) == 1, name
