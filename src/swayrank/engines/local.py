"""The thread engine: kernels let go of the interpreter lock, so a thread pool is all that one machine needs.

Chunks are dealt one at a time to whichever thread is free (static slices cost 1.5x on skewed graphs). Results that
wait for an earlier chunk are bounded, so that a slow first chunk does not pile up the rest.

One setting bounds all threads: ours, DuckDB's (which takes the number when it is opened) and Arrow's, whose pool is one
for the whole process and is set wherever a number of threads is settled, once pyarrow is loaded. No kernel and no
measure calls BLAS, so there is nothing to bound there.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy.typing as npt

from swayrank._progress import Step
from swayrank._validate import Integer, check
from swayrank.engines import Bounds
from swayrank.engines.limits import granted_processors

_IN_FLIGHT_PER_THREAD = 4


def n_threads(threads: int | None = None) -> int:
    """How many threads to use: `threads`, or as many as the affinity mask and the control group allow.

    Arrow's pool, where pyarrow is loaded, gets the same number.

    Parameters
    ----------
    threads : int, optional
        At least 1.

    Raises
    ------
    ParameterError
        If `threads` is not a positive integer.

    Examples
    --------
    >>> n_threads(3), n_threads() >= 1
    (3, True)
    """
    if threads is not None:
        check("threads", threads, Integer(1, 4096))
    number = _allowed_threads() if threads is None else int(threads)
    _bound_arrow(number)
    return number


def _bound_arrow(threads: int) -> None:
    """Give Arrow's pool as many threads; what is not loaded yet is not loaded for that."""
    arrow = sys.modules.get("pyarrow")
    set_count = getattr(arrow, "set_cpu_count", None)  # absent while another thread is importing pyarrow
    if arrow is not None and set_count is not None and arrow.cpu_count() != threads:
        set_count(threads)


@functools.lru_cache(maxsize=1)
def _allowed_threads() -> int:
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, granted_processors() or allowed))


def _interruptible(run: Callable[[int, int], Any], start: int, stop: int) -> Any:
    """Run a chunk in this thread; Ctrl-C inside a kernel, which arrives as a SystemError, becomes what it was."""
    try:
        return run(start, stop)
    except SystemError as error:
        seen: BaseException | None = error
        while seen is not None:
            if isinstance(seen, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            seen = seen.__cause__ or seen.__context__
        raise


@functools.lru_cache(maxsize=8)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="swayrank")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked child has none of the parent's threads


class LocalEngine:
    """Runs chunks on threads of this process.

    Parameters
    ----------
    threads : int
        At least 1. With one thread, or one chunk, no thread is started at all.
    """

    name = "local"

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def map(
        self,
        function: Callable[..., Any],
        inputs: Any,
        bounds: Bounds,
        *,
        out: npt.NDArray[Any] | None = None,
        step: Step | None = None,
    ) -> Iterator[Any]:
        """Yield the chunks' results in order; see :class:`swayrank.engines.Engine`."""
        edges = bounds.tolist()
        ranges = list(itertools.pairwise(edges))

        def run(start: int, stop: int) -> Any:
            if out is None:
                return function(inputs, start, stop)
            return function(inputs, start, stop, out[start:stop])

        if self.threads == 1 or len(ranges) <= 1:
            for start, stop in ranges:
                result = _interruptible(run, start, stop)
                if step is not None:
                    step(stop - start)
                yield result
            return
        yield from self._deal(run, ranges, step)

    def _deal(self, run: Callable[[int, int], Any], ranges: list[tuple[int, int]], step: Step | None) -> Iterator[Any]:
        """Keep a window of chunks in flight, and hand the results over in order."""
        pool = _pool(self.threads)
        waiting: deque[tuple[Future[Any], int]] = deque()
        todo = iter(ranges)
        try:
            for start, stop in todo:
                waiting.append((pool.submit(run, start, stop), stop - start))
                if len(waiting) >= self.threads * _IN_FLIGHT_PER_THREAD:
                    break
            while waiting:
                future, n_items = waiting.popleft()
                result = future.result()
                following = next(todo, None)
                if following is not None:
                    waiting.append((pool.submit(run, *following), following[1] - following[0]))
                if step is not None:
                    step(n_items)
                yield result
        finally:  # an error, Ctrl-C or an abandoned loop: what has not begun never will, what runs is waited for
            for future, _ in waiting:
                future.cancel()
            for future, _ in waiting:
                if not future.cancelled():
                    future.exception()
