"""Kept runs: what they tell again, and that what was altered, cut short or removed is not believed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import FolderError, InputError, ParameterError, SwayrankWarning, UnknownAccountError
from swayrank.pipeline import Recipe, run
from swayrank.scoring import keep
from swayrank.scoring.keep import EXPLANATIONS, REFERENCE, load_scores, readable_runs


@pytest.fixture(scope="module")
def scores():
    town = sr.generate("town", n=300, rng=3)
    return sr.score(town.graph, town.events, rng=1)


@pytest.fixture(scope="module")
def saved(scores, tmp_path_factory):
    return scores.save(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "run")


def test_kept_scores_answer_as_the_scores_do(scores, folder):
    kept = load_scores(folder)
    best = kept.ids[0]
    assert kept.top(7) == scores.top(7)
    assert kept.row(best) == scores.row(best)
    unscored = str(scores.ids[int(np.flatnonzero(scores.rank == 0)[0])])
    assert kept.row(unscored) == scores.row(unscored)
    assert kept.row(unscored).status == "insufficient data"
    assert kept.to_frame("pyarrow").equals(scores.to_frame("pyarrow"))
    assert kept.to_frame("polars")["account"][0] == best
    assert dict(kept.params) == json.loads(json.dumps(dict(scores.params)))
    for call in (lambda: kept.top(0), lambda: kept.to_frame("excel")):
        with pytest.raises(ParameterError):
            call()
    with pytest.raises(UnknownAccountError):
        kept.row("nobody_here")


def test_kept_accounts_are_explained_as_by_the_scores(scores, folder):
    kept = load_scores(folder)
    for position in (0, 9):
        told = kept.explain(kept.ids[position])
        fresh = scores.explain(kept.ids[position])
        assert (told.account, told.to_dict(), str(told)) == (fresh.account, fresh.to_dict(), str(fresh))
    last = kept.ids[len(kept) - 1]
    assert kept.explanation(last) is None
    with pytest.raises(UnknownAccountError, match=rf"'{last}' is not among them: score the data again"):
        kept.explain(last)
    with pytest.raises(UnknownAccountError, match="nobody_here"):
        kept.explain("nobody_here")


def test_altered_explanations_are_not_told(folder):
    path = folder / EXPLANATIONS
    whole, best = path.read_bytes(), load_scores(folder).ids[0]
    for content in (whole.replace(b'"n_reactions": ', b'"n_reactions": 9'), whole[:500], b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"{EXPLANATIONS}: was altered.*score the data again"):
            load_scores(folder).explanation(best)
    path.unlink()
    with pytest.raises(InputError, match=rf"{EXPLANATIONS}: is missing from the run; score the data again"):
        load_scores(folder).explain(best)


def test_explanations_are_read_and_hashed_once(folder, monkeypatch):
    kept, asked = load_scores(folder), []
    read = keep.unaltered
    monkeypatch.setattr(keep, "unaltered", lambda *args: asked.append(args[-1]) or read(*args))
    for position in range(3):
        kept.explain(kept.ids[position])
    assert asked == [EXPLANATIONS]


def test_another_reference_beside_the_scores_is_not_believed(folder):
    sr.Reference.load("town").save(folder / REFERENCE)
    with pytest.raises(InputError, match=rf"{REFERENCE}: was altered"):
        load_scores(folder)


def test_damaged_runs_are_told_and_left_out(scores, tmp_path):
    first, second = scores.save(tmp_path), scores.save(tmp_path)
    runs, damaged = readable_runs(tmp_path)
    assert ({run for run, _ in runs}, damaged) == ({first, second}, [])
    (first / "manifest.json").write_text("{half")
    runs, damaged = readable_runs(tmp_path)
    assert [run for run, _ in runs] == [second]
    assert len(damaged) == 1
    assert first.name in damaged[0]
    (second / "manifest.json").write_text(json.dumps({"format": "swayrank run 1", "weights": 3}))
    with pytest.raises(FolderError, match="no run here can be read"):
        readable_runs(tmp_path)


def recipe_of(*files):
    about = {"graph_options": {}, "events_options": {}, "posts_options": {}, "score": {}}
    return Recipe.from_files(list(files), graph=None, events=[], posts=[], data=None, default_rng=7, **about)


def test_folders_of_runs_are_no_data(scores, tmp_path):
    folder = scores.save(tmp_path)
    with pytest.raises(InputError, match="is a run's folder, which holds scores"):
        recipe_of(folder)
    with pytest.raises(InputError, match=rf"a folder of runs; name the data.*runs/{folder.name}"):
        recipe_of(tmp_path)
    (tmp_path / "current").unlink()
    with pytest.raises(InputError, match=rf"folder of runs whose `current` is missing; .*runs/{folder.name}"):
        recipe_of(tmp_path)
    (tmp_path / "current").symlink_to("runs/gone")
    with pytest.raises(InputError, match=r"folder of runs whose `current` is missing"):
        recipe_of(tmp_path)


LOG = "actor,action,target,post,time\n" + "".join(
    f"{who},like,ada,p1,2026-01-0{k}\n" for k, who in enumerate("bcde", 1)
)
TABLE = "account,likes,followers\nada,1.200,5.000\nzoe,950,700\n"


def test_tables_that_are_not_used_are_told(tmp_path):
    log, table = tmp_path / "log.csv", tmp_path / "posts.csv"
    log.write_text(LOG)
    table.write_text(TABLE)
    with pytest.warns(SwayrankWarning, match="signs between thousands"):
        done = run(recipe_of(log, table))
    notes = [line for line in done.closing() if line.startswith("note: ")]
    assert sum("posts table is not used for resonance" in line for line in notes) == 1
    assert "note: the followers that the posts table states are not used for reach: the log's interactions make it" in (
        notes
    )
    assert any("1.200 is 1200" in line for line in done.told()), "what was decided while reading is said"
    with pytest.warns(SwayrankWarning, match="signs between thousands"):
        alone = run(recipe_of(table))
    assert not any("not used" in line for line in alone.closing())


def test_reach_without_followers_is_told_once(tmp_path):
    table = tmp_path / "posts.csv"
    table.write_text("account,likes\nada,12\nzoe,95\n")
    notes = [line for line in run(recipe_of(table)).closing() if "reach" in line and line.startswith("note: ")]
    assert len(notes) == 1
    assert "could not be measured" in notes[0]


def test_times_that_become_1970_are_noted(tmp_path):
    (tmp_path / "posts.csv").write_text("account,post_id,time,likes\na,1,5,3\nb,2,46086,3\nc,3,2026-03-05,4\n")
    recipe = Recipe(posts=[tmp_path / "posts.csv"], score={"rng": 7, "min_evidence": 1})
    assert any("2 times of the posts table lie in 1970 to 1973" in line for line in run(recipe).closing())
