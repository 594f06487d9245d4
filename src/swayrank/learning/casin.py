"""casIn: the influence of an account as the expected size of the trees under its adoptions.

A cascade's tree is not in the log. With candidates and odds as in :mod:`swayrank.learning.attribution`
("time_weighted"), each adoption draws its parent independently; p[i, j] is the probability that j's parent is i. Then
``m[i, i] = 1`` and ``m[i, j] = sum over k of m[i, k] p[k, j]`` is the chance that j lies under i, over all trees, and
``influence(i) = sum over j of m[i, j]``. Read backwards that is ::

    influence(i) = 1 + sum over later j of p[i, j] * influence(j)

one pass from the last adoption to the first, instead of a matrix. Without a graph the candidates are all earlier
adopters, and as the odds fade exponentially, sums carried from moment to moment take the place of pairs: O(adoptions).

References
----------
Rizoiu, Graham, Zhang, Zhang, Ackland, Xie: #DebateNight: the role and influence of socialbots on Twitter during the 1st
2016 U.S. presidential debate. ICWSM 2018.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import Interval, OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.learning.adoptions import SPREADING
from swayrank.learning.credit import Flow, values
from swayrank.learning.lineage import HALF_LIFE_HOURS, Floats, Lineage
from swayrank.learning.shares import Latent, latent_credits, rate_of, shares_of
from swayrank.measures._measure import Measure

Fallback = Literal["root", "none"]
Weigh = Literal["equal", "followers"]


@domains(
    by=OneOf("mean", "sum"),
    half_life_hours=Interval(0, math.inf, "()"),
    weigh=OneOf("equal", "followers"),
    fallback=OneOf("root", "none"),
)
def casin(
    events: Events,
    *,
    graph: Graph | None = None,
    by: Literal["mean", "sum"] = "mean",
    half_life_hours: float = HALF_LIFE_HOURS,
    weigh: Weigh = "equal",
    fallback: Fallback = "root",
    actions: Iterable[str] = SPREADING,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """casIn: the expected size of the subtree under each account's adoptions, over all trees the log allows.

    Parameters
    ----------
    events : Events
        A log with posts and times. Whom rows name is not looked at: the trees are latent.
    graph : Graph or None, default=None
        Then only followees are candidates; the paper has none.
    by : {"mean", "sum"}, default="mean"
        Over the account's adoptions. The paper takes the mean; the sum also rewards adopting much.
    half_life_hours : float, default=2.8315
        The delay at which a candidate's odds have halved: 0.000068 per second, as casIn's authors set it.
    weigh : {"equal", "followers"}, default="equal"
        What odds are proportional to besides: nothing; or, as in the paper, the followers that the candidate has: the
        log's "followers_at_time" of the adoption, or without that column the graph's. Unknown ones and 0 count as 1.
    fallback : {"root", "none"}, default="root"
        With a graph: the parent of an adoption that no followee had made before.
    actions, engine, threads, progress
        As :func:`attribute` takes them.

    Returns
    -------
    Measure
        ``values`` (float64), at least 1 for an account that adopted anything, since each adoption counts itself. NaN
        ("mean") or 0 ("sum") for others.

    Raises
    ------
    ParameterError
        As :func:`attribute`; or if followers are asked for, and neither the log nor a graph says how many.

    Notes
    -----
    O(adoptions) without a graph, where the paper's recursion takes the square of each post's adopters; equal up to
    rounding, and to what the authors' program prints for their data. That program takes each row in the order of the
    file for an adoption of its own; here candidates are strictly earlier, and an account adopts a post once.

    References
    ----------
    Rizoiu et al. (2018), "#DebateNight: the role and influence of socialbots on Twitter during the 1st 2016 U.S.
    presidential debate", ICWSM.

    Examples
    --------
    Cem's parent is ada or bob, with odds of 1/4 and 1/2, so 1/3 and 2/3; under ada lie all three in any case:

    >>> import swayrank as sr
    >>> from swayrank.learning.casin import casin
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "repost", "repost"],
    ...                            "post": ["p", "p", "p"], "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> casin(ev, half_life_hours=24)
    casin of 3 accounts
    rank  account    casin
       1  ada            3
       2  bob      1.66667
       3  cem            1
    """
    lineage = Lineage.of("casin", events, graph, actions)
    runner = resolve_engine(engine, threads)
    weight = _weights(lineage, weigh)
    rate = rate_of("time_weighted", half_life_hours)
    if graph is None:
        latent = Latent.of(lineage, lineage.named("ignore"), rate, below=True, weight=weight)
        influence = 1.0 + latent_credits(latent, lineage.bounds, runner, progress)[0]
    else:
        nobody = lineage.named("ignore")
        shares = shares_of(lineage, "time_weighted", half_life_hours, nobody, fallback, runner, progress, weight=weight)
        flow = Flow.of(lineage.cascades, shares.links, shares.share, np.ones(lineage.n))
        influence = values(flow, graph.n_nodes, runner, lineage.bounds)
    total = np.bincount(lineage.cascades.account, influence, len(lineage.ids))
    if by == "mean":
        count = lineage.adoptions.count
        total = np.divide(total, count, out=np.full(total.size, np.nan), where=count > 0)
    facts: dict[str, object] = {
        "by": by,
        "half_life_hours": float(half_life_hours),
        "weigh": weigh,
        "graph": graph is not None,
    }
    facts |= {"fallback": fallback} if graph is not None else {}
    return Measure("casin", total, lineage.ids, {**facts, **lineage.adoptions.left_out})


def _weights(lineage: Lineage, weigh: str) -> Floats | None:
    """What each adoption's odds are proportional to; None for 1 everywhere."""
    if weigh == "equal":
        return None
    logged = lineage.events.extra.get("followers_at_time")
    if logged is not None:
        followers = np.append(np.asarray(logged, np.float64), np.nan)[lineage.row]
    elif lineage.graph is not None:
        followers = lineage.graph.in_degree[lineage.cascades.account].astype(np.float64)
    else:
        raise ParameterError(
            "weigh='followers' must be with a log that has followers_at_time, or with a graph, got neither; "
            "use weigh='equal'"
        )
    known: Floats = np.maximum(np.nan_to_num(followers, nan=1.0), 1.0)
    return known
