"""KEEP: what a running service must not lose, in an SQLite file or a PostgreSQL database."""

from swayrank.stores.store import Store, open_store

__all__ = ["Store", "open_store"]
