"""Peer tiers by followers, brands apart from persons, percentiles within tiers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.events import NO_TIME, Posts
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures._measure import Measure
from swayrank.measures.engagement.tiers import PEER_TIERS, peer_tiers, percentile_within
from tests.oracles import naive_rates as naive

NAN = math.nan


def test_usual_cuts_belong_to_the_larger_tier():
    followers = {"a": 0, "b": 9_999, "c": 10_000, "d": 99_999.5, "e": 100_000, "f": 500_000, "g": 1_000_000, "h": NAN}
    tiers = peer_tiers(followers)
    assert [tiers.of(a) for a in "abcdefgh"] == ["nano", "nano", "micro", "micro", "mid", "macro", "mega", None]
    assert tiers.counts == {"nano": 2, "micro": 2, "mid": 1, "macro": 1, "mega": 1, "unknown": 1}
    assert dict(tiers.cuts) == dict(PEER_TIERS)
    assert tiers.to_frame("pyarrow")["tier"].to_pylist()[-2:] == ["mega", None]
    assert tiers.to_frame("polars")["followers"].to_list()[-1] is None


def test_own_cuts():
    tiers = peer_tiers({"a": 4, "b": 5, "c": 60}, cuts={"small": 0, "large": 5})
    assert [tiers.of(a) for a in "abc"] == ["small", "large", "large"]


def test_quarters_of_a_small_network():
    tiers = peer_tiers({f"u{i}": i for i in range(1, 101)}, cuts="quantiles")
    assert tiers.counts == {"q1": 25, "q2": 25, "q3": 25, "q4": 25}
    assert dict(tiers.cuts) == {"q1": 0, "q2": 26, "q3": 51, "q4": 76}


def test_where_most_have_nobody_the_others_share_the_tiers():
    tiers = peer_tiers({f"u{i}": max(0, i - 90) for i in range(100)}, cuts="quantiles")
    assert tiers.counts == {"q1": 91, "q2": 3, "q3": 3, "q4": 3}
    few = peer_tiers({"a": 0, "b": 0, "c": 0, "d": 2, "e": 5}, cuts="quantiles")
    assert dict(few.cuts) == {"q1": 0, "q2": 2, "q3": 5}
    assert peer_tiers({"a": 3, "b": 3, "c": 3}, cuts="quantiles").counts == {"q1": 0, "q2": 3}


def test_followers_come_from_the_newest_row_that_knows_them():
    posts = Posts.from_arrays(
        [0, 0, 0, 1, 1, 2],
        accounts=Ids.from_values(["a", "b", "c"]),
        counts={"followers": [90, 30, NAN, 8, 7, NAN]},
        time=np.array([5, 9, 12, NO_TIME, NO_TIME, 3]),
    )
    assert peer_tiers(posts).followers.tolist()[:2] == [30, 8]
    assert math.isnan(peer_tiers(posts).followers[2])


def test_followers_of_a_graph_and_of_a_measure():
    graph = Graph.from_edges(["bob", "cem", "ada"], ["ada", "ada", "bob"])
    tiers = peer_tiers(graph, cuts={"none": 0, "one": 1, "two": 2})
    assert [tiers.of(a) for a in ("ada", "bob", "cem")] == ["two", "one", "none"]
    measure = Measure("followers", np.array([3.0, NAN]), Ids.from_values(["ada", "bob"]))
    assert peer_tiers(measure).tier.tolist() == [0, -1]


def test_brands_apart_from_persons_where_told():
    followers = {"ada": 5, "acme": 20_000, "bob": 20_000, "cem": 20_000, "zed": NAN}
    tiers = peer_tiers(followers, kinds={"acme": "brand", "bob": "person", "zed": "brand"})
    assert [tiers.of(a) for a in followers] == ["nano", "brand micro", "person micro", "micro", None]
    assert [line.split() for line in repr(tiers).splitlines()][3] == ["brand", "micro", "10,000", "1"]


def test_kinds_find_numbers_however_spelled():
    assert peer_tiers({7: 1.0, 8: 1.0}, kinds={"7": "brand"}).of(7) == "brand nano"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kinds": {"acmee": "brand"}}, r"kinds names an account that is not there: 'acmee' \(did you mean 'acme'"),
        ({"kinds": {"acme": "Brand"}}, "kinds must be 'brand' or 'person', got 'Brand' for 'acme'"),
        ({"kinds": ["acme"]}, "kinds must map accounts to 'brand' or 'person', got list"),
        ({"cuts": "usuall"}, "cuts must be 'usual', 'quantiles', or names with numbers of followers, got 'usuall'"),
        ({"cuts": {}}, "cuts must ascend from 0"),
        ({"cuts": {"small": 1}}, "cuts must ascend from 0"),
        ({"cuts": {"a": 0, "b": 9, "c": 9}}, "cuts must ascend from 0"),
        ({"cuts": {"a": 0, "b": NAN}}, "cuts must ascend from 0"),
        ({"cuts": {"a": 0, "b": math.inf}}, "cuts must ascend from 0"),
        ({"cuts": {"a": 0, "b": "many"}}, "followers must be numbers, got 'many'"),
        ({"cuts": {"a": 0, "unknown": 9}}, "cuts must name tiers by single words"),
        ({"cuts": {"brand a": 0}}, "cuts must name tiers by single words"),
        ({"cuts": 5}, "cuts must be 'usual'"),
    ],
)
def test_wrong_tiers_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        peer_tiers({"acme": 5, "bob": 6}, **options)


@pytest.mark.parametrize("followers", [{"a": -1}, {"a": math.inf}, {"a": "x"}, [1, 2], None, "posts.csv"])
def test_wrong_followers_are_refused(followers):
    with pytest.raises(ParameterError, match="must be"):
        peer_tiers(followers)


def test_quantiles_need_followers():
    with pytest.raises(ParameterError, match="needs numbers of followers"):
        peer_tiers({"a": NAN}, cuts="quantiles")


VALUES = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 2.5, 7.0, NAN]), st.sampled_from([5.0, 20_000.0, NAN])),
    min_size=1,
    max_size=30,
)


@given(VALUES)
def test_percentiles_equal_the_oracle(rows):
    tiers = peer_tiers({f"u{i}": followers for i, (_, followers) in enumerate(rows)})
    measure = Measure("m", np.array([value for value, _ in rows]), tiers.ids)
    got = percentile_within(measure, tiers).values
    values = [None if math.isnan(value) else value for value, _ in rows]
    expected = naive.percentiles(values, [tiers.of(f"u{i}") for i in range(len(rows))])
    assert [None if math.isnan(p) else p for p in got.tolist()] == pytest.approx(expected)


def test_percentiles_by_hand():
    tiers = peer_tiers({"a": 1, "b": 2, "c": 3, "d": 4, "e": 1e6})
    measure = Measure("likes", np.array([1, 2, 2, 9, 5]), tiers.ids)
    m = percentile_within(measure, tiers)
    assert m.values.tolist() == [12.5, 50.0, 50.0, 87.5, 50.0]
    assert m.name == "likes_percentile"


def test_the_measure_may_be_of_some_accounts_in_another_order():
    tiers = peer_tiers({"a": 1, "b": 2, "c": 3})
    measure = Measure("likes", np.array([5.0, 1.0]), Ids.from_values(["c", "a"]))
    assert percentile_within(measure, tiers).values.tolist() == [75.0, 25.0]
    with pytest.raises(UnknownAccountError):
        percentile_within(Measure("likes", np.array([5.0]), Ids.from_values(["zed"])), tiers)
