"""The unit and the container file agree with the code, and the service runs as they run it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from tests.confined import confined

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def _unit() -> dict[str, list[str]]:
    """Every setting of the unit, in order; a setting may stand more than once."""
    told: dict[str, list[str]] = {}
    for line in (DEPLOY / "swayrank.service").read_text().splitlines():
        if line and line[0] not in "#[":
            name, value = line.split("=", 1)
            told.setdefault(name, []).append(value)
    return told


def _container() -> list[tuple[str, str]]:
    """Every instruction of the container file with its arguments, continuation lines joined, comments gone."""
    text = "\n".join(
        line for line in (DEPLOY / "Containerfile").read_text().splitlines() if not line.lstrip().startswith("#")
    )
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(word, rest.strip()) for word, rest in (line.split(None, 1) for line in lines if line.strip())]


def _last(instruction: str) -> str:
    return [rest for word, rest in _container() if word == instruction][-1]


def _help(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "swayrank", *words, "--help"],
        capture_output=True, text=True, check=False, env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"}, cwd=ROOT / "src",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


SERVED = {
    "unit": lambda: shlex.split(_unit()["ExecStart"][0]),
    "container": lambda: json.loads(_last("ENTRYPOINT")) + json.loads(_last("CMD")),
}


@pytest.mark.parametrize("where", SERVED)
def test_the_command_exists_with_its_options(where):
    words = SERVED[where]()
    assert words[0].rpartition("/")[2] == "swayrank"
    assert words[1] == "serve"
    told = _help("serve")
    for word in words:
        if word.startswith("--"):
            assert re.search(rf"(?<!\S){word}(?!\S)", told), f"swayrank serve has no {word}"


def test_commands_of_the_page_on_deployment_exist():
    page = (ROOT / "docs" / "deploy.md").read_text()
    commands = re.findall(r"(?<!`)\bswayrank ((?:serve|score|token \w+) [^\n#]*(?:\\\n[^\n#]*)*)", page)
    assert len(commands) >= 6
    for command in commands:
        words = command.replace("\\\n", " ").split()
        named = words[:2] if words[0] == "token" else words[:1]
        told = _help(*named)
        for option in re.findall(r"(?<!\S)(--?[a-z-]+)", command):
            assert re.search(rf"(?<!\S){option}(?![\w-])", told), f"swayrank {' '.join(named)} has no {option}"


def test_ports_agree():
    unit, inside = SERVED["unit"](), SERVED["container"]()
    port = _option(unit, "--port")
    assert _option(inside, "--port") == port == _last("EXPOSE")
    assert f"127.0.0.1:{port}/" in _last("HEALTHCHECK")
    assert _unit()["SocketBindAllow"] == [f"tcp:{port}"]
    page = (ROOT / "docs" / "deploy.md").read_text()
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", page)) == {port}
    assert re.search(rf"--port.*\bdefault: {port}\b", _help("serve")), "the port of serve's own default"


def test_paths_that_are_asked_for_are_routes():
    from swayrank.service.app import ROUTERS

    asked = re.findall(
        r":\d+(/[a-z/0-9]+)|`(/[a-z/]+)`:", (ROOT / "docs" / "deploy.md").read_text() + _last("HEALTHCHECK")
    )
    paths = {route.path for module in ROUTERS for route in module.router.routes}
    wanted = {one or other for one, other in asked}
    assert {"/health/live", "/health/ready", "/metrics"} <= wanted
    assert wanted <= paths


def test_neither_runs_as_root():
    assert _unit()["User"] == ["swayrank"]
    stages = [number for number, (word, _) in enumerate(_container()) if word == "FROM"]
    last = _container()[stages[-1] :]
    users = [rest for word, rest in last if word == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1])
    after = [word for word, _ in last[[word for word, _ in last].index("USER") :]]
    assert not {"RUN", "COPY"} & set(after)


def test_the_unit_shuts_what_can_be_shut():
    unit = _unit()
    for name, value in {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "Restart": "on-failure",
        "StateDirectory": "swayrank",
        "IPAddressDeny": "any",
    }.items():
        assert unit[name] == [value], name
    assert "MemoryMax" in unit
    assert "MemoryDenyWriteExecute" not in unit, "kernels are compiled at run time"
    out = shlex.split(unit["ExecStart"][0])[2]
    assert out.startswith(f"/var/lib/{unit['StateDirectory'][0]}/")
    caches = [v for v in unit["Environment"] if v.startswith("SWAYRANK_CACHE_DIR=")]
    assert caches == [f"SWAYRANK_CACHE_DIR=/var/cache/{unit['CacheDirectory'][0]}"]


def test_the_image_is_built_of_files_that_are_there_and_pinned():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert ignored[1] == "*"
    for word, rest in _container():
        if word == "COPY" and "--from" not in rest:
            for name in rest.split()[:-1]:
                assert (ROOT / name).exists(), name
                assert name in allowed, f".dockerignore keeps {name} out"
        if word == "RUN" and "pip install" in rest:
            assert "--require-hashes" in rest or "--no-deps" in rest
    bases = dict(rest.split("=") for word, rest in _container() if word == "ARG")
    base = bases["PYTHON"]
    assert re.fullmatch(r"docker\.io/library/python:3\.1[12]\.\d+-[a-z-]+", base), "a version, not whatever is latest"


def test_the_health_check_is_kept():
    told = (ROOT / "docs" / "deploy.md").read_text() + (DEPLOY / "Containerfile").read_text()
    builds = re.findall(r"podman build .*", told)
    assert len(builds) >= 2
    assert all("--format docker" in build for build in builds), "OCI images have no health check: podman drops it"


@pytest.mark.parametrize(
    ("own", "limits", "granted"),
    [
        ("0::/\n", {"memory.max": "4000000\n"}, 3_000_000),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("0::/a/b\n", {"a/memory.max": "4000000\n", "a/b/memory.max": "max\n"}, 3_000_000),
        ("9:cpu:/x\n8:memory:/x\n0::/x\n", {"memory/memory.limit_in_bytes": "4000000\n"}, 3_000_000),
        ("8:memory:/x\n", {"memory/x/memory.limit_in_bytes": "4000000\n"}, 3_000_000),
        ("8:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ("9:cpu:/x\n", {"memory/memory.limit_in_bytes": "4000000\n"}, None),
    ],
)
def test_a_job_is_given_a_part_of_what_the_container_has(tmp_path, own, limits, granted):
    from swayrank.service.jobs.confine import usual_memory

    (tmp_path / "own").write_text(own)
    for name, text in limits.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text)
    machine = usual_memory(tmp_path / "none", tmp_path / "none")
    assert machine > 3_000_000
    assert usual_memory(tmp_path / "groups", tmp_path / "own") == (granted or machine)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_knows_every_setting(tmp_path):
    unit = tmp_path / "swayrank.service"
    text = (DEPLOY / "swayrank.service").read_text()
    unit.write_text(text.replace("/opt/swayrank/bin/swayrank", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    # It knows no service named swayrank's user or PostgreSQL here; what it says about this file's lines counts.
    complaints = [line for line in done.stderr.splitlines() if "swayrank.service" in line]
    assert complaints == [], done.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", unit], capture_output=True, text=True, check=False
    ).stdout
    level = float(re.search(r"exposure level for \S+: ([\d.]+)", rated)[1])
    assert level <= 1.4
    assert f"rates it {level}" in (ROOT / "docs" / "deploy.md").read_text()


def _ask(address: str) -> tuple[int, dict[str, object]]:
    with urllib.request.urlopen(address, timeout=120) as answer:
        return answer.status, json.load(answer)


@pytest.fixture
def open_folder():
    """A folder that other users may enter: pytest's own lies below one that is shut again and again."""
    with tempfile.TemporaryDirectory(prefix="swayrank-served-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_it_serves_as_nobody_on_a_file_system_that_is_read_only(open_folder):
    import swayrank as sr

    state, cache, private, stage = (open_folder / name for name in ("state", "cache", "tmp", "stage"))
    for folder in (state, cache, private, stage):
        folder.mkdir()
    town = sr.generate("town", n=200, rng=7)
    sr.score(town.graph, town.events, rng=7, n_replicates=20).save(state / "out")
    words = [sys.executable, "-m", "swayrank", "serve", str(state / "out"), "--host", "127.0.0.1", "--port", "0"]
    command = confined(
        words,
        writable=[state, cache, private],
        stage=stage,
        environment={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "src"),
            "SWAYRANK_CACHE_DIR": str(cache),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(private),
        },
    )
    log = open_folder / "log"
    with log.open("wb") as sink:
        server = subprocess.Popen(command, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL)
    try:
        address = None
        for _ in range(3000):
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace"))
            if found or server.poll() is not None:
                address = found and found[0]
                break
            time.sleep(0.1)
        assert address, log.read_text(errors="replace")
        assert _ask(f"{address}/health/live")[0] == 200
        assert _ask(f"{address}/health/ready")[0] == 200
        assert _ask(f"{address}/api/v1/accounts?page_size=1")[1]["total"] == 200
        with urllib.request.urlopen(f"{address}/api/v1/exports/scores.csv", timeout=120) as answer:
            assert answer.read().count(b"\n") == 201
        owner = Path(f"/proc/{server.pid}").stat().st_uid
        assert owner == 65534
        server.terminate()
        assert server.wait(300) == 0, "being told to stop is no failure: systemd would call it one"
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
