"""Delimited text: bytes to records and fields, without one stray quote swallowing the file.

Rules: a field that begins with the quote byte ends at the next single quote byte (two stand for one), which a
delimiter or line end must follow; it may hold delimiters and line ends. Such a field is *suspect*, and its first
physical line is cut anew without quotes and marked :data:`UNTERMINATED`, when it spans more than `max_lines` lines or
`max_bytes` bytes, when the text ends inside it, when it spans lines and something else follows its closing quote, or
when its record spans lines and has the wrong number of fields. On one line, a quote that closes before other text is
part of the text. So every line belongs to exactly one record, and a stray quote costs one record.

With `delimiter` 0, fields are separated by runs of spaces and tabs. Empty lines are no records.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

GOOD, TOO_FEW, TOO_MANY, UNTERMINATED = np.uint8(0), np.uint8(1), np.uint8(2), np.uint8(3)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_SPACE, _TAB, _CR = np.uint8(32), np.uint8(9), np.uint8(13)
_NOWHERE = np.uint64(0xFFFFFFFFFFFFFFFF)
_CUT_OFF = np.uint64(0xFFFFFFFFFFFFFFFE)


@kernel
def closing_quote(data, i, stop, quote, newline, max_lines, max_bytes):
    """From the byte after an opening quote: (place of the closing one, line ends passed, doubled quotes passed).

    The place is _NOWHERE if the field is suspect, _CUT_OFF if the data end before that is known.
    """
    lines, doubled = _ZERO, _ZERO
    first = i
    while i < stop:
        byte = data[i]
        if byte == quote:
            if i + _ONE < stop and data[i + _ONE] == quote:
                doubled += _ONE
                i += _ONE
            else:
                return i, lines, doubled
        elif byte == newline:
            lines += _ONE
        if lines >= max_lines or i - first >= max_bytes:
            return _NOWHERE, lines, doubled
        i += _ONE
    return _CUT_OFF, lines, doubled


@kernel
def at_field_end(data, i, stop, delimiter, newline):
    """Whether data[i] is a delimiter, a line end or the end of the data."""
    if i >= stop or data[i] == delimiter or data[i] == newline:
        return True
    return data[i] == _CR and (i + _ONE == stop or data[i + _ONE] == newline)


@kernel
def split_records(data, limits, final, slots, line, status, begins, ends, starts, stops, doubled, n_done):
    """Cut ``data[limits[7]:]`` into records.

    Parameters
    ----------
    data : uint8 array, read-only
        The text; its last record is only cut if it ends in a line end or `final` is 1.
    limits : uint64 array of 9, read-only
        delimiter, quote (0: none), newline, number of fields, max_lines, max_bytes, first line number, where to
        begin, and how many records there is room for.
    final : uint64
        1 if nothing follows `data`.
    slots : int64 array, read-only
        For each field of a record: the row of `starts`, `stops` and `doubled` that it goes to, or -1.
    line, status, begins, ends : int64, uint8, int64, int64 arrays of shape (room,)
        Filled: each record's first line number, GOOD or why not, and byte range.
    starts, stops : int64 arrays of shape (columns, room)
        Filled: byte range of each wanted field, without its quotes.
    doubled : uint8 array of shape (columns, room)
        Filled: 1 where two quotes stand for one.
    n_done : uint64 array of 4
        Filled: records, bytes used, line number that follows, blank lines.
    """
    delimiter, quote, newline = np.uint8(limits[0]), np.uint8(limits[1]), np.uint8(limits[2])
    n_fields, max_lines, max_bytes = limits[3], limits[4], limits[5]
    words = delimiter == np.uint8(0)
    stop = np.uint64(data.size)
    number, pos, room = limits[6], limits[7], limits[8]
    n, blank = _ZERO, _ZERO
    literal = False
    while pos < stop and n < room:
        i = pos
        field, crossed = _ZERO, _ZERO
        surplus, restart, cut_off = False, False, False
        while True:  # one field per turn
            if words:
                while i < stop and (data[i] == _SPACE or data[i] == _TAB):
                    i += _ONE
                if field > _ZERO and at_field_end(data, i, stop, newline, newline):
                    i += _ONE if i < stop and data[i] != newline else _ZERO  # over the CR before a line end
                    break
            first, last, twice = i, i, _ZERO
            closed = False
            if quote != np.uint8(0) and not literal and i < stop and data[i] == quote:
                close, passed, twice = closing_quote(data, i + _ONE, stop, quote, newline, max_lines, max_bytes)
                if close == _CUT_OFF and final == _ZERO:
                    cut_off = True
                    break
                if close >= _CUT_OFF:
                    restart = True
                    break
                if at_field_end(data, close + _ONE, stop, delimiter, newline):
                    first, last, closed = i + _ONE, close, True
                    crossed += passed
                    i = close + _ONE
                elif passed > _ZERO:
                    restart = True
                    break
            if not closed:
                twice = _ZERO
                if words:
                    while i < stop and data[i] != _SPACE and data[i] != _TAB and data[i] != newline:
                        i += _ONE
                else:
                    while i < stop and data[i] != delimiter and data[i] != newline:
                        i += _ONE
                last = i
                if last > first and data[last - _ONE] == _CR:
                    last -= _ONE if at_field_end(data, last - _ONE, stop, newline, newline) else _ZERO
            if field < n_fields:
                slot = slots[field]
                if slot >= 0:
                    starts[slot, n] = np.int64(first)
                    stops[slot, n] = np.int64(last)
                    doubled[slot, n] = np.uint8(1) if twice > _ZERO else np.uint8(0)
            elif last > first:
                surplus = True
            field += _ONE
            if i < stop and data[i] == _CR and newline != _CR and at_field_end(data, i, stop, newline, newline):
                i += _ONE
            if i >= stop or data[i] == newline:
                break
            if not words:
                i += _ONE  # over the delimiter
        if cut_off or (i >= stop and final == _ZERO and not restart):
            break
        wrong = field < n_fields or surplus
        if restart or (crossed > _ZERO and wrong):
            literal = True
            continue
        after = i + _ONE if i < stop else i
        end = i - _ONE if i > pos and data[i - _ONE] == _CR else i
        if field == _ONE and last == first and not closed:
            blank += _ONE
        else:
            line[n] = np.int64(number)
            begins[n], ends[n] = np.int64(pos), np.int64(end)
            if literal:
                status[n] = UNTERMINATED
            elif field < n_fields:
                status[n] = TOO_FEW
            else:
                status[n] = TOO_MANY if surplus else GOOD
            n += _ONE
        number += crossed + _ONE
        literal = False
        pos = after
    n_done[0], n_done[1], n_done[2], n_done[3] = n, pos, number, blank


@kernel
def copy_cells(data, starts, stops, doubled, quote, offsets, out):
    """Copy the byte ranges one after the other into `out`, two quotes as one where `doubled`; fill `offsets`."""
    n = np.uint64(starts.size)
    at = _ZERO
    for item in range(n):
        k = np.uint64(item)
        offsets[k] = np.int64(at)
        i, stop = np.uint64(starts[k]), np.uint64(stops[k])
        if doubled[k] == np.uint8(0):
            while i < stop:
                out[at] = data[i]
                at += _ONE
                i += _ONE
        else:
            while i < stop:
                out[at] = data[i]
                at += _ONE
                i += _ONE if data[i] != np.uint8(quote) else np.uint64(2)
    offsets[n] = np.int64(at)
