"""Greedy choice over stored sets against a greedy written with Python sets, and the counts beside it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from swayrank.kernels.cover import (
    add_members,
    common_sets,
    count_members,
    gains_over,
    greedy,
    index_sets,
    take,
    union_count,
)
from swayrank.kernels.jit import JIT_ENABLED, KERNELS

EVERYBODY = 2**62
NOBODY = np.empty(0, np.uint8)


def system(n, n_sets, size, seed, *, skew=1.0):
    """Random sets of accounts; with skew > 1 low numbers are in many of them."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(0, size + 1, n_sets)
    return [sorted({int(n * x**skew) for x in draw.random(k)}, key=lambda v: (v * 7919) % n) for k in sizes]


def frozen(values, dtype):
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


def packed(sets):
    """Members and offsets, writable as samples are."""
    members = np.array([v for one in sets for v in one], np.uint32)
    return members, np.cumsum([0] + [len(one) for one in sets]).astype(np.uint64)


def sizes_of(sets):
    return np.array([len(one) for one in sets], np.uint32)


def plain_greedy(n, sets, k, n_bound, *, allowed=None, covered=(), wanted=EVERYBODY):
    """The choice, its gains, the sums of the highest gains, and the sets left open, from scratch after each choice."""
    allowed = range(n) if allowed is None else allowed
    left = {s: set(one) for s, one in enumerate(sets) if s not in covered}
    seeds, seed_gains, tops = [], [], []
    while True:
        gains = {v: sum(v in one for one in left.values()) for v in allowed}
        tops.append(sum(sorted(gains.values(), reverse=True)[:n_bound]))
        best = min(gains, key=lambda v: (-gains[v], v), default=None)
        if len(seeds) == k or sum(seed_gains) >= wanted or best is None or gains[best] == 0:
            return seeds, seed_gains, tops, set(left)
        seeds.append(best)
        seed_gains.append(gains[best])
        left = {s: one for s, one in left.items() if best not in one}


def run_greedy(n, sets, k, n_bound, *, allowed=None, covered=(), wanted=EVERYBODY):
    members, offsets = packed(sets)
    mark = np.zeros(len(sets), np.uint8)
    mark[list(covered)] = 1
    gains = np.zeros(n, np.uint32)
    for s, one in enumerate(sets):
        if s not in covered:
            gains[one] += 1
    may = NOBODY if allowed is None else np.isin(np.arange(n), list(allowed)).astype(np.uint8)
    seeds, seed_gains, tops = np.empty(k, np.uint32), np.empty(k, np.uint32), np.empty(k + 1, np.uint64)
    numbers = (np.uint64(k), np.uint64(n_bound), np.uint64(wanted))
    chosen = int(greedy(members, offsets, mark, gains, may, *numbers, seeds, seed_gains, tops))
    still = set(np.flatnonzero(mark == 0).tolist())
    assert gains.tolist() == [sum(v in sets[s] for s in still) for v in range(n)]
    return seeds[:chosen].tolist(), seed_gains[:chosen].tolist(), tops[: chosen + 1].tolist(), still


@pytest.mark.parametrize("seed", range(12))
def test_greedy_is_the_plain_one(seed):
    n, n_sets = (30, 60) if seed % 2 else (12, 200)
    sets = system(n, n_sets, 6, seed, skew=1 + seed % 3)
    draw = np.random.default_rng(seed)
    some = set(draw.choice(n, n // 2, replace=False).tolist())
    done = set(draw.choice(n_sets, n_sets // 4, replace=False).tolist())
    for k, n_bound in ((1, 1), (4, 4), (5, 2), (n, 3), (n + 3, n + 9)):
        for options in (
            {},
            {"allowed": some},
            {"covered": done},
            {"wanted": n_sets // 3},
            {"allowed": some, "covered": done, "wanted": 10},
            {"wanted": 0},
        ):
            assert run_greedy(n, sets, k, n_bound, **options) == plain_greedy(n, sets, k, n_bound, **options)


def test_ties_go_to_the_lowest_number():
    assert run_greedy(6, [[5, 2], [5, 2], [3, 1], [1, 3], [4]], 6, 2)[:3] == ([1, 2, 4], [2, 2, 1], [4, 4, 1, 0])


def test_a_tie_that_arises_later():
    """1 falls to the gain that 0 and 2 have: 0 is next although 1 was ahead of it."""
    sets = [[3, 1], [3], [3], [3], [1], [1], [0], [0], [2], [2]]
    assert run_greedy(4, sets, 4, 1)[0] == plain_greedy(4, sets, 4, 1)[0] == [3, 0, 1, 2]


@pytest.mark.parametrize(("sets", "n"), [([], 3), ([[]], 1), ([[], []], 5)])
def test_nothing_to_cover(sets, n):
    assert run_greedy(n, sets, 2, 2)[:3] == ([], [], [0])


def test_nobody_allowed():
    assert run_greedy(4, [[0, 1], [2]], 2, 2, allowed=set())[:3] == ([], [], [0])


@pytest.mark.skipif(not JIT_ENABLED, reason="too slow in plain Python")
def test_candidates_taken_in_by_and_by():
    """Far more accounts than the first index takes (1024 + 64 k), gains 3, 2 and 1, and all of them chosen."""
    draw = np.random.default_rng(4)
    n = 60_000
    sets = [[int(v)] for v in draw.integers(0, n, 90_000)] + draw.integers(0, 1000, (3000, 2)).tolist()
    sets = [list(dict.fromkeys(one)) for one in sets]
    seeds, gains, tops, left = run_greedy(n, sets, 55_000, 7)
    assert not left
    assert len(np.unique(gains)) > 4
    # too many for the plain greedy: replay the choices, and look for a better one now and then
    counts = np.zeros(n, np.int64)
    of = [[] for _ in range(n)]
    for s, one in enumerate(sets):
        counts[one] += 1
        for v in one:
            of[v].append(s)
    open_sets = np.ones(len(sets), bool)
    last = 2**31
    for i, (v, gain) in enumerate(zip(seeds, gains, strict=True)):
        assert counts[v] == gain
        assert gain <= last
        last = gain
        if i < 300 or i % 100 == 0:
            assert v == int(np.argmax(counts))
            assert tops[i] == np.sort(counts)[-7:].sum()
        for s in of[v]:
            if open_sets[s]:
                open_sets[s] = False
                counts[sets[s]] -= 1


@pytest.mark.parametrize("without_first", [0, 1])
def test_counts_of_members(without_first):
    sets = system(15, 50, 4, 8)
    counts = np.full(15, 2, np.uint32)
    count_members(packed(sets)[0], sizes_of(sets), np.uint64(without_first), counts)
    assert counts.tolist() == [2 + sum(v in one[without_first:] for one in sets) for v in range(15)]
    totals = np.full(15, 3, np.uint64)
    add_members(packed(sets)[0], totals)
    assert totals.tolist() == [3 + sum(v in one for one in sets) for v in range(15)]


# -- the index of all accounts -----------------------------------------------------------------------------------------


def index_of(n, sets, parts=1):
    """Row pointers and set numbers by account, written part by part as a long sample is."""
    counts = np.zeros(n, np.uint64)
    add_members(packed(sets)[0], counts)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.uint64)
    starts, found = indptr[:-1].copy(), np.empty(int(indptr[-1]), np.uint32)
    edges = np.linspace(0, len(sets), parts + 1).astype(int)
    for a, b in pairwise(edges):
        part = sets[a:b]
        index_sets(packed(part)[0], sizes_of(part), np.uint64(a), starts, found)
    assert np.array_equal(starts, indptr[1:])
    return frozen(indptr, np.uint64), frozen(found, np.uint32)


@pytest.mark.parametrize("parts", [1, 3])
def test_the_index_lists_each_accounts_sets_ascending(parts):
    sets = system(25, 70, 5, 6, skew=2)
    indptr, found = index_of(25, sets, parts)
    for v in range(25):
        expected = [s for s, one in enumerate(sets) if v in one]
        assert found[int(indptr[v]) : int(indptr[v + 1])].tolist() == expected


def test_taking_one_account_covers_its_open_sets():
    sets = system(20, 80, 5, 3)
    members, offsets = packed(sets)
    indptr, found = index_of(20, sets)
    covered = np.zeros(80, np.uint8)
    covered[:10] = 1
    gains = np.zeros(20, np.uint32)
    for one in sets[10:]:
        gains[one] += 1
    found = found.copy()
    more = int(take(members, offsets, found, indptr[7], indptr[8], covered, gains))
    assert more == sum(7 in one for one in sets[10:]) > 0
    assert covered.tolist() == [int(s < 10 or 7 in one) for s, one in enumerate(sets)]
    assert gains.tolist() == [sum(v in one for one in sets[10:] if 7 not in one) for v in range(20)]
    assert int(take(members, offsets, found, indptr[7], indptr[8], covered, gains)) == 0


def test_unions_gains_and_common_sets():
    sets = system(25, 70, 5, 6, skew=2)
    indptr, found = index_of(25, sets)
    where = [{s for s, one in enumerate(sets) if v in one} for v in range(25)]
    draw = np.random.default_rng(2)
    mark = np.zeros(70, np.uint32)
    for tag in range(1, 20):
        nodes = draw.choice(25, int(draw.integers(1, 6)), replace=False)
        counts = union_count(indptr, found, frozen(nodes, np.uint32), mark, np.uint32(tag))
        assert counts.tolist() == [len(set.union(*(where[v] for v in nodes[: i + 1]))) for i in range(nodes.size)]
        covered = set.union(*(where[v] for v in nodes))
        gains = np.empty(25, np.int64)
        gains_over(indptr, found, mark, np.uint32(tag), gains)
        assert gains.tolist() == [len(where[v] - covered) for v in range(25)]
    for a in range(25):
        for b in range(25):
            assert int(common_sets(indptr, found, np.uint64(a), np.uint64(b))) == len(where[a] & where[b])


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    for name, kernel in KERNELS.items():
        if name.startswith("swayrank.kernels.cover."):
            assert len(kernel.signatures) <= 1, name
