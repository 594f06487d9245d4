"""What holds a child: memory, priority, and that it does not outlive the service.

The memory limit is on what the job allocates beyond what the program itself has taken at its start: ``RLIMIT_DATA``
counts private memory that can be written, and no files that are mapped to be read. A job above it gets a MemoryError.
Where the system knows no such limit, there is none.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import IO

from swayrank.engines.limits import GROUPS, OWN, granted_memory

NICE = 10
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_KILLED_FIRST = "500"  # of [-1000, 1000]: where memory runs out, the job goes and the service stays


def step_back(nice: int = NICE) -> None:
    """Let everybody else go first: processor, and memory where it runs out."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_KILLED_FIRST)


def load_libraries() -> None:
    """Load what the work loads late, before memory is limited: OpenBLAS waits for ever where it gets no buffers."""
    import duckdb  # noqa: F401
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401
    import scipy.linalg
    import scipy.special  # noqa: F401

    from swayrank.ids import Ids

    Ids.from_values(["loads", "numba"])


def limit_memory(limit: int | None) -> None:
    """Allow `limit` bytes beyond what is allocated now; None: whatever there is."""
    if limit is None:
        return
    with contextlib.suppress(ImportError, OSError, ValueError, StopIteration):
        import resource

        told = Path("/proc/self/status").read_text().splitlines()
        now = next(int(line.split()[1]) * 1024 for line in told if line.startswith("VmData:"))
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = now + limit if hard == resource.RLIM_INFINITY else min(now + limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def usual_memory(groups: Path = GROUPS, own: Path = OWN) -> int | None:
    """What a job may allocate by itself: three quarters of the machine's memory, or of the control group's."""
    found = [limit] if (limit := granted_memory(groups, own)) is not None else []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found) * 3 // 4 if found else None


def die_with(parent: int, lifeline: IO[bytes]) -> None:
    """End at once when the process `parent` does, or when it closes the other end of `lifeline`."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)
    threading.Thread(target=_until_closed, args=(lifeline,), daemon=True).start()


def _until_closed(lifeline: IO[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while lifeline.read(4096):
            pass
    os._exit(1)
