r"""Rates of single posts, each drawn towards its account, with intervals.

Rates of a post, those of them that the table allows:

- *engagement rate* by followers (those at the time of the post, as its row says), reach, impressions and views:
  (likes + comments + shares) / opportunities, or one count (``of``);
- *virality*: shares / impressions;
- *reply/like ratio*: comments / likes.

A post that 4 people saw has no rate of 75 %. Its *shrunk* rate starts from what the other posts of its account say; an
account without another post is what its peer tier says (:mod:`swayrank.measures.engagement.shrinkage`: prior, effective
opportunities M, variation between posts):

1. The account's rate :math:`\theta`, by its other posts alone: Beta(a + M w, b + M (1 - w)) or Gamma(a + M w, b + M),
   w being the mean of these posts weighted by effective opportunities, and M the sum of these.
2. The post's own rate has its mean m, and its variance v plus that between posts: :math:`\rho\,E[\theta(1-\theta)]`, or
   :math:`\delta\,E[\theta^2]`. A Beta or Gamma distribution of that mean and variance is the prior of the post (moments
   matched).
3. The post's count k of n makes it Beta(A + k, B + n - k) or Gamma(A + k, B + n). The shrunk rate is its mean, the
   interval its middle.

The post's own count stands in 3 alone, so nothing is counted twice. The ratio of replies to likes is the share
q = replies / (replies + likes), shrunk so, as q / (1 - q): value and both ends are carried over.

Coverage is counted in the tests: 95 % intervals hold the true rates of 93 to 97 % of posts, over all posts. The
variation between posts is the tier's; posts of an account that varies more than its tier have intervals a little short.

Cost: O(rows log rows), and about 10 microseconds per row and rate for intervals; memory 200 bytes per row.

Sources: rates as :mod:`swayrank.measures.engagement.rates` has them; Robbins (1956) and Morris (1983),
doi:10.1080/01621459.1983.10477920, for shrinkage; Minot et al. (2021), doi:10.1371/journal.pone.0248880, for the ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Interval, OneOf, domains
from swayrank.errors import ParameterError
from swayrank.events import COUNTS, Events, Posts
from swayrank.events.columns import timestamps
from swayrank.graph import Graph
from swayrank.measures._data import check_posts
from swayrank.measures.engagement.profile import ratio
from swayrank.measures.engagement.rates import (
    ENGAGEMENTS,
    UsableRates,
    model_of,
    posts_from_events,
    tiers_of,
    usable_rates,
)
from swayrank.measures.engagement.shrinkage import PostRates, Prior, priors_of
from swayrank.measures.engagement.tiers import Cuts, Tiers
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]

_PER = ("followers", "reach", "impressions", "views")


@domains(of=OneOf("engagements", *COUNTS), confidence=Interval(0, 1, "()"))
def post_rates(
    posts: Posts | Events,
    *,
    of: str = "engagements",
    tiers: Cuts | Tiers = "usual",
    kinds: Mapping[Any, str] | None = None,
    confidence: float = 0.95,
    graph: Graph | None = None,
    backend: str = "pandas",
) -> Any:
    """Make the table of rates per post: engagement rates, virality and reply/like ratio, plain and shrunk.

    Parameters
    ----------
    posts : Posts or Events
        Counts per post, or a log, of which :func:`posts_from_events` makes them.
    of : str, default="engagements"
        What the engagement rates count, as for :func:`engagement_rate`.
    tiers, kinds
        As for :func:`engagement_rate`.
    confidence : float, default=0.95
        Share of intervals that contain the post's true rate, in (0, 1).
    graph : Graph, optional
        Who follows whom, for a log that does not say it.
    backend : {"pandas", "polars", "pyarrow"}, default="pandas"
        Which library's table.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        A row per row of `posts`, in their order: ``account``, ``post``, ``time``, and of each rate that the table
        allows four float64 columns, ``by_views``, ``by_views_shrunk``, ``by_views_low`` and ``by_views_high``: so for
        ``by_followers``, ``by_reach``, ``by_impressions``, ``by_views``, ``virality`` and ``reply_like_ratio``. All are
        at least 0, NaN where the row cannot say it (see :mod:`swayrank.measures.engagement.rates`; the plain ratio also
        where nobody liked the post).

    Raises
    ------
    ParameterError
        If `of` is not among the counts, `graph` is given beside counts, or none of the rates can be had.

    Notes
    -----
    See the module for the definition.

    References
    ----------
    Morris (1983), doi:10.1080/01621459.1983.10477920

    Examples
    --------
    >>> from swayrank.ids import Ids
    >>> posts = Posts.from_arrays([0, 0, 0, 1], accounts=Ids.from_values(["ada", "bob"]),
    ...                           counts={"likes": [10, 30, 80, 3], "views": [1000, 1000, 1000, 4]})
    >>> post_rates(posts)[["account", "by_views", "by_views_shrunk", "by_views_low", "by_views_high"]].round(3)
      account  by_views  by_views_shrunk  by_views_low  by_views_high
    0     ada      0.01            0.011         0.005          0.018
    1     ada      0.03            0.030         0.021          0.042
    2     ada      0.08            0.079         0.063          0.096
    3     bob      0.75            0.209         0.057          0.426
    """
    posts = _posts(posts, graph)
    found = tiers_of(posts, tiers, kinds)
    columns: dict[str, Any] = {}
    for name, count, per in _asked(posts, of):
        usable = usable_rates(posts, count, per)
        columns |= _columns(name, usable, model_of(per), found, confidence)
    if {"likes", "comments"} <= set(posts.counts):
        columns |= _reply_like(posts, found, confidence)
    if not columns:
        given = ", ".join(posts.given) or "none"
        raise ParameterError(f"posts must give counts and what to hold them against, such as views; there are: {given}")
    table = posts.to_arrow()
    named = {"account": table["account"], "post": table["post"], "time": timestamps(posts.time)}
    return frame({**named, **columns}, backend)


def _posts(data: Posts | Events, graph: Graph | None) -> Posts:
    if isinstance(data, Events):
        return posts_from_events(data, graph=graph)
    check_posts("post_rates", data)
    if graph is not None:
        raise ParameterError("graph must be given beside a log alone; counts per post have their followers in a column")
    return data


def _asked(posts: Posts, of: str) -> list[tuple[str, str, str]]:
    """The rates that the table allows: name, what is counted, and per what."""
    counted = ENGAGEMENTS if of == "engagements" else (of,)
    if not any(name in posts.counts for name in counted):
        if of == "engagements":
            return []
        given = ", ".join(posts.given) or "none"
        raise ParameterError(f"of must be among the counts that the posts give, got {of!r}; there are: {given}")
    asked = [(f"by_{per}", of, per) for per in _PER if per in posts.counts and per != of]
    if {"shares", "impressions"} <= set(posts.counts):
        asked.append(("virality", "shares", "impressions"))
    return asked


def _columns(name: str, usable: UsableRates, model: str, tiers: Tiers, confidence: float) -> dict[str, Floats]:
    columns = {part: np.full(len(usable.kept), np.nan) for part in ("", "_shrunk", "_low", "_high")}
    at = np.flatnonzero(usable.kept)[usable.order]
    columns[""][at] = usable.rows.count / usable.rows.opportunities
    for part, values in zip(("_shrunk", "_low", "_high"), _shrunk(usable.rows, model, tiers, confidence), strict=True):
        columns[part][at] = values
    return {f"{name}{part}": values for part, values in columns.items()}


def _reply_like(posts: Posts, tiers: Tiers, confidence: float) -> dict[str, Floats]:
    """Replies by likes: the share of replies among both, shrunk, as odds."""
    replies, likes = posts.counts["comments"], posts.counts["likes"]
    both = replies + likes
    kept = (replies >= 0) & (likes >= 0) & (both > 0) & np.isfinite(both)
    rows = PostRates.of(posts.account[kept], replies[kept], both[kept], len(posts.accounts))
    order = PostRates.order(posts.account[kept], replies[kept], both[kept])
    shares = _columns("reply_like_ratio", UsableRates(rows, {}, kept, order), "beta_binomial", tiers, confidence)
    odds = {name: ratio(share, 1.0 - share) for name, share in shares.items()}
    return {**odds, "reply_like_ratio": np.where(kept, ratio(replies, likes), np.nan)}


def _shrunk(rows: PostRates, model: str, tiers: Tiers, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Mean, low and high end of the posterior of every row's rate."""
    mean, low, high = (np.full(len(rows.account), np.nan) for _ in range(3))
    priors = priors_of(rows, model, tiers.tier, tiers.names)
    for position, name in [*enumerate(tiers.names), (-1, "unknown")]:
        if name in priors:
            at = tiers.tier[rows.account] == position
            part = rows.among(tiers.tier == position)
            mean[at], low[at], high[at] = _posteriors(part, priors[name], confidence)
    return mean, low, high


def _posteriors(rows: PostRates, prior: Prior, confidence: float) -> tuple[Floats, Floats, Floats]:
    from scipy.special import betaincinv, gammaincinv

    count, n = rows.count, rows.opportunities
    a, b = _prior_of_posts(rows, prior)
    lower, upper = (1 - confidence) / 2, (1 + confidence) / 2
    if prior.is_beta:
        a, b = a + count, b + n - count
        return a / (a + b), betaincinv(a, b, lower), betaincinv(a, b, upper)
    a, b = a + count, b + n
    return a / b, gammaincinv(a, lower) / b, gammaincinv(a, upper) / b


def _prior_of_posts(rows: PostRates, prior: Prior) -> tuple[Floats, Floats]:
    """What the tier and the account's other posts say of every post's rate: Beta(a, b) or Gamma(a, b)."""
    effective = prior.effective(rows.opportunities)
    weighted = effective * rows.count / rows.opportunities
    size = np.maximum(rows.sums(effective)[rows.account] - effective, 0.0)
    total = np.maximum(rows.sums(weighted)[rows.account] - weighted, 0.0)
    if prior.is_beta:
        yes, no = prior.a + total, prior.b + np.maximum(size - total, 0.0)
        # Var / (m (1 - m)): of the account's rate, and with what posts add to it
        own = 1 / (yes + no + 1)
        strength = 1 / (own + prior.between_posts * (1 - own)) - 1
        return yes / (yes + no) * strength, no / (yes + no) * strength
    mean = (prior.a + total) / (prior.b + size)
    own = mean / (prior.b + size)
    variance = own + prior.between_posts * (own + mean**2)
    return mean**2 / variance, mean / variance
