"""Pajek and METIS: lines of node numbers from 1, told apart line by line, every fault with its line.

Pajek: ``*Vertices n`` with optional lines ``number "label" ...``; then ``*Arcs`` and ``*Edges`` (tail, head, weight),
``*Arcslist`` and ``*Edgeslist`` (tail, heads ...), ``*Matrix``; ``%`` begins a comment. A file with arcs is directed,
and an edge in it stands for two arcs. Vertex lines that are missing leave numbers as names.

METIS: ``n m [fmt [ncon]]``, then line i holds node i's sizes and weights as `fmt` says (its digits: vertex sizes,
vertex weights, arc weights), and its neighbours with their weights. An empty line is a node without neighbours. Each
edge must stand in both of its ends' lines; m counts it once. Weights of vertices are checked and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from swayrank._text import printable
from swayrank.errors import InputError
from swayrank.ids import Ids
from swayrank.sources.formats import Chosen, Parsed, chosen_columns, ids_of

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPED = re.compile(r'\\(["\\])')
_MOST_NODES = 2**32 - 2


# -- Pajek -------------------------------------------------------------------------------------------------------------


class _Pajek:
    """What the lines so far have said."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.n = -1
        self.labels: dict[int, str] = {}
        self.directed: bool = False
        self.rows: dict[str, list[tuple[int, int, float]]] = {"arcs": [], "edges": []}
        self.weighted = False
        self.row = 0
        self.section = ""

    def fault(self, message: str, line: int) -> InputError:
        return InputError(message, file=self.path, line=line)

    def begin(self, words: list[str], line: int) -> None:
        name = words[0][1:].lower()
        if name == "network":
            return
        if name == "vertices":
            if self.n >= 0:
                raise self.fault("a second *Vertices: split a project file into single networks", line)
            self.n = self.whole(words[1] if len(words) > 1 else "", line, 0, _MOST_NODES)
        elif name not in ("arcs", "edges", "arcslist", "edgeslist", "matrix"):
            raise self.fault(f"the section {printable(words[0], 40)} is not known; vertices, arcs and edges are", line)
        elif self.n < 0:
            raise self.fault("*Vertices must come first", line)
        self.section, self.row = name, 0
        self.directed |= name in ("arcs", "arcslist", "matrix")

    def whole(self, text: str, line: int, low: int = 1, high: int | None = None) -> int:
        high = self.n if high is None else high
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise self.fault(f"must be a whole number in [{low}, {high}], got {printable(text, 40)!r}", line)
        return int(text)

    def number(self, text: str, line: int) -> float:
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise self.fault(f"a weight must be a finite number, got {printable(text, 40)!r}", line)
        return value

    def read(self, text: str, line: int) -> None:
        if self.section == "vertices":
            found = [_ESCAPED.sub(r"\1", quoted) if bare == "" else bare for quoted, bare in _WORD.findall(text)[:2]]
            node = self.whole(found[0], line)
            if len(found) > 1:
                self.labels[node - 1] = found[1]
            return
        words = text.split()
        kind = "arcs" if self.section in ("arcs", "arcslist", "matrix") else "edges"
        if self.section in ("arcs", "edges"):
            if len(words) < 2:
                raise self.fault("must hold two node numbers", line)
            weight = self.number(words[2], line) if len(words) > 2 else 1.0
            self.weighted |= len(words) > 2
            self.rows[kind].append((self.whole(words[0], line) - 1, self.whole(words[1], line) - 1, weight))
        elif self.section == "matrix":
            if len(words) != self.n or self.row >= self.n:
                raise self.fault(f"a matrix must have {self.n} rows of {self.n} numbers", line)
            values = [self.number(word, line) for word in words]
            self.rows[kind] += [(self.row, k, value) for k, value in enumerate(values) if value != 0]
            self.weighted |= any(value not in (0, 1) for value in values)
            self.row += 1
        elif self.section:
            tail = self.whole(words[0], line) - 1
            self.rows[kind] += [(tail, self.whole(word, line) - 1, 1.0) for word in words[1:]]
        else:
            raise self.fault("must begin with *Vertices", line)


def parse_pajek(lines: Iterable[str], path: Path, chosen: Chosen) -> Parsed:
    """Read the lines of a Pajek network."""
    state = _Pajek(path)
    for line, text in enumerate(lines, 1):
        text = text.strip()
        if not text or text.startswith("%"):
            continue
        if text.startswith("*"):
            state.begin(text.split(), line)
        else:
            state.read(text, line)
    if state.n < 0:
        raise InputError("must have a line *Vertices n", file=str(path))
    if state.n > 0 and state.n > 64 * (len(state.labels) + sum(map(len, state.rows.values()))) + (1 << 20):
        raise InputError(f"states {state.n:,} vertices, far more than it has lines", file=str(path))
    arcs, edges = state.rows["arcs"], state.rows["edges"]
    rows = [*arcs, *edges, *((v, u, w) for u, v, w in edges if u != v)] if state.directed and edges else arcs or edges
    u, v = (np.fromiter((row[end] for row in rows), np.int64, len(rows)) for end in (0, 1))
    notes: list[str] = []
    given: dict[str, list[Any]] = {"weight": [row[2] for row in rows]} if state.weighted else {}
    directed = state.directed or not rows
    parsed = Parsed(u, v, _pajek_ids(state, notes), {}, directed if edges or arcs else state.directed, notes)
    parsed.columns = chosen_columns(given, chosen, notes)
    return parsed


def _pajek_ids(state: _Pajek, notes: list[str]) -> Ids:
    if not state.labels:
        return Ids.of_ints(np.arange(1, state.n + 1))
    names = [state.labels.get(i, str(i + 1)) for i in range(state.n)]
    if len(set(names)) == len(names):
        return ids_of(names)
    notes.append("accounts are the vertices' numbers, since labels repeat")
    return Ids.of_ints(np.arange(1, state.n + 1))


# -- METIS -------------------------------------------------------------------------------------------------------------


def parse_metis(lines: Iterable[str], path: Path, chosen: Chosen) -> Parsed:
    """Read the lines of a METIS graph."""
    body = ((line, text) for line, text in enumerate(lines, 1) if not text.lstrip().startswith("%"))
    line, text = next(((line, text) for line, text in body if text.strip()), (1, ""))
    n, m, before, weighted = _metis_header(text.split(), str(path), line)
    tails: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    cells: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    node = 0
    for line, text in body:
        if node == n:
            if text.strip():
                raise InputError(
                    f"has more than the {n:,} lines of nodes that its header states", file=str(path), line=line
                )
            continue
        row = _metis_row(text, str(path), line)
        ends = row[before:]
        if row.size < before or (weighted and ends.size % 2):
            raise InputError(f"must hold {before} numbers and pairs of neighbour and weight", file=str(path), line=line)
        heads = ends[::2] if weighted else ends
        if heads.size and not 1 <= heads.min() <= heads.max() <= n:
            raise InputError(f"neighbours must be in [1, {n}]", file=str(path), line=line)
        tails.append(np.full(heads.size, node))
        cells.append(ends)
        node += 1
    if node < n:
        raise InputError(f"states {n:,} nodes and has {node:,} lines of nodes", file=str(path))
    return _metis_parsed(n, m, tails, cells, weighted, before, path, chosen)


def _metis_row(text: str, file: str, line: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    try:
        row = np.array(text.split(), np.int64)
    except (ValueError, OverflowError):
        raise InputError(f"must hold whole numbers, got {printable(text, 60)!r}", file=file, line=line) from None
    if row.size and row.min() < 0:
        raise InputError("must hold no negative numbers", file=file, line=line)
    return row


def _metis_header(words: list[str], file: str, line: int) -> tuple[int, int, int, bool]:
    """Nodes, edges, numbers before each line's neighbours, and whether arcs have weights."""
    if not 2 <= len(words) <= 4 or not all(word.isascii() and word.isdigit() for word in words):
        raise InputError("must begin with `nodes edges [fmt [ncon]]`, as METIS files do", file=file, line=line)
    form = words[2].zfill(3) if len(words) > 2 else "000"
    if len(form) != 3 or set(form) - set("01"):
        raise InputError(f"fmt must be three digits 0 or 1, got {printable(words[2], 20)!r}", file=file, line=line)
    n = int(words[0])
    if n > _MOST_NODES:
        raise InputError(f"states {n:,} nodes; {_MOST_NODES:,} is the most", file=file, line=line)
    n_weights = (int(words[3]) if len(words) > 3 else 1) if form[1] == "1" else 0
    return n, int(words[1]), int(form[0]) + n_weights, form[2] == "1"


def _metis_parsed(
    n: int, m: int, tails: Any, cells: Any, weighted: bool, before: int, path: Path, chosen: Chosen
) -> Parsed:
    u = np.concatenate([np.empty(0, np.int64), *tails])
    flat = np.concatenate([np.empty(0, np.int64), *cells])
    v = (flat[::2] if weighted else flat) - 1
    weights = flat[1::2] if weighted else np.ones(u.size, np.int64)
    one_way = np.flatnonzero(u < v)
    other = np.flatnonzero(u > v)
    one_way = one_way[np.lexsort((weights[one_way], v[one_way], u[one_way]))]
    other = other[np.lexsort((weights[other], u[other], v[other]))]
    same = one_way.size == other.size and all(
        np.array_equal(a[one_way], b[other]) for a, b in ((u, v), (v, u), (weights, weights))
    )
    if not same:
        raise InputError("each edge must stand in the lines of both its ends, with one weight", file=str(path))
    loops = np.flatnonzero(u == v)
    if one_way.size + loops.size != m:
        raise InputError(f"states {m:,} edges and has {one_way.size + loops.size:,}", file=str(path), line=1)
    kept = np.concatenate([one_way, loops])
    notes = ["weights of nodes are left out"] if before else []
    parsed = Parsed(u[kept], v[kept], Ids.of_ints(np.arange(1, n + 1)), {}, False, notes)
    parsed.columns = chosen_columns({"weight": weights[kept].tolist()} if weighted else {}, chosen, notes)
    return parsed
