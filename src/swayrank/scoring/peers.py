r"""What accounts like this one usually get: the prior that keeps small numbers honest.

Five reactions could as well have been two, or nine; none could as well have been one. A bootstrap alone cannot know:
it repeats a zero as zero. So an account's figure x, made of pieces of size s, is taken for x / s hits of a Poisson
number whose mean has a prior: the distribution of that mean over the account's peers. The prior is estimated from all
of them by smoothed expectation-maximisation on a grid (Silverman, Jones, Wilson & Nychka 1990, doi:10.1111/
j.2517-6161.1990.tb01788.x; empirical Bayes after Robbins 1956, and Efron 2014, "Two modeling strategies for empirical
Bayes estimation", doi:10.1214/13-STS455). On average over the peers, intervals from it cover as often as they say.

Peers are the accounts of one tier of followers, or the whole network where followers are not known apart from
reactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.ids import read_only

Floats = npt.NDArray[np.float64]

_LEVELS, _FINE_LEVELS = 128, 512  # of the estimate, and of what is drawn from: 3 % apart
_LOWEST = 1e-4  # of one piece
_BANDWIDTH = 0.5  # of the smoothing, in natural logarithms
_ROUNDS = 100
_SAMPLED = 4096  # accounts of a tier that its prior is estimated from
_FEWEST = 200  # accounts that make a tier
_TIER_CUTS = (0.5, 0.8, 0.95)
_BORROWED = 3.0  # pieces of the usual size that join an account's own when its size is estimated
_ENOUGH_SINGLES = 30


@dataclass(frozen=True, eq=False)
class Peers:
    """The prior of one part's figures.

    Attributes
    ----------
    one : numpy.ndarray of float64, shape (n,)
        The size of a piece of each account's figure, positive.
    variance : numpy.ndarray of float64, shape (n,)
        Of each account's figure under the bootstrap.
    tier : numpy.ndarray of uint8, shape (n,)
        Row of `log_prior` that holds for each account.
    levels : numpy.ndarray of float64, shape (n_levels,)
        Ascending, equally spaced in the logarithm.
    log_prior : numpy.ndarray of float64, shape (n_tiers, n_levels)
    """

    one: Floats
    variance: Floats
    tier: npt.NDArray[np.uint8]
    levels: Floats
    log_prior: Floats

    @classmethod
    def of(
        cls, figure: Floats, variance: Floats, n_clusters: npt.NDArray[np.int64], tier: npt.NDArray[np.uint8]
    ) -> Peers:
        """Estimate the prior from every account's figure, >= 0, its variance and its number of clusters."""
        usual = _usual_piece(figure, variance, n_clusters)
        one = (variance + _BORROWED * usual**2) / (figure + _BORROWED * usual)
        highest = 2.0 * max(float(figure.max(initial=0.0)), usual)
        levels = np.geomspace(_LOWEST * usual, highest, _LEVELS)
        priors = [_prior(figure[tier == t], one[tier == t], levels) for t in range(int(tier.max(initial=0)) + 1)]
        fine = np.geomspace(levels[0], levels[-1], _FINE_LEVELS)
        density = np.stack([np.interp(np.log(fine), np.log(levels), np.log(prior)) for prior in priors])
        log_prior = density - np.log(np.exp(density).sum(axis=1, keepdims=True))
        return cls(*(read_only(x) for x in (one, variance, tier, fine, log_prior)))


def tiers_of(followers: npt.NDArray[Any] | None, n: int) -> npt.NDArray[np.uint8]:
    """Every account's tier, from the least followed (0) up; all are of one where followers are not known."""
    if followers is None or n < len(_TIER_CUTS) * _FEWEST:
        return np.zeros(n, np.uint8)
    cuts: list[float] = []
    for share in _TIER_CUTS:
        cut = float(np.quantile(followers, share, method="inverted_cdf"))
        below = np.count_nonzero(followers <= cut) - (np.count_nonzero(followers <= cuts[-1]) if cuts else 0)
        if below >= _FEWEST and np.count_nonzero(followers > cut) >= _FEWEST:
            cuts.append(cut)
    return np.searchsorted(np.array(cuts), followers, side="left").astype(np.uint8)


def _usual_piece(figure: Floats, variance: Floats, n_clusters: npt.NDArray[np.int64]) -> float:
    """The size of a piece of a small figure: the root mean square of what accounts with one cluster got from it.

    Their mean is too small a unit, since pieces differ, and the mean weighted by the pieces themselves, which the
    variance asks for, too large where a few posts went far; counted on towns, the mean between them covers as it says.
    """
    most = int(n_clusters.max(initial=0))
    for few in (1, 2, 4, 8, 16, most):
        chosen = (n_clusters > 0) & (n_clusters <= few) & (figure > 0)
        if few == most or np.count_nonzero(chosen) >= _ENOUGH_SINGLES:
            break
    if not chosen.any():
        return 1.0
    return float(np.sqrt(np.sort(variance[chosen]).sum() / n_clusters[chosen].sum()))


def _prior(figure: Floats, one: Floats, levels: Floats) -> Floats:
    """The distribution of means over `levels` under which these figures are likely, smooth in the logarithm."""
    order = np.lexsort((one, figure))
    chosen = order[np.linspace(0, order.size - 1, min(order.size, _SAMPLED)).astype(np.int64)]
    hits = (figure[chosen] / one[chosen])[:, None]
    log_likelihood = hits * np.log(levels) - levels / one[chosen][:, None]
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True, initial=-np.inf))
    step = float(np.log(levels[1] / levels[0]))
    reach = int(np.ceil(3 * _BANDWIDTH / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / _BANDWIDTH) ** 2)
    prior = np.full(levels.size, 1.0 / levels.size)
    for _ in range(_ROUNDS if chosen.size else 0):
        share = np.einsum("ij,j->i", likelihood, prior)  # not @: BLAS sums in an order that depends on its threads
        prior = prior * np.einsum("ij,i->j", likelihood, 1.0 / share) / chosen.size
        prior = np.convolve(prior, kernel / kernel.sum())[reach:-reach]
        prior /= prior.sum()
    smallest: Floats = np.maximum(prior, 1e-12)
    return smallest
