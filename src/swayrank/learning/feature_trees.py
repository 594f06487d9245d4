"""What boosted trees learn an arc's log odds from: labels, the parts that accounts fall into, and the matrix they read.

Each arc is two rows, weighted by its successes and its failures. Trees are fit to arcs of which neither end is in a
part, and tried on those of which both ends are: so they cannot know an account again. See
:mod:`swayrank.learning.feature_model` for the whole road.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._extras import absent
from swayrank._rng import Key
from swayrank.engines.local import n_threads
from swayrank.errors import ParameterError
from swayrank.events import iso
from swayrank.graph import Graph
from swayrank.kernels.assign import draw_words
from swayrank.kernels.random import PARTS
from swayrank.learning.features import ARC_COLUMNS, SUMS, PairFeatures, Trials

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Levels = tuple[npt.NDArray[np.float32], ...]

_TOWARD = ARC_COLUMNS.index("likes_decayed")
_BACK = ARC_COLUMNS.index("back_likes_decayed")
_RISING = (*(f"{name}_decayed" for name in SUMS), "recency", "share", "follower_rate", "followee_rate")
_STATIC = ("follows_back", "common_followees", "share")
_OF_ENDS = (
    "follower_posts_decayed",
    "follower_given_decayed",
    "followee_posts_decayed",
    "followee_received_decayed",
    "follower_followees",
    "follower_followers",
    "followee_followees",
    "followee_followers",
)
INPUTS = (
    *_RISING[:6],
    *(f"back_{name}" for name in _RISING[:6]),
    *_STATIC,
    *_OF_ENDS,
    "follower_rate",
    "followee_rate",
)
"""What the boosted trees read, in the order of the columns of their matrix."""

_LEVELS = 64
_LEAVES, _MIN_LEAF, _LEARNING_RATE = 6, 200, 0.12
ROUNDS = (3, 5, 10, 20, 40, 80)
_WORTH = 20.0  # arcs of equal features differ, so that many trials of one arc tell the trees at most as much as so many
_SMOOTHING = 10.0  # trials at the network's rate that are added to an end's other trials
_WORTH_THREADS = 200_000
_MOST_ARCS = 500_000  # of labels: bounds the memory and the time of the fit


# -- what is learned from ----------------------------------------------------------------------------------------------


class Label(NamedTuple):
    """Trials and successes of some arcs, as floats."""

    trials: Floats
    successes: Floats

    @classmethod
    def of(cls, counts: Trials, arcs: Rows) -> Label:
        """Those of `arcs`."""
        return cls(counts.trials[arcs].astype(np.float64), counts.successes[arcs].astype(np.float64))

    def some(self, rows: Rows) -> Label:
        """Those of some of the arcs."""
        return Label(self.trials[rows], self.successes[rows])

    @property
    def both(self) -> bool:
        """Whether some trials succeeded and some failed."""
        return bool(0 < self.successes.sum() < self.trials.sum())


class Parts(NamedTuple):
    """The part in which each end of the labelled arcs is."""

    follower: Words
    followee: Words
    n: int

    @classmethod
    def of(cls, graph: Graph, arcs: Rows, words: Words, n: int) -> Parts:
        """Parts by the words of the accounts."""
        part = (words >> np.uint64(32)) % np.uint64(n)
        v, u = _ends(graph, arcs)
        return cls(part[v], part[u], n)

    def within(self, part: int) -> npt.NDArray[np.bool_]:
        """Arcs of which both ends are in a part."""
        inside: npt.NDArray[np.bool_] = (self.follower == part) & (self.followee == part)
        return inside

    def without(self, part: int) -> npt.NDArray[np.bool_]:
        """Arcs of which neither end is."""
        outside: npt.NDArray[np.bool_] = (self.follower != part) & (self.followee != part)
        return outside

    def check(self, label: Label, moment: int) -> None:
        """Refuse labels of which what is left to fit to, or to calibrate with, has one outcome alone."""
        chosen = [*map(self.without, range(self.n)), self.follower == self.followee]
        if not all(label.some(np.flatnonzero(rows)).both for rows in chosen):
            raise ParameterError(
                f"events must have trials of both outcomes from the split ({iso(moment)}) on, in every part of the "
                f"arcs, got {label.successes.sum():.0f} successes in {label.trials.sum():.0f} trials; give an earlier "
                "split, fewer n_folds or a longer log"
            )


def account_words(names: Words, key: Key) -> Words:
    """64 bits of each account that depend on its id and the key alone."""
    words = np.empty(names.size, np.uint64)
    draw_words(key.hi, key.lo, np.uint64(PARTS), names, words)
    return words


def rate_of(counts: Trials) -> float:
    """The share of all trials that succeeded, with one success and one failure added."""
    return (float(counts.successes.sum()) + 1) / (float(counts.trials.sum()) + 2)


def labelled_arcs(graph: Graph, later: Trials, words: Words) -> Rows:
    """Arcs that were tried, ascending; of too many, those of lowest hash."""
    arcs = np.flatnonzero(later.trials)
    return arcs[lowest_hashes(graph, arcs, words, _MOST_ARCS)]


def lowest_hashes(graph: Graph, arcs: Rows, words: Words, most: int) -> Rows:
    """Places of the `most` arcs of lowest hash, ascending; of all arcs where there are no more."""
    if arcs.size <= most:
        return np.arange(arcs.size)
    v, u = _ends(graph, arcs)
    mixed = words[v] * np.uint64(0x9E3779B97F4A7C15) ^ words[u]
    return np.sort(np.argpartition(mixed, most)[:most])


def _ends(graph: Graph, arcs: Rows) -> tuple[Rows, npt.NDArray[np.uint32]]:
    """Follower and followee of some arcs."""
    v = np.searchsorted(graph.indptr, arcs.astype(np.uint64), side="right").astype(np.int64) - 1
    return v, graph.indices[arcs]


# -- what the trees read -----------------------------------------------------------------------------------------------


class Others(NamedTuple):
    """Trials and successes of each account, as a follower and as a followee, and the network's rate."""

    follower: Label
    followee: Label
    rate: float


def others_of(features: PairFeatures, counts: Trials) -> Others:
    """Sums over the arcs of each account."""
    v, u = features.graph.edges()
    n = features.graph.n_nodes
    sums = [Label(*(np.bincount(end, column, n).astype(np.float64) for column in counts)) for end in (v, u)]
    return Others(sums[0], sums[1], rate_of(counts))


def matrix_of(
    features: PairFeatures, counts: Trials, arcs: Rows, others: Others | None = None
) -> npt.NDArray[np.float32]:
    """What the trees read of some arcs, in the order of `INPUTS`."""
    others = others or others_of(features, counts)
    v, u = _ends(features.graph, arcs)
    of = features.of_arcs[arcs]
    out = np.empty((arcs.size, len(INPUTS)), np.float32)
    for place, first in ((0, _TOWARD), (6, _BACK)):
        out[:, place : place + 5] = of[:, first : first + 5]
        out[:, place + 5] = np.nan_to_num(np.exp2(-of[:, first + 5] / np.float32(features.half_life_days)), nan=0.0)
    for name in _STATIC:
        out[:, INPUTS.index(name)] = of[:, ARC_COLUMNS.index(name)]
    for name in _OF_ENDS:
        end, _, what = name.partition("_")
        out[:, INPUTS.index(name)] = features.of_accounts[what][v if end == "follower" else u]
    own = Label.of(counts, arcs)
    for rate, sums, ends in (("follower_rate", others.follower, v), ("followee_rate", others.followee, u)):
        successes, trials = sums.successes[ends] - own.successes, sums.trials[ends] - own.trials
        out[:, INPUTS.index(rate)] = (successes + _SMOOTHING * others.rate) / (trials + _SMOOTHING)
    return out


def levels_of(matrix: npt.NDArray[np.float32]) -> Levels:
    """Where each column is cut into at most 64 levels: at 0, and at quantiles of the rest.

    scikit-learn's own bins are quantiles over all rows (what is rarely not 0 would be one level), and with weights it
    sorts each column once for every bin.
    """
    shares = np.linspace(0, 1, _LEVELS - 1)
    levels = []
    for column in matrix.T:
        values = column[(column != 0) & ~np.isnan(column)]
        cuts = np.quantile(values, shares, method="inverted_cdf") if values.size else values
        levels.append(np.unique(np.append(cuts, np.float32(0))))
    return tuple(levels)


def as_levels(matrix: npt.NDArray[np.float32], levels: Levels) -> npt.NDArray[np.float32]:
    """The matrix in levels, in its own place; NaN stays."""
    for column, cuts in zip(matrix.T, levels, strict=True):
        column[:] = np.where(np.isnan(column), column, np.searchsorted(cuts, column))
    return matrix


# -- the trees ---------------------------------------------------------------------------------------------------------


def find_classifier() -> Any:
    """scikit-learn's class of trees."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ModuleNotFoundError as missing:
        raise absent("learning from features", "sklearn") from missing
    return HistGradientBoostingClassifier


def bounded(threads: int | None, n_rows: int) -> Any:
    """scikit-learn's threads, held to `threads` while the context lasts; one for few rows.

    They wait for each other busily, hundreds of times a tree: on little work, or beside other work, that takes longer
    than the work.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(n_threads(threads) if n_rows >= _WORTH_THREADS else 1, user_api="openmp")


def fit_trees(
    classifier: Any, matrix: npt.NDArray[np.float32], label: Label, chosen: npt.NDArray[np.bool_], key: Key
) -> Any:
    """Each arc is a row for its successes and one for its failures; rows that weigh nothing are left out."""
    won, lost = chosen & (label.successes > 0), chosen & (label.successes < label.trials)
    worth = _WORTH / (_WORTH + label.trials)
    weights = np.concatenate(((worth * label.successes)[won], (worth * (label.trials - label.successes))[lost]))
    outcome = np.repeat(np.array([1, 0]), (int(won.sum()), int(lost.sum())))
    trees = classifier(
        loss="log_loss",
        learning_rate=_LEARNING_RATE,
        max_iter=ROUNDS[-1],
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=min(_MIN_LEAF, max(1, outcome.size // 50)),
        l2_regularization=1.0,
        monotonic_cst=[int(name in _RISING) for name in INPUTS],
        early_stopping=False,
        random_state=key.low & 0x7FFFFFFF,
    )
    return trees.fit(np.concatenate((matrix[won], matrix[lost])), outcome, sample_weight=weights)


def log_odds(trees: Any, matrix: npt.NDArray[np.float32], rounds: tuple[int, ...]) -> Floats:
    """The log odds after so many trees, a row for each of the ascending `rounds`."""
    out = np.empty((len(rounds), len(matrix)))
    stages = enumerate(trees.staged_decision_function(matrix), 1) if len(matrix) else ()
    for number, odds in itertools.islice(stages, rounds[-1]):
        if number in rounds:
            out[rounds.index(number)] = np.asarray(odds).ravel()
    return out


def chance(odds: Floats) -> Floats:
    """The probability of log odds, never 0 nor 1."""
    return np.clip(1 / (1 + np.exp(-np.clip(odds, -30, 30))), 1e-9, 1 - 1e-9)
