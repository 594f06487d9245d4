"""What a campaign's holdout needs: who is treated and who is not, and how small a lift that could show.

*Assignment.* Accounts (or whole clusters of them) are put into strata of alike ones and shuffled within each by a
number that depends on `rng` and the account's id alone, so that the order of rows changes nothing. The first of each
stratum enter the experiment, and the first of those are treated; quotas are rounded from one random start, so that
every account has the same chance of both.

*Power.* See :mod:`swayrank.validation.power`. Two of the number of accounts, the lift and the power give the third.
Spread comes from the `baseline`, an outcome like the one to be measured, over a stretch of time as long; what an
earlier outcome (`before`) or a known `correlation` explains of it is taken off, as `measure_lift` will (CUPED). What
strata gain is not counted on: they are cut from the same past as the baseline, and would look better than they are.

*Interference.* Treated accounts reach the others through the graph, which hides part of any lift. With `graph` the plan
says how much there is of that; `clusters` assigns communities whole, at the price of the design effect
1 + (m - 1) ICC, where m is the mean size of the cluster that an account is in, and ICC the share of the baseline's
variance that lies between clusters (one-way analysis of variance).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.community.detect import Communities
from swayrank.validation import power as sums
from swayrank.validation.account_values import Candidates, candidates_of, earlier_values, values_of
from swayrank.validation.assignment import (
    Placed,
    Units,
    assigned,
    cluster_labels,
    exposure_of,
    strata_of_units,
    stratifier_of,
    units_of,
)
from swayrank.validation.experiment_plan import ExperimentPlan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_USUAL_POWER = 0.8


@domains(
    correlation=Optional(Interval(-1, 1, "()")),
    n_strata=Integer(1, 1000),
    share=Interval(0, 1, "()"),
    n_accounts=Optional(Integer(4)),
    lift=Optional(Interval(0, math.inf, "()")),
    effect=Optional(Interval(0, math.inf, "()")),
    power=Optional(Interval(0, 1, "()")),
    alpha=Interval(0, 1, "()"),
    icc=Optional(Interval(0, 1)),
    method=OneOf("normal", "simulation"),
    n_runs=Integer(100),
)
def plan_experiment(
    accounts: Any,
    *,
    baseline: Any = None,
    before: Any = None,
    correlation: float | None = None,
    outcome: str = "reposts_received",
    start: Any = None,
    end: Any = None,
    stratify: Any = None,
    n_strata: int = 4,
    share: float = 0.5,
    n_accounts: int | None = None,
    lift: float | None = None,
    effect: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    clusters: Communities | Mapping[Any, Any] | Any = None,
    icc: float | None = None,
    graph: Graph | None = None,
    method: str = "normal",
    n_runs: int = 2000,
    rng: Rng = None,
) -> ExperimentPlan:
    """Assign accounts to treatment and control, and say how small a lift the comparison can show.

    Parameters
    ----------
    accounts : Scores, Measure, mapping of account to number, Graph, or ids
        The candidates.
    baseline : Events, Measure, mapping or array of float, shape (n,), optional
        An outcome like the one to be measured, per account; an array in the order of `accounts`. From Events it is
        `outcome`, counted from `start` and before `end`.
    before : Measure, mapping or array of float, shape (n,), optional
        The outcome of an earlier time, as `measure_lift` will be given one (from a log: a measure of
        ``events.between(...)``).
    correlation : float or None, default=None
        How the outcome goes with the earlier one, in (-1, 1), where that is known and `before` is not given.
    outcome : {"reposts_received", "engagement_received", "distinct_engagers", "posts_published", "engagement_given"}
        What to count in a log; the first by default.
    start, end : time, optional
        Of the log's rows that count.
    stratify : "none", "baseline", Tiers, Measure, Scores, mapping or array, optional
        What alike accounts are alike in: numbers are cut into `n_strata` parts of about the same size (equal ones stay
        together), words are taken as they are. By default what came with `accounts`, else the baseline, else nothing.
    n_strata : int, default=4
        How many parts; fewer where that leaves fewer than four accounts (or clusters) in each.
    share : float, default=0.5
        Of the accounts to treat, in (0, 1).
    n_accounts : int or None, default=None
        How many accounts take part.
    lift : float or None, default=None
        The lift to see, as a share of the baseline's mean: 0.1 for 10 %.
    effect : float or None, default=None
        The same per account, in the outcome's unit; in standard deviations without a baseline.
    power : float or None, default=None
        The chance to see it.
    alpha : float, default=0.05
        Two-sided: the chance to see a lift where there is none, half of it on each side.
    clusters : Communities, mapping of account to label, or array of labels, shape (n,), optional
        Assign whole clusters. Accounts without one (-1, or not in the mapping) are clusters of one.
    icc : float or None, default=None
        Intraclass correlation of the outcome, if known; by default from the baseline.
    graph : Graph or None, default=None
        To tell how far control accounts are reached by the treatment.
    method : {"normal", "simulation"}, default="normal"
        The formula, or power counted over `n_runs` experiments with outcomes drawn from the baseline.
    n_runs : int, default=2000
        Experiments to simulate: a power of 0.8 is then known to within 0.018 (95 %).
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.

    Returns
    -------
    ExperimentPlan

    Raises
    ------
    ParameterError
        For a value outside its domain; if all three of `n_accounts`, `lift` (or `effect`) and `power` are given; if the
        candidates are too few for what is asked; a lift without a baseline; clusters without a baseline or `icc`.

    Notes
    -----
    Of the number of accounts, the lift and the power the one that is missing is computed. Where more are missing, all
    candidates take part, and the power is 0.8. O(n log n), and O(n_runs * accounts) for simulations (a few dozen times
    that where they look for the number of accounts).

    References
    ----------
    Bloom (1995), doi:10.1177/0193841X9501900504; Deng, Xu, Kohavi & Walker (2013), doi:10.1145/2433396.2433413;
    Donner & Klar (2000), "Design and analysis of cluster randomization trials in health research".

    Examples
    --------
    Forty accounts with reposts from 0 to 19, and half of them to be treated:

    >>> from swayrank.validation.experiment import plan_experiment
    >>> past = {f"a{k}": k % 20 for k in range(40)}
    >>> plan = plan_experiment(past, baseline=past, n_strata=2, rng=7)
    >>> plan
    experiment with 40 of 40 accounts: 20 in treatment, 20 in control
    power         0.8 to see a lift of 82.1 % (7.8 per account), at a two-sided alpha of 0.05
    outcome       mean 9.5, standard deviation 5.84
    stratum         treatment  control
    value 0 to 9           10       10
    value 10 to 19         10       10
    >>> round(plan_experiment(past, baseline=past, lift=0.5, rng=7).power, 3)
    0.497
    >>> plan.to_frame().head(2)
      account      arm       stratum
    0      a0  control  value 0 to 9
    1      a1  control  value 0 to 9
    """
    given = candidates_of(accounts)
    asked = _Asked.of(n_accounts, lift, effect, power, has_baseline=baseline is not None)
    key = resolve_rng(rng)
    order = np.argsort(given.ids.hashes(), kind="stable")  # from here on, rows in an order that the input has no say in
    values = _values(given, baseline, before, outcome, start, end, order)
    label = cluster_labels(clusters, given.ids, order)
    units = units_of(label, given.ids.hashes()[order])
    noise, adjusted, rho, known_icc = _noise(values, units, label is not None, correlation, icc, share, alpha)
    strata, names = strata_of_units(stratifier_of(stratify, given, values.baseline, order), units, n_strata)
    outcomes = _UnitOutcomes.of(adjusted, units, n_runs, key) if method == "simulation" else None
    if outcomes is not None and baseline is None:
        raise ParameterError("method 'simulation' draws from a baseline; give one, or take method 'normal'")
    n, effect, power = asked.settled(noise, len(given.ids), outcomes)
    arm = assigned(strata, units, min(n, len(given.ids)), share, key)
    in_order = Placed(order)
    arms = in_order(arm[units.of].astype(np.int8))
    return ExperimentPlan(
        ids=given.ids,
        arm=arms,
        stratum=in_order(strata[units.of]),
        cluster=None if label is None else in_order(units.of),
        strata=names,
        power=power,
        effect=effect,
        lift=effect / noise.mean if noise.mean > 0 else math.nan,
        alpha=alpha,
        noise=noise,
        correlation=rho,
        icc=known_icc,
        concentration=_concentration(adjusted, units),
        exposure=None if graph is None else exposure_of(graph, given.ids, arms),
        params={"method": method, "computed": asked.missing, "share": share, "rng": key.record, "outcome": outcome}
        | ({"n_runs": n_runs} if method == "simulation" else {}),
    )


# -- what was asked ----------------------------------------------------------------------------------------------------


class _Asked(NamedTuple):
    """Two of number, effect and power (or fewer: then all accounts, and a power of 0.8)."""

    n: int | None
    lift: float | None
    effect: float | None
    power: float | None

    @classmethod
    def of(
        cls, n: int | None, lift: float | None, effect: float | None, power: float | None, *, has_baseline: bool
    ) -> _Asked:
        if lift is not None and effect is not None:
            raise ParameterError(f"give lift or effect, got lift={lift:g} and effect={effect:g}")
        if lift is not None and not has_baseline:
            raise ParameterError(
                f"lift={lift:g} is a share of the outcome's mean, which only a baseline tells; give one, or an effect "
                "in standard deviations"
            )
        size = lift is not None or effect is not None
        if n is not None and size and power is not None:
            raise ParameterError("give two of n_accounts, lift (or effect) and power; the third follows from them")
        return cls(n, lift, effect, power)

    @property
    def missing(self) -> str:
        if self.lift is None and self.effect is None:
            return "lift"
        return "power" if self.power is None else "n_accounts"

    def settled(self, noise: sums.Noise, available: int, outcomes: _UnitOutcomes | None) -> tuple[int, float, float]:
        """Number of accounts, effect and power."""
        if self.lift is not None and noise.mean <= 0:
            raise ParameterError(f"lift needs a baseline with a mean above 0, got {noise.mean:g}; ask for an effect")
        effect = self.effect if self.lift is None else self.lift * noise.mean
        n = available if self.n is None else self.n
        if n > available:
            raise ParameterError(f"n_accounts must be at most the {available:,} candidates, got {n:,}")
        if effect is None:
            power = _USUAL_POWER if self.power is None else self.power
            return n, self._effect(noise, n, power, outcomes), power
        if self.power is None:
            power = (
                sums.power_for(noise, n, effect) if outcomes is None else outcomes.drawn(noise, n).power(noise, effect)
            )
            return n, effect, power
        n = self._accounts(noise, effect, self.power, outcomes)
        if n > available:
            seen = self._effect(noise, available, self.power, outcomes)
            least = f"a lift of {100 * seen / noise.mean:.3g} %" if noise.mean > 0 else f"an effect of {seen:.3g}"
            raise ParameterError(
                f"to see that with power {self.power:g} takes {n:,} accounts, and there are {available:,}; with all of "
                f"them {least} can be seen"
            )
        return n, effect, self.power

    @staticmethod
    def _effect(noise: sums.Noise, n: int, power: float, outcomes: _UnitOutcomes | None) -> float:
        effect = sums.effect_for(noise, n, power)
        return effect if outcomes is None else sums.simulated_effect(outcomes.drawn(noise, n), noise, power, effect)

    @staticmethod
    def _accounts(noise: sums.Noise, effect: float, power: float, outcomes: _UnitOutcomes | None) -> int:
        if outcomes is None:
            return sums.accounts_for(noise, effect, power)
        return sums.simulated_accounts(
            outcomes.total, outcomes.size, noise, effect, power, outcomes.n_runs, outcomes.key
        )


class _UnitOutcomes(NamedTuple):
    """Units' own outcomes, to draw experiments from."""

    total: Floats
    size: Floats
    n_runs: int
    key: Key

    @classmethod
    def of(cls, adjusted: Floats, units: Units, n_runs: int, key: Key) -> _UnitOutcomes:
        known = ~np.isnan(adjusted)
        total = np.bincount(units.of[known], adjusted[known], minlength=units.key.size).astype(np.float64)
        size = np.bincount(units.of[known], minlength=units.key.size).astype(np.float64)
        return cls(total[size > 0], size[size > 0], n_runs, key)

    def drawn(self, noise: sums.Noise, n: int) -> sums.Drawn:
        return sums.draw_experiments(self.total, self.size, noise, n, self.n_runs, self.key)


# -- outcomes and units ------------------------------------------------------------------------------------------------


class _Values(NamedTuple):
    """The baseline and the earlier outcome, NaN where unknown; None where not given."""

    baseline: Floats | None
    before: Floats | None


def _values(given: Candidates, baseline: Any, before: Any, outcome: str, start: Any, end: Any, order: Ints) -> _Values:
    if baseline is None and (before is not None or start is not None or end is not None):
        raise ParameterError("before, start and end go with a baseline, and none was given")
    if baseline is None:
        return _Values(None, None)
    now = values_of(baseline, given.ids, "baseline", outcome=outcome, start=start, end=end)[order]
    if np.count_nonzero(~np.isnan(now)) < 4:
        raise ParameterError(f"baseline must tell of at least 4 of the accounts, got {int((~np.isnan(now)).sum())}")
    earlier = None if before is None else earlier_values(before, given.ids)[order]
    return _Values(now, earlier)


# -- noise -------------------------------------------------------------------------------------------------------------


def _noise(
    values: _Values,
    units: Units,
    clustered: bool,
    correlation: float | None,
    icc: float | None,
    share: float,
    alpha: float,
) -> tuple[sums.Noise, Floats, float, float]:
    """The noise, the outcomes that it is of, the correlation and the ICC."""
    sizes = units.size.astype(np.float64)
    if units.key.size < 4:
        raise ParameterError(
            f"an experiment takes at least 4 {'clusters' if clustered else 'accounts'}, got {sizes.size}"
        )
    if correlation is not None and values.before is not None:
        raise ParameterError("give before or correlation, not both: the correlation is measured where before is known")
    rho = correlation or 0.0
    if values.baseline is None:
        mean, std, adjusted = 0.0, math.sqrt(1 - rho**2), np.zeros(0)
    else:
        adjusted, rho = _adjusted(values.baseline, values.before, rho)
        known = adjusted[~np.isnan(adjusted)]
        mean, std = float(known.mean()), float(known.std(ddof=1))
    effect_of_clusters, unit_size = 1.0, 1.0
    if not clustered:
        icc = 0.0
    else:
        if icc is None:
            if values.baseline is None:
                raise ParameterError("clusters need a baseline, or icc, to tell how alike accounts of a cluster are")
            icc = sums.intraclass_correlation(adjusted, units.of)
        unit_size = float(sizes.mean())
        effect_of_clusters = 1.0 + (float((sizes**2).sum() / sizes.sum()) - 1.0) * icc
    return sums.Noise(mean, std, effect_of_clusters, unit_size, share, alpha), adjusted, rho, icc


def _concentration(adjusted: Floats, units: Units) -> float:
    """The largest share of the units' squared distances from the mean."""
    known = ~np.isnan(adjusted)
    if not known.any():
        return 0.0
    away = np.where(known, adjusted - adjusted[known].mean(), 0.0)
    squares = np.bincount(units.of[: away.size], away, minlength=units.key.size) ** 2
    return float(squares.max() / squares.sum()) if squares.any() else 0.0


def _adjusted(baseline: Floats, before: Floats | None, rho: float) -> tuple[Floats, float]:
    """The baseline less what the earlier outcome explains, and how they correlate."""
    known = ~np.isnan(baseline)
    mean = baseline[known].mean()
    if before is None:
        return mean + (baseline - mean) * math.sqrt(1 - rho**2), rho
    both = known & ~np.isnan(before)
    if np.count_nonzero(both) < 4:
        raise ParameterError(f"before must tell of at least 4 accounts of the baseline, got {int(both.sum())}")
    slope, rho = _slope(baseline[both], before[both])
    away = np.where(np.isnan(before), 0.0, before - before[both].mean())
    return baseline - slope * away, rho


def _slope(y: Floats, x: Floats) -> tuple[float, float]:
    """Of y on x, and their correlation; 0 where one of them never varies."""
    dy, dx = y - y.mean(), x - x.mean()
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    return (xy / xx, xy / math.sqrt(xx * yy)) if xx > 0 and yy > 0 else (0.0, 0.0)
