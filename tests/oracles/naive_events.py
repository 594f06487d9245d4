"""Slow and obvious versions of how events are read: plain Python, one character or one row at a time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation


def records(text, delimiter, n_fields, max_lines=50, max_bytes=1 << 16):
    """(first line, status, fields) of each record; fields is None unless the status is "good"."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    found, k = [], 0
    while k < len(lines):
        fields, taken = _legal(lines, k, delimiter, max_lines, max_bytes)
        if fields is None or (taken > 1 and not _fits(fields, n_fields)):
            found.append((k + 1, "unterminated", None))
            k += 1
            continue
        if not (len(fields) == 1 and fields[0] == "" and lines[k].rstrip("\r") == ""):
            if len(fields) < n_fields:
                found.append((k + 1, "too few", None))
            elif not _fits(fields, n_fields):
                found.append((k + 1, "too many", None))
            else:
                found.append((k + 1, "good", fields[:n_fields]))
        k += taken
    return found


def _fits(fields, n_fields):
    return len(fields) >= n_fields and not any(fields[n_fields:])


def _legal(lines, k, delimiter, max_lines, max_bytes):
    """The fields of the record that begins on line k and how many lines it takes; None where a quote is suspect."""
    rest = "\n".join(lines[k : k + max_lines + 1])
    at_end = k + max_lines + 1 >= len(lines)
    fields, i = [], 0
    while True:
        field, i, fine = _field(rest, i, delimiter, max_lines, max_bytes, at_end)
        if not fine:
            return None, 0
        fields.append(field)
        if i >= len(rest) or rest[i] == "\n":
            return fields, rest[:i].count("\n") + 1
        i += 1


def _field(text, i, delimiter, max_lines, max_bytes, at_end):
    if text[i : i + 1] == '"':
        close = _close(text, i + 1)
        inside = text[i + 1 : close]
        if close is None or inside.count("\n") >= max_lines or len(inside.encode()) > max_bytes:
            return "", 0, False
        after = text[close + 1 :]
        if after == "" or after[0] in (delimiter, "\n") or after == "\r" or after[:2] == "\r\n":
            ends = close + 1 + (1 if after[:1] == "\r" else 0)
            return inside.replace('""', '"'), ends, True
        if "\n" in inside:
            return "", 0, False
    stop = i
    while stop < len(text) and text[stop] not in (delimiter, "\n"):
        stop += 1
    field = text[i:stop]
    if field.endswith("\r") and (stop == len(text) or text[stop] == "\n"):
        field = field[:-1]
    return field, stop, True


def _close(text, i):
    while i < len(text):
        if text[i] == '"':
            if text[i + 1 : i + 2] != '"':
                return i
            i += 1
        i += 1
    return None


def microseconds(text, day_first=True, offset_hours=0):
    """A time as microseconds since 1970 UTC, None where it is none; times without zone are `offset_hours` ahead."""
    text = text.strip()
    try:
        number = Decimal(text)
        size = abs(number)
        scale = 10**6 if size < 10**11 else 1000 if size < 10**14 else 1 if size < 10**17 else Decimal("0.001")
        return int(number * scale)
    except InvalidOperation:
        pass
    patterns = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f"]
    for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p"):
        for year in ("%Y", "%y"):
            patterns.append(("%d/%m/" if day_first else "%m/%d/") + year + clock)
    for pattern in patterns:
        try:
            time = dt.datetime.strptime(text, pattern)
        except ValueError:
            continue
        if time.tzinfo is None:
            time = time.replace(tzinfo=dt.timezone(dt.timedelta(hours=offset_hours)))
        return (time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    return None


def repeats(rows):
    """Whether each row has been seen before."""
    seen, answer = set(), []
    for row in rows:
        answer.append(row in seen)
        seen.add(row)
    return answer


def first_appearance(*columns):
    """Values in the order in which they first occur, row by row."""
    order = []
    for row in zip(*columns, strict=True):
        for value in row:
            if value is not None and value not in order:
                order.append(value)
    return order
