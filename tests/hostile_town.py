"""A small scored town, kept twice, whose first accounts have names that mean harm; one account has no score."""

from __future__ import annotations

from pathlib import Path

import swayrank as sr

HOSTILE = (
    "a/b",
    "..",
    ".",
    "%",
    "%2E",
    "?",
    "#",
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=2</script>",
    "=1+1",
    "\u202edrow",
    "zero\u200bwidth",
    "a b&c=d;e",
    "javascript:window.pwned=3",
    "line\nbreak",
    "x" * 180,
    "線形 ✓",
)


def hostile_result(folder: Path, n: int = 220) -> Path:
    """Two runs of one scale: of the first half of the log, and of all of it. "silent" has too little data."""
    town = sr.generate("town", n=n, rng=11)
    names = [str(one) for one in town.graph.ids]
    frame = town.events.to_frame()
    liked = frame["target"].dropna().astype(str).value_counts().index[: len(HOSTILE)]  # those who are reacted to most
    called = dict(zip(liked, HOSTILE, strict=True))
    u, v = town.graph.edges()
    ids = [called.get(name, name) for name in names]
    graph = sr.Graph.from_edges([*u, 0], [*v, n], n_nodes=n + 1, ids=[*ids, "silent"])
    for column in ("actor", "target"):
        frame[column] = [called.get(name, name) for name in frame[column]]
    whole = sr.score(graph, sr.Events.from_frame(frame), n_replicates=20, rng=7)
    half = frame.sort_values("time").iloc[: len(frame) * 2 // 3]
    earlier = sr.score(graph, sr.Events.from_frame(half), n_replicates=20, rng=7, reference=whole.reference)
    out = folder / "out"
    earlier.save(out)
    whole.save(out)
    return out
