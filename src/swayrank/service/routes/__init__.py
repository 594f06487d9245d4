"""The addresses of the service, a module for each topic; :mod:`swayrank.service.app` puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from swayrank._text import printable
from swayrank.service.gate import etag_of
from swayrank.service.lookups import name_in
from swayrank.service.problems import Problem
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


async def only_known(request: Request) -> None:
    """Refuse a parameter that an address does not have: a misspelt filter would give everything, as if asked for."""
    if not request.url.query:
        return
    route = request.scope["route"]
    declared = request.app.state.parameters(route.path_format)
    unknown = [name for name in request.query_params if name not in declared] if declared is not None else []
    if unknown:
        there = f"known are {', '.join(sorted(declared))}" if declared else "there are none"
        detail = f"{printable(unknown[0], 60)} is no parameter of this address: {there}"
        raise Problem(422, "wrong-value", detail, parameter=printable(unknown[0], 200))


def parameters_of(path: str, described: Mapping[str, Any]) -> frozenset[str] | None:
    """What may stand in the query of an address, as the documentation says; None: what the route looks at itself."""
    declared = {"account"} if "{account}" in path else set()  # for names that no path can hold: see lookups.py
    for told in described["paths"].get(path, {}).values():
        asked = [one for one in told.get("parameters", ()) if one["in"] == "query"]
        if any(one["schema"].get("type") == "object" for one in asked):
            return None
        declared |= {one["name"] for one in asked}
    return frozenset(declared)


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
