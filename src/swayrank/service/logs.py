"""Log lines as JSON, one a line: what was asked, by whom, how it ended, how long it took.

A terminal, where people look, gets a short form: time, status, method, path, milliseconds.

No token, no query and no body is written. Text from outside is JSON-escaped, so that it cannot begin a line of its own.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson

from swayrank._text import printable
from swayrank.errors import InputError

_AT_ONCE = 512
_SECONDS = 1.0


class Log:
    """Lines to a file or stderr, written in blocks: at least every second while requests come.

    Parameters
    ----------
    path : Path, optional
        Appended to; None: stderr.

    Raises
    ------
    InputError
        If the file cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        try:
            self._file: IO[bytes] = sys.stderr.buffer if path is None else path.open("ab")
        except OSError as error:
            raise InputError(f"cannot write log lines there: {error.strerror or error}", file=str(path)) from None
        self._owned = path is not None
        self._line = _short if path is None and sys.stderr.isatty() else _line
        self._lines: deque[bytes] = deque()  # never another one: a line may be on its way to it from any thread
        self._written = time.monotonic()
        self._lock = threading.Lock()

    def write(self, what: str, **facts: Any) -> None:
        """A line of its own, at once."""
        self._lines.append(self._line(what, facts))
        self.flush()

    def request(self, **facts: Any) -> None:
        """A line about a request, with the next block."""
        self._lines.append(self._line("request", facts))
        if len(self._lines) >= _AT_ONCE or time.monotonic() - self._written > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered; a log that cannot be written (a full disk) stops no answer."""
        with self._lock:
            lines, self._written = [self._lines.popleft() for _ in range(len(self._lines))], time.monotonic()
            try:
                self._file.write(b"".join(lines))
                self._file.flush()
            except (OSError, ValueError):
                return

    def close(self) -> None:
        """Write the rest."""
        self.flush()
        if self._owned:
            self._file.close()


def _line(what: str, facts: dict[str, Any]) -> bytes:
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps({"time": stamp, "what": what, **facts}, default=str) + b"\n"


def _short(what: str, facts: dict[str, Any]) -> bytes:
    """The same for people: a request by what matters most, anything else by its words and facts."""
    stamp = datetime.now().strftime("%H:%M:%S")
    if what == "request":
        told = f"{facts['status']} {facts['method']} {facts['path']} {facts['milliseconds']:.1f} ms"
    else:
        told = ", ".join([what, *(f"{name} {value}" for name, value in facts.items() if value is not None)])
    return f"{stamp} {printable(told, 1000)}\n".encode()
