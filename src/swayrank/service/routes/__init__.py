"""The addresses of the service, a module for each topic; :mod:`swayrank.service.app` puts them together."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from swayrank.service.gate import etag_of
from swayrank.service.lookups import name_in
from swayrank.service.published import Published
from swayrank.service.state import Service


async def service_of(request: Request) -> Service:
    """The service behind a request; what routes depend on is async: anything else would wait for a thread."""
    service: Service = request.app.state.service
    return service


Serving = Annotated[Service, Depends(service_of)]
"""A route's parameter: the service."""


async def named_account(request: Request, account: Annotated[str, Path(description="Its id.")]) -> str:
    """The account that an address below ``/api/v1/<resource>/`` names."""
    del account  # the router's own reading, which takes less than names can be; declared for the documentation
    resource = request.url.path.split("/")[3]
    return name_in(request.scope, f"/api/v1/{resource}/")


AccountName = Annotated[str, Depends(named_account)]
"""A route's parameter: the account; the route's path ends in ``{account:path}``."""


class Told(BaseModel):
    """The base of what answers look like, for the documentation: further members may follow."""

    model_config = ConfigDict(extra="allow")


def answer(content: Any, *, status: int = 200) -> Response:
    """JSON that is nobody else's to keep."""
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=str)
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")


def of_run(request: Request, result: Published, content: Any, *more: str) -> Response:
    """JSON that stays true as long as the run is served, and `more` that it rests on: 304 where the caller has it."""
    tag = etag_of(result.run, request.url.path, request.url.query, *more)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=str)
    return Response(body, 200, headers, "application/json")
