"""Accounts that a command line or a small file names, and what such a file says of each: cost, value, group, kind.

Accounts are named by ids split at commas, or by a file: a .csv with a column `account` (or one column), or any other
text with one id a line. What is known per account comes from a .csv of two columns, or of more, where a first row names
them. Cells are set apart by commas, semicolons or tabs, whichever fits; a first line `sep=;` decides. The encoding is
found as that of graphs and events is. Every line is used, or refused by its number.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError, UnknownAccountError
from swayrank.ids import ABSENT, Ids
from swayrank.sources.amounts import AmountError, read_amounts
from swayrank.sources.streams import detect_encoding, text_blocks

_LISTS = (".csv", ".txt")
_LONGEST_NAME = 24
_STRANGERS_TOLD = 20
_BETWEEN = ("\t", ";", ",")

Rows = list[tuple[int, list[str]]]


def account_list(text: str, option: str, ids: Ids | None = None) -> list[str]:
    """Accounts from ids split at commas, or from a file; with `ids`, all of them must be there.

    Examples
    --------
    >>> account_list("ada, bob", "--must")
    ['ada', 'bob']
    """
    path = Path(text)
    if _is_file(path):
        found = _ids_of_file(path)
        if not found:
            raise InputError("names no account", file=text)
        if ids is not None:
            lines, named = [line for line, _ in found], ids.meant([account for _, account in found])
            _check_there(ids, named, lines, text)
            return named
        return [account for _, account in found]
    accounts = [piece.strip() for piece in text.split(",")]
    if path.suffix in _LISTS and len(accounts) == 1 and (ids is None or text not in ids):
        raise InputError(f"there is no such file (for {option})", file=text)
    if not all(accounts):
        raise ParameterError(f"{option} must be ids split at commas, or a file, got {text!r}")
    if ids is not None:
        accounts = ids.meant(accounts)
        try:
            ids.positions(accounts)
        except UnknownAccountError as wrong:
            if len(accounts) == 1:
                raise
            told = f"{wrong}; {option} is split at commas: names that hold one go into a file, one a line"
            raise UnknownAccountError(told) from None
    return accounts


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a list of ids can be longer than a name of a file may be
        return False


def read_plans(seeds: Sequence[str], files: Sequence[str], ids: Ids | None = None) -> dict[str, list[str]]:
    """Seed sets by name: each ``name=ada,bob`` or ``ada,bob``; a file without a name is called as it is.

    Examples
    --------
    >>> read_plans(["loud=ada,bob", "cem"], [])
    {'loud': ['ada', 'bob'], 'cem': ['cem']}
    """
    plans: dict[str, list[str]] = {}
    given = [("--seeds", text) for text in seeds] + [("--seeds-file", text) for text in files]
    for number, (option, text) in enumerate(given, 1):
        name, equal, rest = text.partition("=")
        if not equal or _is_file(Path(text)):
            name, rest = "", text
        if option == "--seeds-file" and not _is_file(Path(rest)):
            raise InputError("there is no such file", file=rest)
        accounts = account_list(rest, option, ids)
        usual = Path(rest).stem if _is_file(Path(rest)) else rest
        name = name.strip() or (usual if len(usual) <= _LONGEST_NAME else f"plan {number}")
        if name in plans:
            raise ParameterError(f"{option} names a plan {name!r} twice: give each a name of its own, as name=ada,bob")
        plans[name] = accounts
    return plans


def _ids_of_file(file: Path) -> list[tuple[int, str]]:
    """Accounts and their lines: of a .csv by its column, else one a line."""
    text = _text_of(file)
    if file.suffix != ".csv":
        return [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    rows, at, width = _table(file, text, lambda heading: "account" in heading, ","), 0, 1
    if rows and "account" in (heading := [cell.casefold() for cell in rows[0][1]]):
        at, width = heading.index("account"), len(heading)
        del rows[0]
    for line, row in rows:
        if len(row) != width or not row[at]:
            told = printable(",".join(row))
            raise InputError(
                f"rows must hold one id, or a first row name the column account; got {told!r}",
                file=str(file),
                line=line,
            )
    return [(line, row[at]) for line, row in rows]


def read_numbers(file: Path, what: str, ids: Ids) -> dict[str, float]:
    """A number >= 0 for some accounts, from a .csv of account and `what`; read as :func:`read_amounts` does."""
    found = _pairs_of(file, what, ids)
    try:
        numbers = read_amounts([text for _, _, text in found])
    except AmountError as wrong:
        raise InputError(str(wrong), file=str(file), line=found[wrong.at][0], column=what) from None
    return {account: number for (_, account, _), number in zip(found, numbers, strict=True)}


def read_labels(file: Path, what: str, ids: Ids) -> dict[str, str]:
    """A label for some accounts, from a .csv of account and `what`."""
    return {account: text for _, account, text in _pairs_of(file, what, ids)}


def read_kinds(file: Path) -> dict[str, str]:
    """Who is a brand and who a person: a .csv of account and kind, with or without a first row that names them."""
    kinds: dict[str, str] = {}
    for line, account, kind in _two_columns(file, "kind"):
        if kinds.setdefault(account, kind) != kind:
            told = printable(f"{account},{kind}")
            raise InputError(
                f"rows must be account,kind with one kind per account, got {told!r}", file=str(file), line=line
            )
    return kinds


def _pairs_of(file: Path, what: str, ids: Ids) -> list[tuple[int, str, str]]:
    """Line, account and cell, each account once and known; rows whose cell is empty say nothing."""
    rows = _two_columns(file, what)
    names = ids.meant([account for _, account, _ in rows])
    found = [(line, name, cell) for name, (line, _, cell) in zip(names, rows, strict=True)]
    first: dict[str, int] = {}
    for line, one, _ in found:
        if first.setdefault(one, line) != line:
            raise InputError(f"{one!r} stands on line {first[one]} already", file=str(file), line=line)
    _check_there(ids, list(first), list(first.values()), str(file))
    return found


def _two_columns(file: Path, what: str) -> list[tuple[int, str, str]]:
    """Line, account and cell of the rows where the cell is not empty."""
    rows = _table(file, _text_of(file), lambda heading: {"account", what} <= set(heading), None)
    account, cell, width = 0, 1, 2
    if rows:
        heading = [one.casefold() for one in rows[0][1]]
        if "account" in heading and what in heading:
            account, cell, width = heading.index("account"), heading.index(what), len(heading)
            del rows[0]
    for line, row in rows:
        if len(row) != width:
            told = printable(",".join(row))
            raise InputError(
                f"rows must be account,{what}, or a first row name these among others; got {told!r}",
                file=str(file),
                line=line,
            )
    return [(line, row[account], row[cell]) for line, row in rows if row[cell]]


def _check_there(ids: Ids, accounts: list[str], lines: list[int], file: str) -> None:
    """Raise where some are nobody's: all of them are told with their lines, as far as they are few."""
    at = ids.positions(accounts, missing="sentinel").tolist() if accounts else []
    absent = [(line, one) for one, line, place in zip(accounts, lines, at, strict=True) if place == ABSENT]
    if len(absent) == 1:
        line, account = absent[0]
        told = f"no account of the graph has the id {printable(account)!r}{ids.hint(account)}"
        raise InputError(told, file=file, line=line)
    if absent:
        told = ", ".join(f"{printable(account)!r} (line {line})" for line, account in absent[:_STRANGERS_TOLD])
        more = len(absent) - _STRANGERS_TOLD
        rest = f" and {more:,} more" if more > 0 else ""
        hint = ids.hint(absent[0][1]) if ids.kind == "string" else ""
        rest += hint.replace("did you mean", f"by {printable(absent[0][1])!r}, did you mean")
        raise InputError(f"no account of the graph has any of these {len(absent):,} ids: {told}{rest}", file=file)


# -- tables ------------------------------------------------------------------------------------------------------------


def _text_of(file: Path) -> str:
    try:
        text = b"".join(text_blocks(file, detect_encoding(file))).decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise InputError(f"is no UTF-8 text: {wrong.reason}", file=str(file)) from None
    return text.removeprefix("\ufeff")


def _table(file: Path, text: str, is_head: Callable[[list[str]], bool], else_comma: str | None) -> Rows:
    """The rows of a .csv that hold anything, and the line that each ends on.

    Cells are set apart by what `sep=` says; by what makes the first row a head; by `else_comma`; by what makes all rows
    as wide as two cells.
    """
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):
        return [(line, row) for line, row in _rows(file, text, text[4]) if line > 1]
    first = text.lstrip("\r\n").split("\n", 1)[0].splitlines()
    for comma in _BETWEEN:
        if first and is_head([cell.strip().casefold() for cell in next(csv.reader(first, delimiter=comma), [])]):
            return _rows(file, text, comma)
    if else_comma is None:
        for comma in _BETWEEN[:-1]:
            with contextlib.suppress(InputError):
                rows = _rows(file, text, comma)
                if rows and all(len(row) == 2 for _, row in rows):
                    return rows
    return _rows(file, text, else_comma or ",")


def _rows(file: Path, text: str, comma: str) -> Rows:
    line = 0
    try:
        reader, rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=comma), []
        for row in reader:
            line = reader.line_num
            if any(cell.strip() for cell in row):
                rows.append((line, [cell.strip() for cell in row]))
        return rows
    except csv.Error as wrong:
        raise InputError(f"is no CSV: {wrong}", file=str(file), line=line + 1) from None
