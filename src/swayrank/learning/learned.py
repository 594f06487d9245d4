"""What was learned from a log: the graph with its probabilities, and how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.graph import Graph
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]

_SHOWN = 5
_QUANTILES = (0.1, 0.5, 0.9, 0.99)


@dataclass(frozen=True, eq=False, repr=False)
class Learned:
    """Probabilities learned from a log; made by :func:`swayrank.fit_probabilities`.

    Attributes
    ----------
    graph : Graph
        The arcs with the columns "probability", "probability_low", "probability_high", "n_trials", "n_successes", and
        "delay" (mean seconds; NaN where no delay is known) for the methods of time.
    method : str
        The estimator.
    params : dict of str to object
        Everything that was asked for, and the prior as it came out.
    n_iter : int
        The most iterations that any follower took; 0 for methods that count.
    residual : float
        The largest residual of the optimality conditions; 0 for methods that count.
    log_likelihood : float or None
        Of the adoptions with parents and of all failed trials, under Independent Cascade; for "em" and "likelihood".
    n_adoptions, n_explained : int
        Adoptions by the graph's accounts, and how many of them had a parent.
    left_out : dict of str to int
        Rows without a post, without a time, and by accounts that the graph does not have.
    influenceability : numpy.ndarray of float64, shape (n_nodes,), or None
        For the methods of time: the share of an account's adoptions that came within the mean delay after one of its
        parents' (NaN without any adoption).
    """

    graph: Graph
    method: str
    params: Mapping[str, object]
    n_iter: int
    residual: float
    log_likelihood: float | None
    n_adoptions: int
    n_explained: int
    left_out: Mapping[str, int]
    influenceability: Floats | None

    @property
    def probability(self) -> Floats:
        """The probability of every arc, in the order of ``graph.edges()``."""
        return self.graph.column("probability")

    @property
    def counts(self) -> dict[str, int]:
        """Arcs in all, those that were tried, never tried, and tried without a success."""
        trials, successes = self.graph.column("n_trials"), self.graph.column("n_successes")
        tried = int(np.count_nonzero(trials))
        failed = int(np.count_nonzero((trials > 0) & (successes == 0)))
        return {"arcs": trials.size, "tried": tried, "never_tried": trials.size - tried, "failed_always": failed}

    def quantiles(self) -> dict[str, float]:
        """Mean, some quantiles and the largest of the probabilities; empty without arcs."""
        p = self.probability
        if not p.size:
            return {}
        levels = np.quantile(p, _QUANTILES)
        named = {f"{100 * q:g}%": float(value) for q, value in zip(_QUANTILES, levels, strict=True)}
        return {"mean": float(p.mean()), **named, "largest": float(p.max())}

    def top(self, k: int) -> list[dict[str, Any]]:
        """The k arcs of the highest probability; of equal ones more trials first, then in the graph's order."""
        graph, trials = self.graph, self.graph.column("n_trials").astype(np.int64)
        order = np.lexsort((np.arange(trials.size), -trials, -self.probability))[:k]
        follower, influencer = (ends[order] for ends in graph.edges())
        names: dict[str, type] = {"probability": float, "probability_low": float, "probability_high": float}
        names |= {"n_trials": int, "n_successes": int}
        values = {name: graph.column(name)[order] for name in names}
        return [
            {"influencer": graph.ids[int(u)], "follower": graph.ids[int(v)]}
            | {name: kind(values[name][i]) for name, kind in names.items()}
            for i, (v, u) in enumerate(zip(follower, influencer, strict=True))
        ]

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row per arc: source (who follows), target (who influences it), the columns, and whether it was tried.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default "pandas"
            The library of the table.
        """
        table = self.graph.to_frame("pyarrow")
        return frame(table.append_column("tried", [self.graph.column("n_trials") > 0]), backend)

    def facts(self, top: int) -> dict[str, Any]:
        """Everything but the columns as plain values."""
        return {
            "method": self.method,
            "parameters": dict(self.params),
            "arcs": self.counts,
            "probability": self.quantiles(),
            "adoptions": {"used": self.n_adoptions, "with_a_parent": self.n_explained, **self.left_out},
            "n_iter": self.n_iter,
            "log_likelihood": self.log_likelihood,
            "top": self.top(top),
        }

    def told(self) -> list[str]:
        """What was found, line by line."""
        counts = self.counts
        lines = [
            f"{counts['arcs']:,} arcs: {counts['tried']:,} tried ({counts['failed_always']:,} without a success), "
            f"{counts['never_tried']:,} never tried"
        ]
        if found := self.quantiles():
            lines.append("probability: " + ", ".join(f"{name} {value:.3g}" for name, value in found.items()))
        lines.append(f"{self.n_adoptions:,} adoptions, {self.n_explained:,} of them with a parent")
        if self.log_likelihood is not None:
            lines.append(f"log-likelihood {self.log_likelihood:,.1f} after at most {self.n_iter} iterations")
        reasons = [f"{n:,} {name.replace('_', ' ')}" for name, n in self.left_out.items() if n]
        if reasons:
            lines.append(f"rows left out: {', '.join(reasons)}")
        return lines

    def __repr__(self) -> str:
        arcs = [
            f"  {printable(str(arc['influencer']))} -> {printable(str(arc['follower']))}: {arc['probability']:.3g} "
            f"[{arc['probability_low']:.3g}, {arc['probability_high']:.3g}], {arc['n_successes']} of {arc['n_trials']}"
            for arc in self.top(_SHOWN)
        ]
        return "\n".join([f"<Learned by {self.method}>", *self.told(), *arcs])
