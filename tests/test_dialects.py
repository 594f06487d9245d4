"""Files as spreadsheets and people write them: separators, decimal commas, encodings, matrices, lists, headers."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from swayrank.cli import app
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


# -- matrices ----------------------------------------------------------------------------------------------------------

MATRICES = {
    "csv": ",ana,bob,cem\nana,0,1,0\nbob,0,0,1\ncem,1,0,0\n",
    "a named corner, rows in another order": "account;ana;bob;cem\ncem;1;0;0\nana;0;1;\nbob;0;0;1\n",
    "as R writes it": "ana bob cem\nana 0 1 0\nbob 0 0 1\ncem 1 0 0\n",
    "excel": "sep=;\n;ana;bob;cem\nana;0;1;0\nbob;0;0;1\ncem;1;0;0\n\n",
    "quoted": '"","ana","bob","cem"\n"ana",0,1.0,0\n"bob",0,0,1\n"cem",1,0,0\n',
}


@pytest.mark.parametrize("text", MATRICES.values(), ids=MATRICES)
def test_adjacency_matrices(write, text):
    g = read_graph(write(text))
    assert arcs(g) == {("ana", "bob"), ("bob", "cem"), ("cem", "ana")}
    assert (list(g.ids), list(g.columns)) == (["ana", "bob", "cem"], [])
    assert "adjacency matrix of 3 accounts" in str(g.report)
    assert arcs(read_graph(write(text), direction="influences")) == {("bob", "ana"), ("cem", "bob"), ("ana", "cem")}


def test_matrices_with_weights_and_isolated_accounts(write):
    path = write(";a;b;c;d\na;0;0,5;0;0\nb;2;0;0;0\nc;0;0;0;0\nd;;;;\n")
    g = read_graph(path)
    assert (weights(g), g.n_nodes) == ({("a", "b"): 0.5, ("b", "a"): 2.0}, 4)
    assert list(read_graph(path, weight=False).columns) == []
    symmetric = read_graph(write(",a,b\na,0,3\nb,3,0\n"), direction="undirected")
    assert (symmetric.n_edges, set(symmetric.column("weight").tolist())) == (2, {3.0})
    numbered = read_graph(write(",7,8,9\n7,0,1,0\n8,1,0,1\n9,0,0,0\n"))
    assert (arcs(numbered), numbered.ids.kind) == ({(7, 8), (8, 7), (8, 9)}, "int")


def test_matrices_with_a_fault_are_refused(write):
    for row, line in (("cem,1,x,0", 4), ("cem,1,0", 4)):
        with pytest.raises(InputError, match="is an adjacency matrix") as error:
            read_graph(write(f",ana,bob,cem\nana,0,1,0\nbob,0,0,1\n{row}\n"))
        assert error.value.line == line
    zeros = "0,1,0,1\n1,0,0,0\n0,0,0,1\n0,1,0,0\n"
    for text in (zeros, "ana,bob,cem,dan\n" + zeros, zeros.replace(",", " ")):
        with pytest.raises(InputError, match="matrix of 4 accounts without names: give it the accounts' names"):
            read_graph(write(text))


def test_edges_that_resemble_a_matrix_stay_edges(write):
    assert arcs(read_graph(write("1,2,3\n2,0,1\n3,1,0\n"))) == {(1, 2), (2, 0), (3, 1)}
    assert arcs(read_graph(write("x,a\na,x\n"))) == {("x", "a"), ("a", "x")}
    text = ",ana,bob\nana,0,1\nbob,1,0\n"
    assert read_graph(write(text), source="ana", target="bob").n_edges == 2


def test_frames_whose_index_is_their_columns():
    frame = pd.DataFrame(
        [[0, 1, 0], [0, 0, 2.5], [None, 0, 0]], index=["ana", "bob", "cem"], columns=["ana", "bob", "cem"]
    )
    assert weights(read_graph(frame)) == {("ana", "bob"): 1.0, ("bob", "cem"): 2.5}
    assert weights(read_graph(frame.loc[["cem", "ana", "bob"]])) == weights(read_graph(frame))
    edges = pd.DataFrame({"source": ["ana", "bob"], "target": ["bob", "ana"]})
    assert arcs(read_graph(edges)) == {("ana", "bob"), ("bob", "ana")}
    with pytest.raises(InputError, match="adjacency matrix, whose entries must be numbers"):
        read_graph(pd.DataFrame([["x", 1], [1, 0]], index=["u", "v"], columns=["u", "v"]))


# -- lists -------------------------------------------------------------------------------------------------------------

LISTS = {
    "commas": "ana: bob, cem\nbob: ana\ncem:\n",
    "blanks": "ana: bob cem\nbob: ana\n",
    "no blank behind the colon": "ana:bob,cem\nbob:ana\n",
    "semicolons": "# who follows whom\nana : bob; cem\nbob : ana\n",
    "words": "ana bob cem\nbob ana\ncem\n",
    "a column of lists": 'user;follows\nana;"bob, cem"\nbob;ana\n',
    "a column of lists in quotes": 'user,follows\nana,"bob, cem"\nbob,ana\n',
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_adjacency_lists(write, text):
    g = read_graph(write(text, "lists.txt"))
    assert arcs(g) == {("ana", "bob"), ("ana", "cem"), ("bob", "ana")}
    assert g.n_nodes == 3
    assert "adjacency lists" in str(g.report)


def test_lists_of_numbers_and_lists_with_weights(write):
    g = read_graph(write("1: 2, 3\n2: 1\n4:\n"))
    assert (arcs(g), g.n_nodes, g.ids.kind) == ({(1, 2), (1, 3), (2, 1)}, 4, "int")
    with pytest.raises(InputError, match=r"lists with weights \('bob 3'\).*ana,bob,2.5"):
        read_graph(write("ana: bob 3, cem 2\nbob: ana 1\n"))
    with pytest.raises(InputError, match=r"lines hold from 2 to 3 cells; are these lists.*as 'ana: bob, cem'"):
        read_graph(write("ana bob cem\nbob ana\n"))
    assert arcs(read_graph(write("source target remark\nana bob cem\nbob ana\n"))) == {("ana", "bob"), ("bob", "ana")}
    long = "".join(f"u{k}: u{k + 1}, u{k + 2}\n" for k in range(300)) + "broken line\n"
    found = read_graph(write(long))
    assert (found.n_edges, [(r.line, r.value) for r in found.report.rejects]) == (600, [(301, "broken line")])


EDGES = {
    "kinds in ids": ("user:1 user:2\nuser:2 user:3\n", {("user:1", "user:2"), ("user:2", "user:3")}),
    "kinds in first ids": ("user:1,42\nuser:2,43\n", {("user:1", "42"), ("user:2", "43")}),
    "a remark": ("ana bob\nana cem friend\nbob ana\n", {("ana", "bob"), ("ana", "cem"), ("bob", "ana")}),
    "commas in names": ("Doe, J;Poe, E\nPoe, E;Doe, J\n", {("Doe, J", "Poe, E"), ("Poe, E", "Doe, J")}),
}


@pytest.mark.parametrize(("text", "expected"), EDGES.values(), ids=EDGES)
def test_edges_that_resemble_lists_stay_edges(write, text, expected):
    assert arcs(read_graph(write(text))) == expected


# -- headers -----------------------------------------------------------------------------------------------------------

HEADERS = [
    "Seguidor;Sigue a", "Quelle;Ziel", "origen;destino", "source;cible", "user;follows", "Konto;folgt", "von;nach",
    "seguidor;seguido", "Abonné;suivi",
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_headers_in_other_languages(write, header):
    g = read_graph(write(f"{header}\nana;bob\nbob;cem\ncem;ana\n"))
    assert arcs(g) == {("ana", "bob"), ("bob", "cem"), ("cem", "ana")}
    assert not g.report.notes


def test_a_first_row_that_may_be_a_header_is_told(write):
    path = write("Kunde;Mag\n" + "".join(f"k{i};k{i + 1}\n" for i in range(9)))
    told = "data.csv: the first row 'Kunde, Mag' was read as an arc; if it is a header, say --header"
    assert any(note.startswith(told) for note in read_graph(path).report.notes)
    assert any(line.startswith(told) for line in check_files([path]).graph.told)
    assert read_graph(path, header=True).n_edges == 9
    assert not read_graph(path, header=False).report.notes
    people = write("Name,E-mail,City\nana,ana@x.de,Berlin\nbob,bob@y.de,Berlin\ncem,cem@z.de,Rom\n", "people.csv")
    assert "'Name, E-mail, City' was read as an arc" in str(read_graph(people).report)
    log = "usuario,acción\n" + "".join(
        f"{name},leer\n{name},ver\n" for name in ("ana", "Bob", "c.d", "e_f", "g 1", "h@x")
    )
    assert "'usuario, acción' was read as an arc" in str(read_graph(write(log)).report)
    ring = "".join(f"{a},{b}\n" for a in "wxyz" for b in "wxyz" if a != b)
    assert "'kunde, mag' was read as an arc" in str(read_graph(write("kunde,mag\n" + ring)).report)
    for plain in ("ana,bob\n" * 12, ring, "ana,bob\ncem,dan\neve,fay\ngus,hal\n", "7,8\nana,bob\nbob,cem\ncem,ana\n"):
        assert not read_graph(write(plain)).report.notes


def test_the_command_line_can_say_that_there_is_a_header(write, tmp_path):
    path = write("Kunde;Mag\n" + "".join(f"k{i % 5};k{(i + 1) % 5}\n" for i in range(9)))
    run = CliRunner()
    told = run.invoke(app, ["check", str(path)])
    assert "was read as an arc; if it is a header, say --header" in told.output
    for command in (["check"], ["convert"], ["measure", "in_degree"]):
        more = [str(tmp_path / "out.csv")] if command == ["convert"] else []
        for option, present in (("--no-header", True), ("--header", False)):
            done = run.invoke(app, [*command, str(path), *more, option])
            text = (tmp_path / "out.csv").read_text() if more else done.output
            assert done.exit_code == 0, done.output
            if command == ["convert"]:
                assert ("Kunde" in text) is present
            if command[0] == "measure":
                assert ("7 nodes" in text) is present
            assert "was read as an arc" not in done.output
    scored = run.invoke(app, ["score", str(path), "--header", "--replicates", "0"])
    assert (scored.exit_code, "Kunde" in scored.output.partition("rank")[2]) == (0, False)
