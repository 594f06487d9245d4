"""A store: an SQLite file that one service owns, or a PostgreSQL database that several may share.

Whatever a call says it kept survives the process and the machine: SQLite runs with a write-ahead log that is synced at
each commit (``synchronous=FULL``), PostgreSQL with its own. A call either keeps all or raises and keeps nothing.

=========================  =========================================================================================
StoreUnavailableError      it cannot be reached, opened or written; the same call may succeed later
StoreFullError             there is no room
StoreBusyError             another process owns the file, or holds it locked
StoreError                 it is damaged, of another version, or no store
=========================  =========================================================================================

Calls block; they may come from any thread.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from swayrank._extras import absent
from swayrank.errors import StoreBusyError, StoreError, StoreFullError, StoreUnavailableError

try:
    import sqlalchemy as sa
    import sqlalchemy.exc as sa_exc
except ImportError as error:  # pragma: no cover
    raise absent("the service", "sqlalchemy") from error

from swayrank.stores import schema
from swayrank.stores.events import EventLog
from swayrank.stores.jobs import JobTable
from swayrank.stores.state import State
from swayrank.stores.tokens import TokenTable

_BUSY_SECONDS = 10
_PRAGMAS = (
    f"busy_timeout={_BUSY_SECONDS * 1000}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "journal_size_limit=67108864",  # a busy hour leaves no large log behind
)
_LOCK_TIMEOUT = "55P03"
_LOST_AFTER = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_WAIT_AT_MOST = "-c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"  # a service that hangs blocks nobody
_FULL = ("database or disk is full", "disk full", "no space left")
_DAMAGED = ("file is not a database", "malformed", "file is encrypted")
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def open_store(place: str | Path, *, own: bool = True) -> Store:
    """Open a store, or make it where there is none.

    Parameters
    ----------
    place : str or Path
        A file (SQLite), or ``postgresql://user@host/database``.
    own : bool, default=True
        Of a file: whether this process serves it, and no other may. Looking and small changes beside a running service
        (tokens) need no ownership.

    Raises
    ------
    StoreBusyError
        If another process owns the file.
    StoreUnavailableError
        If it cannot be reached or written.
    StoreError
        If it is no store, damaged, or of another version.

    Examples
    --------
    >>> import tempfile
    >>> with open_store(Path(tempfile.mkdtemp(), "service.db")) as store:
    ...     store.state.set("last", "42")
    ...     store.state.get("last"), store.events.count()
    ('42', 0)
    """
    text = str(place)
    if text.startswith(_POSTGRES):
        return Store(_postgres(text), told=_without_password(text))
    if "://" in text:
        raise StoreError(f"{_without_password(text)}: a store is a file or postgresql://..., not that")
    path = Path(text)
    lock = _lock(path) if own else None
    with contextlib.suppress(OSError):  # what is wrong with the place is told below
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # events and hashes of secrets are its owner's alone
    try:
        return Store(_sqlite(path), told=text, lock=lock, file=path)
    except BaseException:
        if lock is not None:
            lock.close()
        raise


class Store:
    """What a running service must not lose; made by :func:`open_store`, closed by ``with`` or :meth:`close`.

    Attributes
    ----------
    events : EventLog
    jobs : JobTable
    tokens : TokenTable
    state : State
    told : str
        Where it is, without any password.
    identity : str
        Eight hexadecimal digits that tell it from any other store.
    """

    def __init__(
        self, engine: sa.Engine, *, told: str, lock: IO[bytes] | None = None, file: Path | None = None
    ) -> None:
        self._engine, self._lock, self._file, self.told = engine, lock, file, told
        self._writing = threading.Lock()  # SQLite takes one writer: waiting here is cheaper and fair
        self._identity: tuple[int, int] | None = None
        self.is_postgres = engine.dialect.name == "postgresql"
        with self.writing() as connection:
            if self.is_postgres:  # two services that start at once
                connection.execute(sa.text("select pg_advisory_xact_lock(7223001)"))
            self.identity = schema.prepare(connection, told)
        self._identity = _identity(file)
        self.events = EventLog(self)
        self.jobs, self.tokens, self.state = JobTable(self), TokenTable(self), State(self)

    def close(self) -> None:
        """Close all connections, and give the file up."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the store."""
        with self._told_errors():
            self._check_file()
            with self._engine.connect() as connection:
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: kept whole when the block ends well, not at all otherwise."""
        with self._told_errors(), self._writing if not self.is_postgres else contextlib.nullcontext():
            self._check_file()
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                yield connection

    def _check_file(self) -> None:
        """A file that was removed would go on being written to where nobody sees it."""
        if self._identity is not None and (found := _identity(self._file)) != self._identity:
            self._engine.dispose()
            what = "is gone" if found is None else "was replaced by another"
            raise StoreUnavailableError(f"{self.told}: the file {what}; restore it, then start the service anew")

    @contextlib.contextmanager
    def _told_errors(self) -> Iterator[None]:
        try:
            yield
        except (sa_exc.SQLAlchemyError, sqlite3.Error) as error:  # the latter while a connection is set up
            raise self._as_ours(error) from None

    def _as_ours(self, error: Exception) -> StoreError:
        original = getattr(error, "orig", None) or error
        why = " ".join(str(original).split())[:200]
        low = why.lower()
        if any(sign in low for sign in _FULL) or getattr(original, "sqlstate", None) == "53100" or self._no_room():
            return StoreFullError(f"{self.told}: there is no room left on its disk ({why}); make room, then try again")
        if any(sign in low for sign in _DAMAGED):
            return StoreError(f"{self.told}: is damaged, or no store of swayrank ({why}); restore it from a backup")
        if "locked" in low or "busy" in low or getattr(original, "sqlstate", None) == _LOCK_TIMEOUT:
            return StoreBusyError(f"{self.told}: another process holds it locked ({why}); try again")
        lost = sa_exc.OperationalError | sa_exc.InterfaceError | sa_exc.TimeoutError | sqlite3.OperationalError
        if isinstance(error, lost) or getattr(error, "connection_invalidated", False):
            return StoreUnavailableError(f"{self.told}: cannot be reached or written now ({why})")
        return StoreError(f"{self.told}: {why}")

    def _no_room(self) -> bool:
        """Whether the file's disk is full: SQLite may say no more than "disk I/O error"."""
        if self._file is None:
            return False
        try:
            found = os.statvfs(self._file.parent)
        except (OSError, AttributeError):
            return False
        return found.f_bavail * found.f_frsize < 1 << 16


# -- engines -----------------------------------------------------------------------------------------------------------


def _sqlite(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite+pysqlite", database=str(path))
    existing = f"{path.absolute().as_uri()}?mode=rw"  # a file that was removed is not made anew, empty

    def connected() -> sqlite3.Connection:
        return sqlite3.connect(existing, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)

    engine = sa.create_engine(url, creator=connected)

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: str) -> sa.Engine:
    rest = url.split("://", 1)[1]
    try:
        return sa.create_engine(
            f"postgresql+psycopg://{rest}",
            pool_pre_ping=True,
            pool_timeout=_BUSY_SECONDS,
            connect_args={"connect_timeout": _BUSY_SECONDS, "options": _WAIT_AT_MOST, **_LOST_AFTER},
        )
    except ModuleNotFoundError:
        raise absent("PostgreSQL", "psycopg") from None
    except (sa_exc.ArgumentError, ValueError):
        raise StoreError(
            f"{_without_password(url)}: is no address of a database; write postgresql://user@host/database"
        ) from None


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Which file lies there now; None where there is none."""
    try:
        found = os.stat(path) if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def _without_password(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except (sa_exc.ArgumentError, ValueError):
        return url.rsplit("@", maxsplit=1)[-1]


def _lock(path: Path) -> IO[bytes]:
    """Own a file: a lock beside it that ends with the process, however that ends."""
    import fcntl

    beside = path.with_name(path.name + ".lock")
    try:
        file = beside.open("ab")
    except OSError as error:
        raise StoreUnavailableError(f"{path}: cannot keep a store there: {error.strerror or error}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StoreBusyError(
            f"{path}: another service owns it; stop that one, or let several share a PostgreSQL database (--database)"
        ) from None
    return file
