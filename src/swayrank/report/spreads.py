"""A simulated spread: how many accounts the runs reached, and how many joined at each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from swayrank._render import renders
from swayrank._validate import Integer, domains
from swayrank.measures.propagation.outcomes import Spread
from swayrank.report.canvas import PALETTE, THEMES, Rows, dress, number, plotly, safe, table, theme_of

_STEPS = 12


def _caption(found: Spread) -> str:
    """How far, how sure, of how many runs."""
    low, high = found.interval
    seeds = f"{len(found.seeds):,} seed{'s' if len(found.seeds) != 1 else ''}"
    level = 100 * float(str(found.params.get("confidence", 0.95)))
    ends = f"{level:g} % interval {number(low)} to {number(high)}"
    return f"{seeds}, {found.n_runs:,} runs, {len(found.ids):,} accounts; mean {number(found.mean)} ({ends})"


def _model(found: Spread) -> str:
    return str(found.params.get("model", "")).replace("_", " ")


@renders("Spread", "sizes")
@domains(n_bins=Integer(1, 1000), theme=THEMES)
def distribution(found: Spread, *, n_bins: int = 40, theme: str = "light") -> Any:
    """How many runs reached how many accounts, with the mean and the middle 90 % of the runs."""
    go, look = plotly(), theme_of(theme)
    low, high = int(found.sizes.min()), int(found.sizes.max())
    width = max(1, -(-(high - low + 1) // n_bins))
    edges = np.arange(low, high + width + 1, width)
    runs, _ = np.histogram(found.sizes, edges)
    share = 100 * runs / found.n_runs
    ranges = [f"{a:,}" if width == 1 else f"{a:,} to {a + width - 1:,}" for a in edges[:-1].tolist()]
    told = [f"{which} accounts: {n:,} runs ({s:.1f} %)" for which, n, s in zip(ranges, runs, share, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=edges[:-1] + (width - 1) / 2, y=share, width=width * 0.96, marker={"color": PALETTE[4]},
            hovertext=told, hoverinfo="text", showlegend=False,
        )
    )  # fmt: skip
    figure.add_vline(
        x=found.mean, line={"color": PALETTE[1], "width": 2}, annotation_text=f"mean {number(found.mean)}",
        annotation_font_color=look.ink, annotation_position="top right",
    )  # fmt: skip
    lows, highs = (float(np.quantile(found.sizes, q)) for q in (0.05, 0.95))
    figure.add_vrect(
        x0=lows, x1=highs, fillcolor=PALETTE[0], opacity=0.1, line_width=0, layer="below",
    )  # fmt: skip
    firsts = edges[:-1].tolist()
    counted = zip(firsts, runs.tolist(), share.tolist(), strict=True)
    rows = [[a, a + width - 1, n, s] for a, n, s in counted]
    caption = f"{_caption(found)}; shaded: the middle 90 % of the runs, {number(lows)} to {number(highs)}"
    return dress(
        figure, f"How far it spreads, run by run ({safe(_model(found))})", safe(caption, 300),
        look, Rows(["accounts from", "to", "runs", "runs, %"], rows), width=900, height=480,
        xaxis={"title": {"text": "active accounts in the end"}, "showgrid": False},
        yaxis={"title": {"text": "runs, %"}, "gridcolor": look.grid},
    )  # fmt: skip


@renders("Spread", "by_step")
@domains(theme=THEMES)
def by_step(found: Spread, *, theme: str = "light") -> Any:
    """How many accounts joined at each step (SIR: in each stretch of time; SIS: were infected at each time)."""
    go, look = plotly(), theme_of(theme)
    (what, axis, places), rows = _steps(found), _rows(found)
    told = [f"{axis} {number(place)}: {number(n)}" for place, n in rows.rows]
    figure = go.Figure(
        go.Bar(x=places, y=found.by_step, marker={"color": PALETTE[0]}, hovertext=told, hoverinfo="text")
    )
    return dress(
        figure, f"{what[0].upper()}{what[1:]}, step by step ({safe(_model(found))})", safe(_caption(found), 300), look,
        rows, width=900, height=460, xaxis={"title": {"text": axis}, "showgrid": False},
        yaxis={"title": {"text": f"{what}, mean of the runs"}, "gridcolor": look.grid},
    )  # fmt: skip


def _steps(found: Spread) -> tuple[str, str, Any]:
    """What is counted, along which axis, and where on it each number belongs."""
    if "bin" not in found.params:
        return "newly active accounts", "step", np.arange(found.by_step.size)
    width = float(str(found.params["bin"]))
    infected = str(found.params.get("model")).lower() == "sis"
    what = "infected accounts" if infected else "new infections"
    return what, "time", np.arange(found.by_step.size) * width


def _rows(found: Spread) -> Rows:
    """The table behind it."""
    what, axis, places = _steps(found)
    return Rows([axis, what], [[place, n] for place, n in zip(places.tolist(), found.by_step.tolist(), strict=True)])


@renders("Spread", "html")
def as_html(found: Spread) -> str:
    """How far, and the first steps, as a table."""
    heads, rows = _rows(found)
    notes = [f"and {len(rows) - _STEPS:,} more"] if len(rows) > _STEPS else []
    return table(f"Spread ({_model(found)})", heads, rows[:_STEPS], [*notes, _caption(found)])
