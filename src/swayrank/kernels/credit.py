"""Credit that flows through each post's graph of possible parents: from adopters to those before them, and onwards.

Adoptions stand grouped by post, ascending in time; position i's parents are ``parent[links[i]:links[i + 1]]``, all
before i, and ``share`` is how much of i is owed to each (at most 1 together).
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.lineage import ONE, ZERO, row_position


@kernel
def flow_back(posts, indptr, account, links, parent, share, own, is_seed, base, value):
    """What every adoption is worth with all that it led to, past the seeds; written at ``i - base``.

    The plain formula, over the adoptions j that i is a parent of and whose accounts are no seeds::

        value[i] = own[i] + sum of share[i, j] * value[j]
    """
    for number in range(np.uint64(posts.size)):
        post = np.uint64(posts[np.uint64(number)])
        start, stop = indptr[post], indptr[post + ONE]
        for row in range(start, stop):
            value[np.uint64(row) - base] = own[np.uint64(row)]
        for back in range(stop - start):
            j = stop - ONE - np.uint64(back)
            if is_seed[np.uint64(account[j])]:
                continue
            for place in range(links[j], links[j + ONE]):
                e = np.uint64(place)
                value[np.uint64(parent[e]) - base] += share[e] * value[j - base]


@kernel
def flow_on(posts, indptr, account, links, parent, share, own, is_seed, captured):
    """How much of every adoption is owed to the seeds, 1 for their own; returns the sum of ``own * captured``.

    The plain formula: ``captured[j]`` = sum over its parents i of share[i, j] * captured[i], or 1 where j is a seed's.
    """
    total = 0.0
    for number in range(np.uint64(posts.size)):
        post = np.uint64(posts[np.uint64(number)])
        for row in range(indptr[post], indptr[post + ONE]):
            j = np.uint64(row)
            amount = 0.0
            if is_seed[np.uint64(account[j])]:
                amount = 1.0
            else:
                for place in range(links[j], links[j + ONE]):
                    e = np.uint64(place)
                    amount += share[e] * captured[np.uint64(parent[e])]
            captured[j] = amount
            total += own[j] * amount
    return total


@kernel
def marginal_gains(accounts, indptr, place, captured, value, gains):
    """What each of the accounts would add to the seeds: the sum over its adoptions of (1 - captured) * value.

    ``place[indptr[a]:indptr[a + 1]]`` are the positions of the account's adoptions.
    """
    for number in range(np.uint64(accounts.size)):
        a = np.uint64(accounts[np.uint64(number)])
        total = 0.0
        for row in range(indptr[a], indptr[a + ONE]):
            i = np.uint64(place[np.uint64(row)])
            total += max(0.0, 1.0 - captured[i]) * value[i]  # rounding may leave a captured a hair above 1
        gains[np.uint64(number)] = total


@kernel
def time_shares(indptr, place, account, time, links, parent, follows_indptr, follows, earliest, share):
    """Direct credits that fade with time, for all adoptions of all accounts.

    The plain formula: with A the adoptions of u, P the parents of one of them, and for each followee v the mean tau of
    the delays from v to u that are known::

        share of v = influence(u) / |P| * exp(-delay / tau),    influence(u) = share of A with a parent of delay <= tau

    The delay from a parent whose time is `earliest` is not known and is taken to be tau.
    """
    longest = ZERO
    for number in range(np.uint64(indptr.size) - ONE):
        u = np.uint64(number)
        longest = max(longest, follows_indptr[u + ONE] - follows_indptr[u])
    mean, count = np.empty(longest), np.empty(longest)
    for number in range(np.uint64(indptr.size) - ONE):
        u = np.uint64(number)
        low, high = follows_indptr[u], follows_indptr[u + ONE]
        for arc in range(high - low):
            mean[np.uint64(arc)] = 0.0
            count[np.uint64(arc)] = 0.0
        for row in range(indptr[u], indptr[u + ONE]):
            j = np.uint64(place[np.uint64(row)])
            for link in range(links[j], links[j + ONE]):
                i = np.uint64(parent[np.uint64(link)])
                if time[i] != earliest:
                    arc = row_position(follows, low, high, account[i]) - low
                    mean[arc] += np.float64(time[j] - time[i])
                    count[arc] += 1.0
        for arc in range(high - low):
            if count[np.uint64(arc)] > 0.0:
                mean[np.uint64(arc)] /= count[np.uint64(arc)]
        n_influenced = 0.0
        for row in range(indptr[u], indptr[u + ONE]):
            j = np.uint64(place[np.uint64(row)])
            influenced = False
            for link in range(links[j], links[j + ONE]):
                e = np.uint64(link)
                i = np.uint64(parent[e])
                ratio = 1.0
                if time[i] != earliest:
                    arc = row_position(follows, low, high, account[i]) - low
                    ratio = np.float64(time[j] - time[i]) / mean[arc]
                influenced = influenced or ratio <= 1.0
                share[e] = math.exp(-ratio) / np.float64(links[j + ONE] - links[j])
            if influenced:
                n_influenced += 1.0
        influence = n_influenced / np.float64(max(ONE, indptr[u + ONE] - indptr[u]))
        for row in range(indptr[u], indptr[u + ONE]):
            j = np.uint64(place[np.uint64(row)])
            for link in range(links[j], links[j + ONE]):
                share[np.uint64(link)] *= influence
