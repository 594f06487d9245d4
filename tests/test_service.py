"""What the service answers about a result, against the result itself."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow.parquet as pq
import pytest

import swayrank as sr
from swayrank.results import current_run
from swayrank.scoring.keep import KeptScores, load_scores
from tests.serving import AWKWARD, copied, result_in, serving

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return result_in(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def kept(out) -> KeptScores:
    return load_scores(out)


@pytest.fixture(scope="module")
def client(out):
    with serving(out) as one:
        yield one


def address(resource, name):
    """Names that no path can hold go into the query."""
    return f"/api/v1/{resource}/" + (f"?account={quote(name)}" if name == ".." else quote(name, safe=""))


def rows(client, **query):
    return client.get("/api/v1/accounts", params={"page_size": 500, **query}).json()["items"]


# -- one account -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AWKWARD)
def test_every_name_can_be_asked_for(client, kept, name):
    got = client.get(address("accounts", name)).json()
    row = kept.row(name)
    assert (got["account"], got["rank"], got["score"]) == (name, row.rank, row.score)
    assert {part: one["scaled"] for part, one in got["parts"].items()} == row.parts
    assert sum(one["contribution"] or 0 for one in got["parts"].values()) == pytest.approx(row.score)


def test_an_account_tells_what_its_score_rests_on(client, kept):
    table = kept.accounts().to_pylist()
    for row in table[:20]:
        got = client.get(address("accounts", row["account"])).json()
        assert got["evidence"] == {name: row[name] for name in got["evidence"]}
        assert (got["community"], got["tier"]) == (row["community"], row["tier"])


def test_an_unknown_account_is_a_problem_in_words(client):
    got = client.get("/api/v1/accounts/?account=nobody%0Ahere")
    assert got.status_code == 404
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["type"] == "unknown-account"
    assert "\n" not in got.json()["detail"]


def test_a_lookup_is_not_sent_twice(client, kept):
    address = "/api/v1/accounts/" + quote(str(kept.ids[30]), safe="")
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/api/v1/accounts/" + quote(str(kept.ids[31]), safe=""))
    assert other.headers["etag"] != first.headers["etag"]


def test_explanations_are_those_of_the_run(client, kept):
    first = str(kept.ids[0])
    got = client.get("/api/v1/explanations/" + quote(first, safe="")).json()
    assert got["kept"]
    assert got["text"] == kept.explain(first).text
    assert got["facts"]["score"] == pytest.approx(kept.score[0])
    assert sum(got["activity"]["counts"]) == kept.accounts().to_pylist()[0]["reactions"]


def test_an_account_that_is_not_explained_has_its_figures(out, tmp_path):
    changed = copied(out, tmp_path)
    with serving(changed) as client:
        client.app.state.service.published.__dict__["n_explained"] = 3
        name = str(load_scores(out).ids[5])
        got = client.get("/api/v1/explanations/" + quote(name, safe="")).json()
    assert (got["kept"], got["facts"], got["row"]["account"]) == (False, None, name)


# -- lists -------------------------------------------------------------------------------------------------------------


def test_the_list_is_the_ranking(client, kept):
    got = [row["account"] for row in rows(client)]
    assert got == [str(one) for one in kept.ids][: len(got)]


def test_pages_join_without_gap_or_overlap(client, kept):
    pages = [rows(client, page=page, page_size=7, sort="followers") for page in range(1, 40)]
    together = [row["account"] for page in pages for row in page]
    assert sorted(together) == sorted(str(one) for one in kept.ids)


def test_sorting_puts_missing_last_both_ways(client):
    for order in ("asc", "desc"):
        scores = [row["score"] for row in rows(client, sort="score", order=order)]
        there = [score for score in scores if score is not None]
        assert scores[len(there) :] == [None] * (len(scores) - len(there))
        assert there == sorted(there, reverse=order == "desc")


def test_filters_and_facets_agree_with_counting(client, kept):
    known = kept.accounts().to_pylist()
    got = client.get("/api/v1/accounts", params={"tier": "q4", "min_score": 50, "page_size": 500}).json()
    wanted = [row["account"] for i, row in enumerate(known) if row["tier"] == "q4" and kept.score[i] >= 50]
    assert [row["account"] for row in got["items"]] == wanted
    assert got["total"] == len(wanted)
    # a facet counts under all filters but its own
    by_tier = {one["value"]: one["count"] for one in got["facets"]["tier"]}
    for tier, number in by_tier.items():
        assert number == sum(row["tier"] == tier and kept.score[i] >= 50 for i, row in enumerate(known))
    roles = {one["value"]: one["count"] for one in got["facets"]["role"]}
    assert roles == Counter(kept.roles[i] for i, row in enumerate(known) if row["account"] in wanted)


def test_search_finds_parts_of_names_those_that_begin_so_first(client, kept):
    names = [str(one) for one in kept.ids]
    text = names[40][:2].upper()
    got = [row["account"] for row in rows(client, q=text)]
    assert sorted(got) == sorted(name for name in names if text.lower() in name.lower())
    begins = [name.lower().startswith(text.lower()) for name in got]
    assert begins == sorted(begins, reverse=True)
    assert [row["account"] for row in rows(client, q="%2e")] == ["%2e%2e"]
    assert rows(client, q="' or 1=1 --") == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"sort": "name"}, "sort must be one of"),
        ({"rol": "broker"}, "rol is no parameter of this address: known are community, max_score"),
        ({"min_score": 90, "max_score": 10}, "min_score must be at most max_score, got 90 and 10"),
        ({"page": 0}, "page"),
        ({"page_size": 501}, "page_size"),
        ({"status": "dead"}, "status"),
        ({"min_score": 101}, "min_score"),
        ({"q": "x" * 201}, "q"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(client, query, told):
    for address in ("accounts", "exports/scores.csv"):
        got = client.get(f"/api/v1/{address}", params=query)
        if address == "accounts" or not {"page", "page_size"} & {*query}:
            assert got.status_code == 422
            assert told in got.json()["detail"]
            assert got.json()["parameter"] == next(iter(query))


def test_a_misspelt_parameter_is_refused_everywhere(client, kept):
    """An answer without the filter would look like one with it."""
    best = str(kept.ids[0])
    for address in (
        "run",
        "runs",
        "map",
        "top?by=role",
        "figures/scores",
        f"history/{best}",
        "jobs",
        "exports/map.gexf",
    ):
        got = client.get(f"/api/v1/{address}{'&' if '?' in address else '?'}kk=3")
        assert got.status_code == 422, address
        assert got.json()["detail"].startswith("kk is no parameter of this address: ")
    assert client.get("/api/v1/history/", params={"account": best}).status_code == 200
    assert client.get("/health/live?by=probe").status_code == 200
    assert client.head("/api/v1/run").status_code == 200


def test_only_what_is_missing_is_called_left_out(out, tmp_path):
    """The page then says to give the source, which helps nobody where nothing is missing."""
    missing = ["there is no follow graph: reach comes from the log", "resonance could not be measured"]
    known = ["the posts table is not used for resonance, since the log holds reactions", "'NaN' is an account"]
    changed = copied(out, tmp_path)
    manifest = current_run(changed) / "manifest.json"
    told = json.loads(manifest.read_text())
    told["left_out"], told["overview"]["absent"] = missing + known, {"activity.json": "there is no log"}
    manifest.write_text(json.dumps(told))
    with serving(changed) as client:
        found = client.get("/api/v1/run").json()["warnings"]
    told_of = {one["detail"]: one["what"] for one in found}
    assert [told_of[note] for note in missing + known] == ["left out", "left out", "note", "note"]
    assert "no activity over time" in [one["what"] for one in found]


def test_operations_have_names_and_sentences_for_clients(client):
    ways = [one for path in client.get("/api/v1/openapi.json").json()["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in ways]
    assert len(names) == len({*names}) > 30
    assert {"get_accounts", "get_accounts_by_account", "post_jobs", "get_jobs_by_job_id_events"} <= {*names}
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name) for name in names), names
    assert all(" " in one["summary"] and one["summary"][0].isupper() for one in ways), [one["summary"] for one in ways]


def test_other_weights_are_described_for_clients(client):
    told = client.get("/api/v1/openapi.json").json()["paths"]["/api/v1/weights"]["get"]["parameters"]
    assert {one["name"]: one["schema"]["type"] for one in told} == {"k": "integer", "weights": "object"}


def test_top_of_each_community(client, kept):
    known = {row["account"]: row["community"] for row in kept.accounts().to_pylist()}
    for group in client.get("/api/v1/top", params={"by": "community", "k": 3}).json()["groups"]:
        members = [name for name, community in known.items() if community == group["group"]]
        assert group["size"] == len(members)
        scored = [name for name in members if kept.row(name).rank]
        assert [row["account"] for row in group["items"]] == scored[:3]


# -- other weights, two accounts ---------------------------------------------------------------------------------------


def test_the_runs_own_weights_change_nothing(client, kept):
    got = client.get("/api/v1/weights", params={**kept.weights, "k": 20}).json()
    assert [item["rank_was"] for item in got["items"]] == list(range(1, 21))
    assert got["entered"] == got["left"] == []
    assert got["spearman"] == pytest.approx(1)
    assert [item["score"] for item in got["items"]] == pytest.approx(kept.score[:20])


def test_other_weights_rank_by_their_mean(client, kept):
    got = client.get("/api/v1/weights", params={"reach": 3, "spread": 1, "k": 10}).json()
    assert got["weights"] == {"reach": 0.75, "resonance": 0.0, "spread": 0.25}
    scored = np.flatnonzero(kept.rank > 0)
    values = 0.75 * kept.parts["reach"][scored] + 0.25 * kept.parts["spread"][scored]
    best = scored[np.argsort(-values, kind="stable")[:10]]
    assert [item["account"] for item in got["items"]] == [str(kept.ids[int(i)]) for i in best]
    before = {str(kept.ids[i]) for i in range(10)}
    now = {item["account"] for item in got["items"]}
    assert (set(got["entered"]), set(got["left"])) == (now - before, before - now)


@pytest.mark.parametrize("query", [{}, {"reach": 0}, {"reach": -1}, {"fame": 1}, {"reach": "nan"}, {"reach": "x"}])
def test_weights_that_are_none_are_refused(client, query):
    got = client.get("/api/v1/weights", params=query)
    assert got.status_code == 422
    assert got.json()["detail"]


def test_two_accounts_differ_by_what_their_parts_add(client, kept):
    a, b = str(kept.ids[0]), str(kept.ids[60])
    got = client.get("/api/v1/compare", params={"a": a, "b": b}).json()
    assert sum(one["adds"] for one in got["differences"]) == pytest.approx(got["difference"])
    clear = got["a"]["score_low"] > got["b"]["score_high"]
    assert ("clear" in got["verdict"]) == clear
    turned = client.get("/api/v1/compare", params={"a": b, "b": a}).json()
    assert turned["verdict"] == got["verdict"]
    assert turned["difference"] == -got["difference"]


def test_an_account_and_itself_cannot_be_told_apart(client, kept):
    a = str(kept.ids[0])
    assert "within chance" in client.get("/api/v1/compare", params={"a": a, "b": a}).json()["verdict"]


# -- the run -----------------------------------------------------------------------------------------------------------


def test_the_run_says_what_it_is(client, kept):
    got = client.get("/api/v1/run").json()
    assert got["id"] == kept.manifest["id"]
    assert got["weights"] == kept.weights
    assert got["has"]["map"]
    assert got["has"]["explanations"] == kept.n_scored
    for name in ("map", "communities"):
        assert client.get(f"/api/v1/{name}").json() == getattr(kept, name)()
    assert "accounts" not in client.get("/api/v1/activity").json()


@pytest.mark.parametrize("name", ["leaderboard", "breakdown", "scores", "communities", "flows", "activity"])
def test_figures_come_with_their_table(client, name):
    got = client.get(f"/api/v1/figures/{name}", params={"theme": "dark"}).json()
    assert got["data"]
    assert got["title"]
    assert got["table"]["rows"]
    assert {len(row) for row in got["table"]["rows"]} == {len(got["table"]["head"])}


def test_history_over_runs_of_one_scale(out, tmp_path, kept):
    changed = copied(out, tmp_path)
    first = current_run(changed)
    later = shutil.copytree(first, first.with_name("99991231T000000Z-ffffff"))
    manifest = json.loads((later / "manifest.json").read_text())
    manifest |= {"id": later.name, "created": "9999-12-31T00:00:00+00:00"}
    (later / "manifest.json").write_text(json.dumps(manifest))
    name = str(kept.ids[2])
    with serving(changed) as client:
        got = client.get("/api/v1/history/" + quote(name, safe="")).json()
        assert client.get("/api/v1/history/nobody").status_code == 404
        assert len(client.get("/api/v1/runs").json()) == 2
        trend = client.get("/api/v1/figures/trend", params={"account": name})
    assert [row["run"] for row in got["runs"]] == [first.name, later.name]
    assert got["comparable"]
    assert got["runs"][0]["score"] == pytest.approx(kept.row(name).score)
    assert trend.status_code == 200


# -- files -------------------------------------------------------------------------------------------------------------


def test_exports_hold_what_the_filters_leave(client, kept):
    query = {"tier": "q4", "sort": "followers"}
    wanted = [row["account"] for row in rows(client, **query)]
    given = {
        form: client.get(f"/api/v1/exports/scores.{form}", params=query) for form in ("csv", "json", "parquet", "xlsx")
    }
    assert [row["account"] for row in given["json"].json()["items"]] == wanted
    assert pq.read_table(io.BytesIO(given["parquet"].content))["account"].to_pylist() == wanted
    spelled = [row["account"].lstrip("'") for row in csv.DictReader(io.StringIO(given["csv"].text))]
    assert spelled == [name.lstrip("'") for name in wanted]
    sheet = ET.fromstring(zipfile.ZipFile(io.BytesIO(given["xlsx"].content)).read("xl/worksheets/sheet1.xml"))
    assert len(sheet.findall(".//{*}row")) == len(wanted) + 1
    assert not sheet.findall(".//{*}f")
    for form, answer in given.items():
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert answer.headers["content-disposition"] == f'attachment; filename="scores.{form}"'


def test_an_excel_file_holds_numbers_as_numbers_and_missing_ones_as_nothing(client, kept):
    book = zipfile.ZipFile(io.BytesIO(client.get("/api/v1/exports/scores.xlsx").content))
    assert book.testzip() is None
    head, *lines = ET.fromstring(book.read("xl/worksheets/sheet1.xml")).findall(".//{*}row")
    names = ["".join(cell.itertext()) for cell in head]
    assert names[:2] == ["rank", "account"] or "account" in names
    table = pq.read_table(current_run(kept.folder.parents[1]) / "scores.parquet").to_pylist()
    assert len(lines) == len(table) == len(kept)
    place = {name: k for k, name in enumerate(names)}
    for line, row in zip(lines, table, strict=True):
        cells = {re.sub("[0-9]", "", cell.get("r")): cell for cell in line}
        letters = {name: (chr(64 + k // 26) if k >= 26 else "") + chr(65 + k % 26) for name, k in place.items()}
        for name in ("score", "rank", "reach_raw"):
            cell = cells.get(letters[name])
            assert (None if cell is None else float(cell[0].text)) == row[name]
        account = "".join(cells[letters["account"]].itertext())
        assert account.replace("\\u202e", "\u202e") == row["account"]


def test_a_list_as_json_is_made_of_pieces_that_join(client, kept, monkeypatch):
    from swayrank.service.routes import exports

    monkeypatch.setattr(exports, "_AT_ONCE", 7)
    for query in ({}, {"tier": "q1"}, {"q": "nobody at all"}):
        got = client.get("/api/v1/exports/scores.json", params=query).json()
        assert got["items"] == rows(client, **query)
        assert got["run"] == kept.manifest["id"]


def test_no_name_becomes_a_formula_in_a_spreadsheet(client):
    text = client.get("/api/v1/exports/scores.csv", params={"q": "=1"}).text
    assert "'=1+1" in text
    book = zipfile.ZipFile(io.BytesIO(client.get("/api/v1/exports/scores.xlsx", params={"q": "=1"}).content)).read(
        "xl/worksheets/sheet1.xml"
    )
    assert b"<f" not in book
    assert b"=1+1" in book


def test_the_map_opens_in_other_programs(client, kept, tmp_path):
    (tmp_path / "map.gexf").write_bytes(client.get("/api/v1/exports/map.gexf").content)
    text = (tmp_path / "map.gexf").read_text("utf-8")
    shown = client.get("/api/v1/map").json()
    for look in ("position", "color", "size"):
        assert text.count(f"<viz:{look} ") == len(shown["accounts"]), look
    first = text[text.index("<node ") : text.index("</node>")]
    assert f'<viz:position x="{1000 * shown["x"][0]}" y="{1000 * shown["y"][0]}" z="0"/>' in first
    assert 'title="x"' not in text
    graph = sr.read_graph(tmp_path / "map.gexf")
    assert graph.n_nodes == len(kept.map()["accounts"])
    assert graph.n_edges == len(kept.map()["arcs"])


# -- another run -------------------------------------------------------------------------------------------------------


def _later(out: Path, name: str, *, damaged: bool = False) -> Path:
    first = min((out / "runs").iterdir())
    later = shutil.copytree(first, first.with_name(name))
    manifest = json.loads((later / "manifest.json").read_text())
    (later / "manifest.json").write_text(json.dumps(manifest | {"id": name}))
    if damaged:
        (later / "scores.parquet").write_bytes((later / "scores.parquet").read_bytes()[:-100])
    (out / "current.new").symlink_to(later.relative_to(out), target_is_directory=True)
    (out / "current.new").replace(out / "current")
    return later


def test_a_new_run_is_served_and_a_damaged_one_is_not(out, tmp_path):
    changed = copied(out, tmp_path)
    with serving(changed) as client:
        service = client.app.state.service
        first = client.get("/api/v1/run").json()["id"]
        _later(changed, "99991231T000000Z-000001", damaged=True)
        assert not service.reload()
        told = client.get("/api/v1/run").json()
        assert told["id"] == first
        assert "altered" in told["warnings"][0]["detail"]
        assert client.get("/health/ready").json()["trouble"]
        later = _later(changed, "99991231T000000Z-000002")
        assert service.reload()
        told = client.get("/api/v1/run").json()
        assert told["id"] == later.name
        assert all(one["what"] != "newer run" for one in told["warnings"])


def test_a_part_that_is_damaged_takes_only_itself_away(out, tmp_path):
    changed = copied(out, tmp_path)
    (current_run(changed) / "map.json").write_text("{}")
    with serving(changed) as client:
        told = client.get("/api/v1/run").json()
        assert not told["has"]["map"]
        assert any("map.json" in one["detail"] for one in told["warnings"])
        assert client.get("/api/v1/map").status_code == 404
        assert client.get("/api/v1/accounts").json()["total"] == 200


# -- the page ----------------------------------------------------------------------------------------------------------


def test_every_address_of_the_page_is_the_page(client):
    for address in ("/", "/map", "/accounts/a%2Fb", "/accounts/x/y", "/planner", "/jobs/ab12"):
        got = client.get(address)
        assert got.status_code == 200
        assert got.headers["content-type"].startswith("text/html")
    assert client.get("/elsewhere").status_code == 404


def test_only_the_pages_own_files_are_sent(client):
    assert client.get("/page/app.js").headers["content-type"].startswith("text/javascript")
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd", "app.py", "%00", ""):
        assert client.get("/page/" + name).status_code == 404
