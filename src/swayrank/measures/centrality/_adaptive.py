r"""Means of many bounded quantities from one growing sample, with intervals that hold for all of them at once.

Each sample gives every account v a number :math:`x_v` in [0, 1]; wanted are the means :math:`\mu_v`. With N samples,
their mean :math:`\bar x_v`, any centre c in [0, 1] and any :math:`\lambda` in (0, 1) that were fixed beforehand,

.. math:: |\bar x_v - \mu_v| \le \frac{1}{\lambda N} \Big( \log\frac{1}{\delta_v}
          + \psi(\lambda) \sum_i (x_{v,i} - c)^2 \Big), \qquad \psi(\lambda) = -\log(1 - \lambda) - \lambda

fails, on either side, at *any* N with probability at most :math:`\delta_v`: exp(lambda (x - mu) - psi(lambda)
(x - c)^2) has a mean of at most 1 (Fan, Grama & Liu 2015), so its running product is a supermartingale, and Ville's
inequality bounds its maximum. This is the empirical Bernstein bound of Howard et al. (2021) and Waudby-Smith & Ramdas
(2024) with a fixed bet. So one may look after every round and pay nothing for looking.

The plan. A first sample, which is then left out, guesses the variances :math:`V_v` and sets c. For a wanted radius e
the best bet is e / (e + V), and

.. math:: \log(1 / \delta_v) = N \, (e - V_v \log(1 + e / V_v))

says what N samples can promise. N is the least number for which twice the sum of the :math:`\delta_v` is within delta:
what counts is the few accounts of high variance, as in KADABRA; the many others share a tenth of delta, and get the
narrower intervals that this pays for. A wrong guess costs samples, never validity: after 1.75 N all samples so far are
the next guess, and the next plan has 0.09 of the last one's share of delta. When the count of Hoeffding's bound is
reached, which takes a hundredth of delta, that bound answers, over all samples. So it always ends.

Sources: Fan, Grama & Liu (2015), doi:10.1214/EJP.v20-3496; Howard, Ramdas, McAuliffe & Sekhon (2021),
doi:10.1214/20-AOS1991; Waudby-Smith & Ramdas (2024), doi:10.1093/jrsssb/qkad009; Borassi & Natale (2019),
doi:10.1145/3284359.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank.engines import Bounds, Engine

Floats = npt.NDArray[np.float64]

# The first sample has so many times 1 / epsilon items: enough to see whoever matters, little beside what follows.
_FIRST_SAMPLE = 8
# Of delta: the first plan, each later one against the one before, and Hoeffding's; 0.9 / (1 - 0.09) + 0.01 < 1.
_FIRST_SHARE, _NEXT_SHARE, _LAST_SHARE = 0.9, 0.09, 0.01
# Of a plan's delta: what accounts of low variance share.
_TAIL_SHARE = 0.1
# When to look, in units of the planned number of samples.
_ROUNDS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75)
# By how much guesses of the variance exceed what was seen: as Bernstein's bound at log(1 / delta) = 3.
_SLACK = 3
# From a sum of x of so much on, an account's own variance is believed.
_MET_OFTEN = 10
# Guesses of the variance below this share of the wanted radius would bet all on it.
_LEAST_VARIANCE = 1e-3


class Sums(NamedTuple):
    """Of `n_samples` samples: the sums of x and of its square, rows of shape (2, n)."""

    n_samples: int
    totals: Floats

    @property
    def mean(self) -> Floats:
        """Means of x."""
        mean: Floats = self.totals[0] / max(1, self.n_samples)
        return mean

    @property
    def variance(self) -> Floats:
        """Variances of x."""
        variance: Floats = np.maximum(self.totals[1] / max(1, self.n_samples) - self.mean**2, 0.0)
        return variance

    def plus(self, other: Sums) -> Sums:
        """Both samples together."""
        return Sums(self.n_samples + other.n_samples, self.totals + other.totals)


@dataclass(frozen=True)
class Plan:
    """What is fixed before the samples are drawn: log(1 / delta_v), lambda, psi(lambda) and c of every account."""

    n_samples: int
    level: Floats
    bet: Floats
    price: Floats
    centre: Floats

    def radius(self, sums: Sums) -> Floats:
        """How far each mean may be off."""
        spread = sums.totals[1] - 2 * self.centre * sums.totals[0] + sums.n_samples * self.centre**2
        radius: Floats = (self.level + self.price * np.maximum(spread, 0.0)) / (self.bet * sums.n_samples)
        return radius


class Estimated(NamedTuple):
    """Means with their radii, and how they came about."""

    mean: Floats
    radius: Floats
    sums: Sums
    n_samples: int
    plans: int

    @property
    def std_error(self) -> Floats:
        """Standard errors of the means."""
        error: Floats = np.sqrt(self.sums.variance / max(1, self.sums.n_samples))
        return error


class Goal(Protocol):
    """When to stop."""

    @property
    def epsilon(self) -> float:
        """The error allowed: the first sample grows with its inverse."""

    @property
    def enough(self) -> float:
        """A radius that meets the goal, if all means have it."""

    def met(self, mean: Floats, radius: Floats) -> bool:
        """Whether the intervals say all that was asked for."""

    def radii(self, before: Sums) -> Floats:
        """What radius each mean should get, as far as a sample can tell."""


@dataclass(frozen=True)
class Within:
    """When to stop: all radii at most `epsilon`, or with `top` the order of the highest right up to 2 `epsilon`."""

    epsilon: float
    top: int | None = None

    @property
    def enough(self) -> float:
        """If all radii are epsilon, the order is right up to 2 epsilon too."""
        return self.epsilon

    def met(self, mean: Floats, radius: Floats) -> bool:
        """Whether the intervals say all that was asked for."""
        if self.top is None:
            return bool(radius.max(initial=0.0) <= self.epsilon)
        order = np.argsort(-mean, kind="stable")
        highest_behind = np.maximum.accumulate((mean + radius)[order][::-1])[::-1][1:]
        k = min(self.top, highest_behind.size)
        return bool((highest_behind[:k] - (mean - radius)[order][:k] <= 2 * self.epsilon).all())

    def radii(self, before: Sums) -> Floats:
        """What radius each mean should get, as far as a sample can tell."""
        mean = before.mean
        if self.top is None:
            return np.full(mean.size, self.epsilon)
        order = np.argsort(-mean, kind="stable")
        ranked = mean[order]
        k = min(self.top, mean.size)
        apart = np.full(mean.size, np.inf)
        gaps = -np.diff(ranked[: k + 1])
        apart[: gaps.size] = gaps
        apart[1 : k + 1] = np.minimum(apart[1 : k + 1], gaps[: mean.size - 1])
        apart[k:] = ranked[k - 1] - ranked[k:]
        radii = np.empty(mean.size)
        # Half of a gap seen in a small sample is believed.
        radii[order] = np.minimum(0.5, self.epsilon + apart / 4)
        return radii


def make_plan(before: Sums, radii: Floats, delta: float) -> Plan:
    """The least sample that promises these radii, as far as `before` can tell."""
    n = radii.size
    # Accounts that no sample has met yet are all alike: they are one row, which counts for many.
    met = np.flatnonzero(before.totals[0])
    unmet = np.flatnonzero(before.totals[0] == 0)[:1]
    rows = np.append(met, unmet)
    counts = np.append(np.ones(met.size), np.full(unmet.size, n - met.size))
    row_of = np.full(n, met.size)
    row_of[met] = np.arange(met.size)
    radii = radii[rows]
    variance = _guess_variance(before, radii, rows)
    gain = radii - variance * np.log1p(radii / variance)
    n_samples = _least(lambda size: 2 * float(counts @ np.exp(-size * gain)) <= (1 - _TAIL_SHARE) * delta)
    level = np.minimum(n_samples * gain, math.log(2 * n / (_TAIL_SHARE * delta)))
    reach = _reach(level / n_samples, variance)
    bet = reach / (reach + variance)
    return Plan(n_samples, level[row_of], bet[row_of], (-np.log1p(-bet) - bet)[row_of], before.mean)


def _guess_variance(before: Sums, radii: Floats, rows: npt.NDArray[np.intp]) -> Floats:
    """A little above what was seen, as a bet that is too low costs less than one that is too high."""
    mean, variance, n_samples = before.mean[rows], before.variance[rows], max(1, before.n_samples)
    # How far an x lies from its mean where it is not near it: all of x where most are 0. Who was met a few times only
    # may just not have shown it yet, and is taken to be like the others.
    pooled = float(variance.sum() / max(float(mean.sum()), 1e-300))
    own = np.maximum(np.divide(variance, mean, out=np.zeros(mean.size), where=mean > 0), np.sqrt(variance))
    unknown = (_MET_OFTEN / (_MET_OFTEN + n_samples * mean)) ** 2
    typical = np.maximum(own, unknown * pooled)
    slack = _SLACK * typical**2 / n_samples
    guess = variance + np.sqrt(2 * variance * slack) + slack
    return np.maximum(guess, _LEAST_VARIANCE * radii)


def _least(enough: Callable[[int], bool]) -> int:
    """The least size that is enough, up to a thousandth."""
    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > max(1, high >> 10):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _reach(per_sample: Floats, variance: Floats) -> Floats:
    """The radius e with e - V log(1 + e / V) = per_sample: Newton's method from above on a convex function."""
    e = per_sample + np.sqrt(2 * per_sample * variance)
    for _ in range(8):
        e = e - (e - variance * np.log1p(e / variance) - per_sample) * (e + variance) / e
    return e


def hoeffding_samples(n: int, epsilon: float, delta: float) -> int:
    """So many samples keep `n` means of numbers in [0, 1] within `epsilon` with probability at least 1 - delta."""
    return math.ceil(math.log(2 * n / delta) / (2 * epsilon**2))


class Whole(NamedTuple):
    """All items there are, for samples that are drawn from so few that they can all be looked at."""

    n_items: int
    means: Callable[[Step], Floats]


def estimate_means(
    n: int,
    draw: Callable[[int, int, Step], Sums],
    goal: Goal,
    delta: float,
    label: str,
    progress: Progress,
    whole: Whole | None = None,
) -> Estimated:
    """Draw until the goal is met.

    Parameters
    ----------
    n : int
        How many means, at least 1.
    draw : callable
        ``draw(start, stop, step)`` gives the sums of the samples with these numbers.
    goal : Goal
        What the intervals must reach.
    delta : float
        With probability at least 1 - delta all intervals hold.
    label : str
        What to call it in the progress bar.
    progress : bool, callable or None
        Show the samples drawn.
    whole : Whole or None, default=None
        Where it is cheaper to look at all items than to draw as many: the answer is exact then, with radii of 0.

    Returns
    -------
    Estimated
    """
    most = hoeffding_samples(n, goal.enough, _LAST_SHARE * delta) if whole is None else whole.n_items
    with track(progress, label, total=most) as step:
        first = min(most, math.ceil(_FIRST_SAMPLE / goal.epsilon))
        if whole is not None and 2 * first >= most:
            return _of_all(whole, step)
        before = draw(0, first, step)
        share, plans = _FIRST_SHARE * delta, 0
        while before.n_samples < most:
            plan = make_plan(before, goal.radii(before), share)
            plans += 1
            first = before.n_samples
            if whole is not None and first + _ROUNDS[0] * plan.n_samples >= most:
                break
            drawn = Sums(0, np.zeros((2, n)))
            for part in _ROUNDS:
                stop = min(most, first + math.ceil(part * plan.n_samples))
                drawn = drawn.plus(draw(first + drawn.n_samples, stop, step))
                if stop == most:
                    break
                radius = plan.radius(drawn)
                if goal.met(drawn.mean, radius):
                    return _estimated(drawn, radius, stop, plans)
            before, share = before.plus(drawn), share * _NEXT_SHARE
        if whole is not None:
            return _of_all(whole, step)
    return _estimated(before, np.full(n, goal.enough), most, plans)


def _of_all(whole: Whole, step: Step) -> Estimated:
    mean = whole.means(step)
    nothing = np.zeros(mean.size)
    return Estimated(mean, nothing, Sums(0, np.zeros((2, mean.size))), 0, 0)


def _estimated(sums: Sums, radius: Floats, n_samples: int, plans: int) -> Estimated:
    return Estimated(sums.mean, radius, sums, n_samples, plans)


def summed(
    function: Callable[..., Floats], task: Any, bounds: Bounds, shape: tuple[int, int], runner: Engine, step: Step
) -> Floats:
    """Add up the chunks in their order, so that rounding is the same however they ran."""
    totals = np.zeros(shape)
    for part in runner.map(function, task, bounds, step=step):
        totals += part
    return totals
