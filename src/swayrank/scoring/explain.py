"""Why an account has its score: the parts' figures, and the followers, posts and people behind each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.events.columns import NO_TIME, as_us, iso
from swayrank.scoring.evidence import ABSENT

if TYPE_CHECKING:
    from swayrank.events import Events
    from swayrank.events.posts import Posts
    from swayrank.graph import Graph
    from swayrank.scoring.scores import Scores

_LISTED = 5
_US_PER_DAY = 86_400_000_000


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
    weight: float
    contribution: float
    because: str


@dataclass(frozen=True)
class Follower:
    """A follower, and the share of the account's received attention that comes from it, in [0, 1]."""

    account: str
    share: float


@dataclass(frozen=True)
class PostReason:
    """A post, the reactions to it by action, and its share of all weighted, decayed reactions, in [0, 1]."""

    post: str
    time: str | None
    reactions: dict[str, int]
    share: float


@dataclass(frozen=True)
class Engager:
    """Somebody who reacted, and how often."""

    account: str
    reactions: int


@dataclass(frozen=True)
class Explanation:
    """Why one account has its score; prints as text, and `to_dict()` is made for JSON (ids are strings).

    Attributes
    ----------
    account : str
    score, rank : float and int, or None
        None where the data is insufficient.
    n_scored : int
        How many accounts have a score.
    parts : list of PartReason
        The largest contribution first; the contributions sum to the score.
    missing : list of str
        What could not be measured for this account, in words.
    n_followers, n_reactions, n_engagers, n_posts : int
    reactions : dict of str to int
        Received, by action.
    followers : list of Follower
        Those who give the most attention.
    posts : list of PostReason
        Those that drew the most weighted, decayed reactions.
    engagers : list of Engager
        Those who react most often.
    """

    account: str
    score: float | None
    rank: int | None
    n_scored: int
    parts: list[PartReason]
    missing: list[str] = field(default_factory=list)
    n_followers: int = 0
    n_reactions: int = 0
    n_engagers: int = 0
    n_posts: int = 0
    reactions: dict[str, int] = field(default_factory=dict)
    followers: list[Follower] = field(default_factory=list)
    posts: list[PostReason] = field(default_factory=list)
    engagers: list[Engager] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain dictionaries and lists."""
        return asdict(self)

    def __str__(self) -> str:
        if self.score is None:
            head = f"{self.account}: insufficient data for a score"
        else:
            head = f"{self.account}: {self.score:.1f} of 100, rank {self.rank:,} of {self.n_scored:,}"
        lines = [head]
        for reason in self.parts:
            product = f" x {reason.weight:.2f} = {reason.contribution:.1f}" if self.score is not None else ""
            sum_up = f"{reason.scaled:.1f}{product}"
            lines.append(f"  {reason.part} {sum_up}: {reason.because}")
        lines += [f"  {text}" for text in self.missing]
        if self.posts:
            lines.append("  posts: " + "; ".join(_post_text(post) for post in self.posts))
        if self.engagers:
            lines.append("  reacts most: " + ", ".join(f"{e.account} ({e.reactions:,})" for e in self.engagers))
        return "\n".join(lines)

    __repr__ = __str__


def _post_text(post: PostReason) -> str:
    counts = ", ".join(f"{n:,} {action}" for action, n in post.reactions.items())
    return f"{post.post} ({counts}; {post.share:.0%} of the weight)"


def explain(scores: Scores, account: int | str) -> Explanation:
    """Collect the evidence behind one account's score; see :meth:`Scores.explain`."""
    i = scores.ids.position(account)
    evidence = scores.evidence
    told = _from_graph(scores, int(evidence.graph_rows[i]))
    told |= _from_events(scores, int(evidence.event_rows[i]))
    told |= _from_posts(scores, int(evidence.post_rows[i])) if evidence.events is None else {}
    rank = int(scores.rank[i])
    return Explanation(
        account=str(scores.ids[i]),
        score=float(scores.score[i]) if rank else None,
        rank=rank or None,
        n_scored=scores.n_scored,
        parts=_reasons(scores, i, told),
        missing=_missing(scores, i),
        **told,
    )


def _reasons(scores: Scores, i: int, told: Mapping[str, Any]) -> list[PartReason]:
    there = [name for name in scores.parts if not np.isnan(scores.parts[name][i])]
    weight = sum(scores.weights[name] for name in there) or 1.0
    reasons = [
        PartReason(
            part=name,
            raw=float(scores.raw[name][i]),
            unit=scores.units[name],
            scaled=float(scores.parts[name][i]),
            weight=scores.weights[name] / weight,
            contribution=scores.weights[name] * float(scores.parts[name][i]) / weight if scores.rank[i] else 0.0,
            because=_because(scores, name, i, told),
        )
        for name in there
    ]
    return sorted(reasons, key=lambda reason: -reason.contribution)


def _because(scores: Scores, name: str, i: int, told: Mapping[str, Any]) -> str:
    raw, unit = float(scores.raw[name][i]), scores.units[name]
    if name == "reach" and "n_followers" in told:
        return _because_reach(raw, told)
    if name == "resonance":
        return _because_resonance(raw, told, scores.params["half_life_days"])
    if name == "spread":
        return _because_spread(scores, raw, int(scores.evidence.graph_rows[i]))
    return f"{figure(raw)} {unit}"


def _because_reach(raw: float, told: Mapping[str, Any]) -> str:
    most = ", ".join(f"{f.account} ({f.share:.0%})" for f in told["followers"][:3] if f.share >= 0.01)
    who = f"; most from {most}" if most else ""
    followers = _counted(told["n_followers"], "follower gives", "followers give")
    return f"{followers} it as much attention as {figure(raw)} who follow nobody else{who}"


def _because_resonance(raw: float, told: Mapping[str, Any], half_life_days: float) -> str:
    by = ", ".join(f"{n:,} {action}" for action, n in told.get("reactions", {}).items())
    people = f" by {_counted(told['n_engagers'], 'account', 'accounts')}" if told.get("n_engagers") else ""
    reactions = _counted(told.get("n_reactions", 0), "reaction", "reactions") + people + (f" ({by})" if by else "")
    dampened = ", and each account's dampened" if people else ""
    return f"{reactions}, worth {figure(raw)} when weighted, halved every {figure(half_life_days)} days{dampened}"


def _because_spread(scores: Scores, raw: float, row: int) -> str:
    interval, between = scores.measures["spread"].interval, ""
    if interval is not None and row != ABSENT:
        low, high = (figure(max(0.0, float(end[row]) - 1)) for end in interval)
        between = f" (for all accounts together surely between {low} and {high})"
    return f"a post of it is expected to reach {figure(raw)} other accounts{between}"


def figure(value: float) -> str:
    """A number for people: three digits, or all whole ones.

    >>> figure(245_000_000.0), figure(1234.5), figure(0.12345), figure(98.76)
    ('245,000,000', '1,234', '0.123', '98.8')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _missing(scores: Scores, i: int) -> list[str]:
    absent = [name for name in scores.parts if np.isnan(scores.parts[name][i])]
    lines = [f"{name} is missing: the account does not occur in that source" for name in absent]
    if not scores.rank[i]:
        floor = scores.params["min_evidence"]
        lines.append(f"{scores.n_evidence[i]} followers, reactions and posts together; {floor} are needed for a score")
    return lines


# -- followers ---------------------------------------------------------------------------------------------------------


def _from_graph(scores: Scores, row: int) -> dict[str, Any]:
    graph = scores.evidence.graph
    if graph is None or row == ABSENT:
        return {}
    start, stop = int(graph.in_indptr[row]), int(graph.in_indptr[row + 1])
    followers = graph.in_indices[start:stop]
    given = _attention(scores, graph, slice(start, stop))
    best = np.argsort(-given, kind="stable")[:_LISTED]
    total = float(given.sum()) or 1.0
    return {
        "n_followers": int(followers.size),
        "followers": [Follower(str(graph.ids[int(followers[j])]), float(given[j]) / total) for j in best],
    }


def _attention(scores: Scores, graph: Graph, arcs: slice) -> npt.NDArray[np.float64]:
    """The share of each follower's attention that the account has, as reach counts it."""
    if scores.evidence.graph_is_derived:
        return graph.in_column("probability")[arcs]
    shares: npt.NDArray[np.float64] = 1.0 / graph.out_degree[graph.in_indices[arcs]]
    return shares


# -- reactions and posts -----------------------------------------------------------------------------------------------


def _from_events(scores: Scores, row: int) -> dict[str, Any]:
    events = scores.evidence.events
    if events is None or row == ABSENT:
        return {}
    order, begins = scores.evidence.events_by_target
    rows = order[begins[row] : begins[row + 1]]
    rows = rows[events.actor[rows] != row]
    actions, counts = np.unique(events.action[rows], return_counts=True)
    actors, times = np.unique(events.actor[rows], return_counts=True)
    often = np.argsort(-times, kind="stable")[:_LISTED]
    return {
        "n_reactions": int(rows.size),
        "n_engagers": int(actors.size),
        "n_posts": int(np.unique(events.post[rows][events.post[rows] != ABSENT]).size),
        "reactions": _named(events, actions, counts),
        "engagers": [Engager(str(events.accounts[int(actors[j])]), int(times[j])) for j in often],
        "posts": _posts(scores, events, rows),
    }


def _named(events: Events, actions: npt.NDArray[np.uint8], counts: npt.NDArray[np.int64]) -> dict[str, int]:
    most = np.argsort(-counts, kind="stable")
    return {events.actions[int(actions[j])]: int(counts[j]) for j in most}


def _posts(scores: Scores, events: Events, rows: npt.NDArray[np.int64]) -> list[PostReason]:
    """The posts that drew the most reactions, weighted and decayed, the heaviest first."""
    total = float(_worth(scores, events, rows).sum())
    rows = rows[events.post[rows] != ABSENT]
    if not rows.size:
        return []
    posts, where = np.unique(events.post[rows], return_inverse=True)
    worth = np.bincount(where, weights=_worth(scores, events, rows), minlength=posts.size)
    reasons = []
    for j in np.argsort(-worth, kind="stable")[:_LISTED]:
        mine = rows[where == j]
        actions, counts = np.unique(events.action[mine], return_counts=True)
        first = events.time[mine][events.time[mine] != NO_TIME]
        reasons.append(
            PostReason(
                post=str(events.posts[int(posts[j])]),
                time=iso(int(first.min())) if first.size else None,
                reactions=_named(events, actions, counts),
                share=float(worth[j]) / total if total > 0 else 0.0,
            )
        )
    return reasons


def _worth(scores: Scores, events: Events, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Each reaction's weight after decay, as resonance counts it."""
    by_action = np.array([scores.params["action_weights"].get(name, 0.0) for name in events.actions])
    worth: npt.NDArray[np.float64] = by_action[events.action[rows]]
    if events.weight is not None:
        worth = worth * events.weight[rows]
    now = None if scores.params["now"] is None else as_us(scores.params["now"])
    if now is None:
        return worth
    age_days = np.where(events.time[rows] == NO_TIME, 0.0, (now - events.time[rows].astype(np.float64)) / _US_PER_DAY)
    decayed: npt.NDArray[np.float64] = worth * np.exp2(-np.maximum(0.0, age_days) / scores.params["half_life_days"])
    return decayed


def _from_posts(scores: Scores, row: int) -> dict[str, Any]:
    """The same from a table of counts per post."""
    posts = scores.evidence.posts
    if posts is None or row == ABSENT:
        return {}
    rows = np.flatnonzero(posts.account == row)
    counts = {name: _total(posts, name, rows) for name in ("likes", "comments", "shares")}
    counts = {name: n for name, n in counts.items() if n}
    told: dict[str, Any] = {"n_posts": int(rows.size), "n_reactions": sum(counts.values()), "reactions": counts}
    return told


def _total(posts: Posts, name: str, rows: npt.NDArray[np.int64]) -> int:
    return int(np.nansum(np.maximum(0.0, getattr(posts, name)[rows])))
