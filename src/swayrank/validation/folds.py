"""Folds of a backtest: what was known before an instant, and what came after it.

Nothing after the split is read in what is known (D14). A graph whose arcs are dated (a column "time", microseconds
since 1970 UTC) is cut; one without dates is refused unless `as_of` says that it was taken before the split, and so are
counts per post, as exports carry the counts of the day of the export. A dated graph's other columns carry no dates (a
weight is summed over all its rows): they are withheld, unless `as_of` vouches for them. Probabilities that
`learn_probabilities` left always are: whenever the graph was taken, the log may have been the whole one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from swayrank.errors import LeakError, ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_TIME, as_us, iso
from swayrank.events.posts import Posts
from swayrank.graph import Graph

Instant = str | dt.datetime | dt.date | int
Split = Instant | float | Sequence[Instant | float]

MICROSECONDS_PER_DAY = 86_400_000_000
_MARKS = {"n_trials", "probability_low"}  # the columns by which learned probabilities are known
_OF_LEARNING = {"probability", "probability_low", "probability_high", "delay", "n_trials", "n_successes"}
_IS_MICROSECONDS = 10**14  # 1973 in microseconds; epoch seconds and milliseconds of today lie below


@dataclass(frozen=True, eq=False)
class Fold:
    """One split.

    Attributes
    ----------
    split, end : int
        The future lies in [split, end), in microseconds since 1970 UTC.
    graph, past, posts : Graph, Events, Posts or None
        What was known before the split; accounts and posts of the future do not occur in them.
    future : Events or None
        What came; accounts and posts keep the whole log's positions.
    withheld : tuple of str, default ()
        Columns of the graph that may know the future.
    """

    split: int
    end: int
    graph: Graph | None
    past: Events | None
    posts: Posts | None
    future: Events | None
    withheld: tuple[str, ...] = ()


def folds_of(
    graph: Graph | None,
    events: Events,
    posts: Posts | None,
    split: Split,
    *,
    horizon_days: float | None,
    as_of: Instant | None,
) -> list[Fold]:
    """Cut the data at each split.

    Raises
    ------
    LeakError
        If something that is not dated would know the future.
    ParameterError
        If a split leaves nothing before it or after it.
    """
    cuts = _cuts(events, split)
    taken = None if as_of is None else as_us(as_of)
    check_as_of("graph", graph is not None and "time" not in graph.columns, taken, cuts[0])
    check_as_of("posts", posts is not None, taken, cuts[0])
    withheld = () if graph is None else _withheld(graph, vouched=taken is not None and taken <= cuts[0])
    graph = None if graph is None else graph.without_columns(withheld)
    last = instants_of(events)[1] + 1
    ends = [*cuts[1:], last]
    if horizon_days is not None:
        ends = [min(last, cut + round(horizon_days * MICROSECONDS_PER_DAY)) for cut in cuts]
    return [_fold(graph, events, posts, cut, end, withheld) for cut, end in zip(cuts, ends, strict=True)]


def _withheld(graph: Graph, *, vouched: bool) -> tuple[str, ...]:
    """Columns that may know the future: all but times, or where `as_of` vouches for them what a log has taught."""
    if not vouched:
        return tuple(name for name in graph.columns if name != "time")
    return tuple(name for name in graph.columns if was_learned(graph) and name in _OF_LEARNING)


def was_learned(graph: Graph) -> bool:
    """Whether the graph's probabilities were learned from a log: nobody knows until when."""
    return not _MARKS.isdisjoint(graph.columns)


def check_as_of(name: str, undated: bool, taken: int | None, first: int) -> None:
    """Raise unless something undated is said to be from before the first split."""
    if not undated:
        return
    what = "arcs carry no times" if name == "graph" else "counts are as of their export"
    if taken is None:
        raise LeakError(
            f"{name} may know the future: its {what}. If it was taken before {iso(first)}, say when (as_of=); "
            f"else leave it out" + (", and a graph of past interactions is made from the log" * (name == "graph"))
        )
    if taken > first:
        raise LeakError(
            f"{name} knows the future: it was taken on {iso(taken)} (as_of), after the split at {iso(first)}; "
            f"split later, or leave it out"
        )


def instants_of(events: Events) -> tuple[int, int]:
    """The first and the last instant of a log, which must have times."""
    if events.span is None:
        raise ParameterError("events must have times, since what was known is cut by time, and no row has one")
    return events.span


def _cuts(events: Events, split: Split) -> list[int]:
    first, last = instants_of(events)
    several = isinstance(split, Sequence | np.ndarray) and not isinstance(split, str)
    cuts, given = [], cast(Sequence[Instant | float], split if several else [split])
    for one in given:
        if isinstance(one, float) and not 0 < one < 1:
            raise ParameterError(f"split must be an instant, or a share of the span in (0, 1), got {one}")
        cuts.append(first + int((last - first) * one) if isinstance(one, float) else as_us(one))
    cuts = sorted(set(cuts))
    for cut in cuts:
        if not first < cut <= last:
            raise ParameterError(
                f"split must leave events before and after it: between {iso(first)} and {iso(last)}, got {iso(cut)}"
            )
    if not cuts:
        raise ParameterError("split must name at least one instant")
    return cuts


def rolling(events: Events, n: int, *, from_share: float = 0.5) -> list[int]:
    """`n` instants at equal distances, the first at a share of the log's span, so that as much lies behind the last.

    Parameters
    ----------
    events : Events
        The log.
    n : int
        How many, at least 1.
    from_share : float, default 0.5
        Where the first lies, in (0, 1).

    Examples
    --------
    >>> ev = Events.from_frame({"actor": ["a", "b"], "action": ["like"] * 2, "time": [0, 80]})
    >>> rolling(ev, 3, from_share=0.25)
    [20, 40, 60]
    """
    first, last = instants_of(events)
    start = first + (last - first) * from_share
    return [int(start + (last - start) * k / n) for k in range(n)]


def _fold(
    graph: Graph | None, events: Events, posts: Posts | None, cut: int, end: int, withheld: tuple[str, ...]
) -> Fold:
    past = events.before(cut).compact()
    dated = None if posts is None else posts.rows((posts.time != NO_TIME) & (posts.time < cut))
    return Fold(
        split=cut,
        end=end,
        graph=None if graph is None else _arcs_before(graph, cut),
        past=past if past.n_events else None,
        posts=dated if dated is not None and dated.n_posts else None,
        future=events.between(cut, end),
        withheld=withheld,
    )


def _arcs_before(graph: Graph, cut: int) -> Graph:
    """The arcs that were there before an instant; accounts that have none then are left out."""
    if "time" not in graph.columns:
        return graph
    time = graph.column("time")
    if time.size and 0 <= int(time.max()) < _IS_MICROSECONDS:
        raise ParameterError(
            f"the graph's column 'time' must be in microseconds since 1970 UTC, to be cut at the split; its highest "
            f"value is {int(time.max()):,}: read the graph anew with times in words, or scale the column"
        )
    return graph.before(cut)
