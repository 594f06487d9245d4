"""Fifty seeds of the highest joint spread: the engine beside SUBSIM, HIST, OPIM-C and PyNetIM.

Everybody is asked for the same guarantee, 1 - 1/e - epsilon with probability 1 - 1/n. Equal epsilon is not equal
quality, so all answers are valued by one and the same independent simulation, and ours must be worth at least 0.98 of
each peer's. Models and graphs are made outside the clock; every call makes its samples anew.

Memory is that of a whole process that reads the graph from its own binary format, swayrank's with Python and imports.
``stored_bytes`` is what samples take up. SUBSIM's is computed from its data structures, from below: a vector header (24
bytes) per set, and two per node; per member 4 bytes in the set and 8 in the inverted lists. It stores its samples for
validation, too. How many members a set has is taken from ours, since both draw from one distribution.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, inputs, ris_peers
from benchmarks.harness import OURS, ROOT, Absent, Bar, Case, Contender, ratio

NAME = "seeds"
K = 50
ONE_THREAD = f"{OURS}-1"
WEIGHTED, THRESHOLD = "weighted cascade", "linear threshold"
_LEAST_QUALITY = 0.98
_EPSILONS = (0.1, 0.01)
_RUNS = {"nethept": 2_000, "epinions": 500}
_FEW_RUNS = 100


def cases(quick: bool) -> Sequence[Case]:
    """Models by graphs by epsilons."""
    small = [name for name in ("nethept", "epinions") if (inputs.DATA / inputs.REAL[name][0]).exists()]
    if quick:
        return [_case(name, rule, 0.1) for name in ["rmat16", *small[:1]] for rule in (WEIGHTED, THRESHOLD)]
    found = [(name, rule) for name in ("rmat20", *small) for rule in (WEIGHTED, THRESHOLD)]
    grid = [_case(name, rule, epsilon) for name, rule in found for epsilon in _EPSILONS]
    if "epinions" in small:
        grid += [_case("epinions", f"p = {prob}", 0.1) for prob in (0.1, 0.01)]
    if (inputs.DATA / inputs.REAL["slashdot"][0]).exists():
        grid.append(_case("slashdot", WEIGHTED, 0.1))
    return grid


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """Times the peers' time, at no worse seeds; and memory. A peer that is absent sets no bar."""
    return [bar for name, case in figures.items() for bar in _bars(name, case, figures)]


def _bars(name: str, case: dict[str, Any], figures: dict[str, Any]) -> Iterator[Bar]:
    rows, rule = case["contenders"], case["input"]["model"]
    large = name.startswith("rmat")

    def faster(peer: str, limit: float) -> Iterator[Bar]:
        if peer in rows:
            yield Bar(f"{name}: times {peer}'s time, 2 threads", ratio(figures, name, peer), limit)

    if rule == WEIGHTED and "subsim" in rows:
        yield from faster("subsim", 6 if large else 1)
        if large:
            once = rows["subsim"]["median_s"] / rows[ONE_THREAD]["median_s"]
            yield Bar(f"{name}: times subsim's time, 1 thread", once, 3)
        share = rows[OURS]["stored_bytes"] / rows["subsim"]["stored_bytes"]
        yield Bar(f"{name}: share of subsim's bytes of samples", share, 0.5, at_most=True)
        if name.startswith("rmat20"):
            share = rows[OURS]["peak_bytes"] / rows["subsim"]["peak_bytes"]
            yield Bar(f"{name}: share of subsim's peak, whole process", share, 1, at_most=True)
    elif rule == THRESHOLD:
        yield from faster("opim-c", 3)
    elif rule != WEIGHTED:
        yield from faster("hist", 2)
        yield from faster("subsim", 1)
    for peer in rows:
        if peer not in (OURS, ONE_THREAD):
            yield Bar(f"{name}: share of {peer}'s spread", rows[OURS]["spread"] / rows[peer]["spread"], _LEAST_QUALITY)


# -- inputs ------------------------------------------------------------------------------------------------------------


def _case(name: str, rule: str, epsilon: float) -> Case:
    prob = float(rule[4:]) if rule.startswith("p = ") else None
    peers = [ris_peers.OPIM_LT] if rule == THRESHOLD else [ris_peers.SUBSIM, ris_peers.HIST]
    contenders = [
        Contender(OURS, functools.partial(_ours, 2), "2 threads", peak=functools.partial(peak, 2)),
        Contender(ONE_THREAD, functools.partial(_ours, 1), "1 thread", peak=functools.partial(peak, 1)),
        *(tool.contender(prob, K, epsilon) for tool in peers),
    ]
    if not name.startswith("rmat"):
        contenders.append(Contender("pynetim", _pynetim, "its OPIM-C", peak=lambda data: {}))
    return Case(
        f"{name}, {rule}, epsilon {epsilon:g}", functools.partial(load, name, rule, epsilon), contenders, _check,
        facts, memory=True, budget=4, rounds=5,
    )  # fmt: skip


@functools.lru_cache(maxsize=1)
def arcs(name: str) -> dict[str, Any]:
    """``u, v, n, sha256``, and the graph of them."""
    import swayrank as sr

    if name.startswith("rmat"):
        scale = int(name[4:])
        found: dict[str, Any] | None = inputs.rmat_distinct(scale) | {"n": 1 << scale}
    else:
        found = inputs.real_arcs(name)
    assert found is not None
    return found | {"graph": sr.Graph.from_edges(found["u"], found["v"], n_nodes=found["n"])}


def load(name: str, rule: str, epsilon: float) -> dict[str, Any]:
    return arcs(name) | {"name": name, "rule": rule, "epsilon": epsilon}


def facts(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "n_nodes": data["n"], "n_arcs": int(data["u"].size), "sha256": data["sha256"],
        "model": data["rule"], "epsilon": data["epsilon"], "k": K,
    }  # fmt: skip


def model(graph: Any, rule: str) -> Any:
    """A new model, which nobody has drawn from."""
    import swayrank as sr

    if rule == THRESHOLD:
        return sr.LinearThreshold(graph)
    return sr.IndependentCascade(graph, prob="weighted_cascade" if rule == WEIGHTED else float(rule[4:]))


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(threads: int, data: dict[str, Any]) -> Callable[[], Any]:
    def choose() -> Any:
        return select(data["graph"], data["rule"], data["epsilon"], threads)

    choose()
    return choose


def select(graph: Any, rule: str, epsilon: float, threads: int) -> Any:
    """Our call."""
    import swayrank as sr

    delta = 1 / graph.n_nodes
    return sr.select_seeds(model(graph, rule), k=K, epsilon=epsilon, delta=delta, rng=7, threads=threads)


def warm_up(rule: str, threads: int) -> None:
    """Import and compile, on a chain."""
    import swayrank as sr

    ends = np.arange(101, dtype=np.uint32)
    select(sr.Graph.from_edges(ends[:-1], ends[1:], n_nodes=101), rule, 0.1, threads)


def _pynetim(data: dict[str, Any]) -> Callable[[], Any]:
    try:
        from pynetim import IMGraph
        from pynetim.algorithms import OPIMCAlgorithm
    except ImportError:
        raise Absent("pynetim is not installed") from None
    u, v, n = data["u"], data["v"], data["n"]
    prob = 1 / np.bincount(u, minlength=n)[u] if data["rule"] in (WEIGHTED, THRESHOLD) else float(data["rule"][4:])
    weights = np.broadcast_to(prob, u.shape).tolist()
    graph = IMGraph(list(zip(v.tolist(), u.tolist(), strict=True)), weights=weights, renumber=False)

    def choose() -> ris_peers.Found:
        algorithm = OPIMCAlgorithm(graph, "LT" if data["rule"] == THRESHOLD else "IC", random_seed=7)
        seeds = algorithm.run(K, data["epsilon"], 1 / n)
        told = {"guarantee": algorithm.get_approximation(), "own_spread": algorithm.get_influence()}
        return ris_peers.Found(tuple(seeds), told)

    return choose


def peak(threads: int, data: dict[str, Any]) -> dict[str, int]:
    """The most that a process holds that opens the saved graph and does nothing else; and that above the graph."""
    saved = inputs.FOLDER / f"graph-{data['sha256']}"
    if not saved.exists():
        data["graph"].save(saved)
    words = ["-m", "benchmarks.seeds", saved, data["rule"], data["epsilon"], threads]
    return peak_of([sys.executable, *map(str, words)])


def peak_of(command: list[str]) -> dict[str, int]:
    """The peak of a command of ours, and what else it tells in its last line."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        launcher = [sys.executable, "-I", "-S", "benchmarks/launch.py", str(told), *command]
        done = subprocess.run(launcher, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        more: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
        return {"peak_bytes": int(json.loads(told.read_text())["peak_bytes"])} | more


# -- answers -----------------------------------------------------------------------------------------------------------


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    """What the seeds are worth, and what the contender says of them."""
    import swayrank as sr

    seeds = [int(seed) for seed in result.seeds]
    assert len(set(seeds)) == K, f"{name}: {len(set(seeds))} seeds"
    runs = _RUNS.get(data["name"], _FEW_RUNS)
    valued = sr.simulate(model(data["graph"], data["rule"]), seeds=seeds, n_runs=runs, rng=99)
    found: dict[str, Any] = {"spread": valued.mean, "spread_interval": list(valued.interval)}
    if name in (OURS, ONE_THREAD):
        told = {
            key: getattr(result, key)
            for key in ("lower_bound", "upper_bound", "guarantee", "n_samples", "stored_bytes")
        }
        members = getattr(result, "members", None)
        if members:
            told |= {"mean_set_size": members / result.n_samples}
            data["mean_set_size"] = members / result.n_samples
        same = data.setdefault("seeds", seeds)
        assert seeds == same, "the seeds depend on the number of threads"
        data["spread"] = valued.mean
        return found | told
    assert data["spread"] >= _LEAST_QUALITY * valued.mean, (
        f"our seeds reach {data['spread']:.6g} accounts, {name}'s {valued.mean:.6g}"
    )
    if name == "subsim" and "mean_set_size" in data:
        n_sets = result.facts["n_samples"]
        found["stored_bytes"] = int(24 * (n_sets + 2 * data["n"]) + 12 * data["mean_set_size"] * n_sets)
    return found | result.facts


def main() -> None:
    """Take folder, model, epsilon, threads; print a line of JSON."""
    import swayrank as sr

    folder, rule, epsilon, threads = sys.argv[1:]
    warm_up(rule, int(threads))
    graph = sr.Graph.open(folder)
    harness.trim()
    before = harness.resident_bytes()
    harness.reset_peak()
    assert select(graph, rule, float(epsilon), int(threads)) is not None
    print(json.dumps({"peak_above_imports_bytes": harness.peak_bytes() - before}))


if __name__ == "__main__":
    main()
