"""How much a ranking hangs on its weights: who stays on top when a weight moves, and which part decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Integer, Interval, domains
from swayrank.scoring.metrics import best, spearman

if TYPE_CHECKING:
    from swayrank.scoring.keep import KeptScores
    from swayrank.scoring.scores import Scores

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """What one changed weight does.

    Attributes
    ----------
    part : str
        Whose weight was moved; the others keep their proportions, and all sum to 1.
    step : float
        By how much, as far as it stayed in [0, 1].
    weights : dict of str to float
    stay : int
        How many of the top accounts stay among them.
    enter, leave : list of str
        Who comes in, and who goes, the best first.
    first : str
        Who is on top.
    """

    part: str
    step: float
    weights: dict[str, float]
    stay: int
    enter: list[str]
    leave: list[str]
    first: str


@dataclass(frozen=True)
class Dominance:
    """How much one part decides.

    Attributes
    ----------
    part : str
    weight : float
    share_of_points : float
        Of all points that the scored accounts have, in [0, 1]; the parts' shares sum to 1.
    share_of_variance : float
        Covariance of the contribution with the score over the score's variance; the shares sum to 1.
    rank_correlation : float
        Spearman's, of the part alone with the score.
    top_overlap : int
        How many of the top accounts the part alone would put there too.
    """

    part: str
    weight: float
    share_of_points: float
    share_of_variance: float
    rank_correlation: float
    top_overlap: int


@dataclass(frozen=True, repr=False)
class Sensitivity:
    """How a ranking depends on its weights; made by :meth:`Scores.sensitivity`, prints as text.

    Attributes
    ----------
    k : int
        How many accounts count as the top.
    shifts : list of Shift
        Each weight up and down.
    dominance : list of Dominance
        The most decisive part first.
    """

    k: int
    shifts: list[Shift]
    dominance: list[Dominance]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain dictionaries and lists."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"what decides: {'; '.join(_dominance_text(d, self.k) for d in self.dominance)}"]
        for shift in self.shifts:
            change = f", {', '.join(shift.enter)} for {', '.join(shift.leave)}" if shift.enter else ""
            to = shift.weights[shift.part]
            lines.append(f"{shift.part} {shift.step:+.2g} (to {to:.2g}): {shift.stay} of {self.k} stay{change}")
        return "\n".join(lines)

    __repr__ = __str__


def _dominance_text(one: Dominance, k: int) -> str:
    return f"{one.part} {one.share_of_variance:.0%} of the differences ({one.top_overlap} of the top {k} by it alone)"


@domains(k=Integer(1), step=Interval(0, 1, "(]"))
def sensitivity(scores: Scores, *, k: int = 10, step: float = 0.1) -> Sensitivity:
    """How the top `k` change as each weight moves by `step`, and which part decides.

    Parameters
    ----------
    scores : Scores
    k : int, default 10
        At least 1.
    step : float, default 0.1
        In (0, 1].

    Returns
    -------
    Sensitivity

    Notes
    -----
    O(accounts) for each part and direction. Parts that were not measured cannot be weighed up.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> found = sr.score(town.graph, town.events, rng=7).sensitivity(k=5)
    >>> len(found.shifts), round(sum(d.share_of_variance for d in found.dominance), 9)
    (6, 1.0)
    """
    k = min(k, scores.n_scored)
    top = scores.order(k)
    shifts = []
    for part in scores.weights if len(scores.weights) > 1 else ():
        for sign in (1, -1):
            weights = _moved(scores.weights, part, sign * step)
            values = weighed(scores, weights)
            order = best(values, k)
            shifts.append(
                Shift(
                    part=part,
                    step=round(weights[part] - scores.weights[part], 12),
                    weights=weights,
                    stay=int(np.isin(top, order).sum()),
                    enter=[str(scores.ids[int(i)]) for i in order if i not in top],
                    leave=[str(scores.ids[int(i)]) for i in top if i not in order],
                    first=str(scores.ids[int(order[0])]) if order.size else "",
                )
            )
    return Sensitivity(k, shifts, _dominances(scores, k))


def _moved(weights: Mapping[str, float], part: str, by: float) -> dict[str, float]:
    moved = min(1.0, max(0.0, weights[part] + by))
    rest = sum(weight for name, weight in weights.items() if name != part)
    others = {name: weight / rest if rest > 0 else 1 / (len(weights) - 1) for name, weight in weights.items()}
    return {name: moved if name == part else (1 - moved) * others[name] for name in weights}


def weighed(scores: Scores | KeptScores, weights: Mapping[str, float]) -> Floats:
    """The scores that other weights would give to the scored accounts; NaN elsewhere."""
    there = sum((weights[name] * ~np.isnan(v) for name, v in scores.parts.items()), np.zeros(len(scores)))
    total = sum((weights[name] * np.nan_to_num(v) for name, v in scores.parts.items()), np.zeros(len(scores)))
    values = np.full(len(scores), np.nan)
    np.divide(total, there, out=values, where=(scores.rank > 0) & (there > 0))
    return values


def _dominances(scores: Scores, k: int) -> list[Dominance]:
    scored = scores.rank > 0
    score, top = scores.score[scored], scores.order(k)
    variance, points = float(score.var()) if score.size else 0.0, float(score.sum())
    found = []
    for part, weight in scores.weights.items():
        given = np.nan_to_num(scores.contributions[part][scored])
        covariance = float(((given - given.mean()) * (score - score.mean())).mean()) if score.size else 0.0
        values = np.where(scored, scores.parts[part], np.nan)
        found.append(
            Dominance(
                part=part,
                weight=weight,
                share_of_points=float(given.sum()) / points if points else 0.0,
                share_of_variance=covariance / variance if variance else 0.0,
                rank_correlation=spearman(values[scored], score),
                top_overlap=int(np.isin(top, best(values, k)).sum()),
            )
        )
    return sorted(found, key=lambda one: -one.share_of_variance)
