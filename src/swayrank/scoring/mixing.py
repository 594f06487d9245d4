"""From how many communities an account's followers come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.measures.community.detect import Communities

Floats = npt.NDArray[np.float64]


def mixed_followers(graph: Graph, found: Communities) -> Floats:
    """How likely two followers of each account, picked at random, come from different communities; NaN without any.

    One less the sum of squared shares: the participation coefficient (Guimera & Amaral 2005, "Functional cartography of
    complex metabolic networks", doi:10.1038/nature03288) over followers.

    Examples
    --------
    >>> from swayrank.measures.community.detect import communities
    >>> g = Graph.from_edges([0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3], n_nodes=7)
    >>> mixed_followers(g, communities(g, method="label_propagation")).tolist()
    [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, nan]
    """
    n, many = graph.n_nodes, max(1, found.size.size)
    followed = np.repeat(np.arange(n), graph.in_degree)
    pairs, count = np.unique(followed * many + found.of[graph.in_indices], return_counts=True)
    squares = np.bincount(pairs // many, weights=count.astype(np.float64) ** 2, minlength=n)
    followers = graph.in_degree.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mixed: Floats = 1.0 - squares / followers**2
    return mixed
