"""What the campaign commands do: the model and the accounts that a command line names, and the tables that it writes.

Accounts are named by ids split at commas, or by a file: a .csv with a column `account` (or one column), or any other
text with one id a line. What is known per account (cost, value, group) comes from a .csv of two columns, or of more,
where a first row names them. Every line is used, or refused by its number.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._text import printable
from swayrank.campaign.oracle import InfluenceOracle
from swayrank.errors import FolderError, InputError, ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.ids import ABSENT, Ids
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
_LISTS = (".csv", ".txt")
_LONGEST_NAME = 24
_STRANGERS_TOLD = 20
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


# -- accounts ----------------------------------------------------------------------------------------------------------


def account_list(text: str, option: str, ids: Ids | None = None) -> list[str]:
    """Accounts from ids split at commas, or from a file; with `ids`, all of them must be there.

    Examples
    --------
    >>> account_list("ada, bob", "--must")
    ['ada', 'bob']
    """
    path = Path(text)
    if _is_file(path):
        found = _ids_of_file(path)
        if not found:
            raise InputError("names no account", file=text)
        if ids is not None:
            lines, named = [line for line, _ in found], ids.meant([account for _, account in found])
            _check_there(ids, named, lines, text)
            return named
        return [account for _, account in found]
    accounts = [piece.strip() for piece in text.split(",")]
    if path.suffix in _LISTS and len(accounts) == 1 and (ids is None or text not in ids):
        raise InputError(f"there is no such file (for {option})", file=text)
    if not all(accounts):
        raise ParameterError(f"{option} must be ids split at commas, or a file, got {text!r}")
    if ids is not None:
        accounts = ids.meant(accounts)
        try:
            ids.positions(accounts)
        except UnknownAccountError as wrong:
            if len(accounts) == 1:
                raise
            told = f"{wrong}; {option} is split at commas: names that hold one go into a file, one a line"
            raise UnknownAccountError(told) from None
    return accounts


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a list of ids can be longer than a name of a file may be
        return False


def read_plans(seeds: Sequence[str], files: Sequence[str], ids: Ids | None = None) -> dict[str, list[str]]:
    """Seed sets by name: each ``name=ada,bob`` or ``ada,bob``; a file without a name is called as it is.

    Examples
    --------
    >>> read_plans(["loud=ada,bob", "cem"], [])
    {'loud': ['ada', 'bob'], 'cem': ['cem']}
    """
    plans: dict[str, list[str]] = {}
    given = [("--seeds", text) for text in seeds] + [("--seeds-file", text) for text in files]
    for number, (option, text) in enumerate(given, 1):
        name, equal, rest = text.partition("=")
        if not equal or _is_file(Path(text)):
            name, rest = "", text
        if option == "--seeds-file" and not _is_file(Path(rest)):
            raise InputError("there is no such file", file=rest)
        accounts = account_list(rest, option, ids)
        usual = Path(rest).stem if _is_file(Path(rest)) else rest
        name = name.strip() or (usual if len(usual) <= _LONGEST_NAME else f"plan {number}")
        if name in plans:
            raise ParameterError(f"{option} names a plan {name!r} twice: give each a name of its own, as name=ada,bob")
        plans[name] = accounts
    return plans


def _ids_of_file(file: Path) -> list[tuple[int, str]]:
    """Accounts and their lines: of a .csv by its column, else one a line."""
    if file.suffix != ".csv":
        try:
            lines = file.read_text(encoding="utf-8-sig").split("\n")
        except UnicodeDecodeError as wrong:
            raise InputError(f"is no UTF-8 text: {wrong.reason}", file=str(file)) from None
        return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    rows = _rows(file)
    at = 0
    if rows and "account" in (heading := [cell.casefold() for cell in rows[0][1]]):
        at = heading.index("account")
        width = len(heading)
        del rows[0]
    else:
        width = 1
    for line, row in rows:
        if len(row) != width or not row[at]:
            told = printable(",".join(row))
            raise InputError(
                f"rows must hold one id, or a first row name the column account; got {told!r}",
                file=str(file),
                line=line,
            )
    return [(line, row[at]) for line, row in rows]


def read_numbers(file: Path, what: str, ids: Ids) -> dict[str, float]:
    """A number >= 0 for some accounts, from a .csv of account and `what`."""
    numbers: dict[str, float] = {}
    for line, account, text in _pairs_of(file, what, ids):
        number = _number(text)
        if number is None or not 0 <= number < math.inf:
            raise InputError(f"must be a number >= 0, got {text!r}", file=str(file), line=line, column=what)
        numbers[account] = number
    return numbers


def read_labels(file: Path, what: str, ids: Ids) -> dict[str, str]:
    """A label for some accounts, from a .csv of account and `what`."""
    return {account: text for _, account, text in _pairs_of(file, what, ids)}


def _pairs_of(file: Path, what: str, ids: Ids) -> list[tuple[int, str, str]]:
    """Line, account and cell; rows whose cell is empty say nothing."""
    rows = _rows(file)
    account, cell, width = 0, 1, 2
    if rows:
        heading = [one.casefold() for one in rows[0][1]]
        if "account" in heading and what in heading:
            account, cell, width = heading.index("account"), heading.index(what), len(heading)
            del rows[0]
    for line, row in rows:
        if len(row) != width:
            told = printable(",".join(row))
            raise InputError(
                f"rows must be account,{what}, or a first row name these among others; got {told!r}",
                file=str(file),
                line=line,
            )
    rows = [(line, row) for line, row in rows if row[cell]]
    names = ids.meant([row[account] for _, row in rows])
    found = [(line, name, row[cell]) for name, (line, row) in zip(names, rows, strict=True)]
    first: dict[str, int] = {}
    for line, one, _ in found:
        if first.setdefault(one, line) != line:
            raise InputError(f"{one!r} stands on line {first[one]} already", file=str(file), line=line)
    _check_there(ids, list(first), list(first.values()), str(file))
    return found


def _check_there(ids: Ids, accounts: list[str], lines: list[int], file: str) -> None:
    """Raise where some are nobody's: all of them are told with their lines, as far as they are few."""
    at = ids.positions(accounts, missing="sentinel").tolist() if accounts else []
    absent = [(line, one) for one, line, place in zip(accounts, lines, at, strict=True) if place == ABSENT]
    if len(absent) == 1:
        line, account = absent[0]
        raise InputError(f"no account of the graph has the id {printable(account)!r}", file=file, line=line)
    if absent:
        told = ", ".join(f"{printable(account)!r} (line {line})" for line, account in absent[:_STRANGERS_TOLD])
        more = len(absent) - _STRANGERS_TOLD
        rest = f" and {more:,} more" if more > 0 else ""
        raise InputError(f"no account of the graph has any of these {len(absent):,} ids: {told}{rest}", file=file)


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """The rows of a .csv that hold anything, and the line that each ends on."""
    line = 0
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader, rows = csv.reader(lines, strict=True), []
            for row in reader:
                line = reader.line_num
                if any(cell.strip() for cell in row):
                    rows.append((line, [cell.strip() for cell in row]))
            return rows
    except UnicodeDecodeError as wrong:
        raise InputError(f"is no UTF-8 text: {wrong.reason}", file=str(file)) from None
    except csv.Error as wrong:
        raise InputError(f"is no CSV: {wrong}", file=str(file), line=line + 1) from None


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
