r"""Betweenness of every account from shortest paths between random pairs, within epsilon with probability 1 - delta.

Definition (Freeman 1977), read along the arcs, ends not counted:

.. math:: b_v = \sum_{s \ne v \ne t} \frac{\sigma_{st}(v)}{\sigma_{st}}

where :math:`\sigma_{st}` counts the shortest paths from s to t and :math:`\sigma_{st}(v)` those through v; a pair
without a path adds nothing. Scales: ``"fraction"``, the share :math:`b_v / ((n - 1)(n - 2))` of the pairs of others, as
NetworkX's ``normalized=True``; ``"raw"``, :math:`b_v` itself, where the two orders of an undirected pair count once, as
NetworkX's ``normalized=False``. KADABRA's scale is :math:`b_v / (n (n - 1))`, less than the fraction by a factor
(n - 2) / n. Both are 0 for n <= 2. Arc weights play no part, and neither do self-loops.

Estimator: pairs (s, t) drawn uniformly; the mean of :math:`\sigma_{st}(v) / \sigma_{st}` is b_v / (n (n - 1)). The
samples are those of ABRA (all shortest paths of a pair at once: the variance is lower than with the one path of
KADABRA), found by a search from both ends as in KADABRA, and stopped by the bound of
:mod:`swayrank.measures.centrality._adaptive`, which holds at every sample size together.

Guarantee: with probability at least 1 - delta, *all* accounts' intervals hold their betweenness; without `top` every
estimate is within epsilon on the fraction scale. Then nobody exceeds an account that is ranked before it by more than
2 epsilon; with ``top=k`` just this is certified, for the first k accounts: the set of the top k and the order in it are
right up to 2 epsilon, as in KADABRA, and the wider the gaps the sooner.

Cost: O((V log(1 / delta) / epsilon^2 + log(n / delta) / epsilon) * search), V the largest variance of a sample, at most
the largest betweenness; a search from both ends looks at about sqrt(m) arcs in graphs with hubs. Memory: 60 bytes per
account and thread.

Sources: Freeman (1977), doi:10.2307/3033543; Riondato & Upfal (2018), "ABRA", doi:10.1145/3208351; Borassi & Natale
(2019), "KADABRA is an ADaptive Algorithm for Betweenness via Random Approximation", doi:10.1145/3284359.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from swayrank._progress import Progress, Step
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.random import PAIRS
from swayrank.kernels.shortest_pairs import sample_pairs
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._adaptive import Estimated, Floats, Sums, Within, estimate_means, summed
from swayrank.measures.registry import register

_SAMPLES_PER_CHUNK = 512
# A chunk clears a few arrays of n numbers: let it draw at least this share of n.
_NODES_PER_SAMPLE = 64


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """Measured: 2-6 ns for each of sqrt(m) arcs; a variance of 0.03 and log(1 / delta) + 4 are typical."""
    epsilon = params["epsilon"]
    n_samples = (8 + 10) / epsilon + 0.06 * (math.log(1 / params["delta"]) + 4) / epsilon**2
    return Work(n_samples * math.sqrt(graph.n_edges + 1), 5.0, 64.0 * graph.n_nodes, 60.0 * graph.n_nodes)


@register(
    name="approximate_betweenness",
    needs="graph",
    reads="along",
    exact=False,
    cost="O(samples * sqrt(m)), samples ~ 1 / epsilon^2",
    citation="Freeman 1977; Riondato & Upfal 2018, doi:10.1145/3208351; Borassi & Natale 2019, doi:10.1145/3284359",
    work=_work,
)
@domains(
    epsilon=Interval(0, 1, "()"),
    delta=Interval(0, 1, "()"),
    top=Optional(Integer(1)),
    scale=OneOf("fraction", "raw"),
)
def approximate_betweenness(
    graph: Graph,
    *,
    epsilon: float = 0.01,
    delta: float = 0.1,
    top: int | None = None,
    scale: str = "fraction",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate the share of shortest paths that pass through every account, within epsilon of it.

    Read along the arcs; arcs all count alike.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    epsilon : float, default=0.01
        How far estimates may be off on the fraction scale, in (0, 1), whatever `scale` is.
    delta : float, default=0.1
        With probability at least 1 - delta all intervals hold at the same time, in (0, 1).
    top : int or None, default=None
        Stop as soon as the order of the first `top` accounts is certain up to 2 epsilon: nobody ranked behind one of
        them exceeds it by more than that. Intervals hold all the same, but may be wider than epsilon each way.
    scale : {"fraction", "raw"}, default="fraction"
        The share of all pairs of others, as ``networkx.betweenness_centrality``, or the number of pairs, as with
        ``normalized=False`` (each pair once where the graph is undirected).
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key and records it.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the samples drawn, of the most that there can be.

    Returns
    -------
    Measure
        float64 estimates with `interval` (all together with probability 1 - delta), `std_error`, and `error_bound`,
        the largest half-width. `params` records the number of samples and of plans.

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    Notes
    -----
    Samples are drawn in rounds fixed by the parameters and a first sample of 8 / epsilon pairs, which is left out of
    the estimate. See the module for the guarantee and the bound.

    References
    ----------
    Freeman (1977), doi:10.2307/3033543
    Riondato & Upfal (2018), doi:10.1145/3208351
    Borassi & Natale (2019), doi:10.1145/3284359

    Examples
    --------
    All paths between the four others pass ada:

    >>> import swayrank as sr
    >>> names = ["bob", "cem", "dan", "eve"]
    >>> g = sr.Graph.from_edges(names, ["ada"] * 4, direction="undirected")
    >>> m = sr.approximate_betweenness(g, epsilon=0.05, rng=7)
    >>> m.value("ada"), m.value("bob"), m.params["n_samples"]
    (1.0, 0.0, 2323)
    >>> round(float(m.interval[0][0]), 3), round(float(m.interval[1][0]), 3)       # of bob, the first account
    (0.0, 0.007)
    """
    key = resolve_rng(rng)
    n = graph.n_nodes
    # The mean over the n (n - 1) pairs becomes the share of the (n - 1) (n - 2) pairs of others.
    stretch = n / (n - 2) if n > 2 else 0.0
    unit = 1.0 if scale == "fraction" else (n - 1) * (n - 2) / (1 if graph.directed else 2)
    if n > 2:
        found = _estimate(graph, key, Within(epsilon / stretch, top), delta, resolve_engine(engine, threads), progress)
    else:
        found = Estimated(np.zeros(n), np.zeros(n), Sums(0, np.zeros((2, n))), 0, 0)
    values, low, high = (
        np.clip(stretch * x, 0.0, 1.0) * unit
        for x in (found.mean, found.mean - found.radius, found.mean + found.radius)
    )
    return Measure(
        "approximate_betweenness",
        values,
        graph.ids,
        error_bound=float((stretch * unit * found.radius).max(initial=0.0)),
        interval=(low, high),
        std_error=stretch * unit * found.std_error,
        params={"rng": key.record, "n_samples": found.n_samples, "plans": found.plans},
    )


class _Task(NamedTuple):
    """All that a chunk of samples reads."""

    graph: Graph
    key: Key


def _estimate(graph: Graph, key: Key, goal: Within, delta: float, runner: Engine, progress: Progress) -> Estimated:
    """Means over all pairs, in public order."""
    n = graph.n_nodes
    chunk = max(_SAMPLES_PER_CHUNK, n // _NODES_PER_SAMPLE)
    private = graph.relabelled("degree")
    _ = private.indptr, private.in_indptr  # made here once, not in each thread

    def draw(start: int, stop: int, step: Step) -> Sums:
        bounds = start + chunk_bounds(stop - start, chunk)
        totals = summed(_sample_chunk, _Task(graph, key), bounds, (2, n), runner, step)
        return Sums(stop - start, totals[:, private.rank])

    return estimate_means(n, draw, goal, delta, "sampling shortest paths", progress)


def _sample_chunk(task: _Task, start: int, stop: int) -> Floats:
    """Sums of a chunk, in the private order with hubs first."""
    rows, n = task.graph.relabelled("degree"), task.graph.n_nodes
    totals = np.zeros((2, n))
    sample_pairs(
        read_only(rows.indptr),
        read_only(rows.indices),
        read_only(rows.in_indptr),
        read_only(rows.in_indices),
        task.key.hi,
        task.key.lo,
        PAIRS,
        start,
        stop,
        np.zeros(n, np.uint32),
        np.zeros((2, n)),
        np.empty((6, n + 1), np.uint32),
        totals,
    )
    return totals
