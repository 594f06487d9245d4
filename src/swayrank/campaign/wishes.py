"""What a campaign asks for, checked and by position: must and never, costs, values, groups and quotas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank._validate import Interval, check
from swayrank.campaign.rules import Budget, Cardinality, Quotas, Rule
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures.propagation.accounts import Accounts, resolve_accounts

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
PerAccount = Mapping[Any, float] | npt.ArrayLike | None
Groups = Mapping[Any, Any] | npt.ArrayLike | None


@dataclass(frozen=True, eq=False)
class Wishes:
    """Everything that a choice must respect, by position; `room`: how many could be chosen, whatever they cost."""

    k: int
    room: int
    must: npt.NDArray[np.uint32]
    allowed: Mask | None
    value: Floats | None
    cost: Floats | None
    budget: float | None
    labels: tuple[Any, ...]
    group: npt.NDArray[np.int64] | None
    quota: Mapping[Any, int] | None

    def rule(self) -> Rule:
        """The rule under which to choose."""
        if self.budget is not None:
            assert self.cost is not None
            return Budget(self.k, self.must, self.cost, self.budget, self.allowed)
        if self.quota is not None:
            assert self.group is not None
            rooms = [self.quota.get(label, self.k) for label in self.labels]
            group = np.where(self.group < 0, len(rooms), self.group)  # accounts without a group have no quota
            return Quotas(self.k, self.must, group, np.array([*rooms, self.k], np.int64), self.allowed)
        return Cardinality(self.k, self.must, self.allowed)

    @property
    def total_value(self) -> float | None:
        """The value of all accounts; None where each counts one."""
        return None if self.value is None else float(self.value.sum())


def settle(
    graph: Graph,
    k: int | None,
    *,
    must: Accounts,
    never: Accounts,
    value: PerAccount,
    cost: PerAccount,
    budget: float | None,
    groups: Groups,
    quota: Mapping[Any, int] | None,
) -> Wishes:
    """Look everything up, and refuse what contradicts itself."""
    n = graph.n_nodes
    given = resolve_accounts(graph, must, "must", least=0)
    excluded = resolve_accounts(graph, never, "never", least=0)
    if both := set(given.nodes.tolist()) & set(excluded.nodes.tolist()):
        raise ParameterError(f"must and never both name {graph.ids[min(both)]!r}")
    costs = per_account(graph, cost, "cost", missing=np.inf)
    values = per_account(graph, value, "value", missing=0.0)
    if values is not None and not values.sum() > 0:
        raise ParameterError("value must be above 0 for some account: nobody would be worth reaching")
    labels, group = _groups(graph, groups)
    allowed = np.ones(n, bool)
    allowed[excluded.nodes] = False
    if costs is not None:
        allowed &= np.isfinite(costs)
    if budget is not None:
        _check_budget(graph, budget, costs, given.nodes, quota)
    elif costs is not None:
        raise ParameterError("cost needs a budget: give budget=..., or leave cost away")
    if quota is not None:
        _check_quota(quota, labels, group, given.nodes)
    allowed[given.nodes] = False
    room = int(allowed.sum()) + given.nodes.size
    most = room if k is None else k
    if not room:
        raise ParameterError("there is nobody to choose: every account is in never, or has no cost")
    if budget is not None and costs is not None and not given.nodes.size:
        check_affordable(graph.ids, budget, np.where(allowed, costs, np.inf))
    held = room if quota is None or group is None else _within(quota, labels, group, allowed, given.nodes)
    if not held:
        raise ParameterError(
            "quota must allow at least one account: all that may be chosen are in groups of which it allows 0"
        )
    if most < given.nodes.size:
        raise ParameterError(
            f"k must be at least the number of accounts that must be taken, {given.nodes.size}, got {k}"
        )
    restricted = None if allowed.all() else allowed
    return Wishes(min(most, room), held, given.nodes, restricted, values, costs, budget, labels, group, quota)


def _check_budget(
    graph: Graph, budget: float, costs: Floats | None, must: npt.NDArray[np.uint32], quota: object
) -> None:
    if costs is None:
        raise ParameterError("budget needs costs: give cost=..., a mapping from ids or an array of one per account")
    if quota is not None:
        raise ParameterError("give one of budget and quota")
    if unpriced := [int(node) for node in must if not np.isfinite(costs[node])]:
        raise ParameterError(f"cost must name every account in must: {graph.ids[unpriced[0]]!r} has none")
    spent = float(costs[must].sum())
    if spent > budget:
        raise ParameterError(f"budget must be at least what the accounts in must cost, {spent:g}, got {budget:g}")


def check_affordable(ids: Ids, budget: float, costs: Floats) -> None:
    """Raise where the budget pays for nobody: drawing samples would not change that. Infinite: not to be had."""
    cheapest = int(costs.argmin())
    if costs[cheapest] > budget:
        raise ParameterError(
            f"budget must pay for at least one account: the cheapest that may be chosen, {printable(ids[cheapest])!r}, "
            f"costs {costs[cheapest]:.12g}, got a budget of {budget:.12g}"
        )


def _within(
    quota: Mapping[Any, int],
    labels: tuple[Any, ...],
    group: npt.NDArray[np.int64],
    allowed: Mask,
    must: npt.NDArray[np.uint32],
) -> int:
    """How many accounts could be chosen so that no group has more than its quota."""
    may = allowed.copy()
    may[must] = True
    counts = np.bincount(group[may] + 1, minlength=len(labels) + 1)  # the first: accounts without a group
    return int(counts[0]) + sum(
        min(int(n), int(quota.get(label, n))) for label, n in zip(labels, counts[1:], strict=True)
    )


def _check_quota(
    quota: Mapping[Any, int], labels: tuple[Any, ...], group: object, must: npt.NDArray[np.uint32]
) -> None:
    if not isinstance(quota, Mapping):
        raise ParameterError(f"quota must map groups to numbers, as in {{'x': 3}}, got {quota!r}")
    if group is None:
        raise ParameterError("quota needs groups: give groups=..., a mapping from ids or an array of one per account")
    for label, room in quota.items():
        if label not in labels:
            known = ", ".join(repr(one) for one in labels[:10])
            raise ParameterError(f"quota names the group {label!r}, which nobody is in; groups are {known}")
        if isinstance(room, bool) or not isinstance(room, int | np.integer) or room < 0:
            raise ParameterError(f"quota must be a whole number >= 0 for each group, got {room!r} for {label!r}")
    assert isinstance(group, np.ndarray)
    for label, room in quota.items():
        taken = int(np.count_nonzero(group[must] == labels.index(label)))
        if taken > room:
            raise ParameterError(f"quota allows {room} of the group {label!r}, and must names {taken}")


def per_account(graph: Graph, given: PerAccount, what: str, *, missing: float) -> Floats | None:
    """One number >= 0 for each account; accounts that a mapping does not name get `missing`."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        numbers = np.full(graph.n_nodes, missing)
        for account, number in given.items():
            check(f"{what} of {account!r}", number, Interval(0, math.inf, "[)"))
            numbers[graph.ids.position(account)] = float(number)
    else:
        try:
            numbers = np.array(given, dtype=np.float64)
        except (TypeError, ValueError) as wrong:
            raise ParameterError(f"{what} must hold a number for every account: {wrong}") from wrong
        if numbers.shape != (graph.n_nodes,):
            raise ParameterError(f"{what} must have shape ({graph.n_nodes},), one per account, got {numbers.shape}")
    wrong_ones = np.flatnonzero(~(numbers >= 0) | (np.isinf(numbers) if missing == 0 else False))
    if wrong_ones.size:
        i = int(wrong_ones[0])
        raise ParameterError(f"{what} must be a number >= 0 for every account, got {numbers[i]:g} for {graph.ids[i]!r}")
    return numbers


def _groups(graph: Graph, given: Groups) -> tuple[tuple[Any, ...], npt.NDArray[np.int64] | None]:
    """The labels in order of first appearance, and each account's number among them (-1: none)."""
    if given is None:
        return (), None
    group = np.full(graph.n_nodes, -1, np.int64)
    numbers: dict[Any, int] = {}
    if isinstance(given, Mapping):
        for account, label in given.items():
            if label is not None:
                group[graph.ids.position(account)] = numbers.setdefault(label, len(numbers))
        return tuple(numbers), group
    labels = np.asarray(given)
    if labels.shape != (graph.n_nodes,):
        raise ParameterError(f"groups must have shape ({graph.n_nodes},), one per account, got {labels.shape}")
    for i, label in enumerate(labels.tolist()):
        if label is not None and not (isinstance(label, float) and math.isnan(label)):
            group[i] = numbers.setdefault(label, len(numbers))
    return tuple(numbers), group
