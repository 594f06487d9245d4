"""The placebo: counts by definition, an excess where there is influence, none where there is likeness alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import swayrank as sr
from swayrank._rng import resolve_rng
from swayrank.learning.adoptions import Adoptions
from swayrank.validation import exposures
from swayrank.validation import placebo as module
from swayrank.validation.placebo import placebo
from tests.cascades import alike, independent_cascades, log_of, random_graph, random_posts
from tests.oracles import naive_validation as naive
from tests.test_calibration import plain

SHUFFLES = ("within_posts", "within_accounts")


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("trial", range(5))
def test_what_is_counted_is_what_it_is_defined_to_be(trial, shuffle):
    graph = random_graph(9, 3, (0, 1), trial, mutual=trial % 2 == 0)
    posts = random_posts(9, 25, trial, latest=(3, 30)[trial % 2])
    found = placebo(graph, log_of(posts), shuffle=shuffle, prob="probability", n_shuffles=3, rng=1)
    _, follows, p = plain(graph)
    expected = naive.placebo_counts(follows, p, posts, 1e-6)
    for name in ("exposed", "successes"):
        assert found.observed[name] == expected[name]
    assert found.observed["success_share"] == pytest.approx(expected["successes"] / expected["trials"], rel=1e-12)
    assert found.observed["log_likelihood"] == pytest.approx(expected["log_likelihood"], rel=1e-12)
    assert (found.n_arcs, found.n_ties) == (expected["arcs"], expected["ties"])


def test_with_everything_shuffled_half_of_the_arcs_are_successes():
    """Where no times are equal, each arc among adopters goes forward in half of all orders."""
    graph = random_graph(30, 6, (0, 1), 1)
    posts = random_posts(30, 40, 2, latest=10**6)
    found = placebo(graph, log_of(posts), first="shuffled", n_shuffles=400, rng=1)
    assert found.n_held == 0
    assert found.mean == pytest.approx(found.n_arcs / 2, rel=0.02)


def test_who_was_first_stays_first():
    """A star: all successes are the author's, and no order can tell."""
    graph = sr.Graph.from_edges(["b", "c", "d"], ["a", "a", "a"])
    events = log_of({k: {"a": 10 * k, "b": 10 * k + 1, "d": 10 * k + 2} for k in range(8)})
    found = placebo(graph, events, n_shuffles=19, rng=1)
    assert found.shuffled["successes"].tolist() == [16.0] * 19
    assert (found.n_arcs, found.n_held, found.p_value) == (16, 16, 1.0)
    assert "order can tell nothing here" in str(found)
    loose = placebo(graph, events, first="shuffled", n_shuffles=19, rng=1)
    assert loose.mean < 12
    assert loose.p_value == 0.05


def test_a_source_at_an_unknown_moment_stays_first_whatever_is_shuffled():
    rows = {"actor": ["b", "c"] * 5, "action": ["repost"] * 10, "target": ["a"] * 10}
    events = sr.Events.from_frame({**rows, "post": [f"p{k // 2}" for k in range(10)], "time": list(range(10))})
    graph = sr.Graph.from_edges(["b", "c"], ["a", "a"])
    for shuffle in SHUFFLES:
        found = placebo(graph, events, shuffle=shuffle, first="shuffled", n_shuffles=9, rng=1)
        assert found.shuffled["successes"].tolist() == [10.0] * 9


def test_shuffles_within_posts_take_all_orders_alike():
    """Three adopters after the first one: the six orders of a path's arcs are told apart by what they make."""
    graph = sr.Graph.from_edges(["c", "d", "z"], ["b", "c", "a"])
    events = log_of({1: {"a": 0, "b": 1, "c": 2, "d": 3}})
    found = placebo(graph, events, n_shuffles=6000, rng=1)
    counts = Counter(found.shuffled["successes"].tolist())
    # Of the orders of b, c, d: one has both arcs forward, one none, four have one.
    assert counts[2.0] / 6000 == pytest.approx(1 / 6, abs=0.02)
    assert counts[0.0] / 6000 == pytest.approx(1 / 6, abs=0.02)


def test_shuffles_within_accounts_keep_each_accounts_times():
    graph = random_graph(20, 4, (0, 1), 3)
    posts = random_posts(20, 30, 4, latest=10**6)
    adoptions = Adoptions.of(log_of(posts), graph.ids)
    cascades = adoptions.by_post
    order = np.argsort(cascades.account, kind="stable")
    held = module._held(cascades, keep_first=True)
    own = module._ByAccount(cascades, graph.n_nodes, order, held[order], resolve_rng(5))
    runner = module.resolve_engine("local", 1)
    first, second = own.shuffled(range(2), runner)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, cascades.time)
    for account in range(20):
        mine = cascades.account == account
        assert sorted(first[mine].tolist()) == sorted(cascades.time[mine].tolist())
    assert np.array_equal(first[held == 1], cascades.time[held == 1])


@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_influence_shows(shuffle):
    graph = random_graph(200, 8, (0.1, 0.2), 1)
    events = log_of(independent_cascades(graph, 60, 2))
    found = placebo(graph, events, shuffle=shuffle, prob="probability", n_shuffles=99, rng=1)
    for name in found.observed:
        assert found.p_value_of(name) == 0.01
    assert found.ratio > 1.2
    assert "not likeness alone" in str(found) or "not activity alone" in str(found)


@pytest.mark.parametrize("first", ["stays", "shuffled"])
def test_likeness_does_not_show_more_often_than_one_in_twenty(first):
    """Who adopts is settled by group, the order by chance: p-values at or below 0.05 come in 5 % of the logs."""
    false = 0
    for trial in range(200):
        graph, posts = alike(24, 3, 15, trial)
        false += placebo(graph, log_of(posts), first=first, n_shuffles=19, rng=trial).p_value <= 0.05
    assert 1 <= false <= 21  # of 200: 10 expected, 3.5 standard deviations above


def test_activity_does_not_show_more_often_than_one_in_twenty():
    """Each account has its own hours, whatever the post: some are early birds, and those who follow them sleep late."""
    false = 0
    for trial in range(200):
        r = np.random.default_rng(trial)
        graph = random_graph(20, 4, (0, 1), trial)
        habit = r.integers(0, 10**6, 20)
        posts = {
            f"p{k}": {
                str(i): int(habit[i] + r.integers(300_000)) for i in np.flatnonzero(r.random(20) < 0.4).tolist() or [0]
            }
            for k in range(15)
        }
        found = placebo(graph, log_of(posts), shuffle="within_accounts", first="shuffled", n_shuffles=19, rng=trial)
        false += found.p_value <= 0.05
    assert 1 <= false <= 21


def test_habits_pass_for_influence_within_posts_but_not_within_accounts():
    """Followers who are always later: order within posts shows it, times within accounts explain it."""
    graph = sr.Graph.from_edges(["c", "d"], ["b", "c"])
    r = np.random.default_rng(1)
    hours = {"a": 0, "b": 1_000, "c": 2_000, "d": 3_000}
    posts = {k: {name: at + int(r.integers(900)) for name, at in hours.items()} for k in range(40)}
    assert placebo(graph, log_of(posts), n_shuffles=99, rng=1).p_value == 0.01
    assert placebo(graph, log_of(posts), shuffle="within_accounts", n_shuffles=99, rng=1).p_value == 1.0


@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_threads_change_no_bit(any_engine, monkeypatch, shuffle):
    monkeypatch.setattr(exposures, "_POSTS_PER_CHUNK", 5)
    monkeypatch.setattr(module, "_TIMES_AT_ONCE", 700)
    monkeypatch.setattr(module, "_ADOPTIONS_PER_CHUNK", 50)
    graph = random_graph(40, 5, (0, 0.5), 1)
    events = log_of(random_posts(40, 30, 2, latest=50))
    given = {"shuffle": shuffle, "prob": "probability", "n_shuffles": 7, "rng": 3}
    one = placebo(graph, events, threads=1, **given)
    two = placebo(graph, events, **given, **any_engine)
    assert one.observed == two.observed
    for name in one.shuffled:
        assert one.shuffled[name].tobytes() == two.shuffled[name].tobytes()
    other = placebo(graph, events, **{**given, "rng": 4})
    assert not np.array_equal(one.shuffled["successes"], other.shuffled["successes"])


def test_edge_cases():
    lonely = placebo(sr.Graph.from_edges([], [], ids=["a"]), log_of({1: {"a": 0}}), n_shuffles=3, rng=1)
    assert (lonely.observed["successes"], lonely.n_arcs, lonely.p_value) == (0.0, 0, 1.0)
    assert "nothing here" in str(lonely)
    few = placebo(random_graph(30, 5, (0, 1), 1), log_of(random_posts(30, 9, 2)), n_shuffles=3, rng=1)
    assert few.to_frame("pyarrow").column("statistic").to_pylist() == ["successes", "exposed", "success_share"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"statistic": "log_likelihood"}, "without prob="),
        ({"statistic": "likes"}, "statistic must be one of"),
        ({"shuffle": "all"}, "shuffle must be one of"),
        ({"n_shuffles": 0}, "n_shuffles must be"),
        ({"first": "maybe"}, "first must be one of"),
    ],
)
def test_wrong_use_is_told(change, says):
    with pytest.raises(sr.ParameterError) as error:
        placebo(sr.Graph.from_edges(["b"], ["a"]), log_of({1: {"a": 0, "b": 1}}), **change)
    assert says in str(error.value)
