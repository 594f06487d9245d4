"""Values of the wrong kind get one clear sentence, never a traceback from within."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.graph import Graph

GRAPH = Graph.from_edges(["ada", "bob", "cem"], ["bob", "cem", "ada"], weight=[1.0, 2.0, 3.0])
WEIGHED = sorted(name for name, entry in sr.list_measures("graph").items() if "weight" in entry.defaults)


@pytest.mark.parametrize("name", WEIGHED)
@pytest.mark.parametrize("weight", [np.ones(3), 5, ["weight"], "cost"])
def test_weights_are_names_of_columns(name, weight):
    with pytest.raises(ParameterError, match="weight must be the name of a column"):
        sr.measure(GRAPH, name, weight=weight)


@pytest.mark.filterwarnings("ignore:a live graph counts arcs alike")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sr.pagerank(GRAPH, personalization="ada"), "personalization must hold numbers, got 'ada'"),
        (lambda: sr.pagerank(GRAPH, personalization={"ada": "q"}), "personalization must hold numbers"),
        (lambda: sr.tweepcred(GRAPH, mass="b"), "must hold numbers"),
        (lambda: sr.tweepcred(GRAPH, constants=5), "constants must be a mapping"),
        (lambda: sr.twitterrank(GRAPH, topics="b"), "topics must hold numbers"),
        (lambda: sr.twitterrank(GRAPH, posts="b"), "posts must hold numbers"),
        (lambda: sr.trustrank(GRAPH, trusted=1.5), "trusted must be ids"),
        (lambda: sr.trustrank(GRAPH, trusted={"ada": "q"}), "trusted must hold numbers"),
        (lambda: sr.betweenness(GRAPH, sources=5), "sources must be a list of ids, got 5"),
        (lambda: sr.betweenness(GRAPH, sources="ada"), "sources must be a list of ids, got 'ada'"),
        (lambda: sr.arc_betweenness(GRAPH, sources="ada"), "sources must be a list of ids"),
        (lambda: sr.communities(5), "communities needs a Graph, got an int"),
        (lambda: sr.communities(nx.DiGraph()), "communities needs a Graph"),
        (lambda: sr.communities(GRAPH, method="label_propagation", n_runs=2), "go with method 'leiden'"),
        (lambda: sr.community_influence(GRAPH, 5), "found must be Communities"),
        (lambda: GRAPH.update(added=5), "added must be pairs of accounts, got 5"),
        (lambda: GRAPH.update(removed=3.5), "removed must be pairs of accounts"),
        (lambda: Graph.from_edges([0, 1], [1, 2]).update(added=[(2**70, 2)]), r"accounts must be below 2\*\*63"),
        (
            lambda: sr.write_graph(GRAPH, "x.gml", nodes={"p": sr.pagerank(Graph.from_edges([7], [8]))}),
            "other accounts",
        ),
    ],
)
def test_one_clear_sentence(call, says):
    with pytest.raises(ParameterError, match=says):
        call()


def test_a_live_graph_survives_what_it_refuses():
    live = Graph.from_edges([0, 1], [1, 2]).update()
    with pytest.raises(ParameterError):
        live.update(added=[(0, 2), (2**63 + 5, 2)])
    assert live.n_edges == 2
    assert live.graph().n_nodes == 3


def test_two_accounts_correlate():
    found = sr.correlate({"a": [1, 2], "b": [2, 1], "c": [5, 9]})
    assert found.kendall.tolist() == [[1, -1, 1], [-1, 1, -1], [1, -1, 1]]


def test_truth_values_are_weights_of_vertices_in_no_order(tmp_path):
    for values in ([False, True, True], [True, False, True]):
        with pytest.raises(ParameterError, match="METIS wants vertex weights that are whole"):
            sr.write_graph(
                Graph.from_edges([0, 1], [1, 2], direction="undirected"), tmp_path / "x.metis", nodes={"b": values}
            )


def test_loops_count_for_nothing_in_communities():
    u, v = [0, 1, 2, 3, 4, 5, 2], [1, 2, 0, 4, 5, 3, 3]
    plain = Graph.from_edges(u, v)
    loops = Graph.from_edges([*u, 2, 3, 3], [*v, 2, 3, 3], self_loops="keep")
    assert (
        sr.communities(loops, method="label_propagation").of.tolist()
        == sr.communities(plain, method="label_propagation").of.tolist()
    )
