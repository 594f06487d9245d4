"""What what-if questions need of a run, made once and kept beside it: ``out/derived/<run>/``.

==================  =================================================================================================
graph/              who can activate whom: the graph under the run's own model; column "probability" where arcs differ
whatif/oracle/      samples for what-if questions, by account (:class:`~swayrank.InfluenceOracle`)
whatif/forward/     how followers are activated, for single cascades (:class:`~...models.Walk`): a file for each array
whatif/shares.npy   float32, one per in-arc of the graph: the share of the follower's attention
whatif/facts.json   what these are
explanations/       explanations that jobs made (not of this module)
==================  =================================================================================================

The model is that of the run's part "spread": Independent Cascade over shares of attention, or what `prob` said of the
follow graph. All is built under another name; ``whatif`` gets its own last.
"""

from __future__ import annotations

import contextlib
import errno
import json
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank.campaign.oracle import InfluenceOracle
from swayrank.errors import DamagedGraphError, FolderError, ParameterError
from swayrank.graph import Graph
from swayrank.measures.propagation.models import IndependentCascade, Walk
from swayrank.pipeline import recipe_again, run
from swayrank.results import file_hash, write_whole
from swayrank.scoring.parts import ATTENTION
from swayrank.scoring.scores import Scores

FORMAT = "swayrank prepared 2"
DERIVED, GRAPH, WHATIF, ORACLE, SHARES, FACTS = "derived", "graph", "whatif", "oracle", "shares.npy", "facts.json"
FORWARD, _ARRAYS = "forward", ("rows", "indices", "probability", "shares")
WEIGHTED = "weighted_cascade"
_COLUMN = "probability"
_FEWEST_SAMPLES, _MOST_SAMPLES, _PER_ACCOUNT = 200_000, 4_000_000, 20
_RNG = 7


def derived_folder(out: Path, run_id: str) -> Path:
    """Where what is made of a run lies."""
    return out / DERIVED / run_id


def is_prepared(out: Path, run_id: str) -> bool:
    """Whether a run has all that what-if questions need."""
    return (derived_folder(out, run_id) / WHATIF / FACTS).is_file()


def usual_samples(n_accounts: int) -> int:
    """How many samples are drawn where nobody says: 20 per account, between 200,000 and 4 million."""
    return int(min(max(_PER_ACCOUNT * n_accounts, _FEWEST_SAMPLES), _MOST_SAMPLES))


def prepare_again(folder: Path, out: Path, *, n_samples: int | None = None, progress: Progress = None) -> Path:
    """Score a kept run's data once more, without intervals, and keep what what-if questions need.

    Raises
    ------
    InputError
        If a file that the run was made of is gone or has changed.
    ParameterError
        If there is no graph in it.
    """
    recipe = recipe_again(folder)
    scores = run(replace(recipe, score={**recipe.score, "n_replicates": None}), progress=progress).scores
    return prepare(scores, out, folder.name, n_samples=n_samples, progress=progress)


def prepare(scores: Scores, out: Path, run_id: str, *, n_samples: int | None = None, progress: Progress = None) -> Path:
    """Keep what what-if questions need of scores that were published as the run `run_id`; where it lies.

    Raises
    ------
    ParameterError
        If the scores rest on no graph.
    FolderError
        If it cannot be written.
    """
    began = time.perf_counter()
    model, told = model_of(scores)
    graph = model.graph
    n_samples = n_samples or usual_samples(graph.n_nodes)
    oracle = InfluenceOracle.build(model, n_samples=n_samples, rng=_RNG, progress=progress)
    place = derived_folder(out, run_id)
    fresh = place.parent / f".{run_id}.{secrets.token_hex(6)}.tmp"
    try:
        (fresh / WHATIF).mkdir(parents=True)
        graph.save(fresh / GRAPH)
        oracle.save(fresh / WHATIF / ORACLE)
        with write_whole(fresh / WHATIF / SHARES) as file:
            np.save(file, _shares(graph), allow_pickle=False)
        walk = _save_walk(model.forward(), fresh / WHATIF / FORWARD)
        facts = {
            "format": FORMAT,
            "forward": walk,
            "run": run_id,
            "model": told,
            "n_samples": n_samples,
            "n_nodes": graph.n_nodes,
        }
        facts |= {"n_edges": graph.n_edges, "seconds": round(time.perf_counter() - began, 3)}
        with write_whole(fresh / WHATIF / FACTS) as file:
            file.write(json.dumps(facts, indent=1).encode())
        place.mkdir(parents=True, exist_ok=True)
        for name in (WHATIF, GRAPH):
            shutil.rmtree(place / name, ignore_errors=True)
        for name in (GRAPH, WHATIF):  # the facts come with the last of them
            (fresh / name).rename(place / name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise FolderError(f"{place}: cannot write there: {error.strerror or error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    forget_others(out, run_id)
    return place


def model_of(scores: Scores) -> tuple[IndependentCascade, dict[str, Any]]:
    """The cascade model that the scores' spread rests on, on a graph that holds all it needs, and its name.

    Raises
    ------
    ParameterError
        If there is no graph.
    """
    evidence, prob = scores.evidence, scores.params["prob"]
    by_attention = prob == ATTENTION or evidence.graph_is_derived
    if evidence.attention is not None and by_attention:
        graph = evidence.attention.graph.without_columns(["weight"])
        return IndependentCascade(graph, prob=_COLUMN), {"name": "independent_cascade", "prob": "share of attention"}
    if evidence.graph is None:
        raise ParameterError("what-if questions need to know who follows or reacts to whom: this run has no graph")
    bare = evidence.graph.without_columns(evidence.graph.columns)
    if by_attention or prob == WEIGHTED:
        return IndependentCascade(bare, prob=WEIGHTED), {"name": "independent_cascade", "prob": WEIGHTED}
    given = IndependentCascade(evidence.graph, prob=prob, rng=_RNG)
    graph = bare.with_columns({_COLUMN: given.probabilities()})
    return IndependentCascade(graph, prob=_COLUMN), {"name": "independent_cascade", "prob": prob}


def model_on(graph: Graph) -> IndependentCascade:
    """The model on a graph that :func:`prepare` kept."""
    return IndependentCascade(graph, prob=_COLUMN if _COLUMN in graph.columns else WEIGHTED)


def _save_walk(walk: Walk, folder: Path) -> dict[str, Any]:
    """Keep a walk; the rest of it, and the hash of each file: a kernel believes what it reads."""
    folder.mkdir()
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(walk, name), allow_pickle=False)
    files = {name: file_hash(folder / f"{name}.npy") for name in _ARRAYS}
    return {"pick": walk.pick, "max_steps": walk.max_steps, "files": files}


def open_walk(folder: Path) -> Walk:
    """How followers are activated, mapped from what :func:`prepare` kept.

    Raises
    ------
    FolderError
        If it is absent or damaged.
    """
    told, kept = read_facts(folder)["forward"], folder / WHATIF / FORWARD
    try:
        if any(file_hash(kept / f"{name}.npy") != told["files"][name] for name in _ARRAYS):
            raise DamagedGraphError(f"{kept} was altered; prepare the run again")
        arrays = {name: np.load(kept / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        return Walk(**arrays, pick=int(told["pick"]), max_steps=int(told["max_steps"]))
    except (OSError, ValueError, KeyError) as error:
        raise DamagedGraphError(f"{kept} cannot be read: {error}; prepare the run again") from None


def _shares(graph: Graph) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What part of each follower's attention goes along its arc: the probability, or an even part."""
    if _COLUMN in graph.columns:
        return graph.in_column(_COLUMN).astype(np.float32)
    return (1.0 / graph.out_degree[graph.in_indices]).astype(np.float32)


def forget_others(out: Path, run_id: str) -> None:
    """Remove what was prepared for other runs (whoever has it open keeps it), and what was left half made."""
    for folder in (out / DERIVED).glob("*"):
        if folder.name == run_id:
            continue
        with contextlib.suppress(OSError):
            if folder.name.startswith("."):
                if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            for name in (GRAPH, WHATIF):
                shutil.rmtree(folder / name, ignore_errors=True)


_STALE_SECONDS = 3600


def read_facts(folder: Path) -> Mapping[str, Any]:
    """What a prepared folder says of itself.

    Raises
    ------
    FolderError
        If it is absent, damaged, or of another format.
    """
    path = folder / WHATIF / FACTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"{path}: cannot be read: {error}") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise FolderError(f"{path}: is of another format; prepare the run again")
    return facts
