"""Times as exports write them, mixed within one column, to int64 microseconds since 1970-01-01 UTC.

Read without being told: epoch seconds, milliseconds, microseconds and nanoseconds, told apart value by value by
magnitude (below 1e11, 1e14, 1e17); ISO 8601 with and without time and zone; day-month-year and month-day-year with
slashes, points or dashes, two-digit years, a.m. and p.m.; days of months called in English ("05-Mar-2026", "Mar 5, 2026
10:15 AM"); Twitter's and e-mail's form ("Mon Nov 06 12:00:00 +0000
2017"). Times without a zone are in the block's time zone; epoch times are UTC. Which of day and month comes first
is decided over the whole column by numbers above 12 (:func:`count_orders`), never value by value.

A column whose cells all are such numbers as 20260305 holds dates, and one whose numbers all lie from 20000 to 80000
holds a spreadsheet's days since 1899-12-30 (:func:`numbers_of`); as seconds they would be of 1970.

A column of plain numbers in another unit, or on a clock of its own, needs `unit`. Times before 1900 or from 2200 on
are refused: far more often a wrong unit than a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pt

from swayrank.errors import ParameterError
from swayrank.events.columns import NO_TIME
from swayrank.ids import read_only
from swayrank.kernels.times import read_iso
from swayrank.sources.numbers import MISSING_WORDS, whole_numbers
from swayrank.sources.tables import Column

if TYPE_CHECKING:
    import duckdb

Int64Array = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

EARLIEST = -2_208_988_800_000_000
"""1900-01-01 in microseconds since 1970."""
LATEST = 7_258_118_400_000_000
"""2200-01-01 in microseconds since 1970."""
UNITS = {
    "ns": 0.001,
    "us": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "m": 6e7,
    "h": 3.6e9,
    "d": 8.64e10,
}
"""Microseconds in each unit that `unit` may name."""

_SLASHED = (
    r"^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})"
    r"(?:[ T,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?)?[ ]*([aApP])?\.?(?:[mM]\.?)?"
    r"[ ]*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?$"
)
_READ = f"""
WITH cells AS (SELECT row_number() OVER () AS i, trim(t) AS t FROM texts),
parts AS (
    SELECT i, t, regexp_extract(
        t, '{_SLASHED}', ['a', 'b', 'year', 'hour', 'minute', 'second', 'half', 'zone']) AS p
    FROM cells),
dated AS (
    SELECT i, t, p.a <> '' AS slashed, try_cast(p.a AS INTEGER) AS a, try_cast(p.b AS INTEGER) AS b,
        CASE WHEN length(p.year) = 2 THEN (CASE WHEN p.year < '70' THEN '20' ELSE '19' END) || p.year ELSE p.year END
            AS year,
        CASE WHEN p.hour = '' THEN '00' WHEN p.half = '' THEN p.hour
             WHEN try_cast(p.hour AS INTEGER) NOT BETWEEN 1 AND 12 THEN '99'
             ELSE (try_cast(p.hour AS INTEGER) % 12 + CASE WHEN lower(p.half) = 'p' THEN 12 ELSE 0 END)::VARCHAR END
            || ':' || CASE WHEN p.minute = '' THEN '00' ELSE p.minute END
            || ':' || CASE WHEN p.second = '' THEN '00' ELSE p.second END
            || CASE WHEN p.zone = 'UTC' THEN 'Z' ELSE p.zone END AS clock
    FROM parts)
SELECT i, slashed, coalesce(a, 0) AS a, coalesce(b, 0) AS b, list_contains($missing, t) AS missing,
    CASE WHEN slashed THEN epoch_us(try_cast(
             year || '-' || (CASE WHEN $day_first THEN b ELSE a END)::VARCHAR || '-'
             || (CASE WHEN $day_first THEN a ELSE b END)::VARCHAR || ' ' || clock AS TIMESTAMPTZ))
         WHEN regexp_matches(t, '^[0-9]{{4}}[-/]') THEN epoch_us(try_cast(t AS TIMESTAMPTZ))
         WHEN regexp_matches(t, '^[0-9]{{1,2}}[ .-]+[A-Za-z]{{3,9}}[ .-]+[0-9]{{4}}')
         THEN epoch_us(try_strptime(
             regexp_replace(t, '^([0-9]{{1,2}})[ .-]+([A-Za-z]{{3}})[a-z]*[ .-]+([0-9]{{4}}),?', '\\1 \\2 \\3'),
             ['%d %b %Y', '%d %b %Y %H:%M', '%d %b %Y %H:%M:%S', '%d %b %Y %I:%M %p', '%d %b %Y %I:%M:%S %p'])
             ::TIMESTAMPTZ)
         WHEN NOT regexp_matches(t, '^[A-Z][a-z]{{2,8}},? ') THEN NULL
         ELSE coalesce(
             epoch_us(try_strptime(t, ['%a %b %d %H:%M:%S %z %Y', '%a, %d %b %Y %H:%M:%S %z'])),
             epoch_us(try_strptime(t, [
                 '%b %d, %Y', '%b %d, %Y %H:%M', '%b %d, %Y %H:%M:%S', '%a %b %d %H:%M:%S %Y', '%b %d, %Y %I:%M %p',
                 '%a, %b %d, %Y', '%b %d, %Y %I:%M:%S %p', '%B %d, %Y', '%B %d, %Y %H:%M', '%B %d, %Y %I:%M %p'])
                 ::TIMESTAMPTZ))
         END AS us,
    CASE WHEN NOT slashed AND regexp_full_match(t, '[+-]?[0-9]*\\.?[0-9]+([eE][+-]?[0-9]+)?')
         THEN try_cast(t AS DOUBLE) END AS number
FROM dated ORDER BY i
"""
_READ_ISO = """
SELECT CASE WHEN t LIKE '____-__-__%' THEN epoch_us(
    try_cast(t AS TIMESTAMPTZ)) END AS us
FROM texts
"""
_READ_FORMAT = """
SELECT list_contains($missing, trim(t)) AS missing, epoch_us(try_strptime(trim(t), $format)::TIMESTAMPTZ) AS us
FROM texts
"""
_READ_PLAIN = """
SELECT list_contains($missing, trim(t)) AS missing,
       CASE WHEN regexp_full_match(trim(t), '[0-9]+(\\.[0-9]+)?') THEN try_cast(t AS DOUBLE) END AS number
FROM texts
"""
_COUNT = f"""
WITH parts AS (SELECT regexp_extract(trim(t), '{_SLASHED}', ['a', 'b']) AS p FROM texts)
SELECT count(*) FILTER (try_cast(p.a AS INTEGER) > 12 AND try_cast(p.b AS INTEGER) <= 12),
       count(*) FILTER (try_cast(p.b AS INTEGER) > 12 AND try_cast(p.a AS INTEGER) <= 12),
       count(*) FILTER (p.a <> '')
FROM parts
"""


@dataclass(frozen=True, slots=True)
class TimeOptions:
    """What the caller says about a column of times; None where it is to be recognised.

    Attributes
    ----------
    unit : str, optional
        One of :data:`UNITS`, for plain numbers.
    format : str, optional
        A strptime pattern that all cells follow.
    day_first : bool, optional
        Whether 6/11/2017 is in November; None: decide over the column.
    numbers : str, default "epoch"
        What plain numbers are, as :func:`numbers_of` tells: "epoch", "dates" or "serials".
    """

    unit: str | None = None
    format: str | None = None
    day_first: bool | None = None
    numbers: str = "epoch"

    def __post_init__(self) -> None:
        if self.unit is not None and self.unit not in UNITS:
            raise ParameterError(f"time_unit must be one of {', '.join(map(repr, UNITS))}, got {self.unit!r}")


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times.

    Attributes
    ----------
    us : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970 UTC; ``NO_TIME`` where missing or refused.
    bad : numpy.ndarray of bool, shape (n,)
        Where something stands that is no time.
    outside : numpy.ndarray of bool, shape (n,)
        Where the time is before 1900 or from 2200 on.
    slashed : bool
        Whether any cell was read by the order of day and month.
    """

    us: Int64Array
    bad: Mask
    outside: Mask
    slashed: bool = False


def read_times(column: Column, connection: duckdb.DuckDBPyConnection, options: TimeOptions) -> Times:
    """Read a column of times.

    Parameters
    ----------
    column : Column
        Text, numbers, dates or timestamps.
    connection : duckdb.DuckDBPyConnection
        Its time zone is the one of times without a zone.
    options : TimeOptions
        What is known. With ``day_first=None``, slashed dates are read with the day first and `Times.slashed` says so.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from swayrank.sources.tables import open_duckdb
    >>> cells = ["1509886935000", "1509886935", "2017-11-05T13:02:15Z", "6/11/2017 00:02:15", "noon"]
    >>> clock = open_duckdb(1, timezone="Australia/Melbourne")
    >>> times = read_times(Column(pa.array(cells, pa.large_string())), clock, TimeOptions(day_first=True))
    >>> set(times.us[:4].tolist()), times.bad.tolist()
    ({1509886935000000}, [False, False, False, False, True])
    """
    if options.numbers != "epoch":
        return _counted_times(column, connection, options.numbers)
    if column.typed:
        return _typed_times(column.arrow(), connection, options)
    if options.format is not None:
        return _formatted_times(column.arrow().fill_null(""), connection, options.format)
    integers, others = whole_numbers(column)
    us, outside = _epoch(integers, options.unit)
    bad, slashed = np.zeros(len(us), np.bool_), False
    if others.any():
        part = _text_times(column if others.all() else column.take(others), connection, options)
        us[others], bad[others], outside[others], slashed = part.us, part.bad, part.outside, part.slashed
    us[outside] = NO_TIME
    return Times(us, bad, outside, slashed)


_SMALL = 10**14  # microseconds: read as seconds, the numbers of dates and of days lie in the first three years
_SERIALS = (20_000, 80_000)
_DAY_OF_1970 = 25_569  # counted from 1899-12-30
_DAY_US = 86_400_000_000


def small_times(us: Int64Array) -> Mask:
    """Where times lie in the first three years from 1970 on, as misread numbers do."""
    return (us >= 0) & (us < _SMALL)


def count_numbers(column: Column, connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int, int]:
    """How many cells say something, and how many of them are numbers, dates such as 20260305, and days from 20000 on.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from swayrank.sources.tables import open_duckdb
    >>> cells = pa.array(["20260305", "20261305", "46086.5", "noon", ""], pa.large_string())
    >>> count_numbers(Column(cells), open_duckdb(1))
    (4, 3, 1, 1)
    """
    values, said = _plain_numbers(column, connection)
    dates, serials = ~np.isnat(_written_days(values)), (values >= _SERIALS[0]) & (values < _SERIALS[1])
    return tuple(int(np.count_nonzero(one)) for one in (said, ~np.isnan(values), dates, serials))  # type: ignore[return-value]


def numbers_of(counts: tuple[int, int, int, int]) -> str:
    """What the numbers of a column are, by its counts: "dates", "serials", or else "epoch".

    >>> numbers_of((9, 9, 9, 0)), numbers_of((9, 9, 0, 9)), numbers_of((9, 9, 8, 1))
    ('dates', 'serials', 'epoch')
    """
    said, _, dates, serials = counts
    return "dates" if said and dates == said else "serials" if said and serials == said else "epoch"


def _plain_numbers(column: Column, connection: duckdb.DuckDBPyConnection) -> tuple[npt.NDArray[np.float64], Mask]:
    """The cells that are numbers, NaN elsewhere; and which cells say anything."""
    values = column.arrow()
    if column.typed:
        known = ~values.is_null().to_numpy(zero_copy_only=False)
        if not (pt.is_integer(values.type) or pt.is_floating(values.type) or pt.is_decimal(values.type)):
            return np.full(len(values), np.nan), known
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
        return numbers, known & ~np.isnan(numbers)
    connection.register("texts", pa.table({"t": values.fill_null("")}))
    table = connection.sql(_READ_PLAIN, params={"missing": list(MISSING_WORDS)}).to_arrow_table()
    connection.unregister("texts")
    return table["number"].to_numpy().astype(np.float64), ~table["missing"].to_numpy().astype(np.bool_)


def _written_days(values: npt.NDArray[np.float64]) -> npt.NDArray[np.datetime64]:
    """The days that numbers such as 20260305 write, from 1990 to 2100; "not a time" elsewhere."""
    able = (values >= 19_900_101) & (values <= 21_001_231) & (values % 1 == 0)
    whole = np.where(able, values, 19_900_101).astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    months = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = able & (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(real, days, np.datetime64("NaT", "D"))


def _counted_times(column: Column, connection: duckdb.DuckDBPyConnection, numbers: str) -> Times:
    """Numbers that are dates or days, in the connection's time zone."""
    values, said = _plain_numbers(column, connection)
    if numbers == "dates":
        days = _written_days(values)
        there = ~np.isnat(days)
        us = np.where(there, days, np.datetime64(0, "D")).astype("datetime64[us]").astype(np.int64)
    else:
        there = (values >= _SERIALS[0]) & (values < _SERIALS[1])
        us = np.rint((np.where(there, values, _DAY_OF_1970) - _DAY_OF_1970) * _DAY_US).astype(np.int64)
    stamped, outside = _stamped(pa.array(us, pa.timestamp("us")), connection)
    return Times(np.where(there & ~outside, stamped, NO_TIME), said & ~there, outside & there)


def _epoch(values: Int64Array, unit: str | None) -> tuple[Int64Array, Mask]:
    """Whole epoch times in microseconds, and where they lie outside the range."""
    if unit is not None:
        return _scaled(values.astype(np.float64), UNITS[unit]) if unit != "us" else _bounded(values.copy())
    size = np.abs(values)
    if len(values) and int(size.max()) < 100_000_000_000 and int(size.min()) >= 0:
        return _bounded(values * 1_000_000)
    us = np.select(
        [size < 10**11, size < 10**14, size < 10**17],
        [np.where(size < 10**11, values, 0) * 1_000_000, np.where(size < 10**14, values, 0) * 1000, values],
        values // 1000,
    )
    return _bounded(us)


def _bounded(us: Int64Array) -> tuple[Int64Array, Mask]:
    return us, (us < EARLIEST) | (us >= LATEST)


def _scaled(values: npt.NDArray[np.float64], factor: float) -> tuple[Int64Array, Mask]:
    exact = values * factor if factor >= 1 else values / round(1 / factor)
    outside = ~((exact >= EARLIEST) & (exact < LATEST))
    return np.rint(np.where(outside, 0, exact)).astype(np.int64), outside


def _numeric(values: npt.NDArray[np.float64], unit: str | None) -> tuple[Int64Array, Mask]:
    """Epoch times with a fraction."""
    if unit is not None:
        return _scaled(values, UNITS[unit])
    size = np.abs(values)
    factor = np.select([size < 1e11, size < 1e14, size < 1e17], [1e6, 1e3, 1.0], 0.001)
    exact = values * factor
    outside = ~((exact >= EARLIEST) & (exact < LATEST))
    return np.rint(np.where(outside, 0, exact)).astype(np.int64), outside


def _typed_times(values: pa.Array, connection: duckdb.DuckDBPyConnection, options: TimeOptions) -> Times:
    missing = values.is_null().to_numpy(zero_copy_only=False)
    if pt.is_integer(values.type):
        us, outside = _epoch(values.fill_null(0).cast(pa.int64()).to_numpy(), options.unit)
    elif pt.is_floating(values.type) or pt.is_decimal(values.type):
        numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        missing = missing | np.isnan(numbers)
        us, outside = _numeric(np.where(missing, 0, numbers), options.unit)
    elif pt.is_timestamp(values.type) or pt.is_date(values.type):
        us, outside = _stamped(values, connection)
    else:
        raise ParameterError(f"a column of times cannot have the type {values.type}")
    us = np.where(missing | outside, NO_TIME, us)
    return Times(us, np.zeros(len(us), np.bool_), outside & ~missing)


def _stamped(values: pa.Array, connection: duckdb.DuckDBPyConnection) -> tuple[Int64Array, Mask]:
    """Timestamps and dates; those without a zone are in the connection's."""
    zone = values.type.tz if pt.is_timestamp(values.type) else None
    stamps = values.cast(pa.timestamp("us", zone), safe=False)
    if zone is None and not _in_utc(connection):
        connection.register("stamps", pa.table({"t": stamps}))
        table = connection.sql("SELECT epoch_us(t::TIMESTAMPTZ) AS us FROM stamps").to_arrow_table()
        connection.unregister("stamps")
        stamps = table["us"].combine_chunks()
    return _bounded(stamps.cast(pa.int64()).fill_null(0).to_numpy().copy())


def _in_utc(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(connection.sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)])


def _formatted_times(texts: pa.Array, connection: duckdb.DuckDBPyConnection, pattern: str) -> Times:
    import duckdb

    connection.register("texts", pa.table({"t": texts}))
    try:
        table = connection.sql(
            _READ_FORMAT, params={"missing": list(MISSING_WORDS), "format": pattern}
        ).to_arrow_table()
    except duckdb.Error as error:
        raise ParameterError(f"time_format must be a strptime pattern, got {pattern!r} ({error})") from error
    finally:
        connection.unregister("texts")
    return _judged(table)


def _text_times(column: Column, connection: duckdb.DuckDBPyConnection, options: TimeOptions) -> Times:
    """Text that is no plain integer: plain ISO by our own kernel, the rest by DuckDB."""
    cells = column.cells()
    us, done = np.zeros(len(cells), np.int64), np.zeros(len(cells), np.uint8)
    bounds = (read_only(np.ascontiguousarray(ends, np.int64)) for ends in (cells.starts, cells.stops))
    read_iso(read_only(cells.text), *bounds, np.uint8(_in_utc(connection)), us, done)
    us, outside = _bounded(us)
    bad, slashed = np.zeros(len(us), np.bool_), False
    if not done.all():
        left = done == 0
        texts = column.take(left).arrow() if done.any() else column.arrow()
        part = _written_times(texts.fill_null(""), connection, options)
        us[left], bad[left], outside[left], slashed = part.us, part.bad, part.outside, part.slashed
    us[outside] = NO_TIME
    return Times(us, bad, outside, slashed)


def _written_times(texts: pa.Array, connection: duckdb.DuckDBPyConnection, options: TimeOptions) -> Times:
    """Text that is no plain integer: ISO in bulk, and one by one what is left."""
    connection.register("texts", pa.table({"t": texts}))
    plain = connection.sql(_READ_ISO).to_arrow_table()["us"].combine_chunks()
    connection.unregister("texts")
    others = plain.is_null().to_numpy(zero_copy_only=False)
    us, outside = _bounded(plain.fill_null(0).to_numpy().astype(np.int64))
    bad, slashed = np.zeros(len(us), np.bool_), False
    if others.any():
        part = _odd_times(texts.filter(pa.array(others)), connection, options)
        us[others], bad[others], outside[others], slashed = part.us, part.bad, part.outside, part.slashed
    us[outside] = NO_TIME
    return Times(us, bad, outside, slashed)


def _odd_times(texts: pa.Array, connection: duckdb.DuckDBPyConnection, options: TimeOptions) -> Times:
    connection.register("texts", pa.table({"t": texts}))
    params = {"missing": list(MISSING_WORDS), "day_first": options.day_first is not False}
    table = connection.sql(_READ, params=params).to_arrow_table()
    connection.unregister("texts")
    times = _judged(table)
    numbers = table["number"].to_numpy().astype(np.float64)
    there = ~np.isnan(numbers)
    if there.any():
        us, outside = _numeric(numbers[there], options.unit)
        times.us[there], times.outside[there] = us, outside
        times.bad[there] = False
    slashed = bool(table["slashed"].to_numpy().any())
    return Times(np.where(times.outside, NO_TIME, times.us), times.bad, times.outside, slashed)


def _judged(table: pa.Table) -> Times:
    missing = table["missing"].to_numpy().astype(np.bool_)
    there = ~table["us"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
    us = table["us"].combine_chunks().fill_null(0).to_numpy().astype(np.int64)
    outside = there & ((us < EARLIEST) | (us >= LATEST))
    return Times(np.where(there & ~outside, us, NO_TIME), ~there & ~missing, outside)


def count_orders(column: Column, connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    """How many dates can only have the day first, how many only the month, and how many are slashed at all.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from swayrank.sources.tables import open_duckdb
    >>> cells = pa.array(["6/11/2017", "22/11/2017", "2017-11-06"], pa.large_string())
    >>> count_orders(Column(cells), open_duckdb(1))
    (1, 0, 2)
    """
    if column.typed:
        return 0, 0, 0
    connection.register("texts", pa.table({"t": column.arrow()}))
    row = connection.sql(_COUNT).fetchall()[0]
    connection.unregister("texts")
    return int(row[0]), int(row[1]), int(row[2])
