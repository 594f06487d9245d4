"""Turns: who is let on when, who is told to come again, and that health answers whatever else is done."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

from swayrank.errors import StoreUnavailableError
from swayrank.service.problems import Problem
from swayrank.service.pulse import Pulse
from swayrank.service.routes import exports
from swayrank.service.turns import GONE, Lane, Turns
from tests.serving import result_in, serving

SOON = 120.0


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return result_in(tmp_path_factory.mktemp("turns"))


class Work:
    """An application whose answers begin when a test says so, and whoever asks it."""

    def __init__(self, **lane):
        self.begun, self.may_answer, self.gone = [], {}, {}
        self.turns = Turns(self)
        self.turns._files = Lane(**{"at_once": 1, "of_one": 2, **lane})
        self.answers = {}

    async def __call__(self, scope, receive, send):
        name = scope["name"]
        self.begun.append(name)
        await asyncio.wait_for(self.may_answer.setdefault(name, asyncio.Event()).wait(), SOON)
        body = await receive()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body.get("body", b"")})

    async def ask(self, name, caller="ada", path="/api/v1/exports/scores.csv", body=b""):
        """Ask, and wait until that is known."""
        said, gone = [{"type": "http.request", "body": body}], self.gone.setdefault(name, asyncio.Event())
        sent = self.answers.setdefault(name, [])

        async def receive():
            if said:
                return said.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "path": path, "caller": caller, "name": name}
        task = asyncio.create_task(self.turns(scope, receive, send))
        await settled()
        return task

    async def answer(self, *names):
        for name in names:
            self.may_answer.setdefault(name, asyncio.Event()).set()
            await settled()


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


def run(test):
    asyncio.run(asyncio.wait_for(test, 300))


def test_callers_take_turns():
    async def test():
        work = Work(of_one=10)
        tasks = [await work.ask(f"a{k}", "ada") for k in range(4)]
        tasks += [await work.ask("b0", "bob"), await work.ask("b1", "bob"), await work.ask("c0", "cem")]
        assert work.begun == ["a0"]
        await work.answer("a0", "a1", "b0", "c0", "a2", "b1", "a3")
        await asyncio.gather(*tasks)
        assert work.begun == ["a0", "a1", "b0", "c0", "a2", "b1", "a3"]

    run(test())


def test_who_asks_for_too_much_is_told_and_others_are_not():
    async def test():
        work = Work(of_one=2, of_all=3)
        tasks = [await work.ask(f"a{k}", "ada") for k in range(3)]
        with pytest.raises(Problem) as refused:
            await (await work.ask("a3", "ada"))
        assert (refused.value.status, refused.value.type) == (429, "too-many-requests")
        assert refused.value.headers["Retry-After"]
        tasks.append(await work.ask("b0", "bob"))
        with pytest.raises(Problem) as refused:
            await (await work.ask("c0", "cem"))
        assert (refused.value.status, refused.value.type) == (503, "busy")
        await work.answer("a0", "a1", "b0", "a2")
        await asyncio.gather(*tasks)
        assert work.begun == ["a0", "a1", "b0", "a2"]

    run(test())


def test_who_goes_away_leaves_the_line():
    async def test():
        work = Work(of_one=10)
        first, second, third = [await work.ask(name) for name in ("a", "b", "c")]
        work.gone["b"].set()
        with pytest.raises(Problem) as gone:
            await second
        assert gone.value.status == GONE
        assert work.turns._files.waiting == 1
        await work.answer("a", "c")
        await asyncio.gather(first, third)
        assert work.begun == ["a", "c"]

    run(test())


def test_what_a_waiting_caller_said_is_kept():
    async def test():
        work = Work()
        first, second = await work.ask("a"), await work.ask("b", body=b"seeds")
        await work.answer("a", "b")
        await asyncio.gather(first, second)
        assert work.answers["b"][1]["body"] == b"seeds"

    run(test())


def test_a_turn_lasts_until_the_answer_begins():
    async def test():
        work, read = Work(), asyncio.Event()

        async def slow_reader(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await read.wait()

        work.turns._app = slow_reader
        slow = await work.ask("slow")
        work.turns._app = work
        next_one = await work.ask("next", "bob")
        assert work.begun == ["next"]
        read.set()
        await work.answer("next")
        await asyncio.gather(slow, next_one)

    run(test())


def test_a_turn_lasts_as_long_as_a_thread_whose_answer_nobody_waits_for():
    """A thread cannot be stopped: were its turn over when the time is up, threads would pile up."""

    async def test():
        work, go_on = Work(), threading.Event()

        async def in_a_thread(scope, receive, send):
            await asyncio.to_thread(go_on.wait, SOON)

        work.turns._app = in_a_thread
        given_up = await work.ask("a")
        work.turns._app = work
        given_up.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await given_up
        second = await work.ask("b")
        assert work.begun == []
        go_on.set()
        await work.answer("b")
        await second
        assert work.begun == ["b"]

    run(test())


def test_who_is_given_up_while_waiting_takes_no_turn_along():
    async def test():
        work = Work(of_one=10)
        tasks = [await work.ask(name) for name in ("a", "b", "c")]
        work.may_answer["a"].set()
        await settled()
        assert work.begun == ["a", "b"]
        tasks[2].cancel()
        await work.answer("b")
        last = await work.ask("d")
        await work.answer("d")
        await asyncio.gather(*tasks[:2], last)
        assert work.begun == ["a", "b", "d"]

    run(test())


def test_a_turn_that_comes_too_late_goes_to_the_next():
    async def test():
        work = Work(of_one=10)
        first, second, third = [await work.ask(name) for name in ("a", "b", "c")]
        work.turns._files.give_back()  # the turn is called, and in the same moment the wait is given up
        second.cancel()
        await settled()
        assert work.begun == ["a", "c"]
        await work.answer("a", "c")
        await asyncio.gather(first, third)

    run(test())


def test_what_takes_no_time_passes():
    async def test():
        work = Work()
        first = await work.ask("a")
        others = [await work.ask(f"o{k}", path=path) for k, path in enumerate(("/health/ready", "/api/v1/run", "/"))]
        assert work.begun == ["a", "o0", "o1", "o2"]
        question = await work.ask("q", path="/api/v1/whatif/next")  # files do not stand before questions
        assert work.begun[-1] == "q"
        await work.answer("a", "o0", "o1", "o2", "q")
        await asyncio.gather(first, *others, question)

    run(test())


# -- the whole service -------------------------------------------------------------------------------------------------


def test_many_files_at_once_hold_up_nobody(out, monkeypatch):
    """More files are asked for than there are threads; while none of them is done, everything else is answered."""
    go_on, begun = threading.Event(), []

    def slow(*args):
        begun.append(args)
        go_on.wait(300)
        return written(*args)

    written = exports.write_as
    monkeypatch.setattr(exports, "write_as", slow)
    with serving(out) as client, ThreadPoolExecutor(60) as askers:
        asked = [askers.submit(client.get, "/api/v1/exports/scores.csv") for _ in range(50)]
        end = time.monotonic() + 200
        while len(begun) < 2 or sum(one.done() for one in asked) < 40:  # two are made, eight wait, the rest are refused
            assert time.monotonic() < end, len(begun)
            time.sleep(0.01)
        for path in ("/health/live", "/health/ready", "/api/v1/run", "/api/v1/accounts", "/metrics", "/api/v1/top"):
            assert client.get(path).status_code == 200
        assert len(begun) == 2
        go_on.set()
        answers = [one.result() for one in asked]
        assert sorted({one.status_code for one in answers}) == [200, 429]
        assert sum(one.status_code == 200 for one in answers) == 10
        refused = next(one for one in answers if one.status_code == 429)
        assert refused.headers["Retry-After"] == "5"
        assert client.get("/api/v1/exports/scores.csv").status_code == 200


def test_health_does_not_wait_for_threads(out):
    go_on = threading.Event()
    with serving(out) as client, ThreadPoolExecutor(2) as askers:

        async def all_threads():
            import anyio.to_thread

            limiter = anyio.to_thread.current_default_thread_limiter()
            limiter.total_tokens = 1
            async with limiter:
                started.set()
                while not go_on.is_set():
                    await asyncio.sleep(0.01)

        started = threading.Event()
        held = client.portal.start_task_soon(all_threads)
        try:
            assert started.wait(SOON)
            for path in ("/health/live", "/health/ready"):
                assert askers.submit(client.get, path).result(SOON).status_code == 200
        finally:
            go_on.set()
        held.result()


# -- the store's pulse -------------------------------------------------------------------------------------------------


class Store:
    """A store that answers when it is told to, and counts how often it is asked."""

    def __init__(self):
        self.state, self.asked, self.begun, self.answers = self, 0, threading.Event(), threading.Event()

    def get(self, name):
        self.asked += 1
        self.begun.set()
        self.answers.wait(SOON)
        return "1"


def test_a_store_that_hangs_is_told_of_and_asked_once():
    async def test():
        store = Store()
        pulse = Pulse(store, seconds=0.05)
        for _ in range(3):
            with pytest.raises(StoreUnavailableError, match="has not answered"):
                await pulse.felt()
        assert store.begun.wait(SOON)
        assert store.asked == 1
        store.answers.set()
        pulse._seconds = SOON
        await pulse.felt()
        await pulse.felt()
        assert store.asked in (2, 3)
        pulse.close()

    run(test())
