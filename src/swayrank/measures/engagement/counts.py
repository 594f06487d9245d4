"""How often people react: interactions received and given by action, distinct engagers, posts published.

An *interaction* is an event with a target other than its actor. ``received`` credits the target, ``given`` the actor.
Events on oneself are left out everywhere, and their number is recorded as ``params["self_interactions"]``. An event
without a target (a post) is no interaction. Repeated rows count as often as they stand in the table.

All numbers are exact integers, so the order of the rows changes nothing. Cost: O(rows), one pass for counts, three for
distinct engagers; memory 8 bytes per account and action, and 4 per interaction for distinct engagers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import OneOf, domains
from swayrank.events import Events
from swayrank.ids import read_only
from swayrank.kernels.counts import NOBODY, distinct_members, group_fill, group_sizes, tally_actions
from swayrank.measures._data import check_events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement._actions import action_mask
from swayrank.measures.registry import register
from swayrank.tables import frame

_DIRECTIONS = OneOf("received", "given")
_CITATION = "Cha et al. 2010, Measuring user influence in Twitter: the million follower fallacy, ICWSM"

Groups = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], int]


@register(name="engagement_counts", needs="events", reads="none", exact=True, cost="O(events)", citation=_CITATION)
@domains(direction=_DIRECTIONS)
def engagement_counts(events: Events, *, direction: str = "received", action: str | None = None) -> Measure:
    """Count the interactions that every account received, or gave.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    direction : {"received", "given"}, default="received"
        Whether to credit the target or the actor.
    action : str or None, default=None
        One action, such as "like"; None counts all interactions.

    Returns
    -------
    Measure
        int64 counts, one per account of ``events.accounts``; `params` also holds ``self_interactions``, how many
        events of that kind were left out.

    Raises
    ------
    ParameterError
        For an unknown direction or action.

    References
    ----------
    Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "bob", "ada"], "target": ["ada", "ada", "cem", "ada"],
    ...     "action": ["like", "repost", "like", "like"]})
    >>> m = sr.engagement_counts(ev)
    >>> m.value("ada"), m.params["self_interactions"]
    (2, 1)
    >>> sr.engagement_counts(ev, direction="given", action="like").value("bob")
    2
    """
    wanted = action_mask(events, action)
    counts = _tally(events, direction)[:, wanted == 1].sum(axis=1)
    return Measure("engagement_counts", counts, events.accounts, {"self_interactions": _on_oneself(events, wanted)})


@register(name="past_reposts", needs="events", reads="none", exact=True, cost="O(events)", citation=_CITATION)
def past_reposts(events: Events) -> Measure:
    """Count how often others reposted the account.

    The baseline that any better measure has to beat: :func:`engagement_counts` of the action "repost".

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        int64 counts; zero everywhere if nothing was reposted.

    References
    ----------
    Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy".

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.engagement.counts import past_reposts
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada", "ada"], "action": ["like", "repost"]})
    >>> past_reposts(ev).value("ada")
    1
    """
    wanted = action_mask(events, "repost")
    counts = _tally(events, "received")[:, wanted == 1].sum(axis=1)
    return Measure("past_reposts", counts, events.accounts, {"self_interactions": _on_oneself(events, wanted)})


@register(name="posts_published", needs="events", reads="none", exact=True, cost="O(events)", citation=_CITATION)
def posts_published(events: Events) -> Measure:
    """Count the posts that the account published: its events of the action "post".

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        int64 counts.

    References
    ----------
    Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy".

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.engagement.counts import posts_published
    >>> ev = sr.Events.from_frame({"actor": ["ada", "ada", "bob"], "target": [None, None, "ada"],
    ...                            "action": ["post", "post", "like"]})
    >>> posts_published(ev).value("ada")
    2
    """
    is_post = action_mask(events, "post")[events.action] == 1
    counts = np.bincount(events.actor[is_post], minlength=len(events.accounts)).astype(np.int64)
    return Measure("posts_published", counts, events.accounts)


@register(name="distinct_engagers", needs="events", reads="none", exact=True, cost="O(events)", citation=_CITATION)
def distinct_engagers(events: Events, *, action: str | None = None) -> Measure:
    """Count how many different accounts interacted with the account.

    Ten likes by one fan count once: breadth, where :func:`engagement_counts` tells volume.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    action : str or None, default=None
        One action; None counts whoever interacted in any way.

    Returns
    -------
    Measure
        int64 counts, exact.

    Raises
    ------
    ParameterError
        For an unknown action.

    References
    ----------
    Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "bob", "cem"], "target": ["ada", "ada", "ada"],
    ...                            "action": ["like", "repost", "like"]})
    >>> sr.distinct_engagers(ev).value("ada"), sr.distinct_engagers(ev, action="repost").value("ada")
    (2, 1)
    """
    indptr, members, n_self = by_target(events, action_mask(events, action), events.actor)
    n = len(events.accounts)
    counts = np.zeros(n, np.int64)
    distinct_members(indptr, members, np.full(n, NOBODY, np.uint32), counts)
    return Measure("distinct_engagers", counts, events.accounts, {"self_interactions": n_self})


@domains(direction=_DIRECTIONS)
def engagement_table(events: Events, *, direction: str = "received", backend: str = "pandas") -> Any:
    """Make the table of all counts: one row per account, one column per action.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    direction : {"received", "given"}, default="received"
        Whether to credit the target or the actor.
    backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        Which library's table.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Columns ``account``, each action that occurs (int64), ``total``, ``distinct_engagers`` (accounts that
        interacted with this one, whatever the direction) and ``posts_published``.

    Raises
    ------
    ParameterError
        For an unknown direction or backend.

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.engagement.counts import engagement_table
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada", "ada"], "action": ["like", "repost"]})
    >>> engagement_table(ev, backend="pyarrow").to_pylist()[1]["total"]
    2
    """
    check_events("engagement_table", events)
    counts = _tally(events, direction)
    columns: dict[str, Any] = {"account": events.accounts.to_arrow()}
    columns |= {name: counts[:, i] for i, name in enumerate(events.actions) if counts[:, i].any()}
    columns["total"] = counts.sum(axis=1)
    columns["distinct_engagers"] = distinct_engagers(events).values
    columns["posts_published"] = posts_published(events).values
    return frame(columns, backend)


def by_target(events: Events, wanted: npt.NDArray[np.uint8], member: npt.NDArray[np.uint32]) -> Groups:
    """Group one value of every wanted interaction by its target, in the order of the rows.

    Parameters
    ----------
    events : Events
        The table.
    wanted : numpy.ndarray of uint8, shape (n_actions,)
        1 for the actions to take.
    member : numpy.ndarray of uint32, shape (n_events,)
        The value to group, such as ``events.actor`` or ``events.post``.

    Returns
    -------
    indptr : numpy.ndarray of uint64, shape (n_accounts + 1,)
    members : numpy.ndarray of uint32
        Those of account a are ``members[indptr[a]:indptr[a + 1]]``.
    n_self : int
        How many wanted events were left out because actor and target are the same.
    """
    rows = read_only(events.actor), read_only(events.target), read_only(events.action), read_only(wanted)
    indptr = np.zeros(len(events.accounts) + 1, np.uint64)
    n_self = group_sizes(*rows, indptr)
    members = np.empty(int(indptr[-1]), np.uint32)
    group_fill(*rows, read_only(member), indptr.copy(), members)
    return indptr, members, int(n_self)


def _tally(events: Events, direction: str) -> npt.NDArray[np.int64]:
    """Interactions per account and action."""
    counts = np.zeros((len(events.accounts), len(events.actions)), np.int64)
    tally_actions(
        read_only(events.actor), read_only(events.target), read_only(events.action), direction == "given", counts
    )
    return counts


def _on_oneself(events: Events, wanted: npt.NDArray[np.uint8]) -> int:
    return int(np.count_nonzero((events.actor == events.target) & (wanted[events.action] == 1)))
