"""A generated client walks through the whole API description: no server error, and every answer as described.

schemathesis makes requests that fit the description and requests that do not, follows links from one operation to the
next, and holds status, content type, headers and bodies of the answers against what is written.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("fastapi", reason="the service's packages are not installed")

from tests.assembled import Served, serving, small_result

SECONDS = 12
"""For the phase of all edges of all parameters, which is long; what it does not come to is left to the others."""
EXAMPLES = 2
"""Of each operation, in the phases that reach every one of them, however slow the machine is."""
# A stream stays open while its job runs: tests of jobs read it.
LEFT_OUT = ["/api/v1/jobs/{job_id}/events"]


def test_every_operation_answers_as_described(tmp_path):
    with serving(small_result(tmp_path), tmp_path / "log", "--rate-limit", "1000000") as served:
        told = [
            walk(served, tmp_path, "--phases", "examples,fuzzing,stateful", "--max-examples", str(EXAMPLES)),
            walk(served, tmp_path, "--phases", "coverage", "--max-time", str(SECONDS)),
        ]
        assert served.ask("GET", "/health/ready").status_code == 200, "it does not serve any more"
        log = served.log.read_text(errors="replace")
    failed = [json.loads(line) for line in log.splitlines() if line.startswith("{") and '"what":"error"' in line]
    kinds = Counter((line["kind"], line["detail"][:200]) for line in failed)
    for code, words in told:
        assert code == 0, f"{words[-12_000:]}\n{kinds}"
    assert not kinds
    assert "Traceback" not in log
    words = told[0][1]
    there, tested = re.search(r"Selected: +(\d+)/\d+", words), re.search(r"Tested: +(\d+)", words)
    assert there is not None, words[-3000:]
    assert tested is not None, words[-3000:]
    assert tested[1] == there[1], "not every operation was asked"


def walk(served: Served, folder: Path, *limits: str) -> tuple[int, str]:
    """Exit code and words of the generated client; a list that is longer than allowed may be too large to be read."""
    settings = folder / "schemathesis.toml"
    settings.write_text('[checks.negative_data_rejection]\nexpected-statuses = ["4xx"]\n')
    words = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run",
        f"{served.address}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {served.token['admin']}", *limits,
        "--checks", "all", "--exclude-checks", "positive_data_acceptance,ignored_auth",
        "--seed", "7", "--no-shrink", "--continue-on-failure", "--request-timeout", "35", "--warnings", "off",
        *(word for path in LEFT_OUT for word in ("--exclude-path", path)),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600, cwd=folder)
    return done.returncode, done.stdout + done.stderr
