"""Attribution and casIn against pairs, matrices and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from swayrank.engines import resolve_engine
from swayrank.errors import ParameterError
from swayrank.events import Events
from swayrank.graph import Graph
from swayrank.learning.attribution import attribute, attribute_arcs
from swayrank.learning.casin import casin
from swayrank.learning.lineage import Lineage
from swayrank.learning.shares import shares_of
from swayrank.learning.trees import cascade_trees
from tests.logs import events_of, random_log, read_cascades, told_cascades
from tests.oracles import naive_lineage as naive

RULES = ("split", "first", "last", "time_weighted")
SEEDS = range(6)
HALF_LIFE = 1.7


def dealt(log, by, **options):
    """The oracle's shares by post."""
    named = options.pop("named", None)
    return {
        post: naive.shares(
            log.cascade(post), by, HALF_LIFE, named=log.named[post] if named == "trust" else None, **options
        )
        for post in log.posts
    }


def credit_of(log, shares):
    """Credit and number of adoptions by account, and by (adopter, source)."""
    credit, count, arcs = {}, {}, {}
    for by_adopter in shares.values():
        for v, owed in by_adopter.items():
            for u, share in owed.items():
                credit[u] = credit.get(u, 0.0) + share
                count[u] = count.get(u, 0) + 1
                total, posts = arcs.get((v, u), (0.0, 0))
                arcs[v, u] = (total + share, posts + 1)
    return [credit.get(a, 0.0) for a in log.accounts], [count.get(a, 0) for a in log.accounts], arcs


@pytest.mark.parametrize("named", ["trust", "ignore"])
@pytest.mark.parametrize("with_graph", [False, True])
@pytest.mark.parametrize("by", RULES)
def test_credit_is_the_oracles(by, with_graph, named):
    for seed in SEEDS:
        log = random_log(seed)
        for fallback in ("root", "none") if with_graph else ("root",):
            options = {"named": named, "fallback": fallback}
            graph = log.graph if with_graph else None
            found = attribute(log.events, graph=graph, by=by, half_life_hours=HALF_LIFE, **options)
            shares = dealt(log, by, follows=log.follows if with_graph else None, **options)
            credit, count, arcs = credit_of(log, shares)
            np.testing.assert_allclose(found.credit, credit, rtol=1e-12, atol=1e-12)
            assert found.n_credited.tolist() == count
            owed_to_none = sum(not owed for by_adopter in shares.values() for owed in by_adopter.values())
            assert found.n_unattributed == owed_to_none
            table = attribute_arcs(log.events, graph=graph, by=by, half_life_hours=HALF_LIFE, **options)
            pairs = list(zip(table.adopter.tolist(), table.source.tolist(), strict=True))
            assert pairs == sorted(arcs)
            np.testing.assert_allclose(table.credit, [arcs[pair][0] for pair in pairs], rtol=1e-12)
            assert table.n_posts.tolist() == [arcs[pair][1] for pair in pairs]


def test_names_are_trusted_without_a_graph_only():
    log = random_log(3)
    assert attribute(log.events).params["named"] == "trust"
    assert attribute(log.events).credit.tolist() == attribute(log.events, named="trust").credit.tolist()
    with_graph = attribute(log.events, graph=log.graph)
    assert with_graph.n_named == 0 < attribute(log.events, graph=log.graph, named="trust").n_named
    assert with_graph.credit.tolist() == attribute(log.events, graph=log.graph, named="ignore").credit.tolist()


def test_a_name_that_adopted_later_is_not_believed():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, 2), (2, 0, 2, None)], 3, 1)
    found = attribute(ev)
    assert found.n_named == 0
    assert found.credit.tolist() == [1.5, 0.5, 0.0]


def test_of_rows_at_one_moment_the_first_is_believed():
    rows = [(0, 0, 0, None), (2, 0, 0.5, None), (1, 0, 1, 0), (1, 0, 1, 2)]
    assert attribute(events_of(rows, 3, 1)).credit.tolist() == [2.0, 0.0, 0.0]
    rows[2:] = rows[:1:-1]
    assert attribute(events_of(rows, 3, 1)).credit.tolist() == [1.0, 0.0, 1.0]


def test_the_named_account_was_first_at_an_unknown_moment():
    found = attribute(events_of([(1, 0, 1, 0), (2, 0, 2, None)], 3, 1))
    assert found.credit.tolist() == [1.5, 0.5, 0.0]
    assert found.n_adoptions.tolist() == [1, 1, 1]


@pytest.mark.parametrize("by", RULES)
def test_bits_do_not_depend_on_the_engine(by, any_engine, monkeypatch):
    monkeypatch.setattr("swayrank.learning.lineage._CHUNKS", 5)
    log = random_log(11, n_accounts=12, n_posts=20)
    for graph in (None, log.graph):
        plain = attribute(log.events, graph=graph, by=by, threads=1)
        assert attribute(log.events, graph=graph, by=by, **any_engine).credit.tobytes() == plain.credit.tobytes()
        plain = casin(log.events, graph=graph, threads=1)
        assert casin(log.events, graph=graph, **any_engine).values.tobytes() == plain.values.tobytes()


def test_no_gap_makes_odds_vanish():
    """A gap of a million half-lives: all earlier ones are as good as nothing, and still share as before it."""
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None), (2, 0, 1e6, None), (3, 0, 1e6 + 1, None)], 4, 1)
    found = attribute(ev, by="time_weighted", half_life_hours=1)
    np.testing.assert_allclose(found.credit, [1 + 1 / 3, 2 / 3, 1, 0], rtol=1e-12)
    np.testing.assert_allclose(attribute_arcs(ev, by="time_weighted", half_life_hours=1).credit.sum(), 3, rtol=1e-12)
    np.testing.assert_allclose(casin(ev, half_life_hours=1).values, [4, 1 + 2 / 3 * 2, 2, 1], rtol=1e-12)


@pytest.mark.parametrize("with_graph", [False, True])
def test_the_limits_of_decay_are_last_and_split(with_graph):
    ev = events_of([(a, 0, 1.5 * a, None) for a in range(6)] + [(a, 1, 6 - a, None) for a in range(6)], 6, 2)
    draw = np.random.default_rng(1)
    arcs = np.array([(v, u) for v in range(6) for u in range(6) if u != v and draw.random() < 0.7])
    g = Graph.from_edges(arcs[:, 0], arcs[:, 1], n_nodes=6) if with_graph else None
    for half_life, by in ((5e-324, "last"), (1e-6, "last"), (1e12, "split"), (1e308, "split")):
        found = attribute(ev, graph=g, by="time_weighted", half_life_hours=half_life).credit
        np.testing.assert_allclose(found, attribute(ev, graph=g, by=by).credit, rtol=1e-9)


@pytest.mark.parametrize("by", ["split", "time_weighted"])
def test_sums_are_those_of_the_pairs_in_a_long_post(by):
    draw = np.random.default_rng(5)
    hours = np.sort(draw.exponential(0.5, 700).cumsum().round(1))
    ev = events_of([(a, 0, t, None) for a, t in enumerate(hours.tolist())], 700, 1)
    arcs = attribute_arcs(ev, by=by, half_life_hours=3)
    found = attribute(ev, by=by, half_life_hours=3)
    np.testing.assert_allclose(found.credit, np.bincount(arcs.source, arcs.credit, 700), rtol=1e-9, atol=1e-12)
    assert found.n_credited.tolist() == np.bincount(arcs.source, minlength=700).tolist()


# -- casIn -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_graph", [False, True])
def test_casin_is_the_matrix(with_graph):
    for seed in SEEDS:
        log = random_log(seed)
        shares = dealt(log, "time_weighted", follows=log.follows if with_graph else None)
        sizes = {post: naive.subtree_sizes(log.cascade(post), by_adopter) for post, by_adopter in shares.items()}
        each = [[by_account[a] for by_account in sizes.values() if a in by_account] for a in log.accounts]
        options = {"graph": log.graph if with_graph else None, "half_life_hours": HALF_LIFE}
        found = casin(log.events, by="sum", **options)
        np.testing.assert_allclose(found.values, [sum(x) for x in each], rtol=1e-12)
        found = casin(log.events, by="mean", **options)
        np.testing.assert_allclose(found.values, [sum(x) / len(x) if x else math.nan for x in each], rtol=1e-12)


def test_casin_weighs_followers():
    """Odds in proportion to followers at the adoption's own row; unknown and 0 count as 1."""
    rows = [(0, 0, 0, None), (1, 0, 1, None), (2, 0, 2, None), (3, 0, 3, None), (1, 0, 9, None)]
    followers = np.array([30.0, 10.0, math.nan, 5.0, 1e9])
    ev = events_of(rows, 4, 1, followers_at_time=followers)
    weight = {0: 30.0, 1: 10.0, 2: 1.0, 3: 5.0}
    shares = naive.shares([(0, 0), (1, 1), (2, 2), (3, 3)], "time_weighted", HALF_LIFE, weight=weight)
    sizes = naive.subtree_sizes([(0, 0), (1, 1), (2, 2), (3, 3)], shares)
    found = casin(ev, weigh="followers", half_life_hours=HALF_LIFE)
    np.testing.assert_allclose(found.values, [sizes[a] for a in range(4)], rtol=1e-12)
    assert not np.allclose(found.values, casin(ev, half_life_hours=HALF_LIFE).values)


def test_casin_takes_the_graphs_followers():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None), (2, 0, 2, None)], 3, 1)
    g = Graph.from_edges([2, 2, 1], [0, 1, 0], n_nodes=3)  # two followers of 0, one of 1
    share = 2 * 0.25 / (2 * 0.25 + 1 * 0.5)
    found = casin(ev, graph=g, weigh="followers", half_life_hours=1)
    np.testing.assert_allclose(found.values, [3, 1 + 1 - share, 1], rtol=1e-12)


def test_a_root_s_influence_is_all_that_came_after():
    ev = events_of([(a, 0, a, None) for a in range(50)], 50, 1)
    assert casin(ev).value(0) == pytest.approx(50)


# -- edges and refusals ------------------------------------------------------------------------------------------------


def test_one_moment_gives_no_credit():
    ev = events_of([(a, 0, 1, None) for a in range(4)], 5, 2)
    for by in RULES:
        assert attribute(ev, by=by).credit.tolist() == [0.0] * 5
        assert len(attribute_arcs(ev, by=by)) == 0
    assert casin(ev, by="sum").values.tolist() == [1, 1, 1, 1, 0]


def test_a_graph_without_arcs_falls_back_on_the_root():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None), (2, 0, 2, None)], 3, 1)
    g = Graph.from_edges(np.zeros(0, np.uint32), np.zeros(0, np.uint32), n_nodes=3)
    for by in RULES:
        found = attribute(ev, graph=g, by=by)
        assert (found.credit.tolist(), found.n_fallback, found.n_unattributed) == ([2.0, 0.0, 0.0], 2, 1)
        assert attribute(ev, graph=g, by=by, fallback="none").n_unattributed == 3


def test_others_than_the_graphs_accounts_are_left_out():
    ev = Events.from_frame(
        {"actor": ["x", "a", "b"], "action": ["post", "repost", "repost"], "post": ["p"] * 3, "time": [1, 2, 3]}
    )
    found = attribute(ev, graph=Graph.from_edges(["b"], ["a"]))
    assert found.params["unknown_account"] == 1
    assert dict(zip(found.ids, found.credit.tolist(), strict=True)) == {"b": 0.0, "a": 1.0}


@pytest.mark.parametrize("function", [attribute, attribute_arcs, casin])
def test_wrong_logs_are_refused_by_name(function):
    good = events_of([(0, 0, 0, None), (1, 0, 1, None)], 2, 1)
    with pytest.raises(ParameterError, match=f"{function.__name__} needs Events"):
        function("log.csv")
    with pytest.raises(ParameterError, match=f"{function.__name__} needs a Graph"):
        function(good, graph=[(0, 1)])
    with pytest.raises(ParameterError, match="with a post and a time"):
        function(Events.from_frame({"actor": ["a"], "action": ["post"]}))
    with pytest.raises(ParameterError, match="accounts of the graph"):
        function(good, graph=Graph.from_edges(["x"], ["y"]))
    for half_life in (0, -1, math.nan, math.inf):
        with pytest.raises(ParameterError, match="half_life_hours must be in"):
            function(good, half_life_hours=half_life)
    with pytest.raises(ParameterError, match="by must be one of"):
        function(good, by="middle")


def test_followers_that_nobody_knows_are_refused():
    with pytest.raises(ParameterError, match="weigh='equal'"):
        casin(events_of([(0, 0, 0, None)], 1, 1), weigh="followers")


def test_too_many_pairs_are_refused_before_they_are_made():
    ev = events_of([(a, 0, a, None) for a in range(10)], 10, 1)
    with pytest.raises(ParameterError, match=r"at least 45, .* got 44"):
        attribute_arcs(ev, max_pairs=44)
    assert len(attribute_arcs(ev, max_pairs=45)) == 45
    assert len(attribute_arcs(ev, by="last", max_pairs=9)) == 9


def test_tables():
    ev = events_of([(a, 0, a, None) for a in range(12)], 12, 1)
    assert repr(attribute(ev)).endswith("... and 2 more")
    assert list(attribute(ev).to_frame()) == ["account", "credit", "n_credited", "n_adoptions"]
    assert list(attribute_arcs(ev).to_frame("polars").columns) == ["adopter", "source", "credit", "n_posts"]
    assert attribute(ev).measure.top(1)[0][0] == 0
    assert attribute(ev).credit.sum() == pytest.approx(11)


# -- truth -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told():
    return told_cascades(3, chance=0.15, mean_hours=4.0)


def share_of_truth(told, graph, by):
    """Mean share that goes to the true source, over adoptions that have one."""
    events, _, truth = told
    lineage = Lineage.of("test", events, graph)
    options = (by, 4.0 * math.log(2), lineage.named("ignore"), "root", resolve_engine(threads=1), None)
    shares = shares_of(lineage, *options)
    post, account = lineage.adoptions.post[lineage.order], lineage.cascades.account
    child = np.repeat(np.arange(lineage.n), shares.links.size)
    pairs = zip(post[child].tolist(), account[child].tolist(), account[shares.links.parent].tolist(), strict=True)
    right = np.array([truth[p][v] == u for p, v, u in pairs])
    n = sum(u is not None for source in truth.values() for u in source.values())
    return float(shares.share[right].sum()) / n, right, shares


def test_with_the_graph_and_the_right_decay_most_credit_goes_to_the_true_source(told):
    """What docs/attribution.md says of this world, where delays are exponential; without the graph it is a guess."""
    found = {by: round(share_of_truth(told, told[1], by)[0], 2) for by in RULES}
    assert found == {"last": 0.84, "time_weighted": 0.8, "split": 0.61, "first": 0.45}
    assert round(share_of_truth(told, None, "last")[0], 2) == 0.22


def test_shares_are_the_chances_of_being_the_source(told):
    """Calibration of time_weighted: of the links with a share near s, a part of s is true."""
    _, right, shares = share_of_truth(told, told[1], "time_weighted")
    open_to_doubt = shares.share < 1
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95)):
        inside = open_to_doubt & (shares.share >= low) & (shares.share < high)
        n, expected = int(inside.sum()), float(shares.share[inside].mean())
        assert n > 500
        assert abs(right[inside].mean() - expected) < 4 * math.sqrt(expected * (1 - expected) / n) + 0.01


# -- real data ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "n"), [("memetracker", 207_185), ("christianity", 14_738)])
def test_real_cascades(name, n, shared_data):
    """Every rule deals out the same total; the sums that see no pairs agree with the pairs; casIn covers each tree."""
    log, graph = read_cascades(shared_data / "cascades", name)
    split = attribute(log)
    assert split.n_adoptions.sum() == n
    for found in (attribute(log, by="time_weighted"), attribute(log, graph=graph), attribute(log, by="last")):
        assert found.credit.sum() == pytest.approx(n - split.n_unattributed, rel=1e-12)
    arcs = attribute_arcs(log, by="time_weighted")
    summed = np.bincount(arcs.source, arcs.credit, len(log.accounts))
    np.testing.assert_allclose(attribute(log, by="time_weighted").credit, summed, rtol=1e-9, atol=1e-9)
    roots = cascade_trees(log)
    alone = np.flatnonzero(roots.n_roots == 1)
    assert alone.size > 0.9 * len(roots)
    assert casin(log, by="sum").values.sum() >= roots.size[alone].sum()
