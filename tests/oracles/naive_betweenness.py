"""Betweenness by listing every shortest path: n and arcs as (u, v, length)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise


def shortest_paths(n, arcs, s, t):
    """All shortest simple paths from s to t, as lists of nodes."""
    best, found = None, []
    out = {u: {} for u in range(n)}
    for u, v, w in arcs:
        if u != v:
            out[u][v] = min(Fraction(w), out[u].get(v, Fraction(w)))
    stack = [([s], Fraction(0))]
    while stack:
        path, length = stack.pop()
        if best is not None and length > best:
            continue
        if path[-1] == t:
            if best is None or length < best:
                best, found = length, []
            found.append(path)
            continue
        stack += [([*path, v], length + w) for v, w in out[path[-1]].items() if v not in path]
    return found


def betweenness(n, arcs, sources=None):
    """(of nodes, of arcs as {(u, v): number}), over ordered pairs."""
    nodes, edges = [Fraction(0)] * n, {}
    for s in range(n) if sources is None else sources:
        for t in range(n):
            paths = shortest_paths(n, arcs, s, t) if s != t else []
            for path in paths:
                for v in path[1:-1]:
                    nodes[v] += Fraction(1, len(paths))
                for arc in pairwise(path):
                    edges[arc] = edges.get(arc, 0) + Fraction(1, len(paths))
    return nodes, edges
