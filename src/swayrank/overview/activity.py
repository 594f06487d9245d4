"""Activity over time: how many actions of each kind and how many posts there were, hour by hour or year by year.

Bins are hours, days, weeks (from Monday), months or years of UTC: the narrowest of which there are at most 400 (hours
for four days at most, since a day has its rhythm), all of them, empty ones too. Rows without a time are counted apart,
and so are reactions of accounts to themselves, which scores leave out, too.

Cost: O(events), 16 bytes per event meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.events import NO_ACCOUNT, NO_TIME, Events
from swayrank.measures.engagement.reactions import Reactions

Ints = npt.NDArray[np.int64]

_HOUR = 3_600_000_000
_MOST = 400
_MOST_HOURS = 96
_DAYS = {"day": 1, "week": 7}
_MONDAY = 4  # 1970 began on a Thursday: weeks from Monday start four days later
_UNITS = {"month": "M", "year": "Y"}


@dataclass(frozen=True, eq=False)
class Bins:
    """Stretches of time, one after the other.

    Attributes
    ----------
    unit : {"hour", "day", "week", "month", "year"}
    first : int
        The number of the first, counted in units since 1970.
    n : int
        How many there are.
    """

    unit: str
    first: int
    n: int

    @classmethod
    def of(cls, first: int, last: int) -> Bins:
        """Those that hold two times, in microseconds since 1970, and all between them.

        Examples
        --------
        >>> day = 24 * 3_600_000_000
        >>> [Bins.of(0, span * day).unit for span in (3, 30, 500, 5_000, 50_000)]
        ['hour', 'day', 'week', 'month', 'year']
        """
        ends = np.array([first, last])
        for unit in ("hour", *_DAYS, *_UNITS):
            low, high = (int(number) for number in numbers(ends, unit))
            if high - low < (_MOST_HOURS if unit == "hour" else _MOST):
                return cls(unit, low, high - low + 1)
        return cls(unit, high - _MOST + 1, _MOST)  # what lies before 400 years is left out, and counted

    @property
    def times(self) -> list[str]:
        """When each starts, as ISO dates; of hours, as dates and times."""
        starts = np.arange(self.first, self.first + self.n)
        if self.unit == "hour":
            return [f"{text}:00Z" for text in np.datetime_as_string(starts.astype("datetime64[h]"), unit="m")]
        if self.unit in _DAYS:
            days = starts * _DAYS[self.unit] + (_MONDAY if self.unit == "week" else 0)
        else:
            days = starts.astype(f"datetime64[{_UNITS[self.unit]}]").astype("datetime64[D]").astype(np.int64)
        return [str(text) for text in np.datetime_as_string(days.astype("datetime64[D]"))]

    def place(self, times: Ints) -> Ints:
        """The bin of each time, from 0; -1 for those outside and for no time."""
        where: Ints = numbers(times, self.unit) - self.first
        where[(times == NO_TIME) | (where < 0) | (where >= self.n)] = -1
        return where


def numbers(times: Ints, unit: str) -> Ints:
    """In which hour, day, week, month or year since 1970 each time lies, in microseconds."""
    if unit == "hour":
        return times // _HOUR
    days = times // (24 * _HOUR)
    if unit == "week":
        return (days - _MONDAY) // 7
    if unit == "day":
        return days
    return days.astype("datetime64[D]").astype(f"datetime64[{_UNITS[unit]}]").astype(np.int64)


def activity_over_time(
    events: Events, reactions: Reactions | None = None, of: npt.NDArray[np.integer[Any]] | None = None
) -> dict[str, Any] | None:
    """How much happened when, ready for JSON.

    Parameters
    ----------
    events : Events
    reactions : Reactions, optional
        The log's reactions, grouped by who received them.
    of : numpy.ndarray of int, shape (k,), optional
        Positions in the log's accounts: whose reactions are told apart.

    Returns
    -------
    dict or None
        ``bin``, ``times``, ``actions`` (numbers by action, posts apart), ``posts`` (None where the log has none),
        ``undated``, ``before`` (rows that lie too far back), ``own`` (rows of these times in which accounts react to
        themselves, in no bin), and ``accounts``: by id, the reactions received in each bin. None where no row has a
        time.

    Examples
    --------
    >>> log = Events.from_frame({"actor": ["bob", "cem", "ada"], "action": ["like", "like", "post"],
    ...     "target": ["ada", "ada", None], "time": ["2026-03-01T10:20:00", "2026-03-01T12:00:00", None]})
    >>> told = activity_over_time(log)
    >>> told["bin"], told["times"][0], told["actions"], told["posts"], told["undated"]
    ('hour', '2026-03-01T10:00:00Z', {'like': [1, 0, 1]}, [0, 0, 0], 1)
    >>> own = Events.from_frame({"actor": ["ada", "bob"], "action": ["like", "like"], "target": ["ada", "ada"],
    ...     "time": ["2026-03-01T10:20:00", "2026-03-01T10:40:00"]})
    >>> told = activity_over_time(own)
    >>> told["actions"], told["own"]
    ({'like': [1]}, 1)
    """
    if events.span is None:
        return None
    bins = Bins.of(*events.span)
    where = bins.place(events.time)
    placed = int(np.count_nonzero(where >= 0))
    post = events.actions.index("post")
    own = (events.target == events.actor) & (events.target != NO_ACCOUNT) & (events.action != post) & (where >= 0)
    there = np.flatnonzero((where >= 0) & ~own)
    n_actions = len(events.actions)
    cells = events.action[there].astype(np.int64) * bins.n + where[there]
    counts = np.bincount(cells, minlength=n_actions * bins.n).reshape(n_actions, bins.n)
    by_action = {name: counts[k].tolist() for k, name in enumerate(events.actions) if name != "post"}
    seen = np.bincount(events.action, minlength=n_actions)
    undated = int(np.count_nonzero(events.time == NO_TIME))
    return {
        "bin": bins.unit,
        "times": bins.times,
        "actions": {name: row for name, row in by_action.items() if any(row)},
        "posts": counts[post].tolist() if seen[post] else None,
        "undated": undated,
        "before": events.n_events - placed - undated,
        "own": int(np.count_nonzero(own)),
        "accounts": {} if reactions is None or of is None else _by_account(events, reactions, of, where, bins.n),
    }


def _by_account(
    events: Events, reactions: Reactions, of: npt.NDArray[np.integer[Any]], where: Ints, n: int
) -> dict[str, list[int]]:
    """The reactions that each account received in each bin."""
    told = {}
    for row in of.tolist():
        rows = reactions.rows[int(reactions.indptr[row]) : int(reactions.indptr[row + 1])]
        bins = where[rows]
        told[str(events.accounts[row])] = np.bincount(bins[bins >= 0], minlength=n).tolist()
    return told
