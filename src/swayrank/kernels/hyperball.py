"""HyperBall: the sizes of all balls around all nodes, one step wider per pass, from small counters.

Plainly, with B(v, t) the set of nodes at a distance of at most t to v::

    B(v, 0) = {v}      B(v, t) = B(v, t - 1) union B(u, t - 1) for all arcs u -> v

Sets are HyperLogLog counters (Flajolet et al. 2007): register j of a set holds the highest rank (1 + leading zeros of
its hash) among the members that fall into j, so that a union is the maximum, byte by byte. Boldi & Vigna 2013,
"In-core computation of geometric centralities with HyperBall", arXiv:1308.2144.

The size of a set is estimated as Ertl does (2017, arXiv:1702.01284), without his correction for full registers, which
64-bit hashes never need: m^2 / (2 log 2) / (m sigma(share of empty registers) + sum of 2^-register over the others),
sigma(x) = x + sum over k >= 1 of 2^(k-1) x^(2^k). It has no threshold between small and large sets.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel, leading_zeros
from swayrank.kernels.random import advance, bits, stream

ZERO = np.uint64(0)
ONE = np.uint64(1)

_POWERS = 0.5 ** np.arange(256)
_POWERS.flags.writeable = False
_HALF_OVER_LOG2 = np.float64(0.5 / np.log(2.0))


@kernel
def first_registers(nodes, key_high, key_low, purpose, log2m, registers):
    """Put the hash of nodes[i], a number, into row i of `registers`, uint8[n, 2^log2m], zero."""
    for i in range(np.uint64(nodes.size)):
        row = np.uint64(i)
        word = bits(advance(stream(key_high, key_low, np.uint64(purpose), np.uint64(nodes[row]))))
        place = word & ((ONE << np.uint64(log2m)) - ONE)
        registers[row, place] = np.uint8(ONE + min(leading_zeros(word), np.uint64(63) - np.uint64(log2m)))


@kernel
def size_of(registers, row):
    """The estimated size of a set that is not empty."""
    m = np.uint64(registers.shape[1])
    total = np.float64(0.0)
    n_empty = ZERO
    for j in range(m):
        register = np.uint64(registers[row, np.uint64(j)])
        total += _POWERS[register]
        n_empty += ONE if register == ZERO else ZERO
    share = np.float64(np.int64(n_empty)) / np.float64(np.int64(m))
    sigma = share
    weight = np.float64(1.0)
    while share > 1e-9:
        share = share * share
        sigma += weight * share
        weight *= 2.0
    size = np.float64(np.int64(m))
    total += size * sigma - np.float64(np.int64(n_empty))
    return _HALF_OVER_LOG2 * size * size / total


@kernel
def widen_rows(in_indptr, in_indices, registers, changed, start, stop, wider, grown, sizes):
    """Rows start..stop one step wider, into `wider`, `grown` and `sizes`, which begin at row `start`.

    `changed` tells which rows grew in the last step: only these can make another one grow. `sizes` holds what the
    sets measured before; a set that grows never measures less.
    """
    m = np.uint64(registers.shape[1])
    for row in range(np.uint64(start), np.uint64(stop)):
        v = np.uint64(row)
        to = v - np.uint64(start)
        for j in range(m):
            wider[to, np.uint64(j)] = registers[v, np.uint64(j)]
        grew = False
        for arc in range(in_indptr[v], in_indptr[v + ONE]):
            u = np.uint64(in_indices[np.uint64(arc)])
            if changed[u]:
                more = np.uint8(0)
                for j in range(m):
                    mine, theirs = wider[to, np.uint64(j)], registers[u, np.uint64(j)]
                    best = max(mine, theirs)
                    wider[to, np.uint64(j)] = best
                    more |= mine ^ best
                grew = grew or more != 0
        grown[to] = grew
        if grew:
            sizes[to] = max(sizes[to], size_of(wider, to))
