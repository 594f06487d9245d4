"""What `swayrank calibrate` does: probabilities of a graph held against a log, all in one go."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._progress import Progress
from swayrank.campaign_jobs import ModelChoice, model_told, open_model
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.job_tables import told, write_table
from swayrank.learning.probabilities import learn_probabilities
from swayrank.measures.propagation.models import IndependentCascade
from swayrank.results import write_whole
from swayrank.sources.events import read_events
from swayrank.validation.calibration import Calibration, calibrate
from swayrank.validation.exposures import Split
from swayrank.validation.fit import Fit, goodness_of_fit
from swayrank.validation.placebo import Placebo, placebo
from swayrank.validation.reach import ReachCalibration, calibrate_reach

TABLES = (".csv", ".parquet", ".json")


@dataclass(frozen=True, eq=False)
class CalibrationRun:
    """What was read, and all that was asked about it; None: not asked."""

    graph: Graph
    events: Events
    probabilities: str
    calibration: Calibration
    fit: Fit | None
    placebo: Placebo | None
    reach: ReachCalibration | None

    def told(self) -> list[str]:
        """How what was read was understood, line by line."""
        return [*told(self.graph), *told(self.events), self.probabilities]

    def parts(self) -> dict[str, Calibration | Fit | Placebo | ReachCalibration]:
        """The answers by name."""
        found = {
            "calibration": self.calibration,
            "goodness_of_fit": self.fit,
            "reach": self.reach,
            "placebo": self.placebo,
        }
        return {name: part for name, part in found.items() if part is not None}


def run_calibrate(
    graph: Path,
    log: Path,
    graph_options: Mapping[str, Any],
    events_options: Mapping[str, Any],
    *,
    prob: str | None = None,
    learn: str | None = None,
    split: str | None = None,
    n_shuffles: int = 0,
    shuffle: str = "within_posts",
    reach: bool = False,
    bins: int = 10,
    confidence: float = 0.95,
    rng: int,
    threads: int | None = None,
    progress: Progress = None,
) -> CalibrationRun:
    """Read a graph and a log, and hold the probabilities that `prob` names, or `learn` learns, against who adopted."""
    work: dict[str, Any] = {"threads": threads, "progress": progress}
    if learn is not None and (prob is not None or split is None):
        raise ParameterError("--learn needs --split, before which it learns, and goes without --prob")
    model = open_model(graph, ModelChoice(prob=prob), graph_options, rng=rng, **work)
    assert isinstance(model, IndependentCascade)
    given = {name: value for name, value in events_options.items() if value is not None}
    events = read_events([str(log)], **given, **work)
    chances: Any = model.arc_probability if model.rule == "per_arc" else model.prob
    if learn is not None:
        chances = functools.partial(learn_probabilities, method=learn, **work)
    name = model.params["prob"] if learn is None else f"{learn}, learned before the split"
    at = None if split is None else split_of(split)
    asked = {"rng": rng, "confidence": confidence, **work}
    found = calibrate(model.graph, events, prob=chances, split=at, n_bins=bins, **asked)
    found = replace(found, params={**found.params, "prob": name})
    fit = reached = shuffled = None
    if at is not None:
        fit = goodness_of_fit(model.graph, events, split=at, learners={learn or "given": chances}, **asked)
    if reach:
        reached = calibrate_reach(model.graph, events, prob=chances, split=at, n_bins=bins, **asked)
        reached = replace(reached, params={**reached.params, "prob": name})
    if n_shuffles:
        shuffled = placebo(
            model.graph, events, prob=None if learn else chances, n_shuffles=n_shuffles, shuffle=shuffle, **asked  # type: ignore[arg-type]
        )  # fmt: skip
    said = model_told(model) if learn is None else f"model: Independent Cascade; probabilities by {name}"
    return CalibrationRun(model.graph, events, said, found, fit, shuffled, reached)


def split_of(text: str) -> Split:
    """``0.8`` as a share of the posts, anything else as a time.

    Examples
    --------
    >>> split_of("0.8"), split_of("2026-01-01")
    (0.8, '2026-01-01')
    """
    try:
        share = float(text)
    except ValueError:
        return text
    if not 0 < share < 1:
        raise ParameterError(f"--split must be a share in (0, 1) or a time such as 2026-01-01, got {text!r}")
    return share


def facts(run: CalibrationRun) -> dict[str, Any]:
    """Everything as plain values, for machines; None for what is no number."""
    return {name: {**_plain(part), "in_words": part.told()} for name, part in run.parts().items()}


def _plain(part: Any) -> dict[str, Any]:
    """A result's table and its single figures."""
    single = {
        name: value for name, value in vars(part).items() if isinstance(value, str | int | float | tuple | Mapping)
    }
    if isinstance(part, Placebo):
        single |= {"mean": part.mean, "interval": part.interval, "ratio": part.ratio, "p_value": part.p_value}
    return _value({**single, "table": part.to_frame("pyarrow").to_pylist()})  # type: ignore[no-any-return]


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _value(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_value(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_calibration(run: CalibrationRun, path: Path) -> None:
    """Write the calibration's bins as .csv or .parquet, or everything as .json."""
    if path.suffix != ".json":
        write_table(run.calibration.to_frame("pyarrow"), path)
        return
    with write_whole(path) as file:
        file.write(json.dumps(facts(run), ensure_ascii=False, allow_nan=False).encode() + b"\n")
