"""Diffusion models: which account activates which follower, and with what probability.

Independent Cascade: when an account v becomes active, it gets one chance to activate each account u that follows it;
the chance works with the arc's probability p(u, v), independently of everything else. So each arc (u, v) is *live* or
not before anything happens, and whom a seed activates is whom it reaches against the live arcs.

References
----------
Kempe, Kleinberg, Tardos: Maximizing the spread of influence through a social network. KDD 2003.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Interval, check
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.kernels.cascade import trivalency
from swayrank.kernels.random import TRIVALENCY
from swayrank.measures._data import check_graph

Floats = npt.NDArray[np.float64]

PRESETS = ("weighted_cascade", "trivalency")
_COLUMN = "probability"


@dataclass(frozen=True, eq=False, repr=False)
class IndependentCascade:
    """The Independent Cascade model on a graph; influence runs against the arcs, from the followed to the follower.

    Parameters
    ----------
    graph : Graph
        An arc (u, v) says that u follows v, so that v can activate u.
    prob : float, str, array or None, default=None
        The probability p(u, v) that v, once active, activates its follower u:

        - a number in [0, 1]: the same for every arc;
        - ``"weighted_cascade"``: 1 / out_degree(u), one over the number of accounts that u follows;
        - ``"trivalency"``: 0.1, 0.01 or 0.001, drawn for each arc by `rng`;
        - an array of shape (n_edges,): one for each arc, in the order of ``graph.edges()``;
        - any other text: the name of a column of the graph;
        - None: the graph's column ``"probability"`` if it has one, else ``"weighted_cascade"``.

        Values are never repaired: a missing one, NaN or one outside [0, 1] is an error that names the arc.
    rng : int, numpy.random.Generator or None, default=None
        Randomness for ``"trivalency"``; nothing else here is random.

    Attributes
    ----------
    rule : {"constant", "weighted_cascade", "per_arc"}
        How probabilities are kept.
    node_probability : numpy.ndarray of float64, shape (n_nodes,), or (0,) under the rule "per_arc"
        Probability that an account is activated by each account that it follows.
    arc_probability : numpy.ndarray of float64, shape (n_edges,) under the rule "per_arc", else (0,)
        In the order of ``graph.edges()``.
    params : dict of str to object
        The model by name, for records.

    Raises
    ------
    ParameterError
        If `graph` is no Graph, or `prob` is none of the above, has the wrong length, or holds a value that is no
        probability.

    Notes
    -----
    Weighted cascade needs one number per account, not per arc. A self-loop activates nobody, but counts in the degree.
    O(n) time and memory for one number or ``"weighted_cascade"``, O(m) for a probability per arc: 8 bytes each.

    References
    ----------
    Kempe, Kleinberg & Tardos (2003), "Maximizing the spread of influence through a social network", KDD: the model and
    the weighted cascade.
    Chen, Wang & Wang (2010), "Scalable influence maximization for prevalent viral marketing in large-scale social
    networks", KDD: trivalency.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "cem"], ["ada", "ada", "bob"])
    >>> sr.IndependentCascade(g, prob="weighted_cascade").probabilities()
    array([1. , 0.5, 0.5])
    >>> sr.IndependentCascade(g, prob=[0.1, 0.5, 1.2])
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: prob must be in [0, 1] for every arc, got 1.2 for the arc 'cem' -> 'ada'
    (1 arc in all)
    """

    graph: Graph
    prob: float | str | npt.ArrayLike | None = None
    rng: Rng = None
    rule: str = field(init=False)
    node_probability: Floats = field(init=False)
    arc_probability: Floats = field(init=False)
    params: Mapping[str, object] = field(init=False)

    def __post_init__(self) -> None:
        check_graph("IndependentCascade", self.graph)
        prob, graph = self.prob, self.graph
        if prob is None:
            prob = _COLUMN if _COLUMN in graph.columns else "weighted_cascade"
        nothing = np.empty(0)
        node, arc, record = nothing, nothing, {}
        if isinstance(prob, str) and prob == "weighted_cascade":
            rule = "weighted_cascade"
            node = 1.0 / np.maximum(graph.out_degree, 1).astype(np.float64)
        elif isinstance(prob, str) and prob == "trivalency":
            rule = "per_arc"
            arc, record["prob_rng"] = _draw_trivalency(graph, self.rng)
        elif isinstance(prob, str):
            rule = "per_arc"
            arc = _checked_arcs(graph, _column(graph, prob), f"the column {prob!r}")
        elif isinstance(prob, Real):
            rule = "constant"
            check("prob", prob, Interval(0, 1))
            node = np.full(graph.n_nodes, float(prob))
        else:
            rule = "per_arc"
            arc = _checked_arcs(graph, prob, "prob")
            prob = "array"
        for array in (node, arc):
            array.flags.writeable = False
        values = {"rule": rule, "node_probability": node, "arc_probability": arc}
        values["params"] = {"model": "independent_cascade", "prob": prob, **record}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def probabilities(self) -> Floats:
        """The probability of every arc.

        Returns
        -------
        numpy.ndarray of float64, shape (n_edges,)
            In the order of ``graph.edges()``.

        Examples
        --------
        >>> import swayrank as sr
        >>> sr.IndependentCascade(sr.Graph.from_edges([0, 1], [1, 2]), prob=0.25).probabilities()
        array([0.25, 0.25])
        """
        if self.rule == "per_arc":
            return self.arc_probability
        return np.repeat(self.node_probability, self.graph.out_degree)

    def __repr__(self) -> str:
        return f"IndependentCascade({self.graph.n_nodes} accounts, prob={self.params['prob']!r})"


def as_model(model: IndependentCascade | Graph) -> IndependentCascade:
    """The model itself; a graph stands for Independent Cascade with the default probabilities.

    Parameters
    ----------
    model : IndependentCascade or Graph
        What the user gave.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if isinstance(model, Graph):
        return IndependentCascade(model)
    if not isinstance(model, IndependentCascade):
        raise ParameterError(
            f"model must be an IndependentCascade or a Graph, got {type(model).__name__}: read a graph with "
            "read_graph(...), or make one with Graph.from_edges(...) or Graph.from_networkx(...)"
        )
    return model


def row_probability(indptr: npt.NDArray[np.uint64], probability: Floats) -> Floats:
    """Each row's one probability, or NaN where the arcs of the row differ (0 for a row without arcs).

    Parameters
    ----------
    indptr : numpy.ndarray of uint64, shape (n_rows + 1,)
        Row pointers.
    probability : numpy.ndarray of float64, shape (n_arcs,)
        In row order.

    Examples
    --------
    >>> row_probability(np.array([0, 2, 2, 4], np.uint64), np.array([0.5, 0.5, 0.1, 0.2]))
    array([0.5, 0. , nan])
    """
    row = np.zeros(indptr.size - 1)
    if probability.size:
        begin, end = indptr[:-1].astype(np.int64), indptr[1:].astype(np.int64)
        changes = np.zeros(probability.size, np.int64)  # changes before each arc; a row is even if it holds none
        np.cumsum(probability[1:] != probability[:-1], out=changes[1:])
        full = np.flatnonzero(end > begin)
        even = changes[end[full] - 1] == changes[begin[full]]
        row[full] = np.where(even, probability[begin[full]], np.nan)
    return row


def _column(graph: Graph, name: str) -> npt.NDArray[Any]:
    if name not in graph.columns:
        known = ", ".join(repr(word) for word in (*PRESETS, *graph.columns))
        raise ParameterError(
            f"prob must be a number in [0, 1], an array of shape ({graph.n_edges},), or one of {known}; got {name!r}"
        )
    return np.asarray(graph.column(name))


def _checked_arcs(graph: Graph, given: npt.ArrayLike, what: str) -> Floats:
    """Probabilities as float64, or an error that names the first arc that has none."""
    try:
        arc = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as wrong:
        raise ParameterError(f"{what} must hold a probability for every arc: {wrong}") from wrong
    if arc.shape != (graph.n_edges,):
        raise ParameterError(
            f"{what} must have shape ({graph.n_edges},), one probability for each arc of graph.edges(), got {arc.shape}"
        )
    wrong_arcs = np.flatnonzero(~((arc >= 0.0) & (arc <= 1.0)))
    if wrong_arcs.size:
        j = int(wrong_arcs[0])
        u = int(np.searchsorted(graph.indptr, np.uint64(j), side="right")) - 1
        v = int(graph.indices[j])
        count = f"{wrong_arcs.size} arc{'s' if wrong_arcs.size > 1 else ''} in all"
        raise ParameterError(
            f"{what} must be in [0, 1] for every arc, got {arc[j]:g} for the arc {graph.ids[u]!r} -> {graph.ids[v]!r} "
            f"({count})"
        )
    return arc


def _draw_trivalency(graph: Graph, rng: Rng) -> tuple[Floats, str]:
    key = resolve_rng(rng)
    arc = np.empty(graph.n_edges)
    trivalency(key.hi, key.lo, np.uint64(TRIVALENCY), np.uint64(0), arc)
    return arc, key.record
