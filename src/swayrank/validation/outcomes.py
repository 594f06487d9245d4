"""What came after the split, for every account: the truth of a backtest. Each is zero or more.

reposts
    Reposts by others that the account received.
engagement
    Everything that others did to the account or its posts.
engagers
    Different accounts that did so.
cascade_size
    How many took up a post that the account started, beside itself, on average over the posts that it started then;
    an account that started none has no truth. Whoever is the first to have a post has started it.
adoptions
    Later adoptions that came after the account's own: each is dealt equally among all who had the post before, or goes
    to whom the log names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.ids import Ids
from swayrank.learning.adoptions import EARLIEST, Adoptions
from swayrank.learning.attribution import attribute
from swayrank.measures._measure import Measure
from swayrank.measures.registry import measure
from swayrank.validation.account_values import as_floats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Truth:
    """What came, for the accounts that were known before.

    Attributes
    ----------
    values : numpy.ndarray of float64, shape (n,)
        NaN where an account has no truth.
    others : numpy.ndarray of uint64, shape (n_others,)
        Hashes of the ids of accounts that were not known before, and had something.
    on_others : numpy.ndarray of float64, shape (n_others,)
        What fell on them: no ranking can have it.
    """

    values: Floats
    others: npt.NDArray[np.uint64]
    on_others: Floats

    @classmethod
    def of(cls, accounts: Ids, numbers: Floats, ids: Ids, absent: float) -> Truth:
        """The numbers of `accounts`, told apart by whether they are among `ids`; those without any get `absent`."""
        place = ids.positions(accounts.to_arrow(), missing="sentinel").astype(np.int64)
        known = place < len(ids)
        values = np.full(len(ids), absent)
        values[place[known]] = numbers[known]
        others = ~known & (numbers > 0)
        return cls(values, accounts.hashes()[others], numbers[others])

    @property
    def elsewhere(self) -> float:
        """All that fell on others."""
        return float(self.on_others.sum())


def _received(name: str) -> Callable[[Events, Events], Floats]:
    return lambda future, _: measure(future, name).values.astype(np.float64)


def _cascade_sizes(future: Events, events: Events) -> Floats:
    """Mean size of the cascades that each account started while the future lasted."""
    mean = np.full(len(events.accounts), np.nan)
    found = Adoptions.of(events).by_post
    sizes = np.diff(found.indptr).astype(np.int64)
    starts = found.indptr[:-1].astype(np.int64)[sizes > 0]
    known = np.where(found.time == EARLIEST, np.iinfo(np.int64).max, found.time)
    began = np.minimum.reduceat(known, starts) if starts.size else known
    first, last = future.span or (0, -1)
    fresh = (began >= first) & (began <= last)
    inside = np.add.reduceat((known <= last) | (found.time == EARLIEST), starts) if starts.size else starts
    roots, later = found.account[starts[fresh]], inside[fresh] - 1
    started = np.bincount(roots, minlength=mean.size)
    taken_up = np.bincount(roots, weights=later, minlength=mean.size)
    np.divide(taken_up, started, out=mean, where=started > 0)
    return mean


def _later_adoptions(future: Events, events: Events) -> Floats:
    """Credit for the adoptions of the future: what there is at its end, less what there was before it."""
    first, last = future.span or (0, -1)
    at_end = attribute(events.before(last + 1)).credit
    try:
        before = attribute(events.before(first)).credit
    except ParameterError:  # nobody had taken up anything yet
        return at_end
    return np.maximum(0.0, np.round(at_end - before, 9))  # what differs by rounding alone is nothing


OUTCOMES: dict[str, Callable[[Events, Events], Floats]] = {
    "reposts": _received("past_reposts"),
    "engagement": _received("engagement_counts"),
    "engagers": _received("distinct_engagers"),
    "cascade_size": _cascade_sizes,
    "adoptions": _later_adoptions,
}
"""By name: a function of the future and of the whole log, whose accounts the numbers are of."""


def truth_of(outcome: str, future: Events, events: Events, ids: Ids) -> Truth:
    """The outcome by name, for the accounts `ids`.

    Raises
    ------
    ParameterError
        If nothing of the kind happened.
    """
    every = OUTCOMES[outcome](future, events)
    truth = Truth.of(events.accounts, every, ids, np.nan if outcome == "cascade_size" else 0.0)
    if not (np.nansum(truth.values) > 0):
        raise ParameterError(
            f"no account that is known before the split has any {outcome.replace('_', ' ')} after it; "
            f"choose another outcome ({', '.join(OUTCOMES)}) or another split"
        )
    return truth


def given_truth(outcome: Any, ids: Ids) -> Truth:
    """Numbers that were known from elsewhere: a measure, or a mapping from account to number.

    Raises
    ------
    ParameterError
        If there is none for any account of `ids`, or one is negative or infinite.
    """
    if isinstance(outcome, Measure):
        accounts, numbers = outcome.ids, outcome.values.astype(np.float64)
    elif isinstance(outcome, Mapping):
        accounts, numbers = Ids.from_values(list(outcome)), as_floats("outcome", list(outcome.values()))
    else:
        raise ParameterError(
            f"outcome must be one of {', '.join(OUTCOMES)}, a Measure or a mapping from account to number, "
            f"got {outcome!r}"
        )
    if (numbers < 0).any() or np.isinf(numbers).any():
        raise ParameterError("outcome must be finite numbers of 0 or more; shift or leave out what is not")
    truth = Truth.of(accounts, numbers, ids, np.nan)
    if not (np.nansum(truth.values) > 0):
        raise ParameterError("outcome must name accounts of the data with numbers above 0, and names none: check ids")
    return truth
