"""Exports as tools write them: what their columns are taken for, and what an error says where that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

import swayrank as sr
from swayrank.errors import InputError
from swayrank.sources.check import check_files
from swayrank.sources.recognise import recognise_kind

GEPHI = "Source,Target,Type,Id,Label,timeset,Weight\nana,bob,{0},0,,,1.0\nbob,cem,{0},1,,,2.0\n"
META = (
    '"Post ID","Account ID","Account username",Description,"Publish time",Date,Views,Reach,Likes,Shares,Comments\n'
    '179,41,cafe_luna,"Line one\nline ""two""",03/28/2024 08:15,Lifetime,900,800,45,4,3\n'
    "180,41,cafe_luna,x,03/29/2024 08:15,Lifetime,700,600,35,2,1\n"
)


def written(folder: Path, text: str, name: str = "export.csv") -> Path:
    """A file of this text, as it stands."""
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_the_edges_that_gephi_exports_are_a_graph(tmp_path: Path) -> None:
    found = check_files([written(tmp_path, GEPHI.format("Directed"))])
    assert found.graph is not None
    assert (found.graph.accounts, found.graph.arcs, found.events) == (3, 2, None)
    assert "undirected" not in "".join(found.graph.told)


@pytest.mark.parametrize("text", [GEPHI.format("Undirected"), "4,2,u,graph\n0,1\n2,3\n"])
def test_a_file_that_says_that_it_is_undirected_is_told_of(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert "the file says that it is undirected" in str(sr.read_graph(path).report)
    graph = sr.read_graph(path, direction="undirected")
    assert "the file says" not in str(graph.report)
    assert not graph.directed


def test_a_column_of_words_is_no_time_where_another_holds_times(tmp_path: Path) -> None:
    posts = sr.read_posts(written(tmp_path, META))
    assert len(posts) == 2
    assert posts.report.files[0].columns["time"] == "Publish time"


@pytest.mark.parametrize(
    "text",
    [
        "Time,Video title,Video link,Post time,Total likes,Total comments,Total shares,Total views\n"
        "2024-04-01,dance,https://x/1,March 3,40,5,6,700\n",
        "Content,Video title,Video publish time,Views,Impressions,Likes,Comments added,Shares\n"
        'aB1,How to,"Mar 5, 2024",900,7000,30,3,1\n',
        'Post id,Date,Post text,Impressions,Likes,Replies,Reposts\n18,"Tue, Mar 5, 2024",hello,900,30,3,1\n',
    ],
    ids=["tiktok", "youtube", "x"],
)
def test_posts_of_one_account_say_how_to_name_it_and_are_read_then(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert recognise_kind(path) == "posts"
    with pytest.raises(InputError, match=r"if all rows are of one account, say which: columns=.*\"const\""):
        sr.read_posts(path)
    posts = sr.read_posts(path, columns={"account": {"const": "acme"}})
    assert len(posts) == 1
    assert {"time", "likes", "comments"} <= posts.report.files[0].columns.keys()


def test_a_name_that_stands_twice_in_a_header_does_not_make_a_graph_of_a_log(tmp_path: Path) -> None:
    path = written(tmp_path, "user,user,action,target,time\nana,x,like,bob,1709400000\ncem,x,like,bob,1709400001\n")
    assert recognise_kind(path) == "events"
    assert sr.read_events(path).summary().actors == 2


def test_weights_with_decimal_commas_are_read_as_such_where_nothing_speaks_against_it(tmp_path: Path) -> None:
    head = "user;action;target;time;weight\n"
    row = "ana;like;bob;2024-01-03;{}\n"
    events = sr.read_events(written(tmp_path, head + row.format("2,5") + row.format("3")))
    assert events.to_frame("pandas")["weight"].tolist() == [2.5, 3.0]
    assert any("decimal sign" in note for note in events.report.files[0].notes)
    mixed = written(tmp_path, head + row.format("2,5") + row.format("3.5"), "mixed.csv")
    assert check_files([mixed]).rejects.by_reason() == {"not a number": 1}


def test_of_columns_that_nobody_knows_the_error_says_what_a_log_or_posts_would_be_called(tmp_path: Path) -> None:
    path = written(tmp_path, "Nutzer;Aktion;Zielnutzer;Zeitpunkt\nana;like;bob;2024-01-03\n")
    with pytest.raises(InputError, match=r"two ends of an arc.*no graph but a log of events or a table of posts"):
        check_files([path])


def test_json_and_web_pages_are_told_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="JSON whose names tell of no log"):
        check_files([written(tmp_path, '{"did": "a", "commit": {}}\n', "jetstream.jsonl")])
    with pytest.raises(InputError, match="a web page"):
        check_files([written(tmp_path, "<!DOCTYPE html><html><body>Login</body></html>\n")])
