"""Fixed points x = b + M x with M >= 0: walks that end sooner or later, passed over the in-arcs until a bound holds.

``M[v, u] = w[u, v] * scale[u]`` for every arc u -> v. The passes start at x = b, and leap ahead where they can
(:class:`Leap`). Two true bounds come out of a pass x' = b + M x with residual r = x' - x, which is computed, not
assumed:

- *L1*: if the columns of M sum to at most c < 1, the distance of x' to the exact x* is at most ``c |r| / (1 - c)``.
- *relative*: if ``low b <= r <= high b`` in every row, then, since (I - M)^-1 >= 0 and x* = (I - M)^-1 b, the rest
  x* - x' lies between ``low / (1 - low)`` and ``high / (1 - high)`` times x' (Collatz's and Wielandt's quotients, taken
  of the residual). So every value is known to a share of itself, and no column sum is needed.

Both hold with rounding: a residual may be off by 2^-52 of the new value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, balanced_bounds
from swayrank.errors import ConvergenceError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.pull import affine_rows, pull_rows
from swayrank.measures.centrality._weights import Floats

_ARCS_PER_CHUNK = 1 << 19
_MOST_CHUNKS = 256
_ROUNDING = 2.0**-52


@dataclass(frozen=True)
class Affine:
    """The system: rows pulled from, M's factors, and b.

    Attributes
    ----------
    graph : Graph
        Its in-arcs are pulled over.
    in_weights : numpy.ndarray of float64, shape (n_edges,) or (0,)
        In the order of the in-arcs; empty where every arc weighs 1.
    scale : numpy.ndarray of float64, shape (n_nodes,)
        What an account hands to each unit of weight.
    constant : numpy.ndarray of float64, shape (n_nodes,)
        b.
    """

    graph: Graph
    in_weights: Floats
    scale: Floats
    constant: Floats


@dataclass(frozen=True)
class Change:
    """What one pass tells: the sums of |r| and of x', and the least and greatest r / b."""

    moved: float
    mass: float
    low: float
    high: float

    def l1(self, contraction: float) -> float:
        """Bound on the L1 distance to the exact vector, `contraction` being M's greatest column sum."""
        return (contraction * self.moved + _ROUNDING * self.mass) / (1 - contraction)

    def relative(self) -> float:
        """Bound on every value's distance to the exact one, as a share of the value."""
        if self.mass == 0:
            return 0.0
        if self.high >= 1:
            return math.inf
        return max(self.high / (1 - self.high), -self.low / (1 - self.low)) + _ROUNDING

    def at_rest(self) -> bool:
        """Whether nothing but rounding moves."""
        return self.moved <= 2 * _ROUNDING * self.mass


class Leap:
    """Leaps ahead once the passes x' = F(x), F affine, move along one slow mode alone.

    With steps r and r' in a row and q = |r'| / |r|, going on for ever would add ``r' q / (1 - q)``, if r' = q r. The
    step that follows such a leap is M (r' - q r) / (1 - q), whose L1 length is known beforehand to be at most
    ``|r' - q r| / (1 - q)`` where M's columns sum to 1 at most. So a leap is taken only where that is half of what the
    next plain step would be, and no graph needs more passes for it; graphs of hubs need 25 instead of 500.
    """

    def __init__(self) -> None:
        self._step: Floats | None = None
        self._length = 0.0

    def taken(self, before: Floats, after: Floats, floor: Floats | float) -> Floats:
        """Where to go on from after a pass: `after` itself, or ahead of it, but nowhere below `floor`."""
        step = after - before
        length = float(np.abs(step).sum())
        last, last_length = self._step, self._length
        self._step, self._length = step, length
        if last is None or not 0 < length < last_length:
            return after
        q = length / last_length
        left = float(np.abs(step - q * last).sum()) / (1 - q)
        if left > q * length / 2:
            return after
        ahead: Floats = after + q / (1 - q) * step
        if (ahead < floor).any():
            return after
        self._step = None
        return ahead


@dataclass(frozen=True)
class _Pass:
    system: Affine
    handed: Floats
    x: Floats


def solve(
    system: Affine,
    error: Callable[[Change], float],
    *,
    name: str,
    tol: float,
    limit: int,
    engine: Engine,
    progress: Progress = None,
) -> tuple[Floats, float, int]:
    """Pass until `error` is at most `tol`.

    Parameters
    ----------
    system : Affine
        The system.
    error : callable
        The bound that a pass proves, in the measure's own terms.
    name : str
        Of the measure, for messages and progress.
    tol : float
        What the bound must reach.
    limit : int
        Most passes.
    engine : Engine
        Where the work runs.
    progress : bool, callable or None, default=None
        Show the passes done.

    Returns
    -------
    x : numpy.ndarray of float64, shape (n_nodes,)
    bound : float
    n_iter : int

    Raises
    ------
    ConvergenceError
        If the passes end, or only rounding moves, before that.
    """
    x, spare = system.constant, np.empty(system.graph.n_nodes)
    bounds = row_bounds(system.graph.in_indptr)
    leap = Leap()
    with track(progress, name, total=limit) as step:
        for n_iter in range(1, limit + 1):
            state = _Pass(system, x * system.scale, x)
            change = _joined(list(engine.map(_affine_chunk, state, bounds, out=spare)))
            bound = error(change)
            step(1)
            if bound <= tol:
                return spare, bound, n_iter
            if change.at_rest():
                break
            ahead = leap.taken(x, spare, system.constant)
            if ahead is not spare:
                x = ahead
            else:  # the first x is b itself, which stays as it is
                x, spare = spare, np.empty_like(spare) if n_iter == 1 else x
    cure = "raise tol, rounding is in its way" if change.at_rest() else f"raise max_iter (now {limit}) or tol"
    raise ConvergenceError(
        f"{name} reached an error bound of {bound:.3g} after {n_iter} passes, not tol={tol:g}: {cure}"
    )


def passes_needed(contraction: float, tol: float, constant: Floats) -> int:
    """How many passes the relative bound can need, M's columns summing to `contraction` at the most, and a few more.

    After t passes |r| is at most ``contraction^t sum(b)``, and no r / b is more than |r| over the least b.
    """
    if contraction == 0 or not constant.any():
        return 2
    spread = min(1e300, float(constant.sum() / constant[constant > 0].min()))
    return 4 + max(0, math.ceil(math.log(tol / (8 * spread)) / math.log(contraction)))


def pull(
    indptr: npt.NDArray[np.uint64], indices: npt.NDArray[np.uint32], weights: Floats, x: Floats, engine: Engine
) -> Floats:
    """Sum, over each row's arcs, the weight of the arc times x at its end.

    Parameters
    ----------
    indptr, indices : numpy.ndarray
        The rows.
    weights : numpy.ndarray of float64, shape (n_edges,) or (0,)
        In the order of the rows; empty where every arc weighs 1.
    x : numpy.ndarray of float64, shape (n_nodes,)
        What is gathered.
    engine : Engine
        Where the work runs.

    Returns
    -------
    numpy.ndarray of float64, shape (n_nodes,)
    """
    out = np.zeros(indptr.size - 1)
    for _ in engine.map(_pull_chunk, (indptr, indices, weights, x), row_bounds(indptr), out=out):
        pass
    return out


def inverse(values: Floats) -> Floats:
    """1 / values, and 0 where a value is 0."""
    return np.divide(1.0, values, out=np.zeros(values.size), where=values > 0)


def row_bounds(indptr: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Edges of the chunks of rows."""
    return balanced_bounds(indptr, min(_MOST_CHUNKS, 1 + int(indptr[-1]) // _ARCS_PER_CHUNK))


def _joined(parts: list[tuple[float, float, float, float]]) -> Change:
    moved, mass, low, high = zip(*parts, strict=True)
    # fsum is exact, so not even the order of the chunks could matter.
    return Change(math.fsum(moved), math.fsum(mass), min(low), max(high))


def _affine_chunk(inputs: _Pass, start: int, stop: int, out: Floats) -> tuple[float, float, float, float]:
    graph = inputs.system.graph
    result: tuple[float, float, float, float] = affine_rows(
        read_only(graph.in_indptr),
        read_only(graph.in_indices),
        read_only(inputs.system.in_weights),
        read_only(inputs.system.constant),
        read_only(inputs.handed),
        read_only(inputs.x),
        start,
        stop,
        out,
    )
    return result


def _pull_chunk(inputs: tuple[np.ndarray, np.ndarray, Floats, Floats], start: int, stop: int, out: Floats) -> None:
    indptr, indices, weights, x = inputs
    pull_rows(read_only(indptr), read_only(indices), read_only(weights), read_only(x), start, stop, out)
