"""Shortest paths between random pairs of nodes: who stands between, in what share of a pair's shortest paths.

A sample is a pair (s, t), s != t, uniform among all ordered pairs. For every node v other than s and t::

    x[v] = (number of shortest paths from s to t through v) / (number of shortest paths from s to t)

and 0 for everybody where t cannot be reached. The mean of x[v] over all pairs is v's betweenness. KADABRA (Borassi &
Natale 2019) follows one of the paths, drawn at random, and counts 0 or 1. To count all of them at once, as ABRA does
(Riondato & Upfal 2018), has the same mean and a lower variance, and costs little more when the search has two ends:

1. Layers grow from s along the arcs and from t against them, each time whole, and always the one whose arcs are fewer.
   `paths` counts the shortest paths to a node from its own end.
2. The first layer that touches the other end's outermost one ends the search. No other layer can be touched, as the
   distance would have been shorter. The arcs between the two are the middle of all shortest paths.
3. From the middle back to each end, `rest` counts the shortest paths from a node to the *other* end. Every shortest
   path passes exactly one node of each layer, so paths * rest, scaled to sum 1 over its layer, is x. So each layer may
   have a unit of its own, and counts too large for a float64 are scaled down.

Marks are the serial numbers of layers, counted through all samples of a call, so that nothing is cleared in between.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, below, bits, stream

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)

_LARGE = np.float64(2.0**300)
_SMALLER = np.float64(2.0**-300)
_LAST_SERIAL = 2**32 - 2


@kernel
def grow(indptr, indices, queue, low, high, stamp, paths, first, fresh, facing):
    """Add the layer behind queue[low:high], unless that touches the layer with the mark `facing`.

    Returns the place in the queue of the node that touches it (`high` for none), the end of the new layer in the
    queue, and the number of arcs that leave it.
    """
    tail = high
    volume = ZERO
    peak = np.float64(0.0)
    for place in range(low, high):
        u = np.uint64(queue[np.uint64(place)])
        count = paths[u]
        peak = max(peak, count)
        for arc in range(indptr[u], indptr[u + ONE]):
            w = np.uint64(indices[np.uint64(arc)])
            mark = stamp[w]
            if mark == fresh:
                paths[w] += count
            elif mark < first:
                stamp[w] = fresh
                paths[w] = count
                queue[tail] = np.uint32(w)
                tail += ONE
                volume += indptr[w + ONE] - indptr[w]
            elif mark == facing:
                return np.uint64(place), tail, volume
    if peak > _LARGE:
        for place in range(high, tail):
            w = np.uint64(queue[np.uint64(place)])
            paths[w] = max(paths[w] * _SMALLER, _SMALLER)
    return high, tail, volume


@kernel
def join(indptr, indices, queue, place, high, stamp, paths, facing, rest, near, far):
    """Count the paths over the arcs between queue[place:high] and the layer that faces it.

    Fills `rest` on both sides, and lists whoever is on a shortest path in `near` (of the queue) and `far`; returns how
    many there are of each.
    """
    n_near = ZERO
    n_far = ZERO
    for i in range(place, high):
        u = np.uint64(queue[np.uint64(i)])
        count = paths[u]
        total = np.float64(0.0)
        for arc in range(indptr[u], indptr[u + ONE]):
            w = np.uint64(indices[np.uint64(arc)])
            if stamp[w] == facing:
                total += paths[w]
                if rest[w] == 0.0:
                    far[n_far] = np.uint32(w)
                    n_far += ONE
                rest[w] += count
        if total > 0.0:
            rest[u] = total
            near[n_near] = np.uint32(u)
            n_near += ONE
    return n_near, n_far


@kernel
def credit(indptr, indices, queue, starts, depth, stamp, paths, rest, nodes, n_nodes, totals):
    """Add x and its square for the `nodes` on shortest paths in layer `depth`, then for the layers behind, to the end.

    The rows hold each node's neighbours on the side of its own end. Leaves `rest` zero.
    """
    begin = ZERO
    end = n_nodes
    while depth > ZERO:
        total = np.float64(0.0)
        peak = np.float64(0.0)
        for i in range(begin, end):
            v = np.uint64(nodes[np.uint64(i)])
            total += paths[v] * rest[v]
            peak = max(peak, rest[v])
        depth -= ONE
        behind = stamp[np.uint64(queue[np.uint64(starts[depth])])]
        tail = end
        for i in range(begin, end):
            v = np.uint64(nodes[np.uint64(i)])
            x = paths[v] * rest[v] / total
            totals[ZERO, v] += x
            totals[ONE, v] += x * x
            if depth > ZERO:
                share = max(rest[v] / peak, _SMALLER)
                for arc in range(indptr[v], indptr[v + ONE]):
                    w = np.uint64(indices[np.uint64(arc)])
                    if stamp[w] == behind:
                        if rest[w] == 0.0:
                            nodes[tail] = np.uint32(w)
                            tail += ONE
                        rest[w] += share
            rest[v] = 0.0
        begin = end
        end = tail
    # The end itself is between nobody.
    for i in range(begin, end):
        rest[np.uint64(nodes[np.uint64(i)])] = 0.0


@kernel
def sample_pairs(
    indptr, indices, in_indptr, in_indices, key_high, key_low, purpose, start, stop, stamp, floats, nodes, totals
):
    """Add the samples numbered start..stop to `totals`: a row of sums of x and a row of sums of its square.

    Scratch: `stamp` uint32[n], zero; `floats` float64[2, n], its second row zero; `nodes` uint32[6, n + 1], any
    content. Returns the number of pairs whose t can be reached.
    """
    n = np.uint64(stamp.size)
    paths, rest = floats[0], floats[1]
    ahead, back, near, far = nodes[0], nodes[1], nodes[2], nodes[3]
    starts, in_starts = nodes[4], nodes[5]
    serial = ONE
    reached = ZERO
    for item in range(start, stop):
        state = advance(stream(key_high, key_low, np.uint64(purpose), np.uint64(item)))
        s = below(bits(state), n)
        t = below(bits(advance(state)), n - ONE)
        t += ONE if t >= s else ZERO
        if serial + n + TWO > np.uint64(_LAST_SERIAL):
            stamp[:] = np.uint32(0)
            serial = ONE
        first = np.uint32(serial)
        mark, in_mark = first, np.uint32(serial + ONE)
        serial += TWO
        stamp[s], stamp[t] = mark, in_mark
        paths[s] = paths[t] = 1.0
        ahead[0] = np.uint32(s)
        back[0] = np.uint32(t)
        starts[0] = in_starts[0] = np.uint32(0)
        low = in_low = depth = in_depth = n_near = n_far = ZERO
        high = in_high = ONE
        volume = indptr[s + ONE] - indptr[s]
        in_volume = in_indptr[t + ONE] - in_indptr[t]
        while volume > ZERO and in_volume > ZERO:
            fresh = np.uint32(serial)
            serial += ONE
            if volume <= in_volume:
                place, tail, volume = grow(indptr, indices, ahead, low, high, stamp, paths, first, fresh, in_mark)
                if place < high:
                    n_near, n_far = join(indptr, indices, ahead, place, high, stamp, paths, in_mark, rest, near, far)
                    break
                depth += ONE
                starts[depth] = np.uint32(high)
                low, high, mark = high, tail, fresh
            else:
                place, tail, in_volume = grow(
                    in_indptr, in_indices, back, in_low, in_high, stamp, paths, first, fresh, mark
                )
                if place < in_high:
                    n_far, n_near = join(
                        in_indptr, in_indices, back, place, in_high, stamp, paths, mark, rest, far, near
                    )
                    break
                in_depth += ONE
                in_starts[in_depth] = np.uint32(in_high)
                in_low, in_high, in_mark = in_high, tail, fresh
        if n_near > ZERO:
            reached += ONE
            credit(in_indptr, in_indices, ahead, starts, depth, stamp, paths, rest, near, n_near, totals)
            credit(indptr, indices, back, in_starts, in_depth, stamp, paths, rest, far, n_far, totals)
    return reached
