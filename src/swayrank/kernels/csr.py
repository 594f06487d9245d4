"""Arcs into compressed sparse rows: partition, scatter, deduplicate, combine.

An arc list becomes rows by a counting sort on its keys (the row numbers), done in two cache-sized steps: a chunk of
arcs is partitioned by the high bits of the key into its own slice of scratch (:func:`partition`), then one bucket,
a range of rows, is gathered from all chunks and counted out row by row (:func:`scatter`). Both steps are stable and
each task writes one slice that no other task touches, so threads need no locks and the bits depend on nobody's speed.
Since the sort is stable, keys taken in ascending order of the other end give sorted rows: sorting by target, then
walking the targets and sorting by source, orders the out-rows; once more back orders the in-rows.

An arc is a row of 32-bit words: key, value, and one or two payload words (its number in the input) if it has columns.
Cost: O(arcs) per sort, 8 bytes of scratch per arc and 4 per payload word.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)
KEEP_LOOPS = np.uint64(0)
DROP_LOOPS = np.uint64(1)
DROP_MIRRORED_LOOPS = np.uint64(2)
"""Of two mirrored arcs, which stand at 2i and 2i + 1, a self-loop keeps the first."""
_SMALL = np.uint64(24)


@kernel
def partition(keys, values, shift, loops, offsets, out):
    """Order a chunk of arcs by ``key >> shift``, stably.

    keys uint32[k]; values uint32[k, w]; offsets uint32[buckets + 1], zeroed: becomes where each bucket begins;
    out uint32[k, w + 1]: key and values, bucket after bucket. `loops` says which arcs with key == value[0] to drop.
    """
    n_arcs = np.uint64(keys.size)
    width = np.uint64(values.shape[1])
    n_buckets = np.uint64(offsets.size - 1)
    for i in range(n_arcs):
        key = keys[i]
        if loops != KEEP_LOOPS and key == values[i, ZERO] and (loops == DROP_LOOPS or (i & ONE) == ONE):
            continue
        offsets[(np.uint64(key) >> shift) + ONE] += np.uint32(1)
    for b in range(n_buckets):
        offsets[b + ONE] += offsets[b]
    cursors = offsets.copy()
    for i in range(n_arcs):
        key = keys[i]
        if loops != KEEP_LOOPS and key == values[i, ZERO] and (loops == DROP_LOOPS or (i & ONE) == ONE):
            continue
        b = np.uint64(key) >> shift
        place = np.uint64(cursors[b])
        cursors[b] += np.uint32(1)
        out[place, ZERO] = key
        out[place, ONE] = values[i, ZERO]
        for w in range(ONE, width):
            out[place, w + ONE] = values[i, w]


@kernel
def scatter(arcs, begins, ends, first_row, degrees, out):
    """Gather one bucket from every chunk and lay its rows out, stably.

    arcs uint32[m, w + 1]: the partitioned scratch; begins, ends uint64[chunks]: where the bucket lies in it;
    degrees uint64[rows], zeroed: becomes the number of arcs of the rows `first_row`, ...; out uint32[k, w].
    """
    n_chunks = np.uint64(begins.size)
    n_rows = np.uint64(degrees.size)
    width = np.uint64(out.shape[1])
    for c in range(n_chunks):
        for a in range(begins[c], ends[c]):
            degrees[np.uint64(arcs[a, ZERO]) - first_row] += ONE
    cursors = np.empty(degrees.size, np.uint64)
    total = ZERO
    for r in range(n_rows):
        cursors[r] = total
        total += degrees[r]
    for c in range(n_chunks):
        for a in range(begins[c], ends[c]):
            r = np.uint64(arcs[a, ZERO]) - first_row
            place = cursors[r]
            cursors[r] = place + ONE
            out[place, ZERO] = arcs[a, ONE]
            for w in range(ONE, width):
                out[place, w] = arcs[a, w + ONE]


@kernel
def count_distinct(values, degrees, distinct):
    """How many different neighbours each sorted row has.

    values uint32[k, w]: neighbours in column 0, row after row; degrees, distinct uint64[rows].
    """
    n_rows = np.uint64(degrees.size)
    a = ZERO
    for r in range(n_rows):
        n = ZERO
        end = a + degrees[r]
        if a < end:
            n = ONE
            a += ONE
            while a < end:
                if values[a, ZERO] != values[a - ONE, ZERO]:
                    n += ONE
                a += ONE
        distinct[r] = n


@kernel
def first_of_runs(values, indptr, first_row, out):
    """Positions in `values` of the first arc of each run of equal neighbours, for rows from `first_row` on.

    values uint32[m, w], all rows; indptr uint64[n + 1] of `values`; out uint64[k].
    """
    end_of_rows = np.uint64(indptr.size - 1)
    r = first_row
    filled = ZERO
    wanted = np.uint64(out.size)
    while filled < wanted and r < end_of_rows:
        a = indptr[r]
        end = indptr[r + ONE]
        first = a
        while a < end:
            if a == first or values[a, ZERO] != values[a - ONE, ZERO]:
                out[filled] = a
                filled += ONE
            a += ONE
        r += ONE


@kernel
def combine_runs(values, starts, noisy_or, out):
    """One number for each run of values: their sum, or 1 - prod(1 - p).

    values float64[m], which is sorted within each run on the way, so that the order of the input changes no bit;
    starts uint64[k + 1]; out float64[k].
    """
    n_runs = np.uint64(starts.size - 1)
    for r in range(n_runs):
        begin = starts[r]
        n = starts[r + ONE] - begin
        if n > _SMALL:
            _heap_sort(values, begin, n)
        else:
            for i in range(ONE, n):
                x = values[begin + i]
                j = i
                while j > ZERO and values[begin + j - ONE] > x:
                    values[begin + j] = values[begin + j - ONE]
                    j -= ONE
                values[begin + j] = x
        total = values[begin]
        for a in range(begin + ONE, begin + n):
            x = values[a]
            total = total + x * (1.0 - total) if noisy_or else total + x  # never above 1: 1 - total is exact enough
        out[r] = total


@kernel
def _heap_sort(values, begin, n):
    """Sort ``values[begin:begin + n]`` in place: no scratch, and no bad case however long a run is."""
    half = n >> ONE
    end = n
    while end > ONE:
        if half > ZERO:
            half -= ONE
        else:
            end -= ONE
            values[begin], values[begin + end] = values[begin + end], values[begin]
        root = half
        x = values[begin + root]
        while True:
            child = TWO * root + ONE
            if child >= end:
                break
            if child + ONE < end and values[begin + child + ONE] > values[begin + child]:
                child += ONE
            if values[begin + child] <= x:
                break
            values[begin + root] = values[begin + child]
            root = child
        values[begin + root] = x
