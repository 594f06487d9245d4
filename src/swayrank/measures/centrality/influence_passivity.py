r"""Influence and passivity: who gets people to pass things on, weighed by how hard those people are to move.

Definition (Romero, Galuba, Asur & Huberman 2011). On the arc u -> v (u follows v, so v may influence u) the weight
:math:`w_{uv}`, in [0, 1], is the share of v's posts that u passed on. Then

.. math:: \text{acceptance}(u, v) = \frac{w_{uv}}{\sum_{a: u \to a} w_{ua}}, \qquad
          \text{rejection}(u, v) = \frac{1 - w_{uv}}{\sum_{a: a \to v} (1 - w_{av})}

are v's share of all that u accepts, and u's share of all that is rejected of v; and, each scaled to sum 1,

.. math:: P_u = \sum_{u \to v} \text{rejection}(u, v)\, I_v, \qquad I_v = \sum_{u \to v} \text{acceptance}(u, v)\, P_u

An account is passive that resists influential ones, and influential that moves passive ones. The paper's arcs run from
the one who influences; ours from the one who follows.

The start is I = 1, and both are computed in turn, leaping ahead where steps shrink steadily (which changes no limit:
:mod:`swayrank.measures.centrality._affine`), until the influence's next step is at most `tol` long in the L1 norm. That
is a bound on the *residual*, how far the scores are from reproducing themselves, not on the distance to the limit
(groups that hardly touch settle slowly), so there is no `error_bound`; ``provenance["residual"]`` is the one reached.

Without weights every arc has the same w, which cancels: influence is then SALSA's authority score, and passivity
within each component its hub score (:mod:`swayrank.measures.centrality.salsa`). Where all that is rejected is lost
before it comes back as acceptance (as where nobody rejects anything), there is no fixed point, and both scores are 0.

Cost: two pulls of O(n + m) per pass. Memory: nine float64 per node, and two per arc where weighted.

Source: Romero, Galuba, Asur & Huberman (2011), arXiv:1008.1253, doi:10.1007/978-3-642-23808-6_2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.graph import Graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._affine import Leap, inverse, pull
from swayrank.measures.centrality._weights import Floats, arc_weights
from swayrank.measures.centrality.degree import strength
from swayrank.measures.registry import register

_NS_PER_STEP = 4.0
# An RMAT graph of a quarter of a million accounts took 20 passes without shares, 260 with random ones.
_USUAL_PASSES, _WITH_SHARES = 25, 250


@dataclass(frozen=True)
class _Rates:
    """What is accepted, by in-arc, and rejected, by out-arc; empty where all arcs are alike."""

    accepted: Floats
    rejected: Floats
    per_acceptance: Floats
    per_rejection: Floats


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    if params["weight"] is None:
        return Work(_USUAL_PASSES * (n + m), _NS_PER_STEP, 72.0 * n)
    return Work(_WITH_SHARES * (n + m), _NS_PER_STEP, 72.0 * n + 24.0 * m)


@register(
    name="influence_passivity",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m) per pass",
    citation="Romero, Galuba, Asur & Huberman 2011, arXiv:1008.1253",
    work=_work,
)
@domains(
    of=OneOf("influence", "passivity"),
    tol=Interval(0, math.inf, "()"),
    max_iter=Integer(1),
)
def influence_passivity(
    graph: Graph,
    *,
    of: str = "influence",
    weight: str | None = None,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Weigh whom an account gets to pass its posts on by how rarely those people pass anything on.

    Reads both ways: influence gathers over an account's followers, passivity over those it follows.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    of : {"influence", "passivity"}, default="influence"
        Which of the two scores.
    weight : str or None, default=None
        Column of the shares of v's posts that u passed on, in [0, 1], for each arc (u, v). None takes the same share
        for all arcs, whichever it is.
    tol : float, default=1e-8
        Greatest L1 length of a step at which the scores count as settled (a residual, not an error); greater than 0.
    max_iter : int, default=10_000
        Most passes allowed, at least 1.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    Measure
        float64 scores >= 0 that sum to 1 (or are all 0), with `n_iter`.

    Raises
    ------
    ParameterError
        For a parameter outside its domain, and for a column that is not there or not in [0, 1].
    ConvergenceError
        If `max_iter` passes do not reach `tol`.

    Notes
    -----
    Pulls in fixed order, so any number of threads gives the same bits. Shares of exactly 0 and 1 can make the scores
    swing for ever; then no `max_iter` suffices, and shares shrunk towards their mean settle.

    References
    ----------
    Romero, Galuba, Asur & Huberman (2011), "Influence and passivity in social media", arXiv:1008.1253

    Examples
    --------
    Cem passes on little, and what he does pass on is eve's:

    >>> import swayrank as sr
    >>> follows = ["bob", "bob", "cem", "cem"], ["ada", "eve", "ada", "eve"]
    >>> g = sr.Graph.from_edges(*follows, columns={"passed_on": [0.9, 0.8, 0.1, 0.3]})
    >>> sr.measure(g, "influence_passivity", weight="passed_on").top(2)
    rank  account  influence_passivity
       1  eve                 0.698215
       2  ada                 0.301785
    """
    if graph.n_nodes == 0:
        return Measure("influence_passivity", np.zeros(0), graph.ids, n_iter=0)
    runner = resolve_engine(engine, threads)
    rates = _rates(graph, weight, runner)
    influence, residual, n_iter = np.full(graph.n_nodes, 1 / graph.n_nodes), math.inf, 0
    leap = Leap()
    with track(progress, "influence_passivity", total=max_iter) as step:
        while residual > tol and influence.any() and n_iter < max_iter:
            passivity, following = _moved(graph, rates, influence, runner)
            residual = float(np.abs(following - influence).sum())
            influence = following if residual <= tol else leap.taken(influence, following, 0.0)
            n_iter += 1
            step(1)
    if residual > tol and influence.any():
        raise ConvergenceError(
            f"influence_passivity still moves by {residual:.3g} after {max_iter} passes, not tol={tol:g}: raise "
            f"max_iter (now {max_iter}) or tol; shares of exactly 0 or 1 can keep it from settling"
        )
    values = influence if of == "influence" or not influence.any() else passivity
    return Measure("influence_passivity", values, graph.ids, n_iter=n_iter, provenance={"residual": residual})


def _moved(graph: Graph, rates: _Rates, influence: Floats, engine: Engine) -> tuple[Floats, Floats]:
    """One pass: passivity from influence, and influence from that."""
    passivity = _scaled(pull(graph.indptr, graph.indices, rates.rejected, influence * rates.per_rejection, engine))
    handed = passivity * rates.per_acceptance
    return passivity, _scaled(pull(graph.in_indptr, graph.in_indices, rates.accepted, handed, engine))


def _rates(graph: Graph, weight: str | None, engine: Engine) -> _Rates:
    """Read the shares and what each account accepts and is refused in all."""
    if weight is None:
        none = np.zeros(0)
        out_degree, in_degree = graph.out_degree.astype(np.float64), graph.in_degree.astype(np.float64)
        return _Rates(none, none, inverse(out_degree), inverse(in_degree))
    accepted, incoming = arc_weights(graph, weight), arc_weights(graph, weight, incoming=True)
    if accepted.size and accepted.max() > 1:
        raise ParameterError(f"weight {weight!r} must be in [0, 1] everywhere, got {accepted.max():g}")
    return _Rates(
        accepted=incoming,
        rejected=1 - accepted,
        per_acceptance=inverse(strength(graph, accepted, False, engine)),
        per_rejection=inverse(strength(graph, 1 - incoming, True, engine)),
    )


def _scaled(values: Floats) -> Floats:
    """Scaled to sum 1, unless all are 0."""
    total = float(values.sum())
    return values / total if total > 0 else values
