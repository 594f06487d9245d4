"""Memory that is free goes back to the system, so that a service that runs for months stays as large as what it serves.

glibc keeps a heap for each of many threads, and freed memory in all of them: with two heaps, trimmed whenever a run was
replaced, little is kept. Elsewhere nothing is done.

What is there at the start is set apart from Python's search for cycles, which holds every thread up: over hundreds of
thousands of objects, most of them of modules, it takes over a tenth of a second, and many events make it come often.
Later runs are not: what is set apart and forms a cycle would never be given back.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

_ARENA_MAX = -8  # what malloc.h calls M_ARENA_MAX


def few_heaps() -> None:
    """From now on at most two heaps; to be said before threads are started."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def settle() -> None:
    """What is held now stays as long as the process: look for cycles in it no more."""
    gc.collect()
    gc.freeze()


def trim() -> None:
    """Give back what is free."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
