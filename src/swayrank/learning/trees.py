"""Cascade trees: every post's adoptions with one parent each, and the size, depth, breadth and virality of the trees.

An adoption's parent is one account that may have handed the post on (see :mod:`swayrank.learning.lineage`): the latest
that did ("last"), or the earliest ("first"), among the followees that adopted before, or without a graph among all
that did; or whom the log's row names, where that is trusted. Adoptions without any are roots: a post has several where
accounts took it up in its first moment, or where a graph leaves some without a followee to have it from. Then its
figures are those of a forest.

Per post: size (adoptions), number of roots, depth (edges from a root to the farthest below it), breadth (most adoptions
at one depth), structural virality, and duration. Structural virality is the mean distance between all pairs of nodes,
here of all pairs that have a path: with s(v) the size of the subtree under v and N that of v's tree, an edge above v
lies between s(v) * (N - s(v)) pairs, so ::

    virality = sum over non-roots v of s(v) * (N - s(v))  /  sum over trees of N * (N - 1) / 2

which takes one pass. It is 2 * (N - 1) / N for a star, (N + 1) / 3 for a chain, and NaN where no pair has a path.

Without knowledge of who had it from whom, "first" makes every tree a star and "last" makes chains: the shape then says
what was assumed. With a graph, the two are the limits between which the truth lies more often than not.

References
----------
Goel, Anderson, Hofman, Watts: The structural virality of online diffusion. Management Science 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from swayrank._progress import Progress, track
from swayrank._validate import OneOf, Optional, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT, NO_POST, Events
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.lineage import NOBODY, tree_shapes
from swayrank.learning._text_table import ROWS_SHOWN, text_table
from swayrank.learning.adoptions import EARLIEST, SPREADING, U32, Cascades
from swayrank.learning.lineage import Counts, Floats, Lineage, Named
from swayrank.tables import frame

_LINES_SHOWN = 40
_MICROSECONDS_PER_HOUR = 3.6e9


@dataclass(frozen=True, eq=False, repr=False)
class Tree:
    """One post's adoptions in the order of time, each with its parent; made by :meth:`CascadeTrees.tree`.

    Attributes
    ----------
    post : int or str
    accounts : list of int or str
        Who adopted.
    parents : list of int or None
        Whose place in `accounts` is the parent; None for roots.
    time : numpy.ndarray of int64
        Microseconds since 1970 UTC, or :data:`~swayrank.learning.adoptions.EARLIEST`.
    depth, n_below : numpy.ndarray of uint32
        Edges to the root; adoptions under each, itself not included.
    """

    post: int | str
    accounts: list[int | str]
    parents: list[int | None]
    time: Counts
    depth: U32
    n_below: U32

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``account``, ``parent`` (an account, or none), ``time``, ``depth``, ``n_below``."""
        import pyarrow as pa

        columns = {
            "account": pa.array(self.accounts),
            "parent": pa.array([None if p is None else self.accounts[p] for p in self.parents]),
            "time": pa.array(self.time, mask=self.time == EARLIEST).cast(pa.timestamp("us", "UTC")),
            "depth": self.depth,
            "n_below": self.n_below,
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        below: dict[int | None, list[int]] = {}
        for k, parent in enumerate(self.parents):
            below.setdefault(parent, []).append(k)
        lines = [f"post {self.post}: {len(self.accounts):,} adoptions"]
        waiting = below.get(None, [])[::-1]
        while waiting and len(lines) <= _LINES_SHOWN:
            k = waiting.pop()
            lines.append("  " * int(self.depth[k]) + str(self.accounts[k]))
            waiting += below.get(k, [])[::-1]
        shown = len(lines) - 1
        return "\n".join([*lines, *([f"... and {len(self.accounts) - shown:,} more"] if waiting else [])])


@dataclass(frozen=True, eq=False, repr=False)
class CascadeTrees:
    """The tree, or trees, of every post that anybody adopted; made by :func:`cascade_trees`.

    Attributes
    ----------
    ids, posts : Ids
        The accounts; the log's posts.
    post : numpy.ndarray of uint32, shape (n,)
        Positions in `posts` of those with an adoption.
    size, n_roots, depth, breadth : numpy.ndarray of int64, shape (n,)
    virality : numpy.ndarray of float64, shape (n,)
        Mean distance between pairs with a path; NaN where there is none.
    duration_hours : numpy.ndarray of float64, shape (n,)
        From the first dated adoption to the last; NaN where none is dated.
    root : numpy.ndarray of uint32, shape (n,)
        The first adopter; position in `ids`.
    adoptions : Cascades
        All adoptions by post of the log.
    parent : numpy.ndarray of uint32, shape (n_adoptions,)
        Position of each one's parent; 2**32 - 1 for roots.
    adoption_depth, adoption_below : numpy.ndarray of uint32, shape (n_adoptions,)
        Each one's depth, and the size of the subtree under it, itself included.
    params : mapping of str to object
    """

    ids: Ids
    posts: Ids
    post: U32
    size: Counts
    n_roots: Counts
    depth: Counts
    breadth: Counts
    virality: Floats
    duration_hours: Floats
    root: U32
    adoptions: Cascades
    parent: U32
    adoption_depth: U32
    adoption_below: U32
    params: Mapping[str, object]

    def __len__(self) -> int:
        return self.post.size

    def tree(self, post: int | str) -> Tree:
        """One post's tree.

        Raises
        ------
        UnknownAccountError
            If the log has no such post.
        ParameterError
            If nobody adopted it.
        """
        k = self.posts.position(post)
        start, stop = int(self.adoptions.indptr[k]), int(self.adoptions.indptr[k + 1])
        if start == stop:
            raise ParameterError(f"post must be one that somebody adopted, got {post!r}")
        above = self.parent[start:stop]
        return Tree(
            self.posts[k],
            [self.ids[int(v)] for v in self.adoptions.account[start:stop]],
            [None if p == NOBODY else int(p) - start for p in above],
            self.adoptions.time[start:stop],
            self.adoption_depth[start:stop],
            self.adoption_below[start:stop] - np.uint32(1),
        )

    def to_frame(self, backend: str = "pandas") -> Any:
        """One row per post that was adopted: ``post``, ``root`` (an account), and the figures."""
        columns = {
            "post": self.posts.to_arrow().take(self.post),
            "root": self.ids.to_arrow().take(self.root),
            "size": self.size,
            "n_roots": self.n_roots,
            "depth": self.depth,
            "breadth": self.breadth,
            "virality": self.virality,
            "duration_hours": self.duration_hours,
        }
        return frame(columns, backend)

    def __repr__(self) -> str:
        names = ("post", "root", "size", "n_roots", "depth", "breadth", "virality", "duration_hours")
        rows = [
            (
                *(str(self.posts[int(self.post[k])]), str(self.ids[int(self.root[k])])),
                *(str(x[k]) for x in (self.size, self.n_roots, self.depth, self.breadth)),
                *(f"{x[k]:.4g}" for x in (self.virality, self.duration_hours)),
            )
            for k in np.argsort(-self.size, kind="stable")[:ROWS_SHOWN]
        ]
        forests = int(np.count_nonzero(self.n_roots > 1))
        head = f"{len(self):,} posts, {int(self.size.sum()):,} adoptions, parents by {self.params['by']}"
        head += f"; {forests:,} with several roots" if forests else ""
        return text_table(head, names, rows, len(self), words=2)


class _Shapes(NamedTuple):
    """Outputs of the kernel: two per adoption, five per post."""

    depth: U32
    below: U32
    n_roots: Counts
    height: Counts
    breadth: Counts
    distance: Counts
    pairs: Counts


class _Task(NamedTuple):
    cascades: Cascades
    parent: U32


@domains(
    by=OneOf("last", "first"),
    named=Optional(OneOf("trust", "ignore")),
    fallback=OneOf("none", "root"),
)
def cascade_trees(
    events: Events,
    *,
    graph: Graph | None = None,
    by: Literal["last", "first"] = "last",
    named: Named | None = None,
    fallback: Literal["none", "root"] = "none",
    actions: Iterable[str] = SPREADING,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> CascadeTrees:
    """Give every adoption one parent, and describe the trees.

    Parameters
    ----------
    events : Events
        A log with posts and times.
    graph : Graph or None, default=None
        Who follows whom: then parents are followees, and rows by others than its accounts are left out.
    by : {"last", "first"}, default="last"
        Which of those who may have handed it on: the latest, or the earliest; of several, the first in public order.
    named : {"trust", "ignore"} or None, default=None
        Whether the account that a row names, and that had the post before, is the parent. None trusts without a graph
        and ignores with one.
    fallback : {"none", "root"}, default="none"
        With a graph: an adoption without a followee before it is another root, or comes from the post's first adopter.
    actions : iterable of str, default=("post", "repost", "quote")
        What counts as taking up a post.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    CascadeTrees

    Raises
    ------
    ParameterError
        For a value outside its domain, or a log without posts and times, or without accounts of the graph.

    Notes
    -----
    O(adoptions) without a graph, after sorting them; with one, the sum over adoptions of the fewer of followees and
    earlier adopters. Peak memory: 100 bytes per row of the log; with a graph 4 for each candidate besides.

    References
    ----------
    Goel, Anderson, Hofman & Watts (2016), "The structural virality of online diffusion", Management Science 62(1).

    Examples
    --------
    Bob and cem follow ada, dan follows bob and cem:

    >>> import swayrank as sr
    >>> from swayrank.learning.trees import cascade_trees
    >>> g = sr.Graph.from_edges(["bob", "cem", "dan", "dan"], ["ada", "ada", "bob", "cem"])
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem", "dan"], "action": ["post"] + ["repost"] * 3,
    ...                            "post": ["p"] * 4, "time": [f"2026-01-0{day}" for day in (1, 2, 3, 4)]})
    >>> trees = cascade_trees(ev, graph=g)
    >>> trees
    1 posts, 4 adoptions, parents by last
    post  root  size  n_roots  depth  breadth  virality  duration_hours
    p     ada      4        1      2        2     1.667              72
    >>> trees.tree("p")
    post p: 4 adoptions
    ada
      bob
      cem
        dan
    """
    lineage = Lineage.of("cascade_trees", events, graph, actions)
    runner = resolve_engine(engine, threads)
    parent = _one_parent(lineage, by, lineage.named(named), fallback, runner, progress)
    task = _Task(lineage.cascades, read_only(parent))
    with track(progress, "measuring trees", lineage.adoptions.n_posts) as step:
        parts = [*runner.map(_shapes_of, task, lineage.bounds, step=step)]
    shapes = _Shapes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    starts = lineage.cascades.indptr.astype(np.int64)
    size = np.diff(starts)
    post = np.flatnonzero(size)
    pairs = shapes.pairs[post]
    facts: dict[str, object] = {"by": by, "graph": graph is not None}
    facts["named"] = named or ("trust" if graph is None else "ignore")
    facts |= {"fallback": fallback} if graph is not None else {}
    return CascadeTrees(
        ids=lineage.ids,
        posts=events.posts,
        post=read_only(post.astype(np.uint32)),
        size=read_only(size[post]),
        n_roots=read_only(shapes.n_roots[post]),
        depth=read_only(shapes.height[post]),
        breadth=read_only(shapes.breadth[post]),
        virality=read_only(np.divide(shapes.distance[post], pairs, out=np.full(post.size, np.nan), where=pairs > 0)),
        duration_hours=read_only(_durations(lineage, starts[post], starts[post + 1])),
        root=read_only(lineage.cascades.account[starts[post]]),
        adoptions=lineage.cascades,
        parent=task.parent,
        adoption_depth=read_only(shapes.depth),
        adoption_below=read_only(shapes.below),
        params={**facts, **lineage.adoptions.left_out},
    )


@domains(by=OneOf("last", "first"), fallback=OneOf("none", "root"))
def name_sources(
    events: Events,
    *,
    graph: Graph | None = None,
    by: Literal["last", "first"] = "last",
    fallback: Literal["none", "root"] = "none",
    actions: Iterable[str] = SPREADING,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Events:
    """The same log, in which rows that took up a post and name nobody name whom it may have come from.

    A log of adoptions does not say who passed a post on to whom, so nobody receives reactions in it; with sources named
    by a rule, everything that rests on reactions can be measured, as far as the rule holds.

    Parameters
    ----------
    events : Events
        A log with posts and times.
    graph, by, fallback, actions, engine, threads, progress
        As :func:`cascade_trees` takes them.

    Returns
    -------
    Events
        Rows that name somebody keep whom they name; roots name nobody still.

    Raises
    ------
    ParameterError
        As :func:`cascade_trees`.

    Examples
    --------
    >>> import swayrank as sr
    >>> ev = sr.Events.from_frame({"actor": ["ada", "bob", "cem"], "action": ["post", "repost", "repost"],
    ...                            "post": ["p", "p", "p"], "time": ["2026-01-01", "2026-01-02", "2026-01-03"]})
    >>> named = name_sources(ev)
    >>> [str(ev.accounts[t]) for t in named.target[1:]]
    ['ada', 'bob']
    """
    how: dict[str, Any] = {"engine": engine, "threads": threads, "progress": progress}
    trees = cascade_trees(events, graph=graph, by=by, fallback=fallback, actions=actions, **how)
    account = trees.ids.positions(events.accounts.to_arrow(), missing="sentinel")
    of_log = np.full(len(trees.ids) + 1, NOBODY, np.uint32)
    known = account < len(trees.ids)
    of_log[account[known]] = np.flatnonzero(known)
    post = np.repeat(np.arange(trees.adoptions.indptr.size - 1), np.diff(trees.adoptions.indptr).astype(np.int64))
    adopter = of_log[trees.adoptions.account]
    source = of_log[np.where(trees.parent == NOBODY, len(trees.ids), trees.adoptions.account[trees.parent % post.size])]
    keys = adopter.astype(np.uint64) << np.uint64(32) | post.astype(np.uint64)
    order = np.argsort(keys, kind="stable")
    wanted = np.isin(events.action, [events.actions.index(name) for name in actions if name in events.actions])
    nameless = np.flatnonzero(wanted & (events.target == NO_ACCOUNT) & (events.post != NO_POST))
    asked = events.actor[nameless].astype(np.uint64) << np.uint64(32) | events.post[nameless].astype(np.uint64)
    place = np.minimum(np.searchsorted(keys[order], asked), order.size - 1)
    found = keys[order][place] == asked
    target = events.target.copy()
    target[nameless[found]] = source[order[place[found]]]
    return replace(events, target=read_only(target))


def _one_parent(lineage: Lineage, by: str, named: U32, fallback: str, runner: Engine, progress: Progress) -> U32:
    """The position of every adoption's parent, NOBODY for roots."""
    if lineage.graph is None:
        parent = lineage.earliest() if by == "first" else lineage.latest()
    else:
        parent = lineage.one_of(lineage.parents(runner, progress), by)
        if fallback == "root":
            parent = np.where(parent == NOBODY, lineage.earliest(), parent)
    return np.where(named != NOBODY, named, parent)


def _shapes_of(task: _Task, start: int, stop: int) -> _Shapes:
    indptr = task.cascades.indptr
    n = int(indptr[stop] - indptr[start])
    depth, below = np.empty(n, np.uint32), np.empty(n, np.uint32)
    roots, height, breadth, distance, pairs = (np.zeros(stop - start, np.int64) for _ in range(5))
    shapes = _Shapes(depth, below, roots, height, breadth, distance, pairs)
    tree_shapes(np.uint64(start), np.uint64(stop), read_only(indptr), read_only(task.parent), *shapes)
    return shapes


def _durations(lineage: Lineage, starts: Counts, stops: Counts) -> Floats:
    """Hours from the first dated adoption of each post to its last."""
    hours = (lineage.moment[stops - 1] - lineage.moment[starts]) / _MICROSECONDS_PER_HOUR
    dated = lineage.cascades.time[stops - 1] != EARLIEST
    return np.where(dated, hours, np.nan)
