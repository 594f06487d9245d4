"""Connections that never come to a request: endless heads, half ones, and who says nothing at all."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")

import uvicorn
from uvicorn.server import ServerState

from swayrank.service import wire
from swayrank.service.wire import MOST_BYTES, Wire
from tests.assembled import serving, small_result

GET = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
ENDLESS = {
    "address": (b"GET /", b"a"),
    "header": (b"GET / HTTP/1.1\r\nX: ", b"a"),
    "headers": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
    "trailer": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: ", b"a"),
    "extension": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "lines": (b"", b"\r\n"),
}


async def _application(scope, receive, send):
    """Reads the body, then answers; `/wait` takes a while."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.6 if scope["path"] == "/wait" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def over(talk):
    """What somebody sees who talks to a server of one connection's kind."""

    async def run():
        config = uvicorn.Config(_application, log_config=None, access_log=False, timeout_keep_alive=1)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(lambda: Wire(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(talk(reader, writer), 20)
        finally:
            writer.close()
            server.close()

    return asyncio.run(run())


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_has_no_end_is_cut_off(kind):
    begin, more = ENDLESS[kind]

    async def talk(reader, writer):
        sent = len(begin)
        writer.write(begin)
        try:
            while sent < 50 * MOST_BYTES and not reader.at_eof():
                writer.write(more * (1000 // len(more)))
                sent += 1000
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        return sent

    assert over(talk) < 30 * MOST_BYTES


def test_a_head_that_is_too_large_is_told_so():
    async def talk(reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * (MOST_BYTES + 1))
        return await reader.read()

    told = over(talk)
    assert told.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in told
    assert b"64,000 bytes" in told


def test_large_bodies_and_many_requests_are_no_heads():
    async def talk(reader, writer):
        for _ in range(3):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
            writer.write(head + b"a" * 300_000)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        for _ in range(3000):  # heads that together are larger than one may be
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 40 + b"\r\n\r\n")
            await reader.readuntil(b"ok")
        return True

    assert over(talk)


@pytest.mark.parametrize("said", [b"", b"GE", b"GET / HTTP/1.1\r\nX: ", b"\r\n"])
@pytest.mark.parametrize("after", [b"", GET])
def test_who_does_not_come_to_the_point_is_hung_up_on(monkeypatch, said, after):
    monkeypatch.setattr(wire, "MOST_SECONDS", 0.3)

    async def talk(reader, writer):
        if after:  # on a connection that was of use before
            writer.write(after)
            await reader.readuntil(b"ok")
        writer.write(said)
        return await reader.read()

    assert over(talk) == b""


def test_waiting_for_an_answer_is_no_silence(monkeypatch):
    """Not even where half of the next request has come meanwhile."""
    monkeypatch.setattr(wire, "MOST_SECONDS", 0.2)

    async def talk(reader, writer):
        writer.write(GET + b"GET / HT")
        answered = await reader.readuntil(b"ok")
        writer.write(b"TP/1.1\r\nHost: x\r\n\r\n")
        return answered, await reader.readuntil(b"ok")

    assert all(told.startswith(b"HTTP/1.1 200") for told in over(talk))


def test_the_service_speaks_so(tmp_path):
    """As it is started: whoever has no token is no exception."""
    with serving(small_result(tmp_path, accounts=60), tmp_path / "log", "--host", "127.0.0.1") as served:
        told = served.raw(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: a\r\n" * 20_000)
        assert told.startswith(b"HTTP/1.1 431 "), told[:100]
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as line:
            line.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            time.sleep(0.1)
            line.sendall(b"\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
