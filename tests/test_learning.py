"""Probabilities learned from logs: against loops over dictionaries, against the truth, in any order of rows."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import numpy as np
import pytest

from swayrank.engines import resolve_engine
from swayrank.errors import ConvergenceError, ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.kernels.jit import JIT_ENABLED
from swayrank.learning.adoptions import SPREADING
from swayrank.learning.probabilities import COUNTING, METHODS, fit_probabilities, learn_probabilities
from swayrank.learning.shrinkage import beliefs
from swayrank.measures.propagation import IndependentCascade, LinearThreshold
from swayrank.pipeline import Recipe, read_sources
from tests.engines import AdversarialEngine
from tests.oracles import naive_learning as naive
from tests.test_adoptions import events_of, random_rows

estimators = importlib.import_module("swayrank.learning.estimators")
intervals = importlib.import_module("swayrank.learning.intervals")

HOUR = 3600
EXAMPLES = Path(__file__).parents[1] / "examples"
PRIORS = {"none": None, "pair": (0.7, 3.0)}


def pseudo(prior):
    return (lambda arc: (0.0, 0.0)) if prior is None else (lambda arc: prior)


def random_case(seed, n_accounts=12, n_arcs=50, n_posts=40, n=500):
    """A graph, a log, and both as the oracle takes them."""
    draw = np.random.default_rng(seed)
    pairs = {(f"a{v}", f"a{u}") for v, u in draw.integers(0, n_accounts, (n_arcs, 2)) if v != u}
    graph = Graph.from_edges(*zip(*sorted(pairs), strict=True))
    rows = random_rows(seed + 100, n=n, n_accounts=n_accounts, n_posts=n_posts)
    v, u = graph.edges()
    arcs = [(graph.ids[int(a)], graph.ids[int(b)]) for a, b in zip(v, u, strict=True)]
    known = set(graph.ids)
    first = {key: t for key, t in naive.adoptions(rows).items() if key[0] in known}
    return graph, rows, first, arcs


# -- against the oracle ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("window", [None, 20])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("method", [*COUNTING, "linear_threshold"])
def test_counting_is_the_oracle_s(method, prior, window, seed):
    graph, rows, first, arcs = random_case(seed)
    seconds = math.inf if window is None else window
    hours = None if window is None else window / HOUR
    found = fit_probabilities(graph, events_of(rows), method=method, prior=PRIORS[prior], window_hours=hours)
    facts = naive.table(first, arcs, seconds)
    assert found.graph.column("n_trials").tolist() == [facts[arc]["trials"] for arc in arcs]
    assert found.graph.column("n_successes").tolist() == [facts[arc]["successes"] for arc in arcs]
    expected = naive.estimate(first, arcs, method, pseudo(PRIORS[prior]), seconds)
    assert np.allclose(found.probability, [expected[arc] for arc in arcs], rtol=1e-11, atol=0)
    low, high = found.graph.column("probability_low"), found.graph.column("probability_high")
    assert np.all((low >= 0) & (low <= found.probability) & (found.probability <= high) & (high <= 1))
    assert found.n_adoptions == len(first)
    assert found.n_explained == sum(bool(naive.parents(first, arcs, v, p, seconds)) for v, p in first)
    if method.endswith("_time"):
        delays = [facts[arc]["delay"] for arc in arcs]
        assert np.allclose(found.graph.column("delay"), delays, rtol=1e-12, equal_nan=True)
        if window is None:
            mine = [naive.influenceability(first, arcs, v) for v in graph.ids]
            assert np.allclose(found.influenceability, mine, rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("window", [None, 20])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("method", ["em", "likelihood"])
def test_the_most_likely_probabilities_are_the_oracle_s(method, prior, window, seed):
    graph, rows, first, arcs = random_case(seed)
    seconds = math.inf if window is None else window
    hours = None if window is None else window / HOUR
    settings = {"prior": PRIORS[prior], "window_hours": hours, "tol": 1e-8, "max_iter": 1_000_000}
    found = fit_probabilities(graph, events_of(rows), method=method, **settings)
    p = dict(zip(arcs, found.probability.tolist(), strict=True))
    best = naive.em(first, arcs, pseudo(PRIORS[prior]), seconds)
    mine, theirs = (naive.log_likelihood(first, arcs, one, seconds) for one in (p, best))
    assert found.log_likelihood == pytest.approx(mine, rel=1e-9)
    if PRIORS[prior] is None:
        assert mine >= theirs - 1e-5
        assert mine <= theirs + 1e-3
    else:
        assert np.allclose(found.probability, [best[arc] for arc in arcs], atol=2e-6)
    assert found.residual <= 1e-8
    assert found.n_iter > 1


def test_em_and_ascent_share_the_maximum():
    graph, rows, _, _ = random_case(9, n_accounts=30, n_arcs=300, n=3000)
    log = events_of(rows)
    em, ascent = (fit_probabilities(graph, log, method=m, prior=(1.0, 2.0), tol=1e-9) for m in ("em", "likelihood"))
    assert np.allclose(em.probability, ascent.probability, atol=1e-6)
    assert np.allclose(em.graph.column("probability_high"), ascent.graph.column("probability_high"), atol=1e-5)
    assert ascent.n_iter < em.n_iter


def test_with_one_parent_each_the_maximum_is_bernoulli():
    graph, log, _ = tree_case(3, 60)
    for prior in (None, (0.5, 2.0), "influencer"):
        counted = fit_probabilities(graph, log, prior=prior)
        for method in ("em", "likelihood", "partial_credits"):
            found = fit_probabilities(graph, log, method=method, prior=prior)
            for column in ("probability", "probability_low", "probability_high"):
                assert np.allclose(found.graph.column(column), counted.graph.column(column), atol=1e-9), column


def test_a_convex_combination_is_never_better_than_the_maximum():
    """The likelihood is concave in log(1 - p): no step toward anything else gains."""
    graph, rows, first, arcs = random_case(4)
    found = fit_probabilities(graph, events_of(rows), method="likelihood", prior=None, tol=1e-9)
    best = found.log_likelihood
    draw = np.random.default_rng(0)
    for _ in range(20):
        other = np.clip(found.probability + draw.normal(0, 0.05, len(arcs)), 1e-9, 1 - 1e-9)
        other[found.graph.column("n_trials") == found.graph.column("n_successes")] = 1.0
        assert naive.log_likelihood(first, arcs, dict(zip(arcs, other.tolist(), strict=True))) <= best + 1e-6


# -- against the truth -------------------------------------------------------------------------------------------------


def log_of(cascades, names):
    """Cascades, each a list of (account, step), as a log; a step lasts an hour."""
    rows = [(names[a], f"p{number}", step) for number, cascade in enumerate(cascades) for a, step in cascade]
    who, post, step = (list(column) for column in zip(*rows, strict=True))
    stamps = [np.datetime64(1_000_000_000 + HOUR * s, "s") for s in step]
    return Events.from_frame({"actor": who, "post": post, "time": stamps, "action": ["post"] * len(who)})


def cascades_on(graph, p, n_posts, draw, n_seeds=1):
    """Independent Cascade step by step: who is new tries each follower once."""
    followers = [graph.in_indices[int(graph.in_indptr[u]) : int(graph.in_indptr[u + 1])] for u in range(graph.n_nodes)]
    chance = p[graph.in_arcs]
    found = []
    for _ in range(n_posts):
        active = dict.fromkeys(draw.choice(graph.n_nodes, n_seeds, replace=False).tolist(), 0)
        new, step = list(active), 0
        while new:
            step += 1
            reached = []
            for u in new:
                start = int(graph.in_indptr[u])
                hits = draw.random(followers[u].size) < chance[start : start + followers[u].size]
                reached += [int(v) for v in followers[u][hits] if v not in active]
            new = list(dict.fromkeys(reached))
            active.update(dict.fromkeys(new, step))
        found.append(list(active.items()))
    return found


def tree_case(seed, n_posts, n=80):
    """A tree in which everybody follows one account, with heterogeneous probabilities."""
    draw = np.random.default_rng(seed)
    parent = [int(draw.integers(max(0, v - 20) // 4, max(1, v // 4 + 1))) for v in range(1, n)]
    graph = Graph.from_edges(np.arange(1, n), np.array(parent), n_nodes=n)
    p = draw.beta(1.5, 3.0, graph.n_edges)
    return graph, log_of(cascades_on(graph, p, n_posts, draw, n_seeds=3), graph.ids), p


def dense_case(seed, n_posts, n=40, n_arcs=160):
    """A random graph with cycles, where many accounts are reached by several at once."""
    draw = np.random.default_rng(seed)
    graph = Graph.from_edges(*draw.integers(0, n, (2, n_arcs)), n_nodes=n)
    p = draw.beta(1.5, 6.0, graph.n_edges)
    return graph, log_of(cascades_on(graph, p, n_posts, draw, n_seeds=3), graph.ids), p


def covered(found, p):
    return (found.graph.column("probability_low") <= p) & (p <= found.graph.column("probability_high"))


REPEATS = 12 if JIT_ENABLED else 2
# Of nominal 95 %: exact intervals of counts are a little wider or narrower, shrunk ones rest on an estimated prior.
LEAST, MOST = 0.925, 0.985


@pytest.mark.parametrize("prior", [None, "influencer", "network"])
@pytest.mark.parametrize("method", ["bernoulli", "partial_credits", "continuous_time", "em", "likelihood"])
def test_intervals_hold_the_truth_on_trees(method, prior):
    shares = []
    for seed in range(REPEATS):
        graph, log, p = tree_case(seed, 150)
        found = fit_probabilities(graph, log, method=method, prior=prior, window_hours=1)
        tried = found.graph.column("n_trials") > 0
        assert tried.sum() > 50
        shares.append(covered(found, p)[tried])
    assert LEAST <= np.concatenate(shares).mean() <= MOST or not JIT_ENABLED


@pytest.mark.parametrize("prior", [None, "influencer", "network"])
@pytest.mark.parametrize("method", ["em", "likelihood"])
def test_intervals_hold_the_truth_where_accounts_have_several_parents(method, prior):
    shares, bare = [], []
    for seed in range(REPEATS):
        graph, log, p = dense_case(seed, 300)
        found = fit_probabilities(graph, log, method=method, prior=prior, window_hours=1)
        shares.append(covered(found, p))
        bare.append(covered(fit_probabilities(graph, log, prior=prior, window_hours=1), p))
    assert LEAST <= np.concatenate(shares).mean() <= MOST or not JIT_ENABLED
    assert np.concatenate(bare).mean() < np.concatenate(shares).mean() or not JIT_ENABLED  # who counts all, overstates


@pytest.mark.parametrize("prior", [None, "influencer", "network"])
@pytest.mark.parametrize("case", ["tree", "dense"])
def test_little_data_do_not_make_intervals_much_too_narrow(case, prior):
    """A handful of trials for each arc: what arcs have in common is hardly known, and the prior must not pretend."""
    make, n_posts = {"tree": (tree_case, 20), "dense": (dense_case, 30)}[case]
    shares = []
    for seed in range(REPEATS):
        graph, log, p = make(seed, n_posts)
        found = fit_probabilities(graph, log, method="likelihood", prior=prior, window_hours=1)
        shares.append(covered(found, p)[found.graph.column("n_trials") > 0])
    assert np.concatenate(shares).mean() >= 0.9 or not JIT_ENABLED


@pytest.mark.parametrize("method", ["em", "likelihood"])
def test_error_falls_with_the_amount_of_data(method):
    errors = []
    for n_posts in (30, 300, 3000):
        graph, log, p = dense_case(1, n_posts)
        errors.append(np.abs(learn_probabilities(graph, log, method=method, window_hours=1).column("probability") - p))
    means = [float(e.mean()) for e in errors]
    assert means[0] > 1.5 * means[1] > 2.25 * means[2]
    assert means[2] < 0.02


def test_shrinking_beats_the_bare_ratio_on_little_data():
    bare, shrunk = [], []
    for seed in range(6):
        graph, log, p = dense_case(seed, 40)
        for prior, errors in ((None, bare), ("influencer", shrunk)):
            found = learn_probabilities(graph, log, method="likelihood", prior=prior, window_hours=1)
            errors.append(((found.column("probability") - p) ** 2).mean())
    assert np.mean(shrunk) < 0.7 * np.mean(bare)


def test_a_parent_that_never_acts_alone_has_a_wide_interval():
    """Two accounts that always post together cannot be told apart, one that posts alone can."""
    graph = Graph.from_edges(["v", "v", "v"], ["a", "b", "c"])
    cascades = []
    for i in range(200):
        cascades.append([("a", 0), ("b", 0), *([("v", 1)] if i % 2 else [])])
        cascades.append([("c", 0), *([("v", 1)] if i % 2 else [])])
    log = log_of(cascades, {name: name for name in "abcv"})
    found = learn_probabilities(graph, log, method="likelihood", prior=None)
    width = found.column("probability_high") - found.column("probability_low")
    together, _, alone = width[[graph.position(x) - 1 for x in "abc"]] if graph.position("v") == 0 else width
    assert together > 0.5
    assert alone < 0.15
    p = found.column("probability")
    assert 1 - (1 - p[0]) * (1 - p[1]) == pytest.approx(0.5, abs=1e-5)


# -- the prior ---------------------------------------------------------------------------------------------------------


def test_the_prior_finds_how_much_arcs_differ():
    draw = np.random.default_rng(3)
    n_influencers, n_followers = 300, 30
    means = draw.beta(8, 32, n_influencers)
    p = draw.beta(20 * means[:, None], 20 * (1 - means[:, None]), (n_influencers, n_followers)).ravel()
    of = draw.integers(1, 60, p.size).astype(float)
    won = draw.binomial(of.astype(int), p).astype(float)
    influencer = np.repeat(np.arange(n_influencers, dtype=np.uint32), n_followers)
    found = beliefs("influencer", won, of, influencer, n_influencers)
    assert 17 < found.record["strength"] < 23
    assert 28 < found.record["strength_of_network"] < 56
    assert np.abs(found.successes / (found.successes + found.failures) - means).mean() < 0.02


def test_arcs_never_tried_get_their_influencer_s_mean_and_are_told_apart():
    rows = [("star", None, f"p{i}", 0) for i in range(40)] + [("dull", None, f"q{i}", 0) for i in range(40)]
    rows += [(f"f{i % 5}", "star", f"p{i}", 5) for i in range(40)]
    graph = Graph.from_edges(
        [*[f"f{i}" for i in range(5)] * 2, "f0", "f0"], [*["star"] * 5, *["dull"] * 5, "silent", "f1"]
    )
    # nobody has seen what "new" makes of star: it had all of star's posts before
    rows += [("new", None, f"p{i}", -5) for i in range(40)]
    v, u = graph.edges()
    graph = Graph.from_edges([*v, graph.n_nodes, graph.n_nodes], [*u, 0, 1], ids=[*graph.ids, "new"])
    found = fit_probabilities(graph, events_of(rows))
    table = {(arc["influencer"], arc["follower"]): arc for arc in found.top(99)}
    star, dull = (next(arc for key, arc in table.items() if key == (name, "f0")) for name in ("star", "dull"))
    assert star["n_successes"] == 8
    assert dull["n_successes"] == 0
    assert dull["n_trials"] == 40
    silent = table["silent", "f0"]
    assert silent["n_trials"] == 0
    assert silent["probability_high"] - silent["probability_low"] > star["probability_high"] - star["probability_low"]
    assert found.counts["never_tried"] == sum(arc["n_trials"] == 0 for arc in table.values())
    assert found.counts["failed_always"] == sum(
        arc["n_trials"] > 0 and arc["n_successes"] == 0 for arc in table.values()
    )
    assert found.to_frame("pyarrow")["tried"].to_pylist() == (found.graph.column("n_trials") > 0).tolist()


# -- order, threads, time ----------------------------------------------------------------------------------------------


def bits(found):
    return {name: found.graph.column(name).tobytes() for name in found.graph.columns} | {
        "more": (found.log_likelihood, None if found.influenceability is None else found.influenceability.tobytes())
    }


@pytest.mark.parametrize("method", METHODS)
def test_neither_threads_nor_engines_nor_the_order_of_rows_change_a_bit(method, monkeypatch):
    monkeypatch.setattr(intervals, "_ARCS_PER_CHUNK", 7)
    graph, rows, _, _ = random_case(2, n_accounts=25, n_arcs=200, n=2000)
    settings = {"method": method, "max_iter": 100_000}
    expected = bits(fit_probabilities(graph, events_of(rows), threads=1, **settings))
    assert bits(fit_probabilities(graph, events_of(rows), threads=3, **settings)) == expected
    assert bits(fit_probabilities(graph, events_of(rows), engine=AdversarialEngine(), **settings)) == expected
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    assert bits(fit_probabilities(graph, events_of(shuffled), **settings)) == expected


def test_the_same_in_another_process():
    graph, rows, _, _ = random_case(2)
    engine = AdversarialEngine(processes=True)
    try:
        elsewhere = fit_probabilities(graph, events_of(rows), method="likelihood", engine=engine)
    finally:
        engine.close()
    assert bits(elsewhere) == bits(fit_probabilities(graph, events_of(rows), method="likelihood"))


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_after_until_is_not_read(method):
    graph, rows, _, _ = random_case(6)
    until = np.datetime64(1_000_000_000 + 30, "s").astype(object)
    expected = bits(fit_probabilities(graph, events_of(rows), method=method, until=until, max_iter=100_000))
    planted = [("a1", "a2", f"new{i % 3}", 30 + i % 9) for i in range(50)]
    planted += [(actor, target, post, 40) for actor, target, post, _ in rows[:100]]
    for log in (planted + rows, rows + planted):
        found = fit_probabilities(graph, events_of(log), method=method, until=until, max_iter=100_000)
        assert bits(found) == expected
    assert bits(fit_probabilities(graph, events_of(rows + planted), method=method, max_iter=100_000)) != expected


# -- edges -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_graphs_without_arcs_or_with_strangers_alone(method):
    log = events_of([("ada", None, "p", 1), ("bob", "ada", "p", 2)])
    for graph in (Graph.from_edges([], [], n_nodes=1), Graph.from_edges([], [], n_nodes=0)):
        found = fit_probabilities(graph, log, method=method)
        assert found.counts == {"arcs": 0, "tried": 0, "never_tried": 0, "failed_always": 0}
        assert "0 arcs" in repr(found)
    with pytest.raises(ParameterError, match="called by the same ids"):
        fit_probabilities(Graph.from_edges(["x", "y"], ["y", "z"]), log, method=method)
    graph = Graph.from_edges(["ada", "x"], ["x", "z"])  # none of its arcs was ever tried
    bare, shrunk = (fit_probabilities(graph, log, method=method, prior=prior) for prior in (None, "influencer"))
    assert bare.probability.tolist() == [0.0, 0.0]
    assert bare.graph.column("probability_high").tolist() == [1.0, 1.0]
    assert np.all(shrunk.graph.column("probability_high") - shrunk.graph.column("probability_low") > 0.9)
    assert bare.left_out["unknown_account"] == 1


def test_equal_times_are_no_trials_and_unknown_ones_are_before_all():
    graph = Graph.from_edges(["v", "v", "w"], ["a", "b", "v"])
    rows = [("a", None, "p", 5), ("v", None, "p", 5), ("v", "b", "q", 7), ("w", "v", "q", 9), ("a", None, "r", 1)]
    found = fit_probabilities(graph, events_of(rows), method="continuous_time", prior=None)
    assert found.graph.column("n_trials").tolist() == [1, 1, 2]
    assert found.graph.column("n_successes").tolist() == [0, 1, 1]
    assert np.array_equal(found.graph.column("delay"), [np.nan, np.nan, 2.0], equal_nan=True)
    discrete = fit_probabilities(graph, events_of(rows), method="discrete_time", prior=None)
    assert discrete.probability.tolist() == [0.0, 0.0, 0.5]


def test_self_loops_are_never_tried_and_edges_have_two_probabilities():
    rows = [("a", None, "p", 1), ("b", "a", "p", 2), ("a", None, "q", 1)]
    loops = Graph.from_edges(["a", "b"], ["a", "a"], self_loops="keep")
    assert learn_probabilities(loops, events_of(rows)).column("n_trials").tolist() == [0, 2]
    friends = Graph.from_edges(["a"], ["b"], direction="undirected")
    found = learn_probabilities(friends, events_of(rows), prior=None)
    assert found.directed
    assert dict(zip(zip(*found.edges(), strict=True), found.column("probability").tolist(), strict=True)) == {
        (0, 1): 0.0,
        (1, 0): 0.5,
    }


def test_columns_stay_and_models_take_what_was_learned(tmp_path):
    graph, rows, _, _ = random_case(1)
    graph = Graph.from_edges(*graph.edges(), ids=graph.ids, weight=np.arange(graph.n_edges, dtype=float))
    found = learn_probabilities(graph, events_of(rows))
    assert found.column("weight").tolist() == graph.column("weight").tolist()
    assert found.fingerprint == Graph.open(found.save(tmp_path / "g")).fingerprint
    assert IndependentCascade(found).probabilities().tolist() == found.column("probability").tolist()
    for prior in (None, "influencer", (5.0, 1.0)):
        weights = learn_probabilities(graph, events_of(rows), method="linear_threshold", prior=prior)
        assert LinearThreshold(weights, weights="probability").probabilities().max() <= 1


def test_a_follower_of_very_many_and_a_long_list_of_posts():
    """Rows whose scratch must grow, and lists of very different lengths."""
    draw = np.random.default_rng(8)
    n = 400 if JIT_ENABLED else 40
    rows = [("v", None, f"p{i}", 50) for i in range(500)]
    rows += [
        (f"u{i}", None, f"p{draw.integers(0, 800)}", int(draw.integers(0, 99))) for i in range(n) for _ in range(5)
    ]
    rows += [("busy", None, f"p{i}", 10) for i in range(0, 800, 2)]
    graph = Graph.from_edges(["v"] * (n + 1), [*[f"u{i}" for i in range(n)], "busy"])
    first = naive.adoptions(rows)
    found = fit_probabilities(graph, events_of(rows), prior=None)
    for u in ["busy", *[f"u{i}" for i in range(0, n, 10)]]:
        at = graph.indices.tolist().index(graph.position(u))
        assert found.graph.column("n_trials")[at] == len(naive.trials(first, "v", u))
        assert found.graph.column("n_successes")[at] == len(naive.successes(first, "v", u))
    fitted = fit_probabilities(graph, events_of(rows), method="likelihood", prior=(1.0, 1.0))
    assert fitted.residual <= 1e-6
    assert np.all(fitted.graph.column("probability_high") >= fitted.probability)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"method": "magic"}, "method must be one of 'bernoulli'"),
        ({"prior": "friends"}, "prior must be 'influencer', 'network', None or two numbers"),
        ({"prior": (0, 1)}, "prior must be"),
        ({"prior": (1, 1, 1)}, "prior must be"),
        ({"confidence": 1}, "confidence must be in"),
        ({"window_hours": 0}, "window_hours must be in"),
        ({"tol": 0}, "tol must be in"),
        ({"max_iter": 0}, "max_iter must be an integer"),
        ({"actions": ["like"]}, "events must have like with a post and a time"),
        ({"actions": "share"}, "actions must be among"),
        ({"until": "1999-01-01"}, "events must have post, repost, quote"),
    ],
)
def test_wrong_values_get_one_clear_sentence(settings, says):
    graph, rows, _, _ = random_case(1)
    with pytest.raises(ParameterError, match=says):
        learn_probabilities(graph, events_of(rows), **settings)


def test_wrong_data_get_one_clear_sentence():
    graph, rows, _, _ = random_case(1)
    with pytest.raises(ParameterError, match="needs a Graph"):
        learn_probabilities("follows.csv", events_of(rows))
    with pytest.raises(ParameterError, match="needs Events"):
        learn_probabilities(graph, graph)


@pytest.mark.parametrize("method", ["em", "likelihood"])
def test_not_converging_is_an_error_that_says_what_to_change(method):
    graph, rows, _, _ = random_case(3)
    with pytest.raises(ConvergenceError, match="raise max_iter or tol"):
        learn_probabilities(graph, events_of(rows), method=method, max_iter=1, tol=1e-12)


def test_the_actions_are_those_that_spread():
    graph = Graph.from_edges(["v"], ["u"])
    columns = {"actor": ["u", "v", "v"], "post": ["p", "p", "p"], "action": ["post", "like", "repost"]}
    log = Events.from_frame(columns | {"time": ["2026-01-01", "2026-01-02", "2026-01-05"]})
    assert SPREADING == ("post", "repost", "quote")
    assert learn_probabilities(graph, log, method="continuous_time").column("delay").tolist() == [4 * 86_400.0]
    liked = learn_probabilities(graph, log, method="continuous_time", actions=["post", "like"])
    assert liked.column("delay").tolist() == [86_400.0]


def test_a_real_log_is_learned_from(shared_data):
    """MelCup17: what was read from both files is all used, and the likelihood is the higher one."""
    recipe = Recipe.load(EXAMPLES / "melcup17.toml", data=shared_data / "melcup17")
    sources = read_sources(recipe)
    counted = fit_probabilities(sources.graph, sources.events)
    fitted = fit_probabilities(sources.graph, sources.events, method="likelihood")
    assert counted.counts == {"arcs": 70_756, "tried": 70_752, "never_tried": 4, "failed_always": 57_557}
    assert (counted.n_adoptions, counted.n_explained) == (23_475, 8_902)
    assert fitted.residual <= 1e-6
    assert fitted.probability.sum() < counted.probability.sum()


def test_intervals_are_numbers_even_without_any_evidence():
    won, lost = np.array([0.0, 1e-9, 0.0]), np.array([0.0, 1e-9, 5.0])
    low, high = intervals.beta_interval(
        won, lost, np.arange(3, dtype=np.uint32), 0.95, prior=True, runner=resolve_engine("local", 1)
    )
    assert (low[0], high[0]) == (0.0, 1.0)
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()


def test_an_arc_that_others_explain_away_has_a_wide_interval():
    """Two followees post together nine times in ten: which of them it was is hardly known, and neither end is NaN."""
    rows = []
    for post in range(40):
        parents = ("ada", "bob") if post % 10 else ("ada",)
        rows += [(parent, "post", f"p{post}", post * 100 + k) for k, parent in enumerate(parents)]
        if post % 2:
            rows.append(("cem", "repost", f"p{post}", post * 100 + 50))
    frame = dict(zip(("actor", "action", "post", "time"), map(list, zip(*rows, strict=True)), strict=True))
    graph = Graph.from_edges(["cem", "cem"], ["ada", "bob"])
    for method in ("em", "likelihood"):
        learned = learn_probabilities(graph, Events.from_frame(frame), method=method)
        low, p, high = (learned.column(f"probability{end}") for end in ("_low", "", "_high"))
        assert np.isfinite(low).all()
        assert (low <= p).all()
        assert (p <= high).all()
        assert (high - low > 0.2).any()


@pytest.mark.parametrize("method", ["em", "likelihood"])
def test_the_prior_does_not_swallow_the_data_where_adoptions_have_many_parents(method):
    """Credit dealt among many varies little; a prior whose strength is told from it outweighs the log a hundredfold."""
    draw = np.random.default_rng(0)
    n, degree = (200, 30) if JIT_ENABLED else (40, 8)
    follower = np.repeat(np.arange(n), degree)
    graph = Graph.from_edges(follower, (follower + draw.integers(1, n, follower.size)) % n, n_nodes=n)
    p = draw.beta(0.2, 8.0, graph.n_edges)
    log = log_of(cascades_on(graph, p, 200, draw, n_seeds=40 if JIT_ENABLED else 8), graph.ids)
    found = fit_probabilities(graph, log, method=method, window_hours=1)
    assert covered(found, p).mean() > 0.88
    bare = fit_probabilities(graph, log, method=method, window_hours=1, prior=None)
    assert ((found.probability - p) ** 2).mean() < ((bare.probability - p) ** 2).mean()


def test_a_probability_never_exceeds_one():
    for seed in range(3):
        graph, log, _ = dense_case(seed, 30)
        for prior in (None, "influencer"):
            found = fit_probabilities(graph, log, method="em", prior=prior)
            assert found.probability.max() <= 1.0
            IndependentCascade(found.graph)


def test_a_log_of_other_accounts_is_refused():
    _, log, _ = dense_case(1, 5)
    other = Graph.from_edges(["x", "y"], ["y", "z"])
    with pytest.raises(ParameterError, match="called by the same ids"):
        fit_probabilities(other, log)
