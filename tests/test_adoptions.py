"""Adoptions against dictionaries: first acts, stand-ins, what is left out; and the order of rows means nothing."""

from __future__ import annotations

import numpy as np
import pytest

from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.ids import Ids
from swayrank.learning.adoptions import EARLIEST, Adoptions
from tests.oracles import naive_learning as naive


def events_of(rows):
    """Rows (actor, target, post, time in seconds) as a log of reposts."""
    actor, target, post, time = (list(column) for column in zip(*rows, strict=True))
    stamps = [None if t is None else np.datetime64(1_000_000_000 + t, "s") for t in time]
    columns = {"actor": actor, "target": target, "post": post, "time": stamps, "action": ["repost"] * len(actor)}
    return Events.from_frame(columns)


def random_rows(seed, n=400, n_accounts=12, n_posts=30):
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        actor, target = draw.integers(0, n_accounts, 2)
        post = f"p{draw.integers(0, n_posts)}" if draw.random() < 0.95 else None
        time = int(draw.integers(0, 60)) if draw.random() < 0.95 else None
        rows.append((f"a{actor}", f"a{target}" if draw.random() < 0.5 else None, post, time))
    return rows


def listed(found, events):
    """(account, post) -> seconds, as the oracle has it."""
    times = [naive.NEVER if t == EARLIEST else t / 1e6 - 1_000_000_000 for t in found.time.tolist()]
    who = [found.ids[a] for a in found.account]
    return dict(zip(zip(who, [events.posts[p] for p in found.post], strict=True), times, strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_posts", [3, 30, 300])
def test_adoptions_are_the_oracle_s(seed, n_posts):
    rows = random_rows(seed, n_posts=n_posts)
    events = events_of(rows)
    found = Adoptions.of(events)
    assert listed(found, events) == naive.adoptions(rows)
    assert found.left_out["without_post"] == sum(post is None for _, _, post, _ in rows)
    assert found.left_out["undated"] == sum(post is not None and time is None for _, _, post, time in rows)
    for a in range(len(found.ids)):
        own = found.post[int(found.indptr[a]) : int(found.indptr[a + 1])]
        assert np.all(np.diff(own.astype(np.int64)) > 0)


@pytest.mark.parametrize("seed", range(3))
def test_cascades_are_the_same_adoptions_in_the_order_of_time(seed):
    events = events_of(random_rows(seed, n=600, n_posts=4))
    found = Adoptions.of(events)
    cascades = found.by_post
    expected = sorted(zip(found.post.tolist(), found.time.tolist(), found.account.tolist(), strict=True))
    posts = np.repeat(np.arange(found.n_posts), np.diff(cascades.indptr).astype(int)).tolist()
    assert list(zip(posts, cascades.time.tolist(), cascades.account.tolist(), strict=True)) == expected


def test_an_account_with_many_posts_out_of_order_on_any_number_of_threads():
    draw = np.random.default_rng(5)
    rows = [
        (f"a{draw.integers(0, 3)}", None, f"p{draw.integers(0, 900)}", int(draw.integers(0, 99))) for _ in range(4000)
    ]
    events = events_of(rows)
    found, alone = Adoptions.of(events, threads=3), Adoptions.of(events, threads=1)
    assert listed(found, events) == naive.adoptions(rows)
    assert found.post.tobytes() == alone.post.tobytes()
    assert found.time.tobytes() == alone.time.tobytes()


def test_accounts_that_are_not_asked_for_are_left_out_and_counted():
    events = events_of([("ada", None, "p", 1), ("bob", "ada", "p", 2), ("eve", "cem", "p", 3), ("bob", "cem", "q", 4)])
    found = Adoptions.of(events, Ids.from_values(["cem", "bob", "dan"]))
    assert listed(found, events) == {
        ("cem", "p"): naive.NEVER,
        ("cem", "q"): naive.NEVER,
        ("bob", "p"): 2,
        ("bob", "q"): 4,
    }
    assert found.left_out == {"without_post": 0, "undated": 0, "unknown_account": 2}
    assert found.count.tolist() == [2, 2, 0]


@pytest.mark.parametrize("row", [("ada", "bob", None, 1), ("ada", "bob", "p", None)])
def test_a_log_that_says_nothing_is_refused(row):
    with pytest.raises(ParameterError, match="with a post and a time"):
        Adoptions.of(events_of([row]))


def test_unknown_actions_are_named():
    with pytest.raises(ParameterError, match=r"actions must be among .*, got 'share'"):
        Adoptions.of(events_of([("ada", None, "p", 1)]), actions=["share"])
