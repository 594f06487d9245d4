"""Is it alive, is it ready, what has it counted: for whoever looks after the service.

Neither waits for a thread that others may hold: a service that is busy is no service that is dead.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from swayrank.errors import SwayrankError
from swayrank.service.gate import requires
from swayrank.service.problems import as_problem, documented
from swayrank.service.routes import Serving, Told, answer

router = APIRouter(tags=["health"])
_FREE: dict[str, Any] = {"security": []}


@router.get("/health/live", response_model=Told, responses=documented(), openapi_extra=_FREE)
async def live() -> Response:
    """The process answers."""
    return answer({"status": "alive"})


@router.get("/health/ready", response_model=Told, responses=documented(), openapi_extra=_FREE)
async def ready(service: Serving) -> Response:
    """A result is served and the store answers; 503 otherwise. Lookups go on while the store does not."""
    try:
        await service.pulse.felt()
    except SwayrankError as error:
        return answer({"status": "store", "detail": as_problem(error).detail}, status=503)
    return answer({"status": "ready", "run": service.published.run, "trouble": service.trouble is not None})


@router.get("/metrics", response_class=Response, dependencies=[requires("read")], responses=documented())
def metrics(service: Serving) -> Response:
    """Counters for Prometheus."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
