"""Does this installation work? A few facts about the machine, and one small job done end to end."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from swayrank.errors import SwayrankError
from swayrank.results import versions

_EXTRAS = {"service": "fastapi", "cluster": "dask", "gpu": "numba_cuda", "notebook": "plotly"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    what : str
    found : str
    good : bool
        False where something has to be done.
    """

    what: str
    found: str
    good: bool = True


def examine() -> list[Finding]:
    """Look at versions, threads, memory, the place of compiled kernels, extras, and run a small job.

    Examples
    --------
    >>> [finding.what for finding in examine() if not finding.good]
    []
    """
    looks: tuple[Callable[[], Finding], ...] = (_versions, _threads, _memory, _cache, _disk, _extras, _small_job)
    return [_guarded(look) for look in looks]


def _guarded(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (SwayrankError, ImportError, OSError, RuntimeError) as error:
        return Finding(look.__name__.strip("_").replace("_", " "), f"failed: {error}", good=False)


def _versions() -> Finding:
    return Finding("versions", ", ".join(f"{name} {version}" for name, version in versions().items()))


def _threads() -> Finding:
    from swayrank.engines.local import n_threads

    return Finding("threads", f"{n_threads()} allowed to this process")


def _memory() -> Finding:
    try:
        facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        available = int(facts["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return Finding("memory", "unknown on this platform")
    arcs = available // 40
    return Finding("memory", f"{available / 2**30:.1f} GiB free, enough to build graphs of up to {arcs:,} arcs")


def _cache() -> Finding:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        from swayrank.kernels.jit import JIT_ENABLED
        from swayrank.kernels.machine import CACHE_FOLDER
    if not JIT_ENABLED:
        return Finding("compiled kernels", "the JIT is off (NUMBA_DISABLE_JIT): everything is slow", good=False)
    if CACHE_FOLDER is None:
        return Finding("compiled kernels", "no folder can be written; set SWAYRANK_CACHE_DIR to one", good=False)
    files = list(CACHE_FOLDER.glob("*.nbc"))
    size = sum(path.stat().st_size for path in files)
    return Finding("compiled kernels", f"{len(files)} in {CACHE_FOLDER} ({size / 2**20:.1f} MiB)")


def _disk() -> Finding:
    free = shutil.disk_usage(".").free
    return Finding("disk", f"{free / 2**30:.1f} GiB free here", good=free > 2**28)


def _extras() -> Finding:
    there = [extra for extra, module in _EXTRAS.items() if importlib.util.find_spec(module)]
    absent = [extra for extra in _EXTRAS if extra not in there]
    return Finding("extras", f"installed: {', '.join(there) or 'none'}; optional: {', '.join(absent) or 'none'}")


def _small_job() -> Finding:
    from swayrank.demo import demonstrate

    start = time.perf_counter()
    first = demonstrate(200, rng=7, threads=1).scores.score
    again = demonstrate(200, rng=7, threads=2).scores.score
    seconds = time.perf_counter() - start
    same = first.tobytes() == again.tobytes()
    verdict = (
        "the same bits on one thread and two" if same else "different results on one thread and two: please report"
    )
    return Finding(
        "small job", f"a town of 200 scored twice in {seconds:.1f} s: {verdict} (Python {sys.version.split()[0]})", same
    )
