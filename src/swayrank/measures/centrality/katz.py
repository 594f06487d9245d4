r"""Katz centrality: how many walks end at an account, longer ones counting less.

Definition (Katz 1953; with beta as in NetworkX), read along the arcs as stored:

.. math:: x_v = \beta + \alpha \sum_{u \to v} w_{uv} x_u, \qquad
          x = \beta \sum_{k \ge 0} \alpha^k (A^T)^k 1

The sum converges exactly when :math:`\alpha < 1 / \lambda`, with :math:`\lambda` the spectral radius. `katz_limit`
computes a safe limit, a lower bound of :math:`1 / \lambda`: for any vector y > 0 (Collatz-Wielandt)

.. math:: \lambda \le \max_v (A^T y)_v / y_v

and shifted power iteration from y = 1 brings the right side down to :math:`\lambda`, quickly unless components of the
same :math:`\lambda` feed one another.

The error bound is a true one. With L the bound on :math:`\lambda` that y proves, q = alpha L < 1, and s >= 0 the last
step of the iteration, with t the smallest number such that s <= t y, every account's distance to the exact value lies
between 0 and t q / (1 - q) y, since :math:`\alpha A^T y \le q y` holds for each later step. This carries the bounds of
van der Grinten et al. (2018), which need alpha < 1 / (the largest degree), to every alpha below the limit.

`katz_ranking` stops as soon as these bounds settle the order, long before the values are known; it answers with them.

Cost: O(n + m) per pass, about log(tol) / log q passes, and 10-100 more for the limit.

Sources: Katz (1953), doi:10.1007/BF02289026; van der Grinten, Bergamini, Green, Bader & Meyerhenke (2018), "Scalable
Katz ranking computation in large static and dynamic graphs", doi:10.4230/LIPIcs.ESA.2018.42.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.spmv import katz_rows
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._power import Rows, fed_by_cycle, rows_of, to_public, walk
from swayrank.measures.centrality._weights import Floats
from swayrank.measures.registry import register

_KATZ = "Katz 1953, doi:10.1007/BF02289026"
_RANKING = "van der Grinten et al. 2018, doi:10.4230/LIPIcs.ESA.2018.42"
# What alpha is by default, as a share of the limit.
_SHARE = 0.5
# The limit stands when this many passes lower the bound on the eigenvalue by no more than this share.
_PATIENCE, _LITTLE, _MOST_PASSES = 8, 1e-7, 400
# The shift, as a share of the bound: bipartite and periodic graphs need it, and it keeps every y well above 0.
_SHIFT = 0.25
# Sums of bounded length, rounded once per addition; rests on errors that do not all point the same way.
_ROUNDING = 2.0**-50


@dataclass(frozen=True)
class _Pass:
    rows: Rows
    x: Floats
    yardstick: Floats
    alpha: float
    beta: float


@dataclass(frozen=True)
class _Reached:
    """An iterate, the share `over` of the yardstick that each account may lack, and the largest lack there is."""

    x: Floats
    over: float
    bound: float
    top: float
    n_iter: int


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    # Measured on heavy tails, 10^6 to 10^7 arcs: 40 passes or so, one core.
    return Work(40.0 * (graph.n_edges + graph.n_nodes), 2.2, 48.0 * graph.n_nodes)


def katz_limit(
    graph: Graph, *, weight: str | None = None, engine: str | Engine = "local", threads: int | None = None
) -> float:
    """Compute the limit that alpha must stay below for Katz's sum to converge.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0. None weighs arcs equally.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.

    Returns
    -------
    float
        A lower bound of 1 / the spectral radius, in general within a millionth of it; infinite without cycles.

    Raises
    ------
    ParameterError
        For a column that is not there or not >= 0, or data that are no graph.

    Notes
    -----
    Collatz-Wielandt's upper bound on the spectral radius, by shifted power iteration; O(m) a pass, at most 400.

    References
    ----------
    Wielandt (1950), doi:10.1007/BF02230720

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.centrality.katz import katz_limit
    >>> round(katz_limit(sr.Graph.from_edges([0, 1, 2, 0], [1, 2, 0, 2])), 6)
    0.754878
    """
    check_graph("katz_limit", graph)
    rows = rows_of(graph, weight, incoming=True)
    if not fed_by_cycle(graph, weight).any():
        return math.inf
    radius, _ = _radius(rows, graph.n_nodes, resolve_engine(engine, threads))
    return 1 / radius


@register(name="katz", needs="graph", reads="along", exact=True, cost="O(m) per pass", citation=_KATZ, work=_work)
@domains(
    alpha=Optional(Interval(0, math.inf, "()")),
    beta=Interval(0, math.inf, "()"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Integer(1),
)
def katz(
    graph: Graph,
    *,
    alpha: float | None = None,
    beta: float = 1.0,
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Count the walks that end at each account, each step of a walk counting alpha times as much.

    Read along the arcs, as ``networkx.katz_centrality`` with ``normalized=False``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    alpha : float or None, default=None
        What a step counts, above 0 and below ``katz_limit(graph, weight=weight)``. None is half that limit, or
        where it is infinite half of 1 / the largest in-strength (1 where there are no arcs).
    beta : float, default=1.0
        What each account has of its own, greater than 0; all values are in proportion to it.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0. None weighs arcs equally.
    tol : float, default=1e-8
        Bound on the largest error of a value, in relation to the largest value, greater than 0.
    max_iter : int, default=10_000
        Most passes allowed, at least 1.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 values >= beta, with `error_bound` (on the largest error of a value) and `n_iter`; `alpha` in `params`
        is the one used.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, an alpha at or above the limit, or a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    O(m) a pass; see the module for the bound.

    References
    ----------
    Katz (1953), doi:10.1007/BF02289026

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.centrality.katz import katz
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"])
    >>> katz(g, alpha=0.5).values.round(6)
    array([2., 2., 2.])
    """
    runner = resolve_engine(engine, threads)
    first, radius = _prepare(graph, alpha, beta, weight, runner)
    reached = _iterate(first, radius, lambda now: now.bound <= tol * now.top, max_iter, runner, progress)
    if reached.bound > tol * reached.top:
        raise ConvergenceError(
            f"katz reached an error bound of {reached.bound / reached.top:.3g} after {reached.n_iter} passes, not "
            f"tol={tol:g}: raise tol or max_iter (now {max_iter}), or lower alpha (now {first.alpha:g})"
        )
    values = to_public(graph, reached.x)
    params = {"alpha": first.alpha}
    return Measure("katz", values, graph.ids, params, error_bound=reached.bound, n_iter=reached.n_iter)


@register(
    name="katz_ranking", needs="graph", reads="along", exact=False, cost="O(m) per pass", citation=_RANKING, work=_work
)
@domains(
    top=Optional(Integer(1)),
    alpha=Optional(Interval(0, math.inf, "()")),
    epsilon=Interval(0, 1, "()"),
    max_iter=Integer(1),
)
def katz_ranking(
    graph: Graph,
    *,
    top: int | None = None,
    alpha: float | None = None,
    epsilon: float = 1e-6,
    weight: str | None = None,
    max_iter: int = 10_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by Katz centrality, and stop as soon as the ranking is certain.

    Read along the arcs, as :func:`katz` with beta 1.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    top : int or None, default=None
        How many of the highest ranks must be certain, at least 1; None for all.
    alpha : float or None, default=None
        As for :func:`katz`.
    epsilon : float, default=1e-6
        Accounts may stand in either order where their exact values differ by less than this share of the largest
        value, in (0, 1). Ties could not be told apart otherwise.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0. None weighs arcs equally.
    max_iter : int, default=10_000
        Most passes allowed, at least 1.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 values whose order is certain for the `top` highest, up to `epsilon`; `interval` holds the exact values
        for sure.

    Raises
    ------
    ParameterError
        As for :func:`katz`.
    ConvergenceError
        If `max_iter` passes do not settle the ranking.

    Notes
    -----
    O(m) a pass and O(n log n) for the order.

    References
    ----------
    van der Grinten et al. (2018), doi:10.4230/LIPIcs.ESA.2018.42

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.centrality.katz import katz, katz_ranking
    >>> g = sr.Graph.from_edges([0, 1, 2, 3, 1], [1, 2, 0, 0, 0])
    >>> m = katz_ranking(g, top=1)
    >>> m.top(1)[0][0], m.n_iter < katz(g).n_iter
    (0, True)
    """
    runner = resolve_engine(engine, threads)
    first, radius = _prepare(graph, alpha, 1.0, weight, runner)
    k = graph.n_nodes if top is None else min(top, graph.n_nodes)

    def settled(now: _Reached) -> bool:
        return _settled(now.x, now.x + now.over * first.yardstick, k, epsilon * now.top)

    reached = _iterate(first, radius, settled, max_iter, runner, progress)
    if not settled(reached):
        raise ConvergenceError(
            f"katz_ranking is not certain after {reached.n_iter} passes: raise epsilon (now {epsilon:g}) or max_iter "
            f"(now {max_iter}), or ask for a smaller top"
        )
    # Rounding, on either side; beta itself is a lower end that nothing can undercut.
    slack = _ROUNDING * reached.top
    lower, upper = np.maximum(reached.x - slack, 1.0), reached.x + reached.over * first.yardstick + slack
    ends = (to_public(graph, lower), to_public(graph, upper))
    params = {"alpha": first.alpha}
    return Measure("katz_ranking", to_public(graph, reached.x), graph.ids, params, interval=ends, n_iter=reached.n_iter)


def _settled(lower: Floats, upper: Floats, k: int, slack: float) -> bool:
    """Whether each of the `k` highest surely stands above all that come after it, up to `slack`."""
    order = np.argsort(-lower, kind="stable")
    highest_after = np.maximum.accumulate(upper[order][::-1])[::-1]
    return bool((highest_after[1 : k + 1] - lower[order][:k][: lower.size - 1] <= slack).all())


def _prepare(graph: Graph, alpha: float | None, beta: float, weight: str | None, engine: Engine) -> tuple[_Pass, float]:
    """The first iterate, and the bound on the spectral radius that its yardstick proves."""
    rows = rows_of(graph, weight, incoming=True)
    if fed_by_cycle(graph, weight).any():
        enough = 0.0
    else:
        # Every bound above 0 can be reached here: go no further than alpha asks.
        enough = math.inf if alpha is None else _SHARE / alpha
    radius, yardstick = _radius(rows, graph.n_nodes, engine, enough)
    if alpha is None:
        alpha = _SHARE / radius if radius > 0 else 1.0
    if alpha * radius >= 1:
        raise ParameterError(
            f"alpha must be below the limit of convergence, {1 / radius:.9g} for this graph, got {alpha!r}: see "
            "katz_limit"
        )
    return _Pass(rows, np.full(graph.n_nodes, float(beta)), yardstick, float(alpha), float(beta)), radius


def _radius(rows: Rows, n_nodes: int, engine: Engine, enough: float = 0.0) -> tuple[float, Floats]:
    """The lowest bound on the spectral radius found, or the first that is `enough`, and the vector that proves it."""
    if n_nodes == 0:
        return 0.0, np.zeros(0)
    y = np.ones(n_nodes)
    best, proof, history = math.inf, y, [math.inf]
    for _ in range(_MOST_PASSES):
        # The bound of the pass before sets the shift: it is within a small factor of the radius soon.
        shift = _SHIFT * best if math.isfinite(best) else 1.0
        scale = 1 / (best + shift) if math.isfinite(best) else 1.0
        new, found = walk(engine, rows, y, y, shift=shift, scale=scale)
        if found.high < best:
            best, proof = found.high, y
        history.append(best)
        if best <= enough or (len(history) > _PATIENCE and history[-_PATIENCE] - best <= _LITTLE * best):
            break
        # Every product is rounded: no y may sink to 0, or what it proves would hold no more.
        y = np.maximum(new, 1e-200)
    # The ratio itself is rounded, by no more than a row's additions.
    return best * (1 + _ROUNDING), proof


def _iterate(
    state: _Pass, radius: float, enough: Callable[[_Reached], bool], limit: int, engine: Engine, progress: Progress
) -> _Reached:
    """Pass until `enough` says so or `limit` passes are done."""
    q = state.alpha * radius
    bounds = state.rows.bounds()
    longest = float(state.yardstick.max(initial=0.0))
    reached = _Reached(state.x, 0.0, 0.0, state.beta, 0)
    with track(progress, "katz", total=limit) as step:
        for n_iter in range(1, (limit if state.x.size else 0) + 1):
            out = np.empty(state.x.size)
            parts = list(engine.map(_katz_rows, state, bounds, out=out))
            over = max(part[0] for part in parts) * q / (1 - q)
            top = max(part[1] for part in parts)
            bound = over * longest + _ROUNDING * top / (1 - q)
            reached = _Reached(out, over, bound, top, n_iter)
            step(1)
            if enough(reached):
                break
            state = _Pass(state.rows, out, state.yardstick, state.alpha, state.beta)
    return reached


def _katz_rows(inputs: _Pass, start: int, stop: int, out: Floats) -> tuple[float, float]:
    result: tuple[float, float] = katz_rows(
        read_only(inputs.rows.indptr),
        read_only(inputs.rows.indices),
        read_only(inputs.rows.weights),
        read_only(inputs.x),
        read_only(inputs.yardstick),
        inputs.alpha,
        inputs.beta,
        start,
        stop,
        out,
    )
    return result
