"""Independent Cascade by listing every world: each arc is live or not, a world's weight is the product, and in a world
whoever can be reached from the seeds against the live arcs is activated (Kempe, Kleinberg, Tardos 2003, claim 2.3).

Arcs are (follower, followed, probability): the followed account activates the follower.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product


def worlds(arcs):
    """Every (weight, list of live arcs); arcs that are certain or impossible are not forked."""
    certain = [arc for arc in arcs if arc[2] == 1]
    open_arcs = [arc for arc in arcs if 0 < arc[2] < 1]
    for fate in product((False, True), repeat=len(open_arcs)):
        weight = Fraction(1)
        for (_, _, p), live in zip(open_arcs, fate, strict=True):
            weight *= Fraction(p) if live else 1 - Fraction(p)
        yield weight, certain + [arc for arc, live in zip(open_arcs, fate, strict=True) if live]


def steps(live, seeds):
    """Sets of accounts that are activated at step 0 (the seeds), 1, 2, ... in one world."""
    levels, seen = [set(seeds)], set(seeds)
    while levels[-1]:
        fresh = {follower for follower, followed, _ in live if followed in levels[-1]} - seen
        seen |= fresh
        levels.append(fresh)
    return levels[:-1]


def activation(n, arcs, seeds):
    """Probability that each of the n accounts is activated."""
    total = [Fraction(0)] * n
    for weight, live in worlds(arcs):
        for level in steps(live, seeds):
            for account in level:
                total[account] += weight
    return [float(p) for p in total]


def spread_of(n, arcs, seeds):
    """Expected number of activated accounts, the seeds included."""
    return sum(activation(n, arcs, seeds))


def spread_of_all(n, arcs):
    """Expected spread of every account alone."""
    return [spread_of(n, arcs, [account]) for account in range(n)]


def by_step(n, arcs, seeds):
    """Expected number of newly activated accounts at each step."""
    total = [Fraction(0)] * n
    for weight, live in worlds(arcs):
        for step, level in enumerate(steps(live, seeds)):
            total[step] += weight * len(level)
    return [float(count) for count in total]


def weighted_cascade(arcs):
    """Give each arc (u, v) the probability 1 / (number of arcs out of u)."""
    follows = [u for u, _ in arcs]
    return [(u, v, Fraction(1, follows.count(u))) for u, v in arcs]


def outside_limits(hits, n_trials, alpha):
    """Clopper-Pearson limits by bisection on exact binomial tails."""
    from math import comb

    def tail_at_least(k, p):
        return sum(comb(n_trials, i) * p**i * (1 - p) ** (n_trials - i) for i in range(k, n_trials + 1))

    def solve(k, target):
        low, high = 0.0, 1.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if tail_at_least(k, middle) < target else (low, middle)
        return low

    lower = 0.0 if hits == 0 else solve(hits, alpha / 2)
    upper = 1.0 if hits == n_trials else solve(hits + 1, 1 - alpha / 2)
    return lower, upper
