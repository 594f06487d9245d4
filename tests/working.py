"""A small result with its files, and jobs that go wrong on purpose."""

from __future__ import annotations

import asyncio
import shutil
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import swayrank as sr
from swayrank.pipeline import Recipe, run
from swayrank.service.jobs.runner import JobRunner
from swayrank.service.logs import Log
from swayrank.service.metrics import Metrics
from swayrank.stores import Store, open_store


def town_in(folder: Path, n: int = 300) -> Path:
    """A scored town that knows its files, which lie beside it."""
    sr.generate("town", n=n, rng=7).save(folder / "town")
    files = {"graph": folder / "town" / "graph.csv", "events": [folder / "town" / "events.csv"]}
    run(Recipe(**files, score={"rng": 7, "n_replicates": 20}), folder / "out", map_nodes=50)
    return folder / "out"


def copied(out: Path, folder: Path) -> Path:
    """The same result, to be changed; its files stay where they are."""
    return Path(shutil.copytree(out, folder / "out", symlinks=True))


def program(body: str) -> tuple[str, ...]:
    """A child that reads what is asked into `asked`, and then does what `body` says."""
    head = "import json, os, sys, time\nasked = json.loads(sys.stdin.readline())\n"
    return (sys.executable, "-c", head + textwrap.dedent(body))


def runner_over(store: Store, out: Path, **options: Any) -> JobRunner:
    """A runner as a service has it."""
    options.setdefault("seconds", 500.0)
    log = Log(out / "jobs.log")
    return JobRunner(store, out, store_place=str(out / "service.db"), log=log, metrics=Metrics(), **options)


def finished(out: Path, *, kind: str = "score", parameters: dict[str, Any] | None = None, **options: Any) -> Any:
    """Queue one job, run it to its end, and give it as the store has it."""

    async def work() -> Any:
        with open_store(out / "service.db") as store:
            runner, stopping = runner_over(store, out, **options), asyncio.Event()
            job = await runner.add(kind, parameters or {})
            loop = asyncio.create_task(runner.run(stopping))
            async for _ in runner.follow(job.id, heartbeat=5.0):
                pass
            stopping.set()
            await loop
            return store.jobs.get(job.id)

    return asyncio.run(asyncio.wait_for(work(), 600))


def waited(ask: Any, seconds: float = 300.0) -> Any:
    """What `ask()` gives as soon as it gives anything true."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found
