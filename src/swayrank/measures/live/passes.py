"""PageRank's warm start: passes over the whole graph from values that are nearly right.

A pass replaces y by b + f M y, so its residual by f M r: every pass takes at least 1 - d of the residuals away. Where a
change is felt everywhere, passes cost less than pushes: they pull over sorted rows, on all threads.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.engines import resolve_engine
from swayrank.graph import Graph
from swayrank.measures.centrality._power import rows_of, to_private, to_public
from swayrank.measures.centrality.pagerank import _iterate, _Pass
from swayrank.measures.live.ranks import Floats


def passed_over(
    graph: Graph, values: Floats, damping: float, mass: float, target: float, threads: int | None
) -> Floats:
    """PageRank before the dangling mass is spread, from `values` with residuals that sum to `mass` in size.

    Gives values whose residuals sum to `target` or less, rounding aside.

    Examples
    --------
    >>> g = Graph.from_edges([0, 1], [1, 2])
    >>> passed_over(g, np.ones(3), 0.5, 2.0, 1e-9, None)
    array([0.5  , 0.75 , 0.875])
    """
    if damping == 0:
        return np.ones(graph.n_nodes)
    strength = to_private(graph, graph.out_degree.astype(np.float64))
    values = to_private(graph, values)
    # What dangling nodes hold goes nowhere: a sink of zeros.
    state = _Pass(
        rows=rows_of(graph, None, incoming=True),
        strength=strength,
        shares=np.divide(values, strength, out=values.copy(), where=strength > 0),
        jump=np.ones(1),
        sink=np.zeros(1),
        damping=damping,
        sunk=0.0,
    )
    limit = 4 + max(0, math.ceil(math.log(target / mass) / math.log(damping))) if mass > target else 1
    shares, _, _ = _iterate(state, target / (1 - damping), limit, resolve_engine("local", threads), None)
    return to_public(graph, np.where(strength > 0, shares * strength, shares))
