"""Small drawings for a page without scripts: bars with intervals, stacked bars, columns.

Places along the line are percentages and heights are pixels, so that a drawing fits any width and its letters keep
their size. Colours are the page's classes: they follow its light or dark look, and print.
"""

from __future__ import annotations

import html
import math
from itertools import pairwise

from swayrank._text import printable
from swayrank.report.document import Columns, Map, Range, Stack, Trend

_HIDDEN = 'aria-hidden="true" focusable="false"'
COLOURS = 5
"""How many the page has; further parts share them."""
_TALL, _FOOT, _HEAD, _TREND, _MARK_LINE = 190, 22, 16, 36, 16
_ARCS_PER_PATH = 250
_LONGEST_LABEL, _LONGEST_WORDS = 20, 80
_LETTER_ON_PHONES, _LINE_ON_PHONES = 19.0, 46.0
"""Of labels on a phone, where a map that is 1000 wide has 350 pixels."""
_LETTER, _GAP = 7.2, 14.0
"""Pixels that a letter of a chart's words takes, and that lie between two of them."""
_WIDE, _NARROW = 600.0, 250.0
"""Pixels that a chart's columns have on a sheet of paper, and on a phone."""
_FEW_ARCS = 400
"""So few lines hide nothing, and are drawn stronger."""
MOST_LETTERS = 16
"""For how many letters the numbers of an upright axis may have room: the page's classes y1, y2, ..."""


def _at(value: float, least: float, most: float) -> float:
    """Where a value lies on an axis, in percent, never beyond its ends."""
    return 100 * min(1.0, max(0.0, (value - least) / (most - least))) if most > least else 0.0


def range_bar(what: Range) -> str:
    """A dot in its interval."""
    drawn = ['<line class="track" x1="0%" x2="100%" y1="8" y2="8"/>']
    if what.low is not None and what.high is not None:
        low, high = _at(what.low, what.least, what.most), _at(what.high, what.least, what.most)
        drawn.append(f'<rect class="range" x="{low:.2f}%" y="4" width="{max(high - low, 0.3):.2f}%" height="8"/>')
    if what.least < 0 < what.most:
        zero = _at(0, what.least, what.most)
        drawn.append(f'<line class="zero" x1="{zero:.2f}%" x2="{zero:.2f}%" y1="0" y2="16"/>')
    dot = "dot" if what.strong else "dot pale"
    drawn.append(f'<circle class="{dot}" cx="{_at(what.value, what.least, what.most):.2f}%" cy="8" r="4"/>')
    return f'<svg class="bar" width="100%" height="16" {_HIDDEN}>{"".join(drawn)}</svg>'


def stack_bar(what: Stack) -> str:
    """Pieces side by side."""
    drawn, start = ['<rect class="empty" x="0%" y="1" width="100%" height="14"/>'], 0.0
    for colour, size in what.pieces:
        width = _at(size, 0, what.most)
        if width > 0:
            drawn.append(f'<rect class="c{colour % COLOURS}" x="{start:.2f}%" y="1" width="{width:.2f}%" height="14"/>')
        start += width
    return f'<svg class="bar" width="100%" height="16" {_HIDDEN}>{"".join(drawn)}</svg>'


def swatch(colour: int) -> str:
    """A colour for a legend; -1 is that of the rest."""
    kind = f"c{colour % COLOURS}" if colour >= 0 else "range"
    return f'<svg width="14" height="14" {_HIDDEN}><rect class="{kind}" width="14" height="14"/></svg>'


def trend_line(what: Trend) -> str:
    """A line through dots in their intervals, from the left edge to the right."""
    tall = _TREND - 8

    def place(point: tuple[float, float, float | None, float | None]) -> tuple[float, float]:
        return 2 + 96 * point[0], 4 + tall * (1 - _at(point[1], what.least, what.most) / 100)

    drawn = []
    for when, _, low, high in what.points:
        if low is not None and high is not None:
            x = 2 + 96 * when
            top, foot = (4 + tall * (1 - _at(end, what.least, what.most) / 100) for end in (high, low))
            drawn.append(f'<line class="ends" x1="{x:.2f}%" x2="{x:.2f}%" y1="{top:.1f}" y2="{foot:.1f}"/>')
    for (x1, y1), (x2, y2) in pairwise(map(place, what.points)):
        drawn.append(f'<line class="trend" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1:.1f}" y2="{y2:.1f}"/>')
    drawn += [f'<circle class="dot" cx="{x:.2f}%" cy="{y:.1f}" r="4"/>' for x, y in map(place, what.points)]
    return f'<svg class="bar" width="100%" height="{_TREND}" {_HIDDEN}>{"".join(drawn)}</svg>'


def map_picture(what: Map) -> str:
    """Arcs, dots over them, names over these. Dots shrink with the page; names keep their size."""
    width, height = what.size
    kind = "arc few" if len(what.arcs) <= _FEW_ARCS else "arc"
    lines = []
    for first in range(0, len(what.arcs), _ARCS_PER_PATH):
        ends = ((what.dots[u], what.dots[v]) for u, v in what.arcs[first : first + _ARCS_PER_PATH])
        path = "".join(f"M{u.x:.0f} {u.y:.0f}L{v.x:.0f} {v.y:.0f}" for u, v in ends)
        lines.append(f'<path class="{kind}" d="{path}"/>')
    kinds = [f"c{dot.colour}" if 0 <= dot.colour < COLOURS else "range" for dot in what.dots]
    dots = [
        f'<circle class="{kind}" cx="{dot.x:.1f}" cy="{dot.y:.1f}" '
        f'r="{dot.radius:.1f}"><title>{html.escape(printable(dot.words, _LONGEST_WORDS))}</title></circle>'
        for dot, kind in zip(reversed(what.dots), reversed(kinds), strict=True)
    ]
    near = _near(what.labels)
    names = [
        f'<text class="{"label" if k in near else "label far"}" x="{100 * x / width:.2f}%" y="{100 * y / height:.2f}%" '
        f'text-anchor="middle" dominant-baseline="middle">{html.escape(printable(name, _LONGEST_LABEL))}</text>'
        for k, (name, x, y) in enumerate(what.labels)
    ]
    told = html.escape(f"{what.table.caption}; the table below holds the first of them")
    return (
        f'<svg class="map" role="img" aria-label="{told}" width="100%" height="420">'
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="100%" height="100%">{"".join(lines)}{"".join(dots)}</svg>'
        f"{''.join(names)}</svg>"
    )


def _near(labels: tuple[tuple[str, float, float], ...]) -> set[int]:
    """The labels for which a phone has room, the most important first."""
    taken: list[tuple[float, float, float]] = []
    kept = set()
    for k, (name, x, y) in enumerate(labels):
        half = _LETTER_ON_PHONES * len(printable(name, _LONGEST_LABEL)) / 2
        if all(abs(x - other) > half + width or abs(y - line) > _LINE_ON_PHONES for other, line, width in taken):
            taken.append((x, y, half))
            kept.add(k)
    return kept


def columns_chart(what: Columns) -> str:
    """Columns over an axis with words; the caption is its name.

    The numbers of the upright axis stand left of the drawing, in a margin that is as wide as the longest of them needs
    (the page's class), so that columns can be placed by percentages of any width.
    """
    top = _rounded_up(max((foot + size for foot, size in what.heights), default=0.0))
    head = _HEAD + (_MARK_LINE * len(what.marks) if what.marks else 0)
    room = _TALL - _FOOT - _HEAD
    floor = head + room
    step = 100 / max(1, len(what.heights))
    drawn, longest = [], 1
    for share in (0.0, 0.5, 1.0):
        y, told = head + room * (1 - share), f"{top * share:,.12g}"
        longest = max(longest, len(told))
        drawn.append(f'<line class="grid" x1="0%" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(f'<text class="tick" x="-6" y="{y + 4:.1f}" text-anchor="end">{told}</text>')
    for k, (foot, size) in enumerate(what.heights):
        pieces = [
            ("range", foot),
            *((f"c{c % COLOURS}", x) for c, x in enumerate(what.stacks[k] if what.stacks else [size])),
        ]
        drawn += _column(pieces, step * (k + 0.08), step, floor, room / top)
    drawn += _marks(what, floor)
    drawn += _words_below(what.ticks, floor + _FOOT - 6)
    label = html.escape(f"{what.table.caption}; the table below holds the same figures")
    kind, tall = f"chart y{min(longest, MOST_LETTERS)}", floor + _FOOT
    begin = f'<svg class="{kind}" role="img" aria-label="{label}" width="100%" height="{tall:g}">'
    return f"{begin}{''.join(drawn)}</svg>"


def _column(pieces: list[tuple[str, float]], x: float, step: float, floor: float, scale: float) -> list[str]:
    """The pieces of a column, one on the other; what is there is seen, however little it is."""
    drawn, foot, whole = [], floor, sum(size for _, size in pieces)
    for colour, size in pieces:
        tall = size * scale if whole * scale >= 1 or size <= 0 else size / whole
        foot -= tall
        if size > 0:
            drawn.append(
                f'<rect class="{colour}" x="{x:.2f}%" y="{foot:.1f}" width="{step * 0.84:.2f}%" height="{tall:.1f}"/>'
            )
    return drawn


def _marks(what: Columns, floor: float) -> list[str]:
    """Upright lines with their words above, each on a line of its own."""
    drawn = []
    for k, (share, word) in enumerate(what.marks):
        x, y, right = 100 * share, _HEAD - 4 + _MARK_LINE * k, share < 0.5
        anchor, beside = ("start", f"\u00a0{word}") if right else ("end", f"{word}\u00a0")
        drawn.append(f'<line class="mark" x1="{x:.2f}%" x2="{x:.2f}%" y1="{y - 9:.1f}" y2="{floor:.1f}"/>')
        told = html.escape(beside)
        drawn.append(f'<text class="tick" x="{x:.2f}%" y="{y:.1f}" text-anchor="{anchor}">{told}</text>')
    return drawn


def _words_below(ticks: tuple[tuple[float, str], ...], y: float) -> list[str]:
    """Words under the axis: as many as have room on paper; on phones, those that have room there."""
    kept, near = with_room(ticks, _WIDE), with_room(ticks, _NARROW)
    return [
        f'<text class="{"tick" if k in near else "tick far"}" x="{100 * ticks[k][0]:.2f}%" y="{y:.1f}" '
        f'text-anchor="{_anchor(*ticks[k])}">{html.escape(ticks[k][1])}</text>'
        for k in sorted(kept | near)
    ]


def _anchor(share: float, word: str) -> str:
    """In the middle of its place, unless the word is so near an end that it would leave a phone's chart."""
    half = _LETTER * len(word) / 2
    return "start" if share * _NARROW < half else "end" if (1 - share) * _NARROW < half else "middle"


def with_room(ticks: tuple[tuple[float, str], ...], width: float) -> set[int]:
    """Which words can stand side by side on a line so many pixels wide: the ends first, then from the left.

    >>> sorted(with_room(((0.0, "2026-03-01"), (0.3, "2026-03-04"), (0.6, "2026-03-07"), (1.0, "2026-03-11")), 250))
    [0, 3]
    """
    taken: list[tuple[float, float]] = []
    kept = set()
    for k in sorted(range(len(ticks)), key=lambda k: (k not in (0, len(ticks) - 1), k)):
        share, word = ticks[k]
        wide = _LETTER * len(word)
        begin = width * share - {"start": 0.0, "middle": wide / 2, "end": wide}[_anchor(share, word)]
        if all(begin > end + _GAP or begin + wide + _GAP < start for start, end in taken):
            taken.append((begin, begin + wide))
            kept.add(k)
    return kept


def _rounded_up(top: float) -> float:
    """A round number at or above the highest column; its half is round, too.

    >>> _rounded_up(449), _rounded_up(0.7), _rounded_up(0)
    (500.0, 0.8, 1.0)
    """
    if top <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(top))
    return next((float(f"{k * unit:.12g}") for k in (1, 2, 3, 4, 5, 6, 8) if k * unit >= top), 10 * unit)
