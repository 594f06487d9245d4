"""Text tables: lines to cells, cells to numbers. Text is a read-only uint8 array, a cell a byte range of it.

Lines end in LF. The scanner knows one dialect at a time: a delimiter (or runs of blanks), an optional quote, prefixes
of comment lines. A quoted cell ends on its line, so that one stray quote costs one line. CR before LF and blanks around
a cell are no part of it.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

MISSING_FIELD, EMPTY_ID, OPEN_QUOTE, AFTER_QUOTE = 1, 2, 3, 4
"""Why `split_lines` refuses a line."""
ROWS, REJECTS, LINES, COMMENTS, BLANKS, DOUBLED = 0, 1, 2, 3, 4, 5
"""What stands where in the counts of `split_lines`."""

_ZERO, _ONE, _TWO, _THREE = (np.uint64(k) for k in range(4))
_TEN = np.uint64(10)
_NO_ID = np.uint64(0xFFFFFFFF)
_NONE, _TAB, _LF, _CR, _SPACE = np.uint8(0), np.uint8(9), np.uint8(10), np.uint8(13), np.uint8(32)
_MINUS, _PLUS, _POINT, _E, _LOWER = np.uint8(0x2D), np.uint8(0x2B), np.uint8(0x2E), np.uint8(0x65), np.uint8(0x20)
_DIGIT_0, _DIGIT_9 = np.uint8(0x30), np.uint8(0x39)
_LARGEST = np.uint64(0x7FFFFFFFFFFFFFFF)
_EXACT = np.uint64(1 << 53)
_POWERS = np.array([float(10**k) for k in range(23)])
_TOP = np.uint8(0x80)


@kernel
def count_lines(text, start, stop):
    """How many lines text[start:stop] has; the last one need not end in LF."""
    i, end = np.uint64(start), np.uint64(stop)
    lines = _ZERO
    while i < end:
        lines += np.uint64(text[i] == _LF)
        i += _ONE
    if stop > start and text[end - _ONE] != _LF:
        lines += _ONE
    return lines


@kernel
def next_line(text, start):
    """Where the first line after position `start` begins (the size of the text if there is none)."""
    i, end = np.uint64(start), np.uint64(text.size)
    while i < end and text[i] != _LF:
        i += _ONE
    return min(i + _ONE, end)


@kernel(inline=True)
def _skip_blanks(text, i, end, delimiter):
    """The first byte at or after i that is no blank; the delimiter is none."""
    while i < end and (text[i] == _SPACE or text[i] == _TAB or text[i] == _CR) and text[i] != delimiter:
        i += _ONE
    return i


@kernel(inline=True)
def _is_comment(text, i, end, prefixes):
    """Whether one of the zero-padded `prefixes` stands at i."""
    for row in range(np.uint64(prefixes.shape[0])):
        k = np.uint64(row)
        j = _ZERO
        while j < np.uint64(prefixes.shape[1]) and prefixes[k, j] != _ZERO:
            if i + j >= end or text[i + j] != prefixes[k, j]:
                break
            j += _ONE
        if j == np.uint64(prefixes.shape[1]) or prefixes[k, j] == _ZERO:
            return True
    return False


@kernel
def split_lines(text, start, stop, delimiter, quote, prefixes, roles, starts, stops, lines, rejects, counts):
    """Cut the lines of text[start:stop] into cells.

    ``roles[f]`` is the row of `starts` and `stops` that takes the cell of field f, or -1; roles 0 and 1 are the ids and
    must not be empty. `delimiter` 0 means runs of blanks, `quote` 0 none. Row r of the answer is ``starts[:, r]``,
    ``stops[:, r]`` and its line ``lines[r]`` (from 0); a stop is complemented (~) where the cell holds doubled quotes.
    ``rejects[:, j]`` is line, role, reason, begin and end of the bytes to show. All have room for every line.
    """
    i, end = np.uint64(start), np.uint64(stop)
    n_fields = np.uint64(roles.size)
    n_roles = np.uint64(starts.shape[0])
    rows = refused = line = comments = blanks = doubled = _ZERO
    while i < end:
        begin = i
        i = _skip_blanks(text, i, end, _NONE)
        if i >= end or text[i] == _LF:
            blanks += _ONE
        elif _is_comment(text, i, end, prefixes):
            comments += _ONE
        else:
            i = begin
            reason = 0
            field = filled = _ZERO
            while True:
                i = _skip_blanks(text, i, end, delimiter)
                twice = False
                if i < end and text[i] == quote and quote != _ZERO:
                    i += _ONE
                    a = i
                    while i < end and text[i] != _LF:
                        if text[i] == quote:
                            if i + _ONE >= end or text[i + _ONE] != quote:
                                break
                            twice = True
                            i += _ONE
                        i += _ONE
                    if i >= end or text[i] == _LF:
                        reason = OPEN_QUOTE
                        break
                    b = i
                    after = i + _ONE
                    i = _skip_blanks(text, after, end, delimiter)
                    glued = delimiter != _ZERO or i == after
                    parted = delimiter != _ZERO and i < end and text[i] == delimiter
                    if i < end and text[i] != _LF and glued and not parted:
                        reason = AFTER_QUOTE
                        break
                else:
                    a = i
                    if delimiter == _ZERO:
                        while i < end and text[i] > _SPACE:
                            i += _ONE
                        while i < end and text[i] != _SPACE and text[i] != _TAB and text[i] != _CR and text[i] != _LF:
                            i += _ONE
                            while i < end and text[i] > _SPACE:
                                i += _ONE
                        b = i
                    else:
                        while i < end and text[i] != delimiter and text[i] != _LF:
                            i += _ONE
                        b = i
                        while b > a and (text[b - _ONE] == _SPACE or text[b - _ONE] == _CR or text[b - _ONE] == _TAB):
                            b -= _ONE
                if field < n_fields and roles[field] >= 0:
                    role = np.uint64(roles[field])
                    if a == b and role < _TWO:
                        reason = EMPTY_ID
                        break
                    starts[role, rows] = np.int64(a)
                    stops[role, rows] = ~np.int64(b) if twice else np.int64(b)
                    doubled += np.uint64(twice)
                    filled += _ONE
                field += _ONE
                if delimiter == _ZERO:
                    i = _skip_blanks(text, i, end, delimiter)
                    if i >= end or text[i] == _LF:
                        break
                else:
                    if i >= end or text[i] == _LF:
                        break
                    i += _ONE
                if field >= n_fields:
                    break
            if reason == 0 and filled < n_roles:
                reason = MISSING_FIELD
            if reason == 0:
                lines[rows] = np.int64(line)
                rows += _ONE
            else:
                while i < end and text[i] != _LF:
                    i += _ONE
                while field < n_fields and roles[field] < 0:
                    field += _ONE
                rejects[0, refused] = np.int64(line)
                rejects[1, refused] = np.int64(roles[field]) if field < n_fields else np.int64(-1)
                rejects[2, refused] = np.int64(reason)
                rejects[3, refused] = np.int64(begin)
                rejects[4, refused] = np.int64(i)
                refused += _ONE
        while i < end and text[i] != _LF:
            i += _ONE
        i += _ONE
        line += _ONE
    counts[ROWS], counts[REJECTS], counts[LINES] = rows, refused, line
    counts[COMMENTS], counts[BLANKS], counts[DOUBLED] = comments, blanks, doubled


@kernel
def parse_ints(text, starts, stops, values, bad):
    """Cells that are int64 values in their one canonical spelling; `bad[i]` is 1 for every other cell.

    Canonical: "0", or an optional minus and digits that do not begin with 0, within int64. So "007", "+7", "7.0" and
    "-0" are not integers but names. Returns how many cells are bad.
    """
    n = np.uint64(starts.size)
    failures = _ZERO
    for item in range(n):
        k = np.uint64(item)
        i, stop = np.uint64(starts[k]), np.uint64(stops[k])
        negative = i < stop and text[i] == _MINUS
        if negative:
            i += _ONE
        digits = stop - i
        leading_zero = i < stop and text[i] == _DIGIT_0 and (digits > _ONE or negative)
        good = i < stop and digits <= np.uint64(19) and not leading_zero
        value = _ZERO
        if good:
            while i < stop:
                digit = text[i] - _DIGIT_0
                if digit > _DIGIT_9 - _DIGIT_0:  # an unsigned difference is large for bytes below "0" too
                    good = False
                    break
                value = value * _TEN + np.uint64(digit)
                i += _ONE
        if value > _LARGEST:
            good = good and negative and value == _LARGEST + _ONE
        if good:
            values[k] = np.int64(_ZERO - value) if negative else np.int64(value)
            bad[k] = np.uint8(0)
        else:
            values[k] = np.int64(0)
            bad[k] = np.uint8(1)
            failures += _ONE
    return failures


@kernel
def parse_pairs(text, start, stop, delimiter, u, v):
    """Lines of two canonical integers in [0, 2**32 - 1) and nothing else, as most edge lists are: u, v uint32.

    One pass instead of cutting cells first. Returns how many lines, or -1 at the first line of any other form: then
    `split_lines` has to look. `delimiter` 0 means runs of blanks. The arrays have room for a line per four bytes.
    """
    i, end = np.uint64(start), np.uint64(stop)
    rows = _ZERO
    while i < end:
        x = y = _ZERO
        a = i
        while i < end:
            digit = text[i] - _DIGIT_0
            if digit > _DIGIT_9 - _DIGIT_0:
                break
            x = x * _TEN + np.uint64(digit)
            i += _ONE
        if i == a or i - a > _TEN or x >= _NO_ID or (text[a] == _DIGIT_0 and i - a > _ONE):
            return np.int64(-1)
        b = i
        if delimiter == _NONE:
            while i < end and (text[i] == _SPACE or text[i] == _TAB):
                i += _ONE
        elif i < end and text[i] == delimiter:
            i += _ONE
        a = i
        while i < end:
            digit = text[i] - _DIGIT_0
            if digit > _DIGIT_9 - _DIGIT_0:
                break
            y = y * _TEN + np.uint64(digit)
            i += _ONE
        if a == b or i == a or i - a > _TEN or y >= _NO_ID or (text[a] == _DIGIT_0 and i - a > _ONE):
            return np.int64(-1)
        if i < end and text[i] == _CR:
            i += _ONE
        if i < end and text[i] != _LF:
            return np.int64(-1)
        i += _ONE
        u[rows] = np.uint32(x)
        v[rows] = np.uint32(y)
        rows += _ONE
    return np.int64(rows)


@kernel
def parse_floats(text, starts, stops, values, bad):
    """Cells as float64 where that is exact: digits below 2**53, times or over a power of ten up to 10**22.

    Then the one operation rounds correctly (Clinger, How to read floating point numbers accurately, PLDI 1990).
    `bad[i]` is 1 for every other cell, which is for somebody slower to judge. Returns how many those are.
    """
    n = np.uint64(starts.size)
    failures = _ZERO
    for item in range(n):
        k = np.uint64(item)
        i, stop = np.uint64(starts[k]), np.uint64(stops[k])
        negative = i < stop and text[i] == _MINUS
        if negative or (i < stop and text[i] == _PLUS):
            i += _ONE
        digits = _ZERO
        mantissa = _ZERO
        exponent = np.int64(0)
        point = False
        good = stop - i <= np.uint64(40)
        while good and i < stop:
            byte = text[i]
            if _DIGIT_0 <= byte <= _DIGIT_9:
                mantissa = mantissa * _TEN + np.uint64(byte - _DIGIT_0)
                digits += _ONE
                good = mantissa <= _EXACT
                if point:
                    exponent -= np.int64(1)
            elif byte == _POINT and not point:
                point = True
            else:
                break
            i += _ONE
        good = good and digits > _ZERO
        if good and i < stop:
            good = text[i] | _LOWER == _E
            i += _ONE
            down = i < stop and text[i] == _MINUS
            if down or (i < stop and text[i] == _PLUS):
                i += _ONE
            good = good and _ZERO < stop - i <= _THREE
            power = np.int64(0)
            while good and i < stop:
                good = _DIGIT_0 <= text[i] <= _DIGIT_9
                power = power * np.int64(10) + np.int64(text[i]) - np.int64(_DIGIT_0)
                i += _ONE
            exponent += -power if down else power
        good = good and np.int64(-22) <= exponent <= np.int64(22)
        value = np.float64(0.0)
        if good:
            value = np.float64(mantissa)
            if exponent < 0:
                value = value / _POWERS[np.uint64(-exponent)]
            else:
                value = value * _POWERS[np.uint64(exponent)]
        values[k] = -value if negative else value
        bad[k] = np.uint8(0) if good else np.uint8(1)
        failures += np.uint64(not good)
    return failures


@kernel
def find_invalid_utf8(text, starts, stops, bad):
    """Set `bad[i]` where cell i is no valid UTF-8 (Unicode 15, table 3-7) or holds a zero; returns how many do."""
    n = np.uint64(starts.size)
    failures = _ZERO
    for item in range(n):
        k = np.uint64(item)
        i, stop = np.uint64(starts[k]), np.uint64(stops[k])
        good = True
        while good and i < stop:
            byte = text[i]
            i += _ONE
            if byte < _TOP:
                good = byte != _NONE
                continue
            low, high = np.uint8(0x80), np.uint8(0xBF)
            more = _ZERO
            if np.uint8(0xC2) <= byte <= np.uint8(0xDF):
                more = _ONE
            elif np.uint8(0xE0) <= byte <= np.uint8(0xEF):
                more = _TWO
                low = np.uint8(0xA0) if byte == np.uint8(0xE0) else low
                high = np.uint8(0x9F) if byte == np.uint8(0xED) else high
            elif np.uint8(0xF0) <= byte <= np.uint8(0xF4):
                more = _THREE
                low = np.uint8(0x90) if byte == np.uint8(0xF0) else low
                high = np.uint8(0x8F) if byte == np.uint8(0xF4) else high
            good = more > _ZERO and i + more <= stop and low <= text[i] <= high
            if good:
                i += _ONE
                while more > _ONE:
                    good = good and text[i] & np.uint8(0xC0) == _TOP
                    i += _ONE
                    more -= _ONE
        bad[k] = np.uint8(0) if good else np.uint8(1)
        failures += np.uint64(not good)
    return failures
