"""A served town of 50,000 accounts for the benchmarks of the service, and whoever asks it: wrk, and a paced client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

from benchmarks.inputs import FOLDER

ROOT = Path(__file__).resolve().parents[1]
_WAIT_SECONDS = 120


@dataclass(frozen=True)
class Served:
    """A running service: its port, its process and the secret of a token that may do all."""

    port: int
    process: subprocess.Popen[bytes]
    secret: str

    @property
    def resident(self) -> int:
        """Bytes of memory that the process holds now."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def town(n: int) -> Path:
    """A scored town, made once: its folder with `town` and `out`; copy `out` before serving it."""
    folder = FOLDER / f"served-{n}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command("generate", "town", "-n", str(n), "-o", str(folder / "town"))
        command("score", str(folder / "town/graph.csv"), str(folder / "town/events.csv"), "-o", str(folder / "out"))
        (folder / "done").touch()
    return folder


def accounts(n: int) -> list[str]:
    """The names of the town's accounts."""
    import pyarrow.parquet as pq

    table = next((town(n) / "out" / "runs").glob("*/scores.parquet"))
    return [str(one) for one in pq.read_table(table, columns=["account"])["account"].to_pylist()]


def command(*words: str) -> str:
    """Run a command of swayrank; what it printed."""
    told = subprocess.run([sys.executable, "-m", "swayrank", *words], check=True, capture_output=True, text=True)
    return told.stdout


@contextmanager
def serving(n: int, *options: str) -> Iterator[Served]:
    """The service over a copy of the town, with a token, its log in a file."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(shutil.copytree(town(n) / "out", Path(place, "out"), symlinks=True))
        secret = command("token", "add", str(out), "--name", "load", "--scope", "admin").strip()
        told = Path(place, "told")
        words = [sys.executable, "-m", "swayrank", "serve", str(out), "--port", "0", "--log", f"{place}/log", *options]
        with told.open("wb") as errors:
            process = subprocess.Popen(words, stderr=errors)
        try:
            served = Served(_port(told, process), process, secret)
            _until_prepared(served)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_WAIT_SECONDS)


def _port(told: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(_WAIT_SECONDS * 10):
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", told.read_text()):
            return int(found[1])
        if process.poll() is not None:
            raise RuntimeError(told.read_text())
        time.sleep(0.1)
    raise TimeoutError("the service did not start")


def _until_prepared(served: Served) -> None:
    """Wait for the job that every service begins with: what is measured shall not stand beside it."""
    asked = Request(f"http://127.0.0.1:{served.port}/api/v1/run", headers={"Authorization": f"Bearer {served.secret}"})
    for _ in range(_WAIT_SECONDS * 5):
        with urlopen(asked) as answer:
            if json.load(answer)["has"]["oracle"]:
                return
        time.sleep(0.2)
    raise TimeoutError("the service did not prepare its answers")


# -- who asks ----------------------------------------------------------------------------------------------------------


def wrk(port: int, paths: list[str], secret: str, *, seconds: int, connections: int = 16) -> float:
    """Answers a second that wrk gets from its one thread; every one must be a 200."""
    with tempfile.TemporaryDirectory() as place:
        names, script = Path(place, "paths"), Path(place, "ask.lua")
        names.write_text("\n".join(paths))
        script.write_text(
            f'local paths = {{}}\nfor line in io.lines("{names}") do paths[#paths + 1] = line end\nlocal i = 0\n'
            "request = function()\n  i = i + 1\n  return wrk.format('GET', paths[(i * 7919) % #paths + 1], "
            f"{{Authorization = 'Bearer {secret}'}})\nend\n"
        )
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


def paced(
    port: int, paths: list[str], secret: str, *, rate: float, seconds: float, connections: int = 8
) -> list[float]:
    """Milliseconds to each answer, from the moment at which it was to be asked for: waiting in line counts."""
    return asyncio.run(_paced(port, paths, secret, rate, seconds, connections))


async def _paced(
    port: int, paths: list[str], secret: str, rate: float, seconds: float, connections: int
) -> list[float]:
    waits: list[float] = []
    start = time.perf_counter() + 0.1

    async def one(which: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for k in range(which, int(rate * seconds), connections):
            due = start + k / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            path = paths[k * 7919 % len(paths)]
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            assert b" 200 " in head[:20], head
            assert length is not None
            await reader.readexactly(int(length[1]))
            waits.append((time.perf_counter() - due) * 1000)
        writer.close()

    await asyncio.gather(*(one(which) for which in range(connections)))
    return waits


def lookups(n: int) -> list[str]:
    """Addresses of all accounts."""
    return ["/api/v1/accounts/" + quote(name, safe="") for name in accounts(n)]


def stack() -> str:
    """What serves, with versions."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("uvicorn", "uvloop", "httptools", "fastapi"))
