"""A hundred million adoptions: Bernoulli and partial credits in minutes, and what they hold above the log itself.

Not among the default runs. Memory is what a fresh process holds above the graph and the log.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

from benchmarks import learn
from benchmarks.harness import OURS, Bar, Case, Contender

NAME = "learn100m"
_METHODS = {OURS: "bernoulli", f"{OURS}, partial_credits": "partial_credits"}


def cases(quick: bool) -> Sequence[Case]:
    """One graph and one log."""
    scale, n_rows = (14, 1_000_000) if quick else (20, 100_000_000)
    contenders = [Contender(name, functools.partial(learn.ours, method)) for name, method in _METHODS.items()]
    load = functools.partial(learn.load, scale, n_rows)
    return [Case(f"{n_rows:,} rows", load, contenders, _check, learn.facts, memory=True, budget=1, rounds=1)]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Minutes, and bytes of memory per row."""
    found = []
    for name, case in figures.items():
        for tool, row in case["contenders"].items():
            per_row = row["peak_bytes"] / case["input"]["n_rows"]
            found += [
                Bar(f"{name}, {tool}: minutes", row["median_s"] / 60, 5, at_most=True),
                Bar(f"{name}, {tool}: bytes of memory per row", per_row, 40, at_most=True),
            ]
    return found


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """What came out, to be held against other runs."""
    digest = hashlib.sha256()
    for column in ("probability", "n_trials", "n_successes"):
        digest.update(result.graph.column(column).tobytes())
    counts = result.counts
    return {"tried": counts["tried"], "adoptions": result.n_adoptions, "digest": digest.hexdigest()[:16]}
