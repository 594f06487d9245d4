"""read_graph against a slow reader on messy files, and on the dialects in which edge lists are really written."""

from __future__ import annotations

import bz2
import gzip
import io
import math
import os
import re
from collections import defaultdict

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from swayrank.errors import InputError, ParameterError, TooManyRejectsError
from swayrank.graph import Graph
from swayrank.sources import edge_text
from swayrank.sources.check import check_files
from swayrank.sources.edges import read_graph
from swayrank.sources.rejects import Rejects
from tests.oracles import naive_text


@pytest.fixture
def write(tmp_path):
    def write(text, name="edges.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def arcs(graph, column=None):
    """The arcs by their ids, with the value of a column."""
    u, v = graph.edges()
    values = [None] * len(u) if column is None else graph.column(column).tolist()
    return {(graph.ids[int(a)], graph.ids[int(b)]): value for a, b, value in zip(u, v, values, strict=True)}


def counted(graph):
    """Counts of the one file; checks that every line is accounted for."""
    (one,) = graph.report.files
    assert one.lines == one.rows + one.rejected + one.comments + one.blanks + one.headers
    return one


# -- against the slow reader -------------------------------------------------------------------------------------------

INTEGERS = st.one_of(st.integers(0, 12), st.integers(-5, 10**19)).map(str)
NAMES = st.sampled_from(
    ["ada", "007", "7", "-0", "+7", "7.0", "ä", "a b", "x#y", "%", "9223372036854775808", "日本", "é" * 9]
)
WEIGHTS = st.one_of(
    st.floats().map(repr),
    st.integers(-9, 10**17).map(str),
    st.sampled_from(
        [
            "",
            "NaN",
            "inf",
            "1e5",
            "1E-3",
            ".5",
            "5.",
            "1_0",
            "x",
            "0x1",
            "1e400",
            "1e",
            "--1",
            "0.1234567890123456789",
            "１",
        ]
    ),
)
JUNK = st.sampled_from(
    [
        "",
        "   ",
        "\t",
        "# note",
        "  % note",
        "// note",
        "#",
        '"',
        '"a',
        'a"b',
        '"a" b',
        '"a"b',
        '""',
        "a",
        ",",
        ",,",
        ";",
        "\\",
        "'",
    ]
)


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


@st.composite
def messy_lines(draw, delimiter, cells):
    """One line: usually whole, sometimes quoted, padded, cut short, continued, or junk."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JUNK)
    row = [draw(cells), draw(cells), draw(WEIGHTS), draw(st.sampled_from(["x", '"open', 'say ""', ""]))]
    row = row[: draw(st.sampled_from([4, 4, 3, 3, 3, 2, 1]))]
    styles = st.sampled_from([str, str, str, quoted, lambda c: f" {c} ", lambda c: quoted(c + '"' + c), lambda c: ""])
    row = [draw(styles)(cell) for cell in row]
    joint = delimiter or draw(st.sampled_from([" ", "\t", "  \t"]))
    return joint.join(row) + draw(st.sampled_from(["", "", "\r", " ", "\t"]))


@st.composite
def messy_files(draw):
    delimiter = draw(st.sampled_from([",", "\t", ";", "|", ""]))
    cells = draw(st.sampled_from([INTEGERS, st.one_of(INTEGERS, NAMES), NAMES]))
    lines = draw(st.lists(messy_lines(delimiter, cells), min_size=1, max_size=40))
    header = (delimiter or " ").join(["c0", "c1", "c2", "c3"])
    text = "\n".join([header, *lines]) + draw(st.sampled_from(["", "\n", "\n\n"]))
    data = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()
    if draw(st.booleans()):
        data = data.replace("ä".encode(), b"\xe4")
    if draw(st.integers(0, 4)) == 0:  # one damaged line; the header must stay whole
        place = draw(st.integers(data.index(b"\n") + 1, len(data)))
        data = data[:place] + b"\0" + data[place:]
    return delimiter, data


ROLES = st.sampled_from([(0, 1, 2), (1, 0, 2), (0, 1, None), (2, 0, None), (0, 3, 2)])


@example((",", b'c0,c1,c2,c3\nada,"a""b",0.0,\0x'), (0, 1, 2), 16)  # nothing but a damaged line below the header
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messy_files(), ROLES, st.sampled_from([16, 64, 1 << 20]))
def test_messy_files_are_read_as_the_slow_reader_does(monkeypatch, write, file, roles, chunk):
    monkeypatch.setattr(edge_text, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(edge_text, "CHUNK_BYTES_NAMES", chunk)
    delimiter, data = file
    source, target, weight = roles
    path = write(data)
    prefixes = ("#",)
    rows, refused, comments, blanks = naive_text.read_edges(data, delimiter, source, target, weight, prefixes, skip=1)
    options = {"source": source, "target": target, "weight": False if weight is None else weight, "comment": "#"}
    options |= {
        "delimiter": delimiter or " ",
        "header": True,
        "max_rejects": 1.0,
        "self_loops": "keep",
        "encoding": "utf-8",
    }
    if not rows:
        with pytest.raises(InputError, match=r"holds (no edges|a header)"):
            read_graph(path, **options)
        return
    g = read_graph(path, **options)
    assert [(r.line, r.reason) for r in g.report.rejects] == refused
    assert list(g.ids) == naive_text.number(rows)
    spelled = dict(zip(map(str, g.ids), g.ids, strict=True))
    expected = defaultdict(list)
    for u, v, w in rows:
        expected[spelled[u], spelled[v]].append(w)
    found = arcs(g, None if weight is None else "weight")
    assert found.keys() == expected.keys()
    if weight is not None:
        for arc, parts in expected.items():
            size = max(map(abs, parts))
            if len(parts) == 1:
                assert found[arc] == parts[0]
            elif size < 1e300:  # larger ones may add up to infinity
                assert found[arc] == pytest.approx(math.fsum(parts), abs=1e-12 * size)
    one = counted(g)
    assert (one.rows, one.rejected, one.comments, one.blanks, one.headers) == (
        len(rows),
        len(refused),
        comments,
        blanks,
        1,
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(WEIGHTS, st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.12g}")), min_size=1
    )
)
def test_numbers_are_rounded_correctly(write, cells):
    lines = "".join(f"a,b{k},{cell}\n" for k, cell in enumerate(cells))
    good = {f"b{k}": float(cell) for k, cell in enumerate(cells) if naive_text.judge_weight(cell) == ""}
    if not good:
        return
    g = read_graph(write("source,target,weight\n" + lines), max_rejects=1.0, comment="", delimiter=",", header=True)
    assert {v: w for (_, v), w in arcs(g, "weight").items()} == good


def test_the_same_bits_on_every_engine(write, any_engine, monkeypatch):
    monkeypatch.setattr(edge_text, "CHUNK_BYTES", 200)
    monkeypatch.setattr(edge_text, "CHUNK_BYTES_NAMES", 300)
    r = np.random.default_rng(5)
    rows = [
        f"{a},{b},{w:.3f}"
        for a, b, w in zip(r.integers(0, 90, 500), r.integers(0, 90, 500), r.random(500), strict=True)
    ]
    rows[17], rows[400], rows[450] = "1,2", 'x,"y ""z""",3', "\xff,1,2"
    data = "\n".join(rows).encode("latin-1")
    first = read_graph(write(data, "a.csv"), encoding="utf-8", threads=1)
    again = read_graph(write(data, "a.csv"), encoding="utf-8", **any_engine)
    assert list(again.ids) == list(first.ids)
    assert again.ids.kind == "string"
    assert arcs(again, "weight") == arcs(first, "weight")
    assert [str(x) for x in again.report.rejects] == [str(x) for x in first.report.rejects]
    assert [(x.line, x.reason) for x in first.report.rejects] == [(18, "missing field"), (451, "invalid encoding")]


def test_in_another_process(write, other_process):
    g = read_graph(write("ada,bob\nbob,cem\n"), engine=other_process)
    assert list(g.ids) == ["ada", "bob", "cem"]


# -- dialects ----------------------------------------------------------------------------------------------------------

SAME = {("1", "5"): None, ("5", "7"): None, ("7", "1"): None}
DIALECTS = {
    "blanks": "1 5\n5 7\n7 1\n",
    "aligned": "  1    5\n  5    7\n  7    1\n",
    "tabs": "1\t5\n5\t7\n7\t1",
    "double tabs": "1\t\t5\n5\t\t7\n7\t\t1",
    "commas": "1,5\n5,7\n7,1\n",
    "commas and blanks": "1, 5\n5, 7\n7 , 1\n",
    "semicolons": "1;5\n5;7\n7;1\n",
    "decimal commas beside": "1;5;a,b\n5;7;c,d\n7;1;e,f\n",
    "bars": "1|5\n5|7\n7|1\n",
    "windows": "1,5\r\n5,7\r\n7,1\r\n",
    "old mac": "1,5\r5,7\r7,1\r",
    "bom": b"\xef\xbb\xbf1,5\n5,7\n7,1\n",
    "utf-16": "1,5\n5,7\n7,1\n".encode("utf-16"),
    "quotes": '"1","5"\n"5","7"\n"7","1"\n',
    "snap": "# Directed graph: x.txt\n# Nodes: 3 Edges: 3\n# FromNodeId\tToNodeId\n1\t5\n5\t7\n7\t1\n",
    "konect": "% asym unweighted\n% 3 3 3\n1 5\n5 7\n7 1\n",
    "slashes": "// a graph\n\n1 5\n5 7\n7 1\n",
    "comments between": "1 5\n# half time\n\n5 7\n7 1\n",
    "header": "source,target\n1,5\n5,7\n7,1\n",
    "header in other words": "Wer,Wem\n1,5\n5,7\n7,1\n",
    "n m": "3 3\n1 5\n5 7\n7 1\n",
    "n,m,d,name": "3,3,d,a graph\n1,5\n5,7\n7,1\n",
    "n alone": "3\n1 5\n5 7\n7 1\n",
    "trailing columns": "1,5,,,\n5,7,x,y\n7,1\n",
    "other order": "target,source\n5,1\n7,5\n1,7\n",
    "follower": "followee_id,follower_id\n5,1\n7,5\n1,7\n",
    "user and friend": "user_id,friend_id\n1,5\n5,7\n7,1\n",
    "user and follower": "user,follower\n5,1\n7,5\n1,7\n",
    "camel case": "ToNodeId\tFromNodeId\n5\t1\n7\t5\n1\t7\n",
}


@pytest.mark.parametrize("text", DIALECTS.values(), ids=DIALECTS)
def test_dialects_are_recognised(write, text):
    g = read_graph(write(text))
    assert {(str(u), str(v)): None for u, v in arcs(g)} == SAME
    assert g.ids.kind == "int"
    assert counted(g).rejected == 0


@pytest.mark.parametrize("header", ["", "follower;followed\n", "a;b\n"])
def test_names_with_every_delimiter(write, header):
    text = '"Lovelace, Ada";"bob ""the b"""\n#cem;bob\n%x;//y\n'
    g = read_graph(write(header + text), source=0, target=1)
    people = [("Lovelace, Ada", 'bob "the b"'), ("#cem", "bob"), ("%x", "//y")]
    if header:
        assert list(arcs(g)) == people
    else:  # nothing but the ids tells that "#" is no comment: it does not stand before the first edge
        assert set(arcs(g)) == set(people)


def test_comment_prefixes_of_names_count_where_they_stand_first(write):
    assert set(arcs(read_graph(write("# people\nada bob\n#cem bob\n")))) == {("ada", "bob")}
    assert set(arcs(read_graph(write("ada bob\n#cem bob\n")))) == {("ada", "bob"), ("#cem", "bob")}
    assert set(arcs(read_graph(write("#ada bob\n#cem bob\n"), comment=""))) == {("#ada", "bob"), ("#cem", "bob")}
    assert set(arcs(read_graph(write("1 2\n>3 4\n"), comment=">"))) == {(1, 2)}


@pytest.mark.parametrize(
    ("wrap", "ending"),
    [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lambda b: pa.compress(b, "zstd", asbytes=True), ".zst"),
     (lambda b: gzip.compress(b[:9]) + gzip.compress(b[9:]), ".gz")],
    ids=["gzip", "bz2", "zstd", "two gzip members"],
)  # fmt: skip
def test_compressed(write, wrap, ending):
    g = read_graph(write(wrap(b"source,target\n1,5\n5,7\n7,1\n"), "edges.csv" + ending))
    assert {(str(u), str(v)): None for u, v in arcs(g)} == SAME
    assert g.report.files[0].facts["compression"] in {"gzip", "bz2", "zstd"}


# -- header or edge ----------------------------------------------------------------------------------------------------

EDGES_FIRST = [
    "a,b\nb,c\nc,a\n",
    "a|b\nc|d\n",
    "u,v\nv,w\n",
    "u,v\n",
    "u v\nw x\n",
    "x,y\ny,z\n",
    "user1,user2\nuser3,user4\n",
    "leader,ada\nbob,leader\n",
    "ada,bob,n/a\nbob,cem,1\ncem,ada,2\n",
]


@pytest.mark.parametrize("text", EDGES_FIRST)
def test_a_first_edge_is_not_taken_for_a_header(write, text):
    path = write(text)
    rows = [tuple(re.split(r"[,| ]", line)[:2]) for line in text.splitlines()]
    g = read_graph(path)
    assert set(arcs(g)) == set(rows)
    assert "was taken as an edge (--header" in str(g.report)
    assert counted(g).headers == 0
    if len(rows) > 1:
        named = read_graph(path, header=True, source=0, target=1)
        assert set(arcs(named)) == set(rows[1:])
        assert "was taken" not in str(named.report)


HEADERS_FIRST = {
    "u,v\n1,2\n": "",
    "when,u,v\n2020-01-01,u,ada\n": "",
    "source,target\nsource,ada\n": "",
    "follower,followed\nada,bob\n": "",
    "a,b,w\na,c,1\n": "",
    "u,v\nada,bob\n": "was taken as a header, by its words (--no-header",
    "user1,user2\nada,bob\n": "was taken as a header, by its words (--no-header",
    "user,follower\nada,bob\n": "was taken as a header, by its words (--no-header",
}


@pytest.mark.parametrize(("text", "told"), HEADERS_FIRST.items())
def test_a_header_is_not_taken_for_an_edge(write, text, told):
    g = read_graph(write(text), **({"source": 1, "target": 2} if "when" in text else {}))
    assert (g.n_edges, counted(g).headers) == (1, 1)
    assert told in str(g.report)
    assert "was taken as an edge" not in str(g.report)


def test_the_fields_of_a_log_of_events_never_become_accounts(write):
    rows = "ada,like,bob,p1,2020-01-01T00:00:00Z\ncem,share,bob,p1,2020-01-02T00:00:00Z\n"
    g = read_graph(write("actor,action,target,post,time\n" + rows))
    assert set(arcs(g)) == {("ada", "bob"), ("cem", "bob")}
    assert "its names are those of a log of events" in str(g.report)
    logs = [
        "user,action,object\nada,like,p1\n",
        "user,action\nada,like\nbob,like\n",
        "action,target,time\nlike,ada,x\n",
    ]
    logs += ["user,action,author,post\nada,like,bob,p1\n", "user,action,object\n1,2,3\n"]
    for text in logs:
        with pytest.raises(InputError, match="which columns are the two ends"):
            read_graph(write(text))
    with pytest.raises(InputError, match="Column 1 holds actions"):
        read_graph(write("ada,like,bob\ncem,RT,bob\n"))
    assert set(arcs(read_graph(write("ada,like,bob\n"), source=0, target=2))) == {("ada", "bob")}
    with pytest.raises(InputError, match="which columns are the two ends"):
        read_graph(pd.DataFrame({"user": ["ada"], "action": ["like"]}))
    g = read_graph(write("Source,Target,Type,Weight\nada,bob,Directed,2\n"))  # as Gephi writes it: no log
    assert arcs(g, "weight") == {("ada", "bob"): 2.0}
    assert "log of events" not in str(g.report)


def test_the_report_tells_how_each_file_was_understood(write):
    g = read_graph([write("source,target,weight\n1,5,2\n", "a.csv"), write("5 7 1\n", "b.txt")])
    rows, first, second = str(g.report).splitlines()
    assert rows == "2 rows: 2 kept"
    assert first.endswith(
        "a.csv: text; separated by commas; header source, target, weight; source is 'source', target is 'target', "
        "weight is 'weight'; source follows target; ids are integers"
    )
    assert second.endswith(
        "b.txt: text; separated by blanks; no header; source is column 0, target is column 1, weight is column 2; "
        "source follows target; ids are integers"
    )
    path = write("1,5\n")
    assert "; no weights; source influences target;" in str(read_graph(path, direction="influences").report)
    assert "; undirected;" in str(read_graph(path, direction="undirected").report)
    report = str(read_graph(pd.DataFrame({"source": ["a"], "target": ["b"]})).report)
    assert (
        "data frame; source is 'source', target is 'target'; no weights; source follows target; ids are names" in report
    )


def test_checking_a_file_tells_it_once(write):
    path = write("a,b\nb,c\n")
    told = check_files([path], kind="graph").graph.told
    assert [line.partition(":")[0] for line in told] == ["edges.txt", "2 rows"]
    assert "\n" not in "".join(told)


# -- stated sizes ------------------------------------------------------------------------------------------------------


def test_stated_sizes_keep_isolated_nodes_in_their_places(write):
    g = read_graph(write("6 3\n4 1\n1 2\n2 4\n"))
    assert (g.n_nodes, g.ids.kind, list(g.ids)) == (6, "range", [0, 1, 2, 3, 4, 5])
    g = read_graph(write("6 3\n6 1\n1 2\n2 6\n"))
    assert list(g.ids) == [1, 2, 3, 4, 5, 6]
    assert set(arcs(g)) == {(6, 1), (1, 2), (2, 6)}
    g = read_graph(write("# Nodes: 5 Edges: 2\n0 1\n2 0\n"))
    assert list(g.ids) == [0, 1, 2, 3, 4]
    g = read_graph(write("# net 5 2 1\n0 1\n2 0\n"))
    assert g.n_nodes == 5
    assert "a comment states 5 nodes and 2 edges" in g.report.recognised


def test_numbers_in_comments_that_are_no_sizes(write):
    g = read_graph(write("# made 2012 12\n0 1\n7 0\n"))
    assert list(g.ids) == [0, 1, 7]
    g = read_graph(write("# Nodes: 4000000000\n0 1\n7 0\n"))  # believed, that would cost 100 GB
    assert g.n_nodes == 3


def test_a_first_edge_is_not_taken_for_sizes(write):
    assert set(arcs(read_graph(write("3 2\n1 2\n2 9\n")))) == {(3, 2), (1, 2), (2, 9)}  # two lines, but id 9
    assert set(arcs(read_graph(write("7 5\n1 2\n2 3\n")))) == {(7, 5), (1, 2), (2, 3)}  # two lines, not five
    assert set(arcs(read_graph(write("2 4\n1 2\n2 1\n")))) == {(2, 4), (1, 2), (2, 1)}  # two lines, not four
    assert set(arcs(read_graph(write("9 2\na b\nb c\n")))) == {("9", "2"), ("a", "b"), ("b", "c")}  # ids are names
    assert set(arcs(read_graph(write("9 2\n1 b\nb c\n")))) == {("9", "2"), ("1", "b"), ("b", "c")}
    assert set(arcs(read_graph(write("1,5\n7,1,x\n5,7,,y\n"), columns={}))) == {(7, 1), (5, 7)} | {(1, 5)}
    g = read_graph(write("3 2\n1 2\n2 9\n"))
    assert list(g.ids) == [3, 2, 1, 9]


def test_sizes_that_leave_most_nodes_alone_are_an_edge(write):
    g = read_graph(write("10 2\n5 6\n7 8\n"))
    assert set(arcs(g)) == {(10, 2), (5, 6), (7, 8)}
    assert "the first line (10 2) was taken as an edge" in str(g.report)
    assert set(arcs(read_graph(write("4 3\n0 1\n1 2\n4 0\n")))) == {(4, 3), (0, 1), (1, 2), (4, 0)}  # 0 and n: neither
    g = read_graph(write("8 2\n5 6\n7 8\n"))
    assert (g.n_nodes, g.n_edges) == (8, 2)
    assert "the first line states 8 nodes and 2 edges" in str(g.report)
    g = read_graph(write("5000 120\n" + "".join(f"{k} {k + 1}\n" for k in range(120))))
    assert (g.n_nodes, g.n_edges) == (5000, 120)


def test_lines_of_other_widths_are_sizes(write):
    g = read_graph(write("15 99\n1 2 0.5\n2 3 0.25\n"))
    assert arcs(g, "weight") == {(1, 2): 0.5, (2, 3): 0.25}
    assert g.n_nodes == 15
    assert counted(g).headers == 1


def test_ids_without_a_gap_keep_their_order(write):
    assert list(read_graph(write("3 0\n2 1\n")).ids) == [0, 1, 2, 3]
    assert list(read_graph(write("4 0\n2 1\n")).ids) == [4, 0, 2, 1]


# -- ids ---------------------------------------------------------------------------------------------------------------


def test_one_name_makes_all_ids_names(write, monkeypatch):
    monkeypatch.setattr(edge_text, "CHUNK_BYTES", 8)
    g = read_graph(write("1 2\n7 1\n2 3\n007 1\n7 2\n"))
    assert list(g.ids) == ["1", "2", "7", "3", "007"]
    assert "ids are names (line 4 has '007')" in g.report.recognised
    assert set(arcs(g)) == {("1", "2"), ("7", "1"), ("2", "3"), ("007", "1"), ("7", "2")}


def test_large_and_negative_ids(write):
    g = read_graph(write("4294967295 -1\n9223372036854775807 5\n5 -9223372036854775808\n"))
    assert list(g.ids) == [4294967295, -1, 2**63 - 1, 5, -(2**63)]
    g = read_graph(write("9223372036854775808 5\n"))
    assert list(g.ids) == ["9223372036854775808", "5"]


def test_several_files_are_one_graph(write):
    paths = [write("1 2\n2 3\n", "a.txt"), write("source,target\n3,x\n", "b.csv"), write("x\t1\n", "c.tsv")]
    g = read_graph(paths)
    assert list(g.ids) == ["1", "2", "3", "x"]
    assert [one.rows for one in g.report.files] == [2, 1, 1]
    assert len(g.report.recognised.splitlines()) == 3
    weighted = write("1 2 0.5\n", "w.txt")
    with pytest.raises(InputError, match=r"has the columns 'weight' .*, but .*a.txt has no column .* events:FILE"):
        read_graph([paths[0], weighted])
    assert read_graph([paths[0], weighted], weight=False).n_edges == 2


# -- columns -----------------------------------------------------------------------------------------------------------


def test_weights_and_further_columns(write):
    rows = ["a,b,x,1.5,2017-11-06T00:02:15,3", "b,c,y,2,2017-11-06 01:02:15+01:00,4", "a,b,z,3,2017-11-05,9"]
    text = "\n".join(["from,to,note,w,when,n", *rows])
    g = read_graph(write(text), weight="w", columns={"time": "when", "n": "n"})
    assert arcs(g, "weight") == {("a", "b"): 4.5, ("b", "c"): 2.0}
    day = 1509840000 * 10**6
    assert arcs(g, "time") == {("a", "b"): day, ("b", "c"): day + 86_535 * 10**6}
    assert arcs(g, "n") == {("a", "b"): 3, ("b", "c"): 4}
    assert g.column("n").dtype == np.int64


def test_columns_without_header(write):
    path = write("1 2 0.5 1341100972\n2 3 1.5 1341100999\n")
    g = read_graph(path, columns=["time"])
    assert g.columns == ("weight", "time")
    assert arcs(g, "time") == {(1, 2): 1341100972, (2, 3): 1341100999}
    assert "columns={'time': 'time'}" in read_graph(path).report.recognised
    g = read_graph(write("1 2 1341100972 RT\n2 3 1341100999 RT\n"))
    assert g.columns == ()
    g = read_graph(write("1 2 5\n2 3 6\n"), weight=False, columns=[2])
    assert arcs(g, "column_2") == {(1, 2): 5, (2, 3): 6}


def test_a_fraction_late_in_a_column_of_integers(write, monkeypatch):
    monkeypatch.setattr(edge_text, "CHUNK_BYTES", 16)
    text = "s,t,n\n" + "".join(f"{k},{k + 1},{k}\n" for k in range(50)) + "90,91,0.5\n92,93,\n94,95,7\n"
    g = read_graph(write(text), source="s", target="t", columns=["n"])
    values = arcs(g, "n")
    assert values[(3, 4)] == 3.0
    assert values[(90, 91)] == 0.5
    assert math.isnan(values[(92, 93)])
    assert values[(94, 95)] == 7.0


def test_direction(write):
    path = write("source,target\n1,5\n")
    assert set(arcs(read_graph(path, direction="influences"))) == {(5, 1)}
    assert set(arcs(read_graph(path, direction="undirected"))) == {(5, 1), (1, 5)}
    path = write("followee,follower\n5,1\n")
    for direction in ("follows", "influences"):  # the names tell who follows whom, whatever the arcs are said to mean
        assert set(arcs(read_graph(path, direction=direction))) == {(1, 5)}
    assert set(arcs(read_graph(path, source="followee"))) == {(5, 1)}
    assert "'follower' follows 'followee'" in read_graph(path).report.recognised


def test_self_loops(write):
    path = write("1 1\n1 2\n")
    assert read_graph(path).report.self_loops == 1
    assert set(arcs(read_graph(path, self_loops="keep"))) == {(1, 1), (1, 2)}


# -- tables ------------------------------------------------------------------------------------------------------------

TABLE = {"weight": [1.0, 2.0, 0.5], "follower": ["ada", "bob", "cem"], "followed": ["bob", "cem", "ada"]}


def as_parquet(tmp_path):
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet", row_group_size=2)
    return tmp_path / "t.parquet"


def as_feather(tmp_path):
    pyarrow.feather.write_feather(pa.table(TABLE), tmp_path / "t.feather")
    return str(tmp_path / "t.feather")


def as_stream(tmp_path):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.table(TABLE).schema) as writer:
        writer.write_table(pa.table(TABLE))
    (tmp_path / "t.arrows").write_bytes(sink.getvalue())
    return tmp_path / "t.arrows"


TABLES = {
    "parquet": as_parquet,
    "feather": as_feather,
    "stream": as_stream,
    "pandas": lambda _: pd.DataFrame(TABLE),
    "pandas category": lambda _: pd.DataFrame(TABLE).astype({"follower": "category"}),
    "polars": lambda _: pl.DataFrame(TABLE),
    "polars lazy": lambda _: pl.LazyFrame(TABLE),
    "arrow": lambda _: pa.table(TABLE),
    "list": lambda _: [pd.DataFrame(TABLE)],
}


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_tables(tmp_path, make):
    g = read_graph(make(tmp_path))
    assert arcs(g, "weight") == {("ada", "bob"): 1.0, ("bob", "cem"): 2.0, ("cem", "ada"): 0.5}
    assert list(g.ids) == ["ada", "bob", "cem"]
    assert "'follower' follows 'followed'" in g.report.recognised
    assert counted(g).lines == 3


def test_rows_of_tables_are_rejected_one_by_one():
    frame = pl.DataFrame(
        {
            "source": ["a", None, "", "d", "e", "f", "g"],
            "target": [1, 2, 3, None, 5, 6, 7],
            "weight": [1.0, 1.0, 1.0, 1.0, None, math.inf, math.nan],
        }
    )
    g = read_graph(frame, max_rejects=1.0)
    assert arcs(g, "weight") == {("a", "1"): 1.0}
    found = [(r.line, r.column, r.reason) for r in g.report.rejects]
    assert found == [
        (2, "source", "empty id"),
        (3, "source", "empty id"),
        (4, "target", "empty id"),
        (5, "weight", "missing value"),
        (6, "weight", "not finite"),
        (7, "weight", "not finite"),
    ]
    texts = pd.DataFrame({"source": [1, 2], "target": [2, 3], "weight": ["0.5", "x"]})
    g = read_graph(texts, max_rejects=1.0)
    assert arcs(g, "weight") == {(1, 2): 0.5}
    assert g.report.rejects[0].reason == "not a number"


def test_columns_of_tables():
    when = pd.to_datetime(["2017-11-05", "2017-11-06"])
    frame = pd.DataFrame(
        {"u": [1.0, 2.0], "v": [2, 3], "n": [7, 8], "ok": [True, False], "when": when, "far": when.tz_localize("UTC")}
    )
    g = read_graph(frame, columns={"n": "n", "ok": "ok", "time": "when", "far": "far"})
    assert g.ids.kind == "int"
    assert arcs(g, "n") == {(1, 2): 7, (2, 3): 8}
    assert arcs(g, "ok") == {(1, 2): 1, (2, 3): 0}
    assert arcs(g, "time") == arcs(g, "far") == {(1, 2): 1509840000 * 10**6, (2, 3): 1509926400 * 10**6}
    with pytest.raises(InputError, match="column u: ids must be integers or strings"):
        read_graph(pd.DataFrame({"u": [1.5], "v": [2]}))


def test_bytes_that_are_no_text_are_rejected_row_by_row(tmp_path):
    rows = {"source": [b"ada", b"bob\xff", None, b"c\0", b"dan"], "target": [b"bob", b"x", b"y", b"z", b"\xe4"]}
    expected = [
        (2, "source", "bob\\xff", "invalid encoding"),
        (3, "source", "", "empty id"),
        (4, "source", "c\0", "invalid encoding"),
        (5, "target", "\\xe4", "invalid encoding"),
    ]
    for kind in (pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.binary())):
        table = pa.table({name: pa.array(values, pa.binary()).cast(kind) for name, values in rows.items()})
        pq.write_table(table, tmp_path / "t.parquet")
        for data in (tmp_path / "t.parquet", table):
            g = read_graph(data, max_rejects=1.0)
            assert set(arcs(g)) == {("ada", "bob")}
            assert [(r.line, r.column, r.value, r.reason) for r in g.report.rejects] == expected
    wrong = pa.array([b"ok", b"\xff"]).view(pa.string())  # bytes that only say to be text
    g = read_graph(pa.table({"source": wrong, "target": ["a", "b"]}), max_rejects=1.0)
    assert [(r.line, r.reason) for r in g.report.rejects] == [(2, "invalid encoding")]


def test_damage_within_tables_is_told(tmp_path):
    names = [f"account {k * 7919 % 5003}" for k in range(5000)]
    pq.write_table(pa.table({"source": names, "target": names[::-1]}), tmp_path / "t.parquet", compression="zstd")
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[:200] + bytes(3000) + whole[3200:])
    with pytest.raises(InputError, match=r"t.parquet: is damaged or not whole; write or fetch it again"):
        read_graph(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="data frame: cannot be made a table"):
        read_graph(pd.DataFrame({"source": [1, "a"], "target": [2, 3]}))


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_stray_quote_costs_one_line(write):
    lines = [f"{k},{k + 1}" for k in range(2000)]
    lines[1000] = '"1000,1001'
    g = read_graph(write("\n".join(lines)))
    assert g.n_edges == 1999
    assert [(r.line, r.reason, r.value) for r in g.report.rejects] == [(1001, "unterminated quote", '"1000,1001')]


def test_rejects_tell_where_and_why(write, tmp_path):
    text = 'source,target,weight\n1,2,5\n1\n,2,5\n1,,5\n1,2,\n1,2,=2+3\n1,2,nan\n\xe4,1,1\n"1"x,2,3\n'
    path = write(text.encode("latin-1"))
    with pytest.raises(
        TooManyRejectsError, match=r"8 of 9 rows \(88\.9%\) were rejected.*line 3, column target: missing field: '1'"
    ) as error:
        read_graph(path, encoding="utf-8")
    assert (error.value.file, error.value.line, error.value.column) == (str(path), 3, "target")
    g = read_graph(path, encoding="utf-8", max_rejects=0.9)
    found = [(r.line, r.column, r.value, r.reason) for r in g.report.rejects]
    assert found == [
        (3, "target", "1", "missing field"),
        (4, "source", ",2,5", "empty id"),
        (5, "target", "1,,5", "empty id"),
        (6, "weight", "", "missing value"),
        (7, "weight", "=2+3", "not a number"),
        (8, "weight", "nan", "not finite"),
        (9, "source", "\\xe4", "invalid encoding"),
        (10, "source", '"1"x,2,3', "text after a quoted cell"),
    ]
    assert g.report.rejected == 8
    assert g.report.rows == 9
    assert g.report.rejects.by_reason()["empty id"] == 2
    g.report.rejects.to_csv(tmp_path / "rejects.csv")
    assert "'=2+3" in (tmp_path / "rejects.csv").read_text()
    assert g.report.rejects.to_arrow().num_rows == 8
    assert list(read_graph(path, encoding="latin-1", max_rejects=0.9).ids) == ["1", "2", "ä"]
    g.save(tmp_path / "graph")
    assert Graph.open(tmp_path / "graph").report.rejected == 8


def test_max_rejects_is_a_share(write):
    path = write("1 2\n" * 95 + "1\n" * 5)
    assert read_graph(path).report.rejected == 5
    with pytest.raises(TooManyRejectsError):
        read_graph(path, max_rejects=0.049)
    hopeless = write("source,target,weight\n" + "1,2,x\n" * 400_000)
    with pytest.raises(TooManyRejectsError, match=r"at least [\d,]+ of 400,001 rows"):  # not all of them are read
        read_graph(hopeless)
    with pytest.raises(ParameterError, match=r"max_rejects must be in \[0, 1\], got 5"):
        read_graph(path, max_rejects=5)


REFUSED = {
    "empty": (b"", "is empty"),
    "only comments": ("# a\n# b\n", "holds no edges, only comments"),
    "only blank": ("\n \n", "holds no edges"),
    "only a header": ("source,target\n", "holds a header but no edges|holds no edges"),
    "one column": ("ada\nbob\ncem\n", "no two columns"),
    "binary": (b"\x7fELF\x00\x01\x02\n\x00", "is binary"),
    "graphml": ("<?xml version='1.0'?>\n<graphml>", r"is XML \(GraphML"),
    "gml": ("graph [\n  node [", "is GML"),
    "json": ('{"a": 1}', "is JSON"),
    "matrix market": ("%%MatrixMarket matrix coordinate\n3 3 1\n1 2 1\n", "is Matrix Market"),
    "zip": (b"PK\x03\x04abc", "zip archive"),
    "bipartite": ("% bip unweighted\n% 2 2 3\n1 1\n2 3\n", "bipartite"),
    "cut gzip": (gzip.compress(b"1 2\n" * 9999)[:-20], "damaged or end early"),
    "cut parquet": (b"PAR1abcdef", "damaged or not whole"),
    "which ends": ("id,name,age\n1,ada,3\n2,bob,4\n", "which columns are the two ends.*'id', 'name', 'age'"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_edge_list(write, data, message):
    path = write(data)
    with pytest.raises(InputError, match=message) as error:
        read_graph(path)
    assert str(path) in str(error.value)


def test_a_zero_byte_costs_one_line(write):
    lines = [b"%d %d" % (k, k + 1) for k in range(100)]
    lines[3], lines[50] = b"3\0 4", b'"50"\0 51'
    g = read_graph(write(b"\n".join(lines)))
    assert [(r.line, r.column, r.value, r.reason) for r in g.report.rejects] == [
        (4, "source", "3\0", "invalid encoding"),
        (51, "source", '"50"\0 51', "text after a quoted cell"),
    ]
    assert (g.n_edges, g.ids.kind) == (98, "range")


def test_refusals_of_binary_data_are_short(write):
    noise = np.random.default_rng(1).integers(0, 256, 5000).astype(np.uint8).tobytes()
    for data in (noise, noise.replace(b"\0", b""), bytes(5000), noise[:40].translate(None, bytes(range(32)))):
        with pytest.raises(InputError) as error:
            read_graph(write(data))
        message = str(error.value).partition("edges.txt: ")[2]
        assert len(message) < 260
        assert message.isascii()
    assert set(arcs(read_graph(write(b"1\x012\n2\x013\n"), delimiter="\x01"))) == {(1, 2), (2, 3)}


def test_pipes_and_devices_are_not_called_empty(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(InputError, match="is not a regular file but a pipe or device; save it to disk first"):
            read_graph(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_graph(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_graph(tmp_path)


def test_wrong_parameters(write):
    path = write("source,target,weight\n1,2,3\n")
    for options, message in (
        (
            {"source": "Source"},
            r"source must be a column, got 'Source': the columns of .* are 'source', 'target', 'weight'",
        ),
        ({"target": 7}, "target must be a position from 0 to 2, got 7"),
        ({"columns": ["time"]}, "columns must be a column, got 'time'"),
        ({"columns": "time"}, "columns must be a list or a mapping"),
        ({"source": 1, "target": "target"}, "two columns, got 'target' for both"),
        ({"delimiter": "::"}, "delimiter must be one ASCII character"),
        ({"weight": True}, "weight must be a column"),
        ({"direction": "along"}, "direction must be one of"),
        ({"encoding": "klingon"}, "encoding must be a name that Python knows"),
        ({"comment": "# "}, "comment must be a prefix"),
    ):
        with pytest.raises(ParameterError, match=message):
            read_graph(path, **options)
    for wrong in ([], 5, None):
        with pytest.raises(ParameterError, match="data must"):
            read_graph(wrong)
    with pytest.raises(ParameterError, match="has no header; its columns count as 'source', 'target'"):
        read_graph(write("1 2\n"), source="follower")
    with pytest.raises(ParameterError, match=r"names 2 columns .*; give its position, one of \[0, 1\]"):
        read_graph(write("x,x,y\na,b,c\n"), source="x")


def test_rejects_hold_on_to_little():
    rejects = Rejects()
    rejects.add("f", 1, "", "x" * 10_000, "missing field")
    assert len(rejects[0].value) == 200


def test_progress_reaches_the_end(write):
    news = []
    read_graph(write("1 2\n2 3\n"), progress=lambda *n: news.append(n))
    assert news[0] == ("reading edges.txt", 8, 8)


# -- real files --------------------------------------------------------------------------------------------------------

REAL = {
    "graphs/NetHEPT.txt.gz": ("undirected", 15_233, 2 * 31_376, 58_891),
    "graphs/ego-Twitter.undirected.csv.gz": ("undirected", 81_306, 2 * 1_342_296, 1_342_310),
    "graphs/soc-Epinions1.directed.txt.gz": ("follows", 75_879, 508_837, 508_837),
    "graphs/soc-Epinions1.undirected.txt.gz": ("undirected", 75_877, 2 * 405_739, 405_739),
    "graphs/soc-Slashdot0902.directed.csv.gz": ("follows", 82_168, 948_464 - 78_303, 948_464),
    "graphs/wiki-Vote.txt.gz": ("follows", 7_115, 103_689, 103_689),
    "graphs/karate.edges.csv": ("undirected", 34, 156, 78),
    "graphs/polblogs.edges.csv.gz": ("follows", 1_224, 19_022, 19_025),
    "higgs/higgs-retweet_network.edgelist.gz": ("follows", 256_491, 328_132, 328_132),
    "melcup17/MelCup17_following_network.csv.gz": ("follows", 1_428, 70_756, 70_756),
    "twitch/DE_edges.csv.gz": ("undirected", 9_498, 2 * 153_138, 153_138),
    "twitch/ES_edges.csv.gz": ("undirected", 4_648, 2 * 59_382, 59_382),
    "cascades/christianity.edges.txt.gz": ("follows", 2_897, 35_624, 35_624),
    "cascades/memetracker.edges.txt.gz": ("follows", 4_706, 101_622, 101_622),
    "adoption/epigames_edgelist.csv.gz": ("follows", 594, 17_406, 39_398),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(shared_data, name):
    direction, n_nodes, n_edges, n_rows = REAL[name]
    g = read_graph(shared_data / name, direction=direction)
    assert (g.n_nodes, g.n_edges, g.report.rows, g.report.rejected) == (n_nodes, n_edges, n_rows, 0)
    assert g.ids.kind in {"int", "range"}
    counted(g)


def test_real_files_agree_with_the_slow_reader(shared_data):
    for name, delimiter, ends, skip in (
        ("graphs/wiki-Vote.txt.gz", "\t", (0, 1), 0),
        ("melcup17/MelCup17_following_network.csv.gz", ",", (1, 0), 1),
        ("twitch/ES_edges.csv.gz", ",", (0, 1), 1),
    ):
        rows, refused, _, _ = naive_text.read_edges(
            gzip.decompress((shared_data / name).read_bytes()), delimiter, *ends, skip=skip
        )
        g = read_graph(shared_data / name)
        assert refused == []
        assert set(arcs(g)) == {(int(u), int(v)) for u, v, _ in rows if u != v}


def test_slashdot_self_loops_and_followers_of_melcup(shared_data):
    assert read_graph(shared_data / "graphs/soc-Slashdot0902.directed.csv.gz").report.self_loops == 78_303
    g = read_graph(shared_data / "melcup17/MelCup17_following_network.csv.gz")
    assert (620, 1) in arcs(g)  # the first line: 1 is followed by 620
    assert "'nuid_follower_v' follows 'nuid_followee_u'" in g.report.recognised


def test_letters_in_reverse_say_nothing(tmp_path):
    (tmp_path / "e.csv").write_text("v,u,t_id,kind\n1,2,7,x\n2,3,8,y\n")
    with pytest.raises(InputError, match="which columns are the two ends"):
        read_graph(tmp_path / "e.csv")


def test_cascades_are_no_edges(tmp_path):
    lines = [",".join(f"{u} {u + 7.25}" for u in range(k, 2 * k + 1)) for k in range(1, 30)]
    (tmp_path / "cascades.txt").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="cascades are not read"):
        read_graph(tmp_path / "cascades.txt")
