"""The mapping: several events out of one row, conditions, translation of ids, and errors that help."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from swayrank.errors import InputError, ParameterError, TooManyRejectsError
from swayrank.events import NO_ACCOUNT, NO_TIME, as_us
from swayrank.kernels.jit import JIT_ENABLED
from swayrank.sources.check import check_files
from swayrank.sources.edges import read_graph
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.mapping import load_mapping

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

STATUSES = """t_id,at,uid,is_rt,rt_uid,rt_id,is_quote,q_uid,q_id,is_reply,r_uid,r_id,kind
10,1509886935360,111,0,,,0,,,0,,,tweet
11,6/11/2017 00:10:00,222,1,111,10,1,111,9,0,,,tweet
12,2017-11-05 13:20:00,333,0,,,1,111,10,1,222,11,tweet
13,2017-11-05 13:21:00,333,0,,,0,,,0,,,advert
14,2017-11-05 13:22:00,999,1,888,7,0,,,0,,,tweet
15,2017-11-05 13:23:00,111,1,4,7,0,,,0,,,tweet
"""
IDS = "uid,nuid\n111,1\n222,2\n333,3\n444,4\n"
MAPPING = """
[[events]]
name = "statuses"
file = "status*.csv"
actor = "uid"
time = "at"
day_first = true
ids = { file = "ids.csv", from = "uid", to = "nuid", otherwise = "OTHERWISE" }
skip = { kind = ["advert", "spam"] }

[[events.emit]]
action = { const = "post" }
post = "t_id"
when = { is_rt = 0 }

[[events.emit]]
action = { const = "repost" }
target = "rt_uid"
post = "rt_id"
when = { is_rt = 1 }

[[events.emit]]
action = { const = "quote" }
target = "q_uid"
post = "q_id"
unless = { q_uid = "" }

[[events.emit]]
action = { const = "reply" }
target = "r_uid"
post = "r_id"
when = { is_reply = 1 }
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "status.csv").write_text(STATUSES)
    (tmp_path / "ids.csv").write_text(IDS)
    (tmp_path / "map.toml").write_text(MAPPING.replace("OTHERWISE", "keep"))
    return tmp_path


def rows(ev):
    spelled = ev.to_arrow().select(["actor", "action", "target", "post"])
    return [tuple(row.values()) for row in spelled.to_pylist()]


def test_one_row_gives_several_events(folder):
    ev = read_events(mapping=folder / "map.toml", max_rejects=0.2)
    assert rows(ev) == [
        ("1", "post", None, "10"),
        ("2", "repost", "1", "10"),
        ("2", "quote", "1", "9"),
        ("3", "post", None, "12"),
        ("3", "quote", "1", "10"),
        ("3", "reply", "2", "11"),
        ("999", "repost", "888", "7"),
    ]
    assert ev.time.tolist()[:2] == [as_us("2017-11-05T13:02:15.360"), as_us("2017-11-06T00:10")]
    one = ev.report.files[0]
    assert (one.records, one.kept, one.rejected, one.skipped, one.rows) == (6, 4, 1, 1, 7)
    assert one.columns["post"] == "t_id | rt_id | q_id | r_id"


def test_an_untranslated_id_that_is_somebody_elses_is_refused(folder):
    ev = read_events(mapping=folder / "map.toml", max_rejects=0.2)
    (reject,) = ev.report.rejects
    assert (reject.line, reject.column, reject.value) == (7, "rt_uid", "4")
    assert reject.reason == "id is given to another by the translation"


@pytest.mark.parametrize(("otherwise", "kept", "rejected"), [("keep", 4, 1), ("skip", 3, 0), ("reject", 3, 2)])
def test_what_becomes_of_ids_without_translation(folder, otherwise, kept, rejected):
    (folder / "map.toml").write_text(MAPPING.replace("OTHERWISE", otherwise))
    report = read_events(mapping=folder / "map.toml", max_rejects=1).report
    assert (report.kept, report.rejected) == (kept, rejected)
    if rejected:
        with pytest.raises(TooManyRejectsError, match=f"{rejected} of 6 rows"):
            read_events(mapping=folder / "map.toml", max_rejects=0.1)


def test_a_table_of_ids_may_have_gaps_but_not_two_answers(folder):
    whole = read_events(mapping=folder / "map.toml", max_rejects=0.2)
    (folder / "ids.csv").write_text(IDS + ",77\n888,\n111,1\n")
    assert rows(read_events(mapping=folder / "map.toml", max_rejects=0.2)) == rows(whole)
    (folder / "ids.csv").write_text(IDS + "111,5\n")
    with pytest.raises(InputError, match=r"ids\.csv, line 2, column uid: '111' is translated in two ways"):
        read_events(mapping=folder / "map.toml")


def test_two_files_are_read_in_the_order_of_their_names(folder):
    (folder / "status0.csv").write_text(STATUSES.replace("111", "444").replace("\n1", "\n2"))
    ev = read_events(mapping=folder / "map.toml", max_rejects=0.3)
    assert [Path(one.file).name for one in ev.report.files] == ["status.csv", "status0.csv"]
    only = read_events(folder / "status0.csv", mapping=folder / "map.toml", max_rejects=0.3)
    assert [Path(one.file).name for one in only.report.files] == ["status0.csv"]
    assert only.accounts[0] == 4


def test_fields_can_differ_in_clock_and_translation(folder):
    (folder / "x.csv").write_text("a,b,when_a,when_b,code\n111,5,2017-11-06,6/11/2017 11:00,9\n")
    block = {
        "file": "x.csv",
        "actor": {"column": "a"},
        "target": {"column": "b", "ids": False},
        "ids": {"file": "ids.csv", "from": "uid", "to": "nuid"},
        "action": "code",
        "actions": {"9": "RT"},
        "emit": [
            {"time": "when_a"},
            {"time": {"column": "when_b", "timezone": "Australia/Melbourne", "day_first": True}},
        ],
    }
    ev = read_events(mapping={"events": [block]}, paths=folder)
    assert ev.time.tolist() == [as_us("2017-11-06")] * 2
    assert rows(ev)[0] == ("1", "repost", "5", None)


def test_conditions_on_truth_values_know_their_spellings(folder):
    (folder / "x.csv").write_text("a,b,ad\nada,bob,True\nada,bob,FALSE\nada,bob,false\n")
    block = {"file": "x.csv", "actor": "a", "target": "b", "action": {"const": "like"}, "skip": {"ad": True}}
    assert read_events(folder, mapping={"events": [block]}).n_events == 2


def test_posts_and_graph_live_in_the_same_mapping(folder):
    (folder / "posts.csv").write_text("id;n\np1;1,5K\n")
    (folder / "edges.csv").write_text("1,2\n2,3\n")
    content = {
        "graph": {"file": "edges.csv", "direction": "influences"},
        "posts": [{"file": "posts.csv", "account": {"const": "ada"}, "post": "id", "likes": "n", "decimal": ","}],
    }
    mapping = load_mapping(content, base=folder)
    assert read_posts(mapping=mapping).likes.tolist() == [1500.0]
    assert read_graph(**mapping.graph).n_edges == 2
    with pytest.raises(InputError, match="describes no events"):
        read_events(mapping=mapping)


def test_blocks_that_are_not_in_use_are_read_by_name(folder):
    off = MAPPING.replace("OTHERWISE", "keep").replace('name = "statuses"', 'name = "statuses"\nuse = false')
    (folder / "map.toml").write_text(off)
    with pytest.raises(InputError, match="describes no events"):
        read_events(mapping=folder / "map.toml")
    assert read_events(mapping=folder / "map.toml", blocks=["statuses"], max_rejects=0.2).n_events == 7
    with pytest.raises(ParameterError, match="blocks must be among statuses, got 'likes'"):
        read_events(mapping=folder / "map.toml", blocks=["likes"])


WRONG = {
    "acter = 1": r"\[\[events\]\] block 1 has no key 'acter'; did you mean 'actor'\?",
    "actor = 1": r"actor of \[\[events\]\] block 1 must be the name of a column, or a table",
    "actor = {colum = 'uid'}": r"actor of .* has no key 'colum'; did you mean 'column'\?",
    "actor = {column = 'uid', const = 'x'}": "must have either column or const",
    "actor = 'uid'": "does not say where action comes from",
    "actor = 'uid'\naction = 'kind'\ntime_unit = 'weeks'": "time_unit must be one of",
    "actor = 'uid'\naction = 'kind'\nids = 'ids.csv'": "ids of .* must be a table with file, from and to",
    "actor = 'uid'\naction = 'kind'\nids = {file = 'ids.csv', from = 'uid'}": "ids of .* lacks to",
    "actor = 'uid'\naction = 'kind'\nids = {file = 'i.csv', from = 'uid', to = 'n'}": r"no file 'i.csv' .*'ids.csv'",
    "actor = 'uid'\naction = 'kind'\nids = {file = 'ids.csv', from = 'uid', to = 'n', otherwise = 'x'}": "otherwise of",
    "actor = 'uid'\naction = 'kind'\nskip = 'x'": "conditions of .* must be a table",
    "actor = 'uidd'\naction = {const = 'like'}": r"no column 'uidd'; did you mean 'uid'\? There are: t_id",
    "actor = 'uid'\naction = 'kind'\nactions = {tweet = 'sing'}": "actions must map to one of post, like",
    "actor = 'uid'\naction = {const = 'like'}\nids = {file = 'ids.csv', from = 'uid', to = 'n'}": "no column 'n'",
}


@pytest.mark.parametrize("lines", WRONG)
def test_mistakes_name_the_place_and_what_there_is(folder, lines):
    path = folder / "map.toml"
    path.write_text(f"[[events]]\nfile = 'status.csv'\n{lines}\n")
    with pytest.raises(InputError, match=WRONG[lines]):
        read_events(mapping=path)


NEEDED = "actor = 'uid'\naction = 'kind'\n"
MISTYPED = {
    "[graph]\nfile = 7": r"file of \[graph\] must be a file name, a pattern, or a list of them, got 7$",
    "[graph]\nfile = 'ids.csv'\nsource = 1.5": r"source of \[graph\] must be the name of a column, .* got 1\.5",
    "[graph]\nfile = 'ids.csv'\nheader = 'yes'": r"header of \[graph\] must be true or false, got 'yes'",
    "[graph]\nfile = 'ids.csv'\nmax_rejects = 'few'": r"max_rejects of \[graph\] must be a number in \[0, 1\]",
    "[graph]\nfile = 'ids.csv'\ncolumns = 3": r"columns of \[graph\] must be a list of columns",
    "[graph]\nfile = 'ids.csv'\ncomment = 7": r"comment of \[graph\] must be text, got 7",
    "[[graph]]\nfile = 'ids.csv'": r"\[graph\] must be one table, got \[\{'file'",
    "graph = 1": r"\[graph\] must be one table, got 1",
    "events = 7": r"events must be \[\[events\]\] tables, got 7",
    "events = [1, 'x']": r"events must be \[\[events\]\] tables, got \[1, 'x'\]",
    "[[events]]\nfile = ''": r"file of \[\[events\]\] block 1 must be a file name, a pattern, .* got ''",
    "[[events]]\nfile = []": r"file of .* must be .* got \[\]",
    "[[events]]\nfile = ['ids.csv', 7]": r"file of .* must be .* got \['ids\.csv', 7\]",
    "[[events]]\nfile = '/'": r"no file '/' in ",
    "[[events]]\nfile = 'a**'": r"file of .* must be a file name, .* got 'a\*\*'",
    '[[events]]\nfile = "a\\u0000b"': "'a.x00b'",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nname = [1]": r"name of .* must be text, got \[1\]",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nnames = 'a,b'": "names of .* must be a list of texts, got 'a,b'",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nuse = 'no'": "use of .* must be true or false, got 'no'",
    f"[[events]]\n{NEEDED}file = 'status.csv'\ndelimiter = 9": "delimiter of .* must be text, got 9",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nactions = 7": "actions of .* must be a table of codes .* got 7",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nactions = {{a = 7}}": "actions of .* must be .* got {'a': 7}",
    f"[[events]]\n{NEEDED}file = 'status.csv'\ntimezone = 2": "timezone of .* must be text, got 2",
    f"[[events]]\n{NEEDED}file = 'status.csv'\ntime_unit = 2": "time_unit of .* must be text, got 2",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nday_first = 1": "day_first of .* must be true or false, got 1",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nskip = {{a = [[1]]}}": r"condition on 'a' of .* a list .* got \[1\]",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nemit = 7": r"emit must be \[\[emit\]\] tables, got 7",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nemit = []": r"emit of .* at least one \[\[events.emit\]\] table",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nids = {{file = 7, from = 'a', to = 'b'}}": "file of ids of .* got 7",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nids = {{file = 'i', from = 1, to = 'b'}}": "from of ids of .* got 1",
    f"[[events]]\n{NEEDED}file = 'status.csv'\ntime = {{column = 7}}": "column of time of .* must be text, got 7",
    f"[[events]]\n{NEEDED}file = 'status.csv'\ntime = {{const = [1]}}": "const of time of .* one value: .* got ",
    f"[[events]]\n{NEEDED}file = 'status.csv'\ntarget = {{column = 'uid', ids = 7}}": "ids of target .* got 7",
    f"[[events]]\n{NEEDED}file = 'status.csv'\nemit = [{{decimal = 1}}]": "decimal of an emit of .* text, got 1",
    "[[posts]]\nfile = ''": r"file of \[\[posts\]\] block 1 must be",
    "a = " + "[" * 3000: "is not TOML",
    "a = '" + "x" * 9000 + "' b": "is not TOML",
}


@pytest.mark.parametrize("text", MISTYPED)
def test_values_of_the_wrong_type_name_key_value_and_what_is_allowed(folder, text):
    path = folder / "map.toml"
    path.write_text(text + "\n")
    with pytest.raises(InputError, match=f"(?s)^.*map.toml: .*{MISTYPED[text]}") as caught:
        load_mapping(path)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


def test_a_recipe_is_a_mapping_too(folder):
    path = folder / "map.toml"
    path.write_text(path.read_text() + "\n[score]\nprofile = 'reach'\n")
    assert load_mapping(path).events[0].name == "statuses"
    assert check_files([path]).events.events == 7


def test_the_same_mistakes_as_arguments_name_the_argument(folder):
    path = folder / "status.csv"
    for given, words in (
        ({"header": "yes"}, "header must be true or false, got 'yes'"),
        ({"timezone": 7}, "timezone must be text, got 7"),
        ({"day_first": 3}, "day_first must be true or false, got 3"),
        ({"columns": "actor,action"}, "columns must be a list of names, or a mapping of fields to columns, got"),
        ({"columns": 7}, "columns must be a list of names, or a mapping of fields to columns, got 7"),
    ):
        with pytest.raises(ParameterError, match=words):
            read_events(path, **given)


def test_mistakes_of_the_file_itself(folder):
    path = folder / "map.toml"
    path.write_text("[[events]\n")
    with pytest.raises(InputError, match="is not TOML"):
        load_mapping(path)
    path.write_text("[[event]]\n")
    with pytest.raises(InputError, match=r"has no key 'event'; did you mean 'events'\?"):
        load_mapping(path)
    path.write_text("[[events]]\nfile = 'statsu.csv'\nactor = 'a'\naction = 'b'\n")
    with pytest.raises(InputError, match=r"no file 'statsu.csv' in .*; did you mean 'status.csv'\?"):
        load_mapping(path)
    path.write_text("[graph]\nfile = 'ids.csv'\nsorce = 'uid'\n")
    with pytest.raises(InputError, match=r"\[graph\] has no key 'sorce'; did you mean 'source'\?"):
        load_mapping(path)
    with pytest.raises(InputError, match=r"none\.toml: there is no such file$"):
        load_mapping(folder / "none.toml")
    with pytest.raises(InputError, match=r"there is no such file; did you mean 'map\.toml'\?"):
        load_mapping(folder / "mop.toml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        load_mapping(folder)
    with pytest.raises(InputError, match="is not a folder"):
        load_mapping(path, base=folder / "nowhere")
    with pytest.raises(ParameterError, match="either columns or mapping"):
        read_events(mapping=path, columns={"actor": "uid"})


def test_one_may_stand_in_a_folder_that_is_shut():
    stand_there = """
        import os, sys
        from swayrank.sources.mapping import load_mapping
        os.chdir(sys.argv[1])
        os.chmod(".", 0)
        if os.getuid() == 0:
            os.setuid(65534)
        assert not os.access(".", os.X_OK)
        block = {"file": sys.argv[2], "actor": "who", "action": "what"}
        print(*load_mapping({"events": [block]}).events[0].columns())
    """
    with tempfile.TemporaryDirectory() as folder:
        log, shut = Path(folder) / "log.csv", Path(folder) / "shut"
        Path(folder).chmod(0o755)
        log.write_text("who,what\nada,like\n")
        shut.mkdir()
        words = [sys.executable, "-c", textwrap.dedent(stand_there), str(shut), str(log)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        shut.chmod(0o755)
    assert done.stdout == "who what\n", done.stderr


@pytest.mark.skipif(not JIT_ENABLED, reason="large files, slow without the JIT")
class TestRealData:
    def test_melcup_by_one_mapping(self, shared_data):
        mapping = load_mapping(EXAMPLES / "melcup17.toml", base=shared_data / "melcup17")
        ev = read_events(mapping=mapping)
        s = ev.summary(now="2018-01-01")
        assert s.actions == {"post": 10_865, "like": 20_290, "repost": 12_679, "quote": 1_203, "reply": 381}
        assert (s.duplicates, s.no_time, s.before_2000, s.in_future, s.before_their_post) == (1, 0, 0, 0, 0)
        assert ev.report.rejected == 0
        assert s.actors == 1_484
        graph = read_graph(**mapping.graph)
        assert (graph.n_nodes, graph.n_edges) == (1_428, 70_756)
        # Twitter's ids hold their time: post 927159122985914368 is of 2017-11-05 13:02:15.360 UTC
        post = ev.posts.position("927159122985914368")
        row = ((ev.post == post) & (ev.action == 0)).argmax()
        assert ev.time[row] == ((927159122985914368 >> 22) + 1288834974657) * 1000

    def test_melcup_interactions_are_statuses_and_likes_again(self, shared_data):
        mapping = load_mapping(EXAMPLES / "melcup17.toml", base=shared_data / "melcup17")
        used = read_events(mapping=mapping)
        others = read_events(mapping=mapping, blocks=["interactions"])
        assert others.summary().actions == {"like": 2_598, "repost": 4_071, "quote": 881, "reply": 76}
        assert others.report.files[0].skipped == 5_268
        assert not (others.time == NO_TIME).any()
        known = set(rows(used.select(["like", "repost", "reply"])))
        assert set(rows(others.select(["like", "repost", "reply"]))) <= known

    def test_melcup_interactions_are_counted_as_the_decision_says(self, shared_data):
        """docs/decisions/0007, from the files themselves, without the readers under test."""
        folder = shared_data / "melcup17"
        network = pd.read_csv(folder / "MelCup17_interaction_network.csv.gz", dtype=str)
        of_type = network.groupby("interaction_type").size().to_dict()
        assert of_type == {"1": 4_071, "2": 76, "3": 881, "5": 2_598, "6": 5_268}
        names = sorted(folder.glob("MelCup17_*_status_*"))
        status = pd.concat([pd.read_csv(name, dtype=str, keep_default_na=False) for name in names])
        again = network[network.interaction_type.isin(["1", "2", "3"])]
        written = set(zip(status.nuid, status.t_id, strict=True))
        assert len(again) == 5_028
        assert set(zip(again.v, again.t_id_v, strict=True)) <= written
        kinds = status.drop_duplicates("t_id").set_index("t_id")
        quotes = again[again.interaction_type == "3"].t_id_v
        assert (kinds.loc[quotes, "is_retweet"] == "1").sum() == 540
        likes = pd.concat([pd.read_csv(name, dtype=str) for name in sorted(folder.glob("MelCup17_*_likes_*"))])
        ids = pd.read_csv(next(folder.glob("MelCup17_user_ids_*")), dtype=str).set_index("uid").nuid
        liked = set(zip(likes.liked_by_uid_v.map(ids), likes.t_id_u, strict=True))
        alone = network[network.interaction_type == "5"]
        assert set(zip(alone.v, alone.t_id_u, strict=True)) <= liked

    def test_melcup_interactions_can_be_read_alone_without_the_guesses(self, shared_data):
        folder = shared_data / "melcup17"
        ev = read_events(folder, mapping=EXAMPLES / "melcup17.toml", blocks=["interactions"])
        assert ev.n_events == 5_028 + 2_598
        (one,) = ev.report.files
        assert (one.records, one.kept, one.skipped, one.rejected) == (12_894, 7_626, 5_268, 0)
        assert (ev.target != NO_ACCOUNT).all()

    def test_higgs_by_its_mapping(self, shared_data):
        report = check_files([EXAMPLES / "higgs.toml"], data=shared_data / "higgs")
        assert report.events.actions == {"repost": 354_930, "reply": 36_902, "mention": 171_237}
        assert report.events.self_interactions == 7_588
        assert (report.graph.accounts, report.graph.arcs) == (256_491, 328_132)
        assert report.coverage["events"].only_graph == 0
