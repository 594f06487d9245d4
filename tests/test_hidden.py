"""Graphs inferred from cascades: against likelihoods in plain Python, brute-force greedy search, and known graphs."""

from __future__ import annotations

import gzip
import math
import random

import numpy as np
import pytest
from scipy.optimize import minimize

import swayrank as sr
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.events import NO_ACCOUNT, NO_TIME
from swayrank.ids import Ids
from swayrank.learning.hidden import infer_graph
from tests.oracles import naive_hidden as naive

HOUR = 3_600_000_000
APART = 1000  # hours between posts


def log_of(cascades, n):
    """Events of one cascade after the other, times in hours; a last post by account n, so that the log goes on."""
    cascades = [*cascades, {n: 0.0}]
    rows = [(u, c, round((c * APART + t) * HOUR)) for c, times in enumerate(cascades) for u, t in times.items()]
    actor, post, time = (list(column) for column in zip(*rows, strict=True))
    return sr.Events.from_arrays(
        actor,
        [NO_ACCOUNT] * len(rows),
        [0] * len(rows),
        accounts=Ids.of_range(n + 1),
        post=post,
        posts=Ids.of_range(len(cascades)),
        time=time,
    )


def arcs_of(graph, column="rate"):
    """{(u, v): value}, u influences v."""
    follower, followed = graph.edges()
    return {
        (int(u), int(v)): value for v, u, value in zip(follower, followed, graph.column(column).tolist(), strict=True)
    }


def random_arcs(n, m, low, high, seed):
    rng = random.Random(seed)
    arcs = {}
    while len(arcs) < m:
        u, v = rng.randrange(n), rng.randrange(n)
        if u != v:
            arcs[u, v] = rng.uniform(low, high)
    return arcs


CHAIN = {(k, k + 1): 0.2 + 0.05 * k for k in range(5)}
STAR = {(0, k): 0.1 * k for k in range(1, 7)}
RANDOM = random_arcs(50, 150, 0.05, 0.3, seed=3)


@pytest.mark.parametrize(("arcs", "n", "n_posts"), [(CHAIN, 6, 2000), (STAR, 7, 3000), (RANDOM, 50, 2000)])
def test_netrate_finds_the_graph_and_its_rates(arcs, n, n_posts):
    cascades = naive.spread_posts(arcs, n, n_posts, 10.0, random.Random(5))
    found = arcs_of(infer_graph(log_of(cascades, n), horizon_hours=10))
    hits = set(found) & set(arcs)
    assert len(hits) >= 0.98 * len(arcs)
    assert len(hits) >= 0.98 * len(found)
    off = np.array([found[arc] / arcs[arc] - 1 for arc in hits])
    assert np.median(np.abs(off)) < 0.08
    assert abs(off.mean()) < 0.04


def test_netinf_finds_arcs_of_equal_rates():
    arcs = dict.fromkeys(random_arcs(30, 60, 0, 1, seed=8), 0.3)
    cascades = naive.spread_posts(arcs, 30, 1000, 10.0, random.Random(5))
    graph = infer_graph(log_of(cascades, 30), method="netinf", n_edges=60, horizon_hours=10)
    assert graph.n_edges == 60
    assert len(set(arcs_of(graph)) & set(arcs)) >= 54


def test_netrate_is_the_highest_likelihood():
    arcs = {(0, 1): 0.5, (1, 2): 0.3, (0, 2): 0.1, (2, 3): 0.4, (1, 3): 0.2}
    cascades = naive.spread_posts(arcs, 4, 60, 8.0, random.Random(2))
    ends = [8.0] * len(cascades)
    graph = infer_graph(log_of(cascades, 4), horizon_hours=8, min_cascades=1, min_weight=0, tol=1e-9)
    found = arcs_of(graph)
    everywhere = sorted(naive.candidates(cascades, 1))
    assert set(found) <= set(everywhere)

    def loss(x):
        return -naive.log_likelihood(cascades, ends, 4, dict(zip(everywhere, x, strict=True)))

    best = minimize(
        loss, np.full(len(everywhere), 0.1), bounds=[(1e-9, None)] * len(everywhere), options={"maxiter": 5000}
    )
    assert naive.log_likelihood(cascades, ends, 4, found) >= -best.fun - 1e-6
    for arc, rate in zip(everywhere, best.x, strict=True):
        assert found.get(arc, 0.0) == pytest.approx(rate, abs=2e-3)


def test_tol_bounds_how_far_the_likelihood_is_from_its_highest():
    cascades = naive.spread_posts(RANDOM, 50, 60, 10.0, random.Random(1))
    ends = [10.0] * len(cascades)
    options = {"horizon_hours": 10, "min_cascades": 1, "min_weight": 0}
    log = log_of(cascades, 50)
    fine = naive.log_likelihood(cascades, ends, 50, arcs_of(infer_graph(log, tol=1e-8, max_iter=10**6, **options)))
    n_adoptions = sum(len(times) - 1 for times in cascades)
    for tol in (0.3, 0.03, 0.003):
        rough = naive.log_likelihood(cascades, ends, 50, arcs_of(infer_graph(log, tol=tol, **options)))
        assert fine - tol * n_adoptions <= rough <= fine + 1e-4
    assert rough < fine


def test_one_arc_in_closed_form():
    """Adoptions / hours of exposure: 2 adoptions after 1 h and 3 h, and one post never taken up in 6 h."""
    cascades = [{0: 0.0, 1: 1.0}, {0: 0.0, 1: 3.0}, {0: 0.0}]
    graph = infer_graph(log_of(cascades, 2), horizon_hours=6)
    assert arcs_of(graph) == {(0, 1): pytest.approx(2 / 10)}
    assert arcs_of(graph, "weight") == {(0, 1): pytest.approx(2)}


def test_watching_ends_with_the_log_unless_told():
    cascades = [{0: 0.0, 1: 1.0}, {0: 0.0, 1: 3.0}, {0: 0.0, 2: 7.0}]
    exposure = 1 + 3 + APART
    graph = infer_graph(log_of(cascades, 3))
    assert arcs_of(graph) == {(0, 1): pytest.approx(2 / exposure)}


def test_netinf_is_brute_force_greedy():
    rng = random.Random(4)
    for trial in range(5):
        cascades = [
            {u: rng.uniform(0, 5) for u in rng.sample(range(6), rng.randrange(1, 6))} for _ in range(12 + trial)
        ]
        candidates = naive.candidates(cascades, 2)
        reach = -math.log(1e-3)
        wanted, values = naive.greedy(cascades, candidates, 0.8, reach, 8)
        options = {"method": "netinf", "rate_per_hour": 0.8, "outside": 1e-3, "min_weight": 0}
        for k in (1, 4, 8):
            found = arcs_of(infer_graph(log_of(cascades, 6), n_edges=k, **options), "gain")
            assert set(found) == set(wanted[:k])
            assert sum(found.values()) == pytest.approx(values[min(k, len(values)) - 1])
        whole = infer_graph(log_of(cascades, 6), **options)
        everything, _ = naive.greedy(cascades, candidates, 0.8, reach, 100)
        assert set(arcs_of(whole)) == set(everything)


def test_netinf_explains_each_adoption_once():
    cascades = [{0: 0.0, 1: 1.0, 2: 2.5}] * 3 + [{0: 0.0, 2: 4.0}] * 2
    graph = infer_graph(log_of(cascades, 3), method="netinf")
    assert arcs_of(graph, "weight") == {(0, 1): 3.0, (1, 2): 3.0, (0, 2): 2.0}
    assert arcs_of(graph) == {(0, 1): pytest.approx(1.0), (1, 2): pytest.approx(1 / 1.5), (0, 2): pytest.approx(0.25)}


def test_netinf_explains_with_the_arcs_it_was_allowed():
    cascades = [{0: 0.0, 1: 1.0, 2: 2.5}] * 3 + [{0: 0.0, 2: 4.0}] * 3
    one = infer_graph(log_of(cascades, 3), method="netinf", n_edges=1)
    assert arcs_of(one, "weight") == {(0, 2): 6.0}
    assert arcs_of(one) == {(0, 2): pytest.approx(6 / 19.5)}
    three = infer_graph(log_of(cascades, 3), method="netinf", n_edges=3)
    assert arcs_of(three, "weight") == {(0, 2): 3.0, (0, 1): 3.0, (1, 2): 3.0}


def test_the_same_bits_everywhere(any_engine):
    cascades = naive.spread_posts(RANDOM, 50, 100, 10.0, random.Random(1))
    log = log_of(cascades, 50)
    for method in ("netrate", "netinf"):
        plain = infer_graph(log, method=method, threads=1)
        other = infer_graph(log, method=method, **any_engine)
        assert plain.n_edges > 0
        for name in plain.columns:
            assert plain.column(name).tobytes() == other.column(name).tobytes()
        assert all((a == b).all() for a, b in zip(plain.edges(), other.edges(), strict=True))


def test_the_order_of_rows_changes_nothing():
    log = log_of(naive.spread_posts(RANDOM, 50, 60, 10.0, random.Random(1)), 50)
    table = log.to_arrow()
    shuffled = sr.Events.from_frame(table.take(np.random.default_rng(1).permutation(log.n_events)))
    for method in ("netrate", "netinf"):
        one, other = infer_graph(log, method=method), infer_graph(shuffled, method=method, ids=log.accounts)
        assert arcs_of(one) == arcs_of(other)


def test_equal_times_are_no_influence_and_unknown_ones_no_delay():
    together = [{0: 1.0, 1: 1.0}] * 3
    with pytest.raises(ParameterError, match="no account adopted after another"):
        infer_graph(log_of(together, 2))
    rows = [("bob", "repost", "ada", f"p{k}", f"2026-01-0{k}T01:00") for k in (1, 2, 3)]
    rows += [("cem", "repost", "bob", f"p{k}", f"2026-01-0{k}T03:00") for k in (1, 2, 3)]
    names = ("actor", "action", "target", "post", "time")
    log = sr.Events.from_frame(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    graph = infer_graph(log)
    assert [(graph.ids[v], graph.ids[u]) for v, u in zip(*graph.edges(), strict=True)] == [("cem", "bob")]
    assert graph.column("rate") == pytest.approx(3 / 6)  # ada had them all, nobody knows when: not exposed to bob


def test_a_followee_whose_time_is_unknown_counts_where_it_is_known():
    """Of three posts that ada had, one she had first and nobody knows when: exposure and delays are of the others."""
    rows = [("ada", "post", None, f"p{k}", f"2026-01-0{k}T00:00") for k in (1, 2)]
    rows += [("bob", "repost", "ada", f"p{k}", f"2026-01-0{k}T03:00") for k in (1, 2, 3)]
    names = ("actor", "action", "target", "post", "time")
    log = sr.Events.from_frame(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    for method in ("netrate", "netinf"):
        graph = infer_graph(log, method=method)
        assert graph.column("rate").tolist() == [pytest.approx(2 / 6)]
        assert graph.column("weight").tolist() == [pytest.approx(2)]


def test_accounts_may_be_a_graphs():
    log = log_of([{0: 0.0, 1: 1.0, 2: 1.5}] * 3, 3)
    graph = infer_graph(log, ids=Ids.from_values([2, 9, 0]))
    assert [(graph.ids[v], graph.ids[u]) for v, u in zip(*graph.edges(), strict=True)] == [(2, 0)]
    assert graph.n_nodes == 3
    with pytest.raises(ParameterError, match="none of its adopters"):
        infer_graph(log, ids=Ids.from_values(["x", "y"]))


def test_n_edges_keeps_the_heaviest():
    log = log_of(naive.spread_posts(RANDOM, 50, 200, 10.0, random.Random(1)), 50)
    whole = arcs_of(infer_graph(log), "weight")
    ten = arcs_of(infer_graph(log, n_edges=10), "weight")
    assert len(ten) == 10
    assert min(ten.values()) >= sorted(whole.values())[-10]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"min_cascades": 4}, "lower min_cascades"),
        ({"max_pairs": 5}, "6 pairs of adoptions .*its longest has 3"),
        ({"method": "netrate", "rate_per_hour": 1.0}, "goes with method 'netinf'"),
        ({"method": "guess"}, "method must be one of"),
        ({"horizon_hours": 0}, "horizon_hours must be in"),
        ({"horizon_hours": 0.5}, "no account adopted after another"),
        ({"actions": "dance"}, "actions must be among"),
    ],
)
def test_one_clear_sentence(options, says):
    log = log_of([{0: 0.0, 1: 1.0, 2: 1.5}, {0: 0.0, 1: 1.0, 2: 2.0}], 3)
    with pytest.raises(ParameterError, match=says):
        infer_graph(log, **options)


def test_logs_that_tell_nothing():
    with pytest.raises(ParameterError, match="needs Events"):
        infer_graph("log.csv")
    with pytest.raises(ParameterError, match="with a post and a time"):
        infer_graph(sr.Events.from_frame({"actor": ["a"], "action": ["post"], "post": ["p"]}))
    only_stand_ins = sr.Events.from_arrays(
        [0], [1], [2], accounts=Ids.of_range(2), posts=Ids.of_range(1), post=[0], time=[NO_TIME]
    )
    with pytest.raises(ParameterError, match="with a post and a time"):
        infer_graph(only_stand_ins)


def test_every_kernel_has_one_signature():
    from swayrank.kernels import jit

    for name in ("row_sizes", "gather_row", "netrate_rows", "netinf_rows"):
        assert len(getattr(jit.KERNELS[f"swayrank.kernels.hidden.{name}"], "signatures", [0])) <= 1, name


def test_not_converging_is_an_error():
    log = log_of(naive.spread_posts(RANDOM, 50, 60, 10.0, random.Random(1)), 50)
    with pytest.raises(ConvergenceError, match="max_iter=1 steps"):
        infer_graph(log, max_iter=1, tol=1e-6)


def test_memetracker(shared_data):
    """Of the arcs inferred first, far more are in the set's own file of edges than of pairs at random."""
    rows = []
    with gzip.open(shared_data / "cascades" / "memetracker.cascades.txt.gz", "rt") as file:
        for _, line in zip(range(1000), file, strict=False):
            rows.append({int(u): float(t) - 330_000 for u, t in (cell.split(",") for cell in line.split())})
    with gzip.open(shared_data / "cascades" / "memetracker.edges.txt.gz", "rt") as file:
        edges = {tuple(map(int, line.split(","))) for line in file}
    n = 1 + max(max(times) for times in rows)
    time = [round(t * HOUR) for times in rows for t in times.values()]
    log = sr.Events.from_arrays(
        [u for times in rows for u in times],
        [NO_ACCOUNT] * len(time),
        [0] * len(time),
        accounts=Ids.of_range(n),
        post=[c for c, times in enumerate(rows) for _ in times],
        posts=Ids.of_range(len(rows)),
        time=time,
    )
    there = {u for times in rows for u in times}
    at_random = sum(u in there and v in there for u, v in edges) / (len(there) * (len(there) - 1))
    for method in ("netrate", "netinf"):
        found = infer_graph(log, method=method, n_edges=1000)
        share = np.mean([arc in edges for arc in arcs_of(found)])
        assert share > 0.5 > 20 * at_random
