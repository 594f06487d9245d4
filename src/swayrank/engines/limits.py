"""What the control groups of this process grant: processors and memory, in either version of control groups.

The tightest limit of the own group and of those around it holds. In a container its own group is often shown as the
outermost, whatever its name is outside, so that folders which are not there are passed over.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def granted_processors(groups: Path = GROUPS, own: Path = OWN) -> int | None:
    """How many processors' time may be used, a started one counted whole; None: nothing limits it.

    Parameters
    ----------
    groups : Path, default /sys/fs/cgroup
        Where the groups are mounted.
    own : Path, default /proc/self/cgroup
        The file that names the process's groups.

    Returns
    -------
    processors : int or None
        At least 1.
    """
    found = []
    for folder, version in _groups_of("cpu", groups, own):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            if version == 1:
                quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            else:
                quota, period = map(int, (folder / "cpu.max").read_text().split()[:2])
            if quota > 0 and period > 0:  # -1 is no limit
                found.append(math.ceil(quota / period))
    return min(found, default=None)


def granted_memory(groups: Path = GROUPS, own: Path = OWN) -> int | None:
    """How many bytes of memory may be used; None: nothing limits it. Parameters as of :func:`granted_processors`.

    Version 1 tells "no limit" as a number that no machine has.
    """
    found = []
    for folder, version in _groups_of("memory", groups, own):
        with contextlib.suppress(OSError, ValueError):
            found.append(int((folder / ("memory.limit_in_bytes" if version == 1 else "memory.max")).read_text()))
    return min(found, default=None)


def _groups_of(kind: str, groups: Path, own: Path) -> Iterator[tuple[Path, int]]:
    """Folders of the groups that may limit this kind, the innermost first, each with its version."""
    try:
        told = [line.split(":", 2)[1:] for line in own.read_text().splitlines()]
    except OSError:
        return
    for kinds, name in told:
        if kinds and kind not in kinds.split(","):
            continue
        top = groups / kind if kinds else groups
        inner = top / name.lstrip("/")
        for folder in (inner, *inner.parents):
            if folder.is_relative_to(top):
                yield folder, 1 if kinds else 2
