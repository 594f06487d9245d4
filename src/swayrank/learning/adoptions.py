"""Who took up which post, and when: what influence is learned from.

An *adoption* is an account's first act on a post among `actions`: publishing it, or passing it on. Likes and replies
hand nothing on and are no adoptions unless they are asked for. Whoever is named as the target of a repost had the post
before: where the log does not hold its own row, it adopted at :data:`EARLIEST`, before everybody else, at a moment that
nobody knows.

Rows without a post, without a time, or by accounts that are not among `ids` are left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT, NO_POST, Events
from swayrank.events.columns import NO_TIME
from swayrank.ids import Ids, read_only

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]

SPREADING = ("post", "repost", "quote")
"""The actions by which a post comes to an account's followers."""
EARLIEST = NO_TIME
"""The time of an adoption that was before all others of its post, at an unknown moment: -2**63."""


class Cascades(NamedTuple):
    """Adoptions grouped by post, in the order of time (then of accounts).

    Attributes
    ----------
    indptr : numpy.ndarray of uint64, shape (n_posts + 1,)
        Where each post's adoptions start.
    account : numpy.ndarray of uint32, shape (n,)
    time : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970 UTC, ascending within a post; :data:`EARLIEST` where it is unknown.
    """

    indptr: U64
    account: U32
    time: Times


@dataclass(frozen=True, eq=False)
class Adoptions:
    """Adoptions grouped by account; made by :meth:`of`.

    Attributes
    ----------
    ids : Ids
        The accounts that positions mean.
    indptr : numpy.ndarray of uint64, shape (len(ids) + 1,)
        Where each account's adoptions start.
    post : numpy.ndarray of uint32, shape (n,)
        Positions in the log's posts, ascending within an account.
    time : numpy.ndarray of int64, shape (n,)
        Microseconds since 1970 UTC; :data:`EARLIEST` where it is unknown.
    n_posts : int
        Number of the log's posts, whether anybody here adopted them or not.
    left_out : mapping of str to int
        ``without_post``, ``undated`` and ``unknown_account``: rows of the wanted actions that could not be used.

    Examples
    --------
    >>> ev = Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "repost", "repost"],
    ...                         "target": [None, "ada", "ada"], "post": ["p", "p", "p"],
    ...                         "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> found = Adoptions.of(ev)
    >>> found.n, found.count.tolist(), found.by_post.account.tolist()
    (3, [1, 1, 1], [0, 1, 2])
    """

    ids: Ids
    indptr: U64
    post: U32
    time: Times
    n_posts: int
    left_out: Mapping[str, int]

    @classmethod
    def of(cls, events: Events, ids: Ids | None = None, *, actions: Iterable[str] = SPREADING) -> Adoptions:
        """The adoptions of a log.

        Parameters
        ----------
        events : Events
            The log.
        ids : Ids, optional
            The accounts, such as a graph's; by default the log's own.
        actions : iterable of str
            What counts as taking up a post.

        Raises
        ------
        ParameterError
            If no row of those actions has both a post and a time.
        """
        wanted = _of_actions(events, actions)
        without_post, undated = wanted & (events.post == NO_POST), wanted & (events.time == NO_TIME)
        rows = np.flatnonzero(wanted & ~without_post & ~undated)
        if not rows.size:
            raise ParameterError(
                f"events must have {', '.join(actions)} with a post and a time, since who could have had it from whom "
                f"is known from them alone; of {events.n_events:,} rows none has"
            )
        place = _places(events, ids)
        target = np.where(events.target[rows] == NO_ACCOUNT, np.int64(len(events.accounts)), events.target[rows])
        account = np.concatenate([place[events.actor[rows]], place[target]])
        post = np.concatenate([events.post[rows], events.post[rows]])
        time = np.concatenate([events.time[rows], np.full(rows.size, EARLIEST)])
        known = account != NO_ACCOUNT
        is_actor = np.arange(account.size) < rows.size
        left_out = {
            "without_post": int(np.count_nonzero(without_post)),
            "undated": int(np.count_nonzero(undated & ~without_post)),
            "unknown_account": int(np.count_nonzero(~known & is_actor)),
        }
        account, post, time = _firsts(account[known], post[known], time[known], is_actor[known])
        n = len(events.accounts if ids is None else ids)
        sizes = np.bincount(account, minlength=n)
        return cls(
            ids=events.accounts if ids is None else ids,
            indptr=read_only(np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)),
            post=read_only(post),
            time=read_only(time),
            n_posts=len(events.posts),
            left_out=left_out,
        )

    @property
    def n(self) -> int:
        """Number of adoptions."""
        return self.post.size

    @cached_property
    def count(self) -> npt.NDArray[np.int64]:
        """Posts that each account adopted."""
        return np.diff(self.indptr).astype(np.int64)

    @cached_property
    def account(self) -> U32:
        """The account of every adoption."""
        accounts: U32 = np.repeat(np.arange(self.count.size, dtype=np.uint32), self.count)
        return read_only(accounts)

    @cached_property
    def by_post(self) -> Cascades:
        """The same adoptions grouped by post, in the order of time."""
        order = np.lexsort((self.account, self.time, self.post))
        sizes = np.bincount(self.post, minlength=self.n_posts)
        indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
        return Cascades(read_only(indptr), read_only(self.account[order]), read_only(self.time[order]))


def _of_actions(events: Events, actions: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which rows do one of the actions."""
    names = [actions] if isinstance(actions, str) else list(actions)
    if unknown := [name for name in names if name not in events.actions]:
        raise ParameterError(f"actions must be among {', '.join(events.actions)}, got {unknown[0]!r}")
    chosen = np.zeros(256, np.bool_)
    chosen[[events.actions.index(name) for name in names]] = True
    return chosen[events.action]


def _places(events: Events, ids: Ids | None) -> U32:
    """Where each of the log's accounts stands among `ids`; the last place is for nobody."""
    n = len(events.accounts)
    found = np.arange(n, dtype=np.uint32)
    if ids is not None:
        found = ids.positions(events.accounts.to_arrow(), missing="sentinel")
    return np.append(found, np.uint32(NO_ACCOUNT))


def _firsts(account: U32, post: U32, time: Times, is_actor: npt.NDArray[np.bool_]) -> tuple[U32, U32, Times]:
    """The first act of each account on each post, ascending by account and post; a target's stand-in only without."""
    order = np.lexsort((time, ~is_actor, post, account))
    account, post, time = account[order], post[order], time[order]
    first = np.ones(account.size, np.bool_)
    first[1:] = (account[1:] != account[:-1]) | (post[1:] != post[:-1])
    return account[first], post[first], time[first]
