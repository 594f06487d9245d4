r"""h-type indices of reposts: how many posts were reposted often, not how often one post was.

With :math:`c_1 \ge c_2 \ge \dots` the reposts of an account's posts:

- *h-index* (Hirsch 2005, with posts for papers and reposts for citations): the largest h with :math:`c_h \ge h`. One
  post that everybody shared gives 1. Over a chosen set of posts, such as those that fact-checkers flagged, it is the
  FIB-index (DeVerna et al. 2024).
- *g-index* (Egghe 2006): the largest g with :math:`c_1 + \dots + c_g \ge g^2`. Where the account has fewer than g
  posts, posts without reposts are imagined, as Egghe allows, so that one post with 30 reposts gives 5. Never below h.
- *t factor* (Bornmann & Haunschild 2016): the same as h, for any unit that posts can belong to: t of its tweets have at
  least t retweets each. Of an account it is the h-index of its reposts; a topic's or a platform's posts are those whose
  reposts carry it.

A repost counts for the post named in its row and for the account that is its target. Rows that name no post cannot be
told apart by post: they count for nothing, and ``params["without_post"]`` says how many there were. Events on oneself
are left out (``params["self_interactions"]``). Repeated rows count as often as they stand in the table.

Exact integers. Cost: O(rows); memory 4 bytes per repost, 4 per post and 8 per account.

Sources: Hirsch (2005), "An index to quantify an individual's scientific research output", doi:10.1073/pnas.0507655102;
Egghe (2006), "Theory and practise of the g-index", doi:10.1007/s11192-006-0144-7; Bornmann & Haunschild (2016),
"t factor: a metric for measuring impact on Twitter", doi:10.22452/mjlis.vol21no2.2; DeVerna, Aiyappa, Pacheco, Bryden
& Menczer (2024), "Identifying and characterizing superspreaders of low-credibility content on Twitter",
doi:10.1371/journal.pone.0302201.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import OneOf, domains
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_ACCOUNT, NO_POST
from swayrank.ids import Ids
from swayrank.kernels.counts import NOBODY, h_indices
from swayrank.measures._measure import Measure
from swayrank.measures.engagement._actions import action_mask
from swayrank.measures.engagement.counts import by_target
from swayrank.measures.engagement.profile import account_profile
from swayrank.measures.registry import register

U32 = npt.NDArray[np.uint32]

_HIRSCH = (
    "Hirsch 2005, doi:10.1073/pnas.0507655102; of chosen posts: DeVerna et al. 2024, doi:10.1371/journal.pone.0302201"
)
_EGGHE = "Egghe 2006, doi:10.1007/s11192-006-0144-7"
_BORNMANN = "Bornmann & Haunschild 2016, doi:10.22452/mjlis.vol21no2.2"


@register(name="h_index", needs="events", reads="none", exact=True, cost="O(events)", citation=_HIRSCH)
def h_index(
    events: Events,
    *,
    action: str = "repost",
    posts: Sequence[int | str] | npt.NDArray[Any] | None = None,
    topic: str | None = None,
) -> Measure:
    """Find the largest h such that h posts of the account were reposted at least h times each.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the post that each repost shares.
    action : str, default="repost"
        The action that counts, such as "like" for an h-index of likes.
    posts : sequence of int or str, or None, default=None
        Ids of the posts that count, such as those that fact-checkers flagged (the FIB-index); None for all. Ids that
        the log does not have are counted in ``params["unknown_posts"]``.
    topic : str or None, default=None
        Only reactions whose row has this topic; None for all.

    Returns
    -------
    Measure
        int64 indices, exact; `params` also holds ``without_post`` and ``self_interactions``, the numbers of events
        left out.

    Raises
    ------
    ParameterError
        For an unknown action or topic, for events without topics, and if none of `posts` is in the log.

    References
    ----------
    Hirsch (2005), doi:10.1073/pnas.0507655102; DeVerna et al. (2024), doi:10.1371/journal.pone.0302201

    Examples
    --------
    Two posts of ada were reposted twice or more, but not three posts three times:

    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "dan", "bob", "cem", "dan"], "target": ["ada"] * 6, "action": ["repost"] * 6,
    ...     "post": ["p1", "p1", "p1", "p2", "p2", "p3"]})
    >>> sr.h_index(ev).value("ada"), sr.h_index(ev, posts=["p2", "p3"]).value("ada")
    (2, 1)
    """
    member, facts = _counted_posts(events, posts, topic)
    wanted = action_mask(events, action)
    indptr, members, n_self = by_target(events, wanted, member)
    unnamed = (events.post == NO_POST) & (wanted[events.action] == 1) & _is_interaction(events)
    facts |= {"without_post": int(np.count_nonzero(unnamed)), "self_interactions": n_self}
    return Measure("h_index", _h_of_groups(indptr, members, len(events.posts)), events.accounts, facts)


@register(name="g_index", needs="events", reads="none", exact=True, cost="O(events)", citation=_EGGHE)
def g_index(events: Events) -> Measure:
    """Find the largest g such that the g most reposted posts of the account have g * g reposts together.

    Unlike the h-index it sees how far the best posts go. Posts without reposts are imagined as needed.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the post that each repost shares.

    Returns
    -------
    Measure
        int64 indices, exact, at least the h-index.

    References
    ----------
    Egghe (2006), doi:10.1007/s11192-006-0144-7

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "dan", "bob"], "target": ["ada"] * 4, "action": ["repost"] * 4,
    ...     "post": ["p1", "p1", "p1", "p2"]})
    >>> g_index(ev).value("ada"), sr.h_index(ev).value("ada")  # 3 + 1 reposts of the two best: 2 * 2
    (2, 1)
    """
    found = account_profile(events)
    reposted = (events.action == _code(events, "repost")) & _is_interaction(events)
    facts = {
        "without_post": int(np.count_nonzero(reposted & (events.post == NO_POST))),
        "self_interactions": found.self_interactions,
    }
    return Measure("g_index", found.column("g_index"), events.accounts, facts)


@register(name="t_factor", needs="events", reads="none", exact=True, cost="O(events)", citation=_BORNMANN)
@domains(by=OneOf("account", "topic", "platform"))
def t_factor(events: Events, *, by: str = "account") -> Measure:
    """Find the largest t such that t posts of a unit were reposted at least t times each.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the post that each repost shares.
    by : {"account", "topic", "platform"}, default="account"
        What the unit is. Of an account it is the :func:`h_index` of reposts.

    Returns
    -------
    Measure
        int64, one per account, topic or platform (then ``ids`` are their names, by first appearance in the log).

    Raises
    ------
    ParameterError
        For another unit, and for events without topics or platforms.

    References
    ----------
    Bornmann & Haunschild (2016), doi:10.22452/mjlis.vol21no2.2

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "bob", "cem"], "target": ["ada", "ada", "dan", "dan"], "action": ["repost"] * 4,
    ...     "post": ["p1", "p1", "p2", "p2"], "topic": ["racing"] * 4})
    >>> t_factor(ev).value("ada"), t_factor(ev, by="topic").value("racing")
    (1, 2)
    """
    reposts = (events.action == _code(events, "repost")) & _is_interaction(events)
    facts = {"without_post": int(np.count_nonzero(reposts & (events.post == NO_POST)))}
    if by == "account":
        indptr, members, _ = by_target(events, action_mask(events, "repost"), events.post)
        return Measure("t_factor", _h_of_groups(indptr, members, len(events.posts)), events.accounts, facts)
    unit, names = _units(events, by)
    rows = np.flatnonzero(reposts & (unit >= 0))
    rows = rows[np.argsort(unit[rows], kind="stable")]
    indptr = np.searchsorted(unit[rows], np.arange(len(names) + 1)).astype(np.uint64)
    values = _h_of_groups(indptr, events.post[rows], len(events.posts))
    return Measure("t_factor", values, Ids.from_values(names), facts)


def _h_of_groups(indptr: npt.NDArray[np.uint64], members: U32, n_posts: int) -> npt.NDArray[np.int64]:
    largest = int(np.diff(indptr).max(initial=np.uint64(0)))
    h = np.zeros(indptr.size - 1, np.int64)
    h_indices(indptr, members, np.zeros(n_posts, np.uint32), np.zeros(math.isqrt(largest) + 1, np.uint32), h)
    return h


def _is_interaction(events: Events) -> npt.NDArray[np.bool_]:
    answer: npt.NDArray[np.bool_] = (events.target != NO_ACCOUNT) & (events.target != events.actor)
    return answer


def _code(events: Events, action: str) -> int:
    """An action's position in the vocabulary; ParameterError where it has none."""
    return int(np.argmax(action_mask(events, action)))


def _counted_posts(events: Events, posts: Any, topic: str | None) -> tuple[U32, dict[str, Any]]:
    """The post of each row, NOBODY where it does not count, and what to record."""
    counts = np.ones(events.n_events, np.bool_)
    facts: dict[str, Any] = {}
    if posts is not None:
        asked = posts if isinstance(posts, np.ndarray) else list(posts)
        found = events.posts.positions(asked, missing="sentinel") if len(asked) else np.empty(0, np.uint32)
        known = found[found != NO_POST]
        if known.size == 0:
            example = f", such as {asked[0]!r}" if len(asked) else ""
            raise ParameterError(f"posts must name posts of the log, none of the {len(asked)} given is there{example}")
        chosen = np.zeros(len(events.posts) + 1, np.bool_)
        chosen[known] = True
        counts &= chosen[np.minimum(events.post, len(events.posts))]
        facts["unknown_posts"] = int(found.size - known.size)
    if topic is not None:
        unit, names = _units(events, "topic")
        if topic not in names:
            near = difflib.get_close_matches(str(topic), names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ParameterError(f"topic must be a topic of the log, got {topic!r}{hint}")
        counts &= unit == names.index(topic)
    return np.where(counts, events.post, NOBODY), facts


def _units(events: Events, by: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Which topic or platform each row has, -1 for none, and their names by first appearance."""
    if by not in events.extra:
        raise ParameterError(f"events have no column {by!r}: read the log with a {by} column, or use by='account'")
    import pyarrow as pa

    coded = events.extra[by].cast(pa.large_string()).dictionary_encode()
    unit: npt.NDArray[np.int64] = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return unit, coded.dictionary.to_pylist()
