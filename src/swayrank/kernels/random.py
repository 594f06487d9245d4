"""Random streams, one per work item: who works on item i, and when, cannot change what item i draws (D4).

A stream is the 64-bit state of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
OOPSLA 2014), whose start is hashed from a 128-bit key, a purpose and the item's number. Two streams that meet would
share their numbers; among N streams of length L that happens to any pair with a probability below N^2 L / 2^63.

Use::

    state = stream(key_high, key_low, RR, item)
    state = advance(state)
    r = bits(state)              # 64 fresh bits: then unit(r), below(r, n), geometric(r, inv_log) ...

The logarithm is our own (the algorithm of Sun's fdlibm, below 1 ulp), so that geometric jumps are the same bits on
every machine, with the JIT on or off; libm's differ between builds. :func:`quick_log` trades its last bits for speed
where only a jump's length hangs on it.

Draws that belong to an account within a work item start from :func:`substream`, so that they do not depend on the order
in which accounts are visited.
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import bits_float, float_bits, kernel

ROOT, CASCADE, RR, GENERATE, TOWN, TRIVALENCY, BOOTSTRAP, TIES = 1, 2, 3, 4, 5, 6, 7, 8
SEEDS_AT_RANDOM, SIR, SIS, RIVALS, SELECT, CHECK, PILOT, ORACLE = 11, 12, 13, 14, 21, 22, 23, 24
PAIRS, SOURCES, REGISTERS = 31, 32, 33
JUDGED = 41
PARTS = 61
ASSIGN, PERMUTE, RESAMPLE = 71, 72, 73
REWEIGHED, PLACEBO_POSTS, PLACEBO_ACCOUNTS, REACHED = 81, 82, 83, 84
LAYOUT = 91
"""Purposes: a stream of one never meets the same item's stream of another. Use ``purpose * 1000 + part`` for parts."""

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_ITEM = np.uint64(0xD1342543DE82EF95)
_PURPOSE = np.uint64(0xA0761D6478BD642F)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S32, _S52 = (np.uint64(k) for k in (30, 27, 31, 11, 32, 52))
_ONE = np.uint64(1)
_LOW32 = np.uint64(0xFFFFFFFF)
_TO_UNIT = np.float64(2.0**-53)

_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_EXPONENT_OF_ONE = np.uint64(0x3FF0000000000000)
_SQRT2_MANTISSA = np.uint64(0x6A09E667F3BCD)
_BIAS = np.int64(1023)
_LN2_HI = np.float64(6.93147180369123816490e-01)
_LN2_LO = np.float64(1.90821492927058770002e-10)
_L1 = np.float64(6.666666666666735130e-01)
_L2 = np.float64(3.999999999940941908e-01)
_L3 = np.float64(2.857142874366239149e-01)
_L4 = np.float64(2.222219843214978396e-01)
_L5 = np.float64(1.818357216161805012e-01)
_L6 = np.float64(1.531383769920937332e-01)
_L7 = np.float64(1.479819860511658591e-01)
_NODE = np.uint64(0xF1357AEA2E62A9C5)

_CELLS = 128
_S45 = np.uint64(45)
_CELL = np.uint64(_CELLS - 1)
_LN2 = np.float64(np.log(2.0))
_TWO = np.uint64(2)


def _log_table() -> np.ndarray:
    """1/c and log c for the middle c of each of 128 cells of [1, 2), side by side: 2 KiB, always near."""
    inverse = 1.0 / (1.0 + (np.arange(_CELLS) + 0.5) / _CELLS)
    table = np.stack([inverse, [-math.log(x) for x in inverse.tolist()]], axis=1).ravel()
    table.flags.writeable = False
    return table


_LOG_TABLE = _log_table()
_FAR = np.float64(2.0**62)
_FAR_SKIP = np.uint64(2**62)


@kernel
def bits(state):
    """64 random bits of a stream's present state."""
    z = (state ^ (state >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@kernel
def advance(state):
    """The stream's next state."""
    return state + _GAMMA


@kernel
def stream(key_high, key_low, purpose, item):
    """The state at which the stream of `item` for `purpose` starts; advance it before the first draw."""
    z = bits(key_low + np.uint64(purpose) * _PURPOSE)
    z = bits((z ^ key_high) + np.uint64(item) * _ITEM)
    return bits(z + key_low)


@kernel
def unit(r):
    """A float64 in [0, 1) with 53 random bits."""
    return np.float64(r >> _S11) * _TO_UNIT


@kernel
def unit_open(r):
    """A float64 in (0, 1] with 53 random bits: safe to take the logarithm of."""
    return np.float64((r >> _S11) + _ONE) * _TO_UNIT


@kernel
def below(r, n):
    """A uint64 in [0, n) for n < 2**32: floor(r * n / 2**64), biased by less than n / 2**64."""
    return ((r >> _S32) * n + (((r & _LOW32) * n) >> _S32)) >> _S32


@kernel
def log_unit(r):
    """log(unit_open(r)), at most 0.

    With x = 2^k (1 + f), sqrt(2)/2 < 1 + f < sqrt(2), s = f / (2 + f): log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)).
    """
    word = float_bits(unit_open(r))
    mantissa = word & _MANTISSA
    k = np.int64(word >> _S52) - _BIAS
    x = bits_float(mantissa | _EXPONENT_OF_ONE)
    if mantissa >= _SQRT2_MANTISSA:
        x = x * np.float64(0.5)
        k = k + np.int64(1)
    f = x - np.float64(1.0)
    s = f / (np.float64(2.0) + f)
    z = s * s
    w = z * z
    t1 = w * (_L2 + w * (_L4 + w * _L6))
    t2 = z * (_L1 + w * (_L3 + w * (_L5 + w * _L7)))
    half = np.float64(0.5) * f * f
    dk = np.float64(k)
    return dk * _LN2_HI - ((half - (s * (half + (t1 + t2)) + dk * _LN2_LO)) - f)


@kernel
def substream(state, node):
    """The state at which the draws of one account within a work item start; advance it before the first draw."""
    return state + np.uint64(node) * _NODE


@kernel
def quick_log(r):
    """log(unit_open(r)) to an absolute error below 1e-14, without a division: a third of the time of :func:`log_unit`.

    With x = 2^k m, c the middle of m's cell and t = m/c - 1, |t| < 1/256: log x = k log 2 + log c + t - t^2/2 + ...
    t^5/5 A jump of geometric trials with probability p then ends elsewhere than the exact one with a chance below
    1e-14 / p.
    """
    word = float_bits(np.float64(np.int64((r >> _S11) + _ONE)) * _TO_UNIT)
    cell = _TWO * ((word >> _S45) & _CELL)
    k = np.float64(np.int64(word >> _S52) - _BIAS)
    t = bits_float((word & _MANTISSA) | _EXPONENT_OF_ONE) * _LOG_TABLE[cell] - np.float64(1.0)
    square = t * t
    tail = square * (np.float64(0.5) - t * np.float64(1.0 / 3.0)) + square * square * (
        np.float64(0.25) - np.float64(0.2) * t
    )
    return k * _LN2 + (_LOG_TABLE[cell + _ONE] + (t - tail))


@kernel
def geometric(r, inv_log):
    """How many trials fail before the first success: floor(log(u) / log(1 - p)), given inv_log = 1 / log(1 - p).

    `inv_log` is 0 for p = 1 (no failures) and -inf for p = 0; the answer never exceeds 2**62.
    """
    skip = log_unit(r) * inv_log
    if skip < _FAR:
        return np.uint64(skip)
    return _FAR_SKIP
