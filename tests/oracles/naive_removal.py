"""Removals by trying: delete the account, look who is still reached.

Arcs of a plain digraph are (from, to); those of a network are (follower, followed, probability), and what is passed on
runs from the followed to the follower.
"""

from __future__ import annotations

from fractions import Fraction

from tests.oracles import naive_propagation


def reached(arcs, sources, gone=()):
    """Who can be reached from `sources` without those gone."""
    found = {s for s in sources if s not in gone}
    while True:
        more = {b for a, b in arcs if a in found and b not in gone} - found
        if not more:
            return found
        found |= more


def lost(n, arcs, sources, gone=()):
    """How many more are lost by the removal of each account."""
    here = len(reached(arcs, sources, gone))
    return [here - len(reached(arcs, sources, {*gone, v})) for v in range(n)]


def immediate_dominators(n, arcs, root):
    """The closest account, other than v, without which v is not reached; None for those never reached and the root."""
    everybody = reached(arcs, [root])
    dominators = {
        v: {w for w in everybody if w != v and (w == root or v not in reached(arcs, [root], {w}))} for v in everybody
    }
    return [
        # the closest is the one that all the others dominate
        max(dominators[v], key=lambda w: len(dominators[w])) if v in everybody and v != root else None
        for v in range(n)
    ]


def spread_without(n, arcs, gone, sources=None):
    """Expected spread with `gone` removed; without sources, from an account drawn uniformly."""
    total = Fraction(0)
    for weight, live in naive_propagation.worlds(arcs):
        plain = [(followed, follower) for follower, followed, _ in live]
        if sources is not None:
            total += weight * len(reached(plain, sources, gone))
        else:
            total += weight * Fraction(sum(len(reached(plain, [s], gone)) for s in range(n)), n)
    return float(total)


def threshold_worlds(n, arcs):
    """Every (weight, plain arcs from the followed to the follower) where each account takes after at most one."""
    worlds = [(Fraction(1), [])]
    for u in range(n):
        options = [(Fraction(p), [(v, u)]) for a, v, p in arcs if a == u]
        options.append((1 - sum((p for p, _ in options), Fraction(0)), []))
        worlds = [(w * p, live + arc) for w, live in worlds for p, arc in options if p]
    return worlds
