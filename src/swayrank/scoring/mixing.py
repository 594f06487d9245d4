"""From how many communities an account's followers come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.measures.centrality.participation import participation
from swayrank.measures.community.detect import Communities

Floats = npt.NDArray[np.float64]


def mixed_followers(graph: Graph, found: Communities) -> Floats:
    """How likely two followers of each account, picked at random, come from different communities; NaN without any.

    The participation coefficient over followers.

    Examples
    --------
    >>> from swayrank.measures.community.detect import communities
    >>> g = Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], n_nodes=7)
    >>> mixed_followers(g, communities(g, method="label_propagation")).tolist()
    [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, nan]
    """
    return np.where(graph.in_degree > 0, participation(graph, found, of="in").values, np.nan)
