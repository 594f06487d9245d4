"""What comes back from a measure, and the registry that finds it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import swayrank as sr
from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures import registry
from swayrank.measures._measure import Measure
from swayrank.measures.centrality.degree import in_degree
from swayrank.measures.centrality.pagerank import pagerank
from swayrank.measures.registry import find_measure, list_measures, measure, register


def measure_of(values, ids=None, **more):
    values = np.array(values)
    return Measure("number", values, Ids.from_values(ids) if ids else Ids.of_range(values.size), **more)


def test_top_breaks_ties_by_public_order_and_leaves_nan_out():
    m = measure_of([1.0, 3.0, np.nan, 3.0, 2.0, 3.0])
    assert m.top(2) == [(1, 3.0), (3, 3.0)]
    assert m.top(4) == [(1, 3.0), (3, 3.0), (5, 3.0), (4, 2.0)]
    assert [i for i, _ in m.top(99)] == [1, 3, 5, 4, 0]


@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.float64])
def test_top_equals_sorting_everything(dtype):
    values = np.random.default_rng(2).integers(0, 30, size=500).astype(dtype)
    everything = sorted(enumerate(values.tolist()), key=lambda pair: (-pair[1], pair[0]))
    for k in (1, 7, 499, 500):
        assert measure_of(values).top(k) == everything[:k]


def test_top_refuses_no_rows():
    with pytest.raises(ParameterError, match="k must be an integer >= 1, got 0"):
        measure_of([1.0]).top(0)


def test_value_by_id():
    m = measure_of([1.5, 2.5], ["ada", "bob"])
    assert m.value("bob") == 2.5
    with pytest.raises(UnknownAccountError, match="bub"):
        m.value("bub")


def test_large_integers_stay_exact():
    big = 2**53 + 1
    m = measure_of(np.array([big, big - 1], np.int64))
    assert m.top(1) == [(0, big)]


def test_values_are_read_only():
    m = measure_of([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        m.values[0] = 7


def test_values_must_fit_the_ids():
    with pytest.raises(ParameterError, match=r"shape \(3,\)"):
        Measure("number", np.zeros(2), Ids.of_range(3))


KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}


@pytest.mark.parametrize(("backend", "kind"), KINDS.items())
def test_frames_of_every_library_hold_the_same(backend, kind):
    m = measure_of([1.5, 2.5], ["ada", "bob"], interval=(np.zeros(2), np.ones(2)), std_error=np.full(2, 0.1))
    table = m.to_frame(backend)
    assert isinstance(table, kind)
    columns = table.to_pydict() if backend == "pyarrow" else {name: list(table[name]) for name in table.columns}
    assert columns == {
        "account": ["ada", "bob"],
        "number": [1.5, 2.5],
        "low": [0, 0],
        "high": [1, 1],
        "std_error": [0.1, 0.1],
    }


def test_an_unknown_library_is_refused():
    with pytest.raises(ParameterError, match="backend must be one of 'pandas', 'polars', 'pyarrow', got 'excel'"):
        measure_of([1.0]).to_frame("excel")


def test_it_prints_as_a_table():
    lines = repr(measure_of(np.arange(12.0), error_bound=1e-8, n_iter=21)).splitlines()
    assert lines[0] == "number of 12 accounts, error at most 1e-08, 21 passes"
    assert lines[1].split() == ["rank", "account", "number"]
    assert lines[2].split() == ["1", "11", "11"]
    assert lines[-1] == "... and 2 more"


# -- registry --------------------------------------------------------------------------------------------------------


@pytest.fixture
def graph():
    return Graph.from_edges(["ada", "bob", "cem"], ["eve", "eve", "ada"])


def test_by_name_is_the_same_as_by_function(graph):
    by_name = measure(graph, "pagerank", damping=0.5)
    assert np.array_equal(by_name.values, pagerank(graph, damping=0.5).values)
    assert by_name.params == pagerank(graph, damping=0.5).params


def test_unknown_names_are_answered_by_close_ones(graph):
    with pytest.raises(ParameterError, match=r"unknown measure 'page_rank' \(did you mean 'pagerank'"):
        measure(graph, "page_rank")
    with pytest.raises(ParameterError, match=r"pagerank has no parameter 'dampning' \(did you mean 'damping'"):
        measure(graph, "pagerank", dampning=0.5)
    with pytest.raises(ParameterError, match="in_degree has no parameter 'tol'; its parameters are: none"):
        measure(graph, "in_degree", tol=1)


def test_data_of_the_wrong_kind_says_what_to_do(graph):
    events = Events.from_frame({"actor": ["ada"], "target": ["bob"], "action": ["like"]})
    with pytest.raises(ParameterError, match=r"pagerank needs a Graph, got Events.*derive_graph"):
        measure(events, "pagerank")
    with pytest.raises(ParameterError, match="h_index needs Events, got a Graph"):
        measure(graph, "h_index")


def test_params_hold_defaults_and_no_arrays(graph):
    m = pagerank(graph, personalization=np.array([1.0, 0, 0, 0]), threads=1)
    assert m.params["damping"] == 0.85
    assert set(m.params["personalization"]) == {"array", "dtype", "shape"}
    assert not {"engine", "threads", "progress", "graph"} & set(m.params)
    other = pagerank(graph, personalization=np.array([0, 1.0, 0, 0]))
    assert other.params["personalization"] != m.params["personalization"]


def test_provenance_names_the_data(graph):
    m = in_degree(graph)
    assert m.provenance["graph"] == graph.fingerprint
    assert m.provenance["measure"] == "in_degree"


def test_listing_by_need():
    assert "pagerank" in list_measures("graph")
    assert "pagerank" not in list_measures("events")
    assert set(list_measures()) == set().union(*(list_measures(needs) for needs in ("graph", "events", "posts")))


def test_every_measure_is_found_in_the_module_that_its_public_name_comes_from():
    for name, entry in list_measures().items():
        assert sr.module_of(name) == entry.function.__module__, name
        assert find_measure(name) is entry
    assert find_measure("select_seeds") is find_measure("Measure") is find_measure("nothing") is None


def test_what_the_function_says_of_itself_stands_over_what_was_asked(graph):
    @register(name="half", needs="graph", reads="none", exact=True, cost="O(1)", citation="none")
    def half(data, *, rng=None):
        """Give one half."""
        return Measure("half", np.full(data.n_nodes, 0.5), data.ids, {"rng": 17})

    try:
        assert measure(graph, "half").params == {"rng": 17}
        assert list_measures()["half"].definition == "Give one half."
    finally:
        del registry._entries["half"]
