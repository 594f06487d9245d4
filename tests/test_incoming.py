"""Rows of live events: taken as a file's would be, or refused with a reason."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("orjson", reason='the service needs: pip install "swayrank[service]"')

from swayrank.pipeline import read_live
from swayrank.service.incoming import (
    Reader,
    UnreadableError,
    _plain,
    _RefusedError,
    rows_of_json,
    rows_of_lines,
)
from swayrank.stores import open_store

NOW = 1_772_323_200_000_000  # 2026-03-01
GOOD = {"key": "k", "time": "2026-02-01T10:00:00Z", "actor": "bob", "action": "like", "target": "ada", "post": "p1"}


def _read(*rows: Any) -> Any:
    return Reader().read(list(rows), now=NOW)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"key": None}, "key", "is missing"),
        ({"key": "  "}, "key", "is empty"),
        ({"key": ["x"]}, "key", "must be text"),
        ({"key": True}, "key", "must be text"),
        ({"key": "x" * 201}, "key", "may have 200 characters, got 201"),
        ({"key": "a\u0000b"}, "key", "holds control characters"),
        ({"key": "a\ud800b"}, "key", "holds half a character"),
        ({"time": None}, "time", "is missing"),
        ({"time": "yesterday"}, "time", "is no ISO time such as 2026-03-01T12:00:00Z"),
        ({"time": "2026-13-01"}, "time", "is no ISO time"),
        ({"time": [2026]}, "time", "must be ISO text, or seconds since 1970"),
        ({"time": True}, "time", "must be ISO text, or seconds since 1970"),
        ({"time": "2026-03-02T00:00:01Z"}, "time", "lies more than a day in the future"),
        ({"time": 1_772_323_200_000}, "time", "numbers are seconds since 1970"),
        ({"time": 10**400}, "time", "lies more than a day in the future"),
        ({"time": "1999-12-31T23:59:59Z"}, "time", "lies before 2000-01-01"),
        ({"time": -1}, "time", "lies before 2000-01-01"),
        ({"time": math.nan}, "time", "lies before 2000-01-01"),
        ({"actor": None}, "actor", "is missing"),
        ({"actor": ""}, "actor", "is empty"),
        ({"actor": "null"}, "actor", "stands for nobody"),
        ({"actor": 1.5}, "actor", "must be text"),
        ({"actor": "x" * 501}, "actor", "may have 500 characters, got 501"),
        ({"actor": "a\nb"}, "actor", "holds control characters"),
        ({"actor": "a\u0085b"}, "actor", "holds control characters"),
        ({"actor": "9.27e17"}, "actor", "may have lost digits"),
        ({"action": None}, "action", "is missing"),
        ({"action": "poke"}, "action", "is unknown; allowed are post, like, repost, quote, reply, mention"),
        ({"action": 3}, "action", "is unknown"),
        ({"target": {"id": 3}}, "target", "must be text"),
        ({"target": None, "post": None}, "target", "target or post must say what was acted upon"),
        ({"target": "nan", "post": ""}, "target", "target or post must say what was acted upon"),
        ({"post": "x" * 501}, "post", "may have 500 characters, got 501"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason_and_the_rest_is_kept(change: Any, field: str, reason: str) -> None:
    found = _read(GOOD, {**GOOD, **change}, {**GOOD, "key": "k2"})
    assert [event.key for event in found.events] == ["k", "k2"]
    assert found.places == [0, 2]
    (refused,) = found.rejected
    assert (refused["index"], refused["field"]) == (1, field)
    assert reason in refused["reason"]
    json.dumps(refused).encode()


@pytest.mark.parametrize("row", [None, 3, "text", [], [GOOD]])
def test_a_row_that_is_no_object_is_refused(row: Any) -> None:
    assert _read(row, GOOD).rejected[0]["reason"] == "must be an object"
    assert _read(row, GOOD).places == [1]


def test_what_is_taken_is_made_alike() -> None:
    rows = [
        {**GOOD, "actor": " bob ", "action": "Liked", "time": "2026-02-01T11:00:00+01:00"},
        {**GOOD, "time": 1_769_940_000},
        {**GOOD, "time": 1_769_940_000.0, "more": {"of": "this"}},
        {**GOOD, "time": "2026-02-01 10:00"},
        {**GOOD, "key": " k"},
    ]
    assert len(set(_read(*rows, GOOD).events)) == 1
    assert _read({**GOOD, "actor": 7, "target": 8, "post": 9}).events[0][2:] == ("7", "like", "8", "9")
    published = _read({**GOOD, "action": "tweet"}).events[0]
    assert (published.action, published.target, published.post) == ("post", None, "p1")
    assert _read({**GOOD, "target": "NULL"}).events[0].target is None
    assert Reader(["save"]).read([{**GOOD, "action": "save"}], now=NOW).events[0].action == "save"


def test_times_keep_their_microseconds_and_a_day_ahead_is_allowed() -> None:
    assert _read({**GOOD, "time": "2026-02-01T10:00:00.123456Z"}).events[0].time == 1_769_940_000_123_456
    assert _read({**GOOD, "time": 1_769_940_000.123456}).events[0].time == 1_769_940_000_123_456
    assert _read({**GOOD, "time": "2026-03-02"}).events[0].time == NOW + 86_400_000_000


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": {}}', b"\xff", b'{"events": [', b"[" * 5000, b"\\u"])
def test_a_body_that_is_no_list_of_events_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        rows_of_json(body)


def test_half_a_character_costs_its_row_alone() -> None:
    body = json.dumps({"events": [GOOD, {**GOOD, "actor": "\ud83d"}, {**GOOD, "key": "z", "actor": "😀"}]}).encode()
    found = _read(*rows_of_json(body))
    assert [event.key for event in found.events] == ["k", "z"]
    assert found.rejected[0]["field"] == "actor"


def test_lines_are_read_one_by_one_where_one_is_broken() -> None:
    lines = [json.dumps(GOOD).encode(), b"", b"{broken", b'{"key": 1}, {"key": 2}', b"  ", b"\xff\xfe", b"[1", b"2]"]
    rows = rows_of_lines(b"\r\n".join(lines) + b"\n")
    assert len(rows) == 6
    found = _read(*rows)
    assert found.places == [0]
    assert [one["reason"] for one in found.rejected] == ["is not JSON"] * 5
    assert rows_of_lines(b"") == []


# -- the quick look and the close one, the service and a file ----------------------------------------------------------

_NAMES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["ada", "7", "007", "+7", "-7", "7.0", "1.5", "1e5", "12e5", "nan", "None", "<NA>", " x ", "\u00a0y", "٣"]
    ),
    st.integers(-(10**20), 10**20),
    st.none(),
)
_TIMES = st.one_of(
    st.sampled_from(
        ["2026-02-01", "2026-02-01T10:00:00Z", "20260201", "2026-W05-7", "10:00", "2026-02-01T10:00:00+23:59"]
    ),
    st.integers(0, 2_000_000_000),
    st.floats(),
)
_ROWS = st.fixed_dictionaries(
    {},
    optional={
        "key": _NAMES,
        "time": _TIMES,
        "actor": _NAMES,
        "action": st.sampled_from(["like", "RT", "post", "Like", " like", "?"]),
        "target": _NAMES,
        "post": _NAMES,
    },
)


@given(_ROWS)
def test_a_quick_look_finds_what_a_close_one_finds(row: dict[str, Any]) -> None:
    reader, latest = Reader(), NOW + 86_400_000_000
    quick = _plain(row, reader._meaning, latest)
    if quick is not None:
        assert quick == reader._close(row, latest)


@given(st.lists(st.fixed_dictionaries({"actor": _NAMES, "target": _NAMES, "post": _NAMES}), min_size=1, max_size=8))
def test_what_the_service_takes_a_reader_of_files_takes_too(names: list[dict[str, Any]]) -> None:
    import tempfile

    rows = [{**GOOD, **one, "key": f"k{i}"} for i, one in enumerate(names)]
    found = _read(*rows)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder, "service.db")) as store:
        store.events.append([found.events])
        read = read_live(store.events.snapshot(folder, store.events.last_seq()))
    assert read.n_events == len(found.events)
    for i, event in enumerate(found.events):
        target = None if read.target[i] == 2**32 - 1 else str(read.accounts[read.target[i]])
        post = None if read.post[i] == 2**32 - 1 else str(read.posts[read.post[i]])
        assert (str(read.accounts[read.actor[i]]), target, post) == (event.actor, event.target, event.post)
        assert read.time[i] == event.time


def test_reasons_are_raised_for_what_is_refused() -> None:
    with pytest.raises(_RefusedError, match="is missing"):
        Reader()._close({}, NOW)
