r"""Collective influence: whose removal would break the network up.

Definition (Morone & Makse 2015), on the ties without their direction:

.. math:: CI_\ell(v) = (k_v - 1) \sum_{u : d(u, v) = \ell} (k_u - 1)

with degrees k and the accounts at a distance of exactly `radius` = :math:`\ell`. 0 for accounts with fewer than two
ties.

Choosing seeds by it one after another, each time in what is left, is a method of ``select_seeds``.

Exact; O(sum of the balls of that radius), which is most of the graph for hubs.

Source: Morone & Makse (2015), doi:10.1038/nature14604.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._validate import Integer, domains
from swayrank.engines import Engine, balanced_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.neighbourhoods import degrees_away
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import ties
from swayrank.measures.registry import register

_ARCS_PER_CHUNK = 1 << 14
_MOST_CHUNKS = 256


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = float(graph.n_nodes), float(graph.n_edges)
    mean = 2 * m / max(n, 1.0)
    # Balls grow by the degree with each step, and by more where hubs are met, up to the whole graph.
    ball = min((4 * mean) ** params["radius"], m)
    return Work(n * ball, 1.5, 16.0 * m + 24.0 * n, 8.0 * n)


@register(
    name="collective_influence",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(sum of balls)",
    citation="Morone & Makse 2015, doi:10.1038/nature14604",
    work=_work,
)
@domains(radius=Integer(1, 16))
def collective_influence(
    graph: Graph,
    *,
    radius: int = 2,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Multiply an account's degree by those of the accounts some steps away, one taken off each.

    Reads both ways: ties count without their direction.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    radius : int, default=2
        How many steps away, in [1, 16].
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the accounts done.

    Returns
    -------
    Measure
        float64 whole numbers >= 0.

    Raises
    ------
    ParameterError
        For a radius outside its domain.

    References
    ----------
    Morone & Makse (2015), "Influence maximization in complex networks through optimal percolation",
    doi:10.1038/nature14604

    Examples
    --------
    Ada and bob have three ties each; from ada, cem and dan are two steps away:

    >>> import swayrank as sr
    >>> u, v = ["ada", "ada", "ada", "bob", "bob", "cem"], ["bob", "eve", "fay", "cem", "dan", "gus"]
    >>> sr.collective_influence(sr.Graph.from_edges(u, v)).value("ada")
    2.0
    """
    whole = ties(graph)
    degree = whole.out_degree.astype(np.uint64)
    task = _Task(whole.indptr, whole.indices, degree, radius)
    bounds = balanced_bounds(whole.indptr, min(_MOST_CHUNKS, 1 + whole.n_edges // _ARCS_PER_CHUNK))
    around = np.zeros(graph.n_nodes, np.uint64)
    with track(progress, "collective influence", total=graph.n_nodes) as step:
        for _ in resolve_engine(engine, threads).map(_away_chunk, task, bounds, out=around, step=step):
            pass
    own = np.maximum(degree.astype(np.float64) - 1, 0)
    return Measure("collective_influence", own * around.astype(np.float64), graph.ids)


class _Task(NamedTuple):
    indptr: npt.NDArray[np.uint64]
    indices: npt.NDArray[np.uint32]
    degree: npt.NDArray[np.uint64]
    radius: int


def _away_chunk(task: _Task, start: int, stop: int, out: npt.NDArray[np.uint64]) -> None:
    rows = (read_only(task.indptr), read_only(task.indices), read_only(task.degree))
    degrees_away(*rows, np.uint64(task.radius), start, stop, out)
