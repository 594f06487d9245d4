"""The service's own memory stays flat while it is asked all kinds of things and runs are replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assembled import serving, small_result
from tests.working import waited

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")
_MOST_GROWTH = 25_000_000  # bytes: a leak of 10 kB a round would be 4 times that
_ROUNDS = 1000


def _resident(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


@pytest.mark.slow
def test_memory_does_not_grow_with_requests(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's memory in /proc")
    out = small_result(tmp_path, accounts=300)
    with serving(out, tmp_path / "log", "--rate-limit", "0", "--refresh", "0", tokens=False) as served:
        names = [row["account"] for row in served.ask("GET", "/api/v1/accounts?page_size=300").json()["items"]]
        _asked(served, names, _ROUNDS // 4)
        _replaced(served, out, 1)
        _asked(served, names, _ROUNDS // 4)  # what comes of two runs loads libraries of its own
        warm = _resident(served.process)
        _asked(served, names, _ROUNDS)
        _replaced(served, out, 2)
        _asked(served, names, _ROUNDS // 2)
        assert _resident(served.process) - warm < _MOST_GROWTH


def test_what_stays_is_not_searched_for_cycles_again(tmp_path):
    """A search among a million objects holds every lookup up for a tenth of a second."""
    out = small_result(tmp_path, accounts=100)
    told = subprocess.run([sys.executable, "-c", _TELL, str(out)], capture_output=True, text=True, check=True).stdout
    searched, apart = map(int, told.split())
    assert apart > 100 * searched


_TELL = """
import gc, pathlib, sys
from swayrank.service import run
from swayrank.service.settings import Settings
run._Server.run = lambda self, sockets: print(len(gc.get_objects()), gc.get_freeze_count())
run.serve(Settings(out=pathlib.Path(sys.argv[1]), port=0), lambda *_: None)
"""


def _asked(served, names, rounds):
    for k in range(rounds):
        name = names[k % len(names)]
        paths = [f"accounts/{name}", f"explanations/{name}", f"accounts?q={name[:2]}&sort=followers&page_size=5"]
        paths += [f"weights?reach={k}.5&resonance=1&k=5", f"history/{name}", f"accounts/nobody-{k}"]
        for path in paths if k % 10 == 0 else paths[:1]:
            served.ask("GET", f"/api/v1/{path}")
        if k % 100 == 0:
            served.ask("GET", "/api/v1/figures/leaderboard")


def _replaced(served, out, number):
    """Another run, with the same content, and served."""
    first = min((out / "runs").iterdir())
    later = shutil.copytree(first, first.with_name(f"9999123{number}T000000Z-00000{number}"))
    manifest = json.loads((later / "manifest.json").read_text())
    (later / "manifest.json").write_text(json.dumps(manifest | {"id": later.name}))
    (out / "next").symlink_to(later.relative_to(out), target_is_directory=True)
    (out / "next").replace(out / "current")
    waited(lambda: served.ask("GET", "/api/v1/run").json()["id"] == later.name)
