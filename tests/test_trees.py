"""Cascade trees against walks over every path, and the closed forms of stars and chains."""

from __future__ import annotations

import math

import numpy as np
import pytest

from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.graph import Graph
from swayrank.learning.trees import cascade_trees
from tests.logs import events_of, random_log
from tests.oracles import naive_lineage as naive


def parents_of(log, post, by, *, follows, named, fallback):
    shares = naive.shares(
        log.cascade(post), by, follows=follows, named=log.named[post] if named == "trust" else None, fallback=fallback
    )
    return {v: next(iter(owed), None) for v, owed in shares.items()}


@pytest.mark.parametrize("named", ["trust", "ignore"])
@pytest.mark.parametrize("with_graph", [False, True])
@pytest.mark.parametrize("by", ["first", "last"])
def test_trees_are_the_oracles(by, with_graph, named):
    for seed in range(8):
        crowded = {"n_accounts": 30, "p_arc": 0.7, "hours": 12}  # rows of followees longer than the cascades so far
        log = random_log(seed, **(crowded if seed % 4 == 3 else {"n_accounts": 14}))
        for fallback in ("none", "root"):
            trees = cascade_trees(
                log.events, graph=log.graph if with_graph else None, by=by, named=named, fallback=fallback
            )
            assert trees.post.tolist() == sorted(log.posts)
            table = trees.to_frame("polars").to_dicts()
            for row in table:
                follows = log.follows if with_graph else None
                parents = parents_of(log, row["post"], by, follows=follows, named=named, fallback=fallback)
                tree = trees.tree(row["post"])
                assert tree.accounts == [a for a, _ in naive.ordered(log.cascade(row["post"]))]
                found = [None if p is None else tree.accounts[p] for p in tree.parents]
                assert found == [parents[a] for a in tree.accounts]
                expected = naive.shape(parents)
                assert {name: row[name] for name in ("size", "n_roots", "depth", "breadth")} == {
                    name: expected[name] for name in ("size", "n_roots", "depth", "breadth")
                }
                assert row["virality"] == pytest.approx(expected["virality"], rel=1e-12, nan_ok=True)
                dated = [t for _, t in log.cascade(row["post"]) if t is not None]
                assert row["duration_hours"] == pytest.approx(max(dated) - min(dated))
                assert row["root"] == naive.ordered(log.cascade(row["post"]))[0][0]


@pytest.mark.parametrize("n", [2, 3, 10, 200])
def test_stars_and_chains(n):
    ev = events_of([(a, 0, a, None) for a in range(n)], n, 1)
    star, chain = cascade_trees(ev, by="first"), cascade_trees(ev, by="last")
    assert star.virality[0] == pytest.approx(2 * (n - 1) / n, rel=1e-12)
    assert chain.virality[0] == pytest.approx((n + 1) / 3, rel=1e-12)
    assert (star.depth[0], star.breadth[0], chain.depth[0], chain.breadth[0]) == (1, n - 1, n - 1, 1)


def test_a_forest_says_how_many_roots():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, None), (2, 0, 2, None), (3, 0, 3, None)], 4, 1)
    g = Graph.from_edges([1, 3], [0, 2], n_nodes=4)
    trees = cascade_trees(ev, graph=g)
    assert (trees.n_roots[0], trees.depth[0], trees.breadth[0], trees.virality[0]) == (2, 1, 2, 1.0)
    assert "1 with several roots" in repr(trees)
    assert cascade_trees(ev, graph=g, fallback="root").n_roots[0] == 1


def test_the_last_of_one_moment_is_the_first_in_public_order():
    ev = events_of([(0, 0, 0, None), (2, 0, 1, None), (1, 0, 1, None), (3, 0, 2, None)], 4, 1)
    assert cascade_trees(ev).tree(0).parents == [None, 0, 0, 1]
    g = Graph.from_edges([3, 3], [2, 1], n_nodes=4)
    assert cascade_trees(ev, graph=g).tree(0).parents == [None, None, None, 1]


def test_one_adoption_and_one_moment():
    trees = cascade_trees(events_of([(0, 0, 0, None), (0, 2, 1, None), (1, 2, 1, None)], 2, 4))
    assert trees.post.tolist() == [0, 2]
    assert trees.n_roots.tolist() == [1, 2]
    assert all(math.isnan(v) for v in trees.virality)
    assert trees.duration_hours.tolist() == [0.0, 0.0]


def test_bits_do_not_depend_on_the_engine(any_engine, monkeypatch):
    monkeypatch.setattr("swayrank.learning.lineage._CHUNKS", 5)
    log = random_log(11, n_accounts=12, n_posts=20)
    for graph in (None, log.graph):
        plain, other = (cascade_trees(log.events, graph=graph, **x) for x in ({"threads": 1}, any_engine))
        for name in ("parent", "depth", "breadth", "virality", "n_roots", "adoption_below"):
            assert getattr(plain, name).tobytes() == getattr(other, name).tobytes()


def test_a_tree_prints_and_makes_a_table():
    ev = events_of([(0, 0, 0, None), (1, 0, 1, 0), (2, 0, 2, 1), (3, 0, 2, 0)], 4, 1)
    tree = cascade_trees(ev).tree(0)
    assert repr(tree) == "post 0: 4 adoptions\n0\n  1\n    2\n  3"
    table = tree.to_frame("polars").to_dicts()
    assert [row["parent"] for row in table] == [None, 0, 1, 0]
    assert [row["n_below"] for row in table] == [3, 1, 0, 0]
    unknown = cascade_trees(events_of([(1, 0, 1, 0)], 2, 1)).tree(0).to_frame("polars").to_dicts()
    assert unknown[0]["time"] is None
    assert unknown[1]["time"].hour == 1
    long = cascade_trees(events_of([(a, 0, a, None) for a in range(60)], 60, 1)).tree(0)
    assert repr(long).endswith("... and 20 more")


def test_refusals():
    trees = cascade_trees(events_of([(0, 0, 0, None)], 1, 2))
    with pytest.raises(ParameterError, match="somebody adopted, got 1"):
        trees.tree(1)
    with pytest.raises(UnknownAccountError):
        trees.tree(7)
    with pytest.raises(ParameterError, match="by must be one of"):
        cascade_trees(events_of([(0, 0, 0, None)], 1, 1), by="split")
    with pytest.raises(ParameterError, match="cascade_trees needs Events"):
        cascade_trees(None)


def test_the_same_forest_under_other_numbers():
    """Relabelling accounts relabels trees where no two adopt at once."""
    draw = np.random.default_rng(4)
    rows = [(a, 0, t, None) for t, a in enumerate(draw.permutation(30).tolist())]
    arcs = draw.integers(0, 30, (200, 2))
    arcs = arcs[arcs[:, 0] != arcs[:, 1]]
    new = draw.permutation(30)
    one = cascade_trees(events_of(rows, 30, 1), graph=Graph.from_edges(arcs[:, 0], arcs[:, 1], n_nodes=30))
    moved = [(int(new[a]), p, t, target) for a, p, t, target in rows]
    renamed = Graph.from_edges(new[arcs[:, 0]], new[arcs[:, 1]], n_nodes=30)
    two = cascade_trees(events_of(moved, 30, 1), graph=renamed)
    assert one.parent.tolist() == two.parent.tolist()
    assert one.n_roots[0] > 1
