"""Windows: the last day, week, month of a log, for any measure of it.

A window is a shorter log of the same accounts: ``engagement_counts(window(events, "month"))`` counts its reactions. It
reaches from `until` minus `days` (included) to `until` (excluded), as :meth:`Events.between` does, so that windows laid
end to end hold every event once. Without `until` it ends with the last event, which it holds.

Exact. Cost: one pass over the rows.
"""

from __future__ import annotations

import datetime as dt

from swayrank.errors import ParameterError
from swayrank.events import NO_TIME, Events, as_us
from swayrank.measures._data import check_events
from swayrank.measures.engagement.decay import MICROSECONDS_PER_DAY, resolve_half_life


def window(events: Events, days: float | str = 30, *, until: str | dt.datetime | dt.date | int | None = None) -> Events:
    """Take the last days of a log.

    Parameters
    ----------
    events : Events
        Who did what to whom and when.
    days : float or str, default=30
        How many days of 24 hours, in [1e-6, 1e6], or a name: "day", "week", "half_month", "month", "hundred_days" (1,
        7, 15, 30, 100 days).
    until : str, datetime, date or int, optional
        The moment before which the window ends: ISO date or time, or microseconds since 1970 UTC. By default it ends
        with the last event.

    Returns
    -------
    Events
        The events in it; accounts and posts keep their positions. Events without a time are in no window.

    Raises
    ------
    ParameterError
        For a number or name that is none, or where no event has a time and `until` is not given.

    Examples
    --------
    >>> times = ["2012-07-01", "2012-07-06", "2012-07-08"]
    >>> ev = Events.from_frame({"actor": ["a", "b", "c"], "action": ["like"] * 3, "time": times})
    >>> window(ev, 2).n_events, window(ev, "week").n_events, window(ev, "week", until="2012-07-08").n_events
    (1, 2, 2)
    """
    check_events("window", events)
    length = max(1, round(resolve_half_life(days, "days") * MICROSECONDS_PER_DAY))
    if until is not None:
        end = as_us(until)
    elif events.span is not None:
        end = events.span[1] + 1
    else:
        raise ParameterError("until must be given where no event has a time, got None")
    end = min(max(end, NO_TIME + 1), 2**63 - 1)
    return events.between(max(end - length, NO_TIME + 1), end)
