"""What all figures share: colours, light and dark, titles, how names are shown, and tables.

Colours are Okabe and Ito's (2008), which colour-blind people tell apart, less the yellow that white paper swallows; the
first serves where one is enough. Whatever comes from outside, names above all, goes through :func:`safe` before it is
put into a plotly figure or a page: markup, control characters, formulas and templates are shown as they are spelled.

Every plotly figure carries the table of what it shows, for screen readers and programs, in its ``layout.meta``, where
plotly keeps it and draws nothing of it; :func:`~swayrank.report.files.write_figure` writes both.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from swayrank._extras import absent
from swayrank._text import printable
from swayrank._validate import Domain, OneOf
from swayrank.errors import ParameterError

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195")
THEMES: Domain = OneOf("light", "dark")
NAME = 28  # characters of a name that a figure shows
_FEW = 8  # counts up to this have a mark each


@dataclass(frozen=True)
class Theme:
    """Colours of what is no data.

    Attributes
    ----------
    template : str
        Of plotly.
    paper, ink, faint, grid, rest : str
        Background, text, secondary text, grid lines, and marks that stand for all others.
    arc : str
        Red, green and blue of the map's lines.
    """

    template: str
    paper: str
    ink: str
    faint: str
    grid: str
    rest: str
    arc: str


class Rows(NamedTuple):
    """The table behind a figure: headings, and rows of text and numbers, None where there is none."""

    head: list[str]
    rows: list[list[Any]]


LIGHT = Theme("plotly_white", "#ffffff", "#222222", "#555555", "#e6e6e6", "#9a9a9a", "90,90,90")
DARK = Theme("plotly_dark", "#14171a", "#eeeeee", "#b5b5b5", "#33383d", "#7d7d7d", "200,200,200")


def theme_of(name: str) -> Theme:
    """The colours called "light" or "dark"."""
    return {"light": LIGHT, "dark": DARK}[name]


def safe(name: object, limit: int = NAME) -> str:
    """A name for a page or a plotly figure: cut, and nothing in it is markup or a formula.

    >>> safe('<b>"$x$"</b>')
    '&lt;b&gt;&#34;&#36;x&#36;&#34;&lt;/b&gt;'
    """
    # plotly knows few entities by name, &quot; not among them, but all by number
    text = html.escape(printable(name, limit)).replace("&quot;", "&#34;").replace("$", "&#36;")
    return text.replace("%{", "&#37;{")  # else plotly would fill in what the name asks for, unescaped


def plain(name: object, limit: int = NAME) -> str:
    """A name for a static figure, whose text is never markup: cut, its control characters spelled.

    >>> plain("a" * 40)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    return printable(name, limit)


# -- plotly ------------------------------------------------------------------------------------------------------------


def plotly() -> Any:
    """The module ``plotly.graph_objects``.

    Raises
    ------
    MissingDependencyError
        If plotly is not installed.
    """
    try:
        from plotly import graph_objects
    except ModuleNotFoundError:
        raise absent("an interactive figure", "plotly", "or take .to_frame()") from None
    return graph_objects


def dress(figure: Any, title: str, caption: str, theme: Theme, rows: Rows, **layout: Any) -> Any:
    """Give a plotly figure its title, what is shown and of whom, its colours and its table; titles are escaped already.

    The table holds names as they are: data, which whoever shows it must escape.
    """
    figure.update_layout(
        title={"text": f"{title}<br><sub>{caption}</sub>", "x": 0.02, "xanchor": "left", "yref": "container", "y": 1,
               "yanchor": "top", "pad": {"t": 24}},
        template=theme.template, paper_bgcolor=theme.paper, plot_bgcolor=theme.paper, font={"color": theme.ink},
        colorway=list(PALETTE), hoverlabel={"align": "left", "namelength": -1}, margin={"t": 90},
        meta={"table": {"head": list(rows.head), "rows": [list(row) for row in rows.rows]}},
    )  # fmt: skip
    figure.update_layout(**layout)
    return figure


def count_ticks(highest: float) -> dict[str, Any]:
    """How an axis of counts up to `highest` is marked: at whole numbers alone.

    Left to itself plotly marks halves where counts are low, and the format makes 0, 1, 1, 2, 2 of them.
    """
    return {"tickformat": ",d", **({"dtick": 1} if highest <= _FEW else {})}


def table_of(figure: Any) -> Rows:
    """The table that a figure of this package carries.

    Raises
    ------
    ParameterError
        If it carries none.
    """
    told = figure.layout.meta
    if not isinstance(told, Mapping) or "table" not in told:
        raise ParameterError(f"figure must be one of swayrank's, which carry a table, got {type(figure).__name__}")
    return Rows(told["table"]["head"], told["table"]["rows"])


# -- tables ------------------------------------------------------------------------------------------------------------


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    notes: Sequence[str] = (),
    names: Sequence[str] = ("account",),
) -> str:
    """A table for a page that needs no script, with paragraphs below it; everything is escaped here.

    Columns called as in `names` stand to the left, all others, which are figures, to the right.

    >>> table("two", ["account", "b"], [["<x>", 1]])
    '<table><caption>two</caption><thead><tr><th scope="col">account</th><th scope="col">b</th></tr></thead>\
<tbody><tr><td style="text-align:left">&lt;x&gt;</td><td style="text-align:right">1</td></tr></tbody></table>'
    """
    head = "".join(f'<th scope="col">{safe(name, 80)}</th>' for name in heads)
    sides = ["left" if name in names else "right" for name in heads]
    cells = ["".join(_cell(value, side) for value, side in zip(row, sides, strict=True)) for row in rows]
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    told = "".join(f"<p>{safe(note, 400)}</p>" for note in notes)
    caption = f"<caption>{safe(caption, 400)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{told}"


def _cell(value: object, side: str) -> str:
    text = number(value) if value is None or isinstance(value, int | float) else safe(value, 80)
    return f'<td style="text-align:{side}">{text}</td>'


def number(value: float | None) -> str:
    """A number for people; - where there is none.

    >>> number(None), number(1234567), number(0.123456789), number(float("nan")), number(98765.4)
    ('-', '1,234,567', '0.1235', '-', '98,765')
    """
    if value is None or math.isnan(value):
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
