"""What `swayrank backtest` and `swayrank fit` do: read as `score` does, validate, write tables and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.job_tables import read_accounts_table, write_table
from swayrank.pipeline import Recipe, Sources, one_file, read_sources
from swayrank.results import write_whole
from swayrank.validation.backtest import backtest
from swayrank.validation.folds import rolling
from swayrank.validation.results import Backtest
from swayrank.validation.weights import FittedProfile, fit_profile

_OF_SCORE = ("half_life_days", "action_weights", "min_evidence", "reference", "prob")
_FOR_BACKTEST = (
    "split", "rolling", "horizon_days", "outcome", "outcome_file", "outcome_column", "outcome_id", "profiles",
    "measures", "unseen", "learn", "as_of", "graph", "k", "n_replicates", "confidence", "rng",
)  # fmt: skip
_FOR_FIT = (
    "splits", "horizon_days", "outcome", "min_weight", "as_of", "graph", "k", "n_replicates", "confidence",
    "free_model", "rng",
)  # fmt: skip


def run_backtest(
    recipe: Recipe, given: Mapping[str, Any], *, threads: int | None = None, progress: Progress = None
) -> tuple[Backtest, Sources]:
    """Read what a recipe names and backtest it; `given` overrides the recipe's ``[backtest]`` table."""
    asked = _asked(without(recipe, set(_FOR_FIT) - set(_FOR_BACKTEST)), given, _FOR_BACKTEST)
    sources = sources_of(recipe, asked, threads, progress)
    if "outcome_file" in asked:
        if "outcome" in asked:
            raise ParameterError("give either outcome or outcome_file, not both")
        file = Path(asked.pop("outcome_file"))
        asked["outcome"] = read_outcome(
            _beside(file, recipe), asked.pop("outcome_column", None), asked.pop("outcome_id", None)
        )
    if unused := [name for name in ("outcome_column", "outcome_id") if name in asked]:
        raise ParameterError(f"{unused[0]} is about an outcome_file, and none was given")
    if "rolling" in asked:
        if "split" in asked:
            raise ParameterError("give either split or rolling, not both")
        if sources.events is None:
            raise ParameterError("rolling splits need events, got none")
        asked["split"] = rolling(sources.events, int(asked.pop("rolling")))
    work: dict[str, Any] = {"threads": threads, "progress": progress}
    found = backtest(sources.graph, sources.events, sources.posts, **asked, score_options=_options(recipe), **work)
    return found, sources


def run_fit(
    recipe: Recipe, given: Mapping[str, Any], *, threads: int | None = None, progress: Progress = None
) -> tuple[FittedProfile, Sources]:
    """Read what a recipe names and fit weights; of the recipe's ``[backtest]`` table, what `fit_profile` takes."""
    asked = _asked(without(recipe, set(_FOR_BACKTEST) - set(_FOR_FIT)), given, _FOR_FIT)
    sources = sources_of(recipe, asked, threads, progress)
    if sources.events is None:
        raise ParameterError("fit needs a log, since weights are fitted on what came later; name one with --events")
    work: dict[str, Any] = {"threads": threads, "progress": progress}
    found = fit_profile(sources.graph, sources.events, **asked, score_options=_options(recipe), **work)
    return found, sources


def without(recipe: Recipe, names: set[str]) -> Recipe:
    """The recipe less some keys of its ``[backtest]`` table."""
    return replace(recipe, backtest={name: value for name, value in recipe.backtest.items() if name not in names})


def _asked(recipe: Recipe, given: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    asked = {**recipe.backtest, **given}
    if unknown := [name for name in asked if name not in known]:
        raise ParameterError(f"[backtest] takes {', '.join(known)}, got {unknown[0]!r}")
    return asked


def sources_of(recipe: Recipe, asked: dict[str, Any], threads: int | None, progress: Progress) -> Sources:
    """What the recipe names; without its graph where ``graph = false`` says so."""
    wanted = asked.pop("graph", True)
    if not wanted and isinstance(recipe.mapping, Mapping):
        recipe = replace(recipe, mapping={key: value for key, value in recipe.mapping.items() if key != "graph"})
    sources = read_sources(recipe, threads=threads, progress=progress)
    return sources if wanted else replace(sources, graph=None)


def _options(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in recipe.score.items() if name in _OF_SCORE}


def _beside(file: Path, recipe: Recipe) -> Path:
    """A file that a recipe names lies in its data folder."""
    return one_file(Path(recipe.data), str(file)) if recipe.data is not None and not file.is_absolute() else file


def read_outcome(path: Path, column: str | None, id_column: str | None) -> dict[str, float]:
    """An outcome per account from a .csv (also compressed) or .parquet: its first column, or `id_column`, names them.

    Words for yes and no count 1 and 0; empty cells are left out.

    Raises
    ------
    InputError
        If a cell is no number, or an account stands twice.
    """
    rows = _rows_of(path)
    names = list(rows[0]) if rows else []
    for name, option in ((column, "outcome_column"), (id_column, "outcome_id")):
        if name is not None and name not in names:
            raise InputError(f"{option} must be one of its columns ({', '.join(names)}), got {name!r}", file=str(path))
    if len(names) < 2:
        raise InputError("must have a column of accounts and one of numbers", file=str(path))
    account, value = id_column or names[0], column or next(name for name in names if name != (id_column or names[0]))
    found: dict[str, float] = {}
    for line, row in enumerate(rows, start=2):
        cell = str(row[value] if row[value] is not None else "").strip()
        if not cell:
            continue
        if str(row[account]) in found:
            raise InputError(f"account {printable(row[account], 40)} stands twice", file=str(path), line=line)
        found[str(row[account])] = _number(cell, path, line, value)
    return found


def _rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a table, every cell as text."""
    if not path.is_file():
        raise InputError("there is no such file", file=str(path))
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = read_accounts_table(path).to_pylist()
        return rows
    import duckdb

    try:
        with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
            table = connection.execute("select * from read_csv(?, all_varchar = true)", [str(path)])
            names = [column[0] for column in table.description or ()]
            return [dict(zip(names, row, strict=True)) for row in table.fetchall()]
    except duckdb.Error as error:
        raise InputError(f"is no sound table: {printable(error, 300)}", file=str(path)) from None


def _number(cell: str, path: Path, line: int, column: str) -> float:
    words = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    try:
        return words[cell.casefold()] if cell.casefold() in words else float(cell)
    except ValueError:
        raise InputError(
            f"must be a number, got {printable(cell, 40)!r}", file=str(path), line=line, column=column
        ) from None


def check_backtest_output(out: Path | None) -> None:
    """Raise unless a backtest may be written there: before the work, not after it."""
    if out is not None and (out.suffix or out.is_file()) and out.suffix not in (".json", ".csv", ".parquet"):
        name = printable(out.name, 60)
        raise ParameterError(f"--output must be a folder, or end in .json, .csv or .parquet, got {name!r}")


def check_fit_output(out: Path | None) -> None:
    """Raise unless fitted weights may be written there."""
    if out is not None and out.suffix not in (".json", ".toml"):
        raise ParameterError(f"--output must end in .json or .toml, got {printable(out.name, 60)!r}")


TABLES = {"backtest": Backtest.to_frame, "differences": Backtest.differences, "removal": Backtest.removal}


def write_backtest(found: Backtest, out: Path) -> list[Path]:
    """Write a backtest as one .json, .csv or .parquet, or as a folder of tables and JSON; say what was written."""
    check_backtest_output(out)
    if out.suffix == ".json":
        return [_write_json(found.to_dict(), out)]
    if out.suffix in (".csv", ".parquet"):
        write_table(found.to_frame("pyarrow"), out)
        return [out]
    out.mkdir(parents=True, exist_ok=True)
    written = [_write_json(found.to_dict(), out / "backtest.json")]
    for name, table in TABLES.items():
        write_table(table(found, "pyarrow"), out / f"{name}.csv")
        written.append(out / f"{name}.csv")
    return written


def write_fit(found: FittedProfile, out: Path) -> list[Path]:
    """Write fitted weights as .json (all of it) or .toml (a recipe's ``[score]`` table)."""
    check_fit_output(out)
    if out.suffix == ".json":
        return [_write_json(found.to_dict(), out)]
    weights = ", ".join(f"{name} = {weight:g}" for name, weight in found.weights.items())
    with write_whole(out) as file:
        file.write(f"[score]\nprofile = {{ {weights} }}\n".encode())
    return [out]


def _write_json(facts: Mapping[str, Any], path: Path) -> Path:
    with write_whole(path) as file:
        file.write(json.dumps(facts, ensure_ascii=False, allow_nan=False, indent=1, default=str).encode() + b"\n")
    return path
