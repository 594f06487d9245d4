"""SUBSIM, HIST and OPIM-C as contenders: command-line tools that are built elsewhere and found through the environment.

``SUBSIM`` and ``OPIM`` name the executables, ``SUBSIM_COMMIT`` and ``OPIM_COMMIT`` say what they were built from. Where
a variable is not set, the tool is absent. Their clock is their own: what a run says it took from the loaded graph to
the seeds. Their memory is that of the whole process.

Their arcs point the way that influence goes, swayrank's (u, v) says that u follows v, so the ends change places. An
account that follows nobody gets a loop: it changes no sample, since who is active already cannot be activated again,
and without it HIST crashes, SUBSIM reads past the end of an empty row where all probabilities are equal, and OPIM's
formatter gives wrong weights.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.harness import ROOT, Absent, Contender, Timed

_FIGURES = {
    "seconds": r"\|Time \(sec\): (\S+)",
    "guarantee": r"\|Approx\.: (\S+)",
    "own_spread": r"\|Self-estimated influence: (\S+)",
    "n_samples": r"\|#RR sets: (\S+)",
}
CLOCK = "its own clock, graph loaded; one thread"


@dataclass(frozen=True)
class Found:
    """What one run of a tool came to."""

    seeds: tuple[int, ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """One of them.

    Parameters
    ----------
    name : str
        Of the contender.
    variable : str
        Of the environment, that names the executable.
    format : callable
        Given the probability (a number or None for the weighted cascade), options that format a graph.
    options : tuple of str
        Of a run.
    """

    name: str
    variable: str
    format: Callable[[float | None], tuple[str, ...]]
    options: tuple[str, ...]

    def contender(self, prob: float | None, k: int, epsilon: float) -> Contender:
        """It as a contender; the case's data are ``u, v, n, sha256``."""
        peaks: list[int] = []

        def make(data: dict[str, Any]) -> Callable[[], Timed]:
            folder = self._formatted(data, prob)
            options = (*self.options, f"-seedsize={k}", f"-eps={epsilon}", f"-delta={1 / data['n']:.17g}")

            def select() -> Timed:
                text, seeds, peak = self._run(folder, options)
                peaks.append(peak)
                told: dict[str, Any] = {key: _last(pattern, text) for key, pattern in _FIGURES.items()}
                seconds = told.pop("seconds")
                commit = os.environ.get(f"{self.variable}_COMMIT", "not told")
                told |= {"n_samples": int(told["n_samples"]), "commit": commit}
                return Timed(Found(seeds, told), seconds)

            return select

        return Contender(self.name, make, CLOCK, peak=lambda data: {"peak_bytes": max(peaks)})

    def _executable(self) -> str:
        path = os.environ.get(self.variable)
        if not path:
            raise Absent(f"the environment's {self.variable} names no executable")
        found = shutil.which(path)
        if found is None:
            raise Absent(f"{self.variable}={path} is no executable")
        return str(Path(found).absolute())

    def _formatted(self, data: dict[str, Any], prob: float | None) -> Path:
        """The folder with the graph as the tool reads it, made once."""
        executable = self._executable()
        folder = inputs.FOLDER / f"{self.variable.lower()}-{data['sha256']}-{prob or 'wc'}"
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write_arcs(folder / "graph", data)
            command = [executable, f"-dir={folder}", "-gname=graph", *self.format(prob)]
            subprocess.run(command, check=False, capture_output=True)  # OPIM's answers 1 when all is well
            if not list(folder.glob("graph.*")):
                raise RuntimeError(f"{self.name} did not format {folder}")
            (folder / "graph").unlink()
            (folder / "done").touch()
        return folder

    def _run(self, folder: Path, options: tuple[str, ...]) -> tuple[str, tuple[int, ...], int]:
        """What it prints, the seeds, and the peak in bytes."""
        with tempfile.TemporaryDirectory(dir=inputs.FOLDER) as out:
            told, result = Path(out) / "told.json", Path(out) / "result"
            tool = [self._executable(), f"-dir={folder}", "-gname=graph", f"-outpath={result}", *options]
            launcher = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "launch.py"), str(told), *tool]
            done = subprocess.run(launcher, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{self.name} failed ({done.returncode}):\n{(done.stdout + done.stderr)[-2000:]}")
            (file,) = (result / "seed").iterdir()
            seeds = tuple(map(int, file.read_text().split()))
            return done.stdout, seeds, int(json.loads(told.read_text())["peak_bytes"])


def _subsim_format(prob: float | None) -> tuple[str, ...]:
    return ("-func=format", "-pdist=wc") if prob is None else ("-func=format", "-pdist=uniform", f"-pedge={prob}")


SUBSIM = Tool("subsim", "SUBSIM", _subsim_format, ("-func=im",))
HIST = Tool("hist", "SUBSIM", _subsim_format, ("-func=im", "-hist=1"))
OPIM_LT = Tool(
    "opim-c", "OPIM", lambda prob: ("-func=0", "-mode=g"), ("-func=1", "-alg=opim-c", "-model=LT", "-pdist=WC")
)


def _last(pattern: str, text: str) -> float:
    return float(re.findall(pattern, text)[-1])


def _write_arcs(path: Path, data: dict[str, Any]) -> None:
    """``n m`` and then who influences whom, line by line; a loop for who follows nobody."""
    import pyarrow as pa
    from pyarrow import csv

    n, u, v = data["n"], data["u"], data["v"]
    alone = np.flatnonzero(np.bincount(u, minlength=n) == 0).astype(np.uint32)
    table = pa.table({"from": np.concatenate([v, alone]), "to": np.concatenate([u, alone])})
    with path.open("wb") as file:
        file.write(f"{n} {table.num_rows}\n".encode())
        csv.write_csv(table, file, csv.WriteOptions(include_header=False, delimiter=" "))
