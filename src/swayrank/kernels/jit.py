"""The one decorator of all kernels, the place where compiled code is kept, and a few machine intrinsics.

Compiled code lies in the user's cache folder under a name made of a hash of every file in ``kernels/``, numba's and
llvmlite's versions and the processor: numba alone does not notice an edit in a kernel that another kernel imports,
and would run the old code. The place is chosen on import: ``$SWAYRANK_CACHE_DIR``, the platform's cache folder, then
a private folder below the temporary one. Where none can be written, kernels compile anew in each process and one
warning says so.

With ``NUMBA_DISABLE_JIT=1`` kernels run as plain Python (slowly) and give the same bits.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import caching, cgutils, event
from numba.extending import intrinsic

JIT_ENABLED = not numba.config.DISABLE_JIT
KERNELS: dict[str, Any] = {}
"""Every kernel by its qualified name; the tests look here for a second signature."""


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
    if not JIT_ENABLED:
        KERNELS[name] = _as_python(function)
        return KERNELS[name]
    compiled = numba.njit(
        nogil=True, fastmath=fastmath, boundscheck=boundscheck, inline="always" if inline else "never"
    )(function)
    if CACHE_FOLDER is not None:
        compiled._cache = _KernelCache(function)
    KERNELS[name] = compiled
    return compiled


def _as_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, letting unsigned integers wrap around without a warning, as machine code does."""

    @functools.wraps(function)
    def run(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return run


# -- where compiled code is kept ---------------------------------------------------------------------------------------


def source_hash(folder: Path = Path(__file__).parent) -> str:
    """Hash of every Python file in `folder`: an edit to any of them is an edit to all of them."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _machine_hash() -> str:
    features = ",".join(f for f, on in sorted(binding.get_host_cpu_features().items()) if on)
    parts = (numba.__version__, llvmlite.__version__, sys.version, binding.get_host_cpu_name(), features)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()


def _candidate_folders() -> list[Path]:
    if override := os.environ.get("SWAYRANK_CACHE_DIR"):
        return [Path(override)]
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        user = home / "Library" / "Caches"
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return [user / "swayrank", Path(tempfile.gettempdir()) / f"swayrank-{owner}"]


def _is_private(folder: Path) -> bool:
    """Whether nobody else can put code there: a folder in a shared temporary place could be somebody else's trap."""
    if not hasattr(os, "getuid"):
        return True
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def _find_cache_folder() -> Path | None:
    name = f"kernels-{source_hash()}-{_machine_hash()}"
    for base in _candidate_folders():
        folder = base / name
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            if not (_is_private(base) and _is_private(folder)):
                continue
            tempfile.TemporaryFile(dir=folder).close()
        except (OSError, RuntimeError):
            continue
        return folder
    warnings.warn(
        "no folder for compiled kernels can be written, so each process compiles them anew; "
        "set SWAYRANK_CACHE_DIR to a writable folder",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


CACHE_FOLDER: Path | None = _find_cache_folder() if JIT_ENABLED else None


class _KernelLocator(caching._CacheLocator):
    """Puts a kernel's machine code into :data:`CACHE_FOLDER`, whose name already stands for its whole source."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        self._py_file = py_file
        self._name = f"{py_func.__module__}.{py_func.__qualname__}"

    def get_cache_path(self) -> str:
        return str(CACHE_FOLDER)

    def get_source_stamp(self) -> str:
        return CACHE_FOLDER.name if CACHE_FOLDER else ""

    def get_disambiguator(self) -> str:
        return hashlib.blake2b(self._name.encode(), digest_size=6).hexdigest()

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _KernelLocator:
        return cls(py_func, py_file)


class _KernelCacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = (_KernelLocator,)


class _KernelCache(caching.FunctionCache):
    _impl_class = _KernelCacheImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is on disk for `sig`; a file that cannot be read counts as absent, and is written anew."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code; a full or vanished disk costs the next process a compilation, not this one its answer."""
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()


# -- telling people what takes so long ---------------------------------------------------------------------------------


class _CompileListener(event.Listener):
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def on_start(self, event: Any) -> None:
        function = event.data["dispatcher"].py_func
        name = f"{function.__module__}.{function.__qualname__}"
        if name in KERNELS:
            self._tell(function.__name__)

    def on_end(self, event: Any) -> None:
        pass


def tell_compilations(tell: Callable[[str], None]) -> Callable[[], None]:
    """Call `tell(name)` whenever a kernel starts to be compiled; returns the function that ends it."""
    listener = _CompileListener(tell)
    event.register("numba:compile", listener)
    return lambda: event.unregister("numba:compile", listener)


# -- intrinsics --------------------------------------------------------------------------------------------------------

if JIT_ENABLED:

    @intrinsic
    def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
        """Ask the processor to bring ``array[index]`` near, and go on without waiting."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, args[0]).data
            position = context.cast(builder, args[1], signature.args[1], types.intp)
            byte = ir.IntType(8).as_pointer()
            word = ir.IntType(32)
            address = builder.bitcast(builder.gep(data, [position]), byte)
            call = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), "llvm.prefetch.p0"
            )
            builder.call(call, [address, word(0), word(3), word(1)])
            return context.get_dummy_value()

        return types.void(array, index), build

    @intrinsic
    def float_bits(typing_context: Any, value: Any) -> Any:
        """The 64 bits of a float64 as a uint64."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], ir.IntType(64))

        return types.uint64(types.float64), build

    @intrinsic
    def bits_float(typing_context: Any, value: Any) -> Any:
        """The float64 that a uint64's 64 bits spell."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.uint64), build

    @intrinsic
    def leading_zeros(typing_context: Any, value: Any) -> Any:
        """How many zero bits stand before the first one of a uint64 (64 for zero)."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.ctlz(args[0], ir.IntType(1)(0))

        return types.uint64(types.uint64), build

    @intrinsic
    def trailing_zeros(typing_context: Any, value: Any) -> Any:
        """How many zero bits stand after the last one of a uint64 (64 for zero)."""

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.cttz(args[0], ir.IntType(1)(0))

        return types.uint64(types.uint64), build

else:

    def prefetch(array: Any, index: Any) -> None:
        """Nothing: there is nothing to hide from plain Python."""

    def float_bits(value: Any) -> np.uint64:
        """The 64 bits of a float64 as a uint64."""
        return np.float64(value).view(np.uint64)

    def bits_float(value: Any) -> np.float64:
        """The float64 that a uint64's 64 bits spell."""
        return np.uint64(value).view(np.float64)

    def leading_zeros(value: Any) -> np.uint64:
        """How many zero bits stand before the first one of a uint64 (64 for zero)."""
        return np.uint64(64 - int(value).bit_length())

    def trailing_zeros(value: Any) -> np.uint64:
        """How many zero bits stand after the last one of a uint64 (64 for zero)."""
        word = int(value)
        return np.uint64((word & -word).bit_length() - 1 if word else 64)
