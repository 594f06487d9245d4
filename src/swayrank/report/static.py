"""Our plotly figures as figures for paper: the same traces, axes, colours and words, laid out anew by matplotlib.

What plotly needs for the mouse is left out; whatever else a figure holds and this does not know is refused by name
(:class:`~swayrank.errors.ParameterError`), never left out unseen. Text stays text: no markup, no formulas. Sizes are
inches and points, so that letters are as large in a narrow figure as in a wide one: names on a map that would cover one
another give way, a legend goes below, panels that stood side by side go one below the other. An animation becomes a
row of its steps, six at most.
"""

from __future__ import annotations

import contextlib
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from swayrank._extras import absent
from swayrank.errors import ParameterError
from swayrank.report.canvas import DARK, LIGHT, Theme, table_of
from swayrank.report.static_axes import (
    dress_axis,
    frame,
    is_list,
    make_room,
    make_room_for_legend,
    pair_of,
    place,
    shape,
    text_width,
    thin_ticks,
    transform,
    wrap_labels,
)
from swayrank.report.static_fonts import fonts_there
from swayrank.report.static_traces import (
    Panel,
    Scale,
    array,
    check_traces,
    colour,
    draw_traces,
    refuse_unknown,
    scale_of,
    words,
)

_NARROW = 5.0  # inches, below which legends go below and panels one below the other
_TEXT, _TITLE, _SMALL, _LEAST = 8.0, 10.0, 7.0, 6.0  # points
_BETWEEN = 0.25  # inches between panels side by side: ticks and margins
_ROW = 0.6  # points that a pixel is high where each line is a name
_FLAT = 0.45  # of its width, that a figure is high at least where lines are no names
_MOST_STEPS = 6
_LAYOUT = {
    "title", "template", "paper_bgcolor", "plot_bgcolor", "font", "colorway", "margin", "meta", "width", "height",
    "legend", "showlegend", "barmode", "bargap", "bargroupgap", "annotations", "shapes",
    "hoverlabel", "hovermode", "updatemenus", "sliders",
}  # fmt: skip
_AXIS = {
    "title", "type", "range", "rangemode", "autorange", "tickvals", "ticktext", "tickangle", "tickformat", "dtick",
    "side", "visible", "showgrid", "gridcolor", "showticklabels", "scaleanchor", "domain", "anchor", "matches",
    "zeroline", "automargin", "constrain",
}  # fmt: skip
_NOTE = {"text", "x", "y", "xref", "yref", "xanchor", "yanchor", "xshift", "yshift", "font", "bgcolor", "opacity",
         "borderpad", "showarrow"}  # fmt: skip
_SIDES = {"auto": "center", "middle": "center"}


@contextlib.contextmanager
def paper() -> Iterator[None]:
    """Within this, matplotlib is as it comes, whatever its user set up, and its files are the same bytes every time.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        raise absent("a static figure", "matplotlib") from None
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Gg]lyph")  # who draws says so once, by static_fonts.boxed
        mpl.rcdefaults()
        mpl.rcParams.update({
            "svg.fonttype": "none", "svg.hashsalt": "swayrank", "pdf.fonttype": 42, "ps.fonttype": 42,
            "font.family": fonts_there(), "font.size": _TEXT, "text.parse_math": False,
        })  # fmt: skip
        yield


def static(
    figure: Any,
    *,
    ax: Any = None,
    width: float = 7.0,
    height: float | None = None,
    title: bool = True,
    dpi: int | None = None,
) -> Any:
    """A plotly figure of this package, drawn by matplotlib.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    ax : matplotlib.axes.Axes, optional
        Where to draw, for figures of one panel.
    width, height : float
        Inches; the height follows from what is drawn, unless given.
    title : bool, default True
        Whether title and caption stand above.
    dpi : int, optional
        Dots an inch that texts are measured at: those of the file, if it has any.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If it is no figure of this package, holds what cannot be drawn so, or has several panels and `ax` is given.
    MissingDependencyError
        If matplotlib is not installed.
    """
    table_of(figure)
    with paper():
        return _Drawing(_steps(figure), ax, width, height, title, dpi).made()


class _Drawing:
    """One figure on its way: what plotly was told, and the panels that come of it."""

    def __init__(
        self, told: Mapping[str, Any], ax: Any, width: float, height: float | None, title: bool, dpi: int | None
    ) -> None:
        self.layout, self.traces = told["layout"], told["data"]
        check_traces(self.traces)
        axes = {key for key in self.layout if key.startswith(("xaxis", "yaxis"))}
        refuse_unknown("a layout", set(self.layout) - axes, _LAYOUT)
        for key in sorted(axes):
            refuse_unknown("an axis", self.layout[key], _AXIS)
        self.look: Theme = DARK if self.layout.get("paper_bgcolor") == DARK.paper else LIGHT
        self.width, self.narrow = width, width < _NARROW
        pixels = self.layout.get("width", 900)
        self.true_points = 72 * width / pixels
        self.points = float(np.clip(self.true_points, 0.4, 0.75))
        pairs = [(trace.get("xaxis", "x"), trace.get("yaxis", "y")) for trace in self.traces]
        self.pairs = list(dict.fromkeys(pairs))
        self.of = {pair: [t for t, own in zip(self.traces, pairs, strict=True) if own == pair] for pair in self.pairs}
        self.columns, self.rows = self._spans(0), self._spans(1)[::-1]
        self.piled = len(self.rows) == 1 and len(self.columns) > 1 and (self.narrow or self._is_crowded())
        text, _, caption = str(self.layout.get("title", {}).get("text", "")).partition("<br>")
        self.title, self.caption = (words(text), words(caption)) if title else ("", "")
        self.ax, self.height, self.dpi = ax, height, dpi
        self.samples: list[tuple[Any, Mapping[str, Any]]] = []

    # -- where things go ---------------------------------------------------------------------------------------------

    def _is_crowded(self) -> bool:
        """Whether the names of a panel take over half its room beside others, or its title is wider than the rest."""
        titles = [words(note["text"]) for note in self.layout.get("annotations", ()) if note.get("xref") == "paper"]
        longest = max((text_width(title, _TEXT) for title in titles), default=0.0)
        room = self.width / len(self.columns)
        for x, y in self.pairs:
            if self._axis(x).get("matches"):
                continue  # a map's steps have no names
            names = self._axis(y).get("ticktext", self._scale(y).names)
            names = max((text_width(words(name), _TEXT) for name in names), default=0.0)
            if names > room / 2 or longest > room - names - _BETWEEN:
                return True
        return False

    def _axis(self, name: str) -> Mapping[str, Any]:
        """The layout of the axis called "x" or "y2"."""
        told: Mapping[str, Any] = self.layout.get(f"{name[0]}axis{name[1:]}", {})
        return told

    def _span(self, pair: tuple[str, str], side: int) -> tuple[float, float]:
        """From where to where a panel goes, of the figure's width (0) or height (1)."""
        low, high = self._axis(pair[side]).get("domain", (0.0, 1.0))
        return float(low), float(high)

    def _spans(self, side: int) -> list[tuple[float, float]]:
        """Of all columns, from left to right, or rows, from below."""
        return sorted({self._span(pair, side) for pair in self.pairs})

    def _cell(self, pair: tuple[str, str]) -> tuple[int, int]:
        """Row and column of a panel."""
        row, column = self.rows.index(self._span(pair, 1)), self.columns.index(self._span(pair, 0))
        return (column, 0) if self.piled else (row, column)

    def _title_lines(self) -> list[tuple[str, float, str]]:
        """Lines of title and caption with their size and colour."""
        lines = []
        for text, size, shade in ((self.title, _TITLE, self.look.ink), (self.caption, _SMALL, self.look.faint)):
            wide = max(20, int((self.width - 0.1) * 72 / (0.6 * size)))
            lines += [(line, size, shade) for part in text.split("\n") for line in textwrap.wrap(part, wide)]
        return lines

    def _high(self, head: float) -> float:
        """Inches, where nobody says how many: names have a line each, and all else keeps its proportions."""
        margin = self.layout.get("margin", {})
        pixels = self.layout.get("height", 450) - margin.get("t", 100) - margin.get("b", 80)
        points = max(self.true_points, _FLAT * 72 * self.width / pixels)
        if any(self._axis(y).get("scaleanchor") for _, y in self.pairs):
            points = self.true_points
        elif any(is_list(self._axis(y), self._scale(y)) for _, y in self.pairs):
            points = max(_ROW, self.true_points)
        panels = len(self.columns) if self.piled else 1
        below = (0.35 + 0.16 * -(-len(self._named()) // self._legend_columns())) if self._legend_is_below() else 0.0
        axis = 0.45 if all(self._axis(x).get("visible", True) for x, _ in self.pairs) else 0.1
        return float(panels * (pixels * points / 72 + axis) + below + head)

    def _scale(self, name: str) -> Scale:
        side = name[0]
        own = [t for t in self.traces if t.get(f"{side}axis", side) == name]
        return scale_of(self._axis(name), (array(t[side]) for t in own))

    # -- drawing -----------------------------------------------------------------------------------------------------

    def made(self) -> Any:
        if self.ax is None:
            figure, places = self._blank()
        elif len(self.pairs) == 1:
            figure, places = self.ax.figure, np.array([[self.ax]])
            self.ax.set_title(self.title, loc="left", fontsize=_TITLE, parse_math=False)
        else:
            raise ParameterError(f"ax must be left out: this figure has {len(self.pairs)} panels")
        panels = {}
        for pair in self.pairs:
            axes = places[self._cell(pair)]
            panels[pair] = panel = self._panel(pair, axes)
            first = next(k for k, trace in enumerate(self.traces) if trace is self.of[pair][0])
            self.samples += draw_traces(panel, self.of[pair], first)
            for name, scale, side in zip(pair, (panel.x, panel.y), "xy", strict=True):
                dress_axis(axes, side, self._axis(name), scale, self.look)
            frame(axes, self.look, heat=any(t["type"] == "heatmap" for t in self.of[pair]))
        for told in self.layout.get("shapes", ()):
            shape(panels[pair_of(told)], told)
        notes = [self._note(panels, note) for note in self.layout.get("annotations", ())]
        self._legend(figure, places)
        if self.ax is None:
            figure.get_layout_engine().execute(figure)
            wrap_labels(figure)
            thin_ticks(figure)
            figure.get_layout_engine().execute(figure)
            figure.set_layout_engine("none")
        make_room(figure, [note for note in notes if note is not None])
        return figure

    def _blank(self) -> tuple[Any, Any]:
        """A figure that no window knows of, with its title and empty panels."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        lines = self._title_lines()
        head = sum(1.3 * size for _, size, _ in lines) / 72 + (0.12 if lines else 0.0)
        height = self._high(head) if self.height is None else self.height
        figure: Any = Figure(
            figsize=(self.width, height), layout="constrained", facecolor=self.look.paper, dpi=self.dpi
        )
        FigureCanvasAgg(figure)
        figure.get_layout_engine().set(rect=(0, 0, 1, 1 - head / height), w_pad=0.06, h_pad=0.06)
        y = height - 0.06
        for text, size, shade in lines:
            figure.text(0.06 / self.width, y / height, text, size=size, color=shade, va="top", parse_math=False)
            y -= 1.3 * size / 72
        wide, high = ([b - a for a, b in spans] for spans in (self.columns, self.rows))
        wide, high = ([1.0], [1.0] * len(wide)) if self.piled else (wide, high)
        ratios: dict[str, Any] = {"height_ratios": high, "width_ratios": wide}
        places: Any = figure.subplots(len(high), len(wide), squeeze=False, gridspec_kw=ratios)
        used = {self._cell(pair) for pair in self.pairs}
        for cell in np.ndindex(places.shape):
            if cell not in used:
                places[cell].set_axis_off()
        for pair in self.pairs:
            axes, matched = places[self._cell(pair)], self._axis(pair[0]).get("matches")
            other = next((one for one in self.pairs if one[0] == matched and one != pair), None)
            if other is not None:
                axes.sharex(places[self._cell(other)])
        return figure, places

    def _panel(self, pair: tuple[str, str], axes: Any) -> Panel:
        ground = self.layout.get("plot_bgcolor", self.look.paper)
        axes.set_facecolor(ground)
        bars = self.layout.get("barmode", "group"), self.layout.get("bargap", 0.2), self.layout.get("bargroupgap", 0.0)
        is_map = not self._axis(pair[0]).get("visible", True)
        points = self.true_points * len(self.columns) ** -0.5 if is_map else self.points
        return Panel(axes, self._scale(pair[0]), self._scale(pair[1]), self.look, points, *bars, ground)

    def _note(self, panels: Mapping[tuple[str, str], Panel], note: Mapping[str, Any]) -> Any:
        """Draw an annotation; give it unless it is a panel's title."""
        refuse_unknown("an annotation", note, _NOTE)
        if note.get("showarrow", True):
            raise ParameterError("a static figure cannot show an annotation's arrow; write it as .html")
        if note.get("xref") == "paper":
            self._panel_title(panels, note)
            return None
        panel, font = panels[pair_of(note)], note.get("font", {})
        size = _TEXT * font.get("size", 12) / 12
        if not self._axis(pair_of(note)[0]).get("visible", True):  # a map: names are as large as its dots
            size = max(_LEAST, font.get("size", 12) * self.true_points)
        if str(note.get("yref", "")).endswith(" domain"):
            panel.axes.margins(y=0.16)  # room for it above what is drawn
            ground = {"facecolor": self.look.paper, "alpha": 0.7, "edgecolor": "none", "pad": 0.6}
        elif "bgcolor" in note:
            ground = {"facecolor": note["bgcolor"], "alpha": note.get("opacity", 1.0), "edgecolor": "none", "pad": 0.6}
        else:
            ground = None
        off = note.get("xshift", 0) * 0.7, note.get("yshift", 0) * 0.7
        across, along = (note.get(anchor, "auto") for anchor in ("xanchor", "yanchor"))
        return panel.axes.annotate(
            words(note["text"]), place(panel, note, "x", "y"), off, xycoords=transform(panel.axes, note),
            textcoords="offset points", fontsize=size, color=colour(font.get("color", self.look.ink)), bbox=ground,
            ha=_SIDES.get(across, across), va=_SIDES.get(along, along), zorder=5,
            parse_math=False, annotation_clip=False,
        )  # fmt: skip

    def _panel_title(self, panels: Mapping[tuple[str, str], Panel], note: Mapping[str, Any]) -> None:
        """The title of the panel above whose middle it stands."""
        for (x, y), panel in panels.items():
            (left, right), top = self._axis(x).get("domain", (0, 1)), self._axis(y).get("domain", (0, 1))[1]
            if abs((left + right) / 2 - note["x"]) < 0.01 and abs(top - note["y"]) < 0.01:
                panel.axes.set_title(words(note["text"]), fontsize=_TEXT, color=self.look.ink, parse_math=False)
                return
        raise ParameterError("a static figure cannot show an annotation outside its panels; write it as .html")

    # -- the legend --------------------------------------------------------------------------------------------------

    def _named(self) -> list[Mapping[str, Any]]:
        """The traces that a legend names: as plotly has it, none that shows nothing."""
        named = [t for t in self.traces if "name" in t and t.get("showlegend", True) and t["type"] != "heatmap"]
        shown = self.layout.get("showlegend", len(named) > 1 or any(t.get("showlegend") for t in named))
        return [t for t in named if array(t["x"]).size] if shown else []

    def _legend_is_below(self) -> bool:
        lies = self.layout.get("legend", {}).get("orientation") == "h"
        return self.ax is None and (self.narrow or lies) and bool(self._named())

    def _is_map_on_ax(self) -> bool:
        """Whether dots may be anywhere on the axes of somebody else's figure."""
        return self.ax is not None and not any(self._axis(x).get("visible", True) for x, _ in self.pairs)

    def _legend_columns(self) -> int:
        letters = max(len(words(trace["name"])) for trace in self._named())
        return max(1, min(len(self._named()), int(self.width * 72 / (letters * 0.58 * _SMALL + 34))))

    def _legend(self, figure: Any, places: Any) -> None:
        named = self._named()
        samples = [(sample, words(t["name"])) for sample, t in self.samples if any(t is one for one in named)]
        if not samples:
            return
        told = self.layout.get("legend", {})
        if told.get("traceorder") == "reversed":
            samples.reverse()
        style: dict[str, Any] = {
            "frameon": False,
            "fontsize": _SMALL,
            "title_fontsize": _SMALL,
            "labelcolor": self.look.ink,
        }
        if self._legend_is_below():
            owner, style = figure, {**style, "loc": "outside lower left", "ncols": self._legend_columns()}
        elif self.ax is None:
            owner, style = places[0, -1], {**style, "loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
        else:
            loc = {"loc": "upper right", "borderaxespad": 0.0} if self._is_map_on_ax() else {"loc": "best"}
            owner, style = self.ax, {**style, **loc}
        legend = owner.legend([one for one, _ in samples], ["name"] * len(samples), **style)
        for text, (_, name) in zip(legend.get_texts(), samples, strict=True):
            text.set(text=name, parse_math=False)  # as a label, "_" at its start would leave it out
        if "title" in told:
            legend.set_title(words(told["title"]["text"]))
            legend.get_title().set_color(self.look.ink)
        legend.set_alignment("left")
        if self._is_map_on_ax():
            make_room_for_legend(self.ax, legend)


# -- animations --------------------------------------------------------------------------------------------------------


def _steps(figure: Any) -> Mapping[str, Any]:
    """The figure as plain data; an animation as a panel for each of its steps, or six of them."""
    told: dict[str, Any] = figure.to_plotly_json()
    if not figure.frames:
        return told
    n = len(figure.frames)
    picked = sorted({round(k) for k in np.linspace(0, n - 1, min(n, _MOST_STEPS))})
    layout = dict(told["layout"])
    prefix = layout["sliders"][0]["currentvalue"]["prefix"]
    wide = min(3, len(picked))
    high = -(-len(picked) // wide)
    traces: list[dict[str, Any]] = []
    notes, named = [], set()
    for k, at in enumerate(picked):
        frame, own = figure.frames[at].to_plotly_json(), "" if k == 0 else str(k + 1)
        left, top = (k % wide) / wide, 1 - (k // wide) / high
        layout[f"xaxis{own}"] = {**told["layout"]["xaxis"], "domain": [left, left + 1 / wide - 0.01]}
        layout[f"yaxis{own}"] = {**told["layout"]["yaxis"], "domain": [top - 1 / high + 0.01, top]}
        for trace in frame["data"]:
            new = trace["name"] not in named and array(trace["x"]).size > 0
            traces.append({**trace, "xaxis": f"x{own}", "yaxis": f"y{own}", "showlegend": new})
            named |= {trace["name"]} if new else set()
        middle = left + 0.5 / wide - 0.005
        notes.append({"text": f"{prefix}{frame['name']}", "x": middle, "y": top, "xref": "paper", "showarrow": False})
    some = f"{len(picked)} of {n:,} {prefix.strip()}s: " if len(picked) < n else ""
    whole = layout["meta"].get("whole", layout["title"]["text"])
    title = whole.replace("<br><sub>", f"<br><sub>{some}")
    layout |= {"annotations": notes, "title": {"text": title}, "height": 180 + layout["width"] * high // wide}
    return {"data": traces, "layout": layout}
