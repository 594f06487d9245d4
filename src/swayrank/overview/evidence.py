"""How much is known of every account: followers, whom it follows, reactions, who reacted, posts.

Counts of what the score rests on, for all accounts at once; what a source does not tell is null, never 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.engines import Engine
from swayrank.events.posts import Posts
from swayrank.graph import Graph
from swayrank.measures.engagement.reactions import Reactions

Rows = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

ABSENT = 2**32 - 1
UNKNOWN = -1
_COUNTS = ("likes", "comments", "shares")


class Counts(NamedTuple):
    """Of every account; -1 where it is unknown.

    Attributes
    ----------
    followers, following : numpy.ndarray of int64, shape (n,)
        By the follow graph.
    reactions, engagers, posts : numpy.ndarray of int64, shape (n,)
        Reactions that count, by how many different accounts, and posts published or reacted to.
    """

    followers: Ints
    following: Ints
    reactions: Ints
    engagers: Ints
    posts: Ints


def of_graph(graph: Graph | None, rows: Rows) -> tuple[Ints, Ints]:
    """Followers and followed of every account; -1 for those that the graph does not name.

    >>> graph = Graph.from_edges([0, 1], [1, 2])
    >>> of_graph(graph, np.array([2, 1, 2**32 - 1], np.uint32))[0].tolist(), of_graph(None, np.zeros(2, np.uint32))[0]
    ([1, 1, -1], array([-1, -1]))
    """
    if graph is None:
        return _unknown(rows.size), _unknown(rows.size)
    return _spread(graph.in_degree, rows, UNKNOWN), _spread(graph.out_degree, rows, UNKNOWN)


def of_log(reactions: Reactions, rows: Rows, runner: Engine) -> tuple[Ints, Ints, Ints]:
    """Reactions received, by how many, and posts of every account; 0 for those that the log does not name.

    Posts are -1 where they are unknown: of everybody in a log that names none, and of those who were reacted to and of
    whom it names none.
    """
    received = np.diff(reactions.indptr.astype(np.int64))
    posts = reactions.n_posts.astype(np.int64)
    named = bool(posts.any())
    posts[(posts == 0) & ((received > 0) | (not named))] = UNKNOWN
    counts = (_spread(received, rows), _spread(reactions.engagers(runner), rows))
    return (*counts, _spread(posts, rows, 0 if named else UNKNOWN))


def of_posts(posts: Posts, rows: Rows) -> tuple[Ints, Ints, Ints]:
    """The same of a table of counts per post, which does not say by how many."""
    total = np.zeros(posts.n_posts)
    for name in _COUNTS:
        total += np.minimum(np.maximum(0.0, np.nan_to_num(getattr(posts, name))), 1e12)
    n = len(posts.accounts)
    reactions = np.bincount(posts.account, weights=total, minlength=n)
    return _spread(reactions, rows), _unknown(rows.size), _spread(np.bincount(posts.account, minlength=n), rows)


def _unknown(n: int) -> Ints:
    return np.full(n, UNKNOWN)


def _spread(values: npt.NDArray[Any], rows: Rows, absent: int = 0) -> Ints:
    there = rows != ABSENT
    out = np.full(rows.size, absent, np.int64)
    out[there] = values[rows[there]].astype(np.int64)
    return out
