r"""Linear ranks kept current: x = b + f M x, as estimate and residual; see :mod:`swayrank.kernels.live_push`.

Two of them:

- PageRank. M passes a node's value on in equal shares, f is the damping d and b = 1 - d, whatever the number of nodes.
  Dangling nodes pass on nothing; dividing y by its sum S puts that right: with dangling mass spread evenly, PageRank is
  y / S (the mass that they would spread changes b by a factor, and y with it). Since no column of M has a sum above 1,
  the error of y is at most e = \|r\|_1 / (1 - d) in the L1 norm, and that of y / S at most 2 e / S: e / S from y, and
  as much from S.
- Katz. M passes the whole value on to each, f = alpha, b = 1. If no residual is above t in size then
  \|x - x*\| <= t x* holds for every account: x - x* = (I - alpha A^T)^{-1} r, and that matrix, which is >= 0, turns 1
  into x*. Such an x > 0 with t < 1 also proves that alpha is below the inverse of the largest eigenvalue (Collatz,
  Wielandt).

Both count what rounding may have done to the residuals; when that takes too large a part of the tolerance, all
residuals are computed anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayrank.errors import ConvergenceError
from swayrank.kernels.live_push import pass_rows, residuals, sweep
from swayrank.measures.live.rows import Rows, grown

Floats = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]

# Sweeps without any gain before rounding is blamed (residuals may well grow for a while where they are large), and how
# much growth, or how many sweeps, tell that there is no end.
_PATIENCE, _EXPLOSION, _MOST_SWEEPS = 64, 1e6, 10_000


@dataclass(frozen=True)
class Work:
    """What it took: nodes pushed, and arcs over which something was passed on."""

    pushes: int
    arcs: int


class NoSolutionError(ConvergenceError):
    """There seems to be no solution."""


class Ranks:
    """A linear rank of a graph that changes.

    Parameters
    ----------
    rows : Rows
        The graph.
    constant, factor : float
        b and f.
    shared : bool
        Whether a node's value is shared among those it follows (PageRank) or given to each (Katz).
    floor : float
        Residuals up to this are left alone.
    values : numpy.ndarray of float64, shape (n_nodes,)
        Where to start.
    """

    def __init__(
        self, rows: Rows, *, constant: float, factor: float, shared: bool, floor: float, values: Floats
    ) -> None:
        self._rows, self.floor = rows, floor
        self._constant, self._factor, self._shared = constant, factor, int(shared)
        self._n, size = rows.n_nodes, rows.capacity
        self._x, self._r = grown(values, size), np.zeros(size)
        # A node that is pushed may be listed again in the same sweep.
        self._listing, self._listed = np.zeros(2 * size, np.uint32), np.zeros(size, np.uint8)
        self._sums, self._counts = np.zeros(2), np.zeros(3, np.uint64)
        self.recompute()

    @property
    def work(self) -> Work:
        """All that was done since the start."""
        return Work(int(self._counts[1]), int(self._counts[2]))

    @property
    def mass(self) -> float:
        """A bound on the sum of all residuals' sizes, rounding included."""
        return float(self._sums[0] + self._sums[1])

    @property
    def rounding(self) -> float:
        """What rounding may have done to all residuals together."""
        return float(self._sums[1])

    @property
    def is_settled(self) -> bool:
        """Whether no residual is above the floor."""
        return int(self._counts[0]) == 0

    @property
    def values(self) -> Floats:
        """x, as it is now."""
        return self._x[: self._n]

    @property
    def residual(self) -> Floats:
        """r, as it is now."""
        return self._r[: self._n]

    def recompute(self) -> None:
        """All residuals anew, O(n + m); the rounding of the past is forgotten."""
        residuals(
            self._constant, self._factor, self._shared, self.floor, self._n, *self._rows.view.ins,
            self._x, self._r, self._listing, self._listed, self._sums, self._counts,
        )  # fmt: skip

    def grow(self) -> None:
        """Follow the rows, which have new nodes without arcs: their value is the constant, exactly."""
        size = self._rows.capacity
        if size > self._x.size:
            self._x, self._r = grown(self._x, size), grown(self._r, size)
            self._listing, self._listed = grown(self._listing, 2 * size), grown(self._listed, size)
        self._x[self._n : self._rows.n_nodes] = self._constant
        self._n = self._rows.n_nodes

    def before(self, nodes: U32) -> None:
        """The out-rows of `nodes` (each once) are about to change."""
        self._pass_rows(nodes, -1.0)

    def after(self, nodes: U32) -> None:
        """The out-rows of `nodes` have changed."""
        self._pass_rows(nodes, 1.0)

    def _pass_rows(self, nodes: U32, sign: float) -> None:
        pass_rows(
            nodes, sign, self._factor, self._shared, self.floor, *self._rows.view.outs,
            self._x, self._r, self._listing, self._listed, self._sums, self._counts,
        )  # fmt: skip

    def replace(self, values: Floats) -> None:
        """Go on from other values."""
        self._x[: self._n] = values
        self.recompute()

    def settle(self, target: float, name: str, most_arcs: float = math.inf) -> bool:
        """Push until the residuals' sum is at most `target`, or none is above the floor.

        Stops, and gives False, once that has led over more than `most_arcs` arcs.
        """
        n_sweeps, least, idle = 0, self.mass, 0
        most = self.work.arcs + most_arcs
        ceiling = _EXPLOSION * (least + self._constant * max(1, self._n))
        while self.mass > target and not self.is_settled:
            if self.work.arcs > most:
                return False
            sweep(
                self._factor, self._shared, self.floor, *self._rows.view.outs,
                self._x, self._r, self._listing, self._listed, self._sums, self._counts,
            )  # fmt: skip
            n_sweeps += 1
            idle = 0 if self.mass < least else idle + 1
            least = min(least, self.mass)
            stuck = idle > _PATIENCE and self.mass < 1e-3 * self._constant * self._n
            if stuck:
                raise ConvergenceError(f"{name} has not come to rest after {n_sweeps} sweeps: raise tol")
            if n_sweeps == _MOST_SWEEPS or not self.mass < ceiling:
                raise NoSolutionError(f"{name} grows without end")
        return True
