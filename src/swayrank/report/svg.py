"""Small drawings for a page without scripts: bars with intervals, stacked bars, columns.

Places along the line are percentages and heights are pixels, so that a drawing fits any width and its letters keep
their size. Colours are the page's classes: they follow its light or dark look, and print.
"""

from __future__ import annotations

import html
import math

from swayrank.report.document import Columns, Range, Stack

_HIDDEN = 'aria-hidden="true" focusable="false"'
COLOURS = 5
"""How many the page has; further parts share them."""
_TALL, _FOOT, _HEAD = 190, 22, 16
_LEFT = 9.0
"""Percent of a chart's width that belong to the numbers of its upright axis."""


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
    """A colour for a legend."""
    return f'<svg width="14" height="14" {_HIDDEN}><rect class="c{colour % COLOURS}" width="14" height="14"/></svg>'


def columns_chart(what: Columns) -> str:
    """Columns over an axis with words, the highest of them labelled; the caption is its name."""
    top = _rounded_up(max((foot + size for foot, size in what.heights), default=0.0))
    room, wide = _TALL - _FOOT - _HEAD, 100 - _LEFT
    step = wide / max(1, len(what.heights))
    drawn = []
    for share in (0.0, 0.5, 1.0):
        y = _HEAD + room * (1 - share)
        drawn.append(f'<line class="grid" x1="{_LEFT:g}%" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
        told = f"{top * share:,.12g}"
        drawn.append(f'<text class="tick" x="{_LEFT - 1:g}%" y="{y + 4:.1f}" text-anchor="end">{told}</text>')
    for k, (foot, size) in enumerate(what.heights):
        x, base = _LEFT + step * (k + 0.08), _HEAD + room * (1 - foot / top)
        tall = room * size / top
        if foot > 0:
            drawn.append(_column("range", x, base, step, room * foot / top))
        if size > 0:
            drawn.append(_column("c0", x, base - max(tall, 1.0), step, max(tall, 1.0)))
    for share, word in what.ticks:
        x, anchor = _LEFT + wide * share, "end" if share > 0.97 else "start" if share < 0.03 else "middle"
        drawn.append(
            f'<text class="tick" x="{x:.2f}%" y="{_TALL - 6}" text-anchor="{anchor}">{html.escape(word)}</text>'
        )
    label = html.escape(f"{what.table.caption}; the table below holds the same figures")
    return f'<svg class="chart" role="img" aria-label="{label}" width="100%" height="{_TALL}">{"".join(drawn)}</svg>'


def _rounded_up(top: float) -> float:
    """A round number at or above the highest column; its half is round, too.

    >>> _rounded_up(449), _rounded_up(0.7), _rounded_up(0)
    (500.0, 0.8, 1.0)
    """
    if top <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(top))
    return next((float(f"{k * unit:.12g}") for k in (1, 2, 3, 4, 5, 6, 8) if k * unit >= top), 10 * unit)


def _column(colour: str, x: float, y: float, step: float, tall: float) -> str:
    return f'<rect class="{colour}" x="{x:.2f}%" y="{y:.1f}" width="{step * 0.84:.2f}%" height="{tall:.1f}"/>'
