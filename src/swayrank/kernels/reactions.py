"""Reactions grouped by the account that received them: per engager, and what each cluster of them is worth.

A *cluster* is what happened together: the reactions to one post, or, where no post is named, those of one stretch of
time. Rows of one account are sorted by (engager, cluster, value) before anything is summed, and terms are summed from
the smallest to the largest, so that neither the order of rows nor the numbering of accounts changes a bit (D4).
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.counts import NOBODY, exp2_fraction
from swayrank.kernels.jit import kernel

ONE = np.uint64(1)
SHIFT = np.uint64(32)
LOW = np.uint64(2**32 - 1)
SMALL = np.uint64(24)
LONG_AGO = 1000


@kernel
def reaction_values(action, time, weight, action_weight, half_life, now, values):
    """What each row counts at `now`: ``action_weight * weight * 2 ** -((now - time) / half_life)``, times in us.

    Rows without a time have NaN, those after `now` -1, and those a thousand half-lives before it 0; `weight` is empty
    where every row weighs 1.
    """
    for row in range(np.uint64(values.size)):
        i = np.uint64(row)
        w = action_weight[np.uint64(action[i])]
        if weight.size > 0:
            w *= weight[i]
        if time[i] == np.int64(-(2**63)):
            values[i] = np.nan
        elif time[i] > now:
            values[i] = -1.0
        else:
            k = (now - time[i]) // half_life
            f = np.float64(now - time[i] - k * half_life) / np.float64(half_life)
            # 2 ** -(k + f) = 2 ** (1 - f) * 2 ** -(k + 1)
            values[i] = w * math.ldexp(exp2_fraction(1.0 - f), -np.int64(k) - 1) if k < LONG_AGO else 0.0


@kernel(inline=True)
def sort_rows(keys, values, n):
    """Sort the first n (key, value) by key, then by value; short runs by insertion."""
    if n <= SMALL:
        for i in range(ONE, n):
            k, v = keys[np.uint64(i)], values[np.uint64(i)]
            j = np.uint64(i)
            while j > 0 and (keys[j - ONE] > k or (keys[j - ONE] == k and values[j - ONE] > v)):
                keys[j], values[j] = keys[j - ONE], values[j - ONE]
                j -= ONE
            keys[j], values[j] = k, v
    else:
        order = np.argsort(keys[:n], kind="mergesort")
        keys[:n] = keys[:n][order]
        values[:n] = values[:n][order]
        start = np.uint64(0)
        while start < n:
            stop = start + ONE
            while stop < n and keys[stop] == keys[start]:
                stop += ONE
            if stop > start + ONE:
                values[start:stop] = np.sort(values[start:stop])
            start = stop


@kernel(inline=True)
def ascending_sum(terms, n):
    """The sum of the first n terms from the smallest to the largest; sorts them."""
    if n <= SMALL:
        for i in range(ONE, n):
            t = terms[np.uint64(i)]
            j = np.uint64(i)
            while j > 0 and terms[j - ONE] > t:
                terms[j] = terms[j - ONE]
                j -= ONE
            terms[j] = t
    else:
        terms[:n] = np.sort(terms[:n])
    total = 0.0
    for i in range(n):
        total += terms[np.uint64(i)]
    return total


@kernel
def pair_sums(first, last, indptr, rows, actor, values, pair_actor, pair_value, pair_count):
    """Sum the values of each (engager, account) pair of the accounts first ... last - 1.

    Those of an account stand where its rows do, counted from `first`'s, ascending by engager; `pair_count` says how
    many.
    """
    base = indptr[first]
    longest = np.uint64(0)
    for account in range(first, last):
        a = np.uint64(account)
        longest = max(longest, indptr[a + ONE] - indptr[a])
    keys, held = np.empty(longest, np.uint64), np.empty(longest)
    for account in range(first, last):
        a = np.uint64(account)
        start = indptr[a]
        n = indptr[a + ONE] - start
        for i in range(n):
            row = np.uint64(rows[start + np.uint64(i)])
            keys[np.uint64(i)] = np.uint64(actor[row])
            held[np.uint64(i)] = values[row]
        sort_rows(keys, held, n)
        found = np.uint64(0)
        i = np.uint64(0)
        while i < n:
            engager = keys[i]
            total = 0.0
            while i < n and keys[i] == engager:
                total += held[i]
                i += ONE
            pair_actor[start - base + found] = np.uint32(engager)
            pair_value[start - base + found] = total
            found += ONE
        pair_count[a - np.uint64(first)] = found


@kernel
def squared(x):
    """``x**2``."""
    return x * x


@kernel
def dampened(x):
    """``(1 + x)**0.75 - 1`` for x >= 0: with z = (1 + x)**0.25, without cancellation, from square roots alone."""
    y = math.sqrt(1.0 + x)
    z = math.sqrt(y)
    return x * (y + z + 1.0) / ((z + 1.0) * (y + 1.0))


@kernel
def engager_sums(
    first,
    last,
    indptr,
    rows,
    actor,
    cluster,
    n_own,
    values,
    n_posts,
    attention,
    first_pair,
    dealt,
    sums,
    variance,
    n_engagers,
    clusters,
    gains,
):
    """Add up what the engagers of the accounts first ... last - 1 are worth, and what each cluster contributes to it.

    With E_u the summed values of engager u's rows, c_u how many of the account's own posts are among them (clusters
    below `n_own`) and N = n_posts[account], the sum over engagers of::

        ((1 + E_u)**0.75 - 1) * (1 - c_u / (N + 1))**2        where `attention` is empty,
        (E_u + f) / (1 + attention[u]) - f / (1 + attention[u] - E_u)                          else:

    the share of u's attention, less what would be left of it if u had not reacted, where f, of ``dealt[first_pair[a]]``
    on by ascending engager, is what the account has of u without any reaction.

    A cluster's gain is by how much its absence would lower the sum: for each engager in it, the term less the term
    without those rows; and for a post, that N would be one less for everybody. `clusters` and `gains` (uint32, float64;
    one place for each row of these accounts) hold them ascending by cluster from where the account's rows start, then
    NOBODY; `variance` is the sum of their squares.
    """
    base = indptr[first]
    longest = np.uint64(0)
    for account in range(first, last):
        a = np.uint64(account)
        longest = max(longest, indptr[a + ONE] - indptr[a])
    keys, held = np.empty(longest, np.uint64), np.empty(longest)
    terms, loyalty = np.empty(longest), np.empty(longest)
    by_cluster, lost = np.empty(longest, np.uint64), np.empty(longest)
    for account in range(first, last):
        a = np.uint64(account)
        start = indptr[a]
        n = indptr[a + ONE] - start
        posts = np.float64(n_posts[a])
        pair = first_pair[a] if dealt.size > 0 else np.uint64(0)
        for i in range(n):
            j = np.uint64(i)
            row = np.uint64(rows[start + j])
            keys[j] = np.uint64(actor[row]) << SHIFT | np.uint64(cluster[row])
            held[j] = values[row]
            clusters[start - base + j] = NOBODY
        sort_rows(keys, held, n)
        n_terms = np.uint64(0)
        n_lost = np.uint64(0)
        i = np.uint64(0)
        while i < n:
            engager = keys[i] >> SHIFT
            stop = i
            seen = 0.0
            while stop < n and keys[stop] >> SHIFT == engager:
                lost[n_lost + stop - i] = held[stop]  # free until this engager's clusters are entered
                if (keys[stop] & LOW) < n_own and (stop == i or keys[stop] != keys[stop - ONE]):
                    seen += 1.0
                stop += ONE
            total = ascending_sum(lost[n_lost:], stop - i)
            extra = dealt[pair + n_terms] if dealt.size > 0 else 0.0
            silent = 0.0
            if attention.size > 0:
                silent = extra / (1.0 + max(extra, attention[engager] - total))
                term = (total + extra) / (1.0 + attention[engager]) - silent
                loyalty[n_terms] = 0.0
            else:
                whole = dampened(total)
                term = whole * squared(1.0 - seen / (posts + 1.0))
                loyalty[n_terms] = term - whole * squared(1.0 - seen / posts) if posts > 0.0 else 0.0
            terms[n_terms] = term
            while i < stop:
                at = i
                part = 0.0
                while i < stop and keys[i] == keys[at]:
                    part += held[i]
                    i += ONE
                rest = max(0.0, total - part)
                if attention.size > 0:
                    less = (rest + extra) / (1.0 + max(rest + extra, attention[engager] - part)) - silent
                elif (keys[at] & LOW) < n_own:
                    less = dampened(rest) * squared(1.0 - (seen - 1.0) / posts) + loyalty[n_terms]
                else:
                    less = dampened(rest) * squared(1.0 - seen / (posts + 1.0))
                by_cluster[n_lost] = keys[at] & LOW
                lost[n_lost] = term - less
                n_lost += ONE
            n_terms += ONE
        sums[a - np.uint64(first)] = ascending_sum(terms, n_terms)
        n_engagers[a - np.uint64(first)] = n_terms
        shared = ascending_sum(loyalty, n_terms)
        sort_rows(by_cluster, lost, n_lost)
        place = start - base
        n_clusters = np.uint64(0)
        i = np.uint64(0)
        while i < n_lost:
            one = by_cluster[i]
            gain = shared if one < n_own else 0.0
            while i < n_lost and by_cluster[i] == one:
                gain += lost[i]
                i += ONE
            clusters[place] = np.uint32(one)
            gains[place] = gain
            place += ONE
            terms[n_clusters] = gain * gain
            n_clusters += ONE
        variance[a - np.uint64(first)] = ascending_sum(terms, n_clusters)
