r"""Clustering: how many of an account's neighbours are tied to each other.

- ``triangles``: pairs of neighbours, in either direction, that are tied themselves.
- ``clustering`` (Watts & Strogatz 1998): their share of all pairs of neighbours. In a directed graph (Fagiolo 2007) all
  closed paths of three count, :math:`\frac{(A + A^T)^3_{vv}}{2 (d_v (d_v - 1) - 2 d^\leftrightarrow_v)}`, with the
  degree d both ways and the mutual ties :math:`d^\leftrightarrow`. With `weight` (Onnela et al. 2005) each triangle
  counts the geometric mean of its weights, divided by the largest weight of all. All agree with NetworkX.
- ``transitivity``: the share of all pairs of neighbours in the graph that are tied; of a directed graph, without the
  direction.

0 where there are no two neighbours. Self-loops count for nothing. Exact: each triangle is found once, from the least
of its corners by degree (``kernels/triangles.py``). Cost: O(m^1.5) at worst; 12 bytes per arc and 8 per account and
chunk.

Sources: Watts & Strogatz (1998), doi:10.1038/30918; Onnela, Saramäki, Kertész & Kaski (2005),
doi:10.1103/PhysRevE.71.065103; Fagiolo (2007), doi:10.1103/PhysRevE.76.026107.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, balanced_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.neighbourhoods import returned_arcs
from swayrank.kernels.triangles import triangle_sums
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import ties
from swayrank.measures.centrality._weights import arc_weights
from swayrank.measures.registry import register

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

_ARCS_PER_CHUNK = 1 << 16
_MOST_CHUNKS = 64


def triangles_work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """The cost of finding all triangles, on heavy tails."""
    m = float(graph.n_edges)
    return Work(m**1.5, 0.15, 40.0 * m + 24.0 * graph.n_nodes, 16.0 * graph.n_nodes)


@register(
    name="triangles",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m^1.5)",
    citation="Latapy 2008, doi:10.1016/j.tcs.2008.07.017",
    work=triangles_work,
)
def triangles(
    graph: Graph, *, engine: str | Engine = "local", threads: int | None = None, progress: Progress = None
) -> Measure:
    """Count the pairs of an account's neighbours that are tied themselves.

    Reads both ways: ties count without their direction.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the accounts done.

    Returns
    -------
    Measure
        int64 counts, as ``networkx.triangles`` of the undirected graph.

    References
    ----------
    Latapy (2008), "Main-memory triangle computations for very large graphs", doi:10.1016/j.tcs.2008.07.017

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.triangles(sr.Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3])).values
    array([1, 1, 1, 0])
    """
    found = _sums(ties(graph), valued=False, runner=resolve_engine(engine, threads), progress=progress)
    return Measure("triangles", np.rint(found).astype(np.int64), graph.ids)


@register(
    name="clustering",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m^1.5)",
    citation="Watts & Strogatz 1998, doi:10.1038/30918; Fagiolo 2007, doi:10.1103/PhysRevE.76.026107",
    work=triangles_work,
)
def clustering(
    graph: Graph,
    *,
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Find the share of an account's pairs of neighbours that are tied themselves.

    Reads both ways. As ``networkx.clustering``, directed or not.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of strengths, finite and >= 0; None counts ties.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the accounts done.

    Returns
    -------
    Measure
        float64 in [0, 1]; 0 for accounts without two neighbours.

    Raises
    ------
    ParameterError
        For a column that is not there or not >= 0.

    References
    ----------
    Watts & Strogatz (1998), doi:10.1038/30918
    Onnela et al. (2005), doi:10.1103/PhysRevE.71.065103
    Fagiolo (2007), doi:10.1103/PhysRevE.76.026107

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3], direction="undirected")
    >>> sr.clustering(g).values.round(3)
    array([1.   , 1.   , 0.333, 0.   ])
    """
    values = np.ones(graph.n_edges)
    if weight is not None:
        strengths = arc_weights(graph, weight)
        # As NetworkX, which takes the largest of all weights, those of self-loops too.
        values = np.cbrt(strengths / (strengths.max(initial=0.0) or 1.0))
    whole = ties(graph, values)
    found = _sums(whole, valued=True, runner=resolve_engine(engine, threads), progress=progress)
    return Measure("clustering", _share(found if graph.directed else 2 * found, _pairs(graph)), graph.ids)


def transitivity(
    graph: Graph, *, engine: str | Engine = "local", threads: int | None = None, progress: Progress = None
) -> float:
    """Find the share of all pairs of neighbours in the graph that are tied themselves.

    Reads both ways: ties count without their direction.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    engine, threads, progress
        As :func:`triangles` takes them.

    Returns
    -------
    float
        In [0, 1]; 0 where nobody has two neighbours.

    References
    ----------
    Newman (2003), "The structure and function of complex networks", doi:10.1137/S003614450342480

    Examples
    --------
    >>> import swayrank as sr
    >>> sr.transitivity(sr.Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3]))
    0.6
    """
    whole = ties(graph)
    found = _sums(whole, valued=False, runner=resolve_engine(engine, threads), progress=progress)
    pairs = float(_pairs(whole).sum())
    return 2 * float(found.sum()) / pairs if pairs else 0.0


def _pairs(graph: Graph) -> Floats:
    """What each account's closed paths are a share of."""
    u, v = graph.edges()
    loops = np.bincount(u[u == v], minlength=graph.n_nodes).astype(np.float64)
    out = graph.out_degree - loops
    if not graph.directed:
        return out * (out - 1)
    both = np.zeros(graph.n_nodes, np.uint64)
    returned_arcs(*(read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)), both)
    degree = out + graph.in_degree - loops
    pairs: Floats = degree * (degree - 1) - 2 * (both.astype(np.float64) - loops)
    return pairs


def _share(closed: Floats, pairs: Floats) -> Floats:
    return np.divide(closed, pairs, out=np.zeros(closed.size), where=pairs > 0)


class _Task(NamedTuple):
    indptr: Array
    indices: Array
    values: Floats


def _sums(whole: Graph, *, valued: bool, runner: Engine, progress: Progress) -> Floats:
    """At each account the products of the sides of its triangles, in public order; `whole` is undirected."""
    private = whole.relabelled("degree")
    values = np.ascontiguousarray(private.column("weight"), np.float64) if valued and whole.n_edges else np.zeros(0)
    task = _Task(private.indptr, private.indices, values)
    bounds = balanced_bounds(private.indptr, min(_MOST_CHUNKS, 1 + whole.n_edges // _ARCS_PER_CHUNK))
    total = np.zeros(whole.n_nodes)
    with track(progress, "triangles", total=whole.n_nodes) as step:
        for part in runner.map(_sum_chunk, task, bounds, step=step):
            total += part
    return private.to_public(total)


def _sum_chunk(task: _Task, start: int, stop: int) -> Floats:
    out = np.zeros(task.indptr.size - 1)
    triangle_sums(*(read_only(array) for array in task), start, stop, out)
    return out
