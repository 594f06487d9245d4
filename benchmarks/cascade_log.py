"""Logs of cascades over a graph: posts with heavy-tailed numbers of reposts, passed on from followed to follower.

A post's author is drawn by number of followers; each repost is by a random follower of an account that has the post, at
a random delay after it. Sizes have the tail P(size >= x) = x ** -1.3 up to 50,000, or end where nobody else is found.
Drawn 200,000 posts at a time, with NumPy alone; rows come in the order of posts, not of time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import inputs

_POSTS = 200_000
_TAIL, _LARGEST, _ROUNDS = 1.3, 50_000, 40
_HOUR, _SPAN = 3_600_000_000, 90 * 86_400_000_000
_START = 1_750_000_000_000_000


def cascade_log(name: str, graph: Any, n_rows: int) -> dict[str, Any]:
    """``actor``, ``post``, ``time`` (microseconds) and ``author`` (of each post), kept for the next time."""
    return inputs.kept(f"cascades-{name}-{n_rows}", lambda: _draw(graph, n_rows))


def events_of(graph: Any, log: dict[str, Any]) -> Any:
    """The log as Events: the author's row is a post, all others are reposts from it."""
    import swayrank as sr
    from swayrank.ids import Ids

    actor, post, author = log["actor"], log["post"], log["author"]
    own = np.ones(post.size, np.bool_)
    own[1:] = post[1:] != post[:-1]
    action = np.where(own, np.uint8(0), np.uint8(2))
    target = author[post]
    target[own] = 2**32 - 1
    posts = Ids.of_range(author.size)
    return sr.Events.from_arrays(actor, target, action, accounts=graph.ids, post=post, time=log["time"], posts=posts)


def _draw(graph: Any, n_rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(n_rows)
    parts, n, n_posts = [], 0, 0
    while n < n_rows:
        one = _cascades(graph, rng, n_posts)
        parts.append(one)
        n, n_posts = n + one[0].size, n_posts + _POSTS
    actor, post, time = (np.concatenate(columns)[:n_rows] for columns in zip(*parts, strict=True))
    first = np.flatnonzero(np.append(True, post[1:] != post[:-1]))
    return {"actor": actor, "post": post, "time": time, "author": actor[first]}


def _cascades(graph: Any, rng: Any, first_post: int) -> tuple[npt.NDArray[Any], ...]:
    """The rows of `_POSTS` posts, each post's together and its author's first."""
    starts, followers = graph.in_indptr.astype(np.int64), graph.in_indices
    degree = np.diff(starts)
    wanted = np.minimum(rng.random(_POSTS) ** (-1 / _TAIL), _LARGEST).astype(np.int64) - 1
    member = graph.indices[rng.integers(0, graph.n_edges, _POSTS)]
    post, time = np.arange(_POSTS), _START + rng.integers(0, _SPAN, _POSTS)
    found = [(member, post, time)]
    for _ in range(_ROUNDS):
        going = (wanted[post] > 0) & (degree[member] > 0)
        member, post, time = member[going], post[going], time[going]
        if not member.size:
            break
        new = followers[starts[member] + (rng.random(member.size) * degree[member]).astype(np.int64)]
        begun = np.flatnonzero(np.append(True, post[1:] != post[:-1]))  # members lie together by post
        place = np.arange(post.size) - np.repeat(begun, np.diff(np.append(begun, post.size)))
        kept = place < wanted[post]
        new, of, at = new[kept], post[kept], (time + (_HOUR * rng.exponential(size=time.size)).astype(np.int64))[kept]
        wanted -= np.bincount(of, minlength=_POSTS)
        found.append((new, of, at))
        joined = np.concatenate([post, of])
        order = np.argsort(joined, kind="stable")
        member, post, time = np.append(member, new)[order], joined[order], np.append(time, at)[order]
    member, post, time = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.argsort(post, kind="stable")
    return member[order].astype(np.uint32), (post[order] + first_post).astype(np.uint32), time[order]
