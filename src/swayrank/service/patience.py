"""How long an answer may take: whoever waits longer is told so, whatever still works on it.

What runs in a thread cannot be stopped; it is left to end by itself, and what it says then is dropped. Streams of
progress and files take as long as they take.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from swayrank.service.problems import Problem
from swayrank.service.state import Service

_FILES, _JOBS, _PROGRESS = "/api/v1/exports/", "/api/v1/jobs/", "/events"


class Patience:
    """Answers 503 in the place of what takes too long.

    Parameters
    ----------
    app : ASGI application
        What may take long.
    service : Service
        Its settings hold the limit.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for an answer, as long as the settings say."""
        limit = self._service.settings.timeout_seconds
        if scope["type"] != "http" or not limit or _is_endless(scope["path"]):
            await self._app(scope, receive, send)
            return
        given_up = False

        async def passed_on(message: Message) -> None:
            if not given_up:
                await send(message)

        task = asyncio.ensure_future(self._app(scope, receive, passed_on))
        try:
            await asyncio.wait({task}, timeout=limit)
        finally:
            given_up = not task.done()
            if given_up:
                task.add_done_callback(_forget)
                task.cancel()
        if given_up:
            raise Problem(503, "timeout", f"no answer within {limit:g} seconds; ask for less")
        task.result()


def _is_endless(path: str) -> bool:
    return path.startswith(_FILES) or (path.startswith(_JOBS) and path.endswith(_PROGRESS))


def _forget(task: asyncio.Future[None]) -> None:
    """Nobody waits for it; what became of it is looked at, so that it is not told of as forgotten."""
    if not task.cancelled():
        task.exception()
