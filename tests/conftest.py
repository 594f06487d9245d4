"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.engines import AdversarialEngine
from tests.postgres import Postgres, server
from tests.postgres import find as find_postgres

# The same examples every time: a failure must be the change's, not the day's. Hunt with --hypothesis-profile=default.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; the test skips where it is absent."""
    if not _SHARED.is_dir():
        pytest.skip(f"real data is not here: {_SHARED} is absent")
    return _SHARED


@pytest.fixture(params=["one thread", "two threads", "four threads", "shuffled"])
def any_engine(request):
    """Every way to run chunks inside this process: as keyword arguments of a long function."""
    return {
        "one thread": {"threads": 1},
        "two threads": {"threads": 2},
        "four threads": {"threads": 4},
        "shuffled": {"engine": AdversarialEngine(order=1)},
    }[request.param]


@pytest.fixture(scope="session")
def other_process():
    """An engine whose chunks run in another process."""
    engine = AdversarialEngine(order=2, processes=True)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A running PostgreSQL server of our own; the test skips where its programs are absent."""
    if find_postgres() is None:
        pytest.skip("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
    pytest.importorskip("psycopg", reason="PostgreSQL needs the package psycopg")
    yield from server()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store can be made: a file, then a database."""
    if request.param == "sqlite":
        return str(tmp_path / "service.db")
    running: Postgres = request.getfixturevalue("postgres_server")
    return running.database()
