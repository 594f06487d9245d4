"""Counts, decayed sums and h-index against slow oracles, by hand, and against their own promises of equal bits."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swayrank.errors import ParameterError
from swayrank.events import ACTIONS as ACTIONS_OF_EVENTS
from swayrank.events import Events
from swayrank.ids import Ids
from swayrank.kernels import counts as kernels
from swayrank.kernels.counts import exp2_fraction
from swayrank.measures.engagement.counts import (
    distinct_engagers,
    engagement_counts,
    engagement_table,
    past_reposts,
    posts_published,
)
from swayrank.measures.engagement.decay import ACTION_WEIGHTS, decay_sums, decayed_engagement
from swayrank.measures.engagement.h_index import h_index
from swayrank.measures.engagement.resonance import resonance
from tests.oracles import naive_engagement as naive

NAMES = ["ada", "bob", "cem", "dan", "eve"]
ACTIONS = ["like", "repost", "reply", "quote", "mention", "post"]
DAY = 86_400_000_000
TYPES = {"actor": pa.string(), "target": pa.string(), "action": pa.string(), "time": pa.int64(), "post": pa.string()}
START = 15_000 * DAY


def events_of(rows):
    """An event table of (actor, target, action, time, post) rows, None where there is none."""
    names = ("actor", "target", "action", "time", "post")
    return Events.from_frame({name: pa.array([row[i] for row in rows], TYPES[name]) for i, name in enumerate(names)})


def by_account(measure):
    """The non-zero values, by id."""
    return {account: v for account, v in zip(measure.ids, measure.values.tolist(), strict=True) if v}


def nonzero(mapping):
    return {account: v for account, v in mapping.items() if v}


def _row(actor, target, action, time, post):
    return (actor, None, "post", time, post) if action == "post" else (actor, target, action, time, post)


ROW = st.builds(
    _row,
    st.sampled_from(NAMES),
    st.sampled_from([*NAMES, None]),
    st.sampled_from(ACTIONS),
    st.integers(START - 900 * DAY, START + 900 * DAY),
    st.sampled_from(["p1", "p2", "p3", None]),
)
ROWS = st.lists(ROW, min_size=1, max_size=60)


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_counts_equal_the_oracle(rows):
    ev = events_of(rows)
    for action in [None, *dict.fromkeys(r[2] for r in rows)]:
        got = engagement_counts(ev, action=action)
        assert by_account(got) == naive.received(rows, action)
        assert got.params["self_interactions"] == naive.self_interactions(rows, action)
        assert by_account(engagement_counts(ev, direction="given", action=action)) == naive.given(rows, action)
        assert by_account(distinct_engagers(ev, action=action)) == naive.distinct_engagers(rows, action)
    assert by_account(posts_published(ev)) == naive.posts_published(rows)
    assert by_account(past_reposts(ev)) == naive.received(rows, "repost")


@given(ROWS, st.sampled_from(["repost", "like"]))
@settings(max_examples=60, deadline=None)
def test_h_index_equals_the_oracle(rows, action):
    assert by_account(h_index(events_of(rows), action=action)) == nonzero(naive.h_index(rows, action))


@given(ROWS, st.sampled_from([0.5, 7.0, 1000.0]), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_decayed_sums_equal_the_oracle_within_the_error_bound(rows, half_life, later):
    now = max(r[3] for r in rows) + later * DAY
    m = decayed_engagement(events_of(rows), half_life_days=half_life, now=now)
    exact = naive.decayed(rows, half_life * DAY, ACTION_WEIGHTS, now)
    for account, value in zip(m.ids, m.values.tolist(), strict=True):
        assert abs(value - exact.get(account, 0.0)) <= m.error_bound
    assert m.error_bound <= len(rows) * 1e-12


def test_counts_by_hand():
    ev = events_of(
        [
            ("bob", "ada", "like", START, "p1"),
            ("bob", "ada", "repost", START, "p1"),
            ("cem", "ada", "like", START, "p2"),
            ("ada", "ada", "like", START, "p1"),
            ("ada", None, "post", START, "p1"),
        ]
    )
    received = engagement_counts(ev)
    assert by_account(received) == {"ada": 3}
    assert received.params["self_interactions"] == 1
    assert engagement_counts(ev, action="repost").params["self_interactions"] == 0
    assert by_account(engagement_counts(ev, direction="given")) == {"bob": 2, "cem": 1}
    assert distinct_engagers(ev).value("ada") == 2
    assert posts_published(ev).value("ada") == 1
    table = engagement_table(ev).set_index("account").loc["ada"].to_dict()
    counts = {"like": 2, "repost": 1, "total": 3, "distinct_engagers": 2, "posts_published": 1}
    assert {name: table[name] for name in counts} == counts


def test_h_index_by_hand():
    reposts = {"p1": 5, "p2": 3, "p3": 3, "p4": 1}  # three posts of at least three reposts, not four of four
    rows = [(f"fan{i}", "ada", "repost", START, post) for post, n in reposts.items() for i in range(n)]
    rows += [("bob", "eve", "repost", START, "q")] * 30  # one post, however often, gives 1
    rows += [("bob", "dan", "repost", START, None)] * 9 + [("ada", "ada", "repost", START, "p4")] * 9
    m = h_index(events_of(rows))
    assert by_account(m) == {"ada": 3, "eve": 1}
    assert (m.params["without_post"], m.params["self_interactions"]) == (9, 9)


def test_a_post_shared_from_two_accounts_counts_for_each_apart():
    rows = [(f"fan{i}", "ada" if i < 2 else "bob", "repost", START, p) for i in range(4) for p in ("p1", "p2")]
    assert by_account(h_index(events_of(rows))) == {"ada": 2, "bob": 2}


# -- decay -----------------------------------------------------------------------------------------------------------


def likes(days, target="ada"):
    return [("bob", target, "like", START + round(day * DAY), None) for day in days]


def test_decay_by_hand():
    m = decayed_engagement(events_of(likes([0, 7, 14])), half_life_days=7)
    assert m.value("ada") == pytest.approx(1.75, abs=1e-12)
    later = decayed_engagement(events_of(likes([0])), now=START + 14 * DAY)
    assert later.value("ada") == pytest.approx(0.25, abs=1e-12)


def test_default_weights_are_the_published_ones():
    rows = [("bob", "ada", action, START, None) for action in ("like", "mention", "reply", "repost", "quote")]
    assert decayed_engagement(events_of(rows)).value("ada") == pytest.approx(1 + 1 + 2 + 3 + 3, abs=1e-11)
    m = decayed_engagement(events_of(rows), weights={"reply": 0.5})
    assert m.value("ada") == pytest.approx(0.5, abs=1e-12)


def random_rows(n, days, rng):
    return [
        (NAMES[rng.integers(5)], NAMES[rng.integers(5)], ACTIONS[rng.integers(5)], START + int(t), None)
        for t in rng.integers(0, days * DAY, size=n)
    ]


@pytest.mark.parametrize("days", [3, 300, 30_000])
@pytest.mark.parametrize("half_life", [0.01, 7.0])
def test_row_order_changes_no_bit(days, half_life):
    rng = np.random.default_rng(days)
    rows = random_rows(400, days, rng)
    first = decayed_engagement(events_of(rows), half_life_days=half_life)
    for _ in range(3):
        rng.shuffle(rows)
        again = decayed_engagement(events_of([tuple(r) for r in rows]), half_life_days=half_life)
        for account in NAMES:
            assert again.value(account) == first.value(account)


@pytest.mark.parametrize("days", [3, 300, 30_000])
@pytest.mark.parametrize("half_life", [0.01, 7.0])
def test_incremental_equals_recomputed_bit_for_bit(days, half_life):
    ev = events_of(random_rows(600, days, np.random.default_rng(days)))
    cuts = [START + days * DAY * part // 7 for part in (1, 2, 5)]
    pieces = [ev.before(cuts[0]), ev.between(cuts[0], cuts[1]), ev.between(cuts[1], cuts[2]), ev.after(cuts[2])]
    assert sum(p.n_events for p in pieces) == ev.n_events
    whole = decay_sums(ev, half_life_days=half_life)
    for order in ((0, 1, 2, 3), (3, 1, 0, 2)):
        parts = [decay_sums(pieces[i], half_life_days=half_life) for i in order]
        total = parts[0] + parts[1] + parts[2] + parts[3]
        assert np.array_equal(total.measure().values, whole.measure().values)
        assert np.array_equal(total.low, whole.low)
        assert np.array_equal(total.high, whole.high)
    assert np.array_equal(whole.measure().values, decayed_engagement(ev, half_life_days=half_life).values)


def test_a_century_of_short_half_lives_neither_overflows_nor_forgets_the_last_day():
    rows = likes(np.arange(0, 36_500, 5.0)) + likes([36_499.99] * 3, "cem")
    m = decayed_engagement(events_of(rows), half_life_days=0.05)
    assert 0 <= m.value("ada") <= 2
    assert m.value("cem") == pytest.approx(3, abs=1e-11)  # the newest events: no decay at all


def test_a_million_events_at_one_instant_carry_into_the_second_word():
    n = 1_000_000
    half_lives = (START // (7 * DAY) // 48 + 1) * 48 - 1  # the last of an epoch: the largest shift there is
    ev = Events.from_arrays(
        np.ones(n, np.int64),
        np.zeros(n, np.int64),
        np.full(n, ACTIONS_OF_EVENTS.index("quote")),
        accounts=Ids.of_range(2),
        time=np.full(n, half_lives * 7 * DAY + 6 * DAY),
    )
    m = decayed_engagement(ev)
    assert abs(m.value(0) - 3 * n) <= m.error_bound
    assert decay_sums(ev).high.max() > 0


def test_events_after_now_are_left_out_and_counted():
    ev = events_of(likes([0, 1, 2, 3]))
    m = decayed_engagement(ev, half_life_days=1, now=START + 1 * DAY)
    assert m.value("ada") == pytest.approx(1.5, abs=1e-12)
    assert m.params["after_now"] == 2
    with pytest.raises(ParameterError, match="now must not lie before the newest event"):
        decay_sums(ev).measure(now=START)


def test_times_before_1970_decay_too():
    rows = [("bob", "ada", "like", -9 * DAY, None), ("bob", "ada", "like", -2 * DAY, None)]
    assert decayed_engagement(events_of(rows)).value("ada") == pytest.approx(1.5, abs=1e-12)


def test_self_interactions_and_undated_events_are_left_out_and_counted():
    rows = [*likes([0, 0]), ("ada", "ada", "like", START, None), ("bob", "ada", "like", None, None)]
    m = decayed_engagement(events_of(rows))
    assert m.value("ada") == pytest.approx(2, abs=1e-12)
    assert (m.params["self_interactions"], m.params["undated"]) == (1, 1)


def test_events_without_any_time_decay_to_nothing():
    m = decayed_engagement(events_of([("bob", "ada", "like", None, None)]))
    assert m.values.tolist() == [0.0, 0.0]
    assert m.params["undated"] == 1


def test_event_weights_multiply():
    ev = Events.from_frame(
        {
            "actor": ["bob", "bob"],
            "target": ["ada", "cem"],
            "action": ["like", "repost"],
            "time": [START, START],
            "weight": [2.5, 0.5],
        }
    )
    m = decayed_engagement(ev)
    assert m.value("ada") == pytest.approx(2.5, abs=1e-12)
    assert m.value("cem") == pytest.approx(1.5, abs=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"half_life_days": 0}, r"half_life_days must be in \[1e-06, 1e\+06\].*, got 0"),
        ({"weights": {"lyke": 1}}, r"weights must be one of .*got 'lyke' \(did you mean 'like'\?\)"),
        ({"weights": {"like": -1}}, r"weights\['like'\] must be in \[0, 1e\+06\], got -1"),
    ],
)
def test_wrong_decay_parameters_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        decayed_engagement(events_of(likes([0])), **options)


def test_sums_that_do_not_belong_together_are_refused():
    one = decay_sums(events_of(likes([0])))
    with pytest.raises(ParameterError, match="different half-lives"):
        one + decay_sums(events_of(likes([0])), half_life_days=3)
    with pytest.raises(ParameterError, match="different accounts"):
        one + decay_sums(events_of(likes([0], "eve")))


def test_an_unknown_action_names_the_close_one():
    with pytest.raises(ParameterError, match=r"got 'repst' \(did you mean 'repost'\?\)"):
        engagement_counts(events_of([*likes([0]), ("bob", "ada", "repost", START, None)]), action="repst")


def test_our_power_of_two_is_right_to_the_last_bits():
    for f in np.linspace(0, 1, 1001):
        assert exp2_fraction(float(f)) == pytest.approx(math.exp2(f), rel=4e-16)


def test_every_kernel_has_one_signature():
    ev = events_of([*likes([0, 1]), ("bob", "ada", "repost", START, "p1")])
    weighted = Events.from_frame(
        {"actor": ["a"], "target": ["b"], "action": ["like"], "time": [START], "weight": [2.0]}
    )
    for table in (ev, weighted, ev.before(START + DAY)):
        for measure in (engagement_counts, distinct_engagers, decayed_engagement):
            measure(table)
    engagement_counts(ev, direction="given")
    h_index(ev)
    names = ("tally_actions", "group_sizes", "group_fill", "distinct_members", "h_indices", "decayed_sums")
    for kernel in (getattr(kernels, name) for name in names):
        assert len(getattr(kernel, "signatures", [0])) == 1, kernel


@pytest.mark.parametrize("now", ["1900-01-01", "0001-01-01", -(2**70), -(2**63), 2**70])
@pytest.mark.parametrize("half_life_days", [1e-6, 7.0])
def test_a_moment_far_from_all_events_leaves_nothing(now, half_life_days):
    events = Events.from_frame(
        {
            "actor": ["bob", "cem"],
            "target": ["ada", "ada"],
            "action": ["like"] * 2,
            "time": ["2012-07-01", "2024-01-01"],
        }
    )
    for function in (decayed_engagement, resonance):
        m = function(events, now=now, half_life_days=half_life_days)
        assert m.values.tolist() == [0.0] * len(m.ids)
        assert m.params["after_now"] == (0 if now == 2**70 else 2)
