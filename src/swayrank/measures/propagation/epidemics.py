"""Epidemics in continuous time: what spreads stays infectious for a while instead of getting one chance per follower.

Both models are Markov chains and simulated exactly, without time steps:

- an infectious account infects each susceptible follower at the rate b = `transmission_rate`;
- it recovers at the rate g = `recovery_rate`, so that it is infectious for 1 / g on average;
- after that it is immune for good (SIR: news that is old to whoever has seen it) or susceptible again (SIS: a habit,
  a rumour that is told again).

Rates are per unit of time, in whatever unit: rates per day mean a `max_time` in days. Whom an SIR epidemic reaches in
the end depends on the ratio b / g alone. A follower is infected with probability b / (b + g), but the followers of an
account are not independent of each other: they share how long it was infectious.

References
----------
Kiss, Miller & Simon (2017), "Mathematics of Epidemics on Networks", Springer: both models, event-driven simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key
from swayrank._validate import Domain, Interval, Optional, check
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels import epidemic
from swayrank.measures._data import check_graph

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Chunk = tuple[npt.NDArray[np.uint64], Counts]

_BINS = 64  # of a time that is known beforehand: a power of 2, so that they end at it exactly
_MOST_BINS = 512
_BINS_PER_DURATION = 4

_TRANSMISSION = Interval(0, math.inf, "[)")
_RECOVERY = Interval(0, math.inf, "()")
_TIME = Interval(0, math.inf, "()")


class EpidemicTask(NamedTuple):
    """What a chunk of runs needs: pure data, picklable.

    Attributes
    ----------
    graph : Graph
        An arc (u, v) says that u follows v, so that v can infect u.
    key : Key
        Randomness.
    seeds : numpy.ndarray of uint32, shape (n_seeds,)
        Positions of the accounts that are infected at time 0, each once.
    transmission_rate, recovery_rate : float
        Per unit of time.
    horizon : float
        When to stop; infinite for never.
    bin : float
        Width of a bin of time.
    n_bins : int
        How many bins of width `bin` begin at time 0; an open horizon leaves the last one open.
    purpose : int
        ``kernels.epidemic.SIR`` or ``SIS``.
    """

    graph: Graph
    key: Key
    seeds: npt.NDArray[np.uint32]
    transmission_rate: float
    recovery_rate: float
    horizon: float
    bin: float
    n_bins: int
    purpose: int

    def arrays(self) -> tuple[Any, ...]:
        """The kernels' first arguments, arrays read-only wherever this was unpickled."""
        graph = self.graph
        rates = (self.transmission_rate, self.recovery_rate, self.horizon)
        return graph.in_indptr, graph.in_indices, read_only(self.seeds), *rates

    def item(self, first: int) -> tuple[Any, ...]:
        """Which stream run `first` draws from."""
        return self.key.hi, self.key.lo, np.uint64(self.purpose), np.uint64(first)

    def limits(self) -> tuple[float, float]:
        """The least and the largest size that a run can have: what an interval for the mean is cut to."""
        seeds, nothing = read_only(self.seeds), read_only(np.empty(0, np.uint32))
        most = seeds.size
        if self.transmission_rate > 0:
            arcs = (self.graph.in_indptr, self.graph.in_indices, read_only(np.empty(0)))
            most = int(epidemic.reachable(*arcs, seeds, nothing))
        return (0.0 if self.purpose == epidemic.SIS else float(seeds.size)), float(most)


def run_sir_chunk(task: EpidemicTask, start: int, stop: int, sizes: Counts) -> Chunk:
    """Run the SIR worlds start ... stop - 1.

    Parameters
    ----------
    task : EpidemicTask
        From ``SIR(...)._task(nodes, key)``.
    start, stop : int
        Which worlds.
    sizes : numpy.ndarray of int64, shape (stop - start,)
        Is filled with the number of accounts ever infected (by `max_time`), seeds included.

    Returns
    -------
    activations : numpy.ndarray of uint64, shape (n_nodes,)
        In how many of these worlds each account was ever infected.
    step_totals : numpy.ndarray of int64, shape (at most task.n_bins + 1,)
        Number of new infections over these worlds: entry 0 at time 0 (the seeds), entry k in the time
        ((k - 1) * bin, k * bin]; the last of the ``task.n_bins`` bins holds everything that is later. The sum is that
        of `sizes`. Without `max_time`, empty bins at the end are left out.

    Notes
    -----
    O(live arcs * log n) a run, a live arc being one over which an infected account transmits or would have; memory
    20 bytes for each account, and 8 for its activations.

    Examples
    --------
    >>> import numpy as np
    >>> from swayrank.graph import Graph
    >>> from swayrank._rng import resolve_rng
    >>> g = Graph.from_edges(["bob", "cem"], ["ada", "ada"])              # bob and cem follow ada
    >>> task = SIR(g, transmission_rate=1.0, recovery_rate=1.0)._task(np.array([1], np.uint32), resolve_rng(7))
    >>> sizes = np.empty(10_000, np.int64)
    >>> activations, step_totals = run_sir_chunk(task, 0, 10_000, sizes)
    >>> (activations / 10_000).round(2)          # exactly 1/2 for bob and cem each
    array([0.5, 1. , 0.5])
    >>> np.bincount(sizes) / 10_000              # exactly 1/3 each for 1, 2 and 3: they share ada's duration
    array([0.    , 0.3379, 0.3301, 0.332 ])
    >>> int(step_totals.sum()) == int(sizes.sum()), int(step_totals[0])
    (True, 10000)
    """
    activations = np.zeros(task.graph.n_nodes, np.uint64)
    new = np.zeros(task.n_bins + 1, np.int64)
    epidemic.sir_runs(*task.arrays(), *task.item(start), task.bin, sizes, activations, new)
    if math.isinf(task.horizon):
        new = new[: int(np.max(np.flatnonzero(new), initial=0)) + 1].copy()
    return activations, new


def run_sis_chunk(task: EpidemicTask, start: int, stop: int, sizes: Counts) -> Chunk:
    """Run the SIS worlds start ... stop - 1.

    Parameters
    ----------
    task : EpidemicTask
        From ``SIS(...)._task(nodes, key)``.
    start, stop : int
        Which worlds.
    sizes : numpy.ndarray of int64, shape (stop - start,)
        Is filled with the number of accounts infected at `max_time`; it may be 0.

    Returns
    -------
    activations : numpy.ndarray of uint64, shape (n_nodes,)
        In how many of these worlds each account was infected at `max_time`.
    step_totals : numpy.ndarray of int64, shape (task.n_bins + 1,)
        The number infected at the time k * bin, summed over these worlds: entry 0 is that of the seeds, the last one
        the sum of `sizes`.

    Notes
    -----
    O(events * log n) a run, with (b * followers + g) events per unit of time for each infected account; memory
    32 bytes for each account, and 8 for its activations.

    Examples
    --------
    >>> import numpy as np
    >>> from swayrank.graph import Graph
    >>> from swayrank._rng import resolve_rng
    >>> g = Graph.from_edges(["bob", "ada"], ["ada", "bob"])
    >>> task = SIS(g, transmission_rate=2.0, recovery_rate=1.0, max_time=1.0)._task(
    ...     np.array([1], np.uint32), resolve_rng(7))
    >>> sizes = np.empty(10_000, np.int64)
    >>> activations, prevalence = run_sis_chunk(task, 0, 10_000, sizes)
    >>> activations / 10_000                     # bob and ada infected at time 1: exactly 0.4083 and 0.4581
    array([0.4185, 0.4603])
    >>> prevalence[[0, 32, 64]] / 10_000         # at 0, 1/2 and 1: exactly 1, 1.0477 and 0.8664
    array([1.    , 1.0522, 0.8788])
    """
    activations = np.zeros(task.graph.n_nodes, np.uint64)
    prevalence = np.zeros(task.n_bins + 1, np.int64)
    epidemic.sis_runs(*task.arrays(), *task.item(start), task.bin, sizes, activations, prevalence)
    return activations, prevalence


def run_times(task: EpidemicTask, first: int, n_runs: int) -> Floats:
    """When each account is infected for the first time, run by run: the same runs that the chunks count.

    Parameters
    ----------
    task : EpidemicTask
        From ``SIR(...)._task(nodes, key)`` or ``SIS(...)._task(nodes, key)``.
    first : int
        Number of the first run.
    n_runs : int
        How many.

    Returns
    -------
    numpy.ndarray of float64, shape (n_runs, n_nodes)
        In the unit of time that the rates are per; 0 for seeds, infinity for never (or not by `max_time`).

    Notes
    -----
    Memory 8 bytes for each account and run, beside 12 (SIR) or 20 (SIS) for each account.

    Examples
    --------
    >>> import numpy as np
    >>> from swayrank.graph import Graph
    >>> from swayrank._rng import resolve_rng
    >>> g = Graph.from_edges(["bob", "cem"], ["ada", "bob"])
    >>> task = SIR(g, transmission_rate=2.0, recovery_rate=1.0)._task(np.array([1], np.uint32), resolve_rng(7))
    >>> run_times(task, 0, 3).round(2)           # bob, ada, cem
    array([[0.28, 0.  ,  inf],
           [0.81, 0.  ,  inf],
           [0.56, 0.  , 0.6 ]])
    """
    times = np.empty((n_runs, task.graph.n_nodes))
    kernel = epidemic.sis_times if task.purpose == epidemic.SIS else epidemic.sir_times
    kernel(*task.arrays(), *task.item(first), times)
    return times


@dataclass(frozen=True, eq=False, repr=False)
class SIR:
    """The SIR epidemic on a graph: susceptible, infectious, recovered for good. Continuous time, Markov, exact.

    Influence runs against the arcs: while v is infectious, it infects each account that follows it and is susceptible
    at the rate `transmission_rate`; it recovers at the rate `recovery_rate`.

    Parameters
    ----------
    graph : Graph
        An arc (u, v) says that u follows v, so that v can infect u.
    transmission_rate : float
        Infections per follower and unit of time, in [0, inf).
    recovery_rate : float
        Recoveries per unit of time, in (0, inf): an account is infectious for 1 / recovery_rate on average.
    max_time : float or None, default=None
        Stop there, in the unit of time that the rates are per; in (0, inf). None runs until nobody is infectious.

    Attributes
    ----------
    params : dict of str to object
        The model by name, for records.
    submodular : bool
        True: fix how long each account would be infectious and how long each transmission would take; then the accounts
        infected by `max_time` are those within that distance of a seed, so that their expected number is monotone and
        submodular in the set of seeds.

    Raises
    ------
    ParameterError
        If `graph` is no Graph, or a rate or `max_time` lies outside its domain.

    Notes
    -----
    An infectious account draws its duration T from the exponential distribution with mean 1 / recovery_rate; each
    follower is then infected with probability 1 - exp(-transmission_rate * T), all of them independently given T. So
    the final set is what is reached over live arcs, as in Independent Cascade with the probability b / (b + g), but the
    arcs from one account are live or not together more often. That makes outcomes more extreme, and no account is
    infected more often than there (Kuulasmaa 1982).

    A run costs O(live arcs * log n): arcs that do not work cost nothing. Memory 28 bytes for each account and chunk of
    runs at work. Weights and probabilities of arcs are not used.

    Each account draws from its own stream in each run, so that epidemics from different seeds under the same `rng`
    share their worlds: more seeds never infect fewer accounts, in any run.

    References
    ----------
    Kiss, Miller & Simon (2017), "Mathematics of Epidemics on Networks", Springer: the event-driven simulation.
    Kuulasmaa (1982), "The spatial general epidemic and locally dependent random graphs", J. Appl. Prob. 19: why the
    infectious duration has to be shared.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "bob"])
    >>> model = SIR(g, transmission_rate=0.5, recovery_rate=0.25, max_time=7)
    >>> model, model.submodular
    (SIR(3 accounts, transmission_rate=0.5, recovery_rate=0.25, max_time=7), True)
    >>> SIR(g, transmission_rate=0.5, recovery_rate=0)
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: recovery_rate must be in (0, inf), got 0
    """

    graph: Graph
    _: KW_ONLY
    transmission_rate: float
    recovery_rate: float
    max_time: float | None = None
    params: Mapping[str, object] = field(init=False)

    submodular: ClassVar[bool] = True
    _chunk: ClassVar[Callable[[EpidemicTask, int, int, Counts], Chunk]] = staticmethod(run_sir_chunk)
    _times: ClassVar[Callable[[EpidemicTask, int, int], Floats]] = staticmethod(run_times)

    def __post_init__(self) -> None:
        _check(self, Optional(_TIME))
        object.__setattr__(self, "params", _params("sir", self))

    def _task(self, nodes: npt.NDArray[np.uint32], key: Key) -> EpidemicTask:
        """What the chunks of runs from `nodes` need."""
        return _task(self, nodes, key, epidemic.SIR)

    def __repr__(self) -> str:
        return _spelled(self)


@dataclass(frozen=True, eq=False, repr=False)
class SIS:
    """The SIS epidemic on a graph: susceptible, infectious, susceptible again. Continuous time, Markov, exact.

    Influence runs against the arcs: while v is infectious, it infects each account that follows it and is susceptible
    at the rate `transmission_rate`; it recovers at the rate `recovery_rate`, and can be infected again.

    Parameters
    ----------
    graph : Graph
        An arc (u, v) says that u follows v, so that v can infect u.
    transmission_rate : float
        Infections per follower and unit of time, in [0, inf).
    recovery_rate : float
        Recoveries per unit of time, in (0, inf): an infection lasts 1 / recovery_rate on average.
    max_time : float
        When to stop and count who is infected, in the unit of time that the rates are per; in (0, inf). Without it an
        epidemic above the threshold would go on for a time that grows exponentially with the graph.

    Attributes
    ----------
    params : dict of str to object
        The model by name, for records.
    submodular : bool
        False: nothing here rests on it.

    Raises
    ------
    ParameterError
        If `graph` is no Graph, or a rate or `max_time` lies outside its domain.

    Notes
    -----
    The size of a run is the number of accounts infected at `max_time`, not of those ever infected. Seeds count if they
    are infected then, so that a size may be 0.

    Gillespie's direct method, with the events of an account gathered on one clock. A run costs O(events * log n); an
    infected account has transmission_rate * followers + recovery_rate events per unit of time, most of them attempts at
    followers that are infected already where the epidemic is large. Memory 40 bytes for each account and chunk of runs
    at work. Weights and probabilities of arcs are not used.

    A run draws from one stream, so that runs from different seeds are not paired as they are in SIR.

    References
    ----------
    Gillespie (1977), "Exact stochastic simulation of coupled chemical reactions", J. Phys. Chem. 81(25).
    Kiss, Miller & Simon (2017), "Mathematics of Epidemics on Networks", Springer.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "ada"], ["ada", "bob"])
    >>> SIS(g, transmission_rate=0.5, recovery_rate=0.25, max_time=30).params
    {'model': 'sis', 'transmission_rate': 0.5, 'recovery_rate': 0.25, 'max_time': 30.0}
    >>> SIS(g, transmission_rate=0.5, recovery_rate=0.25, max_time=None)
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: max_time must be in (0, inf), got None
    """

    graph: Graph
    _: KW_ONLY
    transmission_rate: float
    recovery_rate: float
    max_time: float
    params: Mapping[str, object] = field(init=False)

    submodular: ClassVar[bool] = False
    _chunk: ClassVar[Callable[[EpidemicTask, int, int, Counts], Chunk]] = staticmethod(run_sis_chunk)
    _times: ClassVar[Callable[[EpidemicTask, int, int], Floats]] = staticmethod(run_times)

    def __post_init__(self) -> None:
        _check(self, _TIME)
        object.__setattr__(self, "params", _params("sis", self))

    def _task(self, nodes: npt.NDArray[np.uint32], key: Key) -> EpidemicTask:
        """What the chunks of runs from `nodes` need."""
        return _task(self, nodes, key, epidemic.SIS)

    def __repr__(self) -> str:
        return _spelled(self)


def _check(model: SIR | SIS, time: Domain) -> None:
    check_graph(type(model).__name__, model.graph)
    check("transmission_rate", model.transmission_rate, _TRANSMISSION)
    check("recovery_rate", model.recovery_rate, _RECOVERY)
    check("max_time", model.max_time, time)


def _params(name: str, model: SIR | SIS) -> dict[str, object]:
    return {
        "model": name,
        "transmission_rate": float(model.transmission_rate),
        "recovery_rate": float(model.recovery_rate),
        "max_time": None if model.max_time is None else float(model.max_time),
    }


def _task(model: SIR | SIS, nodes: npt.NDArray[np.uint32], key: Key, purpose: int) -> EpidemicTask:
    rates = float(model.transmission_rate), float(model.recovery_rate)
    if model.max_time is None:
        horizon, width, n_bins = math.inf, 1.0 / (_BINS_PER_DURATION * rates[1]), _MOST_BINS
    else:
        horizon, width, n_bins = float(model.max_time), float(model.max_time) / _BINS, _BINS
    return EpidemicTask(model.graph, key, nodes, *rates, horizon, width, n_bins, purpose)


def _spelled(model: SIR | SIS) -> str:
    rates = f"transmission_rate={model.transmission_rate:g}, recovery_rate={model.recovery_rate:g}"
    time = "" if model.max_time is None else f", max_time={model.max_time:g}"
    return f"{type(model).__name__}({model.graph.n_nodes} accounts, {rates}{time})"
