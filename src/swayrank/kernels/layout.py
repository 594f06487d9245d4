"""Places on a plane by forces: every pair of nodes repels, every arc attracts; repulsion by a quadtree (Barnes-Hut).

With masses m = 1 + degree, distance d, and one unit vector per pair that points from j to i, node i feels ::

    sum over other nodes j   c m_i m_j / d                 (repulsion; c = sqrt(n) / sum of m)
    - sum over its arcs      d / (1 + d)                   (attraction: linear when near, then constant)
    - GRAVITY m_i d_0 / (1 + d_0)                          (towards the middle, at distance d_0)

Constant attraction with masses by degree is Noack's edge-repulsion LinLog model (2007), whose layouts of least energy
separate communities; masses, step and its control by swinging are ForceAtlas2's (Jacomy et al. 2014). Only + - * / and
square roots are used, in a fixed order, so that places are the same bits wherever the work runs.

The quadtree (Barnes & Hut 1986) is frozen within a step. Points are sorted along the Z curve; a cell is a range of
them, [first, stop), that shares the leading bits of its codes, so cells with one child do not exist. Cells stand in
depth-first order, and ``skip[c]`` is the next cell outside of c: a walk needs no stack, and c is a leaf if its skip is
c + 1. A cell of width w whose centre of mass is d away counts as one point if w < theta d; with theta = 0, nothing
does, and the sum is exact but for rounding. For theta < 0.7 no cell that holds the node itself counts as one point.
"""

from __future__ import annotations

import numpy as np

from swayrank.kernels.jit import kernel, leading_zeros
from swayrank.kernels.random import advance, bits, stream, unit

ONE = np.uint64(1)
TWO = np.uint64(2)
ZERO = np.uint64(0)
LEAF = np.uint64(8)
"""A cell of so many points, or of one place, is not divided."""
DIGITS = np.uint64(31)
GRID = np.float64(2.0**31)
GRAVITY = np.float64(0.05)
SWING = np.float64(1.0)
"""How much swinging is tolerated for each unit of progress (ForceAtlas2's tau)."""
LARGEST_RISE = np.float64(1.5)
LONGEST_STEP = np.float64(0.1)
"""Of sqrt(n), about which the map is wide."""
SLOWEST = np.float64(1e-9)
M0, M1, M2, M3, M4 = (
    np.uint64(m)
    for m in (0x0000FFFF0000FFFF, 0x00FF00FF00FF00FF, 0x0F0F0F0F0F0F0F0F, 0x3333333333333333, 0x5555555555555555)
)
S16, S8, S4, S2 = (np.uint64(s) for s in (16, 8, 4, 2))


@kernel
def first_places(key_high, key_low, purpose, hashes, x, y):
    """Random places in the unit square that hang on each node's id hash alone."""
    for node in range(np.uint64(hashes.size)):
        i = np.uint64(node)
        state = advance(stream(key_high, key_low, purpose, hashes[i]))
        x[i] = unit(bits(state))
        y[i] = unit(bits(advance(state)))


@kernel
def spread_bits(word):
    """The lower 32 bits of a word, a zero between each two."""
    word = (word | (word << S16)) & M0
    word = (word | (word << S8)) & M1
    word = (word | (word << S4)) & M2
    word = (word | (word << S2)) & M3
    return (word | (word << ONE)) & M4


@kernel
def z_codes(x, y, codes):
    """Every point's place along the Z curve in the smallest square around all; returns the square's side."""
    left, right, low, high = x[0], x[0], y[0], y[0]
    for point in range(np.uint64(x.size)):
        i = np.uint64(point)
        left, right = min(left, x[i]), max(right, x[i])
        low, high = min(low, y[i]), max(high, y[i])
    side = max(right - left, high - low)
    scale = (GRID - 1.0) / side if side > 0 else np.float64(0.0)
    for point in range(np.uint64(x.size)):
        i = np.uint64(point)
        column = np.uint64((x[i] - left) * scale)
        row = np.uint64((y[i] - low) * scale)
        codes[i] = spread_bits(column) | (spread_bits(row) << ONE)
    return side


@kernel(inline=True)
def first_from(codes, low, high, code):
    """The first place in [low, high) whose code is at least `code`."""
    while low < high:
        middle = (low + high) >> ONE
        if codes[middle] < code:
            low = middle + ONE
        else:
            high = middle
    return low


@kernel
def build_tree(codes, x, y, mass, side, first, stop, skip, middle, width):
    """The cells over points sorted by their codes; returns how many. 2 n cells are always enough.

    `middle` is float64[2 n, 3], centre of mass and mass of each cell.
    """
    n = np.uint64(codes.size)
    lows = np.empty(256, np.uint64)
    highs = np.empty(256, np.uint64)
    lows[0], highs[0] = ZERO, n
    waiting = ONE
    n_cells = ZERO
    while waiting > ZERO:
        waiting -= ONE
        low, high = lows[waiting], highs[waiting]
        differing = codes[low] ^ codes[high - ONE]
        # Codes have 2 DIGITS bits: two of the leading zeros are always there.
        digit = min((leading_zeros(differing) - TWO) >> ONE, DIGITS)
        first[n_cells], stop[n_cells] = low, high
        width[n_cells] = side / np.float64(ONE << digit)
        n_cells += ONE
        if high - low <= LEAF or differing == ZERO:
            continue
        shift = TWO * (DIGITS - ONE - digit)
        base = (codes[low] >> (shift + TWO)) << (shift + TWO)
        edge = high
        for quarter in range(4):  # pushed last to first, so that they come out first to last
            begin = low
            if quarter < 3:
                begin = first_from(codes, low, edge, base + (np.uint64(3 - quarter) << shift))
            if begin < edge:
                lows[waiting], highs[waiting] = begin, edge
                waiting += ONE
            edge = begin
    starts_at = np.empty(n + ONE, np.uint32)
    starts_at[n] = n_cells
    for back in range(n_cells):
        c = n_cells - ONE - np.uint64(back)
        skip[c] = starts_at[np.uint64(stop[c])]
        starts_at[np.uint64(first[c])] = c
        weigh_cell(c, x, y, mass, first, stop, skip, middle)
    return n_cells


@kernel(inline=True)
def weigh_cell(c, x, y, mass, first, stop, skip, middle):
    """Centre of mass and mass of a cell: of its points, or of the cells right below it."""
    sum_x, sum_y, total = np.float64(0.0), np.float64(0.0), np.float64(0.0)
    after = np.uint64(skip[c])
    if after == c + ONE:
        for point in range(np.uint64(first[c]), np.uint64(stop[c])):
            i = np.uint64(point)
            sum_x += mass[i] * x[i]
            sum_y += mass[i] * y[i]
            total += mass[i]
    child = c + ONE
    while child < after:
        weight = middle[child, 2]
        sum_x += weight * middle[child, 0]
        sum_y += weight * middle[child, 1]
        total += weight
        child = np.uint64(skip[child])
    middle[c, 0], middle[c, 1], middle[c, 2] = sum_x / total, sum_y / total, total


@kernel
def plant(x, y, mass, codes, order, points, first, stop, skip, middle, width):
    """Sort the nodes along the Z curve and build their tree; returns how many cells it has.

    `points` becomes float64[3, n]: x, y and mass of the sorted points, whose nodes `order` (int64) names.
    """
    side = z_codes(x, y, codes)
    order[:] = np.argsort(codes, kind="mergesort")
    codes[:] = codes[order]
    for point in range(np.uint64(order.size)):
        p = np.uint64(point)
        i = np.uint64(order[p])
        points[0, p], points[1, p], points[2, p] = x[i], y[i], mass[i]
    return build_tree(codes, points[0], points[1], points[2], side, first, stop, skip, middle, width)


@kernel
def repel(start, end, x, y, mass, first, stop, skip, middle, width, n_cells, theta, scale, out):
    """What the sorted points [start, end) feel of all others, times `scale`; `out` is float64[end - start, 2]."""
    square = theta * theta
    for point in range(np.uint64(start), np.uint64(end)):
        i = np.uint64(point)
        push_x, push_y = np.float64(0.0), np.float64(0.0)
        c = ZERO
        while c < n_cells:
            dx, dy = x[i] - middle[c, 0], y[i] - middle[c, 1]
            distance = dx * dx + dy * dy
            after = np.uint64(skip[c])
            if width[c] * width[c] < square * distance:
                strength = middle[c, 2] / distance
                push_x += strength * dx
                push_y += strength * dy
                c = after
            elif after == c + ONE:
                for other in range(np.uint64(first[c]), np.uint64(stop[c])):
                    j = np.uint64(other)
                    dx, dy = x[i] - x[j], y[i] - y[j]
                    distance = dx * dx + dy * dy
                    if distance > 0:  # the node itself, and whoever stands on the same spot, pushes nowhere
                        strength = mass[j] / distance
                        push_x += strength * dx
                        push_y += strength * dy
                c = after
            else:
                c += ONE
        row = i - np.uint64(start)
        out[row, 0] = scale * mass[i] * push_x
        out[row, 1] = scale * mass[i] * push_y


@kernel
def attract(start, end, order, indptr, indices, x, y, mass, out):
    """Add what the sorted points [start, end) feel of their arcs and of the middle, (0, 0).

    `order` names the node of each sorted point; x, y and mass are those of nodes, and `indptr` and `indices` hold every
    arc from both of its ends.
    """
    for point in range(np.uint64(start), np.uint64(end)):
        i = np.uint64(order[np.uint64(point)])
        pull_x, pull_y = np.float64(0.0), np.float64(0.0)
        for arc in range(indptr[i], indptr[i + ONE]):
            j = np.uint64(indices[np.uint64(arc)])
            dx, dy = x[j] - x[i], y[j] - y[i]
            strength = 1.0 / (1.0 + np.sqrt(dx * dx + dy * dy))
            pull_x += strength * dx
            pull_y += strength * dy
        strength = GRAVITY * mass[i] / (1.0 + np.sqrt(x[i] * x[i] + y[i] * y[i]))
        row = np.uint64(point) - np.uint64(start)
        out[row, 0] += pull_x - strength * x[i]
        out[row, 1] += pull_y - strength * y[i]


@kernel
def move(order, force, before, mass, x, y, speed):
    """Take one step along the forces, slower where they swing to and fro; returns the speed of the next step.

    `force` belongs to the sorted points, `before` (the last step's force, replaced) to nodes. After Jacomy et al.
    (2014): swinging is |F(t) - F(t-1)|, traction |F(t) + F(t-1)| / 2, and the speed SWING times the traction of all
    over their swinging, weighed by mass; it may not grow by more than half a step.
    """
    n = np.uint64(order.size)
    swinging, traction = np.float64(0.0), np.float64(0.0)
    for point in range(n):
        p = np.uint64(point)
        i = np.uint64(order[p])
        less_x, less_y = force[p, 0] - before[i, 0], force[p, 1] - before[i, 1]
        more_x, more_y = force[p, 0] + before[i, 0], force[p, 1] + before[i, 1]
        swinging += mass[i] * np.sqrt(less_x * less_x + less_y * less_y)
        traction += 0.5 * mass[i] * np.sqrt(more_x * more_x + more_y * more_y)
    wished = SWING * traction / max(swinging, SLOWEST)
    speed = max(min(wished, speed * LARGEST_RISE), SLOWEST)
    furthest = LONGEST_STEP * np.sqrt(np.float64(n))
    for point in range(n):
        p = np.uint64(point)
        i = np.uint64(order[p])
        less_x, less_y = force[p, 0] - before[i, 0], force[p, 1] - before[i, 1]
        swing = np.sqrt(less_x * less_x + less_y * less_y)
        size = np.sqrt(force[p, 0] * force[p, 0] + force[p, 1] * force[p, 1])
        pace = speed / (1.0 + speed * np.sqrt(mass[i] * swing))
        pace = min(pace, furthest / max(size, SLOWEST))
        x[i] += pace * force[p, 0]
        y[i] += pace * force[p, 1]
        before[i, 0], before[i, 1] = force[p, 0], force[p, 1]
    return speed


@kernel
def settle(indptr, indices, x, y, mass, n_iter, theta, scale):
    """Lay out a small component at once: `n_iter` times plant, repel, attract, move."""
    n = np.uint64(x.size)
    codes, order, points = np.empty(n, np.uint64), np.empty(n, np.int64), np.empty((3, n))
    first, stop, skip = (np.empty(TWO * n, np.uint32), np.empty(TWO * n, np.uint32), np.empty(TWO * n, np.uint32))
    middle, width = np.empty((TWO * n, 3)), np.empty(TWO * n)
    force, before = np.empty((n, 2)), np.zeros((n, 2))
    speed = np.float64(1.0)
    for _ in range(n_iter):
        n_cells = plant(x, y, mass, codes, order, points, first, stop, skip, middle, width)
        repel(ZERO, n, points[0], points[1], points[2], first, stop, skip, middle, width, n_cells, theta, scale, force)
        attract(ZERO, n, order, indptr, indices, x, y, mass, force)
        speed = move(order, force, before, mass, x, y, speed)
