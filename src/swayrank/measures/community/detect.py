r"""Communities: groups of accounts that follow each other more than others.

Both methods look for a division of high modularity (Newman & Girvan 2004) of the arcs without their direction,

.. math:: Q = \frac{1}{2m} \sum_{ij} \Big( A_{ij} - \gamma \frac{d_i d_j}{2m} \Big) \, [c_i = c_j]

where A counts the arcs between i and j either way (or sums their weights), d is its row sums, 2m the sum of all, and
gamma the resolution. Self-loops count for nothing; accounts without arcs are in no community.

- ``"leiden"`` (default; Traag, Waltman & van Eck 2019): NetworKit's implementation, on one thread, which makes it the
  same bits for the same `rng`; the best of `n_runs` starts is kept, the first of equals. Every community is connected.
- ``"label_propagation"``: LPAm (Barber & Clark 2009), label propagation that raises modularity, by a kernel of our own:
  the least connected accounts first, ties in public order, at most 50 rounds. Nothing is drawn at random and nothing
  needs to be installed. Plain label propagation, as libraries have it, ends in one community on follow graphs.

Which library, and why a kernel: ``docs/decisions/0013-communities.md``. Cost: O(arcs) a round; Leiden takes about
100 bytes per edge meanwhile, label propagation 24 per account.

Sources: Newman & Girvan (2004), doi:10.1103/PhysRevE.69.026113; Traag, Waltman & van Eck (2019),
doi:10.1038/s41598-019-41695-z; Barber & Clark (2009), doi:10.1103/PhysRevE.80.026129.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.labels import propagate_labels
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures.centrality._weights import arc_weights
from swayrank.tables import frame

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NONE = -1
_MOST_ROUNDS = 50
_LEIDEN_ROUNDS = 3
_ROWS_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class Communities:
    """The communities of a graph.

    Attributes
    ----------
    of : numpy.ndarray of int64, shape (n_nodes,)
        Each account's community, numbered from 0, the largest first; -1 for accounts without arcs.
    size : numpy.ndarray of int64, shape (n_communities,)
        Members of each.
    ids : Ids
        The accounts: ``of[i]`` belongs to ``ids[i]``.
    modularity : float
        Of the division, in [-0.5, 1); NaN without arcs.
    params : mapping of str to object
        Method, resolution, weight, and the key of the randomness where there is any.
    """

    of: Ints
    size: Ints
    ids: Ids
    modularity: float
    params: Mapping[str, object] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.size.size

    def community(self, account: int | str) -> int:
        """The community of one account; -1 if it has no arcs.

        Raises
        ------
        UnknownAccountError
            If no account has that id.
        """
        return int(self.of[self.ids.position(account)])

    def top(self, measure: Measure, k: int = 3) -> list[list[tuple[int | str, float | int]]]:
        """The `k` highest accounts of every community by a measure of the same graph, as (id, value).

        Parameters
        ----------
        measure : Measure
            Such as ``swayrank.pagerank(graph)``.
        k : int, default=3
            How many, at least 1. Accounts without a number (NaN) are left out; ties in public order.

        Raises
        ------
        ParameterError
            If the measure is of other accounts.

        Examples
        --------
        >>> import swayrank as sr
        >>> g = sr.Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3])
        >>> sr.communities(g, method="label_propagation").top(sr.in_degree(g), 1)
        [[(0, 1)], [(3, 2)]]
        """
        if len(measure) != self.of.size or (measure.ids is not self.ids and list(measure.ids) != list(self.ids)):
            raise ParameterError("the measure must be of the accounts that the communities are of")
        values = measure.values.astype(np.float64)
        order = np.argsort(-values, kind="stable")
        rank = np.zeros(values.size, np.uint32)
        rank[order] = np.arange(1, values.size + 1)
        rank[np.isnan(values)] = 0
        return [[(self.ids[i], measure.values[i].item()) for i in best] for best in self.leaders(rank, k)]

    def leaders(self, rank: npt.NDArray[np.uint32], k: int = 3) -> list[list[int]]:
        """The `k` best members of each, given every node's rank (1 is the best, 0 is none)."""
        best = np.flatnonzero((rank > 0) & (self.of != NONE))
        best = best[np.lexsort((rank[best], self.of[best]))]
        starts = np.searchsorted(self.of[best], np.arange(self.size.size + 1))
        return [best[start : min(stop, start + k)].tolist() for start, stop in pairwise(starts)]

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``account`` and ``community``, one row per account in public order.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.
        """
        return frame({"account": self.ids.to_arrow(), "community": self.of}, backend)

    def __repr__(self) -> str:
        n, inside = len(self), int(self.size.sum())
        lines = [f"{n:,} communities of {inside:,} accounts, modularity {self.modularity:.3f}"]
        shown = ", ".join(f"{size:,}" for size in self.size[:_ROWS_SHOWN])
        lines.append(f"sizes: {shown}{', ...' if n > _ROWS_SHOWN else ''}")
        return "\n".join(lines)


@domains(method=OneOf("leiden", "label_propagation"), resolution=Interval(0, math.inf, "()"), n_runs=Integer(1, 10_000))
def communities(
    graph: Graph,
    *,
    method: str = "leiden",
    weight: str | None = None,
    resolution: float = 1.0,
    n_runs: int = 4,
    rng: Rng = 7,
) -> Communities:
    """Find the communities of a graph: groups of accounts that follow each other more than others.

    Reads both ways: an arc counts the same from either end.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    method : {"leiden", "label_propagation"}, default="leiden"
        See the notes of the module. Leiden reaches the higher modularity and needs NetworKit.
    weight : str or None, default=None
        Column of arc weights >= 0, for Leiden; None weighs arcs equally.
    resolution : float, default=1.0
        Above 0; higher values give more and smaller communities. For Leiden.
    n_runs : int, default=4
        Leiden's starts, of which the best is kept.
    rng : int, numpy.random.Generator or None, default=7
        Leiden's randomness; None draws a key and records it.

    Returns
    -------
    Communities

    Raises
    ------
    ParameterError
        For a value outside its domain, or a weight or resolution with label propagation.
    MissingDependencyError
        If Leiden is asked for and NetworKit is not installed.

    Notes
    -----
    On follow graphs of 10^5 accounts Leiden takes a second or two, label propagation a tenth; modularity differs by
    0.01 to 0.2 (benchmark ``communities``).

    References
    ----------
    Traag, Waltman & van Eck (2019), doi:10.1038/s41598-019-41695-z
    Barber & Clark (2009), doi:10.1103/PhysRevE.80.026129

    Examples
    --------
    Two circles of three, one arc between them, and somebody alone:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], n_nodes=7)
    >>> found = sr.communities(g, method="label_propagation")
    >>> found.of, round(found.modularity, 3)
    (array([ 0,  0,  0,  1,  1,  1, -1]), 0.357)
    """
    check_graph("communities", graph)
    if method == "label_propagation":
        if weight is not None or resolution != 1.0 or n_runs != 4:
            raise ParameterError("weight, resolution and n_runs go with method 'leiden', not with 'label_propagation'")
        return _numbered(graph, _propagated(graph), None, {"method": method})
    key = resolve_rng(rng)
    weights = None if weight is None else arc_weights(graph, weight)
    params = {"method": method, "weight": weight, "resolution": resolution, "n_runs": n_runs, "rng": key.record}
    runs = [_numbered(graph, labels, weights, params, resolution) for labels in _leiden(graph, weights, params, key)]
    return max(runs, key=lambda run: -1.0 if math.isnan(run.modularity) else run.modularity)


def _propagated(graph: Graph) -> npt.NDArray[np.uint32]:
    u, v = graph.edges()
    if (u == v).any():
        graph = Graph.from_edges(u[u != v], v[u != v], n_nodes=graph.n_nodes)
    degree = graph.in_degree.astype(np.int64) + graph.out_degree
    order = np.argsort(degree, kind="stable").astype(np.uint32)
    labels = np.arange(graph.n_nodes, dtype=np.uint32)
    arcs = (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    propagate_labels(*(read_only(x) for x in arcs), read_only(order), _MOST_ROUNDS, labels)
    return labels


def _leiden(graph: Graph, weights: Floats | None, params: Mapping[str, Any], key: Key) -> list[npt.NDArray[Any]]:
    """The labels of each start, by NetworKit on one thread; its own settings are put back."""
    try:
        import networkit as nk
    except ModuleNotFoundError as missing:
        raise absent("method 'leiden'", "networkit", "or take method='label_propagation'") from missing
    import scipy.sparse

    n = graph.n_nodes
    values = np.ones(graph.n_edges) if weights is None else np.asarray(weights)
    shape = (graph.indices.astype(np.int64), graph.indptr.astype(np.int64))
    one_way = scipy.sparse.csr_array((values, *shape), shape=(n, n))
    edges = scipy.sparse.triu(one_way + one_way.T, k=1, format="coo")
    before = nk.getMaxNumberOfThreads()
    nk.setNumberOfThreads(1)
    try:
        rows, columns = (np.ascontiguousarray(ends, dtype=np.uint64) for ends in (edges.row, edges.col))
        whole = nk.GraphFromCoo((edges.data, (rows, columns)), n=n, weighted=True, directed=False)
        labels = []
        for run in range(params["n_runs"]):
            nk.setSeed((key.low + run) % 2**64, False)
            search = nk.community.ParallelLeiden(whole, iterations=_LEIDEN_ROUNDS, gamma=params["resolution"])
            search.run()
            labels.append(np.asarray(search.getPartition().getVector()))
    finally:
        nk.setNumberOfThreads(before)
    return labels


def _numbered(
    graph: Graph,
    labels: npt.NDArray[Any],
    weights: Floats | None,
    params: Mapping[str, object],
    resolution: float = 1.0,
) -> Communities:
    """Number the communities, the largest first, ties by their first member."""
    u, v = graph.edges()
    joined = np.zeros(graph.n_nodes, bool)
    joined[u[u != v]] = joined[v[u != v]] = True
    there = np.flatnonzero(joined)
    _, first, numbered, size = np.unique(labels[there], return_index=True, return_inverse=True, return_counts=True)
    largest = np.lexsort((first, -size))
    place = np.empty(size.size, np.int64)
    place[largest] = np.arange(size.size)
    of = np.full(graph.n_nodes, NONE)
    of[there] = place[numbered]
    found = modularity(graph, of, weights=weights, resolution=resolution)
    return Communities(read_only(of), read_only(size[largest]), graph.ids, found, params)


def modularity(graph: Graph, of: Ints, *, weights: Floats | None = None, resolution: float = 1.0) -> float:
    """How much denser groups are inside than arcs dealt at random between the same accounts would be.

    Parameters
    ----------
    graph : Graph
        The graph; its arcs count without their direction.
    of : numpy.ndarray of int, shape (n_nodes,)
        Each node's group; nodes without arcs may have any number.
    weights : numpy.ndarray of float64, shape (n_edges,), or None, default=None
        Weights of the arcs; None weighs them equally.
    resolution : float, default=1.0
        What the random part counts.

    Returns
    -------
    float
        In [-0.5, 1) at resolution 1; NaN without arcs.

    Examples
    --------
    >>> g = Graph.from_edges([0, 1, 2, 3], [1, 0, 3, 2], n_nodes=4)
    >>> modularity(g, np.array([0, 0, 1, 1])), modularity(g, np.array([0, 0, 0, 0]))
    (0.5, 0.0)
    """
    u, v = graph.edges()
    proper = u != v
    u, v = u[proper], v[proper]
    w = np.ones(u.size) if weights is None else weights[proper]
    total = float(w.sum())
    if total == 0:
        return math.nan
    groups = of + 1  # those in none are a group of their own, without arcs
    inside = float(w[groups[u] == groups[v]].sum())
    held = np.bincount(groups[u], w, groups.max() + 1) + np.bincount(groups[v], w, groups.max() + 1)
    return inside / total - resolution * float(np.sum((held / (2 * total)) ** 2))
