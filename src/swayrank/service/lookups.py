"""The hot path: one account, from memory to bytes, before any router looks at the request.

``GET /api/v1/accounts/{account}`` is answered here. Everything else, and what is wrong with it, goes on to the routers;
the route of that name (:mod:`swayrank.service.routes.accounts`) documents what is answered here, and calls the same.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote_to_bytes

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from swayrank.service.published import Published
from swayrank.service.state import Service

PREFIX = "/api/v1/accounts/"
ROUTE = "/api/v1/accounts/{account}"


class Lookups:
    """Answers lookups, passes everything else on.

    Parameters
    ----------
    app : ASGI application
        What answers everything else.
    service : Service
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a lookup, or pass the request on."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        token, result = scope.get("token"), self._service.published
        i = None if token is None or not token.may("read") else result.names.find(name_in(scope))
        if i is None:
            await self._app(scope, receive, send)
            return
        scope["route_name"] = ROUTE
        tag = b'"%s-%x"' % (result.tag, i)
        if any(name == b"if-none-match" and value == tag for name, value in scope["headers"]):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", tag)]})
            await send({"type": "http.response.body", "body": b""})
            return
        body = account_body(result, i)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"etag", tag),
            (b"cache-control", b"private, no-cache"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def name_in(scope: Scope, prefix: str = PREFIX) -> str:
    """The account that an address names: whatever follows the prefix, slashes included.

    Where nothing follows it, the query's ``account`` does: for names that addresses cannot hold, as ``..``.
    """
    raw = (scope.get("raw_path") or b"").partition(b"?")[0]
    if not raw.startswith(prefix.encode()):
        return str(scope["path"][len(prefix) :])
    if rest := raw[len(prefix) :]:
        return unquote_to_bytes(rest).decode("utf-8", "surrogateescape")
    query = parse_qsl(scope["query_string"].decode("latin-1"), errors="surrogateescape")
    return next((value for name, value in query if name == "account"), "")


def account_body(result: Published, i: int) -> bytes:
    """One account as JSON."""
    return orjson.dumps(result.whole_row(i))
