"""Calibration curves: predicted against observed, with intervals and the diagonal on which predictions are right.

Both axes are logarithmic, since adoptions are rare; what is 0 stands on an axis of its own at the lower end, marked 0.
Points below the diagonal are predicted too high.
"""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from swayrank._extras import absent
from swayrank._render import renders
from swayrank._text import printable
from swayrank._validate import domains
from swayrank.measures.propagation.models import Floats
from swayrank.report.canvas import THEMES, Rows, dress, safe, theme_of
from swayrank.report.files import write_figure
from swayrank.validation.calibration import Calibration
from swayrank.validation.reach import ReachCalibration

_KINDS = {False: ("#0072b2", "as predicted"), True: ("#d55e00", "not as predicted")}
_LINE = "#888888"


class _Curve(NamedTuple):
    """What is drawn: points with limits, which of them miss the diagonal, words, and both axes' ends."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats
    outside: Any
    notes: list[str]
    title: str
    below: str
    x_name: str
    y_name: str

    @property
    def ends(self) -> tuple[float, float]:
        """The lower end, where zeros stand, and the upper end."""
        shown = np.concatenate([self.x, self.y, self.low, self.high])
        positive = shown[np.isfinite(shown) & (shown > 0)]
        if not positive.size:
            return 1e-3, 1.0
        zero = positive.min() / (2.0 if (self.x == 0).any() or (self.y == 0).any() else 1.25)
        return float(max(zero, positive.max() / 1e7)), float(positive.max() * 1.25)


def _curve(found: Calibration | ReachCalibration) -> _Curve:
    if isinstance(found, Calibration):
        x, y, low, high = found.predicted, found.observed, found.low, found.high
        notes = [
            f"{n:,} exposed, {k:,} adopted, {m:,} posts"
            for n, k, m in zip(found.exposed, found.adopted, found.n_posts, strict=True)
        ]
        names = "predicted probability of adopting", "share that adopted"
        what, n = "Predicted and observed adoption", f"{int(found.exposed.sum()):,} exposed accounts"
    else:
        x, y, low, high, sizes = found.bins.values()
        notes = [f"{int(n):,} posts" for n in sizes]
        names = "predicted accounts reached", "accounts reached"
        what, n = "Predicted and real reach", f"{found.real.size:,} posts"
    prob = printable(str(found.params["prob"]), 40)
    below = f"{n}, probabilities: {prob}; bars are {100 * found.confidence:g} % intervals; below the line is too high"
    return _Curve(x, y, low, high, (x < low) | (x > high), notes, what, below, *names)


@renders("Calibration", "plot")
@renders("ReachCalibration", "plot")
@domains(theme=THEMES)
def curve_figure(found: Calibration | ReachCalibration, *, theme: str = "light") -> Any:
    """A plotly figure."""
    look = theme_of(theme)
    try:
        from plotly import graph_objects as go
    except ModuleNotFoundError:
        raise absent("an interactive curve", "plotly", "or write .csv") from None
    curve = _curve(found)
    zero, most = curve.ends
    x, y = np.maximum(curve.x, zero), np.maximum(curve.y, zero)
    low, high = np.maximum(curve.low, zero), np.maximum(curve.high, zero)
    told = np.stack([curve.x, curve.y, curve.low, curve.high], axis=1)
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[zero, most], y=[zero, most], mode="lines", line={"color": _LINE, "dash": "dash"}, hoverinfo="skip",
            showlegend=False,
        )
    )  # fmt: skip
    for outside, (colour, name) in _KINDS.items():
        rows = np.flatnonzero(curve.outside == outside)
        bars = {"array": (high - y)[rows], "arrayminus": (y - low)[rows], "thickness": 1.5, "color": colour}
        figure.add_trace(
            go.Scatter(
                x=x[rows], y=y[rows], mode="markers", name=name, marker={"size": 10, "color": colour,
                "symbol": "diamond" if outside else "circle"},
                error_y={"type": "data", "symmetric": False, **bars},
                customdata=told[rows], text=[html.escape(curve.notes[j]) for j in rows],
                hovertemplate="predicted %{customdata[0]:.4g}, observed %{customdata[1]:.4g} (%{customdata[2]:.4g} to "
                "%{customdata[3]:.4g})<br>%{text}<extra></extra>",
            )
        )  # fmt: skip
    values, texts = _ticks(zero, most, has_zero=bool((curve.x == 0).any() or (curve.y == 0).any()))
    ends = [math.log10(zero / 1.1), math.log10(most)]
    axis = {"type": "log", "range": ends, "tickvals": values, "ticktext": texts, "automargin": True,
            "gridcolor": look.grid}  # fmt: skip
    return dress(
        figure, html.escape(curve.title), safe(curve.below, 300), look, _rows(curve), width=860, height=680,
        xaxis={**axis, "title": curve.x_name}, yaxis={**axis, "title": curve.y_name},
    )  # fmt: skip


def _rows(curve: _Curve) -> Rows:
    """The table behind it."""
    columns = (curve.x, curve.y, curve.low, curve.high)
    rows = [[*map(float, figures), note] for *figures, note in zip(*columns, curve.notes, strict=True)]
    return Rows([curve.x_name, curve.y_name, "from", "to", "of"], rows)


def _ticks(zero: float, most: float, *, has_zero: bool) -> tuple[list[float], list[str]]:
    """Places 1, 2 and 5 of each decade, fewer where there are many decades; and 0 at the lower end."""
    steps = (1, 2, 5) if most / zero < 1e3 else (1,)
    decades = range(math.floor(math.log10(zero)), math.ceil(math.log10(most)) + 1)
    values = [k * 10.0**d for d in decades for k in steps]
    values = [v for v in values if zero * (1.4 if has_zero else 1) <= v <= most]
    texts = [f"{v:.12g}" for v in values]
    return ([zero, *values], ["0", *texts]) if has_zero else (values, texts)


def save_curve(found: Calibration | ReachCalibration, path: Path) -> None:
    """Write the curve as .html (whole, works offline), .png, .svg or .pdf."""
    write_figure(curve_figure(found), path)
