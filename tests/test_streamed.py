"""Engagement straight from logs, under a memory limit: the same bits as in memory, and nothing left behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import swayrank as sr
from swayrank.errors import FolderError, InputError, ParameterError, TooManyRejectsError
from swayrank.kernels import jit
from swayrank.measures.engagement import streamed
from swayrank.measures.engagement.counts import engagement_table
from swayrank.measures.engagement.decay import decayed_engagement
from swayrank.measures.engagement.streamed import TABLE_COLUMNS, stream_engagement
from swayrank.sources import spilled, tables
from swayrank.sources.memory import size_in_bytes, told_size

ACTIONS = ["post", "like", "repost", "quote", "reply", "mention"]
DAYS = (1, 7, 15, 30, 100)
N_KEPT = 2943  # of the rows of `log()`; the others have neither target nor post


def log(n=3000, n_accounts=60, n_posts=200, rng=1, weights=False, names=True):
    """Rows of an uneven log: gaps, events on oneself, repeats, posts acted upon before they are published."""
    draw = np.random.default_rng(rng)
    actor, author = (n_accounts * draw.random(n) ** 2).astype(int), draw.integers(0, n_accounts, n_posts)
    post = (n_posts * draw.random(n) ** 2).astype(int)
    action = draw.choice(6, n, p=[0.1, 0.4, 0.2, 0.1, 0.1, 0.1])
    actor = np.where(action == 0, author[post], actor)
    no_target = (action == 0) & (draw.random(n) < 0.9) | (draw.random(n) < 0.3)
    when = 1_700_000_000 + draw.integers(0, 40 * 86_400, n)
    spell = (lambda x: f"u{x}") if names else (lambda x: x * 1_000_003)
    columns = {
        "actor": pa.array([spell(int(x)) for x in actor]),
        "target": pa.array([None if skip else spell(int(x)) for skip, x in zip(no_target, author[post], strict=True)]),
        "action": pa.array([ACTIONS[k] for k in action]),
        "time": pa.array([None if x < 0.02 else int(t) for x, t in zip(draw.random(n), when, strict=True)], pa.int64()),
        "post": pa.array([None if x < 0.1 else f"p{p}" for x, p in zip(draw.random(n), post, strict=True)]),
    }
    if weights:
        columns["weight"] = pa.array(draw.random(n).round(3))
    table = pa.table(columns)
    return pa.concat_tables([table, table.slice(5, 40)])  # repeats


def write(table, path):
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=700)
    else:
        pyarrow.csv.write_csv(table, path)
    return path


def in_memory(paths, **reading):
    """The table of what `read_events` reads, as bytes by column, and the accounts."""
    events = sr.read_events(paths, **reading)
    table = engagement_table(events, backend="pyarrow")
    columns = {name: table[name].to_numpy().tobytes() for name in table.column_names[1:]}
    for days in DAYS:
        columns[f"decayed_{days}d"] = decayed_engagement(events, half_life_days=days).values.tobytes()
    return events, columns


@pytest.fixture
def tight(monkeypatch):
    """A process that seems to hold 60 % of any limit, and blocks of few rows: rows go to disk, in many runs."""

    def hold(limit):
        monkeypatch.setattr(spilled, "_RESERVE", 1000)
        monkeypatch.setattr(spilled, "resident_bytes", lambda: int(0.6 * limit))
        monkeypatch.setattr(tables, "_PARQUET_ROWS", 500)
        monkeypatch.setattr(tables, "BLOCK_BYTES", 20_000)
        return limit

    return hold


def counted_runs(monkeypatch):
    """How many runs of buckets are taken."""
    runs = []
    take = spilled.SpilledEvents.take
    monkeypatch.setattr(spilled.SpilledEvents, "take", lambda self, *run: runs.append(run) or take(self, *run))
    return runs


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("limit", [None, 240_000, 1_000_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_same_bits_as_in_memory_under_any_limit(tmp_path, tight, monkeypatch, suffix, limit, threads):
    path = write(log(), tmp_path / f"log{suffix}")
    events, wanted = in_memory(path)
    runs = counted_runs(monkeypatch)
    found = stream_engagement(path, memory_limit=None if limit is None else tight(limit), threads=threads)
    assert found.accounts == events.accounts
    assert {name: values.tobytes() for name, values in found.columns().items()} == wanted
    assert (found.n_events, found.span, found.on_disk) == (events.n_events, events.span, limit is not None)
    assert str(found.report) == str(events.report)
    assert found.report.duplicates > 0
    assert (len(runs) > 1) == (limit == 240_000)
    assert found.profile.self_interactions > 0


def test_several_files_integers_and_weights_in_one_of_them(tmp_path, tight):
    paths = [
        write(log(rng=2, names=False), tmp_path / "a.parquet"),
        write(log(rng=3, weights=True, names=False), tmp_path / "b.csv"),
        write(log(rng=4), tmp_path / "c.csv"),
    ]
    events, wanted = in_memory(paths)
    assert events.weight is not None
    for limit in (None, tight(400_000)):
        found = stream_engagement(paths, memory_limit=limit)
        assert found.accounts == events.accounts
        assert {name: values.tobytes() for name, values in found.columns().items()} == wanted


def test_order_of_rows_changes_no_bit(tmp_path, tight):
    table = log(rng=5)
    first = stream_engagement(write(table, tmp_path / "a.csv")).to_frame("pandas").set_index("account")
    order = np.random.default_rng(1).permutation(len(table))
    path = write(table.take(pa.array(order)), tmp_path / "b.csv")
    other = stream_engagement(path, memory_limit=tight(300_000)).to_frame("pandas").set_index("account")
    assert list(first.index) != list(other.index)
    # Who is the author of a post that two accounts published is who the log says first: here nobody else does.
    assert first.equals(other.loc[first.index])


@pytest.mark.parametrize("limit", [None, 100_000])
def test_targets_that_are_known_only_later(tmp_path, tight, limit):
    path = tmp_path / "log.csv"
    path.write_text("actor,action,post\ncem,like,p1\ndan,RT,p2\nada,post,p1\nbob,post,p1\neve,like,p1\neve,like,p9\n")
    events, wanted = in_memory(path)
    found = stream_engagement(path, memory_limit=None if limit is None else tight(limit))
    assert list(found.accounts) == list(events.accounts) == ["cem", "ada", "dan", "bob", "eve"]
    assert {name: values.tobytes() for name, values in found.columns().items()} == wanted
    assert found.columns()["like"].tolist() == [0, 2, 0, 0, 0]
    assert found.report.notes == events.report.notes == ("2 missing targets are the authors of their posts",)


def test_frames_mappings_and_refused_rows_as_read_events(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("actor,action,target\nada,like,bob\nada,wave,bob\n,like,bob\n" + "cem,RT,ada\n" * 60)
    events, wanted = in_memory(path)
    found = stream_engagement(path)
    assert [str(one) for one in found.report.rejects] == [str(one) for one in events.report.rejects]
    assert len(found.report.rejects) == 2
    assert {name: values.tobytes() for name, values in found.columns().items()} == wanted
    frame = stream_engagement(log().to_pandas())
    assert frame.n_events == N_KEPT
    swapped = {"actor": "target", "target": "actor"}
    described = stream_engagement(mapping={"events": [{**swapped, "file": str(path), "action": "action"}]})
    assert described.columns()["repost"].tolist() != found.columns()["repost"].tolist()


def test_empty_log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("actor,action,target\n")
    found = stream_engagement(path, memory_limit="4GB")
    assert len(found.accounts) == found.n_events == 0
    assert found.span is None
    assert list(found.columns()) == list(TABLE_COLUMNS)


# -- what is left behind -----------------------------------------------------------------------------------------------


def deleted_files(folder):
    """Files below a folder that this process holds open, and those that have a name."""
    held = [
        os.readlink(f"/proc/self/fd/{k}") for k in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{k}").exists()
    ]
    return [name for name in held if name.startswith(str(folder))] + list(folder.iterdir())


@pytest.mark.parametrize("end", ["well", "rejects", "interrupt"])
def test_nothing_is_left_in_the_temporary_folder(tmp_path, tight, monkeypatch, end):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    table = log()
    if end == "rejects":
        wrong = pa.array(["wave"] * 2000 + [None] * (len(table) - 2000))
        actions = pa.array([w or a for w, a in zip(wrong.to_pylist()[::-1], table["action"].to_pylist(), strict=True)])
        table = table.set_column(2, "action", actions)
    path = write(table, tmp_path / "log.parquet")
    spills = []
    write_rows = spilled._Bucketed._write
    monkeypatch.setattr(
        spilled._Bucketed, "_write", lambda self, rows: spills.append(len(rows)) or write_rows(self, rows)
    )
    if end == "interrupt":

        def strike(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(streamed, "profile_grouped", strike)
    expected = {"well": (), "rejects": TooManyRejectsError, "interrupt": KeyboardInterrupt}[end]
    if expected:
        with pytest.raises(expected) as caught:
            stream_engagement(path, memory_limit=tight(400_000))
        assert caught.tb is not None  # holds on to all that the call held
    else:
        stream_engagement(path, memory_limit=tight(400_000))
    assert spills
    assert not deleted_files(folder)


def test_no_room_on_the_disk_is_told(tmp_path, tight, monkeypatch):
    path = write(log(), tmp_path / "log.parquet")
    monkeypatch.setattr(spilled, "temporary_space", lambda: ("/scratch", 40_000))
    with pytest.raises(
        FolderError, match=r"^/scratch: rows that do not fit into 400KB .* need about 73KB there, and 40KB"
    ):
        stream_engagement(path, memory_limit=tight(400_000))
    monkeypatch.undo()


def test_a_disk_that_fills_up_is_told(tmp_path, tight, monkeypatch):
    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    path = write(log(), tmp_path / "log.parquet")
    with pytest.raises(FolderError, match="No space left on device; let TMPDIR name a folder with more room"):
        stream_engagement(path, memory_limit=tight(400_000))


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("4GB", 4 * 10**9), ("500MB", 5 * 10**8), ("2GiB", 2**31), ("1.5 gib", 3 * 2**29), ("80kb", 80_000), (7, 7)],
)
def test_sizes(text, n_bytes):
    assert size_in_bytes("memory_limit", text) == n_bytes


@pytest.mark.parametrize("text", ["", "GB", "4 apples", "-1GB", "4GBB", "0", 0, True, None, 2.5, "1e9", "nan"])
def test_sizes_that_are_none(text):
    with pytest.raises(ParameterError, match="memory_limit must be a size such as '4GB', '500MB' or '2GiB', got"):
        size_in_bytes("memory_limit", text)


def test_told_sizes_never_round_down():
    for n in (1, 999, 1000, 1001, 999_999, 1_000_001, 99_000_001, 10**9 + 1, 123_456_789_012):
        assert size_in_bytes("x", told_size(n)) >= n


def test_limit_below_any_need_says_what_would_do():
    with pytest.raises(ParameterError, match=r"memory_limit must be at least \S+ for any input, got '1MB'"):
        stream_engagement("nowhere.csv", memory_limit="1MB")


def test_limit_below_what_the_input_needs_says_what_would_do(tmp_path, tight):
    path = write(log(), tmp_path / "log.csv")
    with pytest.raises(
        ParameterError, match=r"memory_limit must be at least (\S+) for 2,943 events of 60 acc"
    ) as caught:
        stream_engagement(path, memory_limit=tight(60_000))
    needed = size_in_bytes("x", str(caught.value).split("at least ")[1].split()[0])
    assert needed > 60_000
    stream_engagement(path, memory_limit=tight(int(needed * 2.5)))  # what it seems to hold grows with the limit


def test_wrong_parameters(tmp_path):
    path = write(log(), tmp_path / "log.csv")
    with pytest.raises(ParameterError, match="half_life_days must be"):
        stream_engagement(path, half_life_days=[0])
    with pytest.raises(ParameterError, match=r"reading takes columns, .*, got 'duplicates'"):
        stream_engagement(path, duplicates="drop")
    with pytest.raises(InputError, match="there is no such file"):
        stream_engagement(tmp_path / "none.csv")
    assert list(stream_engagement(path, half_life_days=["week"]).decayed) == ["decayed_7d"]


PEAK = """
import resource, sys
from swayrank.measures.engagement.streamed import stream_engagement
found = stream_engagement(sys.argv[1], memory_limit=sys.argv[2], threads=2)
print(found.on_disk, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is told by Linux")
def test_peak_stays_below_the_limit(tmp_path):
    draw = np.random.default_rng(1)
    path = tmp_path / "log.parquet"
    schema = pa.schema({"actor": pa.int64(), "target": pa.int64(), "action": pa.string(), "post": pa.int64()})
    with pq.ParquetWriter(path, schema) as file:
        for _ in range(16):
            n = 250_000
            columns = {name: pa.array((20_000 * draw.random(n) ** 2).astype(np.int64)) for name in ("actor", "target")}
            action = pa.array(np.array(ACTIONS)[draw.integers(1, 6, n)].tolist())
            file.write_table(pa.table({**columns, "action": action, "post": columns["target"]}, schema=schema))
    stream_engagement(path)  # kernels are compiled by now
    launch = Path(__file__).parents[1] / "benchmarks" / "launch.py"
    out = tmp_path / "told.json"
    words = [sys.executable, "-I", "-S", launch, out, sys.executable, "-c", PEAK, path, "600MB"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
    on_disk, _ = done.stdout.split()
    assert on_disk == "True"
    assert json.loads(out.read_text())["peak_bytes"] < 600_000_000 * 1.1


# -- the command -------------------------------------------------------------------------------------------------------


def call(*words, check=True, **more):
    done = subprocess.run(
        [sys.executable, "-m", "swayrank", "events", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode == 0) == check, done.stderr
    return done


def test_command_shows_writes_and_tells(tmp_path):
    path = write(log(), tmp_path / "log.csv")
    with path.open("a") as file:
        file.write("u1,u2,wave,1700000000,p1\n")
    _, wanted = in_memory(path)
    done = call(path, "--top", 3, "--sort", "h_index", "-o", tmp_path / "all.parquet", "--memory-limit", "2GB")
    assert "98 rows were refused (97 missing target and post, 1 unknown action)" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["rank", "account", "h_index", "total"]
    assert len(lines) == 4
    table = pq.read_table(tmp_path / "all.parquet")
    assert {name: table[name].to_numpy().tobytes() for name in table.column_names[1:]} == wanted
    assert int(lines[1].split()[2]) == max(table["h_index"].to_pylist())
    told = json.loads(call(path, "--json", "--quiet", "--top", 2).stdout)
    assert told["events"] == N_KEPT
    assert [row["total"] for row in told["top"]] == sorted(table["total"].to_pylist())[-2:][::-1]
    assert call(path, "-q", "-o", tmp_path / "all.csv").stderr == ""
    assert (tmp_path / "all.csv").read_text().startswith('"account","')


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--sort", "hindex"], 2, "did you mean 'h_index'?"),
        (["--memory-limit", "much"], 2, "memory_limit must be a size such as '4GB'"),
        (["--memory-limit", "1MB"], 2, "memory_limit must be at least"),
        (["-o", "table.xls"], 2, "--output must end in .csv or .parquet, got 'table.xls'"),
        (["--columns", "actor,actor"], 2, "error: "),
        (["no.csv"], 1, "no.csv: there is no such file"),
    ],
)
def test_command_says_what_is_wrong(tmp_path, words, code, told):
    path = write(log(200), tmp_path / "log.csv")
    done = call(path, *words, check=False, cwd=tmp_path)
    assert done.returncode == code
    assert told in done.stderr.replace("\n", " ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.csv"]


def reads(path, process):
    """Whether a process has a file open, or its content in its memory."""
    try:
        held = Path(f"/proc/{process}")
        opened = any(os.readlink(file) == str(path) for file in (held / "fd").iterdir())
        return opened or str(path) in (held / "maps").read_text()
    except OSError:  # one was closed, or the process ended, in between
        return False


def test_interrupted_command_leaves_nothing(tmp_path):
    path = tmp_path / "log.csv"
    with path.open("w") as file:
        file.write("actor,target,action,post\n")
        for k in range(2_000_000):
            file.write(f"u{k % 9973},u{k % 997},like,p{k % 7919}\n")
    folder = tmp_path / "temporary"
    folder.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-m", "swayrank", "events", path, "-o", tmp_path / "all.csv", "--memory-limit", "2GB"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    while not reads(path, child.pid) and child.poll() is None:  # however long it takes to start
        time.sleep(0.01)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=300)
    assert child.returncode == 130, told
    assert b"Traceback" not in told
    assert not (tmp_path / "all.csv").exists()
    assert not list(folder.iterdir())


@pytest.mark.skipif(not jit.JIT_ENABLED, reason="there are no signatures with the JIT off")
def test_one_signature_for_each_kernel_on_every_road(tmp_path, tight):
    path = write(log(weights=True), tmp_path / "a.csv")
    other = write(log(rng=3, names=False), tmp_path / "b.parquet")
    for paths in (path, [other, path], log().to_pandas()):
        for limit in (None, tight(400_000)):
            stream_engagement(paths, memory_limit=limit)
    wanted = ("kernels.spill.", "kernels.times.", "kernels.engagement.", "kernels.counts.")
    several = [n for n, k in jit.KERNELS.items() if any(w in n for w in wanted) and len(k.signatures) > 1]
    assert several == []
