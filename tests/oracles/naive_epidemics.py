"""Epidemics as Markov chains over all states of all accounts, and rival campaigns by listing every world.

Arcs are (follower, followed) here, and (follower, followed, probability) for campaigns: the followed account infects.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product

from tests.oracles.naive_propagation import worlds

SUSCEPTIBLE, INFECTED, RECOVERED = 0, 1, 2


def sir_final(n, arcs, seeds, transmission, recovery):
    """Probability of every final set of ever infected accounts: {frozenset: Fraction}.

    The jump chain: from each state, which event comes next is proportional to its rate, and no state comes twice.
    """
    transmission, recovery = Fraction(transmission), Fraction(recovery)

    @cache
    def final(infected, recovered):
        if not infected:
            return {recovered: Fraction(1)}
        events = []
        for account in infected:
            events.append((recovery, infected - {account}, recovered | {account}))
        for follower, followed in arcs:
            if followed in infected and follower not in infected and follower not in recovered:
                events.append((transmission, infected | {follower}, recovered))
        total = sum(rate for rate, _, _ in events)
        outcome = {}
        for rate, *state in events:
            for last, p in final(*state).items():
                outcome[last] = outcome.get(last, 0) + rate / total * p
        return outcome

    return final(frozenset(seeds), frozenset())


def generator(n, arcs, transmission, recovery, *, immune):
    """All states (one entry for each account) and the matrix of rates between them; SIR if `immune`, else SIS."""
    states = list(product((SUSCEPTIBLE, INFECTED, RECOVERED) if immune else (SUSCEPTIBLE, INFECTED), repeat=n))
    number = {state: i for i, state in enumerate(states)}
    rates = [[0.0] * len(states) for _ in states]

    def add(state, account, becomes, rate):
        other = number[(*state[:account], becomes, *state[account + 1 :])]
        rates[number[state]][other] += rate
        rates[number[state]][number[state]] -= rate

    for state in states:
        for account in range(n):
            if state[account] == INFECTED:
                add(state, account, RECOVERED if immune else SUSCEPTIBLE, recovery)
        for follower, followed in arcs:
            if state[followed] == INFECTED and state[follower] == SUSCEPTIBLE:
                add(state, follower, INFECTED, transmission)
    return states, rates


def start(states, seeds):
    """Which of the states has exactly the seeds infected."""
    return next(
        i
        for i, state in enumerate(states)
        if all(condition == (INFECTED if account in seeds else SUSCEPTIBLE) for account, condition in enumerate(state))
    )


def rivals(n, arcs, campaigns, tie):
    """For each campaign the probability that each account ends up with it, and its expected share of all active ones.

    `campaigns` is a list of lists of seeds. In a world, an account that is reached at a step by k live arcs belongs to
    a campaign with the mean of the k probabilities that the other ends do ("random"), or to the first campaign among
    them ("first").
    """
    owned = [[Fraction(0)] * n for _ in campaigns]
    share = [Fraction(0)] * len(campaigns)
    for weight, live in worlds(arcs):
        belongs = {seed: unit(c, len(campaigns)) for c, seeds in enumerate(campaigns) for seed in seeds}
        fresh = set(belongs)
        while fresh:
            arrivals = {}
            for follower, followed, *_ in live:
                if followed in fresh and follower not in belongs:
                    arrivals.setdefault(follower, []).append(belongs[followed])
            for follower, sources in arrivals.items():
                if tie == "random":
                    belongs[follower] = [sum(each) / Fraction(len(sources)) for each in zip(*sources, strict=True)]
                else:  # nothing is left to chance within a world
                    belongs[follower] = unit(min(source.index(1) for source in sources), len(campaigns))
            fresh = set(arrivals)
        for account, chances in belongs.items():
            for c, chance in enumerate(chances):
                owned[c][account] += weight * chance
                share[c] += weight * chance / len(belongs)
    return [[float(p) for p in row] for row in owned], [float(p) for p in share]


def unit(position, length):
    """Certainty of one of several."""
    return [Fraction(int(i == position)) for i in range(length)]
