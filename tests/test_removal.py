"""Whom to silence: dominator trees against deletion and recount, choices and spreads against enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayrank._rng import resolve_rng
from swayrank.campaign.removal import select_removal
from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.dominators import dominators, removal_losses, removal_sizes
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.kernels.random import CASCADE
from swayrank.measures.propagation import SIR, IndependentCascade, LinearThreshold, simulate
from tests.engines import AdversarialEngine
from tests.oracles import naive_removal as naive
from tests.zoo import ZOO

CASES = {name: case for name, case in ZOO.items() if name not in ("duplicates", "self-loops")}
KEY = resolve_rng(3)


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def random_graph(n, m, seed):
    draw = np.random.default_rng(seed)
    return graph_of(n, list({(int(a), int(b)) for a, b in draw.integers(0, n, (m, 2)) if a != b}))


def lists(graph):
    return list(zip(*(ends.tolist() for ends in graph.edges()), strict=True))


def arguments(model, starts, some, purpose=CASCADE, first=0):
    pick = isinstance(model, LinearThreshold)
    walk = model.backward() if pick else model.forward()
    rows = (read_only(array) for array in (walk.rows, walk.indices, walk.probability, walk.shares))
    who = np.uint64(pick), read_only(np.array(starts, np.uint32)), read_only(some)
    return *rows, *who, KEY.hi, KEY.lo, np.uint64(purpose), np.uint64(first)


def losses_of(model, starts, gone, n_worlds):
    blocked = np.zeros(model.graph.n_nodes, np.uint8)
    blocked[list(gone)] = 1
    sizes, losses = np.empty(n_worlds, np.uint32), np.zeros(blocked.size, np.int64)
    removal_losses(*arguments(model, starts, blocked), sizes, losses)
    return sizes, losses


def sizes_of(model, starts, removed, n_worlds):
    sizes = np.empty((n_worlds, len(removed) + 1), np.uint32)
    removal_sizes(*arguments(model, starts, np.array(removed, np.uint32)), sizes)
    return sizes


MODELS = {
    "even": lambda g: IndependentCascade(g, prob=0.6),
    "mixed": lambda g: IndependentCascade(g, prob=np.random.default_rng(1).choice([0, 0.02, 0.3, 0.9, 1], g.n_edges)),
    "weighted": lambda g: IndependentCascade(g, prob="weighted_cascade"),
    "sharing": lambda g: IndependentCascade(g, prob=0.7, sharing=0.6),
    "threshold": LinearThreshold,
    "uneven threshold": lambda g: LinearThreshold(
        g, weights=np.random.default_rng(2).random(g.n_edges) / np.maximum(np.repeat(g.out_degree, g.out_degree), 1)
    ),
    "threshold, sharing": lambda g: LinearThreshold(g, sharing=0.7),
}


# -- the kernels -------------------------------------------------------------------------------------------------------


def preorder(n, arcs, root):
    """Numbers, parents and arcs of the accounts that a depth-first walk meets."""
    number, parent, stack = {}, [], [(root, 0)]
    while stack:
        v, above = stack.pop()
        if v in number:
            continue
        number[v] = len(number)
        parent.append(above)
        stack += [(b, number[v]) for a, b in arcs if a == v]
    return number, parent


@given(st.integers(1, 12), st.data())
def test_dominator_trees_are_those_of_deletion(n, data):
    arcs = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30))
    number, parent = preorder(n, arcs, 0)
    into = [[] for _ in number]
    for a, b in arcs:
        if a in number:
            into[number[b]].append(number[a])
    starts = np.cumsum([0, *(len(row) for row in into)]).astype(np.uint32)
    idom = np.empty(len(number), np.uint32)
    dominators(np.array(parent, np.uint32), starts, np.array([a for row in into for a in row], np.uint32), idom)
    exact = naive.immediate_dominators(n, arcs, 0)
    assert [exact[v] for v in number if v != 0] == [list(number)[d] for d in idom[1:]]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("starts", [[], [0], [3, 7, 1]])
def test_losses_are_those_of_removing_and_recounting_in_the_same_worlds(name, starts):
    for seed in range(3):
        model = MODELS[name](random_graph(25, 70, seed))
        for gone in ((), (4, 9, 11)):
            sizes, losses = losses_of(model, starts, gone, 150)
            assert sizes.tolist() == sizes_of(model, starts, gone, 150)[:, -1].tolist()
            for v in range(25):
                left = sizes_of(model, starts, [*gone, v], 150)[:, -1] if v not in gone else sizes
                assert losses[v] == int(sizes.sum()) - int(left.sum()), (name, seed, gone, v)
        assert losses.any()


@pytest.mark.parametrize("name", MODELS)
def test_all_prefixes_are_counted_in_one_walk(name):
    """A prefix by itself, and each world in which nobody is gone, are the same bits."""
    model = MODELS[name](random_graph(30, 110, 5))
    removed = [7, 2, 19, 4, 28]
    whole = sizes_of(model, [1, 8], removed, 100)
    for j in range(len(removed) + 1):
        assert whole[:, j].tolist() == sizes_of(model, [1, 8], removed[:j], 100)[:, -1].tolist()
    assert np.all(np.diff(whole.astype(int), axis=1) <= 0)
    assert np.any(whole[:, 0] > whole[:, -1])


@pytest.mark.parametrize("name", MODELS)
def test_worlds_are_those_of_simulate(name):
    model = MODELS[name](random_graph(40, 150, 6))
    found = simulate(model, [2, 5], n_runs=200, rng=KEY, playback=1)  # playback: no other kernel
    sizes, _ = losses_of(model, [2, 5], (), 200)
    assert sizes.tolist() == found.sizes.tolist()


def test_certain_arcs_are_the_plain_digraph():
    for name, (n, arcs) in CASES.items():
        g = graph_of(n, arcs)
        flow = [(v, u) for u, v in lists(g)]
        for source in range(n):
            _, losses = losses_of(IndependentCascade(g, prob=1.0), [source], (), 1)
            assert losses.tolist() == naive.lost(n, flow, [source]), (name, source)


def test_a_long_chain_and_a_large_star():
    n = 20_000
    _, losses = losses_of(IndependentCascade(graph_of(n, list(pairwise(range(n)))), prob=1.0), [n - 1], (), 2)
    assert losses.tolist() == [2 * (v + 1) for v in range(n)]
    star = graph_of(n, [(i, 0) for i in range(1, n)])
    assert losses_of(IndependentCascade(star, prob=1.0), [0], (), 1)[1].tolist() == [n] + [1] * (n - 1)


# -- the choice --------------------------------------------------------------------------------------------------------


def arcs_of(model):
    return [(u, v, Fraction(float(p))) for (u, v), p in zip(lists(model.graph), model.probabilities(), strict=True)]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sources", [None, [0], [1, 3]])
def test_the_first_is_the_best_of_all_by_enumeration(name, sources):
    n, arcs = CASES[name]
    model = IndependentCascade(graph_of(n, arcs), prob=0.5)
    if sources is not None and max(sources) >= n - 1:
        pytest.skip("a graph without anybody else")
    found = select_removal(model, 1, sources=sources, n_samples=20_000, rng=5)
    exact = arcs_of(model)
    free = [v for v in range(n) if v not in (sources or [])]
    left = {v: naive.spread_without(n, exact, {v}, sources) for v in free}
    before = naive.spread_without(n, exact, set(), sources)
    assert abs(found.spread_before - before) <= 4.5 * found.before_std_error + 1e-12
    if not found.accounts:
        assert min(left.values()) == before
        return
    assert left[found.accounts[0]] <= min(left.values()) + 0.02
    assert abs(found.spread_after[0] - left[found.accounts[0]]) <= 4.5 * found.std_error[0] + 1e-12
    assert abs(found.baseline_after[0] - left[found.baseline[0]]) <= 4.5 * found.baseline_std_error[0] + 1e-12
    low, high = found.cut_interval
    assert low <= found.cut <= high


@pytest.mark.parametrize("seed", range(4))
def test_threshold_spreads_are_the_enumerated_ones(seed):
    draw = np.random.default_rng(seed)
    g = random_graph(6, 10, seed)
    weights = draw.choice([0.25, 0.5, 0.75], g.n_edges) / np.maximum(np.repeat(g.out_degree, g.out_degree), 1)
    model = LinearThreshold(g, weights=weights)
    found = select_removal(model, 2, sources=0, n_samples=20_000, rng=seed)
    worlds = naive.threshold_worlds(6, arcs_of(model))
    for j in range(len(found.accounts) + 1):
        exact = float(sum(w * len(naive.reached(live, [0], set(found.accounts[:j]))) for w, live in worlds))
        mean, error = (
            (found.spread_before, found.before_std_error)
            if j == 0
            else (found.spread_after[j - 1], found.std_error[j - 1])
        )
        assert abs(mean - exact) <= 4.5 * error + 1e-12
    best = min(float(sum(w * len(naive.reached(live, [0], {v})) for w, live in worlds)) for v in range(1, 6))
    if found.accounts:
        assert found.spread_after[0] <= best + 0.05


def test_intervals_hold_as_often_as_they_say():
    model = IndependentCascade(graph_of(7, [(1, 0), (2, 0), (3, 1), (3, 2), (4, 3), (5, 1), (6, 3)]), prob=0.5)
    arcs, held = arcs_of(model), []
    for rng in range(300):
        found = select_removal(model, 1, sources=0, n_samples=200, rng=rng, confidence=0.9)
        truth = naive.spread_without(7, arcs, {found.accounts[0]}, [0])
        held.append(found.interval[0][0] <= truth <= found.interval[0][1])
    assert 0.85 <= np.mean(held) <= 0.95


def test_who_may_not_be_silenced_is_not():
    n = 6
    model = IndependentCascade(graph_of(n, list(pairwise(range(n)))), prob=1.0)  # 5 starts, 4 follows it ...
    first = select_removal(model, 2, sources=5, n_samples=50, rng=1)
    assert (first.accounts, first.baseline) == ((4,), (1,))  # nobody left is reached; 1 to 4 have one follower each
    assert select_removal(model, 2, sources=5, never=4, n_samples=50, rng=1).accounts == (3,)
    assert select_removal(model, 2, sources=5, never=[1, 4], n_samples=50, rng=1).baseline == (2,)
    drawn = select_removal(model, 1, n_samples=4000, rng=1)
    assert drawn.accounts[0] in (2, 3)  # cuts 1/6 (v + 1) (6 - v)
    assert abs(drawn.cut - 2.0) < 0.1


def test_two_that_are_worthless_alone():
    """The cut is not submodular: greedy still goes on after a gain of one each."""
    arcs = [(1, 0), (2, 0), (3, 1), (3, 2), (4, 3), (5, 3), (6, 3)]
    found = select_removal(IndependentCascade(graph_of(7, arcs), prob=1.0), 1, sources=0, n_samples=10, rng=1)
    assert found.accounts == (3,)
    found = select_removal(IndependentCascade(graph_of(7, arcs), prob=1.0), 2, sources=0, never=3, n_samples=10, rng=1)
    assert (found.accounts, found.spread_after.tolist()) == ((1, 2), [6.0, 1.0])


def test_the_same_bits_on_every_engine(any_engine):
    for name in ("mixed", "threshold"):
        model = MODELS[name](random_graph(60, 240, 9))
        one = select_removal(model, 3, sources=[0, 1], n_samples=300, rng=2, threads=1)
        other = select_removal(model, 3, sources=[0, 1], n_samples=300, rng=2, **any_engine)
        assert repr(one) == repr(other)
        assert one.interval.tolist() == other.interval.tolist()


def test_another_process():
    engine = AdversarialEngine(order=2)
    model = MODELS["sharing"](random_graph(30, 90, 4))
    one, other = (select_removal(model, 2, n_samples=200, rng=2, **how) for how in ({}, {"engine": engine}))
    assert repr(one) == repr(other)


def test_it_prints_and_makes_tables():
    model = IndependentCascade(graph_of(4, [(1, 0), (2, 1), (3, 1)]), prob=1.0)
    found = select_removal(model, 1, sources=0, n_samples=10, rng=1)
    assert "heuristic: no bound" in repr(found)
    assert found.to_frame("polars").to_dicts()[0]["spread_after"] == 1.0
    assert found.params["sources"] == ["0"]


def test_what_is_refused():
    g = graph_of(4, [(1, 0), (2, 1), (3, 1)])
    with pytest.raises(ParameterError, match="max_steps=2"):
        select_removal(IndependentCascade(g, prob=0.5, max_steps=2), 1)
    with pytest.raises(ParameterError, match="must be an IndependentCascade"):
        select_removal(SIR(g, transmission_rate=1.0, recovery_rate=1.0), 1)
    with pytest.raises(ParameterError, match="at most the 2 accounts"):
        select_removal(g, 3, sources=0, never=1)
    with pytest.raises(UnknownAccountError):
        select_removal(g, 1, sources=9)
    with pytest.raises(ParameterError, match="sources must name at least one"):
        select_removal(g, 1, sources=[])
    for wrong in (0, 1.5):
        with pytest.raises(ParameterError, match="k must be"):
            select_removal(g, wrong)


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    for name, kernel in KERNELS.items():
        if name.startswith("swayrank.kernels.dominators."):
            assert len(kernel.signatures) <= 1, name
