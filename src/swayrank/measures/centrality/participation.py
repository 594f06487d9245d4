r"""Participation coefficient: over how many communities an account's ties are spread.

With :math:`k_{vc}` the ties of v to members of community c and :math:`k_v` all of them (Guimera & Amaral 2005):

.. math:: P(v) = 1 - \sum_c \Big( \frac{k_{vc}}{k_v} \Big)^2

the probability that two of its ties, picked at random with replacement, lead to different communities: 0 if all lead
to one, near 1 if each leads to another. `of` says which ties: ``"all"`` arcs of the account either way, mutual follows
twice; those from its followers, ``"in"``; those to the accounts that it follows, ``"out"``. In an undirected graph the
three are the same. Self-loops count for nothing; an account without such ties has 0; one in no community is a community
by itself. Given the communities, exact, O(n + m), on one thread, 20 bytes per account.

Source: Guimera & Amaral (2005), "Functional cartography of complex metabolic networks", doi:10.1038/nature03288.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import OneOf, domains
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.mixing import mix_ties
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.centrality._ties import tie_rows
from swayrank.measures.community import detect
from swayrank.measures.registry import register

U32 = npt.NDArray[np.uint32]
Labels = detect.Communities | npt.ArrayLike | Mapping[Any, int | str]

# Measured on one core, for an end of an arc: the sum alone, and with label propagation before it.
_NS, _NS_FOUND = 10.0, 400.0


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    n, m = graph.n_nodes, graph.n_edges
    given = params.get("communities") is not None
    return Work(float(n + 2 * m), _NS if given else _NS_FOUND, (20.0 if given else 44.0) * n, parallel=False)


@register(
    name="participation",
    needs="graph",
    reads="both",
    exact=True,
    cost="O(m)",
    citation="Guimera & Amaral 2005, doi:10.1038/nature03288",
    work=_work,
)
@domains(of=OneOf("all", "in", "out"))
def participation(graph: Graph, communities: Labels | None = None, *, of: str = "all") -> Measure:
    """Say over how many communities an account's ties are spread: how likely two of them lead to different ones.

    Reads both ways by default: see `of`.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    communities : Communities, array of labels, mapping of id to label, or None, default=None
        The communities: as ``swayrank.communities`` found them among the same accounts, or integers or strings of
        shape (n_nodes,), or by id; None finds them by label propagation, whose ties are broken in public order.
    of : {"all", "in", "out"}, default="all"
        Which ties: arcs either way, followers alone, or those followed alone.

    Returns
    -------
    Measure
        float64 in [0, 1), exact up to rounding; 0 for accounts without such ties.

    Raises
    ------
    ParameterError
        For communities of other accounts, labels that are no integers or strings, or an unknown `of`.

    Notes
    -----
    O(n + m), after the communities.

    References
    ----------
    Guimera & Amaral (2005), doi:10.1038/nature03288

    Examples
    --------
    Ada follows two of each group, and belongs to one of them:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "ada", "ada", "ada", "bob"], ["bob", "cem", "dan", "eve", "cem"])
    >>> groups = {"ada": "x", "bob": "x", "cem": "x", "dan": "y", "eve": "y"}
    >>> participation(g, groups).values
    array([0.5, 0. , 0. , 0. , 0. ])
    """
    params: dict[str, object] = {}
    if communities is None:
        communities = detect.communities(graph, method="label_propagation")
    if isinstance(communities, detect.Communities):
        params["communities"] = dict(communities.params)
    labels, n_labels = _labels(graph, communities)
    mixed = np.zeros(graph.n_nodes)
    mix_ties(*tie_rows(graph, of), labels, np.zeros(n_labels, np.uint64), mixed)
    return Measure("participation", mixed, graph.ids, params=params)


def _labels(graph: Graph, communities: Labels) -> tuple[U32, int]:
    """The label of every node, numbered from 0, and how many there are."""
    if isinstance(communities, detect.Communities):
        there = communities.ids
        if len(there) != graph.n_nodes or (there is not graph.ids and list(there) != list(graph.ids)):
            raise ParameterError("communities must be of the accounts of the graph, got those of others")
        labels = communities.of.copy()
        alone = np.flatnonzero(labels == detect.NONE)
        labels[alone] = len(communities) + np.arange(alone.size)
        return read_only(labels.astype(np.uint32)), len(communities) + alone.size
    given = np.asarray(_by_id(graph, communities) if isinstance(communities, Mapping) else communities)
    if given.dtype.kind == "O":  # strings as pandas holds them
        given = np.asarray(given.tolist())
    if given.shape != (graph.n_nodes,):
        raise ParameterError(
            f"communities must have shape ({graph.n_nodes},), one label per account, got {given.shape}"
        )
    if given.size and given.dtype.kind not in "iubU":
        raise ParameterError(f"communities must be integers or strings, got {given.dtype}")
    names, labels = np.unique(given, return_inverse=True)
    return read_only(labels.astype(np.uint32)), names.size


def _by_id(graph: Graph, communities: Mapping[Any, int | str]) -> Sequence[int | str]:
    missing = next((account for account in graph.ids if account not in communities), None)
    if missing is not None:
        raise ParameterError(f"communities must have a label for every account, got none for {missing!r}")
    return [communities[account] for account in graph.ids]
