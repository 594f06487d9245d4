"""Lookups of one account: how many a second, how long each waits, beside what the server and the framework cost alone.

A town of 50,000 accounts; a token is checked, a log line written and counters kept for every request. Peers answer the
same bytes of one account from memory, without token, log or counters, on the same server (uvicorn, uvloop, httptools):

``bare``     an ASGI function: what the server alone costs
``fastapi``  a route of FastAPI that returns the account as a dict: what is usual

Rounds A B A B. Waiting times are taken at half of 5,000 a second from the moment at which each request was due.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.harness import ROOT, Absent, Bar
from benchmarks.serving import lookups, paced, serving, stack, wrk

NAME = "service_load"
_RATE = 5000
_BODY = {
    "account": "fijala", "rank": 1, "rank_low": 1, "rank_high": 17, "score": 99.28676797154492,
    "score_low": 94.7945469370797, "score_high": 99.72226028227925, "status": "scored", "followers": 287,
    "parts": {
        name: {"scaled": 97.3455442556049, "low": 94.15458848274235, "high": 98.61130141139621,
               "raw": 111.24805874743218, "contribution": 19.469108851120982}
        for name in ("reach", "resonance", "spread")
    },
    "role": "broadcaster", "tier": "q4", "community": 0, "explained": True, "run": "20261128T200327Z-3a5eb4",
    "evidence": {"followers": 287, "following": 15, "reactions": 1443, "engagers": 639, "posts": 25},
}  # fmt: skip
_BYTES = json.dumps(_BODY).encode()


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The least that can answer."""
    if scope["type"] != "http":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BYTES)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BYTES})


def fastapi() -> Any:
    """The usual way."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/api/v1/accounts/{account}")
    async def account(account: str) -> dict[str, Any]:
        return {**_BODY, "account": account}

    return app


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables."""
    if shutil.which("wrk") is None:
        raise Absent("wrk asks the questions; install it")
    n, seconds, rounds = (2000, 2, 1) if quick else (50_000, 8, 5)
    paths = lookups(n)
    rates: dict[str, list[float]] = {"swayrank": [], "bare": [], "fastapi": []}
    load = os.getloadavg()[0]
    with (
        serving(n, "--rate-limit", "1000000", "--refresh", "0") as served,
        _peer("benchmarks.service_load:bare") as plain,
        _peer("benchmarks.service_load:fastapi", "--factory") as usual,
    ):
        before = served.resident
        for _ in range(rounds):
            for name, port in (("swayrank", served.port), ("bare", plain), ("fastapi", usual)):
                rates[name].append(wrk(port, paths, served.secret, seconds=seconds))
        waits = paced(served.port, paths, served.secret, rate=_RATE / 2, seconds=seconds * 2)
        after = served.resident
    ours = statistics.median(rates["swayrank"])
    p50, p99, p999 = (sorted(waits)[int(len(waits) * q)] for q in (0.5, 0.99, 0.999))
    rows = [
        [name, f"{statistics.median(seen):,.0f}", f"{statistics.median(seen) / ours:.2f}",
         ", ".join(f"{one:,.0f}" for one in seen)]
        for name, seen in rates.items()
    ]  # fmt: skip
    waited = [
        [f"{_RATE / 2:,.0f}/s", f"{len(waits):,}", f"{p50:.2f}", f"{p99:.2f}", f"{p999:.2f}", f"{max(waits):.1f}"]
    ]
    memory = [[f"{before / 1e6:,.0f} MB", f"{after / 1e6:,.0f} MB"]]
    note = (
        f"{n:,} accounts, one worker, {stack()}; wrk with 16 connections on the same machine; load average {load:.1f}"
    )
    return {
        "bars": [
            Bar("lookups of one account a second", ours, _RATE),
            Bar(f"99 % wait at most, in ms, at {_RATE // 2:,} a second", p99, 20, at_most=True),
        ],
        "tables": [
            {"title": f"answers a second ({note})", "head": ["server", "median", "ratio", "rounds"], "rows": rows},
            {"title": "milliseconds from the moment due", "rows": waited,
             "head": ["rate", "requests", "median", "99 %", "99.9 %", "longest"]},
            {"title": "resident memory of the service", "head": ["before", "after"], "rows": memory},
        ],
    }  # fmt: skip


@contextmanager
def _peer(app: str, *options: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "uvicorn",
        app,
        "--port",
        str(port),
        "--log-level",
        "error",
        "--no-access-log",
        *options,
    ]
    process = subprocess.Popen(words, cwd=ROOT)
    try:
        for _ in range(100):
            time.sleep(0.1)
            with socket.socket() as trying:
                if not trying.connect_ex(("127.0.0.1", port)):
                    break
        yield port
    finally:
        process.terminate()
        process.wait(10)
