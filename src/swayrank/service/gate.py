"""What every request passes: who asks, whether that may be, how much, and what is told of it.

In this order: the host's name (a page of another site must not reach a service on this machine by a name of its own),
the origin of writes, the caller's rate, the token, the size of the body. Answers get the security headers, one log
line, and are counted. HEAD is answered as GET is, without the body.

Nothing is needed of callers while the service listens on loopback and no token was made; otherwise whatever is not the
page's own files or a health check needs ``Authorization: Bearer <secret>``.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import re
import secrets
import time
import traceback
from typing import Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from swayrank import __version__
from swayrank.errors import StoreError
from swayrank.service.problems import MEDIA, Problem, as_problem
from swayrank.service.state import Service
from swayrank.stores.tokens import Token

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
_ANYONE = Token("local", "this machine", frozenset({"read", "write", "admin"}), 0)
_READS = ("GET", "HEAD", "OPTIONS")
_BURST_SECONDS = 10
_SECRET = re.compile(r"swr_[A-Za-z0-9_-]{8,}")
_QUESTIONS, _LONGEST_QUESTION = ("/api/v1/whatif", "/api/v1/plans/"), 1_000_000
_GUARDED = ("/api/", "/metrics")
_FREE = ("/api/v1/openapi.json",)


def requires(scope: str) -> Any:
    """A dependency of routes: the caller may do what `scope` ("read", "write", "admin") stands for."""

    async def check(request: Request) -> Token:  # what is not async would wait for a thread
        token: Token | None = request.scope.get("token")
        if token is None or not token.may(scope):
            raise Problem(403, "forbidden", f"this token does not have the scope {scope!r}; ask for another one")
        return token

    check.scope = scope  # type: ignore[attr-defined]  # a test walks over all routes and looks for it
    return Depends(check)


class Gate:
    """The outermost layer of the application.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    service : Service
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service
        self._run, self._numbers = secrets.token_hex(3), itertools.count(1)
        self._callers: dict[str, list[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service, started = self._service, time.perf_counter()
        request_id, method = f"{self._run}-{next(self._numbers)}", scope["method"]
        if method == "HEAD":
            scope = {**scope, "method": "GET"}  # the server's own copy still says HEAD
        scope["request_id"] = request_id
        answer = _Answer(send, request_id.encode(), bodiless=method == "HEAD")
        try:
            headers = {name: value for name, value in scope["headers"] if name in _LOOKED_AT}
            await self._admit(service, scope, headers)
            await self._app(scope, _limited(receive, headers, _most_of(scope["path"], service)), answer.send)
        except Problem as problem:
            await answer.problem(problem, request_id)
        except StoreError as error:  # whose token it is cannot be told now
            await answer.problem(as_problem(error), request_id)
        except Exception as error:
            trace = traceback.format_exc()[-4000:]
            service.log.write("error", request=request_id, kind=type(error).__name__, trace=trace)
            await answer.problem(_of_mistake(error), request_id)
        finally:
            self._told(service, scope, method, answer.status or 500, time.perf_counter() - started)

    # -- may this be? --------------------------------------------------------------------------------------------------

    async def _admit(self, service: Service, scope: Scope, headers: dict[bytes, bytes]) -> None:
        path, host = scope["path"], headers.get(b"host", b"").decode("latin-1")
        if not service.needs_token and _name_of(host) not in service.settings.hosts:
            told = f"this service answers to {', '.join(sorted(service.settings.hosts))}; name others by --allow-host"
            raise Problem(421, "wrong-host", told)
        if scope["method"] not in _READS:
            _check_origin(headers, host)
        guarded = path.startswith(_GUARDED) and path not in _FREE
        token = scope["token"] = await self._token(service, headers) if guarded else None
        scope["caller"] = _caller(scope)  # whoever has no token is counted too, by address
        self._count_in(service, scope["caller"])
        if guarded and token is None:
            told = "a token is needed: Authorization: Bearer swr_...; `swayrank token add` makes one"
            raise Problem(401, "unauthorised", told, headers={"WWW-Authenticate": 'Bearer realm="swayrank"'})

    @staticmethod
    async def _token(service: Service, headers: dict[bytes, bytes]) -> Token | None:
        given = headers.get(b"authorization", b"").decode("latin-1")
        if not service.needs_token and not given:
            return _ANYONE
        kind, _, secret = given.partition(" ")
        return await service.token_of(secret.strip()) if kind.lower() == "bearer" and secret else None

    def _count_in(self, service: Service, caller: str) -> None:
        """A bucket of tokens for each caller: `rate_limit` drop in each second, ten seconds' worth fit."""
        rate = service.settings.rate_limit
        if not rate:
            return
        now = time.monotonic()
        bucket = self._callers.get(caller)
        if bucket is None:
            if len(self._callers) > 10_000:
                self._callers.clear()
            bucket = self._callers[caller] = [rate * _BURST_SECONDS, now]
        left = min(rate * _BURST_SECONDS, bucket[0] + (now - bucket[1]) * rate)
        bucket[1] = now
        if left < 1:
            bucket[0] = left
            wait = str(max(1, round((1 - left) / rate)))
            told = f"more than {rate:g} requests a second; wait {wait} s (--rate-limit sets it)"
            raise Problem(429, "too-many-requests", told, headers={"Retry-After": wait})
        bucket[0] = left - 1

    # -- what is told --------------------------------------------------------------------------------------------------

    @staticmethod
    def _told(service: Service, scope: Scope, method: str, status: int, seconds: float) -> None:
        route = scope.get("route_name") or getattr(scope.get("route"), "path_format", None) or "other"
        token, client = scope.get("token"), scope.get("client")
        service.metrics.request(route, method if method in _KNOWN else "other", status, seconds)
        service.log.request(
            id=scope["request_id"],
            method=method[:16],
            path=_SECRET.sub("swr_...", scope["path"])[:300],  # who puts a token into an address is refused, not told
            status=status,
            milliseconds=round(seconds * 1000, 3),
            client=client[0] if client else None,
            token=None if token is None else token.id,
        )


_KNOWN = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))


class _Answer:
    """Passes an answer on, with the headers that every answer has."""

    def __init__(self, send: Send, request_id: bytes, *, bodiless: bool) -> None:
        self._send, self._id, self._bodiless, self.status = send, request_id, bodiless, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *_HEADERS, (b"x-request-id", self._id)]
        elif self._bodiless:
            message["body"] = b""
        await self._send(message)

    async def problem(self, problem: Problem, request_id: str) -> None:
        if self.status:  # half an answer is out: it can only be cut
            raise problem
        body = problem.body(request_id)
        headers = [(b"content-type", MEDIA.encode()), (b"content-length", str(len(body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        headers += [(b"cache-control", b"no-store")]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


_LOOKED_AT = frozenset((b"host", b"origin", b"sec-fetch-site", b"authorization", b"content-length"))


def _of_mistake(error: Exception) -> Problem:
    """What nobody foresaw; but a disk may always be full, of files that are on their way out too."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        told = "there is no room left on the service's disk; make room, then ask again"
        return Problem(507, "no-room", told)
    return Problem(500, "internal", "something went wrong here; the log tells more under this request's id")


def _caller(scope: Scope) -> str:
    """Who asks: a token, or an address."""
    token, client = scope["token"], scope.get("client")
    return token.id if token is not None and token is not _ANYONE else client[0] if client else "-"


def _name_of(host: str) -> str:
    """The name in ``name:port``."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def _check_origin(headers: dict[bytes, bytes], host: str) -> None:
    """Writes come from the page itself or from programs, never from another site's page."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    other = bool(origin) and origin.partition("://")[2].lower() != host.lower()
    if other or headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        raise Problem(403, "cross-origin", "another site's page may not write here")


def _most_of(path: str, service: Service) -> int:
    """Bytes that a body may have: questions are read as a whole while everybody waits, so they are short."""
    most = service.settings.max_body
    return min(most, _LONGEST_QUESTION) if path.startswith(_QUESTIONS) else most


def _limited(receive: Receive, headers: dict[bytes, bytes], most: int) -> Receive:
    """The body, as far as it may go."""
    told = headers.get(b"content-length", b"0")
    problem = Problem(413, "too-large", f"a body may have {most:,} bytes; send less at once")
    if not told.isdigit() or int(told) > most:
        raise problem
    got = 0

    async def limited() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise HTTPException(413, problem.detail)  # what FastAPI lets through from within a body
        return message

    return limited


def etag_of(*parts: str) -> str:
    """A tag that changes when one of these does, or swayrank."""
    return '"' + hashlib.blake2b("\0".join((__version__, *parts)).encode(), digest_size=12).hexdigest() + '"'
