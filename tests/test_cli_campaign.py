"""The campaign commands from outside: spread, simulate, seeds, whatif."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time

import pyarrow.parquet as pq
import pytest

from tests.test_cli import SWAYRANK, call


def told(*words, cwd=None):
    """What a command prints with --json."""
    return json.loads(call(*words, "--json", "--quiet", cwd=cwd).stdout)


@pytest.fixture
def small(tmp_path):
    """Ada has three followers and fay two, of whom dan follows both; and files about them."""
    (tmp_path / "g.csv").write_text(
        "follower,followed,chance\nbob,ada,0.5\ncem,ada,0.5\ndan,ada,0.2\neve,fay,0.5\ndan,fay,0.1\n"
    )
    (tmp_path / "n.csv").write_text("1,7\n2,7\n3,7\n4,8\n")
    (tmp_path / "log.csv").write_text("actor,action,target,post,time\nada,like,bob,p1,2020-01-01\n")
    (tmp_path / "costs.csv").write_text("account,cost\nada,10\nfay,4\neve,1\n")
    (tmp_path / "all.csv").write_text("group,account,value,cost\na,ada,1,10\nb,fay,5,4\nb,eve,,1\n")
    (tmp_path / "must.txt").write_text("eve\n\n")
    return tmp_path


# -- spread ------------------------------------------------------------------------------------------------------------


def test_spread_of_every_account(small):
    words = ["spread", "g.csv", "--prob", "chance", "--samples", 200_000]
    shown = call(*words, "--top", 2, "-o", "s.csv", cwd=small)
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["rank", "account", "spread", "low", "high"]
    assert [line.split()[1] for line in lines[1:]] == ["ada", "fay"]
    assert "probabilities from column chance" in shown.stderr
    assert "200,000 samples; all intervals hold at once with probability 95 %" in shown.stderr
    facts = told(*words, "--top", 2, cwd=small)
    assert [row["account"] for row in facts["top"]] == ["ada", "fay"]
    for row, exact in zip(facts["top"], (2.2, 1.6), strict=True):
        assert row["low"] < exact < row["high"]
        assert row["spread"] == pytest.approx(exact, abs=0.05)
    rows = list(csv.DictReader((small / "s.csv").open()))
    assert len(rows) == 6
    assert rows[0].keys() == {"account", "spread", "low", "high", "std_error"}
    given = told("spread", "g.csv", "--prob", "1", "--given", "ada", "--samples", 10_000, "--top", 1, cwd=small)
    assert given["top"][0]["account"] == "fay"
    assert given["top"][0]["spread_conditional"] == pytest.approx(2, abs=0.1)  # dan has it from ada
    assert (
        "adds"
        in call("spread", "g.csv", "--given", "ada", "--prob", "0.5", "--quiet", cwd=small).stdout.splitlines()[0]
    )


def test_integer_ids_are_text_for_machines(small):
    facts = told("spread", "n.csv", "--prob", "1", "--samples", 1000, "--top", 1, cwd=small)
    assert facts["top"][0]["account"] == "7"
    plans = told("simulate", "n.csv", "--seeds", "7,8", "--prob", "1", "--runs", 10, cwd=small)["plans"]
    assert plans[0]["seeds"] == ["7", "8"]
    assert plans[0]["mean"] == 6


def test_models_are_chosen(small):
    def mean(*words):
        return told("simulate", "g.csv", "--seeds", "ada", *words, cwd=small)["plans"][0]["mean"]

    assert mean("--prob", "1") == 4
    assert mean("--prob", "1", "--silent", "ada,bob") == 1
    assert mean("--prob", "1", "--max-steps", "0") == 1
    assert mean() == pytest.approx(3.5, abs=0.05)  # weighted cascade: dan follows two
    assert mean("--model", "lt") == pytest.approx(3.5, abs=0.05)
    assert mean("--model", "lt", "--weights", "chance") == pytest.approx(2.2, abs=0.05)
    assert mean("--model", "sir", "--rate", "1", "--recovery", "1") == pytest.approx(2.5, abs=0.05)
    sis = told(
        "simulate", "g.csv", "--seeds", "ada", "--model", "sis", "--rate", "1", "--recovery", "1", "--max-time", "2",
        cwd=small,
    )  # fmt: skip
    assert sis["parameters"]["model"] == "sis"
    assert sis["plans"][0]["bin"] == 2 / 64
    shown = call(
        "simulate", "g.csv", "--seeds", "ada", "--model", "sir", "--rate", "1", "--recovery", "1", "--quiet", cwd=small
    ).stdout
    assert re.search(r"^time +new +so far$", shown, re.MULTILINE)


def test_the_weight_column_may_be_the_probability(small):
    for words in (["--weight", "chance", "--prob", "chance"], ["--weight", "chance", "--prob", "weight"]):
        facts = told("simulate", "g.csv", "--seeds", "ada", *words, cwd=small)
        assert facts["plans"][0]["mean"] == pytest.approx(2.2, abs=0.05)
    call("convert", "g.csv", "folder", "--weight", "chance", cwd=small)
    facts = told("simulate", "folder", "--seeds", "ada", "--prob", "weight", cwd=small)
    assert facts["plans"][0]["mean"] == pytest.approx(2.2, abs=0.05)


# -- simulate ----------------------------------------------------------------------------------------------------------


def test_simulate_one_plan(small):
    words = ["simulate", "g.csv", "--seeds", "ada", "--prob", "0.5", "--above", "1"]
    shown = call(*words, "-o", "p.csv", cwd=small).stdout
    heading = shown.splitlines()[0].split()
    assert heading == ["plan", "seeds", "mean", "low", "high", "5", "%", "median", "95", "%", "above", "1"]
    assert re.search(r"^step +new +so far$", shown, re.MULTILINE)
    facts = told(*words, cwd=small)
    plan = facts["plans"][0]
    assert plan.keys() == {
        "plan", "seeds", "n_runs", "mean", "std_error", "interval", "quantiles", "by_step", "above", "share_above"
    }  # fmt: skip
    assert plan["share_above"] == pytest.approx(7 / 8, abs=0.02)
    assert facts["differences"] == []
    chance = {row["account"]: float(row["activation_prob"]) for row in csv.DictReader((small / "p.csv").open())}
    assert chance["ada"] == 1
    assert chance["bob"] == pytest.approx(0.5, abs=0.03)
    assert told(*words[:-2], "--rel-error", "0.01", cwd=small)["parameters"]["rel_error"] == 0.01


def test_simulate_compares_plans_in_the_same_worlds(small):
    (small / "two.txt").write_text("ada\nfay\n")
    words = ["simulate", "g.csv", "--prob", "0.5", "--seeds", "one=ada", "--seeds", "fay", "--seeds-file", "two.txt"]
    shown = call(*words, "-o", "p.parquet", "--quiet", cwd=small).stdout
    assert "two reaches " in shown
    assert re.search(r"^step +one +fay +two$", shown, re.MULTILINE)
    facts = told(*words, cwd=small)
    assert [plan["plan"] for plan in facts["plans"]] == ["one", "fay", "two"]
    assert [(gap["plan"], gap["than"]) for gap in facts["differences"]] == [("two", "one"), ("two", "fay")]
    gap = facts["differences"][0]
    assert gap["interval"][0] < 1.75 < gap["interval"][1]  # fay, eve, and dan where ada failed
    names = pq.read_table(small / "p.parquet").column_names
    assert names == ["account", "activation_prob one", "activation_prob fay", "activation_prob two"]


def test_simulate_rivals(small):
    words = ["simulate", "g.csv", "--prob", "1", "--seeds", "tea=ada", "--seeds", "coffee=fay", "--rivals"]
    facts = told(*words, "--tie", "first", cwd=small)
    assert [(plan["plan"], plan["mean"]) for plan in facts["plans"]] == [("tea", 4), ("coffee", 2)]
    assert facts["differences"][0]["more"] == 2
    shown = call(*words, "-o", "p.json", cwd=small).stdout
    assert shown.splitlines()[0].split() == ["plan", "seeds", "mean", "low", "high", "share"]
    dan = next(row for row in json.loads((small / "p.json").read_text()) if row["account"] == "dan")
    assert dan["activation_prob tea"] + dan["activation_prob coffee"] == 1


# -- seeds -------------------------------------------------------------------------------------------------------------


def chosen(*words, cwd):
    return [row["account"] for row in told("seeds", "g.csv", "--prob", "1", *words, cwd=cwd)["seeds"]]


def test_seeds_as_table_json_and_file(small):
    shown = call("seeds", "g.csv", "-k", 2, "--prob", "1", "-o", "s.csv", cwd=small)
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["rank", "account", "adds", "together"]
    assert [line.split()[1] for line in lines[1:3]] == ["ada", "fay"]
    assert "2 seeds by opim: 6.000 accounts expected" in shown.stdout
    assert "of the optimum for sure" in shown.stdout
    facts = told("seeds", "g.csv", "-k", 2, "--prob", "1", cwd=small)
    assert facts["complete"] is True
    assert facts["lower_bound"] <= 6 <= facts["upper_bound"]
    assert facts["seeds"][0].keys() == {"rank", "account", "marginal_gain", "curve"}
    again = told("simulate", "g.csv", "--seeds-file", "s.csv", "--prob", "1", cwd=small)
    assert (again["plans"][0]["plan"], again["plans"][0]["mean"]) == ("s", 6)
    one = [call("seeds", "g.csv", "-k", 2, "--json", "--quiet", "--threads", n, cwd=small).stdout for n in (1, 2)]
    assert one[0] == one[1]
    assert "... and 1 more" in call("seeds", "g.csv", "-k", 2, "--top", 1, cwd=small).stdout
    shown = call("seeds", "g.csv", "-k", 60, "--method", "degree", "--never", "ada", cwd=small).stdout
    assert re.search(r"^asked for 60; 5 accounts could be chosen$", shown, re.M)
    shown = call("seeds", "g.csv", "-k", 60, "--prob", "1", cwd=small).stdout  # ada and fay reach all six
    why = "asked for 60 of 6 accounts that may be chosen; 2 were: in the samples drawn, no other adds anything"
    assert why in shown.splitlines()
    assert facts["room"] == 6


def test_seeds_under_wishes(small):
    assert chosen("-k", "2", "--must", "must.txt", cwd=small) == ["eve", "ada"]
    assert chosen("-k", "1", "--never", "ada,eve", cwd=small) == ["fay"]
    assert chosen("--budget", "4", "--cost", "costs.csv", cwd=small) == ["fay"]
    assert chosen("--budget", "10", "--cost", "all.csv", cwd=small)[-1] in ("ada", "fay")
    priced = told("seeds", "g.csv", "--budget", "4", "--cost", "2", cwd=small)
    assert [row["cost"] for row in priced["seeds"]] == [2, 2]
    assert chosen("-k", "1", "--value", "all.csv", cwd=small) == ["fay"]
    assert chosen("-k", "2", "--quota", "a=0", "--groups", "all.csv", cwd=small)[0] == "fay"
    assert chosen("--target-reach", "3", cwd=small) == ["ada"]
    assert chosen("-k", "1", "--rivals", "ada", cwd=small) == ["fay"]
    assert chosen("-k", "1", "--method", "degree", cwd=small) == ["ada"]
    spent = told("seeds", "g.csv", "--budget", "10", "--cost", "costs.csv", cwd=small)
    assert spent["cost"] == sum(row["cost"] for row in spent["seeds"]) <= 10
    assert spent["cost_per_account"] == pytest.approx(spent["cost"] / spent["spread"])
    shown = call("seeds", "g.csv", "--budget", "10", "--cost", "costs.csv", cwd=small).stdout
    assert shown.splitlines()[0].split() == ["rank", "account", "adds", "together", "cost"]
    assert "per account reached" in shown
    shown = call("seeds", "g.csv", "-k", 1, "--rivals", "ada", cwd=small).stdout
    assert "only what the rivals do not reach anyway" in shown


def test_seeds_compared_and_removed(small):
    shown = call("seeds", "g.csv", "-k", 1, "--prob", "1", "--compare", "opim,random", "-o", "c.csv", cwd=small).stdout
    heading = ["method", "spread", "low", "high", "behind", "seconds", "for", "sure"]
    assert shown.splitlines()[0].split() == heading
    assert shown.splitlines()[1].startswith("opim")
    assert [row["method"] for row in csv.DictReader((small / "c.csv").open())] == ["opim", "random"]
    facts = told("seeds", "g.csv", "-k", 1, "--prob", "1", "--compare", "opim,degree", cwd=small)
    assert [one["seeds"] for one in facts["methods"]] == [["ada"], ["ada"]]
    shown = call("seeds", "g.csv", "-k", 1, "--prob", "1", "--remove", cwd=small).stdout
    assert shown.splitlines()[0].split() == ["rank", "silenced", "spread", "left", "low", "high", "cut"]
    facts = told("seeds", "g.csv", "-k", 1, "--prob", "1", "--remove", "--sources", "ada", "--never", "bob", cwd=small)
    assert facts["silenced"][0]["account"] in ("cem", "dan")
    assert facts["spread_before"] == 4
    assert facts["cut"] == 1


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large") / "g"
    call("generate", "erdos_renyi", "-n", 1_000_000, "-p", "m=1000000", "-o", folder, "--quiet")
    return folder


@pytest.mark.parametrize("accept", [False, True])
def test_an_interrupted_search_gives_its_best(large, tmp_path, accept):
    """Nobody activates anybody here, so that the best are hard to tell; the terminal says how far the search is."""
    out = tmp_path / "s.csv"
    words = ["seeds", large, "-k", 50, "--prob", "1e-6", "--epsilon", "1e-6", "--json", "-o", out]
    process, terminal = _in_terminal([*words, *(["--accept-partial"] if accept else [])])
    last = time.monotonic() + 200
    while b"of the optimum so far" not in terminal and process.poll() is None and time.monotonic() < last:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 130, terminal
    assert b"Traceback" not in terminal
    assert b"interrupted: these are the seeds of the last whole round" in terminal
    facts = json.loads(printed)
    assert facts["complete"] is False
    assert len(facts["seeds"]) == 50
    assert 0 <= facts["lower_bound"] <= facts["upper_bound"]
    assert out.exists() == accept
    assert (b"is untouched (--accept-partial" in terminal) != accept


def _in_terminal(words):
    """A command whose stderr is a terminal, and what the terminal has shown so far (it grows)."""
    reader, writer = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen([*SWAYRANK, *map(str, words)], stdout=subprocess.PIPE, stderr=writer, env=environment)
    os.close(writer)
    shown = bytearray()

    def follow():
        with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
            while piece := os.read(reader, 65536):
                shown.extend(piece)
        os.close(reader)

    threading.Thread(target=follow, daemon=True).start()
    return process, shown


# -- whatif ------------------------------------------------------------------------------------------------------------


def test_whatif_of_a_graph_and_of_its_samples(small):
    words = ["--seeds", "ada,fay", "--overlap", "--without", "ada", "--top", 2]
    shown = call("whatif", "g.csv", *words, "--prob", "0.5", "--save", "kept", cwd=small)
    assert "samples kept in kept" in shown.stderr
    again = call("whatif", "kept", *words, cwd=small)
    assert again.stdout == shown.stdout
    assert "ada,fay without ada" in shown.stdout
    assert "who would add most without ada:" in shown.stdout
    facts = told("whatif", "kept", *words, cwd=small)
    plan = facts["plans"][0]
    assert plan["mean"] == pytest.approx(2 + 1.5 + 0.75 + 0.0, abs=0.05)  # bob, cem, eve at 1/2; dan at 3/4
    ada, fay = plan["members"]
    assert (ada["account"], fay["account"]) == ("ada", "fay")
    assert ada["alone"] == pytest.approx(2.5, abs=0.05)
    assert fay["adds"] == pytest.approx(1.75, abs=0.05)
    assert fay["lost_without"] == pytest.approx(fay["adds"])
    assert plan["overlap"][0][1] == pytest.approx(0.25, abs=0.03)
    assert plan["without"]["seeds"] == ["fay"]
    assert "ada" not in [row["account"] for row in plan["without"]["next"]]
    assert len(plan["next"]) == 2
    several = call("whatif", "kept", "--seeds", "a=ada", "--seeds", "b=fay", cwd=small).stdout
    assert "who would add most to b:" in several
    assert "who would reach most alone:" in call("whatif", "kept", cwd=small).stdout
    assert told("whatif", "kept", "--top", 1, cwd=small)["next"][0]["account"] == "ada"


# -- mistakes ----------------------------------------------------------------------------------------------------------


def test_tables_about_accounts_are_read_as_spreadsheets_write_them(small):
    priced = ["--budget", "1.250,50", "--cost"]
    files = {
        "semi.csv": 'sep=;\r\naccount;cost\r\n"ada";"1.000,50"\r\nfay;250\r\n',
        "tabs.csv": "\ufeffaccount\tgroup\tcost\nada\tx\t€ 1000,5\nfay\ty\t250\n",
        "plain.csv": "ada;1.000\nfay;250,00\n",
        "wide.csv": "account,cost\nada,1.0005k\nfay,250\n",
    }
    for name, text in files.items():
        (small / name).write_bytes(text.encode("utf-16" if name == "tabs.csv" else "utf-8"))
        seeds = told("seeds", "g.csv", *priced, name, cwd=small)["seeds"]
        assert {one["account"] for one in seeds} == {"ada", "fay"}, name
        assert sum(one["cost"] for one in seeds) == (1250 if name == "plain.csv" else 1250.5), name
    (small / "who.csv").write_text("note;account\n1;ada\n2;fay\n")
    assert told("simulate", "g.csv", "--seeds-file", "who.csv", "--runs", 10, cwd=small)["plans"]
    (small / "groups.csv").write_text("account;group\nada;x\nfay;x\n")
    quota = ["--quota", "x=1", "--groups", "groups.csv"]
    assert len({"ada", "fay"} & set(chosen("-k", 2, *quota, cwd=small))) <= 1


def test_money_that_could_be_two_amounts_is_refused(small):
    (small / "thousands.csv").write_text("account,cost\nada,1.200\nfay,950\neve,2.500\n")
    (small / "mixed.csv").write_text('account,cost\nada,950.5\nfay,"1.200,50"\n')
    for budget, cost, says in [
        ("1000", "thousands.csv", "line 2, column cost: '1.200' may be 1200 or 1.2: write 1200, or 1.20"),
        ("1.000", "1", "--budget: '1.000' may be 1000 or 1: write 1000, or 1.00"),
        ("1,125", "1", "--budget: '1,125' may be 1125 or 1.125: write 1125, or 1.1250"),
        ("5", "1.200", "--cost: '1.200' may be 1200 or 1.2"),
        ("5", "mixed.csv", "line 3, column cost: '950.5' and '1.200,50' have different decimal signs"),
        ("-5", "1", "--budget must be a number >= 0, got '-5'"),
        ("much", "1", "--budget must be a number >= 0, got 'much'"),
    ]:
        done = call("seeds", "g.csv", f"--budget={budget}", "--cost", cost, cwd=small, check=False)
        assert says in done.stderr, done.stderr
        assert done.returncode in (1, 2)


def test_all_names_that_nobody_bears_are_told_with_their_lines(small):
    (small / "few.csv").write_text("account,cost\nada,1\nghost,1\nfay,2\nzoe,3\n")
    said = call("seeds", "g.csv", "--budget", "5", "--cost", "few.csv", cwd=small, check=False).stderr
    assert "few.csv: no account of the graph has any of these 2 ids: 'ghost' (line 3), 'zoe' (line 5)\n" in said
    (small / "many.txt").write_text("".join(f"ghost{i}\n" for i in range(1, 1024)) + "ada\n")
    said = call("seeds", "g.csv", "-k", 1, "--never", "many.txt", cwd=small, check=False).stderr
    assert "these 1,023 ids: 'ghost1' (line 1)," in said
    assert "'ghost20' (line 20) and 1,003 more\n" in said
    assert "ghost21" not in said


def test_wishes_that_leave_nobody_are_told_in_the_options_names(small):
    (small / "dear.csv").write_text("account,cost\nada,70\nfay,50\n")
    dear = ["seeds", "g.csv", "--budget", "1", "--cost", "dear.csv"]
    for more in ([], ["--target-reach", "2"], ["-k", "1", "--compare", "opim"]):
        done = call(*dear, *more, cwd=small, check=False)
        said = done.stderr
        assert done.returncode == 2
        assert "error: --budget must pay for at least one account: the cheapest that may be chosen, 'fay', " in said
        assert "costs 50, got a budget of 1\n" in said
    words = ["seeds", "g.csv", "-k", 1, "--groups", "all.csv", "--quota", "a=0,b=0"]
    done = call(*words, "--never", "bob,cem,dan", cwd=small, check=False)
    assert done.returncode == 2
    assert "error: --quota must allow at least one account" in done.stderr
    assert call(*words, cwd=small).stdout.splitlines()[1].split()[1] in ("bob", "cem", "dan")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["spread", "absent.csv"], 1, "absent.csv"),
        (["spread", "log.csv"], 2, "holds a log of events"),
        (["spread", "g.csv", "--model", "sir", "--prob", "1"], 2, "--model must be ic or lt"),
        (["spread", "g.csv", "--prob", "2"], 2, "prob must be in [0, 1], got 2"),
        (
            ["spread", "g.csv", "--prob", "chanse"],
            2,
            "--prob must be a number, weighted_cascade, trivalency or a column",
        ),
        (["spread", "g.csv", "--weights", "uniform"], 2, "--weights goes with --model lt"),
        (["spread", "g.csv", "--rel-error", "0.1", "--samples", "9"], 2, "give one of"),
        (["spread", "g.csv", "--given", "zoe"], 1, "zoe"),
        (["spread", "g.csv", "-o", "s.xls"], 2, "--output must end in one of .csv"),
        (["spread", "g.csv", "-o", "absent/s.csv"], 1, "the folder does not exist"),
        (["simulate", "g.csv"], 2, "simulate needs seeds"),
        (["simulate", "g.csv", "--seeds", "zoe"], 1, "no account has the id 'zoe'"),
        (["simulate", "g.csv", "--seeds", "ada,,bob"], 2, "--seeds must be ids split at commas"),
        (["simulate", "g.csv", "--seeds", "a=ada", "--seeds", "a=bob"], 2, "names a plan 'a' twice"),
        (["simulate", "g.csv", "--seeds-file", "absent.txt"], 1, "absent.txt: there is no such file"),
        (["simulate", "g.csv", "--seeds-file", "zoe.txt"], 1, "zoe.txt, line 2: no account of the graph has the id"),
        (["simulate", "g.csv", "--seeds-file", "latin.txt"], 1, "no account of the graph has the id 'adé'"),
        (["simulate", "g.csv", "--seeds", "ada", "--model", "seir"], 2, "--model must be one of ic, lt, sir, sis"),
        (["simulate", "g.csv", "--seeds", "ada", "--model", "sir"], 2, "needs --rate and --recovery"),
        (["simulate", "g.csv", "--seeds", "ada", "--model", "sis", "--rate", "1", "--recovery", "1"], 2, "--max-time"),
        (["simulate", "g.csv", "--seeds", "ada", "--rate", "1"], 2, "--rate goes with --model sir or sis"),
        (["simulate", "g.csv", "--seeds", "ada", "--silent", "zoe"], 1, "zoe"),
        (["simulate", "g.csv", "--seeds", "ada", "--tie", "first"], 2, "--tie goes with --rivals"),
        (["simulate", "g.csv", "--seeds", "ada", "--rivals"], 2, "seeds must name 2 to 8 campaigns"),
        (["simulate", "g.csv", "--seeds", "ada", "--runs", "9", "--rel-error", "0.1"], 2, "give one of"),
        (["seeds", "g.csv"], 2, "say how many: -k 10"),
        (["seeds", "g.csv", "-k", "2", "--method", "magic"], 2, "method must be"),
        (["seeds", "g.csv", "-k", "2", "--cost", "costs.csv"], 2, "--cost needs --budget"),
        (["seeds", "g.csv", "--budget", "5"], 2, "--budget needs --cost: what each account asks for, as --cost 1"),
        (["seeds", "g.csv", "-k", "1", "--budget", "5", "--compare", "opim"], 2, "--budget needs --cost"),
        (["seeds", "g.csv", "--budget", "5", "--cost", "-1"], 2, "--cost must be a price >= 0"),
        (["seeds", "g.csv", "--budget", "5", "--cost", "absent.csv"], 1, "absent.csv"),
        (
            ["seeds", "g.csv", "--budget", "5", "--cost", "words.csv"],
            1,
            "words.csv, line 2, column cost: must be a number",
        ),
        (["seeds", "g.csv", "--budget", "5", "--cost", "three.csv"], 1, "three.csv, line 3: rows must be account,cost"),
        (["seeds", "g.csv", "--budget", "5", "--cost", "twice.csv"], 1, "twice.csv, line 4: 'ada' stands on line 2"),
        (["seeds", "g.csv", "--budget", "5", "--cost", "stranger.csv"], 1, "stranger.csv, line 2: no account of the"),
        (["seeds", "g.csv", "--budget", "5", "--cost", "quote.csv"], 1, "quote.csv, line 2: is no CSV"),
        (["seeds", "g.csv", "-k", "2", "--must", "absent.txt"], 1, "absent.txt: there is no such file"),
        (["seeds", "g.csv", "-k", "2", "--must", "ada", "--never", "ada"], 2, "must and never both name 'ada'"),
        (["seeds", "g.csv", "-k", "2", "--quota", "a=x", "--groups", "all.csv"], 2, "--quota must be whole numbers"),
        (["seeds", "g.csv", "-k", "2", "--quota", "a=1"], 2, "--quota needs --groups"),
        (["seeds", "g.csv", "-k", "2", "--quota", "z=1", "--groups", "all.csv"], 2, "which nobody is in"),
        (["seeds", "g.csv", "-k", "2", "--fairness", "maximin"], 2, "--fairness needs --groups"),
        (["seeds", "g.csv", "-k", "2", "--model", "sir", "--rate", "1", "--recovery", "1"], 2, "use --method celf"),
        (["seeds", "g.csv", "-k", "2", "--sources", "ada"], 2, "--sources goes with --remove"),
        (["seeds", "g.csv", "--remove"], 2, "--remove needs -k"),
        (["seeds", "g.csv", "-k", "2", "--remove", "--budget", "3"], 2, "--budget does not go with --remove"),
        (["seeds", "g.csv", "--compare", "opim"], 2, "--compare needs -k"),
        (["seeds", "g.csv", "-k", "2", "--compare", "opim,magic"], 2, "method must be"),
        (["whatif", "g.csv", "--seeds", "zoe"], 1, "zoe"),
        (["whatif", "g.csv", "--seeds", "ada", "--without", "bob"], 2, "--without must name seeds"),
        (["whatif", "g.csv", "--seeds", "ada", "--without", "ada"], 2, "leaves no seeds"),
        (["whatif", "g.csv", "--save", "full"], 1, "is there already"),
        (["whatif", "full", "--seeds", "ada"], 1, "full"),
    ],
)
def test_mistakes_end_in_one_line(small, words, code, says):
    (small / "zoe.txt").write_text("ada\nzoe\n")
    (small / "latin.txt").write_bytes(b"ad\xe9\n")
    (small / "words.csv").write_text("account,cost\nada,much\n")
    (small / "three.csv").write_text("ada,1\nfay,2\neve,3,4\n")
    (small / "twice.csv").write_text("account,cost\nada,1\nfay,2\nada,1\n")
    (small / "stranger.csv").write_text("ada,1\nzoe,2\n")
    (small / "quote.csv").write_text('ada,1\n"fay"x,2\n')
    (small / "full").mkdir()
    (small / "full" / "thing.csv").write_text("1,2\n")
    done = call(*words, "--quiet", cwd=small, check=False)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert len([line for line in done.stderr.splitlines() if line]) == 1


def test_repeats_are_a_note(small):
    words = ["simulate", "g.csv", "--seeds", "ada,ada", "--runs", 10]
    told_ = call(*words, cwd=small).stderr
    assert "note: 1 of 2 seeds" in told_
    assert ".py" not in told_
    assert call(*words, "--quiet", cwd=small).stderr == ""


def test_hostile_names(tmp_path):
    (tmp_path / "g.csv").write_text('follower,followed\nbob,"=cmd()"\ncem,"=cmd()"\nbob,\x1b[31mred\n')
    shown = call("seeds", "g.csv", "-k", 2, "--prob", "1", "-o", "s.csv", cwd=tmp_path)
    assert "\x1b[31m" not in shown.stdout + shown.stderr
    cells = [row["account"] for row in csv.DictReader((tmp_path / "s.csv").open())]
    assert "'=cmd()" in cells
    (tmp_path / "ids.txt").write_text("=cmd()\n")
    call("simulate", "g.csv", "--seeds-file", "ids.txt", cwd=tmp_path)
    answers = call("whatif", "g.csv", "--seeds-file", "ids.txt", cwd=tmp_path).stdout
    assert "\x1b[31m" not in answers
    call("whatif", "g.csv", "--seeds", "p\x1b[31m=bob", cwd=tmp_path)


def test_names_that_were_guarded_for_spreadsheets_are_read_back(tmp_path):
    (tmp_path / "g.csv").write_text("follower,followed\nbob,@ada\ncem,@ada\nbob,'fay\ncem,-x\n")
    graph = ["g.csv", "--prob", "1"]
    call("seeds", *graph, "-k", 4, "-o", "s.csv", cwd=tmp_path)
    assert {"'@ada", "'-x", "'fay"} <= {row["account"] for row in csv.DictReader((tmp_path / "s.csv").open())}
    assert told("simulate", *graph, "--seeds-file", "s.csv", cwd=tmp_path)["plans"][0]["mean"] == 5
    call("whatif", *graph, "--seeds-file", "s.csv", "--without", "'@ada", cwd=tmp_path)
    assert chosen("-k", "1", "--must", "'-x", cwd=tmp_path) == ["-x"]
    (tmp_path / "costs.csv").write_text("account,cost\n'@ada,3\n")
    priced = told("seeds", *graph, "--budget", "3", "--cost", "costs.csv", cwd=tmp_path)["seeds"]
    assert [(row["account"], row["cost"]) for row in priced] == [("@ada", 3)]
    call("score", "g.csv", "-o", "out", "-q", cwd=tmp_path)
    assert "@ada" in call("explain", "'@ada", "out", cwd=tmp_path).stdout
    (scores,) = (tmp_path / "out").glob("**/scores.csv")
    call("simulate", *graph, "--seeds-file", scores, cwd=tmp_path)
    assert "'@fay" in call("simulate", *graph, "--seeds", "'@fay", cwd=tmp_path, check=False).stderr


# -- real data ---------------------------------------------------------------------------------------------------------


def test_a_campaign_on_nethept(shared_data, tmp_path):
    file = shared_data / "graphs" / "NetHEPT.txt.gz"
    words = [file, "--direction", "undirected"]
    call("seeds", *words, "-k", 10, "-o", "s.csv", "--quiet", cwd=tmp_path)
    facts = told("simulate", *words, "--seeds-file", "s.csv", "--seeds", "one=64", "--runs", 1000, cwd=tmp_path)
    means = {plan["plan"]: plan["mean"] for plan in facts["plans"]}
    assert means["s"] > 250 > means["one"]
    call("whatif", *words, "--seeds-file", "s.csv", "--save", "o", "--samples", 20_000, "--quiet", cwd=tmp_path)
    answer = told("whatif", "o", "--seeds-file", "s.csv", cwd=tmp_path)["plans"][0]
    assert answer["interval"][0] < means["s"] * 1.1
    assert answer["interval"][1] > means["s"] * 0.9


def test_names_with_commas_go_into_a_file(tmp_path):
    (tmp_path / "g.csv").write_text('follower,followed\nbob,"Lee, Ann"\ncem,NULL\ndan,NULL\n')
    wrong = call("seeds", "g.csv", "-k", 1, "--must", "Lee, Ann", cwd=tmp_path, check=False).stderr
    assert "--must is split at commas: names that hold one go into a file, one a line" in wrong
    (tmp_path / "must.txt").write_text("Lee, Ann\n")
    assert chosen("-k", "1", "--must", "must.txt", cwd=tmp_path) == ["Lee, Ann"]
    shown = call("check", "g.csv", cwd=tmp_path).stdout
    assert "'NULL' is an account with 2 arcs: in logs this word means nobody" in shown
    assert call("score", "g.csv", "-o", "out", cwd=tmp_path).stderr.count("'NULL' is an account with 2 arcs") == 1
    call("convert", "g.csv", "g", "--quiet", cwd=tmp_path)
    of_folder = call("score", "g", "-o", "out", cwd=tmp_path).stderr
    assert of_folder.count("'NULL' is an account with 2 arcs") == 1, "of a graph's folder, which tells no file's notes"
