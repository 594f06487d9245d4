"""Random worlds walked in chunks: RR sets for whoever counts or stores them, cascades for whoever simulates.

How many items walk side by side, and how membership is looked up, is chosen from a pilot; neither changes what is
drawn.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Step
from swayrank._rng import Key
from swayrank.engines import Engine, chunk_bounds
from swayrank.ids import read_only
from swayrank.kernels.reach import reach
from swayrank.measures.propagation.models import Floats, Walk

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

NO_NODES: U32 = read_only(np.empty(0, np.uint32))
NO_BITS: U64 = read_only(np.empty(0, np.uint64))
NO_FLOATS: Floats = read_only(np.empty(0))

_MEMBERS_AT_ONCE = 8192
"""Accounts of all items that walk side by side: their table of four words each stays within a processor's own cache."""
_MOST_ITEMS = 512
_DENSE_SHARE = 32
_FIRST, _PILOT = 2, 32
_CALL = 8192
"""Items of one call of the kernel, where their members are consumed at once."""
_LEAST_CHUNK = 512
_CHUNKS = 16


class Sets(NamedTuple):
    """What a range of items reached: members item by item, their numbers (0: stopped), and all members visited."""

    members: U32
    sizes: U32
    visited: int


class Sampler(NamedTuple):
    """What a task needs to make items: pure data.

    `cumulative` holds the running sum of the accounts' values where starts are drawn by value, `stops` the accounts
    that end an item, as a bit set; `mean_size` how many members an item is expected to have.
    """

    walk: Walk
    key: Key
    purpose: int
    cumulative: Floats = NO_FLOATS
    stops: U64 = NO_BITS
    starts: U32 = NO_NODES
    mean_size: float = math.nan

    def with_pilot(self) -> Sampler:
        """The same, with a mean size from the first few items."""
        if not math.isnan(self.mean_size) or not self.walk.n_nodes:
            return self
        size = int(self._reach(0, _FIRST, 1, dense=False, keep=False)[1]) / _FIRST
        if size < _MEMBERS_AT_ONCE:
            size = int(self._reach(0, _PILOT, 4, dense=False, keep=False)[1]) / _PILOT
        return self._replace(mean_size=size)

    def items(self, first: int, n_items: int, *, keep: bool = True) -> Sets:
        """Walk items first, first + 1, ..."""
        sizes, visited, _, members = self._walked(first, n_items, keep=keep)
        return Sets(members, sizes, visited)

    def levels(self, first: int, n_items: int) -> tuple[U32, U32, npt.NDArray[np.int64]]:
        """Members, sizes, and how many members there are at each distance from the start."""
        sizes, _, levels, members = self._walked(first, n_items, keep=True)
        return members, sizes, levels

    @property
    def dense(self) -> bool:
        """Whether membership is looked up in a table of all accounts."""
        return self.mean_size * _DENSE_SHARE > self.walk.n_nodes

    def _walked(self, first: int, n_items: int, *, keep: bool) -> tuple[U32, int, npt.NDArray[np.int64], U32]:
        size = 1.0 if math.isnan(self.mean_size) else max(self.mean_size, 1.0)
        batch = 1 if self.dense else max(1, min(_MOST_ITEMS, int(_MEMBERS_AT_ONCE / size)))
        members, visited, levels, sizes = self._reach(first, n_items, batch, dense=self.dense, keep=keep)
        return sizes, int(visited), levels, members

    def _reach(self, first: int, n_items: int, batch: int, *, dense: bool, keep: bool) -> tuple[Any, ...]:
        walk, key = self.walk, self.key
        sizes = np.empty(n_items, np.uint32)
        members, visited, levels = reach(
            read_only(walk.rows),
            read_only(walk.indices),
            read_only(walk.probability),
            np.uint64(walk.pick),
            read_only(walk.shares),
            read_only(self.starts),
            read_only(self.cumulative),
            read_only(self.stops),
            np.uint64(walk.max_steps),
            np.uint64(dense),
            key.hi,
            key.lo,
            np.uint64(self.purpose),
            np.uint64(first),
            np.uint64(batch),
            np.uint64(keep),
            sizes,
        )
        return members, visited, levels, sizes


def calls(start: int, stop: int, size: int = _CALL) -> list[tuple[int, int]]:
    """The pieces (first, number) in which a chunk is walked."""
    return [(first, min(size, stop - first)) for first in range(start, stop, size)]


def bounds_of(first: int, n_items: int, least: int = _LEAST_CHUNK) -> npt.NDArray[np.int64]:
    """Edges of chunks of items, from the work alone."""
    return first + chunk_bounds(n_items, max(least, -(-n_items // _CHUNKS)))


def draw(sampler: Sampler, first: int, n_items: int, runner: Engine, step: Step | None = None) -> list[Sets]:
    """Items first, first + 1, ... with their members, in chunks."""
    bounds = bounds_of(first, n_items, max(1, int(_LEAST_CHUNK / max(1.0, sampler.mean_size / 64))))
    return list(runner.map(_items_chunk, sampler, bounds, step=step))


def count_met(sampler: Sampler, first: int, n_items: int, runner: Engine, step: Step | None = None) -> tuple[int, int]:
    """How many of the items meet a stop, and the members visited on the way; nothing is stored."""
    met = visited = 0
    for found, members in runner.map(_met_chunk, sampler, bounds_of(first, n_items), step=step):
        met, visited = met + found, visited + members
    return met, visited


def bit_set(nodes: npt.NDArray[np.integer[Any]], n_nodes: int) -> U64:
    """Accounts as a bit set of 64-bit words.

    Examples
    --------
    >>> bit_set(np.array([0, 65]), 70)
    array([1, 2], dtype=uint64)
    """
    words = np.zeros(n_nodes // 64 + 1, np.uint64)
    numbers = np.asarray(nodes, np.uint64)
    np.bitwise_or.at(words, numbers >> np.uint64(6), np.uint64(1) << (numbers & np.uint64(63)))
    return read_only(words)


def _items_chunk(sampler: Sampler, start: int, stop: int) -> Sets:
    return sampler.items(start, stop - start)


def _met_chunk(sampler: Sampler, start: int, stop: int) -> tuple[int, int]:
    sets = sampler.items(start, stop - start, keep=False)
    return int(np.count_nonzero(sets.sizes == 0)), sets.visited
