"""A cascade step by step on the map: who is active, who has just become so, who is not yet.

One run of a simulation that kept it (``simulate(..., playback=1)``). Accounts stand where the map has them
(:mod:`swayrank.overview.backbone`); what happens to accounts off the map is counted in the title alone. Epidemics go by
time: their runs are cut into 59 equal stretches, and a frame shows who was active by the end of one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Integer, check, domains
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation.outcomes import Spread
from swayrank.overview.backbone import Backbone, backbone
from swayrank.report.canvas import PALETTE, THEMES, Rows, Theme, dress, plotly, safe, theme_of

_NEVER = -1
_MOST_FRAMES = 60


@domains(run=Integer(0), theme=THEMES)
def cascade_playback(
    spread: Spread,
    graph: Graph,
    *,
    run: int = 0,
    shown: Backbone | None = None,
    max_nodes: int = 500,
    theme: str = "light",
) -> Any:
    """Play one run of a cascade on the map.

    Parameters
    ----------
    spread : Spread
        Of a simulation with ``playback`` at least 1.
    graph : Graph
        The graph that was simulated on.
    run : int, default 0
        Which of the runs that were kept.
    shown : Backbone, optional
        A map of the same graph, made before; else one of the most followed accounts.
    max_nodes : int, default 500
        Accounts of that map.
    theme : {"light", "dark"}, default "light"
        Colours.

    Returns
    -------
    plotly.graph_objects.Figure
        With a slider over the steps, and buttons that play them and stop.

    Raises
    ------
    ParameterError
        If the run was not kept, or the graph or map is another.
    MissingDependencyError
        If plotly is not installed.
    """
    if graph.ids != spread.ids:
        raise ParameterError(f"graph must be the one simulated on, of {len(spread.ids):,} accounts, got {graph!r}")
    if not len(spread.playback):
        raise ParameterError("this spread kept no run: simulate with playback=1 or more")
    check("run", run, Integer(0, len(spread.playback) - 1))
    go, look = plotly(), theme_of(theme)
    shown = backbone(graph, max_nodes=max_nodes, max_arcs=0) if shown is None else shown
    if shown.n_nodes != graph.n_nodes:
        raise ParameterError(f"shown must be a map of this graph, got one of {shown.n_nodes:,} accounts")
    step, names = _steps(spread.playback[run])
    here = step[shown.nodes]
    titles = [_title(spread, run, step, k, shown) for k in range(len(names))]
    frames = [
        go.Frame(name=name, data=_marks(go, shown, here, k, look), layout={"title": {"text": titles[k]}})
        for k, name in enumerate(names)
    ]
    figure = go.Figure(data=_marks(go, shown, here, 0, look), frames=frames)
    unit = "time" if spread.playback.dtype.kind == "f" else "step"
    told = {"frame": {"duration": 700, "redraw": True}, "mode": "immediate", "transition": {"duration": 0}}
    play = {"label": "play", "method": "animate", "args": [None, {**told, "fromcurrent": True}]}
    stay = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate", "transition": {"duration": 0}}
    pause = {"label": "pause", "method": "animate", "args": [[None], stay]}
    steps = [{"label": name, "method": "animate", "args": [[name], told]} for name in names]
    hidden = {"visible": False, "range": [-1.06, 1.06], "constrain": "domain"}
    dress(
        figure, "", "", look, _rows(step, names, unit), width=980, height=820, xaxis=hidden,
        yaxis={**hidden, "scaleanchor": "x"},
        updatemenus=[{"type": "buttons", "buttons": [play, pause], "x": 0, "y": 0, "xanchor": "left", "yanchor": "top",
                      "pad": {"t": 32}, "showactive": False, "font": {"color": "#222222"}, "bgcolor": "#eeeeee"}],
        sliders=[{"steps": steps, "x": 0.14, "len": 0.86, "currentvalue": {"prefix": f"{unit} "}}],
    )  # fmt: skip
    figure.layout.title.text = titles[0]
    figure.layout.meta = {**figure.layout.meta, "whole": _title(spread, run, step, len(names) - 1, shown, whole=True)}
    return figure


def _steps(run: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The frame in which each account becomes active, -1 for never, and the names of the frames."""
    if run.dtype.kind != "f":
        last = int(run.max(initial=0))
        return run.astype(np.int64), [str(k) for k in range(last + 1)]
    ever = np.isfinite(run)
    end = float(run[ever].max(initial=0.0))
    width = end / (_MOST_FRAMES - 1) if end > 0 else 1.0
    step = np.full(run.size, _NEVER)
    step[ever] = np.ceil(run[ever] / width).astype(np.int64)
    return step, [f"{k * width:.3g}" for k in range(int(step.max(initial=0)) + 1)]


def _rows(step: npt.NDArray[np.int64], names: list[str], unit: str) -> Rows:
    """The table behind it: how many of all accounts become active in each frame, and have by then."""
    new = np.bincount(step[step != _NEVER], minlength=len(names))
    columns = names, new.tolist(), np.cumsum(new).tolist()
    return Rows([unit, "new", "active so far"], [list(row) for row in zip(*columns, strict=True)])


def _marks(go: Any, shown: Backbone, here: npt.NDArray[np.int64], k: int, look: Theme) -> list[Any]:
    """The accounts at one step, in three groups."""
    active = (here != _NEVER) & (here < k)
    groups = [
        ("not reached", (here == _NEVER) | (here > k), look.rest, 6, "circle"),
        ("active before", active, PALETTE[0], 10, "circle"),
        ("active now", here == k, PALETTE[1], 14, "diamond"),
    ]
    return [
        go.Scatter(
            x=shown.places[own, 0], y=shown.places[own, 1], mode="markers", name=name,
            marker={"size": size, "color": colour, "symbol": symbol, "line": {"color": look.paper, "width": 0.5}},
            hovertext=[safe(shown.accounts[i]) for i in np.flatnonzero(own)], hoverinfo="text",
        )
        for name, own, colour, size, symbol in groups
    ]  # fmt: skip


def _title(
    spread: Spread, run: int, step: npt.NDArray[np.int64], k: int, shown: Backbone, *, whole: bool = False
) -> str:
    """Of one step, or of the run as a whole, whose last step is `k`."""
    reached = int(np.count_nonzero((step != _NEVER) & (step <= k)))
    seeds = f"{len(spread.seeds):,} seed{'s' if len(spread.seeds) != 1 else ''}"
    whom = f"{reached:,} of {step.size:,} accounts active "
    whom += "in the end" if whole else f"so far, {int(np.count_nonzero(step == k)):,} of them new"
    part = f"; the map shows {len(shown):,} of them" if len(shown) < step.size else ""
    return f"A cascade from {seeds}, run {run + 1}<br><sub>{whom}{part}</sub>"
