"""Chance in experiments: a number for each account, assignments drawn again, and outcomes drawn with replacement.

Units are accounts, or whole clusters of them: `total` is the sum of a unit's outcomes, `size` how many accounts it has.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel
from swayrank.kernels.random import advance, below, bits, stream

ONE = np.uint64(1)


@kernel
def draw_words(key_high, key_low, purpose, items, words):
    """64 random bits for each item, which depend on nothing but the key and the item."""
    for i in range(np.uint64(items.size)):
        words[np.uint64(i)] = bits(advance(stream(key_high, key_low, purpose, items[np.uint64(i)])))


@kernel
def permuted_differences(key_high, key_low, purpose, first, bounds, n_treated, weight, total, size, differences):
    """The difference in means under other assignments, as many as `differences` has places.

    Stratum s holds the units ``bounds[s]`` ... ``bounds[s + 1] - 1``, of which ``n_treated[s]`` are treated; the
    answer is the sum over strata of ``weight[s] * (mean of the treated - mean of the others)``. Who is treated is the
    beginning of a shuffle (Fisher and Yates) in the stream of the assignment's number, `first` + its place.
    """
    n_strata = np.uint64(n_treated.size)
    order = np.empty(total.size, np.uint64)
    for place in range(np.uint64(differences.size)):
        state = stream(key_high, key_low, purpose, first + np.uint64(place))
        answer = 0.0
        for stratum in range(n_strata):
            s = np.uint64(stratum)
            start, stop = bounds[s], bounds[s + ONE]
            for i in range(start, stop):
                order[np.uint64(i)] = np.uint64(i)
            outcome, accounts = 0.0, 0.0
            for i in range(start, start + n_treated[s]):
                k = np.uint64(i)
                state = advance(state)
                j = k + below(bits(state), stop - k)
                order[k], order[j] = order[j], order[k]
                outcome += total[order[k]]
                accounts += size[order[k]]
            other, others = 0.0, 0.0
            for i in range(start + n_treated[s], stop):
                other += total[order[np.uint64(i)]]
                others += size[order[np.uint64(i)]]
            answer += weight[s] * (outcome / accounts - other / others)
        differences[np.uint64(place)] = answer


@kernel
def resampled_moments(key_high, key_low, purpose, first, n_drawn, total, size, moments):
    """Sums over units drawn with replacement, for as many experiments as `moments` has rows.

    Arm a of an experiment draws ``n_drawn[a]`` units; its five places are the sums of size, total, total**2,
    total * size and size**2.
    """
    n = np.uint64(total.size)
    for place in range(np.uint64(moments.shape[0])):
        i = np.uint64(place)
        state = stream(key_high, key_low, purpose, first + i)
        for arm in range(np.uint64(2)):
            a = np.uint64(arm)
            s1, s2, s3, s4, s5 = 0.0, 0.0, 0.0, 0.0, 0.0
            for _ in range(n_drawn[a]):
                state = advance(state)
                k = below(bits(state), n)
                s1 += size[k]
                s2 += total[k]
                s3 += total[k] * total[k]
                s4 += total[k] * size[k]
                s5 += size[k] * size[k]
            moments[i, a, 0], moments[i, a, 1], moments[i, a, 2] = s1, s2, s3
            moments[i, a, 3], moments[i, a, 4] = s4, s5
