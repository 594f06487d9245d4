"""Chosen seeds as files: tables that `swayrank seeds -o` writes, or all that its `--json` tells; read for a report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from swayrank._text import printable, unguarded
from swayrank.errors import InputError, ParameterError
from swayrank.job_tables import read_accounts_table
from swayrank.report.document import Line, Name

_KINDS = (".csv", ".parquet", ".json")


@dataclass(frozen=True)
class Seed:
    """One suggested seed: what it adds to those before it, and what they reach together."""

    account: str
    adds: float
    together: float


@dataclass(frozen=True)
class Goal:
    """What seeds are for and how good they are, as far as their file tells.

    Attributes
    ----------
    words : str
        Of whoever asked for the report; "" for none.
    spread : float or None
        Accounts that all are expected to reach, on other samples than they were chosen on.
    interval : tuple of two floats, or None
        Of `spread`, at 95 %.
    upper_bound : float or None
        No choice of as many reaches more.
    guarantee : str
    cost, budget : float or None
    method : str
        How they were chosen.
    lower_bound : float or None
        They reach at least so many.
    model : Line
        Under which model they were chosen, in words; "" where the file does not say.
    chances : str
        The model's probabilities as it calls them; "" where the file does not say.
    scaled : bool
        Whether what the seeds add was brought to the scale of `spread`: files of earlier versions tell it as it was on
        the samples of the choice, which flatter it.
    """

    words: str = ""
    spread: float | None = None
    interval: tuple[float, float] | None = None
    upper_bound: float | None = None
    guarantee: str = ""
    cost: float | None = None
    budget: float | None = None
    method: str = ""
    lower_bound: float | None = None
    model: Line = ""
    chances: str = ""
    scaled: bool = False


def read_seeds(path: Path) -> tuple[tuple[Seed, ...], Goal]:
    """Seeds, and what a .json tells of them beside.

    Raises
    ------
    ParameterError
        If the file is of another kind.
    InputError
        If it does not hold seeds.
    """
    if path.suffix not in _KINDS:
        raise ParameterError(f"seeds must end in {', '.join(_KINDS[:-1])} or {_KINDS[-1]}, got {path.name!r}")
    return _of_json(path) if path.suffix == ".json" else (_of_table(path), Goal())


def _of_json(path: Path) -> tuple[tuple[Seed, ...], Goal]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", file=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"is no sound JSON: {printable(error, 200)}", file=str(path)) from None
    try:
        seeds = tuple(
            Seed(str(one["account"]), _finite(one["marginal_gain"]), _finite(one.get("curve", one.get("cumulative"))))
            for one in told["seeds"]
        )
        ends = told.get("interval")
        parameters = told.get("parameters") or told.get("params") or {}
        goal = Goal(
            spread=_known(told.get("spread")),
            interval=None if ends is None else (_finite(ends[0]), _finite(ends[1])),
            upper_bound=_known(told.get("upper_bound")),
            guarantee=str(told.get("guarantee") or ""),
            cost=_known(told.get("cost")),
            budget=_known(parameters.get("budget")),
            method=str(told.get("method") or parameters.get("method") or ""),
            lower_bound=_known(told.get("lower_bound")),
            model=_model(parameters),
            chances=str(parameters.get("prob") or "") if parameters.get("model") == "independent_cascade" else "",
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise InputError(
            "does not hold seeds; make them with: swayrank seeds ... --json > seeds.json", file=str(path)
        ) from None
    return _scaled(seeds, goal)


def _scaled(seeds: tuple[Seed, ...], goal: Goal) -> tuple[tuple[Seed, ...], Goal]:
    """The same, where what the seeds add comes to their spread."""
    last = seeds[-1].together if seeds else 0.0
    if not goal.spread or last <= 0 or math.isclose(last, goal.spread, rel_tol=1e-6):
        return seeds, goal
    by = goal.spread / last
    return tuple(Seed(one.account, one.adds * by, one.together * by) for one in seeds), replace(goal, scaled=True)


def _model(told: Mapping[str, Any]) -> Line:
    """A model and its probabilities in words."""
    name = told.get("model")
    if name == "linear_threshold":
        return "Linear Threshold: an account takes it up once those that it follows and that did so weigh enough"
    if name in ("sir", "sis"):
        rates = f"passed on at rate {told.get('transmission_rate')}, over at rate {told.get('recovery_rate')}"
        return f"{str(name).upper()}, an epidemic: {rates}"
    if name != "independent_cascade":
        return "" if name is None else Name(str(name))
    chance, begin = told.get("prob"), "Independent Cascade: who takes it up gets one chance at each follower, "
    if chance == "weighted_cascade":
        return f"{begin}of 1 in the number of accounts that the follower follows (weighted cascade)"
    if chance == "trivalency":
        return f"{begin}of 0.1, 0.01 or 0.001 by lot (trivalency)"
    if isinstance(chance, int | float):
        return f"{begin}of {chance:g} for everybody"
    if chance in (None, "given"):
        return f"{begin}of probabilities that were given"
    return f"{begin}of what the file's column ", Name(str(chance)), " says"


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _known(value: Any) -> float | None:
    return None if value is None else _finite(value)


def _of_table(path: Path) -> tuple[Seed, ...]:
    """Seeds as `swayrank seeds -o` writes them: with account, marginal_gain and curve."""
    table = read_accounts_table(path)
    absent = [name for name in ("account", "marginal_gain", "curve") if name not in table.column_names]
    if absent:
        raise InputError(
            f"has no column {absent[0]!r} (columns: {', '.join(printable(name, 40) for name in table.column_names)}); "
            "make seeds with: swayrank seeds ... -o seeds.csv",
            file=str(path),
        )
    names = [str(account) for account in table["account"].to_pylist()]
    named = [unguarded(name) for name in names] if path.suffix == ".csv" else names
    try:
        figures = [[float(x) for x in table[name].to_pylist()] for name in ("marginal_gain", "curve")]
    except (TypeError, ValueError):
        raise InputError("marginal_gain and curve must be numbers in every row", file=str(path)) from None
    if not all(math.isfinite(x) for column in figures for x in column):
        raise InputError("marginal_gain and curve must be finite in every row", file=str(path))
    return tuple(Seed(*row) for row in zip(named, *figures, strict=True))
