"""An event log -> what every account received: everything that swayrank counts, and a part of it by Polars.

Ours is the whole table: counts per action, distinct and repeat engagers, entropy, averages, medians and trimmed means
per post, h- and g-index, decayed sums with five half-lives, some forty columns. Polars computes the counts per action,
distinct engagers, three medians per post, h-index and one decayed sum, as its users would write them. The file lies in
the page cache, for all alike. Memory is that of the whole process, in a child.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import event_log, inputs
from benchmarks.harness import OURS, ROOT, Bar, Case, Contender, ratio

NAME = "engagement"
LIMITED = "swayrank, 2 GB"
IN_MEMORY = "swayrank, read_events"
_WEIGHTS = {"like": 1.0, "mention": 1.0, "reply": 2.0, "repost": 3.0, "quote": 3.0}
_HALF_LIFE_DAYS = 7


def cases(quick: bool) -> Sequence[Case]:
    """The same log as Parquet and as CSV."""
    n_rows = 5_000_000 if quick else 20_000_000
    return [_case(f"{n_rows // 10**6} million rows, {kind}", n_rows, suffix) for kind, suffix in _FORMATS]


_FORMATS = (("Parquet", ".parquet"), ("CSV", ".csv"))


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Seconds and gigabytes for 20 million rows, and the ratio to Polars."""
    found = []
    for name, case in figures.items():
        row, most = case["contenders"][OURS], 20 if "Parquet" in name else 40
        found += [
            Bar(f"{name}: seconds", row["median_s"], most, at_most=True),
            Bar(f"{name}: GB at the peak, whole process", row["peak_bytes"] / 1e9, 2, at_most=True),
            Bar(f"{name}: GB at the peak under a limit of 2 GB", _limited(case), 2, at_most=True),
            Bar(f"{name}: times Polars' time", ratio(figures, name, "polars"), 1),
        ]
    return found


def _limited(case: dict[str, Any]) -> float:
    return float(case["contenders"][LIMITED]["peak_bytes"] / 1e9)


def _case(name: str, n_rows: int, suffix: str) -> Case:
    contenders = [
        Contender(tool, functools.partial(_prepared, tool), peak=functools.partial(peak, tool)) for tool in _TOOLS
    ]
    return Case(
        name, functools.partial(load, n_rows, suffix), contenders, _check, facts, memory=True, budget=40, rounds=3
    )


def load(n_rows: int, suffix: str) -> dict[str, Any]:
    path = event_log.event_log(n_rows, suffix)
    return {"path": path, "n_rows": n_rows, "sha256": inputs.checksum(path)}


def facts(data: dict[str, Any]) -> dict[str, Any]:
    return {"n_rows": data["n_rows"], "bytes": data["path"].stat().st_size, "sha256": data["sha256"]}


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(path: str) -> Any:
    from swayrank.measures.engagement.streamed import stream_engagement

    return stream_engagement(path).to_frame("pyarrow")


def _ours_limited(limit: str, path: str) -> Any:
    from swayrank.measures.engagement.streamed import stream_engagement

    return stream_engagement(path, memory_limit=limit).to_frame("pyarrow")


def _ours_in_memory(path: str) -> Any:
    import swayrank as sr

    return sr.engagement_table(sr.read_events(path), backend="pyarrow")


def _polars(path: str) -> Any:
    import polars as pl

    log = pl.scan_parquet(path) if path.endswith(".parquet") else pl.scan_csv(path, try_parse_dates=True)
    col = pl.col
    received = log.filter((col("action") != "post") & col("target").is_not_null() & (col("target") != col("actor")))
    by_target = received.group_by("target")
    age = (log.select(col("time").max()).collect().item() - col("time")).dt.total_microseconds()
    weight = col("action").replace_strict(_WEIGHTS, default=0.0, return_dtype=pl.Float64)
    kinds = {
        "applause": ["like"],
        "conversation": ["reply"],
        "amplification": ["repost", "quote"],
        "reposts": ["repost"],
    }
    own = log.filter(col("action") == "post").select(account="actor", post="post", action="action")
    reactions = received.select(account="target", post="post", action="action")
    per_post = (
        pl.concat([own, reactions])
        .filter(col("post").is_not_null())
        .group_by("account", "post")
        .agg(col("action").is_in(actions).sum().alias(kind) for kind, actions in kinds.items())
    )
    medians = [col(kind).median().alias(f"{kind}_median") for kind in list(kinds)[:3]]
    ranked = col("reposts").sort(descending=True)
    h_index = (ranked >= pl.int_range(1, pl.len() + 1)).sum().alias("h_index")
    return pl.collect_all(
        [
            by_target.agg((col("action") == name).sum().alias(name) for name in event_log.ACTIONS[1:]),
            by_target.agg(col("actor").n_unique().alias("distinct_engagers")),
            per_post.group_by("account").agg(*medians, h_index),
            received.group_by("target").agg(
                (weight * (-age / (_HALF_LIFE_DAYS * 86_400e6) * np.log(2)).exp()).sum().alias("decayed_7d")
            ),
        ]
    )


_TOOLS: dict[str, Callable[[str], Any]] = {
    OURS: _ours,
    LIMITED: functools.partial(_ours_limited, "2GB"),
    IN_MEMORY: _ours_in_memory,
    "polars": _polars,
}


def _prepared(tool: str, data: dict[str, Any]) -> Callable[[], Any]:
    _TOOLS[tool](str(event_log.event_log(1000, data["path"].suffix)))  # compiled and imported by then
    return lambda: _TOOLS[tool](str(data["path"]))


def peak(tool: str, data: dict[str, Any]) -> dict[str, int]:
    """The most that a process holds that does nothing else; instead of a tool, a limit for ours."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        words = [
            sys.executable,
            "-I",
            "-S",
            "benchmarks/launch.py",
            told,
            sys.executable,
            "-m",
            "benchmarks.engagement",
        ]
        subprocess.run([*map(str, words), tool, str(data["path"])], cwd=ROOT, check=True)
        return {"peak_bytes": int(json.loads(told.read_text())["peak_bytes"])}


# -- answers -----------------------------------------------------------------------------------------------------------


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """Ours are the same bits whatever the road; Polars' figures are ours, by account."""
    if name == OURS:
        data["table"] = result
        return {"columns": result.num_columns, "accounts": result.num_rows}
    table = data["table"]
    if name != "polars":
        for column in result.column_names:
            same = result[column].to_numpy().tobytes() == table[column].to_numpy().tobytes()
            assert same, f"{name}: {column} has other bits"
        return {"columns": result.num_columns}
    account = table["account"].to_numpy()
    order = np.argsort(account)
    for frame in result:
        ids, *names = frame.columns
        rows = order[np.searchsorted(account, frame[ids].to_numpy(), sorter=order)]
        assert np.array_equal(account[rows], frame[ids].to_numpy())
        for column in names:
            mine, theirs = table[column].to_numpy()[rows], frame[column].to_numpy()
            assert np.allclose(mine, theirs, rtol=1e-9, equal_nan=True), f"{column} differs from Polars'"
            rest = np.delete(table[column].to_numpy(), rows)
            assert not np.nan_to_num(rest).any(), f"{column}: Polars lacks accounts"
    return {"columns": 1 + sum(len(frame.columns) - 1 for frame in result)}


if __name__ == "__main__":
    tool, path = sys.argv[1:]
    if tool in _TOOLS:
        assert _TOOLS[tool](path) is not None
    else:
        assert _ours_limited(tool, path) is not None
