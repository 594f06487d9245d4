"""Ids to node numbers: open-addressing hash tables over int64 values and over byte strings.

Numbers are given in the order of first appearance. A table is one array of uint64 slots, a power of two long and at
most half full; a slot holds (low half of the key's hash) << 32 | number, and its place is the hash's top bits, then
linear probing. So one cache line usually settles a miss, and a hit costs one look at the key itself. The table that
is kept with a graph drops the upper halves: uint32 slots at the same places.

Items are worked on in batches, each in passes that bring near what the next pass needs: a table larger than the cache
costs the misses of a batch at once, not one after the other (2-3x on 5 M distinct ids).

The interning kernels stop early, and return the first item not done, when the next batch might not fit; the caller
enlarges the arrays and calls again. Text is read through read-only views, written through `blob`; `blob_view` is a
read-only view of `blob`.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel, prefetch

BATCH = np.uint64(64)
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
EMPTY_32 = np.uint32(0xFFFFFFFF)
_LOW = np.uint64(0xFFFFFFFF)
_ZERO, _ONE, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
_S8, _S16, _S24, _S32, _S40, _S48, _S56 = (np.uint64(8 * k) for k in range(1, 8))
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_SEED = np.uint64(0x2D358DCCAA6C78A5)
_LENGTH = np.uint64(0x9E3779B97F4A7C15)
_WORD = np.uint64(0xD6E8FEB86659FD93)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@kernel
def mix(z):
    """SplitMix64's finaliser: every bit of `z` reaches every bit of the answer."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@kernel
def hash_int(value):
    """64-bit hash of an int64."""
    return mix(np.uint64(value) + _LENGTH)


@kernel(inline=True)
def load_word(text, i):
    """Bytes i .. i+7 as a little-endian uint64; LLVM makes one load of it."""
    return (
        np.uint64(text[i])
        | np.uint64(text[i + np.uint64(1)]) << _S8
        | np.uint64(text[i + np.uint64(2)]) << _S16
        | np.uint64(text[i + np.uint64(3)]) << _S24
        | np.uint64(text[i + np.uint64(4)]) << _S32
        | np.uint64(text[i + np.uint64(5)]) << _S40
        | np.uint64(text[i + np.uint64(6)]) << _S48
        | np.uint64(text[i + np.uint64(7)]) << _S56
    )


@kernel(inline=True)
def load_tail(text, i, stop):
    """The 1 to 7 bytes i .. stop-1 as a little-endian uint64, zeros above."""
    if np.uint64(text.size) - i >= _EIGHT:  # a whole word lies there: load it and mask what is beyond
        return load_word(text, i) & ((_ONE << ((stop - i) << np.uint64(3))) - _ONE)
    word = _ZERO
    shift = _ZERO
    while i < stop:
        word |= np.uint64(text[i]) << shift
        shift += _S8
        i += _ONE
    return word


@kernel(inline=True)
def hash_bytes(text, start, stop):
    """64-bit hash of text[start:stop]: h = (h ^ word) * K, h ^= h >> 32 over little-endian words, then `mix`.

    Each step is a bijection of h for a given word and of the word for a given h, so two strings of one length that
    differ in a single word never collide, and the length is hashed in. Not for use against a chosen adversary.
    """
    i = start
    h = (stop - start) * _LENGTH + _SEED
    while stop - i >= _EIGHT:
        h = (h ^ load_word(text, i)) * _WORD
        h ^= h >> _S32
        i += _EIGHT
    if i < stop:
        h = (h ^ load_tail(text, i, stop)) * _WORD
        h ^= h >> _S32
    return mix(h)


@kernel(inline=True)
def same_bytes(a, i, b, j, length):
    """Whether a[i:i+length] equals b[j:j+length]."""
    stop = i + length
    while stop - i >= _EIGHT:
        if load_word(a, i) != load_word(b, j):
            return False
        i += _EIGHT
        j += _EIGHT
    if i < stop:
        return load_tail(a, i, stop) == load_tail(b, j, j + (stop - i))
    return True


@kernel
def intern_strings(text, starts, stops, first, slots, shift, blob, blob_view, offsets, size, codes):
    """Number the strings text[starts[i]:stops[i]], i >= first; new ones are appended to `blob`.

    `offsets[k]:offsets[k + 1]` of `blob` is string k, `size[0]` their number; `shift` is 64 - log2(slots.size).
    Returns the first item not done: one batch must fit before it is begun.
    """
    n = np.uint64(starts.size)
    mask = np.uint64(slots.size) - _ONE
    half = np.uint64(slots.size) >> _ONE
    room = np.uint64(offsets.size) - _ONE
    count = size[0]
    used = offsets[count]
    hashes = np.empty(BATCH, np.uint64)
    i = np.uint64(first)
    while i < n:
        end = min(i + BATCH, n)
        need = _ZERO
        for k in range(i, end):
            a, b = np.uint64(starts[k]), np.uint64(stops[k])
            h = hash_bytes(text, a, b)
            hashes[k - i] = h
            prefetch(slots, h >> shift)
            need += b - a
        if count + BATCH > min(half, room) or used + need > np.uint64(blob.size):
            break
        for k in range(i, end):
            slot = slots[hashes[k - i] >> shift]
            if slot != EMPTY:
                prefetch(offsets, slot & _LOW)
        for k in range(i, end):
            slot = slots[hashes[k - i] >> shift]
            if slot != EMPTY:
                prefetch(blob, offsets[slot & _LOW])
        for k in range(i, end):
            h = hashes[k - i]
            a = np.uint64(starts[k])
            length = np.uint64(stops[k]) - a
            place = h >> shift
            while True:
                slot = slots[place]
                if slot == EMPTY:
                    slots[place] = (h << _S32) | count
                    for j in range(length):
                        blob[used + np.uint64(j)] = text[a + np.uint64(j)]
                    used += length
                    codes[k] = np.uint32(count)
                    count += _ONE
                    offsets[count] = used
                    break
                if slot >> _S32 == h & _LOW:
                    code = slot & _LOW
                    there = offsets[code]
                    if offsets[code + _ONE] - there == length and same_bytes(text, a, blob_view, there, length):
                        codes[k] = np.uint32(code)
                        break
                place = (place + _ONE) & mask
        i = end
    size[0] = count
    return i


@kernel
def fill_string_slots(blob, offsets, count, slots, shift):
    """Enter strings 0 .. count-1, all different, into empty `slots`."""
    n = np.uint64(count)
    mask = np.uint64(slots.size) - _ONE
    hashes = np.empty(BATCH, np.uint64)
    i = _ZERO
    while i < n:
        end = min(i + BATCH, n)
        for k in range(i, end):
            h = hash_bytes(blob, offsets[np.uint64(k)], offsets[np.uint64(k) + _ONE])
            hashes[k - i] = h
            prefetch(slots, h >> shift)
        for k in range(i, end):
            h = hashes[k - i]
            place = h >> shift
            while slots[place] != EMPTY:
                place = (place + _ONE) & mask
            slots[place] = (h << _S32) | np.uint64(k)
        i = end


@kernel
def hash_strings(text, starts, stops, hashes):
    """The hash of every string text[starts[k]:stops[k]]; `hashes` is uint64."""
    for k in range(np.uint64(hashes.size)):
        i = np.uint64(k)
        hashes[i] = hash_bytes(text, np.uint64(starts[i]), np.uint64(stops[i]))


@kernel
def find_strings(text, starts, stops, slots, shift, blob, offsets, codes):
    """Number of each string text[starts[i]:stops[i]], 2**32-1 where it is not in the table."""
    n = np.uint64(starts.size)
    mask = np.uint64(slots.size) - _ONE
    places = np.empty(BATCH, np.uint64)
    i = _ZERO
    while i < n:
        end = min(i + BATCH, n)
        for k in range(i, end):
            place = hash_bytes(text, np.uint64(starts[k]), np.uint64(stops[k])) >> shift
            places[k - i] = place
            prefetch(slots, place)
        for k in range(i, end):
            code = slots[places[k - i]]
            if code != EMPTY_32:
                prefetch(offsets, np.uint64(code))
        for k in range(i, end):
            a = np.uint64(starts[k])
            length = np.uint64(stops[k]) - a
            place = places[k - i]
            code = slots[place]
            while code != EMPTY_32:
                there = offsets[np.uint64(code)]
                if offsets[np.uint64(code) + _ONE] - there == length and same_bytes(text, a, blob, there, length):
                    break
                place = (place + _ONE) & mask
                code = slots[place]
            codes[k] = code
        i = end


@kernel
def intern_ints(values, first, slots, shift, keys, size, codes):
    """Number the int64 `values`, i >= first, by a hash table; new ones are appended to `keys`. See `intern_strings`."""
    n = np.uint64(values.size)
    mask = np.uint64(slots.size) - _ONE
    room = min(np.uint64(slots.size) >> _ONE, np.uint64(keys.size))
    count = size[0]
    hashes = np.empty(BATCH, np.uint64)
    i = np.uint64(first)
    while i < n and count + BATCH <= room:
        end = min(i + BATCH, n)
        for k in range(i, end):
            h = hash_int(values[k])
            hashes[k - i] = h
            prefetch(slots, h >> shift)
        for k in range(i, end):
            slot = slots[hashes[k - i] >> shift]
            if slot != EMPTY:
                prefetch(keys, slot & _LOW)
        for k in range(i, end):
            h = hashes[k - i]
            place = h >> shift
            while True:
                slot = slots[place]
                if slot == EMPTY:
                    slots[place] = (h << _S32) | count
                    keys[count] = values[k]
                    codes[k] = np.uint32(count)
                    count += _ONE
                    break
                if slot >> _S32 == h & _LOW and keys[slot & _LOW] == values[k]:
                    codes[k] = np.uint32(slot & _LOW)
                    break
                place = (place + _ONE) & mask
        i = end
    size[0] = count
    return i


@kernel
def intern_small_ints(values, first, table, keys, size, codes):
    """Number int64 `values` that are all in [0, table.size) by looking them up in `table` (2**32-1: not seen yet).

    Returns the first item not done: its value lies outside the table, or `keys` is full.
    """
    n = np.uint64(values.size)
    span = np.uint64(table.size)
    room = np.uint64(keys.size)
    ahead = np.uint64(16)
    count = size[0]
    i = np.uint64(first)
    while i < n:
        value = np.uint64(values[i])  # a negative one becomes huge
        if value >= span or count >= room:
            break
        if i + ahead < n:
            prefetch(table, min(np.uint64(values[i + ahead]), span - _ONE))
        code = table[value]
        if code == EMPTY_32:
            code = np.uint32(count)
            table[value] = code
            keys[count] = values[i]
            count += _ONE
        codes[i] = code
        i += _ONE
    size[0] = count
    return i


@kernel
def number_pairs(u, v, table, keys, size):
    """Number the uint32 values of two columns, row by row and in place; all lie in [0, table.size).

    `table` and `keys` as in `intern_small_ints`; `keys` has room for every value that is not known yet.
    """
    n = np.uint64(u.size)
    ahead = np.uint64(16)
    count = size[0]
    for row in range(n):
        i = np.uint64(row)
        if i + ahead < n:
            prefetch(table, np.uint64(u[i + ahead]))
            prefetch(table, np.uint64(v[i + ahead]))
        value = np.uint64(u[i])
        code = table[value]
        if code == EMPTY_32:
            code = np.uint32(count)
            table[value] = code
            keys[count] = np.int64(value)
            count += _ONE
        u[i] = code
        value = np.uint64(v[i])
        code = table[value]
        if code == EMPTY_32:
            code = np.uint32(count)
            table[value] = code
            keys[count] = np.int64(value)
            count += _ONE
        v[i] = code
    size[0] = count


@kernel
def fill_int_slots(keys, count, slots, shift):
    """Enter keys 0 .. count-1, all different, into empty `slots`."""
    n = np.uint64(count)
    mask = np.uint64(slots.size) - _ONE
    ahead = np.uint64(16)
    for code in range(n):
        k = np.uint64(code)
        if k + ahead < n:
            prefetch(slots, hash_int(keys[k + ahead]) >> shift)
        h = hash_int(keys[k])
        place = h >> shift
        while slots[place] != EMPTY:
            place = (place + _ONE) & mask
        slots[place] = (h << _S32) | k


@kernel
def find_ints(values, slots, shift, keys, codes):
    """Number of each int64 value, 2**32-1 where it is not in the table."""
    mask = np.uint64(slots.size) - _ONE
    n = np.uint64(values.size)
    ahead = np.uint64(8)
    for item in range(n):
        i = np.uint64(item)
        if i + ahead < n:
            prefetch(slots, hash_int(values[i + ahead]) >> shift)
        place = hash_int(values[i]) >> shift
        code = slots[place]
        while code != EMPTY_32 and keys[np.uint64(code)] != values[i]:
            place = (place + _ONE) & mask
            code = slots[place]
        codes[i] = code
