r"""Places on a plane for a graph's accounts: who follow each other stand together, everybody else apart.

A force-directed layout. With masses :math:`m_i = 1 + \deg i` (arcs read both ways), :math:`c = \sqrt n / \sum_i m_i`,
and :math:`d` the distance of i and j,

.. math:: F_i = \sum_{j \ne i} \frac{c\,m_i m_j}{d} - \sum_{j \sim i} \frac{d}{1 + d} - \frac{g\,m_i d_0}{1 + d_0}

(repulsion, attraction, a weak pull to the middle at distance :math:`d_0`; along the unit vectors). That is Noack's
edge-repulsion LinLog model (2007), softened where arcs are shorter than 1, and moved as ForceAtlas2 moves (Jacomy et
al. 2014). Repulsion is Barnes & Hut's (1986) with theta = 0.5: far groups of accounts count as one.

Each component is laid out by itself, turned so that it is wider than high, and scaled so that the mean square distance
from its middle grows with its number of accounts; components then stand side by side in columns, the largest first, and
at the end, close together, the accounts without arcs. The first places are drawn from each account's id, so that an
account that is in two graphs starts in the same place.

Cost: O(n log n + arcs) a step, about 150 bytes per account.

Sources: Noack (2007), doi:10.7155/jgaa.00154; Jacomy, Venturini, Heymann & Bastian (2014),
doi:10.1371/journal.pone.0098679; Barnes & Hut (1986), doi:10.1038/324446a0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, Step, track
from swayrank._rng import Rng, resolve_rng
from swayrank._validate import Integer, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.graph import Graph
from swayrank.graph.exchange import component_labels
from swayrank.kernels.layout import attract, first_places, move, plant, repel, settle
from swayrank.kernels.random import LAYOUT
from swayrank.measures._data import check_graph

Floats = npt.NDArray[np.float64]

THETA = 0.5
_NODES_PER_CHUNK = 256
_SMALL = 512  # a component of so many accounts at most is laid out by one task
_SMALL_PER_CHUNK = 16
_GAP = 1.0  # between components, in the unit in which one account takes one square
_ALONE = 0.4  # side of the square of an account without arcs: many of them say nothing, and take little room


class _Forest(NamedTuple):
    """All accounts, one component after the other, the largest first."""

    nodes: npt.NDArray[np.int64]  # of the graph, in this order
    starts: npt.NDArray[np.int64]  # of each component, and the end
    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.uint32]  # counted from the start of the component
    mass: Floats


@domains(n_iter=Integer(1, 100_000))
def layout(
    graph: Graph,
    *,
    n_iter: int = 300,
    rng: Rng = 7,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> npt.NDArray[np.float32]:
    """Places of a graph's accounts on a plane.

    Parameters
    ----------
    graph : Graph
        Arcs count the same from both ends; self-loops count for nothing.
    n_iter : int, default 300
        Steps, in [1, 100000].
    rng : int, numpy.random.Generator or None, default 7
        Where accounts stand at first.
    engine, threads, progress
        Where to work, with how many threads, and whom to tell.

    Returns
    -------
    numpy.ndarray of float32, shape (n_nodes, 2)
        x and y; the wider side runs from -1 to 1, and the middle is (0, 0).

    Raises
    ------
    ParameterError
        If `graph` is no Graph or a value is outside its domain.

    Notes
    -----
    The same bits on any number of threads. Forces have no single state of rest: other first places give another map of
    the same groups. What is near is alike; how far apart two groups stand says little.

    Examples
    --------
    Two circles of five, one arc between them:

    >>> import numpy as np, swayrank as sr
    >>> u, v = np.nonzero(np.kron(np.eye(2), 1 - np.eye(5)))
    >>> places = layout(sr.Graph.from_edges([*u, 0], [*v, 5]))
    >>> places.shape, places.dtype, float(abs(places).max())
    ((10, 2), dtype('float32'), 1.0)
    >>> left = places[:, 0] < 0
    >>> len(set(left[:5].tolist())), len(set(left[5:].tolist())), bool(left[0] == left[5])
    (1, 1, False)
    """
    check_graph("layout", graph)
    if graph.n_nodes == 0:
        return np.empty((0, 2), np.float32)
    key = resolve_rng(rng)
    forest = _components(graph)
    x, y = np.empty(graph.n_nodes), np.empty(graph.n_nodes)
    first_places(key.hi, key.lo, np.uint64(LAYOUT), graph.ids.hashes(), x, y)
    start = np.sqrt(float(graph.n_nodes))
    places = np.stack([(axis[forest.nodes] - 0.5) * start for axis in (x, y)])
    runner = resolve_engine(engine, threads)
    sizes = np.diff(forest.starts)
    n_large = int(np.count_nonzero(sizes > _SMALL))
    steps = n_iter * n_large + int(np.count_nonzero(sizes[n_large:] > 1))
    with track(progress, "laying out the map", steps) as step:
        for c in range(n_large):
            _lay_out_large(forest, c, places, n_iter, runner, step)
        _lay_out_small(forest, n_large, places, n_iter, runner, step)
    out = np.empty((graph.n_nodes, 2), np.float32)
    out[forest.nodes] = _packed(forest.starts, places).T
    return out


def _components(graph: Graph) -> _Forest:
    """Components by size, then first account; arcs from both ends."""
    n = graph.n_nodes
    u, v = graph.edges()
    weak = component_labels(graph.indptr, graph.indices, "weak")
    _, first, label, size = np.unique(weak, return_index=True, return_inverse=True, return_counts=True)
    by_size = np.lexsort((first, -size))
    place = np.empty(size.size, np.int64)
    place[by_size] = np.arange(size.size)
    component = place[label]
    nodes = np.argsort(component, kind="stable")
    starts = np.concatenate(([0], np.cumsum(size[by_size])))
    new = np.empty(n, np.int64)
    new[nodes] = np.arange(n)
    proper = u != v
    u, v = new[u[proper]], new[v[proper]]
    rows, columns = np.concatenate((u, v)), np.concatenate((v, u))
    order = np.argsort(rows * n + columns, kind="stable")
    rows, columns = rows[order], columns[order]
    degree = np.bincount(rows, minlength=n)
    indptr = np.concatenate(([0], np.cumsum(degree)))
    local = columns - starts[component[nodes]][columns]
    return _Forest(nodes, starts, indptr, local.astype(np.uint32), (1 + degree).astype(np.float64))


# -- forces ------------------------------------------------------------------------------------------------------------


class _Press(NamedTuple):
    """What a task needs to know of a component to say what a range of its accounts feels."""

    order: npt.NDArray[np.int64]
    points: Floats
    first: npt.NDArray[np.uint32]
    stop: npt.NDArray[np.uint32]
    skip: npt.NDArray[np.uint32]
    middle: Floats
    width: Floats
    n_cells: int
    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.uint32]
    x: Floats
    y: Floats
    mass: Floats
    theta: float
    scale: float


def forces(task: _Press, start: int, stop: int) -> Floats:
    """What the sorted points [start, stop) feel: float64[stop - start, 2]."""
    points, out = task.points, np.empty((stop - start, 2))
    repel(
        np.uint64(start), np.uint64(stop), points[0], points[1], points[2], task.first, task.stop, task.skip,
        task.middle, task.width, np.uint64(task.n_cells), task.theta, task.scale, out,
    )  # fmt: skip
    attract(np.uint64(start), np.uint64(stop), task.order, task.indptr, task.indices, task.x, task.y, task.mass, out)
    return out


def planted(
    indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.uint32], x: Floats, y: Floats, mass: Floats,
    theta: float = THETA,
) -> _Press:  # fmt: skip
    """The tree of a component's present places, and what else its forces rest on."""
    n = x.size
    codes, order, points = np.empty(n, np.uint64), np.empty(n, np.int64), np.empty((3, n))
    first, stop, skip = (np.empty(2 * n, np.uint32) for _ in range(3))
    middle, width = np.empty((2 * n, 3)), np.empty(2 * n)
    n_cells = int(plant(x, y, mass, codes, order, points, first, stop, skip, middle, width))
    return _Press(
        order, points, first, stop, skip, middle, width, n_cells, indptr, indices, x, y, mass, theta, _scale(mass)
    )


def _scale(mass: Floats) -> float:
    """What repulsion is multiplied with, so that a map comes to rest about sqrt(n) wide, one account to a square."""
    return float(np.sqrt(mass.size) / mass.sum())


def _lay_out_large(forest: _Forest, c: int, places: Floats, n_iter: int, runner: Engine, step: Step) -> None:
    """A component whose every step is shared among threads."""
    start, stop = forest.starts[c : c + 2]
    x, y = places[:, start:stop]
    indptr, mass = forest.indptr[start : stop + 1], forest.mass[start:stop]
    bounds = chunk_bounds(x.size, _NODES_PER_CHUNK)
    before, speed = np.zeros((x.size, 2)), 1.0
    for _ in range(n_iter):
        task = planted(indptr, forest.indices, x, y, mass)
        force = np.concatenate(list(runner.map(forces, task, bounds)))
        speed = move(task.order, force, before, mass, x, y, speed)
        step(1)


def _lay_out_small(forest: _Forest, first: int, places: Floats, n_iter: int, runner: Engine, step: Step) -> None:
    """All other components of two accounts or more, a few to a task."""
    n = int(np.count_nonzero(np.diff(forest.starts) > 1))
    inputs = (forest, first, places, n_iter)
    bounds = chunk_bounds(max(0, n - first), _SMALL_PER_CHUNK)
    for number, found in enumerate(runner.map(_settle_some, inputs, bounds, step=step)):
        start = forest.starts[first + bounds[number]]
        places[:, start : start + found.shape[1]] = found


def _settle_some(inputs: tuple[_Forest, int, Floats, int], start: int, stop: int) -> Floats:
    forest, first, places, n_iter = inputs
    begin, end = forest.starts[first + start], forest.starts[first + stop]
    own = places[:, begin:end].copy()
    for c in range(first + start, first + stop):
        low, high = forest.starts[c : c + 2]
        x, y = own[:, low - begin : high - begin]
        mass = forest.mass[low:high]
        settle(forest.indptr[low : high + 1], forest.indices, x, y, mass, n_iter, THETA, _scale(mass))
    return own


# -- side by side ------------------------------------------------------------------------------------------------------


def _packed(starts: npt.NDArray[np.int64], places: Floats) -> Floats:
    """Turn and scale every component, then stand them side by side: float64[2, n] within [-1, 1]."""
    sizes = np.diff(starts)
    n_joined = int(np.count_nonzero(sizes > 1))
    out = np.zeros_like(places)
    boxes = np.full((sizes.size, 2), _ALONE)
    for c in range(n_joined):
        part = slice(starts[c], starts[c + 1])
        out[:, part] = _upright(places[:, part])
        boxes[c] = out[:, part].max(axis=1) + _GAP
    corners = _columns(boxes)
    out += np.repeat(corners, sizes, axis=0).T
    low, high = out.min(axis=1), out.max(axis=1)
    half = float((high - low).max()) / 2
    centred: Floats = out - ((low + high) / 2)[:, None]
    return centred / half if half > 0 else centred


def _upright(part: Floats) -> Floats:
    """Its longest axis horizontal, its mean square distance half its number of accounts, its lower left (0, 0)."""
    part = part - part.mean(axis=1)[:, None]
    xx, yy, xy = (float(np.sum(a * b)) for a, b in ((part[0], part[0]), (part[1], part[1]), (part[0], part[1])))
    # The eigenvector of the larger eigenvalue of [[xx, xy], [xy, yy]], by square roots alone.
    half = (xx - yy) / 2
    root = float(np.sqrt(half * half + xy * xy))
    axis = np.array([half + root, xy]) if half >= 0 else np.array([xy, root - half])
    length = float(np.sqrt(axis @ axis))
    cos, sin = axis / length if length > 0 else np.array([1.0, 0.0])
    turned = np.stack([cos * part[0] + sin * part[1], cos * part[1] - sin * part[0]])
    spread = float(np.sqrt((xx + yy) / part.shape[1]))
    if spread > 0:
        turned *= np.sqrt(part.shape[1] / 2) / spread
    lowest: Floats = turned - turned.min(axis=1)[:, None]
    return lowest


def _columns(boxes: Floats) -> Floats:
    """Lower left corners of boxes (width, height), given the largest first, in columns."""
    ceiling = max(float(boxes[:, 1].max()), float(np.sqrt(boxes.prod(axis=1).sum())) * 0.75)
    corners = np.empty_like(boxes)
    left, bottom, widest = 0.0, 0.0, 0.0
    for c, (width, height) in enumerate(boxes.tolist()):
        if bottom > 0 and bottom + height > ceiling:
            left, bottom, widest = left + widest, 0.0, 0.0
        corners[c] = left, bottom
        bottom += height
        widest = max(widest, width)
    return corners
