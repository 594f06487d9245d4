"""The graph, slow and obvious: a dictionary from arcs to the rows that made them."""

from __future__ import annotations

import math
from fractions import Fraction


def arcs(rows, direction="follows", self_loops="drop"):
    """{(follower, followed): [row numbers]} for rows of (u, v)."""
    found = {}
    for number, (u, v) in enumerate(rows):
        if u == v and self_loops == "drop":
            continue
        if direction == "follows":
            made = {(u, v)}
        elif direction == "influences":
            made = {(v, u)}
        else:
            made = {(u, v), (v, u)}
        for arc in made:
            found.setdefault(arc, []).append(number)
    return found


def neighbours(n_nodes, arcs_of, end):
    """For each node the other ends of its arcs, ascending; end 0: whom it follows, 1: who follows it."""
    lists = [[] for _ in range(n_nodes)]
    for arc in arcs_of:
        lists[arc[end]].append(arc[1 - end])
    return [sorted(other) for other in lists]


def combined(name, values):
    """One value for the rows of one arc: an exact Fraction for sums and noisy-or."""
    if name == "weight":
        return sum(map(Fraction, values))
    if name == "probability":
        return 1 - math.prod(1 - Fraction(p) for p in values)
    if name == "time":
        return min(values)
    return values[0]


def report(rows, direction="follows", self_loops="drop"):
    """(kept, self-loops dropped, duplicates), counted in rows."""
    seen, loops, duplicates = set(), 0, 0
    for u, v in rows:
        pair = frozenset((u, v)) if direction == "undirected" else (u, v)
        if u == v and self_loops == "drop":
            loops += 1
        elif pair in seen:
            duplicates += 1
        else:
            seen.add(pair)
    return len(seen), loops, duplicates


def accounts(rows):
    """Accounts in the order of first appearance, row by row; 0, 1, ... without a gap in their own order."""
    order = []
    for row in rows:
        for account in row:
            if account not in order:
                order.append(account)
    if all(isinstance(account, int) for account in order) and sorted(order) == list(range(len(order))):
        return sorted(order)
    return order


def weak_component(n_nodes, arcs_of):
    """The members of the largest weakly connected part (of equal ones, that of the smallest node)."""
    best = []
    for start in range(n_nodes):
        part, grown = {start}, True
        while grown:
            more = {v for arc in arcs_of for v in arc if part & set(arc)} - part
            part, grown = part | more, bool(more)
        if len(part) > len(best):
            best = sorted(part)
    return best


def strong_component(n_nodes, arcs_of):
    """The members of the largest strongly connected part (of equal ones, that of the smallest node)."""

    def reached(start, end):
        part, grown = {start}, True
        while grown:
            more = {arc[1 - end] for arc in arcs_of if arc[end] in part} - part
            part, grown = part | more, bool(more)
        return part

    best = []
    for start in range(n_nodes):
        part = reached(start, 0) & reached(start, 1)
        if len(part) > len(best):
            best = sorted(part)
    return best
