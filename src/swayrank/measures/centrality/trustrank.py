r"""TrustRank: how much trust reaches an account from a few that are known to be good.

Definition (Gyöngyi, Garcia-Molina & Pedersen 2004): good accounts rarely follow bad ones, so trust flows along the arcs
from a set of trusted seeds, damped at each step: PageRank whose walks start afresh at the seeds alone,

.. math:: t = d\, T t + (1 - d)\, p

with p uniform on the seeds (or as given) and T the walk along the arcs. The paper lets the trust of accounts that
follow nobody vanish, and leaves t unscaled; here it goes back to the seeds (*strongly preferential* dangling nodes),
which is the same vector scaled to sum 1 (Boldi, Posenato, Santini & Vigna 2008).

Whom to trust is for a person to say. The paper asks one about the accounts that trust from which would spread farthest:
those with the highest *inverse PageRank*, PageRank against the arcs. Where `trusted` is None those `n_seeds` accounts
are taken and all of them believed, so that the answer is about reach rather than trust. Accounts whose inverse PageRank
cannot be told from the last one's are taken too, so that no order of the nodes decides.

Error, passes and cost are those of :mod:`swayrank.measures.centrality.pagerank`: `tol` bounds the L1 distance to the
exact vector of the seeds chosen. Twice the cost where seeds are to be found.

Source: Gyöngyi, Garcia-Molina & Pedersen (2004), "Combating web spam with TrustRank", VLDB 2004, 576-587.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank._validate import Integer, Interval, Optional, domains
from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.graph.parts import Adjacency, GraphParts
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import Floats, as_numbers
from swayrank.measures.centrality.pagerank import pagerank
from swayrank.measures.registry import register

_NS_PER_STEP = 2.0
_USUAL_PASSES = 40


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    ranks = 2 if params["trusted"] is None else 1
    return Work(ranks * _USUAL_PASSES * (n + m), _NS_PER_STEP, 40.0 * n + (16.0 * m if params["weight"] else 0.0))


@register(
    name="trustrank",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m) per pass",
    citation="Gyöngyi, Garcia-Molina & Pedersen 2004, VLDB 2004, 576-587",
    work=_work,
)
@domains(
    n_seeds=Integer(1),
    damping=Interval(0, 1, "[)"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Optional(Integer(1)),
)
def trustrank(
    graph: Graph,
    *,
    trusted: Iterable[Any] | Mapping[Any, float] | None = None,
    n_seeds: int = 20,
    damping: float = 0.85,
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int | None = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Pass trust on from trusted accounts to those they follow, a little less of it at each step.

    Read along the arcs: an account is trusted that trusted accounts follow.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    trusted : iterable of ids, mapping of id to float, or None, default=None
        The accounts known to be good, all alike or with masses >= 0. None takes the `n_seeds` of highest inverse
        PageRank, unseen.
    n_seeds : int, default=20
        How many, at least 1, where `trusted` is None; more where several tie with the last.
    damping : float, default=0.85
        Share of the trust that each step passes on, in [0, 1).
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; trust is passed on in proportion. None weighs arcs equally.
    tol : float, default=1e-8
        Bound on the L1 distance to the exact vector, greater than 0.
    max_iter : int or None, default=None
        Most passes allowed, at least 1. None allows as many as the bound can need.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 trust >= 0 with sum 1, `error_bound` (L1) and `n_iter`; ``params["n_trusted"]`` is the number of seeds.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, no trusted account, masses that are negative or without a sum, and a column
        that is not there or not >= 0.
    UnknownAccountError
        If `trusted` names an account that the graph lacks.
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    The paper's two parameters for seeds and trust, both 0.85 there, are one here. Its 20 passes are replaced by the
    bound `tol`.

    References
    ----------
    Gyöngyi, Garcia-Molina & Pedersen (2004), "Combating web spam with TrustRank", VLDB 2004, 576-587

    Examples
    --------
    Ada is trusted; nobody she trusts trusts mallory, however many follow him:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "s1", "s2", "s3"], ["bob", "ada", "mallory", "mallory", "mallory"])
    >>> m = sr.measure(g, "trustrank", trusted=["ada"])
    >>> m.top(3)
    rank  account  trustrank
       1  ada       0.540541
       2  bob       0.459459
       3  s1               0
    """
    if graph.n_nodes == 0:
        return Measure("trustrank", np.zeros(0), graph.ids, error_bound=0.0, n_iter=0)
    options: dict[str, Any] = {
        "damping": damping, "weight": weight, "tol": tol, "max_iter": max_iter,
        "engine": engine, "threads": threads, "progress": progress,
    }  # fmt: skip
    masses = _most_reaching(graph, n_seeds, options) if trusted is None else _believed(graph, trusted)
    result = pagerank(graph, personalization=masses, **options)
    return Measure(
        "trustrank",
        np.array(result.values),
        graph.ids,
        {"n_trusted": int(np.count_nonzero(masses))},
        error_bound=result.error_bound,
        n_iter=result.n_iter,
    )


def _believed(graph: Graph, trusted: Iterable[Any] | Mapping[Any, float]) -> Floats:
    """One mass per account, of those that were named."""
    if isinstance(trusted, str | bytes) or not isinstance(trusted, Iterable):
        raise ParameterError(f"trusted must be ids of accounts or a mapping of id to mass, got {trusted!r}")
    named = list(trusted)
    given = [trusted[account] for account in named] if isinstance(trusted, Mapping) else [1.0] * len(named)
    amounts = as_numbers("trusted", given)
    if not named or not np.isfinite(amounts).all() or amounts.min() < 0 or amounts.sum() <= 0:
        raise ParameterError("trusted must name at least one account, with finite masses >= 0 and a sum above 0")
    masses = np.zeros(graph.n_nodes)
    positions = graph.ids.positions(named)
    if isinstance(trusted, Mapping):
        np.add.at(masses, positions, amounts)
    else:
        masses[positions] = 1.0  # named twice is trusted once
    return masses


def _most_reaching(graph: Graph, n_seeds: int, options: Mapping[str, Any]) -> Floats:
    """Ones for the accounts of highest inverse PageRank, and for those that tie with the last of them."""
    weight = options["weight"]
    columns = {weight: graph.in_column(weight)} if isinstance(weight, str) and weight in graph.columns else {}
    turned = Adjacency(graph.in_indptr, graph.in_indices, graph.indptr, graph.indices)
    inverse = pagerank(Graph(GraphParts(turned, graph.ids, graph.directed, columns)), **options)
    last = np.partition(inverse.values, -n_seeds)[-n_seeds] if n_seeds < graph.n_nodes else 0.0
    seeds: Floats = (inverse.values >= last - (inverse.error_bound or 0.0)).astype(np.float64)
    return seeds
