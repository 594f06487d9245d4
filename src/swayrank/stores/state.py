"""Small facts that must outlive the process, by name: up to which event scores were made, for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from swayrank.stores.schema import state

if TYPE_CHECKING:
    from swayrank.stores.store import Store


class State:
    """Text by name; part of a :class:`~swayrank.stores.Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: str, default: str | None = None) -> str | None:
        """What is kept under `name`."""
        with self._store.reading() as connection:
            found = connection.scalar(sa.select(state.c.value).where(state.c.name == name))
        return default if found is None else str(found)

    def set(self, name: str, value: str) -> None:
        """Keep `value` under `name`."""
        with self._store.writing() as connection:
            changed = connection.execute(sa.update(state).where(state.c.name == name).values(value=value))
            if not changed.rowcount:
                connection.execute(sa.insert(state).values(name=name, value=value))
