"""How alike measures are, as a heat map.

The scale never stretches to the data: blue is 1 and red -1 for correlations (a pair that colour-blind people tell
apart), and dark is 1 and white 0 for overlaps. Each cell says its number. Names are shown as they are spelled, never
as markup.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from swayrank._extras import absent
from swayrank._render import renders
from swayrank._text import printable
from swayrank._validate import domains
from swayrank.measures.correlate import told
from swayrank.report.canvas import THEMES, Rows, dress, safe, theme_of
from swayrank.report.files import write_figure

if TYPE_CHECKING:
    from swayrank.measures.correlate import Correlations, Floats

_DIVERGING = ("#b2182b", "#ef8a62", "#fddbc7", "#f7f7f7", "#d1e5f0", "#67a9cf", "#2166ac")
_SEQUENTIAL = ("#ffffff", "#c6dbef", "#6baed6", "#2171b5", "#08306b")
_NO_VALUE = "#dddddd"


def _look(result: Correlations, of: str | None, ordered: bool) -> tuple[str, list[str], Floats]:
    """The statistic, names cut to a readable length, and the matrix, in the order shown."""
    of = result.statistics[0] if of is None else of
    matrix = result.matrix(of)
    order = _alike_together(matrix) if ordered else list(range(len(matrix)))
    return of, [printable(result.names[i], 28) for i in order], matrix[np.ix_(order, order)]


def _alike_together(matrix: Floats) -> list[int]:
    """An order in which neighbours are as alike as can be: leaves of average-linkage clustering."""
    if len(matrix) < 3:
        return list(range(len(matrix)))
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    distance = 1 - np.nan_to_num(matrix, nan=0.0)
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    tree = hierarchy.linkage(condensed, "average", optimal_ordering=True)
    order: list[int] = hierarchy.leaves_list(tree).tolist()
    return order


def _scale(of: str) -> tuple[tuple[str, ...], float]:
    """Colours, and the number that the first of them stands for; the last is 1."""
    return (_DIVERGING, -1.0) if of in ("spearman", "kendall") else (_SEQUENTIAL, 0.0)


def _is_dark(of: str, value: float) -> bool:
    return bool(abs(value) > 0.75) if of in ("spearman", "kendall") else bool(value > 0.6)


def _title(result: Correlations, of: str) -> tuple[str, str]:
    """What is shown, and of whom."""
    what = {
        "spearman": "Spearman's rank correlation",
        "kendall": "Kendall's tau-b",
        "rbo": f"Rank-biased overlap (p = {result.p:g})",
        "overlap": f"Overlap of the first {result.k:,} places",
    }[of]
    left = f"; {result.n_left_out:,} without a number in all are left out" if result.n_left_out else ""
    ends = "1 same order, 0 unrelated, -1 opposite order" if _scale(of)[1] < 0 else "1 all shared, 0 none"
    return f"{what} of {len(result.names)} measures", f"{result.n:,} accounts{left} ({ends})"


@renders("Correlations", "plot")
@domains(theme=THEMES)
def heatmap(result: Correlations, of: str | None = None, ordered: bool = True, *, theme: str = "light") -> Any:
    """A plotly figure."""
    look = theme_of(theme)
    try:
        from plotly import graph_objects as go
    except ModuleNotFoundError:
        raise absent("an interactive heat map", "plotly", "or write .csv or .json") from None
    of, names, matrix = _look(result, of, ordered)
    shown = [safe(name) for name in names]
    colours, low = _scale(of)
    title, whom = _title(result, of)
    steps = [[k / (len(colours) - 1), colour] for k, colour in enumerate(colours)]
    cells = [[None if np.isnan(value) else float(value) for value in row] for row in matrix]
    places = list(range(len(names)))
    figure = go.Figure(
        go.Heatmap(
            x=places, y=places, z=cells, zmin=low, zmax=1, colorscale=steps, xgap=2, ygap=2,
            colorbar={"title": {"text": of}, "tickvals": np.linspace(low, 1, 5).tolist()},
            customdata=[[f"{a}, {b}" for b in shown] for a in shown],
            hovertemplate="%{customdata}: %{z:.4f}<extra></extra>",
        )
    )  # fmt: skip
    words = [  # all at once: plotly checks those that are there again for each that is added
        {"x": j, "y": i, "text": told(value), "showarrow": False,
         "font": {"color": "white" if _is_dark(of, value) else "#222222"}}
        for i, row in enumerate(matrix)
        for j, value in enumerate(row)
    ]  # fmt: skip
    ticks = {"tickvals": places, "ticktext": shown, "showgrid": False, "zeroline": False, "automargin": True}
    side = 200 + 64 * len(names)
    return dress(
        figure, title, whom, look, Rows(["measure", *names], [[a, *row] for a, row in zip(names, cells, strict=True)]),
        xaxis={**ticks, "side": "bottom", "constrain": "domain", "tickangle": -45 if max(map(len, names)) > 6 else 0},
        yaxis={**ticks, "autorange": "reversed", "scaleanchor": "x", "constrain": "domain"},
        plot_bgcolor=_NO_VALUE, annotations=words, width=max(560, side + 120), height=max(460, side),
    )  # fmt: skip


@renders("Correlations", "html")
def as_html(result: Correlations) -> str:
    """A coloured table for a notebook: it needs no script, so it shows wherever HTML does."""
    of, names, matrix = _look(result, None, True)
    title, whom = _title(result, of)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>{''.join(_cell(of, value) for value in row)}</tr>"
        for name, row in zip(names, matrix, strict=True)
    )
    caption = f"<caption>{html.escape(title)}<br>{html.escape(whom)}</caption>"
    return f"<table>{caption}<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(of: str, value: float) -> str:
    ink = "#ffffff" if _is_dark(of, value) else "#222222"
    return f'<td style="background:{_colour(of, value)};color:{ink};text-align:center">{told(value)}</td>'


def _colour(of: str, value: float) -> str:
    """A number's place on the scale, as #rrggbb."""
    if np.isnan(value):
        return _NO_VALUE
    colours, low = _scale(of)
    stops = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in colours])
    place = (value - low) / (1 - low) * (len(colours) - 1)
    mixed = [np.interp(place, range(len(colours)), stops[:, channel]) for channel in range(3)]
    return "#" + "".join(f"{round(float(part)):02x}" for part in mixed)


def save_heatmap(result: Correlations, path: Path, of: str | None = None) -> None:
    """Write the heat map as .html (whole, works offline), .png, .svg or .pdf."""
    write_figure(heatmap(result, of), path)
