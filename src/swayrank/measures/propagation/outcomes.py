"""What simulations come to: one seed set's spread, and several side by side over the same worlds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._render import render
from swayrank.errors import ParameterError
from swayrank.ids import Ids
from swayrank.measures.propagation.accounts import Account
from swayrank.measures.propagation.limits import Floats, mean_interval
from swayrank.tables import frame


@dataclass(frozen=True, eq=False, repr=False)
class Spread:
    """What many runs of a cascade from the same seeds came to.

    Attributes
    ----------
    seeds : tuple of int or str
        The accounts that were active from the start, each once.
    n_runs : int
        Number of runs.
    mean : float
        Mean number of accounts active in the end, seeds included.
    std_error : float
        Standard error of the mean.
    interval : tuple of float
        Limits of the mean at the level ``params["confidence"]``.
    quantiles : dict of float to float
        Of the number of active accounts over the runs.
    activation_prob : numpy.ndarray of float64, shape (n_nodes,)
        Share of the runs in which each account was active; ``activation_prob[i]`` belongs to ``ids[i]``.
    by_step : numpy.ndarray of float64, shape (n_steps + 1,)
        Mean number of newly activated accounts at each step; ``by_step[0]`` is the number of seeds, and the sum is the
        mean. For SIR, new infections by time, in bins of ``params["bin"]``; for SIS, the number infected at those
        times.
    sizes : numpy.ndarray of uint32 or int64, shape (n_runs,)
        Number of active accounts in the end of each run.
    ids : Ids
        The accounts.
    playback : numpy.ndarray of int32, shape (k, n_nodes)
        The step at which each account was activated in each of the first k runs, -1 for never; times in float64 for SIR
        and SIS, infinity for never.
    params : mapping of str to object
        The model, the randomness, and everything else that the numbers depend on.

    Examples
    --------
    Ada activates bob for certain, and bob activates cem in every second run or so:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "bob"], columns={"probability": [1.0, 0.5]})
    >>> s = sr.simulate(sr.IndependentCascade(g), seeds="ada", n_runs=1000, rng=7, playback=2)
    >>> type(s).__name__, s.seeds, s.n_runs, s.ids[1]
    ('Spread', ('ada',), 1000, 'ada')
    >>> s.quantiles[0.05], s.share_above(2), s.by_step
    (2.0, 0.524, array([1.   , 1.   , 0.524]))
    >>> s.activation_prob.tolist(), list(s.ids)
    ([1.0, 1.0, 0.524], ['bob', 'ada', 'cem'])
    >>> s.playback
    array([[ 1,  0, -1],
           [ 1,  0, -1]], dtype=int32)
    """

    seeds: tuple[Account, ...]
    n_runs: int
    mean: float
    std_error: float
    interval: tuple[float, float]
    quantiles: Mapping[float, float]
    activation_prob: Floats
    by_step: Floats
    sizes: npt.NDArray[np.integer[Any]]
    ids: Ids
    playback: npt.NDArray[Any]
    params: Mapping[str, object] = field(default_factory=dict)

    def share_above(self, x: float) -> float:
        """Share of the runs in which more than `x` accounts were active in the end.

        Parameters
        ----------
        x : float
            A number of accounts.

        Returns
        -------
        float
        """
        return float(np.count_nonzero(self.sizes > x)) / self.n_runs

    def to_frame(self, backend: str = "pandas") -> Any:
        """Every account's activation probability as a table.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Columns ``account`` and ``activation_prob``.

        Examples
        --------
        >>> import swayrank as sr
        >>> ic = sr.IndependentCascade(sr.Graph.from_edges(["bob"], ["ada"]), prob=1.0)
        >>> sr.simulate(ic, seeds=["ada"], n_runs=10, rng=7).to_frame()
          account  activation_prob
        0     bob              1.0
        1     ada              1.0
        """
        return frame({"account": self.ids.to_arrow(), "activation_prob": self.activation_prob}, backend)

    def plot(self, what: str = "sizes", **options: Any) -> Any:
        """A figure.

        Parameters
        ----------
        what : {"sizes", "by_step"}, default="sizes"
            How many runs reached how many accounts, or how many accounts joined at each step.
        **options
            ``theme`` : "light" (default) or "dark"; for the sizes, ``n_bins`` : bars at most, 40 by default.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        ParameterError
            If there is no such figure.
        MissingDependencyError
            If plotly is not installed.
        """
        return render(self, what, **options)

    def _repr_html_(self) -> str:
        html: str = render(self, "html")
        return html

    def __repr__(self) -> str:
        low, high = self.interval
        steps = " ".join(f"{count:.4g}" for count in self.by_step[:8]) + (" ..." if self.by_step.size > 8 else "")
        count = f"{len(self.seeds)} seed{'s' if len(self.seeds) != 1 else ''}"
        return (
            f"spread of {count}: {self.mean:.6g} accounts ({_level(self.params)} interval {low:.6g} to {high:.6g}, "
            f"{self.n_runs} runs)\nnew by step: {steps}"
        )


@dataclass(frozen=True)
class Difference:
    """By how much one seed set spreads further than another, run by run in the same worlds.

    Attributes
    ----------
    mean, std_error : float
        In accounts.
    interval : tuple of float
        Limits of the mean at the level of the simulation.
    """

    mean: float
    std_error: float
    interval: tuple[float, float]


class Spreads(Mapping[Any, Spread]):
    """Several seed sets simulated in the same worlds: a mapping from the name of each to its :class:`Spread`.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "eve"])
    >>> found = sr.simulate(sr.IndependentCascade(g, prob=0.5), {"a": "ada", "e": "eve"}, n_runs=1000, rng=7)
    >>> found
    plan  seeds   mean            interval
    a         1  2.073  2.03018 to 2.11582
    e         1  1.506  1.47496 to 1.53704
    >>> found.difference("a", "e").mean
    0.567
    """

    def __init__(self, spreads: Mapping[Any, Spread]) -> None:
        self._spreads = dict(spreads)

    def __getitem__(self, name: Any) -> Spread:
        found: Spread = self._spreads[name]
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self._spreads)

    def __len__(self) -> int:
        return len(self._spreads)

    def difference(self, a: Any, b: Any) -> Difference:
        """By how much `a` spreads further than `b`.

        Parameters
        ----------
        a, b : str or int
            Names of two of the seed sets (positions, where they were given as a list).

        Returns
        -------
        Difference
            Its interval is narrower than those of the two, since what is random is the same for both.

        Raises
        ------
        ParameterError
            If there is no seed set of that name.
        """
        for name in (a, b):
            if name not in self._spreads:
                raise ParameterError(f"there is no seed set {name!r}; there are {', '.join(map(repr, self))}")
        one, other = self._spreads[a], self._spreads[b]
        if set(one.seeds) == set(other.seeds):
            return Difference(0.0, 0.0, (0.0, 0.0))
        gaps = one.sizes.astype(np.int64) - other.sizes.astype(np.int64)
        n = len(one.ids)
        return Difference(*mean_interval(gaps, float(str(one.params["confidence"])), -n, n))

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row for each seed set: ``plan``, ``seeds`` (how many), ``mean``, ``low``, ``high``, ``std_error``.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        rows = self._spreads.values()
        columns = {
            "plan": [str(name) for name in self],
            "seeds": np.array([len(row.seeds) for row in rows]),
            "mean": np.array([row.mean for row in rows]),
            "low": np.array([row.interval[0] for row in rows]),
            "high": np.array([row.interval[1] for row in rows]),
            "std_error": np.array([row.std_error for row in rows]),
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        cells = [("plan", "seeds", "mean", "interval")]
        for name, row in self._spreads.items():
            low, high = row.interval
            cells.append((str(name), str(len(row.seeds)), f"{row.mean:.6g}", f"{low:.6g} to {high:.6g}"))
        wide = [max(len(row[k]) for row in cells) for k in range(4)]
        return "\n".join(
            f"{name:<{wide[0]}}  {seeds:>{wide[1]}}  {mean:>{wide[2]}}  {limits:>{wide[3]}}"
            for name, seeds, mean, limits in cells
        )


def _level(params: Mapping[str, object]) -> str:
    return f"{100 * float(str(params.get('confidence', 0.95))):g} %"
