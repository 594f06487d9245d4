"""Calibration: risks and outcomes by their definition, bins, intervals that hold, and true probabilities that pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

import swayrank as sr
from swayrank.validation import calibration, exposures
from swayrank.validation.calibration import calibrate, rate_interval
from tests.cascades import independent_cascades, log_of, random_graph, random_posts
from tests.oracles import naive_validation as naive

QUICK = {"n_replicates": 50, "rng": 7}


def plain(graph):
    """Arcs and probabilities by name."""
    u, v = graph.edges()
    chances = graph.column("probability").tolist()
    arcs = {(graph.ids[a], graph.ids[b]): p for a, b, p in zip(u, v, chances, strict=True)}
    return list(graph.ids), set(arcs), arcs


@pytest.mark.parametrize("which", ["ever", "before"])
@pytest.mark.parametrize("trial", range(6))
def test_risks_and_outcomes_are_what_they_are_defined_to_be(trial, which):
    graph = random_graph(9, 3, (0, 1), trial, mutual=trial % 2 == 0)
    posts = random_posts(9, 30, trial, latest=(3, 6, 40)[trial % 3])
    found = calibrate(graph, log_of(posts), exposures=which, n_bins=5, **QUICK)
    rows, unexplained = naive.predictions(*plain(graph), posts, which == "ever")
    assert found.unexplained == unexplained
    assert found.exposed.sum() == len(rows)
    assert found.adopted.sum() == sum(row[3] for row in rows)
    likelihood, floored = naive.log_likelihood(rows, found.params["floor"])
    assert found.log_likelihood == pytest.approx(likelihood, rel=1e-12)
    assert found.floored == floored
    assert found.brier == pytest.approx(np.mean([(row[2] - row[3]) ** 2 for row in rows]), rel=1e-12)
    assert found.ratio == pytest.approx(sum(r[2] for r in rows) / sum(r[3] for r in rows), rel=1e-12)
    rows.sort(key=lambda row: row[2])
    ends = np.cumsum(found.exposed)
    for j, end in enumerate(ends):
        block = rows[end - found.exposed[j] : end]
        assert found.predicted[j] == pytest.approx(np.mean([row[2] for row in block]), rel=1e-12)
        assert found.adopted[j] == sum(row[3] for row in block)
        assert found.n_posts[j] == len({row[0] for row in block})


def test_bins_hold_about_equal_sums_of_risks():
    graph = random_graph(300, 5, (0, 0.3), 1)
    found = calibrate(graph, log_of(independent_cascades(graph, 60, 2)), n_bins=8, **QUICK)
    risks = found.predicted * found.exposed
    assert found.predicted.size == 8
    assert risks.max() < 2 * risks.min()


def test_risks_of_zero_have_a_bin_of_their_own():
    graph = sr.Graph.from_edges(["b", "c"], ["a", "a"], columns={"probability": [0.0, 0.5]})
    found = calibrate(graph, log_of({k: {"a": 10 * k, "b": 10 * k + 1} for k in range(9)}), **QUICK)
    assert found.predicted.tolist() == [0.0, 0.5]
    assert found.adopted.tolist() == [9, 0]
    assert found.floored == 9
    assert "9 adoptions came where the risk was given as 0" in str(found)


@pytest.mark.parametrize(
    ("degree", "p", "delay", "mutual"), [(4, (0, 0.3), 1000, False), (16, (0, 0.1), 1, False), (4, (0, 0.15), 50, True)]
)
def test_true_probabilities_pass(degree, p, delay, mutual):
    """Each interval holds at 95 %, over all bins of eight logs; two thirds and 1.5 times of the truth are found out."""
    inside = total = right = low = high = 0
    for trial in range(8):
        graph = random_graph(300, degree, p, trial, mutual=mutual)
        events = log_of(independent_cascades(graph, 150, trial, longest_delay=delay))
        found = calibrate(graph, events, rng=trial, n_replicates=200)
        inside += int(((found.low <= found.predicted) & (found.predicted <= found.high)).sum())
        total += found.predicted.size
        right += found.ratio_interval[0] <= 1 <= found.ratio_interval[1]
        truth = graph.column("probability")
        low += calibrate(graph, events, prob=truth / 1.5, rng=trial, n_replicates=200).ratio_interval[1] < 1
        high += calibrate(graph, events, prob=truth * 1.5, rng=trial, n_replicates=200).ratio_interval[0] > 1
    assert inside >= 0.88 * total
    assert right >= 6
    assert (low, high) == (8, 8)


def test_intervals_hold_where_posts_are_hot_or_cold():
    """Every other post wins a fifth of the followers, the rest nobody: a tenth, but posts are what counts."""
    followers = [f"f{i}" for i in range(40)]
    graph = sr.Graph.from_edges(followers, ["a"] * 40)
    held = plain_held = 0
    for trial in range(150):
        r = np.random.default_rng(trial)
        posts = {}
        for k in range(40):
            chance = 0.2 * (r.random() < 0.5)
            posts[k] = {"a": 100 * k} | {f: 100 * k + 1 for f in followers if r.random() < chance}
        found = calibrate(graph, log_of(posts), prob=0.1, rng=trial, n_replicates=200)
        held += bool(found.low[0] <= 0.1 <= found.high[0])
        low, high = rate_interval(int(found.adopted[0]), 1600, 1.0, 1600, 0.95)
        plain_held += bool(low <= 0.1 <= high)
    assert held >= 0.91 * 150
    assert plain_held < 0.8 * 150  # so that the test can tell


def test_where_nobody_adopts_the_interval_still_has_a_width():
    graph = sr.Graph.from_edges([f"f{i}" for i in range(20)], ["a"] * 20)
    found = calibrate(graph, log_of({k: {"a": k} for k in range(10)}), prob=0.01, **QUICK)
    assert found.observed.tolist() == [0.0]
    assert 0 < found.high[0] < 0.05
    assert found.ratio == math.inf
    assert "nobody exposed adopted" in str(found)


def test_one_post_says_nothing():
    graph = sr.Graph.from_edges(["b", "c"], ["a", "a"])
    found = calibrate(graph, log_of({1: {"a": 0, "b": 1}}), prob=0.5, **QUICK)
    assert (found.low[0], found.high[0]) == (0.0, 1.0)


def test_slope_and_intercept_undo_what_was_done_to_logits():
    graph = random_graph(200, 3, (0.05, 0.4), 3)
    posts = independent_cascades(graph, 400, 4)
    truth = graph.column("probability")
    logit = np.log(truth / (1 - truth))
    stretched = 1 / (1 + np.exp(-2 * logit))
    found = calibrate(graph, log_of(posts), prob=stretched, **QUICK)
    straight = calibrate(graph, log_of(posts), **QUICK)
    assert straight.slope == pytest.approx(1, abs=0.15)
    assert straight.intercept == pytest.approx(0, abs=0.25)
    assert found.slope == pytest.approx(0.5, abs=0.1)


def test_a_post_nobody_published_here_exposes_from_its_source():
    """A repost's target had the post first, at an unknown moment."""
    events = sr.Events.from_frame(
        {"actor": ["b"], "action": ["repost"], "target": ["a"], "post": ["p"], "time": ["2026-01-01"]}
    )
    graph = sr.Graph.from_edges(["b", "c"], ["a", "a"])
    found = calibrate(graph, events, prob=0.25, **QUICK)
    assert (found.exposed.tolist(), found.adopted.tolist(), found.unexplained) == ([2], [1], 1)


def test_equal_times_expose_nobody_and_self_loops_do_not_count():
    graph = sr.Graph.from_edges(["b", "c", "a"], ["a", "a", "a"], self_loops="keep")
    found = calibrate(graph, log_of({1: {"a": 5, "b": 5}, 2: {"a": 6}}), prob=0.25, **QUICK)
    assert (found.exposed.tolist(), found.adopted.tolist(), found.unexplained) == ([3], [0], 3)


def test_the_split_judges_later_posts_alone_and_hides_them_from_the_learner():
    graph = random_graph(50, 4, (0.1, 0.4), 5)
    posts = independent_cascades(graph, 50, 6)
    posts["p0"]["49"] = 10**9  # goes on after the split, and is no test post
    events = log_of(posts)
    seen = []

    def learn(given, known):
        seen.append(known)
        return given

    found = calibrate(graph, events, prob=learn, split=0.8, **QUICK)
    (known,) = seen
    assert known.time.max() < 40 * 1_000_000 * 1_000_000
    assert found.params["posts"] == 10
    assert found.params["split"] == "1971-04-08T23:06:40Z"  # 40 million seconds after 1970
    later = {name: post for name, post in posts.items() if int(name[1:]) >= 40}
    rows, _ = naive.predictions(*plain(graph), later, True)
    assert found.exposed.sum() == len(rows)


def test_threads_change_no_bit(any_engine, monkeypatch):
    monkeypatch.setattr(exposures, "_POSTS_PER_CHUNK", 7)
    graph = random_graph(60, 4, (0, 0.4), 1)
    events = log_of(independent_cascades(graph, 40, 2))
    one = calibrate(graph, events, rng=7, n_replicates=20, threads=1)
    two = calibrate(graph, events, rng=7, n_replicates=20, **any_engine)
    for name in ("predicted", "observed", "low", "high", "design_effect"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert (one.ratio, one.ratio_interval, one.log_likelihood) == (two.ratio, two.ratio_interval, two.log_likelihood)


def test_rng_is_recorded_and_repeats():
    graph = random_graph(40, 4, (0, 0.4), 1)
    events = log_of(independent_cascades(graph, 30, 2))
    first, again = (calibrate(graph, events, n_replicates=20, rng=11) for _ in range(2))
    other = calibrate(graph, events, n_replicates=20, rng=12)
    assert first.ratio_interval == again.ratio_interval != other.ratio_interval


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"events": log_of({1: {"zed": 0}})}, "none of its 3 accounts has adopted"),
        ({"graph": sr.Graph.from_edges([], [], ids=["a", "b"])}, "exposed nobody"),
        ({"graph": "follows.csv"}, "read it with read_graph"),
        ({"events": [1]}, "needs Events"),
        ({"prob": lambda graph, known: graph}, "give split="),
        ({"split": 1.5}, "split must be in (0, 1)"),
        ({"split": "2030-01-01"}, "none of 2 began after it"),
        ({"prob": "weight"}, "weight"),
        ({"n_bins": 0}, "n_bins must be"),
        ({"exposures": "never"}, "exposures must be one of"),
        ({"actions": ("like",)}, "of 3 rows none has"),
    ],
)
def test_wrong_use_is_told(change, says):
    given = {"graph": sr.Graph.from_edges(["b", "c"], ["a", "a"]), "events": log_of({1: {"a": 0, "b": 1}, 2: {"a": 3}})}
    given |= change
    with pytest.raises(sr.ParameterError) as error:
        calibrate(given.pop("graph"), given.pop("events"), **given)
    assert says in str(error.value)


def test_the_table_and_the_frame_say_the_same():
    graph = random_graph(40, 4, (0, 0.4), 1)
    found = calibrate(graph, log_of(independent_cascades(graph, 30, 2)), **QUICK)
    table = found.to_frame("pyarrow")
    assert table.column("exposed").to_pylist() == found.exposed.tolist()
    assert f"{found.exposed.sum():,} exposed accounts in 30 posts" in str(found)
    assert calibration.FLOOR == found.params["floor"]


def test_only_exposures_before_make_the_truth_look_wrong():
    """The reason why later exposures count: dense exposures, whose number says who adopted early."""
    inside = {"ever": 0, "before": 0}
    total = dict.fromkeys(inside, 0)
    for trial in range(8):
        graph = random_graph(300, 16, (0, 0.2), trial)
        events = log_of(independent_cascades(graph, 100, trial))
        for which in inside:
            found = calibrate(graph, events, exposures=which, rng=trial, n_replicates=200)
            inside[which] += int(((found.low <= found.predicted) & (found.predicted <= found.high)).sum())
            total[which] += found.predicted.size
    assert inside["ever"] >= 0.88 * total["ever"]
    assert inside["before"] < 0.3 * total["before"]
