r"""Eigenvector centrality: who is followed by those who are followed by those who count.

Definition (Bonacich 1972), along the arcs: the vector x >= 0 with

.. math:: \lambda x_v = \sum_{u \to v} w_{uv} x_u

for the largest eigenvalue :math:`\lambda` of the adjacency matrix; of length 1 (L2), as in NetworkX. Only cycles give
an account anything to pass on: a graph without cycles has :math:`\lambda = 0`, and all values are 0. Where several
parts of the graph share the largest eigenvalue, x is the mixture that iteration from equal values leads to.

The iteration is x <- (A + s I) x with a shift s, which leaves the vectors as they are and keeps cycles of even length
from oscillating. What is bounded is the residual: ``error_bound`` is :math:`\|A x - \lambda x\| / (\lambda + s)` for
x of length 1, so x is exact for a matrix that differs from A by no more than that, relatively. (No bound on x itself
follows for matrices that are not symmetric.)

Cost: O(n + m) per pass; passes grow as the inverse of the gap between the two largest eigenvalues.

Source: Bonacich (1972), doi:10.1080/0022250X.1972.9989806.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError
from swayrank.graph import Graph
from swayrank.graph.exchange import component_labels
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._linear import Floats, Rows
from swayrank.measures.registry import register

# Measured on one core, for an arc and a pass; passes that usual graphs take.
NS_PER_ARC, USUAL_PASSES = 2.0, 40


def passes_work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """The cost of the passes that usual graphs take."""
    n, m = graph.n_nodes, graph.n_edges
    weights = 8.0 * m if params.get("weight") is not None else 0.0
    return Work(float(USUAL_PASSES) * (n + m), NS_PER_ARC, 32.0 * n + weights)


@register(
    name="eigenvector",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Bonacich 1972, doi:10.1080/0022250X.1972.9989806",
    work=passes_work,
)
@domains(tol=Interval(0, math.inf, "()"), max_iter=Integer(1))
def eigenvector(
    graph: Graph,
    *,
    weight: str | None = None,
    tol: float = 1e-7,
    max_iter: int = 10_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by the rank of their followers: the main eigenvector of who follows whom.

    Read along the arcs, as ``networkx.eigenvector_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; None weighs arcs equally.
    tol : float, default=1e-7
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
        float64 >= 0 of L2 norm 1, with `error_bound` and `n_iter`; all 0 for a graph without cycles.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Power iteration, O(n + m) per pass; sums in fixed order. NetworkX stops at a change of n * tol instead.

    References
    ----------
    Bonacich (1972), doi:10.1080/0022250X.1972.9989806

    Examples
    --------
    Two who follow each other, and one who follows ada:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["bob", "ada", "ada"])
    >>> sr.eigenvector(g).values.round(4)
    array([0.7071, 0.7071, 0.    ])
    """
    if not has_cycle(graph, weight):
        return Measure("eigenvector", np.zeros(graph.n_nodes), graph.ids, error_bound=0.0, n_iter=0)
    values, residual, n_iter = main_vector(graph, weight, tol, max_iter, resolve_engine(engine, threads), progress)
    if residual > tol:
        raise ConvergenceError(
            f"eigenvector reached a relative residual of {residual:.3g} after {n_iter} passes, not tol={tol:g}: raise "
            f"max_iter (now {max_iter}) or tol; or parts of the graph share the largest eigenvalue: take "
            "graph.largest_component('strong')"
        )
    # What only fades away, as it is not fed by the main part, is rounding noise of no meaning.
    return Measure("eigenvector", values, graph.ids, error_bound=residual, n_iter=n_iter)


def main_vector(
    graph: Graph, weight: str | None, tol: float, max_iter: int, runner: Engine, progress: Progress
) -> tuple[Floats, float, int]:
    """Power iteration until the relative residual is at most `tol`: vector of length 1, residual, passes."""
    rows = Rows.of(graph, weight, incoming=True)
    shift = 1.0 if weight is None or not graph.n_edges else float(rows.weights.mean()) or 1.0
    x, spare = np.full(graph.n_nodes, 1 / math.sqrt(graph.n_nodes)), np.empty(graph.n_nodes)
    unit = np.ones(graph.n_nodes)
    growth, norm, residual, n_iter = 1.0, 1.0, math.inf, 0
    with track(progress, "eigenvector", total=max_iter) as step:
        while residual > tol and n_iter < max_iter:
            done = rows.step(x, spare, runner, scale=1 / growth, shift=shift, unit=unit)
            # `growth` is the eigenvalue as the pass before saw it: out - x is the residual of x for this value.
            residual = done.change / norm
            growth *= done.norm / norm
            norm = done.norm
            x, spare = spare, x
            n_iter += 1
            step(1)
    return x / norm, residual, n_iter


def has_cycle(graph: Graph, weight: str | None = None) -> bool:
    """Whether any walk comes back, over arcs of weights above 0."""
    u, v = graph.edges()
    if weight is not None:
        rows = Rows.of(graph, weight, incoming=False)
        there = rows.weights > 0
        if not there.all():
            graph = Graph.from_edges(u[there], v[there], n_nodes=graph.n_nodes, self_loops="keep")
            u, v = graph.edges()
    if not u.size:
        return False
    if (u == v).any():
        return True
    labels = component_labels(graph.indptr, graph.indices, "strong")
    return int(labels.max()) + 1 < graph.n_nodes
