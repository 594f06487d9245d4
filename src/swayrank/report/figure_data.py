"""Figures as plain data, for the web service: plotly's traces and layout, the table behind them, title and caption.

A page shows title and caption as text of its own, so they are taken out of the layout, and so are the width and the
room that they had; what is drawn keeps its names escaped (:func:`~swayrank.report.canvas.safe`), the table and the
caption hold names as they are, to be shown as text. None of these figures uses WebGL.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from swayrank.errors import ParameterError
from swayrank.report.activity import engagement_over_time
from swayrank.report.communities import attention_flows, community_bars
from swayrank.report.scores import breakdown, histogram, leaderboard
from swayrank.report.seeds import SeedPlan, plan_curve
from swayrank.report.trends import trend_lines
from swayrank.scoring.history import History
from swayrank.scoring.keep import KeptScores

FIGURES = ("leaderboard", "breakdown", "scores", "communities", "flows", "activity", "trend", "seeds")
ALSO_CALLED = {"histogram": "scores"}
"""What the figures of scores are called in Python, where that is another name."""
_TOP = 24


def figure_json(figure: Any) -> dict[str, Any]:
    """A plotly figure and its table as plain data.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Of this package: its title is "title<br><sub>caption</sub>", and it carries its table.

    Returns
    -------
    dict
        ``data`` and ``layout`` as plotly.js takes them, ``table`` (``head``, ``rows``), ``title``, ``caption``.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> scores = sr.score(town.graph, town.events, rng=7)
    >>> told = figure_json(scores.plot("leaderboard", k=3))
    >>> told["title"], len(told["data"]), [row[1] for row in told["table"]["rows"]]
    ('Leaderboard: who has most influence', 1, ['mirodi', 'petamo', 'bobeno'])
    """
    drawn = json.loads(figure.to_json())
    layout = drawn["layout"]
    title, _, caption = str(layout.pop("title", {}).get("text", "")).partition("<br><sub>")
    table = layout.pop("meta")["table"]
    layout.pop("width", None)
    legend_above = "y" in layout.get("legend", {})
    margin = layout.get("margin", {})
    before = margin.get("t", 90)
    layout["margin"] = {**margin, "t": before - 66 if legend_above or before > 100 else _TOP}
    layout["height"] = layout.get("height", 450) - (before - layout["margin"]["t"])
    return {
        "data": drawn["data"],
        "layout": {**layout, "autosize": True},
        "table": table,
        "title": html.unescape(title),
        "caption": html.unescape(caption.removesuffix("</sub>")),
    }


def figure_data(
    kept: KeptScores,
    name: str,
    *,
    theme: str = "light",
    k: int = 20,
    account: str | None = None,
    past: History | None = None,
    plan: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A figure of a kept run by its name, as :func:`figure_json` gives it.

    Parameters
    ----------
    kept : KeptScores
    name : str
        "leaderboard", "breakdown" (of `account`, or the `k` highest), "scores" or "histogram", "communities", "flows",
        "activity" (of `account`, or all), "trend" (`past`), "seeds" (`plan`).
    theme : {"light", "dark"}, default "light"
    k : int, default 20
        How many accounts or communities are shown.
    account : str, optional
    past : History, optional
        Of the accounts whose trend is shown.
    plan : mapping, optional
        What a seed selection came to: ``seeds`` (each with ``account`` and ``marginal_gain``), ``spread``,
        ``lower_bound``, ``upper_bound``, and ``curve`` (each with ``low`` and ``high``; the last one's are drawn).

    Raises
    ------
    ParameterError
        If there is no such figure, it lacks what it shows, or the run has not kept that.
    """
    name = ALSO_CALLED.get(name, name)
    own = None if account is None else [account]
    if name == "leaderboard":
        return figure_json(leaderboard(kept, k=k, theme=theme))
    if name == "breakdown":
        return figure_json(breakdown(kept, k=k, accounts=own, theme=theme))
    if name == "scores":
        return figure_json(histogram(kept, theme=theme))
    if name == "communities":
        return figure_json(community_bars(kept, k=min(k, 12), theme=theme))
    if name == "flows":
        return figure_json(attention_flows(kept, k=min(k, 10), theme=theme))
    if name == "activity":
        return figure_json(engagement_over_time(kept, account=account, theme=theme))
    if name == "trend" and past is not None:
        return figure_json(trend_lines(past, theme=theme))
    if name == "seeds" and plan is not None:
        return figure_json(plan_curve(plan_of(plan), theme=theme))
    if name in FIGURES:
        raise ParameterError(f"figure {name!r} needs {'a history' if name == 'trend' else 'a selection of seeds'}")
    raise ParameterError(f"figure must be one of {', '.join(FIGURES)}, got {name!r}")


def plan_of(told: Mapping[str, Any]) -> SeedPlan:
    """A selection of seeds as plain data, to be drawn."""
    seeds: Sequence[Mapping[str, Any]] = told["seeds"]
    curve: Sequence[Mapping[str, Any]] = told.get("curve") or ()
    last = curve[-1] if curve else {}
    spread = float(told["spread"])
    low, high = last.get("low"), last.get("high")
    return SeedPlan(
        seeds=[str(seed["account"]) for seed in seeds],
        gains=[float(seed["marginal_gain"]) for seed in seeds],
        method=str((told.get("params") or {}).get("method", "opim")),
        spread=spread,
        interval=(spread if low is None else float(low), spread if high is None else float(high)),
        lower_bound=None if told.get("lower_bound") is None else float(told["lower_bound"]),
        upper_bound=None if told.get("upper_bound") is None else float(told["upper_bound"]),
    )
