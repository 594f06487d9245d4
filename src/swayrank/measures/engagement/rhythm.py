"""When an account is active: hours of the day and days of the week, on the clock of a time zone.

Every instant is converted by the rules that held in the zone at that instant: daylight saving time, its changes over
the years, and offsets that are no whole hours. In the hour that a clock goes through twice in autumn both passes count
for it; the one that it leaps over in spring stays empty.

Events without a time are counted apart.

When reactions came is not when to post: reactions follow posts within hours, so that their counts mostly show when
posts were published, and who was awake. ``of="per_post"`` divides by that: reactions to the posts published in an hour,
by these posts. It does not make an hour the cause either: what is posted at night may be of another kind.

Exact. The zone's offsets within the log's span are listed once (about a microsecond per day of the span), then every
event costs a look-up in that list: 10 million events take about a second. Zones are those of the IANA database, as the
system or the package tzdata has it.

Source: IANA Time Zone Database, RFC 6557; zoneinfo, PEP 615.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import zoneinfo
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank._validate import Integer, OneOf, check, domains
from swayrank.errors import MissingDependencyError, ParameterError
from swayrank.events import NO_ACCOUNT, NO_POST, NO_TIME, Events
from swayrank.measures._data import check_events
from swayrank.measures.engagement.profile import ratio
from swayrank.measures.engagement.rates import posts_from_events
from swayrank.tables import frame

Int64s = npt.NDArray[np.int64]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY, _HOUR, _WEEK_HOURS = 86_400, 3_600, 168
_HOURS_INTO_WEEK = 72  # 1970 began on a Thursday
_EVENTS_AT_ONCE = 1 << 18
# The calendar of datetime ends there; a day is kept off for offsets.
_FIRST = int(dt.datetime(1, 1, 3, tzinfo=dt.UTC).timestamp())
_LAST = int(dt.datetime(9999, 12, 29, tzinfo=dt.UTC).timestamp())


_SAID = {
    "published": "posts by when they were published",
    "received": "reactions by when they came (not when to post: they follow the posts)",
    "given": "reactions by when they were given",
    "per_post": "reactions, per post, by when the post was published",
}


class Busiest(list[tuple[str, int, int]]):
    """The busiest hours, first the busiest: a list of (weekday, hour, events) that prints as a table."""

    def __repr__(self) -> str:
        rows = [("when", "events"), *((f"{day} {hour:02}:00", f"{k:,}") for day, hour, k in self)]
        wide = [max(len(row[i]) for row in rows) for i in range(2)]
        return "\n".join(f"{when:<{wide[0]}}  {k:>{wide[1]}}" for when, k in rows)


@dataclass(frozen=True, eq=False, repr=False)
class Activity:
    """Events by weekday and hour.

    Attributes
    ----------
    counts : numpy.ndarray of int64, shape (7, 24)
        Row 0 is Monday, column 0 the hour from midnight. Read-only.
    timezone : str
        On whose clock.
    of : str
        "published", "received", "given" or "per_post".
    account : int, str or None
        Whose; None: everybody's.
    n_without_time : int
        Events of that kind that have no time, and are not in `counts`; of "per_post": reactions that name no post, or
        one whose publication has no time.
    posts : numpy.ndarray of int64, shape (7, 24), or None
        Of "per_post": the posts published in each hour; `counts` are then the reactions to these.

    Examples
    --------
    >>> ev = Events.from_frame({"actor": ["ada", "ada"], "action": ["post", "post"],
    ...                         "time": ["2024-01-05T23:30", "2024-01-05T23:40"]})
    >>> activity(ev, timezone="Europe/Paris").busiest(1)
    when            events
    Saturday 00:00       2
    """

    counts: Int64s
    timezone: str
    of: str
    account: int | str | None
    n_without_time: int
    posts: Int64s | None = None

    def __post_init__(self) -> None:
        self.counts.flags.writeable = False
        if self.posts is not None:
            self.posts.flags.writeable = False

    @property
    def per_post(self) -> npt.NDArray[np.float64]:
        """Reactions per post published in each hour, float64 of shape (7, 24); NaN where none was.

        Raises
        ------
        ParameterError
            Unless counted with ``of="per_post"``.
        """
        if self.posts is None:
            raise ParameterError(f"of must be 'per_post' for reactions per post, got {self.of!r}")
        return ratio(self.counts, self.posts)

    @property
    def by_hour(self) -> Int64s:
        """Events per hour of the day, int64 of shape (24,)."""
        totals: Int64s = self.counts.sum(axis=0)
        return totals

    @property
    def by_weekday(self) -> Int64s:
        """Events per day of the week from Monday, int64 of shape (7,)."""
        totals: Int64s = self.counts.sum(axis=1)
        return totals

    def busiest(self, k: int = 5) -> Busiest:
        """The `k` hours of the week with most events.

        Parameters
        ----------
        k : int, default=5
            How many, at least 1; fewer come back where fewer hours have any.

        Returns
        -------
        Busiest
            (weekday, hour, events); ties from Monday on.
        """
        check("k", k, Integer(1))
        flat = self.counts.ravel()
        order = np.argsort(-flat, kind="stable")[:k]
        return Busiest((WEEKDAYS[i // 24], i % 24, int(flat[i])) for i in order.tolist() if flat[i])

    def to_frame(self, backend: str = "pandas") -> Any:
        """All 168 hours as a dataframe: columns weekday, hour, events; of "per_post" also posts and per_post.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        columns = {
            "weekday": np.repeat(np.array(WEEKDAYS, object), 24),
            "hour": np.tile(np.arange(24), 7),
            "events": self.counts.ravel(),
        }
        if self.posts is not None:
            columns |= {"posts": self.posts.ravel(), "per_post": self.per_post.ravel()}
        return frame(columns, backend)

    def __repr__(self) -> str:
        whose = "all accounts" if self.account is None else printable(self.account)
        total = int(self.counts.sum())
        head = f"{total:,} {_SAID[self.of]}, {whose}, on the clock of {self.timezone}"
        head += f"; {self.n_without_time:,} without a time" if self.n_without_time else ""
        if self.posts is not None:
            return "\n".join([head, *_per_post_rows(self.per_post)])
        wide = max(2, len(str(int(self.counts.max(initial=0)))))
        hours = " ".join(f"{hour:>{wide}}" for hour in range(24))
        rows = [
            f"{day[:3]} " + " ".join(f"{k or '.':>{wide}}" for k in row)
            for day, row in zip(WEEKDAYS, self.counts.tolist(), strict=True)
        ]
        return "\n".join([head, f"    {hours}", *rows])


def _per_post_rows(values: npt.NDArray[np.float64]) -> list[str]:
    cells = [["." if np.isnan(x) else f"{x:.3g}" for x in row] for row in values.tolist()]
    wide = max(2, *(len(cell) for row in cells for cell in row))
    heading = "    " + " ".join(f"{hour:>{wide}}" for hour in range(24))
    rows = [
        f"{day[:3]} " + " ".join(f"{cell:>{wide}}" for cell in row) for day, row in zip(WEEKDAYS, cells, strict=True)
    ]
    return [heading, *rows]


@domains(of=OneOf("published", "received", "given", "per_post"))
def activity(
    events: Events, account: int | str | None = None, *, of: str = "published", timezone: str = "UTC"
) -> Activity:
    """Count events by weekday and hour.

    Parameters
    ----------
    events : Events
        Who did what to whom and when.
    account : int or str, optional
        Whose; by default all accounts together.
    of : {"published", "received", "given", "per_post"}, default="published"
        "published": posts by the account (action "post"). "received": what others did to it, by when they did, which
        mostly shows when it posted; "given": what it did to others; what accounts do to themselves is left out.
        "per_post": reactions by when the post that they name was published, and the posts published then.
    timezone : str, default="UTC"
        On whose clock: a name of the IANA database, such as "Europe/Paris".

    Returns
    -------
    Activity

    Raises
    ------
    ParameterError
        For a time zone that there is not (with the close ones), or an `of` of another name.
    UnknownAccountError
        If the log has no such account.
    MissingDependencyError
        If this machine has no time zones at all.

    Notes
    -----
    See the module. O(events), about 0.1 microseconds each.

    Examples
    --------
    The same hour on the clock of New York, before and after the clocks went forward:

    >>> ev = Events.from_frame({"actor": ["bob", "bob"], "target": ["ada", "ada"], "action": ["like", "like"],
    ...                         "time": ["2024-03-09T17:00", "2024-03-10T16:00"]})
    >>> activity(ev, "ada", of="received", timezone="America/New_York").by_hour.nonzero()[0].tolist()
    [12]
    """
    check_events("activity", events)
    zone = _zone(timezone)
    if of == "per_post":
        return _reactions_per_post(events, account, timezone, zone)
    rows = _rows(events, account, of)
    times = events.time[rows]
    dated = times[times != NO_TIME]
    counts = _hours_of_week(dated, zone).reshape(7, 24)
    return Activity(counts, timezone, of, account, len(times) - len(dated))


def _reactions_per_post(events: Events, account: int | str | None, timezone: str, zone: dt.tzinfo) -> Activity:
    table = posts_from_events(events)
    mine = np.ones(len(table), np.bool_)
    if account is not None:
        mine = table.account == events.accounts.position(account)
    received = _rows(events, account, "received")
    target, post = events.target[received].astype(np.uint64), events.post[received]
    keys = (table.account.astype(np.uint64) << np.uint64(32)) | table.post  # ascending: posts_from_events sorts
    wanted = (target << np.uint64(32)) | post
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    times = table.time[at] if len(keys) else np.full(len(at), NO_TIME)
    times = np.where(post == NO_POST, NO_TIME, times)
    dated = times[times != NO_TIME]
    published = table.time[mine & (table.time != NO_TIME)]
    counts, posts = (_hours_of_week(some, zone).reshape(7, 24) for some in (dated, published))
    return Activity(counts, timezone, "per_post", account, len(times) - len(dated), posts)


def _rows(events: Events, account: int | str | None, of: str) -> npt.NDArray[np.bool_]:
    is_post = events.action == events.actions.index("post")
    own = events.target if of == "received" else events.actor
    if of == "published":
        chosen = is_post
    else:
        chosen = ~is_post & (events.target != NO_ACCOUNT) & (events.target != events.actor)
    if account is not None:
        chosen = chosen & (own == np.uint32(events.accounts.position(account)))
    return np.asarray(chosen, np.bool_)


def _zone(name: str) -> dt.tzinfo:
    if name == "UTC":
        return dt.UTC
    known = _zones()
    if not known:
        raise MissingDependencyError("this machine has no time zones: pip install tzdata")
    if not isinstance(name, str) or name not in known:
        words = {zone.casefold(): zone for zone in known} | {zone.rpartition("/")[2].casefold(): zone for zone in known}
        near = difflib.get_close_matches(str(name).casefold().replace(" ", "_"), sorted(words), n=3)
        found = dict.fromkeys(words[word] for word in near)
        hint = f" (did you mean {' or '.join(map(repr, found))}?)" if found else ""
        raise ParameterError(
            f"timezone must be a name of the IANA database, such as 'Europe/Paris', got {printable(repr(name))}{hint}"
        )
    return zoneinfo.ZoneInfo(name)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _hours_of_week(times: Int64s, zone: dt.tzinfo) -> Int64s:
    """Events per hour of the week, from Monday's first."""
    counts = np.zeros(_WEEK_HOURS, np.int64)
    if not len(times):
        return counts
    starts, offsets = offsets_between(int(times.min()) // 1_000_000, int(times.max()) // 1_000_000, zone)
    for start in range(0, len(times), _EVENTS_AT_ONCE):
        seconds = times[start : start + _EVENTS_AT_ONCE] // 1_000_000
        if len(offsets) == 1:
            local = seconds + offsets[0]
        else:
            local = seconds + offsets[np.searchsorted(starts, seconds, side="right") - 1]
        counts += np.bincount((local // _HOUR + _HOURS_INTO_WEEK) % _WEEK_HOURS, minlength=_WEEK_HOURS)
    return counts


def offsets_between(first: int, last: int, zone: dt.tzinfo) -> tuple[Int64s, Int64s]:
    """When a zone's offset changes, and to what.

    Parameters
    ----------
    first, last : int
        Seconds since 1970 UTC.
    zone : datetime.tzinfo
        The zone.

    Returns
    -------
    starts, offsets : numpy.ndarray of int64, shape (k,)
        From ``starts[i]`` to ``starts[i + 1]`` clocks are ``offsets[i]`` seconds ahead of UTC; ``starts[0]`` is not
        after `first`. Years beyond the calendar's (1 to 9999) have the offset of its ends.

    Examples
    --------
    >>> starts, offsets = offsets_between(1704067200, 1735689600, zoneinfo.ZoneInfo("Europe/Paris"))  # 2024
    >>> [str(dt.datetime.fromtimestamp(s, dt.UTC))[:16] for s in starts.tolist()[1:]], offsets.tolist()
    (['2024-03-31 01:00', '2024-10-27 01:00'], [3600, 7200, 3600])
    """

    def offset(second: int) -> int:
        passed = dt.datetime.fromtimestamp(second, zone).utcoffset()
        return 0 if passed is None else passed.days * _DAY + passed.seconds

    start, end = min(max(first, _FIRST), _LAST), min(max(last, _FIRST), _LAST)
    starts, offsets = [min(first, start)], [offset(start)]
    at = start
    while at < end:
        after = min(at + _DAY, end)
        now = offset(after)
        if now != offsets[-1]:
            low, high = at, after  # offset(low) is the old one; offsets change at most once a day
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
            starts.append(high)
            offsets.append(now)
        at = after
    return np.array(starts, np.int64), np.array(offsets, np.int64)
