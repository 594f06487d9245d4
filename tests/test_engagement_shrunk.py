"""Shrunk variants of the counts per post, of the share of repeat engagers, and of replies by likes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.measures.engagement import shrinkage
from swayrank.measures.engagement.diversity import repeat_engager_share
from swayrank.measures.engagement.per_post import amplification, applause, conversation, reply_like_ratio
from swayrank.measures.engagement.shrinkage import Prior
from swayrank.measures.engagement.tiers import peer_tiers

KINDS = {"applause": ("like",), "conversation": ("reply",), "amplification": ("repost", "quote")}
MEASURES = {"applause": applause, "conversation": conversation, "amplification": amplification}


def log_of(rows):
    names = ("actor", "action", "target", "post")
    return Events.from_frame({name: [row[i] for row in rows] for i, name in enumerate(names)})


def ends(measure, account):
    at = list(measure.ids).index(account)
    return measure.interval[0][at], measure.interval[1][at]


@pytest.mark.parametrize("name", MEASURES)
def test_counts_per_post_have_the_conjugate_posterior_of_all_posts(name, monkeypatch):
    """Five reactions to two of ada's three posts, under Gamma(2, 4)."""
    monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model: Prior("gamma_poisson", 2.0, 4.0))
    kinds = KINDS[name]
    rows = [(f"u{i}", kinds[i % len(kinds)], "ada", "p1" if i < 3 else "p2") for i in range(5)]
    rows += [("ada", "post", None, "p3"), ("bob", "mention", "ada", "p1"), ("ada", kinds[0], "ada", "p1")]
    m = MEASURES[name](log_of(rows), average="shrunk", confidence=0.9)
    exact = stats.gamma(2 + 5, scale=1 / (4 + 3))
    assert m.value("ada") == pytest.approx(exact.mean(), rel=2e-4)
    assert ends(m, "ada") == pytest.approx(tuple(exact.ppf([0.05, 0.95])), abs=0.01 * exact.std())
    assert np.isnan(m.value("bob"))
    assert MEASURES[name](log_of(rows)).value("ada") == pytest.approx(5 / 3)
    assert MEASURES[name](log_of(rows)).interval is None


def test_replies_by_likes_are_the_odds_of_a_share(monkeypatch):
    """Two replies and six likes, one of them of no post, under Beta(1, 3)."""
    monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model: Prior("beta_binomial", 1.0, 3.0))
    rows = [(f"u{i}", "reply" if i < 2 else "like", "ada", "p1" if i < 5 else None) for i in range(8)]
    rows += [("ada", "reply", "ada", "p1"), ("u1", "repost", "ada", "p1"), ("u1", "reply", "bob", "p2")]
    m = reply_like_ratio(log_of(rows), average="shrunk")
    share = stats.beta(1 + 2, 3 + 6)
    low, high = share.ppf([0.025, 0.975])
    assert m.value("ada") == pytest.approx(3 / 9, rel=1e-3)
    assert ends(m, "ada") == pytest.approx((low / (1 - low), high / (1 - high)), rel=0.01)
    assert m.value("bob") == pytest.approx(2 / 3, rel=1e-3)  # a reply and no like: no ratio, but odds
    assert np.isnan(reply_like_ratio(log_of(rows)).value("bob"))
    assert reply_like_ratio(log_of(rows)).value("ada") == pytest.approx(2 / 6)


def test_repeat_engagers_are_shrunk_over_engagers(monkeypatch):
    """Of four engagers one came back, under Beta(2, 6)."""
    monkeypatch.setattr(shrinkage, "fit_prior", lambda rows, model: Prior("beta_binomial", 2.0, 6.0))
    rows = [(who, "like", "ada", None) for who in ("u1", "u1", "u1", "u2", "u3", "u4")]
    m = repeat_engager_share(log_of(rows), average="shrunk")
    exact = stats.beta(2 + 1, 6 + 3)
    assert m.value("ada") == pytest.approx(exact.mean(), rel=2e-4)
    assert ends(m, "ada") == pytest.approx(tuple(exact.ppf([0.025, 0.975])), abs=0.01 * exact.std())
    assert np.isnan(m.value("u1"))
    assert repeat_engager_share(log_of(rows)).value("ada") == 0.25


@pytest.mark.parametrize("function", [applause, reply_like_ratio, repeat_engager_share])
def test_peers_may_come_from_a_graph(function):
    rows = [("ada", "like", "bob", "p1"), ("cem", "reply", "bob", "p2"), ("bob", "like", "ada", "p3")]
    tiers = peer_tiers(Graph.from_edges(["ada", "cem"], ["bob", "bob"]), cuts={"small": 0, "large": 2})
    m = function(log_of(rows), average="shrunk", tiers=tiers)
    assert set(m.params["priors"]) == {"small", "large"}
    with pytest.raises(ParameterError, match="tiers and kinds need followers"):
        function(log_of(rows), average="shrunk", tiers="quantiles")
    with pytest.raises(ParameterError, match="average must be one of"):
        function(log_of(rows), average="lowest")


def test_intervals_of_repeat_engagers_and_of_replies_by_likes_cover():
    """Two hundred accounts of known shares: 95 % intervals hold nine tenths of them at least."""
    rng = np.random.default_rng(12)
    repeat, reply = rng.beta(4, 8, 200), rng.beta(4, 8, 200)
    rows = []
    for account in range(200):
        for engager in range(rng.integers(5, 60)):
            action = "reply" if rng.random() < reply[account] else "like"
            rows.append((f"e{engager}", action, f"a{account}", f"p{account}"))
            if rng.random() < repeat[account]:
                rows.append((f"e{engager}", "mention", f"a{account}", None))
    log = log_of(rows)
    for measure, truth in (
        (repeat_engager_share(log, average="shrunk"), repeat),
        (reply_like_ratio(log, average="shrunk"), reply / (1 - reply)),
    ):
        held = [low <= truth[i] <= high for i in range(200) for low, high in [ends(measure, f"a{i}")]]
        assert 0.9 <= np.mean(held) <= 0.99
