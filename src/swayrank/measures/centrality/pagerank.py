r"""PageRank: where attention ends up that follows links at random and starts afresh now and then.

Definition (Page, Brin, Motwani & Winograd 1999), read along the arcs as stored: u passes its rank to those it follows,

.. math:: x_v = (1 - d)\, p_v + d \Big( \sum_{u \to v} \frac{w_{uv}}{s_u} x_u + q_v \sum_{u: s_u = 0} x_u \Big)

with damping d, personalization p, out-strength :math:`s_u = \sum_v w_{uv}` and the dangling rule q, where p and q sum
to 1. So x sums to 1.

Dangling nodes (those without out-arcs, or with out-arcs of weight 0 alone) hand their mass to q. The two rules have
names in the literature (Boldi, Posenato, Santini & Vigna 2008): *strongly preferential*, q = p, here
``dangling="personalization"``, the default, which is what NetworkX does; and *weakly preferential*, q uniform, here
``dangling="uniform"``. Without a personalization p is uniform and the two are the same.

The tolerance is a true bound: in the L1 norm one pass brings two vectors closer by the factor d, so the distance of an
iterate to the exact vector is at most d / (1 - d) times the length of the last step. Iteration stops when that is at
most `tol`; the bound reached, with 2^-52 / (1 - d) for rounding, is `error_bound`.

Cost: O(n + m) per pass. The first step is at most 2 long, so log(tol (1 - d) / 2d) / log d passes always suffice (about
130 at the defaults; real graphs take 20-60). Memory: three float64 per node, and one per arc where weighted.

Sources: Page et al. (1999), Stanford InfoLab 1999-66; Boldi et al. (2008), doi:10.1080/15427951.2008.10129301.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Bounds, Engine, balanced_bounds, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.spmv import pagerank_rows
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._power import Rows, rows_of, to_private, to_public
from swayrank.measures.centrality._weights import Floats, arc_weights, as_numbers
from swayrank.measures.centrality.degree import strength
from swayrank.measures.registry import register

# Half a million arcs take about a millisecond: less would be lost in handing chunks out.
_ARCS_PER_CHUNK = 1 << 19
_MOST_CHUNKS = 256
# Each pass rounds a vector of sum 1: an iterate that has come to rest is not exact for that.
_ROUNDING = 2.0**-52


@dataclass(frozen=True)
class _Pass:
    """All that one pass reads; see :func:`swayrank.kernels.spmv.pagerank_rows`."""

    rows: Rows
    strength: Floats
    shares: Floats
    jump: Floats
    sink: Floats
    damping: float
    sunk: float


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    # Measured on heavy tails, 10^6 to 10^7 arcs, one core: 23 passes to 1e-8.
    weights = 0.0 if params.get("weight") is None else 8.0 * graph.n_edges
    return Work(23.0 * (graph.n_edges + graph.n_nodes), 1.8, 40.0 * graph.n_nodes + weights)


@register(
    name="pagerank",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Page, Brin, Motwani & Winograd 1999, Stanford InfoLab 1999-66",
    work=_work,
)
@domains(
    damping=Interval(0, 1, "[)"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Optional(Integer(1)),
    dangling=OneOf("personalization", "uniform"),
)
def pagerank(
    graph: Graph,
    *,
    damping: float = 0.85,
    tol: float = 1e-8,
    max_iter: int | None = None,
    weight: str | None = None,
    personalization: Mapping[Any, float] | npt.ArrayLike | None = None,
    dangling: str = "personalization",
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by the attention that reaches them along the arcs, each follower passing on its own share.

    Read along the arcs, as in the textbook: an account that many follow, or that well-followed accounts follow, ranks
    high. The defaults agree with ``networkx.pagerank``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    damping : float, default=0.85
        Probability of following an arc rather than starting afresh, in [0, 1).
    tol : float, default=1e-8
        Bound on the L1 distance to the exact vector, greater than 0. Below about 1e-14 rounding stands in the way.
    max_iter : int or None, default=None
        Most passes allowed, at least 1. None allows as many as the bound can need.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; an account's rank is passed on in proportion. None weighs arcs equally.
    personalization : mapping of id to float, array_like of shape (n_nodes,), or None, default=None
        Where walks start afresh: non-negative masses with a positive sum, scaled to sum 1. Ids that a mapping does not
        name have none. None is uniform.
    dangling : {"personalization", "uniform"}, default="personalization"
        Where the mass of accounts that follow nobody goes: to `personalization` (strongly preferential) or to all
        alike (weakly preferential).
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 masses >= 0 that sum to 1, with `error_bound` (L1) and `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, a column that is not there or not >= 0, a personalization of the wrong
        shape, negative or without mass.
    UnknownAccountError
        If `personalization` names an account that the graph lacks.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Power iteration by pulling over the in-arcs, hubs first beyond 2^18 accounts (their order is kept on the graph for
    the next call, with a second copy of its in-arcs); sums in fixed order, so any number of threads gives the same
    bits. scikit-network treats dangling nodes otherwise, and NetworkX multiplies `tol` by the number of nodes.

    References
    ----------
    Page, Brin, Motwani & Winograd (1999), "The PageRank citation ranking", Stanford InfoLab 1999-66.
    Boldi, Posenato, Santini & Vigna (2008), doi:10.1080/15427951.2008.10129301

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem", "eve"], ["eve", "eve", "eve", "ada"])
    >>> m = sr.pagerank(g)
    >>> m.top(2)
    rank  account  pagerank
       1  eve       0.47973
       2  ada       0.44527
    >>> m.error_bound <= 1e-8, round(float(m.values.sum()), 12)
    (True, 1.0)
    """
    if graph.n_nodes == 0:
        return Measure("pagerank", np.zeros(0), graph.ids, error_bound=0.0, n_iter=0)
    runner = resolve_engine(engine, threads)
    first = _prepare(graph, damping, weight, personalization, dangling, runner)
    limit = max_iter if max_iter is not None else _passes_needed(damping, tol)
    shares, bound, n_iter = _iterate(first, tol, limit, runner, progress)
    values = to_public(graph, np.where(first.strength > 0, shares * first.strength, shares))
    if bound > tol:
        cure = "raise tol, rounding is in its way" if max_iter is None else f"raise max_iter (now {max_iter}) or tol"
        raise ConvergenceError(
            f"pagerank reached an L1 error bound of {bound:.3g} after {n_iter} passes, not tol={tol:g}: {cure}"
        )
    return Measure("pagerank", values, graph.ids, error_bound=bound, n_iter=n_iter)


def _prepare(
    graph: Graph,
    damping: float,
    weight: str | None,
    personalization: Mapping[Any, float] | npt.ArrayLike | None,
    dangling: str,
    engine: Engine,
) -> _Pass:
    """Gather the constant inputs, with x = p as the first iterate."""
    uniform = np.full(1, 1.0 / graph.n_nodes)
    jump = uniform if personalization is None else _masses(graph, personalization)
    if weight is None:
        out_strength = graph.out_degree.astype(np.float64)
    else:
        out_strength = strength(graph, arc_weights(graph, weight), False, engine)
    # The order of the passes: hubs first on a large graph.
    out_strength = to_private(graph, out_strength)
    jump = jump if jump.size == 1 else to_private(graph, jump)
    x = np.broadcast_to(jump, (graph.n_nodes,))
    return _Pass(
        rows=rows_of(graph, weight, incoming=True),
        strength=out_strength,
        shares=np.divide(x, out_strength, out=x.copy(), where=out_strength > 0),
        jump=jump,
        sink=jump if dangling == "personalization" else uniform,
        damping=float(damping),
        sunk=damping * float(x[out_strength == 0].sum()),
    )


def _iterate(state: _Pass, tol: float, limit: int, engine: Engine, progress: Progress) -> tuple[Floats, float, int]:
    """Pass until the error bound is at most `tol` or `limit` passes are done: shares, bound, passes."""
    damping, rows = state.damping, state.rows
    bounds: Bounds = balanced_bounds(rows.indptr, min(_MOST_CHUNKS, 1 + rows.indices.size // _ARCS_PER_CHUNK))
    spare = np.empty(state.shares.size)
    bound, n_iter = math.inf, 0
    with track(progress, "pagerank", total=limit) as step:
        while bound > tol and n_iter < limit:
            parts = list(engine.map(_rank_rows, state, bounds, out=spare))
            # fsum is exact, so not even the order of the chunks could matter.
            change = math.fsum(part[0] for part in parts)
            sunk = damping * math.fsum(part[1] for part in parts)
            state, spare = replace(state, shares=spare, sunk=sunk), state.shares
            bound = (damping * change + _ROUNDING) / (1 - damping)
            n_iter += 1
            step(1)
    return state.shares, bound, n_iter


def _rank_rows(inputs: _Pass, start: int, stop: int, out: Floats) -> tuple[float, float]:
    result: tuple[float, float] = pagerank_rows(
        read_only(inputs.rows.indptr),
        read_only(inputs.rows.indices),
        read_only(inputs.rows.weights),
        read_only(inputs.strength),
        read_only(inputs.shares),
        read_only(inputs.jump),
        read_only(inputs.sink),
        1.0 - inputs.damping,
        inputs.sunk,
        inputs.damping,
        start,
        stop,
        out,
    )
    return result


def _masses(graph: Graph, personalization: Mapping[Any, float] | npt.ArrayLike) -> Floats:
    """Turn a personalization into one mass per node, with sum 1."""
    if isinstance(personalization, Mapping):
        masses = np.zeros(graph.n_nodes)
        given = as_numbers("personalization", list(personalization.values()))
        # Two spellings of one id (7 and "7") are one account: their masses add up.
        np.add.at(masses, graph.ids.positions(list(personalization)), given)
    else:
        masses = as_numbers("personalization", personalization)
    if masses.shape != (graph.n_nodes,):
        raise ParameterError(
            f"personalization must hold one mass per account, shape ({graph.n_nodes},), got shape {masses.shape}"
        )
    if not np.isfinite(masses).all() or masses.min() < 0 or masses.sum() <= 0:
        raise ParameterError("personalization must hold finite masses >= 0 with a sum above 0")
    scaled: Floats = masses / masses.sum()
    return scaled


def _passes_needed(damping: float, tol: float) -> int:
    """How many passes the contraction bound can need, and a few for rounding."""
    if damping == 0:
        return 2
    return 4 + max(0, math.ceil(math.log(tol * (1 - damping) / (2 * damping)) / math.log(damping)))
