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

from swayrank._progress import Progress
from swayrank._validate import OneOf, domains
from swayrank.events import Events
from swayrank.ids import read_only
from swayrank.kernels.counts import NOBODY, distinct_members, group_fill, group_sizes, tally_actions
from swayrank.measures._data import check_events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement._actions import action_mask
from swayrank.measures.engagement.profile import account_profile
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
def engagement_table(
    events: Events,
    *,
    direction: str = "received",
    backend: str = "pandas",
    threads: int | None = None,
    progress: Progress = None,
) -> Any:
    """Make the table of all that is counted per account: one row per account.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    direction : {"received", "given"}, default="received"
        Whether the counts of actions and their total credit the target or the actor. All other columns tell what the
        account received.
    backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        Which library's table.
    threads : int or None, default=None
        How many; changes no bit.
    progress : bool, callable or None, default=None
        A bar on stderr, or a function of (label, done, total).

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Integers are int64, the rest float64, NaN where a value is undefined:

        - ``account``; each action that occurs (``<name>_reactions`` if a column below has its name); ``total``;
        - ``distinct_engagers``, ``repeat_engagers`` (those who interacted twice or more), ``repeat_engager_share``,
          ``top_engager_count`` (of the one who interacted most), ``engager_entropy`` (nats), ``effective_engagers``
          (its exponential), ``distinct_reposters``, ``distinct_mentioners``;
        - ``posts_published`` (events "post"), ``posts`` (different posts that events name), ``posts_with_reactions``,
          ``reposted_posts``, ``replied_posts``, ``without_post`` (interactions that name no post);
        - ``applause_mean``, ``applause_median``, ``applause_trimmed`` (likes per post), the same of ``conversation_``
          (replies) and ``amplification_`` (reposts and quotes); ``reply_like_ratio``;
        - ``h_index`` and ``g_index`` of reposts.

        What each means is in ``docs/engagement.md``.

    Raises
    ------
    ParameterError
        For an unknown direction or backend.

    Notes
    -----
    O(rows), without sorting. Memory: 9 bytes per row and about 500 per account, the table included.

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.engagement.counts import engagement_table
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem", "bob"], "target": ["ada"] * 3, "post": ["p1", "p1", "p2"],
    ...                            "action": ["like", "repost", "like"]})
    >>> row = engagement_table(ev, backend="pyarrow").to_pylist()[1]
    >>> row["account"], row["total"], row["distinct_engagers"], row["repeat_engagers"], row["applause_mean"]
    ('ada', 3, 2, 1, 1.0)
    """
    check_events("engagement_table", events)
    found = account_profile(events, threads=threads, progress=progress)
    given = dict(zip(events.actions, _tally(events, direction).T, strict=True)) if direction == "given" else None
    return frame({"account": events.accounts.to_arrow(), **found.columns(given)}, backend)


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
