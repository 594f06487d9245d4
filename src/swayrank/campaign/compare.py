"""Seeds of several methods side by side, judged in the same simulated worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank._rng import Key, Rng, resolve_rng
from swayrank.campaign.seedset import SeedSet
from swayrank.campaign.select import Model, select_seeds
from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation.outcomes import Difference, Spreads
from swayrank.measures.propagation.simulate import simulate
from swayrank.tables import frame


@dataclass(frozen=True, eq=False, repr=False)
class SeedComparison:
    """What several methods chose, and how far each choice spreads.

    Attributes
    ----------
    chosen : mapping of str to SeedSet
        By method.
    spreads : Spreads
        All choices simulated in the same worlds, which had no part in any choice.
    """

    chosen: Mapping[str, SeedSet]
    spreads: Spreads

    def difference(self, a: str, b: str) -> Difference:
        """By how much method `a` spreads further than `b`, paired world by world."""
        return self.spreads.difference(a, b)

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row for each method: ``method``, ``spread``, ``low``, ``high``, ``seconds``, ``guarantee``.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        order = self._order()
        columns = {
            "method": order,
            "spread": np.array([self.spreads[name].mean for name in order]),
            "low": np.array([self.spreads[name].interval[0] for name in order]),
            "high": np.array([self.spreads[name].interval[1] for name in order]),
            "seconds": np.array([self.chosen[name].seconds for name in order]),
            "guarantee": [self.chosen[name].guarantee for name in order],
        }
        return frame(columns, backend)

    def _order(self) -> list[str]:
        """The furthest first."""
        return sorted(self.chosen, key=lambda name: -self.spreads[name].mean)

    def __repr__(self) -> str:
        cells = [("method", "spread", "interval", "seconds", "guarantee")]
        for name in self._order():
            row, found = self.spreads[name], self.chosen[name]
            low, high = row.interval
            cells.append((name, f"{row.mean:.6g}", f"{low:.6g} to {high:.6g}", f"{found.seconds:.3g}", found.guarantee))
        wide = [max(len(row[k]) for row in cells) for k in range(4)]
        return "\n".join(
            f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}  {e}" for a, b, c, d, e in cells
        )


def compare_seeds(
    model: Model | Graph,
    k: int,
    methods: Sequence[str] = ("opim", "degree", "degree_discount", "pagerank", "k_core", "vote_rank", "random"),
    *,
    n_runs: int = 10_000,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
    **wishes: Any,
) -> SeedComparison:
    """Choose seeds by several methods, and simulate them all in the same worlds.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold, SIR, SIS or Graph
        As :func:`select_seeds` takes it.
    k : int
        How many seeds.
    methods : sequence of str
        Which methods.
    n_runs : int, default=10_000
        Simulated runs by which they are judged; they have no part in any choice.
    rng : int, numpy.random.Generator or None, default=None
        Randomness.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell.
    **wishes
        Anything else that :func:`select_seeds` takes.

    Returns
    -------
    SeedComparison

    Raises
    ------
    ParameterError
        If `methods` names none or one twice, for `value`, and as `select_seeds` and `simulate` do.

    Notes
    -----
    Costs what the methods cost, and one simulation for each.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.generate("barabasi_albert", n=200, m=2, rng=1)
    >>> found = sr.compare_seeds(sr.IndependentCascade(g, prob=0.1), 3, ["opim", "random"], n_runs=2000, rng=7)
    >>> found.spreads["opim"].mean > found.spreads["random"].mean
    True
    """
    if isinstance(methods, str) or not methods or len(set(methods)) < len(methods):
        raise ParameterError(f"methods must be names of methods, each once, got {methods!r}")
    if wishes.get("value") is not None:
        raise ParameterError("compare_seeds counts accounts: leave value away, and compare the spread of select_seeds")
    key = resolve_rng(rng)
    work: dict[str, Any] = {"engine": engine, "threads": threads, "progress": progress}
    chosen = {method: select_seeds(model, k, method=method, rng=key, **wishes, **work) for method in methods}
    plans = {method: list(found.seeds) for method, found in chosen.items()}
    judged = simulate(model, plans, n_runs=n_runs, rng=Key(key.low, key.high), **work)
    return SeedComparison(chosen, judged)
