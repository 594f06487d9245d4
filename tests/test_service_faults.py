"""What goes wrong with jobs, each with real processes: nothing half done is served, and all of it is told in words."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from swayrank.results import current_run
from swayrank.service.jobs.worker import told_error
from swayrank.service.published import Published
from swayrank.stores import open_store
from tests.serving import serving
from tests.working import copied, finished, program, runner_over, town_in, waited

SLEEPS = "time.sleep(600)"
OK = 'open(asked["result"], "w").write("{}"); print(json.dumps({"done": True}), flush=True)'


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return town_in(tmp_path_factory.mktemp("faults"), 150)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# -- broken jobs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("raise ValueError('oh')", "internal", "status 1"),
        ("print('what? no JSON'); sys.stdout.flush(); time.sleep(600)", "internal", "what? no JSON"),
        ("print('[1]')", "internal", "no news"),
        ("print('x' * 3_000_000)", "internal", "no news"),
        ("pass", "internal", "without a result"),
        ('print(json.dumps({"done": True}))', "internal", "left no result"),
        ("os.kill(os.getpid(), 9)", "killed", "was killed (signal 9; out of memory?)"),
        ("os.abort()", "killed", "SIGABRT; more memory than --memory-limit allows?"),
        ('print(json.dumps({"error": {"type": "wrong-value", "detail": "k"}})); sys.exit(1)', "wrong-value", "k"),
    ],
)
def test_a_broken_job_fails_in_words(tmp_path, body, kind, words):
    job = finished(tmp_path, command=program(body))
    assert job.status == "failed"
    assert job.error["type"] == kind
    assert words in job.error["detail"]


def test_what_a_broken_job_printed_is_in_the_log(tmp_path):
    finished(tmp_path, command=program("raise ValueError('the reason')"))
    assert "the reason" in (tmp_path / "jobs.log").read_text()


def test_a_program_that_is_not_there(tmp_path):
    job = finished(tmp_path, command=("/nowhere/at/all",))
    assert (job.status, job.error["type"]) == ("failed", "internal")


def test_a_result_of_an_earlier_attempt_does_not_pass_for_this_ones(tmp_path):
    job = finished(tmp_path, command=program('open(asked["result"], "w").write("{}")\nsys.exit(3)'))
    assert job.status == "failed"

    async def again():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program("print(json.dumps({'done': True}))")), None
            stopping = asyncio.Event()
            await runner.restart(job.id)
            loop = asyncio.create_task(runner.run(stopping))
            async for _ in runner.follow(job.id, heartbeat=5):
                pass
            stopping.set()
            await loop
            return store.jobs.get(job.id)

    assert asyncio.run(again()).status == "failed"


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_job_that_takes_too_long_is_ended(tmp_path):
    stubborn = f"import signal; signal.signal(15, signal.SIG_IGN); open('{tmp_path}/pid', 'w').write(str(os.getpid()));"
    for seconds in (1.5, 15, 60):  # it must have begun by then, which a busy machine takes long for
        job = finished(tmp_path, command=program(stubborn + SLEEPS), seconds=seconds)
        assert (job.status, job.error["type"]) == ("failed", "time-limit")
        assert f"longer than jobs may, {seconds:g} seconds" in job.error["detail"]
        if (tmp_path / "pid").exists():
            break
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_job_above_its_memory_gets_an_error_and_files_that_are_mapped_do_not_count(tmp_path):
    body = f"""
        from pathlib import Path
        from swayrank.service.jobs.confine import limit_memory, load_libraries
        from swayrank.service.jobs.worker import told_error
        load_libraries()
        limit_memory(asked["memory_limit"])
        import numpy as np
        big = np.memmap("{tmp_path}/big", np.uint8, "r")
        assert big.sum() == 0
        np.zeros(20_000_000, np.uint8)
        try:
            np.zeros(80_000_000, np.uint8)
        except BaseException as error:
            print(json.dumps({{"error": told_error(error)}}))
    """
    with (tmp_path / "big").open("wb") as file:
        file.truncate(200_000_000)
    job = finished(tmp_path, command=program(body), memory_limit=64_000_000)
    assert (job.status, job.error["type"]) == ("failed", "memory")
    assert "--memory-limit" in job.error["detail"]
    assert job.memory_limit == 64_000_000


def test_the_real_worker_is_limited_too(town, tmp_path):
    out = copied(town, tmp_path)
    before = current_run(out)
    job = finished(out, memory_limit=1_000_000)
    assert job.status == "failed", job.error  # which library gives way first, and in which words, is chance
    assert job.error["type"] in {"memory", "killed", "internal"}
    assert current_run(out) == before


def test_want_of_memory_is_told_whoever_says_so():
    behind = ImportError("libx.so: failed to map segment from shared object")
    caused = RuntimeError("the kernel could not be compiled")
    caused.__cause__ = MemoryError()
    for error in (
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        behind,
        caused,
    ):
        assert told_error(error)["type"] == "memory", error
    assert told_error(RuntimeError("no"))["type"] == "internal"


def test_a_full_disk_is_told():
    for error in (OSError(28, "No space left on device"), OSError("4096 requested and 12 written")):
        told = told_error(error)
        assert told["type"] == "no-room"
        assert "make room" in told["detail"]


def test_a_full_disk_ends_a_job_and_leaves_no_half_result(town, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(small)], check=False, capture_output=True
    ).returncode:
        pytest.skip("no file system of a small size can be mounted here")
    try:
        out = copied(town, small)
        before = current_run(out)
        spare = os.statvfs(small)
        (small / "filler").write_bytes(b"x" * max(0, (spare.f_bavail * spare.f_frsize) - 250_000))
        job = finished(out)
        assert (job.status, job.error["type"]) == ("failed", "no-room")
        assert current_run(out) == before
        Published.load(out)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


# -- killed while publishing -------------------------------------------------------------------------------------------

MOMENTS = {
    "while reading": "import swayrank.pipeline as m; m.read_sources = die",
    "while writing tables": "import swayrank.scoring.keep as m; m.write_csv = die",
    "before the manifest": "from swayrank.results import RunFolder as m; m.publish = die",
    "before the run gets its name": "import pathlib; old = pathlib.Path.replace\n"
    "def _hook(self, to): return die() if '.unfinished-' in self.name else old(self, to)\npathlib.Path.replace = _hook",
    "before it is the current one": "import swayrank.results as m; m._point = die",
    "while current is swapped": "import pathlib; old = pathlib.Path.replace\n"
    "def _hook(self, to): return die() if self.name.startswith('.current-') else old(self, to)\n"
    "pathlib.Path.replace = _hook",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_scoring_that_is_killed_leaves_the_old_result(town, tmp_path, moment):
    out = copied(town, tmp_path)
    before = current_run(out)
    script = tmp_path / "worker.py"
    script.write_text(
        "import os, runpy\ndef die(*_a, **_k): os.kill(os.getpid(), 9)\n"
        f"{MOMENTS[moment]}\nrunpy.run_module('swayrank.service.jobs.worker', run_name='__main__')\n"
    )
    job = finished(out, command=(sys.executable, str(script)))
    assert (job.status, job.error["type"]) == ("failed", "killed")
    assert current_run(out) == before
    assert Published.load(out).run == before.name


def test_a_run_that_was_killed_after_its_publishing_is_whole(town, tmp_path):
    out = copied(town, tmp_path)
    before = current_run(out)
    script = tmp_path / "worker.py"
    script.write_text(
        "import os, runpy\nimport swayrank.service.jobs.kinds as m\n"
        "m.forget_runs = lambda *_a: os.kill(os.getpid(), 9)\n"
        "runpy.run_module('swayrank.service.jobs.worker', run_name='__main__')\n"
    )
    assert finished(out, command=(sys.executable, str(script))).status == "failed"
    assert Published.load(out).run == current_run(out).name != before.name


# -- ended from outside ------------------------------------------------------------------------------------------------


def test_cancelling_ends_the_whole_group_and_lookups_go_on(town, tmp_path):
    out = copied(town, tmp_path)
    note = tmp_path / "pids"
    body = f"""
        import subprocess
        other = subprocess.Popen(["sleep", "600"])
        open("{note}.new", "w").write(f"{{os.getpid()}} {{other.pid}}"); os.rename("{note}.new", "{note}")
        {SLEEPS}
    """
    with serving(out, refresh_seconds=0) as client:
        service = client.app.state.service
        waited(lambda: service.prepared)
        service.jobs._command = program(body)
        first, second = (client.post("/api/v1/jobs", json={"kind": "score"}).json()["id"] for _ in range(2))
        waited(note.exists)
        pids = [int(pid) for pid in note.read_text().split()]
        name = str(service.published.kept.ids[0])
        for _ in range(50):  # while a job runs
            assert client.get(f"/api/v1/accounts/{name}").status_code == 200
        assert client.post("/api/v1/whatif", json={"seeds": [name]}).status_code == 200
        assert client.get(f"/api/v1/jobs/{first}").json()["status"] == "running"
        waiting = client.post(f"/api/v1/jobs/{second}/cancel").json()
        assert (waiting["status"], waiting["started"]) == ("cancelled", None)
        assert client.post(f"/api/v1/jobs/{first}/cancel").json()["status"] == "cancelled"
        assert not any(alive(pid) for pid in pids)
        service.jobs._command = program(OK)
        assert client.post(f"/api/v1/jobs/{first}/restart").json()["status"] == "queued"
        told = waited(lambda: (j := client.get(f"/api/v1/jobs/{first}").json())["ended"] and j)
        assert (told["status"], told["attempt"]) == ("done", 1)


def test_a_service_that_stops_leaves_its_job_to_the_next_one(tmp_path):
    async def stopped():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program(SLEEPS)), asyncio.Event()
            job = await runner.add("score", {})
            loop = asyncio.create_task(runner.run(stopping))
            while (await runner.get(job.id)).status != "running":
                await asyncio.sleep(0.05)
            stopping.set()
            await loop
            return store.jobs.get(job.id)

    job = asyncio.run(stopped())
    assert (job.status, job.attempt) == ("queued", 0)  # a stop in good order is no attempt


SERVICE = """
import sys, json
from pathlib import Path
import uvicorn
from swayrank.service.app import create_app
from swayrank.service.settings import Settings
out = Path(sys.argv[1])
app = create_app(Settings(out=out, refresh_seconds=0, log=out / "service.log"))
app.state.service.jobs._command = json.loads(sys.argv[2])
app.state.service.upkeep._asked.add(app.state.service.published.run)
app.state.service.store.jobs.add("score", {})
uvicorn.run(app, host="127.0.0.1", port=0, log_config=None)
"""


def test_a_service_that_is_killed_takes_its_child_along_and_the_next_one_does_the_job(town, tmp_path):
    out, note = copied(town, tmp_path), tmp_path / "pid"
    body = f"""
        from swayrank.service.jobs.confine import die_with
        die_with(asked["parent"], sys.stdin.buffer)
        open("{note}.new", "w").write(str(os.getpid())); os.rename("{note}.new", "{note}")
        {SLEEPS}
    """
    service = subprocess.Popen([sys.executable, "-c", SERVICE, str(out), json.dumps(program(body))])
    try:
        waited(note.exists)
        child = int(note.read_text())
        assert alive(child)
    finally:
        service.send_signal(signal.SIGKILL)
        service.wait()
    waited(lambda: not alive(child))
    with open_store(out / "service.db") as store:
        (job,), _ = store.jobs.newest()
        assert job.status == "running"  # nobody could say that it ended
    again = finished(out, kind="prepare", command=program(OK))
    assert again.status == "done"
    with open_store(out / "service.db") as store:
        told = store.jobs.get(job.id)
        assert (told.status, told.attempt) == ("done", 2)


def test_a_service_that_is_told_to_stop_ends_its_streams_and_its_job(town, tmp_path):
    out, told = copied(town, tmp_path), tmp_path / "told"
    with open_store(out / "service.db") as store:
        job = store.jobs.add("seeds", {"k": 100, "method": "celf", "epsilon": 0.001})
    with told.open("wb") as errors:
        words = [sys.executable, "-m", "swayrank", "serve", str(out), "--port", "0", "--log", str(tmp_path / "log")]
        service = subprocess.Popen(words, stderr=errors)
    try:
        port = waited(lambda: (m := re.search(r"http://127\.0\.0\.1:(\d+)", told.read_text())) and int(m[1]))
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        client.request("GET", f"/api/v1/jobs/{job.id}/events")
        answer = client.getresponse()
        assert answer.readline().startswith(b"event: ")
        service.terminate()
        answer.read()  # to its end
        assert service.wait(300) is not None
    finally:
        service.kill()
    assert '"status":503' not in (tmp_path / "log").read_text()
    with open_store(out / "service.db") as store:
        assert store.jobs.get(job.id).status in ("queued", "done")


def test_a_job_whose_services_die_again_and_again_fails_in_words(tmp_path):
    with open_store(tmp_path / "service.db") as store:
        job = store.jobs.add("score", {})
        for _ in range(3):
            store.jobs.take_back(silent_seconds=0)
            assert store.jobs.claim("somebody").id == job.id
    finished(tmp_path, command=program(OK))
    with open_store(tmp_path / "service.db") as store:
        told = store.jobs.get(job.id)
    assert (told.status, told.error["type"]) == ("failed", "interrupted")


def test_a_job_that_another_service_took_is_let_go(tmp_path):
    body = """
        for k in range(200):
            print(json.dumps({"progress": {"what": "w", "done": k, "total": 200}}), flush=True)
            time.sleep(0.05)
    """

    async def work():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program(body)), asyncio.Event()
            job = await runner.add("score", {})
            loop = asyncio.create_task(runner.run(stopping))
            while (await runner.get(job.id)).status != "running":
                await asyncio.sleep(0.05)
            await asyncio.to_thread(store.jobs.finish, job.id, "cancelled")
            async for _ in runner.follow(job.id, heartbeat=5):
                pass
            while runner._running:
                await asyncio.sleep(0.05)
            stopping.set()
            await loop
            return store.jobs.get(job.id)

    assert asyncio.run(asyncio.wait_for(work(), 300)).status == "cancelled"


def test_ends_are_told_once_the_store_is_back(tmp_path):
    """A job's end is not lost where the store is away for a while."""
    from swayrank.errors import StoreUnavailableError

    async def work():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program(OK)), asyncio.Event()
            job, finish, tries = await runner.add("score", {}), store.jobs.finish, []

            def away(*asked):
                tries.append(threading.get_ident())
                if len(tries) < 2:
                    raise StoreUnavailableError("gone")
                return finish(*asked)

            store.jobs.finish = away
            loop = asyncio.create_task(runner.run(stopping))
            async for _ in runner.follow(job.id, heartbeat=5):
                pass
            stopping.set()
            await loop
            return store.jobs.get(job.id).status, len(tries)

    assert asyncio.run(asyncio.wait_for(work(), 300)) == ("done", 2)
