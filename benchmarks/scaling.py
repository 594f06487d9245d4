"""How seed selection and simulation grow with the graph: heavy tails from 2^16 to 2^22 accounts, 16 arcs for each.

Nanoseconds per member of a sample and per activated account should grow only as caches are outgrown. Memory is that of
a whole process that opens the saved graph and selects.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.seeds import WEIGHTED, K, arcs, load, model, peak, select

NAME = "scaling"
_EPSILON, _THREADS = 0.1, 2
_RUNS = {16: 8192, 18: 2048, 20: 512, 22: 512}


def figures(quick: bool) -> dict[str, Any]:
    """One table, a row for each size."""
    rows = [_row(scale, rounds=1 if quick else 3) for scale in ((14, 16) if quick else (16, 18, 20, 22))]
    head = [
        "accounts", "arcs", "seeds, s", "RR sets", "members", "ns per member", "peak MB", "MB above graph and imports",
        "cascades, s", "accounts activated", "ns per activation",
    ]  # fmt: skip
    title = f"weighted cascade, {K} seeds, epsilon {_EPSILON}, {_THREADS} threads; median of {1 if quick else 3}"
    return {"bars": [], "tables": [{"title": title, "head": head, "rows": rows}]}


def _row(scale: int, rounds: int) -> list[str]:
    import swayrank as sr

    name = f"rmat{scale}"
    data = load(name, WEIGHTED, _EPSILON)
    graph = data["graph"]
    chosen, seconds = _timed(lambda: select(graph, WEIGHTED, _EPSILON, _THREADS), rounds)
    took = peak(_THREADS, data)
    followed = np.argsort(-graph.in_degree.astype(np.int64), kind="stable")[:K].tolist()
    runs = _RUNS.get(scale, 8192)
    simulate = functools.partial(sr.simulate, model(graph, WEIGHTED), seeds=followed, rng=7, threads=_THREADS)
    simulate(n_runs=2)
    spread, cascades = _timed(lambda: simulate(n_runs=runs), 1)
    activated = spread.mean * runs
    arcs.cache_clear()
    row = [
        f"2^{scale}", f"{graph.n_edges:,}", f"{seconds:.3f}", f"{chosen.n_samples:,}", f"{chosen.members:,}",
        f"{1e9 * seconds / chosen.members:.2f}", f"{took['peak_bytes'] / 1e6:.0f}",
        f"{took['peak_above_imports_bytes'] / 1e6:.0f}", f"{cascades:.2f}", f"{activated:,.0f}",
        f"{1e9 * cascades / activated:.2f}",
    ]  # fmt: skip
    print(f"  {', '.join(row)}", flush=True)
    return row


def _timed(call: Callable[[], Any], rounds: int) -> tuple[Any, float]:
    """The result and the median of seconds, after one call that does not count where there are several."""
    seconds, found = [], call() if rounds > 1 else None
    for _ in range(rounds):
        began = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - began)
    return found, statistics.median(seconds)
