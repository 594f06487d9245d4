"""Learning from logs, the slow and obvious way: dictionaries and loops, one adoption at a time."""

from __future__ import annotations

import math

NEVER = -math.inf


def adoptions(rows):
    """(account, post) -> time of the first act; a target without a row of its own had the post before everybody.

    `rows` are (actor, target or None, post or None, time or None).
    """
    first = {}
    for actor, _, post, time in rows:
        if post is not None and time is not None:
            first[actor, post] = min(time, first.get((actor, post), math.inf))
    for _, target, post, time in rows:
        if post is not None and time is not None and target is not None:
            first.setdefault((target, post), NEVER)
    return first


def posts_of(first, account):
    return {post for who, post in first if who == account}


def trials(first, v, u):
    """The posts of u that v had not adopted before or at the same instant."""
    return {p for p in posts_of(first, u) if (v, p) not in first or first[v, p] > first[u, p]}


def successes(first, v, u, window=math.inf):
    won = {p for p in trials(first, v, u) if (v, p) in first}
    return {p for p in won if first[u, p] == NEVER or first[v, p] - first[u, p] <= window}


def parents(first, arcs, v, post, window=math.inf):
    return [u for w, u in arcs if w == v and post in successes(first, v, u, window)]


def table(first, arcs, window=math.inf):
    """Everything that is counted about each arc (v, u)."""
    found = {}
    for v, u in arcs:
        won, tried = successes(first, v, u, window), trials(first, v, u)
        delays = [first[v, p] - first[u, p] for p in won if first[u, p] != NEVER]
        mean = sum(delays) / len(delays) if delays else math.nan
        found[v, u] = {
            "trials": len(tried),
            "successes": len(won),
            "union": len(posts_of(first, u) | posts_of(first, v)),
            "credit": sum(1 / len(parents(first, arcs, v, p, window)) for p in won),
            "undated": len(won) - len(delays),
            "delay": mean,
            "within": sum(d <= mean * (1 + 1e-12) for d in delays),
        }
    return found


def influenceability(first, arcs, v):
    """Share of v's adoptions that came within the arc's mean delay after some parent's."""
    mine = posts_of(first, v)
    if not mine:
        return math.nan
    found = table(first, arcs)
    moved = 0
    for p in mine:
        for u in parents(first, arcs, v, p):
            if first[u, p] != NEVER and first[v, p] - first[u, p] <= found[v, u]["delay"] * (1 + 1e-12):
                moved += 1
                break
    return moved / len(mine)


def estimate(first, arcs, method, prior, window=math.inf):
    """A counting method's probability of each arc; `prior` gives (pseudo-successes, pseudo-failures) of an arc."""
    found = {}
    for arc, facts in table(first, arcs, window).items():
        won = facts["credit"] if "credit" in method or method == "linear_threshold" else facts["successes"]
        of = facts["union"] if "jaccard" in method else facts["trials"]
        if method == "discrete_time":
            won, of = facts["within"], facts["trials"] - facts["undated"]
        if facts["trials"] == 0:
            won = of = 0
        a, b = prior(arc)
        found[arc] = (won + a) / (of + a + b) if of + a + b else 0.0
    if method == "linear_threshold":
        for v in {v for v, _ in arcs}:
            total = sum(w for (follower, _), w in found.items() if follower == v)
            for arc in found:
                if arc[0] == v and total > 1:
                    found[arc] /= total
    return found


def log_likelihood(first, arcs, p, window=math.inf):
    """Of every adoption that had parents, and of every trial that failed."""
    value = 0.0
    for v, post in first:
        who = parents(first, arcs, v, post, window)
        if who:
            value += _log(1 - math.prod(1 - p[v, u] for u in who))
    for v, u in arcs:
        failed = len(trials(first, v, u)) - len(successes(first, v, u, window))
        if failed:
            value += failed * _log(1 - p[v, u])
    return value


def _log(x):
    return math.log(x) if x > 0 else -math.inf


def em(first, arcs, prior, window=math.inf, steps=20_000):
    """Saito, Nakano & Kimura's EM from partial credits; pseudo-observations are adoptions with one parent."""
    facts = table(first, arcs, window)
    p = {}
    for arc in arcs:
        a, b = prior(arc)
        n = facts[arc]["trials"] + a + b
        p[arc] = (facts[arc]["credit"] + a) / n if n else 0.0
    cases = [(v, parents(first, arcs, v, post, window)) for v, post in first]
    for _ in range(steps):
        gained = dict.fromkeys(arcs, 0.0)
        for v, who in cases:
            if who:
                chance = 1 - math.prod(1 - p[v, u] for u in who)
                for u in who:
                    gained[v, u] += p[v, u] / chance
        new = {}
        for arc in arcs:
            a, b = prior(arc)
            n = facts[arc]["trials"] + a + b
            new[arc] = (gained[arc] + a) / n if n else 0.0
        if max((abs(new[arc] - p[arc]) for arc in arcs), default=0) < 1e-13:
            return new
        p = new
    return p
