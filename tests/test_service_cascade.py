"""One cascade for the map to play, against graphs where chance has nothing to say."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

import swayrank as sr
from swayrank.service.cascade import play


@pytest.fixture
def chain():
    """bob follows ada, cem follows bob and nobody else, dan follows cem: each has one to attend to."""
    return sr.Graph.from_edges(["bob", "cem", "dan"], ["ada", "bob", "cem"])


def test_each_follower_of_one_alone_is_reached_a_step_later(chain):
    played = play(chain, ["ada"], rng=3)
    assert played == {
        "steps": {"ada": 0, "bob": 1, "cem": 2, "dan": 3},
        "per_step": [1, 1, 1, 1],
        "reached": 4,
        "rng": 3,
    }


def test_who_is_not_shown_is_counted_without_a_name(chain):
    played = play(chain, ["bob"], rng=3, shown=["dan", "ada", "nobody"])
    assert played["steps"] == {"dan": 2}
    assert played["per_step"] == [1, 1, 1]
    assert played["reached"] == 3


def test_a_number_is_one_run_of_chance():
    graph = sr.generate("town", n=300, rng=7).graph
    seeds = [str(graph.ids[node]) for node in (0, 1, 2)]
    first, again = play(graph, seeds, rng=1), play(graph, seeds, rng=1)
    assert first == again
    assert sum(first["per_step"]) == first["reached"]
    assert any(play(graph, seeds, rng=rng)["steps"] != first["steps"] for rng in range(2, 6))
