"""Slow and obvious brokers over (n, list of (u, v, weight)): take away and count, or sum the definition."""

from __future__ import annotations

from collections import Counter


def neighbours(n, arcs):
    tied = {v: set() for v in range(n)}
    for u, v, *_ in arcs:
        if u != v:
            tied[u].add(v)
            tied[v].add(u)
    return tied


def component(tied, start, without=()):
    seen, todo = {start}, [start]
    while todo:
        for w in tied[todo.pop()]:
            if w not in seen and w not in without:
                seen.add(w)
                todo.append(w)
    return seen


def n_components(nodes, tied, without=()):
    return len({min(component(tied, v, without)) for v in nodes if v not in without})


def articulation_points(n, arcs):
    tied = neighbours(n, arcs)
    before = n_components(range(n), tied)
    return [max(0, n_components(range(n), tied, {v}) - before) for v in range(n)]


def bridges(n, arcs):
    """One number per arc."""
    found = []
    for u, v, *_ in arcs:
        tied = neighbours(n, [a for a in arcs if {a[0], a[1]} != {u, v}])
        mine = component(tied, u)
        found.append(0 if u == v or v in mine else min(len(mine), len(component(tied, v))))
    return found


def mutual_weights(n, arcs):
    a = [[0.0] * n for _ in range(n)]
    for u, v, w in arcs:
        if u != v:
            a[u][v] += w
            a[v][u] += w
    return a


def constraint(n, arcs):
    a = mutual_weights(n, arcs)
    p = [[x / sum(row) if sum(row) else 0.0 for x in row] for row in a]
    return [
        sum((p[u][v] + sum(p[u][w] * p[w][v] for w in range(n))) ** 2 for v in range(n) if a[u][v] > 0)
        for u in range(n)
    ]


def effective_size(n, arcs):
    a = mutual_weights(n, arcs)
    p = [[x / sum(row) if sum(row) else 0.0 for x in row] for row in a]
    return [
        sum(1 - sum(p[u][w] * a[v][w] / max(a[v]) for w in range(n)) for v in range(n) if a[u][v] > 0) for u in range(n)
    ]


def participation(n, arcs, labels, of="all"):
    met = [Counter() for _ in range(n)]
    for u, v, *_ in arcs:
        if u != v and of in ("all", "out"):
            met[u][labels[v]] += 1
        if u != v and of in ("all", "in"):
            met[v][labels[u]] += 1
    return [1 - sum((k / c.total()) ** 2 for k in c.values()) if c else 0.0 for c in met]
