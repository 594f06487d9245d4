"""Scores as figures: the leaderboard with its intervals, and what each part adds to the scores of the highest.

Kept runs show the same as the scores that they keep, save for the map, which needs the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from swayrank._render import renders
from swayrank._validate import Integer, domains
from swayrank.report.canvas import PALETTE, THEMES, Rows, count_ticks, dress, number, plotly, safe, table, theme_of
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.scores import Scores
from swayrank.scoring.table import span

_ROWS, _STEP = 10, 5
_UNIT = "score, 0 to 100"


def _caption(found: Scores | KeptScores, k: int | None) -> str:
    """Of whom, and by which weights; of some, where `k` does not say of how many."""
    weights = ", ".join(f"{name} {weight:.3g}" for name, weight in found.weights.items())
    whom = "some" if k is None else f"the {k:,} highest"
    return f"{whom} of {found.n_scored:,} scored accounts ({len(found):,} in all); weights: {weights}"


def _axes(names: list[str], look: Any) -> dict[str, Any]:
    """The layout of figures with one account to a line, the best on top."""
    return {
        "width": 900,
        "height": max(320, 170 + 26 * len(names)),
        "xaxis": {"title": {"text": _UNIT}, "range": [0, 101], "gridcolor": look.grid, "zeroline": False},
        "yaxis": {
            "tickvals": list(range(len(names))), "ticktext": names, "automargin": True, "showgrid": False,
            "range": [-0.6, len(names) - 0.4], "zeroline": False,
        },
    }  # fmt: skip


def _names(found: Scores | KeptScores, best: list[int]) -> list[str]:
    return [f"{int(found.rank[i])}. {safe(found.ids[i])}" for i in best]


@renders("Scores", "leaderboard")
@renders("KeptScores", "leaderboard")
@domains(k=Integer(1, 200), theme=THEMES)
def leaderboard(found: Scores | KeptScores, *, k: int = 20, theme: str = "light") -> Any:
    """The `k` highest scores, the best on top, with the intervals that there are; names with their ranks."""
    go, look = plotly(), theme_of(theme)
    best = found.order(k)[::-1].tolist()
    score, sure = found.score[best], found.intervals
    told = [f"{safe(found.ids[i])}: rank {int(found.rank[i])}, score {number(float(found.score[i]))}" for i in best]
    errors, ends = None, ""
    if sure is not None:
        low, high = sure.score[0][best], sure.score[1][best]
        ranks = [span(int(sure.rank[0][i]), int(sure.rank[1][i]), "d") for i in best]
        told = [
            f"{text} ({a:.1f} to {b:.1f}), rank between {rank}"
            for text, a, b, rank in zip(told, low, high, ranks, strict=True)
        ]
        errors = {
            "type": "data", "symmetric": False, "array": np.nan_to_num(high - score), "thickness": 2,
            "arrayminus": np.nan_to_num(score - low), "color": PALETTE[0],
        }  # fmt: skip
        ends = f"; lines are {float(found.params['confidence']):.0%} intervals"
    figure = go.Figure(
        go.Scatter(
            x=score, y=list(range(len(best))), mode="markers", marker={"size": 11, "color": PALETTE[0]},
            error_x=errors, hovertext=told, hoverinfo="text", cliponaxis=False,  # a dot at 100 is a whole one
        )
    )  # fmt: skip
    title = "Leaderboard: who has most influence"
    caption, axes = safe(_caption(found, len(best)) + ends, 400), _axes(_names(found, best), look)
    return dress(figure, title, caption, look, leaderboard_rows(found, k), **axes)


def leaderboard_rows(found: Scores | KeptScores, k: int) -> Rows:
    """The table behind the leaderboard."""
    sure = found.intervals
    heads = ["rank", "account", "score", *(["from", "to", "best rank", "worst rank"] if sure is not None else [])]
    rows: list[list[Any]] = []
    for i in found.order(k).tolist():
        row = [int(found.rank[i]), str(found.ids[i]), float(found.score[i])]
        if sure is not None:
            row += [float(end[i]) for end in sure.score] + [int(end[i]) for end in sure.rank]
        rows.append(row)
    return Rows(heads, rows)


@renders("Scores", "breakdown")
@renders("KeptScores", "breakdown")
@domains(k=Integer(1, 200), theme=THEMES)
def breakdown(
    found: Scores | KeptScores, *, k: int = 20, accounts: Sequence[str] | None = None, theme: str = "light"
) -> Any:
    """What each part adds to the `k` highest scores, or those of `accounts`: a bar is as long as its score."""
    go, look = plotly(), theme_of(theme)
    best = _chosen(found, k, accounts)[::-1]
    figure = go.Figure()
    for i, (name, contribution) in enumerate(found.contributions.items()):
        part = found.parts[name]
        told = [
            f"{safe(found.ids[j])}: {safe(name)} adds {number(float(contribution[j]))} "
            f"(it is {number(float(part[j]))} of 100)"
            for j in best
        ]
        figure.add_trace(
            go.Bar(
                x=np.nan_to_num(contribution[best]), y=list(range(len(best))), name=safe(name), orientation="h",
                marker={"color": PALETTE[i % len(PALETTE)], "line": {"color": look.paper, "width": 1}},
                hovertext=told, hoverinfo="text",
            )
        )  # fmt: skip
    sums = [  # all at once: plotly checks those that are there again for each that is added
        {"x": float(found.score[i]), "y": place, "text": f"{found.score[i]:.1f}", "showarrow": False,
         "xanchor": "left", "xshift": 4, "font": {"size": 11, "color": look.ink}}
        for place, i in enumerate(best)
    ]  # fmt: skip
    axes = _axes(_names(found, best), look)
    axes["xaxis"]["range"] = [0, 108]
    title = "What each score is made of"
    caption = _caption(found, len(best) if accounts is None else None)
    return dress(
        figure, title, safe(caption, 400), look, breakdown_rows(found, k, accounts), barmode="stack", bargap=0.25,
        legend={"title": {"text": "part"}, "traceorder": "normal"}, annotations=sums, **axes,
    )  # fmt: skip


def _chosen(found: Scores | KeptScores, k: int, accounts: Sequence[str] | None) -> list[int]:
    """Positions of the `k` highest, or of those of `accounts` that have a score, the best first."""
    if accounts is None:
        return [int(i) for i in found.order(k)]
    named = dict.fromkeys(int(found.ids.position(account)) for account in accounts)
    return sorted((i for i in named if found.rank[i]), key=lambda i: int(found.rank[i]))


def breakdown_rows(found: Scores | KeptScores, k: int, accounts: Sequence[str] | None) -> Rows:
    """The table behind the breakdown: what each part adds, and the score."""
    parts = list(found.contributions)
    rows = [
        [int(found.rank[i]), str(found.ids[i]), *(_known(found.contributions[name][i]) for name in parts),
         float(found.score[i])]
        for i in _chosen(found, k, accounts)
    ]  # fmt: skip
    return Rows(["rank", "account", *(f"{name} adds" for name in parts), "score"], rows)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@renders("Scores", "histogram")
@renders("KeptScores", "histogram")
@domains(theme=THEMES)
def histogram(found: Scores | KeptScores, *, theme: str = "light") -> Any:
    """How many accounts have which score, with the median and the highest hundredth."""
    go, look = plotly(), theme_of(theme)
    score = found.score[found.order()]
    counts = _counts(found)
    told = [f"{a} to {a + _STEP} points: {n:,} accounts" for a, n in zip(range(0, 100, _STEP), counts, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=[a + _STEP / 2 for a in range(0, 100, _STEP)], y=counts, width=_STEP * 0.94, hovertext=told,
            hoverinfo="text", marker={"color": PALETTE[0]}, showlegend=False,
        )
    )  # fmt: skip
    marks = [("median", 0.5, "top right"), ("hundredth above", 0.99, "top left")] if score.size else []
    for name, share, side in marks:
        at = float(np.quantile(score, share))
        figure.add_vline(
            x=at, line={"color": look.ink, "width": 1.5, "dash": "dash"}, annotation_text=f"{name} {at:.1f}",
            annotation_font_color=look.ink, annotation_position=side,
        )  # fmt: skip
    caption = f"{found.n_scored:,} scored accounts; {len(found) - found.n_scored:,} more have too little data"
    return dress(
        figure, "How the score is spread", safe(caption, 300), look, histogram_rows(found), width=900, height=460,
        bargap=0, xaxis={"title": {"text": _UNIT}, "range": [0, 100], "showgrid": False},
        yaxis={"title": {"text": "accounts"}, "gridcolor": look.grid, **count_ticks(max(_counts(found), default=0))},
    )  # fmt: skip


def _counts(found: Scores | KeptScores) -> list[int]:
    counts, _ = np.histogram(found.score[found.order()], bins=100 // _STEP, range=(0, 100))
    return [int(n) for n in counts]


def histogram_rows(found: Scores | KeptScores) -> Rows:
    """The table behind the histogram."""
    pairs = zip(range(0, 100, _STEP), _counts(found), strict=True)
    return Rows(["score from", "to", "accounts"], [[a, a + _STEP, n] for a, n in pairs])


@renders("Scores", "html")
@renders("KeptScores", "html")
def as_html(found: Scores | KeptScores) -> str:
    """The highest scores as a table."""
    sure = found.intervals is not None
    heads = ["rank", *(["between"] if sure else []), "account", "score", *(["from-to"] if sure else []), *found.parts]
    rows = []
    for row in found.top(_ROWS):
        best, worst = row.rank_interval or (None, None)
        between, ends = span(best, worst, "d"), span(*(row.interval or (None, None)))
        score, *parts = (None if x is None else f"{x:.1f}" for x in (row.score, *row.parts.values()))
        rows.append(
            [row.rank, *([between] if sure else []), str(row.account), score, *([ends] if sure else []), *parts]
        )
    return table(
        f"Scores: {_caption(found, len(rows))}", heads, rows, found.left_out if isinstance(found, Scores) else ()
    )
