r"""Reactions as they add up: what each row counts now, grouped by who received it, and in which clusters it came.

A *cluster* is what happened together, and is the unit of chance: the reactions to one post; where a row names no post,
or one of somebody else's (as a mention does), those of the same stretch of time (a day, or a 24th of the log's span
where that is less). Rows without a time or a post are clustered by engager.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.engines import Engine, balanced_bounds
from swayrank.events import NO_ACCOUNT, NO_POST, Events
from swayrank.events.columns import NO_TIME, as_us
from swayrank.ids import read_only
from swayrank.kernels.counts import group_fill, group_sizes
from swayrank.kernels.reactions import engager_sums, pair_sums, reaction_values
from swayrank.measures.engagement.decay import MICROSECONDS_PER_DAY, resolve_half_life, total_weight, weights_by_action

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_CHUNKS = 64
_BLOCKS = 24
_FAR = 2**62  # microseconds: no difference of two times overflows


class Gains(NamedTuple):
    """What each cluster of reactions adds to an account's figure.

    Attributes
    ----------
    indptr : numpy.ndarray of uint64, shape (n_accounts + 1,)
        Where each account's clusters start.
    cluster : numpy.ndarray of uint32
        Codes of :attr:`Reactions.cluster`, ascending within an account.
    keys : numpy.ndarray of uint64
        What the random streams of the first clusters are named by; of later ones, by their codes.
    variance : numpy.ndarray of float64, shape (n_accounts,)
        The sum of an account's squared gains: its figure's variance under a Poisson bootstrap of clusters.
    gain : numpy.ndarray of float64
        By how much the figure would be lower without that cluster; below 0 where it would be higher, as for posts that
        only the account's most loyal engagers reacted to.
    """

    indptr: U64
    cluster: U32
    keys: U64
    variance: Floats
    gain: Floats


class Heed(NamedTuple):
    """How engagers deal out their attention.

    Attributes
    ----------
    given : numpy.ndarray of float64, shape (n_accounts,)
        What each account gives to all others.
    first_pair : numpy.ndarray of uint64, shape (n_accounts + 1,)
        Where the pairs of each account that received reactions start among :meth:`Reactions.pairs`.
    dealt : numpy.ndarray of float64, shape (n_pairs,)
        What of `given` each pair has without any reaction.
    """

    given: Floats
    first_pair: U64
    dealt: Floats


@dataclass(frozen=True, eq=False)
class Reactions:
    """The interactions of a log that count at a moment, grouped by target; made by :func:`group_reactions`.

    Attributes
    ----------
    indptr : numpy.ndarray of uint64, shape (n_accounts + 1,)
    rows : numpy.ndarray of uint32
        Positions in the log; those that account a received are ``rows[indptr[a]:indptr[a + 1]]``.
    actor, cluster : numpy.ndarray of uint32, shape (n_events,)
        Who reacted, and in which cluster.
    values : numpy.ndarray of float64, shape (n_events,)
        What each row counts, weighted and decayed.
    n_own : int
        Clusters below this are posts of the account that received the reactions.
    keys : numpy.ndarray of uint64, shape (n_own,)
        What a post's random stream is named by: its id, not its place.
    n_posts : numpy.ndarray of uint32, shape (n_accounts,)
        Posts of each account: published ones, and those that others reacted to.
    left_out : mapping of str to int
        ``self_interactions``, ``undated`` and ``after_now``: the interactions of these kinds.
    """

    indptr: U64
    rows: U32
    actor: U32
    cluster: U32
    values: Floats
    n_own: int
    keys: U64
    n_posts: U32
    left_out: Mapping[str, int]

    def pairs(self, runner: Engine) -> tuple[U32, U32, Floats]:
        """Engagers, accounts and summed values of every pair, ascending by account, then by engager."""
        parts = [*runner.map(_pairs_of, self, self._bounds())]
        actor, value, count = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return actor, np.repeat(np.arange(count.size, dtype=np.uint32), count), value

    def engagers(self, runner: Engine) -> npt.NDArray[np.int64]:
        """By how many different accounts each account was reacted to."""
        return np.concatenate([*runner.map(_engagers_of, self, self._bounds())])

    def by_engager(self, runner: Engine, heed: Heed | None = None) -> tuple[Floats, npt.NDArray[np.int64], Gains]:
        """Every account's sum over its engagers, how many they are, and what each cluster adds.

        Without `heed` the sum is resonance's; with it, the sum of shares of attention, as far as they come from
        reactions.
        """
        heed = heed or Heed(np.zeros(0), np.zeros(0, np.uint64), np.zeros(0))
        parts = [*runner.map(_sums_of, (self, heed), self._bounds())]
        sums, variance, engagers, sizes, cluster, gain = (
            np.concatenate(columns) for columns in zip(*parts, strict=True)
        )
        indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
        return sums, engagers, Gains(indptr, cluster, self.keys, variance, gain)

    def _bounds(self) -> npt.NDArray[np.int64]:
        bounds = balanced_bounds(self.indptr, _CHUNKS)
        return bounds if bounds.size > 1 else np.array([0, self.indptr.size - 1])


def _pairs_of(reactions: Reactions, start: int, stop: int) -> tuple[U32, Floats, npt.NDArray[np.int64]]:
    n_rows = int(reactions.indptr[stop] - reactions.indptr[start])
    actor, value = np.empty(n_rows, np.uint32), np.empty(n_rows)
    count = np.zeros(stop - start, np.int64)
    grouped = (reactions.indptr, reactions.rows, reactions.actor, reactions.values)
    pair_sums(np.uint64(start), np.uint64(stop), *(read_only(x) for x in grouped), actor, value, count)
    kept = _first_of_each(reactions.indptr[start : stop + 1], count)
    return actor[kept], value[kept], count


def _engagers_of(reactions: Reactions, start: int, stop: int) -> npt.NDArray[np.int64]:
    return _pairs_of(reactions, start, stop)[2]


def _sums_of(task: tuple[Reactions, Heed], start: int, stop: int) -> tuple[npt.NDArray[Any], ...]:
    reactions, heed = task
    n_rows = int(reactions.indptr[stop] - reactions.indptr[start])
    sums, variance, engagers = np.zeros(stop - start), np.zeros(stop - start), np.zeros(stop - start, np.int64)
    cluster, gain = np.empty(n_rows, np.uint32), np.empty(n_rows)
    grouped = (reactions.indptr, reactions.rows, reactions.actor, reactions.cluster)
    rest = (np.uint64(reactions.n_own), *(read_only(x) for x in (reactions.values, reactions.n_posts, *heed)))
    head = (np.uint64(start), np.uint64(stop), *(read_only(x) for x in grouped))
    engager_sums(*head, *rest, sums, variance, engagers, cluster, gain)
    there = cluster != NO_POST
    account = np.repeat(np.arange(stop - start), np.diff(reactions.indptr[start : stop + 1]).astype(np.int64))
    sizes = np.bincount(account[there], minlength=stop - start)
    return sums, variance, engagers, sizes, cluster[there], gain[there]


def _first_of_each(indptr: U64, count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions of the first `count` places of each group."""
    starts = np.repeat((indptr[:-1] - indptr[0]).astype(np.int64) - np.cumsum(count) + count, count)
    return starts + np.arange(starts.size)


def group_reactions(
    events: Events, *, half_life_days: float | str, weights: Mapping[str, float] | None = None, now: Any = None
) -> Reactions:
    """Group a log's interactions by who received them; parameters as :func:`~swayrank.resonance` takes them."""
    by_action = weights_by_action(events, weights)
    half_life = max(1, round(resolve_half_life(half_life_days) * MICROSECONDS_PER_DAY))
    dated = events.time[events.time != NO_TIME]
    until = int(dated.max(initial=0)) if now is None else min(max(as_us(now), -_FAR), _FAR)
    values = np.empty(events.n_events)
    own_weight = np.zeros(0) if events.weight is None else np.ascontiguousarray(events.weight, np.float64)
    total_weight(events, by_action, own_weight)
    columns = (events.action, events.time, own_weight, np.array(list(by_action.values())))
    reaction_values(*(read_only(column) for column in columns), half_life, until, values)

    interaction = (events.target != NO_ACCOUNT) & (np.array(list(by_action.values())) > 0)[events.action]
    own = interaction & (events.target == events.actor)
    undated, late = np.isnan(values), values < 0
    counts = interaction & ~undated & ~late
    target = np.where(counts, events.target, np.uint32(NO_ACCOUNT))
    left_out = {
        "self_interactions": int(np.count_nonzero(own)),
        "undated": int(np.count_nonzero(interaction & undated & ~own)),
        "after_now": int(np.count_nonzero(interaction & late & ~own)),
    }
    indptr = np.zeros(len(events.accounts) + 1, np.uint64)
    every = np.ones(len(events.actions), np.uint8)
    grouping = tuple(read_only(x) for x in (events.actor, target, events.action, every))
    group_sizes(*grouping, indptr)
    rows = np.empty(int(indptr[-1]), np.uint32)
    group_fill(*grouping, read_only(np.arange(events.n_events, dtype=np.uint32)), indptr.copy(), rows)
    cluster, n_posts = _clusters(events)
    keys = events.posts.hashes()
    return Reactions(indptr, rows, events.actor, cluster, values, len(events.posts), keys, n_posts, left_out)


def _clusters(events: Events) -> tuple[U32, U32]:
    """The cluster of every row, and the number of every account's posts."""
    n_posts = len(events.posts)
    owner = np.full(n_posts + 1, NO_ACCOUNT, np.uint32)  # the last place stands for no post
    published = (events.action == events.actions.index("post")) & (events.post != NO_POST)
    owner[events.post[published]] = events.actor[published]
    contested = np.unique(events.post[published][owner[events.post[published]] != events.actor[published]])
    owner[contested] = NO_ACCOUNT  # which row comes last shall decide nothing: it belongs to all who claim it
    place = np.where(events.post == NO_POST, np.uint32(n_posts), events.post)
    unclaimed = (owner[place] == NO_ACCOUNT) & (events.post != NO_POST) & (events.target != NO_ACCOUNT)
    unclaimed &= events.action != events.actions.index("mention")  # a mention stands in a post of who mentions
    unclaimed &= events.target != events.actor
    is_own = unclaimed | ((owner[place] == events.target) & (events.target != NO_ACCOUNT) & (place < n_posts))
    cluster = np.where(is_own, events.post, np.uint32(NO_POST))
    rest = np.flatnonzero(~is_own & (events.target != NO_ACCOUNT))
    cluster[rest] = n_posts + _stretches(events, rest)
    counts = np.bincount(owner[:-1][owner[:-1] != NO_ACCOUNT], minlength=len(events.accounts))
    nameless = (events.action == events.actions.index("post")) & (events.post == NO_POST)
    counts += np.bincount(events.actor[nameless], minlength=counts.size)
    disputed = published & (owner[place] == NO_ACCOUNT)
    who = np.concatenate((events.target[unclaimed], events.actor[disputed])).astype(np.uint64)
    claims = np.unique(who << np.uint64(32) | np.concatenate((events.post[unclaimed], events.post[disputed])))
    counts += np.bincount((claims >> np.uint64(32)).astype(np.int64), minlength=counts.size)
    return cluster, counts.astype(np.uint32)


def _stretches(events: Events, rows: npt.NDArray[np.int64]) -> U32:
    """Number the stretches of time in which rows reached their targets; without a time, by engager."""
    if not rows.size:
        return np.zeros(0, np.uint32)
    dated = events.time[events.time != NO_TIME]
    first, last = (int(dated.min()), int(dated.max())) if dated.size else (0, 0)
    stretch = max(1_000_000, min(MICROSECONDS_PER_DAY, (last - first) // _BLOCKS + 1))
    time = events.time[rows]
    when = np.where(time == NO_TIME, 1 << 31 | (events.actor[rows] & np.uint32(2**31 - 1)), (time - first) // stretch)
    keys = events.target[rows].astype(np.uint64) << np.uint64(32) | when.astype(np.uint64)
    numbers: U32 = np.unique(keys, return_inverse=True)[1].astype(np.uint32)
    return numbers
