"""What `swayrank check` tells."""

from __future__ import annotations

import json

import pytest

from swayrank.errors import InputError, ParameterError, SwayrankWarning, TooManyRejectsError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.pipeline import Recipe, run
from swayrank.sources.alike import alike
from swayrank.sources.check import check_data, check_files, table_text
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.recognise import recognise_kind

LOG = """actor,action,target,post,time
ada,post,,p1,2017-11-06
bob,RT,ada,p1,2017-11-07
bob,RT,ada,p1,2017-11-07
eve,like,ada,p1,1999-01-01
eve,like,eve,p2,
zed,dance,ada,p1,2017-11-07
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "follows.csv").write_text("follower,followed\nbob,ada\ncem,ada\n")
    (tmp_path / "posts.csv").write_text("account,post_id,likes,shares\nada,p1,1.5K,\ndan,p9,x,1\n")
    (tmp_path / "edges.txt").write_text("1 2\n2 3\n")
    (tmp_path / "weighted.txt").write_text("1 2 5\n2 3 6\n")
    (tmp_path / "plain.log").write_text("5 7 1341100972 MT\n6 7 1341100973 RT\n")
    (tmp_path / "map.toml").write_text("[[events]]\nfile='log.csv'\nactor='actor'\naction='action'\n")
    Graph.from_edges(["a", "b"], ["b", "c"]).save(tmp_path / "graph")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("log.csv", "events"),
        ("plain.log", "events"),
        ("follows.csv", "graph"),
        ("edges.txt", "graph"),
        ("weighted.txt", "graph"),
        ("posts.csv", "posts"),
        ("graph", "graph"),
        ("map.toml", "mapping"),
    ],
)
def test_kinds_are_recognised(folder, name, kind):
    assert recognise_kind(folder / name) == kind


def test_a_mix_of_files(folder):
    report = check_files([folder / "log.csv", folder / "follows.csv", folder / "posts.csv"])
    assert (report.events.events, report.events.duplicates, report.events.self_interactions) == (5, 1, 1)
    assert (report.events.before_2000, report.events.before_their_post, report.events.no_time) == (1, 1, 1)
    assert (report.graph.accounts, report.graph.arcs) == (3, 2)
    assert (report.posts.rows, report.posts.given) == (1, {"likes": 1, "shares": 0})
    assert report.rejects.by_reason() == {"unknown action": 1, "not a number": 1}
    log = report.coverage["events"]
    assert (log.in_both, log.only_log, log.only_graph) == (2, 1, 1)
    assert (log.examples_only_log, log.examples_only_graph) == (("eve",), ("cem",))
    assert log.rows_covered == pytest.approx(3 / 5)
    posts = report.coverage["posts"]
    assert (posts.in_both, posts.only_log, posts.only_graph) == (1, 0, 2)


def test_it_prints_as_tables_and_as_json(folder):
    report = check_files([folder / "log.csv", folder / "follows.csv", folder / "posts.csv"])
    text = str(report)
    for words in (
        "log.csv          6     5         1        0     5",
        "actions: RT = repost",
        "accounts in both    2  60.0% of the rows are about them alone",
        "only in the graph   1  cem",
        "2 rows were rejected",
        "line 7, column action: unknown action: 'dance'",
    ):
        assert words in text
    again = json.loads(json.dumps(report.to_dict()))
    assert again["events"]["actions"] == {"post": 1, "like": 2, "repost": 2}
    assert again["rejected"] == {"unknown action": 1, "not a number": 1}
    assert again["files"][0]["columns"]["actor"] == "actor"


def test_a_mapping_and_a_folder_of_a_graph(folder):
    with pytest.warns(SwayrankWarning, match="4 of 4 interactions have no target"):
        report = check_files([folder / "map.toml"])
    assert report.events.events == 5
    assert "4 of 4 interactions have no target" in str(report)
    assert report.graph is None
    assert check_files([folder / "graph"]).graph.accounts == 3


def test_kinds_can_be_said(folder):
    assert check_files([folder / "weighted.txt"], kind="graph").graph.arcs == 2
    assert check_files([f"graph:{folder / 'weighted.txt'}"]).graph.arcs == 2
    log = folder / "weighted.txt"
    options = {"columns": ["actor", "target", "weight"], "max_rejects": 1.0}
    with pytest.raises(ParameterError, match="kind must be one of"):
        check_files([log], kind="log")
    with pytest.raises(ParameterError, match="at least one file"):
        check_files([])
    with pytest.raises(ParameterError, match="one mapping alone"):
        check_files([folder / "map.toml", log])
    fields = {"actor": "column_1", "target": "column_2", "action": {"const": "RT"}}
    told = check_files([log], kinds={str(log): "events"}, events_options={**options, "columns": fields})
    assert told.events.actions == {"repost": 2}


def test_data_that_are_there_already():
    ev = Events.from_frame({"actor": [7, 8], "action": ["like", "like"], "target": ["8", "9"]})
    report = check_data(Graph.from_edges([7, 1], [8, 8]), ev)
    assert report.coverage["events"].in_both == 2
    assert report.coverage["events"].rows_covered == 0.5
    assert "no row was rejected" in str(report)


def test_tables_line_up():
    assert table_text([("a", "1"), ("bb", "22")]) == "  a    1\n  bb  22"


def test_names_from_files_cannot_write_to_the_terminal():
    ev = Events.from_frame({"actor": ["\x1b[31mred" + "x" * 500], "action": ["like"], "target": ["b"]})
    report = check_data(Graph.from_edges(["a\u202eb"], ["b"]), ev)
    assert str(report).replace("\n", "").isprintable()
    assert max(map(len, str(report).splitlines())) < 160


def test_a_column_of_followers_is_a_count(tmp_path):
    (tmp_path / "people.csv").write_text("influencer name,Followers,category\nada,48.5M,music\nbob,1.2M,sport\n")
    assert recognise_kind(tmp_path / "people.csv") == "posts"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Account;Datum;Impressionen;Follower\nana;01.03.2026;10;100\nbob;02.03.2026;20;1.200\n", "posts"),
        ("Konto;Beitrag;Likes;Kommentare;Follower\nana;1;10;3;100\nbob;2;20;1;200\n", "posts"),
        ("Konto;Gef\u00e4llt mir\nana;10\nbob;20\n", "posts"),
        ("name;irgendwas;Follower\nana;x;100\nbob;y;200\n", "posts"),
        ("Account;Follower\nana;bob\nbob;cem\n", "graph"),
        ("Account;Follower\n1;2\n2;3\n", "graph"),
        ("Account;Follower;weight\nana;17;2\nbob;bob;3\n", "graph"),
    ],
)
def test_follower_is_an_account_or_how_many_by_what_stands_in_it(tmp_path, text, kind):
    (tmp_path / "table.csv").write_text(text)
    assert recognise_kind(tmp_path / "table.csv") == kind


def test_a_column_called_follower_is_read_as_how_many(tmp_path):
    (tmp_path / "table.csv").write_text(
        "Account;Datum;Impressionen;Follower\nana;01.03.2026;10;1.200\nbob;13.03.2026;20;96\n"
    )
    with pytest.warns(SwayrankWarning, match="points read as signs between thousands"):
        posts = read_posts(tmp_path / "table.csv")
    assert (posts.followers.tolist(), posts.counts["impressions"].tolist()) == ([1200, 96], [10, 20])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("account,post_id,type,likes,comments\nana,1,Video,1,3\nbob,2,Foto,2,4\n", "posts"),
        ("account,post_id,type,likes\nana,1,Post,1\nbob,2,Reel,2\n", "posts"),
        ("user,post_id,type,views\nana,1,like,9\nbob,1,repost,9\n", "events"),
        ("user,post_id,type,target,likes\nana,1,dance,eve,9\nbob,1,repost,eve,9\n", "events"),
    ],
)
def test_type_is_an_action_or_a_kind_of_post(tmp_path, text, kind):
    (tmp_path / "table.csv").write_text(text)
    assert recognise_kind(tmp_path / "table.csv") == kind


def test_of_a_file_of_which_nothing_is_used_is_said_so_and_what_it_may_be(tmp_path):
    (tmp_path / "table.csv").write_text("account,post_id,type,time\nana,1,Video,2026-01-01\nbob,2,Foto,2026-01-02\n")
    report = check_files([tmp_path / "table.csv"])
    assert report.useless == (str(tmp_path / "table.csv"),)
    assert "nothing of" in str(report)
    assert "read_posts" in str(report)
    with pytest.raises(TooManyRejectsError, match=r"No record has an action that is known.*read_posts"):
        read_events(tmp_path / "table.csv")
    (tmp_path / "table.csv").write_text("account,post_id,type\nana,1,Video\nbob,2,like\n")
    assert check_files([tmp_path / "table.csv"]).useless == ()


ODD_LOG = "Date,What,Post ID,By whom,To whom\n2024-01-01,like,p1,ada,bob\n2024-01-02,share,p2,cem,bob\n"


def test_a_log_with_unusual_names_is_not_taken_for_a_graph(tmp_path):
    log, follows = tmp_path / "log.csv", tmp_path / "follows.csv"
    log.write_text(ODD_LOG)
    follows.write_text("follower,followed\nada,bob\n")
    for files in ([log], [follows, log]):
        with pytest.raises(InputError, match=r"'What' holds actions .'like', 'share'.*--kind events.*--columns"):
            check_files(files)
    log.write_text(ODD_LOG.replace("like", "cheer"))
    with pytest.warns(SwayrankWarning, match="is this a log of events.*'What' holds accounts, and 'Date' looks like a"):
        check_files([log])
    log.write_text("kind,stated,from_name\n" + "".join(f"{'xy'[k % 2]},{k},u{k}\n" for k in range(30)))
    with pytest.warns(SwayrankWarning, match="'kind' repeats a few words"):
        check_files([log])


def test_it_says_how_many_refused_rows_are_not_shown(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("actor,action,target,time\nada,like,bob,2024-01-01\n" + "ada,like,bob,soon\n" * 7)
    assert "\nand 2 more; --output rejects.csv writes all of them" in str(check_files([log]))
    log.write_text("actor,action,target,time\nada,like,bob,2024-01-01\n" + "ada,like,bob,soon\n" * 5)
    assert "more; --output" not in str(check_files([log]))


@pytest.mark.parametrize(
    ("name", "head"), [("a.xlsx", b"PK\x03\x04"), ("a.ODS", b"PK\x03\x04"), ("a.xls", b"\xd0\xcf\x11\xe0")]
)
@pytest.mark.parametrize("kind", [None, "graph", "events"])
def test_a_spreadsheet_is_told_as_one(tmp_path, name, head, kind):
    (tmp_path / name).write_bytes(head + b"\x00\x01\n\x00")
    with pytest.raises(InputError, match="is a spreadsheet: save it as CSV"):
        check_files([tmp_path / name], kind=kind)
    (tmp_path / name).write_text("follower,followed\nada,bob\n")
    assert check_files([tmp_path / name]).graph.arcs == 1


def test_columns_that_lack_a_field_are_told_by_their_option(tmp_path):
    (tmp_path / "log.csv").write_text(ODD_LOG)
    with pytest.raises(
        ParameterError, match=r"--columns on the command line.*actor and action.*got a, b without actor"
    ):
        check_files([tmp_path / "log.csv"], kind="events", events_options={"columns": ["a", "b"]})


def test_names_that_differ_only_by_at_or_case_are_told(tmp_path):
    (tmp_path / "f.csv").write_text("follower,followed\n@Ana,bob\nbob,cem\ncem,@Ana\nBOB,cem\n")
    log = "user,type,target_user,created_at\nana,like,bob,2026-03-01\nÖzil,like,özil,2026-03-01\n"
    (tmp_path / "e.csv").write_text(log)
    files = [tmp_path / "f.csv", tmp_path / "e.csv"]
    told = "3 accounts differ from another only by @ or case, such as 'bob' and 'BOB': if these are the same people"
    assert told in str(check_files(files))
    done = run(Recipe(graph=files[0], events=(files[1],), score={"rng": 7, "min_evidence": 1}))
    assert f"note: {told}" in "\n".join(done.closing())
    one = str(check_files(files[:1]))
    assert "1 account differs from another only by @ or case" in one
    (tmp_path / "n.csv").write_text("follower,followed\n1,2\n2,3\n")
    assert "only by @" not in str(check_files([tmp_path / "n.csv"]))
    assert alike(Ids.from_values(["a", "@b"]), Ids.from_values(["@b", "c"])) is None
    assert alike(Ids.from_values(["b", "a", "B", "c", "C"])).surplus == 2


def test_a_column_of_a_frame_that_mixes_kinds_is_named_with_the_cure():
    import pandas as pd

    frame = pd.DataFrame({"actor": ["a", 7], "action": ["like", "like"], "target": ["b", "b"]})
    for mixed in (frame, {"actor": ["a", 7], "action": ["like", "like"], "target": ["b", "b"]}):
        with pytest.raises(
            InputError, match=r"column actor: holds values of several kinds \(int, str\).*astype\(str\)"
        ):
            read_events(mixed)
