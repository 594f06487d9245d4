"""Arrays of an opened graph that nobody has looked at yet, and the look that each gets before it is first handed out.

Kernels index without checks, so an array that was altered on disk would take the process down. Opening must not read
the arrays, so the look comes with their first use: row pointers ascend, neighbours are nodes and ascend, out-rows and
in-rows hold the same arcs, ids lie within their text, and every id has one place in a hash index that has room left.

Cost: once for each graph opened, and only for what is used: about 1 ns per node for row pointers, 2-4 ns per arc and
side for neighbours. Values on the arcs and the spelling of ids are not looked at: only ``verify=True`` finds them
altered, by their hashes.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import numpy as np

from swayrank.errors import DamagedGraphError
from swayrank.graph.parts import Adjacency, Array
from swayrank.ids import ABSENT, Ids
from swayrank.kernels.checks import check_rows

_BLOCK = 1 << 20


class Unread:
    """What is still to be looked at. Two threads at once may look twice, and find the same.

    Parameters
    ----------
    adjacency : Adjacency
        Rows of the right sizes and dtypes whose pointers begin at 0 and end at the number of arcs.
    ids : Ids
        Ids of the right sizes and dtypes.
    path : Path
        Where they were mapped from.
    """

    def __init__(self, adjacency: Adjacency, ids: Ids, path: Path) -> None:
        self._rows = {
            "": (adjacency.indptr, adjacency.indices),
            "in_": (adjacency.in_indptr, adjacency.in_indices),
        }
        self._ids, self._path = ids, path
        self._fine: set[str] = set()
        self._sums: dict[str, int] = {}

    def check(self, name: str) -> None:
        """Look at ``indptr``, ``indices``, ``in_indptr``, ``in_indices`` or ``ids``, unless that was done before.

        Raises
        ------
        DamagedGraphError
            If it was altered.
        """
        if name in self._fine:
            return
        if name == "ids":
            self._check_ids()
        elif name.endswith("indptr"):
            self._check_pointers(name.removesuffix("indptr"))
        else:
            self._check_neighbours(name.removesuffix("indices"))
        self._fine.add(name)

    def check_all(self) -> None:
        """Look at everything."""
        for name in ("indices", "in_indices", "ids"):
            self.check(name)

    def _check_pointers(self, side: str) -> None:
        indptr, _ = self._rows[side]
        if not _ascends(indptr):
            raise self._damaged(f"the row pointers {side}indptr do not ascend")

    def _check_neighbours(self, side: str) -> None:
        self.check(f"{side}indptr")
        fine, total = check_rows(*self._rows[side], side == "in_")
        if not fine:
            raise self._damaged(f"{side}indices holds what is no node, or rows that are not sorted")
        self._sums[side] = int(total)
        if len(set(self._sums.values())) > 1:
            raise self._damaged("the rows by follower and by followed account hold different arcs")

    def _check_ids(self) -> None:
        n, arrays = len(self._ids), self._ids.arrays()
        if "slots" in arrays:
            slots = arrays["slots"]
            taken = sum(_count_below(slots[i : i + _BLOCK], n) for i in range(0, slots.size, _BLOCK))
            empty = sum(int(np.count_nonzero(slots[i : i + _BLOCK] == ABSENT)) for i in range(0, slots.size, _BLOCK))
            if taken != n or taken + empty != slots.size:
                raise self._damaged("the hash index of the ids holds what is no account")
        if "offsets" in arrays:
            offsets, blob = arrays["offsets"], arrays["blob"]
            if offsets[0] != 0 or not _ascends(offsets) or not _is_text(blob, offsets):
                raise self._damaged("the ids are no text")

    def _damaged(self, what: str) -> DamagedGraphError:
        return DamagedGraphError(
            f"{self._path} is damaged: {what}. Graph.open(path, verify=True) names the file that was altered; "
            "read the graph from its source again and save it anew"
        )


def _count_below(numbers: Array, limit: int) -> int:
    return int(np.count_nonzero(numbers < limit))


def _ascends(pointers: Array) -> bool:
    """Whether no pointer is below the one before it; O(n), a few MB at a time."""
    parts = (pointers[i : i + _BLOCK + 1] for i in range(0, pointers.size - 1, _BLOCK))
    return all(bool((part[1:] >= part[:-1]).all()) for part in parts)


def _is_text(blob: Array, offsets: Array) -> bool:
    """Whether the bytes are UTF-8 and no id begins within a character."""
    decoder: Any = codecs.getincrementaldecoder("utf-8")()
    plain = True
    try:
        for start in range(0, blob.size, _BLOCK):
            block = blob[start : start + _BLOCK]
            if block.max() < 0x80 and not decoder.getstate()[0]:
                continue
            plain = False
            decoder.decode(block.tobytes())
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    inner = offsets[offsets < blob.size] if not plain else offsets[:0]
    return not bool(((blob[inner] & 0xC0) == 0x80).any())
