"""Backtests as figures: every ranking's figures with their intervals, and what removing its first accounts cuts.

The score is drawn in one strong colour, baselines in greys and muted hues that colour-blind people tell apart, each
named beside its mark, so that no legend has to be matched.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._extras import absent
from swayrank._render import renders
from swayrank._validate import domains
from swayrank.errors import ParameterError
from swayrank.report.canvas import THEMES, Rows, dress, safe, table, theme_of
from swayrank.report.files import write_figure
from swayrank.validation.metrics import DEPTHS
from swayrank.validation.results import Backtest
from swayrank.validation.results import figure as with_interval

_SCORE, _OTHER = "#d55e00", ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#7f6000", "#999999", "#e69f00", "#444444")
_PALE = {"#444444": "#d0d0d0", "#7f6000": "#c9a227", "#0072b2": "#4da3d9"}
"""On dark paper, in the place of what would be lost there."""
_MARKS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star")


def _colour(m: int, theme: str = "light") -> str:
    colour = _SCORE if m == 0 else _OTHER[(m - 1) % len(_OTHER)]
    return colour if theme == "light" else _PALE.get(colour, colour)


def _title(found: Backtest) -> tuple[str, str]:
    """What is shown, and of whom."""
    n = len(found.folds)
    accounts = sum(fold.n_accounts for fold in found.folds)
    splits = "one split" if n == 1 else f"mean of {n} splits"
    outcome = str(found.params["outcome"]).replace("_", " ")
    return f"How well rankings foretold {outcome}", f"{splits}, {accounts:,} accounts ranked in all"


def _plotly() -> Any:
    try:
        from plotly import graph_objects, subplots
    except ModuleNotFoundError:
        raise absent("an interactive figure", "plotly", "or write .csv") from None
    return graph_objects, subplots


def _by_value(found: Backtest, metric: int) -> list[int]:
    """Rankings, the lowest first, so that the best is drawn on top."""
    return [int(m) for m in np.argsort(found.values[:, metric], kind="stable")]


@renders("Backtest", "metrics")
@domains(theme=THEMES)
def metrics_figure(found: Backtest, *, theme: str = "light") -> Any:
    """Spearman, NDCG and precision of every ranking, with intervals."""
    (go, subplots), look = _plotly(), theme_of(theme)
    shown = [found.metrics.index(name) for name in found.main_metrics]
    figure = subplots.make_subplots(
        rows=1, cols=3, subplot_titles=[found.metrics[i] for i in shown], horizontal_spacing=0.14
    )
    for column, i in enumerate(shown, start=1):
        order = _by_value(found, i)
        value, low, high = (table[order, i] for table in (found.values, found.low, found.high))
        names = [safe(found.names[m]) for m in order]
        bars = {
            "array": np.nan_to_num(high - value),
            "arrayminus": np.nan_to_num(value - low),
            "thickness": 1.5,
            "color": look.faint,
        }
        figure.add_trace(
            go.Scatter(
                x=value, y=names, mode="markers", showlegend=False,
                marker={"size": 10, "color": [_colour(m, theme) for m in order]},
                error_x={"type": "data", "symmetric": False, **bars},
                customdata=np.stack([low, high], axis=1),
                hovertemplate="%{y}: %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
            ),
            row=1, col=column,
        )  # fmt: skip
    title, whom = _title(found)
    dress(
        figure, html.escape(title), f"{whom}; bars are {found.params['confidence']:.0%} intervals", look,
        metrics_rows(found), width=1120, height=max(380, 130 + 32 * len(found.names)), margin={"t": 110},
    )  # fmt: skip
    figure.update_yaxes(automargin=True)
    return figure


def metrics_rows(found: Backtest) -> Rows:
    """The table behind it: every ranking's figures with the ends of their intervals."""
    at = [found.metrics.index(name) for name in found.main_metrics]
    heads = [f"{name}{end}" for name in found.main_metrics for end in ("", " from", " to")]
    tables = (found.values, found.low, found.high)
    rows = [
        [name, *(None if np.isnan(t[m, i]) else float(t[m, i]) for i in at for t in tables)]
        for m, name in enumerate(found.names)
    ]
    return Rows(["ranking", *heads], rows)


@renders("Backtest", "html")
def as_html(found: Backtest) -> str:
    """The main figures of every ranking as a table, and what came out in words."""
    at = [found.metrics.index(name) for name in found.main_metrics]
    rows = [
        [name, *(with_interval(found.values[m, i], found.low[m, i], found.high[m, i]) for i in at)]
        for m, name in enumerate(found.names)
    ]
    title, whom = _title(found)
    return table(f"{title}: {whom}", ["ranking", *found.main_metrics], rows, found.told(), names=["ranking"])


def _removal(found: Backtest) -> tuple[Any, Any]:
    first = len(found.metrics) - len(DEPTHS)
    shares = np.array(DEPTHS) * 100
    return shares, found.values[:, first:] * 100


@renders("Backtest", "removal")
@domains(theme=THEMES)
def removal_figure(found: Backtest, *, theme: str = "light") -> Any:
    """How much of the outcome goes if the first accounts of each ranking are removed."""
    (go, _), look = _plotly(), theme_of(theme)
    shares, cut = _removal(found)
    figure = go.Figure()
    for m, name in enumerate(found.names):
        shown = safe(name)
        figure.add_trace(
            go.Scatter(
                x=shares, y=cut[m], name=shown, mode="lines+markers",
                line={"color": _colour(m, theme), "width": 3 if m == 0 else 1.5},
                marker={"symbol": _MARKS[m % len(_MARKS)], "size": 8},
                hovertemplate=f"{shown}: without its first %{{x:.2f}} %, %{{y:.1f}} % less<extra></extra>",
            )
        )  # fmt: skip
    title, whom = _title(found)
    dress(
        figure, "What goes if the first accounts are removed", f"{html.escape(title)}; {whom}", look,
        removal_rows(found),
        xaxis={"title": "accounts removed, % (logarithmic)", "type": "log", "tickvals": shares.tolist(),
               "ticktext": [f"{share:g}" for share in shares]},
        yaxis={"title": f"{html.escape(str(found.params['outcome']).replace('_', ' '))} cut, %", "rangemode": "tozero"},
        width=860, height=560,
    )  # fmt: skip
    return figure


def removal_rows(found: Backtest) -> Rows:
    """The table behind it: what share of the outcome goes, a row for each ranking."""
    shares, cut = _removal(found)
    rows = [
        [name, *(None if np.isnan(x) else float(x) for x in row)] for name, row in zip(found.names, cut, strict=True)
    ]
    return Rows(["ranking", *(f"without {share:g} %" for share in shares)], rows)


def save_figures(found: Backtest, folder: Path, endings: Sequence[str] = (".html", ".png")) -> list[Path]:
    """Write both figures into a folder, to look at (.html) and to print (.png); give the paths."""
    return [
        save_figure(found, what, folder / f"{what}{suffix}") for what in ("metrics", "removal") for suffix in endings
    ]


def save_figure(found: Backtest, what: str, path: Path) -> Path:
    """Write "metrics" or "removal" as .html (whole, works offline), .png, .svg or .pdf; give the path."""
    interactive = {"metrics": metrics_figure, "removal": removal_figure}
    if what not in interactive:
        raise ParameterError(f"what must be one of {', '.join(interactive)}, got {what!r}")
    return write_figure(interactive[what](found), path)
