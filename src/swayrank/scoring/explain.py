"""Why an account has its score: the parts' figures, who and what is behind them, and what would change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.events import NO_POST
from swayrank.events.columns import NO_TIME, iso
from swayrank.measures.community.detect import NONE
from swayrank.overview.ties import follower_word
from swayrank.scoring.background import Peer
from swayrank.scoring.changes import WhatIf, changes, gains_of, post_name, score_with
from swayrank.scoring.evidence import ABSENT
from swayrank.scoring.intervals import replicates
from swayrank.scoring.received import Received
from swayrank.scoring.table import beyond_scale
from swayrank.scoring.telling import by_action, counted, days, figure, plain

if TYPE_CHECKING:
    from swayrank.events import Events
    from swayrank.events.posts import Posts
    from swayrank.scoring.scores import Scores

_LISTED = 5
_COUNTS = ("likes", "comments", "shares")
Interval = tuple[float, float]


@dataclass(frozen=True)
class PartReason:
    """One part of one account's score.

    Attributes
    ----------
    part : str
    raw : float
        The figure, in `unit`.
    unit : str
    scaled : float
        On the 0-100 scale.
    interval : tuple of two floats, or None
        Of `scaled`; None where no intervals were drawn.
    beyond : bool
        Whether the figure is more than the highest of the reference; all of these are 100, and so is the upper end.
    varies : str or None
        Why the figure could have come out differently; "none: census" where it could not.
    weight : float
        Of the part in this account's mean; the weights of its parts sum to 1.
    contribution : float
        What the part adds to the score.
    because : str
        The evidence, in words.
    """

    part: str
    raw: float
    unit: str
    scaled: float
    interval: Interval | None
    beyond: bool
    varies: str | None
    weight: float
    contribution: float
    because: str


@dataclass(frozen=True)
class Follower:
    """Who follows or reacts: the share of the attention that the account has, in [0, 1], its own score and rank."""

    account: str
    share: float
    score: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class PostReason:
    """A post and what it brought.

    Attributes
    ----------
    post : str or None
        Its id; None where it has none.
    time : str or None
        When it was published, or else the first reaction.
    reactions : dict of str to int
        By action.
    share : float
        Of all the account's weighted, decayed reactions, in [0, 1].
    gain : float
        How much lower resonance would be without it, in its unit; below 0 where higher.
    loss : float or None
        By how much the score would be lower, by resonance alone; None without a score.
    """

    post: str | None
    time: str | None
    reactions: dict[str, int]
    share: float
    gain: float
    loss: float | None


@dataclass(frozen=True)
class Engager:
    """Somebody who reacted: how often, how much of the account's resonance that is, the share of it, score and rank."""

    account: str
    reactions: int
    worth: float
    share: float
    score: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Origin:
    """A community that attention comes from.

    Attributes
    ----------
    leaders : list of str
        Its best-scored members, at most three.
    members : int
        How many accounts it has.
    followers : int
        How many of them give the account attention: follow it, or reacted to it lately.
    share : float
        Of the attention that the account receives, in [0, 1].
    own : bool
        Whether the account is in it, too.
    """

    leaders: list[str]
    members: int
    followers: int
    share: float
    own: bool


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why one account has its score; prints as text, and `to_dict()` is made for JSON (ids are strings).

    Attributes
    ----------
    account : str
    score, rank : float and int, or None
        None where the data is insufficient.
    n_scored : int
        How many accounts have a score.
    confidence : float or None
        Of the intervals; None where none were drawn.
    n_replicates : int
        How many were drawn.
    interval : tuple of two floats, or None
        Of the score.
    middle_half : tuple of two floats, or None
        Between which the score lies in the middle half of the replicates; above it, a score owes much to few posts.
    rank_interval : tuple of two ints, or None
        The best and the worst rank.
    one_sided : bool
        Whether nobody has reacted yet: intervals then start at what it would have without any reaction.
    peer : Peer or None
        Where it stands among accounts with about as many followers.
    parts : list of PartReason
        The largest contribution first; the contributions sum to the score.
    missing : list of str
        What could not be measured for this account, in words.
    n_followers, n_others, n_reactions, n_engagers, n_posts : int
        Others are those who do not follow the account and reacted to it lately.
    reactions : dict of str to int
        Received, by action.
    followers : list of Follower
        Those who give the most attention.
    posts : list of PostReason
        Those without which resonance would be lowest.
    engagers : list of Engager
        Those who react most often.
    origins : list of Origin
        The communities that most of its attention comes from.
    n_origins : int
        How many communities those who give it attention come from; who is in no community counts for none.
    changes : list of WhatIf
        What would change the score.
    enough : str or None
        What would halve the interval, in words.
    ties : {"follows", "reactions", "edges"} or None
        What the graph's arcs are; of edges, followers are neighbours. None without a graph.
    """

    account: str
    score: float | None
    rank: int | None
    n_scored: int
    confidence: float | None
    n_replicates: int
    interval: Interval | None
    middle_half: Interval | None
    rank_interval: tuple[int, int] | None
    one_sided: bool
    peer: Peer | None
    parts: list[PartReason]
    missing: list[str] = field(default_factory=list)
    n_followers: int = 0
    n_others: int = 0
    n_reactions: int = 0
    n_engagers: int = 0
    n_posts: int = 0
    reactions: dict[str, int] = field(default_factory=dict)
    followers: list[Follower] = field(default_factory=list)
    posts: list[PostReason] = field(default_factory=list)
    engagers: list[Engager] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    n_origins: int = 0
    changes: list[WhatIf] = field(default_factory=list)
    enough: str | None = None
    ties: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain dictionaries and lists."""
        told: dict[str, Any] = plain(self)
        return told

    def __str__(self) -> str:
        from swayrank.scoring.explain_text import lines_of

        return "\n".join(lines_of(self))

    __repr__ = __str__


def explain(scores: Scores, account: int | str, *, enough: bool = True) -> Explanation:
    """Why `account` has its score; :meth:`Scores.explain`."""
    from swayrank.scoring.sufficiency import more_data

    i = scores.ids.position(account)
    rank, sure = int(scores.rank[i]), scores.intervals
    received = _received(scores, i)
    told = _from_posts(scores, i) | _from_events(scores, i, received) | _from_attention(scores, i)
    known = sure is not None and rank > 0
    return Explanation(
        account=str(scores.ids[i]),
        score=float(scores.score[i]) if rank else None,
        rank=rank or None,
        n_scored=scores.n_scored,
        confidence=sure.confidence if sure is not None else None,
        n_replicates=sure.n_replicates if sure is not None else 0,
        interval=_ends(sure.score, i) if sure is not None and known else None,
        middle_half=_middle_half(scores, i) if known else None,
        rank_interval=(int(sure.rank[0][i]), int(sure.rank[1][i])) if sure is not None and known else None,
        one_sided=bool(sure.unseen[i]) if sure is not None else False,
        peer=scores.background.peer(i),
        parts=_reasons(scores, i, told),
        missing=_missing(scores, i),
        changes=changes(scores, i, received) if rank else [],
        enough=more_data(scores, i).words if enough and known else None,
        ties=scores.evidence.ties,
        **told,
    )


def _received(scores: Scores, i: int) -> Received | None:
    reactions, row = scores.evidence.reactions, int(scores.evidence.event_rows[i])
    return None if reactions is None or row == ABSENT else Received.of(reactions, row)


def _ends(pair: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], i: int) -> Interval:
    return float(pair[0][i]), float(pair[1][i])


def _middle_half(scores: Scores, i: int) -> Interval:
    low, high = np.quantile(replicates(scores.basis, [i])["score"][:, 0], [0.25, 0.75])
    return float(low), float(high)


def _reasons(scores: Scores, i: int, told: dict[str, Any]) -> list[PartReason]:
    there = [name for name in scores.parts if not np.isnan(scores.parts[name][i])]
    weight = sum(scores.weights[name] for name in there) or 1.0
    sure, beyond = scores.intervals, beyond_scale(scores, i)
    reasons = [
        PartReason(
            part=name,
            raw=float(scores.raw[name][i]),
            unit=scores.units[name],
            scaled=float(scores.parts[name][i]),
            interval=None if sure is None else _ends(sure.parts[name], i),
            beyond=name in beyond,
            varies=None if sure is None else sure.varies[name],
            weight=scores.weights[name] / weight,
            contribution=float(scores.contributions[name][i]) if scores.rank[i] else 0.0,
            because=_because(scores, name, i, told),
        )
        for name in there
    ]
    return sorted(reasons, key=lambda reason: -reason.contribution)


def _because(scores: Scores, name: str, i: int, told: dict[str, Any]) -> str:
    raw, unit = float(scores.raw[name][i]), scores.units[name]
    if name == "reach" and "n_followers" in told:
        return f"{_heeders(scores, told)} it as much attention as {figure(raw)} who heed nobody else"
    if name == "resonance":
        return _because_resonance(raw, told, scores.params["half_life_days"])
    if name == "spread":
        return f"a post of it is expected to reach {figure(raw)} other accounts"
    return f"{figure(raw)} {unit}"


def _heeders(scores: Scores, told: dict[str, Any]) -> str:
    """Who gives an account attention, in words."""
    followers, others = told["n_followers"], told["n_others"]
    if scores.evidence.graph_is_derived:
        return counted(others, "account gives", "accounts give")
    one = follower_word(scores.evidence.ties)
    if not others:
        return counted(followers, f"{one} gives", f"{one}s give")
    if not followers:
        return counted(others, "account that reacted gives", "accounts that reacted give")
    return f"{counted(followers, one)} and {counted(others, 'other')} give"


def _because_resonance(raw: float, told: dict[str, Any], half_life_days: float) -> str:
    if not told.get("n_reactions"):
        return "nobody has reacted to it"
    which = f" ({by_action(told['reactions'])})" if told["reactions"] else ""
    people = f" by {counted(told['n_engagers'], 'account')}" if told.get("n_engagers") else ""
    posts = f"{counted(told['n_posts'], 'post')}, " if told.get("n_posts") else ""
    dampened = ", and each account's dampened" if people else ""
    reactions = posts + counted(told["n_reactions"], "reaction") + people + which
    return f"{reactions}, worth {figure(raw)} when weighted, halved every {days(half_life_days)}{dampened}"


def _missing(scores: Scores, i: int) -> list[str]:
    absent = [name for name in scores.parts if np.isnan(scores.parts[name][i])]
    lines = [f"{name} is missing: the account does not occur in that source" for name in absent]
    if not scores.rank[i]:
        floor = scores.params["min_evidence"]
        many = f"{follower_word(scores.evidence.ties)}s"
        lines.append(f"{scores.n_evidence[i]} {many}, reactions and posts together; {floor} are needed for a score")
    return lines


def _standing(scores: Scores, i: int) -> dict[str, Any]:
    """Score and rank of somebody named in an explanation."""
    rank = int(scores.rank[i])
    return {"score": float(scores.score[i]) if rank else None, "rank": rank or None}


# -- followers ---------------------------------------------------------------------------------------------------------


def _from_attention(scores: Scores, i: int) -> dict[str, Any]:
    background = scores.background
    graph, row = background.attention_graph, int(background.attention_rows[i])
    if graph is None or row == ABSENT:
        return {}
    arcs = slice(int(graph.in_indptr[row]), int(graph.in_indptr[row + 1]))
    heeding, given = background.of_attention_row[graph.in_indices[arcs]], background.attention[arcs]
    total = float(given.sum()) or 1.0
    followers = _followers(scores, i)
    return {
        "n_followers": followers.size,
        "n_others": int(np.count_nonzero(~np.isin(heeding, followers))),
        "followers": [
            Follower(
                account=str(scores.ids[int(heeding[j])]),
                share=float(given[j]) / total,
                **_standing(scores, int(heeding[j])),
            )
            for j in np.argsort(-given, kind="stable")[:_LISTED]
        ],
        **_origins(scores, i, heeding, given / total),
    }


def _followers(scores: Scores, i: int) -> npt.NDArray[np.int64]:
    """Which accounts follow account i, as far as a follow graph tells."""
    graph, row = scores.evidence.graph, int(scores.evidence.graph_rows[i])
    if graph is None or scores.evidence.graph_is_derived or row == ABSENT:
        return np.zeros(0, np.int64)
    rows = graph.in_indices[int(graph.in_indptr[row]) : int(graph.in_indptr[row + 1])]
    return scores.background.of_graph_row[rows]


def _origins(scores: Scores, i: int, heeding: npt.NDArray[np.int64], share: npt.NDArray[np.float64]) -> dict[str, Any]:
    """The communities that attention comes from; who is in no community counts for none."""
    found, rows = scores.background.communities, scores.evidence.graph_rows
    assert found is not None
    there = rows[heeding] != ABSENT
    there[there] = found.of[rows[heeding[there]]] != NONE
    from_which = found.of[rows[heeding[there]]]
    number = np.bincount(from_which, minlength=1)
    attention = np.bincount(from_which, weights=share[there], minlength=1)
    own = int(found.of[rows[i]]) if rows[i] != ABSENT else NONE
    best = [int(c) for c in np.lexsort((np.arange(number.size), -attention))[:_LISTED] if number[c]]
    origins = [
        Origin(
            leaders=scores.background.leaders[c],
            members=int(found.size[c]),
            followers=int(number[c]),
            share=float(attention[c]),
            own=own != NONE and c == own,
        )
        for c in best
    ]
    return {"origins": origins, "n_origins": int(np.count_nonzero(number))}


# -- reactions and posts -----------------------------------------------------------------------------------------------


def _from_events(scores: Scores, i: int, received: Received | None) -> dict[str, Any]:
    events = scores.evidence.events
    if events is None or received is None:
        return {}
    often = np.lexsort((received.engagers, -received.worth, -received.times))[:_LISTED]
    whole = float(received.worth.sum()) or 1.0
    of_row = scores.background.of_event_row
    return {
        "n_reactions": int(received.actor.size),
        "n_engagers": int(received.engagers.size),
        "n_posts": received.n_posts,
        "reactions": received.counts(events),
        "engagers": [
            Engager(
                account=str(events.accounts[int(received.engagers[j])]),
                reactions=int(received.times[j]),
                worth=float(received.worth[j]),
                share=float(received.worth[j]) / whole,
                **_standing(scores, int(of_row[received.engagers[j]])),
            )
            for j in often
        ],
        "posts": _posts(scores, i, events, received),
    }


def _posts(scores: Scores, i: int, events: Events, received: Received) -> list[PostReason]:
    """The account's posts without which its resonance would be lowest."""
    clusters, gains = gains_of(scores, "resonance", i)
    own = clusters < len(events.posts)
    clusters, gains = clusters[own], gains[own]
    total = float(received.value.sum())
    return [
        _post(scores, i, events, received, int(clusters[j]), float(gains[j]), total)
        for j in np.argsort(-gains, kind="stable")[:_LISTED]
    ]


def _post(
    scores: Scores, i: int, events: Events, received: Received, cluster: int, gain: float, total: float
) -> PostReason:
    rows = received.rows_of(cluster)
    time = int(scores.background.published[cluster])
    if time == NO_TIME:
        dated = events.time[received.rows[rows]]
        time = int(dated[dated != NO_TIME].min(initial=np.iinfo(np.int64).max))
    known = NO_TIME < time < np.iinfo(np.int64).max
    return PostReason(
        post=post_name(scores, cluster),
        time=iso(time) if known else None,
        reactions=received.counts(events, rows),
        share=float(received.value[rows].sum()) / total if total > 0 else 0.0,
        gain=gain,
        loss=_loss(scores, i, gain),
    )


def _loss(scores: Scores, i: int, gain: float) -> float | None:
    """By how much the score would be lower if resonance were by `gain`."""
    if not scores.rank[i]:
        return None
    return score_with(scores, i, {}) - score_with(scores, i, {"resonance": float(scores.raw["resonance"][i]) - gain})


def _from_posts(scores: Scores, i: int) -> dict[str, Any]:
    """The same from a table of counts per post."""
    posts, row = scores.evidence.posts, int(scores.evidence.post_rows[i])
    if posts is None or row == ABSENT:
        return {}
    rows = scores.background.posts_of(row)
    counts = {name: n for name in _COUNTS if (n := _total(posts, name, rows))}
    told = {"n_posts": int(rows.size), "n_reactions": sum(counts.values()), "reactions": counts}
    if scores.evidence.events is not None or "resonance" not in scores.raw:
        return told
    clusters, gains = gains_of(scores, "resonance", i)
    total = float(gains.sum())
    best = np.argsort(-gains, kind="stable")[:_LISTED]
    told["posts"] = [
        PostReason(
            post=None if posts.post[clusters[j]] == NO_POST else str(posts.posts[int(posts.post[clusters[j]])]),
            time=iso(int(posts.time[clusters[j]])) if posts.time[clusters[j]] != NO_TIME else None,
            reactions={name: n for name in _COUNTS if (n := _total(posts, name, clusters[j : j + 1]))},
            share=float(gains[j]) / total if total > 0 else 0.0,
            gain=float(gains[j]),
            loss=_loss(scores, i, float(gains[j])),
        )
        for j in best
    ]
    return told


def _total(posts: Posts, name: str, rows: npt.NDArray[Any]) -> int:
    return int(np.nansum(np.maximum(0.0, getattr(posts, name)[rows])))
