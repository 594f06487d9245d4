"""Scores with intervals: 10^6 accounts, 10^7 reactions, 200 replicates.

There is no peer that draws intervals for such scores. For scale, the same log without intervals, and what resampling
would cost that weighs the posts anew and adds everything up again: two replicates of it in Polars (of the 200).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "intervals"
_REPLICATES = 200
_WITHOUT, _RESAMPLED = f"{OURS}, no intervals", "polars"
_GB = 1e9


def cases(quick: bool) -> Sequence[Case]:
    """One log; a tenth of it in quick runs."""
    sizes = [(10**5, 10**6)] if quick else [(10**6, 10**7)]
    contenders = [
        Contender(OURS, _ours),
        Contender(_WITHOUT, _without),
        Contender(_RESAMPLED, _polars, "2 of 200 replicates of decayed sums by pair"),
    ]
    return [
        Case(
            f"{n:,} accounts, {rows:,} reactions",
            functools.partial(_load, n, rows),
            contenders,
            _check,
            _facts,
            memory=True,
            budget=60,
            rounds=2,
        )
        for n, rows in sizes
    ]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """What was promised for the large one."""
    large = next((case for name, case in figures.items() if name.startswith("1,000,000")), None)
    if large is None:
        return []
    ours = large["contenders"][OURS]
    return [
        Bar("seconds of scoring with 200 replicates, 2 cores", ours["median_s"], 120, at_most=True),
        Bar("GB at its peak, with the data", ours["peak_bytes"] / _GB, 4, at_most=True),
    ]


def _load(n: int, rows: int) -> Any:
    import swayrank as sr
    from swayrank.ids import Ids

    rng = np.random.default_rng(1)
    n_posts = n
    owner = (n * rng.random(n_posts) ** 2).astype(np.uint32)
    post = (n_posts * rng.random(rows) ** 2).astype(np.uint32)
    nobody = np.full(n_posts, 2**32 - 1, np.uint32)
    action = np.concatenate([np.zeros(n_posts, np.uint8), rng.integers(1, 5, rows).astype(np.uint8)])
    events = sr.Events.from_arrays(
        np.concatenate([owner, (n * rng.random(rows) ** 2).astype(np.uint32)]),
        np.concatenate([nobody, owner[post]]),
        action,
        accounts=Ids.of_range(n),
        post=np.concatenate([np.arange(n_posts, dtype=np.uint32), post]),
        posts=Ids.of_range(n_posts),
        time=1_772_323_200_000_000 + rng.integers(0, 30 * 86_400_000_000, rows + n_posts),
    )
    graph = sr.Graph.from_edges(rng.integers(0, n, 5 * n), (n * rng.random(5 * n) ** 3).astype(np.int64), n_nodes=n)
    return graph, events


def _facts(data: Any) -> dict[str, Any]:
    graph, events = data
    sha256 = hashlib.sha256(f"{graph.fingerprint} {events.fingerprint}".encode()).hexdigest()[:16]
    return {"accounts": graph.n_nodes, "rows": events.n_events, "sha256": sha256}


def _ours(data: Any) -> Callable[[], Any]:
    return _scored(data, _REPLICATES)


def _without(data: Any) -> Callable[[], Any]:
    return _scored(data, None)


def _scored(data: Any, n_replicates: int | None) -> Callable[[], Any]:
    import swayrank as sr

    small = sr.generate("town", n=200, rng=1, replays=2)
    sr.score(small.graph, small.events, n_replicates=n_replicates, rng=1)  # compile
    return lambda: sr.score(*data, n_replicates=n_replicates, rng=1)


def _polars(data: Any) -> Callable[[], Any]:
    import polars as pl

    _, events = data
    reacted = events.target != 2**32 - 1
    frame = pl.DataFrame(
        {"target": events.target, "actor": events.actor, "post": events.post, "time": events.time}
    ).filter(pl.Series(reacted))
    age = (int(events.time.max()) - pl.col("time")) / 86_400e6

    def resample() -> Any:
        rng, found = np.random.default_rng(1), []
        for _ in range(2):
            weights = pl.DataFrame({"w": rng.poisson(1, len(events.posts)).astype(np.float64)})
            weighed = frame.with_columns(
                e=pl.Series(weights["w"].to_numpy()[frame["post"].to_numpy()]) * 2 ** (-age / 7)
            )
            pairs = weighed.group_by("target", "actor").agg(pl.col("e").sum().log1p())
            found.append(pairs.group_by("target").agg(pl.col("e").sum()))
        return found

    return resample


def _check(data: Any, name: str, result: Any) -> dict[str, Any]:
    if name == _RESAMPLED:
        assert len(result) == 2
        return {}
    assert result.n_scored > 0.5 * data[0].n_nodes
    if name == OURS:
        low, high = result.intervals.score
        scored = result.rank > 0
        assert (low[scored] <= result.score[scored]).all()
        assert (high[scored] >= result.score[scored]).all()
    return {"scored": int(result.n_scored)}
