"""The scale of a part, references, and profiles."""

from __future__ import annotations

import json

import numpy as np
import pytest

from swayrank.errors import InputError, ParameterError
from swayrank.scoring.profiles import PARTS, PROFILES, resolve_weights
from swayrank.scoring.scale import Knots, Reference


def test_knots_by_hand():
    raw = np.array([0.0, 0.0, np.nan, *range(1, 201)])
    knots = Knots(median=100.0, tail=198.0, top=200.0)
    assert Knots.of(raw) == knots
    scaled = knots.scale(np.array([0.0, 100.0, 198.0, np.expm1(np.log1p(100) / 2), 200.0, 1e30, np.nan]))
    assert scaled[:6] == pytest.approx([0.0, 50.0, 90.0, 25.0, 100.0, 100.0], abs=1e-12)
    assert np.isnan(scaled[6])
    half_way = np.expm1((np.log1p(198) + np.log1p(200)) / 2)
    assert knots.scale(np.array([half_way])) == pytest.approx([95.0])


@pytest.mark.parametrize("raw", [[5.0], [2.0, 2.0, 2.0], [0.0], [], [np.nan]])
def test_few_different_figures_still_give_a_rising_scale(raw):
    knots = Knots.of(np.array(raw))
    assert 0 < knots.median < knots.tail < knots.top
    values = knots.scale(np.array([0.0, 0.5, 1.0, 2.0, 5.0, 1e9]))
    assert np.all(np.diff(values) >= 0)
    assert values[0] == 0.0 < values[1]
    assert values[-1] == 100.0


def test_scale_is_monotone():
    raw = np.sort(np.random.default_rng(3).pareto(1.2, 5000))
    scaled = Knots.of(raw).scale(raw)
    assert np.all(np.diff(scaled) >= 0)
    assert 0 <= scaled.min() <= scaled.max() == 100
    assert np.unique(scaled).size == np.unique(raw).size, "no two figures of the reference fall together"


def test_references_are_saved_named_and_guarded(tmp_path):
    reference = Reference({"reach": Knots(1.0, 9.0, 20.0)}, {"reach": "followers"}, 7.0)
    reference.save(tmp_path / "r.json")
    assert Reference.load(tmp_path / "r.json").hash == reference.hash
    assert Reference({"reach": Knots(1.0, 9.5, 20.0)}, {"reach": "followers"}, 7.0).hash != reference.hash
    assert Reference({"reach": Knots(1.0, 9.0, 20.0)}, {"reach": "other"}, 7.0).hash != reference.hash
    content = json.loads((tmp_path / "r.json").read_text())
    content["knots"]["reach"]["tail"] = 8.0
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="was edited"):
        Reference.load(tmp_path / "r.json")
    for text in ("{}", "[", "[1]", '{"knots": {"reach": 3}}'):
        (tmp_path / "r.json").write_text(text)
        with pytest.raises(InputError, match="no swayrank reference"):
            Reference.load(tmp_path / "r.json")
    with pytest.raises(InputError, match="no such reference"):
        Reference.load(tmp_path / "absent.json")
    with pytest.raises(ParameterError, match="resonance"):
        reference.check_covers({"resonance": "reactions"})


def test_profiles():
    for name, weights in PROFILES.items():
        assert set(weights) == set(PARTS)
        assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)
        assert resolve_weights(name) == weights
    assert all(weight > 0 for weight in PROFILES["balanced"].values())
    assert resolve_weights({"spread": 2.0}) == {"reach": 0.0, "resonance": 0.0, "spread": 1.0}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("famous", "one of balanced"),
        ({"fame": 1}, "fame"),
        ({"reach": -0.1}, "finite number >= 0"),
        ({"reach": float("nan")}, "finite number"),
        ({"reach": "1"}, "finite number"),
        ({"reach": True}, "finite number"),
        ({}, "above 0"),
        ({"reach": 0.0}, "above 0"),
        (0.5, "a name or weights"),
    ],
)
def test_wrong_profiles_are_refused(wrong, says):
    with pytest.raises(ParameterError, match=says):
        resolve_weights(wrong)
