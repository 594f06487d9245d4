"""Correlations of measures: laws, closed forms, slow counterparts, figures, the command."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import swayrank as sr
from swayrank.errors import MissingDependencyError, ParameterError
from swayrank.measures.correlate import STATISTICS
from swayrank.report.correlations import save_heatmap
from tests.oracles import naive_correlate as naive


def tables(seed, n=40, m=4, levels=9):
    rng = np.random.default_rng(seed)
    return {f"m{i}": rng.integers(0, levels, n).astype(float) for i in range(m)}


@pytest.mark.parametrize("seed", range(4))
def test_against_slow_counterparts(seed):
    given = tables(seed)
    found = sr.correlate(given, k=7, p=0.8)
    names = list(given)
    for i, j in combinations(range(len(names)), 2):
        a, b = given[names[i]].tolist(), given[names[j]].tolist()
        assert found.spearman[i, j] == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
        assert found.kendall[i, j] == pytest.approx(naive.tau_b(a, b), abs=1e-12)
        assert found.rbo[i, j] == pytest.approx(naive.rbo_ext(a, b, 0.8), abs=1e-12)
        assert found.overlap[i, j] == pytest.approx(naive.agreement(a, b, 7), abs=1e-12)


def test_laws():
    given = tables(9)
    found = sr.correlate(given)
    changed = sr.correlate({name: np.exp(values / 3) + k for k, (name, values) in enumerate(given.items())})
    order = np.random.default_rng(1).permutation(40)
    shuffled = sr.correlate({name: values[order] for name, values in given.items()})
    for of in STATISTICS:
        matrix = found.matrix(of)
        assert np.array_equal(matrix, matrix.T)
        assert np.array_equal(np.diag(matrix), np.ones(4))
        assert np.array_equal(matrix, changed.matrix(of))
        assert matrix == pytest.approx(shuffled.matrix(of), abs=1e-14)


def test_closed_forms():
    up = np.arange(10.0)
    found = sr.correlate({"up": up, "down": -up, "flat": np.ones(10)}, k=5, p=0.9)
    assert found.spearman[0, 1] == -1
    assert found.kendall[0, 1] == pytest.approx(-1, abs=1e-15)
    assert found.overlap[0, 1] == 0
    assert np.isnan(found.spearman[0, 2])
    assert np.isnan(found.kendall[2, 2])
    # Webber et al.: agreements of a ranking and its reverse are 0 to the middle, then 2/6, 4/7, 6/8, 8/9, 1.
    agreements = [0] * 5 + [2 / 6, 4 / 7, 6 / 8, 8 / 9, 1]
    want = 0.9**10 + 0.1 / 0.9 * sum(a * 0.9**d for d, a in enumerate(agreements, 1))
    assert found.rbo[0, 1] == pytest.approx(want, abs=1e-14)
    assert found.overlap[0, 2] == pytest.approx(2 * 5 / 15)  # all ten are tied for the first five places


def test_a_cut_sum_is_a_whole_sum():
    x, y = tables(3, n=300, m=2, levels=200).values()
    assert sr.correlate([*_measures(x, y)], statistics="rbo", p=0.5).rbo[0, 1] == pytest.approx(
        naive.rbo_ext(x.tolist(), y.tolist(), 0.5, deepest=60), abs=1e-13
    )


def _measures(*values):
    from swayrank.ids import Ids

    return [sr.Measure(f"m{i}", one.copy(), Ids.of_range(one.size)) for i, one in enumerate(values)]


def test_accounts_are_joined():
    one = sr.in_degree(sr.Graph.from_edges(["a", "b", "c", "d"], ["b", "c", "a", "a"]))
    other = sr.out_degree(sr.Graph.from_edges(["e", "c", "c", "a"], ["c", "a", "b", "b"]))
    found = sr.correlate([one, other])
    assert (found.n, found.n_left_out) == (3, 2)  # a, b, c; d and e are in one alone
    a, b = ([m.value(x) for x in "abc"] for m in (one, other))
    assert found.spearman[0, 1] == pytest.approx(stats.spearmanr(a, b).statistic)


def test_missing_numbers_are_left_out():
    frame = pd.DataFrame({"account": [1, 2, 3, 4], "x": [1.0, 2, np.nan, 4], "y": [2, 1, 5, 9], "who": list("abcd")})
    found = sr.correlate(frame)
    assert found.names == ("x", "y")
    assert (found.n, found.n_left_out) == (3, 1)
    assert found.spearman[0, 1] == pytest.approx(0.5)
    assert found.to_frame().to_dict("records")[0]["first"] == "x"


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({"a": [1, 2]}, {}, "at least two"),
        ({"a": [1, 2], "b": [1, 2, 3]}, {}, "one length"),
        ({"a": ["x", "y"], "b": [1, 2]}, {}, "must be numbers"),
        ({"a": [1, np.nan], "b": [1, 2]}, {}, "at least 2 accounts"),
        (7, {}, "data frame"),
        ({"a": [1, 2], "b": [1, 2]}, {"statistics": "pearson"}, "statistics must be among"),
        ({"a": [1, 2], "b": [1, 2]}, {"p": 1.0}, "p must be"),
    ],
)
def test_refusals(given, options, message):
    with pytest.raises(ParameterError, match=message):
        sr.correlate(given, **options)
    m = sr.in_degree(sr.Graph.from_edges([0], [1]))
    with pytest.raises(ParameterError, match="differ in name"):
        sr.correlate([m, m])


HOSTILE = {"<b>$x^2$</b>": [1.0, 2, 3], "</script><script>alert(1)</script>": [3.0, 1, 2], "flat": [1.0, 1, 1]}


@pytest.mark.parametrize("suffix", [".html", ".png", ".svg"])
@pytest.mark.parametrize("of", STATISTICS)
def test_maps(tmp_path, suffix, of):
    pytest.importorskip("plotly")
    pytest.importorskip("matplotlib")
    path = tmp_path / f"map{suffix}"
    save_heatmap(sr.correlate(HOSTILE), path, of)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG") if suffix == ".png" else b"<script>alert" not in content
    if suffix == ".svg":
        assert b"&lt;b&gt;$x^2$&lt;/b&gt;" in content


def test_figure_and_notebook():
    pytest.importorskip("plotly")
    found = sr.correlate(HOSTILE)
    figure = found.heatmap("kendall", ordered=False)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1, 1)
    assert figure.layout.xaxis.ticktext[0] == "&lt;b&gt;&#36;x^2&#36;&lt;/b&gt;"
    assert figure.data[0].z[0][2] is None
    assert [note.text for note in figure.layout.annotations][:3] == ["1.00", "-0.33", "-"]
    assert found.heatmap("rbo").data[0].zmin == 0
    page = found._repr_html_()
    assert "<script" not in page
    assert "#2166ac" in page
    with pytest.raises(ParameterError, match="of must be one of"):
        found.heatmap("pearson")


def test_alike_measures_stand_together():
    pytest.importorskip("plotly")
    rng = np.random.default_rng(5)
    x, y = rng.random(200), rng.random(200)
    figure = sr.correlate({"x": x, "y": y, "x2": x + 0.01 * rng.random(200), "y2": y**2}).heatmap()
    shown = list(figure.layout.xaxis.ticktext)
    assert abs(shown.index("x") - shown.index("x2")) == abs(shown.index("y") - shown.index("y2")) == 1


def test_missing_libraries_are_named(monkeypatch, tmp_path):
    import sys

    found = sr.correlate(tables(1))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"swayrank\[notebook\]"):
        save_heatmap(found, tmp_path / "x.png")
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "swayrank\[notebook\]"; or write'):
        found.plot()


def test_command_line(tmp_path):
    from typer.testing import CliRunner

    from swayrank.cli import app

    def call(*words, code=0):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.output

    follows = tmp_path / "follows.csv"
    follows.write_text("follower,followed\neve,ada\nbob,ada\nada,bob\ncem,bob\ncem,eve\n")
    run = ("correlate", follows, "--measures", "pagerank,in_degree,out_degree", "-q")
    assert "pagerank" in call(*run)
    facts = json.loads(call(*run, "-p", "pagerank.damping=0.5", "--of", "kendall", "--json"))
    assert facts["accounts"] == 4
    assert set(facts["pairs"][0]) == {"first", "second", "kendall"}
    for suffix in ("csv", "json", "parquet"):
        call(*run, "-o", tmp_path / f"pairs.{suffix}")
    assert (tmp_path / "pairs.csv").read_text().startswith('"first","second","spearman"')
    (tmp_path / "t.csv").write_text("account,x,y\na,1,2\nb,2,1\nc,3,3\n")
    assert "0.50" in call("correlate", tmp_path / "t.csv", "--columns", "x,y", "-q")
    for words, message in (
        (("--columns", "x,z"), "must be columns of t.csv"),
        ((), "either --measures or --columns"),
        (("--columns", "x,y", "--weight", "w"), "does not go with --columns"),
        (("--columns", "x,y", "-o", "x.gif"), "--output must end in"),
        (("--measures", "pagerenk,in_degree"), "did you mean pagerank"),
        (("--measures", "pagerank,in_degree", "-p", "damping=0.5"), "measure.parameter"),
        (("--columns", "x,y", "--of", "pearson"), "--of must be one of"),
    ):
        assert message in " ".join(call("correlate", tmp_path / "t.csv", *words, code=2).split())
