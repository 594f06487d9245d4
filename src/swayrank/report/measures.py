"""A measure's highest accounts: bars for notebooks and pages, and a table that shows wherever HTML does."""

from __future__ import annotations

from typing import Any

import numpy as np

from swayrank._render import renders
from swayrank._validate import Integer, domains
from swayrank.measures._measure import Measure, highest
from swayrank.report.canvas import PALETTE, THEMES, Rows, dress, number, plotly, safe, table, theme_of

_ROWS = 10


def _title(found: Measure, k: int) -> tuple[str, str]:
    """What is shown, and of how many."""
    facts = [f"the {k:,} highest of {len(found):,} accounts"]
    facts += ["with intervals"] if found.interval is not None else []
    facts += [] if found.error_bound is None else [f"error at most {found.error_bound:.2g}"]
    return f"Highest by {words(found.name)}", "; ".join(facts)


def words(name: str) -> str:
    """A name of the registry as people write it."""
    return name.replace("_", " ")


@renders("Measure", "plot")
@domains(k=Integer(1, 200), theme=THEMES)
def bars(found: Measure, *, k: int = 20, theme: str = "light") -> Any:
    """The `k` highest accounts, the best on top, with the intervals that there are."""
    go, look = plotly(), theme_of(theme)
    best = highest(found.values, k)[::-1]
    value = found.values[best].astype(np.float64)
    told = [f"{safe(found.ids[int(i)])}: {number(found.values[i].item())}" for i in best]
    errors = None
    if found.interval is not None:
        low, high = (end[best] for end in found.interval)
        told = [
            f"{text} ({number(float(a))} to {number(float(b))})" for text, a, b in zip(told, low, high, strict=True)
        ]
        errors = {
            "type": "data", "symmetric": False, "array": np.nan_to_num(high - value),
            "arrayminus": np.nan_to_num(value - low), "color": look.ink, "thickness": 1.5,
        }  # fmt: skip
    places = list(range(len(best)))
    figure = go.Figure(
        go.Bar(
            x=value, y=places, orientation="h", marker={"color": PALETTE[0]}, hovertext=told, hoverinfo="text",
            error_x=errors,
        )
    )  # fmt: skip
    title, caption = _title(found, len(best))
    names = [safe(found.ids[int(i)]) for i in best]
    return dress(
        figure, safe(title, 80), safe(caption, 200), look, _rows(found, k), width=860,
        height=max(320, 160 + 24 * len(best)),
        xaxis={"title": {"text": safe(words(found.name), 80)}, "gridcolor": look.grid},
        yaxis={"tickvals": places, "ticktext": names, "automargin": True, "showgrid": False},
    )  # fmt: skip


def _rows(found: Measure, k: int) -> Rows:
    """The table behind the bars."""
    best = highest(found.values, k)
    heads, ends = ["rank", "account", words(found.name)], found.interval
    heads += ["from", "to"] if ends is not None else []
    rows: list[list[Any]] = []
    for rank, i in enumerate(best.tolist(), 1):
        row = [rank, str(found.ids[i]), found.values[i].item()]
        rows.append(row + ([float(end[i]) for end in ends] if ends is not None else []))
    return Rows(heads, rows)


@renders("Measure", "html")
def as_html(found: Measure) -> str:
    """The highest accounts as a table."""
    heads, rows = _rows(found, _ROWS)
    title, caption = _title(found, len(rows))
    return table(title, heads, rows, [caption])
