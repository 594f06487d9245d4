"""Fitted weights: known optima, what no choice has seen, gains with the right sign, the free model."""

from __future__ import annotations

import json
import math
import re
import sys

import numpy as np
import pytest

import swayrank as sr
from swayrank._rng import resolve_rng
from swayrank.engines import resolve_engine
from swayrank.errors import MissingDependencyError, ParameterError
from swayrank.ids import Ids
from swayrank.scoring.profiles import PARTS, PROFILES
from swayrank.validation.free_model import fit_free_model
from swayrank.validation.rankings import Known
from swayrank.validation.weights import Stretch, _cross_validated, candidates, objectives, weight_grid

KEY, RUNNER = resolve_rng(5), resolve_engine("local", 1)
AS_OF = "2026-03-01"


def stretch(seed, weights, n=400, noise=0.0):
    """Accounts whose parts are independent, and an outcome that is made of the parts by weights."""
    draw = np.random.default_rng(seed)
    raw = {part: draw.gamma(1.0, 10.0, n) for part in PARTS}
    ids = Ids.from_values([f"a{i}" for i in range(n)])
    baselines = {"past_reposts": raw["resonance"].copy(), "random": np.zeros(n)}
    known = Known(ids, np.ones(n, np.bool_), raw, baselines, (), 7.0)
    truth = np.exp(known.composite(weights) / 10 + noise * draw.normal(size=n))
    return Stretch(known, truth, np.ones(n, np.bool_))


def best_of(tried, stretched, k=50):
    reached = objectives(stretched, list(tried.values()), stretched.there, k, KEY, RUNNER).mean(axis=1)
    return list(tried.values())[int(reached.argmax())]


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=300, rng=7)


@pytest.fixture(scope="module")
def fitted(town):
    return fit(town)


def fit(town, **more):
    more = {"as_of": AS_OF, "outcome": "engagers", "k": 20, "n_replicates": 20, "rng": 7, "free_model": False} | more
    return sr.fit_profile(town.graph, town.events, **more)


# -- the grid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0.0, 0.05, 0.1, 0.12, 0.25, 0.3])
@pytest.mark.parametrize("names", [PARTS, PARTS[:2], PARTS[:1]])
@pytest.mark.parametrize("steps", [10, 20])
def test_the_grid_is_whole(names, least, steps):
    grid = weight_grid(names, least, steps)
    assert grid
    assert len({tuple(w.values()) for w in grid}) == len(grid)
    for weights in grid:
        assert tuple(weights) == tuple(names)
        assert math.fsum(weights.values()) == pytest.approx(1)
        assert min(weights.values()) >= least - 1e-9
    if not least:
        assert len(grid) == math.comb(steps + len(names) - 1, len(names) - 1)


# -- optima that are known ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_an_outcome_of_one_part_gives_it_all_the_weight(part):
    alone = {name: float(name == part) for name in PARTS}
    found = best_of(candidates(stretch(1, alone), weight_grid(PARTS), 0.0, 50, KEY, RUNNER), stretch(2, alone))
    assert found[part] == 1
    bounded = best_of(candidates(stretch(1, alone), weight_grid(PARTS, 0.1), 0.1, 50, KEY, RUNNER), stretch(2, alone))
    assert bounded[part] == pytest.approx(0.8)


def test_weights_that_made_the_outcome_are_found():
    made_of = {"reach": 0.5, "resonance": 0.2, "spread": 0.3}
    first = stretch(3, made_of, n=2000)
    found = candidates(first, weight_grid(PARTS), 0.0, 100, KEY, RUNNER)
    best = found["the best by NDCG and Spearman together"]
    assert best == pytest.approx(made_of, abs=0.051)
    assert objectives(first, [made_of], first.there, 100, KEY, RUNNER)[0] == pytest.approx([1, 1])


def test_candidates_keep_to_the_least_weight_and_sum_to_one():
    for least in (0.0, 0.1, 0.2, 0.3):
        found = candidates(stretch(4, PROFILES["reach"]), weight_grid(PARTS, least), least, 50, KEY, RUNNER)
        assert "the best by NDCG" in found
        for weights in found.values():
            assert min(weights.values()) >= least - 1e-9
            assert math.fsum(weights.values()) == pytest.approx(1)
    published = [name for name in found if "published" in name]
    assert not published  # none of them gives every part 0.3


def test_gains_over_what_is_worse_are_above_zero():
    alone = {"reach": 1.0, "resonance": 0.0, "spread": 0.0}
    gains = {gain.over: gain for gain in _cross_validated(stretch(5, alone), weight_grid(PARTS), 100, KEY, RUNNER)}
    assert gains.keys() == {*PROFILES, "past_reposts", "random"}
    for name in ("balanced", "superspreader", "past_reposts", "random"):
        assert gains[name].gain > 3 * gains[name].std_error > 0
    assert gains["random"].gain > gains["balanced"].gain > gains["reach"].gain >= 0
    noise = stretch(6, alone, noise=0.0)
    noise.truth[:] = np.random.default_rng(1).permutation(noise.truth)  # nothing to be found
    gains = {gain.over: gain for gain in _cross_validated(noise, weight_grid(PARTS), 100, KEY, RUNNER)}
    assert abs(gains["balanced"].gain) < 3 * gains["balanced"].std_error + 0.05


# -- whole fits --------------------------------------------------------------------------------------------------------


def test_what_a_fit_gives(fitted):
    assert set(fitted.weights) == set(PARTS)
    assert math.fsum(fitted.weights.values()) == pytest.approx(1)
    assert min(fitted.weights.values()) >= 0
    report = fitted.backtest
    assert report.names[: report.n_composites] == ("fitted", *PROFILES)
    assert report.names[report.n_composites :] == (
        "followers", "past_reposts", "past_engagement", "h_index", "pagerank", "random",
    )  # fmt: skip
    assert {gain.over for gain in fitted.gains} == {*PROFILES, *report.baselines}
    told = "\n".join(fitted.told())
    assert told.startswith(f"weights: {fitted.as_option} (")
    assert "spearman: fitted against the default, balanced:" in told
    assert "the price of being explained" not in told
    assert not re.search(r"\bnan\b", repr(fitted))
    json.dumps(fitted.to_dict(), allow_nan=False)


def test_fitted_weights_are_a_profile(town, fitted):
    split = fitted.backtest.folds[0].split
    again = sr.backtest(
        town.graph, town.events, split=fitted.params["splits"][2], as_of=AS_OF, outcome="engagers",
        profiles=fitted.weights, k=20, n_replicates=20, rng=7,
    )  # fmt: skip
    assert again.folds[0].split == split
    assert np.array_equal(again.values[0], fitted.backtest.values[0])
    assert again.value("pagerank", "spearman") == fitted.backtest.value("pagerank", "spearman")


@pytest.mark.parametrize("least", [0.1, 0.3])
def test_least_weights_are_kept(town, least):
    found = fit(town, min_weight=least, n_replicates=0)
    assert min(found.weights.values()) >= least - 1e-9
    assert math.fsum(found.weights.values()) == pytest.approx(1)
    assert not re.search(r"\bnan\b", repr(found))  # without replicates there are no intervals to print
    assert "±" in repr(found)


def test_stretches_end_where_the_next_begins(town):
    long = fit(town, splits=["2026-03-08", "2026-03-12", "2026-03-20"], horizon_days=500, n_replicates=0)
    plain = fit(town, splits=["2026-03-08", "2026-03-12", "2026-03-20"], n_replicates=0)
    assert long.weights == plain.weights
    assert long.gains == plain.gains
    assert np.array_equal(long.backtest.values, plain.backtest.values)


def test_the_same_bits_on_any_engine(town, fitted, any_engine):
    again = fit(town, **any_engine)
    assert (again.weights, again.gains) == (fitted.weights, fitted.gains)
    assert np.array_equal(again.backtest.replicates, fitted.backtest.replicates)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_gains_as_a_table(fitted, backend):
    assert len(fitted.to_frame(backend)) == len(fitted.gains)


# -- the free model ----------------------------------------------------------------------------------------------------


def test_a_free_model_beside_it(town):
    pytest.importorskip("sklearn")
    found = fit(town, free_model=True)
    assert "free model" in found.backtest.names[: found.backtest.n_composites]
    assert any("the price of being explained, against a free model" in line for line in found.told())
    assert not re.search(r"\bnan\b", repr(found))
    price = found.backtest.difference("fitted", "spearman", score="free model")
    assert f"free model: {price.ahead:+.3f}" in "\n".join(found.told())


def test_the_free_model_finds_what_a_weighted_mean_cannot():
    """An outcome that is high where one part is high and another low: no non-negative weights express that."""
    pytest.importorskip("sklearn")

    def made(seed):
        one = stretch(seed, PROFILES["balanced"], n=1500)
        raw = one.known.raw
        truth = np.exp(np.log1p(raw["reach"]) - np.log1p(raw["spread"]))
        return Stretch(one.known, truth, one.there)

    first, middle, last = made(1), made(2), made(3)
    model = fit_free_model([(one.known, one.truth, one.there) for one in (first, middle)], KEY)
    from swayrank.scoring.metrics import spearman

    best = best_of(candidates(first, weight_grid(PARTS), 0.0, 100, KEY, RUNNER), middle)
    assert spearman(model.predict(last.known), last.truth) > 0.95
    assert spearman(last.known.composite(best), last.truth) < 0.8


def test_without_scikit_learn_it_says_what_to_install(town, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingDependencyError, match=r"pip install \"swayrank\[learn\]\""):
        fit(town, free_model=True)
    assert fit(town, free_model=False, n_replicates=0).weights


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"splits": [0.4, 0.6]}, "splits must be three"),
        ({"splits": 0.5}, "splits must be three"),
        ({"splits": "0.4"}, "splits must be three"),
        ({"splits": [0.4, 0.4, 0.8]}, "three different instants"),
        ({"splits": [0.4, 0.6, 1.8]}, "share of the span"),
        ({"splits": ["2026-03-05", "2026-03-10", "2027-01-01"]}, "must leave events before and after"),
        ({"outcome": "likes"}, "outcome must be one of reposts, engagement"),
        ({"outcome": {"ada": 1}}, "outcome must be one of reposts, engagement"),
        ({"min_weight": 0.34}, r"min_weight must be .*0\.3"),
        ({"score_options": {"x": 1}}, "score_options must be among"),
        ({"horizon_days": 1e-9}, "has any engagers"),
    ],
)
def test_errors_in_one_sentence(town, more, says):
    with pytest.raises(ParameterError, match=says) as caught:
        fit(town, **more)
    assert "\n" not in str(caught.value)


def test_a_log_without_times():
    untimed = sr.Events.from_frame({"actor": ["a"], "action": ["repost"], "target": ["b"], "post": ["p"]})
    with pytest.raises(ParameterError, match="events must have times"):
        sr.fit_profile(None, untimed)
