"""Figures on paper and in files: pages that work offline, and pictures for papers; written whole or not at all."""

from __future__ import annotations

import html
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures._data import check_graph
from swayrank.overview.backbone import Backbone
from swayrank.report.canvas import Rows, plotly, table, table_of
from swayrank.report.network_map import network_map
from swayrank.report.static import paper, static
from swayrank.report.static_fonts import Boxed, boxed
from swayrank.results import write_whole
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.scores import Scores
from swayrank.tables import write_csv

IMAGES = (".png", ".svg", ".pdf")
_ENDINGS = (".html", *IMAGES)
_METADATA: Mapping[str, dict[str, Any]] = {
    ".png": {"Software": "swayrank"},
    ".svg": {"Date": None, "Creator": "swayrank"},
    ".pdf": {"CreationDate": None, "Creator": "swayrank", "Producer": "swayrank"},
}
_FOREIGN = ("networkx", "igraph", "scipy", "rustworkx", "graph_tool")
_OF_NETWORKX = {"node_color": "color", "node_size": "size", "with_labels": "labels", "node_labels": "labels"}
_TOP = 24
_FIT = """
(function () {
  const box = document.getElementById("{plot_id}");
  const own = JSON.parse(JSON.stringify(box.layout.legend || {}));
  const keys = ["orientation", "x", "y", "xanchor", "yanchor"];
  const below = { orientation: "h", x: 0, y: 0, xanchor: "left", yanchor: "top" };
  let narrow = false;
  function fit() {
    if (box.clientWidth < 640 === narrow) return;
    narrow = !narrow;
    const now = narrow ? below : own;
    const change = keys.map((key) => ["legend." + key, now[key] === undefined ? null : now[key]]);
    if (own.title && own.title.text) change.push(["legend.title.side", narrow ? "top" : null]);
    Plotly.relayout(box, Object.fromEntries(change));
  }
  fit();
  window.addEventListener("resize", fit);
})();
"""
_INCHES = Interval(1.0, 100.0)
_DPI = Integer(30, 2400)


@domains(width=_INCHES, height=Optional(_INCHES), dpi=_DPI)
def draw(
    data: Any,
    path: str | Path | None = None,
    *,
    ax: Any = None,
    width: float = 7.0,
    height: float | None = None,
    title: bool = True,
    dpi: int = 300,
    **options: Any,
) -> Any:
    """Draw a graph, a result or a figure by matplotlib, for papers.

    Parameters
    ----------
    data : object
        A graph, scores or a backbone, drawn as a map; scores by another figure's name (``what="leaderboard"``); any
        other result that has ``.plot()``; or a figure that ``.plot()`` gave.
    path : str or Path, optional
        A .png, .svg or .pdf file to write.
    ax : matplotlib.axes.Axes, optional
        Where to draw, for figures of one panel; the caption is left out there.
    width : float, default 7.0
        Inches, in [1, 100]: 7 is as wide as a page of two columns, 3.4 as one of them.
    height : float, optional
        Inches; it follows from what is drawn, unless given.
    title : bool, default True
        Whether the title, and below it of whom, stands above.
    dpi : int, default 300
        Of a .png, in [30, 2400].
    **options
        What ``.plot()`` of the result takes: ``what``, ``k``, ``theme``; of a map, ``pos``, ``size``, ``color`` (a
        measure, numbers, colours or communities), ``labels`` (whom to name, and how), ``max_nodes`` and more
        (:func:`~swayrank.report.network_map.network_map`).

    Returns
    -------
    matplotlib.figure.Figure or Path
        The figure, which notebooks show; where a file was written, its path.

    Raises
    ------
    ParameterError
        If a value is outside its domain, nothing draws such data, the file is of another kind, or `ax` is given for a
        figure of several panels.
    MissingDependencyError
        If matplotlib or plotly is not installed.

    Warns
    -----
    SwayrankWarning
        If texts hold letters that no installed font has; never of a .svg.

    Notes
    -----
    The same data gives the same bytes with the same version of matplotlib. Letters are embedded in .pdf (as TrueType)
    and stay text in .svg.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> figure = draw(town.graph, width=3.4)
    >>> figure.texts[0].get_text(), len(figure.axes)
    ('Who follows whom: 300 accounts', 1)
    """
    if path is not None and ending(path) not in IMAGES:
        raise ParameterError(f"a static figure must end in .png, .svg or .pdf, got {Path(path).name!r}")
    if path is not None and ax is not None:
        raise ParameterError("path and ax do not go together: save the figure of ax by its own savefig")
    found = _figure_of(data, options)
    if path is None:
        drawn = static(found, ax=ax, width=width, height=height, title=title)
        boxed(drawn).warn()
        return drawn
    picture(found, Path(path), width=width, height=height, title=title, dpi=dpi).warn()
    return Path(path)


def _figure_of(data: Any, options: dict[str, Any]) -> Any:
    """The plotly figure of what is to be drawn."""
    if isinstance(data, Backbone) or (isinstance(data, Graph | Scores | KeptScores) and "what" not in options):
        _refuse_unknown(options)
        return network_map(data, **options)
    if hasattr(data, "to_plotly_json"):
        if options:
            raise ParameterError(f"{next(iter(options))} goes with a result; a figure is drawn as it is")
        return data
    if type(data).__module__.partition(".")[0] in _FOREIGN:
        check_graph("draw", data)
    if not hasattr(type(data), "plot"):
        raise ParameterError(
            f"data must be a result with .plot() or a figure that it gave, got a {type(data).__name__}"
        )
    drawn = data.plot(**options)
    if not hasattr(drawn, "to_plotly_json"):
        raise ParameterError(f"what must name a figure, got {options.get('what')!r}, a table for notebooks")
    return drawn


def _refuse_unknown(options: dict[str, Any]) -> None:
    """Say what a map calls what others call otherwise."""
    known = [name for name in inspect.signature(network_map).parameters if name != "data"]
    for name in options:
        if name in _OF_NETWORKX:
            raise ParameterError(f"{name} is networkx's name: {_OF_NETWORKX[name]}= says it here")
        if name not in known:
            raise ParameterError(f"{name} is nothing that a map takes; it takes {', '.join(known)}")


@domains(width=_INCHES, height=Optional(_INCHES), dpi=_DPI)
def write_figure(
    figure: Any,
    path: str | Path,
    *,
    width: float = 7.0,
    height: float | None = None,
    title: bool = True,
    dpi: int = 300,
) -> Path:
    """Write a figure as a page that works offline, with its table below it, or as a picture: the same bytes every time.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        What ``.plot()`` of a result gave; or the result itself, whose ``.plot()`` is taken.
    path : str or Path
        The file: .html for a page; .png, .svg or .pdf for a picture drawn by matplotlib.
    width, height, title, dpi
        Of pictures, as :func:`draw` takes them.

    Returns
    -------
    Path

    Raises
    ------
    ParameterError
        If the file has another ending, or the figure carries no table.
    MissingDependencyError
        If a picture is asked for and matplotlib is not installed.
    """
    path = Path(path)
    if ending(path) not in _ENDINGS:
        raise ParameterError(f"path must end in {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}, got {path.name!r}")
    if not hasattr(figure, "layout"):
        if not callable(getattr(figure, "plot", None)):
            raise ParameterError(f"figure must be what .plot() of a result gave, got {type(figure).__name__}")
        figure = figure.plot()
    if ending(path) in IMAGES:
        picture(figure, path, width=width, height=height, title=title, dpi=dpi).warn()
    else:
        write_page(figure, path)
    return path


def write_page(figure: Any, path: Path, *, script: str | None = None) -> None:
    """Write a figure as a page that holds plotly's script, or takes it from the file called `script` beside it."""
    with write_whole(path) as file:
        file.write(_page(figure, script).encode())


def write_script(path: Path) -> Path:
    """Write plotly's script for pages beside it."""
    from plotly.offline import get_plotlyjs

    with write_whole(path) as file:
        file.write(get_plotlyjs().encode())
    return path


def picture(
    figure: Any, path: Path, *, width: float = 7.0, height: float | None = None, title: bool = True, dpi: int = 300
) -> Boxed:
    """Write a figure as a .png, .svg or .pdf; give how many texts are drawn with boxes for letters."""
    kind = ending(path)
    drawn = static(figure, width=width, height=height, title=title, dpi=dpi if kind == ".png" else None)
    with paper(), write_whole(path) as file:
        drawn.savefig(file, format=kind[1:], dpi=dpi, metadata=_METADATA[kind])
    return Boxed() if kind == ".svg" else boxed(drawn)  # whoever shows an .svg has fonts of their own


def ending(path: str | Path) -> str:
    """The ending of a file's name, in small letters."""
    return Path(path).suffix.lower()


def write_table(rows: Rows, path: Path) -> Path:
    """Write the table behind a figure as CSV, for people: no name in it is a formula."""
    import pyarrow as pa

    columns = [[row[k] for row in rows.rows] for k in range(len(rows.head))]
    texts = [any(isinstance(cell, str) for cell in column) for column in columns]
    cells = [
        pa.array([None if cell is None else str(cell) for cell in column]) if text else pa.array(column)
        for column, text in zip(columns, texts, strict=True)
    ]
    write_csv(pa.Table.from_arrays(cells, names=rows.head), path, for_people=True)
    return path


def _page(figure: Any, script: str | None = None) -> str:
    found = table_of(figure)
    title, _, caption = str(figure.layout.meta.get("whole", figure.layout.title.text)).partition("<br><sub>")
    words = [head for k, head in enumerate(found.head) if any(isinstance(row[k], str) for row in found.rows)]
    told = html.unescape(f"{title}; {caption.removesuffix('</sub>')}")
    shown = plotly().Figure(figure)
    shown.update_layout(
        title=None, width=None, autosize=True, margin={"t": max(_TOP, (shown.layout.margin.t or 100) - 66)}
    )
    for frame in shown.frames:  # what changes from frame to frame stays with the figure; the rest stands above it
        frame.layout.title.text = str(frame.layout.title.text).partition("<br>")[2]
    if shown.frames:
        shown.update_layout(title=figure.layout.title, margin={"t": 60})
        shown.layout.title.text = shown.frames[0].layout.title.text
    drawn = shown.to_html(
        full_html=False, auto_play=False, include_plotlyjs=script or True, div_id="figure", config={"responsive": True},
        default_width="100%", default_height=f"{shown.layout.height or 450}px", post_script=_FIT,
    )  # fmt: skip
    style = (
        f"body{{background:{figure.layout.paper_bgcolor};color:{figure.layout.font.color};font-family:sans-serif;"
        "max-width:1100px;margin:0 auto;padding:0 8px}h1{font-size:1.15rem;margin:.8em 0 .2em}"
        "p{font-size:.85rem;margin:0}details{overflow-x:auto;margin:1em 0}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}td,th{{padding:.2em .6em}}</style></head><body>"
        f"<h1>{title}</h1><p>{caption.removesuffix('</sub>')}</p>{drawn}"
        "<details><summary>The figure as a table</summary>"
        f"{table(told, found.head, found.rows, names=words)}</details></body></html>"
    )
