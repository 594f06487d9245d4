"""Shares: how the credit of every adoption is dealt among its candidates, pair by pair or as sums that see no pairs.

Rules and candidates are those of :mod:`swayrank.learning.attribution`. :class:`Latent` is for logs without a graph,
where all earlier adopters are candidates and pairs are too many to be listed; :func:`shares_of` lists them where they
are few: followees, or one parent for each adoption.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank.engines import Bounds, Engine
from swayrank.errors import ParameterError
from swayrank.ids import read_only
from swayrank.kernels.lineage import NOBODY, earlier_pairs, latent_credit
from swayrank.learning.adoptions import U32, Cascades
from swayrank.learning.lineage import Counts, Floats, Lineage, Links

_MICROSECONDS_PER_HOUR = 3.6e9


# -- without a graph: everybody before is a candidate ------------------------------------------------------------------


class Latent(NamedTuple):
    """What the kernels over all earlier adopters take: adoptions, odds, and the parents that are known.

    Attributes
    ----------
    cascades : Cascades
    moment : numpy.ndarray of int64, shape (n,)
        Times to count delays from.
    weight : numpy.ndarray of float64, shape (n,)
        What odds are proportional to, besides their decay.
    named : numpy.ndarray of uint32, shape (n,)
        Known parents.
    rate : float
        Decay per microsecond.
    below : bool
        Whether an adoption is worth its whole subtree, or 1.
    """

    cascades: Cascades
    moment: Counts
    weight: Floats
    named: U32
    rate: float
    below: bool

    @classmethod
    def of(cls, lineage: Lineage, named: U32, rate: float, *, below: bool, weight: Floats | None = None) -> Latent:
        """Of a lineage; without `weight` all weigh the same."""
        own = np.ones(lineage.n) if weight is None else weight
        return cls(lineage.cascades, lineage.moment, own, named, rate, below)

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Read-only, in the order of the kernels' arguments."""
        parts = (self.cascades.indptr, self.cascades.time, self.moment, self.weight, self.named)
        return tuple(read_only(array) for array in parts)


def latent_credits(latent: Latent, bounds: Bounds, runner: Engine, progress: Progress) -> tuple[Floats, Counts]:
    """The credit of every adoption, and from how many others it comes."""
    with track(progress, "dealing credit", int(bounds[-1])) as step:
        parts = [*runner.map(_credit_of, latent, bounds, step=step)]
    credit, credited = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return credit, credited


def _credit_of(task: Latent, start: int, stop: int) -> tuple[Floats, Counts]:
    n = int(task.cascades.indptr[stop] - task.cascades.indptr[start])
    credit, credited = np.zeros(n), np.zeros(n, np.int64)
    latent_credit(np.uint64(start), np.uint64(stop), *task.arrays, task.rate, task.below, credit, credited)
    return credit, credited


def pairs_of(latent: Latent, max_pairs: int) -> tuple[U32, U32, Floats]:
    """Every adoption with every candidate, and the share; refuses more than `max_pairs`."""
    head = (np.uint64(0), np.uint64(latent.cascades.indptr.size - 1), *latent.arrays, latent.rate)
    n = int(earlier_pairs(*head, np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0)))
    if n > max_pairs:
        raise too_many(n, max_pairs)
    child, parent, share = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n)
    if n:
        earlier_pairs(*head, child, parent, share)
    return child, parent, share


def too_many(n: int, max_pairs: int) -> ParameterError:
    """The error for more pairs than were allowed."""
    return ParameterError(
        f"max_pairs must be at least {n:,}, the pairs of an adoption and a candidate, got {max_pairs:,}; raise it "
        "(60 bytes each), give a graph, or use by='first' or by='last', which have one pair for each adoption"
    )


# -- with a graph, or one parent each: shares on links -----------------------------------------------------------------


class Shares(NamedTuple):
    """Parents of adoptions with their shares, and how many adoptions fell back on their post's root.

    Attributes
    ----------
    links : Links
    share : numpy.ndarray of float64
        Of each link, in its adoption.
    n_fallback : int
    """

    links: Links
    share: Floats
    n_fallback: int


def shares_of(
    lineage: Lineage,
    by: str,
    half_life_hours: float,
    named: U32,
    fallback: str,
    runner: Engine,
    progress: Progress,
    *,
    weight: Floats | None = None,
) -> Shares:
    """Every adoption's candidates and their shares: whom the row names, else by the rule, else the root.

    Without a graph only "first" and "last" are possible; see :class:`Latent` for the others.
    """
    if lineage.graph is None:
        rule = lineage.earliest() if by == "first" else lineage.latest()
        return _single(np.where(named != NOBODY, named, rule), 0)
    links = lineage.parents(runner, progress)
    roots = lineage.earliest() if fallback == "root" else np.full(lineage.n, NOBODY)
    n_fallback = int(np.count_nonzero((links.size == 0) & (named == NOBODY) & (roots != NOBODY)))
    if by in ("first", "last"):
        rule = np.where(links.size > 0, lineage.one_of(links, by), roots)
        return _single(np.where(named != NOBODY, named, rule), n_fallback)
    single = np.where(named != NOBODY, named, np.where(links.size > 0, NOBODY, roots))
    several = (named == NOBODY) & (links.size > 0)
    sizes = np.where(several, links.size, single != NOBODY)
    indptr = np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)
    parent, share = np.empty(int(indptr[-1]), np.uint32), np.ones(int(indptr[-1]))
    goes, comes = np.repeat(several, sizes), np.repeat(several, links.size)
    parent[goes], parent[~goes] = links.parent[comes], single[single != NOBODY]
    share[goes] = _dealt(lineage, links, rate_of(by, half_life_hours), weight)[comes]
    return Shares(Links(indptr, parent), share, n_fallback)


def rate_of(by: str, half_life_hours: float) -> float:
    """Decay per microsecond; 0 where a rule knows none."""
    half_life = max(half_life_hours * _MICROSECONDS_PER_HOUR, 1e-280)  # rate times delay stays finite
    return math.log(2.0) / half_life if by == "time_weighted" else 0.0


def _single(one: U32, n_fallback: int) -> Shares:
    """One parent, or none, for each adoption."""
    indptr = np.concatenate(([0], np.cumsum(one != NOBODY))).astype(np.uint64)
    parent = one[one != NOBODY]
    return Shares(Links(indptr, parent), np.ones(parent.size), n_fallback)


def _dealt(lineage: Lineage, links: Links, rate: float, weight: Floats | None) -> Floats:
    """Each link's share in its adoption: weight * exp(-rate * delay), in parts of the sum."""
    some = np.flatnonzero(links.size)
    if not some.size:
        return np.empty(0)
    starts, stops = links.indptr[some].astype(np.int64), links.indptr[some + 1].astype(np.int64)
    moment = lineage.moment[links.parent]
    delay = np.repeat(moment[stops - 1], links.size[some]) - moment  # from the latest, so that not all can vanish
    odds = np.exp(-rate * delay)
    if weight is not None:
        odds *= weight[links.parent]
    dealt: Floats = odds / np.repeat(np.add.reduceat(odds, starts), links.size[some])
    return dealt
