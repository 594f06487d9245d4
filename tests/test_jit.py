"""The kernel decorator: edits are noticed, any install works, one signature each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import swayrank
from swayrank.kernels import jit

PACKAGE = Path(swayrank.__file__).parent

A = """
from swayrank.kernels.jit import kernel
@kernel
def inner(x):
    return x + 1
"""
B = """
from swayrank.kernels.jit import kernel
from swayrank.kernels.a import inner
@kernel
def outer(x):
    return inner(x) * 10
"""


def _install(folder: Path, **sources: str) -> Path:
    """A copy of the package with a few extra kernels, as if it were installed in `folder`."""
    target = folder / "swayrank"
    (target / "kernels").mkdir(parents=True)
    (target / "__init__.py").write_text("")
    (target / "kernels" / "__init__.py").write_text("")
    for name in ("jit.py", "machine.py"):
        shutil.copy(PACKAGE / "kernels" / name, target / "kernels")
    for name, text in sources.items():
        (target / "kernels" / f"{name}.py").write_text(textwrap.dedent(text))
    return folder


def _environment(install: Path, **changes: str | None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "SWAYRANK_"))}
    kept |= {"PYTHONPATH": str(install), "PYTHONDONTWRITEBYTECODE": "1"}
    for name, value in changes.items():
        kept.pop(name, None)
        if value is not None:
            kept[name] = value
    return kept


def _run(install: Path, code: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=_environment(install, **changes), capture_output=True, text=True, check=False
    )


OUTER = "from swayrank.kernels.b import outer; print(outer(4)); print(sum(outer.stats.cache_hits.values()))"


@pytest.mark.skipif(not jit.JIT_ENABLED, reason="there is no machine code with the JIT off")
class TestCache:
    def test_edit_of_an_imported_kernel_is_noticed(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        cache = str(tmp_path / "cache")
        first = _run(install, OUTER, SWAYRANK_CACHE_DIR=cache)
        again = _run(install, OUTER, SWAYRANK_CACHE_DIR=cache)
        (install / "swayrank" / "kernels" / "a.py").write_text(A.replace("x + 1", "x + 2"))
        edited = _run(install, OUTER, SWAYRANK_CACHE_DIR=cache)
        assert first.stdout.split() == ["50", "0"], first.stderr
        assert again.stdout.split() == ["50", "1"], again.stderr
        assert edited.stdout.split() == ["60", "0"], edited.stderr

    def test_read_only_install(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        for path in [*install.rglob("*"), install]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            runs = [_run(install, OUTER, XDG_CACHE_HOME=str(tmp_path / "xdg")) for _ in range(2)]
        finally:
            for path in [*install.rglob("*"), install]:
                path.chmod(0o755)
        assert [run.stdout.split() for run in runs] == [["50", "0"], ["50", "1"]], runs[0].stderr
        assert not list(install.rglob("*.nbi"))

    def test_no_home(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        place = {"HOME": "/proc/none", "XDG_CACHE_HOME": None, "TMPDIR": str(tmp_path)}
        runs = [_run(install, OUTER, **place) for _ in range(2)]
        assert [run.stdout.split() for run in runs] == [["50", "0"], ["50", "1"]], runs[0].stderr
        assert list(tmp_path.glob("swayrank-*/kernels-*/*.nbi"))

    def test_somebody_elses_temporary_folder_is_not_trusted(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        trap = tmp_path / f"swayrank-{os.getuid()}"
        trap.mkdir()
        trap.chmod(0o777)
        run = _run(install, OUTER, HOME="/proc/none", XDG_CACHE_HOME=None, TMPDIR=str(tmp_path))
        assert run.stdout.split() == ["50", "0"], run.stderr
        assert not list(trap.rglob("*.nbi"))

    def test_nothing_writable_warns_once_and_runs(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        run = _run(install, OUTER, SWAYRANK_CACHE_DIR="/proc/none")
        assert run.stdout.split()[0] == "50", run.stderr
        assert run.stderr.count("SWAYRANK_CACHE_DIR") == 1

    def test_two_processes_at_once(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        place = _environment(install, SWAYRANK_CACHE_DIR=str(tmp_path / "cache"))
        command = [sys.executable, "-c", OUTER]
        both = [subprocess.Popen(command, env=place, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate(timeout=120)[0].split()[0] for process in both] == ["50", "50"]
        assert _run(install, OUTER, SWAYRANK_CACHE_DIR=str(tmp_path / "cache")).stdout.split() == ["50", "1"]

    def test_a_damaged_cache_file_is_compiled_anew(self, tmp_path):
        install = _install(tmp_path / "lib", a=A, b=B)
        cache = tmp_path / "cache"
        _run(install, OUTER, SWAYRANK_CACHE_DIR=str(cache))
        for path in cache.rglob("*.nb?"):
            path.write_bytes(path.read_bytes()[:40])
        run = _run(install, OUTER, SWAYRANK_CACHE_DIR=str(cache))
        assert run.stdout.split() == ["50", "0"], run.stderr


def test_bits_and_floats_spell_each_other():
    for value in (0.0, -1.5, 2.0**-1074, 1e308):
        assert _through(value) == value
    assert [int(_zeros(np.uint64(w))) for w in (0, 1, 2**63, 12)] == [6464, 6300, 63, 6002]


@jit.kernel
def _through(value):
    return jit.bits_float(jit.float_bits(value))


@jit.kernel
def _zeros(word):
    return jit.leading_zeros(word) * np.uint64(100) + jit.trailing_zeros(word)


@jit.kernel
def _touch(array):
    jit.prefetch(array, np.uint64(1))
    return array[np.uint64(0)]


@pytest.mark.skipif(not jit.JIT_ENABLED, reason="nothing is compiled with the JIT off")
def test_numba_is_loaded_when_the_first_kernel_is_called(tmp_path):
    install = _install(tmp_path / "lib", a=A, b=B)
    code = """
import copy, pickle, sys
from swayrank.kernels import b, jit
there = lambda: "numba" in sys.modules
told = []
end = jit.tell_compilations(told.append)
assert pickle.loads(pickle.dumps(b.outer)) is b.outer is copy.copy(b.outer)
print(b.outer.__name__, jit.prefetch.__doc__[:7], there())
print(b.outer(4), there(), sorted(told), b.outer.signatures[0][0])
"""
    run = _run(install, code, SWAYRANK_CACHE_DIR=str(tmp_path / "cache"))
    assert run.stdout.split() == ["outer", "Nothing", "False", "50", "True", "['inner',", "'outer']", "int64"], (
        run.stderr
    )


def test_a_kernel_that_many_threads_call_first_is_made_once(monkeypatch):
    made, both = [], threading.Barrier(4)

    class Made:
        def __call__(self, value):
            return value + 1

    def compiled(*_):
        made.append(1)
        time.sleep(0.05)
        return Made()

    monkeypatch.setattr("swayrank.kernels.machine.compiled", compiled)
    asked = jit.Kernel(_through.__wrapped__, {})

    def ask(_):
        both.wait(timeout=60)
        return asked(1)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(4))) == [2] * 4
    assert made == [1]


def test_prefetch_changes_nothing():
    array = np.array([5, 6], np.uint32)
    assert _touch(array) == 5
    assert array.tolist() == [5, 6]
