"""Graphs on disk: the same bits back, and every way in which a folder can be wrong."""

from __future__ import annotations

import copy
import errno
import json
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from swayrank.errors import DamagedGraphError, FolderError, NotAGraphError, ParameterError, VersionError
from swayrank.graph import Graph
from swayrank.graph import folder as graph_folder
from swayrank.graph import unread as graph_unread

ARRAYS = ("indptr", "indices", "in_indptr", "in_indices")


def small(**options):
    columns = {"weight": [1, 2, 3, 4], "time": [5, 6, 7, 8], "is it new?": [True, False, True, False]}
    u, v = ["ada", "bob", "cem", "ada"], ["bob", "cem", "dan", "cem"]
    return Graph.from_edges(u, v, columns=columns, **options)


def random_graph(n_nodes=200, n_rows=3000):
    rng = np.random.default_rng(2)
    u, v = rng.integers(0, n_nodes, (2, n_rows))
    return Graph.from_edges(u, v, n_nodes=n_nodes, weight=rng.random(n_rows))


def assert_same(g, h):
    assert (g.n_nodes, g.n_edges, g.directed, g.columns, g.report) == (
        h.n_nodes, h.n_edges, h.directed, h.columns, h.report,
    )  # fmt: skip
    assert g.ids == h.ids
    for name in ARRAYS:
        assert np.array_equal(getattr(g, name), getattr(h, name))
    for name in g.columns:
        assert g.column(name).dtype == h.column(name).dtype
        assert np.array_equal(g.column(name), h.column(name))
        assert np.array_equal(g.in_column(name), h.in_column(name))
    assert g.fingerprint == h.fingerprint


@pytest.mark.parametrize(
    "graph",
    [
        small(),
        small(direction="undirected"),
        random_graph(),
        Graph.from_edges([10, 20], [20, 30]),
        Graph.from_edges([], []),
        Graph.from_edges([], [], n_nodes=3, weight=[]),
        Graph.from_edges(["ä", "日本"], ["日本", ""]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("partitions", [1, 3])
def test_open_gives_back_what_was_saved(tmp_path, graph, partitions):
    path = graph.save(tmp_path / "deep" / "g", partitions)
    for verify in (False, True):
        opened = Graph.open(path, verify)
        assert_same(graph, opened)
        assert opened.path == path
        assert opened.position(opened.ids[0]) == 0 if len(opened.ids) else True


def test_opened_arrays_are_plain_and_read_only(tmp_path):
    g = Graph.open(small().save(tmp_path / "g"))
    for array in [getattr(g, name) for name in ARRAYS] + [g.column(name) for name in g.columns]:
        assert type(array) is np.ndarray
        assert array.flags.c_contiguous
        assert array.flags.aligned
        assert not array.flags.writeable
        assert array.dtype.isnative


def test_opening_reads_no_array(tmp_path, monkeypatch):
    path = small().save(tmp_path / "g")
    monkeypatch.setattr(graph_folder, "content_hash", lambda array: pytest.fail("hashed"))
    Graph.open(path)
    with pytest.raises(pytest.fail.Exception):
        Graph.open(path, verify=True)


def test_partitions_cover_the_rows(tmp_path):
    g = random_graph()
    path = g.save(tmp_path / "g", partitions=4)
    header = json.loads((path / "graph.json").read_text())
    for name, indptr in (("indices", g.indptr), ("in_indices", g.in_indptr), ("column.0", g.indptr)):
        entry = header["arrays"][name]
        parts = entry["partitions"]
        assert len(parts) == 4
        assert parts[0]["rows"][0] == 0
        assert parts[-1]["rows"][1] == g.n_nodes
        data = (path / entry["file"]).read_bytes()
        itemsize = np.dtype(entry["dtype"]).itemsize
        for k, part in enumerate(parts):
            assert part["items"] == [int(indptr[row]) for row in part["rows"]]
            assert part["offset"] == part["items"][0] * itemsize
            assert k == 0 or part["rows"][0] == parts[k - 1]["rows"][1]
            piece = np.frombuffer(data[part["offset"] : part["items"][1] * itemsize], np.uint8)
            assert part["hash"] == graph_folder.content_hash(piece)
    assert max(p["items"][1] - p["items"][0] for p in header["arrays"]["indices"]["partitions"]) < g.n_edges / 3


def test_fingerprint_tells_graphs_apart(tmp_path):
    g = small()
    others = [
        small(direction="influences"),
        small(direction="undirected"),
        Graph.from_edges(["ada", "bob", "cem", "ada"], ["bob", "cem", "dan", "cem"]),
        Graph.from_edges([0, 1, 2, 0], [1, 2, 3, 2], columns={"weight": [1, 2, 3, 4]}),
        g.subgraph(["ada", "bob", "cem"]),
        Graph.from_edges([0], [1]),
        Graph.from_edges([0], [1], n_nodes=3),
        Graph.from_edges([0], [1], ids=["0", "1"]),
        Graph.from_edges([0], [1], columns={"a": [1]}),
        Graph.from_edges([0], [1], columns={"b": [1]}),
        Graph.from_edges([0], [1], columns={"a": [1.0]}),
    ]
    prints = [h.fingerprint for h in (g, *others)]
    assert len(set(prints)) == len(prints)
    assert small().fingerprint == g.fingerprint
    assert g.with_report(others[0].report).fingerprint == g.fingerprint


# -- saving over -------------------------------------------------------------------------------------------------------


def test_saving_over_keeps_the_old_one_usable(tmp_path):
    old = random_graph()
    path = old.save(tmp_path / "g")
    opened = Graph.open(path)
    files = set(os.listdir(path))
    small().save(path)
    assert_same(Graph.open(path, verify=True), small())
    assert np.array_equal(opened.indices, old.indices)  # still mapped, though unlinked
    assert np.array_equal(opened.column("weight"), old.column("weight"))
    assert not (files - {"graph.json"}) & set(os.listdir(path))
    named = {e["file"] for e in json.loads((path / "graph.json").read_text())["arrays"].values()}
    assert set(os.listdir(path)) == named | {"graph.json"}


@pytest.mark.parametrize("stop_after", [0, 1, 3, 4, "graph.json"])
def test_an_interrupted_save_leaves_the_old_one(tmp_path, monkeypatch, stop_after):
    path = small().save(tmp_path / "g")
    write, calls = graph_folder._write_file, []

    def interrupted(folder, name, blocks):
        calls.append(name)
        if name == stop_after or len(calls) - 1 == stop_after:
            raise KeyboardInterrupt
        write(folder, name, blocks)

    monkeypatch.setattr(graph_folder, "_write_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        random_graph().save(path)
    monkeypatch.undo()
    assert_same(Graph.open(path, verify=True), small())
    random_graph().save(path)
    assert len(os.listdir(path)) == 1 + len(json.loads((path / "graph.json").read_text())["arrays"])


def test_a_first_save_that_was_interrupted(tmp_path, monkeypatch):
    write = graph_folder._write_file
    monkeypatch.setattr(
        graph_folder, "_write_file", lambda p, name, b: 1 / 0 if name == "graph.json" else write(p, name, b)
    )
    with pytest.raises(ZeroDivisionError):
        small().save(tmp_path / "g")
    monkeypatch.undo()
    with pytest.raises(DamagedGraphError, match="never saved to the end"):
        Graph.open(tmp_path / "g")
    assert_same(Graph.open(small().save(tmp_path / "g")), small())


def test_open_while_somebody_saves(tmp_path, monkeypatch):
    """graph.json is read, then the files that it names go away, since another graph was saved."""
    path = random_graph().save(tmp_path / "g")
    read, swapped = graph_folder.read_index, []

    def read_then_swap(folder):
        header = read(folder)
        if not swapped:
            swapped.append(True)
            small().save(folder)
        return header

    monkeypatch.setattr(graph_folder, "read_index", read_then_swap)
    assert_same(Graph.open(path), small())


def test_two_savers_at_once_leave_one_whole_graph(tmp_path, monkeypatch):
    """The first waits at its graph.json for the second to get there, which then lets the first finish."""
    path, write = tmp_path / "g", graph_folder._write_file
    second_is_there, first_is_done = threading.Event(), threading.Event()
    order = []

    def meet(folder, name, blocks):
        if name == "graph.json":
            order.append(threading.current_thread().name)
            if len(order) == 1:
                other = threading.Thread(target=small().save, args=(path,), name="second")
                others.append(other)
                other.start()
                second_is_there.wait(0.5)
            else:
                second_is_there.set()
                first_is_done.wait(5)
        write(folder, name, blocks)

    others = []
    monkeypatch.setattr(graph_folder, "_write_file", meet)
    random_graph().save(path)
    first_is_done.set()
    others[0].join()
    monkeypatch.undo()
    assert order[1] == "second"
    assert_same(Graph.open(path, verify=True), small())
    named = {e["file"] for e in json.loads((path / "graph.json").read_text())["arrays"].values()}
    assert set(os.listdir(path)) == named | {"graph.json"}


def test_savers_in_processes_leave_one_whole_graph(tmp_path):
    code = (
        "import sys; from swayrank.graph import Graph; n = int(sys.argv[2]); "
        "g = Graph.from_edges(list(range(n)), [0] * n, n_nodes=n + 1); [g.save(sys.argv[1]) for _ in range(5)]"
    )
    sizes = (300, 400)
    savers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "g"), str(n)]) for n in sizes]
    assert [saver.wait(300) for saver in savers] == [0, 0]
    assert Graph.open(tmp_path / "g", verify=True).n_nodes - 1 in sizes


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match=r"g: cannot save a graph there: .*choose a folder"):
        small().save(tmp_path / "file" / "g")
    path = small().save(tmp_path / "g")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(graph_folder.os, "fsync", full)
    with pytest.raises(FolderError, match=r"No space left on device.*room for [\d,]+ bytes"):
        random_graph().save(path)
    monkeypatch.undo()
    assert_same(Graph.open(path, verify=True), small())


def test_what_else_is_in_the_folder_stays(tmp_path):
    path = small().save(tmp_path / "g")
    (path / "notes.txt").write_text("mine")
    random_graph().save(path)
    assert (path / "notes.txt").read_text() == "mine"


def test_foreign_folders_are_not_written_to(tmp_path):
    (tmp_path / "thesis.doc").write_text("x")
    with pytest.raises(NotAGraphError, match=r"is not empty and not a graph \(it holds 'thesis.doc'\)"):
        small().save(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "graph.json").write_text('{"nodes": []}')
    with pytest.raises(NotAGraphError, match="was not written by swayrank"):
        small().save(tmp_path / "other")
    with pytest.raises(NotAGraphError, match="is a file; a graph is saved as a folder"):
        small().save(tmp_path / "thesis.doc")
    assert sorted(os.listdir(tmp_path)) == ["other", "thesis.doc"]
    with pytest.raises(ParameterError, match="partitions must be an integer"):
        small().save(tmp_path / "g", partitions=0)


# -- damaged and foreign -----------------------------------------------------------------------------------------------


def edit(path, change):
    header = json.loads((path / "graph.json").read_text())
    change(header)
    (path / "graph.json").write_text(json.dumps(header))


def test_not_a_graph(tmp_path):
    with pytest.raises(NotAGraphError, match="no such folder"):
        Graph.open(tmp_path / "absent")
    with pytest.raises(NotAGraphError, match=r"it has no graph\.json"):
        Graph.open(tmp_path)
    (tmp_path / "edges.csv").write_text("a,b\n")
    with pytest.raises(NotAGraphError, match=r"is a file, not a graph folder; swayrank\.read_graph"):
        Graph.open(tmp_path / "edges.csv")
    for foreign in ('{"nodes": [], "links": []}', "[1, 2]"):
        (tmp_path / "graph.json").write_text(foreign)
        with pytest.raises(NotAGraphError, match="does not describe a swayrank graph"):
            Graph.open(tmp_path)


@pytest.mark.parametrize("name", ["indptr", "indices", "in_indices", "column.1", "ids.blob", "ids.slots"])
@pytest.mark.parametrize("change", ["shorter", "longer", "missing", "flipped"])
def test_every_damaged_file_is_named(tmp_path, name, change):
    path = small().save(tmp_path / "g", partitions=2)
    file = next(path.glob(f"{name}-*.bin"))
    data = file.read_bytes()
    if change == "missing":
        file.unlink()
    elif change == "flipped":
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        if name not in ("ids.blob", "indptr"):  # their last byte says where the ids or the arcs end
            Graph.open(path)  # takes no look inside
    else:
        file.write_bytes(data[:-1] if change == "shorter" else data + b"\0")
    with pytest.raises(DamagedGraphError, match=f"{file.name} is (damaged|missing).*array '{name}'"):
        Graph.open(path, verify=change == "flipped")


def test_partition_that_was_altered_is_named(tmp_path):
    path = random_graph().save(tmp_path / "g", partitions=4)
    part = json.loads((path / "graph.json").read_text())["arrays"]["indices"]["partitions"][2]
    file = next(path.glob("indices-*.bin"))
    data = bytearray(file.read_bytes())
    data[part["offset"] + 1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(DamagedGraphError, match="altered in the rows {} to {}".format(*part["rows"])):
        Graph.open(path, verify=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.pop("arrays"),
        lambda h: h.pop("version"),
        lambda h: h.update(version="1"),
        lambda h: h.update(version=True),
        lambda h: h.pop("n_nodes"),
        lambda h: h.update(n_nodes=3),
        lambda h: h.update(n_edges=5),
        lambda h: h.update(directed="yes"),
        lambda h: h.update(ids="names"),
        lambda h: h.update(columns=["weight", "time", "x", "y"]),
        lambda h: h.pop("fingerprint"),
        lambda h: h.pop("report"),
        lambda h: h["arrays"].pop("indices"),
        lambda h: h["arrays"].pop("ids.slots"),
        lambda h: h["arrays"].update(indices=None),
        lambda h: h["arrays"]["indices"].update(file="../../etc/passwd"),
        lambda h: h["arrays"]["indices"].update(dtype="|O"),
        lambda h: h["arrays"]["indices"].update(dtype="what"),
        lambda h: h["arrays"]["indices"].update(dtype="<i4"),
        lambda h: h["arrays"]["indices"].update(shape=[-2, -2]),
        lambda h: h["arrays"]["indices"].update(shape=[2, 2]),
        lambda h: h["arrays"]["indices"].pop("hash"),
        lambda h: h["arrays"]["indices"].update(partitions=[{"rows": "x"}]),
        lambda h: h["arrays"]["indices"].update(partitions={"rows": "x"}),
        lambda h: h["arrays"]["indices"].update(partitions=["x"]),
        lambda h: h["arrays"]["indices"]["partitions"][0].update(items=[0, 3]),
        lambda h: h["arrays"]["indices"]["partitions"][0].update(items=[1, 4]),
        lambda h: h["arrays"]["indices"]["partitions"][0].update(items=[0, 4, 5]),
        lambda h: h["arrays"]["indices"]["partitions"][0].update(rows=["0", "4"]),
        lambda h: h["arrays"]["indices"]["partitions"][0].pop("hash"),
        lambda h: h["arrays"]["indices"]["partitions"][0].update(offset=None),
        lambda h: h["arrays"]["indices"].update(shape=["4"]),
        lambda h: h["arrays"]["indices"].update(shape=[4.0]),
        lambda h: h["arrays"]["indices"].update(shape=[[4]]),
        lambda h: h["arrays"]["indices"].update(shape=[2**40, 2**40], bytes=0),
        lambda h: h["arrays"]["indices"].update(bytes=True),
        lambda h: h["arrays"]["indices"].update(dtype=">u4"),
        lambda h: h["arrays"]["indices"].update(dtype="(2,"),
        lambda h: h["arrays"]["ids.slots"].update(dtype="<f4"),
        lambda h: h["arrays"].update({"ids.more": h["arrays"]["ids.slots"]}),
        lambda h: h.update(n_nodes=float("inf")),
        lambda h: h.update(n_nodes=-1),
        lambda h: h.update(n_nodes="4"),
        lambda h: h.update(n_edges=None),
        lambda h: h.update(columns="abc"),
        lambda h: h.update(columns=[1, 2, 3]),
        lambda h: h.update(columns=["weight", "weight", "time"]),
        lambda h: h.update(ids=["string"]),
        lambda h: h.update(fingerprint=5),
        lambda h: h.update(report=[1, 2]),
        lambda h: h["report"].update(rows="4"),
        lambda h: h["report"].update(more=4),
    ],
)
@pytest.mark.parametrize("verify", [False, True])
def test_a_damaged_index_is_told(tmp_path, change, verify):
    path = small().save(tmp_path / "g")
    edit(path, change)
    with pytest.raises(DamagedGraphError, match=r"graph\.json is damaged|the ids lack|ids must be|of the ids"):
        Graph.open(path, verify=verify)


def test_index_that_is_not_json(tmp_path):
    path = small().save(tmp_path / "g")
    text = (path / "graph.json").read_bytes()
    for damaged in (text[:100], b"", b"\xff\xfe" + text, b"[" * 100_000):
        (path / "graph.json").write_bytes(damaged)
        with pytest.raises(DamagedGraphError, match="not JSON"):
            Graph.open(path)
    (path / "graph.json").unlink()
    with pytest.raises(DamagedGraphError, match=r"graph\.json is missing"):
        Graph.open(path)


def test_an_index_that_cannot_be_read(tmp_path):
    path = small().save(tmp_path / "g")
    (path / "graph.json").unlink()
    (path / "graph.json").mkdir()
    with pytest.raises(FolderError, match=r"graph\.json cannot be read: .*check who may read it"):
        Graph.open(path)


# -- arrays that were altered without a change of size -----------------------------------------------------------------

USE = """
import os, signal, sys
import swayrank as sr
from swayrank.errors import DamagedGraphError, SwayrankError

def use(path):
    g = sr.Graph.open(path)
    uses = [
        lambda: sr.pagerank(g), lambda: sr.pagerank(g, weight="weight"), lambda: sr.k_core(g),
        lambda: sr.in_strength(g), lambda: sr.in_degree(g).top(3), lambda: repr(g), lambda: list(g.ids),
        lambda: g.ids.positions(["user7", "nobody"], missing="sentinel"), lambda: g.ids.to_arrow().to_pylist(),
        lambda: sr.spread(g, n_samples=50, rng=1), lambda: sr.simulate(g, seeds=[g.ids[0]], n_runs=5, rng=1),
        lambda: g.relabelled().indices, lambda: g.largest_component(), lambda: g.in_column("weight"),
        lambda: g.with_report(g.report).indices,
    ]
    for one in uses:
        try:
            one()
        except DamagedGraphError:
            raise
        except SwayrankError:
            pass

use(sys.argv[1])  # so that all is compiled before the first fork
for path in sys.argv[1:]:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        status = 1
        try:
            use(path)
            status = 0
        except DamagedGraphError:
            status = 77
        finally:
            if status == 1:
                sys.excepthook(*sys.exc_info())
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def named_graph():
    rng = np.random.default_rng(8)
    names = np.array([f"user{i}" if i % 5 else f"пользователь{i}" for i in range(60)])
    u, v = rng.integers(0, 60, (2, 500))
    return Graph.from_edges(names[u], names[v], weight=rng.random(500))


def alter(path, name, place, value):
    """Overwrite one word of an array of a saved graph."""
    entry = json.loads((path / "graph.json").read_text())["arrays"][name]
    words = np.fromfile(path / entry["file"], entry["dtype"])
    words[place] = value
    words.tofile(path / entry["file"])


@pytest.mark.parametrize(
    ("name", "place", "value", "what"),
    [
        ("indptr", 5, 2**50, "indptr do not ascend"),
        ("in_indptr", 5, 2**50, "in_indptr do not ascend"),
        ("indices", slice(None), 2**32 - 2, "indices holds what is no node"),
        ("in_indices", 7, 60, "in_indices holds what is no node"),
        ("indices", slice(None, 8), 59, "indices holds .* rows that are not sorted"),
        ("ids.slots", slice(None), 2**32 - 2, "hash index of the ids"),
        ("ids.slots", slice(None), 3, "hash index of the ids"),
        ("ids.slots", slice(None), 2**32 - 1, "hash index of the ids"),
        ("ids.offsets", 5, 2**50, "the ids are no text"),
        ("ids.blob", slice(0, 3), 0xFF, "the ids are no text"),
    ],
)
def test_altered_arrays_are_told_before_they_are_used(tmp_path, name, place, value, what):
    path = named_graph().save(tmp_path / "g")
    alter(path, name, place, value)
    g = Graph.open(path)  # takes no look inside
    word = {"indptr": "out_degree", "in_indptr": "in_degree"}.get(name, "ids" if name.startswith("ids") else name)
    for _ in range(2):  # told again, however often
        with pytest.raises(DamagedGraphError, match=rf"is damaged: .*{what}.*verify=True.*anew"):
            getattr(g, word)
        with pytest.raises(DamagedGraphError, match=what):
            g.save(tmp_path / "copy")  # would give the damage hashes of its own
        with pytest.raises(DamagedGraphError, match=what):
            g.relabelled()
        with pytest.raises(DamagedGraphError, match=what):
            getattr(g.with_report(g.report), word)


@pytest.mark.parametrize("name", ["indptr", "in_indptr"])
@pytest.mark.parametrize("place", [0, -1])
def test_row_pointers_that_begin_or_end_elsewhere_are_told_on_opening(tmp_path, name, place):
    path = named_graph().save(tmp_path / "g")
    alter(path, name, place, 2**50)
    with pytest.raises(DamagedGraphError, match=rf"{name}-.*\.bin is damaged: array '{name}' was altered"):
        Graph.open(path)


def test_rows_that_hold_other_arcs_than_the_other_side_are_told(tmp_path):
    """A self-loop in the out-rows alone: each side looks well."""
    path = Graph.from_edges([0, 1, 2], [1, 2, 0]).save(tmp_path / "g")
    alter(path, "indices", 0, 0)
    g = Graph.open(path)
    assert g.indices.tolist() == [0, 2, 0]
    for _ in range(2):
        with pytest.raises(DamagedGraphError, match="hold different arcs"):
            g.in_indices


def test_a_look_is_taken_once_and_only_at_what_is_opened(tmp_path, monkeypatch):
    looks, look = [], graph_unread.check_rows
    monkeypatch.setattr(graph_unread, "check_rows", lambda *rows: looks.append(1) or look(*rows))
    built = named_graph()
    opened = Graph.open(built.save(tmp_path / "g"))
    assert not looks
    for _ in range(3):
        assert np.array_equal(opened.in_indices, built.in_indices)
    assert len(looks) == 1
    assert_same(opened, built)
    opened.relabelled()
    assert len(looks) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_altered_words_never_end_the_process(tmp_path):
    """Single words, anywhere, random or telling: an error of ours or right use, never a signal, never for ever."""
    rng = np.random.default_rng(1)
    graph = named_graph()
    paths = [graph.save(tmp_path / str(k)) for k in range(41)]
    entries = json.loads((paths[0] / "graph.json").read_text())["arrays"]
    files = [*(entry["file"] for entry in entries.values()), "graph.json"]
    for k, path in enumerate(paths[1:]):
        file = path / files[k % len(files)]
        whole = file.read_bytes()
        size = 4 if "indices" in file.name or "slots" in file.name else 8
        at = int(rng.integers(len(whole) // size)) * size
        values = [rng.bytes(size), b"\xff" * size, b"\0" * size, (2**30 + k).to_bytes(size, "little")]
        file.write_bytes(whole[:at] + values[k // len(files) % 4] + whole[at + size :])
    done = subprocess.run([sys.executable, "-c", USE, *paths], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = list(map(int, done.stdout.split()))
    assert outcomes[0] == 0
    assert len(outcomes) == 41
    assert set(outcomes) == {0, 77}, f"{list(zip(outcomes, paths, strict=True))}\n{done.stderr[-2000:]}"
    assert outcomes.count(77) > 20


def test_a_changed_description_is_found_by_verify(tmp_path):
    path = small().save(tmp_path / "g")
    edit(path, lambda h: h.update(directed=False))
    Graph.open(path)
    with pytest.raises(DamagedGraphError, match="describes another graph"):
        Graph.open(path, verify=True)


def test_a_newer_version_is_refused_by_name(tmp_path):
    path = small().save(tmp_path / "g")
    edit(path, lambda h: h.update(version=2))
    with pytest.raises(VersionError, match="format version 2, but this swayrank reads versions up to 1"):
        Graph.open(path)


# -- pickles -----------------------------------------------------------------------------------------------------------


def test_pickles_by_arrays_then_by_path(tmp_path):
    g = random_graph()
    by_arrays = pickle.dumps(g)
    assert len(by_arrays) > g.n_edges * 8
    assert_same(pickle.loads(by_arrays), g)
    g.save(tmp_path / "g")
    by_path = pickle.dumps(g)
    assert len(by_path) < 500
    back = pickle.loads(by_path)
    assert_same(back, g)
    assert back.path == g.path
    assert len(pickle.dumps(Graph.open(tmp_path / "g"))) < 500
    assert copy.copy(g) is g
    assert copy.deepcopy(g) is g


def test_a_pickle_never_gives_another_graph(tmp_path):
    g = random_graph()
    by_path = pickle.dumps(Graph.open(g.save(tmp_path / "g")))
    small().save(tmp_path / "g")
    with pytest.raises(FolderError, match="holds another graph by now"):
        pickle.loads(by_path)
    assert_same(pickle.loads(pickle.dumps(g)), g)  # by arrays, since the folder holds another


def test_unpickled_arrays_are_read_only():
    g = pickle.loads(pickle.dumps(small()))
    assert not any(getattr(g, name).flags.writeable for name in ARRAYS)
    assert not g.column("weight").flags.writeable


def test_an_opened_graph_in_another_process(tmp_path):
    g = random_graph()
    path = g.save(tmp_path / "g")
    code = f"from swayrank.graph import Graph; print(Graph.open({str(path)!r}, verify=True).fingerprint)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == g.fingerprint
