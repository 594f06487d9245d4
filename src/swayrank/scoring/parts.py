"""The parts of a score, in raw units: reach, resonance, spread. Each is zero or more, and NaN where it is missing.

reach
    The attention that it has: everybody who follows it or reacted to it counts by the share of its attention that the
    account has (:class:`~swayrank.scoring.evidence.Attention`): by what it did, and a little by whom it follows. Ten
    people who heed nobody else reach as far as a thousand who heed a hundred each. Without a log: one over the number
    that the follower follows. Without a graph or a log: the followers that the posts table states.
resonance
    Reactions to the account's posts, each weighted by its kind and halved every `half_life_days`, summed by engager and
    added over engagers as (1 + sum)**0.75 - 1, the less the larger the share of the account's posts that the engager
    reacted to: neither a loyal fan nor a farm of bots makes a crowd. An account of the graph that the log never names
    has none: 0. Without a log: the counts of the posts table, weighted, decayed and summed; who reacted is not known.
spread
    Accounts that a post is expected to reach beyond its author, under the Independent Cascade model; each account
    passes on what it sees with the chance that is the author's share of its attention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._rng import Key
from swayrank.engines import Engine
from swayrank.events import NO_TIME
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.decay import MICROSECONDS_PER_DAY
from swayrank.measures.engagement.reactions import Gains
from swayrank.measures.engagement.resonance import resonance_of
from swayrank.measures.propagation.models import IndependentCascade
from swayrank.measures.propagation.spread import spread
from swayrank.scoring.evidence import ABSENT, FOLLOWS, Decay, Evidence, spread_out
from swayrank.scoring.intervals import Chance, spread_of
from swayrank.scoring.peers import Peers, tiers_of

CENSUS = "none: census"
BY_POST, BY_TIME = "reactions, by post", "reactions, by stretch of time"
SAMPLE = "the sample of cascades"
ATTENTION = "attention"
_HOPS = 4  # further ones add little: squares of shares are small
_POST_COLUMNS = {"likes": "like", "comments": "reply", "shares": "repost"}


@dataclass(frozen=True, eq=False)
class Part:
    """One part of every account's score, before scaling.

    Attributes
    ----------
    raw : numpy.ndarray of float64, shape (n,)
        The figure, zero or more; NaN where it is missing.
    definition : str
        What the figure is, parameters included: part of the reference's identity.
    unit : str
        What one of it is.
    chance : Chance
        Why it could have come out differently.
    measure : Measure or None
        The measure behind it, over the source's accounts.
    """

    raw: npt.NDArray[np.float64]
    definition: str
    unit: str
    chance: Chance
    measure: Measure | None = None


@dataclass(frozen=True)
class PartParameters:
    """What the parts depend on beside the evidence; recorded with the scores."""

    decay: Decay
    prob: str | float
    key: Key
    runner: Engine
    progress: Progress


def reach(evidence: Evidence, parameters: PartParameters) -> Part | None:
    """The followers' shares of attention, or stated followers; None where neither is known."""
    attention = evidence.attention
    if attention is not None:
        raw = spread_out(attention.received, attention.rows)
        follows = "" if evidence.graph_is_derived else f", and {FOLLOWS:g} over the number they follow"
        definition = f"sum over those who heed it: decayed engagement with it{follows}, over all of theirs and one more"
        return Part(raw, definition, "people's whole attention", _of_shares(evidence, raw, parameters.runner))
    graph = evidence.graph
    if graph is None:
        return _stated_followers(evidence)
    into = np.repeat(np.arange(graph.n_nodes), graph.in_degree)
    total = np.bincount(into, weights=1.0 / graph.out_degree[graph.in_indices], minlength=graph.n_nodes)
    definition = "sum over followers: one over the number that they follow"
    return Part(spread_out(total, evidence.graph_rows), definition, "people's whole attention", Chance(CENSUS))


def by_cluster(
    evidence: Evidence,
    varying: npt.NDArray[np.float64],
    gains: Gains,
    rows: npt.NDArray[np.uint32],
    base: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None = None,
) -> Chance:
    """The chance of a figure that adds up from clusters of reactions, beside a base (:attr:`Chance.base`)."""
    known = None if evidence.graph is None or evidence.graph_is_derived else evidence.graph
    followers = None if known is None else spread_out(known.in_degree, evidence.graph_rows)
    tier = tiers_of(None if followers is None else np.nan_to_num(followers), varying.size)
    variance, n_clusters = spread_of(gains, rows)
    words = BY_POST if gains.keys.size else BY_TIME
    peers = Peers.of(np.nan_to_num(varying), variance, n_clusters, tier)
    return Chance(words, rows, gains, peers, base=base)


def _of_shares(evidence: Evidence, raw: npt.NDArray[np.float64], runner: Engine, hit: float | None = None) -> Chance:
    """The chance of reach, or of a spread that grows, to first order, in proportion to it.

    What was done varies, who follows whom does not. Without any reaction to it an account has a share of its followers
    still, which varies by what they do to others. Of a spread, `hit` is what one of the sample counts; it varies by
    its sample, and by how far those who heed the account pass things on.
    """
    reactions, attention = evidence.reactions, evidence.attention
    assert reactions is not None
    assert attention is not None
    by_reactions, _, gains = reactions.by_engager(runner, attention.heed)
    reach = spread_out(attention.received, attention.rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(reach > 0, raw / reach, 0.0)
    factor = _at(each, evidence.event_rows, by_reactions.size)
    scaled = gains.gain * np.repeat(factor, np.diff(gains.indptr).astype(np.int64))
    scaled_gains = gains._replace(gain=scaled, variance=gains.variance * factor**2)
    varying = np.minimum(raw, each * np.nan_to_num(spread_out(by_reactions, evidence.event_rows)))
    base, doubt = raw - varying, each**2 * spread_out(attention.doubt, attention.rows)
    if hit is not None:
        of_clusters = spread_out(scaled_gains.variance, evidence.event_rows, 0.0)
        whole = _passed_on(attention.graph, doubt + of_clusters + raw * hit)
        doubt = np.minimum(whole - of_clusters, base**2)  # more than that would move the mean of a gamma
    return by_cluster(evidence, varying, scaled_gains, evidence.event_rows, (base, doubt))


def _passed_on(graph: Graph, own: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The variance of each spread, its own and those of who passes it on: v = own + sum over arcs of p**2 v."""
    follower, followed = graph.edges()
    square, whole = graph.column("probability") ** 2, own
    for _ in range(_HOPS):
        whole = own + np.bincount(followed, weights=square * whole[follower], minlength=own.size)
    return whole


def _stated_followers(evidence: Evidence) -> Part | None:
    posts = evidence.posts
    if posts is None or np.isnan(posts.followers).all():
        return None
    most = np.full(len(posts.accounts), -np.inf)
    np.maximum.at(most, posts.account, np.nan_to_num(posts.followers, nan=-np.inf))
    followers = np.where(np.isinf(most), np.nan, most)
    return Part(
        spread_out(followers, evidence.post_rows),
        "followers as stated, the most of any row",
        "followers",
        Chance(CENSUS),
    )


def resonance(evidence: Evidence, parameters: PartParameters) -> Part | None:
    """Decayed, weighted reactions received; None without a log or a table of posts."""
    weights = " ".join(f"{action}={weight:g}" for action, weight in sorted(parameters.decay.action_weights.items()))
    definition = f"reactions received, half-life {parameters.decay.half_life_days:g} days, weights {weights}"
    if evidence.events is not None and evidence.reactions is not None:
        felt, gains = resonance_of(evidence.events, evidence.reactions, parameters.runner)
        definition += ", (1 + sum)^0.75 - 1 by engager, less for reacting to every post"
        raw = spread_out(felt.values, evidence.event_rows)
        raw[np.isnan(raw) & (evidence.graph_rows != ABSENT)] = 0.0  # followed, and in the whole log nobody reacted
        return Part(raw, definition, "dampened reactions", by_cluster(evidence, raw, gains, evidence.event_rows), felt)
    posts = evidence.posts
    if posts is None:
        return None
    counted = np.logical_or.reduce([~np.isnan(getattr(posts, column)) for column in _POST_COLUMNS])
    if not counted.any():
        return None
    values = _post_values(posts, parameters)
    total = np.bincount(posts.account, weights=values, minlength=len(posts.accounts))
    total[np.bincount(posts.account[counted], minlength=len(posts.accounts)) == 0] = np.nan
    order = np.argsort(posts.account, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(posts.account, minlength=len(posts.accounts)))))
    rows = order.astype(np.uint32)
    upwards = np.lexsort((values, posts.account))  # so that the order of rows changes no bit
    squares = np.bincount(posts.account[upwards], weights=values[upwards] ** 2, minlength=len(posts.accounts))
    gains = Gains(indptr.astype(np.uint64), rows, _keys_of(posts), squares.astype(np.float64), values[order])
    raw = spread_out(total, evidence.post_rows)
    raw[np.isnan(raw) & (evidence.graph_rows != ABSENT) & (evidence.post_rows == ABSENT)] = 0.0  # it posted nothing
    chance = by_cluster(evidence, raw, gains, evidence.post_rows)
    return Part(raw, definition + ", from counts per post", "weighted reactions", chance)


def _keys_of(posts: Posts) -> npt.NDArray[np.uint64]:
    """What every row's random stream is named by: its post, or else what it says."""
    content = np.zeros(posts.account.size, np.uint64)
    for values in (posts.time, *posts.counts.values()):
        content = content * np.uint64(0x9E3779B97F4A7C15) + values.view(np.uint64)
    order = np.argsort(content, kind="stable")  # equal rows are different posts: each has a number among its like
    first = np.r_[True, content[order][1:] != content[order][:-1]][: order.size]
    place = np.arange(order.size) - np.maximum.accumulate(np.where(first, np.arange(order.size), 0))
    content[order] += place.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    named = posts.post != ABSENT
    content[named] = posts.posts.hashes()[posts.post[named]]
    return read_only(content)


def _post_values(posts: Posts, parameters: PartParameters) -> npt.NDArray[np.float64]:
    """Weighted, decayed reactions of each row of a posts table; rows without a time do not decay."""
    value = np.zeros(posts.account.size)
    for column, action in _POST_COLUMNS.items():
        counts = np.maximum(0.0, np.nan_to_num(getattr(posts, column)))
        value += parameters.decay.action_weights.get(action, 0.0) * counts
    dated = posts.time != NO_TIME
    if not dated.any():
        return value
    now = int(posts.time[dated].max()) if parameters.decay.now is None else parameters.decay.now
    age_days = np.where(dated, (now - posts.time.astype(np.float64)) / MICROSECONDS_PER_DAY, 0.0)
    decayed: npt.NDArray[np.float64] = value * np.exp2(-np.maximum(0.0, age_days) / parameters.decay.half_life_days)
    return decayed


def expected_spread(evidence: Evidence, parameters: PartParameters) -> Part | None:
    """Accounts reached beyond the author under Independent Cascade; None without a graph or a log."""
    by_attention = parameters.prob == ATTENTION or evidence.graph_is_derived
    if evidence.attention is not None and by_attention:
        graph, rows = evidence.attention.graph, evidence.attention.rows
        model, prob = IndependentCascade(graph, prob="probability"), "share of attention"
    elif evidence.graph is not None:
        graph, rows = evidence.graph, evidence.graph_rows
        prob = "weighted_cascade" if by_attention else str(parameters.prob)
        model = IndependentCascade(graph, prob="weighted_cascade" if by_attention else parameters.prob)
    else:
        return None
    reached = spread(model, rng=parameters.key, engine=parameters.runner, progress=parameters.progress)
    raw = spread_out(np.maximum(0.0, reached.values - 1.0), rows)
    of_one = graph.n_nodes / int(str(reached.params["n_samples"]))
    if evidence.attention is not None and by_attention:
        chance = _of_shares(evidence, raw, parameters.runner, of_one)
    else:
        one = spread_out(np.where(graph.in_degree > 0, of_one, 0.0), rows)
        chance = Chance(SAMPLE, one=np.nan_to_num(one))
    return Part(raw, f"expected spread, Independent Cascade, prob {prob}", "accounts reached", chance, reached)


def _at(values: npt.NDArray[np.float64], rows: npt.NDArray[np.uint32], n: int) -> npt.NDArray[np.float64]:
    """Figures of all accounts for the n of one source, 0 where missing."""
    there = rows != ABSENT
    found = np.zeros(n)
    found[rows[there]] = np.nan_to_num(values[there])
    return found
