"""One cascade for the map to play: who is reached in which step, in one run of the prepared model.

A run of chance, the same for the same number; what is expected on average is the oracle's to say. Steps of accounts
that the map shows go out by name, the others are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from swayrank.graph import Graph
from swayrank.measures.propagation.simulate import simulate
from swayrank.service.jobs.derive import model_on

_RUNS = 2  # the fewest that can be simulated; the first is kept


def play(graph: Graph, seeds: Sequence[str], *, rng: int, shown: Sequence[str] | None = None) -> dict[str, Any]:
    """Run one cascade.

    Parameters
    ----------
    graph : Graph
        As a run was prepared.
    seeds : sequence of str
        Who starts; each is in the graph.
    rng : int
        Which run of chance.
    shown : sequence of str, optional
        Whose steps are told by name; all accounts that are reached, if None.

    Returns
    -------
    dict
        ``steps`` (by account, seeds at 0), ``per_step`` (how many are newly reached in each, of all accounts),
        ``reached`` and ``rng``.
    """
    found = simulate(model_on(graph), seeds, n_runs=_RUNS, playback=1, rng=rng, threads=1)
    step = np.asarray(found.playback[0], np.int64)
    ever = step >= 0
    nodes = np.flatnonzero(ever)
    if shown is not None:
        places = graph.ids.positions(list(shown), missing="sentinel").astype(np.int64)
        there = places[(places >= 0) & (places < graph.n_nodes)]
        nodes = there[ever[there]]
    names = graph.ids[nodes].tolist()
    per_step = np.bincount(step[ever]).tolist()
    steps = dict(zip(map(str, names), step[nodes].tolist(), strict=True))
    return {"steps": steps, "per_step": per_step, "reached": int(ever.sum()), "rng": rng}
