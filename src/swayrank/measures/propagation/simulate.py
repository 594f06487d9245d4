"""Forward simulation: run the cascade from given seeds many times, and count.

Run i draws from its own stream (rng, i). A run activates the seeds at step 0; an account that became active at step t
gets its one chance at each of its followers at step t + 1. Sums are integers, so the result is the same bits on any
number of threads.

The interval for the mean is Student's t, which is right for large `n_runs` unless a rare event carries the mean. Where
all runs agree, the sample variance says nothing; then the limits follow from what n_runs agreeing runs allow: another
size has a probability of at most 1 - (1 - confidence)**(1 / n_runs), and lies between the number of seeds and the
number of accounts that can be reached at all.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError, SwayrankWarning
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.cascade import cascades, reached, row_skips
from swayrank.kernels.random import CASCADE
from swayrank.measures.propagation.models import Floats, IndependentCascade, as_model, row_probability
from swayrank.tables import frame

Account = int | str

_RUNS_PER_CHUNK = 256
_MOST_CHUNKS = 32
_QUANTILES = (0.05, 0.5, 0.95)


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
        Of the number of active accounts over the runs, at 0.05, 0.5 and 0.95.
    activation_prob : numpy.ndarray of float64, shape (n_nodes,)
        Share of the runs in which each account was active; ``activation_prob[i]`` belongs to ``ids[i]``.
    by_step : numpy.ndarray of float64, shape (n_steps + 1,)
        Mean number of newly activated accounts at each step; ``by_step[0]`` is the number of seeds, and the sum is the
        mean.
    ids : Ids
        The accounts.
    params : mapping of str to object
        The model, the randomness, and everything else that the numbers depend on.

    Examples
    --------
    Ada activates bob for certain, and bob activates cem in every second run or so:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem"], ["ada", "bob"], columns={"probability": [1.0, 0.5]})
    >>> s = sr.simulate(sr.IndependentCascade(g), seeds="ada", n_runs=1000, rng=7)
    >>> type(s).__name__, s.seeds, s.n_runs, s.ids[1]
    ('Spread', ('ada',), 1000, 'ada')
    >>> s.mean, s.quantiles[0.05], s.by_step
    (2.524, 2.0, array([1.   , 1.   , 0.524]))
    >>> s.activation_prob.tolist(), list(s.ids)
    ([1.0, 1.0, 0.524], ['bob', 'ada', 'cem'])
    """

    seeds: tuple[Account, ...]
    n_runs: int
    mean: float
    std_error: float
    interval: tuple[float, float]
    quantiles: Mapping[float, float]
    activation_prob: Floats
    by_step: Floats
    ids: Ids
    params: Mapping[str, object] = field(default_factory=dict)

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

    def __repr__(self) -> str:
        low, high = self.interval
        level = f"{100 * float(str(self.params.get('confidence', 0.95))):g} %"
        steps = " ".join(f"{count:.4g}" for count in self.by_step[:8]) + (" ..." if self.by_step.size > 8 else "")
        count = f"{len(self.seeds)} seed{'s' if len(self.seeds) > 1 else ''}"
        return (
            f"spread of {count}: {self.mean:.6g} accounts ({level} interval {low:.6g} to {high:.6g}, "
            f"{self.n_runs} runs)\nnew by step: {steps}"
        )


@domains(n_runs=Integer(2, 2**31), confidence=Interval(0, 1, "()"))
def simulate(
    model: IndependentCascade | Graph,
    seeds: Account | Iterable[Account],
    *,
    n_runs: int = 10_000,
    confidence: float = 0.95,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Spread:
    """Run cascades from seed accounts and say how far they come.

    Read against the arcs: an active account activates its followers.

    Parameters
    ----------
    model : IndependentCascade or Graph
        A graph stands for ``IndependentCascade(graph)``.
    seeds : id or iterable of ids
        The accounts that are active from the start. Seeds are nodes; randomness is `rng`. A seed given twice counts
        once, with a warning.
    n_runs : int, default=10_000
        Number of runs, at least 2.
    confidence : float, default=0.95
        Level of the interval for the mean.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Spread

    Raises
    ------
    UnknownAccountError
        If a seed is no account of the graph.
    ParameterError
        If there are no seeds, `model` is neither model nor graph, or a parameter lies outside its domain.

    Notes
    -----
    O(n_runs * (arcs of the accounts activated in a run)), with geometric jumps over the followers where they share one
    probability; memory 16 bytes per account and chunk of runs at work, and 8 per arc where arcs have probabilities of
    their own. Halving the standard error takes four times the runs.

    References
    ----------
    Kempe, Kleinberg & Tardos (2003), "Maximizing the spread of influence through a social network", KDD.

    Examples
    --------
    Matrix entry [i, j] is the probability that i influences j:

    >>> import numpy as np, swayrank as sr
    >>> adj = np.array([[0.0, 0.5, 0.2], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    >>> i, j = np.nonzero(adj)
    >>> g = sr.Graph.from_edges(i, j, columns={"probability": adj[i, j]}, direction="influences")
    >>> sr.simulate(sr.IndependentCascade(g, prob="probability"), seeds=[0], n_runs=20_000, rng=7)   # exactly 1.9
    spread of 1 seed: 1.8966 accounts (95 % interval 1.88509 to 1.90811, 20000 runs)
    new by step: 1 0.6964 0.2002
    """
    model = as_model(model)
    chosen, nodes, repeated = _resolve_seeds(model.graph, seeds)
    key = resolve_rng(rng)
    task = _Task.of(model, nodes, key)
    n = model.graph.n_nodes
    sizes = np.empty(n_runs, np.int64)
    active, new = np.zeros(n, np.int64), np.zeros(1, np.int64)
    bounds = chunk_bounds(n_runs, max(_RUNS_PER_CHUNK, -(-n_runs // _MOST_CHUNKS)))
    with track(progress, "cascades", total=n_runs) as step:
        runner = resolve_engine(engine, threads)
        for activations, step_totals in runner.map(_run_chunk, task, bounds, out=sizes, step=step):
            active += activations.astype(np.int64)
            if step_totals.size > new.size:
                new = np.pad(new, (0, step_totals.size - new.size))
            new[: step_totals.size] += step_totals
    mean, std_error, interval = _mean_with_limits(sizes, confidence, task)
    return Spread(
        seeds=chosen,
        n_runs=n_runs,
        mean=mean,
        std_error=std_error,
        interval=interval,
        quantiles=dict(zip(_QUANTILES, np.quantile(sizes, _QUANTILES).tolist(), strict=True)),
        activation_prob=active / n_runs,
        by_step=new / n_runs,
        ids=model.graph.ids,
        params={
            **model.params,
            "n_runs": n_runs,
            "confidence": confidence,
            "rng": key.record,
            "repeated_seeds": repeated,
        },
    )


class _Task(NamedTuple):
    """What a chunk of runs needs: pure data."""

    graph: Graph
    key: Key
    seeds: npt.NDArray[np.uint32]
    skip: Floats
    arc_probability: Floats  # in-arc order
    node_probability: Floats

    @classmethod
    def of(cls, model: IndependentCascade, seeds: npt.NDArray[np.uint32], key: Key) -> _Task:
        graph = model.graph
        arc = np.empty(0)
        if model.rule == "per_arc":
            arc = np.ascontiguousarray(model.arc_probability[graph.in_arcs])
            skip = row_skips(row_probability(graph.in_indptr, arc))
        elif model.rule == "constant":
            skip = row_skips(model.node_probability)
        else:  # a row of followers holds as many probabilities as followers
            skip = row_skips(np.full(graph.n_nodes, np.nan))
        return cls(graph, key, seeds, skip, arc, model.node_probability)

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """The kernels' first arguments, read-only wherever this was unpickled."""
        columns = (self.skip, self.arc_probability, self.node_probability, self.seeds)
        return self.graph.in_indptr, self.graph.in_indices, *(read_only(column) for column in columns)


def _run_chunk(
    task: _Task, start: int, stop: int, sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    n = task.graph.n_nodes
    activations, step_totals = np.zeros(n, np.uint64), np.zeros(n, np.int64)
    item = (task.key.hi, task.key.lo, np.uint64(CASCADE), np.uint64(start))
    deepest = cascades(*task.arrays(), *item, sizes, activations, step_totals)
    return activations, step_totals[: int(deepest) + 1].copy()


def _resolve_seeds(
    graph: Graph, seeds: Account | Iterable[Account]
) -> tuple[tuple[Account, ...], npt.NDArray[np.uint32], int]:
    """Ids and positions of the seeds, each once in the order given, and how many were repeats."""
    if not isinstance(seeds, (str, int, np.integer, Iterable)):
        raise ParameterError(f"seeds must be an id or ids of accounts, got {seeds!r}")
    given: list[Any] = [seeds] if isinstance(seeds, (str, int, np.integer)) else list(seeds)
    if not given:
        raise ParameterError("seeds must name at least one account, got none")
    positions = [graph.ids.position(account) for account in given]
    nodes = np.array(list(dict.fromkeys(positions)), np.uint32)
    repeated = len(given) - nodes.size
    if repeated:
        warnings.warn(
            f"{repeated} of {len(given)} seeds were given more than once and count once", SwayrankWarning, stacklevel=4
        )
    return tuple(graph.ids[int(node)] for node in nodes), nodes, repeated


def _mean_with_limits(
    sizes: npt.NDArray[np.int64], confidence: float, task: _Task
) -> tuple[float, float, tuple[float, float]]:
    n_runs = sizes.size
    mean = int(sizes.sum()) / n_runs
    low, high = float(task.seeds.size), float(reached(*task.arrays()))
    if sizes.min() == sizes.max():
        other = 1.0 - (1.0 - confidence) ** (1.0 / n_runs)  # the chance of another size, at most
        return mean, 0.0, (mean - other * (mean - low), mean + other * (high - mean))
    from scipy.special import stdtrit

    std_error = float(np.std(sizes, ddof=1)) / n_runs**0.5
    half = float(stdtrit(n_runs - 1, 0.5 + confidence / 2)) * std_error
    return mean, std_error, (max(low, mean - half), min(high, mean + half))
