"""Adoptions made ready to be held against probabilities: which posts, on which arcs, in which chunks.

Whole posts are held out: a *test post* is one whose first known adoption lies at or after the split, and whatever is
learned, is learned from the rows before it. Posts that began before it and go on after it are in neither part's truth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key
from swayrank._validate import Interval, check
from swayrank.engines import Bounds, Engine, chunk_bounds
from swayrank.errors import LeakError, ParameterError
from swayrank.events import Events, as_us
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.exposure import N_CELLS, count_exposures, judge_posts, reweigh
from swayrank.learning.adoptions import EARLIEST, Adoptions, Cascades
from swayrank.measures._data import check_events, check_graph
from swayrank.measures.propagation.models import Floats, IndependentCascade
from swayrank.validation.folds import was_learned

Counts = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
Split = float | str | dt.datetime | dt.date
Learner = Callable[[Graph, Events], Graph]
"""Gives a graph with a column "probability", from a graph and the events that it may know."""

WHICH = ("ever", "before")
"""Which exposures count for those who adopted: all, or only those before they did."""

_ARCS_PER_CHUNK = 2**21
_POSTS_PER_CHUNK = 4096
_NOTHING: Floats = read_only(np.empty(0))


class Chances(NamedTuple):
    """Probabilities on arcs as kernels take them: one per arc, or none and one per follower."""

    arc: Floats
    node: Floats

    @classmethod
    def of(cls, model: IndependentCascade, *, by_followed: bool) -> Chances:
        """In the order of the followed accounts' rows, or of the followers'."""
        if model.rule != "per_arc":
            return cls(_NOTHING, model.node_probability)
        arc = model.arc_probability
        return cls(read_only(arc[model.graph.in_arcs]) if by_followed else arc, read_only(np.zeros(1)))


@dataclass(frozen=True, eq=False)
class Exposures:
    """The chosen posts of a log, to be held against probabilities on a graph's arcs.

    Attributes
    ----------
    graph : Graph
    adoptions : Adoptions
        Of the graph's accounts.
    posts : numpy.ndarray of uint32
        Positions of the chosen posts.
    """

    graph: Graph
    adoptions: Adoptions
    posts: U32

    @classmethod
    def of(cls, name: str, graph: Graph, events: Events, actions: Iterable[str]) -> Exposures:
        """All posts of a log that anybody in the graph adopted; `name` is what needs them."""
        check_graph(name, graph)
        check_events(name, events)
        adoptions = Adoptions.of(events, graph.ids, actions=actions)
        if not adoptions.n:
            raise ParameterError(
                f"events must have adoptions by accounts of the graph; none of its {graph.n_nodes:,} accounts has "
                "adopted a post: are the graph's and the log's accounts called by the same ids?"
            )
        sizes = np.diff(adoptions.by_post.indptr)
        return cls(graph, adoptions, read_only(np.flatnonzero(sizes).astype(np.uint32)))

    def held_out(self, split: Split) -> tuple[int, Exposures]:
        """The split as an instant, and the posts that began at it or later.

        Parameters
        ----------
        split : float in (0, 1), or a time
            Share of the posts, in the order of their beginning, that come before; or the instant itself.
        """
        begins = self._begins
        dated = np.sort(begins[begins != EARLIEST])
        if isinstance(split, float):
            check("split", split, Interval(0, 1, "()"))
            instant = int(dated[min(int(np.ceil(split * dated.size)), dated.size - 1)]) if dated.size else 0
        else:
            instant = as_us(split)
        chosen = (begins != EARLIEST) & (begins >= instant)
        if not chosen.any() or not (begins[~chosen] != EARLIEST).any():
            side = "after" if not chosen.any() else "before"
            raise ParameterError(
                f"split must leave posts that began before it and posts that began after it, got {split!r}: none of "
                f"{begins.size:,} began {side} it"
            )
        return instant, replace(self, posts=read_only(self.posts[chosen]))

    @cached_property
    def _begins(self) -> npt.NDArray[np.int64]:
        """The first known time of each chosen post; EARLIEST where none is known."""
        starts, _, time = self.adoptions.by_post
        later = np.where(time == EARLIEST, np.int64(2**63 - 1), time)
        first = np.minimum.reduceat(later, starts[self.posts].astype(np.int64))
        return np.where(first == 2**63 - 1, EARLIEST, first)

    @property
    def n(self) -> int:
        """Number of adoptions of the chosen posts."""
        return int(self.sizes.sum())

    @cached_property
    def sizes(self) -> Counts:
        """Adopters of each chosen post."""
        return np.diff(self.adoptions.by_post.indptr)[self.posts].astype(np.int64)

    def bounds(self, degree: npt.NDArray[np.uint32]) -> Bounds:
        """Edges of chunks of posts with about as many arcs of their adopters each; `degree` is the arcs of each."""
        starts, account, _ = self.adoptions.by_post
        work = np.concatenate(([0], np.cumsum(degree[account].astype(np.int64) + 1)))
        per_post = work[starts[self.posts + 1].astype(np.int64)] - work[starts[self.posts].astype(np.int64)]
        chunk = np.cumsum(per_post) // max(_ARCS_PER_CHUNK, 4 * self.graph.n_nodes)
        edges = np.flatnonzero(np.diff(chunk)) + 1
        return np.unique(np.concatenate((edges, chunk_bounds(self.posts.size, _POSTS_PER_CHUNK))))


class Task(NamedTuple):
    """What a chunk of posts needs: pure data."""

    posts: U32
    cascades: Cascades
    graph: Graph
    chances: Chances
    ever: bool

    def arrays(self, start: int, stop: int) -> tuple[Any, ...]:
        """The arguments that kernels over exposures share."""
        rows = self.graph.in_indptr, self.graph.in_indices
        given = (self.posts[start:stop], *self.cascades, *rows, *self.chances)
        return *(read_only(array) for array in given), np.uint64(self.ever)


def task_of(exposures: Exposures, model: IndependentCascade, which: str) -> Task:
    """The chosen posts under the probabilities of a model; `which` exposures count, one of WHICH."""
    chances = Chances.of(model, by_followed=True)
    return Task(exposures.posts, exposures.adoptions.by_post, model.graph, chances, which == "ever")


# -- one global probability --------------------------------------------------------------------------------------------


class Trials(NamedTuple):
    """How often exposures won and lost.

    Attributes
    ----------
    won : numpy.ndarray of int64
        By number of exposures, the adoptions that had so many.
    lost : int
        Exposures of those who never adopted.
    successes : int
        Exposures before adoptions, over all arcs.
    """

    won: Counts
    lost: int
    successes: int

    @property
    def mean(self) -> float:
        """Successes over trials of all arcs together: what is known of an arc without a history."""
        trials = self.successes + self.lost
        return self.successes / trials if trials else 0.0

    def most_likely(self) -> float:
        """The one probability of all arcs under which Independent Cascade makes these outcomes most likely.

        The derivative of ``sum_k won[k] log(1 - (1 - p)**k) + lost log(1 - p)`` falls with p; its zero is bisected.
        """
        k = np.flatnonzero(self.won)
        if not k.size:
            return 0.0
        if not self.lost:
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(100):
            p = (low + high) / 2
            rest = -np.expm1(k * np.log1p(-p))
            slope = float((self.won[k] * k * np.exp((k - 1) * np.log1p(-p)) / rest).sum()) - self.lost / (1 - p)
            low, high = (p, high) if slope > 0 else (low, p)
        return (low + high) / 2


def count_trials(exposures: Exposures, which: str, runner: Engine, progress: Progress = None) -> Trials:
    """Count exposures, whatever their probabilities."""
    task = task_of(exposures, IndependentCascade(exposures.graph, prob=0.0), which)
    total = Trials(_by_exposures(task.graph), 0, 0)
    bounds = exposures.bounds(exposures.graph.in_degree)
    with track(progress, "counting exposures", exposures.posts.size) as step:
        for part in runner.map(_count_chunk, task, bounds, step=step):
            total = Trials(total.won + part.won, total.lost + part.lost, total.successes + part.successes)
    return total


def _count_chunk(task: Task, start: int, stop: int) -> Trials:
    won = _by_exposures(task.graph)
    lost, successes = count_exposures(*task.arrays(start, stop), won)
    return Trials(won, int(lost), int(successes))


def _by_exposures(graph: Graph) -> Counts:
    return np.zeros(int(graph.out_degree.max(initial=0)) + 1, np.int64)


# -- predictions and outcomes ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judged:
    """What probabilities predict for the chosen posts, and what happened.

    Attributes
    ----------
    cell_counts, cell_risks : numpy.ndarray, shapes (n_cells, 2) and (n_cells,)
        Exposed accounts, adoptions among them, and their summed risks, by fine cells of risk.
    exposed, adopted, unexplained, floored : numpy.ndarray of int64, shape (n_posts,)
        Per post: exposed accounts, adoptions among them, adoptions of nobody exposed, outcomes below the floor.
    log_likelihood, squared_error, expected : numpy.ndarray of float64, shape (n_posts,)
        Per post, summed over the exposed.
    """

    cell_counts: Counts
    cell_risks: Floats
    exposed: Counts
    adopted: Counts
    unexplained: Counts
    floored: Counts
    log_likelihood: Floats
    squared_error: Floats
    expected: Floats


def judge(
    exposures: Exposures,
    model: IndependentCascade,
    which: str,
    floor: float,
    runner: Engine,
    progress: Progress = None,
) -> Judged:
    """Hold a model's probabilities against what happened in the chosen posts."""
    n = exposures.posts.size
    cell_counts, cell_risks = np.zeros((N_CELLS, 2), np.int64), np.zeros(N_CELLS)
    counts, scores = np.empty((n, 4), np.int64), np.empty((n, 3))
    bounds = exposures.bounds(exposures.graph.in_degree)
    done = 0
    with track(progress, "predictions and outcomes", n) as step:
        for part in runner.map(_judge_chunk, (task_of(exposures, model, which), floor), bounds, step=step):
            cell_counts += part[0]
            cell_risks += part[1]
            counts[done : done + len(part[2])], scores[done : done + len(part[2])] = part[2], part[3]
            done += len(part[2])
    return Judged(cell_counts, cell_risks, *np.ascontiguousarray(counts.T), *np.ascontiguousarray(scores.T))


def _judge_chunk(work: tuple[Task, float], start: int, stop: int) -> tuple[Counts, Floats, Counts, Floats]:
    task, floor = work
    cells, risks = np.zeros((N_CELLS, 2), np.int64), np.zeros(N_CELLS)
    counts, scores = np.zeros((stop - start, 4), np.int64), np.zeros((stop - start, 3))
    judge_posts(*task.arrays(start, stop), floor, cells, risks, counts, scores)
    return cells, risks, counts, scores


# -- the bootstrap over posts ------------------------------------------------------------------------------------------


def replicates(posts: U32, figures: Floats, n_replicates: int, key: Key, runner: Engine) -> Floats:
    """Sums of the posts' figures in replicates of the log: float64, shape (n_replicates, n_figures).

    Replicates are Poisson bootstraps over posts: all that hangs on one post moves together. One post alone varies in
    nothing that could be seen, so all is NaN then.
    """
    if posts.size < 2:
        return np.full((n_replicates, figures.shape[1]), np.nan)
    sums = np.zeros((n_replicates, figures.shape[1]))
    work = posts, np.ascontiguousarray(figures), n_replicates, key
    for part in runner.map(_reweigh_chunk, work, chunk_bounds(posts.size, _POSTS_PER_CHUNK)):
        sums += part
    return sums


def _reweigh_chunk(work: tuple[U32, Floats, int, Key], start: int, stop: int) -> Floats:
    posts, figures, n_replicates, key = work
    return reweighed(posts[start:stop], figures[start:stop], n_replicates, key)


def reweighed(posts: U32, figures: Floats, n_replicates: int, key: Key) -> Floats:
    """The sums of one chunk's posts."""
    sums = np.zeros((n_replicates, figures.shape[1]))
    reweigh(key.hi, key.lo, read_only(posts), read_only(figures), sums)
    return sums


def interval_of(draws: Floats, confidence: float) -> tuple[float, float]:
    """Percentiles of the replicates, infinite ones among them; NaN where none is a number."""
    known = draws[~np.isnan(draws)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return float(low), float(high)


def model_of(name: str, graph: Graph, prob: Any, known: Events | None) -> IndependentCascade:
    """Independent Cascade with what `prob` names, or with what a learner makes of the events that it may know."""
    if not callable(prob):
        if known is not None and was_learned(graph) and (prob is None or prob == "probability"):
            raise LeakError(
                f"{name} would judge what was learned from a log, perhaps from the posts after the split: have it "
                f"learned from before the split instead (prob= a learner; --learn METHOD), or judge without a split"
            )
        return IndependentCascade(graph, prob=prob)
    if known is None:
        raise ParameterError(f"{name} learns probabilities from before a split only: give split=, such as 0.8")
    learned = prob(graph, known)
    check_graph("what a learner gives", learned)
    if learned.n_nodes != graph.n_nodes or learned.n_edges != graph.n_edges:
        raise ParameterError(
            f"a learner must give the same graph with a column 'probability', got {learned!r} for {graph!r}"
        )
    return IndependentCascade(learned, prob="probability")
