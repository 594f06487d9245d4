"""What can go wrong while live events come in, with real processes, a real full disk, a real lost database.

Whatever happens: an event that was acknowledged is there, none is there twice, and whoever asks is told what is wrong.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi", reason='the service needs: pip install "swayrank[service]"')

from starlette.testclient import TestClient

from swayrank.service.app import create_app
from swayrank.service.settings import Settings
from swayrank.stores import open_store
from tests.assembled import ROOT, Served, environment, small_result
from tests.ingesting import ROWS, keys_of
from tests.postgres import Postgres
from tests.postgres import find as find_postgres

URL = "/api/v1/events"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_result(tmp_path_factory.mktemp("town"), accounts=60)


def _rows(name: str, n: int, size: int = 1) -> list[dict[str, Any]]:
    usual = {"time": "2026-03-20T12:00:00Z", "actor": "bob", "action": "like", "target": "a" * size}
    return [{"key": f"{name}-{i}", **usual} for i in range(n)]


def _kept_keys(place: str | Path) -> list[str]:
    with open_store(place) as store:
        return [row.key for rows in store.events.read() for row in rows]


class _Child:
    """A process that sends batches for ever; its first is acknowledged once this is made, however long that takes."""

    def __init__(self, *arguments: str) -> None:
        words = [sys.executable, "-m", "tests.ingesting", *arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment())
        assert self.process.stdout is not None
        self._told = self.process.stdout
        assert self._told.readline() == "open\n"
        self._first = self._told.readline()

    def ended(self, seconds: float = 300) -> set[int]:
        """The batches that were acknowledged before the process ended by itself."""
        watch = threading.Timer(seconds, self.process.kill)
        watch.start()
        told = self._told.read()
        watch.cancel()
        self.process.wait()
        return {int(line.split()[1]) for line in (self._first + told).split("\n")[:-1]}

    def killed(self) -> set[int]:
        """The same, where it is killed now."""
        self.process.kill()
        return self.ended()


# -- killed ------------------------------------------------------------------------------------------------------------


def test_a_process_killed_while_events_come_in_loses_none_that_it_acknowledged(place: str) -> None:
    moments = random.Random(7)
    acknowledged: set[str] = set()
    for life in range(5):
        child = _Child(place, f"life{life}")
        time.sleep(0.25 * moments.random())
        batches = child.killed()
        assert batches, "it was killed before it did anything"
        acknowledged |= {key for batch in batches for key in keys_of(f"life{life}", batch)}
    counts = collections.Counter(_kept_keys(place))
    assert max(counts.values()) == 1
    assert acknowledged <= counts.keys()
    batches_kept = collections.Counter(key.rpartition("-")[0] for key in counts)
    assert set(batches_kept.values()) == {ROWS}, "half a batch was kept"


def test_two_processes_write_into_one_database(postgres_server: Postgres) -> None:
    place = postgres_server.database()
    children = [_Child(place, name, "10") for name in ("one", "two")]
    time.sleep(1.0)
    acknowledged = [child.killed() for child in children]
    counts = collections.Counter(_kept_keys(place))
    assert max(counts.values()) == 1
    for name, batches in zip(("one", "two"), acknowledged, strict=True):
        assert batches
        assert {key for batch in batches for key in keys_of(name, batch, 10)} <= counts.keys()


def test_a_service_killed_while_events_come_in_goes_on_where_it_was(out: Path, tmp_path: Path) -> None:
    town = tmp_path / "out"
    shutil.copytree(out, town, symlinks=True)
    told: list[dict[str, Any]] = []
    for life in range(3):
        served = Served(town, tmp_path / f"log{life}", "--refresh", "0")
        deadline = time.monotonic() + 0.2 + 0.1 * life
        while time.monotonic() < deadline:
            told.append(served.client.post(URL, json={"events": _rows(f"{life}-{len(told)}", 20)}).json())
        served._process.kill()
        served.stop()
    assert all(answer["accepted"] == 20 for answer in told)
    keys = _kept_keys(town / "service.db")
    assert len(keys) == len(set(keys)) == 20 * len(told)


# -- a full disk -------------------------------------------------------------------------------------------------------

_ON_A_SMALL_DISK = """
import json, pathlib, shutil, sys
from starlette.testclient import TestClient
from swayrank.service.app import create_app
from swayrank.service.settings import Settings
from tests.test_ingest_faults import URL, _rows, _kept_keys

disk, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1], "out")
shutil.copytree(sys.argv[2], out, symlinks=True)
(disk / "ballast").write_bytes(bytes(1 << 20))
said = {"accepted": 0}
with TestClient(create_app(Settings(out=out, log=pathlib.Path(sys.argv[3]))), base_url="http://127.0.0.1") as client:
    account = client.app.state.service.published.kept.ids[0]
    for batch in range(400):
        answer = client.post(URL, json={"events": _rows(f"first-{batch}", 50, 200)})
        if answer.status_code != 200:
            break
        said["accepted"] += answer.json()["accepted"]
    said["full"] = [answer.status_code, answer.json()]
    said["lookup"] = client.get(f"/api/v1/accounts/{account}").status_code
    said["status"] = client.get(f"{URL}/status").json()["events"]
    said["again"] = client.post(URL, json={"events": _rows(f"first-{batch}", 50, 200)}).status_code
    (disk / "ballast").unlink()
    said["later"] = client.post(URL, json={"events": _rows(f"first-{batch}", 50, 200)}).json()
keys = _kept_keys(out / "service.db")
said["kept"], said["different"] = len(keys), len(set(keys))
print(json.dumps(said))
"""


def test_a_full_disk_is_told_loses_nothing_and_is_over_when_there_is_room(out: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = _alone_with_disk(
        disk, "6m", [sys.executable, "-c", _ON_A_SMALL_DISK, str(disk), str(out), str(tmp_path / "log")]
    )
    said = json.loads(done.splitlines()[-1])
    status, problem = said["full"]
    assert (status, problem["type"]) == (507, "no-room")
    assert "there is no room left on its disk" in problem["detail"]
    assert said["accepted"] > 0
    assert said["status"] == said["accepted"]
    assert said["lookup"] == 200
    assert said["again"] == 507
    assert said["later"]["accepted"] == 50
    assert said["kept"] == said["different"] == said["accepted"] + 50


def _alone_with_disk(disk: Path, size: str, command: list[str]) -> str:
    """Run a command to which `disk` is a disk of that size; what it prints."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("a small disk needs the program unshare")
    flags = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    script = 'mount -t tmpfs -o size="$1" none "$2" || exit 77; shift 2; exec "$@"'
    words = [unshare, *flags, "sh", "-c", script, "sh", size, str(disk), *command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(), timeout=600)
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip(f"a small disk cannot be made here: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


_READ_ONLY = """
import os, pathlib, sys
from swayrank.errors import StoreUnavailableError
from swayrank.stores import open_store
from swayrank.stores.events import LiveEvent
place = pathlib.Path(sys.argv[1])
open_store(place).close()
if os.geteuid() == 0:
    place.parent.chmod(0o777)
    place.with_name(place.name + ".lock").chmod(0o666)
    os.seteuid(65534)
else:
    place.chmod(0o444)
try:
    with open_store(place) as store:
        store.events.append([[LiveEvent("k", 0, "a", "like", "b", None)]])
except StoreUnavailableError as error:
    print(error)
"""


def test_a_file_that_cannot_be_written_is_told() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        words = [sys.executable, "-c", _READ_ONLY, str(Path(folder, "service.db"))]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment())
    told = r"service\.db: cannot be reached or written now \((attempt to write a readonly|unable to open)"
    assert re.search(told, done.stdout), done


# -- a lost database ---------------------------------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that a test may stop."""
    if find_postgres() is None:
        pytest.skip("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
    pytest.importorskip("psycopg", reason="PostgreSQL needs the package psycopg")
    with Postgres() as running:
        yield running


def test_a_lost_database_is_told_lookups_go_on_and_it_recovers(out: Path, tmp_path: Path, own_server: Postgres) -> None:
    place = own_server.database()
    with open_store(place) as store:
        secret, _ = store.tokens.add("test", ["write"])
    app = create_app(Settings(out=out, database=place, log=tmp_path / "log"))
    headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as client:
        account = app.state.service.published.kept.ids[0]
        first = client.post(URL, json={"events": _rows("first", 30)}).json()
        assert first["accepted"] == 30

        own_server.stop()
        time.sleep(2.1)  # longer than a token is trusted unasked
        for _ in range(2):
            lost = client.post(URL, json={"events": _rows("second", 30)})
            assert (lost.status_code, lost.json()["type"]) == (503, "store-unavailable")
            assert int(lost.headers["retry-after"]) > 0
            assert "cannot be reached" in lost.json()["detail"]
            assert "tests@127.0.0.1" not in lost.json()["detail"]
        assert client.get(f"/api/v1/accounts/{account}").status_code == 200
        assert client.get("/api/v1/accounts?page_size=5").status_code == 200
        assert client.get("/api/v1/run").json()["live"] is None
        assert client.get(f"{URL}/status").status_code == 503
        unknown = client.get(f"/api/v1/accounts/{account}", headers={"Authorization": "Bearer swr_other"})
        assert (unknown.status_code, unknown.json()["type"]) == (503, "store-unavailable")

        own_server.start()
        again = client.post(URL, json={"events": _rows("second", 30)})
        assert again.status_code == 200, again.text
        assert again.json()["accepted"] == 30
        assert client.get(f"{URL}/status").json()["events"] == 60
        assert client.get("/api/v1/run", headers={"Authorization": "Bearer swr_other"}).status_code == 401


def test_a_database_lost_and_found_while_events_come_in_keeps_what_was_acknowledged(own_server: Postgres) -> None:
    place = own_server.database()
    child = _Child(place, "busy")
    time.sleep(0.4)
    own_server.stop()
    batches = child.ended()  # it stops at the first batch that is not kept
    acknowledged = {key for batch in batches for key in keys_of("busy", batch)}
    assert acknowledged
    own_server.start()
    keys = _kept_keys(place)
    assert len(keys) == len(set(keys))
    assert acknowledged <= set(keys)


def test_a_second_service_on_one_file_is_refused_by_name(out: Path, tmp_path: Path) -> None:
    town = tmp_path / "out"
    shutil.copytree(out, town, symlinks=True)
    served = Served(town, tmp_path / "log", "--refresh", "0")
    with contextlib.closing(served.client):
        second = subprocess.run(
            [sys.executable, "-m", "swayrank", "serve", str(town), "--port", "0"],
            capture_output=True, text=True, check=False, env=environment(), timeout=300,
        )  # fmt: skip
        assert second.returncode == 1
        assert "service.db: another service owns it; stop that one" in " ".join(second.stderr.split())
        assert "Traceback" not in second.stderr
        assert httpx.get(f"{served.address}/health/live", trust_env=False).status_code == 200
    served.stop()


def test_what_the_page_of_live_events_says_works(out: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the examples need the program curl")
    text = (ROOT / "docs/live_events.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "curl" in block]
    town = tmp_path / "out"
    shutil.copytree(out, town, symlinks=True)
    served = Served(town, tmp_path / "log", "--refresh", "0")
    said = []
    for block in blocks:
        script = block.replace("http://127.0.0.1:8100", served.address)
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        said.append(json.loads(done.stdout))
    served.stop()
    shown = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert said[0] == json.loads(shown[1])
    assert (said[1]["accepted"], len(said[1]["rejected"])) == (1, 1)
    assert said[2]["unscored"] == said[2]["events"] == 4
