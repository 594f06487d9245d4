"""Chunks of followers: what the kernels count and fit there, put together in the order of the arcs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, balanced_bounds
from swayrank.errors import ConvergenceError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.learn import CREDIT_BITS, delay_rows, fit_rows, tally_rows
from swayrank.learning.adoptions import Adoptions
from swayrank.learning.shrinkage import Beliefs

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_CHUNKS = 64


class Rows(NamedTuple):
    """What every kernel reads: rows of arcs, adoptions by account, and the window. Arrays are read-only."""

    indptr: U64
    indices: U32
    starts: U64
    post: U32
    time: npt.NDArray[np.int64]
    window: np.int64

    @classmethod
    def of(cls, graph: Graph, adoptions: Adoptions, window: int) -> Rows:
        """The rows of a graph, the adoptions of its accounts, and after how many microseconds a trial has failed."""
        arcs = read_only(graph.indptr), read_only(graph.indices)
        took_up = read_only(adoptions.indptr), read_only(adoptions.post), read_only(adoptions.time)
        return cls(*arcs, *took_up, np.int64(window))

    @property
    def bounds(self) -> npt.NDArray[np.int64]:
        """Chunks of followers."""
        return balanced_bounds(self.indptr, _CHUNKS)

    def n_arcs(self, start: int, stop: int) -> int:
        """How many arcs the accounts of a chunk have."""
        return int(self.indptr[stop] - self.indptr[start])


class Tally(NamedTuple):
    """What the log holds about every arc, and about every account.

    Attributes
    ----------
    trials, successes : numpy.ndarray of uint32, shape (n_arcs,)
    common : numpy.ndarray of uint32, shape (n_arcs,)
        Posts that both ends adopted, in whatever order.
    credit : numpy.ndarray of float64, shape (n_arcs,), or (0,)
        Successes, each split among the parents of the adoption.
    explained : numpy.ndarray of uint32, shape (n_nodes,)
        Adoptions that had a parent.
    """

    trials: U32
    successes: U32
    common: U32
    credit: Floats
    explained: U32


class Delays(NamedTuple):
    """How long after its parents each account adopts.

    Attributes
    ----------
    undated, within : numpy.ndarray of uint32, shape (n_arcs,)
        Successes at an unknown delay, and those no later than the mean delay.
    delay : numpy.ndarray of float64, shape (n_arcs,)
        The mean delay in seconds; NaN where none is known.
    moved : numpy.ndarray of uint32, shape (n_nodes,)
        Adoptions within the mean delay of at least one parent.
    """

    undated: U32
    delay: Floats
    within: U32
    moved: U32


class Fit(NamedTuple):
    """The most likely probabilities.

    Attributes
    ----------
    probability, strength : numpy.ndarray of float64, shape (n_arcs,)
        And to how many trials of known outcome the log's evidence about each amounts, prior included.
    n_iter : int
        The most iterations that any follower took.
    residual : float
        The largest residual of the optimality conditions.
    log_likelihood : float
    """

    probability: Floats
    strength: Floats
    n_iter: int
    residual: float
    log_likelihood: float


def tally(rows: Rows, *, credit: bool, runner: Engine, progress: Progress = None) -> Tally:
    """Count every arc's trials and successes; with `credit`, split each success among the parents."""
    with track(progress, "counting trials", rows.indptr.size - 1) as step:
        parts = [*runner.map(_tally_of, (rows, credit), rows.bounds, step=step)]
    trials, successes, common, shares, explained = _joined(parts, (np.uint32,) * 3 + (np.uint64, np.uint32))
    return Tally(trials, successes, common, shares / float(1 << CREDIT_BITS), explained)


def _tally_of(task: tuple[Rows, bool], start: int, stop: int) -> tuple[npt.NDArray[Any], ...]:
    rows, credit = task
    n = rows.n_arcs(start, stop)
    counts = np.zeros(n, np.uint32), np.zeros(n, np.uint32), np.zeros(n, np.uint32)
    shares, explained = np.zeros(n if credit else 0, np.uint64), np.zeros(stop - start, np.uint32)
    tally_rows(np.uint64(start), np.uint64(stop), *rows, *counts, shares, explained)
    return (*counts, shares, explained)


def delays(rows: Rows, *, runner: Engine, progress: Progress = None) -> Delays:
    """Measure every arc's mean delay."""
    with track(progress, "measuring delays", rows.indptr.size - 1) as step:
        parts = [*runner.map(_delays_of, rows, rows.bounds, step=step)]
    return Delays(*_joined(parts, (np.uint32, np.float64, np.uint32, np.uint32)))


def _delays_of(rows: Rows, start: int, stop: int) -> tuple[npt.NDArray[Any], ...]:
    n = rows.n_arcs(start, stop)
    trials, successes, undated, within = (np.zeros(n, np.uint32) for _ in range(4))
    delay, moved = np.empty(n), np.zeros(stop - start, np.uint32)
    delay_rows(np.uint64(start), np.uint64(stop), *rows, trials, successes, undated, delay, within, moved)
    return undated, delay, within, moved


def fit(
    rows: Rows,
    prior: Beliefs,
    *,
    method: str,
    tol: float,
    max_iter: int,
    runner: Engine,
    progress: Progress = None,
) -> Fit:
    """Maximise the likelihood by "em" or "likelihood"; an error where an account's row does not get to `tol`."""
    plus, minus = read_only(prior.successes), read_only(prior.failures)
    task = (rows, plus, minus, method == "em", tol, max_iter)
    with track(progress, "maximising the likelihood", rows.indptr.size - 1) as step:
        parts = [*runner.map(_fit_of, task, rows.bounds, step=step)]
    floats = (np.float64, np.float64)
    probability, strength, n_iter, residual, likelihood = _joined(parts, (*floats, np.uint32, *floats))
    worst = float(residual.max(initial=0.0))
    if worst > tol:
        cure = "raise max_iter or tol, give a prior" + (", or use method='likelihood'" if method == "em" else "")
        raise ConvergenceError(
            f"{method}: the residual is {worst:.3g} after max_iter={max_iter} iterations, above tol={tol:g}, for "
            f"{int((residual > tol).sum()):,} accounts; {cure}"
        )
    return Fit(probability, strength, int(n_iter.max(initial=0)), worst, float(likelihood.sum()))


def _fit_of(task: tuple[Rows, Floats, Floats, bool, float, int], start: int, stop: int) -> tuple[npt.NDArray[Any], ...]:
    rows, plus, minus, by_em, tol, max_iter = task
    n, m = rows.n_arcs(start, stop), stop - start
    found = np.zeros(n), np.zeros(n), np.zeros(m, np.uint32), np.zeros(m), np.zeros(m)
    fit_rows(np.uint64(start), np.uint64(stop), *rows, plus, minus, by_em, tol, max_iter, *found)
    return found


def _joined(parts: list[tuple[npt.NDArray[Any], ...]], kinds: tuple[type, ...]) -> list[npt.NDArray[Any]]:
    """The chunks' arrays end to end; empty ones of the right kind where there is no chunk."""
    if not parts:
        return [np.empty(0, kind) for kind in kinds]
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
