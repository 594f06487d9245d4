"""Core numbers kept current; see :mod:`swayrank.kernels.live_cores` for why so little need be looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.kernels.live_cores import candidates, settle
from swayrank.measures.live.rows import Flags, Rows, grown

U32 = npt.NDArray[np.uint32]

# One arc in so many of the graph, and at least so many: from there on peeling all is the shorter way.
LARGE_SHARE, LARGE_AT_LEAST = 1 / 1024, 64
# So does an update whose searches have looked at so many neighbours, as shares of the arcs: an edge in a dense core of
# equal numbers makes each search look at all of it.
SEARCHED_SHARE, SEARCHED_AT_LEAST = 1 / 8, 10_000


def is_large(n_changes: int, n_arcs: int) -> bool:
    """Whether so many changes are better met by peeling the whole graph once.

    >>> is_large(100, 16_000_000), is_large(100, 1000)
    (False, True)
    """
    return n_changes > max(LARGE_AT_LEAST, LARGE_SHARE * n_arcs)


class Cores:
    """The core numbers of a graph that changes (neighbours either way, self-loops not counted).

    Parameters
    ----------
    rows : Rows
        The graph.
    core : numpy.ndarray of uint32, shape (n_nodes,)
        Its core numbers now.
    visits : int, default=0
        How many nodes were looked at before.

    Attributes
    ----------
    is_lost : bool
        Whether the search was given up, so that the numbers must be computed anew.
    """

    def __init__(self, rows: Rows, core: U32, visits: int = 0) -> None:
        self._rows = rows
        self._core = core.astype(np.uint32)
        self._visits = np.array([visits, 0], np.uint64)
        self.is_lost = False
        self._make_room(rows.capacity)

    def grow(self) -> None:
        """Follow the rows, which may have new nodes without arcs."""
        if self._rows.capacity > self._core.size:
            self._make_room(self._rows.capacity)

    def _make_room(self, size: int) -> None:
        self._core = grown(self._core, size)
        self._queue, self._queued = np.empty(size, np.uint32), np.zeros(size, np.uint8)
        self._found, self._others = np.empty(size, np.uint32), np.empty(size, np.uint32)

    @property
    def visits(self) -> int:
        """How many nodes have been looked at."""
        return int(self._visits[0])

    def values(self) -> U32:
        """The core numbers."""
        return self._core[: self._rows.n_nodes].copy()

    def remove(self, u: U32, v: U32) -> Flags:
        """Take arcs out of the rows, and follow."""
        changed = self._rows.change(u, v, adding=False)
        ends = np.unique(np.concatenate([u[changed], v[changed]]))
        self._queue[: ends.size] = ends
        self._queued[ends] = 1
        self._settle(ends.size)
        return changed

    def add(self, u: U32, v: U32) -> Flags:
        """Put arcs into the rows, and follow, one by one: each may raise a core number by one."""
        changed = np.zeros(u.size, np.bool_)
        most = int(self._visits[1]) + max(SEARCHED_AT_LEAST, SEARCHED_SHARE * self._rows.n_arcs)
        for i in range(u.size):
            if self._visits[1] > most:
                changed[i:] = self._rows.change(u[i:], v[i:], adding=True)
                self.is_lost = True
                break
            changed[i] = self._rows.change(u[i : i + 1], v[i : i + 1], adding=True)[0]
            if changed[i] and not self._rows.has(int(v[i]), int(u[i])):
                self._raise(int(u[i]), int(v[i]))
        return changed

    def _raise(self, u: int, v: int) -> None:
        waiting = candidates(
            u, v, *self._rows.view.both, self._core, self._queue, self._queued, self._found, self._others, self._visits
        )
        self._settle(int(waiting))

    def _settle(self, waiting: int) -> None:
        settle(*self._rows.view.both, self._core, self._queue, self._queued, waiting, self._found, self._visits)
