"""The command line: the library's words, tables for people, ``--json`` for machines.

Results go to stdout or ``-o``, progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from swayrank.cli import scores as _scores  # noqa: F401  its commands come first in the help

# isort: split
from swayrank.cli import campaign as _campaign  # noqa: F401

# isort: split
from swayrank.cli import calibrate as _calibrate  # noqa: F401
from swayrank.cli import communities as _communities  # noqa: F401
from swayrank.cli import correlate as _correlate  # noqa: F401
from swayrank.cli import data as _data  # noqa: F401
from swayrank.cli import learning as _learning  # noqa: F401
from swayrank.cli import report as _report  # noqa: F401
from swayrank.cli import serve as _serve  # noqa: F401
from swayrank.cli import trial as _trial  # noqa: F401
from swayrank.cli import validation as _validation  # noqa: F401
from swayrank.cli.shared import DONE, app


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from swayrank import __version__

        typer.echo(f"swayrank {__version__}")
        raise typer.Exit(DONE)


def main() -> None:
    """Entry point of the `swayrank` command."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to stop tidies up as Ctrl-C does
    app()
