"""Small graphs where answers differ, by name: (number of nodes, list of arcs u -> v meaning u follows v)."""

from __future__ import annotations

ZOO: dict[str, tuple[int, list[tuple[int, int]]]] = {
    "one node": (1, []),
    "no arcs": (4, []),
    "one arc": (2, [(0, 1)]),
    "both ways": (2, [(0, 1), (1, 0)]),
    "chain": (5, [(0, 1), (1, 2), (2, 3), (3, 4)]),
    "cycle": (5, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]),
    "star in": (6, [(i, 0) for i in range(1, 6)]),
    "star out": (6, [(0, i) for i in range(1, 6)]),
    "complete": (4, [(i, j) for i in range(4) for j in range(4) if i != j]),
    "dangling": (5, [(0, 1), (0, 2), (1, 2), (3, 2)]),
    "isolated": (5, [(0, 1), (1, 0), (1, 3)]),
    "two components": (7, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 6), (6, 3), (3, 5)]),
    "bow tie": (7, [(0, 2), (1, 2), (2, 3), (3, 4), (4, 2), (3, 5), (4, 6), (0, 6)]),
    "duplicates": (3, [(0, 1), (0, 1), (1, 2), (0, 1), (2, 0), (2, 0)]),
    "self-loops": (4, [(0, 0), (0, 1), (1, 1), (1, 2), (2, 3), (3, 3)]),
    "core and whiskers": (8, [(0, 1), (1, 2), (2, 0), (0, 3), (3, 1), (2, 3), (4, 0), (5, 4), (6, 5), (1, 7)]),
}
