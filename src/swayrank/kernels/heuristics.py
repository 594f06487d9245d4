"""Seeds one after another: the account of highest key is taken, and what it does to the others' keys is counted.

All kernels here fill `picks` with accounts that are `free`, in the order taken, as if those `chosen` (distinct, none of
them free) had been taken before, and return how many they took. Equal keys go to the smaller number. Self-loops count
for nothing.

Almost every key can only fall when an account is taken, so that a key computed earlier is an upper bound (the "lazy
greedy" of Minoux 1978, doi:10.1007/BFb0006528): the account on top of a heap is computed afresh, and is taken if its
key did not change, as all others have at most the keys that they stand under. What an account does when it is taken
costs its own arcs, and only what reaches the top is looked at again. Keys that can rise are said where they are
computed; they are pushed up at once.

Keys are uint64, whole numbers or the bits of floats in ascending order, so that there is one heap for all.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import float_bits, kernel, prefetch

ZERO, ONE, TWO = np.uint64(0), np.uint64(1), np.uint64(2)
# How far ahead of a walk memory is asked for: row pointers far, the rows that they lead to half as far.
FAR, CLOSE = np.uint64(16), np.uint64(8)
_SIGN = np.uint64(2**63)
_NOWHERE = np.uint32(2**32 - 1)
_ONE32 = np.uint32(1)
_TWO32 = np.uint32(2)
_NONE32 = np.uint32(0)
_NEVER = np.uint32(2**32 - 1)
# How many arcs are looked at for each arc of a removed account, about. It decides what is quicker, never the answer.
_ASKS = np.uint64(4)


# -- a heap of accounts ------------------------------------------------------------------------------------------------


@kernel
def rank_bits(x):
    """A uint64 for each float64, in the same order (NaN aside)."""
    # Adding zero turns -0.0 into 0.0, which equals it.
    word = float_bits(x + np.float64(0.0))
    return ~word if word >= _SIGN else word | _SIGN


@kernel(inline=True)
def _first(key, a, b):
    """Whether account a comes before account b."""
    return key[a] > key[b] or (key[a] == key[b] and a < b)


@kernel
def _sink(heap, place, key, size, at):
    """Let the account at `at` sink to where its key belongs."""
    v = np.uint64(heap[at])
    while True:
        child = TWO * at + ONE
        if child >= size:
            break
        below = np.uint64(heap[child])
        if child + ONE < size:
            other = np.uint64(heap[child + ONE])
            if _first(key, other, below):
                child += ONE
                below = other
        if not _first(key, below, v):
            break
        heap[at] = np.uint32(below)
        place[below] = np.uint32(at)
        at = child
    heap[at] = np.uint32(v)
    place[v] = np.uint32(at)


@kernel
def _rise(heap, place, key, at):
    """Let the account at `at` rise to where its key belongs."""
    v = np.uint64(heap[at])
    while at > ZERO:
        parent = (at - ONE) // TWO
        above = np.uint64(heap[parent])
        if not _first(key, v, above):
            break
        heap[at] = np.uint32(above)
        place[above] = np.uint32(at)
        at = parent
    heap[at] = np.uint32(v)
    place[v] = np.uint32(at)


@kernel
def _fill(heap, place, key, free):
    """Make a heap of the accounts that are free; returns how many. The others' place is nowhere."""
    size = ZERO
    for node in range(np.uint64(free.size)):
        v = np.uint64(node)
        place[v] = _NOWHERE
        if free[v]:
            heap[size] = np.uint32(v)
            place[v] = np.uint32(size)
            size += ONE
    at = size // TWO
    while at > ZERO:
        at -= ONE
        _sink(heap, place, key, size, at)
    return size


@kernel
def _drop(heap, place, key, size):
    """Take the account on top away; returns the new size."""
    place[np.uint64(heap[ZERO])] = _NOWHERE
    size -= ONE
    if size > ZERO:
        heap[ZERO] = heap[size]
        _sink(heap, place, key, size, ZERO)
    return size


# -- discounts ---------------------------------------------------------------------------------------------------------


@kernel
def _discounted(reach, exposure, probability):
    """The key of DegreeDiscountIC: reach - exposure - reach * exposure * probability."""
    left, exposed = np.float64(reach), np.float64(exposure)
    return rank_bits((left - exposed) - left * exposed * probability)


@kernel
def _expose(in_indptr, in_indices, s, exposure):
    """Count `s` in the exposure of each of its followers."""
    for arc in range(in_indptr[s], in_indptr[s + ONE]):
        exposure[np.uint64(in_indices[np.uint64(arc)])] += _ONE32


@kernel
def discount_seeds(indptr, indices, in_indptr, in_indices, probability, exposing, free, chosen, reach, picks):
    """Degree less discounts: reach - exposure - reach * exposure * probability.

    An account's reach is how many of its followers are not taken; its exposure how many of those that it follows are
    (0 unless `exposing`). `reach` holds the followers of each, uint32[n], and is used up; `probability` is one number.

    A lost follower changes the key by exposure * probability - 1: the one case in which a key rises.
    """
    n = np.uint64(reach.size)
    exposure = np.zeros(n, np.uint32)
    for i in range(np.uint64(chosen.size)):
        s = np.uint64(chosen[np.uint64(i)])
        for arc in range(indptr[s], indptr[s + ONE]):
            w = np.uint64(indices[np.uint64(arc)])
            if w != s:
                reach[w] -= _ONE32
        if exposing:
            _expose(in_indptr, in_indices, s, exposure)
    key = np.empty(n, np.uint64)
    for node in range(n):
        v = np.uint64(node)
        key[v] = _discounted(reach[v], exposure[v], probability)
    heap, place = np.empty(n, np.uint32), np.empty(n, np.uint32)
    size = _fill(heap, place, key, free)
    done = ZERO
    while done < np.uint64(picks.size) and size > ZERO:
        s = np.uint64(heap[ZERO])
        fresh = _discounted(reach[s], exposure[s], probability)
        if fresh != key[s]:
            key[s] = fresh
            _sink(heap, place, key, size, ZERO)
            continue
        size = _drop(heap, place, key, size)
        picks[done] = np.uint32(s)
        done += ONE
        if exposing:
            _expose(in_indptr, in_indices, s, exposure)
        for arc in range(indptr[s], indptr[s + ONE]):
            w = np.uint64(indices[np.uint64(arc)])
            if w == s:
                continue
            reach[w] -= _ONE32
            fresh = _discounted(reach[w], exposure[w], probability)
            if fresh > key[w] and place[w] != _NOWHERE:
                key[w] = fresh
                _rise(heap, place, key, np.uint64(place[w]))
    return done


@kernel
def _gain(indptr, indices, probability, in_indptr, in_indices, in_probability, taken, v):
    """The chance that no taken account activates v, times what v then brings in one step, itself included.

    prod over taken w that v follows of (1 - p(v, w))  *  (1 + sum over followers u not taken of p(u, v))
    """
    alone = np.float64(1.0)
    for arc in range(indptr[v], indptr[v + ONE]):
        a = np.uint64(arc)
        w = np.uint64(indices[a])
        if taken[w]:  # v itself is not
            alone *= np.float64(1.0) - probability[a]
    brought = np.float64(1.0)
    for arc in range(in_indptr[v], in_indptr[v + ONE]):
        a = np.uint64(arc)
        u = np.uint64(in_indices[a])
        if not taken[u] and u != v:
            brought += in_probability[a]
    return rank_bits(alone * brought)


@kernel
def gain_seeds(indptr, indices, probability, in_indptr, in_indices, in_probability, free, chosen, picks):
    """The key of :func:`_gain`, computed from the rows each time: rounding is monotone too, so that it never rises."""
    n = np.uint64(free.size)
    taken = np.zeros(n, np.bool_)
    for i in range(np.uint64(chosen.size)):
        taken[np.uint64(chosen[np.uint64(i)])] = True
    key = np.zeros(n, np.uint64)
    for node in range(n):
        v = np.uint64(node)
        if free[v]:
            key[v] = _gain(indptr, indices, probability, in_indptr, in_indices, in_probability, taken, v)
    heap, place = np.empty(n, np.uint32), np.empty(n, np.uint32)
    size = _fill(heap, place, key, free)
    done = ZERO
    while done < np.uint64(picks.size) and size > ZERO:
        s = np.uint64(heap[ZERO])
        fresh = _gain(indptr, indices, probability, in_indptr, in_indices, in_probability, taken, s)
        if fresh < key[s]:
            key[s] = fresh
            _sink(heap, place, key, size, ZERO)
            continue
        size = _drop(heap, place, key, size)
        taken[s] = True
        picks[done] = np.uint32(s)
        done += ONE
    return done


# -- votes -------------------------------------------------------------------------------------------------------------


@kernel
def _weaken(in_indptr, in_indices, s, n, ability):
    """Account s is elected: it votes no more, and its followers vote with one mean degree's share less."""
    for arc in range(in_indptr[s], in_indptr[s + ONE]):
        u = np.uint64(in_indices[np.uint64(arc)])
        ability[u] -= min(ability[u], n)
    ability[s] = ZERO


@kernel
def vote_seeds(in_indptr, in_indices, followers, free, chosen, picks):
    """VoteRank: votes(v) = sum over followers u of ability(u); stops where nobody has a vote left.

    `followers` is uint32[n]. Abilities start at 1 and fall by 1 / mean degree = n / m for each elected account that is
    followed, at least to 0. Here all are multiplied by m, the number of arcs: whole numbers, nothing is rounded.
    """
    n = np.uint64(free.size)
    m = ZERO
    for node in range(n):
        m += np.uint64(followers[np.uint64(node)])
    ability = np.full(n, m, np.uint64)
    for i in range(np.uint64(chosen.size)):
        _weaken(in_indptr, in_indices, np.uint64(chosen[np.uint64(i)]), n, ability)
    key = np.empty(n, np.uint64)
    for node in range(n):
        v = np.uint64(node)
        key[v] = np.uint64(followers[v]) * m
    heap, place = np.empty(n, np.uint32), np.empty(n, np.uint32)
    size = _fill(heap, place, key, free)
    done = ZERO
    while done < np.uint64(picks.size) and size > ZERO:
        s = np.uint64(heap[ZERO])
        fresh = ZERO
        for arc in range(in_indptr[s], in_indptr[s + ONE]):
            u = np.uint64(in_indices[np.uint64(arc)])
            if u != s:
                fresh += ability[u]
        if fresh < key[s]:
            key[s] = fresh
            _sink(heap, place, key, size, ZERO)
            continue
        if fresh == ZERO:
            break
        size = _drop(heap, place, key, size)
        picks[done] = np.uint32(s)
        done += ONE
        _weaken(in_indptr, in_indices, s, n, ability)
    return done


# -- collective influence ----------------------------------------------------------------------------------------------


@kernel
def _neighbour_sum(indptr, indices, in_indptr, in_indices, v, values):
    """Sum of `values` over the accounts adjacent to v either way, each once: rows are sorted, so that a merge does."""
    i, i_end = indptr[v], indptr[v + ONE]
    j, j_end = in_indptr[v], in_indptr[v + ONE]
    total = ZERO
    while i < i_end or j < j_end:
        a = np.uint64(indices[i]) if i < i_end else _SIGN
        b = np.uint64(in_indices[j]) if j < j_end else _SIGN
        i += ONE if a <= b else ZERO
        j += ONE if b <= a else ZERO
        u = min(a, b)
        if u != v:
            total += values[u]
    return total


@kernel
def _remove(indptr, indices, in_indptr, in_indices, s, degree, spare):
    """Take account s out of the graph: its degree becomes 0, and each neighbour's falls by one.

    `spare` is kept at max(degree - 1, 0). Returns by how much its sum fell.
    """
    i, i_end = indptr[s], indptr[s + ONE]
    j, j_end = in_indptr[s], in_indptr[s + ONE]
    fallen = spare[s]
    degree[s] = _NONE32
    spare[s] = ZERO
    while i < i_end or j < j_end:
        a = np.uint64(indices[i]) if i < i_end else _SIGN
        b = np.uint64(in_indices[j]) if j < j_end else _SIGN
        i += ONE if a <= b else ZERO
        j += ONE if b <= a else ZERO
        u = min(a, b)
        if degree[u] > _NONE32:
            degree[u] -= _ONE32
        if spare[u] > ZERO:
            spare[u] -= ONE
            fallen += ONE
    return fallen


@kernel
def _bounds(indptr, indices, in_indptr, in_indices, degree, spare, total, free, bound):
    """Fill `bound` with upper bounds of the boundary sums of :func:`_boundary`, in O(m). `total` is the sum of `spare`.

    What lies at distance two is not v and not adjacent to it, and each is met by a walk of two steps; those that come
    back to v are taken off.
    """
    n = np.uint64(degree.size)
    one_step = np.zeros(n, np.uint64)
    for node in range(n):
        v = np.uint64(node)
        if degree[v] > _NONE32:
            one_step[v] = _neighbour_sum(indptr, indices, in_indptr, in_indices, v, spare)
    for node in range(n):
        v = np.uint64(node)
        bound[v] = ZERO
        if free[v] and degree[v] > _ONE32:
            walks = _neighbour_sum(indptr, indices, in_indptr, in_indices, v, one_step)
            walks -= np.uint64(degree[v]) * spare[v]
            bound[v] = min(walks, total - spare[v] - one_step[v])


@kernel
def _enter(indptr, indices, v, tag, degree, mark, near, n_near):
    """Mark the other ends of v's row that are not marked yet and not removed; lists them in `near`."""
    for arc in range(indptr[v], indptr[v + ONE]):
        u = np.uint64(indices[np.uint64(arc)])
        if mark[u] != tag and degree[u] > _NONE32:
            mark[u] = tag
            near[n_near] = np.uint32(u)
            n_near += ONE
    return n_near


@kernel
def _beyond(indptr, indices, v, tag, spare, mark):
    """Mark the other ends of v's row that are not marked yet; returns the sum of what is spare of them."""
    total = ZERO
    for arc in range(indptr[v], indptr[v + ONE]):
        u = np.uint64(indices[np.uint64(arc)])
        if mark[u] != tag:
            mark[u] = tag
            total += spare[u]
    return total


@kernel
def _touches(indptr, indices, v, tag, mark):
    """Whether a marked account stands in v's row."""
    for arc in range(indptr[v], indptr[v + ONE]):
        if mark[np.uint64(indices[np.uint64(arc)])] == tag:
            return True
    return False


@kernel
def _boundary(indptr, indices, in_indptr, in_indices, v, tag, degree, spare, mark, near):
    """Sum of degree - 1 over the accounts at distance two from v, exactly, and how many arcs were looked at, about.

    Either walk on from v's neighbours, or, where these hold so many arcs that most accounts are found over and over,
    ask each account for a neighbour among them: as in Beamer, Asanovic & Patterson (2012, "Direction-optimizing
    breadth-first search"). An account asks about 2m / arcs times before it meets one.
    """
    n = np.uint64(degree.size)
    mark[v] = tag
    n_near = _enter(indptr, indices, v, tag, degree, mark, near, ZERO)
    n_near = _enter(in_indptr, in_indices, v, tag, degree, mark, near, n_near)
    arcs = np.float64(0.0)
    for i in range(n_near):
        w = np.uint64(near[np.uint64(i)])
        arcs += np.float64((indptr[w + ONE] - indptr[w]) + (in_indptr[w + ONE] - in_indptr[w]))
    total = ZERO
    if arcs * arcs <= np.float64(n) * np.float64(indptr[n] + in_indptr[n]):
        for i in range(n_near):
            w = np.uint64(near[np.uint64(i)])
            total += _beyond(indptr, indices, w, tag, spare, mark)
            total += _beyond(in_indptr, in_indices, w, tag, spare, mark)
        return total, np.uint64(arcs)
    for node in range(n):
        u = np.uint64(node)
        if u + FAR < n:
            prefetch(indices, indptr[u + FAR])
            prefetch(in_indices, in_indptr[u + FAR])
        if degree[u] > _ONE32 and mark[u] != tag:
            if _touches(indptr, indices, u, tag, mark) or _touches(in_indptr, in_indices, u, tag, mark):
                total += spare[u]
    return total, np.uint64(np.float64(n) * np.float64(indptr[n] + in_indptr[n]) / arcs)


@kernel
def _mark_then(indptr, indices, v, since, removed_at, tag, mark):
    """Mark who stood in v's row after `since` removals: with `tag` those who still do, with tag + 1 the others."""
    for arc in range(indptr[v], indptr[v + ONE]):
        u = np.uint64(indices[np.uint64(arc)])
        if removed_at[u] > since:
            mark[u] = tag if removed_at[u] == _NEVER else tag + _ONE32


@kernel
def _touches_from(indptr, indices, v, tag, mark):
    """Whether an account marked with `tag` or later stands in v's row."""
    for arc in range(indptr[v], indptr[v + ONE]):
        if mark[np.uint64(indices[np.uint64(arc)])] >= tag:
            return True
    return False


@kernel
def _lost(indptr, indices, in_indptr, in_indices, v, since, picks, done, tag, degree, removed_at, mark, near, lost):
    """By how much the boundary sum of v fell from `since` removals to `done`: what :func:`_boundary` would find.

    Only the accounts removed and those adjacent to them count for something else than they did: the former are gone,
    the latter lost degrees, or left the boundary. Uses up the marks `tag` and tag + 1; `lost` is 0 before and after.
    """
    _mark_then(indptr, indices, v, since, removed_at, tag, mark)
    _mark_then(in_indptr, in_indices, v, since, removed_at, tag, mark)
    fallen = ZERO
    n_near = ZERO
    for pick in range(np.uint64(since), done):
        x = np.uint64(picks[np.uint64(pick)])
        elsewhere = mark[x] >= tag
        if not elsewhere:
            elsewhere = not _touches_from(indptr, indices, x, tag, mark)
            elsewhere = elsewhere and not _touches_from(in_indptr, in_indices, x, tag, mark)
        i, i_end = indptr[x], indptr[x + ONE]
        j, j_end = in_indptr[x], in_indptr[x + ONE]
        had = ZERO
        while i < i_end or j < j_end:
            a = np.uint64(indices[i]) if i < i_end else _SIGN
            b = np.uint64(in_indices[j]) if j < j_end else _SIGN
            i += ONE if a <= b else ZERO
            j += ONE if b <= a else ZERO
            u = min(a, b)
            if u == x or removed_at[u] <= since:
                continue
            had += ONE
            if removed_at[u] == _NEVER:
                if lost[u] == _NONE32:
                    near[n_near] = np.uint32(u)
                    n_near += ONE
                lost[u] += _ONE32
        if not elsewhere:
            fallen += had - ONE
    for place in range(n_near):
        if np.uint64(place) + FAR < n_near:
            ahead = np.uint64(near[np.uint64(place) + FAR])
            prefetch(indptr, ahead)
            prefetch(in_indptr, ahead)
            prefetch(degree, ahead)
            ahead = np.uint64(near[np.uint64(place) + CLOSE])
            prefetch(indices, indptr[ahead])
            prefetch(in_indices, in_indptr[ahead])
        u = np.uint64(near[np.uint64(place)])
        fewer = np.uint64(lost[u])
        lost[u] = _NONE32
        if mark[u] >= tag or u == v:
            continue
        if _touches(indptr, indices, u, tag, mark) or _touches(in_indptr, in_indices, u, tag, mark):
            fallen += fewer
        elif _touches_from(indptr, indices, u, tag, mark) or _touches_from(in_indptr, in_indices, u, tag, mark):
            fallen += np.uint64(degree[u]) + fewer - ONE
    return fallen


@kernel
def collective_seeds(indptr, indices, in_indptr, in_indices, degree, free, chosen, picks):
    """Collective influence of radius 2, (degree - 1) * boundary sum, of what is left; stops where all have none.

    `degree` counts the accounts adjacent either way, uint32[n], and is used up. Where the rows of an undirected graph
    are given once, the others are empty.

    Removing an account lengthens distances, and whoever is adjacent stays so: at radius 2 nobody enters a boundary and
    no key rises (at radius 3 and above, one that was inside may come to lie on it). On top of the heap an account's
    boundary sum is first bounded, in O(degree), by what is left beyond its neighbours. If that leaves it there, the sum
    is counted; or, where that was done before and those removed since have short rows beside what it took, brought up
    to date.
    """
    n = np.uint64(degree.size)
    spare = np.empty(n, np.uint64)
    total = ZERO
    for node in range(n):
        v = np.uint64(node)
        spare[v] = np.uint64(degree[v]) - ONE if degree[v] > _NONE32 else ZERO
        total += spare[v]
    removed_at, counted_at, bounded_at = np.full(n, _NEVER), np.full(n, _NEVER), np.zeros(n, np.uint32)
    for i in range(np.uint64(chosen.size)):
        s = np.uint64(chosen[np.uint64(i)])
        total -= _remove(indptr, indices, in_indptr, in_indices, s, degree, spare)
        removed_at[s] = _NONE32
    bound, counted, effort = np.empty(n, np.uint64), np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    _bounds(indptr, indices, in_indptr, in_indices, degree, spare, total, free, bound)
    key = spare * bound
    heap, place, near = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.uint32)
    mark, lost = np.zeros(n, np.uint32), np.zeros(n, np.uint32)
    tag = _ONE32
    rows = np.zeros(picks.size + 1, np.uint64)  # arcs of the accounts removed so far
    size = _fill(heap, place, key, free)
    done = ZERO
    while done < np.uint64(picks.size) and size > ZERO:
        s = np.uint64(heap[ZERO])
        now = np.uint32(done)
        if bounded_at[s] != now:
            bounded_at[s] = now
            beyond = total - spare[s] - _neighbour_sum(indptr, indices, in_indptr, in_indices, s, spare)
            bound[s] = min(bound[s], beyond)
        elif counted_at[s] != now:
            since = counted_at[s]
            if since != _NEVER and (rows[done] - rows[np.uint64(since)]) * _ASKS < effort[s]:
                counted[s] -= _lost(
                    indptr,
                    indices,
                    in_indptr,
                    in_indices,
                    s,
                    since,
                    picks,
                    done,
                    tag,
                    degree,
                    removed_at,
                    mark,
                    near,
                    lost,
                )
            else:
                counted[s], effort[s] = _boundary(
                    indptr, indices, in_indptr, in_indices, s, tag, degree, spare, mark, near
                )
            tag = np.uint32(tag + _TWO32)  # a bare sum of uint32 is a uint64 to numba
            counted_at[s] = now
            bound[s] = counted[s]
        elif key[s] == ZERO:
            break
        else:
            size = _drop(heap, place, key, size)
            picks[done] = np.uint32(s)
            done += ONE
            rows[done] = rows[done - ONE] + (indptr[s + ONE] - indptr[s]) + (in_indptr[s + ONE] - in_indptr[s])
            removed_at[s] = np.uint32(done)
            total -= _remove(indptr, indices, in_indptr, in_indices, s, degree, spare)
            continue
        key[s] = spare[s] * bound[s]
        _sink(heap, place, key, size, ZERO)
    return done
