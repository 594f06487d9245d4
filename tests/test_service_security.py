"""Attacks on the assembled service: a real process, raw requests, every route.

What docs/security.md promises is tried here: who may do what, what a request may carry, what an answer carries.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from itertools import chain

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

from tests.assembled import SCOPES, command, environment, make_token, serving, small_result

API = "/api/v1"
CANARY = "canary-5f1c-do-not-show"
# What needs no token: nothing here tells about anybody.
OPEN = {"/health/live", "/health/ready", f"{API}/openapi.json"}
# POST that only asks.
ASKS = {f"{API}/whatif", f"{API}/whatif/next", f"{API}/whatif/cascade", f"{API}/plans/compare"}
CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "canary.txt").write_text(CANARY)
    return small_result(folder)


@pytest.fixture(scope="module")
def guarded(out, tmp_path_factory):
    """With tokens of every scope, and one that was revoked."""
    with serving(out, tmp_path_factory.mktemp("log") / "log", "--rate-limit", "100000") as served:
        served.token["revoked"] = make_token(out, "gone", "admin")
        listed = served.ask("GET", f"{API}/tokens").json()
        items = listed["items"] if isinstance(listed, dict) else listed
        gone = next(item["id"] for item in items if item["name"] == "gone")
        assert served.ask("DELETE", f"{API}/tokens/{gone}").status_code in {200, 204}
        yield served


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory):
    """On loopback without a token: open to this machine."""
    folder = tmp_path_factory.mktemp("open")
    with serving(small_result(folder), folder / "log", tokens=False) as served:
        yield served


@pytest.fixture(scope="module")
def described(guarded):
    return guarded.ask("GET", f"{API}/openapi.json", scope=None).json()


def _operations(described):
    """Method, path with its parameters filled in, the path as described, and the operation."""
    for path, item in described["paths"].items():
        for method, operation in item.items():
            if method.upper() in {"GET", *CHANGES}:
                yield method.upper(), re.sub(r"\{[^}]+\}", "x", path), path, operation


# Who may do what.


@pytest.fixture(scope="module")
def routes(out, tmp_path_factory):
    """Method and path of every route of the application, those that its description leaves out too."""
    from starlette.routing import Route

    from swayrank.service.app import create_app
    from swayrank.service.settings import Settings

    copy = tmp_path_factory.mktemp("routes") / "out"
    shutil.copytree(out, copy, symlinks=True, ignore=shutil.ignore_patterns("service.db*"))
    app = create_app(Settings(out=copy))
    try:
        # FastAPI keeps included routers whole.
        parts = [getattr(route, "original_router", None) for route in app.routes]
        found = [route for part, route in zip(parts, app.routes, strict=True) if part is None]
        found += [route for part in parts if part is not None for route in part.routes]
        assert [route for route in found if not isinstance(route, Route)] == [], "what is mounted is not walked over"
        return [(method, route.path) for route in found for method in sorted(route.methods - {"HEAD", "OPTIONS"})]
    finally:
        app.state.service.close()


def _is_open(template: str) -> bool:
    """Health, the description, and files of the page: the same for everybody, and none of them below /api/."""
    from swayrank.service.routes import page

    files = {route.path for route in page.router.routes if not route.path.startswith("/api/")}
    return template in OPEN or template in files


def test_the_page_has_no_address_that_the_gate_guards():
    from swayrank.service.routes import page

    assert not [route.path for route in page.router.routes if route.path.startswith(("/api/", "/metrics"))]


def test_every_route_asks_for_a_token(guarded, routes):
    seen = 0
    for method, template in routes:
        path = re.sub(r"\{[^}]+\}", "x", template)
        if _is_open(template):
            continue
        seen += 1
        for token in (None, "swr_" + "A" * 43, guarded.token["revoked"], "x" * 5000, "swr_"):
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            answer = guarded.client.request(method, path, headers=headers, json={})
            assert answer.status_code == 401, f"{method} {template} with {str(token)[:8]}: {answer.status_code}"
            assert "www-authenticate" in answer.headers
            assert answer.headers["content-type"] == "application/problem+json"
    assert seen > 25


def test_every_change_asks_for_more_than_reading(guarded, routes):
    for method, template in routes:
        path = re.sub(r"\{[^}]+\}", "x", template)
        if _is_open(template):
            continue
        admin = template.startswith(f"{API}/tokens")
        writes = method in CHANGES and template not in ASKS
        for scope in SCOPES:
            enough = scope == "admin" or (scope == "write" and not admin) or (not admin and not writes)
            if enough and (writes or template.endswith("/events") or method == "GET"):
                continue  # what may be done is tested where it is done
            answer = guarded.ask(method, path, scope=scope, json={})
            if enough:
                assert answer.status_code not in {401, 403}, f"{scope}: {method} {template}"
            else:
                assert answer.status_code == 403, f"{scope}: {method} {template}: {answer.status_code}"


@pytest.mark.parametrize("scheme", ["Basic", "bearer ", "Token", "Bearer\t"])
def test_a_token_is_taken_in_one_form_alone_or_refused(guarded, scheme):
    answer = guarded.client.get(f"{API}/run", headers={"Authorization": f"{scheme}{guarded.token['read']}x"})
    assert answer.status_code == 401


def test_a_token_in_the_address_opens_nothing_and_is_not_logged(guarded):
    secret = guarded.token["read"]
    for name in ("token", "access_token", "authorization"):
        assert guarded.ask("GET", f"{API}/run?{name}={secret}", scope=None).status_code == 401
    assert guarded.ask("GET", f"{API}/accounts/{secret}").status_code == 404
    end = time.monotonic() + 120
    while f"{API}/accounts/swr_" not in (log := guarded.log.read_text(errors="replace")):  # lines come in blocks
        assert time.monotonic() < end, "the request is not in the log"
        time.sleep(0.1)
    assert secret not in log


def test_no_token_is_in_the_log_or_in_the_store(guarded, out):
    for scope in SCOPES:
        guarded.ask("GET", f"{API}/run", scope=scope)
    written = guarded.log.read_bytes() + b"".join(file.read_bytes() for file in out.glob("service.db*"))
    for secret in guarded.token.values():
        assert secret.encode() not in written
        assert secret.removeprefix("swr_").encode() not in written


def test_anything_but_loopback_needs_a_token(tmp_path):
    out = small_result(tmp_path, accounts=100)
    done = subprocess.run(
        command("serve", str(out), "--host", "0.0.0.0", "--port", "0"),
        capture_output=True, text=True, timeout=300, check=False, env=environment(),
    )  # fmt: skip
    assert done.returncode in {1, 2}
    assert "token add" in done.stderr
    assert "Traceback" not in done.stderr


# Paths.

_UP = [
    "../canary.txt", "../../canary.txt", "..%2fcanary.txt", "%2e%2e/canary.txt", "%2e%2e%2fcanary.txt",
    "..%252fcanary.txt", "..\\canary.txt", "..%5ccanary.txt", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd",
    "....//canary.txt", "..;/canary.txt", "..%00/canary.txt", "service.db", "../service.db", "..%c0%afcanary.txt",
    "C:%5cwindows", "file:///etc/passwd", "%00", "x%00.csv", ".", "..", "~root", "%ff%fe", "current/manifest.json",
]  # fmt: skip
_LEAKS = (CANARY.encode(), b"root:x:", b"root:*:", b"SQLite format 3", b'"swayrank run 1"')


def test_no_path_leads_to_a_file(guarded, described):
    prefixes = {"/", "/page/", "/accounts/", f"{API}/", "/static/"}
    for path in described["paths"]:
        if "{" in path:
            prefixes.add(path[: path.index("{")])
    for prefix in sorted(prefixes):
        for way in _UP:
            status, told = guarded.raw_get(prefix + way)
            assert status, f"no answer to {prefix + way}"
            assert status < 500, f"{prefix + way}: {status}\n{told[-500:]!r}"
            assert not any(leak in told for leak in _LEAKS), f"{prefix + way} shows a file"


def test_the_page_serves_its_own_files_alone(guarded):
    for way in ("/page/../server.py", "/page/..%2f__init__.py", "/page/%2e%2e/app.py", "/page/__pycache__/", "/page/"):
        status, told = guarded.raw_get(way)
        assert status in {400, 404, 405} or b"<!doctype html>" in told.lower(), way
        assert b"import annotations" not in told


# Parameters.

_SQL = ["' OR '1'='1", "'; DROP TABLE tokens;--", '"; DROP TABLE jobs;--', "1) UNION SELECT * FROM tokens--", "%' --",
        "\\'; --", "1;SELECT pg_sleep(10)", "0x27", "_%", "\u0000", "🙂", "\u202ex", "9" * 400, "-1", "nan", "inf",
        "1e400", "[]", "{}", "null", "true", "=cmd()", "a\r\nX-Injected: 1"]  # fmt: skip


def test_sql_in_every_parameter_is_a_word_like_others(guarded, described, out):
    total = guarded.ask("GET", f"{API}/accounts").json()["total"]
    tokens = len(guarded.ask("GET", f"{API}/tokens").json())
    for method, path, template, operation in _operations(described):
        if method != "GET" or template.endswith("/events") or template in OPEN:
            continue
        for parameter in operation.get("parameters", []):
            for value in _SQL if parameter["in"] == "query" else ():
                answer = guarded.ask("GET", path, params={parameter["name"]: value})
                where = f"{path}?{parameter['name']}={value!r}"
                assert answer.status_code < 500 or answer.json()["type"] == "not-prepared", f"{where}: {answer.text}"
                _tells_nothing(answer.text, where)
        if "{" in template:
            for value in _SQL:
                answer = guarded.ask("GET", template[: template.index("{")] + httpx_quote(value))
                assert answer.status_code < 500 or answer.json()["type"] == "not-prepared", f"{template}: {value!r}"
                _tells_nothing(answer.text, template)
    assert guarded.ask("GET", f"{API}/accounts").json()["total"] == total
    assert len(guarded.ask("GET", f"{API}/tokens").json()) == tokens
    assert guarded.ask("GET", f"{API}/accounts", params={"q": "' OR '1'='1"}).json()["total"] == 0
    assert guarded.ask("GET", f"{API}/accounts", params={"q": "%"}).json()["total"] == 0
    with closing(sqlite3.connect(f"file:{out / 'service.db'}?mode=ro", uri=True)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def httpx_quote(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="")


def _tells_nothing(text: str, where: str) -> None:
    for word in ("Traceback", "site-packages", "sqlalchemy", "sqlite3.", "psycopg", 'File "/', "INSERT INTO"):
        assert word not in text, f"{where} tells {word}: {text[:300]}"


@pytest.mark.parametrize("target", [
    "/api/v1/accounts/a%0d%0aX-Injected:%201", "/api/v1/accounts?q=a%0d%0aX-Injected:%201",
    "/api/v1/exports/scores.csv?q=%0d%0aX-Injected:%201", "/accounts/a%0d%0aX-Injected:%201",
    "/api/v1/exports/seeds.csv?job=a%22%0d%0aX-Injected:%201", "/api/v1/figures/a%0d%0aX-Injected:%201",
])  # fmt: skip
def test_no_header_can_be_injected(guarded, target):
    status, told = guarded.raw_get(target, "X-Request-ID: a\x0bb<script>")
    head = told.partition(b"\r\n\r\n")[0].lower()
    assert 200 <= status < 500
    assert b"\r\nx-injected" not in head
    assert b"<script>" not in head


def test_a_log_line_is_one_object_whatever_was_asked(guarded):
    guarded.raw_get("/api/v1/accounts/a%0a%7b%22level%22:%22forged%22%7d%0d%1b[31m", "User-Agent: a\tb")
    lines = [line for line in guarded.log.read_text(errors="replace").splitlines() if line.startswith("{")]
    assert lines
    told = [json.loads(line) for line in lines]
    assert not any(line.get("level") == "forged" for line in told)
    assert "\x1b" not in guarded.log.read_text(errors="replace")


# Bodies.


def _post(served, path: str, body: bytes, *headers: str, length: int | None = None, seconds: float = 15) -> int:
    lines = [
        f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{served.port}", "Connection: close",
        f"Authorization: Bearer {served.token['admin']}",
        *headers,
    ]  # fmt: skip
    if length is not None:
        lines.append(f"Content-Length: {length}")
    told = served.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body, seconds)
    found = re.match(rb"HTTP/1\.1 (\d{3})", told)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("path", ["/events", "/jobs", "/whatif", "/plans/compare", "/tokens"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(guarded, path):
    assert _post(guarded, API + path, b"", "Content-Type: application/json", length=9_000_000_000) == 413


def test_a_body_without_a_length_is_cut_off(guarded):
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    lines = (
        f"POST {API}/events HTTP/1.1\r\nHost: 127.0.0.1:{guarded.port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {guarded.token['admin']}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    told = b""
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=20) as line:
        try:
            line.sendall(lines.encode())
            for _ in range(300):
                line.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            told = line.recv(4096)
        except ConnectionResetError:
            told = b"HTTP/1.1 413"
    assert told.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/events", "/jobs", "/whatif", "/whatif/next", "/plans/compare", "/tokens"])
@pytest.mark.parametrize("body", [
    b"[" * 200_000, b'{"a":' * 100_000, b'{"seeds":' + b"[" * 5000 + b"]" * 5000 + b"}", b"\xff\xfe{}", b"", b"null",
    b"1", b'"x"', b"[]", b"{", b'{"seeds": [1e999]}', b'{"seeds": ["a\x00"]}', b'{"k": ' + b"9" * 5000 + b"}",
    b'{"events": [{"key": {"a": []}, "time": NaN}]}', b'{"seeds": ["\\ud800"]}',
    b'{"kind": "\\u0000", "parameters": 7}',
    b'{"name": "\\ud800", "scope": "read"}',
    b'{"events": [{"key": "k", "time": 1e308, "actor": "a", "action": "like"}]}',
], ids=lambda body: body[:24].decode(errors="replace"))  # fmt: skip
def test_a_hostile_body_is_a_wrong_request(guarded, path, body):
    answer = guarded.ask("POST", API + path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500 or answer.json()["type"] == "not-prepared", answer.text
    _tells_nothing(answer.text, path)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/events", "/jobs", "/tokens"])
def test_forms_of_other_sites_are_not_taken_for_json(guarded, path, kind):
    body = b'{"kind":"prepare","parameters":{},"name":"x","scope":"admin","events":[]}'
    answer = guarded.ask("POST", API + path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in {415, 422}, answer.text


def test_events_are_checked_one_by_one(guarded):
    good = {"key": "k1", "time": "2026-03-30T10:00:00Z", "actor": "a", "action": "like", "target": "b"}
    bad = [{**good, "key": "k2", "time": "yesterday"}, {**good, "key": "k3", "actor": ""}, {**good, "key": ""},
           {**good, "key": "k4", "actor": "x" * 100_000}]  # fmt: skip
    answer = guarded.ask("POST", f"{API}/events", json={"events": [good, *bad]})
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        told = answer.json()
        assert told["accepted"] == 1
        assert [item["index"] for item in told["rejected"]] == [1, 2, 3, 4]


# Connections.


@pytest.mark.parametrize("request_line", [
    b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n",
    b"\x00" * 100 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: ::1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
], ids=lambda line: repr(line[:30]))  # fmt: skip
def test_what_is_no_request_harms_nobody(guarded, request_line):
    told = guarded.raw(request_line, 3)
    assert not told.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5"))
    assert b"Traceback" not in told
    assert guarded.ask("GET", "/health/live").status_code == 200


def test_slow_clients_keep_nobody_waiting(guarded):
    lines = []
    try:
        for number in range(100):
            line = socket.create_connection(("127.0.0.1", guarded.port), timeout=5)
            head = (
                b"GET /api/v1/run HT"
                if number % 2
                else (
                    b"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    b"Authorization: Bearer " + guarded.token["write"].encode() + b"\r\nContent-Length: 1000\r\n\r\n{"
                )
            )
            line.sendall(head)
            lines.append(line)
        for _ in range(5):
            assert guarded.ask("GET", f"{API}/accounts?page_size=1").status_code == 200
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize("host", [
    "evil.example", "127.0.0.1.evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1@evil.example", "",
    "192.0.2.1", "[::2]", "0.0.0.0",
])  # fmt: skip
@pytest.mark.parametrize("path", ["/", f"{API}/run", f"{API}/accounts/x", f"{API}/openapi.json", "/page/app.js"])
def test_another_host_name_is_refused(unguarded, host, path):
    told = unguarded.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert re.match(rb"HTTP/1\.1 4(00|03|21)", told), told[:200]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_this_machine_by_its_names_is_welcome(unguarded, host):
    told = unguarded.raw(
        f"GET {API}/run HTTP/1.1\r\nHost: {host}:{unguarded.port}\r\nConnection: close\r\n\r\n".encode()
    )
    assert told.startswith(b"HTTP/1.1 200"), told[:200]


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil"},
    {"Origin": "http://127.0.0.1:1"}, {"Origin": "http://localhost.evil.example"},
])  # fmt: skip
def test_another_site_changes_nothing(unguarded, headers):
    before = unguarded.ask("GET", f"{API}/jobs").json()["total"]
    for path, body in (("/jobs", {"kind": "prepare", "parameters": {}}), ("/tokens", {"name": "x", "scope": "admin"}),
                       ("/events", {"events": []})):  # fmt: skip
        assert unguarded.ask("POST", API + path, json=body, headers=headers).status_code == 403, path
    assert unguarded.ask("GET", f"{API}/jobs").json()["total"] == before


def test_the_own_page_may_change_things(unguarded):
    answer = unguarded.ask(
        "POST", f"{API}/whatif/next", json={"seeds": [], "k": 0}, headers={"Origin": unguarded.address}
    )
    assert answer.status_code != 403


def test_no_site_is_let_in_by_cors(guarded, unguarded):
    ask = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for served in (guarded, unguarded):
        for method, path in (
            ("OPTIONS", f"{API}/jobs"),
            ("GET", f"{API}/run"),
            ("GET", "/"),
            ("GET", f"{API}/nothing"),
        ):
            answer = served.ask(method, path, headers=ask)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


# Answers.


def _answers(served):
    """An answer of every kind."""
    yield from (
        served.ask("GET", path)
        for path in ("/", "/accounts/x", "/page/app.js", "/page/nothing.js", f"{API}/run", f"{API}/accounts",
                     f"{API}/accounts/nobody", f"{API}/nothing", f"{API}/accounts?page=0", f"{API}/openapi.json",
                     "/health/live", "/health/ready", "/metrics", f"{API}/exports/scores.csv",
                     "/docs", f"{API}/figures/leaderboard", "/favicon.ico", "/robots.txt")
    )  # fmt: skip
    yield served.ask("GET", f"{API}/run", scope=None)
    yield served.ask("POST", f"{API}/jobs", scope="read", json={})
    yield served.ask("POST", f"{API}/events", content=b"{", headers={"Content-Type": "application/json"})
    yield served.ask("POST", f"{API}/run")
    yield served.ask("DELETE", "/")
    yield served.ask("OPTIONS", f"{API}/run")
    yield served.ask("HEAD", "/")
    yield served.ask("POST", f"{API}/events", content=b" " * 9_000_000, headers={"Content-Type": "application/json"})


def test_every_answer_carries_what_guards_it(guarded, unguarded):
    statuses = set()
    for answer in chain(_answers(guarded), _answers(unguarded)):
        where = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
        statuses.add(answer.status_code)
        policy = answer.headers.get("content-security-policy", "")
        assert {"default-src 'none'", "frame-ancestors 'none'"} <= {part.strip() for part in policy.split(";")}, where
        assert "unsafe-eval" not in policy, where
        script = re.search(r"script-src ([^;]*)", policy)
        assert script is None or script[1].strip() == "'self'", where
        assert answer.headers.get("x-content-type-options") == "nosniff", where
        assert answer.headers.get("referrer-policy") in {"no-referrer", "same-origin"}, where
        assert "server" not in answer.headers, where
        assert "set-cookie" not in answer.headers, where
        assert answer.status_code < 500, where
        if answer.request.url.path.startswith(API) and answer.request.url.path not in OPEN:
            assert re.search(r"no-store|private|no-cache", answer.headers.get("cache-control", "")), where
            assert "public" not in answer.headers["cache-control"], where
        if answer.status_code >= 400 and answer.request.url.path.startswith(API):
            assert answer.headers["content-type"] == "application/problem+json", where
            problem = answer.json()
            assert {"type", "title", "status", "detail", "request_id"} <= problem.keys(), where
            assert problem["status"] == answer.status_code
    assert {200, 401, 403, 404, 405, 413, 422} <= statuses


def test_there_is_no_other_way_to_documents(guarded):
    for path in ("/docs", "/redoc", "/openapi.json"):
        answer = guarded.ask("GET", path)
        assert answer.status_code == 404 or "swagger" not in answer.text.lower()


def test_too_many_requests_are_told_to_wait(tmp_path):
    with serving(small_result(tmp_path, accounts=100), tmp_path / "log", "--rate-limit", "2", tokens=False) as served:
        answers = [served.ask("GET", "/health/live") for _ in range(5)]
        answers = [served.ask("GET", f"{API}/run") for _ in range(60)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert int(refused[0].headers["retry-after"]) >= 1
        assert refused[0].headers["content-type"] == "application/problem+json"
        assert {answer.status_code for answer in answers} <= {200, 429}
