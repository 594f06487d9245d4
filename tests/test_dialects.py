"""Files as spreadsheets and people write them: separators, decimal commas, encodings, matrices, lists, headers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from swayrank.errors import InputError
from swayrank.sources.check import check_files, recognise_kind
from swayrank.sources.dialects import TableOptions, inspect_table
from swayrank.sources.edges import read_graph
from swayrank.sources.events import read_events, read_posts


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def arcs(graph):
    """The arcs by their ids."""
    u, v = graph.edges()
    return {(graph.ids[int(a)], graph.ids[int(b)]) for a, b in zip(u, v, strict=True)}


def weights(graph):
    u, v = graph.edges()
    return {
        (graph.ids[int(a)], graph.ids[int(b)]): w for a, b, w in zip(u, v, graph.column("weight").tolist(), strict=True)
    }


# -- separators --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 20, 150, 500])
def test_one_column_of_decimal_commas_does_not_cut_rows(write, n):
    path = write("account;post_id;likes;rate\n" + "".join(f"u{i % 5};{i};{i};1,5{i}\n" for i in range(n)))
    posts = read_posts(path)
    assert (posts.n_posts, len(posts.report.rejects), len(posts.accounts)) == (n, 0, min(n, 5))


def test_a_log_with_decimal_commas_is_known_as_one(write):
    rows = "".join(f"u{i};like;u{i % 7};{1 + i % 28:02}.03.2026 10:00;0,{10 + i}\n" for i in range(80))
    path = write("user;type;target_user;time;sentiment\n" + rows, encoding="utf-8-sig")
    assert recognise_kind(path) == "events"
    assert len(read_events(path, day_first=True)) == 80


SEPARATED = {
    "a title with a semicolon": ("a,b;c,d\n" + "1,x,2\n" * 30, ","),
    "no header": ("ana;1;1,5\n" + "bob;2;2,25\n" * 30, ";"),
    "commas in a text": ("user\ttext\n" + "ana\tone, two\n" * 30, "\t"),
    "semicolons in a text": ("user,text\n" + "ana,one; two\n" * 30, ","),
    "numbers alone": ("1,2,3\n4,5,6\n", ","),
    "a header of other separators": ("a,b,c\n" + "1\t2\t3\n" * 30, "\t"),
    "blanks and decimal commas": ("a b w\n" + "u v 1,5\n" * 30, " "),
    "dates with blanks": ("a,t\n" + "u,2020-01-01 10:00\n" * 30, ","),
    "a ragged tab file of dates": ("a\tt\n" + "u\t2020-01-01 10:00\n" * 99 + "u\t\t2020-01-01 10:00\n", "\t"),
}


@pytest.mark.parametrize(("text", "separator"), SEPARATED.values(), ids=SEPARATED)
@pytest.mark.parametrize("name", ["data.csv", "data.txt"])
def test_separators(write, text, separator, name):
    assert inspect_table(write(text, name), TableOptions()).separator == separator


@pytest.mark.parametrize("first", ["sep=;", "SEP=;\r", '"sep=;"'])
def test_excels_first_line_names_the_separator_of_tables(write, first):
    path = write(f"{first}\nactor;action;target;note\nana;like;bob;a,b\nbob;like;ana;c,d\n", encoding="utf-8-sig")
    assert recognise_kind(path) == "events"
    events = read_events(path)
    assert (len(events), len(events.report.rejects)) == (2, 0)
    posts = read_posts(write(f"{first}\naccount;likes\nana;x\nana;5\n", "posts.csv"), max_rejects=1.0)
    assert [(r.line, r.value) for r in posts.report.rejects] == [(3, "x")]
    odd = write("sep=|\naccount|likes\nana, b; c|5\n", "odd.csv")
    assert list(read_posts(odd).accounts) == ["ana, b; c"]


# -- encodings ---------------------------------------------------------------------------------------------------------


def test_a_graph_of_older_excel_keeps_its_umlauts(write):
    rows = [f"user{i},user{i + 1}" for i in range(200)] + [f"müller{i},user{i}" for i in range(9)]
    path = write("follower,followee\n" + "\n".join(rows), encoding="cp1252")
    g = read_graph(path)
    assert (g.n_edges, len(g.report.rejects)) == (209, 0)
    assert ("müller3", "user3") in arcs(g)
    assert "read as cp1252" in str(g.report)
    assert "cp1252 (9 places are not UTF-8)" in g.report.recognised
    assert arcs(read_graph(write("\n".join(rows).replace(",", "\t"), "t.txt", "utf-16-le"))) == arcs(g)
    told = check_files([path])
    assert any("read as cp1252" in line for line in told.graph.told)


def test_damaged_places_among_utf8_are_rejected(write):
    rows = ["ä,b", "ö,c", "ü,d"] + [f"a{i},b{i}" for i in range(97)]
    text = "\n".join(rows).encode() + b"\nm\xfcller,x\n"
    g = read_graph(write(text))
    assert [(r.line, r.reason) for r in g.report.rejects] == [(101, "invalid encoding")]
    assert not g.report.notes


# -- graphs: sep=, decimal commas, rows that all fail ------------------------------------------------------------------


@pytest.mark.parametrize("head", ["follower;followee;weight\n", ""])
def test_excels_first_line_names_the_separator_of_graphs(write, head):
    path = write(f"sep=;\r\n{head}ana, x;bob;2\nbob;cem;3\n\ncem;;1\n")
    g = read_graph(path, max_rejects=0.5)
    assert weights(g) == {("ana, x", "bob"): 2.0, ("bob", "cem"): 3.0}
    assert [r.line for r in g.report.rejects] == [5 + bool(head)]
    (file,) = g.report.files
    assert (file.lines, file.rows, file.rejected, file.blanks) == (5 + bool(head), 2, 1, 1)
    assert file.headers == 1 + bool(head)
    assert arcs(read_graph(write("sep=,\n1,2\n2,1\n"))) == {(1, 2), (2, 1)}


@pytest.mark.parametrize("separator", [";", "\t", "|", " "])
def test_decimal_commas_in_graphs(write, separator):
    rows = ["follower;followee;weight", "ana;bob;1,5", "bob;cem;2,25", "cem;ana;3", "ana;cem;-,5e1", "ana;dan;x"]
    g = read_graph(write("\n".join(rows).replace(";", separator)), max_rejects=0.5)
    assert weights(g) == {("ana", "bob"): 1.5, ("bob", "cem"): 2.25, ("cem", "ana"): 3.0, ("ana", "cem"): -5.0}
    assert [(r.line, r.value) for r in g.report.rejects] == [(6, "x")]
    assert "'weight' has decimal commas" in g.report.recognised
    assert weights(read_graph(write("ana;bob;1,5\nbob;cem;2\n"))) == {("ana", "bob"): 1.5, ("bob", "cem"): 2.0}


def test_where_all_rows_fail_the_first_are_told(write):
    path = write("follower;followee;weight\nana;bob;1,500\nbob;cem;2.5x\n")
    with pytest.raises(InputError, match=r"all 2 rows were rejected \(2 not a number\).*'1,500'.*line 3") as error:
        check_files([path])
    assert (error.value.line, error.value.column) == (2, "weight")


LONG = ["ana,9.27159E+17", "9,bob", "927159163431673856,ana", '"9,27E+17",bob', "bob,1.5e+3x", "ana,1e5"]


def test_ids_that_a_spreadsheet_has_mangled_are_rejected(write):
    g = read_graph(write("source,target\n" + "\n".join(LONG)), max_rejects=0.5)
    lost = [(2, "target", "9.27159E+17", lost_reason()), (5, "source", "9,27E+17", lost_reason())]
    assert [(r.line, r.column, r.value, r.reason) for r in g.report.rejects] == lost
    assert "9.27159E+17" not in list(g.ids)
    assert {"1.5e+3x", "1e5"} < set(g.ids)
    ints = read_graph(write("1,9.27159E+17\n1,2\n2,1\n"), max_rejects=0.5)
    assert (list(ints.ids), ints.ids.kind, len(ints.report.rejects)) == ([1, 2], "int", 1)
    both = read_graph(write(b"1,9.27159E+17\n1,2\xff\n2,1\nb,2\n"), max_rejects=0.5, encoding="utf-8")
    assert [r.line for r in both.report.rejects] == [1, 2]
    assert arcs(both) == {("2", "1"), ("b", "2")}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_mangled_ids_in_tables_are_rejected(kind):
    ends = {"source": ["ana", "1E+17", "bob"], "target": ["9.27159E+17", "ana", "ana"]}
    table = pa.table({name: pa.array(values, pa.string()).cast(kind) for name, values in ends.items()})
    g = read_graph(table, max_rejects=0.9)
    assert [(r.line, r.reason) for r in g.report.rejects] == [(1, lost_reason()), (2, lost_reason())]
    assert arcs(g) == {("bob", "ana")}


def lost_reason():
    return "id lost digits in a float"
