"""What hangs on each account in a random world: dominator trees of live-edge graphs, and choice forests.

In one world, v *dominates* u if every live path from the sources to u goes through v; removing v loses u then, and only
then. The accounts that v dominates are its subtree in the dominator tree, so one tree says what removing any one
account would lose (Xie et al. 2023). Plainly::

    lost(v) = reached(all) - reached(all but v)

The tree is Lengauer & Tarjan's (1979), their simple version with path compression: O(arcs * log accounts) in a world.
Several sources hang on a root of their own, number 0 in a world's own numbering.

`removal_sizes` counts who is still reached after the removal of the first, the first two, ... of a list, in one walk of
each world: begin with all of them blocked, and let the last one go again.

`choice_gains` says what each account would add under Linear Threshold, where a world is a forest of choices: who takes
after v, directly or not, is its subtree. O(n) for all accounts of a world together.

Worlds are those of :mod:`swayrank.kernels.reach` (each row draws from the stream of (key, purpose, item, account)), or
those of :func:`swayrank.kernels.cascade.threshold_worlds` with `pick`: a row of v then holds who chose v.

References
----------
Lengauer & Tarjan (1979), "A fast algorithm for finding dominators in a flowgraph", ACM TOPLAS 1(1).
Xie, Zhang, Wang, Lin & Zhang (2023), "Minimizing the influence of misinformation via vertex blocking", ICDE.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.cascade import _choose, _follow
from swayrank.kernels.jit import bits_float, kernel
from swayrank.kernels.random import advance, below, bits, quick_log, stream, substream, unit
from swayrank.kernels.reach import _BUCKETS, bucket_of, passes_on

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_S32 = np.uint64(32)
_LOW32 = np.uint64(2**32 - 1)
_LOW16 = np.uint64(2**16 - 1)
_NOBODY = np.uint64(2**32 - 1)
_NONE = np.uint32(2**32 - 1)
_NEVER = np.uint64(2**32 - 3)
_ROOM = 4096


@kernel
def _wider(array, used, needed):
    """The same numbers with room for at least `needed`."""
    room = np.uint64(array.size)
    while room < needed:
        room *= _TWO
    wider = np.empty(room, np.uint32)
    wider[:used] = array[:used]
    return wider


@kernel
def _live_arcs(rows, indices, probability, base, v, arcs, n_arcs):
    """Append the ends of the live arcs of row v to `arcs`: the draws of `reach`, one row by itself."""
    j = rows[_TWO * v]
    code = rows[_TWO * v + _ONE]
    end = rows[_TWO * v + _TWO]
    jump = bits_float(code)
    state = substream(base, v)
    mixed = jump != jump
    bucket = code & _LOW16
    while j < end:
        state = advance(state)
        room = np.float64(np.int64(end - j))
        x = quick_log(bits(state)) * (_BUCKETS[_TWO * bucket] if mixed else jump)
        if not (x >= 0.0 and x < room):
            break
        j += np.uint64(np.int64(x))
        live = True
        if mixed:
            state = advance(state)
            live = unit(bits(state)) * _BUCKETS[_TWO * bucket + _ONE] < probability[j]
        if live:
            if n_arcs >= np.uint64(arcs.size):
                arcs = _wider(arcs, n_arcs, n_arcs + _ONE)
            arcs[n_arcs] = indices[j]
            n_arcs += _ONE
        j += _ONE
        if mixed and j < end:
            bucket = bucket_of(probability[j])
            if bucket == _ZERO:
                break
    return arcs, n_arcs


@kernel
def _list_choosers(state, first_chooser, next_chooser):
    """Turn choices around: who chose v is a linked list, in ascending order."""
    first_chooser[:] = _NONE
    u = np.uint64(state.size)
    while u > _ZERO:
        u -= _ONE
        choice = state[u] >> _S32
        if choice != _NOBODY:
            next_chooser[u] = first_chooser[choice]
            first_chooser[choice] = np.uint32(u)


@kernel
def _row(rows, indices, probability, shares, pick, base, v, first_chooser, next_chooser, arcs, n_arcs):
    """Append the ends of v's live arcs in this world to `arcs`."""
    if pick != _ZERO:  # choices of whoever does not share are void already
        u = first_chooser[v]
        while u != _NONE:
            if n_arcs >= np.uint64(arcs.size):
                arcs = _wider(arcs, n_arcs, n_arcs + _ONE)
            arcs[n_arcs] = u
            n_arcs += _ONE
            u = next_chooser[u]
    elif shares.size == 0 or passes_on(base, v, shares):
        arcs, n_arcs = _live_arcs(rows, indices, probability, base, v, arcs, n_arcs)
    return arcs, n_arcs


@kernel
def _compress(v, ancestor, label, semi, path):
    """The account of least semidominator on v's path to the root of its tree in the forest linked so far."""
    if ancestor[v] == _NONE:
        return np.uint64(v)
    length = _ZERO
    x = np.uint64(v)
    while ancestor[ancestor[x]] != _NONE:
        path[length] = np.uint32(x)
        length += _ONE
        x = np.uint64(ancestor[x])
    while length > _ZERO:
        length -= _ONE
        x = np.uint64(path[length])
        above = ancestor[x]
        if semi[label[above]] < semi[label[x]]:
            label[x] = label[above]
        ancestor[x] = ancestor[above]
    return np.uint64(label[v])


@kernel
def dominators(parent, starts, sources, idom):
    """Immediate dominators of a graph whose nodes are numbered in the preorder of a depth-first walk from node 0.

    Parameters
    ----------
    parent : uint32, shape (r,)
        Parents in the tree of that walk; that of node 0 is of no account.
    starts : uint32, shape (r + 1,)
        The arcs into w come from sources[starts[w]:starts[w + 1]].
    sources : uint32, shape (arcs,)
    idom : uint32, shape (r,)
        Becomes the immediate dominator of every node; 0 for node 0.
    """
    r = np.uint64(parent.size)
    semi = np.empty(r, np.uint32)
    w = _ZERO
    while w < r:
        semi[w] = np.uint32(w)
        w += _ONE
    label = semi.copy()
    ancestor = np.full(r, _NONE, np.uint32)
    bucket = np.full(r, _NONE, np.uint32)
    following = np.empty(r, np.uint32)
    path = np.empty(r, np.uint32)
    idom[_ZERO] = 0
    w = r
    while w > _ONE:
        w -= _ONE
        k = np.uint64(starts[w])
        while k < np.uint64(starts[w + _ONE]):
            u = _compress(np.uint64(sources[k]), ancestor, label, semi, path)
            semi[w] = min(semi[w], semi[u])
            k += _ONE
        following[w] = bucket[semi[w]]
        bucket[semi[w]] = np.uint32(w)
        above = np.uint64(parent[w])
        ancestor[w] = np.uint32(above)
        v = bucket[above]
        while v != _NONE:
            u = _compress(np.uint64(v), ancestor, label, semi, path)
            idom[v] = np.uint32(u) if semi[u] < semi[v] else np.uint32(above)
            v = following[v]
        bucket[above] = _NONE
    w = _ONE
    while w < r:
        if idom[w] != semi[w]:
            idom[w] = idom[idom[w]]
        w += _ONE


@kernel
def _add_subtrees(account, parent, begin, arcs, n_arcs, number, losses):
    """Add the size of each account's subtree in the dominator tree of one world to its loss.

    `account` are the accounts by preorder number (0: the root), `number` the reverse, or none for whoever is blocked;
    the arcs from number w end at arcs[begin[w]:begin[w + 1]].
    """
    r = np.uint64(account.size)
    starts = np.zeros(r + _ONE, np.uint32)
    k = _ZERO
    while k < n_arcs:
        if number[arcs[k]] != _NONE:
            starts[np.uint64(number[arcs[k]]) + _ONE] += np.uint32(1)
        k += _ONE
    w = _ZERO
    while w < r:
        starts[w + _ONE] += starts[w]
        w += _ONE
    at = starts[:-1].copy()
    sources = np.empty(starts[r], np.uint32)
    w = _ZERO
    while w < r:
        k = np.uint64(begin[w])
        while k < np.uint64(begin[w + _ONE]):
            to = number[arcs[k]]
            if to != _NONE:
                sources[at[to]] = np.uint32(w)
                at[to] += np.uint32(1)
            k += _ONE
        w += _ONE
    idom = np.empty(r, np.uint32)
    dominators(parent, starts, sources, idom)
    size = np.ones(r, np.uint32)
    w = r
    while w > _ONE:
        w -= _ONE
        losses[account[w]] += np.int64(size[w])
        size[idom[w]] += size[w]


@kernel
def removal_losses(
    rows, indices, probability, shares, pick, starts, blocked, key_high, key_low, purpose, first, sizes, losses
):
    """Add up over worlds what removing each account would lose, while those blocked are removed already.

    Parameters
    ----------
    rows, indices, probability, shares : arrays
        As :func:`swayrank.kernels.reach.reach` takes them: rows of followers, or with `pick` rows of followed accounts.
    pick : uint64
        1: everybody takes after at most one account (Linear Threshold).
    starts : uint32, shape (k,) or (0,)
        Distinct sources; none: one drawn account in each world.
    blocked : uint8, shape (n,)
        1 for accounts that neither activate nor are activated.
    sizes : uint32, shape (worlds,)
        Becomes how many accounts are reached in worlds first, first + 1, ...
    losses : int64, shape (n,)
        Is added to.
    """
    n = np.uint64(blocked.size)
    number = np.full(n, _NONE, np.uint32)
    account = np.empty(n + _ONE, np.uint32)
    parent = np.empty(n + _ONE, np.uint32)
    begin = np.empty(n + _TWO, np.uint32)
    at = np.empty(n + _ONE, np.uint32)
    stack = np.empty(n + _ONE, np.uint32)
    arcs = np.empty(_ROOM, np.uint32)
    state = np.empty(n if pick != _ZERO else _ZERO, np.uint64)
    first_chooser = np.empty(state.size, np.uint32)
    next_chooser = np.empty(state.size, np.uint32)
    world = _ZERO
    while world < np.uint64(sizes.size):
        base = stream(key_high, key_low, purpose, first + world)
        n_arcs = _ZERO
        if starts.size == 0:
            base = advance(base)
            arcs[_ZERO] = np.uint32(below(bits(base), n))
            n_arcs = _ONE
        while n_arcs < np.uint64(starts.size):
            if n_arcs >= np.uint64(arcs.size):
                arcs = _wider(arcs, n_arcs, n_arcs + _ONE)
            arcs[n_arcs] = starts[n_arcs]
            n_arcs += _ONE
        if pick != _ZERO:
            _choose(rows, indices, probability, shares, base, state)
            _list_choosers(state, first_chooser, next_chooser)
        begin[_ZERO] = 0
        begin[_ONE] = np.uint32(n_arcs)
        at[_ZERO] = 0
        stack[_ZERO] = 0
        depth = _ONE
        r = _ONE
        while depth > _ZERO:
            top = np.uint64(stack[depth - _ONE])
            if at[top] == begin[top + _ONE]:
                depth -= _ONE
                continue
            v = np.uint64(arcs[at[top]])
            at[top] += np.uint32(1)
            if number[v] != _NONE or blocked[v]:
                continue
            number[v] = np.uint32(r)
            account[r] = np.uint32(v)
            parent[r] = np.uint32(top)
            at[r] = np.uint32(n_arcs)
            arcs, n_arcs = _row(
                rows, indices, probability, shares, pick, base, v, first_chooser, next_chooser, arcs, n_arcs
            )
            begin[r + _ONE] = np.uint32(n_arcs)
            stack[depth] = np.uint32(r)
            depth += _ONE
            r += _ONE
        sizes[world] = np.uint32(r - _ONE)
        _add_subtrees(account[:r], parent[:r], begin[: r + _ONE], arcs, n_arcs, number, losses)
        w = _ONE
        while w < r:
            number[account[w]] = _NONE
            w += _ONE
        world += _ONE


@kernel
def removal_sizes(rows, indices, probability, shares, pick, starts, removed, key_high, key_low, purpose, first, sizes):
    """Count who is reached in each world once the first 0, 1, ..., k of the accounts `removed` are gone.

    Other parameters are those of :func:`removal_losses`; sizes (uint32, shape (worlds, k + 1)) becomes the counts.
    """
    n = np.uint64((rows.size - 1) // 2)
    k = np.uint64(removed.size)
    turn = np.full(n, _NONE, np.uint32)  # in which turn an account is let go again
    i = _ZERO
    while i < k:
        turn[removed[i]] = np.uint32(i)
        i += _ONE
    mark = np.zeros(n, np.uint64)
    met = np.zeros(k, np.uint64)
    queue = np.empty(n, np.uint32)
    arcs = np.empty(_ROOM, np.uint32)
    state = np.empty(n if pick != _ZERO else _ZERO, np.uint64)
    first_chooser = np.empty(state.size, np.uint32)
    next_chooser = np.empty(state.size, np.uint32)
    world = _ZERO
    while world < np.uint64(sizes.shape[0]):
        tag = world + _ONE
        base = stream(key_high, key_low, purpose, first + world)
        n_arcs = _ZERO
        if starts.size == 0:
            base = advance(base)
            arcs[_ZERO] = np.uint32(below(bits(base), n))
            n_arcs = _ONE
        while n_arcs < np.uint64(starts.size):
            if n_arcs >= np.uint64(arcs.size):
                arcs = _wider(arcs, n_arcs, n_arcs + _ONE)
            arcs[n_arcs] = starts[n_arcs]
            n_arcs += _ONE
        if pick != _ZERO:
            _choose(rows, indices, probability, shares, base, state)
            _list_choosers(state, first_chooser, next_chooser)
        head = _ZERO
        tail = _ZERO
        left = k + _ONE
        while left > _ZERO:
            left -= _ONE
            if left < k and met[left] == tag:  # it was knocked at while it was blocked
                queue[tail] = removed[left]
                tail += _ONE
            while n_arcs > _ZERO or head < tail:
                if n_arcs == _ZERO:
                    v = np.uint64(queue[head])
                    head += _ONE
                    arcs, n_arcs = _row(
                        rows, indices, probability, shares, pick, base, v, first_chooser, next_chooser, arcs, n_arcs
                    )
                while n_arcs > _ZERO:
                    n_arcs -= _ONE
                    u = np.uint64(arcs[n_arcs])
                    if mark[u] != tag:
                        mark[u] = tag
                        if turn[u] != _NONE and np.uint64(turn[u]) < left:
                            met[turn[u]] = tag
                        else:
                            queue[tail] = np.uint32(u)
                            tail += _ONE
            sizes[world, left] = np.uint32(tail)
        world += _ONE


@kernel
def _add_up(state, worth, waiting, amount, queue, gains):
    """Add what takes after each account, itself included, to its gain: choices are a forest with rings at its roots."""
    n = np.uint64(state.size)
    has_worth = worth.size > 0
    waiting[:] = _ZERO
    v = _ZERO
    while v < n:
        amount[v] = np.int64(0)
        if state[v] & _LOW32 == _NEVER:  # the others are active without it
            amount[v] = worth[v] if has_worth else np.int64(1)
            choice = state[v] >> _S32
            if choice != _NOBODY:
                waiting[choice] += np.uint32(1)
        v += _ONE
    tail = _ZERO
    v = _ZERO
    while v < n:
        if state[v] & _LOW32 == _NEVER and waiting[v] == 0:
            queue[tail] = np.uint32(v)
            tail += _ONE
        v += _ONE
    head = _ZERO
    while head < tail:
        v = np.uint64(queue[head])
        head += _ONE
        gains[v] += amount[v]
        choice = state[v] >> _S32
        if choice != _NOBODY:
            amount[choice] += amount[v]
            waiting[choice] -= np.uint32(1)
            if waiting[choice] == 0:
                queue[tail] = np.uint32(choice)
                tail += _ONE
    v = _ZERO
    while v < n:
        if waiting[v] > 0:  # on a ring: whoever is on it adds all of it
            total = np.int64(0)
            u = v
            while waiting[u] > 0:
                waiting[u] = np.uint32(0)
                total += amount[u]
                u = state[u] >> _S32
            gains[v] += total
            u = state[v] >> _S32
            while u != v:
                gains[u] += total
                u = state[u] >> _S32
        v += _ONE


@kernel
def _climb(state, worth, max_steps, seen, gains):
    """The same where cascades end after `max_steps`: everybody goes up so many of its choices."""
    n = np.uint64(state.size)
    seen[:] = _NONE
    u = _ZERO
    while u < n:
        if state[u] & _LOW32 == _NEVER:
            amount = worth[u] if worth.size > 0 else np.int64(1)
            v = u
            step = _ZERO
            while v != _NOBODY and seen[v] != np.uint32(u) and step <= max_steps:
                seen[v] = np.uint32(u)
                gains[v] += amount  # even where v is active already: as a seed it is so earlier
                v = state[v] >> _S32
                step += _ONE
        u += _ONE


@kernel
def choice_gains(
    rows, indices, sums, shares, starts, worth, max_steps, key_high, key_low, purpose, first, n_worlds, gains
):
    """Add up over worlds what each account would add to the seeds `starts` under Linear Threshold.

    `worth` (int64, shape (n,) or (0,)) is what each account counts for, 1 where it is empty; `gains` (int64, shape
    (n,)) is added to. Worlds are those of :func:`swayrank.kernels.cascade.threshold_worlds`, and so are the parameters.
    """
    n = np.uint64((rows.size - 1) // 2)
    state = np.empty(n, np.uint64)
    scratch = np.empty(n, np.uint32)
    queue = np.empty(n, np.uint32)
    amount = np.empty(n, np.int64)
    world = _ZERO
    while world < n_worlds:
        _choose(rows, indices, sums, shares, stream(key_high, key_low, purpose, first + world), state)
        k = _ZERO
        while k < np.uint64(starts.size):
            state[starts[k]] = _NOBODY << _S32
            k += _ONE
        _follow(state, queue, max_steps)
        if max_steps < n:
            _climb(state, worth, max_steps, scratch, gains)
        else:
            _add_up(state, worth, scratch, amount, queue, gains)
        world += _ONE
