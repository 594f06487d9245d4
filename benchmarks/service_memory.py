"""Does the service's memory stay flat? Minutes of everything at once, its own memory looked at each second.

A town of 50,000 accounts is served, with tokens, log and metrics. At the same time and steadily: lookups, searches,
pages in many orders, explanations, histories, comparisons, figures, exports, what-if questions, batches of live events,
strangers with wrong tokens and wrong names; and every two minutes (every ten, over half an hour and more) scores are
made anew, so that runs are replaced and prepared while people ask. What is counted is the private memory of the
service's process (its jobs have their own).

Ten minutes, after two to warm up; ``SERVICE_MINUTES`` sets another number: an hour is what was promised.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from benchmarks.harness import Bar
from benchmarks.serving import Served, accounts, serving, stack

NAME = "service_memory"
_MINUTES, _REFRESH, _LONG_REFRESH = 10.0, 120, 600
_ORDERS = ("rank", "score", "followers", "account", "reach", "spread", "reactions", "posts")
_FIGURES = ("leaderboard", "breakdown", "scores", "communities", "flows", "activity")
_SOON = (200, 503)  # what-if questions, until a new run is prepared


@dataclass(frozen=True)
class Ask:
    """One kind of request: how often a second, what the k-th is, and with what it may be answered."""

    what: str
    rate: float
    request: Callable[[int], tuple[str, str, bytes]]
    fine: tuple[int, ...] = (200,)
    known: bool = True


@dataclass
class Seen:
    """What came of it."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables."""
    n = 2000 if quick else 50_000
    minutes = 1.0 if quick else float(os.environ.get("SERVICE_MINUTES", _MINUTES))
    load = os.getloadavg()[0]
    refresh = 10 if quick else _REFRESH if minutes < 30 else _LONG_REFRESH
    with serving(n, "--rate-limit", "0", "--refresh", str(refresh)) as served:
        seen = asyncio.run(_mixed(served, _asks(accounts(n)), minutes * 60))
    if seen.wrong:
        raise AssertionError(f"{len(seen.wrong)} answers are wrong, as: {seen.wrong[:3]}")
    memory = np.array(seen.memory)
    quarters = [statistics.median(part) for part in np.array_split(memory[len(memory) // 5 :], 4)]
    grown = quarters[3] / quarters[0]
    rows = [[what, f"{count:,}", f"{seen.slowest[what]:.0f}"] for what, count in sorted(seen.answers.items())]
    title = f"megabytes of the service's own memory over {minutes:g} minutes, medians; {n:,} accounts, {stack()}"
    return {
        "bars": [
            Bar("last quarter's memory, as a multiple of the first's, warmed up", grown, 1.05, at_most=True),
            Bar("runs that were served", len(seen.runs), 2),
        ],
        "tables": [
            {"title": f"{title}; load average before: {load:.1f}",
             "head": ["start", "1st quarter", "2nd", "3rd", "4th", "most"],
             "rows": [[f"{one:,.0f}" for one in (memory[0], *quarters, memory.max())]]},
            {"title": "what was asked meanwhile", "head": ["what", "answers", "longest, ms"], "rows": rows},
        ],
    }  # fmt: skip


# -- what is asked -----------------------------------------------------------------------------------------------------


def _asks(names: list[str]) -> list[Ask]:
    def name(k: int) -> str:
        return quote(names[k * 7919 % len(names)], safe="")

    def seeds(k: int) -> list[str]:
        return [names[(k * 31 + j * 997) % 1000] for j in range(5)]

    def get(form: Callable[[int], str]) -> Callable[[int], tuple[str, str, bytes]]:
        return lambda k: ("GET", "/api/v1/" + form(k), b"")

    def post(path: str, form: Callable[[int], Any]) -> Callable[[int], tuple[str, str, bytes]]:
        return lambda k: ("POST", f"/api/v1/{path}", json.dumps(form(k)).encode())

    return [
        Ask("lookups", 200, get(lambda k: f"accounts/{name(k)}")),
        Ask("searches", 4, get(lambda k: f"accounts?q={names[k % len(names)][:3]}")),
        Ask("pages", 2, get(lambda k: f"accounts?sort={_ORDERS[k % 8]}&page={1 + k % 40}&order=desc")),
        Ask("explanations", 2, get(lambda k: f"explanations/{name(k)}")),
        Ask("histories", 0.5, get(lambda k: f"history/{name(k)}")),
        Ask("comparisons", 2, get(lambda k: f"compare?a={name(k)}&b={name(k + 1)}")),
        Ask("weights", 1, get(lambda k: f"weights?reach={1 + k % 7}&spread={1 + k % 5}&resonance=1")),
        Ask("figures", 0.5, get(lambda k: f"figures/{_FIGURES[k % 6]}")),
        Ask("exports", 0.1, get(lambda k: f"exports/scores.{('csv', 'json', 'parquet')[k % 3]}")),
        Ask("the run", 1, get(lambda k: "run")),
        Ask("what-if", 4, post("whatif", lambda k: {"seeds": seeds(k)}), _SOON),
        Ask("events", 1, post("events", lambda k: {"events": [_event(names, k, j) for j in range(200)]})),
        Ask("unknown names", 3, get(lambda k: f"accounts/nobody-{k}-{time.time_ns()}"), (404,)),
        Ask("wrong tokens", 3, get(lambda k: f"accounts/{name(k)}"), (401,), known=False),
    ]


def _event(names: list[str], k: int, j: int) -> dict[str, Any]:
    actor, target = names[(k * 13 + j * 7) % len(names)], names[(k * 17 + j) % 5000 % len(names)]
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"key": f"{k}-{j}", "time": moment, "actor": actor, "action": "like", "target": target, "post": f"p{k % 50}"}


async def _mixed(served: Served, asks: list[Ask], seconds: float) -> Seen:
    seen, end = Seen(), time.monotonic() + seconds
    asking = [asyncio.create_task(_steadily(served, ask, seen, end)) for ask in asks]
    while time.monotonic() < end:
        seen.memory.append(_private(served.process.pid))
        await asyncio.sleep(1)
    await asyncio.gather(*asking)
    return seen


async def _steadily(served: Served, ask: Ask, seen: Seen, end: float) -> None:
    """One connection; whoever waits too long for an answer asks less, and does not catch up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=2**20)
    k = 0
    while (began := time.monotonic()) < end:
        method, path, body = ask.request(k)
        secret = served.secret if ask.known else f"swr_wrong{k}"
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        told = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", told)
        content = await reader.readexactly(int(length[1])) if length else b""
        took = (time.monotonic() - began) * 1000
        seen.answers[ask.what] += 1
        seen.slowest[ask.what] = max(took, seen.slowest.get(ask.what, 0.0))
        if int(told[9:12]) not in ask.fine:
            seen.wrong.append(f"{method} {path}: {told[9:12].decode()} {content[:300].decode()}")
        if ask.what == "the run":
            seen.runs.add(json.loads(content)["id"])
        k += 1
        await asyncio.sleep(max(0.0, began + 1 / ask.rate - time.monotonic()))
    writer.close()


def _private(pid: int) -> float:
    """Megabytes of a process that are not files mapped from disk."""
    told = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert told is not None, "this system does not tell what is private"
    return int(told[1]) / 1000
