"""Greedy choice in given worlds, everybody evaluated every time; and best choices by trying all.

A world is a function from a set of seeds to the set of accounts that are active in the end.
"""

from __future__ import annotations

from itertools import combinations

from tests.oracles import naive_propagation


def greedy(worlds, k, free, chosen=(), value=None):
    """Seeds and their summed gains; equal gains go to the smaller account."""
    worth = value or (lambda account: 1)

    def total(seeds):
        return sum(worth(account) for world in worlds for account in (world(seeds) if seeds else ()))

    picks, gains = [], []
    for account in chosen:
        gains.append(total([*picks, account]) - total(picks))
        picks.append(account)
    left = sorted(set(free) - set(picks))
    while len(picks) < k and left:
        now = total(picks)
        gain, loser = max((total([*picks, account]) - now, -account) for account in left)
        picks.append(-loser)
        gains.append(gain)
        left.remove(-loser)
    return picks, gains


def activation_table(n, arcs):
    """For (follower, followed, probability) arcs, a function from seeds to each account's probability of activation.

    Whom seeds reach in a world is the union of whom each of them reaches, so each is walked from once.
    """
    table = []
    for weight, live in naive_propagation.worlds(arcs):
        alone = [set().union(*naive_propagation.steps(live, [account])) for account in range(n)]
        table.append((float(weight), alone))

    def activation(seeds):
        total = [0.0] * n
        for weight, alone in table:
            for account in set().union(*(alone[seed] for seed in seeds)):
                total[account] += weight
        return total

    return activation


def best(score, n, k):
    """The highest score of any k of n accounts."""
    return max(score(set(seeds)) for seeds in combinations(range(n), k))
