"""Edge lists in text, read slowly: line by line, by regular expressions. Knows its dialect, recognises nothing."""

from __future__ import annotations

import math
import re

BLANKS = " \t\r"


def cut(line: str, delimiter: str, n_fields: int) -> tuple[list[str], str]:
    """The first `n_fields` cells of a line, and what is wrong with the quotes of the last one ("" if nothing is)."""
    blanks = BLANKS.replace(delimiter, "") if delimiter else BLANKS
    cells = []
    rest = line
    while len(cells) < n_fields:
        rest = rest.lstrip(blanks)
        if not delimiter and not rest and cells:
            break
        if rest.startswith('"'):
            closed = re.match(r'"((?:""|[^"])*)"(?!")', rest)
            if not closed:
                return cells, "unterminated quote"
            behind = rest[closed.end() :]
            after = behind.lstrip(blanks)
            if after and (after[0] != delimiter if delimiter else after == behind):
                return cells, "text after a quoted cell"
            cells.append(closed[1].replace('""', '"'))
            rest = after
        else:
            stop = rf"{re.escape(delimiter)}" if delimiter else rf"[{BLANKS}]"
            piece = re.split(stop, rest, maxsplit=1)[0]
            cells.append(piece.rstrip(BLANKS))
            rest = rest[len(piece) :]
        if delimiter:
            if not rest:
                break
            rest = rest[1:]
    return cells, ""


def read_edges(
    text: bytes,
    delimiter: str,
    source: int,
    target: int,
    weight: int | None = None,
    prefixes: tuple[str, ...] = ("#", "%", "//"),
    skip: int = 0,
):
    """Rows (source, target, weight) as strings and float, refused lines (number, reason), comments, blank lines."""
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    rows, refused, comments, blanks = [], [], 0, 0
    wanted = [source, target] + ([] if weight is None else [weight])
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, raw in enumerate(lines, start=1):
        line = raw.decode("utf-8", "surrogateescape")
        if number <= skip:
            continue
        bare = line.strip(BLANKS)
        if not bare:
            blanks += 1
            continue
        if any(bare.startswith(prefix) for prefix in prefixes):
            comments += 1
            continue
        cells, fault = cut(line, delimiter, max(wanted) + 1)
        empty = [k for k in sorted((source, target)) if k < len(cells) and cells[k] == ""]
        if empty:
            fault = "empty id"
        elif not fault and len(cells) <= max(wanted):
            fault = "missing field"
        if not fault and weight is not None:
            fault = judge_weight(cells[weight])
        if not fault and any(re.search("[\0\udc80-\udcff]", cells[k]) for k in (source, target)):
            fault = "invalid encoding"
        if not fault and any(lost_digits(cells[k]) for k in (source, target)):
            fault = "id lost digits in a float"
        if fault:
            refused.append((number, fault))
        else:
            rows.append((cells[source], cells[target], 1.0 if weight is None else float(cells[weight])))
    return rows, refused, comments, blanks


def lost_digits(cell: str) -> bool:
    """Whether an id is a number as spreadsheets shorten it: one digit, perhaps a fraction, e+ and a power."""
    mantissa, sign, power = cell.lower().partition("e+")
    whole, point, fraction = mantissa.replace(",", ".").partition(".")
    pieces = [whole, power, *([fraction] if point else [])]
    return bool(sign) and len(whole) == 1 and all(one.isascii() and one.isdigit() for one in pieces)


def judge_weight(cell: str) -> str:
    """Why a cell is no weight; "" if it is one."""
    if cell == "":
        return "missing value"
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else None
    except ValueError:
        value = None
    if value is None:
        return "not a number"
    return "" if math.isfinite(value) else "not finite"


def number(rows):
    """Ids in the order of their nodes: integers if all are canonical; by first appearance unless they have no gap."""
    known = list(dict.fromkeys(cell for row in rows for cell in row[:2]))
    if not all(re.fullmatch(r"0|-?[1-9]\d*", cell) and -(2**63) <= int(cell) < 2**63 for cell in known):
        return known
    ids = [int(cell) for cell in known]
    return sorted(ids) if sorted(ids) == list(range(len(ids))) else ids
