"""Independent Cascade on arrays: live-edge cascades forward, reverse-reachable (RR) sets backward.

An arc (u, v) says that u follows v; when v is active, it gets one chance to activate u, and the arc is *live* if that
chance works. A cascade walks the rows of followers (in-arcs), an RR set walks the rows of followed accounts (out-arcs):
RR(w) holds every account from which w is reached over live arcs, so P[v in RR(w)] = P[v activates w].

Rows say how their arcs are drawn through one number each, `skip`::

    skip < 0     all arcs have the same p < 1: jump from live arc to live arc, skip = 1 / log(1 - p)
    skip == 0    p = 1: all arcs are live
    skip > 0     p = 0: none is
    skip is NaN  the arcs differ: one draw for each, against its own probability

Item i (one set, one cascade) draws from the stream (key, purpose, i) alone. The plain RR kernel and the one that keeps
many sets in flight visit accounts first in, first out, and draw in that order, so they make the same sets item by item.
Neither stores a set: they count memberships.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from swayrank.kernels.jit import bits_float, float_bits, kernel, prefetch
from swayrank.kernels.random import advance, below, bits, geometric, stream, unit

LANES = 16
"""RR sets in flight at once; more than 8 and up to 32 measured about the same."""

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_LANES = np.uint64(LANES)
_BATCH = np.uint64(16)
_START = np.uint64(256)
_MARK = np.uint32(1)
_NO_MARK = np.uint32(0)
_DEAD = np.float64(0.0)


def row_skips(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each row's `skip` for the probability that all of its arcs have, or for NaN where they differ."""
    with np.errstate(divide="ignore", over="ignore"):
        skip = np.where(probability < 1.0, 1.0 / np.log1p(-probability), 0.0)
    skip[probability == 0.0] = np.inf
    skip[np.isnan(probability)] = np.nan
    skip.flags.writeable = False
    return skip


@kernel
def next_live(state, j, end, skip, probability):
    """The stream's new state and the first live arc at or after j, or `end`; draws nothing where j is the end."""
    if j >= end:
        return state, end
    if skip < _DEAD:
        state = advance(state)
        jump = geometric(bits(state), skip)
        if jump < end - j:
            return state, j + jump
        return state, end
    if skip == _DEAD:
        return state, j
    if skip > _DEAD:
        return state, end
    while j < end:
        state = advance(state)
        if unit(bits(state)) < probability[j]:
            break
        j += _ONE
    return state, j


@kernel
def pack_rows(indptr, skip, rows):
    """Put each row's begin and skip side by side (one cache line instead of two): rows[2v], rows[2v + 1]."""
    n = np.uint64(skip.size)
    v = _ZERO
    while v < n:
        rows[_TWO * v] = indptr[v]
        rows[_TWO * v + _ONE] = float_bits(skip[v])
        v += _ONE
    rows[_TWO * n] = indptr[n]


@kernel
def rr_counts(indptr, indices, skip, probability, key_high, key_low, purpose, first, last, hits):
    """Make the RR sets first ... last - 1 one at a time; hits[v] counts the sets that hold v and whose root is not v.

    The plain statement of :func:`rr_counts_lanes`. Marks are set numbers, so nothing is cleared between sets.
    Returns the number of members of all sets, roots included, and of the largest.
    """
    n = np.uint64(skip.size)
    mark = np.zeros(skip.size, np.uint32)
    queue = np.empty(skip.size, np.uint32)
    members = _ZERO
    largest = _ZERO
    tag = _NO_MARK
    item = first
    while item < last:
        tag += _MARK
        state = advance(stream(key_high, key_low, purpose, item))
        root = below(bits(state), n)
        mark[root] = tag
        queue[_ZERO] = np.uint32(root)
        head = _ZERO
        tail = _ONE
        while head < tail:
            v = np.uint64(queue[head])
            head += _ONE
            end = indptr[v + _ONE]
            state, j = next_live(state, indptr[v], end, skip[v], probability)
            while j < end:
                u = np.uint64(indices[j])
                if mark[u] != tag:
                    mark[u] = tag
                    hits[u] += _MARK
                    queue[tail] = np.uint32(u)
                    tail += _ONE
                state, j = next_live(state, j + _ONE, end, skip[v], probability)
        members += tail
        largest = max(largest, tail)
        item += _ONE
    return members, largest


@kernel
def _grown(queue, used):
    """The same lanes with twice the room; copies what is used, so that memory never touched is never taken."""
    wider = np.empty((queue.shape[0], queue.shape[1] * 2), np.uint32)
    for lane in range(queue.shape[0]):
        wider[lane, : used[lane]] = queue[lane, : used[lane]]
    return wider


@kernel
def rr_counts_lanes(rows, indices, probability, key_high, key_low, purpose, first, last, hits):
    """The same sets and counts as :func:`rr_counts`, with 16 sets in flight so that cache misses overlap.

    Each turn of a lane does one short step of its set and asks for the memory that the next step will touch:
    drawn arcs -> their accounts -> their marks -> their rows. Per account there is one word of marks, one bit for each
    lane, beside its count; a finished set's bits are cleared by walking its members, which are still near.
    """
    n = np.uint64((rows.size - 1) // 2)
    marks = np.zeros(_TWO * n, np.uint32)  # marks[2v]: the lanes that hold v; marks[2v + 1]: hits of v
    queue = np.empty((LANES, _START), np.uint32)
    room = _START
    drawn = np.empty((LANES, _BATCH), np.uint64)
    found = np.empty((LANES, _BATCH), np.uint32)
    n_drawn = np.zeros(LANES, np.uint64)
    n_found = np.zeros(LANES, np.uint64)
    head = np.zeros(LANES, np.uint64)
    tail = np.zeros(LANES, np.uint64)
    row_at = np.zeros(LANES, np.uint64)
    row_end = np.zeros(LANES, np.uint64)
    row_skip = np.zeros(LANES, np.float64)
    states = np.zeros(LANES, np.uint64)
    busy = np.zeros(LANES, np.uint32)
    members = _ZERO
    largest = _ZERO
    item = first
    running = _ONE
    while running > _ZERO:
        running = _ZERO
        lane = _ZERO
        while lane < _LANES:
            bit = np.uint32(_ONE << lane)
            if busy[lane] == _NO_MARK:
                if item < last:  # the root waits in `found`, so that its memory is asked for like everybody's
                    state = advance(stream(key_high, key_low, purpose, item))
                    root = below(bits(state), n)
                    states[lane] = state
                    found[lane, _ZERO] = np.uint32(root)
                    prefetch(marks, _TWO * root)
                    n_found[lane] = _ONE
                    head[lane] = _ZERO
                    tail[lane] = _ZERO
                    row_at[lane] = _ZERO
                    row_end[lane] = _ZERO
                    busy[lane] = _MARK
                    item += _ONE
                    running += _ONE
                lane += _ONE
                continue
            running += _ONE
            # absorb: accounts whose marks were asked for a turn ago
            t = tail[lane]
            if t + _BATCH > room:
                queue = _grown(queue, tail)
                room = room * _TWO
            k = _ZERO
            while k < n_found[lane]:
                u = np.uint64(found[lane, k])
                word = marks[_TWO * u]
                if word & bit == _NO_MARK:
                    marks[_TWO * u] = word | bit
                    if t > _ZERO:  # the root does not count
                        marks[_TWO * u + _ONE] += _MARK
                    queue[lane, t] = np.uint32(u)
                    t += _ONE
                    prefetch(rows, _TWO * u)
                k += _ONE
            tail[lane] = t
            # resolve: arcs that were asked for a turn ago
            k = _ZERO
            while k < n_drawn[lane]:
                u32 = indices[drawn[lane, k]]
                found[lane, k] = u32
                prefetch(marks, _TWO * np.uint64(u32))
                k += _ONE
            n_found[lane] = n_drawn[lane]
            # draw: live arcs of the account at the head, at most a batch of them
            k = _ZERO
            j = row_at[lane]
            end = row_end[lane]
            state = states[lane]
            if j == end and head[lane] < t:
                v = np.uint64(queue[lane, head[lane]])
                head[lane] += _ONE
                j = rows[_TWO * v]
                end = rows[_TWO * v + _TWO]
                row_skip[lane] = bits_float(rows[_TWO * v + _ONE])
            skip = row_skip[lane]
            while k < _BATCH and j < end:  # j is the first arc that is not decided yet
                state, j = next_live(state, j, end, skip, probability)
                if j < end:
                    drawn[lane, k] = j
                    prefetch(indices, j)
                    k += _ONE
                    j += _ONE
            n_drawn[lane] = k
            row_at[lane] = j
            row_end[lane] = end
            states[lane] = state
            if k == _ZERO and n_found[lane] == _ZERO and j == end and head[lane] == t:
                z = _ZERO
                while z < t:
                    marks[_TWO * np.uint64(queue[lane, z])] &= ~bit
                    z += _ONE
                members += t
                largest = max(largest, t)
                busy[lane] = _NO_MARK
            lane += _ONE
    v = _ZERO
    while v < n:
        hits[v] += marks[_TWO * v + _ONE]
        v += _ONE
    return members, largest


@kernel
def cascades(
    in_indptr,
    in_indices,
    skip,
    arc_probability,
    node_probability,
    seeds,
    key_high,
    key_low,
    purpose,
    first,
    sizes,
    activations,
    step_totals,
):
    """Run cascades first, first + 1, ... from `seeds`, one for each entry of `sizes`; returns the largest step reached.

    sizes[i] becomes the number of activated accounts, seeds included; activations[v] and step_totals[t] are added to
    (there are at most n steps). Each arc gets its one chance at the moment when the followed account becomes active;
    arcs to accounts that are active already need no draw.

    A row of followers whose arcs differ (skip NaN) reads ``arc_probability`` (in-arc order) or, where that is empty,
    ``node_probability`` of the follower.
    """
    by_node = arc_probability.size == 0
    mark = np.zeros(skip.size, np.uint32)
    queue = np.empty(skip.size, np.uint32)
    deepest = _ZERO
    tag = _NO_MARK
    run = _ZERO
    n_runs = np.uint64(sizes.size)
    while run < n_runs:
        tag += _MARK
        state = stream(key_high, key_low, purpose, first + run)
        tail = _ZERO
        while tail < np.uint64(seeds.size):
            mark[seeds[tail]] = tag
            queue[tail] = seeds[tail]
            tail += _ONE
        head = _ZERO
        step = _ZERO
        while head < tail:
            level_end = tail
            step_totals[step] += np.int64(level_end - head)
            while head < level_end:
                v = np.uint64(queue[head])
                head += _ONE
                j = in_indptr[v]
                end = in_indptr[v + _ONE]
                jump = skip[v]
                if jump == jump:
                    state, j = next_live(state, j, end, jump, arc_probability)
                    while j < end:
                        u = np.uint64(in_indices[j])
                        if mark[u] != tag:
                            mark[u] = tag
                            queue[tail] = np.uint32(u)
                            tail += _ONE
                        state, j = next_live(state, j + _ONE, end, jump, arc_probability)
                else:
                    while j < end:
                        u = np.uint64(in_indices[j])
                        if mark[u] != tag:
                            p = node_probability[u] if by_node else arc_probability[j]
                            state = advance(state)
                            if unit(bits(state)) < p:
                                mark[u] = tag
                                queue[tail] = np.uint32(u)
                                tail += _ONE
                        j += _ONE
            step += _ONE
        deepest = max(deepest, step - _ONE)
        sizes[run] = np.int64(tail)
        k = _ZERO
        while k < tail:
            activations[queue[k]] += _ONE
            k += _ONE
        run += _ONE
    return deepest


@kernel
def reached(in_indptr, in_indices, skip, arc_probability, node_probability, seeds):
    """How many accounts can be activated from `seeds` at all: a walk over the arcs with p > 0."""
    by_node = arc_probability.size == 0
    seen = np.zeros(skip.size, np.uint8)
    queue = np.empty(skip.size, np.uint32)
    tail = _ZERO
    while tail < np.uint64(seeds.size):
        seen[seeds[tail]] = 1
        queue[tail] = seeds[tail]
        tail += _ONE
    head = _ZERO
    while head < tail:
        v = np.uint64(queue[head])
        head += _ONE
        j = in_indptr[v]
        end = in_indptr[v + _ONE]
        if skip[v] > _DEAD:
            j = end
        while j < end:
            u = np.uint64(in_indices[j])
            possible = skip[v] == skip[v]
            if not possible:
                possible = (node_probability[u] if by_node else arc_probability[j]) > _DEAD
            if possible and seen[u] == 0:
                seen[u] = 1
                queue[tail] = np.uint32(u)
                tail += _ONE
            j += _ONE
    return tail


@kernel
def trivalency(key_high, key_low, purpose, first, out):
    """Give arc first + i one of 0.1, 0.01, 0.001 with equal chances, from its own stream."""
    three = np.uint64(3)
    i = _ZERO
    while i < np.uint64(out.size):
        choice = below(bits(advance(stream(key_high, key_low, purpose, first + i))), three)
        out[i] = 0.1 if choice == _ZERO else (0.01 if choice == _ONE else 0.001)
        i += _ONE
