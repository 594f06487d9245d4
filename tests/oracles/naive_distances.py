"""Distances by Bellman-Ford over (n, list of (u, v, weight)): lists and the definitions."""

from __future__ import annotations

import math


def distances(n, arcs, source):
    found = [math.inf] * n
    found[source] = 0
    for _ in range(n):
        for u, v, w in arcs:
            found[v] = min(found[v], found[u] + w)
    return found


def table(n, arcs):
    """``table[u][v]``: how far v is from u."""
    return [distances(n, arcs, u) for u in range(n)]


def _to_each(n, arcs):
    """For each v, the finite distances from others to it."""
    far = table(n, arcs)
    return [[far[u][v] for u in range(n) if u != v and far[u][v] < math.inf] for v in range(n)]


def closeness(n, arcs, variant="wasserman_faust"):
    values = []
    for lengths in _to_each(n, arcs):
        value = len(lengths) / sum(lengths) if sum(lengths) > 0 else 0.0
        values.append(value if variant == "reachable" else value * len(lengths) / max(1, n - 1))
    return values


def harmonic(n, arcs):
    return [sum(1 / d for d in lengths if d > 0) for lengths in _to_each(n, arcs)]


def eccentricity(n, arcs):
    return [max(d for d in distances(n, arcs, v) if d < math.inf) for v in range(n)]
