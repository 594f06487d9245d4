"""Tokens: who may call the service, and what for.

A secret is 256 random bits, shown once; the store holds its SHA-256 alone. A slow hash would protect secrets that can
be guessed: this one cannot, and every request has to be checked.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from swayrank._text import printable
from swayrank.errors import ParameterError
from swayrank.stores.schema import tokens

if TYPE_CHECKING:
    from swayrank.stores.store import Store

SCOPES = ("read", "write", "admin")
PREFIX = "swr_"
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")


@dataclass(frozen=True)
class Token:
    """Who calls.

    Attributes
    ----------
    id, name : str
    scopes : frozenset of str
        Of "read", "write", "admin". "admin" may do all, "write" may read too.
    created : int
        Microseconds since 1970.
    revoked : int or None
    """

    id: str
    name: str
    scopes: frozenset[str]
    created: int
    revoked: int | None = None

    def may(self, scope: str) -> bool:
        """Whether it allows what `scope` stands for."""
        return scope in self.scopes or "admin" in self.scopes or (scope == "read" and "write" in self.scopes)

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON; times in ISO form."""
        times = {"created": _iso(self.created), "revoked": None if self.revoked is None else _iso(self.revoked)}
        return {**vars(self), "scopes": sorted(self.scopes), **times}


class TokenTable:
    """Tokens; part of a :class:`~swayrank.stores.Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, scopes: Iterable[str]) -> tuple[str, Token]:
        """Make a token; its secret is returned here and nowhere else.

        Raises
        ------
        ParameterError
            If a scope is unknown, or the name is empty, too long or holds control characters.
        """
        wanted = frozenset(scopes)
        if not wanted or not wanted <= set(SCOPES):
            wrong = ", ".join(sorted(map(repr, wanted - set(SCOPES)))) or "none"
            raise ParameterError(f"scopes must be one or more of {', '.join(SCOPES)}, got {wrong}")
        if not _NAME.fullmatch(name):
            raise ParameterError(f"name must be 1 to 80 characters without control characters, got {printable(name)!r}")
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(6), name, wanted, time.time_ns() // 1000)
        row = {"id": token.id, "name": name, "hash": digest(secret), "scopes": " ".join(sorted(wanted))}
        with self._store.writing() as connection:
            connection.execute(sa.insert(tokens).values(**row, created=token.created))
        return secret, token

    def check(self, secret: str) -> Token | None:
        """Whose secret it is; None if nobody's, or revoked."""
        with self._store.reading() as connection:
            # The hash is looked up, not compared: what the time could tell is about hashes, which lead to no secret.
            row = connection.execute(
                sa.select(tokens).where(tokens.c.hash == digest(secret), tokens.c.revoked.is_(None))
            ).one_or_none()
        return None if row is None else _token(row)

    def list(self) -> list[Token]:
        """All tokens, the oldest first, revoked ones too."""
        with self._store.reading() as connection:
            return [_token(row) for row in connection.execute(sa.select(tokens).order_by(tokens.c.created))]

    def revoke(self, token: str) -> bool:
        """End a token, named by its id; whether there was one."""
        with self._store.writing() as connection:
            done = connection.execute(
                sa.update(tokens)
                .where(tokens.c.id == token, tokens.c.revoked.is_(None))
                .values(revoked=time.time_ns() // 1000)
            )
            return bool(done.rowcount)


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time / 1e6, UTC).isoformat(timespec="seconds")


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: Any) -> Token:
    return Token(row.id, row.name, frozenset(row.scopes.split()), row.created, row.revoked)
