"""Credit distribution against its recursion, every set of small logs, and plain greedy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.kernels.jit import KERNELS
from swayrank.learning.attribution import attribute, attribute_arcs
from swayrank.learning.casin import casin
from swayrank.learning.credit import CreditDistribution
from swayrank.learning.trees import cascade_trees
from tests.logs import events_of, random_log, read_cascades
from tests.oracles import naive_credit as naive

CREDITS = ("equal", "time")
SEEDS = range(5)


def made(seed, credit, **options):
    log = random_log(seed, **options)
    return log, CreditDistribution(log.graph, log.events, credit=credit)


@pytest.mark.parametrize("credit", CREDITS)
def test_spread_is_the_recursion(credit):
    for seed in SEEDS:
        log, cd = made(seed, credit)
        draw = np.random.default_rng(seed)
        for size in (1, 2, 3, 6):
            seeds = draw.permutation(len(log.accounts))[:size].tolist()
            expected = naive.spread(log.posts, log.follows, set(seeds), credit)
            assert cd.spread(seeds) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("credit", CREDITS)
def test_spreads_are_those_of_each_alone(credit):
    for seed in SEEDS:
        log, cd = made(seed, credit)
        expected = [naive.spread(log.posts, log.follows, {a}, credit) for a in log.accounts]
        np.testing.assert_allclose(cd.spreads().values, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("credit", CREDITS)
def test_greedy_is_plain_greedy(credit):
    for seed in SEEDS:
        log, cd = made(seed, credit)
        k = 5
        found = cd.select_seeds(k)
        seeds, gains = naive.greedy(log.posts, log.follows, k, credit)
        assert found.seeds.tolist() == seeds
        np.testing.assert_allclose(found.marginal_gains, gains, rtol=1e-9, atol=1e-12)
        assert found.spread == pytest.approx(cd.spread(found.accounts), rel=1e-12)


@pytest.mark.parametrize("credit", CREDITS)
def test_greedy_keeps_its_promise(credit):
    for seed in SEEDS:
        log, cd = made(seed, credit, n_accounts=7)
        best = naive.best_spread(log.posts, log.follows, 3, credit)
        assert (1 - 1 / math.e) * best - 1e-9 <= cd.select_seeds(3).spread <= best + 1e-9


@pytest.mark.parametrize("credit", CREDITS)
def test_monotone_and_submodular_over_all_sets(credit):
    _, cd = made(2, credit, n_accounts=6, n_posts=6, p_arc=0.6)
    sets = [frozenset(s) for size in range(1, 7) for s in itertools.combinations(range(6), size)]
    value = {frozenset(): 0.0} | {s: cd.spread(sorted(s)) for s in sets}
    for s in value:
        for x in set(range(6)) - s:
            assert value[s | {x}] >= value[s] - 1e-12
            for y in set(range(6)) - s - {x}:
                assert value[s | {x}] - value[s] >= value[s | {x, y}] - value[s | {y}] - 1e-12
    assert value[frozenset(range(6))] == pytest.approx(len(cd.spreads().values[cd.spreads().values > 0]))


def test_a_chain_passes_all_of_it_on():
    ev = events_of([(a, 0, a, None) for a in range(5)], 5, 1)
    g = Graph.from_edges([1, 2, 3, 4], [0, 1, 2, 3], n_nodes=5)
    cd = CreditDistribution(g, ev)
    assert cd.spreads().values.tolist() == [5, 4, 3, 2, 1]
    assert cd.select_seeds(2).marginal_gains.tolist() == [5, 0]
    assert (cd.n_links, cd.n_initiators, cd.n_adoptions) == (4, 1, 5)


def test_time_credit_by_hand():
    """One arc, delays of 1 and 3 hours: tau is 2, one of two adoptions was no later, so influence is 1/2."""
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None), (0, 1, 0, None), (1, 1, 3, None)], 2, 2)
    cd = CreditDistribution(Graph.from_edges([1], [0], n_nodes=2), ev, credit="time")
    expected = 1 + (math.exp(-1 / 2) + math.exp(-3 / 2)) / 2 / 2
    assert cd.spread(0) == pytest.approx(expected, rel=1e-12)


def test_an_unknown_delay_is_the_mean():
    ev = events_of([(1, 0, 5, 0), (0, 1, 0, None), (1, 1, 3, None)], 2, 2)
    cd = CreditDistribution(Graph.from_edges([1], [0], n_nodes=2), ev, credit="time")
    assert cd.spread(0) == pytest.approx(1 + math.exp(-1), rel=1e-12)  # influence 1, both delays count as tau


def test_bits_do_not_depend_on_the_engine(any_engine, monkeypatch):
    monkeypatch.setattr("swayrank.learning.lineage._CHUNKS", 5)
    log = random_log(11, n_accounts=12, n_posts=20)
    for credit in CREDITS:
        plain = CreditDistribution(log.graph, log.events, credit=credit, threads=1)
        other = CreditDistribution(log.graph, log.events, credit=credit, **any_engine)
        assert plain.spreads().values.tobytes() == other.spreads().values.tobytes()
        one, two = plain.select_seeds(6), other.select_seeds(6)
        assert one.seeds.tolist() == two.seeds.tolist()
        assert one.marginal_gains.tobytes() == two.marginal_gains.tobytes()


def test_every_kernel_has_one_signature(any_engine):
    log = random_log(4)
    for credit in CREDITS:
        CreditDistribution(log.graph, log.events, credit=credit, **any_engine).select_seeds(2)
    for graph in (None, log.graph):
        attribute(log.events, graph=graph, **any_engine)
        attribute_arcs(log.events, graph=graph, **any_engine)
        casin(log.events, graph=graph, **any_engine)
        cascade_trees(log.events, graph=graph, **any_engine)
    here = ("swayrank.kernels.credit.", "swayrank.kernels.lineage.")
    ours = [kernel for name, kernel in KERNELS.items() if name.startswith(here)]
    assert len(ours) == 9
    assert all(len(getattr(kernel, "signatures", [0])) <= 1 for kernel in ours)


def test_choosing_does_not_change_what_is_asked_next():
    _, cd = made(1, "equal")
    before = cd.spreads().values.copy()
    first = cd.select_seeds(4)
    assert cd.spreads().values.tolist() == before.tolist()
    assert cd.select_seeds(4).seeds.tolist() == first.seeds.tolist()


def test_lazy_evaluation_is_lazy():
    _, cd = made(7, "equal", n_accounts=60, n_posts=40, p_arc=0.1)
    assert cd.select_seeds(10).n_evaluations < 9 * 50


def test_who_adopted_nothing_counts_for_nothing():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None)], 3, 1)
    cd = CreditDistribution(Graph.from_edges([1, 1], [0, 2], n_nodes=3), ev)
    assert cd.spreads().values.tolist() == [2, 1, 0]
    assert cd.spread([2]) == 0
    with pytest.raises(ParameterError, match=r"k must be an integer in \[1, 2\], got 3"):
        cd.select_seeds(3)


def test_no_arcs_and_one_account():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None)], 2, 1)
    g = Graph.from_edges(np.zeros(0, np.uint32), np.zeros(0, np.uint32), n_nodes=2)
    for credit in CREDITS:
        assert CreditDistribution(g, ev, credit=credit).spreads().values.tolist() == [1, 1]
    alone = Graph.from_edges(np.zeros(0, np.uint32), np.zeros(0, np.uint32), n_nodes=1)
    cd = CreditDistribution(alone, events_of([(0, 0, 0, None)], 1, 1))
    assert cd.select_seeds(1).marginal_gains.tolist() == [1]


def test_refusals():
    log = random_log(0)
    with pytest.raises(ParameterError, match="credit must be one of 'equal', 'time'"):
        CreditDistribution(log.graph, log.events, credit="half")
    with pytest.raises(ParameterError, match="use attribute"):
        CreditDistribution(None, log.events)
    with pytest.raises(ParameterError, match="CreditDistribution needs Events"):
        CreditDistribution(log.graph, "log.csv")
    with pytest.raises(ParameterError, match="accounts of the graph"):
        CreditDistribution(Graph.from_edges(["x"], ["y"]), log.events)
    cd = CreditDistribution(log.graph, log.events)
    with pytest.raises(UnknownAccountError):
        cd.spread([99])
    with pytest.raises(ParameterError, match="k must be an integer >= 1"):
        cd.select_seeds(0)


def test_tables():
    _, cd = made(0, "equal")
    found = cd.select_seeds(3)
    assert list(found.to_frame()) == ["rank", "account", "marginal_gain", "spread"]
    assert repr(found).startswith("3 seeds by credit distribution, spread ")
    assert "links, credit='equal'" in repr(cd)


@pytest.mark.parametrize("credit", CREDITS)
@pytest.mark.parametrize("name", ["memetracker", "christianity"])
def test_real_cascades(name, credit, shared_data):
    """Seeds' gains never rise, add up to their spread, and the first is the best alone; all together owe themselves."""
    log, graph = read_cascades(shared_data / "cascades", name)
    cd = CreditDistribution(graph, log, credit=credit)
    alone = cd.spreads()
    found = cd.select_seeds(30)
    assert found.marginal_gains[0] == pytest.approx(alone.values.max(), rel=1e-12)
    assert (np.diff(found.marginal_gains) <= 1e-9).all()
    assert found.spread == pytest.approx(cd.spread(found.accounts), rel=1e-10)
    adopters = np.flatnonzero(alone.values)
    assert cd.spread(adopters.tolist()) == pytest.approx(adopters.size, rel=1e-10)
