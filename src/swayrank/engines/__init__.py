"""The seam: where work runs. Everything heavy is a pure function over ranges of work items, given to an engine.

An engine has one method. ``engine.map(function, inputs, bounds)`` calls ``function(inputs, start, stop)`` for every
pair of neighbours in `bounds` and yields the results in that order. A task is pure (same arguments, same bits) and
picklable: `function` is found by its module and name, `inputs` holds arrays, parameters, the random key, and a
:class:`~swayrank.graph.Graph`, which pickles as its folder and hash once it has been saved. So a task may run twice,
in any order, in another thread, process or machine.

The bounds depend on the work alone, never on threads, time or free memory; that, the streams of
:mod:`swayrank.kernels.random`, and combining in order make results the same bits everywhere (D4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from swayrank._progress import Step
from swayrank.errors import ParameterError

Bounds = npt.NDArray[np.int64]


@runtime_checkable
class Engine(Protocol):
    """Where chunks of work run."""

    name: str

    def map(
        self,
        function: Callable[..., Any],
        inputs: Any,
        bounds: Bounds,
        *,
        out: npt.NDArray[Any] | None = None,
        step: Step | None = None,
    ) -> Iterator[Any]:
        """Yield ``function(inputs, start, stop)`` for each chunk, in the order of `bounds`.

        Parameters
        ----------
        function : callable
            A module-level, pure function.
        inputs : object
            Picklable; given to every call as it is.
        bounds : numpy.ndarray of int64, shape (n_chunks + 1,)
            Ascending edges of the chunks.
        out : numpy.ndarray, optional
            Then the call is ``function(inputs, start, stop, out[start:stop])``, the function fills the slice, and the
            engine sees to it that `out` holds all of it in the end, wherever the chunk ran.
        step : callable, optional
            Called with the number of items of each finished chunk.
        """


def resolve_engine(engine: str | Engine = "local", threads: int | None = None) -> Engine:
    """The engine that a name stands for, or the engine itself.

    Parameters
    ----------
    engine : str or Engine, default "local"
        "local": threads on this machine.
    threads : int, optional
        How many; by default as many as the process may use (processor affinity and control group).

    Raises
    ------
    ParameterError
        If the name is unknown or `threads` is not a positive integer.

    Examples
    --------
    >>> resolve_engine("local", threads=2).name
    'local'
    """
    if not isinstance(engine, str):
        if isinstance(engine, Engine):
            return engine
        raise ParameterError(f"engine must be a name or have a method `map`, got {engine!r}")
    if engine == "local":
        from swayrank.engines.local import LocalEngine, n_threads

        return LocalEngine(n_threads(threads))
    raise ParameterError(f"engine must be 'local' or an Engine, got {engine!r}")


def chunk_bounds(n_items: int, chunk: int) -> Bounds:
    """Edges of chunks of `chunk` items each, the last one shorter.

    >>> chunk_bounds(10, 4)
    array([ 0,  4,  8, 10])
    """
    if n_items <= 0:
        return np.zeros(1, np.int64)
    return np.append(np.arange(0, n_items, max(1, chunk), dtype=np.int64), np.int64(n_items))


def balanced_bounds(indptr: npt.NDArray[np.uint64], n_chunks: int) -> Bounds:
    """Edges of at most `n_chunks` row ranges with about the same number of arcs plus rows in each.

    Parameters
    ----------
    indptr : numpy.ndarray of uint64, shape (n_rows + 1,)
        Row pointers.
    n_chunks : int
        How many ranges at the most. Must not depend on the number of threads.

    >>> balanced_bounds(np.array([0, 8, 8, 8, 16], np.uint64), 2)
    array([0, 2, 4])
    """
    n_rows = indptr.size - 1
    if n_rows <= 0:
        return np.zeros(1, np.int64)
    total = int(indptr[-1]) + n_rows
    targets = total * np.arange(1, n_chunks, dtype=np.int64) // n_chunks
    low, high = np.zeros(targets.size, np.int64), np.full(targets.size, n_rows, np.int64)
    while np.any(low < high):  # bisect on indptr[row] + row without making that array
        middle = (low + high) // 2
        before = indptr[middle].astype(np.int64) + middle < targets
        low, high = np.where(before, middle + 1, low), np.where(before, high, middle)
    return np.unique(np.concatenate(([0], low, [n_rows]))).astype(np.int64)


__all__ = ["Bounds", "Engine", "balanced_bounds", "chunk_bounds", "resolve_engine"]
