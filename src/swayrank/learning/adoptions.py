"""Who took up which post, and when: what influence is learned from.

An *adoption* is an account's first act on a post among `actions`: publishing it, or passing it on. Likes and replies
hand nothing on and are no adoptions unless they are asked for. Whoever is named as the target of a repost had the post
before: where the log does not hold its own row, it adopted at :data:`EARLIEST`, before everybody else, at a moment that
nobody knows.

Rows without a post, without a time, or by accounts that are not among `ids` are left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.engines import Bounds, balanced_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT, Events
from swayrank.events.columns import NO_TIME
from swayrank.ids import Ids, read_only
from swayrank.kernels.adopt import (
    adoption_fill,
    adoption_sizes,
    cascade_fill,
    cascade_order,
    cascade_sizes,
    close_gaps,
    first_adoptions,
)

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]

SPREADING = ("post", "repost", "quote")
"""The actions by which a post comes to an account's followers."""
EARLIEST = NO_TIME
"""The time of an adoption that was before all others of its post, at an unknown moment: -2**63."""
_CHUNKS = 64
_WORTH_KEEPING = 0.9


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
    def of(
        cls,
        events: Events,
        ids: Ids | None = None,
        *,
        actions: Iterable[str] = SPREADING,
        threads: int | None = None,
    ) -> Adoptions:
        """The adoptions of a log.

        Parameters
        ----------
        events : Events
            The log.
        ids : Ids, optional
            The accounts, such as a graph's; by default the log's own.
        actions : iterable of str
            What counts as taking up a post.
        threads : int, optional
            How many threads; by default all that the process may use.

        Raises
        ------
        ParameterError
            If no row of those actions has both a post and a time.

        Notes
        -----
        A counting sort by account, then a sort within each account: O(rows + adoptions * log(adoptions per account)),
        with 12 bytes per adoption and 4 per post.
        """
        names = (actions,) if isinstance(actions, str) else tuple(actions)
        wanted = wanted_actions(events, names)
        n = len(events.accounts if ids is None else ids)
        columns = (
            events.actor,
            events.target,
            events.action,
            events.post,
            events.time,
            wanted,
            places_of_accounts(events, ids),
        )
        rows = tuple(read_only(column) for column in columns)
        handed = np.full(len(events.posts), NO_ACCOUNT, np.uint32)
        indptr, left_out = np.zeros(n + 1, np.uint64), np.zeros(4, np.int64)
        adoption_sizes(*rows, handed, indptr, left_out)
        if not left_out[3]:
            raise ParameterError(
                f"events must have {', '.join(names)} with a post and a time, since who could have had it from whom "
                f"is known from them alone; of {events.n_events:,} rows none has"
            )
        post, time = np.empty(int(indptr[-1]), np.uint32), np.empty(int(indptr[-1]), np.int64)
        handed.fill(NO_ACCOUNT)
        adoption_fill(*rows, handed, indptr.copy(), post, time)
        del handed
        kept = np.zeros(n, np.uint64)
        _in_place(_first_ones, (indptr, post, time, kept), indptr, threads)
        size = int(close_gaps(indptr, kept, post, time))
        if size < _WORTH_KEEPING * post.size:
            post, time = post[:size].copy(), time[:size].copy()
        return cls(
            ids=events.accounts if ids is None else ids,
            indptr=read_only(indptr),
            post=read_only(post[:size]),
            time=read_only(time[:size]),
            n_posts=len(events.posts),
            left_out=dict(zip(("without_post", "undated", "unknown_account"), left_out.tolist(), strict=False)),
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
        indptr = np.zeros(self.n_posts + 1, np.uint64)
        cascade_sizes(self.post, indptr)
        account, time = np.empty(self.n, np.uint32), np.empty(self.n, np.int64)
        cascade_fill(self.indptr, self.post, self.time, indptr.copy(), account, time)
        _in_place(_in_order_of_time, (indptr, account, time), indptr, None)
        return Cascades(read_only(indptr), read_only(account), read_only(time))


def _in_place(work: Callable[..., None], arrays: tuple[Any, ...], indptr: U64, threads: int | None) -> None:
    """Sort groups where they stand, on this machine's threads: it runs once for each, so it need not be pure."""
    bounds: Bounds = balanced_bounds(indptr, _CHUNKS)
    for _ in resolve_engine("local", threads).map(work, arrays, bounds):
        pass


def _first_ones(arrays: tuple[U64, U32, Times, U64], start: int, stop: int) -> None:
    indptr, post, time, kept = arrays
    first_adoptions(np.uint64(start), np.uint64(stop), read_only(indptr), post, time, kept)


def _in_order_of_time(arrays: tuple[U64, U32, Times], start: int, stop: int) -> None:
    indptr, account, time = arrays
    cascade_order(np.uint64(start), np.uint64(stop), read_only(indptr), account, time)


def wanted_actions(events: Events, names: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """For each code of an action whether it is among the wanted ones."""
    if unknown := [name for name in names if name not in events.actions]:
        raise ParameterError(f"actions must be among {', '.join(events.actions)}, got {unknown[0]!r}")
    chosen = np.zeros(256, np.uint8)
    chosen[[events.actions.index(name) for name in names]] = 1
    return chosen


def places_of_accounts(events: Events, ids: Ids | None) -> U32:
    """Where each of the log's accounts stands among `ids`."""
    if ids is None or ids is events.accounts:
        return np.arange(len(events.accounts), dtype=np.uint32)
    return ids.positions(events.accounts.to_arrow(), missing="sentinel")
