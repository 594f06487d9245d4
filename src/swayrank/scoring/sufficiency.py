"""Enough data? How much longer one would have to look, or how much more be posted, to know a score twice as well.

An account observed for f times as long has f times the hits, each worth 1 / f of what it is worth now. Its interval is
drawn again from the posterior with f = 1, 2, 4, ..., and the factor that halves the width is read off between them.
Widths are those on a scale that goes on beyond 100 as it rises before: where it ends, an interval that is cut off there
would seem narrow already.

Under one reference more days or posts would also raise the figure itself, which is a sum: here it is held where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from swayrank.events.columns import NO_TIME
from swayrank.ids import read_only
from swayrank.scoring.evidence import ABSENT
from swayrank.scoring.intervals import Basis, Chance, draw
from swayrank.scoring.peers import Peers
from swayrank.scoring.scale import Knots
from swayrank.scoring.telling import counted

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores

_FACTORS = tuple(2.0**k for k in range(9))
_MANY_HITS = 25.0
_ERRORS = 8.0  # standard errors on either side of a figure that finer levels reach
_US_PER_DAY = 86_400_000_000
_TAIL_MARK, _TOP = 90.0, 100.0


@dataclass(frozen=True)
class MoreData:
    """What would halve the interval of an account's score.

    Attributes
    ----------
    factor : float or None
        How many times as much evidence; None where no amount that was tried (256 times) does, or nothing varies.
    more_posts : int or None
        At what the account's posts draw now, so many more posts in the same time; None where it has none.
    more_days : float or None
        At the account's present pace, so many more days; None where reactions go stale before enough come together.
    words : str
        The same, for people.
    """

    factor: float | None
    more_posts: int | None
    more_days: float | None
    words: str


def more_data(scores: Scores, account: int) -> MoreData:
    """What would halve the interval of the score of the account at a position.

    Examples
    --------
    >>> import swayrank as sr
    >>> town = sr.generate("town", n=300, rng=7)
    >>> scores = sr.score(town.graph, town.events, rng=7)
    >>> found = more_data(scores, int(scores.order(5)[4]))
    >>> found.factor > 2, "would halve the interval" in found.words
    (True, True)
    """
    if scores.intervals is None:
        return MoreData(None, None, None, "no intervals were drawn: score with n_replicates=200")
    if not scores.rank[account]:
        return MoreData(None, None, None, "there is no score to know better")
    if all(chance.peers is None for chance in scores.basis.chances.values()):
        return MoreData(None, None, None, "more reactions would change nothing: none are part of this score")
    factor = _halving_factor(scores.basis, account, scores.intervals.confidence)
    if factor is None:
        return MoreData(
            None, None, None, f"not even {_FACTORS[-1]:.0f} times as much evidence would halve the interval"
        )
    posts, days = _more_posts(scores, account, factor), _more_days(scores, factor)
    ways = [f"{counted(posts, 'more post')} in the same time"] if posts else []
    ways += (
        [f"{counted(round(days), 'more day')} at its present pace" if days >= 1 else f"{24 * days:.0f} more hours"]
        if days
        else []
    )
    how = f": {', or '.join(ways)} (under the same reference these also raise the score)" if ways else ""
    ends = ", counted as if the scale went on beyond 100" if _cut_off(scores, account) else ""
    words = f"about {factor:.2g} times as much evidence would halve the interval{ends}{how}"
    return MoreData(factor, posts, days, words)


def _cut_off(scores: Scores, account: int) -> bool:
    """Whether a part of the account reaches the end of the scale, so that its interval is cut off there."""
    sure = scores.intervals
    return sure is not None and any(
        sure.parts[name][1][account] >= _TOP for name, words in sure.varies.items() if not words.startswith("none")
    )


def _halving_factor(basis: Basis, account: int, confidence: float) -> float | None:
    alone = _endless(_alone(basis, account))
    widths: list[float] = []
    for factor in _FACTORS:
        drawn = draw(_longer(alone, factor), 0, 1)["score"]
        low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
        widths.append(float(high - low))
        if widths[0] <= 0:
            return None
        if widths[-1] <= widths[0] / 2:
            before, after = (math.log(max(1e-9, width)) for width in widths[-2:])
            share = (before - math.log(widths[0] / 2)) / (before - after)
            return float(2.0 ** (len(widths) - 2 + share))
    return None


@dataclass(frozen=True)
class _Endless(Knots):
    """A scale that does not end at 100, but goes on as it rises from the 99th percentile to the highest figure."""

    def scale(self, raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Raw figures on 0-100 and beyond."""
        slope = (_TOP - _TAIL_MARK) / (math.log1p(self.top) - math.log1p(self.tail))
        beyond = np.log1p(np.maximum(raw, self.top)) - math.log1p(self.top)
        return Knots.scale(self, raw) + slope * beyond


def _endless(basis: Basis) -> Basis:
    knots = {name: _Endless(k.median, k.tail, k.top) for name, k in basis.reference.knots.items()}
    return basis._replace(reference=replace(basis.reference, knots=knots))


def _alone(basis: Basis, i: int) -> Basis:
    """What the replicates of one account depend on, and nothing else."""
    return basis._replace(
        raw={name: values[i : i + 1] for name, values in basis.raw.items()},
        chances={name: _chance_alone(chance, i) for name, chance in basis.chances.items()},
        weight_there=basis.weight_there[i : i + 1],
        scored=basis.scored[i : i + 1],
    )


def _chance_alone(chance: Chance, i: int) -> Chance:
    if chance.one is not None:
        return replace(chance, one=chance.one[i : i + 1])
    if chance.peers is None or chance.gains is None or chance.rows is None:
        return chance
    peers, gains, row = chance.peers, chance.gains, int(chance.rows[i])
    at = slice(0, 0) if row == ABSENT else slice(int(gains.indptr[row]), int(gains.indptr[row + 1]))
    own = gains._replace(
        indptr=np.array([0, at.stop - at.start], np.uint64), cluster=gains.cluster[at], gain=gains.gain[at]
    )
    cut = {name: getattr(peers, name)[i : i + 1] for name in ("one", "variance", "tier")}
    base = None if chance.base is None else (chance.base[0][i : i + 1], chance.base[1][i : i + 1])
    return replace(chance, rows=np.zeros(1, np.uint32), gains=own, peers=replace(peers, **cut), base=base)


def _longer(basis: Basis, factor: float) -> Basis:
    """The same figure of one account, observed `factor` times as long."""
    chances = {
        name: _observed_longer(chance, float(np.nan_to_num(chance.from_clusters(basis.raw[name], 0, 1)[0])), factor)
        for name, chance in basis.chances.items()
    }
    return basis._replace(chances=chances)


def _finer(peers: Peers, figure: float) -> Peers:
    """The same prior on levels around one account's figure, where its many hits tell more than the usual levels do."""
    hits = figure / float(peers.one[0])
    if hits < _MANY_HITS:
        return peers
    reach = math.exp(_ERRORS / math.sqrt(hits))
    levels = np.geomspace(max(peers.levels[0], figure / reach), figure * reach, peers.levels.size)
    places, usual = np.log(levels), np.log(peers.levels)
    prior = np.stack([np.interp(places, usual, row) for row in peers.log_prior])
    return replace(peers, levels=read_only(levels), log_prior=read_only(prior))


def _observed_longer(chance: Chance, figure: float, factor: float) -> Chance:
    if chance.peers is None or chance.gains is None:
        return chance
    peers = replace(chance.peers, one=chance.peers.one / factor, variance=chance.peers.variance / factor)
    peers = _finer(peers, figure)
    base = None if chance.base is None else (chance.base[0], chance.base[1] / factor)
    return replace(
        chance, peers=peers, base=base, gains=chance.gains._replace(gain=chance.gains.gain / math.sqrt(factor))
    )


def _more_posts(scores: Scores, account: int, factor: float) -> int | None:
    evidence = scores.evidence
    if evidence.reactions is not None:
        row = int(evidence.event_rows[account])
        n_posts = 0 if row == ABSENT else int(evidence.reactions.n_posts[row])
    else:
        row = int(evidence.post_rows[account])
        n_posts = 0 if evidence.posts is None or row == ABSENT else int((evidence.posts.account == row).sum())
    return math.ceil((factor - 1) * n_posts) or None


def _more_days(scores: Scores, factor: float) -> float | None:
    """How much longer the log must be for `factor` times the weight, given that its rows fade."""
    source: Any = scores.evidence.events or scores.evidence.posts
    dated = source.time[source.time != NO_TIME]
    if not dated.size:
        return None
    half_life, span = scores.params["half_life_days"], float(dated.max() - dated.min()) / _US_PER_DAY
    left = 1.0 - factor * (1.0 - 2.0 ** (-span / half_life))  # of a log without end, what is still to come
    return -half_life * math.log2(left) - span if left > 0 and span > 0 else None
