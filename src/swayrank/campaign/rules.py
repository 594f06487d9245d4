"""Which choices are allowed, how to choose greedily among them, and what no allowed choice can exceed.

Each rule gives, for the sets at hand: a choice; the number of sets that it covers; and a number of sets that the best
allowed choice cannot cover more than, whatever it is. The latter rests on submodularity: whatever is added to a chosen
prefix P brings at most the sum of its single gains over P, so the optimum is at most covered(P) plus the largest sum of
gains that the rule allows; the least of these over the prefixes is taken (Tang et al. 2018).

=============  ====================================================  ==============================================
rule           greedy choice is at least so much of the optimum       largest sum of gains
=============  ====================================================  ==============================================
cardinality    1 - 1/e (Nemhauser, Wolsey & Fisher 1978)              the k highest
quotas         1/2 (Fisher, Nemhauser & Wolsey 1978)                  in each group as many as its quota, k in all
budget         (1 - 1/e) / 2: the better of greedy by gain per cost   the fractional knapsack
               and greedy by gain (Leskovec et al. 2007)
=============  ====================================================  ==============================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank.campaign.samples import Cover, Samples
from swayrank.kernels.cover import greedy

U32 = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FULL = 1 - 1 / math.e
_EVERYTHING = 2**62


class Choice(NamedTuple):
    """Chosen accounts in order, how many sets each newly covered, how many are covered, and how many can be at most."""

    nodes: U32
    gains: npt.NDArray[np.int64]
    covered: int
    most: int


@dataclass(frozen=True, eq=False)
class Cardinality:
    """At most k accounts, some of them given."""

    k: int
    must: U32
    allowed: Mask | None = None
    bound_k: int | None = None  # how many accounts the optimum may add to what it must contain; None: k less must
    worst: float = FULL
    name: str = "cardinality"

    @property
    def most_accounts(self) -> int:
        """How many accounts a choice can have."""
        return self.k

    def choose(self, samples: Samples, wanted: int = _EVERYTHING) -> Choice:
        """Greedy; with `wanted`, until so many sets are covered."""
        cover = Cover(samples)
        given = np.array([cover.take(int(node)) for node in self.must], np.int64)
        base, k = cover.total, self.k - self.must.size
        seeds, gains = np.empty(k, np.uint32), np.empty(k, np.uint32)
        tops = np.zeros(k + 1, np.uint64)
        allowed = np.empty(0, np.uint8) if self.allowed is None else self.allowed.astype(np.uint8)
        left = np.uint64(max(0, wanted - base))
        rows = (samples.members, cover.offsets, cover.covered, cover.gains, allowed)
        bound_k = k if self.bound_k is None else self.bound_k
        n = int(greedy(*rows, np.uint64(k), np.uint64(bound_k), left, seeds, gains, tops))
        reached = base + np.concatenate(([0], np.cumsum(gains[:n], dtype=np.int64)))
        most = int((reached + tops[: n + 1].astype(np.int64)).min())
        nodes = np.concatenate([self.must, seeds[:n]])
        return Choice(nodes, np.concatenate([given, gains[:n].astype(np.int64)]), int(reached[-1]), most)


@dataclass(frozen=True, eq=False)
class Quotas:
    """At most so many accounts of each group, and at most k in all."""

    k: int
    must: U32
    group: npt.NDArray[np.int64]  # of each account; -1: none may be taken
    quota: npt.NDArray[np.int64]
    allowed: Mask | None = None
    worst: float = 0.5
    name: str = "quotas"

    @property
    def most_accounts(self) -> int:
        """How many accounts a choice can have."""
        return int(min(self.k, self.quota.sum()))

    def choose(self, samples: Samples, wanted: int = _EVERYTHING) -> Choice:
        """Take the account of highest gain whose group has room."""
        cover, left = Cover(samples), self.quota.copy()
        may = self.group >= 0 if self.allowed is None else (self.group >= 0) & self.allowed
        nodes, gains = [], []
        for node in self.must:
            gains.append(cover.take(int(node)))
            nodes.append(int(node))
            if self.group[node] >= 0:
                left[self.group[node]] -= 1
        may = may & (left[self.group] > 0)
        most = cover.total + self._top(cover.gains, may, left, self.k - len(nodes))
        while len(nodes) < self.k and cover.total < wanted and may.any():
            node = int(np.argmax(np.where(may, cover.gains, 0)))
            if not may[node] or cover.gains[node] == 0:
                break
            gains.append(cover.take(node))
            nodes.append(node)
            left[self.group[node]] -= 1
            may[node] = False
            if left[self.group[node]] == 0:
                may &= self.group != self.group[node]
        full = self.quota.copy()
        after = cover.total + self._top(cover.gains, self._may_all(nodes), full, self.k)
        return Choice(np.array(nodes, np.uint32), np.array(gains, np.int64), cover.total, min(most, after))

    def _may_all(self, nodes: list[int]) -> Mask:
        may: Mask = self.group >= 0 if self.allowed is None else (self.group >= 0) & self.allowed
        may[nodes] = False
        return may

    def _top(self, gains: U32, may: Mask, left: npt.NDArray[np.int64], k: int) -> int:
        """The largest sum of gains of accounts that may be added."""
        best = [_highest(gains[may & (self.group == g)], int(room)) for g, room in enumerate(left) if room > 0]
        return int(_highest(np.concatenate(best), k).sum()) if best else 0


@dataclass(frozen=True, eq=False)
class Budget:
    """Accounts that cost no more together than the budget, at most k of them."""

    k: int
    must: U32
    cost: Floats
    budget: float
    allowed: Mask | None = None
    worst: float = FULL / 2
    name: str = "budget"

    @property
    def cap_binds(self) -> bool:
        """Whether more accounts than k could be paid for: the factor is proven for the budget alone."""
        return replace(self, k=self.cost.size).most_accounts > self.k

    @property
    def most_accounts(self) -> int:
        """How many accounts a choice can have."""
        left = self.budget - float(self.cost[self.must].sum())
        cheapest = np.cumsum(np.sort(self.cost[self._may()]))
        return min(self.k, self.must.size + int(np.searchsorted(cheapest, left, side="right")))

    def _may(self) -> Mask:
        may = np.ones(self.cost.size, bool) if self.allowed is None else self.allowed.copy()
        may[self.must] = False
        return may

    def choose(self, samples: Samples, wanted: int = _EVERYTHING) -> Choice:
        """The better of greedy by gain per cost and greedy by gain."""
        by_ratio = self._greedy(samples, lambda gains: gains / np.maximum(self.cost, 1e-300), wanted)
        by_gain = self._greedy(samples, lambda gains: gains.astype(np.float64), wanted)
        better = by_ratio if by_ratio.covered >= by_gain.covered else by_gain
        return better._replace(most=min(by_ratio.most, by_gain.most))

    def _greedy(self, samples: Samples, worth: Callable[[U32], Floats], wanted: int) -> Choice:
        cover, may = Cover(samples), self._may()
        nodes = [int(node) for node in self.must]
        gains = [cover.take(node) for node in nodes]
        left = self.budget - float(self.cost[self.must].sum())
        most = cover.total + self._knapsack(cover.gains, may, left)
        while len(nodes) < self.k and cover.total < wanted:
            fits = may & (self.cost <= left) & (cover.gains > 0)
            if not fits.any():
                break
            node = int(np.argmax(np.where(fits, worth(cover.gains), -1.0)))
            gains.append(cover.take(node))
            nodes.append(node)
            left -= float(self.cost[node])
            may[node] = False
        after = cover.total + self._knapsack(cover.gains, may, self.budget)
        return Choice(np.array(nodes, np.uint32), np.array(gains, np.int64), cover.total, min(most, after))

    def _knapsack(self, gains: U32, may: Mask, left: float) -> int:
        """The largest sum of gains within a budget if the last account could be taken in part, rounded up."""
        who = np.flatnonzero(may & (gains > 0) & (self.cost <= left))
        cost, gain = self.cost[who], gains[who].astype(np.float64)
        order = np.argsort(-gain / np.maximum(cost, 1e-300), kind="stable")
        cost, gain = cost[order], gain[order]
        total = np.cumsum(cost)
        whole = int(np.searchsorted(total, left, side="right"))
        value = float(gain[:whole].sum())
        if whole < who.size:
            before = float(total[whole - 1]) if whole else 0.0
            value += float(gain[whole]) * (left - before) / float(cost[whole])
        return min(math.ceil(value), int(_highest(gains[may], self.k).sum()))


Rule = Cardinality | Quotas | Budget


def _highest(gains: U32, k: int) -> npt.NDArray[np.int64]:
    """The k highest gains, in no order."""
    if k <= 0:
        return np.empty(0, np.int64)
    top = gains if gains.size <= k else np.partition(gains, gains.size - k)[gains.size - k :]
    return top.astype(np.int64)
