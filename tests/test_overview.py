"""What a run keeps to be looked at: against slow counts of the same data, read back, absent where it should be."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import InputError, ParameterError
from swayrank.overview import communities as communities_module
from swayrank.overview.activity import Bins, activity_over_time
from swayrank.overview.backbone import N_COLOURS, backbone, colours, first_of
from swayrank.overview.choice import accounts_to_show
from swayrank.overview.communities import Members, community_overview
from swayrank.report.activity import span_told
from swayrank.report.canvas import PALETTE
from swayrank.results import read_manifest
from swayrank.scoring.keep import load_scores
from swayrank.scoring.pictures import map_of

KEPT = ("accounts.parquet", "map.json", "communities.json", "activity.json")


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=300, rng=7)


@pytest.fixture(scope="module")
def scores(town):
    return sr.score(town.graph, town.events, n_replicates=None, rng=7)


@pytest.fixture(scope="module")
def kept(scores, tmp_path_factory):
    return load_scores(scores.save(tmp_path_factory.mktemp("kept")))


# -- activity over time ------------------------------------------------------------------------------------------------


def start_of(time, unit):
    """The bin of a time, in plain Python."""
    if unit == "hour":
        return time.strftime("%Y-%m-%dT%H:00:00Z")
    if unit == "week":
        time -= dt.timedelta(days=time.weekday())
    return time.strftime({"day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m-01", "year": "%Y-01-01"}[unit])


@pytest.mark.parametrize(
    ("days", "unit"), [(2, "hour"), (3.9, "hour"), (30, "day"), (1000, "week"), (5000, "month"), (30_000, "year")]
)
def test_activity_is_counted_as_by_hand(days, unit):
    rng = np.random.default_rng(3)
    first = dt.datetime(1990, 12, 30, 22, 17, tzinfo=dt.UTC)
    times = [first + dt.timedelta(days=float(x)) for x in [0, days, *rng.uniform(0, days, 200)]]
    actions = rng.choice(["like", "repost", "post"], len(times)).tolist()
    log = sr.Events.from_frame(
        {"actor": ["a"] * len(times), "action": actions, "target": ["b"] * len(times),
         "time": [time.replace(tzinfo=None).isoformat() for time in times]}
    )  # fmt: skip
    told = activity_over_time(log)
    assert told["bin"] == unit
    assert len(told["times"]) <= 400
    by_hand = defaultdict(Counter)
    for time, action in zip(times, actions, strict=True):
        by_hand[action][start_of(time, unit)] += 1
    assert told["times"] == sorted(set(told["times"]))
    for name, row in [*told["actions"].items(), ("post", told["posts"])]:
        assert {start: n for start, n in zip(told["times"], row, strict=True) if n} == dict(by_hand[name])
    assert told["times"][0] == start_of(first, unit)


def test_times_that_are_unknown_or_ages_ago():
    log = sr.Events.from_frame({"actor": ["a"] * 3, "action": ["like"] * 3, "target": ["b"] * 3,
                                "time": [None, "1000-01-01", "2026-01-01"]})  # fmt: skip
    told = activity_over_time(log)
    assert (told["bin"], len(told["times"]), told["undated"], told["before"]) == ("year", 400, 1, 1)
    assert told["times"][-1] == "2026-01-01"
    assert sum(told["actions"]["like"]) == 1
    assert told["posts"] is None
    undated = sr.Events.from_frame({"actor": ["a"], "action": ["like"], "target": ["b"], "time": [None]})
    assert activity_over_time(undated) is None
    assert Bins.of(5, 5).n == 1


def test_reactions_of_accounts_to_themselves_are_in_no_bin():
    rows = [("ada", "like", "ada"), ("ada", "reply", "ada"), ("bob", "like", "ada"), ("ada", "post", "ada"),
            ("bob", "like", "bob")]  # fmt: skip
    log = sr.Events.from_frame(
        dict(zip(("actor", "action", "target"), map(list, zip(*rows, strict=True)), strict=True))
        | {"time": ["2026-03-01T10:20:00"] * 4 + [None]}
    )
    told = activity_over_time(log)
    assert (told["actions"], told["own"]) == ({"like": [1]}, 2)  # the last has no time, and is counted so
    assert (told["posts"], told["undated"], told["before"]) == ([1], 1, 0)
    assert "2 reactions of accounts to themselves are left out" in span_told(told)
    hours = {**told, "bin": "hour", "times": ["2026-03-01T00:00:00Z", "2026-03-04T17:00:00Z"]}
    assert span_told(hours).startswith("2 hours (UTC), 2026-03-01 00:00 to 2026-03-04 17:00")
    assert "themselves" not in span_told({name: x for name, x in told.items() if name != "own"})  # of earlier runs


def test_activity_of_accounts_sums_to_their_reactions(scores, kept):
    told, counts = kept.activity(), kept.accounts()
    by_account = dict(zip(counts["account"].to_pylist(), counts["reactions"].to_pylist(), strict=True))
    assert {account: sum(row) for account, row in told["accounts"].items()} == by_account
    best = scores.top(1)[0].account
    of_best = [
        row for row in scores.evidence.events.to_arrow().to_pylist() if row["target"] == best and row["actor"] != best
    ]
    days = Counter(row["time"].strftime("%Y-%m-%d") for row in of_best)
    assert {day: n for day, n in zip(told["times"], told["accounts"][best], strict=True) if n} == dict(days)


# -- communities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [2, 50])
def test_communities_are_told_as_by_hand(monkeypatch, scores, most):
    monkeypatch.setattr(communities_module, "_ARCS_PER_CHUNK", 1000)
    background = scores.background
    found, graph = background.communities, background.attention_graph
    place = scores.evidence.graph_rows
    of = [int(found.of[row]) for row in place]
    members = Members(scores.ids, np.array(of), scores.score, scores.rank)
    told = community_overview(found, members, (graph, background.attention, background.of_attention_row), most=most)
    listed = min(most, len(found))
    group = ["rest" if c >= listed else "none" if c < 0 else c for c in of]
    flows = defaultdict(float)
    u, v = graph.edges()
    for follower, followed, share in zip(u, v, graph.column("probability"), strict=True):
        flows[group[followed], group[follower]] += share
    total = sum(flows.values())
    names = [*range(listed), "rest", "none"]
    for i, to in enumerate(names):
        for j, source in enumerate(names):
            assert told["flows"][i][j] == pytest.approx(flows[to, source] / total, abs=1e-6)
    for one in told["communities"]:
        c = one["community"]
        mine = [i for i in range(len(of)) if of[i] == c]
        assert one["members"] == len(mine)
        best = sorted((i for i in mine if scores.rank[i]), key=lambda i: scores.rank[i])
        assert [leader["account"] for leader in one["leaders"]] == [str(scores.ids[i]) for i in best[:5]]
        assert one["mean_score"] == pytest.approx(np.mean([scores.score[i] for i in best]), abs=1e-4)
        got = sum(flows[c, source] for source in names)
        assert one["attention_received"] == pytest.approx(got / total, abs=1e-6)
        assert one["inside"] == pytest.approx(flows[c, c] / got, abs=1e-6)
        top = sorted(names, key=lambda source: -flows[c, source])[0]
        assert one["from"][0]["community"] == top
    assert told["rest"]["members"] == sum(c >= listed for c in of)


# -- counts per account ------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_explanations(scores, kept):
    table = kept.accounts()
    assert table["account"].to_pylist() == kept.to_arrow()["account"].to_pylist()
    for row in table.to_pylist()[::23]:
        why = scores.explain(row["account"], enough=False)
        assert (row["followers"], row["reactions"], row["engagers"], row["posts"]) == (
            why.n_followers, why.n_reactions, why.n_engagers, why.n_posts,
        )  # fmt: skip
        assert row["following"] == scores.evidence.graph.out_degree[scores.evidence.graph.position(row["account"])]
        assert row["tier"] == scores.background.tiers.of(row["account"])
        assert row["community"] == scores.background.communities.community(row["account"])


def test_what_a_source_does_not_name_is_unknown_and_not_0(tmp_path):
    """Who is in no graph has no known followers; who was reacted to in posts that the log does not name, no posts."""
    graph = sr.Graph.from_edges([0, 1], [1, 0], n_nodes=2, ids=["a", "b"])
    rows = [("a", "post", None, "p1"), ("b", "like", "a", "p1"), ("a", "like", "b", None), ("a", "like", "c", None),
            ("d", "like", "a", "p1")]  # fmt: skip
    for named in (True, False):
        log = [(actor, action, target, post if named else None) for actor, action, target, post in rows]
        log = log if named else log[1:]
        columns = dict(zip(("actor", "action", "target", "post"), map(list, zip(*log, strict=True)), strict=True))
        times = [f"2026-01-0{i + 1}" for i in range(len(log))]
        events = sr.Events.from_frame({**columns, "time": times})
        scores = sr.score(graph, events, n_replicates=None, rng=7)
        kept = load_scores(scores.save(tmp_path / str(named)))
        told = {row["account"]: row for row in kept.accounts().to_pylist()}
        assert [told[name]["followers"] for name in "abcd"] == [1, 1, None, None]
        assert [told[name]["following"] for name in "abcd"] == [1, 1, None, None]
        assert [told[name]["reactions"] for name in "abcd"] == [2, 1, 1, 0]
        assert [told[name]["posts"] for name in "abcd"] == ([1, None, None, 0] if named else [None] * 4)


def test_what_no_source_tells_is_null(town, tmp_path):
    graph_alone = load_scores(sr.score(town.graph, n_replicates=None, rng=7).save(tmp_path / "graph"))
    table = graph_alone.accounts()
    assert all(table[name].null_count == len(table) for name in ("reactions", "engagers", "posts"))
    assert table["followers"].null_count == 0
    assert graph_alone.activity() is None
    assert graph_alone.manifest["overview"]["absent"] == {"activity.json": "there is no log"}
    assert graph_alone.map()["arcs_are"] == "follows"

    log_alone = load_scores(sr.score(None, town.events, n_replicates=None, rng=7).save(tmp_path / "log"))
    assert log_alone.accounts()["followers"].null_count == len(log_alone)
    assert log_alone.accounts()["reactions"].null_count == 0
    assert log_alone.map()["arcs_are"] == "reactions"
    assert log_alone.map()["title"].startswith("Who reacts to whom")

    posts = sr.generate("town", n=60, rng=7).posts
    posts_alone = load_scores(sr.score(None, None, posts, n_replicates=None, rng=7).save(tmp_path / "posts"))
    assert posts_alone.map() is posts_alone.communities() is posts_alone.activity() is None
    assert set(posts_alone.manifest["overview"]["absent"]) == {"map.json", "communities.json", "activity.json"}
    row = posts_alone.accounts().to_pylist()[0]
    of_it = [r for r in posts.to_arrow().to_pylist() if r["account"] == row["account"]]
    assert row["posts"] == len(of_it)
    assert row["reactions"] == sum((r[name] or 0) for r in of_it for name in ("likes", "comments", "shares"))
    assert (row["engagers"], row["community"]) == (None, None)
    with pytest.raises(ParameterError, match="keeps no map"):
        posts_alone.plot("map")


# -- the map -----------------------------------------------------------------------------------------------------------


def test_the_kept_map_is_that_of_the_scores(town, scores, kept):
    told, drawn = kept.map(), map_of(scores)
    n = len(told["accounts"])
    assert all(len(told[name]) == n for name in ("x", "y", "score", "rank", "followers", "community", "colour", "role"))
    assert told["accounts"] == [str(account) for account in drawn.accounts]
    assert max(map(abs, told["x"] + told["y"])) <= 1
    known = [rank for rank in told["rank"] if rank]
    assert known == sorted(known)
    u, v = town.graph.edges()
    follows = {(str(town.graph.ids[a]), str(town.graph.ids[b])) for a, b in zip(u, v, strict=True)}
    assert {(told["accounts"][a], told["accounts"][b]) for a, b in told["arcs"]} <= follows
    again = kept.backbone()
    assert again.places == pytest.approx(drawn.places, abs=1e-5)
    assert (again.title, again.caption) == (drawn.title, drawn.caption)
    coloured = {one["community"]: one["colour"] for one in kept.communities()["communities"]}
    for community, colour in zip(told["community"], told["colour"], strict=True):
        assert coloured[community] == colour
    assert N_COLOURS == len(PALETTE)


def test_the_first_of_a_map(town):
    shown = backbone(town.graph, max_nodes=100, max_arcs=500)
    few = first_of(shown, 10, 5)
    at = [shown.accounts.index(account) for account in few.accounts]
    assert len(few) == 10
    assert at == sorted(at), "the highest come first"
    assert (few.places == shown.places[at]).all()
    assert (few.community == shown.community[at]).all()
    drawn = {tuple(arc) for arc in shown.arcs.tolist()}
    assert 0 < len(few.arcs) <= 5
    assert all((at[u], at[v]) in drawn for u, v in few.arcs.tolist())
    assert first_of(shown, 100, None) is shown
    assert first_of(shown, 100, 7).n_arcs_among == shown.n_arcs_among


def test_a_smaller_map_names_the_communities_that_have_somebody_on_it():
    pytest.importorskip("plotly")
    from swayrank.report.network_map import network_map

    graph, score, found = stars()
    few = first_of(backbone(graph, score=score, found=found, max_nodes=300), 30, None)
    assert few.coloured == tuple(range(N_COLOURS))
    assert [trace.name[:2] for trace in network_map(few).data[1:]] == ["0:", "1:", "2:"]


def test_large_maps_draw_fewer_arcs():
    rng = np.random.default_rng(1)
    graph = sr.Graph.from_edges(rng.integers(0, 5200, 9000), rng.integers(0, 5200, 9000), n_nodes=5200)
    assert len(backbone(graph, max_nodes=5001, rng=7).arcs) == 3000
    assert len(backbone(graph, max_nodes=5000, rng=7).arcs) == 6000


def test_backbone_of_wrong_arrays(town):
    with pytest.raises(ParameterError, match="score must have 300 values"):
        backbone(town.graph, score=np.zeros(3))


# -- files -------------------------------------------------------------------------------------------------------------


def test_the_same_scores_give_the_same_bytes(town, tmp_path):
    from swayrank.pipeline import Recipe, run

    for name in ("a", "b"):
        scores = sr.score(town.graph, town.events, n_replicates=None, rng=7, threads=1 if name == "a" else 2)
        scores.save(tmp_path / name)
    first, second = (load_scores(tmp_path / name).folder for name in ("a", "b"))
    for file in KEPT:
        assert (first / file).read_bytes() == (second / file).read_bytes(), file
    (tmp_path / "g.csv").write_text("follower,followed\nada,eve\nbob,eve\ncem,eve\neve,ada\n", encoding="utf-8")
    done = run(Recipe(graph=tmp_path / "g.csv", score={"rng": 7}), tmp_path / "out", map_nodes=2)
    assert load_scores(done.folder).map()["accounts"] == ["eve", "ada"]


def test_altered_or_absent_files(scores, tmp_path):
    folder = scores.save(tmp_path)
    for file, read in zip(KEPT, ("accounts", "map", "communities", "activity"), strict=True):
        with open(folder / file, "ab") as end:
            end.write(b" ")
        with pytest.raises(InputError, match=f"{file}.*altered"):
            getattr(load_scores(folder), read)()
    manifest = read_manifest(folder)
    manifest["outputs"] = [one for one in manifest["outputs"] if one["file"] not in KEPT]  # as an earlier version wrote
    del manifest["overview"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    old = load_scores(folder)
    assert old.accounts() is old.map() is old.communities() is old.activity() is None
    for what in ("map", "communities", "activity"):
        with pytest.raises(ParameterError, match="an earlier swayrank made it"):
            old.plot(what)


def test_map_nodes_has_a_domain(scores, tmp_path):
    for wrong in (0, 10_001):
        with pytest.raises(ParameterError, match="map_nodes must be"):
            scores.save(tmp_path, map_nodes=wrong)
    assert len(load_scores(scores.save(tmp_path, map_nodes=17)).map()["accounts"]) == 17


def test_names_of_any_kind_come_back(tmp_path):
    names = ["x\u0000y", "</script>", "=1+1", "\u202eabc", 'a"b\\c']
    u, v = np.nonzero(1 - np.eye(len(names)))
    graph = sr.Graph.from_edges([names[i] for i in u], [names[j] for j in v])
    kept = load_scores(sr.score(graph, n_replicates=None, rng=7).save(tmp_path))
    assert set(kept.map()["accounts"]) == set(map(str, kept.ids))
    assert len(kept.backbone()) == len(names)


# -- which accounts a map shows ----------------------------------------------------------------------------------------


def stars(n_stars=60, n_leaves=30, n_more=400):
    """Stars of falling size whose middles are not heard by each other, and a crowd of pairs with higher scores."""
    u, v, score, community = [], [], [], []
    for star in range(n_stars):
        middle = len(score)
        size = n_leaves + (n_stars - star)
        score += [100.0 - star / 10, *[float(k % 7) for k in range(size)]]
        community += [star] * (size + 1)
        u += range(middle + 1, middle + 1 + size)
        v += [middle] * size
        if star:  # one leaf hears the middle before, too
            u.append(middle + 1)
            v.append(middle - size - 2)
    first = len(score)
    score += [50.0 + k / n_more for k in range(n_more)]
    community += [n_stars + k // 2 for k in range(n_more)]
    u += range(first, first + n_more, 2)
    v += range(first + 1, first + n_more, 2)
    graph = sr.Graph.from_edges(u, v, n_nodes=len(score))
    of = np.array(community)
    return graph, np.array(score), sr.Communities(of, np.bincount(of), graph.ids, np.nan, {})


def test_a_map_of_a_sparse_graph_shows_communities_and_few_without_arcs():
    graph, score, found = stars()
    shown = backbone(graph, score=score, found=found, max_nodes=300)
    highest = np.argsort(-score, kind="stable")[:300]
    touched = np.zeros(len(shown), bool)
    touched[shown.arcs.ravel()] = True
    assert len(shown) == len(set(shown.nodes.tolist())) == 300
    assert set(highest[:30]) <= set(shown.nodes.tolist()), "the first tenth is always there"
    assert touched.mean() > 0.99
    assert shown.coloured == tuple(range(N_COLOURS))
    assert all(np.count_nonzero(shown.colour == c) == 30 for c in range(N_COLOURS))
    assert (np.diff(shown.size) <= 0).all(), "the highest come first"
    assert shown.n_highest == np.flatnonzero(shown.nodes != highest)[0]
    assert (
        shown.title == f"Who follows whom: the highest scores and those around them, 300 of {graph.n_nodes:,} accounts"
    )
    assert "area of a dot: score, from 0 to 100; " in shown.caption
    few = first_of(shown, 30, None)
    assert few.nodes.tolist() == backbone(graph, score=score, found=found, max_nodes=30).nodes.tolist(), "one choice"
    assert np.unique(few.arcs).size == 30, "nobody stands alone"
    assert few.n_highest == 3
    assert few.title.startswith("Who follows whom: the highest scores and those around them, 30 of")
    assert "colours: 3 of 260 communities" in few.caption
    again = backbone(graph, score=score, found=found, max_nodes=300, threads=2)
    assert again.nodes.tolist() == shown.nodes.tolist()
    assert again.places.tobytes() == shown.places.tobytes()


def test_a_map_of_connected_accounts_shows_the_highest():
    town = sr.generate("town", n=4000, rng=7)
    of = sr.communities(town.graph, method="label_propagation")
    followers = town.graph.in_degree.astype(np.int64)
    shown = backbone(town.graph, found=of, max_nodes=1000)
    assert shown.nodes.tolist() == np.argsort(-followers, kind="stable")[:1000].tolist()
    assert shown.title == "Who follows whom: the most followed, 1,000 of 4,000 accounts"
    whole = backbone(town.graph, found=of, max_nodes=4000)
    assert whole.nodes.tolist() == np.argsort(-followers, kind="stable").tolist()
    assert whole.n_highest == 4000


def test_accounts_of_which_nobody_is_connected_are_the_highest():
    graph = sr.Graph.from_edges([], [], n_nodes=30)
    nodes, n_highest = accounts_to_show(graph, np.arange(30)[::-1], np.full(30, -1), 5)
    assert (nodes.tolist(), n_highest) == ([29, 28, 27, 26, 25], 5)


def test_colours_go_to_the_largest_communities_that_are_seen():
    shown = np.repeat([0, 3, 6, 9, 20, 30, 40, 50, 60, -1], [40, 1, 30, 2, 50, 20, 20, 9, 8, 20])
    colour, coloured = colours(shown)
    assert coloured == (0, 6, 20, 30, 40, 50, 60), "3 and 9 have a dot or two, and larger ones would be grey"
    assert np.bincount(colour + 1).tolist() == [23, 40, 30, 50, 20, 20, 9, 8]
    many = np.repeat([1, *range(10, 20)], [3, *[30] * 10])
    assert colours(many)[1] == (10, 11, 12, 13, 14, 15, 16)
    assert colours(np.repeat([1, *range(10, 20)], [4, *[30] * 10]))[1] == (1, 10, 11, 12, 13, 14, 15)


def test_a_map_kept_by_an_earlier_version_shows_the_highest(scores, kept, monkeypatch):
    from swayrank.scoring import pictures

    told = kept.map()
    assert told.pop("n_highest") == len(told["accounts"])
    monkeypatch.setattr(pictures, "kept_json", lambda *_: told)
    assert kept.backbone().title == told["title"]


def test_dots_grow_from_the_lowest_score_shown_to_the_highest(town):
    pytest.importorskip("plotly")
    from swayrank.report.network_map import map_diameters

    shown = backbone(town.graph, score=np.linspace(70, 100, town.graph.n_nodes))
    area = (map_diameters(shown, 30.0) - 3.0) ** 2
    share = (shown.size - 70) / 30
    assert area / area.max() == pytest.approx(share, abs=1e-9)
    one = backbone(town.graph, score=np.full(town.graph.n_nodes, 50.0))
    assert np.ptp(map_diameters(one, 30.0)) == 0
