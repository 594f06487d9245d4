"""Jobs: what may be asked, how they are run, told and ended, and what they make."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import typing
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from swayrank.campaign.select import METHODS
from swayrank.results import current_run
from swayrank.service.app import create_app
from swayrank.service.jobs.eligible import prices
from swayrank.service.jobs.parameters import Costs, Method, SeedsParameters
from swayrank.service.jobs.planning import Planner
from swayrank.service.jobs.runner import _Running
from swayrank.service.jobs.scored import forget_runs
from swayrank.service.places import without_folders
from swayrank.service.published import Published
from swayrank.service.routes.result import tier_place
from swayrank.service.settings import Settings
from swayrank.stores import open_store
from swayrank.stores.events import LiveEvent
from tests.serving import serving
from tests.working import copied, finished, program, runner_over, town_in, waited


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return town_in(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def client(town, tmp_path_factory):
    out = copied(town, tmp_path_factory.mktemp("served"))
    with serving(out, refresh_seconds=0) as client:
        waited(lambda: client.app.state.service.prepared)
        yield client


def done(client, kind, parameters=None, status="done"):
    answer = client.post("/api/v1/jobs", json={"kind": kind, "parameters": parameters or {}})
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    told = waited(lambda: (j := client.get(f"/api/v1/jobs/{job}").json())["ended"] and j)
    assert told["status"] == status, told
    return told


def result(client, job):
    return client.get(f"/api/v1/jobs/{job['id']}/result").json()


# -- what may be asked -------------------------------------------------------------------------------------------------


def test_the_methods_are_those_of_select_seeds():
    assert typing.get_args(Method) == METHODS


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kind": "dance", "parameters": {}}, "'seeds', 'score', 'prepare', 'explain'"),
        ({"kind": "seeds", "parameters": {}}, "give k"),
        ({"kind": "seeds", "parameters": {"k": 0}}, "greater than or equal to 1"),
        ({"kind": "seeds", "parameters": {"k": 1, "size": 2}}, "not permitted"),
        ({"kind": "seeds", "parameters": {"k": 1, "method": "magic"}}, "'opim', 'celf'"),
        ({"kind": "seeds", "parameters": {"budget": 3}}, "budget needs costs"),
        ({"kind": "seeds", "parameters": {"k": 1, "must": ["nobody at all"]}}, "nobody at all"),
        ({"kind": "seeds", "parameters": {"k": 1, "quota": {"by": "tier"}}}, "one of at_most and at_least"),
        ({"kind": "seeds", "parameters": {"k": 1, "quota": {"by": "tier", "at_most": {"x": 1}}}}, "got 'x'"),
        ({"kind": "seeds", "parameters": {"k": 1, "quota": {"by": "tier", "at_least": {"q1": 2}}}}, "k must hold"),
        ({"kind": "seeds", "parameters": {"k": 1, "only": {"role": ["emperor"]}}}, "emperor"),
        ({"kind": "explain", "parameters": {"account": "nobody at all"}}, "nobody at all"),
        ({"kind": "prepare", "parameters": {"run": "../../etc"}}, "pattern"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_queued(client, asked, words):
    before = client.get("/api/v1/jobs").json()["total"]
    answer = client.post("/api/v1/jobs", json=asked)
    assert answer.status_code in (404, 422)
    assert words in answer.text
    assert client.get("/api/v1/jobs").json()["total"] == before


def test_refusals_are_in_plain_words_and_name_the_parameter_apart(client):
    name = client.get("/api/v1/accounts?page_size=1").json()["items"][0]["account"]
    asked = {"kind": "seeds", "parameters": {"k": 3}}
    for more, parameter, detail in (
        ({"must": [name], "never": [name]}, "parameters", f"must and never both name {name!r}"),
        ({"k": 0}, "parameters.k", "k must be greater than or equal to 1, got 0"),
        ({"k": "many"}, "parameters.k", "k must be a whole number, got 'many'"),
        ({"size": 2}, "parameters.size", "size is not permitted: there is no parameter of that name"),
        ({"quota": {"at_most": {}}}, "parameters.quota.by", "quota.by is required"),
        ({"must": [name, ""]}, "parameters.must.1", "must.1 must have at least 1 character, got ''"),
    ):
        told = client.post("/api/v1/jobs", json={**asked, "parameters": {**asked["parameters"], **more}}).json()
        assert (told["parameter"], told["detail"]) == (parameter, detail)
        assert told["errors"][0] == {"parameter": parameter, "message": detail}
    for body in ({"kind": "dance"}, {}, [], {"kind": "explain"}, {"kind": "prepare", "parameters": {"run": "x"}}):
        answer = client.post("/api/v1/jobs", json=body)
        assert answer.status_code == 422
        assert not re.search("[Ii]nput|error|tag|Field|discriminator|body|seeds\\.", answer.json()["detail"])
    assert "no JSON" in client.post("/api/v1/jobs", content="{", headers={"Content-Type": "application/json"}).text
    assert client.get("/api/v1/accounts?page=0").json()["parameter"] == "page"


def test_the_run_names_its_files_without_their_folders(client, town):
    told = client.get("/api/v1/run").json()
    assert sorted(one["file"] for one in told["inputs"]) == ["events.csv", "graph.csv"]
    assert str(town.parent) not in json.dumps(told)
    assert str(town.parent) in (current_run(town) / "manifest.json").read_text()
    assert told["tiers"] == ["q1", "q2", "q3", "q4"]
    assert told["may"] == ["read", "write", "admin"]
    assert sorted(["mega", "q2", "nano", "q1", "micro"], key=tier_place) == ["nano", "micro", "mega", "q1", "q2"]
    assert without_folders(f"{town.parent}/town/graph.csv: the file is gone") == "graph.csv: the file is gone"


def test_a_figure_has_the_name_that_it_has_in_python_too(client):
    figures = [client.get(f"/api/v1/figures/{name}") for name in ("histogram", "scores")]
    assert figures[0].status_code == 200
    assert figures[0].json() == figures[1].json()


def test_an_account_whose_followers_are_unknown_has_no_price_by_followers():
    class Two(SimpleNamespace):
        def __len__(self):
            return 2

    result = Two(evidence={"followers": np.array([7, -1])})
    assert prices(Costs(default=1.0, per_follower=0.5), result).tolist() == [4.5, np.inf]
    assert prices(Costs(default=1.0), result).tolist() == [1.0, 1.0]


# -- what they make ----------------------------------------------------------------------------------------------------


def test_seeds_come_with_curve_bounds_communities_and_overlap(client):
    plan = result(client, done(client, "seeds", {"k": 4}))
    names = [row["account"] for row in plan["seeds"]]
    assert len(set(names)) == 4
    assert [point["k"] for point in plan["curve"]] == [1, 2, 3, 4]
    assert all(p["low"] <= p["spread"] <= p["high"] for p in plan["curve"])
    assert plan["curve"][-1]["spread"] == pytest.approx(plan["spread"])
    assert plan["lower_bound"] <= plan["spread"] <= plan["upper_bound"]
    assert sum(c["reached"] for c in plan["by_community"]) == pytest.approx(plan["spread"])
    assert sum(c["seeds"] for c in plan["by_community"]) == 4
    assert plan["overlap"][0][0] == pytest.approx(plan["seeds"][0]["marginal_gain"])
    whatif = client.post("/api/v1/whatif", json={"seeds": names}).json()
    assert whatif["mean"] == plan["spread"]
    assert whatif["adds"] == [row["marginal_gain"] for row in plan["seeds"]]


def test_must_never_only_and_prices_hold(client):
    rows = client.get("/api/v1/accounts", params={"page_size": 30}).json()["items"]
    must, never = rows[20]["account"], rows[0]["account"]
    only = sorted({row["tier"] for row in rows})[:1]
    asked = {"must": [must], "never": [never], "only": {"tier": only}}
    costs = {"default": 1.0, "per_follower": 0.5, "accounts": {must: 0.25}}
    plan = result(client, done(client, "seeds", {**asked, "budget": 60.0, "costs": costs}))
    names = [row["account"] for row in plan["seeds"]]
    assert names[0] == must
    assert never not in names
    assert len(names) > 1
    assert {row["tier"] for row in plan["seeds"][1:]} == set(only)
    assert plan["seeds"][0]["cost"] == 0.25
    for row in plan["seeds"][1:]:
        followers = client.get(f"/api/v1/accounts/{row['account']}").json()["evidence"]["followers"]
        assert row["cost"] == pytest.approx(1.0 + 0.5 * followers)
    assert plan["cost"] == pytest.approx(sum(row["cost"] for row in plan["seeds"]))
    assert plan["cost"] <= 60.0


@pytest.mark.parametrize("bound", ["at_most", "at_least"])
def test_quotas_hold(client, bound):
    free = result(client, done(client, "seeds", {"k": 6}))
    tiers = [row["tier"] for row in free["seeds"]]
    group = max(set(tiers), key=tiers.count) if bound == "at_most" else "q1"
    assert tiers.count(group) > 1 if bound == "at_most" else tiers.count(group) < 2
    limit = 1 if bound == "at_most" else 2
    plan = result(client, done(client, "seeds", {"k": 6, "quota": {"by": "tier", bound: {group: limit}}}))
    found = [row["tier"] for row in plan["seeds"]].count(group)
    assert found <= limit if bound == "at_most" else found >= limit
    assert len(plan["seeds"]) == 6
    assert ("no bound" in plan["guarantee"]) == (bound == "at_least")


def test_a_plan_tells_how_many_could_be_chosen(client):
    rows = client.get("/api/v1/accounts", params={"page_size": 500}).json()["items"]
    tiers = [row["tier"] for row in rows]
    never = [row["account"] for row in rows if row["tier"] == "q1"][:2]
    asked = {"k": 9999, "method": "degree", "never": never, "only": {"tier": ["q1"]}}
    plan = result(client, done(client, "seeds", asked))
    assert plan["room"] == len(plan["seeds"]) == tiers.count("q1") - 2
    quota = {"by": "tier", "at_most": {"q1": 3, "q2": 0}}
    plan = result(client, done(client, "seeds", {"k": 9, "quota": quota, "never": never}))
    assert plan["room"] == 3 + sum(tier not in ("q1", "q2") for tier in tiers)


def test_contradictions_are_refused_before_any_work(client):
    rows = client.get("/api/v1/accounts?page_size=5").json()["items"]
    name, tier = rows[0]["account"], rows[0]["tier"]
    two = [row["account"] for row in rows[:2]]
    for asked, told in (
        ({"k": 2, "must": [name], "never": [name]}, "must and never both name"),
        ({"k": 1, "must": two}, "k must be at least 2"),
        ({"must": two, "budget": 1.0, "costs": {"default": 3.0}}, "budget must be at least 6"),
        ({"must": two, "budget": 9.0, "costs": {"accounts": {name: 1.0}}}, "costs must name every account in must"),
        ({"must": two[:1], "k": 9, "costs": {"accounts": {two[1]: 1.0}}}, "costs must name every account in must"),
        ({"k": 3, "must": [name], "quota": {"by": "tier", "at_most": {tier: 0}}}, "quota.at_most allows 0"),
    ):
        answer = client.post("/api/v1/jobs", json={"kind": "seeds", "parameters": asked})
        assert answer.status_code == 422
        assert told in answer.json()["detail"]


def test_wishes_that_leave_nobody_are_refused_before_any_work(client):
    rows = client.get("/api/v1/accounts?page_size=500").json()["items"]
    tiers, alone = sorted({row["tier"] for row in rows}), [row["account"] for row in rows if row["tier"] == "q1"]
    shut = {"by": "tier", "at_most": dict.fromkeys(tiers, 0)}
    cheapest = {"accounts": {rows[3]["account"]: 50.0, rows[4]["account"]: 70.0}}
    dear = {"budget": 1.0, "costs": cheapest}
    for asked, told in (
        (dear, f"the cheapest that may be chosen, {rows[3]['account']!r}, costs 50, got a budget of 1"),
        ({**dear, "never": [rows[3]["account"]]}, f"{rows[4]['account']!r}, costs 70"),
        ({"k": 2, "budget": 0.5, "costs": {"default": 1.0}}, "budget must pay for at least one account"),
        ({"k": 2, "quota": shut}, "quota.at_most must allow at least one account"),
        ({"k": 2, "only": {"tier": ["q1"]}, "never": alone}, "nobody may be chosen"),
        ({"k": 2, "only": {"tier": ["q1"]}, "quota": {"by": "tier", "at_most": {"q1": 0}}}, "quota.at_most must allow"),
        ({"k": 500, "quota": {"by": "tier", "at_least": {"q1": 400}}}, f"400 of 'q1', and {len(alone)} may be chosen"),
    ):
        answer = client.post("/api/v1/jobs", json={"kind": "seeds", "parameters": asked})
        assert answer.status_code == 422, asked
        assert told in answer.json()["detail"]
    plan = result(client, done(client, "seeds", {**dear, "must": [rows[4]["account"]], "budget": 70.0}))
    assert [row["account"] for row in plan["seeds"]] == [rows[4]["account"]]


def test_a_plan_without_seeds_is_a_plan(client, monkeypatch):
    """Where nobody adds anything in the samples drawn, whatever may come: zeros, and no failure."""
    service = client.app.state.service
    planner = Planner(service.published, service.settings.out)
    chosen = planner._chosen

    def nobody(asked, costs):
        found = chosen(asked, costs)
        return replace(found, seeds=(), nodes=found.nodes[:0], marginal_gains=found.marginal_gains[:0])

    monkeypatch.setattr(planner, "_chosen", nobody)
    plan = planner.plan(SeedsParameters(k=1, method="degree"))
    assert (plan["seeds"], plan["curve"], plan["spread"], plan["overlap"]) == ([], [], 0.0, None)
    assert {row["reached"] for row in plan["by_community"]} <= {0}


def test_a_job_that_failed_says_why_and_has_no_result(client):
    nobody = {"only": {"tier": ["q1"]}, "costs": {"accounts": {"nobody": 1.0}}}
    assert client.post("/api/v1/jobs", json={"kind": "seeds", "parameters": {"k": 1, **nobody}}).status_code == 404
    priced = {"k": 2, "method": "degree", "budget": 5.0, "costs": {"default": 1.0}}
    job = done(client, "seeds", priced, status="failed")
    assert job["error"]["type"] == "wrong-value"
    answer = client.get(f"/api/v1/jobs/{job['id']}/result")
    assert answer.status_code == 409
    assert "failed" in answer.json()["detail"]


def test_an_explanation_that_the_run_lacks_is_made_once_and_kept(client):
    service = client.app.state.service
    service.published.__dict__["n_explained"] = 5  # this town is small: its run explains everybody
    account = str(service.published.kept.ids[40])
    assert client.get(f"/api/v1/explanations/{account}").json()["kept"] is False
    kept = service.published.kept.explanation(account)
    job = done(client, "explain", {"account": account})
    made = result(client, job)
    assert made["kept"] is True
    assert made["text"] == kept["text"]
    assert made["activity"] is None or len(made["activity"]["counts"]) == len(made["activity"]["times"])


def test_a_run_is_scored_under_its_own_reference_and_served_at_once(town, tmp_path):
    out = copied(town, tmp_path)
    with serving(out, refresh_seconds=0) as client:
        before = client.get("/api/v1/run").json()
        made = result(client, done(client, "score"))
        after = client.get("/api/v1/run").json()
        assert made["run"] == after["id"] != before["id"]
        assert after["reference"] == before["reference"]
        assert made["prepared"] is True
        waited(lambda: client.get("/api/v1/run").json()["has"]["oracle"])
        assert client.get("/api/v1/jobs?kind=prepare").json()["total"] <= 1  # of the first run alone


# -- how they are told -------------------------------------------------------------------------------------------------


def test_events_end_with_the_job(client):
    job = client.post("/api/v1/jobs", json={"kind": "seeds", "parameters": {"k": 3}}).json()["id"]
    with client.stream("GET", f"/api/v1/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert kinds[-1] == "done"
    assert set(kinds[:-1]) <= {"progress"}
    assert told[-1]["status"] == "done"
    assert told[-1]["id"] == job


WAITS = """
        def wait_for(*names):
            while not all(os.path.exists(os.path.join(os.path.dirname(asked["result"]), name)) for name in names):
                time.sleep(0.01)
"""  # for what a test has heard: news that come close together are told as one where the machine is busy


def test_any_number_of_listeners_hear_progress_and_silence(tmp_path):
    body = """
        wait_for(*[f"silent-{who}" for who in range(5)])
        for k in range(3):
            print(json.dumps({"progress": {"what": "working", "done": k, "total": 3}}), flush=True)
            wait_for(*[f"{k}-{who}" for who in range(5)])
        open(asked["result"], "w").write("{}")
        print(json.dumps({"done": True}), flush=True)
    """
    (tmp_path / "jobs").mkdir()

    async def work():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program(WAITS + body)), asyncio.Event()
            job = await runner.add("score", {})

            async def listen(who):
                heard = []
                async for found in runner.follow(job.id, heartbeat=0.1):
                    heard.append(found)
                    what = "silent" if found is None else found.progress and found.progress["done"]
                    (tmp_path / "jobs" / f"{what}-{who}").touch()
                return heard

            listening = [asyncio.create_task(listen(who)) for who in range(5)]
            loop = asyncio.create_task(runner.run(stopping))
            heard = await asyncio.gather(*listening)
            stopping.set()
            await loop
            return heard

    for heard in asyncio.run(work()):
        assert heard[-1].status == "done"
        done = [one.progress["done"] for one in heard if one is not None and one.progress]
        assert sorted(set(done)) == [0, 1, 2]
        assert done == sorted(done)
        assert None in heard


@pytest.mark.parametrize("ends", ["done", "failed"])
def test_progress_never_runs_backwards_and_ends_with_the_job(tmp_path, ends):
    """Each stage as far as it was told, one after the other, however late the store hears of it."""
    body = """
        for what, done in (("first", 5), ("first", 4), ("first", 7), ("second", 1), ("second", 7)):
            told = {"what": what, "done": done, "total": 7, "seconds_left": None}
            print(json.dumps({"progress": told}), flush=True)
            time.sleep(0.1)
            wait_for(what)
        open(asked["result"], "w").write("{}")
        print(json.dumps(ENDED), flush=True)
    """.replace("ENDED", {"done": "{'done': True}", "failed": "{'error': {'type': 'x', 'detail': 'y'}}"}[ends])
    (tmp_path / "jobs").mkdir()

    async def work():
        with open_store(tmp_path / "service.db") as store:
            runner, stopping = runner_over(store, tmp_path, command=program(WAITS + body)), asyncio.Event()
            job = await runner.add("score", {})
            loop = asyncio.create_task(runner.run(stopping))
            heard = []
            async for found in runner.follow(job.id, heartbeat=30.0):
                if found is not None:
                    heard.append(found)
                    (tmp_path / "jobs" / str(found.progress and found.progress["what"])).touch()
            stopping.set()
            await loop
            return heard, store.jobs.get(job.id)

    heard, kept = asyncio.run(asyncio.wait_for(work(), 300))
    told = [(one.progress["what"], one.progress["done"]) for one in heard if one.progress]
    assert told == sorted(told)
    assert {what for what, _ in told} == {"first", "second"}
    assert heard[-1].status == kept.status == ends
    assert heard[-1].progress == kept.progress
    assert kept.progress is None if ends == "done" else kept.progress["done"] == 7


def test_a_job_that_ends_while_it_is_asked_for_is_told_as_it_was_last(tmp_path):
    """Its row was read while it ran, and it ended before the row came: the row's progress is seconds old."""

    async def work():
        with open_store(tmp_path / "service.db") as store:
            runner = runner_over(store, tmp_path)
            job = await runner.add("score", {})
            running = store.jobs.claim(runner.owner)
            here = runner._running[job.id] = _Running(running, None)
            here.progress({"what": "working", "done": 7, "total": 9})
            read = store.jobs.get

            def slow(asked):
                row = read(asked)
                runner._running.pop(asked, None)
                return row

            store.jobs.get = slow
            return await runner.get(job.id)

    assert asyncio.run(work()).progress["done"] == 7


def test_lists_are_paged_and_filtered(client):
    done(client, "seeds", {"k": 1})
    page = client.get("/api/v1/jobs", params={"kind": "seeds", "status": "done", "page_size": 1}).json()
    assert len(page["items"]) == 1
    assert page["items"][0]["parameters"]["k"] == 1
    assert page["total"] >= 1
    assert client.get("/api/v1/jobs", params={"status": "dancing"}).status_code == 422


def test_what_is_not_there_is_said(client):
    for method, path in (
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/restart"),
    ):
        answer = client.request(method, f"/api/v1/jobs/0123456789abcdef{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "unknown-job")
    ended = done(client, "seeds", {"k": 1})["id"]
    assert client.post(f"/api/v1/jobs/{ended}/cancel").status_code == 409


def test_what_a_job_made_stays_whatever_is_asked_for_later(client):
    job = done(client, "seeds", {"k": 2})
    plan = result(client, job)
    refused = client.post(f"/api/v1/jobs/{job['id']}/restart")
    assert refused.status_code == 409
    assert "ask for another job" in refused.json()["detail"]
    another = done(client, job["kind"], job["parameters"])
    assert another["id"] != job["id"]
    assert [row["account"] for row in result(client, another)["seeds"]] == [row["account"] for row in plan["seeds"]]
    assert client.get(f"/api/v1/jobs/{job['id']}").json() == job
    assert result(client, job) == plan


# -- scores refreshed --------------------------------------------------------------------------------------------------


def live_events(n, actor="newcomer"):
    return {"events": [
        {"key": f"{actor}-{i}", "time": 1_774_900_000 + i, "actor": actor, "action": "like", "target": "n" + str(i)}
        for i in range(n)
    ]}  # fmt: skip


def test_live_events_are_scored_by_themselves_and_once(town, tmp_path):
    out = copied(town, tmp_path)
    with serving(out, refresh_seconds=1.0) as client:
        first = client.get("/api/v1/run").json()["id"]
        assert client.post("/api/v1/events", json=live_events(3)).json()["accepted"] == 3
        waited(lambda: client.get("/api/v1/events/status").json()["unscored"] == 0)
        told = client.get("/api/v1/events/status").json()
        assert told["last_scored_seq"] == told["last_seq"] == 3
        run = client.get("/api/v1/run").json()
        assert run["id"] != first
        assert client.get("/api/v1/accounts/newcomer").status_code == 200
        assert waited(lambda: client.app.state.service.store.state.get("last_scored_seq")) == "3"
        asked = client.get("/api/v1/jobs?kind=score").json()["total"]
        assert asked == 1
    assert [path.name[-20:] for path in (out / "live").iterdir()] == ["000000000003.parquet"]
    with serving(out, refresh_seconds=1.0) as client:  # the run itself tells what it knows
        client.app.state.service.store.state.set("last_scored_seq", "0")
        assert client.get("/api/v1/events/status").json()["unscored"] == 0
        assert client.get("/api/v1/run").json()["id"] == run["id"]
        assert client.get("/api/v1/jobs?kind=score").json()["total"] == asked


def test_scores_that_were_made_a_moment_ago_are_not_made_again(town, tmp_path):
    out = copied(town, tmp_path)
    before = current_run(out)
    with open_store(out / "service.db") as store:
        store.events.append([[LiveEvent("k", 1_774_900_000_000_000, "newcomer", "like", "n1", None)]])
    assert finished(out).status == "done"
    service = create_app(Settings(out=out, refresh_seconds=1.0, log=tmp_path / "log")).state.service
    with contextlib.closing(service):
        service.published = Published.load(before)  # the job has ended, and nobody has looked at what it made yet
        asyncio.run(service.upkeep._refresh())
        assert service.store.jobs.newest(kind="score")[1] == 1
        assert service.published.run == current_run(out).name


def test_runs_that_nobody_needs_are_forgotten(town, tmp_path):
    out = copied(town, tmp_path)
    (first,) = (path.name for path in (out / "runs").iterdir())
    with open_store(out / "service.db") as store:
        store.events.append([[LiveEvent("k", 1_774_900_000_000_000, "newcomer", "like", "n1", None)]])
    for _ in range(3):
        assert finished(out).status == "done"
    made = sorted(path.name for path in (out / "runs").iterdir() if path.name != first)
    assert len(made) == 3
    assert forget_runs(out, newest=2) == made[:1]
    assert sorted(path.name for path in (out / "runs").iterdir()) == sorted([first, *made[1:]])
    assert current_run(out).name == made[-1]
