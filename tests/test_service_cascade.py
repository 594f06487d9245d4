"""One cascade for the map to play, against graphs where chance has nothing to say."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

import numpy as np

import swayrank as sr
from swayrank.measures.propagation.simulate import play_once
from swayrank.service.cascade import play


def played_on(graph, seeds, **asked):
    return play(sr.IndependentCascade(graph).forward(), graph.ids, graph.ids.positions(seeds), **asked)


@pytest.fixture
def chain():
    """bob follows ada, cem follows bob and nobody else, dan follows cem: each has one to attend to."""
    return sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "bob", "cem"])


def test_each_follower_of_one_alone_is_reached_a_step_later(chain):
    played = played_on(chain, ["ada"], rng=3)
    assert played == {
        "steps": {"ada": 0, "bob": 1, "cem": 2, "dan": 3},
        "per_step": [1, 1, 1, 1],
        "reached": 4,
        "rng": 3,
    }


def test_who_is_not_shown_is_counted_without_a_name(chain):
    played = played_on(chain, ["bob"], rng=3, shown=["dan", "ada", "nobody"])
    assert played["steps"] == {"dan": 2}
    assert played["per_step"] == [1, 1, 1]
    assert played["reached"] == 3


def test_a_number_is_one_run_of_chance():
    graph = sr.generate("town", n=300, rng=7).graph
    seeds = [str(graph.ids[node]) for node in (0, 1, 2)]
    first, again = played_on(graph, seeds, rng=1), played_on(graph, seeds, rng=1)
    assert first == again
    assert sum(first["per_step"]) == first["reached"]
    assert any(played_on(graph, seeds, rng=rng)["steps"] != first["steps"] for rng in range(2, 6))


@pytest.mark.parametrize("prob", ["weighted_cascade", 0.2, "trivalency"])
def test_it_is_the_run_that_a_simulation_plays_back(prob):
    graph = sr.generate("town", n=300, rng=7).graph
    model = sr.IndependentCascade(graph, prob=prob, rng=5)
    seeds = [str(graph.ids[node]) for node in (3, 70, 9, 250)]
    for rng in range(5):
        wanted = sr.simulate(model, seeds, n_runs=10, playback=1, rng=rng).playback[0]
        assert np.array_equal(play_once(model.forward(), graph.ids.positions(seeds), rng=rng), wanted)
