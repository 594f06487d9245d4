r"""Impact and influence formulas of the Twitter literature, each with its counts defined on an event table.

Counts, all without events on oneself:

======  ==============================================================================================
RT2     the account's posts that others reposted (different posts, as the reposts name them)
RT3     different accounts that reposted it
M1, M2  mentions by the account, and the different accounts that it mentioned
M3, M4  mentions of the account, and the different accounts that mentioned it
OT      the account's posts: those that its events "post" or interactions with it name
RP2     its posts that others replied to
F1      its followers
======  ==============================================================================================

- *Repost impact* (Pal & Counts 2011, "retweet impact"): :math:`RT2 \cdot \ln RT3`. The logarithm keeps an account with
  one devoted reposter from standing out: it has 0.
- *Mention impact* (Pal & Counts 2011): :math:`M3 \ln M4 - M1 \ln M2`. What the account gets by mentioning others is
  taken off, so it can be negative.
- *Repost influence* and *mention influence* (Cha et al. 2010): how often the account was reposted, and mentioned.
- *Social networking potential* (Anger & Kittl 2011): :math:`(Ir + RMr) / 2` with the interactor ratio
  :math:`Ir = (RT3 + M4) / F1` and the retweet and mention ratio :math:`RMr = (RT2 + RP2) / OT`. As in the formula, an
  account that reposts and mentions, and a post that was reposted and replied to, count twice: both ratios can pass 1.

A product with a count of zero is zero (0 ln 0 = 0). Pal & Counts take posts on one topic and scale each feature among
the candidates; here the whole log is one topic (cut it first), and values are raw. Quotes are neither reposts nor
mentions here, since the papers precede them; a reply is a mention only if the log says both.

Sources: Pal & Counts (2011), "Identifying topical authorities in microblogs", doi:10.1145/1935826.1935843; Cha,
Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy"; Anger & Kittl
(2011), "Measuring influence on Twitter", doi:10.1145/2024288.2024326. Letters and formulas as in the survey of Riquelme
& Gonzalez-Cantergiani (2016), "Measuring user influence on Twitter: a survey", doi:10.1016/j.ipm.2016.04.003.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.events.columns import NO_ACCOUNT
from swayrank.graph import Graph
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.profile import account_profile, distinct, ratio
from swayrank.measures.registry import register

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

_PAL = "Pal & Counts 2011, doi:10.1145/1935826.1935843"
_CHA = "Cha et al. 2010, Measuring user influence in Twitter: the million follower fallacy, ICWSM"
_ANGER = "Anger & Kittl 2011, doi:10.1145/2024288.2024326"


@register(name="repost_impact", needs="events", reads="none", exact=True, cost="O(events)", citation=_PAL)
def repost_impact(events: Events) -> Measure:
    """Multiply the number of posts that were reposted by the logarithm of the number of reposters.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the post that each repost shares.

    Returns
    -------
    Measure
        float64, at least 0; NaN for an account whose reposts name no post at all, since then RT2 is unknown.

    References
    ----------
    Pal & Counts (2011), doi:10.1145/1935826.1935843

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem", "bob"], "target": ["ada"] * 3, "action": ["repost"] * 3,
    ...                            "post": ["p1", "p1", "p2"]})
    >>> round(repost_impact(ev).value("ada"), 6)  # two posts, two reposters: 2 ln 2
    1.386294
    """
    found = account_profile(events)
    posts, reposters = found.column("reposted_posts"), found.column("distinct_reposters")
    values = _times_log(posts, reposters)
    values[(posts == 0) & (reposters > 0)] = np.nan
    return Measure("repost_impact", values, events.accounts, {"self_interactions": found.self_interactions})


@register(name="mention_impact", needs="events", reads="none", exact=True, cost="O(events log events)", citation=_PAL)
def mention_impact(events: Events) -> Measure:
    """Take what an account mentioned others off what others mentioned it, each weighed by how many they are.

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        float64; negative where the account mentions more than it is mentioned.

    References
    ----------
    Pal & Counts (2011), doi:10.1145/1935826.1935843

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem", "bob", "ada"], "target": ["ada", "ada", "ada", "bob"],
    ...                            "action": ["mention"] * 4})
    >>> round(mention_impact(ev).value("ada"), 6)  # 3 ln 2 - 1 ln 1
    2.079442
    """
    found = account_profile(events)
    given, mentioned = _mentions_given(events)
    values = _times_log(found.count("mention"), found.column("distinct_mentioners")) - _times_log(given, mentioned)
    return Measure("mention_impact", values, events.accounts, {"self_interactions": found.self_interactions})


@register(name="repost_influence", needs="events", reads="none", exact=True, cost="O(events)", citation=_CHA)
def repost_influence(events: Events) -> Measure:
    """Count how often others reposted the account: its retweet influence.

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        int64 counts, the same as of :func:`swayrank.past_reposts`.

    References
    ----------
    Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada"] * 2, "action": ["repost", "mention"]})
    >>> repost_influence(ev).value("ada")
    1
    """
    found = account_profile(events)
    left_out = {"self_interactions": found.self_interactions}
    return Measure("repost_influence", found.count("repost"), events.accounts, left_out)


@register(name="mention_influence", needs="events", reads="none", exact=True, cost="O(events)", citation=_CHA)
def mention_influence(events: Events) -> Measure:
    """Count how often others mentioned the account: its mention influence.

    Parameters
    ----------
    events : Events
        Who did what to whom.

    Returns
    -------
    Measure
        int64 counts of the action "mention".

    References
    ----------
    Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower fallacy".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada"] * 2, "action": ["repost", "mention"]})
    >>> mention_influence(ev).value("ada")
    1
    """
    found = account_profile(events)
    left_out = {"self_interactions": found.self_interactions}
    return Measure("mention_influence", found.count("mention"), events.accounts, left_out)


@register(
    name="social_networking_potential", needs="events", reads="none", exact=True, cost="O(events)", citation=_ANGER
)
def social_networking_potential(events: Events, *, graph: Graph | None = None) -> Measure:
    """Average how many of an account's followers interact with it and how many of its posts draw a reaction.

    Parameters
    ----------
    events : Events
        Who did what to whom, with posts.
    graph : Graph or None, default=None
        The follow graph, whose in-degrees are the numbers of followers. None takes ``followers_at_time`` of the
        account's latest event "post" that tells it.

    Returns
    -------
    Measure
        float64, at least 0; NaN where the number of followers is unknown or zero, or no post is named. `params` also
        holds ``followers_unknown``, the number of accounts whose followers are unknown.

    Raises
    ------
    ParameterError
        If `graph` is not a graph.

    References
    ----------
    Anger & Kittl (2011), doi:10.1145/2024288.2024326

    Examples
    --------
    Four follow ada; bob and cem repost one of her two posts, and cem mentions her: ((2 + 1) / 4 + 1 / 2) / 2.

    >>> import swayrank as sr
    >>> follows = sr.Graph.from_edges(["bob", "cem", "dan", "eve"], ["ada"] * 4)
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "cem", "ada"], "target": ["ada", "ada", "ada", None],
    ...     "action": ["repost", "repost", "mention", "post"], "post": ["p1", "p1", None, "p2"]})
    >>> social_networking_potential(ev, graph=follows).value("ada")
    0.625
    """
    followers = _followers_of_log(events) if graph is None else _followers_in_graph(events, graph)
    found = account_profile(events)
    interactors = found.column("distinct_reposters") + found.column("distinct_mentioners")
    reactions = found.column("reposted_posts") + found.column("replied_posts")
    values = (ratio(interactors, followers) + ratio(reactions, found.column("posts"))) / 2
    facts: dict[str, Any] = {
        "graph": None if graph is None else graph.fingerprint,
        "followers_unknown": int(np.count_nonzero(np.isnan(followers))),
        "self_interactions": found.self_interactions,
    }
    return Measure("social_networking_potential", values, events.accounts, facts)


def _times_log(count: Counts, distinct: Counts) -> Floats:
    """``count * ln(distinct)``, 0 where there are none."""
    product: Floats = np.multiply(count, np.log(np.maximum(distinct, 1).astype(np.float64)), dtype=np.float64)
    return product


def _mentions_given(events: Events) -> tuple[Counts, Counts]:
    """How often each account mentioned others, and how many others."""
    n = len(events.accounts)
    is_mention = np.array([name == "mention" for name in events.actions], np.bool_)[events.action]
    rows = np.flatnonzero(is_mention & (events.target != NO_ACCOUNT) & (events.target != events.actor))
    actor = events.actor[rows].astype(np.int64)
    different = distinct((events.actor[rows].astype(np.uint64) << np.uint64(32)) | events.target[rows])
    by_actor = (different >> np.uint64(32)).astype(np.int64)
    return np.bincount(actor, minlength=n).astype(np.int64), np.bincount(by_actor, minlength=n).astype(np.int64)


def _followers_in_graph(events: Events, graph: Graph) -> Floats:
    """In-degree of each account of the log, NaN where the graph does not have it."""
    check_graph("social_networking_potential", graph)
    if not len(events.accounts):
        return np.empty(0)
    rows = graph.ids.positions(events.accounts.to_arrow(), missing="sentinel")
    known = rows != NO_ACCOUNT
    followers = np.full(len(events.accounts), np.nan)
    followers[known] = graph.in_degree[rows[known]]
    return followers


def _followers_of_log(events: Events) -> Floats:
    """`followers_at_time` of each account's latest post that tells it (the larger of two at a time), else NaN."""
    followers = np.full(len(events.accounts), np.nan)
    if "followers_at_time" not in events.extra:
        return followers
    told = np.asarray(events.extra["followers_at_time"], np.float64)
    if told.shape != (events.n_events,):
        raise ParameterError(f"followers_at_time must have {events.n_events:,} rows like the log, got {told.shape}")
    is_post = np.array([name == "post" for name in events.actions], np.bool_)[events.action]
    rows = np.flatnonzero(is_post & ~np.isnan(told))
    rows = rows[np.lexsort((told[rows], events.time[rows]))]
    followers[events.actor[rows]] = told[rows]  # of repeated positions the last one stays
    return followers
