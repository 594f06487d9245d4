"""Goodness of fit: log-likelihoods by definition, baselines fitted before the split, and a fair comparison."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

import swayrank as sr
from swayrank.learning.adoptions import Adoptions
from swayrank.validation import exposures
from swayrank.validation.fit import BASELINES, goodness_of_fit
from tests.cascades import independent_cascades, log_of, random_graph, random_posts
from tests.oracles import naive_validation as naive
from tests.test_calibration import plain

QUICK = {"n_replicates": 100, "rng": 7}


def shares(graph, events):
    """The Bernoulli learner: successes over trials of each arc, 0 where there is no trial."""
    adoptions = Adoptions.of(events, graph.ids)
    rows = [
        dict(zip(adoptions.post[a:b].tolist(), adoptions.time[a:b].tolist(), strict=True))
        for a, b in zip(adoptions.indptr[:-1].tolist(), adoptions.indptr[1:].tolist(), strict=True)
    ]
    v, u = graph.edges()
    chances = []
    for follower, followed in zip(v.tolist(), u.tolist(), strict=True):
        fates = [rows[follower].get(p, math.inf) > t for p, t in rows[followed].items()]
        wins = [p in rows[follower] and rows[follower][p] > t for p, t in rows[followed].items()]
        chances.append(sum(wins) / sum(fates) if any(fates) else 0.0)
    return sr.Graph.from_edges(v, u, ids=graph.ids, columns={"probability": chances})


def case(trial, n=12, n_posts=40):
    """A graph, posts of which each begins after the one before, and those after four fifths of them."""
    graph = random_graph(n, 3, (0.01, 0.9), trial)
    posts = random_posts(n, n_posts, trial, latest=6)
    posts = {f"p{k}": {a: t + 100 * k for a, t in post.items()} for k, post in enumerate(posts.values())}
    cut = n_posts * 4 // 5
    before = {name: post for k, (name, post) in enumerate(posts.items()) if k < cut}
    after = {name: post for name, post in posts.items() if name not in before}
    return graph, posts, before, after


@pytest.mark.parametrize("which", ["ever", "before"])
@pytest.mark.parametrize("trial", range(3))
def test_log_likelihoods_are_what_they_are_defined_to_be(trial, which):
    graph, posts, before, after = case(trial)
    found = goodness_of_fit(graph, log_of(posts), exposures=which, **QUICK)
    nodes, follows, p = plain(graph)
    constant = naive.most_likely_constant(nodes, follows, before, which == "ever")
    assert found.params["global_p"] == pytest.approx(constant, abs=1e-4)
    counts = naive.placebo_counts(follows, p, before, 1e-6)
    assert found.params["network_mean"] == pytest.approx(mean_of(nodes, follows, before, which), rel=1e-12)
    assert found.params["network_mean"] <= 1
    assert counts["successes"] > 0
    degree = {v: sum(w == v for w, _ in follows) for v in nodes}
    asked = {
        "probability": p,
        "global_p": dict.fromkeys(follows, found.params["global_p"]),
        "network_mean": dict.fromkeys(follows, found.params["network_mean"]),
        "weighted_cascade": {(v, u): 1 / degree[v] for v, u in follows},
    }
    for name, chances in asked.items():
        rows, unexplained = naive.predictions(nodes, follows, chances, after, which == "ever")
        expected, floored = naive.log_likelihood(rows, 1e-6)
        i = found.names.index(name)
        assert found.log_likelihood[i] == pytest.approx(expected, rel=1e-9)
        assert found.floored[i] == floored
        assert found.unexplained == unexplained
        assert (found.n_posts, found.n_exposed) == (len(after), len(rows))
    assert list(found.log_likelihood) == sorted(found.log_likelihood, reverse=True)


def mean_of(nodes, follows, posts, which):
    """Exposures before adoptions, over those and the exposures of whoever never adopted."""
    won = sum(len(naive.parents(follows, post, v)) for post in posts.values() for v in nodes if v in post)
    lost = sum(len(naive.parents(follows, post, v)) for post in posts.values() for v in nodes if v not in post)
    return won / (won + lost)


def test_the_truth_beats_what_is_near_it_and_the_baselines():
    for trial in range(4):
        graph = random_graph(150, 6, (0.0, 0.35), trial)
        truth = graph.column("probability")
        events = log_of(independent_cascades(graph, 150, trial))
        learners = {"truth": truth, "less": truth / 1.5, "more": truth * 1.5, "none": 0.0}
        found = goodness_of_fit(graph, events, split=0.5, learners=learners, **QUICK)
        assert found.names[0] == "truth"
        assert found.names[-1] == "none"
        assert found.low[0] > 0
        assert f"truth beats the best baseline, {found.reference}" in str(found)


def test_a_learner_sees_nothing_after_the_split():
    graph, posts, _, after = case(1)
    first = min(min(post.values()) for post in after.values())
    given = []

    def learn(where, known):
        given.append(known.time.max())
        return shares(where, known)

    found = goodness_of_fit(graph, log_of(posts), learners={"shares": learn}, **QUICK)
    assert given == [max(t for post in posts.values() for t in post.values() if t < first) * 1_000_000]
    assert found.learned == ("shares",)
    elsewhere = goodness_of_fit(graph, log_of(posts), split=first * 1_000_000, learners={"shares": learn}, **QUICK)
    assert elsewhere.log_likelihood.tolist() == found.log_likelihood.tolist()


def test_what_was_given_no_chance_counts_as_the_floor():
    graph = sr.Graph.from_edges(["b"], ["a"])
    events = log_of({k: {"a": 10 * k, "b": 10 * k + 1} for k in range(10)})
    found = goodness_of_fit(graph, events, learners={"never": 0.0}, floor=1e-3, **QUICK)
    i = found.names.index("never")
    assert found.log_likelihood[i] == pytest.approx(2 * math.log(1e-3))
    assert (found.floored[i], found.impossible[i]) == (2, 2)
    assert "never: 2 outcomes count as 0.001 (2 adoptions had been given the risk 0)" in str(found)
    assert found.params["global_p"] == 1.0


def test_intervals_of_differences_hold():
    """The mean difference over many logs lies in the interval of about 95 % of them."""
    graph = random_graph(60, 5, (0.0, 0.3), 1)
    truth = graph.column("probability")
    ask = {"learners": {"truth": truth, "half": truth / 2}, "split": 0.3, "n_replicates": 300}
    found = []
    for trial in range(60):
        fit = goodness_of_fit(graph, log_of(independent_cascades(graph, 100, trial)), rng=trial, **ask)
        gain, i = (fit.per_post["truth"] - fit.per_post[fit.reference]).sum(), fit.names.index("truth")
        found.append((gain, fit.n_exposed, fit.low[i], fit.high[i]))
    expected = sum(row[0] for row in found) / sum(row[1] for row in found)
    held = sum(low <= expected <= high for _, _, low, high in found)
    assert held >= 51  # of 60: 57 expected


def test_threads_change_no_bit(any_engine, monkeypatch):
    monkeypatch.setattr(exposures, "_POSTS_PER_CHUNK", 3)
    graph, posts, _, _ = case(2)
    one = goodness_of_fit(graph, log_of(posts), threads=1, **QUICK)
    two = goodness_of_fit(graph, log_of(posts), **QUICK, **any_engine)
    for name in ("log_likelihood", "difference", "low", "high", "brier"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_the_frame_has_a_row_for_each_model():
    graph, posts, _, _ = case(0)
    found = goodness_of_fit(graph, log_of(posts), **QUICK)
    table = found.to_frame("pyarrow")
    assert set(table.column("model").to_pylist()) == {"probability", *BASELINES}
    assert table.column("difference").to_pylist()[found.names.index(found.reference)] == 0.0
    assert np.allclose(table.column("per_post").to_numpy() * found.n_posts, found.log_likelihood)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"learners": {"global_p": 0.1}}, "must not be called like a baseline"),
        ({"learners": {}}, "learners must be a mapping"),
        ({"learners": {"odd": lambda graph, known: None}}, "what a learner gives needs a Graph"),
        ({"learners": {"odd": lambda graph, known: sr.Graph.from_edges(["x"], ["y"])}}, "must give the same graph"),
        ({"split": 0.0}, "split must be in (0, 1)"),
        ({"split": "1969-01-01"}, "none of 5 began before it"),
    ],
)
def test_wrong_use_is_told(change, says):
    graph = sr.Graph.from_edges(["b", "c"], ["a", "b"], columns={"probability": [0.5, 0.5]})
    given = {"graph": graph, "events": log_of({k: {"a": k, "b": k + 0.5} for k in range(5)}), **change}
    with pytest.raises(sr.ParameterError) as error:
        goodness_of_fit(given.pop("graph"), given.pop("events"), **given)
    assert says in str(error.value)


def test_without_a_column_it_learns_by_em():
    graph, posts, _, _ = case(1)
    bare = sr.Graph.from_edges(*graph.edges(), ids=graph.ids)
    found = goodness_of_fit(bare, log_of(posts), **QUICK)
    asked = goodness_of_fit(bare, log_of(posts), learners={"em": partial(sr.learn_probabilities, method="em")}, **QUICK)
    assert found.learned == ("em",)
    assert found.log_likelihood.tolist() == asked.log_likelihood.tolist()
