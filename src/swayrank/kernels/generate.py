"""Random graphs as arrays of arcs, each drawn from streams that do not depend on who draws them.

Per row (stochastic blocks, of which G(n, p) is one block), per arc (RMAT, G(n, m)), or, where a model is a sequence by
its nature (Barabasi-Albert, Watts-Strogatz), from one stream in one pass.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, below, bits, stream, unit
from swayrank.kernels.skips import next_live

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_SHIFT32, _LOW32 = np.uint64(32), np.uint64(0xFFFFFFFF)
_EMPTY = np.uint64(0)
_REMOVED = np.uint64(0xFFFFFFFFFFFFFFFF)
_HASH = np.uint64(0x9E3779B97F4A7C15)


@kernel
def uniforms(key_high, key_low, purpose, first, out):
    """One number in (0, 1) for each item first, first + 1, ...: never 0, so that quantile functions stay finite."""
    i = _ZERO
    while i < np.uint64(out.size):
        r = bits(advance(stream(key_high, key_low, purpose, first + i)))
        out[i] = unit(r) + np.float64(2.0**-54)
        i += _ONE


@kernel
def shuffle(key_high, key_low, purpose, order):
    """Fisher and Yates: put `order` into a uniformly random order."""
    state = stream(key_high, key_low, purpose, _ZERO)
    i = np.uint64(order.size)
    while i > _ONE:
        state = advance(state)
        j = below(bits(state), i)
        i -= _ONE
        kept = order[i]
        order[i] = order[j]
        order[j] = kept


@kernel
def rmat_arcs(key_high, key_low, purpose, first, scale, n, thresholds, label, source, target):
    """RMAT arcs (Chakrabarti, Zhan, Faloutsos 2004): `scale` times choose a quadrant, 32 random bits each.

    thresholds[0..2] are a, a + b, a + b + c times 2**32. An arc that leaves the first n nodes is drawn anew.
    """
    to_a, to_b, to_c = thresholds[0], thresholds[1], thresholds[2]
    i = _ZERO
    while i < np.uint64(source.size):
        state = stream(key_high, key_low, purpose, first + i)
        while True:
            u = _ZERO
            v = _ZERO
            level = _ZERO
            while level < scale:
                state = advance(state)
                r = bits(state)
                half = r >> _SHIFT32
                down = np.uint64(half >= to_b)
                u = u + u + down
                v = v + v + (np.uint64(half >= to_a) ^ down ^ np.uint64(half >= to_c))
                level += _ONE
                if level < scale:
                    half = r & _LOW32
                    down = np.uint64(half >= to_b)
                    u = u + u + down
                    v = v + v + (np.uint64(half >= to_a) ^ down ^ np.uint64(half >= to_c))
                    level += _ONE
            if u < n and v < n:
                break
        source[i] = label[u]
        target[i] = label[v]
        i += _ONE


@kernel
def block_arcs(key_high, key_low, purpose, first, last, starts, skip, upper, no_probability, source, target):
    """Arcs of the rows first ... last - 1 of a stochastic block model; returns how many there are.

    Row u, in block a, meets block b with the probability behind skip[a, b] (see :mod:`swayrank.kernels.skips`). With
    `upper`, only pairs u < v. Writes only what fits: call with empty arrays to count.
    """
    n_blocks = np.uint64(starts.size - 1)
    room = np.uint64(source.size)
    found = _ZERO
    a = _ZERO
    u = first
    while u < last:
        while starts[a + _ONE] <= u:
            a += _ONE
        state = stream(key_high, key_low, purpose, u)
        b = _ZERO
        while b < n_blocks:
            v = starts[b]
            end = starts[b + _ONE]
            if upper and v <= u:
                v = min(u + _ONE, end)
            state, v = next_live(state, v, end, skip[a, b], no_probability)
            while v < end:
                if v != u:
                    if found < room:
                        source[found] = np.uint32(u)
                        target[found] = np.uint32(v)
                    found += _ONE
                state, v = next_live(state, v + _ONE, end, skip[a, b], no_probability)
            b += _ONE
        u += _ONE
    return found


@kernel
def pair_codes(key_high, key_low, purpose, first, n, upper, out):
    """A uniform pair u != v as u * n + v for each item; with `upper`, u < v."""
    i = _ZERO
    while i < np.uint64(out.size):
        state = advance(stream(key_high, key_low, purpose, first + i))
        u = below(bits(state), n)
        v = below(bits(advance(state)), n - _ONE)
        if v >= u:
            v += _ONE
        out[i] = v * n + u if upper and v < u else u * n + v
        i += _ONE


@kernel
def preferential_targets(key_high, key_low, purpose, n, m, target):
    """Whom each account from m on follows in the Barabasi-Albert model: target[(u - m) * m + i], m distinct ones.

    Account m follows 0 ... m - 1; each later one picks ends of earlier arcs uniformly, that is, accounts in proportion
    to their degree. The end 2e + 1 of arc e is its source m + e // m, the end 2e its target.
    """
    i = _ZERO
    while i < m:
        target[i] = np.uint32(i)
        i += _ONE
    state = stream(key_high, key_low, purpose, _ZERO)
    u = m + _ONE
    while u < n:
        row = (u - m) * m
        i = _ZERO
        while i < m:
            state = advance(state)
            r = bits(state)
            end = below(r, _TWO * row) if row < np.uint64(2**31) else r % (_TWO * row)
            arc = end >> _ONE
            chosen = np.uint64(target[arc]) if end & _ONE == _ZERO else m + arc // m
            fresh = True
            k = row
            while k < row + i:
                fresh &= np.uint64(target[k]) != chosen
                k += _ONE
            if fresh:
                target[row + i] = np.uint32(chosen)
                i += _ONE
        u += _ONE


@kernel
def _find_pair(table, code):
    """Slot of `code` in an open-addressing table of codes, or of the empty slot that ends its search."""
    mask = np.uint64(table.size - 1)
    slot = (code * _HASH) >> _SHIFT32 & mask
    while table[slot] != _EMPTY and table[slot] != code:
        slot = (slot + _ONE) & mask
    return slot


@kernel
def small_world(key_high, key_low, purpose, n, half, p, table, source, target):
    """Watts and Strogatz: a ring where each account meets `half` neighbours on either side, then rewired.

    In their order: for each distance, each account in turn; its edge to the neighbour at that distance is replaced with
    probability p by one to a uniformly drawn account that it does not meet yet. `table` holds the pairs of now (zeros
    at the start; its size is a power of two, at least 4 n half).
    """
    degree = np.full(np.int64(n), np.int64(_TWO * half))
    e = _ZERO
    distance = _ONE
    while distance <= half:
        u = _ZERO
        while u < n:
            v = (u + distance) % n
            source[e] = np.uint32(u)
            target[e] = np.uint32(v)
            code = min(u, v) * n + max(u, v) + _ONE
            table[_find_pair(table, code)] = code
            e += _ONE
            u += _ONE
        distance += _ONE
    state = stream(key_high, key_low, purpose, _ZERO)
    n_edges = e
    e = _ZERO
    while e < n_edges:
        u = np.uint64(source[e])
        state = advance(state)
        if unit(bits(state)) < p and np.uint64(degree[u]) < n - _ONE:
            while True:
                state = advance(state)
                w = below(bits(state), n)
                code = min(u, w) * n + max(u, w) + _ONE
                slot = _find_pair(table, code)
                if w != u and table[slot] != code:
                    break
            table[slot] = code
            v = np.uint64(target[e])
            table[_find_pair(table, min(u, v) * n + max(u, v) + _ONE)] = _REMOVED
            degree[v] -= 1
            degree[w] += 1
            target[e] = np.uint32(w)
        e += _ONE
