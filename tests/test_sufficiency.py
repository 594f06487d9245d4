"""Enough data? Factors against a closed form, days and posts by hand, and a town with four times the evidence."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import swayrank as sr
from swayrank.scoring.intervals import draw
from swayrank.scoring.scale import Knots
from swayrank.scoring.sufficiency import (
    _alone,
    _Endless,
    _endless,
    _halving_factor,
    _longer,
    _more_days,
    _more_posts,
    more_data,
)
from tests.test_explain import scored

N_REPLICATES = 4000


def with_posts(counts, likes=1, **options):
    """Accounts with so many posts, each with its own `likes` reactions, as a table of posts."""
    account = np.repeat(np.arange(len(counts)), counts)
    names = sr.Ids.from_values([f"a{k:03}" for k in range(len(counts))])
    posts = sr.Posts.from_arrays(
        account,
        post=np.arange(account.size),
        posts=sr.Ids.from_values([f"p{k:06}" for k in range(account.size)]),
        accounts=names,
        counts={"likes": np.full(account.size, likes)},
    )
    return sr.score(None, None, posts, profile={"resonance": 1}, rng=1, **{"n_replicates": N_REPLICATES} | options)


@pytest.fixture(scope="module")
def many():
    """Figures spread evenly over the logarithm, so that the prior says little about any one."""
    return with_posts(np.geomspace(4, 3000, 300).astype(int))


@pytest.mark.parametrize("hits", [100, 300, 1000])
def test_the_interval_of_a_poisson_mean_halves_at_four_times(many, hits):
    """The width of log(mean) after k hits is about 2 * 1.96 / sqrt(k): half of it at 4 k."""
    i = int(np.argmin(np.abs(many.raw["resonance"] - hits)))
    factor = _halving_factor(many.basis, i, 0.95)
    assert factor == pytest.approx(4.0, rel=0.12)


def test_fewer_hits_need_about_as_many_times(many):
    i = int(np.argmin(np.abs(many.raw["resonance"] - 12)))
    assert 2.5 < _halving_factor(many.basis, i, 0.95) < 5.5


def test_posts_by_hand(many):
    """Thrice the evidence of an account with 100 posts is 200 more, and a bit more than thrice one more than that."""
    i = int(np.argmin(np.abs(many.raw["resonance"] - 100)))
    n = int((many.evidence.posts.account == many.evidence.post_rows[i]).sum())
    assert _more_posts(many, i, 3.0) == 2 * n
    assert _more_posts(many, i, 3.0 + 0.5 / n) == 2 * n + 1
    assert _more_posts(many, i, 1.5) == math.ceil(n / 2)
    assert _more_posts(many, i, 1.0) is None


def test_posts_of_a_log_are_those_of_the_account():
    rows = [("ada", "post", None, f"p{k}", "2026-01-01") for k in range(7)]
    rows += [(f"u{k}", "like", "ada", f"p{k}", "2026-01-02") for k in range(5)]
    got = scored(rows, None, profile={"resonance": 1})
    ada = got.ids.position("ada")
    assert _more_posts(got, ada, 4.0) == 21
    assert _more_posts(got, ada, 2.1) == 8
    assert _more_posts(got, got.ids.position("u1"), 4.0) is None


def of_days(days, half_life):
    """A log of one reaction a day for so many days."""
    start = np.datetime64("2026-01-01")
    rows = [(f"u{k}", "like", "ada", f"p{k}", str(start + k)) for k in range(days + 1)]
    return scored(rows, None, half_life_days=half_life, profile={"resonance": 1})


def test_days_without_decay():
    """Where nothing fades, four times the evidence takes four times the days: 30 more after 10."""
    assert _more_days(of_days(10, 1e6), 4.0) == pytest.approx(30.0, rel=1e-4)
    assert _more_days(of_days(20, 1e6), 1.5) == pytest.approx(10.0, rel=1e-4)


def test_days_with_decay():
    """Of a log as long as its half-life, half of all that will ever count is there: 1.5 times are three quarters."""
    got = of_days(10, 10.0)
    assert _more_days(got, 1.5) == pytest.approx(10.0)
    assert _more_days(got, 1.75) == pytest.approx(20.0), "seven eighths, after three half-lives"
    assert _more_days(got, 1.999) > 80
    assert _more_days(got, 2.0) is None, "all that will ever count is never there"
    assert _more_days(got, 4.0) is None


def test_no_days_without_times_or_span(many):
    assert _more_days(many, 2.0) is None
    assert _more_days(of_days(0, 10.0), 1.5) is None


def widths(scores, accounts):
    found = []
    for account in accounts:
        i = scores.ids.position(account)
        found.append(scores.intervals.score[1][i] - scores.intervals.score[0][i])
    return np.array(found)


def test_a_town_with_four_times_the_evidence_is_known_as_well_as_foretold():
    """The same habits over 10 days and over 40, on one scale, without decay: widths shrink as was said they would."""
    town = sr.generate("town", n=1500, days=40, rng=3)
    start = town.events.to_frame()["time"].min()
    options = {"profile": {"resonance": 1}, "rng": 1}
    until = (start + np.timedelta64(10, "D")).isoformat()
    short = sr.score(town.graph, town.events, until=until, half_life_days=1e5, **options)
    long = sr.score(town.graph, town.events, reference=short.reference, **options)
    chosen = [row.account for row in short.top(150)[20:]]
    foretold = []
    for account in chosen:
        alone = _endless(_alone(short.basis, short.ids.position(account)))
        drawn = [draw(_longer(alone, factor), 0, 1)["score"] for factor in (1.0, 4.0)]
        now, later = (np.subtract(*np.quantile(scores, [0.975, 0.025])) for scores in drawn)
        foretold.append(later / now)
    came = np.median(widths(long, chosen)) / np.median(widths(short, chosen))
    assert came < 0.8, "or there was nothing to foretell"
    assert np.median(foretold) == pytest.approx(came, rel=0.1)
    told = [more_data(short, short.ids.position(account)) for account in chosen]
    assert np.median([one.factor for one in told]) > 4, "few hits, which peers tell more of than they do"
    days = [one.more_days / (one.factor - 1) for one in told]
    assert days == pytest.approx([short.params["span_days"]] * len(days), rel=1e-2)


def test_at_the_end_of_the_scale_widths_are_those_beyond_it(many):
    """The highest account's interval is cut off at 100, and would seem narrow; beyond, it halves at four times."""
    i = int(many.order(1)[0])
    assert many.intervals.score[1][i] == 100
    told = more_data(many, i)
    assert told.factor == pytest.approx(4.0, rel=0.15)
    assert "halve the interval, counted as if the scale went on beyond 100" in told.words
    middle = more_data(many, int(many.order(150)[-1]))
    assert "beyond 100" not in middle.words


def test_a_scale_without_an_end():
    knots = Knots(median=10.0, tail=1000.0, top=1e6)
    endless = _Endless(knots.median, knots.tail, knots.top)
    below = np.array([0.0, 3.0, 10.0, 500.0, 1e5, 1e6])
    np.testing.assert_allclose(endless.scale(below), knots.scale(below), atol=1e-12)
    slope = 10 / (math.log1p(1e6) - math.log1p(1000))
    assert endless.scale(np.array([1e7]))[0] == pytest.approx(100 + slope * (math.log1p(1e7) - math.log1p(1e6)))
    assert np.isnan(endless.scale(np.array([np.nan]))[0])


def test_words(many):
    i = int(np.argmin(np.abs(many.raw["resonance"] - 100)))
    told = more_data(many, i)
    assert told.words.startswith(f"about {told.factor:.2g} times as much evidence would halve the interval: ")
    assert f"{told.more_posts} more posts in the same time" in told.words
    assert "under the same reference these also raise the score" in told.words
    without = dataclasses.replace(many, intervals=None)
    assert more_data(without, i).words == "no intervals were drawn: score with n_replicates=200"
    graph = sr.Graph.from_edges(["b", "c", "d"], ["a"] * 3)
    census = sr.score(graph, profile={"reach": 1}, rng=1, min_evidence=1)
    assert "more reactions would change nothing" in more_data(census, census.ids.position("a")).words
    got = of_days(10, 10.0)
    assert "there is no score" in more_data(got, got.ids.position("u1")).words or got.rank[got.ids.position("u1")]
