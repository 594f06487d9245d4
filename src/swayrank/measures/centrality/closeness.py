r"""Closeness and harmonic centrality: how near an account is to all who can reach it.

Definitions, read along the arcs, with d(u, v) the length of a shortest path from u to v and R(v) the r(v) accounts
other than v that have one:

- closeness (Bavelas 1950), as ``networkx.closeness_centrality``:

  .. math:: C(v) = \frac{r(v)}{n - 1} \cdot \frac{r(v)}{\sum_{u \in R(v)} d(u, v)}

  ``variant="wasserman_faust"`` (Wasserman & Faust 1994), the default, in which small components do not outdo large
  ones; ``variant="reachable"`` leaves the first factor out: closeness within the part that reaches v. 0 where the sum
  is 0.
- harmonic (Marchiori & Latora 2000; Boldi & Vigna 2014), as ``networkx.harmonic_centrality``:
  :math:`H(v) = \sum_{u \in R(v)} 1 / d(u, v)`, or a fraction of the n - 1 that a star's middle has. Distances of 0
  (arcs of weight 0) have no inverse and add nothing.

Self-loops count for nothing. With `weight` the weights are lengths, not strengths: the larger, the farther.

`top=k` asks for the k highest alone: the others are NaN. Of accounts that tie for the last place those come first that
stand first in the graph. Candidates are searched in the order of an upper bound from the degrees of their neighbours,
in the manner of Bergamini et al. (2019), 512 at a time, until the bound of the next is below the k-th value found. The
bound: of the r that reach v, those beyond its in-neighbours and theirs are at a distance of 3 at least. Where that
prunes nothing, and for ``"reachable"`` or weights, which have no such bound, all are computed.

Cost: one bit-parallel search for 512 accounts, O(n m / 512) in all; weighted O(n (m + n log n)). Exact; sums of whole
distances have no rounding.

Sources: Bavelas (1950), doi:10.1121/1.1906679; Wasserman & Faust (1994), doi:10.1017/CBO9780511815478; Boldi & Vigna
(2014), doi:10.1080/15427951.2013.865686; Bergamini et al. (2019), doi:10.1145/3344719.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._validate import Integer, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.spmv import row_sums
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._distances import Distances, all_distances, distances_of, searches, work_of_all
from swayrank.measures.centrality._weights import Floats
from swayrank.measures.registry import register

# From distances to values: (reached, sums) -> values.
Formula = Callable[[npt.NDArray[Any], Floats], Floats]

# One full line of searches; later rounds have more, as the bound that they must beat hardly rises.
_FIRST_ROUND = 512
_LARGEST_ROUND = 1 << 14
# Bounds are rounded, too: none may fall below the value that it bounds.
_ROUNDING = 1 + 2.0**-40


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """What `top` prunes, sizes do not tell: it was four fifths at least on graphs with hubs, for up to 100 of them."""
    whole = work_of_all(graph, params)
    prunes = params.get("top") and params.get("weight") is None and params.get("variant") != "reachable"
    return replace(whole, steps=whole.steps / 5) if prunes else whole


@register(
    name="closeness",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m / 512)",
    citation="Bavelas 1950, doi:10.1121/1.1906679; Wasserman & Faust 1994, doi:10.1017/CBO9780511815478",
    work=_work,
    instead="approximate_closeness(graph, epsilon=...)",
)
@domains(variant=OneOf("wasserman_faust", "reachable"), top=Optional(Integer(1)))
def closeness(
    graph: Graph,
    *,
    variant: str = "wasserman_faust",
    weight: str | None = None,
    top: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by how few steps it takes from others to them: the inverse of the mean distance.

    Read along the arcs, from followers to those they follow, as ``networkx.closeness_centrality`` does.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    variant : {"wasserman_faust", "reachable"}, default="wasserman_faust"
        Whether the share of accounts that reach this one counts, or the distances of these alone.
    weight : str or None, default=None
        Column of lengths of the arcs, finite and >= 0. None for arcs of length 1.
    top : int or None, default=None
        How many of the highest to find, at least 1; the others are NaN. None computes all.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the accounts searched.

    Returns
    -------
    Measure
        float64, exact; in [0, 1] where arcs have length 1.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or a column that is not there or not >= 0.

    Notes
    -----
    Bit-parallel breadth-first search, O(n m / 512), with about 250 bytes per node for each thread; weighted one
    Dijkstra per account. `top` prunes by a bound; see the module.

    References
    ----------
    Bavelas (1950), doi:10.1121/1.1906679
    Wasserman & Faust (1994), doi:10.1017/CBO9780511815478
    Bergamini et al. (2019), doi:10.1145/3344719

    Examples
    --------
    bob and cem follow ada, dan follows cem:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "cem"])
    >>> closeness(g).top(2)
    rank  account  closeness
       1  ada           0.75
       2  cem       0.333333
    >>> closeness(g, variant="reachable").value("cem")
    1.0
    >>> closeness(g, top=1).values.round(2)
    array([ nan, 0.75,  nan,  nan])
    """
    runner = resolve_engine(engine, threads)

    def formula(reached: npt.NDArray[Any], sums: Floats) -> Floats:
        inverse: Floats = np.divide(reached, sums, out=np.zeros(sums.size), where=sums > 0)
        if variant == "wasserman_faust":
            inverse *= reached / max(1, graph.n_nodes - 1)
        return inverse

    if top is not None and weight is None and variant == "wasserman_faust":
        values = _highest(graph, top, formula, False, runner, progress)
    else:
        found = all_distances(graph, ends="in", weight=weight, engine=runner, progress=progress, label="closeness")
        values = _only_top(formula(found.reached, found.sums), top)
    return Measure("closeness", values, graph.ids)


@register(
    name="harmonic",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m / 512)",
    citation="Marchiori & Latora 2000, doi:10.1016/S0378-4371(00)00311-3; Boldi & Vigna 2014, "
    "doi:10.1080/15427951.2013.865686",
    work=_work,
    instead="approximate_harmonic(graph, epsilon=...)",
)
@domains(scale=OneOf("raw", "fraction"), top=Optional(Integer(1)))
def harmonic(
    graph: Graph,
    *,
    scale: str = "raw",
    weight: str | None = None,
    top: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Rank accounts by the inverse distances from all others to them, added up.

    Read along the arcs, from followers to those they follow, as ``networkx.harmonic_centrality`` does.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    scale : {"raw", "fraction"}, default="raw"
        The sum itself, or divided by n - 1.
    weight : str or None, default=None
        Column of lengths of the arcs, finite and >= 0. None for arcs of length 1.
    top : int or None, default=None
        How many of the highest to find, at least 1; the others are NaN. None computes all.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the accounts searched.

    Returns
    -------
    Measure
        float64, exact but for rounding.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, or a column that is not there or not >= 0.

    Notes
    -----
    The same search as :func:`closeness`, at the same cost.

    References
    ----------
    Marchiori & Latora (2000), doi:10.1016/S0378-4371(00)00311-3
    Boldi & Vigna (2014), doi:10.1080/15427951.2013.865686

    Examples
    --------
    bob and cem follow ada, dan follows cem:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "ada", "cem"])
    >>> harmonic(g).top(2)
    rank  account  harmonic
       1  ada           2.5
       2  cem             1
    >>> harmonic(g, scale="fraction").values.round(4)
    array([0.    , 0.8333, 0.3333, 0.    ])
    """
    runner = resolve_engine(engine, threads)
    per = max(1, graph.n_nodes - 1) if scale == "fraction" else 1

    def formula(reached: npt.NDArray[Any], sums: Floats) -> Floats:
        return sums / per

    if top is not None and weight is None:
        values = _highest(graph, top, formula, True, runner, progress)
    else:
        found = all_distances(
            graph, ends="in", inverse=True, weight=weight, engine=runner, progress=progress, label="harmonic"
        )
        values = _only_top(formula(found.reached, found.sums), top)
    return Measure("harmonic", values, graph.ids)


# -- the highest alone -------------------------------------------------------------------------------------------------


def _only_top(values: Floats, top: int | None) -> Floats:
    """The `top` highest, the first of those that tie; NaN elsewhere."""
    if top is None:
        return values
    best = np.lexsort((np.arange(values.size), -np.nan_to_num(values, nan=-1.0)))[:top]
    kept = np.full(values.size, np.nan)
    kept[best] = values[best]
    return kept


def _highest(graph: Graph, top: int, formula: Formula, inverse: bool, engine: Engine, progress: Progress) -> Floats:
    """Search from candidates, best bound first, until no other can be among the `top` highest."""
    bounds = _upper_bounds(graph, formula, inverse)
    order = np.argsort(-bounds, kind="stable")
    rank = graph.relabelled().rank
    values = np.full(graph.n_nodes, np.nan)
    done, size, least = 0, _FIRST_ROUND, -1.0
    with track(progress, "highest", graph.n_nodes) as step:
        while done < order.size and bounds[order[done]] >= least:
            chosen = order[done : done + max(size, top)]
            chosen = chosen[bounds[chosen] >= least]
            work = searches(graph, rank[chosen], ends="in", inverse=inverse, of_sources=True)
            found: Distances = distances_of(work, engine)
            values[chosen] = formula(found.reached, found.sums)
            done += chosen.size
            if done >= top:
                known = values[order[:done]]
                least = float(np.partition(known, done - top)[done - top])
            size = min(2 * size, _LARGEST_ROUND)
            step(chosen.size)
    return _only_top(values, top)


def _upper_bounds(graph: Graph, formula: Formula, inverse: bool) -> Floats:
    """No value can be above these: all the in-neighbours' in-neighbours are different, and the others at distance 3."""
    n = graph.n_nodes
    # Whoever reaches another has an arc to begin with.
    most = np.maximum(np.count_nonzero(graph.out_degree) - (graph.out_degree > 0), 0).astype(np.float64)
    near = np.minimum(graph.in_degree, most)
    second = np.zeros(n)
    row_sums(read_only(graph.in_indptr), read_only(graph.in_degree[graph.in_indices].astype(np.float64)), 0, n, second)
    # How many reach v, nobody knows; the formula, as a function of that number, is highest at one of two ends.
    high = np.zeros(n)
    for total in (most, np.minimum(near + second, most)):
        two = np.minimum(second, total - near)
        three = total - near - two
        sums = near + two / 2 + three / 3 if inverse else near + 2 * two + 3 * three
        high = np.maximum(high, formula(total, sums))
    high[graph.in_degree == 0] = 0.0
    return high * _ROUNDING


__all__ = ["closeness", "harmonic"]
