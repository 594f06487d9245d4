"""What every node feels of all others and of its arcs, pair by pair, in plain Python."""

from __future__ import annotations

from math import hypot, sqrt


def forces(places, arcs, gravity=0.05):
    """A list of (x, y) for the nodes at `places`; arcs are pairs that count from both ends."""
    n = len(places)
    mass = [1.0] * n
    for u, v in arcs:
        mass[u] += 1
        mass[v] += 1
    scale = sqrt(n) / sum(mass)
    found = [[0.0, 0.0] for _ in range(n)]

    def pull(i, towards, size):
        dx, dy = towards[0] - places[i][0], towards[1] - places[i][1]
        d = hypot(dx, dy)
        if d:
            found[i][0] += size * dx / d
            found[i][1] += size * dy / d

    for i in range(n):
        for j in range(n):
            d = hypot(places[i][0] - places[j][0], places[i][1] - places[j][1])
            if d:
                pull(i, places[j], -scale * mass[i] * mass[j] / d)
        d = hypot(*places[i])
        pull(i, (0.0, 0.0), gravity * mass[i] * d / (1 + d))
    for u, v in arcs:
        d = hypot(places[u][0] - places[v][0], places[u][1] - places[v][1])
        pull(u, places[v], d / (1 + d))
        pull(v, places[u], d / (1 + d))
    return found
