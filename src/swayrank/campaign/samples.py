"""Stored RR sets of a selection, and what is covered of them so far."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from swayrank.kernels.cover import count_members, index_sets, take
from swayrank.measures.propagation.sampler import Sets

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


class Samples:
    """RR sets one after another: 4 bytes per member, 4 per set.

    Sets that met an account which is chosen already are not stored, only counted (`met`).
    """

    def __init__(self, n_nodes: int) -> None:
        self.n_nodes = n_nodes
        self.members: U32 = np.empty(0, np.uint32)
        self.sizes: U32 = np.empty(0, np.uint32)
        self.drawn = self.met = self.visited = 0

    def add(self, pieces: list[Sets]) -> None:
        """Take in more sets, in order."""
        self.members = np.concatenate([self.members, *(piece.members for piece in pieces)])
        sizes = [piece.sizes for piece in pieces]
        stored = [size[size > 0] for size in sizes]
        drawn = sum(size.size for size in sizes)
        self.met += drawn - sum(size.size for size in stored)
        self.sizes = np.concatenate([self.sizes, *stored])
        self.drawn += drawn
        self.visited += sum(piece.visited for piece in pieces)

    @property
    def stored_bytes(self) -> int:
        """What the sets take in memory."""
        return self.members.nbytes + self.sizes.nbytes

    def offsets(self) -> U64:
        """Where each set begins, and the end: shape (sets + 1,)."""
        offsets = np.zeros(self.sizes.size + 1, np.uint64)
        np.cumsum(self.sizes, out=offsets[1:])
        return offsets

    def counts(self) -> U32:
        """Number of sets that hold each account."""
        counts = np.zeros(self.n_nodes, np.uint32)
        count_members(self.members, self.sizes, np.uint64(0), counts)
        return counts


class Cover:
    """Which stored sets are covered, and how many more each account would cover."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.offsets = samples.offsets()
        self.covered = np.zeros(samples.sizes.size, np.uint8)
        self.gains = samples.counts()
        self.total = samples.met

    @cached_property
    def _index(self) -> tuple[U64, U32]:
        """For each account the sets that hold it."""
        starts = np.zeros(self.samples.n_nodes + 1, np.uint64)
        np.cumsum(self.samples.counts(), out=starts[1:])
        sets = np.empty(self.samples.members.size, np.uint32)
        index_sets(self.samples.members, self.samples.sizes, np.uint64(0), starts[:-1].copy(), sets)
        return starts, sets

    def take(self, node: int) -> int:
        """Choose an account; returns how many more sets are covered now."""
        starts, sets = self._index
        ends = starts[node], starts[node + 1]
        more = int(take(self.samples.members, self.offsets, sets, *ends, self.covered, self.gains))
        self.total += more
        return more
