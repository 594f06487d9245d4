"""Slow and obvious answers for what is estimated by sampling: every pair, every path, every ball."""

from __future__ import annotations

from fractions import Fraction


def shortest_paths(n, arcs, s, t):
    """All shortest paths from s to t as tuples of nodes, by making every walk longer until one arrives."""
    follows = [sorted({v for u, v in arcs if u == node and v != node}) for node in range(n)]
    walks, seen = [(s,)], {s}
    while walks:
        done = [walk for walk in walks if walk[-1] == t]
        if done:
            return done
        longer = [(*walk, v) for walk in walks for v in follows[walk[-1]] if v not in seen]
        seen |= {walk[-1] for walk in longer}
        walks = longer
    return []


def between(n, arcs, s, t):
    """The share of the shortest paths from s to t that pass each node, ends left out."""
    paths = shortest_paths(n, arcs, s, t)
    return [
        Fraction(sum(1 for path in paths if v in path[1:-1]), len(paths)) if paths else Fraction(0) for v in range(n)
    ]


def betweenness(n, arcs):
    """The sum over all ordered pairs."""
    total = [Fraction(0)] * n
    for s in range(n):
        for t in range(n):
            if s != t:
                total = [a + b for a, b in zip(total, between(n, arcs, s, t), strict=True)]
    return total
