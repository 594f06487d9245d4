"""Seeds that reach every group, not only the largest: heuristics, no bound.

For each group g, RR sets are drawn whose start is uniform among its accounts; the share of them that seeds S meet
estimates f_g(S), the expected share of the group that S reaches. As many sets for each group, however small it is.

``"maximin"``: raise the least f_g. SATURATE (Krause et al. 2008): bisect on a level c; for each, choose greedily by

    sum over g of min(f_g(S), c)

and c is reached where every group is at c or above after k seeds. Their bound needs more than k seeds; with k it is a
heuristic. Of all choices made on the way, the one with the highest least share is taken; plain greedy for the mean of
the groups' shares, and for the number of accounts reached, are among them.

``"proportional"``: nobody worse off than with a share of seeds of their own. A group's floor is the share of it that
greedy choice of max(1, round(k |g| / n)) seeds for that group alone reaches; then greedy by

    sum over g of min(f_g(S) / floor_g, 1)

After Tsang et al. (2019), who restrict a group's own seeds and the ways of its influence to the group; here its own
seeds are of anybody who may be chosen, and influence takes every way.

Seeds that are left once nothing more can be gained for the rule go where they reach most accounts of all groups.

Shares are estimated anew on sets that had no part in the choice, with exact limits.

References
----------
Krause, McMahan, Guestrin & Gupta (2008), "Robust submodular observation selection", JMLR 9.
Tsang, Wilder, Rice, Tambe & Zick (2019), "Group-fairness in influence maximization", IJCAI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Key
from swayrank._validate import Integer, Interval, OneOf, domains
from swayrank.campaign.samples import Cover, Samples
from swayrank.engines import Engine
from swayrank.errors import ParameterError
from swayrank.ids import read_only
from swayrank.kernels.random import RR
from swayrank.measures.propagation.limits import Floats, clopper_pearson
from swayrank.measures.propagation.models import TriggeringModel
from swayrank.measures.propagation.sampler import U32, Sampler, bit_set, count_met, draw

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_PURPOSE = RR * 1_000_000
"""Random streams of group g: _PURPOSE + 2 g to choose on, and the next one to check on."""


@dataclass(frozen=True, eq=False)
class FairSeeds:
    """Seeds, and the share of each group that they reach.

    Attributes
    ----------
    nodes : numpy.ndarray of uint32, shape (k,)
        Positions in the order of the choice.
    labels : numpy.ndarray of int64, shape (n_groups,)
        The groups' numbers, ascending.
    group_shares : numpy.ndarray of float64, shape (n_groups,)
        Estimated share of each group's accounts that the seeds activate, on sets that had no part in the choice.
    group_intervals : numpy.ndarray of float64, shape (n_groups, 2)
        Clopper-Pearson limits, all right together with the probability `confidence` at least.
    floors : numpy.ndarray of float64, shape (n_groups,), or (0,) for "maximin"
        The share that each group could reach with its part of the seeds for itself, on the sets of the choice.
    """

    nodes: U32
    labels: Counts
    group_shares: Floats
    group_intervals: Floats
    floors: Floats


@domains(
    k=Integer(1),
    rule=OneOf("maximin", "proportional"),
    epsilon=Interval(0, 1, "()"),
    n_samples=Integer(1, 2**30),
    confidence=Interval(0, 1, "()"),
)
def fair_seeds(
    model: TriggeringModel,
    k: int,
    groups: npt.NDArray[np.integer[Any]],
    *,
    rule: str = "maximin",
    epsilon: float = 0.1,
    n_samples: int = 10_000,
    confidence: float = 0.95,
    allowed: Mask | None = None,
    key: Key,
    runner: Engine,
    progress: Progress = None,
) -> FairSeeds:
    """Choose k seeds by what they do for each group. A heuristic: no bound.

    Parameters
    ----------
    model : IndependentCascade or LinearThreshold
        How influence spreads, against the arcs.
    k : int
        How many seeds, at least 1.
    groups : numpy.ndarray of int, shape (n_nodes,)
        Each account's group, -1 for none. Accounts of no group may be seeds, but nobody counts them as reached.
    rule : {"maximin", "proportional"}, default="maximin"
        See the module.
    epsilon : float, default=0.1
        For "maximin": stop bisecting once the level is known to this part of itself.
    n_samples : int, default=10_000
        RR sets for each group to choose on, and as many to check on.
    confidence : float, default=0.95
        Level at which all limits hold together.
    allowed : numpy.ndarray of bool, shape (n_nodes,), or None, default=None
        Who may be chosen; None for everybody.
    key : Key
        Randomness.
    runner : Engine
        Where to run.
    progress
        Whether to tell.

    Returns
    -------
    FairSeeds
        With fewer than k nodes only where fewer are allowed.

    Raises
    ------
    ParameterError
        If `groups` has another shape or names no group, or a parameter lies outside its domain.

    Notes
    -----
    A greedy run costs O(k n n_groups) and the members of all sets; "maximin" takes two and one for each group, and
    about log2(1 / epsilon) for the level, more where that is low. Memory: 12 bytes for each member of a set, and 4 per
    account and group.

    References
    ----------
    Krause, McMahan, Guestrin & Gupta (2008), "Robust submodular observation selection", JMLR 9.
    Tsang, Wilder, Rice, Tambe & Zick (2019), "Group-fairness in influence maximization", IJCAI.

    Examples
    --------
    Group 0 has two hubs of four followers each, group 1 one account with two followers; plain greedy takes both hubs:

    >>> import numpy as np, swayrank as sr
    >>> from swayrank._rng import resolve_rng
    >>> from swayrank.engines import resolve_engine
    >>> g = sr.Graph.from_edges([2, 3, 4, 5, 6, 7, 8, 9, 11, 12], [0, 0, 0, 0, 1, 1, 1, 1, 10, 10], n_nodes=13)
    >>> found = fair_seeds(sr.IndependentCascade(g, prob=0.5), 2, np.repeat([0, 1], [10, 3]),
    ...                    key=resolve_rng(7), runner=resolve_engine("local"))
    >>> found.nodes, found.group_shares.round(2)                         # exactly 0.3 and 0.67
    (array([10,  1], dtype=uint32), array([0.3 , 0.67]))
    """
    n = model.graph.n_nodes
    group = _checked_groups(groups, n)
    labels = np.unique(group[group >= 0])
    free = np.ones(n, np.bool_) if allowed is None else np.array(allowed, np.bool_)
    if free.shape != (n,):
        raise ParameterError(f"allowed must hold a bool for each account, shape ({n},), got {free.shape}")
    members = np.array([np.count_nonzero(group == label) for label in labels], np.int64)
    samplers = [
        Sampler(model.backward(), key, _PURPOSE + 2 * g, cumulative=_running(group == label)).with_pilot()
        for g, label in enumerate(labels)
    ]
    with track(progress, "drawing RR sets of each group", total=2 * n_samples * labels.size) as step:
        board = _Board([_drawn(sampler, n, n_samples, runner, step) for sampler in samplers], members, n_samples, free)
        number = min(k, int(np.count_nonzero(free)))
        if rule == "maximin":
            nodes, floors = _maximin(board, number, epsilon), np.empty(0)
        else:
            nodes, floors = _proportional(board, number, k, n)
        met = [_met(sampler, nodes, n_samples, runner, step) for sampler in samplers]
    hits = np.array(met, np.int64)
    low, high = clopper_pearson(hits, n_samples, (1 - confidence) / labels.size)
    return FairSeeds(nodes, labels, hits / n_samples, np.stack([low, high], axis=1), floors)


def _checked_groups(groups: npt.NDArray[np.integer[Any]], n: int) -> Counts:
    given = np.asarray(groups)
    if given.shape != (n,) or not np.issubdtype(given.dtype, np.integer):
        raise ParameterError(
            f"groups must hold a whole number for each account, shape ({n},), got {given.dtype} of shape {given.shape}"
        )
    group = given.astype(np.int64)
    if not (group >= 0).any():
        raise ParameterError("groups must name at least one group, got -1 for every account")
    return group


# -- sets of each group ------------------------------------------------------------------------------------------------


def _running(inside: Mask) -> Floats:
    """The running sum by which a start is drawn uniformly among those inside."""
    return read_only(np.cumsum(inside, dtype=np.float64))


def _drawn(sampler: Sampler, n_nodes: int, n_samples: int, runner: Engine, step: Step) -> Samples:
    samples = Samples(n_nodes)
    samples.add(draw(sampler, 0, n_samples, runner, step))
    return samples


def _met(sampler: Sampler, nodes: U32, n_samples: int, runner: Engine, step: Step) -> int:
    """How many fresh sets of a group the seeds meet."""
    stops = bit_set(nodes, sampler.walk.n_nodes)
    fresh = sampler._replace(purpose=sampler.purpose + 1, stops=stops)
    return count_met(fresh, 0, n_samples, runner, step)[0]


# -- greedy choice -----------------------------------------------------------------------------------------------------


class _Board:
    """The sets of all groups, and greedy choice on them."""

    def __init__(self, samples: list[Samples], members: Counts, n_samples: int, free: Mask) -> None:
        self.samples, self.members, self.n_samples, self.free = samples, members, n_samples, free
        self.n_groups = len(samples)

    def greedy(self, k: int, weight: Floats, most: Counts, given: list[int] | None = None) -> tuple[list[int], Counts]:
        """Choose until there are k, by the sum over groups of weight * (sets covered, `most` counting at most).

        Stops where nothing is gained. Returns the choice, those given first, and how many sets of each group it covers.
        """
        covers = [Cover(samples) for samples in self.samples]
        free, nodes = self.free.copy(), list(given or [])
        for node in nodes:
            free[node] = False
            for cover in covers:
                cover.take(node)
        while len(nodes) < k:
            total = np.zeros(free.size)
            for cover, each, end in zip(covers, weight, most, strict=True):
                room = max(0, int(end) - cover.total)
                if each > 0 and room:
                    total += each * np.minimum(cover.gains, room)
            total[~free] = 0.0
            node = int(total.argmax())
            if total[node] <= 0:
                break
            free[node] = False
            nodes.append(node)
            for cover in covers:
                cover.take(node)
        return nodes, np.array([cover.total for cover in covers], np.int64)

    def everything(self) -> Counts:
        """All sets of each group."""
        return np.full(self.n_groups, self.n_samples, np.int64)

    def filled(self, nodes: list[int], k: int) -> tuple[list[int], Counts]:
        """The same seeds and more, by the number of accounts of all groups reached; then in public order."""
        chosen, covered = self.greedy(k, self.members / self.members.sum(), self.everything(), nodes)
        rest = np.setdiff1d(np.flatnonzero(self.free), chosen)[: k - len(chosen)]
        return chosen + rest.tolist(), covered


def _maximin(board: _Board, k: int, epsilon: float) -> U32:
    """SATURATE with k seeds."""
    even = np.ones(board.n_groups)
    best: list[int] = []
    best_key = (-1, -1.0)

    def tried(nodes: list[int]) -> int:
        """Keep the choice if its least share is the highest so far, or its reach where those tie."""
        nonlocal best, best_key
        full, covered = board.filled(nodes, k)
        found = (int(covered.min()), float((covered * board.members).sum()))
        if found > best_key:
            best, best_key = full, found
        return found[0]

    tried([])
    tried(board.greedy(k, even, board.everything())[0])
    low, high = best_key[0], board.n_samples
    for g in range(board.n_groups):  # no choice does more for a group than one for that group alone is known to
        alone = np.zeros(board.n_groups)
        alone[g] = 1.0
        reached = int(board.greedy(k, alone, board.everything())[1][g])
        high = min(high, int(reached / (1 - np.exp(-1.0))) + 1)
    while high - low > max(1, epsilon * high):
        level = (low + high) // 2
        nodes, _ = board.greedy(k, even, np.full(board.n_groups, level, np.int64))
        reached = tried(nodes)
        if reached >= level:
            low = max(level, reached)
        else:
            high = level
    return np.array(best, np.uint32)


def _proportional(board: _Board, number: int, k: int, n_nodes: int) -> tuple[U32, Floats]:
    """Floors of what each group could do for itself, then the sum of what is reached of them."""
    floors = np.zeros(board.n_groups, np.int64)
    for g, size in enumerate(board.members):
        alone = np.zeros(board.n_groups)
        alone[g] = 1.0
        own = min(number, max(1, round(k * int(size) / n_nodes)))
        floors[g] = board.greedy(own, alone, board.everything())[1][g]
    weight = np.divide(1.0, floors, out=np.zeros(board.n_groups), where=floors > 0)
    nodes, _ = board.greedy(number, weight, floors)
    return np.array(board.filled(nodes, number)[0], np.uint32), floors / board.n_samples
