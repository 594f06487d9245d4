"""Core numbers on rows that change: look only where a follow or an unfollow can matter.

Two facts carry it. Numbers that are nowhere below the core numbers settle on them: lower each node's to the largest k
such that k neighbours have k or more, wherever that is less, until nothing moves (Lü, Zhou, Zhang & Stanley 2016;
Montresor, De Pellegrini & Miorandi 2013). And one new edge raises core numbers by one at most, of none but nodes with
the lower core number K of its two ends that reach it over nodes of core number K, all of which have more than K
neighbours of core number K or more (Sarıyüce et al. 2013; Li, Yu & Mao 2014). So after removals settle from the old
numbers; after an insertion, raise those nodes by one and settle.

`queue` is a ring of one place per node, `queued` tells who stands in it; both are clean between calls. `visits` counts
the nodes looked at, and their neighbours.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.live_rows import ONE, ZERO, neighbours


@kernel
def settle(out_base, in_base, arena_view, start, length, room, core, queue, queued, waiting, found, visits):
    """Lower `core` to the core numbers; ``queue[:waiting]`` holds every node that may be too high at first."""
    size = np.uint64(queue.size)
    head, left = ZERO, np.uint64(waiting)
    while left > ZERO:
        v = np.uint64(queue[head])
        head = head + ONE if head + ONE < size else ZERO
        left -= ONE
        queued[v] = np.uint8(0)
        high = np.uint64(core[v])
        count = neighbours(out_base, in_base, arena_view, start, length, room, v, found)
        visits[ZERO] += ONE
        visits[ONE] += count
        support = ZERO
        for i in range(count):
            support += ONE if np.uint64(core[found[np.uint64(i)]]) >= high else ZERO
        if support >= high:
            continue
        # The largest k with k neighbours of k or more, from a tally of their numbers cut off at `high`.
        tally = np.zeros(high + ONE, np.uint64)
        for i in range(count):
            tally[min(high, np.uint64(core[found[np.uint64(i)]]))] += ONE
        k, support = high, tally[high]
        while support < k:
            k -= ONE
            support += tally[k]
        core[v] = np.uint32(k)
        for i in range(count):
            w = np.uint64(found[np.uint64(i)])
            if np.uint64(core[w]) > k and np.uint64(core[w]) <= high and queued[w] == 0:
                queued[w] = np.uint8(1)
                end = head + left
                queue[end if end < size else end - size] = np.uint32(w)
                left += ONE


@kernel
def candidates(u, v, out_base, in_base, arena_view, start, length, room, core, queue, queued, found, others, visits):
    """Queue the nodes whose core number the new edge {u, v} may raise, raised by one already; gives how many.

    Nodes that were looked at and refused stay marked, so that none is looked at twice, and wait in `others` to be
    unmarked.
    """
    a, b = np.uint64(u), np.uint64(v)
    level = min(core[a], core[b])
    root = a if core[a] == level else b
    tail, head, refused = ZERO, ZERO, ZERO
    queue[tail] = np.uint32(root)
    queued[root] = np.uint8(1)
    tail += ONE
    kept = ZERO
    # queue[:kept] are candidates; queue[head:tail] wait to be looked at.
    while head < tail:
        x = np.uint64(queue[head])
        head += ONE
        count = neighbours(out_base, in_base, arena_view, start, length, room, x, found)
        visits[ZERO] += ONE
        visits[ONE] += count
        support = ZERO
        for i in range(count):
            support += ONE if core[found[np.uint64(i)]] >= level else ZERO
        if support <= np.uint64(level):
            others[refused] = np.uint32(x)
            refused += ONE
            continue
        queue[kept] = np.uint32(x)
        kept += ONE
        for i in range(count):
            w = np.uint64(found[np.uint64(i)])
            if core[w] == level and queued[w] == 0:
                queued[w] = np.uint8(1)
                queue[tail] = np.uint32(w)
                tail += ONE
    for i in range(refused):
        queued[others[np.uint64(i)]] = np.uint8(0)
    for i in range(kept):
        core[queue[np.uint64(i)]] += np.uint32(1)
    return kept
