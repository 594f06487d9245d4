"""The command line from outside: tables, JSON, exit codes, errors without tracebacks, light start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SWAYRANK = [sys.executable, "-m", "swayrank"]


def call(*words, cwd=None, check=True, **environment):
    done = subprocess.run(
        [*SWAYRANK, *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"} | environment,
        check=False,
        timeout=300,
    )
    assert "Traceback" not in done.stderr, done.stderr
    if check:
        assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town") / "t"
    call("generate", "town", "-n", 400, "-o", folder, "--quiet")
    return folder


def test_score_of_a_town_as_table_json_and_run(town, tmp_path):
    out = tmp_path / "out"
    words = ["score", "--graph", town / "graph.csv", "--events", town / "events.csv", "-o", out]
    shown = call(*words, "--top", 5)
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["rank", "account", "score", "reach", "resonance", "spread"]
    assert [line.split()[0] for line in lines[1:6]] == ["1", "2", "3", "4", "5"]
    assert "400 accounts" in shown.stderr or "400 nodes" in shown.stderr
    files = {path.name for path in (out / "current").iterdir()}
    assert files == {
        "explanations.jsonl",
        "manifest.json",
        "reference.json",
        "rejects.csv",
        "scores.csv",
        "scores.parquet",
    }
    told = json.loads(call(*words, "--json", "--quiet", "--explain", lines[1].split()[1]).stdout)
    assert told["top"][0]["account"] == lines[1].split()[1]
    first = told["top"][0]
    assert sum(first["contributions"].values()) == pytest.approx(first["score"], abs=1e-9)
    assert told["explanations"][0]["posts"]
    assert len(list((out / "runs").iterdir())) == 2


def test_same_words_same_bytes(town, tmp_path):
    results = []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        call("score", town / "graph.csv", town / "events.csv", "-o", out, "--threads", threads, "--rng", 3, "--quiet")
        results.append((out / "current" / "scores.csv").read_bytes())
    assert results[0] == results[1]


def test_reference_is_kept_and_used(town, tmp_path):
    words = ["score", town / "graph.csv", town / "events.csv", "--json", "--quiet"]
    one = json.loads(call(*words, "--new-reference", tmp_path / "r.json").stdout)
    two = json.loads(call(*words, "--reference", tmp_path / "r.json", "--until", "2026-03-15").stdout)
    assert one["reference"] == two["reference"]
    assert one["top"] != two["top"]
    call(*words, "--reference", tmp_path / "r.json", "--half-life", 3, check=False)


def test_sampled_measures_repeat_themselves(town):
    tables = [call("measure", "spread", town / "graph.csv", *more).stdout for more in ([], [], ["--rng", "8"])]
    assert tables[0] == tables[1] != tables[2]


def test_how_files_were_understood_is_told(town, tmp_path):
    (tmp_path / "names.csv").write_text("ada,bob\nbob,cem\ncem,ada\n")
    for words in (["score"], ["measure", "in_degree"]):
        told = call(*words, tmp_path / "names.csv").stderr
        assert "3 kept" in told
        assert "comma" in told, told
    manifest = tmp_path / "out" / "current" / "manifest.json"
    call("score", "--graph", town / "graph.csv", "--direction", "influences", "-o", tmp_path / "out")
    assert json.loads(manifest.read_text())["recipe"]["graph_options"] == {"direction": "influences"}


def test_a_termination_tidies_up(town, tmp_path):
    big = tmp_path / "big"
    call("generate", "rmat", "-n", 2**17, "-o", big, "--quiet")
    process = subprocess.Popen([*SWAYRANK, "score", str(big), "-o", str(tmp_path / "out")], stderr=subprocess.PIPE)
    while not list((tmp_path / "out" / "runs").glob(".unfinished-*")) and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert not list((tmp_path / "out" / "runs").iterdir())


def test_measure_check_convert_generate(town, tmp_path):
    listed = json.loads(call("measure", "--list", "--json").stdout)
    assert {"pagerank", "in_degree", "k_core", "spread", "h_index"} <= {entry["name"] for entry in listed}
    call("convert", town / "graph.csv", tmp_path / "g")
    tables = [
        call("measure", "pagerank", file, "-p", "damping=0.5", "--top", 3).stdout
        for file in (town / "graph.csv", tmp_path / "g")
    ]
    assert tables[0] == tables[1]
    assert tables[0].splitlines()[0].split() == ["rank", "account", "pagerank"]
    for name in ("a.csv", "a.parquet", "a.json"):
        call("measure", "h_index", town / "events.csv", "-o", tmp_path / name, "--quiet")
        assert (tmp_path / name).stat().st_size > 100
    report = call("check", town / "graph.csv", town / "events.csv").stdout
    assert "accounts" in report
    assert json.loads(call("check", town / "events.csv", "--json").stdout)
    call("convert", town / "events.csv", tmp_path / "events.parquet")
    again = call("measure", "h_index", tmp_path / "events.parquet").stdout
    assert again == call("measure", "h_index", town / "events.csv").stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["score"], 2, "there is nothing to score"),
        (["score", "g.csv", "-o", "res.csv"], 2, "names a folder"),
        (["score", "g.csv", "--columns", "a,b"], 2, "no log was given"),
        (["score", "g.csv", "--data", "."], 2, "give a recipe"),
        (["score", "r.toml", "--direction", "follows"], 2, "belongs into the recipe"),
        (["score", "absent.toml"], 1, "there is no such file"),
        (["score", "folder"], 1, "inside.csv"),
        (["score", "--profile", "reach=1,reach=2", "--graph", "g.csv"], 2, "each name once"),
        (["measure", "pagerank", "log.csv"], 2, "holds a log of events"),
        (["measure", "spread", "g.csv", "-p", "threads=0"], 2, "an option of its own"),
        (["generate", "rmat", "-p", "n=5", "-o", "v"], 2, "an option of its own"),
        (["score", "absent.csv"], 1, "absent.csv"),
        (["score", "--profile", "famous", "--graph", "g.csv"], 2, "balanced"),
        (["score", "--profile", "reach=much", "--graph", "g.csv"], 2, "numbers"),
        (["score", "--half-life", "-1", "--graph", "g.csv"], 2, "half_life_days must be"),
        (["score", "--until", "soon", "--graph", "g.csv"], 2, "ISO date"),
        (["score", "--graph", "g.csv", "--source", "nobody", "--target", "b"], 2, "are 'a', 'b'"),
        (["score", "--graph", "g.csv", "--explain", "zoe"], 1, "zoe"),
        (["score", "--graph", "g.csv", "-o", "r.toml"], 1, "cannot keep results there"),
        (["score", "--graph", "g.csv", "--threads", "0"], 2, "threads must be"),
        (["measure", "pagerang", "g.csv"], 2, "pagerank"),
        (["measure", "pagerank", "g.csv", "-p", "damping=1.5"], 2, "damping must be in [0, 1), got 1.5"),
        (["measure", "pagerank", "g.csv", "-o", "out.xyz"], 2, ".parquet"),
        (["measure", "pagerank"], 2, "a file"),
        (["convert", "g.csv", "out.xyz"], 2, "folder"),
        (["generate", "village", "-o", "v"], 2, "town"),
        (["generate", "erdos_renyi", "-n", "10", "-p", "p=2", "-o", "v"], 2, "p must be"),
        (["nonsense"], 2, "nonsense"),
        (["check", "."], 1, "."),
    ],
)
def test_mistakes_end_in_one_line(tmp_path, words, code, says):
    (tmp_path / "g.csv").write_text("a,b\n1,2\n2,3\n3,1\n")
    (tmp_path / "r.toml").write_text('[graph]\nfile = "g.csv"\n')
    (tmp_path / "log.csv").write_text("actor,action,target,post,time\nada,like,bob,p1,2020-01-01\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.csv").write_text("1,2\n")
    done = call(*words, cwd=tmp_path, check=False)
    assert done.returncode == code, done.stderr
    assert says in done.stderr


def test_interrupt_leaves_the_previous_run(town, tmp_path):
    out = tmp_path / "out"
    call("score", town / "graph.csv", "-o", out, "--quiet")
    before = os.readlink(out / "current")
    big = tmp_path / "big"
    call("generate", "rmat", "-n", 2**17, "-o", big, "--quiet")
    process = subprocess.Popen(
        [*SWAYRANK, "score", str(big), "-o", str(out)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    while not list((out / "runs").glob(".unfinished-*")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "interrupted" in told
    assert "Traceback" not in told
    assert os.readlink(out / "current") == before
    assert len(list((out / "runs").iterdir())) == 1


def test_nothing_heavy_is_loaded_to_start():
    heavy = ["numba", "scipy", "duckdb", "pandas", "plotly", "pyarrow", "numpy", "rich"]
    for code in (
        "import swayrank",
        "import sys; sys.argv = ['swayrank', '--help']\n"
        "import swayrank.cli\ntry: swayrank.cli.main()\nexcept SystemExit: pass",
    ):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"{code}\nimport sys; print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.splitlines()[-1] == "[]"


def test_importing_loads_one_module_of_ours():
    code = "import sys; import swayrank; print([m for m in sys.modules if m.startswith('swayrank')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['swayrank']"


def test_hostile_names_stay_text(tmp_path):
    (tmp_path / "g.csv").write_text(
        'follower,followed\n"=HYPERLINK(1)",\x1b[31mred\n@SUM(A1),\x1b[31mred\nbob,\x1b[31mred\nbob,=cmd\nada,=cmd\ncem,=cmd\n'
    )
    out = tmp_path / "out"
    shown = call("score", "--graph", tmp_path / "g.csv", "-o", out, "--explain", "=cmd")
    assert "\x1b[31m" not in shown.stdout + shown.stderr
    cells = [line.split(",")[0].strip('"') for line in (out / "current" / "scores.csv").read_text().splitlines()]
    assert "'=cmd" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "@", "+")]


def test_version_and_completion():
    assert call("--version").stdout.startswith("swayrank 0.")
    script = Path(sys.executable).with_name("swayrank")
    asked = {"_SWAYRANK_COMPLETE": "complete_bash", "COMP_WORDS": "swayrank sc", "COMP_CWORD": "1"}
    done = subprocess.run([script], env=os.environ | asked, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["score"]


def test_doctor_finds_nothing_wrong():
    findings = json.loads(call("doctor", "--json").stdout)
    assert all(finding["good"] for finding in findings), findings


def test_demo_shows_scores_and_recovery():
    told = json.loads(call("demo", "-n", 500, "--json", "--quiet").stdout)
    by_name = {row["name"]: row for row in told["recovery"]}
    assert by_name["swayrank score"]["ndcg_at_100"] > by_name["followers"]["ndcg_at_100"]
    table = call("demo", "-n", 300).stdout
    assert "How well each ranking finds the true influence" in table


def test_command_reference_is_what_help_says():
    from docs.make_cli_reference import TARGET, reference

    assert TARGET.read_text(encoding="utf-8") == reference(), "run: make docs"
