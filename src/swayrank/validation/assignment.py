"""Who is treated in an experiment: units of assignment, strata of alike ones, quotas, and who is reached all the same.

All of it works on rows in the order of the accounts' hashes, so that the order of the input has no say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key
from swayrank.errors import ParameterError
from swayrank.events import NO_ACCOUNT
from swayrank.graph import Graph
from swayrank.ids import Ids, read_only
from swayrank.kernels.assign import draw_words
from swayrank.kernels.random import ASSIGN
from swayrank.measures._data import check_graph
from swayrank.measures._measure import Measure
from swayrank.measures.community.detect import Communities
from swayrank.measures.engagement.tiers import Tiers
from swayrank.scoring.scores import Scores
from swayrank.validation.account_values import Candidates, values_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TREATMENT, CONTROL, OUTSIDE = 1, 0, -1
_UNIT = 2.0**-64


class Units(NamedTuple):
    """What is assigned: accounts, or clusters. `of` is each account's unit, `key` what a unit is known by."""

    of: Ints
    key: npt.NDArray[np.uint64]

    @property
    def size(self) -> Ints:
        """Accounts of each."""
        return np.bincount(self.of, minlength=self.key.size)


def units_of(label: npt.NDArray[Any] | None, hashes: npt.NDArray[np.uint64]) -> Units:
    """Accounts themselves, or the clusters that labels make of them; `hashes` ascend."""
    if label is None:
        return Units(np.arange(hashes.size), hashes)
    _, first, of = np.unique(label, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")  # numbered by their first account's hash
    return Units(rank[of], hashes[np.sort(first)])


def cluster_labels(clusters: Any, ids: Ids, order: Ints) -> npt.NDArray[Any] | None:
    """Each account's cluster, in `order`; accounts without one get labels of their own."""
    if clusters is None:
        return None
    if isinstance(clusters, Communities):
        places = clusters.ids.positions(ids.to_arrow(), missing="sentinel")
        label = np.full(len(ids), -1, np.int64)
        known = places != NO_ACCOUNT
        label[known] = clusters.of[places[known]]
        alone = label < 0
    else:
        label, alone = label_codes("clusters", clusters, ids)
    label = np.where(alone, label.max(initial=0) + 1 + np.arange(label.size), label)
    return label[order]


def label_codes(name: str, source: Any, ids: Ids) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """A number for each account's label, and which accounts have none (or -1).

    >>> label_codes("clusters", {"ada": "x", "cem": "x"}, Ids.from_values(["ada", "bob", "cem"]))
    (array([1, 0, 1]), array([False,  True, False]))
    """
    words = _words(name, source, ids)
    alone = np.array([word is None or word == "-1" for word in words], bool)
    return np.unique([word or "" for word in words], return_inverse=True)[1].astype(np.int64), alone


def _words(name: str, source: Any, ids: Ids) -> list[str | None]:
    """A label for each account, None where there is none."""
    if isinstance(source, Mapping):
        by_name = {str(account): label for account, label in source.items()}
        labels = [by_name.get(str(account)) for account in ids]
    elif isinstance(source, str) or not hasattr(source, "__len__") or len(source) != len(ids):
        raise ParameterError(f"{name} must be a mapping, or hold a label for each of the {len(ids):,} accounts")
    else:
        labels = [label.item() if isinstance(label, np.generic) else label for label in source]
    return [
        None if label is None or (isinstance(label, float) and math.isnan(label)) else str(label) for label in labels
    ]


# -- strata and quotas -------------------------------------------------------------------------------------------------


class Stratifier(NamedTuple):
    """What accounts are alike in, in order: numbers, or words."""

    numbers: Floats | None
    words: list[str | None] | None
    name: str


def stratifier_of(stratify: Any, given: Candidates, baseline: Floats | None, order: Ints) -> Stratifier:
    """What a user's `stratify` stands for; numbers and words come in `order`."""
    if stratify is None:
        if given.values is not None:
            return Stratifier(given.values[order], None, given.name)
        return Stratifier(baseline, None, "baseline")
    if isinstance(stratify, str):
        if stratify == "none":
            return Stratifier(None, None, "")
        if stratify == "baseline" and baseline is not None:
            return Stratifier(baseline, None, "baseline")
        cure = "there is no baseline" if stratify == "baseline" else f"got {stratify!r}"
        raise ParameterError(
            f"stratify must be 'none', 'baseline', Tiers, a Measure, Scores, a mapping or array; {cure}"
        )
    if isinstance(stratify, Tiers):
        stratify = {
            account: stratify.names[int(tier)]
            for account, tier in zip(stratify.ids, stratify.tier, strict=True)
            if tier >= 0
        }
    if not isinstance(stratify, Measure | Scores) and _has_words(stratify):
        words = _words("stratify", stratify, given.ids)
        return Stratifier(None, [words[int(i)] for i in order], "")
    return Stratifier(values_of(stratify, given.ids, "stratify")[order], None, getattr(stratify, "name", "value"))


def _has_words(stratify: Any) -> bool:
    """Whether a mapping or sequence holds words rather than numbers."""
    if not hasattr(stratify, "__iter__"):
        raise ParameterError(
            f"stratify must be 'none', 'baseline', Tiers, a Measure, Scores, a mapping or array; got {stratify!r}"
        )
    return any(isinstance(value, str) for value in (stratify.values() if isinstance(stratify, Mapping) else stratify))


def strata_of_units(by: Stratifier, units: Units, n_strata: int) -> tuple[Ints, tuple[str, ...]]:
    """Each unit's stratum, and what the strata are called."""
    if by.words is not None:
        return _strata_of_words(by.words, units)
    if by.numbers is None:
        return np.zeros(units.key.size, np.int64), ("all",)
    known = ~np.isnan(by.numbers)
    n_known = np.bincount(units.of[known], minlength=units.key.size)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(units.of[known], by.numbers[known], minlength=units.key.size) / n_known
    there = n_known > 0
    n_strata = max(1, min(n_strata, int(there.sum()) // 4))
    edges = np.unique(np.quantile(mean[there], np.arange(1, n_strata) / n_strata)) if there.any() else np.zeros(0)
    part = np.where(there, np.searchsorted(edges, mean, side="left"), edges.size + 1)
    used, stratum = np.unique(part, return_inverse=True)
    names = []
    for k in range(used.size):
        inside = mean[stratum == k]
        low, high = inside.min(), inside.max()
        ends = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        names.append(f"without {by.name}" if math.isnan(low) else f"{by.name} {ends}")
    return stratum.astype(np.int64), tuple(names)


def _strata_of_words(words: list[str | None], units: Units) -> tuple[Ints, tuple[str, ...]]:
    names, code = np.unique([word if word is not None else "(none)" for word in words], return_inverse=True)
    stratum = np.full(units.key.size, -1, np.int64)
    stratum[units.of] = code
    if (stratum[units.of] != code).any():
        raise ParameterError("stratify must give all accounts of a cluster the same word, since it is assigned whole")
    return stratum, tuple(str(name) for name in names)


def assigned(stratum: Ints, units: Units, n_accounts: int, share: float, key: Key) -> Ints:
    """The arm of every unit."""
    n_units = units.key.size
    taken = min(n_units, max(4, round(n_accounts * n_units / units.of.size)))
    words = np.empty(n_units, np.uint64)
    draw_words(key.hi, key.lo, np.uint64(ASSIGN), read_only(units.key), words)
    starts = np.empty(2, np.uint64)
    draw_words(key.hi, key.lo, np.uint64(ASSIGN * 1000 + 1), read_only(np.arange(2, dtype=np.uint64)), starts)
    order = np.lexsort((units.key, words, stratum))
    sizes = np.bincount(stratum)
    inside = _quotas(taken * np.cumsum(sizes) / n_units, starts[0])
    treated = _quotas(share * np.cumsum(inside), starts[1])
    place = np.arange(n_units) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # within the stratum
    arm = np.empty(n_units, np.int64)
    arm[order] = np.where(
        place < np.repeat(treated, sizes), TREATMENT, np.where(place < np.repeat(inside, sizes), CONTROL, OUTSIDE)
    )
    return arm


def _quotas(summed: npt.NDArray[Any], start: np.uint64) -> Ints:
    """Whole numbers whose running sums are `summed`, rounded from one random start: each as expected on average."""
    rounded = np.floor(np.round(summed, 9) + float(start) * _UNIT).astype(np.int64)
    return np.diff(rounded, prepend=0)


class Placed(NamedTuple):
    """Puts what stands in the order of hashes back into the order of the input."""

    order: Ints

    def __call__(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The values of each account where the input has it."""
        back = np.empty_like(values)
        back[self.order] = values
        return read_only(back)


# -- interference ------------------------------------------------------------------------------------------------------


class Exposure(NamedTuple):
    """How far the treatment reaches the accounts that are not treated.

    Attributes
    ----------
    n_known : int
        Control accounts that the graph knows.
    treated_neighbours : float
        Of all arcs between a control account and another account, either way, the share whose other end is treated.
    shared_followers : float
        Of all follows of control accounts, the share by somebody who also follows a treated account.
    """

    n_known: int
    treated_neighbours: float
    shared_followers: float


def exposure_of(graph: Graph, ids: Ids, arm: npt.NDArray[np.int8]) -> Exposure:
    """How far the treatment reaches the control accounts."""
    check_graph("plan_experiment", graph)
    nodes = graph.ids.positions(ids.to_arrow(), missing="sentinel")
    known = nodes != NO_ACCOUNT
    treated, control = np.zeros(graph.n_nodes, bool), np.zeros(graph.n_nodes, bool)
    treated[nodes[known & (arm == TREATMENT)]] = True
    control[nodes[known & (arm == CONTROL)]] = True
    follower, followed = graph.edges()
    of_control = np.count_nonzero(control[follower]) + np.count_nonzero(control[followed])
    reached = np.count_nonzero(control[follower] & treated[followed]) + np.count_nonzero(
        control[followed] & treated[follower]
    )
    touched = np.zeros(graph.n_nodes, bool)
    touched[follower[treated[followed]]] = True
    follows = np.count_nonzero(control[followed])
    shared = np.count_nonzero(control[followed] & touched[follower])
    return Exposure(int(control.sum()), float(reached) / max(int(of_control), 1), float(shared) / max(int(follows), 1))
