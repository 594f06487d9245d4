"""The engine seam: order, purity, errors, and the same bits however chunks run."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from swayrank.engines import Engine, balanced_bounds, chunk_bounds, local, resolve_engine
from swayrank.engines.limits import granted_memory, granted_processors
from swayrank.engines.local import LocalEngine, n_threads
from swayrank.errors import ParameterError
from tests.engines import AdversarialEngine


def total(inputs, start, stop):
    return float(inputs[start:stop].sum())


def fill(inputs, start, stop, out):
    out[:] = inputs[start:stop] * 2
    return stop - start


def fail_late(inputs, start, stop):
    if start >= 60:
        raise ZeroDivisionError
    return start


VALUES = np.random.default_rng(5).normal(size=101)


def test_results_come_in_order(any_engine):
    engine = resolve_engine(**any_engine)
    bounds = chunk_bounds(101, 7)
    out = np.empty(101)
    assert list(engine.map(total, VALUES, bounds)) == [total(VALUES, a, b) for a, b in itertools.pairwise(bounds)]
    assert sum(engine.map(fill, VALUES, bounds, out=out)) == 101
    assert np.array_equal(out, VALUES * 2)


def test_other_process(other_process):
    out = np.empty(101)
    assert len(list(other_process.map(fill, VALUES, chunk_bounds(101, 40), out=out))) == 3
    assert np.array_equal(out, VALUES * 2)
    assert isinstance(other_process, Engine)


def test_steps_add_up(any_engine):
    steps = []
    list(resolve_engine(**any_engine).map(total, VALUES, chunk_bounds(101, 7), step=steps.append))
    assert sum(steps) == 101


def test_an_error_reaches_the_caller_and_stops_the_rest():
    engine = LocalEngine(2)
    with pytest.raises(ZeroDivisionError):
        list(engine.map(fail_late, VALUES, chunk_bounds(100_000, 10)))
    assert list(engine.map(total, VALUES, chunk_bounds(3, 10))) == [total(VALUES, 0, 3)]


def test_an_abandoned_loop_leaves_nothing_running():
    started = []
    gate = threading.Lock()

    def slow(inputs, start, stop):
        with gate:
            started.append(start)

    for _ in LocalEngine(2).map(slow, None, chunk_bounds(1000, 1)):
        break
    seen = len(started)
    assert seen < 100
    assert list(LocalEngine(2).map(total, VALUES, chunk_bounds(101, 101))) == [total(VALUES, 0, 101)]
    assert len(started) == seen


def test_bounds():
    assert chunk_bounds(0, 4).tolist() == [0]
    assert chunk_bounds(8, 4).tolist() == [0, 4, 8]
    star = np.array([0, 0, 1000, 1000, 1001], np.uint64)
    assert balanced_bounds(star, 8).tolist()[0] == 0
    assert balanced_bounds(star, 8).tolist()[-1] == 4
    assert balanced_bounds(np.zeros(1, np.uint64), 8).tolist() == [0]
    even = np.arange(0, 1601, 16).astype(np.uint64)
    sizes = np.diff(balanced_bounds(even, 10))
    assert sizes.min() >= 9
    assert sizes.max() <= 11


def test_choice():
    assert resolve_engine("local", 3).threads == 3
    assert resolve_engine("local").threads == n_threads()
    custom = AdversarialEngine()
    assert resolve_engine(custom) is custom
    for wrong in ({"engine": "moon"}, {"engine": 3}, {"threads": 0}, {"threads": 1.5}, {"threads": True}):
        with pytest.raises(ParameterError, match="must be"):
            resolve_engine(**wrong)


def quota(folder, quota):
    return {f"{folder}/cpu.cfs_quota_us": f"{quota}\n", f"{folder}/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("own", "files", "processors", "memory"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n", "memory.max": "4000\n"}, 2, 4000),
        ("0::/a/b\n", {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n"}, 3, None),
        ("0::/gone\n", {"cpu.max": "max 100000\n", "memory.max": "max\n"}, None, None),
        ("4:cpu,cpuacct:/x\n0::/x\n", quota("cpu/x", 50000), 1, None),
        ("4:cpu:/x\n", quota("cpu", 400000), 4, None),
        ("4:cpu:/\n", quota("cpu", -1), None, None),
        ("4:cpuset:/\n", quota("cpu", 400000), None, None),
        ("8:memory:/x\n", {f"memory/{at}memory.limit_in_bytes": f"{n}\n" for at, n in (("", 7), ("x/", 9))}, None, 7),
        (None, {"cpu.max": "100000 100000\n"}, None, None),
    ],
)  # fmt: skip
def test_control_groups_of_both_versions_are_obeyed(tmp_path, own, files, processors, memory):
    if own is not None:
        (tmp_path / "own").write_text(own)
    for name, text in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert granted_processors(tmp_path / "groups", tmp_path / "own") == processors
    assert granted_memory(tmp_path / "groups", tmp_path / "own") == memory


def test_no_more_threads_than_the_control_group_grants(monkeypatch):
    monkeypatch.setattr(local, "granted_processors", lambda: 1)
    local._allowed_threads.cache_clear()
    try:
        assert n_threads() == 1
        assert n_threads(3) == 3
    finally:
        local._allowed_threads.cache_clear()
