"""Jobs: ask for long work, follow it, end it, fetch what it made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from swayrank.service.gate import requires
from swayrank.service.jobs.parameters import NewJob, PrepareParameters, check_names
from swayrank.service.jobs.runner import as_dict
from swayrank.service.problems import Problem, documented
from swayrank.service.routes import Serving, Told, answer
from swayrank.service.state import Service
from swayrank.stores.jobs import Job

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], responses=documented())
HEARTBEAT_SECONDS = 15.0
MOST_WAITING = 100
_READ, _WRITE = requires("read"), requires("write")
_EVENTS = {"done": "done", "failed": "failed", "cancelled": "cancelled"}
Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="As the job's `id` says.")]


class JobTold(Told):
    """A job."""

    id: str
    kind: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    parameters: dict[str, Any]
    created: str
    started: str | None
    ended: str | None
    progress: dict[str, Any] | None
    error: dict[str, str] | None
    attempt: int
    memory_limit: int | None


class JobPage(Told):
    """Some jobs, the newest first."""

    items: list[JobTold]
    total: int
    page: int
    page_size: int


@router.post("", status_code=202, response_model=JobTold, responses=documented(404, 507), dependencies=[_WRITE])
async def add(service: Serving, wanted: Annotated[NewJob, Body()]) -> Response:
    """Ask for a job. It waits until those before it are done; `/jobs/{id}/events` tells how far it is."""
    await asyncio.to_thread(check_names, wanted.parameters, service.published)
    if isinstance(wanted.parameters, PrepareParameters) and wanted.parameters.run is not None:
        await asyncio.to_thread(_check_run, service, wanted.parameters.run)
    waiting = (await service.jobs.newest(status="queued", most=1))[1]
    if waiting >= MOST_WAITING:
        told = f"{waiting} jobs wait already; wait until some are done, or cancel some"
        raise Problem(429, "too-many-jobs", told, headers={"Retry-After": "30"})
    parameters = wanted.parameters.model_dump(mode="json", exclude_unset=True)
    job = await service.jobs.add(wanted.kind, parameters)
    return answer(as_dict(job), status=202)


def _check_run(service: Service, run: str) -> None:
    if not (service.settings.out / "runs" / run / "manifest.json").is_file():
        raise Problem(404, "not-found", "there is no such run; /api/v1/runs lists them")


@router.get("", response_model=JobPage, dependencies=[_READ])
async def jobs(
    service: Serving,
    kind: Literal["seeds", "score", "prepare", "explain"] | None = None,
    status: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Jobs, the newest first."""
    found, total = await service.jobs.newest(kind=kind, status=status, first=(page - 1) * page_size, most=page_size)
    return answer({"items": [as_dict(job) for job in found], "total": total, "page": page, "page_size": page_size})


@router.get("/{job_id}", response_model=JobTold, responses=documented(404), dependencies=[_READ])
async def job_told(service: Serving, job_id: Id) -> Response:
    """A job as it stands."""
    return answer(as_dict(await _there(service, job_id)))


@router.get("/{job_id}/result", response_model=Told, responses=documented(404, 409), dependencies=[_READ])
async def result(service: Serving, job_id: Id) -> Response:
    """What a job made, once it is done."""
    await _there(service, job_id)
    made = await asyncio.to_thread(service.jobs.result_bytes, job_id)
    return Response(made, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={**documented(404), 200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    dependencies=[_READ],
)
async def events(request: Request, service: Serving, job_id: Id) -> Response:
    """Follow a job (server-sent events): `progress` while it waits and runs, then `done`, `failed` or `cancelled`.

    The data of each is the job; the stream ends with the job. A comment comes after 15 seconds of silence.
    """
    await _there(service, job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_lines(request, service, job_id), headers=headers, media_type="text/event-stream")


async def _lines(request: Request, service: Service, job: str) -> AsyncIterator[bytes]:
    async for found in service.jobs.follow(job, heartbeat=HEARTBEAT_SECONDS):
        if found is None:
            if await request.is_disconnected():
                return
            yield b": still here\n\n"
            continue
        name = _EVENTS.get(found.status, "progress")
        yield b"event: " + name.encode() + b"\ndata: " + orjson.dumps(as_dict(found)) + b"\n\n"


@router.post("/{job_id}/cancel", response_model=JobTold, responses=documented(404, 409), dependencies=[_WRITE])
async def cancel(service: Serving, job_id: Id) -> Response:
    """End a job that waits or runs; answers once it has ended."""
    await _there(service, job_id)
    return answer(as_dict(await service.jobs.cancel(job_id)))


@router.post(
    "/{job_id}/restart", status_code=202, response_model=JobTold, responses=documented(404, 409), dependencies=[_WRITE]
)
async def restart(service: Serving, job_id: Id) -> Response:
    """Do a job that failed or was cancelled once more, with the same parameters.

    A job that is done keeps what it made (409): ask for another, with its kind and parameters.
    """
    await _there(service, job_id)
    return answer(as_dict(await service.jobs.restart(job_id)), status=202)


async def _there(service: Service, job: str) -> Job:
    found = await service.jobs.get(job)
    if found is None:
        raise Problem(404, "unknown-job", "there is no such job; /api/v1/jobs lists them")
    return found
