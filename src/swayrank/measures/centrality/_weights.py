"""Arc weights as the kernels want them: one float64 per arc, checked once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only

Floats = npt.NDArray[np.float64]


def arc_weights(graph: Graph, weight: str, *, incoming: bool = False, negative: bool = False) -> Floats:
    """Read a weight column as float64.

    Parameters
    ----------
    graph : Graph
        The graph.
    weight : str
        Name of a column.
    incoming : bool, default=False
        In the order of the in-arcs instead of the out-arcs.
    negative : bool, default=False
        Whether weights below 0 are allowed.

    Returns
    -------
    numpy.ndarray of float64, shape (n_edges,)
        Read-only.

    Raises
    ------
    ParameterError
        If there is no such column, or it holds a value that is no finite number, or a negative one.
    """
    if not isinstance(weight, str) or weight not in graph.columns:
        there = ", ".join(repr(name) for name in graph.columns) or "none"
        raise ParameterError(f"weight must be the name of a column of the graph, got {weight!r}; its columns: {there}")
    column = graph.in_column(weight) if incoming else graph.column(weight)
    if column.dtype.kind not in "iufb":
        raise ParameterError(f"weight must name a column of numbers; {weight!r} holds {column.dtype}")
    values = np.ascontiguousarray(column, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ParameterError(f"weight {weight!r} holds values that are no finite numbers: drop or fill those arcs")
    if not negative and values.size and values.min() < 0:
        raise ParameterError(f"weight {weight!r} must be >= 0 everywhere, got {values.min():g}")
    return read_only(values)


def as_numbers(name: str, values: object) -> Floats:
    """What a parameter called `name` holds, as new float64 numbers.

    Raises
    ------
    ParameterError
        If that is no array of numbers.
    """
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must hold numbers, got {values!r}") from None
