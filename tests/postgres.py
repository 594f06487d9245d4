"""A real PostgreSQL server for tests: in a folder of its own, on loopback, gone at the end.

``Postgres.find()`` says where the server's programs are, or None. The server refuses to run as root, so root starts it
as another user.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_USERS = ("postgres", "nobody")
_PROGRAMS = ("initdb", "pg_ctl", "createdb")
_TRIES = 5


def find() -> Path | None:
    """The folder of initdb and pg_ctl: that of the PATH, or the newest of Debian's."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(debian, key=lambda place: float(place.parent.name), reverse=True)
    return next((place for place in places if all((place / name).exists() for name in _PROGRAMS)), None)


class Postgres:
    """A server; use it in a ``with`` block."""

    def __init__(self, *, durable: bool = False) -> None:
        programs = find()
        if programs is None:
            raise RuntimeError("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
        self._programs = programs
        self._user = _other_user()
        self._numbers = itertools.count()
        self.folder = Path(tempfile.mkdtemp(prefix="swayrank-postgres-", dir=None if durable else _quick_place()))
        self.port = 0
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        settings = f"listen_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n"
        settings += "max_connections = 60\n" + ("" if durable else "fsync = off\n")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        tries = 1 if self.port else _TRIES  # a port that was free may be somebody's when the server comes to it
        for left in reversed(range(tries)):
            port = self.port or _free_port()
            words = ("-D", str(self._data), "-l", str(self.folder / "log"), "-o", f"-p {port}", "-w", "-t", "300")
            if self._run("pg_ctl", *words, "start", check=not left):
                self.port = port
                return

    def stop(self) -> None:
        """Stop it at once, as a failing machine would: whoever is connected is cut off."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop", check=False)

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"d{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", name)
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str, check: bool = True) -> bool:
        """Run one of the server's programs; whether it did well."""
        options: dict[str, Any] = {}
        if self._user is not None:
            options = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        with (self.folder / "programs.log").open("ab") as log:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, timeout=600, check=False, **options,
            )  # fmt: skip
        if check and done.returncode:
            said = (self.folder / "programs.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{program} failed:\n{said}")
        return not done.returncode


def _other_user() -> pwd.struct_passwd | None:
    """Whom to be, if this is root."""
    if os.geteuid() != 0:
        return None
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no other user to run it")


def _quick_place() -> str | None:
    """A folder in memory, if there is one with room: what tests write need not survive."""
    place = Path("/dev/shm")
    try:
        roomy = shutil.disk_usage(place).free > 2 << 30 and os.access(place, os.W_OK | os.X_OK)
    except OSError:
        return None
    return str(place) if roomy else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server(*, durable: bool = False) -> Iterator[Postgres]:
    """For a fixture: a running server."""
    with Postgres(durable=durable) as running:
        yield running
