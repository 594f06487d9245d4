"""Credit distribution by its recursion (Goyal, Bonchi & Lakshmanan 2011), one pair and one post at a time.

A log maps a post to {account: moment}; a moment of None is unknown, and before all others.
"""

from __future__ import annotations

import itertools
import math


def earlier(post, follows, u):
    """The followees of u that adopted the post strictly before it."""
    if post[u] is None:
        return []
    return [v for v in follows.get(u, ()) if v in post and (post[v] is None or post[v] < post[u])]


def count(log, u):
    return sum(u in post for post in log.values())


def delay_mean(log, follows, v, u):
    """The mean delay from v to u over the posts where it is known; None without any."""
    delays = [p[u] - p[v] for p in log.values() if u in p and v in earlier(p, follows, u) and p[v] is not None]
    return sum(delays) / len(delays) if delays else None


def direct(log, follows, credit):
    """gamma by (post, v, u)."""
    answer = {}
    mean = {}
    for post in log.values():
        for u in post:
            for v in earlier(post, follows, u):
                if (v, u) not in mean:
                    mean[v, u] = delay_mean(log, follows, v, u)

    def ratio(post, v, u):
        return 1.0 if post[v] is None else (post[u] - post[v]) / mean[v, u]

    influence = {}
    for u in {account for post in log.values() for account in post}:
        led = [p for p in log.values() if u in p and any(ratio(p, v, u) <= 1 for v in earlier(p, follows, u))]
        influence[u] = len(led) / count(log, u)
    for name, post in log.items():
        for u in post:
            before = earlier(post, follows, u)
            for v in before:
                part = 1.0 / len(before)
                answer[name, v, u] = part if credit == "equal" else influence[u] * part * math.exp(-ratio(post, v, u))
    return answer


def owed(name, post, follows, gamma, seeds, u):
    """Gamma(S, u, a): how much of u's adoption the seeds are owed."""
    if u in seeds:
        return 1.0
    return sum(gamma[name, v, u] * owed(name, post, follows, gamma, seeds, v) for v in earlier(post, follows, u))


def spread(log, follows, seeds, credit="equal"):
    gamma = direct(log, follows, credit)
    return sum(owed(name, post, follows, gamma, seeds, u) / count(log, u) for name, post in log.items() for u in post)


def greedy(log, follows, k, credit="equal"):
    """Greedy by evaluating everybody every time; ties to the smaller account."""
    everybody = sorted({account for post in log.values() for account in post})
    seeds, gains, now = [], [], 0.0
    for _ in range(k):
        open_to = [a for a in everybody if a not in seeds]
        found = [(spread(log, follows, {*seeds, a}, credit) - now, -a) for a in open_to]
        best = max(found, key=lambda pair: (round(pair[0], 9), pair[1]))
        seeds.append(-best[1])
        gains.append(best[0])
        now += best[0]
    return seeds, gains


def best_spread(log, follows, k, credit="equal"):
    everybody = sorted({account for post in log.values() for account in post})
    return max(spread(log, follows, set(seeds), credit) for seeds in itertools.combinations(everybody, k))
