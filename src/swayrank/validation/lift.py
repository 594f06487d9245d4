r"""What a campaign did: the difference between treated accounts and those that an experiment held back.

With strata s of N_s accounts (N in all), the effect is the sum over strata of N_s / N times the difference in means,
and its variance the sum of (N_s / N)^2 times the two arms' variances of means (Neyman 1923). Where clusters were
assigned, an arm's mean is over all its accounts, and its variance comes from clusters' residual sums (robust to
whatever goes on within them); an account by itself is a cluster of one. Strata with fewer than two units in an arm are
taken together with the smallest other one.

*CUPED* (Deng, Xu, Kohavi & Walker 2013): with outcomes from before, x, every outcome becomes y - theta (x - mean x),
where theta is the slope of y on x within strata, arms together. An account without an earlier outcome keeps its own.

*Intervals*: of the effect by Student's distribution, with units less two per stratum as degrees of freedom; of the
relative lift by Fieller (1954), so that it leaves out 0 exactly where the effect's does; it has no end where the
control mean itself cannot be told from 0.

*p-value*: the share of other assignments, drawn anew within strata (whole clusters where clusters were assigned), whose
difference is at least as far from 0: exact for the hypothesis that treatment changed nobody's outcome, whatever the
outcomes' distribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.ids import Ids, read_only
from swayrank.kernels.assign import permuted_differences
from swayrank.kernels.random import PERMUTE
from swayrank.tables import frame
from swayrank.validation.account_values import earlier_values, values_of
from swayrank.validation.assignment import CONTROL, OUTSIDE, TREATMENT, label_codes
from swayrank.validation.experiment_plan import ExperimentPlan
from swayrank.validation.power import TOO_MUCH, critical

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ends = tuple[float, float]

_PERMUTATIONS_PER_CHUNK = 250
_ARM_WORDS = {
    "treatment": TREATMENT, "treated": TREATMENT, "true": TREATMENT, "1": TREATMENT,
    "control": CONTROL, "false": CONTROL, "0": CONTROL,
    "not in it": OUTSIDE, "none": OUTSIDE, "-1": OUTSIDE,
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Lift:
    """How far treated accounts are ahead of control accounts; made by :func:`measure_lift`.

    Attributes
    ----------
    effect : float
        Difference per account, in the outcome's unit.
    effect_interval : tuple of float
    lift : float
        The effect as a share of the control mean; NaN where that is not above 0.
    lift_interval : tuple of float
        Infinite ends where the control mean cannot be told from 0; NaN where `lift` is.
    p_value : float
        Of the randomisation test, two-sided.
    treated_mean, control_mean : float
        Weighted over strata as the effect is; after CUPED where `before` was given.
    std_error : float
        Of the effect.
    n_treatment, n_control : int
        Accounts measured.
    n_missing : tuple of int
        Accounts in treatment and in control that have no outcome.
    n_clusters : int or None
        Clusters measured; None where accounts were assigned one by one.
    explained : float
        Share of the variance within strata that earlier outcomes explain; 0 without `before`.
    detectable : float
        The least effect that such an experiment sees with the power ``params["power"]``.
    concentration : float
        The largest share of the effect's variance that a single account (or cluster) makes.
    confidence : float
        Of the intervals.
    params : mapping of str to object
        Strata analysed, permutations, key of the randomness.
    """

    effect: float
    effect_interval: Ends
    lift: float
    lift_interval: Ends
    p_value: float
    treated_mean: float
    control_mean: float
    std_error: float
    n_treatment: int
    n_control: int
    n_missing: tuple[int, int]
    n_clusters: int | None
    explained: float
    detectable: float
    concentration: float
    confidence: float
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_seen(self) -> bool:
        """Whether the interval leaves out 0."""
        low, high = self.effect_interval
        return low > 0 or high < 0

    @property
    def words(self) -> str:
        """The result in a sentence."""
        relative = not math.isnan(self.lift)
        if not self.is_seen:
            least = _percent(self.detectable / self.control_mean) if relative else f"{self.detectable:.3g} per account"
            return f"no lift can be told from chance; the experiment could have seen {least} or more"
        if not relative or not all(map(math.isfinite, self.lift_interval)):
            low, high = self.effect_interval
            return f"{self.effect:+.3g} per account ({low:.3g} to {high:.3g})"
        low, high = self.lift_interval
        return f"{_percent(self.lift, '+')} ({_percent(low)} to {_percent(high)})"

    def to_frame(self, backend: str = "pandas") -> Any:
        """Rows treatment, control, difference and lift: ``what``, ``accounts``, ``value``, ``low``, ``high``.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        import pyarrow as pa

        nan = math.nan
        ends = [(nan, nan), (nan, nan), self.effect_interval, self.lift_interval]
        both = self.n_treatment + self.n_control
        columns = {
            "what": pa.array(["treatment", "control", "difference", "lift"], pa.string()),
            "accounts": np.array([self.n_treatment, self.n_control, both, both]),
            "value": np.array([self.treated_mean, self.control_mean, self.effect, self.lift]),
            "low": np.array([low for low, _ in ends]),
            "high": np.array([high for _, high in ends]),
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        low, high = self.effect_interval
        lines = [
            self.words,
            f"treatment   {self.treated_mean:.4g} per account ({self.n_treatment:,} accounts)",
            f"control     {self.control_mean:.4g} per account ({self.n_control:,} accounts)",
            f"difference  {self.effect:.4g} ({100 * self.confidence:g} % interval {low:.4g} to {high:.4g}), "
            f"p = {self.p_value:.2g} by randomisation",
        ]
        if self.n_clusters is not None:
            lines.append(f"clusters    {self.n_clusters:,}, assigned whole")
        if self.explained:
            lines.append(f"CUPED       earlier outcomes explain {100 * self.explained:.3g} % of the variance")
        if self.concentration > TOO_MUCH:
            lines.append(
                f"caution     one {'account' if self.n_clusters is None else 'cluster'} makes "
                f"{100 * self.concentration:.0f} % of the variance: the intervals may miss more often than they say"
            )
        if any(self.n_missing):
            lines.append(f"missing     {self.n_missing[0]:,} in treatment, {self.n_missing[1]:,} in control: left out")
        return "\n".join(lines)


def _percent(x: float, sign: str = "") -> str:
    digits = 0 if abs(x) >= 0.0995 else 1
    return f"{100 * x:{sign}.{digits}f} %"


@domains(
    confidence=Interval(0, 1, "()"),
    power=Interval(0, 1, "()"),
    n_permutations=Integer(1, 10_000_000),
)
def measure_lift(
    plan: ExperimentPlan | Mapping[Any, Any],
    outcomes: Any,
    *,
    before: Any = None,
    confidence: float = 0.95,
    outcome: str = "reposts_received",
    start: Any = None,
    end: Any = None,
    strata: Mapping[Any, Any] | None = None,
    clusters: Mapping[Any, Any] | None = None,
    power: float = 0.8,
    n_permutations: int = 2000,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
) -> Lift:
    """Compare treated accounts with control accounts after an experiment.

    Parameters
    ----------
    plan : ExperimentPlan, or mapping of account to "treatment" or "control" (or True or False)
        Who was treated.
    outcomes : Events, Measure, mapping or array of float, shape (n,)
        Each account's outcome; an array in the order of the plan's accounts. From Events it is `outcome`, counted from
        `start` and before `end`; an account that the log does not know had 0. NaN, and accounts that a measure or
        mapping does not hold, are missing: left out and told.
    before : Measure, mapping or array, optional
        Each account's outcome before the treatment (from a log: a measure of ``events.before(...)``), to take off what
        it explains (CUPED). Must not know anything of the time after.
    confidence : float, default=0.95
        Of the intervals.
    outcome : {"reposts_received", "engagement_received", "distinct_engagers", "posts_published", "engagement_given"}
        What to count in a log; the first by default.
    start, end : time, optional
        Of the log's rows that count.
    strata, clusters : mapping of account to label, optional
        For a plain mapping: within what was randomised, and what was assigned whole. A plan has its own.
    power : float, default=0.8
        With which chance the least effect that could have been seen would be.
    n_permutations : int, default=2000
        Other assignments to draw for the p-value, which is at least 1 / (n_permutations + 1).
    rng : int, numpy.random.Generator or None, default=None
        Randomness of those. None draws a key and records it.
    engine, threads
        Where and on how many threads to run. They change no bit of the result.

    Returns
    -------
    Lift

    Raises
    ------
    ParameterError
        For a value outside its domain, or fewer than two measured accounts (or clusters) in an arm.

    Notes
    -----
    O(n_permutations * units). The words go by the interval; the p-value tests a sharper hypothesis (that nobody's
    outcome changed) and may differ near the edge.

    References
    ----------
    Neyman (1923); Fieller (1954), "Some problems in interval estimation"; Deng, Xu, Kohavi & Walker (2013),
    doi:10.1145/2433396.2433413.

    Examples
    --------
    >>> from swayrank.validation.lift import measure_lift
    >>> groups = {f"t{k}": "treatment" for k in range(30)} | {f"c{k}": "control" for k in range(30)}
    >>> reposts = {f"t{k}": 12 + k % 5 for k in range(30)} | {f"c{k}": 10 + k % 5 for k in range(30)}
    >>> measure_lift(groups, reposts, rng=7)
    +17 % (10 % to 24 %)
    treatment   14 per account (30 accounts)
    control     12 per account (30 accounts)
    difference  2 (95 % interval 1.257 to 2.743), p = 0.0005 by randomisation
    """
    who = _Assigned.of(plan, strata, clusters)
    y = values_of(outcomes, who.ids, "outcomes", outcome=outcome, start=start, end=end)
    key = resolve_rng(rng)
    inside = who.arm != OUTSIDE
    measured = inside & ~np.isnan(y)
    missing = tuple(int(np.count_nonzero(inside & ~measured & (who.arm == arm))) for arm in (TREATMENT, CONTROL))
    rows = np.flatnonzero(measured)
    rows = rows[np.argsort(who.ids.hashes()[rows], kind="stable")]  # sums do not depend on the order of the input
    groups = _analysed(who.stratum[rows], who.cluster[rows], who.arm[rows])
    values, explained = y[rows], 0.0
    if before is not None:
        values, explained = _cuped(values, earlier_values(before, who.ids)[rows], groups)
    units = _Units.of(values, groups, who.cluster[rows], who.arm[rows])
    treated, control = units.arm_means(TREATMENT), units.arm_means(CONTROL)
    df = max(units.total.size - 2 * units.n_strata, 1)
    quantile = critical(1 - confidence, df)
    effect, std_error = treated.mean - control.mean, math.sqrt(treated.variance + control.variance)
    return Lift(
        effect=effect,
        effect_interval=(effect - quantile * std_error, effect + quantile * std_error),
        lift=effect / control.mean if control.mean > 0 else math.nan,
        lift_interval=_fieller(treated, control, quantile),
        p_value=_p_value(units, effect, n_permutations, key, resolve_engine(engine, threads)),
        treated_mean=treated.mean,
        control_mean=control.mean,
        std_error=std_error,
        n_treatment=int(np.count_nonzero(who.arm[rows] == TREATMENT)),
        n_control=int(np.count_nonzero(who.arm[rows] == CONTROL)),
        n_missing=(missing[0], missing[1]),
        n_clusters=units.total.size if who.clustered else None,
        explained=explained,
        detectable=(quantile + critical(2 * (1 - power), df)) * std_error,
        concentration=max(treated.largest, control.largest) / max(std_error**2, 5e-324),
        confidence=confidence,
        params={"strata": units.n_strata, "n_permutations": n_permutations, "power": power, "rng": key.record},
    )


# -- who was treated ---------------------------------------------------------------------------------------------------


class _Assigned(NamedTuple):
    """Accounts with arm, stratum and cluster; where accounts were assigned, each is a cluster of one."""

    ids: Ids
    arm: npt.NDArray[np.int8]
    stratum: Ints
    cluster: Ints
    clustered: bool

    @classmethod
    def of(cls, plan: Any, strata: Mapping[Any, Any] | None, clusters: Mapping[Any, Any] | None) -> _Assigned:
        if isinstance(plan, ExperimentPlan):
            if strata is not None or clusters is not None:
                raise ParameterError("strata and clusters go with a mapping of accounts to arms; a plan has its own")
            alone = np.arange(len(plan.ids))
            cluster = alone if plan.cluster is None else plan.cluster
            return cls(plan.ids, plan.arm, plan.stratum, cluster, plan.cluster is not None)
        if not isinstance(plan, Mapping) or not plan:
            raise ParameterError(
                f"plan must be an ExperimentPlan, or a mapping of accounts to 'treatment' or 'control', got {plan!r}"
            )
        ids = Ids.from_values(list(plan))
        arm = np.array([_arm_of(account, word) for account, word in plan.items()], np.int8)
        stratum = np.zeros(len(ids), np.int64) if strata is None else label_codes("strata", strata, ids)[0]
        if clusters is None:
            return cls(ids, arm, stratum, np.arange(len(ids)), False)
        cluster, alone_too = label_codes("clusters", clusters, ids)
        cluster = np.where(alone_too, cluster.max(initial=0) + 1 + np.arange(len(ids)), cluster)
        return cls(ids, arm, stratum, cluster, True)


def _arm_of(account: Any, word: Any) -> int:
    if word is None:
        return OUTSIDE
    arm = _ARM_WORDS.get(str(word).strip().casefold())
    if arm is None:
        raise ParameterError(f"plan must say 'treatment' or 'control' of every account, got {word!r} of {account!r}")
    return arm


def _analysed(stratum: Ints, cluster: Ints, arm: npt.NDArray[np.int8]) -> Ints:
    """Strata numbered from 0; those with fewer than two units in an arm are joined with the smallest other one."""
    _, first, unit = np.unique(cluster, return_index=True, return_inverse=True)
    if (arm != arm[first][unit]).any() or (stratum != stratum[first][unit]).any():
        raise ParameterError("every cluster must be in one arm and one stratum")
    group = np.unique(stratum, return_inverse=True)[1].astype(np.int64)
    while True:
        treated, control = (np.bincount(group[first][arm[first] == a], minlength=1) for a in (TREATMENT, CONTROL))
        n = max(treated.size, control.size)
        treated, control = np.pad(treated, (0, n - treated.size)), np.pad(control, (0, n - control.size))
        small = (treated < 2) | (control < 2)
        if not small.any():
            return group
        if n == 1:
            raise ParameterError(
                f"a lift takes at least two measured accounts (or clusters) in each arm, got {int(treated[0])} in "
                f"treatment and {int(control[0])} in control"
            )
        weak = int(np.argmax(small))
        others = np.where(np.arange(n) == weak, np.iinfo(np.int64).max, treated + control)
        group = np.where(group == weak, int(np.argmin(others)), group)
        group = np.unique(group, return_inverse=True)[1].astype(np.int64)


# -- estimates ---------------------------------------------------------------------------------------------------------


def _cuped(y: Floats, x: Floats, group: Ints) -> tuple[Floats, float]:
    """Outcomes less what earlier ones explain, and the share of the variance within strata that that is."""
    known = ~np.isnan(x)
    if np.count_nonzero(known) < 4:
        raise ParameterError(f"before must tell of at least 4 of the measured accounts, got {int(known.sum())}")
    sizes = np.maximum(np.bincount(group[known], minlength=group.max() + 1), 1)

    def within(values: Floats) -> Floats:
        away: Floats = values - (np.bincount(group[known], values, minlength=sizes.size) / sizes)[group[known]]
        return away

    dy, dx = within(y[known]), within(x[known])
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    if xx == 0 or yy == 0:
        return y, 0.0
    return y - xy / xx * np.where(known, x - x[known].mean(), 0.0), xy**2 / (xx * yy)


class _Arm(NamedTuple):
    """An arm's mean, its variance, and the most that one unit adds to that."""

    mean: float
    variance: float
    largest: float


class _Units(NamedTuple):
    """Units in the order of strata, the treated ones of each first."""

    total: Floats
    size: Floats
    bounds: Ints
    n_treated: Ints
    weight: Floats

    @classmethod
    def of(cls, values: Floats, group: Ints, cluster: Ints, arm: npt.NDArray[np.int8]) -> _Units:
        _, first, unit = np.unique(cluster, return_index=True, return_inverse=True)
        total = np.bincount(unit, values).astype(np.float64)
        size = np.bincount(unit).astype(np.float64)
        group_of, arm_of = group[first], arm[first]
        order = np.lexsort((first, -arm_of, group_of))
        n_strata = int(group.max()) + 1
        bounds = np.concatenate(([0], np.cumsum(np.bincount(group_of, minlength=n_strata))))
        n_treated = np.bincount(group_of[arm_of == TREATMENT], minlength=n_strata)
        weight = np.bincount(group, minlength=n_strata) / group.size
        return cls(total[order], size[order], bounds, n_treated, weight)

    @property
    def n_strata(self) -> int:
        return self.n_treated.size

    def arm_means(self, arm: int) -> _Arm:
        """The mean over an arm's accounts, weighted over strata, and its variance from units' residual sums."""
        mean = variance = largest = 0.0
        for s in range(self.n_strata):
            start, stop = int(self.bounds[s]), int(self.bounds[s + 1])
            middle = start + int(self.n_treated[s])
            part = slice(start, middle) if arm == TREATMENT else slice(middle, stop)
            total, size = self.total[part], self.size[part]
            k, n = total.size, float(size.sum())
            here = float(total.sum()) / n
            residual = total - here * size
            mean += self.weight[s] * here
            factor = self.weight[s] ** 2 * k / (k - 1) / n**2
            variance += factor * float(residual @ residual)
            largest = max(largest, factor * float((residual**2).max()))
        return _Arm(float(mean), float(variance), float(largest))


def _fieller(treated: _Arm, control: _Arm, quantile: float) -> Ends:
    """The ends of treated / control - 1 by Fieller."""
    if control.mean <= 0:
        return math.nan, math.nan
    # all ratios r with (T - r C)**2 <= q**2 (V_T + r**2 V_C)
    square = control.mean**2 - quantile**2 * control.variance
    if square <= 0:
        return -math.inf, math.inf
    middle = treated.mean * control.mean
    rest = treated.mean**2 - quantile**2 * treated.variance
    half = math.sqrt(max(middle**2 - square * rest, 0.0))
    return (middle - half) / square - 1.0, (middle + half) / square - 1.0


def _p_value(units: _Units, effect: float, n_permutations: int, key: Key, runner: Engine) -> float:
    bounds = chunk_bounds(n_permutations, _PERMUTATIONS_PER_CHUNK)
    differences = np.concatenate([*runner.map(_permuted, (units, key), bounds)])
    far = np.abs(differences) >= abs(effect) - 1e-12 * (abs(effect) + float(np.abs(differences).max()))
    return (1 + int(np.count_nonzero(far))) / (n_permutations + 1)


def _permuted(inputs: tuple[_Units, Key], start: int, stop: int) -> Floats:
    units, key = inputs
    differences = np.empty(stop - start)
    whole = (read_only(units.bounds.astype(np.uint64)), read_only(units.n_treated.astype(np.uint64)))
    floats = (read_only(units.weight), read_only(units.total), read_only(units.size))
    permuted_differences(key.hi, key.lo, np.uint64(PERMUTE), np.uint64(start), *whole, *floats, differences)
    return differences
