"""Who can have had each post from whom: the possible parents of every adoption, and what the log's rows say of it.

What attribution, trees and credit distribution rest on. Adoptions stand grouped by post, ascending in time, then in
public order; a *position* is a place in that order. A possible parent adopted the same post *strictly* before: those
of one moment are nothing to each other. With a graph it is a followee, too.

Where a parent has to be one and several tie, the first in public order is taken. An adoption at an unknown moment (an
account that the log names as the target of a repost, without a row of its own) is before all others of its post, and
counts as of the moment of the first that is dated where delays matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Bounds, Engine, balanced_bounds
from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT, NO_POST, Events
from swayrank.events.columns import NO_TIME
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.lineage import NOBODY, find_parents
from swayrank.learning.adoptions import (
    EARLIEST,
    SPREADING,
    U32,
    U64,
    Adoptions,
    Cascades,
    places_of_accounts,
    wanted_actions,
)
from swayrank.measures._data import check_events, check_graph

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]
Named = Literal["trust", "ignore"]

HALF_LIFE_HOURS = 2.8315
"""The decay of casIn's own program, 0.000068 per second, as a half-life."""
_CHUNKS = 64


class Links(NamedTuple):
    """Parents of adoptions: those of position i are ``parent[indptr[i]:indptr[i + 1]]``, ascending.

    Attributes
    ----------
    indptr : numpy.ndarray of uint64, shape (n + 1,)
    parent : numpy.ndarray of uint32
        Positions.
    """

    indptr: U64
    parent: U32

    @property
    def size(self) -> Positions:
        """How many parents each adoption has."""
        return np.diff(self.indptr).astype(np.int64)


class Chains(NamedTuple):
    """What a chunk of posts needs in order to find parents along a graph's arcs."""

    cascades: Cascades
    graph: Graph


@dataclass(frozen=True, eq=False)
class Lineage:
    """The adoptions of a log, by post, with what their rows say; made by :meth:`of`.

    Attributes
    ----------
    adoptions : Adoptions
        By account.
    order : numpy.ndarray of int64, shape (n,)
        Which of `adoptions` stands at each position.
    graph : Graph or None
    events : Events
    actions : tuple of str
    """

    adoptions: Adoptions
    order: Positions
    graph: Graph | None
    events: Events
    actions: tuple[str, ...]

    @classmethod
    def of(cls, name: str, events: Events, graph: Graph | None, actions: Iterable[str] = SPREADING) -> Lineage:
        """The adoptions of a log, among the accounts of a graph if there is one; `name` is what needs them."""
        check_events(name, events)
        if graph is not None:
            check_graph(name, graph)
        if not isinstance(actions, Iterable):
            raise ParameterError(f"actions must be names of actions, got {actions!r}")
        actions = (actions,) if isinstance(actions, str) else tuple(actions)
        adoptions = Adoptions.of(events, None if graph is None else graph.ids, actions=actions)
        if not adoptions.n:
            raise ParameterError(
                f"events must have adoptions by accounts of the graph, got {events.n_events:,} rows by others alone; "
                "are the ids written alike?"
            )
        order = np.lexsort((adoptions.account, adoptions.time, adoptions.post))
        return cls(adoptions, order, graph, events, actions)

    @property
    def ids(self) -> Ids:
        """The accounts."""
        return self.adoptions.ids

    @property
    def n(self) -> int:
        """Number of adoptions."""
        return self.adoptions.n

    @cached_property
    def cascades(self) -> Cascades:
        """The adoptions by post, as :attr:`Adoptions.by_post` has them, without sorting once more."""
        sizes = np.bincount(self.adoptions.post, minlength=self.adoptions.n_posts)
        indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
        columns = (indptr, self.adoptions.account[self.order], self.adoptions.time[self.order])
        return Cascades(*(read_only(column) for column in columns))

    @cached_property
    def row(self) -> Positions:
        """The log's row of each adoption, the first of several; -1 for accounts that are only named by others."""
        events = self.events
        account = self._places[events.actor]
        usable = (
            (wanted_actions(events, self.actions)[events.action] == 1)
            & (events.post != NO_POST)
            & (events.time != NO_TIME)
        )
        rows = np.flatnonzero(usable & (account != NO_ACCOUNT))[::-1]
        found = _find(self.adoptions, account[rows], events.post[rows])
        same = self.adoptions.time[found] == events.time[rows]
        row = np.full(self.n, -1, np.int64)
        row[found[same]] = rows[same]  # backwards, so that the first row stays
        return row[self.order]

    @cached_property
    def _places(self) -> U32:
        """Where each of the log's accounts stands among `ids`; the last place is for nobody."""
        found = places_of_accounts(self.events, None if self.graph is None else self.ids)
        return np.append(found, np.uint32(NO_ACCOUNT))

    @cached_property
    def place(self) -> U32:
        """The position of each of `adoptions`."""
        place = np.empty(self.n, np.uint32)
        place[self.order] = np.arange(self.n, dtype=np.uint32)
        return read_only(place)

    @cached_property
    def start(self) -> Positions:
        """The first position of each position's post."""
        starts = self.cascades.indptr.astype(np.int64)
        return np.repeat(starts[:-1], np.diff(starts))

    @cached_property
    def moment(self) -> npt.NDArray[np.int64]:
        """Times in microseconds, an unknown one as the first that is known of the post (0 where none is)."""
        time = self.cascades.time.copy()
        unknown = np.flatnonzero(time == EARLIEST)
        n_unknown = np.bincount(self.start[unknown], minlength=self.n + 1)
        first = self.start[unknown] + n_unknown[self.start[unknown]]
        inside = np.minimum(first, self.n - 1)
        same_post = (first < self.n) & (self.start[inside] == self.start[unknown])
        time[unknown] = np.where(same_post, time[inside], 0)
        return read_only(time)

    @cached_property
    def instant(self) -> Positions:
        """The first position of the same post and time: equal where adoptions are of one moment."""
        new = np.ones(self.n, np.bool_)
        new[1:] = (self.start[1:] != self.start[:-1]) | (self.cascades.time[1:] != self.cascades.time[:-1])
        firsts: Positions = np.flatnonzero(new)[np.cumsum(new) - 1]
        return firsts

    @property
    def bounds(self) -> Bounds:
        """Chunks of posts, about equally long."""
        return balanced_bounds(self.cascades.indptr, _CHUNKS)

    def named(self, wish: Named | None) -> U32:
        """The position of the account that each adoption's row names as its source; NOBODY where none was before."""
        parent = np.full(self.n, NOBODY)
        ignored = wish == "ignore" or (wish is None and self.graph is not None)
        if ignored or (self.events.target == NO_ACCOUNT).all():
            return read_only(parent)
        target = np.append(self.events.target, np.uint32(NO_ACCOUNT))[self.row]
        account = self._places[np.minimum(target, len(self.events.accounts))]
        there = np.flatnonzero(account != NO_ACCOUNT)
        found = _find(self.adoptions, account[there], self.adoptions.post[self.order[there]])
        there, found = there[found >= 0], found[found >= 0]
        place = self.place[found]
        before = self.instant[place] < self.instant[there]
        parent[there[before]] = place[before]
        return read_only(parent)

    def parents(self, runner: Engine, progress: Progress) -> Links:
        """The followees of each adopter that adopted before it; needs a graph."""
        assert self.graph is not None
        with track(progress, "finding who could have had it from whom", self.adoptions.n_posts) as step:
            parts = [*runner.map(_parents_of, Chains(self.cascades, self.graph), self.bounds, step=step)]
        sizes, parents = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        indptr = np.concatenate(([0], np.cumsum(sizes, dtype=np.uint64))).astype(np.uint64)
        return Links(read_only(indptr), read_only(parents))

    def earliest(self) -> U32:
        """The first adopter of the post for each adoption; NOBODY for those of the first moment."""
        return np.where(self.instant > self.start, self.start, int(NOBODY)).astype(np.uint32)

    def latest(self) -> U32:
        """The adopter of the moment before, for each adoption; NOBODY for those of the first moment."""
        inside = self.instant > self.start
        before = self.instant[np.maximum(self.instant - 1, 0)]
        return np.where(inside, before, int(NOBODY)).astype(np.uint32)

    def one_of(self, links: Links, by: str) -> U32:
        """The "first" or "last" of each adoption's parents; NOBODY without any."""
        parent = np.full(self.n, NOBODY)
        some = np.flatnonzero(links.size)
        starts, stops = links.indptr[:-1].astype(np.int64)[some], links.indptr[1:].astype(np.int64)[some]
        if by == "first":
            parent[some] = links.parent[starts]
            return parent
        instant = self.instant[links.parent]
        latest = instant == np.repeat(instant[stops - 1], links.size[some])
        opens = latest.copy()
        opens[1:] &= ~latest[:-1]
        opens[starts] = latest[starts]  # an adoption's first link may follow another's last
        parent[some] = links.parent[opens]
        return parent


def _parents_of(task: Chains, start: int, stop: int) -> tuple[U32, U32]:
    """How many parents each adoption of the posts start ... stop - 1 has, and which."""
    indptr, account, time = task.cascades
    arrays = (indptr, account, time, task.graph.indptr, task.graph.indices)
    place = np.full(task.graph.n_nodes, NOBODY)
    sizes = np.empty(int(indptr[stop] - indptr[start]), np.uint32)
    head = (np.uint64(start), np.uint64(stop), *(read_only(array) for array in arrays), place, sizes)
    find_parents(*head, np.empty(0, np.uint32))
    parents = np.empty(int(sizes.sum(dtype=np.uint64)), np.uint32)
    if parents.size:
        find_parents(*head, parents)
    return sizes, parents


def _keys(account: npt.NDArray[Any], post: npt.NDArray[Any], n_posts: int) -> U64:
    return account.astype(np.uint64) * np.uint64(n_posts) + post.astype(np.uint64)


def _find(adoptions: Adoptions, account: npt.NDArray[Any], post: npt.NDArray[Any]) -> Positions:
    """Which adoption is that of each account and post; -1 where there is none."""
    keys = _keys(adoptions.account, adoptions.post, adoptions.n_posts)
    wanted = _keys(account, post, adoptions.n_posts)
    found = np.searchsorted(keys, wanted)
    inside = np.minimum(found, keys.size - 1)
    return np.where(keys[inside] == wanted, inside, -1)
