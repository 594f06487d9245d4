"""Every account's expected spread at once, with intervals that hold jointly. No peer does it; what it takes is kept."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import numpy as np

from benchmarks.seeds import WEIGHTED, arcs, model

NAME = "every_account"
_TOP, _REL_ERROR, _DELTA = 1000, 0.05, 0.05
_QUANTILES = (0.5, 0.95, 1.0)


def figures(quick: bool) -> dict[str, Any]:
    """Two tables, and no bars."""
    name, rounds = ("rmat16", 1) if quick else ("rmat20", 3)
    load_before = os.getloadavg()[0]
    graph = arcs(name)["graph"]
    _estimate(graph)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = _estimate(graph)
        seconds.append(time.perf_counter() - began)
    about = f"{name}, weighted cascade, 2 threads"
    tables = [_taken(about, found, seconds, load_before), _widths(about, found)]
    return {"bars": [], "tables": tables}


def _estimate(graph: Any) -> Any:
    import swayrank as sr

    return sr.spread(model(graph, WEIGHTED), rel_error=_REL_ERROR, top=_TOP, delta=_DELTA, rng=7, threads=2)


def _taken(about: str, found: Any, seconds: list[float], load_before: float) -> dict[str, Any]:
    told = found.params
    size = told["mean_set_size"]
    row = [
        f"{statistics.median(seconds):.2f}", f"{told['n_samples']:,}", f"{size:.1f}",
        f"{1e9 * statistics.median(seconds) / (told['n_samples'] * size):.2f}",
        ", ".join(f"{value:.2f}" for value in seconds), f"{load_before:.1f}",
    ]  # fmt: skip
    head = ["", "seconds", "RR sets", "mean size", "ns per member", "repeats, s", "load before"]
    title = (
        f"half-width at most {_REL_ERROR:.0%} of the estimate for the first {_TOP:,} accounts, all intervals jointly "
        f"with probability {1 - _DELTA:.0%}"
    )
    return {"title": title, "head": head, "rows": [[about, *row]]}


def _widths(about: str, found: Any) -> dict[str, Any]:
    """Half the width of the intervals, in accounts and relative to the estimate, of the first and of the others."""
    low, high = found.interval
    half, order = (high - low) / 2, np.argsort(-found.values, kind="stable")
    rows = []
    for name, some in ((f"first {_TOP:,}", order[:_TOP]), ("others", order[_TOP:])):
        relative = half[some] / found.values[some]
        cells = [f"{np.quantile(half[some], q):.1f} ({np.quantile(relative, q):.1%})" for q in _QUANTILES]
        rows.append([name, f"{np.median(found.values[some]):.1f}", *cells])
    head = ["accounts", "median spread", *(f"{'largest' if q == 1 else f'{q:.0%}'} half-width" for q in _QUANTILES)]
    return {
        "title": f"half the width of the intervals: accounts (share of the estimate); {about}",
        "head": head,
        "rows": rows,
    }
