"""What a score rests on: a graph, a log, a table of posts, and one list of accounts over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.events import NO_TIME, Events
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.measures.engagement.reactions import Heed, Reactions, group_reactions
from swayrank.overview.ties import REACTIONS, graph_ties

ABSENT = 2**32 - 1


@dataclass(frozen=True, eq=False)
class Attention:
    """Who attends to whom: everybody who follows an account or reacted to it.

    With E_uv the decayed engagement of u with v, and d_u the number that u follows, the share of u's attention that v
    has is ``(E_uv + FOLLOWS / d_u [u follows v]) / (1 + sum_w E_uw + FOLLOWS [u follows anybody])``: what people did,
    and one repost's worth dealt out evenly among those they follow, so that a follower who has not reacted yet counts
    for something. One like's worth is set aside for nobody: whom somebody liked long ago has hardly any of it.

    Attributes
    ----------
    graph : Graph
        Columns "weight", the shares' numerators, and "probability", the shares.
    rows : numpy.ndarray of uint32, shape (n,)
        Where each account of the evidence stands in it.
    received : numpy.ndarray of float64, shape (n,)
        The sum of the shares that each account has.
    doubt : numpy.ndarray of float64, shape (n,)
        The variance of what each account has of its followers without any reaction to it: it hangs on how much they
        react to others.
    heed : Heed
        The same for those of the log: its `given` are the denominators less one, its `dealt` FOLLOWS / d_u, or 0.
    """

    graph: Graph
    rows: npt.NDArray[np.uint32]
    received: npt.NDArray[np.float64]
    doubt: npt.NDArray[np.float64]
    heed: Heed


FOLLOWS = 3.0
"""What following counts, dealt out over all whom one follows: as much as one repost."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The sources of a score, joined by account.

    Attributes
    ----------
    accounts : Ids
        Every account of any source: the graph's first, in its order, then the log's, then the posts table's.
    graph, events, posts : Graph, Events, Posts or None
        The sources.
    graph_rows, event_rows, post_rows : numpy.ndarray of uint32, shape (n,)
        Where each account stands in each source; 2**32 - 1 where it does not occur.
    graph_is_derived : bool
        Whether the graph was made from the log's interactions.
    attention : Attention or None
        Who attends to whom, by follows and what was done; None without a log, or where it alone is there and holds no
        interactions.
    left_out : tuple of str
        In words, what the score could not use, and why.
    reactions : Reactions or None
        The log's interactions, weighed and grouped by who received them.
    """

    accounts: Ids
    graph: Graph | None
    events: Events | None
    posts: Posts | None
    graph_rows: npt.NDArray[np.uint32]
    event_rows: npt.NDArray[np.uint32]
    post_rows: npt.NDArray[np.uint32]
    graph_is_derived: bool
    attention: Attention | None
    left_out: tuple[str, ...]
    reactions: Reactions | None

    @property
    def ties(self) -> str | None:
        """What the graph's arcs are: "follows", "reactions" of a log, or "edges" without a direction; None without."""
        return REACTIONS if self.graph_is_derived else graph_ties(self.graph)


@dataclass(frozen=True)
class Decay:
    """How reactions are weighed: `now` is in microseconds since 1970 UTC, None where nothing has a time."""

    half_life_days: float
    action_weights: Mapping[str, float]
    now: int | None

    def reactions(self, events: Events) -> Reactions:
        """What each reaction of the log counts now."""
        known = {action: weight for action, weight in self.action_weights.items() if action in events.actions}
        dated = events_with_times(events)
        return group_reactions(dated, half_life_days=self.half_life_days, weights=known, now=self.now)


def events_with_times(events: Events) -> Events:
    """A log without any times does not decay: then all of it happened just now."""
    if events.n_events and bool((events.time == NO_TIME).all()):
        return replace(events, time=read_only(np.zeros(events.n_events, np.int64)))
    return events


Pairs = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.float64]]


def interaction_graph(events: Events, pairs: Pairs) -> Graph:
    """Whoever engages with an account counts as its follower; the arc's weight is the decayed engagement."""
    actor, target, engagement = pairs
    lively = engagement > 0
    return Graph.from_edges(actor[lively], target[lively], ids=events.accounts, weight=engagement[lively])


def attention_of(
    accounts: Ids,
    graph: Graph,
    graph_rows: npt.NDArray[np.uint32],
    event_rows: npt.NDArray[np.uint32],
    pairs: Pairs,
    *,
    derived: bool,
) -> Attention:
    """Join follows and what was done, by the evidence's accounts; a `derived` graph is what was done alone."""
    actor, target, engagement = pairs
    of_event, lively, dealt = places_of(event_rows), engagement > 0, np.zeros(engagement.size)
    u, v, weight = of_event[actor[lively]], of_event[target[lively]], engagement[lively]
    whole = 1.0 + spread_out(sums_by(actor, engagement, of_event.size), event_rows, 0.0)
    doubt = np.zeros(len(accounts))
    if not derived:
        dealt = _dealt(graph, graph_rows[of_event[actor]], graph_rows[of_event[target]])
        of_node = places_of(graph_rows)
        follower, followed = graph.edges()
        share = FOLLOWS / graph.out_degree[follower]
        u, v = np.concatenate((u, of_node[follower])), np.concatenate((v, of_node[followed]))
        weight = np.concatenate((weight, share))
        whole[of_node[graph.out_degree > 0]] += FOLLOWS
        variance = 1.0 + spread_out(sums_by(actor, engagement**2, of_event.size), event_rows, 0.0)  # one more, at least
        of_arc = (share * share) * (variance / whole**4)[of_node[follower]]
        doubt = np.bincount(of_node[followed], weights=of_arc, minlength=len(accounts)).astype(np.float64)
    same = derived and graph.n_nodes == len(accounts)  # then it has the arcs already, and its rows are the accounts
    joined = graph if same else Graph.from_edges(u, v, ids=accounts, weight=weight)
    follower, followed = joined.edges()
    probability = joined.column("weight") / whole[follower]
    first_pair = np.concatenate(([0], np.cumsum(np.bincount(target, minlength=of_event.size)))).astype(np.uint64)
    return Attention(
        joined.with_columns({"probability": probability}),
        read_only(np.arange(len(accounts), dtype=np.uint32)),
        read_only(sums_by(followed, probability, len(accounts))),
        read_only(doubt),
        Heed(read_only(whole[of_event] - 1.0), read_only(first_pair), read_only(dealt)),
    )


def _dealt(graph: Graph, actor: npt.NDArray[np.uint32], target: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """FOLLOWS over the number that each actor follows, where it follows the target; both by the graph's rows."""
    arcs = _one_key(*graph.edges())  # ascending: the rows of followers, sorted
    dealt, known = np.zeros(actor.size), np.flatnonzero((actor != ABSENT) & (target != ABSENT))
    pairs = _one_key(actor[known], target[known])
    at = np.searchsorted(arcs, pairs)
    at[at == arcs.size] = 0
    follows = known[arcs[at] == pairs] if arcs.size else known[:0]
    dealt[follows] = FOLLOWS / graph.out_degree[actor[follows]]
    return dealt


def _one_key(u: npt.NDArray[np.uint32], v: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    keys: npt.NDArray[np.uint64] = u.astype(np.uint64) << np.uint64(32) | v
    return keys


def places_of(rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The evidence's account of each account of a source: the inverse of its rows."""
    there = np.flatnonzero(rows != ABSENT)
    places = np.zeros(there.size, np.int64)
    places[rows[there]] = there
    return places


def sums_by(which: npt.NDArray[np.integer[Any]], values: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    """The sum for each of n accounts, from the smallest to the largest: no numbering changes a bit."""
    order = np.lexsort((values, which))
    return np.bincount(which[order], weights=values[order], minlength=n).astype(np.float64)


def check_sources(graph: object, events: object, posts: object) -> None:
    """Raise :class:`ParameterError` if there is no source at all, or one of them is of another type."""
    for name, value, kind in (("graph", graph, Graph), ("events", events, Events), ("posts", posts, Posts)):
        if value is not None and not isinstance(value, kind):
            own = {Graph: "graph", Events: "events", Posts: "posts"}.get(type(value))
            cure = "read_graph, read_events and read_posts make them of files and frames"
            if own is not None:
                cure = f"name it, as in score({own}={own})"
            got = type(value).__name__
            raise ParameterError(f"{name} must be a swayrank {kind.__name__} or None, got {got}; {cure}")
    if graph is None and events is None and posts is None:
        raise ParameterError("a score needs a graph, events or posts, got none of them")


def gather(graph: Graph | None, events: Events | None, posts: Posts | None, decay: Decay, runner: Engine) -> Evidence:
    """Join the sources by account; without a graph, one is derived from the log."""
    left_out = []
    reactions = None if events is None else decay.reactions(events)
    pairs = None if reactions is None else reactions.pairs(runner)
    derived = graph is None and events is not None and bool((events.target != ABSENT).any())
    if derived and events is not None and pairs is not None:
        graph = interaction_graph(events, pairs)
        left_out.append(
            "there is no follow graph: reach and spread come from the graph of interactions in the log, in which "
            "whoever reacts to an account counts as its follower"
        )
    elif graph is None and posts is not None and not np.isnan(posts.followers).all():
        left_out.append("there is no graph: reach is what the posts table says of followers")
    if events is not None and posts is not None:
        left_out.append(
            "the posts table is not used for resonance, since the log holds reactions: "
            "an account that stands in the table alone has none"
        )
    elif posts is not None:
        left_out.append("counts per post do not tell who reacted: loyal fans and farms of bots count in full")
    if graph is not None and events is not None and not derived:
        left_out += _mismatch(graph, events)
    if graph is not None:
        from swayrank.sources.edges import nobody_notes

        left_out += nobody_notes(graph)
    accounts = _union(_ids_of(graph, events, posts))
    rows = [_rows(source, accounts) for source in (graph, events, posts)]
    attention = None
    if pairs is not None and graph is not None:
        attention = attention_of(accounts, graph, rows[0], rows[1], pairs, derived=derived)
    return Evidence(
        accounts, graph, events, posts, rows[0], rows[1], rows[2], derived, attention, tuple(left_out), reactions
    )


def _mismatch(graph: Graph, events: Events) -> list[str]:
    """A note if the log's accounts are hardly the graph's: then they may be called by different names."""
    known = np.count_nonzero(graph.ids.positions(events.accounts.to_arrow(), missing="sentinel") != ABSENT)
    if known * 2 >= min(len(events.accounts), graph.n_nodes):
        return []
    names = f"such as {str(graph.ids[0])!r} there and {str(events.accounts[0])!r} here"
    return [f"only {known:,} of the log's {len(events.accounts):,} accounts are in the graph ({names}): check the ids"]


def _ids_of(graph: Graph | None, events: Events | None, posts: Posts | None) -> list[Ids]:
    sources = (None if graph is None else graph.ids, None if events is None else events.accounts)
    return [ids for ids in (*sources, None if posts is None else posts.accounts) if ids is not None]


def _union(sources: list[Ids]) -> Ids:
    """All ids, the first source's first, each further source's new ones in its own order."""
    union = sources[0]
    for ids in sources[1:]:
        found = union.positions(ids.to_arrow(), missing="sentinel")
        fresh = np.flatnonzero(found == ABSENT)
        if fresh.size:
            union = Ids.from_values(_joined(union.to_numpy(), ids[fresh]))
    return union


def _joined(first: npt.NDArray[np.generic], fresh: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Both lists of ids in one array: integers if all are, strings otherwise."""
    if first.dtype.kind in "iu":
        try:
            numbers = np.array([int(value) for value in fresh], np.int64)
        except (ValueError, OverflowError):
            pass
        else:
            if all(str(n) == str(value) for n, value in zip(numbers, fresh, strict=True)):
                return np.concatenate([first.astype(np.int64), numbers])
    return np.concatenate([first.astype(str).astype(object), fresh.astype(str).astype(object)])


def _rows(source: Graph | Events | Posts | None, accounts: Ids) -> npt.NDArray[np.uint32]:
    """Where each account stands in one source."""
    rows = np.full(len(accounts), ABSENT, np.uint32)
    if source is None:
        return rows
    ids = source.ids if isinstance(source, Graph) else source.accounts
    rows[accounts.positions(ids.to_arrow(), missing="raise")] = np.arange(len(ids), dtype=np.uint32)
    return rows


def spread_out(
    values: npt.NDArray[np.generic], rows: npt.NDArray[np.uint32], missing: float = np.nan
) -> npt.NDArray[np.float64]:
    """A source's numbers for every account; `missing` where the account does not occur in the source."""
    everywhere = np.full(rows.size, missing)
    present = rows != ABSENT
    everywhere[present] = values[rows[present]]
    return everywhere
