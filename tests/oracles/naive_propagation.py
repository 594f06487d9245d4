"""Diffusion by listing every world: in a world, whoever can be reached from the seeds against the live arcs is
activated.

Independent Cascade: each arc is live or not, a world's weight is the product. Linear Threshold: each account picks one
of its arcs or none (Kempe, Kleinberg, Tardos 2003, claims 2.3 and 2.6). Sharing: an account that does not share takes
its arcs' followed end out of the world.

Arcs are (follower, followed, probability or weight): the followed account activates the follower.
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


def threshold_worlds(arcs):
    """Every (weight, list of live arcs) where each account picks at most one arc, with the arc's weight."""
    menus = []
    for account in sorted({u for u, _, _ in arcs}):
        mine = [arc for arc in arcs if arc[0] == account and arc[2] > 0]
        nothing = 1 - sum(Fraction(w) for _, _, w in mine)
        menus.append([(Fraction(arc[2]), [arc]) for arc in mine] + ([(nothing, [])] if nothing > 0 else []))
    for picks in product(*menus):
        weight = Fraction(1)
        for chance, _ in picks:
            weight *= chance
        yield weight, [arc for _, arcs_of_one in picks for arc in arcs_of_one]


def with_sharing(listed, shares):
    """The same worlds, each once for every set of accounts that share: the others' arcs are dead."""
    listed = list(listed)
    unsure = [v for v, share in enumerate(shares) if 0 < share < 1]
    never = {v for v, share in enumerate(shares) if share == 0}
    for fate in product((False, True), repeat=len(unsure)):
        chance = Fraction(1)
        for v, share in zip(unsure, fate, strict=True):
            chance *= Fraction(shares[v]) if share else 1 - Fraction(shares[v])
        silent = never | {v for v, share in zip(unsure, fate, strict=True) if not share}
        for weight, live in listed:
            yield weight * chance, [arc for arc in live if arc[1] not in silent]


def tabulate(n, listed, seeds, max_steps=None):
    """Over listed worlds: every account's probability of being activated, and how many are expected at each step."""
    probability, expected = [Fraction(0)] * n, [Fraction(0)] * n
    for weight, live in listed:
        for step, level in enumerate(steps(live, seeds)):
            if max_steps is not None and step > max_steps:
                break
            expected[step] += weight * len(level)
            for account in level:
                probability[account] += weight
    return [float(p) for p in probability], [float(count) for count in expected]


def spreads(n, listed, max_steps=None, given=()):
    """What every account adds to the expected number that `given` activates (to none: its spread)."""
    listed = list(listed)
    there = sum(tabulate(n, listed, given, max_steps)[0]) if given else 0.0
    return [sum(tabulate(n, listed, {*given, v}, max_steps)[0]) - there for v in range(n)]


def steps(live, seeds):
    """Sets of accounts that are activated at step 0 (the seeds), 1, 2, ... in one world."""
    levels, seen = [set(seeds)], set(seeds)
    while levels[-1]:
        fresh = {follower for follower, followed, _ in live if followed in levels[-1]} - seen
        seen |= fresh
        levels.append(fresh)
    return levels[:-1]


def activation(n, arcs, seeds):
    """Probability that each of the n accounts is activated under Independent Cascade."""
    return tabulate(n, worlds(arcs), seeds)[0]


def spread_of(n, arcs, seeds):
    """Expected number of activated accounts, the seeds included, under Independent Cascade."""
    return sum(activation(n, arcs, seeds))


def spread_of_all(n, arcs):
    """Expected spread of every account alone under Independent Cascade."""
    return spreads(n, worlds(arcs))


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
