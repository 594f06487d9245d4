"""What a report shows of the whole: the map, the communities and whose attention goes where, engagement over time.

All of it is what the run keeps to be looked at (:mod:`swayrank.scoring.pictures`), of at most 2,000 accounts, 50
communities and 400 stretches of time, so that the page is as small for a million accounts as for a thousand. Runs of
earlier versions keep none of it: then the sections are left out, but for what explanations tell of communities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from swayrank.overview.backbone import REST, Backbone, first_of
from swayrank.overview.ties import ties_of
from swayrank.report.activity import kinds, span_told
from swayrank.report.communities import flow_shares
from swayrank.report.document import (
    NOTHING,
    ONE,
    PERCENT,
    Block,
    Cell,
    Columns,
    Dot,
    Legend,
    Line,
    Map,
    Name,
    Number,
    Points,
    Section,
    Shade,
    Stack,
    Table,
    Text,
    joined,
)
from swayrank.report.facts import Facts
from swayrank.report.network_map import label_places, map_diameters
from swayrank.report.svg import COLOURS
from swayrank.scoring.telling import counted

_MOST_DOTS, _MOST_ARCS, _LISTED, _LABELS = 2000, 4000, 25, 14
_WIDE, _HIGH, _EDGE = 1000.0, 700.0, 30.0
_LARGEST, _SEEN, _FEW = 26.0, 7.0, 150
_SHOWN, _FLOWS, _LEADERS = 12, 8, 3
_MOST_TICKS = 4


# -- the map -----------------------------------------------------------------------------------------------------------


def map_section(facts: Facts) -> Section | None:
    """Who stands near whom."""
    if facts.shown is None or not len(facts.shown):
        return None
    shown = _with_few_colours(first_of(facts.shown, _MOST_DOTS, _MOST_ARCS))
    reading = (
        f"Accounts that {ties_of(shown.arcs_are).together} stand together. Near means connected; how far apart two "
        "groups stand means little, and left, right, up and down mean nothing. "
        f"The larger a dot, the higher the score{_range_told(shown)}."
    )
    legend = Legend(tuple(_community_words(facts, c) for c in shown.coloured), _rest(shown))
    return Section("map", "The network", (Text(reading), legend, _picture(facts, shown)))


def _range_told(shown: Backbone) -> str:
    """From which score to which the dots grow."""
    if (ends := shown.score_range) is None:
        return ""
    smallest, largest = (Number(end, ONE) for end in ends)
    return f": the smallest has {smallest}, the largest {largest}"


def _with_few_colours(shown: Backbone) -> Backbone:
    """The same in the colours that a page has; the communities of all others are grey."""
    colour = np.where(shown.colour < COLOURS, shown.colour, REST)
    return replace(shown, coloured=shown.coloured[:COLOURS], colour=colour)


def _community_words(facts: Facts, community: int) -> Line:
    """A community in a legend."""
    told = _listed(facts).get(community)
    if told is None or not told["leaders"]:
        return f"community {community}"
    return (f"community {community}, around ", Name(told["leaders"][0]["account"]))


def _listed(facts: Facts) -> dict[int, Mapping[str, Any]]:
    return {one["community"]: one for one in (facts.communities or {"communities": []})["communities"]}


def _rest(shown: Backbone) -> str:
    others = int(np.count_nonzero(shown.colour == REST))
    return f"all others ({others:,} shown)" if others else ""


def _picture(facts: Facts, shown: Backbone) -> Map:
    high = abs(shown.places).max(axis=0)
    scale = min((_WIDE / 2 - _EDGE) / max(high[0], 1e-9), (_HIGH / 2 - _EDGE) / max(high[1], 1e-9))
    x, y = _WIDE / 2 + scale * shown.places[:, 0], _HIGH / 2 - scale * shown.places[:, 1]
    # On paper the least dot would hardly be seen: where there is room for it, it is larger.
    radius = np.maximum(map_diameters(shown, _LARGEST), _SEEN * np.sqrt(_FEW / max(len(shown), _FEW))) / 2
    words = [f"{account}: {Number(float(size), ONE)}" for account, size in zip(shown.accounts, shown.size, strict=True)]
    dots = tuple(
        Dot(float(x[i]), float(y[i]), float(radius[i]), int(shown.colour[i]), words[i]) for i in range(len(shown))
    )
    placed = label_places(shown, range(len(shown))[:_LABELS], 2 * radius / scale)
    labels = tuple((str(shown.accounts[i]), _WIDE / 2 + scale * at[0], _HIGH / 2 - scale * at[1]) for i, at in placed)
    n = min(_LISTED, len(shown))
    rows = tuple(
        (
            Name(shown.accounts[i]),
            Number(float(shown.size[i]), ONE),
            Number(int(shown.followers[i])),
            Number(int(shown.community[i])) if shown.community[i] >= 0 else NOTHING,
        )
        for i in range(n)
    )
    first = f"The first {n:,} accounts on the map" if n < len(shown) else "The accounts on the map"
    table = Table(first, ("account", "score", shown.around, "community"), rows)
    arcs = tuple((int(u), int(v)) for u, v in shown.arcs)
    return Map(table, f"{shown.title}. {shown.caption}.", (_WIDE, _HIGH), dots, arcs, labels)


# -- communities -------------------------------------------------------------------------------------------------------


def communities_section(facts: Facts, top: int) -> Section | None:
    """How large they are, who leads them, and whose attention goes where."""
    told = facts.communities
    if told is None:
        return _from_explanations(facts, top)
    if not told["communities"]:
        return None
    intro = (
        "Communities are groups that heed each other more than others, found in the graph. A top list whose "
        "attention comes from one community is influential there, and perhaps nowhere else."
    )
    blocks: list[Block] = [Text(intro), Points(tuple(_points(facts, told, top))), _overview(told)]
    blocks += [_flows(told)] if told["n_communities"] > 1 else []
    return Section("communities", "Communities", tuple(blocks))


def _points(facts: Facts, told: Mapping[str, Any], top: int) -> list[Line]:
    first, n = told["communities"][0], told["n_communities"]
    lines: list[Line] = [
        f"There {'is' if n == 1 else 'are'} {n:,}; the largest has {first['members']:,} of {told['accounts']:,} "
        f"accounts ({first['members'] / max(1, told['accounts']):.0%}) and gets {first['attention_received']:.0%} of "
        "all attention."
    ]
    if outside := int(told.get("in_none", 0)):
        within = told["accounts"] - outside
        lines.append(
            f"{counted(outside, 'account')} {'is' if outside == 1 else 'are'} in none, since the graph does not hold "
            f"{'it' if outside == 1 else 'them'}; of the {within:,} that it holds, the largest has "
            f"{first['members'] / max(1, within):.0%}."
        )
    inside = sum(one["inside"] * one["attention_received"] for one in told["communities"])
    known = sum(one["attention_received"] for one in told["communities"])
    if n > 1 and known:
        lines.append(f"{inside / known:.0%} of the attention that they get comes from the community's own members.")
    homes = _homes(facts, min(top, len(facts.explanations)))
    return lines + ([homes] if homes else [])


def _overview(told: Mapping[str, Any]) -> Table:
    shown = told["communities"][:_SHOWN]
    most = max((max(one["attention_received"], one["members"] / max(1, told["accounts"])) for one in shown), default=1)
    rows: list[tuple[Cell, ...]] = [
        (
            Number(one["community"]),
            joined([Name(leader["account"]) for leader in one["leaders"][:_LEADERS]]) or NOTHING,
            Number(one["members"]),
            Number(one["members"] / max(1, told["accounts"]), PERCENT),
            Number(one["attention_received"], PERCENT),
            Stack(((0, one["attention_received"]),), most),
            Number(one["inside"], PERCENT),
            Number(one["mean_score"], ONE),
        )
        for one in shown
    ]
    n = told["n_communities"]
    which = "All communities" if n == len(shown) else f"The {len(shown):,} largest of {n:,} communities"
    headings = (
        "number", "around", "accounts", "of all accounts", "of all attention", "attention, drawn", "from inside",
        "mean score",
    )  # fmt: skip
    return Table(f"{which}, named after their best-scored members", headings, tuple(rows))


def _flows(told: Mapping[str, Any]) -> Table:
    """Whose attention goes to whom, in per cent; the darker, the more."""
    names, share = flow_shares(told, _FLOWS)
    rows: list[tuple[Cell, ...]] = [
        (f"to {name}", *(Shade(float(value)) for value in row)) for name, row in zip(names, share, strict=True)
    ]
    headings = ("community", *(f"from {name}" for name in names), "others")
    caption = (
        "Where the attention to each community comes from: every row adds up to 100 %; the stronger its colour, the "
        "larger a share"
    )
    return Table(caption, headings, tuple(rows))


def _from_explanations(facts: Facts, top: int) -> Section | None:
    """Of runs that keep no overview: the communities that the explained accounts' attention comes from."""
    sizes: dict[tuple[str, ...], int] = {}
    own: dict[tuple[str, ...], int] = {}
    given: dict[tuple[str, ...], float] = {}
    n, first = len(facts.explanations), min(top, len(facts.explanations))
    for place, one in enumerate(facts.explanations):
        for origin in one.get("origins", ()):
            key = tuple(map(str, origin["leaders"]))
            if not key:
                continue
            sizes[key] = max(sizes.get(key, 0), int(origin["members"]))
            own[key] = own.get(key, 0) + bool(origin["own"])
            if place < first:
                given[key] = given.get(key, 0.0) + float(origin["share"]) / first
    if not sizes:
        return None
    order = sorted(sizes, key=lambda key: (-own[key], -sizes[key], key))[:12]
    rows = tuple(
        (
            joined([Name(leader) for leader in key]),
            Number(sizes[key]),
            Number(own[key]),
            Number(given.get(key, 0.0), PERCENT),
        )
        for key in order
    )
    share = f"share of the attention of the first {first:,}"
    headings = ("around", "members", f"of the {n:,} explained accounts", share)
    caption = (
        "Communities, at most twelve, named after their best-scored members; an account counts where its own community "
        "is among the five that heed it most"
    )
    text = (
        "Communities are groups that heed each other more than others, found in the graph. A top list whose "
        "attention comes from one community is influential there, and perhaps nowhere else."
    )
    inside = _homes(facts, first)
    blocks: list[Block] = [Text(text), *([Text(inside)] if inside else []), Table(caption, headings, rows)]
    return Section("communities", "Communities", tuple(blocks))


def _homes(facts: Facts, top: int) -> str | None:
    """From how many communities the first accounts are."""
    found = [[o for o in one.get("origins", ()) if o["own"]] for one in facts.explanations[:top]]
    homes = {tuple(map(str, origins[0]["leaders"])) for origins in found if origins}
    return f"The first {top:,} belong to {counted(len(homes), 'community')}." if homes else None


# -- engagement over time ----------------------------------------------------------------------------------------------


def activity_section(facts: Facts) -> Section | None:
    """How many reactions and posts there were when."""
    told = facts.activity
    if told is None or not told["actions"]:
        return None
    names, times, unit = kinds(told), told["times"], told["bin"]
    columns = [told["actions"][name] for name in names]
    total = [int(n) for n in np.sum(columns, axis=0)]
    posts = told["posts"]
    rows = tuple(
        (times[k], Number(total[k]), *(Number(column[k]) for column in columns), *([Number(posts[k])] if posts else []))
        for k in range(len(times))
    )
    headings = (unit, "reactions", *names, *(["posts"] if posts else []))
    table = Table(f"Reactions by {unit}", headings, rows)
    every = max(1, len(times) // (_MOST_TICKS - 1))
    at = sorted({*range(0, len(times) - every // 2, every), len(times) - 1}) if len(times) > 1 else [0]
    ticks = tuple(((k + 0.5) / len(times), _short(times[k])) for k in at)
    best = int(np.argmax(total))
    by_kind = [f"{name} {sum(column) / max(1, sum(total)):.0%}" for name, column in zip(names, columns, strict=True)]
    lines: list[Line] = [
        f"{sum(total):,} reactions" + (f" to {sum(posts):,} posts" if posts else "") + f" in {span_told(told)}.",
        f"Most in the {unit} from {times[best]}: {total[best]:,}, where the median {unit} has {np.median(total):,.0f}.",
        f"By kind: {', '.join(by_kind)}.",
    ]
    heights = tuple((0.0, float(n)) for n in total)
    words, stacks = _by_kind(names, columns)
    chart = Columns(table, heights, ticks, f"{unit}s, by their start (UTC)", stacks)
    legend = [Legend(words)] if len(words) > 1 else []
    return Section("activity", "Engagement over time", (Points(tuple(lines)), *legend, chart))


def _short(time: str) -> str:
    """When a stretch of time begins, in as few letters as say it."""
    return time[:16].replace("T", " ")


def _by_kind(names: list[str], columns: list[list[int]]) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    """What each column is made of: a colour for every kind of reaction, the rarest in one where there are more."""
    most = COLOURS if len(names) <= COLOURS else COLOURS - 1
    pieces = [[float(n) for n in column] for column in columns[:most]]
    if len(names) > most:
        pieces.append([float(n) for n in np.sum(columns[most:], axis=0)])
    return (*names[:most], *(["others"] if len(names) > most else [])), tuple(zip(*pieces, strict=True))
