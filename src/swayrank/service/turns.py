"""Whose turn it is: what takes long is done a few at a time, so that nobody waits for all that others ask for.

Requests of one kind share a *lane* (files; questions about all accounts), which does a few at once. The others wait,
and callers take turns: whoever asks for a hundred files waits for them, a second caller only for those that are being
made. Whoever has too many waiting is told so (429), and so is everybody where a lane is full (503). Who goes away
while waiting leaves the line.

A turn lasts until the answer begins, not until a slow reader has it all; and where nobody waits for the answer any
more, until the thread that works on it is done, since it cannot be stopped: so there are never more of them.
"""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from swayrank.service.problems import Problem

_FILES = ("/api/v1/exports/",)
_QUESTIONS = tuple(
    f"/api/v1/{name}"
    for name in ("figures/", "whatif", "plans/", "neighbours/", "weights", "top", "compare", "history/")
)
_LIST = "/api/v1/accounts"
_MOST_KEPT = 1 << 18
GONE = 499
"""What the log says of a request whose caller did not wait; nobody gets such an answer."""


class Turns:
    """Lets requests on when it is their turn; what takes no time passes.

    Parameters
    ----------
    app : ASGI application
        What may take long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files, self._questions = Lane(at_once=2, of_one=8), Lane(at_once=2, of_one=100)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for a turn, where there are turns."""
        lane = self._lane(scope)
        if lane is None:
            await self._app(scope, receive, send)
            return
        heard = _Heard(receive)
        turn = await lane.turn(scope.get("caller", "-"), heard)

        async def passed_on(message: Message) -> None:
            turn.end()
            await send(message)

        work = asyncio.ensure_future(self._app(scope, heard.receive, passed_on))
        work.add_done_callback(turn.ended)
        await asyncio.shield(work)  # a thread cannot be cancelled: its turn lasts as long as it does

    def _lane(self, scope: Scope) -> Lane | None:
        path = scope.get("path", "")
        if path.startswith(_FILES):
            return self._files
        return self._questions if path.startswith(_QUESTIONS) or path == _LIST else None


class Lane:
    """A line of one kind of work.

    Parameters
    ----------
    at_once : int
        How much of it is done at the same time.
    of_one : int
        How many requests of one caller may wait.
    of_all : int, default=400
        How many may wait in all.
    """

    def __init__(self, *, at_once: int, of_one: int, of_all: int = 400) -> None:
        self._free, self._of_one, self._of_all = at_once, of_one, of_all
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # callers in the order in which they have a turn

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def turn(self, caller: str, heard: _Heard) -> _Turn:
        """A turn, once it comes.

        Parameters
        ----------
        caller : str
            Who asks: each has one place in the round.
        heard : _Heard
            What the caller says; if that it has gone, the wait is over.

        Raises
        ------
        Problem
            If too many wait, or the caller has gone.
        """
        if self._free:
            self._free -= 1
        else:
            await self._wait(caller, heard)
        return _Turn(self)

    async def _wait(self, caller: str, heard: _Heard) -> None:
        own = self._waiting.get(caller, ())
        if len(own) >= self._of_one:
            told = f"{len(own)} of your requests wait already; send the next when they are answered"
            raise Problem(429, "too-many-requests", told, headers={"Retry-After": "5"})
        if self.waiting >= self._of_all:
            told = "more requests wait than can be answered soon; try again"
            raise Problem(503, "busy", told, headers={"Retry-After": "5"})
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(called)
        leaves, came = asyncio.ensure_future(heard.gone()), False
        try:
            await asyncio.wait((called, leaves), return_when=asyncio.FIRST_COMPLETED)
            came = called.done()
            if not came:
                leaves.result()  # what is wrong with a body is told
                raise Problem(GONE, "gone", "the caller did not wait")
        finally:
            leaves.cancel()
            if not came:
                self._leave(caller, called)

    def _leave(self, caller: str, called: asyncio.Future[None]) -> None:
        if called.done():  # the turn came too late
            self.give_back()
            return
        own = self._waiting[caller]
        own.remove(called)
        if not own:
            del self._waiting[caller]

    def give_back(self) -> None:
        """A turn is over: the next caller in the round has it."""
        for caller, own in self._waiting.items():
            own.popleft().set_result(None)
            del self._waiting[caller]
            if own:
                self._waiting[caller] = own  # to the end of the round
            return
        self._free += 1


class _Turn:
    """A turn that ends once."""

    def __init__(self, lane: Lane) -> None:
        self._lane: Lane | None = lane

    def end(self) -> None:
        """Let the next one on."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.give_back()

    def ended(self, work: asyncio.Future[None]) -> None:
        """The work is done; what became of it is looked at, so that it is not told of where nobody waits for it."""
        self.end()
        if not work.cancelled():
            work.exception()


class _Heard:
    """What a caller sends, listened to while it waits and kept for whoever answers."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._bytes = receive, 0
        self._kept: deque[Message] = deque()

    async def gone(self) -> None:
        """Returns when the caller has gone away; of one who says a lot, that is not noticed."""
        while self._bytes <= _MOST_KEPT:
            message = await self._receive()
            self._kept.append(message)
            self._bytes += len(message.get("body", b""))
            if message["type"] == "http.disconnect":
                return
        await asyncio.get_running_loop().create_future()

    async def receive(self) -> Message:
        """The next that it said."""
        return self._kept.popleft() if self._kept else await self._receive()
