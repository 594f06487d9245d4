"""How well rankings agree with a truth, over resampled accounts, and with equal values in every order at once.

A ranking is an order of accounts, best first, and flags of who is tied with the one before. Accounts are drawn with
replacement: replicate r gives each account a Poisson(1) number of copies from the stream of (key, r, account), the
same for all rankings, so that differences are paired; replicate 0 is the accounts as they are. Where accounts are
tied, each of their orders is as likely as the next, and what is counted is the mean over all of them (McSherry & Najork
2008, "Computing information retrieval performance measures efficiently in the presence of tied scores").
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, bits, stream, unit
from swayrank.kernels.replicates import POISSON_STEPS

ZERO, ONE = np.uint64(0), np.uint64(1)
NEXT = np.uint64(0x9E3779B97F4A7C15)
N_FIRST = 4  # spearman, kendall, ndcg, precision; then the share cut at each depth


@kernel
def draw_copies(key_high, key_low, purpose, replicate, names, copies):
    """Fill `copies` with the number of each account's copies in a replicate; all one in replicate 0."""
    for account in range(np.uint64(names.size)):
        i = np.uint64(account)
        if replicate == ZERO:
            copies[i] = ONE
            continue
        u = unit(bits(advance(stream(key_high, key_low, purpose, names[i] + replicate * NEXT))))
        n = ZERO
        while n < np.uint64(17) and u >= POISSON_STEPS[n]:
            n += ONE
        copies[i] = n


@kernel
def mid_places(order, tied, copies, places):
    """Write each account's mean place among all copies into `places`; return sum of copies * (place - middle)**2."""
    n, total = np.uint64(order.size), 0.0
    for account in range(n):
        total += np.float64(copies[np.uint64(account)])
    middle, before, squares = 0.5 * total, 0.0, 0.0
    start = ZERO
    while start < n:
        stop, size = start, 0.0
        while stop < n and (stop == start or tied[stop] != 0):
            size += np.float64(copies[np.uint64(order[stop])])
            stop += ONE
        place = before + 0.5 * size - middle
        squares += size * place * place
        for at in range(start, stop):
            places[np.uint64(order[np.uint64(at)])] = place
        before += size
        start = stop
    return squares


@kernel
def top_shares(order, tied, copies, truth, k, shares):
    """Fill `shares` with each account's chance to be among the k highest of the truth; return how many places count.

    Accounts whose truth is 0 are never among them.
    """
    shares[:] = 0.0
    n, taken = np.uint64(order.size), 0.0
    start = ZERO
    while start < n and taken < k and truth[np.uint64(order[start])] > 0.0:
        stop, size = start, 0.0
        while stop < n and (stop == start or tied[stop] != 0):
            size += np.float64(copies[np.uint64(order[stop])])
            stop += ONE
        share = min(1.0, (k - taken) / size) if size > 0.0 else 0.0
        for at in range(start, stop):
            shares[np.uint64(order[np.uint64(at)])] = share
        taken += min(size, k - taken)
        start = stop
    return taken


@kernel
def gained_at_top(order, tied, copies, truth, shares, k, discounts, depths, cuts):
    """The discounted gain and the expected overlap of the first k places; `cuts` gets the truth above each depth.

    `discounts[i]` is the sum of the first i discounts; `depths` ascend, in places.
    """
    n, before, truth_before = np.uint64(order.size), 0.0, 0.0
    gain, overlap = 0.0, 0.0
    depth, n_depths = ZERO, np.uint64(depths.size)
    start = ZERO
    while start < n and (before < k or depth < n_depths):
        stop, size, felt, common = start, 0.0, 0.0, 0.0
        while stop < n and (stop == start or tied[stop] != 0):
            account = np.uint64(order[stop])
            weight = np.float64(copies[account])
            size += weight
            felt += weight * truth[account]
            common += weight * shares[account]
            stop += ONE
        if size > 0.0:
            if before < k:
                after = min(before + size, k)
                gain += felt / size * (discounts[np.uint64(after)] - discounts[np.uint64(before)])
                overlap += common / size * (after - before)
            while depth < n_depths and depths[depth] <= before + size:
                cuts[depth] = truth_before + felt * (depths[depth] - before) / size
                depth += ONE
        before += size
        truth_before += felt
        start = stop
    while depth < n_depths:
        cuts[depth] = truth_before
        depth += ONE
    return gain, overlap


@kernel
def judge(
    key_high, key_low, purpose, first, stop, names, orders, ties, truth, truth_order, truth_tied, elsewhere, k,
    discounts, depth_shares, signs, untied, truth_untied, out,
):  # fmt: skip
    """Fill ``out[r - first, ranking]`` with spearman, kendall, ndcg, precision and the cuts, for replicates r.

    spearman = cov(x, t) / sqrt(var(x) var(t)) of mid-places; a ranking of equals has 0. kendall: tau-b's three sums,
    each replicate to first order: ``S_r = sum of copies * signs - S``. `elsewhere` is the truth of accounts that no
    ranking knows, and belongs to what can be cut.
    """
    n, n_rankings = np.uint64(names.size), np.uint64(orders.shape[0])
    copies = np.empty(n, np.uint64)
    places, truth_places, shares = np.empty(n), np.empty(n), np.empty(n)
    depths, cuts = np.empty(depth_shares.size), np.empty(depth_shares.size)
    nothing = np.zeros(0)
    for replicate in range(first, stop):
        r = np.uint64(replicate)
        draw_copies(key_high, key_low, purpose, r, names, copies)
        truth_squares = mid_places(truth_order, truth_tied, copies, truth_places)
        n_top = top_shares(truth_order, truth_tied, copies, truth, k, shares)
        ideal, _ = gained_at_top(truth_order, truth_tied, copies, truth, shares, k, discounts, nothing, nothing)
        total, size, truth_pairs, truth_all = elsewhere, 0.0, 0.0, 0.0
        for account in range(n):
            i = np.uint64(account)
            weight = np.float64(copies[i])
            size += weight
            total += weight * truth[i]
            truth_pairs += weight * truth_untied[i]
            truth_all += truth_untied[i]
        for depth in range(np.uint64(depths.size)):
            depths[np.uint64(depth)] = depth_shares[np.uint64(depth)] * size
        for ranking in range(n_rankings):
            m = np.uint64(ranking)
            squares = mid_places(orders[m], ties[m], copies, places)
            common, sign, sign_all, pairs, pairs_all = 0.0, 0.0, 0.0, 0.0, 0.0
            for account in range(n):
                i = np.uint64(account)
                weight = np.float64(copies[i])
                common += weight * places[i] * truth_places[i]
                sign += weight * signs[m, i]
                sign_all += signs[m, i]
                pairs += weight * untied[m, i]
                pairs_all += untied[m, i]
            norm = math.sqrt(squares * truth_squares)
            found = out[r - first, m]
            found[ZERO] = common / norm if norm > 0.0 else 0.0
            pairs, pairs_true = pairs - 0.5 * pairs_all, truth_pairs - 0.5 * truth_all
            tau = (sign - 0.5 * sign_all) / math.sqrt(pairs * pairs_true) if min(pairs, pairs_true) > 0.0 else 0.0
            found[ONE] = min(1.0, max(-1.0, tau))  # to first order, a small replicate may lie beyond
            gain, overlap = gained_at_top(orders[m], ties[m], copies, truth, shares, k, discounts, depths, cuts)
            found[np.uint64(2)] = gain / ideal if ideal > 0.0 else np.nan
            found[np.uint64(3)] = overlap / n_top if n_top > 0.0 else np.nan
            for depth in range(np.uint64(depths.size)):
                d = np.uint64(depth)
                found[np.uint64(N_FIRST) + d] = cuts[d] / total if total > 0.0 else np.nan


@kernel
def add_below(tree, level):
    """Count one at `level` of a Fenwick tree."""
    at = np.uint64(level) + ONE
    while at < np.uint64(tree.size):
        tree[at] += 1
        at += at & (~at + ONE)


@kernel
def count_below(tree, level):
    """How many were counted at levels below `level`."""
    at, total = np.uint64(level), np.int64(0)
    while at > ZERO:
        total += np.int64(tree[at])
        at -= at & (~at + ONE)
    return total


@kernel
def pair_signs(order, tied, levels, n_levels, signs, untied):
    """For each account: concordant minus discordant pairs that it is in, and pairs that the ranking does not tie.

    `levels` is the truth's dense rank of each account, 0 the lowest. O(n log n) by two sweeps over a Fenwick tree.
    """
    n = np.uint64(order.size)
    tree = np.zeros(np.uint64(n_levels) + ONE, np.int64)
    start = ZERO
    while start < n:  # best first: what is in the tree ranks higher
        stop = start
        while stop < n and (stop == start or tied[stop] != 0):
            i = np.uint64(order[stop])
            below = count_below(tree, levels[i])
            above = np.int64(start) - count_below(tree, levels[i] + np.uint32(1))
            signs[i] = np.float64(above - below)
            stop += ONE
        for at in range(start, stop):
            i = np.uint64(order[np.uint64(at)])
            untied[i] = np.float64(n - (stop - start))
            add_below(tree, levels[i])
        start = stop
    tree[:] = 0
    stop = n
    while stop > ZERO:  # worst first: what is in the tree ranks lower
        start = stop - ONE
        while start > ZERO and tied[start] != 0:
            start -= ONE
        for at in range(start, stop):
            i = np.uint64(order[np.uint64(at)])
            below = count_below(tree, levels[i])
            above = np.int64(n - stop) - count_below(tree, levels[i] + np.uint32(1))
            signs[i] += np.float64(below - above)
        for at in range(start, stop):
            add_below(tree, levels[np.uint64(order[np.uint64(at)])])
        stop = start
