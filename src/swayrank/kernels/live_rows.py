"""Rows of arcs that change: a graph's own rows, and copies of those that have changed in an arena beside them.

A row is ``(start, length, room)`` for each of two sides, 0 the out-rows and 1 the in-rows. With room 0 it lies in the
graph (`out_base`, `in_base`), which nobody writes to; else it is ``arena[start:start + length]`` and may grow to
`room`. Rows stay sorted. A row that outgrows its room moves to the end of the arena: twice the room, so that an arc
costs O(1) copies on average, and one search and one shift of its two rows.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)
SPARE = np.uint64(4)
OUT, IN = np.uint64(0), np.uint64(1)


@kernel
def place_of(row, start, stop, node):
    """The first place in the sorted ``row[start:stop]`` whose node is not below `node`."""
    low, high = np.uint64(start), np.uint64(stop)
    while low < high:
        middle = (low + high) >> ONE
        if row[middle] < node:
            low = middle + ONE
        else:
            high = middle
    return low


@kernel
def has_arc(out_base, arena_view, start, length, room, u, v):
    """Whether u -> v is there."""
    a, b = np.uint64(u), np.uint64(v)
    row = out_base if room[OUT, a] == 0 else arena_view
    first = start[OUT, a]
    stop = first + np.uint64(length[OUT, a])
    place = place_of(row, first, stop, b)
    return place < stop and row[place] == b


@kernel
def own_row(side, node, base, start, length, room, arena, used):
    """Bring a row into the arena with room for one more; gives its first place."""
    count = np.uint64(length[side, node])
    first = start[side, node]
    if np.uint64(room[side, node]) > count:
        return first
    target = used[ZERO]
    if room[side, node] == 0:
        for i in range(count):
            arena[target + np.uint64(i)] = base[first + np.uint64(i)]
    else:
        for i in range(count):
            arena[target + np.uint64(i)] = arena[first + np.uint64(i)]
    start[side, node] = target
    room[side, node] = np.uint32(count + count + SPARE)
    used[ZERO] = target + count + count + SPARE
    return target


@kernel
def put(side, node, other, base, start, length, room, arena, arena_view, used):
    """Write `other` into its place in a row that lacks it."""
    first = own_row(side, node, base, start, length, room, arena, used)
    stop = first + np.uint64(length[side, node])
    place = place_of(arena_view, first, stop, other)
    i = stop
    while i > place:
        arena[i] = arena[i - ONE]
        i -= ONE
    arena[place] = np.uint32(other)
    length[side, node] += np.uint32(1)


@kernel
def take(side, node, other, base, start, length, room, arena, arena_view, used):
    """Remove `other` from a row that has it."""
    first = own_row(side, node, base, start, length, room, arena, used)
    last = first + np.uint64(length[side, node]) - ONE
    i = place_of(arena_view, first, last, other)
    while i < last:
        arena[i] = arena[i + ONE]
        i += ONE
    length[side, node] -= np.uint32(1)


@kernel
def change_rows(u, v, adding, begin, out_base, in_base, start, length, room, arena, arena_view, used, done):
    """Put the arcs ``u[i] -> v[i]`` in (or take them out, with `adding` 0), from number `begin` on.

    ``done[i]`` is 1 where that changed something: the arc was not there (was there). Gives the number of the first arc
    that the arena has no room for, or how many arcs there are.
    """
    space = np.uint64(arena.size)
    for at in range(np.uint64(begin), np.uint64(u.size)):
        i = np.uint64(at)
        a, b = np.uint64(u[i]), np.uint64(v[i])
        both = np.uint64(length[OUT, a]) + np.uint64(length[IN, b])
        if used[ZERO] + both + both + SPARE + SPARE > space:
            return i
        there = has_arc(out_base, arena_view, start, length, room, a, b)
        done[i] = np.uint8(0)
        if adding > 0 and not there:
            put(OUT, a, b, out_base, start, length, room, arena, arena_view, used)
            put(IN, b, a, in_base, start, length, room, arena, arena_view, used)
            done[i] = np.uint8(1)
        elif adding == 0 and there:
            take(OUT, a, b, out_base, start, length, room, arena, arena_view, used)
            take(IN, b, a, in_base, start, length, room, arena, arena_view, used)
            done[i] = np.uint8(1)
    return np.uint64(u.size)


@kernel
def write_rows(side, base, arena_view, start, length, room, indptr, indices):
    """All rows of one side, one after the other: ``indices[indptr[v]:indptr[v + 1]]``."""
    s = np.uint64(side)
    for node in range(np.uint64(indptr.size) - ONE):
        v = np.uint64(node)
        row = base if room[s, v] == 0 else arena_view
        first, target = start[s, v], indptr[v]
        for i in range(np.uint64(length[s, v])):
            indices[target + np.uint64(i)] = row[first + np.uint64(i)]


@kernel
def neighbours(out_base, in_base, arena_view, start, length, room, node, found):
    """Write the nodes adjacent to `node` either way, itself excepted, once each; gives how many."""
    v = np.uint64(node)
    outs = out_base if room[OUT, v] == 0 else arena_view
    ins = in_base if room[IN, v] == 0 else arena_view
    i, j = start[OUT, v], start[IN, v]
    i_end, j_end = i + np.uint64(length[OUT, v]), j + np.uint64(length[IN, v])
    count = ZERO
    while i < i_end or j < j_end:
        # Nodes are below 2^32 - 1, so this one is above all.
        a = np.uint64(outs[i]) if i < i_end else np.uint64(0xFFFFFFFF)
        b = np.uint64(ins[j]) if j < j_end else np.uint64(0xFFFFFFFF)
        w = min(a, b)
        i += ONE if a == w else ZERO
        j += ONE if b == w else ZERO
        if w != v:
            found[count] = np.uint32(w)
            count += ONE
    return count
