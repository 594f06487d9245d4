"""What probabilities on arcs say of every account that was exposed to a post, and what the account then did.

An account v is *exposed* to a post by each followee u that adopted it before v did, or at all where v never did.
Independent Cascade then says that v adopts with the probability::

    risk(v, post) = 1 - product over the exposures of (1 - p(u, v))

and the outcome is whether v adopted. An adoption without an earlier exposure is not predicted: it is unexplained.

Exposures after an adoption. Were only those before it taken, risks would depend on the outcome: who adopts early is
seen with few exposures, who never does with all of them, and true probabilities would look too small where exposures
are few and too large where they are many. With ``ever``, followees who adopted after v count, too: Independent Cascade
draws each arc's fate once, whoever comes first. But not those that v itself must have won, if anybody did: where all
chains of exposures to them go through v, that is, where v is their *dominator* (first adopters stand for themselves).

`_expose` finds all risks of one post; the other kernels add them up for a range of posts. The risk and its complement
are both kept as they grow, so that neither loses digits where the other is near 1. Adoptions of a post ascend in time
(then by account), so sums are the same bits wherever the chunk runs.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import float_bits, kernel
from swayrank.kernels.random import REWEIGHED, advance, bits, stream, unit
from swayrank.kernels.replicates import POISSON_STEPS

ZERO, ONE = np.uint64(0), np.uint64(1)
NEVER = np.int64(2**63 - 1)
"""When an account adopts that never does."""
NOBODY = np.uint32(2**32 - 1)

CELLS_PER_OCTAVE_BITS = 4
N_OCTAVES = 40
N_CELLS = (N_OCTAVES << CELLS_PER_OCTAVE_BITS) + 2
"""Cell 0 holds risks of exactly 0, the last one those of exactly 1; each octave below 1 has 16, down to 2**-40."""

_SHIFT = np.uint64(52 - CELLS_PER_OCTAVE_BITS)
_BELOW = np.int64(((1023 - N_OCTAVES) << CELLS_PER_OCTAVE_BITS) - 1)


@kernel
def cell_of(risk):
    """The cell of a risk in [0, 1]: neighbours in a cell differ by less than 1/16 of it."""
    if risk <= 0.0:
        return ZERO
    return np.uint64(max(np.int64(1), np.int64(float_bits(min(risk, 1.0)) >> _SHIFT) - _BELOW))


@kernel
def _common(u, v, above, depth):
    """The nearest account that dominates both u and v; NOBODY if none does."""
    while u != v and u != NOBODY and v != NOBODY:
        if depth[np.uint64(u)] >= depth[np.uint64(v)]:
            u = above[np.uint64(u)]
        else:
            v = above[np.uint64(v)]
    return u if u == v else NOBODY


@kernel
def _dominates(v, u, above, depth):
    """Whether all chains of exposures to u go through v."""
    while u != NOBODY and depth[np.uint64(u)] > depth[np.uint64(v)]:
        u = above[np.uint64(u)]
    return u == v


@kernel
def _expose(
    begin, end, account, time, indptr, indices, arc, node, ever, until, risk, survival, seen, above, depth, touched
):
    """Fill `risk`, `survival` = 1 - risk and `seen`, the number of exposures, of everyone exposed to one post.

    The rows of `indptr` and `indices` are followers; `arc` holds their probabilities, or is empty where each follower
    has one for all, `node`. `until` becomes when each adopts, `above` its nearest dominator, at `depth`. Returns how
    many were touched, and the exposures before adoptions; `_forget` clears what was left.
    """
    for place in range(begin, end):
        until[np.uint64(account[np.uint64(place)])] = time[np.uint64(place)]
    n_touched, n_before = ZERO, np.int64(0)
    by_arc = arc.size > 0
    for place in range(begin, end):
        i = np.uint64(place)
        u, t = np.uint64(account[i]), time[i]
        n_before += np.int64(seen[u])
        if seen[u] == np.uint32(0):
            above[u] = NOBODY
        depth[u] = np.uint32(1) if above[u] == NOBODY else depth[np.uint64(above[u])] + np.uint32(1)
        for at in range(indptr[u], indptr[u + ONE]):
            a = np.uint64(at)
            v = np.uint64(indices[a])
            if until[v] <= t:
                late = ever != ZERO and until[v] < t and seen[v] > np.uint32(0)
                if not late or _dominates(np.uint32(v), np.uint32(u), above, depth):
                    continue
            elif seen[v] == np.uint32(0):
                touched[n_touched] = np.uint32(v)
                above[v] = np.uint32(u)
                n_touched += ONE
            elif until[v] != NEVER:
                above[v] = _common(above[v], np.uint32(u), above, depth)
            p = arc[a] if by_arc else node[v]
            seen[v] += np.uint32(1)
            risk[v] += survival[v] * p
            survival[v] *= 1.0 - p
    return n_touched, n_before


@kernel
def _forget(begin, end, account, n_touched, until, risk, survival, seen, touched):
    """Make the scratch of `_expose` what it was before."""
    for place in range(begin, end):
        until[np.uint64(account[np.uint64(place)])] = NEVER
    for place in range(n_touched):
        v = np.uint64(touched[np.uint64(place)])
        risk[v] = 0.0
        survival[v] = 1.0
        seen[v] = np.uint32(0)


@kernel
def _scratch(n):
    """What `_expose` works on, as it finds it and `_forget` leaves it."""
    above, depth, touched = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.uint32)
    return np.full(n, NEVER), np.zeros(n), np.ones(n), np.zeros(n, np.uint32), above, depth, touched


@kernel
def count_exposures(posts, starts, account, time, indptr, indices, arc, node, ever, won):
    """Add 1 to ``won[k]`` for every adoption with k exposures; return the exposures of those who never adopted.

    `won` is int64[largest number of followees + 1]. Probabilities do not matter here. Also returns the exposures that
    came before adoptions: the successes of all arcs.
    """
    lost = hits = np.int64(0)
    until, risk, survival, seen, above, depth, touched = _scratch(np.uint64(indptr.size) - ONE)
    for row in range(np.uint64(posts.size)):
        p = np.uint64(posts[np.uint64(row)])
        begin, end = starts[p], starts[p + ONE]
        n, before = _expose(
            begin, end, account, time, indptr, indices, arc, node, ever, until, risk, survival, seen, above, depth,
            touched,
        )  # fmt: skip
        hits += before
        for place in range(n):
            v = np.uint64(touched[np.uint64(place)])
            if until[v] == NEVER:
                lost += np.int64(seen[v])
            else:
                won[np.uint64(seen[v])] += 1
        _forget(begin, end, account, n, until, risk, survival, seen, touched)
    return lost, hits


@kernel
def judge_posts(
    posts, starts, account, time, indptr, indices, arc, node, ever, floor, cell_counts, cell_risks, counts, scores
):
    """Add what was predicted and what happened to cells of risk, and give every post its own figures.

    `cell_counts` is int64[N_CELLS, 2]: exposed accounts, and those of them who adopted; `cell_risks` their summed
    risks. For each post, `counts` gets the exposed accounts, the adoptions among them, the adoptions without exposure,
    and how many outcomes fell below `floor`; `scores` the log-likelihood (of outcomes no less likely than `floor`), the
    squared errors and the risks, each summed over the exposed.
    """
    until, risk, survival, seen, above, depth, touched = _scratch(np.uint64(indptr.size) - ONE)
    for row in range(np.uint64(posts.size)):
        r = np.uint64(row)
        p = np.uint64(posts[r])
        begin, end = starts[p], starts[p + ONE]
        n, _ = _expose(
            begin, end, account, time, indptr, indices, arc, node, ever, until, risk, survival, seen, above, depth,
            touched,
        )  # fmt: skip
        hits = rare = np.int64(0)
        likelihood = error = total = 0.0
        for place in range(n):
            v = np.uint64(touched[np.uint64(place)])
            cell = cell_of(risk[v])
            cell_counts[cell, ZERO] += 1
            cell_risks[cell] += risk[v]
            total += risk[v]
            chance, off = survival[v], risk[v]
            if until[v] != NEVER:
                hits += 1
                cell_counts[cell, ONE] += 1
                chance, off = risk[v], survival[v]
            if chance < floor:
                rare += 1
                chance = floor
            likelihood += np.log(chance)
            error += off * off
        counts[r, ZERO] = np.int64(n)
        counts[r, ONE] = hits
        counts[r, np.uint64(2)] = np.int64(end - begin) - hits
        counts[r, np.uint64(3)] = rare
        scores[r, ZERO] = likelihood
        scores[r, ONE] = error
        scores[r, np.uint64(2)] = total
        _forget(begin, end, account, n, until, risk, survival, seen, touched)


@kernel
def sort_posts_into_bins(posts, starts, account, time, indptr, indices, arc, node, ever, bin_of_cell, sums):
    """Exposed accounts, adoptions among them and summed risks of every post, by bin: float64[posts, 3 * bins]."""
    until, risk, survival, seen, above, depth, touched = _scratch(np.uint64(indptr.size) - ONE)
    for row in range(np.uint64(posts.size)):
        r = np.uint64(row)
        p = np.uint64(posts[r])
        begin, end = starts[p], starts[p + ONE]
        n, _ = _expose(
            begin, end, account, time, indptr, indices, arc, node, ever, until, risk, survival, seen, above, depth,
            touched,
        )  # fmt: skip
        for place in range(n):
            v = np.uint64(touched[np.uint64(place)])
            column = np.uint64(3) * np.uint64(bin_of_cell[cell_of(risk[v])])
            sums[r, column] += 1.0
            if until[v] != NEVER:
                sums[r, column + ONE] += 1.0
            sums[r, column + np.uint64(2)] += risk[v]
        _forget(begin, end, account, n, until, risk, survival, seen, touched)


@kernel
def reweigh(key_high, key_low, items, figures, sums):
    """Add each item's figures, times a Poisson(1) weight of its own in each replicate, to ``sums[replicate]``.

    That is the bootstrap over items (Chamandy et al. 2012): weight b of an item is draw b of the stream of its number.
    `figures` is float64[items, k], `sums` float64[replicates, k].
    """
    n_columns = np.uint64(figures.shape[1])
    for row in range(np.uint64(items.size)):
        r = np.uint64(row)
        state = stream(key_high, key_low, REWEIGHED, items[r])
        for replicate in range(np.uint64(sums.shape[0])):
            state = advance(state)
            u = unit(bits(state))
            weight = ZERO
            while u >= POISSON_STEPS[weight] and weight < np.uint64(17):
                weight += ONE
            if weight == ZERO:
                continue
            for column in range(n_columns):
                c = np.uint64(column)
                sums[np.uint64(replicate), c] += np.float64(np.int64(weight)) * figures[r, c]
