"""Two logs become one, the same to the last bit as if the rows of the second had stood below those of the first.

Accounts and posts are numbered by first appearance over both, actor before target. Targets that are missing are filled
in from whoever published the post, also where one log holds the post and the other the reaction. Ids are integers
where they are in both, and text otherwise. A column that one log lacks says nothing there: a weight of 1, a topic or a
count that is not known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.events.columns import NO_ACCOUNT, NO_POST, U32
from swayrank.events.reports import EventsReport
from swayrank.ids import Ids, Interner

if TYPE_CHECKING:
    from swayrank.events.events import Events

_WORDS = ("topic", "platform")


def fill_targets(actor: U32, action: npt.NDArray[np.uint8], target: U32, post: U32, n_posts: int) -> int:
    """Fill in targets that are missing, from who published the post (whoever the log says first); how many.

    Parameters
    ----------
    actor, action, post : numpy.ndarray, shape (n_events,)
        As in :class:`~swayrank.events.Events`.
    target : numpy.ndarray of uint32, shape (n_events,)
        Changed in place.
    n_posts : int
        How many posts there are.
    """
    author = np.full(n_posts + 1, NO_ACCOUNT, np.uint32)
    published = np.flatnonzero((action == 0) & (post != NO_POST))
    author[post[published][::-1]] = actor[published][::-1]
    lacking = np.flatnonzero((target == NO_ACCOUNT) & (action != 0) & (post != NO_POST))
    found = author[post[lacking]]
    target[lacking] = found
    return int(np.count_nonzero(found != NO_ACCOUNT))


def join(one: Events, other: Events) -> Events:
    """The rows of `one`, then those of `other`; see :meth:`swayrank.events.Events.joined`."""
    accounts, (first, second) = _together(one.accounts, other.accounts)
    posts, (first_posts, second_posts) = _together(one.posts, other.posts)
    actions = tuple(dict.fromkeys([*one.actions, *other.actions]))
    codes = np.array([actions.index(name) for name in other.actions], np.uint8)
    columns: dict[str, Any] = {
        "actor": np.concatenate([first[one.actor], second[other.actor]]),
        "target": np.concatenate([_moved(first, one.target), _moved(second, other.target)]),
        "action": np.concatenate([one.action, codes[other.action]]),
        "post": np.concatenate([_moved(first_posts, one.post), _moved(second_posts, other.post)]),
    }
    filled = fill_targets(columns["actor"], columns["action"], columns["target"], columns["post"], len(posts))
    names = list(dict.fromkeys([*one.extra, *other.extra]))
    whole = type(one).from_arrays(
        **columns,
        accounts=accounts,
        posts=posts,
        time=np.concatenate([one.time, other.time]),
        weight=_weights(one, other),
        extra={name: _extra(name, one, other) for name in names},
        actions=actions,
    )
    whole = whole.compact()
    return replace(whole, report=_report(one.report, other.report, whole, filled))


def _together(one: Ids, other: Ids) -> tuple[Ids, tuple[U32, U32]]:
    """The ids of both, and where each one's ids stand among them."""
    interner = Interner()
    places = tuple(interner.encode(ids) if len(ids) else np.empty(0, np.uint32) for ids in (one, other))
    return interner.ids(), (places[0], places[1])


def _moved(places: U32, column: U32) -> U32:
    """Positions among one log's ids as positions among both's; none stays none."""
    answer: U32 = np.append(places, np.uint32(NO_ACCOUNT))[np.minimum(column, len(places))]
    return answer


def _weights(one: Events, other: Events) -> npt.NDArray[np.float64] | None:
    if one.weight is None and other.weight is None:
        return None
    return np.concatenate([np.ones(len(log)) if log.weight is None else log.weight for log in (one, other)])


def _extra(name: str, one: Events, other: Events) -> Any:
    if name not in _WORDS:
        return np.concatenate([log.extra.get(name, np.full(len(log), np.nan)) for log in (one, other)])
    import pyarrow as pa

    text = pa.large_string()
    parts = [log.extra[name].cast(text) if name in log.extra else pa.nulls(len(log), text) for log in (one, other)]
    return pa.concat_arrays(parts).dictionary_encode()


def _report(one: EventsReport, other: EventsReport, whole: Events, filled: int) -> EventsReport:
    rejects = one.rejects if other.rejects is None else other.rejects
    if one.rejects is not None and other.rejects is not None:
        rejects = type(one.rejects)()
        rejects.extend(one.rejects)
        rejects.extend(other.rejects)
    told = [f"{filled:,} missing targets are the authors of posts in the other log"] if filled else []
    return EventsReport(
        files=one.files + other.files,
        rejects=rejects,
        duplicates=int(np.count_nonzero(whole.duplicate)),
        dropped=one.dropped + other.dropped,
        notes=(*one.notes, *other.notes, *told),
    )
