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
closeness is :math:`p^2 / q`.

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
from swayrank.kernels.random import SOURCES as PURPOSE
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._adaptive import Estimated, Floats, Sums, Whole, Within, estimate_means, summed
from swayrank.measures.registry import register

_SOURCES_PER_CHUNK = SOURCES
# Sums of n numbers, rounded.
_ROUNDING = 2.0**-52


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """Measured: 15 ns for each arc and 256 sources; a variance of 0.03 is typical, but no more than all n sources."""
    n, epsilon = graph.n_nodes, params["epsilon"]
    drawn = 8 / epsilon + 0.06 * math.log(2 * (n + 1) / params["delta"]) / epsilon**2
    searches = math.ceil(min(drawn, n) / SOURCES)
    return Work(searches * float(graph.n_edges + n), 15.0, 200.0 * n, 200.0 * n)


@register(
    name="approximate_harmonic",
    needs="graph",
    reads="along",
    exact=False,
    cost="O(samples / 256 * m * levels), samples ~ 1 / epsilon^2",
    citation="Marchiori & Latora 2000; Eppstein & Wang 2004, doi:10.7155/jgaa.00081",
    work=_work,
)
@domains(epsilon=Interval(0, 1, "()"), delta=Interval(0, 1, "()"), scale=OneOf("fraction", "raw"))
def approximate_harmonic(
    graph: Graph,
    *,
    epsilon: float = 0.01,
    delta: float = 0.1,
    scale: str = "fraction",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate how near all others are to every account, as the mean of 1 / distance, within epsilon of it.

    Read along the arcs: distances from the others to the account, as ``networkx.harmonic_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    epsilon : float, default=0.01
        How far estimates may be off on the fraction scale, in (0, 1), whatever `scale` is.
    delta : float, default=0.1
        With probability at least 1 - delta all intervals hold at the same time, in (0, 1).
    scale : {"fraction", "raw"}, default="fraction"
        The mean over the n - 1 others, in [0, 1], or the sum, as NetworkX.
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
    >>> m = sr.approximate_harmonic(g, scale="raw", rng=7)
    >>> m.value("eve"), m.params["n_samples"]
    (2.5, 0)
    """
    key, n = resolve_rng(rng), graph.n_nodes
    stretch = n / (n - 1) if n > 1 else 0.0
    unit = stretch * (1.0 if scale == "fraction" else n - 1)

    def means(totals: Floats) -> Floats:
        return totals[:2]

    if n > 1:
        goal = Within(epsilon / stretch)
        found = _estimate(graph, key, means, n, goal, delta, resolve_engine(engine, threads), progress)
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
    What is bounded are the share p of accounts that reach v and the mean q of their distances, counting the others as
    0; the interval of p^2 / q follows from those of both, and q >= p.

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
    limit = distance_limits(graph)
    goal = _Close(epsilon, limit, stretch)

    def means(totals: Floats) -> Floats:
        reached, distances, squares = totals[2], totals[3] / limit, totals[4] / limit**2
        return np.stack([np.concatenate([reached, distances]), np.concatenate([reached, squares])])

    if n > 1:
        found = _estimate(graph, key, means, 2 * n, goal, delta, resolve_engine(engine, threads), progress)
    else:
        found = _nothing(2 * n)
    values, low, high = goal.closeness(found.mean, np.maximum(found.radius, n * _ROUNDING * found.mean))
    return Measure(
        "approximate_closeness",
        values,
        graph.ids,
        error_bound=float(np.maximum(high - values, values - low).max(initial=0.0)),
        interval=(low, high),
        std_error=goal.std_error(found),
        params={"rng": key.record, "n_samples": found.n_samples, "plans": found.plans},
    )


@dataclass(frozen=True)
class _Close:
    """All estimates of p^2 / q within `epsilon`; means are those of p, then those of q / limit, over all n sources."""

    epsilon: float
    limit: Floats
    stretch: float

    @property
    def enough(self) -> float:
        """Where q >= p, closeness changes by at most 2 dp + dq."""
        return float(self.epsilon / (3 * self.stretch * self.limit.max(initial=1.0)))

    def _parts(self, both: Floats) -> tuple[Floats, Floats]:
        share, distance = np.split(both, 2)
        return self.stretch * share, self.stretch * self.limit * distance

    def closeness(self, mean: Floats, radius: Floats) -> tuple[Floats, Floats, Floats]:
        """Estimates and limits: p^2 / q grows with p and falls with q, and q >= p."""
        (p, q), (dp, dq) = self._parts(mean), self._parts(radius)
        most = np.minimum(p + dp, 1.0)
        high = _ratio(most**2, np.maximum(q - dq, most))
        low = np.minimum(_ratio(np.maximum(p - dp, 0.0) ** 2, q + dq), high)
        return np.clip(_ratio(p**2, np.maximum(q, p)), low, high), low, high

    def met(self, mean: Floats, radius: Floats) -> bool:
        """Whether every interval ends within epsilon of its estimate."""
        values, low, high = self.closeness(mean, radius)
        return bool((np.maximum(high - values, values - low) <= self.epsilon).all())

    def radii(self, mean: Floats) -> Floats:
        """Half of epsilon for each part, to first order: dC = 2 (p / q) dp - (p / q)^2 dq."""
        p, q = self._parts(mean)
        far = np.where(p > 0, _ratio(q, p), 1.0)
        share = 0.9 * self.epsilon * far / 4
        distance = 0.9 * self.epsilon * far**2 / (2 * self.limit)
        wanted: Floats = np.minimum(np.concatenate([share, distance]) / self.stretch, 0.5)
        return wanted

    def std_error(self, found: Estimated) -> Floats:
        """Standard errors, to first order. Distances count where a source reaches: E[reached * d] = E[d]."""
        (p, q), n_samples = self._parts(found.mean), max(1, found.sums.n_samples)
        variance_p, variance_q = np.split(found.sums.variance, 2)
        variance_q = variance_q * self.limit**2
        mean_p, mean_q = np.split(found.mean, 2)
        together = self.limit * mean_q * (1 - mean_p) if found.n_samples else 0.0
        by_p, by_q = 2 * _ratio(p, q), _ratio(p, q) ** 2
        variance = by_p**2 * variance_p + by_q**2 * variance_q - 2 * by_p * by_q * together
        error: Floats = self.stretch * np.sqrt(np.maximum(variance, 0.0) / n_samples)
        return error


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


def _estimate(
    graph: Graph,
    key: Key,
    means: Callable[[Floats], Floats],
    size: int,
    goal: Any,
    delta: float,
    runner: Engine,
    progress: Progress,
) -> Estimated:
    """Means of what `means` makes of the sums of distances, in public order."""
    n = graph.n_nodes
    private = graph.relabelled("degree")
    _ = private.indptr, private.in_indptr  # made here once, not in each thread

    def totals(task: _Task, start: int, stop: int, step: Step) -> Floats:
        bounds = start + chunk_bounds(stop - start, _SOURCES_PER_CHUNK)
        found: Floats = summed(_sum_chunk, task, bounds, (ROWS, n), runner, step)[:, private.rank]
        return means(found)

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
        draw_sources(task.key.hi, task.key.lo, PURPOSE, start, n, sources)
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
