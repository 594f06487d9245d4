"""The town: its truth is what its own mechanism does, its tables agree, and followers alone do not tell influence."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from swayrank.errors import FolderError, ParameterError
from swayrank.events import NO_ACCOUNT
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.kernels.town import from_table
from swayrank.sources import town as module
from swayrank.sources.generate import generate
from swayrank.sources.town import HOSTILE, KINDS, Town, town


@pytest.fixture(scope="module")
def medium():
    return town(n=5000, rng=7)


def reactions(t):
    """Rows of the log that react to a post, without bots."""
    ev = t.events
    post = ev.actions.index("post")
    return (ev.action != post) & (t.truth.client[ev.actor] == NO_ACCOUNT)


def codes(t, *names):
    return [t.events.actions.index(name) for name in names]


# -- the truth ---------------------------------------------------------------------------------------------------------


def tiny_world(arcs, kinds, seed=3):
    """A world of hand-made arcs with the town's own traits."""
    key = module.resolve_rng(seed)
    people = module._people(key, 60)
    people = people._replace(
        heeded=np.full(60, 0.5), susceptible=np.ones(60), client=np.full(60, NO_ACCOUNT, np.uint32)
    )
    u, v = np.array(arcs, np.uint32).T
    graph = Graph.from_edges(u, v, n_nodes=60)
    world = module._world(key, people, graph, 30.0, history=0)
    flat = np.ones_like(world.receptive)
    return world._replace(receptive=flat, qualities=np.ones(4097), tiredness=np.ones(12), **kinds)


def replayed(world, author, times, part="react"):
    posts = module._Published(np.full(times, author, np.uint32), np.zeros(times), np.zeros(times, np.uint32))
    return module._replay(world, posts, world.purpose(part), 0, record=True)


def test_expected_acts_of_a_chain_are_the_enumerated_ones():
    """2 follows 1 follows 0, chance 1/2 each; one who acts passes on with probability 0.33 (repost or quote)."""
    times = 20_000
    log, expected, *_ = replayed(tiny_world([(1, 0), (2, 1)], {}), 0, times)
    exact = 0.5 + 0.5 * 0.33 * 0.5
    deviation = 0.5 * math.sqrt(0.165 * 0.835 / times)  # only the second step is random
    assert abs(expected.mean() - exact) < 4.5 * deviation
    acts = np.unique(log[0::2]).size / times
    assert abs(acts - exact) < 4.5 * 0.7 / math.sqrt(times)


def test_a_second_sight_of_the_same_post_counts_less():
    """2 follows 0 and 1, and 1 follows 0: the second sight has the chance 0.6 / 2."""
    times = 20_000
    _, expected, _, views, impressions = replayed(tiny_world([(1, 0), (2, 0), (2, 1)], {}), 0, times)
    exact = 0.5 + 0.5 + 0.5 * 0.33 * 0.5 * 0.6 * 0.5
    assert abs(expected.mean() - exact) < 4.5 * 0.3 * math.sqrt(0.25 / times)
    assert set(views.tolist()) == {2}
    assert set(impressions.tolist()) == {2, 3}


def test_bots_act_on_their_client_and_on_nobody_else():
    client = np.full(60, NO_ACCOUNT, np.uint32)
    client[5] = 0
    world = tiny_world([(5, 0), (5, 1), (0, 1)], {})
    world = world._replace(people=world.people._replace(client=client))
    log, expected, *_ = replayed(world, 0, 50)
    assert (log[0::2] & np.uint64(0xFFFFFFFF)).tolist().count(5) >= 50
    assert expected.tolist() == [0.0] * 50, "bots are not influence"
    log = replayed(world, 1, 200)[0]  # whose posts the client passes on now and then
    assert set((log[0::2] & np.uint64(0xFFFFFFFF)).tolist()) == {0}


def test_the_log_shows_what_the_truth_expects(medium):
    """Reactions counted once per account and post, over all real accounts, against truth times days."""
    ev, truth = medium.events, medium.truth
    chosen = reactions(medium)
    pairs = np.unique(ev.post[chosen].astype(np.uint64) << np.uint64(32) | ev.actor[chosen])
    author = medium.posts.account[(pairs >> np.uint64(32)).astype(np.int64)]
    found = np.bincount(author, minlength=5000)
    expected = truth.influence * 30
    # Totals: posting is Poisson, cascades are overdispersed, and the last day's reactions are cut off.
    assert found.sum() == pytest.approx(expected.sum(), rel=0.08)
    per_kind = [(found[truth.is_kind(k)].sum(), expected[truth.is_kind(k)].sum()) for k in ("ordinary", "influencer")]
    for seen, true in per_kind:
        assert seen == pytest.approx(true, rel=0.15)
    heard = expected > 20
    assert spearmanr(found[heard], expected[heard])[0] > 0.8


def test_standard_errors_of_the_truth_are_right(medium):
    other = town(n=400, rng=1, replays=64)
    more = town(n=400, rng=1, replays=1024)
    gap = (other.truth.acts_per_post - more.truth.acts_per_post) / np.maximum(
        np.hypot(other.truth.std_error, more.truth.std_error) / other.truth.posts_per_day, 1e-9
    )
    assert 0.7 < np.sqrt(np.mean(np.clip(gap, -5, 5) ** 2)) < 1.4


def test_influencers_beat_stars_with_fewer_followers(medium):
    truth, followers = medium.truth, medium.graph.in_degree
    influencer, star = truth.is_kind("influencer"), truth.is_kind("star")
    assert followers[star].mean() > 4 * followers[influencer].mean()
    assert truth.influence[influencer].mean() > 4 * truth.influence[star].mean()
    assert np.median(truth.influence[influencer]) > np.quantile(truth.influence[truth.is_kind("ordinary")], 0.95)


def test_followers_rank_worse_than_real_reactions(medium):
    truth, followers = medium.truth.influence, medium.graph.in_degree.astype(float)
    chosen = reactions(medium)
    heard = np.bincount(medium.events.target[chosen], minlength=5000)
    best = set(np.argsort(-truth)[:50].tolist())
    by_followers = len(best & set(np.argsort(-followers, kind="stable")[:50].tolist()))
    by_reactions = len(best & set(np.argsort(-heard, kind="stable")[:50].tolist()))
    assert by_reactions > by_followers + 15
    assert spearmanr(heard, truth)[0] > spearmanr(followers, truth)[0]


def test_bots_fool_the_raw_counts(medium):
    """Clients of bot farms get far more reactions than real people give them."""
    truth, ev = medium.truth, medium.events
    clients = np.unique(truth.client[truth.client != NO_ACCOUNT])
    everything = np.bincount(ev.target[ev.action != ev.actions.index("post")], minlength=5000)[clients].sum()
    real = np.bincount(ev.target[reactions(medium)], minlength=5000)[clients].sum()
    assert everything > 5 * real
    assert truth.influence[truth.is_kind("bot")].max() < np.median(truth.influence[truth.is_kind("influencer")])


# -- the tables --------------------------------------------------------------------------------------------------------


def test_posts_count_the_events(medium):
    ev, posts = medium.events, medium.posts
    n = posts.n_posts
    for column, names in (("likes", ["like"]), ("comments", ["reply"]), ("shares", ["repost", "quote"])):
        counted = np.bincount(ev.post[np.isin(ev.action, codes(medium, *names))], minlength=n)
        assert np.array_equal(getattr(posts, column), counted), column
    published = ev.action == ev.actions.index("post")
    assert np.array_equal(ev.post[published], np.arange(n))
    assert np.array_equal(ev.actor[published], posts.account)
    assert np.array_equal(ev.time[published], posts.time)
    assert np.array_equal(posts.followers, medium.graph.in_degree[posts.account])
    assert np.all(posts.impressions >= posts.views)
    assert np.all(posts.views <= 5000)


def test_the_log_runs_forward_and_points_at_authors(medium):
    ev, posts = medium.events, medium.posts
    assert np.all(np.diff(ev.time) >= 0)
    reacts = ev.action != ev.actions.index("post")
    assert np.array_equal(ev.target[reacts], posts.account[ev.post[reacts]])
    assert np.all(ev.target[~reacts] == NO_ACCOUNT)
    assert np.all(ev.actor[reacts] != ev.target[reacts])
    assert np.all(ev.time[reacts] >= posts.time[ev.post[reacts]])
    span = (ev.time.max() - ev.time.min()) / 86_400e6
    assert 29 < span < 30


def test_people_react_only_to_what_they_can_see(medium):
    """Each real reaction comes from a follower of the author or of somebody who passed the post on before."""
    ev = medium.events
    follows = set(zip(*(ends.tolist() for ends in medium.graph.edges()), strict=True))
    passes_on = codes(medium, "repost", "quote")
    spreaders = {}
    for actor, target, action, post in zip(
        ev.actor.tolist(), ev.target.tolist(), ev.action.tolist(), ev.post.tolist(), strict=True
    ):
        if target == NO_ACCOUNT:
            spreaders[post] = [actor]
            continue
        assert any((actor, seen) in follows for seen in spreaders[post])
        if action in passes_on:
            spreaders[post].append(actor)


def test_nights_are_quiet(medium):
    hour = medium.posts.time // 3_600_000_000 % 24
    by_hour = np.bincount(hour, minlength=24)
    assert by_hour[2:5].sum() < 0.4 * by_hour[14:17].sum()


def test_the_graph_has_communities_and_heavy_tails(medium):
    u, v = medium.graph.edges()
    community = medium.truth.community
    share = np.bincount(community) / community.size
    by_chance = (share**2).sum()
    assert np.mean(community[u] == community[v]) > by_chance + 0.3
    assert medium.graph.in_degree.max() > 20 * medium.graph.in_degree.mean()


# -- making, naming, saving --------------------------------------------------------------------------------------------


def test_same_bits_on_any_engine(any_engine):
    reference = town(n=300, rng=7)
    found = town(n=300, rng=7, **any_engine)
    assert found.graph.fingerprint == reference.graph.fingerprint
    assert found.events.fingerprint == reference.events.fingerprint
    assert np.array_equal(found.truth.influence, reference.truth.influence)
    assert np.array_equal(found.posts.views, reference.posts.views)
    assert town(n=300, rng=8).graph.fingerprint != reference.graph.fingerprint


def test_the_size_of_chunks_changes_no_bit(monkeypatch):
    reference = town(n=300, rng=7)
    for name in ("_ACCOUNTS_PER_CHUNK", "_POSTS_PER_CHUNK", "_REPLAYED_PER_CHUNK"):
        monkeypatch.setattr(module, name, 37)
    found = town(n=300, rng=7)
    assert found.events.fingerprint == reference.events.fingerprint
    assert np.array_equal(found.truth.influence, reference.truth.influence)


def test_by_name():
    made = generate("town", n=100, days=3, rng=7)
    assert isinstance(made, Town)
    assert repr(made).startswith("Town of 100 accounts: ")
    with pytest.raises(ParameterError, match="n must be an integer in"):
        generate("town", n=10)


@pytest.mark.parametrize("n", [50, 777, 2**18 + 5])
def test_handles_are_distinct_and_harmless(n):
    ids = module._handles(module.resolve_rng(1), n, False)
    names = ids.to_arrow()
    assert len(ids) == n
    assert len(names.unique()) == n
    assert all(ids[i].isalnum() and ids[i].islower() for i in (0, 1, n - 1))


def test_hostile_names_only_on_request():
    plain, hostile = (module._handles(module.resolve_rng(1), 100, wanted) for wanted in (False, True))
    assert not set(HOSTILE) & set(plain)
    assert set(HOSTILE) <= set(hostile)
    assert len(set(hostile)) == 100
    assert isinstance(hostile, Ids)


def test_saved_files_read_back(tmp_path):
    made = town(n=120, days=4, rng=7, hostile_names=True)
    made.save(tmp_path)
    rows = {}
    for name in ("graph", "events", "posts", "truth"):
        with open(tmp_path / f"{name}.csv", newline="", encoding="utf-8") as file:
            rows[name] = list(csv.DictReader(file))
    assert len(rows["graph"]) == made.graph.n_edges
    assert len(rows["events"]) == made.events.n_events
    assert len(rows["posts"]) == made.posts.n_posts
    assert [row["account"] for row in rows["truth"]] == list(made.graph.ids)
    assert {row["kind"] for row in rows["truth"]} == set(KINDS)
    assert sum(int(row["likes"]) for row in rows["posts"]) == sum(row["action"] == "like" for row in rows["events"])
    ids = made.graph.ids
    follows = {(row["follower"], row["followed"]) for row in rows["graph"]}
    assert follows == {(ids[int(a)], ids[int(b)]) for a, b in zip(*made.graph.edges(), strict=True)}
    assert rows["events"][0]["target"] == ""
    assert rows["events"][0]["time"].startswith("2026-03-0")
    made.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "graph.csv", "posts.csv", "truth.csv"]


def test_tables_of_quantiles():
    table = module._log_normal_table(2.0, 0.7)
    assert np.all(np.diff(table) >= 0)
    r = np.random.default_rng(1).integers(0, 2**64, 20_000, dtype=np.uint64)
    values = np.array([from_table(x, module.read_only(table)) for x in r])
    assert np.log(values).mean() == pytest.approx(math.log(2), abs=0.02)
    assert np.log(values).std() == pytest.approx(0.7, abs=0.02)


def test_a_town_is_saved_to_a_folder_or_not_at_all(tmp_path):
    made = town(n=60, days=1, rng=7)
    (tmp_path / "note").write_text("mine")
    for name, words in (("note", "is a file; .* name a folder"), ("g.csv", "is called like a file; .* name a folder")):
        with pytest.raises(FolderError, match=f"{name} {words}"):
            made.save(tmp_path / name)
    with pytest.raises(FolderError, match=r"note/town cannot be written \(Not a directory\); name another folder"):
        made.save(tmp_path / "note" / "town")
    (tmp_path / "odd" / "graph.csv").mkdir(parents=True)
    with pytest.raises(FolderError, match=r"odd cannot be written .*graph\.csv"):
        made.save(tmp_path / "odd")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note", "odd"]
    assert (tmp_path / "note").read_text() == "mine"
    (tmp_path / "old.csv").mkdir()
    assert made.save(tmp_path / "old.csv").is_dir()
