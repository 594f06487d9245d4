"""Sampled closeness and harmonic centrality, and HyperBall: kernels against oracles, intervals against exact values."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.distance_sums import sum_distances
from swayrank.kernels.hyperball import first_registers, size_of
from swayrank.kernels.jit import JIT_ENABLED
from swayrank.measures.centrality import approximate_closeness as module
from swayrank.measures.centrality.approximate_closeness import (
    approximate_closeness,
    approximate_harmonic,
    distance_limits,
)
from swayrank.measures.centrality.hyperball import (
    hyperball_closeness,
    hyperball_harmonic,
    neighbourhood_function,
)
from tests.oracles import naive_sampling as naive
from tests.zoo import ZOO

DIRECTIONS = ["follows", "undirected"]
compiled = pytest.mark.skipif(not JIT_ENABLED, reason="too slow in plain Python")


def graph_of(n, arcs, **options):
    u, v = np.array([a for a, _ in arcs], np.int64), np.array([b for _, b in arcs], np.int64)
    return Graph.from_edges(u, v, n_nodes=n, **options)


def random_graph(n=60, m=180, seed=0, **options):
    rng = np.random.default_rng(n + m + seed)
    u, v = rng.integers(0, n - 3, m), ((n - 1) * rng.random(m) ** 2).astype(np.int64)
    return Graph.from_edges(u, v, n_nodes=n, **options)


def stored(graph):
    u, v = graph.edges()
    return list(zip(u.tolist(), v.tolist(), strict=True))


def floats(values):
    return np.array([float(x) for x in values])


def inside(m, wanted):
    return (m.interval[0] <= wanted + 1e-12) & (wanted <= m.interval[1] + 1e-12)


@pytest.fixture(params=DIRECTIONS)
def zoo_graph(request, shape):
    n, arcs = ZOO[shape]
    return graph_of(n, arcs, self_loops="keep", direction=request.param)


# -- sums of distances -------------------------------------------------------------------------------------------------


def sums(graph, sources):
    n = graph.n_nodes
    totals = np.zeros((5, n))
    rows = [read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)]
    scratch = np.full((3, 4 * n), 99, np.uint64), np.full((2, n), 99, np.uint32)
    sum_distances(*rows, np.array(sources, np.uint32), *scratch, totals)
    return totals


def wanted_sums(graph, sources):
    totals = np.zeros((5, graph.n_nodes))
    rows = {s: naive.distances(graph.n_nodes, stored(graph), s) for s in set(sources)}
    for s in sources:
        for v, d in enumerate(rows[s]):
            totals[:, v] += [1 / d, 1 / d**2, 1, d, d**2] if d else 0
    return totals


@pytest.mark.parametrize("shape", ZOO)
def test_sums_over_the_zoo(zoo_graph):
    sources = [*range(zoo_graph.n_nodes), 0]
    assert sums(zoo_graph, sources) == pytest.approx(wanted_sums(zoo_graph, sources))


@pytest.mark.parametrize("count", [1, 64, 65, 255, 256])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_sums_of_many_sources(direction, count):
    graph = random_graph(direction=direction)
    sources = np.random.default_rng(count).integers(0, 60, count).tolist()
    assert sums(graph, sources) == pytest.approx(wanted_sums(graph, sources))


def test_sums_of_a_long_way():
    graph = graph_of(150, [(i, i + 1) for i in range(149)])  # few arcs at a time: pushed
    assert sums(graph, [0, 3, 149]) == pytest.approx(wanted_sums(graph, [0, 3, 149]))


# -- limits of distances -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_no_distance_exceeds_its_limit(seed):
    rng = np.random.default_rng(seed)
    graph = random_graph(30, int(rng.integers(5, 90)), seed, direction=DIRECTIONS[seed % 2])
    limit = distance_limits(graph)
    for s in range(30):
        for v, d in enumerate(naive.distances(30, stored(graph), s)):
            assert d is None or d <= limit[v]
    assert (limit <= 29).all()


def test_limits_are_tight_where_there_is_one_way():
    chain = [(i, i + 1) for i in range(6)]
    assert distance_limits(graph_of(7, chain)).tolist() == [1, 1, 2, 3, 4, 5, 6]
    assert distance_limits(graph_of(7, [*chain, (6, 0)])).tolist() == [6] * 7
    assert distance_limits(graph_of(4, [(0, 1), (0, 2), (0, 3)], direction="undirected")).tolist() == [2] * 4
    assert distance_limits(graph_of(0, [])).size == 0


# -- sampled closeness and harmonic centrality -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ZOO)
def test_few_accounts_are_all_looked_at(zoo_graph):
    n, arcs = zoo_graph.n_nodes, stored(zoo_graph)
    harmonic = approximate_harmonic(zoo_graph, rng=1)
    closeness = approximate_closeness(zoo_graph, rng=1)
    for m, wanted in ((harmonic, naive.harmonic(n, arcs)), (closeness, naive.closeness(n, arcs))):
        assert m.values == pytest.approx(floats(wanted), rel=1e-12)
        assert inside(m, floats(wanted)).all()
        assert m.params["n_samples"] == 0
        assert m.error_bound < 1e-12


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_networkx_agrees(direction):
    graph = random_graph(direction=direction)
    g = nx.DiGraph() if graph.directed else nx.Graph()
    g.add_nodes_from(range(60))
    g.add_edges_from(stored(graph))
    for m, theirs in (
        (approximate_harmonic(graph), nx.harmonic_centrality(g)),
        (approximate_closeness(graph), nx.closeness_centrality(g)),
    ):
        assert m.values == pytest.approx(np.array([theirs[v] for v in range(60)]), rel=1e-12)
    fraction = approximate_harmonic(graph, scale="fraction").values
    assert fraction * 59 == pytest.approx(approximate_harmonic(graph).values, rel=1e-12)


@pytest.fixture
def sampled(monkeypatch):
    """Sample even where all could be looked at."""
    monkeypatch.setattr(module, "Whole", lambda n_items, means: None)


@compiled
@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["harmonic", "closeness"])
def test_failures_are_rarer_than_delta(name, direction):
    graph = random_graph(direction=direction)
    estimate = getattr(module, f"approximate_{name}")
    options = {"scale": "fraction"} if name == "harmonic" else {}
    wanted = floats(getattr(naive, name)(60, stored(graph))) / (59 if name == "harmonic" else 1)
    n_runs, delta, failed, z = 120, 0.4, 0, []
    for rng in range(n_runs):
        m = estimate(graph, epsilon=0.08, delta=delta, rng=rng, threads=1, **options)
        assert m.params["n_samples"] > 0
        assert m.error_bound <= 0.08
        failed += not inside(m, wanted).all()
        often = wanted > 0.1  # who is reached by so many that the normal distribution serves
        z.append((m.values - wanted)[often] / m.std_error[often])
    assert failed <= delta * n_runs
    assert np.mean(z) == pytest.approx(0, abs=0.25)
    assert np.sqrt(np.mean(np.square(z))) == pytest.approx(1, abs=0.15)


@compiled
@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("shape", ZOO)
def test_samples_of_the_zoo_hold_the_exact_values(zoo_graph):
    n, arcs = zoo_graph.n_nodes, stored(zoo_graph)
    for m, wanted in (
        (approximate_harmonic(zoo_graph, epsilon=0.1, rng=3), naive.harmonic(n, arcs)),
        (approximate_closeness(zoo_graph, epsilon=0.1, rng=3), naive.closeness(n, arcs)),
    ):
        assert inside(m, floats(wanted)).all()


@compiled
def test_a_large_star_is_sampled():
    n = 20_001
    graph = Graph.from_edges(np.zeros(n - 1, np.int64), np.arange(1, n), n_nodes=n, direction="undirected")
    harmonic = approximate_harmonic(graph, epsilon=0.02, scale="fraction", rng=1)
    closeness = approximate_closeness(graph, epsilon=0.02, rng=1)
    leaf = (1 + (n - 2) / 2) / (n - 1)
    assert 0 < harmonic.params["n_samples"] < n
    assert harmonic.values[0] == pytest.approx(1, abs=0.02)
    assert harmonic.values[1:] == pytest.approx(np.full(n - 1, leaf), abs=0.02)
    assert closeness.values[0] == pytest.approx(1, abs=0.02)
    assert closeness.values[1:] == pytest.approx(np.full(n - 1, (n - 1) / (1 + 2 * (n - 2))), abs=0.02)


def test_wrong_values_are_named():
    with pytest.raises(ParameterError, match=r"epsilon must be in \(0, 1\), got 1"):
        approximate_harmonic(random_graph(), epsilon=1)
    with pytest.raises(ParameterError, match=r"log2m must be an integer in \[4, 16\], got 3"):
        neighbourhood_function(random_graph(), log2m=3)
    with pytest.raises(ParameterError, match="neighbourhood_function needs a Graph, got 'x'"):
        neighbourhood_function("x")


# -- HyperBall ---------------------------------------------------------------------------------------------------------


def hashes(n, log2m, seed=1):
    registers = np.zeros((n, 1 << log2m), np.uint8)
    first_registers(read_only(np.arange(n, dtype=np.uint32)), np.uint64(seed), np.uint64(2), 33, log2m, registers)
    return registers


def test_every_hash_fills_one_register():
    registers = hashes(4000, 4)
    assert ((registers > 0).sum(axis=1) == 1).all()
    place, rank = registers.argmax(axis=1), registers.max(axis=1)
    assert np.bincount(place, minlength=16) == pytest.approx(np.full(16, 250), abs=75)
    assert [(rank == r).mean() for r in (1, 2, 3)] == pytest.approx([0.5, 0.25, 0.125], abs=0.03)


def test_the_size_of_a_set_is_estimated_as_written():
    for size in (1, 5, 40, 1000):
        union = hashes(size, 5).max(axis=0)
        assert size_of(union[None], np.uint64(0)) == pytest.approx(naive.counted(union.tolist()), rel=1e-9)


@compiled
@pytest.mark.parametrize("size", [1, 20, 150, 400, 2000])
def test_sizes_have_no_bias_and_the_stated_error(size):
    n_runs = 150
    ratio = [size_of(hashes(size, 6, seed).max(axis=0)[None], np.uint64(0)) / size for seed in range(n_runs)]
    assert np.mean(ratio) == pytest.approx(1, abs=4 * 0.13 / np.sqrt(n_runs))
    assert np.std(ratio) < 0.13 * 1.2


@compiled
@pytest.mark.parametrize("shape", ZOO)
def test_balls_grow_as_their_members_say(zoo_graph):
    """With 2^16 registers nothing collides here: sizes are exact but for the small error of linear counting."""
    n, arcs = zoo_graph.n_nodes, stored(zoo_graph)
    found = neighbourhood_function(zoo_graph, log2m=16, rng=5)
    steps = found.pairs.size
    wanted = [sum(len(naive.ball(n, arcs, v, t)) for v in range(n)) for t in range(steps + 1)]
    assert wanted[-1] == wanted[-2], "it stopped too early"
    assert steps == 1 or wanted[-2] > wanted[-3], "it went on too long"
    assert found.pairs == pytest.approx(np.array(wanted[:-1]), rel=1e-3)
    m = hyperball_harmonic(zoo_graph, log2m=16, rng=5)
    assert m.values == pytest.approx(floats(naive.harmonic(n, arcs)), rel=1e-3)
    assert hyperball_closeness(zoo_graph, log2m=16, rng=5).values == pytest.approx(
        floats(naive.closeness(n, arcs)), rel=1e-3
    )
    assert m.n_iter == steps - 1


@compiled
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_nominal_intervals_cover_as_often_as_they_say(direction):
    graph = random_graph(300, 1200, direction=direction)
    for estimate, exact in ((hyperball_harmonic, approximate_harmonic), (hyperball_closeness, approximate_closeness)):
        wanted = exact(graph, epsilon=0.001).values
        covered = [
            inside(estimate(graph, log2m=6, confidence=0.9, rng=rng, threads=1), wanted).mean() for rng in range(60)
        ]
        assert np.mean(covered) >= 0.87


@compiled
def test_the_neighbourhood_function_of_a_cycle():
    graph = graph_of(40, [(i, (i + 1) % 40) for i in range(40)])
    found = neighbourhood_function(graph, log2m=14, rng=1)
    assert found.pairs == pytest.approx(40 * np.arange(1, 41), rel=0.01)
    assert found.effective_diameter == pytest.approx(35, rel=0.01)
    assert found.mean_distance == pytest.approx(20, rel=0.01)
    assert math.isnan(neighbourhood_function(graph_of(3, []), rng=1).mean_distance)
