r"""How sure an experiment is to see a lift: power, the lift that can be seen, and the accounts that it takes.

*Power* is the chance that the interval of the difference in means lies above 0 when the true lift is what was asked
for. A lift multiplies what every treated account gets, so that their spread grows with it. With n accounts, of which
`share` are treated, the outcome's mean :math:`\mu` and standard deviation :math:`s`, lift :math:`l` and design
effect D,

.. math:: V = D s^2 \Big( \frac{(1 + l)^2}{n \, share} + \frac{1}{n (1 - share)} \Big), \qquad
          power = F\Big( \frac{l \mu}{\sqrt V} - t \Big)

where F is Student's distribution with as many degrees of freedom as there are units of chance less two (accounts;
clusters where those are assigned), and t its quantile at 1 - alpha / 2. This takes means of the outcome as normal,
which means of skewed counts are only over many accounts; :func:`draw_experiments` draws the accounts' own outcomes.
Without a baseline the unit is the standard deviation, and the treated spread as the others do.

Sources: Bloom (1995), "Minimum detectable effects", doi:10.1177/0193841X9501900504 (the two quantiles); Kish (1965),
"Survey sampling", and Donner & Klar (2000), "Design and analysis of cluster randomization trials" (the design effect);
Deng, Xu, Kohavi & Walker (2013), doi:10.1145/2433396.2433413 (CUPED: variance times 1 - rho^2).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key
from swayrank.errors import ParameterError
from swayrank.ids import read_only
from swayrank.kernels.assign import resampled_moments
from swayrank.kernels.random import RESAMPLE

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_DRAWS = 2_000_000_000
TOO_MUCH = 0.2
"""Where one unit holds more of the variance than this, intervals of means may miss more often than they say."""
_RUNS_AT_ONCE = 512


class Noise(NamedTuple):
    """What a lift has to be told from.

    Attributes
    ----------
    mean, std : float
        Of the outcome per account; 0 and 1 where no baseline is known.
    design_effect : float
        By how much assigning whole clusters raises the variance.
    unit_size : float
        Accounts per unit of chance.
    share : float
        Of the accounts that are treated.
    alpha : float
        Two-sided.
    """

    mean: float
    std: float
    design_effect: float
    unit_size: float
    share: float
    alpha: float

    def growth(self, effect: float) -> float:
        """What the effect multiplies the treated outcomes by."""
        return 1.0 + effect / self.mean if self.mean > 0 else 1.0

    def freedom(self, n: float) -> float:
        """Degrees of freedom of n accounts' difference."""
        return max(n / self.unit_size - 2.0, 1.0)


def power_for(noise: Noise, n: int, effect: float) -> float:
    """The power to see an effect (per account) with n accounts.

    >>> round(power_for(Noise(0.0, 1.0, 1.0, 1.0, 0.5, 0.05), 786, 0.2), 3)
    0.8
    """
    from scipy.special import stdtr

    noise_variance = _variance(noise, effect) / n
    if noise_variance == 0:
        return 1.0
    df = noise.freedom(n)
    return float(stdtr(df, effect / math.sqrt(noise_variance) - critical(noise.alpha, df)))


def effect_for(noise: Noise, n: int, power: float) -> float:
    """The least effect that n accounts see with that power; infinite where no effect is large enough.

    >>> round(effect_for(Noise(0.0, 1.0, 1.0, 1.0, 0.5, 0.05), 786, 0.8), 3)
    0.2
    """
    a = _multiplier(noise, n, power) ** 2 * noise.design_effect * noise.std**2 / n
    rest = a * (1 / noise.share + 1 / (1 - noise.share))
    if noise.mean <= 0:
        return math.sqrt(rest)
    # effect**2 = a ((1 + effect / mean)**2 / share + 1 / (1 - share))
    grown = a / noise.share / noise.mean
    square = 1.0 - grown / noise.mean
    if square <= 0:
        return math.inf
    return (grown + math.sqrt(grown**2 + square * rest)) / square


def accounts_for(noise: Noise, effect: float, power: float) -> int:
    """How many accounts see an effect with that power.

    >>> accounts_for(Noise(0.0, 1.0, 1.0, 1.0, 0.5, 0.05), 0.2, 0.8)
    787
    """
    n = 1e12
    for _ in range(100):  # the quantiles depend on n a little, and less with every pass
        before = n
        n = max(_multiplier(noise, n, power) ** 2 * _variance(noise, effect) / effect**2, 4 * noise.unit_size)
        if abs(n - before) < 1e-6 * n:
            break
    return math.ceil(n - 1e-6)


def critical(alpha: float, df: float) -> float:
    """Student's two-sided quantile."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - alpha / 2))


def _multiplier(noise: Noise, n: float, power: float) -> float:
    from scipy.special import stdtrit

    df = noise.freedom(n)
    return critical(noise.alpha, df) + float(stdtrit(df, power))


def _variance(noise: Noise, effect: float) -> float:
    """Of the difference in means, times the number of accounts."""
    arms = noise.growth(effect) ** 2 / noise.share + 1 / (1 - noise.share)
    return noise.design_effect * noise.std**2 * arms


def intraclass_correlation(values: Floats, group: Ints) -> float:
    """The share of the variance that lies between groups, by one-way analysis of variance, in [0, 1].

    Parameters
    ----------
    values : numpy.ndarray of float64, shape (n,)
        NaN is left out.
    group : numpy.ndarray of int64, shape (n,)

    References
    ----------
    Donner & Koval (1980), "The estimation of intraclass correlation in the analysis of family data".

    Examples
    --------
    >>> intraclass_correlation(np.array([1.0, 1.0, 5.0, 5.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    known = ~np.isnan(values)
    _, group = np.unique(group[known], return_inverse=True)
    values = values[known]
    sizes = np.bincount(group).astype(np.float64)
    n, k = values.size, sizes.size
    if k < 2 or n == k:
        return 0.0
    means = np.bincount(group, values) / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (k - 1)
    within = float(((values - means[group]) ** 2).sum()) / (n - k)
    typical = (n - float((sizes**2).sum()) / n) / (k - 1)
    whole = between + (typical - 1) * within
    return min(max((between - within) / whole, 0.0), 1.0) if whole > 0 else 0.0


# -- by simulation -----------------------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """Means and their variances in many experiments without a lift: each of shape (n_runs,)."""

    treated: Floats
    treated_variance: Floats
    control: Floats
    control_variance: Floats
    freedom: int

    def power(self, noise: Noise, effect: float) -> float:
        """The share of the experiments that would see the effect."""
        growth = noise.growth(effect)
        gap = growth * self.treated - self.control if noise.mean > 0 else self.treated + effect - self.control
        spread = np.sqrt(growth**2 * self.treated_variance + self.control_variance)
        seen = gap > critical(noise.alpha, max(self.freedom, 1)) * spread
        return float(np.count_nonzero(seen & (spread > 0))) / gap.size


def draw_experiments(total: Floats, size: Floats, noise: Noise, n: int, n_runs: int, key: Key) -> Drawn:
    """Draw experiments with n accounts from units' own outcomes, with replacement.

    Parameters
    ----------
    total, size : numpy.ndarray of float64, shape (n_units,)
        Each unit's summed outcome and number of accounts.
    noise : Noise
        For the share that is treated and the accounts per unit.
    n, n_runs : int
        Accounts of an experiment, and how many experiments.
    key : Key
        Randomness: experiment i draws from the stream of i.

    Raises
    ------
    ParameterError
        If that takes more than 2e9 draws.
    """
    n_units = max(4, round(n / noise.unit_size))
    if n_units * n_runs > MOST_DRAWS:
        raise ParameterError(
            f"method 'simulation' would draw {n_units * n_runs:,} outcomes, more than {MOST_DRAWS:,}; lower n_runs, or "
            "take method 'normal', which is right for so many accounts"
        )
    treated = min(max(2, round(noise.share * n_units)), n_units - 2)
    n_drawn = read_only(np.array([treated, n_units - treated], np.uint64))
    moments = np.empty((n_runs, 2, 5))
    for first in range(0, n_runs, _RUNS_AT_ONCE):
        part = moments[first : first + _RUNS_AT_ONCE]
        resampled_moments(
            key.hi, key.lo, np.uint64(RESAMPLE), np.uint64(first), n_drawn, read_only(total), read_only(size), part
        )
    means, variances = [], []
    for arm in range(2):
        sizes, totals, squares, crossed, sizes_squared = moments[:, arm].T
        mean = totals / sizes
        residual = np.maximum(squares - 2 * mean * crossed + mean**2 * sizes_squared, 0.0)
        k = float(n_drawn[arm])
        means.append(mean)
        variances.append(k / (k - 1) * residual / sizes**2)
    return Drawn(means[0], variances[0], means[1], variances[1], n_units - 2)


def simulated_effect(drawn: Drawn, noise: Noise, power: float, guess: float) -> float:
    """The least effect that a share `power` of the experiments would see; infinite where none is large enough."""
    high = guess if math.isfinite(guess) and guess > 0 else max(noise.mean, noise.std)
    for _ in range(60):
        if drawn.power(noise, high) >= power:
            break
        high *= 2
    else:
        return math.inf
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if drawn.power(noise, middle) >= power else (middle, high)
    return high


def simulated_accounts(
    total: Floats, size: Floats, noise: Noise, effect: float, power: float, n_runs: int, key: Key
) -> int:
    """How many accounts see the effect in a share `power` of the experiments, to 1 %."""

    def enough(n: int) -> bool:
        return draw_experiments(total, size, noise, n, n_runs, key).power(noise, effect) >= power

    high = accounts_for(noise, effect, power)
    while not enough(high):
        high *= 2
    low = high // 2
    while low > 8 and enough(low):
        low, high = low // 2, low
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
