"""Live events over HTTP: taken in once each, told, and scored under the served run's own reference."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason='the service needs: pip install "swayrank[service]"')

from starlette.testclient import TestClient

from swayrank.errors import InputError, StoreError, StoreFullError, StoreUnavailableError
from swayrank.pipeline import read_sources, recipe_again, run, score_again
from swayrank.results import read_manifest
from swayrank.scoring.keep import load_scores
from swayrank.scoring.references import check_comparable
from swayrank.service.app import create_app
from swayrank.service.ingest import MOST_AT_ONCE, Ingest
from swayrank.service.problems import Problem
from swayrank.service.settings import Settings
from swayrank.stores import Store, open_store
from tests.assembled import small_result

URL = "/api/v1/events"


def _rows(n: int, start: int = 0, **change: Any) -> list[dict[str, Any]]:
    usual = {"time": "2026-03-20T12:00:00Z", "actor": "bob", "action": "like", "target": "ada", "post": None}
    return [{"key": f"k{i}", **usual, **change} for i in range(start, start + n)]


def _body(rows: list[Any]) -> bytes:
    return json.dumps({"events": rows}).encode()


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_result(tmp_path_factory.mktemp("town")).parent


@pytest.fixture
def town(scored: Path, tmp_path: Path) -> Path:
    """A copy of a scored town, its input files beside it."""
    shutil.copytree(scored, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


@pytest.fixture
def client(town: Path, place: str, tmp_path: Path) -> Iterator[TestClient]:
    database = place if "://" in place else None
    app = create_app(Settings(out=town / "out", database=database, log=tmp_path / "log"))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


# -- HTTP --------------------------------------------------------------------------------------------------------------


def test_events_are_taken_once_and_told(client: TestClient) -> None:
    first = client.post(URL, json={"events": _rows(3)})
    assert first.status_code == 200, first.text
    assert first.json() == {"accepted": 3, "duplicates": 0, "rejected": [], "last_seq": first.json()["last_seq"]}
    again = client.post(URL, json={"events": [*_rows(4), *_rows(1, actor="eve"), {"key": "x"}]}).json()
    assert (again["accepted"], again["duplicates"]) == (1, 3)
    assert again["rejected"] == [
        {"index": 4, "field": "key", "value": "k0", "reason": "key-reused"},
        {"index": 5, "field": "time", "value": None, "reason": "is missing"},
    ]
    told = client.get(f"{URL}/status").json()
    assert (told["events"], told["unscored"], told["last_scored_seq"]) == (4, 4, 0)
    assert (told["last_event"], told["last_seq"]) == ("2026-03-20T12:00:00Z", again["last_seq"])
    assert client.get("/api/v1/run").json()["live"]["unscored"] == 4
    metrics = client.get("/metrics").text
    assert 'swayrank_events_total{outcome="accepted"} 4.0' in metrics
    assert 'swayrank_events_total{outcome="rejected"} 2.0' in metrics


def test_lines_are_taken_too(client: TestClient) -> None:
    lines = "\n".join(json.dumps(row) for row in _rows(5)) + "\n{broken\n"
    told = client.post(URL, content=lines, headers={"Content-Type": "application/x-ndjson; charset=utf-8"}).json()
    assert told["accepted"] == 5
    assert told["rejected"] == [{"index": 5, "field": "", "value": "{broken", "reason": "is not JSON"}]


def test_a_batch_under_a_key_gets_its_first_answer_again(client: TestClient) -> None:
    named = {"Idempotency-Key": "batch-1"}
    first = client.post(URL, json={"events": _rows(2)}, headers=named).json()
    client.post(URL, json={"events": _rows(2, start=50)})
    assert client.post(URL, json={"events": _rows(2)}, headers=named).json() == first
    other = client.post(URL, json={"events": _rows(3)}, headers=named)
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reused")
    wrong = client.post(URL, json={"events": _rows(1)}, headers={"Idempotency-Key": "x" * 201})
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("content", "headers", "status", "name"),
    [
        (b"{", {}, 400, "not-events"),
        (b"[]", {}, 400, "not-events"),
        (b"", {}, 400, "not-events"),
        (b"\xff\xfe", {}, 400, "not-events"),
        (b"a,b", {"Content-Type": "text/csv"}, 415, "unknown-media-type"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "unknown-media-type"),
        (_body(_rows(10_001)), {}, 413, "too-many-events"),
    ],
)
def test_what_is_no_batch_is_refused(
    client: TestClient, content: bytes, headers: dict[str, str], status: int, name: str
) -> None:
    answer = client.post(URL, content=content, headers={"Content-Type": "application/json", **headers})
    assert (answer.status_code, answer.json()["type"]) == (status, name)
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get(f"{URL}/status").json()["events"] == 0


def test_nothing_is_nothing(client: TestClient) -> None:
    assert client.post(URL, json={"events": []}).json() == {
        "accepted": 0,
        "duplicates": 0,
        "rejected": [],
        "last_seq": 0,
    }
    told = client.get(f"{URL}/status").json()
    assert (told["last_event"], told["last_seq"]) == (None, 0)


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (StoreFullError("x: there is no room left on its disk; make room, then try again"), 507, "no-room"),
        (StoreUnavailableError("x: cannot be reached or written now"), 503, "store-unavailable"),
    ],
)
def test_a_store_that_fails_is_told_and_asked_again(
    client: TestClient, error: StoreError, status: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> Any:
        raise error

    told = "the store: " + str(error).partition(": ")[2]  # where it lies is for the log
    store: Store = client.app.state.service.store  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setattr(store.events, "append", broken)
        answer = client.post(URL, json={"events": _rows(2)})
        assert (answer.status_code, answer.json()["type"], answer.json()["detail"]) == (status, name, told)
        assert ("retry-after" in answer.headers) == (status == 503)
        account = client.app.state.service.published.kept.ids[0]  # type: ignore[attr-defined]
        assert client.get(f"/api/v1/accounts/{account}").status_code == 200
    assert client.post(URL, json={"events": _rows(2)}).json()["accepted"] == 2


# -- batches that wait share a commit ----------------------------------------------------------------------------------


def test_batches_that_wait_share_a_commit(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(place) as store:
        ingest, commits = Ingest(store), list[int]()
        usual, hold = store.events.append, threading.Event()

        def slow(sent: Any, receipts: Any = ()) -> Any:
            commits.append(len(sent))
            hold.wait(300)
            return usual(sent, receipts)

        monkeypatch.setattr(store.events, "append", slow)

        async def all_of_them() -> list[dict[str, Any]]:
            first = asyncio.create_task(ingest.take(_body(_rows(5))))
            while not commits:
                await asyncio.sleep(0.001)
            rest = [asyncio.create_task(ingest.take(_body(_rows(5, start=5 * i)))) for i in range(9)]
            while ingest._waiting < 50:
                await asyncio.sleep(0.001)
            hold.set()
            return await asyncio.gather(first, *rest)

        answers = asyncio.run(all_of_them())
        ingest.close()
        assert commits == [1, 9]
        assert sum(answer["accepted"] for answer in answers) == store.events.count() == 45
        assert sum(answer["duplicates"] for answer in answers) == 5


def test_one_bad_batch_costs_the_others_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(place) as store:
        ingest, usual = Ingest(store), store.events.append

        def picky(sent: Any, receipts: Any = ()) -> Any:
            if any(event.actor == "poison" for batch in sent for event in batch):
                raise StoreError("no")
            return usual(sent, receipts)

        monkeypatch.setattr(store.events, "append", picky)

        async def all_of_them() -> list[Any]:
            bodies = [_rows(3, start=3 * i, actor="poison" if i == 2 else "bob") for i in range(5)]
            return await asyncio.gather(*(ingest.take(_body(rows)) for rows in bodies), return_exceptions=True)

        answers = asyncio.run(all_of_them())
        ingest.close()
        assert [isinstance(answer, StoreError) for answer in answers] == [False, False, True, False, False]
        assert store.events.count() == 12


def test_the_same_named_batch_sent_at_once_is_kept_once(place: str) -> None:
    with open_store(place) as store:
        ingest = Ingest(store)

        async def all_of_them() -> list[Any]:
            takes = [ingest.take(_body(_rows(3)), name="one") for _ in range(6)]
            others = [ingest.take(_body(_rows(3, start=9)), name=f"other-{i}") for i in range(3)]
            return await asyncio.gather(*takes, *others)

        answers = asyncio.run(all_of_them())
        ingest.close()
        assert all(answer == answers[0] for answer in answers[:6])
        assert answers[0]["accepted"] == 3
        assert sorted(answer["accepted"] for answer in answers[6:]) == [0, 0, 3]


def test_no_commit_is_larger_than_it_may_be(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(place) as store:
        ingest, sizes, usual = Ingest(store), list[int](), store.events.append

        def counted(sent: Any, receipts: Any = ()) -> Any:
            sizes.append(sum(map(len, sent)))
            time.sleep(0.02)
            return usual(sent, receipts)

        monkeypatch.setattr(store.events, "append", counted)

        async def all_of_them() -> None:
            await asyncio.gather(*(ingest.take(_body(_rows(9000, start=9000 * i))) for i in range(5)))

        asyncio.run(all_of_them())
        ingest.close()
        assert max(sizes) <= MOST_AT_ONCE
        assert sum(sizes) == store.events.count() == 45_000


def test_more_than_fits_is_sent_away_and_may_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swayrank.service.ingest.MOST_WAITING", 4)
    with open_store(tmp_path / "service.db") as store:
        ingest, usual, hold = Ingest(store), store.events.append, threading.Event()

        def slow(sent: Any, receipts: Any = ()) -> Any:
            hold.wait(300)
            return usual(sent, receipts)

        monkeypatch.setattr(store.events, "append", slow)

        async def too_many() -> None:
            first = asyncio.create_task(ingest.take(_body(_rows(5))))
            while not ingest._waiting:
                await asyncio.sleep(0.001)
            with pytest.raises(Problem) as caught:
                await ingest.take(_body(_rows(1, start=50)))
            assert (caught.value.status, caught.value.type, caught.value.headers) == (503, "busy", {"Retry-After": "1"})
            hold.set()
            await first
            while ingest._waiting:
                await asyncio.sleep(0.001)
            assert (await ingest.take(_body(_rows(1, start=50))))["accepted"] == 1

        asyncio.run(too_many())
        ingest.close()


def test_who_hung_up_before_its_turn_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(tmp_path / "service.db") as store:
        ingest, usual = Ingest(store), store.events.append
        begun, hold = threading.Event(), threading.Event()

        def slow(sent: Any, receipts: Any = ()) -> Any:
            begun.set()
            hold.wait(300)
            return usual(sent, receipts)

        monkeypatch.setattr(store.events, "append", slow)

        async def hang_up() -> None:
            first = asyncio.create_task(ingest.take(_body(_rows(3))))
            while not begun.is_set():
                await asyncio.sleep(0.001)
            second = asyncio.create_task(ingest.take(_body(_rows(3, start=10))))
            while ingest._waiting < 6:
                await asyncio.sleep(0.001)
            second.cancel()
            await asyncio.sleep(0)
            hold.set()
            await first
            assert (await ingest.take(_body(_rows(3, start=20))))["accepted"] == 3

        asyncio.run(hang_up())
        ingest.close()
        assert store.events.count() == 6


def test_what_waits_is_kept_before_it_closes_and_nothing_after(tmp_path: Path) -> None:
    with open_store(tmp_path / "service.db") as store:
        ingest = Ingest(store)

        async def take_and_close() -> dict[str, Any]:
            task = asyncio.create_task(ingest.take(_body(_rows(3))))
            while not ingest._waiting and not task.done():
                await asyncio.sleep(0)
            await asyncio.to_thread(ingest.close)
            return await task

        assert asyncio.run(take_and_close())["accepted"] == 3
        with pytest.raises(Problem, match="the service stops"):
            asyncio.run(ingest.take(_body(_rows(3))))


# -- scores ------------------------------------------------------------------------------------------------------------


def _snapshot(client: TestClient, out: Path) -> Path:
    store: Store = client.app.state.service.store  # type: ignore[attr-defined]
    return store.events.snapshot(out / "live", store.events.last_seq())


def test_a_refreshed_run_knows_the_live_events_and_compares_with_the_earlier(client: TestClient, town: Path) -> None:
    out = town / "out"
    before = load_scores(out)
    lowest = str(before.ids[len(before) // 2])
    fans = [str(name) for name in before.ids[:60]]
    live = [_rows(1, start=i, actor=fan, target=lowest, action="repost")[0] for i, fan in enumerate(fans)]
    assert client.post(URL, json={"events": live}).json()["accepted"] == len(live)
    snapshot = _snapshot(client, out)
    done = run(recipe_again(out, live=snapshot), out)
    after = load_scores(out)
    check_comparable(before, after)
    assert done.sources.events is not None
    assert done.sources.events.n_events == before.manifest["counts"]["events"] + len(live)
    one, other = (kept.score[kept.ids.position(lowest)] for kept in (before, after))
    assert other > one + 5
    manifest = read_manifest(done.folder)
    entry = next(entry for entry in manifest["inputs"] if entry["file"].endswith(".parquet"))
    assert Path(entry["file"]).name == snapshot.name
    assert len(entry["blake2b"]) == 32

    again = score_again(out)  # the same bits from the same files
    scored_again = {str(name): value for name, value in zip(again.scores.ids, again.scores.score, strict=True)}
    kept = {str(name): value for name, value in zip(after.ids, after.score, strict=True)}
    assert all(np.array_equal(scored_again[name], value, equal_nan=True) for name, value in kept.items())
    service = client.app.state.service  # type: ignore[attr-defined]
    service.reload()
    told = client.get(f"{URL}/status").json()
    assert (told["unscored"], told["last_scored_seq"]) == (0, told["last_seq"])


def test_a_later_snapshot_takes_the_place_of_the_earlier(client: TestClient, town: Path) -> None:
    out = town / "out"
    client.post(URL, json={"events": _rows(5)})
    run(recipe_again(out, live=_snapshot(client, out)), out)
    client.post(URL, json={"events": _rows(5, start=5)})
    second = run(recipe_again(out, live=_snapshot(client, out)), out)
    assert second.sources.events is not None
    whole = read_manifest(second.folder)
    assert second.sources.events.n_events == load_scores(out).manifest["counts"]["events"]
    assert sum(entry["file"].endswith(".parquet") for entry in whole["inputs"]) == 1
    assert len(list((out / "live").iterdir())) == 2


def test_a_snapshot_that_was_altered_is_refused(client: TestClient, town: Path) -> None:
    out = town / "out"
    client.post(URL, json={"events": _rows(5)})
    snapshot = _snapshot(client, out)
    run(recipe_again(out, live=snapshot), out)
    snapshot.write_bytes(snapshot.read_bytes() + b"x")
    with pytest.raises(InputError, match="has changed since"):
        score_again(out)
    snapshot.unlink()
    with pytest.raises(InputError, match="the file is gone"):
        score_again(out)


def test_a_graph_alone_gets_a_log_from_live_events(client: TestClient, town: Path, tmp_path: Path) -> None:
    from swayrank.pipeline import Recipe

    client.post(URL, json={"events": _rows(5)})
    snapshot = _snapshot(client, town / "out")
    sources = read_sources(Recipe(graph=town / "town/graph.csv", live=snapshot))
    assert sources.events is not None
    assert sources.events.n_events == 5
    assert snapshot in sources.files
    mapping = tmp_path / "recipe.toml"
    mapping.write_text('[[events]]\nfile = "town/events.csv"\nactor = "actor"\naction = "action"\ntarget = "target"\n'
                       'post = "post"\ntime = "time"\n')  # fmt: skip
    mapped = read_sources(Recipe(mapping=mapping, data=town, live=snapshot))
    plain = read_sources(Recipe(events=[town / "town/events.csv"], live=snapshot))
    assert mapped.events is not None
    assert plain.events is not None
    assert mapped.events.fingerprint == plain.events.fingerprint
    dropping = {"duplicates": "drop"}
    again = read_sources(Recipe(events=[town / "town/events.csv"], events_options=dropping, live=snapshot))
    assert again.events is not None
    assert again.events.n_events == plain.events.n_events - 4  # five alike


def test_a_file_that_is_no_snapshot_is_named(tmp_path: Path) -> None:
    from swayrank.pipeline import Recipe

    with pytest.raises(InputError, match="there is no such file"):
        read_sources(Recipe(live=tmp_path / "none.parquet"))
    (tmp_path / "text.parquet").write_text("not this")
    with pytest.raises(InputError, match="is no snapshot of live events"):
        read_sources(Recipe(live=tmp_path / "text.parquet"))
