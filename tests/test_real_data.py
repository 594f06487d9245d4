"""The straight road on real files as they lie there: read, checked, scored, and better than counting followers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import swayrank as sr
from swayrank.pipeline import read_sources
from swayrank.scoring.metrics import ndcg_at, overlap_at
from swayrank.sources.check import check_files

EXAMPLES = Path(__file__).parents[1] / "examples"
CASES = {
    "melcup17": {"cut": "2017-11-07T04:05:24", "log": 45_418, "arcs": 70_756},
    "higgs": {"cut": "2012-07-05", "log": 563_069, "arcs": 328_132},
}


@pytest.fixture(scope="module", params=CASES)
def case(request, shared_data):
    """The sources of one set, read by its mapping, and when the later part begins."""
    recipe = sr.Recipe.load(EXAMPLES / f"{request.param}.toml", data=shared_data / request.param)
    return request.param, read_sources(recipe), CASES[request.param]


def later_reposts(events, cut):
    """Reposts by others that each account of the log received from `cut` on."""
    later = events.after(cut).select("repost")
    others = (later.target != later.actor) & (later.target != 2**32 - 1)
    return np.bincount(later.target[others], minlength=len(events.accounts)).astype(float)


def over(events, ids, values):
    """Values by `ids` for every account of the log, -1 where there is none."""
    rows = ids.positions(events.accounts.to_arrow(), missing="sentinel")
    known = rows != 2**32 - 1
    everywhere = np.full(len(events.accounts), -1.0)
    everywhere[known] = np.nan_to_num(values[rows[known]].astype(float), nan=-1.0)
    return everywhere


def test_every_row_is_read(case):
    _, sources, expected = case
    assert sources.events.n_events == expected["log"]
    assert sources.graph.n_edges == expected["arcs"]
    assert len(sources.rejects) == 0


def test_check_reads_the_same(case, shared_data):
    name, _, expected = case
    report = check_files([EXAMPLES / f"{name}.toml"], data=shared_data / name)
    assert report.events.events == expected["log"]
    assert f"{expected['arcs']:,}" in str(report)


def test_the_score_finds_later_reposts_better_than_followers_do(case):
    """Followers are those of the graph that was there before: Higgs' retweet network knows the whole week."""
    name, sources, expected = case
    before = sources.events.before(expected["cut"])
    graph = sources.graph if name == "melcup17" else None
    followers = sources.graph if name == "melcup17" else before.derive_graph()
    scores = sr.score(graph, sources.events, until=expected["cut"], rng=7)
    truth = later_reposts(sources.events, expected["cut"])
    ours = over(sources.events, scores.ids, scores.score)
    theirs = over(sources.events, followers.ids, followers.in_degree)
    assert overlap_at(ours, truth, 20) > overlap_at(theirs, truth, 20)
    assert ndcg_at(ours, truth, 100) > ndcg_at(theirs, truth, 100)


@pytest.mark.parametrize(
    ("file", "columns", "account", "n_posts"),
    [
        (
            "instagram_influencers_1000.csv",
            {"account": "Influencer insta name", "followers": "Followers"},
            "instagram",
            1000,
        ),
        (
            "youtube_global_2023.csv",
            {"account": "Youtuber", "followers": "Subscribers", "views": "Video Views"},
            "T-Series",
            995,
        ),
    ],
)
def test_tables_of_counts(shared_data, file, columns, account, n_posts):
    posts = sr.read_posts([shared_data / "engagement" / file], columns=columns)
    assert posts.n_posts + len(posts.report.rejects) == n_posts
    scores = sr.score(None, None, posts, profile="reach")
    assert set(scores.parts) == {"reach"}
    assert scores.row(account).score > 90
