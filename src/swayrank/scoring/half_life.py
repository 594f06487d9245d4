"""How fast reactions go stale in this log: the half-life under which its past predicted its present best.

The log before its last third is decayed with each candidate, and every account's sum is held against the number of
reactions that it received in the last third, by NDCG at 100. In breaking news what is a day old is forgotten; in a
steady community nothing is, and every halving throws evidence away: so the longest half-life is taken that is not worse
than the best one by more than two standard errors (after the one-standard-error rule of Breiman, Friedman, Olshen &
Stone 1984, "Classification and Regression Trees"). Nothing after the log's end is looked at.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from swayrank.events import NO_ACCOUNT, Events
from swayrank.events.columns import NO_TIME
from swayrank.measures.engagement.decay import MICROSECONDS_PER_DAY, decayed_engagement

USUAL_DAYS = 7.0
_SHARES_OF_SPAN = (1 / 12, 1 / 6, 1 / 3, 1.0, 4.0)  # with less than a twelfth, too little is left for intervals
_USUAL_SHARE = 1 / 6
_JUDGED_BY = 1 / 3  # the share of the span that the candidates have to predict
_FEWEST_REACTIONS = 200  # on either side of the split
_TOP = 100
_ERRORS = 2.0

Floats = npt.NDArray[np.float64]


def usual_half_life(span_days: float) -> float:
    """Seven days, or a sixth of the span where that is less: where the log is too small to tell.

    >>> usual_half_life(120.0), usual_half_life(3.0)
    (7.0, 0.5)
    """
    return min(USUAL_DAYS, span_days * _USUAL_SHARE) if span_days > 0 else USUAL_DAYS


def best_half_life(events: Events, weights: dict[str, float]) -> float | None:
    """The longest half-life in days under which the first two thirds of the log predict the last one as well as can be.

    Candidates are shares of the log's span, from a twelfth to four times it. None where fewer than 200 reactions lie on
    either side.
    """
    counts = (events.target != NO_ACCOUNT) & (events.target != events.actor) & (events.time != NO_TIME)
    counts &= np.array([weights.get(action, 0.0) > 0 for action in events.actions])[events.action]
    time = events.time[counts]
    if not time.size:
        return None
    first, last = int(time.min()), int(time.max())
    split = last - int((last - first) * _JUDGED_BY)
    later = time >= split
    if min(np.count_nonzero(later), np.count_nonzero(~later)) < _FEWEST_REACTIONS:
        return None
    outcome = np.bincount(events.target[counts][later], minlength=len(events.accounts))
    past, span_days = events.before(split), (last - first) / MICROSECONDS_PER_DAY
    candidates = [max(1e-6, share * span_days) for share in _SHARES_OF_SPAN]
    by_id = events.accounts.hashes()  # ties by id, so that the order of rows decides nothing
    tops = [
        np.lexsort((by_id, -decayed_engagement(past, half_life_days=days, weights=weights, now=split).values))[:_TOP]
        for days in candidates
    ]
    return float(f"{candidates[longest_as_good(tops, outcome)]:.3g}")


def longest_as_good(tops: list[npt.NDArray[np.int64]], outcome: npt.NDArray[np.int64]) -> int:
    """The last of the rankings that is not worse than the best by more than two standard errors of the difference.

    NDCG = sum of y_i * discount of i's place, over the ideal's. With y_i Poisson and the ideal held fixed, a difference
    has the variance: sum of y_i * (difference of the discounts)**2, over the ideal's square.
    """
    discount = 1.0 / np.log2(np.arange(2, tops[0].size + 2))
    ideal = math.fsum(np.sort(outcome)[::-1][: discount.size] * discount)
    gained = [math.fsum(outcome[top] * discount) / ideal if ideal else 0.0 for top in tops]
    winner = int(np.argmax(gained))
    return max(
        k
        for k, top in enumerate(tops)
        if gained[k] >= gained[winner] - _ERRORS * _error_of_difference(top, tops[winner], outcome, discount, ideal)
    )


def _error_of_difference(
    one: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
    outcome: npt.NDArray[np.int64],
    discount: Floats,
    ideal: float,
) -> float:
    apart = dict.fromkeys([*one.tolist(), *other.tolist()], 0.0)
    for top, sign in ((one, 1.0), (other, -1.0)):
        for account, weight in zip(top.tolist(), discount.tolist(), strict=True):
            apart[account] += sign * weight
    variance = math.fsum(float(outcome[account]) * difference**2 for account, difference in apart.items())
    return math.sqrt(variance) / ideal if ideal else 0.0
