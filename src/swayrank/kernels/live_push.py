r"""Linear ranks on rows that change, by residuals: x = b + f M x, M spreading each node's value over its out-arcs.

The plain formula, with weight 1 / out-degree of u (PageRank) or 1 (Katz)::

    r[v] = b + f * sum over u -> v of x[u] * weight(u) - x[v]

Pushing a node u moves its residual into x[u] and passes f times it on to its out-neighbours' residuals, so that the
formula keeps holding (Andersen, Chung & Lang 2006; on changing graphs Ohsaka, Maehara & Kawarabayashi 2015, and Zhang,
Lofgren & Goel 2016). Residuals have signs: what an unfollow takes and a follow gives meet again and cancel.

What is pushed is what x[u] took up after rounding; so only sums of residuals are rounded, and `sums` holds a bound on
all of that. Nodes with a residual above `floor` stand in `listing`, in the order in which they rose above it.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.live_rows import IN, ONE, OUT, ZERO

UNIT = 2.0**-53

# What `sums` holds: the sum of |r|, and a bound on the rounding in all r together.
MASS, DRIFT = np.uint64(0), np.uint64(1)
# What `counts` holds: how many nodes are listed; pushes, arcs passed on so far.
LISTED, PUSHES, ARCS = np.uint64(0), np.uint64(1), np.uint64(2)


@kernel
def pass_on(
    node, amount, factor, shared, floor, base, arena_view, start, length, room, r, listing, listed, sums, counts
):
    """Add factor * amount (a share of it each, with `shared` 1) to the residuals of the nodes that `node` follows."""
    u = np.uint64(node)
    count = np.uint64(length[OUT, u])
    if count == ZERO:
        return
    row = base if room[OUT, u] == 0 else arena_view
    first = start[OUT, u]
    given = factor * amount
    if shared > 0:
        given /= np.float64(count)
    n_listed = counts[LISTED]
    mass, drift = sums[MASS], sums[DRIFT]
    for arc in range(count):
        w = np.uint64(row[first + np.uint64(arc)])
        old = r[w]
        new = old + given
        r[w] = new
        mass += abs(new) - abs(old)
        drift += UNIT * abs(new)
        if abs(new) > floor and listed[w] == 0:
            listed[w] = np.uint8(1)
            listing[n_listed] = np.uint32(w)
            n_listed += ONE
    counts[LISTED] = n_listed
    counts[ARCS] += count
    sums[MASS] = mass
    # A product, a quotient and their sum with the next: each rounds once.
    sums[DRIFT] = drift + 4.0 * UNIT * abs(given) * np.float64(count)


@kernel
def pass_rows(
    nodes, sign, factor, shared, floor, base, arena_view, start, length, room, x, r, listing, listed, sums, counts
):
    """Take what whole rows pass on out of the residuals (sign -1, before they change), or put it in (+1, after)."""
    for i in range(np.uint64(nodes.size)):
        u = np.uint64(nodes[np.uint64(i)])
        pass_on(
            u,
            sign * x[u],
            factor,
            shared,
            floor,
            base,
            arena_view,
            start,
            length,
            room,
            r,
            listing,
            listed,
            sums,
            counts,
        )


@kernel
def sweep(factor, shared, floor, base, arena_view, start, length, room, x, r, listing, listed, sums, counts):
    """Push, of the nodes listed, those with at least half the mean residual, in order, and strike off the settled.

    Those hold half of the listed mass or more; so a sweep takes a good part of it away, whatever its shape.
    """
    n_listed = counts[LISTED]
    total = 0.0
    for i in range(n_listed):
        total += abs(r[np.uint64(listing[np.uint64(i)])])
    threshold = max(floor, 0.5 * total / max(1.0, np.float64(n_listed)))
    kept = ZERO
    for i in range(n_listed):
        u = np.uint64(listing[np.uint64(i)])
        rest = r[u]
        if abs(rest) > threshold:
            listed[u] = np.uint8(0)
            old = x[u]
            x[u] = old + rest
            # What x took up: exact, as the two are close or the first is 0 beside the second.
            taken = x[u] - old
            r[u] = rest - taken
            sums[MASS] += abs(r[u]) - abs(rest)
            sums[DRIFT] += 2.0 * UNIT * abs(r[u])
            counts[PUSHES] += ONE
            pass_on(
                u, taken, factor, shared, floor, base, arena_view, start, length, room, r, listing, listed, sums, counts
            )
        elif abs(rest) > floor:
            listing[kept] = np.uint32(u)
            kept += ONE
        else:
            listed[u] = np.uint8(0)
    for i in range(n_listed, counts[LISTED]):
        listing[kept] = listing[np.uint64(i)]
        kept += ONE
    counts[LISTED] = kept


@kernel
def residuals(
    constant, factor, shared, floor, n, in_base, arena_view, start, length, room, x, r, listing, listed, sums, counts
):
    """All residuals anew, by pulling over in-rows; the sums are compensated (Neumaier), so that hubs lose nothing."""
    mass, drift = 0.0, 0.0
    n_listed = ZERO
    for node in range(np.uint64(n)):
        v = np.uint64(node)
        row = in_base if room[IN, v] == 0 else arena_view
        first = start[IN, v]
        total, lost, pulled = 0.0, 0.0, 0.0
        for arc in range(np.uint64(length[IN, v]) + ONE + ONE):
            i = np.uint64(arc)
            if i == ZERO:
                term = constant
            elif i == ONE:
                term = -x[v]
            else:
                u = np.uint64(row[first + i - ONE - ONE])
                term = factor * x[u]
                if shared > 0:
                    term /= np.float64(length[OUT, u])
                pulled += abs(term)
            new = total + term
            lost += (total - new) + term if abs(total) >= abs(term) else (term - new) + total
            total = new
        r[v] = total + lost
        mass += abs(r[v])
        # Each term rounds twice; the compensated sum once, and once more in the second order.
        drift += UNIT * (2.0 * pulled + 2.0 * abs(r[v]) + 2.0**-20 * (pulled + x[v]))
        listed[v] = np.uint8(0)
        if abs(r[v]) > floor:
            listed[v] = np.uint8(1)
            listing[n_listed] = np.uint32(v)
            n_listed += ONE
    counts[LISTED] = n_listed
    sums[MASS], sums[DRIFT] = mass, drift
