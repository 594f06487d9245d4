"""Two accounts side by side: who is above whom, by how much, how sure that is, and which parts make the difference.

Both accounts are drawn in the same replicates, so that what moves both (one scale, posts that both share in) does not
blur their difference. Of a kept run without its data, both intervals are joined as of independent estimates. The
difference of the scores is the sum of the differences of the parts' contributions; a part that one account lacks
contributes nothing to it.

A score says what was seen. A replicate says what another such period would bring, and is drawn towards what peers get
where reactions are few. The two may disagree about an order, and then it is not settled: the order of the scores is
told as such only where at least nine in ten replicates have it, too, or where the interval of the difference from kept
intervals leaves out 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.overview.ties import follower_word
from swayrank.scoring.between_runs import difference_interval
from swayrank.scoring.evidence import ABSENT
from swayrank.scoring.intervals import replicates
from swayrank.scoring.telling import counted, figure, named, ordinal, plain, signed

if TYPE_CHECKING:
    from swayrank.scoring.keep import KeptScores
    from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]
Order = Literal["settled", "open", "reversed"]

_SETTLED = 0.9  # the share of replicates with the order of the scores from which on it is told as such
_COUNTED = ("n_followers", "n_reactions", "n_engagers", "n_posts")
_WHY_OPEN = (
    "why: a score says what was seen; a replicate, what another such period would bring, drawn towards what peers get "
    "where reactions are few"
)
_TELLING = 1.1  # figures that differ by less than a tenth are told as about the same


@dataclass(frozen=True)
class Side:
    """One of the two accounts.

    Attributes
    ----------
    account : str
    score, rank : float and int, or None
        None where the data is insufficient.
    n_followers, n_reactions, n_engagers, n_posts : int or None
        None where there is no such source, or it does not name the account.
    """

    account: str
    score: float | None
    rank: int | None
    n_followers: int | None
    n_reactions: int | None
    n_engagers: int | None
    n_posts: int | None


@dataclass(frozen=True)
class PartDifference:
    """One part of the difference.

    Attributes
    ----------
    part, unit : str
    raw : tuple of two floats or None
        The figures of a and b in `unit`; None where missing.
    scaled : tuple of two floats or None
        On the 0-100 scale.
    contributions : tuple of two floats
        To the scores; 0 where missing.
    difference : float
        Of the contributions, a less b; all parts' differences sum to that of the scores.
    share_above : float or None
        In how many of the replicates the part of a is above that of b; None where one lacks it or none were drawn.
    beyond : tuple of two bool
        Whether each figure is more than the highest of the reference; all of these are 100.
    because : str
        In words.
    """

    part: str
    unit: str
    raw: tuple[float | None, float | None]
    scaled: tuple[float | None, float | None]
    contributions: tuple[float, float]
    difference: float
    share_above: float | None
    beyond: tuple[bool, bool]
    because: str


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two accounts side by side; prints as text, and `to_dict()` is made for JSON (ids are strings).

    Attributes
    ----------
    a, b : Side
        In the order in which they were named.
    difference : float or None
        Score of a less score of b; None where either has none.
    order : "settled", "open", "reversed", or None
        Whether what is drawn has the order of the scores, too: it does, it leaves it open, or it has the other one more
        often. None where nothing is drawn.
    drawn_together : bool
        Whether the interval is of replicates of both; else it is made of the two kept intervals, as if independent.
    confidence : float or None
        Of the interval; None where no replicates were drawn.
    interval : tuple of two floats, or None
        Of the difference.
    n_replicates, n_above, n_equal : int
        How many were drawn, in how many of them a is above b, and in how many both are equal.
    share_above : float or None
        Replicates with a above b, equal ones counted half, in [0, 1].
    std_error : float or None
        Of that share, for so many replicates.
    one_sided : list of str
        Which of the two nobody has reacted to; their draws are of what might have come.
    parts : list of PartDifference
        The largest difference first.
    """

    a: Side
    b: Side
    difference: float | None
    order: Order | None
    drawn_together: bool
    confidence: float | None
    interval: tuple[float, float] | None
    n_replicates: int
    n_above: int
    n_equal: int
    share_above: float | None
    std_error: float | None
    one_sided: list[str]
    parts: list[PartDifference]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain dictionaries and lists."""
        told: dict[str, Any] = plain(self)
        return told

    def __str__(self) -> str:
        lines = [_head(self)]
        if self.share_above is not None:
            lines.append(f"  {_how_sure(self)}")
            lines += [f"  {_WHY_OPEN}"] if self.order != "settled" and self.n_equal < self.n_replicates else []
        elif self.interval is not None and self.confidence is not None:
            lines.append(f"  {_as_independent(self.interval, self.confidence)}")
        elif self.difference is not None:
            lines.append("  how sure that is was not drawn: score with n_replicates=200")
        lines += [
            f"  {reason.part} {_part_text(reason, (self.a.account, self.b.account), self.difference is not None)}"
            for reason in self.parts
        ]
        if self.one_sided:
            who = " and ".join(named(account) for account in self.one_sided)
            lines.append(f"  nobody has reacted to {who}: what is drawn there is what peers usually get")
        if self.interval is not None and any(any(reason.beyond) for reason in self.parts):
            lines.append("  beyond the scale all figures count as 100: intervals are cut off there, and too narrow")
        return "\n".join(lines)

    __repr__ = __str__


def compare(scores: Scores, a: int | str, b: int | str) -> Comparison:
    """Two accounts side by side; :meth:`Scores.compare`."""
    i, j = scores.ids.position(a), scores.ids.position(b)
    if i == j:
        raise ParameterError(f"compare needs two different accounts, got {printable(repr(a))} twice")
    both, sure = bool(scores.rank[i] and scores.rank[j]), scores.intervals
    sides = (_side(scores, i), _side(scores, j))
    drawn = replicates(scores.basis, [i, j]) if sure is not None else {}
    told = _nothing_drawn()
    difference = float(scores.score[i] - scores.score[j]) if both else None
    if sure is not None and difference is not None:
        told |= _chance(drawn["score"], difference, sure.confidence) | {"drawn_together": True}
        told["order"] = _order(scores.rank[i] < scores.rank[j], told["share_above"])
        told["one_sided"] = [side.account for side, k in zip(sides, (i, j), strict=True) if sure.unseen[k]]
    parts = [_part(scores, name, (i, j), sides, drawn.get(name)) for name in scores.parts]
    parts.sort(key=lambda reason: -abs(reason.difference))
    return Comparison(a=sides[0], b=sides[1], difference=difference, parts=parts, **told)


def compare_kept(scores: KeptScores, a: int | str, b: int | str) -> Comparison:
    """Two accounts of a kept run side by side, without its data: their intervals count as independent.

    Raises
    ------
    UnknownAccountError
        If the run does not know an account.
    ParameterError
        If both are the same account.

    Examples
    --------
    >>> import tempfile, swayrank as sr
    >>> from swayrank.scoring.keep import load_scores
    >>> town = sr.generate("town", n=300, rng=7)
    >>> scores = sr.score(town.graph, town.events, rng=7)
    >>> kept = load_scores(scores.save(tempfile.mkdtemp()))
    >>> first, second = (row.account for row in scores.top(2))
    >>> told = compare_kept(kept, first, second)
    >>> told.difference == scores.compare(first, second).difference, told.drawn_together
    (True, False)
    """
    i, j = scores.ids.position(a), scores.ids.position(b)
    if i == j:
        raise ParameterError(f"compare needs two different accounts, got {printable(repr(a))} twice")
    both, sure = bool(scores.rank[i] and scores.rank[j]), scores.intervals
    sides, told = (_kept_side(scores, i), _kept_side(scores, j)), _nothing_drawn()
    difference = float(scores.score[i] - scores.score[j]) if both else None
    if sure is not None and both:
        of_a, of_b = ((float(scores.score[k]), float(sure.score[0][k]), float(sure.score[1][k])) for k in (i, j))
        low, high = difference_interval(of_b, of_a)
        told |= {"confidence": sure.confidence, "interval": (low, high)}
        told["order"] = "settled" if low > 0 or high < 0 else "open"
        told["one_sided"] = [side.account for side, k in zip(sides, (i, j), strict=True) if sure.unseen[k]]
    parts = [_part(scores, name, (i, j), sides, None) for name in scores.parts]
    parts.sort(key=lambda reason: -abs(reason.difference))
    return Comparison(a=sides[0], b=sides[1], difference=difference, parts=parts, **told)


def _nothing_drawn() -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(("order", "confidence", "interval", "share_above", "std_error"))
    return told | {"drawn_together": False, "n_replicates": 0, "n_above": 0, "n_equal": 0, "one_sided": []}


def _order(a_is_first: bool, share_above: float) -> Order:
    """What the replicates make of the order of the scores, given in how many of them a is above."""
    agreeing = share_above if a_is_first else 1.0 - share_above
    return "settled" if agreeing >= _SETTLED else "open" if agreeing >= 0.5 else "reversed"


def _kept_side(scores: KeptScores, i: int) -> Side:
    """With the evidence that the run's explanation tells, if it is kept."""
    told, rank = scores.explanation(scores.ids[i]) or {}, int(scores.rank[i])
    counts = {name: int(told[name]) if name in told else None for name in _COUNTED}
    return Side(str(scores.ids[i]), float(scores.score[i]) if rank else None, rank or None, **counts)


def _side(scores: Scores, i: int) -> Side:
    evidence, rank = scores.evidence, int(scores.rank[i])
    followers, reactions = float(scores.background.followers[i]), evidence.reactions
    row, n_reactions, n_engagers, n_posts = int(evidence.event_rows[i]), None, None, None
    if reactions is not None and row != ABSENT:
        mine = reactions.rows[int(reactions.indptr[row]) : int(reactions.indptr[row + 1])]
        n_reactions, n_engagers = int(mine.size), int(np.unique(reactions.actor[mine]).size)
        n_posts = int(reactions.n_posts[row])
    elif evidence.events is None and int(evidence.post_rows[i]) != ABSENT:
        n_posts = int(scores.background.posts_of(int(evidence.post_rows[i])).size)
    return Side(
        account=str(scores.ids[i]),
        score=float(scores.score[i]) if rank else None,
        rank=rank or None,
        n_followers=None if math.isnan(followers) else int(followers),
        n_reactions=n_reactions,
        n_engagers=n_engagers,
        n_posts=n_posts,
    )


def _chance(drawn: Floats, difference: float, confidence: float) -> dict[str, Any]:
    """How the difference came out in the replicates."""
    apart = np.sort(drawn[:, 0] - drawn[:, 1])
    n, tail = apart.size, (1.0 - confidence) / 2
    above, equal = int(np.count_nonzero(apart > 0)), int(np.count_nonzero(apart == 0))
    low = float(apart[max(0, round((n + 1) * tail) - 1)])
    high = float(apart[min(n - 1, round((n + 1) * (1 - tail)) - 1)])
    share = (above + equal / 2) / n
    return {
        "confidence": confidence,
        "interval": (min(low, difference), max(high, difference)),
        "n_replicates": n,
        "n_above": above,
        "n_equal": equal,
        "share_above": share,
        "std_error": math.sqrt(share * (1.0 - share) / n),
    }


def _part(
    scores: Scores | KeptScores, name: str, pair: tuple[int, int], sides: tuple[Side, Side], drawn: Floats | None
) -> PartDifference:
    raw, scaled = (tuple(_number(values[k]) for k in pair) for values in (scores.raw[name], scores.parts[name]))
    given = [float(scores.contributions[name][k]) for k in pair]
    added = tuple(0.0 if math.isnan(value) else value for value in given)
    share, top = None, scores.reference.knots[name].top
    if drawn is not None and None not in scaled:
        share = float((drawn[:, 0] > drawn[:, 1]).mean() + (drawn[:, 0] == drawn[:, 1]).mean() / 2)
    return PartDifference(
        part=name,
        unit=scores.units[name],
        raw=(raw[0], raw[1]),
        scaled=(scaled[0], scaled[1]),
        contributions=(added[0], added[1]),
        difference=added[0] - added[1],
        share_above=share,
        beyond=(bool(scores.raw[name][pair[0]] > top), bool(scores.raw[name][pair[1]] > top)),
        because=_because(name, scores.units[name], (raw[0], raw[1]), sides, scores.ties),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


# -- in words ----------------------------------------------------------------------------------------------------------


def _because(
    name: str, unit: str, raw: tuple[float | None, float | None], sides: tuple[Side, Side], ties: str | None
) -> str:
    if raw[0] is None or raw[1] is None:
        lacking = [named(side.account) for side, value in zip(sides, raw, strict=True) if value is None]
        return f"{' and '.join(lacking)} {'lack' if len(lacking) > 1 else 'lacks'} it: not in that source"
    told = [f"{figure(raw[0])} against {figure(raw[1])} {unit}"]
    if name == "reach":
        told += _more(follower_word(ties), sides[0].n_followers, sides[1].n_followers)
    if name == "resonance":
        told += _more("engager", sides[0].n_engagers, sides[1].n_engagers)
        told += _more("reaction", sides[0].n_reactions, sides[1].n_reactions)
        told += _more("post", sides[0].n_posts, sides[1].n_posts)
    return "; ".join(told)


def _more(what: str, of_a: int | None, of_b: int | None) -> list[str]:
    """Who has more of something; nothing where it is not known of both."""
    if of_a is None or of_b is None:
        return []
    if of_a == of_b:
        return [f"as many {what}s ({of_a:,})"]
    about = max(of_a, of_b) < _TELLING * min(of_a, of_b)
    word = f"about as many {what}s" if about else f"{'more' if of_a > of_b else 'fewer'} {what}s"
    return [f"{word} ({of_a:,} against {of_b:,})"]


def _head(told: Comparison) -> str:
    a, b = told.a, told.b
    without = [named(side.account) for side in (a, b) if side.score is None]
    if a.score is None or b.score is None or told.difference is None or a.rank is None or b.rank is None:
        who = " and ".join(without)
        have = "have" if len(without) > 1 else "has"
        both = f"{named(a.account)} and {named(b.account)}"
        return f"{both}: cannot be ranked, {who} {have} insufficient data for a score"
    ranks = f"{ordinal(a.rank)} against {ordinal(b.rank)}"
    scores = f"{a.score:.1f} against {b.score:.1f}, a difference of {signed(told.difference)}{_interval_text(told)}"
    both = f"{named(a.account)} and {named(b.account)}"
    if told.difference == 0:
        return f"{both} have the same score: {scores}; {ranks}"
    if told.order == "open":
        return f"the order of {both} is not settled: {scores}; {ranks}"
    if told.order == "reversed":
        return f"the order of {both} is not settled, and rather the other way round: {scores}; {ranks}"
    where = "above" if a.rank < b.rank else "below"
    return f"{named(a.account)} is {where} {named(b.account)}: {scores}; {ranks}"


def _interval_text(told: Comparison) -> str:
    if told.interval is None or told.confidence is None:
        return ""
    return f", {100 * told.confidence:.3g} % between {told.interval[0]:.1f} and {told.interval[1]:.1f}"


def _as_independent(interval: tuple[float, float], confidence: float) -> str:
    where = "holds 0: chance may have put either first" if interval[0] <= 0 <= interval[1] else "leaves out 0"
    return (
        f"the {100 * confidence:.3g} % interval of the difference {where}; it is taken as of independent estimates, "
        f"and misses the truth about {figure(100 * (1 - confidence))} times in 100"
    )


def _how_sure(told: Comparison) -> str:
    assert told.share_above is not None
    assert told.std_error is not None
    above, share = (told.a, told.share_above) if told.share_above >= 0.5 else (told.b, 1 - told.share_above)
    n = told.n_replicates
    n_above = told.n_above if above is told.a else n - told.n_above - told.n_equal
    if told.n_equal == n:
        return f"they are equal in all {n:,} replicates"
    if n_above == n:
        return f"{named(above.account)} is above in all {n:,} replicates"
    equal = f", and equal in {told.n_equal:,}" if told.n_equal else ""
    return (
        f"{named(above.account)} is above in {n_above:,} of {counted(n, 'replicate')}{equal}: {_percent(share)}, "
        f"give or take {100 * told.std_error:.1g} %{_in_doubt(told)}"
    )


def _percent(share: float) -> str:
    """Never "100 %" of what did not happen every time."""
    return "above 99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.3g} %"


def _in_doubt(told: Comparison) -> str:
    if told.interval is None or not told.interval[0] <= 0 <= told.interval[1]:
        return ""
    return "; chance may have put either first"


def _part_text(reason: PartDifference, names: tuple[str, str], scored: bool) -> str:
    if not scored:
        return reason.because
    of_a, of_b = reason.contributions
    return f"{signed(reason.difference)} ({of_a:.1f} - {of_b:.1f}): {reason.because}{_beyond_text(reason, names)}"


def _beyond_text(reason: PartDifference, names: tuple[str, str]) -> str:
    who = [named(name) for name, beyond in zip(names, reason.beyond, strict=True) if beyond]
    if not who:
        return ""
    which = "both are" if len(who) > 1 else f"{who[0]} is"
    return f"; {which} beyond the scale of the reference: counts as 100"
