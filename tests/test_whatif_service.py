"""What-if questions: the same numbers as the oracle gives, over REST, and plain words where there is no answer."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import swayrank as sr
from swayrank.service.jobs.derive import derived_folder, model_on, open_walk, prepare_again
from swayrank.service.prepared import Prepared
from swayrank.service.published import Published
from tests.serving import result_in, serving
from tests.working import copied, town_in, waited


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = town_in(tmp_path_factory.mktemp("whatif"))
    prepare_again(Published.load(out).kept.folder, out, n_samples=50_000)
    return out


@pytest.fixture(scope="module")
def prepared(out):
    return Prepared.load(Published.load(out), out)


@pytest.fixture(scope="module")
def oracle(out, prepared):
    return sr.InfluenceOracle.open(derived_folder(out, prepared.run) / "whatif" / "oracle")


@pytest.fixture(scope="module")
def client(out, tmp_path_factory):
    with serving(copied(out, tmp_path_factory.mktemp("served")), refresh_seconds=0) as client:
        waited(lambda: client.app.state.service.prepared)
        yield client


@pytest.fixture(scope="module")
def names(prepared):
    return [str(one) for one in prepared.result.kept.ids[np.arange(8)]]


def test_the_answer_is_the_oracles(client, oracle, names):
    told = client.post("/api/v1/whatif", json={"seeds": names[:5], "baseline": names[3:7]}).json()
    wanted = oracle.spread(names[:5])
    assert (told["mean"], told["low"], told["high"]) == (wanted.mean, *wanted.interval)
    assert told["adds"] == wanted.adds.tolist()
    assert np.array_equal(told["overlap"], oracle.overlap(names[:5]))
    assert sum(one["reached"] for one in told["by_community"]) == pytest.approx(wanted.mean)
    assert told["baseline"]["mean"] == oracle.spread(names[3:7]).mean
    assert told["together"]["mean"] == oracle.spread(names[:7]).mean
    assert told["n_samples"] == 50_000


def test_all_names_that_nobody_bears_are_told_at_once(client, names):
    for path, asked in (
        ("whatif", {"seeds": ["x", names[0], "y", "x"], "baseline": ["z"]}),
        ("plans/compare", {"a": [names[0], "x", "y"], "b": ["z"]}),
        ("whatif/next", {"seeds": ["x", "y", names[1], "z"]}),
        ("jobs", {"kind": "seeds", "parameters": {"k": 9, "must": ["x"], "never": ["y", names[2], "z"]}}),
    ):
        answer = client.post(f"/api/v1/{path}", json=asked)
        told = answer.json()
        assert (answer.status_code, told["type"], told["accounts"]) == (404, "unknown-account", ["x", "y", "z"])
        assert told["detail"] == "there is no account 'x' in this result, nor 2 others of the names given"


def test_communities_are_those_of_the_accounts(prepared, oracle, names):
    facet = prepared.result.facets["community"]
    of = {str(prepared.result.kept.ids[i]): facet.value(i) for i in range(len(prepared.result))}
    groups = np.array([-1 if of[str(one)] is None else of[str(one)] for one in oracle.ids])
    wanted = oracle.audience(names[:3], groups)
    told = {one["community"]: one["reached"] for one in prepared.whatif(names[:3])["by_community"]}
    assert told == pytest.approx({None if group == -1 else group: n for group, n in wanted.items()})


def test_whom_to_add_next(client, oracle, names):
    told = client.post("/api/v1/whatif/next", json={"seeds": names[:3], "k": 5}).json()["items"]
    before = oracle.spread(names[:3]).mean
    gains = {str(one): oracle.spread([*names[:3], one]).mean - before for one in oracle.ids if one not in names[:3]}
    best = sorted(gains.values(), reverse=True)[:5]
    assert [one["gain"] for one in told] == pytest.approx(best)
    assert not {one["account"] for one in told} & set(names[:3])
    row = client.get(f"/api/v1/accounts/{told[0]['account']}").json()
    assert (row["rank"], row["score"]) == (told[0]["rank"], told[0]["score"])
    everybody = client.post("/api/v1/whatif/next", json={"k": 500}).json()["items"]
    assert len(everybody) == len(oracle.ids)


def test_a_cascade_is_one_run_of_the_prepared_model(client, out, prepared, names):
    told = client.post("/api/v1/whatif/cascade", json={"seeds": names[:3], "rng": 11}).json()
    model = model_on(sr.Graph.open(derived_folder(out, prepared.run) / "graph"))
    steps = sr.simulate(model, names[:3], n_runs=2, playback=1, rng=11).playback[0]
    assert told["reached"] == np.count_nonzero(steps >= 0)
    assert told["per_step"] == np.bincount(steps[steps >= 0]).tolist()
    shown = {name: steps[model.graph.position(name)] for name in prepared.result.map["accounts"]}
    assert told["steps"] == {name: step for name, step in shown.items() if step >= 0}


def test_what_cascades_walk_over_is_not_believed_where_it_was_altered(out, prepared, tmp_path):
    folder = derived_folder(copied(out, tmp_path), prepared.run)
    path = folder / "whatif" / "forward" / "indices.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x80  # a follower that is none: a kernel would read past its arrays
    path.write_bytes(content)
    with pytest.raises(sr.DamagedGraphError, match="was altered"):
        open_walk(folder)
    path.unlink()
    with pytest.raises(sr.DamagedGraphError, match="prepare the run again"):
        open_walk(folder)


def test_two_plans(client, oracle, names):
    told = client.post("/api/v1/plans/compare", json={"a": names[:4], "b": names[2:6]}).json()
    a, b, union = (oracle.spread(some).mean for some in (names[:4], names[2:6], names[:6]))
    assert (told["a"]["mean"], told["b"]["mean"], told["union"]["mean"]) == (a, b, union)
    assert told["only_a"] + told["shared"] + told["only_b"] == pytest.approx(union)
    assert told["only_a"] == pytest.approx(union - b)


def test_neighbours_by_the_share_of_attention(client, out, prepared, names):
    graph = sr.Graph.open(derived_folder(out, prepared.run) / "graph")
    u, v = graph.edges()
    share = dict(zip(zip(u.tolist(), v.tolist(), strict=True), graph.column("probability").tolist(), strict=True))
    node = graph.position(names[0])
    for direction, arcs in (
        ("followers", {a: p for (a, b), p in share.items() if b == node}),
        ("following", {b: p for (a, b), p in share.items() if a == node}),
    ):
        told = client.get(f"/api/v1/neighbours/{names[0]}", params={"direction": direction, "k": 500}).json()
        assert told["total"] == len(arcs)
        assert {graph.position(one["account"]): one["share"] for one in told["items"]} == pytest.approx(arcs, rel=1e-6)
        shares = [one["share"] for one in told["items"]]
        assert shares == sorted(shares, reverse=True)


def test_comparing_two_accounts_tells_what_they_share(client, prepared, oracle, names):
    """Others alone: what-if counts the account itself, a post's reach does not."""
    a, b = names[:2]
    told = client.get("/api/v1/compare", params={"a": a, "b": b}).json()["shared_audience"]
    of_its_own = client.post("/api/v1/whatif", json={"seeds": [a]}).json()
    for name, end in (("a", "mean"), ("a_low", "low"), ("a_high", "high")):
        assert told[name] == pytest.approx(of_its_own[end] - 1)
    assert told["b"] == pytest.approx(oracle.spread([b]).mean - 1)
    assert told["b_low"] <= told["b"] <= told["b_high"]
    them = np.isin(prepared._graph.ids.to_arrow().to_pylist(), [a, b])
    reached = {name: oracle.audience([name], them).get(True, 0.0) for name in (a, b)}
    union = oracle.spread([a, b]).mean - oracle.audience([a, b], them)[True]
    apart = [oracle.spread([name]).mean - reached[name] for name in (a, b)]
    assert told["both"] == pytest.approx(sum(apart) - union)


def test_many_threads_get_their_own_answers(prepared, oracle, names):
    wanted = {name: oracle.spread([name]).mean for name in names}
    wrong = []

    def ask(name):
        for _ in range(40):
            if prepared.whatif([name])["mean"] != wanted[name]:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_is_wrong_is_said(client, names):
    unknown = client.post("/api/v1/whatif", json={"seeds": [names[0], "nobody at all"]})
    assert unknown.status_code == 404
    assert "nobody at all" in unknown.json()["detail"]
    for body in ({"seeds": []}, {"seeds": names * 2000}, {"seeds": names, "more": 1}, {"seeds": [1]}, {}):
        assert client.post("/api/v1/whatif", json=body).status_code == 422
    assert client.post("/api/v1/whatif", json={"seeds": [names[0]] * 3}).json()["seeds"] == [names[0]]
    assert client.get("/api/v1/neighbours/nobody").status_code == 404


def test_a_result_that_does_not_name_its_files_says_so(tmp_path):
    with serving(result_in(tmp_path)) as client:
        answer = client.post("/api/v1/whatif", json={"seeds": ["a/b"]})
        assert (answer.status_code, answer.json()["type"]) == (503, "not-prepared")
        assert "saved from Python" in answer.json()["detail"]
        assert client.get("/api/v1/jobs").json()["total"] == 0


def test_files_that_are_gone_are_told_and_lookups_live_on(out, tmp_path):
    alone = tmp_path / "alone"
    moved = town_in(alone, 120)
    (alone / "town" / "graph.csv").unlink()
    with serving(moved, refresh_seconds=0) as client:
        waited(lambda: client.get("/api/v1/jobs?status=failed").json()["total"])
        answer = client.post("/api/v1/whatif", json={"seeds": ["x"]})
        assert answer.status_code == 503
        assert "graph.csv" in answer.json()["detail"]
        assert any("graph.csv" in one["detail"] for one in client.get("/api/v1/run").json()["warnings"])
        name = client.get("/api/v1/accounts").json()["items"][0]["account"]
        assert client.get(f"/api/v1/accounts/{name}").status_code == 200
        assert client.get("/api/v1/jobs?kind=prepare").json()["total"] == 1  # asked for once
