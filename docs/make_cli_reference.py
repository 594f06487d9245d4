"""Write docs/cli.md from the command line's own --help, so that it says what the program does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMANDS = (
    "score", "explain", "compare", "history", "spread", "simulate", "seeds", "whatif", "measure", "correlate", "rates",
    "events", "activity", "learn", "calibrate", "backtest", "fit", "check", "convert", "generate", "demo", "doctor",
    "communities", "report", "serve", "token add", "token list", "token revoke",
)  # fmt: skip
TARGET = Path(__file__).parent / "cli.md"


def reference() -> str:
    """The whole page."""
    pages = [
        "# Command line",
        "",
        "Made by `make docs` from `swayrank --help`; a test holds it against the program.",
        "",
    ]
    for command in ("", *COMMANDS):
        pages += [f"## swayrank {command}".rstrip(), "", "```text", _help(command).rstrip(), "```", ""]
    return "\n".join(pages)


def _help(command: str) -> str:
    words = [sys.executable, "-m", "swayrank", *command.split(), "--help"]
    environment = os.environ | {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    out = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    return "\n".join(line.rstrip() for line in out.replace("python -m swayrank", "swayrank").splitlines())


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
