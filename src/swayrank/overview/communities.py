"""Communities at a glance: how large they are, who leads them, and whose attention goes where.

Attention is what arcs of the graph of attention carry, from the follower's community to that of the followed. Accounts
in no community, and those of communities beyond the `most` largest, count as one group each ("none", "rest"), so that
shares are always of all attention there is.

Cost: O(arcs) in chunks of arcs, 40 bytes per account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.measures.community.detect import NONE, Communities
from swayrank.overview.backbone import REST

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST = 50
_LEADERS, _FROM = 5, 5
_ARCS_PER_CHUNK = 1 << 21
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Members:
    """Every account as communities see it, by its place among all accounts.

    Attributes
    ----------
    names : Ids or sequence of str
        Their ids.
    community : numpy.ndarray of int64, shape (n,)
        -1 for none.
    score : numpy.ndarray of float64, shape (n,)
        NaN without one.
    rank : numpy.ndarray of uint32, shape (n,)
        1 is the best, 0 is none.
    """

    names: Any
    community: Ints
    score: Floats
    rank: npt.NDArray[np.uint32]


def community_overview(
    found: Communities,
    members: Members,
    attention: tuple[Graph, Floats, Ints] | None,
    coloured: Sequence[int] = (),
    *,
    most: int = MOST,
) -> dict[str, Any]:
    """Sizes, leaders and flows of the largest communities, ready for JSON.

    Parameters
    ----------
    found : Communities
    members : Members
        All accounts, those that are in no graph too.
    attention : tuple of Graph, numpy.ndarray of float64 and of int64, or None
        The graph of attention, what each of its in-arcs carries, and for every node its place among `members`.
    coloured : sequence of int
        The community of each colour of the map.
    most : int, default 50
        How many communities are listed, the largest first.

    Returns
    -------
    dict
        ``method``, ``modularity``, ``n_communities``, ``communities``, ``rest``, and ``flows``: shares of all
        attention, a row for each receiving community listed, then the rest and those in none; columns say where it
        comes from, in the same order.

    Examples
    --------
    Two pairs, and one of the second follows one of the first:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2, 3, 2], [1, 0, 3, 2, 0])
    >>> found = sr.communities(g, method="label_propagation")
    >>> all_ = Members(["a", "b", "c", "d"], found.of, np.array([9.0, 1, 2, 3]), np.array([1, 4, 3, 2], np.uint32))
    >>> told = community_overview(found, all_, (g, np.ones(5), np.arange(4)))
    >>> [(one["members"], one["leaders"][0]["account"], one["attention_received"]) for one in told["communities"]]
    [(2, 'a', 0.6), (2, 'd', 0.4)]
    >>> told["communities"][0]["from"]
    [{'community': 0, 'share': 0.666667}, {'community': 1, 'share': 0.333333}]
    """
    listed = min(len(found), most)
    flows = _flows(found, members.community, attention, listed)
    total = float(flows.sum())
    scored = members.rank > 0
    best = _leaders(members, listed)
    n_scored, sums = _scores(members, listed)
    communities = [
        {
            "community": c,
            "members": int(found.size[c]),
            "scored": int(n_scored[c]),
            "leaders": [
                {
                    "account": str(members.names[i]),
                    "score": round(float(members.score[i]), 4),
                    "rank": int(members.rank[i]),
                }
                for i in best[c]
            ],
            "mean_score": round(float(sums[c] / n_scored[c]), 4) if n_scored[c] else None,
            "attention_received": _share(float(flows[c].sum()), total),
            "inside": _share(float(flows[c, c]), float(flows[c].sum())),
            "from": _sources(flows[c], listed),
            "colour": coloured.index(c) if c in coloured else REST,
        }
        for c in range(listed)
    ]
    modularity = None if np.isnan(found.modularity) else round(float(found.modularity), _DIGITS)
    return {
        "method": str(found.params.get("method")),
        "modularity": modularity,
        "n_communities": len(found),
        "accounts": len(members.names),
        "scored": int(np.count_nonzero(scored)),
        "communities": communities,
        "rest": {"communities": len(found) - listed, "members": int(found.size[listed:].sum())},
        "in_none": int(np.count_nonzero(members.community == NONE)),
        "flows": [[_share(float(x), total) for x in row] for row in flows],
    }


def _flows(found: Communities, community: Ints, attention: tuple[Graph, Floats, Ints] | None, listed: int) -> Floats:
    """The attention from each group (columns) to each (rows): those listed, the rest, those in none."""
    n = listed + 2
    flows = np.zeros(n * n)
    if attention is None:
        return flows.reshape(n, n)
    graph, carried, place = attention
    group = np.where(community == NONE, listed + 1, np.minimum(community, listed))[place]
    for first, stop, owners in _chunks(graph):
        cell = group[owners] * n + group[graph.in_indices[first:stop]]
        flows += np.bincount(cell, weights=carried[first:stop], minlength=n * n)
    return flows.reshape(n, n)


def _chunks(graph: Graph) -> Iterator[tuple[int, int, Ints]]:
    """Stretches of in-arcs, each with the node that every arc goes to."""
    starts = graph.in_indptr.astype(np.int64)
    for first in range(0, graph.n_edges, _ARCS_PER_CHUNK):
        stop = min(first + _ARCS_PER_CHUNK, graph.n_edges)
        yield first, stop, np.searchsorted(starts, np.arange(first, stop), side="right") - 1


def _leaders(members: Members, listed: int) -> list[list[int]]:
    """The best-ranked members of each."""
    there = np.flatnonzero((members.rank > 0) & (members.community >= 0) & (members.community < listed))
    there = there[np.lexsort((members.rank[there], members.community[there]))]
    starts = np.searchsorted(members.community[there], np.arange(listed + 1))
    return [there[starts[c] : min(starts[c] + _LEADERS, starts[c + 1])].tolist() for c in range(listed)]


def _scores(members: Members, listed: int) -> tuple[Ints, Floats]:
    """How many members of each have a score, and the sum of their scores."""
    there = np.flatnonzero((members.rank > 0) & (members.community >= 0) & (members.community < listed))
    there = there[np.argsort(members.rank[there], kind="stable")]  # of equal numbers in any order, the same sum
    of = members.community[there]
    return np.bincount(of, minlength=listed), np.bincount(of, members.score[there], listed).astype(np.float64)


def _sources(row: Floats, listed: int) -> list[dict[str, Any]]:
    """The communities that most of a community's attention comes from; "rest" and "none" are groups, too."""
    names = [*range(listed), "rest", "none"]
    order = np.argsort(-row, kind="stable")[:_FROM]
    whole = float(row.sum())
    return [{"community": names[int(c)], "share": _share(float(row[c]), whole)} for c in order if row[c] > 0]


def _share(part: float, whole: float) -> float:
    return round(part / whole, _DIGITS) if whole > 0 else 0.0
