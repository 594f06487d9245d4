"""Engagement over time: reactions by kind above, posts below, by the hour to by the year; of all or of one account.

What is drawn is what :func:`swayrank.overview.activity.activity_over_time` counts, of a log or kept by a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from swayrank._extras import absent
from swayrank._render import renders
from swayrank._text import printable
from swayrank._validate import domains
from swayrank.errors import ParameterError
from swayrank.report.canvas import PALETTE, THEMES, Rows, count_ticks, dress, number, plotly, safe, theme_of
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.pictures import ACTIVITY, absence, activity_of
from swayrank.scoring.scores import Scores
from swayrank.scoring.telling import counted

_MOST_KINDS = len(PALETTE)


def activity_facts(found: Scores | KeptScores, account: str | None = None) -> Mapping[str, Any]:
    """What is known of activity over time; of one account's, where it is named.

    Raises
    ------
    ParameterError
        If it is not known.
    """
    if isinstance(found, KeptScores):
        told = found.activity()
        why = "" if told is not None else f"this run keeps no activity ({absence(found, ACTIVITY)})"
    else:
        own = [] if account is None else [found.ids.position(account)]
        made = activity_of(found, np.array(own, np.int64))
        told, why = (None, f"there is no activity: {made}") if isinstance(made, str) else (made, "")
    if told is None:
        raise ParameterError(why)
    if account is not None and str(account) not in told["accounts"]:
        raise ParameterError(
            f"account must be one whose activity is known, of which there are {len(told['accounts']):,}, "
            f"got {printable(account)!r}"
        )
    return told


@renders("Scores", "activity")
@renders("KeptScores", "activity")
@domains(theme=THEMES)
def engagement_over_time(found: Scores | KeptScores, *, account: str | None = None, theme: str = "light") -> Any:
    """Reactions in each stretch of time, stacked by kind, and the posts; of one account, all its reactions together."""
    told = activity_facts(found, account)
    return _of_one(told, str(account), theme) if account is not None else _of_all(told, theme)


def activity_rows(told: Mapping[str, Any], account: str | None = None) -> Rows:
    """The table behind the figure: a row for each stretch of time."""
    if account is not None:
        return Rows(
            [told["bin"], "reactions"],
            [list(row) for row in zip(told["times"], told["accounts"][account], strict=True)],
        )
    names = kinds(told)
    columns = [told["times"], *(told["actions"][name] for name in names)]
    columns += [told["posts"]] if told["posts"] is not None else []
    heads = [told["bin"], *names, *(["posts"] if told["posts"] is not None else [])]
    return Rows(heads, [list(row) for row in zip(*columns, strict=True)])


def kinds(told: Mapping[str, Any]) -> list[str]:
    """The kinds of action, the most frequent first."""
    return sorted(told["actions"], key=lambda name: (-sum(told["actions"][name]), name))


def span_told(told: Mapping[str, Any]) -> str:
    """How many stretches from when to when, and what is not in them."""
    n, unit, times = len(told["times"]), told["bin"], told["times"]
    first, last = (time.replace("T", " ").removesuffix(":00Z") for time in (times[0], times[-1]))
    words = f"{n:,} {unit}{'s' if n != 1 else ''} (UTC), {first} to {last}"
    missing = told["undated"] + told["before"]
    words += f"; {missing:,} rows without such a time are left out" if missing else ""
    own = told.get("own", 0)  # earlier runs counted them as reactions
    are = "is" if own == 1 else "are"
    to_self = f"; {counted(own, 'reaction')} of accounts to themselves {are} left out, as in scores"
    return words + (to_self if own else "")


def _of_all(told: Mapping[str, Any], theme: str) -> Any:
    go, look = plotly(), theme_of(theme)
    names, has_posts = kinds(told), told["posts"] is not None
    try:
        from plotly.subplots import make_subplots
    except ModuleNotFoundError:  # a part of plotly
        raise absent("an interactive figure", "plotly") from None
    rows = 2 if has_posts else 1
    heights = [0.7, 0.3] if has_posts else [1.0]
    figure = make_subplots(rows=rows, cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.07)
    for k, (name, counts) in enumerate(_shown(told, names)):
        colour = PALETTE[k] if k < _MOST_KINDS else look.rest
        figure.add_trace(_bars(go, told, name, counts, colour), row=1, col=1)
    if has_posts:
        figure.add_trace(_bars(go, told, "posts", told["posts"], look.rest, legend=False), row=2, col=1)
        figure.update_yaxes(
            title={"text": "posts"}, gridcolor=look.grid, **count_ticks(max(told["posts"], default=0)), row=2, col=1
        )
    total = sum(sum(counts) for counts in told["actions"].values())
    posts = f", {sum(told['posts']):,} posts" if has_posts else ""
    dress(
        figure, f"Engagement over time, by {told['bin']}", safe(f"{total:,} reactions{posts}; {span_told(told)}", 400),
        look, activity_rows(told), width=980, height=560 if has_posts else 460, barmode="stack", bargap=0.08,
        legend={"title": {"text": "kind of reaction"}, "traceorder": "normal"},
    )  # fmt: skip
    figure.update_yaxes(
        title={"text": f"reactions per {told['bin']}"},
        gridcolor=look.grid,
        row=1,
        col=1,
        **count_ticks(max(map(sum, zip(*told["actions"].values(), strict=True)), default=0)),
    )
    figure.update_xaxes(showgrid=False, automargin=True)
    return figure


def _shown(told: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Every kind; the rarest together, where there are more than colours."""
    shown = [(name, told["actions"][name]) for name in names[:_MOST_KINDS]]
    rest = [told["actions"][name] for name in names[_MOST_KINDS:]]
    return shown + ([("others", np.sum(rest, axis=0).tolist())] if rest else [])


def _bars(go: Any, told: Mapping[str, Any], name: str, counts: Sequence[int], colour: str, legend: bool = True) -> Any:
    hover = [f"{time}: {number(count)} {safe(name)}" for time, count in zip(told["times"], counts, strict=True)]
    return go.Bar(
        x=told["times"], y=list(counts), name=safe(name), marker={"color": colour, "line": {"width": 0}},
        hovertext=hover, hoverinfo="text", showlegend=legend,
    )  # fmt: skip


def _of_one(told: Mapping[str, Any], account: str, theme: str) -> Any:
    go, look = plotly(), theme_of(theme)
    counts = told["accounts"][account]
    figure = go.Figure(_bars(go, told, "reactions", counts, PALETTE[0], legend=False))
    return dress(
        figure, f"Reactions to {safe(account)} over time", safe(f"{sum(counts):,} in {span_told(told)}", 400), look,
        activity_rows(told, account), width=980, height=420, bargap=0.08, xaxis={"showgrid": False},
        yaxis={"title": {"text": f"reactions per {told['bin']}"}, "gridcolor": look.grid, "rangemode": "tozero",
               **count_ticks(max(counts, default=0))},
    )  # fmt: skip
