"""Shares of attention, slow and obvious: written from the definition, in plain Python."""

from tests.oracles.naive_reactions import value

FOLLOWS = 3.0


def engagement(rows, weights, half_life_days, now):
    """What is left of the reactions of each account to each other one."""
    told = {}
    for row in rows:
        u, v = row["actor"], row["target"]
        if v is not None and u != v and row["action"] != "post" and weights[row["action"]] > 0 and row["time"] <= now:
            told[u, v] = told.get((u, v), 0.0) + value(row, weights, half_life_days, now)
    return told


def shares(follows, rows, weights, half_life_days, now):
    """The share of u's attention that v has, by (u, v)."""
    follows, done = set(follows), engagement(rows, weights, half_life_days, now)
    followed = {}
    for u, v in follows:
        followed.setdefault(u, set()).add(v)
    share, given = {}, {}
    for (u, _), e in done.items():
        given[u] = given.get(u, 0.0) + e
    for u, v in follows | set(done):
        dealt = FOLLOWS / len(followed[u]) if (u, v) in follows else 0.0
        share[u, v] = (done.get((u, v), 0.0) + dealt) / (1 + given.get(u, 0.0) + (FOLLOWS if u in followed else 0.0))
    return share


def reach(account, *data):
    return sum(share for (_, v), share in shares(*data).items() if v == account)
