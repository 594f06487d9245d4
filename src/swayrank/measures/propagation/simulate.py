"""Forward simulation: run the cascade from given seeds many times, and count.

Run i is a random world of its own (rng, i): it activates the seeds at step 0; an account that became active at step t
gets its one chance at each of its followers at step t + 1. Sums are integers, so the result is the same bits on any
number of threads. All seed sets of one call meet the same worlds, so their differences are known far better than their
spreads, and a seed more never reaches fewer accounts.

Which of several kernels runs is decided by the model and a pilot of a few worlds, and recorded:

=====================  ==============================================================================================
``walk``               Independent Cascade, one world after another or many side by side, jumping to live arcs
``bits``               Independent Cascade in 512 worlds at once, where cascades reach a large part of the graph
``threshold worlds``   Linear Threshold: everybody chooses from whom to take, and the choices are followed to the seeds
``threshold cascades`` Linear Threshold from the seeds outwards, where cascades stay small
``events``             SIR and SIS, event by event
=====================  ==============================================================================================

The interval for the mean is Student's t, which is right for large `n_runs` unless a rare event carries the mean. Where
all runs agree, the sample variance says nothing; then the limits follow from what n_runs agreeing runs allow: another
size has a probability of at most 1 - (1 - confidence)**(1 / n_runs), and lies between the number of seeds and the
number of accounts that can be reached at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, check, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.cascade import WORLDS, bit_cascades, threshold_cascades, threshold_worlds
from swayrank.kernels.cover import add_members
from swayrank.kernels.epidemic import reachable
from swayrank.kernels.random import CASCADE
from swayrank.measures.propagation.accounts import Accounts, Resolved, resolve_accounts
from swayrank.measures.propagation.epidemics import SIR, SIS, run_times
from swayrank.measures.propagation.limits import mean_interval
from swayrank.measures.propagation.models import (
    Floats,
    IndependentCascade,
    LinearThreshold,
    TriggeringModel,
    Walk,
    as_model,
)
from swayrank.measures.propagation.outcomes import Spread, Spreads
from swayrank.measures.propagation.sampler import NO_FLOATS, NO_NODES, U32, Sampler, calls

Model = TriggeringModel | SIR | SIS
Totals = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_USUAL_RUNS = 10_000
_FIRST_ROUND = 512
_CHUNKS = 32
_PILOT_WORLDS = 4
_MEMBERS_PER_CALL = 2**22
_LIKELY = 1 / 32
"""Mean probability from which on drawing an arc in 512 worlds at once beats jumping to live arcs in each."""
_CHEAP_ARC = 6
"""Arcs that `threshold_cascades` goes over in the time in which `threshold_worlds` handles one account."""


@domains(
    n_runs=Optional(Integer(2, 2**31)),
    rel_error=Optional(Interval(0, 1, "()")),
    confidence=Interval(0, 1, "()"),
    playback=Integer(0, 10_000),
    max_runs=Integer(_FIRST_ROUND, 2**31),
)
def simulate(
    model: Model | Graph,
    seeds: Accounts | Mapping[Any, Accounts] | Sequence[Sequence[Any]],
    *,
    n_runs: int | None = None,
    rel_error: float | None = None,
    confidence: float = 0.95,
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    playback: int = 0,
    max_runs: int = 2**24,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Any:
    """Run cascades from seed accounts and say how far they come.

    Read against the arcs: an active account activates its followers.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold, SIR, SIS or Graph
        A graph stands for ``IndependentCascade(graph)``.
    seeds : id, iterable of ids, or several of them
        The accounts that are active from the start. Seeds are nodes; randomness is `rng`. A seed given twice counts
        once, with a warning. Several seed sets, as a list of lists or a mapping from names, meet the same worlds.
    n_runs : int or None, default=None
        Number of runs, at least 2; 10,000 unless `rel_error` says otherwise.
    rel_error : float or None, default=None
        Run until half the width of the interval of every mean is at most `rel_error` times the mean: rounds of 512,
        1024, 2048, ... runs in all. The interval holds at the level `confidence` although it is looked at in each
        round.
    confidence : float, default=0.95
        Level of the intervals for means.
    quantiles : sequence of float, default=(0.05, 0.5, 0.95)
        Which quantiles of the number of active accounts to give.
    playback : int, default=0
        For how many runs to keep when each account was activated; 4 bytes each per account.
    max_runs : int, default=2**24
        Give up `rel_error` beyond so many runs.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    Spread, or Spreads where several seed sets were given

    Raises
    ------
    UnknownAccountError
        If a seed is no account of the graph.
    ParameterError
        If there are no seeds, `model` is neither model nor graph, or a parameter lies outside its domain.
    ConvergenceError
        If `rel_error` is not reached within `max_runs`.

    Notes
    -----
    Independent Cascade costs one or two draws per live arc of the accounts activated in a run, whatever the number of
    their followers; Linear Threshold the number of accounts, or of followers of active accounts where that is less.
    Memory: 16 bytes per account and chunk of runs at work (200 for "bits"), and 12 per arc where followers differ in
    probability. Halving the standard error takes four times the runs.

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
    spread of 1 seed: 1.89945 accounts (95 % interval 1.88795 to 1.91095, 20000 runs)
    new by step: 1 0.7019 0.1976
    """
    if n_runs is not None and rel_error is not None:
        raise ParameterError(f"give one of n_runs and rel_error, got n_runs={n_runs} and rel_error={rel_error}")
    if not isinstance(quantiles, Iterable):
        raise ParameterError(f"quantiles must be several numbers in [0, 1], got {quantiles!r}")
    for q in quantiles:
        check("each of quantiles", q, Interval(0, 1))
    model = model if isinstance(model, SIR | SIS) else as_model(model)
    plans = _plans(model.graph, seeds)
    key = resolve_rng(rng)
    rounds = [n_runs or _USUAL_RUNS] if rel_error is None else _rounds(max_runs)
    level = 1 - (1 - confidence) / len(rounds)
    runner = resolve_engine(engine, threads)
    kernels = {name: _kernel_for(model, plan.nodes, key, playback) for name, plan in plans.items()}
    if len({kernel.name for kernel in kernels.values()}) > 1:  # the worlds of one kernel are not those of another
        kernels = {name: kernel.plain() for name, kernel in kernels.items()}
    tallies = {name: _Tally(kernel) for name, kernel in kernels.items()}
    for total in rounds:
        open_runs = sum(total - tally.n_runs for tally in tallies.values())
        with track(progress, "cascades", total=open_runs) as step:
            for tally in tallies.values():
                tally.run_until(total, runner, step)
        if rel_error is None or all(tally.half_width(level) <= rel_error * tally.mean for tally in tallies.values()):
            break
    else:
        worst = max(tally.half_width(level) / tally.mean for tally in tallies.values())
        raise ConvergenceError(
            f"rel_error={rel_error:g} was not reached: {worst:.3g} after {rounds[-1]:,} runs; raise rel_error or "
            "max_runs"
        )
    record = {"confidence": confidence, "rng": key.record, **({} if rel_error is None else {"rel_error": rel_error})}
    found = {
        name: tally.spread(model, plans[name], level, quantiles, playback, {**model.params, **record})
        for name, tally in tallies.items()
    }
    return Spreads(found) if _are_several(seeds) else found[None]


def _rounds(max_runs: int) -> list[int]:
    return [_FIRST_ROUND << r for r in range((max_runs // _FIRST_ROUND).bit_length())]


def _are_several(seeds: Any) -> bool:
    """Whether seed sets were given, rather than seeds."""
    if isinstance(seeds, Mapping):
        return True
    if isinstance(seeds, str) or not isinstance(seeds, Iterable) or not isinstance(seeds, Sequence):
        return False
    return bool(seeds) and all(isinstance(one, list | tuple | set | frozenset | np.ndarray) for one in seeds)


def _plans(graph: Graph, seeds: Any) -> dict[Any, Resolved]:
    if not _are_several(seeds):
        return {None: resolve_accounts(graph, seeds)}
    given = seeds if isinstance(seeds, Mapping) else dict(enumerate(seeds))
    if not given:
        raise ParameterError("seeds must name at least one account, got none")
    return {name: resolve_accounts(graph, accounts, f"seeds of {name!r}") for name, accounts in given.items()}


# -- what runs ---------------------------------------------------------------------------------------------------------


class _Chunk(NamedTuple):
    """Of a chunk of runs: how often each account was active, and how many became so at each step."""

    totals: Totals
    levels: Counts


@dataclass(frozen=True)
class _Kernel:
    """A way to run worlds: its name, a pure function over ranges of them, and what that needs."""

    name: str
    function: Callable[..., Any]
    task: Any
    least_chunk: int = 1
    dtype: type = np.uint32

    def plain(self) -> _Kernel:
        """The kernel that runs any seeds of the same model."""
        if self.name == "bits":
            return _Kernel("walk", _walk_chunk, self.task.walk)
        if self.name == "threshold cascades":
            return _Kernel("threshold worlds", _worlds_chunk, self.task)
        return self


class _BitTask(NamedTuple):
    walk: Sampler
    graph: Graph
    arc: Floats  # order of in-arcs
    node: Floats


class _ThresholdTask(NamedTuple):
    sampler: Sampler
    graph: Graph
    arc: Floats  # order of in-arcs
    node: Floats


def _kernel_for(model: Model, nodes: U32, key: Key, playback: int) -> _Kernel:
    if isinstance(model, SIR | SIS):
        chunk: Any = type(model)._chunk
        return _Kernel("events", chunk, model._task(nodes, key), dtype=np.int64)
    if isinstance(model, LinearThreshold):
        return _threshold_kernel(model, nodes, key, playback)
    if not isinstance(model, IndependentCascade):
        raise ParameterError(f"simulate knows no {type(model).__name__}")
    walk = Sampler(model.forward(), key, CASCADE, starts=nodes).with_pilot()
    if not playback and model.rule != "weighted_cascade" and model.graph.n_edges and walk.dense:
        arc, node = NO_FLOATS, model.node_probability
        if model.rule == "per_arc":
            arc = read_only(model.arc_probability[model.graph.in_arcs])
        if float((arc if arc.size else node).mean()) >= _LIKELY:
            return _Kernel("bits", _bits_chunk, _BitTask(walk, model.graph, arc, node), least_chunk=WORLDS)
    return _Kernel("walk", _walk_chunk, walk)


def _threshold_kernel(model: LinearThreshold, nodes: U32, key: Key, playback: int) -> _Kernel:
    graph = model.graph
    uniform = not model.arc_weight.size
    arc = NO_FLOATS if uniform else read_only(model.arc_weight[graph.in_arcs])
    node = read_only(1.0 / np.maximum(graph.out_degree, 1)) if uniform else NO_FLOATS
    task = _ThresholdTask(Sampler(model.backward(), key, CASCADE, starts=nodes), graph, arc, node)
    if not playback:
        reached = _worlds_chunk(task, 0, _PILOT_WORLDS, np.empty(_PILOT_WORLDS, np.uint32)).totals
        arcs = int((reached * graph.in_degree).sum()) / _PILOT_WORLDS
        if arcs < graph.n_nodes * _CHEAP_ARC:
            return _Kernel("threshold cascades", _cascades_chunk, task)
    return _Kernel("threshold worlds", _worlds_chunk, task)


def _walk_chunk(sampler: Sampler, start: int, stop: int, sizes: U32) -> _Chunk:
    totals = np.zeros(sampler.walk.n_nodes, np.uint64)
    levels = np.zeros(1, np.int64)
    step = max(1, int(_MEMBERS_PER_CALL / max(sampler.mean_size, 1.0)))
    for first, n_items in calls(start, stop, step):
        members, found, reached = sampler.levels(first, n_items)
        sizes[first - start : first - start + n_items] = found
        add_members(members, totals)
        levels = _added(levels, reached)
    return _Chunk(totals, levels)


def _threshold_args(task: _ThresholdTask, start: int) -> tuple[Any, ...]:
    sampler = task.sampler
    key = sampler.key
    limit = np.uint64(sampler.walk.max_steps)
    return limit, key.hi, key.lo, np.uint64(sampler.purpose), np.uint64(start)


def _worlds_chunk(task: _ThresholdTask, start: int, stop: int, sizes: U32) -> _Chunk:
    return _worlds(task, start, sizes, np.empty((0, 0), np.int32))


def _worlds(task: _ThresholdTask, start: int, sizes: U32, steps: npt.NDArray[np.int32]) -> _Chunk:
    sampler, walk = task.sampler, task.sampler.walk
    totals = np.zeros(walk.n_nodes, np.uint64)
    arrays = (walk.rows, walk.indices, walk.probability, walk.shares, sampler.starts)
    rows = (read_only(array) for array in arrays)
    return _Chunk(totals, threshold_worlds(*rows, *_threshold_args(task, start), sizes, totals, steps))


def _cascades_chunk(task: _ThresholdTask, start: int, stop: int, sizes: U32) -> _Chunk:
    totals = np.zeros(task.graph.n_nodes, np.uint64)
    arrays = (task.arc, task.node, task.sampler.walk.shares, task.sampler.starts)
    rows = (task.graph.in_indptr, task.graph.in_indices, *(read_only(array) for array in arrays))
    return _Chunk(totals, threshold_cascades(*rows, *_threshold_args(task, start), sizes, totals))


def _bits_chunk(task: _BitTask, start: int, stop: int, sizes: U32) -> _Chunk:
    sampler, key = task.walk, task.walk.key
    totals = np.zeros(task.graph.n_nodes, np.uint64)
    levels = np.zeros(1, np.int64)
    arrays = (task.arc, task.node, sampler.walk.shares, sampler.starts)
    rows = (task.graph.in_indptr, task.graph.in_indices, *(read_only(array) for array in arrays))
    how = (np.uint64(sampler.walk.max_steps), key.hi, key.lo, np.uint64(sampler.purpose))
    for first, n_worlds in calls(start, stop, WORLDS):  # chunks begin with a block; rounds may end within one
        part = sizes[first - start : first - start + n_worlds]
        part[:] = 0
        levels = _added(levels, bit_cascades(*rows, *how, np.uint64(first // WORLDS), part, totals))
    return _Chunk(totals, levels)


def _added(a: Counts, b: Counts) -> Counts:
    """Sum of two counts by step, of whatever lengths."""
    longer, shorter = (a, b) if a.size >= b.size else (b, a)
    longer = longer.copy()
    longer[: shorter.size] += shorter
    return longer


def play_once(walk: Walk, seeds: U32, *, rng: Rng) -> npt.NDArray[np.int32]:
    """One run, and nothing beside it: what ``simulate(model, seeds, playback=1, rng=rng).playback[0]`` holds.

    Parameters
    ----------
    walk : Walk
        ``IndependentCascade(...).forward()``.
    seeds : numpy.ndarray of uint32, shape (k,)
        Positions of the seeds, each once.
    rng : int, numpy.random.Generator or None
        Which run.

    Returns
    -------
    numpy.ndarray of int32, shape (n_nodes,)
        In which step each account is activated; -1: never.
    """
    sampler = Sampler(walk, resolve_rng(rng), CASCADE, starts=read_only(seeds))
    steps: npt.NDArray[np.int32] = _first_runs(sampler, 1, walk.n_nodes)[0]
    return steps


# -- counting ----------------------------------------------------------------------------------------------------------


class _Tally:
    """All runs of one seed set so far."""

    def __init__(self, kernel: _Kernel) -> None:
        self.kernel = kernel
        self._sizes: npt.NDArray[Any] = np.empty(0, kernel.dtype)
        self._levels = np.zeros(1, np.int64)
        self._totals: Totals | None = None

    @property
    def n_runs(self) -> int:
        return self._sizes.size

    @property
    def mean(self) -> float:
        return float(self._sizes.sum(dtype=np.int64)) / self.n_runs

    def run_until(self, n_runs: int, runner: Engine, step: Step) -> None:
        """Run more worlds until there are `n_runs`."""
        done, kernel = self.n_runs, self.kernel
        sizes: npt.NDArray[Any] = np.empty(n_runs, kernel.dtype)
        sizes[:done] = self._sizes
        chunk = -(-(n_runs - done) // _CHUNKS)
        chunk = -(-chunk // kernel.least_chunk) * kernel.least_chunk
        edges = [*range(done, n_runs, chunk), n_runs]
        for totals, levels in runner.map(kernel.function, kernel.task, np.array(edges), out=sizes, step=step):
            self._totals = totals if self._totals is None else self._totals + totals
            self._levels = _added(self._levels, np.asarray(levels, np.int64))
        self._sizes = sizes

    def half_width(self, level: float) -> float:
        n = float(self._sizes.max())
        low, high = mean_interval(self._sizes, level, 0.0, max(n, 1.0))[2]
        return (high - low) / 2

    def spread(
        self,
        model: Model,
        plan: Resolved,
        level: float,
        quantiles: Sequence[float],
        playback: int,
        params: dict[str, object],
    ) -> Spread:
        """What all runs came to."""
        assert self._totals is not None
        last = int(np.flatnonzero(self._levels).max(initial=0)) + 1
        sizes = self._sizes.astype(np.int64)
        low, high = self._range(model, plan, all_agree=bool(sizes.min() == sizes.max()))
        mean, std_error, interval = mean_interval(sizes, level, low, high)
        if self.kernel.name == "events":
            params = {**params, "bin": self.kernel.task.bin}
        params = {**params, "n_runs": self.n_runs, "kernel": self.kernel.name, "repeated_seeds": plan.repeated}
        return Spread(
            seeds=plan.ids,
            n_runs=self.n_runs,
            mean=mean,
            std_error=std_error,
            interval=interval,
            quantiles=dict(zip(quantiles, np.quantile(sizes, list(quantiles)).tolist(), strict=True)),
            activation_prob=self._totals / self.n_runs,
            by_step=self._levels[:last] / self.n_runs,
            sizes=self._sizes,
            ids=model.graph.ids,
            playback=_playback(self.kernel, min(playback, self.n_runs), model.graph.n_nodes),
            params=params,
        )

    def _range(self, model: Model, plan: Resolved, *, all_agree: bool) -> tuple[float, float]:
        """The least and the most accounts that a run can end with; the most exactly only where it decides."""
        if isinstance(model, SIR | SIS):
            least, most = self.kernel.task.limits()
            return float(least), float(most)
        if not all_agree:
            return float(plan.nodes.size), float(model.graph.n_nodes)
        graph = model.graph
        arc = read_only(model.probabilities()[graph.in_arcs])
        rows = (graph.in_indptr, graph.in_indices, arc)
        return float(plan.nodes.size), float(reachable(*rows, read_only(plan.nodes), NO_NODES))


def _playback(kernel: _Kernel, n_runs: int, n_nodes: int) -> npt.NDArray[Any]:
    """When each account was activated in each of the first runs."""
    if kernel.name == "events":
        times: npt.NDArray[Any] = run_times(kernel.task, 0, n_runs)
        return times
    if kernel.name == "walk":
        return _first_runs(kernel.task, n_runs, n_nodes)
    steps = np.full((n_runs, n_nodes), -1, np.int32)
    if n_runs:
        _worlds(kernel.task, 0, np.empty(n_runs, np.uint32), steps)
    return steps


def _first_runs(sampler: Sampler, n_runs: int, n_nodes: int) -> npt.NDArray[np.int32]:
    steps = np.full((n_runs, n_nodes), -1, np.int32)
    for run in range(n_runs):
        members, _, levels = sampler.levels(run, 1)
        steps[run, members] = np.repeat(np.arange(levels.size), levels)
    return steps
