"""What-if questions through HTTP: how long the answer takes by the number of seeds; and lookups while others work.

A served town, one worker, tokens, log and metrics on; one client asks, each question about other seeds, half of them
from the highest accounts (1,000, or twice as many as there are seeds: their audiences are large), with ten accounts as
the baseline: spread, what each seed adds, communities, the baseline's spread and both together, and overlaps up to 20
seeds. No peer: there is no other service that answers this. Before the clock starts, one answer is held against the sum
of what its seeds add.

Lookups come at 1,000 a second, in turn beside nothing, beside a job that chooses seeds by simulation on all cores, and
beside a second client that asks about as many seeds as a question may name, one question after the other; waiting is
counted from the moment at which each lookup was due.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.harness import Bar
from benchmarks.serving import Served, accounts, lookups, paced, serving

NAME = "service_whatif"
_SEEDS = (1, 3, 10, 20, 30, 100, 1000, 10_000)
_WANTED_MS = 100
_RATE = 1000
_PATIENCE_SECONDS = 900


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables of a town of 50,000 accounts."""
    return measured(2000 if quick else 50_000, questions=20 if quick else 300, seconds=2 if quick else 10, rounds=3)


def measured(n: int, *, questions: int, seconds: float, rounds: int) -> dict[str, Any]:
    """The same for any size."""
    names, paths, load = accounts(n), lookups(n), os.getloadavg()[0]
    with serving(n, "--rate-limit", "1000000", "--refresh", "0") as served:
        prepared = _prepared(served)
        waits = {k: _asked(served, names, k, questions) for k in _SEEDS if k <= n // 2}
        most = max(waits)
        alone, beside, asked = [], [], []
        for _ in range(rounds):
            alone += paced(served.port, paths, served.secret, rate=_RATE, seconds=seconds)
            job = _long_job(served)
            beside += paced(served.port, paths, served.secret, rate=_RATE, seconds=seconds)
            _ended(served, job)
            with _asking(served, _question(names, most, 1)):
                asked += paced(served.port, paths, served.secret, rate=_RATE, seconds=seconds)
    note = f"{n:,} accounts, {prepared['n_samples']:,} samples; load average before: {load:.1f}"
    worst = max(_at(seen, 0.99) for seen in waits.values())
    return {
        "bars": [
            Bar(f"99 % of what-if answers about 1 to {most:,} seeds, ms", worst, _WANTED_MS, at_most=True),
            Bar("99 % of lookups while a job chooses seeds, ms", _at(beside, 0.99), 20, at_most=True),
            Bar(f"99 % of lookups while others ask about {most:,} seeds, ms", _at(asked, 0.99), 20, at_most=True),
        ],
        "tables": [
            {
                "title": f"milliseconds to a what-if answer ({note})",
                "head": ["seeds", "questions", "median", "99 %", "longest"],
                "rows": [[str(k), f"{len(seen):,}", *_told(seen)] for k, seen in waits.items()],
            },
            {
                "title": f"milliseconds to a lookup, {_RATE:,} a second",
                "head": ["meanwhile", "requests", "median", "99 %", "longest"],
                "rows": [
                    ["nothing", f"{len(alone):,}", *_told(alone)],
                    ["a job chooses seeds", f"{len(beside):,}", *_told(beside)],
                    [f"questions about {most:,} seeds", f"{len(asked):,}", *_told(asked)],
                ],
            },
        ],
    }


def _told(seen: list[float]) -> list[str]:
    return [f"{_at(seen, 0.5):.2f}", f"{_at(seen, 0.99):.2f}", f"{max(seen):.1f}"]


def _at(seen: list[float], share: float) -> float:
    return sorted(seen)[min(len(seen) - 1, int(len(seen) * share))]


# -- asking ------------------------------------------------------------------------------------------------------------


class Client:
    """One connection that is kept."""

    def __init__(self, served: Served) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {served.secret}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer."""
        status, content = self.sent(method, path, body)
        return status, json.loads(content)

    def sent(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and what came, as it came."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1{path}", content, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def _prepared(served: Served) -> dict[str, Any]:
    """Wait until what-if questions are answered; then an answer."""
    client = Client(served)
    best = client.ask("GET", "/accounts?page_size=3")[1]["items"]
    question = {"seeds": [row["account"] for row in best]}
    for _ in range(_PATIENCE_SECONDS):
        status, told = client.ask("POST", "/whatif", question)
        if status == 200:
            assert math.isclose(sum(told["adds"]), told["mean"]), told
            return dict(told)
        time.sleep(1)
    raise TimeoutError(told)


def _asked(served: Served, names: list[str], k: int, questions: int) -> list[float]:
    """Milliseconds to each answer."""
    client, waits = Client(served), []
    for i in range(questions):
        body = _question(names, k, i)
        began = time.perf_counter()
        status, told = client.ask("POST", "/whatif", body)
        waits.append((time.perf_counter() - began) * 1000)
        assert status == 200, told
    return waits


def _question(names: list[str], k: int, i: int) -> dict[str, list[str]]:
    """The i-th question about k seeds."""
    draw = np.random.default_rng((k, i))
    among = min(max(1000, 2 * k), len(names)) if i % 2 else len(names)
    chosen, before = draw.choice(among, k, replace=False), draw.choice(min(1000, len(names)), 10, replace=False)
    return {"seeds": [names[j] for j in chosen], "baseline": [names[j] for j in before]}


@contextmanager
def _asking(served: Served, question: dict[str, list[str]]) -> Iterator[None]:
    """A second client asks the same again and again, from a thread that mostly waits."""
    over = threading.Event()

    def go_on() -> None:
        client = Client(served)
        while not over.is_set():
            assert client.sent("POST", "/whatif", question)[0] == 200

    asks = threading.Thread(target=go_on)
    asks.start()
    try:
        yield
    finally:
        over.set()
        asks.join()


def _long_job(served: Served) -> str:
    """A job that outlasts what is measured beside it, once it really works."""
    client = Client(served)
    asked = {"kind": "seeds", "parameters": {"k": 200, "method": "celf"}}
    job = client.ask("POST", "/jobs", asked)[1]["id"]
    for _ in range(600):
        told = client.ask("GET", f"/jobs/{job}")[1]
        if told["status"] == "running" and told["progress"]:
            return str(job)
        time.sleep(0.1)
    raise TimeoutError(told)


def _ended(served: Served, job: str) -> None:
    status, told = Client(served).ask("POST", f"/jobs/{job}/cancel")
    assert (status, told["status"]) == (200, "cancelled"), told
