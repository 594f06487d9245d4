"""CELF: greedy choice by simulation in fixed worlds, evaluating as few accounts as it can.

All evaluations run the same `n_runs` worlds, so that a marginal gain is a mean of differences world by world, never
negative; and since a seed more never adds more in a world than it would have added earlier, a gain that was computed
for fewer seeds is an upper bound of the present one. So: ::

    evaluate every account alone
    repeat: take the account of the highest bound; if its bound is of this round, choose it, else evaluate it anew

which chooses what plain greedy in these worlds chooses, ties going to the first in public order. Gains are sums of
whole numbers until the very end, so they do not depend on how the worlds are dealt.

The first pass is the cost. Accounts without followers are not simulated: such an account adds itself in the worlds in
which it is not active. Under Linear Threshold a world is a forest of choices, in which one walk over all accounts says
what each of them adds: there every round evaluates all of them, for what one evaluation would cost.

The model has to be submodular (Independent Cascade, Linear Threshold, SIR).

References
----------
Leskovec, Krause, Guestrin, Faloutsos, VanBriesen & Glance (2007), "Cost-effective outbreak detection in networks", KDD.
Kempe, Kleinberg & Tardos (2003), "Maximizing the spread of influence through a social network", KDD.
"""

from __future__ import annotations

import heapq
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key
from swayrank.engines import Engine, chunk_bounds
from swayrank.errors import ParameterError
from swayrank.ids import read_only
from swayrank.kernels.dominators import choice_gains
from swayrank.measures.propagation.limits import Floats
from swayrank.measures.propagation.models import LinearThreshold
from swayrank.measures.propagation.sampler import NO_NODES, U32, Sampler
from swayrank.measures.propagation.simulate import Model, _Kernel, _kernel_for

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLOCKS = 32
"""Into so many pieces the worlds are dealt where one account is evaluated by itself."""
_CHUNKS = 256
_NO_WORTH: Counts = read_only(np.empty(0, np.int64))


class _Task(NamedTuple):
    """Seed sets to run: item i is the set `base` and candidates[i // n_blocks], in piece i % n_blocks of the worlds."""

    kernel: _Kernel
    n_runs: int
    base: U32
    candidates: U32
    n_blocks: int
    worth: Counts


class _ForestTask(NamedTuple):
    sampler: Sampler
    worth: Counts


def celf(
    model: Model,
    k: int,
    *,
    n_runs: int = 1000,
    allowed: Mask | None = None,
    chosen: U32 = NO_NODES,
    key: Key,
    runner: Engine,
    progress: Progress = None,
    value: Floats | None = None,
) -> tuple[U32, Floats, int]:
    """Choose k seeds greedily in `n_runs` simulated worlds.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold or SIR
        A submodular model.
    k : int
        How many seeds in all, those chosen already included.
    n_runs : int, default=1000
        Worlds, at least 1.
    allowed : numpy.ndarray of bool, shape (n_nodes,), or None, default=None
        Who may be chosen; None for everybody.
    chosen : numpy.ndarray of uint32
        Positions taken already, allowed or not, each once; they come first in the answer.
    key : Key
        Randomness.
    runner : Engine
        Where to run.
    progress
        Whether to tell.
    value : numpy.ndarray of float64, shape (n_nodes,), or None, default=None
        What each account counts for, at least 0; None: 1.

    Returns
    -------
    nodes : numpy.ndarray of uint32
        `chosen`, then the new seeds in order; fewer than k only if fewer are allowed.
    gains : numpy.ndarray of float64
        Mean marginal gain of each, in accounts (or value).
    n_evaluations : int
        How many seed sets were evaluated, accounts without followers aside. Under Linear Threshold every round counts
        all accounts that may be chosen.

    Raises
    ------
    ParameterError
        If the model is not submodular.

    Notes
    -----
    The seeds are within 1 - 1/e of the best for these worlds, and the gains are of these worlds, which the seeds were
    chosen in: as estimates of the spread they are too high. Memory: 24 bytes per account, and a simulation's for each
    chunk at work. With `value`, values are rounded to 2**-62 of the sum over all accounts and worlds.

    References
    ----------
    Leskovec et al. (2007), "Cost-effective outbreak detection in networks", KDD.

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank._rng import resolve_rng
    >>> from swayrank.engines import resolve_engine
    >>> g = sr.Graph.from_edges([1, 2, 3, 3, 5], [0, 0, 0, 4, 4], n_nodes=6)
    >>> nodes, gains, n_evaluations = celf(
    ...     sr.IndependentCascade(g, prob=0.5), 2, n_runs=10_000, key=resolve_rng(7), runner=resolve_engine("local"))
    >>> nodes, gains.round(2), n_evaluations                             # exactly 2.5 and 1.75
    (array([0, 4], dtype=uint32), array([2.52, 1.74]), 3)
    """
    if not model.submodular:
        raise ParameterError(
            f"method 'celf' needs a submodular model, and {type(model).__name__} is not one: use method='degree' or "
            "another heuristic, and judge the seeds by simulate(...)"
        )
    n = model.graph.n_nodes
    given = np.asarray(chosen, np.uint32)
    free = np.ones(n, np.bool_) if allowed is None else np.array(allowed, np.bool_)
    free[given] = False
    worth, unit = _worth(value, n_runs, n)
    worlds = (
        _Forest(model, n_runs, free, worth, key, runner)
        if isinstance(model, LinearThreshold)
        else _Lazy(model, n_runs, free, worth, key, runner)
    )
    more = min(max(k - given.size, 0), int(np.count_nonzero(free)))
    with track(progress, "greedy choice in simulated worlds") as step:
        gains = [worlds.take(int(node), step) for node in given]
        picks = list(given.tolist())
        for _ in range(more):
            node, gain = worlds.best(step)
            picks.append(node)
            gains.append(gain)
            if len(picks) < given.size + more:
                worlds.take(node, step)
    return np.array(picks, np.uint32), np.array(gains, np.float64) / unit / n_runs, worlds.n_evaluations


def _worth(value: Floats | None, n_runs: int, n_nodes: int) -> tuple[Counts, float]:
    """Values in whole numbers of a unit so small that all of them over all worlds just fit 62 bits; and 1 / unit."""
    if value is None:
        return _NO_WORTH, 1.0
    given = np.asarray(value, np.float64)
    if given.shape != (n_nodes,) or not np.all((given >= 0) & np.isfinite(given)):
        raise ParameterError(f"value must hold a number of at least 0 for each account, shape ({n_nodes},)")
    total = float(given.sum()) * n_runs
    if total == 0.0:
        return read_only(np.zeros(n_nodes, np.int64)), 1.0
    scale = math.ldexp(1.0, min(61 - math.frexp(total)[1], 1000))
    return read_only(np.rint(given * scale).astype(np.int64)), scale


class _Lazy:
    """Gains by running seed sets, from a heap of upper bounds."""

    def __init__(self, model: Model, n_runs: int, free: Mask, worth: Counts, key: Key, runner: Engine) -> None:
        # one kernel for all: the worlds of one are not those of another
        self._kernel = _kernel_for(model, np.zeros(min(1, free.size), np.uint32), key, 1).plain()
        self._n_runs, self._worth, self._runner = n_runs, worth, runner
        self._base, self._total = NO_NODES, 0
        self._active = np.zeros(free.size, np.int64)
        followed = np.asarray(model.graph.in_degree) > 0
        self._silent = free & ~followed
        self._open = np.flatnonzero(free & followed).astype(np.uint32)
        self._heap: list[tuple[int, int, int]] | None = None
        self.n_evaluations = 0

    def best(self, step: Step) -> tuple[int, int]:
        """The account of highest gain over the seeds taken so far, and that gain over all worlds."""
        if self._heap is None:
            self._heap = self._first_pass(step)
        heap, now = self._heap, self._base.size
        while heap and heap[0][2] != now:
            _, node, _ = heap[0]
            heapq.heapreplace(heap, (-self._gain_of(node, step), node, now))
        silent = self._best_silent()
        if heap and (silent is None or heap[0][:2] < silent):
            loss, node, _ = heapq.heappop(heap)
        else:
            assert silent is not None
            loss, node = silent
            self._silent[node] = False
        return node, -loss

    def take(self, node: int, step: Step) -> int:
        """Add an account to the seeds; what that gains over all worlds."""
        self._base = np.append(self._base, np.uint32(node))
        before, self._total = self._total, 0
        self._active = np.zeros(self._active.size, np.int64)
        bounds = chunk_bounds(self._n_runs, -(-self._n_runs // _BLOCKS))
        sizes: npt.NDArray[Any] = np.empty(self._n_runs, self._kernel.dtype)
        task = _starting(self._kernel, self._base)
        for totals, _ in self._runner.map(self._kernel.function, task, bounds, out=sizes, step=step):
            self._active += totals.astype(np.int64)
        self._total = int((self._active * self._worth if self._worth.size else self._active).sum())
        return self._total - before

    def _first_pass(self, step: Step) -> list[tuple[int, int, int]]:
        totals = self._run(self._open, 1, max(1, -(-self._open.size // _CHUNKS)), step)
        now = self._base.size
        heap = [
            (self._total - total, node, now) for total, node in zip(totals.tolist(), self._open.tolist(), strict=True)
        ]
        heapq.heapify(heap)
        return heap

    def _gain_of(self, node: int, step: Step) -> int:
        n_blocks = min(_BLOCKS, self._n_runs)
        return int(self._run(np.array([node], np.uint32), n_blocks, 1, step).sum()) - self._total

    def _run(self, candidates: U32, n_blocks: int, chunk: int, step: Step) -> Counts:
        self.n_evaluations += candidates.size
        task = _Task(self._kernel, self._n_runs, self._base, read_only(candidates), n_blocks, self._worth)
        totals = np.empty(candidates.size * n_blocks, np.int64)
        for _ in self._runner.map(_sets_chunk, task, chunk_bounds(totals.size, chunk), out=totals, step=step):
            pass
        return totals

    def _best_silent(self) -> tuple[int, int] | None:
        """Of the accounts without followers, which each add themselves where they are not active."""
        nodes = np.flatnonzero(self._silent)
        if not nodes.size:
            return None
        gains = self._n_runs - self._active[nodes]
        if self._worth.size:
            gains = gains * self._worth[nodes]
        best = int(gains.argmax())
        return -int(gains[best]), int(nodes[best])


def _starting(kernel: _Kernel, nodes: U32) -> Any:
    """What the kernel needs to run from `nodes`."""
    seeds = read_only(nodes)
    return kernel.task._replace(**{"seeds" if kernel.name == "events" else "starts": seeds})


def _sets_chunk(task: _Task, start: int, stop: int, out: Counts) -> None:
    kernel, n_blocks = task.kernel, task.n_blocks
    for item in range(start, stop):
        block = item % n_blocks
        nodes = np.append(task.base, task.candidates[item // n_blocks])
        first, last = (task.n_runs * edge // n_blocks for edge in (block, block + 1))
        inputs = _starting(kernel, nodes)
        if isinstance(inputs, Sampler) and not task.worth.size:
            out[item - start] = inputs.items(first, last - first, keep=False).sizes.sum(dtype=np.int64)
            continue
        sizes: npt.NDArray[Any] = np.empty(last - first, kernel.dtype)
        totals, _ = kernel.function(inputs, first, last, sizes)
        out[item - start] = (totals.astype(np.int64) * task.worth if task.worth.size else sizes).sum(dtype=np.int64)


class _Forest:
    """Gains of all accounts at once, under Linear Threshold."""

    def __init__(
        self, model: LinearThreshold, n_runs: int, free: Mask, worth: Counts, key: Key, runner: Engine
    ) -> None:
        self._sampler: Sampler = _kernel_for(model, NO_NODES, key, 1).task.sampler
        self._n_runs, self._worth, self._runner = n_runs, worth, runner
        self._free = free.copy()
        self._gains: Counts | None = None
        self.n_evaluations = 0

    def best(self, step: Step) -> tuple[int, int]:
        """The account of highest gain over the seeds taken so far, and that gain over all worlds."""
        gains = np.where(self._free, self._all(step), -1)
        self.n_evaluations += int(np.count_nonzero(self._free))
        node = int(gains.argmax())
        self._free[node] = False
        return node, int(gains[node])

    def take(self, node: int, step: Step) -> int:
        """Add an account to the seeds; what that gains over all worlds."""
        gain = int(self._all(step)[node])
        self._sampler = self._sampler._replace(starts=read_only(np.append(self._sampler.starts, np.uint32(node))))
        self._gains = None
        return gain

    def _all(self, step: Step) -> Counts:
        if self._gains is None:
            bounds = chunk_bounds(self._n_runs, -(-self._n_runs // _BLOCKS))
            gains = np.zeros(self._free.size, np.int64)
            for part in self._runner.map(_forest_chunk, _ForestTask(self._sampler, self._worth), bounds, step=step):
                gains += part
            self._gains = gains
        return self._gains


def _forest_chunk(task: _ForestTask, start: int, stop: int) -> Counts:
    sampler, walk = task.sampler, task.sampler.walk
    gains = np.zeros(walk.n_nodes, np.int64)
    arrays = (walk.rows, walk.indices, walk.probability, walk.shares, sampler.starts, task.worth)
    worlds = sampler.key.hi, sampler.key.lo, np.uint64(sampler.purpose), np.uint64(start), np.uint64(stop - start)
    choice_gains(*(read_only(array) for array in arrays), np.uint64(walk.max_steps), *worlds, gains)
    return gains
