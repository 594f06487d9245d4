"""Logs of cascades whose probabilities are known, for tests of what is learned from logs and held against them."""

from __future__ import annotations

import numpy as np

import swayrank as sr

SECOND = 1_000_000


def log_of(posts):
    """Events of {post: {account: time in seconds}}; the first adopters publish."""
    rows = [(str(a), str(name), t) for name, post in posts.items() for a, t in sorted(post.items(), key=lambda x: x[1])]
    first = {str(name): min(post.values()) for name, post in posts.items()}
    return sr.Events.from_frame(
        {
            "actor": [a for a, _, _ in rows],
            "action": ["post" if t == first[name] else "repost" for _, name, t in rows],
            "post": [name for _, name, _ in rows],
            "time": [int(t * SECOND) for _, _, t in rows],
        }
    )


def random_graph(n, degree, p, rng, *, mutual=False):
    """A graph of n accounts "0", "1", ... who follow about `degree` others, with probabilities between those of p."""
    r = np.random.default_rng(rng)
    u, v = np.repeat(np.arange(n), degree), r.integers(0, n, n * degree)
    if mutual:
        u, v = np.concatenate([u, v]), np.concatenate([v, u])
    ends = sr.Graph.from_edges(u, v, n_nodes=n).edges()
    chances = r.uniform(*p, ends[0].size)
    return sr.Graph.from_edges(*ends, ids=[str(i) for i in range(n)], columns={"probability": chances})


def independent_cascades(graph, n_posts, rng, *, longest_delay=1000, begin=0):
    """{post: {account: time}} by Independent Cascade with the column "probability", each from one random account."""
    r = np.random.default_rng(rng)
    chances = graph.in_column("probability")
    posts = {}
    for number in range(n_posts):
        root = int(r.integers(graph.n_nodes))
        start = begin + number * 1_000_000
        due, done = [(start, root)], {}
        while due:
            due.sort()
            t, u = due.pop(0)
            if u in done:
                continue
            done[u] = t
            for at in range(int(graph.in_indptr[u]), int(graph.in_indptr[u + 1])):
                if r.random() < chances[at]:
                    due.append((t + int(r.integers(1, longest_delay + 1)), int(graph.in_indices[at])))
        posts[f"p{number}"] = {graph.ids[a]: t for a, t in done.items()}
    return posts


def alike(n, n_groups, n_posts, rng):
    """Homophily without influence: a mutual graph of groups, and posts that a group's accounts adopt in any order."""
    r = np.random.default_rng(rng)
    group = np.arange(n) % n_groups
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j and group[i] == group[j] and r.random() < 0.5]
    graph = sr.Graph.from_edges([i for i, _ in pairs], [j for _, j in pairs], ids=[str(i) for i in range(n)])
    posts = {}
    for number in range(n_posts):
        members = np.flatnonzero(group == r.integers(n_groups))
        chosen = members[r.random(members.size) < 0.5]
        if chosen.size:
            times = r.integers(0, 10**6, chosen.size).tolist()
            posts[f"p{number}"] = {str(i): t for i, t in zip(chosen.tolist(), times, strict=True)}
    return graph, posts


def random_posts(n, n_posts, rng, *, latest=6):
    """Any accounts adopt at any of a few times: ties, cycles, unknown accounts."""
    r = np.random.default_rng(rng)
    posts = {}
    for number in range(n_posts):
        chosen = r.choice(n, size=int(r.integers(1, n)), replace=False)
        posts[f"p{number}"] = {str(i): int(r.integers(latest)) for i in chosen.tolist()}
    return posts
