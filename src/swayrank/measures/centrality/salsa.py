r"""SALSA: authorities and hubs by a random walk that goes back along one arc and forth along another.

Definition (Lempel & Moran 2001): from an account v (an authority) the walk goes back to one of its followers u (a hub)
and on to an account that u follows, each with a chance in proportion to the arcs' weights. The score of an authority
is how often the walk is there in the long run, started from an authority chosen uniformly; a hub's is the same with the
parts changed. No iteration is needed: on each component j of the support graph (hubs on one side, authorities on the
other) the walk's stationary distribution is the in-strength, so

.. math:: a_v = \frac{|A_j|}{|A|} \cdot \frac{s^{in}_v}{\sum_{w \in A_j} s^{in}_w}

where A is the set of accounts with followers, and :math:`A_j` those of them in v's component. Hubs: the same with
out-strengths and with H, the accounts that follow somebody. (The authors' later variant, where the walk starts
elsewhere, changes the first factor alone.)

Scores sum to 1. An account without in-arcs (out-arcs, for hubs) has 0; so have all where there are no arcs. Arcs of
weight 0 count as absent. Exact but for rounding. Cost: O(m), one thread for the components.

Source: Lempel & Moran (2001), doi:10.1145/382979.383041.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import OneOf, domains
from swayrank.engines import resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.support import support_components
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._weights import Floats, arc_weights
from swayrank.measures.centrality.degree import strength
from swayrank.measures.registry import register

_NS_PER_STEP = 6.0


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    return Work(graph.n_edges + graph.n_nodes, _NS_PER_STEP, 48.0 * graph.n_nodes, parallel=False)


@register(
    name="salsa",
    needs="graph",
    reads="along",
    exact=True,
    cost="O(m)",
    citation="Lempel & Moran 2001, doi:10.1145/382979.383041",
    work=_work,
)
@domains(of=OneOf("authority", "hub"))
def salsa(graph: Graph, *, of: str = "authority", weight: str | None = None) -> Measure:
    """Find how often a walk that swings between followers and followed is at an account.

    Read along the arcs: an authority is followed, a hub follows. Within a group of accounts that share followers it is
    the in-degree; groups count by how many authorities they have. So, unlike HITS, no tightly knit group takes all.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    of : {"authority", "hub"}, default="authority"
        Which side of the walk.
    weight : str or None, default=None
        Column of arc weights, finite and >= 0; the walk takes arcs in proportion. None weighs arcs equally.

    Returns
    -------
    Measure
        float64 scores >= 0 that sum to 1 (to 0 where there are no arcs), exact but for rounding.

    Raises
    ------
    ParameterError
        For an unknown `of`, and for a column that is not there or not >= 0.

    Notes
    -----
    The components come from union-find over each account's arcs, O(m) with one thread; the rest is O(n).

    References
    ----------
    Lempel & Moran (2001), "SALSA: the stochastic approach for link-structure analysis", doi:10.1145/382979.383041

    Examples
    --------
    Eve and ada share bob as a follower; gus has one of his own:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "bob", "cem", "dan"], ["eve", "ada", "eve", "gus"])
    >>> m = sr.measure(g, "salsa")
    >>> m.top(3)
    rank  account    salsa
       1  eve      0.444444
       2  gus      0.333333
       3  ada      0.222222
    """
    weights, total = _strengths(graph, weight, of)
    n = graph.n_nodes
    of_authority, of_hub = np.arange(n, dtype=np.uint32), np.zeros(n, np.uint32)
    support_components(read_only(graph.indptr), read_only(graph.indices), weights, of_authority, of_hub)
    return Measure("salsa", _shares(total, of_authority if of == "authority" else of_hub), graph.ids)


def _strengths(graph: Graph, weight: str | None, of: str) -> tuple[Floats, Floats]:
    """The arcs' weights, empty where all are 1, and each account's sum on the side asked for."""
    if weight is None:
        degree = graph.in_degree if of == "authority" else graph.out_degree
        return read_only(np.zeros(0)), degree.astype(np.float64)
    incoming = of == "authority"
    sums = strength(graph, arc_weights(graph, weight, incoming=incoming), incoming, resolve_engine())
    return arc_weights(graph, weight), sums


def _shares(total: Floats, component: npt.NDArray[np.uint32]) -> Floats:
    """The component's share of the accounts times the account's share of the component's strength."""
    active = np.flatnonzero(total > 0)
    label = component[active]
    members = np.bincount(label, minlength=total.size)
    sums = np.bincount(label, weights=total[active], minlength=total.size)
    values = np.zeros(total.size)
    values[active] = total[active] / sums[label] * (members[label] / max(1, active.size))
    return values
