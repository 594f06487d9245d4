"""Rank statistics by their definitions, in plain Python."""

from __future__ import annotations

from itertools import combinations


def tau_b(a, b):
    """Kendall's tau-b over all pairs."""
    concordant = discordant = tied_a = tied_b = 0
    for i, j in combinations(range(len(a)), 2):
        x, y = a[i] - a[j], b[i] - b[j]
        tied_a += x == 0
        tied_b += y == 0
        concordant += x * y > 0
        discordant += x * y < 0
    pairs = len(a) * (len(a) - 1) / 2
    return (concordant - discordant) / ((pairs - tied_a) * (pairs - tied_b)) ** 0.5


def prefix(values, depth):
    """Items whose place is at most `depth`; those tied share the best place of their tie."""
    return {i for i, x in enumerate(values) if 1 + sum(y > x for y in values) <= depth}


def agreement(a, b, depth):
    """2 |S & T| / (|S| + |T|)."""
    s, t = prefix(a, depth), prefix(b, depth)
    return 2 * len(s & t) / (len(s) + len(t))


def rbo_ext(a, b, p, deepest=None):
    """Extrapolated rank-biased overlap of two complete rankings; `deepest` cuts the sum."""
    n = len(a)
    total = sum(agreement(a, b, d) * p**d for d in range(1, (deepest or n) + 1))
    return agreement(a, b, n) * p**n + (1 - p) / p * total
