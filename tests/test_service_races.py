"""Two things in one moment: each is made to happen within the other, where it would otherwise do so once in a while."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

from swayrank.results import current_run
from swayrank.service.app import create_app
from swayrank.service.history import Past
from swayrank.service.logs import Log
from swayrank.service.published import Published
from swayrank.service.routes import accounts
from swayrank.service.settings import Settings
from swayrank.stores import open_store
from tests.serving import copied, result_in, serving
from tests.working import program, runner_over


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return result_in(tmp_path_factory.mktemp("races"), 120)


@pytest.fixture
def out(made, tmp_path):
    return copied(made, tmp_path)


@pytest.fixture
def service(out, tmp_path):
    """A service whose loops do not run."""
    with contextlib.closing(create_app(Settings(out=out, log=tmp_path / "log")).state.service) as service:
        yield service


def published(out: Path, name: str) -> Path:
    """Another run becomes the current one."""
    first = min((out / "runs").iterdir())
    later = Path(shutil.copytree(first, first.with_name(name)))
    manifest = json.loads((later / "manifest.json").read_text())
    (later / "manifest.json").write_text(json.dumps(manifest | {"id": name}))
    (out / "current.new").symlink_to(later.relative_to(out), target_is_directory=True)
    (out / "current.new").replace(out / "current")
    return later


# -- a new run ---------------------------------------------------------------------------------------------------------


def test_a_run_that_comes_while_another_is_refused_is_served(service, out, monkeypatch):
    broken, whole = "99991231T000000Z-000001", "99991231T000000Z-000002"
    (published(out, broken) / "scores.parquet").write_bytes(b"")
    load = Published.load

    def slow(folder):
        try:
            return load(folder)
        finally:
            if current_run(out).name == broken:
                published(out, whole)

    monkeypatch.setattr(Published, "load", slow)
    assert not service.reload()
    assert service.trouble is not None
    assert service.reload()
    assert (service.published.run, service.trouble) == (whole, None)


def test_what_was_read_before_a_run_came_is_not_remembered_after_it(made):
    past, asked = Past(made), []
    of = past.of

    def slow(account):
        found = of(account)
        asked.append(account)
        past.forget()  # a run came, which this answer does not know
        return found

    past.of = slow
    account = str(Published.load(made).kept.ids[-1])
    assert past.told(account)["runs"]
    past.told(account)
    assert len(asked) == 2
    past.of = of
    past.told(account)
    past.of = slow
    past.told(account)
    assert len(asked) == 2, "what nothing came between is remembered"


def test_an_answer_of_the_run_before_is_not_marked_as_of_the_new_one(out, monkeypatch):
    with serving(out) as client:
        service = client.app.state.service
        a, b = (str(one) for one in service.published.kept.ids[-2:])
        later, compared = Published.load(published(out, "99991231T000000Z-000001")), accounts.compared

        def slow(*asked):
            told = compared(*asked)
            service.published = later
            return told

        with service._loading:  # the service's own look for new runs waits
            monkeypatch.setattr(accounts, "compared", slow)
            first = client.get("/api/v1/compare", params={"a": a, "b": b})
            assert first.json()["a"]["run"] != later.run
            again = client.get(
                "/api/v1/compare", params={"a": a, "b": b}, headers={"If-None-Match": first.headers["etag"]}
            )
            assert (again.status_code, again.json()["a"]["run"]) == (200, later.run)

            class Before:
                run, activity = "before", property(lambda _: _went(service, later))

            service.published = Before()
            first = client.get("/api/v1/activity")
            assert first.json() == {"of": "before"}
            again = client.get("/api/v1/activity", headers={"If-None-Match": first.headers["etag"]})
            assert again.status_code == 200


def _went(service, later):
    service.published = later
    return {"of": "before"}


def test_a_shared_audience_of_the_run_before_is_asked_for_anew(out):
    """What-if questions are answered for the run before until the new one is prepared."""

    def prepared(run, both):
        return SimpleNamespace(run=run, shared_audience=lambda *_: {"both": both})

    with serving(out) as client:
        service = client.app.state.service
        service.upkeep._opened = service.published.run  # the service's own look finds nothing to prepare
        asked = {"a": str(service.published.kept.ids[-2]), "b": str(service.published.kept.ids[-1])}
        service.prepared = prepared("before", 1)
        first = client.get("/api/v1/compare", params=asked)
        same = client.get("/api/v1/compare", params=asked, headers={"If-None-Match": first.headers["etag"]})
        assert same.status_code == 304
        service.prepared = prepared(service.published.run, 2)
        again = client.get("/api/v1/compare", params=asked, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.json()["shared_audience"]) == (200, {"both": 2})


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_token_that_is_revoked_while_it_is_looked_up_is_not_trusted_after(service):
    secret, token = service.store.tokens.add("ada", ["read"])
    check = service.store.tokens.check

    def slow(asked):
        found = check(asked)
        service.store.tokens.revoke(token.id)
        service.forget_tokens()
        return found

    async def twice():
        service.store.tokens.check = slow
        first = await service.token_of(secret)
        service.store.tokens.check = check
        return first, await service.token_of(secret)

    first, second = asyncio.run(twice())
    assert first is not None  # it was asked for before
    assert second is None


def test_the_first_token_shuts_the_door_whoever_looked_before_it_was_made(service):
    look = service.store.tokens.list

    def slow():
        found = look()
        service.store.tokens.list = look
        service.store.tokens.add("ada", ["read"])
        service.forget_tokens()
        return found

    service.store.tokens.list = slow
    service.look_for_tokens()
    assert service.needs_token


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_a_job_that_is_cancelled_while_it_is_claimed_does_not_run(tmp_path):
    claimed, cancelled = threading.Event(), threading.Event()

    async def work():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program("time.sleep(600)")), asyncio.Event()
            job, claim = await runner.add("score", {}), store.jobs.claim

            def slow(owner):
                found = claim(owner)
                claimed.set()
                cancelled.wait(0.5)  # where cancelling does not wait for this, it is over by then
                return found

            store.jobs.claim = slow
            loop = asyncio.create_task(runner.run(stopping))
            await asyncio.to_thread(claimed.wait, 60)
            ended = await runner.cancel(job.id)
            cancelled.set()
            await asyncio.sleep(0.2)  # what was claimed begins by then
            still = list(runner._running)
            stopping.set()
            await loop
            return ended.status, still

    assert asyncio.run(asyncio.wait_for(work(), 120)) == ("cancelled", [])


def test_a_run_is_prepared_once_whoever_finds_that_it_is_not(service, monkeypatch):
    asked = []

    async def idle(*_kinds):
        await asyncio.sleep(0)
        return False

    async def add(kind, parameters):
        asked.append((kind, parameters["run"]))

    monkeypatch.setattr("swayrank.service.jobs.upkeep.can_be_prepared", lambda _: True)
    service.upkeep._busy, service.jobs.add = idle, add

    async def both():
        await asyncio.gather(service.upkeep._prepare(), service.upkeep._prepare())

    asyncio.run(both())
    assert asked == [("prepare", service.published.run)]


# -- the log -----------------------------------------------------------------------------------------------------------


def test_a_line_that_is_made_while_others_are_written_is_not_lost(tmp_path):
    log = Log(tmp_path / "log")
    line = log._line

    def slow(what, facts):
        made = line(what, facts)
        log.flush()
        return made

    log._line = slow
    log.request(path="/a")
    log.write("job ended")
    log.close()
    told = [json.loads(one) for one in (tmp_path / "log").read_text().splitlines()]
    assert [one["what"] for one in told] == ["request", "job ended"]
