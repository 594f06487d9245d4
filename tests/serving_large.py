"""A result of real size to serve: a town of 50,000 accounts, generated and scored once, then kept in pytest's cache.

What is kept stands under a name made of the parameters and of the code that makes it, so that a change of either makes
it anew. Every user gets a copy of the result folder and may write to it; the town's own files are read where they lie.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

ACCOUNTS = 50_000
_SOURCE = Path(__file__).parents[1] / "src" / "swayrank"
# Parts of the package that have no say in what a run holds.
_NO_SAY = ("service", "stores", "report", "interop")


def _made_by() -> str:
    seen = hashlib.sha256()
    for file in sorted(_SOURCE.rglob("*.py")):
        name = file.relative_to(_SOURCE)
        if name.parts[0] not in _NO_SAY:
            seen.update(str(name).encode())
            seen.update(file.read_bytes())
    return seen.hexdigest()[:16]


@contextmanager
def _alone(lock: Path):
    """Only one process at a time."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(folder: Path, *words: str) -> None:
    words = (sys.executable, "-m", "swayrank", *words)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stderr}"


def kept_town(base: Path, accounts: int = ACCOUNTS, rng: int = 7) -> Path:
    """A folder with ``town/`` (graph.csv, events.csv) and ``out/`` (one run), made where it is not there yet."""
    folder = base / f"town-{accounts}-{rng}-{_made_by()}"
    with _alone(base / "town.lock"):
        if not (folder / "done").exists():
            for old in base.glob(f"town-{accounts}-{rng}-*"):
                shutil.rmtree(old)
            # A run names its inputs by their place: they are made where they will stay.
            folder.mkdir()
            _run(folder, "generate", "town", "-n", str(accounts), "--rng", str(rng), "-o", "town", "--quiet")
            _run(folder, "score", "town/graph.csv", "town/events.csv", "-o", "out", "--quiet")
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def large_town(request, tmp_path_factory) -> Path:
    """A copy of the result folder of the large town, for the tests to do with as they like."""
    cache = getattr(request.config, "cache", None)
    base = Path(cache.mkdir("swayrank-town")) if cache else Path(tempfile.gettempdir()) / f"swayrank-town-{os.getuid()}"
    base.mkdir(exist_ok=True, mode=0o700)
    out = tmp_path_factory.mktemp("large") / "out"
    shutil.copytree(kept_town(base) / "out", out, symlinks=True)
    return out
