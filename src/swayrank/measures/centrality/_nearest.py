"""The k highest by closeness or harmonic centrality, without computing the others where bounds rule them out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Engine, chunk_bounds
from swayrank.graph import Graph
from swayrank.graph.exchange import component_labels
from swayrank.ids import read_only
from swayrank.kernels.distances import first_bounds, search_back

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

# Candidates of one round: few, as the k-th value found rules out more the sooner it is known.
_ROUND = 128
_CANDIDATES_PER_CHUNK = 16
# A search for one candidate costs as much for an arc as that of a batch of 512 does for about 24 sources.
_BATCH_SHARE = 24


class _Task(NamedTuple):
    indptr: Array
    indices: Array
    candidates: Array
    n_reach: Array
    kind: int
    least: float
    n_others: int


def nearest(graph: Graph, top: int, kind: int, runner: Engine, progress: Progress) -> Floats | None:
    """Values of the `top` highest and NaN elsewhere, or None where computing all costs less."""
    n = graph.n_nodes
    if n == 0 or top >= n:
        return None
    private = graph.relabelled("in_degree")
    rows = (read_only(private.in_indptr), read_only(private.in_indices))
    n_reach = private.to_private(_reach_bounds(graph))
    bounds = np.zeros(n)
    first_bounds(*rows, kind, read_only(n_reach), np.uint64(max(1, n - 1)), bounds)
    order = np.lexsort((private.order, -bounds)).astype(np.uint32)
    values = np.full(n, np.nan)
    least, done = -1.0, 0
    worth = top + n // _BATCH_SHARE  # searches that cost as much as all at once
    with track(progress, "nearest accounts", total=n) as step:
        while done < n and (least < 0 or bounds[order[done]] >= least):
            possible = int(np.count_nonzero(bounds[order[done:]] >= max(least, 0.0)))
            if done + possible > worth and done >= min(worth, 4 * top + _ROUND):
                return None
            batch = order[done : done + max(_ROUND, top if least < 0 else 0)]
            task = _Task(*rows, batch, n_reach, kind, least, max(1, n - 1))
            found = np.concatenate(
                list(runner.map(_search_chunk, task, chunk_bounds(batch.size, _CANDIDATES_PER_CHUNK)))
            )
            values[batch] = np.where(found < 0, np.nan, found)
            done += batch.size
            known = values[~np.isnan(values)]
            if known.size >= top:
                least = float(np.partition(known, known.size - top)[known.size - top])
            step(batch.size)
    public = private.to_public(values)
    best = np.argsort(-np.where(np.isnan(public), -1.0, public), kind="stable")[:top]
    kept = np.full(n, np.nan)
    kept[best] = public[best]
    return kept


def _reach_bounds(graph: Graph) -> npt.NDArray[np.uint32]:
    """How many others can reach each node at the most: those of its weak component that follow anybody."""
    if graph.n_edges == 0:
        return np.zeros(graph.n_nodes, np.uint32)
    labels = component_labels(graph.indptr, graph.indices, "weak")
    follows = graph.out_degree > 0
    many = np.bincount(labels, weights=follows, minlength=int(labels.max()) + 1)[labels]
    return (many - follows).astype(np.uint32)


def _search_chunk(task: _Task, start: int, stop: int) -> Floats:
    n = task.indptr.size - 1
    queue, seen = np.empty(n + 1, np.uint32), np.zeros(n, np.uint32)
    values = np.empty(stop - start)
    for i, node in enumerate(task.candidates[start:stop]):
        values[i], _ = search_back(
            read_only(task.indptr), read_only(task.indices), np.uint64(node), queue, seen, np.uint32(i + 1),
            task.least, task.kind, np.uint64(task.n_reach[node]), np.uint64(task.n_others),
        )  # fmt: skip
    return values
