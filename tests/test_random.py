"""Random streams: known bits, the same with the JIT on and off, and the distributions that they promise."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from swayrank._rng import resolve_rng
from swayrank.errors import ParameterError
from swayrank.kernels import jit
from swayrank.kernels import random as streams

DIGEST = """
import hashlib
from tests.test_random import draw
print(hashlib.sha256(b"".join(part.tobytes() for part in draw(40, 25))).hexdigest())
"""


@jit.kernel
def _draw(high, low, purpose, words, logs, skips, small):
    one = np.uint64(1)
    n_items, n_draws = np.uint64(words.shape[0]), np.uint64(words.shape[1])
    item = np.uint64(0)
    while item < n_items:
        state = streams.stream(high, low, purpose, item)
        i = np.uint64(0)
        while i < n_draws:
            state = streams.advance(state)
            r = streams.bits(state)
            words[item, i] = r
            logs[item, i] = streams.log_unit(r)
            skips[item, i] = streams.geometric(r, -20.0)
            small[item, i] = streams.below(r, np.uint64(1000))
            i += one
        item += one


def draw(n_items, n_draws, rng=7, purpose=streams.RR):
    key = resolve_rng(rng)
    shape = (n_items, n_draws)
    out = np.zeros(shape, np.uint64), np.zeros(shape), np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
    _draw(key.hi, key.lo, np.uint64(purpose), *out)
    return out


def test_same_bits_with_the_jit_off():
    answers = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", DIGEST],
            env=os.environ | {"NUMBA_DISABLE_JIT": off},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for off in "01"
    ]
    assert answers[0] == answers[1] != ""


def test_splitmix_reference():
    """The first outputs of SplitMix64 from state 0, as published with the generator."""
    state, seen = np.uint64(0), []
    for _ in range(3):
        state = streams.advance(state)
        seen.append(int(streams.bits(np.uint64(state))))
        state = np.uint64(state)
    assert seen == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_streams_differ_by_item_purpose_and_key():
    base = draw(3, 4)[0]
    assert len(set(base.ravel().tolist())) == 12
    assert not np.intersect1d(base, draw(3, 4, purpose=streams.ROOT)[0]).size
    assert not np.intersect1d(base, draw(3, 4, rng=8)[0]).size


def test_logarithm_is_within_one_ulp():
    words, logs, _, _ = draw(200, 100)
    exact = np.log(((words >> np.uint64(11)).astype(np.float64) + 1) * 2.0**-53)
    assert np.all(np.abs(logs - exact) <= np.spacing(np.abs(exact)))
    assert float(streams.log_unit(np.uint64(2**64 - 1))) == 0.0
    assert float(streams.log_unit(np.uint64(0))) == pytest.approx(-53 * np.log(2), rel=1e-15)


def test_quick_logarithm_is_within_its_bound():
    """Against math.log: random words, every cell's ends in several octaves, and the ends of the range."""
    top = 2**53
    ends = [o * (128 + c) + d for o in (1, 2**10, 2**30, 2**45) for c in range(128) for d in (-1, 0, 1)]
    units = [
        *draw(40, 25)[0].ravel() >> np.uint64(11),
        *ends,
        0,
        1,
        2,
        top - 1,
        top - 2,
        top - 3,
        top // 2,
        3 * top // 4,
    ]
    for u in map(int, units):
        found = float(streams.quick_log(np.uint64(u) << np.uint64(11)))
        assert abs(found - math.log((u + 1) / top)) < 1e-14


def test_quick_jumps_are_the_exact_ones():
    """A jump ends elsewhere than the exact one with a chance below 1e-14 / p: never seen."""
    words = draw(200, 100)[0].ravel()
    exact = np.log(((words >> np.uint64(11)).astype(np.float64) + 1) * 2.0**-53)
    quick = np.array([streams.quick_log(r) for r in words])
    for p in (0.5, 0.1, 1e-3):
        code = 1 / np.log1p(-p)
        some = quick < 0
        assert np.array_equal(np.floor(quick * code)[some], np.floor(exact * code)[some])
        assert (
            stats.kstest(np.floor(quick * code) + draw(200, 100, rng=9)[0].ravel() / 2.0**64, _spread_out(p)).pvalue
            > 1e-4
        )


def _spread_out(p):
    """Distribution of a number of failures before a success, plus a uniform draw."""
    return lambda x: 1 - (1 - p) ** np.floor(x) * (1 - p * (x - np.floor(x)))


def test_distributions():
    words, _, skips, small = draw(500, 100)
    assert stats.kstest(words.ravel() / 2.0**64, "uniform").pvalue > 1e-4
    counts = np.bincount(small.ravel().astype(int), minlength=1000)
    assert stats.chisquare(counts).pvalue > 1e-4
    p = 1 - np.exp(-1 / 20)  # inv_log = -20
    assert stats.kstest(words[:, 0] / 2.0**64, words[:, 1] / 2.0**64).pvalue > 1e-4
    expected = stats.geom(p, loc=-1)
    cells = np.append(np.bincount(np.minimum(skips.ravel(), 60).astype(int), minlength=61)[:60], (skips >= 60).sum())
    chances = np.append(expected.pmf(np.arange(60)), expected.sf(59))
    assert stats.chisquare(cells, chances * skips.size).pvalue > 1e-4


def test_geometric_ends():
    r = np.uint64(2**63)
    assert int(streams.geometric(r, -0.0)) == 0  # p = 1: no failure
    assert int(streams.geometric(r, -np.inf)) == 2**62  # p = 0: never
    assert int(streams.geometric(np.uint64(2**64 - 1), -np.inf)) == 2**62


def test_keys():
    assert resolve_rng(7) == resolve_rng(np.int64(7)) != resolve_rng(8)
    generator = np.random.default_rng(1)
    assert resolve_rng(generator) != resolve_rng(generator)
    assert resolve_rng(None) != resolve_rng(None)
    assert resolve_rng(resolve_rng(3)) == resolve_rng(3)
    for wrong in (-1, 2**128, 1.5, "7", True):
        with pytest.raises(ParameterError, match="rng must be"):
            resolve_rng(wrong)
