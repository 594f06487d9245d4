"""The network map: who follows whom, communities in colours, the highest accounts named.

`network_map` is for notebooks and pages (plotly; accounts by WebGL, so that 10^4 of them stay smooth, arcs below them
as one SVG path, which moves faster than WebGL's lines where there is no graphics card), `draw` for paper (matplotlib).
Both show a :class:`~swayrank.overview.backbone.Backbone`, which may be made once for both. The axes have no unit: near
means connected, far means little.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._render import renders
from swayrank._rng import Rng
from swayrank._validate import Integer, domains
from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.overview.backbone import REST, Backbone, backbone, first_of
from swayrank.report.canvas import (
    PALETTE,
    THEMES,
    Rows,
    Theme,
    blank,
    check_image,
    dress,
    number,
    plain,
    plotly,
    safe,
    save_image,
    theme_of,
)
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.pictures import map_of
from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]

_WIDTH, _HEIGHT = 980, 760  # pixels of the page's map
_PIXELS, _POINTS = 800, 525  # that the map itself is wide, on a page and on paper (9 inches)
_LABEL = 20  # characters
_LETTER, _LINE = 0.0175, 0.05  # width of a letter and height of a line, where the map is 2 wide


@renders("Graph", "plot")
@renders("Scores", "map")
@renders("KeptScores", "map")
@domains(theme=THEMES, n_labels=Integer(0, 200))
def network_map(
    data: Graph | Scores | KeptScores | Backbone,
    *,
    max_nodes: int = 2000,
    max_arcs: int | None = None,
    n_labels: int = 20,
    theme: str = "light",
    rng: Rng = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Any:
    """The map as a plotly figure.

    Parameters
    ----------
    data : Graph, Scores, KeptScores or Backbone
        What to show; a backbone is shown as it is, and a kept run by the map that it keeps.
    max_nodes, max_arcs, rng, engine, threads, progress
        As :func:`swayrank.overview.backbone.backbone` takes them.
    n_labels : int, default 20
        How many of the highest accounts are named, in [0, 200].
    theme : {"light", "dark"}, default "light"
        Colours.

    Returns
    -------
    plotly.graph_objects.Figure
        Point at an account to see its score and parts; click a community in the legend to hide it.

    Raises
    ------
    ParameterError
        If a value is outside its domain, or scores rest on no graph.
    MissingDependencyError
        If plotly is not installed.
    """
    go = plotly()
    look = theme_of(theme)
    shown = _backbone(data, max_nodes, max_arcs, rng, engine, threads, progress)
    figure = go.Figure()
    ends = np.full((len(shown.arcs), 3, 2), np.nan)
    ends[:, :2] = shown.places[shown.arcs]
    figure.add_trace(
        go.Scatter(
            x=ends[..., 0].ravel(), y=ends[..., 1].ravel(), mode="lines", name="follows",
            line={"color": f"rgba({look.arc},{_arc_opacity(shown):.3f})", "width": 1},
            hoverinfo="skip", showlegend=False, connectgaps=False,
        )
    )  # fmt: skip
    told = _hover(shown)
    sizes = diameters(shown, 30.0)
    for colour, name in _groups(shown):
        own = np.flatnonzero(shown.colour == colour)[::-1]  # the highest on top
        figure.add_trace(
            go.Scattergl(
                x=shown.places[own, 0], y=shown.places[own, 1], mode="markers", name=name,
                hovertext=[told[i] for i in own], hoverinfo="text",
                marker={"size": sizes[own], "color": _shade(colour, look), "opacity": 0.9,
                        "line": {"color": look.paper, "width": 0.7 if len(shown) <= 500 else 0.3}},
            )
        )  # fmt: skip
    labels = [  # all at once: plotly checks those that are there again for each that is added
        {"x": x, "y": y, "text": safe(shown.accounts[i], _LABEL), "showarrow": False,
         "font": {"size": 12, "color": look.ink}, "bgcolor": look.paper, "opacity": 0.85, "borderpad": 1}
        for i, (x, y) in label_places(shown, n_labels, sizes / _PIXELS)
    ]  # fmt: skip
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    wide, high = (float(side) + 0.06 for side in abs(shown.places).max(axis=0, initial=0.0))
    return dress(
        figure, safe(shown.title, 200), safe(shown.caption, 300), look, _rows(shown), width=_WIDTH, height=_HEIGHT,
        xaxis={**hidden, "range": [-wide, wide], "constrain": "domain"}, hovermode="closest",
        yaxis={**hidden, "range": [-high, high], "scaleanchor": "x", "constrain": "domain"},
        margin={"t": 90, "l": 16, "r": 16, "b": 16}, annotations=labels,
        legend={"title": {"text": "community"}, "itemsizing": "constant"},
    )  # fmt: skip


def _rows(shown: Backbone) -> Rows:
    """The table behind the map: a row for each account, the highest first; of arcs it says how many followers."""
    scores = {"score": shown.size, **shown.details} if shown.sized_by == "score" else {}
    communities = [None if c == REST else c for c in shown.community.tolist()]
    known = [[None if np.isnan(x) else x for x in column.tolist()] for column in scores.values()]
    columns = [list(map(str, shown.accounts)), *known, shown.followers.tolist(), communities]
    return Rows(["account", *scores, "followers", "community"], [list(row) for row in zip(*columns, strict=True)])


@domains(theme=THEMES, n_labels=Integer(0, 200))
def draw(
    data: Graph | Scores | KeptScores | Backbone,
    path: str | Path | None = None,
    *,
    max_nodes: int = 2000,
    max_arcs: int | None = None,
    n_labels: int = 20,
    theme: str = "light",
    rng: Rng = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Any:
    """Draw a graph or scores as a static map, for papers.

    Parameters
    ----------
    data : Graph, Scores, KeptScores or Backbone
        What to show.
    path : str or Path, optional
        A .png or .svg file to write.
    max_nodes, max_arcs, n_labels, theme, rng, engine, threads, progress
        As :func:`network_map` takes them.

    Returns
    -------
    matplotlib.figure.Figure or Path
        The figure, which notebooks show; where a file was written, its path.

    Raises
    ------
    ParameterError
        If a value is outside its domain, scores rest on no graph, or the file is neither .png nor .svg.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import swayrank as sr
    >>> graph = sr.generate("town", n=300, rng=7).graph
    >>> figure = draw(graph)
    >>> figure.axes[0].get_title(loc="left")
    'Who follows whom: 300 accounts'
    """
    if path is not None:
        check_image(Path(path))
    look = theme_of(theme)
    figure = blank(9.0, 7.6, look)
    shown = _backbone(data, max_nodes, max_arcs, rng, engine, threads, progress)
    axes = figure.add_subplot(facecolor=look.paper)
    _draw_arcs(axes, shown, look)
    points = diameters(shown, 20.0)  # of 1/72 inch
    for colour, name in _groups(shown):
        own = np.flatnonzero(shown.colour == colour)[::-1]
        axes.scatter(
            shown.places[own, 0], shown.places[own, 1], s=points[own] ** 2, color=_shade(colour, look), label=name,
            edgecolors=look.paper, linewidths=0.4, alpha=0.95, zorder=2,
        )  # fmt: skip
    for i, (x, y) in label_places(shown, n_labels, points / _POINTS):
        axes.text(
            x, y, plain(shown.accounts[i], _LABEL), ha="center", va="center", fontsize=8, color=look.ink, zorder=3,
            parse_math=False, bbox={"facecolor": look.paper, "alpha": 0.8, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(shown.title, loc="left", fontsize=12, color=look.ink, pad=20)
    axes.text(0, 1.01, shown.caption, transform=axes.transAxes, fontsize=8, color=look.faint, va="bottom")
    if len(shown):
        _legend(axes, look)
    return figure if path is None else save_image(figure, Path(path), dpi=200)


def _backbone(
    data: Graph | Scores | KeptScores | Backbone, max_nodes: int, max_arcs: int | None, rng: Rng, engine: str | Engine,
    threads: int | None, progress: Progress,
) -> Backbone:  # fmt: skip
    if isinstance(data, Backbone):
        return data
    if isinstance(data, KeptScores):
        return first_of(data.backbone(), max_nodes, max_arcs)
    work: dict[str, Any] = {"rng": rng, "engine": engine, "threads": threads, "progress": progress}
    if isinstance(data, Graph):
        return backbone(data, max_nodes=max_nodes, max_arcs=max_arcs, **work)
    if not isinstance(data, Scores):
        raise ParameterError(f"a map is of a Graph or of Scores, got a {type(data).__name__}")
    return map_of(data, max_nodes=max_nodes, max_arcs=max_arcs, **work)


def _draw_arcs(axes: Any, shown: Backbone, look: Theme) -> None:
    from matplotlib.collections import LineCollection

    lines = LineCollection(
        list(shown.places[shown.arcs]), colors=look.faint, linewidths=0.4, alpha=_arc_opacity(shown), zorder=1
    )
    lines.set_rasterized(len(shown.arcs) > 20_000)
    axes.add_collection(lines)


def _arc_opacity(shown: Backbone) -> float:
    """The more lines, the fainter each, so that what crosses the map stays readable."""
    return float(np.clip(400 / max(1, len(shown.arcs)), 0.06, 0.35))


def _legend(axes: Any, look: Theme) -> None:
    legend = axes.legend(
        title="community", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8, labelcolor=look.ink,
    )  # fmt: skip
    legend.get_title().set_color(look.ink)
    for handle in legend.legend_handles:
        handle.set_sizes([36])


def _groups(shown: Backbone) -> list[tuple[int, str]]:
    """Each colour that is there and its name, the rest first, so that it is drawn below."""
    groups = []
    if np.any(shown.colour == REST):
        groups.append((REST, f"all others ({int(np.count_nonzero(shown.colour == REST)):,})"))
    for colour, community in enumerate(shown.coloured):
        groups.append((colour, f"{community} ({int(np.count_nonzero(shown.colour == colour)):,} shown)"))
    return groups


def _shade(colour: int, look: Theme) -> str:
    return look.rest if colour == REST else PALETTE[colour]


def diameters(shown: Backbone, largest: float) -> Floats:
    """Areas follow the size; the fewer accounts there are, the larger they may be."""
    size = np.nan_to_num(shown.size, nan=0.0)
    highest = float(size.max(initial=0.0))
    crowd = min(1.0, float(np.sqrt(150 / max(1, len(shown)))))
    share = size / highest if highest > 0 else size
    least = 3.0
    return np.asarray(least + (max(largest * crowd, 2 * least) - least) * np.sqrt(share))


def _hover(shown: Backbone) -> list[str]:
    """What is told of each account, ready for plotly."""
    lines = []
    for i, account in enumerate(shown.accounts):
        told = [f"<b>{safe(account)}</b>"]
        if shown.sized_by == "score":
            parts = ", ".join(f"{safe(name)} {number(float(part[i]))}" for name, part in shown.details.items())
            told += [f"score {number(float(shown.size[i]))}", parts]
        where = f"community {shown.community[i]}" if shown.community[i] != REST else "in no community"
        told += [f"{shown.followers[i]:,} followers, {where}"]
        lines.append("<br>".join(told))
    return lines


def label_places(shown: Backbone, n: int, diameter: Floats) -> list[tuple[int, tuple[float, float]]]:
    """Where the names of the first `n` stand: above, below or beside their account, wherever nobody's name is yet."""
    taken: list[tuple[float, float, float, float]] = []
    placed = []
    for i in range(min(n, len(shown))):
        x, y = (float(c) for c in shown.places[i])
        width, off = _LETTER * (len(plain(shown.accounts[i], _LABEL)) + 1), float(diameter[i]) + _LINE / 2
        spots = [(x, y + off), (x, y - off), (x + off + width / 2, y), (x - off - width / 2, y)]
        spots += [(x, y + off + _LINE), (x, y - off - _LINE)]
        boxes = [(a - width / 2, b - _LINE / 2, a + width / 2, b + _LINE / 2) for a, b in spots]
        free = (k for k, box in enumerate(boxes) if not any(_overlap(box, other) for other in taken))
        best = next(free, None)
        if best is not None:
            taken.append(boxes[best])
            placed.append((i, spots[best]))
    return placed


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
