"""Axes of static figures, what stands on them, and where texts would touch: matplotlib's side of :mod:`.static`."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from swayrank.report.canvas import Theme
from swayrank.report.static_traces import Panel, Scale, colour, refuse_unknown, words

_LEAST = 5.0  # points of a letter
_SHAPE = {"type", "x0", "x1", "y0", "y1", "xref", "yref", "line", "fillcolor", "opacity", "layer"}


def is_list(told: Mapping[str, Any], scale: Scale) -> bool:
    """Whether each line of an axis is a name."""
    return bool(scale.names) or ("ticktext" in told and not scale.is_log)


# -- axes --------------------------------------------------------------------------------------------------------------


def dress_axis(axes: Any, side: str, told: Mapping[str, Any], scale: Scale, look: Theme) -> None:
    """Ticks, range, grid and title of an axis."""
    axis = getattr(axes, f"{side}axis")
    if scale.is_log:
        getattr(axes, f"set_{side}scale")("log")
    if scale.is_date:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        axis.set_major_locator(AutoDateLocator(minticks=3, maxticks=8))  # type: ignore[no-untyped-call]
        axis.set_major_formatter(ConciseDateFormatter(axis.get_major_locator()))  # type: ignore[no-untyped-call]
    _ticks(axes, side, told, scale)
    _range(axes, side, told, scale)
    if told.get("scaleanchor"):
        axes.set_aspect("equal")
    grid = told.get("showgrid", True) and not scale.names
    axis.grid(
        grid, which="major", **({"color": colour(told.get("gridcolor", look.grid)), "linewidth": 0.6} if grid else {})
    )
    title = told.get("title", {})
    axis.set_label_text(
        words(title.get("text", "") if isinstance(title, Mapping) else title), color=look.ink, parse_math=False
    )
    if not told.get("showticklabels", True):
        axis.set_tick_params(labelbottom=False, labelleft=False)
    axis.set_visible(told.get("visible", True))


def _ticks(axes: Any, side: str, told: Mapping[str, Any], scale: Scale) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    axis = getattr(axes, f"{side}axis")
    if told.get("side") == "top":
        axis.tick_top()
        axis.set_label_position("top")
    names = [words(name) for name in told.get("ticktext", scale.names)]
    if names:
        at = scale.places(told["tickvals"]) if "tickvals" in told else np.arange(len(names))
        turn: dict[str, Any] = {}
        if told.get("tickangle"):
            turn = {"rotation": -told["tickangle"], "rotation_mode": "anchor", "ha": "right"}
        axis.set_ticks(at, names, parse_math=False, **turn)
        axis.set_minor_locator(NullLocator())
    elif told.get("tickformat") == ",d" and told.get("dtick", 1) == 1:  # 1: whole numbers alone, which it does anyway
        axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    elif "dtick" in told:
        refuse_unknown("an axis", ["dtick"], set())
    elif "tickformat" in told:
        refuse_unknown("an axis", [f"tickformat {told['tickformat']}"], set())
    elif not scale.is_log and not scale.is_date:
        axes.ticklabel_format(axis=side, style="plain", useOffset=False)
    axis.set_tick_params(length=0 if names and not scale.is_log else 3)


def _range(axes: Any, side: str, told: Mapping[str, Any], scale: Scale) -> None:
    limits = getattr(axes, f"set_{side}lim")
    if "range" in told:
        low, high = told["range"]
        limits(*((10.0**low, 10.0**high) if scale.is_log else (low, high)))
    elif told.get("rangemode") == "tozero":
        limits(**{"left" if side == "x" else "bottom": 0})
    if told.get("autorange") == "reversed":
        getattr(axes, f"invert_{side}axis")()


def frame(axes: Any, look: Theme, *, heat: bool) -> None:
    """Lines to the left and below; none around a map or a heat map."""
    bare = heat or not (axes.xaxis.get_visible() or axes.yaxis.get_visible())
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.faint, labelcolor=look.ink)
    for name, spine in axes.spines.items():
        spine.set_visible(not bare and name in ("left", "bottom"))
        spine.set_color(look.faint)
    if heat:
        axes.grid(visible=False)
        axes.tick_params(length=0)


# -- shapes and annotations --------------------------------------------------------------------------------------------


def pair_of(told: Mapping[str, Any]) -> tuple[str, str]:
    """The axes that something is placed by."""
    return told.get("xref", "x").removesuffix(" domain"), told.get("yref", "y").removesuffix(" domain")


def transform(axes: Any, told: Mapping[str, Any]) -> Any:
    """Of the data, or of the panel, for each direction."""
    x, y = (str(told.get(ref, "")).endswith(" domain") for ref in ("xref", "yref"))
    if x and y:
        return axes.transAxes
    return axes.get_yaxis_transform() if x else axes.get_xaxis_transform() if y else axes.transData


def place(panel: Panel, told: Mapping[str, Any], x: str, y: str) -> tuple[float, float]:
    """A place, of which plotly tells the logarithm on logarithmic axes."""
    found = [
        told[key] if told.get(ref, "").endswith(" domain") else 10.0 ** told[key] if scale.is_log
        else float(scale.places([told[key]])[0])
        for key, ref, scale in ((x, "xref", panel.x), (y, "yref", panel.y))
    ]  # fmt: skip
    return float(found[0]), float(found[1])


def shape(panel: Panel, told: Mapping[str, Any]) -> None:
    """A line or a shaded stretch."""
    from matplotlib.patches import Rectangle

    refuse_unknown("a shape", told, _SHAPE)
    refuse_unknown("a shape", [f"type {told['type']}"], {"type line", "type rect"})
    (x0, y0), (x1, y1) = place(panel, told, "x0", "y0"), place(panel, told, "x1", "y1")
    line = told.get("line", {})
    style = {"transform": transform(panel.axes, told), "alpha": told.get("opacity"),
             "zorder": 0.6 if told.get("layer") == "below" else 4.0}  # fmt: skip
    if told["type"] == "rect":
        panel.axes.add_patch(
            Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor=told.get("fillcolor"), linewidth=0, **style)
        )
        return
    dash = {"dash": "--", "dot": ":", None: "-"}[line.get("dash")]
    wide = max(0.6, line.get("width", 2) * panel.points)
    panel.axes.plot(
        [x0, x1], [y0, y1], color=colour(line.get("color", panel.look.ink)), linewidth=wide, linestyle=dash, **style
    )


def make_room_for_legend(axes: Any, legend: Any) -> None:
    """Widen what a map's axes show, so that a legend at their right lies beside the dots."""
    from matplotlib.backends import backend_agg

    agg: Any = backend_agg
    renderer = agg.RendererAgg(*(int(side) + 1 for side in axes.figure.bbox.size), axes.figure.dpi)
    share = min(0.7, legend.get_window_extent(renderer).width / axes.get_window_extent(renderer).width + 0.02)
    low, high = axes.get_xlim()
    axes.set_xlim(low, low + (high - low) / (1 - share))


def wrap_labels(figure: Any) -> None:
    """Names of axes that are longer than their axis go on a second line."""
    for axes in figure.axes:
        for axis, side in ((axes.xaxis, "width"), (axes.yaxis, "height")):
            room, long = (getattr(one.get_window_extent(), side) for one in (axes, axis.label))
            if long > room:
                text = axis.label.get_text()
                axis.label.set_text(textwrap.fill(text, max(8, int(len(text) * room / long))))


def text_width(text: str, size: float) -> float:
    """Inches that the widest line of a text takes."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    measure, font = TextToPath(), FontProperties(size=size)
    return max(measure.get_text_width_height_descent(line, font, False)[0] for line in text.split("\n")) / 72


def thin_ticks(figure: Any) -> None:
    """Numbers below an axis that would touch become fewer."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    for axes in figure.axes:
        axis = axes.xaxis
        if not axis.get_visible() or not isinstance(axis.get_major_locator(), MaxNLocator):
            continue
        for most in (6, 5, 4, 3):
            if not _too_near(axes):
                break
            axis.get_major_locator().set_params(nbins=most)
        low, high = sorted(axes.get_xlim())
        ticks = [at for at in axis.get_majorticklocs() if low <= at <= high]
        while len(ticks) > 2 and _too_near(axes):
            ticks = ticks[::2]
            axis.set_major_locator(FixedLocator(ticks))


def _too_near(axes: Any) -> bool:
    """Whether the numbers below an axis have no room between them."""
    low, high = sorted(axes.get_xlim())
    axes.xaxis.get_majorticklabels()  # brings the ticks up to date
    ticks = [tick for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = sorted((one.x0, one.x1) for one in (tick.label1.get_window_extent() for tick in ticks) if one.width > 0)
    apart = axes.figure.dpi * 4.0 / 72
    return any(right + apart > left for (_, right), (left, _) in itertools.pairwise(boxes))


def make_room(figure: Any, notes: Sequence[Any]) -> None:
    """Texts that would touch shrink, then stand lower than those before; on a map, the later give way."""
    from matplotlib.backends import backend_agg

    agg: Any = backend_agg
    renderer = agg.RendererAgg(*(int(side) + 1 for side in figure.bbox.size), figure.dpi)
    for axes in figure.axes:
        own = [note for note in notes if note.axes is axes]
        axes.apply_aspect()
        for note in own:
            note.update_positions(renderer)  # on axes of somebody's figure, nobody has asked where notes stand
        if not axes.xaxis.get_visible():
            for note in _touching(own, renderer):
                note.remove()
            continue
        while own and _touching(own, renderer) and own[0].get_fontsize() > _LEAST:
            for note in own:
                note.set_fontsize(note.get_fontsize() - 0.5)
        lines = [note for note in own if note.get_bbox_patch() is not None]
        for note in _touching(lines, renderer):
            x, y = note.xyann
            note.xyann = (x, y - 1.4 * note.get_fontsize())


def _touching(notes: Sequence[Any], renderer: Any) -> list[Any]:
    """The texts that touch one before them which itself touches none."""
    kept, found = np.empty((0, 4)), []
    for note in notes:
        shown = note if note.get_bbox_patch() is None else note.get_bbox_patch()
        note.update_bbox_position_size(renderer)
        x0, y0, x1, y1 = shown.get_window_extent(renderer).extents
        apart = (kept[:, 0] >= x1) | (kept[:, 2] <= x0) | (kept[:, 1] >= y1) | (kept[:, 3] <= y0)
        if apart.all():
            kept = np.vstack([kept, (x0, y0, x1, y1)])
        else:
            found.append(note)
    return found
