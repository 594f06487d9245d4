r"""TunkRank: how many people read what an account posts, directly or because somebody passed it on.

Definition (Tunkelang 2009): if u follows :math:`k_u` accounts, it reads a post of one of them with chance
:math:`1 / k_u`, and whoever reads it passes it on with chance p. So the influence of v, the expected number of readers
of a post of v, is

.. math:: I_v = \sum_{u \to v} \frac{1 + p\, I_u}{k_u}

With `weight`, u's attention is dealt out in proportion: :math:`w_{uv} / s_u` instead of :math:`1 / k_u`, s being the
out-strength. An account without followers has 0.

The fixed point is :math:`I = A 1 + p A I`, :math:`A_{vu} = w_{uv} / s_u`; the columns of A sum to 1 or 0, so the error
falls by the factor p at least with each pass. `tol` is a true bound on the error of every value as a share of the value
(see :mod:`swayrank.measures.centrality._affine`); `error_bound` is the bound reached times the highest value.

Cost: O(n + m) per pass; about log tol / log p passes, 6 to 9 at the defaults. Memory: eight float64 per node, and one
per arc where weighted.

Source: Tunkelang (2009), "A Twitter analog to PageRank", The Noisy Channel (blog), 13 January 2009.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._affine import Affine, Change, inverse, passes_needed, pull, solve
from swayrank.measures.centrality._weights import arc_weights
from swayrank.measures.centrality.degree import strength
from swayrank.measures.registry import register

_NS_PER_STEP = 2.0


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    p = params["retweet_prob"]
    passes = 4 + (math.log(min(0.1, params["tol"])) / math.log(p) if p > 0 else 0)
    return Work(passes * (n + m), _NS_PER_STEP, 64.0 * n + (8.0 * m if params["weight"] else 0.0))


@register(
    name="tunkrank",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Tunkelang 2009, A Twitter analog to PageRank, The Noisy Channel",
    work=_work,
)
@domains(
    retweet_prob=Interval(0, 1, "[)"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Optional(Integer(1)),
)
def tunkrank(
    graph: Graph,
    *,
    retweet_prob: float = 0.05,
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Expect how many people read a post of the account, directly or passed on.

    Read along the arcs: each follower divides its attention among those it follows, and passes some of it on.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    retweet_prob : float, default=0.05
        Chance that a reader passes a post on, in [0, 1).
    weight : str or None, default=None
        Column of arc weights, finite and >= 0: attention is divided in proportion. None divides it equally.
    tol : float, default=1e-8
        Bound on every value's distance to the exact one, as a share of the value; greater than 0.
    max_iter : int or None, default=None
        Most passes allowed, at least 1. None allows as many as the bound can need.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 expected readers >= 0, with `error_bound` (no value is farther off than that) and `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, and for a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`, or rounding stands in its way.

    Notes
    -----
    Passes pull over the in-arcs; sums in fixed order, so any number of threads gives the same bits. A reader who gets
    a post from two sides counts twice, as in the definition.

    References
    ----------
    Tunkelang (2009), "A Twitter analog to PageRank", The Noisy Channel, 13 January 2009

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "cem", "eve"], ["eve", "eve", "ada", "ada"])
    >>> sr.measure(g, "tunkrank", retweet_prob=0.1).top(2)
    rank  account  tunkrank
       1  ada          1.65
       2  eve           1.5
    """
    if graph.n_nodes == 0:
        return Measure("tunkrank", np.zeros(0), graph.ids, error_bound=0.0, n_iter=0)
    runner = resolve_engine(engine, threads)
    if weight is None:
        in_weights, out_strength = np.zeros(0), graph.out_degree.astype(np.float64)
    else:
        in_weights = arc_weights(graph, weight, incoming=True)
        out_strength = strength(graph, arc_weights(graph, weight), False, runner)
    attention = inverse(out_strength)
    direct = pull(graph.in_indptr, graph.in_indices, in_weights, attention, runner)
    values, bound, n_iter = solve(
        Affine(graph, in_weights, retweet_prob * attention, direct),
        Change.relative,
        name="tunkrank",
        tol=tol,
        limit=max_iter or passes_needed(retweet_prob, tol, direct),
        engine=runner,
        progress=progress,
    )
    return Measure("tunkrank", values, graph.ids, error_bound=bound * float(values.max()), n_iter=n_iter)
