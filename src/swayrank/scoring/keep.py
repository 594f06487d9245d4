"""Keeping scores: the files of a run, which :meth:`Scores.save` and the pipeline write alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swayrank._progress import Progress, track
from swayrank.events import Events, Posts
from swayrank.graph import Graph
from swayrank.results import RunFolder, versions, write_whole
from swayrank.sources.rejects import Rejects
from swayrank.tables import write_csv, write_parquet

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores

MOST_EXPLAINED = 1000


def keep(
    scores: Scores,
    folder: RunFolder,
    *,
    sources: Mapping[str, Graph | Events | Posts | None],
    facts: Mapping[str, Any],
    progress: Progress = None,
) -> Path:
    """Write and publish a run.

    Its files are ``scores.parquet``, ``scores.csv`` (safe in spreadsheets), ``explanations.jsonl`` (of the first 1,000
    accounts), ``rejects.csv``, ``reference.json`` and ``manifest.json``.

    Parameters
    ----------
    scores : Scores
    folder : RunFolder
        Where to.
    sources : mapping of str to Graph, Events, Posts or None
        What was scored, by "graph", "events" and "posts".
    facts : mapping of str to object
        What else the manifest shall say.
    progress : bool, callable or None

    Returns
    -------
    Path
        The run's folder.
    """
    there = {name: source for name, source in sources.items() if source is not None}
    rejects = rejects_of(*there.values())
    table = scores.to_arrow()
    write_parquet(table, folder.file("scores.parquet"))
    write_csv(table, folder.file("scores.csv"), for_people=True)
    _write_explanations(scores, folder.file("explanations.jsonl"), progress)
    rejects.to_csv(folder.file("rejects.csv"))
    scores.reference.save(folder.file("reference.json"))
    counts = {"accounts": len(scores), "scored": scores.n_scored, "rejected_rows": len(rejects)}
    manifest = {
        "complete": True,
        "data": {name: source.fingerprint for name, source in there.items()},
        "parameters": dict(scores.params),
        "weights": dict(scores.weights),
        "reference": scores.reference.hash,
        "left_out": list(scores.left_out),
        "counts": counts | {name: size for source in there.values() for name, size in _sizes(source).items()},
        "versions": versions(),
    }
    return folder.publish(manifest | dict(facts))


def _sizes(source: Graph | Events | Posts) -> dict[str, int]:
    if isinstance(source, Graph):
        return {"nodes": source.n_nodes, "arcs": source.n_edges}
    return {"events": source.n_events} if isinstance(source, Events) else {"posts": source.n_posts}


def rejects_of(*sources: Graph | Events | Posts | None) -> Rejects:
    """Every refused row of what was read."""
    together = Rejects()
    for source in sources:
        rejects = None if source is None else getattr(source.report, "rejects", None)
        if rejects is not None:
            together.extend(rejects)
    return together


def _write_explanations(scores: Scores, path: Path, progress: Progress) -> None:
    """One JSON object a line, for the highest accounts, best first."""
    order = scores.order(MOST_EXPLAINED)
    with track(progress, "explaining", total=order.size) as step, write_whole(path) as file:
        for i in order:
            told = scores.explain(scores.ids[int(i)]).to_dict()
            file.write(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            step(1)
