"""Traces of our plotly figures, drawn by matplotlib for :mod:`.static`: lines, marks, error bars, bars, heat maps.

Everything that a trace holds is known here, as drawn or as of the mouse alone; whatever is not is refused by name, so
that nothing is left out unseen.
"""

from __future__ import annotations

import base64
import html
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.report.canvas import PALETTE, Theme

Floats = npt.NDArray[np.float64]
Trace = Mapping[str, Any]

_MOUSE = {"hoverinfo", "hovertext", "hovertemplate", "customdata"}
_COMMON = _MOUSE | {"type", "name", "x", "y", "xaxis", "yaxis", "showlegend", "error_x", "error_y"}
_SCATTER = _COMMON | {"mode", "line", "marker", "connectgaps", "cliponaxis", "text"}
"""A text that no mode shows is of the mouse."""
_KNOWN = {
    "scatter": _SCATTER,
    "scattergl": _SCATTER,
    "bar": _COMMON | {"orientation", "width", "marker", "text", "textposition", "textfont", "cliponaxis"},
    "heatmap": _MOUSE | {"type", "x", "y", "z", "zmin", "zmax", "colorscale", "xgap", "ygap", "colorbar", "xaxis",
                         "yaxis"},
}  # fmt: skip
_MARKER = {"color", "size", "symbol", "opacity", "line", "colorscale", "cmin", "cmax", "colorbar", "showscale"}
_SYMBOLS = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "triangle-down": "v", "cross": "P",
            "x": "X", "star": "*"}  # fmt: skip
_DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
_MANY = 20_000  # strokes that a file of lines is not asked to hold one by one
_NO_CHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")  # of no XML


@dataclass
class Scale:
    """What numbers of an axis mean: a logarithm, a date, a place in a list of names; else themselves."""

    is_log: bool = False
    is_date: bool = False
    names: list[str] = field(default_factory=list)

    def places(self, values: Any) -> Floats:
        """Where values stand on the axis, as matplotlib counts."""
        values = array(values)
        if self.is_date:
            from matplotlib.dates import date2num

            moments = np.char.rstrip(values.astype(str), "Z").astype("datetime64[us]")  # all of them are UTC
            return np.asarray(date2num(moments), np.float64)  # type: ignore[no-untyped-call]
        if self.names:
            return np.array([self.names.index(str(value)) for value in values], np.float64)
        numbers: Floats = values.astype(np.float64)
        return numbers


@dataclass
class Panel:
    """One pair of axes, and what is drawn on it.

    Attributes
    ----------
    axes : matplotlib.axes.Axes
    x, y : Scale
    look : Theme
    points : float
        Of 1/72 inch, that a pixel of the plotly figure becomes.
    mode : str
        "stack" or "group", of bars.
    gap, group_gap : float
        Between bars, and within a group, as shares.
    ground : str
        Colour of the panel.
    """

    axes: Any
    x: Scale
    y: Scale
    look: Theme
    points: float
    mode: str
    gap: float
    group_gap: float
    ground: str
    tops: dict[tuple[float, bool], float] = field(default_factory=lambda: defaultdict(float))


# -- reading -----------------------------------------------------------------------------------------------------------


def words(marked: object) -> str:
    r"""The text that plotly would show, as text: its few tags and entities taken out, control characters spelled.

    >>> words("<b>a &lt; b</b><br><sub>&#36;x&#36;</sub>")
    'a < b\n$x$'
    """
    text = re.sub(r"</?(b|i|sub|sup)>", "", str(marked))
    lines = [printable(html.unescape(line), 1000) for line in text.split("<br>")]
    return _NO_CHARACTERS.sub(lambda found: found[0].encode("unicode_escape").decode(), "\n".join(lines))


def array(values: Any) -> npt.NDArray[Any]:
    """Values of a figure, which plotly keeps as lists, arrays, or bytes in base64; None is no number."""
    if isinstance(values, Mapping):
        found = np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"]))
        shape = [int(n) for n in str(values["shape"]).split(",")] if "shape" in values else [-1]
        return found.reshape(shape)
    found = np.asarray(values)
    return found.astype(np.float64) if found.dtype == object and not any(isinstance(v, str) for v in values) else found


def colour(told: Any) -> Any:
    """A colour, or several, as matplotlib takes them."""
    if isinstance(told, list | tuple):
        return [colour(one) for one in told]
    found = re.fullmatch(r"rgba?\((.+)\)", str(told))
    if found is None:
        return told
    red, green, blue, *opacity = (float(part) for part in found[1].split(","))
    return (red / 255, green / 255, blue / 255, opacity[0] if opacity else 1.0)


def scale_of(axis: Mapping[str, Any], values: Iterable[npt.NDArray[Any]]) -> Scale:
    """What the numbers of an axis mean, by its layout and by all that is drawn along it."""
    if axis.get("type") == "log":
        return Scale(is_log=True)
    texts = [str(value) for one in values if one.dtype.kind in "UO" for value in one]
    if texts and all(re.match(r"\d{4}(-\d\d)?(-\d\d)?([T ][\d:.]+Z?)?$", text) for text in texts):
        return Scale(is_date=True)
    return Scale(names=list(dict.fromkeys(texts)))


def refuse_unknown(what: str, told: Iterable[str], known: set[str]) -> None:
    """Raise where something is told that no static figure can show."""
    unknown = sorted(set(told) - known)
    if unknown:
        raise ParameterError(f"a static figure cannot show {', '.join(unknown)} of {what}; write it as .html")


def check_traces(traces: Iterable[Trace]) -> None:
    """Raise where a trace is of another type, or holds what is not known here."""
    for trace in traces:
        kind = trace["type"]
        if kind not in _KNOWN:
            raise ParameterError(f"a static figure cannot show a {kind} trace; write it as .html")
        refuse_unknown(f"a {kind} trace", trace, _KNOWN[kind])


# -- drawing -----------------------------------------------------------------------------------------------------------


def draw_traces(panel: Panel, traces: Sequence[Trace], first: int) -> list[tuple[Any, Trace]]:
    """Draw the traces of one panel, of which the first is the figure's `first`; give a legend's sample of each."""
    bars = [trace for trace in traces if trace["type"] == "bar"]
    shown = []
    for k, trace in enumerate(traces):
        kind, z = trace["type"], 2 + (first + k) / 100
        if kind == "heatmap":
            _heat(panel, trace)
        elif kind == "bar":
            shown.append((_bars(panel, trace, bars, z), trace))
        else:
            shown.append((_scatter(panel, trace, PALETTE[(first + k) % len(PALETTE)], z), trace))
    return shown


def _scatter(panel: Panel, trace: Trace, own: str, z: float) -> Any:
    from matplotlib.lines import Line2D

    modes = set(str(trace.get("mode", "lines")).split("+"))
    refuse_unknown("a scatter trace's mode", modes, {"lines", "markers"})
    x, y = panel.x.places(trace["x"]), panel.y.places(trace["y"])
    marker, line = trace.get("marker", {}), trace.get("line", {})
    sample: dict[str, Any] = {"color": colour(line.get("color", own)), "linestyle": "none"}
    if "lines" in modes:
        refuse_unknown("a line", line, {"color", "width", "dash"})
        sample["linestyle"] = _one_of(_DASHES, line.get("dash", "solid"), "dash")
        sample["linewidth"] = max(0.5, line.get("width", 2) * panel.points)
        _lines(panel, x, y, {**sample, "zorder": z})
    if "markers" in modes:
        refuse_unknown("a marker", marker, _MARKER)
        shade = (
            _scaled(panel, marker) if "colorscale" in marker else colour(marker.get("color", line.get("color", own)))
        )
        edge = marker.get("line", {})
        style = {"marker": _one_of(_SYMBOLS, marker.get("symbol", "circle"), "symbol")}
        size = array(marker.get("size", 6)) * panel.points
        panel.axes.scatter(
            x, y, s=size**2, c=shade if isinstance(shade, list) and len(shade) == x.size else [shade], zorder=z,
            alpha=marker.get("opacity"), linewidths=edge.get("width", 0) * panel.points,
            edgecolors=[colour(edge.get("color", panel.look.paper))], clip_on=trace.get("cliponaxis", True), **style,
        )  # fmt: skip
        sample |= {**style, "markersize": 5, "markeredgewidth": 0}
        if "lines" not in modes and not isinstance(shade, list):
            sample["color"] = shade
    _errors(panel, trace, x, y, z)
    return Line2D([], [], **sample)


def _one_of(known: Mapping[str, str], name: Any, what: str) -> str:
    if not isinstance(name, str) or name not in known:
        raise ParameterError(f"a static figure cannot show the {what} {name!r}; write it as .html")
    return known[name]


def _lines(panel: Panel, x: Floats, y: Floats, style: dict[str, Any]) -> None:
    """One line; where it has gaps, as a map's arcs, each stroke for itself, since one path of many is drawn slowly."""
    gaps = np.flatnonzero(np.isnan(x) | np.isnan(y))
    if not gaps.size:
        panel.axes.plot(x, y, **style)
        return
    from matplotlib.collections import LineCollection

    strokes = [one[~np.isnan(one).any(axis=1)] for one in np.split(np.c_[x, y], gaps + 1)]
    shown = LineCollection([one for one in strokes if len(one)], colors=[style.pop("color")], **style)
    shown.set_rasterized(len(strokes) > _MANY)
    panel.axes.add_collection(shown)


def _errors(panel: Panel, trace: Trace, x: Floats, y: Floats, z: float) -> None:
    """Error bars."""
    for side in ("x", "y"):
        told = trace.get(f"error_{side}")
        if not told:
            continue
        refuse_unknown("error bars", told, {"type", "symmetric", "array", "arrayminus", "color", "thickness", "width"})
        ends = [np.maximum(np.nan_to_num(array(told[end]).astype(np.float64)), 0) for end in ("arrayminus", "array")]
        panel.axes.errorbar(
            x, y, **{f"{side}err": ends}, fmt="none", ecolor=colour(told.get("color", panel.look.ink)),
            zorder=z - 0.005, elinewidth=max(0.6, told.get("thickness", 2) * panel.points),
            capsize=told.get("width", 3) * panel.points,
        )  # fmt: skip


def _bars(panel: Panel, trace: Trace, bars: Sequence[Trace], z: float) -> Any:
    from matplotlib.patches import Patch

    lying = trace.get("orientation") == "h"
    along, across = ("y", "x") if lying else ("x", "y")
    place = getattr(panel, along).places(trace[along])
    length = np.nan_to_num(getattr(panel, across).places(trace[across]))
    place, width = _room(panel, trace, bars, place)
    base = np.zeros(length.size)
    if panel.mode == "stack":
        keys = [(float(at), bool(value < 0)) for at, value in zip(place, length, strict=True)]
        base = np.array([panel.tops[key] for key in keys], np.float64)
        for key, value in zip(keys, length.tolist(), strict=True):
            panel.tops[key] += value
    marker = trace.get("marker", {})
    refuse_unknown("a bar's marker", marker, {"color", "line"})
    shade, edge = colour(marker.get("color", PALETTE[0])), marker.get("line", {})
    style = {"color": shade, "edgecolor": colour(edge.get("color", panel.ground)), "zorder": z,
             "linewidth": edge.get("width", 0) * panel.points}  # fmt: skip
    if lying:
        panel.axes.barh(place, length, width, left=base, **style)
        _errors(panel, trace, base + length, place, z + 0.005)
        _beside(panel, trace, base + length, place)
    else:
        refuse_unknown("upright bars", trace, _KNOWN["bar"] - {"text", "textposition"})
        panel.axes.bar(place, length, width, bottom=base, **style)
        _errors(panel, trace, place, base + length, z + 0.005)
    return Patch(color=shade if not isinstance(shade, list) else panel.look.rest)


def _room(panel: Panel, trace: Trace, bars: Sequence[Trace], place: Floats) -> tuple[Floats, Any]:
    """Where the middles of bars stand, and how wide they are: of a group, side by side."""
    if "width" in trace:
        return place, array(trace["width"])
    apart = np.diff(np.unique(place))
    room = (float(apart.min()) if apart.size else 1.0) * (1 - panel.gap)
    if panel.mode == "stack" or len(bars) < 2:
        return place, room
    k = next(k for k, one in enumerate(bars) if one is trace)
    return place + room * ((k + 0.5) / len(bars) - 0.5), room / len(bars) * (1 - panel.group_gap)


def _beside(panel: Panel, trace: Trace, ends: Floats, place: Floats) -> None:
    """What is said at the ends of lying bars."""
    if "text" not in trace:
        return
    refuse_unknown("a bar's texts", [str(trace.get("textposition"))], {"outside"})
    for text, x, y in zip(trace["text"], ends, place, strict=True):
        panel.axes.annotate(
            words(text), (x, y), (2, 0), textcoords="offset points", va="center", fontsize=7, color=panel.look.ink,
            parse_math=False,
        )  # fmt: skip


def _heat(panel: Panel, trace: Trace) -> None:
    axes = panel.axes
    cells = np.ma.masked_invalid(np.array([array(row) for row in trace["z"]], np.float64))
    edges = [np.append(scale.places(trace[side]) - 0.5, len(trace[side]) - 0.5)
             for side, scale in (("x", panel.x), ("y", panel.y))]  # fmt: skip
    mesh = axes.pcolormesh(
        *edges, cells, cmap=_shades(trace), vmin=trace["zmin"], vmax=trace["zmax"], edgecolors=panel.ground,
        linewidth=trace.get("xgap", 0) * panel.points,
    )  # fmt: skip
    _colour_bar(panel, mesh, trace.get("colorbar", {}))


def _shades(told: Mapping[str, Any]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("figure", [(at, shade) for at, shade in told["colorscale"]])


def _scaled(panel: Panel, marker: Mapping[str, Any]) -> list[Any]:
    """The colours of marks that stand for numbers; beside the panel, what they stand for."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = ScalarMappable(Normalize(marker["cmin"], marker["cmax"]), _shades(marker))
    if marker.get("showscale"):
        _colour_bar(panel, scale, marker.get("colorbar", {}))
    return list(scale.to_rgba(array(marker["color"]).astype(np.float64)))


def _colour_bar(panel: Panel, scale: Any, bar: Mapping[str, Any]) -> None:
    """To the right of a panel; its title above it, or along it, as plotly has "side"."""
    refuse_unknown("a colour bar", bar, {"title", "tickvals", "ticktext", "thickness", "outlinewidth"})
    axes = panel.axes
    shown = axes.figure.colorbar(scale, cax=axes.inset_axes((1.02, 0, 0.03, 1)), ticks=bar.get("tickvals"))
    shown.outline.set_visible(False)
    shown.ax.minorticks_off()
    shown.ax.tick_params(length=0, labelcolor=panel.look.ink)
    if "ticktext" in bar:
        shown.ax.set_yticks(bar["tickvals"], [words(text) for text in bar["ticktext"]], parse_math=False)
    told = bar.get("title", {})
    style = {"fontsize": 7, "color": panel.look.ink, "parse_math": False}
    if told.get("side") == "right":
        shown.ax.set_ylabel(words(told["text"]), **style)
    else:
        shown.ax.set_title(words(told.get("text", "")), loc="left", **style)
