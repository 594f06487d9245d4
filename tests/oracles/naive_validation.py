"""Exposures, risks and placebo counts by their definitions, one post after another.

follows: set of (follower, followed); p: dict of such arcs to probabilities; posts: dict of post to {account: time}.
"""

from __future__ import annotations

import math


def parents(follows, post, v):
    """Followees who adopted strictly before v did, or at all if v never did."""
    return {
        u for (w, u) in follows if w == v and u != v and u in post and (v not in post or post[u] < post[v])
    }  # fmt: skip


def won_by(follows, post, v):
    """Adopters to whom no chain of exposures leads from a first adopter any more once v is gone."""
    sources = [u for u in post if not parents(follows, post, u)]
    reached, todo = set(), [u for u in sources if u != v]
    while todo:
        u = todo.pop()
        if u in reached:
            continue
        reached.add(u)
        todo += [w for w in post if w != v and u in parents(follows, post, w)]
    return set(post) - reached


def exposures(follows, post, v, ever):
    """The followees that count as having exposed v."""
    found = parents(follows, post, v)
    if ever and v in post and found:
        own = won_by(follows, post, v)
        later = {u for (w, u) in follows if w == v and u in post and post[u] > post[v]}
        found = found | (later - own)
    return found


def predictions(nodes, follows, p, posts, ever):
    """(post, account, risk, adopted) of everyone exposed, and the number of unexplained adoptions."""
    rows, unexplained = [], 0
    for name, post in posts.items():
        for v in nodes:
            by = exposures(follows, post, v, ever)
            if by:
                rows.append((name, v, 1 - math.prod(1 - p[v, u] for u in by), v in post))
            elif v in post:
                unexplained += 1
    return rows, unexplained


def log_likelihood(rows, floor):
    """Of the outcomes, and how many lie below the floor."""
    chances = [risk if adopted else 1 - risk for _, _, risk, adopted in rows]
    return sum(math.log(max(c, floor)) for c in chances), sum(c < floor for c in chances)


def most_likely_constant(nodes, follows, posts, ever, steps=20_000):
    """The best single probability on a grid."""
    counts = []
    for post in posts.values():
        for v in nodes:
            k = len(exposures(follows, post, v, ever))
            if k:
                counts.append((k, v in post))

    def likelihood(p):
        return sum(math.log(1 - (1 - p) ** k) if won else k * math.log(1 - p) for k, won in counts)

    return max((i / steps for i in range(1, steps)), key=likelihood)


def placebo_counts(follows, p, posts, floor):
    """exposed, successes, trials, log-likelihood, arcs among adopters, ties."""
    exposed = successes = trials = arcs = ties = 0
    likelihood = 0.0
    for post in posts.values():
        for v in post:
            by = parents(follows, post, v)
            exposed += bool(by)
            likelihood += math.log(max(1 - math.prod(1 - p[v, u] for u in by), floor))
        for v, u in follows:
            if u == v or u not in post:
                continue
            arcs += v in post
            ties += v in post and post[v] == post[u]
            successes += v in post and post[v] > post[u]
            trials += v not in post or post[v] > post[u]
    return {
        "exposed": exposed, "successes": successes, "trials": trials, "log_likelihood": likelihood, "arcs": arcs,
        "ties": ties,
    }  # fmt: skip
