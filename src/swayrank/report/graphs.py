"""A graph in a notebook: its size, and who is followed most. Its figure is the map (:mod:`.network_map`)."""

from __future__ import annotations

import numpy as np

from swayrank._render import renders
from swayrank.graph import Graph
from swayrank.measures._measure import highest
from swayrank.report.canvas import table

_ROWS = 10


@renders("Graph", "html")
def as_html(graph: Graph) -> str:
    """The most followed accounts, or those of most neighbours, as a table."""
    best = highest(graph.in_degree, _ROWS).tolist()
    follows = graph.out_degree
    heads = ["followers", "follows"] if graph.directed else ["neighbours"]
    around = [graph.in_degree, follows][: len(heads)]
    rows = [[rank, str(graph.ids[i]), *(int(of[i]) for of in around)] for rank, i in enumerate(best, 1)]
    alone = int(np.count_nonzero((graph.in_degree == 0) & (follows == 0)))
    facts = [f"Graph of {graph.n_nodes:,} accounts and {graph.n_edges:,} arcs"]
    facts += [] if graph.directed else ["undirected: every edge is two arcs"]
    facts += [f"{alone:,} accounts without arcs"] if alone else []
    facts += [f"columns: {', '.join(graph.columns)}"] if graph.columns else []
    return table("; ".join(facts), ["rank", "account", *heads], rows)
