"""Replicates of uncertain figures: which way and how far each figure might as well have come out.

A figure is a sum over clusters of reactions (:mod:`swayrank.kernels.reactions`). Replicate b gives every cluster a
Poisson(1) weight from the stream of (key, cluster), so that what hangs on the same post moves together in all
accounts and parts: the Poisson bootstrap (Chamandy et al. 2012, "Estimating uncertainty for massive data streams").
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, bits, stream, unit, unit_open

ONE = np.uint64(1)
NOWHERE = np.uint32(2**32 - 1)
POISSON_STEPS = np.cumsum(np.exp(-1.0) / np.cumprod(np.append(1.0, np.arange(1.0, 18.0))))  # of Poisson(1): P(X <= k)
FIXED = 2.0**36
N_GUIDES = 512
ROOT_HALF = math.sqrt(0.5)

# Acklam's rational approximation of the normal quantile, relative error below 1.2e-9.
_A = (
    -3.969683028665376e1,
    2.209460984245205e2,
    -2.759285104469687e2,
    1.383577518672690e2,
    -3.066479806614716e1,
    2.506628277459239,
)
_B = (-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1)
_C = (
    -7.784894002430293e-3,
    -3.223964580411365e-1,
    -2.400758277161838,
    -2.549732539343734,
    4.374664141464968,
    2.938163982698783,
)
_D = (7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416)
_TAIL = 0.02425


@kernel
def normal_quantile(p):
    """The standard normal quantile of p in (0, 1)."""
    if p < _TAIL or p > 1.0 - _TAIL:
        q = math.sqrt(-2.0 * math.log(min(p, 1.0 - p)))
        x = (((((_C[0] * q + _C[1]) * q + _C[2]) * q + _C[3]) * q + _C[4]) * q + _C[5]) / (
            (((_D[0] * q + _D[1]) * q + _D[2]) * q + _D[3]) * q + 1.0
        )
        return x if p < _TAIL else -x
    q = p - 0.5
    r = q * q
    return (
        (((((_A[0] * r + _A[1]) * r + _A[2]) * r + _A[3]) * r + _A[4]) * r + _A[5])
        * q
        / (((((_B[0] * r + _B[1]) * r + _B[2]) * r + _B[3]) * r + _B[4]) * r + 1.0)
    )


@kernel
def add_departures(key_high, key_low, purpose, rows, indptr, cluster, keys, gain, departures):
    """Add ``sum over clusters of (weight_b - 1) * gain`` to ``departures[b, i]`` for the account at rows[i].

    `departures` is float64[n_replicates, n_accounts]; an account at NOWHERE has no clusters. A
    cluster below the number of `keys` draws from the stream of its key, another one from that of its code. Gains are
    rounded to 2**-36 of the account's largest, so that integers are added, which no numbering of clusters can change.
    """
    n_replicates = np.uint64(departures.shape[0])
    sums = np.zeros(n_replicates, np.int64)
    for account in range(np.uint64(rows.size)):
        i = np.uint64(account)
        if rows[i] == NOWHERE:
            continue
        row = np.uint64(rows[i])
        sums[:] = 0
        largest = 0.0
        for place in range(indptr[row], indptr[row + ONE]):
            largest = max(largest, abs(gain[np.uint64(place)]))
        if largest == 0.0:
            continue
        for place in range(indptr[row], indptr[row + ONE]):
            at = np.uint64(place)
            c = np.uint64(cluster[at])
            state = stream(key_high, key_low, purpose, keys[c] if c < np.uint64(keys.size) else ~c)
            amount = np.int64(gain[at] / largest * FIXED + (0.5 if gain[at] > 0.0 else -0.5))
            for replicate in range(n_replicates):
                state = advance(state)
                u = unit(bits(state))
                weight = np.uint64(0)
                while u >= POISSON_STEPS[weight] and weight < np.uint64(17):
                    weight += ONE
                sums[np.uint64(replicate)] += (np.int64(weight) - np.int64(1)) * amount
        for replicate in range(n_replicates):
            b = np.uint64(replicate)
            departures[b, i] += np.float64(sums[b]) * (largest / FIXED)


@kernel
def draw_from_peers(
    key_high, key_low, purpose, first, figure, one, variance, group, levels, log_prior, departures, figures
):
    """Turn departures into figures that might as well have come out: draws from each account's posterior.

    An account whose figure is x, made of pieces of size s = one[i], is taken for x / s hits of a Poisson number with
    mean m / s. Its posterior over the `levels` m of the grid is ``prior * exp(x / s * log(m) - m / s)``, with the prior
    of its group. A replicate reads the posterior at the probability of ``r * z + sqrt(1 - r**2) * e``: z is the
    bootstrap's departure in standard deviations, e a normal number of the account's own, and r**2 = k / (k + 5) with
    k = x**2 / variance the number of clusters that the figure rests on: the fewer, the less their departure can say.
    """
    n_levels = np.uint64(levels.size)
    n_replicates = np.uint64(departures.shape[0])
    cumulative = np.empty(n_levels)
    guide = np.empty(N_GUIDES, np.uint16)  # the first level above each of so many shares of the posterior
    width = math.log(levels[ONE] / levels[np.uint64(0)])
    for account in range(np.uint64(figure.size)):
        i = np.uint64(account)
        hits = figure[i] / one[i]
        g = np.uint64(group[i])
        best = -np.inf
        for level in range(n_levels):
            j = np.uint64(level)
            cumulative[j] = hits * math.log(levels[j]) - levels[j] / one[i] + log_prior[g, j]
            best = max(best, cumulative[j])
        total = 0.0
        for level in range(n_levels):
            j = np.uint64(level)
            total += math.exp(cumulative[j] - best)
            cumulative[j] = total
        level = np.uint64(0)
        for share in range(np.uint64(N_GUIDES)):
            while cumulative[level] * N_GUIDES <= np.float64(share) * total and level < n_levels - ONE:
                level += ONE
            guide[np.uint64(share)] = np.uint16(level)
        clusters = figure[i] * figure[i] / variance[i] if variance[i] > 0.0 else 0.0
        own = math.sqrt(clusters / (clusters + 5.0))
        rest = math.sqrt(5.0 / (clusters + 5.0))
        scale = own / math.sqrt(variance[i]) if variance[i] > 0.0 else 0.0
        state = stream(key_high, key_low, purpose, first + i)
        for replicate in range(n_replicates):
            b = np.uint64(replicate)
            state = advance(state)
            p = unit_open(bits(state)) * (1.0 - 2.0**-53)
            if scale > 0.0:  # else z is e alone, and p its probability
                p = 0.5 * math.erfc(-(scale * departures[b, i] + rest * normal_quantile(p)) * ROOT_HALF)
            u = p * total
            low = np.uint64(guide[np.uint64(min(p * N_GUIDES, N_GUIDES - 1.0))])
            while cumulative[low] <= u and low < n_levels - ONE:
                low += ONE
            before = cumulative[low - ONE] if low > np.uint64(0) else 0.0
            mass = cumulative[low] - before
            within = (u - before) / mass if mass > 0.0 else 0.5
            figures[b, i] = levels[low] * math.exp(width * (min(1.0, max(0.0, within)) - 0.5))


@kernel
def draw_sampled(key_high, key_low, purpose, first, figure, one, figures):
    """Draws of figures estimated as (hits of a sample) * one[i]: from Gamma(hits + 1/2), by Wilson and Hilferty (1931).

    Where one[i] is not positive the figure is exact.
    """
    n_replicates = np.uint64(figures.shape[0])
    for account in range(np.uint64(figure.size)):
        i = np.uint64(account)
        state = stream(key_high, key_low, purpose, first + i)
        shape = figure[i] / one[i] + 0.5 if one[i] > 0.0 else 1.0
        for replicate in range(n_replicates):
            b = np.uint64(replicate)
            state = advance(state)
            if one[i] > 0.0:
                z = normal_quantile(unit_open(bits(state)) * (1.0 - 2.0**-53))
                root = max(0.0, 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * math.sqrt(shape)))
                figures[b, i] = one[i] * shape * root * root * root
            else:
                figures[b, i] = figure[i]
