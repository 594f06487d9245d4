"""SIR and SIS against their Markov chains, closed forms, and the worlds that different seeds share."""

from __future__ import annotations

import math
import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import expm
from scipy.special import comb

from swayrank._rng import resolve_rng
from swayrank.engines import chunk_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.measures.propagation.epidemics import SIR, SIS, run_sir_chunk, run_times
from tests.oracles import naive_epidemics as naive
from tests.oracles import naive_propagation
from tests.zoo import ZOO

RUNS = 40_000 if JIT_ENABLED else 1000
SMALL = {name: case for name, case in ZOO.items() if case[0] <= 5 and name not in ("duplicates", "self-loops")}
SIGMAS = 4.5


def graph_of(n, arcs):
    u, v = [a for a, _ in arcs], [b for _, b in arcs]
    return Graph.from_edges(np.array(u, np.uint32), np.array(v, np.uint32), n_nodes=n)


def random_graph(n, m, seed):
    draw = np.random.default_rng(seed)
    return graph_of(n, list({(int(a), int(b)) for a, b in draw.integers(0, n, (m, 2)) if a != b}))


def task_of(model, seeds, rng=7):
    return model._task(np.array(seeds, np.uint32), resolve_rng(rng))


def run(model, seeds, runs=RUNS, rng=7):
    """Sizes, activations and totals by bin of `runs` worlds in one chunk."""
    sizes = np.full(runs, -1)
    return sizes, *model._chunk(task_of(model, seeds, rng), 0, runs, sizes)


def near(found, exact, runs=RUNS):
    """Whether relative frequencies are the probabilities, within chance."""
    found, exact = np.asarray(found, float), np.asarray(exact, float)
    return np.all(np.abs(found - exact) <= SIGMAS * np.sqrt(exact * (1 - exact) / runs) + 1e-9)


# -- SIR: the whole distribution ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("transmission", "recovery"), [(1.0, 1.0), (3.0, 0.5)])
@pytest.mark.parametrize("name", SMALL)
def test_final_sets_are_those_of_the_markov_chain(name, transmission, recovery):
    n, arcs = SMALL[name]
    seeds = sorted({n - 1, n // 2})
    model = SIR(graph_of(n, arcs), transmission_rate=transmission, recovery_rate=recovery)
    exact = naive.sir_final(n, arcs, seeds, Fraction(transmission), Fraction(recovery))
    infected = np.isfinite(run_times(task_of(model, seeds), 0, RUNS))
    codes, counts = np.unique(infected @ (1 << np.arange(n)), return_counts=True)
    probability = np.zeros(1 << n)
    for final, p in exact.items():
        probability[sum(1 << account for account in final)] = float(p)
    found = np.zeros(1 << n)
    found[codes] = counts / RUNS
    assert near(found, probability)
    sizes, activations, _ = run(model, seeds)
    assert np.array_equal(sizes, infected.sum(axis=1))
    assert np.array_equal(activations, infected.sum(axis=0))


@pytest.mark.parametrize("name", ["cycle", "complete", "dangling", "both ways"])
def test_sir_up_to_a_time_is_the_chain_up_to_then(name):
    n, arcs = SMALL[name]
    seeds, time = [n - 1], 0.7
    states, rates = naive.generator(n, arcs, 1.5, 1.0, immune=True)
    at = expm(np.array(rates) * time)[naive.start(states, seeds)]
    exact = [sum(p for p, state in zip(at, states, strict=True) if state[v] != 0) for v in range(n)]
    sizes, activations, new = run(
        SIR(graph_of(n, arcs), transmission_rate=1.5, recovery_rate=1.0, max_time=time), seeds
    )
    assert near(activations / RUNS, exact)
    half = expm(np.array(rates) * time / 2)[naive.start(states, seeds)]
    infected = sum(p * sum(c != 0 for c in state) for p, state in zip(half, states, strict=True))
    assert new.size == 65
    assert new.sum() == sizes.sum()
    assert abs(new[:33].sum() / RUNS - infected) < SIGMAS * n / math.sqrt(RUNS) / 2


def test_one_arc():
    """P[infected] = b / (b + g), and then the time is exponential at the rate b + g: the first of two clocks."""
    b, g = 2.0, 3.0
    times = run_times(task_of(SIR(graph_of(2, [(0, 1)]), transmission_rate=b, recovery_rate=g), [1]), 0, RUNS)
    reached = times[np.isfinite(times[:, 0]), 0]
    assert np.all(times[:, 1] == 0)
    assert near(reached.size / RUNS, b / (b + g))
    assert abs(reached.mean() - 1 / (b + g)) < SIGMAS / (b + g) / math.sqrt(reached.size)
    assert stats.kstest(reached, stats.expon(scale=1 / (b + g)).cdf).pvalue > 1e-4


@pytest.mark.parametrize("ratio", [0.2, 1.0, 5.0])
def test_followers_of_one_account_share_how_long_it_was_infectious(ratio):
    """Of k followers, j are infected with probability C(k, j) a B(k - j + a, j + 1), a = g / b: not binomial."""
    k = 6
    sizes, *_ = run(
        SIR(graph_of(k + 1, [(i, 0) for i in range(1, k + 1)]), transmission_rate=ratio, recovery_rate=1), [0]
    )
    a, j = 1 / ratio, np.arange(k + 1)
    beta = np.array([math.gamma(k - i + a) * math.gamma(i + 1) / math.gamma(k + a + 1) for i in j])
    assert near(np.bincount(sizes - 1, minlength=k + 1) / RUNS, comb(k, j) * a * beta)


def test_each_follower_in_a_long_row_is_infected_as_often_as_any_other():
    """The jumps over a row: all places alike, delays independent of the place, pairs as the shared duration says."""
    k, b = 50, 0.1
    model = SIR(graph_of(k + 1, [(i, 0) for i in range(1, k + 1)]), transmission_rate=b, recovery_rate=1.0)
    times = run_times(task_of(model, [0]), 0, RUNS)[:, 1:]
    infected = np.isfinite(times)
    p = b / (1 + b)
    assert near(infected.mean(axis=0), np.full(k, p))
    both = 1 - 2 / (1 + b) + 1 / (1 + 2 * b)  # E[(1 - exp(-b T))^2]
    assert near((infected[:, :-1] & infected[:, 1:]).mean(axis=0), np.full(k - 1, both))
    assert near((infected[:, 0] & infected[:, -1]).mean(), both)
    late = times[:, -5:][infected[:, -5:]]  # an account's time is exponential at the rate b + g wherever it stands
    assert stats.kstest(late, stats.expon(scale=1 / (1 + b)).cdf).pvalue > 1e-4


def test_along_a_chain_probabilities_multiply_and_times_add_up():
    n, b, g = 5, 3.0, 1.0
    model = SIR(graph_of(n, list(pairwise(range(n)))), transmission_rate=b, recovery_rate=g)
    times = run_times(task_of(model, [n - 1]), 0, RUNS)[:, ::-1]
    assert near(np.isfinite(times).mean(axis=0), (b / (b + g)) ** np.arange(n))
    last = times[np.isfinite(times[:, -1]), -1]
    assert stats.kstest(last, stats.gamma(n - 1, scale=1 / (b + g)).cdf).pvalue > 1e-4


def test_the_shortest_way_counts_not_the_first_found():
    """Two ways to account 0: over one arc, or over three; its time is the least of both where both work."""
    arcs = [(0, 4), (1, 4), (2, 1), (0, 2), (3, 0)]
    n, time = 5, 0.5
    states, rates = naive.generator(n, arcs, 2.0, 1.0, immune=True)
    exact = [
        sum(p for p, state in zip(expm(np.array(rates) * t)[naive.start(states, [4])], states, strict=True) if state[0])
        for t in (time / 4, time, 3.0)
    ]
    times = run_times(task_of(SIR(graph_of(n, arcs), transmission_rate=2.0, recovery_rate=1.0), [4]), 0, RUNS)[:, 0]
    assert near([(times <= t).mean() for t in (time / 4, time, 3.0)], exact)


def test_never_more_often_than_in_independent_cascade():
    """3 follows 1 and 2, who follow 0: sharing 0's duration makes the two ways to 3 fail together (Kuulasmaa 1982)."""
    arcs = [(1, 0), (2, 0), (3, 1), (3, 2)]
    final = naive.sir_final(4, arcs, [0], 1, 1)
    sir = float(sum(p for accounts, p in final.items() if 3 in accounts))
    cascade = naive_propagation.activation(4, [(*arc, Fraction(1, 2)) for arc in arcs], [0])[3]
    _, activations, _ = run(SIR(graph_of(4, arcs), transmission_rate=1, recovery_rate=1), [0])
    assert near(activations[3] / RUNS, sir)
    assert activations[3] / RUNS < cascade - 0.01


# -- SIR: worlds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_time", [None, 0.6])
def test_more_seeds_never_infect_fewer_or_later_in_any_world(max_time):
    graph = random_graph(150, 900, 4)
    model = SIR(graph, transmission_rate=0.4, recovery_rate=1.0, max_time=max_time)
    runs = 300 if JIT_ENABLED else 20
    one, two, both = (run_times(task_of(model, seeds), 0, runs) for seeds in ([3], [140, 17], [17, 3, 140]))
    assert np.all(both <= one)
    assert np.all(both <= two)
    assert np.isfinite(both).sum() > np.isfinite(one).sum() > runs
    assert np.array_equal(both, np.minimum(one, two))  # a time is the distance to the nearest seed: hence submodular


def test_a_horizon_only_cuts_and_bins_count_the_times():
    graph = random_graph(150, 900, 4)
    open_end, cut = (SIR(graph, transmission_rate=0.4, recovery_rate=1.0, max_time=t) for t in (None, 0.6))
    runs = 200 if JIT_ENABLED else 10
    times, early = (run_times(task_of(model, [3, 5]), 0, runs) for model in (open_end, cut))
    assert np.array_equal(early, np.where(times <= 0.6, times, np.inf))
    for model, found in ((open_end, times), (cut, early)):
        task = task_of(model, [3, 5])
        sizes = np.empty(runs, np.int64)
        _, new = run_sir_chunk(task, 0, runs, sizes)
        edges = task.bin * np.arange(task.n_bins + 1)
        expected = np.bincount(np.searchsorted(edges, found[np.isfinite(found)], side="left"), minlength=new.size)
        assert np.array_equal(new, expected)
        assert new[0] == 2 * runs


def test_the_last_bin_of_an_open_end_holds_the_rest():
    graph = random_graph(150, 900, 4)
    task = task_of(SIR(graph, transmission_rate=0.4, recovery_rate=1.0), [3])
    assert (task.horizon, task.bin, task.n_bins) == (math.inf, 0.25, 512)
    times = run_times(task, 0, 20)
    sizes = np.empty(20, np.int64)
    _, new = run_sir_chunk(task._replace(n_bins=4), 0, 20, sizes)
    assert new.size == 5
    assert new.sum() == sizes.sum()
    assert new[4] == (np.isfinite(times) & (times > 0.75)).sum() > (np.isfinite(times) & (times > 1.0)).sum() > 0
    _, whole = run_sir_chunk(task, 0, 20, sizes)
    assert whole[-1] > 0
    assert whole.size == math.ceil(times[np.isfinite(times)].max() / 0.25) + 1


# -- SIS ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SMALL, "self-loops"])
def test_sis_is_the_markov_chain(name):
    n, arcs = (SMALL | ZOO)[name]
    arcs = [(a, b) for a, b in arcs if a != b]
    seeds, b, g, time = sorted({n - 1, n // 2}), 1.5, 0.8, 1.6
    states, rates = naive.generator(n, arcs, b, g, immune=False)
    sizes, activations, prevalence = run(
        SIS(graph_of(n, arcs), transmission_rate=b, recovery_rate=g, max_time=time), seeds
    )
    at = expm(np.array(rates) * time)[naive.start(states, seeds)]
    assert near(activations / RUNS, [sum(p for p, s in zip(at, states, strict=True) if s[v]) for v in range(n)])
    distribution = np.bincount([sum(state) for state in states], at, n + 1)
    assert near(np.bincount(sizes, minlength=n + 1) / RUNS, distribution)
    assert prevalence.size == 65
    assert prevalence[0] == RUNS * len(seeds)
    assert prevalence[-1] == sizes.sum() == activations.sum()
    for k in (1, 16, 40):
        then = expm(np.array(rates) * time * k / 64)[naive.start(states, seeds)]
        mean = then @ [sum(state) for state in states]
        spread = math.sqrt(max(0.0, then @ [sum(state) ** 2 for state in states] - mean**2))
        assert abs(prevalence[k] / RUNS - mean) <= SIGMAS * spread / math.sqrt(RUNS) + 1e-9, k


def test_first_infections_of_sis_are_those_of_an_account_that_cannot_recover_before():
    """One arc: the follower's first infection has the law of SIR's; a seed's is at time 0."""
    b, g = 2.0, 3.0
    model = SIS(graph_of(2, [(0, 1)]), transmission_rate=b, recovery_rate=g, max_time=5.0)
    times = run_times(task_of(model, [1]), 0, RUNS)
    reached = times[np.isfinite(times[:, 0]), 0]
    assert np.all(times[:, 1] == 0)
    assert near(reached.size / RUNS, b / (b + g))
    assert stats.kstest(reached, stats.expon(scale=1 / (b + g)).cdf).pvalue > 1e-4


def test_first_infections_of_sis_belong_to_the_runs_that_are_counted():
    graph = random_graph(60, 300, 2)
    model = SIS(graph, transmission_rate=0.5, recovery_rate=1.0, max_time=2.0)
    sizes, activations, _ = run(model, [1, 2], 100)
    times = run_times(task_of(model, [1, 2]), 0, 100)
    assert np.all(np.isfinite(times).sum(axis=1) >= sizes)
    assert np.all(np.isfinite(times).sum(axis=0) >= activations)
    assert times[np.isfinite(times)].max() <= 2.0
    assert np.isfinite(times).sum() > sizes.sum()


def test_sis_dies_out_and_stays_out():
    model = SIS(graph_of(3, [(0, 1), (1, 2)]), transmission_rate=0.1, recovery_rate=5.0, max_time=50.0)
    sizes, activations, prevalence = run(model, [2], 500)
    assert sizes.sum() == activations.sum() == prevalence[-1] == 0
    assert prevalence[0] == 500


# -- both --------------------------------------------------------------------------------------------------------------

MODELS = {
    "sir": lambda graph: SIR(graph, transmission_rate=0.3, recovery_rate=1.0),
    "sir, cut": lambda graph: SIR(graph, transmission_rate=0.3, recovery_rate=1.0, max_time=1.5),
    "sis": lambda graph: SIS(graph, transmission_rate=0.3, recovery_rate=1.0, max_time=1.5),
}


def mapped(model, seeds, runs, chunk, engine):
    """What `simulate` does with a model: chunks over an engine, sums of integers."""
    sizes = np.empty(runs, np.int64)
    active, totals = np.zeros(model.graph.n_nodes, np.uint64), np.zeros(600, np.int64)
    runner = resolve_engine(engine.get("engine", "local"), engine.get("threads"))
    task = task_of(model, seeds)
    for activations, new in runner.map(model._chunk, task, chunk_bounds(runs, chunk), out=sizes):
        active += activations
        totals[: new.size] += new
    return sizes, active, totals


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_bits_for_any_chunks_on_any_engine(kind, any_engine):
    model = MODELS[kind](random_graph(200, 1200, 6))
    runs = 400 if JIT_ENABLED else 20
    reference = mapped(model, [5, 9], runs, runs, {"threads": 1})
    for chunk in (64, 7):
        for found, expected in zip(mapped(model, [5, 9], runs, chunk, any_engine), reference, strict=True):
            assert np.array_equal(found, expected)
    assert reference[0].std() > 0


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_bits_in_another_process(kind, other_process):
    model = MODELS[kind](random_graph(50, 200, 6))
    here, there = (mapped(model, [5], 30, 10, {"engine": engine}) for engine in ("local", other_process))
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize("kind", MODELS)
def test_a_world_does_not_depend_on_where_counting_starts(kind):
    model = MODELS[kind](random_graph(80, 400, 1))
    task = task_of(model, [2])
    assert np.array_equal(run_times(task, 0, 12)[5:], run_times(task, 5, 7))
    again = pickle.loads(pickle.dumps(task))
    assert np.array_equal(run_times(again, 0, 12), run_times(task, 0, 12))
    assert not np.array_equal(run_times(task_of(model, [2], rng=8), 0, 12), run_times(task, 0, 12))


@pytest.mark.parametrize("kind", MODELS)
def test_nobody_is_infected_at_the_rate_zero(kind):
    graph = random_graph(30, 100, 1)
    model = type(MODELS[kind](graph))(graph, transmission_rate=0, recovery_rate=1e-9, max_time=1.0)
    sizes, activations, totals = run(model, [4, 2], 50)
    assert np.all(sizes == 2)
    assert activations.nonzero()[0].tolist() == [2, 4]
    assert totals[0] == 100
    assert task_of(model, [4, 2]).limits()[1] == 2.0


@pytest.mark.parametrize("rates", [(1e300, 1e-300), (1e-300, 1e300), (1e-310, 1e-310), (5e-324, 5e-324)])
def test_extreme_rates_end_and_make_no_nonsense(rates):
    graph = graph_of(5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    sizes, _, new = run(SIR(graph, transmission_rate=rates[0], recovery_rate=rates[1]), [4], 50)
    assert np.all((sizes >= 1) & (sizes <= 5))
    assert new.sum() == sizes.sum()
    if rates[0] != rates[1]:
        assert np.all(sizes == (5 if rates[0] > 1 else 1))
    else:
        assert 1 < sizes.mean() < 4


def test_limits_of_a_size():
    graph = graph_of(6, [(0, 1), (1, 2), (3, 4)])
    sir, sis, never = (
        SIR(graph, transmission_rate=1, recovery_rate=1),
        SIS(graph, transmission_rate=1, recovery_rate=1, max_time=1),
        SIR(graph, transmission_rate=0, recovery_rate=1),
    )
    assert task_of(sir, [2]).limits() == (1.0, 3.0)
    assert task_of(sis, [2]).limits() == (0.0, 3.0)
    assert task_of(never, [2, 4]).limits() == (2.0, 2.0)


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    used = {name: kernel for name, kernel in KERNELS.items() if name.startswith("swayrank.kernels.epidemic.")}
    assert used
    for name, kernel in used.items():
        assert len(kernel.signatures) <= 1, name


# -- parameters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("transmission_rate", [-0.1, math.nan, math.inf, "often", None, True]),
        ("recovery_rate", [0, -1, math.nan, math.inf, "often", None]),
        ("max_time", [0, -1, math.nan, math.inf, "long"]),
    ],
)
@pytest.mark.parametrize("kind", [SIR, SIS])
def test_wrong_parameters(kind, name, values):
    graph = graph_of(2, [(0, 1)])
    right = {"transmission_rate": 1.0, "recovery_rate": 1.0, "max_time": 1.0}
    for value in values:
        with pytest.raises(ParameterError, match=f"{name} must be in"):
            kind(graph, **right | {name: value})


def test_other_wrong_use():
    graph = graph_of(2, [(0, 1)])
    with pytest.raises(ParameterError, match=r"max_time must be in \(0, inf\), got None"):
        SIS(graph, transmission_rate=1, recovery_rate=1, max_time=None)
    with pytest.raises(TypeError, match="max_time"):
        SIS(graph, transmission_rate=1, recovery_rate=1)
    with pytest.raises(TypeError):
        SIR(graph, 1.0, 1.0)
    with pytest.raises(ParameterError, match=r"SIR needs a Graph, got 'follows\.csv'"):
        SIR("follows.csv", transmission_rate=1, recovery_rate=1)


def test_what_is_recorded():
    graph = graph_of(2, [(0, 1)])
    sir = SIR(graph, transmission_rate=1, recovery_rate=np.float32(0.5))
    assert sir.params == {"model": "sir", "transmission_rate": 1.0, "recovery_rate": 0.5, "max_time": None}
    assert sir.submodular
    sis = SIS(graph, transmission_rate=1, recovery_rate=2, max_time=3)
    assert sis.params == {"model": "sis", "transmission_rate": 1.0, "recovery_rate": 2.0, "max_time": 3.0}
    assert not sis.submodular
    assert repr(sis) == "SIS(2 accounts, transmission_rate=1, recovery_rate=2, max_time=3)"
