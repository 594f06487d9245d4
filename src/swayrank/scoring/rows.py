"""Rows that were read and yet do not count as the others do: with oneself on both sides, or said again.

Follows of oneself and reactions to oneself count for nobody; a follow that is listed again counts once; an event or a
post that is listed again counts again, unless it was dropped. Refused rows are told elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from swayrank.events import Events, Posts
from swayrank.events.columns import NO_ACCOUNT
from swayrank.graph import Graph

_CURE = "counted each time (--duplicates drop counts the first alone)"
_KINDS = {
    "self_follows": ("follow of oneself is", "follows of oneself are", "not counted"),
    "self_edges": ("edge to oneself is", "edges to oneself are", "not counted"),
    "self_reactions": ("reaction to oneself is", "reactions to oneself are", "not counted"),
    "merged_follows": ("follow is listed again", "follows are listed again", "counted once"),
    "merged_edges": ("edge is listed again", "edges are listed again", "counted once"),
    "dropped_events": ("event is listed again", "events are listed again", "left out"),
    "dropped_posts": ("post is listed again", "posts are listed again", "left out"),
    "repeated_events": ("event is listed again", "events are listed again", _CURE),
    "repeated_posts": ("post is listed again", "posts are listed again", _CURE),
}


def set_aside(*sources: Graph | Events | Posts | None) -> dict[str, int]:
    """How many rows of each kind there are; kinds without any are not in it.

    Examples
    --------
    >>> set_aside(Graph.from_edges(["ada", "ada", "bob"], ["bob", "bob", "bob"]))
    {'self_follows': 1, 'merged_follows': 1}
    """
    found: dict[str, int] = {}
    for source in sources:
        if isinstance(source, Graph):
            kind = "follows" if source.directed else "edges"
            found[f"self_{kind}"] = getattr(source.report, "self_loops", 0)
            found[f"merged_{kind}"] = getattr(source.report, "duplicates", 0)
        elif source is not None:
            found |= _of_table(source)
    return {name: n for name, n in found.items() if n}


def _of_table(table: Events | Posts) -> dict[str, int]:
    found: dict[str, int] = {}
    if isinstance(table, Events):
        own = (table.target != NO_ACCOUNT) & (table.target == table.actor)
        found["self_reactions"] = int(np.count_nonzero(own))
    name, report = "events" if isinstance(table, Events) else "posts", table.report
    if report is not None:
        found |= {f"dropped_{name}": report.dropped, f"repeated_{name}": report.duplicates - report.dropped}
    return found


def rows_told(found: Mapping[str, int]) -> list[str]:
    r"""The counts as sentences; none where there is nothing to tell.

    Examples
    --------
    >>> print(*rows_told({"self_follows": 1, "repeated_events": 50}), sep="\n")
    1 follow of oneself is not counted
    50 events are listed again, and counted each time (--duplicates drop counts the first alone)
    """
    lines = []
    for kind, (one, many, what) in _KINDS.items():
        if n := found.get(kind):
            comma = "" if kind.startswith("self") else ", and"
            lines.append(f"{n:,} {one if n == 1 else many}{comma} {what}")
    return lines
