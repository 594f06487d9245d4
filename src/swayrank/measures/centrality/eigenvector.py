r"""Eigenvector centrality: an account counts as much as those who follow it, in proportion.

Definition (Bonacich 1972), read along the arcs as stored, as in NetworkX:

.. math:: \lambda x_v = \sum_{u \to v} w_{uv} x_u, \qquad \lVert x \rVert_2 = 1

with :math:`\lambda` the spectral radius, the largest eigenvalue of the weighted adjacency.

Edge cases: accounts that no cycle reaches have 0 exactly, so a graph without cycles (of arcs with weight above 0) has
zeros throughout: :math:`\lambda` is 0 there and no vector is singled out. On several strong components those with the
largest :math:`\lambda` and all that they reach count; where more than one component has it, the answer is the one that
power iteration from the all-ones vector tends to. If two components of the same largest :math:`\lambda` feed one
another, that limit is approached as slowly as 1 / passes: the values are then far less exact than the residual, and
``ConvergenceError`` is likely.

The tolerance bounds the residual: iteration stops when :math:`\lVert A^T x - \lambda x \rVert_2 \le tol \cdot \lambda`
at :math:`\lVert x \rVert_2 = 1`; `error_bound` is that residual divided by :math:`\lambda`. On an undirected graph an
exact eigenvalue lies within that share of the one found. It is no bound on the distance of x to the exact vector, for
which the gap between the eigenvalues would have to be known.

Cost: O(n + m) per pass; passes grow with log(tol) / log of the ratio of the two largest eigenvalues.

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
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._power import Rows, fed_by_cycle, rows_of, to_public, walk
from swayrank.measures.centrality._weights import Floats
from swayrank.measures.registry import register

# The shift, as a share of the eigenvalue, that keeps iteration from swinging on bipartite and periodic graphs.
_SHIFT = 0.125


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    # Measured on heavy tails, 10^6 to 10^7 arcs: 15 passes or so, one core.
    return Work(15.0 * (graph.n_edges + graph.n_nodes), 2.2, 48.0 * graph.n_nodes)


@register(
    name="eigenvector",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Bonacich 1972, doi:10.1080/0022250X.1972.9989806",
    work=_work,
)
@domains(tol=Interval(0, math.inf, "()"), max_iter=Integer(1))
def eigenvector(
    graph: Graph,
    *,
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int = 100_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by how central their followers are, in the same sense.

    Read along the arcs, as ``networkx.eigenvector_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0. None weighs arcs equally.
    tol : float, default=1e-8
        Bound on the residual in the L2 norm, in relation to the eigenvalue, greater than 0.
    max_iter : int, default=100_000
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
        float64 values >= 0 of L2 norm 1 (zeros where the graph has no cycle), with `error_bound` (the residual in
        relation to the eigenvalue) and `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or a column that is not there or not >= 0.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Power iteration with a shift of an eighth of the eigenvalue, which periodic and bipartite graphs need; O(m) a pass.

    References
    ----------
    Bonacich (1972), doi:10.1080/0022250X.1972.9989806

    Examples
    --------
    >>> import swayrank as sr
    >>> from swayrank.measures.centrality.eigenvector import eigenvector
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem", "dan"], ["bob", "cem", "ada", "ada"])
    >>> eigenvector(g).values.round(6)
    array([0.57735, 0.57735, 0.57735, 0.     ])
    """
    runner = resolve_engine(engine, threads)
    rows = rows_of(graph, weight, incoming=True)
    x = fed_by_cycle(graph, weight)
    if not x.any():
        return Measure("eigenvector", np.zeros(graph.n_nodes), graph.ids, error_bound=0.0, n_iter=0)
    x, bound, n_iter = _iterate(rows, x, tol, max_iter, runner, progress)
    if bound > tol:
        raise ConvergenceError(
            f"eigenvector reached a residual of {bound:.3g} after {n_iter} passes, not tol={tol:g}: raise tol or "
            f"max_iter (now {max_iter}), or look at one strong component (graph.largest_component('strong'))"
        )
    return Measure("eigenvector", to_public(graph, x), graph.ids, error_bound=bound, n_iter=n_iter)


def _iterate(
    rows: Rows, x: Floats, tol: float, limit: int, engine: Engine, progress: Progress
) -> tuple[Floats, float, int]:
    """Pass until the residual is small: x of length 1, the residual in relation to the eigenvalue, passes."""
    value, n_iter = 0.0, 0
    with track(progress, "eigenvector", total=limit) as step:
        while True:
            shift, scale = (_SHIFT * value, 1 / ((1 + _SHIFT) * value)) if value > 0 else (1.0, 1.0)
            new, found = walk(engine, rows, x, x, shift=shift, scale=scale, value=value)
            n_iter += 1
            step(1)
            # The residual is that of the eigenvalue taken from the pass before, which is what `walk` was given.
            bound = math.sqrt(found.residual / found.squares) / value if value > 0 else math.inf
            if bound <= tol or n_iter >= limit:
                return x / math.sqrt(found.squares), bound, n_iter
            value, x = found.cross / found.squares, new
