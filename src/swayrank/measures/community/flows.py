r"""Influence within and across communities: how many accounts of one a random account of another activates.

Definition: ``reach[c, d]`` is the expected number of accounts of community d that are active in the end when one
account, drawn uniformly from community c, is the only seed. The diagonal counts the seed itself.

Estimator. Draw N reverse-reachable (RR) sets with roots uniform among all n accounts. A set with its root in d holds h
accounts of c; each of them activates the root, so that n / |c| times the mean of h over all N sets (0 where the root is
elsewhere) is unbiased for ``reach[c, d]``. Limits are those of the normal approximation, each for itself.

The largest communities are told apart, the others are one row and column, "others", with accounts in none.

Cost: O(N * mean set size), and O(communities^2) memory.

Source: Borgs, Brautbar, Chayes & Lucier (2014), "Maximizing social influence in nearly optimal time", SODA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, Interval, domains
from swayrank.engines import Engine, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.kernels.random import RR
from swayrank.measures.community.detect import Communities
from swayrank.measures.propagation.models import TriggeringModel, as_model
from swayrank.measures.propagation.sampler import Sampler, bounds_of, calls
from swayrank.tables import frame

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class CommunityInfluence:
    """Expected accounts of each community that a random account of each activates.

    Attributes
    ----------
    names : tuple of str
        Numbers of the communities, the largest first, then "others" where there are any.
    size : numpy.ndarray of int64, shape (n,)
        Members of each.
    reach : numpy.ndarray of float64, shape (n, n)
        ``reach[c, d]``: from a random account of c, in accounts of d.
    interval : tuple of two numpy.ndarray of float64, shape (n, n)
        Lower and upper limits, each for itself, at least 0.
    params : mapping of str to object
        The model, the number of sets, the confidence, the key of the randomness.
    """

    names: tuple[str, ...]
    size: Ints
    reach: Floats
    interval: tuple[Floats, Floats]
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def within(self) -> Floats:
        """What stays in the own community, of each."""
        own: Floats = np.diagonal(self.reach).copy()
        return own

    @property
    def across(self) -> Floats:
        """What reaches all other communities, of each."""
        beyond: Floats = self.reach.sum(axis=1) - self.within
        return beyond

    def to_frame(self, backend: str = "pandas") -> Any:
        """Columns ``source``, ``target``, ``reach``, ``low``, ``high``; one row for each pair of communities."""
        n, (low, high) = len(self.names), self.interval
        names = np.array(self.names)
        columns = {"source": np.repeat(names, n), "target": np.tile(names, n), "reach": self.reach.ravel()}
        return frame({**columns, "low": low.ravel(), "high": high.ravel()}, backend)

    def __repr__(self) -> str:
        cells = [("community", "accounts", "within", "across")]
        rows = zip(self.names, self.size, self.within, self.across, strict=True)
        cells += [(name, f"{size:,}", f"{own:.4g}", f"{beyond:.4g}") for name, size, own, beyond in rows]
        wide = [max(len(row[column]) for row in cells) for column in range(4)]
        return "\n".join(f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}" for a, b, c, d in cells)


@domains(largest=Integer(1, 2000), n_samples=Integer(2, 2**40), confidence=Interval(0, 1, "()"))
def community_influence(
    model: TriggeringModel | Graph,
    found: Communities,
    *,
    largest: int = 10,
    n_samples: int = 100_000,
    confidence: float = 0.95,
    rng: Rng = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> CommunityInfluence:
    """Estimate how far influence passes within communities and across them.

    Read against the arcs: an account activates its followers, and they theirs.

    Parameters
    ----------
    model : IndependentCascade, LinearThreshold or Graph
        A graph stands for ``IndependentCascade(graph)``.
    found : Communities
        Those of the model's graph.
    largest : int, default=10
        How many communities are told apart; the others are one.
    n_samples : int, default=100_000
        RR sets to draw.
    confidence : float, default=0.95
        How often each interval holds the truth.
    rng : int, numpy.random.Generator or None, default=7
        Randomness. None draws a key and records it.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.

    Returns
    -------
    CommunityInfluence

    Raises
    ------
    ParameterError
        For a value outside its domain, or communities of another graph.

    Examples
    --------
    Two pairs that follow each other, and one arc between them:

    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2, 3, 2], [1, 0, 3, 2, 1])
    >>> found = sr.communities(g, method="label_propagation")
    >>> sr.community_influence(sr.IndependentCascade(g, prob=0.5), found)
    community  accounts  within  across
    0                 2   1.505  0.5692
    1                 2   1.498       0
    """
    model = as_model(model)
    if not isinstance(found, Communities):
        raise ParameterError(f"found must be Communities, as communities(graph) gives them, got {found!r}")
    n = model.graph.n_nodes
    if found.of.size != n:
        raise ParameterError(f"the communities must be of the model's graph: {found.of.size:,} accounts, not {n:,}")
    key = resolve_rng(rng)
    names, group = _groups(found, largest)
    size = np.bincount(group, minlength=len(names))
    sums = np.zeros((2, len(names), len(names)))
    params = {**model.params, "n_samples": n_samples, "confidence": confidence, "rng": key.record}
    if n == 0:
        return CommunityInfluence((), size, sums[0], (sums[0], sums[1]), params)
    task = _Task(Sampler(model.backward(), key, RR).with_pilot(), group, len(names))
    with track(progress, "influence between communities", total=n_samples) as step:
        for part in resolve_engine(engine, threads).map(_count_chunk, task, bounds_of(0, n_samples), step=step):
            sums += part  # whole numbers, exact in float64
    scale = n / size[:, None]
    mean = sums[0] / n_samples
    error = np.sqrt(np.maximum(sums[1] / n_samples - mean**2, 0) / (n_samples - 1))
    from scipy.special import ndtri

    half = float(ndtri((1 + confidence) / 2)) * error
    interval = (np.maximum(scale * (mean - half), 0), scale * (mean + half))
    return CommunityInfluence(names, size, scale * mean, interval, params)


def _groups(found: Communities, largest: int) -> tuple[tuple[str, ...], Ints]:
    """Names, and each account's row: the largest communities, then all that is in none of them."""
    told = min(largest, len(found))
    group = np.where((found.of >= 0) & (found.of < told), found.of, told)
    rest = bool((group == told).any())
    return (*(str(c) for c in range(told)), *(["others"] if rest else [])), group


class _Task(NamedTuple):
    sampler: Sampler
    group: Ints
    n_groups: int


def _count_chunk(task: _Task, start: int, stop: int) -> Floats:
    """Sums over the sets of how many accounts of c a set with its root in d holds, and of the squares: (2, c, d)."""
    k = task.n_groups
    sums = np.zeros((2, k * k))
    for first, n_items in calls(start, stop):
        sets = task.sampler.items(first, n_items)
        sizes = sets.sizes.astype(np.int64)
        roots = sets.members[np.concatenate(([0], np.cumsum(sizes)[:-1]))]
        of_set = np.repeat(np.arange(n_items), sizes)
        pairs, held = np.unique(of_set * k + task.group[sets.members], return_counts=True)
        cells = (pairs % k) * k + task.group[roots[pairs // k]]
        sums[0] += np.bincount(cells, held, k * k)
        sums[1] += np.bincount(cells, held.astype(np.float64) ** 2, k * k)
    return sums.reshape(2, k, k)
