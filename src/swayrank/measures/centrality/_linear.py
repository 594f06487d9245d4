"""Linear iterations over a graph's arcs: what eigenvector centrality, Katz centrality and HITS share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.engines import Bounds, Engine, balanced_bounds
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.spmv import affine_rows
from swayrank.measures.centrality._weights import arc_weights

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

_ARCS_PER_CHUNK = 1 << 19
_MOST_CHUNKS = 256


class Step(NamedTuple):
    """What a step did: the sum and the L2 norm of the new vector, the L2 norm of the change, and the largest change and
    value in the given units.
    """

    total: float
    norm: float
    change: float
    furthest: float
    highest: float


class _Task(NamedTuple):
    rows: Rows
    x: Floats
    scale: float
    shift: float
    constant: float
    unit: Floats


@dataclass(frozen=True)
class Rows:
    """The arcs of a graph from one side, with weights where there are any (else none)."""

    indptr: Array
    indices: Array
    weights: Floats
    bounds: Bounds

    @classmethod
    def of(cls, graph: Graph, weight: str | None, *, incoming: bool) -> Rows:
        """The in-arcs (to sum over followers) or the out-arcs of every account."""
        weights = np.zeros(0) if weight is None else arc_weights(graph, weight, incoming=incoming)
        indptr = graph.in_indptr if incoming else graph.indptr
        indices = graph.in_indices if incoming else graph.indices
        bounds = balanced_bounds(indptr, min(_MOST_CHUNKS, 1 + graph.n_edges // _ARCS_PER_CHUNK))
        return cls(indptr, indices, weights, bounds)

    def step(
        self,
        x: Floats,
        out: Floats,
        runner: Engine,
        *,
        scale: float = 1.0,
        shift: float = 0.0,
        constant: float = 0.0,
        unit: Floats | None = None,
    ) -> Step:
        """Out = scale * (A x + shift * x) + constant, and how far that is from x, in units of `unit` (by default 1)."""
        task = _Task(self, x, scale, shift, constant, np.ones(x.size) if unit is None else unit)
        parts = list(runner.map(_step_rows, task, self.bounds, out=out))
        # fsum is exact: the order of the chunks does not matter.
        total, squares, changed = (math.fsum(part[i] for part in parts) for i in range(3))
        furthest, highest = (max((part[i] for part in parts), default=0.0) for i in (3, 4))
        return Step(total, math.sqrt(squares), math.sqrt(changed), furthest, highest)


def _step_rows(task: _Task, start: int, stop: int, out: Floats) -> tuple[float, float, float, float, float]:
    rows = task.rows
    done: tuple[float, float, float, float, float] = affine_rows(
        read_only(rows.indptr),
        read_only(rows.indices),
        read_only(rows.weights),
        read_only(task.x),
        task.scale,
        task.shift,
        task.constant,
        read_only(task.unit),
        start,
        stop,
        out,
    )
    return done
