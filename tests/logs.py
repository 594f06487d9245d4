"""Small random logs of adoptions, as the library reads them and as the oracles do."""

from __future__ import annotations

import gzip
import heapq
from dataclasses import dataclass

import numpy as np

from swayrank.events import NO_ACCOUNT, Events
from swayrank.graph import Graph
from swayrank.ids import Ids

HOUR = 3_600_000_000


@dataclass
class Log:
    """A log with its graph, and the same for oracles: post -> {account: hour or None}, and whom rows name."""

    events: Events
    graph: Graph
    posts: dict
    named: dict
    follows: dict

    @property
    def accounts(self):
        return range(self.graph.n_nodes)

    def cascade(self, post):
        return list(self.posts[post].items())


def events_of(rows, n_accounts, n_posts, **extra):
    """Events from (account, post, hour, target or None); the first row of a post publishes it."""
    seen, action = set(), []
    for _, post, _, target in rows:
        action.append(0 if post not in seen and target is None else 2)
        seen.add(post)
    return Events.from_arrays(
        np.array([row[0] for row in rows], np.uint32),
        np.array([NO_ACCOUNT if row[3] is None else row[3] for row in rows], np.uint32),
        np.array(action, np.uint8),
        accounts=Ids.of_range(n_accounts),
        post=np.array([row[1] for row in rows], np.uint32),
        posts=Ids.of_range(n_posts),
        time=np.array([round(row[2] * HOUR) for row in rows], np.int64),
        extra=extra,
    )


def random_log(seed, n_accounts=9, n_posts=8, hours=6, p_arc=0.4, p_named=0.3):
    """A log with equal times, rows that repeat, accounts that are only named, posts that nobody took up."""
    draw = np.random.default_rng(seed)
    rows, posts, named = [], {}, {}
    for post in range(n_posts):
        size = int(draw.integers(0, n_accounts))
        who = draw.permutation(n_accounts)[:size].tolist()
        at = {a: int(t) for a, t in zip(who, draw.integers(0, hours, size), strict=True)}
        names = {a: int(draw.integers(n_accounts)) for a in who if draw.random() < p_named}
        named[post] = {a: u for a, u in names.items() if u != a}
        rows += [(a, post, t, names.get(a)) for a, t in at.items()]
        rows += [(a, post, t + 1, None) for a, t in at.items() if draw.random() < 0.2]  # again, later: no adoption
        posts[post] = {**{u: None for u in names.values() if u not in at}, **at}
    arcs = [(v, u) for v in range(n_accounts) for u in range(n_accounts) if u != v and draw.random() < p_arc]
    follows = {v: {u for w, u in arcs if w == v} for v in range(n_accounts)}
    ends = np.array(arcs, np.uint32).reshape(-1, 2)
    graph = Graph.from_edges(ends[:, 0], ends[:, 1], n_nodes=n_accounts)
    rows = [rows[k] for k in draw.permutation(len(rows))]
    events = events_of(rows, n_accounts, n_posts)
    return Log(events, graph, {p: c for p, c in posts.items() if c}, named, follows)


def read_cascades(folder, name):
    """A set of cascades as a log, and its graph: the first adopter of each publishes, who comes later reposts."""
    hours = {"memetracker": 1.0, "christianity": 1 / 3600}[name]
    rows = []
    with gzip.open(folder / f"{name}.cascades.txt.gz", "rt") as lines:
        for post, line in enumerate(lines):
            words = line.replace(",", " ").split()
            words = words[1:] if name == "christianity" else words  # the cascade's number comes first
            rows += [(int(a), post, float(t) * hours, None) for a, t in zip(words[::2], words[1::2], strict=True)]
    with gzip.open(folder / f"{name}.edges.txt.gz", "rt") as lines:
        ends = np.array([line.split(",") for line in lines], np.int64)
    n_accounts = max(int(ends.max()), *(row[0] for row in rows)) + 1
    rows.sort(key=lambda row: (row[1], row[2]))
    log = events_of(rows, n_accounts, rows[-1][1] + 1)
    return log, Graph.from_edges(ends[:, 0], ends[:, 1], n_nodes=n_accounts, direction="undirected")


def told_cascades(seed, n_accounts=200, n_posts=300, followees=8, chance=0.1, mean_hours=4.0):
    """Cascades of which it is known who had it from whom: a log, its graph, and post -> {account: source or None}.

    Who adopts hands the post to each follower with a chance, after an exponential time; the first to arrive counts.
    """
    draw = np.random.default_rng(seed)
    follows = {v: draw.choice(n_accounts, followees, replace=False).tolist() for v in range(n_accounts)}
    followers = {u: [v for v in range(n_accounts) if u in follows[v] and u != v] for u in range(n_accounts)}
    rows, truth = [], {}
    for post in range(n_posts):
        waiting, source = [(0.0, int(draw.integers(n_accounts)), None)], {}
        while waiting:
            hour, account, handed_on_by = heapq.heappop(waiting)
            if account in source:
                continue
            source[account] = handed_on_by
            rows.append((account, post, hour, None))
            for v in followers[account]:
                if draw.random() < chance:
                    heapq.heappush(waiting, (hour + float(draw.exponential(mean_hours)), v, account))
        truth[post] = source
    arcs = np.array([(v, u) for v, who in follows.items() for u in who if u != v])
    graph = Graph.from_edges(arcs[:, 0], arcs[:, 1], n_nodes=n_accounts)
    return events_of(rows, n_accounts, n_posts), graph, truth
