"""Search, order and weights of the service against slow, obvious ways, where numbers tie and are missing."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.ids import Ids
from swayrank.scoring.intervals import Intervals
from swayrank.scoring.keep import KeptScores, load_scores
from swayrank.scoring.metrics import spearman
from tests.serving import result_in

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")
from swayrank.service.listing import GROUPS_LISTED, Wanted, find
from swayrank.service.names import NameIndex
from swayrank.service.prepared import Prepared
from swayrank.service.published import Facet, Published
from swayrank.service.views import reweighted

N = 300
NAMES = [f"{'Ab' if k % 3 else 'xa'}{(k * 7919) % 1000:03d}{'İ' if k % 50 == 7 else ''}" for k in range(N)]


class Tied(KeptScores):
    """A run in which half of all numbers tie and some are missing."""

    def accounts(self):
        rng = np.random.default_rng(3)
        counts = {name: rng.integers(0, 6, N) for name in ("followers", "following", "reactions", "engagers", "posts")}
        table = {name: pa.array(values, mask=values == 5) for name, values in counts.items()}
        groups = {"community": pa.array([k % 7 or None for k in range(N)]), "tier": pa.array(["q1", None] * (N // 2))}
        return pa.table({"account": self.ids.to_arrow(), **table, **groups})


def mean_of_parts(parts, weights):
    """Account by account: the weighted mean of the parts that are there."""
    means = []
    for row in zip(*(parts[name] for name in weights), strict=True):
        there = [(w, x) for w, x in zip(weights.values(), row, strict=True) if not np.isnan(x)]
        total = sum(w for w, _ in there)
        means.append(sum(w * x for w, x in there) / total if total else np.nan)
    return np.array(means)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    kept = load_scores(result_in(tmp_path_factory.mktemp("tied"), n=60))
    rng = np.random.default_rng(5)
    parts = {name: rng.integers(0, 8, N) * 12.5 for name in kept.parts}
    parts["spread"][rng.random(N) < 0.1] = np.nan
    score = mean_of_parts(parts, kept.weights)
    order = np.argsort(-score, kind="stable")
    parts = {name: values[order] for name, values in parts.items()}
    score = score[order]
    rank = np.arange(1, N + 1, dtype=np.uint32)
    score[-30:], rank[-30:] = np.nan, 0
    ends = (score - 5, score + 5)
    intervals = Intervals(0.9, 20, ends, dict.fromkeys(parts, ends), (rank, rank), rank > 0, {})
    given = {name: getattr(kept, name) for name in ("reference", "manifest", "folder")}
    return Published(
        Tied(Ids.from_values(NAMES), score, rank, parts, parts, parts, None, intervals, **given)  # type: ignore[arg-type]
    )


def places(result, **wanted):
    return find(result, Wanted(**wanted))[0].tolist()


@pytest.mark.parametrize("name", ["score", "followers", "spread", "rank", "score_low", "reactions"])
@pytest.mark.parametrize("descending", [False, True])
def test_order_is_by_the_column_then_by_rank_and_missing_last(result, name, descending):
    values = [result.row(i) for i in range(N)]
    cells = [
        row["parts"][name]["scaled"] if name in row["parts"] else {**row, **result.whole_row(i)["evidence"]}[name]
        for i, row in enumerate(values)
    ]
    there = sorted((i for i in range(N) if cells[i] is not None), key=lambda i: -cells[i] if descending else cells[i])
    missing = [i for i in range(N) if cells[i] is None]
    assert places(result, sort=name, descending=descending) == there + missing
    assert missing or name in ("rank_low",)


def test_names_are_in_order_both_ways(result):
    upward = [NAMES[i].lower() for i in places(result, sort="account")]
    assert upward == sorted(name.lower() for name in NAMES)
    assert places(result, sort="account", descending=True) == places(result, sort="account")[::-1]


def test_search_takes_names_with_accents_or_without():
    index = NameIndex(Ids.from_values(["Muller", "Müller, Anna", "Anna MÜLLER", "Müller", "bob", "straße"]))
    assert index.matching("MULLER").tolist() == [4, 2, 1, 3, 0, 0]
    assert index.matching("müller").tolist() == [3, 2, 1, 4, 0, 0]
    assert index.matching("mu\u0308ller").tolist() == [3, 2, 1, 3, 0, 0]
    assert index.matching("STRASSE").tolist() == [0, 0, 0, 0, 0, 4]
    assert not index.matching("\u0308").any()
    assert np.argsort(index.places).tolist() == [2, 4, 0, 3, 1, 5]


@pytest.mark.parametrize("text", ["ab", "AB1", "a", "91", "xa000", "İ", "zzz", "%", "[0-9]"])
def test_search_is_a_substring_in_any_case_beginnings_first(result, text):
    names, wanted = [name.lower().replace("\u0307", "") for name in NAMES], text.lower().replace("\u0307", "")
    worth = [3 if name == wanted else 2 if name.startswith(wanted) else 1 if wanted in name else 0 for name in names]
    assert places(result, q=text) == sorted((i for i in range(N) if worth[i]), key=lambda i: -worth[i])


def test_an_order_is_filtered_as_a_list_would_be(result):
    whole = places(result, sort="followers", descending=True)
    kept = [i for i in whole if result.row(i)["tier"] == "q1" and "a" in NAMES[i].lower()]
    assert places(result, sort="followers", descending=True, tier=["q1"], q="a") == kept


def test_few_orders_are_remembered(result):
    for name in result.sortable:
        for upward in (True, False):
            result.order(name, upward=upward)
    assert len(result._orders) == 6


def test_an_unknown_column_is_refused_with_the_known(result):
    with pytest.raises(ParameterError, match=r"account, .*followers, .*score"):
        places(result, sort="fame")


def test_facets_are_ordered_by_size_and_know_who_is_in_none():
    facet = Facet(pa.chunked_array([["b", None, "a", "b"], ["c", "a", "b"]]))
    assert facet.groups == ["b", "a", "c"]
    assert [facet.value(i) for i in range(7)] == ["b", None, "a", "b", "c", "a", "b"]
    among = np.array([0, 1, 1, 0, 1, 1, 0], bool)
    assert facet.counts(among, 5) == ([{"value": "a", "count": 2}, {"value": "c", "count": 1}], 0)
    assert facet.counts(among, 1) == ([{"value": "a", "count": 2}], 1)
    assert facet.counts(among, 1, ["c", "b", "nothing"]) == (
        [{"value": "a", "count": 2}, {"value": "c", "count": 1}],
        0,
    )
    assert facet.among(["b", "nothing"]).tolist() == [True, False, False, True, False, False, True]
    assert Facet(np.array([None, None], object)).value(1) is None


def test_of_many_communities_the_largest_are_counted_and_those_asked_for(result):
    """A graph may fall into tens of thousands: each page of a list would carry a megabyte of them."""
    many = copy.copy(result)
    many.facets = {**result.facets, "community": Facet(np.minimum(np.arange(N), N - 100))}  # all of one but the last
    _, facets = find(many, Wanted())
    assert len(facets.listed["community"]) == GROUPS_LISTED
    assert facets.listed["community"][0] == {"value": N - 100, "count": 100}
    assert facets.more == {"community": N - 99 - GROUPS_LISTED}
    asked = find(many, Wanted(community=["99"]))[1]  # the last by name of those that have one account
    assert asked.listed["community"][GROUPS_LISTED:] == [{"value": 99, "count": 1}]
    assert not asked.more


@pytest.mark.parametrize("weights", [{"reach": 1}, {"reach": 1, "resonance": 2, "spread": 4}, {"spread": 1}])
def test_the_correlation_with_other_weights_gives_ties_their_mean(result, weights):
    kept, used = result.kept, {name: weights.get(name, 0) / sum(weights.values()) for name in result.kept.parts}
    now = mean_of_parts(kept.parts, used)
    both = (kept.rank > 0) & ~np.isnan(now)
    assert len(np.unique(now[both])) < both.sum() / 2  # many ties
    got = reweighted(result, weights, 20)
    assert got["spearman"] == pytest.approx(spearman(now[both], kept.score[both]))
    best = sorted(np.flatnonzero(both), key=lambda i: (-now[i], i))[:20]
    assert [item["account"] for item in got["items"]] == [NAMES[i] for i in best]
    assert got["entered"] == [NAMES[i] for i in best if i >= 20]
    assert got["left"] == [NAMES[i] for i in range(20) if i not in best]


def test_an_apostrophe_for_spreadsheets_is_no_part_of_a_name():
    index = NameIndex(ids := Ids.from_values(["@ada", "=x", "'=x"]))
    assert [index.position(name) for name in ("@ada", "'@ada", "'=x")] == [0, 0, 2]
    assert index.find("'ada") is None
    graph = SimpleNamespace(ids=ids, n_nodes=len(ids))
    prepared = SimpleNamespace(_graph=graph, result=SimpleNamespace(names=index))
    assert Prepared._found(prepared, ["'@ada", "@ada", "'=x"])[0].ids == ("@ada", "'=x")
    with pytest.raises(UnknownAccountError, match='no account "\'@bob"'):
        Prepared._found(prepared, ["'@ada", "'@bob"])
