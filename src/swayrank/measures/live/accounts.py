"""Accounts that grow in number: the ids of a graph, and those that came since.

Looking up k accounts costs O(k); the first look-up makes the graph's hash index where it has none yet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from swayrank.errors import ParameterError
from swayrank.graph.parts import MAX_NODES
from swayrank.ids import ABSENT, Cells, Ids, as_cells

_LARGEST = 2**63 - 1


class Accounts:
    """Who is where.

    Parameters
    ----------
    ids : Ids
        The accounts at first.

    Examples
    --------
    >>> accounts = Accounts(Ids.from_values(["ada", "bob"]))
    >>> accounts.positions(["bob", "cem", "cem"], add=True), len(accounts)
    (array([1, 2, 2], dtype=uint32), 3)
    >>> list(accounts.ids())
    ['ada', 'bob', 'cem']
    """

    def __init__(self, ids: Ids) -> None:
        self._known = self._all = ids
        self._new: dict[int | str, int] = {}

    def __len__(self) -> int:
        return len(self._known) + len(self._new)

    def positions(self, accounts: Any, *, add: bool) -> npt.NDArray[np.uint32]:
        """Their positions; who is not here is added, or with `add` False gets 2**32 - 1."""
        cells = as_cells(accounts)
        if cells.missing is not None and cells.missing.any():
            raise ParameterError(f"an account is missing at row {int(np.argmax(cells.missing))}: drop such rows first")
        found = self._known.positions(cells, missing="sentinel")
        absent = np.flatnonzero(found == ABSENT)
        names = self._spelled(cells.part(absent))
        if add:
            self._refuse(names)
        for at, name in zip(absent.tolist(), names, strict=True):
            if add and name not in self._new:
                self._new[name] = len(self)
            found[at] = self._new.get(name, ABSENT)
        return found

    def ids(self) -> Ids:
        """All of them as one collection. O(their number) where some are new, and kept."""
        # Look-ups go on in the first ids, whose index is made, and in the dictionary.
        if len(self._all) < len(self):
            self._all = self._joined()
        return self._all

    def _spelled(self, cells: Cells) -> list[int | str]:
        """One spelling each: integers where the ids are integers or none, else text."""
        if cells.ints is not None and (len(self) == 0 or self._are_numbers()):
            numbers: list[int | str] = cells.ints.tolist()
            return numbers
        text = cells.as_strings()
        spans = zip(text.starts.tolist(), text.stops.tolist(), strict=True)
        names: list[int | str] = [text.text[start:stop].tobytes().decode() for start, stop in spans]
        return [self._as_number(name) for name in names] if self._are_numbers() else names

    def _are_numbers(self) -> bool:
        """Whether there are ids, and integers."""
        if len(self._known):
            return self._known.kind != "string"
        return isinstance(next(iter(self._new), None), int)

    @staticmethod
    def _as_number(name: int | str) -> int | str:
        """The integer that a text spells the usual way, else the text."""
        return int(name) if str(name).isdecimal() and str(int(name)) == name else name

    def _refuse(self, names: list[int | str]) -> None:
        """Stop before anything changes: names that do not fit, or too many."""
        for name in names:
            if isinstance(name, str) and self._are_numbers():
                raise ParameterError(f"accounts of this graph are integers: {name!r} cannot join them")
            if isinstance(name, int) and name > _LARGEST:
                raise ParameterError(f"accounts must be below 2**63, got {name}; give such names as strings")
            if isinstance(name, int) and name < 0:
                raise ParameterError(f"accounts must not be negative, got {name}; give such names as strings")
        if len(self) + len(names) > MAX_NODES:
            raise ParameterError(f"a graph has at most {MAX_NODES:,} accounts")

    def _joined(self) -> Ids:
        new = list(self._new)
        if all(isinstance(name, int) for name in new):
            added = np.array(new, np.int64)
            n = len(self._known)
            if self._known.kind == "range" and np.array_equal(added, np.arange(n, n + added.size)):
                return Ids.of_range(n + added.size)
            return Ids.of_ints(np.concatenate([self._known.to_numpy(), added]))
        old = self._known.cells().as_strings()
        sizes = [len(str(name).encode()) for name in new]
        tail = np.frombuffer("".join(map(str, new)).encode(), np.uint8)
        begins = old.starts[:1].tolist() or [0]
        stop = int(old.stops[-1]) if len(old) else 0
        offsets = np.concatenate([old.starts, [stop], stop + np.cumsum(sizes)]) - begins[0]
        return Ids.of_strings(np.concatenate([old.text[begins[0] : stop], tail]), offsets)
