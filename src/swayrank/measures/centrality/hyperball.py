r"""HyperBall: how many accounts lie within each distance, for all accounts at once, from small counters.

Let B(v, t) be the set of accounts u with d(u, v) <= t along the arcs, v included. HyperBall (Boldi & Vigna 2013) keeps
a HyperLogLog counter of 2^log2m bytes for each B(v, t) and widens all of them step by step, until none grows. With
:math:`\Delta_t = |B(v, t)| - |B(v, t - 1)|`, all of these follow from the sizes:

- harmonic centrality :math:`\sum_t \Delta_t / t`, and its share of n - 1 (``scale="fraction"``);
- Wasserman & Faust's closeness :math:`R^2 / ((n - 1) \sum_t t \Delta_t)`, R = :math:`\sum_t \Delta_t`, 0 where R is 0;
- the neighbourhood function :math:`N(t) = \sum_v |B(v, t)|`, the number of pairs within distance t, and from it the
  effective diameter: the least t, interpolated, with N(t) >= 0.9 N(infinity).

Error: the relative standard error of the size of each ball is about :math:`\eta = 1.04 / \sqrt{2^{log2m}}` (Flajolet et
al. 2007), less for small balls. Harmonic centrality is a sum of sizes with weights 1/t - 1/(t+1) >= 0, so its relative
standard error is at most about :math:`\eta` too; closeness is a ratio of two such sums, taken at 2 :math:`\eta`. The
intervals are *nominal*: these standard errors and the normal distribution, account by account. They are no proven
bound, and as accounts share the hashes, errors of neighbours go together; for a guarantee see
:mod:`swayrank.measures.centrality.approximate_closeness`.

Cost: O(m 2^log2m) bytes per step, arcs from counters that did not grow left out; as many steps as the longest distance.
Memory: 2 * 2^log2m bytes per account, and 40. Self-loops play no part.

Sources: Boldi & Vigna (2013), "In-core computation of geometric centralities with HyperBall", arXiv:1308.2144;
Flajolet, Fusy, Gandouet & Meunier (2007), "HyperLogLog"; Ertl (2017), arXiv:1702.01284 (the estimator of sizes).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.engines import Engine, balanced_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.hyperball import first_registers, widen_rows
from swayrank.kernels.random import REGISTERS
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures._work import Work
from swayrank.measures.registry import register

Floats = npt.NDArray[np.float64]
Registers = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_ARCS_PER_CHUNK = 1 << 16
_MOST_CHUNKS = 256
_EFFECTIVE = 0.9
# Passes in which most counters still grow, where distances are those of a social network.
_TYPICAL_PASSES = 6


def _work(graph: Graph, params: Mapping[str, Any]) -> Work:
    """Measured: 8 ns and 0.2 ns per register for each arc and pass."""
    n, n_registers = graph.n_nodes, 1 << params["log2m"]
    steps = _TYPICAL_PASSES * float(graph.n_edges + n)
    return Work(steps, 8 + 0.2 * n_registers, n * (2.0 * n_registers + 40.0))


@register(
    name="hyperball_harmonic",
    needs="graph",
    reads="along",
    exact=False,
    cost="O(m 2^log2m) per step of distance",
    citation="Boldi & Vigna 2013, arXiv:1308.2144",
    work=_work,
)
@domains(log2m=Integer(4, 16), confidence=Interval(0, 1, "()"), scale=OneOf("raw", "fraction"))
def hyperball_harmonic(
    graph: Graph,
    *,
    log2m: int = 8,
    confidence: float = 0.95,
    scale: str = "raw",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate how near all others are to every account, as the sum of 1 / distance, by HyperBall.

    Read along the arcs: distances from the others to the account.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    log2m : int, default=8
        Each ball is counted by 2**log2m registers of a byte, log2m in [4, 16]; relative standard error
        1.04 / sqrt(2**log2m), 6.5 % at the default.
    confidence : float, default=0.95
        Nominal coverage of each interval, in (0, 1).
    scale : {"raw", "fraction"}, default="raw"
        The sum over the n - 1 others, as NetworkX, or their mean, in [0, 1].
    rng : int, numpy.random.Generator or None, default=None
        Randomness of the hashes. None draws a key and records it.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the steps done.

    Returns
    -------
    Measure
        float64 estimates with nominal `interval` and `std_error`, and `n_iter`, the steps until no ball grew.

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    References
    ----------
    Boldi & Vigna (2013), arXiv:1308.2144

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])
    >>> m = sr.hyperball_harmonic(g, rng=7)
    >>> round(m.value("eve"), 2), m.n_iter           # exactly 2.5
    (2.52, 2)
    """
    key, n = resolve_rng(rng), graph.n_nodes
    balls = _grow(graph, log2m, key, "hyperball_harmonic", resolve_engine(engine, threads), progress)
    most = float(max(n - 1, 0))
    unit = 1.0 if scale == "raw" else 1 / max(1.0, most)
    values = np.minimum(balls.harmonic, most) * unit
    return _measure("hyperball_harmonic", graph, balls, values, _rel_error(log2m), most * unit, confidence, key)


@register(
    name="hyperball_closeness",
    needs="graph",
    reads="along",
    exact=False,
    cost="O(m 2^log2m) per step of distance",
    citation="Boldi & Vigna 2013, arXiv:1308.2144; Wasserman & Faust 1994",
    work=_work,
)
@domains(log2m=Integer(4, 16), confidence=Interval(0, 1, "()"))
def hyperball_closeness(
    graph: Graph,
    *,
    log2m: int = 8,
    confidence: float = 0.95,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Measure:
    """Estimate the closeness of every account by Wasserman & Faust, by HyperBall.

    Read along the arcs: distances from the others to the account, as ``networkx.closeness_centrality``.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    log2m : int, default=8
        Each ball is counted by 2**log2m registers of a byte, log2m in [4, 16]; the relative standard error is taken at
        2.08 / sqrt(2**log2m), 13 % at the default.
    confidence : float, default=0.95
        Nominal coverage of each interval, in (0, 1).
    rng : int, numpy.random.Generator or None, default=None
        Randomness of the hashes. None draws a key and records it.
    engine : str or Engine, default="local"
        Where the work runs.
    threads : int or None, default=None
        How many threads; None for all that the process may use. Changes no bit.
    progress : bool, callable or None, default=None
        Show the steps done.

    Returns
    -------
    Measure
        float64 estimates in [0, 1] with nominal `interval` and `std_error`, and `n_iter`, the steps until no ball grew.

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    References
    ----------
    Boldi & Vigna (2013), arXiv:1308.2144

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])
    >>> m = sr.hyperball_closeness(g, rng=7)
    >>> round(m.value("eve"), 2)                     # exactly 0.75
    0.76
    """
    key, n = resolve_rng(rng), graph.n_nodes
    balls = _grow(graph, log2m, key, "hyperball_closeness", resolve_engine(engine, threads), progress)
    reached = balls.sizes - 1
    far = balls.distances * max(n - 1, 1)
    values = np.minimum(np.divide(reached**2, far, out=np.zeros(n), where=far > 0), 1.0)
    return _measure("hyperball_closeness", graph, balls, values, 2 * _rel_error(log2m), 1.0, confidence, key)


@dataclass(frozen=True)
class NeighbourhoodFunction:
    """How many pairs of accounts lie within each distance, estimated.

    Attributes
    ----------
    pairs : numpy.ndarray of float64, shape (n_iter + 1,)
        ``pairs[t]``: pairs (u, v) with a distance of at most t, those of an account with itself included.
    effective_diameter : float
        The least distance, interpolated, within which 90 % of the pairs lie that are connected at all.
    mean_distance : float
        Of the connected pairs of two accounts; NaN where there are none.
    rel_std_error : float
        Nominal relative standard error of each number of pairs.
    params : mapping of str to object
        What the numbers depend on.
    """

    pairs: Floats
    effective_diameter: float
    mean_distance: float
    rel_std_error: float
    params: Mapping[str, object]


@domains(log2m=Integer(4, 16))
def neighbourhood_function(
    graph: Graph,
    *,
    log2m: int = 8,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> NeighbourhoodFunction:
    """Estimate how many pairs of accounts lie within each distance, and the effective diameter, by HyperBall.

    Read along the arcs.

    Parameters
    ----------
    graph : Graph
        The follow graph.
    log2m, rng, engine, threads, progress
        As :func:`hyperball_harmonic` takes them.

    Returns
    -------
    NeighbourhoodFunction

    Raises
    ------
    ParameterError
        For a parameter outside its domain.

    References
    ----------
    Boldi & Vigna (2013), arXiv:1308.2144
    Palmer, Gibbons & Faloutsos (2002), doi:10.1145/775047.775059: the effective diameter.

    Examples
    --------
    A chain of five has 5, 9, 12, 14 and 15 pairs within 0, 1, 2, 3 and 4 steps:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4])
    >>> found = sr.neighbourhood_function(g, log2m=12, rng=7)
    >>> found.pairs.round(1), round(found.effective_diameter, 2)
    (array([ 5.,  9., 12., 14., 15.]), 2.75)
    """
    check_graph("neighbourhood_function", graph)
    key = resolve_rng(rng)
    balls = _grow(graph, log2m, key, "neighbourhood_function", resolve_engine(engine, threads), progress)
    pairs = balls.pairs
    connected = pairs[-1] - graph.n_nodes
    return NeighbourhoodFunction(
        pairs=pairs,
        effective_diameter=_first_reach(pairs, _EFFECTIVE * pairs[-1]),
        mean_distance=float(balls.distances.sum() / connected) if connected > 0 else math.nan,
        rel_std_error=_rel_error(log2m),
        params={"log2m": log2m, "rng": key.record},
    )


def _first_reach(pairs: Floats, wanted: float) -> float:
    """Where a line through the points (t, pairs[t]) reaches `wanted`."""
    t = int(np.searchsorted(pairs, wanted))
    if t == 0:
        return 0.0
    return t - 1 + float((wanted - pairs[t - 1]) / (pairs[t] - pairs[t - 1]))


def _rel_error(log2m: int) -> float:
    return 1.04 / math.sqrt(1 << log2m)


def _measure(
    name: str, graph: Graph, balls: _Balls, values: Floats, rel_error: float, most: float, confidence: float, key: Key
) -> Measure:
    std_error = rel_error * values
    half = NormalDist().inv_cdf((1 + confidence) / 2) * std_error
    return Measure(
        name,
        values,
        graph.ids,
        n_iter=balls.pairs.size - 1,
        interval=(np.maximum(values - half, 0.0), np.minimum(values + half, most)),
        std_error=std_error,
        params={"rng": key.record},
    )


# -- growing balls -----------------------------------------------------------------------------------------------------


class _Balls(NamedTuple):
    """What the sizes of all balls sum up to, by account in public order, and by distance."""

    sizes: Floats
    harmonic: Floats
    distances: Floats
    pairs: Floats


class _Step(NamedTuple):
    """All that one step reads, in the private order."""

    graph: Graph
    registers: Registers
    changed: Flags
    sizes: Floats


def _grow(graph: Graph, log2m: int, key: Key, label: str, runner: Engine, progress: Progress) -> _Balls:
    """Widen all balls until none grows."""
    n, private = graph.n_nodes, graph.relabelled("in_degree")
    registers = np.zeros((n, 1 << log2m), np.uint8)
    # An account's hash hangs on its public number, so that private orders change nothing.
    first_registers(read_only(private.order), key.hi, key.lo, REGISTERS, log2m, registers)
    bounds = balanced_bounds(private.in_indptr, min(_MOST_CHUNKS, 1 + graph.n_edges // _ARCS_PER_CHUNK))
    step, wider = _Step(graph, registers, np.ones(n, bool), np.ones(n)), np.empty_like(registers)
    harmonic, distances, pairs = np.zeros(n), np.zeros(n), [float(n)]
    with track(progress, label) as tell:
        while step.changed.any():
            changed, sizes = np.empty(n, bool), np.empty(n)
            parts = runner.map(_widen, step, bounds)
            for start, stop, part in zip(bounds[:-1], bounds[1:], parts, strict=True):
                wider[start:stop], changed[start:stop], sizes[start:stop] = part
            if changed.any():
                distance = len(pairs)
                harmonic += (sizes - step.sizes) / distance
                distances += (sizes - step.sizes) * distance
                pairs.append(math.fsum(sizes))
            step, wider = _Step(graph, wider, changed, sizes), step.registers
            tell(1)
    public = private.to_public
    return _Balls(public(step.sizes), public(harmonic), public(distances), np.array(pairs))


def _widen(step: _Step, start: int, stop: int) -> tuple[Registers, Flags, Floats]:
    """Rows start..stop one step wider, whether they grew, and their sizes."""
    rows = step.graph.relabelled("in_degree")
    wider = np.empty((stop - start, step.registers.shape[1]), np.uint8)
    grown, sizes = np.empty(stop - start, bool), step.sizes[start:stop].copy()
    widen_rows(
        read_only(rows.in_indptr),
        read_only(rows.in_indices),
        read_only(step.registers),
        read_only(step.changed),
        start,
        stop,
        wider,
        grown,
        sizes,
    )
    return wider, grown, sizes
