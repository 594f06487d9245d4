"""Cascades where a walk over live arcs is not the fastest way: Linear Threshold forward, and many worlds in one word.

`threshold_worlds`: under Linear Threshold each account takes after at most one of those that it follows. Let every
account choose, then follow the choices to a seed or to nowhere, and remember what was found: O(n) for each world,
however many arcs the active accounts have. For cascades that reach a good part of the graph.

`threshold_cascades`: the same law by thresholds, from the seeds outwards: the followers of active accounts add up
weights until their threshold is met. For cascades that stay small.

`bit_cascades`: Independent Cascade in 512 worlds at once, one bit for each; an arc is drawn for all the worlds in which
it is asked for by comparing p's binary digits with random words until all are decided. For cascades that reach so much
of the graph that each account is active in many of the worlds.

Every world is a function of (key, purpose, world) alone, so more seeds never activate fewer accounts.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import bits_float, kernel, prefetch, trailing_zeros
from swayrank.kernels.random import advance, bits, stream, substream, unit
from swayrank.kernels.reach import passes_on

WORLDS = 512
"""Worlds of one block of :func:`bit_cascades`: 8 words."""

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_S32 = np.uint64(32)
_LOW32 = np.uint64(2**32 - 1)
_NOBODY = np.uint64(2**32 - 1)
_OPEN, _ON_PATH, _NEVER = np.uint64(2**32 - 1), np.uint64(2**32 - 2), np.uint64(2**32 - 3)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_WORDS = np.uint64(8)
_64 = np.uint64(64)
_AHEAD = np.uint64(6)
_R24, _R40, _R16, _R37, _R27 = (np.uint64(k) for k in (24, 40, 16, 37, 27))
_DIGITS = np.uint64(53)
_FULL = np.uint64(2**64 - 1)
_TO_DIGITS = np.float64(2.0**53)


@kernel
def _longer(levels, needed):
    """The same counts with room for step `needed`."""
    room = np.uint64(levels.size)
    while room <= needed:
        room *= _TWO
    wider = np.zeros(room, np.int64)
    wider[: levels.size] = levels
    return wider


@kernel
def _choose(rows, indices, sums, shares, base, state):
    """Whom each account takes after in one world; state[v] = choice << 32 | whether it is open where that leads."""
    n = np.uint64(state.size)
    has_shares = shares.size > 0
    v = _ZERO
    while v < n:
        j = rows[_TWO * v]
        end = rows[_TWO * v + _TWO]
        code = bits_float(rows[_TWO * v + _ONE])
        choice = _NOBODY
        x = unit(bits(advance(substream(base, v))))
        if code == code:
            room = np.float64(np.int64(end - j))
            x = x * (room * code)
            if x < room:
                choice = np.uint64(indices[j + np.uint64(np.int64(x))])
        else:
            low, high = j, end
            while low < high:
                middle = (low + high) >> _ONE
                if sums[middle] <= x:
                    low = middle + _ONE
                else:
                    high = middle
            if low < end:
                choice = np.uint64(indices[low])
        if has_shares and choice != _NOBODY and not passes_on(base, choice, shares):
            choice = _NOBODY
        state[v] = (choice << _S32) | (_OPEN if choice != _NOBODY else _NEVER)
        v += _ONE


@kernel
def _follow(state, path, max_steps):
    """Replace every open mark by the step at which a seed is reached over the choices, or by never."""
    n = np.uint64(state.size)
    u = _ZERO
    while u < n:
        length = _ZERO
        v = u
        while state[v] & _LOW32 == _OPEN:
            path[length] = np.uint32(v)
            length += _ONE
            choice = state[v] >> _S32
            state[v] = (choice << _S32) | _ON_PATH
            v = choice
        step = state[v] & _LOW32
        active = step < _NEVER
        while length > _ZERO:
            length -= _ONE
            w = np.uint64(path[length])
            step += _ONE
            active = active and step <= max_steps
            state[w] = (state[w] & ~_LOW32) | (step if active else _NEVER)
        u += _ONE


@kernel
def threshold_worlds(
    rows, indices, sums, shares, starts, max_steps, key_high, key_low, purpose, first, sizes, totals, steps
):
    """Run Linear Threshold in worlds first, first + 1, ..., one for each entry of `sizes`; returns counts by step.

    sizes[i] becomes the number of active accounts, totals[v] is added to, and where `steps` has rows, steps[i, v]
    becomes the step at which v was activated, or -1. `rows`, `indices` and `sums` are those of
    :func:`swayrank.kernels.reach.reach` with `pick`.
    """
    n = np.uint64((rows.size - 1) // 2)
    state = np.empty(n, np.uint64)
    path = np.empty(n, np.uint32)
    levels = np.zeros(64, np.int64)
    keep_steps = steps.shape[0] > 0
    world = _ZERO
    while world < np.uint64(sizes.size):
        _choose(rows, indices, sums, shares, stream(key_high, key_low, purpose, first + world), state)
        k = _ZERO
        while k < np.uint64(starts.size):
            state[starts[k]] = _ZERO
            k += _ONE
        _follow(state, path, max_steps)
        size = _ZERO
        u = _ZERO
        while u < n:
            step = state[u] & _LOW32
            active = step != _NEVER
            if active:
                size += _ONE
                totals[u] += _ONE
                if step >= np.uint64(levels.size):
                    levels = _longer(levels, step)
                levels[step] += 1
            if keep_steps:
                steps[world, u] = np.int32(step) if active else np.int32(-1)
            u += _ONE
        sizes[world] = np.uint32(size)
        world += _ONE
    return levels


@kernel
def threshold_cascades(
    in_indptr,
    in_indices,
    arc_weight,
    node_weight,
    shares,
    starts,
    max_steps,
    key_high,
    key_low,
    purpose,
    first,
    sizes,
    totals,
):
    """The same law as :func:`threshold_worlds`, outwards from the seeds; other worlds for the same key.

    The weight of an arc is ``arc_weight`` in the order of in-arcs or, where that is empty, ``node_weight`` of the
    follower.
    """
    n = np.uint64(in_indptr.size) - _ONE
    by_node = arc_weight.size == 0
    tag = np.zeros(n, np.uint64)
    left = np.empty(n, np.float64)  # to the threshold; below 0: active
    queue = np.empty(n, np.uint32)
    levels = np.zeros(64, np.int64)
    has_shares = shares.size > 0
    world = _ZERO
    while world < np.uint64(sizes.size):
        base = stream(key_high, key_low, purpose, first + world)
        mark = world + _ONE
        tail = _ZERO
        while tail < np.uint64(starts.size):
            v = np.uint64(starts[tail])
            queue[tail] = starts[tail]
            tag[v] = mark
            left[v] = -1.0
            tail += _ONE
        levels[_ZERO] += np.int64(tail)
        head = _ZERO
        step = _ZERO
        while head < tail and step < max_steps:
            level_end = tail
            while head < level_end:
                v = np.uint64(queue[head])
                head += _ONE
                if has_shares and not passes_on(base, v, shares):
                    continue
                j = in_indptr[v]
                end = in_indptr[v + _ONE]
                while j < end:
                    u = np.uint64(in_indices[j])
                    if tag[u] != mark:
                        tag[u] = mark
                        left[u] = unit(bits(advance(substream(base, u))))
                    if left[u] >= 0.0:
                        left[u] -= node_weight[u] if by_node else arc_weight[j]
                        if left[u] < 0.0:
                            queue[tail] = np.uint32(u)
                            tail += _ONE
                    j += _ONE
            step += _ONE
            if step >= np.uint64(levels.size):
                levels = _longer(levels, step)
            levels[step] += np.int64(tail - level_end)
        sizes[world] = np.uint32(tail)
        k = _ZERO
        while k < tail:
            totals[queue[k]] += _ONE
            k += _ONE
        world += _ONE
    return levels


@kernel
def popcount(x):
    """Number of one bits of a uint64."""
    x = x - ((x >> _ONE) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> _TWO) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def _drop_silent(fresh, at, base, account, shares):
    """Clear the bits of the worlds in which an account does not pass on what reached it."""
    w = _ZERO
    while w < _WORDS:
        left = fresh[at + w]
        while left != _ZERO:
            bit = trailing_zeros(left)
            left &= left - _ONE
            if not passes_on(bits(base + (_64 * w + bit) * _GAMMA), account, shares):
                fresh[at + w] &= ~(_ONE << bit)
        w += _ONE


@kernel
def _decide(asked, live, a, b, state, digits):
    """Set the bits of `live` for the asked worlds in which an arc is live: 0.r1 r2 r3 ... < 0.d1 d2 d3 ..., in binary.

    The random words come from eight generators side by side (xoroshiro128+, Blackman & Vigna 2021), each started from
    the arc's own stream: shifts and sums alone, which fit the processor's wide registers where products do not.
    """
    for w in range(_WORDS):
        seed = bits(state + (np.uint64(w) + _ONE) * _GAMMA)
        a[w] = seed
        b[w] = (seed ^ (seed >> _S32)) * _GAMMA
    digit = _DIGITS
    some = _ONE
    while some != _ZERO and digit > _ZERO:
        digit -= _ONE
        one = _ZERO - ((digits >> digit) & _ONE)  # all ones where p's digit is 1
        some = _ZERO
        for w in range(_WORDS):
            r = a[w] + b[w]
            x = a[w] ^ b[w]
            a[w] = ((a[w] << _R24) | (a[w] >> _R40)) ^ x ^ (x << _R16)
            b[w] = (x << _R37) | (x >> _R27)
            live[w] |= asked[w] & one & ~r
            asked[w] &= ~(r ^ one)
            some |= asked[w]


@kernel
def bit_cascades(
    in_indptr,
    in_indices,
    arc_probability,
    node_probability,
    shares,
    starts,
    max_steps,
    key_high,
    key_low,
    purpose,
    block,
    sizes,
    totals,
):
    """Run Independent Cascade in the 512 worlds of one block, as many as `sizes` has entries; returns counts by step.

    p of an arc is ``arc_probability`` (order of in-arcs) or, where that is empty, ``node_probability`` of the follower.
    `sizes` must be 0 before. Plainly, for each world (bit) b, and each arc (u, v) with v newly active::

        u becomes active if 0.r1 r2 r3 ... < p in binary, where r are the bits b of the arc's own random words
    """
    n = np.uint64(in_indptr.size) - _ONE
    by_arc = arc_probability.size > 0
    active = np.zeros(_WORDS * n, np.uint64)
    fresh = np.zeros(_WORDS * n, np.uint64)
    coming = np.zeros(_WORDS * n, np.uint64)
    waits = np.zeros(n, np.uint8)
    now = np.empty(n, np.uint32)
    then = np.empty(n, np.uint32)
    asked = np.empty(_WORDS, np.uint64)
    live = np.empty(_WORDS, np.uint64)
    a = np.empty(_WORDS, np.uint64)
    b = np.empty(_WORDS, np.uint64)
    levels = np.zeros(64, np.int64)
    has_shares = shares.size > 0
    base = stream(key_high, key_low, purpose, block)
    n_worlds = np.uint64(sizes.size)
    n_now = _ZERO
    while n_now < np.uint64(starts.size):
        at = _WORDS * np.uint64(starts[n_now])
        now[n_now] = starts[n_now]
        w = _ZERO
        while w < _WORDS:
            word = _FULL
            if _64 * w >= n_worlds:
                word = _ZERO
            elif _64 * (w + _ONE) > n_worlds:
                word = (_ONE << (n_worlds - _64 * w)) - _ONE
            active[at + w] = word
            fresh[at + w] = word
            w += _ONE
        n_now += _ONE
    levels[_ZERO] += np.int64(n_now * n_worlds)
    step = _ZERO
    while n_now > _ZERO and step < max_steps:
        n_then = _ZERO
        i = _ZERO
        while i < n_now:
            v = np.uint64(now[i])
            at_v = _WORDS * v
            i += _ONE
            if has_shares:
                _drop_silent(fresh, at_v, base, v, shares)
            j = in_indptr[v]
            end = in_indptr[v + _ONE]
            while j < end:
                u = np.uint64(in_indices[j])
                at_u = _WORDS * u
                if j + _AHEAD < end:
                    prefetch(active, _WORDS * np.uint64(in_indices[j + _AHEAD]))
                    prefetch(coming, _WORDS * np.uint64(in_indices[j + _AHEAD]))
                p = arc_probability[j] if by_arc else node_probability[u]
                digits = np.uint64(np.int64(p * _TO_DIGITS))
                some = _ZERO
                w = _ZERO
                while w < _WORDS:
                    word = fresh[at_v + w] & ~(active[at_u + w] | coming[at_u + w])
                    asked[w] = word
                    live[w] = word if digits == _ONE << _DIGITS else _ZERO
                    some |= word & ~live[w]
                    w += _ONE
                if some != _ZERO:
                    _decide(asked, live, a, b, substream(base, j), digits)
                some = _ZERO
                w = _ZERO
                while w < _WORDS:
                    coming[at_u + w] |= live[w]
                    some |= live[w]
                    w += _ONE
                if some != _ZERO and waits[u] == 0:
                    waits[u] = 1
                    then[n_then] = np.uint32(u)
                    n_then += _ONE
                j += _ONE
        step += _ONE
        if step >= np.uint64(levels.size):
            levels = _longer(levels, step)
        i = _ZERO
        while i < n_now:
            w = _ZERO
            while w < _WORDS:
                fresh[_WORDS * np.uint64(now[i]) + w] = _ZERO
                w += _ONE
            i += _ONE
        i = _ZERO
        while i < n_then:
            at_u = _WORDS * np.uint64(then[i])
            now[i] = then[i]
            waits[then[i]] = 0
            w = _ZERO
            while w < _WORDS:
                word = coming[at_u + w]
                coming[at_u + w] = _ZERO
                fresh[at_u + w] = word
                active[at_u + w] |= word
                levels[step] += np.int64(popcount(word))
                w += _ONE
            i += _ONE
        n_now = n_then
    v = _ZERO
    while v < n:
        w = _ZERO
        while w < _WORDS:
            word = active[_WORDS * v + w]
            totals[v] += popcount(word)
            while word != _ZERO:
                sizes[_64 * w + trailing_zeros(word)] += np.uint32(1)
                word &= word - _ONE
            w += _ONE
        v += _ONE
    return levels
