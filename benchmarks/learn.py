"""A log of a million adoptions -> the probability of 16 million arcs, by five methods; beside it, DuckDB's Bernoulli.

Graph and log lie in memory, for all alike; ours includes grouping the log, shrinkage and intervals. DuckDB counts
trials and successes by two joins, as its users would write them, and has no intervals; its counts must be ours.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.cascade_log import cascade_log, events_of
from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "learn"
_OTHERS = ("partial_credits", "likelihood")
_SECONDS = 20


def cases(quick: bool) -> Sequence[Case]:
    """One graph and one log."""
    scale, n_rows = (14, 100_000) if quick else (20, 1_000_000)
    contenders = [
        Contender(OURS, functools.partial(ours, "bernoulli")),
        *(Contender(f"{OURS}, {method}", functools.partial(ours, method)) for method in _OTHERS),
        Contender("duckdb", _duckdb, note="trials and successes alone"),
    ]
    name = f"{n_rows:,} rows"
    load_ = functools.partial(load, scale, n_rows)
    return [Case(name, load_, contenders, _check, facts, memory=True, budget=30, rounds=2)]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Seconds."""
    return [
        Bar(f"{name}, {tool}: seconds", row["median_s"], _SECONDS, at_most=True)
        for name, case in figures.items()
        for tool, row in case["contenders"].items()
        if tool in (OURS, f"{OURS}, partial_credits")
    ]


def load(scale: int, n_rows: int) -> dict[str, Any]:
    """The graph, the log as Events, and what it is known by."""
    import swayrank as sr

    arcs = inputs.rmat_distinct(scale)
    graph = sr.Graph.from_edges(arcs["u"], arcs["v"], n_nodes=1 << scale)
    log = cascade_log(f"rmat{scale}", graph, n_rows)
    return {"graph": graph, "events": events_of(graph, log), "sha256": log["sha256"]}


def facts(data: dict[str, Any]) -> dict[str, Any]:
    """Sizes and the checksum of the log."""
    events, sizes = data["events"], np.bincount(data["events"].post)
    return {
        "n_rows": events.n_events,
        "n_posts": len(events.posts),
        "largest_cascade": int(sizes.max()),
        "n_accounts": data["graph"].n_nodes,
        "n_arcs": data["graph"].n_edges,
        "sha256": data["sha256"],
    }


def ours(method: str, data: dict[str, Any]) -> Callable[[], Any]:
    """Learning by `method`, compiled beforehand."""
    import swayrank as sr

    few = sr.generate("town", n=100, rng=1)
    sr.fit_probabilities(few.graph, few.events, method=method)
    return lambda: sr.fit_probabilities(data["graph"], data["events"], method=method)


def _duckdb(data: dict[str, Any]) -> Callable[[], Any]:
    import duckdb
    import pyarrow as pa

    events = data["events"]
    v, u = data["graph"].edges()
    db = duckdb.connect(config={"threads": 2})
    db.register("log", pa.table({"account": events.actor, "post": events.post, "time": events.time}))
    db.register("arcs", pa.table({"arc": np.arange(u.size), "v": v, "u": u}))

    def run() -> Any:
        return db.execute(
            """
            WITH a AS MATERIALIZED (SELECT account, post, min(time) AS t FROM log GROUP BY ALL),
            n AS (SELECT account, count(*) AS posts FROM a GROUP BY ALL),
            met AS (
                SELECT arc, count(*) FILTER (later.t > first.t) AS won, count(*) FILTER (later.t <= first.t) AS had
                FROM a AS later JOIN arcs ON arcs.v = later.account
                JOIN a AS first ON first.account = arcs.u AND first.post = later.post
                GROUP BY ALL)
            SELECT arc, coalesce(posts, 0) - coalesce(had, 0) AS trials, coalesce(won, 0) AS won
            FROM arcs LEFT JOIN n ON n.account = arcs.u LEFT JOIN met USING (arc) ORDER BY arc
            """
        ).to_arrow_table()

    return run


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """Every tool's trials and successes are the same."""
    if name == "duckdb":
        mine = data["counted"]
        assert np.array_equal(result["trials"].to_numpy(), mine.column("n_trials")), "other trials than DuckDB's"
        assert np.array_equal(result["won"].to_numpy(), mine.column("n_successes")), "other successes than DuckDB's"
        return {}
    data.setdefault("counted", result.graph)
    for column in ("n_trials", "n_successes"):
        assert np.array_equal(result.graph.column(column), data["counted"].column(column)), column
    p = result.probability
    assert np.all((result.graph.column("probability_low") <= p) & (p <= result.graph.column("probability_high")))
    return {"tried": result.counts["tried"], "n_iter": result.n_iter, "mean_probability": round(float(p.mean()), 6)}
