"""The answer of a measure of arcs: one number per arc, with what is needed to read, trust and repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._validate import Integer, check
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.measures._measure import highest
from swayrank.tables import frame

Values = npt.NDArray[Any]

_ROWS_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class ArcMeasure:
    """One number per arc of a graph.

    Attributes
    ----------
    name : str
        The measure's name in the registry.
    values : numpy.ndarray, shape (n_edges,)
        ``values[a]`` belongs to the arc ``(u[a], v[a])`` of ``graph.edges()``. Read-only. Of an undirected edge both
        arcs have the number of the edge.
    graph : Graph
        The graph.
    params : mapping of str to object
        Every parameter that the numbers depend on, defaults included.
    error_bound : float or None
        How far the values may lie from the exact ones. None for exact counts.
    provenance : mapping of str to object
        Content hash of the data, version of swayrank.

    Examples
    --------
    >>> import numpy as np
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    >>> m = ArcMeasure("length", np.array([2.0, 5.0]), g)
    >>> m
    length of 2 arcs
    rank  source  target  length
       1  bob     cem          5
       2  ada     bob          2
    >>> m.value("ada", "bob")
    2.0
    """

    name: str
    values: Values
    graph: Graph
    params: Mapping[str, object] = field(default_factory=dict)
    error_bound: float | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.shape != (self.graph.n_edges,):
            raise ParameterError(
                f"values must have shape ({self.graph.n_edges},), one per arc, got {self.values.shape}"
            )
        self.values.flags.writeable = False

    def __len__(self) -> int:
        return self._rows().size

    def value(self, source: int | str, target: int | str) -> float | int:
        """The number of one arc.

        Parameters
        ----------
        source, target : int or str
            Ids of its ends.

        Returns
        -------
        float or int

        Raises
        ------
        UnknownAccountError
            If no account has such an id.
        ParameterError
            If there is no such arc.
        """
        u, v = self.graph.position(source), self.graph.position(target)
        start, stop = int(self.graph.indptr[u]), int(self.graph.indptr[u + 1])
        arc = start + int(np.searchsorted(self.graph.indices[start:stop], v))
        if arc == stop or self.graph.indices[arc] != v:
            raise ParameterError(f"the graph has no arc from {source!r} to {target!r}")
        number: float | int = self.values[arc].item()
        return number

    def top(self, k: int = 10) -> list[tuple[int | str, int | str, float | int]]:
        """The `k` highest arcs, as (source, target, value), best first; ties in the order of the arcs.

        Of an undirected edge one arc is told.
        """
        check("k", k, Integer(1))
        rows = self._rows()
        u, v = self.graph.edges()
        arcs = rows[highest(self.values[rows], k)]
        ids = self.graph.ids
        return [(ids[int(u[a])], ids[int(v[a])], self.values[a].item()) for a in arcs]

    def to_frame(self, backend: str = "pandas") -> Any:
        """The whole measure as a dataframe.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Which library's table.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Columns ``source``, ``target`` and the measure's name; one row per arc, or per undirected edge.

        Raises
        ------
        MissingDependencyError
            If that library is not installed.
        """
        import pyarrow as pa

        rows = self._rows()
        names = self.graph.ids.to_arrow()
        u, v = (pa.array(ends[rows]) for ends in self.graph.edges())
        return frame({"source": names.take(u), "target": names.take(v), self.name: self.values[rows]}, backend)

    def _rows(self) -> npt.NDArray[np.intp]:
        """The arcs that stand for a row: all, or of an undirected graph one for each edge."""
        u, v = self.graph.edges()
        return np.arange(u.size) if self.graph.directed else np.flatnonzero(u <= v)

    def __repr__(self) -> str:
        told = "arcs" if self.graph.directed else "edges"
        cells = [("rank", "source", "target", self.name)]
        top = self.top(_ROWS_SHOWN)
        cells += [(str(rank), str(u), str(v), f"{value:.6g}") for rank, (u, v, value) in enumerate(top, 1)]
        wide = [max(len(row[column]) for row in cells) for column in range(4)]
        lines = [f"{r:>{wide[0]}}  {u:<{wide[1]}}  {v:<{wide[2]}}  {x:>{wide[3]}}" for r, u, v, x in cells]
        n = len(self)
        more = [f"... and {n - _ROWS_SHOWN:,} more"] if n > _ROWS_SHOWN else []
        return "\n".join([f"{self.name} of {n:,} {told}", *lines, *more])
