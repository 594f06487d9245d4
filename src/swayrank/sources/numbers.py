"""Numbers as people write them, to float64.

Read: plain and exponential numbers ("529", "2.28E+11"), groups of three ("1,234,567", "12 345", "1'234"), and the
endings k, m, b and their words ("48.5M", "383.1K", "1.2 billion", "12 Tsd.", "3 Mrd."). Before an ending one or two
digits after a comma are a fraction ("48,5 Mio.", "1,2K"): they are no group of three.
With ``decimal=","`` comma and point change places
("1.234,5"); a column of weights decides by itself where some comma can be nothing else ("2,5", :func:`count_commas`);
"1.234,5" is a bad number while the decimal sign is a point. A column of counts decides by itself where all
its points stand as in "1.200" (:func:`count_points`): there are no fifths of a like. Nothing else is guessed. Counts
cannot be negative or infinite. Empty cells and words for "none" are missing (NaN).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from swayrank.errors import ParameterError
from swayrank.ids import read_only
from swayrank.kernels.text import parse_ints
from swayrank.sources.tables import Column

if TYPE_CHECKING:
    import duckdb

MISSING_WORDS = ("", "nan", "NaN", "NULL", "null", "None", "\\N", "<NA>", "NA", "N/A", "n/a", "-")
"""Cells that mean "no value" in columns of numbers and times."""

_READ = r"""
WITH cells AS (SELECT trim(t, ' \t\u00a0') AS t FROM texts),
parts AS (
    SELECT t, regexp_extract(
               t, '(?i)^(.*?)[ \u00a0]*' || '(k|thousand|tsd\.?|tausend|m|mn|' ||
               'mio\.?|million|millionen|mrd\.?|milliarden|b|bn|billion)$',
               ['core', 'ending']) AS p
    FROM cells),
cores AS (
    SELECT t, CASE WHEN p.core = '' THEN t ELSE p.core END AS core, lower(p.ending) AS ending FROM parts)
SELECT list_contains($missing, t) AS missing,
       try_cast(
           CASE WHEN ending <> '' AND regexp_full_match(core, '[+-]?[0-9]{1,3}[.,][0-9]{1,2}')
                THEN replace(core, ',', '.')
                WHEN regexp_full_match(core, $pattern)
                THEN replace(regexp_replace(core, $groups, '', 'g'), ',', '.') END
           || CASE WHEN regexp_matches(ending, '^(mrd|milliarden)') THEN 'e9' WHEN ending[1] IN ('k', 't') THEN 'e3'
                   WHEN ending[1] = 'm' THEN 'e6' WHEN ending[1] = 'b' THEN 'e9' ELSE '' END
           AS DOUBLE) AS value
FROM cores
""".replace(r"\u00a0", "\u00a0").replace(r"\t", "\t")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers.

    Attributes
    ----------
    values : numpy.ndarray of float64, shape (n,)
        NaN where the cell is missing or bad.
    bad : numpy.ndarray of bool, shape (n,)
        Where something stands that is no number.
    negative : numpy.ndarray of bool, shape (n,)
        Where the number is below zero.
    """

    values: npt.NDArray[np.float64]
    bad: npt.NDArray[np.bool_]
    negative: npt.NDArray[np.bool_]


def whole_numbers(column: Column) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The cells of a text column that are plain int64 values, and where they are not."""
    cells = column.cells()
    values, bad = np.empty(len(cells), np.int64), np.empty(len(cells), np.uint8)
    if cells.ints is not None:
        return cells.ints, np.zeros(len(cells), np.bool_) if cells.missing is None else cells.missing
    starts, stops = (read_only(np.ascontiguousarray(a)) for a in (cells.starts, cells.stops))
    parse_ints(read_only(cells.text), starts, stops, values, bad)
    others = bad.astype(np.bool_)
    return values, others if cells.missing is None else others | cells.missing


def _matching(column: Column, *patterns: str) -> list[int]:
    """How many cells that are no whole numbers each pattern finds; 0 in a column of numbers."""
    others = None if column.typed else whole_numbers(column)[1]
    if others is None or not others.any():
        return [0] * len(patterns)
    texts = column.take(others).arrow()
    return [pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0 for pattern in patterns]


_COMMA = r"^[ \t\x{a0}]*[+-]?[0-9]*,([0-9]{1,2}|[0-9]{4,})[ \t\x{a0}]*$"
_NO_COMMA = r"[0-9],[0-9]{3}([^0-9]|$).*\.|,[0-9]{3},|\.[0-9]"


def count_commas(column: Column) -> tuple[int, int]:
    """How many cells have a comma that only a decimal sign can be ("2,5"), how many speak against that.

    Examples
    --------
    >>> import pyarrow as pa
    >>> count_commas(Column(pa.array(["2,5", "3", "0,25"], pa.large_string())))
    (2, 0)
    >>> count_commas(Column(pa.array(["2,5", "3.5", "1,234"], pa.large_string())))
    (1, 1)
    """
    commas, against = _matching(column, _COMMA, _NO_COMMA)
    return commas, against


_POINTED = r"^[ \t\x{a0}]*[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?[ \t\x{a0}]*$"
_ENDED = r"(?i)^.*[0-9](,[0-9]{1,2}[ \x{a0}]*(k|m|b|mn|bn|tsd|mio|mrd)|[ \x{a0}]*(tsd|mio|mrd)\.)\.?[ \x{a0}]*$"
_WITH_SIGN = r"[0-9].*[.,]|[.,].*[0-9]"


def count_points(column: Column) -> tuple[int, int]:
    """How many cells have points only as groups of thousands would ("1.200", "1.234.567"), how many other signs.

    Examples
    --------
    >>> import pyarrow as pa
    >>> count_points(Column(pa.array(["1.200", "950", "1.234.567", "n/a"], pa.large_string())))
    (2, 0)
    >>> count_points(Column(pa.array(["1.200", "48.5M", "0.125", "1,200"], pa.large_string())))
    (1, 3)
    >>> count_points(Column(pa.array(["1.200", "48,5 Mio.", "12 Tsd."], pa.large_string())))
    (1, 0)
    """
    pointed, ended, signs = _matching(column, _POINTED, _ENDED, _WITH_SIGN)
    return pointed, signs - pointed - ended


def read_numbers(column: Column, connection: duckdb.DuckDBPyConnection, decimal: str = ".") -> Numbers:
    """Read a column of counts or weights.

    Parameters
    ----------
    column : Column
        Text, or any numeric type.
    connection : duckdb.DuckDBPyConnection
        Casts what is not a plain integer.
    decimal : {".", ","}, default "."
        The decimal sign.

    Raises
    ------
    ParameterError
        If `decimal` is neither.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from swayrank.sources.tables import open_duckdb
    >>> cells = Column(pa.array(["529", "48.5M", "1,234", "2.28E+11", "1.234,5", "nan"], pa.large_string()))
    >>> read_numbers(cells, open_duckdb(1)).values.tolist()
    [529.0, 48500000.0, 1234.0, 228000000000.0, nan, nan]
    >>> cells = Column(pa.array(["48,5 Mio.", "12 Tsd.", "1,2K", "3 Mrd.", "1,234K"], pa.large_string()))
    >>> read_numbers(cells, open_duckdb(1)).values.tolist()
    [48500000.0, 12000.0, 1200.0, 3000000000.0, 1234000.0]
    """
    if decimal not in {".", ","}:
        raise ParameterError(f"decimal must be '.' or ',', got {decimal!r}")
    if column.typed:
        return _typed_numbers(column.arrow())
    integers, others = whole_numbers(column)
    values = integers.astype(np.float64)
    bad = np.zeros(len(values), np.bool_)
    if others.any():
        values[others], bad[others] = _human_numbers(column.take(others).arrow(), connection, decimal)
    return Numbers(values, bad, values < 0)


def _typed_numbers(values: pa.Array) -> Numbers:
    if not (pt.is_integer(values.type) or pt.is_floating(values.type) or pt.is_decimal(values.type)):
        raise ParameterError(f"a column of numbers cannot have the type {values.type}")
    numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    infinite = np.isinf(numbers)
    return Numbers(np.where(infinite, np.nan, numbers), infinite, numbers < 0)


def _human_numbers(
    texts: pa.Array, connection: duckdb.DuckDBPyConnection, decimal: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    point, comma = (r"\.", ",") if decimal == "." else (",", r"\.")
    groups = rf"[0-9]{{1,3}}({comma}[0-9]{{3}})+|[0-9]{{1,3}}([ \x{{a0}}\x{{202f}}'][0-9]{{3}})+"
    params = {
        "missing": list(MISSING_WORDS),
        "pattern": rf"[+-]?([0-9]+|{groups})?({point}[0-9]*)?([eE][+-]?[0-9]+)?",
        "groups": rf"[{comma} \x{{a0}}\x{{202f}}']",
    }
    connection.register("texts", pa.table({"t": texts}))
    table = connection.sql(_READ, params=params).to_arrow_table()
    connection.unregister("texts")
    values = table["value"].to_numpy().astype(np.float64)
    values[np.isinf(values)] = np.nan
    missing = table["missing"].to_numpy().astype(np.bool_)
    return np.where(missing, np.nan, values), np.isnan(values) & ~missing
