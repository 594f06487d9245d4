"""An account over the kept runs, and what is remembered of such answers until another run is published."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from swayrank.errors import FolderError, UnknownAccountError
from swayrank.scoring.history import History, history
from swayrank.scoring.keep import readable_runs

_REMEMBERED = 1000


class Past:
    """The runs below a folder, read when somebody asks.

    Parameters
    ----------
    out : Path
        The folder of the runs.
    """

    def __init__(self, out: Path) -> None:
        self._out, self._lock = out, threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """Read anew: there is another run."""
        with self._lock:
            self._known = {}  # another one: who reads the runs now has perhaps not seen the newest

    def runs(self) -> list[dict[str, Any]]:
        """The runs that can be read, the newest first."""
        names = ("id", "created", "counts", "reference", "weights")
        try:
            found, _ = readable_runs(self._out)
        except FolderError:  # a single run is served, which lies elsewhere
            return []
        return [{name: manifest.get(name) for name in names} for _, manifest in reversed(found)]

    def of(self, *accounts: str) -> History:
        """What every kept run says of some accounts.

        Raises
        ------
        UnknownAccountError
            If no run knows one of them.
        FolderError
            If a run was altered.
        """
        return history(self._out, list(accounts))

    def told(self, account: str) -> dict[str, Any]:
        """An account's score in each run of the newest one's scale, in order of the time of their data."""
        with self._lock:
            known = self._known
            if account in known:
                return known[account]
        try:
            past = self.of(account)
        except (UnknownAccountError, UnicodeEncodeError):  # the latter: bytes that are no text name nobody
            return {"account": account, "runs": [], "comparable": False, "note": None}
        except FolderError as error:
            told = f"earlier runs cannot be read: {error}"
            return {"account": account, "runs": [], "comparable": False, "note": told}
        scale = past.runs[-1].scale
        created = {run.id: run.created for run in past.runs}
        names = ("run", "time", "score", "score_low", "score_high", "rank", "status", "parts")
        rows = [
            {**{name: getattr(row, name) for name in names}, "created": created[row.run]}
            for row in past.rows
            if row.scale == scale
        ]
        note = "; ".join(past.notes()) or None
        answer = {"account": account, "runs": rows, "comparable": len(rows) > 1, "note": note}
        with self._lock:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[account] = answer
        return answer
