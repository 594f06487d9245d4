r"""Why an account's score differs between two runs, taken apart without a rest.

A score is a sum of contributions :math:`c_p = k_p s_p`, with :math:`s_p` the part on its scale and :math:`k_p` the
part's weight over the weights of the parts that the account has. So the difference of two scores is the sum over parts
of :math:`c'_p - c_p`, and each of these splits, without a rest, into

.. math:: (s'_p - s_p) \frac{k_p + k'_p}{2} + (k'_p - k_p) \frac{s_p + s'_p}{2},

what the figure did, and what the account's mix of parts did (nothing, unless a part came or went). Where the later
run's log is at hand, the figure of resonance changes in two steps: what was known at the earlier moment fades (or left
the log), and what came since adds.

*Is it more than chance?* The interval of the difference is made of both intervals (MOVER: Zou & Donner 2008,
doi:10.1002/sim.3095), as for independent estimates: with scores s, s' in [l, h], [l', h'], it reaches from :math:`d -
\sqrt{(s' - l')^2 + (h - s)^2}` to :math:`d + \sqrt{(h' - s')^2 + (s - l)^2}`. Two things follow. It is a rule with
false alarms: at 95 %, up to one in twenty accounts whose habits stayed the same is called changed by more than chance
(fewer where the runs share data, since what they share moves both). And it holds the two figures for estimates of one
thing, which they are over windows of one length only: resonance is a sum over the window, so a longer log has more of
it with the same habits. Where the spans differ by more than a tenth of the half-life, or of the shorter span where that
is less, no verdict is given, but the reason.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._text import printable
from swayrank.errors import UnknownAccountError
from swayrank.events.columns import as_us, iso
from swayrank.measures.engagement.resonance import resonance
from swayrank.overview.ties import follower_word
from swayrank.scoring.evidence import ABSENT
from swayrank.scoring.keep import REFERENCE, KeptScores, load_scores
from swayrank.scoring.references import check_comparable
from swayrank.scoring.scores import Scores
from swayrank.scoring.telling import figure

Estimate = tuple[float, float, float]

_ABOUT_EQUAL = 0.1  # of the half-life or the shorter span: by so much the spans of comparable data may differ
_COUNTED = {"n_followers": "followers", "n_reactions": "reactions", "n_engagers": "people reacting", "n_posts": "posts"}


@dataclass(frozen=True)
class Term:
    """Points of the score, and what they are due to."""

    what: str
    points: float


@dataclass(frozen=True)
class PartChange:
    """What one part did to the difference.

    Attributes
    ----------
    part, unit : str
    points : float
        Change of its contribution to the score; sum of the terms.
    earlier, later : float or None
        On the 0-100 scale; None where the part is missing.
    earlier_raw, later_raw : float or None
        In `unit`.
    beyond : tuple of two bool
        Whether each is more than the highest figure of the reference; all of these are 100.
    terms : tuple of Term
    """

    part: str
    unit: str
    points: float
    earlier: float | None
    later: float | None
    earlier_raw: float | None
    later_raw: float | None
    beyond: tuple[bool, bool]
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Side:
    """One account's standing in one run, and how many days its data spans; None where the run does not tell."""

    time: str
    score: float | None
    low: float | None
    high: float | None
    rank: int | None
    n_scored: int
    status: str
    span_days: float | None


@dataclass(frozen=True, repr=False)
class Change:
    """Why one account's score differs between two runs; prints as text, and `to_dict()` is made for JSON.

    Attributes
    ----------
    account : str
    earlier, later : Side
    difference : float or None
        Later minus earlier, the sum over `parts` of their points; None where either has no score.
    low, high : float or None
        Interval of the difference, as for independent estimates; None without intervals.
    confidence : float or None
    parts : tuple of PartChange
        The largest change first.
    counts : dict of str to tuple of two int
        Followers, reactions, people and posts, earlier and later, where both runs tell them.
    withheld : str or None
        Why it is not said whether the change is more than chance; None where it is, or where there are no intervals.
    """

    account: str
    earlier: Side
    later: Side
    difference: float | None
    low: float | None
    high: float | None
    confidence: float | None
    parts: tuple[PartChange, ...]
    counts: dict[str, tuple[int, int]]
    withheld: str | None

    @property
    def more_than_chance(self) -> bool | None:
        """Whether the interval of the difference leaves out 0; None without intervals, or where withheld."""
        if self.low is None or self.high is None or self.withheld is not None:
            return None
        return self.low > 0 or self.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain dictionaries and lists."""
        return asdict(self) | {"more_than_chance": self.more_than_chance}

    def __repr__(self) -> str:
        from swayrank.scoring.history_text import change_text

        return change_text(self)


def why_changed(
    earlier: Scores | KeptScores | str | Path, later: Scores | KeptScores | str | Path, account: int | str
) -> Change:
    """Take an account's change of score apart: by part, and within a part by what its figure did.

    Parameters
    ----------
    earlier, later : Scores, KeptScores, or path of a kept run
        Under the same reference and weights.
    account : int or str

    Returns
    -------
    Change
        The points of all terms sum to the difference, to 1e-9.

    Raises
    ------
    ParameterError
        If the two do not compare; the message says how to score the later so that they do.
    UnknownAccountError
        If neither knows the account.

    Notes
    -----
    Definition and the interval of the difference: see :mod:`swayrank.scoring.between_runs`. Cost: none for kept runs;
    where `later` holds its log, resonance is measured once more, O(events log events).

    References
    ----------
    Zou, G. Y., & Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
    Statistics in Medicine 27, 1693-1702. doi:10.1002/sim.3095

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> then = sr.score(town.graph, town.events, until="2026-03-20", rng=7)
    >>> now = sr.score(town.graph, town.events, reference=then.reference, rng=7)
    >>> change = why_changed(then, now, now.ids[5])
    >>> abs(sum(part.points for part in change.parts) - change.difference) < 1e-9
    True
    """
    before, after = (load_scores(run) if isinstance(run, str | Path) else run for run in (earlier, later))
    cure = str(before.folder / REFERENCE) if isinstance(before, KeptScores) else ""
    check_comparable(before, after, cure)
    i, j = _position(before, account), _position(after, account)
    if i is None and j is None:
        raise UnknownAccountError(f"neither run knows the account {printable(str(account))!r}")
    one, two = _side(before, i), _side(after, j)
    parts: tuple[PartChange, ...] = ()
    counts: dict[str, tuple[int, int]] = {}
    if i is not None and j is not None and one.score is not None and two.score is not None:
        found = [_part_change(before, i, after, j, name) for name in before.parts]
        parts = tuple(sorted(found, key=lambda part: -abs(part.points)))
        counts = _counts(before, after, account)
    difference = math.fsum(part.points for part in parts) if parts else None
    low, high = _between(one, two)
    confidence = None if before.intervals is None or low is None else before.intervals.confidence
    withheld = None if low is None else _withheld(before, one, two)
    return Change(str(account), one, two, difference, low, high, confidence, parts, counts, withheld)


def _position(scores: Scores | KeptScores, account: int | str) -> int | None:
    return scores.ids.position(account) if account in scores.ids else None


def _side(scores: Scores | KeptScores, i: int | None) -> Side:
    time, span = str(scores.params["now"] or ""), scores.params.get("span_days")
    if i is None:
        return Side(time, None, None, None, None, scores.n_scored, "absent", span)
    rank = int(scores.rank[i])
    if not rank:
        return Side(time, None, None, None, None, scores.n_scored, "insufficient data", span)
    sure = scores.intervals
    low, high = (None, None) if sure is None else (float(end[i]) for end in sure.score)
    return Side(time, float(scores.score[i]), low, high, rank, scores.n_scored, "scored", span)


def _between(one: Side, two: Side) -> tuple[float | None, float | None]:
    """The interval of the difference, later less earlier; None where either has no interval."""
    found = []
    for side in (one, two):
        if side.score is None or side.low is None or side.high is None:
            return None, None
        found.append((side.score, side.low, side.high))
    return difference_interval(found[0], found[1])


def difference_interval(one: Estimate, two: Estimate) -> tuple[float, float]:
    """The interval of the second figure less the first, as of independent estimates (MOVER).

    Parameters
    ----------
    one, two : tuple of three floats
        A figure, and the lower and upper end of its interval.

    References
    ----------
    Zou, G. Y., & Donner, A. (2008). doi:10.1002/sim.3095

    Examples
    --------
    >>> low, high = difference_interval((50.0, 46.0, 53.0), (60.0, 56.0, 64.0))
    >>> low, round(high, 6)
    (5.0, 15.656854)
    """
    (s, low, high), (s2, low2, high2) = one, two
    return s2 - s - math.hypot(s2 - low2, high - s), s2 - s + math.hypot(high2 - s2, s - low)


def _withheld(before: Scores | KeptScores, one: Side, two: Side) -> str | None:
    """Why the two scores cannot be held for estimates of one thing, and what to do; None where they can."""
    sure = before.intervals
    sums = sure is not None and any(
        part != "spread" and not varies.startswith("none") for part, varies in sure.varies.items()
    )
    if not sums or not (one.time and two.time):
        return None
    if one.span_days is None or two.span_days is None:
        which = " and ".join(word for word, side in (("earlier", one), ("later", two)) if side.span_days is None)
        return f"the span of the {which} run's data is unknown; score that data again, over windows of one length"
    shorter = min(one.span_days, two.span_days)
    if abs(one.span_days - two.span_days) <= _ABOUT_EQUAL * min(before.params["half_life_days"], shorter):
        return None
    return (
        f"the data spans {figure(one.span_days)} days earlier and {figure(two.span_days)} later, and reactions add up "
        f"over the span, so that a longer log has more with the same habits; score windows of one length (the last "
        f"{figure(shorter)} days of each, --since on the command line or since= in Python) under this reference"
    )


def _share(scores: Scores | KeptScores, i: int, name: str) -> float:
    """The part's weight over the weights of the parts that the account has."""
    there = math.fsum(w for part, w in scores.weights.items() if not np.isnan(scores.parts[part][i]))
    return scores.weights[name] / there


def _part_change(before: Scores | KeptScores, i: int, after: Scores | KeptScores, j: int, name: str) -> PartChange:
    s, s2 = _known(before.parts[name][i]), _known(after.parts[name][j])
    raw, raw2 = _known(before.raw[name][i]), _known(after.raw[name][j])
    if s is None or s2 is None:
        there = (0.0 if s is None else -_share(before, i, name) * s) + (
            0.0 if s2 is None else _share(after, j, name) * s2
        )
        what = "can be measured now, could not then" if s is None else "can no longer be measured"
        terms = [Term(what, there)] if s is not s2 else []
    else:
        k, k2 = _share(before, i, name), _share(after, j, name)
        weight = (k + k2) / 2
        steps = _steps(before, after, j, name, (raw or 0.0, raw2 or 0.0), (s, s2))
        terms = [Term(what, weight * points) for what, points in steps]
        if k != k2:
            terms.append(Term("other parts came or went, so that it weighs otherwise", (k2 - k) * (s + s2) / 2))
    points = math.fsum(term.points for term in terms)
    top = after.reference.knots[name].top
    beyond = (raw is not None and raw > top, raw2 is not None and raw2 > top)
    return PartChange(name, after.units.get(name, ""), points, s, s2, raw, raw2, beyond, tuple(terms))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _steps(
    before: Scores | KeptScores,
    after: Scores | KeptScores,
    j: int,
    name: str,
    raw: tuple[float, float],
    scaled: tuple[float, float],
) -> list[tuple[str, float]]:
    """On the 0-100 scale, what moved the part's figure; the steps sum to its change."""
    faded = _faded(before, after, j) if name == "resonance" else None
    if faded is None:
        return [("its figure", scaled[1] - scaled[0])] if raw[0] != raw[1] else []
    if not raw[0] and not raw[1] and not faded:
        return []
    between = float(after.reference.knots[name].scale(np.array([faded]))[0])
    return [
        ("what was known then faded, or left the log", between - scaled[0]),
        ("what came since", scaled[1] - between),
    ]


def _faded(before: Scores | KeptScores, after: Scores | KeptScores, j: int) -> float | None:
    """Resonance of the later log up to the earlier moment, seen from the later one; None if unknown."""
    then, now = before.params["now"], after.params["now"]
    if (
        not isinstance(after, Scores)
        or after.evidence.events is None
        or not then
        or not now
        or as_us(then) >= as_us(now)
    ):
        return None
    row = int(after.evidence.event_rows[j])
    if row == ABSENT:
        return None
    events = after.evidence.events
    known = {name: weight for name, weight in after.params["action_weights"].items() if name in events.actions}
    past = events.before(as_us(then) + 1)
    half_life = after.params["half_life_days"]
    return float(resonance(past, half_life_days=half_life, weights=known, now=iso(as_us(now))).values[row])


def _counts(before: Scores | KeptScores, after: Scores | KeptScores, account: int | str) -> dict[str, tuple[int, int]]:
    told = [_explained(scores, account) for scores in (before, after)]
    if None in told:
        return {}
    one, two = (tell or {} for tell in told)
    called = _COUNTED | {"n_followers": f"{follower_word(two.get('ties'))}s"}
    return {words: (int(one[name]), int(two[name])) for name, words in called.items() if name in one and name in two}


def _explained(scores: Scores | KeptScores, account: int | str) -> dict[str, Any] | None:
    return scores.explanation(account) if isinstance(scores, KeptScores) else scores.explain(account).to_dict()
