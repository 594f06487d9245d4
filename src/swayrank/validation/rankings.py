"""The rankings of a backtest, from what was known before a split: the score, and what it has to beat.

``followers``, ``past_reposts``, ``past_engagement``, ``h_index`` (of reposts per post) and ``pagerank`` are measures of
the same past; without a follow graph, followers and PageRank are those of the graph of past interactions. ``random``
is no order at all: all accounts tied, which scores what a random order scores on average.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank._rng import Key
from swayrank.engines import Engine
from swayrank.errors import LeakError, ParameterError
from swayrank.events import Events
from swayrank.events.columns import as_us, iso
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.learning.probabilities import learn_probabilities
from swayrank.measures._measure import Measure
from swayrank.measures.registry import list_measures, measure
from swayrank.scoring.combine import score
from swayrank.scoring.evidence import Evidence
from swayrank.scoring.profiles import PARTS, resolve_weights
from swayrank.scoring.scale import Knots, Reference
from swayrank.scoring.scores import Scores
from swayrank.validation.account_values import values_of
from swayrank.validation.folds import Fold

Floats = npt.NDArray[np.float64]
Own = Callable[[Graph | None, Events | None], Measure]

_OF_GRAPH = {"followers": "in_degree", "pagerank": "pagerank"}
_OF_LOG = {"past_reposts": "past_reposts", "past_engagement": "engagement_counts", "h_index": "h_index"}
BASELINES = ("followers", "past_reposts", "past_engagement", "h_index", "pagerank", "random")
"""What every score is held against."""
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
    knots : mapping of str to Knots, or None
        The scale of a given reference.
    informed : tuple of str
        Somebody's own measures that tell accounts apart even where there is nothing to measure.
    """

    ids: Ids
    scored: npt.NDArray[np.bool_]
    raw: Mapping[str, Floats]
    baselines: Mapping[str, Floats]
    left_out: tuple[str, ...]
    half_life_days: float
    knots: Mapping[str, Knots] | None = None
    informed: tuple[str, ...] = ()

    def parts(self, of: npt.NDArray[np.bool_] | None = None) -> dict[str, Floats]:
        """The parts from 0 to 100, on the reference's scale, or on that of the accounts `of`; by default of all."""
        if self.knots is not None:
            return {name: self.knots[name].scale(raw) for name, raw in self.raw.items()}
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
    fold: Fold,
    options: Mapping[str, Any],
    measures: Mapping[str, Own | str],
    *,
    learn: str | None = None,
    key: Key,
    runner: Engine,
) -> Known:
    """Score a fold's past, and measure the baselines on it.

    Raises
    ------
    LeakError
        If an option or a measure knows what comes after the split.
    """
    reference = reference_of_past(options.get("reference"), fold)
    check_probabilities(options.get("prob"), fold)
    graph = fold.graph
    if learn is not None:
        graph, options = _learned(fold, learn, runner), {**options, "prob": "probability"}
    dated: dict[str, Any] = {"until": fold.split} if fold.past is not None else {}
    scores = score(
        graph, fold.past, fold.posts, profile=EQUAL_PARTS, n_replicates=None, rng=key, engine=runner,
        **dated, **{**options, "reference": reference},
    )  # fmt: skip
    found, left_out = _baselines(scores, key, runner)
    for name, own in measures.items():
        found[name] = _own(name, own, fold, scores.evidence, key, runner)
    informed = tuple(name for name, own in measures.items() if _knows_more(own, fold, scores.evidence))
    words = tuple(line for line in scores.left_out if "carries no dates" not in line)
    return Known(
        scores.ids, scores.rank > 0, scores.raw, found, (*words, *left_out), float(scores.params["half_life_days"]),
        None if reference is None else reference.knots, informed,
    )  # fmt: skip


def reference_of_past(reference: Any, fold: Fold) -> Reference | None:
    """The scale of a reference; raise if it was made from data of after the split, or nothing tells when that ends."""
    if isinstance(reference, str | Path):
        reference = Reference.load(reference)
    if reference is None:
        return None
    if not isinstance(reference, Reference):
        raise ParameterError(f"reference must be a Reference, a file that holds one, or None, got {reference!r}")
    if fold.future is None:
        return reference  # there is no split
    until = reference.made.get("data_until")
    if until is None or as_us(str(until)) > fold.split:
        knows = "may know the future: nothing tells" if until is None else f"knows the future: {until} is"
        raise LeakError(
            f"reference {knows} where its data ends, and the split is at {iso(fold.split)}; take the "
            f"reference.json of a run on earlier data (score --until), or none"
        )
    return reference


def check_probabilities(prob: Any, fold: Fold) -> None:
    """Raise if spread would rest on given probabilities, of which nobody can tell when they were learned."""
    column = isinstance(prob, str)
    if prob in fold.withheld if column else not (prob is None or isinstance(prob, float | int)):
        raise LeakError(
            f"prob{f'={prob!r}' * column} may know the future: nothing says until when it was learned. Have "
            f"probabilities learned from before each split instead (learn=), or leave it out"
        )


def _learned(fold: Fold, learn: str, runner: Engine) -> Graph:
    """The fold's graph with probabilities learned from its past."""
    if fold.graph is None or fold.past is None:
        raise ParameterError("learn needs a graph and a log before the split, since it learns each arc's probability")
    return learn_probabilities(fold.graph, fold.past, method=learn, engine=runner)


def _baselines(scores: Scores, key: Key, runner: Engine) -> tuple[dict[str, Floats], list[str]]:
    evidence, found, left_out = scores.evidence, {}, []
    for name in BASELINES:
        data = evidence.graph if name in _OF_GRAPH else evidence.events
        registered = {**_OF_GRAPH, **_OF_LOG}.get(name)
        if registered is None:
            found[name] = np.zeros(len(scores))
        elif data is None:
            left_out.append(f"{name}: there is no {'graph' if name in _OF_GRAPH else 'log'} before the split")
        else:
            values = values_of(_measured(data, registered, key, runner), evidence.accounts, name)
            if np.nanmin(values, initial=np.inf) < np.nanmax(values, initial=-np.inf):
                found[name] = values
            else:
                left_out.append(f"{name}: the same for all accounts")
    if evidence.graph_is_derived:
        left_out.append("followers and pagerank are those of the graph of past interactions")
    return found, left_out


def _measured(data: Any, name: str, key: Key, runner: Engine) -> Measure:
    """A registered measure, where the work runs and drawing from what the whole backtest draws from."""
    takes = list_measures()[name].defaults
    found = measure(data, name, **{of: given for of, given in {"rng": key, "engine": runner}.items() if of in takes})
    assert isinstance(found, Measure)
    return found


def _own(name: str, own: Own | str, fold: Fold, evidence: Evidence, key: Key, runner: Engine) -> Floats:
    """Somebody's own measure of the past: the name of a registered one, or a function of the graph and the log."""
    if isinstance(own, str):
        known = {name: entry for name, entry in list_measures().items() if entry.gives == "accounts"}
        if own not in known:
            raise ParameterError(
                f"measures must name registered ones of accounts (list_measures()) or functions, got {own!r}"
            )
        data = {"graph": evidence.graph, "events": fold.past, "posts": fold.posts}[known[own].needs]
        if data is None:
            raise ParameterError(f"{own} is measured on {known[own].needs}, and there are none before the split")
        return values_of(_measured(data, own, key, runner), evidence.accounts, own)
    if isinstance(own, Measure | np.ndarray) or not callable(own):
        raise LeakError(
            f"measures[{name!r}] must be a function of (graph, events), to be called with what lies before the split: "
            f"from finished numbers nobody can tell what they know"
        )
    found = own(evidence.graph, fold.past)
    if not isinstance(found, Measure):
        raise ParameterError(f"measures[{name!r}] must give a Measure, got {type(found).__name__}")
    return values_of(found, evidence.accounts, name)


def _knows_more(own: Own | str, fold: Fold, evidence: Evidence) -> bool:
    """Whether a function tells accounts apart without a single row or arc: then it knows something from elsewhere."""
    if isinstance(own, str):
        return False
    graph = None if evidence.graph is None else Graph.from_edges([], [], ids=evidence.graph.ids)
    past = None if fold.past is None else fold.past.where(np.zeros(fold.past.n_events, np.bool_))
    try:
        values = own(graph, past).values.astype(np.float64)
        return np.unique(values[~np.isnan(values)]).size > 1
    except Exception:  # whatever it stumbles over, it needs what it is given
        return False


def as_measures(measures: Sequence[str] | Mapping[str, Own | str]) -> dict[str, Own | str]:
    """Names, or names with functions, as one mapping."""
    if isinstance(measures, str):
        raise ParameterError(f"measures must be a list of names or a mapping, got the string {measures!r}")
    return dict(measures) if isinstance(measures, Mapping) else {name: name for name in measures}
