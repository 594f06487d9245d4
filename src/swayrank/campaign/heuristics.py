"""Seeds by rules of thumb: who looks influential, without a simulation and without a guarantee.

Influence flows to followers (against the arcs). Write F(v) for the followers of v, d(v) for their number, L(v) for
those that v follows, S for the accounts taken so far. Self-loops count for nothing; ties go to the smaller position.

``"degree"``
    d(v).
``"single_discount"``
    Followers that are not taken, d(v) - b(v), with b(v) the size of F(v) & S (Chen, Wang & Yang 2009).
``"degree_discount"``
    DegreeDiscountIC (same paper) for directed graphs, with p the mean of `probability` over the arcs: ::

        d(v) - b(v) - a(v) - (d(v) - b(v)) a(v) p,      a(v) the size of L(v) & S

    On an undirected graph a = b = t, which is the paper's d - 2t - (d - t) t p. It comes from the next one at
    equal p, by 1 - (1 - p)^a = a p + o(a p), less its 1 and divided by p.
``"probability_discount"``
    The same thought with each arc's own probability and nothing expanded: the chance that S does not activate v in one
    step, times what v then adds in one step: ::

        prod over w in L(v) & S of (1 - p(v, w))  *  (1 + sum over u in F(v) - S of p(u, v))

    Like the paper's, it does not ask whether S activates the followers u as well.
``"pagerank"``
    PageRank as it is on the graph, at its defaults.
``"k_core"``
    Core number, accounts adjacent either way; then d(v) (Kitsak et al. 2010).
``"vote_rank"``
    VoteRank (Zhang et al. 2016): each follower gives v its ability to vote, which is 1 at first, 0 for accounts taken,
    and less by 1 / <d> (the mean degree), down to 0 at the least, for each account taken that it follows. As
    ``networkx.voterank`` on the graph whose arcs run from the followed to the follower, but in whole numbers: NetworkX
    rounds, and breaks some ties otherwise. It stops when no votes are left; here the accounts of most followers follow.
``"collective_influence"``
    Morone & Makse (2015) with radius 2 on the undirected view (adjacent either way, each once): ::

        CI(v) = (k(v) - 1) * sum over u at distance exactly 2 of (k(u) - 1)

    where k is the degree in what is left once S is removed. Where all have 0, the accounts of most followers follow.
    The paper's last step, putting accounts back that join no components, is for dismantling and is not done.
``"random"``
    All accounts in an order drawn from `rng`; who may be chosen changes nothing in the order of the others.

Sources: Chen, Wang & Yang (2009), doi:10.1145/1557019.1557047; Kitsak et al. (2010), doi:10.1038/nphys1746; Zhang
et al. (2016), doi:10.1038/srep27823; Morone & Makse (2015), doi:10.1038/nature14604.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key
from swayrank._validate import Integer, OneOf, domains
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.generate import uniforms
from swayrank.kernels.heuristics import collective_seeds, discount_seeds, gain_seeds, vote_seeds
from swayrank.kernels.traversal import IN, NEIGHBOURS, OUT, degrees
from swayrank.measures.centrality.core import k_core
from swayrank.measures.centrality.pagerank import pagerank

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]

SEEDS_AT_RANDOM = 11
"""Purpose of the random streams, beside those of :mod:`swayrank.kernels.random`."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What a heuristic is asked: `n_wanted` of the accounts that are `free`, after those `chosen` (distinct)."""

    graph: Graph
    n_wanted: int
    free: Mask
    chosen: Positions
    probability: Floats | None
    key: Key


@dataclass(frozen=True, slots=True)
class Heuristic:
    """A rule that ranks accounts as seeds: how it is computed, what it says, and whose it is."""

    function: Callable[[_Request], Positions]
    definition: str
    citation: str


# -- by one ranking ----------------------------------------------------------------------------------------------------


def _by_degree(request: _Request) -> Positions:
    return _highest(request, _degrees(request.graph, IN))


def _by_pagerank(request: _Request) -> Positions:
    return _highest(request, pagerank(request.graph).values)


def _by_core(request: _Request) -> Positions:
    return _highest(request, k_core(request.graph).values, _degrees(request.graph, IN))


def _at_random(request: _Request) -> Positions:
    draws = np.empty(request.graph.n_nodes)
    uniforms(request.key.hi, request.key.lo, np.uint64(SEEDS_AT_RANDOM), np.uint64(0), draws)
    return _highest(request, draws)


def _highest(request: _Request, *scores: npt.NDArray[np.generic]) -> Positions:
    """The free accounts of highest score, ties by the next score, then by position."""
    if request.n_wanted == 0:
        return np.zeros(0, np.uint32)
    candidates = np.flatnonzero(request.free).astype(np.uint32)
    cut = candidates.size - request.n_wanted
    first = scores[0][candidates]
    # Sorting all of a million to take fifty would cost more than anything else here.
    candidates = candidates[first >= np.partition(first, cut)[cut]]
    falling = [-score[candidates].astype(np.float64) for score in scores]
    picks: Positions = candidates[np.lexsort(falling[::-1])[: request.n_wanted]]
    return picks


# -- one after another -------------------------------------------------------------------------------------------------


def _by_single_discount(request: _Request) -> Positions:
    return _discounted(request, 0.0, exposing=False)


def _by_degree_discount(request: _Request) -> Positions:
    probability = _probability(request, "degree_discount")
    mean = 0.0
    if probability.size:
        # Equal numbers may come out one rounding beside their mean; the clip gives the number itself.
        mean = float(np.clip(probability.mean(), probability.min(), probability.max()))
    return _discounted(request, mean, exposing=True)


def _discounted(request: _Request, probability: float, exposing: bool) -> Positions:
    reach, picks = _degrees(request.graph, IN), _room(request)
    n_picks = discount_seeds(*_rows(request.graph), probability, exposing, request.free, request.chosen, reach, picks)
    return picks[: int(n_picks)]


def _by_probability_discount(request: _Request) -> Positions:
    graph, picks = request.graph, _room(request)
    probability = _probability(request, "probability_discount")
    incoming = read_only(probability[graph.in_arcs])
    indptr, indices, in_indptr, in_indices = _rows(graph)
    n_picks = gain_seeds(
        indptr, indices, probability, in_indptr, in_indices, incoming, request.free, request.chosen, picks
    )
    return picks[: int(n_picks)]


def _by_votes(request: _Request) -> Positions:
    followers, picks = _degrees(request.graph, IN), _room(request)
    _, _, in_indptr, in_indices = _rows(request.graph)
    n_picks = vote_seeds(in_indptr, in_indices, followers, request.free, request.chosen, picks)
    return _filled_up(request, picks[: int(n_picks)])


def _by_collective_influence(request: _Request) -> Positions:
    graph, picks = request.graph, _room(request)
    indptr, indices, in_indptr, in_indices = _rows(graph)
    if not graph.directed:  # both rows are the same: look at one
        in_indptr, in_indices = read_only(np.zeros_like(in_indptr)), in_indices[:0]
    degree = _degrees(graph, NEIGHBOURS if graph.directed else OUT)
    n_picks = collective_seeds(indptr, indices, in_indptr, in_indices, degree, request.free, request.chosen, picks)
    return _filled_up(request, picks[: int(n_picks)])


def _filled_up(request: _Request, picks: Positions) -> Positions:
    """`picks`, and the accounts of most followers after them, as many as are wanted."""
    if picks.size == request.n_wanted:
        return picks
    free = request.free.copy()
    free[picks] = False
    rest = _Request(request.graph, request.n_wanted - picks.size, free, request.chosen, None, request.key)
    return np.concatenate((picks, _by_degree(rest)))


def _rows(graph: Graph) -> tuple[npt.NDArray[np.generic], ...]:
    return tuple(read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices))


def _degrees(graph: Graph, kind: int) -> Positions:
    """Degrees without self-loops."""
    counts = np.zeros(graph.n_nodes, np.uint32)
    degrees(*_rows(graph), kind, counts)
    return counts


def _room(request: _Request) -> Positions:
    return np.empty(request.n_wanted, np.uint32)


def _probability(request: _Request, method: str) -> Floats:
    if request.probability is None:
        raise ParameterError(f"method {method!r} needs a probability for each arc, got None")
    return request.probability


# -- the list and the call ---------------------------------------------------------------------------------------------

_CHEN = "Chen, Wang & Yang 2009, doi:10.1145/1557019.1557047"

HEURISTICS: dict[str, Heuristic] = {
    "degree": Heuristic(_by_degree, "most followers", "Freeman 1978, doi:10.1016/0378-8733(78)90021-7"),
    "single_discount": Heuristic(_by_single_discount, "most followers that are not taken", _CHEN),
    "degree_discount": Heuristic(
        _by_degree_discount, "followers less discounts for accounts taken next to it, at the mean probability", _CHEN
    ),
    "probability_discount": Heuristic(
        _by_probability_discount, "the same with each arc's own probability, not expanded", _CHEN
    ),
    "pagerank": Heuristic(
        _by_pagerank, "highest PageRank", "Page, Brin, Motwani & Winograd 1999, Stanford InfoLab 1999-66"
    ),
    "k_core": Heuristic(
        _by_core, "highest core number, then most followers", "Kitsak et al. 2010, doi:10.1038/nphys1746"
    ),
    "vote_rank": Heuristic(
        _by_votes, "most votes of followers, who tire with each one elected", "Zhang et al. 2016, doi:10.1038/srep27823"
    ),
    "collective_influence": Heuristic(
        _by_collective_influence,
        "highest collective influence of radius 2 in what is left, both directions alike",
        "Morone & Makse 2015, doi:10.1038/nature14604",
    ),
    "random": Heuristic(_at_random, "in an order drawn from rng", "none"),
}
"""Every heuristic by its name; the module's docstring has the formulas."""


@domains(method=OneOf(*HEURISTICS), k=Integer(0))
def rank_seeds(
    graph: Graph,
    method: str,
    k: int,
    *,
    probability: Floats | None = None,
    key: Key,
    allowed: Mask | None = None,
    chosen: Positions | None = None,
) -> Positions:
    """Take k seeds by a rule of thumb, in the order in which the rule takes them.

    Parameters
    ----------
    graph : Graph
        The follow graph; influence flows against the arcs, to followers.
    method : str
        A name of `HEURISTICS`: "degree", "single_discount", "degree_discount", "probability_discount", "pagerank",
        "k_core", "vote_rank", "collective_influence" or "random".
    k : int
        How many, at least 0.
    probability : numpy.ndarray of float64, shape (n_edges,), or None, default=None
        Chance of each arc in [0, 1], in the order of ``graph.edges()``. Only the methods "degree_discount" and
        "probability_discount" look at it, and need it.
    key : Key
        Randomness, from :func:`swayrank._rng.resolve_rng`. Only "random" looks at it.
    allowed : numpy.ndarray of bool, shape (n_nodes,), or None, default=None
        Who may be taken; None for everybody. The others still follow, vote and are reached.
    chosen : numpy.ndarray of int, or None, default=None
        Positions taken already, allowed or not: they count as taken first, and are not returned.

    Returns
    -------
    numpy.ndarray of uint32, shape (k,)
        Positions; fewer only if fewer are allowed. A larger k only adds to the end.

    Raises
    ------
    ParameterError
        For an unknown method, an array of the wrong shape or outside its domain, or a probability that is needed and
        absent.

    Notes
    -----
    O(m + n log n), on one thread ("pagerank": its passes on all). The methods that look at what was taken keep the
    accounts in a heap under keys that can only be too high, and compute anew what comes to the top: O(degree) each, and
    a walk of the ball of radius 2, at most O(n + m), for "collective_influence", which is the slowest by far. Its keys
    are whole numbers below 2**64: up to about 2**31 accounts next to one.

    None of these rules has a guarantee; they are what a selection with one is compared with.

    References
    ----------
    Chen, Wang & Yang (2009), doi:10.1145/1557019.1557047
    Kitsak et al. (2010), doi:10.1038/nphys1746
    Zhang et al. (2016), doi:10.1038/srep27823
    Morone & Makse (2015), doi:10.1038/nature14604

    Examples
    --------
    Five follow account 0, four of them and one other follow account 1, three others follow account 2:

    >>> import numpy as np
    >>> from swayrank import Graph
    >>> from swayrank._rng import resolve_rng
    >>> u = [3, 4, 5, 6, 7, 3, 4, 5, 6, 0, 8, 9, 10]
    >>> v = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    >>> g = Graph.from_edges(u, v, n_nodes=11)
    >>> rank_seeds(g, "degree", 3, key=resolve_rng(1))
    array([0, 1, 2], dtype=uint32)
    >>> rank_seeds(g, "vote_rank", 3, key=resolve_rng(1))                # four of account 1's voters have voted
    array([0, 2, 1], dtype=uint32)
    >>> rank_seeds(g, "degree_discount", 2, probability=np.full(13, 0.5), key=resolve_rng(1), chosen=np.array([1]))
    array([2, 0], dtype=uint32)
    """
    taken = _positions(graph, chosen)
    free = np.ones(graph.n_nodes, np.bool_) if allowed is None else _allowed(graph, allowed)
    free[taken] = False
    request = _Request(
        graph=graph,
        n_wanted=min(int(k), int(np.count_nonzero(free))),
        free=read_only(free),
        chosen=taken,
        probability=None if probability is None else _arc_chances(graph, probability),
        key=key,
    )
    return HEURISTICS[method].function(request)


def _positions(graph: Graph, chosen: Positions | None) -> Positions:
    given = np.zeros(0, np.uint32) if chosen is None else np.asarray(chosen)
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise ParameterError(f"chosen must be a list of positions, got {given.dtype} of shape {given.shape}")
    if given.size and not 0 <= int(given.min()) <= int(given.max()) < graph.n_nodes:
        raise ParameterError(f"chosen must hold positions in [0, {graph.n_nodes}), got {given.min()} to {given.max()}")
    return read_only(np.unique(given).astype(np.uint32))


def _allowed(graph: Graph, allowed: Mask) -> Mask:
    given = np.array(allowed)
    if given.shape != (graph.n_nodes,) or given.dtype != np.bool_:
        raise ParameterError(
            f"allowed must hold a bool for each account, shape ({graph.n_nodes},), "
            f"got {given.dtype} of shape {given.shape}"
        )
    return given


def _arc_chances(graph: Graph, probability: Floats) -> Floats:
    given = np.ascontiguousarray(probability, np.float64)
    if given.shape != (graph.n_edges,):
        raise ParameterError(f"probability must hold one for each arc, shape ({graph.n_edges},), got {given.shape}")
    if given.size and not (given.min() >= 0 and given.max() <= 1):
        raise ParameterError(f"probability must be in [0, 1], got {given.min():g} to {given.max():g}")
    return read_only(given)
