"""Sampled betweenness: single samples against every path of the pair, intervals against exact values, closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels import random
from swayrank.kernels import shortest_pairs as kernels
from swayrank.kernels.jit import JIT_ENABLED
from swayrank.measures.centrality import _adaptive
from swayrank.measures.centrality._adaptive import Sums, Within, estimate_means, hoeffding_samples, make_plan
from swayrank.measures.centrality.approximate_betweenness import approximate_betweenness
from tests.oracles import naive_sampling as naive
from tests.zoo import ZOO

compiled = pytest.mark.skipif(not JIT_ENABLED, reason="too slow in plain Python")
KEY = np.uint64(5), np.uint64(9)


def graph_of(n, arcs, **options):
    u, v = np.array([a for a, _ in arcs], np.int64), np.array([b for _, b in arcs], np.int64)
    return Graph.from_edges(u, v, n_nodes=n, **options)


def random_graph(n=40, m=110, **options):
    rng = np.random.default_rng(n + m)
    u, v = rng.integers(0, n - 3, m), ((n - 1) * rng.random(m) ** 2).astype(np.int64)
    return Graph.from_edges(u, v, n_nodes=n, **options)


def stored(graph):
    u, v = graph.edges()
    return list(zip(u.tolist(), v.tolist(), strict=True))


def pair_of(item, n):
    """The two ends that a sample draws."""
    state = np.uint64(random.stream(*KEY, random.PAIRS, np.uint64(item)))
    draws = []
    for size in (n, n - 1):
        state = np.uint64(random.advance(state))
        draws.append(int(random.below(np.uint64(random.bits(state)), np.uint64(size))))
    s, t = draws
    return s, t + (t >= s)


def samples(graph, start, stop):
    n = graph.n_nodes
    totals = np.zeros((2, n))
    rows = [read_only(a) for a in (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)]
    scratch = np.zeros(n, np.uint32), np.zeros((2, n)), np.empty((6, n + 1), np.uint32)
    reached = kernels.sample_pairs(*rows, *KEY, random.PAIRS, start, stop, *scratch, totals)
    assert not scratch[1][1].any()
    return reached, totals


def exact(graph, scale="fraction"):
    """NetworkX on the same arcs."""
    g = nx.DiGraph() if graph.directed else nx.Graph()
    g.add_nodes_from(range(graph.n_nodes))
    g.add_edges_from(stored(graph))
    found = nx.betweenness_centrality(g, normalized=scale == "fraction")
    return np.array([found[v] for v in range(graph.n_nodes)])


# -- single samples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["follows", "undirected"])
@pytest.mark.parametrize("shape", [name for name, (n, _) in ZOO.items() if n > 1])
def test_a_sample_counts_all_shortest_paths_of_its_pair(shape, direction):
    n, arcs = ZOO[shape]
    graph = graph_of(n, arcs, self_loops="keep", direction=direction)
    for item in range(25):
        s, t = pair_of(item, n)
        reached, totals = samples(graph, item, item + 1)
        wanted = np.array([float(x) for x in naive.between(n, stored(graph), s, t)])
        assert reached == bool(naive.shortest_paths(n, stored(graph), s, t))
        assert totals[0] == pytest.approx(wanted, abs=1e-15)
        assert totals[1] == pytest.approx(wanted**2, abs=1e-15)


@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_samples_add_up(direction):
    graph = random_graph(direction=direction)
    _, totals = samples(graph, 100, 220)
    single = [naive.between(40, stored(graph), *pair_of(item, 40)) for item in range(100, 220)]
    assert totals[0] == pytest.approx([float(sum(x)) for x in zip(*single, strict=True)])
    assert totals[1] == pytest.approx([float(sum(y * y for y in x)) for x in zip(*single, strict=True)])


def diamonds(k, width=2):
    """A chain of k diamonds: every joint is on all paths, each of `width` sides on a share of them."""
    joints = np.arange(k + 1) * (width + 1)
    arcs = []
    for joint in joints[:-1].tolist():
        for side in range(1, width + 1):
            arcs += [(joint, joint + side), (joint + side, joint + width + 1)]
    return int(joints[-1]) + 1, arcs


@compiled
def test_counts_of_paths_beyond_float64():
    n, arcs = diamonds(1500)  # 2^1500 paths from end to end
    graph = graph_of(n, arcs)
    checked = 0
    for item in range(40):
        s, t = pair_of(item, n)
        if s >= t:
            continue
        checked += t - s > 3 * 1100
        _, totals = samples(graph, item, item + 1)
        inner = np.arange(s + 1, t)
        joint = inner % 3 == 0
        sides = (inner // 3 != s // 3) & (inner // 3 != t // 3) & ~joint
        sides |= ((inner // 3 == s // 3) & (s % 3 == 0) & ~joint) & (inner // 3 != t // 3)
        assert totals[0][inner[joint]] == pytest.approx(1.0, rel=1e-12)
        assert totals[0][inner[sides]] == pytest.approx(0.5, rel=1e-12)
        assert totals[0].sum() == pytest.approx(joint.sum() + sides.sum() / 2)
    assert checked >= 2


@pytest.mark.skipif(JIT_ENABLED, reason="the limit is compiled in")
def test_marks_start_again_before_they_overflow(monkeypatch):
    graph = random_graph()
    wanted = samples(graph, 0, 200)[1]
    monkeypatch.setattr(kernels, "_LAST_SERIAL", 200)
    assert np.array_equal(samples(graph, 0, 200)[1], wanted)


# -- the whole measure -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["fraction", "raw"])
@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_intervals_hold_the_exact_values(direction, scale):
    graph = random_graph(direction=direction)
    m = approximate_betweenness(graph, epsilon=0.01, delta=0.01, scale=scale, rng=3)
    wanted = exact(graph, scale)
    unit = 1.0 if scale == "fraction" else 39 * 38 / (1 if graph.directed else 2)
    assert (m.interval[0] <= wanted).all()
    assert (wanted <= m.interval[1]).all()
    assert m.error_bound <= 0.01 * unit
    assert np.abs(m.values - wanted).max() <= m.error_bound
    assert 0.004 * unit < m.error_bound, "so narrow an interval was not paid for"


@pytest.mark.parametrize("shape", ZOO)
def test_intervals_hold_over_the_zoo(shape):
    n, arcs = ZOO[shape]
    graph = graph_of(n, arcs, self_loops="keep")
    m = approximate_betweenness(graph, epsilon=0.03, rng=1)
    wanted = [float(x) / max(1, (n - 1) * (n - 2)) for x in naive.betweenness(n, stored(graph))]
    assert (m.interval[0] <= np.array(wanted) + 1e-12).all()
    assert (m.interval[1] >= np.array(wanted) - 1e-12).all()
    assert m.error_bound <= 0.03


def test_the_middle_of_a_star_is_between_all_pairs():
    n = 101
    graph = graph_of(n, [(0, i) for i in range(1, n)], direction="undirected")
    m = approximate_betweenness(graph, epsilon=0.02, rng=2)
    assert m.values[0] == pytest.approx(1.0, abs=0.02)
    assert not m.values[1:].any()


def test_no_account_is_between_two():
    m = approximate_betweenness(graph_of(2, [(0, 1)]), rng=1)
    assert m.values.tolist() == [0, 0]
    assert m.params["n_samples"] == 0
    assert approximate_betweenness(graph_of(0, [])).values.size == 0


@compiled
def test_failures_are_rarer_than_delta():
    graph = random_graph(24, 60)
    wanted = exact(graph)
    n_runs, delta, failed, z = 250, 0.4, 0, []
    for rng in range(n_runs):
        m = approximate_betweenness(graph, epsilon=0.08, delta=delta, rng=rng, threads=1)
        outside = (wanted < m.interval[0] - 1e-12) | (wanted > m.interval[1] + 1e-12)
        failed += bool(outside.any())
        hub = int(wanted.argmax())
        z.append((m.values[hub] - wanted[hub]) / m.std_error[hub])
    assert failed <= delta * n_runs
    assert np.mean(z) == pytest.approx(0, abs=4 / np.sqrt(n_runs))
    assert np.std(z) == pytest.approx(1, abs=0.2)


@compiled
@pytest.mark.parametrize("k", [1, 5, 40])
def test_the_top_is_right_up_to_twice_epsilon(k):
    graph = random_graph()
    wanted = exact(graph)
    for rng in range(12):
        m = approximate_betweenness(graph, epsilon=0.02, delta=0.05, top=k, rng=rng)
        order = np.argsort(-m.values, kind="stable")
        for i in range(min(k, 39)):
            assert wanted[order[i + 1 :]].max() <= wanted[order[i]] + 2 * 0.02
        assert (m.interval[0] <= wanted + 1e-12).all()
        assert (wanted - 1e-12 <= m.interval[1]).all()
        assert (
            m.params["n_samples"]
            <= approximate_betweenness(graph, epsilon=0.02, delta=0.05, rng=rng).params["n_samples"] * 1.1
        )


def test_the_answer_tells_how_to_repeat_it():
    graph = random_graph()
    m = approximate_betweenness(graph, epsilon=0.05)
    again = approximate_betweenness(graph, epsilon=0.05, rng=np.random.default_rng(4))
    assert len(m.params["rng"]) == 32
    assert np.array_equal(
        again.values, approximate_betweenness(graph, epsilon=0.05, rng=np.random.default_rng(4)).values
    )
    assert not np.array_equal(m.values, again.values)


def test_wrong_values_are_named():
    graph = random_graph()
    with pytest.raises(ParameterError, match=r"epsilon must be in \(0, 1\), got 0"):
        approximate_betweenness(graph, epsilon=0)
    with pytest.raises(ParameterError, match="scale must be one of 'fraction', 'raw', got 'nx'"):
        approximate_betweenness(graph, scale="nx")


# -- the bound ---------------------------------------------------------------------------------------------------------


def bernoulli(probabilities, seed, n_items=2000):
    """Draws whose items do not depend on how they are asked for."""
    rng = np.random.default_rng(seed)
    table = rng.random((n_items, len(probabilities))) < np.array(probabilities)

    def draw(start, stop, step):
        part = table[start:stop].sum(axis=0).astype(np.float64)
        return Sums(stop - start, np.stack([part, part]))

    return draw


def test_a_plan_spends_no_more_than_delta():
    before = bernoulli([0.0, 0.001, 0.05, 0.2, 0.5] + [0.002] * 200, 1)(0, 2000, None)
    for radii in (np.full(205, 0.01), np.geomspace(0.01, 0.1, 205)):
        plan = make_plan(before, radii, 0.08)
        assert 2 * np.exp(-plan.level).sum() <= 0.08
        assert 2 * np.exp(-plan.level).sum() > 0.04
        assert ((plan.bet > 0) & (plan.bet < 1)).all()


def test_the_bound_holds_at_all_sizes_together():
    p, delta, failed = 0.3, 0.3, 0
    plan = make_plan(bernoulli([p], 0)(0, 500, None), np.array([0.03]), delta)
    rng = np.random.default_rng(1)
    for _ in range(400):
        hits = np.cumsum(rng.random(4 * plan.n_samples) < p)
        sizes = np.arange(1, hits.size + 1)
        radius = [
            plan.radius(Sums(int(size), np.full((2, 1), float(h))))[0]
            for size, h in zip(sizes[9::37], hits[9::37], strict=True)
        ]
        failed += bool((np.abs(hits[9::37] / sizes[9::37] - p) > radius).any())
    assert 5 <= failed <= delta * 400  # never more, and not so rare that the bound is idle


def test_what_the_first_sample_did_not_show_is_planned_anew(monkeypatch):
    """The first items are all 0; then half are 1: the first plan has bet far too much."""
    spent = []

    def note(before, radii, delta):
        plan = make_plan(before, radii, delta)
        spent.append(2 * np.exp(-plan.level).sum())
        return plan

    monkeypatch.setattr(_adaptive, "make_plan", note)

    def draw(start, stop, step):
        hits = np.array([float(sum(i >= 800 and i % 2 for i in range(start, stop)))])
        return Sums(stop - start, np.stack([hits, hits]))

    found = estimate_means(1, draw, Within(0.01), 0.1, "test", None)
    assert found.plans == len(spent) > 1
    assert sum(spent) <= 0.1
    assert abs(found.mean[0] - 0.5) <= found.radius[0] + 0.05
    assert found.radius[0] <= 0.01


def test_hoeffding_ends_it():
    found = estimate_means(3, bernoulli([0.5, 0.1, 0.9], 5), Within(0.4), 0.1, "test", None)
    assert found.n_samples == hoeffding_samples(3, 0.4, 0.001) == 28
    assert found.radius.tolist() == [0.4] * 3
