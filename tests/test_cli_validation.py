"""`swayrank backtest` and `swayrank fit` from outside."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import sys
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayrank import _extras
from swayrank.cli.shared import DEFAULT_RNG
from tests import test_cli

QUICK = ("--replicates", 20, "--depth", 10, "--outcome", "engagers")


def call(*words, cwd, check=True):
    """The command inside this process: what the program costs to start is not what is tested here."""
    from typer.testing import CliRunner

    from swayrank.cli import app

    with contextlib.chdir(cwd):
        done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    if check:
        assert done.exit_code == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validation")
    call("generate", "town", "-n", 200, "-o", folder / "town", "--quiet", cwd=folder)
    (folder / "recipe.toml").write_text(
        '[[events]]\nfile = "town/events.csv"\nactor = "actor"\naction = "action"\ntarget = "target"\n'
        'post = "post"\ntime = "time"\n\n[graph]\nfile = "town/graph.csv"\nsource = "follower"\n'
        'target = "followed"\n\n[score]\nhalf_life_days = 5.0\n\n[backtest]\nsplit = "2026-03-20"\n'
        'as_of = "2026-03-01"\noutcome = "engagers"\nk = 10\nn_replicates = 20\nprofiles = ["reach", "balanced"]\n'
    )
    return folder


def backtest(town, *words, **more):
    return call("backtest", "town/graph.csv", "town/events.csv", *words, cwd=town, **more)


def fit(town, *words, **more):
    return call("fit", "town/graph.csv", "town/events.csv", "--as-of", "2026-03-01", *QUICK, *words, cwd=town, **more)


# -- backtest ----------------------------------------------------------------------------------------------------------


def test_a_table_and_words(town):
    shown = backtest(town, "--as-of", "2026-03-01", *QUICK)
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["ranking", "spearman", "ndcg_at_10", "precision_at_10"]
    assert [line.split()[0] for line in lines[1:8]] == [
        "balanced", "followers", "past_reposts", "past_engagement", "h_index", "pagerank", "random",
    ]  # fmt: skip
    assert "balanced against the best single measure" in shown.stdout, "the verdict is the result, not a note"
    assert "accounts ranked" in shown.stdout
    silent = backtest(town, "--as-of", "2026-03-01", *QUICK, "--quiet")
    assert silent.stdout == shown.stdout
    assert silent.stderr == ""


def test_the_same_from_files_named_otherwise_and_from_python(town):
    import swayrank as sr

    words = ("--split", "0.5", "--as-of", "2026-03-01", *QUICK, "--json", "--quiet")
    plain = json.loads(backtest(town, *words).stdout)
    named = call("backtest", "--graph", "town/graph.csv", "--events", "town/events.csv", *words, cwd=town)
    assert json.loads(named.stdout) == plain
    graph, events = sr.read_graph(town / "town/graph.csv"), sr.read_events([town / "town/events.csv"])
    found = sr.backtest(
        graph, events, split=0.5, as_of="2026-03-01", outcome="engagers", k=10, n_replicates=20,
        rng=DEFAULT_RNG,
    )  # fmt: skip
    assert plain["figures"] == json.loads(json.dumps(found.to_dict()))["figures"]


def test_a_recipe_and_what_is_said_over_it(town):
    found = json.loads(call("backtest", "recipe.toml", "--json", "--quiet", cwd=town).stdout)
    assert list(found["figures"])[:2] == ["reach", "balanced"]
    assert found["params"]["split"][0].startswith("2026-03-20")
    assert found["folds"][0]["half_life_days"] == 5
    over = json.loads(
        call("backtest", "recipe.toml", "--rolling", 2, "--depth", 5, "--no-graph", "--profile", "reach=1,spread=1",
             "--measure", "posts_published", "--unseen", 0.5, "--json", "--quiet", cwd=town).stdout
    )  # fmt: skip
    assert len(over["folds"]) == 2
    assert next(iter(over["figures"])) == "reach=1,spread=1"
    assert list(over["figures"])[-1] == "posts_published"
    assert (over["params"]["k"], over["params"]["unseen"]) == (5, 0.5)
    shares = json.loads(
        call("backtest", "recipe.toml", "--split", "0.5", "--split", "0.8", "--horizon", "3", "--json", "--quiet",
             cwd=town).stdout
    )  # fmt: skip
    assert len(shares["folds"]) == 2
    assert shares["params"]["horizon_days"] == 3


def test_a_folder_of_tables_and_figures(town, tmp_path):
    shown = backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", tmp_path / "out")
    files = {"backtest.json", "backtest.csv", "differences.csv", "removal.csv"}
    files |= {f"{what}{ending}" for what in ("metrics", "removal") for ending in (".html", ".png")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == files
    for name in files:
        assert name in shown.stderr
    facts = json.loads((tmp_path / "out/backtest.json").read_text())
    rows = list(csv.DictReader((tmp_path / "out/backtest.csv").open()))
    assert [row["measure"] for row in rows] == list(facts["figures"])
    assert float(rows[0]["spearman"]) == pytest.approx(facts["figures"]["balanced"]["spearman"][0], abs=1e-6)


@pytest.mark.parametrize("ending", ["json", "csv", "parquet"])
def test_single_files(town, tmp_path, ending):
    target = tmp_path / f"found.{ending}"
    backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", target, "--quiet")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    if ending == "parquet":
        assert pq.read_table(target).column("measure")[0].as_py() == "balanced"


def test_an_outcome_from_a_file(town, tmp_path):
    names = [row["follower"] for row in csv.DictReader((town / "town/graph.csv").open())]
    names = list(dict.fromkeys(names))
    (tmp_path / "later.csv").write_text(
        "note,who,views\n" + "".join(f"x,{name},{i % 7}\n" for i, name in enumerate(names)) + "x,nobody,\n"
    )
    words = (
        "--outcome-file",
        tmp_path / "later.csv",
        "--outcome-id",
        "who",
        "--outcome-column",
        "views",
        "--depth",
        10,
    )
    found = json.loads(backtest(town, "--as-of", "2026-03-01", *words, "--json", "--quiet").stdout)
    assert found["params"]["outcome"] == "given"
    assert found["folds"][0]["n_accounts"] == len(names)
    pq.write_table(
        pa.table({"account": names, "partner": [i % 2 == 0 for i in range(len(names))]}), tmp_path / "p.parquet"
    )
    words = ("--outcome-file", tmp_path / "p.parquet", "--depth", 10)
    found = json.loads(call("backtest", "town/graph.csv", *words, "--json", "--quiet", cwd=town).stdout)
    assert found["folds"][0]["outcome_total"] == (len(names) + 1) // 2
    over = call("backtest", "recipe.toml", *words, "--json", "--quiet", cwd=town)  # stands over the recipe's outcome
    assert json.loads(over.stdout)["params"]["outcome"] == "given"


def test_whole_numbers_as_ids_are_found_in_an_outcome_file(tmp_path):
    (tmp_path / "g.csv").write_text("follower,followed\n1,2\n3,2\n4,2\n1,3\n4,3\n2,1\n")
    (tmp_path / "later.csv").write_text("account,views\n1,1\n2,9\n3,4\n4,0\n")
    found = json.loads(
        call("backtest", "g.csv", "--outcome-file", "later.csv", "--depth", 2, "--json", "--quiet", cwd=tmp_path).stdout
    )
    assert found["folds"][0]["n_accounts"] == 4
    assert found["figures"]["followers"]["spearman"][0] == 1


def test_hostile_names_are_inert(tmp_path):
    bad = ["<script>alert(1)</script>", "=1+1", "\x1b[31mred", "$x_{$", "plain", "a,b"]
    with (tmp_path / "log.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["actor", "action", "target", "post", "time"])
        for day in range(1, 21):
            for i, name in enumerate(bad):
                rows.writerow([name, "repost", bad[(i + day) % len(bad)], f"p{day}-{i}", f"2026-01-{day:02}"])
    shown = call("backtest", "log.csv", "--depth", 2, "--replicates", 20, "-o", "out", cwd=tmp_path)
    assert "\x1b[31m" not in shown.stdout + shown.stderr
    assert "<script>alert" not in (tmp_path / "out/metrics.html").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "graph may know the future"),
        (("--as-of", "2026-03-29"), "graph knows the future"),
        (("--no-graph", "--outcome", "likes"), "outcome must be one of reposts"),
        (("--no-graph", "--split", "2027-01-01"), "must leave events before and after it"),
        (("--no-graph", "--split", "soon"), "a time must be an ISO date"),
        (("--no-graph", "--split", "0.5", "--rolling", "2"), "give either split or rolling"),
        (("--no-graph", "--outcome", "reposts", "--outcome-file", "bad.csv"), "either outcome or outcome_file"),
        (("--no-graph", "--outcome-column", "x"), "outcome_column is about an outcome_file"),
        (("--no-graph", "--profile", "best"), "profile must be one of"),
        (("--no-graph", "--measure", "likes"), "measures must name registered ones"),
        (("--no-graph", "--unseen", "2"), "unseen"),
        (("--no-graph", "-o", "found.xlsx"), "--output must be a folder, or end in .json, .csv or .parquet"),
    ],
)
def test_errors_are_one_line(town, words, says):
    failed = backtest(town, *words, "--quiet", check=False)
    assert failed.exit_code == 2
    assert failed.stdout == ""
    assert len(failed.stderr.strip().splitlines()) == 1
    assert says in failed.stderr


@pytest.mark.parametrize(
    ("table", "more", "says"),
    [
        (None, (), "there is no such file"),
        ("account,views\nada,3\nbob,many\n", (), "must be a number, got 'many'"),
        ("account,views\nada,3\nada,4\n", (), "account ada stands twice"),
        ("account\nada\n", (), "a column of accounts and one of numbers"),
        ("", (), "column"),
        ("account,views\nada,3\n", ("--outcome-column", "x"), "outcome_column must be one of its columns"),
        ("account,views\nada,3\n", ("--outcome-id", "x"), "outcome_id must be one of its columns"),
    ],
)
def test_faults_of_an_outcome_file_are_one_line(town, tmp_path, table, more, says):
    if table is not None:
        (tmp_path / "later.csv").write_text(table)
    failed = backtest(town, "--no-graph", "--outcome-file", tmp_path / "later.csv", *more, "--quiet", check=False)
    assert failed.exit_code == 1
    assert len(failed.stderr.strip().splitlines()) == 1
    assert "later.csv" in failed.stderr
    assert says in failed.stderr


def test_as_a_program(town):
    words = ["backtest", "town/graph.csv", "town/events.csv", *QUICK]
    told = test_cli.call(*words, "--as-of", "2026-03-01", "--json", "--quiet", cwd=town)
    assert json.loads(told.stdout)["params"]["outcome"] == "engagers"
    failed = test_cli.call(*words, "--quiet", cwd=town, check=False)
    assert (failed.returncode, len(failed.stderr.splitlines())) == (2, 1)


def test_a_recipe_with_an_unknown_key(town):
    (town / "odd.toml").write_text((town / "recipe.toml").read_text() + "horizon = 3\n")
    failed = call("backtest", "odd.toml", "--quiet", cwd=town, check=False)
    assert failed.exit_code == 2
    assert "[backtest] takes split" in failed.stderr
    assert "'horizon'" in failed.stderr


def test_a_failed_run_leaves_what_was_there(town, tmp_path):
    out = tmp_path / "out"
    backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", out, "--quiet")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for words in (("-o", out), ("--as-of", "2026-03-01", "--split", "2027-01-01", "-o", out)):
        assert backtest(town, *words, "--quiet", check=False).exit_code == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", out, "--quiet")  # again: the same bytes, but for plotly's ids
    for name in ("backtest.json", "backtest.csv", "differences.csv", "removal.csv"):
        assert (out / name).read_bytes() == before[name]


# -- fit ---------------------------------------------------------------------------------------------------------------


def test_fit_tells_and_writes_a_recipe(town, tmp_path):
    shown = fit(town, "--no-free-model", "-o", tmp_path / "weights.toml")
    assert shown.stdout.splitlines()[0].split()[0] == "ranking"
    assert shown.stdout.splitlines()[1].split()[0] == "fitted"
    assert "weights: reach=" in shown.stdout
    assert "cross-validated over accounts, gain over: balanced" in shown.stderr
    assert "swayrank score --profile reach=" in shown.stderr
    text = (tmp_path / "weights.toml").read_text()
    assert text.startswith("[score]\nprofile = { reach = ")
    facts = json.loads(fit(town, "--no-free-model", "--json", "--quiet").stdout)
    assert sum(facts["weights"].values()) == pytest.approx(1)
    for part, weight in facts["weights"].items():
        assert f"{part} = {weight:g}" in text
    option = next(line for line in shown.stderr.splitlines() if "--profile" in line).split("--profile ")[1].split()[0]
    scored = call("score", "town/graph.csv", "town/events.csv", "--profile", option, "--quiet", "--top", 1, cwd=town)
    assert scored.stdout


def test_fit_takes_the_recipes_table(town, tmp_path):
    table = 'splits = ["2026-03-08", "2026-03-14", "2026-03-20"]\nmin_weight = 0.1\nfree_model = false\n'
    (town / "both.toml").write_text((town / "recipe.toml").read_text() + table)
    assert call("backtest", "both.toml", "--quiet", cwd=town).stdout  # what is for fit alone does not disturb it
    call("fit", "both.toml", "-o", tmp_path / "f.json", "--quiet", cwd=town)
    facts = json.loads((tmp_path / "f.json").read_text())
    assert min(facts["weights"].values()) >= 0.1 - 1e-9
    assert facts["params"]["outcome"] == "engagers"
    assert facts["params"]["k"] == 10


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--splits", "0.4,0.6"), "splits must be three"),
        (("--splits", "0.4,0.4,0.6"), "three different instants"),
        (("--outcome", "likes"), "outcome must be one of reposts"),
        (("--as-of", "2026-03-29"), "graph knows the future"),
        (("--min-weight", "0.5"), "min_weight"),
        (("-o", "weights.csv"), "--output must end in .json or .toml"),
    ],
)
def test_errors_of_fit_are_one_line(town, words, says):
    failed = fit(town, *words, "--no-free-model", "--quiet", check=False)
    assert failed.exit_code == 2
    assert len(failed.stderr.strip().splitlines()) == 1
    assert says in failed.stderr


def test_fit_needs_a_log(town):
    failed = call("fit", "town/graph.csv", "--quiet", cwd=town, check=False)
    assert failed.exit_code == 2
    assert "fit needs a log" in failed.stderr


def test_an_output_never_replaces_what_is_read(town):
    log = (town / "town/events.csv").read_bytes()
    done = backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", "town/events.csv", check=False)
    assert done.exit_code == 2
    assert "--output must not be a file that is read" in done.stderr
    assert (town / "town/events.csv").read_bytes() == log


# -- packages that are not there ---------------------------------------------------------------------------------------


def without(monkeypatch, *modules):
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)


def test_a_backtest_without_plotly_writes_its_tables_and_says_what_it_left_out(town, tmp_path, monkeypatch):
    without(monkeypatch, "plotly")
    shown = backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"backtest.json", "backtest.csv", "differences.csv", "removal.csv"}
    assert 'left out: metrics.html and removal.html; a page needs plotly: pip install "swayrank[noteb' in shown.stderr
    assert "left out: metrics.png and removal.png; a picture needs plotly:" in shown.stderr


def test_pages_are_written_where_matplotlib_alone_is_missing(town, tmp_path, monkeypatch):
    without(monkeypatch, "matplotlib")
    shown = backtest(town, "--as-of", "2026-03-01", *QUICK, "-o", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").glob("metrics.*")} == {"metrics.html"}
    assert "left out: metrics.png and removal.png; a picture needs matplotlib:" in shown.stderr


def test_every_cure_names_an_extra_that_brings_the_package():
    root = Path(__file__).parent.parent
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for called, extra in _extras._KNOWN.values():
        assert called.lower() in {re.split(r"[\[>]", one)[0] for one in extras[extra]}
    for file in [*(root / "src").rglob("*.py"), *(root / "docs").glob("*.md")]:
        told = re.findall(r"pip install ([^`\n]+)", file.read_text()) if file.name != "_extras.py" else []
        wrong = [one for one in told if not one.startswith(('"swayrank[', "tzdata", "-"))]
        assert not wrong, f"{file} names no extra: {wrong}"


@pytest.mark.parametrize(
    ("words", "absent", "cure"),
    [
        ("fit town/graph.csv town/events.csv", "sklearn", 'pip install "swayrank[learn]"; or fit without it'),
        ("report out -o {}/page.html --figures {}/figures", "matplotlib", 'pip install "swayrank[notebook]"'),
        ("correlate town/graph.csv --measures pagerank,in_degree -o {}/map.html", "plotly", "or write .csv"),
        ("calibrate town/graph.csv town/events.csv -o {}/curve.svg", "matplotlib", "or write .csv"),
        ("communities town/graph.csv", "networkit", "or take --method label_propagation"),
    ],
)
def test_what_is_missing_is_told_before_the_work(town, tmp_path, monkeypatch, words, absent, cure):
    def never(*_, **__):
        raise AssertionError("it began to work")

    for job in ("validation_jobs.run_fit", "report.write.write_report", "correlate_jobs.run_correlate",
                "calibration_jobs.run_calibrate", "communities_jobs.run_communities"):  # fmt: skip
        monkeypatch.setattr(f"swayrank.{job}", never)
    without(monkeypatch, absent)
    done = call(*words.format(tmp_path, tmp_path).split(), cwd=town, check=False)
    assert done.exit_code == 1
    assert cure in done.stderr
    assert not list(tmp_path.iterdir())
