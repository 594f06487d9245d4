"""Which accounts meet most of many sets: greedy maximum coverage, and counts over stored sets.

Sets lie one after another in `members`; set s is members[offsets[s]:offsets[s + 1]]. The gain of an account is the
number of sets that hold it and that no chosen account is in yet.

Greedy, plainly::

    repeat: choose the account of highest gain (the lowest number where they tie)
            for each set that it newly covers, and each member u of it: gain[u] -= 1

Which sets hold an account is looked up in an index of the *candidates*: accounts whose first gain is at least a
threshold, which shrinks the index to a few thousand accounts of the millions. Where the best gain falls below the
threshold, the index is made anew for a lower one, so the choice is always the exact one. Best gains come from a heap
with lazy keys. A histogram of gains is kept along, so that the sum of the highest gains, which bounds what any other
choice could reach, costs a short walk from the top.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel, prefetch

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_S32, _S6 = np.uint64(32), np.uint64(6)
_LOW32, _LOW6 = np.uint64(2**32 - 1), np.uint64(63)
_MARK = np.uint32(1)
_NO_SLOT = np.uint32(2**32 - 1)
_AHEAD = np.uint64(16)


@kernel
def count_members(members, sizes, without_first, counts):
    """Add one to counts[v] for each set that holds v; with `without_first`, a set's first member does not count."""
    at = _ZERO
    s = _ZERO
    while s < np.uint64(sizes.size):
        end = at + np.uint64(sizes[s])
        k = at + (without_first if end > at else _ZERO)
        while k < end:
            counts[members[k]] += _MARK
            k += _ONE
        at = end
        s += _ONE


@kernel
def add_members(members, totals):
    """Add one to totals[v] for each time that v is a member."""
    k = _ZERO
    while k < np.uint64(members.size):
        totals[members[k]] += _ONE
        k += _ONE


@kernel
def _sift_down(heap, size, at):
    """Let a key sink to where neither child is above it."""
    key = heap[at]
    while True:
        child = _TWO * at + _ONE
        if child >= size:
            break
        if child + _ONE < size and heap[child + _ONE] > heap[child]:
            child += _ONE
        if heap[child] <= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key


@kernel
def _index(members, offsets, covered, slot, starts, sets):
    """Lists of the open sets that hold each candidate: those of slot c end up in sets[starts[c]:starts[c + 1]]."""
    n_sets = np.uint64(offsets.size) - _ONE
    s = _ZERO
    while s < n_sets:
        if covered[s] == 0:
            k = np.uint64(offsets[s])
            end = np.uint64(offsets[s + _ONE])
            while k < end:
                c = slot[members[k]]
                if c != _NO_SLOT:
                    sets[starts[np.uint64(c)]] = np.uint32(s)
                    starts[np.uint64(c)] += _ONE
                k += _ONE
        s += _ONE
    c = np.uint64(starts.size) - _ONE
    while c > _ZERO:
        starts[c] = starts[c - _ONE]
        c -= _ONE
    starts[_ZERO] = _ZERO


@kernel
def _highest(histogram, top, k):
    """Sum of the k highest gains, the highest of which is at most `top`."""
    total = _ZERO
    left = k
    gain = top
    while gain > _ZERO and left > _ZERO:
        count = min(left, np.uint64(histogram[gain]))
        total += count * gain
        left -= count
        gain -= _ONE
    return total


@kernel
def greedy(members, offsets, covered, gains, allowed, k, n_bound, wanted, seeds, seed_gains, tops):
    """Choose up to k accounts greedily; returns how many were chosen.

    Parameters
    ----------
    members : uint32, shape (m,)
    offsets : uint64, shape (sets + 1,)
    covered : uint8, shape (sets,)
        1 where a set is covered already; becomes 1 where it is covered.
    gains : uint32, shape (n,)
        Numbers of open sets that hold each account; follow what is covered.
    allowed : uint8, shape (n,) or (0,)
        1 where an account may be chosen; empty: everywhere.
    k : uint64
        How many to choose.
    n_bound : uint64
        How many accounts the optimum may have.
    wanted : uint64
        Stop once so many more sets are covered.
    seeds, seed_gains : uint32, shape (k,)
        Become the choice in order, and the sets that each newly covered.
    tops : uint64, shape (k + 1,)
        Becomes, after each choice (and before the first), the sum of the `n_bound` highest gains of allowed accounts.
    """
    n = np.uint64(gains.size)
    restricted = allowed.size > 0
    top = _ZERO
    v = _ZERO
    while v < n:
        if not restricted or allowed[v]:
            top = max(top, np.uint64(gains[v]))
        v += _ONE
    histogram = np.zeros(top + _ONE, np.uint32)
    v = _ZERO
    while v < n:
        if not restricted or allowed[v]:
            histogram[gains[v]] += _MARK
        v += _ONE
    histogram[_ZERO] = 0
    tops[_ZERO] = _highest(histogram, top, n_bound)
    slot = np.full(n, _NO_SLOT, np.uint32)
    threshold = top + _ONE
    chosen = _ZERO
    reached = _ZERO
    heap = np.empty(_ONE, np.uint64)
    size = _ZERO
    starts = np.zeros(_ONE, np.uint64)
    sets = np.empty(_ONE, np.uint32)
    nodes = np.empty(_ONE, np.uint32)
    want = np.uint64(64) * k + np.uint64(1024)
    while chosen < k and reached < wanted:
        best = heap[_ZERO] >> _S32 if size > _ZERO else _ZERO
        if best < threshold:  # others may be as good: take in more candidates
            if threshold <= _ONE:
                break
            c = _ZERO
            while c < np.uint64(nodes.size) and starts.size > 1:
                slot[nodes[c]] = _NO_SLOT
                c += _ONE
            count = _ZERO
            while threshold > _ONE and (count < want):
                threshold -= _ONE
                count = _ZERO if threshold > top else count + np.uint64(histogram[threshold])
            want *= np.uint64(4)
            nodes = np.empty(count, np.uint32)
            heap = np.empty(count, np.uint64)
            starts = np.zeros(count + _ONE, np.uint64)
            size = _ZERO
            total = _ZERO
            v = _ZERO
            while v < n:
                if np.uint64(gains[v]) >= threshold and (not restricted or allowed[v]):
                    slot[v] = np.uint32(size)
                    nodes[size] = np.uint32(v)
                    heap[size] = (np.uint64(gains[v]) << _S32) | (_LOW32 - v)
                    starts[size] = total
                    total += np.uint64(gains[v])
                    size += _ONE
                v += _ONE
            starts[size] = total
            sets = np.empty(total, np.uint32)
            _index(members, offsets, covered, slot, starts, sets)
            at = size // _TWO
            while at > _ZERO:
                at -= _ONE
                _sift_down(heap, size, at)
            continue
        node = _LOW32 - (heap[_ZERO] & _LOW32)
        gain = np.uint64(gains[node])
        if gain < best:  # it has fallen since it was put there
            heap[_ZERO] = (gain << _S32) | (heap[_ZERO] & _LOW32)
            _sift_down(heap, size, _ZERO)
            continue
        size -= _ONE
        heap[_ZERO] = heap[size]
        if size > _ZERO:
            _sift_down(heap, size, _ZERO)
        seeds[chosen] = np.uint32(node)
        seed_gains[chosen] = np.uint32(gain)
        reached += gain
        c = np.uint64(slot[node])
        q = starts[c]
        while q < starts[c + _ONE]:
            s = np.uint64(sets[q])
            if q + _AHEAD < starts[c + _ONE]:
                prefetch(members, offsets[np.uint64(sets[q + _AHEAD])])
            if covered[s] == 0:
                covered[s] = 1
                i = np.uint64(offsets[s])
                end = np.uint64(offsets[s + _ONE])
                while i < end:
                    u = members[i]
                    old = np.uint64(gains[u])
                    gains[u] = np.uint32(old - _ONE)
                    if not restricted or allowed[u]:
                        histogram[old] -= _MARK
                        histogram[old - _ONE] += _MARK
                    i += _ONE
            q += _ONE
        chosen += _ONE
        histogram[_ZERO] = 0
        while top > _ZERO and histogram[top] == 0:
            top -= _ONE
        tops[chosen] = _highest(histogram, top, n_bound)
    return chosen


# -- an index of all accounts, for questions about any of them ---------------------------------------------------------


@kernel
def index_sets(members, sizes, first_set, starts, sets):
    """Write each member's set number to sets[starts[v]], and move on: sets[begin:end] of v ascend."""
    at = _ZERO
    s = _ZERO
    while s < np.uint64(sizes.size):
        end = at + np.uint64(sizes[s])
        while at < end:
            v = members[at]
            sets[starts[v]] = np.uint32(first_set + s)
            starts[v] += _ONE
            at += _ONE
        s += _ONE


@kernel
def union_count(indptr, sets, nodes, mark, tag):
    """How many sets hold at least one of the accounts; mark[s] == tag says that set s was counted.

    Returns the count after each account, so that its last entry is the union's.
    """
    counts = np.zeros(nodes.size, np.int64)
    total = _ZERO
    i = _ZERO
    while i < np.uint64(nodes.size):
        k = np.uint64(indptr[nodes[i]])
        end = np.uint64(indptr[np.uint64(nodes[i]) + _ONE])
        while k < end:
            s = sets[k]
            total += np.uint64(mark[s] != tag)
            mark[s] = tag
            k += _ONE
        counts[i] = np.int64(total)
        i += _ONE
    return counts


@kernel
def count_roots(roots, mark, tag, counts):
    """Add one to counts[v] for each set that is marked with `tag` and whose root is v."""
    s = _ZERO
    while s < np.uint64(roots.size):
        if mark[s] == tag:
            counts[roots[s]] += 1
        s += _ONE


@kernel
def open_sets(indptr, sets, mark, tag, v):
    """How many of an account's sets are not marked with `tag`."""
    k = np.uint64(indptr[v])
    end = np.uint64(indptr[v + _ONE])
    found = _ZERO
    while k < end:
        found += np.uint64(mark[sets[k]] != tag)
        k += _ONE
    return np.int64(found)


@kernel
def gains_over(indptr, sets, mark, tag, gains):
    """The same for every account."""
    v = _ZERO
    while v < np.uint64(gains.size):
        gains[v] = open_sets(indptr, sets, mark, tag, v)
        v += _ONE


@kernel
def gains_of(indptr, sets, mark, tag, nodes, gains):
    """The same for some accounts: gains[i] is that of nodes[i]."""
    i = _ZERO
    while i < np.uint64(nodes.size):
        gains[i] = open_sets(indptr, sets, mark, tag, np.uint64(nodes[i]))
        i += _ONE


@kernel
def common_sets(indptr, sets, a, b):
    """How many sets hold both accounts: a merge of their ascending lists."""
    i, i_end = np.uint64(indptr[a]), np.uint64(indptr[np.uint64(a) + _ONE])
    j, j_end = np.uint64(indptr[b]), np.uint64(indptr[np.uint64(b) + _ONE])
    total = _ZERO
    while i < i_end and j < j_end:
        x, y = sets[i], sets[j]
        total += np.uint64(x == y)
        i += np.uint64(x <= y)
        j += np.uint64(y <= x)
    return total


@kernel
def take(members, offsets, sets, begin, end, covered, gains):
    """Cover the open ones among sets[begin:end]; gains of their members fall. Returns how many were covered."""
    found = _ZERO
    q = begin
    while q < end:
        s = np.uint64(sets[q])
        if covered[s] == 0:
            covered[s] = 1
            found += _ONE
            i = np.uint64(offsets[s])
            while i < np.uint64(offsets[s + _ONE]):
                gains[members[i]] -= _MARK
                i += _ONE
        q += _ONE
    return found
