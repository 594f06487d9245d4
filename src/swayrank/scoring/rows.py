"""Rows that were read and yet do not count as the others do: with oneself on both sides, or said again.

Follows of oneself and reactions to one's own posts count for nobody; a follow that is listed again counts once; an event
or a post that is listed again counts again, unless it was dropped. Refused rows are told elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank.events import Events, Posts
from swayrank.events.columns import NO_ACCOUNT
from swayrank.graph import Graph
from swayrank.scoring.telling import counted

_ALONE = {
    "self_follows": ("{} of oneself", "follow", "follows"),
    "self_reactions": ("{} to oneself", "reaction", "reactions"),
    "merged_follows": ("{} listed again, which count once", "follow", "follows"),
    "dropped_events": ("{} listed again and dropped", "event", "events"),
    "dropped_posts": ("{} listed again and dropped", "post", "posts"),
}
_AGAIN = {"repeated_events": ("event", "events"), "repeated_posts": ("post", "posts")}


def set_aside(graph: Graph | None, events: Events | None, posts: Posts | None) -> dict[str, int]:
    """How many rows of each kind there are; kinds without any are not in it.

    Examples
    --------
    >>> set_aside(Graph.from_edges(["ada", "ada", "bob"], ["bob", "bob", "bob"]), None, None)
    {'self_follows': 1, 'merged_follows': 1}
    """
    found: dict[str, int] = {}
    if graph is not None:
        found["self_follows"] = getattr(graph.report, "self_loops", 0)
        found["merged_follows"] = getattr(graph.report, "duplicates", 0)
    if events is not None:
        own = (events.target != NO_ACCOUNT) & (events.target == events.actor)
        found["self_reactions"] = int(np.count_nonzero(own))
    for name, table in (("events", events), ("posts", posts)):
        report: Any = None if table is None else table.report
        if report is not None:
            found[f"dropped_{name}"] = report.dropped
            found[f"repeated_{name}"] = report.duplicates - report.dropped
    return {name: n for name, n in found.items() if n}


def told(found: Mapping[str, int]) -> list[str]:
    """The counts as sentences; none where there is nothing to tell.

    Examples
    --------
    >>> told({"self_follows": 1, "repeated_events": 50})
    ['1 follow of oneself: not counted', '50 events are listed again and count again (--duplicates drop leaves them out)']
    """
    alone = [
        form.format(counted(found[name], one) if found[name] == 1 else f"{found[name]:,} {many}")
        for name, (form, one, many) in _ALONE.items()
        if found.get(name)
    ]
    lines = [f"{', '.join(alone)}: not counted"] if alone else []
    for name, (one, many) in _AGAIN.items():
        n = found.get(name)
        if n:
            verbs = ("is", "counts", "it") if n == 1 else ("are", "count", "them")
            lines.append(
                f"{n:,} {one if n == 1 else many} {verbs[0]} listed again and {verbs[1]} again "
                f"(--duplicates drop leaves {verbs[2]} out)"
            )
    return lines
