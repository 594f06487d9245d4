"""Posts with counts that somebody else has added up: one row per post, or per account, as an export gives them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.events.columns import (
    FORMAT,
    NO_POST,
    NO_TIME,
    U32,
    Array,
    Int64Array,
    as_positions,
    hash_ids,
    plain_list,
    repeats,
    spelled_out,
    timestamps,
)
from swayrank.events.reports import EventsReport
from swayrank.ids import Ids, read_only
from swayrank.tables import frame

if TYPE_CHECKING:
    import pyarrow as pa

COUNTS = ("likes", "comments", "shares", "views", "impressions", "reach", "followers")
"""The counts that a row of :class:`Posts` can hold."""


@dataclass(frozen=True, eq=False)
class Posts:
    """Posts with counts that were added up elsewhere: an immutable table of columns.

    Make one with `swayrank.read_posts` or :meth:`from_arrays`.

    Attributes
    ----------
    accounts : Ids
        The accounts.
    posts : Ids
        The posts; empty where rows are not named.
    account : numpy.ndarray of uint32, shape (n_posts,)
        Positions in `accounts`.
    post : numpy.ndarray of uint32, shape (n_posts,)
        Positions in `posts`; ``NO_POST`` where a row names none.
    time : numpy.ndarray of int64, shape (n_posts,)
        Microseconds since 1970 UTC; ``NO_TIME`` where unknown.
    counts : dict of str to numpy.ndarray of float64, shape (n_posts,)
        The counts that were given, each one of :data:`COUNTS`; NaN where a cell is empty. Also as attributes
        (``posts.likes``), all NaN where they were not given.
    extra : dict
        "topic" and "platform", where given (Arrow dictionary arrays).
    report : EventsReport
        What reading came to.

    Examples
    --------
    >>> po = Posts.from_arrays([0, 0, 1], accounts=Ids.from_values(["ada", "bob"]), counts={"likes": [3, 4, 50]})
    >>> po
    <Posts: 3 posts of 2 accounts with likes>
    >>> po.likes.tolist(), po.given
    ([3.0, 4.0, 50.0], ('likes',))
    """

    accounts: Ids
    posts: Ids
    account: U32
    post: U32
    time: Int64Array
    counts: dict[str, npt.NDArray[np.float64]]
    extra: dict[str, Any] = field(default_factory=dict)
    report: EventsReport = field(default_factory=EventsReport)

    @classmethod
    def from_arrays(
        cls,
        account: Array,
        *,
        accounts: Ids,
        counts: Mapping[str, Any],
        post: Array | None = None,
        posts: Ids | None = None,
        time: Array | None = None,
        extra: Mapping[str, Any] | None = None,
        report: EventsReport | None = None,
    ) -> Posts:
        """Posts from columns of positions and counts; see the attributes.

        Parameters
        ----------
        account : array of int, shape (n,)
            Positions in `accounts`.
        accounts : Ids
            The accounts.
        counts : mapping of str to array of float, shape (n,)
            Any of :data:`COUNTS`; NaN for unknown.
        post : array of int, shape (n,), optional
            Positions in `posts`; ``NO_POST`` for none.
        posts : Ids, optional
            The posts; by default there are none.
        time : array of int64, shape (n,), optional
            Microseconds since 1970 UTC; ``NO_TIME`` for unknown.
        extra : mapping, optional
            "topic", "platform".
        report : EventsReport, optional
            What reading came to.

        Raises
        ------
        ParameterError
            If lengths differ, a position is outside its collection, or a count is not among :data:`COUNTS`.

        Examples
        --------
        >>> import numpy as np
        >>> po = Posts.from_arrays([0, 1], accounts=Ids.of_range(2), counts={"views": [100, np.nan]})
        >>> po.n_posts, po.views.tolist()
        (2, [100.0, nan])
        """
        n = len(account)
        posts = posts if posts is not None else Ids.of_range(0)
        if unknown := [name for name in counts if name not in COUNTS]:
            raise ParameterError(f"counts must be among {', '.join(COUNTS)}, got {unknown[0]!r}")
        columns: dict[str, Array] = {
            "account": as_positions("account", account, len(accounts), None),
            "post": as_positions("post", np.full(n, NO_POST) if post is None else post, len(posts), NO_POST),
            "time": np.full(n, NO_TIME, np.int64) if time is None else np.ascontiguousarray(time, np.int64),
        }
        numbers = {name: np.ascontiguousarray(values, np.float64) for name, values in counts.items()}
        if wrong := [name for name, values in {**columns, **numbers}.items() if len(values) != n]:
            raise ParameterError(f"all columns must have {n:,} rows like account; {wrong[0]} has another number")
        return cls(
            accounts=accounts,
            posts=posts,
            **{name: read_only(values) for name, values in columns.items()},
            counts={name: read_only(values) for name, values in numbers.items()},
            extra=dict(extra or {}),
            report=report or EventsReport(),
        )

    @property
    def n_posts(self) -> int:
        """Number of rows."""
        return len(self.account)

    def __len__(self) -> int:
        return len(self.account)

    @property
    def given(self) -> tuple[str, ...]:
        """The counts that were given."""
        return tuple(self.counts)

    def __getattr__(self, name: str) -> npt.NDArray[np.float64]:
        if name not in COUNTS:
            raise AttributeError(f"Posts has no attribute {name!r}")
        values = self.counts.get(name)
        return values if values is not None else read_only(np.full(len(self.account), np.nan))

    def __repr__(self) -> str:
        counts = ", ".join(self.counts) or "nothing"
        return f"<Posts: {self.n_posts:,} posts of {len(self.accounts):,} accounts with {counts}>"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all contents, hexadecimal."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps([FORMAT, list(self.counts), sorted(self.extra)]).encode())
        for ids in (self.accounts, self.posts):
            hash_ids(digest, ids)
        columns: tuple[Array, ...] = (self.account, self.post, self.time, *self.counts.values())
        for values in columns:
            digest.update(values.tobytes())
        for name in sorted(self.extra):
            digest.update(json.dumps(plain_list(self.extra[name])).encode())
        return digest.hexdigest()

    @cached_property
    def duplicate(self) -> npt.NDArray[np.bool_]:
        """Whether each row repeats an earlier one: same account and post; without a post, same time and counts too."""
        named = self.post != NO_POST
        rest = [np.where(named, 0, v.view(np.int64)) for v in (self.time, *self.counts.values())]
        return repeats(self.account, self.post, *rest)

    def rows(self, keep: npt.NDArray[np.bool_]) -> Posts:
        """The rows where `keep` is true; accounts and posts keep their positions.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape (n_posts,)
            Which rows.

        Examples
        --------
        >>> po = Posts.from_arrays([0, 1], accounts=Ids.from_values(["ada", "bob"]), counts={"likes": [3, 50]})
        >>> po.rows(po.likes > 10).to_arrow()["account"].to_pylist()
        ['bob']
        """
        import pyarrow as pa

        names = ("account", "post", "time")
        parts: dict[str, Any] = {name: read_only(getattr(self, name)[keep]) for name in names}
        counts = {name: read_only(values[keep]) for name, values in self.counts.items()}
        extra = {name: values.filter(pa.array(keep)) for name, values in self.extra.items()}
        return replace(self, **parts, counts=counts, extra=extra)

    def to_arrow(self) -> pa.Table:
        """The table with ids instead of positions; counts not known are null."""
        import pyarrow as pa

        columns = {"account": spelled_out(self.accounts, self.account), "post": spelled_out(self.posts, self.post)}
        columns["time"] = timestamps(self.time)
        columns.update({name: pa.array(values, from_pandas=True) for name, values in self.counts.items()})
        return pa.table({**columns, **self.extra})

    def to_frame(self, backend: str = "pandas") -> Any:
        """The table as a data frame of another library.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.

        Examples
        --------
        >>> po = Posts.from_arrays([0, 1], accounts=Ids.from_values(["ada", "bob"]), counts={"likes": [3, 50]})
        >>> po.to_frame("polars").select("account", "likes").rows()
        [('ada', 3.0), ('bob', 50.0)]
        """
        return frame(self.to_arrow(), backend)
