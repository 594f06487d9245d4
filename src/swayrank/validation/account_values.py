"""One number per account, from whatever holds it: a measure, scores, a mapping, an array, or an event log.

From a log comes one of :data:`OUTCOMES`, counted over a stretch of time. An account that the log does not know had
nothing: 0. In every other source an account that is not there is missing: NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT, Events
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.counts import distinct_engagers, engagement_counts, past_reposts, posts_published
from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]

OUTCOMES: Mapping[str, Callable[[Events], Measure]] = {
    "reposts_received": past_reposts,
    "engagement_received": engagement_counts,
    "distinct_engagers": distinct_engagers,
    "posts_published": posts_published,
    "engagement_given": lambda events: engagement_counts(events, direction="given"),
}
"""What can be counted per account in a log."""


class Candidates(NamedTuple):
    """Accounts, and what came with them."""

    ids: Ids
    values: Floats | None
    name: str


def candidates_of(accounts: Any) -> Candidates:
    """The accounts that scores, a measure, a mapping, a graph or a list of ids are about, with their numbers.

    Examples
    --------
    >>> candidates_of({"ada": 3, "bob": 1})
    Candidates(ids=<Ids: 2 strings: 'ada', 'bob'>, values=array([3., 1.]), name='value')
    """
    if isinstance(accounts, Scores):
        return Candidates(accounts.ids, accounts.score, "score")
    if isinstance(accounts, Measure):
        return Candidates(accounts.ids, accounts.values.astype(np.float64), accounts.name)
    if isinstance(accounts, Mapping):
        return Candidates(Ids.from_values(list(accounts)), as_floats("accounts", list(accounts.values())), "value")
    if isinstance(accounts, Graph):
        return Candidates(accounts.ids, None, "")
    if isinstance(accounts, str | bytes | int | float) or accounts is None:
        raise ParameterError(f"accounts must be ids, a Measure, Scores or a mapping, got {accounts!r}")
    return Candidates(Ids.from_values(accounts), None, "")


def values_of(
    source: Any, ids: Ids, name: str, *, outcome: str = "reposts_received", start: Any = None, end: Any = None
) -> Floats:
    """A number for each of `ids`; NaN where the source has none.

    Parameters
    ----------
    source : Events, Measure, Scores, mapping of account to number, or array of float, shape (len(ids),)
        Where they come from; an array is in the order of `ids`.
    ids : Ids
        The accounts.
    name : str
        The parameter's name, for errors.
    outcome, start, end
        For a log: one of :data:`OUTCOMES`, and the times from which and before which rows count.

    Examples
    --------
    >>> values_of({"bob": 2}, Ids.from_values(["ada", "bob"]), "outcomes")
    array([nan,  2.])
    """
    if isinstance(source, Events):
        return _counted(source, ids, outcome, start, end)
    if start is not None or end is not None:
        raise ParameterError(f"start and end go with {name} that are Events, got {type(source).__name__}")
    if isinstance(source, Measure | Scores | Mapping):
        found = candidates_of(source)
        if found.values is not None and len(found.ids):
            return _looked_up(found.ids, found.values, ids, np.nan)
        return np.full(len(ids), np.nan)
    values = as_floats(name, source)
    if values.shape != (len(ids),):
        raise ParameterError(
            f"{name} must have shape ({len(ids)},), one number per account in their order, got {values.shape}; give a "
            "mapping or a Measure for some accounts only"
        )
    return values


def earlier_values(before: Any, ids: Ids) -> Floats:
    """Each account's earlier outcome; a whole log is refused, since it would tell of the time after as well."""
    if isinstance(before, Events):
        raise ParameterError(
            "before must be a Measure, mapping or array, got Events: count what was earlier, as with "
            "past_reposts(events.before(...))"
        )
    return values_of(before, ids, "before")


def as_floats(name: str, values: Any) -> Floats:
    """Numbers as float64; None is NaN; infinite ones are refused."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} must hold numbers, got {_first_odd(values)!r}") from error
    if np.isinf(array).any():
        raise ParameterError(f"{name} must be finite (NaN where unknown), got {array[np.isinf(array)].flat[0]}")
    return array


def _first_odd(values: Any) -> Any:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        return values
    return next((x for x in values if not isinstance(x, int | float | None)), values)


def _counted(events: Events, ids: Ids, outcome: str, start: Any, end: Any) -> Floats:
    if outcome not in OUTCOMES:
        raise ParameterError(f"outcome must be one of {', '.join(map(repr, OUTCOMES))}, got {outcome!r}")
    events = events if start is None else events.after(start)
    events = events if end is None else events.before(end)
    measure = OUTCOMES[outcome](events)
    return _looked_up(measure.ids, measure.values.astype(np.float64), ids, 0.0)


def _looked_up(owners: Ids, values: Floats, ids: Ids, absent: float) -> Floats:
    places = owners.positions(ids.to_arrow(), missing="sentinel")
    known = places != NO_ACCOUNT
    found = np.full(len(ids), absent)
    found[known] = values[places[known]]
    return found
