"""Accounts by name, in memory: 12 bytes each beside the names themselves, a lookup in microseconds."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from swayrank._text import folded, printable, unguarded
from swayrank.errors import UnknownAccountError
from swayrank.ids import folded_names

if TYPE_CHECKING:
    from swayrank.ids import Ids


class NameIndex:
    """Positions of accounts by the text of their ids.

    Parameters
    ----------
    ids : Ids
        The accounts.

    Examples
    --------
    >>> from swayrank.ids import Ids
    >>> index = NameIndex(Ids.from_values(["ada", "bob"]))
    >>> index.position("bob")
    1
    """

    def __init__(self, ids: Ids) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        self._ids = ids
        names = pc.cast(ids.to_arrow(), pa.large_string())
        hashes = np.fromiter(map(hash, names.to_pylist()), np.int64, len(ids))
        self._order = np.argsort(hashes, kind="stable").astype(np.uint32)
        self._hashes = memoryview(hashes[self._order])  # type: ignore[arg-type]
        self._folded = folded_names(names)

    @functools.cached_property
    def places(self) -> npt.NDArray[np.uint32]:
        """Where each account stands when all are sorted by name, whatever its case and accents; made when asked for."""
        import pyarrow.compute as pc

        places = np.empty(len(self._ids), np.uint32)
        places[pc.array_sort_indices(self._folded).to_numpy()] = np.arange(len(self._ids), dtype=np.uint32)
        return places

    def find(self, name: str) -> int | None:
        """Where the account stands; None if there is none of that name.

        A name with the apostrophe that tables for spreadsheets need is the name without it, unless it is somebody's.
        """
        found = self._find(name)
        return self._find(plain) if found is None and (plain := unguarded(name)) != name else found

    def _find(self, name: str) -> int | None:
        wanted = hash(name)
        at = bisect.bisect_left(self._hashes, wanted)
        while at < len(self._hashes) and self._hashes[at] == wanted:
            position = int(self._order[at])
            if str(self._ids[position]) == name:
                return position
            at += 1
        return None

    def position(self, name: str) -> int:
        """Where the account stands.

        Raises
        ------
        UnknownAccountError
            If there is none of that name.
        """
        found = self.find(name)
        if found is None:
            raise UnknownAccountError(f"there is no account {printable(name)!r} in this result")
        return found

    def check(self, names: Iterable[str]) -> None:
        """Raise where some of these names are nobody's.

        Raises
        ------
        UnknownAccountError
            Its `accounts` are all such names, once each.
        """
        absent = [name for name in dict.fromkeys(names) if self.find(name) is None]
        if absent:
            raise strangers(absent, "in this result")

    def matching(self, text: str) -> npt.NDArray[np.int8]:
        """How well each account's name fits what somebody typed: 3 the same, 2 begins so, 1 holds it, 0 not at all.

        Case and accents are no difference; 4 is the same name with the same accents.
        """
        import pyarrow.compute as pc

        wanted = folded(text)
        rank = np.zeros(len(self._ids), np.int8)
        holds = pc.match_substring(self._folded, wanted).to_numpy(zero_copy_only=False)
        found = self._folded.take(np.flatnonzero(holds))  # the other two hold for some of these
        worth = np.ones(len(found), np.int8)
        worth[pc.starts_with(found, wanted).to_numpy(zero_copy_only=False)] = 2
        worth[pc.equal(found, wanted).to_numpy(zero_copy_only=False)] = 3
        rank[holds] = worth
        for i in np.flatnonzero(rank == 3):
            rank[i] += str(self._ids[i]).casefold() == text.casefold()
        return rank


def strangers(names: Sequence[str], where: str) -> UnknownAccountError:
    """The error that tells of names that nobody bears, `where` they were looked for."""
    others = len(names) - 1
    more = f", nor {others:,} other{'' if others == 1 else 's'} of the names given" if others else ""
    error = UnknownAccountError(f"there is no account {printable(names[0])!r} {where}{more}")
    error.accounts = tuple(names)
    return error
