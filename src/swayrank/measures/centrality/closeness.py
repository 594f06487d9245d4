r"""Closeness and harmonic centrality: how near an account is to those whose attention can reach it.

Distances are those *to* the account along the arcs, as in NetworkX: from the accounts that follow it, directly or
through others. With :math:`R_v` the accounts that reach v, v left out, and n accounts in all:

- closeness, ``variant="wasserman_faust"`` (default; Wasserman & Faust 1994): :math:`\frac{|R_v|}{n - 1} \cdot
  \frac{|R_v|}{\sum_{u \in R_v} d(u, v)}`, which does not favour small components;
- closeness, ``variant="reachable"``: the second factor alone, the inverse of the mean distance (Bavelas 1950);
- harmonic (Rochat 2009; Boldi & Vigna 2014): :math:`\sum_{u \in R_v} 1 / d(u, v)`, divided by n - 1 with
  ``scale="fraction"``.

An account that nobody reaches has 0. With `weight`, distances are sums of the column's values along a path, each >= 0;
two accounts at distance 0 count as reached, and add nothing to the harmonic sum.

Exact. Without weights all sources are searched 512 at a time, one bit each (``kernels/distances.py``); with weights by
Dijkstra's algorithm from each. Cost: O(n m / 512) gathers of a cache line; 230 bytes per account and thread.

With ``top=k`` only the k highest are computed, ties in public order, all others are NaN. Bounds from followers and
their followers (Bergamini et al. 2019) say who can be among them; those are searched one by one, highest bound first,
and given up when the bound of a level falls below the k-th value found. Where too many are left, all are computed at
once.

Sources: Wasserman & Faust (1994), Social Network Analysis; Boldi & Vigna (2014), doi:10.1080/15427951.2013.865686;
Then et al. (2014), doi:10.14778/2735496.2735507; Bergamini, Borassi, Crescenzi, Marino & Meyerhenke (2019),
doi:10.1145/3284359.
"""

from __future__ import annotations

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import Integer, OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.graph import Graph
from swayrank.kernels.distances import HARMONIC, REACHABLE, WASSERMAN_FAUST
from swayrank.measures._measure import Measure
from swayrank.measures.centrality._distances import Floats, Sums, all_distances, check_top, distances_work
from swayrank.measures.centrality._nearest import nearest
from swayrank.measures.registry import register

_VARIANTS = {"wasserman_faust": WASSERMAN_FAUST, "reachable": REACHABLE}


@register(
    name="closeness",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m / 512)",
    citation="Wasserman & Faust 1994; Then et al. 2014, doi:10.14778/2735496.2735507",
    work=distances_work,
    instead="approximate_closeness(graph)",
)
@domains(variant=OneOf(*_VARIANTS), top=Optional(Integer(1)))
def closeness(
    graph: Graph,
    *,
    weight: str | None = None,
    variant: str = "wasserman_faust",
    top: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Say how near an account is to those whose attention can reach it: the inverse of their mean distance.

    Read along the arcs that lead to the account, as ``networkx.closeness_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of distances, finite and >= 0; None counts steps.
    variant : {"wasserman_faust", "reachable"}, default="wasserman_faust"
        Whether the share of accounts that reach it counts, or their mean distance alone.
    top : int or None, default=None
        Compute the so many highest only; all others are NaN. Not with `weight`.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the sources done.

    Returns
    -------
    Measure
        float64 in [0, 1], exact up to rounding (with weights, >= 0).

    Raises
    ------
    ParameterError
        For a parameter outside its domain, a column that is not there or not >= 0, or `top` with `weight`.

    Notes
    -----
    Bit-parallel breadth-first search; O(n m / 512) and 230 bytes per account and thread. Sums of distances are whole
    numbers.

    References
    ----------
    Wasserman & Faust (1994), Social Network Analysis, section 5.3.2.
    Then et al. (2014), "The more the merrier: efficient multi-source graph traversal", doi:10.14778/2735496.2735507
    Bergamini et al. (2019), "Computing top-k closeness centrality in unweighted graphs", doi:10.1145/3284359

    Examples
    --------
    A chain of three: cem is reached from one step and from two.

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    >>> sr.closeness(g).values.round(3), sr.closeness(g, variant="reachable").values.round(3)
    (array([0.   , 0.5  , 0.667]), array([0.   , 1.   , 0.667]))
    """
    check_top(top, weight)
    runner, kind = resolve_engine(engine, threads), _VARIANTS[variant]
    found = None if top is None else nearest(graph, top, kind, runner, progress)
    if found is None:
        found = _closeness(all_distances(graph, weight, runner, progress)[0], kind, graph.n_nodes)
        found = found if top is None else _highest_only(found, top)
    return Measure("closeness", found, graph.ids)


@register(
    name="harmonic",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(n m / 512)",
    citation="Boldi & Vigna 2014, doi:10.1080/15427951.2013.865686",
    work=distances_work,
    instead="approximate_harmonic(graph)",
)
@domains(scale=OneOf("raw", "fraction"), top=Optional(Integer(1)))
def harmonic(
    graph: Graph,
    *,
    weight: str | None = None,
    scale: str = "raw",
    top: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Sum the reciprocal distances from all accounts whose attention can reach the account.

    Read along the arcs that lead to the account, as ``networkx.harmonic_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of distances, finite and >= 0; None counts steps. A distance of 0 adds nothing.
    scale : {"raw", "fraction"}, default="raw"
        The sum, or the sum divided by the number of other accounts.
    top : int or None, default=None
        Compute the so many highest only; all others are NaN. Not with `weight`.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the sources done.

    Returns
    -------
    Measure
        float64 >= 0, exact up to rounding; at most n - 1, or 1, without weights.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, a column that is not there or not >= 0, or `top` with `weight`.

    Notes
    -----
    As :func:`closeness`, in the same time.

    References
    ----------
    Boldi & Vigna (2014), "Axioms for centrality", doi:10.1080/15427951.2013.865686
    Then et al. (2014), doi:10.14778/2735496.2735507

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    >>> sr.harmonic(g).values, sr.harmonic(g, scale="fraction").value("cem")
    (array([0. , 1. , 1.5]), 0.75)
    """
    check_top(top, weight)
    runner = resolve_engine(engine, threads)
    found = None if top is None else nearest(graph, top, HARMONIC, runner, progress)
    if found is None:
        found = all_distances(graph, weight, runner, progress)[0].near
        found = found if top is None else _highest_only(found, top)
    if scale == "fraction" and graph.n_nodes > 1:
        found = found / (graph.n_nodes - 1)
    return Measure("harmonic", found, graph.ids)


def _closeness(sums: Sums, kind: int, n: int) -> Floats:
    far, reached = sums.far.astype(np.float64), sums.reached.astype(np.float64)
    mean: Floats = np.divide(reached, far, out=np.zeros(n), where=far > 0)
    if kind == WASSERMAN_FAUST and n > 1:
        mean *= reached / (n - 1)
    return mean


def _highest_only(values: Floats, top: int) -> Floats:
    """NaN for all but the highest, ties in public order."""
    best = np.argsort(-values, kind="stable")[:top]
    kept = np.full(values.size, np.nan)
    kept[best] = values[best]
    return kept
