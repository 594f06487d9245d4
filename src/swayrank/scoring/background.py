"""What the explanations of all accounts share: peers, communities, times of posts; made when first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from swayrank.events import NO_POST, NO_TIME
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures.community.detect import Communities, communities
from swayrank.measures.engagement.tiers import Tiers, mid_ranks, peer_tiers
from swayrank.scoring.evidence import ABSENT, places_of, spread_out
from swayrank.scoring.roles import RoleTable, role_table

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LARGE = 100_000  # from so many followers of anybody on, the usual tiers are told apart; below, quarters


@dataclass(frozen=True)
class Peer:
    """Where an account stands among those with about as many followers.

    Attributes
    ----------
    tier : str
        Its name, of :func:`swayrank.peer_tiers`.
    fewest, most : int or None
        Followers of the tier; None where it has no end.
    place, n : int
        1 is the best-scored of n.
    percentile : float
        Mid-rank, in (0, 100).
    """

    tier: str
    fewest: int
    most: int | None
    place: int
    n: int
    percentile: float


@dataclass(frozen=True, eq=False)
class Background:
    """What lies behind all scores of one run.

    Attributes
    ----------
    scores : Scores
    """

    scores: Scores

    @cached_property
    def of_event_row(self) -> Ints:
        """The position of each of the log's accounts among all."""
        return places_of(self.scores.evidence.event_rows)

    @cached_property
    def of_graph_row(self) -> Ints:
        """The position of each node of the graph among all accounts."""
        return places_of(self.scores.evidence.graph_rows)

    @cached_property
    def ascending(self) -> Floats:
        """All scores there are, the lowest first."""
        return np.sort(self.scores.score[self.scores.rank > 0])

    def place(self, score: float, i: int) -> int:
        """The rank that account i would have with another score, everybody else's being what they are."""
        above = self.ascending.size - int(np.searchsorted(self.ascending, score, side="right"))
        return 1 + above - bool(self.scores.score[i] > score)

    @cached_property
    def published(self) -> Ints:
        """When each post of the log was published, in microseconds since 1970; -2**63 where the log does not say."""
        events = self.scores.evidence.events
        if events is None:
            return np.zeros(0, np.int64)
        rows = np.flatnonzero((events.action == events.actions.index("post")) & (events.post != NO_POST))
        rows = rows[events.time[rows] != NO_TIME]
        first = np.full(len(events.posts), np.iinfo(np.int64).max)
        np.minimum.at(first, events.post[rows], events.time[rows])
        return np.where(first == np.iinfo(np.int64).max, NO_TIME, first)

    @cached_property
    def _posts(self) -> tuple[Ints, Ints]:
        posts = self.scores.evidence.posts
        if posts is None:
            return np.zeros(0, np.int64), np.zeros(1, np.int64)
        order = np.argsort(posts.account, kind="stable")
        return order, np.searchsorted(posts.account[order], np.arange(len(posts.accounts) + 1))

    def posts_of(self, row: int) -> Ints:
        """The rows of the posts table that are of the account at a row of its accounts."""
        order, begins = self._posts
        return order[int(begins[row]) : int(begins[row + 1])]

    @cached_property
    def followers(self) -> Floats:
        """How many followers every account has, of a follow graph or as stated; NaN where unknown."""
        evidence, n = self.scores.evidence, len(self.scores)
        found = np.full(n, np.nan)
        if evidence.graph is not None and not evidence.graph_is_derived:
            there = evidence.graph_rows != ABSENT
            found[there] = evidence.graph.in_degree[evidence.graph_rows[there]]
        elif evidence.graph is None and "reach" in self.scores.raw:
            found = self.scores.raw["reach"]
        return found

    @cached_property
    def tiers(self) -> Tiers | None:
        """Every account's tier by followers; None where nobody's are known."""
        if np.isnan(self.followers).all():
            return None
        cuts = "usual" if np.nanmax(self.followers) >= _LARGE else "quantiles"
        return peer_tiers(Measure("followers", self.followers, self.scores.ids), cuts=cuts)

    @cached_property
    def _peers(self) -> tuple[Ints, Ints, Floats]:
        """Each account's place in its tier, the scored accounts of each tier, and percentiles."""
        tiers, rank = self.tiers, self.scores.rank
        assert tiers is not None
        tier = np.where(rank > 0, tiers.tier, -1)
        order = np.lexsort((rank, tier))
        size = np.bincount(tier + 1, minlength=len(tiers.names) + 1)
        place = np.empty(rank.size, np.int64)
        place[order] = np.arange(rank.size) - np.repeat(np.cumsum(size) - size, size) + 1
        return place, size[1:], mid_ranks(self.scores.score, tier)

    def peer(self, i: int) -> Peer | None:
        """Where one account stands among its peers; None without a score or a number of followers."""
        tiers = self.tiers
        if tiers is None or not self.scores.rank[i] or tiers.tier[i] < 0:
            return None
        place, size, percentile = self._peers
        t, cuts = int(tiers.tier[i]), [int(least) for least in tiers.cuts.values()]
        most = cuts[t + 1] - 1 if t + 1 < len(cuts) else None
        return Peer(tiers.names[t], cuts[t], most, int(place[i]), int(size[t]), float(percentile[i]))

    @cached_property
    def communities(self) -> Communities | None:
        """Those of the graph, or of the graph of interactions; None without one."""
        graph = self.scores.evidence.graph
        return None if graph is None else communities(graph, method="label_propagation")

    @cached_property
    def leaders(self) -> list[list[str]]:
        """The best-scored members of every community."""
        if self.communities is None:
            return []
        ids = self.scores.ids
        by_node = self.communities.leaders(self.scores.rank[self.of_graph_row])
        return [[str(ids[int(self.of_graph_row[node])]) for node in nodes] for nodes in by_node]

    @cached_property
    def attention(self) -> Floats:
        """What reach counts for each in-arc of :meth:`attention_graph`: the share of the follower's attention."""
        evidence, graph = self.scores.evidence, self.attention_graph
        if graph is None:
            return np.zeros(0)
        if evidence.attention is not None:
            return graph.in_column("probability")
        shares: Floats = 1.0 / graph.out_degree[graph.in_indices]
        return shares

    @cached_property
    def reach(self) -> Floats:
        """The attention that every account has, whether it is part of the score or not; NaN where unknown."""
        attention, graph = self.scores.evidence.attention, self.attention_graph
        if attention is not None:
            return spread_out(attention.received, attention.rows)
        if graph is None:
            return np.full(len(self.scores), np.nan)
        into = np.repeat(np.arange(graph.n_nodes), graph.in_degree)
        return spread_out(np.bincount(into, weights=self.attention, minlength=graph.n_nodes), self.attention_rows)

    @property
    def attention_graph(self) -> Graph | None:
        """Who attends to whom: by follows and reactions, or by follows alone."""
        evidence = self.scores.evidence
        return evidence.graph if evidence.attention is None else evidence.attention.graph

    @cached_property
    def of_attention_row(self) -> Ints:
        """The account that each node of the graph of attention stands for."""
        return places_of(self.attention_rows)

    @property
    def attention_rows(self) -> npt.NDArray[np.uint32]:
        """Where each account stands in the graph of attention."""
        evidence = self.scores.evidence
        return evidence.graph_rows if evidence.attention is None else evidence.attention.rows

    @cached_property
    def role_table(self) -> RoleTable:
        """The figures behind all roles."""
        return role_table(self.scores)
