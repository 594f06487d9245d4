"""Rankings against a truth, by the definitions: every order of equals is tried. Slow; imports nothing from swayrank."""

from __future__ import annotations

import itertools
import math


def lowest_if_nan(values):
    return [-math.inf if math.isnan(v) else v for v in values]


def orders(values):
    """Every order of the accounts, best first, that the values allow."""
    values = lowest_if_nan(values)
    groups = [[i for i in range(len(values)) if values[i] == v] for v in sorted(set(values), reverse=True)]
    for ways in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield [i for way in ways for i in way]


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)


def mid_ranks(values):
    return [1 + sum(w < v for w in values) + (sum(w == v for w in values) - 1) / 2 for v in values]


def spearman(values, truth):
    x, y = mid_ranks(lowest_if_nan(values)), mid_ranks(truth)
    x, y = [a - mean(x) for a in x], [b - mean(y) for b in y]
    norm = math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))
    return sum(a * b for a, b in zip(x, y, strict=True)) / norm if norm else 0.0


def kendall_tau_b(values, truth):
    values = lowest_if_nan(values)
    both = in_values = in_truth = 0
    for i, j in itertools.combinations(range(len(values)), 2):
        a = (values[i] > values[j]) - (values[i] < values[j])
        b = (truth[i] > truth[j]) - (truth[i] < truth[j])
        both, in_values, in_truth = both + a * b, in_values + abs(a), in_truth + abs(b)
    return both / math.sqrt(in_values * in_truth) if in_values and in_truth else 0.0


def ndcg(values, truth, k):
    def gain(order):
        return sum(truth[i] / math.log2(place + 2) for place, i in enumerate(order[:k]))

    return mean(map(gain, orders(values))) / gain(next(orders(truth)))


def precision(values, truth, k):
    """Of the k highest of the truth that are above 0: the share which is among the first k."""
    n_top = min(k, sum(t > 0 for t in truth))
    tops = [order[:n_top] for order in orders(truth)]
    return mean(len(set(top) & set(order[:k])) / n_top for top in tops for order in orders(values))


def cut(values, truth, share, elsewhere=0.0):
    """The truth of the first `share` of accounts; of an account that is cut through, that part counts."""
    depth = share * len(truth)

    def gone(order):
        return sum(truth[i] * max(0.0, min(1.0, depth - place)) for place, i in enumerate(order))

    return mean(map(gone, orders(values))) / (sum(truth) + elsewhere)


def expanded(values, copies):
    """The multiset: each value as often as it has copies."""
    return [v for v, n in zip(values, copies, strict=True) for _ in range(n)]


# -- what came, from rows of (actor, action, target, post, time) -------------------------------------------------------


def reposts(rows, account):
    return sum(action == "repost" and target == account != actor for actor, action, target, _, _ in rows)


def engagement(rows, account):
    return sum(target == account != actor for actor, _, target, _, _ in rows)


def engagers(rows, account):
    return len({actor for actor, _, target, _, _ in rows if target == account != actor})


def cascade_size(rows, account, split, end):
    """Posts whose first dated act lies in [split, end), by who had them first: how many others took each up till then.

    Whoever is named as the target of a repost had the post before all who have a time.
    """
    sizes = []
    for post in sorted({row[3] for row in rows}):
        spreading = [row for row in rows if row[3] == post and row[1] in ("post", "repost", "quote")]
        at = {}
        for actor, _, _, _, time in spreading:
            at[actor] = min(time, at.get(actor, time))
        named = {row[2] for row in spreading if row[2] is not None} - at.keys()
        first = min(at.values())
        root = min(named) if named else min((time, actor) for actor, time in at.items())[1]
        if root == account and split <= first < end:
            sizes.append(len(named) + sum(time < end for time in at.values()) - 1)
    return mean(sizes) if sizes else math.nan
