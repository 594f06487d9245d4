r"""HITS: authorities are followed by good hubs, and hubs follow good authorities.

Definition (Kleinberg 1999), read along the arcs as stored, with A[u, v] the weight of the arc from u to v:

.. math:: a = A^T h / \lVert \cdot \rVert_1, \qquad h = A a / \lVert \cdot \rVert_1

so a is the dominant eigenvector of :math:`A^T A` and h that of :math:`A A^T`, each scaled to sum 1 as in NetworkX.
Where several components share the largest eigenvalue the answer is the limit of power iteration from the all-ones
vector: its projection on the vectors of that eigenvalue.

Edge cases: a graph without arcs of weight above 0 has zeros throughout.

The tolerance bounds the residual of the authorities: iteration stops when
:math:`\lVert A^T A a - \mu a \rVert_2 \le tol \cdot \mu \lVert a \rVert_2`; `error_bound` is the share reached. As
:math:`A^T A` is symmetric an exact eigenvalue lies within that share of :math:`\mu`. It is no bound on the distance to
the exact vector, for which the gap between the eigenvalues would have to be known.

Cost: O(n + m) per pass, two pulls each; passes grow with log(tol) / log of the ratio of the two largest eigenvalues.

Source: Kleinberg (1999), doi:10.1145/324133.324140.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._power import rows_of, to_public, walk
from swayrank.measures.centrality._weights import Floats
from swayrank.measures.registry import register


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    # Measured on heavy tails, 10^6 to 10^7 arcs: ten passes or so, each a pull from both sides, one core.
    return Work(20.0 * (graph.n_edges + graph.n_nodes), 2.2, 56.0 * graph.n_nodes)


@register(
    name="hits",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Kleinberg 1999, doi:10.1145/324133.324140",
    work=_work,
)
@domains(of=OneOf("authority", "hub"), tol=Interval(0, math.inf, "()"), max_iter=Integer(1))
def hits(
    graph: Graph,
    *,
    of: str = "authority",
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts as authorities, whom good hubs follow, or as hubs, who follow good authorities.

    Read along the arcs, as ``networkx.hits``: followers vote for those they follow.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    of : {"authority", "hub"}, default="authority"
        Which of the two scores.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0. None weighs arcs equally.
    tol : float, default=1e-8
        Bound on the residual in the L2 norm, in relation to the eigenvalue, greater than 0.
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
        float64 scores >= 0 that sum to 1 (zeros where there are no arcs), with `error_bound` (the residual in relation
        to the eigenvalue) and `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Power iteration; a pass is a pull over the out-arcs and one over the in-arcs, O(m).

    References
    ----------
    Kleinberg (1999), doi:10.1145/324133.324140

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.centrality.hits import hits
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem", "cem"], ["eve", "eve", "eve", "ada"])
    >>> hits(g).top(2)
    rank  account      hits
       1  eve      0.707107
       2  ada      0.292893
    >>> hits(g, of="hub").top(1)[0][0]
    'cem'
    """
    runner = resolve_engine(engine, threads)
    authorities, hubs, bound, n_iter = authorities_and_hubs(graph, weight, tol, max_iter, runner, progress)
    if bound > tol:
        raise ConvergenceError(
            f"hits reached a residual of {bound:.3g} after {n_iter} passes, not tol={tol:g}: raise tol or max_iter "
            f"(now {max_iter})"
        )
    return Measure("hits", authorities if of == "authority" else hubs, graph.ids, error_bound=bound, n_iter=n_iter)


def authorities_and_hubs(
    graph: Graph, weight: str | None, tol: float, limit: int, engine: Engine, progress: Progress
) -> tuple[Floats, Floats, float, int]:
    """Both scores, each of sum 1, the residual in relation to the eigenvalue, passes; not converging is no error."""
    *vectors, bound, n_iter = _iterate(graph, weight, tol, limit, engine, progress)
    authorities, hubs = (to_public(graph, scores / (math.fsum(scores) or 1.0)) for scores in vectors)
    return authorities, hubs, bound, n_iter


def _iterate(
    graph: Graph, weight: str | None, tol: float, limit: int, engine: Engine, progress: Progress
) -> tuple[Floats, Floats, float, int]:
    """Pass until the residual is small: authorities, hubs, the residual in relation to the eigenvalue, passes."""
    following, followers = rows_of(graph, weight, incoming=False), rows_of(graph, weight, incoming=True)
    a = np.ones(graph.n_nodes)
    value, n_iter = 0.0, 0
    with track(progress, "hits", total=limit) as step:
        while True:
            h, _ = walk(engine, following, a, a)
            new, found = walk(engine, followers, h, a, scale=1 / value if value > 0 else 1.0, value=value)
            n_iter += 1
            step(1)
            if found.cross == 0:
                return np.zeros(graph.n_nodes), np.zeros(graph.n_nodes), 0.0, n_iter
            bound = math.sqrt(found.residual / found.squares) / value if value > 0 else math.inf
            if bound <= tol or n_iter >= limit:
                return a, h, bound, n_iter
            value, a = found.cross / found.squares, new
