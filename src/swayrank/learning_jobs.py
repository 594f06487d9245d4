"""What the commands about learning do: read a graph and a log, learn from them, and write what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._progress import Progress
from swayrank.errors import InputError, NotAGraphError, ParameterError
from swayrank.job_tables import told, write_table
from swayrank.learning.learned import Learned
from swayrank.learning.probabilities import METHODS, fit_probabilities
from swayrank.learning.shrinkage import NAMED, Prior
from swayrank.pipeline import Recipe, Sources, read_sources

TABLES = (".csv", ".parquet")


@dataclass(frozen=True, eq=False)
class LearnRun:
    """What was read, and what was learned from it."""

    sources: Sources
    learned: Learned

    def told(self) -> list[str]:
        """How the files were understood, line by line."""
        read = [data for data in (self.sources.graph, self.sources.events) if data is not None]
        lines = [line for data in read for line in told(data)]
        if len(self.sources.rejects):
            lines.append(f"{len(self.sources.rejects):,} rows were refused")
        return lines

    def write(self, output: Path) -> None:
        """Save the graph as a folder, or its arcs as .csv or .parquet."""
        if output.suffix in TABLES:
            write_table(self.learned.to_frame("pyarrow"), output)
        else:
            self.learned.graph.save(output)


def run_learn(
    recipe: Recipe,
    options: Mapping[str, Any],
    *,
    threads: int | None = None,
    progress: Progress = None,
) -> LearnRun:
    """Read what a recipe names, and learn every arc's probability with the arguments of `fit_probabilities`."""
    if recipe.posts:
        raise ParameterError(f"learn takes a graph and logs, and {recipe.posts[0]} holds counts per post")
    sources = read_sources(recipe, threads=threads, progress=progress)
    if sources.graph is None or sources.events is None:
        missing = "a graph (who follows whom)" if sources.graph is None else "a log (who took up what and when)"
        raise ParameterError(f"learn takes a graph and a log; {missing} is missing")
    learned = fit_probabilities(sources.graph, sources.events, threads=threads, progress=progress, **options)
    return LearnRun(sources, learned)


def check_method(name: str) -> None:
    """Raise, before anything is read, unless there is such a method."""
    if name not in METHODS:
        raise ParameterError(f"--method must be one of {', '.join(METHODS)}, got {name!r}")


def check_place(output: Path | None) -> None:
    """Raise where the result could not be written in the end, before the work."""
    if output is None:
        return
    if output.suffix in (".json", ".txt", ".tsv", ".gz"):
        raise ParameterError(f"--output must be a folder, or end in {' or '.join(TABLES)}, got {output.name!r}")
    if not output.absolute().parent.is_dir():
        raise InputError("cannot write there: the folder does not exist", file=str(output))
    taken = output.suffix not in TABLES and output.exists() and not (output / "graph.json").is_file()
    if taken and not (output.is_dir() and not any(output.iterdir())):
        raise NotAGraphError(f"{output} is there already, and is no graph's folder; choose another one")


def parse_prior(text: str) -> Prior:
    """What --prior says: a name, none, or successes and failures as 1,20.

    >>> parse_prior("1, 20"), parse_prior("none")
    ((1.0, 20.0), None)
    """
    if text == "none":
        return None
    if text in NAMED:
        return text
    pieces = text.split(",")
    try:
        a, b = (float(piece) for piece in pieces)
    except ValueError:
        raise ParameterError(
            f"--prior must be {', '.join(NAMED)}, none, or successes and failures to add, as 1,20; got {text!r}"
        ) from None
    return a, b
