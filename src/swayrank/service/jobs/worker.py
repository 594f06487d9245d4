"""A child's main: reads what is to be done, does it, says how far it is.

``python -m swayrank.service.jobs.worker``. One JSON line comes in; JSON lines go out::

    {"progress": {"what": "scoring", "done": 3, "total": 10, "seconds_left": 7.0}}
    {"done": true}                                      the result lies, whole, in the file that was asked for
    {"error": {"type": "memory", "detail": "..."}}      and the exit status is 1

Whatever else is printed goes to stderr. The input stays open: when it closes, the service is gone, and so is the child.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from typing import IO, Any

from swayrank._text import printable
from swayrank.errors import (
    ConvergenceError,
    FolderError,
    InputError,
    MissingDependencyError,
    ParameterError,
    StoreError,
    SwayrankError,
    UnknownAccountError,
)
from swayrank.service.jobs.confine import die_with, limit_memory, load_libraries, step_back

TOLD_EVERY_SECONDS = 0.25
_ESTIMATED_AFTER_SECONDS = 1.0
_LONGEST = 2000
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_MEMORY = re.compile(
    r"cannot allocate memory|unable to allocate|bad_alloc|failed to map segment|can't start new thread", re.IGNORECASE
)
_FULL = re.compile(r"No space left|[Dd]isk quota exceeded|\d+ requested and \d+ written")  # the last is NumPy's
_NAMES: tuple[tuple[type[SwayrankError], str], ...] = (
    (UnknownAccountError, "unknown-account"),
    (ParameterError, "wrong-value"),
    (InputError, "wrong-input"),
    (FolderError, "result-damaged"),
    (ConvergenceError, "not-converged"),
    (MissingDependencyError, "missing-package"),
    (StoreError, "store-unavailable"),
)


class Stopped(SystemExit):
    """The service asked for the end."""


class News:
    """Lines to the service.

    Parameters
    ----------
    out : binary file
    """

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._what = out, ""
        self._began = self._told = 0.0

    def send(self, **content: Any) -> None:
        """A line."""
        self._out.write(json.dumps(content).encode() + b"\n")
        self._out.flush()

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Say how far it is, as functions with `progress=` do; not more often than is worth reading."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._told = what, now, 0.0
        if now - self._told < TOLD_EVERY_SECONDS and done != total:
            return
        self._told, spent, left = now, now - self._began, None
        if total and done and spent > _ESTIMATED_AFTER_SECONDS:
            left = round(spent * max(total - done, 0) / done, 1)
        self.send(progress={"what": what, "done": int(done), "total": total, "seconds_left": left})


def told_error(error: BaseException) -> dict[str, str]:
    """An error by a short name and in a sentence."""
    text = printable(error, _LONGEST)
    if _is_want_of_memory(error):
        return {
            "type": "memory",
            "detail": f"it needs more memory than a job may have ({text or 'MemoryError'}); "
            "ask for less, or raise the service's --memory-limit",
        }
    if getattr(error, "errno", None) in _NO_ROOM or _FULL.search(text):
        return {"type": "no-room", "detail": f"there is no room left on the disk ({text}); make room, then restart it"}
    if isinstance(error, SwayrankError):
        return {"type": next((name for kind, name in _NAMES if isinstance(error, kind)), "failed"), "detail": text}
    return {"type": "internal", "detail": f"{type(error).__name__}: {text[:300]}; the service's log tells more"}


def _is_want_of_memory(error: BaseException) -> bool:
    """Whether it says so, in whichever words of Python, DuckDB, LLVM or the system, or comes of one that does."""
    seen: BaseException | None = error
    while seen is not None:
        named = isinstance(seen, MemoryError) or type(seen).__name__ == "OutOfMemoryException"  # the latter is DuckDB's
        if named or getattr(seen, "errno", None) == errno.ENOMEM or _NO_MEMORY.search(str(seen)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def main() -> int:
    """Do one job."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not be taken for news
    news, lifeline = News(out), sys.stdin.buffer
    try:
        asked: Mapping[str, Any] = json.loads(lifeline.readline())
        signal.signal(signal.SIGTERM, _stop)
        die_with(asked["parent"], lifeline)
        step_back(asked.get("nice", 10))
        from swayrank.service.jobs.kinds import do

        load_libraries()
        limit_memory(asked.get("memory_limit"))
        do(asked, news.progress)
        news.send(done=True)
        return 0
    except (Stopped, KeyboardInterrupt):
        return 1
    except BaseException as error:
        if _stopping:
            return 1
        told = told_error(error)
        if told["type"] == "internal":
            traceback.print_exc()
        news.send(error=told)
        return 1


_stopping: list[bool] = []


def _stop(_signal: int, _frame: Any) -> None:
    _stopping.append(True)
    raise Stopped(1)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # no waiting for threads of libraries
