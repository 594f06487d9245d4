r"""Constraint and effective size: whether an account's contacts know each other, or meet through it alone.

With :math:`a_{uv}` the weights of the arcs between u and v either way, summed (1 or 2 without weights; of an undirected
edge its weight), :math:`N(u)` those with :math:`a_{uv} > 0` and :math:`p_{uv} = a_{uv} / \sum_w a_{uw}`, the share of
u's ties that goes to v (Burt 1992):

.. math:: \text{constraint}(u) = \sum_{v \in N(u)} \Big( p_{uv} + \sum_{w} p_{uw} p_{wv} \Big)^2

.. math:: \text{effective size}(u) = \sum_{v \in N(u)} \Big( 1 - \sum_{w} p_{uw} \frac{a_{vw}}{\max_x a_{vx}} \Big)

A broker, whose contacts are strangers to each other, has a low constraint and an effective size near the number of its
contacts. Both agree with NetworkX, apart from this:

- an account without ties has 0, where NetworkX has NaN (a constraint of 0 tells of nobody to be constrained by);
- self-loops count for nothing, where NetworkX takes an account that follows itself for a contact of its own;
- ``networkx.effective_size(G)`` of NetworkX 3.6 with SciPy's arrays divides by w's largest tie in place of v's; with
  ``nodes=`` it keeps to the definition.

Exact, row by row (``kernels/holes.py``). Cost: for every tie of u and v the smaller of v's ties and 16 times u's, at
the most the sum of squared degrees; 32 bytes per arc, 40 per account and 8 per account and thread.

Sources: Burt (1992), Structural Holes; Burt (2004), "Structural holes and good ideas", doi:10.1086/421787.
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
from swayrank.kernels.holes import constraints, count_steps, effective_sizes, fill_ties
from swayrank.kernels.traversal import NEIGHBOURS, OUT, degrees
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import tie_rows
from swayrank.measures.centrality._weights import arc_weights
from swayrank.measures.registry import register

Floats = npt.NDArray[np.float64]

_ARCS_PER_CHUNK = 1 << 22
# Measured on one core, on RMAT graphs, for m ** 1.5: see `_work`.
_NS = 3.0
_CITATION = "Burt 1992, Structural Holes"


def _work(graph: Graph, _params: Mapping[str, Any]) -> Work:
    n, m = float(graph.n_nodes), float(graph.n_edges)
    # Of all graphs with m arcs a complete one costs about the most, m ** 1.5; follow graphs with hubs come near it.
    return Work(m**1.5, _NS, 32.0 * m + 40.0 * n, 8.0 * n)


@register(
    name="constraint",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(sum of squared degrees)",
    citation=_CITATION,
    work=_work,
)
def constraint(
    graph: Graph,
    *,
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Say how much an account depends on few contacts, or on contacts who are tied to each other.

    Reads both ways: a follow and a follow back are one tie of twice the weight. As ``networkx.constraint``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; None weighs arcs equally. Ties of weight 0 are none.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the steps done.

    Returns
    -------
    Measure
        float64 >= 0, exact up to rounding; 1 for somebody with one contact alone, 0 for accounts without ties.

    Raises
    ------
    ParameterError
        If the column is not there or not >= 0.

    Notes
    -----
    At the most the sum of squared degrees in steps. Low values are those of brokers.

    References
    ----------
    Burt (1992), Structural Holes: The Social Structure of Competition, chapter 2
    Burt (2004), doi:10.1086/421787

    Examples
    --------
    Bob stands between two who do not know each other; with a tie between them nobody is a broker:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    >>> constraint(g).values
    array([1. , 0.5, 1. ])
    >>> constraint(sr.Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"])).values
    array([1.125, 1.125, 1.125])
    """
    values = _per_account(graph, weight, "constraint", resolve_engine(engine, threads), progress)
    return Measure("constraint", values, graph.ids)


@register(
    name="effective_size",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(sum of squared degrees)",
    citation=_CITATION,
    work=_work,
)
def effective_size(
    graph: Graph,
    *,
    weight: str | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Count an account's contacts, less what each is tied to the others.

    Reads both ways: a follow and a follow back are one tie of twice the weight. As ``networkx.effective_size``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; None weighs arcs equally. Ties of weight 0 are none.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the steps done.

    Returns
    -------
    Measure
        float64, exact up to rounding: from 0 to the number of contacts; 0 for accounts without ties.

    Raises
    ------
    ParameterError
        If the column is not there or not >= 0.

    Notes
    -----
    At the most the sum of squared degrees in steps.

    References
    ----------
    Burt (1992), Structural Holes: The Social Structure of Competition, chapter 2

    Examples
    --------
    Bob's two contacts are strangers to each other, until one follows the other:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    >>> effective_size(g).values
    array([1., 2., 1.])
    >>> effective_size(sr.Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"])).values
    array([1., 1., 1.])
    """
    values = _per_account(graph, weight, "effective_size", resolve_engine(engine, threads), progress)
    return Measure("effective_size", values, graph.ids)


class _Ties(NamedTuple):
    name: str
    starts: npt.NDArray[np.uint64]
    ties: npt.NDArray[np.uint32]
    mutual: Floats
    total: Floats
    largest: Floats


def _per_account(graph: Graph, weight: str | None, name: str, runner: Engine, progress: Progress) -> Floats:
    task = _merged(graph, weight, name)
    steps = np.zeros(graph.n_nodes + 1, np.uint64)
    count_steps(task.starts, task.ties, steps)
    # Each chunk makes a row of marks, which must not cost more than the chunk itself.
    n_chunks = 1 + int(steps[-1]) // max(_ARCS_PER_CHUNK, graph.n_nodes)
    values = np.zeros(graph.n_nodes)
    with track(progress, name, total=graph.n_nodes) as step:
        for _ in runner.map(_chunk, task, balanced_bounds(steps, n_chunks), out=values, step=step):
            pass
    return values


def _merged(graph: Graph, weight: str | None, name: str) -> _Ties:
    """The ties of each account, sorted, with their weights either way."""
    n, rows = graph.n_nodes, tie_rows(graph)
    weights = in_weights = read_only(np.zeros(0))
    if weight is not None:
        weights = arc_weights(graph, weight)
        in_weights = arc_weights(graph, weight, incoming=True) if graph.directed else in_weights
    degree = np.zeros(n, np.uint32)
    degrees(*rows, NEIGHBOURS if graph.directed else OUT, degree)
    starts = np.zeros(n + 1, np.uint64)
    np.cumsum(degree, out=starts[1:])
    ties, mutual = np.empty(int(starts[-1]), np.uint32), np.empty(int(starts[-1]))
    total, largest = np.empty(n), np.empty(n)
    fill_ties(*rows[:2], weights, *rows[2:], in_weights, starts, ties, mutual, total, largest)
    return _Ties(name, *(read_only(array) for array in (starts, ties, mutual, total, largest)))


def _chunk(task: _Ties, start: int, stop: int, values: Floats) -> None:
    rows = tuple(read_only(array) for array in (task.starts, task.ties, task.mutual, task.total))
    mark = np.zeros(task.total.size)
    if task.name == "constraint":
        constraints(*rows, start, mark, values)
    else:
        effective_sizes(*rows, read_only(task.largest), start, mark, values)
