"""One child process as the service sees it: started, listened to, ended, with its whole process group."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

WORKER = (sys.executable, "-m", "swayrank.service.jobs.worker")
GRACE_SECONDS = 3.0
_LONGEST_LINE = 1 << 20
_TAIL = 8000

Error = dict[str, str]


class Child:
    """A process that does one job.

    Parameters
    ----------
    asked : mapping
        What it is to do; see :mod:`swayrank.service.jobs.worker`.
    progress : callable
        Told how far it is.
    command : sequence of str
        The program.

    Attributes
    ----------
    tail : str
        The end of what it wrote to stderr.
    """

    def __init__(
        self,
        asked: Mapping[str, Any],
        progress: Callable[[dict[str, Any]], None],
        command: Sequence[str] = WORKER,
    ) -> None:
        self._asked, self._progress, self._command = asked, progress, command
        self._process: asyncio.subprocess.Process | None = None
        self._done, self._broken = False, ""
        self._error: Error | None = None
        self._stderr = b""
        self._stop_asked = asyncio.Event()

    @property
    def tail(self) -> str:
        """The end of what it wrote to stderr."""
        return self._stderr.decode("utf-8", "replace")

    def stop(self) -> None:
        """Ask for the end: SIGTERM, and SIGKILL where that does not help."""
        self._stop_asked.set()

    async def run(self, seconds: float) -> Error | None:
        """Work until it ends; None if it did well, else what was wrong.

        Parameters
        ----------
        seconds : float
            How long it may take.
        """
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
        except OSError as error:
            return {"type": "internal", "detail": f"no process could be started: {error.strerror or error}"}
        try:
            return await self._followed(self._process, seconds)
        finally:
            await self._end()

    async def _followed(self, process: asyncio.subprocess.Process, seconds: float) -> Error | None:
        reading = [asyncio.create_task(self._listen()), asyncio.create_task(self._gather())]
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop_asked.wait())
        try:
            assert process.stdin is not None
            with contextlib.suppress(OSError):  # it died at once: its status tells more
                process.stdin.write(json.dumps(dict(self._asked)).encode() + b"\n")
                await process.stdin.drain()
            await asyncio.wait((ended, stopped), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            in_time = ended.done() or stopped.done()
            await self._end()
            await asyncio.wait(reading, timeout=GRACE_SECONDS)
            return self._became(process.returncode, seconds, in_time=in_time)
        finally:
            for task in (*reading, ended, stopped):
                task.cancel()

    def _became(self, status: int | None, seconds: float, *, in_time: bool) -> Error | None:
        if self._stop_asked.is_set() and not self._done:
            return {"type": "cancelled", "detail": "it was cancelled"}
        if not in_time:
            return {"type": "time-limit", "detail": f"it took longer than jobs may, {seconds:g} seconds, and was ended"}
        if self._error is not None:
            return self._error
        if self._broken:
            return {"type": "internal", "detail": f"the job said something that is no news: {self._broken}"}
        if status is not None and status < 0:
            return {"type": "killed", "detail": _killed(-status)}
        if status:
            return {"type": "internal", "detail": f"the job ended with status {status} and said nothing"}
        return None if self._done else {"type": "internal", "detail": "the job ended without a result"}

    # -- its words -----------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # longer than any news
                line = b"..."
            if not line:
                return
            if not self._understood(line):
                self._broken = repr(line[:80].decode("utf-8", "replace"))
                self._kill(signal.SIGKILL)
                return

    def _understood(self, line: bytes) -> bool:
        try:
            told = json.loads(line)
        except ValueError:
            return False
        if not isinstance(told, dict):
            return False
        if isinstance(told.get("progress"), dict):
            self._progress(told["progress"])
        if isinstance(told.get("error"), dict):
            self._error = {name: str(told["error"].get(name, "")) for name in ("type", "detail")}
        self._done = self._done or told.get("done") is True
        return True

    async def _gather(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(65536):
            self._stderr = (self._stderr + piece)[-_TAIL:]

    # -- its end -------------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """No process of the group is left when this returns."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            self._kill(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), GRACE_SECONDS)
        self._kill(signal.SIGKILL)
        if process.returncode is None:
            await process.wait()

    def _kill(self, number: int) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _killed(number: int) -> str:
    if number == signal.SIGKILL:
        return "it was killed (signal 9; out of memory?)"
    if number == signal.SIGABRT:  # how compiled libraries end that get no memory
        return "it was killed (signal 6, SIGABRT; more memory than --memory-limit allows?)"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "unknown"
    return f"it was killed (signal {number}, {name})"
