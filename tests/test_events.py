"""The event table: windows, summary, graph, frames, files."""

from __future__ import annotations

import datetime as dt
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayrank.errors import InputError, ParameterError, SwayrankError, VersionError
from swayrank.events import ACTIONS, NO_ACCOUNT, NO_POST, NO_TIME, Events, Posts, action_codes, as_us
from swayrank.events import columns as event_columns
from swayrank.events.columns import first_appearance, repeats
from swayrank.ids import Ids
from tests.oracles import naive_events

DAY = 86_400_000_000


@pytest.fixture
def log():
    return Events.from_frame(
        {
            "actor": ["bob", "cem", "bob", "ada", "bob", "bob"],
            "action": ["RT", "like", "RT", "post", "like", "follow"],
            "target": ["ada", "ada", "ada", None, "bob", "eve"],
            "post": ["p1", "p1", "p1", "p1", "p9", None],
            "time": ["2017-11-06", "2017-11-07", "2017-11-06", "2017-11-06 12:00:00", "1999-12-31", None],
            "topic": ["cup", None, "cup", "hat", "hat", "hat"],
            "followers_at_time": [1, 2, 3, 4, 5, 6],
        }
    )


def test_positions_are_given_by_first_appearance_actor_before_target(log):
    assert list(log.accounts) == ["bob", "ada", "cem", "eve"]
    assert log.actor.tolist() == [0, 2, 0, 1, 0, 0]
    assert log.target.tolist() == [1, 1, 1, NO_ACCOUNT, 0, 3]
    assert log.post.tolist() == [0, 0, 0, 0, 1, NO_POST]
    assert [log.actions[code] for code in log.action] == ["repost", "like", "repost", "post", "like", "follow"]
    assert log.time[0] == as_us("2017-11-06")
    assert log.time[5] == NO_TIME


def test_columns_cannot_be_written_to(log):
    for name in ("actor", "target", "action", "post", "time"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(log, name)[0] = 0


def test_windows_part_the_events_with_a_time(log):
    cut = "2017-11-06T12:00:00Z"
    before, after = log.before(cut), log.after(cut)
    assert (before.n_events, after.n_events) == (3, 2)
    assert before.n_events + after.n_events == int((log.time != NO_TIME).sum())
    assert log.between("2017-11-06", "2017-11-07").n_events == 3
    assert before.accounts is log.accounts
    assert before.extra["topic"].to_pylist() == ["cup", "cup", "hat"]
    assert before.extra["followers_at_time"].tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    "time",
    ["2017-11-06T11:00:00+11:00", dt.datetime(2017, 11, 6), dt.date(2017, 11, 6), as_us("2017-11-06")],
)
def test_times_are_taken_in_any_shape(log, time):
    assert as_us(time) == 1_509_926_400_000_000
    assert log.before(time).n_events == 1


@pytest.mark.parametrize("time", ["soon", 1.5, None, True])
def test_what_is_no_time_is_refused(log, time):
    with pytest.raises(ParameterError, match="time must be"):
        log.before(time)


def test_select_takes_names_and_aliases(log):
    assert log.select("RT").n_events == 2
    assert log.select(["repost", "like"]).n_events == 4
    with pytest.raises(ParameterError, match=r"actions must be among post, like.*got 'dance'"):
        log.select(["dance"])


def test_compact_drops_and_renumbers_what_does_not_occur(log):
    small = log.select(["follow", "post"]).compact()
    assert list(small.accounts) == ["ada", "bob", "eve"]
    assert list(small.posts) == ["p1"]
    assert small.actor.tolist() == [0, 1]
    assert small.target.tolist() == [NO_ACCOUNT, 2]
    assert small.post.tolist() == [0, NO_POST]


def test_summary_counts_every_oddity(log):
    s = log.summary(now="2017-11-06T13:00:00")
    assert (s.events, s.accounts, s.actors, s.targets, s.posts) == (6, 4, 3, 3, 2)
    assert s.actions == {"post": 1, "like": 2, "repost": 2, "follow": 1}
    assert (s.duplicates, s.self_interactions, s.no_time, s.no_target) == (1, 1, 1, 0)
    assert (s.before_2000, s.in_future, s.before_their_post) == (1, 1, 2)
    assert (s.first, s.last) == ("1999-12-31T00:00:00Z", "2017-11-07T00:00:00Z")
    assert s.longest_gap_hours == pytest.approx((as_us("2017-11-06") - as_us("1999-12-31")) / 3.6e9)


def test_an_empty_log_has_a_summary_and_a_window():
    empty = Events.from_frame({"actor": pa.array([], pa.string()), "action": pa.array([], pa.string())})
    assert empty.summary().first is None
    assert empty.before("2020-01-01").n_events == 0
    assert empty.derive_graph().n_nodes == 0


def test_derived_graph_counts_interactions(log):
    g = log.derive_graph()
    arcs = {(g.ids[u], g.ids[v]): w for u, v, w in zip(*g.edges(), g.column("weight"), strict=True)}
    assert arcs == {("bob", "ada"): 2.0, ("cem", "ada"): 1.0, ("bob", "eve"): 1.0}
    only = log.derive_graph(["like"])
    assert only.n_nodes == 4
    assert only.n_edges == 1


def test_fingerprint_tells_contents_apart(log):
    again = Events.from_frame(log.to_frame("polars"))
    assert again.fingerprint == log.fingerprint
    assert log.before("2017-11-07").fingerprint != log.fingerprint
    assert pickle.loads(pickle.dumps(log)).fingerprint == log.fingerprint


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_go_out_and_come_back(log, backend):
    frame = log.to_frame(backend)
    assert isinstance(frame, {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}[backend])
    again = Events.from_frame(frame)
    assert again.fingerprint == log.fingerprint


def test_wrong_frames_say_what_is_wrong():
    with pytest.raises(InputError, match="has no column 'actor' for actor; there are: who, action"):
        Events.from_frame({"who": ["a"], "action": ["like"]})
    with pytest.raises(InputError, match="line 2, column action: unknown action 'dance'"):
        Events.from_frame({"actor": ["a", "b"], "action": ["like", "dance"]})
    with pytest.raises(InputError, match="line 2, column actor: an actor is missing"):
        Events.from_frame({"actor": ["a", None], "action": ["like", "like"]})
    with pytest.raises(InputError, match="read_events reads other forms"):
        Events.from_frame({"actor": ["a"], "action": ["like"], "time": ["6/11/2017"]})
    with pytest.raises(ParameterError, match="columns must name fields"):
        Events.from_frame({"actor": ["a"], "action": ["like"]}, columns={"acter": "a"})


def test_vocabulary_can_be_extended():
    ev = Events.from_frame({"actor": ["a", "b"], "action": ["save", "7"]}, extra_actions=["save"], actions={"7": "RT"})
    assert [ev.actions[code] for code in ev.action] == ["save", "repost"]
    assert ev.actions == (*ACTIONS, "save")
    with pytest.raises(ParameterError, match="actions must map to one of"):
        action_codes(actions={"7": "dance"})


def test_positions_outside_are_refused():
    ids = Ids.from_values(["a", "b"])
    with pytest.raises(ParameterError, match=r"target must hold positions in \[0, 2\), got 2"):
        Events.from_arrays(np.array([0]), np.array([2]), np.array([1]), accounts=ids)
    with pytest.raises(ParameterError, match="action must hold positions"):
        Events.from_arrays(np.array([0]), np.array([1]), np.array([9]), accounts=ids)
    with pytest.raises(ParameterError, match="all columns must have 1 rows"):
        Events.from_arrays(np.array([0]), np.array([1, 1]), np.array([1]), accounts=ids)


def test_a_saved_log_opens_as_it_was(log, tmp_path):
    path = log.save(tmp_path / "log.parquet")
    again = Events.open(path)
    assert again.fingerprint == log.fingerprint
    assert pq.read_table(path).column("actor").to_pylist()[0] == "bob"
    numbers = Events.from_frame({"actor": [5, 7], "action": ["like", "save"], "target": [7, 9]}, extra_actions=["save"])
    again = Events.open(numbers.save(tmp_path / "numbers.parquet"))
    assert again.accounts[0] == 5
    assert again.actions == numbers.actions


def test_a_strange_or_altered_file_is_not_opened(log, tmp_path):
    path = log.save(tmp_path / "log.parquet")
    table = pq.read_table(path)
    pq.write_table(table.slice(1).replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(InputError, match="fingerprint differs"):
        Events.open(path)
    pq.write_table(pa.table({"actor": ["a"]}), path)
    with pytest.raises(InputError, match="was not written by swayrank"):
        Events.open(path)
    path.write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="is not a whole Parquet file"):
        Events.open(path)
    with pytest.raises(InputError, match=r"none\.parquet: there is no such file"):
        Events.open(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="is a folder, not a file"):
        Events.open(tmp_path)


def test_a_file_cut_short_or_flipped_anywhere_is_an_error_of_ours(log, tmp_path):
    path = log.save(tmp_path / "log.parquet")
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is not a whole Parquet file"):
            Events.open(path)
    for place in range(0, len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :])
        try:
            again = Events.open(path)
        except SwayrankError:
            continue
        assert again.fingerprint == log.compact().fingerprint  # a byte that holds no content


@pytest.mark.parametrize(
    ("about", "error", "words"),
    [
        (b"{", InputError, "was not written by swayrank as events"),
        (b"[1]", InputError, "was not written by swayrank as events"),
        (b'{"kind": "posts"}', InputError, "was not written by swayrank as events"),
        (b'{"kind": "events"}', VersionError, "has format None, this swayrank reads 1"),
        (b'{"kind": "events", "format": 2}', VersionError, "has format 2, this swayrank reads 1"),
        (b'{"kind": "events", "format": 1}', InputError, "does not hold what was written"),
        (b'{"kind": "events", "format": 1, "actions": 7, "accounts": "int", "posts": []}', InputError, "does not hold"),
    ],
)
def test_facts_of_a_foreign_file(log, tmp_path, about, error, words):
    path = log.save(tmp_path / "log.parquet")
    pq.write_table(pq.read_table(path).replace_schema_metadata({b"swayrank": about}), path)
    with pytest.raises(error, match=words):
        Events.open(path)


def test_hostile_names_are_cut_in_messages():
    with pytest.raises(InputError) as caught:
        Events.from_frame({"actor": ["a"], "action": ["\x1b[31m" + "x" * 500]})
    assert len(str(caught.value)) < 260
    assert str(caught.value).isprintable()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), max_size=40))
def test_repeats_are_those_of_the_oracle(rows):
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    assert repeats(*columns).tolist() == naive_events.repeats(rows)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=40))
def test_rows_of_one_hash_are_told_apart(rows):
    columns = tuple(np.array(rows, np.int64).T)
    answer = np.zeros(len(rows), np.bool_)
    event_columns._settle(answer, np.arange(len(rows)), columns)
    assert answer.tolist() == naive_events.repeats(rows)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10)), max_size=40))
def test_first_appearance_is_that_of_the_oracle(rows):
    a, b = np.array(rows, np.uint32).reshape(-1, 2).T
    order, new = first_appearance(10, np.ascontiguousarray(a), np.ascontiguousarray(b))
    expected = naive_events.first_appearance(a.tolist(), [x if x < 10 else None for x in b.tolist()])
    assert order.tolist() == expected
    assert [int(new[code]) for code in expected] == list(range(len(expected)))
    assert int(new[10]) == NO_ACCOUNT


def test_posts_hold_counts():
    po = Posts.from_arrays(
        np.array([0, 1, 1]),
        accounts=Ids.from_values(["ada", "bob"]),
        counts={"likes": [1, np.nan, 3], "views": [9, 9, 9]},
        post=np.array([0, NO_POST, NO_POST]),
        posts=Ids.from_values(["p"]),
    )
    assert np.isnan(po.shares).all()
    assert po.given == ("likes", "views")
    assert po.to_frame("polars")["likes"].to_list() == [1.0, None, 3.0]
    assert not po.duplicate.any()
    assert po.rows(np.array([True, False, True])).views.tolist() == [9.0, 9.0]
    with pytest.raises(ParameterError, match="counts must be among likes"):
        Posts.from_arrays(np.array([0]), accounts=Ids.of_range(1), counts={"loves": [1]})
    with pytest.raises(AttributeError, match="no attribute 'loves'"):
        po.loves
