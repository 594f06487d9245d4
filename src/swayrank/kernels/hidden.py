"""Who might have had posts from whom, from times of adoption alone: NetRate's rates and NetInf's arcs, row by row.

Adoptions stand grouped by post in the order of time: those of post c are ``starts[c]`` ... ``starts[c + 1] - 1``,
with `account` and `time` (us; EARLIEST where only the order is known); ``entry[indptr[v] : indptr[v + 1]]`` are the
places of account v's own. A candidate for v is an account that adopted before v, at a known time, in at least
`min_cascades` posts. Everything about v's candidates is independent of every other account's, so rows may run anywhere;
a row holds its own pairs (adoption of v, earlier adoption) and lets them go.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel

ZERO, ONE = np.uint64(0), np.uint64(1)
EARLIEST = np.int64(-(2**63))
HOURS = 1.0 / 3.6e9


@kernel(inline=True)
def count_before(v, indptr, entry, post, starts, account, time, seen, touched):
    """In how many posts each account adopted before v, in `seen`; returns how many accounts `touched` lists."""
    found = ZERO
    for i in range(indptr[v], indptr[v + ONE]):
        own = np.uint64(entry[np.uint64(i)])
        k = starts[np.uint64(post[own])]
        while k < own and time[k] < time[own]:
            if time[k] != EARLIEST:
                u = np.uint64(account[k])
                if seen[u] == 0:
                    touched[found] = account[k]
                    found += ONE
                seen[u] += np.uint32(1)
            k += ONE
    return found


@kernel
def row_sizes(first, last, indptr, entry, post, starts, account, time, min_cascades, n_candidates, n_pairs):
    """How many candidates the accounts first ... last - 1 have, and in how many pairs with them."""
    n = indptr.size - 1
    seen, touched = np.zeros(n, np.uint32), np.empty(n, np.uint32)
    for row in range(first, last):
        v = np.uint64(row)
        found = count_before(v, indptr, entry, post, starts, account, time, seen, touched)
        candidates, pairs = ZERO, ZERO
        for j in range(found):
            u = np.uint64(touched[np.uint64(j)])
            if seen[u] >= min_cascades:
                candidates += ONE
                pairs += np.uint64(seen[u])
            seen[u] = 0
        n_candidates[v - np.uint64(first)] = candidates
        n_pairs[v - np.uint64(first)] = pairs


@kernel
def gather_row(
    v,
    indptr,
    entry,
    post,
    starts,
    account,
    time,
    end,
    exposure,
    min_cascades,
    seen,
    touched,
    source,
    bounds,
    events,
    gaps,
):
    """The candidates of v and, for each, the adoptions of v that it came before: a row as small sparse columns.

    Candidate j is account ``source[j]`` (ascending); it came before v's adoptions ``events[bounds[j] : bounds[j + 1]]``
    (0, 1, ... in v's own order) by ``gaps`` hours. Returns the hours for which v was exposed to each::

        sum over posts that u adopted and v had not adopted before: min(time of v's adoption, end) - time of u's

    which is u's whole exposure of anybody (`exposure`, us) less what v's own adoptions cut off. In us, modulo 2**64.
    """
    found = count_before(v, indptr, entry, post, starts, account, time, seen, touched)
    n = ZERO
    for j in range(found):
        u = touched[np.uint64(j)]
        if seen[np.uint64(u)] >= min_cascades:
            source[n] = u
            n += ONE
        else:
            seen[np.uint64(u)] = 0
    source[:n] = np.sort(source[:n])
    at_risk = np.empty(n, np.int64)
    fill = np.empty(n, np.uint64)
    bounds[0] = ZERO
    for i in range(n):
        j = np.uint64(i)
        u = np.uint64(source[j])
        fill[j] = bounds[j]
        bounds[j + ONE] = bounds[j] + np.uint64(seen[u])
        at_risk[j] = exposure[u]
        seen[u] = np.uint32(j + ONE)  # from here on: the candidate's place, counted from 1
    begin = indptr[v]
    for i in range(begin, indptr[v + ONE]):
        own = np.uint64(entry[np.uint64(i)])
        c = np.uint64(post[own])
        for place in range(starts[c], starts[c + ONE]):
            k = np.uint64(place)
            mark = np.uint64(seen[np.uint64(account[k])])
            if mark == ZERO or time[k] == EARLIEST:
                continue
            j = mark - ONE
            at_risk[j] -= end[c] - time[k]
            if time[k] < time[own]:
                at_risk[j] += time[own] - time[k]
                events[fill[j]] = np.uint32(np.uint64(i) - begin)
                gaps[fill[j]] = np.float64(time[own] - time[k]) * HOURS
                fill[j] += ONE
    hours = np.empty(n)
    for i in range(n):
        j = np.uint64(i)
        hours[j] = np.float64(at_risk[j]) * HOURS
        seen[np.uint64(source[j])] = 0
    return hours


@kernel
def netrate_rows(
    first,
    last,
    indptr,
    entry,
    post,
    starts,
    account,
    time,
    end,
    exposure,
    min_cascades,
    offset,
    pairs,
    tol,
    max_iter,
    source,
    rate,
    credit,
    excess,
):
    """Rates of the candidates of the accounts first ... last - 1, by EM.

    With W_u the hours of exposure to u, and the sum over v's adoptions a of the candidates before each::

        L(r) = sum over a of log(sum over u before a of r_u) - sum over u of r_u W_u

    One step is r_u <- r_u g_u / W_u, g_u = sum over a after u of 1 / (sum over u' before a of r_u'). The steps keep
    sum r_u W_u = A, the number of adoptions that have a candidate, and L is concave, so that it lies below its highest
    value by at most A * (max over u of g_u / W_u - 1): `excess` is that maximum less 1, and ends the steps at `tol`.
    `credit` is r_u W_u.
    """
    n = indptr.size - 1
    seen, touched = np.zeros(n, np.uint32), np.empty(n, np.uint32)
    base = offset[np.uint64(first)]
    for row in range(first, last):
        v = np.uint64(row)
        at = offset[v] - base
        m = offset[v + ONE] - offset[v]
        excess[v - np.uint64(first)] = 0.0
        if m == ZERO:
            continue
        bounds = np.empty(m + ONE, np.uint64)
        events, gaps = np.empty(pairs[v], np.uint32), np.empty(pairs[v])
        hours = gather_row(
            v,
            indptr,
            entry,
            post,
            starts,
            account,
            time,
            end,
            exposure,
            min_cascades,
            seen,
            touched,
            source[at:],
            bounds,
            events,
            gaps,
        )
        total = np.zeros(indptr[v + ONE] - indptr[v])
        for k in range(pairs[v]):
            total[np.uint64(events[np.uint64(k)])] += 1.0
        r, step = np.empty(m), np.empty(m)
        for i in range(m):  # to begin with, all candidates before an adoption share it alike
            j = np.uint64(i)
            share = 0.0
            for k in range(bounds[j], bounds[j + ONE]):
                share += 1.0 / total[np.uint64(events[np.uint64(k)])]
            r[j] = share / hours[j]
        over = np.inf
        for _ in range(max_iter):
            total[:] = 0.0
            for i in range(m):
                j = np.uint64(i)
                for k in range(bounds[j], bounds[j + ONE]):
                    total[np.uint64(events[np.uint64(k)])] += r[j]
            over = 0.0
            for i in range(m):
                j = np.uint64(i)
                g = 0.0
                for k in range(bounds[j], bounds[j + ONE]):
                    g += 1.0 / total[np.uint64(events[np.uint64(k)])]
                step[j] = g / hours[j]
                over = max(over, step[j] - 1.0)
            if over <= tol:
                break
            for i in range(m):
                r[np.uint64(i)] *= step[np.uint64(i)]
        excess[v - np.uint64(first)] = over
        for i in range(m):
            j = np.uint64(i)
            rate[at + j] = r[j]
            credit[at + j] = r[j] * hours[j]


@kernel
def netinf_rows(
    first,
    last,
    indptr,
    entry,
    post,
    starts,
    account,
    time,
    end,
    exposure,
    min_cascades,
    offset,
    pairs,
    common_rate,
    reach,
    limit,
    source,
    rate,
    credit,
    gain,
):
    """Arcs to the accounts first ... last - 1 in the order in which greedy search takes them, with their gains.

    Each adoption a of v counts what its best arc gives it::

        F(arcs) = sum over a of max(0, max over u before a with an arc of reach - common_rate * gap(u, a))

    F is submodular: an arc's gain only falls as others are taken, so that a gain worked out earlier is a bound, and
    only arcs whose bound is the highest are worked out anew (lazy evaluation). Arcs of other rows change nothing here.
    At most ``limit[v]`` arcs are taken. Places of arcs that gain nothing stay with a gain of 0. `credit` counts the
    adoptions whose best arc it is, and `rate` is their number by their gaps' sum.
    """
    n = indptr.size - 1
    seen, touched = np.zeros(n, np.uint32), np.empty(n, np.uint32)
    base = offset[np.uint64(first)]
    for row in range(first, last):
        v = np.uint64(row)
        at = offset[v] - base
        m = offset[v + ONE] - offset[v]
        if m == ZERO:
            continue
        bounds = np.empty(m + ONE, np.uint64)
        events, gaps = np.empty(pairs[v], np.uint32), np.empty(pairs[v])
        candidate = np.empty(m, np.uint32)
        gather_row(
            v,
            indptr,
            entry,
            post,
            starts,
            account,
            time,
            end,
            exposure,
            min_cascades,
            seen,
            touched,
            candidate,
            bounds,
            events,
            gaps,
        )
        n_own = indptr[v + ONE] - indptr[v]
        best, by, gap = np.zeros(n_own), np.full(n_own, m, np.uint64), np.zeros(n_own)
        bound = np.full(m, np.inf)
        current = np.zeros(m, np.uint64)
        taken = ZERO
        while taken < min(m, limit[v]):
            top = ZERO
            for i in range(ONE, m):
                if bound[np.uint64(i)] > bound[top]:
                    top = np.uint64(i)
            if bound[top] <= 0.0:
                break
            if current[top] != taken + ONE:
                more = 0.0
                for k in range(bounds[top], bounds[top + ONE]):
                    value = reach - common_rate * gaps[np.uint64(k)]
                    held = best[np.uint64(events[np.uint64(k)])]
                    if value > held:
                        more += value - held
                bound[top] = more
                current[top] = taken + ONE
                continue
            for i in range(bounds[top], bounds[top + ONE]):
                k = np.uint64(i)
                a = np.uint64(events[k])
                value = reach - common_rate * gaps[k]
                if value > best[a]:
                    best[a], by[a], gap[a] = value, taken, gaps[k]
            source[at + taken] = candidate[top]
            gain[at + taken] = bound[top]
            credit[at + taken] = 0.0
            rate[at + taken] = 0.0
            bound[top] = -1.0
            taken += ONE
        for i in range(taken, m):
            gain[at + np.uint64(i)] = 0.0
        for i in range(n_own):
            a = np.uint64(i)
            if by[a] < m:
                credit[at + by[a]] += 1.0
                rate[at + by[a]] += gap[a]
        for i in range(taken):
            j = at + np.uint64(i)
            rate[j] = credit[j] / rate[j] if credit[j] > 0.0 else 0.0
