"""Random graphs follow the law they are named after, and are the same bits on any engine."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import binom, chi2

from swayrank._rng import resolve_rng
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.kernels.generate import shuffle
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.sources import generate as module
from swayrank.sources.generate import generate, rmat_edges

SMALL = {
    "erdos_renyi": {"n": 400, "p": 0.02},
    "barabasi_albert": {"n": 400, "m": 3},
    "watts_strogatz": {"n": 400, "k": 6, "p": 0.2},
    "sbm": {"sizes": [100, 200, 100], "p_in": 0.1, "p_out": 0.01},
    "rmat": {"n": 300, "edge_factor": 8},
}


def pairs_of(graph):
    u, v = graph.edges()
    return np.column_stack([u, v]).astype(np.int64)


def chi_square(found, expected):
    """Upper tail probability of Pearson's statistic; cells too small for it are pooled."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    small = expected < 10
    if small.any():
        found = np.append(found[~small], found[small].sum())
        expected = np.append(expected[~small], expected[small].sum())
    keep = expected > 0
    return chi2.sf(((found - expected)[keep] ** 2 / expected[keep]).sum(), keep.sum() - 1)


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SMALL)
def test_same_bits_on_any_engine(kind, any_engine, monkeypatch):
    reference = generate(kind, rng=7, **SMALL[kind])
    assert isinstance(reference, Graph)
    assert generate(kind, rng=7, **SMALL[kind], **any_engine).fingerprint == reference.fingerprint
    assert generate(kind, rng=8, **SMALL[kind]).fingerprint != reference.fingerprint


@pytest.mark.parametrize("kind", ["erdos_renyi", "sbm", "rmat"])
def test_the_size_of_chunks_changes_no_bit(kind, monkeypatch):
    reference = generate(kind, rng=7, **SMALL[kind])
    monkeypatch.setattr(module, "_ROWS_PER_CHUNK", 7)
    monkeypatch.setattr(module, "_ARCS_PER_CHUNK", 11)
    assert generate(kind, rng=7, **SMALL[kind]).fingerprint == reference.fingerprint


@pytest.mark.parametrize("kind", SMALL)
def test_no_self_loops_no_repeats(kind):
    pairs = pairs_of(generate(kind, rng=3, **SMALL[kind]))
    assert np.all(pairs[:, 0] != pairs[:, 1])
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_wrong_kinds_and_parameters():
    with pytest.raises(ParameterError, match="kind must be one of 'erdos_renyi'"):
        generate("ring", n=5)
    with pytest.raises(ParameterError, match="rmat has no parameter 'p'; it has n, scale, edge_factor"):
        generate("rmat", scale=3, p=0.1)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("erdos_renyi", {}, "erdos_renyi needs n; it has n, p, m, direction"),
        ("barabasi_albert", {"m": 2}, "barabasi_albert needs n; it has n, m, direction"),
        ("watts_strogatz", {}, "watts_strogatz needs n; it has n, k, p"),
        ("rmat", {}, "rmat needs n .* or scale"),
        ("erdos_renyi", {"n": 5, "p": 0.1, "m": 3}, "one of them"),
        ("erdos_renyi", {"n": 5, "p": 1.1}, r"p must be in \[0, 1\]"),
        ("erdos_renyi", {"n": 5, "m": 21}, r"m must be an integer in \[0, 20\]"),
        ("erdos_renyi", {"n": -1, "p": 0.5}, "n must be"),
        ("erdos_renyi", {"n": 5, "p": 0.5, "direction": "influences"}, "direction must be one of"),
        ("barabasi_albert", {"n": 5, "m": 5}, r"m must be an integer in \[1, 4\]"),
        ("watts_strogatz", {"n": 5, "k": 3, "p": 0.1}, "k must be an even number below n=5"),
        ("watts_strogatz", {"n": 4, "k": 4, "p": 0.1}, "k must be an even number below n=4"),
        ("sbm", {}, "sbm needs n.*, or sizes"),
        ("sbm", {"n": 4, "sizes": [2, 2], "blocks": 2}, "sizes .* or blocks"),
        ("sbm", {"sizes": 5}, "sizes must be a list of accounts in each block, got 5"),
        ("sbm", {"sizes": [2, 3], "matrix": "x"}, "matrix must be rows of probabilities"),
        ("watts_strogatz", {"n": 100, "k": 200}, "k must be an even number below n=100, got 200"),
        ("rmat", {"n": 8, "edge_facter": 3}, r"no parameter 'edge_facter'; did you mean 'edge_factor'\?; it has n, sc"),
        ("sbm", {"blocks": 2, "p_in": 0.1, "p_out": 0.1}, "needs n"),
        ("sbm", {"sizes": [2, 3], "n": 6, "p_in": 0.1, "p_out": 0.1}, "sum of sizes, 5, got 6"),
        ("sbm", {"sizes": [2, 3], "p_in": 0.1}, "p_in and p_out, or matrix"),
        ("sbm", {"sizes": [2, 3], "matrix": [[0.1]]}, r"shape \(2, 2\), got \(1, 1\)"),
        ("sbm", {"sizes": [2, 3], "matrix": [[0.1, 2.0], [0, 0]]}, "got 2"),
        ("sbm", {"sizes": [2, 3], "matrix": [[0.1, 0.2], [0, 0]], "direction": "undirected"}, "symmetric"),
        ("rmat", {"n": 5, "scale": 3}, "one of them"),
        ("rmat", {"scale": 3, "a": 0.5, "b": 0.4, "c": 0.2}, "a \\+ b \\+ c must be at most 1, got 1.1"),
    ],
)
def test_refused_values(kind, params, message):
    with pytest.raises(ParameterError, match=message):
        generate(kind, rng=1, **params)


@pytest.mark.parametrize("kind", ["erdos_renyi", "barabasi_albert", "watts_strogatz", "sbm", "rmat"])
def test_a_kind_and_a_number_of_accounts_are_enough(kind):
    """Follows per account by the defaults: n * p of a binomial, within five of its standard deviations."""
    n = 2000
    graph = generate(kind, n=n, rng=1)
    assert graph.n_nodes == n
    drawn = graph.report.rows if kind == "rmat" else graph.n_edges
    mean = {"barabasi_albert": 4 * (n - 4) / n, "watts_strogatz": 10}.get(kind, 16)
    spread = 5 * np.sqrt(16 / n) if kind in {"erdos_renyi", "sbm"} else 1e-9
    assert abs(drawn / n - mean) <= spread
    assert generate("erdos_renyi", n=n, direction="undirected", rng=1).n_edges / n == pytest.approx(16, abs=1)


@pytest.mark.parametrize("sizes", [[500] * 4, [100] * 10, [3] * 100, [200], [1] * 40, [700, 200, 100]])
def test_default_blocks_give_sixteen_follows_mostly_at_home(sizes):
    graph = generate("sbm", sizes=sizes, rng=3)
    u, v = graph.edges()
    block = np.repeat(np.arange(len(sizes)), sizes)
    n, home = sum(sizes), int((block[u] == block[v]).sum())
    assert graph.n_edges / n == pytest.approx(16, abs=5 * np.sqrt(16 / n))
    room = sum(s * (s - 1) for s in sizes) / n
    assert home / n == pytest.approx(min(room, 16 if len(sizes) == 1 else 12), abs=5 * np.sqrt(16 / n))


def test_blocks_too_small_for_sixteen_follow_everybody():
    assert generate("sbm", n=12, rng=1).n_edges == 12 * 11
    assert generate("erdos_renyi", n=12, rng=1).n_edges == 12 * 11
    assert generate("sbm", n=0, rng=1).n_nodes == 0


@pytest.mark.parametrize("kind", ["erdos_renyi", "sbm"])
def test_empty_and_full(kind):
    size = {"n": 6} if kind == "erdos_renyi" else {"sizes": [2, 4]}
    chance = (lambda p: {"p": p}) if kind == "erdos_renyi" else (lambda p: {"p_in": p, "p_out": p})
    assert generate(kind, rng=1, **size, **chance(0.0)).n_edges == 0
    assert generate(kind, rng=1, **size, **chance(1.0)).n_edges == 30
    assert generate(kind, rng=1, direction="undirected", **size, **chance(1.0)).n_edges == 30
    assert generate("erdos_renyi", n=0, p=0.5, rng=1).n_nodes == 0
    assert generate("erdos_renyi", n=1, m=0, rng=1).n_edges == 0


# -- Erdos-Renyi and blocks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["follows", "undirected"])
def test_every_pair_has_the_same_chance(direction):
    """Over many graphs of 7 accounts, each pair is there p of the time, and degrees are binomial."""
    n, p, times = 7, 0.3, 600
    seen, degrees = np.zeros((n, n)), np.zeros(n)
    for rng in range(times):
        graph = generate("erdos_renyi", n=n, p=p, direction=direction, rng=rng)
        pairs = pairs_of(graph)
        seen[pairs[:, 0], pairs[:, 1]] += 1
        degrees += np.bincount(graph.out_degree, minlength=n)
    pairs = seen[~np.eye(n, dtype=bool)] if direction == "follows" else seen[np.triu_indices(n, 1)]
    z = (pairs - times * p) / np.sqrt(times * p * (1 - p))
    assert chi2.sf((z**2).sum(), z.size) > 1e-4
    assert chi2.cdf((z**2).sum(), z.size) > 1e-4, "too even to be random"
    if direction == "follows":
        assert chi_square(degrees, times * n * binom.pmf(np.arange(n), n - 1, p)) > 1e-4
    else:
        assert np.array_equal(seen, seen.T)


@pytest.mark.parametrize("m", [2, 4])
def test_every_set_of_m_pairs_is_equally_likely(m):
    """3 accounts have 6 ordered pairs: 15 sets of two, 15 of four (drawn by leaving two out)."""
    counts = {}
    for rng in range(3000):
        chosen = tuple(map(tuple, pairs_of(generate("erdos_renyi", n=3, m=m, rng=rng)).tolist()))
        counts[chosen] = counts.get(chosen, 0) + 1
    assert len(counts) == 15
    assert chi_square(list(counts.values()), [200] * 15) > 1e-4


def test_blocks_meet_with_their_own_probabilities():
    sizes, matrix = [30, 50, 20], np.array([[0.2, 0.01, 0.0], [0.1, 0.3, 0.05], [1.0, 0.02, 0.5]])
    block = np.repeat(np.arange(3), sizes)
    found = np.zeros((3, 3))
    for rng in range(40):
        pairs = pairs_of(generate("sbm", sizes=sizes, matrix=matrix, rng=rng))
        np.add.at(found, (block[pairs[:, 0]], block[pairs[:, 1]]), 1)
    possible = 40 * (np.outer(sizes, sizes) - np.diag(sizes))
    deviation = np.sqrt(possible * matrix * (1 - matrix))
    assert np.all(np.abs(found - possible * matrix) <= 4.5 * deviation)
    assert found[0, 2] == 0
    assert found[2, 0] == possible[2, 0]


def test_blocks_of_equal_size():
    graph = generate("sbm", n=11, blocks=3, p_in=1.0, p_out=0.0, rng=1)
    assert graph.out_degree.tolist() == [3] * 8 + [2] * 3


# -- growth and rewiring -----------------------------------------------------------------------------------------------


def test_preferential_attachment_has_its_law_of_degrees():
    """P(degree = k) = 2 m (m + 1) / (k (k + 1) (k + 2)) in the limit (Bollobas et al. 2001)."""
    n, m = 100_000, 3
    graph = generate("barabasi_albert", n=n, m=m, rng=5)
    assert set(graph.out_degree[m:].tolist()) == {m}
    degree = graph.in_degree.astype(int) + graph.out_degree
    k = np.arange(m, 30)
    expected = n * 2 * m * (m + 1) / (k * (k + 1) * (k + 2))
    found = np.bincount(degree, minlength=31)[m:30]
    # degrees of one graph are nearly independent; 8 allows for the early accounts
    assert np.all(np.abs(found - expected) < 8 + 5 * np.sqrt(expected))
    assert degree.max() > 300, "no heavy tail"
    u, v = graph.edges()
    assert np.all(u > v), "the newer follows the older"


def test_attachment_is_in_proportion_to_degree():
    """m = 1: account 2 follows 0 or 1 (degree 1 each), account 3 the hub of the three half of the time."""
    hub = 0
    for rng in range(2000):
        u, v = generate("barabasi_albert", n=4, m=1, rng=rng).edges()
        arcs = dict(zip(u.tolist(), v.tolist(), strict=True))
        hub += arcs[3] == arcs[2]  # whom account 2 follows has degree 2 of 4
    assert abs(hub - 1000) < 4.5 * np.sqrt(500)


def test_small_worlds():
    """At p = 0 the lattice's clustering; at p = 1 nearly none; the number of edges never changes."""
    import networkx as nx

    n, k = 2000, 8
    clustering = {}
    for p in (0.0, 0.1, 1.0):
        graph = generate("watts_strogatz", n=n, k=k, p=p, rng=2)
        assert graph.n_edges == n * k
        clustering[p] = nx.average_clustering(nx.Graph(pairs_of(graph).tolist()))
    lattice = 3 * (k - 2) / (4 * (k - 1))
    assert clustering[0.0] == pytest.approx(lattice)
    assert clustering[0.1] == pytest.approx(lattice * 0.9**3, abs=0.03)  # Barrat, Weigt 2000
    assert clustering[1.0] < 0.02


def test_rewiring_happens_as_often_as_asked_and_anywhere():
    n, k, p = 500, 4, 0.3
    far, ends = 0, np.zeros(n)
    for rng in range(40):
        pairs = pairs_of(generate("watts_strogatz", n=n, k=k, p=p, rng=rng))
        distance = (pairs[:, 1] - pairs[:, 0]) % n
        rewired = np.minimum(distance, n - distance) > k // 2
        far += rewired.sum() / 2
        ends += np.bincount(pairs[rewired, 1], minlength=n)
    expected = 40 * n * k / 2 * p
    assert abs(far - expected * (1 - k / n)) < 5 * np.sqrt(expected * (1 - p)) + 0.01 * expected
    assert chi_square(ends, np.full(n, ends.mean())) > 1e-4


def test_an_edge_given_up_can_come_back():
    """Of 4 in a ring, 0 gives up 1 for 2, the only account it does not meet; then 1 may turn to 0 again, or to 3."""
    met = [[0, 1] in pairs_of(generate("watts_strogatz", n=4, k=2, p=1.0, rng=rng)).tolist() for rng in range(100)]
    assert 20 < sum(met) < 80


def test_a_ring_as_dense_as_can_be():
    graph = generate("watts_strogatz", n=5, k=4, p=1.0, rng=1)
    assert graph.out_degree.tolist() == [4] * 5


# -- RMAT --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_rmat_cells_have_the_product_of_their_quadrants(scale):
    a, b, c = 0.5, 0.2, 0.1
    key, n, n_arcs = resolve_rng(4), 2**scale, 200_000
    u, v = rmat_edges(n, n_arcs, (a, b, c), key)
    label = np.arange(n, dtype=np.uint32)
    shuffle(key.hi, key.lo, module._PURPOSE["labels"], label)
    original = np.argsort(label)
    expected = np.ones((1, 1))
    for _ in range(scale):
        expected = np.kron(expected, [[a, b], [c, 1 - a - b - c]])
    found = np.bincount(original[u] * n + original[v], minlength=n * n)
    assert chi_square(found, n_arcs * expected.ravel()) > 1e-4


def test_rmat_of_any_size_draws_from_the_corner_that_is_left():
    key, n, n_arcs = resolve_rng(4), 5, 200_000
    u, v = rmat_edges(n, n_arcs, (0.57, 0.19, 0.19), key)
    label = np.arange(n, dtype=np.uint32)
    shuffle(key.hi, key.lo, module._PURPOSE["labels"], label)
    original = np.argsort(label)
    expected = np.ones((1, 1))
    for _ in range(3):
        expected = np.kron(expected, [[0.57, 0.19], [0.19, 0.05]])
    expected = expected[:n, :n] / expected[:n, :n].sum()
    found = np.bincount(original[u] * n + original[v], minlength=n * n)
    assert chi_square(found, n_arcs * expected.ravel()) > 1e-4


def test_rmat_tells_what_it_dropped_and_has_heavy_tails():
    graph = generate("rmat", scale=14, rng=7)
    report = graph.report
    assert report.rows == 16 * 2**14
    assert report.rows - report.self_loops - report.duplicates == graph.n_edges
    assert report.self_loops > 0
    assert report.duplicates > 0
    assert graph.in_degree.max() > 30 * graph.in_degree.mean()


def test_shuffling_is_uniform():
    counts = {}
    for item in range(6000):
        order = np.arange(4, dtype=np.uint32)
        shuffle(np.uint64(item), np.uint64(2), np.uint64(3), order)
        counts[tuple(order.tolist())] = counts.get(tuple(order.tolist()), 0) + 1
    assert len(counts) == 24
    assert chi_square(list(counts.values()), [250] * 24) > 1e-4


_BITS = """
import swayrank as sr
from swayrank.sources.town import town
for kind, params in {
    "erdos_renyi": {"n": 40, "p": 0.05}, "barabasi_albert": {"n": 40, "m": 2},
    "watts_strogatz": {"n": 40, "k": 4, "p": 0.3}, "rmat": {"n": 60, "edge_factor": 3},
}.items():
    graph = sr.generate(kind, rng=3, **params)
    print(graph.fingerprint)
for prob in ("weighted_cascade", "trivalency", 0.2):
    model = sr.IndependentCascade(graph, prob=prob, rng=3)
    print(sr.spread(model, n_samples=200, rng=1).values.tolist(), sr.simulate(model, [1, 2], n_runs=50, rng=1).mean)
made = town(n=60, days=1, replays=2, rng=3)
print(made.events.fingerprint, made.truth.influence.tolist())
"""


@pytest.mark.slow
def test_the_same_bits_without_the_jit():
    def run(disabled):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        return subprocess.run(
            [sys.executable, "-W", "error::RuntimeWarning", "-c", _BITS],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run("0") == run("1")


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    for name, kernel in KERNELS.items():
        if name.startswith(("swayrank.kernels.generate.", "swayrank.kernels.town.", "swayrank.kernels.cascade.")):
            assert len(kernel.signatures) <= 1, name
