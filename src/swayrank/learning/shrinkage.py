"""What arcs with little history are taken for: like the influencer's other arcs, and those like the network's.

Arc (v, u) has c successes in n trials. Its probability is thought of as drawn from ``Beta(k * m_u, k * (1 - m_u))``
around the mean m_u of its influencer u over all followers, so that the estimate is
``(c + k * m_u) / (n + k)``: as if u had tried k times more, with its usual success.

- k = 1 / rho - 1, where rho is the intraclass correlation of trials on the same arc, by analysis of variance among the
  arcs of the same influencer (Ridout, Demetrio & Firth 1999), with F the ratio of mean squares:
  ``rho = (F - 1) / (F - 1 + trials per arc)``;
- m_u is u's own share of successes shrunk toward the network's, ``(E_u * share_u + k0 * mean) / (E_u + k0)``: E_u is
  how many independent trials u's are worth, ``n_u / (1 + rho * (sum(n**2) / n_u - 1))``, and k0 comes from the variance
  among influencers by the method of moments (Kleinman 1973).

From few arcs k is known badly, and too large a k gives intervals that are too narrow. So F is not taken as it comes
out, but at the upper end of its one-sided 90 % limits, which little data raise much and much data hardly. Neither k nor
k0 exceeds the number of arcs or influencers that it was estimated from, and both are at least 1.

References
----------
Kleinman (1973), "Proportions with extraneous variance: single and independent samples", JASA 68.
Ridout, Demetrio & Firth (1999), "Estimating intraclass correlation for binary data", Biometrics 55.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._validate import Interval
from swayrank.errors import ParameterError
from swayrank.ids import read_only
from swayrank.kernels.learn import sums_by_influencer

Floats = npt.NDArray[np.float64]
Prior = str | tuple[float, float] | None

NAMED = ("influencer", "network")
_WEAKEST = 1.0
_SURE = 0.9


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Pseudo-observations on arcs to each influencer, and where they come from.

    Attributes
    ----------
    successes, failures : numpy.ndarray of float64, shape (n_nodes,), or (0,) without a prior
    record : dict of str to object
        In a few numbers, for parameters.
    """

    successes: Floats
    failures: Floats
    record: dict[str, object]

    @property
    def are_there(self) -> bool:
        """Whether there is any prior."""
        return self.record["prior"] is not None


def check_prior(prior: object) -> None:
    """Raise :class:`ParameterError` unless `prior` is a name, None or a pair of positive numbers.

    >>> check_prior((1, 0))
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: prior must be 'influencer', 'network', None or two numbers > 0 (successes and
    failures to add), got (1, 0)
    """
    positive = Interval(0, np.inf, "()")
    pair = isinstance(prior, tuple | list) and len(prior) == 2 and all(positive.holds(x) for x in prior)
    if not pair and prior is not None and prior not in NAMED:
        raise ParameterError(
            "prior must be 'influencer', 'network', None or two numbers > 0 (successes and failures to add), "
            f"got {prior!r}"
        )


def beliefs(
    prior: Prior,
    won: Floats,
    of: Floats,
    influencer: npt.NDArray[np.uint32],
    n_nodes: int,
    *,
    varied: Floats | None = None,
) -> Beliefs:
    """The pseudo-observations on arcs to each influencer.

    Parameters
    ----------
    prior : {"influencer", "network"}, pair or None
        Toward what to shrink; a pair is the same for every arc.
    won, of : numpy.ndarray of float64, shape (n_arcs,)
        Successes (or credit) and trials.
    influencer : numpy.ndarray of uint32, shape (n_arcs,)
        Whom each arc leads to.
    n_nodes : int
        Number of accounts.
    varied : numpy.ndarray of float64, shape (n_arcs,), optional
        Whole successes, where `won` is credit: how far arcs differ is told from them, since credit that is dealt among
        several varies less than trials do.

    Examples
    --------
    >>> won, of = np.array([9.0, 1.0, 0.0, 0.0]), np.array([10.0, 10.0, 10.0, 0.0])
    >>> found = beliefs("influencer", won, of, np.array([0, 0, 1, 1], np.uint32), 2)
    >>> found.record["strength"], (found.successes / (found.successes + found.failures)).round(2)
    (1.0, array([0.45, 0.17]))
    """
    check_prior(prior)
    if prior is None:
        return Beliefs(np.empty(0), np.empty(0), {"prior": None})
    if not isinstance(prior, str):
        a, b = (float(x) for x in prior)
        return Beliefs(np.full(n_nodes, a), np.full(n_nodes, b), {"prior": (a, b)})
    arcs = _Sums.of(won, of, influencer, n_nodes)
    groups = arcs if prior == "influencer" else arcs.together()
    mean = (float(arcs.hits.sum()) + 0.5) / (float(arcs.total.sum()) + 1.0)
    differ = groups
    if varied is not None:
        whole = _Sums.of(varied, of, influencer, n_nodes)
        differ = whole if prior == "influencer" else whole.together()
    rho, strength = _within(differ)
    means = np.full(n_nodes, mean)
    record: dict[str, object] = {"prior": prior, "mean": mean, "strength": strength}
    if prior == "influencer":
        means, record["strength_of_network"] = _means(groups, rho, mean)
    successes = strength * means
    return Beliefs(successes, strength - successes, record)


class _Sums(NamedTuple):
    """Successes, trials, squared trials and tried arcs of each group; what `sums_by_influencer` adds up over all."""

    hits: Floats
    total: Floats
    squares: Floats
    n_arcs: npt.NDArray[np.int64]
    sums: Floats

    @classmethod
    def of(cls, won: Floats, of: Floats, influencer: npt.NDArray[np.uint32], n_groups: int) -> _Sums:
        hits, total, squares = np.zeros((3, n_groups))
        n_arcs, sums = np.zeros(n_groups, np.int64), np.zeros(4)
        sums_by_influencer(read_only(won), read_only(of), read_only(influencer), hits, total, squares, n_arcs, sums)
        return cls(hits, total, squares, n_arcs, sums)

    def together(self) -> _Sums:
        """All arcs as one group."""
        hits, total, squares, n_arcs = (np.array([part.sum()]) for part in self[:4])
        return _Sums(hits, total, squares, n_arcs, self.sums)


def _within(groups: _Sums) -> tuple[float, float]:
    """The intraclass correlation of trials on an arc, and how many trials the prior counts for."""
    there = groups.total > 0
    hits, total, squares = groups.hits[there], groups.total[there], groups.squares[there]
    of_arcs, within_sum, within_dof, n_arcs = (float(x) for x in groups.sums)
    between_dof = n_arcs - hits.size
    if between_dof <= 0 or within_dof <= 0:
        return 0.0, _WEAKEST
    between = max(of_arcs - float((hits * hits / total).sum()), 0.0) / between_dof
    within = within_sum / within_dof
    if within <= 0:
        return 1.0, _WEAKEST
    usual = float((total - squares / total).sum()) / between_dof
    ratio = between / within / _lower_quantile(between_dof, within_dof)
    rho = min(max((ratio - 1.0) / (ratio + usual - 1.0), 0.0), 1.0)
    return rho, _strength(rho, between_dof)


def _means(groups: _Sums, rho: float, mean: float) -> tuple[Floats, float]:
    """Every influencer's mean, shrunk toward the network's, and how many trials that one counts for."""
    hits, total, squares = groups.hits, groups.total, groups.squares
    there = total > 0
    share, worth = np.zeros(total.size), np.zeros(total.size)
    share[there] = hits[there] / total[there]
    worth[there] = total[there] / (1.0 + rho * (squares[there] / total[there] - 1.0))
    n, size = int(there.sum()), float(worth.sum())
    strength = _WEAKEST
    if n > 1:
        centre = float((worth * share).sum()) / size
        apart = float((worth * (share - centre) ** 2).sum())
        noise = centre * (1.0 - centre) * (n - 1)
        most = centre * (1.0 - centre) * (size - float((worth * worth).sum()) / size)
        strength = _strength((apart - noise) / (most - noise) if most > noise else 0.0, n - 1)
    means: Floats = (worth * share + strength * mean) / (worth + strength)
    return means, strength


def _lower_quantile(dof_above: float, dof_below: float) -> float:
    """The tenth percentile of F, by which an observed F is divided for its upper limit."""
    from scipy.special import fdtri

    return float(fdtri(dof_above, dof_below, 1.0 - _SURE))


def _strength(rho: float, dof: float) -> float:
    """1 / rho - 1, at least 1 and at most what it was estimated from."""
    if rho <= 0.0:
        return max(_WEAKEST, dof)
    return min(max(_WEAKEST, 1.0 / rho - 1.0), max(_WEAKEST, dof))
