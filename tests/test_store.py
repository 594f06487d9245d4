"""What a service keeps: the same promises of an SQLite file and of a PostgreSQL database."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from swayrank.errors import ParameterError, StoreBusyError, StoreError, StoreFullError, StoreUnavailableError
from swayrank.stores import Store, open_store, schema
from swayrank.stores.events import LiveEvent, Receipt
from swayrank.stores.jobs import MOST_ATTEMPTS, IllegalStepError


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with open_store(place) as opened:
        yield opened


def _event(key: str, **other: Any) -> LiveEvent:
    usual = {"time": 1_772_323_200_000_000, "actor": "ada", "action": "like", "target": "bob", "post": None}
    return LiveEvent(key, **(usual | other))


def _kept(store: Store) -> list[LiveEvent]:
    names = LiveEvent._fields
    return [LiveEvent(*(getattr(row, name) for name in names)) for rows in store.events.read() for row in rows]


# -- events ------------------------------------------------------------------------------------------------------------


def test_events_are_kept_once_each_in_their_order(store: Store) -> None:
    first = [_event(f"k{i}", time=1_772_323_200_000_000 + i, target=None, post=f"p{i}") for i in range(20)]
    assert store.events.append([first])[0].accepted == 20
    later = [_event("new"), first[3], _event("k4", actor="eve"), _event("new"), _event("new", action="reply")]
    became = store.events.append([later])[0]
    assert (became.accepted, became.duplicates, became.reused) == (1, 2, (2, 4))
    assert _kept(store) == [*first, _event("new")]
    assert store.events.count() == 21
    assert store.events.last_seq() == became.last_seq
    assert store.events.count_after(became.last_seq - 1) == 1
    assert store.events.last_time() == 1_772_323_200_000_000


def test_names_are_any_text(store: Store) -> None:
    hostile = ["'); DROP TABLE events; --", "ünï", "😀", '"', "\\", "%s", "{}", ":c0", "a b", "x" * 500]
    sent = [_event(name, actor=name, target=name, post=name) for name in hostile]
    store.events.append([sent])
    assert _kept(store) == sent
    assert store.events.append([sent])[0].duplicates == len(hostile)


def test_batches_of_one_commit_see_each_other(store: Store) -> None:
    one, other = store.events.append([[_event("a"), _event("b")], [_event("b"), _event("c"), _event("a", actor="eve")]])
    assert (one.accepted, one.duplicates) == (2, 0)
    assert (other.accepted, other.duplicates, other.reused) == (1, 1, (2,))
    assert [event.key for event in _kept(store)] == ["a", "b", "c"]


def test_a_batch_is_kept_whole_or_not_at_all(store: Store) -> None:
    store.events.append([[_event("a")]])
    with pytest.raises(StoreError):
        store.events.append([[_event("b"), _event("c", actor=None)]])
    assert [event.key for event in _kept(store)] == ["a"]
    assert store.events.append([[_event("b")]])[0].accepted == 1


def test_a_batch_under_a_name_gets_its_first_answer_again(store: Store) -> None:
    receipt = Receipt("batch-1", "d1", lambda became: {"accepted": became.accepted})
    assert store.events.answered("batch-1", "d1") is None
    store.events.append([[_event("a")], [_event("b")]], [receipt, None])
    store.events.append([[_event("a")]], [receipt])
    assert store.events.answered("batch-1", "d1") == {"accepted": 1}
    with pytest.raises(KeyError):
        store.events.answered("batch-1", "other")


def test_answers_are_forgotten_after_a_week(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.events.append([[_event("a")]], [Receipt("old", "d", lambda _: {})])
    later = time.time_ns() + 8 * 86_400 * 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    store.events.append([[_event("b")]], [Receipt("new", "d", lambda _: {})])
    assert store.events.answered("old", "d") is None
    assert store.events.answered("new", "d") == {}


def test_threads_that_append_together_lose_and_repeat_nothing(store: Store) -> None:
    answers: list[Any] = []

    def work(who: int) -> None:
        for batch in range(6):
            own = [_event(f"{who}-{batch}-{i}") for i in range(20)]
            shared = [_event(f"all-{batch}-{i}") for i in range(5)]
            answers.extend(store.events.append([own + shared]))

    threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [event.key for event in _kept(store)]
    assert len(answers) == 24
    assert sum(answer.accepted for answer in answers) == len(keys) == len(set(keys)) == 4 * 6 * 20 + 6 * 5


def test_a_snapshot_is_written_once_and_says_the_same_of_any_store(store: Store, tmp_path: Path) -> None:
    sent = [_event(f"k{i}", actor=f"a{i}", time=1_772_323_200_000_000 + i) for i in range(30)]
    last = store.events.append([sent])[0].last_seq
    path = store.events.snapshot(tmp_path / "live", last)
    content = path.read_bytes()
    store.events.append([[_event("later")]])
    path.touch()
    assert store.events.snapshot(tmp_path / "live", last).read_bytes() == content
    again = store.events.snapshot(tmp_path / "elsewhere", last)
    assert again.read_bytes() == content
    assert hashlib.sha256(content).hexdigest() == _EXPECTED.setdefault("snapshot", hashlib.sha256(content).hexdigest())
    table = pq.read_table(path)
    assert table["actor"].to_pylist() == [f"a{i}" for i in range(30)]
    assert table["post"].to_pylist() == [None] * 30
    assert table["time"][0].value == 1_772_323_200_000_000


_EXPECTED: dict[str, str] = {}


def test_a_snapshot_of_what_is_to_come_is_refused(store: Store, tmp_path: Path) -> None:
    last = store.events.append([[_event("a")]])[0].last_seq
    with pytest.raises(ParameterError, match="upto must be the number of a kept event"):
        store.events.snapshot(tmp_path, last + 1)
    assert not list(tmp_path.glob("events-*"))


def test_a_snapshot_that_cannot_be_written_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: Any) -> None:
    last = store.events.append([[_event("a")]])[0].last_seq

    def broken(*_args: Any, **_more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", broken)
    with pytest.raises(StoreFullError, match=r"events-\w{8}-\d+\.parquet: cannot be written .*No space.*; make room"):
        store.events.snapshot(tmp_path / "live", last)
    assert not list((tmp_path / "live").iterdir())
    monkeypatch.undo()
    assert pq.read_table(store.events.snapshot(tmp_path / "live", last)).num_rows == 1


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_token_opens_until_it_is_revoked_and_its_secret_is_nowhere(store: Store, place: str) -> None:
    secret, token = store.tokens.add("crawler", ["write"])
    found = store.tokens.check(secret)
    assert found == token
    assert token.may("read")
    assert token.may("write")
    assert not token.may("admin")
    assert store.tokens.check(secret[:-1]) is None
    assert store.tokens.check("") is None
    assert store.tokens.check("\ud800\x00") is None
    assert [one.id for one in store.tokens.list()] == [token.id]
    with store.reading() as connection:
        rows = [str(row) for table in schema.metadata.tables.values() for row in connection.execute(sa.select(table))]
    assert not any(secret in row or secret.removeprefix("swr_") in row for row in rows)
    assert store.tokens.revoke(token.id)
    assert not store.tokens.revoke(token.id)
    assert store.tokens.check(secret) is None


@pytest.mark.parametrize(("name", "scopes"), [("x", []), ("x", ["root"]), ("", ["read"]), ("a\nb", ["read"])])
def test_wrong_tokens_are_refused(store: Store, name: str, scopes: list[str]) -> None:
    with pytest.raises(ParameterError):
        store.tokens.add(name, scopes)


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_a_job_goes_its_way(store: Store) -> None:
    job = store.jobs.add("seeds", {"k": 5})
    assert (job.status, job.attempt) == ("queued", 0)
    claimed = store.jobs.claim("me")
    assert claimed is not None
    assert (claimed.id, claimed.status, claimed.attempt, claimed.owner) == (job.id, "running", 1, "me")
    assert store.jobs.claim("me") is None
    store.jobs.tell(job.id, {"what": "drawing", "done": 3, "total": 9})
    running = store.jobs.get(job.id)
    assert running is not None
    assert running.progress == {"what": "drawing", "done": 3, "total": 9}
    failed = store.jobs.finish(job.id, "failed", {"type": "x", "detail": "y"})
    assert failed.ended is not None
    again = store.jobs.restart(job.id)
    assert (again.status, again.attempt, again.parameters) == ("queued", 0, {"k": 5})
    assert store.jobs.finish(job.id, "cancelled").status == "cancelled"


def test_only_legal_steps(store: Store) -> None:
    job = store.jobs.add("seeds", {})
    for step in (
        lambda: store.jobs.finish(job.id, "done"),
        lambda: store.jobs.restart(job.id),
        lambda: store.jobs.tell(job.id, {}),
        lambda: store.jobs.finish("nobody", "done"),
    ):
        with pytest.raises(IllegalStepError):
            step()
    store.jobs.claim("me")
    store.jobs.finish(job.id, "failed", {"type": "x", "detail": "y"})
    with pytest.raises(IllegalStepError, match="the job is failed"):
        store.jobs.finish(job.id, "done")


def test_a_job_that_is_done_is_not_restarted(store: Store) -> None:
    job = store.jobs.add("seeds", {})
    store.jobs.claim("me")
    store.jobs.finish(job.id, "done")
    with pytest.raises(IllegalStepError, match="ask for another job"):
        store.jobs.restart(job.id)
    kept = store.jobs.get(job.id)
    assert kept is not None
    assert kept.status == "done"


def test_jobs_are_listed_newest_first_by_page(store: Store) -> None:
    made = [store.jobs.add("seeds" if i % 2 else "score", {"i": i}) for i in range(5)]
    some, total = store.jobs.newest(first=1, most=2)
    assert total == 5
    assert [job.id for job in some] == [made[3].id, made[2].id]
    assert store.jobs.newest(kind="score")[1] == 3
    store.jobs.claim("me")
    assert [job.id for job in store.jobs.newest(status="running")[0]] == [made[0].id]


def test_many_claim_and_each_job_is_claimed_once(store: Store) -> None:
    wanted = {store.jobs.add("seeds", {}).id for _ in range(12)}
    got: list[str] = []

    def work(who: str) -> None:
        while (job := store.jobs.claim(who)) is not None:
            got.append(job.id)

    threads = [threading.Thread(target=work, args=(f"service-{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 12
    assert set(got) == wanted


def test_jobs_of_a_dead_service_are_taken_back_and_given_up_after_many_attempts(store: Store) -> None:
    job = store.jobs.add("score", {})
    for attempt in range(1, MOST_ATTEMPTS + 1):
        claimed = store.jobs.claim("dies")
        assert claimed is not None
        assert claimed.attempt == attempt
        assert store.jobs.take_back("lives") == []
        assert store.jobs.take_back(silent_seconds=60) == []
        assert [one.id for one in store.jobs.take_back("dies")] == [job.id]
    ended = store.jobs.get(job.id)
    assert ended is not None
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error["type"] == "interrupted"
    store.jobs.restart(job.id)
    store.jobs.claim("silent")
    assert [one.id for one in store.jobs.take_back(silent_seconds=-1)] == [job.id]


# -- the store itself --------------------------------------------------------------------------------------------------


def test_what_was_kept_is_there_when_opened_again(place: str) -> None:
    with open_store(place) as store:
        store.state.set("scored", "7")
        store.state.set("scored", "8")
        store.events.append([[_event("a")]])
    with open_store(place) as store:
        assert store.state.get("scored") == "8"
        assert store.state.get("other") is None
        assert store.events.count() == 1


def test_a_store_of_another_version_is_refused_by_name(place: str) -> None:
    with open_store(place) as store:
        store.state.set("version", "99")
    with pytest.raises(StoreError, match="version '99' of the store, and this swayrank reads 1"):
        open_store(place)


def test_an_older_store_is_migrated(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(place).close()
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: ("ALTER TABLE tokens ADD COLUMN note TEXT",)})
    with open_store(place) as store, store.reading() as connection:
        assert "note" in {column["name"] for column in sa.inspect(connection).get_columns("tokens")}
        assert store.state.get("version") == "2"


def test_somebody_elses_tables_are_left_alone(place: str) -> None:
    url = f"sqlite:///{place}" if "://" not in place else place.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE events (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreError, match="tables of other programs named events"):
        open_store(place)


def test_an_address_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError, match="a store is a file or postgresql://") as caught:
        open_store("mysql://me:secret@host/db")  # pragma: allowlist secret
    assert "secret" not in str(caught.value)
    with pytest.raises(StoreUnavailableError) as caught:
        open_store("postgresql://me:secret@127.0.0.1:1/db")  # pragma: allowlist secret
    assert "secret" not in str(caught.value)


def test_several_services_share_a_database(postgres_server: Any) -> None:
    url = postgres_server.database()
    with open_store(url) as one, open_store(url) as other:
        one.events.append([[_event("a"), _event("b")]])
        assert other.events.append([[_event("b"), _event("c")]])[0].duplicates == 1
        assert one.events.count() == other.events.count() == 3
        one.jobs.add("seeds", {})
        assert other.jobs.claim("other") is not None
        assert one.jobs.claim("one") is None


def test_a_file_has_one_owner_until_that_process_ends(tmp_path: Path) -> None:
    file = tmp_path / "service.db"
    code = "import sys, time\nfrom swayrank.stores import open_store\nstore = open_store(sys.argv[1])\n"
    code += "print('open', flush=True)\ntime.sleep(300)\n"
    child = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreBusyError, match="another service owns it; stop that one, or let several share"):
            open_store(file)
        with open_store(file, own=False) as beside:  # `swayrank token add` while the service runs
            secret, _ = beside.tokens.add("x", ["read"])
            assert beside.tokens.check(secret) is not None
        child.kill()
    with open_store(file) as store:
        assert len(store.tokens.list()) == 1


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "service.db"
    file.write_bytes(b"this is no database, " * 400)
    with pytest.raises(StoreError, match=r"service\.db: is damaged, or no store .* restore it from a backup"):
        open_store(file)


def test_a_file_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    file = tmp_path / "service.db"
    with open_store(file) as store:
        store.events.append([[_event(f"k{i}", actor=f"actor {i}") for i in range(2000)]])
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[8192:-4096] = b"\xff" * (len(content) - 12288)
    file.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"), open_store(file) as store:  # noqa: PT012
        store.events.append([[_event("new")]])
        _kept(store)


def test_a_file_that_vanishes_is_told_and_not_written_into_the_void(tmp_path: Path) -> None:
    file = tmp_path / "service.db"
    with open_store(file) as store:
        store.events.append([[_event("a")]])
        file.rename(tmp_path / "moved.db")
        with pytest.raises(StoreUnavailableError, match=r"service\.db: the file is gone; restore it"):
            store.events.append([[_event("b")]])
        file.write_bytes(b"")
        with pytest.raises(StoreUnavailableError, match="was replaced by another"):
            store.events.count()


def test_a_file_that_vanishes_while_it_is_asked_for_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a #1?" / "service.db"  # a name that must not be read as an address
    file.parent.mkdir()
    with open_store(file) as store:
        store.close()  # its next connection is a new one
        monkeypatch.setattr(store, "_check_file", lambda: None)  # it looked, then the file went
        file.rename(tmp_path / "moved.db")
        with pytest.raises(StoreUnavailableError, match="cannot be reached or written now"):
            store.events.count()
        assert not file.exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot keep a store there: No such file or directory"):
        open_store(tmp_path / "nowhere" / "service.db")


def test_commits_are_durable_and_readers_do_not_wait(tmp_path: Path) -> None:
    with open_store(tmp_path / "service.db") as store:
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        with store.writing() as writer:
            writer.execute(sa.text("UPDATE state SET value = value"))
            assert store.events.count() == 0


def test_another_stores_numbers_mean_other_events(tmp_path):
    """Under an old result, a new store's snapshots must not be taken for the former one's."""
    event = LiveEvent("k", 1_700_000_000_000_000, "ada", "like", "bob", None)
    names = []
    for which in ("first.db", "second.db"):
        with open_store(tmp_path / which) as store:
            store.events.append([[event]])
            names.append(store.events.snapshot(tmp_path / "live", 1).name)
        with open_store(tmp_path / which) as again:
            assert again.identity in names[-1]
    assert len(set(names)) == 2
