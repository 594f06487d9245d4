"""The map's places: forces against all pairs, the tree's laws, what a layout has to show, the same bits everywhere."""

from __future__ import annotations

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.kernels import jit
from swayrank.overview import layout as module
from swayrank.overview.layout import forces, layout, planted
from tests.engines import AdversarialEngine
from tests.oracles import naive_layout as naive


def component(n, n_arcs, seed, *, clump=False):
    """Places, arcs, and the same arcs as rows from both ends."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(n, 2)) * 5
    if clump:  # a crowd within a thousandth of the map, and a few on the same spot
        places[: n // 2] = places[0] + rng.normal(size=(n // 2, 2)) * 1e-3
        places[n // 2 : n // 2 + 12] = places[n // 2]
    u, v = rng.integers(0, n, (2, n_arcs))
    u, v = u[u != v], v[u != v]
    rows, columns = np.concatenate((u, v)), np.concatenate((v, u))
    order = np.argsort(rows, kind="stable")
    degree = np.bincount(rows, minlength=n)
    indptr = np.concatenate(([0], np.cumsum(degree)))
    task = (indptr, columns[order].astype(np.uint32), *np.ascontiguousarray(places.T), 1.0 + degree)
    return places, list(zip(u.tolist(), v.tolist(), strict=True)), task


def felt(task, theta):
    """The force on every node, in the order of nodes."""
    press = planted(*task, theta)
    n = press.x.size
    by_node = np.empty((n, 2))
    by_node[press.order] = forces(press, 0, n)
    return press, by_node


@pytest.mark.parametrize("clump", [False, True])
@pytest.mark.parametrize(("n", "n_arcs"), [(1, 0), (2, 1), (9, 20), (200, 700)])
def test_exact_forces_against_all_pairs(n, n_arcs, clump):
    places, arcs, task = component(n, n_arcs, seed=n, clump=clump and n > 30)
    _, found = felt(task, 0.0)
    expected = np.array(naive.forces(places.tolist(), arcs))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_far_groups_count_as_one():
    places, arcs, task = component(600, 0, seed=3)
    expected = np.array(naive.forces(places.tolist(), arcs))
    size = np.hypot(*expected.T).mean()
    off = {theta: np.hypot(*(felt(task, theta)[1] - expected).T) / size for theta in (0.5, 0.2)}
    assert 1e-6 < off[0.5].mean() < 0.02
    assert off[0.5].max() < 0.1
    assert off[0.2].mean() < off[0.5].mean() / 3


@pytest.mark.parametrize("clump", [False, True])
def test_the_tree(clump):
    _, _, task = component(500, 0, seed=11, clump=clump)
    tree, _ = felt(task, 0.5)
    first, stop, skip = (array[: tree.n_cells].astype(int) for array in (tree.first, tree.stop, tree.skip))
    x, y, mass = tree.points
    assert (first[0], stop[0], skip[0]) == (0, 500, tree.n_cells)
    assert sorted(tree.order.tolist()) == list(range(500))
    leaves = np.flatnonzero(skip == np.arange(tree.n_cells) + 1)
    covered = np.concatenate([np.arange(first[c], stop[c]) for c in leaves])
    assert covered.tolist() == list(range(500))
    for c in range(tree.n_cells):
        own = slice(first[c], stop[c])
        assert tree.middle[c, 2] == pytest.approx(mass[own].sum())
        assert tree.middle[c, :2] == pytest.approx([np.average(axis[own], weights=mass[own]) for axis in (x, y)])
        widest = max(np.ptp(x[own]), np.ptp(y[own]))
        assert widest <= tree.width[c] * (1 + 1e-9) + 1e-9
    one_spot = [c for c in leaves if stop[c] - first[c] > 8]
    assert bool(one_spot) == clump
    assert all(np.ptp(x[first[c] : stop[c]]) < 1e-7 for c in one_spot)


def test_two_circles_come_apart():
    u, v = np.nonzero(np.kron(np.eye(2), 1 - np.eye(12)))
    places = layout(sr.Graph.from_edges([*u, 0], [*v, 12]))
    one, other = places[:12], places[12:]
    between = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0))
    within = max(np.linalg.norm(circle - circle.mean(axis=0), axis=1).max() for circle in (one, other))
    assert between > 3 * within


def test_communities_come_apart():
    town = sr.generate("town", n=300, rng=7)
    of = sr.communities(town.graph, method="label_propagation").of
    places = layout(town.graph)
    middles = np.array([places[of == c].mean(axis=0) for c in range(of.max() + 1)])
    nearest = np.linalg.norm(places[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == of)[of >= 0].mean() > 0.9


def test_the_same_bits(monkeypatch):
    rng = np.random.default_rng(2)
    u, v = rng.integers(0, 500, (2, 900))
    few_u, few_v = rng.integers(500, 900, (2, 250))
    graph = sr.Graph.from_edges(np.concatenate((u, few_u)), np.concatenate((v, few_v)), n_nodes=900)
    monkeypatch.setattr(module, "_SMALL", 100)
    expected = layout(graph, n_iter=20, threads=1)
    monkeypatch.setattr(module, "_NODES_PER_CHUNK", 17)
    monkeypatch.setattr(module, "_SMALL_PER_CHUNK", 3)
    assert np.array_equal(layout(graph, n_iter=20, threads=3), expected)
    assert np.array_equal(layout(graph, n_iter=20, engine=AdversarialEngine(1)), expected)
    assert not np.array_equal(layout(graph, n_iter=20, rng=8), expected)
    monkeypatch.setattr(module, "_SMALL", 10_000)
    assert np.array_equal(layout(graph, n_iter=20), expected), "small and large components are the same arithmetic"


def test_components_do_not_overlap():
    rng = np.random.default_rng(4)
    u, v = rng.integers(0, 300, (2, 230))
    graph = sr.Graph.from_edges(u, v, n_nodes=320)
    places = layout(graph, n_iter=50).astype(float)
    label = module.component_labels(graph.indptr, graph.indices, "weak")
    boxes = [(places[label == c].min(axis=0), places[label == c].max(axis=0)) for c in range(label.max() + 1)]
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            assert np.any((low > other_high + 1e-6) | (other_low > high + 1e-6))
    assert np.ptp(places, axis=0).max() == pytest.approx(2)
    assert abs(places).max() == pytest.approx(1)


def test_edge_cases():
    assert layout(sr.Graph.from_edges([], [], n_nodes=0)).shape == (0, 2)
    assert layout(sr.Graph.from_edges([], [], n_nodes=1)).tolist() == [[0, 0]]
    alone = layout(sr.Graph.from_edges([], [], n_nodes=30))
    assert len({tuple(place) for place in alone.tolist()}) == 30
    loops = sr.Graph.from_edges([0, 0, 1], [0, 1, 1], n_nodes=2, self_loops="keep")
    assert np.array_equal(layout(loops), layout(sr.Graph.from_edges([0], [1], n_nodes=2)))
    assert np.isfinite(layout(sr.Graph.from_edges([0] * 40, range(1, 41)))).all()
    with pytest.raises(ParameterError, match="layout needs a Graph"):
        layout([(0, 1)])
    with pytest.raises(ParameterError, match="n_iter must be"):
        layout(loops, n_iter=0)


@pytest.mark.skipif(not jit.JIT_ENABLED, reason="there are no signatures with the JIT off")
def test_one_signature():
    layout(sr.generate("town", n=300, rng=7).graph, n_iter=2)
    layout(sr.generate("town", n=600, rng=7).graph, n_iter=2)
    own = {name: kernel for name, kernel in jit.KERNELS.items() if "kernels.layout" in name}
    assert {name: len(kernel.signatures) for name, kernel in own.items() if len(kernel.signatures) > 1} == {}
    assert len(own) >= 8


def test_accounts_start_at_their_own_place():
    """Names, not numbers: the same arcs told in another order are the same map, up to rounding."""
    names = np.array([f"a{i}" for i in range(12)])
    u, v = np.nonzero(np.triu(np.kron(np.eye(2), np.ones((6, 6))), 1))
    u, v = [*u, 0], [*v, 6]
    one = sr.Graph.from_edges(names[u], names[v], ids=names.tolist())
    other = sr.Graph.from_edges(names[u], names[v], ids=names[::-1].tolist())
    assert layout(one, n_iter=3) == pytest.approx(layout(other, n_iter=3)[::-1], abs=1e-5)


def test_accounts_without_arcs_take_little_room():
    """A circle of 100 and 200 who stand alone: these have a strip, two thirds of the accounts no half of the map."""
    graph = sr.Graph.from_edges(np.arange(100), (np.arange(100) + 1) % 100, n_nodes=300)
    places = layout(graph)
    circle, alone = places[:100], places[100:]
    assert alone[:, 0].min() > circle[:, 0].max()
    assert np.ptp(alone[:, 0]) < 0.2 * np.ptp(places[:, 0])
    assert len(np.unique(alone, axis=0)) == 200
