"""Seeds by rules of thumb, slow and obvious: before each pick, every key is computed afresh from sets and fractions.

Arcs are (follower, followed, probability). `taken` are the accounts picked so far, in order.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod


def seeds(method, n, arcs, k, free, chosen=(), mean=None):
    """Up to k accounts of `free` after those `chosen`; keys are tuples, and equal keys go to the smaller account."""
    arcs = [arc for arc in arcs if arc[0] != arc[1]]
    taken = list(chosen)
    picks = []
    while len(picks) < k and set(free) - set(taken):
        best = max(
            sorted(set(free) - set(taken)),
            key=lambda v: KEYS[method](n, arcs, taken, v, mean),  # max keeps the first of equals
        )
        taken.append(best)
        picks.append(best)
    return picks


def followers(arcs, v):
    return {a for a, b, _ in arcs if b == v}


def followed(arcs, v):
    return {b for a, b, _ in arcs if a == v}


def degree(n, arcs, taken, v, mean):
    return len(followers(arcs, v))


def single_discount(n, arcs, taken, v, mean):
    return len(followers(arcs, v) - set(taken))


def degree_discount(n, arcs, taken, v, mean):
    d = len(followers(arcs, v))
    b = len(followers(arcs, v) & set(taken))
    a = len(followed(arcs, v) & set(taken))
    return d - b - a - (d - b) * a * Fraction(mean)


def probability_discount(n, arcs, taken, v, mean):
    alone = prod(1 - Fraction(p) for a, b, p in arcs if a == v and b in taken)
    return alone * (1 + sum(Fraction(p) for a, b, p in arcs if b == v and a not in taken))


def vote_rank(n, arcs, taken, v, mean):
    mean_degree = Fraction(len(arcs), n)
    votes = Fraction(0)
    for voter in followers(arcs, v) - set(taken):
        tired = len(followed(arcs, voter) & set(taken)) / mean_degree
        votes += max(1 - tired, 0)
    return votes, (0 if votes else len(followers(arcs, v)))


def collective_influence(n, arcs, taken, v, mean):
    left = {frozenset((a, b)) for a, b, _ in arcs if a not in taken and b not in taken}

    def adjacent(u):
        return {w for pair in left if u in pair for w in pair if w != u}

    spheres = [{v}]
    seen = {v}
    for _ in range(2):
        spheres.append({w for u in spheres[-1] for w in adjacent(u)} - seen)
        seen |= spheres[-1]
    value = (len(adjacent(v)) - 1) * sum(len(adjacent(u)) - 1 for u in spheres[2])
    return value, (0 if value else len(followers(arcs, v)))


KEYS = {
    "degree": degree,
    "single_discount": single_discount,
    "degree_discount": degree_discount,
    "probability_discount": probability_discount,
    "vote_rank": vote_rank,
    "collective_influence": collective_influence,
}
