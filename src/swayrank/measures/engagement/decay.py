r"""Time-decayed engagement: what people did counts, and what they did lately counts more.

Definition: with half-life T, and w the weight of an event (its action's weight times its own, where it has one),

.. math:: E_v = \sum_{\text{events on } v} w \; 2^{-(now - t) / T}

*Forward decay* (Cormode, Shkapenyuk, Srivastava & Xu 2009): instead of lowering old sums as time passes, each event is
added once as :math:`w\, 2^{(t - L) / T}` for a fixed landmark L, here 1970, and only reading divides by
:math:`2^{(now - L) / T}`. The first is held as an integer, so that adding is exact: any order of rows, any split into
batches, any number of threads give the same bits, and adding a day's events to yesterday's sums equals counting anew.

Fixed point: w * 2^f, f being the fraction of (t - L) / T, is rounded to 40 binary places, and the whole part is a shift
within an *epoch* of 48 half-lives; each account has a 128-bit sum for each of the last three epochs. So nothing
overflows however long the log is, and what is older than 96 half-lives (a share of 1e-29) is dropped.

Error: rounding costs an event at most 2^-41 of what a fresh event of weight 1 counts, before decay. The recorded
`error_bound` is the largest number of events of an account times that, and covers what is dropped and the rounding of
the float that is returned.

Events on oneself and events without a time are left out; ``params`` says how many.

Source: Cormode et al. (2009), "Forward decay: a practical time decay model for streaming systems",
doi:10.1109/ICDE.2009.65.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Interval, check, domains
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_TIME, as_us
from swayrank.ids import Ids, read_only
from swayrank.kernels.counts import EPOCH_HALF_LIVES, FRACTION_BITS, N_EPOCHS, decayed_sums, exp2_fraction
from swayrank.measures._data import check_events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement._actions import known_action
from swayrank.measures.registry import register

ACTION_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"view": 0.0, "click": 1.0, "like": 1.0, "mention": 1.0, "reply": 2.0, "repost": 3.0, "quote": 3.0, "follow": 0.0}
)
"""What an action counts by default. Passing a message on (repost, quote) reaches new people and is dearest; answering
takes more than a click; a follow is in the graph already, and a view is exposure rather than a reaction."""

HALF_LIVES: Mapping[str, float] = MappingProxyType(
    {"day": 1.0, "week": 7.0, "half_month": 15.0, "month": 30.0, "hundred_days": 100.0}
)
"""Names for half-lives, and for windows, with their days."""

MICROSECONDS_PER_DAY = 86_400_000_000
_ALWAYS = 2**63 - 1


class Days:
    """A number of days in [1e-6, 1e6], or a name of :data:`HALF_LIVES`: the domain of half-lives and windows."""

    number = Interval(1e-6, 1e6)

    def holds(self, value: Any) -> bool:
        """Whether `value` is such a number or name."""
        return value in HALF_LIVES if isinstance(value, str) else self.number.holds(value)

    def describe(self) -> str:
        """The numbers and the names."""
        return f"{self.number.describe()}, or one of {', '.join(map(repr, HALF_LIVES))}"

    def outside(self) -> list[Any]:
        """Numbers beyond, and words that are no names."""
        return self.number.outside()


HALF_LIFE = Days()


def resolve_half_life(half_life_days: float | str, parameter: str = "half_life_days") -> float:
    """Say how many days a half-life (or window) has, given as a number or by its name.

    Parameters
    ----------
    half_life_days : float or str
        Days in [1e-6, 1e6], or "day" (1), "week" (7), "half_month" (15), "month" (30), "hundred_days" (100).
    parameter : str, default="half_life_days"
        What the error calls it.

    Returns
    -------
    float
        Days.

    Raises
    ------
    ParameterError
        For another number or name.

    Examples
    --------
    >>> resolve_half_life("week"), resolve_half_life(2.5)
    (7.0, 2.5)
    >>> resolve_half_life("weak")
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: half_life_days must be in [1e-06, 1e+06], or one of 'day', 'week', 'half_month',
    'month', 'hundred_days', got 'weak'
    """
    check(parameter, half_life_days, HALF_LIFE)
    return HALF_LIVES[half_life_days] if isinstance(half_life_days, str) else float(half_life_days)


# One term stays below weight * 2^(1 + fraction bits + 47), and its rounded part must fit into 64 bits before the shift.
_MOST_PER_EVENT = 2.0 ** (63 - FRACTION_BITS - 1)
_MOST_IN_ALL = 2.0 ** (128 - FRACTION_BITS - EPOCH_HALF_LIVES - 1)


@register(
    name="decayed_engagement",
    needs="events",
    reads="none",
    exact=True,
    cost="O(events)",
    citation="Cormode, Shkapenyuk, Srivastava & Xu 2009, doi:10.1109/ICDE.2009.65",
)
@domains(half_life_days=HALF_LIFE)
def decayed_engagement(
    events: Events,
    *,
    half_life_days: float | str = 7.0,
    weights: Mapping[str, float] | None = None,
    now: Any = None,
) -> Measure:
    """Sum the interactions that every account received, each halved for every half-life that has passed since.

    Parameters
    ----------
    events : Events
        Who did what to whom and when. Its own `weight` column, where there is one, multiplies.
    half_life_days : float or str, default=7.0
        Days after which an event counts half, in [1e-6, 1e6], or a name of :data:`HALF_LIVES`: "day", "week",
        "half_month", "month", "hundred_days" (1, 7, 15, 30, 100 days).
    weights : mapping of str to float or None, default=None
        What an action counts, >= 0; actions that are not named count nothing. None: like, click and mention 1, reply
        2, repost and quote 3, view and follow 0 (``ACTION_WEIGHTS``).
    now : str, datetime, int or None, default=None
        The moment that decay is counted to: ISO date or time, or microseconds since 1970 UTC. Later events are left
        out. None is the time of the last event.

    Returns
    -------
    Measure
        float64 sums >= 0, with `error_bound`; `params` also holds ``self_interactions``, ``undated`` and ``after_now``,
        the numbers of interactions left out.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, an unknown action, or an event weight that is negative or no number.

    References
    ----------
    Cormode, Shkapenyuk, Srivastava & Xu (2009), doi:10.1109/ICDE.2009.65

    Examples
    --------
    One repost now and one a week ago, at 3 each:

    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada", "ada"],
    ...                            "action": ["repost", "repost"], "time": ["2012-07-01", "2012-07-08"]})
    >>> round(sr.decayed_engagement(ev).value("ada"), 9)
    4.5
    """
    until = _ALWAYS if now is None else min(max(as_us(now), NO_TIME + 1), _ALWAYS)
    sums, n_late = _sum(events, half_life_days, weights, until)
    m = sums.measure(None if now is None else until)
    return replace(m, params={**m.params, "after_now": n_late})


@dataclass(frozen=True, eq=False)
class DecaySums:
    """Decayed sums before they are read: integers that add up exactly. Made by :func:`decay_sums`.

    Attributes
    ----------
    accounts : Ids
        Whose sums these are.
    half_life : int
        In microseconds.
    weights : mapping of str to float
        What each action counts.
    first_epoch : int
        The oldest epoch that is held.
    low, high : numpy.ndarray of uint64, shape (3, n_accounts)
        The 128-bit sums.
    rows : numpy.ndarray of int64, shape (n_accounts,)
        Events added.
    last : int
        Time of the newest dated event, in microseconds since 1970; NO_TIME if there is none.
    total_weight : float
        Bound on the weight added, which bounds the sums.
    left_out : mapping of str to int
        ``self_interactions`` and ``undated``.

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.engagement.decay import decay_sums
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada", "ada"],
    ...                            "action": ["like", "like"], "time": ["2012-07-01", "2012-07-08"]})
    >>> both = decay_sums(ev.before("2012-07-05")) + decay_sums(ev.after("2012-07-05"))
    >>> bool((both.measure().values == decay_sums(ev).measure().values).all())
    True
    """

    accounts: Ids
    half_life: int
    weights: Mapping[str, float]
    first_epoch: int
    low: npt.NDArray[np.uint64]
    high: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.int64]
    last: int
    total_weight: float
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: DecaySums) -> DecaySums:
        """The sums over both sets of events, bit for bit as if counted at once."""
        if (self.half_life, self.weights) != (other.half_life, other.weights):
            raise ParameterError("decayed sums with different half-lives or weights cannot be added")
        if self.accounts is not other.accounts and list(self.accounts) != list(other.accounts):
            raise ParameterError("decayed sums over different accounts cannot be added: read both logs with one ids=")
        _check_capacity(self.total_weight + other.total_weight)
        first = max(self.first_epoch, other.first_epoch)
        (low, high), (more_low, more_high) = self._from(first), other._from(first)
        total = low + more_low
        return replace(
            self,
            first_epoch=first,
            low=total,
            high=high + more_high + (total < low),
            rows=self.rows + other.rows,
            last=max(self.last, other.last),
            total_weight=self.total_weight + other.total_weight,
            left_out={key: self.left_out[key] + other.left_out[key] for key in self.left_out},
        )

    def measure(self, now: int | None = None) -> Measure:
        """Read the sums as of `now`.

        Parameters
        ----------
        now : int or None, default=None
            Microseconds since 1970 UTC, not before the newest event; None is the newest event.

        Returns
        -------
        Measure
            As from :func:`decayed_engagement`.

        Raises
        ------
        ParameterError
            If `now` lies before the newest event, whose weight is already in the sums.
        """
        now = self.last if now is None else now
        if now < self.last:
            raise ParameterError(f"now must not lie before the newest event ({self.last}), got {now}")
        whole, rest = divmod(now, self.half_life)
        values = np.zeros(len(self.accounts))
        epochs = range(N_EPOCHS) if self.last != NO_TIME else ()  # of no events, and how long ago may be anything
        for e in epochs:  # oldest first: the order of these three additions is fixed
            exponent = EPOCH_HALF_LIVES * (self.first_epoch + e) - FRACTION_BITS - whole
            unit = math.ldexp(1.0, exponent) / exp2_fraction(rest / self.half_life)
            values += (self.high[e] * 2.0**64 + self.low[e]) * unit
        most = int(self.rows.max(initial=0))
        rounded, dropped = most * 2.0 ** -(FRACTION_BITS + 1), self.total_weight * 2.0**-96
        bound = rounded + dropped + float(values.max(initial=0)) * 2.0**-48
        params = {
            "half_life_days": self.half_life / MICROSECONDS_PER_DAY,
            "weights": dict(self.weights),
            "now": None if now == NO_TIME else now,
            **self.left_out,
        }
        return Measure("decayed_engagement", values, self.accounts, params, error_bound=bound)

    def _from(self, first_epoch: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """The sums of the three epochs from a later `first_epoch` on, dropping what is older."""
        older = min(first_epoch - self.first_epoch, N_EPOCHS)
        low, high = np.zeros_like(self.low), np.zeros_like(self.high)
        low[: N_EPOCHS - older], high[: N_EPOCHS - older] = self.low[older:], self.high[older:]
        return low, high


@domains(half_life_days=HALF_LIFE)
def decay_sums(
    events: Events, *, half_life_days: float | str = 7.0, weights: Mapping[str, float] | None = None
) -> DecaySums:
    """Sum events for :class:`DecaySums`, which can be added to those of other events over the same accounts.

    Parameters
    ----------
    events : Events
        Who did what to whom and when.
    half_life_days : float or str, default=7.0
        As for :func:`decayed_engagement`.
    weights : mapping of str to float or None, default=None
        As for :func:`decayed_engagement`.

    Returns
    -------
    DecaySums

    Raises
    ------
    ParameterError
        As :func:`decayed_engagement`.

    Examples
    --------
    See :class:`DecaySums`.
    """
    check_events("decay_sums", events)
    return _sum(events, half_life_days, weights, _ALWAYS)[0]


def _sum(
    events: Events, half_life_days: float | str, weights: Mapping[str, float] | None, until: int
) -> tuple[DecaySums, int]:
    """The sums of the events not after `until`, and how many interactions that leaves out."""
    by_action = weights_by_action(events, weights)
    half_life = max(1, round(resolve_half_life(half_life_days) * MICROSECONDS_PER_DAY))
    own = np.zeros(0) if events.weight is None else np.ascontiguousarray(events.weight, dtype=np.float64)
    in_all = total_weight(events, by_action, own)
    last = int(events.time.max(initial=NO_TIME, where=events.time <= until))
    first_epoch = (0 if last == NO_TIME else last // half_life // EPOCH_HALF_LIVES) - N_EPOCHS + 1
    n = len(events.accounts)
    low, high = np.zeros((N_EPOCHS, n), np.uint64), np.zeros((N_EPOCHS, n), np.uint64)
    rows = np.zeros(n, np.int64)
    columns = (events.actor, events.target, events.action, events.time, own, np.array(list(by_action.values())))
    n_self, n_undated, n_late = decayed_sums(
        *[read_only(column) for column in columns], half_life, until, first_epoch, low, high, rows
    )
    left_out = {"self_interactions": int(n_self), "undated": int(n_undated)}
    sums = DecaySums(events.accounts, half_life, by_action, first_epoch, low, high, rows, last, in_all, left_out)
    return sums, int(n_late)


def weights_by_action(events: Events, weights: Mapping[str, float] | None) -> dict[str, float]:
    """One weight per action of the vocabulary, in its order."""
    if weights is not None:
        for action, weight in weights.items():
            known_action(events, "weights", action)
            check(f"weights[{action!r}]", weight, Interval(0, 1e6))
    given = ACTION_WEIGHTS if weights is None else weights
    return {name: float(given.get(name, 0.0)) for name in events.actions}


def total_weight(events: Events, by_action: Mapping[str, float], own: npt.NDArray[np.float64]) -> float:
    """A bound on the sum of all weights, after checking that the sums can hold it."""
    if own.size and not (np.isfinite(own).all() and own.min() >= 0):
        raise ParameterError("the events' weight must be finite and >= 0 everywhere: drop or fill those rows")
    dearest = max(by_action.values(), default=0.0)
    most = dearest * (float(own.max()) if own.size else 1.0)
    if most >= _MOST_PER_EVENT:
        raise ParameterError(f"an event must weigh less than {_MOST_PER_EVENT:,.0f}, got {most:g}: scale weights down")
    return _check_capacity(dearest * (float(own.sum()) if own.size else events.n_events))


def _check_capacity(total: float) -> float:
    if total >= _MOST_IN_ALL:
        raise ParameterError(f"all events must weigh less than {_MOST_IN_ALL:.3g} together, got up to {total:.3g}")
    return total
