"""On request: what-if questions and lookups beside a job as in `service_whatif`, for a town of a million accounts."""

from __future__ import annotations

from typing import Any

from benchmarks.service_whatif import measured

NAME = "service_whatif1m"


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables."""
    return measured(10_000 if quick else 1_000_000, questions=100, seconds=2 if quick else 10, rounds=2)
