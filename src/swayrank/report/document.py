"""What a report is made of, whatever it is written as: sections of text, points, tables, charts and cards.

Words are told apart from names: a :class:`Name` is text from strangers (an account, a post, a column of their file),
which every writer shows as it is spelled and never runs, links or lets change the line around it. All other text is
escaped just the same; names are kept together besides, whatever direction they are written in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

WHOLE, ONE, THREE, PERCENT = ",.0f", ",.1f", ",.3f", ".1%"
"""How numbers are shown, in the language of :func:`format`."""
NOTHING = "-"


class Name(str):
    """Text from strangers."""

    __slots__ = ()


class Lead(str):
    """The first words of a line, which say what it is about."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A number and how it is shown; None or NaN where there is none."""

    value: float | None
    form: str = WHOLE

    @property
    def known(self) -> bool:
        """Whether there is a finite one."""
        return self.value is not None and math.isfinite(self.value)

    def __str__(self) -> str:
        if not self.known:
            return NOTHING
        told = format(self.value, self.form)
        return told if any(digit in told for digit in "123456789") else told.lstrip("+-")  # no +0.0, no -0.0


@dataclass(frozen=True, slots=True)
class Between:
    """Two ends and how they are shown; None where there are none."""

    low: float | None
    high: float | None
    form: str = ONE

    def __str__(self) -> str:
        ends = str(Number(self.low, self.form)), str(Number(self.high, self.form))
        return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


@dataclass(frozen=True, slots=True)
class Range:
    """A drawn cell: a figure as a dot in its interval, on an axis from `least` to `most`."""

    value: float
    low: float | None
    high: float | None
    least: float = 0.0
    most: float = 100.0
    strong: bool = True


@dataclass(frozen=True, slots=True)
class Stack:
    """Drawn: what is added up, side by side, each with the number of its colour, on an axis up to `most`."""

    pieces: tuple[tuple[int, float], ...]
    most: float = 100.0


@dataclass(frozen=True, slots=True)
class Shade(Number):
    """A share in [0, 1] whose cell is the stronger in colour, the higher it is."""

    form: str = PERCENT


@dataclass(frozen=True, slots=True)
class Trend:
    """A drawn cell: a line through figures over time, each with its interval, on an axis from `least` to `most`.

    Attributes
    ----------
    points : tuple of (float, float, float or None, float or None)
        When (0 is the first run of all, 1 the last), the figure, and the ends of its interval.
    least, most : float
    """

    points: tuple[tuple[float, float, float | None, float | None], ...]
    least: float = 0.0
    most: float = 100.0


Line: TypeAlias = str | tuple[str, ...]
Cell: TypeAlias = Line | Number | Between | Range | Stack | Trend


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    line: Line


@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """Which colour stands for what, for drawings; the place of a word is the number of its colour.

    Attributes
    ----------
    words : tuple of Line
    rest : str
        What everything without a colour of its own is; "" where all have one.
    """

    words: tuple[Line, ...]
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column that is no number names the row. Columns of drawings exist where one can draw."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def without_drawings(self) -> Table:
        """The same with words and numbers alone."""
        drawn = [any(isinstance(row[k], Range | Stack | Trend) for row in self.rows) for k in range(len(self.headings))]
        kept = [k for k, is_drawn in enumerate(drawn) if not is_drawn]
        rows = tuple(tuple(row[k] for k in kept) for row in self.rows)
        return Table(self.caption, tuple(self.headings[k] for k in kept), rows)


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart of columns over an axis, and the table that it shows.

    Attributes
    ----------
    table : Table
        What a chart cannot tell everybody.
    heights : tuple of tuple of two floats
        Of each column: its foot, drawn pale, and what stands on it.
    ticks : tuple of (float, str)
        Words below the axis: where (0 is its left end, 1 its right), and what.
    axis : str
        What the columns stand on.
    stacks : tuple of tuple of float
        Of each column: what it is made of, from below; the place of a piece is the number of its colour. Empty where
        columns are of one piece.
    marks : tuple of (float, str)
        Upright lines: where, and what.
    """

    table: Table
    heights: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    axis: str
    stacks: tuple[tuple[float, ...], ...] = ()
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    """An account on a map: where (of 1000), how large, the number of its colour (-1: the rest), its words."""

    x: float
    y: float
    radius: float
    colour: int
    words: str


@dataclass(frozen=True, slots=True)
class Map:
    """A drawing of who stands near whom, and the table of what it shows most of.

    Attributes
    ----------
    table : Table
        The first accounts.
    line : Line
        What is shown.
    size : tuple of two floats
        Width, which is 1000, and height.
    dots : tuple of Dot
        The highest first.
    arcs : tuple of (int, int)
        Places of their ends in `dots`.
    labels : tuple of (str, float, float)
        Names and where their middle is, the most important first.
    """

    table: Table
    line: Line
    size: tuple[float, float]
    dots: tuple[Dot, ...]
    arcs: tuple[tuple[int, int], ...]
    labels: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """An account's own place: its name, a line about it, and what belongs there."""

    place: str
    name: str
    line: Line
    blocks: tuple[Block, ...]


Block: TypeAlias = "Text | Points | Legend | Table | Columns | Map | Stack | Card"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; `key` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def parts_of(line: Line) -> tuple[str, ...]:
    """A line's pieces, names apart."""
    return (line,) if isinstance(line, str) else line


def joined(lines: list[Line], between: str = ", ") -> tuple[str, ...]:
    """Lines one after the other on one.

    >>> joined(["a", ("b", "c")])
    ('a', ', ', 'b', 'c')
    """
    pieces: list[str] = []
    for line in lines:
        pieces += [between] if pieces else []
        pieces += parts_of(line)
    return tuple(pieces)
