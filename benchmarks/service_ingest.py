"""Live events through HTTP until they are on disk, beside the same rows put into a database without a service.

Ours is the whole of `swayrank serve` in a process of its own, with tokens, log lines and metrics on, one worker: four
clients send batches as JSON, each waits for its answer before it sends the next. `sqlite3` and `psycopg` are floors:
rows that are there already as Python tuples go into a table with the same unique key by `executemany`, one commit for
each batch, as durable as ours (SQLite with a write-ahead log synced at each commit; PostgreSQL with fsync on). They
parse, check and answer nothing.

While batches of 1,000 come in, another client asks for one account a hundred times a second: `lookup_p50_ms` and
`lookup_p99_ms` are what it waits.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import OURS, ROOT, Absent, Bar, Case, Contender, Timed

NAME = "service_ingest"
_SIZES, _EVENTS, _QUICK_EVENTS, _CLIENTS = (100, 1_000, 10_000), 60_000, 8_000, 4
_NUMBERS = itertools.count()
_POSTGRES = f"{OURS}, PostgreSQL"


@dataclass(frozen=True)
class Plan:
    """How many events, how many a batch, and whether lookups are asked for meanwhile."""

    events: int
    size: int
    lookups: bool

    def batches(self) -> list[list[tuple[Any, ...]]]:
        """Rows that were never sent before."""
        run = next(_NUMBERS)
        return [
            [_row(run, i) for i in range(start, min(start + self.size, self.events))]
            for start in range(0, self.events, self.size)
        ]


def _row(run: int, i: int) -> tuple[Any, ...]:
    actor, target = f"account{i * 7919 % 50_000}", f"account{i * 104_729 % 50_000}"
    action = ("like", "like", "reply", "repost")[i % 4]
    return f"{run}-{i}", f"2026-03-{1 + i % 28:02d}T10:11:{i % 60:02d}Z", actor, action, target, str(i % 9973)


_FIELDS = ("key", "time", "actor", "action", "target", "post")


def cases(quick: bool) -> Iterable[Case]:
    """A case for each size of a batch, and one with lookups beside it."""
    events = _QUICK_EVENTS if quick else _EVENTS
    for size, lookups in (*((size, False) for size in _SIZES), (1_000, True)):
        plan = Plan(events * 4 if lookups else events, size, lookups)
        floors = (
            []
            if lookups
            else [
                Contender("sqlite3", _sqlite, "no service", close=_close),
                Contender("psycopg", _psycopg, "no service", close=_close),
            ]
        )
        services = [_Service(None), _Service("postgresql")]
        ours = [
            Contender(name, service.make, close=service.close)
            for name, service in zip((OURS, _POSTGRES), services, strict=True)
        ]
        yield Case(
            f"batches of {size:,}" + (", lookups meanwhile" if lookups else ""),
            lambda plan=plan: plan,  # type: ignore[misc]
            [*ours, *floors],
            _check,
            _facts,
            budget=40.0,
            rounds=1 if lookups else 5,
        )


def bars(figures: Mapping[str, Any]) -> Iterable[Bar]:
    """What was promised."""
    for tool in (OURS, _POSTGRES):
        found = figures["batches of 1,000"]
        row = found["contenders"].get(tool)
        if row is not None:
            rate = found["input"]["events"] / row["median_s"]
            yield Bar(f"events a second in batches of 1,000, {tool}", rate, 20_000)
    beside = figures["batches of 1,000, lookups meanwhile"]["contenders"][OURS]
    yield Bar("milliseconds a lookup waits meanwhile, 99 of 100", beside["lookup_p99_ms"], 20, at_most=True)


def _facts(plan: Plan) -> dict[str, Any]:
    told = json.dumps([_row(0, i) for i in range(1000)]).encode()
    return {"events": plan.events, "batch": plan.size, "sha256": hashlib.sha256(told).hexdigest()[:16]}


def _check(plan: Plan, name: str, result: Mapping[str, Any]) -> dict[str, Any]:
    assert result["kept"] == plan.events, f"{name} kept {result['kept']:,} of {plan.events:,}"
    return {key: value for key, value in result.items() if key != "kept"}


# -- ours --------------------------------------------------------------------------------------------------------------


class _Service:
    """A served town, its own store empty at the start."""

    def __init__(self, database: str | None) -> None:
        self._database = database
        self._folder: Path | None = None
        self._process: subprocess.Popen[str] | None = None
        self._server: Any = None

    def make(self, plan: Plan) -> Callable[[], Timed]:
        """Start it, warm it up, and give the call that sends all batches of a round."""
        self._folder = Path(tempfile.mkdtemp(prefix="swayrank-ingest-"))
        out = shutil.copytree(_scored_town(), self._folder / "out", symlinks=True)
        options = [] if self._database is None else ["--database", self._start_postgres()]
        words = [sys.executable, "-m", "swayrank"]
        made = subprocess.run(
            [*words, "token", "add", str(out), "--name", "bench", "--scope", "write", *options],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = re.search(r"swr_[A-Za-z0-9_-]+", made.stdout)
        assert found is not None, made.stdout
        serve = [*words, "serve", str(out), "--port", "0", "--rate-limit", "0", "--refresh", "0", *options]
        log = (self._folder / "log").open("w")
        self._process = subprocess.Popen(
            [*serve, "--log", str(self._folder / "requests")], stderr=log, stdout=log, text=True
        )
        sender = _Sender(self._port(), found[0], self._process.pid)
        sender.send(Plan(plan.size * 2, plan.size, plan.lookups))
        return lambda: sender.send(plan)

    def close(self) -> None:
        """Stop it, and take away what it wrote."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        if self._server is not None:
            self._server.__exit__(None, None, None)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start_postgres(self) -> str:
        self._server = _postgres()
        return str(self._server.database())

    def _port(self) -> int:
        assert self._folder is not None
        assert self._process is not None
        for _ in range(1200):
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", (self._folder / "log").read_text()):
                return int(found[1])
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)
        raise RuntimeError("the service does not start")


class _Sender:
    """Clients of one service."""

    def __init__(self, port: int, secret: str, process: int) -> None:
        self._port, self._process = port, process
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def send(self, plan: Plan) -> Timed:
        """Send a round; the seconds are from the first byte sent to the last answer."""
        bodies = [
            json.dumps({"events": [dict(zip(_FIELDS, row, strict=True)) for row in b]}).encode() for b in plan.batches()
        ]
        before = self._resident()
        accepted, waits, done = list[int](), list[float](), threading.Event()
        clients = [threading.Thread(target=self._client, args=(bodies[k::_CLIENTS], accepted)) for k in range(_CLIENTS)]
        asking = threading.Thread(target=self._ask, args=(waits, done))
        if plan.lookups:
            asking.start()
        began = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        seconds = time.perf_counter() - began
        done.set()
        told = {"kept": sum(accepted), "events_per_s": round(plan.events / seconds)}
        told |= {"resident_before_bytes": before, "resident_after_bytes": self._resident()}
        if plan.lookups:
            asking.join()
            told["lookups"] = len(waits)
            told["lookup_p50_ms"] = round(1000 * statistics.median(waits), 2)
            told["lookup_p99_ms"] = round(1000 * sorted(waits)[int(0.99 * len(waits))], 2)
        return Timed(told, seconds)

    def _client(self, bodies: list[bytes], accepted: list[int]) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port)
        for body in bodies:
            line.request("POST", "/api/v1/events", body, self._headers)
            accepted.append(json.loads(line.getresponse().read())["accepted"])
        line.close()

    def _ask(self, waits: list[float], done: threading.Event) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port)
        while not done.wait(0.01):
            began = time.perf_counter()
            line.request("GET", "/api/v1/accounts?page_size=1" if not waits else self._account, None, self._headers)
            told = json.loads(line.getresponse().read())
            if not waits:
                self._account = f"/api/v1/accounts/{told['items'][0]['account']}"
            waits.append(time.perf_counter() - began)
        line.close()

    def _resident(self) -> int:
        status = Path(f"/proc/{self._process}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def _scored_town() -> Path:
    """A small result, made once: taking events in does not depend on it."""
    folder = Path(tempfile.gettempdir()) / "swayrank-benchmarks" / "ingest-town"
    if not (folder / "out/current").exists():
        folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "swayrank"]
        subprocess.run([*words, "generate", "town", "-n", "2000", "-o", "town", "--quiet"], cwd=folder, check=True)
        scored = [*words, "score", "town/graph.csv", "town/events.csv", "-o", "out", "--replicates", "20", "--quiet"]
        subprocess.run(scored, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "out"


# -- floors ------------------------------------------------------------------------------------------------------------

_TABLE = "CREATE TABLE events (seq {serial}, key TEXT NOT NULL UNIQUE, time TEXT NOT NULL, actor TEXT NOT NULL, "
_TABLE += "action TEXT NOT NULL, target TEXT, post TEXT)"
_INSERT = f"INSERT INTO events ({', '.join(_FIELDS)}) VALUES ({{marks}})"


def _sqlite(plan: Plan) -> Callable[[], Timed]:
    folder = tempfile.TemporaryDirectory(prefix="swayrank-ingest-")
    connection = sqlite3.connect(Path(folder.name, "floor.db"))
    _OPEN.extend((folder.cleanup, connection.close))
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_TABLE.format(serial="INTEGER PRIMARY KEY AUTOINCREMENT"))
    connection.commit()
    return lambda: _put(connection, connection, _INSERT.format(marks=", ".join("?" * 6)), plan)


def _psycopg(plan: Plan) -> Callable[[], Timed]:
    try:
        import psycopg
    except ImportError:
        raise Absent("the package psycopg is not installed") from None
    server = _postgres()
    connection = psycopg.connect(server.database())
    connection.execute(_TABLE.format(serial="BIGSERIAL PRIMARY KEY"))
    connection.commit()
    _OPEN.extend((lambda: server.__exit__(None, None, None), connection.close))
    return lambda: _put(connection, connection.cursor(), _INSERT.format(marks=", ".join(["%s"] * 6)), plan)


_OPEN: list[Callable[[], Any]] = []


def _close() -> None:
    """Let go of what the floors opened, the last first."""
    while _OPEN:
        _OPEN.pop()()


def _put(connection: Any, cursor: Any, statement: str, plan: Plan) -> Timed:
    batches = plan.batches()
    began = time.perf_counter()
    for batch in batches:
        cursor.executemany(statement, batch)
        connection.commit()
    seconds = time.perf_counter() - began
    return Timed({"kept": sum(map(len, batches)), "events_per_s": round(plan.events / seconds)}, seconds)


def _postgres() -> Any:
    sys.path.insert(0, str(ROOT))
    from tests.postgres import Postgres, find

    if find() is None:
        raise Absent("PostgreSQL's server programs are not installed")
    return Postgres(durable=True).__enter__()
