"""Slow and obvious rates, tiers and rhythm, in plain Python over lists of rows: one loop each."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

BOUNDED = ("views", "impressions", "reach")


def usable(rows, of, per):
    """Rows (account, count, opportunities) that say something; `rows` are dicts, with None for unknown."""
    kept, left_out = [], {"missing": 0, "impossible": 0, "exceeding": 0}
    for row in rows:
        counts = [row[name] for name in of]
        n = 1 if per == "posts" else row[per]
        if None in counts or n is None:
            left_out["missing"] += 1
        elif n <= 0 or math.isinf(n) or any(c < 0 or math.isinf(c) for c in counts):
            left_out["impossible"] += 1
        elif per in BOUNDED and sum(counts) > n:
            left_out["exceeding"] += 1
        else:
            kept.append((row["account"], sum(counts), n))
    return kept, left_out


def averages(kept, trim=0.1):
    """Pooled, mean, median and trimmed rate of every account that has rows."""
    by_account = defaultdict(list)
    for account, k, n in kept:
        by_account[account].append((k, n))
    answer = {}
    for account, posts in by_account.items():
        rates = sorted(k / n for k, n in posts)
        cut = int(len(rates) * trim + 1e-9)
        inner = rates[cut : len(rates) - cut]
        middle = len(rates) // 2
        median = rates[middle] if len(rates) % 2 else (rates[middle - 1] + rates[middle]) / 2
        answer[account] = {
            "pooled": sum(k for k, _ in posts) / sum(n for _, n in posts),
            "mean": sum(rates) / len(rates),
            "median": median,
            "trimmed": sum(inner) / len(inner),
        }
    return answer


def credibility(posts, model, a, b, between):
    """Shrunk rate of one account's posts [(k, n)] under a known prior, and the weighted mean that was shrunk."""
    if model == "beta_binomial":
        mean, strength = a / (a + b), a + b
        sizes = [n / (1 + (n - 1) * between) for _, n in posts]
    else:
        mean, strength = a / b, b
        second_moment = a * (a + 1) / b**2
        sizes = [n / (1 + n * between * second_moment / mean) for _, n in posts]
    total = sum(sizes)
    weighted = sum(m * k / n for m, (k, n) in zip(sizes, posts, strict=True)) / total
    share = total / (total + strength)
    return share * weighted + (1 - share) * mean, weighted


def middle(log_density, low, high, share, steps=200_000):
    """Both ends of the middle of a density given by its logarithm, by adding up rectangles."""
    width = (high - low) / steps
    points = [low + (i + 0.5) * width for i in range(steps)]
    logs = [log_density(x) for x in points]
    top = max(logs)
    below, cumulated = 0.0, []
    for value in logs:
        below += math.exp(value - top)
        cumulated.append(below)
    ends = [bisect.bisect_left(cumulated, below * q) for q in ((1 - share) / 2, (1 + share) / 2)]
    return points[ends[0]], points[ends[1]]


def mean(log_density, low, high, steps=200_000):
    """The mean of a density given by its logarithm, by adding up rectangles."""
    width = (high - low) / steps
    points = [low + (i + 0.5) * width for i in range(steps)]
    logs = [log_density(x) for x in points]
    top = max(logs)
    weights = [math.exp(value - top) for value in logs]
    return sum(x * w for x, w in zip(points, weights, strict=True)) / sum(weights)


def percentiles(values, tiers):
    """Mid-rank percentile of every value within its tier; None for None."""
    answer = []
    for value, tier in zip(values, tiers, strict=True):
        peers = [v for v, t in zip(values, tiers, strict=True) if t == tier and v is not None]
        if value is None or tier is None:
            answer.append(None)
        else:
            answer.append(100 * (sum(p < value for p in peers) + sum(p == value for p in peers) / 2) / len(peers))
    return answer


def posts_of_log(rows):
    """Counts per (account, post) of rows (actor, target, action, post)."""
    fields = {"like": "likes", "reply": "comments", "repost": "shares", "quote": "shares", "view": "views"}
    counts = {}
    for actor, target, action, post in rows:
        if post is None:
            continue
        if action == "post":
            counts.setdefault((actor, post), defaultdict(int))
        elif target is not None and target != actor:
            of_post = counts.setdefault((target, post), defaultdict(int))
            if action in fields:
                of_post[fields[action]] += 1
    return counts


def hours(times, zone):
    """Events per (weekday, hour) on the clock of a zone; `times` in microseconds."""
    counts = defaultdict(int)
    for time in times:
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).astimezone(ZoneInfo(zone))
        counts[local.weekday(), local.hour] += 1
    return counts
