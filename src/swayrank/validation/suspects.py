"""How well anything could have foretold the outcome, without having seen it.

What comes is part habit and part chance, and chance cannot be foretold. Split the future's rows at random into two
halves: their correlation r tells how much of it is habit; by the formula of Spearman and Brown the whole future has the
reliability 2 r / (1 + r), and no ranking that has not seen it is expected to correlate with it by more than the square
root of that (Spearman 1910; Brown 1910; attenuation: Spearman 1904). A ranking beyond the ceiling has probably seen
what it was to foretell. Rows of one post are not independent, so the ceiling errs upwards: it raises few false alarms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.events import Events
from swayrank.ids import Ids
from swayrank.scoring.metrics import spearman
from swayrank.validation.outcomes import OUTCOMES

_HALVED = ("reposts", "engagement", "engagers")  # others are not sums over rows


def ceiling_of(
    outcome: Any, future: Events | None, events: Events | None, ids: Ids, there: npt.NDArray[np.bool_]
) -> float | None:
    """The highest Spearman's correlation to be expected; None where the outcome cannot be halved."""
    if future is None or events is None or not isinstance(outcome, str) or outcome not in _HALVED:
        return None
    mixed = future.time.view(np.uint64) * np.uint64(0xD1342543DE82EF95)
    mixed ^= events.accounts.hashes()[future.actor] * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    first = (mixed >> np.uint64(63)) == 1
    place = ids.positions(events.accounts.to_arrow(), missing="sentinel").astype(np.int64)
    known = place < len(ids)
    halves = []
    for rows in (first, ~first):
        values = np.zeros(len(ids))
        values[place[known]] = OUTCOMES[outcome](future.where(rows), events)[known]
        halves.append(values[there])
    r = spearman(*halves)
    return math.sqrt(2 * r / (1 + r)) if r > 0 else None  # too little came to tell habit from chance
