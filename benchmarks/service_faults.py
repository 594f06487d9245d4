"""What is lost when the service is killed: while events come in, while a job scores, while a run is published.

Each time a real process gets SIGKILL at a moment drawn from a fixed state, and is started anew on what it left. Events:
four clients send batches of 100; what was acknowledged must be there, once, and a batch wholly or not at all. Scoring:
a job makes a run of the live events while the service dies under it. Publishing: `swayrank score` dies while it writes
into the folder that is served. After each, the run that is served must be whole on disk (its files have the hashes that
its manifest tells) and fifty of its accounts must be told as it holds them.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.harness import ROOT, Absent, Bar
from benchmarks.service_ingest import _FIELDS, _postgres, _row, _scored_town

sys.path.insert(0, str(ROOT))
NAME = "service_faults"
_KILLS, _QUICK_KILLS, _CLIENTS, _BATCH = 20, 2, 4, 100
_OPTIONS = ("--rate-limit", "0", "--refresh", "0")


@dataclass
class Found:
    """What came of the kills of one kind."""

    kills: int
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    halves: int = 0
    new_runs: int = 0
    seconds: list[float] = field(default_factory=list)

    def row(self, what: str) -> list[str]:
        """A line of the table."""
        events = [f"{n:,}" if self.acknowledged else "" for n in (self.acknowledged, self.lost, self.twice)]
        back = [f"{statistics.median(self.seconds):.1f}", f"{max(self.seconds):.1f}"] if self.seconds else ["", ""]
        return [what, str(self.kills), *events, str(self.new_runs or ""), str(self.halves), *back]


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables."""
    kills, load = _QUICK_KILLS if quick else _KILLS, os.getloadavg()[0]
    found = {"events come in, SQLite": _ingestion(kills, None)}
    try:
        server = _postgres()
    except Absent as told:
        print(f"  PostgreSQL left out: {told}", flush=True)
    else:
        found["events come in, PostgreSQL"] = _ingestion(kills, server)
        server.__exit__(None, None, None)
    found["a job scores"] = _scoring(kills)
    found["a run is published"] = _publishing(kills)
    head = ["killed while", "kills", "events acknowledged", "lost", "twice", "new runs", "half", "s until it serves",
            "longest"]  # fmt: skip
    return {
        "bars": [
            Bar("acknowledged events that were lost", sum(one.lost for one in found.values()), 0, at_most=True),
            Bar("events that were kept twice", sum(one.twice for one in found.values()), 0, at_most=True),
            Bar("half batches and half results", sum(one.halves for one in found.values()), 0, at_most=True),
        ],
        "tables": [
            {
                "title": f"SIGKILL (load average before: {load:.1f})",
                "head": head,
                "rows": [one.row(what) for what, one in found.items()],
            }
        ],
    }


# -- events ------------------------------------------------------------------------------------------------------------


def _ingestion(kills: int, server: Any) -> Found:
    from swayrank.stores import open_store

    found, moments, acknowledged = Found(kills), random.Random(7), set[tuple[int, int]]()
    with tempfile.TemporaryDirectory() as folder:
        out = _town(Path(folder))
        database = out / "service.db" if server is None else server.database()
        options = () if server is None else ("--database", database)
        for life in range(kills):
            served = _start(out, Path(folder, f"log{life}"), found, *options)
            acknowledged |= {(life, batch) for batch in _send(served, life, 0.1 + moments.random())}
        with open_store(database) as store:
            kept = Counter(row.key for rows in store.events.read() for row in rows)
    found.acknowledged = _BATCH * len(acknowledged)
    found.lost = sum(_key(*one, i) not in kept for one in acknowledged for i in range(_BATCH))
    found.twice = sum(n - 1 for n in kept.values())
    batches = Counter(key.rpartition("-")[0] for key in kept)
    found.halves = sum(n != _BATCH for n in batches.values())
    return found


def _key(life: int, batch: int, i: int) -> str:
    return f"{life}-{batch}-{i}"


def _send(served: Any, life: int, seconds: float) -> list[int]:
    """Send until the service dies, `seconds` after the first answer; which batches it acknowledged."""
    acknowledged, first = list[int](), threading.Event()

    def client(which: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", served.port)
        for batch in range(which, sys.maxsize, _CLIENTS):
            rows = [dict(zip(_FIELDS, _row(life, i), strict=True)) for i in range(_BATCH)]
            events = [row | {"key": _key(life, batch, i)} for i, row in enumerate(rows)]
            try:
                headers = {"Content-Type": "application/json"}
                line.request("POST", "/api/v1/events", json.dumps({"events": events}), headers)
                answer = line.getresponse()
                if answer.status == 200 and json.loads(answer.read())["accepted"] == _BATCH:
                    acknowledged.append(batch)
                    first.set()
            except (OSError, http.client.HTTPException):
                return

    clients = [threading.Thread(target=client, args=(which,)) for which in range(_CLIENTS)]
    for one in clients:
        one.start()
    if not first.wait(60):
        raise RuntimeError("no batch was acknowledged")
    time.sleep(seconds)
    _kill(served)
    for one in clients:
        one.join()
    return acknowledged


# -- runs --------------------------------------------------------------------------------------------------------------


def _scoring(kills: int) -> Found:
    found, moments = Found(kills), random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        out = _town(Path(folder))
        usual = None
        for life in range(kills):
            served = _start(out, Path(folder, f"log{life}"), found)
            before = _checked(served, out, found)
            rows = [dict(zip(_FIELDS, _row(life, i), strict=True)) for i in range(_BATCH)]
            served.client.post("/api/v1/events", json={"events": rows}).raise_for_status()
            began = time.perf_counter()
            served.client.post("/api/v1/jobs", json={"kind": "score"}).raise_for_status()
            if usual is None:  # the first is let finish: how long it takes
                _until(lambda served=served, before=before: _served_run(served) != before)
                usual = time.perf_counter() - began
            else:
                time.sleep(usual * 1.1 * moments.random())
            _kill(served)
            found.new_runs += _current(out) != before
        _last(out, Path(folder, "log"), found)
    return found


def _publishing(kills: int) -> Found:
    found, moments = Found(kills), random.Random(13)
    with tempfile.TemporaryDirectory() as folder:
        out = _town(Path(folder))
        served = _start(out, Path(folder, "log"), None)
        town = _scored_town().parent / "town"
        words = [sys.executable, "-m", "swayrank", "score", str(town / "graph.csv"), str(town / "events.csv")]
        words += ["-o", str(out), "--replicates", "20", "--quiet"]
        began = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        usual = time.perf_counter() - began
        for _ in range(kills):
            before = _current(out)
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
            time.sleep(usual * (0.6 + 0.5 * moments.random()))
            process.kill()
            process.wait()
            found.new_runs += _current(out) != before
            _checked(served, out, found)
        served.stop()
        _last(out, Path(folder, "log"), found)
    return found


def _last(out: Path, log: Path, found: Found) -> None:
    """Once more, started on what all the kills left."""
    served = _start(out, log, None)
    _checked(served, out, found)
    served.stop()


def _checked(served: Any, out: Path, found: Found) -> str:
    """Which run is served; it is counted as a half one unless it is whole and told as it is."""
    from swayrank.errors import SwayrankError
    from swayrank.scoring.keep import load_scores

    run = _served_run(served)
    try:
        kept = load_scores(out / "runs" / run)
        names = [str(one) for one in kept.ids[:: max(1, len(kept) // 50)]]
        told = [served.client.get(f"/api/v1/accounts/{quote(name, safe='')}").json() for name in names]
        whole = all(one["score"] == kept.row(name).score for name, one in zip(names, told, strict=True))
    except (SwayrankError, KeyError):
        whole = False
    if _served_run(served) == run:  # otherwise another took its place in between
        found.halves += not whole
    return run


def _served_run(served: Any) -> str:
    return str(served.client.get("/api/v1/run").raise_for_status().json()["id"])


def _current(out: Path) -> str:
    return (out / "current").resolve().name


# -- processes ---------------------------------------------------------------------------------------------------------


def _town(folder: Path) -> Path:
    return Path(shutil.copytree(_scored_town(), folder / "out", symlinks=True))


def _start(out: Path, log: Path, found: Found | None, *options: str) -> Any:
    from tests.assembled import Served

    began = time.perf_counter()
    served = Served(out, log, *_OPTIONS, *options)
    if found is not None:
        found.seconds.append(time.perf_counter() - began)
    return served


def _kill(served: Any) -> None:
    """SIGKILL; the service's children end by themselves."""
    served._process.kill()
    served.stop()


def _until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.1)
