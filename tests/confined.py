"""Runs a command as the systemd unit and the container do: nobody's user, no privileges, a read-only file system.

What of the unit can be imitated without systemd: another user, no capabilities, no way to new ones, every file system
read-only but the folders named, homes hidden. Needs root and mount namespaces.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534


def _shut_ancestor(path: Path) -> Path | None:
    """The first folder on the way to a path that other users may not enter."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def _opened(paths: list[Path]) -> list[str]:
    """Shell lines that let everybody reach paths below shut folders (a Python in root's home), read-only."""
    lines, hidden = [], {}
    for path in paths:
        shut = _shut_ancestor(path)
        if shut is not None:
            hidden.setdefault(shut, []).append(path)
    for shut, inside in hidden.items():
        for number, path in enumerate(inside):
            lines.append(f"mkdir -p $STAGE/{number} && mount --rbind {shlex.quote(str(path))} $STAGE/{number}")
        lines.append(f"mount -t tmpfs -o mode=755 none {shlex.quote(str(shut))}")
        for number, path in enumerate(inside):
            quoted = shlex.quote(str(path))
            lines.append(f"mkdir -p {quoted} && mount --rbind $STAGE/{number} {quoted}")
    return lines


def confined(command: list[str], *, writable: list[Path], stage: Path, environment: dict[str, str]) -> list[str]:
    """The words that run ``command`` confined; ``writable`` folders are given to the user, ``stage`` is scratch."""
    if os.getuid() != 0:
        pytest.skip("only root can start a process as another user")
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("unshare or setpriv is not here")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces are not allowed here")
    source = Path(__file__).resolve().parents[1]
    for folder in writable:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)
    script = [
        "set -e",
        "mount --make-rprivate /",
        f"STAGE={shlex.quote(str(stage))}",
        "mount -t tmpfs -o mode=755 none $STAGE",
        *_opened([Path(sys.base_prefix), Path(sys.prefix), source]),
        *(f"mkdir -p $STAGE/w{i} && mount --bind {shlex.quote(str(f))} $STAGE/w{i}" for i, f in enumerate(writable)),
        # Read-only from the root down; then the named folders again, as they are.
        "for at in $(cut -d' ' -f5 /proc/self/mountinfo); do mount -o remount,bind,ro $at 2>/dev/null || true; done",
        *(f"mount --bind $STAGE/w{i} {shlex.quote(str(f))}" for i, f in enumerate(writable)),
        *(f"mount -o remount,bind,rw {shlex.quote(str(f))}" for f in writable),
        "exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "
        + "env -i "
        + " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
        + " "
        + shlex.join(command),
    ]
    return ["unshare", "--mount", "sh", "-c", "\n".join(script)]
