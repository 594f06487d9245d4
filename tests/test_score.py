"""Scores: contributions that add up, what is missing, what is insufficient, and explanations that are true."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import ParameterError, UnknownAccountError
from swayrank.ids import Ids
from swayrank.scoring.metrics import ndcg_at, spearman
from tests.engines import AdversarialEngine


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=600, rng=11)


@pytest.fixture(scope="module")
def scores(town):
    return sr.score(town.graph, town.events, rng=5)


def events(rows, **more):
    actor, action, target, *rest = zip(*rows, strict=True)
    columns = {"actor": actor, "action": action, "target": target}
    for name, values in zip(("post", "time"), rest, strict=False):
        columns[name] = values
    return sr.Events.from_frame(columns, **more)


def test_contributions_add_up_to_the_score(scores):
    there = scores.rank > 0
    total = sum(np.nan_to_num(values[there]) for values in scores.contributions.values())
    assert np.abs(total - scores.score[there]).max() <= 1e-12
    assert scores.score[there].min() >= 0
    assert scores.score[there].max() <= 100
    assert np.isnan(scores.score[~there]).all()


def test_ranks_are_a_permutation_in_order_of_score(scores):
    order = scores.order()
    assert sorted(scores.rank[order].tolist()) == list(range(1, scores.n_scored + 1))
    assert np.all(np.diff(scores.score[order]) <= 0)
    assert [row.rank for row in scores.top(5)] == [1, 2, 3, 4, 5]


def test_weights_by_hand():
    """Two parts on their scales, weighted 1 to 3, by hand."""
    graph = sr.Graph.from_edges(["b", "c", "d", "d"], ["a", "a", "a", "b"])
    log = events([("b", "like", "a"), ("c", "repost", "a"), ("d", "like", "b"), ("c", "like", "b")])
    got = sr.score(graph, log, profile={"reach": 1, "resonance": 3}, min_evidence=0, rng=1)
    i = got.ids.position("b")
    reach, resonance = got.parts["reach"][i], got.parts["resonance"][i]
    assert got.score[i] == pytest.approx(0.25 * reach + 0.75 * resonance, abs=1e-12)
    assert got.raw["resonance"][i] == pytest.approx(2 * (2**0.75 - 1))
    assert got.raw["resonance"][got.ids.position("a")] == pytest.approx(2**0.75 - 1 + 4**0.75 - 1)
    assert set(got.parts) == {"reach", "resonance"}


def test_reach_is_the_followers_attention():
    graph = sr.Graph.from_edges(["b", "c", "c", "d", "d", "d"], ["a", "a", "b", "a", "b", "c"])
    got = sr.score(graph, profile="reach", min_evidence=0, rng=1)
    raw = {account: got.raw["reach"][got.ids.position(account)] for account in "abcd"}
    assert raw == pytest.approx({"a": 1 + 1 / 2 + 1 / 3, "b": 1 / 2 + 1 / 3, "c": 1 / 3, "d": 0})


def test_a_graph_of_interactions_counts_shares_of_engagement():
    """c liked a twice and b once, so a has 2 of c's 3 reactions and one set aside."""
    log = events([("c", "like", "a"), ("c", "like", "a"), ("c", "like", "b"), ("d", "repost", "a")])
    got = sr.score(None, log, min_evidence=0, rng=1)
    assert got.raw["reach"][got.ids.position("a")] == pytest.approx(2 / 4 + 3 / 4)
    assert got.raw["spread"][got.ids.position("a")] == pytest.approx(2 / 4 + 3 / 4, rel=0.05)
    shares = {f.account: f.share for f in got.explain("a").followers}
    assert shares == pytest.approx({"d": 0.6, "c": 0.4})


def test_half_life_by_default():
    rows = [("b", "like", "a", "p", "2026-01-01"), ("c", "like", "a", "p", "2026-01-04")]
    assert sr.score(None, events(rows), min_evidence=0).params["half_life_days"] == pytest.approx(0.5)
    long = [*rows, ("d", "like", "a", "p", "2027-01-01")]
    assert sr.score(None, events(long), min_evidence=0).params["half_life_days"] == 7.0
    reference = sr.score(None, events(long), min_evidence=0, half_life_days=3).reference
    assert sr.score(None, events(rows), min_evidence=0, reference=reference).params["half_life_days"] == 3.0


def test_a_missing_part_is_missing_and_not_zero():
    """z stands in the table of posts alone, which knows nothing of who follows it."""
    graph = sr.Graph.from_edges(["b", "c", "d", "e"], ["a", "a", "a", "b"])
    posts = sr.Posts.from_arrays([0, 1], accounts=Ids.from_values(["z", "a"]), counts={"likes": [30, 4]})
    got = sr.score(graph, posts=posts, rng=1)
    z = got.row("z")
    assert z.parts["reach"] is None
    assert z.parts["spread"] is None
    assert z.score == pytest.approx(z.parts["resonance"])
    assert set(z.contributions) == {"resonance"}
    assert "reach is missing" in str(got.explain("z"))
    assert got.row("c").status == "insufficient data"
    assert got.row("c").score is None


def test_insufficient_data_below_the_floor():
    log = events([("b", "like", "a"), ("c", "like", "a"), ("d", "like", "b")])
    floor = {k: sr.score(None, log, min_evidence=k, rng=1).row("a").status for k in (2, 3)}
    assert floor == {2: "scored", 3: "insufficient data"}
    told = sr.score(None, log, min_evidence=3, rng=1).explain("a")
    assert told.score is None
    assert "3 are needed for a score" in str(told)


def test_graph_alone_events_alone_posts_alone(town):
    alone = sr.score(town.graph, rng=1)
    assert set(alone.parts) == {"reach", "spread"}
    assert alone.weights == {"reach": 0.5, "spread": 0.5}, "0.2 each, without resonance's 0.6"
    assert any("resonance" in text for text in alone.left_out)
    best = alone.top(1)[0]
    assert best.score == pytest.approx((best.parts["reach"] + best.parts["spread"]) / 2)

    derived = sr.score(None, town.events, rng=1)
    assert set(derived.parts) == {"reach", "resonance", "spread"}
    assert derived.evidence.graph_is_derived
    assert any("no follow graph" in text for text in derived.left_out)

    posts = sr.Posts.from_arrays(
        [0, 0, 1, 2],
        accounts=Ids.from_values(["a", "b", "c"]),
        counts={"likes": [10, 5, 1, np.nan], "shares": [1, 0, 2, 0], "followers": [100, 120, 5, np.nan]},
    )
    counted = sr.score(None, None, posts, rng=1, min_evidence=1)
    assert counted.raw["resonance"].tolist() == [18.0, 7.0, 0.0]
    only_followers = sr.Posts.from_arrays([0], accounts=Ids.from_values(["a"]), counts={"followers": [9]})
    assert set(sr.score(None, None, only_followers, min_evidence=1).parts) == {"reach"}
    assert counted.raw["reach"][:2].tolist() == [120.0, 5.0]
    assert np.isnan(counted.raw["reach"][2])
    assert "spread" not in counted.parts
    assert "15 likes" in str(counted.explain("a"))


def test_the_silent_have_no_resonance_rather_than_an_unknown_one():
    graph = sr.Graph.from_edges(["b", "c", "d", "e", "b", "c", "d"], ["a", "a", "a", "a", "f", "f", "f"])
    got = sr.score(graph, events([("b", "like", "f"), ("c", "like", "f"), ("d", "like", "f")]), rng=1)
    assert got.row("a").parts["resonance"] == 0.0
    assert got.row("f").score > got.row("a").score


def test_the_same_scores_from_memory_and_from_files(town, scores, tmp_path):
    town.save(tmp_path)
    read = sr.score(sr.read_graph(tmp_path / "graph.csv"), sr.read_events([tmp_path / "events.csv"]), rng=5)
    at = read.ids.positions(scores.ids.to_arrow(), missing="sentinel")
    isolated = at == 2**32 - 1  # who neither follows nor is followed, nor acts, stands in no file
    assert np.isnan(scores.score[isolated]).all()
    for part in ("reach", "resonance"):
        assert read.raw[part][at[~isolated]] == pytest.approx(scores.raw[part][~isolated], rel=1e-12)
    assert read.score[at[~isolated]] == pytest.approx(scores.score[~isolated], abs=3, nan_ok=True)  # spread is sampled


def test_saved_scores_are_a_run(scores, tmp_path):
    folder = scores.save(tmp_path / "out")
    assert (tmp_path / "out" / "current").resolve() == folder.resolve()
    kept = json.loads((folder / "manifest.json").read_text())
    assert kept["parameters"]["half_life_days"] == scores.params["half_life_days"]
    assert kept["counts"]["scored"] == scores.n_scored
    first = json.loads((folder / "explanations.jsonl").read_text().splitlines()[0])
    assert first["account"] == scores.top(1)[0].account
    again = sr.score(scores.evidence.graph, scores.evidence.events, reference=folder / "reference.json", rng=5)
    again.check_comparable(scores)


def test_names_that_do_not_meet_are_told():
    graph = sr.Graph.from_edges([1, 2, 3], [2, 3, 1])
    got = sr.score(graph, events([("ada", "like", "bob"), ("bob", "like", "ada")]), min_evidence=0, rng=1)
    assert any("only 0 of the log's 2 accounts are in the graph" in text for text in got.left_out)


def test_ids_of_all_sources_are_joined():
    graph = sr.Graph.from_edges([10, 20], [20, 30])
    numbers = sr.score(graph, events([("20", "like", "40"), ("10", "like", "20")]), min_evidence=0, rng=1)
    assert list(numbers.ids) == [10, 20, 30, 40]
    words = sr.score(graph, events([("20", "like", "x7"), ("10", "like", "20")]), min_evidence=0, rng=1)
    assert list(words.ids) == ["10", "20", "30", "x7"]
    assert words.raw["resonance"][1] == pytest.approx(2**0.75 - 1)


def test_until_reads_nothing_that_came_after(town):
    cut = "2026-03-15"
    day = town.events.before(cut)
    got = sr.score(town.graph, town.events, until=cut, rng=5)
    assert got.raw["resonance"] == pytest.approx(
        sr.score(town.graph, day, until=cut, rng=5).raw["resonance"], nan_ok=True
    )
    early = sr.resonance(day, now=cut, half_life_days=got.params["half_life_days"])
    assert early.values.max() > 0
    assert day.n_events < town.events.n_events
    at = got.ids.positions(early.ids.to_arrow())
    assert got.raw["resonance"][at] == pytest.approx(early.values)
    assert any("carries no dates" in text for text in got.left_out)


@pytest.mark.parametrize("how", [{"threads": 2}, {"threads": 4}, {"engine": AdversarialEngine(order=4)}])
def test_same_bits_however_it_runs(town, scores, how):
    again = sr.score(town.graph, town.events, rng=5, **how)
    assert again.score.tobytes() == scores.score.tobytes()
    assert again.reference.hash == scores.reference.hash


def test_other_rng_other_sampling_only(town, scores):
    other = sr.score(town.graph, town.events, rng=6)
    assert other.raw["resonance"].tobytes() == scores.raw["resonance"].tobytes()
    assert other.raw["spread"].tobytes() != scores.raw["spread"].tobytes()


def test_references_make_runs_comparable(town, scores):
    again = sr.score(town.graph, town.events.before("2026-03-20"), reference=scores.reference, rng=5)
    again.check_comparable(scores)
    with pytest.raises(ParameterError, match="different references"):
        sr.score(town.graph, town.events.before("2026-03-20"), rng=5).check_comparable(scores)
    with pytest.raises(ParameterError, match="weigh parts differently"):
        sr.score(town.graph, town.events, reference=scores.reference, profile="campaign", rng=5).check_comparable(
            scores
        )
    with pytest.raises(ParameterError, match="half-life of"):
        sr.score(town.graph, town.events, reference=scores.reference, half_life_days=3, rng=5)


def test_explanations_are_true_to_the_log(town, scores):
    """Counts of an explanation, recounted in plain Python from the exported rows."""
    rows = town.events.to_arrow().to_pylist()
    for account in [row.account for row in scores.top(3)]:
        told = scores.explain(account)
        mine = [row for row in rows if row["target"] == account and row["actor"] != account]
        assert told.reactions == dict(Counter(row["action"] for row in mine))
        assert told.n_engagers == len({row["actor"] for row in mine})
        most = Counter(row["actor"] for row in mine).most_common(1)[0][1]
        assert told.engagers[0].reactions == most
        post = told.posts[0]
        assert post.reactions == dict(Counter(row["action"] for row in mine if row["post"] == post.post))
        followers = [u for u, v in zip(*town.graph.edges(), strict=True) if v == town.graph.position(account)]
        assert told.n_followers == len(followers)
        follow, react = {str(town.graph.ids[int(u)]) for u in followers}, {row["actor"] for row in mine}
        assert told.n_others == len(react - follow)
        assert {f.account for f in told.followers} <= follow | react
        assert sum(reason.contribution for reason in told.parts) == pytest.approx(told.score)
        assert sum(reason.weight for reason in told.parts) == pytest.approx(1)
        assert json.loads(json.dumps(told.to_dict()))["account"] == account
        assert f"{told.n_followers:,} followers" in str(told)


def test_an_explanation_leaves_out_what_people_do_to_themselves():
    log = events(
        [
            ("a", "like", "a", "p", "2026-01-01"),
            ("b", "like", "a", "p", "2026-01-01"),
            ("c", "like", "a", "p", "2026-01-02"),
        ]
    )
    told = sr.score(None, log, min_evidence=0, rng=1).explain("a")
    assert (told.n_reactions, told.n_engagers, told.reactions) == (2, 2, {"like": 2})
    assert told.posts[0].reactions == {"like": 2}


def test_follower_shares_are_by_how_many_each_follows():
    graph = sr.Graph.from_edges(["b", "c", "c", "c", "b2", "x", "y"], ["a", "a", "d", "e", "b", "b", "b"])
    told = sr.score(graph, profile="reach", min_evidence=0, rng=1).explain("a")
    assert {f.account: f.share for f in told.followers} == pytest.approx({"b": 0.75, "c": 0.25})


def test_one_loyal_fan_makes_no_crowd():
    fan = [("fan", "like", "idol", f"p{i}", "2026-01-01") for i in range(50)]
    crowd = [(f"u{i}", "like", "host", "q", "2026-01-01") for i in range(10)]
    got = sr.score(None, events(fan + crowd), rng=1)
    assert got.raw["resonance"][got.ids.position("host")] > got.raw["resonance"][got.ids.position("idol")]


def test_a_log_without_times_counts_without_decay():
    got = sr.score(None, events([("b", "like", "a"), ("c", "like", "a"), ("d", "repost", "a")]), rng=1)
    assert got.raw["resonance"][got.ids.position("a")] == pytest.approx(2 * (2**0.75 - 1) + 4**0.75 - 1)


def test_it_finds_influence_that_followers_do_not_show(town, scores):
    truth = town.truth.influence
    assert ndcg_at(scores.score, truth, 100) > ndcg_at(town.graph.in_degree.astype(float), truth, 100)
    assert spearman(scores.score, truth) > spearman(town.graph.in_degree.astype(float), truth)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames(scores, backend):
    frame = scores.to_frame(backend)
    columns = list(frame.column_names if backend == "pyarrow" else frame.columns)
    assert columns[:4] == ["account", "rank", "score", "status"]
    assert {"reach", "reach_raw", "reach_contribution", "n_evidence"} <= set(columns)
    assert len(frame) == len(scores)


def test_table_prints(scores):
    text = repr(scores)
    assert f"{scores.n_scored:,} scored" in text
    assert text.splitlines()[2].split()[:5] == ["rank", "between", "account", "score", "from-to"]
    assert "weights: reach 0.2, resonance 0.6, spread 0.2" in text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "needs a graph, events or posts"),
        ({"graph": [1, 2]}, "graph must be a swayrank Graph"),
        ({"profile": "famous"}, "profile must be one of"),
        ({"profile": {"resonance": 1}}, "does not hold"),
        ({"until": "soon"}, "ISO date"),
        ({"half_life_days": 0}, "half_life_days must be"),
        ({"min_evidence": -1}, "min_evidence must be"),
        ({"action_weights": {"like": -1}}, "must be"),
        ({"action_weights": {"lik": 1}}, "got 'lik'"),
        ({"action_weights": 4}, "weight by action"),
        ({"reference": 5}, "reference must be"),
        ({"until": "1900-01-01", "events": True}, "until must lie after"),
    ],
)
def test_wrong_use_is_named(town, wrong, says):
    given = {"graph": town.graph} if wrong and "graph" not in wrong else {}
    if "action_weights" in wrong or "events" in wrong:
        given["events"] = town.events
        wrong = {name: value for name, value in wrong.items() if name != "events"}
    with pytest.raises(ParameterError, match=says):
        sr.score(**{**given, **wrong})


def test_unknown_accounts_are_named(scores):
    with pytest.raises(UnknownAccountError, match="nobody_here"):
        scores.explain("nobody_here")


def test_no_undated_post_passes_a_split():
    posts = sr.Posts.from_arrays(
        [0, 1, 1],
        accounts=sr.Ids.from_values(["ada", "bob"]),
        counts={"likes": [50.0, 3.0, 900.0]},
        time=[1_000_000, 2_000_000, -(2**63)],
    )
    got = sr.score(posts=posts, until=1_500_000, min_evidence=0, rng=1)
    assert got.raw["resonance"][0] > 0
    assert np.isnan(got.raw["resonance"][1])
    assert any("as of their export" in line for line in got.left_out)
    with pytest.raises(sr.ParameterError, match="no row of this data has one"):
        sr.score(posts=posts.rows(np.array([False, False, True])), until=1_500_000, rng=1)


def test_a_reference_that_knows_the_future_is_told():
    town = sr.generate("town", n=200, rng=1, replays=2)
    reference = sr.score(town.graph, town.events, n_replicates=None, rng=1).reference
    later = dataclasses.replace(reference, made={"data_until": "2026-03-30T00:00:00"})
    got = sr.score(town.graph, town.events, until="2026-03-10", reference=later, n_replicates=None, rng=1)
    assert any("its scale knows the future" in line for line in got.left_out)
    fine = sr.score(town.graph, town.events, until="2026-04-10", reference=later, n_replicates=None, rng=1)
    assert not any("knows the future" in line for line in fine.left_out)


def test_who_is_not_in_the_table_of_posts_posted_nothing():
    graph = sr.Graph.from_edges(["x", "y", "z", "x"], ["a", "a", "a", "b"])
    posts = sr.Posts.from_arrays([0], accounts=sr.Ids.from_values(["b"]), counts={"likes": [10.0]})
    got = sr.score(graph, posts=posts, min_evidence=0, rng=1)
    assert got.row("a").parts["resonance"] == 0.0
    assert got.row("b").rank == 1


def test_followers_of_several_rows_are_one_number():
    posts = sr.Posts.from_arrays(
        [0, 0], accounts=sr.Ids.from_values(["ada"]), counts={"likes": [1.0, 2.0], "followers": [500.0, 700.0]}
    )
    assert sr.score(posts=posts, rng=1).n_evidence.tolist() == [2 + 3 + 700]


def test_nothing_to_score_is_said():
    empty = sr.Events.from_frame({"actor": [], "target": [], "action": []})
    with pytest.raises(sr.ParameterError, match="no accounts"):
        sr.score(events=empty)


def test_a_graph_from_the_future_is_refused():
    town = sr.generate("town", n=200, rng=1, replays=2)
    options = {"until": "2026-03-10", "n_replicates": None, "rng": 1}
    assert any("carries no dates" in line for line in sr.score(town.graph, town.events, **options).left_out)
    dated = sr.score(town.graph, town.events, as_of="2026-03-01", **options)
    assert not any("carries no dates" in line for line in dated.left_out)
    assert dated.params["as_of"].startswith("2026-03-01")
    with pytest.raises(sr.ParameterError, match="as_of must not lie after until"):
        sr.score(town.graph, town.events, as_of="2026-03-11", **options)


def _two_weeks():
    days = [f"2026-03-{day:02d}" for day in (1, 2, 3, 11, 12, 13)]
    events = sr.Events.from_frame(
        {
            "actor": list("abcabc"),
            "action": ["like"] * 6,
            "target": list("zxyzyy"),
            "post": list("pqrpqr"),
            "time": days,
        }
    )
    posts = sr.read_posts(
        {"account": list("zyx"), "post": list("pqr"), "time": [days[0], days[3], None], "likes": [1, 2, 3]}
    )
    return days, events, posts


def test_since_is_the_score_of_what_came_from_then_on():
    days, events, _ = _two_weeks()
    whole, later = (sr.score(events=one, min_evidence=1, rng=7) for one in (events, events.after(days[3])))
    cut = sr.score(events=events, since=days[3], min_evidence=1, rng=7)
    np.testing.assert_array_equal(cut.score, later.score)
    assert not np.array_equal(cut.score, whole.score, equal_nan=True)
    assert (cut.params["since"][:10], whole.params["since"]) == (days[3], None)
    assert cut.params["span_days"] == later.params["span_days"] == 2


def test_since_leaves_out_posts_before_it_and_undated_ones():
    days, _, posts = _two_weeks()
    cut = sr.score(posts=posts, since=days[1], until="2026-04-01", min_evidence=1, rng=7)
    assert cut.params["since"][:10] == days[1]
    assert cut.n_scored == 1


def test_since_must_leave_something():
    days, events, _ = _two_weeks()
    with pytest.raises(ParameterError, match="since must not lie after the last moment"):
        sr.score(events=events, since="2027-01-01")
    with pytest.raises(ParameterError, match="since must lie before until"):
        sr.score(events=events, since=days[3], until=days[2])
    with pytest.raises(ParameterError, match="since cuts by time"):
        sr.score(sr.Graph.from_edges(["a"], ["b"]), since=days[3])


def test_a_source_in_the_wrong_place_is_told_its_name():
    _, events, posts = _two_weeks()
    with pytest.raises(ParameterError, match=r"got Posts; name it, as in score\(posts=posts\)"):
        sr.score(posts)
    with pytest.raises(ParameterError, match=r"got Events; name it, as in score\(events=events\)"):
        sr.score(events)
