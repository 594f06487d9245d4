"""Walks over live arcs, item by item against a slow walk with Python's sets, and the law by which arcs are live."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from swayrank.kernels.epidemic import reachable
from swayrank.kernels.jit import JIT_ENABLED, KERNELS
from swayrank.kernels.random import advance, below, bits, quick_log, stream, substream, unit
from swayrank.kernels.reach import MIXED, bucket_of, pack_rows, passes_on, reach, running_sums, sort_buckets
from swayrank.kernels.skips import row_skips
from swayrank.measures.propagation.models import row_probability

HIGH, LOW, PURPOSE = np.uint64(0x0123456789ABCDEF), np.uint64(0xFEDCBA9876543210), np.uint64(3)
FAR = 2**62
ITEMS = 700 if JIT_ENABLED else 12
WAYS = [(1, 0), (3, 0), (64, 0), (512, 0), (1, 1)] if JIT_ENABLED else [(3, 0), (1, 1)]
WALK_ONCE = pytest.mark.skipif(not JIT_ENABLED, reason="too slow in plain Python")


def frozen(values, dtype=None):
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


# -- the slow walk -----------------------------------------------------------------------------------------------------


class Draws:
    """Numbers of one stream, in order."""

    def __init__(self, state):
        self._state = np.uint64(state)

    def __call__(self):
        self._state = np.uint64(advance(self._state))
        return np.uint64(bits(self._state))


def bucket(p):
    """b with p in [2^-b, 2^-(b-1)), 1 for p = 1, and infinity where p is 0."""
    return max(1, 1 - math.frexp(p)[1]) if p >= 2.0**-1022 else math.inf


def independent(row, draws):
    """Live ends of a row [(end, p), ...]: jumps in an even row, else jumps at the bucket's upper end and a coin."""
    ps = {p for _, p in row}
    if not ps or ps == {0.0}:
        return []
    if ps == {1.0}:
        return [end for end, _ in row]
    live = []
    if len(ps) == 1:
        at = -1
        while True:
            jump = quick_log(draws()) / math.log1p(-min(ps))
            if at + 1 + jump >= len(row):
                return live
            at += 1 + int(jump)
            live.append(row[at][0])
            if at + 1 == len(row):
                return live
    row = sorted(row, key=lambda arc: bucket(arc[1]))
    at = 0
    while at < len(row) and bucket(row[at][1]) < math.inf:
        upper = 2.0 ** (1 - bucket(row[at][1]))
        r = draws()
        jump = 0 if upper == 1 else quick_log(r) / math.log1p(-upper)
        if at + jump >= len(row):
            break
        at += int(jump)
        if float(unit(draws())) * upper < row[at][1]:
            live.append(row[at][0])
        at += 1
    return live


def at_most_one(row, draws):
    """The live end of a row [(end, weight), ...], if any."""
    weights = {w for _, w in row}
    if not row:
        return []
    u = float(unit(draws()))
    if len(weights) == 1:
        (w,) = weights
        if w == 0.0:
            return []
        place = u * (len(row) * (1.0 / min(w * len(row), 1.0)))
        return [row[int(place)][0]] if place < len(row) else []
    total = 0.0
    for end, w in row:
        total += w
        if min(total, 1.0) > u:
            return [end]
    return []


def slow_walk(rows, item, *, pick=0, shares=(), starts=(), values=(), stops=(), max_steps=FAR):
    """The accounts of one item by distance from its start, and whether it met a stop."""
    draws = Draws(stream(HIGH, LOW, PURPOSE, np.uint64(item)))
    base = np.uint64(stream(HIGH, LOW, PURPOSE, np.uint64(item)))
    if starts:
        levels = [set(starts)]
    else:
        r = draws()
        base = np.uint64(advance(base))
        if len(values):
            x = float(unit(r)) * float(np.cumsum(values)[-1])
            levels = [{next(v for v, running in enumerate(np.cumsum(values)) if running > x)}]
        else:
            levels = [{int(below(r, np.uint64(len(rows))))}]

    def shared(v):
        return not len(shares) or passes_on(base, np.uint64(v), shares)

    reached, stopped = set(levels[0]), bool(levels[0] & set(stops))
    while levels[-1] and not stopped and len(levels) <= max_steps:
        fresh = set()
        for v in levels[-1]:
            if starts and not shared(v):
                continue
            live = (at_most_one if pick else independent)(rows[v], Draws(substream(base, np.uint64(v))))
            fresh |= {u for u in live if starts or shared(u)}
        levels.append(fresh - reached)
        reached |= fresh
        stopped = bool(levels[-1] & set(stops))
    return [level for level in levels if level], stopped


# -- what is walked ----------------------------------------------------------------------------------------------------

ODD = (0.0, 1.0, 1e-300, 5e-324, 1 - 2**-53, 2.0**-1022, 0.5, 0.25)


def independent_rows(n, degree, seed):
    """Rows of all kinds: even, certain, impossible, of few buckets, of many, with ends of the scale among them."""
    draw = np.random.default_rng(seed)
    rows = []
    for v in range(n):
        ends = draw.choice(n, min(n, int(draw.integers(0, 2 * degree))), replace=False).tolist()
        if v == 0:
            ends = list(range(n))
        k = len(ends)
        kind = v % 9
        if kind < 4:
            p = np.full(k, (1.4 / degree, 0.0, 1.0 if v < n // 8 else 0.1, (1e-300, 5e-324, 0.5)[v % 3])[kind])
        elif kind == 4:
            p = draw.choice([0.3, 0.0], k)
        elif kind == 5:
            p = draw.choice(ODD if v < n // 4 else ODD[2:4], k)
        elif kind == 6:
            p = draw.uniform(0.26, 0.49, k) / degree  # one bucket
        else:
            p = 2.0 ** -draw.uniform(0, 40, k) * (2 / degree if kind == 7 else 1)
        rows.append(list(zip(ends, p.tolist(), strict=True)))
    return rows


def threshold_rows(n, degree, seed):
    """Rows of weights: even ones that sum up to 1, to less, to 0; uneven ones, with zeros among them."""
    draw = np.random.default_rng(seed)
    rows = []
    for v in range(n):
        ends = draw.choice(n, min(n, int(draw.integers(0, 2 * degree))), replace=False).tolist()
        k = len(ends)
        kind = v % 6
        if kind < 3:
            w = np.full(k, (1.0, 0.6, 0.0 if v % 4 else 1e-300)[kind] / max(k, 1))
        else:
            w = draw.random(k) ** 3 * (draw.random(k) < 0.8)
            w = w / max(w.sum(), 1e-9) * (1.0, 0.7, 0.999)[kind - 3]
        rows.append(list(zip(ends, w.tolist(), strict=True)))
    return rows


def arrays_of(rows, pick=0):
    """Rows as the kernels read them."""
    indptr = frozen(np.cumsum([0] + [len(row) for row in rows]), np.uint64)
    indices = frozen([end for row in rows for end, _ in row], np.uint32)
    p = frozen([p for row in rows for _, p in row], np.float64)
    row = row_probability(indptr, p)
    if pick:
        with np.errstate(divide="ignore"):
            code = (1.0 / np.minimum(row * np.diff(indptr.astype(np.int64)), 1.0)).view(np.uint64)
        code[np.isnan(row)] = MIXED
        sums = np.empty(p.size)
        running_sums(indptr, p, sums, np.empty(len(rows)))
        p = frozen(sums)
    else:
        code = row_skips(row).copy().view(np.uint64)
        out = np.empty(indices.size, np.uint32), np.empty(p.size)
        sort_buckets(indptr, indices, p, np.uint64(0), np.uint64(len(rows)), code, *out)
        indices, p = frozen(out[0]), frozen(out[1])
    packed = np.empty(2 * len(rows) + 1, np.uint64)
    pack_rows(indptr, frozen(code), packed)
    return frozen(packed), indices, p


def walk(arrays, first, n_items, batch, dense, *, pick=0, shares=(), starts=(), values=(), stops=(), max_steps=FAR):
    """What the kernel makes of items: sets, sizes, members visited, counts by distance."""
    rows, indices, p = arrays
    n = (rows.size - 1) // 2
    words = np.zeros(n // 64 + 1 if stops else 0, np.uint64)
    for v in stops:
        words[v // 64] |= np.uint64(1) << np.uint64(v % 64)
    sizes = np.full(n_items, 77, np.uint32)
    members, visited, levels = reach(
        rows,
        indices,
        p,
        np.uint64(pick),
        frozen(shares, np.float64),
        frozen(starts, np.uint32),
        frozen(np.cumsum(values), np.float64),
        frozen(words),
        np.uint64(max_steps),
        np.uint64(dense),
        HIGH,
        LOW,
        PURPOSE,
        np.uint64(first),
        np.uint64(batch),
        np.uint64(1),
        sizes,
    )
    return members, sizes, int(visited), np.trim_zeros(levels, "b").tolist()


def same_as_slow(rows, items=ITEMS, first=5, **how):
    """Check every way of walking; returns what the items came to by the slow walk."""
    arrays = arrays_of(rows, how.get("pick", 0))
    slow = [slow_walk(rows, first + i, **how) for i in range(items)]
    expected = [set() if stopped else set().union(*levels) for levels, stopped in slow]
    levels = Counter(step for levels, _ in slow for step, level in enumerate(levels) for _ in level)
    for batch, dense in WAYS:
        members, sizes, visited, counts = walk(arrays, first, items, batch, dense, **how)
        assert sizes.tolist() == [len(one) for one in expected]
        ends = np.cumsum(sizes)
        for i, one in enumerate(expected):
            part = members[ends[i] - sizes[i] : ends[i]].tolist()
            assert set(part) == one, (batch, dense, i)
            if one:  # where it starts, then step by step
                at = {v: step for step, level in enumerate(slow[i][0]) for v in level}
                assert [at[v] for v in part] == sorted(at.values())
        assert members.size == ends[-1]
        assert visited == sum(levels.values())
        assert counts == [levels[step] for step in range(len(levels))]
    return slow


def half_share(n):
    """Everything from never to always."""
    return frozen([(0.0, 1.0, 0.5, 0.9, 0.2)[v % 5] for v in range(n)])


SITUATIONS = {
    "plain": {},
    "stops": {"stops": [3, 64, 65, 119]},
    "shares": {"shares": half_share(120)},
    "two steps": {"max_steps": 2},
    "no step": {"max_steps": 0},
    "by value": {"values": [(v % 4) * 0.7 for v in range(120)]},
    "all": {"stops": [3, 70], "shares": half_share(120), "max_steps": 3, "values": [v**2 for v in range(120)]},
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("rule", ["independent", "at most one"])
def test_drawn_starts(rule, situation):
    pick = int(rule == "at most one")
    rows = (threshold_rows if pick else independent_rows)(120, 6, 1 + pick)
    slow = same_as_slow(rows, pick=pick, **SITUATIONS[situation])
    if "stops" in SITUATIONS[situation]:
        assert 0 < sum(stopped for _, stopped in slow) < len(slow)
    if situation == "plain" and JIT_ENABLED:
        assert max(len(levels) for levels, _ in slow) > 5


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name != "by value"])
def test_given_starts(situation):
    how = {name: value for name, value in SITUATIONS[situation].items() if name != "values"}
    rows = independent_rows(120, 6, 4)
    same_as_slow(rows, items=ITEMS // 2, starts=[2], **how)
    same_as_slow(rows, items=ITEMS // 2, starts=[110, 5, 12, 50], **how)
    same_as_slow(threshold_rows(120, 6, 3), items=ITEMS // 2, pick=1, starts=[1, 9], **how)


@pytest.mark.parametrize("p", [[], [0.0], [1.0], [1e-300], [0.3], [0.0, 5e-324], [1.0, 5e-324], [0.7, 0.7]])
def test_the_smallest_graphs(p):
    n = max(1, len(p))
    same_as_slow([list(enumerate(p))] + [[] for _ in range(n - 1)], items=40)


def test_no_items():
    members, sizes, visited, _ = walk(arrays_of(independent_rows(10, 2, 1)), 0, 0, 64, 0)
    assert (members.size, sizes.size, visited) == (0, 0, 0)


@WALK_ONCE
def test_tables_and_queues_grow():
    """Ten thousand accounts, a row of all of them, sets of one account and of thousands, and thousands of starts."""
    rows = [[(end, min(1.0, 5 * p)) for end, p in row] for row in independent_rows(10_000, 6, 1)]
    slow = same_as_slow(rows, items=25)
    assert max(sum(map(len, levels)) for levels, _ in slow) > 4096
    same_as_slow(rows, items=5, starts=list(range(0, 10_000, 2)))


@WALK_ONCE
def test_sets_that_are_the_whole_graph():
    clique(5000, 1, [(1, 0), (1, 1)])
    clique(800, 7, [(1, 0), (3, 0), (64, 0), (1, 1)])


def clique(n, items, ways):
    """Everybody follows everybody for certain."""
    indptr = np.arange(0, n * n + 1, n, dtype=np.uint64)
    rows = np.empty(2 * n + 1, np.uint64)
    pack_rows(frozen(indptr), frozen(np.zeros(n, np.uint64)), rows)  # code 0: p = 1
    arrays = frozen(rows), frozen(np.tile(np.arange(n, dtype=np.uint32), n)), frozen([], np.float64)
    for batch, dense in ways:
        members, sizes, visited, levels = walk(arrays, 0, items, batch, dense)
        assert sizes.tolist() == [n] * items
        assert np.array_equal(np.sort(members.reshape(items, n), axis=1), np.tile(np.arange(n), (items, 1)))
        assert (visited, levels) == (items * n, [items, items * (n - 1)])


@WALK_ONCE
@pytest.mark.parametrize("batch", [1, 4])
def test_accounts_that_never_share_fill_no_table(batch):
    """Few members and very many that are looked up: twelve in a chain, each follows a thousand who never share."""
    rows = [[(i + 1, 1.0)] * (i < 11) + [(12 + 1000 * i + k, 1.0) for k in range(1000)] for i in range(12)]
    rows += [[] for _ in range(12_000)]
    shares = [1.0] * 12 + [0.0] * 12_000
    members, sizes, _, levels = walk(arrays_of(rows), 0, 8, batch, 0, shares=shares, values=[1.0] + [0.0] * 12_011)
    assert sizes.tolist() == [12] * 8
    assert members.tolist() == list(range(12)) * 8
    assert levels == [8] * 12


@pytest.mark.slow
@WALK_ONCE
def test_a_degree_above_two_to_the_24():
    """Everybody follows account 0, which follows everybody: for certain, and by jumps over a row of 2**24."""
    n = 2**24 + 3
    indptr = frozen(np.concatenate(([0], np.arange(n - 1, 2 * n - 1))), np.uint64)
    indices = np.zeros(2 * n - 2, np.uint32)
    indices[: n - 1] = np.arange(1, n)
    rows = np.empty(2 * n + 1, np.uint64)
    pack_rows(indptr, frozen(np.zeros(n, np.uint64)), rows)
    arrays = [frozen(rows), frozen(indices), frozen([], np.float64)]
    for dense in (0, 1):
        members, sizes, visited, _ = walk(arrays, 0, 2, 1, dense)
        assert sizes.tolist() == [n, n]
        assert visited == 2 * n
        assert np.array_equal(np.sort(members[:n]), np.arange(n))
    skips = row_skips(np.full(n, 0.25))
    pack_rows(indptr, skips.view(np.uint64), rows)
    arrays[0] = frozen(rows)
    members, sizes, _, _ = walk(arrays, 0, 1, 1, 1, starts=[0], max_steps=1)
    assert abs(sizes[0] - 1 - n / 4) < 5 * math.sqrt(n * 3 / 16)
    last = np.sort(members)[-1]
    assert last > n - 100


# -- the law -----------------------------------------------------------------------------------------------------------


@WALK_ONCE
@pytest.mark.parametrize("pick", [0, 1])
def test_each_arc_of_a_mixed_row_is_live_with_its_probability(pick):
    p = np.array([0.9, 0.5, 0.499, 0.3, 0.26, 0.1, 0.09, 0.01, 0.002, 0.0, 1.0, 0.7]) / (8 if pick else 1)
    order = np.random.default_rng(1).permutation(p.size)
    rows = [[(int(v) + 1, float(p[v])) for v in order]] + [[] for _ in p]
    items = 200_000
    members, sizes, _, _ = walk(arrays_of(rows, pick), 0, items, 64, 0, pick=pick, starts=[0], max_steps=1)
    hits = np.bincount(members, minlength=p.size + 1)
    assert hits[0] == items
    z = (hits[1:] - items * p) / np.sqrt(np.maximum(items * p * (1 - p), 1e-9))
    assert np.all(np.abs(z) < 4.5), z
    if pick:
        assert sizes.max() == 2
        cells = np.append(hits[1:], items - hits[1:].sum())
        expected = items * np.append(p, 1 - p.sum())
        some = expected > 0
        assert stats.chisquare(cells[some], expected[some]).pvalue > 1e-4
    else:
        assert stats.chi2.sf((z[(p > 0) & (p < 1)] ** 2).sum(), 10) > 1e-4
        # arcs side by side are independent: the number of live ones has the Poisson binomial law
        law = np.ones(1)
        for q in p:
            law = np.convolve(law, [1 - q, q])
        counts = np.bincount(sizes - 1, minlength=law.size)
        cells, chances = np.append(counts[1:8], counts[8:].sum()), np.append(law[1:8], law[8:].sum())
        assert counts[0] == 0
        assert stats.chisquare(cells, chances * items).pvalue > 1e-4


@WALK_ONCE
@pytest.mark.parametrize("p", [0.5, 0.1, 1e-3])
def test_jumps_have_the_geometric_law(p):
    """The first live arc of a long even row."""
    n = int(40 / p)
    rows = [[(v, p) for v in range(1, n)]] + [[] for _ in range(n - 1)]
    items = 20_000 if p > 0.01 else 2000
    members, sizes, _, _ = walk(arrays_of(rows), 0, items, 1, 1, starts=[0], max_steps=1)
    assert sizes.min() > 1
    firsts = members[np.cumsum(sizes, dtype=np.int64) - sizes + 1].astype(np.int64) - 1
    law = stats.geom(p, loc=-1)
    edges = np.unique(law.ppf(np.linspace(0.02, 0.98, 25)).astype(int))
    cells = np.bincount(np.searchsorted(edges, firsts), minlength=edges.size + 1)
    chances = np.diff(np.concatenate(([0], law.cdf(edges), [1])))
    assert stats.chisquare(cells, chances * items).pvalue > 1e-4
    mean = (n - 1) * p
    assert stats.chi2.sf((((sizes - 1) - mean) ** 2 / (mean * (1 - p))).sum(), items) > 1e-4


@WALK_ONCE
def test_starts_are_drawn_uniformly_or_by_value():
    arrays = arrays_of([[] for _ in range(10)])
    members, _, _, _ = walk(arrays, 0, 50_000, 64, 0)
    assert stats.chisquare(np.bincount(members, minlength=10)).pvalue > 1e-4
    values = np.array([0, 3, 0.5, 0, 0, 2, 1e-9, 4, 1, 0])
    members, _, _, _ = walk(arrays, 0, 50_000, 64, 0, values=values)
    counts = np.bincount(members, minlength=10)
    assert np.all(counts[values == 0] == 0)
    some = values > 1e-6
    assert stats.chisquare(counts[some], 50_000 * values[some] / values[some].sum()).pvalue > 1e-4


# -- the parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (1.0, 1),
        (0.5, 1),
        (math.nextafter(0.5, 0), 2),
        (0.25, 2),
        (2.0**-1022, 1022),
        (1e-310, 0),
        (0.0, 0),
        (1e-300, 997),
    ],
)
def test_buckets(p, expected):
    assert int(bucket_of(p)) == expected


def test_rows_are_sorted_by_falling_bucket_and_keep_their_order_within():
    rows = independent_rows(60, 5, 3)
    packed, indices, p = arrays_of(rows)
    for v, row in enumerate(rows):
        part = slice(int(packed[2 * v]), int(packed[2 * v + 2]))
        code = packed[2 * v + 1]
        ordered = row if len({q for _, q in row}) < 2 else sorted(row, key=lambda arc: bucket(arc[1]))
        assert list(zip(indices[part].tolist(), p[part].tolist(), strict=True)) == ordered
        if len({q for _, q in row}) > 1:
            first = bucket(ordered[0][1])
            assert int(code) == int(MIXED) + (0 if first == math.inf else first)


def test_running_sums_end_at_one():
    weight = frozen([0.1] * 10 + [0.25, 0.5] + [0.7, 0.6])
    sums, totals = np.empty(14), np.empty(4)
    running_sums(frozen([0, 10, 10, 12, 14], np.uint64), weight, sums, totals)
    assert sums[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert sums[10:].tolist() == [0.25, 0.75, 0.7, 1.0]
    assert totals.tolist() == [pytest.approx(1.0), 0.0, 0.75, 1.2999999999999998]


def test_who_can_be_reached_at_all():
    rows = independent_rows(80, 2, 7)
    indptr = frozen(np.cumsum([0] + [len(row) for row in rows]), np.uint64)
    ends, p = zip(*[arc for row in rows for arc in row], strict=True)
    for starts, blocked in (([0], []), ([5], []), ([9, 7, 31], []), ([9, 7], [31, 12, 40])):
        seen, stack = set(starts), list(starts)
        while stack:
            fresh = {end for end, q in rows[stack.pop()] if q > 0} - seen - set(blocked)
            seen |= fresh
            stack += fresh
        lists = frozen(starts, np.uint32), frozen(blocked, np.uint32)
        found = reachable(indptr, frozen(ends, np.uint32), frozen(p, np.float64), *lists)
        assert int(found) == len(seen)


def test_the_same_draws_whoever_asks():
    """An item's world is its own: what two starts reach is the union of what each does."""
    arrays = arrays_of(independent_rows(200, 5, 9))
    sets = {}
    for starts in ([7], [150], [7, 150]):
        members, sizes, _, _ = walk(arrays, 0, 60 if JIT_ENABLED else 5, 64, 0, starts=starts)
        sets[tuple(starts)] = [set(part.tolist()) for part in np.split(members, np.cumsum(sizes)[:-1])]
    for a, b, both in zip(sets[7,], sets[150,], sets[7, 150], strict=True):
        assert a | b == both


def test_each_kernel_compiled_one_signature():
    if not JIT_ENABLED:
        pytest.skip("nothing is compiled")
    for name, kernel in KERNELS.items():
        if name.startswith("swayrank.kernels.reach."):
            assert len(kernel.signatures) <= 1, name
