"""Who may ask what, how much, and what is told of it."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
import time

import pytest

from swayrank.service.problems import Problem
from swayrank.service.settings import Settings
from swayrank.stores import open_store
from tests.serving import copied, result_in, serving

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")
READ = "/api/v1/accounts?page_size=1"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return result_in(tmp_path_factory.mktemp("gate"))


@pytest.fixture
def out(made, tmp_path):
    return copied(made, tmp_path)


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def tokens(out, *scopes):
    with open_store(out / "service.db") as store:
        return [store.tokens.add(scope, [scope])[0] for scope in scopes]


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_without_tokens_this_machine_needs_none(out):
    with serving(out) as client:
        assert client.get(READ).status_code == 200


def test_with_tokens_everybody_needs_one(out):
    read, admin = tokens(out, "read", "admin")
    with serving(out) as client:
        refused = client.get(READ)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert client.get(READ, headers=bearer("swr_wrong")).status_code == 401
        assert client.get(READ, headers={"Authorization": f"Basic {read}"}).status_code == 401
        assert client.get(READ, headers=bearer(read)).status_code == 200
        assert client.get("/api/v1/tokens", headers=bearer(read)).status_code == 403
        assert client.get("/api/v1/tokens", headers=bearer(admin)).status_code == 200
        assert client.get("/metrics").status_code == 401
        for free in ("/", "/page/app.js", "/health/live", "/health/ready", "/api/v1/openapi.json"):
            assert client.get(free).status_code == 200


def test_the_hot_path_asks_for_the_scope_too(out):
    with open_store(out / "service.db") as store:
        secret, token = store.tokens.add("nothing", ["read"])
    with serving(out) as client:
        service = client.app.state.service
        name = service.published.kept.ids[40]
        assert client.get(f"/api/v1/accounts/{name}", headers=bearer(secret)).status_code == 200
        service.store.tokens.revoke(token.id)
        service.forget_tokens()
        service.needs_token = True
        assert client.get(f"/api/v1/accounts/{name}", headers=bearer(secret)).status_code == 401


def test_a_token_made_here_works_until_it_is_revoked(out):
    (admin,) = tokens(out, "admin")
    with serving(out) as client:
        made = client.post("/api/v1/tokens", json={"name": "ana", "scopes": ["read"]}, headers=bearer(admin))
        assert made.status_code == 201
        secret, token = made.json()["secret"], made.json()["id"]
        assert client.get(READ, headers=bearer(secret)).status_code == 200
        listed = client.get("/api/v1/tokens", headers=bearer(admin)).text
        assert token in listed
        assert secret not in listed
        assert client.delete(f"/api/v1/tokens/{token}", headers=bearer(admin)).status_code == 204
        assert client.get(READ, headers=bearer(secret)).status_code == 401
        assert client.delete(f"/api/v1/tokens/{token}", headers=bearer(admin)).status_code == 404


def test_no_secret_is_written_anywhere(out):
    read, admin = tokens(out, "read", "admin")
    with serving(out) as client:
        client.get(READ, headers=bearer(read))
        client.get(READ + "&q=" + read, headers=bearer(read))
        secret = client.post("/api/v1/tokens", json={"name": "b", "scopes": ["read"]}, headers=bearer(admin)).json()[
            "secret"
        ]
    for path in out.parent.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(one.encode() in content for one in (read, admin, secret)), path


# -- where from --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""])
def test_a_name_of_another_site_is_refused(out, host):
    with serving(out) as client:
        assert client.get(READ, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost", "LOCALHOST:80", "[::1]:80"])
def test_this_machines_names_are_not(out, host):
    with serving(out) as client:
        assert client.get(READ, headers={"Host": host}).status_code == 200


def test_names_can_be_allowed(out):
    with serving(out, allow_hosts=("ranks.example",)) as client:
        assert client.get(READ, headers={"Host": "ranks.example"}).status_code == 200


def test_another_sites_page_may_not_write(out):
    body = {"name": "x", "scopes": ["read"]}
    with serving(out) as client:
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            got = client.post("/api/v1/tokens", json=body, headers=headers)
            assert (got.status_code, got.json()["type"]) == (403, "cross-origin")
        own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/v1/tokens", json=body, headers=own).status_code == 201


def test_no_other_site_is_let_in(out):
    with serving(out) as client:
        got = client.options(READ, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"})
        assert not [name for name in got.headers if name.startswith("access-control")]


# -- how much ----------------------------------------------------------------------------------------------------------


def test_too_large_a_body_is_refused_announced_or_not(out):
    with serving(out, max_body=1000) as client:
        assert client.post("/api/v1/tokens", content=b"x" * 1001).status_code == 413
        pieces = client.post("/api/v1/tokens", content=iter([b"x" * 600, b"x" * 600]))
        assert pieces.status_code == 413
        assert client.post("/api/v1/tokens", headers={"Content-Length": "-5"}, content=b"").status_code == 413


def test_too_many_requests_are_told_to_wait(out, monkeypatch):
    monkeypatch.setattr("swayrank.service.gate._BURST_SECONDS", 5000)
    with serving(out, rate_limit=0.001) as client:  # however slow the machine, nothing drops in meanwhile
        codes = [client.get("/health/live").status_code for _ in range(8)]
        assert codes == [200] * 5 + [429] * 3
        assert int(client.get("/health/live").headers["retry-after"]) >= 1


def test_what_takes_too_long_is_told_so_while_it_still_works(out, monkeypatch):
    from swayrank.service.routes import accounts

    ended = threading.Event()

    def slow(result, wanted):
        ended.wait(300)
        raise AssertionError("nobody is told of this")

    with serving(out, timeout_seconds=0.05) as client:
        monkeypatch.setattr(accounts, "find", slow)
        got = client.get(READ)
        assert not ended.is_set()
        assert (got.status_code, got.json()["type"]) == (503, "timeout")
        name = client.app.state.service.published.kept.ids[40]
        assert client.get(f"/api/v1/accounts/{name}").status_code == 200  # lookups do not wait for it
        ended.set()


def test_files_and_streams_may_take_long(out, monkeypatch):
    from swayrank.service.routes import exports

    find = exports.find
    monkeypatch.setattr(exports, "find", lambda *given: time.sleep(0.2) or find(*given))
    with serving(out, timeout_seconds=0.05) as client:
        assert client.get("/api/v1/exports/scores.csv").status_code == 200


def test_a_question_may_be_no_longer_than_a_megabyte(out):
    with serving(out) as client:
        for path in ("/api/v1/whatif", "/api/v1/whatif/next", "/api/v1/plans/compare"):
            assert client.post(path, content=b" " * 1_000_001).status_code == 413
        assert client.post("/api/v1/jobs", content=b" " * 1_000_001).status_code == 422


def test_the_description_is_written_once(out, monkeypatch):
    with serving(out) as client:
        first = client.get("/api/v1/openapi.json")
        assert first.json()["info"]["title"] == "swayrank"
        monkeypatch.setattr("swayrank.service.app.orjson.dumps", lambda _: pytest.fail("written again"))
        assert client.get("/api/v1/openapi.json").content == first.content


def test_head_is_get_without_the_body(out):
    with serving(out) as client:
        name = client.app.state.service.published.kept.ids[40]
        for address in (f"/api/v1/accounts/{name}", READ, "/", "/health/live"):
            whole, head = client.get(address), client.head(address)
            assert head.status_code == whole.status_code
            assert head.content == b""
            alike = ("content-length", "content-type", "etag")
            assert [head.headers.get(one) for one in alike] == [whole.headers.get(one) for one in alike]
        assert client.head("/api/v1/accounts/nobody").status_code == 404
    assert '"HEAD"' in (out.parent / "service.log").read_text()


def test_a_wrong_method_is_told_which_are_right(out):
    with serving(out) as client:
        for path, methods in (
            ("/api/v1/tokens", "GET, HEAD, POST"),
            ("/api/v1/whatif", "POST"),
            ("/api/v1/run", "GET, HEAD"),
            ("/api/v1/accounts/a/b", "GET, HEAD"),
        ):
            for method in ("OPTIONS", "PATCH"):
                got = client.request(method, path)
                assert (got.status_code, got.headers["allow"]) == (405, methods), path


def test_wrong_secrets_are_counted_by_address(out, monkeypatch):
    monkeypatch.setattr("swayrank.service.gate._BURST_SECONDS", 3000)
    tokens(out, "read")
    with serving(out, rate_limit=0.001) as client:
        codes = [client.get(READ, headers=bearer(f"swr_wrong{k}")).status_code for k in range(5)]
    assert codes == [401] * 3 + [429] * 2


# -- what is told ------------------------------------------------------------------------------------------------------


def test_every_answer_has_the_headers(out):
    with serving(out) as client:
        for address in ("/", READ, "/nothing", "/api/v1/accounts/nobody", "/health/live", "/api/v1/accounts?page=0"):
            headers = client.get(address).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe-eval" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-request-id"]
        refused = client.get(READ, headers={"Host": "evil.example"})
        assert refused.headers["x-content-type-options"] == "nosniff"


def test_a_mistake_of_ours_is_no_traceback(out, monkeypatch):
    def broken(*_args):
        raise RuntimeError("secret thing")

    with serving(out) as client:
        monkeypatch.setattr("swayrank.service.routes.accounts.find", broken)
        got = client.get(READ)
    assert got.status_code == 500
    assert got.json()["type"] == "internal"
    assert "secret thing" not in got.text


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "parquet"])
def test_a_full_disk_is_told_where_files_are_asked_for(out, monkeypatch, form):
    """A file is made on the disk before it is sent."""
    from swayrank.service.routes import exports

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere/scores")

    with serving(out) as client:
        monkeypatch.setattr(exports, "_write_rows" if form == "json" else "write_as", full)
        got = client.get(f"/api/v1/exports/scores.{form}")
        assert (got.status_code, got.json()["type"]) == (507, "no-room"), got.text
        assert "make room" in got.json()["detail"]
        assert "somewhere" not in got.text
        assert client.get(READ).status_code == 200


def test_the_log_has_a_line_for_each_request_and_none_of_a_strangers(out):
    with serving(out) as client:
        client.get("/api/v1/accounts/x%0A%7B%22what%22%3A%22forged%22%7D")
        client.get(READ)
    lines = [json.loads(line) for line in (out.parent / "service.log").read_text().splitlines()]
    asked = [line for line in lines if line["what"] == "request"]
    assert [line["status"] for line in asked] == [404, 200]
    assert all(set(line) >= {"time", "id", "method", "path", "milliseconds", "client"} for line in asked)


def test_requests_are_counted_by_route_and_not_by_name(out):
    with serving(out) as client:
        names = [str(one) for one in client.app.state.service.published.kept.ids[40:45]]
        for name in names:
            client.get(f"/api/v1/accounts/{name}")
        text = client.get("/metrics").text
    assert 'swayrank_requests_total{method="GET",route="/api/v1/accounts/{account}",status="200"} 5.0' in text
    assert not any(name in text for name in names)
    assert "swayrank_accounts 200.0" in text
    assert float(re.search(r"^swayrank_run_created_seconds (.*)$", text, re.MULTILINE)[1]) == pytest.approx(
        time.time(), abs=600
    )


def test_settings_outside_their_domain_are_refused(tmp_path):
    for wrong in ({"port": 70000}, {"rate_limit": -1}, {"memory_limit": 5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Settings(out=tmp_path, **wrong)
    assert not Settings(out=tmp_path, host="0.0.0.0").is_loopback
    assert Settings(out=tmp_path, host="127.8.0.1").is_loopback


def test_a_problem_says_what_it_is():
    told = json.loads(Problem(404, "unknown-account", "no such account", account="x").body("r1"))
    assert told == {
        "type": "unknown-account", "title": "Not found", "status": 404, "detail": "no such account",
        "request_id": "r1", "account": "x",
    }  # fmt: skip


def test_where_things_lie_is_not_told(out):
    with serving(out) as client:
        (out / "service.db").rename(out / "elsewhere.db")
        for address in ("/health/ready", "/api/v1/tokens"):
            got = client.get(address)
            assert got.status_code == 503
            assert str(out) not in got.text
            assert "gone" in got.text


def test_people_who_are_lost_get_the_page_and_programs_a_problem(out):
    with serving(out) as client:
        page = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert client.get("/nowhere").json()["type"] == "not-found"
        assert client.get("/api/v1/nowhere", headers={"Accept": "text/html"}).json()["type"] == "not-found"


def test_the_store_is_its_owners_alone(out):
    with serving(out):
        assert (out / "service.db").stat().st_mode & 0o077 == 0
