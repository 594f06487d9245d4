"""Text tables: lines to cells, cells to numbers. Text is a read-only uint8 array, a cell a byte range of it."""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_TEN = np.uint64(10)
_MINUS, _DIGIT_0, _DIGIT_9 = np.uint8(0x2D), np.uint8(0x30), np.uint8(0x39)
_LARGEST = np.uint64(0x7FFFFFFFFFFFFFFF)


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
                byte = text[i]
                if byte < _DIGIT_0 or byte > _DIGIT_9:
                    good = False
                    break
                value = value * _TEN + np.uint64(byte - _DIGIT_0)
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
