"""What a log says about each arc: trials, successes, credit, delays; and the probabilities that make it most likely.

Work is by rows of followers. Adoptions come grouped by account, ascending by post. An arc (v, u) (v follows u) is
*tried* by every post that u adopted and v had not adopted before or at the same instant; it *succeeds* where v adopted
after, within a window. The accounts from whom v can have had a post are the *parents* of that adoption.

Sums of credit are fixed point, and adoptions with the same parents are put together and ordered by who the parents are,
so that no numbering of posts changes a bit (D4).
"""

from __future__ import annotations

import math

import numpy as np

from swayrank.kernels.jit import float_bits, kernel

ZERO = np.uint64(0)
ONE = np.uint64(1)
EARLIEST = np.int64(-(2**63))
UNKNOWN = np.int64(-1)
CREDIT_BITS = 40
CREDIT = np.uint64(1 << CREDIT_BITS)
SECOND = np.int64(1_000_000)
SIX, LOW_SIX = np.uint64(6), np.uint64(63)
MOST_MARKS = np.uint64(1 << 16)
MUCH_LONGER = np.uint64(32)
CERTAIN = 36.7  # -log(1 - p) of a p that float64 cannot tell from 1
LARGEST_BLOCK = 256
TINY = 1e-300


@kernel(inline=True)
def seek(post, at, stop, wanted):
    """The first place in [at, stop) whose post is not below `wanted`; doubles its steps, then halves them."""
    if at < stop and post[at] < wanted:
        low = at
        step = ONE
        while low + step < stop and post[low + step] < wanted:
            low += step
            step <<= ONE
        high = min(low + step, stop)
        while high - low > ONE:
            middle = low + ((high - low) >> ONE)
            if post[middle] < wanted:
                low = middle
            else:
                high = middle
        at = high
    return at


@kernel
def longer(array, n):
    """The array with room for n values, at least twice as long as it was."""
    made = np.empty(max(n, np.uint64(2 * array.size)), array.dtype)
    made[: array.size] = array
    return made


@kernel(inline=True)
def most_adoptions(first, last, starts):
    """The most adoptions that any of the accounts first ... last - 1 has."""
    most = ZERO
    for row in range(first, last):
        v = np.uint64(row)
        most = max(most, starts[v + ONE] - starts[v])
    return most


@kernel
def marks_for(first, last, starts):
    """Zeros for the marks of the accounts first ... last - 1: a power of two of words, 16 bits for each adoption."""
    most = most_adoptions(first, last, starts)
    size = np.uint64(64)
    while size < MOST_MARKS and size * np.uint64(4) < most:
        size <<= ONE
    return np.zeros(size, np.uint64)


@kernel(inline=True)
def mark_bits(n, marks):
    """The bits that n posts are told apart by, as a mask: few enough to stay in the cache, and rarely shared."""
    bits = np.uint64(1024)
    while bits < np.uint64(marks.size) * np.uint64(64) and bits < n * np.uint64(16):
        bits <<= ONE
    return bits - ONE


@kernel
def match_row(
    v, indptr, indices, starts, posts, times, window, marks, trials, successes, common, arc_of, adoption_of, delay_of
):
    """Hold v's adoptions against those of everybody it follows; a known delay above `window` is no success.

    ``trials[i]``, ``successes[i]`` and ``common[i]`` (posts that both adopted) belong to v's i-th arc. For each success
    the arc, v's adoption (both counted from the row's start) and the delay in microseconds (UNKNOWN from EARLIEST) are
    written, ascending by arc, then by post. Returns how many, and the three arrays, longer ones where they were short.

    The plain way is to merge two sorted lists for every arc. But most posts of u are none of v's, and `marks` (zero,
    and zero again in the end), in which v's posts set a bit each, tells so without a branch that nobody can predict.
    Where u has very many more posts than v, v's are looked up among them in leaps instead.
    """
    n = ZERO
    own, own_stop = starts[v], starts[v + ONE]
    start = indptr[v]
    mask = mark_bits(own_stop - own, marks)
    for place in range(own, own_stop):
        bit = np.uint64(posts[np.uint64(place)]) & mask
        marks[bit >> SIX] |= ONE << (bit & LOW_SIX)
    for arc in range(start, indptr[v + ONE]):
        e = np.uint64(arc)
        u = np.uint64(indices[e])
        i, i_stop = starts[u], starts[u + ONE]
        j = own
        size = i_stop - i
        most = n + min(size, own_stop - own)
        if most > np.uint64(arc_of.size):
            arc_of, adoption_of, delay_of = longer(arc_of, most), longer(adoption_of, most), longer(delay_of, most)
        begun = n
        n_common, n_had = ZERO, ZERO
        leaps = size > MUCH_LONGER * (own_stop - own)
        while i < i_stop and j < own_stop:
            if leaps:
                i = seek(posts, i, i_stop, posts[j])
                if i == i_stop:
                    break
                if posts[i] != posts[j]:
                    j += ONE
                    continue
            else:
                bit = np.uint64(posts[i]) & mask
                while (marks[bit >> SIX] >> (bit & LOW_SIX)) & ONE == ZERO:
                    i += ONE
                    if i == i_stop:
                        break
                    bit = np.uint64(posts[i]) & mask
                if i == i_stop:
                    break
                j = seek(posts, j, own_stop, posts[i])
                if j == own_stop:
                    break
                if posts[j] != posts[i]:
                    i += ONE
                    continue
            n_common += ONE
            if times[i] >= times[j]:
                n_had += ONE
            else:
                waited = UNKNOWN if times[i] == EARLIEST else times[j] - times[i]
                if waited <= window:
                    arc_of[n] = np.uint32(e - start)
                    adoption_of[n] = np.uint32(j - own)
                    delay_of[n] = waited
                    n += ONE
            i += ONE
            j += ONE
        at = e - start
        successes[at] = np.uint32(n - begun)
        common[at] = np.uint32(n_common)
        trials[at] = np.uint32(size - n_had)
    for place in range(own, own_stop):
        marks[(np.uint64(posts[np.uint64(place)]) & mask) >> SIX] = ZERO
    return n, arc_of, adoption_of, delay_of


@kernel
def tally_rows(
    first, last, indptr, indices, starts, posts, times, window, trials, successes, common, credit, explained
):
    """Trials, successes and posts in common of every arc of the accounts first ... last - 1, counted from the first's.

    ``credit`` (uint64 per arc, in units of 2**-40; empty where it is not wanted) gets 1 / parents for each success, and
    ``explained`` (uint32 per account) the adoptions that have a parent at all.
    """
    base = indptr[first]
    arc_of, adoption_of, delay_of = np.empty(64, np.uint32), np.empty(64, np.uint32), np.empty(64, np.int64)
    marks = marks_for(first, last, starts)
    n_parents = np.zeros(most_adoptions(first, last, starts), np.uint32)
    for row in range(first, last):
        v = np.uint64(row)
        at, end = indptr[v] - base, indptr[v + ONE] - base
        n, arc_of, adoption_of, delay_of = match_row(
            v, indptr, indices, starts, posts, times, window, marks,
            trials[at:end], successes[at:end], common[at:end], arc_of, adoption_of, delay_of,
        )  # fmt: skip
        n_explained = ZERO
        for i in range(n):
            k = np.uint64(adoption_of[np.uint64(i)])
            if n_parents[k] == 0:
                n_explained += ONE
            n_parents[k] += np.uint32(1)
        explained[v - np.uint64(first)] = np.uint32(n_explained)
        if credit.size > 0:
            for i in range(n):
                d = np.uint64(n_parents[np.uint64(adoption_of[np.uint64(i)])])
                credit[at + np.uint64(arc_of[np.uint64(i)])] += (CREDIT + (d >> ONE)) // d
        for i in range(n):
            n_parents[np.uint64(adoption_of[np.uint64(i)])] = 0


@kernel
def delay_rows(
    first, last, indptr, indices, starts, posts, times, window, trials, successes, undated, delay, within, moved
):
    """Trials, successes and delays of every arc of the accounts first ... last - 1, counted from the first's.

    ``undated`` are successes at an unknown delay, ``delay`` the mean of the known ones in seconds (NaN without any),
    ``within`` the successes no later than that. ``moved`` (uint32 per account) are adoptions that came within the mean
    delay of at least one of their parents.
    """
    base = indptr[first]
    arc_of, adoption_of, delay_of = np.empty(64, np.uint32), np.empty(64, np.uint32), np.empty(64, np.int64)
    marks = marks_for(first, last, starts)
    most_arcs = ZERO
    for row in range(first, last):
        most_arcs = max(most_arcs, indptr[np.uint64(row) + ONE] - indptr[np.uint64(row)])
    common = np.empty(most_arcs, np.uint32)
    is_moved = np.zeros(most_adoptions(first, last, starts), np.uint8)
    for row in range(first, last):
        v = np.uint64(row)
        at, end = indptr[v] - base, indptr[v + ONE] - base
        n, arc_of, adoption_of, delay_of = match_row(
            v, indptr, indices, starts, posts, times, window, marks,
            trials[at:end], successes[at:end], common, arc_of, adoption_of, delay_of,
        )  # fmt: skip
        delay[at:end] = np.nan
        n_moved = ZERO
        i = ZERO
        while i < n:
            arc = arc_of[i]
            j = i
            seconds, rest, known = np.int64(0), np.int64(0), np.int64(0)  # apart, so that no sum overflows
            while j < n and arc_of[j] == arc:
                if delay_of[j] != UNKNOWN:
                    seconds += delay_of[j] // SECOND
                    rest += delay_of[j] % SECOND
                    known += 1
                j += ONE
            e = at + np.uint64(arc)
            undated[e] = np.uint32(np.int64(j - i) - known)
            if known > 0:
                mean = (np.float64(seconds) + np.float64(rest) / 1e6) / np.float64(known)
                delay[e] = mean
                inside = np.uint32(0)
                while i < j:
                    # a mean of equal delays may come out a rounding below them
                    if delay_of[i] != UNKNOWN and np.float64(delay_of[i]) / 1e6 <= mean * (1.0 + 1e-12):
                        inside += np.uint32(1)
                        k = np.uint64(adoption_of[i])
                        if is_moved[k] == 0:
                            n_moved += ONE
                            is_moved[k] = 1
                    i += ONE
                within[e] = inside
            i = j
        moved[v - np.uint64(first)] = np.uint32(n_moved)
        for m in range(n):
            is_moved[np.uint64(adoption_of[np.uint64(m)])] = 0


@kernel
def sums_by_influencer(won, of, influencer, hits, total, squares, n_arcs, sums):
    """Add up every influencer's successes, trials, squared trials and tried arcs, of arcs in their order.

    ``sums`` gets, over all tried arcs, ``won**2 / of``, ``won * (1 - won / of)``, ``of - 1`` and how many they are.
    """
    for row in range(np.uint64(won.size)):
        i = np.uint64(row)
        if of[i] <= 0.0:
            continue
        u = np.uint64(influencer[i])
        hits[u] += won[i]
        total[u] += of[i]
        squares[u] += of[i] * of[i]
        n_arcs[u] += 1
        share = won[i] / of[i]
        sums[0] += won[i] * share
        sums[1] += won[i] * (1.0 - share)
        sums[2] += of[i] - 1.0
        sums[3] += 1.0


@kernel
def distinct_pairs(first, second, arcs, table, which, number):
    """Number the distinct pairs (first[arc], second[arc]) among `arcs`; returns how many there are.

    ``which[k]`` is the first arc of pair k and ``number[i]`` the pair of the i-th arc. `table`, uint32, is zero; its
    size is a power of two, at least twice as many as arcs.
    """
    n = ZERO
    mask = np.uint64(table.size) - ONE
    for row in range(np.uint64(arcs.size)):
        i = np.uint64(row)
        a = np.uint64(arcs[i])
        h = (float_bits(first[a]) * np.uint64(0x9E3779B97F4A7C15)) ^ float_bits(second[a])
        h *= np.uint64(0xBF58476D1CE4E5B9)
        slot = (h ^ (h >> np.uint64(32))) & mask
        while True:
            k = np.uint64(table[slot])
            if k == ZERO:
                which[n] = a
                number[i] = np.uint32(n)
                n += ONE
                table[slot] = np.uint32(n)
                break
            b = np.uint64(which[k - ONE])
            if first[b] == first[a] and second[b] == second[a]:
                number[i] = np.uint32(k - ONE)
                break
            slot = (slot + ONE) & mask
    return n


# -- the most likely probabilities -------------------------------------------------------------------------------------


@kernel
def parent_sets(n, n_adoptions, arc_of, adoption_of, single):
    """Put v's adoptions with the same parents together.

    Adoptions with one parent are added to ``single[arc]``. The others become sets: ``members[pointers[s]:
    pointers[s + 1]]`` are the arcs of set s, ascending, and ``weight[s]`` says how many adoptions have it; sets are
    ordered by a hash of their members.
    """
    place = np.zeros(n_adoptions + ONE, np.uint64)
    for i in range(n):
        place[np.uint64(adoption_of[np.uint64(i)]) + ONE] += ONE
    n_sets, n_members = ZERO, ZERO
    for row in range(n_adoptions):
        size = place[np.uint64(row) + ONE]
        if size > ONE:
            n_sets += ONE
            n_members += size
        place[np.uint64(row) + ONE] += place[np.uint64(row)]
    parent = np.empty(n, np.uint32)
    cursor = place[:n_adoptions].copy()
    for i in range(n):
        k = np.uint64(adoption_of[np.uint64(i)])
        parent[cursor[k]] = arc_of[np.uint64(i)]
        cursor[k] += ONE
    which, hashes = np.empty(n_sets, np.uint64), np.empty(n_sets, np.uint64)
    at = ZERO
    for row in range(n_adoptions):
        k = np.uint64(row)
        size = place[k + ONE] - place[k]
        if size == ONE:
            single[np.uint64(parent[place[k]])] += 1.0
        elif size > ONE:
            h = size
            for i in range(place[k], place[k + ONE]):
                h = (h ^ np.uint64(parent[np.uint64(i)])) * np.uint64(0x9E3779B97F4A7C15)
                h ^= h >> np.uint64(29)
            which[at], hashes[at] = k, h
            at += ONE
    order = np.argsort(hashes, kind="mergesort")
    pointers, members, weight = np.zeros(n_sets + ONE, np.uint64), np.empty(n_members, np.uint32), np.zeros(n_sets)
    made, end = ZERO, ZERO
    for position in range(n_sets):
        k = which[order[np.uint64(position)]]
        size = place[k + ONE] - place[k]
        same = made > ZERO and end - pointers[made - ONE] == size
        if same:
            begun = pointers[made - ONE]
            for i in range(size):
                if members[begun + np.uint64(i)] != parent[place[k] + np.uint64(i)]:
                    same = False
                    break
        if same:
            weight[made - ONE] += 1.0
            continue
        for i in range(size):
            members[end + np.uint64(i)] = parent[place[k] + np.uint64(i)]
        end += size
        weight[made] = 1.0
        made += ONE
        pointers[made] = end
    return pointers[: made + ONE], members[:end], weight[:made]


@kernel
def slopes(pointers, members, weight, single, fail, theta, slope):
    """The derivative of the log-likelihood by each theta = -log(1 - p)::

    single / (e^theta - 1) + sum over sets of weight / (e^x - 1) - fail,    x = the set's sum of thetas.
    """
    for j in range(np.uint64(theta.size)):
        a = np.uint64(j)
        slope[a] = -fail[a]
        if single[a] > 0.0:
            slope[a] += single[a] / max(math.expm1(theta[a]), TINY)
    for row in range(np.uint64(weight.size)):
        s = np.uint64(row)
        x = 0.0
        for i in range(pointers[s], pointers[s + ONE]):
            x += theta[np.uint64(members[np.uint64(i)])]
        gain = weight[s] / max(math.expm1(x), TINY)
        for i in range(pointers[s], pointers[s + ONE]):
            slope[np.uint64(members[np.uint64(i)])] += gain


@kernel
def residual_of(total, theta, slope, coupled):
    """How far the optimality conditions are from holding, per trial: the largest of |slope| / trials.

    Where p should be smaller it is multiplied by p, by which at most it can shrink: it is the step of the EM algorithm.
    """
    worst = 0.0
    for j in range(np.uint64(theta.size)):
        a = np.uint64(j)
        if coupled[a] == 0:
            continue
        r = slope[a] / total[a]
        if r < 0.0:
            r *= math.expm1(-theta[a])
        worst = max(worst, r)
    return worst


@kernel
def em_step(pointers, members, weight, single, total, coupled, p, gained):
    """One step of Saito, Nakano & Kimura's EM: p = (single + p * sum over sets of weight / P) / trials."""
    gained[:] = 0.0
    for row in range(np.uint64(weight.size)):
        s = np.uint64(row)
        none = 1.0
        for i in range(pointers[s], pointers[s + ONE]):
            none *= 1.0 - p[np.uint64(members[np.uint64(i)])]
        ratio = weight[s] / max(1.0 - none, TINY)
        for i in range(pointers[s], pointers[s + ONE]):
            gained[np.uint64(members[np.uint64(i)])] += ratio
    worst = 0.0
    for j in range(np.uint64(p.size)):
        a = np.uint64(j)
        if coupled[a] == 0:
            continue
        new = min(1.0, (single[a] + p[a] * gained[a]) / total[a])  # rounding may lead beyond
        worst = max(worst, (new - p[a]) / p[a] if new > p[a] > 0.0 else p[a] - new)
        gained[a] = new
    return worst


@kernel
def solve_one(begin, end, sets_of, weight, sums, single, fail, theta):
    """The theta of one arc at which the log-likelihood is highest, all others staying as they are.

    Its slope is convex and falls, so Newton's step from anywhere ends at or left of the zero, and then comes up to it.
    """
    if fail <= 0.0:
        return CERTAIN
    at = theta
    for _ in range(20):
        value, steep, bare = -fail, 0.0, single > 0.0
        if single > 0.0:
            t = 1.0 / max(math.expm1(at), TINY)
            value += single * t
            steep += single * t * (1.0 + t)
        for i in range(begin, end):
            s = np.uint64(sets_of[np.uint64(i)])
            others = max(sums[s] - theta, 0.0)
            bare = bare or others <= 0.0
            t = 1.0 / max(math.expm1(others + at), TINY)
            value += weight[s] * t
            steep += weight[s] * t * (1.0 + t)
        if at == 0.0 and value <= 0.0:
            return 0.0
        new = at + value / steep
        if new <= 0.0:
            new = at / 8.0 if bare else 0.0
        new = min(new, CERTAIN)
        if abs(new - at) <= 1e-10 * at:
            return new
        at = new
    return at


@kernel
def ascend(pointers, members, weight, single, fail, total, coupled, tol, max_iter, theta, slope):
    """Coordinate by coordinate to the most likely thetas; returns sweeps and the residual at the end."""
    n_arcs = np.uint64(theta.size)
    place = np.zeros(n_arcs + ONE, np.uint64)
    for i in range(np.uint64(members.size)):
        place[np.uint64(members[np.uint64(i)]) + ONE] += ONE
    for j in range(n_arcs):
        place[np.uint64(j) + ONE] += place[np.uint64(j)]
    cursor, sets_of = place.copy(), np.empty(members.size, np.uint32)
    sums = np.empty(weight.size)
    for row in range(np.uint64(weight.size)):
        s = np.uint64(row)
        for i in range(pointers[s], pointers[s + ONE]):
            a = np.uint64(members[np.uint64(i)])
            sets_of[cursor[a]] = np.uint32(s)
            cursor[a] += ONE
    n = 0
    while True:
        slopes(pointers, members, weight, single, fail, theta, slope)
        worst = residual_of(total, theta, slope, coupled)
        if worst <= tol or n >= max_iter:
            return n, worst
        for row in range(np.uint64(weight.size)):
            s = np.uint64(row)
            x = 0.0
            for i in range(pointers[s], pointers[s + ONE]):
                x += theta[np.uint64(members[np.uint64(i)])]
            sums[s] = x
        for j in range(n_arcs):
            a = np.uint64(j)
            if coupled[a] == 0:
                continue
            new = solve_one(place[a], place[a + ONE], sets_of, weight, sums, single[a], fail[a], theta[a])
            for i in range(place[a], place[a + ONE]):
                sums[np.uint64(sets_of[np.uint64(i)])] += new - theta[a]
            theta[a] = new
        n += 1


@kernel
def inverse_diagonal(matrix, diagonal):
    """The diagonal of a positive definite matrix's inverse, by Cholesky's factor, which takes the matrix's place.

    A pivot that rounding leaves at nothing is a direction that nothing is known about: its variance becomes huge.
    """
    n = np.uint64(diagonal.size)
    for column in range(n):
        j = np.uint64(column)
        whole = matrix[j, j]
        pivot = whole
        for k in range(j):
            pivot -= matrix[j, np.uint64(k)] * matrix[j, np.uint64(k)]
        root = math.sqrt(max(pivot, 1e-12 * whole))
        matrix[j, j] = root
        for line in range(j + ONE, n):
            i = np.uint64(line)
            value = matrix[i, j]
            for k in range(j):
                value -= matrix[i, np.uint64(k)] * matrix[j, np.uint64(k)]
            matrix[i, j] = value / root
    solved = np.empty(n)
    for column in range(n):
        j = np.uint64(column)
        total = 0.0
        for line in range(j, n):
            i = np.uint64(line)
            value = 1.0 if i == j else 0.0
            for k in range(j, i):
                value -= matrix[i, np.uint64(k)] * solved[np.uint64(k)]
            solved[i] = value / matrix[i, i]
            total += solved[i] * solved[i]
        diagonal[j] = total


@kernel
def strengths(pointers, members, weight, single, fail, total, coupled, theta, slope, strength):
    """How many trials, each with a known outcome, would tell as much about each coupled arc as the log does.

    With the observed information I in theta, ``p / ((1 - p) * inverse(I)[j, j])``: for an arc that is alone that is its
    number of trials. Near p = 0 it is what the slope makes of failures, or what puts the upper end where the curvature
    does, at p = 1 what it makes of successes. Where more than 256 arcs hang together only adoptions with one parent
    count, which can but understate it.
    """
    n_arcs = np.uint64(theta.size)
    number, curvature = np.zeros(n_arcs, np.uint32), np.zeros(n_arcs)
    n_free = ZERO
    for j in range(n_arcs):
        a = np.uint64(j)
        if coupled[a] == 0:
            continue
        p = -math.expm1(-theta[a])
        if theta[a] >= CERTAIN - 1.0:
            strength[a] = single[a]
        elif p * total[a] <= 1e-3:
            strength[a] = max(0.0, -slope[a])
        else:
            n_free += ONE
            number[a] = np.uint32(n_free)
    apart = n_free > LARGEST_BLOCK
    matrix = np.zeros((ZERO if apart else n_free, ZERO if apart else n_free))
    for row in range(np.uint64(weight.size)):
        s = np.uint64(row)
        x = 0.0
        for i in range(pointers[s], pointers[s + ONE]):
            x += theta[np.uint64(members[np.uint64(i)])]
        t = 1.0 / max(math.expm1(x), TINY)
        for i in range(pointers[s], pointers[s + ONE]):
            a = np.uint64(members[np.uint64(i)])
            if theta[a] >= CERTAIN - 1.0:
                strength[a] += weight[s] * math.exp(theta[a] - x)
            curvature[a] += weight[s] * t * (1.0 + t)
            if apart or number[a] == 0:
                continue
            for k in range(pointers[s], np.uint64(i) + ONE):
                b = np.uint64(members[np.uint64(k)])
                if number[b] > 0:
                    matrix[np.uint64(number[a]) - ONE, np.uint64(number[b]) - ONE] += weight[s] * t * (1.0 + t)
    for j in range(n_arcs):  # 3 / strength, Beta's upper end at few successes, is 2 / sqrt(curvature), theta's
        a = np.uint64(j)
        if coupled[a] != 0 and number[a] == 0 and theta[a] < CERTAIN - 1.0:
            strength[a] = max(strength[a], min(total[a], 1.5 * math.sqrt(curvature[a])))
    diagonal = np.empty(np.uint64(matrix.shape[0]))
    for j in range(n_arcs):
        a = np.uint64(j)
        if number[a] == 0:
            continue
        t = 1.0 / math.expm1(theta[a])
        alone = single[a] * t * (1.0 + t)
        if apart:
            strength[a] = alone * math.expm1(theta[a])
        else:
            matrix[np.uint64(number[a]) - ONE, np.uint64(number[a]) - ONE] += alone
    if not apart:
        inverse_diagonal(matrix, diagonal)
        for j in range(n_arcs):
            a = np.uint64(j)
            if number[a] > 0:
                strength[a] = math.expm1(theta[a]) / diagonal[np.uint64(number[a]) - ONE] + max(0.0, -slope[a])


@kernel
def fit_rows(
    first,
    last,
    indptr,
    indices,
    starts,
    posts,
    times,
    window,
    plus,
    minus,
    by_em,
    tol,
    max_iter,
    probability,
    strength,
    n_iter,
    residual,
    likelihood,
):
    """The most likely probabilities of the arcs of the accounts first ... last - 1, counted from the first's.

    Maximises, for each follower v, over p::

        sum over adoptions of v with parents of log(1 - prod over parents (1 - p))
            + sum over arcs of failures * log(1 - p) + plus * log(p) + minus * log(1 - p)

    ``plus`` and ``minus`` are pseudo-successes and -failures on the arcs to each influencer, or empty. By EM if
    `by_em`, else coordinate by coordinate. `strength` is `strengths`; an arc that shares no adoption has
    p = (successes + plus) / (trials + plus + minus) at once. `likelihood` leaves the pseudo-observations out.
    """
    base = indptr[first]
    arc_of, adoption_of, delay_of = np.empty(64, np.uint32), np.empty(64, np.uint32), np.empty(64, np.int64)
    marks = marks_for(first, last, starts)
    for row in range(first, last):
        v = np.uint64(row)
        start, end = indptr[v], indptr[v + ONE]
        if start == end:
            continue
        n_arcs = end - start
        trials, successes, common = (
            np.empty(n_arcs, np.uint32),
            np.empty(n_arcs, np.uint32),
            np.empty(n_arcs, np.uint32),
        )
        n, arc_of, adoption_of, delay_of = match_row(
            v, indptr, indices, starts, posts, times, window, marks,
            trials, successes, common, arc_of, adoption_of, delay_of,
        )  # fmt: skip
        single, fail = np.zeros(n_arcs), np.empty(n_arcs)
        pointers, members, weight = parent_sets(n, starts[v + ONE] - starts[v], arc_of, adoption_of, single)
        coupled, total, theta, slope = (
            np.zeros(n_arcs, np.uint8),
            np.empty(n_arcs),
            np.zeros(n_arcs),
            np.zeros(n_arcs),
        )
        p = probability[start - base : end - base]
        strong = strength[start - base : end - base]
        p[:] = 0.0
        seen = single.copy()
        for i in range(np.uint64(members.size)):
            coupled[np.uint64(members[np.uint64(i)])] = 1
        for i in range(np.uint64(weight.size)):
            s = np.uint64(i)
            share = weight[s] / np.float64(pointers[s + ONE] - pointers[s])
            for k in range(pointers[s], pointers[s + ONE]):
                p[np.uint64(members[np.uint64(k)])] += share
        for j in range(n_arcs):
            a = np.uint64(j)
            more, less = 0.0, 0.0
            if plus.size > 0:
                u = np.uint64(indices[start + a])
                more, less = plus[u], minus[u]
            single[a] += more
            fail[a] = np.float64(trials[a] - successes[a]) + less
            total[a] = np.float64(trials[a]) + more + less
            p[a] = (single[a] + p[a]) / total[a] if total[a] > 0.0 else 0.0
            strong[a] = total[a]
        v_at = v - np.uint64(first)
        if weight.size > 0:
            rounds, worst = 0, np.inf
            if by_em:
                gained = np.empty(n_arcs)
                while True:
                    worst = em_step(pointers, members, weight, single, total, coupled, p, gained)
                    if worst <= tol or rounds >= max_iter:
                        break
                    for j in range(n_arcs):
                        if coupled[np.uint64(j)] != 0:
                            p[np.uint64(j)] = gained[np.uint64(j)]
                    rounds += 1
            for j in range(n_arcs):
                a = np.uint64(j)
                theta[a] = min(-math.log1p(-p[a]), CERTAIN) if p[a] < 1.0 else CERTAIN
            if by_em:
                slopes(pointers, members, weight, single, fail, theta, slope)
            else:
                rounds, worst = ascend(
                    pointers, members, weight, single, fail, total, coupled, tol, max_iter, theta, slope
                )
                for j in range(n_arcs):
                    a = np.uint64(j)
                    if coupled[a] != 0:
                        p[a] = -math.expm1(-theta[a])
            n_iter[v_at], residual[v_at] = np.uint32(rounds), worst
            strengths(pointers, members, weight, single, fail, total, coupled, theta, slope, strong)
        likelihood[v_at] = row_likelihood(pointers, members, weight, seen, trials, successes, p)


@kernel
def row_likelihood(pointers, members, weight, seen, trials, successes, p):
    """The log-likelihood of one follower's adoptions and failures; `seen` are its adoptions with one parent."""
    value = 0.0
    for j in range(np.uint64(p.size)):
        a = np.uint64(j)
        failed = np.float64(trials[a] - successes[a])
        if failed > 0.0:
            value += failed * math.log1p(-p[a]) if p[a] < 1.0 else -np.inf
        if seen[a] > 0.0:
            value += seen[a] * math.log(p[a]) if p[a] > 0.0 else -np.inf
    for row in range(np.uint64(weight.size)):
        s = np.uint64(row)
        none = 1.0
        for i in range(pointers[s], pointers[s + ONE]):
            none *= 1.0 - p[np.uint64(members[np.uint64(i)])]
        value += weight[s] * math.log(max(1.0 - none, TINY))
    return value
