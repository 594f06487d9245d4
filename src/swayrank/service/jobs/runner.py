"""Jobs from the queue to their end: claimed one by one, done by children, told to whoever listens.

::

    store: queued -> claim -> Child -> done | failed | cancelled -> store

The store knows which jobs there are; how far the running ones are is known here, and told to the store every few
seconds. Jobs that ran under a service that died are queued again when the next one starts (or, where several share a
database, once it has been silent for a minute); after three attempts they fail in words.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from swayrank.errors import ParameterError, StoreError
from swayrank.service.jobs.child import WORKER, Child, Error
from swayrank.service.jobs.confine import NICE
from swayrank.service.logs import Log
from swayrank.service.metrics import Metrics
from swayrank.service.places import without_folders
from swayrank.stores import Store
from swayrank.stores.jobs import CANCELLED, DONE, ENDED, FAILED, QUEUED, RUNNING, IllegalStepError, Job

RESULTS = "jobs"
_LOOK_SECONDS, _LOOK_SHARED_SECONDS = 5.0, 1.0
_ALIVE_SECONDS, _SILENT_SECONDS = 10.0, 60.0
_KEPT_SECONDS, _AGAIN_SECONDS = 3.0, 2.0
_ELSEWHERE_SECONDS = 1.0
_NAMING = ("unknown-account", "wrong-value")  # errors that name accounts, whose names may look like paths


class JobRunner:
    """Runs jobs.

    Parameters
    ----------
    store : Store
    out : Path
        The folder of the result; results of jobs are kept in ``jobs/`` in it.
    store_place : str
        Where the store is, for children.
    log, metrics : Log and Metrics
    memory_limit : int or None
        Bytes that a job may allocate.
    seconds : float
        How long a job may take.
    at_once : int, default 1
        How many run at the same time.
    command : sequence of str
        The program that does a job.

    Attributes
    ----------
    ended : list of coroutine functions
        Each is told of every job that has ended.
    next_refresh : str or None
        When scores are made anew, for whoever asks.
    """

    def __init__(
        self,
        store: Store,
        out: Path,
        *,
        store_place: str,
        log: Log,
        metrics: Metrics,
        memory_limit: int | None = None,
        seconds: float = 24 * 3600.0,
        at_once: int = 1,
        command: Sequence[str] = WORKER,
    ) -> None:
        self._store, self._out, self._place = store, out, store_place
        self._log, self._metrics = log, metrics
        self._memory, self._seconds, self._most, self._command = memory_limit, seconds, at_once, command
        self.owner = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._running: dict[str, _Running] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._wake, self._claiming = asyncio.Event(), asyncio.Lock()
        self._stopping = False
        self.ended: list[Callable[[Job], Awaitable[None]]] = []
        self.next_refresh: str | None = None

    # -- asked by routes -----------------------------------------------------------------------------------------------

    async def add(self, kind: str, parameters: Mapping[str, Any]) -> Job:
        """Queue a job."""
        job = await asyncio.to_thread(self._store.jobs.add, kind, parameters, memory_limit=self._memory)
        self._wake.set()
        return job

    async def get(self, job: str) -> Job | None:
        """A job as it stands now."""
        before = self._running.get(job)
        found = await asyncio.to_thread(self._store.jobs.get, job)
        here = self._running.get(job) or before  # it may have ended since: then the store's row is older than it
        if found is not None and here is not None and found.status == RUNNING:
            return here.job
        return found

    async def newest(self, **asked: Any) -> tuple[list[Job], int]:
        """Jobs, the newest first, and how many there are; as :meth:`JobTable.newest` takes it."""
        before = dict(self._running)
        found, total = await asyncio.to_thread(lambda: self._store.jobs.newest(**asked))
        here = before | self._running
        return [here[job.id].job if job.id in here and job.status == RUNNING else job for job in found], total

    async def cancel(self, job: str) -> Job:
        """End a job, whether it waits or runs; returns when it has ended.

        Raises
        ------
        IllegalStepError
            If it has ended before, or there is none.
        """
        async with self._claiming:  # a job that is being claimed would run on, cancelled in the store alone
            here = self._running.get(job)
            if here is None:
                found = await asyncio.to_thread(self._store.jobs.finish, job, CANCELLED)
                self._tell(job)
                return found
        here.child.stop()
        await here.over.wait()
        return await asyncio.to_thread(self._store.jobs.get, job) or here.job

    async def restart(self, job: str) -> Job:
        """Queue a job that failed or was cancelled anew.

        Raises
        ------
        IllegalStepError
            If it has not ended, or is done, or there is none.
        """
        found = await asyncio.to_thread(self._store.jobs.restart, job)
        self._wake.set()
        self._tell(job)
        return found

    def result(self, job: str) -> dict[str, Any]:
        """What a job made; blocks.

        Raises
        ------
        IllegalStepError
            If it has not made anything.
        ParameterError
            If there is no such job.
        """
        return dict(json.loads(self.result_bytes(job)))

    def result_bytes(self, job: str) -> bytes:
        """The same as it lies on the disk."""
        found = self._store.jobs.get(job)
        if found is None:
            raise ParameterError(f"there is no job {job!r}")
        if found.status != DONE:
            raise IllegalStepError(f"the job is {found.status}: only a job that is done has a result")
        try:
            return self._file(job).read_bytes()
        except OSError as error:
            raise IllegalStepError(
                f"the job's result is gone ({error.strerror}); ask for another with its parameters"
            ) from None

    async def follow(self, job: str, *, heartbeat: float) -> AsyncIterator[Job | None]:
        """A job each time that something about it changes, until it has ended; None after a silence.

        Parameters
        ----------
        job : str
            Its id.
        heartbeat : float
            Seconds of silence.
        """
        seen, silent = None, 0.0
        while True:
            news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(job, set()).add(news)
            try:
                found = await self.get(job)
                if found is None or (self._stopping and found == seen):
                    return
                if found != seen:
                    seen, silent = found, 0.0
                    yield found
                    if found.status in ENDED or self._stopping:
                        return
                wait = heartbeat - silent if job in self._running else min(_ELSEWHERE_SECONDS, heartbeat - silent)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news, wait)
                silent = 0.0 if news.done() and not news.cancelled() else silent + wait
                if silent >= heartbeat:
                    silent = 0.0
                    yield None
            finally:
                listeners = self._waiting.get(job, set())
                listeners.discard(news)
                if not listeners:
                    self._waiting.pop(job, None)

    def _tell(self, job: str) -> None:
        for news in self._waiting.get(job, ()):
            if not news.done():
                news.set_result(None)

    # -- working -------------------------------------------------------------------------------------------------------

    async def run(self, stopping: asyncio.Event) -> None:
        """Take jobs and have them done until `stopping`; those that run then are queued again for the next service."""
        alive = asyncio.create_task(self._say_alive())
        stop = asyncio.create_task(stopping.wait())
        try:
            await self._take_back(self._silent)
            while not stopping.is_set():
                await self._start_waiting()
                woken = asyncio.create_task(self._wake.wait())
                look = _LOOK_SHARED_SECONDS if self._store.is_postgres else _LOOK_SECONDS
                await asyncio.wait((stop, woken), timeout=look, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                self._wake.clear()
        finally:
            stop.cancel()
            alive.cancel()
            await self._stop_all()

    @property
    def _silent(self) -> float:
        """After how many seconds of silence a service is dead: a file has one owner at a time, and that is this one."""
        return _SILENT_SECONDS if self._store.is_postgres else 0.0

    async def _start_waiting(self) -> None:
        while len(self._running) < self._most and not self._stopping:
            try:
                waiting = (await asyncio.to_thread(lambda: self._store.jobs.newest(status=QUEUED, most=1)))[1]
                if not waiting or not await self._claim():
                    return
            except StoreError as error:
                self._log.write("jobs wait", detail=str(error)[:500])
                return

    async def _claim(self) -> bool:
        """Take a job and begin it; whether there was one."""
        async with self._claiming:
            job = await asyncio.to_thread(self._store.jobs.claim, self.owner)
            if job is None:
                return False
            running = self._running[job.id] = _Running(job, self._child(job))
            running.task = asyncio.create_task(self._work(running))
            self._metrics.jobs_running.set(len(self._running))
            return True

    def _child(self, job: Job) -> Child:
        asked = {
            "job": job.id,
            "kind": job.kind,
            "parameters": job.parameters,
            "out": str(self._out.absolute()),
            "store": self._place,
            "result": str(self._file(job.id).absolute()),
            "memory_limit": job.memory_limit,
            "parent": os.getpid(),
            "nice": NICE,
        }
        return Child(asked, lambda told: self._progress(job.id, told), self._command)

    def _progress(self, job: str, told: dict[str, Any]) -> None:
        """News of a child: to listeners at once, to the store every few seconds."""
        here = self._running.get(job)
        if here is None:
            return
        here.progress(told)
        self._tell(job)
        now = asyncio.get_running_loop().time()
        if now - here.kept > _KEPT_SECONDS and (here.keeping is None or here.keeping.done()):
            here.kept = now
            here.keeping = asyncio.create_task(self._keep(here))

    async def _keep(self, here: _Running) -> None:
        """Write progress down; where the job was taken from us, end it."""
        try:
            await asyncio.to_thread(self._store.jobs.tell, here.job.id, here.job.progress or {})
        except IllegalStepError:
            here.lost = True
            here.child.stop()
        except StoreError:
            return  # it is tried again with the next news

    async def _work(self, here: _Running) -> None:
        job = here.job
        self._log.write("job started", job=job.id, kind=job.kind, attempt=job.attempt)
        self._tell(job.id)
        path = self._file(job.id)
        error: Error | None
        try:
            await asyncio.to_thread(_make_room, path)
            error = await here.child.run(self._seconds)
        except OSError as problem:
            error = {"type": "no-room" if problem.errno == 28 else "internal", "detail": f"{path.parent}: {problem}"}
        if error is None and not path.is_file():
            error = {"type": "internal", "detail": "the job said that it is done, and left no result"}
        if here.child.tail and error is not None:
            self._log.write("job said", job=job.id, stderr=here.child.tail)
        if self._stopping and not here.lost:
            await self._give_back(job.id)
        ended = None if self._stopping or here.lost else await self._finish(here, error)
        del self._running[job.id]
        here.over.set()
        self._metrics.jobs_running.set(len(self._running))
        self._wake.set()
        self._tell(job.id)
        if ended is None:
            return
        for told in self.ended:
            with contextlib.suppress(StoreError):
                await told(ended)

    async def _give_back(self, job: str) -> None:
        """Queue a job that our own end interrupted: that is no attempt of its."""
        with contextlib.suppress(StoreError):  # then it is taken back when it has been silent
            await asyncio.to_thread(self._store.jobs.give_back, job, self.owner)

    async def _finish(self, here: _Running, error: Error | None) -> Job | None:
        """Write down how a job ended, however long the store cannot be reached."""
        status = DONE if error is None else CANCELLED if error["type"] == "cancelled" else FAILED
        kept = error if status == FAILED else None
        told = {
            "job": here.job.id,
            "kind": here.job.kind,
            "status": status,
            **({} if kept is None else {"error": kept}),
        }
        self._log.write("job ended", **told)
        while True:
            try:
                far = here.job.progress
                ended = await asyncio.to_thread(self._store.jobs.finish, here.job.id, status, kept, far)
            except IllegalStepError as problem:  # somebody else did: another service took it back, or cancelled it
                self._log.write("job ended elsewhere", job=here.job.id, detail=str(problem))
                return None
            except StoreError as problem:
                self._log.write("jobs wait", detail=str(problem)[:500])
                if self._stopping:
                    return None
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self._metrics.jobs.labels(here.job.kind, status).inc()
                return ended

    async def _say_alive(self) -> None:
        while True:
            await asyncio.sleep(_ALIVE_SECONDS)
            with contextlib.suppress(StoreError):
                if self._running:
                    await asyncio.to_thread(self._store.jobs.live, self.owner)
                    await self._check_mine()
            if self._store.is_postgres:
                await self._take_back(_SILENT_SECONDS)

    async def _check_mine(self) -> None:
        """End children whose jobs were cancelled, or taken, by another service."""
        for here in list(self._running.values()):
            found = await asyncio.to_thread(self._store.jobs.get, here.job.id)
            if found is None or found.status != RUNNING or found.owner != self.owner:
                here.lost = True
                here.child.stop()

    async def _take_back(self, silent: float) -> None:
        try:
            found = await asyncio.to_thread(self._store.jobs.take_back, silent_seconds=silent)
        except StoreError as error:
            self._log.write("jobs wait", detail=str(error)[:500])
            return
        for job in found:
            self._log.write("job taken back", job=job.id, kind=job.kind, attempt=job.attempt)
        self._wake.set()

    async def _stop_all(self) -> None:
        """End all children, and leave their jobs to the next service."""
        self._stopping = True
        for job in list(self._waiting):
            self._tell(job)
        tasks = [here.task for here in self._running.values() if here.task is not None]
        for here in self._running.values():
            here.child.stop()
        if tasks:
            await asyncio.wait(tasks)
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(self._store.jobs.take_back, self.owner)

    def _file(self, job: str) -> Path:
        return self._out / RESULTS / f"{job}.json"


class _Running:
    """A job that runs here."""

    def __init__(self, job: Job, child: Child) -> None:
        self.job, self.child = job, child
        self.task: asyncio.Task[None] | None = None
        self.keeping: asyncio.Task[None] | None = None
        self.over = asyncio.Event()
        self.kept, self.lost = 0.0, False

    def progress(self, told: Mapping[str, Any]) -> None:
        import dataclasses

        shown = {name: told.get(name) for name in ("what", "done", "total", "seconds_left")}
        before = self.job.progress or {}
        if (before.get("what"), before.get("total")) == (shown["what"], shown["total"]):
            shown["done"] = max(before.get("done") or 0, shown["done"] or 0)
        self.job = dataclasses.replace(self.job, progress=shown)


def _make_room(path: Path) -> None:
    """The result of an earlier attempt must not pass for that of this one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def as_dict(job: Job) -> dict[str, Any]:
    """A job for JSON."""
    told = {name: getattr(job, name) for name in ("id", "kind", "status", "parameters")}
    told |= {name: _iso(getattr(job, name)) for name in ("created", "started", "ended")}
    told |= {name: getattr(job, name) for name in ("progress", "error", "attempt", "memory_limit")}
    if job.error is not None and job.error.get("type") not in _NAMING:
        told["error"] = {**job.error, "detail": without_folders(job.error.get("detail", ""))}
    return told


def _iso(time: int | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time / 1e6, UTC).isoformat(timespec="milliseconds")
