"""Graph against the naive oracle: directions, loops, duplicates, columns, ids, orders, parts, and wrong input."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swayrank.engines import resolve_engine
from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.graph import build as graph_build
from swayrank.graph.parts import GraphReport
from swayrank.ids import Ids
from swayrank.kernels import jit
from tests.oracles import naive_graph as naive
from tests.zoo import ZOO

DIRECTIONS = ["follows", "influences", "undirected"]
LOOPS = ["drop", "keep"]


def ends(rows, dtype=np.int64):
    array = np.array(rows, dtype).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def rows_of(indptr, indices):
    return [indices[a:b].tolist() for a, b in zip(indptr.tolist()[:-1], indptr.tolist()[1:], strict=True)]


def check_structure(g, n_nodes, rows, direction="follows", self_loops="drop"):
    expected = naive.arcs(rows, direction, self_loops)
    assert g.n_nodes == n_nodes
    assert g.n_edges == len(expected)
    assert g.directed == (direction != "undirected")
    assert rows_of(g.indptr, g.indices) == naive.neighbours(n_nodes, expected, 0)
    assert rows_of(g.in_indptr, g.in_indices) == naive.neighbours(n_nodes, expected, 1)
    u, v = g.edges()
    assert list(zip(u.tolist(), v.tolist(), strict=True)) == sorted(expected)
    assert g.out_degree.tolist() == [len(r) for r in naive.neighbours(n_nodes, expected, 0)]
    assert g.in_degree.tolist() == [len(r) for r in naive.neighbours(n_nodes, expected, 1)]
    assert g.in_indices.tolist() == u[g.in_arcs].tolist()
    kept, loops, duplicates = naive.report(rows, direction, self_loops)
    assert g.report == GraphReport(len(rows), kept, loops, duplicates)
    for array in (g.indptr, g.indices, g.in_indptr, g.in_indices, g.out_degree, g.in_degree, g.in_arcs, u, v):
        assert type(array) is np.ndarray
        assert not array.flags.writeable
        assert array.flags.c_contiguous
        assert array.flags.aligned
    assert [a.dtype for a in (g.indptr, g.indices, g.in_indptr, g.in_indices)] == [np.uint64, np.uint32] * 2


@pytest.mark.parametrize("self_loops", LOOPS)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ZOO)
def test_zoo(name, direction, self_loops):
    n_nodes, rows = ZOO[name]
    g = Graph.from_edges(*ends(rows), n_nodes=n_nodes, direction=direction, self_loops=self_loops)
    check_structure(g, n_nodes, rows, direction, self_loops)


@st.composite
def multigraphs(draw):
    n_nodes = draw(st.integers(1, 9))
    node = st.integers(0, n_nodes - 1)
    return n_nodes, draw(st.lists(st.tuples(node, node), max_size=40))


@settings(max_examples=150, deadline=None)
@given(multigraphs(), st.sampled_from(DIRECTIONS), st.sampled_from(LOOPS), st.sampled_from([np.uint32, np.int64]))
def test_random_multigraphs(drawn, direction, self_loops, dtype):
    n_nodes, rows = drawn
    g = Graph.from_edges(*ends(rows, dtype), n_nodes=n_nodes, direction=direction, self_loops=self_loops)
    check_structure(g, n_nodes, rows, direction, self_loops)


def columns_for(rows, rng):
    return {
        "weight": np.array([rng.choice([0.1, 0.7, 1e16, -1e16, 3.0]) for _ in rows], np.float64),
        "probability": np.array([rng.choice([0.0, 1e-12, 0.1, 0.5, 1.0]) for _ in rows], np.float32),
        "time": np.array([rng.randrange(-(2**62), 2**62) for _ in rows], np.int64),
        "label": np.arange(len(rows), dtype=np.uint16),
    }


@settings(max_examples=80, deadline=None)
@given(multigraphs(), st.sampled_from(DIRECTIONS), st.sampled_from(LOOPS), st.integers(0, 1000))
def test_columns_combine_by_name(drawn, direction, self_loops, number):
    n_nodes, rows = drawn
    columns = columns_for(rows, random.Random(number))
    g = Graph.from_edges(*ends(rows), n_nodes=n_nodes, direction=direction, self_loops=self_loops, columns=columns)
    expected = naive.arcs(rows, direction, self_loops)
    for name, values in columns.items():
        exact = [naive.combined(name, [values[r].item() for r in expected[arc]]) for arc in sorted(expected)]
        got = g.column(name)
        if name == "weight":
            scale = [sum(abs(values[r]) for r in expected[arc]) for arc in sorted(expected)]
            assert all(abs(x - float(y)) <= 1e-14 * s for x, y, s in zip(got, exact, scale, strict=True))
        elif name == "probability":
            assert np.allclose(got, [float(y) for y in exact], rtol=1e-14, atol=0)
            assert np.all(got <= 1)
        else:
            assert got.tolist() == exact
        by_arc = dict(zip(sorted(expected), got.tolist(), strict=True))
        into = [(u, v) for v, row in enumerate(rows_of(g.in_indptr, g.in_indices)) for u in row]
        assert g.in_column(name).tolist() == [by_arc[arc] for arc in into]
    assert {name: g.column(name).dtype for name in g.columns} == {
        "weight": np.float64, "probability": np.float64, "time": np.int64, "label": np.uint16,
    }  # fmt: skip


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks and buckets so small that a few thousand rows make dozens of them."""
    monkeypatch.setattr(graph_build, "_CHUNK", 1 << 8)
    monkeypatch.setattr(graph_build, "_BUCKET", 1 << 6)


def large_rows(n_rows=8000, n_nodes=300):
    """Skewed, with loops and duplicates."""
    rng = np.random.default_rng(5)
    u, v = (np.minimum(rng.zipf(1.4, n_rows) - 1, rng.integers(0, n_nodes, n_rows)) for _ in range(2))
    return u, v, rng.random(n_rows)


def same_bits(g, h):
    for a, b in (
        (g.indptr, h.indptr),
        (g.indices, h.indices),
        (g.in_indptr, h.in_indptr),
        (g.in_indices, h.in_indices),
    ):
        assert np.array_equal(a, b)
    assert g.columns == h.columns
    for name in g.columns:
        assert g.column(name).tobytes() == h.column(name).tobytes()
    assert g.fingerprint == h.fingerprint


@pytest.mark.usefixtures("small_chunks")
def test_many_chunks_against_sets():
    u, v, w = large_rows()
    g = Graph.from_edges(u, v, n_nodes=300, weight=w)
    keys, inverse = np.unique((u * 300 + v)[u != v], return_inverse=True)
    a, b = g.edges()
    assert np.array_equal(a.astype(np.int64) * 300 + b, keys)
    assert np.allclose(g.column("weight"), np.bincount(inverse, w[u != v]), rtol=1e-13)
    back = np.lexsort((a, b))
    assert np.array_equal(g.in_indices, a[back])
    assert np.array_equal(g.in_arcs, back)
    assert np.array_equal(np.diff(g.in_indptr), np.bincount(b, minlength=300))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_order_of_rows_changes_no_bit(direction):
    u, v, w = large_rows(8000, 100)
    columns = {"weight": w, "probability": w, "time": (w * 1e15).astype(np.int64)}
    shuffle = np.random.default_rng(1).permutation(u.size)
    g = Graph.from_edges(u, v, n_nodes=100, columns=columns, direction=direction)
    h = Graph.from_edges(
        u[shuffle], v[shuffle], n_nodes=100, direction=direction,
        columns={name: column[shuffle] for name, column in columns.items()},
    )  # fmt: skip
    assert g.report.duplicates > 1000
    same_bits(g, h)


@pytest.mark.usefixtures("small_chunks")
def test_same_bits_on_every_engine(any_engine):
    u, v, w = large_rows()
    columns = {"weight": w, "time": (w * 1e15).astype(np.int64), "label": w}
    plain = Graph.from_edges(u, v, n_nodes=300, columns=columns, direction="undirected", threads=1)
    same_bits(plain, Graph.from_edges(u, v, n_nodes=300, columns=columns, direction="undirected", **any_engine))


@pytest.mark.usefixtures("small_chunks")
def test_same_bits_in_another_process(other_process):
    u, v, w = large_rows(8000, 100)
    same_bits(
        Graph.from_edges(u, v, n_nodes=100, weight=w),
        Graph.from_edges(u, v, n_nodes=100, weight=w, engine=other_process),
    )


def test_long_runs_of_one_arc():
    values = np.random.default_rng(3).random(5000) - 0.5
    once = Graph.from_edges([0] * 5000, [1] * 5000, weight=values)
    again = Graph.from_edges([0] * 5000, [1] * 5000, weight=values[::-1])
    assert once.column("weight").tobytes() == again.column("weight").tobytes()
    total = 0.0
    for x in sorted(values):
        total += x
    assert once.column("weight")[0] == total


@pytest.mark.usefixtures("small_chunks")
def test_one_signature_per_kernel():
    u, v, w = large_rows(8000, 50)
    for columns in (None, {"weight": w, "probability": w, "time": w, "label": w}):
        for direction in DIRECTIONS:
            g = Graph.from_edges(u, v.astype(np.uint32), n_nodes=50, columns=columns, direction=direction)
            g.in_arcs, g.relabelled().in_indices
    if jit.JIT_ENABLED:
        counts = {
            name: len(k.signatures) for name, k in jit.KERNELS.items() if name.startswith("swayrank.kernels.csr.")
        }
        assert counts
        assert {name: n for name, n in counts.items() if n > 1} == {}


def test_payload_of_two_words(monkeypatch):
    """As from 2**32 arcs on."""
    u, v, w = large_rows(2000, 30)
    g = Graph.from_edges(u, v, n_nodes=30, columns={"weight": w, "label": w})
    monkeypatch.setattr(graph_build, "_payload_words", lambda n_arcs: 2)
    h = Graph.from_edges(u, v, n_nodes=30, columns={"weight": w, "label": w})
    same_bits(g, h)
    assert h.in_arcs.dtype == np.uint64
    assert np.array_equal(g.in_arcs, h.in_arcs)


# -- ids ---------------------------------------------------------------------------------------------------------------


def text(rows):
    return [str(u) for u, _ in rows], [str(v) for _, v in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=30))
def test_accounts_by_first_appearance(rows):
    for given_rows, columns in ((rows, ends(rows)), ([(str(u), str(v)) for u, v in rows], text(rows))):
        g = Graph.from_edges(*columns, self_loops="keep")
        order = naive.accounts(given_rows)
        assert list(g.ids) == order
        arcs = naive.arcs([(order.index(u), order.index(v)) for u, v in given_rows], "follows", "keep")
        assert list(zip(*[e.tolist() for e in g.edges()], strict=True)) == sorted(arcs)


@pytest.mark.parametrize(
    "wrap", [list, np.array, pa.array, pd.Series, pl.Series, lambda x: pa.chunked_array([x[:1], x[1:]])]
)
@pytest.mark.parametrize("kind", ["int", "str"])
def test_any_column_type(wrap, kind):
    u, v = [7, 30, 7], [30, 2**60, 2**60]
    if kind == "str":
        u, v = [str(x) for x in u], [str(x) for x in v]
    g = Graph.from_edges(wrap(u), wrap(v), weight=wrap([1, 2, 3]) if kind == "int" else None)
    assert list(g.ids) == [u[0], v[0], v[1]]
    assert [x.tolist() for x in g.edges()] == [[0, 0, 1], [1, 2, 2]]
    assert kind == "str" or g.column("weight").tolist() == [1, 3, 2]


def test_strings_are_looked_up_in_given_ids():
    g = Graph.from_edges(["cem", "ada"], ["ada", "bob"], ids=["ada", "bob", "cem", "dan"])
    assert [x.tolist() for x in g.edges()] == [[0, 2], [1, 0]]
    assert list(g.ids) == ["ada", "bob", "cem", "dan"]
    with pytest.raises(UnknownAccountError, match="eve"):
        Graph.from_edges(["eve"], ["ada"], ids=["ada", "bob"])


def test_integers_are_positions_with_ids():
    g = Graph.from_edges([0, 2], [1, 0], ids=[30, 20, 10])
    assert [x.tolist() for x in g.edges()] == [[0, 2], [1, 0]]
    assert g.position(10) == 2
    assert Graph.from_edges([0], [1], n_nodes=2, ids=Ids.of_range(2)).ids == Ids.of_range(2)


def test_times_become_microseconds():
    when = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
    expected = [int(when.timestamp() * 1e6)]
    for column in (
        np.array(["2020-01-01T12"], "datetime64[s]"),
        pd.Series([when]),
        pd.Series([when]).dt.tz_convert("Europe/Berlin"),
        pl.Series([when]),
        pa.array([when], pa.timestamp("ms", "UTC")),
    ):
        assert Graph.from_edges([0], [1], columns={"time": column}).column("time").tolist() == expected


# -- orders and parts --------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(multigraphs(), st.sampled_from(["degree", "in_degree", "out_degree"]))
def test_relabelled(drawn, by):
    n_nodes, rows = drawn
    g = Graph.from_edges(*ends(rows), n_nodes=n_nodes, columns={"label": range(len(rows))})
    r = g.relabelled(by)
    degree = {"degree": g.in_degree + g.out_degree, "in_degree": g.in_degree, "out_degree": g.out_degree}[by]
    assert r.order.tolist() == sorted(range(n_nodes), key=lambda i: (-int(degree[i]), i))
    assert r.rank[r.order].tolist() == list(range(n_nodes))
    u, v = g.edges()
    renamed = {(int(r.rank[a]), int(r.rank[b])): x for a, b, x in zip(u, v, g.column("label").tolist(), strict=True)}
    assert rows_of(r.indptr, r.indices) == naive.neighbours(n_nodes, renamed, 0)
    assert rows_of(r.in_indptr, r.in_indices) == naive.neighbours(n_nodes, renamed, 1)
    assert r.column("label").tolist() == [renamed[arc] for arc in sorted(renamed)]
    assert r.in_column("label").tolist() == [renamed[arc] for arc in sorted(renamed, key=lambda arc: arc[::-1])]
    assert r.to_public(r.to_private(degree)).tolist() == degree.tolist()
    assert g.relabelled(by) is r


@settings(max_examples=60, deadline=None)
@given(multigraphs(), st.sampled_from(DIRECTIONS))
def test_largest_component(drawn, direction):
    n_nodes, rows = drawn
    g = Graph.from_edges(*ends(rows), n_nodes=n_nodes, direction=direction)
    arcs = naive.arcs(rows, direction)
    assert list(g.largest_component().ids) == naive.weak_component(n_nodes, arcs)
    assert list(g.largest_component("strong").ids) == naive.strong_component(n_nodes, arcs)


@settings(max_examples=60, deadline=None)
@given(multigraphs(), st.sets(st.integers(0, 8)), st.sampled_from(DIRECTIONS))
def test_subgraph(drawn, wanted, direction):
    n_nodes, rows = drawn
    wanted = {i for i in wanted if i < n_nodes}
    names = [f"n{i}" for i in range(n_nodes)]
    g = Graph.from_edges(*ends(rows), ids=names, weight=range(len(rows)), direction=direction, self_loops="keep")
    h = g.subgraph({f"n{i}" for i in wanted})
    order = sorted(wanted)
    among = [(u, v) for u, v in naive.arcs(rows, direction, "keep") if u in wanted and v in wanted]
    assert list(h.ids) == [f"n{i}" for i in order]
    assert h.directed == g.directed
    arcs = {(order.index(u), order.index(v)) for u, v in among}
    assert rows_of(h.indptr, h.indices) == naive.neighbours(len(order), arcs, 0)
    assert rows_of(h.in_indptr, h.in_indices) == naive.neighbours(len(order), arcs, 1)
    old = dict(zip(zip(*[e.tolist() for e in g.edges()], strict=True), g.column("weight").tolist(), strict=True))
    assert h.column("weight").tolist() == [old[order[u], order[v]] for u, v in sorted(arcs)]


def test_subgraph_needs_known_accounts():
    with pytest.raises(UnknownAccountError, match="no account has the id 'zoe'"):
        Graph.from_edges(["ada"], ["bob"]).subgraph(["ada", "zoe"])


def test_min_weight_keeps_nodes():
    g = Graph.from_edges([0, 0, 1, 2], [1, 2, 2, 0], weight=[1, 2, 3, 2.5], columns={"label": [1, 2, 3, 4]})
    h = g.min_weight(2)
    assert h.n_nodes == 3
    assert h.column("weight").tolist() == [2, 3, 2.5]
    assert h.in_column("label").tolist() == [4, 2, 3]
    assert g.min_weight(3, column="label").n_edges == 2
    with pytest.raises(ParameterError, match="threshold must be a number, got nan"):
        g.min_weight(float("nan"))
    with pytest.raises(ParameterError, match="no column 'w': its columns are 'weight', 'label'"):
        g.min_weight(1, column="w")


@pytest.mark.usefixtures("small_chunks")
def test_progress_reaches_its_total():
    told = []
    u, v, _ = large_rows()
    Graph.from_edges(u, v, n_nodes=300, progress=lambda *news: told.append(news))
    assert told[-1][0] == "building the graph"
    assert 0 < told[-1][1] <= told[-1][2]


def test_a_graph_does_not_change():
    g = Graph.from_edges([0], [1])
    with pytest.raises(AttributeError, match="does not change"):
        g.n_nodes = 5
    with pytest.raises(ValueError, match="read-only"):
        g.indices[0] = 0


def test_input_arrays_are_not_kept_or_changed():
    u, v, w = np.array([1, 0]), np.array([0, 1]), np.array([2.0, 1.0])
    g = Graph.from_edges(u, v, n_nodes=2, weight=w)
    w[:] = 9
    u[:] = 0
    assert g.column("weight").tolist() == [1, 2]
    assert u.flags.writeable


@pytest.mark.usefixtures("small_chunks")
def test_transpose():
    engine = resolve_engine()
    u, v, _ = large_rows(8000, 200)
    g = Graph.from_edges(u, v, n_nodes=200)
    into = graph_build.transpose(g.indptr, g.indices, engine)
    assert np.array_equal(into[1], g.in_indices)
    assert np.array_equal(graph_build.transpose(*into, engine)[1], g.indices)


# -- wrong input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"u": [-1], "v": [0]}, r"u\[0\] is -1: ids must not be negative"),
        ({"u": [0, 1], "v": [1, -7], "n_nodes": 3}, r"v\[1\] is -7: node positions must be in \[0, n_nodes\)"),
        ({"u": [0], "v": [3], "n_nodes": 3}, r"v\[0\] is 3: node positions .* n_nodes = 3"),
        ({"u": [0], "v": [3], "n_nodes": 3, "direction": "influences"}, r"v\[0\] is 3"),
        ({"u": [0], "v": [1], "n_nodes": 2**32 - 1}, r"n_nodes must be an integer in \[0, 4294967294\]"),
        ({"u": [0], "v": [1], "n_nodes": -1}, "n_nodes must be an integer"),
        ({"u": [0, 1], "v": [1]}, "u and v must be of one length, got 2 and 1"),
        ({"u": np.array([0.0]), "v": [1]}, "u must hold integers or strings, got float64"),
        ({"u": [0], "v": [1.0]}, "v must hold integers or strings, got 1.0"),
        ({"u": pd.Series([0, None]), "v": [1, 2]}, "u must hold integers or strings, got float64"),
        ({"u": pl.Series([1.5]), "v": [1]}, "u must hold integers or strings, got float64"),
        ({"u": pa.array([1.5]), "v": [1]}, "u must hold integers or strings, got double"),
        ({"u": np.array([1.5], object), "v": [1]}, "u must hold integers or strings, got 1.5"),
        ({"u": ["ada", None], "v": ["bob", "bob"]}, r"u\[1\] is missing"),
        ({"u": pl.Series([1, None]), "v": [1, 2]}, r"u\[1\] is missing"),
        ({"u": [True], "v": [1]}, "u: ids must be integers or strings"),
        ({"u": [(1, 2)], "v": [1]}, "u: ids must be integers or strings"),
        ({"u": np.zeros((2, 2), int), "v": [1]}, "u must have one dimension"),
        ({"u": "ada", "v": "bob"}, "u: a column of ids must be a sequence"),
        ({"u": ["0"], "v": ["1"], "n_nodes": 2}, "u must hold node positions if n_nodes is given, got strings"),
        ({"u": [0], "v": [1], "n_nodes": 2, "ids": ["a"]}, "ids must name n_nodes = 2 nodes, got 1 ids"),
        ({"u": [0], "v": [1], "ids": ["a", "a"]}, "ids must be distinct"),
        ({"u": [0], "v": [1], "weight": [1, 2]}, "column 'weight' has 2 values for 1 rows"),
        ({"u": [0], "v": [1], "weight": [float("nan")]}, "weight must be a finite number, got nan at row 0"),
        ({"u": [0], "v": [1], "weight": [float("inf")]}, "weight must be a finite number, got inf at row 0"),
        ({"u": [0], "v": [1], "weight": ["x"]}, "column 'weight' must hold numbers, got 'x'"),
        ({"u": [0], "v": [1], "weight": [None]}, "column 'weight' must hold numbers, got None"),
        ({"u": [0], "v": [1], "weight": 1.0}, "column 'weight' must be a sequence of numbers, got 1.0"),
        ({"u": [0], "v": [1], "weight": [1], "columns": {"weight": [1]}}, "weight is given twice"),
        ({"u": [0], "v": [1], "columns": {"source": [1]}}, "a column needs a name other than"),
        ({"u": [0, 1], "v": [1, 0], "columns": {"probability": [0.5, 1.1]}}, r"in \[0, 1\], got 1.1 at row 1"),
        ({"u": [0], "v": [1], "columns": {"probability": [float("nan")]}}, "probability must be a finite number"),
        ({"u": [0], "v": [1], "columns": {"time": np.array(["NaT"], "M8[s]")}}, "must be a time, got NaT at row 0"),
        ({"u": [0], "v": [1], "columns": {"x": [[1]]}}, "column 'x' must have one dimension"),
        ({"u": [0], "v": [1], "direction": "both"}, "direction must be one of 'follows', 'influences', 'undirected'"),
        ({"u": [0], "v": [1], "self_loops": True}, "self_loops must be one of 'drop', 'keep', got True"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(options, message):
    with pytest.raises(ParameterError, match=message):
        Graph.from_edges(**options)


def test_positions_out_of_range_are_found_in_any_chunk():
    u = np.zeros(600_000, np.uint32)
    u[550_000] = 2**32 - 1
    with pytest.raises(ParameterError, match=r"u\[550000\] is 4294967295"):
        Graph.from_edges(u, np.ones(600_000, np.int64), n_nodes=10)


def test_empty():
    g = Graph.from_edges([], [])
    assert (g.n_nodes, g.n_edges, len(g.ids)) == (0, 0, 0)
    assert g.largest_component().n_nodes == 0
    assert g.relabelled().in_indices.size == 0
    assert Graph.from_edges([], [], weight=[], n_nodes=3).column("weight").dtype == np.float64
