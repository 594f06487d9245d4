"""Reactions per post: applause, conversation and amplification, and the table of all posts.

Definition (Kaushik 2011): *applause* is the likes per post, *conversation* the replies per post, *amplification* the
reposts and quotes per post. The average runs over all the account's posts, those that drew nothing included: the posts
that an event "post" of the account names, and those that an interaction with the account names.

Averages: the ``mean``; the ``median``, the mean of the two middle counts where there are two; the ``trimmed`` mean,
without the floor(n / 10) lowest and as many highest counts of n (with fewer than ten posts it is the mean).

``shrunk`` is the mean drawn towards that of the account's peers by as much as its posts are few or unlike, with an
interval: Gamma-Poisson over the posts (:mod:`swayrank.measures.engagement.shrinkage`), peers by the followers that the
log tells, everybody where it tells none. The reply/like ratio's is that of the share of replies among replies and likes
(Beta-Binomial), as replies by likes.

An account without any named post has no average: NaN. Interactions that name no post belong to none and count for
nothing here (``params["without_post"]``); events on oneself are left out (``params["self_interactions"]``).

Source: Kaushik (2011), "Best social media metrics: conversation, amplification, applause, economic value",
https://www.kaushik.net/avinash/best-social-media-metrics-conversation-amplification-applause-economic-value/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Interval, OneOf, domains
from swayrank.events import Events
from swayrank.events.columns import NO_ACCOUNT, NO_POST, NO_TIME, timestamps
from swayrank.measures._data import check_events
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.profile import account_profile, action_columns, distinct, ratio
from swayrank.measures.engagement.rates import engagement_rate, posts_from_events, tiers_of
from swayrank.measures.engagement.shrinkage import PostRates, shrink
from swayrank.measures.engagement.tiers import Cuts, Tiers
from swayrank.measures.registry import register
from swayrank.tables import frame

_AVERAGES = OneOf("mean", "median", "trimmed", "shrunk")
_CONFIDENCE = Interval(0, 1, "()")
_COUNTED = {"applause": "likes", "conversation": "comments", "amplification": "shares"}
_KAUSHIK = "Kaushik 2011, Best social media metrics: conversation, amplification, applause, economic value"
_MINOT = "Minot et al. 2021, doi:10.1371/journal.pone.0248880"
_MICROSECONDS_PER_HOUR = 3.6e9
_SHIFT = np.uint64(32)

Times = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]


@register(name="applause", needs="events", reads="none", exact=True, cost="O(events)", citation=_KAUSHIK)
@domains(average=_AVERAGES, confidence=_CONFIDENCE)
def applause(
    events: Events,
    *,
    average: str = "mean",
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Average the likes per post of an account.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the posts that were liked.
    average : {"mean", "median", "trimmed", "shrunk"}, default="mean"
        Which average; "trimmed" leaves out the lowest and the highest tenth, "shrunk" is drawn towards the peers' where
        posts are few or unlike, and has an interval.
    tiers, kinds, confidence
        For "shrunk", as for :func:`engagement_rate`.

    Returns
    -------
    Measure
        float64, likes per post, at least 0; NaN for an account without any named post.

    Raises
    ------
    ParameterError
        For another average.

    References
    ----------
    Kaushik (2011), "Best social media metrics: conversation, amplification, applause, economic value".

    Examples
    --------
    Two of ada's three posts were liked:

    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["bob", "cem", "bob", "ada"], "target": ["ada", "ada", "ada", None],
    ...     "action": ["like", "like", "like", "post"], "post": ["p1", "p1", "p2", "p3"]})
    >>> applause(ev).value("ada"), applause(ev, average="median").value("ada")
    (1.0, 1.0)
    """
    return _per_post(events, "applause", average, tiers, kinds, confidence)


@register(name="conversation", needs="events", reads="none", exact=True, cost="O(events)", citation=_KAUSHIK)
@domains(average=_AVERAGES, confidence=_CONFIDENCE)
def conversation(
    events: Events,
    *,
    average: str = "mean",
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Average the replies per post of an account.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the posts that were replied to.
    average : {"mean", "median", "trimmed", "shrunk"}, default="mean"
        Which average; "trimmed" leaves out the lowest and the highest tenth, "shrunk" is drawn towards the peers' where
        posts are few or unlike, and has an interval.
    tiers, kinds, confidence
        For "shrunk", as for :func:`engagement_rate`.

    Returns
    -------
    Measure
        float64, replies per post, at least 0; NaN for an account without any named post.

    Raises
    ------
    ParameterError
        For another average.

    References
    ----------
    Kaushik (2011), "Best social media metrics: conversation, amplification, applause, economic value".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem"], "target": ["ada"] * 2, "action": ["reply", "like"],
    ...                            "post": ["p1", "p2"]})
    >>> conversation(ev).value("ada")
    0.5
    """
    return _per_post(events, "conversation", average, tiers, kinds, confidence)


@register(name="amplification", needs="events", reads="none", exact=True, cost="O(events)", citation=_KAUSHIK)
@domains(average=_AVERAGES, confidence=_CONFIDENCE)
def amplification(
    events: Events,
    *,
    average: str = "mean",
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Average the reposts and quotes per post of an account.

    Parameters
    ----------
    events : Events
        Who did what to whom, with the posts that were passed on.
    average : {"mean", "median", "trimmed", "shrunk"}, default="mean"
        Which average; "trimmed" leaves out the lowest and the highest tenth, "shrunk" is drawn towards the peers' where
        posts are few or unlike, and has an interval.
    tiers, kinds, confidence
        For "shrunk", as for :func:`engagement_rate`.

    Returns
    -------
    Measure
        float64, reposts and quotes per post, at least 0; NaN for an account without any named post.

    Raises
    ------
    ParameterError
        For another average.

    References
    ----------
    Kaushik (2011), "Best social media metrics: conversation, amplification, applause, economic value".

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem", "dan"], "target": ["ada"] * 3,
    ...                            "action": ["repost", "quote", "like"], "post": ["p1", "p1", "p2"]})
    >>> amplification(ev).value("ada")
    1.0
    """
    return _per_post(events, "amplification", average, tiers, kinds, confidence)


def _per_post(
    events: Events,
    kind: str,
    average: str,
    tiers: Cuts | Tiers,
    kinds: Mapping[Any, str] | None,
    confidence: float,
) -> Measure:
    found = account_profile(events)
    left_out: dict[str, Any] = {
        "without_post": int(found.column("without_post").sum()),
        "self_interactions": found.self_interactions,
    }
    if average != "shrunk":
        plain = {"tiers": None, "kinds": None, "confidence": None}
        return Measure(kind, found.column(f"{kind}_{average}"), events.accounts, left_out | plain)
    posts = posts_from_events(events)
    rate = engagement_rate(posts, of=_COUNTED[kind], per="posts", tiers=tiers, kinds=kinds, confidence=confidence)
    told = {name: rate.params[name] for name in ("model", "tiers", "priors")}
    return Measure(kind, rate.values, events.accounts, left_out | told, interval=rate.interval)


@register(name="reply_like_ratio", needs="events", reads="none", exact=True, cost="O(events)", citation=_MINOT)
@domains(average=OneOf("pooled", "shrunk"), confidence=_CONFIDENCE)
def reply_like_ratio(
    events: Events,
    *,
    average: str = "pooled",
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Divide the replies that an account received by its likes: high where people object rather than applaud.

    Parameters
    ----------
    events : Events
        Who did what to whom.
    average : {"pooled", "shrunk"}, default="pooled"
        "pooled": all replies by all likes. "shrunk": the share of replies among both, drawn towards the peers' by as
        much as they are few or posts unlike, as replies by likes; with an interval. Interactions that name no post
        count as one post there.
    tiers, kinds, confidence
        For "shrunk", as for :func:`engagement_rate`.

    Returns
    -------
    Measure
        float64, at least 0; NaN for an account without likes, whether it was replied to or not ("shrunk": without
        likes and replies).

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    Notes
    -----
    Minot et al. study the whole distribution over posts; this is the ratio of the account's sums.

    References
    ----------
    Minot, Arnold, Alshaabi, Danforth & Dodds (2021), "Ratioing the President: An exploration of public engagement with
    Obama and Trump on Twitter", doi:10.1371/journal.pone.0248880

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["bob", "cem", "dan"], "target": ["ada"] * 3,
    ...                            "action": ["reply", "like", "like"]})
    >>> reply_like_ratio(ev).value("ada")
    0.5
    """
    found = account_profile(events)
    facts: dict[str, Any] = {"self_interactions": found.self_interactions}
    if average == "pooled":
        values = ratio(found.count("reply"), found.count("like"))
        plain = {"tiers": None, "kinds": None, "confidence": None}
        return Measure("reply_like_ratio", values, events.accounts, facts | plain)
    peers = tiers_of(posts_from_events(events), tiers, kinds)
    shrunk = shrink(_replies_among_both(events), "beta_binomial", peers.tier, peers.names, confidence)
    value, low, high = (ratio(share, 1.0 - share) for share in (shrunk.values, shrunk.low, shrunk.high))
    priors = {tier: prior.recorded() for tier, prior in shrunk.priors.items()}
    facts |= {"model": "beta_binomial", "tiers": dict(peers.cuts), "priors": priors}
    return Measure("reply_like_ratio", value, events.accounts, facts, interval=(low, high))


def _replies_among_both(events: Events) -> PostRates:
    """Replies, and replies and likes, of every post that has any; those that name no post are one."""
    names = np.array(events.actions)[events.action]
    on_others = (events.target != NO_ACCOUNT) & (events.target != events.actor)
    rows = np.flatnonzero(on_others & np.isin(names, ("reply", "like")))
    keys = (events.target[rows].astype(np.uint64) << _SHIFT) | events.post[rows]
    pairs, pair = np.unique(keys, return_inverse=True)
    replies = np.bincount(pair[names[rows] == "reply"], minlength=pairs.size)
    both = np.bincount(pair, minlength=pairs.size)
    return PostRates.of((pairs >> _SHIFT).astype(np.int64), replies, both, len(events.accounts))


def post_table(events: Events, *, backend: str = "pandas") -> Any:
    """Make the table of all posts: one row per account and post, in their order in the event table.

    Parameters
    ----------
    events : Events
        Who did what to whom, with posts.
    backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        Which library's table.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Columns ``account``, ``post``; ``time`` of publication (the earliest event "post" that tells it; null where
        none does); each action that occurs (``<name>_reactions`` if a column here has its name), ``total``,
        ``applause``, ``conversation``, ``amplification`` and ``distinct_engagers`` (int64); ``first_reaction`` and
        ``last_reaction`` (null where no reaction has a time);
        ``hours_to_half`` (float64): from publication until half of the reactions that have a time, rounded up, had
        come; NaN where publication or all reactions lack a time, negative where clocks disagree.

    Raises
    ------
    ParameterError
        For an unknown backend.

    Notes
    -----
    Only interactions that name a post are there; those with oneself are left out. A post that events ascribe to two
    accounts has a row for each. O(rows log rows); memory about 60 bytes per row.

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({
    ...     "actor": ["ada", "bob", "cem"], "target": [None, "ada", "ada"], "action": ["post", "like", "repost"],
    ...     "post": ["p1"] * 3, "time": ["2017-11-07T04:00", "2017-11-07T04:30", "2017-11-07T06:00"]})
    >>> row = post_table(ev, backend="pyarrow").to_pylist()[0]
    >>> row["post"], row["applause"], row["amplification"], row["distinct_engagers"], row["hours_to_half"]
    ('p1', 1, 1, 2, 0.5)
    """
    check_events("post_table", events)
    named = events.post != NO_POST
    reaction = np.flatnonzero(named & (events.target != NO_ACCOUNT) & (events.target != events.actor))
    is_post = np.array([name == "post" for name in events.actions], np.bool_)
    own = np.flatnonzero(named & is_post[events.action])
    account = np.concatenate((events.target[reaction], events.actor[own])).astype(np.uint64)
    keys = (account << _SHIFT) | events.post[np.concatenate((reaction, own))]
    pairs, pair = np.unique(keys, return_inverse=True)
    of_reaction, of_own = pair[: reaction.size], pair[reaction.size :]
    published = _earliest(of_own, events.time[own], pairs.size)
    named_by = {
        "account": _taken(events.accounts, pairs >> _SHIFT),
        "post": _taken(events.posts, pairs & np.uint64(NO_POST)),
        "time": timestamps(published),
    }
    by_action = _by_action(events, reaction, of_reaction, pairs.size)
    figures = {
        **_sums(by_action, _engagers(of_reaction, events.actor[reaction], pairs.size)),
        **_progress_of(of_reaction, events.time[reaction], published),
    }
    return frame({**named_by, **action_columns(by_action, {*named_by, *figures}), **figures}, backend)


def _taken(ids: Any, positions: npt.NDArray[np.uint64]) -> Any:
    import pyarrow as pa

    return ids.to_arrow().take(pa.array(positions))


def _earliest(pair: Pairs, time: Times, n: int) -> Times:
    """The earliest known time of each pair, NO_TIME where there is none."""
    never = np.iinfo(np.int64).max
    earliest = np.full(n, never, np.int64)
    known = time != NO_TIME
    np.minimum.at(earliest, pair[known], time[known])
    earliest[earliest == never] = NO_TIME
    return earliest


def _by_action(events: Events, reaction: Pairs, pair: Pairs, n: int) -> dict[str, Counts]:
    """Reactions of each pair by action."""
    width = len(events.actions)
    counts = np.bincount(pair * width + events.action[reaction], minlength=n * width).reshape(n, width)
    return dict(zip(events.actions, np.ascontiguousarray(counts.T, np.int64), strict=True))


def _engagers(pair: Pairs, actor: npt.NDArray[np.uint32], n: int) -> Counts:
    """How many different accounts reacted to each pair."""
    different = distinct((pair.astype(np.uint64) << _SHIFT) | actor) >> _SHIFT
    return np.bincount(different.astype(np.int64), minlength=n).astype(np.int64)


def _sums(by_action: dict[str, Counts], engagers: Counts) -> dict[str, Counts]:
    none = np.zeros_like(engagers)
    return {
        "total": np.sum(np.stack(list(by_action.values())), axis=0),
        "applause": by_action.get("like", none),
        "conversation": by_action.get("reply", none),
        "amplification": by_action.get("repost", none) + by_action.get("quote", none),
        "distinct_engagers": engagers,
    }


def _grouped_and_ascending(pair: Pairs, time: Times) -> Times:
    """The times by pair, then ascending: what lexsort of both gives, by sorting one number made of pair and rank."""
    by_time = np.argsort(time)
    keys = np.sort((pair[by_time].astype(np.uint64) << _SHIFT) | np.arange(pair.size, dtype=np.uint64))
    return time[by_time][(keys & np.uint64(NO_POST)).astype(np.int64)]


def _progress_of(pair: Pairs, time: Times, published: Times) -> dict[str, Any]:
    """When each pair's first, last and middle reaction came."""
    n = published.size
    known = time != NO_TIME
    pair, time = pair[known], time[known]
    time = _grouped_and_ascending(pair, time)
    count = np.bincount(pair, minlength=n)
    stop = np.cumsum(count)
    some = count > 0
    first, last, half = (np.full(n, NO_TIME, np.int64) for _ in range(3))
    first[some] = time[(stop - count)[some]]
    last[some] = time[stop[some] - 1]
    half[some] = time[(stop - count + (count + 1) // 2 - 1)[some]]
    dated = some & (published != NO_TIME)
    hours = np.full(n, np.nan)
    hours[dated] = (half[dated] - published[dated]) / _MICROSECONDS_PER_HOUR
    return {"first_reaction": timestamps(first), "last_reaction": timestamps(last), "hours_to_half": hours}
