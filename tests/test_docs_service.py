"""The shell examples of docs/service.md, run as they stand against a service."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service needs the extra 'service'")

from tests.assembled import ROOT, command, environment, serving

PAGE = ROOT / "docs" / "service.md"


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="needs curl and bash")
def test_every_request_of_the_page_is_answered(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    for words in re.findall(r"^\$ swayrank (.*)$", text, re.MULTILINE):
        subprocess.run(command(*words.split()), cwd=tmp_path, check=True, capture_output=True, env=environment())
    blocks = [one for one in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "swayrank serve" not in one]
    with serving(tmp_path / "out", tmp_path / "log", tokens=False) as served:
        script = "\n".join(blocks).replace("http://127.0.0.1:8100", served.address)
        program = f'swayrank() {{ "{sys.executable}" -m swayrank "$@"; }}\nset -euo pipefail\n'
        done = subprocess.run(
            ["bash", "-c", program + script],
            cwd=tmp_path, capture_output=True, text=True, check=False, env=environment(), timeout=300,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    assert "event: done" in done.stdout
    assert '"accepted":2' in done.stdout
    for name in ("scores.csv", "scores.xlsx", "map.gexf"):
        assert Path(tmp_path, name).stat().st_size > 1000
