"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.engines import AdversarialEngine

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
