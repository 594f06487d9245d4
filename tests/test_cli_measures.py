"""Measures from the command line: lists, estimates, arcs, communities; and what the registry knows of cost."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pyarrow.parquet as pq
import pytest

import swayrank as sr
from swayrank.errors import ParameterError, SwayrankWarning, UnknownAccountError
from swayrank.graph import Graph
from swayrank.measures import registry
from swayrank.measures._work import Estimate, Work
from tests.test_cli import call


@pytest.fixture(scope="module")
def follows(tmp_path_factory):
    """Two groups of friends, a bridge between them, names that want to be markup."""
    names = ["ada", "bob", "[red]cem", "dan", "=eve", "fay"]
    arcs = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (2, 3), (1, 0)]
    file = tmp_path_factory.mktemp("measures") / "follows.csv"
    file.write_text("follower,followed\n" + "".join(f"{names[u]},{names[v]}\n" for u, v in arcs))
    return file


def test_lists_and_what_they_know(follows):
    entries = json.loads(call("measure", "--list", "--json").stdout)
    by_name = {entry["name"]: entry for entry in entries}
    assert set(by_name) == set(sr.list_measures())
    families = [entry["family"] for entry in entries]
    assert families == sorted(families, key=["centrality", "community", "propagation", "engagement"].index)
    assert by_name["betweenness"]["instead"].startswith("approximate_betweenness")
    assert by_name["arc_betweenness"]["gives"] == "arcs"
    assert by_name["pagerank"]["parameters"]["damping"] == 0.85
    table = call("measure", "--list").stdout
    assert "Kleinberg" in table
    assert table.splitlines()[0].split() == ["measure", "needs", "definition", "cost", "source"]
    some = call("measure", "between", "--list").stdout
    assert "parameters: weight=None, scale='raw'" in some
    assert "read along the arcs" in some
    assert "in less: approximate_betweenness" in some
    assert "approximate_betweenness" in some
    assert "pagerank" not in some
    wrong = call("measure", "no such thing", "--list", check=False)
    assert "no measure's name holds" in wrong.stderr


def test_parameters_are_checked_before_an_estimate(follows):
    for more in ([], ["--estimate"]):
        wrong = call("measure", "betweenness", follows, "-p", "epsilon=0.1", *more, check=False)
        assert wrong.returncode == 2
        assert "betweenness has no parameter 'epsilon'" in wrong.stderr
    swapped = call("measure", follows, "betweenness", check=False)
    assert "the measure's name comes first, then the file" in swapped.stderr


def test_numbers_that_are_missing_are_null_in_json(follows, tmp_path):
    call("measure", "closeness", follows, "-p", "top=2", "-o", tmp_path / "c.json", "--quiet")
    rows = json.loads((tmp_path / "c.json").read_text(), parse_constant=pytest.fail)
    assert sum(row["closeness"] is None for row in rows) == 4


def test_an_estimate_runs_nothing(follows):
    told = json.loads(call("measure", "betweenness", follows, "--estimate", "--json").stdout)
    assert told["seconds"] < 1e-3
    assert told["bytes"] > 0
    assert told["instead"].startswith("approximate_betweenness")
    text = call("measure", "betweenness", follows, "--estimate").stdout
    assert "less than a second" in text
    assert "O(n m)" in text
    assert "[red]cem" not in text


def test_arcs_as_table_and_files(follows, tmp_path):
    table = call("measure", "arc_betweenness", follows, "--top", 1).stdout.splitlines()
    assert table[0].split() == ["rank", "source", "target", "arc_betweenness"]
    assert table[1].split() == ["1", "[red]cem", "dan", "9"]
    told = json.loads(call("measure", "arc_betweenness", follows, "--top", 1, "--json", "--quiet").stdout)
    assert told["top"] == [{"source": "[red]cem", "target": "dan", "arc_betweenness": 9.0}]
    for name in ("arcs.csv", "arcs.parquet", "arcs.json"):
        call("measure", "arc_betweenness", follows, "-o", tmp_path / name, "--quiet")
    assert pq.read_table(tmp_path / "arcs.parquet").num_rows == 8
    assert len(json.loads((tmp_path / "arcs.json").read_text())) == 8
    lines = (tmp_path / "arcs.csv").read_text().splitlines()
    assert len(lines) == 9
    assert any("'=eve" in line for line in lines)


def test_every_measure_of_a_graph_is_served(follows):
    for name, entry in sr.list_measures("graph").items():
        if name in ("pagerank", "closeness", "betweenness", "hits", "katz", "approximate_harmonic"):
            shown = json.loads(call("measure", name, follows, "--json", "--quiet").stdout)
            assert shown["measure"] == name
            assert len(shown["top"]) == 6, entry


@pytest.mark.parametrize("method", ["leiden", "label_propagation"])
def test_communities_of_a_file(follows, tmp_path, method):
    if method == "leiden":
        pytest.importorskip("networkit")
    shown = call("communities", follows, "--method", method, "-o", tmp_path / "c.csv")
    assert "[red]cem" in shown.stdout
    assert "2 communities" in shown.stderr
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 7
    told = json.loads(call("communities", follows, "--method", method, "--json", "--quiet").stdout)
    assert told["n_communities"] == 2
    assert [row["accounts"] for row in told["communities"]] == [3, 3]
    assert np.array(told["reach"]).shape == (2, 2)
    assert {one["account"] for row in told["communities"] for one in row["top"]} == {
        "ada", "bob", "[red]cem", "dan", "=eve", "fay",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--by", "h_index"], "--by must be a measure of a graph's accounts"),
        (["--by", "arc_betweenness"], "--by must be a measure of a graph's accounts"),
        (["--method", "louvain"], "method must be one of"),
        (["--method", "label_propagation", "--resolution", "2"], "go with method 'leiden'"),
    ],
)
def test_wrong_words_about_communities(follows, words, says):
    wrong = call("communities", follows, *words, check=False)
    assert wrong.returncode == 2
    assert says in wrong.stderr


# -- what a run costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "less than a second"),
        (1, "about 1 second"),
        (89, "about 89 seconds"),
        (90, "about 2 minutes"),
        (5399, "about 90 minutes"),
        (7200, "about 2 hours"),
        (9e5, "about 10 days"),
    ],
)
def test_durations_in_words(seconds, words):
    assert Estimate(seconds, 0).duration() == words


def test_threads_share_steps_where_they_can():
    assert Work(1e9, 2.0, 100.0, 10.0).estimate(4) == Estimate(0.5, 140.0)
    assert Work(1e9, 2.0, 100.0, 10.0, parallel=False).estimate(4) == Estimate(2.0, 110.0)


@pytest.mark.parametrize("name", sorted(sr.list_measures("graph")))
def test_estimates_grow_with_the_graph(name):
    entry = sr.list_measures()[name]
    if entry.family != "centrality":
        pytest.skip("what it costs depends on what is drawn")
    small, large = (sr.generate("erdos_renyi", n=n, m=8 * n, rng=1) for n in (100, 2000))
    assert entry.work is not None, "every centrality knows its cost"
    before, after = entry.estimate(small), entry.estimate(large)
    assert 0 < before.seconds < after.seconds
    assert before.bytes < after.bytes


def test_a_long_run_names_the_faster_way(monkeypatch):
    graph = Graph.from_edges([0, 1], [1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sr.betweenness(graph)
    monkeypatch.setattr(registry, "_PATIENCE_S", -1.0)
    with pytest.warns(SwayrankWarning, match="pagerank will take less than a second here$"):
        sr.pagerank(graph)
    with pytest.warns(
        SwayrankWarning, match=r"betweenness will take .* here; approximate_betweenness\(.*\) approximates"
    ):
        sr.betweenness(graph)
    for entry in sr.list_measures().values():
        if entry.instead:
            assert entry.instead.partition("(")[0] in sr.list_measures()


# -- measures of arcs --------------------------------------------------------------------------------------------------


def test_measures_of_arcs_are_read_by_their_ends():
    m = sr.arc_betweenness(Graph.from_edges(["ada", "bob"], ["bob", "cem"]))
    assert len(m) == 2
    assert m.value("ada", "bob") == 2
    assert m.top(1) == [("ada", "bob", 2.0)]
    assert m.to_frame()["arc_betweenness"].tolist() == [2.0, 2.0]
    assert "source  target" in repr(m)
    assert m.provenance["measure"] == "arc_betweenness"
    with pytest.raises(ParameterError, match="no arc from 'bob' to 'ada'"):
        m.value("bob", "ada")
    with pytest.raises(UnknownAccountError):
        m.value("ada", "zoe")
    with pytest.raises(ParameterError, match="k must be"):
        m.top(0)
    with pytest.raises(ParameterError, match="one per arc"):
        sr.ArcMeasure("x", np.zeros(3), m.graph)
    with pytest.raises(ValueError, match="read-only"):
        m.values[0] = 1


def test_an_undirected_edge_is_one_row():
    m = sr.arc_betweenness(Graph.from_edges([0, 1], [1, 2], direction="undirected"))
    assert len(m) == len(m.to_frame()) == 2
    assert m.values.size == 4
    assert m.value(0, 1) == m.value(1, 0) == 2
    assert repr(m).startswith("arc_betweenness of 2 edges")
