"""Reading events and posts: every dialect, every oddity, every cause of refusal."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swayrank.errors import InputError, ParameterError, SwayrankWarning, TooManyRejectsError
from swayrank.events import NO_ACCOUNT, NO_TIME, as_us
from swayrank.kernels.jit import JIT_ENABLED
from swayrank.sources import tables
from swayrank.sources.dialects import TableOptions, inspect_table
from swayrank.sources.events import read_events, read_posts
from swayrank.sources.numbers import read_numbers
from swayrank.sources.recognise import recognise_kind
from swayrank.sources.tables import Column, open_duckdb, read_batches
from swayrank.sources.times import TimeOptions, read_times
from tests.oracles import naive_events

HEAD = "actor,action,target,post,time\n"


@pytest.fixture
def write(tmp_path):
    def writer(text, name="log.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return writer


def reasons(table):
    return {(one.line, one.column, one.reason) for one in table.report.rejects}


# -- refusals ----------------------------------------------------------------------------------------------------------

EVERY_CAUSE = (
    b"actor,action,target,post,time,weight,note\n"  # 1
    b"ada,post,,p1,2017-11-06,1,fine\n"
    b"bob,RT,ada,p1,2017-11-06,1,\n"
    b",RT,ada,p1,2017-11-06,1,no actor\n"  # 4
    b"bob,dance,ada,p1,2017-11-06,1,\n"  # 5
    b"bob,like,ada,p1,soon,1,\n"  # 6
    b"bob,like,ada,p1,2017-02-30,1,\n"  # 7
    b"bob,like,ada,p1,1234567890123456789012,1,\n"  # 8
    b"bob,like,ada,p1,3017-01-01,1,\n"  # 9
    b"bob,like,ada,p1,2017-11-06,many,\n"  # 10
    b"bob,like,ada,p1,2017-11-06,-3,\n"  # 11
    b"bob,like,ada\n"  # 12
    b"bob,like,ada,p1,2017-11-06,1,x,y,z\n"  # 13
    b"bob,like,ada,p1,2017-11-06,1,\xff\xfe\n"  # 14
    b'bob,like,ada,p1,2017-11-06,1,"left open\n'  # 15
    b"9.27e17,like,ada,p1,2017-11-06,1,\n"  # 16
    b"bob,like,927159163431673856.0,p1,2017-11-06,1,\n"  # 17
    b"bob,like,,,2017-11-06,1,about nothing\n"  # 18
    b"\n"  # 19: blank, no record
    b'cem,reply,ada,p1,2017-11-06,1,"a legal post\nof three lines,\nwith ""quotes"""\n'  # 20-22
    b"dan,like,ada,p1,2017-11-06,1,\xe2\x80\x9cwell\xe2\x80\x9d\n"  # 23
    b"eve,like,7.0,p1,2017-11-06,1,\n"  # 24
    b"eve,like,ada,p1,,,no time and no weight\n"  # 25
    b",dance,ada,p1,soon,1,several faults\n"  # 26
)


def test_every_cause_in_one_file(write):
    path = write(EVERY_CAUSE)
    ev = read_events(path, max_rejects=0.9)
    assert reasons(ev) == {
        (4, "actor", "missing actor"),
        (5, "action", "unknown action"),
        (6, "time", "not a time"),
        (7, "time", "not a time"),
        (8, "time", "time out of range"),
        (9, "time", "time out of range"),
        (10, "weight", "not a number"),
        (11, "weight", "negative number"),
        (12, "", "too few fields"),
        (13, "", "too many fields"),
        (14, "", "invalid encoding"),
        (15, "", "unterminated quote"),
        (16, "actor", "id lost digits in a float"),
        (17, "target", "id lost digits in a float"),
        (18, "target", "missing target and post"),
        (26, "action", "unknown action"),
    }
    one = ev.report.files[0]
    assert (one.records, one.kept, one.rejected, one.skipped) == (22, 6, 16, 0)
    assert len(ev.report.rejects) == 16
    assert [reject.line for reject in ev.report.rejects] == sorted(reject.line for reject in ev.report.rejects)
    by_line = {reject.line: reject for reject in ev.report.rejects}
    assert by_line[6].value == "soon"
    assert by_line[12].value == "bob,like,ada"
    assert by_line[4].file == str(path)
    assert list(ev.accounts) == ["ada", "bob", "cem", "dan", "eve", "7"]
    assert ev.weight.tolist() == [1.0] * 6
    assert ev.time[-1] == NO_TIME


def test_the_same_causes_are_found_in_small_blocks(write, monkeypatch):
    path = write(EVERY_CAUSE)
    whole = read_events(path, max_rejects=0.9)
    for size in (7, 40, 64):
        monkeypatch.setattr(tables, "text_blocks", _in_pieces(size))
        pieces = read_events(path, max_rejects=0.9)
        assert pieces.fingerprint == whole.fingerprint
        assert reasons(pieces) == reasons(whole)
        assert pieces.report.records == whole.report.records


def _in_pieces(size):
    def blocks(path, encoding, _):
        text = path.read_bytes()
        yield from (text[k : k + size] for k in range(0, len(text), size))

    return blocks


def test_too_many_rejects_say_counts_examples_and_cure(write):
    path = write(HEAD + "ada,like,bob,p,2017-11-06\n" * 9 + "ada,like,bob,p,soon\n")
    assert read_events(path, max_rejects=0.1).n_events == 9
    with pytest.raises(
        TooManyRejectsError, match=r"1 of 10 rows .*1 not a time.*line 11, column time.*'soon'.*max_rej"
    ):
        read_events(path)


def test_messages_are_short_and_printable_whatever_the_file_holds(write):
    hostile = "\x1b[31m" + "\u202e" + "x" * 5000
    for text, columns in (
        (f"{hostile},{hostile}2\n1,2\n", None),
        (f"{hostile},{hostile}2\n1,2\n", {"actor": "who", "action": "what"}),
        (f"{hostile},b\n1,2\n", ["actor"]),
        (HEAD + f"ada,{hostile},bob,p,2017-11-06\n", None),
        (HEAD + f"ada,{hostile},bob,p,2017-11-06\n", {"actor": "actor", "action": hostile}),
        (",".join(f"c{k}" for k in range(5000)) + "\n" + "1," * 4999 + "1\n", {"actor": "who", "action": "what"}),
    ):
        with pytest.raises((InputError, ParameterError)) as caught:
            read_events(write(text), columns=columns)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 900


def test_an_unknown_column_is_told_with_those_that_are_there(write):
    path = write(HEAD + "ada,like,bob,p,2017-11-06\n")
    with pytest.raises(InputError, match=r"has no column 'xyz'; there are: actor, action, target, post, time$"):
        read_events(path, columns={"actor": "xyz", "action": "action"})
    with pytest.raises(InputError, match=r"has no column 'acter'; did you mean 'actor'\? There are: actor, action, ta"):
        read_events(path, columns={"actor": "acter", "action": "action"})


def test_the_same_file_twice_is_refused(write, tmp_path, monkeypatch):
    path = write(HEAD + "ada,like,bob,p,2017-11-06\n")
    with pytest.raises(ParameterError, match=r"paths must name each file once, got .*log\.csv twice$"):
        read_events([path, path])
    (tmp_path / "link.csv").symlink_to(path)
    with pytest.raises(ParameterError, match=r"got .*link\.csv twice, as .*log\.csv too"):
        read_posts([path, tmp_path / "link.csv"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="each file once"):
        read_events(["log.csv", path])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_regular_file_is_called_so(tmp_path):
    for path in (Path("/dev/null"), tmp_path / "pipe"):
        if path.name == "pipe":
            os.mkfifo(path)
        for read in (read_events, read_posts, recognise_kind):
            with pytest.raises(InputError, match=f"{path}: is not a regular file .*; save it to a file first"):
                read(path)
    with pytest.raises(InputError, match="there is no such file"):
        recognise_kind(tmp_path / ("x" * 300))
    with pytest.raises(InputError, match="there is no such file"):
        read_events(tmp_path / ("x" * 300))
    with pytest.raises(InputError, match="is a folder"):
        inspect_table(tmp_path, TableOptions())


def test_an_object_beside_a_post_is_the_target(write):
    ev = read_events(write("user,action,object,post,time\nbob,like,ada,p1,2017-11-06\n"))
    assert ev.to_arrow().select(["actor", "target", "post"]).to_pylist() == [
        {"actor": "bob", "target": "ada", "post": "p1"}
    ]
    with pytest.warns(SwayrankWarning, match="1 of 1 interactions have no target"):
        ev = read_events(write("user,action,object,time\nbob,like,p1,2017-11-06\n"))
    assert ev.report.files[0].columns["post"] == "object"
    ev = read_events(write("user,action,object,author,time\nbob,like,p1,ada,2017-11-06\n"))
    assert (ev.report.files[0].columns["post"], ev.report.files[0].columns["target"]) == ("object", "author")


def test_interactions_without_target_are_told(write):
    lines = ["ada,post,,p1,2017-11-06", "bob,like,,p1,2017-11-06", "cem,like,,p2,2017-11-06", "dan,like,,p2,2017-11-06"]
    with pytest.warns(SwayrankWarning, match="2 of 3 interactions have no target, so they count for nobody") as told:
        ev = read_events(write(HEAD + "\n".join(lines)))
    assert told[0].filename == __file__
    assert any("2 of 3 interactions have no target" in note for note in ev.report.notes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        half = read_events(write(HEAD + "\n".join(lines[:3])))
        read_events(write(HEAD + "ada,post,,p1,2017-11-06\n"))
    assert not any("no target" in note for note in half.report.notes)


def test_a_stray_quote_costs_one_record(write):
    rows = [f"u{k},like,ada,p{k},2017-11-06" for k in range(5000)]
    rows[17] = 'u17,like,ada,"p17,2017-11-06'
    ev = read_events(write(HEAD + "\n".join(rows) + "\n"))
    assert ev.n_events == 4999
    assert reasons(ev) == {(19, "", "unterminated quote")}


def test_two_stray_quotes_do_not_pair_up(write):
    rows = ['a,like,x,"p1,2017-11-06', "b,like,x,p2,2017-11-06", 'c,like,x,"p3",2017-11-06', "d,like,x,p4,2017-11-06"]
    ev = read_events(write(HEAD + "\n".join(rows)), max_rejects=0.5)
    assert [ev.posts[code] for code in ev.post] == ["p2", "p3", "p4"]


@pytest.mark.parametrize(
    ("inside", "kept"), [("\n" * 49, True), ("\n" * 50, False), ("x" * 65_000, True), ("x" * 66_000, False)]
)
def test_long_quoted_fields_are_suspect(write, inside, kept):
    text = HEAD + f'ada,like,bob,"{inside}",2017-11-06\n' + "ada,like,bob,p,2017-11-06\n" * 3
    ev = read_events(write(text), max_rejects=1)
    assert (ev.n_events == 4) is kept
    assert ("unterminated quote" in ev.report.rejects.by_reason()) is not kept


PIECES = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "b c", "é", "\r"]), max_size=40)


@settings(max_examples=200 if JIT_ENABLED else 40, deadline=None)
@given(PIECES)
@example(['"', "a", "\n", "b", '"', ",", "a", "\n"])
@example(['"', "a", "\n", "a", '"', ",", "a", "\n", "a", ",", "a", "\n", "a", "\n"])
@example(['"', "a", "\n", '"', "b c", "\n", "a", ",", "a"])
@example(["a", ",", '"', "b", '"'])
def test_records_are_those_of_the_oracle(tmp_path_factory, pieces):
    text = "".join(pieces)
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(b"x,y\nq,q\n" + text.encode())
    layout = inspect_table(path, TableOptions(header=True, delimiter=",", names=()))
    if len(layout.columns) != 2 or layout.newline != "\n":
        return
    good, refused = [], []
    with open_duckdb(1) as connection:
        for batch in read_batches(path, layout, layout.columns, connection):
            x, y = (batch.columns[name].arrow().to_pylist() for name in layout.columns)
            good += list(zip(batch.record.tolist(), x, y, strict=True))
            refused += [(line, reason) for line, _, reason in batch.refused]
    expected = naive_events.records("q,q\n" + text, ",", 2)
    assert good == [(k + 1, *fields) for k, status, fields in expected if status == "good"]
    words = {"too few": "too few fields", "too many": "too many fields", "unterminated": "unterminated quote"}
    assert refused == [(k + 1, words[status]) for k, status, _ in expected if status != "good"]


# -- dialects ----------------------------------------------------------------------------------------------------------

ROWS = [
    ("ada", "post", "", "p1", "2017-11-06"),
    ("bob", "RT", "ada", "p1", "2017-11-07"),
    ("cem", "fav", "ada", "p1", ""),
]
PLAIN = HEAD + "".join(",".join(row) + "\n" for row in ROWS)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "log.csv"
    path.write_text(PLAIN)
    return read_events(path).fingerprint


def _zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.tsv", PLAIN.replace(",", "\t").encode()),
        ("log.txt", PLAIN.replace(",", ";").encode()),
        ("log.dat", PLAIN.replace(",", "|").encode()),
        ("dos.csv", PLAIN.replace("\n", "\r\n").encode()),
        ("mac.csv", PLAIN.replace("\n", "\r").encode()),
        ("bom.csv", b"\xef\xbb\xbf" + PLAIN.encode()),
        ("utf16.csv", PLAIN.encode("utf-16")),
        ("utf16be.csv", PLAIN.encode("utf-16-be")),
        ("utf32.csv", PLAIN.encode("utf-32")),
        ("quoted.csv", "".join(",".join(f'"{c}"' for c in line.split(",")) + "\n" for line in PLAIN.split()).encode()),
        ("noend.csv", PLAIN.rstrip("\n").encode()),
        ("blank.csv", PLAIN.replace("\n", "\n\n").encode()),
        ("commented.csv", b"# an export\n# of today\n" + PLAIN.encode()),
        ("named.csv", b"#actor,action,target,post,time\n" + PLAIN.encode().split(b"\n", 1)[1]),
        ("log.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("two.csv.gz", gzip.compress(PLAIN.encode()[:40], mtime=0) + gzip.compress(PLAIN.encode()[40:], mtime=0)),
        ("log.csv.bz2", bz2.compress(PLAIN.encode())),
        ("log.csv.xz", lzma.compress(PLAIN.encode())),
        ("log.csv.zst", _zstd(PLAIN.encode())),
        ("trailing.csv", "".join(line + ",,\n" if k else line + "\n" for k, line in enumerate(PLAIN.split())).encode()),
        (
            "log.jsonl",
            "".join(json.dumps(dict(zip(HEAD.strip().split(","), row, strict=True))) + "\n" for row in ROWS).encode(),
        ),
    ],
)
def test_every_dialect_says_the_same(write, plain, name, content):
    assert read_events(write(content, name)).fingerprint == plain


def test_parquet_and_frames_say_the_same(tmp_path, plain):
    columns = dict(zip(HEAD.strip().split(","), map(list, zip(*ROWS, strict=True)), strict=True))
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "log.parquet")
    pq.write_table(table.set_column(0, "actor", table["actor"].dictionary_encode()), tmp_path / "coded.parquet")
    assert read_events(tmp_path / "log.parquet").fingerprint == plain
    assert read_events(tmp_path / "coded.parquet").fingerprint == plain
    assert read_events(pd.DataFrame(columns)).fingerprint == plain
    assert read_events(pl.DataFrame(columns)).fingerprint == plain
    assert read_events(table).fingerprint == plain


def test_typed_columns_are_taken_as_they_are():
    frame = pd.DataFrame(
        {
            "actor": [1.0, 2.0, np.nan, 1e17],
            "action": ["like"] * 4,
            "target": pd.array([7, None, 9, 9], dtype="Int64"),
            "post": [10, 11, 12, 13],
            "time": pd.to_datetime(["2017-11-06 11:00", None, None, None]),
        }
    )
    ev = read_events(frame, max_rejects=0.5, timezone="Australia/Melbourne")
    assert [(r.line, r.reason) for r in ev.report.rejects] == [(3, "missing actor"), (4, "id lost digits in a float")]
    assert list(ev.accounts) == [1, 7, 2]
    assert ev.time[0] == as_us("2017-11-06T00:00:00Z")
    assert ev.target.tolist() == [1, NO_ACCOUNT]


def test_json_lines_with_nested_and_broken_records(write):
    lines = [
        {"user": {"id": 927159163431673856}, "type": "RT", "of": {"user": "ada"}, "at": 1509886935},
        {"user": {"id": 5}, "type": "like", "of": None, "at": "2017-11-06"},
    ]
    text = "\n".join(map(json.dumps, lines)) + '\n{"user": \n[1, 2]\n{"user": {"id": 6}, "type": "like", "at": 1.5e9}\n'
    fields = {"actor": "user.id", "action": "type", "target": "of.user", "time": "at"}
    ev = read_events(write(text, "log.ndjson"), columns=fields, max_rejects=0.9)
    assert [str(ev.accounts[code]) for code in ev.actor] == ["927159163431673856"]
    assert reasons(ev) == {
        (2, "of.user", "missing target and post"),
        (3, "", "bad JSON"),
        (4, "", "bad JSON"),
        (5, "of.user", "missing target and post"),
    }


def test_one_json_array_and_empty_files_are_refused_with_a_cure(write):
    with pytest.raises(InputError, match=r"one JSON array; write one object per line"):
        read_events(write("[{}]", "log.json"))
    with pytest.raises(InputError, match="is empty"):
        read_events(write("", "log.csv"))
    with pytest.raises(InputError, match="holds no records"):
        read_events(write("# nothing\n", "log.csv"))


def test_damaged_compression_is_named(write):
    with pytest.raises(InputError, match="damaged or end early"):
        read_events(write(gzip.compress(PLAIN.encode() * 99)[:-30], "log.csv.gz"))


def test_missing_files_and_columns_come_with_suggestions(write):
    path = write(PLAIN)
    with pytest.raises(InputError, match=r"no such file; did you mean 'log.csv'\?"):
        read_events(path.with_name("lok.csv"))
    with pytest.raises(InputError, match=r"no column 'acter'; did you mean 'actor'\? There are: actor, action"):
        read_events(path, columns={"actor": "acter", "action": "action"})
    with pytest.raises(ParameterError, match=r"got 'acter'; did you mean 'actor'"):
        read_events(path, columns={"acter": "actor"})
    with pytest.raises(ParameterError, match="must name all 5 columns"):
        read_events(path, columns=["actor", "action"])
    with pytest.raises(InputError, match="no column is known to be the actor: there are x, y"):
        read_events(write("x,y\n1,2\n", "xy.csv"))
    with pytest.raises(ParameterError, match="delimiter must be one ASCII character, got '::'"):
        read_events(path, delimiter="::")
    with pytest.raises(ParameterError, match="timezone must be a name"):
        read_events(path, timezone="Melbourne")
    with pytest.raises(ParameterError, match="encoding must be a name"):
        read_events(path, encoding="utf-9")


def test_a_log_without_names_is_recognised_and_told(write):
    ev = read_events(write("5 7 1341100972 MT\n6 7 1341100973 RT\n5 6 1341100974 RE\n", "log.txt"))
    assert ev.report.files[0].columns == {
        "actor": "column_1",
        "action": "column_4",
        "target": "column_2",
        "time": "column_3",
    }
    assert [ev.actions[code] for code in ev.action] == ["mention", "repost", "reply"]
    assert ev.report.files[0].notes == ("actions: MT = mention, RE = reply, RT = repost",)


def test_names_with_a_quote_in_them_stay_names(write):
    ev = read_events(write('who;"ac""tion"\nada;post\n'), columns={"actor": "who", "action": 'ac"tion'})
    assert ev.n_events == 1


def test_missing_targets_come_from_who_published_the_post(write):
    rows = "ada,post,,p1,2017-11-06\nbob,like,,p1,2017-11-06\nbob,like,,p2,2017-11-06\ncem,post,bob,p3,\n"
    ev = read_events(write(HEAD + rows))
    assert ev.target.tolist() == [NO_ACCOUNT, 0, NO_ACCOUNT, NO_ACCOUNT]
    assert ev.report.notes == (
        "1 missing targets are the authors of their posts",
        "1 targets of actions 'post' are left out: a post has none",
    )


def test_duplicates_are_counted_and_dropped_when_asked(write):
    path = write(HEAD + "ada,like,bob,p,2017-11-06\n" * 3 + "ada,like,bob,q,2017-11-06\n")
    kept, dropped = read_events(path), read_events(path, duplicates="drop")
    assert (kept.n_events, kept.report.duplicates, kept.report.dropped) == (4, 2, 0)
    assert (dropped.n_events, dropped.report.duplicates, dropped.report.dropped) == (2, 2, 2)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_same_bits_on_any_number_of_threads(write, threads, monkeypatch):
    monkeypatch.setattr(tables, "BLOCK_BYTES", 1 << 12)
    monkeypatch.setattr(tables, "text_blocks", _in_pieces(1 << 12))
    rng = np.random.default_rng(3)
    rows = [
        f"u{a},{'like' if b % 2 else 'RT'},u{b},{c},2017-11-{1 + c % 28:02d} 01:02:03"
        for a, b, c in rng.integers(0, 300, (2000, 3))
    ]
    ev = read_events(write(HEAD + "\n".join(rows)), threads=threads)
    names = [row.split(",") for row in rows]
    expected = naive_events.first_appearance([row[0] for row in names], [row[2] for row in names])
    assert list(ev.accounts) == expected
    assert [ev.accounts[code] for code in ev.target[:50]] == [row[2] for row in names[:50]]


# -- encodings ---------------------------------------------------------------------------------------------------------


def test_latin_text_is_told_and_not_garbled(write):
    text = HEAD + "Zoë,like,Jürgen,p,2017-11-06\nRené,like,Jürgen,p,2017-11-06\n"
    ev = read_events(write(text, encoding="cp1252"))
    assert list(ev.accounts) == ["Zoë", "Jürgen", "René"]
    assert "cp1252 (4 places are not UTF-8)" in ev.report.files[0].layout


def test_one_broken_place_does_not_garble_a_whole_utf8_file(write):
    good = "".join(f"Zoë{k},like,ada,p,2017-11-06\n" for k in range(30)).encode()
    ev = read_events(write(HEAD.encode() + good + b"Ren\xe9,like,ada,p,2017-11-06\n"))
    assert ev.accounts[0] == "Zoë0"
    assert reasons(ev) == {(32, "", "invalid encoding")}
    assert "30 characters beyond ASCII are UTF-8, 1 places are not" in ev.report.files[0].layout


def test_a_named_encoding_is_obeyed(write):
    text = HEAD + "Иван,like,Ольга,p,2017-11-06\n"
    ev = read_events(write(text, encoding="cp1251"), encoding="cp1251")
    assert list(ev.accounts) == ["Иван", "Ольга"]
    with pytest.raises(TooManyRejectsError, match="invalid encoding"):
        read_events(write(text, encoding="cp1251"), encoding="utf-8")
    with pytest.raises(InputError, match="is not utf-16"):
        read_events(write(PLAIN.encode("utf-16") + b"\x00", "odd.csv"))


# -- times, numbers, ids -----------------------------------------------------------------------------------------------


def times_of(cells, *, timezone="UTC", **options):
    with open_duckdb(1, timezone=timezone) as connection:
        return read_times(Column(pa.array(cells, pa.large_string())), connection, TimeOptions(**options))


@pytest.mark.parametrize("day_first", [True, False])
@pytest.mark.parametrize(
    "cell",
    [
        "1510027528218", "1510027528", "1510027528218000", "1510027528218000123", "-5", "0", "1510027528.5",
        "2017-11-07", "2017-11-07 10:14:38", "2017-11-07T10:14:38", "2017-11-07T10:14:38.250",
        "2017-11-07T10:14:38+02:00",
        "6/11/2017 00:02:15", "06/11/2017", "4/3/2018 6:00", "9/10/16 10:30", "1/2/2018 12:30 AM", "1/2/2018 1:05 PM",
        " 2017-11-07 ", "1.51e9",
    ],
)  # fmt: skip
def test_times_are_those_of_the_oracle(cell, day_first):
    assert times_of([cell], day_first=day_first).us[0] == naive_events.microseconds(cell, day_first)


def test_times_without_a_zone_are_in_the_given_one():
    times = times_of(["6/11/2017 00:02:15", "2017-11-06 00:02:15", "1509886935000"], timezone="Australia/Melbourne")
    assert set(times.us.tolist()) == {1_509_886_935_000_000}


@pytest.mark.parametrize(
    "cell", ["soon", "2017-13-01", "31/02/2017", "12:30", "1/2/2018 13:05 PM", "epoch", "infinity", "1,5"]
)
def test_what_is_no_time_is_bad(cell):
    times = times_of([cell])
    assert times.bad[0]
    assert times.us[0] == NO_TIME


@pytest.mark.parametrize("cell", ["99999999999", "2200-01-01", "1/1/0017", "9" * 19, "-9999999999999", "1e300"])
def test_times_far_away_are_outside(cell):
    times = times_of([cell])
    assert times.outside[0]
    assert not times.bad[0]


def test_units_and_patterns_are_obeyed():
    assert times_of(["338302.609444"], unit="h").us[0] == round(338302.609444 * 3.6e9)
    assert times_of(["23498972"], unit="s").us[0] == 23_498_972_000_000
    assert times_of(["2017.06.11 05h"], format="%Y.%d.%m %Hh").us[0] == as_us("2017-11-06T05:00")
    assert times_of(["2017-06-11"], format="%Y.%d.%m").bad[0]
    assert times_of(["Mon Nov 06 12:00:00 +0100 2017", "Nov 6, 2017"]).us.tolist() == [
        as_us("2017-11-06T11:00"),
        as_us("2017-11-06"),
    ]
    with pytest.raises(ParameterError, match="time_unit must be one of"):
        TimeOptions(unit="weeks")


def test_day_or_month_first_is_decided_over_the_column(write):
    def log(*dates):
        return write(HEAD + "".join(f"a,like,b,p{k},{date}\n" for k, date in enumerate(dates)))

    ev = read_events(log("6/11/2017", "22/11/2017"))
    assert ev.time[0] == as_us("2017-11-06")
    assert ev.report.files[0].notes == ("time: dates read with the day first",)
    assert read_events(log("6/11/2017", "11/22/2017")).time[0] == as_us("2017-06-11")
    mixed = read_events(log("6/11/2017", "11/22/2017", "11/23/2017", "24/11/2017"), max_rejects=0.25)
    assert mixed.time[0] == as_us("2017-06-11")
    assert reasons(mixed) == {(5, "time", "not a time")}
    with pytest.warns(SwayrankWarning, match="time: 2 dates do not tell day from month"):
        assert read_events(log("6/11/2017", "7/11/2017")).time[0] == as_us("2017-11-06")
    assert read_events(log("6/11/2017", "7/11/2017"), day_first=False).time[0] == as_us("2017-06-11")


NUMBERS = {
    "529": 529, "48.5M": 48.5e6, "1,234": 1234, "1,234,567.5": 1234567.5, "2.28E+11": 2.28e11, "383.1K": 383100,
    "12 345": 12345, "12\u00a0345": 12345, "12\u202f345": 12345, "1.2B": 1.2e9, "3.5 million": 3.5e6, "+4": 4,
    ".5": 0.5,
    " 7 ": 7, "1'234": 1234, "007": 7, "nan": None, "": None, "N/A": None, "-": None,
}  # fmt: skip


def test_numbers_as_people_write_them():
    with open_duckdb(1) as connection:
        got = read_numbers(Column(pa.array(list(NUMBERS), pa.large_string())), connection)
        assert not got.bad.any()
        assert [None if np.isnan(x) else x for x in got.values] == list(NUMBERS.values())
        wrong = ["1.234,5", "12,34", "M", "five", "1e400", "inf", "5%", "0x10", "1_000", "--5", "1.2.3"]
        assert read_numbers(Column(pa.array(wrong, pa.large_string())), connection).bad.all()
        comma = read_numbers(Column(pa.array(["1.234,5", "1,5", "48,5M"], pa.large_string())), connection, ",")
        assert comma.values.tolist() == [1234.5, 1.5, 48.5e6]


def test_ids_are_never_bent(write):
    actors = ["007", "7", "7.0", " 7 ", "12e5", "1.5", "1.0e3", "9007199254740992.0", "Ünï"]
    ev = read_events(write(HEAD + "".join(f"{a},like,x,p,2017-11-06\n" for a in actors)))
    assert [str(ev.accounts[code]) for code in ev.actor] == [
        "007", "7", "7", "7", "12e5", "1.5", "1000", "9007199254740992", "Ünï",
    ]  # fmt: skip
    big = read_events(write(HEAD + "927159163431673857,like,927159163431673856,9,2017-11-06\n"))
    assert list(big.accounts) == [927159163431673857, 927159163431673856]


# -- posts -------------------------------------------------------------------------------------------------------------


def test_posts_take_constants_and_parts_of_columns(write):
    path = write("id,likes,views\n12_1,1.5K,\n12_2,7,3\n12_2,7,3\n", "posts.csv")
    po = read_posts(path, columns={"account": {"column": "id", "before": "_"}, "post": "id", "likes": "likes"})
    assert list(po.accounts) == [12]
    assert po.likes.tolist() == [1500, 7, 7]
    assert (po.report.duplicates, po.given) == (1, ("likes", "views"))
    one = read_posts(path, columns={"account": {"const": "ada"}, "post": "id", "views": "views"}, duplicates="drop")
    assert list(one.accounts) == ["ada"]
    assert one.n_posts == 2


def test_fields_of_posts_that_are_not_named_are_recognised_and_told(write):
    path = write("who,Favs,Followers,notes,replies\nada,3,100,x,1\nbob,4,200,y,2\n", "posts.csv")
    po = read_posts(path, columns={"account": "who", "likes": "Favs"})
    assert po.given == ("likes", "comments", "followers")
    assert po.followers.tolist() == [100, 200]
    assert po.report.files[0].notes == (
        "recognised beside the columns that were named: comments = replies, followers = Followers",
    )
    assert read_posts(path, columns={"account": "who", "likes": "replies"}).given == ("likes", "followers")
    bare = write("who,text\nada,x\n", "bare.csv")
    assert read_posts([path, bare], columns={"account": "who"}).report.files[1].notes == ()
    frame = read_posts(pd.read_csv(path), columns={"account": "who"})
    assert frame.report.files[0].notes == po.report.files[0].notes
    known = write("account,Favs,likes\nada,3,9\n", "known.csv")
    assert read_posts(known, columns={"likes": "Favs"}).likes.tolist() == [3]
    with pytest.raises(
        InputError, match=r"be the account.*columns= in Python or --posts-columns account=\.\.\. on the"
    ):
        read_posts(path, columns={"likes": "Favs"})
    with pytest.raises(InputError, match=r"be the account"):
        read_posts(path)


def test_points_between_thousands_of_counts_are_told(write):
    text = "account,likes,followers,shares\nada,1.200,5.000,1.234.567\nbob,950,12.000,3\ncem,2.345,,\n"
    path = write(text, "posts.csv")
    with pytest.warns(SwayrankWarning, match=r"points read as signs between thousands"):
        po = read_posts(path)
    assert po.likes.tolist() == [1200, 950, 2345]
    assert po.followers[:2].tolist() == [5000, 12000]
    assert po.shares[:2].tolist() == [1234567, 3]
    assert len(po.report.files[0].notes) == 3
    assert "1.200 is 1200" in str(po.report)
    assert read_posts(path, decimal=",").report.files[0].notes == ()


@pytest.mark.parametrize("other", ["3.5", "0.250", "48.5M", "1,234"])
def test_points_that_cannot_all_stand_between_thousands_are_no_such_signs(write, other):
    path = write(f'account,likes\nada,1.200\nbob,7\ncem,"{other}"\n', "posts.csv")
    with pytest.warns(SwayrankWarning, match=r"likes: [12] counts are no whole numbers, such as 1\.200;"):
        po = read_posts(path)
    assert po.likes[0] == 1.2
    assert any("no whole numbers" in note for note in po.report.files[0].notes)


def test_whole_counts_are_not_warned_of(write):
    path = write('account,likes,views\nada,48.5M,2.28E+11\nbob,"1,234",3.0\ncem,-,\n', "posts.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        po = read_posts(path)
    assert po.likes[:2].tolist() == [48_500_000, 1234]
    assert po.report.files[0].notes == ()


def test_bad_counts_are_refused(write):
    po = read_posts(write("account,likes\na,1\nb,many\nc,-1\n,5\n", "posts.csv"), max_rejects=0.8)
    assert reasons(po) == {
        (3, "likes", "not a number"),
        (4, "likes", "negative number"),
        (5, "account", "missing account"),
    }


@pytest.mark.skipif(not JIT_ENABLED, reason="large files, slow without the JIT")
class TestRealFiles:
    def test_higgs(self, shared_data):
        path = shared_data / "higgs" / "higgs-activity_time.txt.gz"
        ev = read_events(path, columns=["actor", "target", "time", "action"])
        assert (ev.n_events, len(ev.accounts)) == (563_069, 304_691)
        assert ev.summary().self_interactions == 7_588
        with gzip.open(path, "rt") as lines:
            rows = [next(lines).split() for _ in range(500)]
        assert [str(ev.accounts[code]) for code in ev.actor[:500]] == [row[0] for row in rows]
        assert [str(ev.accounts[code]) for code in ev.target[:500]] == [row[1] for row in rows]
        assert ev.time[:500].tolist() == [int(row[2]) * 1_000_000 for row in rows]
        assert [str(a) for a in ev.accounts[np.arange(300)]] == naive_events.first_appearance(
            [row[0] for row in rows], [row[1] for row in rows]
        )[:300]

    def test_facebook(self, shared_data):
        path = shared_data / "engagement" / "facebook_live_thailand.csv"
        fields = {
            "account": {"column": "status_id", "before": "_"},
            "post": "status_id",
            "time": "status_published",
            "likes": "num_reactions",
            "comments": "num_comments",
            "shares": "num_shares",
        }
        po = read_posts(path, columns=fields, timezone="Asia/Bangkok")
        frame = pd.read_csv(path, dtype={"status_id": str})
        assert po.n_posts == len(frame) == 7050
        assert po.likes.sum() == frame["num_reactions"].sum()
        assert po.report.duplicates == frame["status_id"].duplicated().sum()
        assert len(po.accounts) == frame["status_id"].str.split("_").str[0].nunique()
        expected = pd.to_datetime(frame["status_published"], format="mixed").dt.tz_localize("Asia/Bangkok")
        assert po.time.tolist() == expected.dt.tz_convert("UTC").astype("datetime64[us, UTC]").astype("int64").tolist()

    def test_instagram(self, shared_data):
        path = shared_data / "engagement" / "instagram_influencers_1000.csv"
        fields = {"account": "Influencer insta name", "followers": "Followers", "likes": "Engagement avg"}
        po = read_posts(path, columns=fields)
        assert po.n_posts == 1000
        assert po.followers[0] == 48.5e6
        assert not np.isnan(po.followers).any()

    def test_youtube(self, shared_data):
        path = shared_data / "engagement" / "youtube_global_2023.csv"
        po = read_posts(path, columns={"account": "Youtuber", "followers": "Subscribers", "views": "Video Views"})
        frame = pd.read_csv(path)
        assert po.n_posts == len(frame)
        assert np.array_equal(po.views, frame["Video Views"].to_numpy())
        assert po.accounts[0] == "T-Series"


def test_duckdb_installs_nothing():
    with open_duckdb(1) as connection:
        found = dict(
            connection.sql("SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%extensions'").fetchall()
        )
        assert found["autoinstall_known_extensions"] == "false"
        assert found["autoload_known_extensions"] == "false"
        assert connection.sql("SELECT current_setting('threads')").fetchall() == [(1,)]
    with pytest.raises(ParameterError, match="memory_limit must be a size"):
        open_duckdb(1, memory_limit="a lot")


def test_integers_spelled_in_parquet_with_gaps_stay_integers(tmp_path):
    path = tmp_path / "log.parquet"
    columns = {"actor": ["7", "5", "7"], "action": ["like"] * 3, "target": ["5", None, "9"], "post": [None, "11", None]}
    pq.write_table(pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns])), path)
    ev = read_events(path)
    assert list(ev.accounts) == [7, 5, 9]
    assert list(ev.posts) == [11]


@pytest.mark.parametrize(
    ("cells", "days", "told"),
    [
        (["20260305", "20260331", ""], ["2026-03-05T00", "2026-03-31T00", "NaT"], "read as dates"),
        (["46086.5", "46087"], ["2026-03-05T12", "2026-03-06T00"], "a spreadsheet's days since 1899-12-30"),
        (["20261305", "20260305"], ["1970-08-23T12", "1970-08-23T11"], "small numbers read as seconds since 1970"),
        (["46086", "7"], ["1970-01-01T12", "1970-01-01T00"], "small numbers read as seconds since 1970"),
        (["20260305", "2026-03-06"], ["1970-08-23T11", "2026-03-06T00"], "small numbers read as seconds since 1970"),
    ],
)
def test_numbers_that_write_dates_or_count_days_are_told_from_seconds(tmp_path, cells, days, told):
    path = tmp_path / "posts.csv"
    path.write_text("account,post_id,time,likes\n" + "".join(f"a{k},{k},{c},3\n" for k, c in enumerate(cells)))
    posts = read_posts(path)
    assert posts.time.astype("datetime64[us]").astype("datetime64[h]").astype(str).tolist() == days
    assert told in posts.report.files[0].notes[0]


def test_numbers_that_write_dates_are_days_of_the_zone_and_a_unit_is_heeded():
    rows = {"account": ["a", "b"], "time": [20260305, 20260306], "likes": [1, 2]}
    posts = read_posts(rows, timezone="Europe/Berlin")
    assert posts.time.astype("datetime64[us]").astype("datetime64[h]").astype(str).tolist()[0] == "2026-03-04T23"
    assert read_posts(rows, time_unit="s").time[0] == 20260305 * 10**6


def test_numbers_with_endings_as_exports_write_them(write):
    text = "account;post_id;likes;views\na;1;48,5 Mio.;1.200\nb;2;12 Tsd.;3 Mrd.\nc;3;1,2K;2,5 Tsd\n"
    with pytest.warns(SwayrankWarning, match="views: points read as signs between thousands"):
        posts = read_posts(write(text))
    assert posts.likes.tolist() == [48.5e6, 12e3, 1200]
    assert posts.views.tolist() == [1200, 3e9, 2500]


def test_times_with_english_months(write):
    cells = ["Mar 5, 2026 10:15 AM", "05-Mar-2026", "5 March 2026 22:15", "31-Feb-2026", "5. Mai 2026"]
    text = "account;post_id;time\n" + "".join(f"a;{k};{cell}\n" for k, cell in enumerate(cells))
    posts = read_posts(write(text), max_rejects=1.0)
    got = posts.time.astype("datetime64[us]").astype("datetime64[m]").astype(str).tolist()
    assert got == ["2026-03-05T10:15", "2026-03-05T00:00", "2026-03-05T22:15"]
    with pytest.raises(TooManyRejectsError, match="Say how times are written with time_format="):
        read_posts(write(text))


@pytest.mark.parametrize(
    ("last", "noted"),
    [("Summe;;;30;3", True), ("TOTAL;;;31;", True), ("Summe;9;;30;3", False), ("Total;;2026-03-09;30;3", False)],
)
def test_a_row_of_totals_is_noted_and_kept(write, last, noted):
    path = write(f"account;post_id;time;likes;shares\na;1;2026-03-05;10;1\nb;2;2026-03-06;20;2\n{last}\n")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        posts = read_posts(path)
    assert len(posts) == 3
    assert [one for one in posts.report.notes if "looks like a total of the others" in one] == [
        str(one.message) for one in told
    ]
    assert len(told) == noted
