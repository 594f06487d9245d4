"""The command about learning from outside: learn, and the commands that take what it writes."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest

from swayrank.graph import Graph
from tests.test_cli import call


@pytest.fixture
def small(tmp_path):
    """Ada posts four times; bob passes three on, cem one, dan follows bob alone; nobody knows eve's posts."""
    (tmp_path / "g.csv").write_text("follower,followed\nbob,ada\ncem,ada\ndan,bob\ncem,eve\n")
    rows = ["actor,action,target,post,time"]
    rows += [f"ada,post,,p{i},2026-01-0{i}T00:00" for i in (1, 2, 3, 4)]
    rows += [f"bob,repost,ada,p{i},2026-01-0{i}T06:00" for i in (1, 2, 3)]
    rows += ["cem,repost,ada,p4,2026-01-04T01:00", "dan,repost,ada,p1,2026-01-01T09:00"]
    (tmp_path / "log.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def told(*words, cwd):
    return json.loads(call(*words, "--json", "--quiet", cwd=cwd).stdout)


def test_learn_shows_arcs_and_what_was_found(small):
    shown = call("learn", "g.csv", "log.csv", "--prior", "none", "--top", 2, cwd=small)
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[0] == ["influencer", "follower", "probability", "low", "high", "successes", "trials"]
    assert lines[1][:3] == ["ada", "bob", "0.7500"]
    assert lines[2][:3] == ["bob", "dan", "0.3333"]
    assert len(lines) == 3
    assert "4 arcs: 3 tried (0 without a success), 1 never tried" in shown.stderr
    assert "9 adoptions, 5 of them with a parent" in shown.stderr
    assert not call("learn", "g.csv", "log.csv", "--quiet", cwd=small).stderr


def test_learn_json_holds_counts_parameters_and_arcs(small):
    facts = told("learn", "g.csv", "log.csv", "--prior", "1,3", "--top", 1, cwd=small)
    assert facts["arcs"] == {"arcs": 4, "tried": 3, "never_tried": 1, "failed_always": 0}
    assert facts["parameters"]["prior"] == [1.0, 3.0]
    assert facts["top"][0]["probability"] == (3 + 1) / (4 + 4)
    assert facts["adoptions"]["used"] == 9


def test_what_is_written_is_what_was_learned(small):
    call("learn", "g.csv", "log.csv", "-o", "arcs.csv", "--prior", "none", "-q", cwd=small)
    call("learn", "g.csv", "log.csv", "-o", "arcs.parquet", "--prior", "none", "-q", cwd=small)
    rows = {(row["source"], row["target"]): row for row in csv.DictReader((small / "arcs.csv").open())}
    assert rows["bob", "ada"]["probability"] == "0.75"
    assert rows["cem", "eve"]["tried"] == "false"
    table = pq.read_table(small / "arcs.parquet")
    assert table["n_successes"].to_pylist() == [int(row["n_successes"]) for row in rows.values()]


@pytest.mark.parametrize(
    ("method", "words"),
    [("likelihood", ["--prob", "probability"]), ("linear_threshold", ["--model", "lt", "--weights", "probability"])],
)
def test_other_commands_take_the_folder(small, method, words):
    call("learn", "g.csv", "log.csv", "--method", method, "-o", "learned", "-q", cwd=small)
    assert "probability" in Graph.open(small / "learned").columns
    assert told("seeds", "learned", "-k", 1, *words, cwd=small)["seeds"][0]["account"] == "ada"
    assert told("spread", "learned", "--samples", 1000, *words, cwd=small)["top"][0]["account"] == "ada"


def test_until_and_window_and_actions(small):
    assert told("learn", "g.csv", "log.csv", "--until", "2026-01-03", cwd=small)["adoptions"]["used"] == 5
    facts = told("learn", "g.csv", "log.csv", "--window-hours", 2, "--prior", "none", cwd=small)
    assert facts["arcs"]["failed_always"] == 2
    assert facts["top"][0]["follower"] == "cem"
    shown = call("learn", "g.csv", "log.csv", "--spreading", "like", cwd=small, check=False)
    assert "events must have like with a post and a time" in shown.stderr


def test_a_recipe_names_both(small):
    (small / "r.toml").write_text(
        '[graph]\nfile = "g.csv"\nsource = "follower"\ntarget = "followed"\n\n[[events]]\nfile = "log.csv"\n'
        'actor = "actor"\naction = "action"\ntarget = "target"\npost = "post"\ntime = "time"\n'
    )
    (small / "elsewhere").mkdir()
    assert told("learn", small / "r.toml", cwd=small)["arcs"]["tried"] == 3
    assert told("learn", small / "r.toml", "--data", small, cwd=small / "elsewhere")["arcs"]["tried"] == 3


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["g.csv"], 2, "a log (who took up what and when) is missing"),
        (["log.csv"], 2, "a graph (who follows whom) is missing"),
        (["g.csv", "log.csv", "--method", "magic"], 2, "--method must be one of bernoulli"),
        (["g.csv", "log.csv", "--prior", "strong"], 2, "--prior must be influencer, network, none, or"),
        (["g.csv", "log.csv", "--prior", "0,1"], 2, "two numbers > 0"),
        (["g.csv", "log.csv", "-o", "x.json"], 2, "must be a folder, or end in .csv or .parquet"),
        (["g.csv", "log.csv", "-o", "absent/x"], 1, "the folder does not exist"),
        (["g.csv", "log.csv", "-o", "g.csv/x"], 1, "the folder does not exist"),
        (["g.csv", "log.csv", "-o", "full"], 1, "is no graph's folder"),
        (["absent.csv", "log.csv"], 1, "there is no such file"),
    ],
)
def test_mistakes_end_in_one_line(small, words, code, says):
    (small / "full").mkdir()
    (small / "full" / "thing").write_text("x")
    shown = call("learn", *words, cwd=small, check=False)
    assert shown.returncode == code
    assert says in shown.stderr
    assert "Traceback" not in shown.stderr
