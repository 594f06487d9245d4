"""Live events: taken in, and how many wait to be scored."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from swayrank.events import iso
from swayrank.service.gate import requires
from swayrank.service.incoming import LONGEST_ID, LONGEST_KEY, MOST_EVENTS
from swayrank.service.ingest import live_facts
from swayrank.service.problems import Problem, documented
from swayrank.service.routes import Serving, Told, answer

router = APIRouter(prefix="/api/v1/events", tags=["events"], responses=documented())
_JSON = ("application/json",)
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_WORD = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["key", "time", "actor", "action"],
    "properties": {
        "key": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        "time": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]},
        "actor": _WORD,
        "action": {"type": "string"},
        "target": {"anyOf": [_WORD, {"type": "null"}]},
        "post": {"anyOf": [_WORD, {"type": "null"}]},
    },
}
_ROW = {"anyOf": [_EVENT, {"description": "Whatever else stands here is refused by itself, and told in `rejected`."}]}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "properties": {"events": {"type": "array", "maxItems": MOST_EVENTS, "items": _ROW}},
                }
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "",
    response_model=Told,
    dependencies=[requires("write")],
    openapi_extra=_BODY,
    responses=documented(400, 415, 507),
)
async def add(
    request: Request,
    service: Serving,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")] = None,
) -> Response:
    """Keep events, each once; what is accepted is on disk when this answers.

    Each row is taken or refused by itself. A key that was sent before is a duplicate, and no mistake; with other
    content it is refused as "key-reused". The same batch under the same Idempotency-Key gets its first answer again.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in (*_JSON, *_LINES) or request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unknown-media-type", "send application/json or application/x-ndjson, not compressed")
    told = await service.ingest.take(await request.body(), lines=kind in _LINES, name=idempotency_key)
    service.metrics.events.labels("accepted").inc(told["accepted"])
    service.metrics.events.labels("duplicate").inc(told["duplicates"])
    service.metrics.events.labels("rejected").inc(len(told["rejected"]))
    return answer(told)


@router.get("/status", response_model=Told, dependencies=[requires("read")])
async def status(service: Serving) -> Response:
    """How many events are kept, and up to which one the served scores know them."""
    store, runner = service.store, getattr(service, "jobs", None)
    told = await asyncio.to_thread(live_facts, store, service.published.kept.manifest)
    last = await asyncio.to_thread(store.events.last_time)
    told["last_event"] = None if last is None else iso(last)
    told["refresh_seconds"] = service.settings.refresh_seconds
    told["next_refresh"] = getattr(runner, "next_refresh", None)
    return answer(told)
