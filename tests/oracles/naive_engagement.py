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


# -- everything per account and per post -------------------------------------------------------------------------------

KINDS = {"applause": ("like",), "conversation": ("reply",), "amplification": ("repost", "quote")}


def posts_of(rows):
    """The posts of each account: those that it published, and those that an interaction with it names."""
    posts = defaultdict(set)
    for actor, _, action, _, post in rows:
        if action == "post" and post is not None:
            posts[actor].add(post)
    for _, target, _, _, post in interactions(rows):
        if post is not None:
            posts[target].add(post)
    return posts


def profile(rows, account):
    """All that is counted of one account."""
    mine = [r for r in interactions(rows) if r[1] == account]
    posts = sorted(posts_of(rows)[account])
    engagers = Counter(r[0] for r in mine)
    on_post = {p: [r for r in mine if r[4] == p] for p in posts}

    def per_post(*actions):
        return [sum(r[2] in actions for r in on_post[p]) for p in posts]

    reposts = per_post("repost")
    answer = {
        "distinct_engagers": len(engagers),
        "repeat_engagers": sum(k >= 2 for k in engagers.values()),
        "top_engager_count": max(engagers.values(), default=0),
        "distinct_reposters": len({r[0] for r in mine if r[2] == "repost"}),
        "distinct_mentioners": len({r[0] for r in mine if r[2] == "mention"}),
        "posts_published": sum(r[0] == account and r[2] == "post" for r in rows),
        "posts": len(posts),
        "posts_with_reactions": sum(bool(on_post[p]) for p in posts),
        "reposted_posts": sum(k > 0 for k in reposts),
        "replied_posts": sum(k > 0 for k in per_post("reply")),
        "without_post": sum(r[4] is None for r in mine),
        "h_index": _h(reposts),
        "g_index": _g(reposts),
        "engager_entropy": -math.fsum(k / len(mine) * math.log(k / len(mine)) for k in engagers.values()),
    }
    for kind, actions in KINDS.items():
        for name, average in (("mean", _mean), ("median", _median), ("trimmed", _trimmed)):
            answer[f"{kind}_{name}"] = average(per_post(*actions))
    return answer


def _g(counts):
    ranked = sorted(counts, reverse=True) + [0] * (sum(counts) + 1)
    return max((g for g in range(1, len(ranked)) if sum(ranked[:g]) >= g * g), default=0)


def _mean(counts):
    return sum(counts) / len(counts) if counts else math.nan


def _median(counts):
    ranked = sorted(counts)
    return (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2 if ranked else math.nan


def _trimmed(counts):
    cut = len(counts) // 10
    return _mean(sorted(counts)[cut : len(counts) - cut])


def post_rows(rows):
    """Per account and post: counts by action, engagers, times of publication, first, last and half-way reaction."""
    answer = {}
    for account, posts in posts_of(rows).items():
        for post in posts:
            own = [r[3] for r in rows if (r[0], r[2], r[4]) == (account, "post", post) and r[3] is not None]
            mine = [r for r in interactions(rows) if (r[1], r[4]) == (account, post)]
            times = sorted(r[3] for r in mine if r[3] is not None)
            half = times[(len(times) + 1) // 2 - 1] if times else None
            published = min(own, default=None)
            answer[account, post] = {
                "actions": Counter(r[2] for r in mine),
                "engagers": len({r[0] for r in mine}),
                "published": published,
                "first": times[0] if times else None,
                "last": times[-1] if times else None,
                "hours_to_half": None if half is None or published is None else (half - published) / 3.6e9,
            }
    return answer


def chosen_h_index(rows, action, chosen):
    return h_index([r for r in rows if r[4] in chosen], action)


def repost_impact(rows, account):
    mine = [r for r in interactions(rows, "repost") if r[1] == account]
    posts, who = {r[4] for r in mine} - {None}, {r[0] for r in mine}
    return math.nan if who and not posts else len(posts) * math.log(len(who) or 1)


def mention_impact(rows, account):
    got = [r[0] for r in interactions(rows, "mention") if r[1] == account]
    gave = [r[1] for r in interactions(rows, "mention") if r[0] == account]
    return len(got) * math.log(len(set(got)) or 1) - len(gave) * math.log(len(set(gave)) or 1)


def social_networking_potential(rows, account, followers):
    figures = profile(rows, account)
    if not followers or not figures["posts"]:
        return math.nan
    interactors = (figures["distinct_reposters"] + figures["distinct_mentioners"]) / followers
    return (interactors + (figures["reposted_posts"] + figures["replied_posts"]) / figures["posts"]) / 2
