"""Times as logs mostly write them, "2017-11-06 12:00:00.5" and the like, to microseconds since 1970 UTC.

Read are ``YYYY-MM-DD``, and after a blank or T ``HH:MM:SS`` with up to six digits of a fraction and with or without Z,
of real days and times. Whatever else stands there is left to others.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

_ZERO, _NINE, _DASH, _COLON, _POINT = (np.uint8(ord(sign)) for sign in "09-:.")
_BLANK, _T, _Z = (np.uint8(ord(sign)) for sign in " TZ")
_DATE, _SECOND = np.int64(10), np.int64(19)
_US = np.int64(1_000_000)


@kernel(inline=True)
def _number(text, start, n):
    """The number that the n digits from `start` spell; -1 where they are no digits."""
    value = np.int64(0)
    for k in range(n):
        digit = text[np.uint64(start + k)]
        if digit < _ZERO or digit > _NINE:
            return np.int64(-1)
        value = value * 10 + np.int64(digit - _ZERO)
    return value


@kernel(inline=True)
def _days_in(year, month):
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if month == 2:
        return np.int64(29) if leap else np.int64(28)
    return np.int64(30) if month == 4 or month == 6 or month == 9 or month == 11 else np.int64(31)


@kernel(inline=True)
def _days_since_1970(year, month, day):
    """Days in the Gregorian calendar (Hinnant's days_from_civil, for years from 1 on)."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@kernel(inline=True)
def _fraction(text, start, stop):
    """Microseconds of the digits of a fraction; -1 where there are none, more than six, or something else."""
    n = stop - start
    if n < 1 or n > 6:
        return np.int64(-1)
    value = _number(text, start, n)
    if value >= 0:
        for _ in range(6 - n):
            value *= 10
    return value


@kernel
def read_iso(text, starts, stops, is_utc, us, done):
    """Read the times ``text[starts[i]:stops[i]]`` into us[i], and set done[i], where they are as the module says.

    text uint8; starts, stops int64[n]; us int64[n] and done uint8[n], zero. Times without Z are read if `is_utc`.
    """
    for item in range(np.uint64(starts.size)):
        i = np.uint64(item)
        a, b = starts[i], stops[i]
        if b - a < _DATE or text[np.uint64(a + 4)] != _DASH or text[np.uint64(a + 7)] != _DASH:
            continue
        year, month, day = _number(text, a, 4), _number(text, a + 5, 2), _number(text, a + 8, 2)
        if year < 1 or month < 1 or month > 12 or day < 1 or day > _days_in(year, month):
            continue
        zoned = b - a > _SECOND and text[np.uint64(b - 1)] == _Z
        if not zoned and is_utc == 0:
            continue
        end = b - 1 if zoned else b
        time = np.int64(0)
        if end - a != _DATE:
            between = text[np.uint64(a + 10)]
            if end - a < _SECOND or (between != _BLANK and between != _T):
                continue
            if text[np.uint64(a + 13)] != _COLON or text[np.uint64(a + 16)] != _COLON:
                continue
            hour, minute, second = _number(text, a + 11, 2), _number(text, a + 14, 2), _number(text, a + 17, 2)
            fraction = np.int64(0)
            if end - a > _SECOND:
                fraction = _fraction(text, a + 20, end) if text[np.uint64(a + 19)] == _POINT else np.int64(-1)
            if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59 or fraction < 0:
                continue
            time = ((hour * 60 + minute) * 60 + second) * _US + fraction
        us[i] = _days_since_1970(year, month, day) * 86_400 * _US + time
        done[i] = np.uint8(1)
