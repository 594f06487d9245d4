"""Diffusion models: which account activates which follower, and with what probability.

Both models are *triggering models*: before anything happens, each account u draws from whom it will take what is passed
on, a random subset of the accounts that it follows; the arcs to them are *live*, and a seed activates whoever reaches
it along live arcs (Kempe, Kleinberg & Tardos 2003, section 4).

Independent Cascade: each arc (u, v) is live with its probability p(u, v), independently of everything else: when v
becomes active, it gets one chance to activate u.

Linear Threshold: at most one arc of u is live, arc (u, v) with the probability of its weight w(u, v). That is the same
as a threshold drawn uniformly from [0, 1], which the weights of active accounts that u follows have to reach.

What a model gives to the kernels is a :class:`Walk`: rows of arcs and how each row draws its live ones, from the
follower to the followed (for RR sets) or the other way round (for cascades).

References
----------
Kempe, Kleinberg, Tardos: Maximizing the spread of influence through a social network. KDD 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, Optional, check
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.random import TRIVALENCY
from swayrank.kernels.reach import MAX_ARCS, MIXED, pack_rows, running_sums, sort_buckets, trivalency
from swayrank.kernels.skips import row_skips
from swayrank.measures._data import check_graph

Floats = npt.NDArray[np.float64]
Sharing = float | npt.ArrayLike | Mapping[Any, float] | None

PRESETS = ("weighted_cascade", "trivalency")
_COLUMN = "probability"
_ROUNDING = 1e-9
"""How far above 1 the weights of an account may sum up: what rounding of float64 sums can do, and no more."""

NO_LIMIT = 2**62
_NOTHING = read_only(np.empty(0))


class Walk(NamedTuple):
    """What :func:`swayrank.kernels.reach.reach` walks over; see there. Arrays are read-only."""

    rows: npt.NDArray[np.uint64]
    indices: npt.NDArray[np.uint32]
    probability: Floats
    pick: int
    shares: Floats
    max_steps: int

    @property
    def n_nodes(self) -> int:
        """Number of accounts."""
        return (self.rows.size - 1) // 2

    @property
    def mixed(self) -> bool:
        """Whether some row's arcs differ."""
        return self.probability.size > 0


@dataclass(frozen=True, eq=False, repr=False)
class TriggeringModel:
    """What all models share in which each account draws, beforehand, from whom it takes what is passed on.

    Use :class:`IndependentCascade` or :class:`LinearThreshold`.
    """

    graph: Graph

    submodular = True
    """Each further seed adds no more than it would have added earlier, so greedy choice comes with a bound."""

    params: Mapping[str, object] = field(init=False, default_factory=dict)
    shares: Floats = field(init=False, default_factory=lambda: _NOTHING)
    _walks: dict[str, Walk] = field(init=False, default_factory=dict)

    max_steps = cast("int | None", None)

    def _settle(self, sharing: Sharing, max_steps: int | None, params: dict[str, object]) -> None:
        """Check what all models take, and record the model by name."""
        check("max_steps", max_steps, Optional(Integer(0)))
        if self.graph.n_edges >= MAX_ARCS:
            raise ParameterError(f"graph must have fewer than 2**40 arcs, got {self.graph.n_edges:,}")
        if max_steps is not None:
            params["max_steps"] = max_steps
        if sharing is not None:
            params["sharing"] = sharing if isinstance(sharing, Real) else "per account"
        object.__setattr__(self, "shares", _shares_of(self.graph, sharing))
        object.__setattr__(self, "params", params)

    @property
    def _limit(self) -> int:
        return NO_LIMIT if self.max_steps is None else int(self.max_steps)

    def backward(self) -> Walk:
        """Rows of the accounts that each one follows, for RR sets; made once, then kept."""
        if "backward" not in self._walks:
            self._walks["backward"] = self._backward()
        return self._walks["backward"]

    def forward(self) -> Walk:
        """Rows of each account's followers, for cascades; made once, then kept."""
        if "forward" not in self._walks:
            self._walks["forward"] = self._forward()
        return self._walks["forward"]

    def _backward(self) -> Walk:
        raise TypeError("use IndependentCascade or LinearThreshold")

    def _forward(self) -> Walk:
        raise TypeError(f"{type(self).__name__} has no rows of followers that draw by themselves")

    def probabilities(self) -> Floats:
        """The probability that each arc is live."""
        raise TypeError("use IndependentCascade or LinearThreshold")

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_walks": {}}


@dataclass(frozen=True, eq=False, repr=False)
class IndependentCascade(TriggeringModel):
    """The Independent Cascade model on a graph; influence runs against the arcs, from the followed to the follower.

    Parameters
    ----------
    graph : Graph
        An arc (u, v) says that u follows v, so that v can activate u.
    prob : float, str, array, callable or None, default=None
        The probability p(u, v) that v, once active, activates its follower u:

        - a number in [0, 1]: the same for every arc;
        - ``"weighted_cascade"``: 1 / out_degree(u), one over the number of accounts that u follows;
        - ``"trivalency"``: 0.1, 0.01 or 0.001, drawn for each arc by `rng`;
        - an array of shape (n_edges,): one for each arc, in the order of ``graph.edges()``;
        - any other text: the name of a column of the graph;
        - a function: called once with a mapping of the graph's columns by name, each of shape (n_edges,), and gives an
          array like that;
        - None: the graph's column ``"probability"`` if it has one, else ``"weighted_cascade"``.

        Values are never repaired: a missing one, NaN or one outside [0, 1] is an error that names the arc.
    rng : int, numpy.random.Generator or None, default=None
        Randomness for ``"trivalency"``; nothing else here is random.
    max_steps : int or None, default=None
        How many steps a cascade lasts; None: until nobody new is activated.
    sharing : float, array, mapping or None, default=None
        Probability that an account, once active, passes on anything at all (decided once, for all its followers): one
        number, an array of shape (n_nodes,), or a mapping from ids for some accounts (the others always share). 0 is an
        account that never shares; as a seed it reaches only itself.

    Attributes
    ----------
    rule : {"constant", "weighted_cascade", "per_arc"}
        How probabilities are kept.
    node_probability : numpy.ndarray of float64, shape (n_nodes,), or (0,) under the rule "per_arc"
        Probability that an account is activated by each account that it follows.
    arc_probability : numpy.ndarray of float64, shape (n_edges,) under the rule "per_arc", else (0,)
        In the order of ``graph.edges()``.
    shares : numpy.ndarray of float64, shape (n_nodes,), or (0,) where everybody shares
        See `sharing`.
    params : dict of str to object
        The model by name, for records.

    Raises
    ------
    ParameterError
        If `graph` is no Graph, or `prob` or `sharing` is none of the above, has the wrong length, or holds a value that
        is no probability.
    UnknownAccountError
        If `sharing` names an account that the graph does not have.

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

    prob: float | str | npt.ArrayLike | Callable[[Mapping[str, npt.NDArray[Any]]], npt.ArrayLike] | None = None
    rng: Rng = None
    max_steps: int | None = None
    sharing: Sharing = None
    rule: str = field(init=False)
    arc_probability: Floats = field(init=False)

    def __post_init__(self) -> None:
        check_graph("IndependentCascade", self.graph)
        prob, graph = self.prob, self.graph
        if prob is None:
            prob = _COLUMN if _COLUMN in graph.columns else "weighted_cascade"
        arc, rule, record = _NOTHING, "per_arc", {}
        if isinstance(prob, str) and prob == "weighted_cascade":
            rule = "weighted_cascade"
        elif isinstance(prob, str) and prob == "trivalency":
            arc, record["prob_rng"] = _draw_trivalency(graph, self.rng)
        elif isinstance(prob, str):
            arc = _checked_arcs(graph, _column(graph, prob), f"the column {prob!r}")
        elif _is_number(prob):
            rule = "constant"
            check("prob", prob, Interval(0, 1))
        elif callable(prob):
            given = prob({name: graph.column(name) for name in graph.columns})
            arc, prob = _checked_arcs(graph, given, "what prob(columns) gives"), "function"
        else:
            arc, prob = _checked_arcs(graph, prob, "prob"), "array"
        object.__setattr__(self, "rule", rule)
        object.__setattr__(self, "arc_probability", read_only(arc))
        self._settle(self.sharing, self.max_steps, {"model": "independent_cascade", "prob": prob, **record})

    @cached_property
    def node_probability(self) -> Floats:
        """Probability that an account is activated by each account that it follows; shape (0,) under "per_arc"."""
        if self.rule == "per_arc":
            return _NOTHING
        if self.rule == "constant":
            return read_only(np.full(self.graph.n_nodes, float(self.prob)))  # type: ignore[arg-type]
        return read_only(1.0 / np.maximum(self.graph.out_degree, 1).astype(np.float64))

    def _backward(self) -> Walk:
        graph = self.graph
        if self.rule == "per_arc":
            return self._per_arc(graph.indptr, graph.indices, self.arc_probability)
        if self.rule == "constant":
            code = np.full(graph.n_nodes, row_skips(np.array([float(self.prob)]))[0])  # type: ignore[arg-type]
        else:
            degree = graph.out_degree
            each = 1.0 / np.maximum(np.arange(int(degree.max(initial=0)) + 1), 1)
            code = row_skips(each)[degree]
        return self._even(graph.indptr, graph.indices, code)

    def _forward(self) -> Walk:
        graph = self.graph
        if self.rule == "constant":
            code = np.full(graph.n_nodes, row_skips(np.array([float(self.prob)]))[0])  # type: ignore[arg-type]
            return self._even(graph.in_indptr, graph.in_indices, code)
        by_arc = self.rule == "per_arc"
        arc = self.arc_probability[graph.in_arcs] if by_arc else self.node_probability[graph.in_indices]
        return self._per_arc(graph.in_indptr, graph.in_indices, arc)

    def _even(self, indptr: npt.NDArray[np.uint64], indices: npt.NDArray[np.uint32], code: Floats) -> Walk:
        return Walk(packed(indptr, code.view(np.uint64)), indices, _NOTHING, 0, self.shares, self._limit)

    def _per_arc(self, indptr: npt.NDArray[np.uint64], indices: npt.NDArray[np.uint32], arc: Floats) -> Walk:
        code = row_skips(row_probability(indptr, arc)).copy().view(np.uint64)
        if np.isnan(code.view(np.float64)).any():
            order = np.empty(indices.size, np.uint32), np.empty(indices.size)
            sort_buckets(indptr, indices, read_only(arc), np.uint64(0), np.uint64(code.size), code, *order)
            indices, arc = read_only(order[0]), read_only(order[1])
        else:
            arc = _NOTHING
        return Walk(packed(indptr, code), indices, arc, 0, self.shares, self._limit)

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


@dataclass(frozen=True, eq=False, repr=False)
class LinearThreshold(TriggeringModel):
    """The Linear Threshold model on a graph; influence runs against the arcs, from the followed to the follower.

    An account is activated once the weights of the active accounts that it follows reach its threshold, which is drawn
    uniformly from [0, 1] in each run.

    Parameters
    ----------
    graph : Graph
        An arc (u, v) says that u follows v, so that v has a weight w(u, v) in u's decision.
    weights : str, array, callable or None, default=None
        The weights; those of one follower must sum up to at most 1:

        - ``"uniform"``: 1 / out_degree(u), one over the number of accounts that u follows;
        - an array of shape (n_edges,), in the order of ``graph.edges()``;
        - any other text: the name of a column of the graph;
        - a function: called once with a mapping of the graph's columns by name, gives an array like that;
        - None: ``"uniform"``.

        Values are never repaired: a missing one, NaN or one outside [0, 1] is an error that names the arc, and a sum
        above 1 (by more than 1e-9) an error that names the account.
    max_steps : int or None, default=None
        How many steps a cascade lasts; None: until nobody new is activated.
    sharing : float, array, mapping or None, default=None
        Probability that an account, once active, passes on anything; as :class:`IndependentCascade` takes it.

    Attributes
    ----------
    arc_weight : numpy.ndarray of float64, shape (n_edges,), or (0,) for "uniform"
        In the order of ``graph.edges()``.
    params : dict of str to object
        The model by name, for records.

    Raises
    ------
    ParameterError
        As said above.

    Notes
    -----
    Run as the triggering model that is equal to it: u takes after at most one of the accounts that it follows, after v
    with probability w(u, v). O(n) time and memory for "uniform", O(m) for weights of their own: 16 bytes per arc.

    References
    ----------
    Kempe, Kleinberg & Tardos (2003), "Maximizing the spread of influence through a social network", KDD: the model, and
    claim 2.6 for the equality.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["bob", "cem", "cem"], ["ada", "ada", "bob"], columns={"trust": [1.0, 0.25, 0.5]})
    >>> sr.simulate(sr.LinearThreshold(g, weights="trust"), seeds="ada", n_runs=100_000, rng=7).mean    # exactly 2.75
    2.74895
    >>> sr.LinearThreshold(g, weights=[1.0, 0.75, 0.5])
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: weights of one follower must sum up to at most 1, got 1.25 for the 2 accounts that
    'cem' follows (1 account in all); divide each by its follower's sum
    """

    weights: str | npt.ArrayLike | Callable[[Mapping[str, npt.NDArray[Any]]], npt.ArrayLike] | None = None
    max_steps: int | None = None
    sharing: Sharing = None
    arc_weight: Floats = field(init=False)
    _sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        check_graph("LinearThreshold", self.graph)
        weights, graph = self.weights, self.graph
        arc, name = _NOTHING, "uniform"
        if isinstance(weights, str) and weights != "uniform":
            arc, name = (
                _checked_arcs(graph, _column(graph, weights, "weights", ("uniform",)), f"the column {weights!r}"),
                weights,
            )
        elif callable(weights):
            given = weights({column: graph.column(column) for column in graph.columns})
            arc, name = _checked_arcs(graph, given, "what weights(columns) gives"), "function"
        elif weights is not None and not isinstance(weights, str):
            arc, name = _checked_arcs(graph, weights, "weights"), "array"
        object.__setattr__(self, "arc_weight", read_only(arc))
        object.__setattr__(self, "_sums", _NOTHING if name == "uniform" else _row_sums(graph, arc))
        self._settle(self.sharing, self.max_steps, {"model": "linear_threshold", "weights": name})

    def probabilities(self) -> Floats:
        """The weight of every arc, which is the probability that it is live.

        Returns
        -------
        numpy.ndarray of float64, shape (n_edges,)
            In the order of ``graph.edges()``.

        Examples
        --------
        >>> import swayrank as sr
        >>> sr.LinearThreshold(sr.Graph.from_edges([0, 0], [1, 2])).probabilities()
        array([0.5, 0.5])
        """
        if self.arc_weight.size or not self.graph.n_edges:
            return self.arc_weight
        return np.repeat(1.0 / np.maximum(self.graph.out_degree, 1), self.graph.out_degree)

    def _backward(self) -> Walk:
        graph = self.graph
        if not self.arc_weight.size:
            code = np.ones(graph.n_nodes)
            return Walk(
                packed(graph.indptr, code.view(np.uint64)), graph.indices, _NOTHING, 1, self.shares, self._limit
            )
        row = row_probability(graph.indptr, self.arc_weight)
        sums = np.minimum(row * graph.out_degree, 1.0)
        with np.errstate(divide="ignore"):
            bits = np.ascontiguousarray(1.0 / sums).view(np.uint64)
        mixed = np.isnan(row)
        bits[mixed] = MIXED
        running = self._sums if mixed.any() else _NOTHING
        return Walk(packed(graph.indptr, bits), graph.indices, running, 1, self.shares, self._limit)

    def __repr__(self) -> str:
        return f"LinearThreshold({self.graph.n_nodes} accounts, weights={self.params['weights']!r})"


def as_model(model: TriggeringModel | Graph) -> TriggeringModel:
    """The model itself; a graph stands for Independent Cascade with the default probabilities.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold or Graph
        What the user gave.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if isinstance(model, Graph):
        return IndependentCascade(model)
    if not isinstance(model, TriggeringModel):
        raise ParameterError(
            f"model must be an IndependentCascade, a LinearThreshold or a Graph, got {type(model).__name__}: "
            "read a graph with "
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


def _is_number(value: object) -> bool:
    return isinstance(value, Real)


def packed(indptr: npt.NDArray[np.uint64], code: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Rows as the kernels read them: begin and code of each side by side."""
    rows = np.empty(2 * code.size + 1, np.uint64)
    pack_rows(indptr, read_only(np.ascontiguousarray(code)), rows)
    return read_only(rows)


def _row_sums(graph: Graph, weight: Floats) -> Floats:
    """Running sums of the weights of each follower, or an error that names the first whose sum exceeds 1."""
    sums, totals = np.empty(weight.size), np.empty(graph.n_nodes)
    running_sums(graph.indptr, read_only(weight), sums, totals)
    wrong = np.flatnonzero(totals > 1.0 + _ROUNDING)
    if wrong.size:
        u = int(wrong[0])
        count = f"{wrong.size} account{'s' if wrong.size > 1 else ''} in all"
        raise ParameterError(
            f"weights of one follower must sum up to at most 1, got {totals[u]:.12g} for the {graph.out_degree[u]} "
            f"accounts that {graph.ids[u]!r} follows ({count}); divide each by its follower's sum"
        )
    return read_only(sums)


def _shares_of(graph: Graph, sharing: Sharing) -> Floats:
    """`sharing` as one probability per account, or nothing where everybody shares."""
    if sharing is None:
        return _NOTHING
    if isinstance(sharing, Real):
        check("sharing", sharing, Interval(0, 1))
        return read_only(np.full(graph.n_nodes, float(sharing)))
    if isinstance(sharing, Mapping):
        shares = np.ones(graph.n_nodes)
        for account, share in sharing.items():
            check(f"sharing[{account!r}]", share, Interval(0, 1))
            shares[graph.ids.position(account)] = share
        return read_only(shares)
    try:
        shares = np.array(sharing, dtype=np.float64)
    except (TypeError, ValueError) as wrong:
        raise ParameterError(f"sharing must hold a probability for every account: {wrong}") from wrong
    if shares.shape != (graph.n_nodes,):
        raise ParameterError(f"sharing must have shape ({graph.n_nodes},), one per account, got {shares.shape}")
    bad = np.flatnonzero(~((shares >= 0.0) & (shares <= 1.0)))
    if bad.size:
        i = int(bad[0])
        raise ParameterError(f"sharing must be in [0, 1] for every account, got {shares[i]:g} for {graph.ids[i]!r}")
    return read_only(shares)


def _column(graph: Graph, name: str, parameter: str = "prob", presets: tuple[str, ...] = PRESETS) -> npt.NDArray[Any]:
    if name not in graph.columns:
        known = ", ".join(repr(word) for word in (*presets, *graph.columns))
        number = "a number in [0, 1], " if parameter == "prob" else ""
        raise ParameterError(
            f"{parameter} must be {number}an array of shape ({graph.n_edges},), or one of {known}; got {name!r}"
        )
    return np.asarray(graph.column(name))


def _checked_arcs(graph: Graph, given: npt.ArrayLike, what: str) -> Floats:
    """Probabilities as float64, or an error that names the first arc that has none."""
    if np.ma.isMaskedArray(given):
        raise ParameterError(
            f"{what} must hold a probability for every arc, got a masked array: fill or drop what is masked"
        )
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
