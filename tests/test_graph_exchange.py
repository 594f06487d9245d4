"""Conversions from and to other libraries: nothing lost, nothing turned around."""

from __future__ import annotations

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from swayrank.errors import ParameterError
from swayrank.graph import Graph
from tests.oracles import naive_graph as naive
from tests.zoo import ZOO


def arcs_of(g):
    """{(id, id): {column: value}}"""
    values = [g.column(name).tolist() for name in g.columns]
    rows = zip(*values, strict=True) if values else [()] * g.n_edges
    names = list(g.ids)
    return {
        (names[u], names[v]): dict(zip(g.columns, row, strict=True))
        for u, v, row in zip(*[e.tolist() for e in g.edges()], rows, strict=True)
    }


# -- NetworkX ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("kind", [nx.DiGraph, nx.Graph, nx.MultiDiGraph, nx.MultiGraph])
def test_networkx_there_and_back(name, kind):
    n_nodes, rows = ZOO[name]
    given_graph = kind()
    given_graph.add_nodes_from(range(n_nodes))
    given_graph.add_edges_from(rows, weight=2.0)
    g = Graph.from_networkx(given_graph, weight="weight", self_loops="keep")
    assert g.directed == given_graph.is_directed()
    assert list(g.ids) == list(given_graph.nodes)
    back = g.to_networkx()
    simple = nx.DiGraph(given_graph) if given_graph.is_directed() else nx.Graph(given_graph)
    assert list(back.nodes) == list(simple.nodes)
    assert nx.utils.edges_equal(back.edges(), simple.edges())
    multiplicity = {edge: given_graph.number_of_edges(*edge) for edge in back.edges()}
    assert {edge: back.edges[edge]["weight"] for edge in back.edges()} == {e: 2.0 * k for e, k in multiplicity.items()}


def test_networkx_order_attributes_and_direction():
    n = nx.DiGraph()
    n.add_nodes_from(["zoe", "bob"])
    n.add_edge("bob", "ada", weight=3, when=7)
    n.add_edge("zoe", "bob", when=5)
    g = Graph.from_networkx(n, weight="weight", columns=["when"])
    assert list(g.ids) == ["zoe", "bob", "ada"]
    assert arcs_of(g) == {("bob", "ada"): {"weight": 3.0, "when": 7}, ("zoe", "bob"): {"weight": 1.0, "when": 5}}
    flipped = Graph.from_networkx(n, direction="influences")
    assert set(arcs_of(flipped)) == {("ada", "bob"), ("bob", "zoe")}
    with pytest.raises(ParameterError, match=r"the edge \('zoe', 'bob'\) has no attribute 'weight'"):
        Graph.from_networkx(n, columns=["weight"])


def test_networkx_of_strange_nodes():
    with pytest.raises(ParameterError, match=r"nodes must be integers or strings, got \(0, 0\)"):
        Graph.from_networkx(nx.grid_2d_graph(2, 2))
    with pytest.raises(ParameterError, match="differ in their spelling"):
        Graph.from_networkx(nx.Graph([(7, "7")]))
    assert Graph.from_networkx(nx.DiGraph()).n_nodes == 0
    assert list(Graph.from_networkx(nx.Graph([(5, "ada")])).ids) == ["5", "ada"]


# -- igraph ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [True, False])
def test_igraph(directed):
    i = igraph.Graph([(0, 1), (1, 2), (1, 2), (3, 3)], directed=directed)
    i.es["strength"] = [1, 2, 3, 4]
    g = Graph.from_igraph(i, weight="strength", columns=["strength"], self_loops="keep")
    expected = {(0, 1): (1, 1), (1, 2): (5, 2), (3, 3): (4, 4)}
    if not directed:
        expected |= {(v, u): x for (u, v), x in expected.items()}
    assert {arc: tuple(values.values()) for arc, values in arcs_of(g).items()} == expected
    assert g.directed == directed
    i.vs["name"] = ["a", "b", "c", "d"]
    assert list(Graph.from_igraph(i).ids) == ["a", "b", "c", "d"]
    with pytest.raises(ParameterError, match=r"the edges have no attribute 'weight', only \['strength'\]"):
        Graph.from_igraph(i, weight="weight")
    assert Graph.from_igraph(igraph.Graph()).n_nodes == 0


# -- matrices ----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.data())
def test_matrices_say_the_same_in_every_form(n, data):
    entries = data.draw(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=n * n, max_size=n * n))
    dense = np.array(entries).reshape(n, n)
    expected = {(i, j): dense[i, j] for i in range(n) for j in range(n) if dense[i, j] and i != j}
    for make in (np.array, sp.csr_matrix, sp.coo_array, sp.csc_array, sp.lil_array):
        g = Graph.from_scipy(make(dense), values="probability")
        assert {arc: x["probability"] for arc, x in arcs_of(g).items()} == expected
        flipped = Graph.from_scipy(make(dense), direction="influences")
        assert {arc: x["weight"] for arc, x in arcs_of(flipped).items()} == {
            (j, i): x for (i, j), x in expected.items()
        }
        assert Graph.from_scipy(make(dense), values=None).columns == ()
        both = Graph.from_scipy(make(np.triu(dense)), direction="undirected", self_loops="keep")
        assert np.array_equal(both.to_scipy("weight").toarray(), np.triu(dense) + np.triu(dense, 1).T)


def test_to_scipy():
    g = Graph.from_edges([0, 0, 2], [1, 2, 0], n_nodes=4, weight=[2, 3, 4])
    follows = np.zeros((4, 4))
    follows[[0, 0, 2], [1, 2, 0]] = [2, 3, 4]
    assert np.array_equal(g.to_scipy("weight").toarray(), follows)
    assert np.array_equal(g.to_scipy("weight", direction="influences").toarray(), follows.T)
    assert np.array_equal(g.to_scipy().toarray(), follows != 0)
    assert g.to_scipy().indices.dtype == np.int32
    assert g.to_scipy().data.flags.writeable
    with pytest.raises(ParameterError, match="no column 'x'"):
        g.to_scipy("x")


def test_stored_zeros_are_arcs_and_duplicates_combine():
    adj = sp.coo_array(([0.0, 0.5, 0.5], ([0, 1, 1], [1, 0, 0])), shape=(2, 2))
    assert arcs_of(Graph.from_scipy(adj)) == {(0, 1): {"weight": 0.0}, (1, 0): {"weight": 1.0}}
    assert Graph.from_scipy(adj, values="probability").column("probability").tolist() == [0, 0.75]


@pytest.mark.parametrize(
    ("adj", "message"),
    [
        (np.zeros((2, 3)), r"square matrix, got shape \(2, 3\)"),
        (np.zeros(3), "square matrix"),
        (sp.csr_array((2, 3)), "square matrix"),
        (np.array([["a"]]), "must hold numbers"),
        (np.array([[0, np.nan], [0, 0]]), "weight must be a finite number, got nan"),
    ],
)
def test_wrong_matrices(adj, message):
    with pytest.raises(ParameterError, match=message):
        Graph.from_scipy(adj)


def test_matrix_with_ids():
    g = Graph.from_scipy(np.eye(3, k=1), ids=["a", "b", "c"], values=None)
    assert set(arcs_of(g)) == {("a", "b"), ("b", "c")}
    with pytest.raises(ParameterError, match="ids must name n_nodes = 3 nodes, got 1 ids"):
        Graph.from_scipy(np.eye(3), ids=["a"])


# -- torch -------------------------------------------------------------------------------------------------------------


def test_torch_matrices():
    torch = pytest.importorskip("torch")
    dense = torch.tensor([[0.0, 0.5, 0.0], [0.0, 0.9, 0.25], [1.0, 0.0, 0.0]], requires_grad=True)
    expected = {(0, 1): 0.5, (1, 2): 0.25, (2, 0): 1.0}
    plain = dense.detach()
    for adj in (dense, plain.to_sparse_coo(), plain.to_sparse_csr(), plain.double(), plain.bfloat16(), plain.t().t()):
        g = Graph.from_torch(adj, direction="influences", values="probability")
        assert {(v, u): x["probability"] for (u, v), x in arcs_of(g).items()} == expected
        assert set(arcs_of(Graph.from_torch(adj))) == set(expected)
    assert Graph.from_torch(plain > 0.3, ids=["a", "b", "c"]).column("weight").tolist() == [1, 1]
    with pytest.raises(ParameterError, match=r"looks like an edge_index: give n_nodes"):
        Graph.from_torch(torch.tensor([[0, 1, 2], [1, 2, 0]]))
    with pytest.raises(ParameterError, match=r"dense, COO or CSR tensor, got torch.sparse_csc"):
        Graph.from_torch(plain.to_sparse_csc())
    with pytest.raises(ParameterError, match=r"probability must be in \[0, 1\], got 2.0"):
        Graph.from_torch(torch.tensor([[0, 2], [0, 0]]), values="probability")


def test_torch_coo_that_is_not_coalesced():
    torch = pytest.importorskip("torch")
    adj = torch.sparse_coo_tensor([[0, 0], [1, 1]], [0.5, 0.5], (2, 2))
    assert Graph.from_torch(adj, values="probability").column("probability").tolist() == [0.75]
    assert Graph.from_torch(adj).column("weight").tolist() == [1.0]


def test_torch_edge_index():
    torch = pytest.importorskip("torch")
    edge_index = torch.tensor([[0, 1, 1], [1, 2, 2]])
    values = torch.tensor([[0.5], [0.25], [0.5]])
    g = Graph.from_torch(edge_index, n_nodes=4, edge_values=values)
    assert (g.n_nodes, arcs_of(g)) == (4, {(0, 1): {"weight": 0.5}, (1, 2): {"weight": 0.75}})
    g = Graph.from_torch(edge_index, n_nodes=4, edge_values=values, values="probability", direction="influences")
    assert arcs_of(g) == {(1, 0): {"probability": 0.5}, (2, 1): {"probability": 0.625}}
    assert Graph.from_torch(edge_index, n_nodes=3).columns == ()
    with pytest.raises(ParameterError, match=r"v\[1\] is 2: node positions must be in"):
        Graph.from_torch(edge_index, n_nodes=2)
    with pytest.raises(ParameterError, match="must be an edge_index"):
        Graph.from_torch(torch.zeros(3, 3), n_nodes=3)
    with pytest.raises(ParameterError, match="edge_values belong to an edge_index"):
        Graph.from_torch(edge_index, edge_values=values)


def test_from_torch_takes_tensors_only():
    with pytest.raises(ParameterError, match=r"adj must be a torch\.Tensor, got ndarray"):
        Graph.from_torch(np.eye(2))


# -- tables ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)]
)
@pytest.mark.parametrize("names", [None, ["ada", "bob", "cem"], [10, 2**60, 30]])
def test_to_frame(backend, kind, names):
    g = Graph.from_edges(
        [0, 0, 2], [1, 2, 0], n_nodes=3, ids=names, weight=[2, 3, 4], columns={"new": [True, False, True]}
    )
    frame = g.to_frame(backend)
    assert isinstance(frame, kind)
    names = names or [0, 1, 2]
    expected = {
        "source": [names[0], names[0], names[2]],
        "target": [names[1], names[2], names[0]],
        "weight": [2.0, 3.0, 4.0],
        "new": [True, False, True],
    }
    assert {
        name: list(frame[name].to_pylist() if backend == "pyarrow" else frame[name]) for name in expected
    } == expected
    again = (
        Graph.from_edges(frame["source"], frame["target"], ids=names, weight=frame["weight"])
        if names[0] == "ada"
        else g
    )
    assert arcs_of(again).keys() == arcs_of(g).keys()


def test_to_frame_backend_is_checked():
    with pytest.raises(ParameterError, match="backend must be one of 'pandas', 'polars', 'pyarrow'"):
        Graph.from_edges([0], [1]).to_frame("dask")


def test_naive_oracle_agrees_with_networkx():
    n_nodes, rows = ZOO["bow tie"]
    n = nx.DiGraph(rows)
    assert naive.weak_component(n_nodes, rows) == sorted(max(nx.weakly_connected_components(n), key=len))
    assert naive.strong_component(n_nodes, rows) == sorted(max(nx.strongly_connected_components(n), key=len))
