"""Does the score foretell what comes next? One protocol for each data set that is at hand; nothing is timed.

Each set's table says what was known, what was to be foretold, and which single measures it was held against; a
difference is the score's less the best of them, with its 95 % interval over accounts (the same draws for both). *Not
inferior* means that the interval's lower end is at least -0.02. What true difference would be seen four times in five
stands beside it: where it is larger than 0.02, a miss may be want of data. *Fitted*: weights fitted on earlier
stretches of the same log, held against the default on the last. *Left out*: weights fitted on all other sets, held
against the default on the set that was left out, each at its own protocol.

All sets here were used while the score was designed (docs/decisions/0006, 0009, 0015). They show what it can do, not
what it will do on a set that no choice has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import swayrank as sr
from benchmarks.harness import ROOT, Bar
from swayrank._rng import resolve_rng
from swayrank.engines import resolve_engine
from swayrank.pipeline import Recipe
from swayrank.scoring.profiles import PROFILES
from swayrank.validation.backtest import judge_fold, truth_in
from swayrank.validation.folds import folds_of, rolling
from swayrank.validation.outcomes import given_truth
from swayrank.validation.rankings import known_before
from swayrank.validation.results import NOT_INFERIOR, Backtest
from swayrank.validation.weights import Stretch, objectives, weight_grid
from swayrank.validation_jobs import run_backtest, run_fit, sources_of

NAME = "backtests"
_DATA = ROOT.parent / "shared" / "data"
_EXAMPLES = ROOT / "examples"
_TOWNS = range(301, 305)
_TOWN_SPLIT = 2 / 3
_DRAWS, _QUICK_DRAWS = 400, 40


@dataclass(frozen=True)
class Set:
    """One data set under one protocol."""

    name: str
    protocol: str
    run: Callable[[int], Backtest]
    fit: Callable[[int], Any] | None = None
    stretches: Callable[[], list[Stretch]] | None = None


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables, as the harness keeps them."""
    draws = _QUICK_DRAWS if quick else _DRAWS
    sets = [*_town_sets()] if quick else [*_real_sets(), *_town_sets()]
    found = {one: one.run(draws) for one in sets}
    fitted = {one: one.fit(draws) for one in sets if one.fit is not None}
    left_out = {} if quick else _left_one_out([one for one in sets if one.stretches is not None])
    tables = [_overview(found), *(_table(one, result) for one, result in found.items())]
    if fitted:
        tables.append(_fitted_table(fitted))
    if left_out:
        tables.append(_left_out_table(left_out))
    return {"bars": [*_bars(found, fitted)], "tables": tables}


# -- the sets ----------------------------------------------------------------------------------------------------------


def _real_sets() -> Iterator[Set]:
    if not _DATA.is_dir():
        return
    yield _recipe_set("melcup17", "melcup17", "from the learning to the evaluation period; graph assumed earlier")
    yield _recipe_set("higgs", "higgs", "rolling days, 3 to 6 July; the log alone")
    yield _recipe_set("higgs", "higgs", "split at 5 July; the log alone", split="2012-07-05")
    yield _recipe_set("christianity", "cascades", "three rolling splits; the log alone")
    yield _recipe_set("memetracker", "cascades", "three rolling splits; the log alone")
    for outcome, words in (("views", "total views"), ("partner", "partner status")):
        yield _recipe_set("twitch", "twitch", f"{words} against a static graph", outcome_column=outcome)


def _recipe_set(example: str, folder: str, protocol: str, **given: Any) -> Set:
    path = _EXAMPLES / f"{example}.toml"

    def recipe() -> Recipe:
        return Recipe.load(path, data=_DATA / folder)

    def run(draws: int) -> Backtest:
        own = recipe()
        if "split" in given:
            own = Recipe(mapping=own.mapping, data=own.data, backtest={"graph": own.backtest.get("graph", True)})
        return run_backtest(own, {**given, "n_replicates": draws, "rng": 7})[0]

    if given:
        return Set(example, protocol, run)
    return Set(
        example, protocol, run, lambda draws: run_fit(recipe(), {"n_replicates": draws, "rng": 7})[0],
        lambda: _stretches_of(recipe()),
    )  # fmt: skip


def _stretches_of(recipe: Recipe) -> list[Stretch]:
    """What a recipe's own protocol knows and has to foretell, split by split."""
    asked = dict(recipe.backtest)
    sources = sources_of(recipe, asked, None, None)
    events = sources.events
    split = rolling(events, asked["rolling"]) if "rolling" in asked else asked["split"]
    return _stretches(sources.graph, events, split, asked.get("as_of"), "reposts")


def _stretches(graph: Any, events: Any, split: Any, as_of: Any, outcome: Any) -> list[Stretch]:
    key, runner = resolve_rng(7), resolve_engine()
    found = []
    for fold in folds_of(graph, events, None, split, horizon_days=None, as_of=as_of):
        known = known_before(fold, {}, {}, key=key, runner=runner)
        truth = truth_in(outcome, fold, events, known)
        found.append(Stretch(known, truth.values, ~np.isnan(truth.values)))
    return found


def _town_sets() -> Iterator[Set]:
    words = f"{len(_TOWNS)} towns of 10,000, two thirds to one third"
    yield Set("towns", f"{words}: distinct engagers", _of_towns("engagers"), None, _town_stretches)
    yield Set("towns", f"{words}: true influence", _of_towns("truth"))
    yield Set("towns", f"{words}: reposts, farms of bots included", _of_towns("reposts"))


def _town_stretches() -> list[Stretch]:
    found = []
    for rng in _TOWNS:
        town = sr.generate("town", n=10_000, rng=rng)
        found += _stretches(town.graph, town.events, _TOWN_SPLIT, "2026-03-01", "engagers")
    return found


def _of_towns(outcome: str) -> Callable[[int], Backtest]:
    def run(draws: int) -> Backtest:
        key, runner = resolve_rng(7), resolve_engine()
        judged, facts = [], []
        for rng in _TOWNS:
            town = sr.generate("town", n=10_000, rng=rng)
            wanted: Any = outcome
            if outcome == "truth":
                wanted = dict(zip(town.graph.ids.to_numpy().tolist(), town.truth.influence.tolist(), strict=True))
            [fold] = folds_of(town.graph, town.events, None, _TOWN_SPLIT, horizon_days=None, as_of="2026-03-01")
            known = known_before(fold, {}, {}, key=key, runner=runner)
            truth = truth_in(outcome, fold, town.events, known) if wanted is outcome else given_truth(wanted, known.ids)
            there = ~np.isnan(truth.values)
            one, fact = judge_fold(
                fold, known, truth, {"balanced": known.composite("balanced")}, there, wanted, town.events,
                k=100, n_replicates=draws, key=key, runner=runner,
            )  # fmt: skip
            judged.append(one)
            facts.append(fact)
        params = {"outcome": outcome, "n_replicates": draws, "confidence": 0.95}
        return Backtest.of(judged, facts, n_composites=1, params=params)

    return run


# -- leave one set out -------------------------------------------------------------------------------------------------


def _left_one_out(sets: list[Set]) -> dict[str, tuple[dict[str, float], float, float]]:
    """By set: the weights fitted on all others, and what they and the default reach on it (mean NDCG and Spearman)."""
    key, runner = resolve_rng(7), resolve_engine()
    grid = [w for w in weight_grid(["reach", "resonance", "spread"], 0.1) if all(v >= 0.1 for v in w.values())]
    grid.append(dict(PROFILES["balanced"]))
    reached = {}
    for one in sets:
        assert one.stretches is not None
        scores = [objectives(s, grid, s.there, 100, key, runner).mean(axis=1) for s in one.stretches()]
        reached[one.name] = np.mean(scores, axis=0)
    answer = {}
    for name, own in reached.items():
        others = np.mean([values for other, values in reached.items() if other != name], axis=0)
        best = int(others[:-1].argmax())
        answer[name] = (grid[best], float(own[best]), float(own[-1]))
    return answer


# -- bars and tables ---------------------------------------------------------------------------------------------------


def _compared(found: Backtest, metric: str) -> Any:
    return found.difference(found.best_baseline(metric), metric)


def _bars(found: Mapping[Set, Backtest], fitted: Mapping[Set, Any]) -> Iterator[Bar]:
    for one, result in found.items():
        for metric in (result.metrics[2], result.metrics[0]):
            ahead = _compared(result, metric)
            yield Bar(
                f"{one.name}, {one.protocol}: {metric}, lower end against {ahead.measure}", ahead.low, -NOT_INFERIOR
            )
    for one, result in fitted.items():
        ahead = result.backtest.difference("balanced", result.backtest.metrics[2])
        yield Bar(f"{one.name}: fitted weights ahead of the default, {ahead.metric}, lower end", ahead.low, 0.0)


def _overview(found: Mapping[Set, Backtest]) -> dict[str, Any]:
    rows = []
    for one, result in found.items():
        row = [one.name, one.protocol, ", ".join(result.folds[0].parts)]
        for metric in (result.metrics[2], result.metrics[0]):
            ahead = _compared(result, metric)
            row.append(
                f"{result.value('balanced', metric):.3f} ({ahead.measure}: {ahead.ahead:+.3f}, {ahead.low:+.3f} to "
                f"{ahead.high:+.3f}; {ahead.verdict}; seen four times in five: "
                f"{result.detectable(ahead.measure, metric):.3f})"
            )
        rows.append(row)
    head = ["set", "protocol and outcome", "parts", "NDCG at 100 (difference to the best single measure)", "Spearman"]
    return {"title": "the score against the best single measure of each set", "head": head, "rows": rows}


def _table(one: Set, found: Backtest) -> dict[str, Any]:
    metrics = [*found.main_metrics, "cut_at_0.01"]
    rows = [[name, *(f"{found.value(name, metric):.3f}" for metric in metrics)] for name in found.names]
    accounts = sum(fold.n_accounts for fold in found.folds)
    title = f"{one.name}, {one.protocol}: {found.params['outcome']}, {accounts:,} accounts ranked in all"
    return {"title": title, "head": ["ranking", *metrics], "rows": rows}


def _fitted_table(fitted: Mapping[Set, Any]) -> dict[str, Any]:
    rows = []
    for one, result in fitted.items():
        cells = [one.name, result.as_option, result.chosen]
        for metric in (result.backtest.metrics[2], result.backtest.metrics[0]):
            for other in ("balanced", "free model"):
                ahead = result.backtest.difference(other, metric)
                cells.append(f"{ahead.ahead:+.3f} ({ahead.low:+.3f} to {ahead.high:+.3f})")
        rows.append(cells)
    head = ["set", "weights", "which", "NDCG over the default", "over a free model", "Spearman over the default",
            "over a free model"]  # fmt: skip
    return {
        "title": "weights fitted on the first 60 % of a log and chosen on the next fifth, on its last fifth",
        "head": head,
        "rows": rows,
    }


def _left_out_table(found: Mapping[str, tuple[dict[str, float], float, float]]) -> dict[str, Any]:
    rows = [
        [name, ", ".join(f"{part} {weight:.2f}" for part, weight in weights.items()), f"{own:.3f}", f"{usual:.3f}"]
        for name, (weights, own, usual) in found.items()
    ]
    title = "weights (each at least 0.1) fitted on all other sets: mean of NDCG and Spearman on the set left out"
    return {"title": title, "head": ["set left out", "weights", "reached", "by the default"], "rows": rows}
