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


def distances(n, arcs, source):
    """The least number of arcs from the source to each node, None where there is no way."""
    found = [None] * n
    found[source] = 0
    for step in range(n):
        for u, v in arcs:
            if found[u] == step and found[v] is None:
                found[v] = step + 1
    return found


def harmonic(n, arcs):
    """The sum of 1 / distance from all others."""
    total = [Fraction(0)] * n
    for s in range(n):
        for v, d in enumerate(distances(n, arcs, s)):
            total[v] += Fraction(1, d) if d else 0
    return total


def closeness(n, arcs):
    """Wasserman and Faust's."""
    rows = [distances(n, arcs, s) for s in range(n)]
    found = []
    for v in range(n):
        to_v = [row[v] for row in rows if row[v]]
        found.append(Fraction(len(to_v) ** 2, (n - 1) * sum(to_v)) if to_v else Fraction(0))
    return found


def ball(n, arcs, v, t):
    """Who is at a distance of at most t to v."""
    return [u for u in range(n) if (d := distances(n, arcs, u)[v]) is not None and d <= t]


def counted(registers):
    """Ertl's estimate of the size of a set, term by term."""
    m = len(registers)
    share = sum(1 for r in registers if r == 0) / m
    sigma = share + sum(2 ** (k - 1) * share ** (2**k) for k in range(1, 40))
    return m * m / (2 * 0.6931471805599453) / (m * sigma + sum(2.0**-r for r in registers if r))
