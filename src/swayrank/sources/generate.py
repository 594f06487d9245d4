"""Random graphs by name: ``generate("rmat", scale=20, rng=7)``.

The models, by their names in the literature:

- ``erdos_renyi``: every pair is an arc with probability p (Gilbert), or m distinct pairs (Erdos and Renyi);
- ``barabasi_albert``: each new account follows m earlier ones, chosen in proportion to their degree;
- ``watts_strogatz``: a ring lattice with rewired edges;
- ``sbm``: stochastic blocks;
- ``rmat``: recursive quadrants, with heavy tails like real follow graphs; repeated arcs are merged and self-loops
  dropped, which ``graph.report`` tells;
- ``town``: a graph with posts, events and *known* influence (:mod:`swayrank.sources.town`).

Every model has defaults, so that a kind and `n` are enough: 16 follows per account on average where the model allows
it (the edge factor of Graph500), m = 4 for ``barabasi_albert``, k = 10 and p = 0.1 for ``watts_strogatz``.

The same parameters and `rng` give the same bits on any number of threads: rows and arcs draw from streams of their own.

References
----------
Gilbert: Random graphs. Ann. Math. Stat. 1959. Erdos, Renyi: On random graphs I. Publ. Math. Debrecen 1959.
Barabasi, Albert: Emergence of scaling in random networks. Science 1999.
Watts, Strogatz: Collective dynamics of small-world networks. Nature 1998.
Holland, Laskey, Leinhardt: Stochastic blockmodels: first steps. Social Networks 1983.
Chakrabarti, Zhan, Faloutsos: R-MAT: a recursive model for graph mining. SDM 2004.
Batagelj, Brandes: Efficient generation of large random networks. Phys. Rev. E 2005 (geometric jumps).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from swayrank._progress import Progress, track
from swayrank._rng import Key, Rng, resolve_rng
from swayrank._text import printable
from swayrank._validate import Integer, Interval, OneOf, Optional, check, domains
from swayrank.engines import Engine, chunk_bounds, resolve_engine
from swayrank.errors import ParameterError
from swayrank.graph import Graph
from swayrank.ids import read_only
from swayrank.kernels.generate import block_arcs, pair_codes, preferential_targets, rmat_arcs, shuffle, small_world
from swayrank.kernels.random import GENERATE
from swayrank.kernels.skips import row_skips
from swayrank.sources.mapping import suggestion
from swayrank.sources.town import Town, town

Direction = Literal["follows", "undirected"]
Floats = npt.NDArray[np.float64]
Arcs = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]

_PARTS = ("blocks", "pairs", "ba", "ws", "rmat", "labels")
_PURPOSE = {part: np.uint64(1000 * GENERATE + i) for i, part in enumerate(_PARTS)}
_ROWS_PER_CHUNK = 1 << 14
_ARCS_PER_CHUNK = 1 << 20
_MOST_NODES = 2**32 - 2
_NODES = Integer(0, _MOST_NODES)
_CHANCE = Interval(0, 1)
_DIRECTION = OneOf("follows", "undirected")
_MEAN_DEGREE = 16.0
_MEAN_AT_HOME = 12.0
_BLOCKS = 10


def generate(
    kind: str,
    *,
    n: int | None = None,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
    **params: Any,
) -> Graph | Town:
    """Draw a random graph, or a town with known influence.

    Parameters
    ----------
    kind : {"erdos_renyi", "barabasi_albert", "watts_strogatz", "sbm", "rmat", "town"}
        The model; each is a function of this module with its own parameters.
    n : int or None, default=None
        Number of accounts. For "sbm" it follows from `sizes` unless `blocks` is given; for "rmat" from `scale`.
    rng : int, numpy.random.Generator or None, default=None
        Randomness. None draws a key.
    engine, threads, progress
        Where and on how many threads to run, and whether to tell. They change no bit of the result.
    **params : object
        The model's parameters: see :func:`erdos_renyi`, :func:`barabasi_albert`, :func:`watts_strogatz`, :func:`sbm`,
        :func:`rmat` and :func:`swayrank.sources.town.town`.

    Returns
    -------
    Graph or Town

    Raises
    ------
    ParameterError
        For an unknown kind, an unknown or missing parameter (with those that the kind takes), or a value outside its
        domain.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.generate("erdos_renyi", n=1000, p=0.01, rng=7)
    >>> g.n_nodes, 9_500 < g.n_edges < 10_500
    (1000, True)
    >>> sr.generate("watts_strogatz", n=10, k=4, p=0.1, rng=7).n_edges     # two arcs for each of the 20 edges
    40
    >>> sr.generate("sbm", n=1000, rng=7).n_edges // 1000     # follows per account, by the defaults
    15
    >>> sr.generate("ring", n=10)
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: kind must be one of 'erdos_renyi', 'barabasi_albert', 'watts_strogatz', 'sbm',
    'rmat', 'town', got 'ring'
    """
    check("kind", kind, OneOf(*_KINDS))
    make = _KINDS[kind]
    known = [name for name in inspect.signature(make).parameters if name not in _HOW_IT_RUNS]
    if n is not None:
        params["n"] = n
    for name in params:
        if name not in known:
            named = printable(repr(name), 80)
            raise ParameterError(f"{kind} has no parameter {named}{suggestion(name, known)}; it has {', '.join(known)}")
    if lacking := [name for name in _needed(make) if name not in params]:
        raise ParameterError(f"{kind} needs {', '.join(lacking)}; it has {', '.join(known)}")
    made: Graph | Town = make(**params, rng=rng, engine=engine, threads=threads, progress=progress)
    return made


def _needed(make: Callable[..., Any]) -> list[str]:
    """The parameters that have no default."""
    parameters = inspect.signature(make).parameters.values()
    return [parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty]


# -- Erdos-Renyi and stochastic blocks ---------------------------------------------------------------------------------


@domains(n=_NODES, p=Optional(_CHANCE), m=Optional(Integer(0)), direction=_DIRECTION)
def erdos_renyi(
    *,
    n: int,
    p: float | None = None,
    m: int | None = None,
    direction: Direction = "follows",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Every pair with probability `p`, or exactly `m` distinct pairs; no self-loops.

    Parameters
    ----------
    n : int
        Number of accounts.
    p : float or None, default=None
        Probability of each pair. Without `p` and `m`, 16 / (n - 1), so that an account follows 16 others on average (if
        there are so many).
    m : int or None, default=None
        Number of pairs; give `p` or `m`.
    direction : {"follows", "undirected"}, default="follows"
        Ordered pairs, or unordered ones (stored as two arcs each).
    rng, engine, threads, progress
        As in :func:`generate`.

    Returns
    -------
    Graph

    Examples
    --------
    >>> erdos_renyi(n=100, m=321, rng=7).n_edges
    321
    """
    if p is not None and m is not None:
        raise ParameterError("erdos_renyi takes p (probability of each pair) or m (number of pairs), one of them")
    if m is None:
        p = min(1.0, _MEAN_DEGREE / max(1, n - 1)) if p is None else p
        return sbm(
            sizes=[n], matrix=[[p]], direction=direction, rng=rng, engine=engine, threads=threads, progress=progress
        )
    key = resolve_rng(rng)
    n_pairs = n * (n - 1) // (2 if direction == "undirected" else 1)
    check("m", m, Integer(0, n_pairs))
    codes = _distinct_pairs(key, n, int(m), n_pairs, direction == "undirected")
    u, v = np.divmod(codes, np.uint64(max(n, 1)))
    return Graph.from_edges(u.astype(np.uint32), v.astype(np.uint32), n_nodes=n, direction=direction)


def _distinct_pairs(key: Key, n: int, m: int, n_pairs: int, upper: bool) -> npt.NDArray[np.uint64]:
    """`m` different pairs, each set of m equally likely: the first m distinct ones of a sequence of uniform pairs.

    More than half of all pairs: the pairs that are left out are drawn.
    """
    if m > n_pairs // 2:
        u, v = np.triu_indices(n, 1) if upper else np.nonzero(~np.eye(n, dtype=bool))
        every = u.astype(np.uint64) * np.uint64(n) + v.astype(np.uint64)
        left_out = _distinct_pairs(key, n, n_pairs - m, n_pairs, upper) if m < n_pairs else every[:0]
        return every[~np.isin(every, left_out)]
    n_drawn = m + m // 8 + 16
    while True:
        codes = np.empty(n_drawn, np.uint64)
        if n > 1:
            pair_codes(key.hi, key.lo, _PURPOSE["pairs"], np.uint64(0), np.uint64(n), upper, codes)
        _, first = np.unique(codes, return_index=True)
        if first.size >= m:
            return codes[np.sort(first)[:m]]
        n_drawn *= 2


@domains(
    n=Optional(_NODES),
    blocks=Optional(Integer(1)),
    p_in=Optional(_CHANCE),
    p_out=Optional(_CHANCE),
    direction=_DIRECTION,
)
def sbm(
    *,
    n: int | None = None,
    sizes: Sequence[int] | None = None,
    blocks: int | None = None,
    p_in: float | None = None,
    p_out: float | None = None,
    matrix: npt.ArrayLike | None = None,
    direction: Direction = "follows",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Stochastic blocks: u follows v with a probability that depends on the blocks of both; no self-loops.

    Parameters
    ----------
    n : int or None, default=None
        Number of accounts; needed without `sizes`, checked against them otherwise.
    sizes : sequence of int or None, default=None
        Accounts in each block; block 0 comes first in the order of the accounts.
    blocks : int or None, default=None
        So many blocks of equal size (the first ones larger by one if n is not divisible); 10 without `sizes`.
    p_in, p_out : float or None, default=None
        Probability within a block and between blocks. Give both, or `matrix`. Without all of these, an account follows
        12 others of its block and 4 of other blocks on average; where blocks are too small for 12, more between them.
    matrix : array of shape (n_blocks, n_blocks) or None, default=None
        ``matrix[a, b]``: probability that an account of block a follows one of block b; symmetric if undirected.
    direction : {"follows", "undirected"}, default="follows"
        Ordered pairs, or unordered ones (stored as two arcs each).
    rng, engine, threads, progress
        As in :func:`generate`.

    Returns
    -------
    Graph

    Examples
    --------
    >>> g = sbm(sizes=[50, 50], p_in=1.0, p_out=0.0, rng=7)
    >>> g.n_edges == 2 * 50 * 49
    True
    """
    starts = _block_starts(n, sizes, blocks)
    if p_in is None and p_out is None and matrix is None:
        p_in, p_out = _usual_chances(np.diff(starts).astype(np.float64))
    chances = _block_matrix(starts.size - 1, p_in, p_out, matrix, direction)
    n_rows = int(starts[-1])
    task = _Blocks(resolve_rng(rng), starts, row_skips(chances), direction == "undirected")
    with track(progress, "rows", total=n_rows) as step:
        runner = resolve_engine(engine, threads)
        parts = list(runner.map(_block_rows, task, chunk_bounds(n_rows, _ROWS_PER_CHUNK), step=step))
    u, v = _join(parts)
    return Graph.from_edges(u, v, n_nodes=n_rows, direction=direction)


class _Blocks(NamedTuple):
    key: Key
    starts: npt.NDArray[np.uint64]
    skip: npt.NDArray[np.float64]
    upper: bool


def _block_rows(task: _Blocks, start: int, stop: int) -> Arcs:
    key = task.key
    head = (key.hi, key.lo, _PURPOSE["blocks"], np.uint64(start), np.uint64(stop))
    model = (task.starts, read_only(task.skip), task.upper, read_only(np.empty(0)))
    n_arcs = int(block_arcs(*head, *model, np.empty(0, np.uint32), np.empty(0, np.uint32)))
    u, v = np.empty(n_arcs, np.uint32), np.empty(n_arcs, np.uint32)
    block_arcs(*head, *model, u, v)
    return u, v


def _block_starts(n: int | None, sizes: Sequence[int] | None, blocks: int | None) -> npt.NDArray[np.uint64]:
    if sizes is not None and blocks is not None:
        raise ParameterError("sbm takes sizes (accounts in each block) or blocks (how many, with n), one of them")
    if sizes is None:
        if n is None:
            raise ParameterError("sbm needs n, the number of accounts, or sizes, the accounts in each block")
        count = _BLOCKS if blocks is None else int(blocks)
        sizes = [n // count + (b < n % count) for b in range(count)]
    if not isinstance(sizes, list | tuple | np.ndarray):
        raise ParameterError(f"sizes must be a list of accounts in each block, got {printable(repr(sizes), 80)}")
    if len(sizes) == 0:
        raise ParameterError("sizes must name at least one block, got none")
    for size in sizes:
        check("sizes", size, _NODES)
    total = sum(int(size) for size in sizes)
    check("n", total, _NODES)
    if n is not None and n != total:
        raise ParameterError(f"n must be the sum of sizes, {total}, got {n}")
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.uint64)


def _usual_chances(sizes: Floats) -> tuple[float, float]:
    """Probabilities within and between blocks that give each account 16 followed ones on average, 12 at home."""
    n = float(sizes.sum())
    within, between = float((sizes * (sizes - 1)).sum()), float(n * n - (sizes * sizes).sum())
    at_home = _MEAN_AT_HOME if between else _MEAN_DEGREE
    p_in = min(1.0, at_home * n / within) if within else 0.0
    p_out = min(1.0, (_MEAN_DEGREE * n - p_in * within) / between) if between else 0.0
    return p_in, p_out


def _block_matrix(
    n_blocks: int, p_in: float | None, p_out: float | None, matrix: npt.ArrayLike | None, direction: Direction
) -> npt.NDArray[np.float64]:
    if matrix is None:
        if p_in is None or p_out is None:
            raise ParameterError("sbm takes both p_in and p_out, or matrix, or none of them")
        chances = np.full((n_blocks, n_blocks), float(p_out))
        np.fill_diagonal(chances, float(p_in))
        return chances
    if p_in is not None or p_out is not None:
        raise ParameterError("sbm takes p_in and p_out, or matrix, not both")
    try:
        chances = np.array(matrix, np.float64)
    except (TypeError, ValueError):
        got = printable(repr(matrix), 80)
        raise ParameterError(f"matrix must be rows of probabilities, one row for each block, got {got}") from None
    if chances.shape != (n_blocks, n_blocks):
        raise ParameterError(f"matrix must have shape ({n_blocks}, {n_blocks}), got {chances.shape}")
    wrong = chances[~((chances >= 0) & (chances <= 1))]
    if wrong.size:
        raise ParameterError(f"matrix must be in [0, 1], got {wrong[0]:g}")
    if direction == "undirected" and not np.array_equal(chances, chances.T):
        raise ParameterError('matrix must be symmetric for direction="undirected"')
    return chances


# -- growth and rewiring -----------------------------------------------------------------------------------------------


@domains(n=_NODES, m=Integer(1), direction=_DIRECTION)
def barabasi_albert(
    *,
    n: int,
    m: int = 4,
    direction: Direction = "follows",
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Each account from m on follows m distinct earlier ones, in proportion to their degree; account m follows 0..m-1.

    Parameters
    ----------
    n : int
        Number of accounts, more than `m`.
    m : int, default=4
        How many each new account follows.
    direction : {"follows", "undirected"}, default="follows"
        The newer follows the older, or both follow each other.
    rng, engine, threads, progress
        As in :func:`generate`; a sequence by its nature, so it runs on one thread.

    Returns
    -------
    Graph

    Examples
    --------
    >>> g = barabasi_albert(n=1000, m=3, rng=7)
    >>> g.n_edges == 3 * 997, set(g.out_degree[3:].tolist())
    (True, {3})
    """
    check("m", m, Integer(1, max(1, n - 1)))
    key = resolve_rng(rng)
    v = np.empty(max(0, n - m) * m, np.uint32)
    if v.size:
        preferential_targets(key.hi, key.lo, _PURPOSE["ba"], np.uint64(n), np.uint64(m), v)
    u = np.repeat(np.arange(m, max(n, m), dtype=np.uint32), m)
    return Graph.from_edges(u, v, n_nodes=n, direction=direction)


@domains(n=_NODES, k=Integer(0), p=_CHANCE)
def watts_strogatz(
    *,
    n: int,
    k: int = 10,
    p: float = 0.1,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """A ring where each account meets its `k` nearest, each edge then rewired with probability `p`; undirected.

    Parameters
    ----------
    n : int
        Number of accounts, more than `k`.
    k : int, default=10
        Neighbours of each account, even.
    p : float, default=0.1
        Probability that an edge gets a new end, drawn uniformly among the accounts not met yet.
    rng, engine, threads, progress
        As in :func:`generate`; a sequence by its nature, so it runs on one thread.

    Returns
    -------
    Graph

    Examples
    --------
    >>> g = watts_strogatz(n=20, k=4, p=0.0)
    >>> set(g.out_degree.tolist()), g.directed
    ({4}, False)
    """
    if k % 2 or k >= max(n, 1):
        raise ParameterError(f"k must be an even number below n={n}, got {k}")
    key = resolve_rng(rng)
    n_edges = n * k // 2
    u, v = np.empty(n_edges, np.uint32), np.empty(n_edges, np.uint32)
    table = np.zeros(1 << max(4, (4 * n_edges).bit_length()), np.uint64)
    if n_edges:
        head = (key.hi, key.lo, _PURPOSE["ws"])
        small_world(*head, np.uint64(n), np.uint64(k // 2), float(p), table, u, v)
    return Graph.from_edges(u, v, n_nodes=n, direction="undirected")


# -- RMAT --------------------------------------------------------------------------------------------------------------


class _Rmat(NamedTuple):
    key: Key
    n: int
    thresholds: npt.NDArray[np.uint64]
    label: npt.NDArray[np.uint32]


@domains(
    n=Optional(Integer(1, _MOST_NODES)),
    scale=Optional(Integer(0, 31)),
    edge_factor=Interval(0, np.inf, "[)"),
    a=_CHANCE,
    b=_CHANCE,
    c=_CHANCE,
)
def rmat(
    *,
    n: int | None = None,
    scale: int | None = None,
    edge_factor: float = 16,
    a: float = 0.57,
    b: float = 0.19,
    c: float = 0.19,
    rng: Rng = None,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Recursive quadrants: ``n * edge_factor`` arcs are drawn; repeated ones are merged and self-loops dropped.

    Parameters
    ----------
    n : int or None, default=None
        Number of accounts. Where it is no power of two, arcs beyond it are drawn anew. Give `n` or `scale`.
    scale : int or None, default=None
        2**scale accounts.
    edge_factor : float, default=16
        Arcs drawn per account.
    a, b, c : float, default=0.57, 0.19, 0.19
        Probabilities of the quadrants: both ends in the first half; only the follower; only the followed. The fourth
        gets 1 - a - b - c.
    rng, engine, threads, progress
        As in :func:`generate`.

    Returns
    -------
    Graph
        ``graph.report`` says how many arcs were merged or dropped. Accounts are in random order, not by their degree.

    Examples
    --------
    >>> g = rmat(scale=10, rng=7)
    >>> g.n_nodes, g.report.rows, g.n_edges < 16 * 1024
    (1024, 16384, True)
    """
    if (n is None) == (scale is None):
        raise ParameterError("rmat needs n (accounts) or scale (2**scale accounts), one of them")
    if a + b + c > 1 + 1e-12:
        raise ParameterError(f"a + b + c must be at most 1, got {a + b + c:g}")
    size = n if n is not None else 1 << int(scale or 0)
    u, v = rmat_edges(size, round(size * edge_factor), (a, b, c), resolve_rng(rng), engine, threads, progress)
    return Graph.from_edges(u, v, n_nodes=size)


def rmat_edges(
    n: int,
    n_arcs: int,
    quadrants: tuple[float, float, float],
    key: Key,
    engine: str | Engine = "local",
    threads: int | None = None,
    progress: Progress = None,
) -> Arcs:
    """The arcs of :func:`rmat` as drawn, before anything is merged or dropped.

    Parameters
    ----------
    n, n_arcs : int
        Accounts and arcs.
    quadrants : tuple of three float
        a, b, c.
    key : Key
        Randomness.
    engine, threads, progress
        As in :func:`generate`.

    Returns
    -------
    source, target : numpy.ndarray of uint32, shape (n_arcs,)

    Examples
    --------
    >>> from swayrank._rng import resolve_rng
    >>> u, v = rmat_edges(8, 5, (0.57, 0.19, 0.19), resolve_rng(7))
    >>> u.size, bool(u.max() < 8)
    (5, True)
    """
    cumulative = np.cumsum(quadrants)
    thresholds = np.minimum(np.round(cumulative * 2.0**32), 2.0**32).astype(np.uint64)
    label = np.arange(n, dtype=np.uint32)
    shuffle(key.hi, key.lo, _PURPOSE["labels"], label)
    task = _Rmat(key, n, thresholds, label)
    with track(progress, "arcs", total=n_arcs) as step:
        runner = resolve_engine(engine, threads)
        return _join(list(runner.map(_rmat_chunk, task, chunk_bounds(n_arcs, _ARCS_PER_CHUNK), step=step)))


def _rmat_chunk(task: _Rmat, start: int, stop: int) -> Arcs:
    u, v = np.empty(stop - start, np.uint32), np.empty(stop - start, np.uint32)
    scale = np.uint64((task.n - 1).bit_length())
    head = (task.key.hi, task.key.lo, _PURPOSE["rmat"], np.uint64(start))
    rmat_arcs(*head, scale, np.uint64(task.n), task.thresholds, task.label, u, v)
    return u, v


def _join(parts: list[Arcs]) -> Arcs:
    nothing = np.empty(0, np.uint32)
    return np.concatenate([u for u, _ in parts] or [nothing]), np.concatenate([v for _, v in parts] or [nothing])


_HOW_IT_RUNS = ("rng", "engine", "threads", "progress")
_KINDS: dict[str, Callable[..., Graph | Town]] = {
    "erdos_renyi": erdos_renyi,
    "barabasi_albert": barabasi_albert,
    "watts_strogatz": watts_strogatz,
    "sbm": sbm,
    "rmat": rmat,
    "town": town,
}
