"""The demonstration: a town whose influence is known, scored, and how well each ranking recovers the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank.measures.registry import measure
from swayrank.scoring.combine import score
from swayrank.scoring.evidence import ABSENT
from swayrank.scoring.metrics import best, ndcg_at, overlap_at, spearman
from swayrank.scoring.scores import Scores
from swayrank.sources.town import Town
from swayrank.sources.town import town as make_town

_BY_GRAPH = {"followers": "in_degree", "k-core": "k_core", "PageRank": "pagerank", "expected spread": "spread"}
_BY_LOG = {"past reposts": "past_reposts", "distinct engagers": "distinct_engagers", "h-index of reposts": "h_index"}


@dataclass(frozen=True)
class Recovery:
    """How well one ranking agrees with the town's true influence.

    Attributes
    ----------
    name : str
        The measure's name, in plain words.
    spearman : float
        Rank correlation over all accounts, in [-1, 1].
    ndcg_at_100 : float
        Of the hundred highest, in [0, 1].
    found_of_20 : int
        How many of the twenty truly most influential are among its first twenty.
    """

    name: str
    spearman: float
    ndcg_at_100: float
    found_of_20: int


@dataclass(frozen=True, eq=False)
class Demonstration:
    """A town, its scores, and one :class:`Recovery` for each ranking, the best first."""

    town: Town
    scores: Scores
    recovery: list[Recovery]

    @property
    def true_rank(self) -> npt.NDArray[np.int64]:
        """Every account's rank by true influence, 1 the highest."""
        ranks = np.empty(self.town.graph.n_nodes, np.int64)
        ranks[best(self.town.truth.influence, ranks.size)] = np.arange(1, ranks.size + 1)
        return ranks


def demonstrate(
    n: int = 10_000, *, rng: Rng = 7, threads: int | None = None, progress: Progress = None
) -> Demonstration:
    """Generate a town of `n` accounts, score it, and hold every ranking against the truth.

    Examples
    --------
    >>> shown = demonstrate(400, rng=7)
    >>> sorted(row.name for row in shown.recovery)[:2]
    ['PageRank', 'distinct engagers']
    """
    town = make_town(n=n, rng=rng, threads=threads, progress=progress)
    scores = score(town.graph, town.events, rng=rng, threads=threads, progress=progress)
    rankings: dict[str, npt.NDArray[np.float64]] = {"swayrank score": scores.score[: town.graph.n_nodes]}
    for name, registered in _BY_GRAPH.items():
        done = scores.measures["spread"] if registered == "spread" else None
        rankings[name] = (done or measure(town.graph, registered)).values.astype(np.float64)
    rows = scores.evidence.event_rows[: town.graph.n_nodes]
    for name, registered in _BY_LOG.items():
        values = np.append(measure(town.events, registered).values.astype(np.float64), 0.0)
        rankings[name] = values[np.where(rows == ABSENT, -1, rows.astype(np.int64))]
    recovery = [_recovery(name, values, town.truth.influence) for name, values in rankings.items()]
    return Demonstration(town, scores, sorted(recovery, key=lambda row: -row.ndcg_at_100))


def _recovery(name: str, values: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> Recovery:
    return Recovery(
        name=name,
        spearman=spearman(values, truth),
        ndcg_at_100=ndcg_at(values, truth, 100),
        found_of_20=round(20 * overlap_at(values, truth, 20)),
    )
