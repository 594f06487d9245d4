"""What all benchmarks share: contenders run alternately, answers checked outside the clock, memory in fresh processes.

A benchmark is a module with ``NAME``, ``cases(quick)`` and ``bars(figures)``. A case is one fixed input and the
contenders that work on it. Contenders import, load and warm up in ``make``; the call it gives is all that the clock
sees. Round by round every contender runs once (A B A B), so that a noisy minute hits all of them alike; a contender
that has used up its budget of seconds drops out. Every repeat is kept.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

OURS = "swayrank"
ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"
_PACKAGES = (
    "swayrank", "numpy", "numba", "llvmlite", "pyarrow", "duckdb", "scipy", "networkit", "igraph", "networkx", "polars",
    "cynetdiff", "ndlib", "pynetim",
)  # fmt: skip


# -- what a benchmark is made of ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contender:
    """One tool at one task.

    Parameters
    ----------
    name : str
        Its name in the results.
    make : callable
        Given the case's data: import, warm up, and give the call that is timed.
    note : str
        What it does differently from the others.
    peak : callable, optional
        Given the case's data, measures its own memory (a tool that lives in another process).
    close : callable, optional
        Lets go of what `make` opened.
    """

    name: str
    make: Callable[[Any], Callable[[], Any]]
    note: str = ""
    peak: Callable[[Any], dict[str, int]] | None = None
    close: Callable[[], None] | None = None


@dataclass(frozen=True)
class Case:
    """One fixed input, the contenders, and how to see that an answer is right.

    Parameters
    ----------
    name : str
        Its name in the results.
    load : callable
        Gives the data; outside the clock.
    contenders : sequence of Contender
        The first is ours.
    check : callable
        Given data, name and result: raises AssertionError if it is wrong, and gives facts worth keeping.
    facts : mapping
        What the input is.
    memory : bool
        Whether each contender also runs once in a process of its own.
    budget : float
        Seconds after which a contender runs no more rounds.
    rounds : int
        Most rounds.
    """

    name: str
    load: Callable[[], Any]
    contenders: Sequence[Contender]
    check: Callable[[Any, str, Any], dict[str, Any]]
    facts: Callable[[Any], Mapping[str, Any]]
    memory: bool = False
    budget: float = 20.0
    rounds: int = 7


@dataclass(frozen=True)
class Timed:
    """A result with the seconds that count instead of the call's: a tool that loads its input in every run, or a call
    that does the task many times.
    """

    result: Any
    seconds: float


@dataclass(frozen=True)
class Bar:
    """A promise and what became of it: `value` is to be at least or at most `limit`."""

    text: str
    value: float
    limit: float
    at_most: bool = False
    met: bool = field(init=False)

    def __post_init__(self) -> None:
        met = self.value <= self.limit if self.at_most else self.value >= self.limit
        object.__setattr__(self, "met", bool(met))


# -- running -----------------------------------------------------------------------------------------------------------


def run(module: Any, *, quick: bool = False) -> dict[str, Any]:
    """Run one benchmark; what it gives is written as JSON."""
    told = {"benchmark": module.NAME, "machine": machine(), "versions": versions(), "quick": quick}
    print(f"{module.NAME}: {told['machine']['text']}", flush=True)
    print("  " + ", ".join(f"{name} {version}" for name, version in told["versions"].items()), flush=True)
    load_before = os.getloadavg()[0]
    if hasattr(module, "figures"):  # it counts instead of timing
        found = module.figures(quick)
        told |= {"cases": {}, "tables": found["tables"], "bars": [asdict(bar) for bar in found["bars"]]}
    else:
        figures = {case.name: run_case(module, case, quick=quick) for case in module.cases(quick)}
        told |= {"load_average": [round(load_before, 2), round(os.getloadavg()[0], 2)], "cases": figures}
        told["bars"] = [asdict(bar) for bar in module.bars(figures)]
    for bar in told["bars"]:
        relation = "at most" if bar["at_most"] else "at least"
        print(
            f"  {'met   ' if bar['met'] else 'MISSED'} {bar['text']}: {bar['value']:.3g}, {relation} {bar['limit']:g}"
        )
    return told


def run_case(module: Any, case: Case, *, quick: bool) -> dict[str, Any]:
    """All contenders of one case: repeats, medians, ratios, memory."""
    data = case.load()
    print(f" {case.name}: {dict(case.facts(data))}", flush=True)
    calls: dict[str, Callable[[], Any]] = {}
    absent: dict[str, str] = {}
    for contender in case.contenders:
        try:
            calls[contender.name] = contender.make(data)
        except Absent as error:
            absent[contender.name] = str(error)
            print(f"  {contender.name:<22} absent: {error}", flush=True)
    rounds = min(3, case.rounds) if quick else case.rounds
    budget = case.budget / 4 if quick else case.budget
    seconds, cpu, facts = _alternate(case, data, calls, rounds, budget)
    for contender in case.contenders:
        if contender.close is not None:
            contender.close()
    here = [contender for contender in case.contenders if contender.name in calls]
    memory = _memory(module, case, data, here, quick) if case.memory else {}
    ours = statistics.median(seconds[OURS])
    result: dict[str, Any] = {"input": dict(case.facts(data)), "contenders": {}, "absent": absent}
    for contender in here:
        median = statistics.median(seconds[contender.name])
        row: dict[str, Any] = {
            "median_s": round(median, 6),
            "ratio": round(median / ours, 4),
            "repeats_s": [round(value, 6) for value in seconds[contender.name]],
        }
        if contender.peak is None and cpu[contender.name]:
            row["cpu_s"] = round(statistics.median(cpu[contender.name]), 6)
        if contender.note:
            row["note"] = contender.note
        row |= facts.get(contender.name, {}) | memory.get(contender.name, {})
        result["contenders"][contender.name] = row
        more = "".join(f", {key} {_short(row[key])}" for key in row if key not in ("median_s", "repeats_s", "note"))
        print(f"  {contender.name:<22} {median:10.4f} s (n={len(seconds[contender.name])}){more}", flush=True)
    return result


class Absent(Exception):  # noqa: N818
    """A peer that is not installed here."""


def _alternate(
    case: Case, data: Any, calls: Mapping[str, Callable[[], Any]], rounds: int, budget: float
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, dict[str, Any]]]:
    """A B A B: one run of everybody per round, and the first answer of each is checked."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    facts: dict[str, dict[str, Any]] = {}
    spent = dict.fromkeys(calls, 0.0)
    for _ in range(rounds):
        for name, call in calls.items():
            if spent[name] > budget:
                continue
            gc.collect()
            worked, began = _worked(), time.perf_counter()
            result = call()
            took = time.perf_counter() - began
            spent[name] += took
            if isinstance(result, Timed):
                took, result = result.seconds, result.result
            else:
                cpu[name].append(_worked() - worked)
            seconds[name].append(took)
            if name not in facts:
                facts[name] = case.check(data, name, result)
            del result
    return seconds, cpu, facts


def _worked() -> float:
    """Processor seconds of this process and of the children that it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _memory(
    module: Any, case: Case, data: Any, contenders: Iterable[Contender], quick: bool
) -> dict[str, dict[str, Any]]:
    """Each contender once in a fresh process."""
    measured: dict[str, dict[str, Any]] = {}
    for contender in contenders:
        if contender.peak is not None:
            measured[contender.name] = dict(contender.peak(data))
            continue
        command = [
            sys.executable,
            "-m",
            "benchmarks.worker",
            module.NAME,
            case.name,
            contender.name,
            str(int(quick)),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{contender.name} failed in its own process:\n{done.stderr[-4000:]}")
        measured[contender.name] = json.loads(done.stdout.splitlines()[-1])
    return measured


def import_benchmark(name: str) -> Any:
    """The module of a benchmark by its name."""
    return importlib.import_module(f"benchmarks.{name}")


# -- memory ------------------------------------------------------------------------------------------------------------


def resident_bytes() -> int:
    """What this process holds in memory now."""
    return _status("VmRSS")


def reset_peak() -> None:
    """Let the peak begin anew. Unlike ``ru_maxrss``, which a child inherits from whoever started it, this one can."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The most that this process held since `reset_peak`."""
    return _status("VmHWM")


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"this system does not tell {key}")


def trim() -> None:
    """Give freed memory back, so that what is measured next is what is alive."""
    gc.collect()
    try:
        import ctypes

        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except OSError:
        return


# -- what it ran on ----------------------------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory, Python."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    text = f"{_processor()}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    text += f", Python {platform.python_version()}"
    return {"text": text, "cores": cores, "memory_gib": round(memory, 1)}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return (
        f"{facts.get('model name', 'unknown processor')} (family {facts.get('cpu family')}, model {facts.get('model')})"
    )


def versions() -> dict[str, str]:
    """Versions of all that takes part."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    from benchmarks.graph_tool_peer import version  # which needs this module first

    return found | {"graph-tool": version() or "absent"}


# -- results -----------------------------------------------------------------------------------------------------------


def save(result: Mapping[str, Any], folder: Path) -> Path:
    """Write one result."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['benchmark']}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def ratio(figures: Mapping[str, Any], case: str, peer: str, key: str = "median_s") -> float:
    """How many times as much of `key` the peer takes as we do; 0 if it did not run."""
    rows = figures[case]["contenders"] if case in figures else {}
    if peer not in rows or key not in rows[peer]:
        return 0.0
    return float(rows[peer][key] / max(rows[OURS][key], 1e-9))


def _short(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
