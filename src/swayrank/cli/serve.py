"""The commands of the service: serve, and token."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from swayrank._text import printable
from swayrank.cli.shared import Json, Quiet, app, command, print_json, print_table, say
from swayrank.errors import ParameterError

if TYPE_CHECKING:
    from swayrank.stores import Store

P = ParamSpec("P")

Out = Annotated[Path, typer.Argument(help="The folder in which `score -o` keeps runs.")]
Database = Annotated[
    str | None,
    typer.Option(
        help="postgresql://user@host/database for jobs, tokens and live events, instead of OUT/service.db.",
        envvar="SWAYRANK_DATABASE",
        show_default=False,
    ),
]


@command
def serve(
    out: Out = Path("out"),
    host: Annotated[str, typer.Option(help="Where to listen; anything but loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0: any that is free.", min=0, max=65535)] = 8100,
    database: Database = None,
    refresh: Annotated[
        float, typer.Option(help="Seconds after which scores are made anew where live events came in; 0: never.", min=0)
    ] = 300.0,
    rate_limit: Annotated[
        float, typer.Option(help="Requests a second of one caller; 0: as many as they like.", min=0)
    ] = 1000.0,
    memory_limit: Annotated[
        str | None, typer.Option(help="What a job may allocate, as 8GB.", show_default=False)
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which the service is asked; may be given again.", show_default=False),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="File for log lines (JSON); stderr by default.", show_default=False)
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Serve a result: a web page, and REST under /api/v1.

    One process. Jobs, tokens and live events are kept in OUT/service.db, or in PostgreSQL. It stops on Ctrl-C.
    """
    from swayrank.service.run import serve as run
    from swayrank.service.settings import Settings
    from swayrank.sources.memory import size_in_bytes

    settings = Settings(
        out=out,
        host=host,
        port=port,
        database=database,
        refresh_seconds=refresh,
        rate_limit=rate_limit,
        memory_limit=None if memory_limit is None else size_in_bytes("--memory-limit", memory_limit),
        allow_hosts=tuple(allow_host or ()),
        log=log,
    )

    def started(address: str, n_accounts: int, notes: list[str]) -> None:
        if not quiet and (log is not None or sys.stderr.isatty()):  # else stderr holds the log, a JSON object a line
            for note in notes:
                say(f"note: {note}")
            say(f"serving {n_accounts:,} accounts of {out} at {address} (Ctrl-C stops)")

    run(settings, started)


token = typer.Typer(help="Tokens of the service: who may call, and what for.", no_args_is_help=True)
app.add_typer(token, name="token")


def _of_token(function: Callable[P, None]) -> Callable[P, None]:
    return command(function, token, function.__name__.rstrip("_"))


@_of_token
def add(
    out: Out = Path("out"),
    name: Annotated[str, typer.Option(help="Whose token it is, for the list.")] = "token",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write or admin; may be given again.", show_default="read")
    ] = None,
    database: Database = None,
    json_: Json = False,
) -> None:
    """Make a token and show its secret, this once: the store keeps its hash alone."""
    with _store(out, database) as store:
        secret, made = store.tokens.add(name, scope or ["read"])
    if json_:
        print_json({**made.to_dict(), "secret": secret})
        return
    typer.echo(secret)
    say(f"token {made.id} ({', '.join(sorted(made.scopes))}); keep the secret, it is not shown again")


@_of_token
def list_(out: Out = Path("out"), database: Database = None, json_: Json = False) -> None:
    """List tokens, revoked ones too."""
    with _store(out, database) as store:
        found = store.tokens.list()
    if json_:
        print_json([one.to_dict() for one in found])
        return
    rows = [
        [one.id, printable(one.name), ", ".join(sorted(one.scopes)), _day(one.created), _day(one.revoked)]
        for one in found
    ]
    print_table(["token", "name", "scopes", "made", "revoked"], rows, left=(0, 1, 2))


@_of_token
def revoke(
    out: Out,
    made: Annotated[str, typer.Argument(metavar="TOKEN", help="The token's id, as `token list` shows it.")],
    database: Database = None,
) -> None:
    """End a token; a running service takes notice within seconds."""
    with _store(out, database) as store:
        if not store.tokens.revoke(made):
            raise ParameterError(f"there is no such token, or it was revoked before: {printable(made)!r}")
    say(f"token {made} is revoked")


def _store(out: Path, database: str | None) -> Store:
    """The store of a result's folder, beside a service that may run."""
    from swayrank.results import current_run
    from swayrank.stores import open_store

    if database is None:
        current_run(out)  # says in words where there is no result
    return open_store(database or out / "service.db", own=False)


def _day(time: int | None) -> str:
    return "-" if time is None else datetime.fromtimestamp(time / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
