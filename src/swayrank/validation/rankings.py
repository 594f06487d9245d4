"""The rankings of a backtest, from what was known before a split: the score, and what it has to beat.

``followers``, ``past_reposts``, ``past_engagement``, ``h_index`` (of reposts per post) and ``pagerank`` are measures of
the same past; without a follow graph, followers and PageRank are those of the graph of past interactions. ``random``
is no order at all: all accounts tied, which scores what a random order scores on average.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key
from swayrank.engines import Engine
from swayrank.errors import LeakError, ParameterError
from swayrank.events import Events
from swayrank.events.columns import iso
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures._measure import Measure
from swayrank.measures.registry import list_measures, measure
from swayrank.scoring.combine import score
from swayrank.scoring.evidence import Evidence
from swayrank.scoring.profiles import PARTS, resolve_weights
from swayrank.scoring.scale import Knots
from swayrank.scoring.scores import Scores
from swayrank.validation.folds import Fold

Floats = npt.NDArray[np.float64]
Own = Callable[[Graph | None, Events | None], Measure]

_OF_GRAPH = {"followers": "in_degree", "pagerank": "pagerank"}
_OF_LOG = {"past_reposts": "past_reposts", "past_engagement": "engagement_counts", "h_index": "h_index"}
BASELINES = ("followers", "past_reposts", "past_engagement", "h_index", "pagerank", "random")
"""What every score is held against."""
_WITHOUT_COLUMN = ("attention", "weighted_cascade", "trivalency")
EQUAL_PARTS = dict.fromkeys(PARTS, 1.0)


@dataclass(frozen=True, eq=False)
class Known:
    """What was known of every account before a split.

    Attributes
    ----------
    ids : Ids
        The accounts.
    scored : numpy.ndarray of bool, shape (n,)
        Whether there was enough evidence to score them.
    raw : dict of str to numpy.ndarray of float64, shape (n,)
        The score's parts in raw units.
    baselines : dict of str to numpy.ndarray of float64, shape (n,)
        NaN where an account does not occur in the source.
    left_out : tuple of str
        In words, what could not be measured.
    half_life_days : float
    """

    ids: Ids
    scored: npt.NDArray[np.bool_]
    raw: Mapping[str, Floats]
    baselines: Mapping[str, Floats]
    left_out: tuple[str, ...]
    half_life_days: float

    def parts(self, of: npt.NDArray[np.bool_] | None = None) -> dict[str, Floats]:
        """The parts from 0 to 100, on the scale of the accounts `of` alone; by default of all."""
        rows = slice(None) if of is None else of
        return {name: Knots.of(raw[rows]).scale(raw) for name, raw in self.raw.items()}

    def composite(self, weights: str | Mapping[str, float], of: npt.NDArray[np.bool_] | None = None) -> Floats:
        """The score by a profile or by weights; NaN where there is none."""
        return composite(self.parts(of), resolve_weights(weights), self.scored)


def composite(parts: Mapping[str, Floats], weights: Mapping[str, float], scored: npt.NDArray[np.bool_]) -> Floats:
    """The weighted mean of the parts that an account has.

    >>> composite({"reach": np.array([50.0, np.nan])}, {"reach": 1.0}, np.array([True, True]))
    array([50., nan])
    """
    there = sum((weights[name] * ~np.isnan(values) for name, values in parts.items()), np.zeros(scored.size))
    total = sum((weights[name] * np.nan_to_num(values) for name, values in parts.items()), np.zeros(scored.size))
    mean: Floats = np.divide(total, there, out=np.full(scored.size, np.nan), where=scored & (there > 0))
    return mean


def known_before(
    fold: Fold, options: Mapping[str, Any], measures: Mapping[str, Own | str], *, key: Key, runner: Engine
) -> Known:
    """Score a fold's past, and measure the baselines on it.

    Raises
    ------
    LeakError
        If an option or a measure knows what comes after the split.
    """
    check_reference(options.get("reference"), fold)
    check_probabilities(options.get("prob"))
    dated: dict[str, Any] = {"until": fold.split} if fold.past is not None else {}
    scores = score(
        fold.graph, fold.past, fold.posts, profile=EQUAL_PARTS, n_replicates=None, rng=key, engine=runner,
        **dated, **options,
    )  # fmt: skip
    found, left_out = _baselines(scores)
    for name, own in measures.items():
        found[name] = _own(name, own, fold, scores)
    words = tuple(line for line in scores.left_out if "carries no dates" not in line)
    return Known(
        scores.ids, scores.rank > 0, scores.raw, found, (*words, *left_out), float(scores.params["half_life_days"])
    )


def check_reference(reference: Any, fold: Fold) -> None:
    """Raise if a scale was made from data of after the split."""
    made = getattr(reference, "made", {})
    until = made.get("data_until")
    if until is not None and np.datetime64(str(until).split("+")[0]) > np.datetime64(fold.split, "us"):
        raise LeakError(
            f"reference knows the future: it was made from data up to {until}, after the split at "
            f"{iso(fold.split)}; use one that was made before, or none"
        )


def check_probabilities(prob: Any) -> None:
    """Raise if spread would read probabilities from a column, which nobody can tell the age of."""
    if isinstance(prob, str) and prob not in _WITHOUT_COLUMN:
        raise LeakError(
            f"prob={prob!r} reads a column of the graph, which may have been learned from what comes after the split; "
            f"have probabilities learned from before it instead (learn=)"
        )


def _baselines(scores: Scores) -> tuple[dict[str, Floats], list[str]]:
    evidence, found, left_out = scores.evidence, {}, []
    for name in BASELINES:
        data = evidence.graph if name in _OF_GRAPH else evidence.events
        registered = {**_OF_GRAPH, **_OF_LOG}.get(name)
        if registered is None:
            found[name] = np.zeros(len(scores))
        elif data is None:
            left_out.append(f"{name}: there is no {'graph' if name in _OF_GRAPH else 'log'} before the split")
        else:
            found[name] = spread_over(measure(data, registered), evidence)
    return found, left_out


def spread_over(found: Measure, evidence: Evidence) -> Floats:
    """A measure's numbers for every account of a score; NaN where it has none."""
    values = np.full(len(evidence.accounts), np.nan)
    place = evidence.accounts.positions(found.ids.to_arrow(), missing="sentinel").astype(np.int64)
    known = place < values.size
    values[place[known]] = found.values[known]
    return values


def _own(name: str, own: Own | str, fold: Fold, scores: Scores) -> Floats:
    """Somebody's own measure of the past: the name of a registered one, or a function of the graph and the log."""
    if isinstance(own, str):
        known = list_measures()
        if own not in known:
            raise ParameterError(f"measures must name registered ones (list_measures()) or functions, got {own!r}")
        data = {"graph": scores.evidence.graph, "events": fold.past, "posts": fold.posts}[known[own].needs]
        if data is None:
            raise ParameterError(f"{own} is measured on {known[own].needs}, and there are none before the split")
        return spread_over(measure(data, own), scores.evidence)
    if isinstance(own, Measure | np.ndarray) or not callable(own):
        raise LeakError(
            f"measures[{name!r}] must be a function of (graph, events), to be called with what lies before the split: "
            f"from finished numbers nobody can tell what they know"
        )
    found = own(scores.evidence.graph, fold.past)
    if not isinstance(found, Measure):
        raise ParameterError(f"measures[{name!r}] must give a Measure, got {type(found).__name__}")
    return spread_over(found, scores.evidence)


def as_measures(measures: Sequence[str] | Mapping[str, Own | str]) -> dict[str, Own | str]:
    """Names, or names with functions, as one mapping."""
    if isinstance(measures, str):
        raise ParameterError(f"measures must be a list of names or a mapping, got the string {measures!r}")
    return dict(measures) if isinstance(measures, Mapping) else {name: name for name in measures}
