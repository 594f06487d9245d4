"""Memory of the service under an hour of mixed load: does it stay flat?

A town of 50,000 accounts. Each second: lookups, a search, other weights, an explanation, a what-if question, a batch of
live events, counters; once a minute a figure, an export and a plan (a job in a child). Scores are made anew from the
live events every ten minutes, published and swapped in. Resident memory of the service itself is read each second.

The first sixth is the warm-up: kernels are compiled, caches fill, the first new run is published.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

import httpx

from benchmarks.harness import Bar
from benchmarks.serving import Served, accounts, lookups, serving

NAME = "service_memory"
_MINUTES, _REFRESH = 60, 600
_MOST_GROWTH = 1.10


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables."""
    n, seconds, refresh = (2000, 30, 10) if quick else (50_000, _MINUTES * 60, _REFRESH)
    with serving(n, "--refresh", str(refresh)) as served:
        seen, asked = _watched(served, n, seconds)
    warm = seen[len(seen) // 6 :]
    sixth = max(1, len(warm) // 5)
    parts = [statistics.median(warm[k : k + sixth]) for k in range(0, len(warm) - sixth + 1, sixth)]
    rows = [[f"{k + 2} of 6", f"{part / 1e6:,.0f} MB"] for k, part in enumerate(parts)]
    peak = [["at the start", f"{seen[0] / 1e6:,.0f} MB"], ["highest", f"{max(seen) / 1e6:,.0f} MB"]]
    note = f"{n:,} accounts, {seconds / 60:g} minutes, {asked:,} requests"
    return {
        "bars": [Bar("memory of the last sixth over that of the second", parts[-1] / parts[0], _MOST_GROWTH, True)],
        "tables": [
            {"title": f"resident memory ({note}), median", "head": ["part of the time", "memory"], "rows": rows + peak}
        ],
    }


def _watched(served: Served, n: int, seconds: int) -> tuple[list[int], int]:
    """Resident bytes in each second, and how many requests were answered."""
    names, paths, draws = accounts(n), lookups(n), random.Random(7)
    headers = {"Authorization": f"Bearer {served.secret}"}
    seen, asked, began = [], 0, time.monotonic()
    with httpx.Client(
        base_url=f"http://127.0.0.1:{served.port}", headers=headers, timeout=60, trust_env=False
    ) as client:
        for second in range(seconds):
            for method, path, body in _round(second, names, paths, draws):
                answer = client.request(method, path, json=body)
                if answer.status_code >= 400 and answer.status_code != 503:  # 503: not prepared yet
                    raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
                asked += 1
            seen.append(served.resident)
            time.sleep(max(0.0, began + second + 1 - time.monotonic()))
    return seen, asked


def _round(second: int, names: list[str], paths: list[str], draws: random.Random) -> list[tuple[str, str, Any]]:
    """What is asked in one second."""
    some = draws.sample(names, 5)
    now = time.time()
    events = [
        {"key": f"{second}-{k}", "time": now, "actor": draws.choice(names), "action": "like",
         "target": draws.choice(names), "post": f"p{second}"}
        for k in range(20)
    ]  # fmt: skip
    asked: list[tuple[str, str, Any]] = [("GET", draws.choice(paths), None) for _ in range(20)]
    asked += [
        ("GET", f"/api/v1/accounts?q={some[0][:2]}&sort=followers&page={1 + second % 5}", None),
        ("GET", f"/api/v1/weights?reach={draws.random():.3f}&resonance=1", None),
        ("GET", draws.choice(paths).replace("/accounts/", "/explanations/"), None),
        ("POST", "/api/v1/whatif", {"seeds": some}),
        ("POST", "/api/v1/events", {"events": events}),
        ("GET", "/metrics", None),
    ]
    if second % 60 == 30:
        asked += [
            ("GET", "/api/v1/figures/leaderboard?theme=dark", None),
            ("GET", "/api/v1/exports/scores.csv?role=broadcaster", None),
            ("POST", "/api/v1/jobs", {"kind": "seeds", "parameters": {"k": 5}}),
        ]
    return asked
