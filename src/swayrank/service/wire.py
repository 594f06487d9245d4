"""What is held against a connection before there is a request: how long a head may take, and how large it may be.

The server reads heads to their end whatever they hold, and waits for them for ever; nothing that a request passes
(:mod:`swayrank.service.gate`) sees them before. So here a connection is ended that has sent

- `MOST_BYTES` without coming to the end of a head or to any of a body: endless names, lines, trailers (431),
- nothing, or half a head, for `MOST_SECONDS`; while an answer is under way it may say nothing as long as it likes.

Cost: an addition or two for each piece that arrives.
"""

from __future__ import annotations

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from swayrank.service.problems import MEDIA, Problem

MOST_BYTES = 64_000
MOST_SECONDS = 30.0


class Wire(HttpToolsProtocol):
    """A connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fruitless = 0  # bytes since a head ended or some of a body came
        self._half_head = False
        self._patience: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        self._fruitless += len(data)
        super().data_received(data)
        if self._fruitless > MOST_BYTES:
            self._refuse(f"the head of a request may have {MOST_BYTES:,} bytes")
        elif self._patience is None and (self._half_head or self._is_idle):
            self._wait_for_head()

    # -- told by the parser --------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        self._half_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._half_head, self._fruitless = False, 0
        self._wait_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of a body."""
        self._fruitless = 0
        super().on_body(body)

    # -- ends ----------------------------------------------------------------------------------------------------------

    @property
    def _is_idle(self) -> bool:
        """Whether no request waits for its answer."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self._patience = self.loop.call_later(MOST_SECONDS, self._lose_patience)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        if not self._is_idle:  # half a head behind a request that is still being answered
            self._wait_for_head()
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, told: str) -> None:
        """Say why, where no answer is under way, and hang up."""
        if self.transport.is_closing():
            return
        if self._is_idle:
            body = Problem(431, "too-large", told).body()
            head = f"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: {MEDIA}\r\nconnection: close\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()
