"""Roles: what kind of influence an account has, by stated rules over what it does, what it gets, and who follows it.

A role holds where all conditions of its rule in :data:`ROLES` do; an account has the first that holds, and the others
are told beside it. "ordinary" is who meets none; accounts without a score have no role, and where neither what an
account does nor what it draws is known (a follow graph alone, a table of posts) its role is unknown, since every rule
asks for one of them. Among fewer than fifty accounts nobody stands at the 99th percentile: mid-ranks do not pretend to
be finer than they are. The rules and their thresholds are conventions, swayrank's own, written down so that they can be
disputed; the kinds are those of the literature:

- broadcaster, and the difference between having an audience and moving it: Gonzalez-Bailon, Borge-Holthoefer & Moreno
  (2013), "Broadcasters and hidden influentials in online protest diffusion", doi:10.1177/0002764213479371;
- amplifier, and roles read off who reposts whom: Tinati, Carr, Hall & Bentwood (2012), "Identifying communicator roles
  in Twitter", doi:10.1145/2187980.2188256;
- conversationalist: Java, Song, Finin & Tseng (2007), "Why we Twitter", doi:10.1145/1348549.1348556 (accounts that
  post, against those that talk to each other);
- broker: Gonzalez-Bailon, Wang & Borge-Holthoefer (2014), "The emergence of roles in large-scale networks of
  communication", doi:10.1140/epjds/s13688-014-0032-y (brokerage between the modules of a network; Burt's constraint, on
  every neighbour's neighbours, is left aside as too costly for millions);
- passive star: Cha, Haddadi, Benevenuto & Gummadi (2010), "Measuring user influence in Twitter: the million follower
  fallacy".

What an account *does* is counted in acts. Rows of one account and one moment are one act where they tell of the same
status: a reply is one act, though its log may also hold a post and a mention of that moment. An act is a reply, a share
(a repost or quote), or else an original (a post, or a mention alone). Reactions are those that the score counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.events import NO_TIME, Events
from swayrank.measures.engagement.tiers import mid_ranks
from swayrank.overview.ties import told_of
from swayrank.scoring.evidence import ABSENT, Evidence, spread_out
from swayrank.scoring.mixing import mixed_followers
from swayrank.scoring.telling import figure, named, percent, plain

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ORDINARY = "ordinary"
_FEWEST_FOLLOWERS = 10  # for figures that are shares of followers


@dataclass(frozen=True)
class Condition:
    """A figure's bound.

    Attributes
    ----------
    figure : str
        A name of :data:`FIGURES`.
    least, most : float or None
        The figure is at least or at most this.
    percentile : bool
        Whether the bound is on the figure's mid-rank percentile among the scored accounts that have it.
    """

    figure: str
    least: float | None = None
    most: float | None = None
    percentile: bool = False

    def __str__(self) -> str:
        bound, word = (self.least, "at least") if self.least is not None else (self.most, "at most")
        where = "percentile of " if self.percentile else ""
        return f"{where}{FIGURES[self.figure].words} {word} {_shown(self, float(bound or 0))}"


@dataclass(frozen=True)
class Rule:
    """When an account has a role: all conditions hold.

    Attributes
    ----------
    role : str
    words : str
        What it means.
    conditions : tuple of Condition
    """

    role: str
    words: str
    conditions: tuple[Condition, ...]


class Figure(NamedTuple):
    """What a figure is, and whether it is a share of something."""

    words: str
    is_share: bool


FIGURES: Mapping[str, Figure] = {
    "n_followers": Figure("followers", False),
    "n_acts": Figure("acts", False),
    "n_originals": Figure("originals posted", False),
    "n_reactions": Figure("reactions received", False),
    "originals_share": Figure("share of originals in what it does", True),
    "replies_share": Figure("share of replies in what it does", True),
    "shares_share": Figure("share of reposts and quotes in what it does", True),
    "replies_received_share": Figure("share of replies in the replies, reposts and quotes that it gets", True),
    "relative_response": Figure("reactions per follower, over those of all accounts together", True),
    "mixed_followers": Figure("probability that two of its followers come from different communities", True),
}
"""Figures that rules may name; ``relative_response`` and ``mixed_followers`` are of accounts with 10 followers."""

ROLES: tuple[Rule, ...] = (
    Rule(
        "passive star",
        "followed by many, heeded by few",
        (
            Condition("n_followers", least=99, percentile=True),
            Condition("relative_response", most=0.25),
        ),
    ),
    Rule(
        "broadcaster",
        "posts its own, is widely reacted to, and rarely replies",
        (
            Condition("n_acts", least=5),
            Condition("originals_share", least=0.5),
            Condition("replies_share", most=0.2),
            Condition("n_originals", least=75, percentile=True),
            Condition("n_reactions", least=95, percentile=True),
        ),
    ),
    Rule(
        "amplifier",
        "passes on what others post",
        (Condition("n_acts", least=5), Condition("shares_share", least=0.5)),
    ),
    Rule(
        "conversationalist",
        "replies, and is replied to",
        (
            Condition("n_acts", least=5),
            Condition("replies_share", least=0.5),
            Condition("replies_received_share", least=0.5),
        ),
    ),
    Rule(
        "broker",
        "followed from different communities, and reacted to",
        (
            Condition("mixed_followers", least=0.5),
            Condition("mixed_followers", least=90, percentile=True),
            Condition("n_reactions", least=75, percentile=True),
        ),
    ),
)
"""The rules, in the order in which they are tried."""


@dataclass(frozen=True, repr=False)
class Role:
    """The role of one account; prints as text, and `to_dict()` is made for JSON (ids are strings).

    Attributes
    ----------
    account : str
    name : str or None
        A role of :data:`ROLES`, or "ordinary"; None without a score, or where no rule could be evaluated.
    why : str
        The conditions with the account's figures, in words.
    also : list of str
        Further roles whose rules hold.
    figures : dict of str to float or None
        Everything in :data:`FIGURES`; None where it cannot be told.
    percentiles : dict of str to float or None
        Mid-rank percentiles of those figures that a rule asks for.
    """

    account: str
    name: str | None
    why: str
    also: list[str]
    figures: dict[str, float | None]
    percentiles: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain dictionaries and lists."""
        told: dict[str, Any] = plain(self)
        return told

    def __str__(self) -> str:
        also = f"; also {', '.join(self.also)}" if self.also else ""
        return f"{named(self.account)}: {self.name or 'no role known'}{also}\n  {self.why}"

    __repr__ = __str__


@dataclass(frozen=True, eq=False)
class RoleTable:
    """The figures behind all roles, and which rules hold.

    Attributes
    ----------
    figures, percentiles : dict of str to numpy.ndarray of float64, shape (n,)
        NaN where unknown.
    holds : numpy.ndarray of bool, shape (n_roles, n)
        By rule, in the order of :data:`ROLES`; False without a score.
    known : numpy.ndarray of bool, shape (n,)
        Whether any rule could be evaluated: whether its acts or the reactions to it are known.
    """

    figures: Mapping[str, Floats]
    percentiles: Mapping[str, Floats]
    holds: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]


def roles(scores: Scores) -> npt.NDArray[np.object_]:
    """The role of every account, str or None (no score, or unknown); :attr:`Scores.roles`."""
    table = scores.background.role_table
    names = np.array([*(rule.role for rule in ROLES), ORDINARY], object)
    first = np.argmax(np.vstack([table.holds, np.ones((1, len(scores)), np.bool_)]), axis=0)
    found: npt.NDArray[np.object_] = names[first]
    found[(scores.rank == 0) | ~table.known] = None
    return found


def role(scores: Scores, account: int | str) -> Role:
    """The role of one account; :meth:`Scores.role`."""
    i = scores.ids.position(account)
    table = scores.background.role_table
    held = [rule for k, rule in enumerate(ROLES) if table.holds[k, i]]
    figures = {name: _number(values[i]) for name, values in table.figures.items()}
    percentiles = {name: _number(values[i]) for name, values in table.percentiles.items()}
    if not scores.rank[i]:
        name, why = None, "insufficient data for a score, and so for a role"
    elif not table.known[i]:
        name, why = None, "unknown: no log tells what it does or draws, and every rule asks for that"
    elif held:
        words = f"{held[0].words}: {_why(held[0], figures, percentiles)}"
        name, why = held[0].role, told_of(scores.ties, words)
    else:
        idle = "; the log tells of nothing that it did" if figures["n_acts"] == 0 else ""
        name, why = ORDINARY, f"no rule holds{idle}"
    return Role(str(scores.ids[i]), name, why, [rule.role for rule in held[1:]], figures, percentiles)


def role_table(scores: Scores) -> RoleTable:
    """Figures, percentiles and rules of all accounts at once.

    O(events log events) for the acts, O(arcs log arcs) for the followers' communities.
    """
    figures, scored = _figures(scores), scores.rank > 0
    asked = {condition.figure for rule in ROLES for condition in rule.conditions if condition.percentile}
    tier = np.where(scored, 0, -1)
    percentiles = {name: mid_ranks(figures[name], tier) for name in FIGURES if name in asked}
    known = ~(np.isnan(figures["n_acts"]) & np.isnan(figures["n_reactions"]))
    return RoleTable(figures, percentiles, rules_held(figures, percentiles, scored), known)


def rules_held(
    figures: Mapping[str, Floats], percentiles: Mapping[str, Floats], scored: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Which rules hold of whom: bool[n_roles, n]."""
    held = [[scored, *(_holds(c, figures, percentiles) for c in rule.conditions)] for rule in ROLES]
    return np.array([np.logical_and.reduce(conditions) for conditions in held])


def _holds(condition: Condition, figures: Mapping[str, Floats], percentiles: Mapping[str, Floats]) -> Any:
    """Whether it does, of every account; what is unknown does not."""
    values = (percentiles if condition.percentile else figures)[condition.figure]
    least = True if condition.least is None else values >= condition.least
    return np.logical_and(least, True if condition.most is None else values <= condition.most)


def _figures(scores: Scores) -> dict[str, Floats]:
    evidence, followers = scores.evidence, scores.background.followers
    acts, got = _acts_of(scores), _received(evidence)
    reactions, replies, shares = got
    total = acts.originals + acts.replies + acts.shares
    with np.errstate(divide="ignore", invalid="ignore"):
        of_acts = [np.where(total > 0, part / total, np.nan) for part in acts]
        talked = np.where(replies + shares > 0, replies / (replies + shares), np.nan)
        both = ~np.isnan(reactions + followers)
        usual = reactions[both].sum() / followers[both].sum()
        heeded = np.where(followers >= _FEWEST_FOLLOWERS, reactions / followers / usual, np.nan)
    return {
        "n_followers": followers,
        "n_acts": total,
        "n_originals": acts.originals,
        "n_reactions": reactions,
        "originals_share": of_acts[0],
        "replies_share": of_acts[1],
        "shares_share": of_acts[2],
        "replies_received_share": talked,
        "relative_response": heeded,
        "mixed_followers": _mixed(scores),
    }


def _mixed(scores: Scores) -> Floats:
    graph, found = scores.evidence.graph, scores.background.communities
    if graph is None or found is None:
        return np.full(len(scores), np.nan)
    mixed = np.where(graph.in_degree >= _FEWEST_FOLLOWERS, mixed_followers(graph, found), np.nan)
    return spread_out(mixed, scores.evidence.graph_rows)


class Acts(NamedTuple):
    """What accounts did: numbers of originals, replies and shares."""

    originals: Floats
    replies: Floats
    shares: Floats


def _acts_of(scores: Scores) -> Acts:
    """The acts of all accounts; of a table of posts, which tells nothing else, they are unknown."""
    evidence = scores.evidence
    if evidence.events is None:
        unknown = np.full(len(scores), np.nan)
        return Acts(unknown, unknown, unknown)
    return Acts(*(_everywhere(values, evidence) for values in acts_in(evidence.events)))


def _everywhere(values: Floats | Ints, evidence: Evidence) -> Floats:
    """Counts of the log for all accounts: 0 for those of the graph that it never names."""
    found = spread_out(values, evidence.event_rows)
    return np.where(np.isnan(found) & (evidence.graph_rows != ABSENT), 0.0, found)


def acts_in(events: Events) -> Acts:
    """The acts of every account of a log.

    Examples
    --------
    One status that replies and mentions, and one of bob's own:

    >>> ev = Events.from_frame({"actor": ["bob"] * 4, "action": ["post", "reply", "mention", "post"],
    ...                         "target": [None, "ada", "ada", None], "time": ["2026-01-01"] * 3 + ["2026-01-02"]})
    >>> acts = acts_in(ev)
    >>> acts.originals.tolist(), acts.replies.tolist(), acts.shares.tolist()
    ([1.0, 0.0], [1.0, 0.0], [0.0, 0.0])
    """
    kinds = [_is(events, names) for names in (("post",), ("reply",), ("repost", "quote"), ("mention",))]
    rows = np.flatnonzero(np.logical_or.reduce(kinds))
    rows = rows[np.lexsort((events.time[rows], events.actor[rows]))]
    actor, time, n = events.actor[rows], events.time[rows], len(events.accounts)
    if not rows.size:
        return Acts(np.zeros(n), np.zeros(n), np.zeros(n))
    new = np.r_[True, (actor[1:] != actor[:-1]) | (time[1:] != time[:-1]) | (time[1:] == NO_TIME)]
    starts = np.flatnonzero(new)
    posts, replies, shares, mentions = (np.add.reduceat(kind[rows].astype(np.int64), starts) for kind in kinds)
    own = np.maximum(np.maximum(posts, mentions > 0) - replies - shares, 0)
    counts: Any = [np.bincount(actor[starts], weights=kind, minlength=n) for kind in (own, replies, shares)]
    return Acts(*counts)


def _is(events: Events, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    wanted = np.array([name in names for name in events.actions])
    which: npt.NDArray[np.bool_] = wanted[events.action]
    return which


def _received(evidence: Evidence) -> tuple[Floats, Floats, Floats]:
    """Reactions, replies and shares that every account received; NaN where unknown."""
    n = evidence.event_rows.size
    if evidence.events is None or evidence.reactions is None:
        return np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    events, grouped = evidence.events, evidence.reactions
    who = np.repeat(np.arange(grouped.indptr.size - 1), np.diff(grouped.indptr).astype(np.int64))
    reply, share = _is(events, ("reply",))[grouped.rows], _is(events, ("repost", "quote"))[grouped.rows]
    counts = (np.bincount(who[of], minlength=grouped.indptr.size - 1) for of in (slice(None), reply, share))
    every, replies, shares = (_everywhere(count, evidence) for count in counts)
    return every, replies, shares


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _why(rule: Rule, figures: Mapping[str, float | None], percentiles: Mapping[str, float | None]) -> str:
    told = []
    for condition in rule.conditions:
        value = (percentiles if condition.percentile else figures)[condition.figure]
        raw = figures[condition.figure]
        where = f", of {_shown_plain(condition.figure, raw or 0.0)}" if condition.percentile else ""
        told.append(f"{condition} ({_shown(condition, value or 0.0)}{where})")
    return "; ".join(told)


def _shown(condition: Condition, value: float) -> str:
    return figure(value) if condition.percentile else _shown_plain(condition.figure, value)


def _shown_plain(name: str, value: float) -> str:
    return percent(value) if FIGURES[name].is_share else figure(value)
