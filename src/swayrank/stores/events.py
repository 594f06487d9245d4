"""Live events: kept once each, whatever is sent twice.

The sender names each event by a key. A key that is there already with the same content is a duplicate, which is no
mistake: a batch whose answer was lost is simply sent again. The same key with other content is refused.

A batch may have a name of its own too (its idempotency key): the answer that it got is kept in the same commit, for a
week, and given again.

Events are numbered in the order of being kept, and numbers become visible in that order, in PostgreSQL too (appending
is serial there): "up to number n" means the same set for ever, and what was scored can be told by one number.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError, StoreFullError, StoreUnavailableError
from swayrank.results import write_whole
from swayrank.stores.schema import batches, events

if TYPE_CHECKING:
    from swayrank.stores.store import Store

_ASKED_AT_ONCE = 5000
_READ_AT_ONCE = 50_000
_APPENDING = 7_223_002  # PostgreSQL's advisory lock of writers
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REMEMBERED_US = 7 * 86_400_000_000
_FORGET_EVERY_US = 3_600_000_000


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


@dataclass(frozen=True)
class Receipt:
    """What to remember of a batch.

    Attributes
    ----------
    key : str
        The sender's name for the batch.
    digest : str
        A hash of what was sent under it.
    answer : callable
        Makes the answer out of what became of the batch.
    """

    key: str
    digest: str
    answer: Callable[[Appended], dict[str, Any]]


class EventLog:
    """Live events; part of a :class:`~swayrank.stores.Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted = (0, 0)  # up to which number how many: events never go, so only later ones need counting
        self._forgot = 0

    def append(self, sent: Sequence[Sequence[LiveEvent]], receipts: Sequence[Receipt | None] = ()) -> list[Appended]:
        """Keep batches, all in one commit; when this returns, they are safe.

        Parameters
        ----------
        sent : sequence of sequence of LiveEvent
        receipts : sequence of Receipt or None, optional
            One for each batch whose answer is to be remembered.

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
                _insert(connection, fresh)
            last = int(connection.scalar(sa.select(sa.func.max(events.c.seq))) or 0)
            appended = [Appended(a, d, r, last) for a, d, r in answers]
            for receipt, became in zip(receipts, appended, strict=False):
                if receipt is not None:
                    self._remember(connection, receipt, became)
        return appended

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
        upto, known = self._counted
        asked = sa.select(sa.func.count(), sa.func.max(events.c.seq)).where(events.c.seq > upto)
        with self._store.reading() as connection:
            more, last = connection.execute(asked).one()
        self._counted = (int(last or upto), known + int(more))
        return known + int(more)

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
            In [0, `last_seq()`].

        Returns
        -------
        Path
            ``events-<store>-<upto>.parquet``: numbers of another store mean other events.

        Raises
        ------
        ParameterError
            If there is no such number yet: the file would lack what comes.
        StoreError
            If the events cannot be read, or the file cannot be written; there is none then.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = Path(folder)
        path = place / f"events-{self._store.identity}-{upto:012d}.parquet"
        if path.exists():
            return path
        if not 0 <= upto <= (last := self.last_seq()):
            raise ParameterError(f"upto must be the number of a kept event, in [0, {last}], got {upto}")
        text = pa.large_string()
        schema = pa.schema(
            [("actor", text), ("action", text), ("target", text), ("post", text), ("time", pa.timestamp("us", "UTC"))]
        )
        try:
            place.mkdir(parents=True, exist_ok=True)
            with write_whole(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for rows in self.read(upto=upto):
                    columns = dict(zip(events.c.keys(), zip(*rows, strict=True), strict=True))
                    writer.write_table(pa.table([columns[name] for name in schema.names], schema=schema))
        except (OSError, InputError) as error:
            full = getattr(error, "errno", None) in _NO_ROOM
            raise (StoreFullError if full else StoreUnavailableError)(
                f"{path}: cannot be written ({printable(error)}); {'make room' if full else 'see why'}, then try again"
            ) from None
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

    def _remember(self, connection: sa.Connection, receipt: Receipt, became: Appended) -> None:
        """Keep an answer; forget those of more than a week ago, now and then."""
        now = time.time_ns() // 1000
        if now - self._forgot > _FORGET_EVERY_US:
            connection.execute(sa.delete(batches).where(batches.c.created < now - _REMEMBERED_US))
            self._forgot = now
        row = {"key": receipt.key, "digest": receipt.digest, "created": now}
        there = connection.scalar(sa.select(sa.func.count()).where(batches.c.key == receipt.key))
        if not there:  # the same batch, sent to two services at once, keeps its first answer
            connection.execute(sa.insert(batches).values(**row, answer=json.dumps(receipt.answer(became))))


def _insert(connection: sa.Connection, fresh: Sequence[LiveEvent]) -> None:
    """Keep new events, in their order. A key that is there after all is an error: nothing is dropped in silence."""
    if connection.dialect.name == "postgresql":  # one statement over arrays: half the processor time of one each
        columns = {f"c{k}": list(column) for k, column in enumerate(zip(*fresh, strict=True))}
        connection.execute(_INSERT_ARRAYS, columns)
        return
    connection.exec_driver_sql(_INSERT_ROWS, [tuple(event) for event in fresh])


_NAMES = ", ".join(LiveEvent._fields)
_INSERT_ROWS = f"INSERT INTO events ({_NAMES}) VALUES ({', '.join('?' * len(LiveEvent._fields))})"
_ARRAYS = [
    sa.bindparam(f"c{k}", type_=postgresql.ARRAY(events.c[name].type)) for k, name in enumerate(LiveEvent._fields)
]
_INSERT_ARRAYS = sa.text(
    f"INSERT INTO events ({_NAMES}) SELECT {_NAMES} FROM unnest("
    + ", ".join(
        f"CAST(:c{k} AS {'bigint' if name == 'time' else 'text'}[])" for k, name in enumerate(LiveEvent._fields)
    )
    + f") WITH ORDINALITY AS sent ({_NAMES}, place) ORDER BY place"
).bindparams(*_ARRAYS)


def _known(connection: sa.Connection, keys: list[str]) -> dict[str, LiveEvent]:
    """Which of the keys are kept, with what."""
    found: dict[str, LiveEvent] = {}
    columns = [events.c[name] for name in LiveEvent._fields]
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        some = keys[start : start + _ASKED_AT_ONCE]
        if connection.dialect.name == "postgresql":
            among = events.c.key == sa.func.any(sa.bindparam("keys", some, postgresql.ARRAY(sa.Text)))
        else:
            among = events.c.key.in_(some)
        for row in connection.execute(sa.select(*columns).where(among)):
            found[row.key] = LiveEvent(*row)
    return found
