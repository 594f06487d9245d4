"""Cascades from fifty seeds, the accounts with the most followers: the engine beside CyNetDiff, NDlib, a plain loop.

Seconds are those of 1,000 cascades, so they are milliseconds per cascade; how many of them a call runs differs. Models
are made outside the clock. The plain loop is ``plain_loop.cpp``, compiled here with ``g++ -O3 -march=native`` and timed
by its own clock: a queue, flat arrays, a draw per arc or a threshold per account; one thread. CyNetDiff's models are
made from arrays; it is driven cascade by cascade from Python, as there is no other way to it. NDlib is given every
edge's probability, since it carries one edge's over to the next. Means must agree within five standard errors.
"""

from __future__ import annotations

import array
import functools
import math
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import inputs
from benchmarks.harness import OURS, Absent, Bar, Case, Contender, Timed, ratio
from benchmarks.seeds import ONE_THREAD, THRESHOLD, WEIGHTED, arcs, model

NAME = "cascades"
_N_SEEDS = 50
_SOURCE = Path(__file__).with_name("plain_loop.cpp")


class Runs(NamedTuple):
    """Cascades per call: ours, CyNetDiff's, NDlib's (0: it takes too long), the plain loop's."""

    ours: int
    cynetdiff: int
    ndlib: int
    plain: int


_RUNS = {
    ("nethept", WEIGHTED): Runs(40_000, 5_000, 5, 10_000),
    ("nethept", "p = 0.1"): Runs(20_000, 3_000, 5, 10_000),
    ("nethept", THRESHOLD): Runs(20_000, 1_000, 2, 5_000),
    ("epinions", WEIGHTED): Runs(4_000, 200, 2, 500),
    ("epinions", "p = 0.1"): Runs(2_000, 100, 2, 500),
    ("epinions", "p = 0.01"): Runs(10_000, 500, 2, 2_000),
    ("epinions", THRESHOLD): Runs(1_000, 15, 1, 200),
    ("rmat20", WEIGHTED): Runs(96, 3, 0, 5),
    ("rmat20", "p = 0.1"): Runs(1_024, 3, 0, 4),
    ("rmat20", THRESHOLD): Runs(64, 1, 0, 2),
}


def cases(quick: bool) -> Sequence[Case]:
    """Weighted cascade, equal probabilities and Linear Threshold, on two real graphs and a large one."""
    if quick:
        return [_case("rmat16", rule, Runs(1_000, 3, 0, 30)) for rule in (WEIGHTED, "p = 0.1", THRESHOLD)]
    return [
        _case(name, rule, runs)
        for (name, rule), runs in _RUNS.items()
        if name.startswith("rmat") or (inputs.DATA / inputs.REAL[name][0]).exists()
    ]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """With two threads, times the peers' time; who is absent sets no bar."""
    limits = {"cynetdiff": 8, "plain loop": 3, "ndlib": 1000}
    return [
        Bar(f"{name}: times {peer}'s time, 2 threads", ratio(figures, name, peer), limit)
        for name, case in figures.items()
        for peer, limit in limits.items()
        if peer in case["contenders"]
    ]


def _case(name: str, rule: str, runs: Runs) -> Case:
    contenders = [
        Contender(OURS, functools.partial(_ours, 2), "2 threads"),
        Contender(ONE_THREAD, functools.partial(_ours, 1), "1 thread"),
        Contender("plain loop", _plain, "C++, one thread, its own clock"),
        Contender("cynetdiff", _cynetdiff, "1 thread"),
        *([Contender("ndlib", _ndlib)] if runs.ndlib else []),
    ]
    return Case(
        f"{name}, {rule}", functools.partial(_load, name, rule, runs), contenders, _check, _facts, rounds=3, budget=5
    )


def _load(name: str, rule: str, runs: Runs) -> dict[str, Any]:
    """Rows of followers, who are influenced, with weights; and the seeds."""
    found = arcs(name)
    u, v, n = found["u"], found["v"], found["n"]
    followed, followers = np.bincount(u, minlength=n), np.bincount(v, minlength=n)
    by_followed = u[np.argsort(v, kind="stable")]
    weight = 1 / followed[by_followed] if rule in (WEIGHTED, THRESHOLD) else np.full(u.size, float(rule[4:]))
    return found | {
        "rule": rule, "runs": runs,
        "seeds": np.argsort(-followers, kind="stable")[:_N_SEEDS].astype(np.uint32),
        "rows": np.concatenate([[0], np.cumsum(followers)]).astype(np.uint64),
        "followers": by_followed, "weight": weight.astype(np.float32),
    }  # fmt: skip


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"], "model": data["rule"],
        "n_seeds": _N_SEEDS, "seconds_are_of": "1,000 cascades",
    }  # fmt: skip


class _Sample(NamedTuple):
    """Mean number of active accounts, its standard error, and of how many cascades."""

    mean: float
    std_error: float
    n_runs: int


def _of(sizes: Sequence[int]) -> _Sample:
    return _Sample(float(np.mean(sizes)), float(np.std(sizes) / math.sqrt(len(sizes))), len(sizes))


def _check(data: dict[str, Any], name: str, found: _Sample) -> dict[str, Any]:
    """Ours gives the spread of one cascade, by which the others' means are judged, few as their cascades may be."""
    if name == OURS:
        data["found"] = found
    ours = data["found"]
    deviation = ours.std_error * math.sqrt(ours.n_runs)
    error = deviation * math.sqrt(1 / ours.n_runs + 1 / found.n_runs)
    assert abs(found.mean - ours.mean) <= 5 * error + 1e-9, f"{name}: {found.mean:.6g} accounts, ours {ours.mean:.6g}"
    return {"mean": found.mean, "std_error": found.std_error, "n_runs": found.n_runs}


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(threads: int, data: dict[str, Any]) -> Callable[[], Timed]:
    import swayrank as sr

    seeds, n_runs = data["seeds"].tolist(), data["runs"].ours
    made = model(data["graph"], data["rule"])
    sr.simulate(made, seeds=seeds, n_runs=2, rng=7, threads=threads)

    def run() -> Timed:
        began = time.perf_counter()
        found = sr.simulate(made, seeds=seeds, n_runs=n_runs, rng=7, threads=threads)
        took = time.perf_counter() - began
        return Timed(_Sample(found.mean, found.std_error, found.n_runs), took / n_runs * 1000)

    return run


@functools.lru_cache(maxsize=1)
def _compiled() -> str:
    compiler = shutil.which("g++")
    if compiler is None:
        raise Absent("g++ is not installed")
    program = inputs.FOLDER / f"plain_loop-{inputs.checksum(_SOURCE)}"
    if not program.exists():
        inputs.FOLDER.mkdir(parents=True, exist_ok=True)
        options = ["-std=c++17", "-O3", "-march=native"]
        subprocess.run([compiler, *options, str(_SOURCE), "-o", str(program)], check=True)
    return str(program)


def _plain(data: dict[str, Any]) -> Callable[[], Timed]:
    program, n_runs = _compiled(), data["runs"].plain
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "graph"
    with path.open("wb") as file:
        np.array([data["n"], data["followers"].size, _N_SEEDS], np.uint64).tofile(file)
        for key in ("rows", "followers", "weight", "seeds"):
            data[key].tofile(file)
    kind = "lt" if data["rule"] == THRESHOLD else "ic"

    def run() -> Timed:
        command = [program, str(Path(folder.name) / "graph"), kind, str(n_runs)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        ms, mean, std_error = map(float, done.stdout.split())
        return Timed(_Sample(mean, std_error, n_runs), ms)

    return run


def _cynetdiff(data: dict[str, Any]) -> Callable[[], Timed]:
    try:
        from cynetdiff.models import IndependentCascadeModel, LinearThresholdModel
    except ImportError:
        raise Absent("cynetdiff is not installed") from None
    starts = array.array("I", data["rows"][:-1].astype(np.uint32).tobytes())
    edges = array.array("I", data["followers"].tobytes())
    weights = array.array("f", data["weight"].tobytes())
    if data["rule"] == THRESHOLD:
        made = LinearThresholdModel(starts, edges, influence=weights, rng=7)
    elif data["rule"] == WEIGHTED:
        made = IndependentCascadeModel(starts, edges, activation_probs=weights, rng=7)
    else:
        made = IndependentCascadeModel(starts, edges, activation_prob=float(data["rule"][4:]), rng=7)
    made.set_seeds(data["seeds"].tolist())

    def cascade() -> int:
        made.reset_model()
        made.advance_until_completion()
        return int(made.get_num_activated_nodes())

    return _one_by_one(cascade, data["runs"].cynetdiff)


def _one_by_one(cascade: Callable[[], int], n_runs: int) -> Callable[[], Timed]:
    cascade()

    def run() -> Timed:
        began = time.perf_counter()
        sizes = [cascade() for _ in range(n_runs)]
        took = time.perf_counter() - began
        return Timed(_of(sizes), took / n_runs * 1000)

    return run


def _ndlib(data: dict[str, Any]) -> Callable[[], Timed]:
    try:
        import networkx as nx
        from ndlib.models import ModelConfig
        from ndlib.models.epidemics import IndependentCascadesModel, ThresholdModel
    except ImportError as error:
        raise Absent(f"ndlib is not installed, or not whole: {error}") from None
    graph = nx.DiGraph()
    graph.add_nodes_from(range(data["n"]))
    influencer = np.repeat(np.arange(data["n"]), np.diff(data["rows"].astype(np.int64)))
    pairs = list(zip(influencer.tolist(), data["followers"].tolist(), strict=True))
    graph.add_edges_from(pairs)
    config = ModelConfig.Configuration()
    config.add_model_initial_configuration("Infected", data["seeds"].tolist())
    rng, threshold = np.random.default_rng(7), data["rule"] == THRESHOLD
    if not threshold:
        config.config["edges"]["threshold"] = dict(zip(pairs, data["weight"].tolist(), strict=True))
    np.random.seed(7)
    made = (ThresholdModel if threshold else IndependentCascadesModel)(graph)
    made.set_initial_status(config)

    def cascade() -> int:
        made.reset(infected_nodes=data["seeds"].tolist())
        if threshold:
            made.params["nodes"]["threshold"] = dict(enumerate(rng.random(data["n"]).tolist()))
        made.iteration(node_status=False)  # the first one only tells who is active
        while any(made.iteration(node_status=False)["status_delta"].values()):
            pass
        return sum(status != 0 for status in made.status.values())

    return _one_by_one(cascade, data["runs"].ndlib)
