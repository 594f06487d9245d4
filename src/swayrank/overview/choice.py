"""Which accounts of a large graph a map shows: the highest, and around them those that connect.

A map of the highest alone can be a field of dots without arcs: in sparse graphs the most influential are rarely heard
by each other, and each has a community of its own. So of `max_nodes` accounts

1. the first tenth are the highest;
2. each of the seven largest communities of the graph that has few among the `max_nodes` highest gets up to a tenth:
   from its highest member on, whoever has an arc to those of it that are shown already, those with most arcs first;
3. whoever of the first tenth has no arc to anybody chosen brings along one neighbour: one of the `max_nodes` highest if
   it has such, and else who has most arcs to the chosen;
4. then come those of the `max_nodes` highest that reach the chosen by arcs among the highest, and the others of them if
   these are few (less than a twentieth);
5. then others with an arc to the chosen, those first who connect two of them;
6. then the highest that are left.

Where the highest are connected and the largest communities are well among them, that is the `max_nodes` highest.

Cost: O(accounts log accounts + arcs of those chosen). Of many arcs, no more are looked at at once than the graph has
accounts, or than one account has: the memory is that of the accounts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

N_LARGEST = 7
"""So many of the largest communities of a graph are seen as groups."""
_FIRST = 10  # one in so many of those shown is there for its height alone
_OWN = 10  # one in so many may be there for the sake of one of the largest communities,
_FEW = 4  # which has few among the highest where these fill less than one in so many of its places
_LONELY = 20  # less than one in so many of the highest may stand alone
_SPARSE = 8  # fewer arcs than one in so many accounts are sorted, more are counted by account


def accounts_to_show(graph: Graph, order: Ints, community: Ints, max_nodes: int) -> tuple[Ints, int]:
    """The accounts of a map, the highest first; and how many of the first of them are the highest, nobody left out.

    Parameters
    ----------
    graph : Graph
    order : numpy.ndarray of int64, shape (n_nodes,)
        All nodes, the highest first.
    community : numpy.ndarray of int64, shape (n_nodes,)
        Of each node, numbered by size, -1 for none.
    max_nodes : int
        How many at most.

    Returns
    -------
    numpy.ndarray of int64, shape (min(n_nodes, max_nodes),)
        Nodes.
    int

    Examples
    --------
    Two stars, whose middles are the highest, and three accounts in none:

    >>> import numpy as np, swayrank as sr
    >>> g = sr.Graph.from_edges([2, 3, 4, 5], [0, 0, 1, 1], n_nodes=9)
    >>> nodes, n_highest = accounts_to_show(g, np.array([0, 1, 6, 7, 8, 2, 3, 4, 5]), np.full(9, -1), 4)
    >>> nodes.tolist(), n_highest
    ([0, 1, 2, 3], 2)
    """
    if graph.n_nodes <= max_nodes:
        return order, graph.n_nodes
    some = _Some(graph, order)
    some.add(order[: max(1, max_nodes // _FIRST)])
    first = order[: some.n]
    high = np.zeros(graph.n_nodes, np.bool_)
    high[order[:max_nodes]] = True
    quota = max_nodes // _OWN
    for one in range(N_LARGEST):
        members = community == one
        if _FEW * int(np.count_nonzero(members & high)) < min(quota, int(np.count_nonzero(members))):
            some.add_community(members, min(quota, max_nodes - some.n))
    some.bring_along(first, high, max_nodes)
    some.grow(high, max_nodes)
    if _LONELY * (max_nodes - some.n) < max_nodes:
        some.add(order[~some.chosen[order]][: max_nodes - some.n])
    some.grow(np.ones_like(high), max_nodes, connecting=True)
    rest = order[~some.chosen[order]]
    some.add(rest[: max_nodes - some.n])
    nodes = order[some.chosen[order]]
    skipped = np.flatnonzero(nodes != order[: nodes.size])
    return nodes, int(skipped[0]) if skipped.size else nodes.size


class _Some:
    """The accounts chosen so far, and how more are chosen."""

    def __init__(self, graph: Graph, order: Ints) -> None:
        self._graph = graph
        self._order = order
        self._place = np.empty(graph.n_nodes, np.int64)
        self._place[order] = np.arange(graph.n_nodes)
        self._arcs = graph.in_degree.astype(np.int64) + graph.out_degree.astype(np.int64)
        self.chosen: Flags = np.zeros(graph.n_nodes, np.bool_)
        self.n = 0

    def add(self, nodes: Ints) -> None:
        """Choose nodes that are not chosen yet."""
        self.chosen[nodes] = True
        self.n += nodes.size

    def add_community(self, members: Flags, room: int) -> None:
        """Choose members until `room` of them are chosen, from the chosen or the highest of them on."""
        own = np.flatnonzero(members & self.chosen)
        if own.size == 0 and room > 0:
            own = self._order[members[self._order]][:1]
            self.add(own)
        self._grow_from(own, members, self.n + max(0, room - own.size), self._arcs)

    def bring_along(self, nodes: Ints, high: Flags, most: int) -> None:
        """Choose a neighbour, a high one if any, of each of `nodes` who has no arc to the chosen."""
        ties = self._count(np.flatnonzero(self.chosen))
        for node in nodes.tolist():
            around = self._around(np.array([node]))
            around = around[around != node]
            if self.n < most and around.size and not self.chosen[around].any():
                self.add(around[np.lexsort((self._place[around], -ties[around], ~high[around]))[:1]])

    def grow(self, allowed: Flags, most: int, *, connecting: bool = False) -> None:
        """Choose of the allowed who has an arc to the chosen, the highest first, again and again, up to `most`.

        Connecting: whoever has two arcs to those chosen last comes before whoever has one.
        """
        self._grow_from(np.flatnonzero(self.chosen), allowed, most, connecting=connecting)

    def _grow_from(
        self, start: Ints, allowed: Flags, most: int, prefer: Ints | None = None, *, connecting: bool = False
    ) -> None:
        while self.n < most and start.size:
            found, ties = self._reached(start, allowed)
            first = np.minimum(ties, 2) if connecting else np.zeros_like(found) if prefer is None else prefer[found]
            rank = np.lexsort((self._place[found], -first))
            start = found[rank[: most - self.n]]
            self.add(start)

    def _reached(self, nodes: Ints, allowed: Flags) -> tuple[Ints, Ints]:
        """Whoever is allowed, not chosen yet and has an arc from or to `nodes`, ascending; and how many arcs."""
        if _SPARSE * int(self._arcs[nodes].sum()) < self.chosen.size:
            around = self._around(nodes)
            found, ties = np.unique(around[allowed[around] & ~self.chosen[around]], return_counts=True)
            return found, ties
        count = self._count(nodes)
        found = np.flatnonzero((count > 0) & allowed & ~self.chosen)
        return found, count[found]

    def _count(self, nodes: Ints) -> Ints:
        """Of every account, how many arcs it has from or to `nodes`."""
        count = np.zeros(self.chosen.size, np.int64)
        for some in in_pieces(nodes, self._arcs[nodes], self.chosen.size):
            count += np.bincount(self._around(some), minlength=count.size)
        return count

    def _around(self, nodes: Ints) -> Ints:
        """Whoever has an arc from or to `nodes`, once an arc."""
        graph = self._graph
        ends = [
            _rows(graph.indptr, graph.indices, nodes),
            _rows(graph.in_indptr, graph.in_indices, nodes),
        ]
        return np.concatenate(ends)


def in_pieces(nodes: Ints, sizes: Ints, most: int) -> list[Ints]:
    """Nodes in pieces whose sizes sum to about `most`: less than twice as many, unless one node alone has more.

    >>> [piece.tolist() for piece in in_pieces(np.arange(5), np.array([3, 3, 3, 20, 1]), 6)]
    [[0], [1, 2], [3], [4]]
    """
    place = np.cumsum(sizes) // max(1, most)
    return np.split(nodes, np.flatnonzero(np.diff(place)) + 1)


def _rows(indptr: npt.NDArray[np.uint64], indices: npt.NDArray[np.uint32], nodes: Ints) -> Ints:
    """What the rows of `nodes` hold, one after the other."""
    first = indptr[nodes].astype(np.int64)
    size = indptr[nodes + 1].astype(np.int64) - first
    at = np.repeat(first - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
    return indices[at].astype(np.int64)
