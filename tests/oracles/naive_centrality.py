"""Slow and obvious centralities over (n, list of (u, v, weight)): dictionaries and exact definitions."""

from __future__ import annotations

from fractions import Fraction


def in_degree(n, arcs):
    return [sum(1 for _, v, _ in arcs if v == node) for node in range(n)]


def out_degree(n, arcs):
    return [sum(1 for u, _, _ in arcs if u == node) for node in range(n)]


def in_strength(n, arcs):
    return [sum(w for _, v, w in arcs if v == node) for node in range(n)]


def out_strength(n, arcs):
    return [sum(w for u, _, w in arcs if u == node) for node in range(n)]


def pagerank(n, arcs, damping=0.85, personalization=None, dangling="personalization"):
    """Solve (I - d M) x = (1 - d) p in fractions, M the matrix of the walk with dangling nodes sent to their rule."""
    masses = [Fraction(m) for m in (personalization or [1] * n)]
    p = [m / sum(masses) for m in masses]
    sink = p if dangling == "personalization" else [Fraction(1, n)] * n
    d = Fraction(damping)
    walk = [[Fraction(0)] * n for _ in range(n)]
    for node in range(n):
        leaving = [(v, Fraction(w)) for u, v, w in arcs if u == node]
        total = sum(w for _, w in leaving)
        for v, w in leaving if total else []:
            walk[v][node] += w / total
        if not total:
            for v in range(n):
                walk[v][node] = sink[v]
    system = [[(i == j) - d * walk[i][j] for j in range(n)] + [(1 - d) * p[i]] for i in range(n)]
    return [float(x) for x in _solve(system)]


def _solve(rows):
    """Gauss-Jordan elimination of [A | b]."""
    n = len(rows)
    for i in range(n):
        pivot = next(r for r in range(i, n) if rows[r][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(n):
            if r != i and rows[r][i] != 0:
                rows[r] = [x - rows[r][i] * y for x, y in zip(rows[r], rows[i], strict=True)]
    return [row[n] for row in rows]


def core_numbers(n, arcs, variant="neighbours"):
    """For each k, throw out nodes of degree below k until none is left to throw."""
    pairs = {(u, v) for u, v, _ in arcs if u != v}
    core = [0] * n
    for k in range(1, 2 * n):
        alive = set(range(n))
        while True:
            gone = {node for node in alive if _degree(node, pairs, alive, variant) < k}
            if not gone:
                break
            alive -= gone
        for node in alive:
            core[node] = k
    return core


def _degree(node, pairs, alive, variant):
    followers = {u for u, v in pairs if v == node and u in alive}
    followed = {v for u, v in pairs if u == node and v in alive}
    return {
        "neighbours": len(followers | followed),
        "in": len(followers),
        "out": len(followed),
        "total": len(followers) + len(followed),
    }[variant]
