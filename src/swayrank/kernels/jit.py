"""The one decorator of all kernels, and a few intrinsics: numba is loaded when the first kernel is called.

What only reads tables or manifests imports kernels too, by way of classes that hold them; it shall not wait for a
compiler. So a decorated function is a :class:`Kernel`, which is compiled, or read from disk, when it is first called or
needed by another one; :mod:`swayrank.kernels.machine` does that, and is all of this package that imports numba (beside
`lanes`, which writes vectors of its own).

With ``NUMBA_DISABLE_JIT=1`` kernels run as plain Python (slowly) and give the same bits.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


def _is_enabled() -> bool:
    """As numba would say, which need not be loaded for it."""
    if (numba := sys.modules.get("numba")) is not None:
        return not numba.config.DISABLE_JIT
    try:
        return not int(os.environ.get("NUMBA_DISABLE_JIT", "0"))
    except ValueError:
        return True


JIT_ENABLED = _is_enabled()
KERNELS: dict[str, Any] = {}
"""Every kernel by its qualified name; the tests look here for a second signature."""
LISTENERS: list[Callable[[str], None]] = []
"""Who is told when a kernel starts to be compiled."""
_ONE_AT_A_TIME = threading.RLock()


class Kernel:
    """A function that becomes machine code when it is first needed; it has all that numba's own has.

    Parameters
    ----------
    function : callable
        Arrays in, arrays out.
    options : dict
        What numba compiles it with.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self._function, self._options = function, options
        self._compiled: Any = None

    def __call__(self, *args: Any) -> Any:
        """Run it."""
        return (self._compiled or self.compiled)(*args)

    @property
    def compiled(self) -> Any:
        """What numba makes of it, once."""
        with _ONE_AT_A_TIME:
            if self._compiled is None:
                from swayrank.kernels import machine

                self._compiled = machine.compiled(self._function, self._options)
            return self._compiled

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by copy, pickle and the like: nothing to load a compiler for
            raise AttributeError(name)
        return getattr(self.compiled, name)

    def __reduce__(self) -> str:
        return self._function.__qualname__  # like a function, it is found again by its name


class Intrinsic:
    """A function of a few instructions, as plain Python; kernels have the instructions.

    Parameters
    ----------
    function : callable
        What it does; :mod:`swayrank.kernels.machine` has the instructions under the same name.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, *args: Any) -> Any:
        """Do it without the instructions."""
        return self._function(*args)


def kernel(
    function: Callable[..., Any] | None = None,
    *,
    fastmath: bool | set[str] = False,
    boundscheck: bool = False,
    inline: bool = False,
) -> Any:
    """Compile a function of arrays and scalars without the interpreter lock, and keep the machine code on disk.

    Parameters
    ----------
    function : callable
        Arrays in, arrays out.
    fastmath : bool or set of str, default False
        LLVM's flags. Never "reassoc" or "contract" where bits are promised.
    boundscheck : bool, default False
        Check every index (for hunting a fault).
    inline : bool, default False
        Paste the body into each caller instead of leaving the choice to LLVM.
    """
    if function is None:
        return functools.partial(kernel, fastmath=fastmath, boundscheck=boundscheck, inline=inline)
    name = f"{function.__module__}.{function.__qualname__}"
    inlined = "always" if inline else "never"
    options = {"nogil": True, "fastmath": fastmath, "boundscheck": boundscheck, "inline": inlined}
    KERNELS[name] = Kernel(function, options) if JIT_ENABLED else as_python(function)
    return KERNELS[name]


def as_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, letting unsigned integers wrap around without a warning, as machine code does."""

    @functools.wraps(function)
    def run(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return run


def tell_compilations(tell: Callable[[str], None]) -> Callable[[], None]:
    """Call `tell(name)` whenever a kernel starts to be compiled; returns the function that ends it."""
    LISTENERS.append(tell)
    return lambda: LISTENERS.remove(tell)


# -- intrinsics --------------------------------------------------------------------------------------------------------


def in_machine_code(function: Callable[..., Any]) -> Any:
    """The function, or where there is machine code, what stands for its instructions in kernels."""
    return Intrinsic(function) if JIT_ENABLED else function


@in_machine_code
def prefetch(array: Any, index: Any) -> None:
    """Nothing: there is nothing to hide from plain Python."""


@in_machine_code
def float_bits(value: Any) -> np.uint64:
    """The 64 bits of a float64 as a uint64."""
    return np.float64(value).view(np.uint64)


@in_machine_code
def bits_float(value: Any) -> np.float64:
    """The float64 that a uint64's 64 bits spell."""
    return np.uint64(value).view(np.float64)


@in_machine_code
def leading_zeros(value: Any) -> np.uint64:
    """How many zero bits stand before the first one of a uint64 (64 for zero)."""
    return np.uint64(64 - int(value).bit_length())


@in_machine_code
def trailing_zeros(value: Any) -> np.uint64:
    """How many zero bits stand after the last one of a uint64 (64 for zero)."""
    word = int(value)
    return np.uint64((word & -word).bit_length() - 1 if word else 64)
