"""What the library says to those who call it: warnings at their own line, and calls that cannot be, with a cure."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import swayrank as sr
from swayrank.errors import SwayrankWarning, warn_caller

HERE = Path(__file__).name


def _told(caught):
    return [(Path(one.filename).name, one.lineno) for one in caught if issubclass(one.category, SwayrankWarning)]


def test_warnings_name_the_line_that_called(tmp_path):
    file = tmp_path / "e.csv"
    file.write_text("actor,action,time\nada,like,2026-03-01\nbob,like,2026-03-02\n")
    graph = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        here = warnings.warn("where", SwayrankWarning, stacklevel=1)
        sr.read_events(file)
        sr.simulate(graph, ["ada", "ada"], n_runs=10, rng=7)
        warn_caller("from outside")
    assert here is None
    first = _told(caught)[0][1]
    assert _told(caught) == [(HERE, first + k) for k in range(4)]


def test_calls_that_cannot_be_get_a_cure():
    with pytest.raises(
        TypeError, match=r"from_edges\(\): missing .*'v'.* it needs u, v; of pairs make two columns: u, v ="
    ):
        sr.Graph.from_edges([("a", "b")])
    graph = sr.Graph.from_edges(["ada", "bob"], ["bob", "cem"])
    with pytest.raises(TypeError, match=r"select_seeds\(\) has no parameter 'costs'; did you mean 'cost'\?"):
        sr.select_seeds(graph, 1, costs={"ada": 1})
    with pytest.raises(TypeError, match=r"from_edges\(\) has no parameter 'zzz'; there are .*direction"):
        sr.Graph.from_edges(["a"], ["b"], zzz=1)
