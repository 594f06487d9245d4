"""What an edge list in text looks like: separator, comments, header, which columns are the two ends, stated sizes.

Everything is recognised from the first lines, told in words, and open to be named. The rules, in their order:

- Comment lines begin with ``#``, ``%`` or ``//``. Where ids are names, only prefixes that stand before the first data
  line count ("#ada" may be an account).
- The separator is what a first line ``sep=;`` names (as Excel writes it), else the first of tab, semicolon, bar, comma
  and runs of blanks that cuts most of the first lines into two cells or more.
- The first data line is a header if it holds words above numbers, or usual names of columns
  (:mod:`swayrank.sources.edge_header`).
- Which columns mean what is told by their names (:mod:`swayrank.sources.edge_columns`). Without a header the first two
  are the ends, and a third one of numbers that are no times is a weight.
- Numbers have decimal commas where those of a column have, and no points.
- A first line ``n m`` states sizes if m lines follow or they are all wider, all ids lie in 0 .. n-1 or 1 .. n, and, of
  less than a hundred lines that are not wider, at least every second node has an edge; ``n`` and ``n,m,d,name`` always
  do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from swayrank._text import printable
from swayrank.errors import InputError, warn_caller
from swayrank.events import action_codes
from swayrank.sources.dialects import Layout, said_separator
from swayrank.sources.edge_columns import Roles, Wanted, assign_roles, event_fields, role_of_name
from swayrank.sources.edge_header import DATE, NUMBER, doubt_edge, judge_header
from swayrank.sources.recognise import recognise_events

PREFIXES = ("#", "%", "//")
SEPARATORS = ("\t", ";", "|", ",", "")
SEPARATOR_NAMES = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", "": "blanks"}
SAMPLE_BYTES = 1 << 18
_SAMPLE_LINES = 200
MOST_WIDTHS = 5

_ENOUGH_ROWS = 20
_FEW_WORDS = 5
_IF_A_LOG = (
    "If it is a log, say so (--kind events with swayrank check, --events FILE with swayrank score, read_events in "
    "Python), and name all its columns in their order with --columns, as time,action,post,actor,target"
)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d*,(\d{1,2}|\d{4,})|0?,\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?\d{1,19}")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of nodes and edges that a file states about itself, and where.

    `sure` if they need no confirmation by the number of rows, `like_an_edge` if the line could be an edge by its looks,
    `narrow` if all other lines have more cells.
    """

    n_nodes: int
    n_edges: int | None
    where: str
    sure: bool = False
    like_an_edge: bool = False
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one text file is read.

    Attributes
    ----------
    delimiter : str
        One character, or "" for runs of blanks.
    prefixes : tuple of str
        What comment lines begin with.
    names : tuple of str
        Names of the columns; of a file without a header, what they are taken for.
    has_header : bool
        Whether the file gives the names itself.
    roles : Roles
        Which columns are read.
    body, body_line : int
        Offset behind the header and the statement of sizes (0 if there are none), and how many lines stand before it.
    comments, blanks : int
        How many of those are comments and blank.
    decimal : str
        The decimal sign of numbers, "." or ",".
    sizes : tuple of Sizes
        What the file may state about itself.
    count_line : bool
        Whether the first data line was taken as a statement of sizes.
    integers : bool
        Whether both ends look like integers.
    notes : tuple of str
        What the user should know.
    doubt : str
        Why the first row may be a header, where it was read as an edge; "" for no doubt.
    """

    delimiter: str
    prefixes: tuple[str, ...]
    names: tuple[str, ...]
    has_header: bool
    roles: Roles
    body: int
    body_line: int
    comments: int
    blanks: int
    decimal: str = "."
    sizes: tuple[Sizes, ...] = ()
    count_line: bool = False
    integers: bool = True
    notes: tuple[str, ...] = ()
    doubt: str = ""

    def column_name(self, role: int) -> str:
        """Name of the column of role 0 (source), 1 (target), 2 ... (values); "" for none."""
        positions = [self.roles.source, self.roles.target, *(position for _, position, _ in self.roles.values)]
        return self.names[positions[role]] if 0 <= role < len(positions) else ""

    def facts(self) -> dict[str, Any]:
        """The dialect as plain values, for machines."""
        return {
            "format": "text",
            "delimiter": SEPARATOR_NAMES.get(self.delimiter, self.delimiter),
            "comments": list(self.prefixes),
            "header": list(self.names) if self.has_header else None,
            "source": self.column_name(0),
            "target": self.column_name(1),
            "columns": {name: self.names[position] for name, position, _ in self.roles.values},
            "notes": list(self.notes),
        }

    def describe(self) -> str:
        """The dialect in words."""
        parts = [f"separated by {SEPARATOR_NAMES.get(self.delimiter, repr(self.delimiter))}"]
        parts.append(f"header {printable(', '.join(self.names), 300)}" if self.has_header else "no header")
        show = [("source", self.roles.source), ("target", self.roles.target)]
        show += [(name, position) for name, position, _ in self.roles.values]
        if self.has_header:
            parts.append(", ".join(f"{role} is {self.names[position]!r}" for role, position in show))
        else:
            parts.append(", ".join(f"{role} is column {position}" for role, position in show))
        if "weight" not in (name for name, _ in show):
            parts.append("no weights")
        return "; ".join([*parts, *self.notes])


def recognise(
    head: bytes, whole: bool, n_lines: int, wanted: Wanted, file: str, first_is_edge: bool = False
) -> Dialect:
    """The dialect of a text whose beginning is given.

    Parameters
    ----------
    head : bytes
        The first bytes, without a byte-order mark.
    whole : bool
        Whether that is all of it.
    n_lines : int
        Lines of the whole text, without blank ones at its end.
    wanted : Wanted
        What the caller says.
    file : str
        For messages.
    first_is_edge : bool, default False
        The first data line has turned out to be no statement of sizes.

    Raises
    ------
    InputError
        If there are no data lines, no separator cuts them, or no two columns can be told to be the ends.
    ParameterError
        If a named column is not there.
    """
    lead = _Lead.of(head, whole, wanted, file)
    texts = [line.text for line in lead.lines]
    delimiter = wanted.delimiter or lead.said or ""
    delimiter = _delimiter(texts, file) if not delimiter else "" if delimiter == " " else delimiter
    rows = [split(text, delimiter) for text in texts]
    sizes = _sizes_in_comments(lead.comments, file)
    count_line, counts = False, list[str]()
    if len(rows) > 1 and not first_is_edge and wanted.header is not True:
        stated = _sizes_in_first_line(rows, n_lines - lead.lines[0].before - 1)
        if stated is not None:
            count_line, sizes, rows, counts = True, [stated, *sizes], rows[1:], rows[0]
    header, told = (wanted.header, "") if wanted.header is not None else judge_header(rows, wanted)
    if header and len(rows) == 1:
        raise InputError("holds a header but no edges", file=file)
    widths = Counter(len(row) for row in rows[header:])
    if not header and wanted.source is None and len(widths) > MOST_WIDTHS:
        raise InputError(
            f"lines hold from {min(widths)} to {max(widths)} cells, so this is no list of edges (cascades are not "
            "read; lists of whom each account follows are, as 'ana: bob, cem'); name the columns with source= and "
            "target= if it is one all the same",
            file=file,
        )
    width = widths.most_common(1)[0][0]
    below = [row for row in rows[header:] if len(row) == width]
    names = (*rows[0], *(str(k) for k in range(len(rows[0]), width))) if header else _names_without_header(below)
    if not header:
        _refuse_actions_as_ends(below, wanted, file)
    roles, notes = assign_roles(names, header, wanted, file, lambda position: _kind(below, position))
    if header:
        _doubt_unnamed_ends(names, roles, below, wanted, file)
    if first_is_edge:
        told = f"the first line ({' '.join(rows[0][:2])}) was taken as an edge, not for numbers of nodes and edges"
    commas = [k for name, k, kind in roles.values if kind == "number" and _has_decimal_commas(below, k)]
    decimal = "," if commas else "."
    notes += [f"{names[commas[0]]!r} has decimal commas"] if commas else []
    integers = all(_INTEGER.fullmatch(row[k]) for row in below for k in (roles.source, roles.target) if k < width)
    taken = lead.lines[count_line + header - 1] if count_line or header else None
    start = taken or lead.lines[0]
    return Dialect(
        delimiter=delimiter,
        prefixes=lead.prefixes if integers or wanted.comment is not None else lead.seen_prefixes,
        names=names,
        has_header=header,
        roles=roles,
        body=taken.stop if taken else lead.start,
        body_line=taken.before + 1 if taken else bool(lead.start),
        comments=start.comments if taken else 0,
        blanks=start.blanks if taken else 0,
        decimal=decimal,
        sizes=tuple(sizes),
        count_line=count_line,
        integers=integers,
        doubt="" if header or wanted.header is not None else doubt_edge(rows, (roles.source, roles.target)),
        notes=(*notes, *([told] if told else []), *_notes_of_direction(lead.comments, counts, names, below, wanted)),
    )


def split(line: str, delimiter: str) -> list[str]:
    """Cut one line as the scanner does; an open quote runs to the end of the line.

    >>> split('ada, "b,c" ,x', ","), split(" 1   2  ", "")
    (['ada', 'b,c', 'x'], ['1', '2'])
    """
    cells: list[str] = []
    i, end = 0, len(line)
    blanks = " \t\r".replace(delimiter, "") if delimiter else " \t\r"
    while True:
        while i < end and line[i] in blanks:
            i += 1
        if not delimiter and i >= end and cells:
            return cells
        if i < end and line[i] == '"':
            found = re.compile(r'"((?:[^"]|"")*)("|$)').match(line, i)
            assert found is not None
            cells.append(found[1].replace('""', '"'))
            i = found.end()
            while i < end and (line[i] != delimiter if delimiter else line[i] not in blanks):
                i += 1
        else:
            start = i
            while i < end and (line[i] != delimiter if delimiter else line[i] not in blanks):
                i += 1
            cells.append(line[start:i].rstrip(blanks))
        if i >= end:
            return cells
        i += 1


# -- the first lines ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A data line, and what stands before it: its end, and how many lines, comments and blanks came first."""

    text: str
    stop: int
    before: int
    comments: int
    blanks: int


@dataclass(frozen=True, slots=True)
class _Lead:
    """The beginning of a text: the data lines of the sample, and the comments before the first of them.

    `said` is the separator that a first line ``sep=;`` names, and `start` where that line ends; "" and 0 without one.
    """

    prefixes: tuple[str, ...]
    comments: list[str]
    lines: list[_Line]
    said: str = ""
    start: int = 0

    @classmethod
    def of(cls, head: bytes, whole: bool, wanted: Wanted, file: str) -> _Lead:
        pieces = head.split(b"\n")
        pieces = pieces if whole else pieces[:-1]
        if not pieces:
            raise InputError(f"has no line end in its first {len(head):,} bytes: it is no list of edges", file=file)
        prefixes = PREFIXES if wanted.comment is None else ((wanted.comment,) if wanted.comment else ())
        comments: list[str] = []
        lines: list[_Line] = []
        damaged: list[_Line] = []
        offset = n_comments = n_blanks = 0
        said = said_separator(pieces[0].decode("utf-8", "replace"))
        start = len(pieces[0]) + 1 if said else 0
        for k, piece in enumerate(pieces):
            if said and k == 0:
                offset = start
                continue
            text = piece.decode("utf-8", "replace")
            bare = text.strip(" \t\r")
            offset += len(piece) + 1
            if not bare:
                n_blanks += 1
            elif prefixes and bare.startswith(prefixes):
                n_comments += 1
                comments += [] if lines else [bare]
            else:  # a damaged line tells nothing about the others
                sound = b"\0" not in piece or not lines
                (lines if sound else damaged).append(_Line(text, offset, k, n_comments, n_blanks))
            if len(lines) == _SAMPLE_LINES:
                break
        if len(lines) == 1:  # unless it is all there is
            lines += damaged[:1]
        if not lines:
            raise InputError("holds no edges" + (", only comments" if comments else ""), file=file)
        return cls(prefixes, comments, lines, said, start)

    @property
    def seen_prefixes(self) -> tuple[str, ...]:
        """The prefixes of the comments before the first data line."""
        return tuple(p for p in self.prefixes if any(line.startswith(p) for line in self.comments))


def best_delimiter(lines: Sequence[str]) -> tuple[str, int]:
    """The separator that cuts most lines into two cells or more, and how many it cuts."""
    best, most = "", 0
    for separator in SEPARATORS:
        cut = (split(line, separator) for line in lines)
        good = sum(len(cells) > 1 and bool(cells[0]) and bool(cells[1]) for cells in cut)
        if good > most:
            best, most = separator, good
    return best, most


def _delimiter(lines: Sequence[str], file: str) -> str:
    best, most = best_delimiter(lines)
    if most * 2 < len(lines):
        shown = printable(lines[-1].strip(), 60)
        legible = 4 * sum(not character.isascii() for character in shown) <= len(shown)
        example = f", such as '{shown}'" if legible else ""
        raise InputError(
            f"most lines have no two columns that tabs, semicolons, bars, commas or blanks separate{example}. "
            "If it is another character, name it in a first line such as 'sep=:', or with delimiter=",
            file=file,
        )
    return best


def _refuse_actions_as_ends(rows: list[list[str]], wanted: Wanted, file: str) -> None:
    """InputError if one of the first two columns of three or more holds nothing but actions ("like", "RT")."""
    if len(rows[0]) < 3 or wanted.source is not None or wanted.target is not None:
        return
    names = tuple(f"column {k}" for k in range(len(rows[0])))
    fields = recognise_events(Layout("delimited", names, named=False, sample=tuple(map(tuple, rows))))
    if fields.get("action") in names[:2]:
        raise InputError(
            f"which columns are the two ends? {fields['action'].capitalize()} holds actions, as in a log of events; "
            f"name them with source= and target=, as positions from 0",
            file=file,
        )


def _doubt_unnamed_ends(names: Sequence[str], roles: Roles, rows: list[list[str]], wanted: Wanted, file: str) -> None:
    """Of ends under names that say nothing: InputError if one holds actions alone, a warning if it may be a log."""
    ends = [(roles.source, wanted.source), (roles.target, wanted.target)]
    accounts = [column for field, column in event_fields(names).items() if field in ("actor", "target")]
    unnamed = [k for k, given in ends if given is None and not role_of_name(names[k]) and names[k] not in accounts]
    if len(names) < 3 or not unnamed or not rows:
        return
    codes = action_codes()
    for k in unnamed:
        words = {row[k].strip().casefold() for row in rows}
        if words <= codes.keys():
            raise InputError(
                f"which columns are the two ends? {printable(names[k], 60)!r} holds actions "
                f"({', '.join(map(repr, sorted(words)[:3]))}), as in a log of events. {_IF_A_LOG}; for a graph, name "
                "the ends with source= and target=",
                file=file,
            )
    few = [k for k in unnamed if len(rows) >= _ENOUGH_ROWS and len({row[k] for row in rows}) <= _FEW_WORDS]
    times = [k for k in range(len(names)) if role_of_name(names[k]) == "time"]
    if few or times:
        why = f"{names[few[0]]!r} repeats a few words" if few else f"{names[times[0]]!r} looks like a time"
        warn_caller(
            f"{printable(file, 200)}: is this a log of events, not a graph? No name tells that "
            f"{' or '.join(repr(printable(names[k], 60)) for k in unnamed)} holds accounts, and {printable(why, 80)}. "
            f"{_IF_A_LOG}"
        )


def _names_without_header(rows: list[list[str]]) -> tuple[str, ...]:
    """What the columns are taken for: two ends, perhaps a weight, perhaps a time."""
    names = ["source", "target"]
    for k in range(2, len(rows[0])):
        guess = f"column_{k}"
        if _looks_like_time(rows, k):
            guess = "time"
        elif k == 2 and all(NUMBER.fullmatch(row[k]) for row in rows):
            guess = "weight"
        names.append(guess if guess not in names else f"column_{k}")
    return tuple(names[: len(rows[0])])


def _looks_like_time(rows: list[list[str]], k: int) -> bool:
    """Dates, or integers that are seconds, milliseconds or microseconds since 1970 in this and recent decades."""
    if all(DATE.fullmatch(row[k]) for row in rows):
        return True
    if not all(re.fullmatch(r"\d+", row[k]) for row in rows):
        return False
    values = [int(row[k]) for row in rows]
    return any(3e8 * unit <= min(values) and max(values) <= 5e9 * unit for unit in (1, 1e3, 1e6, 1e9))


def _kind(rows: list[list[str]], position: int) -> str:
    """Whether a column holds dates in words ("time") or numbers."""
    cells = [row[position] for row in rows if position < len(row) and row[position]]
    return "time" if cells and all(DATE.fullmatch(cell) for cell in cells) else "number"


def _has_decimal_commas(rows: list[list[str]], position: int) -> bool:
    """Whether a column holds numbers as "1,5", and none with a point; "1,234" alone may mean thousands."""
    cells = [row[position] for row in rows if position < len(row)]
    return any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells) and not any("." in cell for cell in cells)


# -- stated sizes ------------------------------------------------------------------------------------------------------


def _sizes_in_first_line(rows: list[list[str]], n_below: int) -> Sizes | None:
    """Sizes that the first data line states: see the rules above. `n_below` lines follow it."""
    first = rows[0]
    numbers = [int(cell) for cell in first[:2] if re.fullmatch(r"\d{1,18}", cell)]
    if not numbers or len(numbers) < min(2, len(first)):
        return None
    n_edges = numbers[1] if len(numbers) > 1 else None
    if len(first) == 1 or (len(first) > 2 and first[2].lower() in ("d", "u", "directed", "undirected")):
        return Sizes(numbers[0], n_edges, "the first line", sure=True)
    narrow = len(first) < min(len(row) for row in rows[1:])
    if narrow or (n_edges == n_below and _INTEGER.fullmatch(rows[1][0])):
        return Sizes(numbers[0], n_edges, "the first line", sure=True, like_an_edge=True, narrow=narrow)
    return None


def _sizes_in_comments(comments: list[str], file: str) -> list[Sizes]:
    """Sizes in comment lines: SNAP's "Nodes: n Edges: m", KONECT's "m n n", and "name n m ..."."""
    found = []
    for line in comments:
        nodes = re.search(r"nodes\W{1,3}(\d{1,18})\b", line, re.IGNORECASE)
        edges = re.search(r"edges\W{1,3}(\d{1,18})\b", line, re.IGNORECASE)
        if nodes:
            found.append(Sizes(int(nodes[1]), int(edges[1]) if edges else None, "a comment", sure=True))
            continue
        numbers = [int(word) for word in line.split() if re.fullmatch(r"\d{1,18}", word)]
        if line.startswith("%") and len(numbers) == 3:
            if re.match(r"%\s*bip\b", comments[0]) or numbers[1] != numbers[2]:
                raise InputError(
                    "is a bipartite KONECT graph, in which the same number means two different nodes; give the two "
                    "sides ids of their own (such as u1, i1) and read it again",
                    file=file,
                )
            found.append(Sizes(numbers[1], numbers[0], "a comment"))
        elif len(numbers) >= 2:
            found.append(Sizes(numbers[0], numbers[1], "a comment"))
    return found


def _notes_of_direction(
    comments: list[str], counts: list[str], names: Sequence[str], rows: list[list[str]], wanted: Wanted
) -> list[str]:
    """Where the file says that its edges have no direction: KONECT's "sym", a "u" behind the sizes, Gephi's "Type"."""
    if wanted.direction == "undirected":
        return []
    types = [k for k, name in enumerate(names) if name.casefold() == "type"]
    words = {row[types[0]].casefold() for row in rows if row[types[0]]} if types else set()
    if any(re.match(r"%\s*sym\b", line) for line in comments[:1]):
        said = "(sym)"
    elif len(counts) > 2 and counts[2].lower() in ("u", "undirected"):
        said = f"({counts[2]} in the first line)"
    elif words == {"undirected"}:
        said = f"({names[types[0]]} is Undirected)"
    else:
        return []
    return [f"the file says that it is undirected {said}: pass direction='undirected'"]
