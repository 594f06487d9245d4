"""The rows of a graph in which an account's ties stand when the direction of its arcs does not count."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.graph import Graph
from swayrank.ids import read_only

Rows = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def tie_rows(graph: Graph, of: str = "all") -> tuple[npt.NDArray[Any], ...]:
    """Row pointers and nodes of the out-rows, then of the in-rows, read-only; rows that are not wanted are empty.

    `of` is "out" (those followed), "in" (followers) or "all". An undirected edge stands in the out-rows of both ends,
    so that they are all that there is to read.
    """
    none: Rows = (np.zeros(graph.n_nodes + 1, np.uint64), np.zeros(0, np.uint32))
    out: Rows = (graph.indptr, graph.indices)
    if of == "in":
        out = (graph.in_indptr, graph.in_indices)
    incoming = (graph.in_indptr, graph.in_indices) if of == "all" and graph.directed else none
    return tuple(read_only(array) for array in (*out, *incoming))


def ties(graph: Graph, values: npt.NDArray[np.float64] | None = None) -> Graph:
    """The undirected graph of who is tied to whom, without self-loops; `values` of arcs are summed as "weight".

    Of an undirected graph each edge has its own value once.
    """
    u, v = graph.edges()
    kept = (u != v) if graph.directed else (u < v)
    weight = None if values is None else values[kept]
    return Graph.from_edges(u[kept], v[kept], n_nodes=graph.n_nodes, weight=weight, direction="undirected")
