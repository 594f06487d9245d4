"""A small town to look at in a browser: its most followed accounts bear names that careless pages stumble over."""

from __future__ import annotations

import csv
import subprocess
from collections import Counter
from pathlib import Path

import swayrank as sr
from tests.assembled import command, environment

RUNS_SCRIPT = "<img src=x onerror=\"window.hacked='img'\">"
HOSTILE = (
    RUNS_SCRIPT,
    "<script>window.hacked='script'</script>",
    "a/b",
    "..",
    "%2e%2e",
    "100%",
    "q?x=1#y&z",
    '=HYPERLINK("http://example.invalid","click")',
    "\u202egnp.resu",
    "zero\u200bwidth",
    "naïve-ünïcode-用户",
    "مرحبا",
    "javascript:window.hacked='url'",
    "' onmouseover=\"window.hacked='attribute'\" x='",
    "a clear one: no intervals",
    "${window.hacked='template'}",
    "a very long name without any end " * 5 + "end",
    "x" * 150,
)


def page_result(folder: Path, accounts: int = 400) -> Path:
    """Two runs of one scale over a town, whose inputs lie beside them so that jobs can read them again."""
    sr.generate("town", n=accounts, rng=7).save(folder / "town")
    _rename(folder / "town")
    scale = str(folder / "scale.json")
    _score(folder, "--until", "2026-03-20", "--new-reference", scale)
    _score(folder, "--reference", scale)
    return folder / "out"


def _rename(town: Path) -> None:
    """The most followed are given the hostile names, in the graph and in the log; two rows of the log are wrong."""
    graph, events = (_rows(town / name) for name in ("graph.csv", "events.csv"))
    followed = [name for name, _ in Counter(row[1] for row in graph[1:]).most_common(len(HOSTILE))]
    called = dict(zip(followed, HOSTILE, strict=True))
    events += [["kebafo", "like", graph[1][1], "", "no time at all"], ["", "like", graph[1][1], "", events[1][4]]]
    for path, rows in ((town / "graph.csv", graph), (town / "events.csv", events)):
        with path.open("w", newline="", encoding="utf-8") as sink:
            writer = csv.writer(sink, quoting=csv.QUOTE_ALL)
            writer.writerows([[called.get(value, value) for value in row] for row in rows])


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as source:
        return list(csv.reader(source))


def _score(folder: Path, *options: str) -> None:
    files = (str(folder / "town" / name) for name in ("graph.csv", "events.csv"))
    done = subprocess.run(
        command("score", *files, "-o", str(folder / "out"), "--replicates", "20", "--quiet", *options),
        capture_output=True, text=True, check=False, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
