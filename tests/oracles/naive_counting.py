"""Slow and obvious counts of neighbourhoods over (n, list of (u, v)): sets, and trying every number."""

from __future__ import annotations

import math


def neighbours(n, arcs, variant="neighbours"):
    found = [set() for _ in range(n)]
    for u, v in arcs:
        if u != v:
            if variant in ("out", "neighbours"):
                found[u].add(v)
            if variant in ("in", "neighbours"):
                found[v].add(u)
    return found


def lobby(n, arcs, variant):
    near = neighbours(n, arcs, variant)
    return [max(h for h in range(n + 1) if sum(len(near[u]) >= h for u in near[v]) >= h) for v in range(n)]


def trussness(n, arcs):
    """{pair: k}: for each k, ties in fewer than k - 2 triangles are thrown out until none is left to throw."""
    ties = {tuple(sorted((u, v))) for u, v in arcs if u != v}
    found = dict.fromkeys(ties, 2)
    for k in range(3, n + 1):
        while True:
            near = neighbours(n, ties)
            thin = {(u, v) for u, v in ties if len(near[u] & near[v]) < k - 2}
            if not thin:
                break
            ties = ties - thin
        for tie in ties:
            found[tie] = k
    return found


def collective_influence(n, arcs, radius):
    near = neighbours(n, arcs)
    found = []
    for v in range(n):
        ball, edge = {v}, {v}
        for _ in range(radius):
            edge = {w for u in edge for w in near[u]} - ball
            ball |= edge
        found.append(max(len(near[v]) - 1, 0) * sum(len(near[u]) - 1 for u in edge))
    return found


def voted(n, arcs, weight=None):
    """Positions in the order of election; `weight` {(u, v): number} of the votes that u gives v, or None."""
    voters = neighbours(n, arcs, "in")
    total = sum(map(len, voters))
    vote, elected = [1.0] * n, []
    while len(elected) < n:

        def score(v):
            given = math.fsum(vote[u] * (1 if weight is None else weight[u, v]) for u in voters[v])
            return given if weight is None else math.sqrt(len(voters[v]) * given)

        left = [v for v in range(n) if v not in elected]
        best = max(left, key=lambda v: (round(score(v), 9), -v))
        if score(best) < 1e-12:
            break
        elected.append(best)
        vote[best] = 0.0
        for u in voters[best]:
            vote[u] = max(0.0, vote[u] - n / total)
    return elected
