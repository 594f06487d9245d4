"""Hidden graphs the slow, obvious way: the likelihood of cascades, greedy search over all arcs, and made-up cascades.

Cascades are lists of {account: time}; rates and arcs are by (u, v), u influences v.
"""

from __future__ import annotations

import heapq
import math


def log_likelihood(cascades, ends, n, rates):
    """NetRate's: adoptions that no positive rate precedes came from outside and count for nothing but exposure."""
    whole = 0.0
    for times, end in zip(cascades, ends, strict=True):
        for v in range(n):
            until = times.get(v, end)
            hazard = 0.0
            for u, t in times.items():
                if u != v and t < until:
                    whole -= rates.get((u, v), 0.0) * (until - t)
                    hazard += rates.get((u, v), 0.0) if v in times else 0.0
            if hazard > 0:
                whole += math.log(hazard)
    return whole


def explained(cascades, arcs, rate, reach):
    """NetInf's F."""
    whole = 0.0
    for times in cascades:
        for v, t in times.items():
            gains = [reach - rate * (t - s) for u, s in times.items() if (u, v) in arcs and s < t]
            whole += max([0.0, *gains])
    return whole


def greedy(cascades, candidates, rate, reach, k):
    """The arcs in the order in which greedy search over all candidates takes them, and F after each."""
    taken, values = [], []
    for _ in range(k):
        base = explained(cascades, set(taken), rate, reach)
        best = max(
            ((explained(cascades, {*taken, arc}, rate, reach) - base, arc) for arc in candidates if arc not in taken),
            default=(0.0, None),
        )
        if best[0] <= 0:
            break
        taken.append(best[1])
        values.append(base + best[0])
    return taken, values


def candidates(cascades, least):
    """Arcs (u, v) of which u came before v in at least `least` cascades."""
    count = {}
    for times in cascades:
        for v, t in times.items():
            for u, s in times.items():
                if s < t:
                    count[u, v] = count.get((u, v), 0) + 1
    return {arc for arc, k in count.items() if k >= least}


def spread_posts(rates, n, n_posts, horizon, rng):
    """Cascades in continuous time: every arc passes a post on after an exponential delay, from a root at random."""
    out = {u: [] for u in range(n)}
    for (u, v), rate in sorted(rates.items()):
        out[u].append((v, rate))
    cascades = []
    for _ in range(n_posts):
        heap, times = [(0.0, rng.randrange(n))], {}
        while heap:
            t, u = heapq.heappop(heap)
            if u in times or t > horizon:
                continue
            times[u] = t
            for v, rate in out[u]:
                if v not in times:
                    heapq.heappush(heap, (t + rng.expovariate(rate), v))
        cascades.append(times)
    return cascades
