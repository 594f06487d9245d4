"""Slow and obvious distances over (n, list of (u, v, weight)): every path is relaxed until nothing changes."""

from __future__ import annotations

import math


def all_pairs(n, arcs):
    """Floyd and Warshall: d[u][v], infinite where v is not reached."""
    d = [[0.0 if u == v else math.inf for v in range(n)] for u in range(n)]
    for u, v, w in arcs:
        if u != v:
            d[u][v] = min(d[u][v], w)
    for k in range(n):
        for u in range(n):
            for v in range(n):
                d[u][v] = min(d[u][v], d[u][k] + d[k][v])
    return d


def closeness(n, arcs, variant="wasserman_faust"):
    d = all_pairs(n, arcs)
    found = []
    for v in range(n):
        near = [d[u][v] for u in range(n) if u != v and d[u][v] < math.inf]
        mean = len(near) / sum(near) if near and sum(near) > 0 else 0.0
        found.append(mean * len(near) / (n - 1) if variant == "wasserman_faust" and n > 1 else mean)
    return found


def harmonic(n, arcs):
    d = all_pairs(n, arcs)
    return [math.fsum(1 / d[u][v] for u in range(n) if u != v and 0 < d[u][v] < math.inf) for v in range(n)]


def eccentricity(n, arcs):
    d = all_pairs(n, arcs)
    return [max(x for x in d[u] if x < math.inf) for u in range(n)]


def radius(n, arcs):
    """None where nobody reaches all."""
    d = all_pairs(n, arcs)
    return min((max(row) for row in d if max(row) < math.inf), default=None)
