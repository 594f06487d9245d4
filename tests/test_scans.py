"""The scans of dependencies and secrets find what they are for; `make scan` runs them over the tree."""

from __future__ import annotations

import importlib.util
import json
import shutil
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_SPEC = importlib.util.spec_from_file_location("scan", ROOT / ".ci" / "scan.py")
scan = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(scan)

# Built from parts, so that the scan of this very file finds none of them.
PLANTED = {
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\n",
    "cloud key": "key = 'AKIA" + "IOSFODNN7EXAMPLQ'\n",
    "password": "password = 'correct" + "horse77battery'\n",
    "own token": "curl -H 'Authorization: Bearer swr_" + "q7Kx2mPz9RtVb4Yc8WnE3sLd6GfHjA1u5TiO0oBe'\n",
    "random text": "token: 'zQ8vT3" + "mK1xR7pW9yB4nC6dF2gH5jL0aS'\n",
}


@pytest.fixture
def tree(tmp_path):
    shutil.copy(ROOT / scan.BASELINE, tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found(kind, tree):
    (tree / "planted.py").write_text(PLANTED[kind])
    (tree / "harmless.py").write_text("answer = 42\n")
    found = scan.find_secrets(["planted.py", "harmless.py"], tree)
    assert {name for name, _, _ in found} == {"planted.py"}


def test_an_excused_line_is_passed_over(tree):
    (tree / "planted.py").write_text(PLANTED["own token"].rstrip() + "  # pragma: allowlist secret\n")
    assert scan.find_secrets(["planted.py"], tree) == []


def test_every_pin_is_read():
    pins = scan.read_pins(ROOT / "requirements")
    names = {pin.name for pin in pins}
    assert names > {"numpy", "fastapi", "sqlalchemy", "psycopg", "uvicorn"}
    assert all(pin.version[0].isdigit() for pin in pins)


def _record(name: str, **affected: object) -> dict[str, object]:
    return {
        "id": "TEST-1",
        "modified": "2026-01-02T00:00:00Z",
        "summary": "Reads too far.",
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **affected}],
    }


SPANS = {
    "listed": ({"versions": ["1.4.0", "1.5.0"]}, True),
    "another listed": ({"versions": ["1.4.0"]}, False),
    "not yet fixed": ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.1"}]}]}, True),
    "fixed": ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}]}, False),
    "later than ten": ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.10"}]}]}, False),
    "back again": (
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "1.4"}]}]},
        True,
    ),
    "last affected": (
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"last_affected": "1.5.0"}]}]},
        True,
    ),
    "commits alone": ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
}


@pytest.mark.parametrize("span", SPANS)
def test_advisories_from_files_name_the_pins_they_concern(span, tmp_path, capsys):
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "core.txt").write_text("some-package[extra]==1.5.0 ; python_version > '3' \\\n  --hash=x\n")
    (tmp_path / "advisory.json").write_text(json.dumps(_record("Some_Package", **SPANS[span][0])))
    well = scan.scan_dependencies(tmp_path / "advisory.json", tmp_path / "pins")
    assert well is not SPANS[span][1]
    assert ("TEST-1" in capsys.readouterr().out) is SPANS[span][1]


def test_advisories_come_from_folders_and_zip_files_too(tmp_path):
    record = json.dumps(_record("numpy", versions=["1"]))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.json").write_text(record)
    (tmp_path / "folder" / "b.yaml").write_text(record)
    (tmp_path / "folder" / "README.md").write_text("not a record")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.writestr("a.json", record)
    assert len(list(scan.read_advisories(tmp_path / "folder"))) == 2
    assert len(list(scan.read_advisories(tmp_path / "all.zip"))) == 1


def test_an_accepted_or_withdrawn_advisory_is_no_finding(tmp_path, monkeypatch):
    (tmp_path / "core.txt").write_text("numpy==1\n")
    (tmp_path / "a.json").write_text(json.dumps(_record("numpy", versions=["1"])))
    assert not scan.scan_dependencies(tmp_path / "a.json", tmp_path)
    monkeypatch.setitem(scan.ACCEPTED, "TEST-1", "the code that it names is not called")
    assert scan.scan_dependencies(tmp_path / "a.json", tmp_path)
    monkeypatch.delitem(scan.ACCEPTED, "TEST-1")
    (tmp_path / "a.json").write_text(json.dumps({**_record("numpy", versions=["1"]), "withdrawn": "2026-01-03"}))
    assert scan.scan_dependencies(tmp_path / "a.json", tmp_path)


def test_a_file_without_records_is_not_taken_for_good_news(tmp_path, capsys):
    (tmp_path / "core.txt").write_text("numpy==1\n")
    assert not scan.scan_dependencies(tmp_path / "core.txt", tmp_path)
    assert "holds no OSV record" in capsys.readouterr().out


def _answers(monkeypatch, *answers):
    left = list(answers)
    monkeypatch.setattr(scan, "ask_service", lambda pins: left.pop(0))


def test_silence_of_the_service_is_said_and_is_no_failure(tmp_path, monkeypatch, capsys):
    (tmp_path / "core.txt").write_text("numpy==1\n")
    for answer in (None, ([], [scan.Pin("numpy", "1")])):
        _answers(monkeypatch, answer)
        assert scan.scan_dependencies(None, tmp_path)
        assert "NOT DONE" in capsys.readouterr().out


def test_what_the_service_says_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "core.txt").write_text("numpy==1\nother==2\n")
    numpy, other = scan.Pin("numpy", "1"), scan.Pin("other", "2")
    _answers(monkeypatch, ([], []), ([scan.Finding(numpy, "PYSEC-1", "Bad.")], [other]))
    assert not scan.scan_dependencies(None, tmp_path)
    told = capsys.readouterr().out
    assert "numpy 1: PYSEC-1" in told
    assert "not looked at: other 2" in told
