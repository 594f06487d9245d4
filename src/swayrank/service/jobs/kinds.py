"""What jobs do, each in a process of its own: a function per kind, whose result is a JSON object in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._progress import Progress, track
from swayrank.errors import ParameterError, SwayrankError
from swayrank.pipeline import Run, recipe_again, run
from swayrank.results import current_run, write_whole
from swayrank.scoring.keep import load_scores
from swayrank.scoring.pictures import activity_of as scores_activity
from swayrank.service.explained import explanation_of, made_path
from swayrank.service.jobs.derive import is_prepared, prepare, prepare_again
from swayrank.service.jobs.parameters import (
    ExplainParameters,
    PrepareParameters,
    ScoreParameters,
    SeedsParameters,
    check_names,
)
from swayrank.service.jobs.planning import Planner
from swayrank.service.jobs.scored import forget_runs
from swayrank.service.published import Published
from swayrank.stores import open_store

LIVE = "live"


@dataclass(frozen=True)
class Work:
    """What a job may use.

    Attributes
    ----------
    out : Path
        The folder of the result.
    store : str
        Where live events are.
    progress : callable or None
        Whom to tell.
    """

    out: Path
    store: str
    progress: Progress = None


def do(asked: Mapping[str, Any], progress: Progress) -> None:
    """Do what a service asked for, and write the result to the file that it names, whole or not at all."""
    work = Work(Path(asked["out"]), str(asked["store"]), progress)
    if asked["kind"] not in _KINDS:
        raise ParameterError(f"kind must be one of {', '.join(_KINDS)}, got {asked['kind']!r}")
    parameters, function = _KINDS[asked["kind"]]
    result = function(work, parameters.model_validate(asked["parameters"]))
    with write_whole(asked["result"]) as file:
        file.write(json.dumps(result, ensure_ascii=False, default=_plain).encode("utf-8", "surrogatepass"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return str(value)


# -- score -------------------------------------------------------------------------------------------------------------


def score(work: Work, _asked: ScoreParameters) -> dict[str, Any]:
    """Score the recipe of the served run anew, with the live events kept so far, under its own reference.

    The new run is published at one moment; until then, and if anything goes wrong, the old one stays.
    """
    live, upto = None, 0
    with open_store(work.store, own=False) as store:
        upto = store.events.last_seq()
        if upto:
            with track(work.progress, "gathering live events", total=1) as step:
                live = store.events.snapshot(work.out / LIVE, upto)
                step(1)
    done = run(recipe_again(work.out, live=live), work.out, progress=work.progress)
    assert done.folder is not None
    told: dict[str, Any] = {"run": done.folder.name, "last_seq": upto, "accounts": len(done.scores)}
    told |= {"scored": done.scores.n_scored, "left_out": list(done.scores.left_out), "seconds": dict(done.seconds)}
    forget_runs(work.out)
    return told | {"prepared": _prepared_too(work, done)}


def _prepared_too(work: Work, done: Run) -> bool:
    """What-if questions about the run that was just published; it is served, whatever becomes of them."""
    assert done.folder is not None
    try:
        prepare(done.scores, work.out, done.folder.name, progress=work.progress)
    except (SwayrankError, OSError):  # the service asks for a job of its own, which then says why
        return False
    return True


# -- prepare -----------------------------------------------------------------------------------------------------------


def prepare_run(work: Work, asked: PrepareParameters) -> dict[str, Any]:
    """Make what what-if questions need of the served run, or of the run that is named."""
    folder = current_run(work.out) if asked.run is None else work.out / "runs" / asked.run
    prepare_again(folder, work.out, n_samples=asked.n_samples, progress=work.progress)
    return {"run": folder.name}


# -- seeds -------------------------------------------------------------------------------------------------------------


def seeds(work: Work, asked: SeedsParameters) -> dict[str, Any]:
    """Choose seeds on the served run's graph, under its own model."""
    folder = current_run(work.out)
    result = Published(load_scores(folder))
    check_names(asked, result)
    if not is_prepared(work.out, result.run):
        prepare_again(folder, work.out, progress=work.progress)
    return Planner(result, work.out, work.progress).plan(asked)


# -- explain -----------------------------------------------------------------------------------------------------------


def explain(work: Work, asked: ExplainParameters) -> dict[str, Any]:
    """Score the run's data again, and say why one account has its score; kept, so that it is asked for once."""
    folder = current_run(work.out)
    result = Published(load_scores(folder))
    told, made = explanation_of(result, asked.account, work.out)
    if told["kept"] or made is not None:
        return told if made is None else dict(json.loads(made))
    again = run(recipe_again(folder), progress=work.progress).scores
    place = again.ids.position(asked.account)
    with track(work.progress, "explaining", total=1) as step:
        why = again.explain(again.ids[place])
        step(1)
    activity = scores_activity(again, np.array([place]))
    counts = None if isinstance(activity, str) else next(iter(activity["accounts"].values()), None)
    if counts is not None and not isinstance(activity, str):
        told["activity"] = {"bin": activity["bin"], "times": activity["times"], "counts": counts}
    told |= {"kept": True, "text": str(why), "facts": why.to_dict()}
    path = made_path(work.out, result.run, asked.account)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as file:
        file.write(json.dumps(told, ensure_ascii=False, default=_plain).encode("utf-8", "surrogatepass"))
    return told


_KINDS: Mapping[str, tuple[Any, Callable[..., dict[str, Any]]]] = {
    "seeds": (SeedsParameters, seeds),
    "score": (ScoreParameters, score),
    "prepare": (PrepareParameters, prepare_run),
    "explain": (ExplainParameters, explain),
}
