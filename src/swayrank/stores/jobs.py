"""Jobs: what is to be done, how far it is, how it ended.

::

    queued -> running -> done | failed | cancelled
    queued -> cancelled
    running -> queued           its service stopped; or died: another attempt, unless there were too many
    failed, cancelled -> queued             restarted; a job that is done keeps what it made, and another is asked for

A job belongs to the service that claimed it. A service says now and then that it lives; the jobs of one that has been
silent for long are taken back by whoever looks next.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from swayrank.errors import StoreError
from swayrank.stores.schema import jobs

if TYPE_CHECKING:
    from swayrank.stores.store import Store

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATUSES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
ENDED = (DONE, FAILED, CANCELLED)
MOST_ATTEMPTS = 3
_LOST = {"type": "interrupted", "detail": f"the service stopped while it ran, {MOST_ATTEMPTS} times; restart it"}


class IllegalStepError(StoreError):
    """A job cannot go from its status to that one."""


@dataclass(frozen=True)
class Job:
    """A job as it stands; times are microseconds since 1970 UTC."""

    id: str
    kind: str
    status: str
    parameters: dict[str, Any]
    created: int
    started: int | None = None
    ended: int | None = None
    progress: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    attempt: int = 0
    memory_limit: int | None = None
    owner: str | None = None


class JobTable:
    """Jobs; part of a :class:`~swayrank.stores.Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, kind: str, parameters: Mapping[str, Any], *, memory_limit: int | None = None) -> Job:
        """Queue a job."""
        job = Job(secrets.token_hex(8), kind, QUEUED, dict(parameters), _now(), memory_limit=memory_limit)
        row = {"id": job.id, "kind": kind, "status": QUEUED, "parameters": json.dumps(job.parameters)}
        with self._store.writing() as connection:
            connection.execute(sa.insert(jobs).values(**row, created=job.created, attempt=0, memory_limit=memory_limit))
        return job

    def get(self, job: str) -> Job | None:
        """A job by its id."""
        with self._store.reading() as connection:
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job)).one_or_none()
        return None if row is None else _job(row)

    def newest(
        self, *, kind: str | None = None, status: str | None = None, first: int = 0, most: int = 50
    ) -> tuple[list[Job], int]:
        """Jobs, the newest first, and how many there are in all."""
        where = [jobs.c.kind == kind] if kind else []
        where += [jobs.c.status == status] if status else []
        order = (jobs.c.created.desc(), jobs.c.id)
        with self._store.reading() as connection:
            total = connection.scalar(sa.select(sa.func.count()).select_from(jobs).where(*where))
            rows = connection.execute(sa.select(jobs).where(*where).order_by(*order).offset(first).limit(most))
            return [_job(row) for row in rows], int(total or 0)

    def claim(self, owner: str) -> Job | None:
        """Take the oldest queued job, which then runs under `owner`; None where none waits."""
        asked = sa.select(jobs.c.id).where(jobs.c.status == QUEUED).order_by(jobs.c.created, jobs.c.id).limit(1)
        with self._store.writing() as connection:
            found = connection.scalar(asked.with_for_update(skip_locked=True) if self._store.is_postgres else asked)
            if found is None:
                return None
            values = {"status": RUNNING, "owner": owner, "started": _now(), "seen": _now(), "ended": None}
            values |= {"progress": None, "error": None, "attempt": jobs.c.attempt + 1}
            connection.execute(sa.update(jobs).where(jobs.c.id == found).values(**values))
            return _job(connection.execute(sa.select(jobs).where(jobs.c.id == found)).one())

    def tell(self, job: str, progress: Mapping[str, Any]) -> None:
        """Keep how far a running job is; says that its owner lives, too."""
        self._step(job, (RUNNING,), progress=json.dumps(dict(progress)), seen=_now())

    def live(self, owner: str) -> None:
        """Say that `owner` lives."""
        with self._store.writing() as connection:
            mine = (jobs.c.owner == owner) & (jobs.c.status == RUNNING)
            connection.execute(sa.update(jobs).where(mine).values(seen=_now()))

    def finish(
        self,
        job: str,
        status: str,
        error: Mapping[str, str] | None = None,
        progress: Mapping[str, Any] | None = None,
    ) -> Job:
        """End a running job (or cancel a queued one).

        One that is done keeps no progress; another keeps how far it came: `progress`, or where that is None, what was
        told last.

        Raises
        ------
        IllegalStepError
            If it has ended already, or there is none.
        """
        before = (QUEUED, RUNNING) if status == CANCELLED else (RUNNING,)
        told = None if error is None else json.dumps(dict(error))
        far: dict[str, Any] = {} if progress is None else {"progress": json.dumps(dict(progress))}
        if status == DONE:
            far = {"progress": None}
        return self._step(job, before, status=status, ended=_now(), error=told, **far)

    def restart(self, job: str) -> Job:
        """Queue a job that failed or was cancelled anew, with the same parameters.

        One that is done stays done: what it made would be lost where the next attempt fails.

        Raises
        ------
        IllegalStepError
            If it has not ended, or is done, or there is none.
        """
        fresh = {"status": QUEUED, "started": None, "ended": None, "progress": None, "error": None, "owner": None}
        return self._step(job, (FAILED, CANCELLED), **fresh, attempt=0)

    def give_back(self, job: str, owner: str) -> None:
        """Queue a running job of a service that stops in good order; the attempt does not count."""
        mine = (jobs.c.id == job) & (jobs.c.owner == owner) & (jobs.c.status == RUNNING)
        values: dict[str, Any] = {"status": QUEUED, "owner": None, "progress": None, "started": None}
        with self._store.writing() as connection:
            connection.execute(sa.update(jobs).where(mine).values(**values, attempt=jobs.c.attempt - 1))

    def take_back(self, owner: str | None = None, *, silent_seconds: float = 60.0) -> list[Job]:
        """Requeue (or, after many attempts, fail) running jobs whose service died; which ones.

        Parameters
        ----------
        owner : str, optional
            Of this service only, whatever it said; otherwise of all that have been silent.
        silent_seconds : float, default=60
            How long silence means death.
        """
        lost = jobs.c.status == RUNNING
        lost &= jobs.c.owner == owner if owner else jobs.c.seen < _now() - int(silent_seconds * 1e6)
        with self._store.writing() as connection:
            found = [_job(row) for row in connection.execute(sa.select(jobs).where(lost).with_for_update())]
            for job in found:
                again = job.attempt < MOST_ATTEMPTS
                values: dict[str, Any] = {"status": QUEUED, "owner": None, "progress": None}
                if not again:
                    values = {"status": FAILED, "ended": _now(), "error": json.dumps(_LOST)}
                connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**values))
        return found

    def _step(self, job: str, before: tuple[str, ...], **values: Any) -> Job:
        with self._store.writing() as connection:
            done = connection.execute(
                sa.update(jobs).where(jobs.c.id == job, jobs.c.status.in_(before)).values(**values)
            )
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job)).one_or_none()
        if row is None:
            raise IllegalStepError(f"there is no job {job!r}")
        if not done.rowcount and row.status == DONE and values.get("status") == QUEUED:
            raise IllegalStepError("the job is done and keeps its result; ask for another job with its parameters")
        if not done.rowcount:
            raise IllegalStepError(f"the job is {row.status}, and only {' or '.join(before)} jobs can do that")
        return _job(row)


def _now() -> int:
    return time.time_ns() // 1000


def _job(row: Any) -> Job:
    told = {name: row._mapping[name] for name in ("id", "kind", "status", "created", "started", "ended")}
    told |= {name: row._mapping[name] for name in ("attempt", "memory_limit", "owner")}
    told |= {name: json.loads(row._mapping[name] or "null") for name in ("parameters", "progress", "error")}
    return Job(**told)
