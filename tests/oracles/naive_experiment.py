"""What experiments come to, the slow and obvious way: exhaustive assignments, textbook variances."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist, mean, variance


def power_normal(n, share, lift, average, spread, alpha):
    """Power of a two-sided z-test on means, to see a lift upwards; the lift multiplies treated outcomes."""
    error = spread * math.sqrt((1 + lift) ** 2 / (share * n) + 1 / ((1 - share) * n))
    return 1 - NormalDist().cdf(NormalDist().inv_cdf(1 - alpha / 2) - lift * average / error)


def icc(groups):
    """One-way analysis of variance over lists of values."""
    values = [x for group in groups for x in group]
    n, k, average = len(values), len(groups), mean(values)
    between = sum(len(g) * (mean(g) - average) ** 2 for g in groups) / (k - 1)
    within = sum((x - mean(g)) ** 2 for g in groups for x in g) / (n - k)
    typical = (n - sum(len(g) ** 2 for g in groups) / n) / (k - 1)
    return max(0.0, (between - within) / (between + (typical - 1) * within))


def stratified(rows):
    """Difference and standard error from (stratum, treated, outcome)."""
    n, effect, square = len(rows), 0.0, 0.0
    for stratum in {s for s, _, _ in rows}:
        t = [y for s, a, y in rows if s == stratum and a]
        c = [y for s, a, y in rows if s == stratum and not a]
        w = (len(t) + len(c)) / n
        effect += w * (mean(t) - mean(c))
        square += w * w * (variance(t) / len(t) + variance(c) / len(c))
    return effect, math.sqrt(square)


def clustered(rows):
    """Difference and cluster-robust standard error from (cluster, treated, outcome)."""
    means, square = {}, 0.0
    for arm in (True, False):
        mine = [(k, y) for k, a, y in rows if a is arm]
        means[arm] = mean(y for _, y in mine)
        residual = {}
        for k, y in mine:
            residual[k] = residual.get(k, 0.0) + y - means[arm]
        g = len(residual)
        square += g / (g - 1) * sum(r * r for r in residual.values()) / len(mine) ** 2
    return means[True] - means[False], math.sqrt(square)


def exact_p(treated, control):
    """Share of all assignments whose difference in means is at least as far from 0."""
    values = [*treated, *control]
    found = abs(mean(treated) - mean(control))
    hits = total = 0
    for chosen in itertools.combinations(range(len(values)), len(treated)):
        t = [values[i] for i in chosen]
        c = [values[i] for i in range(len(values)) if i not in chosen]
        total += 1
        hits += abs(mean(t) - mean(c)) >= found - 1e-9
    return hits / total


def cuped(y, x):
    """Outcomes less the slope on x, one stratum."""
    mx, my = mean(x), mean(y)
    theta = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    return [b - theta * (a - mx) for a, b in zip(x, y, strict=True)]
