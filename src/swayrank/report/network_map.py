"""The network map: who follows, or is connected with, whom, communities in colours, the highest accounts named.

Accounts are drawn by WebGL, so that 10^4 of them stay smooth, arcs below them as one SVG path, which moves faster than
WebGL's lines where there is no graphics card. What is shown is a :class:`~swayrank.overview.backbone.Backbone`, which
may be made before. The axes have no unit: near means connected, far means little.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from swayrank.measures.community.detect import Communities
from swayrank.overview.backbone import REST, Backbone, backbone, first_of
from swayrank.overview.ties import ties_of
from swayrank.report.canvas import (
    PALETTE,
    THEMES,
    Rows,
    Theme,
    dress,
    number,
    plain,
    plotly,
    safe,
    theme_of,
)
from swayrank.report.map_values import (
    DotValues,
    colour_marks,
    dot_values,
    given_colours,
    grouped_by,
    labelled,
    placed_at,
)
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.pictures import map_of
from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]

_WIDTH, _HEIGHT = 980, 760  # pixels of the page's map
_PIXELS = 800  # that the map itself is wide
_LABEL, _LEADER = 20, 14  # characters
_LETTER, _LINE = 0.0175, 0.05  # width of a letter and height of a line, where the map is 2 wide

_COMMUNITIES = {"title": {"text": "community"}, "itemsizing": "constant"}
_BELOW = {"orientation": "h", "x": 0.0, "y": 0.0, "yanchor": "top", "itemsizing": "constant"}


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
    size: Any = None,
    color: Any = None,
    labels: Iterable[Any] | Mapping[Any, str] | bool | None = None,
    pos: Any = None,
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
    size, color : Measure, mapping of account to number, or array with one number per account, optional
        What the area and the colour of dots show, in the place of score (or followers) and community; arrays go by
        the order of the data's ids. Without a number (NaN, or not in the mapping), a dot is as small as can be, or
        grey. Of `size`, no number is below 0. Which accounts are shown does not depend on either. `color` may be a
        colour, too ("red", "#d55e00"), one for each account as a list or mapping, or Communities to be told apart.
    labels : iterable of accounts, mapping of account to text, or bool, optional
        Whom to name, at most 200, in the place of the first `n_labels` (by `size`, where that is given), and by which
        text; True names all for whom there is room, False nobody. Who has no room beside those before is not named.
    pos : mapping of account to (x, y), or array of shape (n, 2), optional
        Where accounts stand, in the place of the layout; only how they stand to each other counts.

    Returns
    -------
    plotly.graph_objects.Figure
        Point at an account to see its score and parts; click a community in the legend to hide it.

    Raises
    ------
    ParameterError
        If a value is outside its domain, scores rest on no graph, or `size`, `color`, `labels` or `pos` is of other
        accounts.
    UnknownAccountError
        If `labels`, or a mapping, names somebody who is not there.
    MissingDependencyError
        If plotly is not installed.

    Examples
    --------
    >>> import swayrank as sr
    >>> graph = sr.generate("town", n=300, rng=7).graph
    >>> figure = network_map(graph, size=sr.pagerank(graph), color=sr.k_core(graph), labels=[graph.ids[0]])
    >>> figure.layout.title.text.partition("<br><sub>")[2].split("; ")[1:]
    ['area of a dot: pagerank', 'colours: k core</sub>']
    """
    go = plotly()
    look = theme_of(theme)
    shown = _backbone(data, max_nodes, max_arcs, rng, engine, threads, progress)
    ids = None if isinstance(data, Backbone) else data.ids
    if pos is not None:
        shown = placed_at(pos, shown, ids)
    if isinstance(color, Communities):
        shown, color = grouped_by(color, shown), None
    figure = go.Figure()
    ends = np.full((len(shown.arcs), 3, 2), np.nan)
    ends[:, :2] = shown.places[shown.arcs]
    figure.add_trace(
        go.Scatter(
            x=ends[..., 0].ravel(), y=ends[..., 1].ravel(), mode="lines", name=ties_of(shown.arcs_are).arcs,
            line={"color": f"rgba({look.arc},{_arc_opacity(shown):.3f})", "width": 1},
            hoverinfo="skip", showlegend=False, connectgaps=False,
        )
    )  # fmt: skip
    shades = given_colours(color, shown, ids)
    sized = dot_values("size", size, shown, ids)
    coloured = None if shades is not None else dot_values("color", color, shown, ids)
    sizes = map_diameters(shown, 30.0) if sized is None else diameters(sized.values, 30.0)
    for dots in _dots(go, shown, sizes, sized, coloured, shades, look):
        figure.add_trace(dots)
    by_size = range(len(shown)) if sized is None else np.argsort(-sizes, kind="stable").tolist()
    if labels is None:
        named = {i: str(shown.accounts[i]) for i in by_size[:n_labels]}
    else:
        named = labelled(labels, shown, ids, by_size)
    area, hues = (None if one is None else one.told for one in (sized, coloured))
    caption = shown.caption_for(area, "as given" if shades is not None else hues)
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    wide, high = (float(side) + 0.06 for side in abs(shown.places).max(axis=0, initial=0.0))
    return dress(
        figure, safe(shown.title, 200), safe(caption, 300), look, _rows(shown, sized, coloured),
        width=_WIDTH, height=_HEIGHT, annotations=_notes(shown, named, sizes, look),
        xaxis={**hidden, "range": [-wide, wide], "constrain": "domain"}, hovermode="closest",
        yaxis={**hidden, "range": [-high, high], "scaleanchor": "x", "constrain": "domain"},
        margin={"t": 90, "l": 16, "r": 16, "b": 16},
        legend=_BELOW if coloured is not None or shades is not None else _COMMUNITIES,
    )  # fmt: skip


def _notes(shown: Backbone, named: Mapping[int, str], sizes: Floats, look: Theme) -> list[dict[str, Any]]:
    """Names beside their dots: all at once, since plotly checks those that are there again for each that is added."""
    return [
        {"x": x, "y": y, "text": safe(named[i], _LABEL), "showarrow": False,
         "font": {"size": 12, "color": look.ink}, "bgcolor": look.paper, "opacity": 0.85, "borderpad": 1}
        for i, (x, y) in label_places(shown, named, sizes / _PIXELS, named)
    ]  # fmt: skip


def _dots(
    go: Any,
    shown: Backbone,
    sizes: Floats,
    sized: DotValues | None,
    coloured: DotValues | None,
    given: list[str] | None,
    look: Theme,
) -> list[Any]:
    """The accounts, the highest on top: a trace for each community, or for those with a number and those without."""
    told = _hover(shown, [one for one in (sized, coloured) if one is not None])
    order = np.argsort(-sizes, kind="stable")[::-1] if sized is not None else np.arange(len(shown))[::-1]
    groups: list[tuple[str, Any, str | None]]
    if given is not None:
        groups = [("accounts", np.ones(len(shown), np.bool_), None)]
    elif coloured is None:
        groups = [(name, shown.colour == colour, _shade(colour, look)) for colour, name in _groups(shown)]
    else:
        absent = np.isnan(coloured.values)
        groups = [(f"no number ({np.count_nonzero(absent):,})", absent, look.rest), ("accounts", ~absent, None)]
    traces = []
    for name, among, shade in groups:
        own = order[among[order]]
        if (coloured is not None or given is not None) and not own.size:
            continue
        if given is not None:
            shades: dict[str, Any] = {"color": [given[i] for i in own]}
        else:
            shades = {"color": shade} if coloured is None or shade is not None else colour_marks(coloured, own, look)
        traces.append(
            go.Scattergl(
                x=shown.places[own, 0], y=shown.places[own, 1], mode="markers", name=name,
                showlegend=False if given is not None else None if coloured is None else shade is not None,
                hovertext=[told[i] for i in own], hoverinfo="text",
                marker={"size": sizes[own], "opacity": 0.9, **shades,
                        "line": {"color": look.paper, "width": 0.7 if len(shown) <= 500 else 0.3}},
            )
        )  # fmt: skip
    return traces


def _rows(shown: Backbone, sized: DotValues | None, coloured: DotValues | None) -> Rows:
    """The table behind the map: a row for each account, the highest first; of arcs it says how many followers."""
    scores = {"score": shown.size, **shown.details} if shown.sized_by == "score" else {}
    communities = [None if c == REST else c for c in shown.community.tolist()]
    given = {one.head: one.values for one in (sized, coloured) if one is not None}
    known, own = ([_known(column) for column in some.values()] for some in (scores, given))
    columns = [list(map(str, shown.accounts)), *known, shown.followers.tolist(), communities, *own]
    heads = ["account", *scores, shown.around, "community", *given]
    return Rows(heads, [list(row) for row in zip(*columns, strict=True)])


def _known(column: Floats) -> list[float | None]:
    return [None if np.isnan(x) else x for x in column.tolist()]


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


def _arc_opacity(shown: Backbone) -> float:
    """The more lines, the fainter each, so that what crosses the map stays readable."""
    return float(np.clip(400 / max(1, len(shown.arcs)), 0.06, 0.35))


def _groups(shown: Backbone) -> list[tuple[int, str]]:
    """Each colour that is there and its name, the rest first, so that it is drawn below."""
    groups = []
    if np.any(shown.colour == REST):
        groups.append((REST, f"all others ({int(np.count_nonzero(shown.colour == REST)):,})"))
    some = " shown" if len(shown) < shown.n_nodes else ""
    for colour, community in enumerate(shown.coloured):
        own = np.flatnonzero(shown.colour == colour)
        if not own.size:  # of a smaller map of a map
            continue
        leader = safe(shown.accounts[own[0]], _LEADER)  # the highest come first
        groups.append((colour, f"{community}: around {leader} ({own.size:,}{some})"))
    return groups


def _shade(colour: int, look: Theme) -> str:
    return look.rest if colour == REST else PALETTE[colour]


def map_diameters(shown: Backbone, largest: float) -> Floats:
    """Of a map's dots: areas run from the lowest score shown to the highest, or follow the number of followers."""
    if (ends := shown.score_range) is None:
        return diameters(shown.size, largest)
    low, high = ends
    return diameters(shown.size - low if high > low else shown.size, largest)


def diameters(values: Floats, largest: float) -> Floats:
    """Areas follow the values; the fewer accounts there are, the larger they may be."""
    size = np.nan_to_num(values, nan=0.0)
    highest = float(size.max(initial=0.0))
    crowd = min(1.0, float(np.sqrt(150 / max(1, size.size))))
    share = size / highest if highest > 0 else size
    least = 3.0
    return np.asarray(least + (max(largest * crowd, 2 * least) - least) * np.sqrt(share))


def _hover(shown: Backbone, given: Sequence[DotValues]) -> list[str]:
    """What is told of each account, ready for plotly."""
    lines = []
    for i, account in enumerate(shown.accounts):
        told = [f"<b>{safe(account)}</b>"]
        if shown.sized_by == "score":
            parts = ", ".join(f"{safe(name)} {number(float(part[i]))}" for name, part in shown.details.items())
            told += [f"score {number(float(shown.size[i]))}", parts]
        where = f"community {shown.community[i]}" if shown.community[i] != REST else "in no community"
        told += [f"{shown.followers[i]:,} {shown.around}, {where}"]
        told += [f"{safe(one.told, 60)}: {number(float(one.values[i]))}" for one in {g.told: g for g in given}.values()]
        lines.append("<br>".join(told))
    return lines


def label_places(
    shown: Backbone, named: Iterable[int], diameter: Floats, texts: Mapping[int, str] | None = None
) -> list[tuple[int, tuple[float, float]]]:
    """Where names stand: above, below or beside their accounts, wherever nobody's name is yet."""
    taken: list[tuple[float, float, float, float]] = []
    placed = []
    for i in named:
        x, y = (float(c) for c in shown.places[i])
        text = plain(shown.accounts[i] if texts is None else texts[i], _LABEL)
        width, off = _LETTER * (len(text) + 1), float(diameter[i]) + _LINE / 2
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
