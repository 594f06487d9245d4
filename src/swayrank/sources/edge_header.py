"""Is the first line of an edge list in text a header, or the first edge? A wrong answer costs an arc, or makes one.

In this order:

- A column that the caller names there makes a header; a number or a date makes an edge.
- Full words of both ends ("source", "target"; "follower", "followed"), or three known fields of a log of events, are a
  header.
- A word above a column of numbers or dates is a header; unless that is no end, and the line's own words come again as
  ids.
- Doubtful words ("u", "v", "user1", "user2", one end's word alone, two fields of a log) are a header if nothing below
  is one of them or of their kind: one letter below "u", "user7" below "user1".
- Everything else is an edge.

Where only words had to decide, the answer is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from swayrank._text import printable
from swayrank.sources.edge_columns import Wanted, event_fields, is_full_word, role_of_name

NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_FEW, _MANY = 3, 10
_FEATURES: tuple[Callable[[str], bool], ...] = (
    lambda word: any(map(str.isdigit, word)),
    lambda word: word[:1].isupper(),
    lambda word: "@" in word,
    lambda word: "_" in word or "." in word,
    lambda word: " " in word,
)
_SERIAL = re.compile(r"(id|node|user|person|account)[ _-]?(?:id)?[ _-]?(?:\d+|[a-z])")


def judge_header(rows: Sequence[Sequence[str]], wanted: Wanted) -> tuple[bool, str]:
    """Whether the first of these rows of cells is a header, and what is to be told about that ("" for nothing).

    Examples
    --------
    >>> judge_header([["follower", "followed"], ["ada", "bob"]], Wanted())
    (True, '')
    >>> judge_header([["u", "v"], ["ada", "bob"]], Wanted())
    (True, "the first line ('u', 'v') was taken as a header, by its words (--no-header if it is an edge)")
    >>> judge_header([["u", "v"], ["v", "w"]], Wanted())
    (False, "the first line ('u', 'v') was taken as an edge (--header if it is a header)")
    """
    first, below = rows[0], rows[1:]
    named = (wanted.source, wanted.target, wanted.weight, *wanted.columns.values())
    if any(isinstance(name, str) and name in first for name in named):
        return True, ""
    if any(NUMBER.fullmatch(cell) or DATE.fullmatch(cell) for cell in first):
        return False, ""
    shown = ", ".join(repr(printable(cell, 30)) for cell in first[:4])
    fields = event_fields(first)
    if _names_both_ends(first) or len(fields) >= 3:
        return True, ""
    ids = {cell.casefold() for row in below for cell in row[:2]}
    again = any(cell.casefold() in ids for cell in first[:2])
    of_other_kind = [k for k in range(len(first)) if first[k] and below and _all_values(below, k)]
    if any(k < 2 or not again or role_of_name(first[k]) for k in of_other_kind):
        return True, ""
    if _speaks_of_ends(first) or len(fields) == 2:
        alike = not below or bool({_kind_of_word(cell) for cell in first[:2]} & {_kind_of_word(cell) for cell in ids})
        if not again and (not alike or (not below and len(fields) == 2)):
            return (
                True,
                f"the first line ({shown}) was taken as a header, by its words (--no-header if it is an edge)",
            )
    return False, f"the first line ({shown}) was taken as an edge (--header if it is a header)"


def doubt_edge(rows: Sequence[Sequence[str]], ends: tuple[int, int]) -> str:
    """A note that the first row, taken as an edge, may be a header after all; "" where nothing speaks for that.

    Its words must come nowhere else, and be unlike all others in a column (without the digits, capitals, signs or
    blanks that those have or lack), or stand above values that all repeat.

    >>> doubt_edge([["Kunde", "Mag"], ["k1", "k2"], ["k2", "k3"], ["k3", "k1"]], (0, 1))
    "the first row 'Kunde, Mag' was read as an arc; if it is a header, say --header (header=True in Python)"
    >>> doubt_edge([["k9", "k8"], ["k1", "k2"], ["k2", "k3"], ["k3", "k1"]], (0, 1))
    ''
    """
    first, below = rows[0], [row for row in rows[1:] if len(row) > max(ends)]
    if len(first) <= max(ends) or len(below) < _FEW:
        return ""
    columns = [Counter(row[k].casefold() for row in below) for k in ends]
    if any(NUMBER.fullmatch(first[k]) or any(first[k].casefold() in one for one in columns) for k in ends):
        return ""
    unlike = any(
        all(has(row[k]) is not has(first[k]) for row in below) for k in ends for has in _FEATURES if first[k] != ""
    )
    repeats = len(below) >= _MANY and any(min(one.values()) > 1 for one in columns)
    if not unlike and not repeats:
        return ""
    shown = printable(", ".join(first[:4]), 80)
    return f"the first row {shown!r} was read as an arc; if it is a header, say --header (header=True in Python)"


def _names_both_ends(first: Sequence[str]) -> bool:
    roles = {role_of_name(cell) for cell in first if is_full_word(cell)}
    return {"source", "target"} <= roles or {"follower", "followed"} <= roles


def _speaks_of_ends(first: Sequence[str]) -> bool:
    roles = {role_of_name(cell) for cell in first}
    return {"source", "target"} <= roles or bool({"follower", "followed"} & roles)


def _all_values(rows: Sequence[Sequence[str]], k: int) -> bool:
    """Whether a column holds nothing but numbers, or nothing but dates."""
    return any(all(len(row) > k and form.fullmatch(row[k]) is not None for row in rows) for form in (NUMBER, DATE))


def _kind_of_word(word: str) -> str:
    """The same for all single letters, and for all serial names of a kind ("user1", "user2"); else the word."""
    word = word.casefold()
    serial = _SERIAL.fullmatch(word)
    return "a letter" if len(word) == 1 else f"serial {serial[1]}" if serial else word
