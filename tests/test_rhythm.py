"""Hours and weekdays on the clocks of time zones, and windows of a log."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.events import NO_TIME, Events
from swayrank.ids import Ids
from swayrank.measures.engagement.decay import HALF_LIVES, decay_sums, decayed_engagement, resolve_half_life
from swayrank.measures.engagement.rhythm import activity
from swayrank.measures.engagement.windows import window
from tests.oracles import naive_rates as naive

DAY = 86_400_000_000
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Asia/Pyongyang",
]


def us(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


def posts_at(times):
    n = len(times)
    return Events.from_arrays(
        np.zeros(n, int), np.full(n, 2**32 - 1), np.zeros(n, int), accounts=Ids.of_range(1), time=np.array(times)
    )


@given(st.lists(st.integers(us("1905-01-01"), us("2037-01-01")), min_size=1, max_size=40), st.sampled_from(ZONES))
def test_hours_equal_the_oracle(times, zone):
    counts = activity(posts_at(times), timezone=zone).counts
    expected = naive.hours(times, zone)
    assert {(d, h): int(counts[d, h]) for d, h in zip(*counts.nonzero(), strict=True)} == expected


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_hour_of_years_with_changes(zone):
    """Samoa leapt over a day, Lord Howe shifts by half an hour, Morocco twice a year around Ramadan."""
    times = list(range(us("2010-06-01"), us("2018-08-01"), 900_000_000))
    counts = activity(posts_at(times), timezone=zone).counts
    expected = naive.hours(times, zone)
    assert all(counts[d, h] == k for (d, h), k in expected.items())
    assert counts.sum() == len(times)


def test_the_change_of_clocks_by_hand():
    """On 31 March 2024 clocks in Paris go from 02:00 to 03:00; on 27 October they pass 02:00 to 03:00 twice."""
    spring = activity(posts_at([us("2024-03-31T00:59:59"), us("2024-03-31T01:00:00")]), timezone="Europe/Paris")
    assert spring.counts[6].nonzero()[0].tolist() == [1, 3]
    autumn = activity(posts_at([us("2024-10-27T00:30"), us("2024-10-27T01:30")]), timezone="Europe/Paris")
    assert autumn.counts[6, 2] == 2
    assert autumn.counts.sum() == 2


def test_midnight_belongs_to_the_new_day_and_times_before_1970_too():
    assert activity(posts_at([us("2024-01-01T00:00") - 1])).busiest() == [("Sunday", 23, 1)]
    assert activity(posts_at([us("2024-01-01T00:00")])).busiest() == [("Monday", 0, 1)]
    assert activity(posts_at([-1])).busiest() == [("Wednesday", 23, 1)]


@pytest.mark.parametrize("far", [-(2**63) + 1, 2**63 - 1, -(10**17), 10**18])
def test_times_beyond_the_calendar_are_counted(far):
    assert activity(posts_at([far, 0]), timezone="Europe/Paris").counts.sum() == 2


LOG_TIMES = [
    "2024-01-01T08:10",
    None,
    "2024-01-02T09:00",
    None,
    "2024-01-03T10:00",
    "2024-01-04T11:00",
    "2024-01-05T12:00",
]


@pytest.fixture
def log():
    return Events.from_frame(
        {
            "actor": ["ada", "ada", "bob", "cem", "ada", "ada", "bob"],
            "action": ["post", "post", "like", "RT", "like", "like", "post"],
            "target": [None, None, "ada", "ada", "ada", "bob", None],
            "time": [None if text is None else us(text) for text in LOG_TIMES],
        }
    )


def test_whose_events_count_for_what(log):
    assert activity(log, "ada").busiest() == [("Monday", 8, 1)]
    assert activity(log, "ada").n_without_time == 1
    received = activity(log, "ada", of="received")
    assert (received.busiest(), received.n_without_time) == ([("Tuesday", 9, 1)], 1)
    assert activity(log, "ada", of="given").busiest() == [("Thursday", 11, 1)]
    assert activity(log).by_weekday.tolist() == [1, 0, 0, 0, 1, 0, 0]
    assert activity(log, of="given").counts.sum() == 2


def test_it_prints_as_a_table(log):
    lines = repr(activity(log, "ada")).splitlines()
    assert lines[0] == "1 posts by when they were published, ada, on the clock of UTC; 1 without a time"
    assert lines[2].split() == ["Mon", *["."] * 8, "1", *["."] * 15]
    assert len(lines) == 9
    table = activity(log, "ada").to_frame()
    assert table.shape == (168, 3)
    assert table[table["events"] > 0].values.tolist() == [["Monday", 8, 1]]


def test_a_log_of_nothing():
    empty = Events.from_arrays(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), accounts=Ids.of_range(1))
    assert activity(empty, timezone="Europe/Paris").counts.sum() == 0
    assert activity(empty).busiest() == []


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Pariss", r"timezone must be .*got 'Europe/Pariss' \(did you mean 'Europe/Paris'"),
        ("paris", "did you mean 'Europe/Paris'"),
        ("new york", "did you mean 'America/New_York'"),
        ("America", "timezone must be"),
        ("../../etc/passwd", "timezone must be"),
        ("", "timezone must be"),
        ("a\x1b[31m\0", r"got 'a\\x1b"),
        (5, "timezone must be .*got 5"),
        (None, "timezone must be .*got None"),
    ],
)
def test_unknown_zones_are_refused_with_the_close_ones(log, zone, words):
    with pytest.raises(ParameterError, match=words):
        activity(log, timezone=zone)


def test_other_mistakes_are_refused(log):
    with pytest.raises(UnknownAccountError):
        activity(log, "eve")
    with pytest.raises(ParameterError, match="of must be one of 'published', 'received', 'given', 'per_post', got 'x'"):
        activity(log, of="x")
    with pytest.raises(ParameterError, match=r"activity needs Events, got 'log.csv'"):
        activity("log.csv")
    with pytest.raises(ParameterError, match="k must be an integer >= 1, got 0"):
        activity(log).busiest(0)


# -- windows -----------------------------------------------------------------------------------------------------------


def test_windows_laid_end_to_end_hold_every_event_once():
    times = [us("2024-01-01") + i * DAY // 3 for i in range(90)]
    ev = posts_at([*times, NO_TIME])
    end = us("2024-01-31")
    parts = [window(ev, 10, until=end - i * 10 * DAY) for i in range(3)]
    assert [p.n_events for p in parts] == [30, 30, 30]
    assert sorted(np.concatenate([p.time for p in parts]).tolist()) == times


def test_a_window_ends_with_the_last_event_and_keeps_positions(log):
    last = window(log, "day")
    assert last.accounts is log.accounts
    assert last.time.tolist() == [us("2024-01-05T12:00")]
    just = window(log, 1 + 1e-6)
    assert just.n_events == 2 - (us("2024-01-04T11:00") <= us("2024-01-05T12:00") - DAY)
    assert window(log, 30, until="1970-01-01").n_events == 0
    assert window(log, 1e6, until=-(2**63) + 1).n_events == 0


@pytest.mark.parametrize(("days", "until"), [("weak", None), (0, None), (-1, None), (float("nan"), None), (True, None)])
def test_wrong_windows_are_refused(log, days, until):
    with pytest.raises(ParameterError, match=r"days must be in .*'hundred_days'"):
        window(log, days, until=until)


def test_a_window_of_a_log_without_times_needs_its_end():
    with pytest.raises(ParameterError, match="until must be given"):
        window(posts_at([NO_TIME]))
    assert window(posts_at([NO_TIME]), until="2024-01-01").n_events == 0


# -- named half-lives --------------------------------------------------------------------------------------------------


def test_named_half_lives_are_their_days(log):
    assert HALF_LIVES == {"day": 1, "week": 7, "half_month": 15, "month": 30, "hundred_days": 100}
    for name, days in HALF_LIVES.items():
        named, plain = (decayed_engagement(log, half_life_days=h) for h in (name, days))
        assert np.array_equal(named.values, plain.values)
        assert named.params["half_life_days"] == days
        assert decay_sums(log, half_life_days=name).half_life == days * DAY


@pytest.mark.parametrize("wrong", ["weak", "7", "", None, 0, float("inf"), True])
def test_other_names_are_refused(wrong):
    with pytest.raises(ParameterError, match=r"half_life_days must be in .* or one of 'day', 'week', 'half_month'"):
        resolve_half_life(wrong)


# -- reactions per post ------------------------------------------------------------------------------------------------


def per_post_log():
    """ada posts p1 and p2 on a Friday at 9 and p3 at 20; eight reactions, all in the evening."""
    rows = [("ada", "post", None, p, f"2024-01-05T{h}") for p, h in (("p1", "09:10"), ("p2", "09:50"), ("p3", "20:00"))]
    rows += [("bob", "post", None, "p9", "2024-01-05T10:00")]
    rows += [(f"u{i}", "like", "ada", p, "2024-01-05T21:00") for i, p in enumerate(["p1"] * 3 + ["p2"] * 2 + ["p3"])]
    rows += [("u1", "like", "ada", None, "2024-01-05T21:00"), ("u1", "like", "ada", "p7", "2024-01-05T21:00")]
    rows += [("ada", "like", "ada", "p1", "2024-01-05T21:00"), ("u1", "like", "bob", "p9", "2024-01-05T21:00")]
    names = ("actor", "action", "target", "post", "time")
    return Events.from_frame({name: [row[i] for row in rows] for i, name in enumerate(names)})


def test_reactions_per_post_by_hand():
    log = per_post_log()
    came, found = activity(log, "ada", of="received"), activity(log, "ada", of="per_post")
    assert came.busiest(1) == [("Friday", 21, 8)]  # when they came says nothing of when she posted
    assert found.counts[4, [9, 20, 21]].tolist() == [5, 1, 0]
    assert found.posts[4, [9, 20, 21]].tolist() == [2, 1, 0]
    assert found.posts.sum() == 3
    assert found.per_post[4, [9, 20]].tolist() == [2.5, 1.0]
    assert np.isnan(found.per_post[4, 21])
    assert found.n_without_time == 2  # of no post, and of one that nobody saw published
    everybody = activity(log, of="per_post", timezone="Asia/Tokyo")
    assert (everybody.counts.sum(), everybody.posts.sum(), everybody.per_post[4, 19]) == (7, 4, 1.0)
    rows = found.to_frame("pyarrow").to_pylist()
    assert [row["per_post"] for row in rows if row["events"]] == [2.5, 1.0]
    with pytest.raises(ParameterError, match="of must be 'per_post'"):
        _ = came.per_post
    with pytest.raises(UnknownAccountError):
        activity(log, "adda", of="per_post")


def test_what_is_shown_says_what_it_counts():
    log = per_post_log()
    assert "reactions by when they came (not when to post" in repr(activity(log, "ada", of="received"))
    shown = repr(activity(log, "ada", of="per_post")).splitlines()
    assert shown[0].startswith("6 reactions, per post, by when the post was published, ada")
    assert shown[6].split()[10] == "2.5"
    assert "posts by when they were published" in repr(activity(log, "ada"))


def test_a_log_without_posts_has_no_reactions_per_post():
    log = Events.from_frame({"actor": ["bob"], "action": ["like"], "target": ["ada"], "time": ["2024-01-05"]})
    found = activity(log, of="per_post")
    assert (found.counts.sum(), found.posts.sum(), found.n_without_time) == (0, 0, 1)
