"""Rates, their averages, their shrinkage and its intervals."""

from __future__ import annotations

import csv
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import swayrank as sr
from swayrank.errors import ParameterError
from swayrank.events import NO_POST, NO_TIME, Events, Posts
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures.engagement.rates import engagement_rate, posts_from_events, rate_table, virality
from swayrank.measures.engagement.shrinkage import PostRates, Prior, between_posts, fit_prior, shrink
from swayrank.measures.engagement.tiers import peer_tiers
from tests.oracles import naive_rates as naive

NAN = math.nan
ALL = ("all",)


def table(rows, order=None):
    """Posts of rows (account, likes, comments, shares, views, followers), accounts by first appearance."""
    rows = [rows[i] for i in order] if order is not None else rows
    names = list(dict.fromkeys(r[0] for r in rows))
    fields = ("likes", "comments", "shares", "views", "followers")
    columns = {name: [NAN if r[i] is None else r[i] for r in rows] for i, name in enumerate(fields, 1)}
    return Posts.from_arrays(
        np.array([names.index(r[0]) for r in rows], int), accounts=Ids.from_values(names), counts=columns
    )


def by_id(measure, what=None):
    return dict(zip(list(measure.ids), (measure.values if what is None else what).tolist(), strict=True))


# -- averages ----------------------------------------------------------------------------------------------------------

BY_HAND = [
    ("ada", 1, 0, 1, 100, 50),
    ("ada", 3, 1, 0, 200, 50),
    ("ada", 20, 5, 5, 300, 100),
    ("bob", 3, 0, 0, 4, 10),
    ("cem", 9, 0, 0, 0, None),
]


@pytest.mark.parametrize(
    ("options", "ada", "bob"),
    [
        ({"average": "pooled"}, 36 / 200, 3 / 10),
        ({"average": "mean"}, (2 / 50 + 4 / 50 + 30 / 100) / 3, 3 / 10),
        ({"average": "median"}, 4 / 50, 3 / 10),
        ({"average": "trimmed", "trim": 0.34}, 4 / 50, 3 / 10),
        ({"average": "pooled", "of": "likes"}, 24 / 200, 3 / 10),
        ({"average": "pooled", "of": "comments", "per": "views"}, 6 / 600, 0),
        ({"average": "pooled", "of": "views"}, 600 / 200, 4 / 10),
        ({"average": "mean", "per": "posts"}, 12, 3),
        ({"average": "pooled", "per": "views"}, 36 / 600, 3 / 4),
    ],
)
def test_averages_by_hand(options, ada, bob):
    m = engagement_rate(table(BY_HAND), **options)
    assert m.value("ada") == pytest.approx(ada, rel=1e-14)
    assert m.value("bob") == pytest.approx(bob, rel=1e-14)
    assert math.isnan(m.value("cem")) == (options.get("per") != "posts")
    assert m.interval is None


def test_virality_by_hand():
    posts = Posts.from_arrays(
        [0, 0], accounts=Ids.of_range(1), counts={"shares": [1, 3], "impressions": [100, 100], "views": [50, 50]}
    )
    assert virality(posts, average="pooled").values.tolist() == [0.02]
    assert virality(posts, per="views", average="pooled").values.tolist() == [0.04]


def test_rows_left_out_are_counted():
    rows = [
        ("ada", 1, 0, 0, 10, 5),
        ("ada", None, 0, 0, 10, 5),
        ("ada", 1, 0, 0, None, 5),
        ("ada", 1, 0, 0, 0, 5),
        ("ada", -1, 3, 0, 9, 5),
        ("ada", math.inf, 0, 0, 10, 5),
        ("ada", 1, 0, 0, math.inf, 5),
        ("ada", 5, 3, 3, 10, 5),
        ("ada", 5, 3, 2, 10, 5),
    ]
    m = engagement_rate(table(rows), per="views", average="pooled")
    assert m.values.tolist() == [11 / 20]
    assert [m.params[k] for k in ("rows", "missing", "impossible", "exceeding")] == [2, 2, 4, 1]
    assert m.params["counts"] == ["likes", "comments", "shares"]
    assert engagement_rate(table(rows), average="pooled").params["exceeding"] == 0


CELL = st.sampled_from([None, 0, 1, 2, 5, 17, 100, -3, math.inf])
ROW = st.tuples(st.sampled_from(["ada", "bob", "cem"]), CELL, CELL, CELL, CELL, CELL)


@given(st.lists(ROW, min_size=1, max_size=40), st.sampled_from(["views", "followers", "posts"]), st.randoms())
def test_averages_equal_the_oracle(rows, per, random):
    fields = ("account", "likes", "comments", "shares", "views", "followers")
    kept, left_out = naive.usable([dict(zip(fields, r, strict=True)) for r in rows], fields[1:4], per)
    expected = naive.averages(kept, trim=0.2)
    order = list(range(len(rows)))
    random.shuffle(order)
    for average in ("pooled", "mean", "median", "trimmed"):
        m = engagement_rate(table(rows), per=per, average=average, trim=0.2)
        got = {account: value for account, value in by_id(m).items() if not math.isnan(value)}
        assert got == pytest.approx({account: e[average] for account, e in expected.items()}, rel=1e-12)
        assert {k: m.params[k] for k in left_out} == left_out
        again = by_id(engagement_rate(table(rows, order), per=per, average=average, trim=0.2))
        assert {k: v for k, v in again.items() if v == v} == got  # the same bits


def test_a_trim_that_is_a_whole_number_of_posts_cuts_them_all():
    rows = [("ada", i, 0, 0, 1000, 10) for i in range(30)]  # 30 * 0.1 is 3.0000000000000004, 30 * 0.7 / 7 less than 3
    m = engagement_rate(table(rows), of="likes", per="posts", average="trimmed", trim=0.7 / 7)
    assert m.value("ada") == pytest.approx(14.5)


# -- shrinkage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["beta_binomial", "gamma_poisson"])
@pytest.mark.parametrize("between", [0.0, 0.03])
def test_weighted_means_equal_the_oracle_and_so_do_values_where_posts_vary_by_chance_alone(model, between, monkeypatch):
    from swayrank.measures.engagement import shrinkage

    rng = np.random.default_rng(5)
    rows = simulated(rng, 60, model, between * (1 if model == "beta_binomial" else 20))[0]
    if not between:
        monkeypatch.setattr(shrinkage, "between_posts", lambda rows, model: 0.0)
        monkeypatch.setattr(shrinkage, "_moderation", lambda own, freedom: math.inf)
    shrunk = shrink(rows, model, np.zeros(60, int), ALL, 0.9)
    prior = shrunk.priors["all"]
    assert (prior.between_posts > 0) == (between > 0)
    for account in (0, 7, 33):
        at = rows.account == account
        posts = list(zip(rows.count[at].tolist(), rows.opportunities[at].tolist(), strict=True))
        value, weighted = naive.credibility(posts, model, prior.a, prior.b, prior.between_posts)
        assert shrunk.weighted[account] == pytest.approx(weighted, rel=1e-12)
        if not between:
            assert shrunk.values[account] == pytest.approx(value, rel=2e-4)


@pytest.mark.parametrize("k", [0, 1, 40, 900])
def test_intervals_are_the_conjugate_ones_where_posts_vary_by_chance_alone(k, monkeypatch):
    """Against SciPy's quantiles of Beta(a + k, b + n - k) and Gamma(a + k, b + n)."""
    from swayrank.measures.engagement import shrinkage

    n = 1000.0
    for prior, exact in (
        (Prior("beta_binomial", 2.0, 30.0), stats.beta(2 + k, 30 + n - k)),
        (Prior("gamma_poisson", 0.7, 4.0), stats.gamma(0.7 + k, scale=1 / (4 + n))),
    ):
        monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model, prior=prior: prior)
        shrunk = shrink(PostRates.of([0], [k], [n], 1), prior.model, np.zeros(1, int), ALL, 0.95)
        assert shrunk.values[0] == pytest.approx(exact.mean(), rel=2e-4)
        sd = exact.std()
        assert shrunk.low[0] == pytest.approx(exact.ppf(0.025), abs=0.01 * sd)
        assert shrunk.high[0] == pytest.approx(exact.ppf(0.975), abs=0.01 * sd)


def test_values_and_intervals_of_clustered_posts_equal_slow_integration(monkeypatch):
    """Four alike posts of 100: total of 400 with the variance that effective opportunities say."""
    from swayrank.measures.engagement import shrinkage

    n, k, rho = 100.0, 6.0, 0.05
    prior = Prior("beta_binomial", 2.0, 30.0, between_posts=rho)
    size = 4 * n / (1 + (n - 1) * rho)
    strength = (4 * n - 1) / (4 * n / size - 1) - 1  # beta-binomial of 400 with variance p (1 - p) / size of its rate

    def log_beta(x, y):
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    def log_density(p):
        s, f = strength * p, strength * (1 - p)
        likelihood = log_beta(4 * k + s, 4 * (n - k) + f) - log_beta(s, f)
        return (prior.a - 1) * math.log(p) + (prior.b - 1) * math.log(1 - p) + likelihood

    monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model: prior)
    rows = PostRates.of([0] * 4, [k] * 4, [n] * 4, 1)
    shrunk = shrink(rows, "beta_binomial", np.zeros(1, int), ALL, 0.95)
    low, high = naive.middle(log_density, 0, 1, 0.95, steps=20_000)
    assert (shrunk.low[0], shrunk.high[0]) == pytest.approx((low, high), abs=0.0004)
    assert shrunk.values[0] == pytest.approx(naive.mean(log_density, 0, 1, steps=20_000), rel=2e-4)

    delta = 0.8
    prior = Prior("gamma_poisson", 2.0, 30.0, between_posts=delta)
    tau = delta * (prior.a + 1) / prior.b
    size = 4 * n / (1 + n * tau)
    shape = tau / (1 / size - 1 / (4 * n)) / delta  # negative binomial of this shape, at the tier's rate

    def log_posterior(x):
        return (prior.a - 1 + 4 * k) * math.log(x) - prior.b * x - (4 * k + shape) * math.log(1 + 4 * n * x / shape)

    shrunk = shrink(rows, "gamma_poisson", np.zeros(1, int), ALL, 0.95)
    low, high = naive.middle(log_posterior, 0, 1, 0.95, steps=20_000)
    assert shape == pytest.approx(4 / delta)
    assert shrunk.values[0] == pytest.approx(naive.mean(log_posterior, 0, 1, steps=20_000), rel=2e-4)
    assert (shrunk.low[0], shrunk.high[0]) == pytest.approx((low, high), abs=0.0004)


def simulated(rng, n, model, between, tier_mean=None):
    """Posts of n accounts of known rates; opportunities and numbers of posts differ widely."""
    mean = np.full(n, 0.03) if tier_mean is None else tier_mean
    posts = rng.integers(1, 31, n)
    account = np.repeat(np.arange(n), posts)
    opportunities = np.exp(rng.uniform(math.log(50), math.log(5000), len(account))).round()
    if model == "beta_binomial":
        rate = rng.beta(2, 2 / mean - 2)
        strength = 1 / between - 1 if between else 0
        of_post = rng.beta(rate[account] * strength, (1 - rate[account]) * strength) if between else rate[account]
        count = rng.binomial(opportunities.astype(int), of_post)
    else:
        rate = rng.gamma(1.5, mean / 1.5)
        of_post = rate[account] * (rng.gamma(1 / between, between, len(account)) if between else 1.0)
        count = rng.poisson(of_post * opportunities)
    return PostRates.of(account, count, opportunities, n), rate


COVERAGE = [("beta_binomial", rho) for rho in (0.0, 0.01, 0.05)] + [("gamma_poisson", d) for d in (0.0, 0.5, 2.0)]


@pytest.mark.parametrize(("model", "between"), COVERAGE)
def test_intervals_cover_the_true_rate_as_often_as_they_say(model, between):
    """95 % intervals hold the truth of 93 to 97 % of 8,000 accounts, and of 92 to 98 % in every tier of 2,000."""
    rng = np.random.default_rng(2012)
    n, tiers = 8000, 4
    tier = rng.integers(0, tiers, n)
    rows, truth = simulated(rng, n, model, between, np.array([0.08, 0.04, 0.02, 0.01])[tier])
    shrunk = shrink(rows, model, tier, ("nano", "micro", "mid", "macro"), 0.95)
    covered = (shrunk.low <= truth) & (truth <= shrunk.high)
    assert 0.93 <= covered.mean() <= 0.97
    for position in range(tiers):
        assert 0.92 <= covered[tier == position].mean() <= 0.98
    raw = np.bincount(rows.account, rows.count) / np.bincount(rows.account, rows.opportunities)
    assert ((shrunk.values - truth) ** 2).mean() < ((raw - truth) ** 2).mean()


@pytest.mark.parametrize("model", ["beta_binomial", "gamma_poisson"])
def test_counting_all_opportunities_of_unlike_posts_would_not_cover(model, monkeypatch):
    """What the effective opportunities are for: without them intervals are far too narrow."""
    from swayrank.measures.engagement import shrinkage

    rows, truth = simulated(np.random.default_rng(3), 2000, model, {"beta_binomial": 0.02, "gamma_poisson": 1.0}[model])
    monkeypatch.setattr(shrinkage, "between_posts", lambda rows, model: 0.0)
    monkeypatch.setattr(shrinkage, "_moderation", lambda own, freedom: math.inf)
    shrunk = shrink(rows, model, np.zeros(2000, int), ALL, 0.95)
    assert ((shrunk.low <= truth) & (truth <= shrunk.high)).mean() < 0.7


@pytest.mark.parametrize(("model", "between"), [("beta_binomial", 0.02), ("gamma_poisson", 0.7)])
def test_the_prior_that_was_drawn_from_is_found(model, between):
    rows, _ = simulated(np.random.default_rng(8), 6000, model, between)
    prior = fit_prior(rows, model)
    assert prior.mean == pytest.approx(0.03, rel=0.05)
    assert prior.a == pytest.approx({"beta_binomial": 2, "gamma_poisson": 1.5}[model], rel=0.15)
    assert between_posts(rows, model) == prior.between_posts == pytest.approx(between, rel=0.15)


POSTS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 20), st.integers(20, 400)), min_size=1, max_size=80)


@given(POSTS, st.sampled_from(["beta_binomial", "gamma_poisson"]), st.randoms())
@settings(max_examples=60)
def test_properties_of_shrunk_rates(rows, model, random):
    account, count, opportunities = (list(column) for column in zip(*rows, strict=True))
    one = PostRates.of(account, count, opportunities, 12)
    shrunk = {c: shrink(one, model, np.zeros(12, int), ALL, c) for c in (0.5, 0.9, 0.99)}
    there = np.isin(np.arange(12), account)
    s, prior = shrunk[0.9], shrunk[0.9].priors["all"]
    assert (np.isnan(s.values) == ~there).all()
    value, weighted, low = (a[there] for a in (s.values, s.weighted, s.low))
    if not prior.between_posts:
        slack = 1e-3 * np.maximum(weighted, prior.mean)
        assert (np.minimum(weighted, prior.mean) - slack <= value).all()
        assert (value <= np.maximum(weighted, prior.mean) + slack).all()
    assert (value <= 2.5 * np.maximum(weighted, prior.mean)).all()  # nothing runs away, however unlike the posts
    assert (0 <= low).all()
    assert (value >= shrunk[0.99].low[there]).all()
    if prior.a > 0.02:  # below, the mean of a posterior can lie beyond nearly all of it
        assert (value <= shrunk[0.99].high[there]).all()
    assert all(np.array_equal(other.values, s.values, equal_nan=True) for other in shrunk.values())
    for narrow, wide in ((0.5, 0.9), (0.9, 0.99)):
        assert (shrunk[wide].low[there] <= shrunk[narrow].low[there]).all()
        assert (shrunk[narrow].high[there] <= shrunk[wide].high[there]).all()
    random.shuffle(rows)
    again = shrink(PostRates.of(*zip(*rows, strict=True), 12), model, np.zeros(12, int), ALL, 0.9)
    for mine, theirs in ((s.values, again.values), (s.low, again.low), (s.high, again.high)):
        assert np.array_equal(mine, theirs, equal_nan=True)


def test_of_two_with_the_same_posts_the_one_with_more_reactions_is_above():
    rng = np.random.default_rng(4)
    rows = [(f"u{i}", k, 0, 0, 500, 9) for i in range(50) for k in rng.binomial(500, rng.beta(2, 50), 4)]
    rows += [("low", k, 0, 0, 500, 9) for k in (3, 4, 5)] + [("high", k, 0, 0, 500, 9) for k in (3, 4, 6)]
    for per in ("views", "posts", "followers"):
        m = engagement_rate(table(rows), per=per)
        assert m.value("low") < m.value("high")


def test_an_account_of_one_lucky_post_goes_to_its_peers():
    rng = np.random.default_rng(6)
    rows = [(f"u{i}", k, 0, 0, 1000, 9) for i in range(200) for k in rng.binomial(1000, rng.beta(4, 200), 10)]
    m = engagement_rate(table([*rows, ("lucky", 3, 0, 0, 4, 9)]), per="views")
    assert m.value("lucky") < 0.06
    low, high = (by_id(m, end)["lucky"] for end in m.interval)
    assert low < 0.02 < high < 0.2


@pytest.mark.parametrize(("model", "between"), [("beta_binomial", 0.1), ("gamma_poisson", 1.0)])
def test_values_are_means_of_what_the_intervals_are_the_middle_of(model, between):
    """An account of one post far above its peers: its rate lies within the interval, not at its end."""
    rows, _ = simulated(np.random.default_rng(11), 300, model, between)
    account, count, n = np.append(rows.account, 300), np.append(rows.count, 450), np.append(rows.opportunities, 600)
    shrunk = shrink(PostRates.of(account, count, n, 301), model, np.zeros(301, int), ALL, 0.95)
    low, value, high = shrunk.low[300], shrunk.values[300], shrunk.high[300]
    assert low + 0.2 * (high - low) < value < high - 0.2 * (high - low)
    prior = shrunk.priors["all"]
    credible = naive.credibility([(450, 600)], model, prior.a, prior.b, prior.between_posts)[0]
    assert value != pytest.approx(credible, rel=0.05)


# -- degenerate cases --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["beta_binomial", "gamma_poisson"])
@pytest.mark.parametrize("count", [0.0, 5.0, 50.0])
@pytest.mark.parametrize("n", [1, 3, 40])
def test_no_difference_at_all_has_an_answer(model, count, n):
    """Nobody reacted, everybody did, all alike; one account, few, many."""
    rows = PostRates.of(np.arange(n), np.full(n, count), np.full(n, 50.0), n)
    shrunk = shrink(rows, model, np.zeros(n, int), ALL, 0.95)
    assert np.isfinite(shrunk.values).all()
    assert shrunk.values == pytest.approx(count / 50, abs=0.01 if n == 40 else 0.02)
    assert (shrunk.low < shrunk.high).all()
    assert np.isfinite(shrunk.high).all()


def test_where_accounts_do_not_differ_the_common_rate_is_known_no_better_than_all_know_it():
    n = 400
    rows = PostRates.of(np.arange(n), np.full(n, 10), np.full(n, 100), n)  # less unlike than by chance
    prior = fit_prior(rows, "beta_binomial")
    assert prior.strength == pytest.approx(100 * n, rel=1e-6)


def test_small_tiers_take_the_networks_prior_and_small_networks_unit_information():
    rng = np.random.default_rng(9)
    rows, _ = simulated(rng, 100, "gamma_poisson", 0.5)
    tier = np.where(np.arange(100) < 19, 1, 0)
    tier[50] = -1
    priors = shrink(rows, "gamma_poisson", tier, ("nano", "micro"), 0.95).priors
    assert {name: prior.source for name, prior in priors.items()} == {
        "nano": "tier",
        "micro": "network",
        "unknown": "network",
    }
    assert priors["micro"] == priors["unknown"] != priors["nano"]
    few = PostRates.of([0, 1, 2], [1, 2, 3], [100, 100, 100], 3)
    prior = shrink(few, "beta_binomial", np.zeros(3, int), ALL, 0.95).priors["all"]
    assert (prior.source, prior.mean, prior.strength) == ("unit information", 0.02, pytest.approx(100))


def test_no_rows_no_rates():
    m = engagement_rate(table([("ada", None, None, None, None, None)]))
    assert np.isnan(m.values).all()
    assert m.params["priors"] == {}
    assert rate_table(table([("ada", None, 0, 0, 1, 1)]))["posts"].tolist() == [0]


def test_huge_and_tiny_counts_stay_finite():
    rows = [(f"u{i}", 10.0**e, 0, 0, 1, 10.0**f) for i, (e, f) in enumerate([(12, 1), (0, 12), (300, 3), (0, 300)] * 6)]
    for per in ("followers", "posts"):
        m = engagement_rate(table(rows), per=per)
        assert not np.isnan(m.values).any()
        assert not np.isnan(m.interval).any()


# -- what is given -----------------------------------------------------------------------------------------------------


def test_tiers_and_kinds_choose_the_peers():
    rng = np.random.default_rng(10)
    rows = [
        (f"{kind}{i}", int(rng.poisson(rate * followers)), 0, 0, 10**9, followers)
        for kind, rate, followers in (("small", 0.1, 500), ("large", 0.01, 50_000), ("acme", 0.001, 50_000))
        for i in range(40)
        for _ in range(5)
    ]
    kinds = {f"acme{i}": "brand" for i in range(40)}
    priors = engagement_rate(table(rows), kinds=kinds).params["priors"]
    assert {name: round(p["mean"], 3) for name, p in priors.items()} == {
        "nano": 0.1,
        "brand micro": 0.001,
        "micro": 0.01,
    }
    tiers = peer_tiers(table(rows), cuts={"a": 0, "b": 1000}, kinds=kinds)
    assert set(engagement_rate(table(rows), tiers=tiers).params["priors"]) == {"a", "brand b", "b"}
    assert set(rate_table(table(rows), tiers="quantiles")["tier"]) <= {"q1", "q2", "q3", "q4"}
    with pytest.raises(ParameterError, match="kinds must be given to peer_tiers"):
        engagement_rate(table(rows), tiers=tiers, kinds=kinds)


def test_the_table_shows_every_average_beside_the_shrunk_rate():
    frame = rate_table(table(BY_HAND)).set_index("account")
    assert list(frame.columns) == (
        ["posts", "pooled", "mean", "median", "trimmed", "shrunk", "low", "high", "tier", "percentile"]
    )
    m = engagement_rate(table(BY_HAND))
    assert frame.loc["ada", "shrunk"] == m.value("ada")
    assert frame.loc["ada", "median"] == 4 / 50
    assert frame["posts"].tolist() == [3, 1, 0]
    assert frame["percentile"].tolist()[:2] == [25.0, 75.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"per": "impressions"}, "per must be among the counts that the posts give, got 'impressions'; .*per='views'"),
        ({"of": "reach"}, "of must be among the counts that the posts give, got 'reach'; there are: likes"),
        ({"of": "views", "per": "views"}, "per must be another count than of, got 'views' for both"),
        ({"of": "hearts"}, "of must be one of 'engagements', 'likes'"),
        ({"tiers": "nano"}, "cuts must be 'usual', 'quantiles'"),
        ({"kinds": {"adda": "brand"}}, r"kinds names an account that is not there: 'adda' \(did you mean 'ada'"),
        ({"trim": 0.5}, r"trim must be in \[0, 0.5\), got 0.5"),
        ({"confidence": 1.0}, r"confidence must be in \(0, 1\), got 1.0"),
    ],
)
def test_wrong_parameters_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        engagement_rate(table(BY_HAND), **options)


def test_tiers_without_followers_are_never_guessed():
    posts = Posts.from_arrays([0], accounts=Ids.of_range(1), counts={"likes": [3], "views": [9]})
    assert engagement_rate(posts, per="views").params["tiers"] == {"all": 0.0}
    with pytest.raises(ParameterError, match="tiers and kinds need followers, and the posts give none"):
        engagement_rate(posts, per="views", tiers="quantiles")


def test_a_log_is_no_table_of_posts():
    log = Events.from_frame({"actor": ["a"], "action": ["like"]})
    with pytest.raises(ParameterError, match=r"engagement_rate needs Posts, got Events: count them with posts_from_ev"):
        engagement_rate(log)


# -- posts out of a log ------------------------------------------------------------------------------------------------

LOG = [
    ("ada", None, "post", "p1", 40.0),
    ("bob", "ada", "like", "p1", 9.0),
    ("bob", "ada", "reply", "p1", None),
    ("cem", "ada", "repost", "p1", None),
    ("cem", "ada", "quote", "p1", None),
    ("ada", "ada", "like", "p1", None),
    ("bob", "ada", "like", None, None),
    ("bob", "cem", "like", "p1", None),
    ("cem", None, "post", "p2", None),
    ("bob", "cem", "mention", "p3", None),
]


def log_of(rows):
    fields = ("actor", "target", "action", "post", "followers_at_time")
    return Events.from_frame({name: [r[i] for r in rows] for i, name in enumerate(fields)})


def counted(posts):
    names = ("likes", "comments", "shares", "views")
    rows = zip(posts.account.tolist(), posts.post.tolist(), strict=True)
    counts = [getattr(posts, name).tolist() for name in names]
    return {
        (posts.accounts[a], posts.posts[p]): {name: c[i] for name, c in zip(names, counts, strict=True) if c[i] > 0}
        for i, (a, p) in enumerate(rows)
    }


def test_posts_of_a_log_by_hand():
    posts = posts_from_events(log_of(LOG))
    assert counted(posts) == {
        ("ada", "p1"): {"likes": 1, "comments": 1, "shares": 2},
        ("cem", "p1"): {"likes": 1},
        ("cem", "p2"): {},
        ("cem", "p3"): {},
    }
    assert posts.given == ("likes", "comments", "shares", "followers")
    assert [None if math.isnan(f) else f for f in posts.followers] == [40, None, None, None]
    graph = Graph.from_edges(["x", "y", "z"], ["cem", "cem", "ada"])
    assert posts_from_events(log_of(LOG), graph=graph).followers.tolist() == [40, 2, 2, 2]
    assert engagement_rate(posts, average="pooled").value("ada") == 4 / 40


EVENT = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from(["post", "like", "reply", "repost", "quote", "mention", "view"]),
    st.sampled_from(["p", "q", None]),
)


@given(st.lists(EVENT, min_size=1, max_size=40))
def test_posts_of_a_log_equal_the_oracle(rows):
    posts = posts_from_events(log_of([(*row, None) for row in rows]))
    expected = {key: {k: v for k, v in c.items() if v} for key, c in naive.posts_of_log(rows).items()}
    assert counted(posts) == expected
    assert (posts.post != NO_POST).all()
    assert (posts.time == NO_TIME).all()


# -- real tables -------------------------------------------------------------------------------------------------------


def plain_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_facebook_sellers_against_plain_python(shared_data):
    file = shared_data / "engagement" / "facebook_live_thailand.csv"
    columns = {"account": {"column": "status_id", "before": "_"}, "post": "status_id"}
    counts = {"likes": "num_reactions", "comments": "num_comments", "shares": "num_shares"}
    posts = sr.read_posts([file], columns={**columns, **counts})
    per_account = defaultdict(list)
    for row in plain_rows(file):
        total = sum(int(row[name]) for name in counts.values())
        per_account[row["status_id"].partition("_")[0]].append((row["status_id"], total, 1))
    frame = rate_table(posts, per="posts").set_index("account")
    for account in sorted(per_account)[:3]:
        key = account if account in frame.index else int(account)
        rows = [(account, k, n) for _, k, n in per_account[account]]
        expected = naive.averages(rows)[account]
        assert frame.loc[key, list(expected)].to_dict() == pytest.approx(expected, rel=1e-12)
        assert frame.loc[key, "low"] < frame.loc[key, "shrunk"] < frame.loc[key, "high"]


def test_youtube_channels_against_plain_python(shared_data):
    file = shared_data / "engagement" / "youtube_global_2023.csv"
    columns = {"account": "Youtuber", "followers": "Subscribers", "views": "Video Views"}
    posts = sr.read_posts([file], columns=columns)
    m = engagement_rate(posts, of="views", average="pooled")
    told = {row["Youtuber"]: row for row in plain_rows(file)} if m.params["missing"] == 0 else {}
    for channel in ("T-Series", "MrBeast", "PewDiePie"):
        assert m.value(channel) == float(told[channel]["Video Views"]) / float(told[channel]["Subscribers"])


def test_instagram_influencers_against_plain_python(shared_data):
    file = shared_data / "engagement" / "instagram_influencers_1000.csv"
    columns = {"account": "Influencer insta name", "followers": "Followers", "likes": "Engagement avg"}
    m = engagement_rate(sr.read_posts([file], columns=columns), average="mean")

    def number(text):
        return float(text[:-1]) * {"K": 1e3, "M": 1e6}[text[-1]] if text[-1] in "KM" else float(text)

    rows = plain_rows(file)
    for name in ("433", "__youngbae__", "_agentgirl_"):
        mine = [r for r in rows if r["Influencer insta name"] == name]
        rates = [number(r["Engagement avg"]) / number(r["Followers"]) for r in mine]
        assert m.value(name) == pytest.approx(sum(rates) / len(rates), rel=1e-12)


# -- from the command line's side --------------------------------------------------------------------------------------


def test_a_measure_of_posts_runs_on_a_file(tmp_path):
    from swayrank.measure_jobs import ask_measure

    file = tmp_path / "posts.csv"
    file.write_text("account,likes,views\nada,10,1000\nada,30,1000\nbob,3,4\n")
    asked = ask_measure("engagement_rate", file, {"per": "views", "average": "pooled"}, {}, {}, rng=7)
    assert by_id(asked.measure()) == {"ada": 0.02, "bob": 0.75}
    assert asked.data.n_posts == 3
    options = {"columns": ["account", "likes", "views"]}
    file.write_text("who,hearts,seen\nada,10,1000\n")
    asked = ask_measure("engagement_rate", file, {"per": "views", "average": "mean"}, {}, options, rng=7)
    assert by_id(asked.measure()) == {"ada": 0.01}


def test_a_measure_of_posts_refuses_other_files_and_options(tmp_path):
    from swayrank.measure_jobs import ask_measure

    log, posts = tmp_path / "log.csv", tmp_path / "posts.csv"
    log.write_text("actor,action,target,time\nbob,like,ada,2024-01-01\n")
    posts.write_text("account,likes,views\nada,10,1000\n")
    with pytest.raises(ParameterError, match=r"virality is a measure of counts per post, and .* holds a log of events"):
        ask_measure("virality", log, {}, {}, {}, rng=7)
    with pytest.raises(ParameterError, match=r"actions does not apply: .* holds counts per post"):
        ask_measure("engagement_rate", posts, {}, {}, {"actions": {"RT": "repost"}}, rng=7)
    with pytest.raises(ParameterError, match=r"pagerank is a measure of a graph, and .* holds counts per post"):
        ask_measure("pagerank", posts, {}, {}, {}, rng=7)
