"""Pair features and trials, slow and obvious: written from the definitions, in plain Python."""

import math

DAY = 86_400_000_000
KINDS = {"like": "likes", "repost": "reposts", "quote": "quotes", "reply": "replies", "mention": "mentions"}
SPREADING = ("post", "repost", "quote")


def adoptions(rows):
    """When each account first took up each post: {post: {account: time}}, -inf for a target without a row."""
    when = {}
    for row in rows:
        if row["action"] in SPREADING and row["post"] is not None and row["time"] is not None:
            of = when.setdefault(row["post"], {})
            of[row["actor"]] = min(of.get(row["actor"], math.inf), row["time"])
    for row in rows:
        if row["action"] in SPREADING and row["post"] is not None and row["time"] is not None and row["target"]:
            when[row["post"]].setdefault(row["target"], -math.inf)
    return when


def trials(v, u, rows, since=-math.inf):
    """Posts of u that were tried on v from `since` on, and those that went over."""
    tried = gone = 0
    for of in adoptions(rows).values():
        if u not in of:
            continue
        begin = of[u] if of[u] > -math.inf else min(t for t in of.values() if t > -math.inf)
        if begin < since or (v in of and of[v] <= of[u]):
            continue
        tried += 1
        gone += v in of
    return tried, gone


def toward(v, u, rows, until, half_life_days):
    """What v did to u."""
    found = dict.fromkeys(KINDS.values(), 0) | {f"{name}_decayed": 0.0 for name in KINDS.values()}
    found["days_since"] = math.nan
    for row in rows:
        if row["actor"] == v and row["target"] == u != v and row["action"] in KINDS:
            days = (until - row["time"]) / DAY
            found[KINDS[row["action"]]] += 1
            found[KINDS[row["action"]] + "_decayed"] += 0.5 ** (days / half_life_days)
            found["days_since"] = days if math.isnan(found["days_since"]) else min(days, found["days_since"])
    return found


def account(x, rows, arcs, until, half_life_days):
    """What one account did and received."""
    reactions = [r for r in rows if r["action"] in KINDS and r["target"] not in (None, r["actor"])]
    lists = {
        "posts": [r["time"] for r in rows if r["action"] == "post" and r["actor"] == x],
        "given": [r["time"] for r in reactions if r["actor"] == x],
        "received": [r["time"] for r in reactions if r["target"] == x],
    }
    found = {name: len(times) for name, times in lists.items()}
    for name, times in lists.items():
        found[f"{name}_decayed"] = sum(0.5 ** ((until - t) / DAY / half_life_days) for t in times)
    found["followees"] = sum(v == x for v, _ in arcs)
    found["followers"] = sum(u == x for _, u in arcs)
    return found


def features(v, u, rows, arcs, until, half_life_days, max_followees):
    """All columns of the arc v -> u from the dated rows before `until`."""
    rows = [r for r in rows if r["time"] is not None and r["time"] < until]
    found = toward(v, u, rows, until, half_life_days)
    found |= {f"back_{name}": value for name, value in toward(u, v, rows, until, half_life_days).items()}
    found["follows_back"] = float((u, v) in arcs)
    of_v, of_u = ({b for a, b in arcs if a == x} for x in (v, u))
    found["common_followees"] = len(of_v & of_u) if min(len(of_v), len(of_u)) <= max_followees else math.nan
    ends = {end: account(x, rows, arcs, until, half_life_days) for end, x in (("follower", v), ("followee", u))}
    given = ends["follower"]["given"]
    found["share"] = sum(found[name] for name in KINDS.values()) / given if given else 0.0
    found["trials"], found["successes"] = trials(v, u, rows)
    for end, values in ends.items():
        found |= {f"{end}_{name}": value for name, value in values.items()}
    return found
