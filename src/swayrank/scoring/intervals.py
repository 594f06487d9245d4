"""How sure a score is: intervals of every part, the score and the rank, from replicates of what varies.

What varies is told by each part's :class:`Chance`. Reactions vary by cluster (:mod:`swayrank.kernels.reactions`): a
replicate weighs every cluster with a Poisson(1) number from the stream of (rng, cluster), and reads from the account's
posterior (:mod:`swayrank.scoring.peers`) where that leaves its figure. What of a figure does not come from clusters
(its base) varies on its own, as a gamma. Sampled figures (expected spread of a graph alone) vary by the error of the
sample. The rest is a census: the same however often it is taken.

All parts of a replicate are drawn together, put on the same scale, weighed as the score weighs them, and ranked among
all scored accounts. An interval at confidence c holds the middle share c of the replicates, and the score itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key
from swayrank.engines import Engine, chunk_bounds
from swayrank.ids import read_only
from swayrank.kernels.random import BOOTSTRAP
from swayrank.kernels.replicates import add_departures, draw_from_peers, draw_sampled
from swayrank.measures.engagement.reactions import Gains
from swayrank.scoring.peers import Peers
from swayrank.scoring.scale import Reference

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.uint32]
Bins = npt.NDArray[np.uint16]
Pair = tuple[Floats, Floats]

_ACCOUNTS_PER_CHUNK = 4096
_BINS = 1 << 16
_KEPT_BYTES = 1 << 29  # bins of all replicates up to this size are kept; of more they are drawn again
_TOP = 100.0
_CLUSTERS, _OWN, _SAMPLED, _BASE = (np.uint64(BOOTSTRAP * 1000 + part) for part in range(4))


@dataclass(frozen=True, eq=False)
class Chance:
    """Why and how a part's figure would come out differently another time.

    Attributes
    ----------
    rows : numpy.ndarray of uint32, shape (n,), or None
        Where each account stands in `gains`; 2**32 - 1 where nowhere. With `gains` and `peers`: varies by cluster.
    gains : Gains or None
        What each cluster adds to the figure.
    peers : Peers or None
        The prior of the figure.
    one : numpy.ndarray of float64, shape (n,), or None
        What one hit of the sample counts, 0 where the figure is exact: varies by sampling.
    base : tuple of two numpy.ndarray of float64, shape (n,), or None
        What of a figure with `peers` does not come from its clusters, and the variance of that; None where there is no
        such thing.
    words : str
        The same, for people.
    """

    words: str
    rows: npt.NDArray[np.uint32] | None = None
    gains: Gains | None = None
    peers: Peers | None = None
    one: Floats | None = None
    base: Pair | None = None

    def from_clusters(self, raw: Floats, start: int, stop: int) -> Floats:
        """What of the figures of accounts start ... stop - 1 comes from clusters, if any of them do."""
        figures: Floats = raw[start:stop]
        return figures if self.base is None else figures - self.base[0][start:stop]


class Basis(NamedTuple):
    """All that replicates depend on: pure data."""

    raw: Mapping[str, Floats]
    chances: Mapping[str, Chance]
    reference: Reference
    weights: Mapping[str, float]
    weight_there: Floats
    scored: npt.NDArray[np.bool_]
    key: Key
    n_replicates: int


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals of every part, score and rank; rows in the order of the accounts, NaN or 0 where there is no score.

    Attributes
    ----------
    confidence : float
        The share of replicates inside, in (0, 1).
    n_replicates : int
    score : tuple of two numpy.ndarray of float64, shape (n,)
        Lower and upper ends, on the 0-100 scale.
    parts : dict of str to such a tuple
        On the 0-100 scale.
    rank : tuple of two numpy.ndarray of uint32, shape (n,)
        The best and the worst rank.
    unseen : numpy.ndarray of bool, shape (n,)
        Accounts that nobody reacted to: their intervals start at the figure itself, and are one-sided.
    varies : dict of str to str
        By part, what varies, in words; "none: census" where nothing does.
    """

    confidence: float
    n_replicates: int
    score: Pair
    parts: Mapping[str, Pair]
    rank: tuple[Ranks, Ranks]
    unseen: npt.NDArray[np.bool_]
    varies: Mapping[str, str]


def spread_of(gains: Gains, rows: npt.NDArray[np.uint32]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The variance under the bootstrap, and the number of clusters, of the account in each row; 0 where nowhere."""
    size = np.diff(gains.indptr).astype(np.int64)
    there = rows < size.size
    at = np.where(there, rows, 0)
    return np.where(there, gains.variance[at], 0.0), np.where(there, size[at], 0)


def draw(basis: Basis, start: int, stop: int) -> dict[str, Floats]:
    """Replicates of the accounts start ... stop - 1: float64[n_replicates, accounts] by part, 0-100, and "score"."""
    scaled = {name: _scaled(basis, name, start, stop) for name in basis.raw}
    total = np.zeros((basis.n_replicates, stop - start))
    for name, values in scaled.items():
        total += basis.weights[name] * np.nan_to_num(values)
    there = basis.weight_there[start:stop]
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled["score"] = np.where(basis.scored[start:stop], total / there, np.nan)
    return scaled


def _scaled(basis: Basis, name: str, start: int, stop: int) -> Floats:
    knots, chance = basis.reference.knots[name], basis.chances[name]
    if chance.one is None and chance.peers is None:
        return np.broadcast_to(knots.scale(basis.raw[name][start:stop]), (basis.n_replicates, stop - start))
    return knots.scale(_figures(basis, name, start, stop))


def _figures(basis: Basis, name: str, start: int, stop: int) -> Floats:
    chance, raw = basis.chances[name], basis.raw[name][start:stop]
    head, figures = (basis.key.hi, basis.key.lo), np.empty((basis.n_replicates, stop - start))
    if chance.one is not None:
        sample = (read_only(np.nan_to_num(raw)), read_only(chance.one[start:stop]))
        draw_sampled(*head, _SAMPLED, np.uint64(start), *sample, figures)
    elif chance.peers is not None and chance.gains is not None and chance.rows is not None:
        peers, departures = chance.peers, np.zeros(figures.shape)
        rows = read_only(chance.rows[start:stop])
        found = chance.gains
        clusters = (read_only(x) for x in (found.indptr, found.cluster, found.keys, found.gain))
        add_departures(*head, _CLUSTERS, rows, *clusters, departures)
        from_clusters = np.nan_to_num(chance.from_clusters(basis.raw[name], start, stop))
        about = (from_clusters, peers.one[start:stop], peers.variance[start:stop])
        prior = (read_only(peers.tier[start:stop]), read_only(peers.levels), read_only(peers.log_prior))
        draw_from_peers(
            *head, _OWN, np.uint64(start), *(read_only(x) for x in about), *prior, read_only(departures), figures
        )
        if chance.base is not None:
            figures += _bases(basis, chance.base, start, stop)
    figures[:, np.isnan(raw)] = np.nan
    return figures


def _bases(basis: Basis, base: Pair, start: int, stop: int) -> Floats:
    """Draws of what does not come from clusters: gammas of these means and variances, all parts' from one stream."""
    mean, variance = (np.nan_to_num(x[start:stop]) for x in base)
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(mean > 0, variance / mean, 0.0)
    drawn = np.empty((basis.n_replicates, stop - start))
    sample = (read_only(np.maximum(0.0, mean - one / 2)), read_only(one))  # of hits + 1/2, as they are drawn
    draw_sampled(basis.key.hi, basis.key.lo, _BASE, np.uint64(start), *sample, drawn)
    return drawn


def intervals(
    basis: Basis, score: Floats, rank: Ranks, parts: Mapping[str, Floats], confidence: float, runner: Engine,
    progress: Progress,
) -> Intervals:  # fmt: skip
    """Draw the replicates twice: once for the ends and for how scores are distributed, once for the ranks in that."""
    n = score.size
    bounds = chunk_bounds(n, _ACCOUNTS_PER_CHUNK)
    unseen = _unseen(basis, n)
    counts = np.zeros((basis.n_replicates, _BINS), np.int64)
    ends: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in (*parts, "score")}
    keep = 2 * basis.n_replicates * n <= _KEPT_BYTES
    kept: list[Bins | None] = []
    with track(progress, "drawing replicates", total=2 * n) as step:
        for found, bins, (where, times) in runner.map(_first_pass, (basis, unseen, confidence), bounds, step=step):
            for name, pair in found.items():
                ends[name].append(pair)
            counts.reshape(-1)[where] += times
            kept.append(bins if keep else None)
        above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1] - counts  # scored accounts in higher bins
        task = (basis, unseen, confidence, above, counts, dict(zip(bounds.tolist(), kept, strict=False)))
        ranked = [*runner.map(_second_pass, task, bounds, step=step)]
    low, high = (np.concatenate(x) if ranked else np.zeros(0, np.uint32) for x in zip(*ranked, strict=True))
    scored = rank > 0
    ranks = (
        np.where(scored, np.minimum(low, rank), 0).astype(np.uint32),
        np.where(scored, np.maximum(high, rank), 0).astype(np.uint32),
    )
    joined = {name: np.concatenate(pairs, axis=1) for name, pairs in ends.items()}
    by_part = {name: _around(values, joined[name]) for name, values in parts.items()}
    varies = {name: chance.words for name, chance in basis.chances.items()}
    return Intervals(confidence, basis.n_replicates, _around(score, joined["score"]), by_part, ranks, unseen, varies)


def _around(values: Floats, ends: Floats) -> Pair:
    """Interval ends that include the figure itself."""
    return read_only(np.fmin(values, ends[0])), read_only(np.where(np.isnan(values), np.nan, np.fmax(values, ends[1])))


def _unseen(basis: Basis, n: int) -> npt.NDArray[np.bool_]:
    unseen = np.zeros(n, np.bool_)
    for name, chance in basis.chances.items():
        if chance.peers is not None:
            unseen |= chance.from_clusters(basis.raw[name], 0, n) == 0
    return unseen


def _levels(confidence: float, n_replicates: int, one_sided: bool) -> tuple[int, int]:
    """Positions of the two ends among the sorted replicates, as order statistics of n + 1 intervals."""
    tail = (1 - confidence) / (1 if one_sided else 2)
    low = 0 if one_sided else max(0, round((n_replicates + 1) * tail) - 1)
    return low, min(n_replicates - 1, round((n_replicates + 1) * (1 - tail)) - 1)


def _ends(values: npt.NDArray[Any], unseen: npt.NDArray[np.bool_], confidence: float) -> npt.NDArray[Any]:
    """Lower and upper end of every column; one-sided where unseen."""
    n = values.shape[0]
    both, one = _levels(confidence, n, False), _levels(confidence, n, True)
    part = np.partition(values, sorted({*both, *one}), axis=0)
    return np.stack([np.where(unseen, part[one[k]], part[both[k]]) for k in range(2)])


def _ends_of(basis: Basis, name: str, values: Floats, unseen: npt.NDArray[np.bool_], confidence: float) -> Floats:
    chance = basis.chances.get(name)
    if chance is not None and chance.one is None and chance.peers is None:
        return values[:2].copy()
    return _ends(values, unseen, confidence)


def _first_pass(task: tuple[Basis, npt.NDArray[np.bool_], float], start: int, stop: int) -> tuple[Any, Bins, Any]:
    basis, unseen, confidence = task
    drawn = draw(basis, start, stop)
    ends = {name: _ends_of(basis, name, x, unseen[start:stop], confidence) for name, x in drawn.items()}
    _down_to_nothing(basis, ends, drawn, unseen[start:stop], confidence, start, stop)
    bins = _bins(drawn["score"][:, basis.scored[start:stop]])
    places = bins + np.arange(basis.n_replicates)[:, None] * _BINS
    return ends, bins, np.unique(places, return_counts=True)


def _down_to_nothing(
    basis: Basis, ends: dict[str, Floats], drawn: Mapping[str, Floats], unseen: npt.NDArray[np.bool_],
    confidence: float, start: int, stop: int,
) -> None:  # fmt: skip
    """Where no clusters were seen, there may be none at all: there, intervals start without any."""
    low = _levels(confidence, basis.n_replicates, False)[0]
    without, there = drawn["score"].copy(), basis.weight_there[start:stop]
    for name in (name for name, chance in basis.chances.items() if chance.peers is not None):
        chance, raw = basis.chances[name], basis.raw[name]
        nothing = np.flatnonzero(chance.from_clusters(raw, start, stop) == 0)
        base = None if chance.base is None else _bases(basis, chance.base, start, stop)[:, nothing]
        least = basis.reference.knots[name].scale(
            np.zeros((basis.n_replicates, nothing.size)) if base is None else base
        )
        ends[name][0][nothing] = np.partition(least, low, axis=0)[low]
        with np.errstate(divide="ignore", invalid="ignore"):
            without[:, nothing] -= basis.weights[name] * (drawn[name][:, nothing] - least) / there[nothing]
    ends["score"][0][unseen] = np.maximum(np.partition(without[:, unseen], low, axis=0)[low], 0)  # less a rounding


def _bins(score: Floats) -> Bins:
    """The bin of every replicate of scored accounts, a 65536th of the scale wide."""
    bins: Bins = np.minimum(score * (_BINS / _TOP), _BINS - 1).astype(np.uint16)
    return bins


def _second_pass(task: tuple[Basis, Any, float, Any, Any, Any], start: int, stop: int) -> tuple[Ranks, Ranks]:
    basis, unseen, confidence, above, counts, kept = task
    scored = basis.scored[start:stop]
    bins = kept[start]
    if bins is None:
        bins = _bins(draw(basis, start, stop)["score"][:, scored])
    rows = np.arange(basis.n_replicates)[:, None]
    ranks = above[rows, bins] + (counts[rows, bins] + 1) // 2
    found = np.zeros((2, stop - start), np.uint32)
    found[:, scored] = -_ends(-ranks, unseen[start:stop][scored], confidence)[::-1]
    return found[0], found[1]


def replicates(basis: Basis, accounts: Sequence[int]) -> dict[str, Floats]:
    """Replicates of some accounts, as :func:`draw` gives them, one column for each."""
    columns = [draw(basis, i, i + 1) for i in accounts]
    return {name: np.concatenate([one[name] for one in columns], axis=1) for name in (*basis.raw, "score")}
