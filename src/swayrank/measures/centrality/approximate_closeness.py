r"""Closeness and harmonic centrality of every account from the distances of some sources, within epsilon.

Definitions, read along the arcs: d(u, v) is the least number of arcs from u to v, and of n accounts
:math:`R_v` others reach v.

- Harmonic (Marchiori & Latora 2000; Boldi & Vigna 2014): :math:`H_v = \sum_{u \ne v} 1 / d(u, v)`, 1 / infinity = 0.
  Scale ``"fraction"``: :math:`H_v / (n - 1)`, in [0, 1]; ``"raw"``: H itself, as NetworkX's ``harmonic_centrality``.
- Closeness by Wasserman & Faust (1994): :math:`C_v = \frac{R_v}{n - 1} \cdot \frac{R_v}{\sum_u d(u, v)}`, the sum over
  those that reach v; 0 where nobody does. In [0, 1], as NetworkX's ``closeness_centrality``. (Without the factor
  R / (n - 1) an account that few reach could not be told from a sample: it may be close to them or far.)

Estimators (Eppstein & Wang 2004): sources drawn uniformly, with replacement, and a search from each along the arcs. The
mean of 1 / d(s, v) is :math:`H_v / n`; with :math:`p = R / (n - 1)` and :math:`q = \sum d / (n - 1)`, each a mean,
closeness is :math:`p^2 / q`. What is sampled beside p is a mean of distances in which a source that does not reach v
counts as one at a usual distance, which a few other sources have fixed: p and q themselves vary together, and two
separate intervals for them would need about nine times the samples.

Guarantee: with probability at least 1 - delta all intervals hold, and every estimate is within epsilon: of
H / (n - 1), or of C. The bound of :mod:`swayrank.measures.centrality._adaptive` is for numbers in [0, 1]: 1 / d is one;
distances are divided by a limit that :mod:`swayrank.kernels.distance_limits` proves, and as the bound grows with the
variance rather than with the range, the limit may be crude. Where all n sources would cost no more than the sample, all
are taken: then the values are exact up to rounding.

Cost: O(samples / 256 * m * levels) at worst, measured 6 to 20 ns for each arc and 256 sources. Memory: 200 bytes per
account and thread.

Sources: Marchiori & Latora (2000), doi:10.1016/S0378-4371(00)00311-3; Wasserman & Faust (1994), "Social network
analysis"; Boldi & Vigna (2014), doi:10.1080/15427951.2013.865686; Eppstein & Wang (2004), doi:10.7155/jgaa.00081.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Interval, OneOf, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.graph.exchange import component_labels
from swayrank.ids import read_only
from swayrank.kernels.distance_limits import from_pivots, longest_chains
from swayrank.kernels.distance_sums import ROWS, SOURCES, draw_sources, sum_distances
from swayrank.kernels.random import SOURCES as DRAWS
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._adaptive import (
    Estimated,
    Floats,
    Goal,
    Sums,
    Whole,
    Within,
    estimate_means,
    summed,
)
from swayrank.measures.registry import register

_SOURCES_PER_CHUNK = SOURCES
# The purpose of the draws that only fix a usual distance.
_FIRST_LOOK = DRAWS * 1000 + 1
# Sums of n numbers, rounded.
_ROUNDING = 2.0**-52


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """Measured: 6-25 ns for each arc and 256 sources; a variance of 0.05 is typical, but no more than all n sources."""
    n, epsilon = graph.n_nodes, params["epsilon"]
    drawn = 8 / epsilon + 0.1 * math.log(2 * (n + 1) / params["delta"]) / epsilon**2
    searches = math.ceil(min(drawn, n) / SOURCES)
    return Work(searches * float(graph.n_edges + n), 20.0, 200.0 * n, 200.0 * n)


@register(
    name="approximate_harmonic",
    needs="graph",
    reads="along",
    exact=False,
    cost="O(samples / 256 * m * levels), samples ~ 1 / epsilon^2",
    citation="Marchiori & Latora 2000; Eppstein & Wang 2004, doi:10.7155/jgaa.00081",
    work=_work,
)
@domains(epsilon=Interval(0, 1, "()"), delta=Interval(0, 1, "()"), scale=OneOf("raw", "fraction"))
def approximate_harmonic(
    graph: Graph,
    *,
    epsilon: float = 0.01,
    delta: float = 0.1,
    scale: str = "raw",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate how near all others are to every account, as the sum of 1 / distance, within epsilon (n - 1).

    Read along the arcs: distances from the others to the account, as ``networkx.harmonic_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    epsilon : float, default=0.01
        How far estimates may be off on the fraction scale, in (0, 1), whatever `scale` is.
    delta : float, default=0.1
        With probability at least 1 - delta all intervals hold at the same time, in (0, 1).
    scale : {"raw", "fraction"}, default="raw"
        The sum over the n - 1 others, as NetworkX, or their mean, in [0, 1].
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the sources done, of the most that there can be.

    Returns
    -------
    Measure
        float64 estimates with `interval` (all together with probability 1 - delta), `std_error`, and `error_bound`,
        the largest half-width. `params` records the number of samples, 0 where all sources were taken.

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    References
    ----------
    Marchiori & Latora (2000), doi:10.1016/S0378-4371(00)00311-3
    Eppstein & Wang (2004), doi:10.7155/jgaa.00081

    Examples
    --------
    In so small a graph all sources are taken:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])
    >>> m = sr.approximate_harmonic(g, rng=7)
    >>> m.value("eve"), m.params["n_samples"]
    (2.5, 0)
    """
    key, n = resolve_rng(rng), graph.n_nodes
    stretch = n / (n - 1) if n > 1 else 0.0
    unit = stretch * (1.0 if scale == "fraction" else n - 1)

    def sums(totals: Floats, _: int) -> Floats:
        return totals[:2]

    if n > 1:
        goal = Within(epsilon / stretch)
        found = _estimate(graph, key, sums, n, goal, delta, resolve_engine(engine, threads), progress)
    else:
        found = _nothing(n)
    mean, radius = found.mean, np.maximum(found.radius, n * _ROUNDING * found.mean)
    limits = (np.clip(unit * (mean + side * radius), 0.0, unit / stretch if n > 1 else 0.0) for side in (0, -1, 1))
    values, low, high = limits
    return Measure(
        "approximate_harmonic",
        values,
        graph.ids,
        error_bound=float((unit * radius).max(initial=0.0)),
        interval=(low, high),
        std_error=unit * found.std_error,
        params={"rng": key.record, "n_samples": found.n_samples, "plans": found.plans},
    )


@register(
    name="approximate_closeness",
    needs="graph",
    reads="along",
    exact=False,
    cost="O(samples / 256 * m * levels), samples ~ 1 / epsilon^2",
    citation="Wasserman & Faust 1994; Eppstein & Wang 2004, doi:10.7155/jgaa.00081",
    work=_work,
)
@domains(epsilon=Interval(0, 1, "()"), delta=Interval(0, 1, "()"))
def approximate_closeness(
    graph: Graph,
    *,
    epsilon: float = 0.01,
    delta: float = 0.1,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate the closeness of every account by Wasserman & Faust, within epsilon of it.

    Read along the arcs: distances from the others to the account, as ``networkx.closeness_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    epsilon : float, default=0.01
        How far estimates may be off, in (0, 1); closeness itself lies in [0, 1].
    delta : float, default=0.1
        With probability at least 1 - delta all intervals hold at the same time, in (0, 1).
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the sources done, of the most that there can be.

    Returns
    -------
    Measure
        float64 estimates with `interval` (all together with probability 1 - delta), `std_error`, and `error_bound`:
        no estimate is farther from an end of its interval. `params` records the number of samples, 0 where all
        sources were taken.

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    Notes
    -----
    What is bounded are the share p of accounts that reach v, and the mean of their distances where the others count as
    one fixed distance; the interval of closeness follows from those of both, and from no distance being below 1.

    References
    ----------
    Wasserman & Faust (1994), "Social network analysis"
    Eppstein & Wang (2004), doi:10.7155/jgaa.00081

    Examples
    --------
    In so small a graph all sources are taken:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])
    >>> m = sr.approximate_closeness(g, rng=7)
    >>> m.value("eve"), m.params["n_samples"]
    (0.75, 0)
    """
    key, n = resolve_rng(rng), graph.n_nodes
    stretch = n / (n - 1) if n > 1 else 0.0
    runner, limit = resolve_engine(engine, threads), distance_limits(graph)
    goal = _Close(epsilon, limit, _usual_distances(graph, key, limit, runner), stretch)
    if n > 1:
        found = _estimate(graph, key, goal.sums, 2 * n, goal, delta, runner, progress)
    else:
        found = _nothing(2 * n)
    values, low, high = goal.closeness(found.mean, np.maximum(found.radius, n * _ROUNDING * found.mean))
    return Measure(
        "approximate_closeness",
        values,
        graph.ids,
        error_bound=float(np.maximum(high - values, values - low).max(initial=0.0)),
        interval=(low, high),
        std_error=goal.std_error(found.sums) if found.n_samples else np.zeros(n),
        params={"rng": key.record, "n_samples": found.n_samples, "plans": found.plans},
    )


@dataclass(frozen=True)
class _Close:
    """All estimates of closeness within `epsilon`, from two means for each account over all n sources.

    The first is p, the share of sources that reach it. The second is that of x = d / limit, where a source that does
    not reach it counts as one at the distance `usual`: so that whether one does, which varies most, moves p alone. With
    q = limit x - usual (1 - p), the mean of the distances, closeness is stretch * f(p, x), f = p^2 / q.
    """

    epsilon: float
    limit: Floats
    usual: Floats
    stretch: float

    def sums(self, totals: Floats, n_samples: int) -> Floats:
        """Sums and sums of squares of both from the sums of the search."""
        missed = n_samples - totals[2]
        distances = (totals[3] + self.usual * missed) / self.limit
        squares = (totals[4] + self.usual**2 * missed) / self.limit**2
        return np.stack([np.concatenate([totals[2], distances]), np.concatenate([totals[2], squares])])

    @property
    def enough(self) -> float:
        """Where q >= p, the slopes of f are at most max(2, usual) and limit."""
        return float(self.epsilon / (3 * self.stretch * self.limit.max(initial=1.0)))

    def _value(self, p: Floats, x: Floats) -> Floats:
        """f, for q at least p, as no distance is below 1."""
        return _ratio(p**2, np.maximum(self.limit * x - self.usual * (1 - p), p))

    def closeness(self, mean: Floats, radius: Floats) -> tuple[Floats, Floats, Floats]:
        """Estimates and limits: f falls with x; in p it falls until p = -2 b / usual, b = limit x - usual, then rises.

        Nor can p be below -b / (usual - 1), where q = p.
        """
        (p, x), (dp, dx) = np.split(mean, 2), np.split(radius, 2)
        least, most = np.maximum(p - dp, 0.0), np.minimum(p + dp, 1 / self.stretch if self.stretch else 0.0)
        b = self.limit * (x - dx) - self.usual
        possible = np.clip(-b / np.maximum(self.usual - 1, 1e-9), least, most)
        high = np.maximum(self._value(possible, x - dx), self._value(most, x - dx))
        b = self.limit * (x + dx) - self.usual
        lowest = np.maximum(-2 * b / self.usual, -b / np.maximum(self.usual - 1, 1e-9))
        low = np.minimum(self._value(np.clip(lowest, least, most), x + dx), high)
        value = np.clip(self._value(p, x), low, high)
        return self.stretch * value, self.stretch * low, self.stretch * high

    def met(self, mean: Floats, radius: Floats) -> bool:
        """Whether every interval ends within epsilon of its estimate."""
        values, low, high = self.closeness(mean, radius)
        return bool((np.maximum(high - values, values - low) <= self.epsilon).all())

    def _slopes(self, mean: Floats) -> tuple[Floats, Floats]:
        """Of closeness: df/dp = (2 D - usual) / D^2 and -df/dx = limit / D^2, D = q / p the mean distance."""
        p, x = np.split(mean, 2)
        far = np.where(p > 0, _ratio(np.maximum(self.limit * x - self.usual * (1 - p), p), p), self.usual)
        return self.stretch * (2 * far - self.usual) / far**2, self.stretch * self.limit / far**2

    def radii(self, before: Sums) -> Floats:
        """To first order; of epsilon each mean gets a part as its standard deviation asks for."""
        by_p, by_x = np.abs(self._slopes(before.mean))
        deviation_p, deviation_x = np.split(np.sqrt(before.variance), 2)
        asked, other = by_p * deviation_p, by_x * deviation_x
        part = np.clip(np.divide(asked, asked + other, out=np.full(asked.size, 0.5), where=asked + other > 0), 0.2, 0.8)
        share = 0.9 * self.epsilon * part / np.maximum(by_p, 0.5 * self.epsilon)
        distance = 0.9 * self.epsilon * (1 - part) / by_x
        # Closeness is at most p, so where that is small enough, distances do not matter.
        room = 0.9 * self.epsilon / self.stretch - before.mean[: part.size]
        rare = room > 0.45 * self.epsilon
        share, distance = np.where(rare, room, share), np.where(rare, 0.5, distance)
        wanted: Floats = np.minimum(np.concatenate([share, distance]), 0.5)
        return wanted

    def std_error(self, sums: Sums) -> Floats:
        """Standard errors, to first order. Where a source reaches, x is d / limit, so E[reached x] = q / limit."""
        p, x = np.split(sums.mean, 2)
        variance_p, variance_x = np.split(sums.variance, 2)
        together = x - self.usual * (1 - p) / self.limit - p * x
        by_p, by_x = self._slopes(sums.mean)
        variance = by_p**2 * variance_p + by_x**2 * variance_x - 2 * by_p * by_x * together
        error: Floats = np.sqrt(np.maximum(variance, 0.0) / sums.n_samples)
        return error


def _usual_distances(graph: Graph, key: Key, limit: Floats, runner: Engine) -> Floats:
    """About how far away those are that reach an account, from a few sources of their own; at most `limit`."""
    private, n = graph.relabelled("degree"), graph.n_nodes
    _ = private.indptr, private.in_indptr
    task = _Task(graph, key, _FIRST_LOOK)
    bounds = chunk_bounds(min(n, SOURCES), _SOURCES_PER_CHUNK)
    totals = summed(_sum_chunk, task, bounds, (ROWS, n), runner, lambda done: None)[:, private.rank]
    over_all = totals[3].sum() / max(1.0, totals[2].sum())
    return np.clip(np.where(totals[2] > 0, _ratio(totals[3], totals[2]), over_all), 1.0, limit)


def _ratio(a: Floats, b: Floats) -> Floats:
    """The ratio a / b, and 0 where b is 0."""
    ratio: Floats = np.divide(a, b, out=np.zeros(a.size), where=b > 0)
    return ratio


def distance_limits(graph: Graph) -> Floats:
    """For each account a number that no finite distance to it exceeds, at least 1.

    Examples
    --------
    >>> distance_limits(Graph.from_edges([0, 1, 2, 3], [1, 2, 0, 0], n_nodes=5))
    array([3., 3., 3., 1., 1.])
    """
    n = graph.n_nodes
    if n == 0:
        return np.zeros(0)
    labels = component_labels(graph.indptr, graph.indices, "strong").astype(np.uint32)
    members = np.argsort(labels, kind="stable").astype(np.uint32)
    sizes = np.bincount(labels)
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint64)
    # The pivot: of a component's nodes the one of the highest degree, as it is the nearest to all.
    degree = graph.in_degree.astype(np.int64) + graph.out_degree
    pivots = np.lexsort((-degree, labels))[begins[:-1].astype(np.intp)].astype(np.uint32)
    rows, in_rows = (graph.indptr, graph.indices), (graph.in_indptr, graph.in_indices)
    inner = np.zeros(sizes.size, np.uint64)
    for indptr, indices in (rows, in_rows):
        far = np.zeros(sizes.size, np.uint64)
        from_pivots(read_only(indptr), read_only(indices), labels, pivots, far, np.empty(n, np.uint32))
        inner += far
    inner = np.minimum(inner, (sizes - 1).astype(np.uint64))
    limit = np.zeros(sizes.size, np.uint64)
    longest_chains(read_only(rows[0]), read_only(rows[1]), labels, begins, members, inner, limit)
    longest: Floats = np.maximum(limit[labels], 1).astype(np.float64)
    return longest


# -- searches ----------------------------------------------------------------------------------------------------------


class _Task(NamedTuple):
    """All that a chunk of sources reads; without a key the sources are the accounts themselves."""

    graph: Graph
    key: Key | None
    purpose: int = DRAWS


def _estimate(
    graph: Graph,
    key: Key,
    sums: Callable[[Floats, int], Floats],
    size: int,
    goal: Goal,
    delta: float,
    runner: Engine,
    progress: Progress,
) -> Estimated:
    """Means of what `sums` makes of the sums of distances, in public order."""
    n = graph.n_nodes
    private = graph.relabelled("degree")
    _ = private.indptr, private.in_indptr  # made here once, not in each thread

    def totals(task: _Task, start: int, stop: int, step: Step) -> Floats:
        bounds = start + chunk_bounds(stop - start, _SOURCES_PER_CHUNK)
        found: Floats = summed(_sum_chunk, task, bounds, (ROWS, n), runner, step)[:, private.rank]
        return sums(found, stop - start)

    def draw(start: int, stop: int, step: Step) -> Sums:
        return Sums(stop - start, totals(_Task(graph, key), start, stop, step))

    def all_means(step: Step) -> Floats:
        exact: Floats = totals(_Task(graph, None), 0, n, step)[0] / n
        return exact

    return estimate_means(size, draw, goal, delta, "sampling distances", progress, Whole(n, all_means))


def _nothing(size: int) -> Estimated:
    return Estimated(np.zeros(size), np.zeros(size), Sums(0, np.zeros((2, size))), 0, 0)


def _sum_chunk(task: _Task, start: int, stop: int) -> Floats:
    """Sums of the distances from some sources, in the private order with hubs first."""
    rows, n = task.graph.relabelled("degree"), task.graph.n_nodes
    sources: npt.NDArray[np.uint32] = np.arange(start, stop, dtype=np.uint32)
    if task.key is not None:
        draw_sources(task.key.hi, task.key.lo, task.purpose, start, n, sources)
    totals = np.zeros((ROWS, n))
    sum_distances(
        read_only(rows.indptr),
        read_only(rows.indices),
        read_only(rows.in_indptr),
        read_only(rows.in_indices),
        sources,
        np.empty((3, 4 * n), np.uint64),
        np.empty((2, n), np.uint32),
        totals,
    )
    return totals
