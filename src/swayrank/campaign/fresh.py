"""What each of chosen seeds adds, on sets that had no part in the choice.

Seeds are chosen where a sample shows most for them, so that the same sample flatters them: what it says that they add
is too high, the more so the later they were chosen. Here sets of another stream are walked, and each is credited to
the first seed, in the order of choice, that is in it. Shares of such sets estimate what each seed adds to those before
it, without bias. They are then scaled so that they add up to a spread that was estimated on another number of sets.

A set ends where it meets the first seed, which it is credited to in any case. Cost: the members of at most 65,536 sets,
of fewer where they are large (2**22 members or 1,024 sets); nothing of them is kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.engines import Engine
from swayrank.measures.propagation.sampler import NO_BITS, Sampler, bit_set, bounds_of

Floats = npt.NDArray[np.float64]
U32 = npt.NDArray[np.uint32]

_LEAST_SETS, _MOST_SETS, _MEMBERS = 1024, 65_536, 2**22


def fresh_gains(sampler: Sampler, nodes: U32, spread: float, runner: Engine, *, lost: U32 | None = None) -> Floats:
    """What each seed adds to those before it; all add up to `spread`.

    Parameters
    ----------
    sampler : Sampler
        Of sets that nobody chose by.
    nodes : numpy.ndarray of uint32, shape (k,)
        In the order of choice.
    spread : float
        Of all together.
    runner : Engine
    lost : numpy.ndarray of uint32, optional
        Accounts whose sets count for nobody: rivals' seeds.

    Returns
    -------
    numpy.ndarray of float64, shape (k,)
        At least 0. Later gains can come out above earlier ones by chance.
    """
    if not nodes.size:
        return np.zeros(0)
    pilot = sampler.with_pilot()
    n_sets = max(_LEAST_SETS, min(_MOST_SETS, int(_MEMBERS / max(pilot.mean_size, 1.0))))
    ends = nodes[:1] if lost is None else lost
    place = np.full(sampler.walk.n_nodes, nodes.size, np.uint32)
    place[nodes[::-1]] = np.arange(nodes.size - 1, -1, -1, dtype=np.uint32)
    walked = pilot._replace(stops=bit_set(ends, sampler.walk.n_nodes) if ends.size else NO_BITS)
    counts = np.zeros(nodes.size + 1, np.int64)
    for found in runner.map(_credited, (walked, place, nodes.size), bounds_of(0, n_sets)):
        counts += found
    if lost is None:
        counts[0] = n_sets - counts[1:].sum()
    met = counts[:-1].astype(np.float64)
    return met * (spread / met.sum()) if met.any() else np.full(nodes.size, spread / nodes.size)


def _credited(task: tuple[Sampler, U32, int], start: int, stop: int) -> npt.NDArray[np.int64]:
    """How many sets each seed is the first of; last, how many none is in. Sets that ended early are left out."""
    sampler, place, n_seeds = task
    sets = sampler.items(start, stop - start)
    sizes = sets.sizes[sets.sizes > 0].astype(np.int64)
    if not sizes.size:
        return np.zeros(n_seeds + 1, np.int64)
    first = np.minimum.reduceat(place[sets.members], np.cumsum(sizes) - sizes)
    return np.bincount(first, minlength=n_seeds + 1)
