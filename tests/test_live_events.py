"""Live events: kept, written as snapshots, joined with a run's log, scored under the run's own reference."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swayrank.errors import SwayrankWarning
from swayrank.events import Events
from swayrank.sources.events import read_events

ROWS: dict[str, list[tuple[Any, ...]]] = {
    "words": [
        ("ada", "post", None, "p1", "2026-03-01T00:00:00Z"),
        ("bob", "like", "ada", "p1", "2026-03-01T01:00:00Z"),
        ("cem", "repost", None, "p1", "2026-03-02T01:00:00Z"),
        ("cem", "reply", None, "p2", "2026-03-02T02:00:00Z"),  # published in the second half
        ("dee", "post", None, "p2", "2026-03-03T00:00:00Z"),
        ("eve", "like", None, "p1", "2026-03-03T01:00:00Z"),  # published in the first half
        ("bob", "like", "ada", "p1", "2026-03-01T01:00:00Z"),  # again
        ("ada", "mention", "zoe", None, "2026-03-04T00:00:00Z"),
    ],
    "numbers": [(7, "like", 5, 11, 1700000000), (5, "post", None, 11, 1700000100), (9, "RT", 7, 12, 1700000200)],
    "mixed": [(7, "like", 5, 11, 1700000000), ("x", "repost", 7, "a", 1700000100), (5, "reply", "x", 11, 1700000200)],
    "one row": [("ada", "like", "bob", None, "2026-03-01")],
}


def _write(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_text("\n".join(["actor,action,target,post,time", *lines]) + "\n")
    return path


def _same(one: Events, other: Events) -> None:
    assert one.accounts.kind == other.accounts.kind
    assert one.posts.kind == other.posts.kind
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("cut", [0.34, 0.5, 0.67])
def test_two_logs_joined_are_the_bits_of_one_file(name: str, cut: float, tmp_path: Path) -> None:
    rows = ROWS[name]
    at = max(1, round(len(rows) * cut))
    whole = read_events(_write(tmp_path / "whole.csv", rows))
    first = read_events(_write(tmp_path / "first.csv", rows[:at]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SwayrankWarning)
        second = read_events(_write(tmp_path / "second.csv", rows[at:])) if rows[at:] else first.where(first.actor > 99)
    joined = first.joined(second)
    _same(joined, whole)
    assert joined.report.duplicates == whole.report.duplicates
    assert len(joined.report.files) == len(first.report.files) + len(second.report.files)


def test_columns_that_one_log_lacks_say_nothing_there() -> None:
    one = Events.from_frame({"actor": ["a"], "action": ["like"], "target": ["b"], "weight": [2.0], "topic": ["x"]})
    other = Events.from_frame({"actor": ["c"], "action": ["save"], "followers_at_time": [5.0]}, extra_actions=["save"])
    whole = one.joined(other)
    assert whole.weight is not None
    assert whole.weight.tolist() == [2.0, 1.0]
    assert whole.extra["topic"].to_pylist() == ["x", None]
    assert np.isnan(whole.extra["followers_at_time"][0])
    assert [whole.actions[code] for code in whole.action] == ["like", "save"]
    assert [other.joined(one).actions[code] for code in other.joined(one).action] == ["save", "like"]
