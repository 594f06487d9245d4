"""Seed selection by trying everything: exact spreads of all seed sets of a small graph from all its worlds."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from tests.oracles.naive_propagation import worlds


def reaches(n, live):
    """For each account, whom it activates in one world, itself included; arcs are (follower, followed, p)."""
    followers = {v: [u for u, w, _ in live if w == v] for v in range(n)}
    found = []
    for start in range(n):
        seen, todo = {start}, [start]
        while todo:
            for u in followers[todo.pop()]:
                if u not in seen:
                    seen.add(u)
                    todo.append(u)
        found.append(frozenset(seen))
    return found


def spread_of_sets(n, arcs, k, value=None):
    """Expected value reached by every set of at most k seeds."""
    worth = [1] * n if value is None else value
    table = [(weight, reaches(n, live)) for weight, live in worlds(arcs)]
    spreads = {}
    for size in range(1, k + 1):
        for seeds in combinations(range(n), size):
            total = Fraction(0)
            for weight, reach in table:
                total += weight * sum(worth[u] for u in frozenset().union(*(reach[s] for s in seeds)))
            spreads[seeds] = float(total)
    return spreads


def optimum(spreads, allowed=lambda seeds: True):
    """The furthest spread of an allowed seed set."""
    return max(spread for seeds, spread in spreads.items() if allowed(seeds))
