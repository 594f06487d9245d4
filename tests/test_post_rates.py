"""Rates of single posts: plain, drawn towards their accounts, and their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from swayrank.errors import ParameterError
from swayrank.events import Events, Posts
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures.engagement import shrinkage
from swayrank.measures.engagement.post_rates import post_rates
from swayrank.measures.engagement.rates import posts_from_events
from swayrank.measures.engagement.shrinkage import Prior

NAN = math.nan


def of_two(**counts):
    """Three posts of ada and one of bob."""
    return Posts.from_arrays([0, 1, 0, 0], accounts=Ids.from_values(["ada", "bob"]), counts=counts)


def columns_of(table, name):
    return [table[f"{name}{part}"].to_numpy() for part in ("", "_shrunk", "_low", "_high")]


def test_plain_rates_by_hand_each_at_the_followers_of_the_post():
    table = post_rates(
        of_two(
            likes=[10, 3, 30, 0],
            comments=[5, 0, 0, 2],
            shares=[5, 1, 10, 0],
            views=[1000, 4, 100, 0],
            impressions=[2000, 4, 50, 10],
            reach=[500, 4, 39, 10],
            followers=[100, 10, 200, NAN],
        )
    )
    assert table["account"].tolist() == ["ada", "bob", "ada", "ada"]
    assert table["by_followers"].tolist()[:3] == [0.2, 0.4, 0.2]
    assert math.isnan(table["by_followers"][3])
    assert table["by_views"].tolist()[:3] == [0.02, 1.0, 0.4]
    assert table["by_impressions"].tolist() == [0.01, 1.0, 0.8, 0.2]
    assert table["by_reach"].isna().tolist() == [False, False, True, False]  # 40 engagements in a reach of 39
    assert table["virality"].tolist() == [0.0025, 0.25, 0.2, 0.0]
    assert table["reply_like_ratio"].tolist()[:3] == [0.5, 0.0, 0.0]
    assert table["reply_like_ratio"].isna().tolist() == [False, False, False, True]
    assert table["reply_like_ratio_shrunk"].notna().all()  # two replies, no like: odds that are known all the same
    for name in ("by_followers", "by_views", "by_reach", "by_impressions", "virality"):
        plain, value, low, high = columns_of(table, name)
        assert (np.isnan(value) == np.isnan(plain)).all()
        known = ~np.isnan(plain)
        assert (low[known] < value[known]).all()
        assert (value[known] < high[known]).all()


def test_where_posts_vary_by_chance_alone_a_post_is_its_account(monkeypatch):
    """Then it has the conjugate posterior of all posts together."""
    counts = {"likes": [10, 3, 30, 2], "views": [1000, 40, 900, 20], "followers": [1000, 40, 900, 20]}
    for name, prior in (
        ("by_views", Prior("beta_binomial", 2.0, 30.0)),
        ("by_followers", Prior("gamma_poisson", 2.0, 30.0)),
    ):
        monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model, prior=prior: prior)
        _, value, low, high = columns_of(post_rates(of_two(**counts), confidence=0.9), name)
        for rows, k, n in (([0, 2, 3], 42, 1920), ([1], 3, 40)):
            exact = stats.beta(2 + k, 30 + n - k) if prior.is_beta else stats.gamma(2 + k, scale=1 / (30 + n))
            assert value[rows] == pytest.approx(exact.mean(), rel=1e-12)
            assert low[rows] == pytest.approx(exact.ppf(0.05), rel=1e-9)
            assert high[rows] == pytest.approx(exact.ppf(0.95), rel=1e-9)


@pytest.mark.parametrize("name", ["by_views", "by_followers"])
def test_posts_that_vary_are_drawn_less_by_formula(name, monkeypatch):
    """The prior of ada's first post, from her two others and the variation between posts."""
    between, a, b = 0.02, 2.0, 30.0
    prior = Prior("beta_binomial" if name == "by_views" else "gamma_poisson", a, b, between_posts=between)
    monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model: prior)
    posts = of_two(likes=[10, 3, 30, 2], views=[1000, 40, 900, 20], followers=[1000, 40, 900, 20])
    others = [(30, 900), (2, 20)]
    if prior.is_beta:
        sizes = [n / (1 + (n - 1) * between) for _, n in others]
    else:
        sizes = [n / (1 + n * between * (a + 1) / b) for _, n in others]
    size = sum(sizes)
    total = sum(m * k / n for m, (k, n) in zip(sizes, others, strict=True))
    if prior.is_beta:
        theta = stats.beta(a + total, b + size - total)
        mean, variance = theta.mean(), theta.var() + between * (theta.mean() - theta.moment(2))
        strength = mean * (1 - mean) / variance - 1
        post = stats.beta(mean * strength + 10, (1 - mean) * strength + 990)
    else:
        theta = stats.gamma(a + total, scale=1 / (b + size))
        mean, variance = theta.mean(), theta.var() + between * theta.moment(2)
        post = stats.gamma(mean**2 / variance + 10, scale=1 / (mean / variance + 1000))
    _, value, low, high = columns_of(post_rates(posts), name)
    assert (value[0], low[0], high[0]) == pytest.approx((post.mean(), post.ppf(0.025), post.ppf(0.975)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "between"), [("by_views", 0.0), ("by_views", 0.03), ("by_followers", 0.0), ("by_followers", 0.5)]
)
def test_intervals_cover_the_true_rates_of_posts_as_often_as_they_say(name, between):
    rng = np.random.default_rng(31)
    n_accounts = 1500
    account = np.repeat(np.arange(n_accounts), rng.integers(1, 12, n_accounts))
    n = np.exp(rng.uniform(math.log(50), math.log(5000), len(account))).round()
    if name == "by_views":
        rate = rng.beta(2, 60, n_accounts)[account]
        strength = 1 / between - 1 if between else 0
        truth = rng.beta(rate * strength, (1 - rate) * strength) if between else rate
        counts = {"likes": rng.binomial(n.astype(int), truth), "views": n}
    else:
        rate = rng.gamma(1.5, 0.03, n_accounts)[account]
        truth = rate * rng.gamma(1 / between, between, len(account)) if between else rate
        counts = {"likes": rng.poisson(truth * n), "followers": n}
    posts = Posts.from_arrays(account, accounts=Ids.of_range(n_accounts), counts=counts)
    plain, value, low, high = columns_of(post_rates(posts), name)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.97
    assert ((value - truth) ** 2).mean() < ((plain - truth) ** 2).mean()


def test_the_ratio_is_the_odds_of_the_share_of_replies(monkeypatch):
    prior = Prior("beta_binomial", 1.0, 3.0)
    monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model: prior)
    table = post_rates(of_two(likes=[8, 0, 0, 0], comments=[2, 4, 0, 0]))
    share = stats.beta(1 + 2, 3 + 8)
    plain, value, low, high = (column[0] for column in columns_of(table, "reply_like_ratio"))
    assert plain == 0.25
    assert value == pytest.approx(3 / 11)
    assert (low, high) == pytest.approx(tuple(q / (1 - q) for q in share.ppf([0.025, 0.975])))
    assert table["reply_like_ratio_shrunk"].isna().tolist() == [False, False, True, True]


def test_the_order_of_rows_changes_no_bit():
    rng = np.random.default_rng(5)
    account = rng.integers(0, 30, 200)
    counts = {
        "likes": rng.integers(0, 50, 200),
        "comments": rng.integers(0, 9, 200),
        "views": rng.integers(60, 900, 200),
    }
    order = rng.permutation(200)
    made = [
        post_rates(
            Posts.from_arrays(account[at], accounts=Ids.of_range(30), counts={k: v[at] for k, v in counts.items()})
        )
        for at in (np.arange(200), order)
    ]
    assert made[0].iloc[order].reset_index(drop=True).equals(made[1])


def test_tiers_give_their_own_priors():
    rng = np.random.default_rng(6)
    followers = np.repeat([500.0, 50_000.0], 200)
    views = np.full(400, 1000)
    likes = rng.binomial(views, np.repeat([0.1, 0.01], 200))
    extra = {"likes": np.append(likes, [1, 1]), "views": np.append(views, [2, 2])}
    posts = Posts.from_arrays(
        np.append(np.arange(400), [400, 401]),
        accounts=Ids.of_range(402),
        counts={**extra, "followers": np.append(followers, [500, 50_000])},
    )
    value = post_rates(posts)["by_views_shrunk"].to_numpy()
    assert value[400] == pytest.approx(0.1, rel=0.1)
    assert value[401] == pytest.approx(0.01, rel=0.25)


def test_a_log_gives_its_posts_with_followers_of_a_graph():
    log = Events.from_frame(
        {
            "actor": ["ada", "bob", "cem", "dan"],
            "action": ["post", "like", "reply", "repost"],
            "target": [None, "ada", "ada", "ada"],
            "post": ["p1"] * 4,
            "time": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
        }
    )
    follows = Graph.from_edges(["bob", "cem", "dan", "eve"], ["ada"] * 4)
    row = post_rates(log, graph=follows, backend="pyarrow").to_pylist()[0]
    assert (row["account"], row["post"], row["time"].year, row["by_followers"]) == ("ada", "p1", 2024, 0.75)
    assert row["reply_like_ratio"] == 1.0
    with pytest.raises(ParameterError, match="graph must be given beside a log alone"):
        post_rates(posts_from_events(log), graph=follows)


def test_what_cannot_be_had_is_refused():
    with pytest.raises(ParameterError, match=r"posts must give counts and what to hold them against.*there are: likes"):
        post_rates(of_two(likes=[1, 2, 3, 4]))
    with pytest.raises(ParameterError, match="of must be among the counts that the posts give, got 'shares'"):
        post_rates(of_two(likes=[1, 2, 3, 4], views=[9] * 4), of="shares")
    with pytest.raises(ParameterError, match="post_rates needs Posts"):
        post_rates([1])
