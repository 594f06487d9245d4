"""`swayrank serve` and `swayrank token` as people run them: start, mistakes, a new run under load, the end."""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")
from typer.testing import CliRunner

from swayrank.cli import app
from tests.assembled import serving, small_result


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return small_result(tmp_path_factory.mktemp("served"), accounts=200)


@pytest.fixture
def out(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "out", symlinks=True))


def ask(*words):
    """A command that ends by itself, in this process."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert "Traceback" not in done.output, done.output
    return done


# -- mistakes ----------------------------------------------------------------------------------------------------------


def test_a_folder_without_a_run_is_named_with_the_cure(tmp_path):
    done = ask("serve", tmp_path, "--port", 0)
    assert done.exit_code == 1
    assert str(tmp_path) in done.stderr
    assert "swayrank score" in done.stderr


def test_a_port_that_is_taken_is_named(out):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ask("serve", out, "--port", port)
    assert done.exit_code == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr


def test_other_machines_are_let_in_with_tokens_alone(out):
    done = ask("serve", out, "--port", 0, "--host", "0.0.0.0")
    assert done.exit_code == 2
    assert "swayrank token add" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--memory-limit", "much"], "--memory-limit"),
        (["--memory-limit", "1MB"], "memory_limit must be at least 64 MB"),
        (["--log", "/nowhere/log"], "/nowhere/log"),
        (["--host", "no such host"], "no such host"),
        (["--database", "mysql://x"], "mysql"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(out, words, told):
    done = ask("serve", out, "--port", 0, *words)
    assert done.exit_code in (1, 2)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) < 4


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(out):
    secret = ask("token", "add", out, "--name", "ana", "--scope", "read", "--scope", "write").stdout.strip()
    assert secret.startswith("swr_")
    made = json.loads(ask("token", "list", out, "--json").stdout)
    assert [(one["name"], sorted(one["scopes"])) for one in made] == [("ana", ["read", "write"])]
    shown = ask("token", "list", out).output
    assert made[0]["id"] in shown
    assert secret not in shown + json.dumps(made)
    assert ask("token", "revoke", out, made[0]["id"]).exit_code == 0
    again = ask("token", "revoke", out, made[0]["id"])
    assert (again.exit_code, "revoked before" in again.stderr) == (2, True)


def test_a_token_for_nothing_or_nowhere_is_refused(out, tmp_path):
    assert "read, write" in ask("token", "add", out, "--scope", "root").stderr
    done = ask("token", "add", tmp_path / "none")
    assert done.exit_code == 1
    assert not (tmp_path / "none").exists()


# -- a service ---------------------------------------------------------------------------------------------------------


def publish(out: Path, name: str, *, whole: bool = True) -> None:
    """Another run becomes the current one."""
    first = min((out / "runs").iterdir())
    later = shutil.copytree(first, first.with_name(name))
    manifest = json.loads((later / "manifest.json").read_text())
    (later / "manifest.json").write_text(json.dumps(manifest | {"id": name}))
    if not whole:
        (later / "scores.parquet").write_bytes((later / "scores.parquet").read_bytes()[:-100])
    (out / "current.new").symlink_to(later.relative_to(out), target_is_directory=True)
    (out / "current.new").replace(out / "current")


def until(true, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_new_run_comes_in_whole_while_people_ask_and_a_damaged_one_never(out, tmp_path):
    with serving(out, tmp_path / "log", "--rate-limit", "0", tokens=False) as served:
        told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        started = next(line for line in told if line["what"] == "serving")
        assert (started["accounts"], started["address"].rstrip("/")) == (200, served.address.rstrip("/"))
        first = served.ask("GET", "/api/v1/run").json()["id"]
        other = ask("serve", out, "--port", 0)  # a second service over the same files
        assert other.exit_code == 1
        assert "another service owns it" in other.stderr
        assert served.ask("GET", "/health/ready").status_code == 200

        names = [row["account"] for row in served.ask("GET", "/api/v1/accounts?page_size=50").json()["items"]]
        seen, wrong, done = set(), [], threading.Event()

        def asks():
            for name in itertools.cycle(names):
                if done.is_set():
                    return
                got = served.client.get("/api/v1/accounts/" + quote(name, safe=""))
                if got.status_code != 200 or got.json()["account"] != name:
                    wrong.append(got.text)
                seen.add(got.json().get("run"))
                time.sleep(0.005)

        asking = threading.Thread(target=asks)
        asking.start()
        try:
            second = "99991231T000000Z-000001"
            publish(out, second)
            until(lambda: second in seen)
            publish(out, "99991231T000000Z-000002", whole=False)
            until(lambda: served.ask("GET", "/health/ready").json()["trouble"])
        finally:
            done.set()
            asking.join()
        assert not wrong
        assert seen == {first, second}
        warned = served.ask("GET", "/api/v1/run").json()["warnings"][0]
        assert "the earlier one is served" in warned["detail"]
        assert served.ask("GET", "/health/ready").status_code == 200


def test_what_was_begun_is_ended_when_it_is_told_to_stop(out, tmp_path):
    body = json.dumps({"name": "late", "scopes": ["read"]}).encode()
    with serving(out, tmp_path / "log", "--log", str(tmp_path / "lines"), tokens=False) as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=120) as line:
            head = f"POST /api/v1/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
            line.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body[:10])
            until(lambda: served.ask("GET", "/health/live").status_code == 200)
            served.client.close()
            served._process.terminate()
            time.sleep(0.5)
            line.sendall(body[10:])
            told = b""
            while part := line.recv(65536):
                told += part
        assert told.startswith(b"HTTP/1.1 201 "), told
        assert b'"secret":"swr_' in told
        assert served.stop() == 0
    lines = [json.loads(one) for one in (tmp_path / "lines").read_text().splitlines()]
    assert any(one["what"] == "request" and one["status"] == 201 for one in lines)
    assert ask("token", "list", out).output.count("late") == 1


def test_a_terminal_gets_short_lines():
    from swayrank.service.logs import _short

    facts = {"id": "r", "method": "GET", "path": "/a\nb", "status": 404, "milliseconds": 1.26}
    assert _short("request", facts)[8:] == b" 404 GET /a\\nb 1.3 ms\n"
    assert _short("stopping", {"run": "r1", "why": None})[8:] == b" stopping, run r1\n"
