"""Live events: kept once each, whatever is sent twice.

The sender names each event by a key. A key that is there already with the same content is a duplicate, which is no
mistake: a batch whose answer was lost is simply sent again. The same key with other content is refused.

Events are numbered in the order of being kept, and numbers become visible in that order, in PostgreSQL too (appending
is serial there): "up to number n" means the same set for ever, and what was scored can be told by one number.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from swayrank.results import write_whole
from swayrank.stores.schema import batches, events

if TYPE_CHECKING:
    from swayrank.stores.store import Store

_ASKED_AT_ONCE = 5000
_READ_AT_ONCE = 50_000
_APPENDING = 7_223_002  # PostgreSQL's advisory lock of writers


class LiveEvent(NamedTuple):
    """One event: `time` in microseconds since 1970 UTC; `target` and `post` may be None."""

    key: str
    time: int
    actor: str
    action: str
    target: str | None
    post: str | None


@dataclass(frozen=True)
class Appended:
    """What became of a batch.

    Attributes
    ----------
    accepted : int
        Events that are new, and kept.
    duplicates : int
        Events that were there already.
    reused : tuple of int
        Positions, in the batch, of events whose key stands for another event; they were refused.
    last_seq : int
        The number of the newest event kept.
    """

    accepted: int
    duplicates: int
    reused: tuple[int, ...] = field(default=())
    last_seq: int = 0


class EventLog:
    """Live events; part of a :class:`~swayrank.stores.Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, sent: Sequence[Sequence[LiveEvent]]) -> list[Appended]:
        """Keep batches, all in one commit; when this returns, they are safe.

        Parameters
        ----------
        sent : sequence of sequence of LiveEvent

        Returns
        -------
        list of Appended
            One for each batch.

        Raises
        ------
        StoreError
            And nothing of any of the batches is kept.
        """
        with self._store.writing() as connection:
            if self._store.is_postgres:
                connection.execute(sa.text(f"select pg_advisory_xact_lock({_APPENDING})"))
            known = _known(connection, [event.key for batch in sent for event in batch])
            fresh: list[LiveEvent] = []
            answers = [self._sort(batch, known, fresh) for batch in sent]
            if fresh:
                insert = postgresql.insert if self._store.is_postgres else sqlite.insert
                connection.execute(insert(events).on_conflict_do_nothing(), [event._asdict() for event in fresh])
            last = int(connection.scalar(sa.select(sa.func.max(events.c.seq))) or 0)
        return [Appended(a, d, r, last) for a, d, r in answers]

    @staticmethod
    def _sort(
        batch: Sequence[LiveEvent], known: dict[str, LiveEvent], fresh: list[LiveEvent]
    ) -> tuple[int, int, tuple[int, ...]]:
        """How many of a batch are new and known, and which reuse a key; `known` and `fresh` grow by the new ones."""
        accepted, duplicates, reused = 0, 0, []
        for i, event in enumerate(batch):
            there = known.get(event.key)
            if there is None:
                known[event.key] = event
                fresh.append(event)
                accepted += 1
            elif there == event:
                duplicates += 1
            else:
                reused.append(i)
        return accepted, duplicates, tuple(reused)

    def count(self) -> int:
        """How many events are kept."""
        with self._store.reading() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(events)) or 0)

    def count_after(self, seq: int) -> int:
        """How many events have a number above `seq`."""
        with self._store.reading() as connection:
            asked = sa.select(sa.func.count()).select_from(events).where(events.c.seq > seq)
            return int(connection.scalar(asked) or 0)

    def last_seq(self) -> int:
        """The number of the newest event; 0 where there is none."""
        with self._store.reading() as connection:
            return int(connection.scalar(sa.select(sa.func.max(events.c.seq))) or 0)

    def last_time(self) -> int | None:
        """The time of the event kept last, in microseconds since 1970 UTC."""
        with self._store.reading() as connection:
            asked = sa.select(events.c.time).order_by(events.c.seq.desc()).limit(1)
            found = connection.scalar(asked)
        return None if found is None else int(found)

    def read(self, *, after: int = 0, upto: int | None = None) -> Iterator[list[Any]]:
        """Events with numbers in (after, upto], in order, in blocks of rows (seq, key, time, actor, ...)."""
        while True:
            asked = sa.select(events).where(events.c.seq > after).order_by(events.c.seq).limit(_READ_AT_ONCE)
            if upto is not None:
                asked = asked.where(events.c.seq <= upto)
            with self._store.reading() as connection:
                rows = list(connection.execute(asked))
            if not rows:
                return
            yield rows
            after = int(rows[-1].seq)

    def snapshot(self, folder: str | Path, upto: int) -> Path:
        """Write the events up to number `upto` as a Parquet file, once; the file is never written again.

        Its name tells the number, its columns are those that :func:`swayrank.read_events` knows. Ids are strings.

        Parameters
        ----------
        folder : str or Path
            Where to; made if absent.
        upto : int

        Returns
        -------
        Path
            ``events-<upto>.parquet``.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"events-{upto:012d}.parquet"
        if path.exists():
            return path
        text = pa.large_string()
        schema = pa.schema(
            [("actor", text), ("action", text), ("target", text), ("post", text), ("time", pa.timestamp("us", "UTC"))]
        )
        with write_whole(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for rows in self.read(upto=upto):
                columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
                writer.write_table(pa.table(columns, schema=schema))
        return path

    def answered(self, key: str, digest: str) -> dict[str, Any] | None:
        """The answer that a batch got under this idempotency key; None if there was none.

        Raises
        ------
        KeyError
            If the key stood for another batch.
        """
        with self._store.reading() as connection:
            row = connection.execute(sa.select(batches).where(batches.c.key == key)).one_or_none()
        if row is None:
            return None
        if row.digest != digest:
            raise KeyError(key)
        answer: dict[str, Any] = json.loads(row.answer)
        return answer

    def remember(self, key: str, digest: str, answer: dict[str, Any]) -> None:
        """Keep the answer to a batch under its idempotency key."""
        row = {"key": key, "digest": digest, "answer": json.dumps(answer), "created": time.time_ns() // 1000}
        insert = postgresql.insert if self._store.is_postgres else sqlite.insert
        with self._store.writing() as connection:
            connection.execute(insert(batches).values(**row).on_conflict_do_nothing())


def _known(connection: sa.Connection, keys: list[str]) -> dict[str, LiveEvent]:
    """Which of the keys are kept, with what."""
    found: dict[str, LiveEvent] = {}
    columns = [events.c[name] for name in LiveEvent._fields]
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        some = keys[start : start + _ASKED_AT_ONCE]
        for row in connection.execute(sa.select(*columns).where(events.c.key.in_(some))):
            found[row.key] = LiveEvent(*row)
    return found
