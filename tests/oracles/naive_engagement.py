"""Slow and obvious engagement over a list of rows (actor, target, action, time, post): one loop each.

`target` and `post` are None where there is none, `time` is in microseconds.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict


def interactions(rows, action=None):
    return [r for r in rows if r[1] is not None and r[1] != r[0] and action in (None, r[2])]


def self_interactions(rows, action=None):
    return sum(1 for r in rows if r[1] == r[0] and action in (None, r[2]))


def received(rows, action=None):
    return Counter(r[1] for r in interactions(rows, action))


def given(rows, action=None):
    return Counter(r[0] for r in interactions(rows, action))


def distinct_engagers(rows, action=None):
    engagers = defaultdict(set)
    for actor, target, *_ in interactions(rows, action):
        engagers[target].add(actor)
    return Counter({account: len(who) for account, who in engagers.items()})


def posts_published(rows):
    return Counter(r[0] for r in rows if r[2] == "post")


def h_index(rows, action="repost"):
    per_post = defaultdict(Counter)
    for _, target, _, _, post in interactions(rows, action):
        if post is not None:
            per_post[target][post] += 1
    return Counter({account: _h(counts.values()) for account, counts in per_post.items()})


def _h(counts):
    ranked = sorted(counts, reverse=True)
    return max((h for h in range(1, len(ranked) + 1) if ranked[h - 1] >= h), default=0)


def decayed(rows, half_life, weights, now):
    """Exact but for the rounding of math.fsum and **."""
    terms = defaultdict(list)
    for _, target, action, time, _ in interactions(rows):
        if time is not None and time <= now:
            terms[target].append(weights.get(action, 0) * 2.0 ** (-(now - time) / half_life))
    return {account: math.fsum(t) for account, t in terms.items()}
