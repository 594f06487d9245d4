"""Slow and obvious walk measures over (n, list of (u, v, weight)): matrices in fractions, walks taken to the end."""

from __future__ import annotations

import math
from fractions import Fraction


def salsa(n, arcs, of="authority"):
    """Where the two-step walk is in the long run, from a uniform start among those that it can leave."""
    ways = [(v, u, Fraction(w)) if of == "authority" else (u, v, Fraction(w)) for u, v, w in arcs if w > 0]
    walk = [[0.0] * n for _ in range(n)]
    for a in range(n):
        for start, middle, w in ways:
            if start == a:
                back = w / sum(x for s, _, x in ways if s == a)
                for end, other, x in ways:
                    if other == middle:
                        walk[a][end] += float(back * x / sum(y for _, o, y in ways if o == middle))
    able = sorted({start for start, _, _ in ways})
    for _ in range(14):  # 2^14 double steps
        walk = [[sum(row[k] * walk[k][j] for k in range(n) if row[k]) for j in range(n)] for row in walk]
    return [sum(walk[a][j] for a in able) / len(able) if able else 0.0 for j in range(n)]


def leaderrank(n, arcs, exponent=None):
    """Solve for the stationary masses of accounts and ground node together, then deal the ground node's out."""
    ground = n
    ways = [(u, v, Fraction(w)) for u, v, w in arcs] + [(u, ground, Fraction(1)) for u in range(n)]
    received = [sum(Fraction(w) for _, v, w in arcs if v == i) for i in range(n)]
    gives = [Fraction(1)] * n if exponent is None or not any(received) else [k**exponent for k in received]
    ways += [(ground, i, g) for i, g in enumerate(gives)]
    system = [[Fraction(-(i == j)) for j in range(n + 1)] + [Fraction(0)] for i in range(n + 1)]
    for u, v, w in ways:
        system[v][u] += w / sum(x for s, _, x in ways if s == u)
    system[ground] = [Fraction(1)] * (n + 1) + [Fraction(n)]
    solution = solve(system)
    return [float(s + solution[ground] / n) for s in solution[:n]]


def tunkrank(n, arcs, p):
    p = Fraction(p)
    system = [[Fraction(i == j) for j in range(n)] + [Fraction(0)] for i in range(n)]
    for u, v, w in arcs:
        if w > 0:
            share = Fraction(w) / sum(Fraction(x) for s, _, x in arcs if s == u)
            system[v][u] -= p * share
            system[v][n] += share
    return [float(x) for x in solve(system)]


def twitterrank(n, arcs, topics, posts, t, gamma):
    gamma = Fraction(gamma)
    rows = [[Fraction(x) for x in row] for row in topics]
    mine = [row[t] / sum(row) if any(row) else Fraction(0) for row in rows]
    column = sum(row[t] for row in rows)
    system = [[Fraction(i == j) for j in range(n)] + [(1 - gamma) * rows[i][t] / column] for i in range(n)]
    for u, v, _ in arcs:
        read = sum(Fraction(posts[a]) for s, a, _ in arcs if s == u)
        if read:
            system[v][u] -= gamma * Fraction(posts[v]) / read * (1 - abs(mine[u] - mine[v]))
    return [float(x) for x in solve(system)]


def trustrank(n, arcs, masses, damping):
    """The paper's t = d T t + (1 - d) p, where accounts that follow nobody pass nothing on; scaled to sum 1."""
    d = Fraction(damping)
    p = [Fraction(m) / sum(Fraction(x) for x in masses) for m in masses]
    system = [[Fraction(i == j) for j in range(n)] + [(1 - d) * p[i]] for i in range(n)]
    for u, v, w in arcs:
        total = sum(Fraction(x) for s, _, x in arcs if s == u)
        if total:
            system[v][u] -= d * Fraction(w) / total
    trust = solve(system)
    return [float(x / sum(trust)) for x in trust]


def influence_passivity(arcs, n, passes=3000):
    """The paper's loop, over its own arcs: (i, j, w) says that i influences j."""
    edges = [(v, u, w) for u, v, w in arcs]
    accepted, rejected = [0.0] * n, [0.0] * n
    for i, j, w in edges:
        accepted[j] += w
        rejected[i] += 1 - w
    influence, passivity = [1.0] * n, [1.0] * n
    for _ in range(passes):
        passivity = [0.0] * n
        for i, j, w in edges:
            passivity[j] += (1 - w) / rejected[i] * influence[i] if rejected[i] else 0.0
        influence = [0.0] * n
        for i, j, w in edges:
            influence[i] += w / accepted[j] * passivity[j] if accepted[j] else 0.0
        if not sum(influence):
            return [0.0] * n, [0.0] * n
        influence = [x / sum(influence) for x in influence]
        passivity = [x / sum(passivity) for x in passivity]
    return influence, passivity


def user_mass(followers, followings, age, device, verified, restricted, suspended):
    """An account's mass, one rule after the other."""
    if suspended:
        mass = 0.0
    elif verified:
        mass = 100.0
    else:
        score = 0.05 + (0.5 if device else 0.0)
        score *= 1.0 if age > 30 else min(1.0, math.log(1 + age / 15))
        score = max(score, 0.01)
        if restricted:
            score *= 0.1
        mass = 100 * min(1.0, score)
    ratio = (1 + followings) / (1 + followers)
    if followings > 500 and ratio > 0.6:
        mass *= math.exp(-5 * (ratio - 0.6))
    return mass


def adjusted(ranks, followers, followings):
    """Ranks of those who follow many and are followed by few, lowered; then scaled to sum 1."""
    lowered = []
    for x, k, f in zip(ranks, followers, followings, strict=True):
        factor = 1.0
        if f > 2500:
            factor = math.exp(min(700.0, 3 * ((1 + f) / (1 + k) - 1) * math.log(math.log(f))))
        lowered.append(x / max(1.0, min(50.0, factor)))
    total = sum(lowered)
    return [x / total for x in lowered]


def score(x):
    return min(100, max(0, round(130 + 5.21 * math.log(x)))) if x >= 1e-20 else 0


def solve(rows):
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
