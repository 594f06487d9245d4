"""Is the score any good, and are its intervals honest? Counted on towns whose truth is known; nothing is timed.

*Recovery*: over several random towns, how well each ranking finds the true influence (NDCG at 100, Spearman), and the
paired difference between the score and every single measure with its 95 % interval (Student's t over towns).
*Coverage*: one town is lived through again and again (same people, other posts and reactions); the truth of a figure is
its mean over histories, and intervals from other single histories are counted that hold it. On average over accounts
they hold it as often as they say; over those that are *truly* at the top less often, since an interval drawn towards
peers cannot know which of the high figures are deserved (as with every empirical Bayes interval). Both are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import swayrank as sr
from benchmarks.harness import OURS, Bar
from swayrank.measures.registry import list_measures
from swayrank.scoring.metrics import ndcg_at, spearman

NAME = "recovery"
_METRICS = ("NDCG at 100", "Spearman")
# A town's follows have no weights, and a town does not fall apart without anybody: all have 0.
_LEFT_OUT = ("in_strength", "out_strength", "articulation_points")
_END = "2026-03-31"


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables, as the harness keeps them."""
    n, towns = (1_000, 3) if quick else (10_000, 20)
    found = differences(recovery(n, range(101, 101 + towns)))
    covered = {
        f"{size:,} accounts, rng {rng}, half-life {'of its own' if days is None else f'{days:g} days'}": coverage(
            size, histories, rng, days
        )
        for size, histories, rng, days in (
            [(1_000, 13, 5, None)] if quick else [(3_000, 45, 3, None), (3_000, 45, 11, 5.0), (10_000, 29, 5, None)]
        )
    }
    return {"bars": [*_bars(found, covered)], "tables": [_table(found, n, towns), _coverage_table(covered)]}


# -- recovery ----------------------------------------------------------------------------------------------------------


def recovery(n: int, rngs: range) -> dict[str, np.ndarray]:
    """NDCG at 100 and Spearman of every ranking in every town: float64[towns, 2] by name."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for rng in rngs:
        town = sr.generate("town", n=n, rng=rng)
        for name, values in rankings(town):
            truth = town.truth.influence
            rows.setdefault(name, []).append((ndcg_at(values, truth, 100), spearman(values, truth)))
    return {name: np.array(pairs) for name, pairs in rows.items()}


def rankings(town: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The score, and every registered measure, over the town's accounts; the lowest where there is no number."""
    yield OURS, sr.score(town.graph, town.events, rng=1, n_replicates=None).score[: town.graph.n_nodes]
    data = {"graph": town.graph, "events": town.events, "posts": town.posts}
    for name, entry in list_measures().items():
        if name in _LEFT_OUT or entry.gives == "arcs":
            continue
        options = {"rng": 1} if "rng" in entry.defaults else {}
        options |= {"graph": town.graph} if "graph" in entry.defaults else {}
        measured = sr.measure(data[entry.needs], name, **options)
        values = np.full(town.graph.n_nodes, np.nan)
        values[town.graph.ids.positions(measured.ids.to_arrow())] = measured.values
        yield name, values


def differences(found: Mapping[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """By single measure: its mean metrics, the score's mean advantage, and half the width of that one's interval."""
    from scipy.stats import t

    answer = {}
    for name, values in found.items():
        ahead = found[OURS] - values
        n = len(ahead)
        half = t.ppf(0.975, n - 1) * ahead.std(axis=0, ddof=1) / np.sqrt(n)
        answer[name] = (values.mean(axis=0), ahead.mean(axis=0), half)
    return answer


# -- coverage ----------------------------------------------------------------------------------------------------------


def coverage(
    n: int, histories: int, rng: int, half_life_days: float | None = None, counted: int = 5
) -> dict[str, float]:
    """The share of 95 % intervals that hold the truth, over scored accounts and `counted` histories; the truth is the
    mean over the other ones.
    """
    scores: list[sr.Scores] = []
    for history in range(histories):
        town = sr.generate("town", n=n, rng=rng, history=history, replays=2)
        scores.append(
            sr.score(
                town.graph,
                town.events,
                until=_END,
                rng=history,
                half_life_days=half_life_days,
                reference=scores[0].reference if scores else None,
                n_replicates=200 if history < counted else None,
            )
        )
    reference, weights = scores[0].reference, scores[0].weights
    parts = {
        part: reference.knots[part].scale(np.mean([s.raw[part] for s in scores[counted:]], axis=0))
        for part in scores[0].raw
    }
    truth = sum((weights[part] * values for part, values in parts.items()), np.zeros(len(scores[0])))
    shares: dict[str, list[float]] = {}
    for found in scores[:counted]:
        for name, inside, chosen in _held(found, parts, truth):
            shares.setdefault(name, []).append(float(inside[chosen].mean()))
    return {name: float(np.mean(values)) for name, values in shares.items()}


def _held(
    found: sr.Scores, parts: Mapping[str, np.ndarray], truth: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    scored = found.rank > 0
    order = np.argsort(-np.where(scored, truth, -1.0), kind="stable")
    true_rank = np.empty(order.size)
    true_rank[order] = np.arange(1, order.size + 1)
    sure = found.intervals
    assert sure is not None
    inside = _within(sure.score, truth)
    yield "score", inside, scored
    yield "score of those reacted to", inside, scored & ~sure.unseen
    yield "score of the first 50", inside, scored & (found.rank <= 50)
    yield "score of the truly first 50", inside, scored & (true_rank <= 50)
    yield "rank", _within(sure.rank, true_rank), scored
    yield "resonance", _within(sure.parts["resonance"], parts["resonance"]), scored
    yield "spread", _within(sure.parts["spread"], parts["spread"]), scored


def _within(ends: tuple[Any, Any], truth: np.ndarray) -> np.ndarray:
    return np.asarray((truth >= ends[0] - 1e-9) & (truth <= ends[1] + 1e-9))


# -- bars and tables ---------------------------------------------------------------------------------------------------


def _bars(found: Mapping[str, Any], covered: Mapping[str, Mapping[str, float]]) -> Iterator[Bar]:
    for i, metric in enumerate(_METRICS):
        leads = {name: float(ahead[i] - half[i]) for name, (_, ahead, half) in found.items() if name != OURS}
        worst = min(leads, key=leads.__getitem__)
        yield Bar(f"{metric}: lead over the best single measure ({worst}), lower limit", leads[worst], 0)
    for case, shares in covered.items():
        for name in ("score", "rank", "resonance", "spread"):
            yield Bar(f"{name} covered at 95 %, {case}", shares[name], 0.93)
            yield Bar(f"{name} covered at 95 %, {case}", shares[name], 0.97, at_most=True)


def _table(found: Mapping[str, Any], n: int, towns: int) -> dict[str, Any]:
    rows = [
        [name, *(f"{mean[i]:.3f}" if name == OURS else f"{mean[i]:.3f} (behind by {ahead[i]:.3f} ± {half[i]:.3f})"
                 for i in range(2))]
        for name, (mean, ahead, half) in sorted(found.items(), key=lambda item: -item[1][0][0])
    ]  # fmt: skip
    return {"title": f"{towns} towns of {n:,} accounts", "head": ["ranking", *_METRICS], "rows": rows}


def _coverage_table(covered: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    names = list(next(iter(covered.values())))
    rows = [[case, *(f"{shares[name]:.3f}" for name in names)] for case, shares in covered.items()]
    return {"title": "share of 95 % intervals that hold the truth", "head": ["town", *names], "rows": rows}
