"""swayrank calibrate from outside, and the calibration curve."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from functools import partial

import numpy as np
import pytest

import swayrank as sr
from swayrank.report.calibration import save_curve
from swayrank.tables import write_csv
from swayrank.validation.calibration import calibrate
from swayrank.validation.reach import calibrate_reach
from tests.cascades import independent_cascades, log_of, random_graph
from tests.test_cli import call


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A graph with the probabilities by which its log came about, as files and as objects."""
    folder = tmp_path_factory.mktemp("town")
    graph = random_graph(120, 5, (0.0, 0.3), 1)
    events = log_of(independent_cascades(graph, 120, 2))
    u, v = graph.edges()
    rows = zip(u, v, graph.column("probability").tolist(), strict=True)
    lines = [f"{graph.ids[a]},{graph.ids[b]},{p!r}" for a, b, p in rows]
    (folder / "follows.csv").write_text("\n".join(["source,target,chance", *lines]) + "\n")
    write_csv(events.to_frame("pyarrow"), folder / "log.csv", for_people=False)
    return folder, graph, events


def test_it_says_what_the_functions_say(town):
    folder, _, events = town
    words = ("calibrate", "follows.csv", "log.csv", "--prob", "chance", "--split", "0.5", "--reach", "--placebo", "19")
    told = json.loads(call(*words, "--json", "--quiet", cwd=folder).stdout)
    assert set(told) == {"calibration", "goodness_of_fit", "reach", "placebo"}
    graph = sr.read_graph(folder / "follows.csv", columns=["chance"])
    found = calibrate(graph, events, prob="chance", split=0.5, rng=7)
    assert told["calibration"]["ratio"] == found.ratio
    assert [row["low"] for row in told["calibration"]["table"]] == found.low.tolist()
    assert told["calibration"]["params"]["prob"] == "chance"
    assert told["goodness_of_fit"]["reference"] in ("global_p", "network_mean", "weighted_cascade")
    assert told["placebo"]["table"][0]["observed"] > told["placebo"]["mean"]
    assert len(told["reach"]["table"]) == 60
    shown = call(*words, cwd=folder)
    assert "probabilities from column chance" in shown.stderr
    for words in (*found.told(), "given beats the best baseline", "not likeness alone", "times the real reach"):
        assert words in shown.stdout


def test_what_is_learned_before_the_split_is_judged_after_it(town):
    folder, graph, events = town
    words = ("calibrate", "follows.csv", "log.csv", "--learn", "em", "--split", "0.5", "--json", "--quiet")
    told = json.loads(call(*words, cwd=folder).stdout)
    learner = partial(sr.learn_probabilities, method="em")
    assert told["calibration"]["ratio"] == pytest.approx(calibrate(graph, events, prob=learner, split=0.5, rng=7).ratio)
    assert told["calibration"]["params"]["prob"] == "em, learned before the split"
    assert "em" in [row["model"] for row in told["goodness_of_fit"]["table"]]


def test_tables_and_figures_are_written(town, tmp_path):
    folder, graph, _ = town
    words = ("calibrate", "follows.csv", "log.csv", "--quiet", "--prob")
    call(*words, "0.1", "-o", str(tmp_path / "bins.csv"), cwd=folder)
    rows = list(csv.DictReader((tmp_path / "bins.csv").open()))
    assert sum(int(row["adopted"]) for row in rows) > 100
    call(*words, "weighted_cascade", "-o", str(tmp_path / "all.json"), cwd=folder)
    assert json.loads((tmp_path / "all.json").read_text())["calibration"]["params"]["prob"] == "weighted_cascade"
    call(*words, "0.1", "-o", str(tmp_path / "curve.html"), cwd=folder)
    assert "Predicted and observed adoption" in (tmp_path / "curve.html").read_text()
    assert graph.n_edges > 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--prob", "nope"), 2, "--prob must be a number, weighted_cascade"),
        (("--split", "7"), 2, "--split must be a share in (0, 1)"),
        (("--split", "2099-01-01"), 2, "began after it"),
        (("--learn", "em"), 2, "--learn needs --split"),
        (("-o", "x.gif"), 2, "--output must end in one of .html"),
    ],
)
def test_mistakes_end_in_one_line(town, words, code, says):
    done = call("calibrate", "follows.csv", "log.csv", *words, cwd=town[0], check=False)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_log_is_told(town):
    done = call("calibrate", "follows.csv", "follows.csv", cwd=town[0], check=False)
    assert done.returncode == 1
    assert "error: follows.csv" in done.stderr


def test_the_curve_shows_every_bin_its_limits_and_the_diagonal(town):
    _, graph, events = town
    found = calibrate(graph, events, prob=np.where(graph.column("probability") < 0.1, 0.0, 0.9), rng=7, n_replicates=50)
    figure = found.plot()
    diagonal, right, wrong = figure.data
    assert list(diagonal.x) == list(diagonal.y)
    assert len(right.x) + len(wrong.x) == found.predicted.size
    shown = np.concatenate([np.asarray(trace.customdata).reshape(-1, 4) for trace in (right, wrong)])
    shown = shown[np.argsort(shown[:, 0])]
    for column, values in enumerate((found.predicted, found.observed, found.low, found.high)):
        assert shown[:, column].tolist() == values.tolist()
    assert found.predicted[0] == 0.0
    assert "0" in figure.layout.xaxis.ticktext  # risks of zero stand at a place of their own on the logarithmic axis
    assert min(*right.x, *wrong.x) > 0
    behind = figure.layout.meta["table"]
    assert [row[:4] for row in behind["rows"]] == shown.tolist()
    assert all(len(row) == len(behind["head"]) for row in behind["rows"])


def test_images_hold_the_title_and_are_whole(town, tmp_path):
    _, graph, events = town
    found = calibrate(graph, events, rng=7, n_replicates=50)
    reach = calibrate_reach(graph, events, split=None, n_runs=20, n_replicates=50, rng=7)
    for number, (one, title) in enumerate(
        ((found, "Predicted and observed adoption"), (reach, "Predicted and real reach"))
    ):
        save_curve(one, tmp_path / f"{number}.svg")
        text = "".join(ET.parse(tmp_path / f"{number}.svg").getroot().itertext())
        assert title in text
        save_curve(one, tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(sr.ParameterError, match="must end in"):
        save_curve(found, tmp_path / "x.gif")


def test_real_cascades(shared_data):
    """Memetracker's undocumented arcs: order speaks for `u,v` meaning that u is read by v, and against the reverse."""
    import gzip

    from swayrank.validation.placebo import placebo

    folder = shared_data / "cascades"
    rows = []
    with gzip.open(folder / "memetracker.cascades.txt.gz", "rt") as lines:
        for number, line in zip(range(1500), lines, strict=False):
            rows += [(number, *one.split(",")) for one in line.split()]
    events = sr.Events.from_frame(
        {
            "actor": [a for _, a, _ in rows],
            "action": ["repost"] * len(rows),
            "post": [str(post) for post, _, _ in rows],
            "time": [int(float(hours) * 3_600_000_000) for _, _, hours in rows],
        }
    )
    with gzip.open(folder / "memetracker.edges.txt.gz", "rt") as lines:
        ends = np.loadtxt(lines, delimiter=",", dtype=np.int64).astype(str).T
    forward, back = (sr.Graph.from_edges(*ends, direction=way) for way in ("influences", "follows"))
    with_order, against = (placebo(graph, events, n_shuffles=19, rng=1) for graph in (forward, back))
    assert with_order.p_value == 0.05
    assert with_order.ratio > 1.03
    assert against.ratio < 0.97
    assert against.p_value == 1.0
