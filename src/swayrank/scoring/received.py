"""What one account received, engager by engager: how resonance comes about, and what it would be otherwise.

Resonance adds ``((1 + E_u)**0.75 - 1) * (1 - c_u / (N + 1))**2`` over engagers u
(:mod:`swayrank.measures.engagement.resonance`):
E_u is what u's reactions count after decay, c_u to how many of the account's N posts u reacted. Sums are taken from the
smallest term to the largest, so that the order of the log changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.events import Events
from swayrank.measures.engagement.reactions import Reactions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Received:
    """The counted reactions to one account, sorted by engager, then by cluster.

    Attributes
    ----------
    rows : numpy.ndarray of int64, shape (k,)
        Positions in the log.
    actor, cluster : numpy.ndarray of int64, shape (k,)
        Who reacted, and in which cluster (:class:`~swayrank.measures.engagement.reactions.Reactions`).
    value : numpy.ndarray of float64, shape (k,)
        What each counts, weighted and decayed.
    n_posts : int
        Posts of the account.
    n_own : int
        Clusters below this are posts of the account.
    """

    rows: Ints
    actor: Ints
    cluster: Ints
    value: Floats
    n_posts: int
    n_own: int

    @classmethod
    def of(cls, reactions: Reactions, row: int) -> Received:
        """What the account at a row of the log's accounts received."""
        rows = reactions.rows[int(reactions.indptr[row]) : int(reactions.indptr[row + 1])].astype(np.int64)
        actor, cluster = reactions.actor[rows].astype(np.int64), reactions.cluster[rows].astype(np.int64)
        order = np.lexsort((rows, cluster, actor))
        rows = rows[order]
        n_posts = int(reactions.n_posts[row])
        return cls(rows, actor[order], cluster[order], reactions.values[rows], n_posts, reactions.n_own)

    @cached_property
    def _starts(self) -> Ints:
        """Where each engager's rows start."""
        return np.flatnonzero(np.r_[True, self.actor[1:] != self.actor[:-1]][: self.actor.size])

    @cached_property
    def engagers(self) -> Ints:
        """Who reacted, ascending."""
        return self.actor[self._starts]

    @cached_property
    def engagement(self) -> Floats:
        """E: what each engager's reactions count together."""
        return self._by_engager(self.value[np.lexsort((self.value, self.actor))])

    @cached_property
    def times(self) -> Ints:
        """How often each engager reacted."""
        sizes: Ints = np.diff(np.r_[self._starts, self.actor.size])
        return sizes

    @cached_property
    def seen(self) -> Floats:
        """c: to how many of the account's own posts each engager reacted."""
        new = np.r_[True, (self.actor[1:] != self.actor[:-1]) | (self.cluster[1:] != self.cluster[:-1])]
        return self._by_engager((new[: self.actor.size] & (self.cluster < self.n_own)).astype(np.float64))

    @cached_property
    def worth(self) -> Floats:
        """How much of the account's resonance each engager is."""
        return terms(self.engagement, self.seen, self.n_posts)

    def _by_engager(self, values: Floats) -> Floats:
        sums: Floats = np.add.reduceat(values, self._starts) if self.actor.size else np.zeros(0)
        return sums

    def counts(self, events: Events, chosen: Ints | slice = slice(None)) -> dict[str, int]:
        """Some of the reactions, counted by action, the most frequent first."""
        number = np.bincount(events.action[self.rows[chosen]], minlength=len(events.actions))
        return {events.actions[int(a)]: int(number[a]) for a in np.argsort(-number, kind="stable") if number[a]}

    @cached_property
    def posts(self) -> Ints:
        """The clusters of the account's own posts that drew reactions."""
        return np.unique(self.cluster[self.cluster < self.n_own])

    def rows_of(self, cluster: int) -> Ints:
        """Where a cluster's reactions stand in this table."""
        return np.flatnonzero(self.cluster == cluster)

    def with_another(self, cluster: int, fresh: Floats) -> tuple[Floats, float]:
        """What a further post would bring if the same people reacted to it as to an earlier one, just now.

        Parameters
        ----------
        cluster : int
            The earlier post.
        fresh : numpy.ndarray of float64, shape (k,)
            What every reaction counts before decay.

        Returns
        -------
        more : numpy.ndarray of float64
            What each engager would add.
        resonance : float
            The account's resonance afterwards.
        """
        again = self.rows_of(cluster)
        again = again[np.lexsort((fresh[again], self.actor[again]))]
        where = np.searchsorted(self.engagers, self.actor[again])
        more: Any = np.bincount(where, weights=fresh[again], minlength=self.engagers.size)
        seen = self.seen.copy()
        seen[where] += 1
        return more, ascending_sum(terms(self.engagement + more, seen, self.n_posts + 1))


def terms(engagement: Floats, seen: Floats, n_posts: int) -> Floats:
    """What each engager is worth.

    >>> terms(np.array([1.0, 1.0]), np.array([0.0, 1.0]), 1).round(3).tolist()
    [0.682, 0.17]
    """
    y = np.sqrt(1.0 + engagement)
    z = np.sqrt(y)
    worth: Floats = engagement * (y + z + 1.0) / ((z + 1.0) * (y + 1.0)) * (1.0 - seen / (n_posts + 1.0)) ** 2
    return worth


def ascending_sum(values: Floats) -> float:
    """The sum from the smallest to the largest."""
    return float(np.sort(values).sum())
