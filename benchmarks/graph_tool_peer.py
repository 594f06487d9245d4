"""graph-tool as a contender: a child process of whichever Python has it."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Absent

_CHILD = Path(__file__).with_name("graph_tool_child.py")
NOTE = "in a child process: it needs the system's interpreter"


@functools.lru_cache(maxsize=1)
def interpreter() -> str | None:
    """A Python of the system that can import graph-tool; None if there is none."""
    python = shutil.which("python3", path=os.defpath)
    if python is None:
        return None
    tried = subprocess.run([python, "-c", "import graph_tool"], capture_output=True, check=False)
    return python if tried.returncode == 0 else None


def version() -> str | None:
    """The version of graph-tool."""
    python = interpreter()
    if python is None:
        return None
    command = [python, "-c", "import graph_tool; print(graph_tool.__version__)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]


class Child:
    """One running graph-tool."""

    def __init__(self, data: dict[str, Any], n_nodes: int) -> None:
        python = interpreter()
        if python is None:
            raise Absent("graph-tool is not installed (Debian: python3-graph-tool)")
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [python, str(_CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for end in "uv":
            np.save(self._path(end), data[end])
        self.do("load", self._path("u"), self._path("v"), n_nodes)

    def _path(self, name: str) -> str:
        return str(Path(self._folder.name) / f"{name}.npy")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("graph-tool's process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def do(self, *command: Any) -> dict[str, Any]:
        """Send a command and wait for it; gives the memory that it took."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def array(self, command: str) -> Any:
        """The array that "degrees" or "values" gives."""
        self.do(command, self._path(command))
        return np.load(self._path(command))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()
