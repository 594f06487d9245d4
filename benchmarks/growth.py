"""How centrality grows with the graph: RMAT graphs of 2^16 to 2^20 accounts, 16 arcs drawn for each.

Time is the median of a few calls on the graph at hand, compiled and with its private orders made; memory is the peak of
one call in a fresh process, above graph and imports. What is estimated to take longer than eight seconds is left out.
The exponents are slopes of a line through the logarithms: time and memory against arcs.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks import harness, inputs

NAME = "growth"
_LONGEST_S = 8.0
_MEASURES: dict[str, dict[str, Any]] = {
    "in_strength": {},
    "pagerank": {},
    "eigenvector": {},
    "katz": {},
    "hits": {},
    "salsa": {},
    "leaderrank": {},
    "tunkrank": {},
    "k_core": {},
    "lobby": {},
    "clustering": {},
    "k_truss": {},
    "articulation_points": {},
    "hyperball_harmonic": {"rng": 7, "log2m": 6},
    "approximate_harmonic": {"rng": 7, "epsilon": 0.05},
    "approximate_betweenness": {"rng": 7, "epsilon": 0.005},
    "harmonic": {},
    "closeness": {},
    "betweenness": {},
}


def figures(quick: bool) -> dict[str, Any]:
    """One table of times and one of memory, a row for each measure."""
    scales = (12, 14) if quick else (16, 18, 20)
    seconds: dict[str, dict[int, float]] = {name: {} for name in _MEASURES}
    peaks: dict[str, dict[int, float]] = {name: {} for name in _MEASURES}
    arcs = {}
    for scale in scales:
        graph = _graph(scale)
        arcs[scale] = graph.n_edges
        for name, options in _MEASURES.items():
            found = _timed(graph, name, options, 1 if quick else 3)
            if found is not None:
                seconds[name][scale] = found
                peaks[name][scale] = _peak(scale, name)
                print(f"  2^{scale} {name}: {found:.3f} s, {peaks[name][scale] / 1e6:.0f} MB", flush=True)
        del graph
    head = ["measure", *(f"2^{scale}" for scale in scales), "exponent"]
    note = "2 threads" if harness.machine()["cores"] == 2 else f"{harness.machine()['cores']} threads"
    return {
        "bars": [],
        "tables": [
            {"title": f"seconds, {note}", "head": head, "rows": _rows(seconds, arcs, "{:.3g}".format)},
            {
                "title": "peak memory above graph and imports, MB",
                "head": head,
                "rows": _rows(peaks, arcs, lambda x: f"{x / 1e6:.3g}"),
            },
        ],
    }


def _graph(scale: int) -> Any:
    import swayrank as sr

    drawn = inputs.rmat_distinct(scale)
    weight = np.random.default_rng(1).random(drawn["u"].size)
    return sr.Graph.from_edges(drawn["u"], drawn["v"], n_nodes=1 << scale, weight=weight)


def _timed(graph: Any, name: str, options: dict[str, Any], rounds: int) -> float | None:
    """The median, or None where a run would take too long."""
    from swayrank.measures.registry import list_measures, measure

    estimate = list_measures()[name].estimate(graph, options)
    if estimate is not None and estimate.seconds > _LONGEST_S:
        return None
    taken: list[float] = []
    measure(graph, name, **options)
    while len(taken) < rounds and sum(taken) < _LONGEST_S / 4:
        began = time.perf_counter()
        measure(graph, name, **options)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _peak(scale: int, name: str) -> float:
    command = [sys.executable, "-m", "benchmarks.growth", str(scale), name]
    done = subprocess.run(command, cwd=harness.ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _peak_here(scale: int, name: str) -> None:
    """The peak of one call; a small graph first, so that compilation is not in it."""
    from swayrank.measures.registry import measure

    measure(_graph(8), name, **_MEASURES[name])
    graph = _graph(scale)
    assert graph.in_degree.size == 1 << scale
    harness.trim()
    before = harness.resident_bytes()
    harness.reset_peak()
    measure(graph, name, **_MEASURES[name])
    print(json.dumps(harness.peak_bytes() - before))


def _rows(figures: dict[str, dict[int, float]], arcs: dict[int, int], told: Any) -> list[list[str]]:
    rows = []
    for name, found in figures.items():
        cells = [told(found[scale]) if scale in found else "" for scale in arcs]
        points = [(math.log(arcs[scale]), math.log(max(value, 1e-9))) for scale, value in found.items()]
        slope = np.polyfit(*zip(*points, strict=True), 1)[0] if len(points) > 1 else math.nan
        rows.append([name, *cells, "" if math.isnan(slope) else f"{slope:.2f}"])
    return rows


if __name__ == "__main__":
    _peak_here(int(sys.argv[1]), sys.argv[2])
