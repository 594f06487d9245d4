r"""HITS: hubs follow good authorities, and authorities are followed by good hubs.

Definition (Kleinberg 1999), along the arcs: vectors h, a >= 0 with

.. math:: a_v \propto \sum_{u \to v} w_{uv} h_u, \qquad h_u \propto \sum_{u \to v} w_{uv} a_v

the main singular vectors of the adjacency matrix, each scaled to sum 1 as in NetworkX. Where several parts of the graph
share the largest singular value, they are the mixture that iteration from equal hubs leads to. Without arcs all are 0.

What is bounded is the residual: ``error_bound`` is :math:`\|A A^T h - \sigma^2 h\| / (\sigma^2 \|h\|)`, so
:math:`\sigma^2` is within that share of an eigenvalue, and h within that share over the relative gap of its vector.

Cost: O(n + m) per pass, two pulls; passes grow as the inverse of the gap between the two largest singular values,
squared.

Source: Kleinberg (1999), doi:10.1145/324133.324140.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures.centrality._linear import Floats, Rows
from swayrank.measures.centrality.eigenvector import passes_work
from swayrank.measures.registry import register


@register(
    name="hits",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m) per pass",
    citation="Kleinberg 1999, doi:10.1145/324133.324140",
    work=passes_work,
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

    Reads both ways: authorities along the arcs, hubs against them. As ``networkx.hits``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    of : {"authority", "hub"}, default="authority"
        Which of the two.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; None weighs arcs equally.
    tol : float, default=1e-8
        Bound on the relative residual, greater than 0; see the notes of the module.
    max_iter : int, default=10_000
        Most passes.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 >= 0 that sum to 1, or all 0 without arcs; with `error_bound` and `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Power iteration on A A^T, two pulls per pass; O(n + m).

    References
    ----------
    Kleinberg (1999), "Authoritative sources in a hyperlinked environment", doi:10.1145/324133.324140

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "dan"])
    >>> sr.hits(g).top(1), round(sr.hits(g, of="hub").value("ada"), 6)
    (rank  account  hits
       1  eve         1, 0.5)
    """
    runner = resolve_engine(engine, threads)
    hubs, authorities, residual, n_iter = hubs_and_authorities(graph, weight, tol, max_iter, runner, progress)
    if residual > tol:
        raise ConvergenceError(
            f"hits reached a relative residual of {residual:.3g} after {n_iter} passes, not tol={tol:g}: "
            f"raise max_iter (now {max_iter}) or tol"
        )
    values = authorities if of == "authority" else hubs
    return Measure("hits", values, graph.ids, error_bound=residual, n_iter=n_iter)


def hubs_and_authorities(
    graph: Graph, weight: str | None, tol: float, max_iter: int, runner: Engine, progress: Progress
) -> tuple[Floats, Floats, float, int]:
    """Both vectors, of sum 1, the relative residual, and the passes."""
    n = graph.n_nodes
    along, against = Rows.of(graph, weight, incoming=True), Rows.of(graph, weight, incoming=False)
    if not n or not (along.weights.any() if weight is not None else graph.n_edges):
        return np.zeros(n), np.zeros(n), 0.0, 0
    hubs, spare, authorities = np.full(n, 1 / math.sqrt(n)), np.empty(n), np.empty(n)
    unit = np.ones(n)
    growth, norm, residual, n_iter, total = 1.0, 1.0, math.inf, 0, 1.0
    with track(progress, "hits", total=max_iter) as step:
        while residual > tol and n_iter < max_iter:
            along.step(hubs, authorities, runner, unit=unit)
            done = _second_half(against, authorities, hubs, spare, growth, runner)
            residual = done[1] / norm
            growth *= done[0] / norm
            norm, total = done[0], done[2]
            hubs, spare = spare, hubs
            n_iter += 1
            step(1)
    along.step(hubs, authorities, runner, unit=unit)
    return hubs / total, authorities / math.fsum(authorities), residual, n_iter


def _second_half(
    rows: Rows, authorities: Floats, hubs: Floats, out: Floats, growth: float, runner: Engine
) -> tuple[float, float, float]:
    """Out = A a / growth: its L2 norm, how far it is from `hubs`, and its sum."""
    done = rows.step(authorities, out, runner, scale=1 / growth)
    return done.norm, float(np.linalg.norm(out - hubs)), done.total
