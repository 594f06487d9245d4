"""The table of who did what to whom, and when.

:class:`Events` holds one row per interaction: `actor` did `action` to `target`'s `post` at `time`. A repost by ada of
bob's post is ada -> bob, so influence runs from target to actor, as along the arcs of a graph in which ada follows
bob. The row of an action "post" says that `actor` published `post`; it has no target.

It is immutable columns of numbers: accounts and posts are positions in `accounts` and `posts`
(:class:`~swayrank.ids.Ids`, numbered by first appearance, actor before target), times are int64 microseconds since
1970-01-01 UTC, and all arrays are read-only. ``2**32 - 1`` (:data:`NO_ACCOUNT`, :data:`NO_POST`) and ``-2**63``
(:data:`NO_TIME`) mean that there is none.

A window (:meth:`Events.before`, `after`, `between`, `select`) shares accounts, posts and their positions with the
whole, so that results line up; :meth:`Events.compact` numbers anew what is left.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.events.columns import (
    FORMAT,
    NO_ACCOUNT,
    NO_POST,
    NO_TIME,
    U32,
    YEAR_2000,
    Array,
    Int64Array,
    as_arrow,
    as_positions,
    as_us,
    day_of,
    first_appearance,
    hash_ids,
    ids_of_kind,
    iso,
    n_different,
    plain_list,
    read_parquet,
    repeats,
    spelled_out,
    subset,
    timestamps,
    write_parquet,
)
from swayrank.events.posts import COUNTS, Posts
from swayrank.events.reports import EventsReport, EventsSummary
from swayrank.graph import Graph
from swayrank.ids import Ids, Interner, read_only
from swayrank.tables import frame

if TYPE_CHECKING:
    import pyarrow as pa

ACTIONS = ("post", "like", "repost", "quote", "reply", "mention", "follow", "view", "click")
"""The vocabulary of actions; `extra_actions` lengthens it."""
_ALIASES = {
    "post": "tweet status publish published posted posting create created original upload",
    "like": "liked likes fav favorite favourite favorited favourited favorites heart love upvote reaction react star",
    "repost": "rt retweet retweeted retweets share shared shares reblog reblogged boost boosted reshare forward repin",
    "quote": "qt quoted quotes quote_tweet quotetweet quote_retweet",
    "reply": "re replied replies comment commented comments answer answered response",
    "mention": "mt mentioned mentions tag tagged at",
    "follow": "followed follows following subscribe subscribed subscription friend",
    "view": "viewed views impression impressions watch watched play played seen see read",
    "click": "clicked clicks link_click url_click visit",
}
ALIASES = {alias: action for action, words in _ALIASES.items() for alias in words.split()}
"""Other words for the actions, as platforms write them."""


def action_codes(extra_actions: Iterable[str] = (), actions: Mapping[str, str] | None = None) -> dict[str, int]:
    """What every spelling of an action means: position in the vocabulary, by spelling in lower case.

    Parameters
    ----------
    extra_actions : iterable of str
        Names beyond :data:`ACTIONS`.
    actions : mapping of str to str, optional
        Codes of a data set, such as ``{"1": "repost"}``. They go before the usual words.

    Raises
    ------
    ParameterError
        If a code stands for an action that is not in the vocabulary.

    Examples
    --------
    >>> codes = action_codes(actions={"1": "repost"})
    >>> codes["1"], codes["rt"], codes["repost"]
    (2, 2, 2)
    """
    names = vocabulary(extra_actions)
    codes = {alias: names.index(action) for alias, action in ALIASES.items()}
    codes.update({name.casefold(): k for k, name in enumerate(names)})
    for code, name in (actions or {}).items():
        position = codes.get(str(name).casefold())
        if position is None:
            raise ParameterError(
                f"actions must map to one of {', '.join(names)}, got {code!r} -> {name!r}; "
                f"name new ones in extra_actions"
            )
        codes[str(code).strip().casefold()] = position
    return codes


def vocabulary(extra_actions: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of all actions: :data:`ACTIONS` and the extra ones, lower case, without repetition.

    >>> vocabulary(["Save"])[-2:]
    ('click', 'save')
    """
    if isinstance(extra_actions, str):
        raise ParameterError(f"extra_actions must be a list of names, got the string {extra_actions!r}")
    names = tuple(dict.fromkeys([*ACTIONS, *(name.strip().casefold() for name in extra_actions)]))
    if len(names) > 255 or not all(names):
        raise ParameterError("extra_actions must be at most 246 names, none of them empty")
    return names


@dataclass(frozen=True, eq=False)
class Events:
    """Who did what to whom, and when: an immutable table of columns.

    Make one with `swayrank.read_events`, :meth:`from_frame` or :meth:`from_arrays`.

    Attributes
    ----------
    accounts : Ids
        All actors and targets.
    posts : Ids
        All posts; empty where the log names none.
    actions : tuple of str
        The vocabulary.
    actor, target : numpy.ndarray of uint32, shape (n_events,)
        Positions in `accounts`; ``NO_ACCOUNT`` where there is no target.
    action : numpy.ndarray of uint8, shape (n_events,)
        Positions in `actions`.
    post : numpy.ndarray of uint32, shape (n_events,)
        Positions in `posts`, the post that was acted upon; ``NO_POST`` where there is none.
    time : numpy.ndarray of int64, shape (n_events,)
        Microseconds since 1970 UTC; ``NO_TIME`` where unknown.
    weight : numpy.ndarray of float64, shape (n_events,), or None
        What each row counts for.
    extra : dict
        Optional columns: "topic" and "platform" (Arrow dictionary arrays), "followers_at_time" (float64).
    report : EventsReport
        What reading came to.

    Examples
    --------
    >>> ev = Events.from_frame({"actor": ["bob", "cem", "bob"], "action": ["RT", "like", "post"],
    ...                         "target": ["ada", "ada", None], "time": ["2017-11-06", "2017-11-07", "2017-11-08"]})
    >>> ev
    <Events: 3 events of 3 accounts, 2017-11-06 to 2017-11-08>
    >>> ev.accounts[ev.target[0]], ev.actions[ev.action[0]]
    ('ada', 'repost')
    >>> ev.before("2017-11-08").n_events
    2
    """

    accounts: Ids
    posts: Ids
    actor: U32
    target: U32
    action: npt.NDArray[np.uint8]
    post: U32
    time: Int64Array
    weight: npt.NDArray[np.float64] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ACTIONS
    report: EventsReport = field(default_factory=EventsReport)

    @classmethod
    def from_arrays(
        cls,
        actor: Array,
        target: Array,
        action: Array,
        *,
        accounts: Ids,
        post: Array | None = None,
        time: Array | None = None,
        posts: Ids | None = None,
        weight: Array | None = None,
        extra: Mapping[str, Any] | None = None,
        actions: tuple[str, ...] = ACTIONS,
        report: EventsReport | None = None,
    ) -> Events:
        """Events from columns of positions.

        Parameters
        ----------
        actor, target : array of int, shape (n,)
            Positions in `accounts`; ``NO_ACCOUNT`` for no target.
        action : array of int, shape (n,)
            Positions in `actions`.
        accounts : Ids
            The accounts.
        post : array of int, shape (n,), optional
            Positions in `posts`; ``NO_POST`` for none.
        time : array of int64, shape (n,), optional
            Microseconds since 1970 UTC; ``NO_TIME`` for unknown.
        posts : Ids, optional
            The posts; by default there are none.
        weight : array of float, shape (n,), optional
            What each row counts for.
        extra : mapping, optional
            "topic", "platform", "followers_at_time".
        actions : tuple of str
            The vocabulary.
        report : EventsReport, optional
            What reading came to.

        Raises
        ------
        ParameterError
            If lengths differ or a position is outside its collection.

        Examples
        --------
        >>> import numpy as np
        >>> Events.from_arrays([0, 1], [1, 2], [2, 1], accounts=Ids.of_range(3)).n_events
        2
        """
        n = len(actor)
        posts = posts if posts is not None else Ids.of_range(0)
        post = post if post is not None else np.full(n, NO_POST, np.uint32)
        time = time if time is not None else np.full(n, NO_TIME, np.int64)
        columns: dict[str, Array] = {
            "actor": as_positions("actor", actor, len(accounts), None),
            "target": as_positions("target", target, len(accounts), NO_ACCOUNT),
            "action": as_positions("action", action, len(actions), None).astype(np.uint8),
            "post": as_positions("post", post, len(posts), NO_POST),
            "time": np.ascontiguousarray(time, np.int64),
        }
        if weight is not None:
            columns["weight"] = np.ascontiguousarray(weight, np.float64)
        if wrong := [name for name, values in columns.items() if len(values) != n]:
            found = len(columns[wrong[0]])
            raise ParameterError(f"all columns must have {n:,} rows like actor, got {found:,} of {wrong[0]}")
        frozen: dict[str, Any] = {name: read_only(values) for name, values in columns.items()}
        return cls(
            accounts=accounts,
            posts=posts,
            **frozen,
            extra=dict(extra or {}),
            actions=tuple(actions),
            report=report or EventsReport(),
        )

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        columns: Mapping[str, str] | None = None,
        actions: Mapping[str, str] | None = None,
        extra_actions: Iterable[str] = (),
    ) -> Events:
        """Events from a clean data frame; `swayrank.read_events` also takes frames, and messy ones.

        Parameters
        ----------
        frame : pandas, polars or Arrow frame, or mapping of lists
            Columns actor and action, and any of target, post, time, weight, topic, platform, followers_at_time.
        columns : mapping of field to column, optional
            Where columns are called otherwise.
        actions : mapping of str to str, optional
            Codes of actions.
        extra_actions : iterable of str
            Actions beyond the vocabulary.

        Raises
        ------
        InputError
            If a column is missing, an actor is missing, an action is unknown, or times are neither timestamps, ISO
            text nor integers (microseconds since 1970 UTC).

        Examples
        --------
        >>> import pandas as pd
        >>> Events.from_frame(pd.DataFrame({"who": ["bob"], "action": ["like"]}), columns={"actor": "who"}).n_events
        1
        """
        return _events_of_table(as_arrow(frame), dict(columns or {}), actions, extra_actions)

    # -- what it is

    @property
    def n_events(self) -> int:
        """Number of rows."""
        return len(self.actor)

    def __len__(self) -> int:
        return len(self.actor)

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """First and last time in microseconds, or None where no row has one."""
        known = self.time[self.time != NO_TIME]
        return (int(known.min()), int(known.max())) if len(known) else None

    def __repr__(self) -> str:
        span = f", {day_of(self.span[0])} to {day_of(self.span[1])}" if self.span else ""
        return f"<Events: {self.n_events:,} events of {len(self.accounts):,} accounts{span}>"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all contents, hexadecimal: equal contents, equal fingerprint."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps([FORMAT, self.actions, sorted(self.extra)]).encode())
        for ids in (self.accounts, self.posts):
            hash_ids(digest, ids)
        weight = np.empty(0) if self.weight is None else self.weight
        for values in (self.actor, self.target, self.action, self.post, self.time, weight):
            digest.update(values.size.to_bytes(8, "little") + values.tobytes())
        for name in sorted(self.extra):
            digest.update(json.dumps(plain_list(self.extra[name])).encode())
        return digest.hexdigest()

    @cached_property
    def duplicate(self) -> npt.NDArray[np.bool_]:
        """Whether each row repeats an earlier one in actor, action, target, post and time."""
        return repeats(self.actor, self.action, self.target, self.post, self.time)

    # -- windows

    def before(self, time: str | dt.datetime | dt.date | int) -> Events:
        """The events strictly before a time (those without a time are not); accounts keep their positions.

        Parameters
        ----------
        time : str, datetime, date or int
            ISO date or date and time (UTC unless it says otherwise), or microseconds since 1970 UTC.

        Examples
        --------
        >>> times = ["2017-11-06", "2017-11-07", None]
        >>> ev = Events.from_frame({"actor": ["a", "b", "c"], "action": ["like"] * 3, "time": times})
        >>> ev.before("2017-11-07").n_events, ev.before("2017-11-07T00:00:01").n_events
        (1, 2)
        """
        return self.where((self.time < as_us(time)) & (self.time != NO_TIME))

    def after(self, time: str | dt.datetime | dt.date | int) -> Events:
        """The events at a time or later; together with `before`, every event that has a time.

        Parameters
        ----------
        time : str, datetime, date or int
            As for :meth:`before`.

        Examples
        --------
        >>> times = ["2017-11-06", "2017-11-07", None]
        >>> ev = Events.from_frame({"actor": ["a", "b", "c"], "action": ["like"] * 3, "time": times})
        >>> ev.after("2017-11-07").n_events, ev.after("2017-11-01").n_events
        (1, 2)
        """
        return self.where(self.time >= as_us(time))

    def between(self, start: str | dt.datetime | dt.date | int, end: str | dt.datetime | dt.date | int) -> Events:
        """The events at `start` or later and strictly before `end`.

        Parameters
        ----------
        start, end : str, datetime, date or int
            As for :meth:`before`.

        Examples
        --------
        >>> times = ["2017-11-06", "2017-11-07"]
        >>> ev = Events.from_frame({"actor": ["a", "b"], "action": ["like", "like"], "time": times})
        >>> ev.between("2017-11-06", "2017-11-07").n_events
        1
        """
        return self.where((self.time >= as_us(start)) & (self.time < as_us(end)))

    def select(self, actions: str | Iterable[str]) -> Events:
        """The events with one of the named actions.

        Parameters
        ----------
        actions : str or iterable of str
            Names of the vocabulary, or other words for them ("RT").

        Raises
        ------
        ParameterError
            If a name is not among them.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["a", "b"], "action": ["like", "RT"]})
        >>> ev.select(["repost"]).n_events
        1
        """
        codes = action_codes(self.actions)
        wanted = [actions] if isinstance(actions, str) else list(actions)
        if unknown := [name for name in wanted if name.casefold() not in codes]:
            raise ParameterError(f"actions must be among {', '.join(self.actions)}, got {unknown[0]!r}")
        chosen = np.zeros(256, np.bool_)
        chosen[[codes[name.casefold()] for name in wanted]] = True
        return self.where(chosen[self.action])

    def where(self, keep: npt.NDArray[np.bool_]) -> Events:
        """The rows where `keep` is true; accounts and posts keep their positions.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape (n_events,)
            Which rows.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["a", "b"], "action": ["like", "RT"]})
        >>> ev.where(ev.actor == 1).n_events
        1
        """
        import pyarrow as pa

        names = ("actor", "target", "action", "post", "time")
        parts: dict[str, Any] = {name: read_only(getattr(self, name)[keep]) for name in names}
        weight = None if self.weight is None else read_only(self.weight[keep])
        extra = {
            name: read_only(values[keep]) if isinstance(values, np.ndarray) else values.filter(pa.array(keep))
            for name, values in self.extra.items()
        }
        return replace(self, **parts, weight=weight, extra=extra)

    def without_duplicates(self) -> Events:
        """The events without rows that repeat an earlier one.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["a", "a"], "action": ["like", "like"], "target": ["b", "b"]})
        >>> ev.without_duplicates().n_events
        1
        """
        return self.where(~self.duplicate) if self.duplicate.any() else self

    def compact(self) -> Events:
        """The same events, with only the accounts and posts that occur, numbered anew by first appearance.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["a", "b"], "action": ["like", "RT"], "target": ["c", "c"]})
        >>> reposts = ev.select("repost")
        >>> list(reposts.accounts), list(reposts.compact().accounts)
        (['a', 'c', 'b'], ['b', 'c'])
        """
        order, accounts = first_appearance(len(self.accounts), self.actor, self.target)
        post_order, posts = first_appearance(len(self.posts), self.post)
        return replace(
            self,
            accounts=subset(self.accounts, order),
            posts=subset(self.posts, post_order),
            actor=read_only(accounts[self.actor]),
            target=read_only(accounts[np.minimum(self.target, len(self.accounts))]),
            post=read_only(posts[np.minimum(self.post, len(self.posts))]),
        )

    def joined(self, other: Events) -> Events:
        """These rows and then another log's, as if all had been read from one file.

        Accounts and posts are numbered anew by first appearance; those without a row are left out. A target that is
        missing is filled in where either log says who published the post.

        Parameters
        ----------
        other : Events
            The rows to come after.

        Returns
        -------
        Events
            The report tells of both.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["ada"], "action": ["post"], "post": ["p1"]})
        >>> more = Events.from_frame({"actor": ["bob", "ada"], "action": ["like", "like"], "post": ["p1", "p2"]})
        >>> whole = ev.joined(more)
        >>> whole.n_events, list(whole.accounts), whole.accounts[whole.target[1]]
        (3, ['ada', 'bob'], 'ada')
        """
        from swayrank.events.join import join

        return join(self, other)

    # -- answers

    def summary(self, now: str | dt.datetime | int | None = None) -> EventsSummary:
        """The table in numbers: accounts, span, actions, duplicates, self-interactions, clock skew, gaps.

        Parameters
        ----------
        now : time, optional
            What counts as the future lies after it; by default the clock of the machine.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["a", "a"], "action": ["like", "RT"], "target": ["a", "b"]})
        >>> ev.summary().self_interactions
        1
        """
        present = as_us(now) if now is not None else int(dt.datetime.now(dt.UTC).timestamp() * 1e6)
        known = np.sort(self.time[self.time != NO_TIME])
        per_action = np.bincount(self.action, minlength=len(self.actions))
        targeted = self.target != NO_ACCOUNT
        is_post = self.action == 0
        return EventsSummary(
            events=self.n_events,
            accounts=n_different(len(self.accounts), self.actor, self.target[targeted]),
            actors=n_different(len(self.accounts), self.actor),
            targets=n_different(len(self.accounts), self.target[targeted]),
            posts=n_different(len(self.posts), self.post[self.post != NO_POST]),
            first=iso(int(known[0])) if len(known) else None,
            last=iso(int(known[-1])) if len(known) else None,
            actions={name: int(k) for name, k in zip(self.actions, per_action, strict=True) if k},
            duplicates=int(np.count_nonzero(self.duplicate)),
            self_interactions=int(np.count_nonzero(targeted & (self.actor == self.target))),
            no_time=self.n_events - len(known),
            no_target=int(np.count_nonzero(~targeted & ~is_post)),
            before_2000=int(np.searchsorted(known, YEAR_2000)),
            in_future=len(known) - int(np.searchsorted(known, present, side="right")),
            before_their_post=self._n_before_their_post(),
            longest_gap_hours=float(np.diff(known).max() / 3.6e9) if len(known) > 1 else None,
        )

    def _n_before_their_post(self) -> int:
        """Interactions with a post that come more than a second before the log says it was published."""
        published = np.full(len(self.posts) + 1, NO_TIME, np.int64)
        rows = np.flatnonzero((self.action == 0) & (self.post != NO_POST))
        published[self.post[rows][::-1]] = self.time[rows][::-1]
        others = (self.action != 0) & (self.post != NO_POST) & (self.time != NO_TIME)
        second = 1_000_000  # many exports cut times to the second
        earliest = np.maximum(published[self.post[others]], NO_TIME + second) - second
        return int(np.count_nonzero(self.time[others] < earliest))

    def derive_graph(self, actions: Iterable[str] | None = None) -> Graph:
        """The interaction graph: actor "follows" target, with the number (or summed weight) of interactions.

        Parameters
        ----------
        actions : iterable of str, optional
            Which interactions count; by default all that have a target.

        Returns
        -------
        graph : Graph
            Nodes are all of `accounts`, in their order; column "weight"; interactions with oneself are dropped.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["b", "b"], "action": ["like", "RT"], "target": ["a", "a"]})
        >>> ev.derive_graph().column("weight").tolist()
        [2.0]
        """
        chosen = self if actions is None else self.select(actions)
        rows = chosen.target != NO_ACCOUNT
        weight = np.ones(int(rows.sum())) if chosen.weight is None else chosen.weight[rows]
        return Graph.from_edges(
            chosen.actor[rows], chosen.target[rows], n_nodes=len(self.accounts), weight=weight, ids=self.accounts
        )

    # -- elsewhere

    def to_arrow(self) -> pa.Table:
        """The table with ids and names instead of positions: strings (dictionary-coded), timestamps in UTC.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["b"], "action": ["RT"], "target": ["a"], "time": ["2017-11-06"]})
        >>> ev.to_arrow().select(["actor", "action", "target", "post"]).to_pylist()
        [{'actor': 'b', 'action': 'repost', 'target': 'a', 'post': None}]
        """
        import pyarrow as pa

        columns = {
            "actor": spelled_out(self.accounts, self.actor),
            "action": pa.DictionaryArray.from_arrays(pa.array(self.action.astype(np.int32)), pa.array(self.actions)),
            "target": spelled_out(self.accounts, self.target),
            "post": spelled_out(self.posts, self.post),
            "time": timestamps(self.time),
        }
        if self.weight is not None:
            columns["weight"] = pa.array(self.weight)
        columns.update({name: pa.array(v) if isinstance(v, np.ndarray) else v for name, v in self.extra.items()})
        return pa.table(columns)

    def to_frame(self, backend: str = "pandas") -> Any:
        """The table as a data frame of another library.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            Which library.

        Examples
        --------
        >>> ev = Events.from_frame({"actor": ["b"], "action": ["RT"], "target": ["a"], "time": ["2017-11-06"]})
        >>> ev.to_frame("polars").select("actor", "action", "target").row(0)
        ('b', 'repost', 'a')
        """
        return frame(self.to_arrow(), backend)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write one Parquet file that any tool can read; accounts that have no event are left out.

        Parameters
        ----------
        path : str or Path
            Where to; the file appears whole or not at all.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        InputError
            If it cannot be written there.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> ev = Events.from_frame({"actor": ["b"], "action": ["RT"], "target": ["a"]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Events.open(ev.save(pathlib.Path(folder) / "events.parquet")).fingerprint == ev.fingerprint
        True
        """
        whole = self.compact()
        about = {
            "format": FORMAT,
            "actions": whole.actions,
            "fingerprint": whole.fingerprint,
            "accounts": whole.accounts.kind,
            "posts": whole.posts.kind,
        }
        return write_parquet(whole.to_arrow(), "events", about, Path(path))

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Events:
        """Read what :meth:`save` wrote; the contents are checked against their fingerprint.

        Raises
        ------
        InputError
            If the file is absent, damaged, not such a one, or was altered.
        VersionError
            If it was written in a format that this version does not read.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ev = Events.from_frame({"actor": ["b"], "action": ["RT"], "target": ["a"]})
        ...     Events.open(ev.save(pathlib.Path(folder) / "log.parquet"))
        <Events: 1 events of 2 accounts>
        """
        table, about = read_parquet(Path(path), "events")
        try:
            events = _events_of_table(table, {}, None, about["actions"])
            accounts = ids_of_kind(events.accounts, about["accounts"])
            posts = ids_of_kind(events.posts, about["posts"])
            events = replace(events, actions=tuple(about["actions"]), accounts=accounts, posts=posts)
            whole = events.fingerprint == about["fingerprint"]
        except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
            why = printable(error)  # pyarrow's errors are among these
            raise InputError(f"does not hold what was written ({why}); write it anew", file=str(path)) from error
        if not whole:
            raise InputError("does not hold what was written: its fingerprint differs", file=str(path))
        return events


# -- clean tables ------------------------------------------------------------------------------------------------------


def _events_of_table(
    table: pa.Table, columns: dict[str, str], actions: Mapping[str, str] | None, extra_actions: Iterable[str]
) -> Events:
    fields = ("actor", "action", "target", "post", "time", "weight", "topic", "platform", "followers_at_time")
    if unknown := [name for name in columns if name not in fields]:
        raise ParameterError(f"columns must name fields among {', '.join(fields)}, got {unknown[0]!r}")
    given = {name: columns.get(name, name) for name in fields if columns.get(name, name) in table.column_names}
    for name in {"actor", "action", *columns} - given.keys():
        wanted = printable(repr(columns.get(name, name)), 80)
        there = printable(", ".join(table.column_names), 400)
        raise InputError(f"has no column {wanted} for {name}; there are: {there}")
    parts = {name: table[column] for name, column in given.items()}
    n = len(table)
    interner, posts = Interner(), Interner()
    if "target" in parts:
        actor, target = interner.encode(parts["actor"], parts["target"])
    else:
        actor, target = interner.encode(parts["actor"]), np.full(n, NO_ACCOUNT, np.uint32)
    if (actor == NO_ACCOUNT).any():
        raise InputError("an actor is missing", line=int(np.argmax(actor == NO_ACCOUNT)) + 1, column=given["actor"])
    names = vocabulary(extra_actions)
    extra: dict[str, Any] = {k: _dictionary(parts[k]) for k in ("topic", "platform") if k in parts}
    if "followers_at_time" in parts:
        extra["followers_at_time"] = read_only(_floats(parts["followers_at_time"]))
    return Events.from_arrays(
        actor,
        target,
        _codes_of_actions(parts["action"], action_codes(names, actions), names, given["action"]),
        accounts=interner.ids(),
        post=posts.encode(parts["post"]) if "post" in parts else None,
        posts=posts.ids(),
        time=_times_of_column(parts["time"], given["time"]) if "time" in parts else None,
        weight=_floats(parts["weight"]) if "weight" in parts else None,
        extra=extra,
        actions=names,
    )


def _floats(column: Any) -> npt.NDArray[np.float64]:
    import pyarrow as pa

    values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy().astype(np.float64)
    return values


def _dictionary(column: Any) -> Any:
    """A column of words as one dictionary array."""
    import pyarrow as pa

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    whole = whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole
    coded = whole.cast(pa.large_string()).dictionary_encode()
    return coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded


def _codes_of_actions(column: Any, codes: dict[str, int], names: tuple[str, ...], name: str) -> npt.NDArray[np.uint8]:
    words = _dictionary(column)
    known = [codes.get(str(word).strip().casefold(), -1) for word in words.dictionary.to_pylist()]
    rows = words.indices.fill_null(len(known)).to_numpy()
    found = np.array([*known, -1], np.int64)[rows]
    if (found < 0).any():
        row = int(np.argmax(found < 0))
        got = printable(repr(words[row].as_py()), 80)
        raise InputError(
            f"unknown action {got}; known are {', '.join(names)}; map codes with actions=",
            line=row + 1,
            column=name,
        )
    answer: npt.NDArray[np.uint8] = found.astype(np.uint8)
    return answer


def _times_of_column(column: Any, name: str) -> Int64Array:
    import pyarrow as pa

    kind = column.type
    try:
        if not pa.types.is_integer(kind):
            column = column.cast(pa.timestamp("us", kind.tz if pa.types.is_timestamp(kind) else None))
        us: Int64Array = column.cast(pa.int64()).fill_null(NO_TIME).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"times must be timestamps, ISO text or microseconds since 1970, got {kind} ({error}); "
            f"read_events reads other forms",
            column=name,
        ) from error
    return us


__all__ = [
    "ACTIONS",
    "ALIASES",
    "COUNTS",
    "NO_ACCOUNT",
    "NO_POST",
    "NO_TIME",
    "Events",
    "EventsReport",
    "EventsSummary",
    "Posts",
    "action_codes",
    "as_us",
    "iso",
    "vocabulary",
]
