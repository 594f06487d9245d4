"""Graph formats: what is written is read back, by us and others; what others write is read; what is broken is told."""

from __future__ import annotations

import gzip
import io

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swayrank as sr
from swayrank.errors import InputError, ParameterError, SwayrankWarning
from swayrank.sources import formats
from swayrank.sources.recognise import recognise_kind
from tests.zoo import ZOO

NAMED = ("graphml", "gexf", "gml", "net")
NUMBERED = ("mtx", "metis")
HOSTILE = [
    'say "hi"',
    "<b>&amp;</b>",
    "back\\slash",
    "ü€😀",
    " spaced  name ",
    "]]>",
    "a,b;c",
    "*Arcs",
    "%",
    "''",
    "#",
    "007",
]


def zoo_graph(name, directed, weighted, names=True):
    n, arcs = ZOO[name]
    u, v = ([arc[end] for arc in arcs] for end in (0, 1))
    rng = np.random.default_rng(len(arcs))
    weight = rng.integers(1, 9, len(arcs)).astype(float) if weighted else None
    return sr.Graph.from_edges(
        np.array(u, int), np.array(v, int), n_nodes=n, weight=weight, self_loops="keep",
        ids=[f"a{i}" for i in range(n)] if names else list(range(1, n + 1)),
        direction="follows" if directed else "undirected",
    )  # fmt: skip


def same(a, b):
    assert list(map(str, a.ids)) == list(map(str, b.ids))
    assert a.directed == b.directed
    assert set(a.columns) == set(b.columns)
    assert all(np.array_equal(x, y) for x, y in zip(a.edges(), b.edges(), strict=True))
    for name in a.columns:
        assert np.array_equal(a.column(name), b.column(name), equal_nan=True), name


@pytest.mark.parametrize("suffix", [*NAMED, *NUMBERED, "gexf.gz", "mtx.gz"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("directed", [False, True])
def test_round_trip_over_the_zoo(tmp_path, suffix, weighted, directed):
    for name in ZOO:
        g = zoo_graph(name, directed, weighted, names=suffix in (*NAMED, "gexf.gz"))
        if suffix == "metis" and (directed or name == "self-loops"):
            with pytest.raises(ParameterError, match=r"undirected|self-loops"):
                sr.write_graph(g, tmp_path / "g.metis")
            continue
        path = sr.write_graph(g, tmp_path / f"g.{suffix}")
        back = sr.read_graph(path, self_loops="keep")
        if weighted and g.n_edges == 0 and suffix not in ("mtx", "mtx.gz", "metis"):
            assert back.n_edges == 0
            assert back.n_nodes == g.n_nodes
        else:
            same(g, back)


@pytest.mark.parametrize("suffix", NAMED)
@given(
    names=st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=2, max_size=6, unique=True),
    weights=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=6, max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_any_name_comes_back_or_is_refused(tmp_path_factory, suffix, names, weights):
    path = tmp_path_factory.mktemp("f") / f"g.{suffix}"
    g = sr.Graph.from_edges(names[:-1], names[1:], weight=weights[: len(names) - 1])
    try:
        sr.write_graph(g, path)
    except ParameterError:
        lacking = {*map(chr, range(32)), *"\x7f\x85\u2028\u2029\ufffe\uffff"}
        assert lacking & set("".join(names))
        assert suffix != "gml"
        assert not path.exists()
        return
    same(g, sr.read_graph(path))


@pytest.mark.parametrize("suffix", NAMED)
def test_hostile_names(tmp_path, suffix):
    g = sr.Graph.from_edges(HOSTILE, [*HOSTILE[1:], HOSTILE[0]])
    same(g, sr.read_graph(sr.write_graph(g, tmp_path / f"g.{suffix}")))


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "net"])
def test_characters_that_a_format_lacks_are_refused(tmp_path, suffix):
    g = sr.Graph.from_edges(["a\x01"], ["b"])
    with pytest.raises(ParameterError, match="cannot hold"):
        sr.write_graph(g, tmp_path / f"g.{suffix}")
    assert not list(tmp_path.iterdir())


ATTRIBUTES = {
    "score": [1.5, None, float("nan")],
    "count": [2**40, None, -3],
    "kind": ['<"&>', None, "ü"],
    "sure": [True, False, None],
}


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "gml"])
def test_networkx_reads_names_attributes_and_weights(tmp_path, suffix):
    g = sr.Graph.from_edges(["x y", "b"], ["b", "c"], weight=[0.5, 2], columns={"year": [2020, 2021]})
    path = sr.write_graph(g, tmp_path / f"g.{suffix}", nodes={**ATTRIBUTES, "degree": sr.in_degree(g)})
    read = getattr(nx, f"read_{suffix}")(path)
    assert list(read) == ["x y", "b", "c"]
    assert read.is_directed()
    assert read.edges["x y", "b"]["weight"] == 0.5
    assert read.edges["b", "c"]["year"] == 2021
    nodes = read.nodes
    assert [nodes[i].get("score") for i in read] == [1.5, None, None]
    assert [nodes[i].get("count") for i in read] == [2**40, None, -3]
    assert [nodes[i].get("kind") for i in read] == ['<"&>', None, "ü"]
    assert [nodes[i].get("sure") for i in read] == [True, False, None]
    assert [nodes[i]["degree"] for i in read] == [0, 1, 1]


@pytest.mark.parametrize("suffix", ["graphml", "gml", "net"])
def test_igraph_reads_ours(tmp_path, suffix):
    igraph = pytest.importorskip("igraph")
    hard = "b c" if suffix == "net" else 'b&"c"'  # igraph knows no quotes within Pajek's
    g = sr.Graph.from_edges(["a", hard], [hard, "d"], weight=[0.5, 2])
    read = igraph.Graph.Read(str(sr.write_graph(g, tmp_path / f"g.{suffix}")), format=suffix.replace("net", "pajek"))
    assert read.get_edgelist() == [(0, 1), (1, 2)]
    assert read.es["weight"] == [0.5, 2]
    assert read.vs["name" if suffix == "net" else "label"] == list(g.ids)


def test_scipy_reads_ours(tmp_path):
    from scipy import io as scipy_io

    g = sr.Graph.from_edges([0, 1, 0], [1, 2, 0], weight=[0.5, 2, 3], direction="undirected", self_loops="keep")
    matrix = scipy_io.mmread(sr.write_graph(g, tmp_path / "g.mtx")).toarray()
    assert matrix.tolist() == [[3, 0.5, 0], [0.5, 0, 2], [0, 2, 0]]


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "gml", "net"])
@pytest.mark.parametrize("directed", [False, True])
def test_ours_reads_networkx(tmp_path, suffix, directed):
    theirs = nx.karate_club_graph() if not directed else nx.gnm_random_graph(30, 90, seed=3, directed=True)
    path = tmp_path / f"g.{suffix}"
    getattr(nx, "write_pajek" if suffix == "net" else f"write_{suffix}")(theirs, path)
    g = sr.read_graph(path)
    want = sr.Graph.from_networkx(theirs, weight="weight")
    assert g.directed is directed
    assert [int(name) for name in g.ids] == list(theirs)
    assert [e.tolist() for e in g.edges()] == [e.tolist() for e in want.edges()]
    if not directed:
        assert g.column("weight").tolist() == want.column("weight").tolist()


@pytest.mark.parametrize("suffix", ["graphml", "gml", "net"])
def test_ours_reads_igraph(tmp_path, suffix):
    igraph = pytest.importorskip("igraph")
    theirs = igraph.Graph.Famous("Zachary")
    theirs.vs["name"] = theirs.vs["id"] = theirs.vs["label"] = [f"n {i}" for i in range(34)]
    path = tmp_path / f"g.{suffix}"
    if suffix == "gml":
        del theirs.vs["id"]
    theirs.write(str(path), format=suffix.replace("net", "pajek"))
    g = sr.read_graph(path)
    assert (g.n_nodes, g.n_edges, g.directed) == (34, 156, False)
    if suffix == "gml":
        assert g.ids[33] == "n 33"


def test_direction_weight_and_columns(tmp_path):
    g = sr.Graph.from_edges(["a", "b"], ["b", "c"], weight=[2, 3], columns={"year": [1, 2]})
    path = sr.write_graph(g, tmp_path / "g.graphml")
    assert sr.read_graph(path, direction="influences").in_degree.tolist() == [1, 1, 0]
    assert not sr.read_graph(path, direction="undirected").directed
    assert set(sr.read_graph(path, weight=False).columns) == {"year"}
    assert sr.read_graph(path, weight="year").column("weight").tolist() == [1, 2]
    assert set(sr.read_graph(path, columns={"y": "year"}).columns) == {"weight", "y"}
    with pytest.raises(ParameterError, match="'year'"):
        sr.read_graph(path, columns=["month"])
    with pytest.raises(ParameterError, match="source is for tables"):
        sr.read_graph(path, source="a")
    with pytest.raises(ParameterError, match="one file of a graph format alone"):
        sr.read_graph([path, path])
    assert recognise_kind(path) == "graph"
    assert "GraphML" in str(sr.read_graph(path).report)


def test_defaults_and_lacking_weights(tmp_path):
    path = tmp_path / "g.graphml"
    path.write_text(
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="w" for="edge" attr.name="weight" '
        'attr.type="double"><default>4</default></key><graph edgedefault="directed"><node id="a"/><node id="b"/>'
        '<edge source="a" target="b"/><edge source="b" target="a"><data key="w">2</data></edge></graph></graphml>'
    )
    assert sr.read_graph(path).column("weight").tolist() == [4, 2]
    path = tmp_path / "g.gml"
    path.write_text('graph [ node [ id 1 label "ü" ] node [ id 2 label "b" ] edge [ source 1 target 2 ] ]', "utf-8")
    assert list(sr.read_graph(path).ids) == ["ü", "b"]


PAJEK = """% a comment
*Network town
*Vertices 4
1 "ada" 0.1 0.2
2 bob ic Red
4 "say \\"hi\\""
*Arcs
1 2 2.5
*Edges
2 3
*Arcslist
4 1 2
"""


def test_pajek_as_others_write_it(tmp_path):
    path = tmp_path / "g.net"
    path.write_text(PAJEK)
    g = sr.read_graph(path)
    assert list(g.ids) == ["ada", "bob", "3", 'say "hi"']
    assert g.directed
    assert list(zip(*(end.tolist() for end in g.edges()), strict=True)) == [(0, 1), (1, 2), (2, 1), (3, 0), (3, 1)]
    assert g.column("weight").tolist() == [2.5, 1, 1, 1, 1]
    path.write_text("*vertices 3\n*matrix\n0 1 0\n0 0 2\n0 0 0\n")
    g = sr.read_graph(path)
    assert list(g.ids) == [1, 2, 3]
    assert g.column("weight").tolist() == [1, 2]


METIS = {
    "plain": ("% c\n3 2\n2\n1 3\n\n% c\n", "each edge must stand"),
    "weights": ("3 2 001\n2 5\n1 5 3 7\n2 7\n", [5, 5, 7, 7]),
    "vertex weights": ("3 2 011 2\n9 9 2 5\n9 9 1 5 3 7\n9 9 2 7\n", [5, 5, 7, 7]),
    "isolated": ("3 1\n\n3\n2\n", []),
    "too few": ("3 1\n2\n1\n", "states 3 nodes and has 2"),
    "too many": ("2 1\n2\n1\n1\n", "more than the 2 lines"),
    "beyond": ("2 1\n3\n1\n", r"neighbours must be in \[1, 2\]"),
    "edges": ("2 2\n2\n1\n", "states 2 edges and has 1"),
    "words": ("2 1\nx\n1\n", "whole numbers"),
    "fmt": ("2 1 7\n2\n1\n", "fmt must be"),
    "unlike weights": ("2 1 1\n2 5\n1 6\n", "with one weight"),
}


@pytest.mark.parametrize(("text", "found"), METIS.values(), ids=METIS)
def test_metis(tmp_path, text, found):
    path = tmp_path / "g.graph"
    path.write_text(text)
    if isinstance(found, str):
        with pytest.raises(InputError, match=found):
            sr.read_graph(path)
        return
    g = sr.read_graph(path)
    assert list(g.ids) == [1, 2, 3]
    assert (g.column("weight").tolist() if found else []) == found


def test_metis_vertex_weights_are_written(tmp_path):
    g = sr.Graph.from_edges([0, 1], [1, 2], weight=[3, 4], direction="undirected")
    path = sr.write_graph(g, tmp_path / "g.metis", nodes={"size": [5, 6, 7]})
    assert path.read_text() == "3 2 011\n5 2 3\n6 1 3 3 4\n7 2 4\n"
    same(sr.Graph.from_edges([0, 1], [1, 2], ids=[1, 2, 3], weight=[3, 4], direction="undirected"), sr.read_graph(path))
    with pytest.raises(ParameterError, match="whole"):
        sr.write_graph(g, tmp_path / "g.metis", nodes={"size": [0.5, 1, 1]})


BROKEN = {
    "cut graphml": ("g.graphml", "<graphml><graph>", "line 1"),
    "no graphml": ("g.graphml", "<html></html>", "GraphML"),
    "stranger": ("g.graphml", "source,target\n1,2\n", "line 1"),
    "cut gexf": ("g.gexf", '<gexf xmlns="http://www.gexf.net/1.2draft">\n<graph>', "line 2"),
    "no gexf": ("g.gexf", "<gexf/>", "GEXF"),
    "gml": ("g.gml", "graph [\nnode [\nid ?\n]\n]", "line 3"),
    "empty gml": ("g.gml", "", "GML"),
    "lost end": ("g.gml", 'graph [ node [ id 1 label "a" ] edge [ source 1 target 2 ] ]', "GML"),
    "pajek": ("g.net", "*Vertices 2\n*Arcs\n1 3\n", r"line 3.*\[1, 2\]"),
    "pajek weight": ("g.net", "*Vertices 2\n*Arcs\n1 2 nan\n", "line 3.*finite"),
    "pajek size": ("g.net", "*Vertices 4000000000\n", "far more"),
    "matrix": ("g.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 x 1\n", "line 3"),
    "wide": ("g.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 1\n1 3 1\n", "square"),
    "huge": ("g.mtx", "%%MatrixMarket matrix coordinate real general\n3000000000 3000000000 1\n1 3 1\n", "far more"),
    "bomb": (
        "g.graphml",
        '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aa">]>\n<graphml>&a;</graphml>',
        "line 2.*DOCTYPE",
    ),
    "external": ("g.gexf", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><gexf/>', "DOCTYPE"),
    "gzip": ("g.gml.gz", "graph [", "damaged"),
}


@pytest.mark.parametrize(("name", "text", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_files_are_told(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        sr.read_graph(path)
    assert str(path) in str(error.value)


def test_doctype_in_another_encoding(tmp_path):
    path = tmp_path / "g.graphml"
    path.write_bytes('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x []><graphml/>'.encode("utf-16"))
    with pytest.raises(InputError, match="DOCTYPE"):
        sr.read_graph(path)


def test_a_large_file_is_warned_of(tmp_path, monkeypatch):
    path = sr.write_graph(sr.Graph.from_edges(["a"], ["b"]), tmp_path / "g.gml")
    monkeypatch.setattr(formats, "_LARGE", 10)
    with pytest.warns(SwayrankWarning, match="of GML need about .* of memory"):
        sr.read_graph(path)
    monkeypatch.setattr(formats, "_LARGE", 10**9)
    monkeypatch.setattr(formats, "_available", lambda: 1)
    with pytest.warns(SwayrankWarning, match="available"):
        sr.read_graph(path)


def test_nodes_as_a_table_and_what_is_refused(tmp_path):
    g = sr.Graph.from_edges(["=1+1", "b"], ["b", "c"])
    table = pa.table({"account": ["b", "'=1+1", "stranger"], "score": [1.0, 2.0, 3.0]})
    path = sr.write_graph(g, tmp_path / "g.gexf", nodes=table)
    assert [data.get("score") for _, data in nx.read_gexf(path).nodes(data=True)] == [2.0, 1.0, None]
    for nodes, message in (
        ({"a": [1]}, "one value for each"),
        ({"a": [[1], [2], [3]]}, "numbers, truth values or text"),
        ({3: [1, 2, 3]}, "by a string"),
        (7, "mapping or a data frame"),
        (pa.table({"account": ["b", "b"], "x": [1, 2]}), "one row per account"),
        (pa.table({"account": ["z"], "x": [1]}), "names none"),
        (pa.table({"x": [1]}), "must have a column"),
    ):
        with pytest.raises(ParameterError, match=message):
            sr.write_graph(g, tmp_path / "g.gexf", nodes=nodes)
    for name, message in (("g.xyz", "must end in"), ("g.net", "no attributes"), ("g.mtx", "no attributes")):
        with pytest.raises(ParameterError, match=message):
            sr.write_graph(g, tmp_path / name, nodes={"a": [1, 2, 3]})
    with pytest.raises(ParameterError, match="letters, digits"):
        sr.write_graph(g, tmp_path / "g.gml", nodes={"a b": [1, 2, 3]})
    with pytest.raises(ParameterError, match="no column of arcs but weight"):
        sr.write_graph(sr.Graph.from_edges([0], [1], columns={"x": [1]}), tmp_path / "g.net")


def test_writing_in_blocks_changes_nothing(tmp_path, monkeypatch):
    from swayrank.graph import format_writers

    g = sr.generate("rmat", n=128, edge_factor=4, rng=1)
    whole = {s: sr.write_graph(g, tmp_path / f"g.{s}", nodes=None).read_bytes() for s in (*NAMED, "mtx")}
    monkeypatch.setattr(format_writers, "_LINES", 7)
    for suffix, content in whole.items():
        assert sr.write_graph(g, tmp_path / f"h.{suffix}").read_bytes() == content
    packed = sr.write_graph(g, tmp_path / "g.net.gz").read_bytes()
    assert gzip.GzipFile(fileobj=io.BytesIO(packed)).read() == whole["net"]


def test_command_line(tmp_path):
    from typer.testing import CliRunner

    from swayrank.cli import app

    def call(*words, code=0):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == code, done.output
        return done.output

    follows, scores = tmp_path / "follows.csv", tmp_path / "scores.csv"
    follows.write_text("follower,followed\n007,ada\nbob,ada\nada,bob\n")
    call("measure", "pagerank", follows, "-o", scores)
    call("convert", follows, tmp_path / "g.gexf", "--nodes", scores)
    read = nx.read_gexf(tmp_path / "g.gexf")
    assert read.nodes["ada"]["pagerank"] > read.nodes["007"]["pagerank"] > 0
    call("convert", tmp_path / "g.gexf", tmp_path / "back.csv")
    assert "007" in (tmp_path / "back.csv").read_text()
    assert "ada" in call("measure", "in_degree", tmp_path / "g.gexf")
    assert "GEXF" in call("check", tmp_path / "g.gexf")
    assert "--nodes is for" in call("convert", follows, tmp_path / "out.csv", "--nodes", scores, code=2)
    (tmp_path / "bad.gml").write_text("graph [")
    assert "error: " in call("convert", tmp_path / "bad.gml", tmp_path / "x.csv", code=1)
