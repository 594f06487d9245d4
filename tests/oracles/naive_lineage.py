"""Attribution, casIn and trees by the plain definitions: dictionaries, pairs and walks over every path.

A cascade is a list of (account, moment) for one post; a moment is a number, or None where it is unknown, which is
before all others. `follows` maps an account to the set it follows, or is None where nothing is known of who follows
whom. `named` maps an account to the one that its row names.
"""

from __future__ import annotations

import math
from collections import deque


def ordered(cascade):
    """By moment, then account; unknown moments first."""
    return sorted(cascade, key=lambda one: (-math.inf if one[1] is None else one[1], one[0]))


def moments(cascade):
    """Every account's moment, unknown ones as the first that is known."""
    known = [t for _, t in cascade if t is not None]
    return {a: (min(known) if known else 0) if t is None else t for a, t in cascade}


def candidates(cascade, follows=None):
    """For every account the earlier ones that it may have had the post from, in order."""
    found = {}
    for v, t in ordered(cascade):
        found[v] = [
            u
            for u, s in ordered(cascade)
            if t is not None and (s is None or s < t) and (follows is None or u in follows.get(v, ()))
        ]
    return found


def shares(cascade, by, half_life=1.0, follows=None, named=None, fallback="root", weight=None):
    """For every account who is owed how much of its adoption."""
    at = moments(cascade)
    raw = dict(cascade)
    everybody = candidates(cascade)
    answer = {}
    for v, who in candidates(cascade, follows).items():
        name = (named or {}).get(v)
        if name in everybody[v]:
            answer[v] = {name: 1.0}
        elif not who:
            answer[v] = {everybody[v][0]: 1.0} if follows is not None and fallback == "root" and everybody[v] else {}
        elif by == "first":
            answer[v] = {who[0]: 1.0}
        elif by == "last":
            answer[v] = {next(u for u in who if raw[u] == raw[who[-1]]): 1.0}
        else:
            odds = {u: (weight or {}).get(u, 1.0) for u in who}
            if by == "time_weighted":
                odds = {u: w * 2.0 ** (-(at[v] - at[u]) / half_life) for u, w in odds.items()}
            answer[v] = {u: w / sum(odds.values()) for u, w in odds.items()}
    return answer


def subtree_sizes(cascade, dealt):
    """casIn by its matrix: m[i][i] = 1, m[i][j] = sum over k of m[i][k] p[k][j], summed over j."""
    order = [a for a, _ in ordered(cascade)]
    total = {}
    for i in order:
        m = dict.fromkeys(order, 0.0)
        m[i] = 1.0
        for j in order[order.index(i) + 1 :]:
            m[j] = sum(m[k] * p for k, p in dealt[j].items())
        total[i] = sum(m.values())
    return total


def shape(parents):
    """Size, roots, depth, breadth and virality of a forest, given each node's parent or None; by walks."""
    depth = {}
    for node in parents:
        steps, above = 0, parents[node]
        while above is not None:
            steps, above = steps + 1, parents[above]
        depth[node] = steps
    near = {node: set() for node in parents}
    for node, above in parents.items():
        if above is not None:
            near[node].add(above)
            near[above].add(node)
    lengths = []
    for source in parents:
        seen, queue = {source: 0}, deque([source])
        while queue:
            here = queue.popleft()
            for there in near[here] - seen.keys():
                seen[there] = seen[here] + 1
                queue.append(there)
        lengths += [d for node, d in seen.items() if node != source]
    levels = list(depth.values())
    return {
        "size": len(parents),
        "n_roots": sum(above is None for above in parents.values()),
        "depth": max(levels),
        "breadth": max(levels.count(d) for d in levels),
        "virality": sum(lengths) / len(lengths) if lengths else math.nan,
    }
