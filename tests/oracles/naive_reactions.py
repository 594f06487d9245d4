"""Resonance and what each cluster adds to it, slow and obvious: written from the definitions, in plain Python."""

DAY = 86_400_000_000


def value(row, weights, half_life_days, now):
    return weights[row["action"]] * 2.0 ** (-(now - row["time"]) / DAY / half_life_days)


def owners(rows):
    """Who published each post, where exactly one account did."""
    said = {}
    for row in rows:
        if row["action"] == "post" and row["post"] is not None:
            said.setdefault(row["post"], set()).add(row["actor"])
    return said


def belongs(row, said):
    if row["post"] is None or row["action"] == "post":
        return False
    who = said.get(row["post"], set())
    return row["target"] in who if len(who) == 1 else row["action"] != "mention"


def posts_of(account, rows):
    said = owners(rows)
    own = {post for post, who in said.items() if account in who}
    own |= {row["post"] for row in rows if row["target"] == account != row["actor"] and belongs(row, said)}
    nameless = sum(row["action"] == "post" and row["post"] is None and row["actor"] == account for row in rows)
    return own, len(own) + nameless


def resonance(account, rows, weights, half_life_days, now, without=None):
    """The account's resonance; `without` a post that is then neither published nor reacted to."""
    said = owners(rows)
    _, n_posts = posts_of(account, rows)
    if without is not None:
        n_posts -= 1
    by_engager = {}
    for row in rows:
        reaction = row["target"] == account and row["actor"] != account and row["action"] != "post"
        if reaction and weights[row["action"]] > 0 and row["time"] <= now:
            own = row["post"] if belongs(row, said) else None
            if own is not None and own == without:
                continue
            total, seen = by_engager.setdefault(row["actor"], [0.0, set()])
            by_engager[row["actor"]][0] = total + value(row, weights, half_life_days, now)
            if own is not None:
                seen.add(own)
    return sum(((1 + total) ** 0.75 - 1) * (1 - len(seen) / (n_posts + 1)) ** 2 for total, seen in by_engager.values())
