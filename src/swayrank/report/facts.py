"""What a report tells of: a kept run, and beside it a backtest and seeds where files of them are given."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from swayrank._text import printable
from swayrank.errors import InputError, SwayrankError
from swayrank.overview.backbone import Backbone
from swayrank.overview.ties import told_of
from swayrank.report.seed_files import Goal, Seed, read_seeds
from swayrank.results import unaltered, whole_runs
from swayrank.scoring.history import History, HistoryRow, history
from swayrank.scoring.keep import MOST_EXPLAINED, KeptScores, load_scores
from swayrank.scoring.sensitivity import Sensitivity, sensitivity

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores

_REJECTS = "rejects.csv"
_BACKTEST = {"params": dict, "folds": list, "figures": dict, "ahead": list, "told": list, "suspects": list}
_PARAMETERS = {"outcome": str, "confidence": (int, float), "n_replicates": int}
_OF_FOLD = {"n_accounts": int, "n_scored": int, "n_with_outcome": int}
_OF_DIFFERENCE = {"measure": str, "metric": str, "verdict": str}
_MOST_RUNS = 12


@dataclass(frozen=True)
class Facts:
    """All that a report is written from.

    Attributes
    ----------
    scores : KeptScores
    explanations : list of dict
        Of the first accounts, the best first, as the run keeps them.
    rejects : Counter of (str, str)
        How many rows were refused, by the file's name and the reason.
    sensitivity : Sensitivity or None
        None without scores.
    past : History or None
        The runs beside this one, with its first accounts; None where there are none.
    past_fault : str
        Why the runs beside this one cannot be read; "" where they can.
    backtest : mapping or None
        As `Backtest.to_dict` gives it.
    seeds : tuple of Seed
    goal : Goal
        What the seeds are for.
    shown : Backbone or None
        The run's map; None where it keeps none.
    communities, activity : mapping or None
        What the run keeps of them.
    """

    scores: KeptScores
    explanations: list[dict[str, Any]]
    rejects: Counter[tuple[str, str]]
    sensitivity: Sensitivity | None
    past: History | None
    past_fault: str
    backtest: Mapping[str, Any] | None
    seeds: tuple[Seed, ...]
    goal: Goal
    shown: Backbone | None
    communities: Mapping[str, Any] | None
    activity: Mapping[str, Any] | None

    @property
    def foreign(self) -> list[str] | None:
        """Which of the backtest's data is not this run's ("graph", "events", "posts"); None where it does not say."""
        told = None if self.backtest is None else self.backtest["params"].get("data")
        own = self.scores.manifest.get("data") or {}
        if not isinstance(told, dict) or not own:
            return None
        return [name for name in own if name in told and told[name] != own[name]] or (
            [] if set(own) & set(told) else sorted(own)
        )


def gather(
    run: str | Path, *, backtest: str | Path | None, seeds: str | Path | None, top: int, goal: str | None = None
) -> Facts:
    """Read a run's folder (or the current run of the folder of runs) and the files beside it.

    Raises
    ------
    FolderError
        If there is no whole run.
    InputError
        If one of its files was altered, or a file given beside it is not what it should be.
    """
    scores = load_scores(run)
    past, past_fault = _past(scores, top)
    chosen = None if seeds is None else read_seeds(Path(seeds))
    if chosen is not None and chosen[0] and not any(seed.account in scores.ids for seed in chosen[0]):
        raise InputError(
            f"holds seeds of other data: none of its accounts, such as {printable(chosen[0][0].account, 40)!r}, is in "
            "this run; choose seeds on the graph that was scored",
            file=str(seeds),
        )
    return Facts(
        scores=scores,
        explanations=scores.explanations(0, min(MOST_EXPLAINED, scores.n_scored)),
        rejects=_rejects(scores),
        # A kept run has all that is asked of scores here: ids, order, score, rank, parts, contributions, weights.
        sensitivity=sensitivity(cast("Scores", scores), k=top) if scores.n_scored else None,
        past=past,
        past_fault=past_fault,
        backtest=None if backtest is None else read_backtest(Path(backtest)),
        seeds=() if chosen is None else chosen[0],
        goal=replace(Goal() if chosen is None else chosen[1], words=goal or ""),
        shown=scores.backbone() if scores.map() is not None else None,
        communities=scores.communities(),
        activity=scores.activity(),
    )


def _rejects(scores: KeptScores) -> Counter[tuple[str, str]]:
    text = unaltered(scores.folder, scores.manifest, _REJECTS).decode("utf-8", "replace")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return Counter((Path(row["file"]).name, row["reason"]) for row in rows)


def _past(scores: KeptScores, top: int) -> tuple[History | None, str]:
    """The kept runs beside this one, or why they cannot be read, which is no fault of this one."""
    out = scores.folder.resolve().parent.parent
    if not scores.n_scored or scores.folder.resolve().parent.name != "runs" or len(whole_runs(out)) < 2:
        return None, ""
    try:
        past = history(out, [str(scores.ids[int(i)]) for i in scores.order(min(top, 10))])
        return (past, "") if past.rows else (None, "")  # its tables are read here
    except SwayrankError as error:
        return None, str(error)


def past_rows(facts: Facts) -> dict[str, list[HistoryRow]]:
    """By account, its rows in the last runs up to this one that have this one's scale, the oldest first."""
    past = facts.past
    own = None if past is None else next((run for run in past.runs if run.id == facts.scores.manifest["id"]), None)
    if past is None or own is None:
        return {}
    earlier = [run for run in past.runs[: past.runs.index(own) + 1] if run.scale == own.scale]
    until = list({run.time: run.id for run in earlier}.values())[-_MOST_RUNS:]  # of one time, the run made last
    if len(until) < 2:
        return {}
    found: dict[str, list[HistoryRow]] = {}
    for row in past.rows:
        if row.run in until:
            found.setdefault(row.account, []).append(row)
    return found


def spread_model(facts: Facts) -> tuple[str, str] | None:
    """The probabilities of the score's part "spread", by their name and in words; None where it has no such part."""
    scores = facts.scores
    if "spread" not in scores.weights:
        return None
    chances, data = str(scores.params.get("prob", "")), scores.manifest.get("data") or {}
    if chances == "attention" and "graph" in data and "events" not in data:
        chances = "weighted_cascade"  # without a log, attention is shared evenly
    words = {
        "attention": "a follower's chances are shares of its attention, by its reactions and follows",
        "weighted_cascade": "a chance of 1 in the number of accounts that the follower follows",
    }
    told = told_of(scores.ties, words[chances]) if chances in words else f"probabilities {printable(chances, 40)}"
    return chances, told


# -- files beside the run ----------------------------------------------------------------------------------------------


def read_backtest(path: Path) -> Mapping[str, Any]:
    """A backtest's JSON, or the folder that `swayrank backtest -o` wrote it to."""
    path = path / "backtest.json" if path.is_dir() else path
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", file=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"is no sound JSON: {printable(error, 200)}", file=str(path)) from None
    fault = _fault(found)
    if fault is not None:
        raise InputError(
            f"is no backtest ({fault}); make one with: swayrank backtest ... -o backtest.json", file=str(path)
        )
    return cast("Mapping[str, Any]", found)


def _fault(found: Any) -> str | None:
    """What is not as a backtest has it, in a few words; None where all is."""
    if not _has(found, _BACKTEST):
        return "its fields"
    if not _has(found["params"], _PARAMETERS):
        return "its params"
    for k, fold in enumerate(found["folds"], start=1):
        if not _has(fold, _OF_FOLD):
            return f"split {k}"
    for name, of in found["figures"].items():
        if not isinstance(of, dict) or not all(_are_figures(ends) for ends in of.values()):
            return f"the figures of {printable(name, 40)}"
    for k, one in enumerate(found["ahead"], start=1):
        if not _has(one, _OF_DIFFERENCE) or not _are_figures([one.get(name) for name in ("ahead", "low", "high")]):
            return f"difference {k}"
        if one["verdict"] == "worse" and one.get("ahead") is None:
            return f"difference {k}"
    return None if all(isinstance(name, str) for name in found["suspects"]) else "its suspects"


def _are_figures(ends: Any) -> bool:
    """A figure and the ends of its interval, each of them None where it is undefined."""
    known = [end for end in ends if end is not None] if isinstance(ends, list) and len(ends) == 3 else [None]
    return all(isinstance(end, int | float) and math.isfinite(end) for end in known)


def _has(there: Any, needed: Mapping[str, Any]) -> bool:
    return isinstance(there, dict) and all(isinstance(there.get(name), kind) for name, kind in needed.items())
