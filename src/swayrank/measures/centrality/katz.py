r"""Katz centrality: all walks that lead to an account, longer ones counting less.

Definition (Katz 1953), along the arcs:

.. math:: x_v = \beta + \alpha \sum_{u \to v} w_{uv} x_u

that is, the number of walks of each length k that end in v, times :math:`\alpha^k`, times beta. It exists for alpha
below the convergence limit, 1 over the largest eigenvalue of the adjacency matrix. :func:`katz_limit` computes a
limit that is safe: for any vector w > 0, no eigenvalue exceeds the largest :math:`(A w)_v / w_v` (Collatz &
Wielandt), and power iteration brings that down to the eigenvalue. ``alpha=None`` is 0.85 of it.

The same w makes the tolerance a true bound: measured by max |z_v| / w_v, one pass brings two vectors closer by the
factor q = alpha times that ratio, so an iterate is at most q / (1 - q) times its last step away. Started from 0,
iterates rise, so that each value lies between the iterate and the iterate plus that bound times w_v.
:func:`katz_ranking` stops as soon as these intervals tell the ranking (van der Grinten et al. 2018, who take all w
equal).

``scale="raw"`` is x; ``scale="unit"`` divides by its L2 norm, as NetworkX does by default.

Cost: O(n + m) per pass, and as much for the limit.

Sources: Katz (1953), doi:10.1007/BF02289026; van der Grinten, Bergamini, Green, Bader & Meyerhenke (2018), "Scalable
Katz ranking computation in large static and dynamic graphs", doi:10.4230/LIPIcs.ESA.2018.42.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures.centrality._linear import Floats, Rows
from swayrank.measures.centrality.eigenvector import has_cycle, passes_work
from swayrank.measures.registry import register

_SHARE = 0.85
# The limit is good enough once the bound on the eigenvalue is within this share of its estimate from below.
_NEAR = 1e-3
_MOST_LIMIT_PASSES = 300


class _Limit(NamedTuple):
    """No eigenvalue exceeds `eigenvalue`; `weights` w > 0 with A w <= eigenvalue * w show it."""

    eigenvalue: float
    weights: Floats


@register(
    name="katz",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Katz 1953, doi:10.1007/BF02289026",
    work=passes_work,
)
@domains(
    alpha=Optional(Interval(0, math.inf, "()")),
    beta=Interval(0, math.inf, "()"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Integer(1),
    scale=OneOf("raw", "unit"),
)
def katz(
    graph: Graph,
    *,
    alpha: float | None = None,
    beta: float = 1.0,
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    scale: str = "raw",
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Count all walks that lead to an account along the arcs, each step on the way counting `alpha` times.

    Read along the arcs, as ``networkx.katz_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    alpha : float or None, default=None
        What each step counts, above 0 and below the convergence limit, see :func:`katz_limit`. None is 0.85 of it, or
        1 for a graph without cycles, where any alpha will do.
    beta : float, default=1.0
        What every account has of itself, above 0.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; None weighs arcs equally.
    tol : float, default=1e-8
        Bound on the absolute error of every value, relative to the largest value.
    max_iter : int, default=10_000
        Most passes.
    scale : {"raw", "unit"}, default="raw"
        As defined, or divided by the L2 norm.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 > 0, with `error_bound` (absolute, of each value) and `n_iter`; ``params["alpha"]`` is the alpha used.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, an alpha not below the limit (which is named), a column that is not there
        or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Jacobi iteration from 0; O(n + m) per pass.

    References
    ----------
    Katz (1953), doi:10.1007/BF02289026
    van der Grinten et al. (2018), doi:10.4230/LIPIcs.ESA.2018.42

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    >>> sr.katz(g, alpha=0.5).values                       # cem: 1 + 1/2 (bob) + 1/4 (ada)
    array([1.  , 1.5 , 1.75])
    """
    runner = resolve_engine(engine, threads)
    search = _Search(graph, weight, alpha, beta, runner)
    with track(progress, "katz", total=max_iter) as step:
        while search.error > tol * search.largest and search.n_iter < max_iter:
            search.go_on()
            step(1)
    if search.error > tol * search.largest:
        raise ConvergenceError(
            f"katz reached an error bound of {search.error / search.largest:.3g} of the largest value after "
            f"{search.n_iter} passes, not tol={tol:g}: raise max_iter (now {max_iter}) or tol, or lower alpha"
        )
    norm = 1.0 if scale == "raw" else float(np.linalg.norm(search.x)) or 1.0
    return Measure(
        "katz",
        search.x / norm,
        graph.ids,
        params={"alpha": search.alpha},
        error_bound=search.error / norm,
        n_iter=search.n_iter,
    )


@domains(
    k=Integer(1),
    epsilon=Interval(0, math.inf, "[)"),
    alpha=Optional(Interval(0, math.inf, "()")),
    max_iter=Integer(1),
)
def katz_ranking(
    graph: Graph,
    k: int = 100,
    *,
    alpha: float | None = None,
    weight: str | None = None,
    epsilon: float = 1e-9,
    max_iter: int = 10_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank the `k` accounts of highest Katz centrality, stopping as soon as their order is certain.

    Read along the arcs.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    k : int, default=100
        How many places must be certain.
    alpha, weight, max_iter, engine, threads, progress
        As :func:`katz` takes them.
    epsilon : float, default=1e-9
        Accounts whose values differ by less than this share of the largest value need not be told apart.

    Returns
    -------
    Measure
        Lower ends of the values, and `interval`, which holds each value for certain. The order of ``.top(k)`` is that
        of the exact values, but for pairs closer than `epsilon`.

    Raises
    ------
    ParameterError, ConvergenceError
        As :func:`katz`.

    References
    ----------
    van der Grinten et al. (2018), doi:10.4230/LIPIcs.ESA.2018.42

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "dan"], ["bob", "cem", "bob"])
    >>> sr.katz_ranking(g, 2).top(2)[0][0]
    'cem'
    """
    search = _Search(graph, weight, alpha, 1.0, resolve_engine(engine, threads))
    certain = graph.n_nodes == 0
    with track(progress, "katz ranking", total=max_iter) as step:
        while not certain and search.n_iter < max_iter:
            search.go_on()
            certain = _is_certain(search, k, epsilon * search.largest)
            step(1)
    if not certain:
        raise ConvergenceError(
            f"the ranking was not certain after {search.n_iter} passes: raise max_iter (now {max_iter}) or epsilon"
        )
    low, high = search.x, search.x + search.slack
    params = {"k": k, "alpha": search.alpha, "weight": weight, "epsilon": epsilon}
    return Measure("katz_ranking", low, graph.ids, params=params, interval=(low.copy(), high), n_iter=search.n_iter)


def _is_certain(search: _Search, k: int, epsilon: float) -> bool:
    """Whether each of the `k` highest lies above all that rank below it."""
    low, high = search.x, search.x + search.slack
    order = np.argsort(-low, kind="stable")
    k = min(k, order.size - 1)
    rest = high[order[k:]].max(initial=-math.inf) if k < order.size else -math.inf
    below = np.append(high[order[1:k]], rest)  # suffix maxima: whoever ranks lower at all
    below = np.maximum.accumulate(below[::-1])[::-1]
    return bool((low[order[:k]] + epsilon >= below).all())


def katz_limit(
    graph: Graph, *, weight: str | None = None, engine: str | Engine = "local", threads: int | None = None
) -> float:
    """Find how large alpha may be: Katz centrality exists for every alpha below this number.

    Read along the arcs.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0.
    engine, threads
        Where and on how many threads to run.

    Returns
    -------
    float
        At most 1 over the largest eigenvalue, and usually within a thousandth of it; infinite without cycles.

    Raises
    ------
    ParameterError
        For a column that is not there or not >= 0.

    References
    ----------
    Collatz (1942), doi:10.1007/BF01180013; Wielandt (1950), doi:10.1007/BF02230720

    Examples
    --------
    Three who all follow each other: the largest eigenvalue is 2.

    >>> import swayrank as sr
    >>> sr.katz_limit(sr.Graph.from_edges([0, 0, 1], [1, 2, 2], direction="undirected"))
    0.5
    """
    eigenvalue = _limit(graph, weight, resolve_engine(engine, threads)).eigenvalue
    return 1 / eigenvalue if eigenvalue > 0 else math.inf


def _limit(graph: Graph, weight: str | None, runner: Engine, alpha: float | None = None) -> _Limit:
    """Bring the bound on the largest eigenvalue down, until it is near, or low enough for `alpha`."""
    n, rows = graph.n_nodes, Rows.of(graph, weight, incoming=True)
    best = _Limit(math.inf, np.ones(n))
    if not has_cycle(graph, weight):
        return _Limit(0.0, np.ones(n))
    x = np.ones(n)
    shift = 1.0 if weight is None else float(rows.weights.mean())
    for _ in range(_MOST_LIMIT_PASSES):
        out = np.empty(n)
        done = rows.step(x, out, runner, shift=shift, unit=x)
        if done.highest - shift < best.eigenvalue:
            best = _Limit(done.highest - shift, x)
        growth = done.norm / float(np.linalg.norm(x)) - shift
        if best.eigenvalue - growth <= _NEAR * best.eigenvalue or (
            alpha is not None and alpha * best.eigenvalue < 0.99
        ):
            break
        # Never below what a float64 can hold: where a part fades, its ratio is below the largest anyway.
        x = np.maximum(out / done.highest, 1e-200)
    return best


class _Search:
    """Iterates that rise to the values, and how far they may be off."""

    def __init__(self, graph: Graph, weight: str | None, alpha: float | None, beta: float, runner: Engine) -> None:
        limit = _limit(graph, weight, runner, alpha)
        safe = 1 / limit.eigenvalue if limit.eigenvalue > 0 else math.inf
        self.alpha = (_SHARE * safe if math.isfinite(safe) else 1.0) if alpha is None else float(alpha)
        if self.alpha >= safe:
            raise ParameterError(f"alpha must be below the convergence limit, {safe:.6g}, got {self.alpha:g}")
        self._rows, self._runner, self._beta = Rows.of(graph, weight, incoming=True), runner, float(beta)
        self._weights = limit.weights
        self._factor = self.alpha * limit.eigenvalue
        self._acyclic = limit.eigenvalue == 0
        self.x = np.zeros(graph.n_nodes)
        self._spare = np.empty(graph.n_nodes)
        self.slack = np.full(graph.n_nodes, math.inf)
        self.error, self.largest, self.n_iter = (math.inf if graph.n_nodes else 0.0), 1.0, 0

    def go_on(self) -> None:
        """One pass."""
        done = self._rows.step(
            self.x, self._spare, self._runner, scale=self.alpha, constant=self._beta, unit=self._weights
        )
        self.x, self._spare = self._spare, self.x
        self.n_iter += 1
        # Without cycles the iteration ends in a finite number of passes: nothing moves any more.
        off = (
            (0.0 if done.change == 0 else math.inf)
            if self._acyclic
            else done.furthest * self._factor / (1 - self._factor)
        )
        self.largest = float(self.x.max(initial=1.0))
        rounding = 2.0**-50 * self.largest / (1 - self._factor)
        self.slack = off * self._weights + rounding if math.isfinite(off) else np.full(self.x.size, math.inf)
        self.error = float(self.slack.max(initial=0.0))
