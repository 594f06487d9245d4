r"""VoteRank: spreaders elected one by one, each taking votes from those around it.

Definition (Zhang, Chen, Dong & Zhao 2016): every account has a vote of 1; the account with the most votes is elected
and votes no more, and the votes of those who voted for it fall by 1 over the mean degree, at least to 0; and so on
until nobody has votes left. `variant` says who votes:

- ``"in"`` (default): followers vote for those they follow, as influence runs;
- ``"out"``: the accounts that one follows vote for it, as ``networkx.voterank`` has it for directed graphs.

With `weight` (Sun, Chen, He & Ch'ng 2019) an account's votes are the square root of the number of its voters times
their votes, each weighed by its arc. Ties go to the account that comes first.

The value is how many were elected after the account, itself included, so that the first has the most; 0 for those who
were not elected. Exact; O(m log n) in practice.

Sources: Zhang et al. (2016), doi:10.1038/srep27823; Sun et al. (2019), doi:10.1016/j.physa.2019.121403.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
import numpy.typing as npt

from swayrank._validate import Integer, OneOf, Optional, domains
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.heuristics import vote_seeds
from swayrank.kernels.traversal import IN, OUT, degrees
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import arc_weights
from swayrank.measures.registry import register

U32 = npt.NDArray[np.uint32]


@register(
    name="voterank",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m log n)",
    citation="Zhang et al. 2016, doi:10.1038/srep27823; Sun et al. 2019, doi:10.1016/j.physa.2019.121403",
    work=lambda graph, _: Work(8.0 * (graph.n_edges + graph.n_nodes), 10.0, 32.0 * graph.n_nodes, parallel=False),
)
@domains(k=Optional(Integer(1)), variant=OneOf("in", "out"))
def voterank(graph: Graph, *, k: int | None = None, weight: str | None = None, variant: str = "in") -> Measure:
    """Elect spreaders one by one: the most voted for, after whom its voters have less to give.

    Read along the arcs by default: followers vote.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    k : int or None, default=None
        How many to elect at most; None until nobody has votes left.
    weight : str or None, default=None
        Column of weights >= 0 of the votes.
    variant : {"in", "out"}, default="in"
        Whether followers vote, or those followed, as in NetworkX.

    Returns
    -------
    Measure
        uint32: how many were elected after the account, itself included. ``.top(n)`` is the order of election.

    Raises
    ------
    ParameterError
        For a value outside its domain, or a column that is not there or not >= 0.

    References
    ----------
    Zhang, Chen, Dong & Zhao (2016), "Identifying a set of influential spreaders in complex networks",
    doi:10.1038/srep27823
    Sun, Chen, He & Ch'ng (2019), doi:10.1016/j.physa.2019.121403

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "eve"], ["ada", "ada", "ada", "fay"])
    >>> sr.voterank(g).top(2)
    rank  account  voterank
       1  ada             2
       2  fay             1
    """
    elected = _elected(graph, min(k or graph.n_nodes, graph.n_nodes), weight, variant)
    values = np.zeros(graph.n_nodes, np.uint32)
    values[elected] = np.arange(elected.size, 0, -1)
    return Measure("voterank", values, graph.ids)


def _elected(graph: Graph, k: int, weight: str | None, variant: str) -> npt.NDArray[np.integer]:
    """Positions of those elected, in order."""
    rows = (graph.in_indptr, graph.in_indices) if variant == "in" else (graph.indptr, graph.indices)
    voters = np.zeros(graph.n_nodes, np.uint32)
    adjacency = (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    degrees(*(read_only(a) for a in adjacency), IN if variant == "in" else OUT, voters)
    if weight is not None:
        weights = arc_weights(graph, weight, incoming=variant == "in")
        return _elected_by_weight(rows, voters, weights, k)
    picks = np.empty(k, np.uint32)
    nobody = np.zeros(0, np.uint32)
    indptr, indices, free, nobody = (read_only(a) for a in (*rows, np.ones(graph.n_nodes, bool), nobody))
    n = vote_seeds(indptr, indices, voters, free, nobody, picks)
    return picks[: int(n)]


def _elected_by_weight(
    rows: tuple[npt.NDArray[np.uint64], U32], voters: U32, weights: npt.NDArray[np.float64], k: int
) -> npt.NDArray[np.integer]:
    """As `vote_seeds`, with a heap of bounds: votes only fall, so that whoever is on top with its true number wins."""
    indptr, indices = rows
    n = voters.size
    total = int(voters.sum())
    vote, fall = np.ones(n), n / total if total else 0.0

    def votes(v: int) -> float:
        row = slice(int(indptr[v]), int(indptr[v + 1]))
        u = indices[row]
        other = u != v
        return math.sqrt(float(voters[v]) * float(np.dot(weights[row][other], vote[u[other]])))

    heap = [(-votes(v), v) for v in range(n) if voters[v]]
    heapq.heapify(heap)
    elected: list[int] = []
    while heap and len(elected) < k:
        bound, v = heap[0]
        now = votes(v)
        if now < -bound:
            heapq.heapreplace(heap, (-now, v))
            continue
        if now == 0:
            break
        heapq.heappop(heap)
        elected.append(v)
        around = indices[int(indptr[v]) : int(indptr[v + 1])]
        vote[around] = np.maximum(vote[around] - fall, 0.0)
        vote[v] = 0.0
    return np.array(elected, np.int64)
