"""The application: what is asked for passes the gate, then the hot path, then the routers.

::

    request -> Gate (host, origin, rate, token, size; headers, log, metrics)
            -> Lookups (one account, from memory)
            -> Patience (time) -> Turns (how much at once)
            -> FastAPI: routers (routes/*.py, documented in /api/v1/openapi.json)

The first four stand before FastAPI, whose own layers take as long as a whole lookup.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
from collections.abc import AsyncIterator

import anyio.to_thread
import orjson
from fastapi import Depends, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Receive, Scope, Send

from swayrank import __version__
from swayrank.service import problems
from swayrank.service.gate import Gate
from swayrank.service.lookups import Lookups
from swayrank.service.patience import Patience
from swayrank.service.routes import (
    accounts,
    events,
    exports,
    health,
    jobs,
    only_known,
    page,
    parameters_of,
    result,
    tokens,
    whatif,
)
from swayrank.service.settings import Settings
from swayrank.service.state import Service
from swayrank.service.turns import Turns

ROUTERS = (health, accounts, result, exports, events, jobs, whatif, tokens, page)
DESCRIPTION, _JSON = "/api/v1/openapi.json", "application/json"
_THREADS = 16  # each that works takes its turn at the interpreter's lock; lookups wait for as many as there are
_ABOUT = "Who influences whom in a social network, by how much, how sure that is, and whom to ask."


def create_app(settings: Settings) -> FastAPI:
    """The application over the result in ``settings.out``.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    fastapi.FastAPI
        The service opens its result and its store here, and closes them when the application ends.

    Raises
    ------
    SwayrankError
        If there is no result, or the store cannot be had.
    """
    service = Service(settings)
    app = _Application(
        title="swayrank",
        version=__version__,
        description=_ABOUT,
        openapi_url=None,  # FastAPI's own route writes all of it anew each time, where it holds everybody up
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.service = service
    problems.install(app, page.lost)
    for module in ROUTERS:
        strict = [] if module in (page, health) else [Depends(only_known)]  # those who check on us add what they like
        app.include_router(module.router, dependencies=strict)
    inner = functools.partial(FastAPI.__call__, app)
    app.entry = Gate(Lookups(Patience(Turns(inner), service), service), service)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.state.parameters = functools.cache(lambda path: parameters_of(path, app.openapi()))
    written = functools.cache(lambda: orjson.dumps(app.openapi()))
    app.add_api_route(DESCRIPTION, lambda: Response(written(), media_type=_JSON), include_in_schema=False)
    return app


class _Application(FastAPI):
    """FastAPI behind its gate."""

    entry: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.entry(scope, receive, send)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    beside = [service.watch(), service.upkeep.run(), service.jobs.run(service.stopping)]
    tasks = [asyncio.create_task(one) for one in beside]
    try:
        yield
    finally:
        service.stopping.set()
        await asyncio.gather(*tasks)
        service.close()


def _openapi(app: FastAPI) -> dict[str, object]:
    """The documentation, with how to show a token, and names that generators of clients can make methods of."""
    if app.openapi_schema is None:
        told = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        told["components"].setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
        told["security"] = [{"token": []}]
        for path, ways in told["paths"].items():
            for method, one in ways.items():
                one["operationId"] = _operation_id(method, path)
                one["summary"] = one["description"].partition("\n")[0].rstrip(".")
        app.openapi_schema = told
    return app.openapi_schema


def _operation_id(method: str, path: str) -> str:
    """As ``get_jobs_by_job_id_events``: of functions' own names, several are called the same."""
    steps = path.removeprefix("/api/v1").replace("{", "by_").replace("}", "")
    return method + re.sub(r"\W+", "_", steps)
