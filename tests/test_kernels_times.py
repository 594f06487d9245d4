"""Plain ISO times read by the kernel are what DuckDB reads; whatever else stands there is left to it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayrank.ids import as_cells, read_only
from swayrank.kernels.times import read_iso
from swayrank.sources.tables import Column, open_duckdb
from swayrank.sources.times import TimeOptions, read_times

EPOCH = dt.datetime(1970, 1, 1)


def read(texts, is_utc=1):
    cells = as_cells(pa.array(texts, pa.large_string()))
    us, done = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.uint8)
    bounds = (read_only(np.ascontiguousarray(ends, np.int64)) for ends in (cells.starts, cells.stops))
    read_iso(read_only(cells.text), *bounds, np.uint8(is_utc), us, done)
    return [int(u) if d else None for u, d in zip(us, done, strict=True)]


@given(st.lists(st.datetimes(min_value=dt.datetime(1, 1, 1)), min_size=1), st.sampled_from([" ", "T"]), st.booleans())
def test_every_moment_of_the_calendar(moments, between, zoned):
    wanted = [(moment - EPOCH) // dt.timedelta(microseconds=1) for moment in moments]
    texts = [moment.isoformat(between) + ("Z" if zoned else "") for moment in moments]
    assert read(texts) == wanted
    assert read(texts, is_utc=0) == (wanted if zoned else [None] * len(wanted))
    assert read([moment.date().isoformat() for moment in moments]) == [w - w % 86_400_000_000 for w in wanted]


@pytest.mark.parametrize(
    "text",
    ["", "2017", "2017-02-29", "1900-02-29", "2017-13-01", "2017-00-01", "2017-01-00", "2017-01-32", "0000-01-01",
     "2017-11-06Z", "2017-11-06 ", "2017-11-06 12:00", "2017-11-06x12:00:00", "2017-11-06 24:00:00", "2017/11/06",
     "2017-11-06 12:60:00", "2017-11-06 12:00:60", "2017-11-06 12:00:00.", "2017-11-06 12:00:00.1234567",
     "2017-11-06 12:00:00,5", "2017-11-06 12:00:00+01:00", "2017-11-06 12:00:0a", "-017-11-06", " 2017-11-06",
     "2017-11-06 1a:00:00", "2017-11-06 12-00:00", "2017-11-06 12:00-00", "6/11/2017 0:02"],
)  # fmt: skip
def test_what_is_left_to_others(text):
    assert read([text, "2024-02-29 23:59:59.5"]) == [None, 1_709_251_199_500_000]


def test_same_times_as_duckdb_in_any_zone():
    texts = ["2017-11-05T13:02:15Z", "2017-11-06 00:02:15.25", "2017-11-06", "2017-11-06 00:02", "noon", "", None,
             "1899-12-31", "2200-01-02 00:00:00", "1509886935", "6/11/2017 00:02:15",
             "2017-11-06 00:02:15+11"]  # fmt: skip
    for zone in ("UTC", "Australia/Melbourne"):
        clock = open_duckdb(1, timezone=zone)
        column = Column(pa.array(texts, pa.large_string()))
        times = read_times(column, clock, TimeOptions(day_first=True))
        shift = 0 if zone == "UTC" else 11 * 3_600_000_000
        base = 1_509_926_400_000_000  # 2017-11-06 in UTC
        assert times.us[:4].tolist() == [
            1_509_886_935_000_000, base + 135_250_000 - shift, base - shift, base + 120_000_000 - shift,
        ]  # fmt: skip
        assert times.bad.tolist() == [text == "noon" for text in texts]
        assert times.outside.tolist() == [text in {"1899-12-31", "2200-01-02 00:00:00"} for text in texts]
        assert times.us[9:].tolist() == [1_509_886_935_000_000, base + 135_000_000 - shift, 1_509_886_935_000_000]
        assert times.slashed
