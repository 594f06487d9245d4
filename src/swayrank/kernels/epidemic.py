"""Markov epidemics in continuous time on arrays: SIR (infected once) and SIS (infected again and again), both exact.

An arc (u, v) says that u follows v; while v is infectious it infects each follower u at the transmission rate b, and it
recovers at the rate g. Both kernels keep a binary heap of accounts by the time of their next event.

SIR (Kiss, Miller & Simon 2017, "Mathematics of Epidemics on Networks", appendix A). When v becomes infected, everything
that it will do is drawn at once: its infectious duration T ~ Exp(g), then for each follower whether a delay D ~ Exp(b)
is below T, and if so D. The infection time of an account is the least sum of delays over the paths to it, so this is
Dijkstra's algorithm, with times drawn as it goes. One number decides both which arc is the next to work and its delay:
put the windows [0, T) of the followers end to end and take x ~ Exp(b) along that line. floor(x / T) windows pass
without an event, x mod T is the delay in the next one, and as the exponential distribution has no memory the two are
independent, geometric with 1 - p = exp(-b T) and exponential conditioned on being below T. So an account costs one draw
for each arc that works, and no exp.

Account v in world i draws from a stream of its own, (key, purpose, i, v), all of its followers whether infected or not:
different seeds see the same worlds, and more seeds infect a superset, no account later than before.

SIS has no such worlds. It runs the events one by one: each infected account has one clock, which rings at the rate
g + b * followers, with probability g / (g + b * followers) for its recovery, else for one follower chosen evenly, which
is infected unless it is already. World i draws from the stream (key, purpose, i).
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, below, bits, log_unit, stream, unit

SIR, SIS = 12, 13
"""Purposes of the streams (see :mod:`swayrank.kernels.random`)."""

NODE = np.uint64(0xDA942042E4DD58B5)
"""Odd, so that no two accounts of a world start at the same state."""

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_NOWHERE = np.uint32(0xFFFFFFFF)
_NEVER = np.float64(np.inf)
_LONGEST = np.float64(1e300)  # a longer duration would overflow in sums; nobody sees the difference
_NO_RATE = np.float64(0.0)


# -- a binary heap of accounts, the least time first: heap[place[v]] == v ----------------------------------------------


@kernel
def _rise(heap, place, time, at):
    """Move the account at `at` up to where it belongs."""
    v = heap[at]
    key = time[v]
    while at > _ZERO:
        above = (at - _ONE) // _TWO
        w = heap[above]
        if time[w] <= key:
            break
        heap[at] = w
        place[w] = np.uint32(at)
        at = above
    heap[at] = v
    place[v] = np.uint32(at)


@kernel
def _sink(heap, place, time, size):
    """Move the account at the top down to where it belongs among the first `size`."""
    v = heap[_ZERO]
    key = time[v]
    at = _ZERO
    while True:
        under = _TWO * at + _ONE
        if under >= size:
            break
        if under + _ONE < size and time[heap[under + _ONE]] < time[heap[under]]:
            under += _ONE
        w = heap[under]
        if time[w] >= key:
            break
        heap[at] = w
        place[w] = np.uint32(at)
        at = under
    heap[at] = v
    place[v] = np.uint32(at)


@kernel
def _pop(heap, place, time, size):
    """Take the account at the top away; returns the new size."""
    size -= _ONE
    place[heap[_ZERO]] = _NOWHERE
    if size > _ZERO:
        heap[_ZERO] = heap[size]
        _sink(heap, place, time, size)
    return size


# -- SIR ---------------------------------------------------------------------------------------------------------------


@kernel
def _sir_world(in_indptr, in_indices, seeds, transmission, recovery, horizon, world, time, heap, place, infected):
    """Run one world; returns how many accounts are infected, lists them in `infected` and says when in `time`.

    Before, `time` must be infinite and `place` NOWHERE everywhere; after, `time` is finite for those listed.
    """
    size = _ZERO
    while size < np.uint64(seeds.size):
        time[seeds[size]] = _NO_RATE
        heap[size] = seeds[size]
        place[seeds[size]] = np.uint32(size)
        size += _ONE
    ratio = transmission / recovery
    count = _ZERO
    while size > _ZERO:
        v = np.uint64(heap[_ZERO])
        size = _pop(heap, place, time, size)
        infected[count] = np.uint32(v)
        count += _ONE
        now = time[v]
        state = advance(bits(world ^ (v * NODE)))
        span = -log_unit(bits(state))  # in mean durations
        duration = min(span / recovery, _LONGEST)
        window = ratio * span  # the expected number of transmissions along one arc, -log(1 - p)
        j = in_indptr[v]
        end = in_indptr[v + _ONE]
        if window <= _NO_RATE:
            end = j
        while j < end:
            state = advance(state)
            x = -log_unit(bits(state)) / window  # in windows
            if not x < np.float64(end - j):
                break
            skipped = np.uint64(x)
            j += skipped
            u = np.uint64(in_indices[j])
            when = now + (x - np.float64(skipped)) * duration
            if when < time[u] and when <= horizon:
                time[u] = when
                if place[u] == _NOWHERE:
                    heap[size] = np.uint32(u)
                    place[u] = np.uint32(size)
                    size += _ONE
                _rise(heap, place, time, np.uint64(place[u]))
            j += _ONE
    return count


@kernel
def sir_runs(
    in_indptr,
    in_indices,
    seeds,
    transmission,
    recovery,
    horizon,
    key_high,
    key_low,
    purpose,
    first,
    width,
    sizes,
    activations,
    new,
):
    """Run worlds first, first + 1, ... from `seeds`, one for each entry of `sizes`.

    sizes[i] becomes the number ever infected by `horizon`, seeds included. Added to: activations[v], and new[k], the
    infections at times in ((k - 1) * width, k * width]; new[0] counts those at time 0, the last one all that are later.
    """
    n = in_indptr.size - 1
    time = np.full(n, _NEVER)
    place = np.full(n, _NOWHERE, np.uint32)
    heap = np.empty(n, np.uint32)
    infected = np.empty(n, np.uint32)
    last = np.float64(new.size - 1)
    run = _ZERO
    while run < np.uint64(sizes.size):
        world = stream(key_high, key_low, purpose, first + run)
        count = _sir_world(
            in_indptr, in_indices, seeds, transmission, recovery, horizon, world, time, heap, place, infected
        )
        sizes[run] = np.int64(count)
        k = _ZERO
        while k < count:
            v = infected[k]
            activations[v] += _ONE
            new[np.uint64(min(np.ceil(time[v] / width), last))] += 1
            time[v] = _NEVER
            k += _ONE
        run += _ONE


@kernel
def sir_times(in_indptr, in_indices, seeds, transmission, recovery, horizon, key_high, key_low, purpose, first, times):
    """Fill times[i, v] with the time at which world first + i infects v, infinity for never; one row for each world."""
    n = in_indptr.size - 1
    place = np.full(n, _NOWHERE, np.uint32)
    heap = np.empty(n, np.uint32)
    infected = np.empty(n, np.uint32)
    times[:] = _NEVER
    run = _ZERO
    while run < np.uint64(times.shape[0]):
        world = stream(key_high, key_low, purpose, first + run)
        time = times[run]
        _sir_world(in_indptr, in_indices, seeds, transmission, recovery, horizon, world, time, heap, place, infected)
        run += _ONE


# -- SIS ---------------------------------------------------------------------------------------------------------------


@kernel
def _ring_rate(in_indptr, v, transmission, recovery):
    """How often the clock of an infected account rings."""
    return recovery + transmission * np.float64(in_indptr[v + _ONE] - in_indptr[v])


@kernel
def _sis_infect(v, now, rate, state, time, heap, place, size):
    """Put v into the heap of `size` infected accounts and wind its clock; returns the stream's new state."""
    state = advance(state)
    time[v] = now - log_unit(bits(state)) / rate
    heap[size] = np.uint32(v)
    place[v] = np.uint32(size)
    _rise(heap, place, time, size)
    return state


@kernel
def _sis_world(
    in_indptr,
    in_indices,
    seeds,
    transmission,
    recovery,
    horizon,
    world,
    time,
    heap,
    place,
    met_at,
    met,
    width,
    prevalence,
):
    """Run one world up to `horizon`; returns how many are infected then and how many ever were.

    Before, `place` must be NOWHERE and `met_at` infinite everywhere. After, those infected stand at the front of `heap`
    and have a place, and those ever infected are listed in `met`, their first infection in `met_at`. prevalence[k]
    grows by the number infected at time k * width.
    """
    state = world
    size = _ZERO
    while size < np.uint64(seeds.size):
        v = np.uint64(seeds[size])
        met[size] = seeds[size]
        met_at[v] = _NO_RATE
        rate = _ring_rate(in_indptr, v, transmission, recovery)
        state = _sis_infect(v, _NO_RATE, rate, state, time, heap, place, size)
        size += _ONE
    n_met = size
    prevalence[_ZERO] += np.int64(size)
    tick = _ONE
    while size > _ZERO:
        v = np.uint64(heap[_ZERO])
        now = time[v]
        while tick < np.uint64(prevalence.size) and np.float64(tick) * width <= now:
            prevalence[tick] += np.int64(size)
            tick += _ONE
        if now > horizon:
            break
        begin = in_indptr[v]
        followers = in_indptr[v + _ONE] - begin
        rate = _ring_rate(in_indptr, v, transmission, recovery)
        state = advance(state)
        if followers == _ZERO or unit(bits(state)) * rate < recovery:
            size = _pop(heap, place, time, size)
            continue
        state = advance(state)
        u = np.uint64(in_indices[begin + below(bits(state), followers)])
        state = advance(state)
        time[v] = now - log_unit(bits(state)) / rate
        _sink(heap, place, time, size)
        if place[u] == _NOWHERE:
            rate = _ring_rate(in_indptr, u, transmission, recovery)
            state = _sis_infect(u, now, rate, state, time, heap, place, size)
            size += _ONE
            if met_at[u] == _NEVER:
                met_at[u] = now
                met[n_met] = np.uint32(u)
                n_met += _ONE
    return size, n_met


@kernel
def sis_runs(
    in_indptr,
    in_indices,
    seeds,
    transmission,
    recovery,
    horizon,
    key_high,
    key_low,
    purpose,
    first,
    width,
    sizes,
    activations,
    prevalence,
):
    """Run worlds first, first + 1, ... from `seeds`, one for each entry of `sizes`, up to the time `horizon`.

    sizes[i] becomes the number infected at `horizon`. Added to: activations[v], for those infected at `horizon`, and
    prevalence[k], the number infected at time k * width.
    """
    n = in_indptr.size - 1
    time = np.empty(n)
    place = np.full(n, _NOWHERE, np.uint32)
    heap = np.empty(n, np.uint32)
    met_at = np.full(n, _NEVER)
    met = np.empty(n, np.uint32)
    run = _ZERO
    while run < np.uint64(sizes.size):
        world = stream(key_high, key_low, purpose, first + run)
        size, n_met = _sis_world(
            in_indptr,
            in_indices,
            seeds,
            transmission,
            recovery,
            horizon,
            world,
            time,
            heap,
            place,
            met_at,
            met,
            width,
            prevalence,
        )
        sizes[run] = np.int64(size)
        k = _ZERO
        while k < size:
            activations[heap[k]] += _ONE
            place[heap[k]] = _NOWHERE
            k += _ONE
        k = _ZERO
        while k < n_met:
            met_at[met[k]] = _NEVER
            k += _ONE
        run += _ONE


@kernel
def sis_times(in_indptr, in_indices, seeds, transmission, recovery, horizon, key_high, key_low, purpose, first, times):
    """Fill times[i, v] with the time at which world first + i infects v for the first time, infinity for never."""
    n = in_indptr.size - 1
    time = np.empty(n)
    place = np.full(n, _NOWHERE, np.uint32)
    heap = np.empty(n, np.uint32)
    met = np.empty(n, np.uint32)
    unused = np.zeros(1, np.int64)
    times[:] = _NEVER
    run = _ZERO
    while run < np.uint64(times.shape[0]):
        world = stream(key_high, key_low, purpose, first + run)
        size, _ = _sis_world(
            in_indptr,
            in_indices,
            seeds,
            transmission,
            recovery,
            horizon,
            world,
            time,
            heap,
            place,
            times[run],
            met,
            horizon,
            unused,
        )
        k = _ZERO
        while k < size:
            place[heap[k]] = _NOWHERE
            k += _ONE
        run += _ONE


# -- who can be reached at all -----------------------------------------------------------------------------------------


@kernel
def reachable(in_indptr, in_indices, probability, seeds, blocked):
    """How many accounts are reached from `seeds`, these included, over arcs that are possible and never into `blocked`.

    Every arc is possible where `probability` (in the order of the in-arcs) is empty, else those above 0.
    """
    n = in_indptr.size - 1
    seen = np.zeros(n, np.uint8)
    queue = np.empty(n, np.uint32)
    k = _ZERO
    while k < np.uint64(blocked.size):
        seen[blocked[k]] = 1
        k += _ONE
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
        while j < end:
            u = np.uint64(in_indices[j])
            if seen[u] == 0 and (probability.size == 0 or probability[j] > 0.0):
                seen[u] = 1
                queue[tail] = np.uint32(u)
                tail += _ONE
            j += _ONE
    return tail
