r"""LeaderRank: PageRank without a parameter, the random jump replaced by an account that everybody knows.

Definition (Lü, Zhang, Yeung & Zhou 2011): a ground node g follows everybody and is followed by everybody. Every account
starts with 1 and hands all it has, in equal parts, to those it follows and to g, over and over. Once that has settled,
g's holding is dealt out equally:

.. math:: s_v = \sum_{u \to v} \frac{s_u}{k_u + 1} + \frac{b_v}{n}\, s_g, \qquad S_v = s_v + \frac{s_g}{n}

with out-degree k and b = 1. Scores sum to n, so that 1 is the mean. ``variant="weighted"`` (Li, Zhou, Lü & Chen 2014):
the ground node hands out in proportion to in-degrees to the power `exponent`, b being those powers scaled to sum n.
With `weight`, k is the out-strength, an account's arc to g weighing 1, and in-strength stands for in-degree.

The settled state is a fixed point: with z the solution of :math:`z = b + A z`, :math:`A_{vu} = w_{uv} / (s_u + 1)`, it
is :math:`S = n (z + 1) / (\sum z + n)`. The columns of A sum to less than 1, so z exists, and every score of a pass is
known to a share of itself (see :mod:`swayrank.measures.centrality._affine`). `tol` bounds that share; `error_bound` is
the bound reached times the highest score, in the scores' own unit.

Where nobody follows anybody all scores are 1. An isolated account gets the least score there is, and changes no order.
Cost: O(n + m) per pass, some 25 passes on graphs of hubs; the more accounts follow, the less they hand to g, and the
more passes are needed. Memory: eight float64 per node, and one per arc where weighted.

Sources: Lü et al. (2011), doi:10.1371/journal.pone.0021202; Li et al. (2014), doi:10.1016/j.physa.2014.02.041.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._affine import Affine, Change, passes_needed, solve
from swayrank.measures.centrality._weights import Floats, arc_weights
from swayrank.measures.centrality.degree import strength
from swayrank.measures.registry import register

_NS_PER_STEP = 2.0
# RMAT graphs of up to a quarter of a million accounts took 25 passes.
_USUAL_PASSES = 30


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    return Work(_USUAL_PASSES * (n + m), _NS_PER_STEP, 64.0 * n + (8.0 * m if params["weight"] else 0.0))


@register(
    name="leaderrank",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Lü, Zhang, Yeung & Zhou 2011, doi:10.1371/journal.pone.0021202",
    work=_work,
)
@domains(
    variant=OneOf("uniform", "weighted"),
    exponent=Interval(0, 10),
    tol=Interval(0, math.inf, "()"),
    max_iter=Optional(Integer(1)),
)
def leaderrank(
    graph: Graph,
    *,
    variant: str = "uniform",
    exponent: float = 1.0,
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by the attention that reaches them when all exchange it through one account that everybody knows.

    Read along the arcs: an account that many follow, or that well-followed accounts follow, ranks high.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    variant : {"uniform", "weighted"}, default="uniform"
        Whether the ground node gives to all alike (LeaderRank) or by in-degree (weighted LeaderRank).
    exponent : float, default=1.0
        Power of the in-degree in ``variant="weighted"``, in [0, 10]; 0 gives LeaderRank back.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0, beside which the arc to the ground node weighs 1. None weighs arcs
        equally.
    tol : float, default=1e-8
        Bound on every score's distance to the exact one, as a share of the score; greater than 0.
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
        float64 scores > 0 that sum to n_nodes, with `error_bound` (no score is farther off than that) and `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, and for a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`, or rounding stands in its way.

    Notes
    -----
    Passes pull over the in-arcs; sums in fixed order, so any number of threads gives the same bits. The ground node is
    no node of the graph: what it gives is the constant of a linear system, scaled in the end.

    References
    ----------
    Lü, Zhang, Yeung & Zhou (2011), "Leaders in social networks, the Delicious case", doi:10.1371/journal.pone.0021202
    Li, Zhou, Lü & Chen (2014), "Identifying influential spreaders by weighted LeaderRank",
    doi:10.1016/j.physa.2014.02.041

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem", "eve"], ["eve", "eve", "eve", "ada"])
    >>> m = sr.measure(g, "leaderrank")
    >>> m.top(2)
    rank  account  leaderrank
       1  eve         1.44444
       2  ada         1.22222
    >>> round(float(m.values.sum()), 9)
    4.0
    """
    n = graph.n_nodes
    if n == 0:
        return Measure("leaderrank", np.zeros(0), graph.ids, error_bound=0.0, n_iter=0)
    runner = resolve_engine(engine, threads)
    system, contraction = _system(graph, variant, exponent, weight, runner)
    limit = max_iter or passes_needed(contraction, tol, system.constant)
    z, bound, n_iter = solve(system, _error, name="leaderrank", tol=tol, limit=limit, engine=runner, progress=progress)
    scores = (z + 1) * (n / (float(z.sum()) + n))
    return Measure("leaderrank", scores, graph.ids, error_bound=bound * float(scores.max()), n_iter=n_iter)


def _system(graph: Graph, variant: str, exponent: float, weight: str | None, engine: Engine) -> tuple[Affine, float]:
    """Gather z = b + A z and the greatest column sum of A."""
    if weight is None:
        in_weights = np.zeros(0)
        out_strength, in_strength = graph.out_degree.astype(np.float64), graph.in_degree.astype(np.float64)
    else:
        in_weights = arc_weights(graph, weight, incoming=True)
        out_strength = strength(graph, arc_weights(graph, weight), False, engine)
        in_strength = strength(graph, in_weights, True, engine)
    greatest = float(out_strength.max())
    system = Affine(graph, in_weights, 1 / (out_strength + 1), np.ones(graph.n_nodes))
    if variant == "weighted" and in_strength.any():
        system = replace(system, constant=_powers(in_strength, exponent))
    return system, greatest / (greatest + 1)


def _powers(in_strength: Floats, exponent: float) -> Floats:
    """In-strengths to a power, scaled to sum n."""
    powers: Floats = (in_strength / in_strength.max()) ** exponent
    return powers * (powers.size / float(powers.sum()))


def _error(change: Change) -> float:
    """A relative error of z enters a score twice: through itself and through the sum."""
    error = change.relative()
    return 2 * error / (1 - error) if error < 1 else math.inf
