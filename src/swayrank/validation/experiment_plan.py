"""An experiment's plan as it is handed out: who is in which arm, and what the comparison can show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.ids import Ids
from swayrank.tables import frame
from swayrank.validation.assignment import CONTROL, OUTSIDE, TREATMENT, Exposure
from swayrank.validation.power import TOO_MUCH, Noise

Ints = npt.NDArray[np.int64]

ARMS = {TREATMENT: "treatment", CONTROL: "control", OUTSIDE: "not in it"}
_STRATA_SHOWN = 8


@dataclass(frozen=True, eq=False, repr=False)
class ExperimentPlan:
    """Who is treated, and what that can show; made by :func:`~swayrank.validation.experiment.plan_experiment`.

    Attributes
    ----------
    ids : Ids
        The candidates.
    arm : numpy.ndarray of int8, shape (n,)
        1 treated, 0 control, -1 not in the experiment.
    stratum, cluster : numpy.ndarray of int64, shape (n,)
        Each account's stratum (a position in `strata`), and its cluster; `cluster` is None where accounts are assigned
        one by one.
    strata : tuple of str
        What the strata are.
    power : float
        Chance to see the lift.
    effect : float
        The least difference per account that is seen with that power, in the outcome's unit; in standard deviations
        where there is no baseline. Infinite where none is large enough.
    lift : float
        The same as a share of the baseline's mean; NaN where there is none.
    alpha : float
        Two-sided.
    noise : Noise
        Mean, standard deviation (after what earlier outcomes explain) and design effect that this rests on.
    correlation : float
        Of the outcome with the earlier one.
    icc : float
        Intraclass correlation of clusters; 0 without.
    concentration : float
        The largest share of the outcome's variance that a single account (or cluster) holds; 0 without a baseline.
    exposure : Exposure or None
        How far control accounts are reached by the treatment; None without a graph.
    params : mapping of str to object
        What was asked for, which of the three was computed, and the key of the randomness.
    """

    ids: Ids
    arm: npt.NDArray[np.int8]
    stratum: Ints
    cluster: Ints | None
    strata: tuple[str, ...]
    power: float
    effect: float
    lift: float
    alpha: float
    noise: Noise
    correlation: float
    icc: float
    concentration: float
    exposure: Exposure | None
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def n_treatment(self) -> int:
        """Number of treated accounts."""
        return int(np.count_nonzero(self.arm == TREATMENT))

    @property
    def n_control(self) -> int:
        """Number of accounts to compare them with."""
        return int(np.count_nonzero(self.arm == CONTROL))

    @property
    def treatment(self) -> list[int | str]:
        """The treated accounts, in public order."""
        return [self.ids[int(i)] for i in np.flatnonzero(self.arm == TREATMENT)]

    @property
    def control(self) -> list[int | str]:
        """The accounts to compare them with, in public order."""
        return [self.ids[int(i)] for i in np.flatnonzero(self.arm == CONTROL)]

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``account``, ``arm`` ("treatment", "control", "not in it"), ``stratum``, and ``cluster`` if any.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        import pyarrow as pa

        columns: dict[str, Any] = {
            "account": self.ids.to_arrow(),
            "arm": pa.array([ARMS[int(arm)] for arm in self.arm], pa.string()),
            "stratum": pa.array([self.strata[int(s)] for s in self.stratum], pa.string()),
        }
        if self.cluster is not None:
            columns["cluster"] = self.cluster
        return frame(columns, backend)

    def __repr__(self) -> str:
        n_in = self.n_treatment + self.n_control
        lines = [
            f"experiment with {n_in:,} of {len(self.ids):,} accounts: {self.n_treatment:,} in treatment, "
            f"{self.n_control:,} in control",
            f"power         {self.power:.3g} to see {self._least()}, at a two-sided alpha of {self.alpha:g}",
            f"outcome       {self._outcome()}",
        ]
        if self.cluster is not None:
            n_clusters = np.unique(self.cluster[self.arm != OUTSIDE]).size
            lines.append(
                f"clusters      {n_clusters:,}, assigned whole; ICC {self.icc:.3g}, design effect "
                f"{self.noise.design_effect:.3g}"
            )
        if self.exposure is not None:
            lines.append(
                f"interference  {100 * self.exposure.treated_neighbours:.3g} % of control accounts' neighbours are "
                f"treated; {100 * self.exposure.shared_followers:.3g} % of their followers follow a treated account too"
            )
        if self.concentration > TOO_MUCH:
            one = "one account" if self.cluster is None else "one cluster"
            lines.append(
                f"caution       {one} holds {100 * self.concentration:.0f} % of the outcome's variance: its mean is far"
                " from normal; plan without the largest"
            )
        return "\n".join([*lines, *self._strata_table()])

    def _least(self) -> str:
        if not math.isfinite(self.effect):
            return "any lift at all: none is large enough"
        if math.isnan(self.lift):
            return f"a difference of {self.effect:.3g} standard deviations"
        percent = f"{100 * self.lift:,.0f}" if self.lift >= 1 else f"{100 * self.lift:.3g}"
        return f"a lift of {percent} % ({self.effect:.3g} per account)"

    def _outcome(self) -> str:
        if math.isnan(self.lift) and self.noise.mean == 0:
            return "no baseline: differences are in standard deviations"
        known = f"mean {self.noise.mean:.4g}, standard deviation {self.noise.std:.4g}"
        if self.correlation:
            known += f" beyond what earlier outcomes explain ({100 * self.correlation**2:.3g} %)"
        return known

    def _strata_table(self) -> list[str]:
        rows = [("stratum", "treatment", "control")]
        for s, name in enumerate(self.strata):
            arms = self.arm[self.stratum == s]
            rows.append((name, f"{np.count_nonzero(arms == TREATMENT):,}", f"{np.count_nonzero(arms == CONTROL):,}"))
        shown = rows[: _STRATA_SHOWN + 1]
        wide = [max(len(row[k]) for row in shown) for k in range(3)]
        lines = [f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}" for a, b, c in shown]
        return lines + ([f"... and {len(rows) - len(shown)} strata more"] if len(rows) > len(shown) else [])
