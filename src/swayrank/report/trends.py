"""Trend lines: chosen accounts' scores over kept runs of one scale, with their intervals.

Runs of other references or weights are on other scales and are not drawn, nor is an earlier run of the same time of
data; the caption says how many there are. Lines stand by the time of the runs' data, a little beside each other, so
that none hides another's interval; each account has a colour and a mark of its own. The axis is cut to the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from swayrank._render import renders
from swayrank._text import printable
from swayrank._validate import domains
from swayrank.errors import ParameterError
from swayrank.report.canvas import PALETTE, THEMES, Rows, dress, plotly, safe, table, theme_of
from swayrank.scoring.history import History, HistoryRow

_MOST = len(PALETTE)
_MARKS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "star")


def trend_of(past: History, accounts: Sequence[str] | None = None) -> dict[str, list[HistoryRow]]:
    """By account, its rows in the runs of the newest run's scale, the oldest first; the first seven accounts.

    Of runs of the same time of data, the one made last counts.

    Raises
    ------
    ParameterError
        If an account was not asked for, or none was.
    """
    known = past.accounts or ()
    if not known:
        raise ParameterError("trend lines are of chosen accounts: name them, as in history(out, ['ada', 'bob'])")
    asked = known[:_MOST] if accounts is None else tuple(map(str, accounts))
    if unknown := [one for one in asked if one not in known]:
        raise ParameterError(f"accounts must be among those of this history, got {printable(unknown[0])!r}")
    scale = past.runs[-1].scale
    last = {run.time: run.id for run in past.runs if run.scale == scale}
    found: dict[str, list[HistoryRow]] = {one: [] for one in asked}
    for row in past.rows:
        if row.account in found and last.get(row.time) == row.run:
            found[row.account].append(row)
    return found


def trend_rows(past: History, accounts: Sequence[str] | None = None) -> Rows:
    """The table behind the figure: a row for each account and run."""
    heads = ["account", "time", "score", "from", "to", "rank", "run"]
    rows = [
        [one.account, one.time, one.score, one.score_low, one.score_high, one.rank, one.run]
        for rows in trend_of(past, accounts).values()
        for one in rows
    ]
    return Rows(heads, rows)


@renders("History", "plot")
@domains(theme=THEMES)
def trend_lines(past: History, *, accounts: Sequence[str] | None = None, theme: str = "light") -> Any:
    """The scores of the history's accounts, run by run; seven at most, the first unless `accounts` names others."""
    go, look = plotly(), theme_of(theme)
    lines = trend_of(past, accounts)
    figure, moments = go.Figure(), [row.time for rows in lines.values() for row in rows]
    for k, (account, rows) in enumerate(lines.items()):
        scored = [row for row in rows if row.score is not None]
        colour = PALETTE[k % _MOST]
        figure.add_trace(
            go.Scatter(
                x=_beside([row.time for row in scored], k, len(lines), moments), y=[row.score for row in scored],
                mode="lines+markers", name=safe(account), line={"color": colour, "width": 2.5},
                marker={"size": 9, "color": colour, "symbol": _MARKS[k % _MOST]}, error_y=_errors(scored, colour),
                hovertext=[_hover(row) for row in scored], hoverinfo="text",
            )
        )  # fmt: skip
    n = len({row.run for rows in lines.values() for row in rows})
    left = len(past.runs) - n
    ends = any(row.score_low is not None for rows in lines.values() for row in rows)
    caption = f"{n:,} run{'' if n == 1 else 's'} of one scale, by the time of their data" + (
        "; bars are intervals" if ends else ""
    )
    caption += f"; {left:,} more of another scale or the same time are left out" if left else ""
    who = "Score" if len(lines) == 1 else f"Scores of {len(lines):,} accounts"
    of = f" of {safe(next(iter(lines)))}" if len(lines) == 1 else ""
    return dress(
        figure, f"{who}{of} over time", safe(caption, 300), look, trend_rows(past, accounts), width=940, height=520,
        showlegend=len(lines) > 1, xaxis={"showgrid": False, "title": {"text": "time of the data"}},
        yaxis={"title": {"text": "score, 0 to 100"}, "gridcolor": look.grid, "range": _range(lines), "zeroline": False},
        legend={"title": {"text": "account"}},
    )  # fmt: skip


def _beside(times: Sequence[str], k: int, n: int, moments: Sequence[str]) -> list[str]:
    """Times, moved a little for each line."""
    if n < 2 or len(set(moments)) < 2:
        return list(times)
    at = [np.datetime64(time.rstrip("Z")[:19], "s") for time in (*times, min(moments), max(moments))]
    step = (at[-1] - at[-2]) // 200
    return [str(one + step * (2 * k - n + 1) // 2) for one in at[:-2]]


def _range(lines: Mapping[str, Sequence[HistoryRow]]) -> list[float]:
    """From where to where the axis goes: what is drawn, and a little more."""
    shown = [x for rows in lines.values() for row in rows for x in (row.score, row.score_low, row.score_high)]
    known = [x for x in shown if x is not None] or [0.0, 100.0]
    room = max(2.0, 0.08 * (max(known) - min(known)))
    return [max(0.0, min(known) - room), min(101.0, max(known) + room)]


def _errors(rows: Sequence[HistoryRow], colour: str) -> dict[str, Any] | None:
    if all(row.score_low is None for row in rows):
        return None
    ends = [(row.score or 0.0, row.score_low, row.score_high) for row in rows]
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
        "array": [0.0 if high is None else high - score for score, _, high in ends],
        "arrayminus": [0.0 if low is None else score - low for score, low, _ in ends],
    }  # fmt: skip


def _hover(row: HistoryRow) -> str:
    ends = "" if row.score_low is None or row.score_high is None else f" ({row.score_low:.1f} to {row.score_high:.1f})"
    return f"{safe(row.account)}, {row.time[:16]}: {row.score:.1f}{ends}, rank {row.rank:,}"


@renders("History", "html")
def as_html(past: History) -> str:
    """The runs, or the accounts' rows, as a table."""
    if past.accounts is None:
        heads = ["run", "data until", "accounts", "scored", "scale"]
        rows: list[list[Any]] = [[one.id, one.time[:16], one.n_accounts, one.n_scored, one.scale] for one in past.runs]
        return table(f"{len(rows):,} kept runs", heads, rows, past.notes(), names=("run", "data until", "scale"))
    found = trend_rows(past)
    return table(
        "Scores over kept runs of one scale", found.head, found.rows, past.notes(), names=("account", "time", "run")
    )
