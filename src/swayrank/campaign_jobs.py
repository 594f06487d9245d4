"""What the campaign commands do: the model that a command line names, and the tables that it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank.account_lists import account_list
from swayrank.campaign.oracle import InfluenceOracle
from swayrank.errors import FolderError, InputError, ParameterError
from swayrank.graph import Graph
from swayrank.job_tables import TABLES
from swayrank.measure_jobs import KINDS
from swayrank.measures.propagation.epidemics import SIR, SIS
from swayrank.measures.propagation.models import PRESETS, IndependentCascade, LinearThreshold, TriggeringModel
from swayrank.measures.propagation.outcomes import Spread
from swayrank.measures.propagation.rivals import RivalCascades
from swayrank.sources.graphs import open_graph
from swayrank.sources.recognise import recognise_kind
from swayrank.tables import frame

MODELS = ("ic", "lt", "sir", "sis")
_TAKES = {
    "ic": ("prob", "max_steps", "silent"),
    "lt": ("weights", "max_steps", "silent"),
    "sir": ("rate", "recovery", "max_time"),
    "sis": ("rate", "recovery", "max_time"),
}
_WEIGHT = "weight"
"""What a graph calls the column that was read as weights, whatever the file calls it."""
_ORACLE_INDEX = "oracle.json"


# -- the model ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """A diffusion model as the command line says it; None: not said."""

    kind: str = "ic"
    prob: str | None = None
    weights: str | None = None
    rate: float | None = None
    recovery: float | None = None
    max_time: float | None = None
    max_steps: int | None = None
    silent: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in MODELS:
            raise ParameterError(f"--model must be one of {', '.join(MODELS)}, got {self.kind!r}")
        for name in self.said:
            if name not in _TAKES[self.kind]:
                takers = " or ".join(kind for kind in MODELS if name in _TAKES[kind])
                raise ParameterError(f"--{name.replace('_', '-')} goes with --model {takers}, not with {self.kind}")
        if self.kind in ("sir", "sis") and (self.rate is None or self.recovery is None):
            raise ParameterError(f"--model {self.kind} needs --rate and --recovery, both per unit of time")
        if self.kind == "sis" and self.max_time is None:
            raise ParameterError("--model sis needs --max-time: the moment at which who is infected is counted")

    @property
    def said(self) -> list[str]:
        """Names of the options that were given."""
        return [name for name, value in vars(self).items() if name != "kind" and value is not None]

    @property
    def column(self) -> str | None:
        """The column of the graph that holds the probabilities or weights, if one is named."""
        named = self.weights if self.kind == "lt" else self.prob
        if named is None or named in (*PRESETS, "uniform") or _number(named) is not None:
            return None
        return named

    def make(self, graph: Graph, weight: str | None, rng: int) -> TriggeringModel | SIR | SIS:
        """The model on the graph, whose weights came from the column `weight` of its file."""
        if self.kind in ("sir", "sis"):
            rates: dict[str, Any] = {"transmission_rate": self.rate, "recovery_rate": self.recovery}
            rates["max_time"] = self.max_time
            return SIR(graph, **rates) if self.kind == "sir" else SIS(graph, **rates)
        accounts = () if self.silent is None else account_list(self.silent, "--silent", graph.ids)
        common: dict[str, Any] = {"max_steps": self.max_steps, "sharing": dict.fromkeys(accounts, 0.0) or None}
        column = _WEIGHT if self.column is not None and self.column == weight else self.column
        if self.kind == "lt":
            return LinearThreshold(graph, weights=column or self.weights, **common)
        number = None if self.prob is None else _number(self.prob)
        return IndependentCascade(graph, prob=column or (self.prob if number is None else number), rng=rng, **common)


def open_model(
    file: Path, choice: ModelChoice, graph_options: Mapping[str, Any], *, rng: int, **work: Any
) -> TriggeringModel | SIR | SIS:
    """The graph that a file or folder holds, with the column that the model needs, as a model."""
    options, weight = dict(graph_options), graph_options.get("weight")
    if not any(value is not None for value in options.values()) and (found := recognise_kind(file)) != "graph":
        raise ParameterError(f"this needs a graph, and {file} holds {KINDS.get(found, found)}")
    if choice.column not in (None, _WEIGHT, weight) and not file.is_dir():
        options["columns"] = [choice.column]
    try:
        graph = open_graph(file, options, **work)
    except ParameterError as wrong:
        if "columns" not in options or not str(wrong).startswith("columns "):
            raise
        told = str(wrong).partition(": ")[2] or str(wrong)
        words = "--weights must be uniform" if choice.kind == "lt" else f"--prob must be a number, {', '.join(PRESETS)}"
        raise ParameterError(f"{words} or a column, got {choice.column!r}: {told}") from None
    return choice.make(graph, weight, rng)


def model_told(model: TriggeringModel | SIR | SIS) -> str:
    """The model in words."""
    params = dict(model.params)
    if isinstance(model, SIR | SIS):
        until = "" if model.max_time is None else f", until {model.max_time:g}"
        rates = f"{model.transmission_rate:g} infections per follower and {model.recovery_rate:g} recoveries"
        return f"model: {type(model).__name__} epidemic; {rates} per unit of time{until}"
    if isinstance(model, LinearThreshold):
        name = params["weights"]
        how = "all that an account follows weigh the same" if name == "uniform" else f"weights from column {name}"
        words = f"Linear Threshold; {how}"
    else:
        words = f"Independent Cascade; {_chance_told(params['prob'])}"
    limit = params.get("max_steps")
    steps = "" if limit is None else f"; at most {limit} steps"
    silent = f"; {int((model.shares == 0).sum())} accounts never share" if model.shares.size else ""
    return f"model: {words}{steps}{silent}"


def _chance_told(prob: object) -> str:
    if prob == "weighted_cascade":
        return "a follower takes it up with probability 1 / (accounts it follows) (--prob weighted_cascade)"
    if prob == "trivalency":
        return "arcs work with probability 0.1, 0.01 or 0.001, drawn for each (--prob trivalency)"
    return f"probabilities from column {prob}" if isinstance(prob, str) else f"every arc works with probability {prob}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# -- what is opened and written ----------------------------------------------------------------------------------------


def check_output(path: Path | None) -> None:
    """Raise where a table could not be written in the end, before the work."""
    if path is None:
        return
    if path.suffix not in TABLES:
        raise ParameterError(f"--output must end in one of {', '.join(TABLES)}, got {path.name!r}")
    if not path.parent.is_dir():
        raise InputError("cannot write there: the folder does not exist", file=str(path))


def check_folder(place: Path | None) -> None:
    """Raise where an oracle could not be saved in the end, before the work."""
    if place is None:
        return
    if place.exists() and not is_oracle(place):
        raise FolderError(f"{place} is there already, and holds no samples; choose another folder")
    if not place.absolute().parent.is_dir():
        raise FolderError(f"{place}: cannot write there: the folder does not exist")


def is_oracle(place: Path) -> bool:
    """Whether a folder is one that `whatif --save` wrote."""
    return (place / _ORACLE_INDEX).is_file()


def open_oracle(place: Path, choice: ModelChoice, options: Mapping[str, Any]) -> InfluenceOracle:
    """An oracle from its folder, which knows its model: what would say another is refused."""
    said = [*choice.said, *(["model"] if choice.kind != "ic" else [])]
    said += [name for name, value in options.items() if value is not None]
    if said:
        word = said[0].replace("_", "-")
        raise ParameterError(f"--{word} is for graphs: {place} holds samples of a model already")
    return InfluenceOracle.open(place)


def activation_table(found: Mapping[str, Spread] | RivalCascades) -> Any:
    """Every account's chance to be reached, by plan or campaign, as an Arrow table."""
    if isinstance(found, RivalCascades):
        ids, chances = found.ids, dict(found.activation_prob)
    else:
        ids, chances = next(iter(found.values())).ids, {name: one.activation_prob for name, one in found.items()}
    names = {name: "activation_prob" if len(chances) == 1 else f"activation_prob {name}" for name in chances}
    return frame({"account": ids.to_arrow(), **{names[name]: chance for name, chance in chances.items()}}, "pyarrow")
