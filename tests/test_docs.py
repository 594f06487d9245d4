"""What the documents say runs: shell examples are run here, Python ones by doctest."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import swayrank

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shell_examples_run(page, tmp_path):
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    commands = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    for command in commands:
        words = shlex.split(command)
        assert words[0] == "swayrank"
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_tables_that_a_script_makes_have_their_places():
    from docs.make_learning_tables import TABLES, hidden, put

    marks = [
        (name, page.name) for page in PAGES for name in re.findall(r"<!-- (\w+): made by", page.read_text("utf-8"))
    ]
    assert sorted(marks) == sorted((name, page) for name, (page, _, _) in TABLES.items())
    page = (ROOT / "docs" / "hidden_graph.md").read_text("utf-8")
    assert put(page, "hidden", hidden()) == page, "run python docs/make_learning_tables.py"
    assert page.count("\n| ") > put(page, "memetracker", "| x |").count("\n| ")


def test_links_lead_somewhere():
    for page in [*PAGES, *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_public_names():
    """The public list: a change here is a change for users, and belongs into the changelog."""
    assert set(swayrank.__all__) == {name for names in swayrank._MODULES.values() for name in names}
    for name in swayrank.__all__:
        assert name.isupper() or getattr(swayrank, name).__doc__, name


def test_no_public_name_is_hidden_by_a_module():
    """Importing ``swayrank.x`` sets the attribute x of the package; a function of that name would be gone."""
    modules = {path.stem for path in Path(swayrank.__file__).parent.iterdir() if not path.name.startswith("_")}
    assert not modules & set(swayrank.__all__)


def test_every_make_command_is_told():
    told = subprocess.run(["make", "-C", str(ROOT), "-s", "help"], capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in told.splitlines()} >= {"demo", "serve", "test", "lint", "scan", "docs"}


def test_the_table_of_the_demo_is_what_it_shows():
    from swayrank.demo import demonstrate

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```text\nranking .*?\n(.*?)```", text, re.DOTALL)[1]
    told = {
        m[1]: (float(m[2]), float(m[3]), int(m[4])) for m in re.finditer(r"(.+?)\s{2,}(\S+)\s+(\S+)\s+(\d+)\n", block)
    }
    shown = {r.name: (r.ndcg_at_100, r.spearman, r.found_of_20) for r in demonstrate(10_000, rng=7).recovery}
    assert told.keys() == shown.keys()
    for name, figures in shown.items():
        assert told[name] == pytest.approx(figures, abs=0.006), name
