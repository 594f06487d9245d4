"""The tables of a store, and their version.

========  =============================================================================================================
table     a row is
========  =============================================================================================================
events    somebody did something: numbered (``seq``) in the order of being kept, known by the sender's ``key``
batches   an answer given to a batch, under the sender's idempotency key
jobs      long work: what, how far, how it ended
tokens    who may call, by the hash of a secret
state     what else must outlive the process, by name
========  =============================================================================================================

Times are whole microseconds since 1970 UTC. A store of another version is migrated where a step is known
(:data:`MIGRATIONS`), and otherwise refused by name.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import sqlalchemy as sa

from swayrank.errors import StoreError

VERSION = 1
MIGRATIONS: Mapping[int, tuple[str, ...]] = {}
"""Statements that take a store from this version to the next."""

metadata = sa.MetaData()

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text),
    sa.Column("post", sa.Text),
    sqlite_autoincrement=True,
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, index=True),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("started", sa.BigInteger),
    sa.Column("ended", sa.BigInteger),
    sa.Column("progress", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("memory_limit", sa.BigInteger),
    sa.Column("owner", sa.Text),
    sa.Column("seen", sa.BigInteger),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.BigInteger),
)

state = sa.Table(
    "state", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)


def prepare(connection: sa.Connection, where: str) -> str:
    """Make the tables of an empty store; migrate or refuse those of another version.

    Returns
    -------
    str
        Eight hexadecimal digits that tell this store from any other: the same numbers mean other events there.
    """
    there = sa.inspect(connection).get_table_names()
    ours = [name for name in metadata.tables if name in there]
    if ours and "state" not in there:
        raise StoreError(f"{where}: holds tables of other programs named {', '.join(ours)}; name another database")
    metadata.create_all(connection)
    kept = connection.scalar(sa.select(state.c.value).where(state.c.name == "version"))
    if kept is None:
        identity = secrets.token_hex(4)
        for name, value in (("version", str(VERSION)), ("identity", identity)):
            connection.execute(sa.insert(state).values(name=name, value=value))
        return identity
    version = int(kept) if kept.isdecimal() else -1
    while version in MIGRATIONS:
        for statement in MIGRATIONS[version]:
            connection.execute(sa.text(statement))
        version += 1
    if version != VERSION:
        raise StoreError(f"{where}: written in version {kept!r} of the store, and this swayrank reads {VERSION}")
    connection.execute(sa.update(state).where(state.c.name == "version").values(value=str(VERSION)))
    return str(connection.scalar(sa.select(state.c.value).where(state.c.name == "identity")))
