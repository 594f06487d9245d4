"""The whole command: raw files in, every account scored, explained and kept. Each run is a process of its own.

For scale, the peers read the same arcs (as plain text, which they can read) and do one of the many steps: PageRank.
Times include starting Python; memory is the whole process, imports included.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import inputs
from benchmarks.harness import OURS, ROOT, Bar, Case, Contender

NAME = "end_to_end"
_HERE = Path(__file__).resolve().parent
_COLD = f"{OURS}, kernels not compiled yet"


def cases(quick: bool) -> Sequence[Case]:
    """MelCup17 and Higgs as they are distributed, where they are at hand, and a generated town."""
    found = []
    for name in ("melcup17", "higgs"):
        if (inputs.DATA / name).is_dir():
            found.append(_case(name, functools.partial(_load_real, name), 30))
    n = 5_000 if quick else 100_000
    return [*found, _case(f"town of {n:,}", functools.partial(_load_town, n), 60, cold=not quick)]


def bars(figures: dict[str, Any]) -> Sequence[Bar]:
    """No promise of seconds is made for the whole road; what it takes is kept and compared."""
    return []


def _case(name: str, load: Callable[[], dict[str, Any]], budget: float, cold: bool = False) -> Case:
    peers = [Contender(tool, functools.partial(_peer, tool), "PageRank alone") for tool in ("igraph", "networkit")]
    peers.append(Contender("networkx", functools.partial(_peer, "networkx"), "PageRank alone"))
    contenders = [Contender(OURS, _ours), *peers]
    if cold:
        contenders.append(Contender(_COLD, _ours_cold, "the first run of all"))
    return Case(name, load, contenders, _check, _facts, rounds=5, budget=budget)


def _load_real(name: str) -> dict[str, Any]:
    import swayrank as sr

    raw = inputs.DATA / name
    recipe = ROOT / "examples" / f"{name}.toml"
    arcs = {
        "melcup17": lambda: sr.read_graph(raw / "MelCup17_following_network.csv.gz", direction="influences"),
        "higgs": lambda: sr.read_graph(raw / "higgs-retweet_network.edgelist.gz"),
    }[name]()
    files = sorted(path for path in raw.iterdir() if path.is_file())
    return _data(name, ["score", str(recipe), "--data", str(raw)], arcs, inputs.checksum(*files))


def _load_town(n: int) -> dict[str, Any]:
    import swayrank as sr

    folder = inputs.FOLDER / f"town-{n}"
    if not (folder / "truth.csv").exists():
        command = [sys.executable, "-m", "swayrank", "generate", "town", "-n", str(n), "-o", str(folder), "--quiet"]
        subprocess.run(command, check=True)
    files = [folder / f"{name}.csv" for name in ("graph", "events", "posts")]
    command = ["score", "--graph", str(files[0]), "--events", str(files[1]), "--posts", str(files[2])]
    return _data(f"town-{n}", command, sr.read_graph(files[0]), inputs.checksum(*files))


def _data(name: str, command: list[str], graph: Any, sha256: str) -> dict[str, Any]:
    import swayrank as sr

    names = graph.ids.to_numpy()
    u, v = graph.edges()
    path = inputs.text_file(f"end-to-end-{name}-{sha256}", names[u], names[v])
    top = {account for account, _ in sr.pagerank(graph).top(10)}
    kind = "names" if graph.ids.kind == "string" else "integers"
    return {
        "command": command, "path": path, "kind": kind, "top": top, "sha256": sha256,
        "n_nodes": graph.n_nodes, "n_arcs": graph.n_edges,
    }  # fmt: skip


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in ("n_nodes", "n_arcs", "sha256")}


def _check(data: dict[str, Any], name: str, result: Any) -> dict[str, Any]:
    took, answer = result
    facts: dict[str, Any] = {"peak_bytes": took["peak_bytes"]}
    if name in (OURS, _COLD):
        assert answer["n_accounts"] >= data["n_nodes"], f"{answer['n_accounts']} accounts are too few"
        return facts | answer
    assert len(data["top"] & set(answer)) >= 9, f"{name}: other accounts are on top"
    return facts


# -- contenders --------------------------------------------------------------------------------------------------------


def _ours(data: dict[str, Any]) -> Callable[[], Any]:
    _score(data, {})  # compiles what is not compiled yet
    return lambda: _score(data, {})


def _ours_cold(data: dict[str, Any]) -> Callable[[], Any]:
    def run() -> Any:
        with tempfile.TemporaryDirectory() as empty:
            return _score(data, {"SWAYRANK_CACHE_DIR": empty})

    return run


def _score(data: dict[str, Any], environment: dict[str, str]) -> Any:
    folder = Path(tempfile.mkdtemp(dir=inputs.FOLDER))
    command = [sys.executable, "-m", "swayrank", *data["command"], "--quiet", "-o", str(folder / "out")]
    try:
        took = _launched(command, folder, environment)
        run = folder / "out" / "current"
        manifest = json.loads((run / "manifest.json").read_text())
        n_accounts = sum(1 for _ in (run / "scores.csv").open(encoding="utf-8")) - 1
        return took, {"n_accounts": n_accounts, "seconds": manifest["seconds"]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _peer(tool: str, data: dict[str, Any]) -> Callable[[], Any]:
    def run() -> Any:
        folder = Path(tempfile.mkdtemp(dir=inputs.FOLDER))
        answer = folder / "answer.json"
        command = [sys.executable, str(_HERE / "rank_child.py"), tool, str(data["path"]), data["kind"], str(answer)]
        try:
            took = _launched(command, folder, {})
            return took, json.loads(answer.read_text())
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return run


def _launched(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, float]:
    """Through a small process in between; see launch.py."""
    told = folder / "took.json"
    launcher = [sys.executable, "-I", "-S", str(_HERE / "launch.py"), str(told), *command]
    done = subprocess.run(
        launcher, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment}
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    took: dict[str, float] = json.loads(told.read_text())
    return took
