"""Rival campaigns under Independent Cascade on arrays: several cascades at once, an account belongs to the first.

One world for all: an arc (u, v), u follows v, is live or not whichever campaign v belongs to. Step by step the accounts
that became active at the last step reach their followers over live arcs, and a follower that is not active yet takes
the campaign of whoever reaches it. Where several arcs arrive at the same step, either the campaign that is named first
wins, or one of the arcs, all equally likely.

World i draws the live arcs of account v from the stream (key, purpose, i, v), and all of them: different seeds see the
same worlds. To choose among arcs, each has a number, hashed from the key, the world and both ends, and the least one
wins; so the choice depends on nothing else, neither on the order of the seeds nor of the campaigns, and costs nothing
where only one arc arrives.

Rows of followers say through `skip` how their arcs are drawn; see :mod:`swayrank.kernels.skips`.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, bits, stream, unit
from swayrank.kernels.skips import next_live

RIVALS = 14
"""Purpose of the streams; ties use part 1 of it (see :mod:`swayrank.kernels.random`)."""

NOBODY = np.uint8(255)

_RIVALS = np.uint64(RIVALS)
_TIES = np.uint64(RIVALS * 1000 + 1)
_NODE = np.uint64(0xDA942042E4DD58B5)  # odd, so that no two accounts of a world start at the same state
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@kernel
def _before(ties, u, v, w):
    """Whether the arc from v to its follower u beats the one from w, in the world whose ties start at `ties`."""
    at = bits(ties ^ (u * _NODE))
    return bits(at ^ (v * _NODE)) < bits(at ^ (w * _NODE))


@kernel
def rival_runs(
    in_indptr,
    in_indices,
    skip,
    probability,
    shares,
    seeds,
    campaigns,
    first_wins,
    max_steps,
    key_high,
    key_low,
    first,
    sizes,
    activations,
):
    """Run worlds first, first + 1, ..., one for each row of `sizes`; seeds[i] belongs to campaign campaigns[i].

    `probability` is in the order of the in-arcs; an account v passes on nothing at all with probability 1 - shares[v],
    where `shares` is not empty; nobody becomes active after step `max_steps`. sizes[i, c] becomes the number of
    accounts that campaign c has in the end, its seeds included; activations[c, v] is added to.
    """
    n = skip.size
    owner = np.full(n, NOBODY, np.uint8)
    source = np.empty(n, np.uint32)  # through whom the account was reached
    step_of = np.empty(n, np.uint32)
    queue = np.empty(n, np.uint32)
    run = _ZERO
    while run < np.uint64(sizes.shape[0]):
        world = stream(key_high, key_low, _RIVALS, first + run)
        ties = stream(key_high, key_low, _TIES, first + run)
        tail = _ZERO
        while tail < np.uint64(seeds.size):
            owner[seeds[tail]] = campaigns[tail]
            step_of[seeds[tail]] = np.uint32(0)
            queue[tail] = seeds[tail]
            tail += _ONE
        head = _ZERO
        while head < tail:
            v = np.uint64(queue[head])
            head += _ONE
            step = step_of[v] + np.uint32(1)
            state = bits(world ^ (v * _NODE))
            jump = skip[v]
            end = in_indptr[v + _ONE]
            if np.uint64(step) > max_steps:
                end = in_indptr[v]
            elif shares.size > 0:
                state = advance(state)
                if unit(bits(state)) >= shares[v]:
                    end = in_indptr[v]
            state, j = next_live(state, in_indptr[v], end, jump, probability)
            while j < end:
                u = np.uint64(in_indices[j])
                if owner[u] == NOBODY:
                    owner[u] = owner[v]
                    source[u] = np.uint32(v)
                    step_of[u] = step
                    queue[tail] = np.uint32(u)
                    tail += _ONE
                elif step_of[u] == step:
                    if first_wins != _ZERO:
                        owner[u] = min(owner[u], owner[v])
                    elif _before(ties, u, v, np.uint64(source[u])):
                        owner[u] = owner[v]
                        source[u] = np.uint32(v)
                state, j = next_live(state, j + _ONE, end, jump, probability)
        sizes[run, :] = 0
        k = _ZERO
        while k < tail:
            v = np.uint64(queue[k])
            c = np.uint64(owner[v])
            sizes[run, c] += 1
            activations[c, v] += _ONE
            owner[v] = NOBODY
            k += _ONE
        run += _ONE
