"""A small result with awkward names, and the service over it inside this process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

import swayrank as sr
from swayrank.service.app import create_app
from swayrank.service.settings import Settings

AWKWARD = (
    "a/b",
    "..",
    "%2e%2e",
    "q?x=1#y",
    "na me",
    "<img src=x onerror=alert(1)>",
    "=1+1",
    "\u202edrow",
    "線形 ✓",
    "it's; drop table events; --",
)


def result_in(folder: Path, n: int = 200) -> Path:
    """A scored town whose first accounts have awkward names; its inputs lie beside it."""
    town = sr.generate("town", n=n, rng=7)
    names = [str(one) for one in town.graph.ids]
    awkward = dict(zip(names[: len(AWKWARD)], AWKWARD, strict=True))
    u, v = town.graph.edges()
    called = [awkward.get(name, name) for name in names]
    graph = sr.Graph.from_edges(u, v, n_nodes=len(called), ids=called)
    frame = town.events.to_frame()
    for column in ("actor", "target"):
        frame[column] = [awkward.get(name, name) for name in frame[column]]
    scores = sr.score(graph, sr.Events.from_frame(frame), n_replicates=20, rng=7)
    out = folder / "out"
    scores.save(out)
    return out


def copied(out: Path, folder: Path) -> Path:
    """The same result, to be changed."""
    return Path(shutil.copytree(out, folder / "out", symlinks=True))


@contextmanager
def serving(out: Path, **options: Any) -> Iterator[TestClient]:
    """The service, running inside this process; `client.app.state.service` is what is behind it."""
    options.setdefault("log", out.parent / "service.log")
    app = create_app(Settings(out=out, **options))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
