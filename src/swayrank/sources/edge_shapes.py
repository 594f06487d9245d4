"""Graphs in text that are no lists of edges: adjacency matrices, and lists of whom each account follows.

- A matrix has the accounts' names as its first row and as its first column, in any order; the first cell is empty or
  anything, or is not there, as R writes it. An entry that is not 0 (or empty) in row u and column v is an arc from u to
  v, and its weight if any entry is neither 0 nor 1.
- Lists are lines such as ``u: v w x`` or ``u: v, w``; ``u v w x`` in lines of several lengths, whose first words differ
  and come again behind; or two columns of which the second holds several accounts, as in ``u;"v, w"``.

Both are small beside edge lists, and read line by line. What only looks like one of them is refused with the form that
is read, or left to :mod:`swayrank.sources.edge_dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from swayrank._text import printable
from swayrank.errors import InputError
from swayrank.ids import Ids
from swayrank.sources.dialects import said_separator
from swayrank.sources.edge_columns import Wanted, role_of_name
from swayrank.sources.edge_dialect import MOST_WIDTHS, PREFIXES, best_delimiter, split
from swayrank.sources.edge_header import DATE, NUMBER, judge_header
from swayrank.sources.formats import ids_of

_SAMPLE = 200
_SURE = 4
_WITH_WEIGHT = re.compile(r"\S+(\s+|:|=)[0-9.]+")
_KEY = re.compile(r'\s*"?(?P<key>[^:,;|\t"]*[^:,;|\t"\s])"?\s*:(?:\s+(?P<rest>.*))?')
_TIGHT = re.compile(r"\s*(?P<key>[^\s:,;|]+):(?P<rest>[^\s:][^:]*)")
_LISTS = "one line for each account, as 'ana: bob, cem', or one row for each arc, as 'ana,bob'"


@dataclass
class Shaped:
    """What such a file holds.

    Attributes
    ----------
    told : str
        What it was taken for.
    kind : str
        "adjacency matrix" or "adjacency lists".
    accounts : Ids
        All accounts, those without arcs included.
    u, v : numpy.ndarray of uint32, shape (n_arcs,)
        The ends as positions in `accounts`.
    weights : numpy.ndarray of float64, shape (n_arcs,), or None
        None where all are 1.
    rejects : list of (line, value)
        Lines that are no list.
    """

    told: str
    kind: str
    accounts: Ids
    u: npt.NDArray[np.uint32]
    v: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64] | None = None
    rejects: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    number: int
    text: str


def read_shaped(data: bytes, head: int, wanted: Wanted, file: str) -> Shaped | None:
    """The matrix or the lists that a text holds; None where it is to be read as a list of edges.

    Parameters
    ----------
    data : bytes-like
        The text as UTF-8.
    head : int
        How many bytes of it are looked at to recognise it.
    wanted : Wanted
        What the caller says; whoever names columns has a list of edges.
    file : str
        For messages.

    Raises
    ------
    InputError
        If it is a matrix with a cell that is no number, one without names, or lists with weights.
    """
    if wanted.source is not None or wanted.target is not None or wanted.columns or wanted.weight not in (None, False):
        return None
    beginning = bytes(data[:head])
    whole = len(beginning) == len(data)
    sample, said = _lines(beginning if whole else beginning[: beginning.rfind(b"\n") + 1], _SAMPLE)
    if len(sample) < 1:
        return None
    delimiter = wanted.delimiter or said or best_delimiter([line.text for line in sample])[0]
    delimiter = "" if delimiter == " " else delimiter
    rows = [split(line.text, delimiter) for line in sample[:3]]
    if wanted.header is not False and _begins_as_matrix(rows):
        lines = _lines(bytes(data))[0]
        if (found := _matrix(lines, delimiter, file)) is not None:
            return found
    lists = _Lists.of(sample, delimiter, wanted, file)
    if lists is not None:
        return lists.read(_lines(bytes(data))[0], file)
    if whole and wanted.header is not True:
        _refuse_nameless_matrix([split(line.text, delimiter) for line in sample], file)
    return None


def _lines(data: bytes, most: int | None = None) -> tuple[list[_Line], str]:
    """Lines that are neither blank nor comments, and the separator that a first line names."""
    texts = data.decode("utf-8", "replace").split("\n")
    said = said_separator(texts[0])
    found = []
    for number, text in enumerate(texts, start=1):
        bare = text.strip()
        if bare and not bare.startswith(PREFIXES) and not (said and number == 1):
            found.append(_Line(number, text.rstrip("\r")))
            if len(found) == most:
                break
    return found, said


# -- matrices ----------------------------------------------------------------------------------------------------------


def _number(cell: str) -> float | None:
    try:
        return (
            float(cell.replace(",", ".")) if cell and cell.isascii() and "_" not in cell else 0.0 if not cell else None
        )
    except ValueError:
        return None


def _column_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """The names above the entries: all but the first, unless the first row lacks one, as R writes it."""
    return list(rows[0] if len(rows[0]) == len(rows[1]) - 1 else rows[0][1:])


def _begins_as_matrix(rows: list[list[str]]) -> bool:
    """Whether the first rows can be those of a matrix."""
    if len(rows) < 3 or len(rows[0]) < 2:
        return False
    names = _column_names(rows)
    numbers = all(NUMBER.fullmatch(cell) for cell in rows[0])  # may be edges with weights
    if len(names) < (_SURE if numbers else 2) or len(set(names)) < len(names) or "" in names:
        return False
    return all(len(row) == len(names) + 1 and row[0] in names and None not in map(_number, row[1:]) for row in rows[1:])


def _matrix(lines: list[_Line], delimiter: str, file: str) -> Shaped | None:
    names = _column_names([split(line.text, delimiter) for line in lines[:2]])
    if len(lines) != len(names) + 1:
        return None
    place = {name: k for k, name in enumerate(names)}
    entries = np.zeros((len(names), len(names)))
    seen = set()
    for line in lines[1:]:
        cells = split(line.text, delimiter)
        if cells[0] not in place or cells[0] in seen:
            return None
        seen.add(cells[0])
        values = [_number(cell) for cell in cells[1:]]
        if len(values) != len(names):
            raise InputError(
                f"is an adjacency matrix of {len(names):,} accounts, but this row has {len(values):,} entries",
                file=file, line=line.number,
            )  # fmt: skip
        for k, value in enumerate(values):
            if value is None or not np.isfinite(value):
                raise InputError(
                    f"is an adjacency matrix, whose entries must be numbers, got {printable(cells[k + 1], 60)!r}",
                    file=file, line=line.number, column=names[k], value=cells[k + 1],
                )  # fmt: skip
        entries[place[cells[0]]] = values
    return of_matrix(names, entries)


def of_matrix(names: Sequence[str], entries: npt.NDArray[np.float64]) -> Shaped:
    """The arcs of a matrix with these accounts as rows and columns."""
    u, v = np.nonzero(entries)
    values = entries[u, v]
    told = f"adjacency matrix of {len(names):,} accounts: an entry that is not 0 in row u and column v is an arc u to v"
    weights = None if bool((values == 1).all()) else values
    return Shaped(told, "adjacency matrix", ids_of(list(names)), u.astype(np.uint32), v.astype(np.uint32), weights)


def _refuse_nameless_matrix(rows: list[list[str]], file: str) -> None:
    """InputError if there are as many rows of 0 and 1 as columns, with or without names above them."""
    named = len(rows) > 1 and not any(NUMBER.fullmatch(cell) for cell in rows[0])
    body = rows[1:] if named else rows
    n = len(body)
    if n < _SURE or any(len(row) != n or not set(row) <= {"0", "1"} for row in body):
        return
    if named and any(role_of_name(cell) for cell in rows[0] if len(cell) > 1):
        return
    raise InputError(
        f"looks like an adjacency matrix of {n} accounts without names: give it the accounts' names as first row "
        "and as first column, as in ',ana,bob' above 'ana,0,1'; if it is a list of edges, name its "
        "columns with --source and --target (source= and target= in Python)",
        file=file,
    )


# -- lists -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lists:
    """How lists are written: ``u: v w`` (a pattern of the key), or cells, or a second cell of several accounts."""

    form: str
    pattern: re.Pattern[str] | None
    delimiter: str
    inner: str
    header: bool = False

    @classmethod
    def of(cls, sample: list[_Line], delimiter: str, wanted: Wanted, file: str) -> _Lists | None:
        texts = [line.text for line in sample]
        if wanted.delimiter is None:
            for pattern in (_KEY, _TIGHT):
                found = [pattern.fullmatch(text) for text in texts]
                if all(found) and _are_lists([(m["key"], m["rest"] or "") for m in found if m], pattern is _TIGHT):
                    inner = next((s for s in "\t,;|" if any(m and s in (m["rest"] or "") for m in found)), "")
                    return cls("u: v w ...", pattern, "", inner)
        rows = [split(text, delimiter) for text in texts]
        header = wanted.header if wanted.header is not None else judge_header(rows, wanted)[0]
        if not header and _are_ragged_lists(rows, file):
            return cls("u v w ...", None, delimiter, "")
        inner = _inner_separator(rows[header:])
        return cls("u, 'v, w ...'", None, delimiter, inner, header) if inner else None

    def cut(self, text: str) -> tuple[str, list[str]] | None:
        """The account and whom it follows."""
        if self.pattern is not None:
            found = self.pattern.fullmatch(text)
            if found is None:
                return None
            rest = found["rest"] or ""
            return found["key"].strip(), [c for c in split(rest, self.inner) if c] if rest.strip() else []
        cells = split(text, self.delimiter)
        if not cells[0]:
            return None
        if not self.inner:
            return cells[0], [cell for cell in cells[1:] if cell]
        return cells[0], [p.strip() for p in (cells[1] if len(cells) > 1 else "").split(self.inner) if p.strip()]

    def read(self, lines: list[_Line], file: str) -> Shaped:
        """All of the file."""
        place: dict[str, int] = {}
        u: list[int] = []
        v: list[int] = []
        rejects = []
        for line in lines[self.header :]:
            cut = self.cut(line.text)
            if cut is None or "\ufffd" in line.text:
                rejects.append((line.number, line.text))
                continue
            account = place.setdefault(cut[0], len(place))
            u += [account] * len(cut[1])
            v += [place.setdefault(other, len(place)) for other in cut[1]]
        if not u:
            raise InputError("holds no arcs", file=file)
        named = list(place)
        others = [named[k] for k in dict.fromkeys(v)]
        if self.pattern is not None and all(_WITH_WEIGHT.fullmatch(other) for other in others):
            raise InputError(
                f"holds lists with weights ({printable(others[0], 60)!r}), which are not read; write a row for each "
                "arc, as 'ana,bob,2.5'",
                file=file,
            )
        told = f"adjacency lists: each line holds an account and whom it has arcs to ({self.form})"
        tails, heads = np.array(u, np.uint32), np.array(v, np.uint32)
        return Shaped(told, "adjacency lists", ids_of(named), tails, heads, None, rejects)


def _are_lists(pairs: list[tuple[str, str]], tight: bool) -> bool:
    """Whether keys and what stands behind their colons are accounts and their lists."""
    keys = [key.strip() for key, _ in pairs]
    if (2 * len(set(keys)) <= len(keys) and len(keys) > 1) or not any(rest.strip() for _, rest in pairs):
        return False
    if not tight:
        return True
    pieces = {piece for _, rest in pairs for piece in re.split(r"[\s,;|]+", rest) if piece}
    several = any(re.search(r"[\s,;|]", rest.strip()) for _, rest in pairs)
    return len(keys) > 1 and len(set(keys)) == len(keys) and several and bool(pieces & set(keys))


def _are_ragged_lists(rows: list[list[str]], file: str) -> bool:
    """Lines of several lengths, whose first cells differ, and whose further cells are accounts met before them.

    InputError where the further cells are words that stand nowhere else: accounts, or remarks?
    """
    widths = {len(row) for row in rows}
    keys = {row[0] for row in rows}
    further = {cell for row in rows for cell in row[2:] if cell}
    if len(widths) < 2 or max(widths) < 3 or len(keys) < len(rows) or len(rows) < 2:
        return False
    if any(DATE.fullmatch(cell) for cell in further) or any(not cell for row in rows for cell in row[:-1]):
        return False
    if any(NUMBER.fullmatch(cell) for cell in further):  # weights may lack
        integers = all(re.fullmatch(r"[0-9]+", cell) for row in rows for cell in row)
        if not integers or len(widths) < 3 or len(rows[0]) <= 2:
            return False
    known = keys | {row[1] for row in rows if len(row) > 1}
    if 2 * len(further & known) >= len(further):
        return True
    if len(widths) <= MOST_WIDTHS and not any(NUMBER.fullmatch(cell) for row in rows for cell in row):
        raise InputError(
            f"lines hold from {min(widths)} to {max(widths)} cells; are these lists of whom each account follows? "
            f"Write {_LISTS}; if they are arcs with remarks, name the columns in a first row, as source target remark",
            file=file,
        )
    return False


def _inner_separator(rows: list[list[str]]) -> str:
    """What separates the accounts in a second column of lists; "" if it holds one account a row."""
    if not rows or {len(row) for row in rows} != {2}:
        return ""
    for separator in ",;|":
        lists = [row[1].split(separator) for row in rows if separator in row[1]]
        if 3 * len(lists) < len(rows) or any(separator in row[0] for row in rows) or not lists:
            continue
        pieces = [piece.strip() for one in lists for piece in one]
        if any(NUMBER.fullmatch(row[1]) for row in rows if separator in row[1] and len(row[1].split(separator)) == 2):
            continue
        if len(set(pieces)) < len(pieces) or set(pieces) & {row[0] for row in rows}:
            return separator
    return ""
