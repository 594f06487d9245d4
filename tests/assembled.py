"""The whole service as people run it, over a small result: a child process, its tokens, its log, raw requests.

`Served` starts `swayrank serve` on a port that the system chooses and waits until it answers.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

import swayrank as sr

ROOT = Path(__file__).parents[1]
SCOPES = ("read", "write", "admin")


def command(*words: str) -> list[str]:
    """The words that run a `swayrank` command of this checkout."""
    return [sys.executable, "-m", "swayrank", *words]


def environment() -> dict[str, str]:
    """This process's environment with this checkout's package first."""
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


def small_result(folder: Path, accounts: int = 300) -> Path:
    """A scored town whose inputs lie beside it, so that jobs can read them again."""
    sr.generate("town", n=accounts, rng=7).save(folder / "town")
    done = subprocess.run(
        command("score", str(folder / "town/graph.csv"), str(folder / "town/events.csv"), "-o", str(folder / "out"),
                "--replicates", "20", "--quiet"),
        capture_output=True, text=True, check=False, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "out"


def make_token(out: Path, name: str, scope: str) -> str:
    """A token made at the command line, as an operator does."""
    done = subprocess.run(
        command("token", "add", str(out), "--name", name, "--scope", scope),
        capture_output=True, text=True, check=False, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return re.search(r"swr_[A-Za-z0-9_-]+", done.stdout)[0]


class Served:
    """A running service: `ask` goes through a client, `raw` sends bytes as they are."""

    def __init__(self, out: Path, log: Path, *options: str) -> None:
        self.out, self.log = out, log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                command("serve", str(out), "--port", "0", *options),
                stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, env=environment(), start_new_session=True,
            )  # fmt: skip
        self.address = self._wait()
        self.port = int(self.address.rpartition(":")[2])
        self.token: dict[str, str] = {}
        self.client = httpx.Client(base_url=self.address, timeout=120, trust_env=False)

    def _wait(self) -> str:
        end = time.monotonic() + 300
        while time.monotonic() < end:
            told = self.log.read_text(errors="replace")
            found = re.findall(r"http://127\.0\.0\.1:\d+", told)
            if self._process.poll() is not None:
                raise AssertionError(told)
            if found:
                try:
                    if httpx.get(f"{found[-1]}/health/live", timeout=5, trust_env=False).status_code == 200:
                        return found[-1]
                except httpx.TransportError:
                    pass
            time.sleep(0.05)
        raise AssertionError(f"the service does not answer:\n{self.log.read_text(errors='replace')}")

    @property
    def process(self) -> int:
        """Which process it is."""
        return self._process.pid

    def ask(self, method: str, path: str, *, scope: str | None = "admin", **more: Any) -> httpx.Response:
        """An answer to a request with the token of a scope, or with none."""
        headers = dict(more.pop("headers", {}))
        if scope is not None and scope in self.token:
            headers.setdefault("Authorization", f"Bearer {self.token[scope]}")
        return self.client.request(method, path, headers=headers, **more)

    def raw(self, data: bytes, seconds: float = 10) -> bytes:
        """What comes back for bytes as they are, until the service closes, or has said one whole answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as line:
            line.sendall(data)
            line.settimeout(seconds)
            told = b""
            try:
                while part := line.recv(65536):
                    told += part
            except (TimeoutError, ConnectionResetError):
                pass
            return told

    def raw_get(self, target: str | bytes, *headers: str, scope: str | None = "admin") -> tuple[int, bytes]:
        """Status and whole answer of a GET whose target is sent as it is written."""
        target = target.encode() if isinstance(target, str) else target
        lines = [f"Host: 127.0.0.1:{self.port}", "Connection: close", *headers]
        if scope in self.token:
            lines.append(f"Authorization: Bearer {self.token[scope]}")
        told = self.raw(b"GET " + target + b" HTTP/1.1\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n", 60)
        found = re.match(rb"HTTP/1\.1 (\d{3})", told)
        return (int(found[1]) if found else 0), told

    def stop(self) -> int:
        """End it as systemd does, and tell its exit code."""
        self.client.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(120)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()


@contextmanager
def serving(out: Path, log: Path, *options: str, tokens: bool = True) -> Iterator[Served]:
    """A service for as long as the block lasts, with a token of each scope, or open to this machine."""
    secrets = {scope: make_token(out, scope, scope) for scope in SCOPES} if tokens else {}
    served = Served(out, log, *options)
    served.token = secrets
    try:
        yield served
    finally:
        served.stop()


def until_prepared(served: Served, seconds: float = 600) -> None:
    """Wait for the job with which every service begins: what needs the graph answers 503 until then."""
    end = time.monotonic() + seconds
    while not served.ask("GET", "/api/v1/run").json()["has"]["oracle"]:
        assert time.monotonic() < end, "the service did not prepare its answers"
        time.sleep(0.2)


def finished(served: Served, job: str, seconds: float = 600) -> dict[str, Any]:
    """A job once it has ended, however."""
    until = time.monotonic() + seconds
    while True:
        told: dict[str, Any] = served.ask("GET", f"/api/v1/jobs/{job}").json()
        if told["status"] in {"done", "failed", "cancelled"}:
            return told
        assert time.monotonic() < until, f"the job has not ended: {told}"
        time.sleep(0.2)
