"""A hundred million rows of events under 4 GB: the same bits as without a limit. Not among the default runs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import engagement, event_log
from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "engagement100m"
LIMIT = "4GB"


def cases(quick: bool) -> Sequence[Case]:
    """One log, as Parquet."""
    n_rows = 2_000_000 if quick else 100_000_000
    contender = Contender(OURS, _ours, note=f"memory_limit={LIMIT}", peak=_peak)
    load = functools.partial(engagement.load, n_rows, ".parquet")
    facts, name = engagement.facts, f"{n_rows // 10**6} million rows"
    return [Case(name, load, [contender], _check, facts, memory=True, budget=1, rounds=1)]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Memory of the whole process."""
    return [
        Bar(f"{name}: GB at the peak, whole process", case["contenders"][OURS]["peak_bytes"] / 1e9, 4, at_most=True)
        for name, case in figures.items()
    ]


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    from swayrank.measures.engagement.streamed import stream_engagement

    stream_engagement(event_log.event_log(1000, ".parquet"))
    return lambda: stream_engagement(data["path"], memory_limit=LIMIT)


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """The same digest as without a limit, one thread less or more."""
    from swayrank.measures.engagement.streamed import stream_engagement

    digest, on_disk = _digest(result), result.on_disk
    other = _digest(stream_engagement(data["path"], threads=1))
    assert digest == other, "other bits than without a limit"
    return {"on_disk": on_disk, "table_digest": digest}


def _digest(found: Any) -> str:
    digest = hashlib.sha256(found.accounts.to_numpy().tobytes())
    for name, values in found.columns().items():
        digest.update(name.encode() + values.tobytes())
    return digest.hexdigest()[:16]


def _peak(data: dict[str, Any]) -> dict[str, int]:
    return engagement.peak(LIMIT, data)
