"""References between runs: the shipped one, where one comes from, and what is refused."""

from __future__ import annotations

import json

import pytest
from docs.make_references import TOWN, town

import swayrank as sr
from swayrank.errors import InputError, ParameterError
from swayrank.measures.engagement.decay import ACTION_WEIGHTS
from swayrank.scoring.references import check_comparable, list_references, reference_of
from swayrank.scoring.scale import Knots, Reference


@pytest.fixture(scope="module")
def small():
    return sr.generate("town", n=400, rng=3)


@pytest.fixture(scope="module")
def own(small):
    return sr.score(small.graph, small.events, n_replicates=None, rng=1)


def test_the_shipped_town_is_what_the_town_gives():
    fresh, shipped = town(), list_references()["town"]
    assert fresh.hash == shipped.hash, "a part is measured otherwise: run python docs/make_references.py"
    # The hash of the events is that of their bits, and the last one of a logarithm differs between processors.
    assert {**fresh.made, "when": 0, "data": 0} == {**shipped.made, "when": 0, "data": 0}
    assert TOWN.stem == "town"


def test_a_shipped_reference_is_chosen_by_name(small, own):
    scores = sr.score(small.graph, small.events, reference="town", n_replicates=None, rng=1)
    shipped = Reference.load("town")
    assert scores.reference == shipped
    assert scores.reference.hash != own.reference.hash
    assert scores.params["half_life_days"] == shipped.half_life_days
    assert scores.params["half_life_chosen_by"] == "the reference"
    for name, raw in scores.raw.items():
        assert scores.parts[name] == pytest.approx(shipped.knots[name].scale(raw), nan_ok=True)


def test_a_file_of_a_shipped_name_is_taken_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = Reference({"reach": Knots(1.0, 9.0, 20.0)}, {"reach": "followers"}, 7.0)
    other.save("town")
    assert Reference.load("./town").hash == other.hash
    assert Reference.load(tmp_path / "town").hash == other.hash
    assert Reference.load("town").hash == list_references()["town"].hash


def test_unknown_names_tell_the_known_ones(small):
    with pytest.raises(InputError, match=r"they are: town"):
        sr.score(small.graph, small.events, reference="village")


def test_other_versions_are_refused_by_name(tmp_path):
    file = tmp_path / "r.json"
    Reference({"reach": Knots(1.0, 9.0, 20.0)}, {"reach": "followers"}, 7.0).save(file)
    content = json.loads(file.read_text())
    file.write_text(json.dumps({"format": "swayrank reference 9", "bends": []}))
    with pytest.raises(InputError, match=r"'swayrank reference 9'.*reads 'swayrank reference 1'"):
        Reference.load(file)
    file.write_text(json.dumps(content))
    assert Reference.load(file).half_life_days == 7.0


def test_where_a_reference_comes_from_is_no_part_of_its_name(small, own, tmp_path):
    told = reference_of(own)
    assert told.hash == own.reference.hash
    assert told.made["accounts"] == 400
    assert told.made["data"] == {"graph": small.graph.fingerprint, "events": small.events.fingerprint}
    told.save(tmp_path / "r.json")
    again = Reference.load(tmp_path / "r.json")
    assert again.made == told.made
    taken = sr.score(small.graph, small.events, reference=again, n_replicates=None, rng=1)
    assert reference_of(taken).made == told.made, "a given reference keeps its own origin"
    given = sr.score(small.graph, small.events, reference="town", n_replicates=None, rng=1)
    assert reference_of(given).made == Reference.load("town").made


def test_a_given_reference_without_origin_does_not_get_this_datas(small):
    shipped = Reference.load("town")
    bare = Reference(shipped.knots, shipped.definitions, shipped.half_life_days)
    scores = sr.score(small.graph, small.events, reference=bare, n_replicates=None, rng=1)
    assert not reference_of(scores).made


def test_what_does_not_compare_is_refused_with_the_cure(small, own):
    same = sr.score(small.graph, small.events, reference=own.reference, until="2026-03-20", n_replicates=None, rng=1)
    own.check_comparable(same)
    early = sr.score(small.graph, small.events, until="2026-03-20", n_replicates=None, rng=1)
    with pytest.raises(ParameterError, match=r"different references.*--reference out/current/reference.json"):
        own.check_comparable(early)
    with pytest.raises(ParameterError, match=r"--reference mine/reference.json"):
        check_comparable(own, early, "mine/reference.json")
    other = sr.score(small.graph, small.events, reference=own.reference, profile="campaign", n_replicates=None, rng=1)
    with pytest.raises(ParameterError, match=r"weigh parts differently.*--profile"):
        own.check_comparable(other)


def test_a_reference_of_other_definitions_is_refused(small):
    with pytest.raises(ParameterError, match=r"a half-life of 120 days, and 3 are given.*leave --half-life") as caught:
        sr.score(small.graph, small.events, reference="town", half_life_days=3.0)
    assert "weights" not in str(caught.value), "only what differs is told"
    with pytest.raises(ParameterError, match=r"other action weights \(like=1; here like=5\)"):
        sr.score(small.graph, small.events, reference="town", action_weights={**ACTION_WEIGHTS, "like": 5})
    with pytest.raises(ParameterError, match=r"prob 0\.1"):
        sr.score(small.graph, small.events, reference="town", prob=0.1)


def test_a_reference_of_other_data_says_of_which(small):
    with pytest.raises(
        ParameterError, match=r"measured on a follow graph and a log, and here it is on a log without a"
    ):
        sr.score(None, small.events, reference="town")
    posts = sr.Posts.from_arrays(
        [0, 1], accounts=sr.Ids.from_values(["ada", "bob"]), counts={"likes": [3, 4], "followers": [9, 5]}
    )
    with pytest.raises(
        ParameterError, match=r"measured on a follow graph and a log, and here it is on a table of posts"
    ):
        sr.score(None, None, posts, reference="town")
    with pytest.raises(
        ParameterError, match=r"measured on a follow graph and a log, and here it is on a follow graph al"
    ):
        sr.score(small.graph, reference="town")
    own = sr.score(None, None, posts, n_replicates=None).reference
    with pytest.raises(ParameterError, match=r"must hold the part 'spread', it holds reach, resonance.*table of posts"):
        sr.score(small.graph, None, reference=own, profile={"spread": 1})


def test_a_folder_of_runs_gives_the_reference_of_its_current_run(own, tmp_path):
    folder = own.save(tmp_path / "out")
    assert Reference.load(tmp_path / "out") == Reference.load(str(folder)) == own.reference
    with pytest.raises(InputError, match="a reference is a file, and this is a folder"):
        Reference.load(tmp_path)


def test_a_reference_tells_when_its_data_ends(small, own):
    assert reference_of(own).made["data_until"] == own.params["now"] is not None
    early = sr.score(small.graph, small.events, until="2026-03-20", n_replicates=None, rng=1)
    assert reference_of(early).made["data_until"] == "2026-03-20T00:00:00Z"
    still = sr.score(small.graph, n_replicates=None, rng=1)
    assert reference_of(still).made["data_until"] is None
