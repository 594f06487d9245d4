"""Communities at a glance: whom they gather, how much attention they get, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank._render import renders
from swayrank._validate import Integer, domains
from swayrank.errors import ParameterError
from swayrank.report.canvas import PALETTE, THEMES, Rows, dress, plotly, safe, theme_of
from swayrank.scoring.keep import KeptScores
from swayrank.scoring.pictures import COMMUNITIES, absence, communities_of, map_of
from swayrank.scoring.scores import Scores

_NAME = 14
_BLUES = ("#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b")
_DARK_BLUES = ("#14171a", "#16324f", "#1f5f99", "#56a0d8", "#d6ecff")


def community_facts(found: Scores | KeptScores) -> Mapping[str, Any]:
    """What is known of communities.

    Raises
    ------
    ParameterError
        If nothing is, since there is no graph.
    """
    if isinstance(found, KeptScores):
        told = found.communities()
        if told is None:
            raise ParameterError(f"this run keeps no communities ({absence(found, COMMUNITIES)})")
        return told
    if found.evidence.graph is None:
        raise ParameterError("these scores rest on no graph, so there are no communities: pass a graph to score()")
    return communities_of(found, map_of(found, max_arcs=0).coloured)


def community_name(one: Mapping[str, Any], limit: int = _NAME) -> str:
    """A community as figures call it: its number and its best-scored member."""
    leader = next((safe(leader["account"], limit) for leader in one["leaders"]), "nobody with a score")
    return f"{one['community']}: {leader}"


@renders("Scores", "communities")
@renders("KeptScores", "communities")
@domains(k=Integer(1, 50), theme=THEMES)
def community_bars(found: Scores | KeptScores, *, k: int = 12, theme: str = "light") -> Any:
    """Of the `k` largest communities, the share of all accounts beside the share of all attention."""
    go, look = plotly(), theme_of(theme)
    told = community_facts(found)
    shown = told["communities"][:k][::-1]
    names = [community_name(one, 28) for one in shown]
    accounts = [100 * one["members"] / max(1, told["accounts"]) for one in shown]
    attention = [100 * one["attention_received"] for one in shown]
    hover = [_hover(one) for one in shown]
    places = list(range(len(shown)))
    figure = go.Figure()
    pairs = [("share of all attention", attention, PALETTE[0]), ("share of all accounts", accounts, look.rest)]
    for name, values, colour in pairs:
        figure.add_trace(
            go.Bar(
                x=values, y=places, orientation="h", name=name, marker={"color": colour}, hovertext=hover,
                hoverinfo="text", text=[f"{x:.1f} %" for x in values], textposition="outside", cliponaxis=False,
                textfont={"color": look.ink, "size": 11},
            )
        )  # fmt: skip
    rest = told["rest"]
    beyond = f"; {rest['communities']:,} smaller ones hold {rest['members']:,} accounts" if rest["communities"] else ""
    caption = f"the {len(shown):,} largest of {told['n_communities']:,} communities, named by their best score{beyond}"
    return dress(
        figure, "Communities: who leads them, and how much attention they get", safe(caption, 300), look,
        community_rows(told), width=900, height=max(320, 190 + 44 * len(shown)), barmode="group", bargap=0.3,
        bargroupgap=0.05, xaxis={"title": {"text": "share, %"}, "gridcolor": look.grid, "rangemode": "tozero",
               "range": [0, 1.18 * max([*accounts, *attention, 1.0])]},
        yaxis={"tickvals": places, "ticktext": names, "automargin": True, "showgrid": False},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "reversed"},
        margin={"t": 130},
    )  # fmt: skip


def _hover(one: Mapping[str, Any]) -> str:
    leaders = "<br>".join(
        f"{leader['rank']:,}. {safe(leader['account'])} ({leader['score']:.1f})" for leader in one["leaders"]
    )
    mean = "no score" if one["mean_score"] is None else f"mean score {one['mean_score']:.1f}"
    return (
        f"community {one['community']}: {one['members']:,} accounts, {mean}<br>"
        f"{one['attention_received']:.1%} of all attention, {one['inside']:.0%} of it from inside<br>{leaders}"
    )


def community_rows(told: Mapping[str, Any]) -> Rows:
    """The table behind the bars: a row for each community that is listed, drawn or not."""
    heads = ["community", "leaders", "accounts", "scored", "mean score", "attention, %", "of it from inside, %", "from"]
    rows = [
        [
            one["community"],
            ", ".join(leader["account"] for leader in one["leaders"]),
            one["members"],
            one["scored"],
            one["mean_score"],
            round(100 * one["attention_received"], 2),
            round(100 * one["inside"], 1),
            ", ".join(f"{source['community']} ({source['share']:.0%})" for source in one["from"]),
        ]
        for one in told["communities"]
    ]
    return Rows(heads, rows)


def flow_shares(told: Mapping[str, Any], k: int) -> tuple[list[int], np.ndarray[Any, np.dtype[np.float64]]]:
    """Of the `k` largest communities, from where each gets its attention: shares; from all others in a last column."""
    flows = np.array(told["flows"], np.float64)
    listed = len(told["communities"])
    n = min(k, listed)
    rows = flows[:n]
    total = rows.sum(axis=1, keepdims=True)
    share = np.divide(rows, total, out=np.zeros_like(rows), where=total > 0)
    return [one["community"] for one in told["communities"][:n]], np.c_[share[:, :n], share[:, n:].sum(axis=1)]


@renders("Scores", "flows")
@renders("KeptScores", "flows")
@domains(k=Integer(1, 20), theme=THEMES)
def attention_flows(found: Scores | KeptScores, *, k: int = 10, theme: str = "light") -> Any:
    """Between the `k` largest communities, whose attention goes where: every row adds up to 100 %."""
    go, look = plotly(), theme_of(theme)
    told = community_facts(found)
    names, share = flow_shares(told, k)
    shown = [community_name(one) for one in told["communities"][: len(names)]]
    others = bool(share[:, -1].any())
    columns = [str(name) for name in names] + (["others"] if others else [])
    cells = 100 * (share if others else share[:, :-1])
    places = list(range(len(names)))
    colours = _BLUES if theme == "light" else _DARK_BLUES
    steps = [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]
    hover = [
        [
            f"{value:.1f} % of the attention to community {one} comes from {name}"
            for name, value in zip(columns, row, strict=True)
        ]
        for one, row in zip(names, cells, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            x=list(range(len(columns))), y=places, z=cells.tolist(), zmin=0, zmax=100, colorscale=steps, xgap=2, ygap=2,
            hovertext=hover, hoverinfo="text", colorbar={"title": {"text": "%"}},
        )
    )  # fmt: skip
    words = []  # all at once: plotly checks those that are there again for each that is added
    for i, row in enumerate(cells):
        for j, value in enumerate(row):
            strong = value > 45
            ink = ("#ffffff" if strong else "#222222") if theme == "light" else ("#111111" if value > 70 else "#ffffff")
            font = {"color": ink, "size": 12}
            words.append({"x": j, "y": i, "text": f"{value:.0f}", "showarrow": False, "font": font})
    caption = f"the {len(names):,} largest of {told['n_communities']:,} communities; every row adds up to 100 %"
    return dress(
        figure, "Whose attention goes to which community", safe(caption, 300), look, flow_rows(told, k),
        width=900, height=max(360, 210 + 40 * len(names)), margin={"t": 130}, annotations=words,
        xaxis={"tickvals": list(range(len(columns))), "ticktext": columns, "side": "top", "showgrid": False,
               "title": {"text": "attention from community"}, "zeroline": False},
        yaxis={"tickvals": places, "ticktext": shown, "autorange": "reversed", "automargin": True, "showgrid": False,
               "title": {"text": "attention to community"}, "zeroline": False},
    )  # fmt: skip


def flow_rows(told: Mapping[str, Any], k: int) -> Rows:
    """The table behind the heat map."""
    names, share = flow_shares(told, k)
    heads = ["to community", *(f"from {name}, %" for name in names), "from others, %"]
    return Rows(
        heads, [[name, *(round(100 * float(x), 1) for x in row)] for name, row in zip(names, share, strict=True)]
    )
