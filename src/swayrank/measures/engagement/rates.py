r"""Engagement rates: how much of what could have happened to a post did happen.

Definition: the rate of a post is count / opportunities. ``of`` names the count, ``per`` the opportunities:

- ``per="followers"``: those of the author at the time of the post, as its row says; ``"reach"``, ``"impressions"``,
  ``"views"``: as counted by the platform; ``"posts"``: one per post, so that the rate is a count per post.
- ``of="engagements"``: likes + comments + shares, those of the three that the table has (which, `params` say); or any
  one count: "likes", "comments", "shares", "views", ...
- *virality* is shares / impressions.

The rate of an account, over its posts j (``average``):

- ``"shrunk"``: the posts' mean weighted by effective opportunities, drawn towards the account's peer tier by as much as
  the evidence is thin: the mean of a posterior, whose middle is the interval
  (:mod:`swayrank.measures.engagement.shrinkage`). Beta-Binomial per reach, impressions and views; Gamma-Poisson per
  followers and posts, where counts may exceed the opportunities.
- ``"pooled"``: sum of counts / sum of opportunities; big posts decide. ``"mean"``: of the posts' rates; each post
  counts alike. ``"median"``; ``"trimmed"``: the mean without the lowest and highest tenth (``trim``, cut down to whole
  posts).

A row is left out, and counted in `params`, if its count or opportunities are unknown (``missing``), if the
opportunities are 0 or less, infinite, or the count is negative or infinite (``impossible``), or if the count exceeds
views, impressions or reach (``exceeding``). An account without any other row has no rate: NaN.

Order of rows changes no bit. Cost: O(rows log rows), the interval aside; memory 150 bytes per row.

Sources: engagement rates as the trade defines them, "Peters, Chen, Kaplan, Ognibeni & Pauwels (2013), Social media
metrics: a framework and guidelines", doi:10.1016/j.intmar.2013.09.007; Tukey & McLaughlin (1963) for trimmed means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._validate import Interval, OneOf, domains
from swayrank.errors import ParameterError
from swayrank.events import COUNTS, NO_ACCOUNT, NO_POST, NO_TIME, Events, Posts
from swayrank.graph import Graph
from swayrank.measures._data import check_events, check_graph, check_posts
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.shrinkage import PostRates, ShrunkRates, shrink
from swayrank.measures.engagement.tiers import Cuts, Tiers, mid_ranks, peer_tiers
from swayrank.measures.registry import register
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]

ENGAGEMENTS = ("likes", "comments", "shares")
"""The counts that "engagements" adds up, where the table has them."""
_BOUNDED = ("views", "impressions", "reach")
_PER = OneOf("followers", "reach", "impressions", "views", "posts")
_OF = OneOf("engagements", *COUNTS)
_AVERAGE = OneOf("shrunk", "pooled", "mean", "median", "trimmed")
_TRIM = Interval(0, 0.5, "[)")
_CONFIDENCE = Interval(0, 1, "()")
_BY_ACTION = {"likes": ("like",), "comments": ("reply",), "shares": ("repost", "quote"), "views": ("view",)}


@register(
    name="engagement_rate",
    needs="posts",
    reads="none",
    exact=False,
    cost="O(posts log posts)",
    citation="Peters et al. 2013, doi:10.1016/j.intmar.2013.09.007; shrinkage after Morris 1983",
)
@domains(of=_OF, per=_PER, average=_AVERAGE, trim=_TRIM, confidence=_CONFIDENCE)
def engagement_rate(
    posts: Posts,
    *,
    of: str = "engagements",
    per: str = "followers",
    average: str = "shrunk",
    trim: float = 0.1,
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Say what share of followers, reach, impressions or views an account's posts engage, with an interval.

    Parameters
    ----------
    posts : Posts
        Counts per post; of a log, :func:`posts_from_events` makes them.
    of : str, default="engagements"
        "engagements" (likes + comments + shares), or one count: "likes", "comments", "shares", "views", "impressions",
        "reach", "followers".
    per : {"followers", "reach", "impressions", "views", "posts"}, default="followers"
        What the counts are held against.
    average : {"shrunk", "pooled", "mean", "median", "trimmed"}, default="shrunk"
        How the posts of an account become one rate; see the module.
    trim : float, default=0.1
        Share of posts that "trimmed" leaves out at each end, in [0, 0.5).
    tiers : {"usual", "quantiles"}, mapping or Tiers, default="usual"
        Whom "shrunk" draws an account towards: as ``cuts`` of :func:`~swayrank.peer_tiers`, or tiers made by it. In a
        table without followers all accounts are one tier, "all".
    kinds : mapping of account to {"brand", "person"}, optional
        As for :func:`~swayrank.peer_tiers`.
    confidence : float, default=0.95
        Share of intervals that contain the account's true rate, in (0, 1).

    Returns
    -------
    Measure
        float64 rates >= 0, NaN for accounts without usable posts. "shrunk" comes with `interval`, and with the priors
        of the tiers in `params`; `params` also hold how many rows were left out, and which counts were added up.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or counts that the table lacks.

    Notes
    -----
    O(posts log posts), and some 30 microseconds per account for intervals.

    References
    ----------
    Peters, Chen, Kaplan, Ognibeni & Pauwels (2013), doi:10.1016/j.intmar.2013.09.007: rates.
    Morris (1983), doi:10.1080/01621459.1983.10477920: shrinkage.

    Examples
    --------
    >>> from swayrank import Posts
    >>> from swayrank.ids import Ids
    >>> posts = Posts.from_arrays([0, 0, 1], accounts=Ids.from_values(["ada", "bob"]),
    ...                           counts={"likes": [10, 30, 3], "views": [1000, 1000, 4]})
    >>> engagement_rate(posts, per="views", average="pooled").values.tolist()
    [0.02, 0.75]
    >>> engagement_rate(posts, per="views").values.round(3).tolist()
    [0.021, 0.056]
    """
    return _rate("engagement_rate", posts, of, per, average, trim, tiers, kinds, confidence)


@register(
    name="virality",
    needs="posts",
    reads="none",
    exact=False,
    cost="O(posts log posts)",
    citation="Peters et al. 2013, doi:10.1016/j.intmar.2013.09.007; shrinkage after Morris 1983",
)
@domains(per=_PER, average=_AVERAGE, trim=_TRIM, confidence=_CONFIDENCE)
def virality(
    posts: Posts,
    *,
    per: str = "impressions",
    average: str = "shrunk",
    trim: float = 0.1,
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
) -> Measure:
    """Say what share of impressions are shared on: shares / impressions, with an interval.

    Parameters
    ----------
    posts : Posts
        Counts per post, with shares.
    per : {"followers", "reach", "impressions", "views", "posts"}, default="impressions"
        What shares are held against. Platforms that count no impressions count views; the figures differ, so nothing
        stands in for them unasked.
    average, trim, tiers, kinds, confidence
        As for :func:`engagement_rate`.

    Returns
    -------
    Measure
        As :func:`engagement_rate`.

    Raises
    ------
    ParameterError
        As :func:`engagement_rate`.

    References
    ----------
    Peters, Chen, Kaplan, Ognibeni & Pauwels (2013), doi:10.1016/j.intmar.2013.09.007

    Examples
    --------
    >>> from swayrank import Posts
    >>> from swayrank.ids import Ids
    >>> posts = Posts.from_arrays([0, 0], accounts=Ids.from_values(["ada"]),
    ...                           counts={"shares": [1, 3], "impressions": [1000, 1000]})
    >>> virality(posts, average="pooled").value("ada")
    0.002
    """
    return _rate("virality", posts, "shares", per, average, trim, tiers, kinds, confidence)


@domains(of=_OF, per=_PER, trim=_TRIM, confidence=_CONFIDENCE)
def rate_table(
    posts: Posts,
    *,
    of: str = "engagements",
    per: str = "followers",
    trim: float = 0.1,
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
    backend: str = "pandas",
) -> Any:
    """Make the table of every average of a rate: one row per account.

    Parameters
    ----------
    posts : Posts
        Counts per post.
    of, per, trim, tiers, kinds, confidence
        As for :func:`engagement_rate`.
    backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        Which library's table.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Columns ``account``, ``posts`` (usable ones), ``pooled``, ``mean``, ``median``, ``trimmed``, ``shrunk``,
        ``low``, ``high``, ``tier`` and ``percentile`` (of the shrunk rate within the tier).

    Raises
    ------
    ParameterError
        As :func:`engagement_rate`.

    Examples
    --------
    >>> from swayrank import Posts
    >>> from swayrank.ids import Ids
    >>> posts = Posts.from_arrays([0, 0, 0, 1], accounts=Ids.from_values(["ada", "bob"]),
    ...                           counts={"likes": [10, 30, 80, 3], "followers": [1000, 1000, 1000, 100]})
    >>> rate_table(posts).round(3)[["account", "posts", "pooled", "median", "tier", "percentile"]]
      account  posts  pooled  median  tier  percentile
    0     ada      3    0.04    0.03  nano        75.0
    1     bob      1    0.03    0.03  nano        25.0
    """
    check_posts("rate_table", posts)
    rates = usable_rates(posts, of, per)
    shrunk, found = _shrunk(posts, rates.rows, per, tiers, kinds, confidence)
    names = np.array([*found.names, None], object)
    columns = {"account": posts.accounts.to_arrow(), "posts": rates.rows.n_rows}
    columns |= {average: _averaged(rates.rows, average, trim) for average in ("pooled", "mean", "median", "trimmed")}
    columns |= {"shrunk": shrunk.values, "low": shrunk.low, "high": shrunk.high, "tier": names[found.tier]}
    columns["percentile"] = mid_ranks(shrunk.values, found.tier)
    return frame(columns, backend)


def posts_from_events(events: Events, *, graph: Graph | None = None) -> Posts:
    """Count what a log says of every post: likes, comments (replies), shares (reposts and quotes), views.

    Parameters
    ----------
    events : Events
        Who did what to whom, with posts.
    graph : Graph, optional
        Who follows whom: where the log says nothing of the followers at the time, those in the graph are taken.

    Returns
    -------
    Posts
        One row per account and post: posts that the account published (action "post"), or that others reacted to as
        the account's. ``views`` only where the log has views at all, ``followers`` only where known: the
        followers_at_time of the row that published the post. Interactions of an account with itself, and those that
        name no post or no target, count for nothing.

    Raises
    ------
    ParameterError
        If `events` is no event table or `graph` no graph.

    Notes
    -----
    O(events log events); memory 60 bytes per event. Rows stand in the order of accounts, then posts.

    Examples
    --------
    >>> from swayrank import Events
    >>> ev = Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "like", "RT"],
    ...                         "target": [None, "ada", "ada"], "post": ["p1", "p1", "p1"],
    ...                         "followers_at_time": [50.0, None, None]})
    >>> po = posts_from_events(ev)
    >>> po.likes.tolist(), po.shares.tolist(), po.followers.tolist()
    ([1.0], [1.0], [50.0])
    """
    check_events("posts_from_events", events)
    named = events.post != NO_POST
    published = named & (events.action == events.actions.index("post"))
    on_others = named & (events.target != NO_ACCOUNT) & (events.target != events.actor)
    rows = np.flatnonzero(published | on_others)
    owner = np.where(published[rows], events.actor[rows], events.target[rows]).astype(np.uint64)
    keys, row_of = np.unique(owner << np.uint64(32) | events.post[rows], return_inverse=True)
    account, post = (keys >> np.uint64(32)).astype(np.uint32), (keys & np.uint64(2**32 - 1)).astype(np.uint32)
    counts: dict[str, Floats] = {}
    for name, actions in _BY_ACTION.items():
        wanted = np.isin(events.action[rows], [events.actions.index(a) for a in actions]) & on_others[rows]
        if name != "views" or wanted.any():
            counts[name] = np.bincount(row_of[wanted], minlength=len(keys)).astype(np.float64)
    own = published[rows]
    time = np.full(len(keys), np.iinfo(np.int64).max)
    dated = own & (events.time[rows] != NO_TIME)
    np.minimum.at(time, row_of[dated], events.time[rows][dated])
    followers = _followers_at_post(events, rows[own], row_of[own], len(keys))
    if graph is not None:
        check_graph("posts_from_events", graph)
        followers = np.where(np.isnan(followers), _followers_in(graph, events)[account], followers)
    if not np.isnan(followers).all():
        counts["followers"] = followers
    return Posts.from_arrays(
        account,
        accounts=events.accounts,
        counts=counts,
        post=post,
        posts=events.posts,
        time=np.where(time == np.iinfo(np.int64).max, NO_TIME, time),
        report=events.report,
    )


def _followers_at_post(events: Events, rows: npt.NDArray[np.intp], row_of: npt.NDArray[np.intp], n: int) -> Floats:
    """The followers that publishing rows tell; the most where several rows publish one post."""
    followers = np.full(n, -1.0)
    told = events.extra.get("followers_at_time")
    if told is not None:
        np.maximum.at(followers, row_of, np.nan_to_num(np.asarray(told, np.float64)[rows], nan=-1.0))
    return np.where(followers < 0, np.nan, followers)


def _followers_in(graph: Graph, events: Events) -> Floats:
    """In-degree of the log's accounts; NaN for those that the graph lacks."""
    positions = graph.ids.positions(events.accounts.to_arrow(), missing="sentinel").astype(np.int64)
    known = positions < graph.n_nodes
    answer = np.full(len(positions), np.nan)
    answer[known] = graph.in_degree[positions[known]]
    return answer


# -- what the rates share ----------------------------------------------------------------------------------------------


class UsableRates(NamedTuple):
    """The rows that say something, what became of the others, and where they stood.

    ``rows`` are those of the table where ``kept``, in the order ``order``.
    """

    rows: PostRates
    params: dict[str, object]
    kept: npt.NDArray[np.bool_]
    order: npt.NDArray[np.intp]


def usable_rates(posts: Posts, of: str, per: str) -> UsableRates:
    """Counts and opportunities of the rows in which both are possible.

    Parameters
    ----------
    posts : Posts
        The table.
    of, per : str
        As for :func:`engagement_rate`.

    Raises
    ------
    ParameterError
        If the table lacks one of them.
    """
    counted = [name for name in (ENGAGEMENTS if of == "engagements" else (of,)) if name in posts.counts]
    given = ", ".join(posts.given) or "none"
    if not counted:
        raise ParameterError(f"of must be among the counts that the posts give, got {of!r}; there are: {given}")
    if per != "posts" and per not in posts.counts:
        choice = [name for name in (*_BOUNDED, "followers", "posts") if name in (*posts.counts, "posts")]
        raise ParameterError(
            f"per must be among the counts that the posts give, got {per!r}; there are: {given}. "
            f"Try per={' or per='.join(map(repr, choice))}"
        )
    if per == of:
        raise ParameterError(f"per must be another count than of, got {per!r} for both")
    count = np.sum([posts.counts[name] for name in counted], axis=0)
    opportunities = np.ones(len(posts)) if per == "posts" else posts.counts[per]
    missing = np.isnan(count) | np.isnan(opportunities)
    negative = np.any([posts.counts[name] < 0 for name in counted], axis=0)
    infinite = np.isinf(count) | np.isinf(opportunities)
    impossible = ~missing & ((opportunities <= 0) | negative | infinite)
    exceeding = ~missing & ~impossible & (count > opportunities) & (per in _BOUNDED)
    keep = ~(missing | impossible | exceeding)
    columns = posts.account[keep], count[keep], opportunities[keep]
    rows = PostRates.of(*columns, len(posts.accounts))
    left_out = {
        "missing": int(missing.sum()),
        "impossible": int(impossible.sum()),
        "exceeding": int(exceeding.sum()),
    }
    params = {"counts": counted, "rows": int(keep.sum()), **left_out}
    return UsableRates(rows, params, keep, PostRates.order(*columns))


def _rate(
    name: str,
    posts: Posts,
    of: str,
    per: str,
    average: str,
    trim: float,
    tiers: Cuts | Tiers,
    kinds: Mapping[Any, str] | None,
    confidence: float,
) -> Measure:
    rates = usable_rates(posts, of, per)
    if average != "shrunk":
        params = {**rates.params, "tiers": None, "kinds": None, "confidence": None}
        return Measure(name, _averaged(rates.rows, average, trim), posts.accounts, params)
    shrunk, found = _shrunk(posts, rates.rows, per, tiers, kinds, confidence)
    params = {
        **rates.params,
        "trim": None,
        "model": model_of(per),
        "tiers": dict(found.cuts),
        "priors": {tier: prior.recorded() for tier, prior in shrunk.priors.items()},
    }
    return Measure(name, shrunk.values, posts.accounts, params, interval=(shrunk.low, shrunk.high))


def model_of(per: str) -> str:
    """Which model of :mod:`swayrank.measures.engagement.shrinkage` rates per these have."""
    return "beta_binomial" if per in _BOUNDED else "gamma_poisson"


def _shrunk(
    posts: Posts,
    rows: PostRates,
    per: str,
    tiers: Cuts | Tiers,
    kinds: Mapping[Any, str] | None,
    confidence: float,
) -> tuple[ShrunkRates, Tiers]:
    found = tiers_of(posts, tiers, kinds)
    return shrink(rows, model_of(per), found.tier, found.names, confidence), found


def tiers_of(posts: Posts, tiers: Cuts | Tiers, kinds: Mapping[Any, str] | None) -> Tiers:
    """The tier of every account of the posts."""
    if isinstance(tiers, Tiers):
        if kinds is not None:
            raise ParameterError("kinds must be given to peer_tiers() where tiers are made by it")
        at = tiers.ids.positions(posts.accounts.to_arrow(), missing="sentinel").astype(np.int64)
        known = at < len(tiers.ids)
        tier, followers = np.full(len(at), -1, np.int64), np.full(len(at), np.nan)
        tier[known], followers[known] = tiers.tier[at[known]], tiers.followers[at[known]]
        return Tiers(posts.accounts, tier, tiers.names, tiers.cuts, followers)
    if "followers" in posts.counts:
        return peer_tiers(posts, cuts=tiers, kinds=kinds)
    if kinds is None and isinstance(tiers, str) and tiers == "usual":
        nobody = np.full(len(posts.accounts), np.nan)
        return Tiers(posts.accounts, np.zeros(len(posts.accounts), np.int64), ("all",), {"all": 0.0}, nobody)
    raise ParameterError("tiers and kinds need followers, and the posts give none: pass tiers=peer_tiers(...)")


def _averaged(rows: PostRates, average: str, trim: float) -> Floats:
    """One plain average per account; NaN without rows."""
    n = rows.n_rows
    some = n > 0
    answer = np.full(rows.n_accounts, np.nan)
    if average == "pooled":
        answer[some] = rows.sums(rows.count)[some] / rows.sums(rows.opportunities)[some]
        return answer
    rate = rows.count / rows.opportunities
    order = np.lexsort((rate, rows.account))
    rate, account = rate[order], rows.account[order]
    first = np.concatenate([[0], np.cumsum(n)[:-1]]) if len(n) else n
    if average == "median":
        low, high = (first + (n - 1) // 2)[some], (first + n // 2)[some]
        answer[some] = rate[low] / 2 + rate[high] / 2
        return answer
    # The allowance is for products such as 0.1 * 30 that fall short of a whole number by rounding.
    cut = np.floor(n * trim + 1e-9).astype(np.int64) if average == "trimmed" else np.zeros(len(n), np.int64)
    place = np.arange(len(rate)) - first[account]
    kept = (place >= cut[account]) & (place < (n - cut)[account])
    total = np.bincount(account[kept], weights=rate[kept], minlength=rows.n_accounts)
    answer[some] = total[some] / (n - 2 * cut)[some]
    return answer
