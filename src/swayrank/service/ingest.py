"""Batches of live events become durable: many that wait are kept in one commit.

A request is looked at in a thread (never in the event loop, so that lookups go on), then waits for the one thread that
writes. That thread takes whatever waits, up to :data:`MOST_AT_ONCE` events, and keeps it in one transaction; each
request gets its answer once that is on disk. Where a commit fails because of one batch, each is tried alone.

The same batch under the same idempotency key gets its first answer again, for a week.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swayrank._text import printable
from swayrank.errors import StoreBusyError, StoreFullError, StoreUnavailableError
from swayrank.service.incoming import MOST_EVENTS, Incoming, Reader, UnreadableError, rows_of_json, rows_of_lines
from swayrank.service.problems import Problem
from swayrank.stores import Store
from swayrank.stores.events import Appended, Receipt

MOST_AT_ONCE = 20_000
MOST_WAITING = 200_000
REUSED = "key-reused"
_READERS = 2
_SNAPSHOT = re.compile(r"events-([0-9a-f]{8})-(\d+)\.parquet")


@dataclass(frozen=True)
class _Waiting:
    """A batch on its way to the disk."""

    incoming: Incoming
    name: str | None
    digest: str
    answer: Future[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.incoming.events)


class Ingest:
    """Takes batches in; made by the service, closed with it.

    Parameters
    ----------
    store : Store
    reader : Reader, optional
        Which actions there are.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from swayrank.stores import open_store
    >>> body = b'{"events": [{"key": "1", "time": "2026-03-01", "actor": "bob", "action": "like", "target": "ada"}]}'
    >>> with open_store(pathlib.Path(tempfile.mkdtemp(), "service.db")) as store:
    ...     ingest = Ingest(store)
    ...     asyncio.run(ingest.take(body))
    ...     ingest.close()
    {'accepted': 1, 'duplicates': 0, 'rejected': [], 'last_seq': 1}
    """

    def __init__(self, store: Store, reader: Reader | None = None) -> None:
        self._store, self.reader = store, reader or Reader()
        self._readers = ThreadPoolExecutor(_READERS, "swayrank-reading")
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting, self._counting, self._closed = 0, threading.Lock(), False
        self._writer = threading.Thread(target=self._write, name="swayrank-writing", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Keep what waits, then take no more."""
        with self._counting:
            self._closed = True
        self._readers.shutdown(wait=True)
        self._queue.put(None)
        self._writer.join()

    async def take(self, body: bytes, *, lines: bool = False, name: str | None = None) -> dict[str, Any]:
        """Keep a batch; when this returns, it is safe.

        Parameters
        ----------
        body : bytes
            ``{"events": [...]}``, or one object a line.
        lines : bool, default=False
            Whether it is the latter.
        name : str, optional
            The batch's idempotency key.

        Returns
        -------
        dict
            ``accepted``, ``duplicates``, ``rejected``, ``last_seq``.

        Raises
        ------
        Problem
            If the body is no list of events, too long, or another one came under that name; or if too many wait.
        StoreError
            If it could not be kept; none of it was.
        """
        if self._closed or self._waiting > MOST_WAITING:
            told = "the service stops" if self._closed else "more events wait to be kept than fit; send slower"
            raise Problem(503, "busy", told, headers={"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        incoming, digest = await loop.run_in_executor(self._readers, self._read, body, lines, name)
        waiting = _Waiting(incoming, name, digest, Future())
        with self._counting:
            if self._closed:
                raise Problem(503, "busy", "the service stops", headers={"Retry-After": "5"})
            self._waiting += len(waiting)
            self._queue.put(waiting)
        return await asyncio.wrap_future(waiting.answer)

    def _read(self, body: bytes, lines: bool, name: str | None) -> tuple[Incoming, str]:
        try:
            rows = rows_of_lines(body) if lines else rows_of_json(body)
        except UnreadableError as error:
            raise Problem(400, "not-events", str(error)) from None
        if len(rows) > MOST_EVENTS:
            raise Problem(413, "too-many-events", f"a batch may have {MOST_EVENTS:,} events, got {len(rows):,}")
        digest = hashlib.blake2b(body, digest_size=16).hexdigest() if name is not None else ""
        return self.reader.read(rows), digest

    # -- the thread that writes ----------------------------------------------------------------------------------------

    def _write(self) -> None:
        left: list[_Waiting] = []
        stop = False
        while not stop or left:
            group, left, stop = self._next(left, stop)
            self._keep(group)
            with self._counting:
                self._waiting -= sum(map(len, group))

    def _next(self, left: list[_Waiting], stop: bool) -> tuple[list[_Waiting], list[_Waiting], bool]:
        """What is kept next: all that waits, as far as it fits, one batch of a name; what is left for later."""
        arrived = list(left)
        try:
            while (found := self._queue.get(block=not arrived and not stop)) is not None:
                arrived.append(found)
            stop = True
        except queue.Empty:
            pass
        group: list[_Waiting] = []
        later: list[_Waiting] = []
        names: set[str] = set()
        size = 0
        for one in arrived:
            fits = not group or size + len(one) <= MOST_AT_ONCE
            if later or not fits or one.name in names:
                later.append(one)
                continue
            group.append(one)
            size += len(one)
            names |= {one.name} if one.name is not None else set()
        return group, later, stop

    def _keep(self, group: list[_Waiting]) -> None:
        """Keep batches in one commit and answer them; where that fails because of one of them, each alone."""
        fresh = [one for one in group if one.answer.set_running_or_notify_cancel() and not self._answered(one)]
        try:
            self._commit(fresh)
        except (StoreBusyError, StoreFullError, StoreUnavailableError) as error:
            _fail(fresh, error)
        except Exception:
            for one in fresh:
                try:
                    self._commit([one])
                except Exception as error:
                    _fail([one], error)

    def _answered(self, one: _Waiting) -> bool:
        """Whether a batch was answered before; then it gets that answer."""
        if one.name is None:
            return False
        try:
            found = self._store.events.answered(one.name, one.digest)
        except KeyError:
            told = "this Idempotency-Key stood for another batch; choose a new one for each batch"
            one.answer.set_exception(Problem(422, "idempotency-key-reused", told))
            return True
        except Exception as error:  # the thread must live on
            one.answer.set_exception(error)
            return True
        if found is None:
            return False
        one.answer.set_result(found)
        return True

    def _commit(self, group: list[_Waiting]) -> None:
        if not group:
            return
        receipts = [None if one.name is None else Receipt(one.name, one.digest, _Answer(one)) for one in group]
        became = self._store.events.append([one.incoming.events for one in group], receipts)
        for one, what in zip(group, became, strict=True):
            one.answer.set_result(_Answer(one)(what))


@dataclass(frozen=True)
class _Answer:
    """What the sender of a batch is told."""

    waiting: _Waiting

    def __call__(self, became: Appended) -> dict[str, Any]:
        incoming = self.waiting.incoming
        keys = [(k, printable(incoming.events[k].key, 80)) for k in became.reused]
        reused = [{"index": incoming.places[k], "field": "key", "value": key, "reason": REUSED} for k, key in keys]
        rejected = sorted([*incoming.rejected, *reused], key=lambda one: int(one["index"]))
        counts = {"accepted": became.accepted, "duplicates": became.duplicates}
        return {**counts, "rejected": rejected, "last_seq": became.last_seq}


def _fail(group: list[_Waiting], error: Exception) -> None:
    for one in group:
        if not one.answer.done():
            one.answer.set_exception(error)


# -- what is scored ----------------------------------------------------------------------------------------------------


def scored_seq(manifest: Mapping[str, Any], store: str | None = None) -> int:
    """Up to which number a run knows the live events of a store (by its identity; None: of any); 0 if it knows none.

    >>> made = {"recipe": {"live": "out/live/events-0a1b2c3d-000000000042.parquet"}}
    >>> scored_seq(made), scored_seq(made, "0a1b2c3d"), scored_seq(made, "ffffffff"), scored_seq({"recipe": {}})
    (42, 42, 0, 0)
    """
    named = (manifest.get("recipe") or {}).get("live")
    found = None if named is None else _SNAPSHOT.fullmatch(Path(named).name)
    return 0 if found is None or store not in (None, found[1]) else int(found[2])


def live_facts(store: Store, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """How many events are kept, and how many of them a run does not know."""
    scored = scored_seq(manifest, store.identity)
    return {
        "events": store.events.count(),
        "unscored": store.events.count_after(scored),
        "last_seq": store.events.last_seq(),
        "last_scored_seq": scored,
    }
