"""The command line from outside: tables, JSON, exit codes, errors without tracebacks, light start."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from swayrank.cli.wording import in_words_of
from swayrank.results import file_hash

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
    headings = ["rank", "between", "account", "score", "from-to", "reach", "resonance", "spread", "role"]
    assert lines[0].split() == headings
    assert [line.split()[0] for line in lines[1:6]] == ["1", "2", "3", "4", "5"]
    best, rank = lines[1].split()[2], lines[1].split()[1]
    assert "what varies: reach (reactions, by post), resonance (reactions, by post)" in shown.stderr
    assert "chosen by: the" in shown.stderr
    assert "400 accounts" in shown.stderr or "400 nodes" in shown.stderr
    files = {path.name for path in (out / "current").iterdir()}
    assert files == {
        "accounts.parquet",
        "activity.json",
        "communities.json",
        "explanations.jsonl",
        "map.json",
        "manifest.json",
        "reference.json",
        "rejects.csv",
        "scores.csv",
        "scores.parquet",
    }
    told = json.loads(call(*words, "--json", "--quiet", "--explain", best).stdout)
    first = told["top"][0]
    assert first["account"] == best
    assert "-".join(dict.fromkeys(map(str, first["rank_between"]))) == rank
    assert first["score_between"][0] <= first["score"] <= first["score_between"][1]
    assert told["intervals"]["confidence"] == 0.95
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


def test_references_by_name(town, tmp_path):
    words = ["score", town / "graph.csv", town / "events.csv", "--json", "--quiet", "--replicates", 0]
    named = json.loads(call(*words, "--reference", "town", "--new-reference", tmp_path / "r.json").stdout)
    assert named["intervals"] is None
    kept = json.loads((tmp_path / "r.json").read_text())
    assert kept["hash"] == named["reference"]
    assert kept["made"]["accounts"] == 10_000
    assert json.loads(call(*words, "--reference", tmp_path / "r.json").stdout)["top"] == named["top"]


def test_half_lives_have_names(town):
    words = ["score", town / "graph.csv", town / "events.csv", "--json", "--quiet", "--replicates", 0]
    by_name, by_days = (json.loads(call(*words, "--half-life", value).stdout) for value in ("week", 7))
    assert by_name["parameters"]["half_life_days"] == 7
    assert by_name["top"] == by_days["top"]


def test_columns_of_posts_are_named(tmp_path):
    (tmp_path / "p.csv").write_text("Who,Favs,Fans\nada,40,900\nbob,7,100\ncem,1,30\n")
    words = ["score", "--posts", tmp_path / "p.csv", "--posts-columns", "account=Who,likes=Favs,followers=Fans"]
    told = json.loads(call(*words, "--json", "--quiet").stdout)
    assert [row["account"] for row in told["top"]] == ["ada", "bob", "cem"]
    assert told["top"][0]["parts"].keys() == {"reach", "resonance"}


@pytest.fixture(scope="module")
def runs(town, tmp_path_factory):
    """Two kept runs of a town, the earlier half first, and the names of its three highest."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("graph.csv", "events.csv"):
        shutil.copy(town / name, folder / name)
    call("score", "graph.csv", "events.csv", "-o", "out", "--until", "2026-03-15", "--quiet", cwd=folder)
    more = ["--reference", "out/current/reference.json", "--json", "--quiet"]
    told = json.loads(call("score", "graph.csv", "events.csv", "-o", "out", *more, cwd=folder).stdout)
    return folder, [row["account"] for row in told["top"][:3]]


def test_explain_of_a_run_and_of_files_agree(runs):
    folder, (best, second, _) = runs
    of_run = json.loads(call("explain", best, second, "out", "--json", cwd=folder).stdout)
    assert [one["account"] for one in of_run] == [best, second]
    reference = ["--reference", "out/current/reference.json"]
    of_files = json.loads(
        call("explain", best, "graph.csv", "events.csv", *reference, "--json", "--quiet", cwd=folder).stdout
    )
    assert of_files == of_run[:1]
    text = call("explain", best, cwd=folder)
    assert text.stdout.startswith(f"{best}: ")
    assert "looking into out" in text.stderr
    assert text.stdout == call("explain", best, "out", "--quiet", cwd=folder).stdout
    assert call("explain", best, "--quiet", cwd=folder).stderr == ""
    first = call("explain", "out", cwd=folder)
    assert first.stdout == text.stdout, "of a run alone, its highest-ranked account"
    assert "the highest-ranked account of out, since none is named" in first.stderr
    assert call("explain", "--quiet", cwd=folder).stdout == text.stdout
    assert call("explain", "--quiet", cwd=folder).stderr == ""
    assert json.loads(call("explain", "out", "--json", "--quiet", cwd=folder).stdout) == of_run[:1]
    done = call("explain", best, "out", "--profile", "reach", cwd=folder, check=False)
    assert (done.returncode, "is for files" in done.stderr) == (2, True)
    assert call("explain", "out", best, cwd=folder).stdout == text.stdout, "a run may stand first"
    done = call("explain", "out", f"{best[:-1]}É", cwd=folder, check=False)
    assert f"no account has the id '{best[:-1]}É'; did you mean" in done.stderr


def keep_explanations(run, n):
    """Make a run one that explains only its first n accounts; returns all lines that it had."""
    path, manifest = (run / "explanations.jsonl").resolve(), (run / "manifest.json").resolve()
    lines, old = path.read_text().splitlines(), file_hash(path)
    path.write_text("".join(f"{line}\n" for line in lines[:n]))
    manifest.write_text(manifest.read_text().replace(old, file_hash(path)))
    return lines


def test_explain_scores_again_what_was_not_kept(runs, tmp_path):
    folder, (_, second, _) = runs
    copy = tmp_path / "moved"
    shutil.copytree(folder, copy, symlinks=True)
    kept = keep_explanations(copy / "out" / "current", 1)
    again = call("explain", second, copy / "out", "--json")
    assert "scored again from the data" in again.stderr
    assert "differ" not in again.stderr
    before = next(json.loads(line) for line in kept if json.loads(line)["account"] == second)
    assert json.loads(again.stdout) == [{name: value for name, value in before.items() if name != "text"}]


def test_compare_of_a_run_with_and_without_its_data(runs, tmp_path):
    folder, (best, second, third) = runs
    paired = call("compare", second, best, "out", cwd=folder)
    assert "scored again from the data" in paired.stderr
    assert best in paired.stdout.splitlines()[0]
    both = json.loads(call("compare", best, second, third, "out", "--json", "--quiet", cwd=folder).stdout)
    assert len(both) == 2
    copy = tmp_path / "moved"
    shutil.copytree(folder, copy, symlinks=True)
    manifest = (copy / "out" / "current" / "manifest.json").resolve()
    manifest.write_text(manifest.read_text().replace(str(folder), str(tmp_path / "gone")))
    beside = call("compare", second, best, copy / "out", cwd=tmp_path)
    assert beside.stdout == paired.stdout
    log = copy / "events.csv"
    log.write_text(log.read_text() + "zoe,like,ada,p,2026-03-30\n")
    changed = call("compare", second, best, "out", cwd=copy)
    assert "events.csv: the file has changed" in changed.stderr
    assert "of independent estimates" in changed.stdout
    log.unlink()
    gone = call("compare", best, second, "out", "--json", cwd=copy)
    assert "events.csv: the file is gone" in gone.stderr
    assert json.loads(gone.stdout)[0]["a"]["account"] == best
    assert json.loads(gone.stdout)[0].keys() == both[0].keys(), "one schema, with the data and without"
    keep_explanations(copy / "out" / "current", 0)
    done = call("explain", best, "out", cwd=copy, check=False)
    assert (done.returncode, "events.csv" in done.stderr) == (1, True)


def test_history_of_runs_and_of_an_account(runs):
    folder, (best, second, _) = runs
    lines = call("history", "out", cwd=folder).stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["2026-03-15", "2026-03-30"]
    shown = call("history", "out", best, second, cwd=folder).stdout
    assert shown.startswith(f"{best}\n")
    assert shown.count("data until") == 2
    assert shown.count("points from 2026-03-15 to 2026-03-30") == 2
    told = json.loads(call("history", "out", best, "--json", cwd=folder).stdout)
    assert [row["time"][:10] for row in told["rows"]] == ["2026-03-15", "2026-03-30"]
    change = told["changes"][0]
    assert sum(part["points"] for part in change["parts"]) == pytest.approx(
        told["rows"][1]["score"] - told["rows"][0]["score"], abs=1e-9
    )
    again = call("history", "out", best, "--again", cwd=folder)
    assert "scored again from the data" in again.stderr
    assert ": what came since" in again.stdout
    done = call("history", "out", "nobody_here", cwd=folder, check=False)
    assert (done.returncode, "nobody_here" in done.stderr) == (1, True)


def test_runs_of_another_scale_are_told(runs, tmp_path):
    folder, (best, *_) = runs
    shutil.copytree(folder, tmp_path / "c", symlinks=True)
    call("score", "graph.csv", "events.csv", "-o", "out", "--profile", "reach", "--quiet", cwd=tmp_path / "c")
    shown = call("history", "out", best, cwd=tmp_path / "c")
    assert [line.split()[-1] for line in shown.stdout.splitlines()[2:5]] == ["A", "A", "B"]
    assert "--reference out/runs/" in shown.stderr


def test_a_table_fits_a_terminal(town):
    """In a pseudo-terminal of 80 columns nothing is broken or cut; what does not fit is left out."""
    for width in (80, 40):
        lines = _in_terminal(["score", town / "graph.csv", town / "events.csv", "--quiet", "--top", 3], width)
        plain = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in lines]
        table = [line for line in plain if line.lstrip().startswith(("rank", "1 ", "2 ", "3 "))]
        assert len(table) == 4, plain
        assert max(map(len, table)) <= width
        assert table[0].split()[:4] == ["rank", "between", "account", "score"]
        assert ("role" in table[0]) == (width == 80)
        assert ("spread" in table[0]) == (width == 80)
        assert any("\x1b[1m" in line for line in lines), "headings are bold on a terminal"


def _in_terminal(words, width):
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    hidden = {"NO_COLOR", "COLUMNS", "LINES"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        [*SWAYRANK, *map(str, words)], stdin=writer, stdout=writer, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        os.close(writer)
        text = b""
        while True:
            try:
                piece = os.read(reader, 65536)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not piece:
                break
            text += piece
    os.close(reader)
    assert process.returncode == 0
    return text.decode().replace("\r\n", "\n").splitlines()


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
        (["score", "--half-life", "weak", "--graph", "g.csv"], 2, "'week'"),
        (["score", "--replicates", "5", "--graph", "g.csv"], 2, "--replicates must be an integer in [20, 100000]"),
        (["score", "--replicates", "-3", "--graph", "g.csv"], 2, "or 0 for none, got -3"),
        (["report", "g.csv"], 1, "this is a file, not a swayrank result; make one with: swayrank score ... -o out"),
        (
            ["explain", "-dash", "out"],
            2,
            "No such option: -d (a name that begins with - stands after --, as in: -- -da",
        ),
        (
            ["generate", "town", "-n", "60", "-o", "own"],
            1,
            "own holds graph.csv, which generate did not make and will n",
        ),
        (["serve", "absent", "--port", "1"], 1, "absent: there is no swayrank result here"),
        (["score", "--confidence", "2", "--graph", "g.csv"], 2, "confidence must be"),
        (["score", "--reference", "village", "--graph", "g.csv"], 1, "they are: town"),
        (["score", "--reference", "r.toml", "--graph", "g.csv"], 1, "no swayrank reference"),
        (["score", "g.csv", "--posts-columns", "likes=Favs"], 2, "no table of posts was given"),
        (["score", "g.csv", "--posts-columns", "likes"], 2, "--posts-columns must look like"),
        (["explain", "1"], 2, "is a file or folder"),
        (["explain"], 2, "there is no run in out"),
        (["explain", "1", "absent.csv"], 2, "is a file or folder"),
        (["explain", "1", "g.csv", "absent.csv"], 1, "absent.csv: there is no such file"),
        (["explain", "9", "g.csv"], 1, "no account has the id '9'"),
        (["explain", "1", "folder"], 1, "inside.csv"),
        (["compare", "1", "g.csv"], 2, "at least 2 accounts"),
        (["compare", "1", "9", "g.csv"], 1, "no account has the id '9'"),
        (["history", "folder"], 1, "no swayrank result"),
        (["history", "absent"], 1, "no swayrank result"),
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
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "graph.csv").write_text("1,2\n")
    done = call(*words, cwd=tmp_path, check=False)
    assert done.returncode == code, done.stderr
    assert says in done.stderr


def test_what_is_replaced_or_stood_beside_is_told(tmp_path):
    words = ["generate", "town", "-n", 60, "-o", "town"]
    assert "in place of" not in call(*words, cwd=tmp_path).stderr
    assert "town, in place of the town that was there" in call(*words, cwd=tmp_path).stderr
    words = ["score", "town/graph.csv", "-o", "town", "--replicates", 0]
    beside = "note: town holds other files (events.csv, graph.csv, posts.csv and 1 more); runs are put beside them"
    assert beside in call(*words, cwd=tmp_path).stderr


def test_the_demonstration_tells_how_the_command_is_found(monkeypatch):
    from swayrank.cli import trial

    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "in this terminal and in every new one" in trial._first()
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert trial._first() == ""


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


_UNUSED_BY_GRAPHS = (
    "duckdb", "narwhals", "pandas", "pyarrow.parquet", "sklearn", "plotly", "matplotlib", "networkx", "fastapi",
    "sqlalchemy", "swayrank.pipeline", "swayrank.sources.events", "swayrank.learning", "swayrank.validation",
    "swayrank.measures.centrality.betweenness", "swayrank.measures.engagement", "swayrank.sources.tables",
)  # fmt: skip


@pytest.mark.parametrize(
    ("command", "loads"),
    [
        (["check", "g.csv"], ()),
        (["measure", "in_degree", "g.csv"], ()),
        (["spread", "g.csv", "--samples", "64"], ()),
        (["generate", "erdos_renyi", "-n", "20", "-p", "p=0.1", "-o", "made"], ("swayrank.sources.tables",)),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_a_command_about_graphs_loads_only_what_it_uses(tmp_path, command, loads):
    (tmp_path / "g.csv").write_text("follower,followed\nann,bob\ncem,bob\nbob,cem\n")
    code = (
        "import sys\nimport swayrank.cli\n"
        "try: swayrank.cli.main()\nexcept SystemExit as end: assert not end.code, end\n"
        f"print([m for m in {_UNUSED_BY_GRAPHS!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == str(list(loads))


_UNUSED_BY_KEPT_RUNS = (
    "numba",
    "llvmlite",
    "scipy",
    "duckdb",
    "sklearn",
    "plotly",
    "matplotlib",
    "networkx",
    "sqlalchemy",
)


@pytest.mark.parametrize(
    ("command", "more"),
    [
        (["explain"], ("pandas",)),
        (["explain", "ACCOUNT", "out"], ("pandas",)),
        (["explain", "ACCOUNT", "out", "--json"], ("pandas",)),
        (["history", "out"], ("pandas", "pyarrow")),
        (["history", "out", "ACCOUNT"], ()),
        (["report", "out", "-o", "r.html"], ()),
        (["report", "out", "-o", "r.md"], ()),
    ],
    ids="-".join,
)
def test_a_command_about_kept_runs_loads_no_compiler(runs, command, more):
    folder, best = runs
    unused = [*_UNUSED_BY_KEPT_RUNS, *more]
    code = (
        "import sys\nimport swayrank.cli\n"
        "try: swayrank.cli.main()\nexcept SystemExit as end: assert not end.code, end\n"
        f"print([m for m in {unused!r} if m in sys.modules], file=sys.stderr)"
    )
    words = [best[0] if word == "ACCOUNT" else word for word in command]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=True)
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


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("swayrank score --profile ba", ["balanced"]),
        ("swayrank score --reference to", ["town"]),
        ("swayrank measure pager", ["pagerank"]),
    ],
)
def test_names_are_completed(words, offers):
    script = Path(sys.executable).with_name("swayrank")
    n = str(len(words.split()) - 1)
    asked = {"_SWAYRANK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": n}
    done = subprocess.run([script], env=os.environ | asked, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offers


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


def test_rates_prints_and_writes(town, tmp_path):
    out = tmp_path / "rates.csv"
    told = call("rates", town / "posts.csv", "--per", "views", "--top", "3", "-o", out)
    assert told.returncode == 0
    heading, *rows = told.stdout.splitlines()
    assert heading.split()[:6] == ["rank", "account", "posts", "shrunk", "low", "high"]
    shrunk = [float(row.split()[3]) for row in rows]
    assert len(rows) == 3
    assert shrunk == sorted(shrunk, reverse=True)
    assert out.read_text(encoding="utf-8").splitlines()[0].startswith('"account","posts","pooled"')
    wrong = call("rates", town / "posts.csv", "--per", "vews", check=False)
    assert wrong.returncode == 2
    assert "views" in wrong.stderr


def test_activity_on_another_clock(town):
    here = json.loads(call("activity", town / "events.csv", "--json").stdout)
    there = json.loads(call("activity", town / "events.csv", "--timezone", "Asia/Tokyo", "--json").stdout)
    by_hour = [sum(column) for column in zip(*here["counts"], strict=True)]
    moved = [sum(column) for column in zip(*there["counts"], strict=True)]
    assert moved == [by_hour[(hour - 9) % 24] for hour in range(24)]
    wrong = call("activity", town / "events.csv", "--timezone", "Asia/Tokio", check=False)
    assert wrong.returncode == 2
    assert "Asia/Tokyo" in wrong.stderr


def test_score_shows_what_other_weights_would_change(town):
    told = call("score", town / "graph.csv", town / "events.csv", "--sensitivity")
    assert "what decides: resonance" in told.stdout
    assert told.stdout.count(" of 10 stay") == 6
    assert "of the differences between scores" in told.stderr


@pytest.fixture
def small(tmp_path):
    """A log of five days, its follows, and counts per post, small enough to count by hand."""
    rows = ["ada,post,,p1,2024-01-01T08:00", "bob,post,,p2,2024-01-04T08:00"]
    rows += [f"u{i},like,ada,p1,2024-01-0{1 + i}T09:00" for i in range(4)] + ["u1,RT,bob,p2,2024-01-05T09:00"]
    (tmp_path / "log.csv").write_text("actor,action,target,post,time\n" + "\n".join(rows) + "\n")
    follows = [f"u{i},ada" for i in range(8)] + ["u1,bob", "u2,bob"]
    (tmp_path / "follows.csv").write_text("follower,followed\n" + "\n".join(follows) + "\n")
    (tmp_path / "posts.csv").write_text(
        "account,likes,views,followers\nada,10,1000,50\nada,30,1000,50\nada,80,1000,50\nbob,3,4,50\n"
    )
    return tmp_path


def test_rates_of_a_log_with_followers_of_a_graph(small):
    given = ("rates", small / "log.csv", "--graph", small / "follows.csv", "--json")
    pooled = {row["account"]: row["pooled"] for row in json.loads(call(*given).stdout)["top"]}
    assert pooled["ada"] == 4 / 8
    assert pooled["bob"] == 1 / 2
    pooled = {row["account"]: row["pooled"] for row in json.loads(call(*given, "--until", "2024-01-03").stdout)["top"]}
    assert pooled == {"ada": 2 / 8}
    wrong = call("rates", small / "posts.csv", "--days", "3", check=False)
    assert (wrong.returncode, "--days is for logs" in wrong.stderr) == (2, True)


def test_rates_takes_kinds_confidence_and_trim(small):
    (small / "kinds.csv").write_text("account,kind\nbob,brand\nada,person\n")
    given = ("rates", small / "posts.csv", "--per", "views", "--json")
    plain = json.loads(call(*given).stdout)["top"]
    chosen = json.loads(call(*given, "--kinds", small / "kinds.csv", "--confidence", "0.5", "--trim", "0.34").stdout)[
        "top"
    ]
    assert [(row["account"], row["tier"]) for row in chosen] == [("bob", "brand nano"), ("ada", "person nano")]
    assert chosen[0]["high"] - chosen[0]["low"] < plain[0]["high"] - plain[0]["low"]
    assert (plain[1]["trimmed"], chosen[1]["trimmed"]) == (0.04, 0.03)
    (small / "kinds.csv").write_text("bob,brand\nbob,person\n")
    wrong = call(*given, "--kinds", small / "kinds.csv", check=False)
    assert (wrong.returncode, "one kind per account, got 'bob,person'" in wrong.stderr) == (1, True)
    said = call(*given[:-1], "--confidence", "0.5").stderr
    assert "with a 50 % interval" in said


def test_rates_of_accounts_that_are_part_of_a_column(shared_data):
    file = shared_data / "engagement" / "facebook_live_thailand.csv"
    wrong = call("rates", file, check=False)
    assert (wrong.returncode, "--posts-columns" in wrong.stderr) == (1, True)
    columns = '{"account": {"column": "status_id", "before": "_"}, "post": "status_id", "likes": "num_reactions"}'
    rows = json.loads(call("rates", file, "--per", "posts", "--posts-columns", columns, "--json").stdout)["top"]
    assert len(rows) == 9
    assert sum(row["posts"] for row in rows) == 7050
    wrong = call("rates", file, "--posts-columns", '{"account": ', check=False)
    assert (wrong.returncode, "name=column,... or JSON" in wrong.stderr) == (2, True)


def test_events_and_activity_of_a_window(small):
    def totals(*words):
        return {
            row["account"]: row["total"] for row in json.loads(call("events", small / "log.csv", *words).stdout)["top"]
        }

    assert totals("--json")["ada"] == 4
    last = totals("--json", "--days", "2")  # after the 3rd at 9
    assert (last["ada"], last["bob"]) == (1, 1)
    assert totals("--json", "--until", "2024-01-02")["ada"] == 1
    assert totals("--json", "--until", "2024-01-03", "--days", "day")["ada"] == 1
    wrong = call("events", small / "log.csv", "--days", "2", "--memory-limit", "4GB", check=False)
    assert (wrong.returncode, "--memory-limit does not go with --days" in wrong.stderr) == (2, True)
    found = json.loads(call("activity", small / "log.csv", "--until", "2024-01-03", "--json").stdout)
    assert sum(map(sum, found["counts"])) == 2


def test_a_window_of_all_is_what_streaming_counts(town, tmp_path):
    for name, words in (("streamed", ()), ("window", ("--until", "2100-01-01"))):
        call("events", town / "events.csv", "-o", tmp_path / f"{name}.csv", *words)
    assert (tmp_path / "window.csv").read_bytes() == (tmp_path / "streamed.csv").read_bytes()


def test_activity_does_not_say_when_to_post(small):
    told = call("activity", small / "log.csv", "ada")
    assert "by when they came (not when to post" in told.stdout
    found = json.loads(call("activity", small / "log.csv", "ada", "--of", "per_post", "--json").stdout)
    assert (found["counts"][0][8], found["posts"][0][8], sum(map(sum, found["counts"]))) == (4, 1, 4)


def test_a_measure_reads_the_graph_that_a_parameter_names(small):
    told = call(
        "measure", "social_networking_potential", small / "log.csv", "-p", f"graph={small / 'follows.csv'}", "--json"
    )
    value = {row["account"]: row["social_networking_potential"] for row in json.loads(told.stdout)["top"]}
    assert value["bob"] == (1 / 2 + 1 / 1) / 2
    assert value["ada"] == 0


def test_a_reader_who_has_had_enough_is_no_error(town):
    reader, writer = os.pipe()
    os.close(reader)
    words = [*SWAYRANK, "measure", "in_degree", str(town / "graph.csv"), "--json", "--quiet"]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_messages_name_options_of_the_command_or_keys_of_a_mapping(tmp_path):
    (tmp_path / "log.csv").write_text("account,post_id,type,time\nana,1,Video,2026-01-01\nbob,2,Foto,2026-01-02\n")
    (tmp_path / "edges.csv").write_text("x,y,z,n\nana,bob,cem,1\nbob,cem,ana,2\n")
    (tmp_path / "posts.csv").write_text("account,post_id,time,likes\nana,1,01/02/2026,3\nbob,2,03/04/2026,2\n")
    scored = call("score", "log.csv", cwd=tmp_path, check=False)
    assert scored.returncode == 1
    assert "--max-rejects 0.05 allows" in scored.stderr
    assert "read it with --posts FILE" in scored.stderr
    checked = call("check", "log.csv", cwd=tmp_path, check=False)
    assert checked.returncode == 1
    assert "read it with --kind posts" in checked.stdout
    for command in ("score", "check"):
        unclear = call(command, "edges.csv", cwd=tmp_path, check=False).stderr
        assert "Name two with --source and --target." in unclear
    ends = call("check", "edges.csv", "--source", "x", "--target", "z", cwd=tmp_path).stdout
    assert "source is 'x', target is 'z'" in ends
    assert "(say day_first in a mapping (docs/mapping.md))" in call("score", "posts.csv", cwd=tmp_path).stderr
    named = call("check", "posts.csv", "--kind", "posts", "--posts-columns", "shares=likes", cwd=tmp_path).stdout
    assert "shares = likes" in named


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "keep it with columns={'time': 'a b'}",
            'keep it with columns = {"time" = "a b"} in a mapping (docs/mapping.md)',
        ),
        ("give budget=..., or leave it", "give --budget ..., or leave it"),
        ("use method='opim'", "use --method opim"),
        ("got 'budget= 3' and --x budget=a", "got 'budget= 3' and --x budget=a"),
        ("the graph's budget= and others' cost=", "the graph's --budget and others' cost= in Python"),
        ("reference= in Python", "reference= in Python"),
        ("or --posts-columns account=... on the command line", "or --posts-columns account=... on the command line"),
    ],
)
def test_words_of_a_command(text, told):
    options = {"columns": "--columns", "budget": "--budget", "method": "--method", "data": "--data", "reference": "-r"}
    assert in_words_of(options, text) == told
