"""What `generate` does: a graph's folder, or a town's four tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._rng import Rng
from swayrank.errors import ParameterError
from swayrank.sources.generate import generate
from swayrank.sources.town import town_in

_USUAL_N = 10_000


def run_generate(
    kind: str,
    output: Path,
    n: int | None,
    parameters: Mapping[str, Any],
    *,
    rng: Rng,
    threads: int | None = None,
    progress: Progress = None,
) -> str:
    """Generate a graph folder, or a town's four tables; returns one line that says what was written."""
    if said := [word for word in parameters if word in ("n", "rng", "threads", "progress", "engine")]:
        raise ParameterError(f"{said[0]} is an option of its own (--{said[0]}), not a parameter")
    size: dict[str, Any] = {} if n is None and "scale" in parameters else {"n": _USUAL_N if n is None else n}
    replaced = town_in(output) if kind == "town" else (output.is_dir() and any(output.iterdir()))
    made = generate(kind, **size, rng=rng, threads=threads, progress=progress, **parameters)
    made.save(output)  # a graph replaces a graph alone
    before = f", in place of the {'town' if kind == 'town' else 'graph'} that was there" if replaced else ""
    return f"{made!r} written to {output}{before}"
