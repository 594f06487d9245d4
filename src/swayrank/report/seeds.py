"""Chosen seeds: how far the first one, two, ... spread together, what each adds, and between which bounds all lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._render import renders
from swayrank._validate import domains
from swayrank.campaign.seedset import SeedSet
from swayrank.report.canvas import PALETTE, THEMES, Rows, dress, number, plotly, safe, table, theme_of

_ROWS = 20
_MOST_NAMES = 40


@dataclass(frozen=True)
class SeedPlan:
    """What is drawn of chosen seeds.

    Attributes
    ----------
    seeds : sequence of str
        In the order of choice.
    gains : sequence of float
        What each adds to those before it.
    method : str
        "" where nobody says.
    spread : float or None
        Of all, on other samples than they were chosen on; None where nobody says, and then it is not drawn.
    interval : tuple of two floats, or None
        Of `spread`, at 95 %.
    lower_bound, upper_bound : float or None
        What all reach at least, and what no choice reaches more than.
    """

    seeds: Sequence[object]
    gains: Sequence[float] | npt.NDArray[np.float64]
    method: str
    spread: float | None
    interval: tuple[float, float] | None
    lower_bound: float | None
    upper_bound: float | None

    @property
    def curve(self) -> npt.NDArray[np.float64]:
        """Spread of the first one, two, ..."""
        return np.cumsum(np.asarray(self.gains, np.float64))


def _plan(found: SeedSet) -> SeedPlan:
    bounds = found.lower_bound, found.upper_bound
    return SeedPlan(found.seeds, found.marginal_gains, found.method, found.spread, found.interval, *bounds)


def _title(found: SeedPlan) -> tuple[str, str]:
    """What is shown, and how good it is."""
    count = f"{len(found.seeds):,} seed{'s' if len(found.seeds) != 1 else ''}"
    bounds = "" if found.lower_bound is None else f", at least {number(found.lower_bound)}"
    bounds += f"; no choice spreads further than {number(found.upper_bound)}" if found.upper_bound is not None else ""
    title = f"What each of {count} adds" + (f" ({found.method})" if found.method else "")
    if found.spread is None:
        reached = float(found.curve[-1]) if len(found.seeds) else 0.0
        return title, f"together {number(reached)}, as chosen{bounds}"
    ends = "" if found.interval is None else " (95 % interval {} to {})".format(*map(number, found.interval))
    return title, f"together {number(found.spread)}{ends}{bounds}"


@renders("SeedSet", "plot")
@domains(theme=THEMES)
def curve(found: SeedSet, *, theme: str = "light") -> Any:
    """Spread of the first seeds with the bounds of all, above what each adds."""
    return plan_curve(_plan(found), theme=theme)


def plan_curve(found: SeedPlan, *, theme: str = "light") -> Any:
    """The same of a plan."""
    go, look = plotly(), theme_of(theme)
    try:
        from plotly.subplots import make_subplots
    except ModuleNotFoundError:  # a part of plotly
        raise absent("an interactive figure", "plotly") from None
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.06)
    place = np.arange(1, len(found.seeds) + 1)
    names = [safe(seed) for seed in found.seeds]
    sums = [f"{name} and those before: {number(float(all_))}" for name, all_ in zip(names, found.curve, strict=True)]
    adds = [f"{name} adds {number(float(gain))}" for name, gain in zip(names, found.gains, strict=True)]
    figure.add_trace(
        go.Scatter(
            x=place, y=found.curve, mode="lines+markers", name="first seeds together, as chosen",
            line={"color": PALETTE[0], "width": 2.5}, hovertext=sums, hoverinfo="text",
        ), row=1, col=1,
    )  # fmt: skip
    if place.size and found.spread is not None:
        low, high = found.interval or (found.spread, found.spread)
        figure.add_trace(
            go.Scatter(
                x=place[-1:], y=[found.spread], mode="markers", name="all, checked on other samples (95 %)",
                marker={"symbol": "diamond", "size": 11, "color": PALETTE[1]},
                error_y={"type": "data", "symmetric": False, "array": [high - found.spread],
                         "arrayminus": [found.spread - low], "color": PALETTE[1]},
                hovertext=[f"all: {number(found.spread)} ({number(low)} to {number(high)})"], hoverinfo="text",
            ), row=1, col=1,
        )  # fmt: skip
    lines = [("at least", found.lower_bound, "dot"), ("no choice reaches more", found.upper_bound, "dash")]
    for name, level, dash in lines:
        if level is not None and place.size:
            figure.add_trace(
                go.Scatter(
                    x=[0.5, place.size + 0.5], y=[level, level], mode="lines", name=f"{name}: {number(level)}",
                    line={"color": look.faint, "dash": dash, "width": 1.5}, hoverinfo="name",
                ), row=1, col=1,
            )  # fmt: skip
    figure.add_trace(
        go.Bar(x=place, y=np.asarray(found.gains, np.float64), marker={"color": PALETTE[4]}, hovertext=adds,
               hoverinfo="text", showlegend=False, name="adds"), row=2, col=1,
    )  # fmt: skip
    title, caption = _title(found)
    dress(
        figure, safe(title, 200), safe(caption, 300), look, plan_rows(found), width=900, height=640, bargap=0.3,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, margin={"t": 150},
    )  # fmt: skip
    ticks = {"tickvals": place.tolist(), "ticktext": names, "tickangle": -45} if place.size <= _MOST_NAMES else {}
    figure.update_xaxes(title={"text": "seeds, in the order of choice"}, automargin=True, row=2, col=1, **ticks)
    figure.update_yaxes(title={"text": "spread, accounts"}, rangemode="tozero", gridcolor=look.grid, row=1, col=1)
    figure.update_yaxes(title={"text": "adds, accounts"}, rangemode="tozero", gridcolor=look.grid, row=2, col=1)
    return figure


def plan_rows(found: SeedPlan) -> Rows:
    """The table behind the curve."""
    gains = np.asarray(found.gains, np.float64).tolist()
    rows = zip(map(str, found.seeds), gains, found.curve.tolist(), strict=True)
    return Rows(["seed", "account", "adds", "together"], [[k, *row] for k, row in enumerate(rows, 1)])


@renders("SeedSet", "html")
def as_html(found: SeedSet) -> str:
    """The seeds as a table."""
    pairs = zip(found.seeds, found.marginal_gains.tolist(), found.curve.tolist(), strict=True)
    rows = [[rank, str(seed), gain, together] for rank, (seed, gain, together) in enumerate(pairs, 1)]
    title, caption = _title(_plan(found))
    notes = [*([f"and {len(rows) - _ROWS:,} more"] if len(rows) > _ROWS else []), caption, found.guarantee]
    return table(title, ["rank", "account", "adds", "together"], rows[:_ROWS], notes)
