"""What went wrong, for machines and people: RFC 9457 problem details, never a traceback.

``type`` is a short name that programs may rely on, ``detail`` a sentence that says what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from swayrank._text import printable
from swayrank.errors import (
    FolderError,
    InputError,
    MissingDependencyError,
    ParameterError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    SwayrankError,
    UnknownAccountError,
)
from swayrank.service.wrong import told as told_wrong
from swayrank.stores.jobs import IllegalStepError

MEDIA = "application/problem+json"
_TITLES = {400: "Bad request", 401: "Sign in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
           409: "Conflict", 413: "Too large", 415: "Unknown media type", 421: "Wrong host", 422: "Wrong value",
           429: "Too many requests", 500: "Internal error", 503: "Not available", 507: "No room left"}  # fmt: skip
_NAMES = {400: "bad-request", 401: "unauthorised", 403: "forbidden", 404: "not-found", 405: "method-not-allowed",
          413: "too-large"}  # fmt: skip
_OURS: tuple[tuple[type[SwayrankError], int, str], ...] = (
    (UnknownAccountError, 404, "unknown-account"),
    (IllegalStepError, 409, "illegal-step"),
    (StoreFullError, 507, "no-room"),
    (StoreBusyError, 503, "store-busy"),
    (StoreUnavailableError, 503, "store-unavailable"),
    (StoreError, 503, "store-damaged"),
    (ParameterError, 422, "wrong-value"),
    (InputError, 422, "wrong-input"),
    (FolderError, 503, "result-damaged"),
    (MissingDependencyError, 503, "missing-package"),
)


class ProblemDetails(BaseModel):
    """What a problem looks like, for the documentation."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    request_id: str | None = None


class Problem(Exception):  # noqa: N818  what RFC 9457 calls it
    """A problem that a route raises.

    Parameters
    ----------
    status : int
        Of HTTP.
    type : str
        Short name.
    detail : str
        A sentence: what, and what to do.
    headers : mapping, optional
        Further headers.
    **extra
        Further members.
    """

    def __init__(
        self, status: int, type: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.type, self.detail = status, type, detail
        self.headers, self.extra = dict(headers or {}), extra

    def body(self, request_id: str | None = None) -> bytes:
        """As JSON."""
        told = {"type": self.type, "title": _TITLES.get(self.status, "Problem"), "status": self.status}
        return orjson.dumps({**told, "detail": self.detail, "request_id": request_id, **self.extra}, default=str)


def as_problem(error: SwayrankError) -> Problem:
    """One of our errors as a problem."""
    for kind, status, name in _OURS:
        if isinstance(error, kind):
            headers = {"Retry-After": "5"} if status == 503 else {}
            named = error.accounts if isinstance(error, UnknownAccountError) else ()
            return Problem(status, name, _told(error), headers=headers, **({"accounts": list(named)} if named else {}))
    return Problem(422, "failed", printable(error, 1000))


def _told(error: SwayrankError) -> str:
    """What a caller may know: where things lie on this machine's disk is for the log."""
    text = printable(error, 1000)
    if isinstance(error, StoreError) and not isinstance(error, IllegalStepError):
        return f"the store: {text.partition(': ')[2] or 'cannot be used'}"
    return f"the result: {text.partition(': ')[2] or 'cannot be read'}" if isinstance(error, FolderError) else text


def of_problem(problem: Problem, request: Request) -> Response:
    """A problem as a response."""
    body = problem.body(request.scope.get("request_id"))
    return Response(body, problem.status, {**problem.headers, "Cache-Control": "no-store"}, MEDIA)


def install(app: FastAPI, lost: Callable[[Request], Response | None]) -> None:
    """Let an application answer every failure in this form; of unknown addresses, `lost` may answer otherwise."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return of_problem(error, request)

    @app.exception_handler(SwayrankError)
    async def _swayrank(request: Request, error: Exception) -> Response:
        assert isinstance(error, SwayrankError)
        return of_problem(as_problem(error), request)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [told_wrong(one, error.body) for one in error.errors()[:20]]
        first = found[0]
        problem = Problem(422, "wrong-value", first["message"], parameter=first["parameter"], errors=found)
        return of_problem(problem, request)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status, name = error.status_code, _NAMES.get(error.status_code, "problem")
        detail = {404: "there is nothing at this address", 405: "this address does not take that method"}
        headers = dict(error.headers or {})
        if status == 404 and (shown := lost(request)) is not None:
            return shown
        if status == 405:  # the router tells of the first route alone
            headers["Allow"] = ", ".join(sorted(_methods_at(app, request)))
        return of_problem(Problem(status, name, detail.get(status, printable(error.detail)), headers=headers), request)

    @app.exception_handler(Exception)
    async def _unexpected(_request: Request, error: Exception) -> Response:
        raise error  # the gate tells of it, in our form; otherwise a layer of the framework would, in its own


def _methods_at(app: FastAPI, request: Request) -> set[str]:
    """What an address takes."""
    found: set[str] = set()
    for route in _routes_of(app):
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return found | ({"HEAD"} if "GET" in found else set())


def _routes_of(app: FastAPI) -> Iterator[BaseRoute]:
    """All routes; newer versions of the framework keep those of a router behind one object."""
    for route in app.router.routes:
        part = getattr(route, "original_router", None)
        yield from [route] if part is None else part.routes


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's documentation: the problems that it can answer with, those of every route included."""
    every = (400, 401, 403, 413, 421, 422, 429, 503)
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        status: {"description": _TITLES[status], "model": ProblemDetails, "content": content}
        for status in sorted({*every, *statuses})
    }
